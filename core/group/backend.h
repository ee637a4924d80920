/* What a backend of the group engine provides, and the one representation that they share.
 * Included only inside core/group.
 *
 * Representation of a tp_point: extended twisted Edwards coordinates (RFC 8032 section 5.1.4)
 * x = X/Z, y = Y/Z, XY = ZT over GF(2^255-19), limb[0..4] = X, [5..9] = Y, [10..14] = Z,
 * [15..19] = T, five limbs of radix 2^51 each, least significant first.
 *
 * Invariants
 *  1. Every limb of a stored point is < 2^51 + 2^16 (so it fits a 52-bit multiplier); values need
 *     not be reduced below p.
 *  2. Z is never 0 modulo p, and (X, Y) lies on the curve -x^2 + y^2 = 1 + d x^2 y^2, in the even
 *     subgroup 2E that ristretto255 divides: no exceptional case of the addition formulas arises.
 *  3. Points out of decode and decode_hinted are affine: Z is exactly the limbs 1,0,0,0,0.
 *  4. A function may fall back on tp_backend_portable's for any n; the results are equal as group
 *     elements (encodings and scalars: byte for byte).
 * On wasm32 the representation is 4 x 10 limbs of field25.h in the same 160 bytes, and portable is
 * the only backend.
 * spec: chapter 2 (primitives).
 */
#ifndef TAPAT_CORE_GROUP_BACKEND_H
#define TAPAT_CORE_GROUP_BACKEND_H

#include "core/group/group.h"

/* Each function has the contract of its namesake in group.h, except that the decoders return the
 * first bad index, or n if all are good, and may leave anything in the output from there on;
 * and that msm_var's bits are <= 253 and its scalars < 2^bits. n may be 0; out may alias.
 * Scratch for n points is enough for fewer, under the same bits. */
typedef struct {
    const char *name;
    bool (*supported)(void); /* does this processor run it; built with plain flags */
    void (*prepare)(void);   /* builds tables; called by tp_group_select, before threads */

    size_t (*decode_var)(tp_point *out, const uint8_t (*in)[32], size_t n);
    size_t (*decode_hinted_var)(tp_point *out, const uint8_t (*in)[32], const uint8_t (*hints)[32],
                                size_t n);
    size_t (*hint_var)(uint8_t (*hints)[32], const uint8_t (*in)[32], size_t n);
    void (*add)(tp_point *out, const tp_point *a, const tp_point *b, size_t n);
    void (*encode)(uint8_t (*out)[32], const tp_point *a, size_t n);
    void (*encode_double)(uint8_t (*out)[32], const tp_point *a, size_t n);
    void (*from_uniform_var)(tp_point *out, const uint8_t (*in)[64], size_t n);

    void (*mul_base)(tp_point *out, const tp_scalar *s, size_t n);
    void (*mul)(tp_point *out, const tp_scalar *s, const tp_point *p, size_t n);
    size_t (*mul_sum_scratch)(size_t n);
    void (*mul_sum)(tp_point *out, const tp_scalar *s, const tp_point *p, size_t n, void *scratch);
    size_t (*msm_scratch)(size_t n, unsigned bits);
    void (*msm_var)(tp_point *out, const tp_scalar *s, const tp_point *p, size_t n, unsigned bits,
                    void *scratch);

    void (*scalars_mul)(tp_scalar *out, const tp_scalar *a, const tp_scalar *b, size_t n);
    void (*scalars_muladd)(tp_scalar *out, const tp_scalar *a, const tp_scalar *b,
                           const tp_scalar *c, size_t n);
    void (*scalars_scale)(tp_scalar *out, const tp_scalar *a, const tp_scalar *k, size_t n);
    void (*scalars_scale_add)(tp_scalar *out, const tp_scalar *a, const tp_scalar *k,
                              const tp_scalar *c, size_t n);
    void (*scalars_dot)(tp_scalar *out, const tp_scalar *a, const tp_scalar *b, size_t n);
    void (*scalars_powers)(tp_scalar *out, const tp_scalar *x, size_t n);
} tp_backend;

extern const tp_backend tp_backend_portable;
/* Present where the build has TP_GROUP_IFMA. */
extern const tp_backend tp_backend_ifma;
/* AVX-512 F, DQ, VL, IFMA and VBMI2, and BMI2. */
bool tp_ifma_supported(void);

#endif
