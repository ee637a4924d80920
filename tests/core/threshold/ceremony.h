/* A whole key generation in memory, for tests. */
#ifndef TAPAT_TESTS_CEREMONY_H
#define TAPAT_TESTS_CEREMONY_H

#include "core/threshold/decrypt.h"
#include "core/threshold/dkg.h"
#include "tests/core/proof/fixture.h"

enum { MAX_TRUSTEES = 9 };

typedef struct {
    tp_dkg_params q;
    size_t len; /* of a message */
    /* per dealer, from 0 */
    tp_scalar *coefficients[MAX_TRUSTEES];
    uint8_t *message[MAX_TRUSTEES];
    tp_point *points[MAX_TRUSTEES];
    uint8_t commitment[MAX_TRUSTEES][32];
    tp_scalar *x[MAX_TRUSTEES]; /* secrets of each receiver */
    tp_point *sum, *keys, *verification;
    void *scratch;
} ceremony;

/* Deals, opens, shares and sums; every step must succeed. */
ceremony *ceremony_new(uint16_t n, uint16_t t, uint16_t p, uint64_t seed);
void ceremony_free(ceremony *c);
/* tp_dkg_open_var of a message by this dealer under its true or given commitment. */
tp_err ceremony_open(ceremony *c, uint32_t dealer, const uint8_t *message, size_t len);
/* Writes the round-0 commitment anew, as a dealer who planned to send `message` would. */
void ceremony_commit(ceremony *c, uint32_t dealer, const uint8_t *message, size_t len);

#endif
