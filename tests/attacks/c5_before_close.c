/* C5: nothing is summed or frozen before the closing act, and a real election is not closed before
 * its closing time.
 */
#include "tests/record/rig.h"
#include "tests/record/scratch.h"
#include "tests/support/support.h"

static void voted(rig *g, bool real) {
    const rig_plan plan = {.voters = 12, .floor = 3, .real = real};
    rig_begin(g, &plan);
    rig_ceremony(g);
    rig_enrol(g);
    rig_open(g);
    for (size_t i = 0; i < plan.voters; i++)
        rig_vote(g, i, (unsigned)i);
    rig_batch(g);
}

static void no_aggregates_while_open(void **state) {
    (void)state;
    rig g;
    tp_record *r;
    tp_replay p;
    tp_aggregates a;
    tp_fault fault = {0};
    uint32_t withheld[TP_MAX_CONTESTS];
    voted(&g, false);
    char *dir = scratch_folder();
    rig_write(&g, dir);
    assert_int_equal(tp_record_open(&r, dir, &fault), TP_OK);
    assert_int_equal(tp_replay_run(&p, r, &rig_options, &fault), TP_OK);
    assert_int_equal(tp_replay_aggregate(&a, withheld, &p, r, &rig_options, &fault), TP_REFUSED);
    assert_string_equal(fault.code, "board.phase");
    tp_replay_free(&p);
    tp_record_close(r);
    scratch_remove(dir);
    rig_free(&g);
}

static void freeze_while_open(void **state) {
    (void)state;
    rig g;
    uint8_t hash[32] = {1};
    voted(&g, false);
    rig_bytes b = rig_act(&g, TP_ACT_FREEZE, hash, g.time, 0);
    rig_push(&g, b.p, b.len);
    rig_assert_fail(&g, "acts", "board.phase", "entry");
    free(b.p);
    rig_free(&g);
}

static void early_close(void **state) {
    (void)state;
    rig g;
    voted(&g, true);
    rig_assert_good(&g);
    rig_bytes b = rig_act(&g, TP_ACT_CLOSE, NULL, g.m.close_time - 1, 0);
    rig_push(&g, b.p, b.len);
    rig_assert_fail(&g, "acts", "board.time", "entry");
    free(b.p);
    rig_free(&g);
}

static void close_in_time(void **state) {
    (void)state;
    rig g;
    voted(&g, true);
    rig_bytes b = rig_act(&g, TP_ACT_CLOSE, NULL, g.m.close_time, 0);
    rig_append(&g, b.p, b.len);
    rig_assert_good(&g);
    free(b.p);
    rig_free(&g);
}

/* Officers who bring the closing act forward by a false time get no shares by it. */
static void trustee_has_a_clock(void **state) {
    (void)state;
    rig g;
    tp_fault fault = {0};
    voted(&g, true);
    assert_int_equal(tp_decrypt_due(&g.m, g.m.close_time - 1, &fault), TP_REFUSED);
    assert_string_equal(fault.code, "board.time");
    assert_int_equal(tp_decrypt_due(&g.m, g.m.close_time, &fault), TP_OK);
    g.m.test = true;
    assert_int_equal(tp_decrypt_due(&g.m, 0, &fault), TP_OK);
    rig_free(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_aggregates_while_open), cmocka_unit_test(freeze_while_open),
        cmocka_unit_test(early_close), cmocka_unit_test(close_in_time),
        cmocka_unit_test(trustee_has_a_clock)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
