/* G5: who votes on paper, or not online, casts nothing with a key that is not cancelled yet.
 * spec: H-19, J-10, J-11, J-29, L-10
 */
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <time.h>

#include "store/store.h"
#include "tests/server/harness.h"

enum { KEYED = 6 };

static daemon_scene d;
static uint8_t ballot[KEYED][FIXTURE_BALLOT];
static size_t len[KEYED];

/* The fixture's voter v is row v + 1 of the roll. */
static void hand_in_keys(void) {
    tp_store *s = scene_store(&d);
    assert_int_equal(tp_store_begin(s), TP_OK);
    for (unsigned v = 0; v < KEYED; v++) {
        tp_enrolment e = {.id = {(uint8_t)(v + 1)}, .voter = v + 1, .state = TP_ENROL_WAITING};
        memcpy(e.credential, d.f.voters[v].credential.key, 32);
        assert_int_equal(tp_store_enrolment_put(s, &e), TP_OK);
    }
    assert_int_equal(tp_store_commit(s), TP_OK);
    tp_store_close(s);
}

static int set_up(void **state) {
    (void)state;
    scene_init(&d, "\"interval_s\":2", "\"interval_s\":1");
    if (!scene_start(&d)) return -1;
    run_ceremony(&d);
    run_roll(&d);
    hand_in_keys();
    run_enrol(&d, 0, KEYED);
    run_open(&d);
    for (size_t v = 0; v < KEYED; v++)
        len[v] = seal(&d, ballot[v], v);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    assert_int_equal(scene_stop(&d, SIGTERM), 0);
    scene_free(&d);
    return 0;
}

static reply send(size_t v) {
    return http_post(&d, "/api/ballots", ballot[v], len[v]);
}

/* While the server runs, as the officers' commands do. */
static void mark(unsigned v, bool voted) {
    tp_store *s = scene_store(&d);
    assert_int_equal(tp_store_voter_mark(s, v + 1, voted), TP_OK);
    tp_store_close(s);
}

static void change(unsigned v, uint8_t channel, const char *disabled) {
    tp_voter row;
    bool found;
    tp_store *s = scene_store(&d);
    assert_int_equal(tp_store_voter_get(s, v + 1, &row, &found), TP_OK);
    row.channel = channel;
    snprintf(row.disabled, sizeof row.disabled, "%s", disabled);
    assert_int_equal(tp_store_begin(s), TP_OK);
    assert_int_equal(tp_store_voter_update(s, &row, "voter"), TP_OK);
    assert_int_equal(tp_store_commit(s), TP_OK);
    tp_store_close(s);
}

static void test_refused(void **state) {
    (void)state;
    mark(0, true);
    change(1, TP_CHANNEL_POST, "");
    change(2, TP_CHANNEL_ONLINE, "died");
    for (size_t v = 0; v < 3; v++)
        expect_problem(send(v), 409, "ballot.voter");
    expect_status(send(3), 201); /* the others cast */
    /* only the holder of the key is told */
    uint8_t *end = ballot[0] + len[0];
    end[-20] ^= 1;
    expect_problem(send(0), 422, "ballot.signature");
    end[-20] ^= 1;
    mark(0, false);
    expect_status(send(0), 201); /* taken back */
    moved(&d, 0, ballot[0], len[0]);
    mark(0, true);
    expect_status(send(0), 200); /* what was promised stays so */
    wait_recorded(&d, 0);
    len[0] = seal(&d, ballot[0], 0);
    expect_problem(send(0), 409, "ballot.voter");
}

/* The board has its own word for a key that registrars cancelled, and it goes first. */
static void test_cancelled(void **state) {
    (void)state;
    uint8_t bytes[4096], random[32];
    tp_entry e = {.type = TP_ENTRY_CANCEL, .u.cancel = {.reason = 3}};
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    e.u.cancel.time = (uint64_t)time(NULL);
    memcpy(e.u.cancel.credential, d.f.voters[1].credential.key, 32);
    fixture_random(&d.f, random);
    assert_int_equal(tp_entry_sign(&e, d.f.manifest.fingerprint, 1, d.f.registrar[0], random),
                     TP_OK);
    assert_int_equal(tp_entry_write(&w, &e), TP_OK);
    expect_problem(send(1), 409, "ballot.voter");
    expect_status(post_entry(&d, bytes, w.len, NULL, 0), 201);
    expect_problem(send(1), 409, "ballot.cancelled");
    expect_problem(send(2), 409, "ballot.voter");
}

int main(void) {
    if (tp_group_select(NULL)) return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_refused),
                                       cmocka_unit_test(test_cancelled)};
    return cmocka_run_group_tests_name("server/paper", tests, set_up, tear_down);
}
