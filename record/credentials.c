/* Tables of credentials: credentials.h. An entry of by_tip whose credential has moved on is dead:
 * it is passed over by searches and dropped when the table is built anew.
 */
#include "record/credentials.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 1 << 10 };

static size_t hash_of(const tp_credentials *c, const uint8_t bytes[static 32]) {
    uint64_t hash;
    _Static_assert(sizeof hash == crypto_shorthash_BYTES, "a hash in one word");
    crypto_shorthash((uint8_t *)&hash, bytes, 32, c->seed);
    return (size_t)hash;
}

static void put(tp_index *x, size_t hash, uint32_t value) {
    size_t at = hash & (x->slots - 1);
    while (x->slot[at])
        at = (at + 1) & (x->slots - 1);
    x->slot[at] = value;
    x->used++;
}

static const uint8_t *name_in(const tp_credentials *c, const tp_index *x, size_t i) {
    return x == &c->by_key ? c->list[i].key : c->list[i].tip;
}

static tp_credential *search(const tp_credentials *c, const tp_index *x,
                             const uint8_t name[static 32]) {
    size_t at = hash_of(c, name) & (x->slots - 1);
    for (; x->slot[at]; at = (at + 1) & (x->slots - 1))
        if (!memcmp(name_in(c, x, x->slot[at] - 1), name, 32)) return &c->list[x->slot[at] - 1];
    return NULL;
}

/* Makes room for one more: half of the slots stay empty. */
static tp_err reserve(tp_credentials *c, tp_index *x) {
    if (x->slots && x->used < x->slots / 2) return TP_OK;
    tp_index bigger = {.slots = FIRST_SLOTS};
    while (bigger.slots / 4 <= c->count)
        bigger.slots *= 2;
    bigger.slot = calloc(bigger.slots, sizeof *bigger.slot);
    if (!bigger.slot) return TP_SYSTEM;
    free(x->slot);
    *x = bigger;
    for (size_t i = 0; i < c->count; i++)
        if (x == &c->by_key || c->list[i].sequence)
            put(x, hash_of(c, name_in(c, x, i)), (uint32_t)(i + 1));
    return TP_OK;
}

tp_err tp_credentials_init(tp_credentials *c) {
    memset(c, 0, sizeof *c);
    crypto_shorthash_keygen(c->seed);
    tp_err err = reserve(c, &c->by_key);
    return err ? err : reserve(c, &c->by_tip);
}

void tp_credentials_free(tp_credentials *c) {
    free(c->list);
    free(c->by_key.slot);
    free(c->by_tip.slot);
    memset(c, 0, sizeof *c);
}

tp_credential *tp_credentials_find(const tp_credentials *c, const uint8_t key[static 32]) {
    return search(c, &c->by_key, key);
}

tp_credential *tp_credentials_find_tip(const tp_credentials *c, const uint8_t tip[static 32]) {
    return search(c, &c->by_tip, tip);
}

tp_err tp_credentials_add(tp_credentials *c, const tp_credential *new) {
    if (c->count >= UINT32_MAX - 1) return TP_TOO_BIG;
    if (c->count == c->cap) {
        size_t cap = c->cap ? 2 * c->cap : 256;
        tp_credential *list = realloc(c->list, cap * sizeof *list);
        if (!list) return TP_SYSTEM;
        c->list = list;
        c->cap = cap;
    }
    tp_err err = reserve(c, &c->by_key);
    if (err) return err;
    c->list[c->count++] = *new;
    put(&c->by_key, hash_of(c, new->key), (uint32_t)c->count);
    return TP_OK;
}

tp_err tp_credentials_moved(tp_credentials *c, const tp_credential *of) {
    if (c->by_tip.used >= c->by_tip.slots / 2)
        return reserve(c, &c->by_tip); /* takes in all tips as they are now */
    put(&c->by_tip, hash_of(c, of->tip), (uint32_t)(of - c->list) + 1);
    return TP_OK;
}

static int by_key(const void *a, const void *b) {
    return memcmp(((const tp_credential *)a)->key, ((const tp_credential *)b)->key, 32);
}

tp_credential *tp_credentials_take(tp_credentials *c, size_t *count) {
    tp_credential *list = c->list;
    *count = c->count;
    if (list) qsort(list, c->count, sizeof *list, by_key);
    c->list = NULL;
    tp_credentials_free(c);
    return list;
}
