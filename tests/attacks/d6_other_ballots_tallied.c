/* D6: the tally must be of the accepted ballots. Aggregates that leave one voter out, with
 * perfectly good shares and results for them, do not verify: the sums are computed again from the
 * board.
 */
#include "tests/record/rig.h"
#include "tests/support/support.h"

static const rig_plan plan = {.voters = 24, .floor = 3};

static bool all_but_first(const rig *g, size_t voter) {
    return voter != 0 && g->voters[voter].unit == g->voters[0].unit;
}

static void one_ballot_left_out(void **state) {
    (void)state;
    rig g;
    tp_aggregates a;
    uint8_t bytes[1 << 14], hash[32];
    rig_begin(&g, &plan);
    rig_ceremony(&g);
    rig_enrol(&g);
    rig_open(&g);
    for (size_t i = 0; i < plan.voters; i++)
        rig_vote(&g, i, (unsigned)i);
    rig_batch(&g);
    rig_close(&g);
    rig_bytes b = rig_aggregates(&g, &a);
    for (size_t i = 0; i < a.count; i++) {
        tp_reporting_set *set = &a.list[i].set;
        if (set->unit_count != 1 || set->units[0] != g.voters[0].unit) continue;
        rig_sum(&g, set->contest, a.list[i].r, a.list[i].c, all_but_first);
        set->ballots--;
    }
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    assert_int_equal(tp_aggregates_write(&w, &g.m, &a), TP_OK);
    assert_memory_not_equal(bytes, b.p, b.len);
    rig_document(&g, bytes, w.len, hash);
    rig_bytes act = rig_act(&g, TP_ACT_FREEZE, hash, g.time, 0);
    rig_append(&g, act.p, act.len);
    for (uint16_t trustee = 1; trustee <= RIG_THRESHOLD; trustee++) {
        rig_bytes share = rig_shares(&g, trustee, &a, hash, false);
        rig_append(&g, share.p, share.len);
        free(share.p);
    }
    rig_assert_fail(&g, "aggregates", "aggregates.hash", "document/");
    tp_aggregates_free(&a);
    free(act.p);
    free(b.p);
    rig_free(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_ballot_left_out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
