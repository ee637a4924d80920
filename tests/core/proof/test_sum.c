/* The ballot proof: right, tampered by one bit, wrong length; single and batch always agree.
 * spec: B-6..B-16.
 */
#include "tests/core/proof/fixture.h"

/* Every way to check c->proof gives the same answer. */
static tp_err check(contest *c) {
    tp_err single = contest_check(c);
    assert_int_equal(contest_check_batch(c, 1, false), single);
    assert_int_equal(contest_check_batch(c, 3, true), single);
    return single;
}

static void test_complete(void **state) {
    (void)state;
    const uint16_t shapes[][3] = {{1, 0, 1}, {1, 1, 1}, {2, 0, 1}, {3, 0, 2},   {3, 3, 3},
                                  {4, 1, 3}, {5, 2, 4}, {9, 0, 9}, {66, 0, 12}, {155, 0, 1}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        contest *c = contest_new(shapes[i][0], shapes[i][1], shapes[i][2], i);
        for (size_t k = 0; k <= shapes[i][0] && k < 14; k++) {
            bool allowed = k >= shapes[i][1] && k <= shapes[i][2];
            assert_int_equal(contest_vote(c, k), allowed ? TP_OK : TP_REFUSED);
            if (allowed) assert_int_equal(check(c), TP_OK);
        }
        contest_free(c);
    }
}

static void test_shapes(void **state) {
    (void)state;
    const tp_sum_shape bad[] = {{0, 0, 0}, {3, 0, 0},     {3, 0, 4},      {3, 2, 1},
                                {0, 0, 1}, {600, 0, 600}, {1025, 1, 1025}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(tp_sum_shape_check(&bad[i]), TP_REFUSED);
    const tp_sum_shape edge = {512, 0, 512};
    assert_int_equal(tp_sum_shape_check(&edge), TP_OK);
    const tp_sum_shape senate = {66, 0, 12}, party = {155, 0, 1};
    assert_int_equal(tp_sum_len(&senate) + tp_sum_len(&party), 11744);
}

static void test_refused_choices(void **state) {
    (void)state;
    contest *c = contest_new(5, 1, 3, 1);
    const uint8_t bad[][5] = {{2, 0, 0, 0, 0},   {1, 1, 1, 1, 0}, {0, 0, 0, 0, 0},
                              {255, 0, 0, 0, 0}, {0, 0, 0, 0, 3}, {128, 1, 0, 0, 0}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        memcpy(c->choices, bad[i], 5);
        memset(c->proof, 1, c->len);
        assert_int_equal(contest_prove(c), TP_REFUSED);
        for (size_t j = 0; j < c->len; j++)
            assert_int_equal(c->proof[j], 0);
        assert_true(tp_scalar_is_zero(&c->r));
    }
    contest_free(c);
}

/* One bit of each 32-byte field in turn. */
static void test_tampered(void **state) {
    (void)state;
    contest *c = contest_new(5, 1, 3, 2);
    assert_int_equal(contest_vote(c, 2), TP_OK);
    for (size_t at = 0; at < c->len; at += 32) {
        for (unsigned bit = 0; bit < 256; bit += 51) {
            c->proof[at + bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_not_equal(check(c), TP_OK);
            c->proof[at + bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    assert_int_equal(check(c), TP_OK);
    contest_free(c);
}

static void test_lengths_and_encodings(void **state) {
    (void)state;
    contest *c = contest_new(4, 0, 2, 3);
    assert_int_equal(contest_vote(c, 1), TP_OK);
    const size_t lens[] = {0, 1, 31, 32, c->len - 32, c->len - 1, c->len + 1};
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++)
        assert_int_equal(tp_sum_verify_var(c->proof, lens[i], &c->context, &c->bases, c->scratch),
                         TP_MALFORMED);
    uint8_t *good = test_aligned(c->len);
    memcpy(good, c->proof, c->len);
    memset(c->proof, 0, 32); /* R = identity */
    assert_int_equal(check(c), TP_MALFORMED);
    memcpy(c->proof, good, c->len);
    for (size_t i = 0; i < c->len / 32; i++) { /* no canonical point or scalar has these bytes */
        memset(c->proof + 32 * i, 0xff, 32);
        assert_int_equal(check(c), TP_MALFORMED);
        memcpy(c->proof, good, c->len);
    }
    free(good);
    contest_free(c);
}

static void test_deterministic_and_hedged(void **state) {
    (void)state;
    contest *c = contest_new(4, 0, 2, 4);
    uint8_t *first = test_aligned(c->len);
    assert_int_equal(contest_vote(c, 1), TP_OK);
    memcpy(first, c->proof, c->len);
    assert_int_equal(contest_vote(c, 1), TP_OK);
    assert_memory_equal(first, c->proof, c->len);
    assert_int_equal(contest_vote(c, 2), TP_OK); /* same random bytes, other choices: new R */
    assert_memory_not_equal(first, c->proof, 32);
    c->context.sequence++;
    assert_int_equal(contest_vote(c, 1), TP_OK);
    assert_memory_not_equal(first, c->proof, 32);
    free(first);
    contest_free(c);
}

static void test_open(void **state) {
    (void)state;
    uint64_t rng = 5;
    for (uint16_t n = 1; n <= 7; n++) {
        contest *c = contest_new(n, 0, n, n);
        uint8_t seen[7];
        for (size_t j = 0; j < n; j++)
            c->choices[j] = test_random(&rng) & 1;
        assert_int_equal(contest_prove(c), TP_OK);
        assert_int_equal(tp_sum_open_var(seen, c->proof, &c->r, &c->context.shape, c->keys), TP_OK);
        assert_memory_equal(seen, c->choices, n);
        tp_scalar other = test_scalar(&rng);
        assert_int_equal(tp_sum_open_var(seen, c->proof, &other, &c->context.shape, c->keys),
                         TP_INVALID);
        memcpy(c->proof + 32, c->proof, 32); /* C_1 replaced by R */
        assert_int_equal(tp_sum_open_var(seen, c->proof, &c->r, &c->context.shape, c->keys),
                         TP_INVALID);
        contest_free(c);
    }
}

enum { BALLOTS = 150 };

/* spec: K-7, K-8 */
static void test_totals(void **state) {
    (void)state;
    contest *c = contest_new(5, 0, 5, 6);
    uint64_t rng = 6;
    tp_point total[4], one[4], d[3];
    uint32_t expect[5] = {0}, found[5];
    for (size_t i = 0; i < 4; i++)
        tp_point_identity(&total[i]);
    for (size_t i = 0; i < BALLOTS; i++) {
        for (size_t j = 0; j < 5; j++) {
            c->choices[j] = j == 4 || (j != 2 && (test_random(&rng) & 1));
            expect[j] += c->choices[j];
        }
        c->context.sequence = i;
        assert_int_equal(contest_prove(c), TP_OK);
        assert_int_equal(tp_points_decode_var(one, tp_rows(c->proof), 4, NULL), TP_OK);
        tp_sum_aggregate_var(total, one, &c->context.shape);
    }
    for (size_t k = 0; k < 3; k++)
        tp_points_mul(&d[k], &c->x[k], &total[0], 1);
    void *table = test_aligned(tp_totals_table_size(BALLOTS + 50));
    tp_totals_table_var(table, BALLOTS + 50);
    const tp_sum_shape *shape = &c->context.shape;
    assert_int_equal(tp_sum_totals_var(found, total + 1, d, shape, BALLOTS, table), TP_OK);
    assert_memory_equal(found, expect, sizeof found);
    /* option 5 has every vote: fewer ballots cannot explain it */
    assert_int_equal(tp_sum_totals_var(found, total + 1, d, shape, BALLOTS - 1, table), TP_INVALID);
    assert_int_equal(tp_sum_totals_var(found, total + 1, d, shape, BALLOTS + 51, table),
                     TP_REFUSED);
    tp_points_mul(&d[1], &c->x[0], &total[0], 1); /* the wrong factor */
    assert_int_equal(tp_sum_totals_var(found, total + 1, d, shape, BALLOTS, table), TP_INVALID);
    free(table);
    contest_free(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_complete),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_refused_choices),
        cmocka_unit_test(test_tampered),
        cmocka_unit_test(test_lengths_and_encodings),
        cmocka_unit_test(test_deterministic_and_hedged),
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_totals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
