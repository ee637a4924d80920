/* What the prover and the verifiers of the ballot proof share. Included only inside core/proof.
 * spec: chapter 4b, B-10..B-14.
 */
#ifndef TAPAT_CORE_SUM_PARTS_H
#define TAPAT_CORE_SUM_PARTS_H

#include "core/proof/sum.h"

/* Where the p + 7 points of a proof and its first scalar stand. */
typedef struct {
    size_t r, c, a, b, t_r, t_d, t_0, t_1, sigma;
} tp_sum_places;

static inline tp_sum_places tp_sum_place(size_t p) {
    return (tp_sum_places){.r = 0,
                           .c = 1,
                           .a = p + 1,
                           .b = p + 2,
                           .t_r = p + 3,
                           .t_d = p + 4,
                           .t_0 = p + 5,
                           .t_1 = p + 6,
                           .sigma = p + 7};
}

/* The transcripts up to the context, side by side (hash.h); the contexts are of one shape. */
void tp_sum_statement(tp_transcript *t, size_t lanes, const tp_sum_context *const *context);
/* The three challenges before reduction; each absorbs what comes before it, from the bytes of the
 * proofs. */
void tp_sum_delta(uint8_t (*delta)[64], tp_transcript *t, size_t lanes, const uint8_t *const *proof,
                  size_t p);
void tp_sum_eta(uint8_t (*eta)[64], tp_transcript *t, size_t lanes, const uint8_t *const *proof,
                size_t p);
void tp_sum_c(uint8_t (*c)[64], tp_transcript *t, size_t lanes, const uint8_t *const *proof,
              size_t p);

/* out = sum_k powers[k]*(x_{2k-1} + M*x_{2k}), k = 1..p, over the n option bits. Constant time. */
void tp_sum_packed(tp_scalar *out, const tp_scalar *powers, const tp_scalar *x, size_t n);

/* A proof as scalars. */
typedef struct {
    size_t n, m, p;
    tp_scalar *f;      /* m responses */
    tp_scalar *powers; /* delta^1..delta^p */
    tp_scalar z_r, z_a, z_t, c;
    tp_scalar packed; /* sum_k delta^k*sum_j W_kj*f_j */
    tp_scalar bits;   /* sum_j eta^j*f_j*(c - f_j) */
    uint8_t c_bytes[64];
} tp_sum_reading;

/* Parses, recomputes the challenges unless they are known, and checks sum f_j = sigma + c*b; f has
 * room for m, powers for p scalars. TP_MALFORMED, TP_INVALID. */
TP_MUST_USE tp_err tp_sum_read_var(tp_sum_reading *x, tp_scalar *f, tp_scalar *powers,
                                   const uint8_t *proof, size_t len, const tp_sum_context *context,
                                   const tp_sum_challenges *known);

#endif
