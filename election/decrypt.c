/* Stage decrypt: the aggregates document, the trustees' shares of it, and the totals.
 * spec: chapter 7, requirements W-7..W-14.
 *
 * Aggregates document
 *   struct { uint16 contest; uint16 units<2..2048>; uint32 ballots; opaque R[32];
 *            opaque C[p][32]; } Set;
 *   struct { opaque fingerprint[32]; uint64 board_size; opaque board_root[32];
 *            Set sets<0..2^26>; } Aggregates;                       (prefix of 4 bytes)
 * Shares document
 *   struct { opaque fingerprint[32]; opaque aggregates_hash[32]; uint16 trustee;
 *            per contest that has sets: per set opaque D[p][32]; opaque proof[96]; } Shares;
 */
#include "election/decrypt.h"

#include "core/proof/eqlog.h"
#include "core/threshold/decrypt.h"

#include <stdlib.h>
#include <string.h>

enum { UNITS_MAX = 2 * TP_MAX_UNITS, SHARES_HEAD = 32 + 32 + 2 };

static size_t points_of(const tp_manifest *m, size_t contest) {
    return tp_sum_points(&m->contests[contest].shape);
}

static void *scratch_of(size_t len) {
    return aligned_alloc(64, (len + 127) / 64 * 64);
}

/* ---- aggregates: writing ---- */

tp_err tp_aggregates_write(tp_writer *w, const tp_manifest *m, const tp_aggregates *a) {
    tp_write_bytes(w, m->fingerprint, 32);
    tp_write_u64(w, a->board_size);
    tp_write_bytes(w, a->board_root, 32);
    size_t sets = tp_write_open(w, TP_MAX_DOCUMENT);
    for (size_t i = 0; i < a->count; i++) {
        const tp_aggregate *one = &a->list[i];
        tp_write_u16(w, one->set.contest);
        size_t units = tp_write_open(w, UNITS_MAX);
        for (size_t k = 0; k < one->set.unit_count; k++)
            tp_write_u16(w, one->set.units[k]);
        tp_write_close(w, units, UNITS_MAX);
        tp_write_u32(w, one->set.ballots);
        tp_write_bytes(w, one->r, 32);
        tp_write_bytes(w, one->c, 32 * points_of(m, one->set.contest));
    }
    tp_write_close(w, sets, TP_MAX_DOCUMENT);
    return tp_write_end(w);
}

/* ---- aggregates: reading ---- */

/* Everything that a read document owns, in one block. */
typedef struct {
    tp_aggregate *list;
    uint16_t *units;
    uint8_t (*points)[32];
    size_t count, unit_count, point_count;
} room;

static bool carries(const tp_manifest *m, uint16_t unit, uint16_t contest) {
    const tp_style *s = &m->styles[m->units[unit].style];
    for (size_t i = 0; i < s->contest_count; i++)
        if (s->contests[i] == contest) return true;
    return false;
}

/* Ascending units that vote on the contest, each in one set only. spec: W-8 */
static bool read_units(tp_reporting_set *set, room *to, tp_reader *r, const tp_manifest *m,
                       uint8_t *taken) {
    tp_reader v = tp_read_vector(r, 2, UNITS_MAX);
    set->units = to->units ? to->units + to->unit_count : NULL;
    for (int last = -1; v.left && !v.failed; set->unit_count++, to->unit_count++) {
        uint16_t unit = tp_read_u16(&v);
        if (v.failed || unit <= last || unit >= m->unit_count || taken[unit] ||
            !carries(m, unit, set->contest))
            return false;
        if (set->units) set->units[set->unit_count] = unit;
        taken[unit] = 1;
        last = unit;
    }
    return !v.failed && !r->failed;
}

/* R may be the identity: its voters agreed to make it so, and must not stop the tally. spec: W-9 */
static bool good_points(const uint8_t *bytes, size_t p) {
    tp_point *points = calloc(1 + p, sizeof *points);
    bool good = points && tp_points_decode_var(points, tp_rows(bytes), 1 + p, NULL) == TP_OK;
    free(points);
    return good;
}

/* One set. First pass (to->list NULL): checks and counts; second: fills in. */
static tp_err read_set(room *to, tp_reader *r, const tp_manifest *m, uint16_t contest,
                       uint8_t *taken) {
    tp_aggregate one = {.set.contest = contest};
    if (!read_units(&one.set, to, r, m, taken)) return TP_MALFORMED;
    one.set.ballots = tp_read_u32(r);
    size_t p = points_of(m, contest);
    const uint8_t *points = tp_read_bytes(r, 32 * (1 + p));
    if (!points) return TP_MALFORMED;
    if (one.set.ballots < m->floor || one.set.ballots >= TP_SUM_PACK) return TP_REFUSED;
    if (!to->list) {
        if (!good_points(points, p)) return TP_MALFORMED;
    } else {
        one.c = to->points + to->point_count;
        memcpy(one.r, points, 32);
        memcpy(one.c, points + 32, 32 * p);
        to->list[to->count] = one;
    }
    to->count++;
    to->point_count += p;
    return TP_OK;
}

/* Sets by contest, then by first unit. spec: W-8 */
static tp_err read_sets(room *to, tp_reader r, const tp_manifest *m) {
    uint8_t taken[TP_MAX_UNITS];
    uint32_t last_contest = UINT32_MAX, last_first = 0;
    to->count = to->unit_count = to->point_count = 0;
    while (r.left) {
        uint16_t contest = tp_read_u16(&r);
        if (r.failed || contest >= m->contest_count) return TP_MALFORMED;
        bool same = contest == last_contest;
        if (!same) {
            if (last_contest != UINT32_MAX && contest < last_contest) return TP_MALFORMED;
            memset(taken, 0, sizeof taken);
        }
        uint32_t first = r.left >= 4 ? (uint32_t)(r.p[2] << 8 | r.p[3]) : 0;
        if (same && first <= last_first) return TP_MALFORMED;
        tp_err err = read_set(to, &r, m, contest, taken);
        if (err != TP_OK) return err;
        last_contest = contest;
        last_first = first;
    }
    return TP_OK;
}

static bool make_room(tp_aggregates *a, room *to) {
    size_t list_len = to->count * sizeof *to->list, points_len = to->point_count * 32;
    uint8_t *block = malloc(list_len + points_len + to->unit_count * sizeof *to->units + 1);
    if (!block) return false;
    to->list = (tp_aggregate *)(void *)block;
    to->points = (uint8_t(*)[32])(block + list_len);
    to->units = (uint16_t *)(void *)(block + list_len + points_len);
    a->arena = block;
    a->list = to->list;
    a->count = to->count;
    return true;
}

tp_err tp_aggregates_read(tp_aggregates *a, const tp_manifest *m, const uint8_t *bytes, size_t len,
                          tp_fault *fault) {
    tp_reader r = tp_reader_of(bytes, len);
    room to = {0};
    memset(a, 0, sizeof *a);
    const uint8_t *fingerprint = tp_read_bytes(&r, 32);
    uint64_t board_size = tp_read_u64(&r);
    const uint8_t *root = tp_read_bytes(&r, 32);
    tp_reader sets = tp_read_vector(&r, 0, TP_MAX_DOCUMENT);
    if (tp_read_end(&r) != TP_OK || sets.failed || !tp_equal(fingerprint, m->fingerprint, 32))
        return tp_fail(fault, TP_MALFORMED, "aggregates.malformed", "head");
    tp_err err = read_sets(&to, sets, m);
    if (err != TP_OK)
        return tp_fail(fault, err, err == TP_REFUSED ? "aggregates.rule" : "aggregates.malformed",
                       "set %zu", to.count);
    if (!make_room(a, &to)) return tp_fail(fault, TP_SYSTEM, "system", "memory");
    err = read_sets(&to, sets, m);
    if (err != TP_OK) {
        tp_aggregates_free(a);
        return tp_fail(fault, err, "aggregates.malformed", "sets");
    }
    a->board_size = board_size;
    memcpy(a->board_root, root, 32);
    return TP_OK;
}

void tp_aggregates_free(tp_aggregates *a) {
    free(a->arena);
    memset(a, 0, sizeof *a);
}

/* ---- one contest's run of sets ---- */

/* Sets of one contest stand together: from `first`, u of them, p points each. */
typedef struct {
    size_t contest, first, u, p;
    size_t secrets; /* points of the contests before: where its secrets begin */
} run;

/* The next run at or after set *at; false at the end. */
static bool next_run(run *x, size_t *at, const tp_manifest *m, const tp_aggregates *a) {
    if (*at >= a->count) return false;
    *x = (run){.contest = a->list[*at].set.contest, .first = *at};
    x->p = points_of(m, x->contest);
    while (*at < a->count && a->list[*at].set.contest == x->contest)
        ++*at, x->u++;
    for (size_t c = 0; c < x->contest; c++)
        x->secrets += points_of(m, c);
    return true;
}

static void gather_r(uint8_t (*r)[32], const tp_aggregates *a, const run *x) {
    for (size_t i = 0; i < x->u; i++)
        memcpy(r[i], a->list[x->first + i].r, 32);
}

static tp_eqlog_statement statement_of(const tp_manifest *m, const tp_keys *keys, const run *x,
                                       uint16_t trustee, uint8_t (*r)[32], const void *d) {
    tp_eqlog_statement s = {.contest = (uint32_t)x->contest,
                            .trustee = trustee,
                            .r = tp_rows(r),
                            .u = x->u,
                            .v = tp_rows(keys->v[x->contest] + (trustee - 1u) * x->p),
                            .p = x->p,
                            .d = tp_rows(d)};
    memcpy(s.fingerprint, m->fingerprint, 32);
    memcpy(s.key_digest, keys->digest, 32);
    return s;
}

/* ---- shares: making ---- */

typedef struct {
    uint8_t (*r)[32], (*d)[32];
    tp_point *r_points, *d_points;
    tp_scalar *half; /* halves of the secrets: their products are encoded as doubles */
    void *eqlog;
} workspace;

static bool get_workspace(workspace *w, const run *x) {
    w->r = calloc(x->u, 32);
    w->d = calloc(x->u * x->p, 32);
    w->r_points = calloc(x->u, sizeof *w->r_points);
    w->d_points = calloc(x->u * x->p, sizeof *w->d_points);
    w->half = calloc(x->p, sizeof *w->half);
    w->eqlog = scratch_of(tp_eqlog_scratch(x->u, x->p));
    return w->r && w->d && w->half && w->r_points && w->d_points && w->eqlog;
}

static void free_workspace(workspace *w, const run *x) {
    if (w->half) tp_wipe(w->half, x->p * sizeof *w->half);
    free(w->half);
    free(w->r);
    free(w->d);
    free(w->r_points);
    free(w->d_points);
    free(w->eqlog);
}

static tp_err make_run(tp_writer *out, const tp_manifest *m, const tp_keys *keys,
                       const tp_aggregates *a, const run *x, uint16_t trustee,
                       const tp_scalar *secrets, const uint8_t random[static 32]) {
    workspace w = {0};
    uint8_t proof[TP_EQLOG_LEN];
    tp_err err = get_workspace(&w, x) ? TP_OK : TP_SYSTEM;
    if (err == TP_OK) {
        gather_r(w.r, a, x);
        err = tp_points_decode_var(w.r_points, tp_rows(w.r), x->u, NULL);
    }
    if (err == TP_OK) {
        tp_scalars_half(w.half, secrets + x->secrets, x->p);
        tp_decrypt_share(w.d_points, w.half, x->p, w.r_points, x->u);
        tp_points_encode_double(w.d, w.d_points, x->u * x->p);
        tp_eqlog_statement s = statement_of(m, keys, x, trustee, w.r, w.d);
        err = tp_eqlog_prove(proof, &s, secrets + x->secrets, random, w.eqlog);
    }
    if (err == TP_OK) {
        tp_write_bytes(out, w.d, 32 * x->u * x->p);
        tp_write_bytes(out, proof, sizeof proof);
    }
    free_workspace(&w, x);
    return err;
}

tp_err tp_decrypt_due(const tp_manifest *m, uint64_t now, tp_fault *fault) {
    if (m->test || now >= m->close_time) return TP_OK;
    return tp_fail(fault, TP_REFUSED, "board.time", "before the closing time");
}

tp_err tp_shares_make(tp_writer *w, const tp_manifest *m, const tp_keys *keys,
                      const tp_aggregates *a, const uint8_t aggregates_hash[static 32],
                      uint16_t trustee, const tp_scalar *x, const uint8_t random[static 32]) {
    run one;
    size_t at = 0;
    if (trustee < 1 || trustee > m->trustees.count) return TP_REFUSED;
    for (size_t i = 0; i < a->count; i++)
        if (a->list[i].set.ballots < m->floor) return TP_REFUSED;
    tp_write_bytes(w, m->fingerprint, 32);
    tp_write_bytes(w, aggregates_hash, 32);
    tp_write_u16(w, trustee);
    while (next_run(&one, &at, m, a)) {
        tp_err err = make_run(w, m, keys, a, &one, trustee, x, random);
        if (err != TP_OK) return err;
    }
    return tp_write_end(w);
}

/* ---- shares: checking ---- */

static tp_err check_run(tp_point *out, const tp_manifest *m, const tp_keys *keys,
                        const tp_aggregates *a, const run *x, uint16_t trustee, const uint8_t *d,
                        const uint8_t *proof, tp_fault *fault) {
    uint8_t(*r)[32] = calloc(x->u, 32);
    void *scratch = scratch_of(tp_eqlog_scratch(x->u, x->p));
    tp_err err = r && scratch ? TP_OK : TP_SYSTEM;
    if (err == TP_OK) {
        gather_r(r, a, x);
        tp_eqlog_statement s = statement_of(m, keys, x, trustee, r, d);
        err = tp_eqlog_verify_var(proof, &s, scratch);
    }
    if (err == TP_OK) err = tp_points_decode_var(out, tp_rows(d), x->u * x->p, NULL);
    free(r);
    free(scratch);
    if (err == TP_OK) return TP_OK;
    const char *code = err == TP_SYSTEM      ? "system"
                       : err == TP_MALFORMED ? "shares.malformed"
                                             : "shares.proof";
    return tp_fail(fault, err, code, "trustee %u, contest %zu", trustee, x->contest);
}

/* spec: W-13 */
static tp_err check_head(tp_reader *r, const tp_manifest *m, const tp_aggregates *a,
                         const uint8_t aggregates_hash[static 32], uint16_t trustee, size_t len) {
    run one;
    size_t at = 0, expected = SHARES_HEAD;
    while (next_run(&one, &at, m, a))
        expected += 32 * one.u * one.p + TP_EQLOG_LEN;
    if (len != expected || trustee < 1 || trustee > m->trustees.count) return TP_MALFORMED;
    bool good = tp_equal(tp_read_bytes(r, 32), m->fingerprint, 32);
    good &= tp_equal(tp_read_bytes(r, 32), aggregates_hash, 32);
    return good && tp_read_u16(r) == trustee ? TP_OK : TP_MALFORMED;
}

tp_err tp_shares_check(tp_point *out, const tp_manifest *m, const tp_keys *keys,
                       const tp_aggregates *a, const uint8_t aggregates_hash[static 32],
                       uint16_t trustee, const uint8_t *bytes, size_t len, tp_fault *fault) {
    tp_reader r = tp_reader_of(bytes, len);
    run one;
    size_t at = 0;
    if (check_head(&r, m, a, aggregates_hash, trustee, len) != TP_OK)
        return tp_fail(fault, TP_MALFORMED, "shares.malformed", "trustee %u", trustee);
    while (next_run(&one, &at, m, a)) {
        const uint8_t *d = tp_read_bytes(&r, 32 * one.u * one.p);
        const uint8_t *proof = tp_read_bytes(&r, TP_EQLOG_LEN);
        tp_err err = check_run(out, m, keys, a, &one, trustee, d, proof, fault);
        if (err != TP_OK) return err;
        out += one.u * one.p;
    }
    return TP_OK;
}

/* ---- totals ---- */

static size_t all_points(const tp_manifest *m, const tp_aggregates *a) {
    size_t n = 0;
    for (size_t i = 0; i < a->count; i++)
        n += points_of(m, a->list[i].set.contest);
    return n;
}

/* sum of lambda_i * D_i over the t trustees, for all sets. */
static tp_err combine(tp_point *total, size_t count, const tp_manifest *m, const uint16_t *trustees,
                      const tp_point *const *shares) {
    tp_scalar lambda[TP_MAX_TRUSTEES];
    uint32_t index[TP_MAX_TRUSTEES] = {0};
    uint16_t t = m->trustees.quorum;
    tp_point *scratch = calloc(count + 1, sizeof *scratch);
    if (!scratch) return TP_SYSTEM;
    for (size_t i = 0; i < t; i++)
        index[i] = trustees[i];
    for (size_t i = 0; i < count; i++)
        tp_point_identity(&total[i]);
    tp_err err = tp_lagrange(lambda, index, t, m->trustees.count, t);
    for (size_t i = 0; err == TP_OK && i < t; i++)
        tp_decrypt_combine_var(total, &lambda[i], shares[i], count, scratch);
    free(scratch);
    return err;
}

static void *make_table(const tp_aggregates *a) {
    uint32_t most = 0;
    for (size_t i = 0; i < a->count; i++)
        if (a->list[i].set.ballots > most) most = a->list[i].set.ballots;
    void *table = scratch_of(tp_totals_table_size(most));
    if (table) tp_totals_table_var(table, most);
    return table;
}

static tp_err open_set(uint32_t *totals, const tp_manifest *m, const tp_aggregate *one,
                       const tp_point *d, const void *table) {
    const tp_sum_shape *shape = &m->contests[one->set.contest].shape;
    size_t p = tp_sum_points(shape);
    tp_point *c = calloc(p, sizeof *c);
    if (!c) return TP_SYSTEM;
    tp_err err = tp_points_decode_var(c, tp_rows(one->c), p, NULL);
    if (err == TP_OK) err = tp_sum_totals_var(totals, c, d, shape, one->set.ballots, table);
    free(c);
    return err;
}

tp_err tp_totals(uint32_t **totals, const tp_manifest *m, const tp_aggregates *a,
                 const uint16_t *trustees, const tp_point *const *shares, tp_fault *fault) {
    size_t count = all_points(m, a), at = 0;
    tp_point *d = calloc(count + 1, sizeof *d);
    void *table = make_table(a);
    tp_err err = d && table ? combine(d, count, m, trustees, shares) : TP_SYSTEM;
    if (err != TP_OK)
        tp_fail(fault, err, err == TP_SYSTEM ? "system" : "shares.malformed", "trustees");
    for (size_t i = 0; err == TP_OK && i < a->count; i++) {
        err = open_set(totals[i], m, &a->list[i], d + at, table);
        if (err != TP_OK)
            tp_fail(fault, err, err == TP_SYSTEM ? "system" : "totals.range", "contest %u, set %zu",
                    a->list[i].set.contest, i);
        at += points_of(m, a->list[i].set.contest);
    }
    free(d);
    free(table);
    return err;
}
