/* Stage enrol: credentials and registrations. Freestanding: the page runs the same code.
 * spec: chapter 4a (enrol), requirements L-1..L-11.
 */
#include "election/enrol.h"

#include "core/base/mem.h"
#include "core/proof/schnorr.h"
#include "election/code.h"

enum {
    ENDORSEMENT_LEN = 66,
    ENDORSEMENTS_MAX = TP_MAX_SIGNERS * ENDORSEMENT_LEN,
    ASK_LEN = 32 + 8,             /* fingerprint, time */
    SIGNED_LEN = 32 + 32 + 2 + 2, /* fingerprint, credential, unit, style */
};

static void ask_message(uint8_t out[static ASK_LEN], const uint8_t fingerprint[static 32],
                        uint64_t time) {
    memcpy(out, fingerprint, 32);
    tp_put_u64be(out + 32, time);
}

/* spec: L-2 */
void tp_credential_derive(tp_scalar *s, uint8_t key[static 32], const uint8_t code[static 16],
                          const uint8_t fingerprint[static 32], uint64_t *memory) {
    uint8_t tag[64];
    tp_point p;
    tp_argon2id(tag, sizeof tag, memory, TP_ARGON2_BLOCKS, TP_ARGON2_PASSES, code, 16, fingerprint,
                16);
    tp_scalar_wide(s, tag);
    tp_points_mul_base(&p, s, 1);
    tp_points_encode((uint8_t(*)[32])key, &p, 1);
    tp_declassify(key, 32); /* published */
    tp_wipe(tag, sizeof tag);
}

/* spec: L-3 */
void tp_credential_prove(uint8_t proof[static 64], const tp_scalar *s, const uint8_t key[static 32],
                         const uint8_t fingerprint[static 32], const uint8_t random[static 32]) {
    tp_secret_key secret = {.x = *s};
    tp_possession_prove(proof, &secret, key, TP_POSSESSION_DOMAIN, fingerprint, 32, random);
    tp_wipe(&secret, sizeof secret);
}

tp_err tp_credential_verify(const uint8_t proof[static 64], const uint8_t key[static 32],
                            const uint8_t fingerprint[static 32]) {
    return tp_possession_verify_var(proof, key, TP_POSSESSION_DOMAIN, fingerprint, 32);
}

/* spec: L-11 */
void tp_credential_ask(uint8_t signature[static 64], const tp_scalar *s,
                       const uint8_t key[static 32], const uint8_t fingerprint[static 32],
                       uint64_t time, const uint8_t random[static 32]) {
    tp_secret_key secret = {.x = *s};
    uint8_t message[ASK_LEN];
    ask_message(message, fingerprint, time);
    tp_sign(signature, &secret, key, TP_ASK_DOMAIN, message, sizeof message, random);
    tp_wipe(&secret, sizeof secret);
}

tp_err tp_credential_asked(const uint8_t signature[static 64], const uint8_t key[static 32],
                           const uint8_t fingerprint[static 32], uint64_t time) {
    uint8_t message[ASK_LEN];
    ask_message(message, fingerprint, time);
    return tp_verify_var(signature, key, TP_ASK_DOMAIN, message, sizeof message);
}

/* spec: L-4 */
void tp_credential_fingerprint(char out[static 40], const uint8_t key[static 32],
                               const uint8_t fingerprint[static 32]) {
    tp_sha256_ctx h;
    uint8_t digest[32];
    tp_sha256_init(&h);
    tp_sha256_update(&h, TP_CREDENTIAL_DOMAIN, sizeof TP_CREDENTIAL_DOMAIN - 1);
    tp_sha256_update(&h, fingerprint, 32);
    tp_sha256_update(&h, key, 32);
    tp_sha256_final(&h, digest);
    tp_code_write(out, digest, TP_FINGERPRINT_SYMBOLS);
}

/* ---- registrations ---- */

/* What a registrar signs. spec: L-6 */
static void signed_bytes(uint8_t out[static SIGNED_LEN], const tp_registration *r,
                         const uint8_t fingerprint[static 32]) {
    tp_writer w = tp_writer_of(out, SIGNED_LEN);
    tp_write_bytes(&w, fingerprint, 32);
    tp_write_bytes(&w, r->credential, 32);
    tp_write_u16(&w, r->unit);
    tp_write_u16(&w, r->style);
}

tp_err tp_registration_sign(tp_endorsement *out, const tp_registration *r,
                            const uint8_t fingerprint[static 32], uint16_t registrar,
                            const uint8_t secret_key[static 32], const uint8_t random[static 32]) {
    uint8_t bytes[SIGNED_LEN], key[32];
    tp_secret_key secret;
    tp_err err = tp_keypair_decode(&secret, key, secret_key);
    if (err != TP_OK) return err;
    signed_bytes(bytes, r, fingerprint);
    out->signer = registrar;
    tp_sign(out->signature, &secret, key, TP_REGISTRATION_DOMAIN, bytes, sizeof bytes, random);
    tp_wipe(&secret, sizeof secret);
    return TP_OK;
}

/* spec: L-8 */
static tp_err check_place(const tp_manifest *m, const tp_registration *r, tp_fault *fault) {
    tp_point p;
    if (tp_points_decode_var(&p, tp_rows(r->credential), 1, NULL) != TP_OK ||
        tp_point_is_identity(&p))
        return tp_fail(fault, TP_MALFORMED, "registration.credential", "credential");
    if (r->unit >= m->unit_count) return tp_fail(fault, TP_REFUSED, "registration.unit", "unit");
    if (r->style != m->units[r->unit].style)
        return tp_fail(fault, TP_REFUSED, "registration.style", "style");
    return TP_OK;
}

tp_err tp_registration_rules(const tp_manifest *m, const tp_registration *r, tp_fault *fault) {
    const tp_endorsements *list = &r->registrars;
    tp_err err = check_place(m, r, fault);
    if (err != TP_OK) return err;
    if (list->count > TP_MAX_SIGNERS)
        return tp_fail(fault, TP_REFUSED, "registration.signer", "registrars");
    for (size_t i = 0; i < list->count; i++) {
        const tp_endorsement *e = &list->by[i];
        if (e->signer < 1 || e->signer > m->registrars.count ||
            (i && e->signer <= list->by[i - 1].signer))
            return tp_fail(fault, TP_REFUSED, "registration.signer", "registrar");
    }
    if (list->count < m->registrars.quorum)
        return tp_fail(fault, TP_REFUSED, "registration.quorum", "registrars");
    return TP_OK;
}

/* spec: L-7 */
tp_err tp_registration_verify(const tp_manifest *m, const tp_registration *r, tp_fault *fault) {
    uint8_t bytes[SIGNED_LEN];
    tp_err err = tp_registration_rules(m, r, fault);
    if (err != TP_OK) return err;
    signed_bytes(bytes, r, m->fingerprint);
    for (size_t i = 0; i < r->registrars.count; i++) {
        const tp_endorsement *e = &r->registrars.by[i];
        if (tp_verify_var(e->signature, m->registrars.who[e->signer - 1].key,
                          TP_REGISTRATION_DOMAIN, bytes, sizeof bytes) != TP_OK)
            return tp_fail(fault, TP_INVALID, "registration.signature", "registrar");
    }
    return TP_OK;
}

void tp_registration_batch_var(tp_batch *b, const tp_manifest *m, const tp_registration *r) {
    uint8_t bytes[SIGNED_LEN];
    signed_bytes(bytes, r, m->fingerprint);
    tp_batch_begin(b);
    for (size_t i = 0; i < r->registrars.count; i++) {
        const tp_endorsement *e = &r->registrars.by[i];
        tp_schnorr_batch_var(b, TP_SIGNATURE, e->signature, NULL,
                             m->registrars.who[e->signer - 1].key, NULL, TP_REGISTRATION_DOMAIN,
                             bytes, sizeof bytes);
    }
}

void tp_registration_write(tp_writer *w, const tp_registration *r) {
    tp_write_bytes(w, r->credential, 32);
    tp_write_u16(w, r->unit);
    tp_write_u16(w, r->style);
    size_t open = tp_write_open(w, ENDORSEMENTS_MAX);
    for (size_t i = 0; i < r->registrars.count; i++) {
        tp_write_u16(w, r->registrars.by[i].signer);
        tp_write_bytes(w, r->registrars.by[i].signature, 64);
    }
    tp_write_close(w, open, ENDORSEMENTS_MAX);
}

static void read_registrars(tp_reader *r, tp_endorsements *list) {
    tp_reader v = tp_read_vector(r, ENDORSEMENT_LEN, ENDORSEMENTS_MAX);
    list->count = 0;
    while (v.left && !v.failed && list->count < TP_MAX_SIGNERS) {
        tp_endorsement *e = &list->by[list->count];
        e->signer = tp_read_u16(&v);
        tp_read_copy(&v, e->signature, 64);
        if (list->count && e->signer <= e[-1].signer) v.failed = true;
        list->count++;
    }
    if (tp_read_end(&v) != TP_OK) r->failed = true;
}

tp_err tp_registrations_next(tp_registration *r, tp_reader *body, const uint8_t *previous,
                             bool *more, tp_fault *fault) {
    uint8_t before[32];
    bool first = !previous;
    *more = false;
    if (!body->failed && !body->left) return TP_OK;
    if (!first) memcpy(before, previous, 32); /* it may lie in *r */
    tp_read_copy(body, r->credential, 32);
    r->unit = tp_read_u16(body);
    r->style = tp_read_u16(body);
    read_registrars(body, &r->registrars);
    if (body->failed) return tp_fail(fault, TP_MALFORMED, "registration.malformed", "registration");
    if (!first && memcmp(before, r->credential, 32) >= 0)
        return tp_fail(fault, TP_MALFORMED, "registration.order", "registration");
    *more = true;
    return TP_OK;
}
