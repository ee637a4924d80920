/* Many proofs, one multi-scalar multiplication: an accumulator of group equations.
 *
 * An item (a ballot, say) is a list of equations; an equation is
 *     T + sum s_i*P_i + sum t_j*B_j = 0
 * with its own commitment T (coefficient 1), further points P of the item, and bases B shared by
 * the whole batch (generators, keys), whose scalars are summed before the multiplication.
 *
 * Invariants
 *  1. Every equation of every item has an independent 128-bit weight. All weights come from
 *     SHA-512 of all bytes bound to the batch, so nobody can choose errors that cancel (A12).
 *  2. What is bound for an item fixes all its points and scalars: a challenge that covers the
 *     statement and the commitments, and every response. Shared bases are fixed beforehand.
 *  3. A failing batch is halved until every bad item is named; weights stay, so the verdict of an
 *     item does not depend on its neighbours up to 2^-127.
 *  4. Nothing allocates: the arena is the caller's and its size comes from tp_batch_arena.
 * Public data only, variable time. spec: chapter 4b, requirements B-30..B-34.
 */
#ifndef TAPAT_CORE_BATCH_H
#define TAPAT_CORE_BATCH_H

#include "core/group/group.h"

/* How much a batch can hold, or how much an item needs. Counts add up field by field. */
typedef struct {
    size_t items;     /* proofs or ballots that get a verdict each */
    size_t equations; /* each with its commitment point */
    size_t points;    /* points of the items other than commitments */
    size_t terms;     /* runs of coefficients (calls of tp_batch_own and tp_batch_shared) */
    size_t scalars;   /* stored coefficients */
    size_t shared;    /* shared bases beside G */
    bool hinted;      /* keep decoding hints */
} tp_batch_limits;

/* *sum += count * need, for capacity and items alike (hinted is or-ed). */
void tp_batch_limits_add(tp_batch_limits *sum, const tp_batch_limits *need, size_t count);

typedef struct tp_batch_item tp_batch_item;
typedef struct tp_batch_term tp_batch_term;

/* Private to batch.c; visible so that it can live in the caller's frame. */
typedef struct {
    tp_batch_limits max, used;
    tp_batch_item *item;
    tp_batch_term *term;
    tp_scalar *scalar;        /* stored coefficients */
    uint8_t (*point_enc)[32]; /* points of the items */
    uint8_t (*point_hint)[32];
    uint8_t (*unit_enc)[32]; /* commitments, one per equation */
    uint8_t (*unit_hint)[32];
    tp_point *base;         /* G, the shared bases, then the items' points */
    tp_scalar *coefficient; /* one per base and point */
    tp_point *unit;
    tp_scalar *weight; /* one per equation */
    void *msm;
    tp_transcript bound;
} tp_batch;

/* Bytes of the arena for these limits, which must be 64-byte aligned. */
size_t tp_batch_arena(const tp_batch_limits *max);
void tp_batch_init(tp_batch *b, const tp_batch_limits *max, void *arena);
/* Registers n shared bases (copied) for as long as the batch lives and gives the index of the
 * first; index 0 is G. Beyond the limit, or after items, is a programmer's error and traps. */
#define TP_BATCH_G 0
size_t tp_batch_share(tp_batch *b, const tp_point *bases, size_t n);
/* Forgets the items, keeps the shared bases. */
void tp_batch_reset(tp_batch *b);
/* Whether an item with this need still fits. */
bool tp_batch_room(const tp_batch *b, const tp_batch_limits *need);

/* ---- building the current item ---- */

/* Opens the next item; its index is the number of tp_batch_begin calls before it. */
void tp_batch_begin(tp_batch *b);
/* Gives the current item a verdict before any arithmetic; the first one stays. What was added to
 * the item is dropped and later additions to it do nothing. */
void tp_batch_fail(tp_batch *b, tp_err err);
/* Binds bytes into the weights. */
void tp_batch_bind(tp_batch *b, const void *bytes, size_t len);
/* Adds n encoded points; hints may be NULL. Returns the handle of the first. */
size_t tp_batch_points(tp_batch *b, const uint8_t (*enc)[32], const uint8_t (*hints)[32], size_t n);
/* Room for n coefficients that live until the batch is reset; NULL once the item has failed. */
TP_MUST_USE tp_scalar *tp_batch_scalars(tp_batch *b, size_t n);
/* Opens an equation with its commitment, whose coefficient is 1. Returns its handle. */
size_t tp_batch_equation(tp_batch *b, const uint8_t commitment[static 32], const uint8_t *hint);
/* equation += sum factor*s[i]*P[point+i]. s is from tp_batch_scalars, or NULL for ones. */
void tp_batch_own(tp_batch *b, size_t equation, size_t point, const tp_scalar *s, size_t n,
                  const tp_scalar *factor);
/* equation += sum factor*s[i]*B[base+i]. */
void tp_batch_shared(tp_batch *b, size_t equation, size_t base, const tp_scalar *s, size_t n,
                     const tp_scalar *factor);

/* ---- the decision ---- */

/* Decodes every point, checks every equation and sets each item's verdict. TP_OK if all items are
 * good, else the verdict of the first bad one. */
TP_MUST_USE tp_err tp_batch_verify_var(tp_batch *b);
/* After tp_batch_verify_var: TP_OK, TP_MALFORMED (an encoding), TP_INVALID (an equation),
 * TP_TOO_BIG (did not fit), or what tp_batch_fail said. */
TP_MUST_USE tp_err tp_batch_verdict(const tp_batch *b, size_t item);
/* After tp_batch_verify_var: the decoded points of an item in the order they were added; only for
 * an item whose verdict is TP_OK, else NULL. */
const tp_point *tp_batch_item_points(const tp_batch *b, size_t item);

#endif
