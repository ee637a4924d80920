/* Scalars modulo L, eight lanes: radix 2^52, Montgomery form with R = 2^260. Constant time.
 *
 * Invariant: limbs entering a product are < 2^52.
 * source: Montgomery, "Modular multiplication without trial division".
 * spec: chapter 2 (primitives).
 */
#ifndef TAPAT_CORE_GROUP_IFMA_SCALAR_H
#define TAPAT_CORE_GROUP_IFMA_SCALAR_H

#include "core/group/ifma/lanes.h"

typedef struct {
    v8 v[5];
} scalar8;
typedef struct {
    v8 v[10];
} wide8; /* a sum of products, limbs below 2^64 and not carried */

#define TP_LIMB52 0xfffffffffffffULL

/* L; its limb 3 is 0 */
static const constant order_l = {
    {0x2631a5cf5d3ed, 0xdea2f79cd6581, 0x000000014def9, 0x0000000000000, 0x0100000000000}};
#define MINUS_1_OVER_L 0x51da312547e1bULL /* modulo 2^52 */
/* R and R^2 modulo L */
static const constant order_r = {
    {0xf48bd6721e6ed, 0x3bab5ac67e45a, 0xfffffeb35e51b, 0xfffffffffffff, 0x00fffffffffff}};
static const constant order_r2 = {
    {0x9d265e952d13b, 0xd63c715bea69f, 0x5be65cb687604, 0x3dceec73d217f, 0x009411b7c309a}};

TP_INLINE v8 and52(v8 a) {
    return _mm512_and_si512(a, word(TP_LIMB52));
}

TP_INLINE scalar8 sc_spread(const constant *c) {
    tight t = spread(c);
    return (scalar8){{t.v[0], t.v[1], t.v[2], t.v[3], t.v[4]}};
}

TP_INLINE scalar8 sc_from_words(const v8 w[4]) {
    return (scalar8){{and52(w[0]), and52(_mm512_shrdi_epi64(w[0], w[1], 52)),
                      and52(_mm512_shrdi_epi64(w[1], w[2], 40)),
                      and52(_mm512_shrdi_epi64(w[2], w[3], 28)), _mm512_srli_epi64(w[3], 16)}};
}

/* Below 2^256. */
TP_INLINE void sc_to_words(v8 w[4], scalar8 a) {
    w[0] = _mm512_or_si512(a.v[0], _mm512_slli_epi64(a.v[1], 52));
    w[1] = _mm512_or_si512(_mm512_srli_epi64(a.v[1], 12), _mm512_slli_epi64(a.v[2], 40));
    w[2] = _mm512_or_si512(_mm512_srli_epi64(a.v[2], 24), _mm512_slli_epi64(a.v[3], 28));
    w[3] = _mm512_or_si512(_mm512_srli_epi64(a.v[3], 36), _mm512_slli_epi64(a.v[4], 16));
}

TP_INLINE scalar8 sc_load(const tp_scalar *s, size_t at, size_t n) {
    v8 w[4];
    load_words_tail(w, s, at, n);
    return sc_from_words(w);
}

TP_INLINE void sc_store(tp_scalar *out, size_t at, size_t n, scalar8 a) {
    v8 w[4];
    sc_to_words(w, a);
    store_words_tail(out, at, n, w);
}

/* Limbs below 2^52 again, the top one takes what is left. */
TP_INLINE scalar8 sc_carry(scalar8 a) {
    for (int i = 0; i < 4; i++) {
        a.v[i + 1] = add(a.v[i + 1], _mm512_srli_epi64(a.v[i], 52));
        a.v[i] = and52(a.v[i]);
    }
    return a;
}

TP_INLINE wide8 sc_wide_zero(void) {
    v8 z = _mm512_setzero_si512();
    return (wide8){{z, z, z, z, z, z, z, z, z, z}};
}

/* t += a b. A limb grows by less than 10 * 2^52. */
TP_INLINE wide8 sc_mul_into(wide8 t, scalar8 a, scalar8 b) {
    check_limbs(a.v, 5, TP_FACTOR), check_limbs(b.v, 5, TP_FACTOR);
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 5; j++) {
            t.v[i + j] = _mm512_madd52lo_epu64(t.v[i + j], a.v[i], b.v[j]);
            t.v[i + j + 1] = _mm512_madd52hi_epu64(t.v[i + j + 1], a.v[i], b.v[j]);
        }
    return t;
}

/* t / R modulo L, below t/R + L. Limbs of t < 2^64 - 2^57. */
TP_INLINE scalar8 sc_reduce(wide8 t) {
    check_limbs(t.v, 10, 0 - (1ULL << 57));
    const v8 z = _mm512_setzero_si512(), minus = word(MINUS_1_OVER_L);
    const scalar8 l = sc_spread(&order_l);
    for (int i = 0; i < 5; i++) {
        v8 m = _mm512_madd52lo_epu64(z, t.v[i], minus), *r = t.v + i;
        r[0] = _mm512_madd52lo_epu64(r[0], m, l.v[0]); /* now 0 modulo 2^52 */
        r[1] = add(r[1], _mm512_srli_epi64(r[0], 52));
        r[1] = _mm512_madd52hi_epu64(r[1], m, l.v[0]);
        r[1] = _mm512_madd52lo_epu64(r[1], m, l.v[1]);
        r[2] = _mm512_madd52hi_epu64(r[2], m, l.v[1]);
        r[2] = _mm512_madd52lo_epu64(r[2], m, l.v[2]);
        r[3] = _mm512_madd52hi_epu64(r[3], m, l.v[2]);
        r[4] = _mm512_madd52lo_epu64(r[4], m, l.v[4]);
        r[5] = _mm512_madd52hi_epu64(r[5], m, l.v[4]);
    }
    return sc_carry((scalar8){{t.v[5], t.v[6], t.v[7], t.v[8], t.v[9]}});
}

/* a b / R modulo L. For b < L and a < 2^260: below 2L; for a, b < 1.5 L: below 1.02 L. */
TP_INLINE scalar8 sc_montgomery(scalar8 a, scalar8 b) {
    return sc_reduce(sc_mul_into(sc_wide_zero(), a, b));
}

/* a - L if that is not negative. */
TP_INLINE scalar8 sc_subtract_l(scalar8 a) {
    const scalar8 l = sc_spread(&order_l);
    scalar8 d;
    v8 borrow = _mm512_setzero_si512(); /* 0 or -1 */
    for (int i = 0; i < 5; i++) {
        v8 t = add(sub(a.v[i], l.v[i]), borrow);
        borrow = _mm512_srai_epi64(t, 63);
        d.v[i] = and52(t);
    }
    __mmask8 less = _mm512_movepi64_mask(borrow);
    for (int i = 0; i < 5; i++)
        d.v[i] = _mm512_mask_blend_epi64(less, d.v[i], a.v[i]);
    return d;
}

/* a + c below L, for a < 2L and c < L. */
TP_INLINE scalar8 sc_add_canonical(scalar8 a, scalar8 c) {
    for (int i = 0; i < 5; i++)
        a.v[i] = add(a.v[i], c.v[i]);
    return sc_subtract_l(sc_subtract_l(sc_carry(a)));
}

/* a b, below 1.02 L */
TP_INLINE scalar8 sc_mul(scalar8 a, scalar8 b) {
    return sc_montgomery(sc_montgomery(a, b), sc_spread(&order_r2));
}

/* k R in all lanes, below 1.02 L */
static scalar8 sc_spread_factor(const tp_scalar *k) {
    const v8 w[4] = {word(k->limb[0]), word(k->limb[1]), word(k->limb[2]), word(k->limb[3])};
    return sc_montgomery(sc_from_words(w), sc_spread(&order_r2));
}

static void ifma_scalars_mul(tp_scalar *out, const tp_scalar *a, const tp_scalar *b, size_t n) {
    for (size_t at = 0; at < n; at += TP_LANES)
        sc_store(out, at, n, sc_subtract_l(sc_mul(sc_load(a, at, n), sc_load(b, at, n))));
}

static void ifma_scalars_muladd(tp_scalar *out, const tp_scalar *a, const tp_scalar *b,
                                const tp_scalar *c, size_t n) {
    for (size_t at = 0; at < n; at += TP_LANES) {
        scalar8 ab = sc_mul(sc_load(a, at, n), sc_load(b, at, n));
        sc_store(out, at, n, sc_add_canonical(ab, sc_load(c, at, n)));
    }
}

static void ifma_scalars_scale(tp_scalar *out, const tp_scalar *a, const tp_scalar *k, size_t n) {
    scalar8 factor = sc_spread_factor(k);
    for (size_t at = 0; at < n; at += TP_LANES)
        sc_store(out, at, n, sc_subtract_l(sc_montgomery(sc_load(a, at, n), factor)));
    tp_wipe(&factor, sizeof factor);
}

static void ifma_scalars_scale_add(tp_scalar *out, const tp_scalar *a, const tp_scalar *k,
                                   const tp_scalar *c, size_t n) {
    scalar8 factor = sc_spread_factor(k);
    for (size_t at = 0; at < n; at += TP_LANES) {
        scalar8 ak = sc_montgomery(sc_load(a, at, n), factor);
        sc_store(out, at, n, sc_add_canonical(ak, sc_load(c, at, n)));
    }
    tp_wipe(&factor, sizeof factor);
}

/* Products are summed unreduced, DOT_BLOCK vectors at most: limbs < 128 * 10 * 2^52 < 2^62.4, value
 * < 2^7 L^2, hence reduced below 1.6 L. Those are summed modulo L. */
#define DOT_BLOCK (128 * TP_LANES)

static void ifma_scalars_dot(tp_scalar *out, const tp_scalar *a, const tp_scalar *b, size_t n) {
    scalar8 sum = sc_spread(&(constant){{0}});
    for (size_t from = 0; from < n; from += DOT_BLOCK) {
        size_t to = n - from < DOT_BLOCK ? n : from + DOT_BLOCK;
        wide8 t = sc_wide_zero();
        for (size_t at = from; at < to; at += TP_LANES)
            t = sc_mul_into(t, sc_load(a, at, n), sc_load(b, at, n));
        sum = sc_add_canonical(sc_reduce(t), sum);
    }
    tp_scalar lanes[TP_LANES], total = tp_scalar_zero;
    sc_store(lanes, 0, TP_LANES, sc_subtract_l(sc_montgomery(sum, sc_spread(&order_r2))));
    for (size_t i = 0; i < TP_LANES; i++)
        tp_scalar_add(&total, &total, &lanes[i]);
    *out = total;
    tp_wipe(lanes, sizeof lanes);
}

#define POWERS 4 /* vectors in flight: one waits for its own last product */

static void ifma_scalars_powers(tp_scalar *out, const tp_scalar *x, size_t n) {
    tp_scalar first[TP_LANES];
    first[0] = *x;
    for (size_t i = 1; i < TP_LANES; i++)
        tp_scalar_mul(&first[i], &first[i - 1], x);
    scalar8 power[POWERS], factor = sc_spread_factor(&first[TP_LANES - 1]);
    power[0] = sc_load(first, 0, TP_LANES);
    for (size_t k = 1; k < POWERS; k++)
        power[k] = sc_subtract_l(sc_montgomery(power[k - 1], factor));
    sc_store(first, 0, TP_LANES, power[POWERS - 1]);
    factor = sc_spread_factor(&first[TP_LANES - 1]);
    for (size_t at = 0; at < n; at += POWERS * TP_LANES)
        for (size_t k = 0; k < POWERS; k++) {
            sc_store(out, at + k * TP_LANES, n, power[k]);
            power[k] = sc_subtract_l(sc_montgomery(power[k], factor));
        }
    tp_wipe(first, sizeof first);
    tp_wipe(power, sizeof power);
}

#endif
