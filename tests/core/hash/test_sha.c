/* SHA-256, SHA-512 and BLAKE2b against published values and libsodium. spec: P-1, P-2 */
#include <sodium.h>

#include "core/hash/blake2b.h"
#include "core/hash/hash.h"
#include "core/hash/sha256_blocks.h"
#include "core/hash/sha512_blocks.h"
#include "tests/support/support.h"

enum { MAX_LEN = 300 };

static void check_hex(const uint8_t *got, size_t len, const char *want) {
    char hex[129];
    assert_string_equal(sodium_bin2hex(hex, sizeof hex, got, len), want);
}

/* FIPS 180-4 example messages and the hash of nothing. */
static void test_fips_vectors(void **state) {
    (void)state;
    static const char two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    uint8_t out[64];
    tp_sha256(out, "", 0);
    check_hex(out, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    tp_sha256(out, "abc", 3);
    check_hex(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    tp_sha256(out, two, sizeof two - 1);
    check_hex(out, 32, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    tp_sha512(out, "abc", 3);
    check_hex(out, 64,
              "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
              "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
    tp_sha512(out, "", 0);
    check_hex(out, 64,
              "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
              "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e");
}

static void test_million_a(void **state) {
    (void)state;
    static uint8_t a[1000];
    uint8_t out[64];
    memset(a, 'a', sizeof a);
    tp_sha256_ctx c;
    tp_sha256_init(&c);
    for (int i = 0; i < 1000; i++)
        tp_sha256_update(&c, a, sizeof a);
    tp_sha256_final(&c, out);
    check_hex(out, 32, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* Lengths cross every padding border; the input buffer is exactly as long as the message. */
static void test_all_lengths(void **state) {
    (void)state;
    uint64_t rng = 1;
    for (size_t len = 0; len <= MAX_LEN; len++) {
        uint8_t got[64], want[64], *m = malloc(len ? len : 1);
        assert_non_null(m);
        test_random_bytes(&rng, m, len);
        tp_sha256(got, m, len);
        crypto_hash_sha256(want, m, len);
        assert_memory_equal(got, want, 32);
        tp_sha512(got, m, len);
        crypto_hash_sha512(want, m, len);
        assert_memory_equal(got, want, 64);
        for (size_t out = 16; out <= 64; out += 8) {
            tp_blake2b_ctx c;
            tp_blake2b_init(&c, out);
            tp_blake2b_update(&c, m, len);
            tp_blake2b_final(&c, got);
            crypto_generichash(want, out, m, len, NULL, 0);
            assert_memory_equal(got, want, out);
        }
        free(m);
    }
}

static void test_random_chunking(void **state) {
    (void)state;
    uint64_t rng = 2;
    static uint8_t m[1500];
    for (int round = 0; round < 300; round++) {
        uint8_t got[64], want[64];
        tp_sha256_ctx c256;
        tp_sha512_ctx c512;
        tp_blake2b_ctx b;
        tp_sha256_init(&c256), tp_sha512_init(&c512), tp_blake2b_init(&b, 64);
        test_random_bytes(&rng, m, sizeof m);
        size_t len = test_random(&rng) % sizeof m, at = 0;
        while (at < len) {
            size_t n = test_random(&rng) % (round % 2 ? 20 : 400);
            n = n < len - at ? n : len - at;
            tp_sha256_update(&c256, m + at, n);
            tp_sha512_update(&c512, m + at, n);
            tp_blake2b_update(&b, m + at, n);
            at += n;
        }
        tp_sha256_final(&c256, got);
        crypto_hash_sha256(want, m, len);
        assert_memory_equal(got, want, 32);
        tp_sha512_final(&c512, got);
        crypto_hash_sha512(want, m, len);
        assert_memory_equal(got, want, 64);
        tp_blake2b_final(&b, got);
        crypto_generichash(want, 64, m, len, NULL, 0);
        assert_memory_equal(got, want, 64);
    }
}

/* The machine's own instructions and the portable code are the same function. */
static void test_backends_agree(void **state) {
    (void)state;
    uint64_t rng = 3;
    static uint8_t m[64 * 9];
    for (size_t blocks = 0; blocks <= 9; blocks++) {
        uint32_t a[8], b[8];
        test_random_bytes(&rng, m, sizeof m);
        test_random_bytes(&rng, a, sizeof a);
        memcpy(b, a, sizeof a);
        tp_sha256_blocks_portable(a, m, blocks);
        tp_sha256_blocks(b, m, blocks);
        assert_memory_equal(a, b, sizeof a);
    }
    if (!tp_sha256_has_ni()) print_message("# no SHA instructions here: portable only\n");
}

/* One to eight messages side by side, cut anywhere, hash as each alone. */
static void test_lanes(void **state) {
    (void)state;
    uint64_t rng = 4;
    enum { LEN = 700 };
    static uint8_t m[TP_LANES_MAX][LEN];
    for (size_t round = 0; round < 200; round++) {
        tp_sha512_ctx c[TP_LANES_MAX];
        uint8_t got[TP_LANES_MAX][64], want[64];
        size_t lanes = 1 + round % TP_LANES_MAX, len = round < 8 ? 128 * (round % 4) : round * 3;
        test_random_bytes(&rng, m, sizeof m);
        for (size_t i = 0; i < lanes; i++)
            tp_sha512_init(&c[i]);
        for (size_t at = 0; at < len;) {
            const void *p[TP_LANES_MAX];
            size_t n = 1 + test_random(&rng) % 300;
            if (n > len - at) n = len - at;
            for (size_t i = 0; i < lanes; i++)
                p[i] = m[i] + at;
            tp_sha512_update_lanes(c, lanes, p, n);
            at += n;
        }
        tp_sha512_final_lanes(c, lanes, got);
        for (size_t i = 0; i < lanes; i++) {
            crypto_hash_sha512(want, m[i], len);
            assert_memory_equal(got[i], want, 64);
        }
    }
    if (!tp_sha512_has_avx512()) print_message("# no AVX-512 here: portable only\n");
}

static void test_lane_backends_agree(void **state) {
    (void)state;
    uint64_t rng = 5, a[8][8], b[8][8], *pa[8], *pb[8];
    static uint8_t m[8][128 * 3];
    const uint8_t *p[8];
    for (size_t i = 0; i < 8; i++)
        pa[i] = a[i], pb[i] = b[i], p[i] = m[i];
    for (size_t blocks = 0; blocks <= 3; blocks++) {
        test_random_bytes(&rng, m, sizeof m);
        test_random_bytes(&rng, a, sizeof a);
        memcpy(b, a, sizeof a);
        tp_sha512_blocks8_portable(pa, p, blocks);
        tp_sha512_blocks8(pb, p, blocks);
        assert_memory_equal(a, b, sizeof a);
    }
}

static void test_context_is_wiped(void **state) {
    (void)state;
    static const uint8_t zero[sizeof(tp_sha512_ctx)];
    uint8_t out[64];
    tp_sha512_ctx c;
    tp_sha512_init(&c);
    tp_sha512_update(&c, "secret", 6);
    tp_sha512_final(&c, out);
    assert_memory_equal(&c, zero, sizeof c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fips_vectors),   cmocka_unit_test(test_million_a),
        cmocka_unit_test(test_all_lengths),    cmocka_unit_test(test_random_chunking),
        cmocka_unit_test(test_backends_agree), cmocka_unit_test(test_context_is_wiped),
        cmocka_unit_test(test_lanes),          cmocka_unit_test(test_lane_backends_agree),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
