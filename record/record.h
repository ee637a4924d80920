/* A published record: a folder of plain files that anyone can mirror and verify.
 *
 *   checkpoint              C2SP signed note of the whole log
 *   tile/<level>/<n>[.p/w]  hash tiles; tile/entries/<n>[.p/w]  entry bundles (C2SP tlog-tiles)
 *   document/<sha-256 hex>  what entries name by hash: manifest, aggregates, shares, results
 *   manifest.json  results.json  results.csv     the same bytes under readable names
 *
 * Nothing else may be there. spec: chapter 6 (record).
 */
#ifndef TAPAT_RECORD_RECORD_H
#define TAPAT_RECORD_RECORD_H

#include "core/merkle/note.h"
#include "core/merkle/tree.h"
#include "election/board.h"
#include "election/tally.h"

/* ---- reading ---- */

typedef struct tp_record tp_record;

/* Opens DIR and reads its checkpoint; nothing is trusted yet. "record.missing",
 * "checkpoint.malformed". */
TP_MUST_USE tp_err tp_record_open(tp_record **r, const char *dir, tp_fault *fault);
void tp_record_close(tp_record *r);
uint64_t tp_record_size(const tp_record *r);
void tp_record_root(const tp_record *r, uint8_t root[static 32]);
/* Entry `index`; *bytes stays valid until the next call on this thread's reader. */
TP_MUST_USE tp_err tp_record_entry(tp_record *r, uint64_t index, const uint8_t **bytes, size_t *len,
                                   tp_fault *fault);
/* The whole log: every tile of every level under the checkpoint's root, every entry of every bundle
 * in them. Signatures and what entries say are not looked at. "record.empty", "files.missing",
 * "log.tile", "log.root", "log.bundle", "log.entry". spec: R-7 */
TP_MUST_USE tp_err tp_record_check_log(tp_record *r, tp_fault *fault);
/* Root at a size of a log that was checked; ctx: the tp_record. A tp_root_of. */
bool tp_record_trusted_root(void *ctx, uint64_t size, uint8_t root[static 32]);
/* A document by hash, checked against it; malloc'd. *len: the length that is expected, or 0 if the
 * board does not say it (subjects of acts); the length on return. "document.missing",
 * "document.hash", "document.length". */
TP_MUST_USE tp_err tp_record_document(tp_record *r, const uint8_t hash[static 32], uint64_t *len,
                                      uint8_t **bytes, tp_fault *fault);

/* What a checkpoint says, once it holds. */
typedef struct {
    uint64_t size;
    tp_hash root;
    unsigned witnesses; /* that cosigned */
} tp_checkpoint_seen;
/* Does this note hold as a checkpoint of the election? "checkpoint.malformed", "checkpoint.origin",
 * "checkpoint.key", "checkpoint.signature", "checkpoint.cosignature": a line of no witness, out of
 * order or false; "checkpoint.quorum". spec */
TP_MUST_USE tp_err tp_checkpoint_check(tp_checkpoint_seen *out, const void *note, size_t len,
                                       const tp_manifest *m, tp_fault *fault);

/* ---- writing (the server's recorder, and tests) ---- */

/* Brings DIR's tiles and bundles from old_size to new_size. entry gives the bytes of a leaf; it is
 * asked for leaves from old_size on (from the start of the old last bundle, if that is not on
 * disk). Files appear atomically (write, fsync,
 * rename); full tiles are never written twice; partial ones of the old size stay until
 * tp_checkpoint_write, so that readers of the old checkpoint find them. Returns the new root; the
 * checkpoint is written apart, last. old_size 0 writes everything anew. One writer at a time.
 * TP_SYSTEM: entry gave false, or the disk failed; TP_REFUSED, TP_MALFORMED: tiles of the old size
 * are not there. */
typedef bool (*tp_entry_source)(void *ctx, uint64_t index, const uint8_t **bytes, size_t *len);
TP_MUST_USE tp_err tp_tiles_write(uint8_t root[static 32], const char *dir, uint64_t old_size,
                                  uint64_t new_size, tp_entry_source entry, void *ctx);
/* Removes what a crash left: unfinished files, and tiles that a log of `size` does not have. At
 * start, before the first tp_tiles_write from that size. */
TP_MUST_USE tp_err tp_tiles_sweep(const char *dir, uint64_t size);
TP_MUST_USE tp_err tp_document_write(const char *dir, const void *bytes, size_t len,
                                     uint8_t hash[static 32]);
/* The readable copies: manifest.json from the first checkpoint on, the other two from the one that
 * holds ACT_PUBLISH. Written before that checkpoint. */
typedef enum { TP_COPY_MANIFEST, TP_COPY_RESULTS_JSON, TP_COPY_RESULTS_CSV } tp_copy;
TP_MUST_USE tp_err tp_copy_write(const char *dir, tp_copy copy, const void *bytes, size_t len);
const char *tp_copy_name(tp_copy copy);
/* A checkpoint with the log's signature, to which cosignatures may be added line by line, in the
 * manifest's order. note has room for TP_CHECKPOINT_NOTE_MAX bytes. secret: Ed25519 seed||public,
 * 64 bytes (libsodium's form). spec: R-8 */
enum { TP_CHECKPOINT_NOTE_MAX = TP_CHECKPOINT_MAX + 1 + 17 * TP_SIGNATURE_LINE_MAX };
TP_MUST_USE tp_err tp_checkpoint_sign(tp_writer *note, const tp_manifest *m, uint64_t size,
                                      const uint8_t root[static 32],
                                      const uint8_t secret[static 64]);
/* Puts a checkpoint in place, and removes the partial tiles of the one before. */
TP_MUST_USE tp_err tp_checkpoint_put(const char *dir, const void *note, size_t len);
/* Both, without cosignatures. */
TP_MUST_USE tp_err tp_checkpoint_write(const char *dir, const tp_manifest *m, uint64_t size,
                                       const uint8_t root[static 32],
                                       const uint8_t secret[static 64]);

/* ---- proofs from the tiles on disk (server) ---- */

/* Root at a size up to the checkpoint's (or the one just written), and proofs for trees of such a
 * size. TP_REFUSED: no such leaf or tile; TP_MALFORMED: a tile's length. The tiles are believed. */
TP_MUST_USE tp_err tp_record_root_at(uint8_t root[static 32], const char *dir, uint64_t size);
TP_MUST_USE tp_err tp_record_inclusion(tp_hash proof[static TP_TREE_MAX_PROOF], size_t *count,
                                       const char *dir, uint64_t leaf, uint64_t size);
TP_MUST_USE tp_err tp_record_consistency(tp_hash proof[static TP_TREE_MAX_PROOF], size_t *count,
                                         const char *dir, uint64_t old_size, uint64_t new_size);

/* ---- replay ---- */

/* The state after all entries, from the public files alone. Used by verify, by the trustee's tool
 * and by tally. It checks order, signatures and rules of every entry; ballots' signatures and
 * proofs too unless `trusting`, which is for who has checked them already: the server, of what it
 * recorded itself. */
typedef struct {
    tp_manifest manifest;
    tp_board board;
    tp_credential *credentials; /* sorted by key after replay */
    size_t credential_count;
    tp_reconciliation *units; /* manifest.unit_count */
    struct tp_sums *sums;     /* of the checked ballots, for tp_replay_aggregate; may be NULL */
    uint64_t remembered;      /* entries before this one were checked by an earlier replay */
} tp_replay;

/* Progress of long work: done of total items of what; silent if NULL. */
typedef void (*tp_progress)(void *ctx, const char *what, uint64_t done, uint64_t total);

/* What a replay leaves for the next one of the same log: up to `size` all registrations' signatures
 * and all ballots' signatures and proofs held. It is believed like the program itself. */
typedef struct {
    uint64_t size; /* 0: nothing */
    uint8_t root[32];
    size_t count; /* the sums of these ballots by contest and unit; 0: none were kept */
    uint8_t (*points)[32];
} tp_remembered;
void tp_remembered_free(tp_remembered *m);

typedef struct {
    unsigned threads;
    bool trusting;
    bool counting; /* trusting: gathers the sums for tp_replay_aggregate in the same pass */
    /* Without trusting. In: what an earlier replay left, used if this record goes on from there;
     * the rest is checked. Out: what this replay leaves, if the record holds. NULL: none. spec:
     * Y-20 */
    tp_remembered *remember;
    tp_progress progress;
    void *progress_ctx;
} tp_replay_options;

TP_MUST_USE tp_err tp_replay_run(tp_replay *out, tp_record *r, const tp_replay_options *o,
                                 tp_fault *fault);
void tp_replay_free(tp_replay *p);
/* Aggregates of the counted ballots by the merge rule, from the board alone; board CLOSED or later.
 */
TP_MUST_USE tp_err tp_replay_aggregate(tp_aggregates *a, uint32_t withheld[static TP_MAX_CONTESTS],
                                       const tp_replay *p, tp_record *r, const tp_replay_options *o,
                                       tp_fault *fault);
/* From frozen board with at least t good shares: totals, results.json and results.csv (malloc'd).
 * bad[i] is set for each trustee whose shares fail. trusting: the sums are those that were frozen,
 * not computed again. */
TP_MUST_USE tp_err tp_replay_results(char **json, size_t *json_len, char **csv, size_t *csv_len,
                                     bool bad[static TP_MAX_TRUSTEES], const tp_replay *p,
                                     tp_record *r, const tp_replay_options *o, tp_fault *fault);

/* ---- verify ---- */

typedef enum {
    TP_PASS,
    TP_FAIL,
    TP_NOT_YET
} tp_verdict; /* NOT_YET: that stage is not on this board */

typedef struct {
    const char *check; /* "log", "manifest", "ceremony", "registrations", "ballots", ... */
    tp_verdict verdict;
    tp_fault fault;   /* of a FAIL */
    char detail[160]; /* "221284 ballots, 3012 replaced" */
} tp_check;

typedef struct {
    tp_check checks[32];
    size_t count;
    uint8_t fingerprint[32];
} tp_verification;

/* All checks of spec chapter 9 on the folder alone, in order; after a FAIL the checks that depend
 * on it are left out. TP_OK if no check fails. fingerprint: NULL, or the one that the caller knows
 * from elsewhere. */
TP_MUST_USE tp_err tp_verify(tp_verification *v, const char *dir, const uint8_t *fingerprint,
                             const tp_replay_options *o);

#endif
