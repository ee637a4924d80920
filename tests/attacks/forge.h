/* A dishonest prover of ballots, and a second verifier written from spec/ that can be weakened: an
 * attack is shown to work against the weak one before it is shown to fail against ours.
 */
#ifndef TAPAT_TESTS_FORGE_H
#define TAPAT_TESTS_FORGE_H

#include "tests/core/proof/fixture.h"

typedef enum {
    SOUND,
    NO_CIPHERTEXT, /* R and C are not absorbed */
    NO_SIGMA,      /* sigma is not absorbed */
    NO_T1,         /* T1 is not absorbed */
} weakness;

typedef struct {
    tp_scalar delta, eta, c;
} challenges;

/* The three challenges of c->proof, from a transcript with this weakness. */
challenges forge_challenges(const contest *c, weakness w);

typedef struct {
    weakness against;           /* the forger uses what this verifier leaves free */
    const tp_scalar *v;         /* m values in place of bits */
    const tp_scalar *log_h;     /* H = log_h*G is known to the forger, or NULL */
    tp_scalar error_b, error_t; /* B += error_b*G, T_R += error_t*G before they are absorbed */
} forgery;

/* Follows the prover's equations with values v instead of bits; fills c->proof and c->r. */
void forge(contest *c, const forgery *f);
/* Left side minus right side of the four equations. */
void forge_residuals(const contest *c, weakness w, tp_point residual[4]);
/* The second verifier: TP_OK or TP_INVALID. c->proof must be well-formed. */
tp_err forge_verify(const contest *c, weakness w);
/* tp_sum_verify_var, the batch, and the second verifier at full strength, which must agree. */
tp_err forge_check(contest *c);

/* A value in place of a bit; v may be negative. */
tp_scalar forge_value(int v);

#endif
