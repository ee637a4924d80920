/* C1: a ballot copied under another credential, re-randomised, with permuted options, or with its
 * proof beside another ciphertext is refused: every challenge holds the credential and the whole
 * ciphertext. spec: B-10.
 */
#include "tests/attacks/forge.h"

static contest *victim(void) {
    contest *c = contest_new(6, 0, 3, 1);
    assert_int_equal(contest_vote(c, 2), TP_OK);
    assert_int_equal(forge_check(c), TP_OK);
    return c;
}

static void test_copied(void **state) {
    (void)state;
    contest *c = victim();
    c->context.credential[0] ^= 1;
    assert_int_equal(forge_check(c), TP_INVALID);
    contest_free(c);
    c = victim();
    c->context.sequence++;
    assert_int_equal(forge_check(c), TP_INVALID);
    contest_free(c);
}

/* E + Enc(0; x), and the response that would fit the old challenge. */
static void test_rerandomised(void **state) {
    (void)state;
    contest *c = victim();
    tp_scalar x = forge_value(7), z_r;
    uint8_t(*enc)[32] = (uint8_t(*)[32])c->proof, *z = enc[c->p + 7 + c->m + 1];
    tp_point q[4], add[4];
    assert_int_equal(tp_points_decode_var(q, tp_rows(enc), 4, NULL), TP_OK);
    tp_points_mul_base(&add[0], &x, 1);
    for (size_t k = 0; k < 3; k++)
        tp_points_mul(&add[1 + k], &x, &c->keys[k], 1);
    challenges old = forge_challenges(c, SOUND);
    for (size_t i = 0; i < 4; i++)
        tp_point_add(&q[i], &q[i], &add[i]);
    tp_points_encode(enc, q, 4);
    assert_int_equal(forge_check(c), TP_INVALID);
    assert_int_equal(tp_scalar_decode(&z_r, z), TP_OK);
    tp_scalar_muladd(&z_r, &old.c, &x, &z_r);
    tp_scalar_encode(z, &z_r);
    assert_int_equal(forge_check(c), TP_INVALID);
    uint8_t seen[6]; /* the attack on the ciphertext alone does work: it opens with r + x */
    tp_scalar r;
    tp_scalar_add(&r, &c->r, &x);
    assert_int_equal(tp_sum_open_var(seen, c->proof, &r, &c->context.shape, c->keys), TP_OK);
    contest_free(c);
}

static void swap(uint8_t a[32], uint8_t b[32]) {
    uint8_t kept[32];
    memcpy(kept, a, 32), memcpy(a, b, 32), memcpy(b, kept, 32);
}

static void test_permuted(void **state) {
    (void)state;
    contest *c = victim();
    uint8_t(*enc)[32] = (uint8_t(*)[32])c->proof, (*f)[32] = enc + c->p + 8;
    swap(enc[1], enc[2]);
    assert_int_equal(forge_check(c), TP_INVALID);
    swap(f[0], f[2]), swap(f[1], f[3]); /* the responses follow */
    assert_int_equal(forge_check(c), TP_INVALID);
    contest_free(c);
}

static void test_proof_beside_own_ciphertext(void **state) {
    (void)state;
    contest *c = victim();
    uint8_t *stolen = test_aligned(c->len);
    memcpy(stolen, c->proof, c->len);
    c->random[0] ^= 1;
    assert_int_equal(contest_vote(c, 2), TP_OK);
    size_t len = tp_sum_ciphertext_len(&c->context.shape);
    memcpy(c->proof + len, stolen + len, c->len - len);
    assert_int_equal(forge_check(c), TP_INVALID);
    free(stolen);
    contest_free(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copied),
        cmocka_unit_test(test_rerandomised),
        cmocka_unit_test(test_permuted),
        cmocka_unit_test(test_proof_beside_own_ciphertext),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
