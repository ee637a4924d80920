/* ristretto255 (RFC 9496): scalars modulo L, points, and the batch operations that the protocol
 * is made of. One interface, several backends chosen at start.
 *
 * Invariants
 *  1. tp_points_decode_var and hash-to-group are the only ways to make a point from bytes; the
 *     fields of tp_point are a backend's own and never read outside core/group.
 *  2. A tp_scalar is always canonical: < L.
 *  3. Functions whose name ends in _var take public data only. All others are constant time in
 *     every argument but the lengths.
 *  4. Nothing allocates: scratch is handed in, its size comes from a function.
 *  5. Outputs may alias inputs element for element.
 * spec: chapter 2 (primitives).
 */
#ifndef TAPAT_CORE_GROUP_H
#define TAPAT_CORE_GROUP_H

#include "core/base/base.h"
#include "core/hash/hash.h"

typedef struct {
    uint64_t limb[4]; /* little-endian words, < L */
} tp_scalar;

typedef struct {
    uint64_t limb[20]; /* a backend's own representation; all native backends share one */
} tp_point;

/* Bytes as rows of 32: what the encoders and decoders take. (C before C23 has no other way to add
 * const to the elements of an array behind a pointer.) */
static inline const uint8_t (*tp_rows(const void *bytes))[32] {
    return (const uint8_t(*)[32])(uintptr_t)bytes;
}

/* ---- backends ---- */

/* Chooses the fastest backend this processor runs, or the one named by `name` ("portable",
 * "ifma", ...). Call once at start, before threads; portable is in force until then.
 * TP_REFUSED: no such backend, or the processor lacks it. */
TP_MUST_USE tp_err tp_group_select(const char *name);
const char *tp_group_backend(void);
/* The name of the i-th backend built in, fastest first; NULL past the last. */
const char *tp_group_backend_name(size_t i);

/* ---- scalars: single ---- */

extern const tp_scalar tp_scalar_zero, tp_scalar_one;

/* TP_MALFORMED unless the 32 little-endian bytes are < L. spec: P-9 */
TP_MUST_USE tp_err tp_scalar_decode(tp_scalar *out, const uint8_t in[static 32]);
void tp_scalar_encode(uint8_t out[static 32], const tp_scalar *a);
/* 64 little-endian bytes modulo L: the only reduction there is (attack A7). spec: P-10 */
void tp_scalar_wide(tp_scalar *out, const uint8_t in[static 64]);
void tp_scalar_from_u64(tp_scalar *out, uint64_t v);
void tp_scalar_add(tp_scalar *out, const tp_scalar *a, const tp_scalar *b);
void tp_scalar_sub(tp_scalar *out, const tp_scalar *a, const tp_scalar *b);
void tp_scalar_neg(tp_scalar *out, const tp_scalar *a);
void tp_scalar_mul(tp_scalar *out, const tp_scalar *a, const tp_scalar *b);
/* out = a*b + c */
void tp_scalar_muladd(tp_scalar *out, const tp_scalar *a, const tp_scalar *b, const tp_scalar *c);
/* out = a/2 */
void tp_scalar_half(tp_scalar *out, const tp_scalar *a);
/* 1/a, and 0 for 0; constant time. */
void tp_scalar_invert(tp_scalar *out, const tp_scalar *a);
uint32_t tp_scalar_equal(const tp_scalar *a, const tp_scalar *b);
uint32_t tp_scalar_is_zero(const tp_scalar *a);
/* out = bit ? a : b, constant time; bit is 0 or 1. */
void tp_scalar_select(tp_scalar *out, const tp_scalar *a, const tp_scalar *b, uint32_t bit);

/* ---- scalars: arrays of n ---- */

/* TP_MALFORMED if any is not canonical; *bad (may be NULL) is then the first such index. */
TP_MUST_USE tp_err tp_scalars_decode(tp_scalar *out, const uint8_t (*in)[32], size_t n,
                                     size_t *bad);
void tp_scalars_encode(uint8_t (*out)[32], const tp_scalar *a, size_t n);
void tp_scalars_mul(tp_scalar *out, const tp_scalar *a, const tp_scalar *b, size_t n);
/* out[i] = a[i]*b[i] + c[i] */
void tp_scalars_muladd(tp_scalar *out, const tp_scalar *a, const tp_scalar *b, const tp_scalar *c,
                       size_t n);
/* out[i] = a[i]*k */
void tp_scalars_scale(tp_scalar *out, const tp_scalar *a, const tp_scalar *k, size_t n);
/* out[i] = a[i]*k + c[i] */
void tp_scalars_scale_add(tp_scalar *out, const tp_scalar *a, const tp_scalar *k,
                          const tp_scalar *c, size_t n);
/* sum of a[i]*b[i] */
void tp_scalars_dot(tp_scalar *out, const tp_scalar *a, const tp_scalar *b, size_t n);
/* out[i] = a[i]/2 */
void tp_scalars_half(tp_scalar *out, const tp_scalar *a, size_t n);
/* sum of a[i] */
void tp_scalars_sum(tp_scalar *out, const tp_scalar *a, size_t n);
/* out[i] = x^(i+1), i = 0..n-1 */
void tp_scalars_powers(tp_scalar *out, const tp_scalar *x, size_t n);

/* ---- points: single ---- */

void tp_point_identity(tp_point *out);
void tp_point_base(tp_point *out); /* G */
void tp_point_add(tp_point *out, const tp_point *a, const tp_point *b);
void tp_point_sub(tp_point *out, const tp_point *a, const tp_point *b);
void tp_point_neg(tp_point *out, const tp_point *a);
/* Equality of group elements (not of representations), as 1 or 0. */
uint32_t tp_point_equal(const tp_point *a, const tp_point *b);
uint32_t tp_point_is_identity(const tp_point *a);
void tp_point_select(tp_point *out, const tp_point *a, const tp_point *b, uint32_t bit);

/* ---- points: arrays of n ---- */

/* The checked decoder of RFC 9496 section 4.3.1. TP_MALFORMED if any encoding is bad; *bad (may be
 * NULL) is then the first such index and out is all identity. The identity itself (32 zero bytes)
 * decodes; callers refuse it where it would be harmful. spec: P-9 */
TP_MUST_USE tp_err tp_points_decode_var(tp_point *out, const uint8_t (*in)[32], size_t n,
                                        size_t *bad);
/* The same with a hint per point: 32 bytes, +-1/sqrt(v*u2^2) as a field element. A hint cannot
 * change which element comes out; a wrong hint is noticed and that point is decoded without it. */
TP_MUST_USE tp_err tp_points_decode_hinted_var(tp_point *out, const uint8_t (*in)[32],
                                               const uint8_t (*hints)[32], size_t n, size_t *bad);
/* Hints for valid encodings. TP_MALFORMED as above. */
TP_MUST_USE tp_err tp_points_hint_var(uint8_t (*hints)[32], const uint8_t (*in)[32], size_t n,
                                      size_t *bad);
/* out[i] = a[i] + b[i] */
void tp_points_add(tp_point *out, const tp_point *a, const tp_point *b, size_t n);
void tp_points_encode(uint8_t (*out)[32], const tp_point *a, size_t n);
/* out[i] = the encoding of 2*a[i], several times faster than that of a[i]: no square root. Who
 * makes points from scalars only to send them takes half the scalars (tp_scalars_half) and encodes
 * so. */
void tp_points_encode_double(uint8_t (*out)[32], const tp_point *a, size_t n);
/* out[i] = s[i]*G, constant time */
void tp_points_mul_base(tp_point *out, const tp_scalar *s, size_t n);
/* out[i] = s[i]*P[i], constant time */
void tp_points_mul(tp_point *out, const tp_scalar *s, const tp_point *p, size_t n);
/* out = sum of s[i]*P[i], constant time, doublings shared; scratch of tp_mul_sum_scratch(n) bytes,
 * 64-byte aligned; enough for fewer points too. */
size_t tp_mul_sum_scratch(size_t n);
void tp_point_mul_sum(tp_point *out, const tp_scalar *s, const tp_point *p, size_t n,
                      void *scratch);
/* out = sum of s[i]*P[i], variable time, public data. bits: every scalar is < 2^bits (128 or 253
 * are the tuned widths); one that is not stops the program. scratch of tp_msm_scratch(n, bits)
 * bytes, 64-byte aligned, enough for fewer points of as many bits too; working set is blocked, so
 * it stays bounded for any n. */
size_t tp_msm_scratch(size_t n, unsigned bits);
void tp_msm_var(tp_point *out, const tp_scalar *s, const tp_point *p, size_t n, unsigned bits,
                void *scratch);
/* RFC 9496 section 4.3.4: 64 uniform bytes each. Variable time. */
void tp_points_from_uniform_var(tp_point *out, const uint8_t (*in)[64], size_t n);

/* ---- hash to group ---- */

/* RFC 9380 expand_message_xmd with SHA-512; out_len <= 255*64, dst_len <= 255. */
void tp_expand_message_xmd(uint8_t *out, size_t out_len, const void *msg, size_t msg_len,
                           const void *dst, size_t dst_len);
/* ristretto255_XMD:SHA-512_R255MAP_RO_ (RFC 9380 appendix B). spec: P-11 */
void tp_hash_to_group_var(tp_point *out, const void *msg, size_t msg_len, const void *dst,
                          size_t dst_len);

/* ---- shared with the hashes ---- */

/* challenge as a scalar: tp_challenge then wide reduction */
void tp_challenge_scalar(tp_scalar *out, tp_transcript *t, const char *label);
/* the next n scalars of a nonce stream, each from 64 bytes */
void tp_nonces_scalars(tp_scalar *out, size_t n, tp_nonces *g);
/* absorbs points by their 32-byte encodings, as one item of 32*n bytes */
void tp_absorb_points(tp_transcript *t, const char *label, const uint8_t (*enc)[32], size_t n);

#endif
