/* `tapat letter`: the register of code letters. Printing them is another program, tapat-letters,
 * beside this one: it alone links what draws. Neither register nor store nor list holds a code.
 * spec: L-22 */
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/letter.h"
#include "cli/letter_list.h"
#include "store/store.h"

enum { PAGE = 500 };

static const char *const states[TP_LETTER_STATES] = {NULL, "printed", "used", "void"};

static int print_rows(tp_store *s, json_t *all, uint64_t limit) {
    tp_letter *l = malloc(PAGE * sizeof *l);
    tp_err err = l ? TP_OK : TP_SYSTEM;
    int64_t before = 0;
    tp_voter v;
    bool found;
    for (size_t count = 1; !err && count && json_array_size(all) < limit;) {
        size_t room = (size_t)limit - json_array_size(all);
        err = tp_store_letters(s, before, l, room < PAGE ? room : PAGE, &count);
        for (size_t i = 0; !err && i < count; i++) {
            err = tp_store_voter_get(s, l[i].voter, &v, &found);
            json_array_append_new(all,
                                  json_pack("{s:I, s:s, s:s, s:I, s:I}", "id", (json_int_t)l[i].id,
                                            "number", !err && found ? v.number : "", "state",
                                            states[l[i].state], "printed", (json_int_t)l[i].printed,
                                            "updated", (json_int_t)l[i].updated));
            before = l[i].id;
        }
    }
    free(l);
    return err ? tp_say(TP_EXIT_SYSTEM, "the store cannot be read") : TP_EXIT_OK;
}

static void print_counts(tp_store *s) {
    uint64_t counts[TP_LETTER_STATES];
    if (tp_store_letter_counts(s, counts) != TP_OK) return;
    for (unsigned i = 1; i < TP_LETTER_STATES; i++)
        printf("%-8s %10llu\n", states[i], (unsigned long long)counts[i]);
}

static int list(int argc, char **argv) {
    const char *data = NULL;
    char path[4096];
    bool json = false;
    uint64_t limit = 1000;
    const tp_arg table[] = {{"--data", "DIR", TP_ARG_TEXT, &data, "the server's data folder"},
                            {"--limit", "N", TP_ARG_NUMBER, &limit, "at most (1000)"},
                            {"--json", NULL, TP_ARG_FLAG, &json, "every letter, for programs"},
                            TP_ARG_END};
    tp_store *s;
    tp_args(argc, argv, "letter list --data DIR", "Counts letters by state, or lists them.", table,
            NULL, 0);
    if (!data) tp_usage("--data is missing");
    snprintf(path, sizeof path, "%s/tapat.db", data);
    if (tp_store_open(&s, path, true) != TP_OK)
        return tp_say(TP_EXIT_SYSTEM, "%s holds no store of this version", data);
    int code = TP_EXIT_OK;
    if (json) {
        json_t *all = json_array();
        code = print_rows(s, all, limit);
        if (!code) json_dumpf(all, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(all);
    } else {
        print_counts(s);
    }
    tp_store_close(s);
    return code;
}

/* Letters of voters who are on the roll here; those that are there already change nothing. */
static tp_err load_rows(tp_store *s, const tp_letter_list *l, size_t *added, size_t *unknown) {
    uint64_t now = tp_unix_time();
    tp_letter had;
    tp_voter v;
    bool found = false, voter;
    tp_err err = tp_store_begin(s);
    for (size_t i = 0; !err && i < l->count; i++) {
        const tp_letter_row *r = &l->rows[i];
        err = tp_store_voter_find(s, r->number, &v, &voter);
        if (!err) err = tp_store_letter_find(s, r->key, &had, &found);
        *unknown += !err && !voter;
        if (err || found || !voter) continue;
        err = tp_store_letter_add(s, v.id, r->key, now);
        *added += !err;
    }
    if (!err) return tp_store_commit(s);
    tp_store_rollback(s);
    return err;
}

static int load_list(const char *data, const char *list, const tp_manifest *m) {
    char path[4096];
    tp_letter_list l;
    tp_store *s;
    size_t added = 0, unknown = 0;
    int code = tp_letter_list_read(&l, list, m);
    if (code != TP_EXIT_OK) return code;
    snprintf(path, sizeof path, "%s/tapat.db", data);
    if (access(path, R_OK) != 0 || tp_store_open(&s, path, false) != TP_OK) {
        tp_letter_list_free(&l);
        return tp_say(TP_EXIT_SYSTEM, "%s holds no store of this version", data);
    }
    if (load_rows(s, &l, &added, &unknown) != TP_OK)
        code = tp_say(TP_EXIT_SYSTEM, "the store: %s; nothing was stored", tp_store_error(s));
    else
        printf("%zu letters added; %zu to nobody on the roll\n", added, unknown);
    tp_store_close(s);
    tp_letter_list_free(&l);
    return code;
}

static int load(int argc, char **argv) {
    const char *data = NULL, *list = NULL, *manifest = NULL;
    tp_manifest m;
    tp_fault fault = {0};
    size_t len;
    const tp_arg table[] = {{"--data", "DIR", TP_ARG_TEXT, &data, "the server's data folder"},
                            {"--manifest", "FILE", TP_ARG_TEXT, &manifest, "the manifest"},
                            {"--list", "FILE", TP_ARG_TEXT, &list, "of who made the letters"},
                            TP_ARG_END};
    tp_args(argc, argv, "letter load --data DIR --manifest FILE --list FILE",
            "Tells the server which letters there are. The list holds no secret.", table, NULL, 0);
    if (!data || !list || !manifest) tp_usage("--data, --manifest and --list are needed");
    uint8_t *text = tp_load_file(manifest, &len, TP_MAX_DOCUMENT);
    if (!text) return TP_EXIT_SYSTEM;
    tp_err err = tp_manifest_parse(&m, text, len, &fault);
    free(text);
    if (err) return tp_say_fault(&fault, manifest);
    int code = load_list(data, list, &m);
    tp_manifest_free(&m);
    return code;
}

static int print(char **argv) {
    char own[4096], path[4200];
    ssize_t len = readlink("/proc/self/exe", own, sizeof own - 1);
    if (len <= 0) return tp_say(TP_EXIT_SYSTEM, "cannot tell where this program lies");
    own[len] = 0;
    snprintf(path, sizeof path, "%s/tapat-letters", dirname(own));
    execv(path, argv);
    return tp_say(TP_EXIT_SYSTEM, "%s is not there: build it with cairo, pango and libqrencode",
                  path);
}

int tp_cmd_letter(int argc, char **argv) {
    if (argc >= 2 && !strcmp(argv[1], "print")) return print(argv + 1);
    if (argc >= 2 && !strcmp(argv[1], "list")) return list(argc - 1, argv + 1);
    if (argc >= 2 && !strcmp(argv[1], "mail")) return tp_letter_mail(argc - 1, argv + 1);
    if (argc >= 2 && !strcmp(argv[1], "load")) return load(argc - 1, argv + 1);
    puts("usage: tapat letter print --roll FILE --list FILE --post UNIT --manifest FILE --url URL "
         "--out FILE.pdf\n"
         "       tapat letter print --specimen --post UNIT --manifest FILE --url URL --out "
         "FILE.pdf\n"
         "       tapat letter mail --roll FILE --list FILE --post UNIT --manifest FILE "
         "--config FILE\n"
         "       tapat letter load --data DIR --manifest FILE --list FILE\n"
         "       tapat letter list --data DIR [--json]\n");
    return argc >= 2 && !strcmp(argv[1], "--help") ? TP_EXIT_OK : TP_EXIT_USAGE;
}
