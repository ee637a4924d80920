/* F3: the server answers a cast with the receipt of another ballot. The voter's device compares the
 * promise with what it computed from its own bytes; a promise for other bytes, or one that was
 * changed, does not pass.
 */
#include "tests/server/harness.h"

#include <signal.h>
#include <sodium.h>

static daemon_scene d;

typedef struct {
    uint8_t ballot[FIXTURE_BALLOT];
    size_t len, voter;
    reply answer;
} receipt;

static void read_hex(const json_t *a, const char *key, uint8_t *out, size_t expected) {
    size_t len;
    uint8_t *bytes = test_json_hex(a, key, &len);
    assert_int_equal(len, expected);
    memcpy(out, bytes, len);
    free(bytes);
}

/* What a voter's device checks before it says "accepted". */
static bool device_accepts(const receipt *mine, const json_t *a) {
    uint8_t hash[32], bytes[TP_PROMISE_SIGNED], signature[64];
    char tracker[TP_CODE_TEXT];
    tp_promise p;
    read_hex(a, "ballot_hash", p.ballot_hash, 32);
    read_hex(a, "credential", p.credential, 32);
    read_hex(a, "signature", signature, 64);
    p.sequence = (uint32_t)json_integer_value(json_object_get(a, "sequence"));
    p.deadline = (uint64_t)json_integer_value(json_object_get(a, "deadline"));
    tp_promise_signed_bytes(bytes, &p, d.f.manifest.fingerprint);
    tp_ballot_hash(hash, mine->ballot, mine->len);
    tp_ballot_tracker(tracker, mine->ballot, mine->len);
    return !memcmp(hash, p.ballot_hash, 32) &&
           !memcmp(p.credential, d.f.voters[mine->voter].credential.key, 32) &&
           !strcmp(tracker, json_string_value(json_object_get(a, "tracker"))) &&
           !crypto_sign_verify_detached(signature, bytes, sizeof bytes, d.f.manifest.log_key);
}

static void cast_one(receipt *r, size_t voter) {
    r->voter = voter;
    r->len = seal(&d, r->ballot, voter);
    r->answer = http_post(&d, "/api/ballots", r->ballot, r->len);
    assert_int_equal(r->answer.status, 201);
}

static void test_receipts(void **state) {
    (void)state;
    static receipt a, b;
    char hex[65], tracker[TP_CODE_TEXT];
    uint8_t hash[32];
    cast_one(&a, 0);
    cast_one(&b, 1);
    json_t *of_a = reply_json(&a.answer), *of_b = reply_json(&b.answer);
    assert_true(device_accepts(&a, of_a));
    assert_true(device_accepts(&b, of_b));
    assert_false(device_accepts(&a, of_b));
    assert_false(device_accepts(&b, of_a));
    tp_ballot_hash(hash, a.ballot, a.len); /* B's promise, made to look like A's */
    sodium_bin2hex(hex, sizeof hex, hash, 32);
    json_object_set_new(of_b, "ballot_hash", json_string(hex));
    tp_ballot_tracker(tracker, a.ballot, a.len);
    json_object_set_new(of_b, "tracker", json_string(tracker));
    sodium_bin2hex(hex, sizeof hex, d.f.voters[0].credential.key, 32);
    json_object_set_new(of_b, "credential", json_string(hex));
    assert_false(device_accepts(&a, of_b));
    json_decref(of_a);
    json_decref(of_b);
    reply_free(&a.answer);
    reply_free(&b.answer);
}

static int set_up(void **state) {
    (void)state;
    scene_init(&d, NULL, NULL);
    if (!scene_start(&d)) return -1;
    run_ceremony(&d);
    run_enrol(&d, 0, 2);
    run_open(&d);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    assert_int_equal(scene_stop(&d, SIGTERM), 0);
    scene_free(&d);
    return 0;
}

int main(void) {
    if (tp_group_select(NULL)) return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_receipts)};
    return cmocka_run_group_tests_name("attacks/f3_receipt_of_another", tests, set_up, tear_down);
}
