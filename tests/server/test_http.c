/* Connections: limits, deadlines, keep-alive, pipelining, the connection cap, pages, a clean end.
 */
#include "tests/server/harness.h"

#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "server/head.h"

static daemon_scene d;

static int set_up(void **state) {
    (void)state;
    scene_init(&d, NULL, NULL);
    d.options.head_ms = 700;
    d.options.body_ms = 700;
    d.options.idle_ms = 700;
    d.options.connections = 64;
    d.options.http_threads = 2;
    return scene_start(&d) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    assert_int_equal(scene_stop(&d, SIGTERM), 0);
    scene_free(&d);
    return 0;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static reply raw(const char *text) {
    int fd = client_connect(&d);
    assert_true(fd >= 0);
    client_send(fd, text, strlen(text));
    reply r = client_read(fd);
    close(fd);
    return r;
}

static void test_limits(void **state) {
    (void)state;
    static char head[2 * TP_HEAD_MAX];
    memset(head, 'a', sizeof head - 1);
    memcpy(head, "GET / HTTP/1.1\r\nHost: a\r\nX: ", 28);
    expect_problem(raw(head), 431, "http.431");
    expect_problem(raw("POST /api/roll/lookup HTTP/1.1\r\nHost: a\r\nContent-Length: 4097\r\n\r\n"),
                   413, "http.413"); /* before any body */
    expect_problem(raw("POST /api/ballots HTTP/1.1\r\nHost: a\r\nContent-Length: 60001\r\n\r\n"),
                   413, "http.413");
    expect_problem(raw("POST /api/board/entries HTTP/1.1\r\nHost: a\r\nContent-Length: 67168871\r\n"
                       "\r\n"),
                   413, "http.413");
    expect_problem(raw("POST /api/election HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"), 405,
                   "http.405");
    expect_problem(raw("GET /api/ballots HTTP/1.1\r\nHost: a\r\n\r\n"), 405, "http.405");
    expect_problem(raw("POST /api/ballots HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                       "Content-Length: 4\r\n\r\nabcd"),
                   400, "http.400");
    expect_problem(raw("GET / HTTP/1.1\r\nHost : a\r\n\r\n"), 400, "http.400");
}

/* A byte now and then keeps no connection open. */
static void drip(const char *first, const char *byte) {
    int fd = client_connect(&d);
    double start = now();
    assert_true(client_send(fd, first, strlen(first)));
    for (int i = 0; i < 40 && client_send(fd, byte, 1); i++)
        usleep(50000);
    reply r = client_read(fd);
    assert_true(now() - start < 3.5);
    if (r.status) assert_int_equal(r.status, 408);
    reply_free(&r);
    close(fd);
}

static void test_slow(void **state) {
    (void)state;
    drip("GET / HTTP/1.1\r\nHost: a\r\nX: ", "a");
    drip("POST /api/ballots HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n", "a");
    int fd = client_connect(&d); /* silent from the start */
    double start = now();
    char byte;
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    assert_true(now() - start < 3);
    close(fd);
}

static void test_keep_alive(void **state) {
    (void)state;
    static const char get[] = "GET /api/election HTTP/1.1\r\nHost: a\r\n\r\n";
    int fd = client_connect(&d);
    for (int i = 0; i < 5; i++) {
        assert_true(client_send(fd, get, sizeof get - 1));
        expect_status(client_read(fd), 200);
    }
    for (int i = 0; i < 20; i++) /* one behind the other, before any answer is read */
        assert_true(client_send(fd, get, sizeof get - 1));
    for (int i = 0; i < 20; i++)
        expect_status(client_read(fd), 200);
    static const char post[] = "POST /api/credential HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
                               "Expect: 100-continue\r\n\r\n";
    assert_true(client_send(fd, post, sizeof post - 1));
    reply go_on = client_read(fd);
    assert_int_equal(go_on.status, 100);
    reply_free(&go_on);
    assert_true(client_send(fd, "{}", 2));
    expect_problem(client_read(fd), 400, "request.members");
    close(fd);
    reply head = raw("HEAD /api/manifest HTTP/1.0\r\n\r\n");
    assert_non_null(strstr(head.head, "200 OK"));
    assert_non_null(strstr(head.head, "Connection: close"));
    reply_free(&head);
}

/* Many that hold connections open do not keep others out. */
static void test_cap(void **state) {
    (void)state;
    int fds[200];
    for (int i = 0; i < 200; i++) {
        fds[i] = client_connect(&d);
        if (fds[i] >= 0) client_send(fds[i], "GET / HTTP/1.1\r\nHo", 18);
    }
    for (int i = 0; i < 5; i++)
        expect_status(http_get(&d, "/api/election"), 200);
    for (int i = 0; i < 200; i++)
        if (fds[i] >= 0) close(fds[i]);
}

static void test_pages(void **state) {
    (void)state;
    reply r = http_get(&d, "/");
    assert_int_equal(r.status, 200);
    assert_non_null(strstr(r.head, "text/html; charset=utf-8"));
    assert_non_null(strstr(r.head, "require-trusted-types-for 'script'"));
    reply named = http_get(&d, "/index.html");
    assert_string_equal(named.body, r.body);
    reply_free(&named);
    reply packed = raw("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
    assert_non_null(strstr(packed.head, "Content-Encoding: gzip"));
    assert_true(packed.len < r.len && (uint8_t)packed.body[0] == 0x1f);
    reply_free(&packed);
    reply_free(&r);
    expect_status(http_get(&d, "/vote"), 200);
    const char *none[] = {"/none",  "/../vote", "/./vote",  "//vote",
                          "/vote/", "/.vote",   "/vote..js"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        expect_problem(http_get(&d, none[i]), 404, "request.path");
}

static void test_end(void **state) {
    (void)state;
    int fd = client_connect(&d); /* an idle one does not hold up the end */
    double start = now();
    assert_int_equal(scene_stop(&d, SIGTERM), 0);
    assert_true(now() - start < 5);
    close(fd);
    assert_true(scene_start(&d));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),     cmocka_unit_test(test_slow),
        cmocka_unit_test(test_keep_alive), cmocka_unit_test(test_cap),
        cmocka_unit_test(test_pages),      cmocka_unit_test(test_end)};
    return cmocka_run_group_tests_name("server/http", tests, set_up, tear_down);
}
