/* A1, A10: the statement is inside every challenge. Each absorbed item is changed in turn: the
 * challenges after it must change. A forger without any key who passes where the ciphertext is not
 * hashed is refused here. (Shares and key generation: test_eqlog.c, test_dkg.c.) spec: B-2, B-10.
 */
#include "tests/attacks/forge.h"

#include "core/proof/schnorr.h"

static void assert_changed(const contest *c, const challenges *old, bool delta, bool eta) {
    challenges now = forge_challenges(c, SOUND);
    assert_int_equal(tp_scalar_equal(&now.delta, &old->delta), !delta);
    assert_int_equal(tp_scalar_equal(&now.eta, &old->eta), !eta);
    assert_false(tp_scalar_equal(&now.c, &old->c));
}

static void test_context_in_every_challenge(void **state) {
    (void)state;
    contest *c = contest_new(4, 1, 3, 1);
    assert_int_equal(contest_vote(c, 2), TP_OK);
    assert_int_equal(forge_check(c), TP_OK); /* so the transcript of forge.c is the true one */
    const tp_sum_context good = c->context;
    challenges old = forge_challenges(c, SOUND);
    for (unsigned field = 0; field < 9; field++) {
        tp_sum_context *x = &c->context;
        uint8_t *bytes[] = {x->fingerprint, x->key_digest, x->credential, x->previous};
        uint32_t *numbers[] = {&x->contest, &x->unit, &x->style};
        if (field < 4) bytes[field][31] ^= 1;
        if (field >= 4 && field < 7) ++*numbers[field - 4];
        if (field == 7) x->sequence++;
        if (field == 8) x->shape.a--, x->shape.b--; /* m stays, so the length still fits */
        assert_changed(c, &old, true, true);
        assert_int_equal(contest_check(c), TP_INVALID);
        c->context = good;
    }
    contest_free(c);
}

static void test_messages_in_later_challenges(void **state) {
    (void)state;
    contest *c = contest_new(4, 1, 3, 2);
    assert_int_equal(contest_vote(c, 2), TP_OK);
    challenges old = forge_challenges(c, SOUND);
    for (size_t at = 0; at < c->p + 8; at++) { /* the points, then sigma */
        c->proof[32 * at] ^= 2;
        assert_changed(c, &old, at <= c->p + 1, at <= c->p + 4 || at == c->p + 7);
        c->proof[32 * at] ^= 2;
    }
    contest_free(c);
}

/* Known delta, free ciphertext: C_1 + x*G and C_2 - x/delta*G cancel. */
static void test_keyless_forger(void **state) {
    (void)state;
    contest *c = contest_new(4, 0, 2, 3);
    tp_scalar v[6], x = forge_value(1000), y;
    for (size_t j = 0; j < 6; j++)
        v[j] = forge_value(j < 2);
    forge(c, &(forgery){.against = NO_CIPHERTEXT, .v = v});
    challenges ch = forge_challenges(c, NO_CIPHERTEXT);
    tp_scalar_invert(&y, &ch.delta);
    tp_scalar_mul(&y, &y, &x);
    tp_point q[2], e[2];
    tp_points_mul_base(&e[0], &x, 1), tp_points_mul_base(&e[1], &y, 1);
    assert_int_equal(tp_points_decode_var(q, tp_rows(c->proof) + 1, 2, NULL), TP_OK);
    tp_point_add(&q[0], &q[0], &e[0]);
    tp_point_sub(&q[1], &q[1], &e[1]);
    tp_points_encode((uint8_t(*)[32])c->proof + 1, q, 2);
    assert_int_equal(forge_verify(c, NO_CIPHERTEXT), TP_OK); /* 1000 votes for option 1 */
    assert_int_equal(forge_check(c), TP_INVALID);
    contest_free(c);
}

/* R and C random, proof by simulation: without the statement in the hash this always works for some
 * statement; with it the chance is 2^-252. Ours must refuse every try. */
static void test_signature_simulator(void **state) {
    (void)state;
    uint64_t rng = 4;
    for (size_t i = 0; i < 50; i++) {
        tp_scalar z = test_scalar(&rng), c = test_scalar(&rng), x = test_scalar(&rng);
        tp_point p[2];
        uint8_t pk[32], sig[64];
        tp_points_mul_base(p, &x, 1);
        tp_points_encode((uint8_t(*)[32])pk, p, 1);
        tp_points_mul(&p[1], &c, &p[0], 1); /* R = z*G - c*P for a chosen c */
        tp_points_mul_base(&p[0], &z, 1);
        tp_point_sub(&p[0], &p[0], &p[1]);
        tp_points_encode((uint8_t(*)[32])sig, p, 1);
        tp_scalar_encode(sig + 32, &z);
        assert_int_equal(tp_verify_var(sig, pk, "a1", "m", 1), TP_INVALID);
        assert_int_equal(tp_possession_verify_var(sig, pk, "a1", "m", 1), TP_INVALID);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_context_in_every_challenge),
        cmocka_unit_test(test_messages_in_later_challenges),
        cmocka_unit_test(test_keyless_forger),
        cmocka_unit_test(test_signature_simulator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
