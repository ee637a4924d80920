/* Key generation: any t trustees hold the keys, verification keys fit the secrets, every changed
 * message is refused. spec: D-1..D-12, K-1, K-6.
 */
#include "tests/core/threshold/ceremony.h"

static void test_verification_keys(void **state) {
    (void)state;
    ceremony *c = ceremony_new(5, 3, 4, 1);
    for (uint32_t l = 1; l <= 5; l++) {
        assert_int_equal(tp_dkg_verification_keys_var(c->verification, c->sum, &c->q, l), TP_OK);
        for (size_t k = 0; k < 4; k++) {
            tp_point v;
            tp_points_mul_base(&v, &c->x[l - 1][k], 1);
            assert_true(tp_point_equal(&v, &c->verification[k]));
        }
    }
    assert_int_equal(tp_dkg_verification_keys_var(c->verification, c->sum, &c->q, 0), TP_REFUSED);
    assert_int_equal(tp_dkg_verification_keys_var(c->verification, c->sum, &c->q, 6), TP_REFUSED);
    ceremony_free(c);
}

/* Decrypts R = e*G with this set of trustees: must be e*Y_k. */
static void check_set(ceremony *c, const uint32_t *index) {
    enum { P = 2 };
    tp_point r, total[P], d[P], work[P], expect;
    tp_scalar e, lambda[MAX_TRUSTEES];
    tp_scalar_from_u64(&e, 12345);
    tp_points_mul_base(&r, &e, 1);
    assert_int_equal(tp_lagrange(lambda, index, c->q.t, c->q.n, c->q.t), TP_OK);
    tp_point_identity(&total[0]), tp_point_identity(&total[1]);
    for (size_t i = 0; i < c->q.t; i++) {
        tp_decrypt_share(d, c->x[index[i] - 1], P, &r, 1);
        tp_decrypt_combine_var(total, &lambda[i], d, P, work);
    }
    for (size_t k = 0; k < P; k++) {
        tp_points_mul(&expect, &e, &c->keys[k], 1);
        assert_true(tp_point_equal(&expect, &total[k]));
    }
}

static void test_any_t_decrypt(void **state) {
    (void)state;
    const uint16_t sizes[][2] = {{3, 2}, {4, 3}, {5, 3}};
    for (size_t i = 0; i < 3; i++) {
        ceremony *c = ceremony_new(sizes[i][0], sizes[i][1], 2, i);
        for (unsigned set = 0; set < 1u << c->q.n; set++) {
            uint32_t index[MAX_TRUSTEES], count = 0;
            for (uint32_t l = c->q.n; l >= 1; l--) /* order does not matter */
                if (set >> (l - 1) & 1) index[count++] = l;
            if (count == c->q.t) check_set(c, index);
        }
        ceremony_free(c);
    }
}

static void test_every_byte_of_a_message(void **state) {
    (void)state;
    ceremony *c = ceremony_new(3, 2, 2, 4);
    uint8_t *m = c->message[1];
    for (size_t at = 0; at < c->len; at++) {
        m[at] ^= 1;
        assert_int_equal(ceremony_open(c, 2, m, c->len), TP_INVALID); /* not what was committed */
        ceremony_commit(c, 2, m, c->len);
        assert_int_not_equal(ceremony_open(c, 2, m, c->len), TP_OK); /* and false anyway */
        m[at] ^= 1;
        ceremony_commit(c, 2, m, c->len);
    }
    assert_int_equal(ceremony_open(c, 2, m, c->len), TP_OK);
    assert_int_equal(ceremony_open(c, 1, m, c->len), TP_INVALID); /* another dealer's */
    c->q.contest++;
    assert_int_equal(ceremony_open(c, 2, m, c->len), TP_INVALID); /* another contest */
    ceremony_commit(c, 2, m, c->len);
    assert_int_equal(ceremony_open(c, 2, m, c->len), TP_INVALID);
    ceremony_free(c);
}

static void test_wrong_shares(void **state) {
    (void)state;
    ceremony *c = ceremony_new(3, 2, 3, 5);
    tp_scalar shares[3];
    tp_point work[6];
    assert_int_equal(tp_dkg_share(shares, c->coefficients[0], &c->q, 2), TP_OK);
    assert_int_equal(tp_dkg_share_check(shares, c->points[0], &c->q, 2, work), TP_OK);
    assert_int_equal(tp_dkg_share_check(shares, c->points[0], &c->q, 3, work), TP_INVALID);
    assert_int_equal(tp_dkg_share_check(shares, c->points[1], &c->q, 2, work), TP_INVALID);
    for (size_t k = 0; k < 3; k++) {
        tp_scalar kept = shares[k];
        tp_scalar_add(&shares[k], &shares[k], &tp_scalar_one);
        assert_int_equal(tp_dkg_share_check(shares, c->points[0], &c->q, 2, work), TP_INVALID);
        shares[k] = kept;
    }
    ceremony_free(c);
}

/* Two dealers whose constant terms cancel leave no key. */
static void test_identity_key(void **state) {
    (void)state;
    ceremony *c = ceremony_new(3, 2, 1, 6);
    tp_point sum[2], minus[2];
    for (size_t i = 0; i < 2; i++) {
        tp_point_identity(&sum[i]);
        tp_point_neg(&minus[i], &c->points[0][i]);
    }
    tp_dkg_commitments_add(sum, c->points[0], &c->q);
    tp_dkg_commitments_add(sum, minus, &c->q);
    assert_int_equal(tp_dkg_election_keys_var(c->keys, sum, &c->q), TP_INVALID);
    assert_int_equal(tp_dkg_verification_keys_var(c->keys, sum, &c->q, 1), TP_INVALID);
    ceremony_free(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verification_keys),
        cmocka_unit_test(test_any_t_decrypt),
        cmocka_unit_test(test_every_byte_of_a_message),
        cmocka_unit_test(test_wrong_shares),
        cmocka_unit_test(test_identity_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
