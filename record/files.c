/* Reads a record: entries out of bundles, documents by hash. What is read is not trusted, but for
 * documents, which must have their hash. spec: R-4..R-7.
 */
#include "record/reader.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

tp_err tp_record_open(tp_record **out, const char *dir, tp_fault *fault) {
    tp_record *r = calloc(1, sizeof *r);
    if (!r) return tp_fail(fault, TP_SYSTEM, "system", "memory");
    r->folder = -1;
    r->bundle.index = UINT64_MAX;
    tp_err err = tp_folder_open(&r->folder, dir, false);
    if (err == TP_REFUSED) tp_fail(fault, err, "record.missing", "folder");
    if (err == TP_SYSTEM) tp_fail(fault, err, "system", "folder");
    if (!err) err = tp_head_read(&r->head, r->folder, fault);
    if (err) {
        tp_record_close(r);
        return err;
    }
    *out = r;
    return TP_OK;
}

void tp_record_close(tp_record *r) {
    if (!r) return;
    for (unsigned level = 0; level <= TP_TILE_MAX_LEVEL; level++)
        free(r->hashes[level]);
    tp_head_free(&r->head);
    tp_bundle_free(&r->bundle);
    if (r->folder >= 0) close(r->folder);
    free(r);
}

uint64_t tp_record_size(const tp_record *r) {
    return r->head.at.size;
}

void tp_record_root(const tp_record *r, uint8_t root[static 32]) {
    memcpy(root, r->head.at.root.b, 32);
}

/* ---- bundles ---- */

void tp_bundle_free(tp_bundle *b) {
    tp_buffer_free(&b->bytes);
    b->index = UINT64_MAX;
}

/* The first `count` of a bundle's entries. */
static tp_err split(tp_bundle *b, unsigned width, unsigned count) {
    tp_reader r = tp_reader_of(b->bytes.p, b->bytes.len);
    for (unsigned i = 0; i < width; i++)
        b->entry[i] = tp_bundle_next(&r);
    b->count = count;
    return tp_read_end(&r);
}

tp_err tp_bundle_read(tp_bundle *b, const tp_record *r, uint64_t index, tp_fault *fault) {
    char path[TP_FILE_NAME];
    tp_tile tile = {TP_TILE_ENTRIES, index, tp_tile_width(0, index, tp_record_size(r))};
    b->index = UINT64_MAX;
    tp_tile_path(path, &tile);
    unsigned width;
    tp_err err = tp_tile_file(&b->bytes, &width, r->folder, &tile, TP_MAX_BUNDLE_FILE);
    if (err == TP_REFUSED) return tp_fail(fault, err, "files.missing", "%s", path);
    if (err == TP_SYSTEM) return tp_fail(fault, err, "system", "%s", path);
    if (!err) err = split(b, width, tile.width);
    if (err) return tp_fail(fault, err, "log.bundle", "%s", path);
    b->index = index;
    return TP_OK;
}

static bool leaf_holds(const tp_record *r, const tp_reader *entry, uint64_t index) {
    tp_hash leaf;
    tp_tree_leaf(&leaf, entry->p, entry->left);
    return !memcmp(&leaf, &r->hashes[0][index], sizeof leaf);
}

static tp_err no_leaf(uint64_t index, tp_fault *fault) {
    return tp_fail(fault, TP_INVALID, "log.entry", "entry %llu", (unsigned long long)index);
}

tp_err tp_record_entry(tp_record *r, uint64_t index, const uint8_t **bytes, size_t *len,
                       tp_fault *fault) {
    if (index >= tp_record_size(r))
        return tp_fail(fault, TP_REFUSED, "log.index", "entry %llu", (unsigned long long)index);
    if (r->bundle.index != index / TP_TILE_WIDTH) {
        tp_err err = tp_bundle_read(&r->bundle, r, index / TP_TILE_WIDTH, fault);
        if (err) return err;
    }
    const tp_reader *e = &r->bundle.entry[index % TP_TILE_WIDTH];
    if (r->hashes[0] && !leaf_holds(r, e, index)) return no_leaf(index, fault);
    *bytes = e->p;
    *len = e->left;
    return TP_OK;
}

tp_err tp_bundle_check(const tp_bundle *b, const tp_record *r, uint64_t *bad, tp_fault *fault) {
    for (unsigned i = 0; i < b->count; i++) {
        uint64_t index = b->index * TP_TILE_WIDTH + i;
        if (leaf_holds(r, &b->entry[i], index)) continue;
        *bad = index;
        return no_leaf(index, fault);
    }
    return TP_OK;
}

tp_err tp_record_check_log(tp_record *r, tp_fault *fault) {
    uint64_t bad;
    tp_err err = tp_record_load_tree(r, fault);
    if (err) tp_record_find_fault(r, fault);
    for (uint64_t i = 0; !err && i < tp_tile_count(TP_TILE_ENTRIES, tp_record_size(r)); i++) {
        err = tp_bundle_read(&r->bundle, r, i, fault);
        if (!err) err = tp_bundle_check(&r->bundle, r, &bad, fault);
    }
    return err;
}

/* ---- documents ---- */

tp_err tp_record_document(tp_record *r, const uint8_t hash[static 32], uint64_t *len,
                          uint8_t **bytes, tp_fault *fault) {
    char name[TP_FILE_NAME];
    uint8_t found[32];
    tp_buffer b = {0};
    tp_document_name(name, hash);
    tp_err err = tp_file_read(&b, r->folder, name, TP_MAX_DOCUMENT);
    if (err == TP_REFUSED) tp_fail(fault, err, "document.missing", "%s", name);
    if (err == TP_TOO_BIG) tp_fail(fault, err, "document.length", "%s", name);
    if (err == TP_SYSTEM) tp_fail(fault, err, "system", "%s", name);
    if (err) goto cleanup;
    tp_sha256(found, b.p, b.len);
    if (memcmp(found, hash, 32)) err = tp_fail(fault, TP_INVALID, "document.hash", "%s", name);
    if (!err && *len && *len != b.len)
        err = tp_fail(fault, TP_INVALID, "document.length", "%s", name);
cleanup:
    if (err) {
        tp_buffer_free(&b);
        return err;
    }
    *len = b.len;
    *bytes = b.p;
    return TP_OK;
}

/* ---- the tree above the entries ---- */

/* A tile's hashes are read to their place; those above level 0 must be the roots of full tiles. */
static tp_err load_tile(tp_record *r, const tp_tile *tile, tp_fault *fault) {
    char path[TP_FILE_NAME];
    tp_hash read[TP_TILE_WIDTH], below;
    tp_tile_path(path, tile);
    tp_err err = tp_tile_load(&r->folder, tile, read);
    if (err == TP_REFUSED) return tp_fail(fault, err, "files.missing", "%s", path);
    if (err == TP_SYSTEM) return tp_fail(fault, err, "system", "%s", path);
    if (err) return tp_fail(fault, err, "log.tile", "%s", path);
    uint64_t first = tile->index * TP_TILE_WIDTH;
    for (unsigned i = 0; i < tile->width; i++) {
        r->hashes[tile->level][first + i] = read[i];
        if (!tile->level) continue;
        tp_tree_root(&below, r->hashes[tile->level - 1] + (first + i) * TP_TILE_WIDTH,
                     TP_TILE_WIDTH);
        if (memcmp(&below, &read[i], sizeof below))
            return tp_fail(fault, TP_INVALID, "log.tile", "%s hash %u", path, i);
    }
    return TP_OK;
}

static tp_err own_tile(void *ctx, const tp_tile *tile, tp_hash hashes[static TP_TILE_WIDTH]) {
    const tp_record *r = ctx;
    memcpy(hashes, r->hashes[tile->level] + tile->index * TP_TILE_WIDTH,
           sizeof(tp_hash) * tile->width);
    return TP_OK;
}

bool tp_record_trusted_root(void *ctx, uint64_t size, uint8_t root[static 32]) {
    tp_record *r = ctx;
    tp_tile_source source;
    tp_hash hash;
    if (!r->hashes[0] || size > tp_record_size(r)) return false;
    /* asked for no subtree beyond `size`, whose tiles are those of the whole log */
    tp_tile_source_init(&source, own_tile, r, tp_record_size(r));
    if (tp_tree_root_at(&hash, &source.source, size)) return false;
    memcpy(root, hash.b, 32);
    return true;
}

static tp_err read_tiles(tp_record *r, tp_fault *fault) {
    uint64_t size = tp_record_size(r);
    uint8_t root[32];
    for (unsigned level = 0; level <= TP_TILE_MAX_LEVEL && size >> 8 * level; level++) {
        if (size >> 8 * level > SIZE_MAX / sizeof(tp_hash) / 2 ||
            !(r->hashes[level] = malloc((size_t)(size >> 8 * level) * sizeof(tp_hash))))
            return tp_fail(fault, TP_SYSTEM, "system", "memory for the tree");
        for (uint64_t i = 0; i < tp_tile_count(level, size); i++) {
            tp_tile tile = {level, i, tp_tile_width(level, i, size)};
            tp_err err = load_tile(r, &tile, fault);
            if (err) return err;
        }
    }
    if (!tp_record_trusted_root(r, size, root) || memcmp(root, r->head.at.root.b, 32))
        return tp_fail(fault, TP_INVALID, "log.root", "checkpoint");
    return TP_OK;
}

static void drop_tree(tp_record *r) {
    for (unsigned level = 0; level <= TP_TILE_MAX_LEVEL; level++) {
        free(r->hashes[level]);
        r->hashes[level] = NULL;
    }
}

tp_err tp_record_load_tree(tp_record *r, tp_fault *fault) {
    if (!tp_record_size(r)) return tp_fail(fault, TP_REFUSED, "record.empty", "checkpoint");
    if (r->hashes[0]) return TP_OK;
    tp_err err = read_tiles(r, fault);
    if (err) drop_tree(r);
    return err;
}

/* ---- which file is at fault ---- */

/* The hashes of all levels out of the entries. */
static tp_err hash_entries(tp_record *r, tp_fault *fault) {
    uint64_t size = tp_record_size(r);
    for (unsigned level = 0; level <= TP_TILE_MAX_LEVEL && size >> 8 * level; level++)
        if (!(r->hashes[level] = malloc((size_t)(size >> 8 * level) * sizeof(tp_hash))))
            return tp_fail(fault, TP_SYSTEM, "system", "memory for the tree");
    for (uint64_t i = 0; i < tp_tile_count(0, size); i++) {
        tp_err err = tp_bundle_read(&r->bundle, r, i, fault);
        if (err) return err;
        for (unsigned k = 0; k < r->bundle.count; k++)
            tp_tree_leaf(&r->hashes[0][i * TP_TILE_WIDTH + k], r->bundle.entry[k].p,
                         r->bundle.entry[k].left);
    }
    for (unsigned level = 1; level <= TP_TILE_MAX_LEVEL; level++)
        for (uint64_t i = 0; i < size >> 8 * level; i++)
            tp_tree_root(&r->hashes[level][i], r->hashes[level - 1] + i * TP_TILE_WIDTH,
                         TP_TILE_WIDTH);
    return TP_OK;
}

static bool tile_differs(const tp_record *r, const tp_tile *tile) {
    tp_hash read[TP_TILE_WIDTH];
    int folder = r->folder;
    return tp_tile_load(&folder, tile, read) ||
           memcmp(read, r->hashes[tile->level] + tile->index * TP_TILE_WIDTH,
                  sizeof(tp_hash) * tile->width);
}

void tp_record_find_fault(tp_record *r, tp_fault *fault) {
    uint64_t size = tp_record_size(r);
    uint8_t root[32];
    tp_fault found;
    if (fault->err == TP_SYSTEM || !strcmp(fault->code, "record.empty")) return;
    drop_tree(r);
    if (hash_entries(r, &found)) {
        if (strcmp(fault->code, "files.missing")) *fault = found;
        goto cleanup;
    }
    /* entries that are not the checkpoint's either: the first fault stands */
    if (!tp_record_trusted_root(r, size, root) || memcmp(root, r->head.at.root.b, 32)) goto cleanup;
    tp_tile_iter it = tp_tiles_changed(0, size);
    for (tp_tile tile; tp_tiles_next(&it, &tile);) {
        char path[TP_FILE_NAME];
        if (!tile_differs(r, &tile)) continue;
        tp_tile_path(path, &tile);
        if (strcmp(fault->code, "files.missing"))
            tp_fail(fault, TP_INVALID, "log.tile", "%s", path);
        break;
    }
cleanup:
    drop_tree(r);
    r->bundle.index = UINT64_MAX;
}
