/* All credentials during a replay: by key, and by the hash of their newest ballot. Private to
 * record/. Both tables are open addressing with a seeded hash, since voters choose keys and hashes.
 */
#ifndef TAPAT_RECORD_CREDENTIALS_H
#define TAPAT_RECORD_CREDENTIALS_H

#include "election/board.h"

typedef struct {
    uint32_t *slot; /* index + 1 into the list; 0: empty */
    size_t slots;   /* a power of two */
    size_t used;
} tp_index;

typedef struct {
    tp_credential *list;
    size_t count, cap;
    tp_index by_key, by_tip;
    uint8_t seed[16];
} tp_credentials;

TP_MUST_USE tp_err tp_credentials_init(tp_credentials *c);
void tp_credentials_free(tp_credentials *c);
/* NULL if there is none. Valid until the next add. */
tp_credential *tp_credentials_find(const tp_credentials *c, const uint8_t key[static 32]);
tp_credential *tp_credentials_find_tip(const tp_credentials *c, const uint8_t tip[static 32]);
/* A key that is not there yet. */
TP_MUST_USE tp_err tp_credentials_add(tp_credentials *c, const tp_credential *new);
/* To be called after the credential's tip moved. */
TP_MUST_USE tp_err tp_credentials_moved(tp_credentials *c, const tp_credential *of);
/* Sorts the list by key and hands it over; the tables are freed. */
tp_credential *tp_credentials_take(tp_credentials *c, size_t *count);

#endif
