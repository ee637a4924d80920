/* Plurality, and the results documents byte for byte. spec: U-1..U-7 */
#include "tests/election/fixture.h"

#include "election/tally.h"

static void outcome(const uint64_t *votes, size_t n, size_t seats, const char *expected) {
    tp_outcome out[8];
    char text[9] = "";
    tp_plurality(out, votes, n, seats);
    for (size_t i = 0; i < n; i++)
        text[i] = "LWT"[out[i]];
    assert_string_equal(text, expected);
}

static void test_plurality(void **state) {
    (void)state;
    outcome((uint64_t[]){5, 9, 7}, 3, 1, "LWL");
    outcome((uint64_t[]){5, 9, 7}, 3, 2, "LWW");
    outcome((uint64_t[]){5, 9, 7}, 3, 3, "WWW");
    outcome((uint64_t[]){9, 9, 7}, 3, 1, "TTL");
    outcome((uint64_t[]){9, 9, 7}, 3, 2, "WWL");
    outcome((uint64_t[]){9, 7, 7, 7}, 4, 3, "WTTT");
    outcome((uint64_t[]){9, 7, 7, 1}, 4, 3, "WWWL");
    outcome((uint64_t[]){7, 7, 7, 7}, 4, 4, "WWWW");
    outcome((uint64_t[]){0, 0}, 2, 1, "TT");
    outcome((uint64_t[]){3}, 1, 1, "W");
    outcome((uint64_t[]){(uint64_t)1 << 40, 1}, 2, 1, "WL");
}

/* Against the definition, for all votes 0..3 of four options: an option wins if it is among the
 * first `seats` in every order of equals, loses if in none, and is tied otherwise. */
static void test_plurality_exhaustive(void **state) {
    (void)state;
    for (size_t seats = 1; seats <= 4; seats++)
        for (unsigned n = 0; n < 256; n++) {
            uint64_t votes[4];
            tp_outcome out[4];
            size_t won = 0, tied = 0;
            for (unsigned i = 0; i < 4; i++)
                votes[i] = n >> 2 * i & 3;
            tp_plurality(out, votes, 4, seats);
            for (unsigned i = 0; i < 4; i++) {
                size_t best = 0, worst = 0; /* places before it */
                for (unsigned j = 0; j < 4; j++) {
                    best += votes[j] > votes[i];
                    worst += j != i && votes[j] >= votes[i];
                }
                assert_int_equal(out[i], worst < seats   ? TP_WON
                                         : best >= seats ? TP_LOST
                                                         : TP_TIED);
                won += out[i] == TP_WON;
                tied += out[i] == TP_TIED;
            }
            assert_true(won <= seats);
            assert_true(won == seats ? tied == 0 : won + tied > seats);
        }
}

static const char expected_head[] = "{\n"
                                    " \"tapat\": 1,\n"
                                    " \"fingerprint\": \"%s\",\n"
                                    " \"id\": \"fixture\",\n"
                                    " \"title\": \"A small election\",\n"
                                    " \"test\": true,\n"
                                    " \"contests\": [\n"
                                    "  {\n"
                                    "   \"id\": \"chair\",\n"
                                    "   \"title\": \"Chair\",\n"
                                    "   \"method\": \"plurality-at-large\",\n"
                                    "   \"seats\": 1,\n"
                                    "   \"ballots\": 10,\n"
                                    "   \"withheld\": 0,\n"
                                    "   \"options\": [\n"
                                    "    {\n"
                                    "     \"number\": 1,\n"
                                    "     \"name\": \"Abad, Ana\",\n"
                                    "     \"party\": \"A\",\n"
                                    "     \"votes\": 4,\n"
                                    "     \"outcome\": \"tied\"\n"
                                    "    },\n"
                                    "    {\n"
                                    "     \"number\": 2,\n"
                                    "     \"name\": \"Bello, Ben\",\n"
                                    "     \"party\": \"B\",\n"
                                    "     \"votes\": 2,\n"
                                    "     \"outcome\": \"lost\"\n"
                                    "    },\n"
                                    "    {\n"
                                    "     \"number\": 3,\n"
                                    "     \"name\": \"Cruz, \\\"Caloy\\\"\",\n"
                                    "     \"party\": \"\",\n"
                                    "     \"votes\": 4,\n"
                                    "     \"outcome\": \"tied\"\n"
                                    "    }\n"
                                    "   ],\n"
                                    "   \"sets\": [\n"
                                    "    {\n"
                                    "     \"units\": [\n"
                                    "      \"rome\",\n"
                                    "      \"oslo\"\n"
                                    "     ],\n"
                                    "     \"ballots\": 7,\n"
                                    "     \"votes\": [\n"
                                    "      3,\n"
                                    "      1,\n"
                                    "      3\n"
                                    "     ]\n"
                                    "    },\n"
                                    "    {\n"
                                    "     \"units\": [\n"
                                    "      \"abuja\"\n"
                                    "     ],\n"
                                    "     \"ballots\": 3,\n"
                                    "     \"votes\": [\n"
                                    "      1,\n"
                                    "      1,\n"
                                    "      1\n"
                                    "     ]\n"
                                    "    }\n"
                                    "   ]\n"
                                    "  },\n"
                                    "  {\n"
                                    "   \"id\": \"council\",\n";

static const char expected_csv[] = "contest,number,name,party,units,votes\r\n"
                                   "chair,1,\"Abad, Ana\",A,rome oslo,3\r\n"
                                   "chair,2,\"Bello, Ben\",B,rome oslo,1\r\n"
                                   "chair,3,\"Cruz, \"\"Caloy\"\"\",,rome oslo,3\r\n"
                                   "chair,1,\"Abad, Ana\",A,abuja,1\r\n"
                                   "chair,2,\"Bello, Ben\",B,abuja,1\r\n"
                                   "chair,3,\"Cruz, \"\"Caloy\"\"\",,abuja,1\r\n";

static fixture *f;
static uint16_t both[] = {0, 1}, third[] = {2};
static tp_aggregate list[] = {
    {.set = {.contest = 0, .unit_count = 2, .units = both, .ballots = 7}},
    {.set = {.contest = 0, .unit_count = 1, .units = third, .ballots = 3}},
};
static uint32_t first_totals[] = {3, 1, 3}, second_totals[] = {1, 1, 1};
static uint32_t *const totals[] = {first_totals, second_totals};
static const uint32_t withheld[TP_MAX_CONTESTS] = {0, 2};
static const tp_aggregates aggregates = {.list = list, .count = 2};
static const tp_reconciliation units[] = {
    {.registered = 100,
     .online = 90,
     .enrolled = 9,
     .ballots = 8,
     .replaced = 1,
     .excluded = 1,
     .counted = 6},
    {.registered = 50,
     .added = 2,
     .changes = 3,
     .online = 50,
     .enrolled = 5,
     .ballots = 2,
     .cancelled = 1,
     .voided = 1,
     .counted = 1},
    {.registered = 20,
     .removed = 1,
     .changes = 1,
     .online = 3,
     .enrolled = 3,
     .ballots = 3,
     .counted = 3},
};

static int set_up(void **state) {
    (void)state;
    f = calloc(1, sizeof *f);
    fixture_init(f, NULL);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    fixture_free(f);
    free(f);
    return 0;
}

static void test_json(void **state) {
    (void)state;
    char head[4096], hex[65];
    size_t len;
    char *json = tp_results_json(&len, &f->manifest, units, &aggregates, totals, withheld);
    assert_non_null(json);
    assert_int_equal(strlen(json), len);
    for (size_t i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", f->manifest.fingerprint[i]);
    int n = snprintf(head, sizeof head, expected_head, hex);
    char after = json[n];
    json[n] = 0;
    assert_string_equal(json, head);
    json[n] = after;
    free(json);
}

/* It is JSON, and the figures are those that went in. spec: U-4, U-5 */
static void test_json_content(void **state) {
    (void)state;
    size_t len;
    char *json = tp_results_json(&len, &f->manifest, units, &aggregates, totals, withheld);
    json_t *root = json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    json_t *council = json_array_get(json_object_get(root, "contests"), 1);
    assert_int_equal(json_integer_value(json_object_get(council, "withheld")), 2);
    assert_int_equal(json_integer_value(json_object_get(council, "ballots")), 0);
    assert_int_equal(json_array_size(json_object_get(council, "sets")), 0);
    json_t *diaz = json_array_get(json_object_get(council, "options"), 0);
    /* nothing was counted: nobody is tied, nobody lost */
    assert_string_equal(json_string_value(json_object_get(diaz, "outcome")), "none");
    json_t *figures = json_object_get(root, "reconciliation");
    json_t *total = json_object_get(figures, "total");
    static const char *const names[] = {"registered", "added",    "removed",   "changes",
                                        "online",     "enrolled", "cancelled", "ballots",
                                        "replaced",   "voided",   "excluded",  "counted"};
    static const int sums[] = {170, 2, 1, 4, 143, 17, 1, 13, 1, 1, 1, 10};
    for (size_t i = 0; i < 12; i++)
        assert_int_equal(json_integer_value(json_object_get(total, names[i])), sums[i]);
    json_t *oslo = json_array_get(json_object_get(figures, "units"), 1);
    assert_string_equal(json_string_value(json_object_get(oslo, "unit")), "oslo");
    assert_int_equal(json_integer_value(json_object_get(oslo, "voided")), 1);
    json_decref(root);
    free(json);
}

static void test_csv(void **state) {
    (void)state;
    size_t len;
    char *csv = tp_results_csv(&len, &f->manifest, &aggregates, totals);
    assert_int_equal(len, sizeof expected_csv - 1);
    assert_string_equal(csv, expected_csv);
    free(csv);
}

/* No seats, no winners. */
static void test_totals_method(void **state) {
    (void)state;
    size_t len;
    f->manifest.contests[0].method = TP_TOTALS;
    f->manifest.contests[0].seats = 0;
    char *json = tp_results_json(&len, &f->manifest, units, &aggregates, totals, withheld);
    assert_non_null(strstr(json, "\"method\": \"totals\""));
    assert_null(strstr(json, "\"outcome\": \"won\""));
    assert_null(strstr(json, "\"outcome\": \"tied\""));
    free(json);
    f->manifest.contests[0].method = TP_PLURALITY;
    f->manifest.contests[0].seats = 1;
}

/* Every figure moved by one unbalances the unit. spec: U-5, Y-17 */
static void test_reconciliation(void **state) {
    (void)state;
    const tp_reconciliation good = {.registered = 50,
                                    .online = 40,
                                    .enrolled = 42,
                                    .cancelled = 2,
                                    .ballots = 30,
                                    .replaced = 4,
                                    .voided = 1,
                                    .excluded = 3,
                                    .counted = 22};
    tp_reconciliation u = good;
    assert_null(tp_reconciliation_fault(&u));
    uint32_t *const figures[] = {&u.ballots, &u.replaced, &u.voided, &u.excluded, &u.counted};
    for (size_t i = 0; i < 5; i++) {
        u = good;
        ++*figures[i];
        assert_string_equal(tp_reconciliation_fault(&u), "reconciliation.sum");
        *figures[i] -= 2;
        assert_string_equal(tp_reconciliation_fault(&u), "reconciliation.sum");
    }
    u = good;
    u.enrolled++;
    assert_string_equal(tp_reconciliation_fault(&u), "reconciliation.roll");
    u.cancelled++;
    assert_null(tp_reconciliation_fault(&u));
    u = (tp_reconciliation){.counted = UINT32_MAX, .excluded = 1}; /* no wrapping round */
    assert_string_equal(tp_reconciliation_fault(&u), "reconciliation.sum");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reconciliation),       cmocka_unit_test(test_plurality),
        cmocka_unit_test(test_plurality_exhaustive), cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_content),         cmocka_unit_test(test_csv),
        cmocka_unit_test(test_totals_method),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
