/* Eight points of the curve -x^2 + y^2 = 1 + d x^2 y^2 side by side, in the coordinates that save
 * carries: every result is a `completed` (E, F, G, H) and becomes what the next step wants.
 *
 * Invariants
 *  1. All coordinates are tight (field.h), but niels.t2d, whose limbs may reach 2^52.
 *  2. The formulas are complete (a = -1 is a square, d is not): no exceptional case.
 * source: Hisil, Wong, Carter, Dawson, "Twisted Edwards Curves Revisited", sections 3.1 to 3.3;
 * RFC 8032 section 5.1.4.
 * spec: chapter 2 (primitives).
 */
#ifndef TAPAT_CORE_GROUP_IFMA_POINT_H
#define TAPAT_CORE_GROUP_IFMA_POINT_H

#include "core/group/ifma/lanes.h"

typedef struct {
    tight x, y, z, t; /* XY = ZT */
} extended;
typedef struct {
    tight x, y, s, z; /* s = X + Y: what a doubling reads */
} projective;
typedef struct {
    tight ypx, ymx, z, t; /* Y+X, Y-X, Z, T: what an addition reads on its left */
} running;
typedef struct {
    tight ypx, ymx, z, t2d; /* Y+X, Y-X, Z, 2dT: on its right */
} cached;
typedef struct {
    tight ypx, ymx, t2d; /* the same with Z = 1 */
} niels;
typedef struct {
    tight e, f, g, h; /* X = EF, Y = GH, Z = FG, T = EH */
} completed;

static const constant edwards_d = {
    {0x34dca135978a3, 0x1a8283b156ebd, 0x5e7a26001c029, 0x739c663a03cbb, 0x52036cee2b6ff}};
static const constant edwards_2d = {
    {0x69b9426b2f159, 0x35050762add7a, 0x3cf44c0038052, 0x6738cc7407977, 0x2406d9dc56dff}};
static const constant edwards_1_over_d = {
    {0x0f276cdc9f843, 0x3084f2a85c4bc, 0x6e73d982d775a, 0x721958b108a66, 0x40907ed214d5c}};
/* G, RFC 8032 section 5.1. */
static const constant base_x = {
    {0x62d608f25d51a, 0x412a4b4f6592a, 0x75b7171a4b31d, 0x1ff60527118fe, 0x216936d3cd6e5}};
static const constant base_y = {
    {0x6666666666658, 0x4cccccccccccc, 0x1999999999999, 0x3333333333333, 0x6666666666666}};

/* ---- between coordinates ---- */

TP_INLINE projective to_projective(completed c) {
    raw x = mul_raw(c.e, c.f), y = mul_raw(c.g, c.h);
    return (projective){carry(x), carry(y), carry(raw_add(x, y)), fe_mul(c.f, c.g)};
}

TP_INLINE running to_running(completed c) {
    raw x = mul_raw(c.e, c.f), y = mul_raw(c.g, c.h);
    return (running){carry(raw_add(y, x)), carry(raw_sub(y, x)), fe_mul(c.f, c.g),
                     fe_mul(c.e, c.h)};
}

TP_INLINE extended to_extended(completed c) {
    return (extended){fe_mul(c.e, c.f), fe_mul(c.g, c.h), fe_mul(c.f, c.g), fe_mul(c.e, c.h)};
}

TP_INLINE cached running_to_cached(running r) {
    return (cached){r.ypx, r.ymx, r.z, fe_mul_constant(r.t, &edwards_2d)};
}

TP_INLINE running extended_to_running(extended p) {
    return (running){fe_add(p.y, p.x), fe_sub(p.y, p.x), p.z, p.t};
}

TP_INLINE projective extended_to_projective(extended p) {
    return (projective){p.x, p.y, fe_add(p.x, p.y), p.z};
}

TP_INLINE cached extended_to_cached(extended p) {
    return running_to_cached(extended_to_running(p));
}

/* All coordinates twofold, so that nothing is halved. */
TP_INLINE extended running_to_extended(running r) {
    return (extended){fe_sub(r.ypx, r.ymx), fe_add(r.ypx, r.ymx), fe_add(r.z, r.z),
                      fe_add(r.t, r.t)};
}

/* (2x, 2y, 2, 2xy): a sum of one term for one product, 2xy = 2dxy/d. */
TP_INLINE running niels_to_running(niels q) {
    return (running){fe_add(q.ypx, q.ypx), fe_add(q.ymx, q.ymx), fe_small(2),
                     fe_mul(spread(&edwards_1_over_d), q.t2d)};
}

TP_INLINE running running_identity(void) {
    return (running){fe_small(1), fe_small(1), fe_small(1), fe_small(0)};
}

TP_INLINE cached cached_identity(void) {
    return (cached){fe_small(1), fe_small(1), fe_small(1), fe_small(0)};
}

/* ---- the group law ---- */

/* 4 squares. Limbs: a, b, z2 < 2^59, the sums < 2^60, g < 2^59 + 2^61, f < 2^60 + 2^59 + 2^61:
 * each below 2^62. */
TP_INLINE completed point_double(projective p) {
    raw a = sqr_raw(p.x), b = sqr_raw(p.y), z2 = sqr_raw(p.z), s2 = sqr_raw(p.s);
    raw h = raw_add(a, b), g = raw_sub(a, b);
    return (completed){carry(raw_sub(h, s2)), carry(raw_add(raw_add(z2, z2), g)), carry(g),
                       carry(h)};
}

/* 3 products. Limbs: a, b < 2^59, c < 2^60 (t2d may reach 2^52), d < 2^53. */
TP_INLINE completed point_add_niels(running p, niels q) {
    raw a = mul_raw(p.ymx, q.ymx), b = mul_raw(p.ypx, q.ypx), c = mul_raw(p.t, q.t2d);
    raw d = raw_add(widen(p.z), widen(p.z));
    return (completed){carry(raw_sub(b, a)), carry(raw_sub(d, c)), carry(raw_add(d, c)),
                       carry(raw_add(b, a))};
}

/* 4 products. Limbs: a, b, zz < 2^59, c < 2^60, d < 2^60. */
TP_INLINE completed point_add_cached(running p, cached q) {
    raw a = mul_raw(p.ymx, q.ymx), b = mul_raw(p.ypx, q.ypx), c = mul_raw(p.t, q.t2d);
    raw zz = mul_raw(p.z, q.z), d = raw_add(zz, zz);
    return (completed){carry(raw_sub(b, a)), carry(raw_sub(d, c)), carry(raw_add(d, c)),
                       carry(raw_add(b, a))};
}

/* 2p - a, limb by limb, where m; a tight. Every limb stays in [0, 2^52). */
TP_INLINE tight negate_wide_if(__mmask8 m, tight a) {
    const v8 p0 = word((TP_LIMB51 - 18) << 1), pi = word(TP_LIMB51 << 1);
    for (int i = 0; i < 5; i++)
        a.v[i] = _mm512_mask_sub_epi64(a.v[i], m, i ? pi : p0, a.v[i]);
    return a;
}

TP_INLINE niels niels_negate_if(__mmask8 m, niels q) {
    return (niels){fe_select(m, q.ymx, q.ypx), fe_select(m, q.ypx, q.ymx),
                   negate_wide_if(m, q.t2d)};
}

TP_INLINE cached cached_negate_if(__mmask8 m, cached q) {
    return (cached){fe_select(m, q.ymx, q.ypx), fe_select(m, q.ypx, q.ymx), q.z,
                    negate_wide_if(m, q.t2d)};
}

/* 2^n p, n >= 1 */
TP_INLINE running double_times(projective p, unsigned n) {
    completed c = point_double(p);
    while (--n)
        c = point_double(to_projective(c));
    return to_running(c);
}

/* ---- memory ---- */

static void load_rows_extended(extended *out, const uint64_t *const row[8]) {
    v8 c[20];
    load_rows20(c, row);
    memcpy(out, c, sizeof c);
}

static void store_rows_extended(uint64_t *const row[8], const extended *p) {
    v8 c[20];
    memcpy(c, p, sizeof c);
    store_rows20(row, c);
}

_Static_assert(sizeof(extended) == 20 * sizeof(v8), "coordinates lie limb after limb");

static const tp_point identity_point = {
    {0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}};

/* Points [at, at+8), the identity from n on. */
static void load_points(extended *out, const tp_point *p, size_t at, size_t n) {
    const uint64_t *row[8];
    for (size_t i = 0; i < TP_LANES; i++)
        row[i] = (at + i < n ? &p[at + i] : &identity_point)->limb;
    load_rows_extended(out, row);
}

static void store_points(tp_point *out, size_t at, size_t n, const extended *p) {
    tp_point beyond; /* takes the lanes from n on */
    uint64_t *row[8];
    for (size_t i = 0; i < TP_LANES; i++)
        row[i] = (at + i < n ? &out[at + i] : &beyond)->limb;
    store_rows_extended(row, p);
    tp_wipe(&beyond, sizeof beyond);
}

static void ifma_add(tp_point *out, const tp_point *a, const tp_point *b, size_t n) {
    for (size_t at = 0; at < n; at += TP_LANES) {
        extended p, q;
        load_points(&p, a, at, n);
        load_points(&q, b, at, n);
        p = to_extended(point_add_cached(extended_to_running(p), extended_to_cached(q)));
        store_points(out, at, n, &p);
    }
}

/* The sum of the eight lanes, in every lane. (By address: the constant-time gate loses sight of so
 * long an argument by value.) */
static running sum_lanes(const running *lanes) {
    running r = *lanes;
    const v8 swap[3] = {_mm512_setr_epi64(4, 5, 6, 7, 0, 1, 2, 3),
                        _mm512_setr_epi64(2, 3, 0, 1, 6, 7, 4, 5),
                        _mm512_setr_epi64(1, 0, 3, 2, 5, 4, 7, 6)};
    for (int i = 0; i < 3; i++) {
        cached q = running_to_cached(r);
        v8 c[20];
        memcpy(c, &q, sizeof c);
        for (int k = 0; k < 20; k++)
            c[k] = _mm512_permutexvar_epi64(swap[i], c[k]);
        memcpy(&q, c, sizeof c);
        r = to_running(point_add_cached(r, q));
    }
    return r;
}

/* Lane 0. */
static void store_one(tp_point *out, const running *r) {
    extended p = running_to_extended(*r);
    store_points(out, 0, 1, &p);
}

#endif
