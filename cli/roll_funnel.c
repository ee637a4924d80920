/* `tapat roll funnel`: how far the voters of each post have come, from the store as it is now.
 * Counts and what is published of them: server/funnel.h. spec: J-14, J-15
 */
#include <stdlib.h>
#include <string.h>

#include "cli/roll.h"
#include "server/funnel.h"

typedef struct {
    const char *data, *results;
    bool json;
    uint64_t floor, alarm;
} options;

static void print_post(const tp_funnel_post *p, const char *id) {
    printf("%-12s %9llu", id, (unsigned long long)p->roll);
    for (unsigned i = 0; i < TP_FUNNEL_STEPS; i++)
        printf(" %9llu", (unsigned long long)p->step[i]);
    printf(" %9llu\n", (unsigned long long)(p->keys.cast + p->paper));
}

static void print_table(const tp_funnel *f) {
    const tp_funnel_post *all = &f->all;
    printf("%-12s %9s", "post", "roll");
    for (unsigned i = 0; i < TP_FUNNEL_STEPS; i++)
        printf(" %9s", tp_funnel_step_word(i));
    printf(" %9s\n", "voted");
    for (size_t i = 0; i < f->manifest->unit_count; i++)
        if (f->post[i].roll) print_post(&f->post[i], f->manifest->units[i].id);
    print_post(all, "all");
    for (unsigned step = 0; step < TP_FUNNEL_STEPS; step++)
        for (unsigned i = 0; i < TP_FUNNEL_DETAILS && tp_funnel_detail_word(step, 0); i++)
            if (all->detail[step][i])
                printf("%s, %s: %llu\n", tp_funnel_step_word(step), tp_funnel_detail_word(step, i),
                       (unsigned long long)all->detail[step][i]);
    printf("keys on the board: %llu held, %llu cancelled, %llu of nobody here\n",
           (unsigned long long)all->keys.held, (unsigned long long)all->keys.cancelled,
           (unsigned long long)all->keys.unknown);
    printf("came with all that is needed and cannot vote: %llu\n",
           (unsigned long long)tp_funnel_cannot_vote(all));
    printf("voted: %llu online, %llu on paper\n", (unsigned long long)all->keys.cast,
           (unsigned long long)all->paper);
}

/* ---- the results ---- */

enum { FIGURES = 5 };

/* What the reconciliation (U-5) says of a post, and what the store does. */
static bool differs(const tp_funnel_post *p, const json_t *unit, const char **what) {
    static const char *const names[FIGURES] = {"electors", "online", "enrolled", "cancelled",
                                               "counted"};
    const uint64_t *off = p->detail[TP_FUNNEL_OFF];
    const tp_funnel_keys *k = &p->keys;
    json_int_t registered, added, removed, online, enrolled, cancelled, counted;
    *what = "what it says";
    if (json_unpack((json_t *)(uintptr_t)unit, "{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "registered",
                    &registered, "added", &added, "removed", &removed, "online", &online,
                    "enrolled", &enrolled, "cancelled", &cancelled, "counted", &counted))
        return true;
    const json_int_t there[FIGURES] = {registered + added - removed, online, enrolled, cancelled,
                                       counted};
    const uint64_t here[FIGURES] = {p->roll - off[1], p->roll - off[1] - off[2] - off[3],
                                    k->held + k->cancelled + k->unknown, k->cancelled, k->cast};
    for (size_t i = 0; i < FIGURES; i++) {
        *what = names[i];
        if (there[i] < 0 || (uint64_t)there[i] != here[i]) return true;
    }
    return false;
}

static int compare(const tp_funnel *f, const json_t *results) {
    const json_t *units = json_object_get(json_object_get(results, "reconciliation"), "units");
    const char *what = "";
    if (json_array_size(units) != f->manifest->unit_count)
        return tp_say(TP_EXIT_REFUSED, "these are not results of this election");
    for (size_t i = 0; i < f->manifest->unit_count; i++)
        if (differs(&f->post[i], json_array_get(units, i), &what))
            return tp_say(TP_EXIT_REFUSED, "post %s: the results differ in %s",
                          f->manifest->units[i].id, what);
    printf("%zu posts: roll, keys and ballots are as in the results\n",
           (size_t)f->manifest->unit_count);
    return TP_EXIT_OK;
}

static int compare_file(const tp_funnel *f, const char *path) {
    json_error_t error;
    json_t *results = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!results) return tp_say(TP_EXIT_REFUSED, "%s: line %d: %s", path, error.line, error.text);
    int code = compare(f, results);
    json_decref(results);
    return code;
}

/* Every post with so many voters who cannot vote is named. Attack G7. */
static int check_alarm(const tp_funnel *f, uint64_t most) {
    int code = TP_EXIT_OK;
    for (size_t i = 0; most && i < f->manifest->unit_count; i++) {
        uint64_t n = tp_funnel_cannot_vote(&f->post[i]);
        if (n >= most)
            code = tp_say(TP_EXIT_REFUSED, "ALARM post %s: %llu cannot vote yet",
                          f->manifest->units[i].id, (unsigned long long)n);
    }
    return code;
}

static int show(const tp_funnel *f, const options *o) {
    int wrong = tp_funnel_wrong(f);
    if (wrong >= 0)
        return tp_say(TP_EXIT_REFUSED, "post %s: the store does not add up",
                      f->manifest->units[wrong].id);
    if (o->results) return compare_file(f, o->results);
    if (!o->json && !o->floor) {
        print_table(f);
        return check_alarm(f, o->alarm);
    }
    json_t *out = o->floor ? tp_funnel_public_json(f, o->floor, NULL) : tp_funnel_json(f);
    if (!out) return tp_say(TP_EXIT_SYSTEM, "out of memory");
    json_dumpf(out, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(out);
    return check_alarm(f, o->alarm);
}

static int count_and_show(const tp_manifest *m, const options *o) {
    tp_funnel f = {0};
    tp_store *s = tp_roll_open(o->data, true);
    if (!s) return TP_EXIT_SYSTEM;
    tp_err err = tp_funnel_count(&f, s, m, tp_unix_time());
    int code = TP_EXIT_OK;
    if (err == TP_MALFORMED)
        code = tp_say(TP_EXIT_REFUSED, "the store is of another manifest");
    else if (err)
        code = tp_say(TP_EXIT_SYSTEM, "the store failed: %s", tp_store_error(s));
    else
        code = show(&f, o);
    tp_store_close(s);
    tp_funnel_free(&f);
    return code;
}

int tp_roll_funnel(int argc, char **argv) {
    const char *manifest = NULL;
    options o = {0};
    int code;
    tp_manifest m;
    const tp_arg table[] = {
        {"--data", "DIR", TP_ARG_TEXT, &o.data, "the server's data folder"},
        {"--manifest", "FILE", TP_ARG_TEXT, &manifest, "the manifest"},
        {"--json", NULL, TP_ARG_FLAG, &o.json, "everything, for programs"},
        {"--public", "FLOOR", TP_ARG_NUMBER, &o.floor,
         "what may be published: no count of a post from 1 to below FLOOR; JSON"},
        {"--alarm", "N", TP_ARG_NUMBER, &o.alarm,
         "exit code 1 if N or more of a post did their part and cannot vote: no key on the board"},
        {"--results", "FILE", TP_ARG_TEXT, &o.results,
         "nothing is printed but whether this results.json agrees in each post"},
        TP_ARG_END};
    tp_args(argc, argv, "roll funnel --data DIR --manifest FILE",
            "How far the voters of each post have come, now; the server may run.", table, NULL, 0);
    if (!o.data || !manifest) tp_usage("--data and --manifest are needed");
    if (!tp_roll_manifest(&m, manifest, &code)) return code;
    code = count_and_show(&m, &o);
    tp_manifest_free(&m);
    return code;
}
