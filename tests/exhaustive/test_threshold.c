/* Shares over the toy group (order 101): every polynomial is recovered by every quorum, and of all
 * false decryption shares no more pass than 1/101 allows. spec: D-8, K-4, K-6.
 */
#include "core/threshold/decrypt.h"
#include "core/threshold/dkg.h"
#include "tests/core/proof/shares.h"
#include "tests/toy/toy_group.h"

static void test_every_line(void **state) {
    (void)state;
    const tp_dkg_params q = {.n = 4, .t = 2, .p = 1};
    for (uint32_t i = 1; i <= 4; i++) {
        for (uint32_t l = 1; l <= 4; l++) {
            tp_scalar lambda[2];
            if (i == l) continue;
            assert_int_equal(tp_lagrange(lambda, (uint32_t[]){i, l}, 2, 4, 2), TP_OK);
            for (unsigned line = 0; line < TOY_ORDER * TOY_ORDER; line++) {
                const tp_scalar a[2] = {toy_scalar(line), toy_scalar(line / TOY_ORDER)};
                tp_scalar share[2], secret;
                assert_int_equal(tp_dkg_share(&share[0], a, &q, i), TP_OK);
                assert_int_equal(tp_dkg_share(&share[1], a, &q, l), TP_OK);
                tp_scalars_dot(&secret, lambda, share, 2);
                assert_true(tp_scalar_equal(&secret, &a[0]));
            }
        }
    }
}

/* Every share against every line's commitments: only the right one fits. */
static void test_every_share(void **state) {
    (void)state;
    const tp_dkg_params q = {.n = 3, .t = 2, .p = 1};
    for (unsigned line = 0; line < TOY_ORDER * TOY_ORDER; line += 7) {
        const tp_point f[2] = {toy_point(line), toy_point(line / TOY_ORDER)};
        tp_point work[2];
        for (unsigned s = 0; s < TOY_ORDER; s++) {
            tp_scalar share = toy_scalar(s);
            bool right = (line + 3 * (line / TOY_ORDER)) % TOY_ORDER == s;
            assert_int_equal(tp_dkg_share_check(&share, f, &q, 3, work),
                             right ? TP_OK : TP_INVALID);
        }
    }
}

static void test_every_false_decryption(void **state) {
    (void)state;
    size_t tried = 0, passed = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        share_list *s = shares_new(1, 1, seed);
        bool harmful = s->r[0][0] == 0 || s->v[0][0] == 0;
        uint8_t right = s->d[0][0];
        for (unsigned d = 0; d < TOY_ORDER && !harmful; d++) {
            s->d[0][0] = (uint8_t)d;
            assert_int_equal(shares_prove(s), TP_OK);
            tp_err err = shares_check(s);
            if (d == right)
                assert_int_equal(err, TP_OK);
            else
                tried++, passed += err == TP_OK;
        }
        shares_free(s);
    }
    assert_true(tried > 3000);
    assert_true(passed <= 2 * 2 * tried / TOY_ORDER + 5); /* c = 0 or mu = 0 */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_line),
        cmocka_unit_test(test_every_share),
        cmocka_unit_test(test_every_false_decryption),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
