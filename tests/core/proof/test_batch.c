/* The batch: every bad item is named, good neighbours stand, limits hold. spec: B-30..B-34. */
#include "core/proof/schnorr.h"
#include "tests/core/proof/fixture.h"

enum { ITEMS = 13 };

/* Bad items at the places of a bit mask, of three kinds in turn. */
static void check_mask(contest *c, const uint8_t *kinds[3], unsigned mask) {
    const uint8_t *proofs[ITEMS];
    const tp_err expect[3] = {TP_INVALID, TP_MALFORMED, TP_INVALID};
    tp_err verdicts[ITEMS];
    for (size_t i = 0; i < ITEMS; i++)
        proofs[i] = mask >> i & 1 ? kinds[i % 3] : c->proof;
    contest_verdicts(c, verdicts, proofs, ITEMS);
    for (size_t i = 0; i < ITEMS; i++)
        assert_int_equal(verdicts[i], mask >> i & 1 ? expect[i % 3] : TP_OK);
}

static void test_names_every_bad_item(void **state) {
    (void)state;
    contest *c = contest_new(4, 0, 2, 1);
    assert_int_equal(contest_vote(c, 2), TP_OK);
    uint8_t *kinds[3];
    for (size_t i = 0; i < 3; i++) {
        kinds[i] = test_aligned(c->len);
        memcpy(kinds[i], c->proof, c->len);
    }
    kinds[0][c->len - 32] ^= 1;      /* z_t: an equation */
    memset(kinds[1] + 32, 0xff, 32); /* C_1: an encoding */
    kinds[2][c->len - 33] &= 0x0f;   /* z_a */
    kinds[2][c->len - 40] ^= 4;
    const uint8_t *shown[3] = {kinds[0], kinds[1], kinds[2]};
    uint64_t rng = 1;
    check_mask(c, shown, 0);
    check_mask(c, shown, (1u << ITEMS) - 1);
    for (size_t i = 0; i < ITEMS; i++)
        check_mask(c, shown, 1u << i);
    for (size_t i = 0; i < 10; i++)
        check_mask(c, shown, (unsigned)test_random(&rng) & ((1u << ITEMS) - 1));
    for (size_t i = 0; i < 3; i++)
        free(kinds[i]);
    contest_free(c);
}

static void add_signature(tp_batch *b, uint8_t fill, bool good) {
    tp_secret_key sk;
    uint8_t seed[64], pk[32], sig[TP_SIG_LEN], random[32] = {0};
    memset(seed, fill, sizeof seed);
    assert_int_equal(tp_keypair(&sk, pk, seed), TP_OK);
    tp_sign(sig, &sk, pk, "use", "m", 1, random);
    tp_schnorr_batch_var(b, TP_SIGNATURE, sig, NULL, pk, NULL, "use", good ? "m" : "n", 1);
}

/* An item of several proofs is bad if one of them is. */
static void test_items_of_several_proofs(void **state) {
    (void)state;
    tp_batch_limits need, max = {0};
    tp_batch b;
    tp_schnorr_need(&need);
    tp_batch_limits_add(&max, &need, 12);
    void *arena = test_aligned(tp_batch_arena(&max));
    tp_batch_init(&b, &max, arena);
    for (unsigned round = 0; round < 2; round++) { /* a reset batch works again */
        for (uint8_t i = 0; i < 4; i++) {
            tp_batch_begin(&b);
            for (uint8_t k = 1; k <= 3; k++)
                add_signature(&b, (uint8_t)(16 * i + k), !(i == 2 && k == 2));
        }
        assert_int_equal(tp_batch_verify_var(&b), TP_INVALID);
        for (uint8_t i = 0; i < 4; i++)
            assert_int_equal(tp_batch_verdict(&b, i), i == 2 ? TP_INVALID : TP_OK);
        assert_int_equal(tp_batch_verdict(&b, 4), TP_REFUSED);
        assert_null(tp_batch_item_points(&b, 2));
        tp_batch_reset(&b);
    }
    assert_int_equal(tp_batch_verify_var(&b), TP_OK); /* empty */
    free(arena);
}

static void test_limits(void **state) {
    (void)state;
    tp_batch_limits need, max = {0};
    tp_batch b;
    tp_schnorr_need(&need);
    tp_batch_limits_add(&max, &need, 2);
    max.items = 3;
    void *arena = test_aligned(tp_batch_arena(&max));
    tp_batch_init(&b, &max, arena);
    for (uint8_t i = 0; i < 3; i++) {
        assert_int_equal(tp_batch_room(&b, &need), i < 2);
        tp_batch_begin(&b);
        add_signature(&b, (uint8_t)(i + 1), true);
    }
    assert_int_equal(tp_batch_verify_var(&b), TP_TOO_BIG);
    assert_int_equal(tp_batch_verdict(&b, 0), TP_OK);
    assert_int_equal(tp_batch_verdict(&b, 1), TP_OK);
    assert_int_equal(tp_batch_verdict(&b, 2), TP_TOO_BIG);
    free(arena);
}

static void test_failed_item_leaves_no_trace(void **state) {
    (void)state;
    tp_batch_limits need, max = {0};
    tp_batch b;
    tp_schnorr_need(&need);
    tp_batch_limits_add(&max, &need, 3);
    void *arena = test_aligned(tp_batch_arena(&max));
    tp_batch_init(&b, &max, arena);
    tp_batch_begin(&b);
    add_signature(&b, 1, true);
    tp_batch_begin(&b);
    add_signature(&b, 2, false);
    tp_batch_fail(&b, TP_REFUSED);
    tp_batch_fail(&b, TP_INVALID); /* the first stays */
    add_signature(&b, 3, false);
    tp_batch_begin(&b);
    add_signature(&b, 4, true);
    assert_int_equal(tp_batch_verify_var(&b), TP_REFUSED);
    assert_int_equal(tp_batch_verdict(&b, 0), TP_OK);
    assert_int_equal(tp_batch_verdict(&b, 1), TP_REFUSED);
    assert_int_equal(tp_batch_verdict(&b, 2), TP_OK);
    free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_every_bad_item),
        cmocka_unit_test(test_items_of_several_proofs),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_failed_item_leaves_no_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
