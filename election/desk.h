/* Stage enrol, the registrars' side: requests, refusals, and documents that only they can open.
 * Freestanding: the registrar's page runs the same code. spec: chapter 4a, L-12..L-18.
 */
#ifndef TAPAT_ELECTION_DESK_H
#define TAPAT_ELECTION_DESK_H

#include "core/group/group.h"
#include "election/election.h"

#define TP_WAITING_DOMAIN  "tapat-v1 waiting"
#define TP_READ_DOMAIN     "tapat-v1 read document"
#define TP_REFUSAL_DOMAIN  "tapat-v1 refusal"
#define TP_DOCUMENT_DOMAIN "tapat-v1 document"

/* ---- keys ---- */

/* A registrar's keys, out of the one seed that it keeps: to sign (as a trustee's identity, X-2) and
 * to open documents. Scalars as tp_scalar_encode writes them. */
typedef struct {
    uint8_t sign_secret[32], sign_key[32];
    uint8_t open_secret[32], open_key[32];
} tp_registrar_keys;
void tp_registrar_derive(tp_registrar_keys *out, const uint8_t seed[static 32]);

/* A seed locked with a passphrase, for a file: box = xor || tag. memory: TP_LOCK_BLOCKS KiB, wiped.
 * salt: fresh for each. spec: L-18 */
enum { TP_LOCK_BLOCKS = 65536, TP_LOCK_PASSES = 3, TP_LOCK_SALT = 16, TP_LOCK_BOX = 64 };
void tp_seed_lock(uint8_t box[static TP_LOCK_BOX], const uint8_t seed[static 32],
                  const char *phrase, size_t len, const uint8_t salt[static TP_LOCK_SALT],
                  uint64_t *memory);
/* TP_INVALID: another passphrase, or the box was changed; the seed is then zero. */
TP_MUST_USE tp_err tp_seed_unlock(uint8_t seed[static 32], const uint8_t box[static TP_LOCK_BOX],
                                  const char *phrase, size_t len,
                                  const uint8_t salt[static TP_LOCK_SALT], uint64_t *memory);

/* ---- requests: L-12 ---- */

enum { TP_ASK_SUBJECT_MAX = 64 };
/* A registrar's signature under `use` over fingerprint || time || subject. TP_MALFORMED: secret_key
 * is none. */
TP_MUST_USE tp_err tp_registrar_ask(uint8_t signature[static 64], const char *use,
                                    const uint8_t fingerprint[static 32], uint64_t time,
                                    const uint8_t *subject, size_t subject_len,
                                    const uint8_t secret_key[static 32],
                                    const uint8_t random[static 32]);
TP_MUST_USE tp_err tp_registrar_asked(const uint8_t signature[static 64], const char *use,
                                      const uint8_t fingerprint[static 32], uint64_t time,
                                      const uint8_t *subject, size_t subject_len,
                                      const uint8_t key[static 32]);

/* ---- refusals: L-13 ---- */

typedef struct {
    uint8_t application[16], credential[32];
    uint16_t reason;
    uint64_t time; /* Unix seconds */
} tp_refusal;
enum { TP_REFUSAL_REASONS = 6 };
/* The word for a reason, 1 to TP_REFUSAL_REASONS; "" for any other. */
const char *tp_refusal_reason(unsigned reason);
unsigned tp_refusal_of(const char *word); /* 0: no such reason */
TP_MUST_USE tp_err tp_refusal_sign(uint8_t signature[static 64], const tp_refusal *r,
                                   const uint8_t fingerprint[static 32],
                                   const uint8_t secret_key[static 32],
                                   const uint8_t random[static 32]);
TP_MUST_USE tp_err tp_refusal_verify(const uint8_t signature[static 64], const tp_refusal *r,
                                     const uint8_t fingerprint[static 32],
                                     const uint8_t key[static 32]);

/* Why an application was closed without a registrar's decision. */
enum { TP_CLOSED_OTHER = 1, TP_CLOSED_PUSHED, TP_CLOSED_LATE };
const char *tp_closed_reason(unsigned reason);

/* ---- documents: L-14..L-17 ---- */

/* What a box belongs to; with the credential, so that nobody shows these documents for another key.
 * kind: TP_DOCUMENT_.. */
typedef struct {
    const uint8_t *fingerprint, *application, *credential; /* 32, 16 and 32 bytes */
    uint8_t kind;
} tp_document_of;
enum { TP_DOCUMENT_FRONT = 1, TP_DOCUMENT_BACK, TP_DOCUMENT_SELFIE, TP_DOCUMENT_KINDS = 3 };
const char *tp_document_kind(unsigned kind); /* "" for no kind */

/* A box is head || AES-256-GCM(key, nonce 0, aad head, bytes); the key seals this one box. */
size_t tp_document_head_len(size_t registrars);
/* Writes the head and gives the AES key. keys: the registrars', in order. TP_MALFORMED: one is no
 * key. */
TP_MUST_USE tp_err tp_document_seal(uint8_t *head, uint8_t aes[static 32], const tp_document_of *of,
                                    const uint8_t (*keys)[32], size_t registrars,
                                    const uint8_t random[static 32]);
/* The AES key of a box for registrar 1..registrars. TP_MALFORMED: the head does not parse;
 * TP_INVALID: it is not for this registrar, or not of this application, credential and kind. */
TP_MUST_USE tp_err tp_document_open(uint8_t aes[static 32], const tp_document_of *of,
                                    const uint8_t *head, size_t registrars, size_t registrar,
                                    const uint8_t open_secret[static 32]);

#endif
