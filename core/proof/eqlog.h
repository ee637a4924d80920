/* Decryption shares are right: one Chaum-Pedersen proof for a whole list. For secrets x_1..x_p with
 * verification keys V_k = x_k*G, shares D_{u,k} = x_k*R_u of U ciphertexts:
 *
 *   weights mu_u, delta_k (delta_1 = 1) from a hash of everything;
 *   x = sum delta_k*x_k,  V = sum delta_k*V_k,  R = sum mu_u*R_u,  D = sum mu_u*delta_k*D_{u,k};
 *   T_G = w*G, T_R = w*R, challenge c, z = w + c*x;
 *   check z*G = T_G + c*V and z*R = T_R + c*D.
 *
 * Invariants
 *  1. All R, V, D and the context are absorbed before the weights are drawn (A3).
 *  2. Proving is constant time in x_k and w.
 *  3. Lists are walked in blocks: scratch does not grow with U beyond one block.
 * spec: chapter 7 (decryption), requirements K-*.
 */
#ifndef TAPAT_CORE_EQLOG_H
#define TAPAT_CORE_EQLOG_H

#include "core/group/group.h"

#define TP_EQLOG_LEN 96 /* T_G, T_R, z */

typedef struct {
    uint8_t fingerprint[32];
    uint8_t key_digest[32];
    uint32_t contest;       /* index in the manifest */
    uint32_t trustee;       /* 1..n */
    const uint8_t (*r)[32]; /* R_1..R_U */
    size_t u;
    const uint8_t (*v)[32]; /* V_1..V_p */
    size_t p;
    const uint8_t (*d)[32]; /* D_{u,k} at u*p + k */
} tp_eqlog_statement;

/* Bytes of scratch for lists of U and p; 64-byte aligned. */
size_t tp_eqlog_scratch(size_t u, size_t p);

/* x: p secrets. random: 32 fresh bytes. TP_MALFORMED: some R_u does not decode. TP_INVALID: x does
 * not belong to V (the proof would be false). The statement's D are not checked. */
TP_MUST_USE tp_err tp_eqlog_prove(uint8_t proof[static TP_EQLOG_LEN], const tp_eqlog_statement *s,
                                  const tp_scalar *x, const uint8_t random[static 32],
                                  void *scratch);
/* TP_MALFORMED: an encoding is bad, a V_k is the identity, or p or U is 0.
 * TP_INVALID: a share is false. */
TP_MUST_USE tp_err tp_eqlog_verify_var(const uint8_t proof[static TP_EQLOG_LEN],
                                       const tp_eqlog_statement *s, void *scratch);

#endif
