/* C7: results of a unit with few ballots tell how its voters voted. Units below the floor are
 * merged by the manifest's rule before anything is decrypted; a document that lists one alone is
 * not the board's own.
 */
#include "tests/record/rig.h"
#include "tests/support/support.h"

enum { FLOOR = 6, SMALL = 2 };

static const rig_plan plan = {.voters = 30, .floor = FLOOR};
static uint16_t lonely;

static bool of_lonely(const rig *g, size_t voter) {
    return g->voters[voter].unit == lonely;
}

/* In the last unit only two vote. */
static void voted_and_closed(rig *g) {
    unsigned in_small = 0;
    lonely = RIG_UNITS - 1;
    rig_begin(g, &plan);
    rig_ceremony(g);
    rig_enrol(g);
    rig_open(g);
    for (size_t i = 0; i < plan.voters; i++)
        if (!of_lonely(g, i) || in_small++ < SMALL) rig_vote(g, i, (unsigned)i);
    rig_batch(g);
    rig_close(g);
}

static void no_set_below_the_floor(void **state) {
    (void)state;
    rig g;
    tp_aggregates a;
    voted_and_closed(&g);
    rig_bytes b = rig_aggregates(&g, &a);
    unsigned ballots = 0;
    for (size_t i = 0; i < a.count; i++) {
        assert_true(a.list[i].set.ballots >= FLOOR);
        if (a.list[i].set.contest == 0) ballots += a.list[i].set.ballots;
        if (a.list[i].set.unit_count == 1) assert_int_not_equal(a.list[i].set.units[0], lonely);
    }
    unsigned counted = 0;
    for (size_t i = 0; i < plan.voters; i++)
        counted += g.voters[i].sequence > 0;
    assert_int_equal(ballots, counted);
    tp_aggregates_free(&a);
    free(b.p);
    rig_free(&g);
}

/* A merged set is replaced by the small unit alone, with its true sum. */
static void small_unit_alone(void **state) {
    (void)state;
    rig g;
    tp_aggregates a;
    uint8_t bytes[1 << 14], hash[32];
    voted_and_closed(&g);
    rig_bytes b = rig_aggregates(&g, &a);
    size_t merged = 0;
    while (merged < a.count && a.list[merged].set.unit_count < 2)
        merged++;
    assert_true(merged < a.count);
    tp_reporting_set *set = &a.list[merged].set;
    rig_sum(&g, set->contest, a.list[merged].r, a.list[merged].c, of_lonely);
    set->unit_count = 1;
    set->units[0] = lonely;
    set->ballots = SMALL;
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    if (tp_aggregates_write(&w, &g.m, &a) == TP_OK) {
        rig_document(&g, bytes, w.len, hash);
        rig_bytes act = rig_act(&g, TP_ACT_FREEZE, hash, g.time, 0);
        rig_append(&g, act.p, act.len);
        rig_assert_fail(&g, "aggregates", "aggregates.hash", "document/");
        free(act.p);
    }
    tp_aggregates_free(&a);
    free(b.p);
    rig_free(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_set_below_the_floor),
                                       cmocka_unit_test(small_unit_alone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
