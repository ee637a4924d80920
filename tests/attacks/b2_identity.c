/* B2: the identity as public key, signature commitment, ciphertext R, Feldman commitment,
 * or verification key is refused wherever it could come in. An aggregate R is the identity if all
 * voters of a set agree on it: that opens their own ballots and must not stop the tally; a share
 * other than the identity is false then. spec: B-4, B-12, D-7, K-4, W-9.
 */
#include "core/proof/schnorr.h"
#include "tests/core/proof/shares.h"
#include "tests/core/threshold/ceremony.h"

static void test_signature(void **state) {
    (void)state;
    uint8_t pk[32] = {0}, sig[64] = {0}; /* 0*G = 0 + c*0 holds for the zero signature */
    assert_int_equal(tp_verify_var(sig, pk, "b2", "m", 1), TP_MALFORMED);
    assert_int_equal(tp_possession_verify_var(sig, pk, "b2", "m", 1), TP_MALFORMED);
}

/* R = 0: the ballot would be in the clear. The first option of C_1 can be read off. */
static void test_ciphertext(void **state) {
    (void)state;
    contest *c = contest_new(2, 0, 1, 1);
    assert_int_equal(contest_vote(c, 1), TP_OK);
    memset(c->proof, 0, 32);
    assert_int_equal(contest_check(c), TP_MALFORMED);
    assert_int_equal(contest_check_batch(c, 2, true), TP_MALFORMED);
    contest_free(c);
}

static void test_commitments(void **state) {
    (void)state;
    ceremony *c = ceremony_new(3, 2, 2, 1);
    for (size_t i = 0; i < 5; i++) { /* the commitments, then T */
        uint8_t *at = c->message[0] + 32 * i, kept[32];
        memcpy(kept, at, 32);
        memset(at, 0, 32);
        ceremony_commit(c, 1, c->message[0], c->len);
        assert_int_equal(ceremony_open(c, 1, c->message[0], c->len), TP_MALFORMED);
        memcpy(at, kept, 32);
    }
    ceremony_free(c);
}

static void test_shares(void **state) {
    (void)state;
    share_list *s = shares_new(1, 1, 1);
    memset(s->v, 0, 32), memset(s->d, 0, 32); /* x = 0: every equation would hold */
    s->x[0] = tp_scalar_zero;
    assert_int_equal(shares_prove(s), TP_OK);
    assert_int_equal(shares_check(s), TP_MALFORMED);
    shares_free(s);
    s = shares_new(1, 1, 2);
    uint8_t other[32];
    memcpy(other, s->d, 32);
    memset(s->r, 0, 32), memset(s->d, 0, 32);
    assert_int_equal(shares_prove(s), TP_OK);
    assert_int_equal(shares_check(s), TP_OK);
    memcpy(s->d, other, 32);
    assert_int_equal(shares_check(s), TP_INVALID);
    assert_int_equal(shares_prove(s), TP_OK); /* it does not look at D */
    assert_int_equal(shares_check(s), TP_INVALID);
    shares_free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signature),
        cmocka_unit_test(test_ciphertext),
        cmocka_unit_test(test_commitments),
        cmocka_unit_test(test_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
