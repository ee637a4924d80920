/* The second pass: sums of the ciphertexts that count, per reporting set. spec: Y-13.
 *
 * If the replay gathered the sums of all ballots (sums.h), those that do not count are read again
 * and subtracted; else those that count are read again and added. Each is read against its leaf
 * hash, since the disk may have changed since the replay. Every worker adds up sums of its own,
 * which are added at the end; a sum does not depend on the order.
 */
#include "election/styles.h"
#include "record/pool.h"
#include "record/results.h"
#include "record/sums.h"

#include <stdlib.h>
#include <string.h>

enum { BALLOTS_A_JOB = 1024, NO_SET = -1 };

typedef struct {
    tp_bundle bundle;
    tp_point *sum;          /* of all sets, set by set: R, C_1..C_p */
    uint8_t (*encoded)[32]; /* of one contest */
    tp_point *decoded;
    uint64_t bad; /* leaf of the first ballot that failed */
    tp_fault fault;
} adder;

typedef struct {
    const tp_replay *p;
    tp_record *r;
    tp_styles styles;
    tp_counted_ballot *ballots; /* to read again */
    size_t ballot_count;
    uint32_t *counted; /* [contest][unit] */
    tp_reporting plan;
    int32_t *set_of;  /* [contest][unit] */
    size_t *first_of; /* of a set, in sum */
    size_t point_count, most_points;
    adder *adders;
    unsigned adder_count;
    size_t first_job; /* of the pass under way */
} work;

/* ---- what counts ---- */

static int by_leaf(const void *a, const void *b) {
    uint64_t x = ((const tp_counted_ballot *)a)->leaf, y = ((const tp_counted_ballot *)b)->leaf;
    return x < y ? -1 : x > y;
}

static void count_credential(work *w, const tp_credential *c) {
    const tp_manifest *m = &w->p->manifest;
    const tp_style *style = &m->styles[c->style];
    for (size_t k = 0; k < style->contest_count; k++)
        w->counted[style->contests[k] * m->unit_count + c->unit]++;
}

/* What counts, by contest and unit, and the ballots to read again: those that count, or with sums
 * the others. */
static tp_err gather_ballots(work *w) {
    const tp_manifest *m = &w->p->manifest;
    const tp_sums *sums = w->p->sums;
    size_t replaced = sums ? sums->replaced_count : 0;
    w->ballots = malloc((w->p->credential_count + replaced + 1) * sizeof *w->ballots);
    w->counted = calloc((size_t)m->contest_count * m->unit_count, sizeof *w->counted);
    if (!w->ballots || !w->counted) return TP_SYSTEM;
    for (size_t i = 0; i < w->p->credential_count; i++) {
        const tp_credential *c = &w->p->credentials[i];
        bool counts = tp_credential_counts(c);
        if (counts) count_credential(w, c);
        if (!c->sequence || counts == (sums != NULL)) continue;
        w->ballots[w->ballot_count++] = (tp_counted_ballot){c->tip_index, c->unit, c->style};
    }
    for (size_t i = 0; i < replaced; i++)
        w->ballots[w->ballot_count++] = sums->replaced[i];
    qsort(w->ballots, w->ballot_count, sizeof *w->ballots, by_leaf);
    return TP_OK;
}

/* spec: Y-13 */
static tp_err plan_sets(work *w) {
    const tp_manifest *m = &w->p->manifest;
    size_t cells = (size_t)m->contest_count * m->unit_count;
    tp_err err = tp_reporting_plan(&w->plan, m, w->counted);
    if (err) return err;
    w->set_of = malloc(cells * sizeof *w->set_of);
    w->first_of = calloc(w->plan.count + 1, sizeof *w->first_of);
    if (!w->set_of || !w->first_of) return TP_SYSTEM;
    for (size_t i = 0; i < cells; i++)
        w->set_of[i] = NO_SET;
    for (size_t i = 0; i < w->plan.count; i++) {
        const tp_reporting_set *s = &w->plan.sets[i];
        size_t points = 1 + tp_sum_points(&m->contests[s->contest].shape);
        for (size_t k = 0; k < s->unit_count; k++)
            w->set_of[s->contest * m->unit_count + s->units[k]] = (int32_t)i;
        w->first_of[i] = w->point_count;
        w->point_count += points;
        if (points > w->most_points) w->most_points = points;
    }
    return TP_OK;
}

/* ---- adding ---- */

static tp_err add_ballot(work *w, adder *a, const tp_counted_ballot *t, const uint8_t *bytes,
                         tp_fault *fault) {
    const tp_ballot_style *style = &w->styles.list[t->style];
    const uint8_t *proof = bytes + TP_BALLOT_HEAD;
    for (size_t i = 0; i < style->contest_count; i++) {
        const tp_ballot_contest *c = &style->contests[i];
        size_t points = 1 + tp_sum_points(&c->shape);
        int32_t set = w->set_of[c->index * w->p->manifest.unit_count + t->unit];
        const uint8_t *ciphertext = proof;
        proof += tp_sum_len(&c->shape);
        if (set == NO_SET) continue;
        memcpy(a->encoded, ciphertext, 32 * points);
        if (tp_points_decode_var(a->decoded, (const uint8_t(*)[32])a->encoded, points, NULL))
            return tp_fail(fault, TP_MALFORMED, "ballot.point", "ballot");
        tp_sum_aggregate_var(a->sum + w->first_of[set], a->decoded, &c->shape);
    }
    return TP_OK;
}

/* The ballot's bytes, as they are in the tree. */
static tp_err read_again(work *w, adder *a, const tp_counted_ballot *t, const uint8_t **bytes,
                         tp_fault *fault) {
    tp_hash leaf;
    tp_err err = TP_OK;
    if (a->bundle.index != t->leaf / TP_TILE_WIDTH)
        err = tp_bundle_read(&a->bundle, w->r, t->leaf / TP_TILE_WIDTH, fault);
    if (err) return err;
    const tp_reader *e = &a->bundle.entry[t->leaf % TP_TILE_WIDTH];
    tp_tree_leaf(&leaf, e->p, e->left);
    if (memcmp(&leaf, &w->r->hashes[0][t->leaf], sizeof leaf) ||
        e->left != 1 + tp_ballot_size(&w->styles.list[t->style]))
        return tp_fail(fault, TP_INVALID, "log.entry", "entry %llu", (unsigned long long)t->leaf);
    *bytes = e->p + 1;
    return TP_OK;
}

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

static void add_ballots(void *ctx, size_t i, unsigned worker) {
    work *w = ctx;
    adder *a = &w->adders[worker];
    size_t job = w->first_job + i, end = smaller((job + 1) * BALLOTS_A_JOB, w->ballot_count);
    for (i = job * BALLOTS_A_JOB; i < end && w->ballots[i].leaf < a->bad; i++) {
        const uint8_t *bytes = NULL;
        tp_fault fault;
        tp_err err = read_again(w, a, &w->ballots[i], &bytes, &fault);
        if (!err) err = add_ballot(w, a, &w->ballots[i], bytes, &fault);
        if (!err) continue;
        a->fault = fault;
        a->bad = w->ballots[i].leaf;
    }
}

static tp_err make_adders(work *w, tp_pool *pool) {
    unsigned count = tp_pool_threads(pool);
    w->adders = calloc(count, sizeof *w->adders);
    if (!w->adders) return TP_SYSTEM;
    for (; w->adder_count < count; w->adder_count++) {
        adder *a = &w->adders[w->adder_count];
        a->bad = a->bundle.index = UINT64_MAX;
        a->sum = malloc((w->point_count + 1) * sizeof *a->sum);
        a->encoded = malloc((w->most_points + 1) * sizeof *a->encoded);
        a->decoded = malloc((w->most_points + 1) * sizeof *a->decoded);
        for (size_t i = 0; a->sum && i < w->point_count; i++)
            tp_point_identity(&a->sum[i]);
        if (a->sum && a->encoded && a->decoded) continue;
        w->adder_count++;
        return TP_SYSTEM;
    }
    return TP_OK;
}

/* The fault that comes first on the board. */
static tp_err first_fault(const work *w, tp_fault *fault) {
    const adder *first = NULL;
    for (unsigned i = 0; i < w->adder_count; i++)
        if (w->adders[i].bad != UINT64_MAX && (!first || w->adders[i].bad < first->bad))
            first = &w->adders[i];
    if (!first) return TP_OK;
    *fault = first->fault;
    return tp_fail_entry(fault, first->bad);
}

static tp_err add_all(work *w, const tp_replay_options *o, tp_fault *fault) {
    tp_pool *pool;
    tp_err err = tp_pool_start(&pool, o->threads);
    if (err) return tp_fail(fault, err, "system", "threads");
    if (make_adders(w, pool)) {
        err = tp_fail(fault, TP_SYSTEM, "system", "memory");
        goto cleanup;
    }
    size_t jobs = (w->ballot_count + BALLOTS_A_JOB - 1) / BALLOTS_A_JOB,
           step = 16 * tp_pool_threads(pool);
    for (w->first_job = 0; w->first_job < jobs; w->first_job += step) {
        size_t count = smaller(jobs - w->first_job, step);
        tp_pool_for(pool, count, add_ballots, w);
        if (o->progress)
            o->progress(o->progress_ctx, "aggregates",
                        smaller((w->first_job + count) * BALLOTS_A_JOB, w->ballot_count),
                        w->ballot_count);
    }
    err = first_fault(w, fault);
cleanup:
    tp_pool_stop(pool);
    return err;
}

/* ---- the aggregates ---- */

/* The sums of all workers in those of the first. */
static void join_adders(work *w) {
    for (unsigned i = 1; i < w->adder_count; i++)
        tp_points_add(w->adders[0].sum, w->adders[0].sum, w->adders[i].sum, w->point_count);
}

/* What was read again did not count: a set's sum is that of its units without it. */
static void subtract_from_sums(work *w) {
    tp_point *sum = w->adders[0].sum;
    for (size_t i = 0; i < w->point_count; i++)
        tp_point_neg(&sum[i], &sum[i]);
    for (size_t i = 0; i < w->plan.count; i++) {
        const tp_reporting_set *s = &w->plan.sets[i];
        for (size_t k = 0; k < s->unit_count; k++)
            tp_sums_total(sum + w->first_of[i], w->p->sums, s->contest, s->units[k]);
    }
}

/* By way of the document, so that what is returned is what its reader makes of it. */
static tp_err make_aggregates(tp_aggregates *out, work *w, tp_fault *fault) {
    const tp_manifest *m = &w->p->manifest;
    tp_aggregates a = {.board_size = w->p->board.close_size, .count = w->plan.count};
    uint8_t(*encoded)[32] = malloc((w->point_count + 1) * 32), *bytes = NULL;
    tp_err err = TP_SYSTEM;
    a.list = calloc(w->plan.count + 1, sizeof *a.list);
    if (!a.list || !encoded) goto cleanup;
    tp_points_encode(encoded, w->adders[0].sum, w->point_count);
    for (size_t i = 0; i < a.count; i++) {
        a.list[i].set = w->plan.sets[i];
        memcpy(a.list[i].r, encoded[w->first_of[i]], 32);
        a.list[i].c = encoded + w->first_of[i] + 1;
    }
    if (!tp_record_trusted_root(w->r, a.board_size, a.board_root)) goto cleanup;
    tp_writer measure = tp_writer_of(NULL, 0);
    if ((err = tp_aggregates_write(&measure, m, &a)) && err != TP_TOO_BIG) goto cleanup;
    err = TP_SYSTEM;
    if (!(bytes = malloc(measure.len + 1))) goto cleanup;
    tp_writer out_bytes = tp_writer_of(bytes, measure.len);
    err = tp_aggregates_write(&out_bytes, m, &a);
    if (!err) err = tp_aggregates_read(out, m, bytes, out_bytes.len, fault);
cleanup:
    if (err == TP_SYSTEM) tp_fail(fault, err, "system", "memory");
    free(bytes);
    free(encoded);
    free(a.list);
    return err;
}

static void release(work *w) {
    for (unsigned i = 0; i < w->adder_count; i++) {
        tp_bundle_free(&w->adders[i].bundle);
        free(w->adders[i].sum);
        free(w->adders[i].encoded);
        free(w->adders[i].decoded);
    }
    free(w->adders);
    free(w->first_of);
    free(w->set_of);
    free(w->counted);
    free(w->ballots);
    tp_reporting_free(&w->plan);
    tp_styles_free(&w->styles);
}

/* The document that the freeze act names. */
static tp_err read_frozen(tp_aggregates *a, const tp_replay *p, tp_record *r, tp_fault *fault) {
    uint8_t *bytes;
    uint64_t len = 0;
    tp_err err = tp_record_document(r, p->board.freeze_hash, &len, &bytes, fault);
    if (err) return err;
    err = tp_aggregates_read(a, &p->manifest, bytes, (size_t)len, fault);
    free(bytes);
    return err;
}

tp_err tp_replay_frozen(tp_aggregates *a, uint32_t withheld[static TP_MAX_CONTESTS],
                        const tp_replay *p, tp_record *r, tp_fault *fault) {
    work w = {.p = p, .r = r};
    tp_err err = gather_ballots(&w);
    if (!err) err = plan_sets(&w);
    if (err)
        tp_fail(fault, err, "system", "memory");
    else
        err = read_frozen(a, p, r, fault);
    if (!err) memcpy(withheld, w.plan.withheld, sizeof w.plan.withheld);
    release(&w);
    return err;
}

tp_err tp_replay_aggregate(tp_aggregates *a, uint32_t withheld[static TP_MAX_CONTESTS],
                           const tp_replay *p, tp_record *r, const tp_replay_options *o,
                           tp_fault *fault) {
    work w = {.p = p, .r = r};
    if (p->board.phase < TP_CLOSED)
        return tp_fail(fault, TP_REFUSED, "board.phase", "the board is not closed");
    tp_err err = tp_record_load_tree(r, fault);
    if (err) return err;
    err = tp_styles_make(&w.styles, &p->manifest, tp_ceremony_keys(p->board.ceremony));
    if (!err) err = gather_ballots(&w);
    if (!err) err = plan_sets(&w);
    if (err) {
        tp_fail(fault, err, "system", "memory");
        goto cleanup;
    }
    if ((err = add_all(&w, o, fault))) goto cleanup;
    join_adders(&w);
    if (p->sums) subtract_from_sums(&w);
    err = make_aggregates(a, &w, fault);
    if (!err) memcpy(withheld, w.plan.withheld, sizeof w.plan.withheld);
cleanup:
    release(&w);
    return err;
}
