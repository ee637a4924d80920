/* What may be used once: once.h. A set of places by the hash's first bytes; what is over is
 * overwritten, what is not is never displaced. */
#include "server/once.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SETS = 1 << 10, WAYS = 64 };

typedef struct {
    uint8_t hash[32];
    uint64_t until;
} place;

struct tp_once {
    pthread_mutex_t lock;
    place places[SETS][WAYS];
};

tp_once *tp_once_new(void) {
    tp_once *o = calloc(1, sizeof *o);
    if (!o) abort();
    pthread_mutex_init(&o->lock, NULL);
    return o;
}

void tp_once_free(tp_once *o) {
    if (!o) return;
    pthread_mutex_destroy(&o->lock);
    free(o);
}

static tp_err take(place *set, const uint8_t hash[static 32], uint64_t now, uint64_t until) {
    place *room = NULL;
    for (size_t i = 0; i < WAYS; i++) {
        bool over = set[i].until < now;
        if (!over && !memcmp(set[i].hash, hash, 32)) return TP_REFUSED;
        if (over) room = &set[i];
    }
    if (!room) return TP_SYSTEM;
    memcpy(room->hash, hash, 32);
    room->until = until;
    return TP_OK;
}

tp_err tp_once_take(tp_once *o, const uint8_t hash[static 32], uint64_t now, uint64_t until) {
    size_t set = (size_t)(hash[0] | hash[1] << 8) % SETS;
    pthread_mutex_lock(&o->lock);
    tp_err err = take(o->places[set], hash, now, until);
    pthread_mutex_unlock(&o->lock);
    return err;
}
