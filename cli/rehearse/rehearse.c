/* `tapat rehearse`: before officers approve a manifest, does it say what was meant, and does it
 * count?
 *
 *   1. Proof      every ballot as its voters will see it (proof.c); its digest is what
 *                 `tapat approve` asks for
 *   2. Times      what looks mistaken is said
 *   3. List       the options against an official list, both ways
 *   4. Rehearsal  every option of every post is chosen, counted and compared (vote.c)
 *
 * The digest is given out only if nothing was refused. Attack G13.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/rehearse/rehearse.h"
#include "election/csv.h"

enum { SHOWN = 20 };

typedef struct {
    const char *options, *out, *record, *results, *open;
    uint64_t days;
    bool once, no_vote, strict, json;
} rehearse_args;

typedef struct {
    const rehearse_args *a;
    tp_manifest m;
    json_t *root, *warnings;
    char *proof;
    size_t proof_len;
    uint64_t wrong, ballots;
} rehearsing;

/* ---- times ---- */

static void warn(rehearsing *r, const char *text) {
    json_array_append_new(r->warnings, json_string(text));
    tp_say(0, "%s: %s", r->a->strict ? "refused" : "warning", text);
}

/* Whether a time is midnight in a zone. */
static bool midnight(const char *zone, uint64_t at) {
    char text[64];
    return tp_proof_time(text, sizeof text, zone, at) && strstr(text, " 00:00:00 ");
}

static void look_at_times(rehearsing *r) {
    char text[256], here[64] = "";
    const tp_manifest *m = &r->m;
    uint64_t now = tp_unix_time();
    if (m->open_time <= now) warn(r, "the voting opens in the past");
    if (m->close_time <= now) warn(r, "the voting closes in the past");
    if (m->close_time - m->open_time < r->a->days * 86400) {
        snprintf(text, sizeof text, "the voting lasts fewer than %llu days",
                 (unsigned long long)r->a->days);
        warn(r, text);
    }
    const uint64_t times[] = {m->enrol_time, m->open_time, m->close_time};
    static const char *const names[] = {"enrol", "open", "close"};
    for (size_t i = 0; i < 3; i++) {
        if (!midnight("UTC", times[i]) || midnight(m->zone, times[i])) continue;
        tp_proof_time(here, sizeof here, m->zone, times[i]);
        snprintf(text, sizeof text, "%s is midnight in UTC but %.40s in %.80s", names[i], here,
                 m->zone);
        warn(r, text);
    }
}

/* The opening as the officers know it, such as "2028-04-13 00:00", in the election's zone. */
static void compare_opening(rehearsing *r) {
    char here[64];
    if (!r->a->open) return;
    size_t len = strlen(r->a->open);
    if (!tp_proof_time(here, sizeof here, r->m.zone, r->m.open_time)) return;
    if (len >= 10 && !strncmp(strchr(here, ' ') + 1, r->a->open, len)) return;
    r->wrong++;
    tp_say(0, "the voting opens %s in %s, not %s", here, r->m.zone, r->a->open);
}

/* ---- the official list ---- */

static size_t read_file(void *ctx, uint8_t *out, size_t cap) {
    return fread(out, 1, cap, ctx);
}

static void differ(rehearsing *r, const char *contest, const char *number, const char *what) {
    if (++r->wrong <= SHOWN) tp_say(0, "%s, %s: %s", contest, number, what);
}

/* Contest names match without their dashes. */
static const tp_contest *contest_named(const tp_manifest *m, const char *name, size_t *index) {
    for (size_t c = 0; c < m->contest_count; c++) {
        const char *a = m->contests[c].id, *b = name;
        for (;; a++, b++) {
            while (*a == '-')
                a++;
            while (*b == '-')
                b++;
            if (*a != *b || !*a) break;
        }
        *index = c;
        if (!*a && !*b) return &m->contests[c];
    }
    return NULL;
}

static void compare_row(rehearsing *r, bool *const *seen, const char *const field[static 4]) {
    size_t c;
    const tp_contest *contest = contest_named(&r->m, field[0], &c);
    char *end;
    unsigned long number = strtoul(field[1], &end, 10);
    if (!contest || *end || !field[1][0]) {
        differ(r, field[0], field[1], contest ? "not a number" : "no such contest in the manifest");
        return;
    }
    size_t o = 0;
    while (o < contest->shape.n && contest->options[o].number != number)
        o++;
    if (o == contest->shape.n) {
        char text[512];
        snprintf(text, sizeof text, "%.400s is not on the ballot", field[2]);
        differ(r, contest->id, field[1], text);
        return;
    }
    if (seen[c][o]) differ(r, contest->id, field[1], "twice in the list");
    seen[c][o] = true;
    if (!strcmp(contest->options[o].name, field[2]) && !strcmp(contest->options[o].party, field[3]))
        return;
    char text[2048];
    snprintf(text, sizeof text, "the ballot has %s (%s), the list %.400s (%.400s)",
             contest->options[o].name, contest->options[o].party, field[2], field[3]);
    differ(r, contest->id, field[1], text);
}

/* What the list does not have. */
static void compare_rest(rehearsing *r, bool *const *seen) {
    for (size_t c = 0; c < r->m.contest_count; c++)
        for (size_t o = 0; o < r->m.contests[c].shape.n; o++) {
            const tp_option *option = &r->m.contests[c].options[o];
            char number[16], text[512];
            if (seen[c][o]) continue;
            snprintf(number, sizeof number, "%u", option->number);
            snprintf(text, sizeof text, "%.400s is not in the list", option->name);
            differ(r, r->m.contests[c].id, number, text);
        }
}

static int read_list(rehearsing *r, tp_csv *csv, bool *const *seen) {
    static const char *const names[] = {"contest", "number", "name", "party"};
    int at[4] = {-1, -1, -1, -1};
    bool more = false;
    tp_err err = tp_csv_next(csv, &more);
    size_t columns = csv->count;
    for (size_t i = 0; !err && more && i < 4; i++)
        for (size_t k = 0; k < columns; k++)
            if (!strcmp(csv->field[k], names[i])) at[i] = (int)k;
    for (size_t i = 0; i < 4; i++)
        if (at[i] < 0) return tp_say(TP_EXIT_REFUSED, "%s: no column %s", r->a->options, names[i]);
    for (;;) {
        err = tp_csv_next(csv, &more);
        if (!err && !more) return TP_EXIT_OK;
        if (err || csv->count != columns)
            return tp_say(TP_EXIT_REFUSED, "%s, line %llu: %s", r->a->options,
                          (unsigned long long)csv->line,
                          err ? csv->fault->text : "not as many fields as the header");
        const char *field[4];
        for (size_t i = 0; i < 4; i++)
            field[i] = csv->field[at[i]];
        compare_row(r, seen, field);
    }
}

/* contest,number,name,party; further columns are not looked at. */
static int compare_list(rehearsing *r) {
    FILE *f = fopen(r->a->options, "rb");
    tp_csv *csv = malloc(sizeof *csv);
    bool *seen[TP_MAX_CONTESTS] = {0};
    bool ok = f && csv;
    for (size_t c = 0; c < r->m.contest_count; c++)
        ok = (seen[c] = calloc(r->m.contests[c].shape.n, sizeof **seen)) && ok;
    int code = TP_EXIT_SYSTEM;
    if (ok) {
        tp_csv_begin(csv, read_file, f, ',');
        code = read_list(r, csv, seen);
        if (code == TP_EXIT_OK) compare_rest(r, seen);
    } else {
        tp_say(0, "cannot read %s", r->a->options);
    }
    for (size_t c = 0; c < r->m.contest_count; c++)
        free(seen[c]);
    free(csv);
    if (f) fclose(f);
    return code;
}

/* ---- the command ---- */

static int rehearse(rehearsing *r) {
    rehearsal plan;
    if (!tp_rehearsal_plan(&plan, &r->m, !r->a->once)) return TP_EXIT_SYSTEM;
    r->ballots = plan.voters;
    int code = r->a->results ? tp_rehearsal_compare(&plan, r->a->results)
                             : tp_rehearsal_hold(&plan, r->root, r->a->record);
    tp_rehearsal_free(&plan);
    return code;
}

static int report(const rehearsing *r) {
    char digest[65];
    uint8_t hash[32];
    const rehearse_args *a = r->a;
    tp_sha256(hash, r->proof, r->proof_len);
    tp_hex(digest, hash, 32);
    if (a->out && !tp_save_file(a->out, r->proof, r->proof_len, false)) return TP_EXIT_SYSTEM;
    if (a->json) {
        json_t *out = json_pack("{s:s, s:b, s:b, s:I, s:O}", "proof", digest, "compared",
                                a->options != NULL, "rehearsed", !a->no_vote, "ballots",
                                (json_int_t)r->ballots, "warnings", r->warnings);
        json_dumpf(out, stdout, JSON_INDENT(1));
        putchar('\n');
        json_decref(out);
    } else if (a->out) {
        puts(digest);
    } else {
        fwrite(r->proof, 1, r->proof_len, stdout);
        fflush(stdout);
        fprintf(stderr, "%s%sproof %s\n", a->options ? "" : "not compared with an official list\n",
                a->no_vote ? "not rehearsed\n" : "", digest);
    }
    return TP_EXIT_OK;
}

static int run(rehearsing *r) {
    int code = TP_EXIT_OK;
    r->proof = tp_proof_text(&r->proof_len, &r->m, r->root);
    if (!r->proof) return TP_EXIT_SYSTEM;
    r->wrong += !tp_proof_two_sign(&r->m);
    look_at_times(r);
    compare_opening(r);
    if (r->a->options) code = compare_list(r);
    if (code == TP_EXIT_OK && !r->a->no_vote) code = rehearse(r);
    if (code != TP_EXIT_OK) return code;
    if (r->a->strict) r->wrong += json_array_size(r->warnings);
    if (!r->wrong) return report(r);
    return tp_say(TP_EXIT_REFUSED, "%llu differences: no digest of this proof is given",
                  (unsigned long long)r->wrong);
}

static int load(rehearsing *r, const char *path) {
    size_t len;
    tp_fault fault = {0};
    uint8_t *json = tp_load_file(path, &len, TP_MAX_DOCUMENT);
    if (!json) return TP_EXIT_SYSTEM;
    int code = TP_EXIT_OK;
    if (tp_manifest_parse(&r->m, json, len, &fault) != TP_OK)
        code = tp_say_fault(&fault, "the manifest would be refused");
    else
        r->root = json_loadb((const char *)json, len, JSON_REJECT_DUPLICATES, NULL);
    free(json);
    return code;
}

int tp_cmd_rehearse(int argc, char **argv) {
    rehearse_args a = {.days = 1};
    const char *manifest;
    const tp_arg table[] = {
        {"--options", "FILE", TP_ARG_TEXT, &a.options,
         "the official list, CSV contest,number,name,party: every difference is named"},
        {"--open", "TIME", TP_ARG_TEXT, &a.open,
         "the opening as announced, in the election's zone: \"2028-04-13 00:00\""},
        {"--days", "N", TP_ARG_NUMBER, &a.days, "warn if the voting lasts fewer (1)"},
        {"--strict", NULL, TP_ARG_FLAG, &a.strict, "refuse what is warned of"},
        {"--out", "FILE", TP_ARG_TEXT, &a.out, "the proof goes there, its digest to the terminal"},
        {"--once", NULL, TP_ARG_FLAG, &a.once,
         "rehearse one post of each ballot style, not every post"},
        {"--no-vote", NULL, TP_ARG_FLAG, &a.no_vote, "no rehearsal: only read and compare"},
        {"--record", "DIR", TP_ARG_TEXT, &a.record, "keep the rehearsal's record"},
        {"--results", "FILE", TP_ARG_TEXT, &a.results,
         "vote nothing; compare this results.json of a rehearsal"},
        {"--json", NULL, TP_ARG_FLAG, &a.json, "digest and warnings, for programs"},
        TP_ARG_END};
    if (tp_args(
            argc, argv, "rehearse MANIFEST [options]",
            "Before officers approve: prints every ballot as its voters will see it, compares it\n"
            "with the official list, and votes each option once at each post, with keys that are\n"
            "thrown away, up to the count. Prints the digest that `tapat approve` asks for.",
            table, &manifest, 1) != 1)
        tp_usage("rehearse takes a manifest, such as tapat define writes");
    rehearsing r = {.a = &a, .warnings = json_array()};
    int code = load(&r, manifest);
    if (code == TP_EXIT_OK) {
        code = run(&r);
        tp_manifest_free(&r.m);
    }
    free(r.proof);
    json_decref(r.root);
    json_decref(r.warnings);
    return code;
}
