/* C3: a server that wants one ballot decrypted hands the trustees an aggregate of that ballot
 * alone. Trustees and verifiers take the board, not the aggregate: their own differs and is
 * refused.
 */
#include "record/results.h"
#include "tests/record/rig.h"
#include "tests/record/scratch.h"
#include "tests/support/support.h"

static const rig_plan plan = {.voters = 24, .floor = 3};

static bool only_first(const rig *g, size_t voter) {
    (void)g;
    return voter == 0;
}

/* The honest document, but the first set's ciphertext is that of voter 0's ballot. */
static void freeze_single(rig *g) {
    tp_aggregates a;
    uint8_t hash[32], bytes[1 << 14];
    rig_bytes honest = rig_aggregates(g, &a);
    rig_sum(g, a.list[0].set.contest, a.list[0].r, a.list[0].c, only_first);
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    assert_int_equal(tp_aggregates_write(&w, &g->m, &a), TP_OK);
    assert_int_equal(w.len, honest.len);
    rig_document(g, bytes, w.len, hash);
    rig_bytes act = rig_act(g, TP_ACT_FREEZE, hash, g->time, 0);
    rig_append(g, act.p, act.len);
    tp_aggregates_free(&a);
    free(act.p);
    free(honest.p);
}

static void voted_and_closed(rig *g) {
    rig_begin(g, &plan);
    rig_ceremony(g);
    rig_enrol(g);
    rig_open(g);
    for (size_t i = 0; i < plan.voters; i++)
        rig_vote(g, i, (unsigned)i);
    rig_batch(g);
    rig_close(g);
}

static void trustee_refuses(void **state) {
    (void)state;
    rig g;
    voted_and_closed(&g);
    freeze_single(&g);
    char *dir = scratch_folder();
    tp_record *r;
    tp_replay p;
    tp_aggregates a;
    tp_fault fault = {0};
    uint32_t withheld[TP_MAX_CONTESTS];
    rig_write(&g, dir);
    assert_int_equal(tp_record_open(&r, dir, &fault), TP_OK);
    assert_int_equal(tp_replay_run(&p, r, &rig_options, &fault), TP_OK);
    assert_int_equal(tp_replay_aggregate(&a, withheld, &p, r, &rig_options, &fault), TP_OK);
    assert_int_equal(tp_frozen_check(&p, &a, &fault), TP_INVALID);
    assert_string_equal(fault.code, "aggregates.hash");
    tp_aggregates_free(&a);
    tp_replay_free(&p);
    tp_record_close(r);
    scratch_remove(dir);
    rig_assert_fail(&g, "aggregates", "aggregates.hash", "document/");
    rig_free(&g);
}

/* Even if t trustees were to decrypt it, the record does not verify and gives no results. */
static void results_are_refused(void **state) {
    (void)state;
    rig g;
    voted_and_closed(&g);
    freeze_single(&g);
    rig_share(&g, 1, false);
    rig_share(&g, 2, false);
    char *dir = scratch_folder(), *json = NULL, *csv = NULL;
    size_t json_len, csv_len;
    bool bad[TP_MAX_TRUSTEES];
    tp_record *r;
    tp_replay p;
    tp_fault fault = {0};
    rig_write(&g, dir);
    assert_int_equal(tp_record_open(&r, dir, &fault), TP_OK);
    assert_int_equal(tp_replay_run(&p, r, &rig_options, &fault), TP_OK);
    assert_int_equal(
        tp_replay_results(&json, &json_len, &csv, &csv_len, bad, &p, r, &rig_options, &fault),
        TP_INVALID);
    assert_string_equal(fault.code, "aggregates.hash");
    tp_replay_free(&p);
    tp_record_close(r);
    scratch_remove(dir);
    rig_free(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(trustee_refuses),
                                       cmocka_unit_test(results_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
