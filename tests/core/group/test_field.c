/* GF(2^255-19) in the radix of this build: the vectors of RFC 9496 for square roots, the laws of a
 * field at the bounds of the limbs. spec: P-9 */
#include "core/group/field.h"
#include "tests/support/support.h"

static void assert_equal_fe(const fe *a, const fe *b) {
    uint8_t x[32], y[32];
    fe_to_bytes(x, a);
    fe_to_bytes(y, b);
    assert_memory_equal(x, y, 32);
    assert_int_equal(fe_equal(a, b), 1);
}

static void load(fe *o, const json_t *entry, const char *key) {
    size_t len;
    uint8_t *bytes = test_json_hex(entry, key, &len);
    assert_int_equal(len, 32);
    fe_from_bytes(o, bytes);
    free(bytes);
}

static void test_sqrt_ratio_vectors(void **state) {
    (void)state;
    json_t *vectors = test_spec_json("vectors/ristretto255.json"), *entry;
    size_t i;
    json_array_foreach(json_object_get(vectors, "sqrt_ratio"), i, entry) {
        fe u, v, want, got;
        load(&u, entry, "u"), load(&v, entry, "v"), load(&want, entry, "root");
        uint32_t square = tp_fe_sqrt_ratio(&got, &u, &v);
        assert_int_equal(square, json_is_true(json_object_get(entry, "square")));
        assert_equal_fe(&got, &want);
    }
    assert_int_equal(i, 6);
    json_decref(vectors);
}

/* Every limb at the highest value that tight allows, or at 0, or random. */
static fe edge_element(uint64_t *rng, int i) {
    fe a, high;
    uint8_t bytes[32];
    test_random_bytes(rng, bytes, 32);
    if (i % 4 == 1) memset(bytes, 0xff, 32);
    if (i % 4 == 2) memset(bytes, 0, 32), bytes[0] = (uint8_t)(i / 4);
    if (i % 4 == 3) memset(bytes, 0xff, 32), bytes[0] = (uint8_t)(0xed - 2 + i / 4 % 20);
    fe_from_bytes(&a, bytes);
    if (i % 4 != 0) return a;
    memset(bytes, 0xff, 32);
    fe_from_bytes(&high, bytes);
    for (size_t k = 0; k < sizeof a.v / sizeof a.v[0]; k++)
        if (test_random(rng) & 1) {
            a.v[k] = high.v[k];
            a.v[k] += (1 << 16) - 1;
        }
    return a;
}

static void test_field_laws(void **state) {
    (void)state;
    uint64_t rng = 1;
    for (int i = 0; i < 4000; i++) {
        fe a = edge_element(&rng, i), b = edge_element(&rng, i / 3), c = edge_element(&rng, i / 5);
        fe sum, difference, x, y, z;
        fe_add(&sum, &a, &b);
        fe_sub(&difference, &a, &b);
        fe_mul(&x, &sum, &difference); /* (a+b)(a-b) = a^2 - b^2 */
        fe_sqr(&y, &a), fe_sqr(&z, &b);
        fe_sub(&y, &y, &z);
        fe_carry(&y, &y);
        assert_equal_fe(&x, &y);
        fe_sub_loose(&x, &sum, &difference); /* (a+b) - (a-b) = 2b */
        fe_add(&y, &b, &b);
        fe_carry(&x, &x), fe_carry(&y, &y);
        assert_equal_fe(&x, &y);
        fe_mul(&x, &sum, &c); /* (a+b)c = ac + bc */
        fe_mul(&y, &a, &c), fe_mul(&z, &b, &c);
        fe_add(&y, &y, &z);
        fe_carry(&y, &y);
        assert_equal_fe(&x, &y);
        fe_sqr(&x, &difference), fe_mul(&y, &difference, &difference);
        assert_equal_fe(&x, &y);
        fe_neg(&x, &a);
        fe_add(&x, &x, &a);
        fe_carry(&x, &x);
        assert_int_equal(fe_is_zero(&x), 1);
    }
}

/* Canonical bytes of what is not canonical: p + k is k. */
static void test_bytes(void **state) {
    (void)state;
    for (int k = 0; k < 19; k++) {
        uint8_t in[32], out[32], want[32] = {(uint8_t)k};
        fe a, b;
        memset(in, 0xff, 32);
        in[0] = (uint8_t)(0xed + k);
        in[31] = 0x7f;
        fe_from_bytes(&a, in);
        fe_to_bytes(out, &a);
        assert_memory_equal(out, want, 32);
        in[31] = 0xff; /* bit 255 is not read */
        fe_from_bytes(&b, in);
        assert_equal_fe(&a, &b);
        assert_int_equal(fe_is_zero(&a), k == 0);
        assert_int_equal(fe_is_negative(&a), k & 1);
    }
}

static void test_bytes_round_trip(void **state) {
    (void)state;
    uint64_t rng = 2;
    for (int i = 0; i < 2000; i++) {
        uint8_t in[32], out[32];
        fe a;
        test_random_bytes(&rng, in, 32);
        if (i < 255) memset(in, 0, 32), in[i / 8] = (uint8_t)(1 << i % 8);
        in[31] &= 0x7f;
        fe_from_bytes(&a, in);
        fe_to_bytes(out, &a);
        assert_memory_equal(in, out, 32);
    }
}

static void test_inverse(void **state) {
    (void)state;
    enum { N = 33 };
    static const fe one = FE_ONE, zero = FE_ZERO;
    uint64_t rng = 3;
    fe a[N], r[N], spare[N];
    for (int i = 0; i < N; i++) {
        a[i] = edge_element(&rng, i);
        if (i == 7 || i == N - 1) a[i] = zero;
        r[i] = a[i];
    }
    tp_fe_invert_batch(r, N, spare);
    for (int i = 0; i < N; i++) {
        fe alone, product;
        tp_fe_invert(&alone, &a[i]);
        assert_equal_fe(&alone, &r[i]);
        fe_mul(&product, &alone, &a[i]);
        assert_equal_fe(&product, fe_is_zero(&a[i]) ? &zero : &one);
    }
}

static void test_sqrt_ratio_laws(void **state) {
    (void)state;
    static const fe sqrt_m1 = FE_SQRT_M1;
    uint64_t rng = 4;
    int squares = 0;
    for (int i = 0; i < 200; i++) {
        fe u = edge_element(&rng, 4 * i), v = edge_element(&rng, 4 * i), r, left, right;
        uint32_t square = tp_fe_sqrt_ratio(&r, &u, &v);
        fe_sqr(&left, &r);
        fe_mul(&left, &left, &v);
        fe_mul(&right, &u, &sqrt_m1);
        assert_equal_fe(&left, square ? &u : &right);
        assert_int_equal(fe_is_negative(&r), 0);
        squares += (int)square;
    }
    assert_true(squares > 50 && squares < 150);
}

/* RFC 9496 section 4.1 by definition: d = -121665/121666, and the roots squared. */
static void test_constants(void **state) {
    (void)state;
    static const fe one = FE_ONE, d = FE_D, d2 = FE_2D, sqrt_m1 = FE_SQRT_M1, minus_d = FE_MINUS_D,
                    minus_one = FE_MINUS_ONE, one_minus_d_sq = FE_ONE_MINUS_D_SQ,
                    d_minus_one_sq = FE_D_MINUS_ONE_SQ, sqrt_ad_minus_one = FE_SQRT_AD_MINUS_ONE,
                    invsqrt_a_minus_d = FE_INVSQRT_A_MINUS_D;
    const uint8_t n121665[32] = {0x41, 0xdb, 1}, n121666[32] = {0x42, 0xdb, 1};
    fe a, b, x, y;
    fe_from_bytes(&a, n121665), fe_from_bytes(&b, n121666);
    fe_mul(&x, &d, &b);
    fe_neg(&a, &a);
    assert_equal_fe(&x, &a);
    fe_add(&x, &d, &d), fe_carry(&x, &x);
    assert_equal_fe(&x, &d2);
    fe_neg(&x, &d);
    assert_equal_fe(&x, &minus_d);
    fe_sqr(&x, &sqrt_m1);
    assert_equal_fe(&x, &minus_one);
    fe_sqr(&x, &d);
    fe_sub(&x, &one, &x), fe_carry(&x, &x);
    assert_equal_fe(&x, &one_minus_d_sq);
    fe_sub(&x, &d, &one);
    fe_sqr(&x, &x);
    assert_equal_fe(&x, &d_minus_one_sq);
    fe_add(&x, &d, &one), fe_carry(&x, &x), fe_neg(&x, &x); /* a - d and ad - 1 are -d - 1 */
    fe_sqr(&y, &sqrt_ad_minus_one);
    assert_equal_fe(&x, &y);
    fe_sqr(&y, &invsqrt_a_minus_d);
    fe_mul(&x, &x, &y);
    assert_equal_fe(&x, &one);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sqrt_ratio_vectors),
        cmocka_unit_test(test_field_laws),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_bytes_round_trip),
        cmocka_unit_test(test_inverse),
        cmocka_unit_test(test_sqrt_ratio_laws),
        cmocka_unit_test(test_constants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
