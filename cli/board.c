/* `tapat board`: proofs out of a public record, and a monitor that remembers what a server showed.
 *
 * The monitor's state is the fingerprint in hex, a newline, and the newest checkpoint that held.
 * Whatever comes later must continue it: attacks F2, F7.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "core/hash/hash.h"
#include "core/merkle/tiles.h"

enum { HEAD = 65, INTERVAL_S = 60 };

static json_t *json_nodes(const tp_hash *proof, size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        char hex[65];
        tp_hex(hex, proof[i].b, 32);
        json_array_append_new(list, json_string(hex));
    }
    return list;
}

/* ---- prove ---- */

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
    json_t *root = json_pack("{s:I, s:I, s:o}", inclusion ? "leaf" : "old_size", (json_int_t)n,
                             "size", (json_int_t)size, "proof", json_nodes(proof, count));
    json_dumpf(root, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(root);
    return TP_EXIT_OK;
}

/* ---- monitor ---- */

typedef struct {
    tp_http *http;
    const char *state;
    tp_manifest m;
    bool known; /* the state had a checkpoint */
    tp_checkpoint_seen old;
} monitor;

static int alarm_of(const char *what, const char *detail) {
    printf("ALARM %s: %s\n", what, detail);
    fflush(stdout);
    return TP_EXIT_REFUSED;
}

static tp_err fetch_tile(void *ctx, const tp_tile *tile, tp_hash hashes[static TP_TILE_WIDTH]) {
    char path[TP_TILE_PATH_MAX + 8] = "/board/";
    tp_tile_path(path + 7, tile);
    tp_answer a = tp_http_get(ctx, path);
    if (a.status != 200) return TP_SYSTEM;
    if (a.len != sizeof(tp_hash) * tile->width) return TP_MALFORMED;
    memcpy(hashes, a.bytes, a.len);
    return TP_OK;
}

/* Does the new tree begin with the old one? The tiles are proved by the two roots. */
static tp_err continues(monitor *w, const tp_checkpoint_seen *now) {
    tp_tile_source source;
    tp_hash proof[TP_TREE_MAX_PROOF];
    size_t count;
    tp_tile_source_init(&source, fetch_tile, w->http, now->size);
    tp_err err = tp_tree_prove_consistency(proof, &count, &source.source, w->old.size, now->size);
    if (err) return err;
    return tp_tree_check_consistency(w->old.size, now->size, &w->old.root, &now->root, proof,
                                     count);
}

static int compare(monitor *w, const tp_checkpoint_seen *now) {
    char detail[160];
    if (!w->known) return TP_EXIT_OK;
    snprintf(detail, sizeof detail, "%llu entries were shown before, now %llu",
             (unsigned long long)w->old.size, (unsigned long long)now->size);
    if (now->size < w->old.size) return alarm_of("rewind", detail);
    bool same = tp_equal(now->root.b, w->old.root.b, 32);
    if (now->size == w->old.size) return same ? TP_EXIT_OK : alarm_of("fork", detail);
    tp_err err = continues(w, now);
    if (err == TP_SYSTEM) return tp_say(TP_EXIT_SYSTEM, "the tiles cannot be fetched");
    return err ? alarm_of("removal", detail) : TP_EXIT_OK;
}

/* Reads the state; a monitor without one believes what it is shown first. */
static int load_state(monitor *w, char fingerprint[static HEAD]) {
    size_t len;
    tp_fault fault = {0};
    if (access(w->state, F_OK) != 0) return TP_EXIT_OK;
    char *text = (char *)tp_load_file(w->state, &len, HEAD + TP_NOTE_MAX);
    if (!text) return TP_EXIT_SYSTEM;
    bool good = len > HEAD && text[HEAD - 1] == '\n' && !memcmp(text, fingerprint, HEAD - 1);
    int code = TP_EXIT_OK;
    if (!good)
        code = alarm_of("fork", "the manifest is not the one of before");
    else if (tp_checkpoint_check(&w->old, text + HEAD, len - HEAD, &w->m, &fault) != TP_OK)
        code = tp_say_fault(&fault, w->state);
    w->known = code == TP_EXIT_OK;
    free(text);
    return code;
}

static int load_manifest(monitor *w, const char *told, char fingerprint[static HEAD]) {
    tp_fault fault = {0};
    tp_answer a = tp_http_get(w->http, "/board/manifest.json");
    if (a.status != 200) return tp_say_answer(&a, "manifest.json");
    if (tp_manifest_parse(&w->m, a.bytes, a.len, &fault) != TP_OK)
        return tp_say_fault(&fault, "manifest.json");
    tp_hex(fingerprint, w->m.fingerprint, 32);
    if (told && strcmp(told, fingerprint) != 0)
        return alarm_of("fork", "the manifest has another fingerprint");
    return load_state(w, fingerprint);
}

static int look(monitor *w, const char *fingerprint) {
    char text[HEAD + TP_NOTE_MAX];
    tp_checkpoint_seen now;
    tp_fault fault = {0};
    tp_answer a = tp_http_get(w->http, "/board/checkpoint");
    if (a.status != 200) return tp_say_answer(&a, "checkpoint");
    size_t len = a.len;
    if (len > TP_NOTE_MAX || tp_checkpoint_check(&now, a.bytes, len, &w->m, &fault) != TP_OK)
        return alarm_of("checkpoint", fault.code ? fault.code : "checkpoint.malformed");
    memcpy(text, fingerprint, HEAD - 1);
    text[HEAD - 1] = '\n';
    memcpy(text + HEAD, a.bytes, len); /* the connection's buffer is used for the tiles */
    int code = compare(w, &now);
    if (code != TP_EXIT_OK) return code;
    if (!w->known || now.size > w->old.size)
        printf("ok %llu entries, %u witnesses\n", (unsigned long long)now.size, now.witnesses);
    fflush(stdout);
    w->old = now;
    w->known = true;
    return tp_save_file(w->state, text, HEAD + len, false) ? TP_EXIT_OK : TP_EXIT_SYSTEM;
}

static int run(const char *server, const char *state, const char *told, uint64_t interval,
               bool once) {
    char fingerprint[HEAD];
    monitor w = {.http = tp_http_open(server), .state = state};
    if (!w.http) return tp_say(TP_EXIT_SYSTEM, "out of memory");
    int code = load_manifest(&w, told, fingerprint);
    while (code == TP_EXIT_OK) {
        code = look(&w, fingerprint);
        if (once) break;
        if (code == TP_EXIT_SYSTEM) code = TP_EXIT_OK; /* no answer is no evidence: try again */
        if (code == TP_EXIT_OK) sleep((unsigned)interval);
    }
    tp_manifest_free(&w.m);
    tp_http_close(w.http);
    return code;
}

int tp_cmd_board(int argc, char **argv) {
    const char *server = NULL, *state = NULL, *record = NULL, *told = NULL, *words[3];
    uint64_t interval = INTERVAL_S;
    bool once = false;
    const tp_arg table[] = {
        {"--record", "DIR", TP_ARG_TEXT, &record, "prove: the public record"},
        {"--server", "URL", TP_ARG_TEXT, &server, "monitor: the election's server or a mirror"},
        {"--state", "FILE", TP_ARG_TEXT, &state, "monitor: the newest checkpoint seen"},
        {"--fingerprint", "HEX", TP_ARG_TEXT, &told, "monitor: the election's, from elsewhere"},
        {"--interval", "S", TP_ARG_NUMBER, &interval, "monitor: seconds between looks (60)"},
        {"--once", NULL, TP_ARG_FLAG, &once, "monitor: look once"},
        TP_ARG_END};
    size_t n = tp_args(
        argc, argv,
        "board prove inclusion LEAF|consistency OLD --record DIR\n"
        "       tapat board monitor --server URL --state FILE [options]",
        "prove    print a proof out of a record's tiles, as JSON\n"
        "monitor  fetch checkpoints, and end with an alarm (exit code 1) if one does not hold or\n"
        "         does not continue the last one: rewind, fork, removal",
        table, words, 3);
    if (n == 3 && !strcmp(words[0], "prove") && record) return prove(record, words[1], words[2]);
    if (n != 1 || strcmp(words[0], "monitor") || !server || !state)
        tp_usage("board takes prove with --record, or monitor with --server and --state");
    if (!interval || interval > 86400) tp_usage("--interval is 1 to 86400");
    return run(server, state, told, interval, once);
}
