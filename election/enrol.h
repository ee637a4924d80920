/* Stage enrol: the voter's credential, and the registrars' signature that lets it vote.
 * spec: chapter 4a (enrol). */
#ifndef TAPAT_ELECTION_ENROL_H
#define TAPAT_ELECTION_ENROL_H

#include "core/group/group.h"
#include "core/proof/batch.h"
#include "election/entry.h"

#define TP_REGISTRATION_DOMAIN "tapat-v1 registration"
#define TP_POSSESSION_DOMAIN   "tapat-v1 possession"
#define TP_CREDENTIAL_DOMAIN   "tapat-v1 credential"
#define TP_ASK_DOMAIN          "tapat-v1 ask"

enum { TP_ARGON2_BLOCKS = 19456, TP_ARGON2_PASSES = 2 }; /* 19 MiB */

/* s = wide(Argon2id(code, salt = fingerprint[0..16])); code: the 16 bytes that tp_code_read gives.
 * memory: TP_ARGON2_BLOCKS KiB. */
void tp_credential_derive(tp_scalar *s, uint8_t key[static 32], const uint8_t code[static 16],
                          const uint8_t fingerprint[static 32], uint64_t *memory);
/* Proof that the device knows s, bound to the election: a signature over the fingerprint. */
void tp_credential_prove(uint8_t proof[static 64], const tp_scalar *s, const uint8_t key[static 32],
                         const uint8_t fingerprint[static 32], const uint8_t random[static 32]);
TP_MUST_USE tp_err tp_credential_verify(const uint8_t proof[static 64],
                                        const uint8_t key[static 32],
                                        const uint8_t fingerprint[static 32]);
/* Who asks where a credential stands shows that it is theirs: a signature over the fingerprint and
 * the time, in Unix seconds. spec: L-11 */
void tp_credential_ask(uint8_t signature[static 64], const tp_scalar *s,
                       const uint8_t key[static 32], const uint8_t fingerprint[static 32],
                       uint64_t time, const uint8_t random[static 32]);
TP_MUST_USE tp_err tp_credential_asked(const uint8_t signature[static 64],
                                       const uint8_t key[static 32],
                                       const uint8_t fingerprint[static 32], uint64_t time);
/* The fingerprint of a credential that voters compare: 100 bits of SHA-256("tapat-v1 credential" ||
 * election fingerprint || key), as a code. */
void tp_credential_fingerprint(char out[static 40], const uint8_t key[static 32],
                               const uint8_t fingerprint[static 32]);

/* struct { opaque credential[32]; uint16 unit; uint16 style; Endorsement registrars<66..2112>; }
 * Signed by each: the fingerprint, then all before registrars. */
typedef struct {
    uint8_t credential[32];
    uint16_t unit, style;
    tp_endorsements registrars;
} tp_registration;

/* registrar: 1..count; secret_key: a scalar as tp_scalar_encode writes it. TP_MALFORMED: it is
 * none. */
TP_MUST_USE tp_err tp_registration_sign(tp_endorsement *out, const tp_registration *r,
                                        const uint8_t fingerprint[static 32], uint16_t registrar,
                                        const uint8_t secret_key[static 32],
                                        const uint8_t random[static 32]);
/* "registration.credential", "registration.unit", "registration.style", "registration.signer",
 * "registration.quorum", "registration.signature" */
TP_MUST_USE tp_err tp_registration_verify(const tp_manifest *m, const tp_registration *r,
                                          tp_fault *fault);
/* The same in two parts, for many at once: all but the signatures, and the signatures of one that
 * passed, as the next item of a batch (limits: one item, and tp_schnorr_need per endorsement). */
TP_MUST_USE tp_err tp_registration_rules(const tp_manifest *m, const tp_registration *r,
                                         tp_fault *fault);
void tp_registration_batch_var(tp_batch *b, const tp_manifest *m, const tp_registration *r);
void tp_registration_write(tp_writer *w, const tp_registration *r);
/* The next one of an entry's body: TP_OK, TP_MALFORMED, or *more = false at the end. Strictly
 * ascending by credential: "registration.order". previous: NULL for the first. */
TP_MUST_USE tp_err tp_registrations_next(tp_registration *r, tp_reader *body,
                                         const uint8_t *previous, bool *more, tp_fault *fault);

#endif
