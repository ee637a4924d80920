/* Targets of core: cursors, points and scalars, tree proofs, tiles, notes, proofs. */
#include "core/group/group.h"
#include "core/merkle/note.h"
#include "core/merkle/tiles.h"
#include "core/threshold/dkg.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* ---- cursors: the first half says which reads, the second is read; all is written back ---- */

static void copy_one(tp_reader *r, tp_writer *w, uint8_t how) {
    static const size_t widest[] = {20, 255, 65535, 1 << 20};
    uint8_t copy[16];
    switch (how % 7) {
    case 0:
        tp_write_u8(w, tp_read_u8(r));
        return;
    case 1:
        tp_write_u16(w, tp_read_u16(r));
        return;
    case 2:
        tp_write_u32(w, tp_read_u32(r));
        return;
    case 3:
        tp_write_u64(w, tp_read_u64(r));
        return;
    case 4:
        tp_read_copy(r, copy, how / 16), tp_write_bytes(w, copy, how / 16);
        return;
    case 5: {
        size_t max = widest[how / 7 % 4];
        tp_reader part = tp_read_vector(r, 0, max);
        if (!r->failed) tp_write_vector(w, max, part.p, part.left);
        return;
    }
    default: {
        const uint8_t *p = tp_read_bytes(r, how / 7);
        if (p) tp_write_bytes(w, p, how / 7);
    }
    }
}

static void run_reader(const uint8_t *bytes, size_t len) {
    static uint8_t out[1 << 20];
    size_t ways = len / 2;
    if (len > sizeof out / 2) return;
    tp_reader r = tp_reader_of(bytes + ways, len - ways);
    tp_writer w = tp_writer_of(out, sizeof out);
    for (size_t i = 0; i < ways && !r.failed; i++) {
        size_t left = r.left;
        copy_one(&r, &w, bytes[i]);
        MUST(r.left <= left);
    }
    if (tp_read_end(&r) != TP_OK) return;
    MUST(tp_write_end(&w) == TP_OK && w.len == len - ways);
    MUST(!memcmp(out, bytes + ways, w.len));
}

static void seeds_reader(fuzz_seed *keep) {
    keep("\0\1\2\5\5\0\1\1\2\2\2\2\3abc\1x\7\7", 18);
}

/* ---- points and scalars: every backend, with and without hints, agrees ---- */

enum { POINTS = 9 };

typedef struct {
    tp_err err;
    size_t bad;
    uint8_t again[POINTS][32];
} decoded;

static decoded decode(const uint8_t *bytes, size_t n, const uint8_t *hints) {
    tp_point p[POINTS];
    decoded d = {.bad = n};
    d.err = hints ? tp_points_decode_hinted_var(p, tp_rows(bytes), tp_rows(hints), n, &d.bad)
                  : tp_points_decode_var(p, tp_rows(bytes), n, &d.bad);
    if (d.err == TP_OK) tp_points_encode(d.again, p, n);
    return d;
}

static bool same(const decoded *a, const decoded *b) {
    return a->err == b->err && a->bad == b->bad && !memcmp(a->again, b->again, sizeof a->again);
}

/* The other backends are tried every 16th time: choosing one builds its tables. */
static void run_points(const uint8_t *bytes, size_t len) {
    static unsigned turn;
    size_t n = len / 64 < POINTS ? len / 64 : POINTS, bad;
    if (!n) return;
    decoded first = decode(bytes, n, NULL);
    MUST(first.err == TP_OK ? !memcmp(first.again, bytes, 32 * n)
                            : first.err == TP_MALFORMED && first.bad < n);
    bool all = turn++ % 16 == 0;
    for (size_t i = 0; i == 0 || (all && tp_group_backend_name(i)); i++) {
        if (all && tp_group_select(tp_group_backend_name(i)) != TP_OK) continue;
        decoded plain = decode(bytes, n, NULL), hinted = decode(bytes, n, bytes + 32 * n);
        MUST(same(&plain, &first) && same(&hinted, &first));
    }
    tp_err err;
    tp_scalar s[POINTS];
    uint8_t one[32];
    err = tp_scalars_decode(s, tp_rows(bytes), n, &bad);
    for (size_t i = 0; i < n; i++) {
        tp_err single = tp_scalar_decode(&s[i], bytes + 32 * i);
        MUST(err == TP_OK ? single == TP_OK : i != bad || single == TP_MALFORMED);
        tp_scalar_encode(one, &s[i]);
        MUST(single != TP_OK || !memcmp(one, bytes + 32 * i, 32));
    }
}

static void seeds_points(fuzz_seed *keep) {
    static uint8_t bytes[2 * POINTS][32];
    tp_scalar s[POINTS];
    tp_point p[POINTS];
    for (size_t i = 0; i < POINTS; i++)
        tp_scalar_from_u64(&s[i], i * i);
    tp_points_mul_base(p, s, POINTS);
    tp_points_encode(bytes, p, POINTS);
    MUST(tp_points_hint_var(bytes + POINTS, tp_rows(bytes), POINTS, NULL) == TP_OK);
    keep(bytes, sizeof bytes);
    memcpy(bytes[1], bytes[POINTS], 32);
    keep(bytes, 64);
}

/* ---- tree proofs: never more than one length, never a crash ---- */

static void run_tree(const uint8_t *bytes, size_t len) {
    tp_reader r = tp_reader_of(bytes, len);
    tp_hash leaf, root, proof[70];
    uint64_t index = tp_read_u64(&r), size = tp_read_u64(&r);
    tp_read_copy(&r, &leaf, 32), tp_read_copy(&r, &root, 32);
    size_t count = r.left / 32 < 70 ? r.left / 32 : 70;
    for (size_t i = 0; i < count; i++)
        tp_read_copy(&r, &proof[i], 32);
    if (tp_tree_check_inclusion(&leaf, index, size, &root, proof, count) == TP_OK)
        MUST(!count || tp_tree_check_inclusion(&leaf, index, size, &root, proof, count - 1));
    if (tp_tree_check_consistency(index, size, &leaf, &root, proof, count) == TP_OK)
        MUST(!count || tp_tree_check_consistency(index, size, &leaf, &root, proof, count - 1));
}

static void seeds_tree(fuzz_seed *keep) {
    uint8_t bytes[112] = {0};
    tp_hash leaf, root, sibling;
    tp_tree_leaf(&leaf, "a", 1), tp_tree_leaf(&sibling, "b", 1);
    tp_tree_node(&root, &leaf, &sibling);
    bytes[15] = 2;
    memcpy(bytes + 16, &leaf, 32), memcpy(bytes + 48, &root, 32), memcpy(bytes + 80, &sibling, 32);
    keep(bytes, sizeof bytes);
    bytes[7] = 1;
    keep(bytes, sizeof bytes);
}

/* ---- names of tiles, bundles ---- */

static void run_tile(const uint8_t *bytes, size_t len) {
    char path[TP_TILE_PATH_MAX];
    tp_tile tile;
    if (tp_tile_parse(&tile, (const char *)bytes, len) != TP_OK) return;
    MUST(tp_tile_path(path, &tile) == len && !memcmp(path, bytes, len));
}

static void seeds_tile(fuzz_seed *keep) {
    keep("tile/0/x001/234.p/7", 19), keep("tile/entries/000", 16), keep("tile/7/255", 10);
}

static void run_bundle(const uint8_t *bytes, size_t len) {
    static uint8_t out[1 << 20];
    tp_hash leaves[TP_TILE_WIDTH];
    if (!len || len > sizeof out) return;
    tp_reader r = tp_reader_of(bytes + 1, len - 1);
    tp_writer w = tp_writer_of(out, sizeof out);
    unsigned width = bytes[0] + 1u, count = 0;
    tp_err err = tp_bundle_leaves(leaves, width, bytes + 1, len - 1);
    while (r.left && !r.failed) {
        tp_reader entry = tp_bundle_next(&r);
        if (r.failed) break;
        tp_bundle_add(&w, entry.p, entry.left), count++;
    }
    bool whole = tp_read_end(&r) == TP_OK && count == width;
    MUST((err == TP_OK) == whole);
    if (whole) MUST(w.len == len - 1 && !memcmp(out, bytes + 1, w.len));
}

static void seeds_bundle(fuzz_seed *keep) {
    keep("\1\0\2ab\0\0", 7);
}

/* ---- notes, checkpoints, keys, base64 ---- */

static int any_signature(const unsigned char *signature, const unsigned char *message,
                         unsigned long long message_len, const unsigned char *key) {
    (void)message, (void)message_len, (void)key;
    return signature[0] & 1;
}

static void check_note(const uint8_t *bytes, size_t len) {
    static uint8_t out[2 * TP_NOTE_MAX];
    tp_note n;
    tp_checkpoint c;
    tp_note_signature s;
    tp_vkey k;
    uint64_t time;
    if (tp_note_parse(&n, bytes, len) != TP_OK) return;
    tp_writer w = tp_writer_of(out, sizeof out);
    tp_note_write_text(&w, n.text, n.text_len);
    for (unsigned i = 0; i < n.count; i++) {
        tp_note_signature_at(&n, i, &s);
        if (s.len > sizeof s.signature) return;
        static const uint8_t key[32] = {1};
        if (tp_vkey_init(&k, s.name, s.name_len, TP_KEY_ED25519, key) != TP_OK) return;
        tp_err ignored = tp_note_verify(&n, &k, any_signature, &time);
        (void)ignored;
        memcpy(k.id, s.id, 4);
        tp_note_write_signature(&w, &k, s.signature, s.len);
    }
    MUST(tp_write_end(&w) == TP_OK && w.len == len && !memcmp(out, bytes, len));
    if (tp_checkpoint_parse(&c, n.text, n.text_len) != TP_OK) return;
    w = tp_writer_of(out, sizeof out);
    tp_checkpoint_format(&w, &c);
    MUST(w.len == n.text_len && !memcmp(out, n.text, w.len));
}

static void run_note(const uint8_t *bytes, size_t len) {
    static uint8_t out[2 * TP_NOTE_MAX], raw[TP_NOTE_MAX];
    size_t raw_len;
    tp_vkey k;
    check_note(bytes, len);
    tp_writer w = tp_writer_of(out, sizeof out);
    if (tp_vkey_parse(&k, (const char *)bytes, len) == TP_OK) {
        tp_vkey_write(&w, &k);
        MUST(w.len == len && !memcmp(out, bytes, len));
    }
    w = tp_writer_of(out, sizeof out);
    if (tp_base64_decode(raw, sizeof raw, &raw_len, (const char *)bytes, len) == TP_OK) {
        tp_write_base64(&w, raw, raw_len);
        MUST(w.len == len && !memcmp(out, bytes, len));
    }
}

static void seeds_note(fuzz_seed *keep) {
    static uint8_t out[1024];
    static const uint8_t key[32] = {7}, signature[TP_COSIGNATURE_LEN] = {2};
    tp_checkpoint c = {.origin = "example.org/board", .origin_len = 17, .size = 42};
    tp_vkey k;
    char text[TP_CHECKPOINT_MAX];
    tp_writer w = tp_writer_of(text, sizeof text);
    tp_checkpoint_format(&w, &c);
    size_t text_len = w.len;
    w = tp_writer_of(out, sizeof out);
    tp_note_write_text(&w, text, text_len);
    MUST(tp_vkey_init(&k, "example.org/board", 17, TP_KEY_ED25519, key) == TP_OK);
    tp_note_write_signature(&w, &k, signature, 64);
    MUST(tp_vkey_init(&k, "witness", 7, TP_KEY_COSIGNATURE, key) == TP_OK);
    tp_note_write_signature(&w, &k, signature, TP_COSIGNATURE_LEN);
    keep(out, w.len);
    w = tp_writer_of(out, sizeof out);
    tp_vkey_write(&w, &k);
    keep(out, w.len);
}

/* ---- a dealer's message of the key generation ---- */

static const tp_dkg_params deal = {.n = 3, .t = 2, .p = 2};

static void run_deal(const uint8_t *bytes, size_t len) {
    static tp_point points[4];
    static _Alignas(64) uint8_t scratch[1 << 16];
    uint8_t commitment[32];
    MUST(tp_dkg_scratch(&deal) <= sizeof scratch);
    tp_dkg_commit(commitment, &deal, 1, bytes, len);
    tp_err err = tp_dkg_open_var(points, &deal, 1, bytes, len, commitment, scratch);
    MUST(err != TP_OK || len == tp_dkg_message_len(&deal));
}

static void seeds_deal(fuzz_seed *keep) {
    tp_scalar coefficients[4];
    tp_point points[4];
    uint8_t message[192], secret[32] = {1}, random[32] = {2};
    MUST(tp_dkg_deal(coefficients, message, points, &deal, 1, secret, random) == TP_OK);
    keep(message, sizeof message);
}

const fuzz_target fuzz_core[] = {
    {"reader", run_reader, seeds_reader}, {"points", run_points, seeds_points},
    {"tree", run_tree, seeds_tree},       {"tile", run_tile, seeds_tile},
    {"bundle", run_bundle, seeds_bundle}, {"note", run_note, seeds_note},
    {"deal", run_deal, seeds_deal},       {NULL, NULL, NULL},
};
