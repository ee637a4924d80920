/* A6: a signature moved to another key. Without the key in the hash (R, z + c*k) is valid for
 * P + k*G; with it neither that nor a key solved from the equation is. spec: B-2.
 */
#include "core/proof/schnorr.h"
#include "tests/core/proof/fixture.h"

static tp_scalar challenge_without_key(const uint8_t r[32]) {
    tp_transcript t;
    tp_scalar c;
    tp_transcript_init(&t, "signature");
    tp_absorb(&t, "R", r, 32);
    tp_absorb(&t, "message", "m", 1);
    tp_challenge_scalar(&c, &t, "c");
    return c;
}

static bool weak_verify(const uint8_t sig[64], const uint8_t pk[32]) {
    tp_scalar z, c = challenge_without_key(sig);
    tp_point p, r, left;
    assert_int_equal(tp_scalar_decode(&z, sig + 32), TP_OK);
    assert_int_equal(tp_points_decode_var(&r, tp_rows(sig), 1, NULL), TP_OK);
    assert_int_equal(tp_points_decode_var(&p, tp_rows(pk), 1, NULL), TP_OK);
    tp_points_mul(&p, &c, &p, 1);
    tp_point_add(&r, &r, &p);
    tp_points_mul_base(&left, &z, 1);
    return tp_point_equal(&left, &r) == 1;
}

static void shift_key(uint8_t out[32], const uint8_t pk[32], const tp_scalar *k) {
    tp_point p, s;
    assert_int_equal(tp_points_decode_var(&p, tp_rows(pk), 1, NULL), TP_OK);
    tp_points_mul_base(&s, k, 1);
    tp_point_add(&p, &p, &s);
    tp_points_encode((uint8_t(*)[32])out, &p, 1);
}

static void test_related_key(void **state) {
    (void)state;
    uint64_t rng = 1;
    tp_scalar x = test_scalar(&rng), w = test_scalar(&rng), k = test_scalar(&rng), z;
    tp_point p[2];
    const tp_scalar xw[2] = {x, w};
    uint8_t pk[32], other[32], sig[64];
    tp_points_mul_base(p, xw, 2);
    tp_points_encode((uint8_t(*)[32])pk, p, 1);
    tp_points_encode((uint8_t(*)[32])sig, p + 1, 1);
    shift_key(other, pk, &k);
    tp_scalar c = challenge_without_key(sig);
    tp_scalar_muladd(&z, &c, &x, &w);
    tp_scalar_encode(sig + 32, &z);
    assert_true(weak_verify(sig, pk));
    tp_scalar_muladd(&z, &c, &k, &z);
    tp_scalar_encode(sig + 32, &z);
    assert_true(weak_verify(sig, other)); /* the weak scheme falls */
    assert_int_equal(tp_verify_var(sig, other, "a6", "m", 1), TP_INVALID);
}

static void test_ours(void **state) {
    (void)state;
    uint64_t rng = 2;
    tp_secret_key sk;
    uint8_t seed[64] = {9}, random[32] = {0}, pk[32], other[32], sig[64];
    assert_int_equal(tp_keypair(&sk, pk, seed), TP_OK);
    tp_sign(sig, &sk, pk, "a6", "m", 1, random);
    assert_int_equal(tp_verify_var(sig, pk, "a6", "m", 1), TP_OK);
    for (size_t i = 0; i < 100; i++) {
        tp_scalar k = test_scalar(&rng);
        shift_key(other, pk, &k);
        assert_int_equal(tp_verify_var(sig, other, "a6", "m", 1), TP_INVALID);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_related_key),
        cmocka_unit_test(test_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
