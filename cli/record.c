/* What several commands do with a public record: open and replay it, and remember what was checked.
 *
 *   char magic[8]; uint64 size; opaque root[32]; opaque points[32]<0..2^26>; opaque sha256[32];
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

static const uint8_t magic[8] = "tapat-1";
enum { FRAME = 8 + 8 + 32 + 4 + 32 };

/* The hash is against torn files only: who can write the file is believed. */
static bool read_remembered(tp_remembered *m, const uint8_t *bytes, size_t len) {
    uint8_t hash[32];
    tp_reader r = tp_reader_of(bytes, len);
    const uint8_t *begin = tp_read_bytes(&r, sizeof magic);
    uint64_t size = tp_read_u64(&r);
    const uint8_t *root = tp_read_bytes(&r, 32);
    tp_reader points = tp_read_vector(&r, 0, TP_MAX_DOCUMENT);
    const uint8_t *sum = tp_read_bytes(&r, 32);
    if (tp_read_end(&r) != TP_OK || points.left % 32 || memcmp(begin, magic, sizeof magic))
        return false;
    tp_sha256(hash, bytes, len - 32);
    if (memcmp(hash, sum, 32) || !(m->points = malloc(points.left + 1))) return false;
    memcpy(m->points, points.p, points.left);
    memcpy(m->root, root, 32);
    m->count = points.left / 32;
    m->size = size;
    return true;
}

int tp_load_remembered(tp_remembered *m, const char *path) {
    size_t len;
    memset(m, 0, sizeof *m);
    if (!path || access(path, F_OK) != 0) return TP_EXIT_OK;
    uint8_t *bytes = tp_load_file(path, &len, TP_MAX_DOCUMENT);
    if (!bytes) return TP_EXIT_SYSTEM;
    bool good = read_remembered(m, bytes, len);
    free(bytes);
    return good ? TP_EXIT_OK
                : tp_say(TP_EXIT_REFUSED, "%s is not what --remember writes; remove it", path);
}

int tp_save_remembered(const tp_remembered *m, const char *path) {
    uint8_t hash[32], *bytes;
    if (!path || !m->size) return TP_EXIT_OK;
    if (!(bytes = malloc(FRAME + 32 * m->count))) return tp_say(TP_EXIT_SYSTEM, "out of memory");
    tp_writer w = tp_writer_of(bytes, FRAME + 32 * m->count);
    tp_write_bytes(&w, magic, sizeof magic);
    tp_write_u64(&w, m->size);
    tp_write_bytes(&w, m->root, 32);
    tp_write_vector(&w, TP_MAX_DOCUMENT, (const uint8_t *)m->points, 32 * m->count);
    tp_sha256(hash, bytes, w.len);
    tp_write_bytes(&w, hash, 32);
    bool ok = tp_write_end(&w) == TP_OK && tp_save_file(path, bytes, w.len, true);
    free(bytes);
    return ok ? TP_EXIT_OK : TP_EXIT_SYSTEM;
}

int tp_load_record(tp_record **r, tp_replay *p, const char *dir, const tp_replay_options *options,
                   const char *remember) {
    tp_fault fault = {0};
    tp_remembered before;
    tp_replay_options o = *options;
    int code = tp_load_remembered(&before, remember);
    if (code != TP_EXIT_OK) return code;
    if (tp_record_open(r, dir, &fault) != TP_OK) {
        tp_remembered_free(&before);
        return tp_say_fault(&fault, dir);
    }
    if (!o.threads) o.threads = tp_cores();
    o.progress = tp_progress_print;
    o.remember = remember ? &before : NULL;
    if (tp_replay_run(p, *r, &o, &fault) != TP_OK)
        code = tp_say_fault(&fault, dir);
    else if ((code = tp_save_remembered(&before, o.trusting ? NULL : remember)) != TP_EXIT_OK)
        tp_replay_free(p);
    if (code != TP_EXIT_OK) tp_record_close(*r);
    tp_remembered_free(&before);
    return code;
}
