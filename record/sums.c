/* Sums by contest and unit (sums.h). Every worker has its own, so nothing is locked; a sum does not
 * depend on the order. spec: Y-13.
 */
#include "record/sums.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 256 << 20 };

tp_err tp_sums_make(tp_sums **sums, const tp_manifest *m, unsigned workers) {
    size_t count = 0;
    tp_sums *s = calloc(1, sizeof *s);
    if (!s) return TP_SYSTEM;
    s->units = m->unit_count;
    for (size_t i = 0; i < m->contest_count; i++) {
        s->points[i] = 1 + tp_sum_points(&m->contests[i].shape);
        s->first[i] = count;
        count += s->points[i] * m->unit_count;
    }
    if (count * sizeof(tp_point) > MOST_BYTES / workers) {
        free(s);
        return TP_OK;
    }
    *sums = s;
    s->count = count;
    s->sum = calloc(workers, sizeof *s->sum);
    for (; s->sum && s->workers < workers; s->workers++) {
        tp_point *sum = s->sum[s->workers] = aligned_alloc(64, (count + 2) * sizeof *sum / 64 * 64);
        if (!sum) return TP_SYSTEM;
        for (size_t i = 0; i < count; i++)
            tp_point_identity(&sum[i]);
    }
    return s->sum ? TP_OK : TP_SYSTEM;
}

void tp_sums_free(tp_sums *s) {
    if (!s) return;
    for (unsigned i = 0; i < s->workers; i++)
        free(s->sum[i]);
    free(s->sum);
    free(s->replaced);
    free(s);
}

static size_t cell(const tp_sums *s, size_t contest, size_t unit) {
    return s->first[contest] + s->points[contest] * unit;
}

/* A unit that is not there is refused when the board is applied, and the replay with it. */
void tp_sums_add_contest(tp_sums *s, unsigned worker, const tp_ballot_contest *c, unsigned unit,
                         const tp_point *points) {
    if (unit >= s->units) return;
    tp_sum_aggregate_var(s->sum[worker] + cell(s, c->index, unit), points, &c->shape);
}

void tp_sums_add(tp_sums *s, unsigned worker, const tp_ballot_style *style, unsigned unit,
                 const tp_point *points) {
    for (size_t i = 0; i < style->contest_count; i++) {
        const tp_ballot_contest *c = &style->contests[i];
        tp_sums_add_contest(s, worker, c, unit, points);
        points += tp_sum_points(&c->shape) + TP_SUM_OTHER_POINTS;
    }
}

tp_err tp_sums_replaced(tp_sums *s, const tp_counted_ballot *ballot) {
    if (s->replaced_count == s->replaced_cap) {
        size_t cap = s->replaced_cap ? 2 * s->replaced_cap : 256;
        tp_counted_ballot *more = realloc(s->replaced, cap * sizeof *more);
        if (!more) return TP_SYSTEM;
        s->replaced = more;
        s->replaced_cap = cap;
    }
    s->replaced[s->replaced_count++] = *ballot;
    return TP_OK;
}

void tp_sums_total(tp_point *out, const tp_sums *s, size_t contest, size_t unit) {
    for (unsigned i = 0; i < s->workers; i++)
        tp_points_add(out, out, s->sum[i] + cell(s, contest, unit), s->points[contest]);
}

/* ---- for a later replay ---- */

void tp_remembered_free(tp_remembered *m) {
    free(m->points);
    memset(m, 0, sizeof *m);
}

tp_err tp_sums_keep(tp_remembered *out, const tp_sums *s) {
    tp_point *sum = malloc((s->count + 1) * sizeof *sum);
    uint8_t(*points)[32] = malloc((s->count + 1) * sizeof *points);
    if (!sum || !points) {
        free(sum);
        free(points);
        return TP_SYSTEM;
    }
    memcpy(sum, s->sum[0], s->count * sizeof *sum);
    for (unsigned i = 1; i < s->workers; i++)
        tp_points_add(sum, sum, s->sum[i], s->count);
    tp_points_encode(points, sum, s->count);
    free(sum);
    out->points = points;
    out->count = s->count;
    return TP_OK;
}

tp_err tp_sums_begin(tp_sums *s, const tp_remembered *with) {
    if (with->count != s->count) return TP_REFUSED;
    tp_err err = tp_points_decode_var(s->sum[0], tp_rows(with->points), s->count, NULL);
    return err ? TP_REFUSED : TP_OK;
}
