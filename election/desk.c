/* Stage enrol, the registrars' side: desk.h.
 *
 * A document's box, letters as in the spec: E = e*G; for registrar i with key P_i
 *     S_i = e*P_i,  w_i = K xor challenge(fingerprint, application, credential, kind, E, P_i, S_i)
 * and both the AES key and the commitment c come from K, so that a box opens to one thing only,
 * whoever opens it.
 */
#include "election/desk.h"

#include "core/base/mem.h"
#include "core/proof/schnorr.h"

enum { MESSAGE_MAX = 32 + 8 + TP_ASK_SUBJECT_MAX, REFUSAL_LEN = 32 + 16 + 32 + 2 + 8 };

static bool same_text(const char *a, const char *b) {
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

/* ---- keys ---- */

static void from_seed(uint8_t secret[static 32], uint8_t key[static 32], const char *domain,
                      size_t domain_len, const uint8_t seed[static 32]) {
    uint8_t wide[64];
    tp_sha512_ctx h;
    tp_scalar x;
    tp_point p;
    tp_sha512_init(&h);
    tp_sha512_update(&h, domain, domain_len);
    tp_sha512_update(&h, seed, 32);
    tp_sha512_final(&h, wide);
    tp_scalar_wide(&x, wide);
    tp_points_mul_base(&p, &x, 1);
    tp_scalar_encode(secret, &x);
    tp_points_encode((uint8_t(*)[32])key, &p, 1);
    tp_wipe(&h, sizeof h);
    tp_wipe(wide, sizeof wide);
    tp_wipe(&x, sizeof x);
}

/* spec: L-14 */
void tp_registrar_derive(tp_registrar_keys *out, const uint8_t seed[static 32]) {
    static const char identity[] = "tapat-v1 trustee identity",
                      document[] = "tapat-v1 document key";
    from_seed(out->sign_secret, out->sign_key, identity, sizeof identity - 1, seed);
    from_seed(out->open_secret, out->open_key, document, sizeof document - 1, seed);
}

/* The pad of a locked seed, and the tag of a seed under the same passphrase. */
static void lock_stream(uint8_t pad[static 32], tp_transcript *t, const char *phrase, size_t len,
                        const uint8_t salt[static TP_LOCK_SALT], uint64_t *memory) {
    uint8_t key[64], wide[64];
    tp_argon2id(key, sizeof key, memory, TP_LOCK_BLOCKS, TP_LOCK_PASSES, phrase, len, salt,
                TP_LOCK_SALT);
    tp_transcript_init(t, "tapat-v1 locked seed");
    tp_absorb(t, "key", key, sizeof key);
    tp_challenge(t, "pad", wide);
    memcpy(pad, wide, 32);
    tp_wipe(key, sizeof key);
    tp_wipe(wide, sizeof wide);
}

static void lock_tag(uint8_t tag[static 32], tp_transcript *t, const uint8_t seed[static 32]) {
    uint8_t wide[64];
    tp_absorb(t, "seed", seed, 32);
    tp_challenge(t, "tag", wide);
    memcpy(tag, wide, 32);
    tp_wipe(wide, sizeof wide);
    tp_wipe(t, sizeof *t);
}

/* spec: L-18 */
void tp_seed_lock(uint8_t box[static TP_LOCK_BOX], const uint8_t seed[static 32],
                  const char *phrase, size_t len, const uint8_t salt[static TP_LOCK_SALT],
                  uint64_t *memory) {
    tp_transcript t;
    lock_stream(box, &t, phrase, len, salt, memory);
    for (size_t i = 0; i < 32; i++)
        box[i] ^= seed[i];
    lock_tag(box + 32, &t, seed);
}

tp_err tp_seed_unlock(uint8_t seed[static 32], const uint8_t box[static TP_LOCK_BOX],
                      const char *phrase, size_t len, const uint8_t salt[static TP_LOCK_SALT],
                      uint64_t *memory) {
    tp_transcript t;
    uint8_t tag[32];
    lock_stream(seed, &t, phrase, len, salt, memory);
    for (size_t i = 0; i < 32; i++)
        seed[i] ^= box[i];
    lock_tag(tag, &t, seed);
    bool good = tp_equal(tag, box + 32, 32);
    if (!good) tp_wipe(seed, 32);
    return good ? TP_OK : TP_INVALID;
}

/* ---- requests and refusals ---- */

static tp_err sign(uint8_t signature[static 64], const char *use, const uint8_t *message,
                   size_t len, const uint8_t secret_key[static 32],
                   const uint8_t random[static 32]) {
    tp_secret_key secret;
    uint8_t key[32];
    tp_err err = tp_keypair_decode(&secret, key, secret_key);
    if (!err) tp_sign(signature, &secret, key, use, message, len, random);
    tp_wipe(&secret, sizeof secret);
    return err;
}

static size_t ask_message(uint8_t out[static MESSAGE_MAX], const uint8_t fingerprint[static 32],
                          uint64_t time, const uint8_t *subject, size_t len) {
    memcpy(out, fingerprint, 32);
    tp_put_u64be(out + 32, time);
    if (len) memcpy(out + 40, subject, len);
    return 40 + len;
}

/* spec: L-12 */
tp_err tp_registrar_ask(uint8_t signature[static 64], const char *use,
                        const uint8_t fingerprint[static 32], uint64_t time, const uint8_t *subject,
                        size_t subject_len, const uint8_t secret_key[static 32],
                        const uint8_t random[static 32]) {
    uint8_t message[MESSAGE_MAX];
    if (subject_len > TP_ASK_SUBJECT_MAX) return TP_TOO_BIG;
    size_t len = ask_message(message, fingerprint, time, subject, subject_len);
    return sign(signature, use, message, len, secret_key, random);
}

tp_err tp_registrar_asked(const uint8_t signature[static 64], const char *use,
                          const uint8_t fingerprint[static 32], uint64_t time,
                          const uint8_t *subject, size_t subject_len,
                          const uint8_t key[static 32]) {
    uint8_t message[MESSAGE_MAX];
    if (subject_len > TP_ASK_SUBJECT_MAX) return TP_TOO_BIG;
    size_t len = ask_message(message, fingerprint, time, subject, subject_len);
    return tp_verify_var(signature, key, use, message, len);
}

static const char *const reasons[] = {"",         "person",   "unreadable", "incomplete",
                                      "document", "mismatch", "absent"};
_Static_assert(sizeof reasons / sizeof reasons[0] == TP_REFUSAL_REASONS + 1, "a word for each");

const char *tp_refusal_reason(unsigned reason) {
    return reason <= TP_REFUSAL_REASONS ? reasons[reason] : "";
}

unsigned tp_refusal_of(const char *word) {
    for (unsigned i = 1; i <= TP_REFUSAL_REASONS; i++)
        if (same_text(reasons[i], word)) return i;
    return 0;
}

const char *tp_closed_reason(unsigned reason) {
    static const char *const words[] = {"", "other", "pushed", "late"};
    return reason <= TP_CLOSED_LATE ? words[reason] : "";
}

static void refusal_message(uint8_t out[static REFUSAL_LEN], const tp_refusal *r,
                            const uint8_t fingerprint[static 32]) {
    memcpy(out, fingerprint, 32);
    memcpy(out + 32, r->application, 16);
    memcpy(out + 48, r->credential, 32);
    out[80] = (uint8_t)(r->reason >> 8);
    out[81] = (uint8_t)r->reason;
    tp_put_u64be(out + 82, r->time);
}

/* spec: L-13 */
tp_err tp_refusal_sign(uint8_t signature[static 64], const tp_refusal *r,
                       const uint8_t fingerprint[static 32], const uint8_t secret_key[static 32],
                       const uint8_t random[static 32]) {
    uint8_t message[REFUSAL_LEN];
    refusal_message(message, r, fingerprint);
    return sign(signature, TP_REFUSAL_DOMAIN, message, sizeof message, secret_key, random);
}

tp_err tp_refusal_verify(const uint8_t signature[static 64], const tp_refusal *r,
                         const uint8_t fingerprint[static 32], const uint8_t key[static 32]) {
    uint8_t message[REFUSAL_LEN];
    refusal_message(message, r, fingerprint);
    return tp_verify_var(signature, key, TP_REFUSAL_DOMAIN, message, sizeof message);
}

/* ---- documents ---- */

const char *tp_document_kind(unsigned kind) {
    static const char *const names[] = {"", "front", "back", "selfie"};
    return kind <= TP_DOCUMENT_KINDS ? names[kind] : "";
}

size_t tp_document_head_len(size_t registrars) {
    return 64 + 32 * registrars;
}

static void begin(tp_transcript *t, const tp_document_of *of) {
    tp_transcript_init(t, TP_DOCUMENT_DOMAIN);
    tp_absorb(t, "fingerprint", of->fingerprint, 32);
    tp_absorb(t, "application", of->application, 16);
    tp_absorb(t, "credential", of->credential, 32);
    tp_absorb_u64(t, "kind", of->kind);
}

/* Commitment and AES key of K. spec: L-16 */
static void from_box_key(uint8_t commitment[static 32], uint8_t aes[static 32],
                         const tp_document_of *of, const uint8_t k[static 32]) {
    uint8_t out[64];
    tp_transcript t;
    begin(&t, of);
    tp_absorb(&t, "key", k, 32);
    tp_challenge(&t, "commitment", out);
    memcpy(commitment, out, 32);
    tp_challenge(&t, "aes", out);
    memcpy(aes, out, 32);
    tp_wipe(out, sizeof out);
    tp_wipe(&t, sizeof t);
}

/* The mask of registrar's K, from the point that both sides know. spec: L-15 */
static void mask(uint8_t out[static 32], const tp_document_of *of, const uint8_t e[static 32],
                 const uint8_t key[static 32], const tp_point *shared) {
    uint8_t s[32], wide[64];
    tp_transcript t;
    tp_points_encode(&s, shared, 1);
    begin(&t, of);
    tp_absorb(&t, "E", e, 32);
    tp_absorb(&t, "registrar", key, 32);
    tp_absorb(&t, "shared", s, 32);
    tp_challenge(&t, "mask", wide);
    memcpy(out, wide, 32);
    tp_wipe(wide, sizeof wide);
    tp_wipe(s, sizeof s);
    tp_wipe(&t, sizeof t);
}

static tp_err wrap(uint8_t out[static 32], const tp_document_of *of, const tp_scalar *e,
                   const uint8_t e_point[static 32], const uint8_t key[static 32],
                   const uint8_t k[static 32]) {
    tp_point p;
    if (tp_points_decode_var(&p, tp_rows(key), 1, NULL) || tp_point_is_identity(&p))
        return TP_MALFORMED;
    tp_points_mul(&p, e, &p, 1);
    mask(out, of, e_point, key, &p);
    for (size_t b = 0; b < 32; b++)
        out[b] ^= k[b];
    tp_wipe(&p, sizeof p);
    return TP_OK;
}

tp_err tp_document_seal(uint8_t *head, uint8_t aes[static 32], const tp_document_of *of,
                        const uint8_t (*keys)[32], size_t registrars,
                        const uint8_t random[static 32]) {
    uint8_t stream[64], k[32];
    tp_transcript t;
    tp_nonces nonces;
    tp_scalar e;
    tp_point p;
    tp_err err = TP_OK;
    begin(&t, of);
    tp_nonces_init(&nonces, TP_DOCUMENT_DOMAIN, "", 0, random, &t);
    tp_nonces_next(&nonces, stream);
    tp_scalar_wide(&e, stream);
    tp_nonces_next(&nonces, stream);
    memcpy(k, stream, 32);
    tp_points_mul_base(&p, &e, 1);
    tp_points_encode((uint8_t(*)[32])head, &p, 1);
    from_box_key(head + 32, aes, of, k);
    for (size_t i = 0; !err && i < registrars; i++)
        err = wrap(head + 64 + 32 * i, of, &e, head, keys[i], k);
    tp_wipe(stream, sizeof stream);
    tp_wipe(k, sizeof k);
    tp_wipe(&nonces, sizeof nonces);
    tp_wipe(&e, sizeof e);
    return err;
}

/* spec: L-17 */
tp_err tp_document_open(uint8_t aes[static 32], const tp_document_of *of, const uint8_t *head,
                        size_t registrars, size_t registrar, const uint8_t open_secret[static 32]) {
    uint8_t k[32], key[32], commitment[32];
    tp_secret_key x;
    tp_point p;
    if (registrar < 1 || registrar > registrars) return TP_REFUSED;
    if (tp_keypair_decode(&x, key, open_secret)) return TP_MALFORMED;
    tp_err err = tp_points_decode_var(&p, tp_rows(head), 1, NULL);
    if (!err && tp_point_is_identity(&p)) err = TP_MALFORMED;
    if (!err) {
        tp_points_mul(&p, &x.x, &p, 1);
        mask(k, of, head, key, &p);
        for (size_t b = 0; b < 32; b++)
            k[b] ^= head[64 + 32 * (registrar - 1) + b];
        from_box_key(commitment, aes, of, k);
        if (!tp_equal(commitment, head + 32, 32)) err = TP_INVALID;
    }
    if (err) tp_wipe(aes, 32);
    tp_wipe(&x, sizeof x);
    tp_wipe(&p, sizeof p);
    tp_wipe(k, sizeof k);
    return err;
}
