/* A3: an evil trustee fixes T_R first and solves for a false share. It passes where the shares are
 * not hashed; ours refuses. Two false shares that cancel in a plain sum are refused too. spec: K-2.
 */
#include "tests/core/proof/shares.h"

static tp_scalar challenge_without_shares(const share_list *s) {
    tp_transcript t;
    tp_scalar c;
    tp_transcript_init(&t, "shares");
    tp_absorb(&t, "R", s->r, 32);
    tp_absorb(&t, "V", s->v, 32);
    tp_absorb(&t, "T_G", s->proof, 32);
    tp_absorb(&t, "T_R", s->proof + 32, 32);
    tp_challenge_scalar(&c, &t, "c");
    return c;
}

/* z*G = T_G + c*V and z*R = T_R + c*D */
static bool weak_verify(const share_list *s) {
    tp_point t[2], v, r, d, left[2];
    tp_scalar z, c = challenge_without_shares(s);
    assert_int_equal(tp_points_decode_var(t, tp_rows(s->proof), 2, NULL), TP_OK);
    assert_int_equal(tp_points_decode_var(&v, tp_rows(s->v), 1, NULL), TP_OK);
    assert_int_equal(tp_points_decode_var(&r, tp_rows(s->r), 1, NULL), TP_OK);
    assert_int_equal(tp_points_decode_var(&d, tp_rows(s->d), 1, NULL), TP_OK);
    assert_int_equal(tp_scalar_decode(&z, s->proof + 64), TP_OK);
    tp_points_mul_base(&left[0], &z, 1);
    tp_points_mul(&left[1], &z, &r, 1);
    tp_points_mul(&v, &c, &v, 1), tp_points_mul(&d, &c, &d, 1);
    tp_point_add(&t[0], &t[0], &v), tp_point_add(&t[1], &t[1], &d);
    return tp_point_equal(&left[0], &t[0]) && tp_point_equal(&left[1], &t[1]);
}

static void test_solved_share(void **state) {
    (void)state;
    share_list *s = shares_new(1, 1, 1);
    uint64_t rng = 1;
    tp_scalar w = test_scalar(&rng), q = test_scalar(&rng), z, inverse;
    tp_point t[2], r, d;
    tp_points_mul_base(&t[0], &w, 1);
    tp_points_mul_base(&t[1], &q, 1);
    tp_points_encode((uint8_t(*)[32])s->proof, t, 2);
    tp_scalar c = challenge_without_shares(s);
    tp_scalar_muladd(&z, &c, &s->x[0], &w);
    tp_scalar_encode(s->proof + 64, &z);
    assert_int_equal(tp_points_decode_var(&r, tp_rows(s->r), 1, NULL), TP_OK);
    tp_points_mul(&d, &z, &r, 1);
    tp_point_sub(&d, &d, &t[1]);
    tp_scalar_invert(&inverse, &c);
    tp_points_mul(&d, &inverse, &d, 1); /* D = (z*R - T_R)/c */
    uint8_t honest[32];
    memcpy(honest, s->d, 32);
    tp_points_encode(s->d, &d, 1);
    assert_memory_not_equal(honest, s->d, 32);
    assert_true(weak_verify(s));
    assert_int_equal(shares_check(s), TP_INVALID);
    shares_free(s);
}

static void test_cancelling_shares(void **state) {
    (void)state;
    share_list *s = shares_new(2, 2, 2);
    tp_point d[4], g;
    tp_point_base(&g);
    assert_int_equal(tp_points_decode_var(d, tp_rows(s->d), 4, NULL), TP_OK);
    tp_point_add(&d[0], &d[0], &g);
    tp_point_sub(&d[3], &d[3], &g);
    tp_points_encode(s->d, d, 4);
    assert_int_equal(shares_prove(s), TP_OK); /* the prover does not look at D */
    assert_int_equal(shares_check(s), TP_INVALID);
    shares_free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_solved_share),
        cmocka_unit_test(test_cancelling_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
