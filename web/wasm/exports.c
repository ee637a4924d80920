/* What the pages call: the voter's side of enrol, cast and check, over the same C files as the
 * server's.
 *
 * Invariants
 *  1. The module imports nothing: no clock, no randomness, no memory but its own. Random bytes come
 *     in as arguments, from the browser's generator.
 *  2. Buffers are handed out by web_alloc in order and all taken back, wiped, by web_reset. A
 *     module that ran web_derive is thrown away by its worker: its memory has grown by 19 MiB.
 *  3. Results are tp_err codes; 0 is good.
 * spec: chapters 3, 4 and 10.
 */
#include "core/base/mem.h"
#include "core/group/ed25519.h"
#include "core/merkle/note.h"
#include "core/proof/schnorr.h"
#include "election/cast.h"
#include "election/ceremony.h"
#include "election/desk.h"
#include "election/enrol.h"
#include "election/evidence.h"

#define WEB_EXPORT(name) __attribute__((export_name(#name)))

enum { PAGE = 65536, ALIGN = 64 };

extern uint8_t __heap_base;
static uintptr_t heap_next, heap_high;

static uintptr_t heap_start(void) {
    return ((uintptr_t)&__heap_base + ALIGN - 1) & ~(uintptr_t)(ALIGN - 1);
}

/* 64-byte aligned, zero; 0 if the browser gives no more memory. */
WEB_EXPORT(web_alloc) uintptr_t web_alloc(uint32_t len);
uintptr_t web_alloc(uint32_t len) {
    if (!heap_next) heap_next = heap_start();
    uint64_t end = ((uint64_t)heap_next + len + ALIGN - 1) & ~(uint64_t)(ALIGN - 1);
    uint64_t have = (uint64_t)__builtin_wasm_memory_size(0) * PAGE;
    if (end > have &&
        __builtin_wasm_memory_grow(0, (size_t)((end - have + PAGE - 1) / PAGE)) == SIZE_MAX)
        return 0;
    uintptr_t p = heap_next;
    heap_next = (uintptr_t)end;
    if (heap_next > heap_high) heap_high = heap_next;
    return p;
}

WEB_EXPORT(web_reset) void web_reset(void);
void web_reset(void) {
    uintptr_t start = heap_start();
    if (heap_high > start) tp_wipe((void *)start, heap_high - start);
    heap_next = heap_high = start;
}

/* ---- hashes and codes ---- */

WEB_EXPORT(web_sha256) void web_sha256(uint8_t *out, const uint8_t *bytes, uint32_t len);
void web_sha256(uint8_t *out, const uint8_t *bytes, uint32_t len) {
    tp_sha256(out, bytes, len);
}

WEB_EXPORT(web_code_write) void web_code_write(char *out, const uint8_t *bytes, uint32_t symbols);
void web_code_write(char *out, const uint8_t *bytes, uint32_t symbols) {
    tp_code_write(out, bytes, symbols);
}

WEB_EXPORT(web_code_read)
tp_err web_code_read(uint8_t *bytes, uint32_t symbols, const char *text, uint32_t len);
tp_err web_code_read(uint8_t *bytes, uint32_t symbols, const char *text, uint32_t len) {
    return tp_code_read(bytes, symbols, text, len);
}

/* ---- enrol ---- */

/* secret: the credential's scalar, 32 bytes; stays inside the worker. */
WEB_EXPORT(web_derive)
tp_err web_derive(uint8_t *secret, uint8_t *key, const uint8_t *code, const uint8_t *fingerprint);
tp_err web_derive(uint8_t *secret, uint8_t *key, const uint8_t *code, const uint8_t *fingerprint) {
    uint64_t *memory = (uint64_t *)web_alloc(TP_ARGON2_BLOCKS * 1024u);
    tp_scalar s;
    if (!memory) return TP_SYSTEM;
    tp_credential_derive(&s, key, code, fingerprint, memory);
    tp_scalar_encode(secret, &s);
    tp_wipe(&s, sizeof s);
    return TP_OK;
}

WEB_EXPORT(web_possession)
tp_err web_possession(uint8_t *proof, const uint8_t *secret, const uint8_t *key,
                      const uint8_t *fingerprint, const uint8_t *random);
tp_err web_possession(uint8_t *proof, const uint8_t *secret, const uint8_t *key,
                      const uint8_t *fingerprint, const uint8_t *random) {
    tp_scalar s;
    if (tp_scalar_decode(&s, secret)) return TP_MALFORMED;
    tp_credential_prove(proof, &s, key, fingerprint, random);
    tp_wipe(&s, sizeof s);
    return TP_OK;
}

WEB_EXPORT(web_ask)
tp_err web_ask(uint8_t *signature, const uint8_t *secret, const uint8_t *key,
               const uint8_t *fingerprint, uint64_t time, const uint8_t *random);
tp_err web_ask(uint8_t *signature, const uint8_t *secret, const uint8_t *key,
               const uint8_t *fingerprint, uint64_t time, const uint8_t *random) {
    tp_scalar s;
    if (tp_scalar_decode(&s, secret)) return TP_MALFORMED;
    tp_credential_ask(signature, &s, key, fingerprint, time, random);
    tp_wipe(&s, sizeof s);
    return TP_OK;
}

WEB_EXPORT(web_credential_fingerprint)
void web_credential_fingerprint(char *out, const uint8_t *key, const uint8_t *fingerprint);
void web_credential_fingerprint(char *out, const uint8_t *key, const uint8_t *fingerprint) {
    tp_credential_fingerprint(out, key, fingerprint);
}

/* secret, key: of the letter; the secret stays inside the worker. */
WEB_EXPORT(web_letter_key)
tp_err web_letter_key(uint8_t *secret, uint8_t *key, const uint8_t *fingerprint,
                      const uint8_t *code);
tp_err web_letter_key(uint8_t *secret, uint8_t *key, const uint8_t *fingerprint,
                      const uint8_t *code) {
    return tp_letter_key(secret, key, fingerprint, code);
}

WEB_EXPORT(web_letter_sign)
tp_err web_letter_sign(uint8_t *signature, const uint8_t *fingerprint, const uint8_t *credential,
                       const uint8_t *secret, const uint8_t *random);
tp_err web_letter_sign(uint8_t *signature, const uint8_t *fingerprint, const uint8_t *credential,
                       const uint8_t *secret, const uint8_t *random) {
    return tp_letter_sign(signature, fingerprint, credential, secret, random);
}

WEB_EXPORT(web_login_nonce)
void web_login_nonce(uint8_t *nonce, const uint8_t *fingerprint, const uint8_t *credential,
                     const uint8_t *blind);
void web_login_nonce(uint8_t *nonce, const uint8_t *fingerprint, const uint8_t *credential,
                     const uint8_t *blind) {
    tp_login_nonce(nonce, fingerprint, credential, blind);
}

/* ---- a registrar's desk ---- */

/* TP_SYSTEM: no memory; TP_INVALID: another passphrase. The module is thrown away after it. */
WEB_EXPORT(web_unlock)
tp_err web_unlock(uint8_t *seed, const uint8_t *box, const char *phrase, uint32_t len,
                  const uint8_t *salt);
tp_err web_unlock(uint8_t *seed, const uint8_t *box, const char *phrase, uint32_t len,
                  const uint8_t *salt) {
    uint64_t *memory = (uint64_t *)web_alloc(TP_LOCK_BLOCKS * 1024u);
    return memory ? tp_seed_unlock(seed, box, phrase, len, salt, memory) : TP_SYSTEM;
}

/* keys: sign secret, sign key, open secret, open key. */
WEB_EXPORT(web_registrar) void web_registrar(uint8_t *keys, const uint8_t *seed);
void web_registrar(uint8_t *keys, const uint8_t *seed) {
    tp_registrar_keys k;
    _Static_assert(sizeof k == 128, "four times 32 bytes");
    tp_registrar_derive(&k, seed);
    memcpy(keys, &k, sizeof k);
    tp_wipe(&k, sizeof k);
}

/* document: 1 to read one, subject application || kind; 0 for the queue. */
WEB_EXPORT(web_registrar_ask)
tp_err web_registrar_ask(uint8_t *signature, uint32_t document, const uint8_t *fingerprint,
                         uint64_t time, const uint8_t *subject, uint32_t len, const uint8_t *secret,
                         const uint8_t *random);
tp_err web_registrar_ask(uint8_t *signature, uint32_t document, const uint8_t *fingerprint,
                         uint64_t time, const uint8_t *subject, uint32_t len, const uint8_t *secret,
                         const uint8_t *random) {
    return tp_registrar_ask(signature, document ? TP_READ_DOMAIN : TP_WAITING_DOMAIN, fingerprint,
                            time, subject, len, secret, random);
}

/* Only what the holder of the credential handed in: its proof is looked at first. */
WEB_EXPORT(web_approve)
tp_err web_approve(uint8_t *signature, const uint8_t *credential, const uint8_t *possession,
                   uint32_t unit, uint32_t registration_style, const uint8_t *fingerprint,
                   const uint8_t *secret, const uint8_t *random);
tp_err web_approve(uint8_t *signature, const uint8_t *credential, const uint8_t *possession,
                   uint32_t unit, uint32_t registration_style, const uint8_t *fingerprint,
                   const uint8_t *secret, const uint8_t *random) {
    tp_registration r = {.unit = (uint16_t)unit, .style = (uint16_t)registration_style};
    tp_endorsement e;
    memcpy(r.credential, credential, 32);
    tp_err err = tp_credential_verify(possession, credential, fingerprint);
    if (!err) err = tp_registration_sign(&e, &r, fingerprint, 1, secret, random);
    if (!err) memcpy(signature, e.signature, 64);
    return err;
}

WEB_EXPORT(web_refuse)
tp_err web_refuse(uint8_t *signature, const uint8_t *application, const uint8_t *credential,
                  uint32_t reason, uint64_t time, const uint8_t *fingerprint, const uint8_t *secret,
                  const uint8_t *random);
tp_err web_refuse(uint8_t *signature, const uint8_t *application, const uint8_t *credential,
                  uint32_t reason, uint64_t time, const uint8_t *fingerprint, const uint8_t *secret,
                  const uint8_t *random) {
    tp_refusal r = {.reason = (uint16_t)reason, .time = time};
    memcpy(r.application, application, 16);
    memcpy(r.credential, credential, 32);
    return tp_refusal_sign(signature, &r, fingerprint, secret, random);
}

WEB_EXPORT(web_document_seal)
tp_err web_document_seal(uint8_t *head, uint8_t *aes, const uint8_t *fingerprint,
                         const uint8_t *application, const uint8_t *credential, uint32_t kind,
                         const uint8_t *keys, uint32_t registrars, const uint8_t *random);
tp_err web_document_seal(uint8_t *head, uint8_t *aes, const uint8_t *fingerprint,
                         const uint8_t *application, const uint8_t *credential, uint32_t kind,
                         const uint8_t *keys, uint32_t registrars, const uint8_t *random) {
    tp_document_of of = {fingerprint, application, credential, (uint8_t)kind};
    return tp_document_seal(head, aes, &of, tp_rows(keys), registrars, random);
}

WEB_EXPORT(web_document_open)
tp_err web_document_open(uint8_t *aes, const uint8_t *fingerprint, const uint8_t *application,
                         const uint8_t *credential, uint32_t kind, const uint8_t *head,
                         uint32_t registrars, uint32_t registrar, const uint8_t *secret);
tp_err web_document_open(uint8_t *aes, const uint8_t *fingerprint, const uint8_t *application,
                         const uint8_t *credential, uint32_t kind, const uint8_t *head,
                         uint32_t registrars, uint32_t registrar, const uint8_t *secret) {
    tp_document_of of = {fingerprint, application, credential, (uint8_t)kind};
    return tp_document_open(aes, &of, head, registrars, registrar, secret);
}

/* ---- the election's keys ---- */

/* y: all keys, contest by contest. spec: chapter 10, GET /api/keys */
WEB_EXPORT(web_key_digest)
void web_key_digest(uint8_t *out, const uint8_t *fingerprint, const uint8_t *y, uint32_t y_len,
                    const uint8_t *v_hash);
void web_key_digest(uint8_t *out, const uint8_t *fingerprint, const uint8_t *y, uint32_t y_len,
                    const uint8_t *v_hash) {
    uint8_t y_hash[32];
    tp_sha256(y_hash, y, y_len);
    tp_key_digest(out, fingerprint, y_hash, v_hash);
}

/* Did the trustee at this position of the manifest sign a CONFIRM entry of this digest? */
WEB_EXPORT(web_confirmation)
tp_err web_confirmation(const uint8_t *fingerprint, const uint8_t *digest, uint32_t trustee,
                        const uint8_t *trustee_key, const uint8_t *signature);
tp_err web_confirmation(const uint8_t *fingerprint, const uint8_t *digest, uint32_t trustee,
                        const uint8_t *trustee_key, const uint8_t *signature) {
    uint8_t bytes[128];
    tp_entry e = {.type = TP_ENTRY_CONFIRM, .signer = (uint16_t)trustee};
    memcpy(e.u.confirm.key_digest, digest, 32);
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    tp_entry_signed_bytes(&w, fingerprint, &e);
    if (tp_write_end(&w)) return TP_SYSTEM;
    return tp_verify_var(signature, trustee_key, TP_ENTRY_DOMAIN, bytes, w.len);
}

/* ---- cast ---- */

static tp_ballot_style style;

/* Starts a style; contests follow by web_style_contest, in order. */
WEB_EXPORT(web_style)
void web_style(uint32_t number, const uint8_t *fingerprint, const uint8_t *digest);
void web_style(uint32_t number, const uint8_t *fingerprint, const uint8_t *digest) {
    style = (tp_ballot_style){.style = (uint16_t)number};
    memcpy(style.fingerprint, fingerprint, 32);
    memcpy(style.key_digest, digest, 32);
}

/* y: the contest's ceil(n/2) keys. Buffers stay in use until web_reset. */
WEB_EXPORT(web_style_contest)
tp_err web_style_contest(uint32_t index, uint32_t n, uint32_t a, uint32_t b, const uint8_t *y);
tp_err web_style_contest(uint32_t index, uint32_t n, uint32_t a, uint32_t b, const uint8_t *y) {
    if (style.contest_count == TP_MAX_CONTESTS) return TP_TOO_BIG;
    tp_ballot_contest *c = &style.contests[style.contest_count];
    c->index = (uint16_t)index;
    c->shape = (tp_sum_shape){.n = (uint16_t)n, .a = (uint16_t)a, .b = (uint16_t)b};
    tp_err err = tp_sum_shape_check(&c->shape);
    if (err) return err;
    size_t p = tp_sum_points(&c->shape);
    tp_point *points = (tp_point *)web_alloc((uint32_t)(p * sizeof *points));
    if (!points) return TP_SYSTEM;
    c->y = (const uint8_t(*)[32])y;
    c->y_points = points;
    err = tp_points_decode_var(points, c->y, p, NULL);
    for (size_t k = 0; !err && k < p; k++)
        if (tp_point_is_identity(&points[k])) err = TP_MALFORMED;
    if (!err) style.contest_count++;
    return err;
}

/* Derives the generators; call once after the last contest. */
WEB_EXPORT(web_style_ready) tp_err web_style_ready(void);
tp_err web_style_ready(void) {
    size_t most = 0;
    for (size_t i = 0; i < style.contest_count; i++) {
        size_t m = tp_sum_bits(&style.contests[i].shape);
        if (m > most) most = m;
    }
    tp_point *g = (tp_point *)web_alloc((uint32_t)((most + 1) * sizeof *g));
    if (!g) return TP_SYSTEM;
    tp_sum_generators_var(g, most, style.fingerprint);
    style.generators = g;
    return TP_OK;
}

WEB_EXPORT(web_ballot_size) uint32_t web_ballot_size(void);
uint32_t web_ballot_size(void) {
    return (uint32_t)tp_ballot_size(&style);
}

WEB_EXPORT(web_seal)
tp_err web_seal(uint8_t *out, const uint8_t *secret, const uint8_t *credential, uint32_t unit,
                uint32_t sequence, const uint8_t *previous, const uint8_t *choices,
                const uint8_t *random);
tp_err web_seal(uint8_t *out, const uint8_t *secret, const uint8_t *credential, uint32_t unit,
                uint32_t sequence, const uint8_t *previous, const uint8_t *choices,
                const uint8_t *random) {
    tp_scalar s;
    void *scratch = (void *)web_alloc((uint32_t)tp_ballot_seal_scratch(&style));
    if (!scratch) return TP_SYSTEM;
    if (tp_scalar_decode(&s, secret)) return TP_MALFORMED;
    tp_err err = tp_ballot_seal(out, &style, &s, credential, (uint16_t)unit, sequence, previous,
                                choices, random, scratch);
    tp_wipe(&s, sizeof s);
    return err;
}

WEB_EXPORT(web_ballot_hash) void web_ballot_hash(uint8_t *out, const uint8_t *b, uint32_t len);
void web_ballot_hash(uint8_t *out, const uint8_t *b, uint32_t len) {
    tp_ballot_hash(out, b, len);
}

WEB_EXPORT(web_ballot_tracker) void web_ballot_tracker(char *out, const uint8_t *b, uint32_t len);
void web_ballot_tracker(char *out, const uint8_t *b, uint32_t len) {
    tp_ballot_tracker(out, b, len);
}

/* May a ballot be sealed over this entry? spec: C-13 */
WEB_EXPORT(web_tip)
tp_err web_tip(const uint8_t *entry, uint32_t len, const uint8_t *fingerprint,
               const uint8_t *credential, const uint8_t *hash, uint32_t sequence);
tp_err web_tip(const uint8_t *entry, uint32_t len, const uint8_t *fingerprint,
               const uint8_t *credential, const uint8_t *hash, uint32_t sequence) {
    tp_tip tip = {.sequence = sequence};
    memcpy(tip.fingerprint, fingerprint, 32);
    memcpy(tip.credential, credential, 32);
    memcpy(tip.hash, hash, 32);
    return tp_tip_check_var(&tip, entry, len);
}

/* ---- check ---- */

static int verify_note(const unsigned char *signature, const unsigned char *message,
                       unsigned long long message_len, const unsigned char *key) {
    return tp_ed25519_verify_var(signature, key, message, (size_t)message_len) ? -1 : 0;
}

/* The witnesses of the manifest: for each its key (32 bytes), its name's length (1 byte), its name.
 */
static tp_err read_witnesses(tp_vkey keys[static TP_MAX_WITNESSES], size_t *count,
                             const uint8_t *bytes, uint32_t len) {
    tp_reader r = tp_reader_of(bytes, len);
    *count = 0;
    while (r.left) {
        if (*count == TP_MAX_WITNESSES) return TP_TOO_BIG;
        const uint8_t *key = tp_read_bytes(&r, 32);
        size_t name_len = tp_read_u8(&r);
        const char *name = (const char *)tp_read_bytes(&r, name_len);
        if (r.failed) return TP_MALFORMED;
        tp_err err = tp_vkey_init(&keys[(*count)++], name, name_len, TP_KEY_COSIGNATURE, key);
        if (err) return err;
    }
    return TP_OK;
}

/* A checkpoint of this origin, signed by the log's key and by `quorum` of the witnesses: its size
 * and root. spec */
WEB_EXPORT(web_checkpoint)
tp_err web_checkpoint(uint64_t *size, uint8_t *root, const char *note, uint32_t note_len,
                      const char *origin, uint32_t origin_len, const uint8_t *log_key,
                      const uint8_t *witnesses, uint32_t witnesses_len, uint32_t quorum);
tp_err web_checkpoint(uint64_t *size, uint8_t *root, const char *note, uint32_t note_len,
                      const char *origin, uint32_t origin_len, const uint8_t *log_key,
                      const uint8_t *witnesses, uint32_t witnesses_len, uint32_t quorum) {
    static tp_vkey keys[TP_MAX_WITNESSES];
    size_t count;
    tp_note n;
    tp_vkey k;
    tp_checkpoint c;
    if (tp_note_parse(&n, note, note_len)) return TP_MALFORMED;
    if (tp_vkey_init(&k, origin, origin_len, TP_KEY_ED25519, log_key)) return TP_MALFORMED;
    if (!tp_note_line_is(&n, 0, &k)) return TP_REFUSED;
    tp_err err = tp_note_verify(&n, &k, verify_note, NULL);
    if (!err) err = read_witnesses(keys, &count, witnesses, witnesses_len);
    if (!err) err = tp_note_verify_further(&n, keys, count, verify_note);
    if (err) return err;
    if (n.count - 1 < quorum) return TP_REFUSED;
    if (tp_checkpoint_parse(&c, n.text, n.text_len)) return TP_MALFORMED;
    if (c.origin_len != origin_len || memcmp(c.origin, origin, origin_len)) return TP_REFUSED;
    *size = c.size;
    memcpy(root, c.root.b, 32);
    return TP_OK;
}

WEB_EXPORT(web_promise)
tp_err web_promise(const uint8_t *signature, const uint8_t *log_key, const uint8_t *fingerprint,
                   const uint8_t *ballot_hash, const uint8_t *credential, uint32_t sequence,
                   uint64_t deadline);
tp_err web_promise(const uint8_t *signature, const uint8_t *log_key, const uint8_t *fingerprint,
                   const uint8_t *ballot_hash, const uint8_t *credential, uint32_t sequence,
                   uint64_t deadline) {
    uint8_t bytes[TP_PROMISE_SIGNED];
    tp_promise p = {.sequence = sequence, .deadline = deadline};
    memcpy(p.ballot_hash, ballot_hash, 32);
    memcpy(p.credential, credential, 32);
    tp_promise_signed_bytes(bytes, &p, fingerprint);
    return tp_ed25519_verify_var(signature, log_key, bytes, sizeof bytes);
}

WEB_EXPORT(web_leaf) void web_leaf(uint8_t *out, const uint8_t *entry, uint32_t len);
void web_leaf(uint8_t *out, const uint8_t *entry, uint32_t len) {
    tp_tree_leaf((tp_hash *)out, entry, len);
}

WEB_EXPORT(web_inclusion)
tp_err web_inclusion(const uint8_t *leaf, uint64_t index, uint64_t size, const uint8_t *root,
                     const uint8_t *proof, uint32_t count);
tp_err web_inclusion(const uint8_t *leaf, uint64_t index, uint64_t size, const uint8_t *root,
                     const uint8_t *proof, uint32_t count) {
    return tp_tree_check_inclusion((const tp_hash *)leaf, index, size, (const tp_hash *)root,
                                   (const tp_hash *)proof, count);
}

/* The root over `count` leaf hashes. */
WEB_EXPORT(web_root) void web_root(uint8_t *out, const uint8_t *leaves, uint32_t count);
void web_root(uint8_t *out, const uint8_t *leaves, uint32_t count) {
    tp_tree_root((tp_hash *)out, (const tp_hash *)leaves, count);
}

/* ---- faults ---- */

/* The page's tp_fail formats nothing: what a page says about a fault comes from its catalogue. */
tp_err tp_fail(tp_fault *f, tp_err err, const char *code, const char *where, ...) {
    (void)where;
    if (f) *f = (tp_fault){.err = err, .code = code};
    return err;
}
