/* Proofs of decryption shares: right for all list sizes, false for every changed byte. spec:
 * K-2..K-5.
 */
#include "tests/core/proof/shares.h"

static void test_complete(void **state) {
    (void)state;
    const size_t sizes[][2] = {{1, 1}, {1, 33}, {2, 3}, {7, 5}, {100, 1}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        share_list *s = shares_new(sizes[i][0], sizes[i][1], i);
        assert_int_equal(shares_prove(s), TP_OK);
        assert_int_equal(shares_check(s), TP_OK);
        shares_free(s);
    }
}

/* More ciphertexts than one block of scratch holds. */
static void test_blocks(void **state) {
    (void)state;
    share_list *s = shares_new(33, 1024, 3); /* 32 ciphertexts a block */
    assert_int_equal(shares_prove(s), TP_OK);
    assert_int_equal(shares_check(s), TP_OK);
    memcpy(s->d[32 * 1024 + 1023], s->d[0], 32);
    assert_int_equal(shares_check(s), TP_INVALID);
    shares_free(s);
}

/* Swaps two encodings and back: the list stays well-formed but is false. */
static void check_swap(share_list *s, uint8_t (*list)[32], size_t i, size_t j) {
    for (int turn = 0; turn < 2; turn++) {
        uint8_t kept[32];
        memcpy(kept, list[i], 32), memcpy(list[i], list[j], 32), memcpy(list[j], kept, 32);
        assert_int_equal(shares_check(s), turn ? TP_OK : TP_INVALID);
    }
}

static void test_false_lists(void **state) {
    (void)state;
    share_list *s = shares_new(3, 4, 5);
    assert_int_equal(shares_prove(s), TP_OK);
    for (size_t i = 0; i < 11; i++)
        check_swap(s, s->d, i, i + 1);
    check_swap(s, s->r, 0, 2);
    check_swap(s, s->v, 1, 3);
    for (size_t at = 0; at < TP_EQLOG_LEN; at++) {
        s->proof[at] ^= 1;
        assert_int_not_equal(shares_check(s), TP_OK);
        s->proof[at] ^= 1;
    }
    shares_free(s);
}

static void test_context(void **state) {
    (void)state;
    share_list *s = shares_new(2, 2, 6);
    assert_int_equal(shares_prove(s), TP_OK);
    tp_eqlog_statement good = s->statement;
    s->statement.contest++;
    assert_int_equal(shares_check(s), TP_INVALID);
    s->statement = good, s->statement.trustee++;
    assert_int_equal(shares_check(s), TP_INVALID);
    s->statement = good, s->statement.fingerprint[31] ^= 1;
    assert_int_equal(shares_check(s), TP_INVALID);
    s->statement = good, s->statement.key_digest[0] ^= 1;
    assert_int_equal(shares_check(s), TP_INVALID);
    s->statement = good;
    assert_int_equal(shares_check(s), TP_OK);
    shares_free(s);
}

static void test_malformed(void **state) {
    (void)state;
    share_list *s = shares_new(2, 2, 7);
    assert_int_equal(shares_prove(s), TP_OK);
    uint8_t(*lists[])[32] = {s->r, s->v, s->d};
    for (size_t i = 0; i < 3; i++) {
        uint8_t kept[32];
        memcpy(kept, lists[i][1], 32);
        memset(lists[i][1], 0xff, 32);
        assert_int_equal(shares_check(s), TP_MALFORMED);
        memset(lists[i][1], 0, 32); /* the identity: harmful as key, here false otherwise */
        assert_int_equal(shares_check(s), i == 1 ? TP_MALFORMED : TP_INVALID);
        memcpy(lists[i][1], kept, 32);
    }
    s->statement.u = 0;
    assert_int_equal(shares_check(s), TP_MALFORMED);
    s->statement.u = 2, s->statement.p = 0;
    assert_int_equal(shares_check(s), TP_MALFORMED);
    shares_free(s);
}

static void test_prover_refuses_foreign_secret(void **state) {
    (void)state;
    share_list *s = shares_new(2, 2, 8);
    tp_scalar_add(&s->x[1], &s->x[1], &tp_scalar_one);
    assert_int_equal(shares_prove(s), TP_INVALID);
    shares_free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_complete),    cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_false_lists), cmocka_unit_test(test_context),
        cmocka_unit_test(test_malformed),   cmocka_unit_test(test_prover_refuses_foreign_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
