/* A passkey that guards an enrolment (WebAuthn level 2): /api/enrol/passkey/...
 *
 *   new, add     who has proven who they are makes a passkey, once a voting key was handed in
 *   ask, prove   from then on a token is proven with it, and with no code (H-17)
 *
 *  1. A challenge is sealed: it names the token, what it is for, and when it ends. Nothing is kept.
 *  2. libfido2 checks signatures and what the device states; here are the client data: kind,
 *     challenge and origin, so that a page elsewhere gets nothing it could use (G3).
 *  3. It guards the enrolment, not the ballot: a cancel by the registrars removes it.
 */
#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <fido/rs256.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "server/answer.h"
#include "server/step.h"

enum { LIFE_S = 600, CLIENT_DATA_MAX = 1500, DEVICE_DATA_MAX = 1500, SIGNATURE_MAX = 600 };
enum {
    NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    PLAIN = 1 + 32 + 8, /* purpose, session, expiry */
    CHALLENGE = NONCE + PLAIN + TAG,
    USER_PRESENT = 0x01,
    HAS_KEY = 0x40,
};
typedef enum { TO_ADD = 1, TO_PROVE = 2 } purpose;

typedef struct {
    tp_step step; /* first */
    tp_passkey passkey;
} passkey_step;

/* ---- bytes and challenges ---- */

static bool from_base64(uint8_t *out, size_t cap, size_t *len, const char *text) {
    return sodium_base642bin(out, cap, text, strlen(text), NULL, len, NULL,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0;
}

static json_t *json_base64(const uint8_t *bytes, size_t len) {
    char text[2 * TP_PASSKEY_ID_MAX];
    sodium_bin2base64(text, sizeof text, bytes, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return json_string(text);
}

static json_t *new_challenge(const tp_server *s, const tp_step *t, purpose what) {
    uint8_t plain[PLAIN] = {(uint8_t)what}, sealed[CHALLENGE];
    unsigned long long len;
    memcpy(plain + 1, t->session, 32);
    tp_put_u64be(plain + 33, tp_server_now() + LIFE_S);
    randombytes_buf(sealed, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + NONCE, &len, plain, PLAIN,
                                               (const uint8_t *)"tapat-v1 passkey", 16, NULL,
                                               sealed, s->session_key);
    return json_base64(sealed, CHALLENGE);
}

static bool good_challenge(const tp_server *s, const tp_step *t, purpose what, const char *text) {
    uint8_t plain[PLAIN], sealed[CHALLENGE];
    unsigned long long plain_len;
    size_t len;
    if (!from_base64(sealed, sizeof sealed, &len, text) || len != CHALLENGE) return false;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            plain, &plain_len, NULL, sealed + NONCE, CHALLENGE - NONCE,
            (const uint8_t *)"tapat-v1 passkey", 16, sealed, s->session_key))
        return false;
    return plain[0] == what && sodium_memcmp(plain + 1, t->session, 32) == 0 &&
           tp_server_now() < tp_get_u64be(plain + 33);
}

/* The host of the address: what passkeys are bound to. */
static bool relying_party(char out[static 256], const tp_server *s) {
    const char *host = s->o.address ? strstr(s->o.address, "://") : NULL;
    if (!host) return false;
    host += 3;
    size_t len = strcspn(host, ":/");
    return len && snprintf(out, 256, "%.*s", (int)len, host) < 256;
}

/* What the browser says it was asked for, by whom, and for what. WebAuthn 7.1 and 7.2, steps on
 * C. */
static bool good_client_data(const tp_server *s, const tp_step *t, purpose what,
                             const uint8_t *bytes, size_t len) {
    json_t *data = json_loadb((const char *)bytes, len, JSON_REJECT_DUPLICATES, NULL);
    const char *type = json_string_value(json_object_get(data, "type"));
    const char *challenge = json_string_value(json_object_get(data, "challenge"));
    const char *origin = json_string_value(json_object_get(data, "origin"));
    bool good = type && challenge && origin && !strcmp(origin, s->o.address) &&
                !json_is_true(json_object_get(data, "crossOrigin")) &&
                !strcmp(type, what == TO_ADD ? "webauthn.create" : "webauthn.get") &&
                good_challenge(s, t, what, challenge);
    json_decref(data);
    return good;
}

/* ---- what the device says ---- */

static bool is_ours(const uint8_t *device, size_t len, const char *rp, uint8_t flags) {
    uint8_t hash[32];
    crypto_hash_sha256(hash, (const uint8_t *)rp, strlen(rp));
    return len >= 37 && !memcmp(device, hash, 32) && (device[32] & flags) == flags;
}

/* The new passkey's id and key, of one of three kinds. */
static bool read_new(tp_passkey *p, const uint8_t *device, size_t len) {
    static const int types[] = {COSE_ES256, COSE_EDDSA, COSE_RS256};
    bool good = false;
    for (size_t i = 0; i < 3 && !good; i++) {
        fido_cred_t *c = fido_cred_new();
        if (!c) abort();
        good = fido_cred_set_type(c, types[i]) == FIDO_OK &&
               fido_cred_set_authdata_raw(c, device, len) == FIDO_OK &&
               fido_cred_id_len(c) <= sizeof p->id && fido_cred_id_len(c) &&
               fido_cred_pubkey_len(c) <= sizeof p->key && fido_cred_pubkey_len(c);
        if (good) {
            p->type = types[i];
            p->id_len = fido_cred_id_len(c);
            p->key_len = fido_cred_pubkey_len(c);
            memcpy(p->id, fido_cred_id_ptr(c), p->id_len);
            memcpy(p->key, fido_cred_pubkey_ptr(c), p->key_len);
            p->counter = fido_cred_sigcount(c);
        }
        fido_cred_free(&c);
    }
    return good;
}

static bool verify_with(const tp_passkey *p, const fido_assert_t *a) {
    bool good = false;
    if (p->type == COSE_ES256) {
        es256_pk_t *key = es256_pk_new();
        good = key && es256_pk_from_ptr(key, p->key, p->key_len) == FIDO_OK &&
               fido_assert_verify(a, 0, COSE_ES256, key) == FIDO_OK;
        es256_pk_free(&key);
    } else if (p->type == COSE_EDDSA) {
        eddsa_pk_t *key = eddsa_pk_new();
        good = key && eddsa_pk_from_ptr(key, p->key, p->key_len) == FIDO_OK &&
               fido_assert_verify(a, 0, COSE_EDDSA, key) == FIDO_OK;
        eddsa_pk_free(&key);
    } else if (p->type == COSE_RS256) {
        rs256_pk_t *key = rs256_pk_new();
        good = key && rs256_pk_from_ptr(key, p->key, p->key_len) == FIDO_OK &&
               fido_assert_verify(a, 0, COSE_RS256, key) == FIDO_OK;
        rs256_pk_free(&key);
    }
    return good;
}

/* A count that does not rise shows a copied device; devices that do not count say 0. */
static bool good_assertion(tp_passkey *p, const char *rp, const uint8_t *client, size_t client_len,
                           const uint8_t *device, size_t device_len, const uint8_t *signature,
                           size_t signature_len) {
    fido_assert_t *a = fido_assert_new();
    if (!a) abort();
    bool good = fido_assert_set_count(a, 1) == FIDO_OK && fido_assert_set_rp(a, rp) == FIDO_OK &&
                fido_assert_set_up(a, FIDO_OPT_TRUE) == FIDO_OK &&
                fido_assert_set_clientdata(a, client, client_len) == FIDO_OK &&
                fido_assert_set_authdata_raw(a, 0, device, device_len) == FIDO_OK &&
                fido_assert_set_sig(a, 0, signature, signature_len) == FIDO_OK && verify_with(p, a);
    uint32_t counter = good ? fido_assert_sigcount(a, 0) : 0;
    good = good && (counter > p->counter || (!counter && !p->counter));
    if (good) p->counter = counter;
    fido_assert_free(&a);
    return good;
}

/* ---- in the transaction ---- */

static void work_add(tp_recorder *r, tp_task *task) {
    passkey_step *p = (passkey_step *)task;
    tp_store *store = tp_recorder_store(r);
    tp_step *t = &p->step;
    tp_enrolment e;
    int64_t voter;
    bool proven, found = false;
    tp_err err = tp_store_session_find(store, t->session, &voter, &proven);
    if (!err && proven) err = tp_store_enrolment_of(store, voter, &e, &found);
    if (err) {
        tp_recorder_fail(r, err);
        return;
    }
    if (!found || e.state < TP_ENROL_WAITING) {
        tp_step_refuse(t, 403, "enrol.proof", "First comes the voting key.");
        return;
    }
    p->passkey.voter = voter;
    err = tp_store_passkey_put(store, &p->passkey);
    if (err == TP_REFUSED) {
        tp_step_refuse(t, 409, "enrol.passkey", "This passkey is another voter's.");
        return;
    }
    /* What was proven without it, by others perhaps, ends: it could put another passkey here. */
    if (!err) err = tp_store_sessions_end(store, voter);
    if (!err) err = tp_store_session_add(store, t->session, voter, tp_server_now());
    tp_recorder_fail(r, err);
    if (!err) tp_recorder_fail(r, tp_enrolment_name(&t->state, store, &e));
}

/* The passkey must still be the one that was checked. */
static void work_prove(tp_recorder *r, tp_task *task) {
    passkey_step *p = (passkey_step *)task;
    tp_store *store = tp_recorder_store(r);
    tp_passkey now;
    bool found;
    tp_err err = tp_store_passkey_of(store, p->step.voter, &now, &found);
    bool same = !err && found && now.key_len == p->passkey.key_len &&
                !memcmp(now.key, p->passkey.key, now.key_len);
    if (!err && !same) {
        tp_step_refuse(&p->step, 422, "enrol.passkey", "This passkey does not fit.");
        return;
    }
    if (!err) err = tp_store_passkey_put(store, &p->passkey);
    tp_recorder_fail(r, err);
    p->step.by_passkey = true;
    tp_step_prove(r, &p->step);
}

/* ---- routes ---- */

/* Room for both kinds of step; freed by tp_step_done. */
static passkey_step *new_step(tp_server *s, tp_request *rq,
                              void (*work)(tp_recorder *, tp_task *)) {
    passkey_step *p = calloc(1, sizeof *p);
    tp_step *t = tp_step_new(s, rq, work, tp_step_done);
    if (!p) abort();
    p->step = *t;
    free(t);
    return p;
}

static bool proven(tp_server *s, tp_request *rq, const tp_step *t, bool *yes) {
    int64_t voter;
    return tp_store_session_find(tp_server_reader(s, rq), t->session, &voter, yes) == TP_OK;
}

/* Takes the token out of a body of one member, and the host; answers itself if either is not so. */
static bool take_simple(tp_server *s, tp_request *rq, tp_step *t, char rp[static 256]) {
    const char *token;
    json_error_t error;
    json_t *body = tp_may_ask(s, rq) ? tp_body_json(rq) : NULL;
    if (!body) return false;
    bool ok = !json_unpack_ex(body, &error, JSON_STRICT, "{s:s}", "enrolment", &token);
    if (!ok) tp_answer_members(rq, &error);
    ok = ok && tp_step_take_token(s, rq, t, token);
    json_decref(body);
    if (ok && !relying_party(rp, s)) {
        tp_answer_problem(rq, 409, "enrol.route", NULL, "There are no passkeys here.");
        ok = false;
    }
    return ok;
}

void tp_post_passkey_new(tp_request *rq, void *server) {
    tp_server *s = server;
    tp_step t = {0};
    char rp[256];
    bool yes;
    if (!take_simple(s, rq, &t, rp)) return;
    if (!proven(s, rq, &t, &yes)) {
        tp_answer_storage(rq);
    } else if (!yes) {
        tp_answer_problem(rq, 403, "enrol.proof", NULL, "Show first who you are.");
    } else {
        uint8_t user[16];
        randombytes_buf(user, sizeof user);
        tp_answer_json(rq, 200,
                       json_pack("{s:s, s:o, s:o}", "rp", rp, "challenge",
                                 new_challenge(s, &t, TO_ADD), "user",
                                 json_base64(user, sizeof user)));
    }
}

void tp_post_passkey_ask(tp_request *rq, void *server) {
    tp_server *s = server;
    tp_step t = {0};
    tp_passkey p;
    char rp[256];
    bool found;
    if (!take_simple(s, rq, &t, rp)) return;
    if (tp_store_passkey_of(tp_server_reader(s, rq), t.voter, &p, &found))
        tp_answer_storage(rq);
    else if (!found)
        tp_answer_problem(rq, 409, "enrol.passkey", NULL, "There is no passkey.");
    else
        tp_answer_json(rq, 200,
                       json_pack("{s:s, s:o, s:o}", "rp", rp, "challenge",
                                 new_challenge(s, &t, TO_PROVE), "passkey",
                                 json_base64(p.id, p.id_len)));
}

static void submit_or_free(tp_server *s, passkey_step *p, bool ok) {
    if (ok)
        tp_recorder_submit(s, &p->step.task);
    else
        free(p);
}

static bool refuse_passkey(tp_request *rq) {
    tp_answer_problem(rq, 422, "enrol.passkey", NULL, "This passkey does not fit. Try again.");
    return false;
}

static bool take_new(tp_server *s, tp_request *rq, passkey_step *p, const char *client,
                     const char *device) {
    uint8_t c[CLIENT_DATA_MAX], d[DEVICE_DATA_MAX];
    size_t c_len, d_len;
    char rp[256];
    bool good = relying_party(rp, s) && from_base64(c, sizeof c, &c_len, client) &&
                from_base64(d, sizeof d, &d_len, device) &&
                good_client_data(s, &p->step, TO_ADD, c, c_len) &&
                is_ours(d, d_len, rp, USER_PRESENT | HAS_KEY) && read_new(&p->passkey, d, d_len);
    return good || refuse_passkey(rq);
}

void tp_post_passkey_add(tp_request *rq, void *server) {
    tp_server *s = server;
    const char *token, *client, *device;
    json_error_t error;
    json_t *body = tp_may_ask(s, rq) ? tp_body_json(rq) : NULL;
    if (!body) return;
    passkey_step *p = new_step(s, rq, work_add);
    bool ok = !json_unpack_ex(body, &error, JSON_STRICT, "{s:s, s:s, s:s}", "enrolment", &token,
                              "client_data", &client, "device_data", &device);
    if (!ok) tp_answer_members(rq, &error);
    ok = ok && tp_step_take_token(s, rq, &p->step, token) && take_new(s, rq, p, client, device);
    json_decref(body);
    submit_or_free(s, p, ok);
}

static bool take_assertion(tp_server *s, tp_request *rq, passkey_step *p, const char *client,
                           const char *device, const char *signature) {
    uint8_t c[CLIENT_DATA_MAX], d[DEVICE_DATA_MAX], z[SIGNATURE_MAX];
    size_t c_len, d_len, z_len;
    char rp[256];
    bool found;
    if (tp_store_passkey_of(tp_server_reader(s, rq), p->step.voter, &p->passkey, &found)) {
        tp_answer_storage(rq);
        return false;
    }
    bool good =
        found && relying_party(rp, s) && from_base64(c, sizeof c, &c_len, client) &&
        from_base64(d, sizeof d, &d_len, device) && from_base64(z, sizeof z, &z_len, signature) &&
        good_client_data(s, &p->step, TO_PROVE, c, c_len) && is_ours(d, d_len, rp, USER_PRESENT) &&
        good_assertion(&p->passkey, rp, c, c_len, d, d_len, z, z_len);
    return good || refuse_passkey(rq);
}

void tp_post_passkey_prove(tp_request *rq, void *server) {
    tp_server *s = server;
    const char *token, *client, *device, *signature;
    json_error_t error;
    json_t *body = tp_may_ask(s, rq) ? tp_body_json(rq) : NULL;
    if (!body) return;
    passkey_step *p = new_step(s, rq, work_prove);
    bool ok =
        !json_unpack_ex(body, &error, JSON_STRICT, "{s:s, s:s, s:s, s:s}", "enrolment", &token,
                        "client_data", &client, "device_data", &device, "signature", &signature);
    if (!ok) tp_answer_members(rq, &error);
    ok = ok && tp_step_take_token(s, rq, &p->step, token) &&
         take_assertion(s, rq, p, client, device, signature);
    json_decref(body);
    submit_or_free(s, p, ok);
}
