/* SHA-512 (FIPS 180-4 section 6.4), eight messages at a time: word i of all of them in one vector.
 * Constant time, as sha512.c. spec: P-1.
 */
#include <immintrin.h>

#include "core/base/mem.h"
#include "core/hash/sha512_blocks.h"

typedef __m512i v8;

/* Word j of r[i] becomes word i of r[j]. */
static inline void transpose(v8 r[static 8]) {
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

static inline v8 sum(v8 a, v8 b) {
    return _mm512_add_epi64(a, b);
}

/* Truth tables of three inputs: the parity, the choice by the first, the majority. */
#define XOR3(x, y, z) _mm512_ternarylogic_epi64(x, y, z, 0x96)
#define CH(x, y, z)   _mm512_ternarylogic_epi64(x, y, z, 0xca)
#define MAJ(x, y, z)  _mm512_ternarylogic_epi64(x, y, z, 0xe8)
#define ROTR(x, n)    _mm512_ror_epi64(x, n)

/* One round; the roles of the eight words turn by one each time, so no word is moved. */
#define ROUND(a, b, c, d, e, f, g, h, i)                                                           \
    do {                                                                                           \
        v8 in = sum(sum(h, w[i]), _mm512_set1_epi64((long long)k[i]));                             \
        v8 t = sum(sum(in, CH(e, f, g)), XOR3(ROTR(e, 14), ROTR(e, 18), ROTR(e, 41)));             \
        d = sum(d, t);                                                                             \
        h = sum(sum(t, MAJ(a, b, c)), XOR3(ROTR(a, 28), ROTR(a, 34), ROTR(a, 39)));                \
    } while (0)

#define EIGHT_ROUNDS(i)                                                                            \
    ROUND(a, b, c, d, e, f, g, h, i);                                                              \
    ROUND(h, a, b, c, d, e, f, g, i + 1);                                                          \
    ROUND(g, h, a, b, c, d, e, f, i + 2);                                                          \
    ROUND(f, g, h, a, b, c, d, e, i + 3);                                                          \
    ROUND(e, f, g, h, a, b, c, d, i + 4);                                                          \
    ROUND(d, e, f, g, h, a, b, c, i + 5);                                                          \
    ROUND(c, d, e, f, g, h, a, b, i + 6);                                                          \
    ROUND(b, c, d, e, f, g, h, a, i + 7)

/* The next sixteen words of the message schedule, in place. */
static inline void schedule(v8 w[static 16]) {
#pragma GCC unroll 16
    for (unsigned i = 0; i < 16; i++) {
        v8 x = w[(i + 1) & 15], y = w[(i + 14) & 15];
        v8 s0 = XOR3(ROTR(x, 1), ROTR(x, 8), _mm512_srli_epi64(x, 7));
        v8 s1 = XOR3(ROTR(y, 19), ROTR(y, 61), _mm512_srli_epi64(y, 6));
        w[i] = sum(sum(w[i], w[(i + 9) & 15]), sum(s0, s1));
    }
}

/* The next block of every message, word by word. */
static inline void load_words(v8 w[static 16], const uint8_t *const p[static 8], size_t at) {
    const v8 swap =
        _mm512_broadcast_i32x4(_mm_setr_epi8(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8));
    for (int half = 0; half < 2; half++) {
        for (int i = 0; i < 8; i++)
            w[8 * half + i] = _mm512_shuffle_epi8(_mm512_loadu_si512(p[i] + at + 64 * half), swap);
        transpose(w + 8 * half);
    }
}

void tp_sha512_blocks8_avx512(uint64_t *const state[static 8], const uint8_t *const p[static 8],
                              size_t count) {
    v8 s[8], w[16];
    for (int i = 0; i < 8; i++)
        s[i] = _mm512_loadu_si512(state[i]);
    transpose(s);
    for (size_t at = 0; count; count--, at += 128) {
        load_words(w, p, at);
        v8 a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
        for (const uint64_t *k = tp_sha512_k;;) {
            EIGHT_ROUNDS(0);
            EIGHT_ROUNDS(8);
            k += 16;
            if (k == tp_sha512_k + 80) break;
            schedule(w);
        }
        s[0] = sum(s[0], a), s[1] = sum(s[1], b), s[2] = sum(s[2], c), s[3] = sum(s[3], d);
        s[4] = sum(s[4], e), s[5] = sum(s[5], f), s[6] = sum(s[6], g), s[7] = sum(s[7], h);
    }
    transpose(s);
    for (int i = 0; i < 8; i++)
        _mm512_storeu_si512(state[i], s[i]);
    tp_wipe(w, sizeof w);
}
