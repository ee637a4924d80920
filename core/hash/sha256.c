/* SHA-256 (FIPS 180-4 section 6.2): the portable compression function and the streaming interface.
 * Constant time: no branch or index depends on the bytes.
 *
 * Invariant: between calls, block holds the last total % 64 bytes that were not yet compressed.
 * spec: P-1.
 */
#include "core/hash/hash.h"
#include "core/hash/sha256_blocks.h"
#include "core/base/mem.h"

static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t rotr(uint32_t x, unsigned n) {
    return x >> n | x << (32 - n);
}

/* One round; the roles of the eight words turn by one each time, so no word is moved. */
#define ROUND(a, b, c, d, e, f, g, h, i)                                                           \
    do {                                                                                           \
        uint32_t t =                                                                               \
            h + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + (g ^ (e & (f ^ g))) + k[i] + w[i];      \
        d += t;                                                                                    \
        h = t + (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) | (c & (a | b)));              \
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
static inline void schedule(uint32_t w[16]) {
#pragma GCC unroll 16
    for (unsigned i = 0; i < 16; i++) {
        uint32_t x = w[(i + 1) & 15], y = w[(i + 14) & 15];
        w[i] += (rotr(x, 7) ^ rotr(x, 18) ^ x >> 3) + w[(i + 9) & 15] +
                (rotr(y, 17) ^ rotr(y, 19) ^ y >> 10);
    }
}

void tp_sha256_blocks_portable(uint32_t s[static 8], const uint8_t *p, size_t count) {
    uint32_t w[16];
    for (; count; count--, p += 64) {
        for (unsigned i = 0; i < 16; i++)
            w[i] = tp_get_u32be(p + 4 * i);
        uint32_t a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
        for (const uint32_t *k = K;;) {
            EIGHT_ROUNDS(0);
            EIGHT_ROUNDS(8);
            k += 16;
            if (k == K + 64) break;
            schedule(w);
        }
        s[0] += a, s[1] += b, s[2] += c, s[3] += d, s[4] += e, s[5] += f, s[6] += g, s[7] += h;
    }
    tp_wipe(w, sizeof w);
}

void tp_sha256_init(tp_sha256_ctx *c) {
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(c->state, start, sizeof start);
    c->total = 0;
}

void tp_sha256_update(tp_sha256_ctx *c, const void *bytes, size_t len) {
    if (!len) return;
    const uint8_t *p = bytes;
    size_t used = (size_t)(c->total & 63);
    c->total += len;
    if (used) {
        size_t take = len < 64 - used ? len : 64 - used;
        memcpy(c->block + used, p, take);
        if (used + take < 64) return;
        tp_sha256_blocks(c->state, c->block, 1);
        p += take, len -= take;
    }
    if (len >= 64) tp_sha256_blocks(c->state, p, len / 64);
    memcpy(c->block, p + (len & ~(size_t)63), len & 63);
}

void tp_sha256_final(tp_sha256_ctx *c, uint8_t out[static 32]) {
    size_t used = (size_t)(c->total & 63);
    c->block[used++] = 0x80;
    memset(c->block + used, 0, 64 - used);
    if (used > 56) {
        tp_sha256_blocks(c->state, c->block, 1);
        memset(c->block, 0, 64);
    }
    tp_put_u64be(c->block + 56, c->total << 3);
    tp_sha256_blocks(c->state, c->block, 1);
    for (unsigned i = 0; i < 8; i++)
        tp_put_u32be(out + 4 * i, c->state[i]);
    tp_wipe(c, sizeof *c);
}

void tp_sha256(uint8_t out[static 32], const void *bytes, size_t len) {
    tp_sha256_ctx c;
    tp_sha256_init(&c);
    tp_sha256_update(&c, bytes, len);
    tp_sha256_final(&c, out);
}
