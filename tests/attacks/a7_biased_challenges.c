/* A7: challenges are uniform. A million of them over the toy group of 101 elements, whose order
 * divides no power of two, from the transcript and the one reduction of 64 bytes: chi-square over
 * the 101 values. The reduction of a single byte, which is biased, fails the same test. spec: P-10
 */
#include "core/hash/hash.h"
#include "tests/support/support.h"
#include "tests/toy/toy_group.h"

enum { DRAWS = 1000000 };
/* chi-square of 100 degrees of freedom is above this with probability 0.001 */
static const double limit = 149.449;

static double chi_square(const uint32_t count[static TOY_ORDER]) {
    double expected = (double)DRAWS / TOY_ORDER, sum = 0;
    for (size_t i = 0; i < TOY_ORDER; i++) {
        double off = count[i] - expected;
        sum += off * off / expected;
    }
    return sum;
}

static unsigned value_of(const tp_scalar *s) {
    uint8_t bytes[32];
    tp_scalar_encode(bytes, s);
    return (unsigned)(bytes[0] | bytes[1] << 8);
}

static void uniform(void **state) {
    (void)state;
    static uint32_t wide[TOY_ORDER], narrow[TOY_ORDER];
    for (uint64_t i = 0; i < DRAWS; i++) {
        tp_transcript t;
        tp_scalar c;
        uint8_t bytes[64];
        tp_transcript_init(&t, "a7");
        tp_absorb_u64(&t, "draw", i);
        tp_challenge(&t, "c", bytes);
        tp_scalar_wide(&c, bytes);
        assert_in_range(value_of(&c), 0, TOY_ORDER - 1);
        wide[value_of(&c)]++;
        narrow[bytes[0] % TOY_ORDER]++;
    }
    assert_true(chi_square(wide) < limit);
    assert_true(chi_square(narrow) > limit);
}

/* The challenge of one proof says nothing of the next: pairs over 10 x 10 classes. */
static void independent(void **state) {
    (void)state;
    static uint32_t pairs[TOY_ORDER];
    tp_transcript t;
    tp_scalar before, c;
    tp_transcript_init(&t, "a7");
    tp_challenge_scalar(&before, &t, "c");
    for (uint64_t i = 0; i < DRAWS; i++) {
        tp_challenge_scalar(&c, &t, "c");
        pairs[(value_of(&before) + 10 * value_of(&c)) % TOY_ORDER]++;
        before = c;
    }
    assert_true(chi_square(pairs) < limit);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uniform),
        cmocka_unit_test(independent),
    };
    return cmocka_run_group_tests_name("attacks/a7_biased_challenges", tests, NULL, NULL);
}
