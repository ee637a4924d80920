/* Multiplication and squaring of field25.h, out of line: half the code size on wasm32 for a few
 * nanoseconds. Built into every library; only narrow builds call it.
 * spec: chapter 2 (primitives).
 */
#include "core/group/field25.h"

/* Columns (each < 2^62.2) -> tight. r9's column has no factor 19, so r9 < 2^57.6 + 2^37, and
 * 19 * (r9 >> 25) < 2^36.9: limb 1 ends < 2^25 + 2^11. */
static inline void reduce(fe *o, uint64_t r[static 10]) {
    for (int i = 0; i < 9; i++) {
        r[i + 1] += r[i] >> FE_BITS(i);
        r[i] &= FE_MASK(i);
    }
    r[0] += 19 * (r[9] >> 25);
    r[9] &= FE_MASK(9);
    r[1] += r[0] >> 26;
    r[0] &= FE_MASK(0);
    for (int i = 0; i < 10; i++)
        o->v[i] = (uint32_t)r[i];
}

/* With A = 3 * 2^26 + 2^19 (even limbs) and B = 3 * 2^25 + 2^19 (odd): 19 * A < 2^32 fits, 2 * B
 * fits, and the widest column, r0, is < A^2 + 4 * 19 * A^2 + 5 * 38 * B^2 < 2^62.2. */
void tp_fe25_mul(fe *o, const fe *a, const fe *b) {
    fe_check(a, FE_LOOSE), fe_check(b, FE_LOOSE);
    const uint32_t a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3], a4 = a->v[4],
                   a5 = a->v[5], a6 = a->v[6], a7 = a->v[7], a8 = a->v[8], a9 = a->v[9];
    const uint32_t b0 = b->v[0], b1 = b->v[1], b2 = b->v[2], b3 = b->v[3], b4 = b->v[4],
                   b5 = b->v[5], b6 = b->v[6], b7 = b->v[7], b8 = b->v[8], b9 = b->v[9];
    const uint32_t c1 = 19 * b1, c2 = 19 * b2, c3 = 19 * b3, c4 = 19 * b4, c5 = 19 * b5,
                   c6 = 19 * b6, c7 = 19 * b7, c8 = 19 * b8, c9 = 19 * b9;
    const uint32_t d1 = 2 * a1, d3 = 2 * a3, d5 = 2 * a5, d7 = 2 * a7, d9 = 2 * a9;
    uint64_t r0 = (uint64_t)a0 * b0 + (uint64_t)d1 * c9 + (uint64_t)a2 * c8 + (uint64_t)d3 * c7 +
                  (uint64_t)a4 * c6 + (uint64_t)d5 * c5 + (uint64_t)a6 * c4 + (uint64_t)d7 * c3 +
                  (uint64_t)a8 * c2 + (uint64_t)d9 * c1;
    uint64_t r1 = (uint64_t)a0 * b1 + (uint64_t)a1 * b0 + (uint64_t)a2 * c9 + (uint64_t)a3 * c8 +
                  (uint64_t)a4 * c7 + (uint64_t)a5 * c6 + (uint64_t)a6 * c5 + (uint64_t)a7 * c4 +
                  (uint64_t)a8 * c3 + (uint64_t)a9 * c2;
    uint64_t r2 = (uint64_t)a0 * b2 + (uint64_t)d1 * b1 + (uint64_t)a2 * b0 + (uint64_t)d3 * c9 +
                  (uint64_t)a4 * c8 + (uint64_t)d5 * c7 + (uint64_t)a6 * c6 + (uint64_t)d7 * c5 +
                  (uint64_t)a8 * c4 + (uint64_t)d9 * c3;
    uint64_t r3 = (uint64_t)a0 * b3 + (uint64_t)a1 * b2 + (uint64_t)a2 * b1 + (uint64_t)a3 * b0 +
                  (uint64_t)a4 * c9 + (uint64_t)a5 * c8 + (uint64_t)a6 * c7 + (uint64_t)a7 * c6 +
                  (uint64_t)a8 * c5 + (uint64_t)a9 * c4;
    uint64_t r4 = (uint64_t)a0 * b4 + (uint64_t)d1 * b3 + (uint64_t)a2 * b2 + (uint64_t)d3 * b1 +
                  (uint64_t)a4 * b0 + (uint64_t)d5 * c9 + (uint64_t)a6 * c8 + (uint64_t)d7 * c7 +
                  (uint64_t)a8 * c6 + (uint64_t)d9 * c5;
    uint64_t r5 = (uint64_t)a0 * b5 + (uint64_t)a1 * b4 + (uint64_t)a2 * b3 + (uint64_t)a3 * b2 +
                  (uint64_t)a4 * b1 + (uint64_t)a5 * b0 + (uint64_t)a6 * c9 + (uint64_t)a7 * c8 +
                  (uint64_t)a8 * c7 + (uint64_t)a9 * c6;
    uint64_t r6 = (uint64_t)a0 * b6 + (uint64_t)d1 * b5 + (uint64_t)a2 * b4 + (uint64_t)d3 * b3 +
                  (uint64_t)a4 * b2 + (uint64_t)d5 * b1 + (uint64_t)a6 * b0 + (uint64_t)d7 * c9 +
                  (uint64_t)a8 * c8 + (uint64_t)d9 * c7;
    uint64_t r7 = (uint64_t)a0 * b7 + (uint64_t)a1 * b6 + (uint64_t)a2 * b5 + (uint64_t)a3 * b4 +
                  (uint64_t)a4 * b3 + (uint64_t)a5 * b2 + (uint64_t)a6 * b1 + (uint64_t)a7 * b0 +
                  (uint64_t)a8 * c9 + (uint64_t)a9 * c8;
    uint64_t r8 = (uint64_t)a0 * b8 + (uint64_t)d1 * b7 + (uint64_t)a2 * b6 + (uint64_t)d3 * b5 +
                  (uint64_t)a4 * b4 + (uint64_t)d5 * b3 + (uint64_t)a6 * b2 + (uint64_t)d7 * b1 +
                  (uint64_t)a8 * b0 + (uint64_t)d9 * c9;
    uint64_t r9 = (uint64_t)a0 * b9 + (uint64_t)a1 * b8 + (uint64_t)a2 * b7 + (uint64_t)a3 * b6 +
                  (uint64_t)a4 * b5 + (uint64_t)a5 * b4 + (uint64_t)a6 * b3 + (uint64_t)a7 * b2 +
                  (uint64_t)a8 * b1 + (uint64_t)a9 * b0;
    uint64_t r[10] = {r0, r1, r2, r3, r4, r5, r6, r7, r8, r9};
    reduce(o, r);
}

/* The columns of tp_fe25_mul(a, a): 2 * A < 2^29 and 4 * B < 2^29 fit. */
void tp_fe25_sqr(fe *o, const fe *a) {
    fe_check(a, FE_LOOSE);
    const uint32_t a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3], a4 = a->v[4],
                   a5 = a->v[5], a6 = a->v[6], a7 = a->v[7], a8 = a->v[8], a9 = a->v[9];
    const uint32_t c5 = 19 * a5, c6 = 19 * a6, c7 = 19 * a7, c8 = 19 * a8, c9 = 19 * a9;
    const uint32_t d0 = 2 * a0, d1 = 2 * a1, d2 = 2 * a2, d3 = 2 * a3, d4 = 2 * a4, d5 = 2 * a5,
                   d6 = 2 * a6, d7 = 2 * a7, d8 = 2 * a8, d9 = 2 * a9;
    const uint32_t q1 = 4 * a1, q3 = 4 * a3, q5 = 4 * a5, q7 = 4 * a7;
    uint64_t r0 = (uint64_t)a0 * a0 + (uint64_t)q1 * c9 + (uint64_t)d2 * c8 + (uint64_t)q3 * c7 +
                  (uint64_t)d4 * c6 + (uint64_t)d5 * c5;
    uint64_t r1 = (uint64_t)d0 * a1 + (uint64_t)d2 * c9 + (uint64_t)d3 * c8 + (uint64_t)d4 * c7 +
                  (uint64_t)d5 * c6;
    uint64_t r2 = (uint64_t)d0 * a2 + (uint64_t)d1 * a1 + (uint64_t)q3 * c9 + (uint64_t)d4 * c8 +
                  (uint64_t)q5 * c7 + (uint64_t)a6 * c6;
    uint64_t r3 = (uint64_t)d0 * a3 + (uint64_t)d1 * a2 + (uint64_t)d4 * c9 + (uint64_t)d5 * c8 +
                  (uint64_t)d6 * c7;
    uint64_t r4 = (uint64_t)d0 * a4 + (uint64_t)q1 * a3 + (uint64_t)a2 * a2 + (uint64_t)q5 * c9 +
                  (uint64_t)d6 * c8 + (uint64_t)d7 * c7;
    uint64_t r5 = (uint64_t)d0 * a5 + (uint64_t)d1 * a4 + (uint64_t)d2 * a3 + (uint64_t)d6 * c9 +
                  (uint64_t)d7 * c8;
    uint64_t r6 = (uint64_t)d0 * a6 + (uint64_t)q1 * a5 + (uint64_t)d2 * a4 + (uint64_t)d3 * a3 +
                  (uint64_t)q7 * c9 + (uint64_t)a8 * c8;
    uint64_t r7 = (uint64_t)d0 * a7 + (uint64_t)d1 * a6 + (uint64_t)d2 * a5 + (uint64_t)d3 * a4 +
                  (uint64_t)d8 * c9;
    uint64_t r8 = (uint64_t)d0 * a8 + (uint64_t)q1 * a7 + (uint64_t)d2 * a6 + (uint64_t)q3 * a5 +
                  (uint64_t)a4 * a4 + (uint64_t)d9 * c9;
    uint64_t r9 = (uint64_t)d0 * a9 + (uint64_t)d1 * a8 + (uint64_t)d2 * a7 + (uint64_t)d3 * a6 +
                  (uint64_t)d4 * a5;
    uint64_t r[10] = {r0, r1, r2, r3, r4, r5, r6, r7, r8, r9};
    reduce(o, r);
}
