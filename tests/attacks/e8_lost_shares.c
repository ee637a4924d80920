/* E7, E8: an election that one lost share would void cannot be defined, and the quorum drill: any
 * n - t seeds destroyed, every t-subset still decrypts from its seeds and the board alone. */
#include "tests/election/fixture.h"

static void test_all_needed(void **state) {
    (void)state;
    fixture *f = calloc(1, sizeof *f);
    fixture_init(f, NULL);
    char *json = fixture_manifest_with(f, "\"threshold\":2", "\"threshold\":3");
    tp_manifest m;
    tp_fault fault;
    assert_int_equal(tp_manifest_parse(&m, json, strlen(json), &fault), TP_REFUSED);
    assert_string_equal(fault.code, "manifest.threshold");
    free(json);
    fixture_free(f);
    free(f);
}

/* A fresh replay of the published entries, as on a trustee's own machine. */
static void replay(tp_board *b, const fixture *f) {
    tp_board_init(b);
    for (size_t i = 0; i < f->count; i++) {
        tp_entry e;
        tp_fault fault;
        assert_int_equal(tp_entry_read(&e, f->entries[i].bytes, f->entries[i].len, &fault), TP_OK);
        assert_int_equal(tp_board_apply(b, &e, &f->manifest, false, NULL, NULL, &fault), TP_OK);
    }
}

static void decrypt_with(const fixture *f, const tp_aggregates *a, const uint16_t *who) {
    static uint8_t bytes[1 << 16];
    static tp_point d[2][5 * FIXTURE_POINTS];
    const tp_point *shares[2] = {d[0], d[1]};
    uint32_t found[5][5], expected[5], *rows[5];
    uint8_t random[32] = {1}, hash[32] = {2};
    tp_fault fault;
    for (size_t i = 0; i < 5; i++)
        rows[i] = found[i];
    for (size_t i = 0; i < 2; i++) {
        tp_board b;
        tp_scalar x[FIXTURE_POINTS];
        replay(&b, f);
        const tp_keys *keys = tp_ceremony_keys(b.ceremony);
        tp_writer w = tp_writer_of(bytes, sizeof bytes);
        const uint8_t *seed = f->seed[who[i] - 1];
        assert_int_equal(tp_ceremony_secret(x, b.ceremony, who[i], seed, &fault), TP_OK);
        tp_err err = tp_shares_make(&w, &f->manifest, keys, a, hash, who[i], x, random);
        assert_int_equal(err, TP_OK);
        err = tp_shares_check(d[i], &f->manifest, keys, a, hash, who[i], bytes, w.len, &fault);
        assert_int_equal(err, TP_OK);
        tp_board_free(&b);
    }
    assert_int_equal(tp_totals(rows, &f->manifest, a, who, shares, &fault), TP_OK);
    for (size_t i = 0; i < a->count; i++) {
        fixture_expected(f, &a->list[i].set, expected);
        size_t n = f->manifest.contests[a->list[i].set.contest].shape.n;
        assert_memory_equal(found[i], expected, n * sizeof expected[0]);
    }
}

static void test_drill(void **state) {
    (void)state;
    for (uint16_t lost = 1; lost <= 3; lost++) {
        fixture *f = calloc(1, sizeof *f);
        tp_aggregates a;
        uint16_t who[2] = {lost == 1 ? 2 : 1, lost == 3 ? 2 : 3};
        fixture_init(f, NULL);
        fixture_closed(f);
        fixture_aggregate(f, &a);
        memset(f->seed[lost - 1], 0, 32);
        decrypt_with(f, &a, who);
        tp_aggregates_free(&a);
        fixture_free(f);
        free(f);
    }
}

/* Opening needs t + 1 alive, so a share that is lost before shows while it can still be mended. */
static void test_liveness(void **state) {
    (void)state;
    fixture *f = calloc(1, sizeof *f);
    tp_entry e;
    tp_fault fault;
    fixture_init(f, NULL);
    fixture_ceremony(f);
    assert_int_equal(fixture_roll(f, &fault), TP_OK);
    f->board.liveness[2] = 0;
    fixture_sign_act(f, &e, TP_ACT_OPEN, tp_ceremony_keys(f->board.ceremony)->digest, 0);
    assert_int_equal(fixture_append(f, &e, &fault), TP_REFUSED);
    assert_string_equal(fault.code, "board.quorum");
    f->board.liveness[2] = 1;
    assert_int_equal(fixture_append(f, &e, &fault), TP_OK);
    fixture_free(f);
    free(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_needed),
                                       cmocka_unit_test(test_drill),
                                       cmocka_unit_test(test_liveness)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
