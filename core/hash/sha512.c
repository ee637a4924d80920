/* SHA-512 (FIPS 180-4 section 6.4), portable. Constant time: no branch or index depends on the
 * bytes.
 *
 * Invariant: between calls, block holds the last total % 128 bytes that were not yet compressed.
 * Inputs are under 2^61 bytes, so the upper half of the 128-bit length is always zero.
 * spec: P-1.
 */
#include "core/hash/hash.h"
#include "core/base/mem.h"
#include "core/hash/sha512_blocks.h"

const uint64_t tp_sha512_k[80] = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
    0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
    0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
    0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
    0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
    0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
    0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
    0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
    0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
    0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
    0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
    0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
    0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
    0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
    0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
    0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
    0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

static inline uint64_t rotr(uint64_t x, unsigned n) {
    return x >> n | x << (64 - n);
}

/* One round; the roles of the eight words turn by one each time, so no word is moved. */
#define ROUND(a, b, c, d, e, f, g, h, i)                                                           \
    do {                                                                                           \
        uint64_t t =                                                                               \
            h + (rotr(e, 14) ^ rotr(e, 18) ^ rotr(e, 41)) + (g ^ (e & (f ^ g))) + k[i] + w[i];     \
        d += t;                                                                                    \
        h = t + (rotr(a, 28) ^ rotr(a, 34) ^ rotr(a, 39)) + ((a & b) | (c & (a | b)));             \
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
static inline void schedule(uint64_t w[16]) {
#pragma GCC unroll 16
    for (unsigned i = 0; i < 16; i++) {
        uint64_t x = w[(i + 1) & 15], y = w[(i + 14) & 15];
        w[i] += (rotr(x, 1) ^ rotr(x, 8) ^ x >> 7) + w[(i + 9) & 15] +
                (rotr(y, 19) ^ rotr(y, 61) ^ y >> 6);
    }
}

static void blocks(uint64_t s[static 8], const uint8_t *p, size_t count) {
    uint64_t w[16];
    for (; count; count--, p += 128) {
        for (unsigned i = 0; i < 16; i++)
            w[i] = tp_get_u64be(p + 8 * i);
        uint64_t a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
        for (const uint64_t *k = tp_sha512_k;;) {
            EIGHT_ROUNDS(0);
            EIGHT_ROUNDS(8);
            k += 16;
            if (k == tp_sha512_k + 80) break;
            schedule(w);
        }
        s[0] += a, s[1] += b, s[2] += c, s[3] += d, s[4] += e, s[5] += f, s[6] += g, s[7] += h;
    }
    tp_wipe(w, sizeof w);
}

void tp_sha512_blocks8_portable(uint64_t *const state[static 8], const uint8_t *const p[static 8],
                                size_t count) {
    for (unsigned i = 0; i < 8; i++)
        blocks(state[i], p[i], count);
}

void tp_sha512_init(tp_sha512_ctx *c) {
    static const uint64_t start[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
                                      0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
                                      0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};
    memcpy(c->state, start, sizeof start);
    c->total = 0;
}

void tp_sha512_update(tp_sha512_ctx *c, const void *bytes, size_t len) {
    if (!len) return;
    const uint8_t *p = bytes;
    size_t used = (size_t)(c->total & 127);
    c->total += len;
    if (used) {
        size_t take = len < 128 - used ? len : 128 - used;
        memcpy(c->block + used, p, take);
        if (used + take < 128) return;
        blocks(c->state, c->block, 1);
        p += take, len -= take;
    }
    if (len >= 128) blocks(c->state, p, len / 128);
    memcpy(c->block, p + (len & ~(size_t)127), len & 127);
}

/* count blocks of 128 bytes at p[i] into c[i]. */
static void lane_blocks(tp_sha512_ctx *c, size_t lanes, const uint8_t *const p[static 8],
                        size_t count) {
    uint64_t spare[8], *state[8];
    const uint8_t *from[8];
    if (!count) return;
    if (lanes < TP_SHA512_WORTH) {
        for (size_t i = 0; i < lanes; i++)
            blocks(c[i].state, p[i], count);
        return;
    }
    memcpy(spare, c->state, sizeof spare);
    for (size_t i = 0; i < 8; i++) {
        state[i] = i < lanes ? c[i].state : spare;
        from[i] = i < lanes ? p[i] : p[0];
    }
    tp_sha512_blocks8(state, from, count);
    tp_wipe(spare, sizeof spare);
}

void tp_sha512_update_lanes(tp_sha512_ctx *c, size_t lanes, const void *const *bytes, size_t len) {
    const uint8_t *block[TP_LANES_MAX], *p[TP_LANES_MAX] = {0};
    uint64_t total = c->total;
    size_t used = (size_t)(total & 127), head = used ? 128 - used : 0;
    if (!len) return;
    if (head > len) head = len;
    for (size_t i = 0; i < lanes; i++) {
        p[i] = bytes[i];
        block[i] = c[i].block;
        if (c[i].total != total) __builtin_trap();
        memcpy(c[i].block + used, p[i], head);
        c[i].total += len;
        p[i] += head;
    }
    if (used + head == 128) lane_blocks(c, lanes, block, 1);
    len -= head;
    lane_blocks(c, lanes, p, len / 128);
    for (size_t i = 0; i < lanes; i++)
        if (len % 128) memcpy(c[i].block, p[i] + (len & ~(size_t)127), len % 128);
}

/* The padding that ends `total` bytes: fills up to the end of a block. */
static size_t padding(uint8_t pad[static 256], uint64_t total) {
    size_t used = (size_t)(total & 127), len = (used < 112 ? 128 : 256) - used;
    memset(pad, 0, len);
    pad[0] = 0x80;
    tp_put_u64be(pad + len - 16, total >> 61);
    tp_put_u64be(pad + len - 8, total << 3);
    return len;
}

static void put_state(uint8_t out[static 64], const tp_sha512_ctx *c) {
    for (unsigned i = 0; i < 8; i++)
        tp_put_u64be(out + 8 * i, c->state[i]);
}

void tp_sha512_final_lanes(tp_sha512_ctx *c, size_t lanes, uint8_t (*out)[64]) {
    uint8_t pad[256];
    const void *all[TP_LANES_MAX];
    size_t len = padding(pad, c->total);
    for (size_t i = 0; i < TP_LANES_MAX; i++)
        all[i] = pad;
    tp_sha512_update_lanes(c, lanes, all, len);
    for (size_t i = 0; i < lanes; i++)
        put_state(out[i], &c[i]);
    tp_wipe(c, lanes * sizeof *c);
}

void tp_sha512_final(tp_sha512_ctx *c, uint8_t out[static 64]) {
    uint8_t pad[256];
    size_t len = padding(pad, c->total);
    tp_sha512_update(c, pad, len);
    put_state(out, c);
    tp_wipe(c, sizeof *c);
}

void tp_sha512(uint8_t out[static 64], const void *bytes, size_t len) {
    tp_sha512_ctx c;
    tp_sha512_init(&c);
    tp_sha512_update(&c, bytes, len);
    tp_sha512_final(&c, out);
}
