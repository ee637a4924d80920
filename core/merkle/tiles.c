/* Hash tiles and entry bundles of a tlog-tiles log. spec: chapter 8. */
#include "core/merkle/tiles.h"
#include "core/base/mem.h"

/* ---- names ---- */

static size_t put_text(char *out, const char *text) {
    size_t n = 0;
    for (; text[n]; n++)
        out[n] = text[n];
    return n;
}

static size_t put_decimal(char *out, uint64_t v) {
    char digits[20];
    size_t n = 0;
    do
        digits[n++] = (char)('0' + v % 10);
    while (v /= 10);
    for (size_t i = 0; i < n; i++)
        out[i] = digits[n - 1 - i];
    return n;
}

/* Groups of three digits, all but the last after an x: 1234067 is x001/x234/067. */
static size_t put_index(char *out, uint64_t index) {
    uint64_t power = 1;
    while (index / power >= 1000)
        power *= 1000;
    size_t n = 0;
    for (; power; power /= 1000) {
        unsigned group = (unsigned)(index / power % 1000);
        if (power > 1) out[n++] = 'x';
        out[n++] = (char)('0' + group / 100);
        out[n++] = (char)('0' + group / 10 % 10);
        out[n++] = (char)('0' + group % 10);
        if (power > 1) out[n++] = '/';
    }
    return n;
}

size_t tp_tile_path(char out[static TP_TILE_PATH_MAX], const tp_tile *tile) {
    size_t n = put_text(out, "tile/");
    if (tile->level == TP_TILE_ENTRIES)
        n += put_text(out + n, "entries");
    else
        n += put_decimal(out + n, tile->level);
    out[n++] = '/';
    n += put_index(out + n, tile->index);
    if (tile->width < TP_TILE_WIDTH) {
        n += put_text(out + n, ".p/");
        n += put_decimal(out + n, tile->width);
    }
    out[n] = 0;
    return n;
}

typedef struct {
    const char *p, *end;
} text_cursor;

static bool take(text_cursor *c, const char *text) {
    const char *p = c->p;
    for (; *text; text++, p++)
        if (p == c->end || *p != *text) return false;
    c->p = p;
    return true;
}

/* Exactly `digits` digits, or with 0 as many as there are; the caller compares with the canonical
 * spelling. Over four are refused: nothing here has more. */
static bool take_number(text_cursor *c, unsigned digits, unsigned *v) {
    unsigned n = 0;
    *v = 0;
    for (; c->p < c->end && *c->p >= '0' && *c->p <= '9' && n < 4; c->p++, n++)
        *v = *v * 10 + (unsigned)(*c->p - '0');
    return digits ? n == digits : n > 0;
}

static bool take_index(text_cursor *c, uint64_t *index) {
    *index = 0;
    for (bool more = true; more;) {
        unsigned group;
        more = take(c, "x");
        if (!take_number(c, 3, &group) || (more && !take(c, "/"))) return false;
        if (*index > TP_TREE_MAX_SIZE / 1000 - 1) return false;
        *index = *index * 1000 + group;
    }
    return true;
}

tp_err tp_tile_parse(tp_tile *tile, const char *path, size_t len) {
    text_cursor c = {path, path + len};
    tp_tile t = {.level = TP_TILE_ENTRIES, .width = TP_TILE_WIDTH};
    if (!take(&c, "tile/")) return TP_MALFORMED;
    if (!take(&c, "entries") && !take_number(&c, 0, &t.level)) return TP_MALFORMED;
    if (!take(&c, "/") || !take_index(&c, &t.index)) return TP_MALFORMED;
    if (take(&c, ".p/") && (!take_number(&c, 0, &t.width) || t.width - 1 > 254))
        return TP_MALFORMED;
    if (c.p != c.end || (t.level > TP_TILE_MAX_LEVEL && t.level != TP_TILE_ENTRIES))
        return TP_MALFORMED;
    char canonical[TP_TILE_PATH_MAX];
    if (tp_tile_path(canonical, &t) != len || memcmp(canonical, path, len)) return TP_MALFORMED;
    *tile = t;
    return TP_OK;
}

/* ---- which tiles a tree has ---- */

static uint64_t hashes_at(unsigned level, uint64_t size) {
    return level > TP_TILE_MAX_LEVEL ? 0 : size >> 8 * level;
}

uint64_t tp_tile_count(unsigned level, uint64_t size) {
    uint64_t n = hashes_at(level == TP_TILE_ENTRIES ? 0 : level, size);
    return n / TP_TILE_WIDTH + (n % TP_TILE_WIDTH != 0);
}

unsigned tp_tile_width(unsigned level, uint64_t index, uint64_t size) {
    uint64_t n = hashes_at(level == TP_TILE_ENTRIES ? 0 : level, size);
    if (index > n / TP_TILE_WIDTH) return 0;
    return index < n / TP_TILE_WIDTH ? TP_TILE_WIDTH : (unsigned)(n % TP_TILE_WIDTH);
}

/* The first tile of a level that may differ: the one in which the old hashes end. */
static void start_level(tp_tile_iter *it, unsigned level) {
    it->next.level = level;
    it->next.index = hashes_at(level, it->old_size) / TP_TILE_WIDTH;
}

tp_tile_iter tp_tiles_changed(uint64_t old_size, uint64_t new_size) {
    tp_tile_iter it = {.old_size = old_size, .new_size = new_size};
    start_level(&it, 0);
    return it;
}

bool tp_tiles_next(tp_tile_iter *it, tp_tile *tile) {
    for (; it->next.level <= TP_TILE_MAX_LEVEL; start_level(it, it->next.level + 1)) {
        unsigned width = tp_tile_width(it->next.level, it->next.index, it->new_size);
        if (!width) continue;
        if (width == tp_tile_width(it->next.level, it->next.index, it->old_size)) continue;
        it->next.width = width;
        *tile = it->next;
        it->next.index++;
        return true;
    }
    return false;
}

/* ---- contents ---- */

tp_err tp_tile_build(tp_hash out[static TP_TILE_WIDTH], const tp_tile *tile, tp_tile_read read,
                     void *ctx, tp_hash scratch[static TP_TILE_WIDTH]) {
    for (unsigned i = 0; i < tile->width; i++) {
        tp_tile below = {tile->level - 1, tile->index * TP_TILE_WIDTH + i, TP_TILE_WIDTH};
        tp_err err = read(ctx, &below, scratch);
        if (err) return err;
        tp_tree_root(&out[i], scratch, TP_TILE_WIDTH);
    }
    return TP_OK;
}

/* The subtree is the root over 2^(level % 8) hashes of one tile. */
static tp_err tile_source_get(void *ctx, tp_hash *out, unsigned level, uint64_t index) {
    tp_tile_source *s = ctx;
    unsigned height = level % 8, first = (unsigned)(index << height) % TP_TILE_WIDTH;
    tp_tile t = {.level = level / 8, .index = index >> (8 - height)};
    t.width = tp_tile_width(t.level, t.index, s->size);
    if (first + (1U << height) > t.width) return TP_REFUSED; /* not in the tree of s->size */
    if (s->tile.width != t.width || s->tile.level != t.level || s->tile.index != t.index) {
        s->tile.width = 0;
        tp_err err = s->read(s->ctx, &t, s->hashes);
        if (err) return err;
        s->tile = t;
    }
    tp_tree_root(out, s->hashes + first, UINT64_C(1) << height);
    return TP_OK;
}

void tp_tile_source_init(tp_tile_source *s, tp_tile_read read, void *ctx, uint64_t size) {
    *s = (tp_tile_source){.source = {tile_source_get, s}, .read = read, .ctx = ctx, .size = size};
}

/* ---- entry bundles ---- */

void tp_bundle_add(tp_writer *w, const void *entry, size_t len) {
    tp_write_vector(w, TP_ENTRY_MAX, entry, len);
}

tp_reader tp_bundle_next(tp_reader *r) {
    return tp_read_vector(r, 0, TP_ENTRY_MAX);
}

tp_err tp_bundle_leaves(tp_hash leaves[static TP_TILE_WIDTH], unsigned width, const void *bundle,
                        size_t len) {
    if (!width || width > TP_TILE_WIDTH) return TP_MALFORMED;
    tp_reader r = tp_reader_of(bundle, len);
    for (unsigned i = 0; i < width; i++) {
        tp_reader entry = tp_bundle_next(&r);
        if (entry.failed) return TP_MALFORMED;
        tp_tree_leaf(&leaves[i], entry.p, entry.left);
    }
    return tp_read_end(&r);
}
