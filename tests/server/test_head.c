/* The strict reader of request heads: what it takes, and each form that it refuses. spec: H-2 */
#include "server/head.h"
#include "tests/support/support.h"

static int read_head(tp_request_head *h, const char *text) {
    return tp_request_head_read(h, text, strlen(text));
}

static void test_good(void **state) {
    (void)state;
    tp_request_head h;
    assert_int_equal(read_head(&h, "GET /vote?x=%20 HTTP/1.1\r\nHost: a\r\nAccept-Encoding: br, "
                                   "gzip;q=0.5\r\nX:\r\n\r\n"),
                     0);
    assert_int_equal(h.method, TP_GET);
    assert_string_equal(h.path, "/vote");
    assert_true(h.gzip && !h.close && !h.has_length && !h.old);
    assert_int_equal(read_head(&h, "POST /a HTTP/1.1\r\nhost: a\r\ncontent-LENGTH:  12 \r\n"
                                   "Connection: x, close\r\nExpect: 100-continue\r\n\r\n"),
                     0);
    assert_true(h.method == TP_POST && h.length == 12 && h.close && h.expect_continue);
    assert_int_equal(read_head(&h, "HEAD / HTTP/1.0\r\n\r\n"), 0);
    assert_true(h.method == TP_HEAD && h.old && h.close);
    assert_int_equal(
        read_head(&h, "GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip;q=0\r\n\r\n"), 0);
    assert_false(h.gzip);
}

/* J-13: of a list the last, of lists the last */
static void test_forwarded(void **state) {
    (void)state;
    tp_request_head h;
#define FORWARDED(lines) read_head(&h, "GET / HTTP/1.1\r\nHost: a\r\n" lines "\r\n")
    assert_int_equal(FORWARDED(""), 0);
    assert_false(h.is_forwarded);
    assert_int_equal(FORWARDED("X-Forwarded-For: 1.2.3.4\r\n"), 0);
    assert_true(h.is_forwarded);
    assert_string_equal(h.forwarded, "1.2.3.4");
    assert_int_equal(FORWARDED("x-forwarded-for: 9.9.9.9,  2001:db8::1\r\n"), 0);
    assert_string_equal(h.forwarded, "2001:db8::1");
    assert_int_equal(FORWARDED("X-Forwarded-For: 2001:db8::1:2\r\nX-Forwarded-For: 1.1.1.1\r\n"),
                     0);
    assert_string_equal(h.forwarded, "1.1.1.1");
    assert_int_equal(FORWARDED("X-Forwarded-For: 1.1.1.1,\r\n"), 0);
    assert_true(h.is_forwarded);
    assert_string_equal(h.forwarded, "");
    assert_int_equal(FORWARDED("X-Forwarded-For: "
                               "000000000000000000000000000000000000000000000000000000\r\n"),
                     0);
    assert_true(h.is_forwarded);
    assert_string_equal(h.forwarded, "");
}

static void test_refused(void **state) {
    (void)state;
    static const struct {
        int status;
        const char *head;
    } cases[] = {
        {400, ""},
        {400, "GET / HTTP/1.1\r\n"},
        {400, "GET / HTTP/1.1\r\n\r\n"},                          /* no Host */
        {400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"},    /* two */
        {400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"},                 /* empty */
        {400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"},              /* space before the colon */
        {400, "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n"},         /* folded */
        {400, "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"},        /* no name */
        {400, "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n"},          /* no colon */
        {400, "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n"},    /* bare CR */
        {400, "GET / HTTP/1.1\r\nHost: a\r\nX: a\nb: c\r\n\r\n"}, /* bare LF */
        {400, "GET / HTTP/1.1\r\nHost: a\r\nX: \001\r\n\r\n"},
        {400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, "GET /  HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, "GET a HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, "GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n"},
        {404, "GET /%2e%2e HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, "GET /\r\nHost: a\r\n\r\n"},
        {400, " GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {405, "PUT / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {405, "get / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, "GE(T / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"},
        {400, "GET / http/1.1\r\nHost: a\r\n\r\n"},
        {411, "POST / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n"},
        {501, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {501, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: x\r\n\r\n"},
        {417, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: tea\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\r\n\r\nx"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tp_request_head h;
        int status = read_head(&h, cases[i].head);
        if (status != cases[i].status)
            fail_msg("%d, not %d: %s", status, cases[i].status, cases[i].head);
    }
}

static void test_limits(void **state) {
    (void)state;
    tp_request_head h;
    char head[TP_HEAD_MAX], *p = head + sprintf(head, "GET /");
    memset(p, 'a', TP_PATH_MAX);
    strcpy(p + TP_PATH_MAX - 2, " HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(read_head(&h, head), 0);
    memset(p, 'a', TP_PATH_MAX);
    strcpy(p + TP_PATH_MAX - 1, " HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(read_head(&h, head), 414);
    p = head + sprintf(head, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 1; i < TP_HEAD_FIELDS; i++)
        p += sprintf(p, "a: b\r\n");
    strcpy(p, "\r\n");
    assert_int_equal(read_head(&h, head), 0);
    strcpy(p, "a: b\r\n\r\n");
    assert_int_equal(read_head(&h, head), 431);
}

/* The one writing of what was read. */
static size_t write_head(char out[static TP_HEAD_MAX], const tp_request_head *h) {
    static const char *const methods[] = {[TP_GET] = "GET", [TP_HEAD] = "HEAD", [TP_POST] = "POST"};
    char length[48] = "";
    if (h->has_length)
        snprintf(length, sizeof length, "Content-Length: %llu\r\n", (unsigned long long)h->length);
    int n =
        snprintf(out, TP_HEAD_MAX, "%s %s HTTP/1.%d\r\nHost: a\r\n%s%s%s%s\r\n", methods[h->method],
                 h->path, h->old ? 0 : 1, length, h->close ? "Connection: close\r\n" : "",
                 h->gzip ? "Accept-Encoding: gzip\r\n" : "",
                 h->expect_continue ? "Expect: 100-continue\r\n" : "");
    return (size_t)n;
}

/* What was accepted says what its one writing says, and nothing that a route must not see. */
static void check_accepted(const tp_request_head *h) {
    char again[TP_HEAD_MAX];
    tp_request_head second;
    size_t len = write_head(again, h), path = strlen(h->path);
    assert_int_equal(tp_request_head_read(&second, again, len), 0);
    assert_memory_equal(&second, h, sizeof second);
    assert_int_equal(h->path[0], '/');
    assert_in_range(path, 1, TP_PATH_MAX - 1);
    for (size_t i = 0; i < path; i++)
        assert_true(h->path[i] > 0x20 && h->path[i] < 0x7f && !strchr("%?#", h->path[i]));
    assert_true(h->method == TP_POST ? h->has_length : h->length == 0);
    assert_true(h->length < UINT64_C(1000000000000000));
}

static const char *const pieces[] = {"GET ",
                                     "POST ",
                                     "HEAD ",
                                     "/",
                                     "/api/ballots",
                                     "?a=%20",
                                     " HTTP/1.1",
                                     " HTTP/1.0",
                                     "\r\n",
                                     "\r\n\r\n",
                                     "Host: a",
                                     "host:b",
                                     "Content-Length: 0",
                                     "content-length:12",
                                     "0",
                                     "9",
                                     "Expect: ",
                                     "100-continue",
                                     "Connection: ",
                                     "close",
                                     "keep-alive",
                                     "Accept-Encoding: ",
                                     "gzip",
                                     ";q=0",
                                     "Transfer-Encoding: chunked",
                                     ":",
                                     ",",
                                     " ",
                                     "\t",
                                     "\n",
                                     "\r",
                                     "X: y",
                                     "\x80"};

/* Takes out, puts in, doubles or overwrites somewhere. bytes has room for a piece more. */
static size_t mutate(char *bytes, size_t len, uint64_t *seed) {
    const char *piece = pieces[test_random(seed) % (sizeof pieces / sizeof pieces[0])];
    size_t at = test_random(seed) % (len + 1), cut = test_random(seed) % 12;
    switch (test_random(seed) % 3) {
    case 0:
        if (at < len) bytes[at] = (char)test_random(seed);
        return len;
    case 1:
        if (cut > len - at) cut = len - at;
        memmove(bytes + at, bytes + at + cut, len - at - cut);
        return len - cut;
    default:
        memmove(bytes + at + strlen(piece), bytes + at, len - at);
        memcpy(bytes + at, piece, strlen(piece));
        return len + strlen(piece);
    }
}

/* Any bytes, in a buffer that ends where they end: an answer, no fault of memory; what is accepted
 * is canonical; and a head that is cut anywhere is refused. */
static void test_mutations(void **state) {
    (void)state;
    enum { ROUNDS = 200000, MOST = 6, PIECE = 32 };
    static const char good[] = "POST /api/ballots?q HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n"
                               "Accept-Encoding: gzip\r\nConnection: close\r\n\r\n";
    tp_request_head h;
    uint64_t seed = 3;
    size_t accepted = 0;
    assert_int_equal(read_head(&h, good), 0);
    check_accepted(&h);
    for (size_t len = 0; len + 1 < sizeof good; len++)
        assert_int_not_equal(tp_request_head_read(&h, good, len), 0);
    for (int i = 0; i < ROUNDS; i++) {
        char bytes[sizeof good + MOST * PIECE];
        size_t len = sizeof good - 1;
        memcpy(bytes, good, len);
        for (uint64_t n = test_random(&seed) % MOST + 1; n; n--)
            len = mutate(bytes, len, &seed);
        char *exact = malloc(len ? len : 1);
        memcpy(exact, bytes, len);
        int status = tp_request_head_read(&h, exact, len);
        free(exact);
        if (status) continue;
        check_accepted(&h);
        accepted++;
    }
    assert_in_range(accepted, ROUNDS / 100, ROUNDS); /* the mutations are not all wild */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good), cmocka_unit_test(test_forwarded),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_mutations)};
    return cmocka_run_group_tests_name("server/head", tests, NULL, NULL);
}
