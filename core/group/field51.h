/* GF(2^255-19) in five limbs of radix 2^51, for machines with a 64 x 64 -> 128 bit multiplier.
 *
 * Bounds (checked at run time where the build has TP_FIELD_CHECK)
 *  tight: every limb < 2^51 + 2^16. Results of mul, sqr, carry, select of tight; stored points.
 *  loose: every limb < 2^54. Results of add, sub, neg, sub_loose; what mul, sqr and carry take.
 * field25.h has the same interface.
 * spec: chapter 2 (primitives).
 */
#ifndef TAPAT_CORE_GROUP_FIELD51_H
#define TAPAT_CORE_GROUP_FIELD51_H

#include "core/base/base.h"

typedef struct {
    uint64_t v[5];
} fe;

__extension__ typedef unsigned __int128 fe_wide;

#define FE_M51 0x7ffffffffffffU

/* A constant from its four 64-bit words, least significant first. */
#define FE_WORDS(a, b, c, d)                                                                       \
    {{(a) & FE_M51, ((a) >> 51 | (b) << 13) & FE_M51, ((b) >> 38 | (c) << 26) & FE_M51,            \
      ((c) >> 25 | (d) << 39) & FE_M51, (d) >> 12}}

#ifdef TP_FIELD_CHECK
static inline void fe_check(const fe *a, uint64_t below) {
    for (int i = 0; i < 5; i++)
        if (a->v[i] >= below) __builtin_trap();
}
#else
static inline void fe_check(const fe *a, uint64_t below) {
    (void)a, (void)below;
}
#endif
#define FE_TIGHT ((UINT64_C(1) << 51) + (UINT64_C(1) << 16))
#define FE_LOOSE (UINT64_C(1) << 54)

/* tight + tight: limbs < 2^52 + 2^17 */
static inline void fe_add(fe *o, const fe *a, const fe *b) {
    fe_check(a, FE_TIGHT), fe_check(b, FE_TIGHT);
    for (int i = 0; i < 5; i++)
        o->v[i] = a->v[i] + b->v[i];
}

/* tight - tight, as a + 2p - b: limbs of 2p are >= 2^52 - 38 > b's, so nothing wraps;
 * limbs < 2^52 + 2^51 + 2^16 */
static inline void fe_sub(fe *o, const fe *a, const fe *b) {
    fe_check(a, FE_TIGHT), fe_check(b, FE_TIGHT);
    o->v[0] = a->v[0] + 0xfffffffffffdaU - b->v[0];
    for (int i = 1; i < 5; i++)
        o->v[i] = a->v[i] + 0xffffffffffffeU - b->v[i];
}

/* a - b for a, b out of fe_add or fe_sub, as a + 4p - b: limbs of 4p are >= 2^53 - 76 >
 * 2^52 + 2^51 + 2^16 > b's; limbs < 2^53 + 2^52 + 2^51 + 2^16 < 2^54 */
static inline void fe_sub_loose(fe *o, const fe *a, const fe *b) {
    fe_check(a, 3 * (UINT64_C(1) << 51) + (UINT64_C(1) << 17));
    fe_check(b, 3 * (UINT64_C(1) << 51) + (UINT64_C(1) << 17));
    o->v[0] = a->v[0] + 0x1fffffffffffb4U - b->v[0];
    for (int i = 1; i < 5; i++)
        o->v[i] = a->v[i] + 0x1ffffffffffffcU - b->v[i];
}

/* loose -> tight: carries are < 2^3, the last into limb 0 < 19 * 2^3 */
static inline void fe_carry(fe *o, const fe *a) {
    fe_check(a, FE_LOOSE);
    uint64_t c0 = a->v[0] >> 51, c1 = a->v[1] >> 51, c2 = a->v[2] >> 51, c3 = a->v[3] >> 51;
    uint64_t c4 = a->v[4] >> 51;
    o->v[0] = (a->v[0] & FE_M51) + 19 * c4;
    o->v[1] = (a->v[1] & FE_M51) + c0;
    o->v[2] = (a->v[2] & FE_M51) + c1;
    o->v[3] = (a->v[3] & FE_M51) + c2;
    o->v[4] = (a->v[4] & FE_M51) + c3;
}

/* Column sums r (each < 2^115) -> tight. The carry out of r3 is < 2^64 since r3 >> 51 < 2^64, and
 * r4 < 5 * 2^108 + 2^64 (no factor 19 in its column), so 19 * (r4 >> 51) < 2^63.7 fits; limb 1 ends
 * < 2^51 + 2^13. */
static inline void fe_reduce(fe *o, fe_wide r0, fe_wide r1, fe_wide r2, fe_wide r3, fe_wide r4) {
    r1 += (uint64_t)(r0 >> 51);
    r2 += (uint64_t)(r1 >> 51);
    r3 += (uint64_t)(r2 >> 51);
    r4 += (uint64_t)(r3 >> 51);
    uint64_t l0 = ((uint64_t)r0 & FE_M51) + 19 * (uint64_t)(r4 >> 51);
    o->v[0] = l0 & FE_M51;
    o->v[1] = ((uint64_t)r1 & FE_M51) + (l0 >> 51);
    o->v[2] = (uint64_t)r2 & FE_M51;
    o->v[3] = (uint64_t)r3 & FE_M51;
    o->v[4] = (uint64_t)r4 & FE_M51;
}

/* loose * loose -> tight: 19 * b < 2^58.3; a column is at most 5 products < 2^(54+58.3), < 2^115 */
static inline void fe_mul(fe *o, const fe *a, const fe *b) {
    fe_check(a, FE_LOOSE), fe_check(b, FE_LOOSE);
    const uint64_t a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3], a4 = a->v[4];
    const uint64_t b0 = b->v[0], b1 = b->v[1], b2 = b->v[2], b3 = b->v[3], b4 = b->v[4];
    const uint64_t c1 = 19 * b1, c2 = 19 * b2, c3 = 19 * b3, c4 = 19 * b4;
    fe_wide r0 = (fe_wide)a0 * b0 + (fe_wide)a1 * c4 + (fe_wide)a2 * c3 + (fe_wide)a3 * c2 +
                 (fe_wide)a4 * c1;
    fe_wide r1 = (fe_wide)a0 * b1 + (fe_wide)a1 * b0 + (fe_wide)a2 * c4 + (fe_wide)a3 * c3 +
                 (fe_wide)a4 * c2;
    fe_wide r2 = (fe_wide)a0 * b2 + (fe_wide)a1 * b1 + (fe_wide)a2 * b0 + (fe_wide)a3 * c4 +
                 (fe_wide)a4 * c3;
    fe_wide r3 = (fe_wide)a0 * b3 + (fe_wide)a1 * b2 + (fe_wide)a2 * b1 + (fe_wide)a3 * b0 +
                 (fe_wide)a4 * c4;
    fe_wide r4 = (fe_wide)a0 * b4 + (fe_wide)a1 * b3 + (fe_wide)a2 * b2 + (fe_wide)a3 * b1 +
                 (fe_wide)a4 * b0;
    fe_reduce(o, r0, r1, r2, r3, r4);
}

/* loose^2 -> tight: 38 * a < 2^59.3, 2 * a < 2^55; the columns are those of fe_mul */
static inline void fe_sqr(fe *o, const fe *a) {
    fe_check(a, FE_LOOSE);
    const uint64_t a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3], a4 = a->v[4];
    const uint64_t d0 = 2 * a0, d1 = 2 * a1, e2 = 38 * a2, n3 = 19 * a3, n4 = 19 * a4, e4 = 2 * n4;
    fe_wide r0 = (fe_wide)a0 * a0 + (fe_wide)a1 * e4 + (fe_wide)e2 * a3;
    fe_wide r1 = (fe_wide)d0 * a1 + (fe_wide)a2 * e4 + (fe_wide)a3 * n3;
    fe_wide r2 = (fe_wide)d0 * a2 + (fe_wide)a1 * a1 + (fe_wide)a3 * e4;
    fe_wide r3 = (fe_wide)d0 * a3 + (fe_wide)d1 * a2 + (fe_wide)a4 * n4;
    fe_wide r4 = (fe_wide)d0 * a4 + (fe_wide)d1 * a3 + (fe_wide)a2 * a2;
    fe_reduce(o, r0, r1, r2, r3, r4);
}

static inline uint64_t fe_load64(const uint8_t *p) {
    uint64_t r = 0;
    for (int i = 7; i >= 0; i--)
        r = r << 8 | p[i];
    return r;
}

/* 32 little-endian bytes, bit 255 ignored -> tight; not reduced below p */
static inline void fe_from_bytes(fe *o, const uint8_t in[static 32]) {
    uint64_t a = fe_load64(in), b = fe_load64(in + 8), c = fe_load64(in + 16),
             d = fe_load64(in + 24);
    *o = (fe)FE_WORDS(a, b, c, d & INT64_MAX);
}

/* tight -> the 32 little-endian bytes of the residue below p. q = 1 exactly if a >= p: limbs are
 * < 2^51 + 2^16, so a < 2p and the carry chain of a + 19 out of bit 255 is 0 or 1. */
static inline void fe_to_bytes(uint8_t out[static 32], const fe *a) {
    fe t;
    fe_carry(&t, a);
    uint64_t q = (t.v[0] + 19) >> 51;
    for (int i = 1; i < 5; i++)
        q = (t.v[i] + q) >> 51;
    t.v[0] += 19 * q;
    for (int i = 0; i < 4; i++)
        t.v[i + 1] += t.v[i] >> 51, t.v[i] &= FE_M51;
    t.v[4] &= FE_M51;
    const uint64_t w[4] = {t.v[0] | t.v[1] << 51, t.v[1] >> 13 | t.v[2] << 38,
                           t.v[2] >> 26 | t.v[3] << 25, t.v[3] >> 39 | t.v[4] << 12};
    for (int i = 0; i < 32; i++)
        out[i] = (uint8_t)(w[i / 8] >> (8 * (i % 8)));
}

/* o = bit ? a : b */
static inline void fe_select(fe *o, const fe *a, const fe *b, uint32_t bit) {
    uint64_t m = tp_mask(bit);
    for (int i = 0; i < 5; i++)
        o->v[i] = b->v[i] ^ (m & (a->v[i] ^ b->v[i]));
}

/* o |= m & a, for table scans: m is all ones for one entry and zero for the others */
static inline void fe_scan(fe *o, const fe *a, uint64_t m) {
    for (int i = 0; i < 5; i++)
        o->v[i] |= m & a->v[i];
}

#endif
