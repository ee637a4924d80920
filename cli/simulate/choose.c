/* What test voters choose, and what a count of it must come to. */
#include <stdlib.h>
#include <string.h>

#include "cli/simulate/simulate.h"

uint64_t sim_roll(sim_dice *d) {
    uint64_t z = d->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

double sim_unit(sim_dice *d) {
    return (double)(sim_roll(d) >> 11) * 0x1p-53;
}

/* ---- shares ---- */

/* Contest names match without their dashes: "party-list" and "partylist". */
static bool same_contest(const char *a, const char *b) {
    for (;; a++, b++) {
        while (*a == '-')
            a++;
        while (*b == '-')
            b++;
        if (*a != *b) return false;
        if (!*a) return true;
    }
}

static void set_share(sim_shares *s, const tp_manifest *m, const char *contest, unsigned number,
                      double chance) {
    for (size_t c = 0; c < m->contest_count; c++) {
        if (!same_contest(contest, m->contests[c].id)) continue;
        for (size_t o = 0; o < m->contests[c].shape.n; o++)
            if (m->contests[c].options[o].number == number) s->chance[c][o] = chance;
    }
}

/* A line is  contest,number,"name",party,votes : only the first two and the last field matter. */
static bool share_line(sim_shares *s, const tp_manifest *m, char *line, double voters) {
    char contest[64];
    unsigned number, votes;
    char *last = strrchr(line, ',');
    if (!last || sscanf(line, "%63[^,],%u,", contest, &number) != 2 ||
        sscanf(last, ",%u", &votes) != 1)
        return false;
    set_share(s, m, contest, number, (double)votes / voters);
    return true;
}

bool sim_shares_read(sim_shares *s, const tp_manifest *m, const char *options, double voters) {
    size_t len, number = 1;
    memset(s, 0, sizeof *s);
    for (size_t c = 0; c < m->contest_count; c++) {
        s->chance[c] = calloc(m->contests[c].shape.n, sizeof(double));
        if (!s->chance[c]) return tp_say(0, "out of memory"), false;
    }
    char *text = (char *)tp_load_file(options, &len, 1 << 20), *save = NULL;
    if (!text) return false;
    bool ok = true;
    strtok_r(text, "\r\n", &save); /* the header */
    for (char *line; ok && (line = strtok_r(NULL, "\r\n", &save));) {
        number++;
        ok = share_line(s, m, line, voters);
        if (!ok) tp_say(0, "%s, line %zu: not contest,number,name,party,votes", options, number);
    }
    free(text);
    return ok;
}

void sim_shares_free(sim_shares *s) {
    for (size_t c = 0; c < TP_MAX_CONTESTS; c++)
        free(s->chance[c]);
}

/* ---- choices ---- */

size_t sim_choices_len(const tp_ballot_style *style) {
    size_t len = 0;
    for (size_t i = 0; i < style->contest_count; i++)
        len += style->contests[i].shape.n;
    return len;
}

/* One option by share, or none: for contests of one choice. */
static void choose_one(uint8_t *out, const double *chance, size_t n, sim_dice *d) {
    double x = sim_unit(d);
    for (size_t o = 0; o < n; o++) {
        out[o] = x >= 0 && x < chance[o];
        x -= chance[o];
    }
}

/* Each option by its own share; while too many, a random one is dropped. */
static void choose_many(uint8_t *out, const double *chance, size_t n, size_t max, sim_dice *d) {
    size_t count = 0;
    for (size_t o = 0; o < n; o++)
        count += out[o] = sim_unit(d) < chance[o];
    while (count > max) {
        size_t o = sim_roll(d) % n;
        count -= out[o];
        out[o] = 0;
    }
}

void sim_choose(uint8_t *choices, const tp_manifest *m, const tp_ballot_style *style,
                const sim_shares *s, sim_dice *d) {
    (void)m;
    for (size_t i = 0; i < style->contest_count; i++) {
        const tp_sum_shape *shape = &style->contests[i].shape;
        const double *chance = s->chance[style->contests[i].index];
        if (shape->b == 1)
            choose_one(choices, chance, shape->n, d);
        else
            choose_many(choices, chance, shape->n, shape->b, d);
        size_t count = 0;
        for (size_t o = 0; o < shape->n; o++)
            count += choices[o];
        for (size_t o = 0; count < shape->a; o++)
            count += !choices[o], choices[o] = 1;
        choices += shape->n;
    }
}

/* ---- expectation ---- */

bool sim_expect_init(sim_expectation *e, const tp_manifest *m) {
    memset(e, 0, sizeof *e);
    for (size_t c = 0; c < m->contest_count; c++)
        if (!(e->votes[c] = calloc(m->contests[c].shape.n, sizeof(uint64_t)))) return false;
    return true;
}

void sim_expect_free(sim_expectation *e) {
    for (size_t c = 0; c < TP_MAX_CONTESTS; c++)
        free(e->votes[c]);
}

void sim_expect_add(sim_expectation *e, const tp_ballot_style *style, const uint8_t *choices,
                    int sign) {
    for (size_t i = 0; i < style->contest_count; i++) {
        uint64_t *votes = e->votes[style->contests[i].index];
        for (size_t o = 0; o < style->contests[i].shape.n; o++)
            votes[o] += (uint64_t)(int64_t)(sign * *choices++);
    }
    e->ballots += (uint64_t)(int64_t)sign;
}

bool sim_expect_write(const sim_expectation *e, const tp_manifest *m, const char *path) {
    json_t *contests = json_object();
    for (size_t c = 0; c < m->contest_count; c++) {
        json_t *list = json_array();
        for (size_t o = 0; o < m->contests[c].shape.n; o++)
            json_array_append_new(list, json_integer((json_int_t)e->votes[c][o]));
        json_object_set_new(contests, m->contests[c].id, list);
    }
    json_t *root = json_pack("{s:I, s:o}", "ballots", (json_int_t)e->ballots, "contests", contests);
    bool ok = json_dump_file(root, path, JSON_COMPACT) == 0;
    json_decref(root);
    if (!ok) tp_say(0, "cannot write %s", path);
    return ok;
}

/* Published totals against the expectation, option by option. */
static int check_contest(const char *id, const json_t *expected, const json_t *contest) {
    const json_t *options = json_object_get(contest, "options");
    if (json_array_size(options) != json_array_size(expected))
        return tp_say(TP_EXIT_REFUSED, "%s: another number of options", id);
    for (size_t o = 0; o < json_array_size(expected); o++) {
        json_int_t want = json_integer_value(json_array_get(expected, o));
        json_int_t got = json_integer_value(json_object_get(json_array_get(options, o), "votes"));
        if (want != got)
            return tp_say(TP_EXIT_REFUSED,
                          "%s, option %zu: published %lld votes, the voters cast %lld", id, o + 1,
                          (long long)got, (long long)want);
    }
    return TP_EXIT_OK;
}

int sim_check(const char *expect, const char *results) {
    json_error_t where;
    json_t *want = json_load_file(expect, JSON_REJECT_DUPLICATES, &where), *got = NULL;
    if (want) got = json_load_file(results, JSON_REJECT_DUPLICATES, &where);
    if (!want || !got) return tp_say(TP_EXIT_SYSTEM, "%s: %s", want ? results : expect, where.text);
    json_t *contests = json_object_get(got, "contests"), *contest;
    size_t i, checked = 0;
    int code = TP_EXIT_OK;
    json_array_foreach(contests, i, contest) {
        const char *id = json_string_value(json_object_get(contest, "id"));
        json_t *expected = id ? json_object_get(json_object_get(want, "contests"), id) : NULL;
        if (!expected || code != TP_EXIT_OK) continue;
        code = check_contest(id, expected, contest);
        checked++;
    }
    if (code == TP_EXIT_OK && checked != json_object_size(json_object_get(want, "contests")))
        code = tp_say(TP_EXIT_REFUSED, "a contest is missing from the results");
    if (code == TP_EXIT_OK)
        printf("published totals are what %lld counted ballots chose\n",
               (long long)json_integer_value(json_object_get(want, "ballots")));
    json_decref(want);
    json_decref(got);
    return code;
}
