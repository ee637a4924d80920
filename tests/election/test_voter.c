/* One voter's way, of spec/vectors/voter.json: from the recovery code to the tracker.
 * spec: A-1..A-5, L-1..L-4, L-11, C-1..C-4, C-9, C-10, B-11, X-13
 */
#include "core/proof/schnorr.h"
#include "election/cast.h"
#include "election/ceremony.h"
#include "election/enrol.h"
#include "tests/support/support.h"

enum { POINTS = 5, LENGTH = 1384, UNIT = 7, SEQUENCE = 2, ASK_TIME = 1735689600 };

static struct {
    json_t *file;
    uint8_t fingerprint[32], v_hash[32], digest[32], code[16], random[32], previous[32], key[32];
    uint8_t y[POINTS][32], choices[9], ballot[LENGTH];
    tp_point y_points[POINTS], generators[16];
    tp_scalar secret;
    tp_ballot_style style;
} v;

static void copy(void *out, size_t len, const char *key) {
    size_t got;
    uint8_t *bytes = test_json_hex(v.file, key, &got);
    assert_int_equal(got, len);
    memcpy(out, bytes, len);
    free(bytes);
}
static const char *text_of(const char *key) {
    const char *text = json_string_value(json_object_get(v.file, key));
    assert_non_null(text);
    return text;
}

static int setup(void **state) {
    (void)state;
    v.file = test_spec_json("vectors/voter.json");
    copy(v.fingerprint, 32, "fingerprint"), copy(v.v_hash, 32, "v_hash");
    copy(v.digest, 32, "key_digest"), copy(v.code, 16, "code"), copy(v.random, 32, "random");
    copy(v.previous, 32, "previous"), copy(v.key, 32, "credential"), copy(v.y, sizeof v.y, "y");
    copy(v.choices, sizeof v.choices, "choices"), copy(v.ballot, LENGTH, "ballot");
    if (tp_points_decode_var(v.y_points, (const uint8_t(*)[32])v.y, POINTS, NULL)) return -1;
    tp_sum_generators_var(v.generators, 15, v.fingerprint);
    v.style = (tp_ballot_style){.style = 3, .contest_count = 2, .generators = v.generators};
    memcpy(v.style.fingerprint, v.fingerprint, 32);
    memcpy(v.style.key_digest, v.digest, 32);
    v.style.contests[0] = (tp_ballot_contest){0, {5, 0, 2}, (const uint8_t(*)[32])v.y, v.y_points};
    v.style.contests[1] =
        (tp_ballot_contest){4, {4, 1, 1}, (const uint8_t(*)[32])v.y + 3, v.y_points + 3};
    return 0;
}

static int teardown(void **state) {
    (void)state;
    json_decref(v.file);
    return 0;
}

static void test_credential(void **state) {
    (void)state;
    uint8_t code[16], key[32], possession[64], ask[64];
    char text[TP_CODE_TEXT];
    const char *written = text_of("recovery_code");
    uint64_t *memory = malloc((size_t)TP_ARGON2_BLOCKS * 1024);
    assert_non_null(memory);
    assert_int_equal(tp_code_read(code, TP_CODE_SYMBOLS, written, strlen(written)), TP_OK);
    assert_memory_equal(code, v.code, 16);
    tp_credential_derive(&v.secret, key, code, v.fingerprint, memory);
    assert_memory_equal(key, v.key, 32);
    free(memory);
    tp_credential_fingerprint(text, key, v.fingerprint);
    assert_string_equal(text, text_of("credential_fingerprint"));
    copy(possession, 64, "possession"), copy(ask, 64, "ask");
    assert_int_equal(tp_credential_verify(possession, key, v.fingerprint), TP_OK);
    assert_int_equal(tp_credential_verify(ask, key, v.fingerprint), TP_INVALID);
    assert_int_equal(tp_credential_asked(ask, key, v.fingerprint, ASK_TIME), TP_OK);
    assert_int_equal(tp_credential_asked(ask, key, v.fingerprint, ASK_TIME + 1), TP_INVALID);
}

static void test_key_digest(void **state) {
    (void)state;
    uint8_t y_hash[32], digest[32];
    tp_sha256(y_hash, v.y, sizeof v.y);
    tp_key_digest(digest, v.fingerprint, y_hash, v.v_hash);
    assert_memory_equal(digest, v.digest, 32);
}

static tp_err verify(const uint8_t *ballot) {
    const uint8_t *const list[] = {ballot};
    tp_err result;
    const char *code;
    void *scratch = aligned_alloc(64, (tp_ballot_verify_scratch(&v.style, 1) + 63) / 64 * 64);
    assert_non_null(scratch);
    tp_err err = tp_ballots_verify_var(&result, &code, &v.style, list, 1, scratch);
    free(scratch);
    return err;
}

static void test_ballot(void **state) {
    (void)state;
    static uint8_t made[LENGTH];
    uint8_t hash[32], want[32];
    char text[TP_CODE_TEXT];
    void *scratch = aligned_alloc(64, (tp_ballot_seal_scratch(&v.style) + 63) / 64 * 64);
    assert_non_null(scratch);
    assert_int_equal(tp_ballot_size(&v.style), LENGTH);
    assert_int_equal(tp_ballot_seal(made, &v.style, &v.secret, v.key, UNIT, SEQUENCE, v.previous,
                                    v.choices, v.random, scratch),
                     TP_OK);
    assert_memory_equal(made, v.ballot, LENGTH);
    free(scratch);
    tp_ballot_hash(hash, v.ballot, LENGTH);
    copy(want, 32, "ballot_hash");
    assert_memory_equal(hash, want, 32);
    tp_ballot_tracker(text, v.ballot, LENGTH);
    assert_string_equal(text, text_of("tracker"));
    assert_int_equal(verify(v.ballot), TP_OK);
    for (size_t at = 0; at < LENGTH; at += 61) {
        made[at] ^= 1;
        assert_int_not_equal(verify(made), TP_OK);
        made[at] ^= 1;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_credential),
        cmocka_unit_test(test_key_digest),
        cmocka_unit_test(test_ballot),
    };
    return cmocka_run_group_tests_name("election/voter", tests, setup, teardown);
}
