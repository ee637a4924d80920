/* I1, cost asymmetry: forged ballots under registered credentials, each with the right number and
 * predecessor, and 200 connections that send a byte now and then, leave the median latency of
 * honest casts under twice the quiet one. Forged: random bytes for proofs and signature, and whole
 * honest ballots with another signature. Quiet and flooded windows take turns; of three rounds one
 * must hold, because other work on the machine counts against the flooded side too.
 * spec: H-8
 */
#include "tests/server/harness.h"

#include "core/proof/schnorr.h"

#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    ROUNDS = 3,
    MOST_ROUNDS = 6,
    GAP_US = 20000,
    SLOW = 200,
    LINES = 16,
    BURST = 16,
    BURST_US = 5000,
    MIN_FORGED = 100
};

static daemon_scene d;

typedef struct {
    uint8_t bytes[FIXTURE_BALLOT];
    size_t len;
} sealed;

static sealed honest[FIXTURE_VOTERS], forged[FIXTURE_VOTERS];
static _Atomic unsigned *refusals; /* shared with the flood */

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* ---- the flood, a process of its own ---- */

static void forge(size_t v) {
    sealed *f = &forged[v];
    *f = honest[v];
    if (v % 2)
        randombytes_buf(f->bytes + TP_BALLOT_HEAD, f->len - TP_BALLOT_HEAD);
    else
        randombytes_buf(f->bytes + f->len - 32, 31); /* the last byte keeps it canonical */
}

static void open_slow(int *slow) {
    for (size_t i = 0; i < SLOW; i++) {
        slow[i] = client_connect(&d);
        client_send(slow[i], "POST /api/ballots HTTP/1.1\r\nHost: a\r\nX: ", 42);
    }
}

/* Counts the refusals among the bytes that came. */
static void drain(int fd) {
    char bytes[65536 + 1];
    ssize_t n = recv(fd, bytes, sizeof bytes - 1, MSG_DONTWAIT);
    if (n == 0) _exit(2);
    if (n < 0) return;
    bytes[n] = 0;
    for (char *at = bytes; (at = strstr(at, "HTTP/1.1 4")); at++)
        ++*refusals;
}

static _Noreturn void flood(void) {
    int slow[SLOW], line[LINES];
    char head[128];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    open_slow(slow);
    for (size_t i = 0; i < LINES; i++)
        line[i] = client_connect(&d);
    for (size_t i = 0;; i++) {
        int fd = line[i % LINES];
        sealed *f = &forged[i % FIXTURE_VOTERS];
        snprintf(head, sizeof head,
                 "POST /api/ballots HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", f->len);
        f->bytes[f->len - 9] ^= (uint8_t)(1 + i % 255); /* never the same octets again soon */
        if (!client_send(fd, head, strlen(head)) || !client_send(fd, f->bytes, f->len)) _exit(1);
        client_send(slow[i % SLOW], "a", 1);
        if (i % BURST == 0) usleep(BURST_US);
        drain(fd);
    }
}

/* ---- honest casts ---- */

static void seal_all(void) {
    for (size_t v = 0; v < FIXTURE_VOTERS; v++) {
        honest[v].len = seal(&d, honest[v].bytes, v);
        forge(v);
    }
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Milliseconds of casts from connecting to the promise. */
typedef struct {
    double ms[MOST_ROUNDS * FIXTURE_VOTERS];
    size_t count;
} times;

static times quiet, flooded;

static double median(times *t) {
    qsort(t->ms, t->count, sizeof t->ms[0], compare);
    return t->ms[t->count / 2];
}

/* Each voter casts once. */
static void window(times *t) {
    for (size_t v = 0; v < FIXTURE_VOTERS; v++) {
        usleep(GAP_US);
        double from = now_ms();
        reply r = http_post(&d, "/api/ballots", honest[v].bytes, honest[v].len);
        t->ms[t->count++] = now_ms() - from;
        expect_status(r, 201);
        moved(&d, v, honest[v].bytes, honest[v].len);
    }
}

static void wait_all(void) {
    for (size_t v = 0; v < FIXTURE_VOTERS; v++)
        wait_recorded(&d, v);
}

static void quiet_window(void) {
    seal_all();
    window(&quiet);
    wait_all();
}

static void flooded_window(void) {
    seal_all();
    *refusals = 0;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) flood();
    while (*refusals < MIN_FORGED / 4)
        usleep(1000);
    window(&flooded);
    unsigned refused = *refusals;
    int status;
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status)); /* it was not cut off before */
    assert_true(refused >= MIN_FORGED);
    wait_all();
}

static void test_latency(void **state) {
    (void)state;
    bool holds = false;
    for (int i = 0; i < MOST_ROUNDS && !holds; i++) {
        quiet_window();
        flooded_window();
        if (i + 1 < ROUNDS) continue;
        double a = median(&quiet), b = median(&flooded);
        printf("# median of an honest cast: %.2f ms quiet, %.2f ms in the flood\n", a, b);
        holds = b < 2 * a;
    }
    assert_true(holds);
}

static uint8_t signed_by[FIXTURE_BALLOT];

/* The voter's next ballot with a false proof under a good signature. */
static size_t seal_false(size_t voter) {
    size_t len = seal(&d, signed_by, voter);
    uint8_t secret[32], key[32], random[32];
    tp_secret_key sk;
    tp_scalar_encode(secret, &d.f.voters[voter].secret);
    assert_int_equal(tp_keypair_decode(&sk, key, secret), TP_OK);
    randombytes_buf(random, sizeof random);
    signed_by[len - 64 - 32] ^= 1; /* the last scalar of the last proof */
    tp_sign(signed_by + len - 64, &sk, key, TP_BALLOT_DOMAIN, signed_by, len - 64, random);
    return len;
}

/* Who signs false proofs pays for them alone. */
static void test_insider(void **state) {
    (void)state;
    size_t len = seal_false(0);
    expect_problem(http_post(&d, "/api/ballots", signed_by, len), 422, "ballot.proof");
    len = seal_false(0);
    reply r = http_post(&d, "/api/ballots", signed_by, len);
    assert_non_null(strstr(r.head, "\r\nRetry-After: "));
    expect_problem(r, 503, "server.busy");
    cast(&d, 1);
    len = seal(&d, signed_by, 0);
    int status = 503;
    for (int i = 0; i < 60 && status == 503; i++, usleep(200000)) {
        r = http_post(&d, "/api/ballots", signed_by, len);
        status = r.status;
        reply_free(&r);
    }
    assert_int_equal(status, 201); /* its time is over, and nothing of it was lost */
    moved(&d, 0, signed_by, len);
}

/* Nothing forged was taken: every voter stands where the honest casts left it. */
static void test_nothing_taken(void **state) {
    (void)state;
    for (size_t v = 0; v < FIXTURE_VOTERS; v++) {
        char tip[65];
        const tp_credential *c = &d.f.voters[v].credential;
        sodium_bin2hex(tip, 65, c->tip, 32);
        reply r = ask_credential(&d, v, v, 0);
        json_t *a = reply_json(&r);
        assert_int_equal(json_integer_value(json_object_get(a, "sequence")), c->sequence);
        assert_string_equal(json_string_value(json_object_get(a, "previous")), tip);
        json_decref(a);
        reply_free(&r);
    }
}

static int set_up(void **state) {
    (void)state;
    if (sodium_init() < 0) return -1;
    refusals =
        mmap(NULL, sizeof *refusals, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (refusals == MAP_FAILED) return -1;
    scene_init(&d, "\"interval_s\":2", "\"interval_s\":1");
    d.options.check_threads = 1;
    d.options.http_threads = 1;
    if (!scene_start(&d)) return -1;
    run_ceremony(&d);
    run_enrol(&d, 0, FIXTURE_VOTERS);
    run_open(&d);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    assert_int_equal(scene_stop(&d, SIGTERM), 0);
    scene_free(&d);
    return 0;
}

/* Latencies are compared on a machine that does nothing else: with TAPAT_LONG only. */
int main(void) {
    if (!getenv("TAPAT_LONG")) return puts("1..0 # SKIP compares times: TAPAT_LONG=1") < 0;
    if (tp_group_select(NULL)) return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_latency),
                                       cmocka_unit_test(test_insider),
                                       cmocka_unit_test(test_nothing_taken)};
    return cmocka_run_group_tests_name("attacks/i1_flood", tests, set_up, tear_down);
}
