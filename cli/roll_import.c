/* `tapat roll import`: a roll out of a CSV file into a server's store, wholly or not at all.
 *
 *   1. Read   every row is checked and compared with the present roll, in one state of the store;
 *             what is to change goes to a spool beside the store. Memory does not grow with the
 *             rows but for 24 bytes a number, and the same for a name with its birth date.
 *   2. Apply  if no row is wrong: one transaction changes what the spool says. It is refused if the
 *             roll was changed since it was read.
 *
 * A running server waits for the second part only. Once the roll is committed to, the second part
 * draws up an entry for officers to sign instead. spec: chapter 11, J-6..J-9, J-23.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/roll.h"
#include "cli/roll_chain.h"

enum { SHOWN = 20, REPORT_EVERY = 8192, CHUNK = 256 };

/* ---- what was seen ---- */

typedef struct {
    uint64_t hash[2], line; /* line 0: empty */
} seen_slot;
typedef struct {
    seen_slot *slot;
    size_t size, used; /* size: a power of two */
    uint8_t key[crypto_shorthash_siphashx24_KEYBYTES];
} seen_set;

static seen_slot *seen_at(const seen_set *s, const uint64_t hash[2]) {
    for (size_t i = hash[0] & (s->size - 1);; i = (i + 1) & (s->size - 1))
        if (!s->slot[i].line || (s->slot[i].hash[0] == hash[0] && s->slot[i].hash[1] == hash[1]))
            return &s->slot[i];
}

static void seen_grow(seen_set *s) {
    seen_set more = {.size = s->size ? 2 * s->size : 4096};
    more.slot = calloc(more.size, sizeof *more.slot);
    if (!more.slot) exit(tp_say(TP_EXIT_SYSTEM, "out of memory; nothing was stored"));
    for (size_t i = 0; i < s->size; i++)
        if (s->slot[i].line) *seen_at(&more, s->slot[i].hash) = s->slot[i];
    free(s->slot);
    s->slot = more.slot;
    s->size = more.size;
}

static seen_slot *seen_find(const seen_set *s, const char *text, size_t len, uint64_t hash[2]) {
    uint8_t out[16];
    crypto_shorthash_siphashx24(out, (const uint8_t *)text, len, s->key);
    memcpy(hash, out, sizeof out);
    return seen_at(s, hash);
}

/* The line where it was seen first, or 0: this is the first. */
static uint64_t seen_before(seen_set *s, const char *text, uint64_t line) {
    uint64_t hash[2];
    if (!s->size) randombytes_buf(s->key, sizeof s->key);
    if (4 * s->used >= 3 * s->size) seen_grow(s);
    seen_slot *slot = seen_find(s, text, strlen(text), hash);
    if (slot->line) return slot->line;
    *slot = (seen_slot){{hash[0], hash[1]}, line};
    s->used++;
    return 0;
}

static bool seen_has(const seen_set *s, const char *text) {
    uint64_t hash[2];
    return s->size && seen_find(s, text, strlen(text), hash)->line;
}

/* ---- the import ---- */

typedef enum { NAME, BIRTH_DATE, CONTACT, CONTACT2, UNIT, CHANNEL, FIELDS } changed_field;
static const char *const field_names[FIELDS] = {"name",     "birth_date", "contact",
                                                "contact2", "unit",       "channel"};

typedef struct {
    const char *file, *data, *errors;
    bool dry, json, remove_missing;
    char separator;
    act_args act;
    tp_roll_map map;
    const tp_manifest *m;
    /* while it runs */
    tp_store *store; /* NULL: there is none yet, so the roll is empty */
    uint64_t revision;
    FILE *in, *spool, *errors_file;
    uint64_t size, read; /* bytes; size 0: not known */
    tp_csv csv;
    seen_set numbers, people;
    json_t *shown;
    /* the report */
    uint64_t bound; /* added or changed in what the board commits to */
    uint64_t rows, wrong, twins, added, changed, same, missing, removed;
    uint64_t fields[FIELDS];
    double seconds;
    tp_roll_draft draft;
} import;

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- faults ---- */

static void note_to_file(const import *im, uint64_t line, const char *code, const char *number,
                         const char *text) {
    /* an apostrophe before what a program could take for a formula */
    if (im->errors_file)
        fprintf(im->errors_file, "%llu,%s,\"%s%s\",\"%s\"\n", (unsigned long long)line, code,
                *number && strchr("=+-@", *number) ? "'" : "", strchr(number, '"') ? "" : number,
                text);
}

/* line 0: a row of the present roll, not of the file. */
static void complain(import *im, uint64_t line, const char *code, const char *number,
                     const char *text) {
    note_to_file(im, line, code, number, text);
    if (++im->wrong > SHOWN) return;
    json_array_append_new(im->shown, json_pack("{s:I, s:s, s:s, s:s}", "line", (json_int_t)line,
                                               "code", code, "number", number, "text", text));
    if (im->json) return;
    if (line)
        fprintf(stderr, "line %llu: %s%s%s%s\n", (unsigned long long)line, *number ? "number " : "",
                number, *number ? ": " : "", text);
    else
        fprintf(stderr, "number %s: %s\n", number, text);
}

static const char enrolled[] = "this voter has handed in a voting key; cancel it first";
static const char started[] = "this voter began to enrol or has voted; disable instead of removing";

/* ---- the spool ---- */

static void put_text(FILE *f, const char *s) {
    fwrite(s, 1, strlen(s) + 1, f);
}

static void spool_put(import *im, const tp_voter *v) {
    if (im->dry) return;
    fwrite(&v->id, sizeof v->id, 1, im->spool);
    fwrite(&v->unit, sizeof v->unit, 1, im->spool);
    fputc(v->channel, im->spool);
    put_text(im->spool, v->number);
    put_text(im->spool, v->name);
    put_text(im->spool, v->birth_date);
    put_text(im->spool, v->contact);
    put_text(im->spool, v->contact2);
    put_text(im->spool, v->disabled);
}

static bool get_text(FILE *f, char *out, size_t cap) {
    for (size_t i = 0; i < cap; i++) {
        int c = getc_unlocked(f);
        if (c == EOF) return false;
        out[i] = (char)c;
        if (!c) return true;
    }
    return false;
}

static bool spool_get(FILE *f, tp_voter *v) {
    int channel = 0;
    bool ok = fread(&v->id, sizeof v->id, 1, f) == 1 &&
              fread(&v->unit, sizeof v->unit, 1, f) == 1 && (channel = fgetc(f)) != EOF &&
              get_text(f, v->number, sizeof v->number) && get_text(f, v->name, sizeof v->name) &&
              get_text(f, v->birth_date, sizeof v->birth_date) &&
              get_text(f, v->contact, sizeof v->contact) &&
              get_text(f, v->contact2, sizeof v->contact2) &&
              get_text(f, v->disabled, sizeof v->disabled);
    v->channel = (uint8_t)channel;
    return ok;
}

/* A file without a name: it holds personal data and goes with the process. */
static FILE *spool_open(const char *data) {
    int fd = open(data, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w+");
    if (!f) tp_say(0, "cannot write in %s: %s", data, strerror(errno));
    return f;
}

/* ---- rows ---- */

/* Lays what the row says over the present voter. Bits: which fields are other than before. */
static unsigned lay_over(tp_voter *v, const tp_roll_row *row) {
    unsigned bits = 0;
    if (strcmp(v->name, row->name) != 0) bits |= 1u << NAME;
    if (strcmp(v->birth_date, row->birth_date) != 0) bits |= 1u << BIRTH_DATE;
    if (row->has_contact && strcmp(v->contact, row->contact) != 0) bits |= 1u << CONTACT;
    if (row->has_contact2 && strcmp(v->contact2, row->contact2) != 0) bits |= 1u << CONTACT2;
    if (v->unit != row->unit) bits |= 1u << UNIT;
    if (row->channel && v->channel != row->channel) bits |= 1u << CHANNEL;
    memcpy(v->number, row->number, sizeof v->number);
    memcpy(v->name, row->name, sizeof v->name);
    memcpy(v->birth_date, row->birth_date, sizeof v->birth_date);
    if (row->has_contact) memcpy(v->contact, row->contact, sizeof v->contact);
    if (row->has_contact2) memcpy(v->contact2, row->contact2, sizeof v->contact2);
    v->unit = row->unit;
    if (row->channel) v->channel = (uint8_t)row->channel;
    return bits;
}

/* Not to another unit with a key handed in, and not off the channel with a key signed: what waits
 * for a signature is refused by the server then. */
static tp_err may_move(import *im, const tp_voter *v, unsigned bits, bool *may) {
    int state = 0;
    uint8_t credential[32];
    *may = true;
    if (!(bits & (1u << UNIT | 1u << CHANNEL))) return TP_OK;
    tp_err err = tp_roll_enrolled(im->store, v->id, &state, credential);
    *may = state < TP_ENROL_WAITING || (state < TP_ENROL_DONE && !(bits & 1u << UNIT));
    return err;
}

static tp_err compare(import *im, const tp_roll_row *row) {
    tp_voter v = {0};
    bool found = false, may = true;
    tp_err err = im->store ? tp_store_voter_find(im->store, row->number, &v, &found) : TP_OK;
    unsigned bits = lay_over(&v, row);
    if (!err && found) err = may_move(im, &v, bits, &may);
    if (err) return err;
    if (!may) {
        complain(im, im->csv.line, "roll.enrolled", row->number, enrolled);
        return TP_OK;
    }
    im->added += !found;
    im->changed += found && bits;
    im->same += found && !bits;
    im->bound += !found || (bits & ~(1u << CONTACT | 1u << CONTACT2));
    for (unsigned i = 0; found && i < FIELDS; i++)
        im->fields[i] += bits >> i & 1;
    if (!found || bits) spool_put(im, &v);
    return TP_OK;
}

/* The same person under another number? Only told: names and days do meet by chance. */
static void note_twin(import *im, const tp_roll_row *row) {
    char person[TP_ROLL_WORDS + 16], text[64];
    tp_roll_words_sorted(person, row->name);
    strcat(strcat(person, "|"), row->birth_date);
    uint64_t line = seen_before(&im->people, person, im->csv.line);
    if (!line) return;
    im->twins++;
    snprintf(text, sizeof text, "name and birth date as in line %llu", (unsigned long long)line);
    note_to_file(im, im->csv.line, "roll.twin", row->number, text);
}

static tp_err take_row(import *im) {
    tp_roll_row row;
    char text[64];
    const tp_row_fault *fault = tp_roll_row_read(&row, &im->csv, &im->map, im->m);
    if (fault) {
        complain(im, im->csv.line, fault->code, "", fault->text);
        return TP_OK;
    }
    uint64_t line = seen_before(&im->numbers, row.number, im->csv.line);
    if (line) {
        snprintf(text, sizeof text, "stands in line %llu already", (unsigned long long)line);
        complain(im, im->csv.line, "roll.twice", row.number, text);
        return TP_OK;
    }
    note_twin(im, &row);
    return compare(im, &row);
}

static size_t read_file(void *ctx, uint8_t *out, size_t cap) {
    import *im = ctx;
    size_t got = fread(out, 1, cap, im->in);
    im->read += got;
    return got;
}

static int read_header(import *im) {
    bool more;
    tp_roll_column column;
    tp_csv_begin(&im->csv, read_file, im, im->separator);
    if (tp_csv_next(&im->csv, &more) != TP_OK)
        return tp_say(TP_EXIT_REFUSED, "line 1: %s", im->csv.fault->text);
    if (!more) return tp_say(TP_EXIT_REFUSED, "%s is empty", im->file);
    if (tp_roll_map_header(&im->map, &im->csv, &column) == TP_OK) return TP_EXIT_OK;
    return tp_say(TP_EXIT_REFUSED,
                  "line %llu: the header has the column '%s' not at all or twice; --column %s=NAME "
                  "tells what it is called",
                  (unsigned long long)im->csv.line, im->map.header[column],
                  tp_roll_columns[column]);
}

static int store_failed(const import *im) {
    return tp_say(TP_EXIT_SYSTEM, "the store failed: %s; nothing was stored",
                  im->store ? tp_store_error(im->store) : "");
}

static int read_rows(import *im) {
    bool more = true;
    int code = read_header(im);
    while (code == TP_EXIT_OK) {
        tp_err err = tp_csv_next(&im->csv, &more);
        if (!more) break;
        if (++im->rows % REPORT_EVERY == 0 && im->size)
            tp_progress_print(NULL, "bytes of the roll", im->read, im->size);
        if (err)
            complain(im, im->csv.line, im->csv.fault->code, "", im->csv.fault->text);
        else if (take_row(im))
            code = store_failed(im);
    }
    if (im->size) tp_progress_print(NULL, "bytes of the roll", im->size, im->size);
    if (ferror(im->in)) code = tp_say(TP_EXIT_SYSTEM, "cannot read %s", im->file);
    return code;
}

/* ---- voters that the file has not ---- */

/* Calls `each` for every voter of the present roll that the file has not. */
static tp_err for_missing(import *im, tp_err (*each)(import *, const tp_voter *)) {
    tp_voter *v = malloc(CHUNK * sizeof *v);
    size_t count = CHUNK;
    int64_t after = 0;
    tp_err err = v ? TP_OK : TP_SYSTEM;
    while (!err && count == CHUNK) {
        err = tp_store_voters_after(im->store, after, v, CHUNK, &count);
        for (size_t i = 0; !err && i < count; i++)
            if (!seen_has(&im->numbers, v[i].number)) err = each(im, &v[i]);
        if (count) after = v[count - 1].id;
    }
    free(v);
    return err;
}

static tp_err note_missing(import *im, const tp_voter *v) {
    int state;
    uint8_t credential[32];
    im->missing++;
    if (!im->remove_missing) return TP_OK;
    tp_err err = tp_roll_enrolled(im->store, v->id, &state, credential);
    if (!err && (state || v->voted)) complain(im, 0, "roll.started", v->number, started);
    return err;
}

static tp_err remove_one(import *im, const tp_voter *v) {
    im->removed++;
    return tp_store_voter_remove(im->store, v->id);
}

/* ---- apply ---- */

static tp_err apply_one(import *im, const tp_voter *v) {
    char words[TP_ROLL_WORDS];
    tp_voter before;
    bool found, may = true;
    tp_roll_words(words, v->name);
    if (!v->id) return tp_store_voter_add(im->store, v, words);
    tp_err err = tp_store_voter_get(im->store, v->id, &before, &found);
    if (!err && !found) return TP_REFUSED;
    unsigned bits = before.unit != v->unit ? 1u << UNIT : 0;
    if (before.channel != v->channel) bits |= 1u << CHANNEL;
    if (!err) err = may_move(im, v, bits, &may);
    if (!err && !may) return TP_REFUSED;
    return err ? err : tp_store_voter_update(im->store, v, words);
}

static tp_err apply_all(import *im) {
    uint64_t revision, total = im->added + im->changed;
    tp_err err = tp_roll_revision(im->store, &revision);
    if (!err && revision != im->revision) return TP_REFUSED;
    if (fflush(im->spool) || ferror(im->spool) || fseeko(im->spool, 0, SEEK_SET)) return TP_SYSTEM;
    for (uint64_t i = 0; i < total && !err; i++) {
        tp_voter v = {0};
        err = spool_get(im->spool, &v) ? apply_one(im, &v) : TP_SYSTEM;
        if (i % REPORT_EVERY == 0) tp_progress_print(NULL, "voters", i, total);
    }
    if (total) tp_progress_print(NULL, "voters", total, total);
    if (!err && im->remove_missing) err = for_missing(im, remove_one);
    return err ? err : tp_roll_revise(im->store, revision + 1);
}

/* ---- changes for the board ---- */

static bool differs(const tp_voter *a, const tp_voter *b) {
    return a->unit != b->unit || a->channel != b->channel || strcmp(a->name, b->name) != 0 ||
           strcmp(a->birth_date, b->birth_date) != 0;
}

static tp_err draft_removal(import *im, const tp_voter *v) {
    return tp_roll_draft_add(&im->draft, v, NULL) ? TP_REFUSED : TP_OK;
}

/* Rows of which only a contact is another are left for an import of their own. */
static int draft_changes(import *im) {
    tp_roll_draft *d = &im->draft;
    int code = tp_roll_draft_begin(d, im->data, &im->act);
    if (fflush(im->spool) || fseeko(im->spool, 0, SEEK_SET)) return store_failed(im);
    for (uint64_t i = 0; code == TP_EXIT_OK && i < im->added + im->changed; i++) {
        tp_voter v = {0}, now = {0};
        bool found = false;
        if (!spool_get(im->spool, &v) ||
            (v.id && tp_store_voter_get(im->store, v.id, &now, &found)))
            code = store_failed(im);
        else if (!found || differs(&v, &now))
            code = tp_roll_draft_add(d, found ? &now : NULL, &v);
    }
    if (code == TP_EXIT_OK && im->remove_missing && for_missing(im, draft_removal))
        code = TP_EXIT_REFUSED;
    return code == TP_EXIT_OK ? tp_roll_draft_finish(d, &im->act) : code;
}

static int apply_to_board(import *im) {
    if (!im->act.officers.count) return tp_say(TP_EXIT_REFUSED, "%s", tp_roll_needs_officers);
    int code = draft_changes(im);
    tp_roll_draft_end(&im->draft);
    return code;
}

static int apply(import *im) {
    bool committed;
    if (!im->added && !im->changed && !(im->remove_missing && im->missing)) return TP_EXIT_OK;
    if (tp_roll_is_committed(im->store, &committed)) return store_failed(im);
    if (committed && (im->bound || (im->remove_missing && im->missing))) return apply_to_board(im);
    tp_err err = tp_store_begin(im->store);
    bool begun = !err;
    if (!err) err = apply_all(im);
    if (!err)
        err = tp_store_commit(im->store);
    else if (begun)
        tp_store_rollback(im->store);
    if (err == TP_REFUSED)
        return tp_say(TP_EXIT_REFUSED, "the roll or an enrolment was changed while the file was "
                                       "read; nothing was stored, please repeat");
    return err ? store_failed(im) : TP_EXIT_OK;
}

/* ---- report ---- */

static void print_text(const import *im, bool stored) {
    typedef unsigned long long u;
    printf("%llu rows, %llu wrong, in %.1f s\n", (u)im->rows, (u)im->wrong, im->seconds);
    printf("  added %llu, changed %llu, as before %llu\n", (u)im->added, (u)im->changed,
           (u)im->same);
    for (size_t i = 0; i < FIELDS; i++)
        if (im->fields[i]) printf("    %s changed in %llu\n", field_names[i], (u)im->fields[i]);
    if (im->missing)
        printf("  on the roll but not in the file: %llu%s\n", (u)im->missing,
               im->remove_missing ? "" : " (kept; --remove-missing removes them)");
    if (im->twins)
        printf("  name and birth date of an earlier row: %llu (--errors names them)\n",
               (u)im->twins);
    if (im->wrong > SHOWN && !im->errors)
        printf("  the first %d wrong rows are shown; --errors FILE takes all\n", SHOWN);
    puts(stored ? "stored" : "nothing was stored");
}

static void print_json(const import *im, bool stored) {
    json_t *fields = json_object();
    for (size_t i = 0; i < FIELDS; i++)
        json_object_set_new(fields, field_names[i], json_integer((json_int_t)im->fields[i]));
    json_t *report =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:O, s:f, s:b}", "voters",
                  (json_int_t)im->rows, "wrong", (json_int_t)im->wrong, "twins",
                  (json_int_t)im->twins, "added", (json_int_t)im->added, "changed",
                  (json_int_t)im->changed, "same", (json_int_t)im->same, "missing",
                  (json_int_t)im->missing, "removed", (json_int_t)(stored ? im->removed : 0),
                  "fields", fields, "errors", im->shown, "seconds", im->seconds, "stored", stored);
    json_dumpf(report, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(report);
}

/* ---- the command ---- */

static int open_files(import *im) {
    struct stat st;
    im->in = fopen(im->file, "rb");
    if (!im->in) return tp_say(TP_EXIT_SYSTEM, "cannot read %s: %s", im->file, strerror(errno));
    setvbuf(im->in, NULL, _IONBF, 0);
    if (!fstat(fileno(im->in), &st) && S_ISREG(st.st_mode)) im->size = (uint64_t)st.st_size;
    if (im->errors) {
        int fd = open(im->errors, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        im->errors_file = fd < 0 ? NULL : fdopen(fd, "w");
        if (!im->errors_file)
            return tp_say(TP_EXIT_SYSTEM, "cannot write %s: %s", im->errors, strerror(errno));
        fputs("line,code,number,text\n", im->errors_file);
    }
    if (im->dry) return TP_EXIT_OK;
    im->spool = spool_open(im->data);
    return im->spool ? TP_EXIT_OK : TP_EXIT_SYSTEM;
}

/* A dry run needs no store: without one the present roll is empty. */
static int open_store(import *im) {
    char path[4096];
    if (!im->data) return TP_EXIT_OK;
    snprintf(path, sizeof path, "%s/tapat.db", im->data);
    if (im->dry && access(path, F_OK) != 0) return TP_EXIT_OK;
    im->store = tp_roll_open(im->data, im->dry);
    if (!im->store) return TP_EXIT_SYSTEM;
    tp_err err = tp_store_snapshot(im->store);
    if (!err) err = tp_roll_revision(im->store, &im->revision);
    return err ? store_failed(im) : TP_EXIT_OK;
}

static int run(import *im) {
    double begin = now_s();
    int code = open_files(im);
    if (code == TP_EXIT_OK) code = open_store(im);
    if (code != TP_EXIT_OK) return code;
    im->shown = json_array();
    code = read_rows(im);
    if (code == TP_EXIT_OK && im->store && for_missing(im, note_missing)) code = store_failed(im);
    if (im->store) tp_store_rollback(im->store); /* ends the snapshot */
    bool stored = code == TP_EXIT_OK && !im->wrong && !im->dry;
    if (stored) code = apply(im);
    if (im->errors_file && (fflush(im->errors_file) || ferror(im->errors_file)))
        code = tp_say(TP_EXIT_SYSTEM, "cannot write %s", im->errors);
    im->seconds = now_s() - begin;
    if (code != TP_EXIT_OK) return code;
    if (im->json)
        print_json(im, stored);
    else
        print_text(im, stored);
    return im->wrong ? TP_EXIT_REFUSED : TP_EXIT_OK;
}

static void finish(import *im) {
    tp_store_close(im->store);
    if (im->in) fclose(im->in);
    if (im->spool) fclose(im->spool);
    if (im->errors_file) fclose(im->errors_file);
    free(im->numbers.slot);
    free(im->people.slot);
    json_decref(im->shown);
    free(im);
}

/* "name=Voter's name" */
static void map_column(tp_roll_map *map, const char *text) {
    const char *eq = strchr(text, '=');
    for (size_t i = 0; eq && i < TP_ROLL_COLUMNS; i++) {
        if (strlen(tp_roll_columns[i]) != (size_t)(eq - text) ||
            strncmp(tp_roll_columns[i], text, (size_t)(eq - text)) != 0)
            continue;
        map->header[i] = eq + 1;
        return;
    }
    tp_usage("--column takes COLUMN=HEADER, the column one of number, name, birth_date, contact, "
             "unit, channel, contact2");
}

int tp_roll_import(int argc, char **argv) {
    import *im = calloc(1, sizeof *im);
    if (!im) return tp_say(TP_EXIT_SYSTEM, "out of memory");
    const char *words[1], *manifest = NULL, *separator = ",";
    tp_arg_list columns = {0};
    const tp_arg table[] = {
        {"--data", "DIR", TP_ARG_TEXT, &im->data, "the server's data folder"},
        {"--manifest", "FILE", TP_ARG_TEXT, &manifest, "the manifest that names the units"},
        {"--dry-run", NULL, TP_ARG_FLAG, &im->dry, "check and compare every row, store nothing"},
        {"--remove-missing", NULL, TP_ARG_FLAG, &im->remove_missing,
         "remove voters that the file has not"},
        {"--column", "COLUMN=HEADER", TP_ARG_LIST, &columns, "what the file calls a column"},
        {"--separator", "CHAR", TP_ARG_TEXT, &separator, "between fields: , or ; or tab (,)"},
        {"--errors", "FILE", TP_ARG_TEXT, &im->errors, "write every wrong row's line and reason"},
        {"--json", NULL, TP_ARG_FLAG, &im->json, "report as JSON"},
        ACT_OPTIONS(im->act),
        TP_ARG_END};
    if (tp_args(argc, argv, "roll import FILE.csv --manifest FILE (--data DIR | --dry-run)",
                "Checks a roll, compares it with the present one and imports it, wholly or not at "
                "all.\nColumns: number, name, birth_date (1990-12-31), contact, unit, and channel "
                "and contact2 if it has them. Once officers have committed to the roll\n"
                "they sign what changes: --record, --officer, and --server or --out.",
                table, words, 1) != 1)
        tp_usage("roll import takes a file");
    if (!manifest || (!im->data && !im->dry))
        tp_usage("--manifest, and --data or --dry-run, are needed");
    if (!strcmp(separator, "tab")) separator = "\t";
    if (strlen(separator) != 1 || !strchr(",;\t", separator[0]))
        tp_usage("--separator is , or ; or tab");
    im->file = words[0];
    im->separator = separator[0];
    tp_roll_map_init(&im->map);
    for (size_t i = 0; i < columns.count; i++)
        map_column(&im->map, columns.items[i]);
    tp_manifest m;
    int code;
    if (tp_roll_manifest(&m, manifest, &code)) {
        im->m = &m;
        code = run(im);
        tp_manifest_free(&m);
    }
    finish(im);
    return code;
}
