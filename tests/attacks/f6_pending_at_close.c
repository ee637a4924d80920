/* F6, the board's part: no ballot is left between batch and close. A close with ballots outside a
 * batch, or a log that ends inside one, is refused. (That every promised ballot gets there is the
 * server's part.)
 */
#include "tests/record/rig.h"
#include "tests/support/support.h"

static const rig_plan plan = {.voters = 8, .floor = 2};

static void begin(rig *g) {
    rig_begin(g, &plan);
    rig_ceremony(g);
    rig_enrol(g);
    rig_open(g);
    rig_vote(g, 0, 1);
    rig_append(g, g->pending[0].p, g->pending[0].len);
}

static void close_with_pending(void **state) {
    (void)state;
    rig g;
    begin(&g);
    rig_bytes act = rig_act(&g, TP_ACT_CLOSE, NULL, g.time, 0);
    rig_push(&g, act.p, act.len);
    rig_assert_fail(&g, "batches", "board.batch", "entry");
    free(act.p);
    rig_free(&g);
}

static void log_ends_inside(void **state) {
    (void)state;
    rig g;
    begin(&g);
    rig_assert_fail(&g, "batches", "board.batch", "entry");
    rig_free(&g);
}

static void wrong_count(void **state) {
    (void)state;
    rig g;
    for (uint32_t count = 0; count <= 2; count += 2) {
        begin(&g);
        rig_bytes batch = rig_batch_entry(&g, 1, count);
        rig_push(&g, batch.p, batch.len);
        rig_assert_fail(&g, "batches", "board.batch", "entry");
        free(batch.p);
        rig_free(&g);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(close_with_pending),
                                       cmocka_unit_test(log_ends_inside),
                                       cmocka_unit_test(wrong_count)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
