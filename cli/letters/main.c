/* `tapat letter print`: code letters of a post as a PDF, made where registrars are and not where
 * the server is: who sees a code is believed to be its voter.
 *
 *  choose   out of a copy of the roll (or of a store), voters of the post who vote online and have
 *           no letter that is still good; or one voter, whose older letter becomes void
 *  begin    the keys of the codes go to the list that registrars get, as begun, before any letter
 *           is drawn: there is never one that no list knows
 *  draw     into a file beside the one that is wanted; keys to the store if there is one here
 *  name     the whole file gets its name, durably
 *  end      the list says that they are out
 * A run that was killed leaves letters that stayed begun: the next one says so by number, and makes
 * new ones, which void them.
 * spec: chapter 4, L-19, L-22; chapter 10, Q-9.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "cli/cli.h"
#include "cli/letter_list.h"
#include "cli/letters/address.h"
#include "cli/letters/pdf.h"
#include "cli/roll_copy.h"
#include "election/code.h"
#include "election/evidence.h"
#include "store/store.h"

enum { PAGE = 500, LANGS_MAX = 8, LINK_MAX = 512 };

typedef struct {
    const char *data, *roll, *list, *manifest_file, *post, *url, *out, *voter;
    tp_address_file addresses;
    bool specimen;
    char (*address)[TP_ADDRESS]; /* of each voter; NULL: no file of them is given */
    size_t homeless;
    uint64_t limit;
    tp_manifest manifest;
    json_t *document;
    const char *langs[LANGS_MAX + 1];
    int unit;
    tp_store *store; /* NULL: a copy of the roll is read */
    tp_letter_list had;
    tp_voter *voters;
    tp_letter_row *letters;           /* one for each of them */
    uint8_t (*codes)[TP_LETTER_CODE]; /* and its code */
    size_t count, cap;
} batch;

/* ---- what is asked for ---- */

static int load_manifest(batch *b) {
    size_t len, i;
    tp_fault fault = {0};
    json_t *lang;
    uint8_t *text = tp_load_file(b->manifest_file, &len, TP_MAX_DOCUMENT);
    if (!text) return TP_EXIT_SYSTEM;
    tp_err err = tp_manifest_parse(&b->manifest, text, len, &fault);
    b->document = err ? NULL : json_loadb((char *)text, len, 0, NULL);
    free(text);
    if (err) return tp_say_fault(&fault, b->manifest_file);
    json_array_foreach(json_object_get(b->document, "languages"), i, lang) if (i < LANGS_MAX)
        b->langs[i] = json_string_value(lang);
    b->unit = -1;
    for (uint16_t u = 0; u < b->manifest.unit_count; u++)
        if (!strcmp(b->manifest.units[u].id, b->post)) b->unit = u;
    if (b->unit < 0) return tp_say(TP_EXIT_REFUSED, "no post %s in the manifest", b->post);
    if (!(b->manifest.units[b->unit].routes & TP_ROUTE_LETTER))
        return tp_say(TP_EXIT_REFUSED, "post %s has no code letters (manifest, enrol)", b->post);
    return TP_EXIT_OK;
}

/* ---- whom it is for ---- */

static tp_err wants_letter(const batch *b, const tp_voter *v, bool *wants) {
    tp_enrolment e;
    tp_letter l;
    const tp_letter_row *row = tp_letter_list_find(&b->had, v->number);
    bool enrolling, has, begun = row && row->begun;
    tp_err err = tp_store_enrolment_of(b->store, v->id, &e, &enrolling);
    if (!err) err = tp_store_letter_of(b->store, v->id, &l, &has);
    *wants = !err && v->unit == b->unit && v->channel == TP_CHANNEL_ONLINE && !*v->disabled &&
             !v->voted && !(enrolling && e.state >= TP_ENROL_WAITING);
    if (!b->voter) *wants = *wants && !(has && l.state == TP_LETTER_PRINTED && !begun);
    return err;
}

static void add(batch *b, const tp_voter *v) {
    if (b->count == b->cap) {
        b->cap = b->cap ? 2 * b->cap : 64;
        b->voters = realloc(b->voters, b->cap * sizeof *b->voters);
        b->letters = realloc(b->letters, b->cap * sizeof *b->letters);
        if (!b->voters || !b->letters) abort();
    }
    b->voters[b->count++] = *v;
}

static tp_err take(batch *b, const tp_voter *v) {
    bool wants;
    tp_err err = wants_letter(b, v, &wants);
    if (!err && wants) add(b, v);
    return err;
}

/* A row of the copy: a voter who votes online, so far as it says. */
static bool take_row(void *ctx, const tp_roll_row *row) {
    batch *b = ctx;
    tp_voter v = {.unit = row->unit};
    bool named = !b->voter || !strcmp(row->number, b->voter);
    bool online = !row->channel || row->channel == TP_CHANNEL_ONLINE;
    bool has = !b->voter && tp_letter_list_has(&b->had, row->number);
    if (!named || !online || has || row->unit != b->unit) return true;
    memcpy(v.number, row->number, sizeof v.number);
    memcpy(v.name, row->name, sizeof v.name);
    add(b, &v);
    return b->count < b->limit && !b->voter;
}

static tp_err choose(batch *b) {
    tp_voter *page = malloc(PAGE * sizeof *page), one;
    size_t count = 1;
    bool found;
    if (!page) abort();
    tp_err err = b->voter ? tp_store_voter_find(b->store, b->voter, &one, &found) : TP_OK;
    if (b->voter && !err && found) err = take(b, &one);
    int64_t after = 0;
    while (!b->voter && !err && count && b->count < b->limit) {
        err = tp_store_voters_after(b->store, after, page, PAGE, &count);
        for (size_t i = 0; !err && i < count && b->count < b->limit; i++)
            err = take(b, &page[i]);
        if (count) after = page[count - 1].id;
    }
    free(page);
    return err;
}

/* ---- letters ---- */

static void make_code(batch *b, size_t i) {
    uint8_t *code = b->codes[i], secret[32];
    char text[TP_CODE_TEXT];
    tp_random(code, TP_LETTER_CODE);
    tp_code_write(text, code, TP_LETTER_SYMBOLS);
    /* the bits that no symbol shows are zero, as in what is read back */
    if (tp_code_read(code, TP_LETTER_SYMBOLS, text, strlen(text)) != TP_OK) abort();
    tp_letter_row *row = &b->letters[i];
    *row = (tp_letter_row){.unit = (uint16_t)b->unit};
    memcpy(row->number, b->voters[i].number, sizeof row->number);
    if (tp_letter_key(secret, row->key, b->manifest.fingerprint, code) != TP_OK) abort();
    sodium_memzero(secret, sizeof secret);
    sodium_memzero(text, sizeof text);
}

static bool make_codes(batch *b) {
    b->codes = calloc(b->count, sizeof *b->codes);
    if (!b->codes || tp_group_select(NULL) != TP_OK) return false;
    for (size_t i = 0; i < b->count; i++)
        make_code(b, i);
    return true;
}

static void add_letter(batch *b, tp_letter_pdf *pdf, size_t i) {
    char text[TP_CODE_TEXT], link[LINK_MAX];
    const tp_unit *unit = &b->manifest.units[b->unit];
    tp_code_write(text, b->codes[i], TP_LETTER_SYMBOLS);
    snprintf(link, sizeof link, "%s/enrol#letter=%s", b->url, text);
    tp_letter_pdf_add(pdf, &(tp_letter_page){.name = b->voters[i].name,
                                             .number = b->voters[i].number,
                                             .post = unit->name,
                                             .country = unit->country,
                                             .address = b->address ? b->address[i] : "",
                                             .code = text,
                                             .link = link});
    sodium_memzero(text, sizeof text);
    sodium_memzero(link, sizeof link);
}

/* Durably, with every letter in it. */
static bool draw(batch *b, const char *path) {
    tp_letter_pdf *pdf =
        tp_letter_pdf_begin(path, b->manifest.title, b->url, b->langs, b->specimen);
    for (size_t i = 0; pdf && i < b->count; i++)
        add_letter(b, pdf, i);
    if (!pdf || !tp_letter_pdf_end(pdf)) return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool durable = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) close(fd);
    return durable;
}

/* ---- addresses ---- */

static int by_number(const void *a, const void *b) {
    return strcmp(((const tp_voter *)a)->number, ((const tp_voter *)b)->number);
}

static long place_of(void *ctx, const char *number) {
    const batch *b = ctx;
    tp_voter key;
    if (strlen(number) >= sizeof key.number) return -1;
    strcpy(key.number, number);
    const tp_voter *v = bsearch(&key, b->voters, b->count, sizeof *b->voters, by_number);
    return v ? (long)(v - b->voters) : -1;
}

/* Voters without an address are left out: a letter for them is printed in a run without the file.
 * spec: J-34 */
static bool find_addresses(batch *b) {
    size_t kept = 0;
    if (!b->addresses.file) return true;
    b->address = calloc(b->count + 1, sizeof *b->address);
    if (!b->address) abort();
    qsort(b->voters, b->count, sizeof *b->voters, by_number);
    if (!tp_addresses_read(b->address, &b->addresses, place_of, b)) return false;
    for (size_t i = 0; i < b->count; i++) {
        if (!*b->address[i]) continue;
        b->voters[kept] = b->voters[i];
        memmove(b->address[kept++], b->address[i], sizeof *b->address);
    }
    b->homeless = b->count - kept;
    b->count = kept;
    return true;
}

static tp_err store_all(batch *b) {
    uint64_t now = tp_unix_time();
    if (!b->store) return TP_OK;
    tp_err err = tp_store_begin(b->store);
    for (size_t i = 0; !err && i < b->count; i++)
        err = tp_store_letter_add(b->store, b->voters[i].id, b->letters[i].key, now);
    if (!err) return tp_store_commit(b->store);
    tp_store_rollback(b->store);
    return err;
}

static int open_source(batch *b) {
    char db[4096];
    int code = tp_letter_list_hold(&b->had, b->list, &b->manifest);
    if (code != TP_EXIT_OK || b->roll) return code;
    snprintf(db, sizeof db, "%s/tapat.db", b->data);
    if (access(db, R_OK) == 0 && tp_store_open(&b->store, db, false) == TP_OK) return TP_EXIT_OK;
    return tp_say(TP_EXIT_SYSTEM, "%s holds no store of this version", b->data);
}

static int choose_all(batch *b) {
    if (b->roll) return tp_roll_copy_read(b->roll, &b->manifest, take_row, b);
    return choose(b) == TP_OK ? TP_EXIT_OK : tp_say(TP_EXIT_SYSTEM, "the store cannot be read");
}

/* Letters that were begun and have not left: what voters had before counts again. */
static void take_back(const batch *b) {
    for (size_t i = 0; i < b->count; i++)
        if (!tp_letter_list_restore(&b->had, &b->manifest, b->letters[i].number)) return;
}

/* From begun to named. The file that is drawn is nobody's to print: it goes if anything fails. */
static bool make(batch *b) {
    char path[4096];
    snprintf(path, sizeof path, "%s.part", b->out);
    if (unlink(path) == 0)
        (void)tp_say(0, "%s, of a run that ended early, was removed: make those letters anew",
                     path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return tp_say(0, "%s cannot be written: %s", path, strerror(errno)), false;
    close(fd);
    bool begun = tp_letter_list_append(&b->had, &b->manifest, b->letters, b->count, true);
    bool drawn = begun && draw(b, path), ok = drawn && store_all(b) == TP_OK;
    if (begun && !drawn) (void)tp_say(0, "%s cannot be written", path);
    if (drawn && !ok) (void)tp_say(0, "the store: %s", tp_store_error(b->store));
    if (begun && !ok) take_back(b);
    if (ok && rename(path, b->out) != 0) {
        ok = false;
        (void)tp_say(0, "%s cannot be named: %s", b->out, strerror(errno));
    }
    if (!ok) unlink(path);
    return ok && tp_sync_folder(b->out);
}

static int print_all(batch *b) {
    size_t again = 0;
    umask(077);
    for (size_t i = 0; i < b->count; i++)
        again += tp_letter_list_say_begun(&b->had, b->voters[i].number);
    if (again) (void)tp_say(0, "do not send older letters of these %zu", again);
    if (!make_codes(b) || !make(b)) return TP_EXIT_SYSTEM;
    printf("%zu letters in %s\n", b->count, b->out);
    if (tp_letter_list_append(&b->had, &b->manifest, b->letters, b->count, false))
        return TP_EXIT_OK;
    return tp_say(TP_EXIT_SYSTEM, "they count, but the next run will make some of them anew");
}

/* A file of letters is not written over: what is in it may be on no paper yet. */
static int out_is_free(const batch *b) {
    size_t begun = 0;
    if (access(b->out, F_OK) != 0) return TP_EXIT_OK;
    for (size_t i = 0; i < b->had.count; i++)
        begun += b->had.rows[i].begun && b->had.rows[i].unit == b->unit;
    if (!begun)
        return tp_say(TP_EXIT_REFUSED,
                      "%s is there: send its letters and delete it, or name "
                      "another file",
                      b->out);
    return tp_say(TP_EXIT_REFUSED,
                  "%s is there, and a run that was to print %zu letters of this post ended early: "
                  "delete the file, send none of it, and run this again",
                  b->out, begun);
}

static int print(batch *b) {
    int code = open_source(b);
    if (code == TP_EXIT_OK) code = out_is_free(b);
    if (code == TP_EXIT_OK) code = choose_all(b);
    if (code != TP_EXIT_OK) return code;
    if (!find_addresses(b)) return TP_EXIT_REFUSED;
    if (b->homeless) (void)tp_say(0, "%zu voters have no address in the file", b->homeless);
    if (!b->count) return tp_say(TP_EXIT_REFUSED, "nobody is to get a letter");
    return print_all(b);
}

/* A letter to nobody: its code is in no register. spec: Q-9 */
static int print_specimen(batch *b) {
    tp_voter v = {.number = "12345678", .name = "SPECIMEN, JUANA"};
    tp_letter_row row;
    char address[TP_ADDRESS] = "123 Example Street\n4567 Example City\nEXAMPLE COUNTRY";
    b->voters = &v, b->letters = &row, b->address = &address, b->count = 1;
    umask(077);
    bool ok = make_codes(b) && draw(b, b->out);
    b->voters = NULL, b->letters = NULL, b->address = NULL;
    if (!ok) return tp_say(TP_EXIT_SYSTEM, "%s cannot be written", b->out);
    printf("a specimen in %s\n", b->out);
    return TP_EXIT_OK;
}

static void take_columns(batch *b, const tp_arg_list *columns, const char *separator) {
    for (size_t i = 0; i < columns->count; i++) {
        const char *text = columns->items[i];
        if (!strncmp(text, "number=", 7))
            b->addresses.number = text + 7;
        else if (!strncmp(text, "address=", 8))
            b->addresses.address = text + 8;
        else
            tp_usage("--column: number=HEADER or address=HEADER");
    }
    b->addresses.separator = !separator ? ',' : !strcmp(separator, "tab") ? '\t' : *separator;
    if (!strchr(",;\t", b->addresses.separator)) tp_usage("--separator: , or ; or tab");
}

int main(int argc, char **argv) {
    batch b = {.limit = 100000};
    tp_arg_list columns = {0};
    const char *separator = NULL;
    const tp_arg table[] = {
        {"--roll", "FILE", TP_ARG_TEXT, &b.roll, "a copy of the roll, CSV"},
        {"--data", "DIR", TP_ARG_TEXT, &b.data,
         "in place of it the server's data folder, where codes should not be made"},
        {"--list", "FILE", TP_ARG_TEXT, &b.list,
         "the list of letters, which grows: for `tapat registrar --letters`"},
        {"--manifest", "FILE", TP_ARG_TEXT, &b.manifest_file, "the manifest"},
        {"--post", "UNIT", TP_ARG_TEXT, &b.post, "whose voters"},
        {"--url", "URL", TP_ARG_TEXT, &b.url, "where voters open the pages, https://..."},
        {"--out", "FILE", TP_ARG_TEXT, &b.out, "the PDF"},
        {"--limit", "N", TP_ARG_NUMBER, &b.limit, "at most so many (100000)"},
        {"--voter", "NUMBER", TP_ARG_TEXT, &b.voter, "a letter to this voter alone, once more"},
        {"--addresses", "FILE.csv", TP_ARG_TEXT, &b.addresses.file,
         "number and address; stored nowhere. Only who has one gets a letter"},
        {"--column", "COLUMN=HEADER", TP_ARG_LIST, &columns, "what that file calls a column"},
        {"--separator", "CHAR", TP_ARG_TEXT, &separator, "between its fields: , or ; or tab (,)"},
        {"--specimen", NULL, TP_ARG_FLAG, &b.specimen,
         "how letters look: to nobody, with a code that proves nothing; no --data"},
        TP_ARG_END};
    if (sodium_init() < 0) return TP_EXIT_SYSTEM;
    tp_args(argc, argv,
            "letter print --roll FILE --list FILE --post UNIT --manifest FILE --url URL --out "
            "FILE.pdf",
            "Prints code letters to the voters of a post who vote online and hold none.\n"
            "The PDF holds secrets: print it, then delete it. A new letter voids the older one.\n"
            "The list holds none: registrars check with it, and the server gets a copy.",
            table, NULL, 0);
    if (!b.manifest_file || !b.post || !b.url || !b.out)
        tp_usage("--manifest, --post, --url and --out are needed");
    if (!b.specimen && (!b.list || !b.data == !b.roll))
        tp_usage("--list and either --roll or --data are needed");
    if (strlen(b.url) > LINK_MAX - 64) tp_usage("--url is too long");
    take_columns(&b, &columns, separator);
    int code = load_manifest(&b);
    if (!code) code = b.specimen ? print_specimen(&b) : print(&b);
    tp_store_close(b.store);
    tp_manifest_free(&b.manifest);
    json_decref(b.document);
    free(b.voters);
    tp_letter_list_free(&b.had);
    free(b.letters);
    if (b.codes) sodium_memzero(b.codes, b.count * sizeof *b.codes);
    free(b.codes);
    free(b.address);
    return code;
}
