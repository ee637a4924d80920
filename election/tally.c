/* Stage tally: who won, and the results documents. spec: chapter 7, requirements U-1..U-7.
 *
 * Invariants
 *  1. The documents are a function of their inputs, byte for byte: results.json is what
 *     ECMAScript's JSON.stringify(value, null, 1) writes, and a line feed.
 *  2. No document has a row per ballot (C8).
 */
#include "election/tally.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- methods ---- */

/* spec: U-1 */
void tp_plurality(tp_outcome *out, const uint64_t *votes, size_t options, size_t seats) {
    for (size_t i = 0; i < options; i++) {
        size_t ahead = 0, level = 0; /* level counts the option itself */
        for (size_t j = 0; j < options; j++) {
            ahead += votes[j] > votes[i];
            level += votes[j] == votes[i];
        }
        out[i] = ahead + level <= seats ? TP_WON : ahead < seats ? TP_TIED : TP_LOST;
    }
}

/* ---- a growing text ---- */

typedef struct {
    char *bytes;
    size_t len, cap;
    bool failed;
    unsigned depth;
    bool first; /* no element yet at this depth */
} text;

static void put(text *t, const char *bytes, size_t len) {
    if (t->failed) return;
    if (t->len + len + 1 > t->cap) {
        size_t cap = 2 * (t->len + len + 1) + 4096;
        char *more = realloc(t->bytes, cap);
        if (!more) {
            t->failed = true;
            return;
        }
        t->bytes = more;
        t->cap = cap;
    }
    memcpy(t->bytes + t->len, bytes, len);
    t->len += len;
    t->bytes[t->len] = 0;
}

static void puts_at(text *t, const char *s) {
    put(t, s, strlen(s));
}

static char *finish(text *t, size_t *len) {
    if (t->failed) {
        free(t->bytes);
        return NULL;
    }
    *len = t->len;
    return t->bytes;
}

/* ---- JSON ---- */

static void new_line(text *t) {
    put(t, "\n", 1);
    for (unsigned i = 0; i < t->depth; i++)
        put(t, " ", 1);
}

/* Texts of a manifest hold no control characters, so two escapes are all. */
static void json_string(text *t, const char *s) {
    put(t, "\"", 1);
    for (; *s; s++) {
        if (*s == '"' || *s == '\\') put(t, "\\", 1);
        put(t, s, 1);
    }
    put(t, "\"", 1);
}

/* Before each element: comma, line, and the name if it is a member. */
static void element(text *t, const char *name) {
    if (!t->first) put(t, ",", 1);
    t->first = false;
    new_line(t);
    if (!name) return;
    json_string(t, name);
    put(t, ": ", 2);
}

static void json_open(text *t, const char *bracket) {
    put(t, bracket, 1);
    t->depth++;
    t->first = true;
}

static void json_close(text *t, const char *bracket) {
    t->depth--;
    if (!t->first) new_line(t);
    t->first = false;
    put(t, bracket, 1);
}

static void json_number(text *t, const char *name, uint64_t v) {
    char digits[24];
    element(t, name);
    put(t, digits, (size_t)snprintf(digits, sizeof digits, "%" PRIu64, v));
}

static void json_text(text *t, const char *name, const char *s) {
    element(t, name);
    json_string(t, s);
}

static void json_hex(text *t, const char *name, const uint8_t bytes[static 32]) {
    char hex[65];
    for (size_t i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    json_text(t, name, hex);
}

/* ---- results.json ---- */

typedef struct {
    const tp_manifest *m;
    const tp_aggregates *a;
    uint32_t *const *totals;
    const uint32_t *withheld;
} results;

/* Votes of a contest over all its sets, and the ballots in them. */
static uint64_t contest_votes(uint64_t *votes, const results *r, size_t contest) {
    uint64_t ballots = 0;
    size_t n = r->m->contests[contest].shape.n;
    memset(votes, 0, n * sizeof *votes);
    for (size_t i = 0; i < r->a->count; i++) {
        if (r->a->list[i].set.contest != contest) continue;
        ballots += r->a->list[i].set.ballots;
        for (size_t k = 0; k < n; k++)
            votes[k] += r->totals[i][k];
    }
    return ballots;
}

static void write_options(text *t, const results *r, size_t contest, const uint64_t *votes,
                          bool decided) {
    static const char *const names[] = {"lost", "won", "tied"};
    const tp_contest *c = &r->m->contests[contest];
    tp_outcome outcome[TP_MAX_OPTIONS];
    tp_plurality(outcome, votes, c->shape.n, c->seats);
    element(t, "options");
    json_open(t, "[");
    for (size_t k = 0; k < c->shape.n; k++) {
        element(t, NULL);
        json_open(t, "{");
        json_number(t, "number", c->options[k].number);
        json_text(t, "name", c->options[k].name);
        json_text(t, "party", c->options[k].party);
        json_number(t, "votes", votes[k]);
        json_text(t, "outcome", decided ? names[outcome[k]] : "none");
        json_close(t, "}");
    }
    json_close(t, "]");
}

static void write_sets(text *t, const results *r, size_t contest) {
    element(t, "sets");
    json_open(t, "[");
    for (size_t i = 0; i < r->a->count; i++) {
        const tp_reporting_set *s = &r->a->list[i].set;
        if (s->contest != contest) continue;
        element(t, NULL);
        json_open(t, "{");
        element(t, "units");
        json_open(t, "[");
        for (size_t k = 0; k < s->unit_count; k++)
            json_text(t, NULL, r->m->units[s->units[k]].id);
        json_close(t, "]");
        json_number(t, "ballots", s->ballots);
        element(t, "votes");
        json_open(t, "[");
        for (size_t k = 0; k < r->m->contests[contest].shape.n; k++)
            json_number(t, NULL, r->totals[i][k]);
        json_close(t, "]");
        json_close(t, "}");
    }
    json_close(t, "]");
}

/* Nobody has won where nothing was counted. spec: U-2 */
static void write_contest(text *t, const results *r, size_t contest) {
    const tp_contest *c = &r->m->contests[contest];
    uint64_t votes[TP_MAX_OPTIONS], ballots = contest_votes(votes, r, contest);
    element(t, NULL);
    json_open(t, "{");
    json_text(t, "id", c->id);
    json_text(t, "title", c->title);
    json_text(t, "method", c->method == TP_PLURALITY ? "plurality-at-large" : "totals");
    json_number(t, "seats", c->seats);
    json_number(t, "ballots", ballots);
    json_number(t, "withheld", r->withheld[contest]);
    write_options(t, r, contest, votes, c->method == TP_PLURALITY && ballots);
    write_sets(t, r, contest);
    json_close(t, "}");
}

/* ---- reconciliation ---- */

const char *tp_reconciliation_fault(const tp_reconciliation *u) {
    uint64_t sum = (uint64_t)u->replaced + u->voided + u->excluded + u->counted;
    if (u->ballots != sum) return "reconciliation.sum";
    if (u->enrolled > (uint64_t)u->online + u->cancelled) return "reconciliation.roll";
    return NULL;
}

static void add_figures(tp_reconciliation *sum, const tp_reconciliation *u) {
    sum->registered += u->registered;
    sum->added += u->added;
    sum->removed += u->removed;
    sum->changes += u->changes;
    sum->online += u->online;
    sum->enrolled += u->enrolled;
    sum->cancelled += u->cancelled;
    sum->ballots += u->ballots;
    sum->replaced += u->replaced;
    sum->voided += u->voided;
    sum->excluded += u->excluded;
    sum->counted += u->counted;
}

static void write_figures(text *t, const tp_reconciliation *u) {
    json_number(t, "registered", u->registered);
    json_number(t, "added", u->added);
    json_number(t, "removed", u->removed);
    json_number(t, "changes", u->changes);
    json_number(t, "online", u->online);
    json_number(t, "enrolled", u->enrolled);
    json_number(t, "cancelled", u->cancelled);
    json_number(t, "ballots", u->ballots);
    json_number(t, "replaced", u->replaced);
    json_number(t, "voided", u->voided);
    json_number(t, "excluded", u->excluded);
    json_number(t, "counted", u->counted);
    json_close(t, "}");
}

static void write_reconciliation(text *t, const tp_manifest *m, const tp_reconciliation *units) {
    tp_reconciliation sum = {0};
    for (size_t u = 0; u < m->unit_count; u++)
        add_figures(&sum, &units[u]);
    element(t, "reconciliation");
    json_open(t, "{");
    element(t, "total");
    json_open(t, "{");
    write_figures(t, &sum);
    element(t, "units");
    json_open(t, "[");
    for (size_t u = 0; u < m->unit_count; u++) {
        element(t, NULL);
        json_open(t, "{");
        json_text(t, "unit", m->units[u].id);
        write_figures(t, &units[u]);
    }
    json_close(t, "]");
    json_close(t, "}");
}

/* spec: U-4 */
char *tp_results_json(size_t *len, const tp_manifest *m, const tp_reconciliation *per_unit,
                      const tp_aggregates *a, uint32_t *const *totals, const uint32_t *withheld) {
    results r = {.m = m, .a = a, .totals = totals, .withheld = withheld};
    text t = {0};
    json_open(&t, "{");
    json_number(&t, "tapat", 1);
    json_hex(&t, "fingerprint", m->fingerprint);
    json_text(&t, "id", m->id);
    json_text(&t, "title", m->title);
    element(&t, "test");
    puts_at(&t, m->test ? "true" : "false");
    element(&t, "contests");
    json_open(&t, "[");
    for (size_t c = 0; c < m->contest_count; c++)
        write_contest(&t, &r, c);
    json_close(&t, "]");
    write_reconciliation(&t, m, per_unit);
    json_close(&t, "}");
    put(&t, "\n", 1);
    return finish(&t, len);
}

/* ---- results.csv ---- */

/* An apostrophe before what a program could take for a formula. */
static void csv_field(text *t, const char *s, const char *end) {
    static const char formula[] = "=+-@\t\r";
    const char *guard = *s && strchr(formula, *s) ? "'" : "";
    if (!strpbrk(s, ",\"\r\n")) {
        puts_at(t, guard);
        puts_at(t, s);
    } else {
        put(t, "\"", 1);
        puts_at(t, guard);
        for (; *s; s++) {
            if (*s == '"') put(t, "\"", 1);
            put(t, s, 1);
        }
        put(t, "\"", 1);
    }
    puts_at(t, end);
}

static void csv_number(text *t, uint64_t v, const char *end) {
    char digits[24];
    put(t, digits, (size_t)snprintf(digits, sizeof digits, "%" PRIu64, v));
    puts_at(t, end);
}

static void csv_row(text *t, const tp_manifest *m, const tp_reporting_set *s, size_t option,
                    uint32_t votes) {
    const tp_contest *c = &m->contests[s->contest];
    csv_field(t, c->id, ",");
    csv_number(t, c->options[option].number, ",");
    csv_field(t, c->options[option].name, ",");
    csv_field(t, c->options[option].party, ",");
    csv_field(t, m->units[s->units[0]].id, ""); /* ids need no quotation marks */
    for (size_t k = 1; k < s->unit_count; k++) {
        puts_at(t, " ");
        puts_at(t, m->units[s->units[k]].id);
    }
    puts_at(t, ",");
    csv_number(t, votes, "\r\n");
}

/* RFC 4180, one row per reporting set and option. spec: U-7 */
char *tp_results_csv(size_t *len, const tp_manifest *m, const tp_aggregates *a,
                     uint32_t *const *totals) {
    text t = {0};
    puts_at(&t, "contest,number,name,party,units,votes\r\n");
    for (size_t i = 0; i < a->count; i++)
        for (size_t k = 0; k < m->contests[a->list[i].set.contest].shape.n; k++)
            csv_row(&t, m, &a->list[i].set, k, totals[i][k]);
    return finish(&t, len);
}
