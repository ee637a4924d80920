/* `tapat roll`: the roll of voters, out of a CSV file into a server's store, wholly or not at all.
 *
 * The file is UTF-8 CSV (RFC 4180) with the header  number,name,birth_date,contact,unit  in any
 * order; unit is a unit's id in the manifest. Every row is checked before anything is stored; each
 * bad row is named by its line.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "store/store.h"

enum { COLUMNS = 5, MAX_FIELD = 256, MAX_SHOWN = 20 };
static const char *const names[COLUMNS] = {"number", "name", "birth_date", "contact", "unit"};

/* ---- CSV ---- */

typedef struct {
    const char *p, *end;
    uint64_t line;
} csv;

/* One record into at most COLUMNS fields. The count, 0 at the end, or -1 with *why. */
static int csv_record(csv *c, char fields[COLUMNS][MAX_FIELD], const char **why) {
    int count = 0;
    if (c->p == c->end) return 0;
    c->line++;
    for (;;) {
        size_t len = 0;
        bool quoted = c->p < c->end && *c->p == '"';
        if (quoted) c->p++;
        if (count == COLUMNS) return *why = "more fields than the header", -1;
        for (; c->p < c->end; c->p++) {
            char ch = *c->p;
            if (quoted && ch == '"') {
                if (c->p + 1 == c->end || c->p[1] != '"') break;
                c->p++;
            } else if (!quoted && (ch == ',' || ch == '\n' || ch == '\r')) {
                break;
            } else if (!quoted && ch == '"') {
                return *why = "a quote inside an unquoted field", -1;
            }
            if (ch == '\n') c->line++;
            if (len + 1 == MAX_FIELD) return *why = "a field is too long", -1;
            fields[count][len++] = ch;
        }
        if (quoted && c->p++ == c->end) return *why = "a quote is not closed", -1;
        fields[count++][len] = 0;
        if (c->p == c->end) return count;
        if (*c->p == ',') {
            c->p++;
            continue;
        }
        if (*c->p == '\r') c->p++;
        if (c->p == c->end || *c->p != '\n') return *why = "text after a quoted field", -1;
        c->p++;
        return count;
    }
}

static void skip_line(csv *c) {
    while (c->p < c->end && *c->p++ != '\n') {
    }
}

/* ---- rows ---- */

static bool is_date(const char *s) {
    int y, m, d, used = 0;
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (strlen(s) != 10 || sscanf(s, "%4d-%2d-%2d%n", &y, &m, &d, &used) != 3 || used != 10)
        return false;
    return y >= 1890 && y <= 2100 && m >= 1 && m <= 12 && d >= 1 && d <= days[m - 1];
}

static bool take(char *out, size_t cap, const char *in) {
    size_t len = strlen(in);
    if (len >= cap) return false;
    memcpy(out, in, len + 1);
    return true;
}

/* NULL, or what is wrong with the row. */
static const char *voter_of(tp_voter *v, char row[COLUMNS][MAX_FIELD], const int *column,
                            const tp_manifest *m) {
    memset(v, 0, sizeof *v);
    const char *unit = row[column[4]];
    if (!row[column[0]][0] || !take(v->number, sizeof v->number, row[column[0]]))
        return "number: empty or too long";
    if (!row[column[1]][0] || !take(v->name, sizeof v->name, row[column[1]]))
        return "name: empty or too long";
    if (!is_date(row[column[2]])) return "birth_date: not a date such as 1990-12-31";
    memcpy(v->birth_date, row[column[2]], sizeof v->birth_date);
    if (!take(v->contact, sizeof v->contact, row[column[3]])) return "contact: too long";
    for (uint16_t u = 0; u < m->unit_count; u++) {
        if (strcmp(m->units[u].id, unit) != 0) continue;
        v->unit = u;
        return NULL;
    }
    return "unit: not in the manifest";
}

typedef struct {
    tp_voter *list;
    size_t count, cap;
    uint64_t bad;
} roll;

static void complain(roll *r, uint64_t line, const char *what) {
    r->bad++;
    if (r->bad <= MAX_SHOWN) fprintf(stderr, "line %llu: %s\n", (unsigned long long)line, what);
    if (r->bad == MAX_SHOWN + 1) fputs("... and more\n", stderr);
}

static bool map_header(csv *c, int column[static COLUMNS]) {
    char row[COLUMNS][MAX_FIELD];
    const char *why = "";
    int n = csv_record(c, row, &why);
    for (int i = 0; i < COLUMNS; i++) {
        column[i] = -1;
        for (int j = 0; j < n; j++)
            if (!strcmp(row[j], names[i])) column[i] = j;
        if (column[i] < 0) return tp_say(0, "line 1: the header has no column %s", names[i]), false;
    }
    return true;
}

static bool read_rows(roll *r, csv *c, const tp_manifest *m) {
    char row[COLUMNS][MAX_FIELD];
    int column[COLUMNS], n;
    if (!map_header(c, column)) return false;
    while (c->p < c->end) {
        const char *why = "a field is missing";
        uint64_t line = c->line + 1;
        n = csv_record(c, row, &why);
        if (n < 0) skip_line(c);
        if (r->count == r->cap) {
            r->cap = r->cap ? 2 * r->cap : 1024;
            tp_voter *more = realloc(r->list, r->cap * sizeof *more);
            if (!more) return tp_say(0, "out of memory"), false;
            r->list = more;
        }
        if (n == COLUMNS) why = voter_of(&r->list[r->count], row, column, m);
        if (why)
            complain(r, line, why);
        else
            r->count++;
    }
    return true;
}

static int by_number(const void *a, const void *b) {
    return strcmp(((const tp_voter *)a)->number, ((const tp_voter *)b)->number);
}

/* Each voter once: sorts, so lines are no longer known and the number names the row. */
static void check_unique(roll *r) {
    qsort(r->list, r->count, sizeof *r->list, by_number);
    for (size_t i = 1; i < r->count; i++) {
        if (strcmp(r->list[i - 1].number, r->list[i].number) != 0) continue;
        r->bad++;
        if (r->bad <= MAX_SHOWN) fprintf(stderr, "number %s: stands twice\n", r->list[i].number);
    }
}

static int store_rows(const roll *r, const char *data) {
    char path[1024];
    tp_store *s;
    snprintf(path, sizeof path, "%s/tapat.db", data);
    if (tp_store_open(&s, path, false) != TP_OK)
        return tp_say(TP_EXIT_SYSTEM, "cannot open the store %s", path);
    tp_err err = tp_store_begin(s);
    bool begun = err == TP_OK;
    for (size_t i = 0; i < r->count && err == TP_OK; i++) {
        err = tp_store_voter_add(s, &r->list[i]);
        tp_progress_print(NULL, "voters", i + 1, r->count);
    }
    if (err == TP_OK)
        err = tp_store_commit(s);
    else if (begun)
        tp_store_rollback(s);
    int code = TP_EXIT_OK;
    if (err == TP_REFUSED)
        code = tp_say(TP_EXIT_REFUSED,
                      "a voter of this file is on the roll already; nothing was stored");
    else if (err != TP_OK)
        code =
            tp_say(TP_EXIT_SYSTEM, "the store failed: %s; nothing was stored", tp_store_error(s));
    tp_store_close(s);
    return code;
}

static int import(const char *file, const tp_manifest *m, const char *data, bool dry, bool json) {
    size_t len;
    uint8_t *bytes = tp_load_file(file, &len, (size_t)1 << 31);
    if (!bytes) return TP_EXIT_SYSTEM;
    roll r = {0};
    csv c = {.p = (const char *)bytes, .end = (const char *)bytes + len};
    int code = read_rows(&r, &c, m) ? TP_EXIT_OK : TP_EXIT_REFUSED;
    if (code == TP_EXIT_OK) check_unique(&r);
    if (code == TP_EXIT_OK && r.bad)
        code = tp_say(TP_EXIT_REFUSED, "%llu rows are wrong; nothing was stored",
                      (unsigned long long)r.bad);
    if (code == TP_EXIT_OK && !dry) code = store_rows(&r, data);
    if (json)
        printf("{\"voters\": %zu, \"wrong\": %llu, \"stored\": %s}\n", r.count,
               (unsigned long long)r.bad, code == TP_EXIT_OK && !dry ? "true" : "false");
    else if (code == TP_EXIT_OK)
        printf("%zu voters %s\n", r.count, dry ? "are right; nothing was stored" : "stored");
    free(r.list);
    free(bytes);
    return code;
}

int tp_cmd_roll(int argc, char **argv) {
    const char *words[2], *data = NULL, *manifest = NULL;
    bool dry = false, json = false;
    const tp_arg table[] = {
        {"--data", "DIR", TP_ARG_TEXT, &data, "the server's data folder"},
        {"--manifest", "FILE", TP_ARG_TEXT, &manifest, "the manifest that names the units"},
        {"--dry-run", NULL, TP_ARG_FLAG, &dry, "check every row and store nothing"},
        {"--json", NULL, TP_ARG_FLAG, &json, "report as JSON"},
        TP_ARG_END};
    if (tp_args(argc, argv, "roll import FILE.csv --manifest FILE (--data DIR | --dry-run)",
                "Checks a roll and imports it, wholly or not at all. Columns: number, name, "
                "birth_date,\n"
                "contact, unit.",
                table, words, 2) != 2 ||
        strcmp(words[0], "import") != 0)
        tp_usage("roll takes import and a file");
    if (!manifest || (!data && !dry)) tp_usage("--manifest, and --data or --dry-run, are needed");
    size_t len;
    tp_manifest m;
    tp_fault fault = {0};
    uint8_t *text = tp_load_file(manifest, &len, TP_MAX_DOCUMENT);
    if (!text) return TP_EXIT_SYSTEM;
    int code = TP_EXIT_OK;
    if (tp_manifest_parse(&m, text, len, &fault) != TP_OK)
        code = tp_say_fault(&fault, manifest);
    else
        code = import(words[1], &m, data, dry, json), tp_manifest_free(&m);
    free(text);
    return code;
}
