/* Verify: every check of chapter 9 on the files of a record alone.
 *
 *   checkpoint's signature -> names and documents -> tiles up to the root -> replay of all entries
 *   -> aggregates -> shares -> totals -> results -> reconciliation
 *
 * Invariants
 *  1. A check passes only after all that it names was looked at; one that a fault cut short is left
 *     out, so a report never has a PASS that rests on a FAIL. spec: Y-1, Y-2
 *  2. The report is a function of the folder: threads and time do not show in it. spec: Y-18
 *  3. Every byte of every file is bound: the checkpoint by its signature; tiles by the root;
 *     entries by the tiles; documents by their names, which entries name; copies by the documents;
 *     results.csv by being computed again. Files beyond these are refused.
 */
#include "record/results.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILES,
    LOG,
    MANIFEST,
    APPROVAL,
    CEREMONY,
    KEYS,
    ROLL,
    REGISTRATIONS,
    CANCELS,
    BALLOTS,
    CHAINS,
    BATCHES,
    ACTS,
    AGGREGATES,
    SHARES,
    TOTALS,
    RESULTS,
    RECONCILIATION,
    CHECKS
};

static const char *const names[CHECKS] = {
    "files", "log",           "manifest", "approval", "ceremony", "keys",
    "roll",  "registrations", "cancels",  "ballots",  "chains",   "batches",
    "acts",  "aggregates",    "shares",   "totals",   "results",  "reconciliation"};

typedef struct {
    uint8_t hash[32];
    uint64_t len;
    bool named; /* by an entry */
} document;

typedef struct {
    tp_check check[CHECKS];
    bool decided[CHECKS];
    const uint8_t *known; /* fingerprint, or NULL */
    const tp_replay_options *o;
    tp_record *r;
    uint8_t copy_hash[32]; /* of manifest.json */
    tp_manifest copy;      /* parsed, to check the checkpoint with; the replay reads its own */
    uint64_t tiles;
    document *documents;
    size_t document_count, document_cap;
    bool has_results[2]; /* results.json, results.csv */
    tp_replay p;
    tp_aggregates aggregates;
    uint32_t withheld[TP_MAX_CONTESTS];
} audit;

/* ---- verdicts ---- */

static void decide(audit *a, int which, tp_verdict verdict, const tp_fault *fault,
                   const char *detail, ...) __attribute__((format(printf, 5, 6)));

static void decide(audit *a, int which, tp_verdict verdict, const tp_fault *fault,
                   const char *detail, ...) {
    tp_check *c = &a->check[which];
    if (a->decided[which] && c->verdict == TP_FAIL) return;
    va_list args;
    a->decided[which] = true;
    *c = (tp_check){.check = names[which], .verdict = verdict, .fault = {.code = ""}};
    if (fault) c->fault = *fault;
    va_start(args, detail);
    vsnprintf(c->detail, sizeof c->detail, detail, args);
    va_end(args);
}

static bool failed(audit *a, int which, const tp_fault *fault) {
    decide(a, which, TP_FAIL, fault, "%s", "");
    return false;
}

/* The check that a fault of an entry belongs to. spec: Y-3 */
static int check_of(const tp_fault *f, uint8_t type) {
    static const struct {
        const char *prefix;
        int check;
    } by_code[] = {
        {"files.", FILES},
        {"document.", FILES},
        {"checkpoint.", LOG},
        {"log.", LOG},
        {"record.", LOG},
        {"manifest.", MANIFEST},
        {"ceremony.", CEREMONY},
        {"liveness.", CEREMONY},
        {"roll.", ROLL},
        {"registration.", REGISTRATIONS},
        {"cancel.", CANCELS},
        {"ballot.sequence", CHAINS},
        {"ballot.previous", CHAINS},
        {"ballot.", BALLOTS},
        {"exclusion.", ACTS},
        {"board.batch", BATCHES},
        {"aggregates.", AGGREGATES},
        {"shares.", SHARES},
        {"totals.", TOTALS},
        {"results.", RESULTS},
    };
    static const int by_type[] = {[TP_ENTRY_MANIFEST] = MANIFEST,
                                  [TP_ENTRY_ACT] = ACTS,
                                  [TP_ENTRY_COMMIT] = CEREMONY,
                                  [TP_ENTRY_DEAL] = CEREMONY,
                                  [TP_ENTRY_COMPLAINT] = CEREMONY,
                                  [TP_ENTRY_OPENING] = CEREMONY,
                                  [TP_ENTRY_CONFIRM] = KEYS,
                                  [TP_ENTRY_LIVENESS] = CEREMONY,
                                  [TP_ENTRY_REGISTRATIONS] = REGISTRATIONS,
                                  [TP_ENTRY_CANCEL] = CANCELS,
                                  [TP_ENTRY_BALLOT] = BATCHES,
                                  [TP_ENTRY_BATCH] = BATCHES,
                                  [TP_ENTRY_SHARES] = SHARES,
                                  [TP_ENTRY_ROLL] = ROLL,
                                  [TP_ENTRY_CHANGES] = ROLL};
    for (size_t i = 0; i < sizeof by_code / sizeof *by_code; i++)
        if (!strncmp(f->code, by_code[i].prefix, strlen(by_code[i].prefix)))
            return by_code[i].check;
    return type > 0 && type < sizeof by_type / sizeof *by_type ? by_type[type] : LOG;
}

/* ---- checkpoint and files ---- */

/* The copy of the manifest must be one of the documents, so that neither can be changed alone, and
 * of the election that the caller named. spec: Y-4, Y-6 */
static bool read_copy(audit *a) {
    tp_fault fault;
    tp_buffer b = {0};
    char name[TP_FILE_NAME];
    const char *copy = tp_copy_name(TP_COPY_MANIFEST);
    tp_err err = tp_file_read(&b, a->r->folder, copy, TP_MAX_DOCUMENT);
    int which = err == TP_TOO_BIG ? MANIFEST : FILES;
    if (err) {
        const char *code = err == TP_TOO_BIG ? "manifest.size" : "files.missing";
        tp_fail(&fault, err, err == TP_SYSTEM ? "system" : code, "%s", copy);
    } else {
        tp_sha256(a->copy_hash, b.p, b.len);
        tp_document_name(name, a->copy_hash);
        err = tp_file_find(a->r->folder, name);
        if (err == TP_SYSTEM) tp_fail(&fault, err, "system", "%s", name);
        if (err == TP_REFUSED) tp_fail(&fault, err, "files.copy", "%s", copy);
    }
    if (!err && a->known && memcmp(a->known, a->copy_hash, 32)) {
        which = MANIFEST;
        err = tp_fail(&fault, TP_INVALID, "manifest.fingerprint", "%s", copy);
    }
    if (!err) {
        which = MANIFEST;
        err = tp_manifest_parse(&a->copy, b.p, b.len, &fault);
    }
    if (!err) {
        which = LOG;
        err = tp_head_check(&a->r->head, &a->copy, &fault);
    }
    tp_buffer_free(&b);
    return err ? failed(a, which, &fault) : true;
}

static bool unhex32(uint8_t out[static 32], const char *hex) {
    static const char digits[] = "0123456789abcdef";
    if (strlen(hex) != 64 || strspn(hex, digits) != 64) return false;
    for (int i = 0; i < 32; i++)
        out[i] = (uint8_t)((strchr(digits, hex[2 * i]) - digits) << 4 |
                           (strchr(digits, hex[2 * i + 1]) - digits));
    return true;
}

static tp_err visit_document(audit *a, const char *name, const uint8_t hash[static 32],
                             tp_fault *fault) {
    uint8_t *bytes;
    uint64_t len = 0;
    tp_err err = tp_record_document(a->r, hash, &len, &bytes, fault);
    if (err) return err;
    free(bytes);
    if (a->document_count == a->document_cap) {
        size_t cap = a->document_cap ? 2 * a->document_cap : 64;
        document *more = realloc(a->documents, cap * sizeof *more);
        if (!more) return tp_fail(fault, TP_SYSTEM, "system", "%s", name);
        a->documents = more;
        a->document_cap = cap;
    }
    document *d = &a->documents[a->document_count++];
    memcpy(d->hash, hash, 32);
    d->len = len;
    d->named = false;
    return TP_OK;
}

typedef struct {
    audit *a;
    tp_fault *fault;
} visitor;

/* spec: R-1, Y-4 */
static tp_err visit_file(void *ctx, const char *name, bool plain) {
    const visitor *v = ctx;
    audit *a = v->a;
    tp_tile tile;
    uint8_t hash[32];
    char written[TP_WRITTEN_NAME];
    tp_written_name(written, name);
    if (!plain) return tp_fail(v->fault, TP_REFUSED, "files.unknown", "%s", written);
    if (!strcmp(name, "checkpoint") || !strcmp(name, tp_copy_name(TP_COPY_MANIFEST))) return TP_OK;
    for (int i = 0; i < 2; i++)
        if (!strcmp(name, tp_copy_name((tp_copy)(TP_COPY_RESULTS_JSON + i)))) {
            a->has_results[i] = true;
            return TP_OK;
        }
    if (!tp_tile_parse(&tile, name, strlen(name)) &&
        tile.width == tp_tile_width(tile.level, tile.index, tp_record_size(a->r))) {
        a->tiles++;
        return TP_OK;
    }
    if (!strncmp(name, "document/", 9) && unhex32(hash, name + 9))
        return visit_document(a, name, hash, v->fault);
    return tp_fail(v->fault, TP_REFUSED, "files.unknown", "%s", written);
}

static bool tile_missing(audit *a, const tp_tile *tile) {
    char path[TP_TILE_PATH_MAX];
    tp_fault fault;
    tp_tile_path(path, tile);
    if (tp_file_find(a->r->folder, path) != TP_REFUSED) return false;
    tp_fail(&fault, TP_REFUSED, "files.missing", "%s", path);
    failed(a, FILES, &fault);
    return true;
}

/* Only tiles of this size were counted: as many as there are in all, or one is missing. spec: R-3
 */
static bool check_tiles(audit *a) {
    uint64_t size = tp_record_size(a->r), due = 0;
    for (unsigned level = 0; level <= TP_TILE_MAX_LEVEL; level++) {
        uint64_t hashes = size >> 8 * level;
        due += (hashes / TP_TILE_WIDTH + (hashes % TP_TILE_WIDTH != 0)) * (level ? 1 : 2);
    }
    if (a->tiles == due) return true;
    tp_tile tile;
    tp_tile_iter it = tp_tiles_changed(0, size);
    while (tp_tiles_next(&it, &tile))
        if (tile_missing(a, &tile)) return false;
    for (it = tp_tiles_changed(0, size); tp_tiles_next(&it, &tile) && !tile.level;) {
        tile.level = TP_TILE_ENTRIES;
        if (tile_missing(a, &tile)) return false;
    }
    return true;
}

static bool check_files(audit *a) {
    tp_fault fault;
    visitor v = {a, &fault};
    tp_fail(&fault, TP_SYSTEM, "system", "folder");
    if (tp_folder_walk(a->r->folder, visit_file, &v)) return failed(a, FILES, &fault);
    if (!check_tiles(a)) return false;
    decide(a, FILES, TP_PASS, NULL, "%llu tiles, %zu documents", (unsigned long long)a->tiles,
           a->document_count);
    return true;
}

static bool check_tree(audit *a) {
    tp_fault fault;
    if (!tp_record_load_tree(a->r, &fault)) return true;
    tp_record_find_fault(a->r, &fault);
    return failed(a, check_of(&fault, 0), &fault);
}

/* Entry 0 names the manifest of the copy; if it names none, the replay says so. spec: S-1, R-6 */
static bool check_first_entry(audit *a) {
    const uint8_t *bytes;
    size_t len;
    tp_entry e;
    tp_fault fault;
    if (tp_record_entry(a->r, 0, &bytes, &len, &fault)) return true;
    if (tp_entry_read(&e, bytes, len, &fault) || e.type != TP_ENTRY_MANIFEST) return true;
    if (!memcmp(e.u.document.hash, a->copy_hash, 32)) return true;
    tp_fail(&fault, TP_INVALID, "board.subject", "entry 0: manifest");
    return failed(a, MANIFEST, &fault);
}

/* ---- after the replay ---- */

/* An entry names this document. len: what it says of its length; 0: nothing. */
static bool name_document(audit *a, const uint8_t hash[static 32], uint64_t len) {
    char name[TP_FILE_NAME];
    tp_fault fault;
    const char *code = "document.missing";
    for (size_t i = 0; i < a->document_count; i++) {
        document *d = &a->documents[i];
        if (memcmp(d->hash, hash, 32)) continue;
        d->named = true;
        if (!len || len == d->len) return true;
        code = "document.length";
    }
    tp_document_name(name, hash);
    tp_fail(&fault, TP_INVALID, code, "%s", name);
    return failed(a, FILES, &fault);
}

/* spec: R-5, Y-4 */
static bool name_documents(audit *a) {
    const tp_board *b = &a->p.board;
    if (!name_document(a, a->p.manifest.fingerprint, 0)) return false;
    if (b->phase >= TP_FROZEN && !name_document(a, b->freeze_hash, 0)) return false;
    for (size_t i = 0; i < TP_MAX_TRUSTEES; i++)
        if (b->shares[i].len && !name_document(a, b->shares[i].hash, b->shares[i].len))
            return false;
    return b->phase < TP_PUBLISHED || name_document(a, b->publish_hash, 0);
}

/* Every document is named by an entry, and results are there only once published. spec: Y-4 */
static bool check_names(audit *a) {
    const tp_board *b = &a->p.board;
    tp_fault fault;
    if (!name_documents(a)) return false;
    for (size_t i = 0; i < a->document_count; i++) {
        if (a->documents[i].named) continue;
        char name[TP_FILE_NAME];
        tp_document_name(name, a->documents[i].hash);
        tp_fail(&fault, TP_REFUSED, "files.unknown", "%s", name);
        return failed(a, FILES, &fault);
    }
    for (int i = 0; i < 2; i++) {
        bool due = b->phase >= TP_PUBLISHED;
        if (a->has_results[i] == due) continue;
        tp_fail(&fault, TP_REFUSED, due ? "files.missing" : "files.unknown", "%s",
                tp_copy_name((tp_copy)(TP_COPY_RESULTS_JSON + i)));
        return failed(a, FILES, &fault);
    }
    return true;
}

static void decide_manifest(audit *a) {
    char hex[65];
    tp_hex32(hex, a->p.manifest.fingerprint);
    decide(a, MANIFEST, TP_PASS, NULL, "%s%s", hex, a->p.manifest.test ? ", a test" : "");
}

static void decide_setup(audit *a) {
    const tp_board *b = &a->p.board;
    const tp_college *trustees = &a->p.manifest.trustees;
    int round = tp_ceremony_round(b->ceremony);
    unsigned alive = 0;
    for (size_t i = 0; i < trustees->count; i++)
        alive += b->liveness[i] != 0;
    decide(a, APPROVAL, b->approved ? TP_PASS : TP_NOT_YET, NULL, "%s",
           b->approved ? "signed by the officers' quorum" : "");
    if (round >= 4)
        decide(a, CEREMONY, TP_NOT_YET, NULL, "ended by a dealer's fault");
    else
        decide(a, CEREMONY, round >= 2 ? TP_PASS : TP_NOT_YET, NULL, "round %d, %u of %u needed",
               round, trustees->quorum, trustees->count);
    decide(a, KEYS, round == 3 ? TP_PASS : TP_NOT_YET, NULL,
           "%s by all %u trustees, %u proved their share",
           round == 3 ? "confirmed" : "to be confirmed", trustees->count, alive);
}

static tp_reconciliation sum_units(const tp_replay *p) {
    tp_reconciliation t = {0};
    for (size_t i = 0; i < p->manifest.unit_count; i++) {
        const tp_reconciliation *u = &p->units[i];
        t.added += u->added, t.removed += u->removed, t.changes += u->changes;
        t.online += u->online;
        t.registered += u->registered, t.enrolled += u->enrolled, t.cancelled += u->cancelled;
        t.ballots += u->ballots, t.replaced += u->replaced, t.voided += u->voided;
        t.excluded += u->excluded, t.counted += u->counted;
    }
    return t;
}

static void decide_entries(audit *a) {
    const tp_board *b = &a->p.board;
    const tp_reconciliation t = sum_units(&a->p);
    char before[64] = "";
    if (a->p.remembered)
        snprintf(before, sizeof before, ", those before entry %llu checked earlier",
                 (unsigned long long)a->p.remembered);
    if (b->electorate)
        decide(a, ROLL, TP_PASS, NULL, "%u voters, %u online, %u changes",
               t.registered + t.added - t.removed, t.online, t.changes);
    else
        decide(a, ROLL, TP_NOT_YET, NULL, "%s", "");
    decide(a, REGISTRATIONS, t.enrolled ? TP_PASS : TP_NOT_YET, NULL, "%u credentials%s",
           t.enrolled, before);
    decide(a, CANCELS, b->approved ? TP_PASS : TP_NOT_YET, NULL, "%u cancelled", t.cancelled);
    if (b->phase < TP_OPEN) {
        decide(a, BALLOTS, TP_NOT_YET, NULL, "%s", "");
        decide(a, CHAINS, TP_NOT_YET, NULL, "%s", "");
    } else {
        decide(a, BALLOTS, a->o->trusting ? TP_NOT_YET : TP_PASS, NULL, "%u ballots%s%s", t.ballots,
               a->o->trusting ? ", proofs not checked" : "", before);
        decide(a, CHAINS, TP_PASS, NULL, "%u replaced by a later ballot", t.replaced);
    }
    decide(a, BATCHES, b->batches ? TP_PASS : TP_NOT_YET, NULL, "%u batches", b->batches);
    decide(a, ACTS, b->approved ? TP_PASS : TP_NOT_YET, NULL, "%s", tp_phase_name(b->phase));
}

/* A batch is published whole. spec: R-12, Y-12 */
static bool check_last_batch(audit *a) {
    tp_fault fault;
    if (!a->p.board.open_ballots) return true;
    tp_fail(&fault, TP_REFUSED, "board.batch", "entry %llu: %u ballots outside a batch",
            (unsigned long long)(a->p.board.size - 1), a->p.board.open_ballots);
    return failed(a, BATCHES, &fault);
}

static bool check_replay(audit *a) {
    tp_fault fault;
    if (tp_replay_run(&a->p, a->r, a->o, &fault))
        return failed(a, check_of(&fault, a->r->faulty_type), &fault);
    if (!check_last_batch(a)) return false;
    decide(a, LOG, TP_PASS, NULL, "%llu entries, %u of %u witnesses",
           (unsigned long long)tp_record_size(a->r), a->r->head.note.count - 1,
           a->p.manifest.witnesses.count);
    decide_manifest(a);
    decide_setup(a);
    decide_entries(a);
    return check_names(a);
}

/* ---- reconciliation ---- */

/* spec: Y-17 */
static void check_units(audit *a) {
    const tp_reconciliation t = sum_units(&a->p);
    for (size_t i = 0; i < a->p.manifest.unit_count; i++) {
        const tp_reconciliation *u = &a->p.units[i];
        const char *code = tp_reconciliation_fault(u);
        tp_fault fault;
        if (!code) continue;
        tp_fail(&fault, TP_REFUSED, code, "unit %s", a->p.manifest.units[i].id);
        failed(a, RECONCILIATION, &fault);
        return;
    }
    decide(a, RECONCILIATION, TP_PASS, NULL,
           "%u ballots = %u replaced + %u voided + %u excluded + %u counted", t.ballots, t.replaced,
           t.voided, t.excluded, t.counted);
}

/* ---- the count ---- */

static bool check_aggregates(audit *a) {
    const tp_board *b = &a->p.board;
    tp_fault fault;
    uint8_t *bytes;
    uint64_t len = 0;
    tp_err err = tp_record_document(a->r, b->freeze_hash, &len, &bytes, &fault);
    if (err) return failed(a, FILES, &fault);
    free(bytes);
    err = tp_replay_aggregate(&a->aggregates, a->withheld, &a->p, a->r, a->o, &fault);
    if (err) return failed(a, check_of(&fault, 0), &fault);
    if ((err = tp_frozen_check(&a->p, &a->aggregates, &fault)))
        return failed(a, AGGREGATES, &fault);
    decide(a, AGGREGATES, TP_PASS, NULL, "%zu sets, none below %u ballots", a->aggregates.count,
           a->p.manifest.floor);
    return true;
}

/* "good: 1 3 4; bad: 2 (shares.proof)" */
static void list_trustees(char out[static 120], const tp_shares *s, const tp_manifest *m) {
    size_t at = 0;
    *out = 0;
    for (int bad = 0; bad < 2; bad++)
        for (size_t i = 0, n = 0; i < m->trustees.count && at < 100; i++) {
            if (!s->points[i] || s->bad[i] != bad) continue;
            const char *before = n++ ? " " : bad ? (at ? "; bad: " : "bad: ") : "good: ";
            at += (size_t)snprintf(out + at, 120 - at, "%s%zu", before, i + 1);
            if (bad && at < 100)
                at += (size_t)snprintf(out + at, 120 - at, " (%s)", s->fault[i].code);
        }
}

/* Fewer than t good shares are a fault once results were published. spec: Y-14 */
static bool check_shares(audit *a, tp_shares *s) {
    tp_fault fault;
    char list[120];
    unsigned t = a->p.manifest.trustees.quorum;
    tp_err err = tp_shares_gather(s, &a->p, &a->aggregates, a->r, &fault);
    if (err) return failed(a, check_of(&fault, 0), &fault);
    list_trustees(list, s, &a->p.manifest);
    if (s->good >= t) {
        decide(a, SHARES, TP_PASS, NULL, "%s", list);
        return true;
    }
    tp_fail(&fault, TP_INVALID, "shares.quorum", "%u good shares of %u", s->good, t);
    bool due = a->p.board.phase >= TP_PUBLISHED;
    decide(a, SHARES, due ? TP_FAIL : TP_NOT_YET, due ? &fault : NULL, "%s", list);
    return false;
}

static bool same_file(audit *a, tp_copy copy, const char *bytes, size_t len, const char *code) {
    tp_fault fault;
    tp_buffer b = {0};
    tp_err err = tp_file_read(&b, a->r->folder, tp_copy_name(copy), TP_MAX_DOCUMENT);
    bool same = !err && b.len == len && !memcmp(b.p, bytes, len);
    tp_buffer_free(&b);
    if (same) return true;
    if (err == TP_SYSTEM) code = "system";
    tp_fail(&fault, err ? err : TP_INVALID, code, "%s", tp_copy_name(copy));
    return failed(a, RESULTS, &fault);
}

static void check_results(audit *a, const tp_results *x) {
    tp_fault fault;
    uint8_t hash[32], *bytes;
    uint64_t len = 0;
    if (a->p.board.phase < TP_PUBLISHED) {
        decide(a, RESULTS, TP_NOT_YET, NULL, "%s", "");
        return;
    }
    if (tp_record_document(a->r, a->p.board.publish_hash, &len, &bytes, &fault)) {
        failed(a, FILES, &fault);
        return;
    }
    free(bytes);
    tp_sha256(hash, x->json, x->json_len);
    if (memcmp(hash, a->p.board.publish_hash, 32)) {
        char name[TP_FILE_NAME];
        tp_document_name(name, a->p.board.publish_hash);
        tp_fail(&fault, TP_INVALID, "results.hash", "%s", name);
        failed(a, RESULTS, &fault);
        return;
    }
    bool json = same_file(a, TP_COPY_RESULTS_JSON, x->json, x->json_len, "files.copy");
    bool csv = same_file(a, TP_COPY_RESULTS_CSV, x->csv, x->csv_len, "results.csv");
    if (json && csv) decide(a, RESULTS, TP_PASS, NULL, "computed again, byte for byte");
}

static void check_totals(audit *a, const tp_shares *s) {
    tp_fault fault;
    tp_results x;
    if (tp_results_make(&x, s, &a->p, &a->aggregates, a->withheld, &fault)) {
        failed(a, check_of(&fault, 0), &fault);
        return;
    }
    decide(a, TOTALS, TP_PASS, NULL, "%zu sets decrypted", a->aggregates.count);
    check_results(a, &x);
    tp_results_free(&x);
}

static void check_count(audit *a) {
    tp_shares s;
    if (a->p.board.phase < TP_FROZEN) {
        for (int i = AGGREGATES; i <= RESULTS; i++)
            decide(a, i, TP_NOT_YET, NULL, "%s", "");
        return;
    }
    memset(&s, 0, sizeof s);
    if (!check_aggregates(a)) {
    } else if (check_shares(a, &s)) {
        check_totals(a, &s);
    } else if (a->check[SHARES].verdict == TP_NOT_YET) {
        decide(a, TOTALS, TP_NOT_YET, NULL, "%s", "");
        decide(a, RESULTS, TP_NOT_YET, NULL, "%s", "");
    }
    tp_shares_free(&s);
    tp_aggregates_free(&a->aggregates);
}

/* ---- the report ---- */

static tp_err report(tp_verification *v, const audit *a) {
    tp_err err = TP_OK;
    for (int i = 0; i < CHECKS; i++) {
        if (!a->decided[i]) continue;
        v->checks[v->count++] = a->check[i];
        if (a->check[i].verdict == TP_FAIL && !err) err = a->check[i].fault.err;
    }
    return err;
}

/* spec: Y-22 */
tp_err tp_verify(tp_verification *v, const char *dir, const uint8_t *fingerprint,
                 const tp_replay_options *o) {
    audit a = {.known = fingerprint, .o = o};
    tp_fault fault;
    memset(v, 0, sizeof *v);
    if (tp_record_open(&a.r, dir, &fault)) {
        failed(&a, check_of(&fault, 0), &fault);
        return report(v, &a);
    }
    if (read_copy(&a) && check_files(&a) && check_tree(&a) && check_first_entry(&a) &&
        check_replay(&a)) {
        check_units(&a);
        check_count(&a);
    }
    memcpy(v->fingerprint, a.p.manifest.fingerprint, 32);
    if (a.p.board.manifest) tp_replay_free(&a.p);
    tp_manifest_free(&a.copy);
    free(a.documents);
    tp_record_close(a.r);
    return report(v, &a);
}
