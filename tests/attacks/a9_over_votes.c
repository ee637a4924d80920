/* A9: 13 of 12, an option worth 2 or -1, two parties: the client refuses to prove them, and a
 * client that proves them anyway is refused by every verifier. spec: B-8, B-13.
 */
#include "tests/attacks/forge.h"

/* A dishonest client: the first options have these values, slack fills up to b as far as it can
 * with bits, and `last` is the value of the last slack bit if there is one. */
static tp_err cast(uint16_t n, uint16_t a, uint16_t b, const int *values, size_t count, int last) {
    contest *c = contest_new(n, a, b, n);
    tp_scalar *v = test_aligned(c->m * sizeof *v);
    int sum = 0;
    for (size_t j = 0; j < c->m; j++) {
        int value = j < count ? values[j] : j >= n && sum < b;
        if (last && j == c->m - 1) value = last;
        v[j] = forge_value(value);
        sum += value;
    }
    forge(c, &(forgery){.against = SOUND, .v = v});
    tp_err err = forge_check(c);
    free(v);
    contest_free(c);
    return err;
}

static void test_forged(void **state) {
    (void)state;
    const int many[13] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, two[] = {2}, minus[] = {-1, 1, 1},
              pair[] = {1, 1}, second[] = {0, 2}, swap[] = {2, -1}, third[] = {0, 0, 2};
    assert_int_equal(cast(66, 0, 12, many, 12, 0), TP_OK); /* the forger can also be honest */
    assert_int_equal(cast(66, 0, 12, many, 13, 0), TP_INVALID);
    assert_int_equal(cast(66, 0, 12, many, 13, -1), TP_INVALID); /* slack mends the sum */
    assert_int_equal(cast(66, 0, 12, two, 1, 0), TP_INVALID);
    assert_int_equal(cast(66, 0, 12, minus, 3, 0), TP_INVALID);
    assert_int_equal(cast(155, 0, 1, pair, 1, 0), TP_OK);
    assert_int_equal(cast(155, 0, 1, pair, 2, 0), TP_INVALID);
    assert_int_equal(cast(155, 0, 1, pair, 2, -1), TP_INVALID);
    assert_int_equal(cast(155, 0, 1, two, 1, -1), TP_INVALID);
    assert_int_equal(cast(3, 0, 2, third, 3, 0), TP_INVALID); /* odd n: the lone option */
    assert_int_equal(cast(4, 0, 2, second, 2, 0), TP_INVALID);
    assert_int_equal(cast(4, 1, 1, swap, 2, 0), TP_INVALID); /* no slack, sum right */
    assert_int_equal(cast(4, 2, 3, two, 0, 0), TP_INVALID);  /* too few */
}

/* A bit hidden where odd n leaves room in the last point: W is zero there. */
static void test_odd_padding(void **state) {
    (void)state;
    contest *c = contest_new(3, 0, 3, 1);
    assert_int_equal(contest_vote(c, 1), TP_OK);
    tp_point extra;
    tp_scalar pack = forge_value(1 << 24);
    assert_int_equal(tp_points_decode_var(&extra, tp_rows(c->proof) + 2, 1, NULL), TP_OK);
    tp_point m;
    tp_points_mul_base(&m, &pack, 1);
    tp_point_add(&extra, &extra, &m);
    tp_points_encode((uint8_t(*)[32])c->proof + 2, &extra, 1);
    assert_int_equal(forge_check(c), TP_INVALID);
    contest_free(c);
}

static void test_client_refuses(void **state) {
    (void)state;
    contest *c = contest_new(66, 0, 12, 2);
    assert_int_equal(contest_vote(c, 12), TP_OK);
    assert_int_equal(contest_vote(c, 13), TP_REFUSED);
    memset(c->choices, 0, 66);
    c->choices[5] = 2;
    assert_int_equal(contest_prove(c), TP_REFUSED);
    c->choices[5] = 255;
    assert_int_equal(contest_prove(c), TP_REFUSED);
    contest_free(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forged),
        cmocka_unit_test(test_odd_padding),
        cmocka_unit_test(test_client_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
