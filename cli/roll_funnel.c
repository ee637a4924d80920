/* `tapat roll funnel`: how far the voters of each post have come, from the store as it is now.
 *
 *  1. Every voter of the roll is at one step, so the steps of a post add up to its roll.
 *  2. Voters whose key is on the board are as many as the keys there that are held: not cancelled,
 *     and of a voter here. Keys of nobody here are told apart.
 *  3. What is published shows no count of a post from 1 to below the floor.
 * spec: J-14, J-15
 */
#include <stdlib.h>
#include <string.h>

#include "cli/roll.h"
#include "election/desk.h"

enum { DETAILS = 16, PUBLIC_STEPS = 4 };

typedef struct {
    const char *id; /* NULL: no post by itself */
    uint64_t roll, step[TP_FUNNEL_STEPS], detail[TP_FUNNEL_STEPS][DETAILS];
    tp_funnel_keys keys;
} post;

static const char *const step_names[TP_FUNNEL_STEPS] = {"none",   "off",    "cancelled", "sent",
                                                        "proven", "open",   "waiting",   "rejected",
                                                        "closed", "signed", "board"};

/* NULL: the step has no details. */
static const char *detail_name(unsigned step, unsigned detail) {
    static const char *const off[] = {"", "disabled", "post", "mail"};
    static const char *const ages[] = {"day", "days", "week", "more"};
    if (step == TP_FUNNEL_OFF) return off[detail % 4];
    if (step == TP_FUNNEL_WAITING) return ages[detail % 4];
    if (step == TP_FUNNEL_REJECTED) return tp_refusal_reason(detail);
    if (step == TP_FUNNEL_CLOSED) return tp_closed_reason(detail);
    return NULL;
}

/* ---- counts ---- */

static void add_row(post *p, const tp_funnel_row *r) {
    p->roll += r->voters;
    p->step[r->step] += r->voters;
    p->detail[r->step][r->detail] += r->voters;
}

static void add_keys(post *p, const tp_funnel_keys *k) {
    p->keys.held += k->held;
    p->keys.cancelled += k->cancelled;
    p->keys.unknown += k->unknown;
}

static bool fits(const tp_funnel_row *r, size_t posts) {
    return r->unit < posts && r->step < TP_FUNNEL_STEPS && r->detail < DETAILS;
}

static tp_err count_voters(tp_store *s, post *list, size_t posts, post *all) {
    tp_funnel_row *rows;
    size_t count;
    tp_err err = tp_store_funnel(s, tp_unix_time(), &rows, &count);
    for (size_t i = 0; !err && i < count; i++) {
        if (!fits(&rows[i], posts)) {
            err = TP_MALFORMED;
            break;
        }
        add_row(&list[rows[i].unit], &rows[i]);
        add_row(all, &rows[i]);
    }
    free(rows);
    return err;
}

static tp_err count_keys(tp_store *s, post *list, size_t posts, post *all) {
    tp_funnel_keys *keys;
    size_t count;
    tp_err err = tp_store_funnel_keys(s, &keys, &count);
    for (size_t i = 0; !err && i < count; i++) {
        if (keys[i].unit >= posts) {
            err = TP_MALFORMED;
            break;
        }
        add_keys(&list[keys[i].unit], &keys[i]);
        add_keys(all, &keys[i]);
    }
    free(keys);
    return err;
}

static tp_err count_all(tp_store *s, post *list, size_t posts, post *all) {
    tp_err err = tp_store_snapshot(s);
    if (err) return err;
    err = count_voters(s, list, posts, all);
    if (!err) err = count_keys(s, list, posts, all);
    tp_store_rollback(s);
    return err;
}

/* spec: J-14 */
static bool adds_up(const post *p) {
    uint64_t sum = 0;
    for (unsigned i = 0; i < TP_FUNNEL_STEPS; i++)
        sum += p->step[i];
    return sum == p->roll && p->step[TP_FUNNEL_BOARD] == p->keys.held;
}

/* ---- for officers ---- */

static json_t *json_step(const post *p, unsigned step) {
    if (!detail_name(step, 0)) return json_integer((json_int_t)p->step[step]);
    json_t *of = json_object();
    for (unsigned i = 0; i < DETAILS; i++)
        if (p->detail[step][i])
            json_object_set_new(of, detail_name(step, i),
                                json_integer((json_int_t)p->detail[step][i]));
    return of;
}

static json_t *json_post(const post *p) {
    json_t *out = json_pack("{s:s?, s:I, s:I}", "post", p->id, "roll", (json_int_t)p->roll,
                            "online", (json_int_t)(p->roll - p->step[TP_FUNNEL_OFF]));
    for (unsigned i = 0; i < TP_FUNNEL_STEPS; i++)
        json_object_set_new(out, step_names[i], json_step(p, i));
    json_object_set_new(out, "keys",
                        json_pack("{s:I, s:I, s:I}", "held", (json_int_t)p->keys.held, "cancelled",
                                  (json_int_t)p->keys.cancelled, "unknown",
                                  (json_int_t)p->keys.unknown));
    return out;
}

static void print_post(const post *p) {
    printf("%-12s %9llu", p->id ? p->id : "all", (unsigned long long)p->roll);
    for (unsigned i = 0; i < TP_FUNNEL_STEPS; i++)
        printf(" %9llu", (unsigned long long)p->step[i]);
    puts("");
}

static void print_table(const post *list, size_t posts, const post *all) {
    printf("%-12s %9s", "post", "roll");
    for (unsigned i = 0; i < TP_FUNNEL_STEPS; i++)
        printf(" %9s", step_names[i]);
    puts("");
    for (size_t i = 0; i < posts; i++)
        if (list[i].roll) print_post(&list[i]);
    print_post(all);
    for (unsigned step = 0; step < TP_FUNNEL_STEPS; step++)
        for (unsigned i = 0; i < DETAILS && detail_name(step, 0); i++)
            if (all->detail[step][i])
                printf("%s, %s: %llu\n", step_names[step], detail_name(step, i),
                       (unsigned long long)all->detail[step][i]);
    printf("keys on the board: %llu held, %llu cancelled, %llu of nobody here\n",
           (unsigned long long)all->keys.held, (unsigned long long)all->keys.cancelled,
           (unsigned long long)all->keys.unknown);
}

/* ---- for everyone ---- */

static const char *const public_names[PUBLIC_STEPS] = {"off", "none", "begun", "enrolled"};

static void public_steps(const post *p, uint64_t out[static PUBLIC_STEPS]) {
    out[0] = p->step[TP_FUNNEL_OFF];
    out[1] = p->step[TP_FUNNEL_NONE];
    out[3] = p->step[TP_FUNNEL_SIGNED] + p->step[TP_FUNNEL_BOARD];
    out[2] = p->roll - out[0] - out[1] - out[3];
}

static bool showable(const post *p, uint64_t floor) {
    uint64_t steps[PUBLIC_STEPS];
    bool ok = true;
    public_steps(p, steps);
    for (unsigned i = 0; i < PUBLIC_STEPS; i++)
        ok = ok && (!steps[i] || steps[i] >= floor);
    return ok;
}

static json_t *json_public(const post *p, const char *id) {
    uint64_t steps[PUBLIC_STEPS];
    public_steps(p, steps);
    json_t *out = json_pack("{s:s, s:I}", "post", id, "roll", (json_int_t)p->roll);
    for (unsigned i = 0; i < PUBLIC_STEPS; i++)
        json_object_set_new(out, public_names[i], json_integer((json_int_t)steps[i]));
    return out;
}

static void fold(post *rest, const post *p) {
    rest->roll += p->roll;
    for (unsigned i = 0; i < TP_FUNNEL_STEPS; i++)
        rest->step[i] += p->step[i];
}

/* Posts with a count below the floor are shown as one, or not at all if that shows one too. There
 * is no total from which they could be taken apart. spec: J-15 */
static json_t *json_published(const post *list, size_t posts, uint64_t floor) {
    post rest = {0};
    size_t folded = 0;
    json_t *out = json_array();
    for (size_t i = 0; i < posts; i++) {
        if (!list[i].roll) continue;
        if (showable(&list[i], floor)) {
            json_array_append_new(out, json_public(&list[i], list[i].id));
        } else {
            fold(&rest, &list[i]);
            folded++;
        }
    }
    if (folded > 1 && showable(&rest, floor)) json_array_append_new(out, json_public(&rest, ""));
    return out;
}

/* ---- the command ---- */

static int show(const post *list, size_t posts, const post *all, bool json, uint64_t floor) {
    json_t *out = NULL;
    for (size_t i = 0; i < posts; i++)
        if (!adds_up(&list[i]))
            return tp_say(TP_EXIT_REFUSED, "post %s: the store does not add up", list[i].id);
    if (!json && !floor) {
        print_table(list, posts, all);
        return TP_EXIT_OK;
    }
    if (floor) {
        out = json_pack("{s:I, s:o?}", "floor", (json_int_t)floor, "posts",
                        json_published(list, posts, floor));
    } else {
        json_t *of = json_array();
        for (size_t i = 0; i < posts; i++)
            if (list[i].roll) json_array_append_new(of, json_post(&list[i]));
        out = json_pack("{s:o, s:o}", "all", json_post(all), "posts", of);
    }
    if (!out) return tp_say(TP_EXIT_SYSTEM, "out of memory");
    json_dumpf(out, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(out);
    return TP_EXIT_OK;
}

static int count_and_show(const char *data, const tp_manifest *m, bool json, uint64_t floor) {
    post *list = calloc(m->unit_count + 1u, sizeof *list), all = {0};
    tp_store *s = list ? tp_roll_open(data, true) : NULL;
    if (!s) {
        free(list);
        return TP_EXIT_SYSTEM;
    }
    for (size_t i = 0; i < m->unit_count; i++)
        list[i].id = m->units[i].id;
    tp_err err = count_all(s, list, m->unit_count, &all);
    int code = TP_EXIT_OK;
    if (err == TP_MALFORMED)
        code = tp_say(TP_EXIT_REFUSED, "the store is of another manifest");
    else if (err)
        code = tp_say(TP_EXIT_SYSTEM, "the store failed: %s", tp_store_error(s));
    else
        code = show(list, m->unit_count, &all, json, floor);
    tp_store_close(s);
    free(list);
    return code;
}

int tp_roll_funnel(int argc, char **argv) {
    const char *data = NULL, *manifest = NULL;
    bool json = false;
    uint64_t floor = 0;
    int code;
    tp_manifest m;
    const tp_arg table[] = {
        {"--data", "DIR", TP_ARG_TEXT, &data, "the server's data folder"},
        {"--manifest", "FILE", TP_ARG_TEXT, &manifest, "the manifest"},
        {"--json", NULL, TP_ARG_FLAG, &json, "everything, for programs"},
        {"--public", "FLOOR", TP_ARG_NUMBER, &floor,
         "what may be published: no count of a post from 1 to below FLOOR; JSON"},
        TP_ARG_END};
    tp_args(argc, argv, "roll funnel --data DIR --manifest FILE",
            "How far the voters of each post have come, now; the server may run.", table, NULL, 0);
    if (!data || !manifest) tp_usage("--data and --manifest are needed");
    if (!tp_roll_manifest(&m, manifest, &code)) return code;
    code = count_and_show(data, &m, json, floor);
    tp_manifest_free(&m);
    return code;
}
