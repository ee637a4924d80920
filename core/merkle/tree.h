/* The Merkle tree of RFC 6962 section 2.1 over SHA-256: roots, a frontier for streams, inclusion
 * and consistency proofs. All data is public; functions run in variable time.
 *
 * Invariants
 *  1. Sizes are below 2^63, so that no proof has more than TP_TREE_MAX_PROOF nodes.
 *  2. A proof is accepted at exactly one length: nothing may be missing from it or added to it.
 * spec: chapter 8.
 */
#ifndef TAPAT_CORE_MERKLE_TREE_H
#define TAPAT_CORE_MERKLE_TREE_H

#include "core/base/base.h"

typedef struct {
    uint8_t b[32];
} tp_hash;

enum { TP_TREE_MAX_PROOF = 64 };
#define TP_TREE_MAX_SIZE ((UINT64_C(1) << 63) - 1)

/* SHA-256(0x00 || entry). spec: T-1 */
void tp_tree_leaf(tp_hash *out, const void *entry, size_t len);
/* SHA-256(0x01 || left || right). out may be one of them. spec: T-1 */
void tp_tree_node(tp_hash *out, const tp_hash *left, const tp_hash *right);
/* The root over an array of leaf hashes; of none: SHA-256 of nothing. spec: T-2 */
void tp_tree_root(tp_hash *out, const tp_hash *leaves, uint64_t count);

/* ---- frontier ---- */

/* What is needed to append: full[k] is the root of a perfect subtree of 2^k leaves, if bit k of
 * size is set. */
typedef struct {
    uint64_t size;
    tp_hash full[63];
} tp_frontier;

void tp_frontier_init(tp_frontier *f);
/* Appends one leaf hash. TP_TOO_BIG, and no change, at TP_TREE_MAX_SIZE. */
TP_MUST_USE tp_err tp_frontier_append(tp_frontier *f, const tp_hash *leaf);
void tp_frontier_root(const tp_frontier *f, tp_hash *out);

/* ---- stored trees ---- */

/* Where proofs are made from. get gives the root of the perfect subtree over the leaves
 * [index * 2^level, (index + 1) * 2^level); it is asked for subtrees inside the tree only. */
typedef struct {
    tp_err (*get)(void *ctx, tp_hash *out, unsigned level, uint64_t index);
    void *ctx;
} tp_tree_source;

/* The root at a size, and the frontier to go on from. Errors: those of get; TP_TOO_BIG. */
TP_MUST_USE tp_err tp_tree_root_at(tp_hash *out, const tp_tree_source *src, uint64_t size);
TP_MUST_USE tp_err tp_frontier_load(tp_frontier *f, const tp_tree_source *src, uint64_t size);

/* ---- proofs ---- */

/* The inclusion proof of leaf `index` in the tree of `size` leaves, leaf's sibling first.
 * TP_REFUSED if index >= size; TP_TOO_BIG; errors of get. spec: T-3 */
TP_MUST_USE tp_err tp_tree_prove_inclusion(tp_hash proof[static TP_TREE_MAX_PROOF], size_t *count,
                                           const tp_tree_source *src, uint64_t index,
                                           uint64_t size);
/* TP_MALFORMED: index or length out of range; TP_INVALID: another root. spec: T-4 */
TP_MUST_USE tp_err tp_tree_check_inclusion(const tp_hash *leaf, uint64_t index, uint64_t size,
                                           const tp_hash *root, const tp_hash *proof, size_t count);

/* The proof that the tree of old_size leaves is the beginning of that of new_size leaves.
 * TP_REFUSED unless 0 < old_size <= new_size; TP_TOO_BIG; errors of get. spec: T-5 */
TP_MUST_USE tp_err tp_tree_prove_consistency(tp_hash proof[static TP_TREE_MAX_PROOF], size_t *count,
                                             const tp_tree_source *src, uint64_t old_size,
                                             uint64_t new_size);
/* TP_MALFORMED: sizes or length out of range (old_size 0 among them: an empty tree proves nothing);
 * TP_INVALID: another root, old or new. spec: T-6 */
TP_MUST_USE tp_err tp_tree_check_consistency(uint64_t old_size, uint64_t new_size,
                                             const tp_hash *old_root, const tp_hash *new_root,
                                             const tp_hash *proof, size_t count);

#endif
