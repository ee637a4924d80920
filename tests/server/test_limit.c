/* Token buckets by address: requirement J-13 of spec/11. */
#include <sodium.h>

#include "server/limit.h"
#include "tests/support/support.h"

static void v4(uint8_t out[16], uint8_t last) {
    const uint8_t base[16] = {[10] = 0xff, [11] = 0xff, [12] = 203, [13] = 0, [14] = 113};
    memcpy(out, base, 16);
    out[15] = last;
}

static void test_bucket(void **state) {
    (void)state;
    uint8_t a[16], b[16];
    tp_limit *l = tp_limit_new(3, 2000);
    v4(a, 1);
    v4(b, 2);
    for (int i = 0; i < 3; i++)
        assert_int_equal(tp_limit_take(l, a, 1000), 0);
    assert_int_equal(tp_limit_take(l, a, 1000), 2);
    assert_int_equal(tp_limit_take(l, a, 2500), 1);
    assert_int_equal(tp_limit_take(l, b, 1000), 0); /* another address */
    assert_int_equal(tp_limit_take(l, a, 3000), 0); /* one is back */
    assert_int_equal(tp_limit_take(l, a, 3000), 2);
    for (int i = 0; i < 3; i++)
        assert_int_equal(tp_limit_take(l, a, 100000), 0); /* never more than the burst */
    assert_int_equal(tp_limit_take(l, a, 100000), 2);
    tp_limit_free(l);
    tp_limit_free(NULL);
}

/* An IPv6 host has 2^64 addresses: they are one. */
static void test_v6(void **state) {
    (void)state;
    uint8_t a[16] = {0x20, 1, 0xd, 0xb8}, b[16] = {0x20, 1, 0xd, 0xb8, [15] = 9},
            c[16] = {0x20, 1, 0xd, 0xb8, [7] = 1};
    tp_limit *l = tp_limit_new(1, 1000);
    assert_int_equal(tp_limit_take(l, a, 1), 0);
    assert_int_equal(tp_limit_take(l, b, 1), 1);
    assert_int_equal(tp_limit_take(l, c, 1), 0);
    tp_limit_free(l);
}

/* A flood of addresses takes no more memory, and only who is quiet is forgotten. */
static void test_flood(void **state) {
    (void)state;
    uint8_t a[16], other[16] = {0x20, 2};
    tp_limit *l = tp_limit_new(1000, 1000);
    v4(a, 1);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(tp_limit_take(l, a, 1), 0);
    for (uint32_t i = 0; i < 300000; i++) {
        memcpy(other + 2, &i, 4);
        assert_int_equal(tp_limit_take(l, other, 1), 0);
    }
    assert_true(tp_limit_take(l, a, 1) > 0);
    tp_limit_free(l);
}

int main(void) {
    if (sodium_init() < 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bucket),
        cmocka_unit_test(test_v6),
        cmocka_unit_test(test_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
