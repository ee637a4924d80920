/* The merge rule, the two documents, and totals from shares. spec: W-1..W-14 */
#include "tests/election/fixture.h"

static fixture *f;
static tp_aggregates aggregates;
static uint8_t aggregates_bytes[1 << 16], aggregates_hash[32];
static size_t aggregates_len;

static int set_up(void **state) {
    (void)state;
    f = calloc(1, sizeof *f);
    fixture_init(f, NULL);
    fixture_closed(f);
    fixture_aggregate(f, &aggregates);
    tp_writer w = tp_writer_of(aggregates_bytes, sizeof aggregates_bytes);
    assert_int_equal(tp_aggregates_write(&w, &f->manifest, &aggregates), TP_OK);
    aggregates_len = w.len;
    tp_sha256(aggregates_hash, aggregates_bytes, w.len);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    tp_aggregates_free(&aggregates);
    fixture_free(f);
    free(f);
    return 0;
}

/* ---- the merge rule ---- */

/* What the rule promises, for any input. spec: W-2 */
static void check_plan(const tp_manifest *m, const uint32_t *counted) {
    tp_reporting r;
    assert_int_equal(tp_reporting_plan(&r, m, counted), TP_OK);
    for (size_t c = 0; c < m->contest_count; c++) {
        uint32_t seen[8] = {0}, total = 0, reported = 0;
        for (size_t u = 0; u < m->unit_count; u++)
            total += counted[c * m->unit_count + u];
        for (size_t i = 0; i < r.count; i++) {
            const tp_reporting_set *s = &r.sets[i];
            uint32_t ballots = 0;
            if (s->contest != c) continue;
            assert_true(s->ballots >= m->floor);
            for (size_t k = 0; k < s->unit_count; k++) {
                assert_true(k == 0 || s->units[k] > s->units[k - 1]);
                seen[s->units[k]]++;
                ballots += counted[c * m->unit_count + s->units[k]];
                assert_int_not_equal(counted[c * m->unit_count + s->units[k]], 0);
            }
            assert_int_equal(ballots, s->ballots);
            reported += ballots;
            if (i && r.sets[i - 1].contest == c) assert_true(r.sets[i - 1].units[0] < s->units[0]);
        }
        for (size_t u = 0; u < m->unit_count; u++)
            assert_int_equal(seen[u], total >= m->floor && counted[c * m->unit_count + u] ? 1 : 0);
        assert_int_equal(r.withheld[c], total < m->floor ? total : 0);
        assert_int_equal(reported, total < m->floor ? 0 : total);
    }
    tp_reporting_free(&r);
}

/* All counts 0..4 in five units and every way to put them into two groups; floor 3. */
static void test_merge_exhaustive(void **state) {
    (void)state;
    tp_contest contest = {.id = "c"};
    tp_unit units[5];
    tp_manifest m = {
        .contest_count = 1, .unit_count = 5, .contests = &contest, .units = units, .floor = 3};
    for (unsigned groups = 0; groups < 16; groups++) {
        for (unsigned u = 0; u < 5; u++)
            units[u] = (tp_unit){.group = groups >> u & 1 ? "x" : "y"};
        for (unsigned n = 0; n < 3125; n++) {
            uint32_t counted[5];
            for (unsigned u = 0, rest = n; u < 5; u++, rest /= 5)
                counted[u] = rest % 5;
            check_plan(&m, counted);
        }
    }
}

static void expect_sets(const tp_manifest *m, const uint32_t *counted, const char *expected) {
    char text[200] = "";
    tp_reporting r;
    assert_int_equal(tp_reporting_plan(&r, m, counted), TP_OK);
    for (size_t i = 0; i < r.count; i++) {
        for (size_t k = 0; k < r.sets[i].unit_count; k++)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%u", r.sets[i].units[k]);
        strcat(text, " ");
    }
    assert_string_equal(text, expected);
    tp_reporting_free(&r);
}

/* Each rule by hand: units 0 1 2 are group a, 3 4 group b; floor 50. */
static void test_merge_rules(void **state) {
    (void)state;
    tp_contest contest = {.id = "c"};
    tp_unit units[5] = {
        {.group = "a"}, {.group = "a"}, {.group = "a"}, {.group = "b"}, {.group = "b"}};
    tp_manifest m = {
        .contest_count = 1, .unit_count = 5, .contests = &contest, .units = units, .floor = 50};
    expect_sets(&m, (uint32_t[]){50, 60, 70, 80, 90}, "0 1 2 3 4 "); /* 1 */
    expect_sets(&m, (uint32_t[]){20, 30, 70, 80, 90}, "01 2 3 4 ");  /* 2 */
    expect_sets(&m, (uint32_t[]){20, 0, 30, 80, 90}, "02 3 4 ");     /* 2, an empty unit */
    expect_sets(&m, (uint32_t[]){20, 60, 55, 80, 90}, "02 1 3 4 ");  /* 2, the smaller joins */
    expect_sets(&m, (uint32_t[]){55, 49, 55, 80, 90}, "01 2 3 4 ");  /* 2, ties: the lower */
    expect_sets(&m, (uint32_t[]){10, 45, 60, 20, 90}, "01 2 34 ");   /* 2, b fills itself */
    expect_sets(&m, (uint32_t[]){10, 10, 10, 20, 90}, "01234 ");     /* 2, then 3 */
    expect_sets(&m, (uint32_t[]){10, 10, 10, 20, 0}, "0123 ");       /* 3, the pools reach 50 */
    expect_sets(&m, (uint32_t[]){10, 10, 10, 90, 80}, "0124 3 ");    /* 3, the smaller set joins */
    expect_sets(&m, (uint32_t[]){10, 10, 9, 20, 0}, "");             /* 4 */
    expect_sets(&m, (uint32_t[]){0, 0, 0, 0, 0}, "");
}

/* ---- aggregates ---- */

static void test_aggregates(void **state) {
    (void)state;
    tp_aggregates back;
    tp_fault fault;
    static uint8_t again[1 << 16];
    assert_int_equal(
        tp_aggregates_read(&back, &f->manifest, aggregates_bytes, aggregates_len, &fault), TP_OK);
    tp_writer w = tp_writer_of(again, sizeof again);
    assert_int_equal(tp_aggregates_write(&w, &f->manifest, &back), TP_OK);
    assert_int_equal(w.len, aggregates_len);
    assert_memory_equal(again, aggregates_bytes, aggregates_len);
    assert_int_equal(back.board_size, f->board.close_size);
    tp_aggregates_free(&back);
    for (size_t len = 0; len < aggregates_len; len++) {
        assert_int_not_equal(tp_aggregates_read(&back, &f->manifest, aggregates_bytes, len, &fault),
                             TP_OK);
        assert_null(back.arena);
    }
    aggregates_bytes[aggregates_len] = 0;
    assert_int_equal(
        tp_aggregates_read(&back, &f->manifest, aggregates_bytes, aggregates_len + 1, &fault),
        TP_MALFORMED);
}

/* A flipped bit is refused, or is another document, faithfully read. */
static void test_aggregates_flips(void **state) {
    (void)state;
    static uint8_t bytes[1 << 16], again[1 << 16];
    memcpy(bytes, aggregates_bytes, aggregates_len);
    for (size_t i = 0; i < aggregates_len; i++) {
        tp_aggregates back;
        tp_fault fault;
        bytes[i] ^= (uint8_t)(1u << i % 8);
        if (tp_aggregates_read(&back, &f->manifest, bytes, aggregates_len, &fault) == TP_OK) {
            tp_writer w = tp_writer_of(again, sizeof again);
            assert_int_equal(tp_aggregates_write(&w, &f->manifest, &back), TP_OK);
            assert_int_equal(w.len, aggregates_len);
            assert_memory_equal(again, bytes, aggregates_len);
            tp_aggregates_free(&back);
        }
        bytes[i] ^= (uint8_t)(1u << i % 8);
    }
}

static tp_err read_changed(const tp_aggregate *list, size_t count, const char **code) {
    static uint8_t bytes[1 << 16];
    static tp_fault fault;
    tp_aggregates changed = aggregates, back;
    changed.list = (tp_aggregate[4]){0};
    changed.count = count;
    memcpy(changed.list, list, count * sizeof *list);
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    fault.code = "";
    assert_int_equal(tp_aggregates_write(&w, &f->manifest, &changed), TP_OK);
    tp_err err = tp_aggregates_read(&back, &f->manifest, bytes, w.len, &fault);
    if (err == TP_OK) tp_aggregates_free(&back);
    *code = fault.code;
    return err;
}

/* spec: W-8, W-9 */
static void test_aggregates_rules(void **state) {
    (void)state;
    const char *code;
    tp_aggregate list[4];
    assert_int_equal(aggregates.count, 5);
    memcpy(list, aggregates.list, 4 * sizeof list[0]);
    assert_int_equal(read_changed(list, 4, &code), TP_OK);
    list[0] = aggregates.list[1], list[1] = aggregates.list[0]; /* order */
    assert_int_equal(read_changed(list, 2, &code), TP_MALFORMED);
    list[0] = list[1] = aggregates.list[0]; /* twice */
    assert_int_equal(read_changed(list, 2, &code), TP_MALFORMED);
    assert_string_equal(code, "aggregates.malformed");
    list[0].set.ballots = f->manifest.floor - 1;
    assert_int_equal(read_changed(list, 1, &code), TP_REFUSED);
    assert_string_equal(code, "aggregates.rule");
    list[0] = aggregates.list[0];
    memset(list[0].r, 0, 32);
    assert_int_equal(read_changed(list, 1, &code), TP_OK);
    memset(list[0].r, 0xff, 32);
    assert_int_equal(read_changed(list, 1, &code), TP_MALFORMED);
    list[0] = aggregates.list[3]; /* council, with the unit that does not vote on it */
    list[0].set.units = (uint16_t[]){2};
    list[0].set.unit_count = 1;
    assert_int_equal(read_changed(list, 1, &code), TP_MALFORMED);
    list[0].set.units = (uint16_t[]){1, 0};
    list[0].set.unit_count = 2;
    assert_int_equal(read_changed(list, 1, &code), TP_MALFORMED);
    list[0].set.units = (uint16_t[]){0, 1};
    assert_int_equal(read_changed(list, 1, &code), TP_OK);
    list[0].set.units = (uint16_t[]){3};
    list[0].set.unit_count = 1;
    assert_int_equal(read_changed(list, 1, &code), TP_MALFORMED);
}

/* ---- shares and totals ---- */

static size_t make_shares(uint8_t *out, uint16_t trustee) {
    tp_scalar x[FIXTURE_POINTS];
    tp_fault fault;
    uint8_t random[32];
    tp_writer w = tp_writer_of(out, 1 << 16);
    fixture_random(f, random);
    assert_int_equal(
        tp_ceremony_secret(x, f->board.ceremony, trustee, f->seed[trustee - 1], &fault), TP_OK);
    assert_int_equal(tp_shares_make(&w, &f->manifest, tp_ceremony_keys(f->board.ceremony),
                                    &aggregates, aggregates_hash, trustee, x, random),
                     TP_OK);
    return w.len;
}

static tp_err check_shares(tp_point *out, uint16_t trustee, const uint8_t *bytes, size_t len,
                           tp_fault *fault) {
    return tp_shares_check(out, &f->manifest, tp_ceremony_keys(f->board.ceremony), &aggregates,
                           aggregates_hash, trustee, bytes, len, fault);
}

/* Every pair of trustees finds the same totals, and they are those of the votes. E8 */
static void test_totals(void **state) {
    (void)state;
    static uint8_t bytes[1 << 16];
    static tp_point d[3][5 * FIXTURE_POINTS];
    tp_fault fault;
    for (uint16_t i = 1; i <= 3; i++) {
        size_t len = make_shares(bytes, i);
        assert_int_equal(check_shares(d[i - 1], i, bytes, len, &fault), TP_OK);
    }
    for (uint16_t left_out = 1; left_out <= 3; left_out++) {
        uint16_t who[2] = {left_out == 1 ? 2 : 1, left_out == 3 ? 2 : 3};
        const tp_point *shares[2] = {d[who[0] - 1], d[who[1] - 1]};
        uint32_t found[5][5], expected[5], *rows[5];
        for (size_t i = 0; i < 5; i++)
            rows[i] = found[i];
        assert_int_equal(tp_totals(rows, &f->manifest, &aggregates, who, shares, &fault), TP_OK);
        for (size_t i = 0; i < aggregates.count; i++) {
            const tp_reporting_set *s = &aggregates.list[i].set;
            fixture_expected(f, s, expected);
            assert_memory_equal(found[i], expected,
                                f->manifest.contests[s->contest].shape.n * sizeof expected[0]);
        }
    }
}

/* All voters of a set chose their randomness so that it cancels: their totals are open to everyone,
 * and the tally of all sets goes on as before. spec: W-9 */
static void test_cancelled_randomness(void **state) {
    (void)state;
    static uint8_t bytes[1 << 16];
    static tp_point d[2][5 * FIXTURE_POINTS];
    tp_fault fault;
    tp_aggregate *set = &aggregates.list[0], kept = *set;
    const tp_sum_shape *shape = &f->manifest.contests[set->set.contest].shape;
    uint8_t c[FIXTURE_POINTS][32];
    uint32_t found[5][5], expected[5], *rows[5];
    for (size_t i = 0; i < 5; i++)
        rows[i] = found[i];
    fixture_expected(f, &set->set, expected);
    for (size_t k = 0; k < tp_sum_points(shape); k++) {
        uint64_t y = 2 * k + 1 < shape->n ? expected[2 * k + 1] : 0;
        tp_scalar u;
        tp_point p;
        tp_scalar_from_u64(&u, expected[2 * k] + TP_SUM_PACK * y);
        tp_points_mul_base(&p, &u, 1);
        tp_points_encode(&c[k], &p, 1);
    }
    memset(set->r, 0, 32);
    set->c = c;
    for (uint16_t i = 1; i <= 2; i++) {
        size_t len = make_shares(bytes, i);
        assert_int_equal(check_shares(d[i - 1], i, bytes, len, &fault), TP_OK);
    }
    const tp_point *shares[2] = {d[0], d[1]};
    tp_err err = tp_totals(rows, &f->manifest, &aggregates, (uint16_t[]){1, 2}, shares, &fault);
    *set = kept;
    assert_int_equal(err, TP_OK);
    for (size_t i = 0; i < aggregates.count; i++) {
        const tp_reporting_set *s = &aggregates.list[i].set;
        fixture_expected(f, s, expected);
        assert_memory_equal(found[i], expected,
                            f->manifest.contests[s->contest].shape.n * sizeof expected[0]);
    }
}

/* The wrong two, one twice, or shares of another set: no totals. */
static void test_totals_refused(void **state) {
    (void)state;
    static uint8_t bytes[1 << 16];
    static tp_point d[2][5 * FIXTURE_POINTS];
    tp_fault fault;
    uint32_t found[5][5], *rows[5];
    for (size_t i = 0; i < 5; i++)
        rows[i] = found[i];
    for (uint16_t i = 1; i <= 2; i++)
        assert_int_equal(check_shares(d[i - 1], i, bytes, make_shares(bytes, i), &fault), TP_OK);
    const tp_point *shares[2] = {d[0], d[1]};
    uint16_t wrong[2] = {1, 3}, twice[2] = {1, 1}, none[2] = {0, 1};
    assert_int_equal(tp_totals(rows, &f->manifest, &aggregates, wrong, shares, &fault), TP_INVALID);
    assert_string_equal(fault.code, "totals.range");
    assert_int_equal(tp_totals(rows, &f->manifest, &aggregates, twice, shares, &fault), TP_REFUSED);
    assert_int_equal(tp_totals(rows, &f->manifest, &aggregates, none, shares, &fault), TP_REFUSED);
}

static void test_shares_tampered(void **state) {
    (void)state;
    static uint8_t bytes[1 << 16];
    static tp_point d[5 * FIXTURE_POINTS];
    tp_fault fault;
    size_t len = make_shares(bytes, 1);
    assert_int_equal(check_shares(d, 1, bytes, len, &fault), TP_OK);
    assert_int_equal(check_shares(d, 2, bytes, len, &fault), TP_MALFORMED);
    assert_int_equal(check_shares(d, 0, bytes, len, &fault), TP_MALFORMED);
    assert_int_equal(check_shares(d, 4, bytes, len, &fault), TP_MALFORMED);
    assert_int_equal(check_shares(d, 1, bytes, len - 1, &fault), TP_MALFORMED);
    assert_int_equal(check_shares(d, 1, bytes, len + 1, &fault), TP_MALFORMED);
    assert_int_equal(check_shares(d, 1, bytes, 0, &fault), TP_MALFORMED);
    assert_string_equal(fault.code, "shares.malformed");
    for (size_t i = 0; i < len; i += 3) {
        bytes[i] ^= (uint8_t)(1u << i % 8);
        assert_int_not_equal(check_shares(d, 1, bytes, len, &fault), TP_OK);
        assert_memory_equal(fault.code, "shares.", 7);
        bytes[i] ^= (uint8_t)(1u << i % 8);
    }
    /* two good shares exchanged */
    uint8_t one[32];
    memcpy(one, bytes + 66, 32);
    memcpy(bytes + 66, bytes + 98, 32);
    memcpy(bytes + 98, one, 32);
    assert_int_equal(check_shares(d, 1, bytes, len, &fault), TP_INVALID);
    assert_string_equal(fault.code, "shares.proof");
}

/* Below the floor the trustee's own tool refuses. spec: W-12 */
static void test_shares_floor(void **state) {
    (void)state;
    static uint8_t bytes[1 << 16];
    tp_scalar x[FIXTURE_POINTS];
    tp_fault fault;
    uint8_t random[32] = {1};
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    uint32_t ballots = aggregates.list[2].set.ballots;
    assert_int_equal(tp_ceremony_secret(x, f->board.ceremony, 1, f->seed[0], &fault), TP_OK);
    aggregates.list[2].set.ballots = f->manifest.floor - 1;
    tp_err err = tp_shares_make(&w, &f->manifest, tp_ceremony_keys(f->board.ceremony), &aggregates,
                                aggregates_hash, 1, x, random);
    aggregates.list[2].set.ballots = ballots;
    assert_int_equal(err, TP_REFUSED);
    assert_int_equal(w.len, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge_exhaustive), cmocka_unit_test(test_merge_rules),
        cmocka_unit_test(test_aggregates),       cmocka_unit_test(test_aggregates_flips),
        cmocka_unit_test(test_aggregates_rules), cmocka_unit_test(test_totals),
        cmocka_unit_test(test_totals_refused),   cmocka_unit_test(test_shares_tampered),
        cmocka_unit_test(test_shares_floor),     cmocka_unit_test(test_cancelled_randomness),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
