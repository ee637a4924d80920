/* The CSV reader: requirements J-1 and J-2 of spec/11, right, refused, and mutated at random. */
#include "tests/support/support.h"

#include "election/csv.h"

typedef struct {
    const char *bytes;
    size_t len, at, step;
} text_source;

static size_t give(void *ctx, uint8_t *out, size_t cap) {
    text_source *s = ctx;
    size_t n = s->len - s->at;
    if (n > cap) n = cap;
    if (s->step && n > s->step) n = s->step;
    memcpy(out, s->bytes + s->at, n);
    s->at += n;
    return n;
}

/* All records as text: "LINE[field|field]" or "LINE!code", one after the other. */
static char *read_all(const char *bytes, size_t len, size_t step, char separator) {
    text_source s = {.bytes = bytes, .len = len, .step = step};
    tp_csv *c = calloc(1, sizeof *c);
    char *out = NULL;
    size_t size;
    bool more = true;
    FILE *f = open_memstream(&out, &size);
    tp_csv_begin(c, give, &s, separator);
    for (;;) {
        tp_err err = tp_csv_next(c, &more);
        if (!more) break;
        fprintf(f, "%d", (int)c->line);
        if (err == TP_OK) {
            for (size_t i = 0; i < c->count; i++)
                fprintf(f, "%s%s", i ? "|" : "[", c->field[i]);
            fputc(']', f);
        } else {
            assert_int_equal(err, TP_MALFORMED);
            fprintf(f, "!%s ", c->fault->code);
        }
    }
    fclose(f);
    free(c);
    return out;
}

static void expect_bytes(const char *bytes, size_t len, const char *expected) {
    const size_t steps[] = {0, 1, 3};
    for (size_t i = 0; i < 3; i++) {
        char *got = read_all(bytes, len, steps[i], ',');
        assert_string_equal(got, expected);
        free(got);
    }
}

static void expect(const char *bytes, const char *expected) {
    expect_bytes(bytes, strlen(bytes), expected);
}

/* J-1 */
static void test_right(void **state) {
    (void)state;
    expect("", "");
    expect("\n\r\n\r", "");
    expect("a", "1[a]");
    expect("a,b\n", "1[a|b]");
    expect("\xef\xbb\xbf"
           "a,b\n",
           "1[a|b]");
    expect("a,b\nc,d\n", "1[a|b]2[c|d]");
    expect("a\r\nb\rc\nd", "1[a]2[b]3[c]4[d]");
    expect("a\n\n\r\nb\r\rc", "1[a]4[b]6[c]");
    expect(",\n,,", "1[|]2[||]");
    expect("\"a,b\",\"c\"\"d\"\n\"\"\n", "1[a,b|c\"d]2[]");
    expect("\"a\nb\r\nc\rd\",e\nf", "1[a\nb\r\nc\rd|e]5[f]");
    expect("Pe\xc3\xb1"
           "a,\xf0\x9f\x97\xb3\n",
           "1[Pe\xc3\xb1"
           "a|\xf0\x9f\x97\xb3]");
    char *got = read_all("a;b,c\n", 6, 0, ';');
    assert_string_equal(got, "1[a|b,c]");
    free(got);
}

/* J-2: refused, and only its own line */
static void test_refused(void **state) {
    (void)state;
    expect("a\"b\nc", "1!csv.quote 2[c]");
    expect("\"a\"b\nc", "1!csv.after 2[c]");
    expect("\"a\nb\nc,d", "1!csv.open 2[b]3[c|d]");
    expect("\"a\r\nb\r\nc", "1!csv.open 2[b]3[c]");
    expect("\xff\xfe"
           "a\nb",
           "1!csv.utf8 2[b]");
    expect("\xc0\x80\nb", "1!csv.utf8 2[b]");         /* overlong */
    expect("\xe0\x80\x80\nb", "1!csv.utf8 2[b]");     /* overlong */
    expect("\xed\xa0\x80\nb", "1!csv.utf8 2[b]");     /* a surrogate */
    expect("\xf4\x90\x80\x80\nb", "1!csv.utf8 2[b]"); /* above U+10FFFF */
    expect("\xc3\nb", "1!csv.utf8 2[b]");             /* cut off */
    expect("a,\x80\nb", "1!csv.utf8 2[b]");
    expect_bytes("a\0b\nc", 5, "1!csv.nul 2[c]");
}

static void test_limits(void **state) {
    (void)state;
    size_t cap = 3 * TP_CSV_WINDOW;
    char *text = malloc(cap), *got;
    memset(text, 'x', cap);
    memcpy(text + cap - 2, "\ny", 2);
    got = read_all(text, cap, 0, ',');
    assert_string_equal(got, "1!csv.long 2[y]");
    free(got);
    text[0] = '"';
    got = read_all(text, cap, 1000, ',');
    assert_string_equal(got, "1!csv.open 2[y]");
    free(got);
    memset(text, ',', TP_CSV_FIELDS - 1);
    got = read_all(text, TP_CSV_FIELDS - 1, 0, ',');
    assert_int_equal(strlen(got), 2 + TP_CSV_FIELDS);
    free(got);
    text[TP_CSV_FIELDS - 1] = ',';
    got = read_all(text, TP_CSV_FIELDS, 0, ',');
    assert_string_equal(got, "1!csv.fields ");
    free(got);
    /* the longest record, its line end in the last byte and one byte on */
    for (size_t len = TP_CSV_RECORD - 3; len < TP_CSV_RECORD + 3; len++) {
        memset(text, 'x', len);
        memcpy(text + len, "\r\nb", 3);
        got = read_all(text, len + 3, 0, ',');
        bool fits = got[1] == '[';
        assert_int_equal(fits, len < TP_CSV_RECORD);
        assert_string_equal(strrchr(got, '2'), "2[b]");
        free(got);
    }
    free(text);
}

static const char sample[] = "number,name,birth_date\r\n1,\"Pe\xc3\xb1"
                             "a, \"\"Nena\"\"\",1990-01-02\n"
                             "2,\"two\nlines\",1980-05-06\r3,O'Brien,1970-01-01\n\n4,x,";

/* Whatever the bytes: the same however they arrive, and lines that rise. */
static void test_mutated(void **state) {
    (void)state;
    static const char bytes[] = "\",\n\r;\0a\xc3\xb1\xff\xef\xbb\xbf";
    uint64_t seed = 11;
    for (int round = 0; round < 20000; round++) {
        char text[sizeof sample];
        uint8_t dice[8];
        memcpy(text, sample, sizeof sample);
        test_random_bytes(&seed, dice, sizeof dice);
        size_t len = dice[0] < 200 ? sizeof sample - 1 : dice[1] % (sizeof sample - 1);
        for (int i = 0; i <= dice[2] % 3; i++)
            text[(dice[3 + i] * 7u) % (sizeof sample - 1)] =
                bytes[(dice[6] + 5u * (unsigned)i) % (sizeof bytes - 1)];
        char *whole = read_all(text, len, 0, ','), *single = read_all(text, len, 1, ','),
             *chunks = read_all(text, len, 1 + dice[7] % 30, ',');
        assert_string_equal(whole, single);
        assert_string_equal(whole, chunks);
        free(whole);
        free(single);
        free(chunks);
    }
}

/* Written with quotes where needed and read again: the same fields. */
static void test_inverse(void **state) {
    (void)state;
    static const char *const fields[] = {"",   "a",    "a,b",  "\"",      "a\"b",
                                         "\n", "\r\n", "x\ry", "\xc3\xb1"};
    uint64_t seed = 3;
    for (int round = 0; round < 2000; round++) {
        char text[256], expected[256] = "1[", *to = text;
        uint8_t dice[5];
        test_random_bytes(&seed, dice, sizeof dice);
        for (size_t i = 0; i < 5; i++) {
            const char *f = fields[dice[i] % 9];
            if (i) *to++ = ',';
            *to++ = '"';
            for (const char *p = f; *p; p++) {
                if (*p == '"') *to++ = '"';
                *to++ = *p;
            }
            *to++ = '"';
            if (i) strcat(expected, "|");
            strcat(expected, f);
        }
        strcat(expected, "]");
        expect_bytes(text, (size_t)(to - text), expected);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_limits),  cmocka_unit_test(test_mutated),
        cmocka_unit_test(test_inverse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
