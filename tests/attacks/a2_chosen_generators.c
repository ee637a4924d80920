/* A2: whoever knows the logarithm of H forges an option worth 2. The forgery passes a verifier that
 * takes generators from the prover; ours derives them and refuses. spec: B-7.
 */
#include "tests/attacks/forge.h"

static void test_known_logarithm(void **state) {
    (void)state;
    contest *c = contest_new(3, 0, 2, 1);
    uint64_t rng = 1;
    tp_scalar log_h = test_scalar(&rng), v[5];
    tp_point honest = c->generators[0];
    for (size_t j = 0; j < 5; j++)
        v[j] = forge_value(j == 0 ? 2 : 0);
    tp_points_mul_base(&c->generators[0], &log_h, 1);
    forge(c, &(forgery){.against = SOUND, .v = v, .log_h = &log_h});
    assert_int_equal(forge_check(c), TP_OK); /* with the forger's generators */
    c->generators[0] = honest;
    assert_int_equal(forge_check(c), TP_INVALID);
    contest_free(c);
}

static void test_generators_are_derived(void **state) {
    (void)state;
    tp_point a[9], b[9];
    uint8_t fingerprint[32] = {1};
    tp_sum_generators_var(a, 8, fingerprint);
    fingerprint[31] ^= 1;
    tp_sum_generators_var(b, 8, fingerprint);
    tp_point g;
    tp_point_base(&g);
    for (size_t i = 0; i < 9; i++) {
        assert_false(tp_point_equal(&a[i], &b[i]));
        assert_false(tp_point_equal(&a[i], &g));
        assert_false(tp_point_is_identity(&a[i]));
        for (size_t j = 0; j < i; j++)
            assert_false(tp_point_equal(&a[i], &a[j]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_logarithm),
        cmocka_unit_test(test_generators_are_derived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
