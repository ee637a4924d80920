/* Distributed key generation for p secrets at once: round 0 commits to the round-1 message by hash,
 * round 1 opens it (Feldman commitments and one proof of possession for all constant terms), shares
 * travel encrypted (not here), and everyone recomputes keys and verification keys.
 *
 * Letters: dealer i and receiver l in 1..n, secret k in 0..p-1, coefficient j in 0..t-1;
 *   a_{i,k,j} coefficients, F_i[k*t + j] = a_{i,k,j}*G, s_{i,l,k} = sum_j a_{i,k,j}*l^j,
 *   Y_k = sum_i F_i[k*t], V_{l,k} = sum_i sum_j l^j*F_i[k*t + j], x_{l,k} = sum_i s_{i,l,k}.
 * A round-1 message is 32*p*t bytes of F_i, then the proof (T, z).
 *
 * Invariants
 *  1. n >= 3, 2 <= t < n: t = n is refused, one lost share must not void an election (E7).
 *  2. The length of a message fixes exactly t coefficients per secret (E3).
 *  3. Indexes are positions 1..n and never read from a message (E4).
 *  4. The identity is no commitment; the possession proof covers election, contest, index and all
 *     commitments (E2).
 * spec: chapter 3 (ceremony), requirements D-*.
 */
#ifndef TAPAT_CORE_DKG_H
#define TAPAT_CORE_DKG_H

#include "core/group/group.h"

#define TP_DKG_MAX_TRUSTEES 255
#define TP_DKG_MAX_SECRETS  1024

typedef struct {
    uint8_t fingerprint[32]; /* of the manifest */
    uint32_t contest;        /* index in the manifest */
    uint16_t n, t;           /* trustees, threshold */
    uint16_t p;              /* secrets */
} tp_dkg_params;

/* TP_REFUSED: n < 3, n > 255, t < 2, t >= n, p = 0 or p > 1024. All functions below take checked
 * params. */
TP_MUST_USE tp_err tp_dkg_params_check(const tp_dkg_params *q);
size_t tp_dkg_coefficients(const tp_dkg_params *q); /* p*t */
size_t tp_dkg_message_len(const tp_dkg_params *q);  /* 32*p*t + 64 */

/* Samples the polynomials and writes the round-1 message. coefficients: p*t secrets, k*t + j.
 * secret: 32 bytes of the trustee's identity key, hedges the nonces; random: 32 fresh bytes.
 * points: scratch of p*t points. TP_REFUSED: dealer not in 1..n. */
TP_MUST_USE tp_err tp_dkg_deal(tp_scalar *coefficients, uint8_t *message, tp_point *points,
                               const tp_dkg_params *q, uint32_t dealer,
                               const uint8_t secret[static 32], const uint8_t random[static 32]);
/* Round 0: the hash commitment to a round-1 message. */
void tp_dkg_commit(uint8_t out[static 32], const tp_dkg_params *q, uint32_t dealer,
                   const uint8_t *message, size_t len);
/* Decodes and judges a round-1 message: points gets F_i (p*t). commitment: what the dealer posted
 * in round 0. TP_REFUSED: index. TP_MALFORMED: length, encoding, or an identity. TP_INVALID: not
 * what was committed to, or possession not proved. scratch: tp_dkg_scratch bytes, 64-byte aligned.
 */
size_t tp_dkg_scratch(const tp_dkg_params *q);
TP_MUST_USE tp_err tp_dkg_open_var(tp_point *points, const tp_dkg_params *q, uint32_t dealer,
                                   const uint8_t *message, size_t len,
                                   const uint8_t commitment[static 32], void *scratch);

/* The p shares for one receiver. TP_REFUSED: index 0 or > n. Constant time. */
TP_MUST_USE tp_err tp_dkg_share(tp_scalar *shares, const tp_scalar *coefficients,
                                const tp_dkg_params *q, uint32_t receiver);
/* Whether p shares fit the dealer's commitments; constant time in the shares but for the answer.
 * TP_REFUSED: index. TP_INVALID: they do not. scratch: 2*p points. */
TP_MUST_USE tp_err tp_dkg_share_check(const tp_scalar *shares, const tp_point *commitments,
                                      const tp_dkg_params *q, uint32_t receiver, tp_point *scratch);
/* x[k] += shares[k]: the receiver's secrets from all dealers; x starts as zeros. */
void tp_dkg_share_add(tp_scalar *x, const tp_scalar *shares, const tp_dkg_params *q);

/* sum[i] += commitments[i] over the qualified dealers; sum (p*t points) starts as identity. */
void tp_dkg_commitments_add(tp_point *sum, const tp_point *commitments, const tp_dkg_params *q);
/* The p election keys Y_k from the summed commitments. TP_INVALID: one is the identity. */
TP_MUST_USE tp_err tp_dkg_election_keys_var(tp_point *keys, const tp_point *sum,
                                            const tp_dkg_params *q);
/* The p verification keys V_{l,k} of trustee l. TP_REFUSED: index. TP_INVALID: one is the identity.
 */
TP_MUST_USE tp_err tp_dkg_verification_keys_var(tp_point *keys, const tp_point *sum,
                                                const tp_dkg_params *q, uint32_t trustee);

#endif
