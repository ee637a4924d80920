/* Ed25519 verification: RFC 8032 section 7.1, agreement with libsodium, and what must be refused.
 */
#include "core/group/ed25519.h"

#include "tests/support/support.h"

#include <sodium.h>
#include <string.h>

static void from_hex(uint8_t *out, const char *hex) {
    size_t len;
    assert_int_equal(sodium_hex2bin(out, strlen(hex) / 2, hex, strlen(hex), NULL, &len, NULL), 0);
    assert_int_equal(len, strlen(hex) / 2);
}

static void rfc8032(void **state) {
    (void)state;
    uint8_t key[32], sig[64], msg[2] = {0xaf, 0x82};
    from_hex(key, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    from_hex(sig,
             "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc6"
             "1e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
    assert_int_equal(tp_ed25519_verify_var(sig, key, "", 0), TP_OK);
    assert_int_equal(tp_ed25519_verify_var(sig, key, msg, 1), TP_INVALID);
    from_hex(key, "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
    from_hex(sig,
             "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae"
             "67f760984dc6594a7c15e9716ed28dc027beceea1ec40a");
    assert_int_equal(tp_ed25519_verify_var(sig, key, msg, 2), TP_OK);
}

static void agrees_with_libsodium(void **state) {
    (void)state;
    for (unsigned i = 0; i < 64; i++) {
        uint8_t key[32], secret[64], sig[64], msg[200];
        size_t len = i * 3;
        crypto_sign_keypair(key, secret);
        randombytes_buf(msg, sizeof msg);
        crypto_sign_detached(sig, NULL, msg, len, secret);
        assert_int_equal(tp_ed25519_verify_var(sig, key, msg, len), TP_OK);
        sig[randombytes_uniform(64)] ^= (uint8_t)(1u << randombytes_uniform(8));
        assert_int_not_equal(tp_ed25519_verify_var(sig, key, msg, len), TP_OK);
        assert_int_not_equal(crypto_sign_verify_detached(sig, msg, len, key), 0);
    }
}

/* S + L signs the same: one signature must have one form. */
static void other_forms(void **state) {
    (void)state;
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                      0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                      0,    0,    0,    0,    0,    0,    0,    0,
                                      0,    0,    0,    0,    0,    0,    0,    0x10};
    uint8_t key[32], secret[64], sig[64];
    crypto_sign_keypair(key, secret);
    crypto_sign_detached(sig, NULL, NULL, 0, secret);
    unsigned carry = 0;
    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned)sig[32 + i] + order[i];
        sig[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_int_equal(tp_ed25519_verify_var(sig, key, "", 0), TP_MALFORMED);
}

/* Keys of small order and non-canonical keys; with the first, S = 0 and R = identity "sign" all. */
static void bad_keys(void **state) {
    (void)state;
    static const char *const keys[] = {
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "0200000000000000000000000000000000000000000000000000000000000000",
    };
    uint8_t sig[64] = {1};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        uint8_t key[32];
        from_hex(key, keys[i]);
        assert_int_equal(tp_ed25519_verify_var(sig, key, "any", 3), TP_MALFORMED);
    }
}

/* S = k*a with R the identity satisfies the equation; libsodium refuses such an R, and so do we. */
static void small_commitment(void **state) {
    (void)state;
    uint8_t key[32], secret[64], wide[64], a[32] = {0}, k[32], sig[64] = {1};
    crypto_sign_keypair(key, secret);
    crypto_hash_sha512(wide, secret, 32);
    wide[0] &= 248, wide[31] &= 127, wide[31] |= 64;
    memset(wide + 32, 0, 32);
    crypto_core_ed25519_scalar_reduce(a, wide);
    crypto_hash_sha512_state h;
    crypto_hash_sha512_init(&h);
    crypto_hash_sha512_update(&h, sig, 32);
    crypto_hash_sha512_update(&h, key, 32);
    crypto_hash_sha512_update(&h, (const uint8_t *)"any", 3);
    crypto_hash_sha512_final(&h, wide);
    crypto_core_ed25519_scalar_reduce(k, wide);
    crypto_core_ed25519_scalar_mul(sig + 32, k, a);
    assert_int_not_equal(crypto_sign_verify_detached(sig, (const uint8_t *)"any", 3, key), 0);
    assert_int_equal(tp_ed25519_verify_var(sig, key, "any", 3), TP_INVALID);
}

/* Good keys, points of mixed order (a good key plus one of order 8), any bytes. */
static void valid_keys(void **state) {
    (void)state;
    static const char eighth[] = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05";
    uint8_t key[32], torsion[32], mixed[32], secret[64];
    from_hex(torsion, eighth);
    for (int i = 0; i < 8; i++) {
        crypto_sign_keypair(key, secret);
        assert_true(tp_ed25519_key_valid_var(key));
        assert_int_equal(crypto_core_ed25519_add(mixed, key, torsion), 0);
        assert_false(crypto_core_ed25519_is_valid_point(mixed));
        assert_false(tp_ed25519_key_valid_var(mixed));
    }
    assert_false(tp_ed25519_key_valid_var(torsion));
    for (int i = 0; i < 200; i++) {
        randombytes_buf(key, sizeof key);
        assert_int_equal(tp_ed25519_key_valid_var(key), crypto_core_ed25519_is_valid_point(key));
    }
}

int main(void) {
    if (sodium_init() < 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc8032),          cmocka_unit_test(agrees_with_libsodium),
        cmocka_unit_test(other_forms),      cmocka_unit_test(bad_keys),
        cmocka_unit_test(small_commitment), cmocka_unit_test(valid_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
