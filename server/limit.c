/* Token buckets: limit.h. A bucket is one time, that at which it is full again; taking moves it on
 * by the gap, and it may not come to lie more than the burst ahead. */
#include "server/limit.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { SETS = 1 << 14, WAYS = 4 };

typedef struct {
    uint64_t who, full_ms; /* full_ms 0: empty */
} bucket;

struct tp_limit {
    uint64_t gap_ms, room_ms;
    uint8_t key[crypto_shorthash_KEYBYTES]; /* so that nobody can choose whom he displaces */
    pthread_mutex_t lock;
    bucket buckets[SETS][WAYS];
};

tp_limit *tp_limit_new(unsigned burst, unsigned gap_ms) {
    tp_limit *l = calloc(1, sizeof *l);
    if (!l) abort();
    l->gap_ms = gap_ms;
    l->room_ms = (uint64_t)burst * gap_ms;
    randombytes_buf(l->key, sizeof l->key);
    pthread_mutex_init(&l->lock, NULL);
    return l;
}

void tp_limit_free(tp_limit *l) {
    if (!l) return;
    pthread_mutex_destroy(&l->lock);
    free(l);
}

static bucket *find(tp_limit *l, uint64_t who) {
    bucket *set = l->buckets[who % SETS], *quiet = set;
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].who == who) return &set[i];
        if (set[i].full_ms < quiet->full_ms) quiet = &set[i];
    }
    *quiet = (bucket){who, 0};
    return quiet;
}

void tp_limit_net(uint8_t address[static 16]) {
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (memcmp(address, mapped, sizeof mapped) != 0) memset(address + 8, 0, 8);
}

unsigned tp_limit_take(tp_limit *l, const uint8_t address[static 16], uint64_t now_ms) {
    uint8_t own[16], hash[crypto_shorthash_BYTES];
    uint64_t who;
    memcpy(own, address, 16);
    tp_limit_net(own);
    crypto_shorthash(hash, own, sizeof own, l->key);
    memcpy(&who, hash, sizeof who);
    pthread_mutex_lock(&l->lock);
    bucket *b = find(l, who);
    uint64_t full = (b->full_ms > now_ms ? b->full_ms : now_ms) + l->gap_ms;
    uint64_t wait_ms = full > now_ms + l->room_ms ? full - now_ms - l->room_ms : 0;
    if (!wait_ms) b->full_ms = full;
    pthread_mutex_unlock(&l->lock);
    return (unsigned)((wait_ms + 999) / 1000);
}
