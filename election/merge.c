/* Stage decrypt: which units report together (decrypt.h). spec: chapter 7, requirements W-1..W-6.
 *
 * Invariants
 *  1. Every unit with ballots of a contest is in exactly one set of it, or the contest is withheld.
 *  2. A set is known by a label, one of its units; joining keeps one label and ends the other.
 */
#include "election/decrypt.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const tp_manifest *m;
    uint32_t floor;
    uint16_t label[TP_MAX_UNITS]; /* of the unit's set */
    uint16_t first[TP_MAX_UNITS]; /* by label: lowest unit of the set */
    uint64_t sum[TP_MAX_UNITS];   /* by label: ballots; 0 where no set is */
} partition;

enum { NONE = TP_MAX_UNITS };

static void join(partition *s, size_t into, size_t from) {
    for (size_t u = 0; u < s->m->unit_count; u++)
        if (s->label[u] == from && s->sum[from]) s->label[u] = (uint16_t)into;
    s->sum[into] += s->sum[from];
    s->sum[from] = 0;
    if (s->first[from] < s->first[into]) s->first[into] = s->first[from];
}

static bool same_group(const partition *s, size_t a, size_t b) {
    return !strcmp(s->m->units[a].group, s->m->units[b].group);
}

/* The set with fewest ballots that reaches the floor, lowest first unit among equals; of the group
 * of unit `like`, or of all if like is NONE. NONE if there is none. */
static size_t smallest_reporting(const partition *s, size_t like) {
    size_t best = NONE;
    for (size_t l = 0; l < s->m->unit_count; l++) {
        if (s->sum[l] < s->floor || !s->sum[l]) continue;
        if (like != NONE && !same_group(s, l, like)) continue;
        if (best == NONE || s->sum[l] < s->sum[best] ||
            (s->sum[l] == s->sum[best] && s->first[l] < s->first[best]))
            best = l;
    }
    return best;
}

/* Joins reporting sets to a pool until it reaches the floor or none is left. */
static void fill(partition *s, size_t pool, size_t like) {
    while (s->sum[pool] < s->floor) {
        size_t next = smallest_reporting(s, like);
        if (next == NONE) return;
        join(s, pool, next);
    }
}

static bool small(const partition *s, size_t label) {
    return s->sum[label] && s->sum[label] < s->floor;
}

/* Rule 2: within each group. spec: W-3 */
static void pool_groups(partition *s) {
    for (size_t u = 0; u < s->m->unit_count; u++) {
        if (!small(s, u)) continue;
        for (size_t v = u + 1; v < s->m->unit_count; v++)
            if (small(s, v) && same_group(s, u, v)) join(s, u, v);
        fill(s, u, u);
    }
}

/* Rule 3: over all groups. spec: W-4 */
static void pool_all(partition *s) {
    size_t pool = NONE;
    for (size_t l = 0; l < s->m->unit_count; l++) {
        if (!small(s, l)) continue;
        if (pool == NONE)
            pool = l;
        else
            join(s, pool, l);
    }
    if (pool != NONE) fill(s, pool, NONE);
}

static void emit(tp_reporting *r, uint16_t **units, const partition *s, uint16_t contest) {
    for (size_t f = 0; f < s->m->unit_count; f++) {
        size_t label = s->label[f];
        if (!s->sum[label] || s->first[label] != f) continue;
        tp_reporting_set *set = &r->sets[r->count++];
        *set = (tp_reporting_set){
            .contest = contest, .units = *units, .ballots = (uint32_t)s->sum[label]};
        for (size_t u = f; u < s->m->unit_count; u++)
            if (s->label[u] == label) set->units[set->unit_count++] = (uint16_t)u;
        *units += set->unit_count;
    }
}

static tp_err plan_contest(tp_reporting *r, uint16_t **units, partition *s, uint16_t contest,
                           const uint32_t *counted) {
    uint64_t total = 0;
    for (size_t u = 0; u < s->m->unit_count; u++) {
        /* a unit without ballots is in no set: its label has no sum */
        s->label[u] = s->first[u] = (uint16_t)u;
        s->sum[u] = counted[u];
        total += counted[u];
    }
    if (total >= TP_SUM_PACK) return TP_TOO_BIG;
    if (total < s->floor) { /* rule 4, spec: W-5 */
        r->withheld[contest] = (uint32_t)total;
        return TP_OK;
    }
    pool_groups(s);
    pool_all(s);
    emit(r, units, s, contest);
    return TP_OK;
}

tp_err tp_reporting_plan(tp_reporting *r, const tp_manifest *m, const uint32_t *counted) {
    size_t cells = (size_t)m->contest_count * m->unit_count;
    partition *s = malloc(sizeof *s);
    memset(r, 0, sizeof *r);
    r->sets = calloc(cells, sizeof *r->sets + sizeof *r->sets->units);
    tp_err err = s && r->sets ? TP_OK : TP_SYSTEM;
    uint16_t *units = r->sets ? (uint16_t *)(r->sets + cells) : NULL;
    if (s) *s = (partition){.m = m, .floor = m->floor};
    for (uint16_t c = 0; err == TP_OK && c < m->contest_count; c++)
        err = plan_contest(r, &units, s, c, counted + (size_t)c * m->unit_count);
    free(s);
    if (err != TP_OK) tp_reporting_free(r);
    return err;
}

void tp_reporting_free(tp_reporting *r) {
    free(r->sets);
    memset(r, 0, sizeof *r);
}
