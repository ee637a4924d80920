/* The ballot of a `sum` contest: a vector ElGamal ciphertext and the proof that it encrypts between
 * a and b choices among n options, each 0 or 1.
 *
 *   m = n + b - a bits (options, then slack), p = ceil(n/2) points, u_k = v_{2k-1} + M*v_{2k}
 *
 * Bytes (32 each): points R, C_1..C_p, A, B, T_R, T_d, T0, T1,
 *                  scalars sigma, f_1..f_m, z_r, z_a, z_t.
 *
 * Invariants
 *  1. Everything in tp_sum_context is absorbed before the first challenge; the order is B-10.
 *  2. The generators come from tp_sum_generators_var only; no verifier takes them from data (A2).
 *  3. R = identity is refused (it would be a ballot in the clear, B2).
 *  4. Proving is constant time in the choices, the secret and the randomness.
 * spec: chapter 4b (ballot proof), requirements B-*.
 */
#ifndef TAPAT_CORE_SUM_H
#define TAPAT_CORE_SUM_H

#include "core/group/group.h"
#include "core/proof/batch.h"

#define TP_SUM_MAX_BITS 1024       /* m, and so the number of generators G_j */
#define TP_SUM_PACK     (1u << 24) /* M: totals of one option stay below it */

typedef struct {
    uint16_t n; /* options */
    uint16_t a; /* at least so many chosen */
    uint16_t b; /* at most so many chosen */
} tp_sum_shape;

/* TP_REFUSED unless 1 <= n, 1 <= b <= n, a <= b and m <= TP_SUM_MAX_BITS. Every function below
 * takes checked shapes. */
TP_MUST_USE tp_err tp_sum_shape_check(const tp_sum_shape *shape);
size_t tp_sum_bits(const tp_sum_shape *shape);           /* m */
size_t tp_sum_points(const tp_sum_shape *shape);         /* p */
size_t tp_sum_ciphertext_len(const tp_sum_shape *shape); /* 32*(1 + p): R, C_1..C_p */
size_t tp_sum_encoded_points(const tp_sum_shape *shape); /* p + 7: points at the start of a proof */
size_t tp_sum_len(const tp_sum_shape *shape);            /* ciphertext and proof */

/* What the proof is about; every field is absorbed. All public. */
typedef struct {
    uint8_t fingerprint[32]; /* of the manifest */
    uint8_t key_digest[32];  /* of all election keys (chapter 3) */
    uint32_t contest;        /* index in the manifest */
    tp_sum_shape shape;
    uint8_t credential[32]; /* S */
    uint32_t unit;          /* counting unit, index in the manifest */
    uint32_t style;         /* ballot style, index in the manifest */
    uint64_t sequence;      /* q */
    uint8_t previous[32];   /* hash of this credential's previous ballot, zeros for the first */
} tp_sum_context;

/* H, G_1..G_count by hash-to-group from a fixed label, the fingerprint and the index: count + 1
 * points, count <= TP_SUM_MAX_BITS. One set serves all contests of an election. */
void tp_sum_generators_var(tp_point *out, size_t count, const uint8_t fingerprint[static 32]);

typedef struct {
    const tp_point *generators; /* H, G_1..G_m at least */
    const tp_point *keys;       /* Y_1..Y_p */
} tp_sum_bases;

/* Encrypts and proves. choices: n secret bytes 0 or 1. secret: the credential key, hedges the
 * nonces; random: 32 fresh bytes. out: tp_sum_len bytes. r: the opening (secret).
 * scratch: tp_sum_prove_scratch bytes, 64-byte aligned, wiped.
 * TP_REFUSED: the choices are not bits or their number is not within a..b; out and r are zero. */
size_t tp_sum_prove_scratch(const tp_sum_shape *shape);
TP_MUST_USE tp_err tp_sum_prove(uint8_t *out, tp_scalar *r, const tp_sum_context *context,
                                const tp_sum_bases *bases, const uint8_t *choices,
                                const uint8_t secret[static 32], const uint8_t random[static 32],
                                void *scratch);

/* Checks one ballot equation by equation. TP_MALFORMED: wrong length, an encoding, or R is the
 * identity. TP_INVALID: the proof is false. scratch: tp_sum_verify_scratch bytes, 64-byte aligned.
 */
size_t tp_sum_verify_scratch(const tp_sum_shape *shape);
TP_MUST_USE tp_err tp_sum_verify_var(const uint8_t *proof, size_t len,
                                     const tp_sum_context *context, const tp_sum_bases *bases,
                                     void *scratch);

/* Where the bases stand among the batch's shared ones (tp_batch_share). */
typedef struct {
    size_t generators; /* of H; G_1.. follow */
    size_t keys;       /* of Y_1 */
} tp_sum_shared;

/* Points of an item other than C_1..C_p: R, A, T1. */
#define TP_SUM_OTHER_POINTS 3

/* What one proof needs of a batch. */
void tp_sum_need(tp_batch_limits *need, const tp_sum_shape *shape);
/* Adds the equations of one ballot to the batch's current item; faults become the item's verdict,
 * as tp_sum_verify_var names them. hints: tp_sum_encoded_points decoding hints in the order of the
 * bytes, or NULL. The item's points then begin with R, C_1..C_p (tp_batch_item_points). */
void tp_sum_batch_var(tp_batch *b, const tp_sum_shared *shared, const uint8_t *proof, size_t len,
                      const uint8_t (*hints)[32], const tp_sum_context *context);

/* The 64 bytes of each challenge, for up to eight proofs side by side (hash.h): contexts of one
 * shape, proofs of tp_sum_len bytes whatever they are. */
typedef struct {
    uint8_t delta[64], eta[64], c[64];
} tp_sum_challenges;
void tp_sum_challenges_var(tp_sum_challenges *out, size_t lanes, const uint8_t *const *proof,
                           const tp_sum_context *const *context);
/* tp_sum_batch_var with challenges that tp_sum_challenges_var gave for these bytes, of a proof that
 * the caller binds to the batch by a hash of all of it: nothing more is bound. */
void tp_sum_batch_bound_var(tp_batch *b, const tp_sum_shared *shared, const uint8_t *proof,
                            size_t len, const uint8_t (*hints)[32], const tp_sum_context *context,
                            const tp_sum_challenges *challenges);

/* Opens a ciphertext with its r: the choices that it encrypts (n bytes), for the second device and
 * the challenge check. TP_MALFORMED: an encoding. TP_INVALID: r does not open it to bits. */
TP_MUST_USE tp_err tp_sum_open_var(uint8_t *choices, const uint8_t *ciphertext, const tp_scalar *r,
                                   const tp_sum_shape *shape, const tp_point *keys);

/* ---- homomorphic aggregate and totals ---- */

/* total[i] += ciphertext[i] for the 1 + p decoded points of one ballot; total starts as identity.
 */
void tp_sum_aggregate_var(tp_point *total, const tp_point *ciphertext, const tp_sum_shape *shape);

/* A table of x*G for 0 <= x <= limit < M, for all totals of an election. */
size_t tp_totals_table_size(uint32_t limit);
void tp_totals_table_var(void *table, uint32_t limit);
/* The totals of the n options: from sums C_k (p points, without R) and combined decryption factors
 * D_k, for `ballots` ballots, ballots <= limit of the table. TP_INVALID: some C_k - D_k is no
 * (x + M*y)*G with 0 <= x, y <= ballots (y = 0 where there is no second option). */
TP_MUST_USE tp_err tp_sum_totals_var(uint32_t *totals, const tp_point *c, const tp_point *d,
                                     const tp_sum_shape *shape, uint32_t ballots,
                                     const void *table);

#endif
