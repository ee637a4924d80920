/* The server's secrets on the disk, and the election's keys as everyone gets them. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/daemon.h"
#include "server/log.h"

/* ---- log.key, session.key ---- */

static tp_err write_new(const char *path, const uint8_t *bytes, size_t len) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return TP_SYSTEM;
    bool ok = write(fd, bytes, len) == (ssize_t)len && fsync(fd) == 0;
    ok &= close(fd) == 0;
    if (!ok) unlink(path);
    return ok ? TP_OK : TP_SYSTEM;
}

/* DATA/name; a new one, made by make, if there is none. */
static tp_err load_secret(const char *data, const char *name, uint8_t *secret, size_t len,
                          void (*make)(uint8_t *secret)) {
    char path[4096];
    struct stat st;
    if (sodium_init() < 0) return TP_SYSTEM;
    if (mkdir(data, 0700) && errno != EEXIST) return TP_SYSTEM;
    if (snprintf(path, sizeof path, "%s/%s", data, name) >= (int)sizeof path) return TP_TOO_BIG;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        make(secret);
        return write_new(path, secret, len);
    }
    if (fd < 0) return TP_SYSTEM;
    bool ok = read(fd, secret, len) == (ssize_t)len && !fstat(fd, &st) && st.st_size == (off_t)len;
    bool open_to_others = ok && (st.st_mode & 077);
    close(fd);
    if (open_to_others) {
        tp_log("key-readable-by-others", "file", "%s", name);
        return TP_REFUSED;
    }
    return ok ? TP_OK : TP_MALFORMED;
}

static void make_log_key(uint8_t *secret) {
    uint8_t public_key[32];
    crypto_sign_keypair(public_key, secret);
}

static void make_session_key(uint8_t *secret) {
    randombytes_buf(secret, 32);
}

tp_err tp_log_key_load(const char *data, uint8_t secret[static 64]) {
    return load_secret(data, "log.key", secret, 64, make_log_key);
}

tp_err tp_session_key_load(const char *data, uint8_t secret[static 32]) {
    return load_secret(data, "session.key", secret, 32, make_session_key);
}

tp_err tp_log_key(const char *data, uint8_t public_key[static 32]) {
    uint8_t secret[64];
    tp_err err = tp_log_key_load(data, secret);
    if (!err) crypto_sign_ed25519_sk_to_pk(public_key, secret);
    tp_wipe(secret, sizeof secret);
    return err;
}

/* ---- the election's keys ---- */

static tp_err copy_contest(tp_keys *to, const tp_keys *from, size_t c, size_t points) {
    to->y[c] = malloc(points * 32);
    to->y_points[c] = malloc(points * sizeof(tp_point));
    if (!to->y[c] || !to->y_points[c]) return TP_SYSTEM;
    memcpy(to->y[c], from->y[c], points * 32);
    memcpy(to->y_points[c], from->y_points[c], points * sizeof(tp_point));
    return TP_OK;
}

/* The signatures of all CONFIRM entries, trustee by trustee. */
static tp_err read_confirmations(uint8_t (*out)[64], size_t trustees, tp_store *store) {
    uint8_t bytes[TP_MAX_ENTRY];
    uint64_t *list;
    size_t count, len, seen = 0;
    tp_err err = tp_store_entries_admin(store, &list, &count);
    if (err) return err;
    for (size_t i = 0; !err && i < count; i++) {
        tp_entry e;
        tp_fault fault;
        err = tp_store_entry(store, list[i], bytes, sizeof bytes, &len);
        if (err || bytes[0] != TP_ENTRY_CONFIRM) continue;
        err = tp_entry_read(&e, bytes, len, &fault);
        if (err || e.signer < 1 || e.signer > trustees) continue;
        memcpy(out[e.signer - 1], e.signature, 64);
        seen++;
    }
    free(list);
    return err ? err : seen == trustees ? TP_OK : TP_REFUSED;
}

static tp_err write_octets(tp_ready *ready, const tp_manifest *m, const tp_keys *keys,
                           tp_store *store) {
    tp_sha256_ctx h;
    uint8_t v_hash[32], confirmations[TP_MAX_TRUSTEES][64];
    size_t n = m->trustees.count, points = 0;
    tp_err err = read_confirmations(confirmations, n, store);
    if (err) return err;
    tp_sha256_init(&h);
    for (size_t c = 0; c < m->contest_count; c++) {
        size_t p = tp_sum_points(&m->contests[c].shape);
        tp_sha256_update(&h, keys->v[c], n * p * 32);
        points += p;
    }
    tp_sha256_final(&h, v_hash);
    ready->octets_len = 32 * points + 32 + 2 + 64 * n;
    ready->octets = malloc(ready->octets_len);
    if (!ready->octets) return TP_SYSTEM;
    tp_writer w = tp_writer_of(ready->octets, ready->octets_len);
    for (size_t c = 0; c < m->contest_count; c++)
        tp_write_bytes(&w, keys->y[c], 32 * tp_sum_points(&m->contests[c].shape));
    tp_write_bytes(&w, v_hash, 32);
    tp_write_u16(&w, (uint16_t)n);
    tp_write_bytes(&w, confirmations, 64 * n);
    return tp_write_end(&w);
}

static void free_ready(tp_ready *ready) {
    if (!ready) return;
    for (size_t c = 0; c < TP_MAX_CONTESTS; c++) {
        free(ready->keys.y[c]);
        free(ready->keys.y_points[c]);
    }
    tp_styles_free(&ready->styles);
    free(ready->octets);
    free(ready);
}

tp_err tp_server_keys(tp_server *s, const tp_board *b, tp_store *store) {
    const tp_keys *keys = tp_ceremony_keys(b->ceremony);
    tp_ready *ready = keys ? calloc(1, sizeof *ready) : NULL;
    if (!ready) return TP_SYSTEM;
    tp_err err = TP_OK;
    memcpy(ready->keys.digest, keys->digest, 32);
    for (size_t c = 0; !err && c < s->manifest.contest_count; c++)
        err = copy_contest(&ready->keys, keys, c, tp_sum_points(&s->manifest.contests[c].shape));
    if (!err) err = write_octets(ready, &s->manifest, keys, store);
    if (!err) err = tp_styles_make(&ready->styles, &s->manifest, &ready->keys);
    if (err) {
        free_ready(ready);
        return err;
    }
    pthread_mutex_lock(&s->lock);
    s->state.ready = ready;
    pthread_mutex_unlock(&s->lock);
    return TP_OK;
}

void tp_server_keys_free(tp_server *s) {
    tp_ready *ready = NULL;
    memcpy(&ready, &s->state.ready, sizeof ready); /* ours, though shown as const */
    s->state.ready = NULL;
    free_ready(ready);
}
