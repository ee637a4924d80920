/* Evidence that is bound to a credential. spec: L-19..L-21 */
#include "election/evidence.h"

#include <sodium.h>

#include "election/code.h"
#include "tests/support/support.h"

static const uint8_t fingerprint[32] = {1}, credential[32] = {2}, fresh[32] = {3},
                     code[TP_LETTER_CODE] = {4};

/* One bit of anything that goes in changes the key. */
static void test_letter_key(void **state) {
    (void)state;
    uint8_t secret[32], key[32], again[32], other[32], changed[32];
    uint8_t near[TP_LETTER_CODE], elsewhere[32];
    assert_true(5 * TP_LETTER_SYMBOLS >= 100); /* a list of keys cannot be searched */
    assert_int_equal(tp_letter_key(secret, key, fingerprint, code), TP_OK);
    assert_int_equal(tp_letter_key(again, other, fingerprint, code), TP_OK);
    assert_memory_equal(secret, again, 32);
    assert_memory_equal(key, other, 32);
    for (size_t bit = 0; bit < (size_t)5 * TP_LETTER_SYMBOLS; bit++) {
        memcpy(near, code, sizeof near);
        near[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
        assert_int_equal(tp_letter_key(again, changed, fingerprint, near), TP_OK);
        assert_memory_not_equal(changed, key, 32);
    }
    memcpy(elsewhere, fingerprint, 32);
    elsewhere[31] ^= 1;
    assert_int_equal(tp_letter_key(again, changed, elsewhere, code), TP_OK);
    assert_memory_not_equal(changed, key, 32);
}

static void test_letter_signature(void **state) {
    (void)state;
    uint8_t secret[32], key[32], s[64], second[32], second_key[32];
    const uint8_t other[32] = {9};
    assert_int_equal(tp_letter_key(secret, key, fingerprint, code), TP_OK);
    assert_int_equal(tp_letter_sign(s, fingerprint, credential, secret, fresh), TP_OK);
    assert_int_equal(tp_letter_verify(s, fingerprint, credential, key), TP_OK);
    assert_int_equal(tp_letter_verify(s, fingerprint, other, key), TP_INVALID);
    assert_int_equal(tp_letter_verify(s, other, credential, key), TP_INVALID);
    for (size_t i = 0; i < sizeof s; i++) {
        s[i] ^= 1;
        assert_int_not_equal(tp_letter_verify(s, fingerprint, credential, key), TP_OK);
        s[i] ^= 1;
    }
    assert_int_equal(tp_letter_key(second, second_key, fingerprint, other), TP_OK);
    assert_int_equal(tp_letter_verify(s, fingerprint, credential, second_key), TP_INVALID);
    assert_int_equal(tp_letter_verify(s, fingerprint, credential, (const uint8_t[32]){0}),
                     TP_MALFORMED);
    memset(secret, 0xff, 32);
    assert_int_equal(tp_letter_sign(s, fingerprint, credential, secret, fresh), TP_MALFORMED);
}

static void test_nonce(void **state) {
    (void)state;
    uint8_t one[32], two[32];
    const uint8_t other[32] = {9};
    tp_login_nonce(one, fingerprint, credential, fresh);
    tp_login_nonce(two, fingerprint, credential, fresh);
    assert_memory_equal(one, two, 32);
    tp_login_nonce(two, other, credential, fresh);
    assert_memory_not_equal(one, two, 32);
    tp_login_nonce(two, fingerprint, other, fresh);
    assert_memory_not_equal(one, two, 32);
    tp_login_nonce(two, fingerprint, credential, other);
    assert_memory_not_equal(one, two, 32);
    tp_login_nonce(two, credential, fingerprint, fresh); /* not one for the other */
    assert_memory_not_equal(one, two, 32);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_letter_key),
                                       cmocka_unit_test(test_letter_signature),
                                       cmocka_unit_test(test_nonce)};
    return cmocka_run_group_tests_name("election/evidence", tests, NULL, NULL);
}
