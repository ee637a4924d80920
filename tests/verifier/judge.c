/* Judges entries, manifests, checkpoints and whole records for differ.mjs, which compares what it
 * says with what the second verifier says. It is replay.c and verify.c with a record in memory: an
 * entry goes through the code that `tapat verify` has for it, at the state that the entries before
 * it gave, and a refused one leaves that state as it was (S-16).
 *
 * Standard input: { uint8 op; uint32 length; opaque bytes[length]; }, standard output: a line for
 * each op but m, b, r and s: "ok", or the check and the code.
 *   m  a manifest: a new board, empty
 *   b  an entry to begin with, which is believed
 *   r  back to the entries of b
 *   e  an entry
 *   p  a manifest: does it parse?
 *   n  a checkpoint, by the manifest's keys
 *   v  a record, at this path: a line for each check, then "."
 *   s  no answer: those so far are sent
 * spec: Y-2, Y-3, S-16, S-18
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/merkle/tree.h"
#include "record/reader.h"

enum { MAX_HISTORY = 4096 };

static struct {
    uint8_t *manifest;
    size_t manifest_len;
    uint8_t *entry[MAX_HISTORY];
    size_t len[MAX_HISTORY], count, base;
    tp_hash leaf[MAX_HISTORY];
    bool on;
} board;

static bool judge_root(void *ctx, uint64_t size, uint8_t root[static 32]) {
    tp_hash h;
    if (!board.on) return tp_record_trusted_root(ctx, size, root);
    if (size > board.count) return false;
    tp_tree_root(&h, board.leaf, size);
    memcpy(root, h.b, 32);
    return true;
}

static tp_err judge_document(tp_record *r, const uint8_t hash[static 32], uint64_t *len,
                             uint8_t **bytes, tp_fault *fault) {
    if (!board.on) return tp_record_document(r, hash, len, bytes, fault);
    *bytes = malloc(board.manifest_len + 1);
    if (!*bytes) return tp_fail(fault, TP_SYSTEM, "system", "memory");
    memcpy(*bytes, board.manifest, board.manifest_len);
    *len = board.manifest_len;
    return TP_OK;
}

static tp_err judge_head(const tp_head *h, const tp_manifest *m, tp_fault *fault) {
    return board.on ? TP_OK : tp_head_check(h, m, fault);
}

#define tp_record_trusted_root judge_root
#define tp_record_document     judge_document
#define tp_head_check          judge_head
#include "record/replay.c"
#include "record/verify.c"

/* ---- the state ---- */

static tp_record record;
static tp_replay result;
static tp_replay_options options = {.threads = 1};
static replay now;
static chunk one;

static void die(const char *why) {
    fprintf(stderr, "judge: %s\n", why);
    exit(3);
}

static void empty(void) {
    if (now.out) {
        tp_credential *rest = NULL;
        size_t count;
        rest = tp_credentials_take(&now.credentials, &count);
        free(rest);
        release(&now);
        tp_replay_free(&result);
    }
    memset(&now, 0, sizeof now);
    memset(&result, 0, sizeof result);
    now.out = &result;
    now.r = &record;
    now.o = &options;
    tp_board_init(&result.board);
    if (prepare(&now)) die("memory");
    for (size_t i = board.base; i < board.count; i++)
        free(board.entry[i]);
    board.count = 0;
}

/* The worker's part, then the part that is done in order. */
static tp_err judge(const uint8_t *bytes, size_t len, tp_fault *fault) {
    uint64_t index = board.count, next = index;
    tp_reader entry = tp_reader_of(bytes, len);
    if (!index) return apply(&now, &entry, 0, fault);
    one.in = &now;
    one.open = now.opened;
    one.first = index;
    one.end = index + 1;
    one.bad = UINT64_MAX;
    one.bundle[0].entry[index % TP_TILE_WIDTH] = entry;
    check_chunk(&one, 0);
    return apply_chunk(&now, &one, &next, fault);
}

static void keep(uint8_t *bytes, size_t len) {
    if (board.count == MAX_HISTORY) die("too many entries");
    board.entry[board.count] = bytes;
    board.len[board.count] = len;
    tp_tree_leaf(&board.leaf[board.count++], bytes, len);
}

static uint8_t *copied(const uint8_t *bytes, size_t len) {
    uint8_t *copy = malloc(len + 1);
    if (!copy) die("memory");
    memcpy(copy, bytes, len);
    return copy;
}

/* All entries again, up to `count`; ballots are believed. */
static void again(size_t count) {
    tp_fault fault;
    size_t base = board.base;
    board.base = count;
    empty();
    board.base = base;
    options.trusting = true;
    for (size_t i = 0; i < count; i++) {
        if (judge(board.entry[i], board.len[i], &fault)) die(fault.code);
        board.count++;
    }
    options.trusting = false;
}

/* What the rules of credentials keep, which a refusal may have changed. */
static size_t enrolled(void) {
    size_t n = 0;
    for (size_t i = 0; result.units && i < result.manifest.unit_count; i++)
        n += result.units[i].enrolled;
    return n;
}

/* ---- operations ---- */

static void say(tp_err err, int check, const char *code) {
    if (err)
        printf("%s %s\n", names[check], code);
    else
        puts("ok");
}

static void op_manifest(const uint8_t *bytes, size_t len) {
    board.base = 0;
    empty();
    free(board.manifest);
    board.manifest = copied(bytes, len);
    board.manifest_len = len;
}

static void op_begin(const uint8_t *bytes, size_t len) {
    tp_fault fault;
    options.trusting = true;
    if (judge(bytes, len, &fault)) die(fault.code);
    options.trusting = false;
    keep(copied(bytes, len), len);
    board.base = board.count;
}

static void op_entry(const uint8_t *bytes, size_t len) {
    tp_fault fault = {0};
    uint8_t *copy = copied(bytes, len);
    tp_board before = result.board;
    size_t credentials = enrolled();
    tp_err err = judge(copy, len, &fault);
    say(err, err ? check_of(&fault, record.faulty_type) : 0, fault.code);
    if (!err) {
        keep(copy, len);
        return;
    }
    free(copy);
    result.board = before;
    if (!board.count || enrolled() != credentials) again(board.count);
}

static void op_parse(const uint8_t *bytes, size_t len) {
    tp_fault fault;
    tp_manifest m;
    tp_err err = tp_manifest_parse(&m, bytes, len, &fault);
    say(err, MANIFEST, fault.code);
    if (!err) tp_manifest_free(&m);
}

static void op_checkpoint(const uint8_t *bytes, size_t len) {
    tp_fault fault;
    tp_checkpoint_seen seen;
    tp_manifest m;
    if (tp_manifest_parse(&m, board.manifest, board.manifest_len, &fault)) die("manifest");
    tp_err err = tp_checkpoint_check(&seen, bytes, len, &m, &fault);
    say(err, LOG, fault.code);
    tp_manifest_free(&m);
}

static void op_verify(const char *path) {
    static const char *const words[] = {"ok", "FAIL", "not yet"};
    tp_verification v;
    board.on = false;
    tp_err err = tp_verify(&v, path, NULL, &options);
    (void)err; /* what failed is in v */
    board.on = true;
    for (size_t i = 0; i < v.count; i++)
        printf("%s\t%s\t%s\t%s\t%s\n", v.checks[i].check, words[v.checks[i].verdict],
               v.checks[i].detail, v.checks[i].verdict == TP_FAIL ? v.checks[i].fault.code : "",
               v.checks[i].verdict == TP_FAIL ? v.checks[i].fault.where : "");
    puts(".");
}

static void run(int op, uint8_t *bytes, size_t len) {
    switch (op) {
    case 'm':
        op_manifest(bytes, len);
        break;
    case 'b':
        op_begin(bytes, len);
        break;
    case 'r':
        again(board.base);
        break;
    case 'e':
        op_entry(bytes, len);
        break;
    case 'p':
        op_parse(bytes, len);
        break;
    case 'n':
        op_checkpoint(bytes, len);
        break;
    case 's':
        fflush(stdout);
        break;
    case 'v':
        bytes[len] = 0;
        op_verify((char *)bytes);
        break;
    default:
        die("no such op");
    }
}

int main(void) {
    uint8_t head[5], *bytes = NULL;
    board.on = true;
    while (fread(head, 1, sizeof head, stdin) == sizeof head) {
        size_t len = (size_t)head[1] << 24 | (size_t)head[2] << 16 | (size_t)head[3] << 8 | head[4];
        free(bytes);
        bytes = malloc(len + 1);
        if (!bytes || fread(bytes, 1, len, stdin) != len) die("cut");
        run(head[0], bytes, len);
    }
    free(bytes);
    return fflush(stdout) ? 3 : 0;
}
