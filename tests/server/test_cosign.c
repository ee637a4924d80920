/* A daemon whose manifest names three witnesses and asks for two: what is published always has the
 * quorum, and casting goes on while no witness answers. spec: R-14, T-19
 */
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "record/record.h"
#include "server/witness.h"
#include "tests/server/harness.h"

enum { WITNESSES = 3, QUORUM = 2, INTERVAL_S = 3 };

typedef struct {
    pid_t pid;
    unsigned port;
    char name[32], state[80], url[64];
    uint8_t seed[32];
} witness;

static witness witnesses[WITNESSES];
static const char *urls[WITNESSES];
static daemon_scene d;

/* ---- witnesses ---- */

static int port_fd;

static void tell_port(void *ctx, unsigned port) {
    (void)ctx;
    if (write(port_fd, &port, sizeof port) != sizeof port) _exit(9);
}

static void run_witness(const witness *w) {
    char listen[32], log[96];
    tp_witness *running;
    tp_witness_log of = {.origin = d.f.manifest.log_origin};
    memcpy(of.key, d.f.manifest.log_key, 32);
    tp_witness_options o = {
        .name = w->name, .seed = w->seed, .state = w->state, .logs = &of, .log_count = 1};
    snprintf(listen, sizeof listen, "127.0.0.1:%u", w->port);
    snprintf(log, sizeof log, "%s/witness-log", d.dir);
    if (!freopen(log, "a", stderr) || tp_witness_open(&running, &o)) _exit(8);
    _exit(tp_witness_serve(running, listen, tell_port, NULL));
}

/* On the port that it had before, if any. */
static void start_witness(witness *w) {
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    port_fd = fds[1];
    fflush(NULL);
    w->pid = fork();
    assert_true(w->pid >= 0);
    if (!w->pid) run_witness(w);
    close(fds[1]);
    assert_int_equal(read(fds[0], &w->port, sizeof w->port), sizeof w->port);
    close(fds[0]);
    snprintf(w->url, sizeof w->url, "http://127.0.0.1:%u", w->port);
}

static void stop_witness(witness *w) {
    if (w->pid) {
        kill(w->pid, SIGKILL);
        waitpid(w->pid, NULL, 0);
    }
    w->pid = 0;
}

/* ---- the published checkpoint ---- */

/* How many cosigned the published checkpoint; -1 if there is none. It always holds. */
static int published(uint64_t *size) {
    tp_checkpoint_seen seen;
    tp_fault fault = {.code = ""};
    reply r = http_get(&d, "/board/checkpoint");
    *size = 0;
    int count = -1;
    if (r.status == 200) {
        tp_err err = tp_checkpoint_check(&seen, r.body, r.len, &d.f.manifest, &fault);
        if (err) fail_msg("%s: %s", fault.code, r.body);
        count = (int)seen.witnesses;
        *size = seen.size;
    }
    reply_free(&r);
    return count;
}

static bool wait_size(uint64_t size) {
    struct timespec slice = {0, 50 * 1000 * 1000};
    uint64_t now;
    for (int i = 0; i < 800; i++) {
        published(&now);
        if (now >= size) return true;
        nanosleep(&slice, NULL);
    }
    return false;
}

static uint64_t size_now(void) {
    uint64_t size;
    published(&size);
    return size;
}

static void wait_some_ms(long ms) {
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

/* Nobody cosigns any more: the size that stays. A round under way may hold a quorum's lines by then
 * and is published once its wait for the others is over. */
static uint64_t silence_witnesses(void) {
    for (int i = 0; i < WITNESSES; i++)
        stop_witness(&witnesses[i]);
    wait_some_ms(1500);
    return size_now();
}

/* ---- tests ---- */

static void no_checkpoint_without_quorum(void **state) {
    (void)state;
    uint64_t size;
    for (int i = 1; i < WITNESSES; i++)
        stop_witness(&witnesses[i]);
    assert_true(scene_start(&d)); /* the start waits for nobody */
    wait_some_ms(800);
    assert_int_equal(published(&size), -1);
    assert_int_equal(board_size(&d), 0);
    start_witness(&witnesses[2]);
    assert_true(wait_size(1));
    assert_int_equal(published(&size), 2);
}

/* A proof of liveness names a board that is published. */
static void ceremony_under_witnesses(void **state) {
    (void)state;
    uint64_t size;
    d.f.now = (uint64_t)time(NULL);
    fixture_ceremony(&d.f);
    assert_int_equal(scene_stop(&d, SIGTERM), 0); /* its first batch is an interval away */
    assert_true(scene_start(&d));
    for (size_t i = 1; i < d.f.count; i++) {
        if (d.f.entries[i].bytes[0] == TP_ENTRY_LIVENESS) assert_true(wait_size(i));
        expect_status(post_entry(&d, d.f.entries[i].bytes, d.f.entries[i].len, NULL, 0), 201);
    }
    start_witness(&witnesses[1]); /* it joins with one of the next checkpoints */
    run_enrol(&d, 0, 12);
    run_open(&d);
    wait_some_ms(INTERVAL_S * 1000 + 500);
    for (int i = 0; i < 10 && published(&size) < 3; i++) {
        cast(&d, 0);
        wait_recorded(&d, 0);
    }
    assert_int_equal(published(&size), 3);
}

/* Nobody cosigns: ballots are taken and promised as fast as ever, and nothing new is published. */
static void casting_does_not_wait(void **state) {
    (void)state;
    uint8_t ballot[FIXTURE_BALLOT];
    uint64_t before = silence_witnesses();
    start_witness(&witnesses[1]);
    time_t begin = time(NULL);
    for (size_t v = 1; v < 9; v++)
        cast(&d, v);
    wait_some_ms(INTERVAL_S * 1000 + 500);
    size_t len = seal(&d, ballot, 9);
    for (size_t v = 1; v < 9; v++)
        cast(&d, v);
    assert_true(time(NULL) - begin < 4 * INTERVAL_S);
    assert_int_equal(size_now(), before);
    expect_status(http_post(&d, "/api/ballots", ballot, len), 201);
    moved(&d, 9, ballot, len);
    assert_false(wait_for(&d, ballot, len, "recorded"));
    start_witness(&witnesses[0]);
    assert_true(wait_for(&d, ballot, len, "recorded"));
}

/* After a restart the last checkpoint is served at once; the rest follows with the quorum. */
static void restarts(void **state) {
    (void)state;
    uint8_t ballot[FIXTURE_BALLOT];
    uint64_t before = silence_witnesses();
    size_t len = seal(&d, ballot, 10);
    expect_status(http_post(&d, "/api/ballots", ballot, len), 201);
    moved(&d, 10, ballot, len);
    wait_some_ms(INTERVAL_S * 1000 + 500);
    assert_int_equal(scene_stop(&d, SIGTERM), 0);
    assert_true(scene_start(&d));
    assert_int_equal(size_now(), before);
    for (int i = 0; i < WITNESSES; i++)
        start_witness(&witnesses[i]);
    assert_true(wait_for(&d, ballot, len, "recorded"));
    assert_true(size_now() > before);
}

/* What lies on the disk verifies, cosignatures and all, with no tile too many. */
static void the_record_verifies(void **state) {
    (void)state;
    char dir[160];
    tp_verification v;
    tp_replay_options o = {.threads = 1};
    assert_int_equal(scene_stop(&d, SIGTERM), 0);
    snprintf(dir, sizeof dir, "%s/public", d.data);
    tp_err err = tp_verify(&v, dir, d.f.manifest.fingerprint, &o);
    for (size_t i = 0; i < v.count; i++)
        if (v.checks[i].verdict == TP_FAIL)
            fail_msg("%s: %s %s", v.checks[i].check, v.checks[i].fault.code,
                     v.checks[i].fault.where);
    assert_int_equal(err, TP_OK);
}

/* A store from an old copy cannot go on: the witnesses have seen more. */
static void a_store_put_back_is_not_cosigned(void **state) {
    (void)state;
    char command[400];
    uint64_t size;
    snprintf(command, sizeof command, "cd %s && rm -rf public tapat.db*", d.data);
    assert_int_equal(system(command), 0);
    assert_true(scene_start(&d));
    wait_some_ms(2000);
    assert_int_equal(published(&size), -1);
    assert_int_equal(scene_stop(&d, SIGTERM), 0);
    snprintf(command, sizeof command, "grep -q event=witness-ahead %s", d.log);
    assert_int_equal(system(command), 0);
}

static void too_few_witnesses_are_refused(void **state) {
    (void)state;
    d.options.witness_count = QUORUM - 1;
    assert_false(scene_start(&d));
    assert_int_not_equal(scene_stop(&d, 0), 0);
    d.options.witness_count = WITNESSES;
}

/* ---- the scene ---- */

static int begin(void **state) {
    (void)state;
    char list[1000], *w = list;
    if (sodium_init() < 0) return -1;
    static const char from[] =
        "\"interval_s\":2,\"deadline_s\":60},\"check\":[\"second-device\",\"challenge\"],"
        "\"revote\":\"last\",\n\"witnesses\":{\"quorum\":0,\"who\":[]}";
    w += sprintf(w,
                 "\"interval_s\":%d,\"deadline_s\":60},\"check\":[],\"revote\":\"last\","
                 "\"witnesses\":{\"quorum\":%d,\"who\":[",
                 INTERVAL_S, QUORUM);
    for (int i = 0; i < WITNESSES; i++) {
        uint8_t key[32], secret[64];
        char hex[65];
        witnesses[i].seed[0] = (uint8_t)(i + 1);
        crypto_sign_seed_keypair(key, secret, witnesses[i].seed);
        sodium_bin2hex(hex, sizeof hex, key, 32);
        snprintf(witnesses[i].name, sizeof witnesses[i].name, "w%d.example", i);
        w += sprintf(w, "%s{\"name\":\"%s\",\"key\":\"%s\"}", i ? "," : "", witnesses[i].name, hex);
    }
    strcpy(w, "]}");
    scene_init(&d, from, list);
    for (int i = 0; i < WITNESSES; i++) {
        snprintf(witnesses[i].state, sizeof witnesses[i].state, "%s/w%d", d.dir, i);
        start_witness(&witnesses[i]);
        urls[i] = witnesses[i].url;
    }
    d.options.witnesses = urls;
    d.options.witness_count = WITNESSES;
    return 0;
}

static int end(void **state) {
    (void)state;
    for (int i = 0; i < WITNESSES; i++)
        stop_witness(&witnesses[i]);
    scene_free(&d);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_checkpoint_without_quorum),
        cmocka_unit_test(ceremony_under_witnesses),
        cmocka_unit_test(casting_does_not_wait),
        cmocka_unit_test(restarts),
        cmocka_unit_test(the_record_verifies),
        cmocka_unit_test(a_store_put_back_is_not_cosigned),
        cmocka_unit_test(too_few_witnesses_are_refused),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
