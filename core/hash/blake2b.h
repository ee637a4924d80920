/* BLAKE2b (RFC 7693), unkeyed. Internal to core/hash: Argon2id is its only user. */
#ifndef TAPAT_CORE_HASH_BLAKE2B_H
#define TAPAT_CORE_HASH_BLAKE2B_H

#include "core/base/base.h"

typedef struct {
    uint64_t state[8];
    uint64_t total;
    size_t out_len;
    uint8_t block[128];
} tp_blake2b_ctx;

/* out_len: 1..64 bytes. */
void tp_blake2b_init(tp_blake2b_ctx *c, size_t out_len);
void tp_blake2b_update(tp_blake2b_ctx *c, const void *bytes, size_t len);
void tp_blake2b_final(tp_blake2b_ctx *c, uint8_t *out);

static inline uint64_t tp_get_u64le(const uint8_t *p) {
    uint64_t v = 0;
    for (unsigned i = 8; i-- > 0;)
        v = v << 8 | p[i];
    return v;
}

static inline void tp_put_u64le(uint8_t *p, uint64_t v) {
    for (unsigned i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

#endif
