/* `tapat verify`: every check of a public record, offline, one line a check. */
#include <string.h>

#include "cli/cli.h"

static const char *const words[] = {"ok", "FAIL", "not yet"};

static void print_line(const tp_check *c) {
    printf("%-8s %-16s %s", words[c->verdict], c->check, c->detail);
    if (c->verdict == TP_FAIL)
        printf("%s%s%s%s", c->detail[0] ? " - " : "", c->fault.code, c->fault.where[0] ? ": " : "",
               c->fault.where);
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
            json_object_set_new(row, "where", json_string(c->fault.where));
        }
        json_array_append_new(checks, row);
    }
    json_t *root =
        json_pack("{s:s, s:b, s:o}", "fingerprint", fp, "verified", err == TP_OK, "checks", checks);
    json_dumpf(root, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(root);
}

int tp_cmd_verify(int argc, char **argv) {
    const char *dir, *fingerprint = NULL;
    uint64_t threads = 0;
    bool json = false;
    const tp_arg table[] = {
        {"--fingerprint", "HEX", TP_ARG_TEXT, &fingerprint, "the election's, known from elsewhere"},
        {"--threads", "N", TP_ARG_NUMBER, &threads, "as many as there are processors"},
        {"--json", NULL, TP_ARG_FLAG, &json, "the verdicts as JSON"},
        TP_ARG_END};
    if (tp_args(argc, argv, "verify DIR [options]",
                "Checks a public record from its files alone: the log, the manifest, the trustees' "
                "keys,\n"
                "every voter's credential, every ballot's signature and proof, the sums, the "
                "decryption and\n"
                "the results. Exit code 0 only if everything holds.",
                table, &dir, 1) != 1)
        tp_usage("verify takes the folder of a record");
    uint8_t known[32];
    if (fingerprint && !tp_unhex(known, 32, fingerprint))
        tp_usage("--fingerprint takes 64 hex digits");
    tp_verification v;
    tp_replay_options o = {.threads = threads ? (unsigned)threads : tp_cores(),
                           .progress = tp_progress_print};
    tp_err err = tp_verify(&v, dir, fingerprint ? known : NULL, &o);
    if (json) {
        print_json(&v, err);
    } else {
        for (size_t i = 0; i < v.count; i++)
            print_line(&v.checks[i]);
        puts(err == TP_OK ? "\nEverything that is on this board holds." : "\nNOT VERIFIED.");
    }
    return err == TP_OK ? TP_EXIT_OK : err == TP_SYSTEM ? TP_EXIT_SYSTEM : TP_EXIT_REFUSED;
}
