/* Decryption by any t of n trustees: partial decryptions, and their combination by Lagrange
 * coefficients at 0. That a share is right is core/proof/eqlog.h. spec: chapter 7, requirements
 * K-*.
 */
#ifndef TAPAT_CORE_DECRYPT_H
#define TAPAT_CORE_DECRYPT_H

#include "core/group/group.h"

/* D_{u,k} = x_k*R_u at u*p + k. Constant time in x. */
void tp_decrypt_share(tp_point *d, const tp_scalar *x, size_t p, const tp_point *r, size_t u);

/* Lagrange coefficients at 0 of the count trustees with these indexes. TP_REFUSED: count is not
 * t, an index is 0, over n, or occurs twice (E4). */
TP_MUST_USE tp_err tp_lagrange(tp_scalar *out, const uint32_t *index, size_t count, uint32_t n,
                               uint32_t t);
/* total[i] += lambda*d[i], i < count, over the t trustees; total starts as identity.
 * scratch: count points. */
void tp_decrypt_combine_var(tp_point *total, const tp_scalar *lambda, const tp_point *d,
                            size_t count, tp_point *scratch);

#endif
