/* C12: batches hide when a ballot was cast. A cancel, an exclusion and the closing act put waiting
 * ballots on the board first; whoever could send one at will would close a batch after each ballot.
 * Cancels and exclusions are public once recorded, and their signatures hold for ever: sent again,
 * they must change nothing.
 */
#include "store/store.h"
#include "tests/server/harness.h"

#include <signal.h>
#include <time.h>

static daemon_scene d;

static uint64_t waiting_ballots(void) {
    char path[128];
    uint64_t all, recorded;
    tp_store *s;
    snprintf(path, sizeof path, "%s/tapat.db", d.data);
    assert_int_equal(tp_store_open(&s, path, true), TP_OK);
    assert_int_equal(tp_store_counts(s, &all, &recorded), TP_OK);
    tp_store_close(s);
    return all - recorded;
}

static void test_cancel_again(void **state) {
    (void)state;
    uint8_t bytes[4096], random[32];
    tp_entry e = {.type = TP_ENTRY_CANCEL, .u.cancel = {.reason = 1}};
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    memcpy(e.u.cancel.credential, d.f.voters[1].credential.key, 32);
    fixture_random(&d.f, random);
    assert_int_equal(tp_entry_sign(&e, d.f.manifest.fingerprint, 1, d.f.registrar[0], random),
                     TP_OK);
    assert_int_equal(tp_entry_write(&w, &e), TP_OK);
    cast(&d, 0);
    assert_int_equal(waiting_ballots(), 1);
    expect_status(post_entry(&d, bytes, w.len, NULL, 0), 201);
    assert_int_equal(waiting_ballots(), 0); /* the registrars' own: the promise is kept first */
    cast(&d, 2);
    expect_problem(post_entry(&d, bytes, w.len, NULL, 0), 409, "cancel.repeat");
    assert_int_equal(waiting_ballots(), 1);
}

static void test_exclusion_again(void **state) {
    (void)state;
    uint8_t bytes[4096];
    tp_entry e;
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    d.f.now = (uint64_t)time(NULL);
    fixture_sign_act(&d.f, &e, TP_ACT_EXCLUDE, d.f.voters[0].credential.tip,
                     TP_EXCLUDE_COURT_ORDER);
    assert_int_equal(tp_entry_write(&w, &e), TP_OK);
    expect_status(post_entry(&d, bytes, w.len, NULL, 0), 201);
    assert_int_equal(waiting_ballots(), 0);
    cast(&d, 3);
    expect_problem(post_entry(&d, bytes, w.len, NULL, 0), 409, "exclusion.repeat");
    assert_int_equal(waiting_ballots(), 1);
}

static int set_up(void **state) {
    (void)state;
    scene_init(&d, "\"interval_s\":2", "\"interval_s\":50");
    assert_true(scene_start(&d));
    run_ceremony(&d);
    run_enrol(&d, 0, 4);
    run_open(&d);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    scene_stop(&d, SIGTERM);
    scene_free(&d);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cancel_again),
                                       cmocka_unit_test(test_exclusion_again)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
