/* ristretto255 encodings, eight or sixteen at a time: decode with and without hints, encode, and
 * the map from uniform bytes.
 *
 * Invariant: of encodings and uniform bytes the decoders and the map may branch on the contents
 * (`_var`); encode does not.
 * source: RFC 9496 section 4.3. The names of intermediate values are that text's.
 * spec: chapter 2 (primitives).
 */
#ifndef TAPAT_CORE_GROUP_IFMA_CODEC_H
#define TAPAT_CORE_GROUP_IFMA_CODEC_H

#include "core/group/ifma/point.h"

static const constant invsqrt_a_minus_d = {
    {0x0fdaa805d40ea, 0x2eb482e57d339, 0x007610274bc58, 0x6510b613dc8ff, 0x786c8905cfaff}};
static const constant sqrt_ad_minus_one = {
    {0x7f6a0497b2e1b, 0x1836f0a97afd2, 0x7d747f6be7638, 0x456079e7e6498, 0x376931bf2b834}};
static const constant one_minus_d_sq = {
    {0x409c1945fc176, 0x719abc6a1fc4f, 0x1c37f90b20684, 0x06bccca55eedf, 0x029072a8b2b3e}};
static const constant d_minus_one_sq = {
    {0x55aaa44ed4d20, 0x59603c3332635, 0x26d3baf4a7928, 0x120a66e6997a9, 0x5968b37af66c2}};

#define TP_PAIR (2 * TP_LANES) /* decoders go by two vectors: field.h, powers */

/* ---- decode ---- */

typedef struct {
    tight s, u1, u2, v, w; /* w = v u2^2: the root of 1/w is wanted */
    __mmask8 canonical;    /* s < p and not negative */
} half_decoded;

/* Lanes whose 256-bit word is below p and even. */
TP_INLINE __mmask8 words_canonical(const v8 w[4], tight s) {
    v8 middle =
        _mm512_and_si512(_mm512_and_si512(s.v[1], s.v[2]), _mm512_and_si512(s.v[3], s.v[4]));
    __mmask8 over = _mm512_cmpeq_epi64_mask(middle, word(TP_LIMB51)) &
                    _mm512_cmpge_epu64_mask(s.v[0], word(TP_LIMB51 - 18));
    __mmask8 odd = _mm512_test_epi64_mask(w[0], word(1));
    __mmask8 top = _mm512_test_epi64_mask(w[3], word(1ULL << 63));
    return (__mmask8) ~(over | odd | top);
}

static void decode_begin(half_decoded *h, const v8 w[4]) {
    h->s = fe_from_words(w);
    h->canonical = words_canonical(w, h->s);
    raw ss = sqr_raw(h->s);
    h->u1 = carry(raw_sub(widen(fe_small(1)), ss));
    h->u2 = carry(raw_add(ss, widen(fe_small(1))));
    raw u2_sq = sqr_raw(h->u2);
    raw du1_sq = mul_raw(spread(&edwards_d), fe_sqr(h->u1));
    h->v = carry(raw_sub(widen(fe_small(0)), raw_add(du1_sq, u2_sq)));
    h->w = fe_mul(h->v, carry(u2_sq));
}

/* The affine point, and the lanes that are valid. root^2 w = 1 on the lanes of `square`. */
static __mmask8 decode_end(extended *out, const half_decoded *h, tight root, __mmask8 square) {
    tight den_x = fe_mul(root, h->u2);
    tight den_y = fe_mul(fe_mul(root, den_x), h->v);
    raw sx = mul_raw(h->s, den_x);
    tight x = fe_abs(carry(raw_add(sx, sx)));
    tight y = fe_mul(h->u1, den_y);
    tight t = fe_mul(x, y);
    *out = (extended){x, y, fe_small(1), t};
    return square & h->canonical & (__mmask8) ~(fe_is_negative(t) | fe_is_small(y, 0));
}

/* Roots by powers: 2 x 8 lanes. */
static void decode_roots(tight root[2], __mmask8 square[2], const half_decoded h[2]) {
    const tight w[2] = {h[0].w, h[1].w};
    invsqrt2(root, square, w);
}

/* Roots from hints, where every one of the sixteen is right. */
static bool decode_hints(tight root[2], const half_decoded h[2], const uint8_t (*hints)[32],
                         size_t at, size_t n) {
    __mmask8 right = 0xff;
    for (size_t k = 0; k < 2; k++) {
        v8 w[4];
        load_words_tail(w, hints, at + k * TP_LANES, n);
        root[k] = fe_from_words(w);
        right &=
            fe_is_small(fe_mul(h[k].w, fe_sqr(root[k])), 1) | lanes_beyond(n, at + k * TP_LANES);
    }
    return right == 0xff;
}

/* Decodes [at, at+16): points, roots, and the first bad index of them, or n. One wrong hint costs
 * its sixteen neighbours the full work, never more. */
static size_t decode_pair(extended p[2], tight root[2], const uint8_t (*in)[32],
                          const uint8_t (*hints)[32], size_t at, size_t n) {
    half_decoded h[2];
    __mmask8 square[2] = {0xff, 0xff};
    for (size_t k = 0; k < 2; k++) {
        v8 w[4];
        load_words_tail(w, in, at + k * TP_LANES, n);
        decode_begin(&h[k], w);
    }
    if (!hints || !decode_hints(root, h, hints, at, n)) decode_roots(root, square, h);
    unsigned valid = 0;
    for (size_t k = 0; k < 2; k++) {
        __mmask8 ok = decode_end(&p[k], &h[k], root[k], square[k]);
        valid |= (unsigned)(ok | lanes_beyond(n, at + k * TP_LANES)) << (k * TP_LANES);
    }
    return valid == 0xffff ? n : at + (size_t)__builtin_ctz(~valid);
}

static size_t decode_all(tp_point *out, const uint8_t (*in)[32], const uint8_t (*hints)[32],
                         size_t n) {
    for (size_t at = 0; at < n; at += TP_PAIR) {
        extended p[2];
        tight root[2];
        size_t bad = decode_pair(p, root, in, hints, at, n);
        store_points(out, at, n, &p[0]);
        if (n - at > TP_LANES) store_points(out, at + TP_LANES, n, &p[1]);
        if (bad < n) return bad;
    }
    return n;
}

static size_t ifma_decode_var(tp_point *out, const uint8_t (*in)[32], size_t n) {
    if (n < 2) return tp_backend_portable.decode_var(out, in, n);
    return decode_all(out, in, NULL, n);
}

static size_t ifma_decode_hinted_var(tp_point *out, const uint8_t (*in)[32],
                                     const uint8_t (*hints)[32], size_t n) {
    return decode_all(out, in, hints, n);
}

static size_t ifma_hint_var(uint8_t (*hints)[32], const uint8_t (*in)[32], size_t n) {
    if (n < 2) return tp_backend_portable.hint_var(hints, in, n);
    for (size_t at = 0; at < n; at += TP_PAIR) {
        extended p[2];
        tight root[2];
        size_t bad = decode_pair(p, root, in, NULL, at, n);
        for (size_t k = 0; k < 2; k++) {
            v8 w[4];
            fe_to_words(w, root[k]);
            store_words_tail(hints, at + k * TP_LANES, n, w);
        }
        if (bad < n) return bad;
    }
    return n;
}

/* ---- encode ---- */

typedef struct {
    extended p;
    tight u1, u2, w; /* w = u1 u2^2 */
} half_encoded;

static void encode_begin(half_encoded *h, const tp_point *a, size_t at, size_t n) {
    load_points(&h->p, a, at, n);
    h->u1 = fe_mul(fe_add(h->p.z, h->p.y), fe_sub(h->p.z, h->p.y));
    h->u2 = fe_mul(h->p.x, h->p.y);
    h->w = fe_mul(h->u1, fe_sqr(h->u2));
}

/* w is a square, or 0 for the representatives of the identity and of the other points of order
 * dividing 4; the root is then 0 and so are s and the encoding. */
static tight encode_end(const half_encoded *h, tight root) {
    tight den1 = fe_mul(root, h->u1), den2 = fe_mul(root, h->u2);
    tight z_inv = fe_mul(fe_mul(den1, den2), h->p.t);
    tight ix = fe_mul_constant(h->p.x, &sqrt_m1), iy = fe_mul_constant(h->p.y, &sqrt_m1);
    tight enchanted = fe_mul_constant(den1, &invsqrt_a_minus_d);
    __mmask8 rotate = fe_is_negative(fe_mul(h->p.t, z_inv));
    tight x = fe_select(rotate, iy, h->p.x), y = fe_select(rotate, ix, h->p.y);
    tight den_inv = fe_select(rotate, enchanted, den2);
    y = fe_negate_if(fe_is_negative(fe_mul(x, z_inv)), y);
    return fe_abs(fe_mul(den_inv, fe_sub(h->p.z, y)));
}

static void ifma_encode(uint8_t (*out)[32], const tp_point *a, size_t n) {
    if (n < 2) {
        tp_backend_portable.encode(out, a, n);
        return;
    }
    for (size_t at = 0; at < n; at += TP_PAIR) {
        half_encoded h[2];
        tight w[2], root[2];
        __mmask8 square[2];
        for (size_t k = 0; k < 2; k++) {
            encode_begin(&h[k], a, at + k * TP_LANES, n);
            w[k] = h[k].w;
        }
        invsqrt2(root, square, w);
        for (size_t k = 0; k < 2; k++) {
            v8 bytes[4];
            fe_to_words(bytes, encode_end(&h[k], root[k]));
            store_words_tail(out, at + k * TP_LANES, n, bytes);
        }
    }
}

/* ---- encode doubles: no root, one inversion for many ---- */

#define DOUBLES ((size_t)64) /* vectors that share an inversion: 102 kB on the stack */

/* 2P = (e/f, g/h). */
typedef struct {
    tight e, f, g, h, before; /* before: the product of the efgh ahead of this one */
} doubled;

/* Also takes efgh into the product, 1 for the lanes where it is 0; those are returned. */
static __mmask8 double_product(tight *product, const doubled *d) {
    tight efgh = fe_mul(fe_mul(d->e, d->g), fe_mul(d->f, d->h));
    __mmask8 nil = fe_is_small(efgh, 0);
    *product = fe_mul(*product, fe_select(nil, fe_small(1), efgh));
    return nil;
}

/* The steps of RFC 9496 section 4.3.2 with X = eh, Y = fg, Z = fh, T = eg divided out. inverse =
 * 1/efgh, or 0 for the identity's coset, and so are then s and the encoding. */
static tight encode_double_end(const doubled *d, tight inverse) {
    tight eg = fe_mul(d->e, d->g), z_inv = fe_mul(eg, inverse);
    tight t_inv = fe_mul(fe_mul(d->f, d->h), inverse);
    __mmask8 rotate = fe_is_negative(fe_mul(eg, z_inv));
    tight e = fe_select(rotate, d->g, d->e), g = fe_select(rotate, fe_neg(d->e), d->g);
    tight h = fe_select(rotate, fe_mul_constant(d->f, &sqrt_m1), d->h);
    tight magic = fe_select(rotate, spread(&sqrt_m1), spread(&invsqrt_a_minus_d));
    g = fe_negate_if(fe_is_negative(fe_mul(fe_mul(h, e), z_inv)), g);
    return fe_abs(fe_mul(fe_mul(fe_sub(h, g), magic), fe_mul(g, t_inv)));
}

/* Points [from, to), at most DOUBLES vectors. Two products, for the two lanes of invert2. */
static void encode_doubles(uint8_t (*out)[32], const tp_point *a, size_t from, size_t to) {
    doubled d[DOUBLES];
    __mmask8 nil[DOUBLES];
    tight product[2] = {fe_small(1), fe_small(1)}, inverse[2];
    size_t vectors = 0;
    for (size_t at = from; at < to; at += TP_LANES, vectors++) {
        extended p;
        load_points(&p, a, at, to);
        completed c = point_double(extended_to_projective(p));
        d[vectors] = (doubled){c.e, c.g, c.h, c.f, product[vectors & 1]};
        nil[vectors] = double_product(&product[vectors & 1], &d[vectors]);
    }
    invert2(inverse, product);
    for (size_t i = vectors; i--;) {
        v8 words[4];
        tight *later = &inverse[i & 1], inv = fe_mul(*later, d[i].before);
        double_product(later, &d[i]);
        fe_to_words(words, encode_double_end(&d[i], fe_select(nil[i], fe_small(0), inv)));
        store_words_tail(out, from + i * TP_LANES, to, words);
    }
    tp_wipe(d, sizeof d);
}

static void ifma_encode_double(uint8_t (*out)[32], const tp_point *a, size_t n) {
    if (n < 2) {
        tp_backend_portable.encode_double(out, a, n);
        return;
    }
    for (size_t from = 0; from < n; from += DOUBLES * TP_LANES)
        encode_doubles(out, a, from, from + DOUBLES * TP_LANES < n ? from + DOUBLES * TP_LANES : n);
}

/* ---- uniform bytes to points ---- */

/* RFC 9496 section 4.3.4, MAP, on two vectors of field elements. */
static void elligator2(completed out[2], const tight t[2]) {
    tight r[2], u[2], v[2], uv[2], root[2];
    const tight one = fe_small(1), minus_one = fe_neg(one);
    __mmask8 square[2];
    for (int k = 0; k < 2; k++) {
        r[k] = fe_mul_constant(fe_sqr(t[k]), &sqrt_m1);
        u[k] = fe_mul_constant(fe_add(r[k], one), &one_minus_d_sq);
        v[k] = fe_mul(fe_sub(minus_one, fe_mul_constant(r[k], &edwards_d)),
                      fe_add(r[k], spread(&edwards_d)));
        uv[k] = fe_mul(u[k], v[k]);
    }
    invsqrt2(root, square, uv);
    for (int k = 0; k < 2; k++) {
        /* sqrt(u/v) = u sqrt(1/uv). u is never 0: r = -1 would make sqrt(-1) a square, which it is
         * not modulo a prime that is 5 modulo 8. */
        __mmask8 found = square[k];
        tight s = fe_abs(fe_mul(u[k], root[k]));
        tight s_prime = fe_neg(fe_abs(fe_mul(s, t[k])));
        s = fe_select(found, s, s_prime);
        tight c = fe_select(found, minus_one, r[k]);
        tight cn = fe_mul(fe_mul(c, fe_sub(r[k], one)), spread(&d_minus_one_sq));
        tight nt = fe_sub(cn, v[k]), ss = fe_sqr(s);
        raw sv = mul_raw(s, v[k]);
        /* RFC: (w0 w3 : w2 w1 : w1 w3 : w0 w2), a completed with e = w0, f = w3, g = w1, h = w2 */
        out[k] = (completed){carry(raw_add(sv, sv)), fe_add(one, ss),
                             fe_mul_constant(nt, &sqrt_ad_minus_one), fe_sub(one, ss)};
    }
}

static void ifma_from_uniform_var(tp_point *out, const uint8_t (*in)[64], size_t n) {
    for (size_t at = 0; at < n; at += TP_LANES) {
        static const uint8_t zero[64];
        v8 w[8];
        for (size_t i = 0; i < TP_LANES; i++)
            w[i] = load(at + i < n ? in[at + i] : zero);
        transpose8(w);
        const tight t[2] = {fe_from_words(w), fe_from_words(w + 4)};
        completed c[2];
        elligator2(c, t);
        extended p =
            to_extended(point_add_cached(to_running(c[0]), running_to_cached(to_running(c[1]))));
        store_points(out, at, n, &p);
    }
}

#endif
