/* C4: a second tally of a set that differs by one ballot would reveal that ballot. The first freeze
 * is the only one; after it nothing changes what counts.
 */
#include "tests/record/rig.h"
#include "tests/support/support.h"

static const rig_plan plan = {.voters = 24, .floor = 3};

static void frozen(rig *g) {
    rig_begin(g, &plan);
    rig_ceremony(g);
    rig_enrol(g);
    rig_open(g);
    for (size_t i = 0; i < plan.voters; i++)
        rig_vote(g, i, (unsigned)i);
    rig_batch(g);
    rig_close(g);
    rig_freeze(g);
}

static void push_act(rig *g, tp_act act, const uint8_t subject[32]) {
    rig_bytes b = rig_act(g, act, subject, g->time, act == TP_ACT_EXCLUDE);
    rig_push(g, b.p, b.len);
    free(b.p);
}

static void assert_last_refused(rig *g, const char *check) {
    char entry[32];
    snprintf(entry, sizeof entry, "entry %zu", g->count - 1);
    rig_assert_fail(g, check, "board.phase", entry);
}

static void second_freeze(void **state) {
    (void)state;
    rig g;
    uint8_t other[32] = {1};
    frozen(&g);
    rig_assert_good(&g);
    push_act(&g, TP_ACT_FREEZE, other);
    assert_last_refused(&g, "acts");
    rig_free(&g);
}

static void exclusion_after_freeze(void **state) {
    (void)state;
    rig g;
    frozen(&g);
    push_act(&g, TP_ACT_EXCLUDE, g.voters[3].tip);
    assert_last_refused(&g, "acts");
    rig_free(&g);
}

static void cancel_after_freeze(void **state) {
    (void)state;
    rig g;
    frozen(&g);
    tp_entry e = {.type = TP_ENTRY_CANCEL};
    uint8_t random[32], bytes[512];
    e.u.cancel.reason = 1;
    e.u.cancel.time = g.time;
    memcpy(e.u.cancel.credential, g.voters[5].key, 32);
    rig_random_bytes(&g, random, 32);
    assert_int_equal(tp_entry_sign(&e, g.m.fingerprint, 1, g.registrar[0], random), TP_OK);
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    assert_int_equal(tp_entry_write(&w, &e), TP_OK);
    rig_push(&g, bytes, w.len);
    assert_last_refused(&g, "cancels");
    rig_free(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(second_freeze),
                                       cmocka_unit_test(exclusion_after_freeze),
                                       cmocka_unit_test(cancel_after_freeze)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
