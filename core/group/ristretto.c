/* ristretto255: bytes to points and back. Names follow RFC 9496 section 4.3.
 *
 * Invariants
 *  1. A decoder accepts exactly the canonical encodings: s < p, s even, and the checks of 4.3.1.
 *  2. Encoding is constant time; decoding and mapping take public data.
 * spec: chapter 2 (primitives).
 */
#include "core/group/edwards.h"
#include "core/group/internal.h"

static const fe one = FE_ONE;

/* What decoding computes of s before the square root. */
typedef struct {
    fe s, u1, u2, v, vu22;
} decode_state;

/* false unless in is the canonical encoding of a nonnegative field element; a set bit 255 is not
 * canonical (RFC 9496 section 4.3.1 step 1). */
static bool decode_begin(decode_state *d, const uint8_t in[static 32]) {
    static const fe minus_d = FE_MINUS_D;
    uint8_t canonical[32];
    fe t;
    fe_from_bytes(&d->s, in);
    fe_to_bytes(canonical, &d->s);
    if (!tp_equal(canonical, in, 32) || (in[0] & 1)) return false;
    fe ss, u2_sqr, u1_sqr;
    fe_sqr(&ss, &d->s);
    fe_sub(&t, &one, &ss);
    fe_carry(&d->u1, &t);
    fe_add(&t, &one, &ss);
    fe_carry(&d->u2, &t);
    fe_sqr(&u2_sqr, &d->u2);
    fe_sqr(&u1_sqr, &d->u1);
    fe_mul(&t, &u1_sqr, &minus_d);
    fe_sub(&t, &t, &u2_sqr);
    fe_carry(&d->v, &t);
    fe_mul(&d->vu22, &d->v, &u2_sqr);
    return true;
}

/* From invsqrt = 1/sqrt(v u2^2), of either sign: x = |2 s D_x|, and y has the square of it. */
static bool decode_finish(ge *o, const decode_state *d, const fe *invsqrt) {
    fe den_x, den_y, x;
    fe_mul(&den_x, invsqrt, &d->u2);
    fe_mul(&den_y, invsqrt, &den_x);
    fe_mul(&den_y, &den_y, &d->v);
    fe_mul(&x, &d->s, &den_x);
    fe_add(&x, &x, &x);
    fe_carry(&x, &x);
    fe_abs(&o->x, &x);
    fe_mul(&o->y, &d->u1, &den_y);
    o->z = one;
    fe_mul(&o->t, &o->x, &o->y);
    return !(fe_is_negative(&o->t) | fe_is_zero(&o->y));
}

static bool decode_one(ge *o, fe *invsqrt, const uint8_t in[static 32]) {
    decode_state d;
    return decode_begin(&d, in) && tp_fe_sqrt_ratio(invsqrt, &one, &d.vu22) &&
           decode_finish(o, &d, invsqrt);
}

static bool decode_one_hinted(ge *o, const uint8_t in[static 32], const uint8_t hint[static 32]) {
    decode_state d;
    fe invsqrt, check;
    if (!decode_begin(&d, in)) return false;
    fe_from_bytes(&invsqrt, hint);
    fe_sqr(&check, &invsqrt);
    fe_mul(&check, &check, &d.vu22);
    if (!fe_equal(&check, &one) && !tp_fe_sqrt_ratio(&invsqrt, &one, &d.vu22)) return false;
    return decode_finish(o, &d, &invsqrt);
}

size_t tp_ristretto_decode_var(tp_point *out, const uint8_t (*in)[32], size_t n) {
    fe invsqrt;
    for (size_t i = 0; i < n; i++)
        if (!decode_one(ge_of(&out[i]), &invsqrt, in[i])) return i;
    return n;
}

size_t tp_ristretto_decode_hinted_var(tp_point *out, const uint8_t (*in)[32],
                                      const uint8_t (*hints)[32], size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!decode_one_hinted(ge_of(&out[i]), in[i], hints[i])) return i;
    return n;
}

size_t tp_ristretto_hint_var(uint8_t (*hints)[32], const uint8_t (*in)[32], size_t n) {
    for (size_t i = 0; i < n; i++) {
        ge p;
        fe invsqrt;
        if (!decode_one(&p, &invsqrt, in[i])) return i;
        fe_to_bytes(hints[i], &invsqrt);
    }
    return n;
}

/* RFC 9496 section 4.3.2 */
static void encode_one(uint8_t out[static 32], const ge *p) {
    static const fe sqrt_m1 = FE_SQRT_M1, invsqrt_a_minus_d = FE_INVSQRT_A_MINUS_D;
    fe u1, u2, t, invsqrt, den1, den2, z_inv, ix, iy, enchanted, x, y, den_inv;
    fe_add(&u1, &p->z, &p->y);
    fe_sub(&t, &p->z, &p->y);
    fe_mul(&u1, &u1, &t);
    fe_mul(&u2, &p->x, &p->y);
    fe_sqr(&t, &u2);
    fe_mul(&t, &t, &u1);
    (void)tp_fe_sqrt_ratio(&invsqrt, &one, &t); /* a square, or 0 for the identity's coset */
    fe_mul(&den1, &invsqrt, &u1);
    fe_mul(&den2, &invsqrt, &u2);
    fe_mul(&z_inv, &den1, &den2);
    fe_mul(&z_inv, &z_inv, &p->t);
    fe_mul(&ix, &p->x, &sqrt_m1);
    fe_mul(&iy, &p->y, &sqrt_m1);
    fe_mul(&enchanted, &den1, &invsqrt_a_minus_d);

    fe_mul(&t, &p->t, &z_inv);
    uint32_t rotate = fe_is_negative(&t);
    fe_select(&x, &iy, &p->x, rotate);
    fe_select(&y, &ix, &p->y, rotate);
    fe_select(&den_inv, &enchanted, &den2, rotate);
    fe_mul(&t, &x, &z_inv);
    fe_negate_if(&y, &y, fe_is_negative(&t));
    fe_sub(&t, &p->z, &y);
    fe_mul(&t, &t, &den_inv);
    fe_abs(&t, &t);
    fe_to_bytes(out, &t);
}

void tp_ristretto_encode(uint8_t (*out)[32], const tp_point *a, size_t n) {
    for (size_t i = 0; i < n; i++)
        encode_one(out[i], ge_of_const(&a[i]));
}

/* 2P = (e/f, g/h): its encoding needs no root, since (Z+Y)(Z-Y) of a double is a square with a
 * known root, but the inverse of e f g h, which many points share. */
typedef struct {
    fe e, f, g, h, eg, fh;
} doubled;

static void encode_double_begin(doubled *d, fe *efgh, const ge *p) {
    ge_sum s;
    ge_double(&s, p);
    fe_carry(&d->e, &s.e);
    fe_carry(&d->f, &s.g);
    fe_carry(&d->g, &s.h);
    fe_carry(&d->h, &s.f);
    fe_mul(&d->eg, &d->e, &d->g);
    fe_mul(&d->fh, &d->f, &d->h);
    fe_mul(efgh, &d->eg, &d->fh);
}

/* The steps of RFC 9496 section 4.3.2 with X = eh, Y = fg, Z = fh, T = eg divided out. inverse is 0
 * for the identity's coset, and so are s and the encoding. */
static void encode_double_finish(uint8_t out[static 32], const doubled *d, const fe *inverse) {
    static const fe sqrt_m1 = FE_SQRT_M1, invsqrt_a_minus_d = FE_INVSQRT_A_MINUS_D;
    fe z_inv, t_inv, t, e, g, h, minus_e, fi, magic;
    fe_mul(&z_inv, &d->eg, inverse);
    fe_mul(&t_inv, &d->fh, inverse);
    fe_mul(&t, &d->eg, &z_inv);
    uint32_t rotate = fe_is_negative(&t);
    fe_neg(&minus_e, &d->e);
    fe_mul(&fi, &d->f, &sqrt_m1);
    fe_select(&e, &d->g, &d->e, rotate);
    fe_select(&g, &minus_e, &d->g, rotate);
    fe_select(&h, &fi, &d->h, rotate);
    fe_select(&magic, &sqrt_m1, &invsqrt_a_minus_d, rotate);
    fe_mul(&t, &h, &e);
    fe_mul(&t, &t, &z_inv);
    fe_negate_if(&g, &g, fe_is_negative(&t));
    fe_sub(&t, &h, &g);
    fe_mul(&t, &t, &magic);
    fe_mul(&t, &t, &g);
    fe_mul(&t, &t, &t_inv);
    fe_abs(&t, &t);
    fe_to_bytes(out, &t);
}

void tp_ristretto_encode_double(uint8_t (*out)[32], const tp_point *a, size_t n) {
    enum { BATCH = 32 };
    doubled d[BATCH];
    fe efgh[BATCH], spare[BATCH];
    for (size_t at = 0; at < n; at += BATCH) {
        size_t count = n - at < BATCH ? n - at : BATCH;
        for (size_t i = 0; i < count; i++)
            encode_double_begin(&d[i], &efgh[i], ge_of_const(&a[at + i]));
        tp_fe_invert_batch(efgh, count, spare);
        for (size_t i = 0; i < count; i++)
            encode_double_finish(out[at + i], &d[i], &efgh[i]);
    }
}

/* MAP of RFC 9496 section 4.3.4 */
static void map(ge *o, const uint8_t in[static 32]) {
    static const fe sqrt_m1 = FE_SQRT_M1, d = FE_D, one_minus_d_sq = FE_ONE_MINUS_D_SQ,
                    d_minus_one_sq = FE_D_MINUS_ONE_SQ, sqrt_ad_minus_one = FE_SQRT_AD_MINUS_ONE;
    static const fe minus_one = FE_MINUS_ONE;
    fe t, r, u, v, s, s_prime, c, n, a;
    fe_from_bytes(&t, in);
    fe_sqr(&r, &t);
    fe_mul(&r, &r, &sqrt_m1);
    fe_add(&u, &r, &one);
    fe_mul(&u, &u, &one_minus_d_sq);
    fe_mul(&v, &r, &d);
    fe_sub(&v, &minus_one, &v);
    fe_add(&a, &r, &d);
    fe_mul(&v, &v, &a);

    uint32_t was_square = tp_fe_sqrt_ratio(&s, &u, &v);
    fe_mul(&s_prime, &s, &t);
    fe_abs(&s_prime, &s_prime);
    fe_neg(&s_prime, &s_prime);
    fe_select(&s, &s, &s_prime, was_square);
    fe_select(&c, &minus_one, &r, was_square);

    fe_sub(&a, &r, &one);
    fe_mul(&n, &c, &a);
    fe_mul(&n, &n, &d_minus_one_sq);
    fe_sub(&n, &n, &v);

    ge_sum w; /* (w0 w3 : w2 w1 : w1 w3 : w0 w2) is (E F : G H : F G : E H) */
    fe_mul(&a, &s, &v);
    fe_add(&w.e, &a, &a);                 /* w0 = E */
    fe_mul(&w.g, &n, &sqrt_ad_minus_one); /* w1 = G */
    fe_sqr(&a, &s);
    fe_sub(&w.h, &one, &a); /* w2 = H */
    fe_add(&w.f, &one, &a); /* w3 = F */
    ge_finish(o, &w);
}

void tp_ristretto_from_uniform_var(tp_point *out, const uint8_t (*in)[64], size_t n) {
    for (size_t i = 0; i < n; i++) {
        ge a, b;
        map(&a, in[i]);
        map(&b, in[i] + 32);
        ge_add(ge_of(&out[i]), &a, &b);
    }
}
