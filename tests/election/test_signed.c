/* The vectors of a deal and of what is signed outside of the ballot: made again they are the same;
 * what the files hold verifies, and with one bit changed it does not.
 * spec: D-2..D-4, X-3, X-5, X-7, C-11, L-6, L-12, L-13, N-6
 */
#include "core/proof/schnorr.h"
#include "election/cast.h"
#include "election/ceremony_state.h"
#include "election/desk.h"
#include "election/enrol.h"
#include "tests/election/vectors.h"
#include "tests/support/support.h"

#include <sodium.h>

static json_t *file;

static const json_t *member(const char *name) {
    const json_t *o = json_object_get(file, name);
    assert_non_null(o);
    return o;
}
static uint8_t *bytes_of(const json_t *o, const char *key, size_t want) {
    size_t len;
    uint8_t *bytes = test_json_hex(o, key, &len);
    if (want) assert_int_equal(len, want);
    return bytes;
}
static uint64_t number(const json_t *o, const char *key) {
    assert_true(json_is_integer(json_object_get(o, key)));
    return (uint64_t)json_integer_value(json_object_get(o, key));
}

static void test_made_again(void **state) {
    (void)state;
    json_t *(*const make[])(void) = {vectors_deal, vectors_signed};
    static const char *const names[] = {"vectors/deal.json", "vectors/signed.json"};
    for (size_t i = 0; i < 2; i++) {
        json_t *stored = test_spec_json(names[i]), *made = make[i]();
        assert_true(json_equal(stored, made));
        json_decref(stored), json_decref(made);
    }
}

/* ---- the deal ---- */

/* The message opens under its commitment, and with one bit changed it does not. */
static void check_message(const json_t *deal, const json_t *contest, tp_sha256_ctx *hash) {
    tp_dkg_params q = {.contest = (uint32_t)number(contest, "contest"),
                       .n = (uint16_t)number(deal, "n"),
                       .t = (uint16_t)number(deal, "t"),
                       .p = (uint16_t)number(contest, "p")};
    uint32_t dealer = (uint32_t)number(deal, "dealer");
    uint8_t *fingerprint = bytes_of(deal, "fingerprint", 32);
    uint8_t *message = bytes_of(contest, "message", tp_dkg_message_len(&q));
    uint8_t *commitment = bytes_of(contest, "commitment", 32);
    size_t len = tp_dkg_message_len(&q);
    tp_point points[16];
    void *scratch = aligned_alloc(64, (tp_dkg_scratch(&q) + 63) / 64 * 64);
    memcpy(q.fingerprint, fingerprint, 32);
    assert_true(scratch && tp_dkg_coefficients(&q) <= 16);
    assert_int_equal(tp_dkg_open_var(points, &q, dealer, message, len, commitment, scratch), TP_OK);
    message[7] ^= 1;
    assert_int_equal(tp_dkg_open_var(points, &q, dealer, message, len, commitment, scratch),
                     TP_INVALID);
    tp_sha256_update(hash, commitment, 32);
    free(fingerprint), free(message), free(commitment), free(scratch);
}

static void check_box(const json_t *receiver) {
    tp_trustee_keys keys;
    size_t len, shares_len;
    uint8_t *seed = bytes_of(receiver, "seed", 32), *box = test_json_hex(receiver, "box", &len),
            *want = test_json_hex(receiver, "shares", &shares_len), *shares = malloc(shares_len);
    tp_trustee_derive(&keys, seed);
    assert_int_equal(len, shares_len + 48);
    assert_int_equal(crypto_box_seal_open(shares, box, len, keys.box_key, keys.box_secret), 0);
    assert_memory_equal(shares, want, shares_len);
    box[40] ^= 1;
    assert_int_equal(crypto_box_seal_open(shares, box, len, keys.box_key, keys.box_secret), -1);
    free(seed), free(box), free(want), free(shares);
}

static void test_deal(void **state) {
    (void)state;
    json_t *deal = test_spec_json("vectors/deal.json"), *o;
    uint8_t *want = bytes_of(deal, "deal_hash", 32), hash[32];
    tp_sha256_ctx h;
    size_t i;
    tp_sha256_init(&h);
    tp_sha256_update(&h, "tapat-v1 deal", 13);
    json_array_foreach(json_object_get(deal, "contests"), i, o) check_message(deal, o, &h);
    assert_int_equal(i, 2);
    tp_sha256_final(&h, hash);
    assert_memory_equal(hash, want, 32);
    json_array_foreach(json_object_get(deal, "receivers"), i, o) check_box(o);
    assert_int_equal(i, 3);
    free(want);
    json_decref(deal);
}

/* ---- what is signed ---- */

static void test_promise(void **state) {
    (void)state;
    const json_t *o = member("promise");
    tp_promise p = {.sequence = (uint32_t)number(o, "sequence"), .deadline = number(o, "deadline")};
    uint8_t *fingerprint = bytes_of(o, "fingerprint", 32), *hash = bytes_of(o, "ballot_hash", 32),
            *credential = bytes_of(o, "credential", 32), *key = bytes_of(o, "log_key", 32),
            *sig = bytes_of(o, "signature", 64), *message = bytes_of(o, "message", 124);
    uint8_t made[TP_PROMISE_SIGNED];
    memcpy(p.ballot_hash, hash, 32), memcpy(p.credential, credential, 32);
    tp_promise_signed_bytes(made, &p, fingerprint);
    assert_memory_equal(made, message, sizeof made);
    assert_int_equal(crypto_sign_verify_detached(sig, made, sizeof made, key), 0);
    p.deadline++;
    tp_promise_signed_bytes(made, &p, fingerprint);
    assert_int_equal(crypto_sign_verify_detached(sig, made, sizeof made, key), -1);
    free(fingerprint), free(hash), free(credential), free(key), free(sig), free(message);
}

/* Each key's signature of the message under the use; with one bit changed it is false. */
static void check_signatures(const json_t *keys, const tp_endorsement *by, size_t count,
                             const char *use, uint8_t *message, size_t len) {
    assert_int_equal(json_array_size(keys), count);
    for (size_t i = 0; i < count; i++) {
        uint8_t *key = test_hex(json_array_get(keys, i), NULL);
        assert_int_equal(tp_verify_var(by[i].signature, key, use, message, len), TP_OK);
        message[len - 1] ^= 1;
        assert_int_equal(tp_verify_var(by[i].signature, key, use, message, len), TP_INVALID);
        message[len - 1] ^= 1;
        free(key);
    }
}

static void test_registration(void **state) {
    (void)state;
    const json_t *o = member("registration"), *signers = json_object_get(o, "signers");
    size_t len, message_len;
    uint8_t *bytes = test_json_hex(o, "bytes", &len), again[512],
            *message = test_json_hex(o, "message", &message_len),
            *credential = bytes_of(o, "credential", 32);
    tp_registration r;
    bool more;
    tp_reader body = tp_reader_of(bytes, len);
    tp_writer w = tp_writer_of(again, sizeof again);
    assert_int_equal(tp_registrations_next(&r, &body, NULL, &more, NULL), TP_OK);
    assert_true(more && body.left == 0 && r.registrars.count == 2);
    assert_memory_equal(r.credential, credential, 32);
    assert_true(r.unit == number(o, "unit") && r.style == number(o, "style"));
    for (size_t i = 0; i < 2; i++)
        assert_true(r.registrars.by[i].signer == json_integer_value(json_array_get(signers, i)));
    check_signatures(json_object_get(o, "keys"), r.registrars.by, 2, TP_REGISTRATION_DOMAIN,
                     message, message_len);
    tp_registration_write(&w, &r);
    assert_true(w.len == len && !memcmp(again, bytes, len));
    for (size_t cut = 1; cut < len; cut++) {
        body = tp_reader_of(bytes, cut);
        assert_int_not_equal(tp_registrations_next(&r, &body, NULL, &more, NULL), TP_OK);
    }
    free(bytes), free(message), free(credential);
}

static void test_asks(void **state) {
    (void)state;
    const json_t *o;
    size_t i, len;
    json_array_foreach(member("asks"), i, o) {
        const char *use = json_string_value(json_object_get(o, "use"));
        uint8_t *fingerprint = bytes_of(o, "fingerprint", 32), *key = bytes_of(o, "public_key", 32),
                *sig = bytes_of(o, "signature", 64), *subject = test_json_hex(o, "subject", &len);
        const uint64_t time = number(o, "time");
        assert_int_equal(tp_registrar_asked(sig, use, fingerprint, time, subject, len, key), TP_OK);
        assert_int_equal(tp_registrar_asked(sig, use, fingerprint, time + 1, subject, len, key),
                         TP_INVALID);
        assert_int_equal(
            tp_registrar_asked(sig, TP_REFUSAL_DOMAIN, fingerprint, time, subject, len, key),
            TP_INVALID);
        free(fingerprint), free(key), free(sig), free(subject);
    }
    assert_int_equal(i, 2);
}

static void test_refusal(void **state) {
    (void)state;
    const json_t *o = member("refusal");
    tp_refusal r = {.reason = (uint16_t)number(o, "reason"), .time = number(o, "time")};
    uint8_t *fingerprint = bytes_of(o, "fingerprint", 32), *key = bytes_of(o, "public_key", 32),
            *application = bytes_of(o, "application", 16),
            *credential = bytes_of(o, "credential", 32), *sig = bytes_of(o, "signature", 64);
    memcpy(r.application, application, 16), memcpy(r.credential, credential, 32);
    assert_int_equal(tp_refusal_verify(sig, &r, fingerprint, key), TP_OK);
    r.reason++;
    assert_int_equal(tp_refusal_verify(sig, &r, fingerprint, key), TP_INVALID);
    free(fingerprint), free(key), free(application), free(credential), free(sig);
}

static void check_entry(const json_t *o, const uint8_t fingerprint[static 32]) {
    static uint8_t again[TP_MAX_ENTRY];
    size_t len, message_len;
    uint8_t *bytes = test_json_hex(o, "entry", &len),
            *message = test_json_hex(o, "message", &message_len);
    tp_endorsement one;
    tp_entry e;
    tp_writer w = tp_writer_of(again, sizeof again);
    assert_int_equal(tp_entry_read(&e, bytes, len, NULL), TP_OK);
    assert_int_equal(tp_entry_write(&w, &e), TP_OK);
    assert_true(w.len == len && !memcmp(again, bytes, len));
    w = tp_writer_of(again, sizeof again);
    tp_entry_signed_bytes(&w, fingerprint, &e);
    assert_true(w.len == message_len && !memcmp(again, message, message_len));
    memcpy(one.signature, e.signature, 64);
    bool college = e.college.count > 0;
    check_signatures(json_object_get(o, "keys"), college ? e.college.by : &one,
                     college ? e.college.count : 1u, TP_ENTRY_DOMAIN, message, message_len);
    assert_int_not_equal(tp_entry_read(&e, bytes, len - 1, NULL), TP_OK);
    free(bytes), free(message);
}

static void test_entries(void **state) {
    (void)state;
    const json_t *o;
    uint8_t *fingerprint = bytes_of(file, "fingerprint", 32);
    size_t i;
    json_array_foreach(member("entries"), i, o) check_entry(o, fingerprint);
    assert_int_equal(i, 4);
    free(fingerprint);
}

static int setup(void **state) {
    (void)state;
    file = test_spec_json("vectors/signed.json");
    return sodium_init() < 0 ? -1 : 0;
}

static int teardown(void **state) {
    (void)state;
    json_decref(file);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made_again), cmocka_unit_test(test_deal),
        cmocka_unit_test(test_promise),    cmocka_unit_test(test_registration),
        cmocka_unit_test(test_asks),       cmocka_unit_test(test_refusal),
        cmocka_unit_test(test_entries),
    };
    return cmocka_run_group_tests_name("election/signed", tests, setup, teardown);
}
