/* The toy group is a group, and behaves as group.h says: exhaustively. */
#include "tests/support/support.h"
#include "tests/toy/toy_group.h"

static void test_scalars_are_a_field(void **state) {
    (void)state;
    for (unsigned a = 0; a < TOY_ORDER; a++) {
        tp_scalar x = toy_scalar(a), inverse, product;
        tp_scalar_invert(&inverse, &x);
        tp_scalar_mul(&product, &x, &inverse);
        assert_int_equal(tp_scalar_equal(&product, a ? &tp_scalar_one : &tp_scalar_zero), 1);
        for (unsigned b = 0; b < TOY_ORDER; b++) {
            tp_scalar y = toy_scalar(b), sum, difference;
            tp_scalar_add(&sum, &x, &y);
            tp_scalar_sub(&difference, &sum, &y);
            assert_int_equal(tp_scalar_equal(&difference, &x), 1);
            assert_int_equal(tp_scalar_equal(&x, &y), a == b);
        }
    }
}

static void test_points_follow_their_logarithms(void **state) {
    (void)state;
    for (unsigned a = 0; a < TOY_ORDER; a++)
        for (unsigned b = 0; b < TOY_ORDER; b++) {
            tp_scalar s = toy_scalar(a);
            tp_point p = toy_point(b), q, r, s_half;
            uint8_t bytes[1][32];
            tp_points_mul(&q, &s, &p, 1);
            assert_int_equal(toy_log(&q), a * b % TOY_ORDER);
            tp_points_mul_base(&r, &s, 1);
            assert_int_equal(toy_log(&r), a);
            tp_point_add(&q, &r, &p);
            assert_int_equal(toy_log(&q), (a + b) % TOY_ORDER);
            tp_scalar_half(&s, &s);
            tp_points_mul_base(&s_half, &s, 1);
            tp_points_encode_double(bytes, &s_half, 1);
            assert_int_equal(bytes[0][0], a);
            tp_point_sub(&q, &q, &p);
            assert_int_equal(tp_point_equal(&q, &r), 1);
        }
}

static void test_encodings(void **state) {
    (void)state;
    for (unsigned v = 0; v < 65536; v++) {
        uint8_t bytes[1][32] = {{(uint8_t)v, (uint8_t)(v >> 8)}}, again[1][32];
        tp_point p;
        tp_err err = tp_points_decode_var(&p, (const uint8_t(*)[32])bytes, 1, NULL);
        assert_int_equal(err, v < TOY_ORDER ? TP_OK : TP_MALFORMED);
        if (err) continue;
        assert_int_equal(toy_log(&p), v);
        tp_points_encode(again, &p, 1);
        assert_memory_equal(again, bytes, 32);
        bytes[0][31] = 1;
        assert_int_equal(tp_points_decode_var(&p, (const uint8_t(*)[32])bytes, 1, NULL),
                         TP_MALFORMED);
    }
}

/* Scalars of 128 bits, as batch verification draws them, are read modulo the order. */
static void test_short_scalars_are_reduced(void **state) {
    (void)state;
    tp_scalar s = {{5, 1, 0, 0}}; /* 2^64 + 5 */
    tp_point base, p;
    uint64_t power = 1;
    for (int i = 0; i < 64; i++)
        power = power * 2 % TOY_ORDER;
    tp_point_base(&base);
    tp_msm_var(&p, &s, &base, 1, 128, NULL);
    assert_int_equal(toy_log(&p), (power + 5) % TOY_ORDER);
}

static void test_select(void **state) {
    (void)state;
    assert_int_equal(tp_group_select("toy"), TP_OK);
    assert_int_equal(tp_group_select(NULL), TP_OK);
    assert_int_equal(tp_group_select("portable"), TP_REFUSED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalars_are_a_field),
        cmocka_unit_test(test_points_follow_their_logarithms),
        cmocka_unit_test(test_encodings),
        cmocka_unit_test(test_short_scalars_are_reduced),
        cmocka_unit_test(test_select),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
