/* `tapat verify`: every check of a public record, offline, one line a check. */
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "record/archive.h"

static const char *const words[] = {"ok", "FAIL", "not yet"};

enum { WHERE = sizeof((tp_fault *)0)->where };

/* The object of a fault, which a stranger may have named: ASCII alone, and nothing that acts. */
static void visible(char out[static WHERE], const tp_check *c) {
    memcpy(out, c->fault.where, WHERE);
    tp_harmless(out);
    for (; *out; out++)
        if ((uint8_t)*out > 0x7e) *out = '?';
}

static void print_line(const tp_check *c) {
    char where[WHERE];
    visible(where, c);
    printf("%-8s %-16s %s", words[c->verdict], c->check, c->detail);
    if (c->verdict == TP_FAIL)
        printf("%s%s%s%s", c->detail[0] ? " - " : "", c->fault.code, where[0] ? ": " : "", where);
    putchar('\n');
}

static void print_json(const tp_verification *v, tp_err err) {
    char fp[65];
    tp_hex(fp, v->fingerprint, 32);
    json_t *checks = json_array();
    for (size_t i = 0; i < v->count; i++) {
        const tp_check *c = &v->checks[i];
        json_t *row = json_pack("{s:s, s:s, s:s}", "check", c->check, "verdict", words[c->verdict],
                                "detail", c->detail);
        if (c->verdict == TP_FAIL) {
            json_object_set_new(row, "code", json_string(c->fault.code));
            char where[WHERE];
            visible(where, c);
            json_object_set_new(row, "where", json_string(where));
        }
        json_array_append_new(checks, row);
    }
    json_t *root =
        json_pack("{s:s, s:b, s:o}", "fingerprint", fp, "verified", err == TP_OK, "checks", checks);
    json_dumpf(root, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(root);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where) {
    (void)st, (void)type, (void)where;
    return remove(path);
}

/* An archive is unpacked into a folder of its own, which goes afterwards. */
static tp_err verify_archive(tp_verification *v, const char *file, const uint8_t *known,
                             const tp_replay_options *o) {
    char dir[4096];
    const char *tmp = getenv("TMPDIR");
    tp_check *c = &v->checks[0];
    memset(v, 0, sizeof *v);
    *c = (tp_check){.check = "files", .verdict = TP_FAIL};
    v->count = 1;
    if (snprintf(dir, sizeof dir, "%s/tapat-verify-XXXXXX", tmp && *tmp ? tmp : "/tmp") >=
            (int)sizeof dir ||
        !mkdtemp(dir))
        return tp_fail(&c->fault, TP_SYSTEM, "system", "TMPDIR");
    tp_err err = tp_archive_extract(dir, file, &c->fault);
    if (!err) err = tp_verify(v, dir, known, o);
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return err;
}

int tp_cmd_verify(int argc, char **argv) {
    const char *dir, *fingerprint = NULL, *remember = NULL;
    uint64_t threads = 0;
    bool json = false;
    const tp_arg table[] = {
        {"--fingerprint", "HEX", TP_ARG_TEXT, &fingerprint, "the election's, known from elsewhere"},
        {"--threads", "N", TP_ARG_NUMBER, &threads, "as many as there are processors"},
        TP_REMEMBER_OPTION(&remember),
        {"--json", NULL, TP_ARG_FLAG, &json, "the verdicts as JSON"},
        TP_ARG_END};
    if (tp_args(
            argc, argv, "verify DIR|FILE [options]",
            "Checks a public record from its files alone: the log, the manifest, the trustees' "
            "keys,\n"
            "the roll's commitment, every voter's credential, every ballot's signature and proof,\n"
            "the sums, the decryption and the results. FILE: what `tapat archive` made; it is\n"
            "unpacked below TMPDIR. Exit code 0 only if everything holds.",
            table, &dir, 1) != 1)
        tp_usage("verify takes the folder or the archive of a record");
    uint8_t known[32];
    if (fingerprint && !tp_unhex(known, 32, fingerprint))
        tp_usage("--fingerprint takes 64 hex digits");
    tp_verification v;
    tp_remembered before;
    int code = tp_load_remembered(&before, remember);
    if (code != TP_EXIT_OK) return code;
    tp_replay_options o = {.threads = threads ? (unsigned)threads : tp_cores(),
                           .remember = remember ? &before : NULL,
                           .progress = tp_progress_print};
    struct stat st;
    bool archive = !stat(dir, &st) && S_ISREG(st.st_mode);
    tp_err err = (archive ? verify_archive : tp_verify)(&v, dir, fingerprint ? known : NULL, &o);
    if (json) {
        print_json(&v, err);
    } else {
        for (size_t i = 0; i < v.count; i++)
            print_line(&v.checks[i]);
        puts(err == TP_OK ? "\nEverything that is on this board holds." : "\nNOT VERIFIED.");
    }
    code = err == TP_OK       ? tp_save_remembered(&before, remember)
           : err == TP_SYSTEM ? TP_EXIT_SYSTEM
                              : TP_EXIT_REFUSED;
    tp_remembered_free(&before);
    return code;
}
