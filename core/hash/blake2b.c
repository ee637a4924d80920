/* BLAKE2b (RFC 7693), unkeyed. Constant time.
 *
 * Invariant: block holds the last bytes not yet compressed, 1..128 of them once any byte came,
 * since the last block of all is compressed differently. spec: P-2.
 */
#include "core/hash/blake2b.h"
#include "core/base/mem.h"

static const uint64_t IV[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
                               0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
                               0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

static const uint8_t SIGMA[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

static inline uint64_t rotr(uint64_t x, unsigned n) {
    return x >> n | x << (64 - n);
}

static inline void mix(uint64_t v[16], unsigned a, unsigned b, unsigned c, unsigned d, uint64_t x,
                       uint64_t y) {
    v[a] += v[b] + x;
    v[d] = rotr(v[d] ^ v[a], 32);
    v[c] += v[d];
    v[b] = rotr(v[b] ^ v[c], 24);
    v[a] += v[b] + y;
    v[d] = rotr(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = rotr(v[b] ^ v[c], 63);
}

static void compress(tp_blake2b_ctx *c, uint64_t last) {
    uint64_t m[16], v[16];
    for (unsigned i = 0; i < 16; i++)
        m[i] = tp_get_u64le(c->block + 8 * i);
    memcpy(v, c->state, 64);
    memcpy(v + 8, IV, 64);
    v[12] ^= c->total;
    v[14] ^= last;
    for (unsigned round = 0; round < 12; round++) {
        const uint8_t *s = SIGMA[round % 10];
        for (unsigned i = 0; i < 4; i++)
            mix(v, i, i + 4, i + 8, i + 12, m[s[2 * i]], m[s[2 * i + 1]]);
        for (unsigned i = 0; i < 4; i++)
            mix(v, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4, m[s[8 + 2 * i]],
                m[s[9 + 2 * i]]);
    }
    for (unsigned i = 0; i < 8; i++)
        c->state[i] ^= v[i] ^ v[i + 8];
    tp_wipe(m, sizeof m);
    tp_wipe(v, sizeof v);
}

void tp_blake2b_init(tp_blake2b_ctx *c, size_t out_len) {
    if (out_len < 1 || out_len > 64) __builtin_trap();
    memcpy(c->state, IV, sizeof IV);
    c->state[0] ^= 0x01010000 ^ (uint64_t)out_len;
    c->total = 0;
    c->out_len = out_len;
}

/* The bytes waiting in block: 0 only before the first. */
static size_t waiting(const tp_blake2b_ctx *c) {
    return c->total ? (size_t)((c->total - 1) & 127) + 1 : 0;
}

void tp_blake2b_update(tp_blake2b_ctx *c, const void *bytes, size_t len) {
    const uint8_t *p = bytes;
    while (len) {
        size_t used = waiting(c);
        if (used == 128) {
            compress(c, 0);
            used = 0;
        }
        size_t take = len < 128 - used ? len : 128 - used;
        memcpy(c->block + used, p, take);
        c->total += take;
        p += take, len -= take;
    }
}

void tp_blake2b_final(tp_blake2b_ctx *c, uint8_t *out) {
    size_t used = waiting(c);
    memset(c->block + used, 0, 128 - used);
    compress(c, UINT64_MAX);
    uint8_t all[64];
    for (unsigned i = 0; i < 8; i++)
        tp_put_u64le(all + 8 * i, c->state[i]);
    memcpy(out, all, c->out_len);
    tp_wipe(all, sizeof all);
    tp_wipe(c, sizeof *c);
}
