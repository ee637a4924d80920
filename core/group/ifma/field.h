/* GF(2^255-19), eight elements side by side: five vectors of 64-bit lanes, radix 2^51.
 * The 52-bit multiply-add of AVX-512 IFMA drops the bits of its factors from 52 up, so how large a
 * limb may be is a matter of type.
 *
 * Invariants
 *  1. tight: every limb < 2^51 + 2^16. Fit to be a factor. The value is below 2p, not reduced.
 *  2. raw: every limb < 2^62.5. A product is a raw with limbs < 2^59 (see mul_raw); raws are added
 *     and subtracted, then carried once.
 *  3. Nothing here branches or addresses memory by a value; builds with TP_FIELD_CHECK stop at a
 *     limb beyond its bound.
 * spec: chapter 2 (primitives).
 */
#ifndef TAPAT_CORE_GROUP_IFMA_FIELD_H
#define TAPAT_CORE_GROUP_IFMA_FIELD_H

#include <immintrin.h>
#include <stdint.h>

#define TP_INLINE static inline __attribute__((always_inline))

typedef __m512i v8; /* one 64-bit word of each of eight lanes */
typedef struct {
    v8 v[5];
} tight;
typedef struct {
    v8 v[5];
} raw;

/* An element written once, the same in all lanes. */
typedef struct {
    uint64_t v[5];
} constant;

#define TP_LIMB51 0x7ffffffffffffULL

TP_INLINE v8 word(uint64_t x) {
    return _mm512_set1_epi64((long long)x);
}

TP_INLINE v8 add(v8 a, v8 b) {
    return _mm512_add_epi64(a, b);
}

TP_INLINE v8 sub(v8 a, v8 b) {
    return _mm512_sub_epi64(a, b);
}

TP_INLINE v8 and51(v8 a) {
    return _mm512_and_si512(a, word(TP_LIMB51));
}

#ifdef TP_FIELD_CHECK
static void check_limbs(const v8 *v, int n, uint64_t below) {
    for (int i = 0; i < n; i++)
        if (_mm512_cmpge_epu64_mask(v[i], word(below))) __builtin_trap();
}
#else
TP_INLINE void check_limbs(const v8 *v, int n, uint64_t below) {
    (void)v, (void)n, (void)below;
}
#endif
#define TP_TIGHT   ((1ULL << 51) + (1ULL << 16))
#define TP_FACTOR  (1ULL << 52)          /* what the multiplier takes */
#define TP_CARRIED 0x5a82799900000000ULL /* < 2^62.5 */

TP_INLINE tight spread(const constant *c) {
    return (tight){{word(c->v[0]), word(c->v[1]), word(c->v[2]), word(c->v[3]), word(c->v[4])}};
}

TP_INLINE tight fe_small(uint64_t x) {
    v8 z = _mm512_setzero_si512();
    return (tight){{word(x), z, z, z, z}};
}

TP_INLINE raw widen(tight a) {
    return (raw){{a.v[0], a.v[1], a.v[2], a.v[3], a.v[4]}};
}

/* One parallel carry. In: limbs < 2^62.5. A carry is then < 2^11.5, and the top one, 19-fold,
 * < 2^15.8: out is tight. */
TP_INLINE tight carry(raw a) {
    check_limbs(a.v, 5, TP_CARRIED);
    v8 c0 = _mm512_srli_epi64(a.v[0], 51), c1 = _mm512_srli_epi64(a.v[1], 51),
       c2 = _mm512_srli_epi64(a.v[2], 51), c3 = _mm512_srli_epi64(a.v[3], 51),
       c4 = _mm512_srli_epi64(a.v[4], 51);
    return (tight){{_mm512_madd52lo_epu64(and51(a.v[0]), c4, word(19)), add(and51(a.v[1]), c0),
                    add(and51(a.v[2]), c1), add(and51(a.v[3]), c2), add(and51(a.v[4]), c3)}};
}

TP_INLINE raw raw_add(raw a, raw b) {
    return (raw){{add(a.v[0], b.v[0]), add(a.v[1], b.v[1]), add(a.v[2], b.v[2]),
                  add(a.v[3], b.v[3]), add(a.v[4], b.v[4])}};
}

/* a - b + 2^10 p. In: limbs of b < 2^10 (2^51 - 19), which every sum of up to three products is,
 * so no lane goes below zero; limbs of a < 2^61, so the result is < 2^62. */
TP_INLINE raw raw_sub(raw a, raw b) {
    check_limbs(a.v, 5, 1ULL << 61), check_limbs(b.v, 5, (TP_LIMB51 - 18) << 10);
    const v8 p0 = word((TP_LIMB51 - 18) << 10), pi = word(TP_LIMB51 << 10);
    return (raw){{add(a.v[0], sub(p0, b.v[0])), add(a.v[1], sub(pi, b.v[1])),
                  add(a.v[2], sub(pi, b.v[2])), add(a.v[3], sub(pi, b.v[3])),
                  add(a.v[4], sub(pi, b.v[4]))}};
}

TP_INLINE tight fe_add(tight a, tight b) {
    return carry(raw_add(widen(a), widen(b)));
}

TP_INLINE tight fe_sub(tight a, tight b) {
    return carry(raw_sub(widen(a), widen(b)));
}

TP_INLINE tight fe_neg(tight a) {
    return fe_sub(fe_small(0), a);
}

/* 19 x for x < 2^59. A multiplier hidden from the compiler: it would make four shifts and sums of
 * what is one instruction, and the shifts have but one port. */
TP_INLINE v8 times19(v8 x) {
    check_limbs(&x, 1, 1ULL << 59);
    v8 nineteen = word(19);
    __asm__("" : "+v"(nineteen));
    return _mm512_mullo_epi64(x, nineteen);
}

#define LO(acc, x, y) _mm512_madd52lo_epu64(acc, x, y)
#define HI(acc, x, y) _mm512_madd52hi_epu64(acc, x, y)

/* The product. a_i b_j = lo + 2^52 hi has lo at weight 2^(51(i+j)) and hi at twice the weight
 * 2^(51(i+j+1)). The upper half (weights 5 to 9) comes first and is folded 19-fold under the lower.
 * In: tight, or limbs < 2^52 for the second (niels, point.h).
 * lo < 2^52 and hi < 2^50.01 for tight factors (hi < 2^51.01 with a 52-bit one). Largest limb, 0:
 * 19 (4 lo + 10 hi) + lo < 19 * 6.6 * 2^52 + 2^52 < 2^59 (< 19 * 9.2 * 2^52 + 2^52 < 2^60). */
TP_INLINE raw mul_raw(tight x, tight y) {
    check_limbs(x.v, 5, TP_TIGHT), check_limbs(y.v, 5, TP_FACTOR);
    const v8 z = _mm512_setzero_si512(), *a = x.v, *b = y.v;
    v8 h5 = HI(HI(HI(HI(HI(z, a[0], b[4]), a[1], b[3]), a[2], b[2]), a[3], b[1]), a[4], b[0]);
    v8 h6 = HI(HI(HI(HI(z, a[1], b[4]), a[2], b[3]), a[3], b[2]), a[4], b[1]);
    v8 h7 = HI(HI(HI(z, a[2], b[4]), a[3], b[3]), a[4], b[2]);
    v8 h8 = HI(HI(z, a[3], b[4]), a[4], b[3]);
    v8 h9 = HI(z, a[4], b[4]);
    v8 u0 = LO(LO(LO(LO(add(h5, h5), a[1], b[4]), a[2], b[3]), a[3], b[2]), a[4], b[1]);
    v8 u1 = LO(LO(LO(add(h6, h6), a[2], b[4]), a[3], b[3]), a[4], b[2]);
    v8 u2 = LO(LO(add(h7, h7), a[3], b[4]), a[4], b[3]);
    v8 u3 = LO(add(h8, h8), a[4], b[4]);
    v8 u4 = add(h9, h9);
    v8 g1 = HI(z, a[0], b[0]);
    v8 g2 = HI(HI(z, a[0], b[1]), a[1], b[0]);
    v8 g3 = HI(HI(HI(z, a[0], b[2]), a[1], b[1]), a[2], b[0]);
    v8 g4 = HI(HI(HI(HI(z, a[0], b[3]), a[1], b[2]), a[2], b[1]), a[3], b[0]);
    v8 r0 = LO(times19(u0), a[0], b[0]);
    v8 r1 = LO(LO(times19(u1), a[0], b[1]), a[1], b[0]);
    v8 r2 = LO(LO(LO(times19(u2), a[0], b[2]), a[1], b[1]), a[2], b[0]);
    v8 r3 = LO(LO(LO(LO(times19(u3), a[0], b[3]), a[1], b[2]), a[2], b[1]), a[3], b[0]);
    v8 r4 =
        LO(LO(LO(LO(LO(times19(u4), a[0], b[4]), a[1], b[3]), a[2], b[2]), a[3], b[1]), a[4], b[0]);
    return (raw){{r0, add(r1, add(g1, g1)), add(r2, add(g2, g2)), add(r3, add(g3, g3)),
                  add(r4, add(g4, g4))}};
}

/* The square; bounds as mul_raw. Doubled terms are doubled as sums: 2 a_i may not fit 52 bits. */
TP_INLINE raw sqr_raw(tight x) {
    check_limbs(x.v, 5, TP_TIGHT);
    const v8 z = _mm512_setzero_si512(), *a = x.v;
    v8 h5 = HI(HI(z, a[0], a[4]), a[1], a[3]);
    v8 h6 = HI(HI(z, a[1], a[4]), a[2], a[3]);
    v8 h7 = HI(z, a[2], a[4]);
    v8 h8 = HI(z, a[3], a[4]);
    v8 h9 = HI(z, a[4], a[4]);
    v8 e5 = HI(LO(LO(add(h5, h5), a[1], a[4]), a[2], a[3]), a[2], a[2]);
    v8 e6 = LO(add(h6, h6), a[2], a[4]);
    v8 e7 = HI(LO(add(h7, h7), a[3], a[4]), a[3], a[3]);
    v8 e8 = add(h8, h8);
    v8 u0 = add(e5, e5);
    v8 u1 = LO(add(e6, e6), a[3], a[3]);
    v8 u2 = add(e7, e7);
    v8 u3 = LO(add(e8, e8), a[4], a[4]);
    v8 u4 = add(h9, h9);
    v8 g2 = HI(z, a[0], a[1]);
    v8 g3 = HI(z, a[0], a[2]);
    v8 g4 = HI(HI(z, a[0], a[3]), a[1], a[2]);
    v8 f1 = LO(HI(z, a[0], a[0]), a[0], a[1]);
    v8 f2 = LO(add(g2, g2), a[0], a[2]);
    v8 f3 = HI(LO(LO(add(g3, g3), a[0], a[3]), a[1], a[2]), a[1], a[1]);
    v8 f4 = LO(LO(add(g4, g4), a[0], a[4]), a[1], a[3]);
    v8 r0 = LO(times19(u0), a[0], a[0]);
    v8 r1 = times19(u1);
    v8 r2 = LO(times19(u2), a[1], a[1]);
    v8 r3 = times19(u3);
    v8 r4 = LO(times19(u4), a[2], a[2]);
    return (raw){{r0, add(r1, add(f1, f1)), add(r2, add(f2, f2)), add(r3, add(f3, f3)),
                  add(r4, add(f4, f4))}};
}

TP_INLINE tight fe_mul(tight a, tight b) {
    return carry(mul_raw(a, b));
}

TP_INLINE tight fe_sqr(tight a) {
    return carry(sqr_raw(a));
}

TP_INLINE tight fe_mul_constant(tight a, const constant *c) {
    return fe_mul(a, spread(c));
}

/* m ? a : b, lane by lane. */
TP_INLINE tight fe_select(__mmask8 m, tight a, tight b) {
    for (int i = 0; i < 5; i++)
        a.v[i] = _mm512_mask_blend_epi64(m, b.v[i], a.v[i]);
    return a;
}

/* The one representative below p: limbs < 2^51. A tight value is < 2^255 + 2^221 < 2p, so p is
 * subtracted once or not at all, and value + 19 >= 2^255 says which. */
TP_INLINE tight freeze(tight a) {
    check_limbs(a.v, 5, TP_TIGHT);
    v8 q = word(19);
    for (int i = 0; i < 5; i++)
        q = _mm512_srli_epi64(add(a.v[i], q), 51);
    v8 c = _mm512_madd52lo_epu64(_mm512_setzero_si512(), q, word(19));
    for (int i = 0; i < 5; i++) {
        v8 t = add(a.v[i], c);
        c = _mm512_srli_epi64(t, 51);
        a.v[i] = and51(t);
    }
    return a;
}

TP_INLINE __mmask8 fe_is_small(tight a, uint64_t x) {
    tight f = freeze(a);
    v8 d = _mm512_xor_si512(f.v[0], word(x));
    for (int i = 1; i < 5; i++)
        d = _mm512_or_si512(d, f.v[i]);
    return _mm512_cmpeq_epi64_mask(d, _mm512_setzero_si512());
}

/* The lanes whose least representative is odd ("negative" in RFC 9496). */
TP_INLINE __mmask8 fe_is_negative(tight a) {
    return _mm512_test_epi64_mask(freeze(a).v[0], word(1));
}

TP_INLINE tight fe_negate_if(__mmask8 m, tight a) {
    return fe_select(m, fe_neg(a), a);
}

TP_INLINE tight fe_abs(tight a) {
    return fe_negate_if(fe_is_negative(a), a);
}

/* ---- powers, two at a time: one chain of squares leaves the multiplier half idle ---- */

static void square_times2(tight r[2], const tight a[2], int n) {
    tight x = a[0], y = a[1];
    for (int i = 0; i < n; i++)
        x = fe_sqr(x), y = fe_sqr(y);
    r[0] = x, r[1] = y;
}

static void mul2(tight r[2], const tight a[2], const tight b[2]) {
    r[0] = fe_mul(a[0], b[0]);
    r[1] = fe_mul(a[1], b[1]);
}

/* r = (a^(2^n)) * b */
static void square_mul2(tight r[2], const tight a[2], int n, const tight b[2]) {
    tight t[2];
    square_times2(t, a, n);
    mul2(r, t, b);
}

/* x250 = z^(2^250 - 1), z11 = z^11 */
static void power_250_2(tight x250[2], tight z11[2], const tight z[2]) {
    tight z2[2], a[2], b[2], c[2];
    square_times2(z2, z, 1);
    square_mul2(a, z2, 2, z);    /* 9 */
    mul2(z11, a, z2);            /* 11 */
    square_mul2(a, z11, 1, a);   /* 31 = 2^5 - 1 */
    square_mul2(a, a, 5, a);     /* 2^10 - 1 */
    square_mul2(b, a, 10, a);    /* 2^20 - 1 */
    square_mul2(c, b, 20, b);    /* 2^40 - 1 */
    square_mul2(a, c, 10, a);    /* 2^50 - 1 */
    square_mul2(b, a, 50, a);    /* 2^100 - 1 */
    square_mul2(c, b, 100, b);   /* 2^200 - 1 */
    square_mul2(x250, c, 50, a); /* 2^250 - 1 */
}

/* z^(p-2) = z^(2^255 - 21): 1/z, and 0 for 0. */
static void invert2(tight r[2], const tight z[2]) {
    tight x[2], z11[2];
    power_250_2(x, z11, z);
    square_mul2(r, x, 5, z11);
}

static const constant sqrt_m1 = {
    {0x61b274a0ea0b0, 0x0d5a5fc8f189d, 0x7ef5e9cbd0c60, 0x78595a6804c9e, 0x2b8324804fc1d}};

/* A root r of 1/w for the lanes where w is a square and not 0; the mask says which those are. For
 * the others r is a root of sqrt(-1)/w, or 0 for w = 0. The sign of r is either.
 * r = w^((p-5)/8) makes w r^2 = w^((p-1)/4) a fourth root of one, and r is corrected by it.
 * source: RFC 9496 section 4.2, with u = 1. */
static void invsqrt2(tight r[2], __mmask8 square[2], const tight w[2]) {
    tight x[2], z11[2];
    power_250_2(x, z11, w);
    square_mul2(x, x, 2, w);
    for (int k = 0; k < 2; k++) {
        tight check = fe_mul(w[k], fe_sqr(x[k])), minus = fe_neg(check);
        tight turned = fe_mul_constant(check, &sqrt_m1);
        __mmask8 plus_one = fe_is_small(check, 1), minus_one = fe_is_small(minus, 1);
        __mmask8 minus_root = fe_is_small(turned, 1); /* check = -sqrt(-1) */
        __mmask8 fix = minus_one | minus_root;
        r[k] = fe_select(fix, fe_mul_constant(x[k], &sqrt_m1), x[k]);
        square[k] = plus_one | minus_one;
    }
}

#undef LO
#undef HI
#endif
