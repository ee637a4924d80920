/* `tapat simulate`: test voters for rehearsals and demonstrations. They enrol and cast over the
 * server's HTTP interface with the same core as the page; their choices follow real vote shares. */
#include <stdlib.h>
#include <string.h>

#include "cli/simulate.h"

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

/* ---- roll ---- */

/* posts.csv: post,country,region,mode,registered,voted in the manifest's order of units. */
static uint64_t *read_turnout(const tp_manifest *m, const char *path) {
    size_t len, u = 0;
    char *text = (char *)tp_load_file(path, &len, 1 << 20), *save = NULL;
    uint64_t *voted = calloc(m->unit_count, sizeof *voted);
    if (!text || !voted) return free(text), free(voted), NULL;
    strtok_r(text, "\r\n", &save);
    for (char *line; u < m->unit_count && (line = strtok_r(NULL, "\r\n", &save)); u++) {
        const char *last = strrchr(line, ',');
        voted[u] = last ? strtoull(last + 1, NULL, 10) : 0;
    }
    free(text);
    if (u == m->unit_count) return voted;
    tp_say(0, "%s has fewer rows than the manifest has units", path);
    free(voted);
    return NULL;
}

int sim_make_roll(const tp_manifest *m, const char *posts, const char *out, uint64_t voters,
                  uint64_t guests, bool names) {
    char name[128];
    uint64_t *voted = read_turnout(m, posts), total = 0, cumulative = 0, made = 0, largest = 0;
    FILE *f = voted ? fopen(out, "w") : NULL;
    if (!f) return free(voted), tp_say(TP_EXIT_SYSTEM, "cannot write %s", out);
    fputs("number,name,birth_date,contact,unit\n", f);
    for (size_t u = 0; u < m->unit_count; u++) {
        total += voted[u];
        if (voted[u] > voted[largest]) largest = u;
    }
    for (size_t u = 0; u < m->unit_count; u++) {
        cumulative += voted[u];
        for (; made < voters * cumulative / total; made++) {
            sim_name(name, sizeof name, made + 1, names);
            fprintf(f, "S-%07llu,%s%s%s,%04llu-%02llu-%02llu,s%llu@voters.example,%s\n",
                    (unsigned long long)made + 1, names ? "\"" : "", name, names ? "\"" : "",
                    1950 + (unsigned long long)made % 55, 1 + (unsigned long long)made % 12,
                    1 + (unsigned long long)made % 28, (unsigned long long)made + 1,
                    m->units[u].id);
        }
    }
    for (uint64_t g = 1; g <= guests; g++)
        fprintf(f, "G-%02llu,GUEST %llu,1990-01-01,guest%llu@voters.example,%s\n",
                (unsigned long long)g, (unsigned long long)g, (unsigned long long)g,
                m->units[largest].id);
    free(voted);
    if (fclose(f) != 0) return tp_say(TP_EXIT_SYSTEM, "cannot write %s", out);
    printf("%llu voters, %llu guests\n", (unsigned long long)made, (unsigned long long)guests);
    return TP_EXIT_OK;
}

/* ---- command ---- */

static int roll_verb(const char *manifest, const char *posts, const char *out, uint64_t voters,
                     uint64_t guests, bool names) {
    size_t len;
    tp_manifest m;
    tp_fault fault = {0};
    if (!manifest || !posts || !out) tp_usage("simulate roll needs --manifest, --posts and --out");
    uint8_t *text = tp_load_file(manifest, &len, TP_MAX_DOCUMENT);
    if (!text) return TP_EXIT_SYSTEM;
    tp_err err = tp_manifest_parse(&m, text, len, &fault);
    free(text);
    if (err != TP_OK) return tp_say_fault(&fault, manifest);
    int code = sim_make_roll(&m, posts, out, voters, guests, names);
    tp_manifest_free(&m);
    return code;
}

static int record_verb(sim_record_options *r, const sim_vote_options *o, double voted) {
    if (!r->manifest || !r->keys || !o->options || !r->out)
        tp_usage("simulate record needs --manifest, --keys, --options and --out");
    r->options = o->options, r->expect = o->expect, r->options_ballots = voted;
    r->seed = o->seed, r->revote_percent = o->revote_percent, r->threads = o->threads;
    return sim_record(r);
}

static int store_verb(const char *record, const char *keys, const char *data) {
    if (!record || !keys || !data) tp_usage("simulate store needs --record, --keys and --data");
    return sim_store(record, keys, data);
}

int tp_cmd_simulate(int argc, char **argv) {
    const char *word, *data = NULL, *manifest = NULL, *posts = NULL, *out = NULL, *results = NULL;
    const char *record = NULL;
    uint64_t voters = 500, guests = 20, voted = 228490;
    bool names = false;
    sim_record_options r = {0};
    sim_vote_options o = {.seed = 1, .revote_percent = 10, .abstain_percent = 5, .threads = 4};
    const tp_arg table[] = {
        {"--voters", "N", TP_ARG_NUMBER, &voters, "roll: how many test voters (500)"},
        {"--guests", "N", TP_ARG_NUMBER, &guests, "roll: voters left for people to try (20)"},
        {"--manifest", "FILE", TP_ARG_TEXT, &manifest, "roll: the manifest"},
        {"--posts", "FILE", TP_ARG_TEXT, &posts,
         "roll: turnout per unit, by which voters are spread"},
        {"--names", NULL, TP_ARG_FLAG, &names, "roll: names as varied as real ones"},
        {"--out", "FILE", TP_ARG_TEXT, &out, "roll: the CSV file to write"},
        {"--keys", "DIR", TP_ARG_TEXT, &r.keys,
         "record: keys t1.., o1.., r1 and log.key; store: log.key"},
        {"--close-only", NULL, TP_ARG_FLAG, &r.open, "record: end after the close, do not count"},
        {"--data", "DIR", TP_ARG_TEXT, &data, "store: the data folder to make"},
        {"--record", "DIR", TP_ARG_TEXT, &record, "store: the record to fill it from"},
        {"--server", "URL", TP_ARG_TEXT, &o.server, "vote: the server"},
        {"--roll", "FILE", TP_ARG_TEXT, &o.roll, "vote: the roll; voters S-... take part"},
        {"--options", "FILE", TP_ARG_TEXT, &o.options,
         "vote: votes per option, the shares to draw by"},
        {"--options-ballots", "N", TP_ARG_NUMBER, &voted,
         "vote: ballots that they came from (228490)"},
        {"--revote", "PERCENT", TP_ARG_NUMBER, &o.revote_percent, "vote: who vote twice (10)"},
        {"--abstain", "PERCENT", TP_ARG_NUMBER, &o.abstain_percent,
         "vote: enrol and never vote (5)"},
        {"--seed", "N", TP_ARG_NUMBER, &o.seed, "vote: of the choices (1)"},
        {"--threads", "N", TP_ARG_NUMBER, &o.threads, "vote: voters at a time (4)"},
        {"--json", NULL, TP_ARG_FLAG, &o.json, "vote: report as JSON"},
        {"--expect", "FILE", TP_ARG_TEXT, &o.expect, "vote: write what was chosen; check: read it"},
        {"--results", "FILE", TP_ARG_TEXT, &results, "check: the published results.json"},
        TP_ARG_END};
    if (tp_args(argc, argv, "simulate roll|vote|check|record|store [options]",
                "roll   write a roll of test voters, spread over the units like the real turnout\n"
                "vote   enrol them and cast their ballots through the server's HTTP interface\n"
                "check  compare published totals with what they chose\n"
                "record make a whole election without a server, as a public record\n"
                "store  make a daemon's data folder out of such a record, up to its close",
                table, &word, 1) != 1)
        tp_usage("simulate takes roll, vote, check, record or store");
    if (!strcmp(word, "roll")) return roll_verb(manifest, posts, out, voters, guests, names);
    if (!strcmp(word, "check")) {
        if (!o.expect || !results) tp_usage("simulate check needs --expect and --results");
        return sim_check(o.expect, results);
    }
    if (!strcmp(word, "record")) {
        r.manifest = manifest, r.out = out, r.voters = voters;
        return record_verb(&r, &o, (double)voted);
    }
    if (!strcmp(word, "store")) return store_verb(record, r.keys, data);
    if (strcmp(word, "vote") != 0)
        tp_usage("simulate takes roll, vote, check, record or store, not '%s'", word);
    if (!o.server || !o.roll || !o.options)
        tp_usage("simulate vote needs --server, --roll, --options");
    o.voters_of_options = (double)voted;
    return sim_vote(&o);
}
