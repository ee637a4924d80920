/* Scalars modulo L: against libsodium, at the edges, and by the laws of a field. spec: P-9, P-10 */
#include <sodium.h>

#include "tests/core/group/group_support.h"

enum { CASES = 2000 };

static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                  0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                  0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};

static void assert_bytes(const tp_scalar *got, const uint8_t want[static 32]) {
    uint8_t bytes[32];
    tp_scalar_encode(bytes, got);
    assert_memory_equal(bytes, want, 32);
}

static void test_decode_is_canonical(void **state) {
    (void)state;
    uint8_t bytes[32], again[32];
    tp_scalar s;
    memcpy(bytes, order, 32);
    assert_int_equal(tp_scalar_decode(&s, bytes), TP_MALFORMED);
    assert_int_equal(tp_scalar_is_zero(&s), 1);
    bytes[0]--;
    assert_int_equal(tp_scalar_decode(&s, bytes), TP_OK);
    tp_scalar_encode(again, &s);
    assert_memory_equal(again, bytes, 32);
    bytes[0] = 0xee;
    assert_int_equal(tp_scalar_decode(&s, bytes), TP_MALFORMED);
    memset(bytes, 0xff, 32);
    assert_int_equal(tp_scalar_decode(&s, bytes), TP_MALFORMED);
    memcpy(bytes, order, 32);
    bytes[0]--;
    for (int bit = 253; bit < 256; bit++) { /* L - 1 with a high bit set */
        bytes[31] = (uint8_t)(0x10 | 1 << (bit - 248));
        assert_int_equal(tp_scalar_decode(&s, bytes), TP_MALFORMED);
    }
    memset(bytes, 0, 32);
    bytes[16] = 1; /* above L's zero words, below L */
    assert_int_equal(tp_scalar_decode(&s, bytes), TP_OK);
    bytes[31] = 0x10;
    assert_int_equal(tp_scalar_decode(&s, bytes), TP_MALFORMED);
}

static void test_decode_array_names_the_first_bad(void **state) {
    (void)state;
    uint8_t in[5][32] = {{1}, {2}, {3}, {4}, {5}};
    tp_scalar out[5];
    size_t bad = 99;
    assert_int_equal(tp_scalars_decode(out, (const_encodings)in, 5, &bad), TP_OK);
    assert_int_equal(bad, 99);
    assert_int_equal(out[4].limb[0], 5);
    memcpy(in[2], order, 32);
    memcpy(in[4], order, 32);
    assert_int_equal(tp_scalars_decode(out, (const_encodings)in, 5, &bad), TP_MALFORMED);
    assert_int_equal(bad, 2);
    for (int i = 0; i < 5; i++)
        assert_int_equal(tp_scalar_is_zero(&out[i]), 1);
    assert_int_equal(tp_scalars_decode(out, (const_encodings)in, 5, NULL), TP_MALFORMED);
    assert_int_equal(tp_scalars_decode(out, (const_encodings)in, 0, NULL), TP_OK);
}

static void test_wide_against_libsodium(void **state) {
    (void)state;
    uint64_t rng = 1;
    for (int i = 0; i < CASES; i++) {
        uint8_t wide[64], want[32];
        tp_scalar s;
        test_random_bytes(&rng, wide, 64);
        if (i < 64) memset(wide, i % 2 ? 0xff : 0, (size_t)i + 1);
        if (i == 64) memset(wide, 0xff, 64);
        if (i == 65) memset(wide, 0, 64), memcpy(wide, order, 32);
        if (i == 66) memset(wide, 0, 64), memcpy(wide + 32, order, 32);
        crypto_core_ristretto255_scalar_reduce(want, wide);
        tp_scalar_wide(&s, wide);
        assert_bytes(&s, want);
    }
}

static void test_operations_against_libsodium(void **state) {
    (void)state;
    uint64_t rng = 2;
    for (size_t i = 0; i < CASES; i++) {
        tp_scalar a = edge_scalar(i % 40, &rng), b = edge_scalar(i / 40, &rng), c, r;
        uint8_t x[32], y[32], z[32], want[32];
        c = random_scalar(&rng);
        tp_scalar_encode(x, &a), tp_scalar_encode(y, &b), tp_scalar_encode(z, &c);
        crypto_core_ristretto255_scalar_add(want, x, y);
        tp_scalar_add(&r, &a, &b);
        assert_bytes(&r, want);
        crypto_core_ristretto255_scalar_sub(want, x, y);
        tp_scalar_sub(&r, &a, &b);
        assert_bytes(&r, want);
        crypto_core_ristretto255_scalar_negate(want, x);
        tp_scalar_neg(&r, &a);
        assert_bytes(&r, want);
        crypto_core_ristretto255_scalar_mul(want, x, y);
        tp_scalar_mul(&r, &a, &b);
        assert_bytes(&r, want);
        crypto_core_ristretto255_scalar_add(want, want, z);
        tp_scalar_muladd(&r, &a, &b, &c);
        assert_bytes(&r, want);
        assert_int_equal(tp_scalar_equal(&a, &b), memcmp(x, y, 32) == 0);
    }
}

static void test_invert(void **state) {
    (void)state;
    uint64_t rng = 3;
    for (size_t i = 0; i < 30; i++) {
        tp_scalar a = edge_scalar(i, &rng), r, product;
        tp_scalar_invert(&r, &a);
        tp_scalar_mul(&product, &r, &a);
        assert_int_equal(tp_scalar_equal(&product, i ? &tp_scalar_one : &tp_scalar_zero), 1);
        tp_scalar_invert(&a, &a); /* in place */
        assert_int_equal(tp_scalar_equal(&a, &r), 1);
    }
}

static void test_half(void **state) {
    (void)state;
    uint64_t rng = 6;
    tp_scalar a[60], half[60], twice;
    for (size_t i = 0; i < 60; i++)
        a[i] = edge_scalar(i, &rng);
    tp_scalars_half(half, a, 60);
    for (size_t i = 0; i < 60; i++) {
        tp_scalar_add(&twice, &half[i], &half[i]);
        assert_memory_equal(&twice, &a[i], sizeof twice);
    }
}

static void test_select_and_zero(void **state) {
    (void)state;
    uint64_t rng = 4;
    tp_scalar a = random_scalar(&rng), b = random_scalar(&rng), r;
    tp_scalar_select(&r, &a, &b, 1);
    assert_int_equal(tp_scalar_equal(&r, &a), 1);
    tp_scalar_select(&r, &a, &b, 0);
    assert_int_equal(tp_scalar_equal(&r, &b), 1);
    assert_int_equal(tp_scalar_is_zero(&r), 0);
    assert_int_equal(tp_scalar_is_zero(&tp_scalar_zero), 1);
    tp_scalar_from_u64(&r, UINT64_MAX);
    assert_int_equal(r.limb[0], UINT64_MAX);
    assert_int_equal(r.limb[1] | r.limb[2] | r.limb[3], 0);
}

static void check_arrays(size_t n, uint64_t *rng) {
    enum { MAX = 70 };
    tp_scalar a[MAX], b[MAX], c[MAX], got[MAX], want, dot = tp_scalar_zero, sum = tp_scalar_zero;
    for (size_t i = 0; i < n; i++) {
        a[i] = edge_scalar(i, rng), b[i] = random_scalar(rng), c[i] = random_scalar(rng);
        tp_scalar_muladd(&dot, &a[i], &b[i], &dot);
        tp_scalar_add(&sum, &sum, &a[i]);
    }
    const tp_scalar k = random_scalar(rng);
    tp_scalars_mul(got, a, b, n);
    for (size_t i = 0; i < n; i++) {
        tp_scalar_mul(&want, &a[i], &b[i]);
        assert_memory_equal(&got[i], &want, sizeof want);
    }
    tp_scalars_muladd(got, a, b, c, n);
    for (size_t i = 0; i < n; i++) {
        tp_scalar_muladd(&want, &a[i], &b[i], &c[i]);
        assert_memory_equal(&got[i], &want, sizeof want);
    }
    tp_scalars_scale(got, a, &k, n);
    for (size_t i = 0; i < n; i++) {
        tp_scalar_mul(&want, &a[i], &k);
        assert_memory_equal(&got[i], &want, sizeof want);
    }
    tp_scalars_scale_add(got, a, &k, c, n);
    for (size_t i = 0; i < n; i++) {
        tp_scalar_muladd(&want, &a[i], &k, &c[i]);
        assert_memory_equal(&got[i], &want, sizeof want);
    }
    memcpy(got, a, n * sizeof *a); /* in place, and with the factor inside the output */
    tp_scalars_scale_add(got, got, n ? &got[n - 1] : &k, c, n);
    for (size_t i = 0; i < n; i++) {
        tp_scalar_muladd(&want, &a[i], &a[n - 1], &c[i]);
        assert_memory_equal(&got[i], &want, sizeof want);
    }
    tp_scalars_dot(&want, a, b, n);
    assert_memory_equal(&want, &dot, sizeof want);
    tp_scalars_sum(&want, a, n);
    assert_memory_equal(&want, &sum, sizeof want);
    tp_scalars_powers(got, &k, n);
    want = tp_scalar_one;
    for (size_t i = 0; i < n; i++) {
        tp_scalar_mul(&want, &want, &k);
        assert_memory_equal(&got[i], &want, sizeof want);
    }
}

static void test_arrays(void **state) {
    (void)state;
    uint64_t rng = 5;
    FOR_EACH_BACKEND {
        for (size_t n = 0; n <= 40; n++)
            check_arrays(n, &rng);
        check_arrays(70, &rng);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode_is_canonical),
        cmocka_unit_test(test_decode_array_names_the_first_bad),
        cmocka_unit_test(test_wide_against_libsodium),
        cmocka_unit_test(test_operations_against_libsodium),
        cmocka_unit_test(test_invert),
        cmocka_unit_test(test_half),
        cmocka_unit_test(test_select_and_zero),
        cmocka_unit_test(test_arrays),
    };
    if (sodium_init() < 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
