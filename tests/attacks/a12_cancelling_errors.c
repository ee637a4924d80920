/* A12: errors that cancel under equal weights: between two equations of one ballot, between two
 * ballots, and between two of thousands of signatures. An independent weight for every equation
 * refuses all of them and names the bad ones; checking one by one agrees. spec: B-31.
 */
#include "core/proof/schnorr.h"
#include "tests/attacks/forge.h"

static uint8_t *forged(contest *c, int error_b, int error_t) {
    tp_scalar *v = test_aligned(c->m * sizeof *v);
    for (size_t j = 0; j < c->m; j++)
        v[j] = forge_value(j == 0 || j == c->m - 1);
    forge(c, &(forgery){.against = SOUND,
                        .v = v,
                        .error_b = forge_value(error_b),
                        .error_t = forge_value(error_t)});
    free(v);
    uint8_t *copy = test_aligned(c->len);
    memcpy(copy, c->proof, c->len);
    return copy;
}

/* Adds the four residuals of c->proof as a verifier with one weight would. */
static void add_residuals(const contest *c, tp_point *sum) {
    tp_point r[4];
    forge_residuals(c, SOUND, r);
    for (size_t i = 0; i < 4; i++)
        tp_point_add(sum, sum, &r[i]);
}

static void test_two_equations_of_one_ballot(void **state) {
    (void)state;
    contest *c = contest_new(4, 0, 2, 1);
    tp_point sum;
    free(forged(c, 0, 0));
    assert_int_equal(forge_check(c), TP_OK);
    free(forged(c, 5, -5));
    tp_point_identity(&sum);
    add_residuals(c, &sum);
    assert_true(tp_point_is_identity(&sum)); /* one weight per ballot would accept */
    assert_int_equal(forge_check(c), TP_INVALID);
    contest_free(c);
}

static void test_two_ballots(void **state) {
    (void)state;
    contest *c = contest_new(4, 0, 2, 2);
    tp_point sum;
    tp_point_identity(&sum);
    uint8_t *plus = forged(c, 5, 0);
    add_residuals(c, &sum);
    uint8_t *minus = forged(c, -5, 0);
    add_residuals(c, &sum);
    assert_true(tp_point_is_identity(&sum)); /* equal weights would accept the two together */
    uint8_t *good = forged(c, 0, 0);
    const uint8_t *proofs[6] = {good, plus, good, good, minus, good};
    tp_err verdicts[6];
    contest_verdicts(c, verdicts, proofs, 6);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(verdicts[i], i == 1 || i == 4 ? TP_INVALID : TP_OK);
    free(plus), free(minus), free(good);
    contest_free(c);
}

enum { SIGNATURES = 10000, FIRST = 1234, SECOND = 8765 };

/* z_1 + e and z_2 - e. */
static void spoil(uint8_t *first, uint8_t *second) {
    tp_scalar z, e = forge_value(1);
    assert_int_equal(tp_scalar_decode(&z, first + 32), TP_OK);
    tp_scalar_add(&z, &z, &e);
    tp_scalar_encode(first + 32, &z);
    assert_int_equal(tp_scalar_decode(&z, second + 32), TP_OK);
    tp_scalar_sub(&z, &z, &e);
    tp_scalar_encode(second + 32, &z);
}

static void test_ten_thousand_signatures(void **state) {
    (void)state;
    tp_secret_key sk;
    uint8_t seed[64] = {1}, random[32] = {2}, pk[32], (*sig)[64] = test_aligned(64 * SIGNATURES);
    assert_int_equal(tp_keypair(&sk, pk, seed), TP_OK);
    tp_batch_limits need, max = {0};
    tp_batch b;
    tp_schnorr_need(&need);
    tp_batch_limits_add(&max, &need, SIGNATURES);
    void *arena = test_aligned(tp_batch_arena(&max));
    tp_batch_init(&b, &max, arena);
    for (uint32_t i = 0; i < SIGNATURES; i++)
        tp_sign(sig[i], &sk, pk, "a12", &i, sizeof i, random);
    spoil(sig[FIRST], sig[SECOND]);
    for (uint32_t i = 0; i < SIGNATURES; i++) {
        tp_batch_begin(&b);
        tp_schnorr_batch_var(&b, TP_SIGNATURE, sig[i], NULL, pk, NULL, "a12", &i, sizeof i);
    }
    assert_int_equal(tp_batch_verify_var(&b), TP_INVALID);
    for (uint32_t i = 0; i < SIGNATURES; i++) {
        bool bad = i == FIRST || i == SECOND;
        assert_int_equal(tp_batch_verdict(&b, i), bad ? TP_INVALID : TP_OK);
        if (bad || i % 1000 == 0)
            assert_int_equal(tp_verify_var(sig[i], pk, "a12", &i, sizeof i),
                             bad ? TP_INVALID : TP_OK);
    }
    free(arena), free(sig);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_equations_of_one_ballot),
        cmocka_unit_test(test_two_ballots),
        cmocka_unit_test(test_ten_thousand_signatures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
