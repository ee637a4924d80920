/* A5: a prover message that is not absorbed is a free variable. Without sigma in the hash any sum
 * passes; without T1 an option can be worth 2. Both forgeries work against the weakened verifier
 * and fail against ours, for even and odd n. spec: B-10.
 */
#include "tests/attacks/forge.h"

static void forge_both_ways(uint16_t n, weakness w, int first, int others) {
    contest *c = contest_new(n, 0, 2, n);
    tp_scalar *v = test_aligned(c->m * sizeof *v);
    for (size_t j = 0; j < c->m; j++)
        v[j] = forge_value(j == 0 ? first : j < n ? others : 0);
    forge(c, &(forgery){.against = w, .v = v});
    assert_int_equal(forge_verify(c, w), TP_OK);
    assert_int_equal(forge_check(c), TP_INVALID);
    forge(c, &(forgery){.against = SOUND, .v = v}); /* the same lie told to the full transcript */
    assert_int_equal(forge_check(c), TP_INVALID);
    free(v);
    contest_free(c);
}

static void test_sigma(void **state) {
    (void)state;
    for (uint16_t n = 3; n <= 6; n++)
        forge_both_ways(n, NO_SIGMA, 1, 1); /* all n options where 2 are allowed */
}

static void test_t1(void **state) {
    (void)state;
    for (uint16_t n = 3; n <= 6; n++)
        forge_both_ways(n, NO_T1, 2, 0); /* the sum is right: 2 */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sigma),
        cmocka_unit_test(test_t1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
