/* 64-bit words with carries, for machines whose widest product is 64 bits (wasm32).
 * spec: chapter 2 (primitives).
 */
#ifndef TAPAT_CORE_GROUP_WORD32_H
#define TAPAT_CORE_GROUP_WORD32_H

#include <stdint.h>

/* The low word of a*b + c + *carry; the high word goes to *carry. Each step is a product of two
 * 32-bit halves plus two 32-bit numbers, at most (2^32-1)^2 + 2 (2^32-1) = 2^64 - 1. */
static inline uint64_t word_muladd(uint64_t a, uint64_t b, uint64_t c, uint64_t *carry) {
    const uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t t = a0 * b0 + (uint32_t)c + (uint32_t)*carry;
    uint64_t u = a1 * b0 + (c >> 32) + (t >> 32);
    uint64_t v = a0 * b1 + (uint32_t)u + (*carry >> 32);
    *carry = a1 * b1 + (u >> 32) + (v >> 32);
    return v << 32 | (uint32_t)t;
}

/* The low word of a + b + *carry; *carry is 0 or 1, in and out. */
static inline uint64_t word_add(uint64_t a, uint64_t b, uint64_t *carry) {
    uint64_t t = a + *carry, sum = t + b;
    *carry = (uint64_t)(t < a) + (uint64_t)(sum < b);
    return sum;
}

/* a - b - *borrow modulo 2^64; *borrow is 0 or 1, in and out. */
static inline uint64_t word_sub(uint64_t a, uint64_t b, uint64_t *borrow) {
    uint64_t t = a - b, difference = t - *borrow;
    *borrow = (uint64_t)(a < b) + (uint64_t)(t < *borrow);
    return difference;
}

#endif
