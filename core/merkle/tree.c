/* RFC 6962 trees. A subtree is a range of leaves [lo, hi); it is split at lo + k, k the largest
 * power of two below hi - lo, so every left part is perfect, and a range is a row of perfect
 * subtrees, each at most as large as the one before. spec: chapter 8.
 */
#include "core/merkle/tree.h"
#include "core/base/mem.h"
#include "core/hash/hash.h"

void tp_tree_leaf(tp_hash *out, const void *entry, size_t len) {
    tp_sha256_ctx c;
    tp_sha256_init(&c);
    tp_sha256_update(&c, "\0", 1);
    tp_sha256_update(&c, entry, len);
    tp_sha256_final(&c, out->b);
}

void tp_tree_node(tp_hash *out, const tp_hash *left, const tp_hash *right) {
    tp_sha256_ctx c;
    tp_sha256_init(&c);
    tp_sha256_update(&c, "\1", 1);
    tp_sha256_update(&c, left->b, sizeof left->b);
    tp_sha256_update(&c, right->b, sizeof right->b);
    tp_sha256_final(&c, out->b);
}

void tp_tree_root(tp_hash *out, const tp_hash *leaves, uint64_t count) {
    tp_frontier f;
    tp_frontier_init(&f);
    for (uint64_t i = 0; i < count; i++)
        if (tp_frontier_append(&f, &leaves[i])) __builtin_trap(); /* no such array fits in memory */
    tp_frontier_root(&f, out);
}

void tp_frontier_init(tp_frontier *f) {
    memset(f, 0, sizeof *f);
}

tp_err tp_frontier_append(tp_frontier *f, const tp_hash *leaf) {
    if (f->size >= TP_TREE_MAX_SIZE) return TP_TOO_BIG;
    tp_hash h = *leaf;
    unsigned level = 0;
    for (; f->size >> level & 1; level++)
        tp_tree_node(&h, &f->full[level], &h);
    f->full[level] = h;
    f->size++;
    return TP_OK;
}

static void empty_root(tp_hash *out) {
    tp_sha256(out->b, NULL, 0);
}

/* The perfect subtrees of the range, smallest first, each put to the left of what was there. */
static tp_err range_root(tp_hash *out, const tp_tree_source *src, uint64_t lo, uint64_t hi) {
    tp_hash h;
    bool first = true;
    for (uint64_t left = hi - lo; left; left &= left - 1) {
        unsigned level = (unsigned)__builtin_ctzll(left);
        hi -= UINT64_C(1) << level;
        tp_err err = src->get(src->ctx, &h, level, hi >> level);
        if (err) return err;
        if (first)
            *out = h;
        else
            tp_tree_node(out, &h, out);
        first = false;
    }
    if (first) empty_root(out);
    return TP_OK;
}

void tp_frontier_root(const tp_frontier *f, tp_hash *out) {
    uint64_t left = f->size;
    if (!left) {
        empty_root(out);
        return;
    }
    *out = f->full[__builtin_ctzll(left)];
    while (left &= left - 1)
        tp_tree_node(out, &f->full[__builtin_ctzll(left)], out);
}

tp_err tp_tree_root_at(tp_hash *out, const tp_tree_source *src, uint64_t size) {
    return size > TP_TREE_MAX_SIZE ? TP_TOO_BIG : range_root(out, src, 0, size);
}

tp_err tp_frontier_load(tp_frontier *f, const tp_tree_source *src, uint64_t size) {
    if (size > TP_TREE_MAX_SIZE) return TP_TOO_BIG;
    tp_frontier_init(f);
    uint64_t start = size;
    for (uint64_t left = size; left; left &= left - 1) {
        unsigned level = (unsigned)__builtin_ctzll(left);
        start -= UINT64_C(1) << level;
        tp_err err = src->get(src->ctx, &f->full[level], level, start >> level);
        if (err) return err;
    }
    f->size = size;
    return TP_OK;
}

/* The largest power of two below n, n >= 2. */
static uint64_t split(uint64_t n) {
    return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

static void reverse(tp_hash *list, size_t count) {
    for (size_t i = 0; i < count / 2; i++) {
        tp_hash h = list[i];
        list[i] = list[count - 1 - i];
        list[count - 1 - i] = h;
    }
}

tp_err tp_tree_prove_inclusion(tp_hash proof[static TP_TREE_MAX_PROOF], size_t *count,
                               const tp_tree_source *src, uint64_t index, uint64_t size) {
    if (size > TP_TREE_MAX_SIZE) return TP_TOO_BIG;
    if (index >= size) return TP_REFUSED;
    size_t n = 0;
    for (uint64_t lo = 0, hi = size; hi - lo > 1;) {
        uint64_t mid = lo + split(hi - lo);
        bool left = index < mid;
        tp_err err = range_root(&proof[n++], src, left ? mid : lo, left ? hi : mid);
        if (err) return err;
        if (left)
            hi = mid;
        else
            lo = mid;
    }
    reverse(proof, n);
    *count = n;
    return TP_OK;
}

tp_err tp_tree_prove_consistency(tp_hash proof[static TP_TREE_MAX_PROOF], size_t *count,
                                 const tp_tree_source *src, uint64_t old_size, uint64_t new_size) {
    if (new_size > TP_TREE_MAX_SIZE) return TP_TOO_BIG;
    if (!old_size || old_size > new_size) return TP_REFUSED;
    size_t n = 0;
    uint64_t lo = 0, hi = new_size;
    while (hi != old_size) {
        uint64_t mid = lo + split(hi - lo);
        bool left = old_size <= mid;
        tp_err err = range_root(&proof[n++], src, left ? mid : lo, left ? hi : mid);
        if (err) return err;
        if (left)
            hi = mid;
        else
            lo = mid;
    }
    if (lo) { /* else the old tree is a perfect subtree, whose root the verifier has */
        tp_err err = range_root(&proof[n++], src, lo, hi);
        if (err) return err;
    }
    reverse(proof, n);
    *count = n;
    return TP_OK;
}

static bool same(const tp_hash *a, const tp_hash *b) {
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

/* One step up a path of both verifications (RFC 9162 sections 2.1.3.2 and 2.1.4.2): node is the
 * position on the path, last that of the level's last node. True if the sibling stands to the left.
 * Levels at which the last node has no sibling are passed over. */
static bool step_up(uint64_t *node, uint64_t *last) {
    bool sibling_left = (*node & 1) || *node == *last;
    if (sibling_left && *node) {
        unsigned skip = (unsigned)__builtin_ctzll(*node);
        *node >>= skip, *last >>= skip;
    }
    *node >>= 1, *last >>= 1;
    return sibling_left;
}

tp_err tp_tree_check_inclusion(const tp_hash *leaf, uint64_t index, uint64_t size,
                               const tp_hash *root, const tp_hash *proof, size_t count) {
    if (size > TP_TREE_MAX_SIZE || index >= size || count > TP_TREE_MAX_PROOF) return TP_MALFORMED;
    tp_hash h = *leaf;
    uint64_t node = index, last = size - 1;
    for (size_t i = 0; i < count; i++) {
        if (!last) return TP_MALFORMED;
        if (step_up(&node, &last))
            tp_tree_node(&h, &proof[i], &h);
        else
            tp_tree_node(&h, &h, &proof[i]);
    }
    if (last) return TP_MALFORMED;
    return same(&h, root) ? TP_OK : TP_INVALID;
}

tp_err tp_tree_check_consistency(uint64_t old_size, uint64_t new_size, const tp_hash *old_root,
                                 const tp_hash *new_root, const tp_hash *proof, size_t count) {
    if (new_size > TP_TREE_MAX_SIZE || !old_size || old_size > new_size) return TP_MALFORMED;
    if (count > TP_TREE_MAX_PROOF) return TP_MALFORMED;
    if (old_size == new_size) {
        if (count) return TP_MALFORMED;
        return same(old_root, new_root) ? TP_OK : TP_INVALID;
    }
    if (!count) return TP_MALFORMED;
    uint64_t node = old_size - 1, last = new_size - 1;
    unsigned skip = (unsigned)__builtin_ctzll(old_size); /* low bits of node that are all ones */
    node >>= skip, last >>= skip;
    size_t i = 0;
    bool perfect = (old_size & (old_size - 1)) == 0;
    tp_hash from_old = perfect ? *old_root : proof[i++], from_new = from_old;
    for (; i < count; i++) {
        if (!last) return TP_MALFORMED;
        if (step_up(&node, &last)) {
            tp_tree_node(&from_old, &proof[i], &from_old);
            tp_tree_node(&from_new, &proof[i], &from_new);
        } else {
            tp_tree_node(&from_new, &from_new, &proof[i]);
        }
    }
    if (last) return TP_MALFORMED;
    return same(&from_old, old_root) && same(&from_new, new_root) ? TP_OK : TP_INVALID;
}
