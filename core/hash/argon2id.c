/* Argon2id (RFC 9106), version 0x13, one lane, no secret and no associated data.
 *
 * memory is q = 4 * floor(blocks / 4) blocks of 128 words, read as little-endian bytes where bytes
 * are meant. Slices 0 and 1 of the first pass choose the reference block by a counter; all others
 * by the block before, so their memory access depends on the password: this is what the d half of
 * Argon2id is. Everything else is constant time. spec: P-3.
 */
#include "core/base/mem.h"
#include "core/hash/blake2b.h"
#include "core/hash/hash.h"

enum { WORDS = 128, SLICES = 4, VERSION = 0x13, TYPE_ID = 2 };

typedef struct {
    uint64_t *memory;
    uint32_t blocks; /* as asked for; the q above goes into the addresses */
    uint32_t q, segment, passes;
    uint64_t mixed[WORDS], out[WORDS]; /* of the compression function */
    uint64_t input[WORDS], addresses[WORDS];
} fill_state;

static inline uint64_t rotr(uint64_t x, unsigned n) {
    return x >> n | x << (64 - n);
}

/* a + b + 2 * low(a) * low(b) */
static inline uint64_t mul_add(uint64_t a, uint64_t b) {
    return a + b + 2 * (uint64_t)(uint32_t)a * (uint32_t)b;
}

#define QUARTER(a, b, c, d)                                                                        \
    do {                                                                                           \
        a = mul_add(a, b), d = rotr(d ^ a, 32);                                                    \
        c = mul_add(c, d), b = rotr(b ^ c, 24);                                                    \
        a = mul_add(a, b), d = rotr(d ^ a, 16);                                                    \
        c = mul_add(c, d), b = rotr(b ^ c, 63);                                                    \
    } while (0)

/* The permutation P over sixteen words: eight pairs, `pair` words from one to the next. */
static inline void permute(uint64_t *w, size_t pair) {
    uint64_t v[16];
    for (size_t i = 0; i < 16; i++)
        v[i] = w[i / 2 * pair + i % 2];
    QUARTER(v[0], v[4], v[8], v[12]);
    QUARTER(v[1], v[5], v[9], v[13]);
    QUARTER(v[2], v[6], v[10], v[14]);
    QUARTER(v[3], v[7], v[11], v[15]);
    QUARTER(v[0], v[5], v[10], v[15]);
    QUARTER(v[1], v[6], v[11], v[12]);
    QUARTER(v[2], v[7], v[8], v[13]);
    QUARTER(v[3], v[4], v[9], v[14]);
    for (size_t i = 0; i < 16; i++)
        w[i / 2 * pair + i % 2] = v[i];
}

/* f->out = G(x, y) of RFC 9106 section 3.5. */
static void compress(fill_state *f, const uint64_t *x, const uint64_t *y) {
    for (size_t i = 0; i < WORDS; i++)
        f->out[i] = f->mixed[i] = x[i] ^ y[i];
    for (size_t i = 0; i < 8; i++)
        permute(f->out + 16 * i, 2);
    for (size_t i = 0; i < 8; i++)
        permute(f->out + 2 * i, 16);
    for (size_t i = 0; i < WORDS; i++)
        f->out[i] ^= f->mixed[i];
}

static void hash_u32(tp_blake2b_ctx *h, uint32_t v) {
    uint8_t le[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};
    tp_blake2b_update(h, le, 4);
}

static void hash_field(tp_blake2b_ctx *h, const void *bytes, size_t len) {
    hash_u32(h, (uint32_t)len);
    tp_blake2b_update(h, bytes, len);
}

/* Block `column` of the first two: the 1024-byte H' of seed, column and lane 0. */
static void first_block(fill_state *f, const uint8_t seed[64], uint32_t column) {
    uint8_t v[64];
    uint64_t *block = f->memory + (size_t)column * WORDS;
    tp_blake2b_ctx h;
    tp_blake2b_init(&h, 64);
    hash_u32(&h, 8 * WORDS);
    tp_blake2b_update(&h, seed, 64);
    hash_u32(&h, column);
    hash_u32(&h, 0);
    tp_blake2b_final(&h, v);
    for (size_t word = 0;; word += 4) { /* half of every hash but the last */
        size_t take = word == WORDS - 8 ? 8 : 4;
        for (size_t i = 0; i < take; i++)
            block[word + i] = tp_get_u64le(v + 8 * i);
        if (take == 8) break;
        tp_blake2b_init(&h, 64);
        tp_blake2b_update(&h, v, 64);
        tp_blake2b_final(&h, v);
    }
    tp_wipe(v, sizeof v);
}

/* The next 128 pseudo-random words that do not depend on the password. */
static void next_addresses(fill_state *f, uint32_t pass, uint32_t slice) {
    static const uint64_t zero[WORDS];
    f->input[0] = pass, f->input[1] = 0, f->input[2] = slice, f->input[3] = f->q;
    f->input[4] = f->passes, f->input[5] = TYPE_ID, f->input[6]++;
    compress(f, zero, f->input);
    memcpy(f->addresses, f->out, sizeof f->addresses);
    compress(f, zero, f->addresses);
    memcpy(f->addresses, f->out, sizeof f->addresses);
}

/* The column that block i of the segment refers to (RFC 9106 section 3.4.2, one lane). */
static uint32_t reference(const fill_state *f, uint32_t pass, uint32_t slice, uint32_t i,
                          uint64_t random) {
    uint32_t area = pass ? f->q - f->segment + i - 1 : slice * f->segment + i - 1;
    uint64_t j = (uint32_t)random, x = j * j >> 32, y = area * x >> 32;
    uint64_t start = pass ? (uint64_t)(slice + 1) % SLICES * f->segment : 0;
    return (uint32_t)((start + area - 1 - y) % f->q);
}

static void fill_segment(fill_state *f, uint32_t pass, uint32_t slice) {
    bool independent = pass == 0 && slice < 2;
    uint32_t first = pass == 0 && slice == 0 ? 2 : 0;
    memset(f->input, 0, sizeof f->input);
    for (uint32_t i = first; i < f->segment; i++) {
        uint32_t column = slice * f->segment + i, before = column ? column - 1 : f->q - 1;
        uint64_t *block = f->memory + (size_t)column * WORDS;
        const uint64_t *prev = f->memory + (size_t)before * WORDS;
        if (independent && (i == first || i % WORDS == 0)) next_addresses(f, pass, slice);
        uint64_t random = independent ? f->addresses[i % WORDS] : prev[0];
        uint32_t ref = reference(f, pass, slice, i, random);
        compress(f, prev, f->memory + (size_t)ref * WORDS);
        for (size_t k = 0; k < WORDS; k++)
            block[k] = pass ? block[k] ^ f->out[k] : f->out[k];
    }
}

static void hash_inputs(uint8_t seed[64], const fill_state *f, size_t tag_len, const void *password,
                        size_t password_len, const void *salt, size_t salt_len) {
    tp_blake2b_ctx h;
    tp_blake2b_init(&h, 64);
    hash_u32(&h, 1); /* lanes */
    hash_u32(&h, (uint32_t)tag_len);
    hash_u32(&h, f->blocks);
    hash_u32(&h, f->passes);
    hash_u32(&h, VERSION);
    hash_u32(&h, TYPE_ID);
    hash_field(&h, password, password_len);
    hash_field(&h, salt, salt_len);
    hash_field(&h, NULL, 0); /* secret */
    hash_field(&h, NULL, 0); /* associated data */
    tp_blake2b_final(&h, seed);
}

static void hash_last_block(uint8_t *tag, size_t tag_len, const uint64_t *block) {
    tp_blake2b_ctx h;
    tp_blake2b_init(&h, tag_len);
    hash_u32(&h, (uint32_t)tag_len);
    for (size_t i = 0; i < WORDS; i++) {
        uint8_t le[8];
        tp_put_u64le(le, block[i]);
        tp_blake2b_update(&h, le, 8);
    }
    tp_blake2b_final(&h, tag);
}

void tp_argon2id(uint8_t *tag, size_t tag_len, uint64_t *memory, uint32_t blocks, uint32_t passes,
                 const void *password, size_t password_len, const void *salt, size_t salt_len) {
    if (blocks < 8 || !passes || tag_len < 4 || tag_len > 64) __builtin_trap();
    if (password_len > UINT32_MAX || salt_len > UINT32_MAX) __builtin_trap();
    fill_state f = {.memory = memory,
                    .blocks = blocks,
                    .q = blocks & ~UINT32_C(3),
                    .segment = blocks / SLICES,
                    .passes = passes};
    uint8_t seed[64];
    hash_inputs(seed, &f, tag_len, password, password_len, salt, salt_len);
    first_block(&f, seed, 0);
    first_block(&f, seed, 1);
    for (uint32_t pass = 0; pass < passes; pass++)
        for (uint32_t slice = 0; slice < SLICES; slice++)
            fill_segment(&f, pass, slice);
    size_t words = (size_t)f.q * WORDS;
    hash_last_block(tag, tag_len, memory + words - WORDS);
    tp_wipe(memory, words * sizeof *memory);
    tp_wipe(&f, sizeof f);
    tp_wipe(seed, sizeof seed);
}
