/* A8: the number of proofs comes from the contest, never from the ballot: n - 1, n + 1, 0 and 2^32
 * options are refused before any arithmetic. spec: B-12.
 */
#include "tests/core/proof/fixture.h"

static void test_lengths(void **state) {
    (void)state;
    contest *c = contest_new(6, 0, 2, 1);
    assert_int_equal(contest_vote(c, 2), TP_OK);
    const uint64_t options[] = {0, 5, 7, 12, (uint64_t)1 << 32};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        uint64_t n = options[i], len = 32 * ((n + 1) / 2 + 7 + n + 2 + 4);
        if (len > SIZE_MAX) continue;
        assert_int_equal(
            tp_sum_verify_var(c->proof, (size_t)len, &c->context, &c->bases, c->scratch),
            TP_MALFORMED);
    }
    assert_int_equal(contest_check(c), TP_OK);
    contest_free(c);
}

/* A proof for n options offered where n - 1 or n + 1 are asked. */
static void test_other_contest(void **state) {
    (void)state;
    contest *c = contest_new(6, 0, 2, 2);
    assert_int_equal(contest_vote(c, 2), TP_OK);
    const tp_sum_shape good = c->context.shape;
    const int change[] = {-1, 1};
    for (size_t i = 0; i < 2; i++) {
        c->context.shape.n = (uint16_t)(good.n + change[i]);
        assert_int_equal(contest_check(c), TP_MALFORMED);
        c->context.shape = good;
        c->context.shape.b = (uint16_t)(good.b + change[i]);
        assert_int_equal(contest_check(c), TP_MALFORMED);
        c->context.shape = good;
    }
    c->context.shape = (tp_sum_shape){6, 3, 2}; /* no shape at all */
    assert_int_equal(contest_check(c), TP_REFUSED);
    contest_free(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_other_contest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
