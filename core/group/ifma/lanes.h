/* Eight records in memory <-> vectors of their words: transposes of 64-bit words, and the packing
 * of field elements into 32 bytes.
 * spec: chapter 2 (primitives).
 */
#ifndef TAPAT_CORE_GROUP_IFMA_LANES_H
#define TAPAT_CORE_GROUP_IFMA_LANES_H

#include "core/base/mem.h"
#include "core/group/backend.h"
#include "core/group/ifma/field.h"

TP_INLINE v8 load(const void *p) {
    return _mm512_loadu_si512(p);
}

TP_INLINE void store(void *p, v8 a) {
    _mm512_storeu_si512(p, a);
}

/* Word j of r[i] becomes word i of r[j]. */
TP_INLINE void transpose8(v8 r[8]) {
    v8 t[8], u[8];
    for (int i = 0; i < 8; i += 2) {
        t[i] = _mm512_unpacklo_epi64(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi64(r[i], r[i + 1]);
    }
    for (int h = 0; h < 8; h += 4)
        for (int i = 0; i < 2; i++) {
            u[h + i] = _mm512_shuffle_i64x2(t[h + i], t[h + i + 2], 0x88);
            u[h + i + 2] = _mm512_shuffle_i64x2(t[h + i], t[h + i + 2], 0xdd);
        }
    for (int i = 0; i < 4; i++) {
        r[i] = _mm512_shuffle_i64x2(u[i], u[i + 4], 0x88);
        r[i + 4] = _mm512_shuffle_i64x2(u[i], u[i + 4], 0xdd);
    }
}

/* Eight consecutive records of four words. */
TP_INLINE void load_words(v8 w[4], const void *in) {
    const uint8_t *p = in;
    v8 r0 = load(p), r1 = load(p + 64), r2 = load(p + 128), r3 = load(p + 192);
    v8 a = _mm512_unpacklo_epi64(r0, r1), b = _mm512_unpackhi_epi64(r0, r1);
    v8 c = _mm512_unpacklo_epi64(r2, r3), d = _mm512_unpackhi_epi64(r2, r3);
    const v8 first = _mm512_setr_epi64(0, 4, 1, 5, 8, 12, 9, 13);
    const v8 second = _mm512_setr_epi64(2, 6, 3, 7, 10, 14, 11, 15);
    w[0] = _mm512_permutex2var_epi64(a, first, c);
    w[1] = _mm512_permutex2var_epi64(b, first, d);
    w[2] = _mm512_permutex2var_epi64(a, second, c);
    w[3] = _mm512_permutex2var_epi64(b, second, d);
}

TP_INLINE void store_words(void *out, const v8 w[4]) {
    uint8_t *p = out;
    /* even: records 0 2 4 6 as pairs of words; odd: 1 3 5 7 */
    v8 even_lo = _mm512_unpacklo_epi64(w[0], w[1]), odd_lo = _mm512_unpackhi_epi64(w[0], w[1]);
    v8 even_hi = _mm512_unpacklo_epi64(w[2], w[3]), odd_hi = _mm512_unpackhi_epi64(w[2], w[3]);
    const v8 front = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
    const v8 back = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
    v8 r02 = _mm512_permutex2var_epi64(even_lo, front, even_hi);
    v8 r46 = _mm512_permutex2var_epi64(even_lo, back, even_hi);
    v8 r13 = _mm512_permutex2var_epi64(odd_lo, front, odd_hi);
    v8 r57 = _mm512_permutex2var_epi64(odd_lo, back, odd_hi);
    store(p, _mm512_shuffle_i64x2(r02, r13, 0x44));
    store(p + 64, _mm512_shuffle_i64x2(r02, r13, 0xee));
    store(p + 128, _mm512_shuffle_i64x2(r46, r57, 0x44));
    store(p + 192, _mm512_shuffle_i64x2(r46, r57, 0xee));
}

/* The low 255 bits of four words as limbs < 2^51. */
TP_INLINE tight fe_from_words(const v8 w[4]) {
    return (tight){{and51(w[0]), and51(_mm512_shrdi_epi64(w[0], w[1], 51)),
                    and51(_mm512_shrdi_epi64(w[1], w[2], 38)),
                    and51(_mm512_shrdi_epi64(w[2], w[3], 25)), and51(_mm512_srli_epi64(w[3], 12))}};
}

TP_INLINE void fe_to_words(v8 w[4], tight a) {
    tight f = freeze(a);
    w[0] = _mm512_or_si512(f.v[0], _mm512_slli_epi64(f.v[1], 51));
    w[1] = _mm512_or_si512(_mm512_srli_epi64(f.v[1], 13), _mm512_slli_epi64(f.v[2], 38));
    w[2] = _mm512_or_si512(_mm512_srli_epi64(f.v[2], 26), _mm512_slli_epi64(f.v[3], 25));
    w[3] = _mm512_or_si512(_mm512_srli_epi64(f.v[3], 39), _mm512_slli_epi64(f.v[4], 12));
}

/* ---- rows of 20 words (a tp_point) and of 15 ---- */

/* The last four words of eight rows. */
TP_INLINE void load_last4(v8 c[4], const uint64_t *const row[8], int at) {
    v8 r[4];
    for (int i = 0; i < 4; i++) {
        __m256i lo = _mm256_loadu_si256((const __m256i *)(const void *)(row[i] + at));
        __m256i hi = _mm256_loadu_si256((const __m256i *)(const void *)(row[i + 4] + at));
        r[i] = _mm512_inserti64x4(_mm512_castsi256_si512(lo), hi, 1);
    }
    v8 a = _mm512_unpacklo_epi64(r[0], r[1]), b = _mm512_unpackhi_epi64(r[0], r[1]);
    v8 d = _mm512_unpacklo_epi64(r[2], r[3]), e = _mm512_unpackhi_epi64(r[2], r[3]);
    const v8 first = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13);
    const v8 second = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
    c[0] = _mm512_permutex2var_epi64(a, first, d);
    c[1] = _mm512_permutex2var_epi64(b, first, e);
    c[2] = _mm512_permutex2var_epi64(a, second, d);
    c[3] = _mm512_permutex2var_epi64(b, second, e);
}

TP_INLINE void load_rows20(v8 c[20], const uint64_t *const row[8]) {
    for (int h = 0; h < 2; h++) {
        for (int i = 0; i < 8; i++)
            c[8 * h + i] = load(row[i] + 8 * h);
        transpose8(c + 8 * h);
    }
    load_last4(c + 16, row, 16);
}

TP_INLINE void store_rows20(uint64_t *const row[8], const v8 c[20]) {
    v8 t[8];
    for (int h = 0; h < 2; h++) {
        for (int i = 0; i < 8; i++)
            t[i] = c[8 * h + i];
        transpose8(t);
        for (int i = 0; i < 8; i++)
            store(row[i] + 8 * h, t[i]);
    }
    uint64_t last[32];
    store_words(last, c + 16);
    for (int i = 0; i < 8; i++)
        memcpy(row[i] + 16, last + 4 * i, 32);
}

/* ---- tails: n items in groups of eight, the last padded ---- */

#define TP_LANES ((size_t)8)

/* How many of the lanes [at, at+8) are below n; at may be past n. */
TP_INLINE size_t lanes_left(size_t n, size_t at) {
    return at >= n ? 0 : n - at < TP_LANES ? n - at : TP_LANES;
}

/* The lanes of [at, at+8) from n on. */
TP_INLINE __mmask8 lanes_beyond(size_t n, size_t at) {
    return (__mmask8)(0xff00u >> (TP_LANES - lanes_left(n, at)));
}

/* The words of scalars or encodings [at, at+8), zero from n on. */
TP_INLINE void load_words_tail(v8 w[4], const void *in, size_t at, size_t n) {
    const uint8_t *p = (const uint8_t *)in + 32 * at;
    size_t left = lanes_left(n, at);
    if (left == TP_LANES) {
        load_words(w, p);
        return;
    }
    uint8_t padded[32 * TP_LANES] = {0};
    if (left) memcpy(padded, p, 32 * left);
    load_words(w, padded);
    tp_wipe(padded, sizeof padded);
}

TP_INLINE void store_words_tail(void *out, size_t at, size_t n, const v8 w[4]) {
    uint8_t *p = (uint8_t *)out + 32 * at;
    size_t left = lanes_left(n, at);
    if (left == TP_LANES) {
        store_words(p, w);
        return;
    }
    uint8_t padded[32 * TP_LANES];
    store_words(padded, w);
    if (left) memcpy(p, padded, 32 * left);
    tp_wipe(padded, sizeof padded);
}

#endif
