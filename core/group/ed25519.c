/* Ed25519 verification over the curve that ristretto255 divides: S*B - k*A must encode to R, with
 * k = SHA-512(R || A || msg) mod L.
 *
 * Invariants
 *  1. The equation is the one without cofactor, and R is compared byte for byte: a signature has
 *     one verdict, whoever checks it.
 *  2. A point here may have a part of order 8, which a tp_point never has: ge only, no tp_point
 *     leaves this file. The formulas are complete on the whole curve.
 * spec: chapter 2 (primitives).
 */
#include "core/group/ed25519.h"

#include "core/base/mem.h"
#include "core/group/edwards.h"
#include "core/hash/hash.h"

/* RFC 8032 section 5.1.3; only the encoding that 5.1.2 writes. */
static bool decode_var(ge *o, const uint8_t in[static 32]) {
    static const fe one = FE_ONE, d = FE_D;
    uint8_t bytes[32], canonical[32];
    uint32_t sign = in[31] >> 7;
    fe yy, u, v, t;
    memcpy(bytes, in, 32);
    bytes[31] &= 0x7f;
    fe_from_bytes(&o->y, bytes);
    fe_to_bytes(canonical, &o->y);
    if (!tp_equal(canonical, bytes, 32)) return false;
    fe_sqr(&yy, &o->y);
    fe_sub(&t, &yy, &one);
    fe_carry(&u, &t);
    fe_mul(&v, &yy, &d);
    fe_add(&t, &v, &one);
    fe_carry(&v, &t);
    if (!tp_fe_sqrt_ratio(&o->x, &u, &v)) return false;
    if (fe_is_zero(&o->x) && sign) return false;
    if (fe_is_negative(&o->x) != sign) fe_neg(&o->x, &o->x);
    o->z = one;
    fe_mul(&o->t, &o->x, &o->y);
    return true;
}

static void encode(uint8_t out[static 32], const ge *p) {
    fe z, x, y;
    tp_fe_invert(&z, &p->z);
    fe_mul(&x, &p->x, &z);
    fe_mul(&y, &p->y, &z);
    fe_to_bytes(out, &y);
    out[31] = (uint8_t)(out[31] | fe_is_negative(&x) << 7);
}

static void base_point(ge *o) {
    static const ge base = {FE_BASE_X, FE_BASE_Y, FE_ONE, FE_BASE_T};
    *o = base;
}

/* X = 0 and Y = Z. */
static bool is_identity(const ge *p) {
    return fe_is_zero(&p->x) && fe_equal(&p->y, &p->z);
}

/* 8P = identity? */
static bool small_order(const ge *p) {
    ge o;
    ge_double_times(&o, p, 3);
    return is_identity(&o);
}

static unsigned bit_of(const tp_scalar *s, unsigned i) {
    return (unsigned)(s->limb[i / 64] >> (i % 64)) & 1;
}

/* o = a*B - b*P by Shamir's trick: one walk over both scalars' bits. */
static void mul_two_var(ge *o, const tp_scalar *a, const tp_scalar *b, const ge *p) {
    ge base;
    ge_cached cached_base, cached_p;
    ge_sum s;
    base_point(&base);
    ge_cache(&cached_base, &base);
    ge_cache(&cached_p, p);
    ge_identity(o);
    for (unsigned i = 253; i-- > 0;) {
        ge_double_times(o, o, 1);
        if (bit_of(a, i)) {
            ge_add_cached(&s, o, &cached_base);
            ge_finish(o, &s);
        }
        if (bit_of(b, i)) {
            ge_sub_cached(&s, o, &cached_p);
            ge_finish(o, &s);
        }
    }
}

tp_err tp_ed25519_verify_var(const uint8_t sig[static 64], const uint8_t key[static 32],
                             const void *msg, size_t len) {
    tp_sha512_ctx h;
    tp_scalar s, k;
    uint8_t wide[64], r[32];
    ge a, sum;
    if (tp_scalar_decode(&s, sig + 32)) return TP_MALFORMED;
    if (!decode_var(&a, key) || small_order(&a)) return TP_MALFORMED;
    tp_sha512_init(&h);
    tp_sha512_update(&h, sig, 32);
    tp_sha512_update(&h, key, 32);
    tp_sha512_update(&h, msg, len);
    tp_sha512_final(&h, wide);
    tp_scalar_wide(&k, wide);
    mul_two_var(&sum, &s, &k, &a);
    if (small_order(&sum)) return TP_INVALID;
    encode(r, &sum);
    return tp_equal(r, sig, 32) ? TP_OK : TP_INVALID;
}

/* L*P = identity? L = 2^252 + 27742317777372353535851937790883648493. */
bool tp_ed25519_key_valid_var(const uint8_t key[static 32]) {
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
                                      0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
    ge p, o;
    ge_cached cached;
    ge_sum s;
    if (!decode_var(&p, key) || small_order(&p)) return false;
    ge_cache(&cached, &p);
    ge_identity(&o);
    for (unsigned i = 253; i-- > 0;) {
        ge_double_times(&o, &o, 1);
        if (!(order[i / 8] >> (i % 8) & 1)) continue;
        ge_add_cached(&s, &o, &cached);
        ge_finish(&o, &s);
    }
    return is_identity(&o);
}
