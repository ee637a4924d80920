/* 64-bit words with carries, for machines with a 64 x 64 -> 128 bit multiplier.
 * spec: chapter 2 (primitives).
 */
#ifndef TAPAT_CORE_GROUP_WORD64_H
#define TAPAT_CORE_GROUP_WORD64_H

#include <stdint.h>

__extension__ typedef unsigned __int128 word_pair;

/* The low word of a*b + c + *carry; the high word goes to *carry. Cannot overflow:
 * (2^64-1)^2 + 2 (2^64-1) = 2^128 - 1. */
static inline uint64_t word_muladd(uint64_t a, uint64_t b, uint64_t c, uint64_t *carry) {
    word_pair t = (word_pair)a * b + c + *carry;
    *carry = (uint64_t)(t >> 64);
    return (uint64_t)t;
}

/* The low word of a + b + *carry; *carry is 0 or 1, in and out. */
static inline uint64_t word_add(uint64_t a, uint64_t b, uint64_t *carry) {
    word_pair t = (word_pair)a + b + *carry;
    *carry = (uint64_t)(t >> 64);
    return (uint64_t)t;
}

/* a - b - *borrow modulo 2^64; *borrow is 0 or 1, in and out. */
static inline uint64_t word_sub(uint64_t a, uint64_t b, uint64_t *borrow) {
    word_pair t = (word_pair)a - b - *borrow;
    *borrow = (uint64_t)(t >> 64) & 1;
    return (uint64_t)t;
}

#endif
