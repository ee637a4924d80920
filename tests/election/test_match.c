/* Matching rules: requirements J-25, J-26 of spec/11. spec: J-25, J-26 */
#include "election/match.h"
#include "tests/election/fixture.h"

static tp_match_person person(const char *name, const char *date) {
    tp_match_person p;
    tp_match_person_set(&p, name, date);
    return p;
}

static bool share_key(const tp_match_rule *r, const tp_match_person *a, const tp_match_person *b) {
    uint64_t x[TP_MATCH_KEYS], y[TP_MATCH_KEYS];
    size_t m = tp_match_keys(x, r, a), n = tp_match_keys(y, r, b);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++)
            if (x[i] == y[j]) return true;
    return false;
}

/* One rule, in both directions; where it holds there is a key in common. */
static bool holds(tp_match_name name, tp_match_date date, const tp_match_person *a,
                  const tp_match_person *b) {
    tp_match_rules r = {.rule = {{name, date, TP_MATCH_REVIEW}}, .count = 1};
    size_t which;
    tp_match_then then = tp_match(&r, a, b, &which);
    assert_int_equal(tp_match(&r, b, a, &which), then);
    assert_int_equal(which, then == TP_MATCH_NONE);
    if (then) assert_true(share_key(&r.rule[0], a, b));
    return then == TP_MATCH_REVIEW;
}

static bool names(tp_match_name rule, const char *a, const char *b) {
    tp_match_person x = person(a, "1990-01-02"), y = person(b, "1990-01-02");
    return holds(rule, TP_MATCH_SAME, &x, &y);
}

static bool dates(tp_match_date rule, const char *a, const char *b) {
    tp_match_person x = person("Ana Cruz", a), y = person("Ana Cruz", b);
    return holds(TP_MATCH_EXACT, rule, &x, &y);
}

static void test_names(void **state) {
    (void)state;
    assert_true(names(TP_MATCH_EXACT,
                      "Pe\xc3\xb1"
                      "a, Mar\xc3\xad"
                      "a",
                      "PENA Maria"));
    assert_false(names(TP_MATCH_EXACT, "Pena Maria", "Maria Pena"));
    assert_true(names(TP_MATCH_WORDS, "Pena Maria", "Maria Pena"));
    assert_false(names(TP_MATCH_WORDS, "Pena Maria", "Maria Pena Cruz"));
    assert_true(names(TP_MATCH_ALL_BUT_ONE, "Pena Maria", "Maria Pena Cruz"));
    assert_true(names(TP_MATCH_ALL_BUT_ONE, "Ana Reyes Cruz", "Cruz Ana Santos"));
    assert_true(names(TP_MATCH_ALL_BUT_ONE, "Ana Cruz", "Cruz Ana"));
    assert_false(names(TP_MATCH_ALL_BUT_ONE, "Ana Reyes", "Ana Cruz"));
    assert_false(names(TP_MATCH_ALL_BUT_ONE, "Ana Reyes", "Ana Reyes Cruz Lim"));
    assert_false(names(TP_MATCH_ALL_BUT_ONE, "Ana", "Ana Cruz"));
    assert_true(names(TP_MATCH_INITIALS, "Ana S. Cruz", "Ana Santos Cruz"));
    assert_true(names(TP_MATCH_INITIALS, "A Santos Cruz", "Ana S. Cruz"));
    assert_true(names(TP_MATCH_INITIALS,
                      "\xc3\x91"
                      "ina \xd0\x91. Cruz",
                      "Nina \xd0\x91\xd0\xb0 Cruz"));
    assert_false(names(TP_MATCH_INITIALS, "Ana S. Cruz", "Ana Reyes Cruz"));
    assert_false(names(TP_MATCH_INITIALS, "Ana Santos Cruz", "Ana Sison Cruz"));
    assert_false(names(TP_MATCH_INITIALS, "A. Santos C", "Ana S. Cruz"));
    assert_false(names(TP_MATCH_INITIALS, "Ana S. Cruz", "Ana Cruz"));
    for (tp_match_name r = 0; r < TP_MATCH_NAMES; r++)
        assert_false(names(r, "", ""));
}

static void test_dates(void **state) {
    (void)state;
    assert_true(dates(TP_MATCH_SAME, "1990-01-02", "1990-01-02"));
    assert_false(dates(TP_MATCH_SAME, "1990-01-02", "1990-02-01"));
    assert_true(dates(TP_MATCH_SWAPPED, "1990-01-02", "1990-02-01"));
    assert_false(dates(TP_MATCH_SWAPPED, "1990-01-02", "1990-01-02"));
    assert_false(dates(TP_MATCH_SWAPPED, "1990-03-03", "1990-03-03"));
    assert_false(dates(TP_MATCH_SWAPPED, "1990-01-02", "1991-02-01"));
    assert_true(dates(TP_MATCH_YEAR, "1990-01-02", "1990-12-31"));
    assert_false(dates(TP_MATCH_YEAR, "1990-01-02", "1991-01-02"));
}

/* Every two of the names that few words make: who is meant to be the same has a key in common. */
static void test_keys(void **state) {
    (void)state;
    static const char *const given[] = {"a", "ana", "ben", "s", "sol", "santos"};
    tp_match_person p[343];
    size_t count = 0, held = 0;
    for (size_t i = 0; i < 343; i++) {
        char text[64] = "";
        for (size_t k = 0, rest = i; k < 3; k++, rest /= 7)
            if (rest % 7) strcat(strcat(text, " "), given[rest % 7 - 1]);
        p[count++] = person(text, i % 2 ? "1990-01-02" : "1990-02-01");
    }
    for (size_t i = 0; i < count; i += 3)
        for (size_t j = i; j < count; j++)
            for (size_t r = 0; r < (size_t)TP_MATCH_NAMES * (size_t)TP_MATCH_DATES; r++)
                held += holds((tp_match_name)(r % TP_MATCH_NAMES),
                              (tp_match_date)(r / TP_MATCH_NAMES), &p[i], &p[j]);
    assert_true(held > 1000);
}

static const char *parse(const char *text, tp_match_rules *r) {
    tp_fault fault = {0};
    tp_err err = tp_match_parse(r, (const uint8_t *)text, strlen(text), &fault);
    if (!err) return NULL;
    assert_int_equal(err, TP_MALFORMED);
    assert_int_equal(r->count, 0);
    return fault.code;
}

#define RULE(n, b, t) "{\"name\":\"" n "\",\"birth_date\":\"" b "\",\"then\":\"" t "\"}"

static void test_parse(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "[]",
        "{\"rules\":[]}",
        "{\"rules\":{}}",
        "{\"rules\":[1]}",
        "{\"rules\":[" RULE("exact", "same", "accept") "],\"more\":1}",
        "{\"rules\":[" RULE("exact", "same", "accept") "],\"rules\":[]}",
        "{\"rules\":[" RULE("exact", "same", "none") "]}",
        "{\"rules\":[" RULE("Exact", "same", "accept") "]}",
        "{\"rules\":[" RULE("exact", "day", "accept") "]}",
        "{\"rules\":[{\"name\":\"exact\",\"birth_date\":\"same\"}]}",
        "{\"rules\":[{\"name\":\"exact\",\"birth_date\":\"same\",\"then\":\"accept\",\"x\":1}]}",
    };
    tp_match_rules r;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_string_equal(parse(bad[i], &r), "match.rules");
    char many[2048] = "{\"rules\":[";
    for (int i = 0; i < 16; i++)
        strcat(strcat(many, i ? "," : ""), RULE("words", "year", "review"));
    size_t len = strlen(many);
    assert_null(parse(strcat(many, "]}"), &r));
    assert_int_equal(r.count, 16);
    many[len] = 0;
    assert_string_equal(parse(strcat(many, "," RULE("words", "year", "review") "]}"), &r),
                        "match.rules");
}

/* The first rule that holds decides. */
static void test_order(void **state) {
    (void)state;
    tp_match_rules r;
    size_t which;
    tp_match_person a = person("Ana Cruz", "1990-01-02"), b = person("Cruz Ana", "1990-01-02");
    assert_null(parse("{\"rules\":[" RULE("exact", "same", "accept") "," RULE(
                          "words", "same", "review") "," RULE("words", "year", "accept") "]}",
                      &r));
    assert_int_equal(tp_match(&r, &a, &a, &which), TP_MATCH_ACCEPT);
    assert_int_equal(which, 0);
    assert_int_equal(tp_match(&r, &a, &b, &which), TP_MATCH_REVIEW);
    assert_int_equal(which, 1);
    b = person("Cruz Ana", "1990-01-03");
    assert_int_equal(tp_match(&r, &a, &b, &which), TP_MATCH_ACCEPT);
    assert_int_equal(which, 2);
    b = person("Cruz Ana", "1991-01-03");
    assert_int_equal(tp_match(&r, &a, &b, &which), TP_MATCH_NONE);
}

/* What the server uses is the file that officers read and rehearse. spec: J-30 */
static void test_default(void **state) {
    (void)state;
    tp_match_rules r;
    tp_fault fault;
    size_t len;
    char *text = test_spec_file("../ballots/ph2025/match.json", &len);
    assert_int_equal(tp_match_parse(&r, (const uint8_t *)text, len, &fault), TP_OK);
    free(text);
    assert_int_equal(r.count, tp_match_default.count);
    for (size_t i = 0; i < r.count; i++) {
        assert_int_equal(r.rule[i].name, tp_match_default.rule[i].name);
        assert_int_equal(r.rule[i].birth_date, tp_match_default.rule[i].birth_date);
        assert_int_equal(r.rule[i].then, tp_match_default.rule[i].then);
    }
    /* what find_named asks the store for is all that they can accept or send to review */
    for (size_t i = 0; i < r.count; i++)
        assert_true(r.rule[i].birth_date != TP_MATCH_YEAR &&
                    (r.rule[i].then == TP_MATCH_REVIEW || r.rule[i].birth_date == TP_MATCH_SAME));
}

/* spec: J-32 */
static void test_words(void **state) {
    (void)state;
    static const char *const words[] = {"words", "all-but-one", "initials", "day-month-swapped"};
    unsigned seen = 0;
    char swapped[11];
    for (size_t i = 0; i < tp_match_default.count; i++) {
        unsigned code = tp_match_code(&tp_match_default.rule[i]);
        assert_true(code > 0 && code < 32 && !(seen >> code & 1));
        seen |= 1u << code;
        assert_string_equal(tp_match_word(code), words[i]);
    }
    assert_string_equal(tp_match_word(0), "");
    assert_string_equal(tp_match_word((unsigned)TP_MATCH_NAMES * TP_MATCH_DATES + 1), "");
    tp_match_swapped(swapped, "1991-03-02");
    assert_string_equal(swapped, "1991-02-03");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names), cmocka_unit_test(test_dates), cmocka_unit_test(test_keys),
        cmocka_unit_test(test_parse), cmocka_unit_test(test_order), cmocka_unit_test(test_default),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
