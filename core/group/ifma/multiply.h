/* Constant-time multiples: of the base point by a table, of given points by signed windows, and
 * sums of products with secret scalars.
 *
 * Invariants
 *  1. Scalars and digits are data: a digit picks by permutation or by mask, never as an address
 *     and never in a branch.
 *  2. Signed digits without carries: to s is added half a window at every window but the top one,
 *     after which digit = window - half (top: digit = window).
 * spec: chapter 2 (primitives).
 */
#ifndef TAPAT_CORE_GROUP_IFMA_MULTIPLY_H
#define TAPAT_CORE_GROUP_IFMA_MULTIPLY_H

#include "core/group/ifma/codec.h"

/* ---- digits ---- */

typedef struct {
    v8 w[4];
} biased; /* s + bias < 2^254 */

/* 256-bit sums of eight lanes. */
TP_INLINE biased bias_add(const v8 s[4], const uint64_t bias[4]) {
    biased r;
    __mmask8 c = 0;
    for (int i = 0; i < 4; i++) {
        v8 b = word(bias[i]), t = add(s[i], b);
        __mmask8 over = _mm512_cmplt_epu64_mask(t, b);
        r.w[i] = _mm512_mask_add_epi64(t, c, t, word(1));
        /* t = -1 turns over too when a carry comes in */
        c = over | (c & _mm512_cmpeq_epi64_mask(t, word(UINT64_MAX)));
    }
    return r;
}

/* `width` bits from bit `at` on; width < 64, at + width may pass the top. */
TP_INLINE v8 window(const biased *s, unsigned at, unsigned width) {
    unsigned i = at / 64;
    v8 high = i < 3 ? s->w[i + 1] : _mm512_setzero_si512();
    v8 bits = _mm512_shrdv_epi64(s->w[i], high, word(at % 64));
    return _mm512_and_si512(bits, word((1ULL << width) - 1));
}

/* |digit|, and the lanes where it is negative. */
TP_INLINE v8 magnitude(__mmask8 *negative, v8 digit) {
    *negative = _mm512_movepi64_mask(digit);
    return _mm512_abs_epi64(digit);
}

/* ---- the base point: 6-bit windows of |digit| <= 32 ---- */

#define BASE_WIDTH   6
#define BASE_WINDOWS 43 /* 42 biased ones cover 252 bits; the top one is <= 2 */
#define BASE_ENTRIES 32

/* Entry e of window w is (e+1) 64^w G, affine; words of one limb lie side by side, so that a
 * permutation looks eight digits up at once. 165 kB, made by prepare. */
static uint64_t base_table[BASE_WINDOWS][15][BASE_ENTRIES] __attribute__((aligned(64)));

/* Sum of 32 * 64^i, i = 0..41. */
static const uint64_t base_bias[4] = {0x0820820820820820, 0x2082082082082082, 0x8208208208208208,
                                      0x0820820820820820};

TP_INLINE v8 look_up32(const uint64_t t[32], v8 index, __mmask8 upper) {
    v8 lo = _mm512_permutex2var_epi64(load(t), index, load(t + 8));
    v8 hi = _mm512_permutex2var_epi64(load(t + 16), index, load(t + 24));
    return _mm512_mask_blend_epi64(upper, lo, hi);
}

/* digit times the window's point. |digit| - 1 is the entry; 0 gives 31 and is replaced. */
TP_INLINE niels base_select(uint64_t t[15][BASE_ENTRIES], v8 digit) {
    __mmask8 negative;
    v8 size = magnitude(&negative, digit), index = sub(size, word(1));
    __mmask8 zero = _mm512_testn_epi64_mask(size, size);
    __mmask8 upper = _mm512_test_epi64_mask(index, word(16));
    const tight one = fe_small(1), nil = fe_small(0);
    niels q;
    for (int i = 0; i < 5; i++) {
        q.ypx.v[i] = look_up32(t[i], index, upper);
        q.ymx.v[i] = look_up32(t[5 + i], index, upper);
        q.t2d.v[i] = look_up32(t[10 + i], index, upper);
    }
    q = (niels){fe_select(zero, one, q.ypx), fe_select(zero, one, q.ymx),
                fe_select(zero, nil, q.t2d)};
    return niels_negate_if(negative, q);
}

TP_INLINE niels base_window(const biased *s, unsigned w) {
    v8 bits = window(s, BASE_WIDTH * w, BASE_WIDTH);
    return base_select(base_table[w], w < BASE_WINDOWS - 1 ? sub(bits, word(32)) : bits);
}

static void mul_base8(extended *out, const v8 s[4]) {
    biased b = bias_add(s, base_bias);
    running sum = niels_to_running(base_window(&b, 0));
    for (unsigned w = 1; w < BASE_WINDOWS - 1; w++)
        sum = to_running(point_add_niels(sum, base_window(&b, w)));
    *out = to_extended(point_add_niels(sum, base_window(&b, BASE_WINDOWS - 1)));
    tp_wipe(&b, sizeof b);
}

static void ifma_mul_base(tp_point *out, const tp_scalar *s, size_t n) {
    for (size_t at = 0; at < n; at += TP_LANES) {
        v8 w[4];
        extended p;
        load_words_tail(w, s, at, n);
        mul_base8(&p, w);
        store_points(out, at, n, &p);
        tp_wipe(w, sizeof w);
        tp_wipe(&p, sizeof p);
    }
}

/* Lane i of p becomes entry e of window w + i. */
static void base_store(const extended *p, tight z_inv, unsigned w, unsigned e) {
    tight x = fe_mul(p->x, z_inv), y = fe_mul(p->y, z_inv);
    tight rows[3] = {freeze(fe_add(y, x)), freeze(fe_sub(y, x)),
                     freeze(fe_mul_constant(fe_mul(x, y), &edwards_2d))};
    uint64_t limb[15][TP_LANES];
    for (int i = 0; i < 15; i++)
        store(limb[i], rows[i / 5].v[i % 5]);
    for (unsigned lane = 0; lane < TP_LANES && w + lane < BASE_WINDOWS; lane++)
        for (int i = 0; i < 15; i++)
            base_table[w + lane][i][e] = limb[i][lane];
}

/* Entries of windows w to w+7 from the points 64^w G, ... of the lanes. */
static void base_fill(const extended *p, unsigned w) {
    cached step = extended_to_cached(*p);
    running r = extended_to_running(*p);
    for (unsigned e = 0; e < BASE_ENTRIES; e += 2) {
        extended two[2];
        tight z[2], z_inv[2];
        for (int k = 0; k < 2; k++) {
            two[k] = running_to_extended(r);
            z[k] = two[k].z;
            r = to_running(point_add_cached(r, step));
        }
        invert2(z_inv, z);
        base_store(&two[0], z_inv[0], w, e);
        base_store(&two[1], z_inv[1], w, e + 1);
    }
}

static void ifma_prepare(void) {
    tight x = spread(&base_x), y = spread(&base_y);
    extended g = {x, y, fe_small(1), fe_mul(x, y)}, p = g;
    for (unsigned w = 0; w < BASE_WINDOWS; w += TP_LANES) {
        for (unsigned lane = 0; lane < TP_LANES; lane++) { /* lane i: 64^(w+i) G */
            __mmask8 m = (__mmask8)(0xffu << lane);
            p = (extended){fe_select(m, g.x, p.x), fe_select(m, g.y, p.y), fe_select(m, g.z, p.z),
                           fe_select(m, g.t, p.t)};
            g = running_to_extended(double_times(extended_to_projective(g), BASE_WIDTH));
        }
        base_fill(&p, w);
    }
}

/* ---- given points: 4-bit windows of |digit| <= 8 ---- */

#define POINT_WIDTH   4
#define POINT_ENTRIES 8
#define POINT_WINDOWS 64 /* 63 biased ones cover 252 bits; the top one is <= 2 */

typedef struct {
    cached entry[POINT_ENTRIES]; /* (e+1) P, each lane its own P */
} multiples;

/* Windows for scalars below 2^bits: bits + 1 of them, so that the unbiased top one is <= 8. */
TP_INLINE unsigned point_windows(unsigned bits) {
    return bits / POINT_WIDTH + 1;
}

/* Sum of 8 * 16^i over all windows but the top one. */
static void point_bias(uint64_t bias[4], unsigned windows) {
    for (unsigned i = 0; i < 4; i++) {
        unsigned full = windows - 1 > 16 * i ? windows - 1 - 16 * i : 0;
        bias[i] = full >= 16 ? 0x8888888888888888
                             : 0x8888888888888888 & ((1ULL << (POINT_WIDTH * full)) - 1);
    }
}

TP_INLINE v8 point_digit(const biased *s, unsigned w, unsigned windows) {
    v8 bits = window(s, POINT_WIDTH * w, POINT_WIDTH);
    return w < windows - 1 ? sub(bits, word(8)) : bits;
}

static void make_multiples(multiples *m, const extended *p) {
    running r = extended_to_running(*p);
    m->entry[0] = running_to_cached(r);
    r = to_running(point_double(extended_to_projective(*p)));
    for (int e = 1; e < POINT_ENTRIES; e++) {
        m->entry[e] = running_to_cached(r);
        if (e + 1 < POINT_ENTRIES) r = to_running(point_add_cached(r, m->entry[0]));
    }
}

/* digit times P, by a look at every entry. */
TP_INLINE cached select_multiple(const multiples *m, v8 digit) {
    __mmask8 negative;
    v8 size = magnitude(&negative, digit);
    cached q = cached_identity();
    for (unsigned e = 0; e < POINT_ENTRIES; e++) {
        __mmask8 hit = _mm512_cmpeq_epi64_mask(size, word(e + 1));
        const cached *c = &m->entry[e];
        q = (cached){fe_select(hit, c->ypx, q.ypx), fe_select(hit, c->ymx, q.ymx),
                     fe_select(hit, c->z, q.z), fe_select(hit, c->t2d, q.t2d)};
    }
    return cached_negate_if(negative, q);
}

TP_INLINE projective running_to_projective(running r) {
    extended p = running_to_extended(r);
    return extended_to_projective(p);
}

static void mul8(extended *p, const v8 s[4], multiples *m) {
    uint64_t bias[4];
    point_bias(bias, POINT_WINDOWS);
    biased b = bias_add(s, bias);
    make_multiples(m, p);
    completed c = point_add_cached(
        running_identity(), select_multiple(m, point_digit(&b, POINT_WINDOWS - 1, POINT_WINDOWS)));
    for (unsigned w = POINT_WINDOWS - 1; w--;)
        c = point_add_cached(double_times(to_projective(c), POINT_WIDTH),
                             select_multiple(m, point_digit(&b, w, POINT_WINDOWS)));
    *p = to_extended(c);
    tp_wipe(&b, sizeof b);
}

static void ifma_mul(tp_point *out, const tp_scalar *s, const tp_point *p, size_t n) {
    multiples m;
    extended q;
    for (size_t at = 0; at < n; at += TP_LANES) {
        v8 w[4];
        load_words_tail(w, s, at, n);
        load_points(&q, p, at, n);
        mul8(&q, w, &m);
        store_points(out, at, n, &q);
        tp_wipe(w, sizeof w);
    }
    tp_wipe(&m, sizeof m);
    tp_wipe(&q, sizeof q);
}

/* ---- sums of products ---- */

#define SUM_BLOCK ((size_t)256) /* points whose multiples are held together: 328 kB */

typedef struct {
    multiples m;
    biased s;
} sum_group;

static size_t ifma_mul_sum_scratch(size_t n) {
    size_t block = n < SUM_BLOCK ? n : SUM_BLOCK;
    return (block + TP_LANES - 1) / TP_LANES * sizeof(sum_group);
}

/* The lanes' shares of the sum of one block, doublings shared by its groups. */
static running sum_block(sum_group *group, size_t groups, unsigned windows) {
    running r = running_identity();
    for (unsigned w = windows; w--;) {
        if (w < windows - 1) r = double_times(running_to_projective(r), POINT_WIDTH);
        for (size_t g = 0; g < groups; g++)
            r = to_running(point_add_cached(
                r, select_multiple(&group[g].m, point_digit(&group[g].s, w, windows))));
    }
    return r;
}

/* Sum of s[i] P[i] for s[i] < 2^bits, constant time. */
static void mul_sum(tp_point *out, const tp_scalar *s, const tp_point *p, size_t n, unsigned bits,
                    sum_group *group) {
    unsigned windows = point_windows(bits);
    uint64_t bias[4];
    point_bias(bias, windows);
    running sum = running_identity();
    for (size_t from = 0; from < n; from += SUM_BLOCK) {
        size_t to = n - from < SUM_BLOCK ? n : from + SUM_BLOCK, groups = 0;
        for (size_t at = from; at < to; at += TP_LANES, groups++) {
            v8 w[4];
            extended q;
            load_words_tail(w, s, at, n);
            load_points(&q, p, at, n);
            group[groups].s = bias_add(w, bias);
            make_multiples(&group[groups].m, &q);
            tp_wipe(w, sizeof w);
        }
        running r = sum_block(group, groups, windows);
        sum = to_running(point_add_cached(sum, running_to_cached(r)));
    }
    sum = sum_lanes(&sum);
    store_one(out, &sum);
}

static void ifma_mul_sum(tp_point *out, const tp_scalar *s, const tp_point *p, size_t n,
                         void *scratch) {
    mul_sum(out, s, p, n, 253, scratch);
    tp_wipe(scratch, ifma_mul_sum_scratch(n));
}

#endif
