/* `tapat board`: proofs out of a public record, a check of its log and of older checkpoints, and a
 * monitor (monitor.h). Attacks F2, F7.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/monitor.h"
#include "core/hash/hash.h"

enum { INTERVAL_S = 60, OLDER_MAX = 32 };

static void print_json(json_t *root) {
    json_dumpf(root, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(root);
}

/* ---- prove ---- */

static json_t *json_nodes(const tp_hash *proof, size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        char hex[65];
        tp_hex(hex, proof[i].b, 32);
        json_array_append_new(list, json_string(hex));
    }
    return list;
}

static int prove(const char *dir, const char *kind, const char *number) {
    tp_record *r;
    tp_fault fault = {0};
    tp_hash proof[TP_TREE_MAX_PROOF];
    size_t count = 0;
    char *end;
    uint64_t n = strtoull(number, &end, 10);
    bool inclusion = !strcmp(kind, "inclusion");
    if (*end || number[0] < '0' || number[0] > '9' || (!inclusion && strcmp(kind, "consistency")))
        tp_usage("prove takes inclusion LEAF or consistency OLD_SIZE");
    if (tp_record_open(&r, dir, &fault) != TP_OK) return tp_say_fault(&fault, dir);
    uint64_t size = tp_record_size(r);
    tp_record_close(r);
    tp_err err = inclusion ? tp_record_inclusion(proof, &count, dir, n, size)
                           : tp_record_consistency(proof, &count, dir, n, size);
    if (err) return tp_say(TP_EXIT_REFUSED, "no such proof: %s", tp_err_name(err));
    print_json(json_pack("{s:s, s:I, s:I, s:o}", "proof_of", kind, inclusion ? "leaf" : "old_size",
                         (json_int_t)n, "size", (json_int_t)size, "proof",
                         json_nodes(proof, count)));
    return TP_EXIT_OK;
}

/* ---- check ---- */

typedef struct {
    bool json;
    tp_manifest m;
    tp_checkpoint_seen now;
    tp_record *record; /* its log was checked; or */
    tp_http *http;     /* whoever has the tiles */
    json_t *checks;
    int code;
} check;

/* One line of the report. wrong: NULL, a fault code or the name of an alarm. */
static void report(check *c, const char *what, const char *wrong, const char *detail, int code) {
    if (wrong && c->code < code) c->code = code;
    if (c->json)
        json_array_append_new(c->checks,
                              json_pack("{s:s, s:s, s:s*, s:s}", "check", what, "verdict",
                                        wrong ? "FAIL" : "ok", "code", wrong, "detail", detail));
    else
        printf("%-4s %s  %s%s%s\n", wrong ? "FAIL" : "ok", what, wrong ? wrong : "",
               wrong ? ": " : "", detail);
}

static void report_fault(check *c, const char *what, const tp_fault *f) {
    report(c, what, f->code, f->where, f->err == TP_SYSTEM ? TP_EXIT_SYSTEM : TP_EXIT_REFUSED);
}

/* A note of this election; false: reported under its name. */
static bool read_checkpoint(check *c, tp_checkpoint_seen *seen, const char *name, const void *note,
                            size_t len) {
    tp_fault fault = {.code = ""};
    if (tp_checkpoint_check(seen, note, len, &c->m, &fault) == TP_OK) return true;
    report_fault(c, name, &fault);
    return false;
}

/* Is the older tree the beginning of this one? TP_SYSTEM: cannot be said. */
static tp_err begins_with(check *c, const tp_checkpoint_seen *old) {
    uint8_t root[32];
    if (!c->record) return tp_fetch_consistency(c->http, old, &c->now);
    if (!tp_record_trusted_root(c->record, old->size, root)) return TP_SYSTEM;
    return tp_equal(root, old->root.b, 32) ? TP_OK : TP_INVALID;
}

static void check_older(check *c, const char *path) {
    size_t len;
    char detail[96];
    tp_checkpoint_seen old;
    uint8_t *note = tp_load_file(path, &len, TP_NOTE_MAX);
    if (!note) {
        c->code = TP_EXIT_SYSTEM;
        return;
    }
    bool holds = read_checkpoint(c, &old, path, note, len);
    free(note);
    if (!holds) return;
    tp_err err = old.size < c->now.size ? begins_with(c, &old) : TP_OK;
    snprintf(detail, sizeof detail, "%llu entries, now %llu", (unsigned long long)old.size,
             (unsigned long long)c->now.size);
    if (err == TP_SYSTEM)
        report(c, path, "system", "the tiles cannot be read", TP_EXIT_SYSTEM);
    else
        report(c, path, tp_alarm_of(&old, &c->now, err), detail, TP_EXIT_REFUSED);
}

static bool check_now(check *c, const void *note, size_t len) {
    char detail[96];
    if (!read_checkpoint(c, &c->now, "checkpoint", note, len)) return false;
    snprintf(detail, sizeof detail, "%llu entries, %u witnesses", (unsigned long long)c->now.size,
             c->now.witnesses);
    report(c, "checkpoint", NULL, detail, 0);
    return true;
}

static bool parse_manifest(check *c, const void *bytes, size_t len, const char *told) {
    char fingerprint[65];
    tp_fault fault = {.code = ""};
    if (tp_manifest_parse(&c->m, bytes, len, &fault) != TP_OK) {
        report_fault(c, "manifest", &fault);
        return false;
    }
    tp_hex(fingerprint, c->m.fingerprint, 32);
    bool same = !told || !strcmp(told, fingerprint);
    report(c, "manifest", same ? NULL : "manifest.fingerprint", fingerprint, TP_EXIT_REFUSED);
    return same;
}

/* A file of the record, or said. */
static uint8_t *load(const char *dir, const char *name, size_t *len, size_t max) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return tp_load_file(path, len, max);
}

static bool begin_record(check *c, const char *dir, const char *told) {
    size_t len, note_len = 0;
    tp_fault fault = {.code = ""};
    uint8_t *json = load(dir, "manifest.json", &len, TP_MAX_DOCUMENT);
    uint8_t *note = json ? load(dir, "checkpoint", &note_len, TP_NOTE_MAX) : NULL;
    if (!note) c->code = TP_EXIT_SYSTEM;
    bool good = note && parse_manifest(c, json, len, told) && check_now(c, note, note_len);
    free(json);
    free(note);
    if (!good) return false;
    tp_err err = tp_record_open(&c->record, dir, &fault);
    if (!err) err = tp_record_check_log(c->record, &fault);
    if (err)
        report_fault(c, "log", &fault);
    else
        report(c, "log", NULL, "every tile and every entry", 0);
    return !err;
}

static bool begin_server(check *c, const char *server, const char *told) {
    c->http = tp_http_open(server);
    if (!c->http) return false;
    tp_answer a = tp_http_get(c->http, "/board/manifest.json");
    if (a.status != 200) {
        c->code = tp_say_answer(&a, "manifest.json");
        return false;
    }
    if (!parse_manifest(c, a.bytes, a.len, told)) return false;
    a = tp_http_get(c->http, "/board/checkpoint");
    if (a.status == 200) return check_now(c, a.bytes, a.len);
    c->code = tp_say_answer(&a, "checkpoint");
    return false;
}

/* Of two checkpoints that both begin this log, the smaller begins the larger. */
static int run_check(const char *dir, const char *server, const char *told, bool json,
                     const char **older, size_t count) {
    check c = {.json = json, .checks = json_array()};
    bool go_on = dir ? begin_record(&c, dir, told) : begin_server(&c, server, told);
    for (size_t i = 0; go_on && i < count; i++)
        check_older(&c, older[i]);
    if (json)
        print_json(json_pack("{s:I, s:b, s:O}", "size", (json_int_t)c.now.size, "good",
                             c.code == TP_EXIT_OK, "checks", c.checks));
    json_decref(c.checks);
    if (c.record) tp_record_close(c.record);
    if (c.http) tp_http_close(c.http);
    tp_manifest_free(&c.m);
    return c.code;
}

/* ---- the command ---- */

static const char about[] =
    "prove    print a proof out of a record's tiles, as JSON\n"
    "check    check the checkpoint, and that the older ones in FILES are of the same log: of a\n"
    "         record every tile and entry, of a server what proves it\n"
    "monitor  fetch checkpoints, and end with an alarm (exit code 1) if one does not hold or\n"
    "         does not continue the last one (rewind, fork, removal), or if none comes (stall)\n"
    "Exit codes: 0 good, 1 refused, 2 a wrong call, 3 files or network.";

int tp_cmd_board(int argc, char **argv) {
    const char *record = NULL, *words[OLDER_MAX + 1];
    tp_monitor_options o = {.interval_s = INTERVAL_S};
    const tp_arg table[] = {
        {"--record", "DIR", TP_ARG_TEXT, &record, "prove, check: the public record"},
        {"--server", "URL", TP_ARG_TEXT, &o.server,
         "monitor, check: the election's server or a mirror"},
        {"--state", "FILE", TP_ARG_TEXT, &o.state, "monitor: the newest checkpoint seen"},
        {"--fingerprint", "HEX", TP_ARG_TEXT, &o.fingerprint, "the election's, from elsewhere"},
        {"--interval", "S", TP_ARG_NUMBER, &o.interval_s, "monitor: seconds between looks (60)"},
        {"--stall", "S", TP_ARG_NUMBER, &o.stall_s,
         "monitor: seconds without a new checkpoint (30 of the manifest's intervals)"},
        {"--once", NULL, TP_ARG_FLAG, &o.once, "monitor: look once"},
        {"--json", NULL, TP_ARG_FLAG, &o.json, "check, monitor: say it as JSON"},
        TP_ARG_END};
    size_t n =
        tp_args(argc, argv,
                "board prove inclusion LEAF|consistency OLD --record DIR\n"
                "       tapat board check [FILE...] (--record DIR | --server URL) [options]\n"
                "       tapat board monitor --server URL --state FILE [options]",
                about, table, words, OLDER_MAX + 1);
    if (n == 3 && !strcmp(words[0], "prove") && record) return prove(record, words[1], words[2]);
    if (n && !strcmp(words[0], "check") && !record != !o.server)
        return run_check(record, o.server, o.fingerprint, o.json, words + 1, n - 1);
    if (n != 1 || strcmp(words[0], "monitor") || !o.server || !o.state)
        tp_usage("board takes prove with --record, check with --record or --server, or monitor "
                 "with --server and --state");
    if (!o.interval_s || o.interval_s > 86400) tp_usage("--interval is 1 to 86400");
    return tp_monitor_run(&o);
}
