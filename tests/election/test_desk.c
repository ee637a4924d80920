/* The registrars' desk: requests, refusals, boxes of documents. spec: L-12..L-18 */
#include "election/desk.h"

#include <sodium.h>

#include "core/proof/schnorr.h"
#include "election/ceremony.h"
#include "tests/support/support.h"

static const uint8_t fingerprint[32] = {1}, application[16] = {2}, credential[32] = {4},
                     random_bytes[32] = {3};

static void test_keys(void **state) {
    (void)state;
    tp_registrar_keys k;
    tp_trustee_keys as;
    tp_secret_key sk;
    uint8_t key[32];
    tp_registrar_derive(&k, (const uint8_t[32]){4});
    tp_trustee_derive(&as, (const uint8_t[32]){4});
    assert_memory_equal(k.sign_key, as.identity_key, 32);
    assert_memory_equal(k.sign_secret, as.identity_secret, 32);
    assert_int_equal(tp_keypair_decode(&sk, key, k.open_secret), TP_OK);
    assert_memory_equal(k.open_key, key, 32);
    assert_memory_not_equal(k.open_key, k.sign_key, 32);
}

/* spec: L-18 */
static void test_lock(void **state) {
    (void)state;
    static const uint8_t seed[32] = {6}, salt[TP_LOCK_SALT] = {7};
    uint64_t *memory = malloc(TP_LOCK_BLOCKS * (size_t)1024);
    uint8_t box[TP_LOCK_BOX], out[32], zero[32] = {0};
    assert_non_null(memory);
    tp_seed_lock(box, seed, "open sesame", 11, salt, memory);
    assert_int_equal(tp_seed_unlock(out, box, "open sesame", 11, salt, memory), TP_OK);
    assert_memory_equal(out, seed, 32);
    assert_int_equal(tp_seed_unlock(out, box, "open sesamE", 11, salt, memory), TP_INVALID);
    assert_memory_equal(out, zero, 32);
    box[0] ^= 1;
    assert_int_equal(tp_seed_unlock(out, box, "open sesame", 11, salt, memory), TP_INVALID);
    free(memory);
}

/* spec: L-12 */
static void test_requests(void **state) {
    (void)state;
    tp_registrar_keys k, other;
    uint8_t s[64], subject[TP_ASK_SUBJECT_MAX + 1] = {0};
    tp_registrar_derive(&k, (const uint8_t[32]){4});
    tp_registrar_derive(&other, (const uint8_t[32]){5});
    assert_int_equal(tp_registrar_ask(s, TP_READ_DOMAIN, fingerprint, 9, subject, 17, k.sign_secret,
                                      random_bytes),
                     TP_OK);
#define ASKED(use, time, len, by)                                                                  \
    tp_registrar_asked(s, use, fingerprint, time, subject, len, (by).sign_key)
    assert_int_equal(ASKED(TP_READ_DOMAIN, 9, 17, k), TP_OK);
    assert_int_equal(ASKED(TP_WAITING_DOMAIN, 9, 17, k), TP_INVALID);
    assert_int_equal(ASKED(TP_READ_DOMAIN, 10, 17, k), TP_INVALID);
    assert_int_equal(ASKED(TP_READ_DOMAIN, 9, 16, k), TP_INVALID);
    assert_int_equal(ASKED(TP_READ_DOMAIN, 9, 17, other), TP_INVALID);
    assert_int_equal(ASKED(TP_READ_DOMAIN, 9, sizeof subject, k), TP_TOO_BIG);
    memset(subject, 0xff, 32);
    assert_int_equal(
        tp_registrar_ask(s, TP_READ_DOMAIN, fingerprint, 9, subject, 17, subject, random_bytes),
        TP_MALFORMED);
}

/* spec: L-13 */
static void test_refusals(void **state) {
    (void)state;
    tp_registrar_keys k;
    uint8_t s[64];
    tp_refusal r = {.application = {1}, .credential = {2}, .reason = 3, .time = 4}, bad[4];
    tp_registrar_derive(&k, (const uint8_t[32]){4});
    assert_int_equal(tp_refusal_sign(s, &r, fingerprint, k.sign_secret, random_bytes), TP_OK);
    assert_int_equal(tp_refusal_verify(s, &r, fingerprint, k.sign_key), TP_OK);
    for (size_t i = 0; i < 4; i++)
        bad[i] = r;
    bad[0].application[15] ^= 1;
    bad[1].credential[31] ^= 1;
    bad[2].reason ^= 0x100;
    bad[3].time ^= 1;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(tp_refusal_verify(s, &bad[i], fingerprint, k.sign_key), TP_INVALID);
    for (unsigned i = 1; i <= TP_REFUSAL_REASONS; i++)
        assert_int_equal(tp_refusal_of(tp_refusal_reason(i)), i);
    assert_string_equal(tp_refusal_reason(TP_REFUSAL_REASONS + 1), "");
    assert_int_equal(tp_refusal_of("pers"), 0);
}

enum { REGISTRARS = 3, HEAD = 64 + 32 * REGISTRARS };

typedef struct {
    tp_registrar_keys k[REGISTRARS];
    uint8_t open_keys[REGISTRARS][32], head[HEAD], aes[32];
    tp_document_of of;
} box;

static void make(box *b) {
    for (uint8_t i = 0; i < REGISTRARS; i++) {
        tp_registrar_derive(&b->k[i], (const uint8_t[32]){10, i});
        memcpy(b->open_keys[i], b->k[i].open_key, 32);
    }
    b->of = (tp_document_of){fingerprint, application, credential, TP_DOCUMENT_BACK};
    assert_int_equal(tp_document_head_len(REGISTRARS), HEAD);
    assert_int_equal(
        tp_document_seal(b->head, b->aes, &b->of, tp_rows(b->open_keys), REGISTRARS, random_bytes),
        TP_OK);
}

static tp_err open_as(const box *b, size_t i, uint8_t aes[static 32]) {
    return tp_document_open(aes, &b->of, b->head, REGISTRARS, i, b->k[i - 1].open_secret);
}

/* spec: L-15, L-16, L-17 */
static void test_documents(void **state) {
    (void)state;
    box b;
    uint8_t aes[32], zero[32] = {0};
    make(&b);
    for (size_t i = 1; i <= REGISTRARS; i++) {
        assert_int_equal(open_as(&b, i, aes), TP_OK);
        assert_memory_equal(aes, b.aes, 32);
    }
    /* signing keys do not open */
    assert_int_equal(tp_document_open(aes, &b.of, b.head, REGISTRARS, 1, b.k[0].sign_secret),
                     TP_INVALID);
    assert_memory_equal(aes, zero, 32);
    assert_int_equal(tp_document_open(aes, &b.of, b.head, REGISTRARS, 0, b.k[0].open_secret),
                     TP_REFUSED);
    assert_int_equal(tp_document_open(aes, &b.of, b.head, REGISTRARS, 4, b.k[0].open_secret),
                     TP_REFUSED);
    b.of.kind = TP_DOCUMENT_FRONT; /* bound to kind, application, election */
    assert_int_equal(open_as(&b, 1, aes), TP_INVALID);
    b.of.kind = TP_DOCUMENT_BACK;
    b.of.application = fingerprint;
    assert_int_equal(open_as(&b, 1, aes), TP_INVALID);
    b.of.application = application;
    b.of.credential = random_bytes; /* the documents of one are not those of another key */
    assert_int_equal(open_as(&b, 1, aes), TP_INVALID);
    b.of.credential = credential;
    b.of.fingerprint = random_bytes;
    assert_int_equal(open_as(&b, 1, aes), TP_INVALID);
    b.of.fingerprint = fingerprint;
    for (size_t at = 32; at < 96; at += 7) {
        b.head[at] ^= 1;
        assert_int_equal(open_as(&b, 1, aes), TP_INVALID);
        b.head[at] ^= 1;
    }
    memset(b.head, 0, 32);
    assert_int_equal(open_as(&b, 1, aes), TP_MALFORMED);
    memset(b.open_keys[1], 0, 32);
    assert_int_equal(
        tp_document_seal(b.head, b.aes, &b.of, tp_rows(b.open_keys), REGISTRARS, random_bytes),
        TP_MALFORMED);
}

static void expect_hex(const json_t *v, const char *name, const uint8_t *bytes, size_t want) {
    size_t len;
    uint8_t *expected = test_json_hex(v, name, &len);
    assert_int_equal(len, want);
    assert_memory_equal(bytes, expected, len);
    free(expected);
}

/* A box from a known seed and known random bytes. spec: L-14 */
static void test_vector(void **state) {
    (void)state;
    json_t *v = test_spec_json("vectors/document-box.json");
    size_t len;
    box b;
    uint8_t *seed = test_json_hex(v, "seed", &len);
    make(&b);
    tp_registrar_derive(&b.k[0], seed);
    expect_hex(v, "open_key", b.k[0].open_key, 32);
    memcpy(b.open_keys[0], b.k[0].open_key, 32);
    assert_int_equal(tp_document_seal(b.head, b.aes, &b.of, tp_rows(b.open_keys), 1, random_bytes),
                     TP_OK);
    expect_hex(v, "fingerprint", fingerprint, 32);
    expect_hex(v, "application", application, 16);
    expect_hex(v, "credential", credential, 32);
    expect_hex(v, "random", random_bytes, 32);
    expect_hex(v, "head", b.head, 96);
    expect_hex(v, "aes", b.aes, 32);
    free(seed);
    json_decref(v);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),      cmocka_unit_test(test_lock),
        cmocka_unit_test(test_requests),  cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_documents), cmocka_unit_test(test_vector)};
    return cmocka_run_group_tests_name("election/desk", tests, NULL, NULL);
}
