/* The static form of a tree (C2SP tlog-tiles, height 8): names, widths and contents of hash tiles
 * and entry bundles. Pure functions; all data is public. spec: chapter 8.
 *
 * A tile of level l holds hashes of perfect subtrees of 256^l leaves: hash i of tile n is the
 * subtree number n * 256 + i. A full tile has 256 hashes; a partial one, at the right edge, 1 to
 * 255. The bundle n holds the entries whose leaf hashes are in tile n of level 0.
 */
#ifndef TAPAT_CORE_MERKLE_TILES_H
#define TAPAT_CORE_MERKLE_TILES_H

#include "core/merkle/tree.h"

enum {
    TP_TILE_WIDTH = 256,
    TP_TILE_MAX_LEVEL = 7, /* of a tree below 2^63 leaves */
    TP_TILE_ENTRIES = 64,  /* in place of a level: the entry bundle */
    TP_TILE_PATH_MAX = 64, /* bytes of a path with its NUL */
    TP_ENTRY_MAX = 65535,  /* bytes of an entry in a bundle */
};

typedef struct {
    unsigned level; /* 0..TP_TILE_MAX_LEVEL or TP_TILE_ENTRIES */
    uint64_t index;
    unsigned width; /* 1..256; 256 is a full tile */
} tp_tile;

/* ---- names ---- */

/* tile/<level>/<index>[.p/<width>] or tile/entries/<index>[.p/<width>] with a final NUL. Returns
 * the length without it. spec: T-8 */
size_t tp_tile_path(char out[static TP_TILE_PATH_MAX], const tp_tile *tile);
/* The inverse; TP_MALFORMED for every other spelling. */
TP_MUST_USE tp_err tp_tile_parse(tp_tile *tile, const char *path, size_t len);

/* ---- which tiles a tree has ---- */

/* Tiles of a level, partial one included, in a tree of `size` leaves. spec: T-7 */
uint64_t tp_tile_count(unsigned level, uint64_t size);
/* The width of tile (level, index) in a tree of `size` leaves, 0..256. spec: T-7 */
unsigned tp_tile_width(unsigned level, uint64_t index, uint64_t size);

/* The hash tiles of the tree of new_size that the tree of old_size does not have in this form, from
 * level 0 up and left to right. For level 0 the entry bundle of the same index and width is due
 * too.
 */
typedef struct {
    uint64_t old_size, new_size;
    tp_tile next;
} tp_tile_iter;

tp_tile_iter tp_tiles_changed(uint64_t old_size, uint64_t new_size);
/* False after the last. */
bool tp_tiles_next(tp_tile_iter *it, tp_tile *tile);

/* ---- contents ---- */

/* Reads the hashes of a tile, exactly tile->width of them. */
typedef tp_err (*tp_tile_read)(void *ctx, const tp_tile *tile,
                               tp_hash hashes[static TP_TILE_WIDTH]);

/* The hashes of a tile of level 1 or more, each from the full tile below. scratch: 256 hashes.
 * Errors: those of read. spec: T-7 */
TP_MUST_USE tp_err tp_tile_build(tp_hash out[static TP_TILE_WIDTH], const tp_tile *tile,
                                 tp_tile_read read, void *ctx,
                                 tp_hash scratch[static TP_TILE_WIDTH]);

/* Makes proofs from stored tiles: source.get reads one tile a call, and keeps the last one read. */
typedef struct {
    tp_tree_source source; /* hand &x.source to tp_tree_prove_inclusion and the like */
    tp_tile_read read;
    void *ctx;
    uint64_t size; /* of the tree whose tiles are read */
    tp_tile tile;  /* in hashes; width 0 if none */
    tp_hash hashes[TP_TILE_WIDTH];
} tp_tile_source;

void tp_tile_source_init(tp_tile_source *s, tp_tile_read read, void *ctx, uint64_t size);

/* ---- entry bundles: opaque entry<0..2^16-1>, one after the other ---- */

void tp_bundle_add(tp_writer *w, const void *entry, size_t len);
/* The next entry as a reader over its bytes; failed at the end or if it is cut. */
tp_reader tp_bundle_next(tp_reader *r);
/* The leaf hashes of a bundle of exactly `width` entries; TP_MALFORMED if it is anything else.
 * spec: T-9 */
TP_MUST_USE tp_err tp_bundle_leaves(tp_hash leaves[static TP_TILE_WIDTH], unsigned width,
                                    const void *bundle, size_t len);

#endif
