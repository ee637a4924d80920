/* Integers modulo L = 2^252 + c, c = 27742317777372353535851937790883648493 < 2^125, in four 64-bit
 * words; constant time.
 *
 * Invariants
 *  1. Every tp_scalar read or written is < L.
 *  2. Products are reduced by folding: 2^252 = -c modulo L.
 * spec: chapter 2 (primitives).
 */
#include "core/group/group.h"

#if defined(__wasm__) || defined(TP_NARROW)
#include "core/group/word32.h"
#else
#include "core/group/word64.h"
#endif

#define C0  UINT64_C(0x5812631a5cf5d3ed)
#define C1  UINT64_C(0x14def9dea2f79cd6)
#define L3  UINT64_C(0x1000000000000000)
#define M60 (L3 - 1)

const tp_scalar tp_scalar_zero = {{0, 0, 0, 0}};
const tp_scalar tp_scalar_one = {{1, 0, 0, 0}};

static const uint64_t order[4] = {C0, C1, 0, L3};
/* o = a + b, which the callers' bounds keep below 2^256. o may be a or b, here and below. */
static inline void add4(uint64_t o[static 4], const uint64_t a[static 4],
                        const uint64_t b[static 4]) {
    uint64_t carry = 0;
    for (int i = 0; i < 4; i++)
        o[i] = word_add(a[i], b[i], &carry);
}

/* o = a - b; the borrow out */
static inline uint64_t sub4(uint64_t o[static 4], const uint64_t a[static 4],
                            const uint64_t b[static 4]) {
    uint64_t borrow = 0;
    for (int i = 0; i < 4; i++)
        o[i] = word_sub(a[i], b[i], &borrow);
    return borrow;
}

/* a -= m if a >= m */
static inline void sub_once(uint64_t a[static 4], const uint64_t m[static 4]) {
    uint64_t t[4];
    uint64_t keep = tp_mask(sub4(t, a, m));
    for (int i = 0; i < 4; i++)
        a[i] = t[i] ^ (keep & (t[i] ^ a[i]));
}

/* o = a * c; o has n + 2 words */
static inline void mul_c(uint64_t *o, const uint64_t *a, int n) {
    uint64_t carry = 0;
    for (int i = 0; i < n; i++)
        o[i] = word_muladd(a[i], C0, 0, &carry);
    o[n] = carry;
    carry = 0;
    for (int i = 0; i < n; i++)
        o[i + 1] = word_muladd(a[i], C1, o[i + 1], &carry);
    o[n + 1] = carry;
}

/* low = a mod 2^252 and o = a >> 252 in n words; a has n + 4 words. */
static inline void split252(uint64_t *o, uint64_t low[static 4], const uint64_t *a, int n) {
    for (int i = 0; i < n; i++)
        o[i] = a[i + 3] >> 60 | a[i + 4] << 4;
    low[0] = a[0], low[1] = a[1], low[2] = a[2], low[3] = a[3] & M60;
}

/* x < 2^506 modulo L:
 *   x = l1 + 2^252 h1,  h1 < 2^254;   c h1 = l2 + 2^252 h2,  h2 < 2^127;   z = c h2 < 2^252;
 *   x = l1 - l2 + z  modulo L, between -2^252 and 2^253 < 2L: one L is added below 0, one
 * taken off from L on. */
static inline void reduce(tp_scalar *out, const uint64_t x[static 8]) {
    uint64_t h1[4], l1[4], y[6], h2[2], l2[4], z[4], back[4];
    split252(h1, l1, x, 4);
    mul_c(y, h1, 4);
    split252(h2, l2, y, 2);
    mul_c(z, h2, 2);
    add4(l1, l1, z);
    uint64_t below = tp_mask(sub4(l1, l1, l2));
    for (int i = 0; i < 4; i++)
        back[i] = order[i] & below;
    add4(l1, l1, back);
    sub_once(l1, order);
    for (int i = 0; i < 4; i++)
        out->limb[i] = l1[i];
}

static uint64_t load64(const uint8_t *p) {
    uint64_t r = 0;
    for (int i = 7; i >= 0; i--)
        r = r << 8 | p[i];
    return r;
}

tp_err tp_scalar_decode(tp_scalar *out, const uint8_t in[static 32]) {
    uint64_t a[4], t[4];
    for (int i = 0; i < 4; i++)
        a[i] = load64(in + 8 * i);
    uint64_t below = sub4(t, a, order), keep = tp_mask(below);
    for (int i = 0; i < 4; i++)
        out->limb[i] = a[i] & keep;
    return below ? TP_OK : TP_MALFORMED;
}

void tp_scalar_encode(uint8_t out[static 32], const tp_scalar *a) {
    for (int i = 0; i < 32; i++)
        out[i] = (uint8_t)(a->limb[i / 8] >> (8 * (i % 8)));
}

/* The top byte is folded first, by 2^504 modulo L: the sum is < 2^504 + 2^8 L < 2^505. */
void tp_scalar_wide(tp_scalar *out, const uint8_t in[static 64]) {
    static const uint64_t fold[4] = {UINT64_C(0xe2edf685ab128969), UINT64_C(0x680392762298a31d),
                                     UINT64_C(0x3dceec73d217f5be), UINT64_C(0x01b399411b7c309a)};
    uint64_t x[8], carry = 0;
    for (int i = 0; i < 8; i++)
        x[i] = load64(in + 8 * i);
    const uint64_t top = x[7] >> 56;
    x[7] &= UINT64_MAX >> 8;
    for (int i = 0; i < 8; i++)
        x[i] = word_muladd(top, i < 4 ? fold[i] : 0, x[i], &carry);
    reduce(out, x);
    tp_wipe(x, sizeof x);
}

void tp_scalar_from_u64(tp_scalar *out, uint64_t v) {
    *out = (tp_scalar){{v, 0, 0, 0}};
}

void tp_scalar_add(tp_scalar *out, const tp_scalar *a, const tp_scalar *b) {
    uint64_t t[4];
    add4(t, a->limb, b->limb); /* < 2L < 2^254 */
    sub_once(t, order);
    for (int i = 0; i < 4; i++)
        out->limb[i] = t[i];
}

void tp_scalar_sub(tp_scalar *out, const tp_scalar *a, const tp_scalar *b) {
    uint64_t t[4], back[4];
    uint64_t m = tp_mask(sub4(t, a->limb, b->limb));
    for (int i = 0; i < 4; i++)
        back[i] = order[i] & m;
    add4(out->limb, t, back);
}

void tp_scalar_neg(tp_scalar *out, const tp_scalar *a) {
    tp_scalar_sub(out, &tp_scalar_zero, a);
}

/* (L-1)^2 + L - 1 < 2^505 */
void tp_scalar_muladd(tp_scalar *out, const tp_scalar *a, const tp_scalar *b, const tp_scalar *c) {
    uint64_t x[8] = {c->limb[0], c->limb[1], c->limb[2], c->limb[3]};
    for (int i = 0; i < 4; i++) {
        uint64_t carry = 0;
        for (int j = 0; j < 4; j++)
            x[i + j] = word_muladd(a->limb[i], b->limb[j], x[i + j], &carry);
        x[i + 4] = carry;
    }
    reduce(out, x);
}

void tp_scalar_mul(tp_scalar *out, const tp_scalar *a, const tp_scalar *b) {
    tp_scalar_muladd(out, a, b, &tp_scalar_zero);
}

/* (a + L)/2 if a is odd; a + L < 2^254 */
void tp_scalar_half(tp_scalar *out, const tp_scalar *a) {
    uint64_t t[4], odd = tp_mask(a->limb[0] & 1);
    for (int i = 0; i < 4; i++)
        t[i] = order[i] & odd;
    add4(t, t, a->limb);
    for (int i = 0; i < 4; i++)
        out->limb[i] = t[i] >> 1 | (i < 3 ? t[i + 1] << 63 : 0);
}

/* a^(L-2) by windows of four bits; the exponent is public. */
void tp_scalar_invert(tp_scalar *out, const tp_scalar *a) {
    static const uint64_t exponent[4] = {C0 - 2, C1, 0, L3};
    tp_scalar power[16], r = tp_scalar_one;
    power[0] = tp_scalar_one;
    for (int i = 1; i < 16; i++)
        tp_scalar_mul(&power[i], &power[i - 1], a);
    for (int i = 63; i >= 0; i--) {
        for (int j = 0; j < 4; j++)
            tp_scalar_mul(&r, &r, &r);
        tp_scalar_mul(&r, &r, &power[exponent[i / 16] >> (4 * (i % 16)) & 15]);
    }
    *out = r;
    tp_wipe(power, sizeof power);
    tp_wipe(&r, sizeof r);
}

uint32_t tp_scalar_equal(const tp_scalar *a, const tp_scalar *b) {
    return tp_equal(a->limb, b->limb, sizeof a->limb);
}

uint32_t tp_scalar_is_zero(const tp_scalar *a) {
    return tp_scalar_equal(a, &tp_scalar_zero);
}

void tp_scalar_select(tp_scalar *out, const tp_scalar *a, const tp_scalar *b, uint32_t bit) {
    uint64_t m = tp_mask(bit);
    for (int i = 0; i < 4; i++)
        out->limb[i] = b->limb[i] ^ (m & (a->limb[i] ^ b->limb[i]));
}
