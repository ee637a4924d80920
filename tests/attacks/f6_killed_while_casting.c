/* F6, lost ballots: the daemon is killed at random moments of the cast path. After each restart
 * every acknowledged ballot is there and comes on the board, the record replays, and nothing is
 * there by half. TAPAT_LONG: 1000 rounds in place of 20. spec: chapter 10.
 */
#include "tests/server/harness.h"

#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <time.h>
#include <unistd.h>

#include "record/record.h"

static daemon_scene d;

typedef struct {
    uint8_t bytes[FIXTURE_BALLOT];
    size_t len;
    bool sent, acknowledged;
} attempt;

/* Per voter the ballot under way: sent again, the same octets, until it is acknowledged. */
static attempt under_way[FIXTURE_VOTERS];
static uint64_t acknowledged;

static void *kill_later(void *arg) {
    const unsigned *us = arg;
    usleep(*us);
    kill(d.pid, SIGKILL);
    return NULL;
}

/* Sends voter's ballot; 201 and 200 acknowledge it. */
static bool send_one(size_t voter) {
    attempt *a = &under_way[voter];
    if (!a->sent) a->len = seal(&d, a->bytes, voter);
    a->sent = true;
    reply r = http_post(&d, "/api/ballots", a->bytes, a->len);
    int status = r.status;
    if (status != 0 && status != 200 && status != 201 &&
        !(status == 409 && strstr(r.body, "ballot.predecessor")))
        fail_msg("voter %zu: %d %s", voter, status, r.body);
    reply_free(&r);
    if (status == 200 || status == 201) {
        moved(&d, voter, a->bytes, a->len);
        a->sent = false;
        acknowledged++;
    }
    return status != 0;
}

static void round_of_casts(unsigned us) {
    pthread_t killer;
    assert_int_equal(pthread_create(&killer, NULL, kill_later, &us), 0);
    for (size_t v = 0; send_one(v % FIXTURE_VOTERS); v++)
        continue;
    pthread_join(killer, NULL);
    assert_int_equal(scene_stop(&d, 0), 128 + SIGKILL);
}

/* Everything that was acknowledged is accepted under its credential. */
static void check_acknowledged(void) {
    for (size_t v = 0; v < FIXTURE_VOTERS; v++) {
        const tp_credential *c = &d.f.voters[v].credential;
        char tip[65];
        reply r = ask_credential(&d, v, v, 0);
        json_t *a = reply_json(&r);
        json_int_t sequence = json_integer_value(json_object_get(a, "sequence"));
        sodium_bin2hex(tip, 65, c->tip, 32);
        bool more = under_way[v].sent && sequence == c->sequence + 1;
        if (!more) {
            assert_int_equal(sequence, c->sequence);
            assert_string_equal(json_string_value(json_object_get(a, "previous")), tip);
        }
        json_decref(a);
        reply_free(&r);
    }
}

static void test_kill(void **state) {
    (void)state;
    unsigned rounds = getenv("TAPAT_LONG") ? 1000 : 20;
    uint64_t seed = 7;
    for (unsigned i = 0; i < rounds; i++) {
        round_of_casts(2000 + (unsigned)(test_random(&seed) % 700000));
        assert_true(scene_start(&d));
        check_acknowledged();
    }
    assert_true(acknowledged > FIXTURE_VOTERS);
}

/* All of it is on the board at the close, and the record replays with every proof. */
static void test_all_on_board(void **state) {
    (void)state;
    char dir[128];
    tp_fault fault = {.code = ""};
    tp_record *r;
    tp_replay x;
    const tp_replay_options o = {.threads = 2};
    uint64_t ballots = 0;
    expect_status(post_act(&d, TP_ACT_CLOSE, NULL, 0, NULL, 0), 201);
    for (size_t v = 0; v < FIXTURE_VOTERS; v++)
        wait_recorded(&d, v);
    int64_t before = -1, size = 0;
    for (; before != size; usleep(500000))
        before = size, size = board_size(&d);
    snprintf(dir, sizeof dir, "%s/public", d.data);
    assert_int_equal(tp_record_open(&r, dir, &fault), TP_OK);
    if (tp_replay_run(&x, r, &o, &fault)) fail_msg("%s: %s", fault.code, fault.where);
    assert_int_equal(x.board.phase, TP_CLOSED);
    for (size_t u = 0; u < FIXTURE_UNITS; u++)
        ballots += x.units[u].ballots;
    size_t unknown = 0; /* stored, but their acknowledgement was cut off */
    for (size_t v = 0; v < FIXTURE_VOTERS; v++)
        unknown += under_way[v].sent;
    assert_in_range(ballots, acknowledged, acknowledged + unknown);
    for (size_t i = 0; i < x.credential_count; i++)
        for (size_t v = 0; v < FIXTURE_VOTERS; v++) {
            const tp_credential *c = &d.f.voters[v].credential;
            if (memcmp(c->key, x.credentials[i].key, 32) != 0) continue;
            assert_in_range(x.credentials[i].sequence, c->sequence,
                            c->sequence + under_way[v].sent);
        }
    tp_replay_free(&x);
    tp_record_close(r);
}

static int set_up(void **state) {
    (void)state;
    scene_init(&d, "\"interval_s\":2", "\"interval_s\":1");
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

int main(void) {
    if (tp_group_select(NULL)) return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kill),
                                       cmocka_unit_test(test_all_on_board)};
    return cmocka_run_group_tests_name("attacks/f6_killed_while_casting", tests, set_up, tear_down);
}
