/* Writes the log as static tiles and reads proofs from them. spec: R-2..R-7.
 *
 *   entries -> bundle and level-0 tile of 256 -> its root is one hash of level 1 -> ...
 *
 * Invariants
 *  1. Each level holds the hashes of its last tile only; of the levels above 0 those are read again
 *     from the tiles of the old size, level 0 is hashed from the entries of its last bundle, which
 *     are read again too.
 *  2. Full tiles are written once. Partial ones of the old size stay until the checkpoint of the
 *     new size was written (tp_checkpoint_write), so a reader of the old one finds them.
 */
#include "record/folder.h"
#include "record/record.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static tp_err read_width(tp_buffer *b, int folder, tp_tile tile, unsigned width, size_t max) {
    char path[TP_FILE_NAME];
    tile.width = width;
    tp_tile_path(path, &tile);
    return tp_file_read(b, folder, path, max);
}

tp_err tp_tile_file(tp_buffer *b, unsigned *width, int folder, const tp_tile *tile, size_t max) {
    tp_err err = read_width(b, folder, *tile, *width = tile->width, max);
    if (err == TP_REFUSED) err = read_width(b, folder, *tile, *width = TP_TILE_WIDTH, max);
    for (unsigned w = tile->width + 1; err == TP_REFUSED && w < TP_TILE_WIDTH; w++)
        err = read_width(b, folder, *tile, *width = w, max);
    return err;
}

tp_err tp_tile_load(void *ctx, const tp_tile *tile, tp_hash hashes[static TP_TILE_WIDTH]) {
    tp_buffer b = {0};
    unsigned width;
    tp_err err = tp_tile_file(&b, &width, *(const int *)ctx, tile, sizeof(tp_hash) * TP_TILE_WIDTH);
    if (!err && b.len != sizeof(tp_hash) * width) err = TP_MALFORMED;
    if (!err) memcpy(hashes, b.p, sizeof(tp_hash) * tile->width);
    tp_buffer_free(&b);
    return err;
}

/* ---- writing ---- */

typedef struct {
    int folder;
    tp_entry_source entry;
    void *ctx;
    tp_buffer bundle;
    uint64_t old_size;
    tp_buffer tail; /* the last bundle of the old size, if it was partial */
    tp_reader tail_entry[TP_TILE_WIDTH];
    struct {
        uint64_t count; /* hashes of this level so far */
        tp_hash last[TP_TILE_WIDTH];
    } level[TP_TILE_MAX_LEVEL + 1];
} tile_writer;

static tp_err write_tile(tile_writer *w, unsigned level, unsigned width) {
    char path[TP_FILE_NAME];
    tp_tile tile = {level, (w->level[level].count - 1) / TP_TILE_WIDTH, width};
    tp_tile_path(path, &tile);
    return tp_file_write(w->folder, path, w->level[level].last, sizeof(tp_hash) * width);
}

static tp_err push(tile_writer *w, unsigned level, const tp_hash *hash) {
    w->level[level].last[w->level[level].count++ % TP_TILE_WIDTH] = *hash;
    if (w->level[level].count % TP_TILE_WIDTH) return TP_OK;
    tp_err err = write_tile(w, level, TP_TILE_WIDTH);
    if (err || level == TP_TILE_MAX_LEVEL) return err;
    tp_hash up;
    tp_tree_root(&up, w->level[level].last, TP_TILE_WIDTH);
    return push(w, level + 1, &up);
}

/* An entry from the old bundle or the source. */
static bool get_entry(tile_writer *w, uint64_t index, const uint8_t **bytes, size_t *len) {
    if (index >= w->old_size || !w->tail.len) return w->entry(w->ctx, index, bytes, len);
    *bytes = w->tail_entry[index % TP_TILE_WIDTH].p;
    *len = w->tail_entry[index % TP_TILE_WIDTH].left;
    return true;
}

/* The bundle first, then its leaf hashes, of which a full tile and all above it may come. */
static tp_err write_bundle(tile_writer *w, uint64_t index, unsigned width) {
    tp_writer out = tp_writer_of(w->bundle.p, w->bundle.cap);
    tp_hash leaves[TP_TILE_WIDTH];
    for (unsigned i = 0; i < width; i++) {
        const uint8_t *bytes;
        size_t len;
        if (!get_entry(w, index * TP_TILE_WIDTH + i, &bytes, &len)) return TP_SYSTEM;
        if (len > TP_MAX_ENTRY) return TP_TOO_BIG;
        tp_tree_leaf(&leaves[i], bytes, len);
        tp_bundle_add(&out, bytes, len);
    }
    char path[TP_FILE_NAME];
    tp_tile tile = {TP_TILE_ENTRIES, index, width};
    tp_tile_path(path, &tile);
    tp_err err = tp_file_write(w->folder, path, out.p, out.len);
    for (unsigned i = 0; i < width && !err; i++)
        err = push(w, 0, &leaves[i]);
    return err;
}

/* The last bundle of the old size. If it is not there, the source is asked for its entries. */
static tp_err resume_bundle(tile_writer *w) {
    tp_tile tile = {TP_TILE_ENTRIES, w->old_size / TP_TILE_WIDTH,
                    (unsigned)(w->old_size % TP_TILE_WIDTH)};
    char path[TP_FILE_NAME];
    if (!tile.width) return TP_OK;
    tp_tile_path(path, &tile);
    tp_err err = tp_file_read(&w->tail, w->folder, path, TP_MAX_BUNDLE);
    if (err == TP_REFUSED) return TP_OK;
    if (err) return err;
    tp_reader r = tp_reader_of(w->tail.p, w->tail.len);
    for (unsigned i = 0; i < tile.width; i++)
        w->tail_entry[i] = tp_bundle_next(&r);
    return tp_read_end(&r);
}

/* The hashes of each level's last tile at the old size; level 0 begins at its last bundle. */
static tp_err resume(tile_writer *w, uint64_t old_size) {
    w->old_size = old_size;
    tp_err err = old_size ? resume_bundle(w) : TP_OK;
    if (err) return err;
    w->level[0].count = old_size / TP_TILE_WIDTH * TP_TILE_WIDTH;
    for (unsigned level = 1; level <= TP_TILE_MAX_LEVEL; level++) {
        w->level[level].count = old_size >> 8 * level;
        tp_tile tile = {level, w->level[level].count / TP_TILE_WIDTH,
                        (unsigned)(w->level[level].count % TP_TILE_WIDTH)};
        if (!tile.width) continue;
        err = tp_tile_load(&w->folder, &tile,
                           w->level[level].last); /* a later run may have got further */
        if (err) return err;
    }
    return TP_OK;
}

static tp_err write_partial(tile_writer *w, uint64_t old_size) {
    for (unsigned level = 0; level <= TP_TILE_MAX_LEVEL; level++) {
        unsigned width = (unsigned)(w->level[level].count % TP_TILE_WIDTH);
        if (!width || w->level[level].count == old_size >> 8 * level) continue;
        tp_err err = write_tile(w, level, width);
        if (err) return err;
    }
    return TP_OK;
}

/* The subtrees that make up the root all lie in the last tiles. */
static tp_err last_tile(void *ctx, const tp_tile *tile, tp_hash hashes[static TP_TILE_WIDTH]) {
    const tile_writer *w = ctx;
    memcpy(hashes, w->level[tile->level].last, sizeof(tp_hash) * TP_TILE_WIDTH);
    return TP_OK;
}

tp_err tp_tiles_write(uint8_t root[static 32], const char *dir, uint64_t old_size,
                      uint64_t new_size, tp_entry_source entry, void *ctx) {
    if (old_size > new_size) return TP_REFUSED;
    if (new_size > TP_TREE_MAX_SIZE) return TP_TOO_BIG;
    tile_writer *w = calloc(1, sizeof *w);
    tp_tile_source source;
    tp_hash hash;
    if (!w) return TP_SYSTEM;
    w->folder = -1;
    tp_err err = tp_buffer_room(&w->bundle, TP_MAX_BUNDLE);
    if (!err) err = tp_folder_open(&w->folder, dir, true);
    if (err) goto cleanup;
    w->entry = entry;
    w->ctx = ctx;
    if ((err = resume(w, old_size))) goto cleanup;
    for (uint64_t at = old_size < new_size ? old_size / TP_TILE_WIDTH : UINT64_MAX;
         at < tp_tile_count(0, new_size); at++)
        if ((err = write_bundle(w, at, tp_tile_width(0, at, new_size)))) goto cleanup;
    if (old_size < new_size && (err = write_partial(w, old_size))) goto cleanup;
    if (old_size == new_size) {
        err = tp_record_root_at(root, dir, new_size);
        goto cleanup;
    }
    tp_tile_source_init(&source, last_tile, w, new_size);
    err = tp_tree_root_at(&hash, &source.source, new_size);
    if (!err) memcpy(root, hash.b, 32);
cleanup:
    if (w->folder >= 0) close(w->folder);
    tp_buffer_free(&w->bundle);
    tp_buffer_free(&w->tail);
    free(w);
    return err;
}

/* ---- proofs ---- */

tp_err tp_record_root_at(uint8_t root[static 32], const char *dir, uint64_t size) {
    int folder;
    tp_tile_source source;
    tp_hash hash;
    tp_err err = tp_folder_open(&folder, dir, false);
    if (err) return err;
    tp_tile_source_init(&source, tp_tile_load, &folder, size);
    err = tp_tree_root_at(&hash, &source.source, size);
    if (!err) memcpy(root, hash.b, 32);
    close(folder);
    return err;
}

tp_err tp_record_inclusion(tp_hash proof[static TP_TREE_MAX_PROOF], size_t *count, const char *dir,
                           uint64_t leaf, uint64_t size) {
    int folder;
    tp_tile_source source;
    tp_err err = tp_folder_open(&folder, dir, false);
    if (err) return err;
    tp_tile_source_init(&source, tp_tile_load, &folder, size);
    err = tp_tree_prove_inclusion(proof, count, &source.source, leaf, size);
    close(folder);
    return err;
}

tp_err tp_record_consistency(tp_hash proof[static TP_TREE_MAX_PROOF], size_t *count,
                             const char *dir, uint64_t old_size, uint64_t new_size) {
    int folder;
    tp_tile_source source;
    tp_err err = tp_folder_open(&folder, dir, false);
    if (err) return err;
    tp_tile_source_init(&source, tp_tile_load, &folder, new_size);
    err = tp_tree_prove_consistency(proof, count, &source.source, old_size, new_size);
    close(folder);
    return err;
}

/* ---- documents and readable copies ---- */

static tp_err write_at(const char *dir, const char *name, const void *bytes, size_t len) {
    int folder;
    tp_err err = tp_folder_open(&folder, dir, true);
    if (err) return err;
    err = tp_file_write(folder, name, bytes, len);
    close(folder);
    return err;
}

tp_err tp_document_write(const char *dir, const void *bytes, size_t len, uint8_t hash[static 32]) {
    char name[TP_FILE_NAME];
    if (len > TP_MAX_DOCUMENT) return TP_TOO_BIG;
    tp_sha256(hash, bytes, len);
    tp_document_name(name, hash);
    return write_at(dir, name, bytes, len);
}

tp_err tp_copy_write(const char *dir, tp_copy copy, const void *bytes, size_t len) {
    return write_at(dir, tp_copy_name(copy), bytes, len);
}

const char *tp_copy_name(tp_copy copy) {
    static const char *const names[] = {"manifest.json", "results.json", "results.csv"};
    return names[copy];
}

/* ---- tidying ---- */

typedef struct {
    int folder;
    uint64_t size;
} sweep;

static tp_err sweep_file(void *ctx, const char *name, bool plain) {
    const sweep *s = ctx;
    tp_tile tile;
    (void)plain;
    bool unfinished = !strncmp(name, ".tmp-", 5);
    bool stale = !tp_tile_parse(&tile, name, strlen(name)) &&
                 tile.width != tp_tile_width(tile.level, tile.index, s->size);
    if (unfinished || stale) tp_file_remove(s->folder, name);
    return TP_OK;
}

tp_err tp_tiles_sweep(const char *dir, uint64_t size) {
    sweep s = {.size = size};
    tp_err err = tp_folder_open(&s.folder, dir, true);
    if (err) return err;
    err = tp_folder_walk(s.folder, sweep_file, &s);
    close(s.folder);
    return err;
}
