/* Signatures and proofs of possession: right, tampered by one bit, of another kind. spec: B-1..B-5.
 */
#include "core/proof/schnorr.h"
#include "tests/core/proof/fixture.h"

typedef struct {
    tp_secret_key sk;
    uint8_t pk[32], sig[TP_SIG_LEN], random[32];
} signer;

static const char message[] = "a ballot";

static signer signer_new(uint64_t seed) {
    signer s;
    uint8_t wide[64];
    test_random_bytes(&seed, wide, sizeof wide);
    test_random_bytes(&seed, s.random, sizeof s.random);
    assert_int_equal(tp_keypair(&s.sk, s.pk, wide), TP_OK);
    tp_sign(s.sig, &s.sk, s.pk, "test", message, sizeof message, s.random);
    return s;
}

/* The single answer, which the batch must give too. */
static tp_err verify(tp_schnorr_kind kind, const uint8_t *sig, const uint8_t *pk, const char *use,
                     const void *msg, size_t len) {
    tp_err single = kind == TP_SIGNATURE ? tp_verify_var(sig, pk, use, msg, len)
                                         : tp_possession_verify_var(sig, pk, use, msg, len);
    tp_batch_limits max;
    tp_batch b;
    tp_schnorr_need(&max);
    void *arena = test_aligned(tp_batch_arena(&max));
    tp_batch_init(&b, &max, arena);
    tp_batch_begin(&b);
    tp_schnorr_batch_var(&b, kind, sig, NULL, pk, NULL, use, msg, len);
    assert_int_equal(tp_batch_verify_var(&b), single);
    free(arena);
    return single;
}

static tp_err verify_sig(const signer *s) {
    return verify(TP_SIGNATURE, s->sig, s->pk, "test", message, sizeof message);
}

static void test_right(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed < 20; seed++) {
        signer s = signer_new(seed), again = s;
        uint8_t stored[32];
        assert_int_equal(verify_sig(&s), TP_OK);
        tp_scalar_encode(stored, &s.sk.x);
        assert_int_equal(tp_keypair_decode(&again.sk, again.pk, stored), TP_OK);
        assert_memory_equal(again.pk, s.pk, 32);
    }
}

static void test_tampered(void **state) {
    (void)state;
    signer s = signer_new(1);
    for (size_t bit = 0; bit < 8 * TP_SIG_LEN; bit++) {
        s.sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(verify_sig(&s), TP_OK);
        s.sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < 256; bit++) {
        s.pk[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(verify_sig(&s), TP_OK);
        s.pk[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(verify_sig(&s), TP_OK);
}

static void test_bound_to_its_use(void **state) {
    (void)state;
    signer s = signer_new(2);
    const uint8_t *m = (const uint8_t *)message;
    assert_int_equal(verify(TP_SIGNATURE, s.sig, s.pk, "tesu", m, sizeof message), TP_INVALID);
    assert_int_equal(verify(TP_SIGNATURE, s.sig, s.pk, "", m, sizeof message), TP_INVALID);
    assert_int_equal(verify(TP_SIGNATURE, s.sig, s.pk, "test", m, sizeof message - 1), TP_INVALID);
    assert_int_equal(verify(TP_SIGNATURE, s.sig, s.pk, "test", "A ballot", 9), TP_INVALID);
    assert_int_equal(verify(TP_POSSESSION, s.sig, s.pk, "test", m, sizeof message), TP_INVALID);
    uint8_t proof[TP_SIG_LEN];
    tp_possession_prove(proof, &s.sk, s.pk, "test", message, sizeof message, s.random);
    assert_int_equal(verify(TP_POSSESSION, proof, s.pk, "test", m, sizeof message), TP_OK);
    assert_int_equal(verify(TP_SIGNATURE, proof, s.pk, "test", m, sizeof message), TP_INVALID);
}

static void test_harmful_encodings(void **state) {
    (void)state;
    signer s = signer_new(3), bad = s;
    memset(bad.pk, 0, 32);
    assert_int_equal(verify_sig(&bad), TP_MALFORMED);
    bad = s;
    memset(bad.sig, 0, 32);
    assert_int_equal(verify_sig(&bad), TP_MALFORMED);
    bad = s;
    memset(bad.sig + 32, 0xff, 32);
    assert_int_equal(verify_sig(&bad), TP_MALFORMED);
    uint8_t zero[64] = {0}, ones[32];
    memset(ones, 0xff, sizeof ones);
    assert_int_equal(tp_keypair(&bad.sk, bad.pk, zero), TP_INVALID);
    assert_int_equal(tp_keypair_decode(&bad.sk, bad.pk, zero), TP_MALFORMED);
    assert_int_equal(tp_keypair_decode(&bad.sk, bad.pk, ones), TP_MALFORMED);
}

static void test_nonces_hedged(void **state) {
    (void)state;
    signer s = signer_new(4);
    uint8_t other[TP_SIG_LEN];
    tp_sign(other, &s.sk, s.pk, "test", message, sizeof message, s.random);
    assert_memory_equal(other, s.sig, TP_SIG_LEN);
    tp_sign(other, &s.sk, s.pk, "test", message, sizeof message - 1, s.random);
    assert_memory_not_equal(other, s.sig, 32);
    tp_sign(other, &s.sk, s.pk, "tesu", message, sizeof message, s.random);
    assert_memory_not_equal(other, s.sig, 32);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right),
        cmocka_unit_test(test_tampered),
        cmocka_unit_test(test_bound_to_its_use),
        cmocka_unit_test(test_harmful_encodings),
        cmocka_unit_test(test_nonces_hedged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
