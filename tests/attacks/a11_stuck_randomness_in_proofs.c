/* A11: random bytes stuck at zero: two different statements, or two different choices, still give
 * different commitments in every proof. spec: B-3, B-11, D-4, K-3.
 */
#include "core/proof/schnorr.h"
#include "core/threshold/dkg.h"
#include "tests/core/proof/shares.h"

enum { MAX = 512 };
static uint8_t seen[MAX][32];
static size_t seen_count;

/* No commitment twice, ever. */
static void see(const uint8_t *points, size_t n) {
    for (size_t k = 0; k < n; k++) {
        for (size_t i = 0; i < seen_count; i++)
            assert_memory_not_equal(seen[i], points + 32 * k, 32);
        assert_true(seen_count < MAX);
        memcpy(seen[seen_count++], points + 32 * k, 32);
    }
}

static void test_ballots(void **state) {
    (void)state;
    contest *c = contest_new(3, 0, 2, 1);
    memset(c->random, 0, 32);
    for (size_t k = 0; k <= 2; k++) {
        assert_int_equal(contest_vote(c, k), TP_OK);
        see(c->proof, c->p + 7);
    }
    c->context.sequence++;
    assert_int_equal(contest_vote(c, 1), TP_OK);
    see(c->proof, c->p + 7);
    c->secret[0] ^= 1;
    assert_int_equal(contest_vote(c, 1), TP_OK);
    see(c->proof, c->p + 7);
    c->random[0] ^= 1;
    assert_int_equal(contest_vote(c, 1), TP_OK);
    see(c->proof, c->p + 7);
    contest_free(c);
}

static void test_signatures(void **state) {
    (void)state;
    tp_secret_key sk;
    uint8_t seed[64] = {3}, random[32] = {0}, pk[32], sig[64];
    assert_int_equal(tp_keypair(&sk, pk, seed), TP_OK);
    const char *uses[] = {"a", "b"}, *messages[] = {"m", "n"};
    for (size_t i = 0; i < 4; i++) {
        tp_sign(sig, &sk, pk, uses[i / 2], messages[i % 2], 1, random);
        see(sig, 1);
        tp_possession_prove(sig, &sk, pk, uses[i / 2], messages[i % 2], 1, random);
        see(sig, 1);
    }
}

static void test_shares(void **state) {
    (void)state;
    share_list *s = shares_new(2, 2, 1);
    memset(s->random, 0, 32);
    for (uint32_t trustee = 1; trustee < 4; trustee++) {
        s->statement.trustee = trustee;
        assert_int_equal(shares_prove(s), TP_OK);
        see(s->proof, 2);
    }
    shares_free(s);
}

static void test_key_generation(void **state) {
    (void)state;
    tp_dkg_params q = {.n = 3, .t = 2, .p = 2};
    tp_scalar coefficients[4];
    tp_point points[4];
    uint8_t message[4 * 32 + 64], secret[32] = {0}, random[32] = {0};
    for (uint32_t i = 0; i < 6; i++) {
        q.contest = i / 3;
        assert_int_equal(tp_dkg_deal(coefficients, message, points, &q, 1 + i % 3, secret, random),
                         TP_OK);
        see(message, 5);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ballots),
        cmocka_unit_test(test_signatures),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_key_generation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
