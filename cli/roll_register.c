/* `tapat roll export` and `import-register`: the register of a post, out for paper and back with
 * who voted there.
 *
 *  1. Import is all or nothing: every row is checked within the transaction that marks.
 *  2. What is to be done with the online keys of paper voters is printed and not stored: no row of
 *     the store joins a voter with a ballot (store.h, invariant 4).
 * spec: chapter 11, J-27..J-29. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/roll.h"
#include "cli/roll_chain.h"

enum { SHOWN = 20 };

static const char *const key_states[] = {"no", "waits", "yes"};

/* 0 none, 1 handed in, 2 signed and not cancelled; *k: that one. */
static tp_err key_of(tp_store *s, int64_t voter, int *state, tp_store_credential *k) {
    uint8_t credential[32];
    int enrolled;
    bool found = false;
    tp_err err = tp_roll_enrolled(s, voter, &enrolled, credential);
    *state = !err && enrolled >= TP_ENROL_WAITING;
    memset(k, 0, sizeof *k);
    if (!err && enrolled == TP_ENROL_DONE) err = tp_store_credential_find(s, credential, k, &found);
    memcpy(k->key, credential, 32);
    if (!err && enrolled == TP_ENROL_DONE) *state = k->cancelled ? 0 : 2;
    return err;
}

static bool find_post(uint16_t *unit, const char *post, const tp_manifest *m) {
    for (size_t i = 0; i < m->unit_count; i++)
        if (!strcmp(m->units[i].id, post)) {
            *unit = (uint16_t)i;
            return true;
        }
    tp_say(0, "%s is no unit of the manifest", post);
    return false;
}

/* ---- export ---- */

typedef struct {
    tp_store *store;
    uint16_t unit;
    FILE *out;
    uint64_t rows;
} exporting;

/* An apostrophe before what a program could take for a formula. */
static void put_cell(FILE *f, const char *text, const char *end) {
    putc('"', f);
    if (*text && strchr("=+-@\t", *text)) putc('\'', f);
    for (; *text; text++) {
        if (*text == '"') putc('"', f);
        putc(*text, f);
    }
    fprintf(f, "\"%s", end);
}

static tp_err export_voter(void *ctx, const tp_voter *v) {
    exporting *x = ctx;
    tp_store_credential k;
    int state;
    if (v->unit != x->unit) return TP_OK;
    tp_err err = key_of(x->store, v->id, &state, &k);
    if (err) return err;
    put_cell(x->out, v->number, ",");
    put_cell(x->out, v->name, ",");
    fprintf(x->out, "%s,%s,%s,%s,%s\r\n", v->birth_date, tp_roll_channels[v->channel & 3],
            *v->disabled ? "yes" : "no", key_states[state], v->voted ? "yes" : "");
    x->rows++;
    return TP_OK;
}

static int export_post(exporting *x, const char *file) {
    char *text = NULL;
    size_t len = 0;
    x->out = open_memstream(&text, &len);
    if (!x->out) return tp_say(TP_EXIT_SYSTEM, "out of memory");
    fputs("number,name,birth_date,channel,disabled,key,voted\r\n", x->out);
    tp_err err = tp_store_snapshot(x->store);
    if (!err) err = tp_roll_each(x->store, export_voter, x);
    tp_store_rollback(x->store);
    int code = TP_EXIT_OK;
    if (err) code = tp_say(TP_EXIT_SYSTEM, "the store failed: %s", tp_store_error(x->store));
    if (fclose(x->out) && !err) code = tp_say(TP_EXIT_SYSTEM, "out of memory");
    if (code == TP_EXIT_OK && !tp_save_file(file, text, len, true)) code = TP_EXIT_SYSTEM;
    free(text);
    if (code == TP_EXIT_OK) printf("%llu voters\n", (unsigned long long)x->rows);
    return code;
}

int tp_roll_export(int argc, char **argv) {
    exporting x = {0};
    const char *data = NULL, *post = NULL, *manifest = NULL, *out = NULL;
    const tp_arg table[] = {
        {"--post", "UNIT", TP_ARG_TEXT, &post, "the post"},
        {"--data", "DIR", TP_ARG_TEXT, &data, "the server's data folder"},
        {"--manifest", "FILE", TP_ARG_TEXT, &manifest, "the manifest that names the units"},
        {"--out", "FILE", TP_ARG_TEXT, &out, "the CSV file to write"},
        TP_ARG_END};
    tp_args(
        argc, argv, "roll export --post UNIT --data DIR --manifest FILE --out FILE.csv",
        "Writes the register of a post: number, name, birth date, channel, whether disabled and\n"
        "whether there is a voting key, and a column `voted` to fill in.",
        table, NULL, 0);
    if (!data || !post || !manifest || !out)
        tp_usage("--post, --data, --manifest and --out are needed");
    tp_manifest m;
    int code;
    if (!tp_roll_manifest(&m, manifest, &code)) return code;
    code = find_post(&x.unit, post, &m) ? TP_EXIT_OK : TP_EXIT_REFUSED;
    tp_manifest_free(&m);
    if (code != TP_EXIT_OK) return code;
    x.store = tp_roll_open(data, true);
    code = x.store ? export_post(&x, out) : TP_EXIT_SYSTEM;
    tp_store_close(x.store);
    return code;
}

/* ---- import ---- */

enum { NUMBER, NAME, BIRTH_DATE, VOTED, COLUMNS };
static const char *const columns[COLUMNS] = {"number", "name", "birth_date", "voted"};

typedef struct {
    int64_t voter;
    uint64_t line;
} seen_row;

typedef struct {
    const char *file, *data;
    bool dry, take_back, json;
    uint16_t unit;
    tp_store *store;
    tp_csv csv;
    int at[COLUMNS];
    size_t fields;
    seen_row *seen;
    size_t seen_count, seen_size;
    json_t *todo, *faults;
    /* the report */
    uint64_t rows, wrong, voted, marked, taken_back, open;
} registering;

static void complain(registering *g, uint64_t line, const char *text) {
    if (++g->wrong > SHOWN) return;
    json_array_append_new(g->faults,
                          json_pack("{s:I, s:s}", "line", (json_int_t)line, "text", text));
    if (!g->json) fprintf(stderr, "line %llu: %s\n", (unsigned long long)line, text);
}

static bool find_columns(registering *g) {
    for (size_t i = 0; i < COLUMNS; i++) {
        g->at[i] = -1;
        for (size_t j = 0; j < g->csv.count; j++) {
            if (strcmp(g->csv.field[j], columns[i]) != 0) continue;
            if (g->at[i] >= 0) return false;
            g->at[i] = (int)j;
        }
        if (g->at[i] < 0) return false;
    }
    g->fields = g->csv.count;
    return true;
}

/* As export_voter wrote it, or as it is on the roll. */
static const char *unguarded(const char *cell) {
    return *cell == '\'' && cell[1] && strchr("=+-@\t", cell[1]) ? cell + 1 : cell;
}

/* NULL, or why the row is refused. */
static const char *row_fault(const registering *g, const tp_voter *v, bool found) {
    char own[TP_ROLL_WORDS], given[TP_ROLL_WORDS];
    const char *voted = g->csv.field[g->at[VOTED]];
    if (!found) return "no such number on the roll";
    if (v->unit != g->unit) return "a voter of another post";
    tp_roll_words_sorted(own, v->name);
    tp_roll_words_sorted(given, g->csv.field[g->at[NAME]]);
    if (strcmp(own, given) != 0) return "name: not that of the roll";
    if (strcmp(v->birth_date, g->csv.field[g->at[BIRTH_DATE]]) != 0)
        return "birth_date: not that of the roll";
    if (*voted && strcmp(voted, "yes") != 0 && strcmp(voted, "no") != 0)
        return "voted: not yes, no or empty";
    if (!strcmp(voted, "no") && v->voted && !g->take_back)
        return "voted: no, but the voter is marked as having voted (--take-back)";
    return NULL;
}

static void note_seen(registering *g, int64_t voter) {
    if (g->seen_count == g->seen_size) {
        g->seen_size = 2 * g->seen_size + 256;
        g->seen = realloc(g->seen, g->seen_size * sizeof *g->seen);
        if (!g->seen) exit(tp_say(TP_EXIT_SYSTEM, "out of memory; nothing was stored"));
    }
    g->seen[g->seen_count++] = (seen_row){voter, g->csv.line};
}

static int by_voter(const void *a, const void *b) {
    const seen_row *x = a, *y = b;
    if (x->voter != y->voter) return x->voter < y->voter ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

static void complain_of_repeats(registering *g) {
    if (g->seen_count) qsort(g->seen, g->seen_count, sizeof *g->seen, by_voter);
    for (size_t i = 1; i < g->seen_count; i++)
        if (g->seen[i].voter == g->seen[i - 1].voter)
            complain(g, g->seen[i].line, "this voter stands in an earlier line already");
}

/* ---- what is to be done with a paper voter's key ---- */

/* spec: J-28, S-15 */
static const char *action(int state, const tp_store_credential *k) {
    if (state == 1) return "none"; /* not signed, and will not be (J-29) */
    if (!k->ready || k->cancelled || k->excluded) return "none";
    if (!k->sequence) return "cancel";
    return k->recorded == k->sequence ? "exclude" : "wait";
}

static void say_action(const char *number, const char *what, const char *key, const char *ballot) {
    if (!strcmp(what, "exclude"))
        printf("%s: tapat exclude %s --reason voted-in-person\n", number, ballot);
    else if (!strcmp(what, "cancel"))
        printf("%s: no ballot yet; registrars cancel the key %s: tapat cancel %s --reason "
               "votes-at-the-post\n",
               number, key, key);
    else if (!strcmp(what, "wait"))
        printf("%s: the ballot is not on the board yet; repeat this after the next batch\n",
               number);
}

static tp_err list_action(registering *g, const tp_voter *v) {
    tp_store_credential k;
    int state;
    char key[65], ballot[65];
    tp_err err = key_of(g->store, v->id, &state, &k);
    if (err || !state) return err;
    const char *what = action(state, &k);
    tp_hex(key, k.key, 32);
    tp_hex(ballot, k.tip, 32);
    bool has = !strcmp(what, "exclude");
    g->open += strcmp(what, "none") != 0;
    json_array_append_new(g->todo, json_pack("{s:s, s:s, s:s, s:s?}", "number", v->number, "do",
                                             what, "key", key, "ballot", has ? ballot : NULL));
    return TP_OK;
}

static const char *text_of(const json_t *object, const char *member) {
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "";
}

static void say_actions(const registering *g) {
    size_t i;
    json_t *one;
    json_array_foreach(g->todo, i, one) say_action(text_of(one, "number"), text_of(one, "do"),
                                                   text_of(one, "key"), text_of(one, "ballot"));
}

/* ---- rows ---- */

static tp_err take_voter(registering *g, const tp_voter *v) {
    const char *voted = g->csv.field[g->at[VOTED]];
    bool yes = !strcmp(voted, "yes");
    tp_err err = TP_OK;
    g->voted += yes;
    g->marked += yes && !v->voted;
    g->taken_back += !strcmp(voted, "no") && v->voted;
    if (!g->dry && *voted && yes != v->voted) err = tp_store_voter_mark(g->store, v->id, yes);
    return !err && yes ? list_action(g, v) : err;
}

static tp_err take_row(registering *g) {
    tp_voter v = {0};
    bool found = false;
    if (g->csv.count != g->fields) {
        complain(g, g->csv.line, "not as many fields as the header");
        return TP_OK;
    }
    const char *number = unguarded(g->csv.field[g->at[NUMBER]]);
    tp_err err = tp_store_voter_find(g->store, number, &v, &found);
    if (err) return err;
    const char *fault = row_fault(g, &v, found);
    if (found) note_seen(g, v.id);
    if (!fault) return take_voter(g, &v);
    complain(g, g->csv.line, fault);
    return TP_OK;
}

static int store_failed(const registering *g) {
    return tp_say(TP_EXIT_SYSTEM, "the store failed: %s", tp_store_error(g->store));
}

static size_t read_file(void *ctx, uint8_t *out, size_t cap) {
    return fread(out, 1, cap, ctx);
}

static int read_rows(registering *g, FILE *f) {
    bool more;
    tp_csv_begin(&g->csv, read_file, f, ',');
    if (tp_csv_next(&g->csv, &more) || !more || !find_columns(g))
        return tp_say(TP_EXIT_REFUSED,
                      "%s: columns number, name, birth_date and voted are needed, each once",
                      g->file);
    for (;;) {
        tp_err err = tp_csv_next(&g->csv, &more);
        if (!err && !more) break;
        g->rows++;
        if (err)
            complain(g, g->csv.line, g->csv.fault->text);
        else if (take_row(g))
            return store_failed(g);
    }
    complain_of_repeats(g);
    if (ferror(f)) return tp_say(TP_EXIT_SYSTEM, "cannot read %s", g->file);
    return g->wrong ? TP_EXIT_REFUSED : TP_EXIT_OK;
}

static void report(const registering *g, bool stored) {
    typedef unsigned long long u;
    if (g->json) {
        json_t *root =
            json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:O, s:O, s:b}", "rows", (json_int_t)g->rows,
                      "wrong", (json_int_t)g->wrong, "voted", (json_int_t)g->voted, "marked",
                      (json_int_t)g->marked, "taken_back", (json_int_t)g->taken_back, "open",
                      (json_int_t)g->open, "keys", g->todo, "faults", g->faults, "stored", stored);
        json_dumpf(root, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(root);
        return;
    }
    printf("%llu rows, %llu wrong, %llu voted on paper: %llu marked, %llu taken back\n", (u)g->rows,
           (u)g->wrong, (u)g->voted, (u)g->marked, (u)g->taken_back);
    if (!g->wrong) say_actions(g);
    printf("online keys of paper voters: %zu, to be done: %llu\n%s\n", json_array_size(g->todo),
           (u)g->open, stored ? "stored" : "nothing was stored");
}

static int run(registering *g, FILE *f) {
    tp_err err = g->dry ? tp_store_snapshot(g->store) : tp_store_begin(g->store);
    if (err) return store_failed(g);
    int code = read_rows(g, f);
    bool stored = code == TP_EXIT_OK && !g->dry;
    if (!stored)
        tp_store_rollback(g->store);
    else if (tp_store_commit(g->store))
        return store_failed(g);
    if (code == TP_EXIT_OK || g->wrong) report(g, stored);
    return code;
}

static int open_and_run(registering *g) {
    FILE *f = fopen(g->file, "rb");
    if (!f) return tp_say(TP_EXIT_SYSTEM, "cannot read %s: %s", g->file, strerror(errno));
    g->store = tp_roll_open(g->data, g->dry);
    g->todo = json_array();
    g->faults = json_array();
    int code = g->store ? run(g, f) : TP_EXIT_SYSTEM;
    json_decref(g->todo);
    json_decref(g->faults);
    free(g->seen);
    tp_store_close(g->store);
    fclose(f);
    return code;
}

int tp_roll_import_register(int argc, char **argv) {
    registering *g = calloc(1, sizeof *g);
    const char *words[1], *post = NULL, *manifest = NULL;
    if (!g) return tp_say(TP_EXIT_SYSTEM, "out of memory");
    const tp_arg table[] = {
        {"--post", "UNIT", TP_ARG_TEXT, &post, "the post"},
        {"--data", "DIR", TP_ARG_TEXT, &g->data, "the server's data folder"},
        {"--manifest", "FILE", TP_ARG_TEXT, &manifest, "the manifest that names the units"},
        {"--dry-run", NULL, TP_ARG_FLAG, &g->dry, "check and list, store nothing"},
        {"--take-back", NULL, TP_ARG_FLAG, &g->take_back, "`no` takes a mark back"},
        {"--json", NULL, TP_ARG_FLAG, &g->json, "report as JSON"},
        TP_ARG_END};
    size_t count =
        tp_args(argc, argv,
                "roll import-register FILE.csv --post UNIT --data DIR --manifest FILE [options]",
                "Takes back the register of a post with who voted there on paper (voted: yes), "
                "wholly or\nnot at all. These voters cannot enrol any more; those who have an "
                "online key are listed\nwith what is to be done before the count.",
                table, words, 1);
    if (count != 1 || !post || !g->data || !manifest)
        tp_usage("a file, --post, --data and --manifest are needed");
    tp_manifest m;
    int code;
    g->file = words[0];
    if (tp_roll_manifest(&m, manifest, &code)) {
        code = find_post(&g->unit, post, &m) ? open_and_run(g) : TP_EXIT_REFUSED;
        tp_manifest_free(&m);
    }
    free(g);
    return code;
}
