/* B5: the same thing in other bytes (duplicate members, trailing bytes, lengths that are not
 * minimal, scalars of L or more) passes no parser, so no duplicate check can be got round. */
#include "tests/election/fixture.h"

static fixture *f;
static uint8_t bytes[TP_MAX_ENTRY + 64];

static int set_up(void **state) {
    (void)state;
    f = calloc(1, sizeof *f);
    fixture_init(f, NULL);
    fixture_ceremony(f);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    fixture_free(f);
    free(f);
    return 0;
}

static void manifest_refused(const char *from, const char *to) {
    char *json = fixture_manifest_with(f, from, to);
    tp_manifest m;
    tp_fault fault;
    assert_int_equal(tp_manifest_parse(&m, json, strlen(json), &fault), TP_MALFORMED);
    assert_string_equal(fault.code, "manifest.json");
    free(json);
}

static void test_json(void **state) {
    (void)state;
    manifest_refused("\"min\":0,", "\"min\":0,\"min\":0,");
    manifest_refused("\"party\":\"A\"", "\"party\":\"A\",\"p\\u0061rty\":\"A\"");
    manifest_refused("\"threshold\":2,", "\"threshold\":1,\"threshold\":2,");
    manifest_refused("\"who\":[]}}\n", "\"who\":[]}} x");
    manifest_refused("\"who\":[]}}\n", "\"who\":[]},}");
    manifest_refused("\"floor\":3", "\"floor\":03");
    manifest_refused("Rome PE", "Rome\\u0000PE");
    /* white space and order are free, but then it is another election: the hash is of the bytes */
    char *json = fixture_manifest_with(f, "\"min\":0,\"max\":1,", "\"max\":1, \"min\":0,");
    tp_manifest m;
    tp_fault fault;
    assert_int_equal(tp_manifest_parse(&m, json, strlen(json), &fault), TP_OK);
    assert_memory_not_equal(m.fingerprint, f->manifest.fingerprint, 32);
    tp_manifest_free(&m);
    free(json);
}

/* Trailing bytes on every entry of the board but the ones that are all body. */
static void test_trailing(void **state) {
    (void)state;
    for (size_t i = 0; i < f->count; i++) {
        tp_entry e;
        tp_fault fault;
        memcpy(bytes, f->entries[i].bytes, f->entries[i].len);
        bytes[f->entries[i].len] = 0;
        tp_err err = tp_entry_read(&e, bytes, f->entries[i].len + 1, &fault);
        /* a deal ends where its signature begins: one byte more moves both */
        if (err == TP_OK) err = tp_entry_verify(&f->manifest, &e, &fault);
        assert_int_not_equal(err, TP_OK);
    }
}

/* z + L instead of z: the same scalar, refused in signatures and ballots. */
static void add_order(uint8_t s[static 32]) {
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                      0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                      0,    0,    0,    0,    0,    0,    0,    0,
                                      0,    0,    0,    0,    0,    0,    0,    0x10};
    unsigned carry = 0;
    for (size_t i = 0; i < 32; i++) {
        carry += s[i] + order[i];
        s[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

static void test_scalars(void **state) {
    (void)state;
    const uint8_t choices[FIXTURE_CHOICES] = {0, 0, 0, 1};
    const tp_ballot_style *s = &f->styles.list[0];
    tp_err result;
    tp_fault fault;
    tp_entry e;
    const char *code;
    const uint8_t *list[1] = {bytes};
    size_t len = fixture_seal(f, bytes, 0, choices);
    size_t first = TP_BALLOT_HEAD + 32 * tp_sum_encoded_points(&s->contests[0].shape);
    size_t second = TP_BALLOT_HEAD + tp_sum_len(&s->contests[0].shape);
    void *scratch = aligned_alloc(64, (tp_ballot_verify_scratch(s, 1) + 127) / 64 * 64);
    for (size_t at = first; at < second; at += 32) {
        uint8_t kept[32];
        memcpy(kept, bytes + at, 32);
        add_order(bytes + at);
        assert_int_not_equal(tp_ballots_verify_var(&result, &code, s, list, 1, scratch), TP_OK);
        assert_string_equal(code, "ballot.scalar");
        memcpy(bytes + at, kept, 32);
    }
    add_order(bytes + len - 32);
    assert_int_not_equal(tp_ballots_verify_var(&result, &code, s, list, 1, scratch), TP_OK);
    free(scratch);
    fixture_sign_act(f, &e, TP_ACT_CLOSE, NULL, 0);
    add_order(e.college.by[0].signature + 32);
    assert_int_equal(tp_entry_verify(&f->manifest, &e, &fault), TP_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_json), cmocka_unit_test(test_trailing),
                                       cmocka_unit_test(test_scalars)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
