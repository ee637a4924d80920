/* The ballot proof over the toy group (order 101): every vote of every small shape is accepted, and
 * every false vector is accepted with no more than the probability that the soundness argument of
 * chapter 4b allows in a group of that order. spec: B-13, chapter 4b (soundness).
 */
#include "tests/attacks/forge.h"
#include "tests/toy/toy_group.h"

/* All 2^n choices; those in range prove and verify, one by one and in a batch. */
static size_t walk_choices(uint16_t n, uint16_t a, uint16_t b) {
    contest *c = contest_new(n, a, b, 10u * n + b);
    size_t proved = 0;
    for (unsigned set = 0; set < 1u << n; set++) {
        size_t count = 0;
        for (size_t j = 0; j < n; j++)
            count += c->choices[j] = set >> j & 1;
        tp_err err = contest_prove(c);
        assert_int_equal(err, count >= a && count <= b ? TP_OK : TP_REFUSED);
        if (err != TP_OK) continue;
        bool clear = c->proof[0] == 0; /* r = 0, once in 101 here: refused as it must be */
        assert_int_equal(contest_check(c), clear ? TP_MALFORMED : TP_OK);
        assert_int_equal(contest_check_batch(c, 2, true), clear ? TP_MALFORMED : TP_OK);
        proved++;
    }
    contest_free(c);
    return proved;
}

static void test_complete(void **state) {
    (void)state;
    size_t proved = 0;
    for (uint16_t n = 1; n <= 6; n++)
        for (uint16_t b = 1; b <= n; b++)
            for (uint16_t a = 0; a <= b; a++)
                proved += walk_choices(n, a, b);
    assert_true(proved > 900);
}

typedef struct {
    size_t sum_right, sum_right_passed; /* false vectors whose sum is b */
    size_t sum_wrong, sum_wrong_passed;
    size_t bits, bits_passed;
} tally;

static void try_vector(contest *c, const tp_scalar *v, tally *t) {
    unsigned sum = 0;
    bool bits = true;
    for (size_t j = 0; j < c->m; j++) {
        sum += (unsigned)v[j].limb[0];
        bits &= v[j].limb[0] <= 1;
    }
    bool right = sum % TOY_ORDER == c->context.shape.b;
    c->context.sequence++;
    forge(c, &(forgery){.against = SOUND, .v = v});
    if (c->proof[0] == 0) return; /* R = 0 */
    bool passed = contest_check(c) == TP_OK;
    assert_int_equal(passed, forge_verify(c, SOUND) == TP_OK);
    size_t *of = bits && right ? &t->bits : right ? &t->sum_right : &t->sum_wrong;
    of[0]++, of[1] += passed;
}

/* All vectors of m values in 0..100. */
static tally walk_values(uint16_t n, uint16_t a, uint16_t b) {
    contest *c = contest_new(n, a, b, n);
    tally t = {0};
    tp_scalar v[3];
    size_t all = 1;
    for (size_t j = 0; j < c->m; j++)
        all *= TOY_ORDER;
    for (size_t i = 0; i < all; i++) {
        size_t rest = i;
        for (size_t j = 0; j < c->m; j++, rest /= TOY_ORDER)
            v[j] = toy_scalar(rest % TOY_ORDER);
        try_vector(c, v, &t);
    }
    contest_free(c);
    return t;
}

/* A false vector passes if c = 0, or if eta is a root of a polynomial of degree m: chance at most
 * (m + 1)/101 up to rounding; a wrong sum only if c = 0: 1/101. Twice that and a few leaves room
 * for the spread of the counts, not for a hole. */
static void check_tally(tally t, size_t m) {
    assert_true(t.bits > 0 && t.bits_passed == t.bits);
    assert_true(t.sum_right_passed <= 2 * (m + 1) * t.sum_right / TOY_ORDER + 5);
    assert_true(t.sum_wrong_passed <= 2 * t.sum_wrong / TOY_ORDER + 5);
    assert_true(t.sum_right > 50 && t.sum_wrong > 50);
}

static void test_false_vectors(void **state) {
    (void)state;
    check_tally(walk_values(1, 0, 1), 2);
    check_tally(walk_values(2, 1, 1), 2);
}

/* Ciphertexts of all 101 values beside a proof of one honest vote: passes if the value is right, or
 * by a root of delta (p = 1: only c*delta = 0). */
static void test_false_ciphertexts(void **state) {
    (void)state;
    size_t passed = 0, tried = 0;
    contest *c = contest_new(2, 1, 1, 9);
    for (unsigned shift = 1; shift < TOY_ORDER; shift++) {
        tp_scalar v[2] = {toy_scalar(1), toy_scalar(0)};
        for (unsigned again = 0; again < 20; again++) {
            c->context.sequence++;
            forge(c, &(forgery){.against = SOUND, .v = v});
            tp_point q;
            if (c->proof[0] == 0) continue;
            if (tp_points_decode_var(&q, tp_rows(c->proof) + 1, 1, NULL) != TP_OK) fail();
            q = toy_point(toy_log(&q) + shift);
            tp_points_encode((uint8_t(*)[32])c->proof + 1, &q, 1);
            tried++;
            passed += contest_check(c) == TP_OK;
        }
    }
    assert_true(tried > 1900);
    assert_true(passed <= 2 * 3 * tried / TOY_ORDER + 5);
    contest_free(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_complete),
        cmocka_unit_test(test_false_vectors),
        cmocka_unit_test(test_false_ciphertexts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
