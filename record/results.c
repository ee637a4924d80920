/* From the frozen board to the results: shares, totals, documents. spec: Y-13..Y-16.
 */
#include "record/results.h"

#include <stdlib.h>
#include <string.h>

/* ---- the aggregates that were frozen ---- */

tp_err tp_frozen_check(const tp_replay *p, const tp_aggregates *a, tp_fault *fault) {
    char name[TP_FILE_NAME];
    uint8_t hash[32];
    tp_writer w = tp_writer_of(NULL, 0);
    tp_err err = tp_aggregates_write(&w, &p->manifest, a);
    if (err && err != TP_TOO_BIG) return tp_fail(fault, err, "aggregates.malformed", "own");
    uint8_t *bytes = malloc(w.len + 1);
    if (!bytes) return tp_fail(fault, TP_SYSTEM, "system", "memory");
    w = tp_writer_of(bytes, w.len);
    err = tp_aggregates_write(&w, &p->manifest, a);
    if (err) tp_fail(fault, err, "aggregates.malformed", "own");
    if (!err) {
        tp_sha256(hash, bytes, w.len);
        tp_document_name(name, p->board.freeze_hash);
        if (memcmp(hash, p->board.freeze_hash, 32))
            err = tp_fail(fault, TP_INVALID, "aggregates.hash", "%s", name);
    }
    free(bytes);
    return err;
}

/* ---- shares ---- */

void tp_shares_free(tp_shares *s) {
    for (size_t i = 0; i < TP_MAX_TRUSTEES; i++)
        free(s->points[i]);
    memset(s, 0, sizeof *s);
}

static size_t share_points(const tp_manifest *m, const tp_aggregates *a) {
    size_t n = 0;
    for (size_t i = 0; i < a->count; i++)
        n += tp_sum_points(&m->contests[a->list[i].set.contest].shape);
    return n;
}

/* One trustee's document. A false share is no error here; the trustee is marked. */
static tp_err check_one(tp_shares *s, uint16_t trustee, const tp_replay *p, const tp_aggregates *a,
                        tp_record *r, tp_fault *fault) {
    size_t i = trustee - 1u;
    const tp_document_ref *ref = &p->board.shares[i];
    uint64_t len = ref->len;
    uint8_t *bytes;
    tp_err err = tp_record_document(r, ref->hash, &len, &bytes, fault);
    if (err) return err;
    s->points[i] = malloc((share_points(&p->manifest, a) + 1) * sizeof(tp_point));
    if (!s->points[i]) {
        free(bytes);
        return tp_fail(fault, TP_SYSTEM, "system", "memory");
    }
    tp_err verdict =
        tp_shares_check(s->points[i], &p->manifest, tp_ceremony_keys(p->board.ceremony), a,
                        p->board.freeze_hash, trustee, bytes, (size_t)len, &s->fault[i]);
    free(bytes);
    if (verdict == TP_SYSTEM) {
        *fault = s->fault[i];
        return verdict;
    }
    s->bad[i] = verdict != TP_OK;
    s->good += verdict == TP_OK;
    return TP_OK;
}

tp_err tp_shares_gather(tp_shares *s, const tp_replay *p, const tp_aggregates *a, tp_record *r,
                        tp_fault *fault) {
    memset(s, 0, sizeof *s);
    for (uint16_t i = 0; i < p->manifest.trustees.count; i++) {
        if (!p->board.shares[i].len) continue;
        s->posted++;
        tp_err err = check_one(s, (uint16_t)(i + 1), p, a, r, fault);
        if (err) {
            tp_shares_free(s);
            return err;
        }
    }
    return TP_OK;
}

/* ---- totals and documents ---- */

void tp_results_free(tp_results *x) {
    free(x->json);
    free(x->csv);
    memset(x, 0, sizeof *x);
}

/* Rows of totals in one block: row pointers, then the rows. */
static uint32_t **totals_new(const tp_manifest *m, const tp_aggregates *a) {
    size_t cells = 0;
    for (size_t i = 0; i < a->count; i++)
        cells += m->contests[a->list[i].set.contest].shape.n;
    uint32_t **rows = malloc((a->count + 1) * sizeof *rows + cells * sizeof **rows);
    if (!rows) return NULL;
    uint32_t *cell = (uint32_t *)(rows + a->count + 1);
    for (size_t i = 0; i < a->count; i++) {
        rows[i] = cell;
        cell += m->contests[a->list[i].set.contest].shape.n;
    }
    return rows;
}

tp_err tp_results_make(tp_results *out, const tp_shares *s, const tp_replay *p,
                       const tp_aggregates *a, const uint32_t *withheld, tp_fault *fault) {
    const tp_manifest *m = &p->manifest;
    uint16_t trustees[TP_MAX_TRUSTEES];
    const tp_point *points[TP_MAX_TRUSTEES];
    uint16_t count = 0;
    memset(out, 0, sizeof *out);
    for (uint16_t i = 0; i < m->trustees.count && count < m->trustees.quorum; i++) {
        if (!s->points[i] || s->bad[i]) continue;
        trustees[count] = (uint16_t)(i + 1);
        points[count++] = s->points[i];
    }
    if (count < m->trustees.quorum)
        return tp_fail(fault, TP_REFUSED, "shares.quorum", "%u good shares of %u", count,
                       m->trustees.quorum);
    uint32_t **totals = totals_new(m, a);
    if (!totals) return tp_fail(fault, TP_SYSTEM, "system", "memory");
    tp_err err = tp_totals(totals, m, a, trustees, points, fault);
    if (!err) {
        out->json = tp_results_json(&out->json_len, m, p->units, a, totals, withheld);
        out->csv = tp_results_csv(&out->csv_len, m, a, totals);
        if (!out->json || !out->csv) err = tp_fail(fault, TP_SYSTEM, "system", "memory");
    }
    free(totals);
    if (err) tp_results_free(out);
    return err;
}

tp_err tp_replay_results(char **json, size_t *json_len, char **csv, size_t *csv_len,
                         bool bad[static TP_MAX_TRUSTEES], const tp_replay *p, tp_record *r,
                         const tp_replay_options *o, tp_fault *fault) {
    tp_aggregates a;
    tp_shares shares;
    tp_results results;
    uint32_t withheld[TP_MAX_CONTESTS];
    if (p->board.phase < TP_FROZEN)
        return tp_fail(fault, TP_REFUSED, "board.phase", "the board is not frozen");
    tp_err err = o->trusting ? tp_replay_frozen(&a, withheld, p, r, fault)
                             : tp_replay_aggregate(&a, withheld, p, r, o, fault);
    if (err) return err;
    err = tp_frozen_check(p, &a, fault);
    if (!err) err = tp_shares_gather(&shares, p, &a, r, fault);
    if (!err) {
        memcpy(bad, shares.bad, sizeof shares.bad);
        err = tp_results_make(&results, &shares, p, &a, withheld, fault);
        tp_shares_free(&shares);
    }
    if (!err) {
        *json = results.json;
        *json_len = results.json_len;
        *csv = results.csv;
        *csv_len = results.csv_len;
    }
    tp_aggregates_free(&a);
    return err;
}
