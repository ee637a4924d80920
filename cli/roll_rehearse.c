/* `tapat roll rehearse`: what matching rules would do with this roll, before anybody applies.
 *
 *   1. Read    number, words and birth date of every row, about 70 bytes each, and of every claim.
 *   2. Rule    for each rule an index by its keys (match.h), at most 16 bytes a key and for all but
 *      one word as many keys as the name has words; whoever has a key in common is compared.
 *   3. Tell    rows that are alike under the rules, or what becomes of the claims.
 *
 * Nothing is stored. spec: chapter 11, J-25, J-26. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/roll.h"
#include "election/match.h"

enum { CHUNK = 256, REPORT_EVERY = 8192, SHOWN = 20 };

/* ---- people: the roll's and the claims' ---- */

typedef struct {
    char *text; /* of each: birth date, number and words, a NUL after each */
    size_t text_len, text_size;
    uint32_t *at;
    size_t count, size;
} people;

static void *grown(void *p, size_t *size, size_t item, size_t need) {
    if (need <= *size) return p;
    size_t more = 2 * need;
    void *q = realloc(p, more * item);
    if (!q || more > UINT32_MAX) exit(tp_say(TP_EXIT_SYSTEM, "out of memory"));
    *size = more;
    return q;
}

static void put(people *p, const char *text) {
    size_t len = strlen(text) + 1;
    p->text = grown(p->text, &p->text_size, 1, p->text_len + len);
    memcpy(p->text + p->text_len, text, len);
    p->text_len += len;
}

static void add_person(people *p, const char *birth_date, const char *number, const char *name) {
    char words[TP_ROLL_WORDS];
    tp_roll_words(words, name);
    p->at = grown(p->at, &p->size, sizeof *p->at, p->count + 1);
    p->at[p->count++] = (uint32_t)p->text_len;
    put(p, birth_date);
    put(p, number);
    put(p, words);
}

static const char *number_of(const people *p, size_t i) {
    const char *date = p->text + p->at[i];
    return date + strlen(date) + 1;
}

static void person_of(tp_match_person *m, const people *p, size_t i) {
    const char *number = number_of(p, i);
    tp_match_person_set(m, number + strlen(number) + 1, p->text + p->at[i]);
}

static void free_people(people *p) {
    free(p->text);
    free(p->at);
}

/* ---- the rehearsal ---- */

typedef struct {
    uint32_t row; /* of the roll, accepted first */
    bool accepted, several, near;
} outcome;

typedef struct {
    uint64_t key;
    uint32_t row;
} entry;

typedef struct {
    const char *data, *rules_file, *claims_file;
    bool json;
    tp_match_rules rules;
    people roll, claims;
    entry *index; /* of one rule, by key */
    size_t count, size;
    uint16_t *alike; /* of a row: by which rules another one is */
    outcome *outcomes;
    /* the report */
    uint64_t by_rule[TP_MATCH_RULES], taken, near;
    uint64_t accepted, another, several, review, none;
    double seconds;
} rehearsal;

static int by_key(const void *a, const void *b) {
    const entry *x = a, *y = b;
    return x->key != y->key ? (x->key > y->key) - (x->key < y->key)
                            : (x->row > y->row) - (x->row < y->row);
}

static void build_index(rehearsal *r, size_t rule) {
    r->count = 0;
    for (size_t i = 0; i < r->roll.count; i++) {
        tp_match_person m;
        uint64_t keys[TP_MATCH_KEYS];
        person_of(&m, &r->roll, i);
        size_t count = tp_match_keys(keys, &r->rules.rule[rule], &m);
        r->index = grown(r->index, &r->size, sizeof *r->index, r->count + count);
        for (size_t k = 0; k < count; k++)
            r->index[r->count++] = (entry){keys[k], (uint32_t)i};
        if (i % REPORT_EVERY == 0)
            tp_progress_print(NULL, "keys", rule * r->roll.count + i,
                              r->rules.count * r->roll.count);
    }
    qsort(r->index, r->count, sizeof *r->index, by_key);
}

static bool decides(const rehearsal *r, size_t rule, const tp_match_person *a,
                    const tp_match_person *b) {
    size_t which;
    return tp_match(&r->rules, a, b, &which) != TP_MATCH_NONE && which == rule;
}

/* Rows of one key. A row that is known to be like another is not asked again for itself. */
static void compare_group(rehearsal *r, size_t rule, const entry *e, size_t count) {
    uint16_t bit = (uint16_t)(1u << rule);
    for (size_t i = 0; i < count; i++) {
        tp_match_person a, b;
        person_of(&a, &r->roll, e[i].row);
        for (size_t j = 0; j < count && !(r->alike[e[i].row] & bit); j++) {
            if (e[j].row == e[i].row) continue;
            person_of(&b, &r->roll, e[j].row);
            if (!decides(r, rule, &a, &b)) continue;
            r->alike[e[i].row] |= bit;
            r->alike[e[j].row] |= bit;
        }
    }
}

static void compare_rows(rehearsal *r, size_t rule) {
    for (size_t i = 0, end; i < r->count; i = end) {
        for (end = i + 1; end < r->count && r->index[end].key == r->index[i].key;)
            end++;
        if (end - i > 1) compare_group(r, rule, &r->index[i], end - i);
    }
}

static void count_rows(rehearsal *r) {
    for (size_t i = 0; i < r->roll.count; i++) {
        bool taken = false;
        for (size_t k = 0; k < r->rules.count; k++) {
            bool has = r->alike[i] >> k & 1;
            r->by_rule[k] += has;
            taken |= has && r->rules.rule[k].then == TP_MATCH_ACCEPT;
        }
        r->taken += taken;
        r->near += !taken && r->alike[i];
    }
}

/* ---- claims ---- */

static size_t first_of(const rehearsal *r, uint64_t key) {
    size_t low = 0, high = r->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (r->index[middle].key < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void note(outcome *o, uint32_t row, tp_match_then then) {
    if (then == TP_MATCH_REVIEW) o->near = true;
    if (then != TP_MATCH_ACCEPT) return;
    o->several |= o->accepted && o->row != row;
    o->accepted = true;
    o->row = row;
}

static void ask_claims(rehearsal *r, size_t rule) {
    for (size_t i = 0; i < r->claims.count; i++) {
        tp_match_person a, b;
        uint64_t keys[TP_MATCH_KEYS];
        person_of(&a, &r->claims, i);
        size_t count = tp_match_keys(keys, &r->rules.rule[rule], &a);
        for (size_t k = 0; k < count; k++)
            for (size_t at = first_of(r, keys[k]); at < r->count && r->index[at].key == keys[k];
                 at++) {
                person_of(&b, &r->roll, r->index[at].row);
                if (decides(r, rule, &a, &b))
                    note(&r->outcomes[i], r->index[at].row, r->rules.rule[rule].then);
            }
    }
}

static void count_claims(rehearsal *r) {
    for (size_t i = 0; i < r->claims.count; i++) {
        const outcome *o = &r->outcomes[i];
        const char *number = number_of(&r->claims, i);
        bool other = *number && o->accepted && strcmp(number, number_of(&r->roll, o->row)) != 0;
        r->several += o->several;
        r->accepted += o->accepted && !o->several;
        r->another += !o->several && other;
        r->review += !o->accepted && o->near;
        r->none += !o->accepted && !o->near;
    }
}

/* ---- files ---- */

static size_t read_file(void *ctx, uint8_t *out, size_t cap) {
    return fread(out, 1, cap, ctx);
}

/* Columns name and birth_date, and number if the file has it. */
static bool find_columns(int at[static 3], const tp_csv *c) {
    static const char *const names[3] = {"name", "birth_date", "number"};
    for (size_t i = 0; i < 3; i++) {
        at[i] = -1;
        for (size_t j = 0; j < c->count; j++)
            if (!strcmp(c->field[j], names[i])) at[i] = (int)j;
    }
    return at[0] >= 0 && at[1] >= 0;
}

static const char *claim_fault(const tp_csv *c, const int at[static 3], size_t fields) {
    char words[TP_ROLL_WORDS];
    if (c->count != fields) return "not as many fields as the header";
    if (strlen(c->field[at[0]]) > 127 || !tp_roll_words(words, c->field[at[0]]))
        return "name: longer than 127 bytes, or without a letter";
    return tp_roll_is_date(c->field[at[1]]) ? NULL : "birth_date: not a date such as 1990-12-31";
}

static int read_claims(rehearsal *r, FILE *f, tp_csv *c) {
    int at[3];
    bool more;
    uint64_t wrong = 0;
    tp_csv_begin(c, read_file, f, ',');
    if (tp_csv_next(c, &more) || !more || !find_columns(at, c))
        return tp_say(TP_EXIT_REFUSED, "%s: columns name and birth_date are needed",
                      r->claims_file);
    size_t fields = c->count;
    for (;;) {
        tp_err err = tp_csv_next(c, &more);
        if (!err && !more) break;
        const char *fault = err ? c->fault->text : claim_fault(c, at, fields);
        if (!fault)
            add_person(&r->claims, c->field[at[1]], at[2] < 0 ? "" : c->field[at[2]],
                       c->field[at[0]]);
        else if (++wrong <= SHOWN)
            fprintf(stderr, "line %llu: %s\n", (unsigned long long)c->line, fault);
    }
    if (ferror(f)) return tp_say(TP_EXIT_SYSTEM, "cannot read %s", r->claims_file);
    if (!wrong) return TP_EXIT_OK;
    return tp_say(TP_EXIT_REFUSED, "%s: %llu rows are wrong", r->claims_file,
                  (unsigned long long)wrong);
}

static int load_claims(rehearsal *r) {
    FILE *f = fopen(r->claims_file, "rb");
    if (!f) return tp_say(TP_EXIT_SYSTEM, "cannot read %s: %s", r->claims_file, strerror(errno));
    tp_csv *c = malloc(sizeof *c);
    int code = c ? read_claims(r, f, c) : tp_say(TP_EXIT_SYSTEM, "out of memory");
    free(c);
    fclose(f);
    return code;
}

static int load_rules(rehearsal *r) {
    size_t len;
    tp_fault fault = {0};
    uint8_t *text = tp_load_file(r->rules_file, &len, TP_MATCH_FILE);
    if (!text) return TP_EXIT_SYSTEM;
    tp_err err = tp_match_parse(&r->rules, text, len, &fault);
    free(text);
    return err ? tp_say_fault(&fault, r->rules_file) : TP_EXIT_OK;
}

static tp_err read_roll(rehearsal *r, tp_store *s, tp_voter *v) {
    uint64_t total;
    int64_t after = 0;
    size_t count = 1;
    tp_err err = tp_store_snapshot(s);
    if (!err) err = tp_store_voter_count(s, &total);
    while (!err && count) {
        err = tp_store_voters_after(s, after, v, CHUNK, &count);
        for (size_t i = 0; !err && i < count; i++) {
            add_person(&r->roll, v[i].birth_date, v[i].number, v[i].name);
            after = v[i].id;
        }
        if (!err && r->roll.count % REPORT_EVERY == 0)
            tp_progress_print(NULL, "voters", r->roll.count, total);
    }
    tp_store_rollback(s);
    return err;
}

static int load_roll(rehearsal *r) {
    tp_store *s = tp_roll_open(r->data, true);
    tp_voter *v = malloc(CHUNK * sizeof *v);
    int code = s && v ? TP_EXIT_OK : TP_EXIT_SYSTEM;
    if (code == TP_EXIT_OK && read_roll(r, s, v))
        code = tp_say(TP_EXIT_SYSTEM, "the store failed: %s", tp_store_error(s));
    free(v);
    tp_store_close(s);
    return code;
}

/* ---- report ---- */

static void print_text(const rehearsal *r) {
    typedef unsigned long long u;
    printf("%zu voters, %zu rules, in %.1f s\n", r->roll.count, r->rules.count, r->seconds);
    for (size_t i = 0; i < r->rules.count && !r->claims_file; i++) {
        const tp_match_rule *k = &r->rules.rule[i];
        printf("  %zu. name %s, birth date %s: %s; %llu rows meet another\n", i + 1,
               tp_match_names[k->name], tp_match_dates[k->birth_date],
               k->then == TP_MATCH_ACCEPT ? "accept" : "review", (u)r->by_rule[i]);
    }
    if (!r->claims_file)
        printf("accepted for another voter too: %llu\nwould bring another voter to review: %llu\n",
               (u)r->taken, (u)r->near);
    else
        printf("%zu claims: accepted %llu, review %llu, none %llu, several %llu\n"
               "accepted for a voter of another number: %llu\n",
               r->claims.count, (u)r->accepted, (u)r->review, (u)r->none, (u)r->several,
               (u)r->another);
}

static void print_json(const rehearsal *r) {
    json_t *root =
        json_pack("{s:I, s:f}", "voters", (json_int_t)r->roll.count, "seconds", r->seconds);
    json_t *rules = json_array();
    for (size_t i = 0; i < r->rules.count; i++) {
        const tp_match_rule *k = &r->rules.rule[i];
        json_t *rule = json_pack("{s:s, s:s, s:s}", "name", tp_match_names[k->name], "birth_date",
                                 tp_match_dates[k->birth_date], "then",
                                 k->then == TP_MATCH_ACCEPT ? "accept" : "review");
        if (!r->claims_file)
            json_object_set_new(rule, "rows", json_integer((json_int_t)r->by_rule[i]));
        json_array_append_new(rules, rule);
    }
    json_object_set_new(root, "rules", rules);
    if (r->claims_file)
        json_object_set_new(root, "claims",
                            json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "count",
                                      (json_int_t)r->claims.count, "accepted",
                                      (json_int_t)r->accepted, "review", (json_int_t)r->review,
                                      "none", (json_int_t)r->none, "several",
                                      (json_int_t)r->several, "another", (json_int_t)r->another));
    else
        json_object_update_new(root, json_pack("{s:I, s:I}", "accept", (json_int_t)r->taken,
                                               "review", (json_int_t)r->near));
    json_dumpf(root, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(root);
}

/* ---- the command ---- */

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int run(rehearsal *r) {
    double begin = now_s();
    int code = load_rules(r);
    if (code == TP_EXIT_OK && r->claims_file) code = load_claims(r);
    if (code == TP_EXIT_OK) code = load_roll(r);
    if (code != TP_EXIT_OK) return code;
    r->alike = calloc(r->roll.count + 1, sizeof *r->alike);
    r->outcomes = calloc(r->claims.count + 1, sizeof *r->outcomes);
    if (!r->alike || !r->outcomes) return tp_say(TP_EXIT_SYSTEM, "out of memory");
    for (size_t i = 0; i < r->rules.count; i++) {
        build_index(r, i);
        if (r->claims_file)
            ask_claims(r, i);
        else
            compare_rows(r, i);
    }
    tp_progress_print(NULL, "keys", r->rules.count * r->roll.count, r->rules.count * r->roll.count);
    count_rows(r);
    count_claims(r);
    r->seconds = now_s() - begin;
    if (r->json)
        print_json(r);
    else
        print_text(r);
    return TP_EXIT_OK;
}

int tp_roll_rehearse(int argc, char **argv) {
    rehearsal r = {0};
    const tp_arg table[] = {
        {"--rules", "FILE", TP_ARG_TEXT, &r.rules_file, "the matching rules, in JSON"},
        {"--data", "DIR", TP_ARG_TEXT, &r.data, "the server's data folder"},
        {"--claims", "FILE.csv", TP_ARG_TEXT, &r.claims_file,
         "who asks: name, birth_date, and number if it is known"},
        {"--json", NULL, TP_ARG_FLAG, &r.json, "report as JSON"},
        TP_ARG_END};
    tp_args(argc, argv, "roll rehearse --rules FILE --data DIR [--claims FILE.csv] [--json]",
            "Tells what matching rules would do: how many rows of the roll they take for another "
            "one\nor send to review, or what becomes of people who give name and birth date.\n"
            "Nothing is stored.",
            table, NULL, 0);
    if (!r.rules_file || !r.data) tp_usage("--rules and --data are needed");
    int code = run(&r);
    free_people(&r.roll);
    free_people(&r.claims);
    free(r.index);
    free(r.alike);
    free(r.outcomes);
    return code;
}
