/* GF(2^255-19) in ten limbs of 26 and 25 bits by turns, for machines whose widest product is 64
 * bits (wasm32): limb i has weight 2^ceil(25.5 i).
 *
 * Bounds (checked at run time where the build has TP_FIELD_CHECK)
 *  tight: even limbs < 2^26 + 2^18, odd limbs < 2^25 + 2^18.
 *  loose: even limbs < 3 * 2^26 + 2^19, odd limbs < 3 * 2^25 + 2^19.
 * Who gives and takes which: field51.h, whose interface this is.
 * spec: chapter 2 (primitives).
 */
#ifndef TAPAT_CORE_GROUP_FIELD25_H
#define TAPAT_CORE_GROUP_FIELD25_H

#include "core/base/base.h"

typedef struct {
    uint32_t v[10];
} fe;

#define FE_BITS(i)           (26 - ((i) & 1))
#define FE_MASK(i)           ((UINT32_C(1) << FE_BITS(i)) - 1)
#define FE_PART(w, shift, i) ((uint32_t)((w) >> (shift)) & FE_MASK(i))

/* A constant from its four 64-bit words, least significant first; limbs start at bits 0 26 51 77
 * 102 128 153 179 204 230. */
#define FE_WORDS(a, b, c, d)                                                                       \
    {                                                                                              \
        {                                                                                          \
            FE_PART(a, 0, 0), FE_PART(a, 26, 1), FE_PART((a) >> 51 | (b) << 13, 0, 2),             \
                FE_PART(b, 13, 3), FE_PART(b, 38, 4), FE_PART(c, 0, 5), FE_PART(c, 25, 6),         \
                FE_PART((c) >> 51 | (d) << 13, 0, 7), FE_PART(d, 12, 8), FE_PART(d, 38, 9)         \
        }                                                                                          \
    }

/* Bounds of the even limbs; the odd ones' are checked against the like with 25 for 26. */
#define FE_TIGHT (UINT32_C(1) << 18)
#define FE_LOOSE ((UINT32_C(1) << 27) + (UINT32_C(1) << 19))
#ifdef TP_FIELD_CHECK
/* over: what the bound has beyond 2^26 in even limbs; FE_LOOSE's multiple of 2^26 is halved in odd
 * limbs. */
static inline void fe_check(const fe *a, uint32_t over) {
    uint32_t whole = over >> 26 << 26, rest = over - whole;
    for (int i = 0; i < 10; i++)
        if (a->v[i] >= (UINT32_C(1) << FE_BITS(i)) + (whole >> (i & 1)) + rest) __builtin_trap();
}
#else
static inline void fe_check(const fe *a, uint32_t over) {
    (void)a, (void)over;
}
#endif

/* tight + tight: loose */
static inline void fe_add(fe *o, const fe *a, const fe *b) {
    fe_check(a, FE_TIGHT), fe_check(b, FE_TIGHT);
    for (int i = 0; i < 10; i++)
        o->v[i] = a->v[i] + b->v[i];
}

/* Limb i of 2p: 2^27 - 2 or 2^26 - 2, limb 0 2^27 - 38. */
#define FE_2P(i) (2 * FE_MASK(i) - ((i) == 0 ? 36 : 0))

/* tight - tight, as a + 2p - b: loose */
static inline void fe_sub(fe *o, const fe *a, const fe *b) {
    fe_check(a, FE_TIGHT), fe_check(b, FE_TIGHT);
    for (int i = 0; i < 10; i++)
        o->v[i] = a->v[i] + FE_2P(i) - b->v[i];
}

/* Limbs < 2^29 (even), < 2^28 (odd) -> tight: carries are < 2^3, the last into limb 0 < 19 * 2^3 */
static inline void fe_carry(fe *o, const fe *a) {
    uint32_t c = 19 * (a->v[9] >> 25);
    for (int i = 0; i < 10; i++) {
        uint32_t limb = a->v[i];
        o->v[i] = (limb & FE_MASK(i)) + c;
        c = limb >> FE_BITS(i);
    }
}

/* loose - loose, as a + 4p - b, then carried: limbs of 4p are >= 2^28 - 76 (even), 2^27 - 4 (odd)
 * > b's, and the sum is < 2^29 (even), < 2^28 (odd): tight */
static inline void fe_sub_loose(fe *o, const fe *a, const fe *b) {
    fe_check(a, FE_LOOSE), fe_check(b, FE_LOOSE);
    fe t;
    for (int i = 0; i < 10; i++)
        t.v[i] = a->v[i] + 2 * FE_2P(i) - b->v[i];
    fe_carry(o, &t);
}

void tp_fe25_mul(fe *o, const fe *a, const fe *b);
void tp_fe25_sqr(fe *o, const fe *a);

/* loose * loose -> tight */
static inline void fe_mul(fe *o, const fe *a, const fe *b) {
    tp_fe25_mul(o, a, b);
}

static inline void fe_sqr(fe *o, const fe *a) {
    tp_fe25_sqr(o, a);
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

/* tight -> the 32 little-endian bytes of the residue below p. q = 1 exactly if a >= p: a < 2p, so
 * the carry chain of a + 19 out of bit 255 is 0 or 1. */
static inline void fe_to_bytes(uint8_t out[static 32], const fe *a) {
    fe t;
    fe_carry(&t, a);
    uint32_t q = (t.v[0] + 19) >> 26;
    for (int i = 1; i < 10; i++)
        q = (t.v[i] + q) >> FE_BITS(i);
    t.v[0] += 19 * q;
    for (int i = 0; i < 9; i++)
        t.v[i + 1] += t.v[i] >> FE_BITS(i), t.v[i] &= FE_MASK(i);
    t.v[9] &= FE_MASK(9);
    uint64_t acc = 0;
    int bits = 0, at = 0;
    for (int i = 0; i < 10; i++) {
        acc |= (uint64_t)t.v[i] << bits;
        for (bits += FE_BITS(i); bits >= 8; bits -= 8, acc >>= 8)
            out[at++] = (uint8_t)acc;
    }
    out[at] = (uint8_t)acc;
}

/* o = bit ? a : b */
static inline void fe_select(fe *o, const fe *a, const fe *b, uint32_t bit) {
    uint32_t m = (uint32_t)tp_mask(bit);
    for (int i = 0; i < 10; i++)
        o->v[i] = b->v[i] ^ (m & (a->v[i] ^ b->v[i]));
}

/* o |= m & a, for table scans: m is all ones for one entry and zero for the others */
static inline void fe_scan(fe *o, const fe *a, uint64_t m) {
    for (int i = 0; i < 10; i++)
        o->v[i] |= (uint32_t)m & a->v[i];
}

#endif
