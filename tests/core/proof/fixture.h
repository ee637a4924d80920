/* One `sum` contest with keys of known secrets, for tests of proofs and attacks. */
#ifndef TAPAT_TESTS_PROOF_FIXTURE_H
#define TAPAT_TESTS_PROOF_FIXTURE_H

#include "core/proof/sum.h"
#include "tests/support/support.h"

typedef struct {
    tp_sum_context context;
    size_t m, p, len;
    tp_point *generators; /* H, G_1..G_m */
    tp_point *keys;
    tp_scalar *x; /* secrets of the keys */
    tp_sum_bases bases;
    uint8_t secret[32], random[32];
    uint8_t *choices; /* n, all zero at first */
    uint8_t *proof;   /* len */
    tp_scalar r;
    void *scratch; /* for proving and verifying */
} contest;

/* A 64-byte aligned block that fails the test when there is none. */
void *test_aligned(size_t len);
/* A pseudo-random scalar. */
tp_scalar test_scalar(uint64_t *state);

contest *contest_new(uint16_t n, uint16_t a, uint16_t b, uint64_t seed);
void contest_free(contest *c);
/* Chooses the first k options and proves; the answer of tp_sum_prove. */
tp_err contest_vote(contest *c, size_t k);
tp_err contest_prove(contest *c);
/* tp_sum_verify_var of c->proof. */
tp_err contest_check(contest *c);
/* The verdict of a batch of copies of c->proof (count of them), which must be the same for each. */
tp_err contest_check_batch(contest *c, size_t count, bool hinted);
/* Verdicts of `count` proofs of c->len bytes each in one batch, all under c's context. */
void contest_verdicts(contest *c, tp_err *verdicts, const uint8_t *const *proofs, size_t count);

#endif
