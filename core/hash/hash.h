/* Hash functions (FIPS 180-4, RFC 7693, RFC 9106), the Fiat-Shamir transcript and hedged nonces.
 * spec: chapter 2 (primitives).
 */
#ifndef TAPAT_CORE_HASH_H
#define TAPAT_CORE_HASH_H

#include "core/base/base.h"

typedef struct {
    uint32_t state[8];
    uint64_t total;
    uint8_t block[64];
} tp_sha256_ctx;

typedef struct {
    uint64_t state[8];
    uint64_t total;
    uint8_t block[128];
} tp_sha512_ctx;

/* spec: P-1 */
void tp_sha256_init(tp_sha256_ctx *c);
void tp_sha256_update(tp_sha256_ctx *c, const void *bytes, size_t len);
void tp_sha256_final(tp_sha256_ctx *c, uint8_t out[static 32]);
void tp_sha256(uint8_t out[static 32], const void *bytes, size_t len);

void tp_sha512_init(tp_sha512_ctx *c);
void tp_sha512_update(tp_sha512_ctx *c, const void *bytes, size_t len);
void tp_sha512_final(tp_sha512_ctx *c, uint8_t out[static 64]);
void tp_sha512(uint8_t out[static 64], const void *bytes, size_t len);

/* Hashes side by side, up to eight: c[0..lanes), all of which have taken in equally many bytes
 * (else the program stops). Several times faster than one after the other where the processor has
 * wide vectors. */
#define TP_LANES_MAX ((size_t)8)
void tp_sha512_update_lanes(tp_sha512_ctx *c, size_t lanes, const void *const *bytes, size_t len);
void tp_sha512_final_lanes(tp_sha512_ctx *c, size_t lanes, uint8_t (*out)[64]);

/* RFC 9106 Argon2id, version 0x13, one lane, no secret and no associated data.
 * memory: blocks * 1024 bytes handed in by the caller, 8-byte aligned, wiped before return.
 * blocks >= 8; passes >= 1; tag_len 4..64. password and salt are secret resp. public. */
void tp_argon2id(uint8_t *tag, size_t tag_len, uint64_t *memory, uint32_t blocks, uint32_t passes,
                 const void *password, size_t password_len, const void *salt, size_t salt_len);

/* ---- transcript ----
 *
 * A running SHA-512 over frames. Every frame is
 *     uint8 kind (0 item, 1 challenge) || uint8 label_len || label || uint64 data_len || data
 * so two different sequences of labelled items never give the same bytes. A challenge appends a
 * frame of kind 1 with empty data and takes SHA-512 of everything so far (the running state goes
 * on), so it binds all earlier items and challenges, and its own label.
 */
typedef struct {
    tp_sha512_ctx h;
} tp_transcript;

/* Starts with one item, label "suite", data = the suite label below. domain is the second item,
 * label "domain": the name of the proof or signature, a C string. */
#define TP_SUITE "tapat-v1-ristretto255-sha512"
void tp_transcript_init(tp_transcript *t, const char *domain);
void tp_absorb(tp_transcript *t, const char *label, const void *data, size_t len);
void tp_absorb_u64(tp_transcript *t, const char *label, uint64_t v); /* eight bytes, big-endian */
void tp_challenge(tp_transcript *t, const char *label, uint8_t out[static 64]);
/* The same on up to eight transcripts side by side (lanes), which took in the same labels and
 * lengths. */
void tp_absorb_lanes(tp_transcript *t, size_t lanes, const char *label, const void *const *data,
                     size_t len);
void tp_challenge_lanes(tp_transcript *t, size_t lanes, const char *label, uint8_t (*out)[64]);

/* ---- hedged randomness ----
 *
 * A stream of bytes SHA-512(key || uint64 counter), key = SHA-512 over frames of: domain, secret,
 * 32 fresh random bytes, and the transcript's state. Distinct statements give distinct nonces even
 * if the random bytes repeat; good random bytes make it unpredictable even if the secret is known.
 */
typedef struct {
    uint8_t key[64];
    uint64_t counter;
} tp_nonces;

void tp_nonces_init(tp_nonces *g, const char *domain, const void *secret, size_t secret_len,
                    const uint8_t random[static 32], const tp_transcript *context);
/* The next 64 bytes. */
void tp_nonces_next(tp_nonces *g, uint8_t out[static 64]);

#endif
