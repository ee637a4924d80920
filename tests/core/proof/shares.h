/* A list of decryption shares with its proof, for tests. */
#ifndef TAPAT_TESTS_SHARES_H
#define TAPAT_TESTS_SHARES_H

#include "core/proof/eqlog.h"
#include "tests/core/proof/fixture.h"

typedef struct {
    size_t u, p;
    tp_scalar *x;
    uint8_t (*r)[32], (*v)[32], (*d)[32];
    uint8_t proof[TP_EQLOG_LEN], random[32];
    tp_eqlog_statement statement;
    void *scratch;
} share_list;

share_list *shares_new(size_t u, size_t p, uint64_t seed);
void shares_free(share_list *s);
tp_err shares_prove(share_list *s);
tp_err shares_check(share_list *s);

#endif
