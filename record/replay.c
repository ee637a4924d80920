/* Replay: the state of the board after all entries. spec: Y-5..Y-12.
 *
 *   workers: read a chunk of bundles -> leaf hashes against the tree -> registrations' signatures
 *            -> ballots' signatures and proofs, in batches by style -> sums by contest and unit
 *   this thread, in order: the board's rules -> the credentials' rules
 *
 * Invariants
 *  1. The tree was checked from the signed checkpoint down before any entry is believed.
 *  2. The verdict is that of the first bad entry, whatever the number of threads.
 *  3. Ballots are checked with the keys of the open act: chunks that were begun before it was
 *     applied are begun again.
 *  4. Memory: a few chunks, the tree's hashes, the credentials, the sums.
 *  5. Every ballot of the board was checked, and so added to the sums, exactly once: a chunk checks
 *     ballots only if it began after the act that opens the board, and is then applied whole. Those
 *     that an earlier replay checked are in the sums that it left; they are the same ballots, since
 *     the tree's root at that size is.
 */
#include "core/proof/schnorr.h"
#include "election/styles.h"
#include "record/credentials.h"
#include "record/pool.h"
#include "record/reader.h"
#include "record/sums.h"

#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_BUNDLES = 8,
    CHUNK_ENTRIES = CHUNK_BUNDLES * TP_TILE_WIDTH,
    UNIT_AT = 32 + 32 + 4 + 32, /* of a ballot's unit */
    STYLE_AT = UNIT_AT + 2,     /* and of its style */
    ENTRY_HEAD = 1,             /* an entry's type stands before its body */
};

typedef struct replay replay;

/* Consecutive entries, up to the end of a bundle. */
typedef struct {
    tp_job job;
    replay *in;
    bool open; /* the board was open when this began: check ballots */
    uint64_t first, end;
    tp_bundle bundle[CHUNK_BUNDLES];
    uint64_t bad; /* the first bad entry; UINT64_MAX: none */
    tp_fault fault;
} chunk;

/* What a worker keeps from chunk to chunk. */
typedef struct {
    void *scratch;
    size_t scratch_size;
    const uint8_t *ballot[CHUNK_ENTRIES];
    uint64_t index[CHUNK_ENTRIES];
    tp_err result[CHUNK_ENTRIES];
    const char *code[CHUNK_ENTRIES];
} bench;

struct replay {
    tp_replay *out;
    tp_record *r;
    const tp_replay_options *o;
    tp_styles styles;
    bool opened;
    uint64_t manifest_len; /* of the document that entry 0 names */
    tp_credentials credentials;
    tp_pool *pool;
    bench *benches;
    chunk *chunks; /* a ring */
    size_t chunk_count;
};

tp_err tp_fail_entry(tp_fault *fault, uint64_t index) {
    static const char *const of_files[] = {"files.", "log.", "document.", "checkpoint."};
    char what[70];
    for (size_t i = 0; i < sizeof of_files / sizeof *of_files; i++)
        if (!strncmp(fault->code, of_files[i], strlen(of_files[i]))) return fault->err;
    memcpy(what, fault->where, sizeof what);
    return tp_fail(fault, fault->err, fault->code, "entry %llu%s%.70s", (unsigned long long)index,
                   *what ? ": " : "", what);
}

/* ---- workers ---- */

static const tp_reader *entry_of(const chunk *c, uint64_t index) {
    uint64_t from = c->first / TP_TILE_WIDTH * TP_TILE_WIDTH;
    return &c->bundle[(index - from) / TP_TILE_WIDTH].entry[index % TP_TILE_WIDTH];
}

static void mark_bad(chunk *c, uint64_t index, const tp_fault *fault) {
    if (index >= c->bad) return;
    c->bad = index;
    c->fault = *fault;
}

static uint64_t first_to_check(const chunk *c) {
    uint64_t remembered = c->in->out->remembered;
    return c->first < remembered ? remembered : c->first;
}

/* Reads the bundles; what comes after a fault is not looked at. */
static void read_chunk(chunk *c) {
    uint64_t bundle = c->first / TP_TILE_WIDTH;
    for (size_t i = 0; bundle * TP_TILE_WIDTH < c->end; i++, bundle++) {
        tp_fault fault;
        uint64_t start = bundle * TP_TILE_WIDTH, bad = start;
        if (!tp_bundle_read(&c->bundle[i], c->in->r, bundle, &fault) &&
            !tp_bundle_check(&c->bundle[i], c->in->r, &bad, &fault))
            continue;
        mark_bad(c, bad < c->first ? c->first : bad, &fault);
        return;
    }
}

static tp_err bench_room(bench *b, size_t size) {
    if (size <= b->scratch_size) return TP_OK;
    free(b->scratch);
    b->scratch = aligned_alloc(64, (size + 63) / 64 * 64);
    b->scratch_size = b->scratch ? size : 0;
    return b->scratch ? TP_OK : TP_SYSTEM;
}

/* One by one: names what is wrong. */
static void find_bad_registration(chunk *c, uint64_t index, tp_reader body) {
    tp_registration r;
    tp_fault fault;
    bool more = false;
    tp_err err = tp_registrations_next(&r, &body, NULL, &more, &fault);
    for (; !err && more; err = tp_registrations_next(&r, &body, r.credential, &more, &fault))
        if ((err = tp_registration_verify(&c->in->out->manifest, &r, &fault))) break;
    if (err) mark_bad(c, index, &fault);
}

/* All signatures of the entry in one batch. False: something is wrong. */
static bool registrations_good(chunk *c, bench *b, tp_reader body) {
    const tp_manifest *m = &c->in->out->manifest;
    tp_batch_limits need = {0}, max = {0};
    tp_reader again = body;
    tp_registration r;
    size_t items = 0, signatures = 0;
    bool more = false;
    tp_err err = tp_registrations_next(&r, &body, NULL, &more, NULL);
    for (; !err && more; err = tp_registrations_next(&r, &body, r.credential, &more, NULL)) {
        if (tp_registration_rules(m, &r, NULL)) return false;
        signatures += r.registrars.count;
        items++;
    }
    if (err || !items) return !err;
    tp_schnorr_need(&need);
    tp_batch_limits_add(&max, &need, signatures);
    max.items = items;
    if (bench_room(b, tp_batch_arena(&max))) return false;
    tp_batch batch;
    tp_batch_init(&batch, &max, b->scratch);
    err = tp_registrations_next(&r, &again, NULL, &more, NULL);
    for (; !err && more; err = tp_registrations_next(&r, &again, r.credential, &more, NULL))
        tp_registration_batch_var(&batch, m, &r);
    return !err && !tp_batch_verify_var(&batch);
}

static void check_registrations(chunk *c, bench *b, uint64_t index) {
    const tp_reader *bytes = entry_of(c, index);
    tp_reader body = tp_reader_of(bytes->p + ENTRY_HEAD, bytes->left - ENTRY_HEAD);
    if (!registrations_good(c, b, body)) find_bad_registration(c, index, body);
}

/* Of a ballot whose style does not exist. spec: C-5 */
static tp_err no_style(const uint8_t *ballot, size_t len, const tp_ballot_style *any,
                       tp_fault *fault) {
    if (len < TP_BALLOT_HEAD + TP_SIG_LEN)
        return tp_fail(fault, TP_MALFORMED, "ballot.length", "ballot");
    if (memcmp(ballot, any->fingerprint, 32))
        return tp_fail(fault, TP_REFUSED, "ballot.fingerprint", "ballot");
    return tp_fail(fault, TP_REFUSED, "ballot.style", "ballot");
}

/* Gathers the chunk's ballots of a style that are to be checked; those whose length is wrong are
 * marked. */
static size_t gather(chunk *c, bench *b, const tp_ballot_style *s) {
    size_t n = 0;
    for (uint64_t i = first_to_check(c); i < c->end && i < c->bad; i++) {
        const tp_reader *e = entry_of(c, i);
        if (!e->left || e->p[0] != TP_ENTRY_BALLOT) continue;
        const uint8_t *ballot = e->p + ENTRY_HEAD;
        size_t len = e->left - ENTRY_HEAD;
        tp_ballot parsed;
        tp_fault fault;
        unsigned style =
            len < TP_BALLOT_HEAD ? 0 : (unsigned)ballot[STYLE_AT] << 8 | ballot[STYLE_AT + 1];
        bool unknown = style >= c->in->styles.count;
        if (style != s->style && !(unknown && s->style == 0)) continue;
        if (unknown ? no_style(ballot, len, s, &fault)
                    : tp_ballot_read(&parsed, s, ballot, len, &fault)) {
            mark_bad(c, i, &fault);
            break;
        }
        b->ballot[n] = ballot;
        b->index[n++] = i;
    }
    return n;
}

typedef struct {
    tp_sums *sums;
    unsigned worker;
    const tp_ballot_style *style;
} summing;

/* A tp_ballots_sink. */
static void add_up(void *ctx, const uint8_t *ballot, const tp_point *points) {
    const summing *a = ctx;
    unsigned unit = (unsigned)ballot[UNIT_AT] << 8 | ballot[UNIT_AT + 1];
    tp_sums_add(a->sums, a->worker, a->style, unit, points);
}

/* Of believed ballots the ciphertexts alone are decoded, if the sums are wanted. */
static void add_up_unchecked(chunk *c, unsigned worker, const tp_ballot_style *s, size_t n) {
    bench *b = &c->in->benches[worker];
    tp_sums *sums = c->in->out->sums;
    tp_fault fault = {.err = TP_SYSTEM, .code = "system", .where = "memory"};
    if (!sums) return;
    if (bench_room(b, tp_ballot_points(s) * sizeof(tp_point))) {
        mark_bad(c, b->index[0], &fault);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const uint8_t *ballot = b->ballot[i], *proof = ballot + TP_BALLOT_HEAD;
        unsigned unit = (unsigned)ballot[UNIT_AT] << 8 | ballot[UNIT_AT + 1];
        for (size_t k = 0; k < s->contest_count; k++) {
            const tp_ballot_contest *of = &s->contests[k];
            if (tp_points_decode_var(b->scratch, tp_rows(proof), 1 + tp_sum_points(&of->shape),
                                     NULL)) {
                tp_fail(&fault, TP_MALFORMED, "ballot.point", "ballot");
                mark_bad(c, b->index[i], &fault);
                return;
            }
            tp_sums_add_contest(sums, worker, of, unit, b->scratch);
            proof += tp_sum_len(&of->shape);
        }
    }
}

static void check_ballots(chunk *c, unsigned worker, const tp_ballot_style *s) {
    bench *b = &c->in->benches[worker];
    summing sum = {c->in->out->sums, worker, s};
    const tp_ballots_sink sink = {add_up, &sum};
    size_t n = gather(c, b, s);
    if (!n) return;
    if (c->in->o->trusting) {
        add_up_unchecked(c, worker, s, n);
        return;
    }
    tp_fault fault = {.err = TP_SYSTEM, .code = "system", .where = "memory"};
    if (bench_room(b, tp_ballot_verify_scratch(s, n))) {
        mark_bad(c, b->index[0], &fault);
        return;
    }
    if (!tp_ballots_verify_more_var(b->result, b->code, s, b->ballot, NULL, n,
                                    sum.sums ? &sink : NULL, b->scratch))
        return;
    for (size_t i = 0; i < n; i++) {
        if (!b->result[i]) continue;
        fault = (tp_fault){.err = b->result[i], .code = b->code[i]};
        mark_bad(c, b->index[i], &fault);
        return;
    }
}

/* What does not depend on the order: signatures and proofs. */
static void check_chunk(chunk *c, unsigned worker) {
    for (uint64_t i = first_to_check(c); i < c->end && i < c->bad; i++) {
        const tp_reader *e = entry_of(c, i);
        if (e->left && e->p[0] == TP_ENTRY_REGISTRATIONS)
            check_registrations(c, &c->in->benches[worker], i);
    }
    for (uint16_t s = 0; c->open && s < c->in->styles.count; s++)
        check_ballots(c, worker, &c->in->styles.list[s]);
}

static void run_chunk(tp_job *job, unsigned worker) {
    chunk *c = (chunk *)job;
    read_chunk(c);
    check_chunk(c, worker);
}

/* ---- in order: credentials ---- */

static tp_reconciliation *unit_of(replay *x, const tp_credential *c) {
    return &x->out->units[c->unit];
}

static tp_err apply_registrations(replay *x, const tp_entry *e, tp_fault *fault) {
    tp_reader body = e->body;
    tp_registration r;
    bool more = false;
    tp_err err = tp_registrations_next(&r, &body, NULL, &more, fault);
    for (; !err && more; err = tp_registrations_next(&r, &body, r.credential, &more, fault)) {
        tp_credential c = {.unit = r.unit, .style = r.style};
        memcpy(c.key, r.credential, 32);
        if (tp_credentials_find(&x->credentials, c.key))
            return tp_fail(fault, TP_REFUSED, "registration.repeat", "credential");
        if ((err = tp_credentials_add(&x->credentials, &c)))
            return tp_fail(fault, err, "system", "memory");
        unit_of(x, &c)->enrolled++;
    }
    return err;
}

static tp_err apply_cancel(replay *x, const tp_entry *e, tp_fault *fault) {
    tp_credential *c = tp_credentials_find(&x->credentials, e->u.cancel.credential);
    if (!c) return tp_fail(fault, TP_REFUSED, "cancel.credential", "credential");
    if (c->cancelled) return tp_fail(fault, TP_REFUSED, "cancel.repeat", "credential");
    c->cancelled = true;
    unit_of(x, c)->cancelled++;
    return TP_OK;
}

static tp_err apply_exclusion(replay *x, const tp_entry *e, tp_fault *fault) {
    tp_credential *c = tp_credentials_find_tip(&x->credentials, e->u.act.subject);
    if (!c) return tp_fail(fault, TP_REFUSED, "exclusion.ballot", "no credential's newest ballot");
    if (c->excluded) return tp_fail(fault, TP_REFUSED, "exclusion.repeat", "ballot");
    c->excluded = true;
    return TP_OK;
}

/* The ballot was read by a worker, with the style that it names. */
static tp_err apply_ballot(replay *x, const tp_entry *e, uint64_t index, tp_fault *fault) {
    const uint8_t *bytes = e->u.ballot.bytes;
    size_t len = e->u.ballot.len;
    if (len < TP_BALLOT_HEAD) return tp_fail(fault, TP_MALFORMED, "ballot.length", "ballot");
    unsigned style = (unsigned)bytes[STYLE_AT] << 8 | bytes[STYLE_AT + 1];
    if (style >= x->styles.count) return tp_fail(fault, TP_REFUSED, "ballot.style", "ballot");
    tp_ballot b;
    tp_err err = tp_ballot_read(&b, &x->styles.list[style], bytes, len, fault);
    if (err) return err;
    tp_credential *c = tp_credentials_find(&x->credentials, b.credential);
    if ((err = tp_cast_rule(c, &b, fault))) return err;
    tp_reconciliation *unit = unit_of(x, c);
    unit->ballots++;
    if (c->sequence) {
        unit->replaced++;
        const tp_counted_ballot old = {c->tip_index, c->unit, c->style};
        if (x->out->sums && (err = tp_sums_replaced(x->out->sums, &old)))
            return tp_fail(fault, err, "system", "memory");
    }
    c->sequence = b.sequence;
    c->tip_index = index;
    memcpy(c->tip, x->out->board.last_ballot, 32);
    err = tp_credentials_moved(&x->credentials, c);
    return err ? tp_fail(fault, err, "system", "memory") : TP_OK;
}

/* ---- in order: the board ---- */

static tp_err load_manifest(replay *x, const tp_entry *e, tp_fault *fault) {
    tp_replay *out = x->out;
    uint64_t len = e->u.document.len;
    uint8_t *json;
    if (e->type != TP_ENTRY_MANIFEST)
        return tp_fail(fault, TP_REFUSED, "board.order", "the manifest comes first");
    tp_err err = tp_record_document(x->r, e->u.document.hash, &len, &json, fault);
    if (err) return err;
    x->manifest_len = len;
    err = tp_manifest_parse(&out->manifest, json, (size_t)len, fault);
    free(json);
    if (err) return err;
    if ((err = tp_head_check(&x->r->head, &out->manifest, fault))) return err;
    out->units = calloc(out->manifest.unit_count, sizeof *out->units);
    if (!out->units) return tp_fail(fault, TP_SYSTEM, "system", "memory");
    for (size_t i = 0; i < out->manifest.unit_count; i++)
        out->units[i].registered = out->units[i].online = out->manifest.units[i].registered;
    return TP_OK;
}

/* With those of the ballots that are not checked again; without these all are read again later. */
static void begin_sums(replay *x) {
    tp_replay *out = x->out;
    if (!out->sums || out->remembered <= out->board.size) return;
    if (!tp_sums_begin(out->sums, x->o->remember)) return;
    tp_sums_free(out->sums);
    out->sums = NULL;
}

/* The keys are known now: ballots can be checked. */
static tp_err open_board(replay *x, tp_fault *fault) {
    const tp_keys *keys = tp_ceremony_keys(x->out->board.ceremony);
    if (!keys) return tp_fail(fault, TP_REFUSED, "board.phase", "no keys");
    tp_err err = tp_styles_make(&x->styles, &x->out->manifest, keys);
    if (!err && (!x->o->trusting || x->o->counting))
        err = tp_sums_make(&x->out->sums, &x->out->manifest, tp_pool_threads(x->pool));
    if (err) return tp_fail(fault, err, "system", "memory");
    begin_sums(x);
    x->opened = true;
    return TP_OK;
}

static tp_err apply_act(replay *x, const tp_entry *e, tp_fault *fault) {
    switch (e->u.act.act) {
    case TP_ACT_OPEN:
        return open_board(x, fault);
    case TP_ACT_EXCLUDE:
        return apply_exclusion(x, e, fault);
    default:
        return TP_OK;
    }
}

static tp_err apply(replay *x, const tp_reader *bytes, uint64_t index, tp_fault *fault) {
    tp_replay *out = x->out;
    tp_entry e;
    x->r->faulty_type = bytes->left ? bytes->p[0] : 0;
    tp_err err = tp_entry_read(&e, bytes->p, bytes->left, fault);
    if (!err && !index) err = load_manifest(x, &e, fault);
    bool checked = !err && e.type == TP_ENTRY_REGISTRATIONS; /* by a worker */
    if (!err)
        err = tp_board_apply(&out->board, &e, index ? NULL : &out->manifest, checked,
                             tp_record_trusted_root, x->r, fault);
    if (err) return err;
    switch (e.type) {
    case TP_ENTRY_REGISTRATIONS:
        return apply_registrations(x, &e, fault);
    case TP_ENTRY_CANCEL:
        return apply_cancel(x, &e, fault);
    case TP_ENTRY_BALLOT:
        return apply_ballot(x, &e, index, fault);
    case TP_ENTRY_ACT:
        return apply_act(x, &e, fault);
    default:
        return TP_OK;
    }
}

/* What a worker found, unless the entry may not stand here at all. An entry that is not the tree's
 * is not looked at. spec: S-18 */
static tp_err blame(replay *x, const chunk *c, tp_fault *fault) {
    tp_entry e;
    bool of_entry =
        !strncmp(c->fault.code, "ballot.", 7) || !strncmp(c->fault.code, "registration.", 13);
    if (of_entry) {
        const tp_reader *bytes = entry_of(c, c->bad);
        x->r->faulty_type = bytes->left ? bytes->p[0] : 0;
        tp_err err = tp_entry_read(&e, bytes->p, bytes->left, fault);
        if (!err) err = tp_board_may_follow(&x->out->board, &e, fault);
        if (err) return err;
    }
    *fault = c->fault;
    return fault->err;
}

/* The entries of a chunk, up to the act that opens the board. *next: what to go on with. */
static tp_err apply_chunk(replay *x, const chunk *c, uint64_t *next, tp_fault *fault) {
    bool was_open = x->opened;
    for (; *next < c->end && x->opened == was_open; ++*next) {
        if (*next == c->bad) return blame(x, c, fault);
        tp_err err = apply(x, entry_of(c, *next), *next, fault);
        if (err) return err;
    }
    return TP_OK;
}

/* ---- the pipeline ---- */

static void begin_chunk(replay *x, chunk *c, uint64_t first) {
    uint64_t size = tp_record_size(x->r);
    c->job.run = run_chunk;
    c->in = x;
    c->open = x->opened;
    c->first = first;
    c->end = (first / TP_TILE_WIDTH + CHUNK_BUNDLES) * TP_TILE_WIDTH;
    if (c->end > size) c->end = size;
    c->bad = UINT64_MAX;
    tp_pool_submit(x->pool, &c->job);
}

/* Ring positions: head is the oldest chunk under way, tail the next to begin. */
static tp_err run_pipeline(replay *x, uint64_t from, tp_fault *fault) {
    uint64_t size = tp_record_size(x->r), dispatched = from, done = from;
    size_t head = 0, tail = 0;
    tp_err err = TP_OK;
    while (done < size && !err) {
        for (; tail - head < x->chunk_count && dispatched < size; tail++) {
            chunk *c = &x->chunks[tail % x->chunk_count];
            begin_chunk(x, c, dispatched);
            dispatched = c->end;
        }
        chunk *c = &x->chunks[head++ % x->chunk_count];
        bool was_open = x->opened;
        tp_pool_wait(x->pool, &c->job);
        err = apply_chunk(x, c, &done, fault);
        if (err) err = tp_fail_entry(fault, done);
        if (x->opened != was_open || err)
            for (dispatched = done; head < tail; head++)
                tp_pool_wait(x->pool, &x->chunks[head % x->chunk_count].job);
        if (x->o->progress) x->o->progress(x->o->progress_ctx, "entries", done, size);
    }
    return err;
}

/* Entry 0 says how long its document is: never nothing. spec: Y-22 */
static tp_err check_length(const replay *x, const tp_reader *bytes, tp_fault *fault) {
    tp_entry e;
    char name[TP_FILE_NAME];
    tp_err err = tp_entry_read(&e, bytes->p, bytes->left, fault);
    if (err || e.u.document.len == x->manifest_len) return err;
    tp_document_name(name, e.u.document.hash);
    return tp_fail(fault, TP_INVALID, "document.length", "%s", name);
}

/* Entry 0 is applied before any worker begins, since workers read the manifest. */
static tp_err first_entry(replay *x, tp_fault *fault) {
    const uint8_t *bytes;
    size_t len;
    tp_err err = tp_record_entry(x->r, 0, &bytes, &len, fault);
    tp_reader first = {0};
    if (!err) first = tp_reader_of(bytes, len);
    if (!err) err = apply(x, &first, 0, fault);
    if (!err) err = check_length(x, &first, fault);
    return err ? tp_fail_entry(fault, 0) : TP_OK;
}

/* What commitment and changes say of each unit. spec: U-5 */
static void finish_electorate(tp_replay *out) {
    const tp_electorate *e = out->board.electorate;
    for (size_t i = 0; e && i < out->manifest.unit_count; i++) {
        out->units[i].registered = e->unit[i].committed;
        out->units[i].added = e->unit[i].added;
        out->units[i].removed = e->unit[i].removed;
        out->units[i].changes = e->unit[i].changes;
        out->units[i].online = e->unit[i].online;
    }
}

static void finish(replay *x) {
    tp_replay *out = x->out;
    finish_electorate(out);
    out->credentials = tp_credentials_take(&x->credentials, &out->credential_count);
    for (size_t i = 0; i < out->credential_count; i++) {
        const tp_credential *c = &out->credentials[i];
        tp_reconciliation *unit = unit_of(x, c);
        if (!c->sequence) continue;
        if (c->cancelled)
            unit->voided++;
        else if (c->excluded)
            unit->excluded++;
        else
            unit->counted++;
    }
}

/* ---- between replays ---- */

/* Does this log go on from the one that an earlier replay checked? Its manifest, keys and ballots
 * up to there are then the same. spec: Y-20 */
static void recall(replay *x) {
    const tp_remembered *m = x->o->trusting ? NULL : x->o->remember;
    uint8_t root[32];
    if (m && m->size && tp_record_trusted_root(x->r, m->size, root) && !memcmp(root, m->root, 32))
        x->out->remembered = m->size;
}

static tp_err remember(replay *x) {
    tp_remembered *m = x->o->trusting ? NULL : x->o->remember;
    if (!m) return TP_OK;
    tp_remembered_free(m);
    m->size = tp_record_size(x->r);
    tp_record_root(x->r, m->root);
    tp_err err = x->out->sums ? tp_sums_keep(m, x->out->sums) : TP_OK;
    if (err) tp_remembered_free(m);
    return err;
}

static tp_err prepare(replay *x) {
    tp_err err = tp_credentials_init(&x->credentials);
    if (!err) err = tp_pool_start(&x->pool, x->o->threads);
    if (err) return err;
    x->chunk_count = tp_pool_threads(x->pool) + 2;
    x->chunks = calloc(x->chunk_count, sizeof *x->chunks);
    x->benches = calloc(tp_pool_threads(x->pool), sizeof *x->benches);
    return x->chunks && x->benches ? TP_OK : TP_SYSTEM;
}

static void release(replay *x) {
    unsigned threads = x->pool ? tp_pool_threads(x->pool) : 0;
    tp_pool_stop(x->pool);
    for (size_t i = 0; x->chunks && i < x->chunk_count; i++)
        for (size_t j = 0; j < CHUNK_BUNDLES; j++)
            tp_bundle_free(&x->chunks[i].bundle[j]);
    for (unsigned i = 0; x->benches && i < threads; i++)
        free(x->benches[i].scratch);
    free(x->chunks);
    free(x->benches);
    tp_styles_free(&x->styles);
    tp_credentials_free(&x->credentials);
}

tp_err tp_replay_run(tp_replay *out, tp_record *r, const tp_replay_options *o, tp_fault *fault) {
    replay x = {.out = out, .r = r, .o = o};
    memset(out, 0, sizeof *out);
    r->faulty_type = 0;
    tp_board_init(&out->board);
    tp_err err = tp_record_load_tree(r, fault);
    if (!err && (err = prepare(&x))) tp_fail(fault, err, "system", "memory or threads");
    if (!err) recall(&x);
    if (!err) err = first_entry(&x, fault);
    if (!err) err = run_pipeline(&x, 1, fault);
    if (!err) finish(&x);
    if (!err && (err = remember(&x))) tp_fail(fault, err, "system", "memory");
    release(&x);
    if (err) tp_replay_free(out);
    return err;
}

void tp_replay_free(tp_replay *p) {
    tp_board_free(&p->board);
    tp_manifest_free(&p->manifest);
    free(p->credentials);
    free(p->units);
    tp_sums_free(p->sums);
    memset(p, 0, sizeof *p);
}
