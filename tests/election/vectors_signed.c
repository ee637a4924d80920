/* Makes the vectors of a trustee's deal and of what is signed outside of the ballot. */
#include "tests/election/vectors.h"

#include "core/base/mem.h"
#include "core/proof/schnorr.h"
#include "election/cast.h"
#include "election/ceremony_state.h"
#include "election/desk.h"
#include "election/enrol.h"
#include "tests/election/fixture.h"

#include <sodium.h>

static void set_hex(json_t *o, const char *key, const void *bytes, size_t len) {
    char *text = malloc(2 * len + 1);
    assert_non_null(text);
    sodium_bin2hex(text, 2 * len + 1, bytes, len);
    json_object_set_new(o, key, json_string(text));
    free(text);
}

static void append_hex(json_t *list, const void *bytes, size_t len) {
    json_t *one = json_object();
    set_hex(one, "x", bytes, len);
    json_array_append(list, json_object_get(one, "x"));
    json_decref(one);
}

static void set_scalars(json_t *o, const char *key, const tp_scalar *x, size_t n) {
    uint8_t(*bytes)[32] = malloc(32 * n);
    assert_non_null(bytes);
    tp_scalars_encode(bytes, x, n);
    set_hex(o, key, bytes, 32 * n);
    free(bytes);
}

static void set_int(json_t *o, const char *key, uint64_t v) {
    json_object_set_new(o, key, json_integer((json_int_t)v));
}

static void set_text(json_t *o, const char *key, const char *text) {
    json_object_set_new(o, key, json_string(text));
}

/* ---- a deal: D-2..D-4, X-3, X-5, X-7 ---- */

enum { DEALER = 2 };

/* 32 bytes in place of random ones. spec: X-5 */
static void polynomials(uint8_t out[static 32], const uint8_t seed[static 32],
                        const tp_dkg_params *q) {
    static const char domain[] = "tapat-v1 trustee polynomials";
    uint8_t bytes[sizeof domain - 1 + 32 + 32 + 4], hash[64];
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    tp_write_bytes(&w, domain, sizeof domain - 1);
    tp_write_bytes(&w, seed, 32);
    tp_write_bytes(&w, q->fingerprint, 32);
    tp_write_u32(&w, q->contest);
    assert_int_equal(tp_write_end(&w), TP_OK);
    tp_sha512(hash, bytes, w.len);
    memcpy(out, hash, 32);
}

/* The stream of D-4, made once more from its definition. */
static void deal_nonces(tp_nonces *nonces, const tp_dkg_params *q, const uint8_t secret[static 32],
                        const uint8_t random[static 32]) {
    tp_transcript t;
    tp_transcript_init(&t, "dkg-deal");
    tp_absorb(&t, "fingerprint", q->fingerprint, 32);
    tp_absorb_u64(&t, "contest", q->contest);
    tp_absorb_u64(&t, "n", q->n), tp_absorb_u64(&t, "t", q->t);
    tp_absorb_u64(&t, "p", q->p), tp_absorb_u64(&t, "dealer", DEALER);
    tp_nonces_init(nonces, "dkg", secret, 32, random, &t);
}

static json_t *deal_contest(const fixture *f, size_t contest, const uint8_t seed[static 32],
                            const uint8_t *message) {
    json_t *o = json_object();
    tp_dkg_params q = tp_ceremony_params(&f->manifest, contest);
    tp_scalar a[FIXTURE_POINTS * 2], w;
    tp_trustee_keys keys;
    tp_nonces nonces;
    tp_point t;
    uint8_t random[32], commitment[32], encoded[1][32];
    size_t count = tp_dkg_coefficients(&q), len = tp_dkg_message_len(&q);
    tp_trustee_derive(&keys, seed);
    polynomials(random, seed, &q);
    deal_nonces(&nonces, &q, keys.identity_secret, random);
    set_int(o, "contest", contest), set_int(o, "p", q.p);
    set_hex(o, "polynomials", random, 32), set_hex(o, "nonce_key", nonces.key, 64);
    tp_nonces_scalars(a, count, &nonces), tp_nonces_scalars(&w, 1, &nonces);
    set_scalars(o, "coefficients", a, count), set_scalars(o, "w", &w, 1);
    tp_points_mul_base(&t, &w, 1);
    tp_points_encode(encoded, &t, 1);
    assert_memory_equal(encoded, message + 32 * count, 32);
    set_hex(o, "message", message, len);
    tp_dkg_commit(commitment, &q, DEALER, message, len);
    set_hex(o, "commitment", commitment, 32);
    return o;
}

static json_t *deal_boxes(const fixture *f, const uint8_t *boxes) {
    json_t *list = json_array();
    const size_t len = 32 * FIXTURE_POINTS + 48;
    for (size_t l = 0; l < FIXTURE_TRUSTEES; l++) {
        json_t *o = json_object();
        uint8_t shares[32 * FIXTURE_POINTS];
        tp_trustee_keys keys;
        tp_trustee_derive(&keys, f->seed[l]);
        set_hex(o, "seed", f->seed[l], 32), set_hex(o, "box_key", keys.box_key, 32);
        set_hex(o, "box", boxes + l * len, len);
        assert_int_equal(
            crypto_box_seal_open(shares, boxes + l * len, len, keys.box_key, keys.box_secret), 0);
        set_hex(o, "shares", shares, sizeof shares);
        json_array_append_new(list, o);
    }
    return list;
}

json_t *vectors_deal(void) {
    static fixture f;
    json_t *o = json_object(), *contests = json_array();
    tp_entry e = {0};
    fixture_init(&f, NULL);
    fixture_ceremony(&f);
    for (size_t i = 0; i < f.count && !(e.type == TP_ENTRY_DEAL && e.signer == DEALER); i++)
        assert_int_equal(tp_entry_read(&e, f.entries[i].bytes, f.entries[i].len, NULL), TP_OK);
    const uint8_t *at = e.u.deal.bytes;
    set_hex(o, "fingerprint", f.manifest.fingerprint, 32);
    set_int(o, "n", FIXTURE_TRUSTEES), set_int(o, "t", f.board.ceremony->t);
    set_int(o, "dealer", DEALER), set_hex(o, "seed", f.seed[DEALER - 1], 32);
    for (size_t c = 0; c < f.manifest.contest_count; c++) {
        tp_dkg_params q = tp_ceremony_params(&f.manifest, c);
        json_array_append_new(contests, deal_contest(&f, c, f.seed[DEALER - 1], at));
        at += tp_dkg_message_len(&q);
    }
    json_object_set_new(o, "contests", contests);
    set_hex(o, "deal_hash", f.board.ceremony->deal_hash[DEALER - 1], 32);
    json_object_set_new(o, "receivers", deal_boxes(&f, at));
    set_hex(o, "deal", e.u.deal.bytes, e.u.deal.len);
    fixture_free(&f);
    return o;
}

/* ---- a key that signs ---- */

typedef struct {
    uint8_t secret[32], key[32];
} signer;

static signer signer_of(uint64_t random) {
    signer s;
    tp_secret_key sk;
    uint8_t wide[64];
    test_random_bytes(&random, wide, sizeof wide);
    assert_int_equal(tp_keypair(&sk, s.key, wide), TP_OK);
    tp_scalar_encode(s.secret, &sk.x);
    return s;
}

/* ---- the promise: C-11 ---- */

static json_t *promise_vector(uint64_t random) {
    json_t *o = json_object();
    tp_promise p = {.sequence = 3, .deadline = 1835000000};
    uint8_t fingerprint[32], seed[32], key[32], secret[64], message[TP_PROMISE_SIGNED], sig[64];
    test_random_bytes(&random, fingerprint, 32), test_random_bytes(&random, seed, 32);
    test_random_bytes(&random, p.ballot_hash, 32), test_random_bytes(&random, p.credential, 32);
    crypto_sign_seed_keypair(key, secret, seed);
    tp_promise_signed_bytes(message, &p, fingerprint);
    crypto_sign_detached(sig, NULL, message, sizeof message, secret);
    set_hex(o, "fingerprint", fingerprint, 32), set_hex(o, "ballot_hash", p.ballot_hash, 32);
    set_hex(o, "credential", p.credential, 32), set_int(o, "sequence", p.sequence);
    set_int(o, "deadline", p.deadline), set_hex(o, "log_key", key, 32);
    set_hex(o, "message", message, sizeof message), set_hex(o, "signature", sig, 64);
    return o;
}

/* ---- a registration: L-6 ---- */

static json_t *registration_vector(uint64_t random) {
    json_t *o = json_object(), *keys = json_array();
    tp_registration r = {.unit = 513, .style = 2, .registrars = {.count = 2}};
    uint8_t fingerprint[32], nonce[32], bytes[512], message[68];
    tp_writer w = tp_writer_of(bytes, sizeof bytes), m = tp_writer_of(message, sizeof message);
    test_random_bytes(&random, fingerprint, 32), test_random_bytes(&random, nonce, 32);
    memcpy(r.credential, signer_of(random).key, 32);
    for (uint16_t i = 0; i < 2; i++) {
        signer s = signer_of(100u + i);
        append_hex(keys, s.key, 32);
        assert_int_equal(tp_registration_sign(&r.registrars.by[i], &r, fingerprint,
                                              (uint16_t)(2 * i + 1), s.secret, nonce),
                         TP_OK);
    }
    tp_registration_write(&w, &r);
    tp_write_bytes(&m, fingerprint, 32), tp_write_bytes(&m, bytes, 36);
    assert_true(!tp_write_end(&w) && !tp_write_end(&m));
    set_hex(o, "fingerprint", fingerprint, 32), set_hex(o, "credential", r.credential, 32);
    set_int(o, "unit", r.unit), set_int(o, "style", r.style);
    json_object_set_new(o, "signers", json_pack("[ii]", 1, 3));
    json_object_set_new(o, "keys", keys);
    set_hex(o, "message", message, m.len), set_hex(o, "bytes", bytes, w.len);
    return o;
}

/* ---- the desk: L-12, L-13 ---- */

static json_t *ask_vector(uint64_t random, const char *use, size_t subject_len) {
    json_t *o = json_object();
    uint8_t fingerprint[32], subject[TP_ASK_SUBJECT_MAX], nonce[32], sig[64], message[200];
    tp_writer w = tp_writer_of(message, sizeof message);
    const uint64_t time = 1830000000 + random;
    signer s = signer_of(random);
    test_random_bytes(&random, fingerprint, 32), test_random_bytes(&random, nonce, 32);
    test_random_bytes(&random, subject, sizeof subject);
    if (subject_len) subject[subject_len - 1] = 2; /* a kind of document */
    assert_int_equal(
        tp_registrar_ask(sig, use, fingerprint, time, subject, subject_len, s.secret, nonce),
        TP_OK);
    tp_write_bytes(&w, fingerprint, 32), tp_write_u64(&w, time);
    tp_write_bytes(&w, subject, subject_len);
    set_text(o, "use", use), set_hex(o, "fingerprint", fingerprint, 32);
    set_int(o, "time", time), set_hex(o, "subject", subject, subject_len);
    set_hex(o, "public_key", s.key, 32), set_hex(o, "message", message, w.len);
    set_hex(o, "signature", sig, 64);
    return o;
}

static json_t *refusal_vector(uint64_t random) {
    json_t *o = json_object();
    tp_refusal r = {.reason = 5, .time = 1830000077};
    uint8_t fingerprint[32], nonce[32], sig[64], message[200];
    tp_writer w = tp_writer_of(message, sizeof message);
    signer s = signer_of(random);
    test_random_bytes(&random, fingerprint, 32), test_random_bytes(&random, nonce, 32);
    test_random_bytes(&random, r.application, sizeof r.application);
    memcpy(r.credential, signer_of(random).key, 32);
    assert_int_equal(tp_refusal_sign(sig, &r, fingerprint, s.secret, nonce), TP_OK);
    tp_write_bytes(&w, fingerprint, 32), tp_write_bytes(&w, r.application, 16);
    tp_write_bytes(&w, r.credential, 32), tp_write_u16(&w, (uint16_t)r.reason);
    tp_write_u64(&w, r.time);
    set_hex(o, "fingerprint", fingerprint, 32), set_hex(o, "application", r.application, 16);
    set_hex(o, "credential", r.credential, 32), set_int(o, "reason", r.reason);
    set_int(o, "time", r.time), set_hex(o, "public_key", s.key, 32);
    set_hex(o, "message", message, w.len), set_hex(o, "signature", sig, 64);
    return o;
}

/* ---- entries: N-6 ---- */

static json_t *entry_vector(const fixture *f, const tp_entry *e, const char *type,
                            const char *const *keys) {
    static uint8_t bytes[TP_MAX_ENTRY], message[TP_MAX_ENTRY];
    json_t *o = json_object(), *list = json_array();
    tp_writer w = tp_writer_of(bytes, sizeof bytes), m = tp_writer_of(message, sizeof message);
    assert_int_equal(tp_entry_write(&w, e), TP_OK);
    tp_entry_signed_bytes(&m, f->manifest.fingerprint, e);
    assert_int_equal(tp_write_end(&m), TP_OK);
    for (; *keys; keys++)
        json_array_append_new(list, json_string(*keys));
    set_text(o, "type", type), set_hex(o, "entry", bytes, w.len);
    set_hex(o, "message", message, m.len);
    json_object_set_new(o, "keys", list);
    return o;
}

static void key_text(char out[static 65], const uint8_t key[static 32]) {
    sodium_bin2hex(out, 65, key, 32);
}

static json_t *of_trustee(fixture *f, tp_entry *e, uint16_t trustee, const char *type) {
    char key[65];
    key_text(key, f->manifest.trustees.who[trustee - 1].key);
    fixture_sign_trustee(f, e, trustee);
    return entry_vector(f, e, type, (const char *[]){key, NULL});
}

static json_t *of_officers(fixture *f, const uint8_t ballot_hash[static 32]) {
    char first[65], second[65];
    tp_entry e;
    key_text(first, f->manifest.officers.who[0].key);
    key_text(second, f->manifest.officers.who[1].key);
    fixture_sign_act(f, &e, TP_ACT_EXCLUDE, ballot_hash, TP_EXCLUDE_COURT_ORDER);
    return entry_vector(f, &e, "ACT", (const char *[]){first, second, NULL});
}

static json_t *of_registrar(fixture *f, const uint8_t credential[static 32]) {
    char key[65];
    uint8_t random[32];
    tp_entry e = {.type = TP_ENTRY_CANCEL, .u.cancel = {.reason = 1, .time = f->now}};
    memcpy(e.u.cancel.credential, credential, 32);
    key_text(key, f->manifest.registrars.who[0].key);
    fixture_random(f, random);
    assert_int_equal(tp_entry_sign(&e, f->manifest.fingerprint, 1, f->registrar[0], random), TP_OK);
    return entry_vector(f, &e, "CANCEL", (const char *[]){key, NULL});
}

static json_t *entry_vectors(fixture *f) {
    json_t *list = json_array();
    uint64_t random = 97;
    uint8_t shares[32 * FIXTURE_POINTS], hash[32];
    tp_entry complaint = {.type = TP_ENTRY_COMPLAINT, .u.complaint = {.dealer = 2}};
    tp_entry opening = {.type = TP_ENTRY_OPENING,
                        .u.opening = {.complainant = 1, .shares = shares, .len = sizeof shares}};
    for (size_t i = 0; i < FIXTURE_POINTS; i++)
        memcpy(shares + 32 * i, signer_of(200 + i).secret, 32);
    test_random_bytes(&random, hash, 32);
    json_array_append_new(list, of_trustee(f, &complaint, 1, "COMPLAINT"));
    json_array_append_new(list, of_trustee(f, &opening, 2, "OPENING"));
    json_array_append_new(list, of_officers(f, hash));
    json_array_append_new(list, of_registrar(f, f->voters[0].credential.key));
    return list;
}

json_t *vectors_signed(void) {
    static fixture f;
    json_t *o = json_object(), *asks = json_array();
    fixture_init(&f, NULL);
    json_array_append_new(asks, ask_vector(41, TP_WAITING_DOMAIN, 0));
    json_array_append_new(asks, ask_vector(42, TP_READ_DOMAIN, 17));
    json_object_set_new(o, "promise", promise_vector(81));
    json_object_set_new(o, "registration", registration_vector(82));
    json_object_set_new(o, "asks", asks);
    json_object_set_new(o, "refusal", refusal_vector(83));
    set_hex(o, "fingerprint", f.manifest.fingerprint, 32);
    json_object_set_new(o, "entries", entry_vectors(&f));
    fixture_free(&f);
    return o;
}
