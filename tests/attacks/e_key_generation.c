/* E1 to E5 and E7, as far as they live in core: the rushing dealer, the rogue key, wrong numbers of
 * coefficients, bad indexes, a false share that everyone can judge, t = n. spec: D-1..D-12, K-6.
 */
#include "tests/core/threshold/ceremony.h"

/* E1: who has committed to a message cannot open another one, however many it tries. */
static void e1_rushing_dealer(void **state) {
    (void)state;
    ceremony *c = ceremony_new(3, 2, 1, 1);
    uint8_t secret[32] = {0}, random[32] = {0}, *other = test_aligned(c->len);
    tp_scalar coefficients[2];
    tp_point points[2];
    for (unsigned i = 0; i < 256; i++) {
        random[0] = (uint8_t)i;
        assert_int_equal(tp_dkg_deal(coefficients, other, points, &c->q, 3, secret, random), TP_OK);
        assert_int_equal(ceremony_open(c, 3, other, c->len), TP_INVALID);
    }
    free(other);
    ceremony_free(c);
}

/* E2: F_3 = z*G - F_1 - F_2 makes z the whole secret, but its dealer cannot prove possession. */
static void e2_rogue_key(void **state) {
    (void)state;
    ceremony *c = ceremony_new(3, 2, 1, 2);
    tp_scalar z = tp_scalar_one;
    tp_point rogue;
    tp_points_mul_base(&rogue, &z, 1);
    tp_point_sub(&rogue, &rogue, &c->points[0][0]);
    tp_point_sub(&rogue, &rogue, &c->points[1][0]);
    tp_points_encode((uint8_t(*)[32])c->message[2], &rogue, 1);
    ceremony_commit(c, 3, c->message[2], c->len);
    assert_int_equal(ceremony_open(c, 3, c->message[2], c->len), TP_INVALID);
    memcpy(c->message[2], c->message[0], c->len); /* nor may it repeat another's message */
    ceremony_commit(c, 3, c->message[2], c->len);
    assert_int_equal(ceremony_open(c, 3, c->message[2], c->len), TP_INVALID);
    ceremony_free(c);
}

/* A message that is right for another threshold. */
static void offer_threshold(ceremony *c, uint16_t t) {
    tp_dkg_params q = c->q;
    q.t = t;
    size_t count = tp_dkg_coefficients(&q), len = tp_dkg_message_len(&q);
    tp_scalar *coefficients = test_aligned(count * sizeof *coefficients);
    tp_point *points = test_aligned(count * sizeof *points);
    uint8_t *message = test_aligned(len), secret[32] = {1}, random[32] = {2};
    assert_int_equal(tp_dkg_deal(coefficients, message, points, &q, 1, secret, random), TP_OK);
    ceremony_commit(c, 1, message, len);
    assert_int_equal(ceremony_open(c, 1, message, len), TP_MALFORMED);
    free(coefficients), free(points), free(message);
}

/* E3 */
static void e3_raised_threshold(void **state) {
    (void)state;
    ceremony *c = ceremony_new(5, 3, 2, 3);
    offer_threshold(c, 4);
    offer_threshold(c, 2);
    ceremony_commit(c, 1, c->message[0], 0);
    assert_int_equal(ceremony_open(c, 1, c->message[0], 0), TP_MALFORMED);
    ceremony_commit(c, 1, c->message[0], 64);
    assert_int_equal(ceremony_open(c, 1, c->message[0], 64), TP_MALFORMED);
    ceremony_free(c);
}

/* E4 */
static void e4_bad_indexes(void **state) {
    (void)state;
    ceremony *c = ceremony_new(4, 2, 1, 4);
    tp_scalar shares[1], lambda[MAX_TRUSTEES];
    tp_point work[2], points[2];
    uint8_t secret[32] = {0}, *message = test_aligned(c->len);
    const uint32_t bad[] = {0, 5, UINT32_MAX};
    for (size_t i = 0; i < 3; i++) {
        tp_scalar coefficients[2];
        uint8_t commitment[32] = {0};
        assert_int_equal(tp_dkg_share(shares, c->coefficients[0], &c->q, bad[i]), TP_REFUSED);
        assert_int_equal(tp_dkg_share_check(shares, c->points[0], &c->q, bad[i], work), TP_REFUSED);
        assert_int_equal(tp_dkg_deal(coefficients, message, points, &c->q, bad[i], secret, secret),
                         TP_REFUSED);
        assert_int_equal(
            tp_dkg_open_var(points, &c->q, bad[i], c->message[0], c->len, commitment, c->scratch),
            TP_REFUSED);
        assert_int_equal(tp_lagrange(lambda, (uint32_t[]){1, bad[i]}, 2, 4, 2), TP_REFUSED);
    }
    assert_int_equal(tp_lagrange(lambda, (uint32_t[]){3, 3}, 2, 4, 2), TP_REFUSED);
    assert_int_equal(tp_lagrange(lambda, (uint32_t[]){1}, 1, 4, 2), TP_REFUSED);
    assert_int_equal(tp_lagrange(lambda, (uint32_t[]){1, 2, 3}, 3, 4, 2), TP_REFUSED);
    assert_int_equal(tp_lagrange(lambda, (uint32_t[]){4, 1}, 2, 4, 2), TP_OK);
    free(message);
    ceremony_free(c);
}

/* E5: the share that a dealer opens in public is judged by its commitments alone. */
static void e5_false_share(void **state) {
    (void)state;
    ceremony *c = ceremony_new(3, 2, 2, 5);
    tp_scalar shares[2];
    tp_point work[4];
    for (uint32_t l = 1; l <= 3; l++) {
        assert_int_equal(tp_dkg_share(shares, c->coefficients[1], &c->q, l), TP_OK);
        assert_int_equal(tp_dkg_share_check(shares, c->points[1], &c->q, l, work), TP_OK);
        tp_scalar_neg(&shares[1], &shares[1]);
        assert_int_equal(tp_dkg_share_check(shares, c->points[1], &c->q, l, work), TP_INVALID);
    }
    ceremony_free(c);
}

/* E7 */
static void e7_all_of_all(void **state) {
    (void)state;
    const uint16_t bad[][3] = {{3, 3, 1}, {5, 5, 1}, {2, 1, 1}, {2, 2, 1},   {3, 1, 1},   {3, 0, 1},
                               {3, 4, 1}, {0, 0, 1}, {3, 2, 0}, {256, 5, 1}, {5, 3, 1025}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        tp_dkg_params q = {.n = bad[i][0], .t = bad[i][1], .p = bad[i][2]};
        assert_int_equal(tp_dkg_params_check(&q), TP_REFUSED);
    }
    const uint16_t good[][2] = {{3, 2}, {5, 3}, {9, 5}, {9, 8}, {255, 2}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        tp_dkg_params q = {.n = good[i][0], .t = good[i][1], .p = 1};
        assert_int_equal(tp_dkg_params_check(&q), TP_OK);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(e1_rushing_dealer),   cmocka_unit_test(e2_rogue_key),
        cmocka_unit_test(e3_raised_threshold), cmocka_unit_test(e4_bad_indexes),
        cmocka_unit_test(e5_false_share),      cmocka_unit_test(e7_all_of_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
