/* E6: trustees who send garbage do not stop the tally while t others are good, and are named; with
 * fewer than t good ones there is no result, and a published one does not verify.
 */
#include "tests/record/rig.h"
#include "tests/record/scratch.h"
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

static void culprits_are_named(void **state) {
    (void)state;
    rig g;
    tp_verification v;
    frozen(&g);
    rig_share(&g, 1, true);
    rig_share(&g, 2, false);
    rig_share(&g, 3, true);
    rig_share(&g, 4, false);
    rig_publish(&g);
    assert_int_equal(rig_verify(&g, &v), TP_OK);
    const tp_check *shares = rig_check(&v, "shares");
    assert_int_equal(shares->verdict, TP_PASS);
    assert_string_equal(shares->detail, "good: 2 4; bad: 1 (shares.proof) 3 (shares.proof)");
    assert_int_equal(rig_check(&v, "results")->verdict, TP_PASS);
    rig_free(&g);
}

static void too_few_good(void **state) {
    (void)state;
    rig g;
    tp_verification v;
    uint8_t hash[32];
    frozen(&g);
    rig_share(&g, 1, true);
    rig_share(&g, 2, false);
    rig_share(&g, 3, true);
    assert_int_equal(rig_verify(&g, &v), TP_OK); /* trustee 4 may still come */
    assert_int_equal(rig_check(&v, "shares")->verdict, TP_NOT_YET);
    assert_int_equal(rig_check(&v, "results")->verdict, TP_NOT_YET);
    rig_document(&g, "{}", 2, hash);
    g.results.p = (uint8_t *)strdup("{}");
    g.csv.p = (uint8_t *)strdup("");
    g.results.len = 2;
    rig_bytes act = rig_act(&g, TP_ACT_PUBLISH, hash, g.time, 0);
    rig_append(&g, act.p, act.len);
    rig_assert_fail(&g, "shares", "shares.quorum", "1 good");
    free(act.p);
    rig_free(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(culprits_are_named),
                                       cmocka_unit_test(too_few_good)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
