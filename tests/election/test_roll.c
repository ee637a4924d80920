/* Rows of the roll and words of names: requirements J-3..J-5 of spec/11. */
#include "election/roll.h"
#include "tests/election/fixture.h"

static fixture f;

typedef struct {
    const char *text;
    bool given;
} once;

static size_t give(void *ctx, uint8_t *out, size_t cap) {
    once *o = ctx;
    size_t len = o->given ? 0 : strlen(o->text);
    assert_true(len <= cap);
    memcpy(out, o->text, len);
    o->given = true;
    return len;
}

static tp_csv csv;
static tp_roll_map map;

static tp_err header(const char *text, tp_roll_column *column) {
    bool more;
    once o = {.text = text};
    tp_csv_begin(&csv, give, &o, ',');
    assert_int_equal(tp_csv_next(&csv, &more), TP_OK);
    return tp_roll_map_header(&map, &csv, column);
}

/* NULL or the fault's code for a row under the plain header with channel. */
static const char *row(tp_roll_row *r, const char *text) {
    bool more;
    once o = {.text = text};
    tp_csv_begin(&csv, give, &o, ',');
    assert_int_equal(tp_csv_next(&csv, &more), TP_OK);
    const tp_row_fault *fault = tp_roll_row_read(r, &csv, &map, &f.manifest);
    return fault ? fault->code : NULL;
}

/* J-3 */
static void test_header(void **state) {
    (void)state;
    tp_roll_column column;
    tp_roll_map_init(&map);
    assert_int_equal(header("number,name,birth_date,contact,unit", &column), TP_OK);
    assert_int_equal(map.at[TP_ROLL_CHANNEL], -1);
    assert_int_equal(header("x,unit,contact,y,birth_date,name,channel,number", &column), TP_OK);
    assert_int_equal(map.at[TP_ROLL_NUMBER], 7);
    assert_int_equal(map.at[TP_ROLL_CHANNEL], 6);
    assert_int_equal(map.count, 8);
    assert_int_equal(header("number,name,birth_date,unit", &column), TP_REFUSED);
    assert_int_equal(column, TP_ROLL_CONTACT);
    assert_int_equal(header("number,name,birth_date,contact,unit,name", &column), TP_REFUSED);
    assert_int_equal(column, TP_ROLL_NAME);
    assert_int_equal(header("contact2,number,name,birth_date,contact,unit", &column), TP_OK);
    assert_int_equal(map.at[TP_ROLL_CONTACT2], 0);
    map.header[TP_ROLL_CONTACT] = "";
    map.header[TP_ROLL_NAME] = "Voter's name";
    assert_int_equal(header("number,Voter's name,birth_date,unit,contact", &column), TP_OK);
    assert_int_equal(map.at[TP_ROLL_CONTACT], -1);
    assert_int_equal(header("number,name,birth_date,unit", &column), TP_REFUSED);
    map.header[TP_ROLL_NAME] = "name";
    map.header[TP_ROLL_CONTACT2] = "phone";
    assert_int_equal(header("number,name,birth_date,unit", &column), TP_REFUSED);
    assert_int_equal(column, TP_ROLL_CONTACT2);
    map.header[TP_ROLL_CHANNEL] = "way";
    assert_int_equal(header("number,name,birth_date,unit", &column), TP_REFUSED);
    assert_int_equal(column, TP_ROLL_CHANNEL);
}

/* J-4 */
static void test_row(void **state) {
    (void)state;
    tp_roll_column column;
    tp_roll_row r;
    tp_roll_map_init(&map);
    char text[400], long_text[200];
    const char *unit = f.manifest.units[1].id;
    assert_int_equal(header("number,name,birth_date,contact,unit,channel", &column), TP_OK);
#define ROW(format, ...) (snprintf(text, sizeof text, format, __VA_ARGS__), row(&r, text))
    assert_null(ROW("N1, Pe\xc3\xb1"
                    "a ,1992-02-29,a@b.example,%s,mail",
                    unit));
    assert_string_equal(r.name, "Pe\xc3\xb1"
                                "a");
    assert_string_equal(r.number, "N1");
    assert_string_equal(r.birth_date, "1992-02-29");
    assert_string_equal(r.contact, "a@b.example");
    assert_int_equal(r.unit, 1);
    assert_int_equal(r.channel, 3);
    assert_null(ROW("N1,A,1992-01-01,,%s,", unit));
    assert_int_equal(r.channel, 0);
    assert_true(r.has_contact);
    assert_string_equal(ROW("N1,A,1992-01-01,,%s", unit), "roll.fields");
    assert_string_equal(ROW("N1,A,1992-01-01,,%s,,", unit), "roll.fields");
    assert_string_equal(ROW(",A,1992-01-01,,%s,", unit), "roll.number");
    assert_string_equal(ROW("A 1,A,1992-01-01,,%s,", unit), "roll.number");
    assert_string_equal(ROW("\xc3\xb1,A,1992-01-01,,%s,", unit), "roll.number");
    assert_string_equal(ROW("%032d,A,1992-01-01,,%s,", 1, unit), "roll.number");
    assert_null(ROW("%031d,A,1992-01-01,,%s,", 1, unit));
    assert_string_equal(ROW("N1,.-,1992-01-01,,%s,", unit), "roll.name");
    assert_string_equal(ROW("N1,\"a\nb\",1992-01-01,,%s,", unit), "roll.control");
    assert_string_equal(ROW("N1,a\xe2\x80\xae"
                            "b,1992-01-01,,%s,",
                            unit),
                        "roll.control");
    static const char *const bad[] = {"1990-02-29", "1900-02-29", "1990-13-01", "1990-04-31",
                                      "1990-00-10", "1990-1-01",  "01/02/1990", "1889-01-01",
                                      "1990-01-00", "",           "1990-01-011"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_string_equal(ROW("N1,A,%s,,%s,", bad[i], unit), "roll.birth-date");
    memset(long_text, 'a', 128);
    long_text[128] = 0;
    assert_string_equal(ROW("N1,%s,1992-01-01,,%s,", long_text, unit), "roll.name");
    assert_string_equal(ROW("N1,A,1992-01-01,%s,%s,", long_text, unit), "roll.contact");
    assert_string_equal(ROW("N1,A,1992-01-01,,%s-,", unit), "roll.unit");
    assert_false(r.has_contact2);
    assert_string_equal(ROW("N1,A,1992-01-01,,%s,web", unit), "roll.channel");
    assert_int_equal(header("number,name,birth_date,contact,unit,contact2", &column), TP_OK);
    assert_null(ROW("N1,A,1992-01-01,a@b.example,%s, +63 2 8527 1 ", unit));
    assert_true(r.has_contact2);
    assert_string_equal(r.contact2, "+63 2 8527 1");
    assert_string_equal(ROW("N1,A,1992-01-01,,%s,%s", unit, long_text), "roll.contact");
#undef ROW
}

static void words(const char *text, const char *expected) {
    char out[TP_ROLL_WORDS];
    size_t count = tp_roll_words(out, text), spaces = 0;
    assert_string_equal(out, expected);
    for (const char *p = out; *p; p++)
        spaces += *p == ' ';
    assert_int_equal(count, *out ? spaces + 1 : 0);
}

/* J-5 */
static void test_words(void **state) {
    (void)state;
    words("", "");
    words(" .,- ", "");
    words("PE\xc3\x91"
          "A, Mar\xc3\xad"
          "a",
          "pena maria");
    words("Pen\xcc\x83"
          "a",
          "pena"); /* decomposed */
    words("Gar\xc3\xa7on-\xc3\x89lise", "garcon elise");
    words("O'Brien O\xe2\x80\x99"
          "Brien",
          "obrien obrien");
    words("\xc3\x86sir Stra\xc3\x9f"
          "e \xc5\x81ukasz",
          "aesir strasse lukasz");
    words("Nguy\xe1\xbb\x85n V\xc4\x83n \xc4\x90\xe1\xbb\xa9"
          "c",
          "nguyen van duc");
    words("a\xc3\x97"
          "b\xc2\xa0"
          "c\xe2\x80\x93"
          "d",
          "a b c d");
    words("\xd0\x98\xd0\xb2\xd0\xb0\xd0\xbd", "\xd0\xb8\xd0\xb2\xd0\xb0\xd0\xbd");
    words("\xce\x91\xce\xb1", "\xce\xb1\xce\xb1");
    words("\xd9\x85\xd8\xad\xd9\x85\xd8\xaf", "\xd9\x85\xd8\xad\xd9\x85\xd8\xaf");
    words("a\xff"
          "b",
          "a b");
    words("Maria 2 S 007", "maria 2 s 007");
    words("1 2 3 4 5 6 7 8 9 a b c d e f g h i", "1 2 3 4 5 6 7 8 9 a b c d e f g");
    char a[TP_ROLL_WORDS], b[TP_ROLL_WORDS];
    assert_int_equal(tp_roll_words_sorted(a, "Santos-Cruz, Mar\xc3\xad"
                                             "a"),
                     3);
    assert_int_equal(tp_roll_words_sorted(b, "MARIA CRUZ SANTOS maria"), 3);
    assert_string_equal(a, b);
    assert_string_equal(a, "cruz maria santos");
}

/* Any bytes: bounded, no empty word, and its own words again. */
static void test_words_mutated(void **state) {
    (void)state;
    uint64_t seed = 5;
    for (int round = 0; round < 20000; round++) {
        uint8_t text[300];
        char out[TP_ROLL_WORDS], again[TP_ROLL_WORDS];
        test_random_bytes(&seed, text, sizeof text);
        size_t len = text[0] % 128 + 1u; /* as long as a name: nothing is cut off */
        for (size_t i = 0; i < len; i++)
            if (round % 2)
                text[i] = (uint8_t)(i % 2 ? 0x80 | (text[i] & 0x3f) : 0xc2 + text[i] % 30);
        text[len] = 0;
        tp_roll_words(out, (const char *)text);
        assert_true(strlen(out) < TP_ROLL_WORDS);
        assert_null(strstr(out, "  "));
        assert_true(*out != ' ' && (!*out || out[strlen(out) - 1] != ' '));
        tp_roll_words(again, out);
        assert_string_equal(out, again);
    }
}

int main(void) {
    fixture_init(&f, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_row),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_words_mutated),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fixture_free(&f);
    return failed;
}
