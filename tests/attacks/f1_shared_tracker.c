/* F1: a device that gives two voters one tracker. The tracker covers every byte of the ballot, and
 * the credential is among them: no other ballot has it, and a checker who compares the credential
 * sees whose ballot it is. */
#include "election/code.h"
#include "tests/election/fixture.h"

static void test_tracker(void **state) {
    (void)state;
    fixture *f = calloc(1, sizeof *f);
    uint8_t one[FIXTURE_BALLOT], two[FIXTURE_BALLOT], symbols[16];
    const uint8_t choices[FIXTURE_CHOICES] = {0, 1, 0, 0, 0, 1};
    char a[TP_CODE_TEXT], b[TP_CODE_TEXT];
    fixture_init(f, NULL);
    fixture_ceremony(f);
    size_t len = fixture_seal(f, one, 0, choices);
    fixture_seal(f, two, 3, choices); /* same unit, same choices, even the same randomness */
    f->drawn--;
    assert_int_equal(fixture_seal(f, two, 3, choices), len);
    tp_ballot_tracker(a, one, len);
    tp_ballot_tracker(b, two, len);
    assert_string_not_equal(a, b);
    assert_int_equal(tp_code_read(symbols, TP_CODE_SYMBOLS, a, strlen(a)), TP_OK);
    for (size_t i = 0; i < len; i += 3) { /* whatever is put into a ballot moves its tracker */
        one[i] ^= 1;
        tp_ballot_tracker(b, one, len);
        assert_string_not_equal(a, b);
        one[i] ^= 1;
    }
    /* the credential inside cannot be exchanged under the tracker's back either */
    memcpy(one + 32, f->voters[3].credential.key, 32);
    const tp_ballot_style *s = &f->styles.list[0];
    const uint8_t *list[1] = {one};
    tp_err result;
    const char *code;
    void *scratch = aligned_alloc(64, (tp_ballot_verify_scratch(s, 1) + 127) / 64 * 64);
    assert_int_equal(tp_ballots_verify_var(&result, &code, s, list, 1, scratch), TP_INVALID);
    free(scratch);
    /* and the fingerprints that the checker shows differ */
    tp_credential_fingerprint(a, f->voters[0].credential.key, f->manifest.fingerprint);
    tp_credential_fingerprint(b, f->voters[3].credential.key, f->manifest.fingerprint);
    assert_string_not_equal(a, b);
    fixture_free(f);
    free(f);
}

/* Tracker and hash are of different domains: one cannot pass for the other. */
static void test_domains(void **state) {
    (void)state;
    uint8_t bytes[8] = {1, 2, 3}, hash[32];
    char tracker[TP_CODE_TEXT], of_hash[TP_CODE_TEXT];
    tp_ballot_tracker(tracker, bytes, sizeof bytes);
    tp_ballot_hash(hash, bytes, sizeof bytes);
    tp_code_write(of_hash, hash, TP_CODE_SYMBOLS);
    assert_string_not_equal(tracker, of_hash);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_tracker),
                                       cmocka_unit_test(test_domains)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
