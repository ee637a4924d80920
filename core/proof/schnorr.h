/* Schnorr signatures on ristretto255 with the public key in the hash, and proofs of possession,
 * both in commitment form (R, z), so that thousands verify in one multi-scalar multiplication.
 *
 * Invariants
 *  1. c = H(suite, kind, use, public key, R, message); R = z*G - c*P.
 *  2. The identity is refused as public key and as R; z is canonical.
 *  3. Nonces are hedged: two messages never share one, whatever the random bytes.
 * spec: chapter 4b (signatures), requirements B-1..B-5.
 */
#ifndef TAPAT_CORE_SCHNORR_H
#define TAPAT_CORE_SCHNORR_H

#include "core/group/group.h"
#include "core/proof/batch.h"

#define TP_SIG_LEN 64 /* R || z */

typedef struct {
    tp_scalar x;
} tp_secret_key;

/* Which transcript domain the equation lives in. */
typedef enum {
    TP_SIGNATURE,  /* of a message */
    TP_POSSESSION, /* of the secret key, bound to a message that says for what */
} tp_schnorr_kind;

/* The key pair of 64 uniform secret bytes (reduced wide). TP_INVALID: the scalar is zero. */
TP_MUST_USE tp_err tp_keypair(tp_secret_key *sk, uint8_t pk[static 32],
                              const uint8_t seed[static 64]);
/* The key pair of a stored scalar. TP_MALFORMED: not canonical, or zero. */
TP_MUST_USE tp_err tp_keypair_decode(tp_secret_key *sk, uint8_t pk[static 32],
                                     const uint8_t scalar[static 32]);

/* Signs msg for the use named by `use` (a C string, public). Constant time in sk; pk must be its
 * public key; random: 32 fresh bytes. */
void tp_sign(uint8_t sig[static TP_SIG_LEN], const tp_secret_key *sk, const uint8_t pk[static 32],
             const char *use, const void *msg, size_t len, const uint8_t random[static 32]);
/* TP_MALFORMED: an encoding is bad or the identity. TP_INVALID: not a signature of msg by pk. */
TP_MUST_USE tp_err tp_verify_var(const uint8_t sig[static TP_SIG_LEN], const uint8_t pk[static 32],
                                 const char *use, const void *msg, size_t len);

/* The same equation under the domain of proofs of possession. */
void tp_possession_prove(uint8_t proof[static TP_SIG_LEN], const tp_secret_key *sk,
                         const uint8_t pk[static 32], const char *use, const void *msg, size_t len,
                         const uint8_t random[static 32]);
TP_MUST_USE tp_err tp_possession_verify_var(const uint8_t proof[static TP_SIG_LEN],
                                            const uint8_t pk[static 32], const char *use,
                                            const void *msg, size_t len);

/* What one signature needs of a batch. */
void tp_schnorr_need(tp_batch_limits *need);
/* Adds the equation of one signature or possession to the batch's current item. Faults become the
 * item's verdict. pk_hint and sig_hint (for R): 32-byte decoding hints or NULL. */
void tp_schnorr_batch_var(tp_batch *b, tp_schnorr_kind kind, const uint8_t sig[static TP_SIG_LEN],
                          const uint8_t *sig_hint, const uint8_t pk[static 32],
                          const uint8_t *pk_hint, const char *use, const void *msg, size_t len);
/* The 64 bytes of the challenge, for up to eight signatures side by side (hash.h), of messages of
 * one length. */
void tp_schnorr_challenges_var(uint8_t (*c)[64], size_t lanes, tp_schnorr_kind kind,
                               const uint8_t *const *sig, const uint8_t *const *pk, const char *use,
                               const void *const *msg, size_t len);
/* tp_schnorr_batch_var with the challenge that tp_schnorr_challenges_var gave. */
void tp_schnorr_batch_challenged_var(tp_batch *b, const uint8_t sig[static TP_SIG_LEN],
                                     const uint8_t *sig_hint, const uint8_t pk[static 32],
                                     const uint8_t *pk_hint, const uint8_t c[static 64]);

#endif
