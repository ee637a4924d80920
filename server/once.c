/* What may be used once: once.h. Sets of places by the user and the hash's first bytes;
 * what is over is overwritten, what is not is never displaced. The file is a head and the places,
 * of 64 bytes each, so that none lies across two sectors of a disk:
 *
 *   head   "tapat-once v2\n", zeros to 24, since as 8 bytes, zeros
 *   place  hash[32], until as 8 bytes, zeros; until 0: empty
 */
#include "server/once.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SETS = 1 << 10,
    SHARE = SETS / TP_ONCE_USERS,
    WAYS = 64,
    PLACE = 64,
    SINCE_AT = 24,
    PLACES = SETS * WAYS
};
static const char magic[] = "tapat-once v2\n";
_Static_assert(sizeof magic <= SINCE_AT, "the head's members do not overlap");

struct tp_once {
    pthread_mutex_t lock;
    int fd;
    uint64_t since;
    uint8_t head[PLACE];
    uint8_t places[SETS][WAYS][PLACE];
};
_Static_assert(sizeof((tp_once *)0)->places == (size_t)PLACES * PLACE, "one after the other");

static bool write_at(int fd, const void *bytes, size_t len, off_t at) {
    const uint8_t *p = bytes;
    while (len) {
        ssize_t n = pwrite(fd, p, len, at);
        if (n <= 0) return false;
        p += n;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

/* False: not a whole set. */
static bool load(tp_once *o) {
    struct stat st;
    uint8_t *p = o->head;
    size_t len = PLACE + sizeof o->places;
    _Static_assert(offsetof(tp_once, places) == offsetof(tp_once, head) + PLACE, "as in the file");
    if (fstat(o->fd, &st) || st.st_size != (off_t)len) return false;
    for (size_t got = 0; got < len;) {
        ssize_t n = pread(o->fd, p + got, len - got, (off_t)got);
        if (n <= 0) return false;
        got += (size_t)n;
    }
    o->since = tp_get_u64be(o->head + SINCE_AT);
    return !memcmp(o->head, magic, sizeof magic);
}

/* The head comes last: without it the file is none. */
static bool make(tp_once *o, uint64_t since) {
    memset(o->head, 0, PLACE);
    memset(o->places, 0, sizeof o->places);
    o->since = since;
    if (ftruncate(o->fd, 0) || !write_at(o->fd, o->places, sizeof o->places, PLACE) || fsync(o->fd))
        return false;
    memcpy(o->head, magic, sizeof magic);
    tp_put_u64be(o->head + SINCE_AT, since);
    return write_at(o->fd, o->head, PLACE, 0) && !fsync(o->fd);
}

tp_err tp_once_open(tp_once **out, const char *path, uint64_t since) {
    tp_once *o = *out = calloc(1, sizeof *o);
    if (!o) abort();
    pthread_mutex_init(&o->lock, NULL);
    o->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (o->fd < 0) return TP_SYSTEM;
    return load(o) || make(o, since) ? TP_OK : TP_SYSTEM;
}

void tp_once_close(tp_once *o) {
    if (!o) return;
    if (o->fd >= 0) close(o->fd);
    pthread_mutex_destroy(&o->lock);
    free(o);
}

uint64_t tp_once_since(const tp_once *o) {
    return o->since;
}

static tp_err take(tp_once *o, size_t set, const uint8_t hash[static 32], uint64_t now,
                   uint64_t until) {
    uint8_t place[PLACE] = {0}, *room = NULL;
    size_t way = 0;
    for (size_t i = 0; i < WAYS; i++) {
        uint8_t *p = o->places[set][i];
        bool over = tp_get_u64be(p + 32) < now;
        if (!over && !memcmp(p, hash, 32)) return TP_REFUSED;
        if (!over) continue;
        room = p;
        way = i;
    }
    if (!room) return TP_SYSTEM;
    memcpy(place, hash, 32);
    tp_put_u64be(place + 32, until);
    if (!write_at(o->fd, place, PLACE, (off_t)(PLACE * (1 + set * WAYS + way))) || fdatasync(o->fd))
        return TP_SYSTEM;
    memcpy(room, place, PLACE);
    return TP_OK;
}

tp_err tp_once_take(tp_once *o, unsigned user, const uint8_t hash[static 32], uint64_t now,
                    uint64_t until) {
    size_t set = (size_t)user % TP_ONCE_USERS * SHARE + hash[0] % SHARE;
    pthread_mutex_lock(&o->lock);
    tp_err err = take(o, set, hash, now, until);
    pthread_mutex_unlock(&o->lock);
    return err;
}
