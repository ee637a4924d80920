/* What both radixes of GF(2^255-19) share: constants, signs, inverse, square roots.
 * wasm32 and builds with TP_NARROW take field25.h, all others field51.h.
 * Arguments are tight unless a comment says otherwise; all functions are constant time.
 * spec: chapter 2 (primitives).
 */
#ifndef TAPAT_CORE_GROUP_FIELD_H
#define TAPAT_CORE_GROUP_FIELD_H

#if defined(__wasm__) || defined(TP_NARROW)
#include "core/group/field25.h"
#else
#include "core/group/field51.h"
#endif

/* RFC 9496 section 4.1, by the names used there. */
#define FE_ZERO FE_WORDS(UINT64_C(0), UINT64_C(0), UINT64_C(0), UINT64_C(0))
#define FE_ONE  FE_WORDS(UINT64_C(1), UINT64_C(0), UINT64_C(0), UINT64_C(0))
#define FE_D                                                                                       \
    FE_WORDS(UINT64_C(0x75eb4dca135978a3), UINT64_C(0x00700a4d4141d8ab),                           \
             UINT64_C(0x8cc740797779e898), UINT64_C(0x52036cee2b6ffe73))
#define FE_MINUS_ONE                                                                               \
    FE_WORDS(UINT64_C(0xffffffffffffffec), UINT64_C(0xffffffffffffffff),                           \
             UINT64_C(0xffffffffffffffff), UINT64_C(0x7fffffffffffffff))
#define FE_MINUS_D                                                                                 \
    FE_WORDS(UINT64_C(0x8a14b235eca6874a), UINT64_C(0xff8ff5b2bebe2754),                           \
             UINT64_C(0x7338bf8688861767), UINT64_C(0x2dfc9311d490018c))
#define FE_2D                                                                                      \
    FE_WORDS(UINT64_C(0xebd69b9426b2f159), UINT64_C(0x00e0149a8283b156),                           \
             UINT64_C(0x198e80f2eef3d130), UINT64_C(0x2406d9dc56dffce7))
#define FE_SQRT_M1                                                                                 \
    FE_WORDS(UINT64_C(0xc4ee1b274a0ea0b0), UINT64_C(0x2f431806ad2fe478),                           \
             UINT64_C(0x2b4d00993dfbd7a7), UINT64_C(0x2b8324804fc1df0b))
#define FE_ONE_MINUS_D_SQ                                                                          \
    FE_WORDS(UINT64_C(0xe27c09c1945fc176), UINT64_C(0x2c81a138cd5e350f),                           \
             UINT64_C(0x9994abddbe70dfe4), UINT64_C(0x029072a8b2b3e0d7))
#define FE_D_MINUS_ONE_SQ                                                                          \
    FE_WORDS(UINT64_C(0x31ad5aaa44ed4d20), UINT64_C(0xd29e4a2cb01e1999),                           \
             UINT64_C(0x4cdcd32f529b4eeb), UINT64_C(0x5968b37af66c2241))
#define FE_SQRT_AD_MINUS_ONE                                                                       \
    FE_WORDS(UINT64_C(0x7e97f6a0497b2e1b), UINT64_C(0xaf9d8e0c1b7854bd),                           \
             UINT64_C(0x0f3cfcc931f5d1fd), UINT64_C(0x376931bf2b8348ac))
#define FE_INVSQRT_A_MINUS_D                                                                       \
    FE_WORDS(UINT64_C(0x99c8fdaa805d40ea), UINT64_C(0x9d2f16175a4172be),                           \
             UINT64_C(0x16c27b91fe01d840), UINT64_C(0x786c8905cfaffca2))

/* The base point's affine coordinates (RFC 8032 section 5.1). */
#define FE_BASE_X                                                                                  \
    FE_WORDS(UINT64_C(0xc9562d608f25d51a), UINT64_C(0x692cc7609525a7b2),                           \
             UINT64_C(0xc0a4e231fdd6dc5c), UINT64_C(0x216936d3cd6e53fe))
#define FE_BASE_Y                                                                                  \
    FE_WORDS(UINT64_C(0x6666666666666658), UINT64_C(0x6666666666666666),                           \
             UINT64_C(0x6666666666666666), UINT64_C(0x6666666666666666))
#define FE_BASE_T                                                                                  \
    FE_WORDS(UINT64_C(0x6dde8ab3a5b7dda3), UINT64_C(0x20f09f80775152f5),                           \
             UINT64_C(0x66ea4e8e64abe37d), UINT64_C(0x67875f0fd78b7665))

/* tight -> tight */
static inline void fe_neg(fe *o, const fe *a) {
    static const fe zero = FE_ZERO;
    fe t;
    fe_sub(&t, &zero, a);
    fe_carry(o, &t);
}

/* The low bit of the canonical encoding. */
static inline uint32_t fe_is_negative(const fe *a) {
    uint8_t bytes[32];
    fe_to_bytes(bytes, a);
    return bytes[0] & 1;
}

static inline uint32_t fe_is_zero(const fe *a) {
    uint8_t bytes[32];
    fe_to_bytes(bytes, a);
    uint64_t any = 0;
    for (int i = 0; i < 32; i++)
        any |= bytes[i];
    return (uint32_t)((tp_barrier(any) - 1) >> 63);
}

static inline uint32_t fe_equal(const fe *a, const fe *b) {
    fe t;
    fe_sub(&t, a, b);
    fe_carry(&t, &t);
    return fe_is_zero(&t);
}

/* o = bit ? -a : a */
static inline void fe_negate_if(fe *o, const fe *a, uint32_t bit) {
    fe t;
    fe_neg(&t, a);
    fe_select(o, &t, a, bit);
}

static inline void fe_abs(fe *o, const fe *a) {
    fe_negate_if(o, a, fe_is_negative(a));
}

/* o = a^(2^n), n >= 1 */
static inline void fe_sqr_times(fe *o, const fe *a, int n) {
    fe_sqr(o, a);
    for (int i = 1; i < n; i++)
        fe_sqr(o, o);
}

/* a^(2^252-3) */
void tp_fe_pow22523(fe *o, const fe *a);
/* 1/a, and 0 for 0 */
void tp_fe_invert(fe *o, const fe *a);
/* SQRT_RATIO_M1 of RFC 9496 section 4.2: 1 and +sqrt(u/v) if u/v is a square (0 if u is 0), else
 * 0 and +sqrt(SQRT_M1 * u/v) (0 if v is 0); the root is the nonnegative one. */
uint32_t tp_fe_sqrt_ratio(fe *o, const fe *u, const fe *v);
/* Inverts n elements in place at the price of one inverse; a zero stays zero and harms no other.
 * spare: n elements of scratch. */
void tp_fe_invert_batch(fe *a, size_t n, fe *spare);

#endif
