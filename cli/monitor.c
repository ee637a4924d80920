/* The monitor: monitor.h. Attacks F2, F7; spec: R-15.
 *
 *  1. Whatever is shown later must continue what was shown before, and go on.
 *  2. The state is the fingerprint in hex, a newline, "SECONDS moving" or "SECONDS ended", a
 * newline, and the newest checkpoint that held: when it was first seen, and whether more must come.
 * It is kept before the next look, and what raised an alarm is never kept.
 *  3. No answer is no evidence, until it has lasted as long as a stall.
 */
#include "cli/monitor.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/merkle/tiles.h"

enum { HEX = 64, HEAD_MAX = HEX + 1 + 20 + 1 + 6 + 1 };

typedef struct {
    const tp_monitor_options *o;
    tp_http *http;
    tp_manifest m;
    char fingerprint[HEX + 1];
    bool known; /* the state had a checkpoint */
    bool ended; /* nothing more has to come */
    uint64_t since;
    tp_checkpoint_seen old;
} monitor;

/* ---- what is said ---- */

static void say(const monitor *w, json_t *line, const char *text) {
    if (w->o->json) {
        json_dumpf(line, stdout, JSON_COMPACT);
        putchar('\n');
    } else {
        puts(text);
    }
    fflush(stdout);
    json_decref(line);
}

static int alarm_of(const monitor *w, const char *what, const char *detail) {
    char text[256];
    snprintf(text, sizeof text, "ALARM %s: %s", what, detail);
    say(w, json_pack("{s:s, s:s}", "alarm", what, "detail", detail), text);
    return TP_EXIT_REFUSED;
}

static void say_good(const monitor *w, const tp_checkpoint_seen *now) {
    char text[96], root[65];
    tp_hex(root, now->root.b, 32);
    snprintf(text, sizeof text, "ok %llu entries, %u witnesses", (unsigned long long)now->size,
             now->witnesses);
    say(w,
        json_pack("{s:I, s:s, s:i, s:b}", "size", (json_int_t)now->size, "root", root, "witnesses",
                  (int)now->witnesses, "ended", w->ended),
        text);
}

/* ---- tiles ---- */

static tp_err fetch_tile(void *ctx, const tp_tile *tile, tp_hash hashes[static TP_TILE_WIDTH]) {
    char path[TP_TILE_PATH_MAX + 8] = "/board/";
    tp_tile_path(path + 7, tile);
    tp_answer a = tp_http_get(ctx, path);
    if (a.status != 200) return TP_SYSTEM;
    if (a.len != sizeof(tp_hash) * tile->width) return TP_MALFORMED;
    memcpy(hashes, a.bytes, a.len);
    return TP_OK;
}

tp_err tp_fetch_consistency(tp_http *h, const tp_checkpoint_seen *old,
                            const tp_checkpoint_seen *now) {
    tp_tile_source source;
    tp_hash proof[TP_TREE_MAX_PROOF];
    size_t count;
    tp_tile_source_init(&source, fetch_tile, h, now->size);
    tp_err err = tp_tree_prove_consistency(proof, &count, &source.source, old->size, now->size);
    if (err) return err;
    return tp_tree_check_consistency(old->size, now->size, &old->root, &now->root, proof, count);
}

const char *tp_alarm_of(const tp_checkpoint_seen *old, const tp_checkpoint_seen *now,
                        tp_err consistent) {
    if (now->size < old->size) return "rewind";
    if (now->size == old->size) return tp_equal(now->root.b, old->root.b, 32) ? NULL : "fork";
    return consistent ? "removal" : NULL;
}

/* The last entry, proved under the root. */
static tp_err fetch_last(monitor *w, const tp_checkpoint_seen *now, tp_reader *entry) {
    tp_tile_source source;
    tp_hash proof[TP_TREE_MAX_PROOF], leaf;
    size_t count;
    char path[TP_TILE_PATH_MAX + 8] = "/board/";
    uint64_t last = now->size - 1, index = last / TP_TILE_WIDTH;
    tp_tile tile = {TP_TILE_ENTRIES, index, tp_tile_width(0, index, now->size)};
    tp_tile_source_init(&source, fetch_tile, w->http, now->size);
    tp_err err = tp_tree_prove_inclusion(proof, &count, &source.source, last, now->size);
    if (err) return err;
    tp_tile_path(path + 7, &tile);
    tp_answer a = tp_http_get(w->http, path);
    if (a.status != 200) return TP_SYSTEM;
    tp_reader r = tp_reader_of(a.bytes, a.len);
    for (unsigned i = 0; i < tile.width; i++)
        *entry = tp_bundle_next(&r);
    if (tp_read_end(&r)) return TP_MALFORMED;
    tp_tree_leaf(&leaf, entry->p, entry->left);
    return tp_tree_check_inclusion(&leaf, last, now->size, &now->root, proof, count);
}

/* Must more come? Not before the approval, and not after the publication. spec: R-15 */
static tp_err find_end(monitor *w, const tp_checkpoint_seen *now) {
    tp_reader bytes = {0};
    tp_entry e;
    tp_fault fault;
    w->ended = now->size <= 1;
    if (w->ended) return TP_OK;
    tp_err err = fetch_last(w, now, &bytes);
    if (err || tp_entry_read(&e, bytes.p, bytes.left, &fault)) return err;
    w->ended = e.type == TP_ENTRY_ACT && e.u.act.act == TP_ACT_PUBLISH;
    return TP_OK;
}

/* ---- a look ---- */

static int compare(monitor *w, const tp_checkpoint_seen *now) {
    char detail[160];
    tp_err err = TP_OK;
    if (w->known && now->size > w->old.size) err = tp_fetch_consistency(w->http, &w->old, now);
    if (err == TP_SYSTEM) return tp_say(TP_EXIT_SYSTEM, "the tiles cannot be fetched");
    const char *alarm = w->known ? tp_alarm_of(&w->old, now, err) : NULL;
    if (!alarm) return TP_EXIT_OK;
    snprintf(detail, sizeof detail, "%llu entries were shown before, now %llu",
             (unsigned long long)w->old.size, (unsigned long long)now->size);
    return alarm_of(w, alarm, detail);
}

/* Nothing new: has it lasted too long? */
static int check_stall(const monitor *w, int code) {
    char detail[160];
    uint64_t now = tp_unix_time();
    uint64_t limit = w->o->stall_s ? w->o->stall_s : 3 * tp_board_silence_s(&w->m);
    if (!w->known || w->ended || now < w->since || now - w->since < limit) return code;
    snprintf(detail, sizeof detail, "%llu entries for %llu seconds%s",
             (unsigned long long)w->old.size, (unsigned long long)(now - w->since),
             code ? ", and no answer" : "");
    return alarm_of(w, "stall", detail);
}

static int keep(monitor *w, const tp_checkpoint_seen *now, const void *note, size_t len) {
    char text[HEAD_MAX + TP_NOTE_MAX + 1];
    if (find_end(w, now)) return tp_say(TP_EXIT_SYSTEM, "the last entry cannot be fetched");
    w->since = tp_unix_time();
    int n = snprintf(text, sizeof text, "%s\n%llu %s\n", w->fingerprint,
                     (unsigned long long)w->since, w->ended ? "ended" : "moving");
    memcpy(text + n, note, len);
    if (!tp_save_file(w->o->state, text, (size_t)n + len, false)) return TP_EXIT_SYSTEM;
    w->old = *now;
    w->known = true;
    say_good(w, now);
    return TP_EXIT_OK;
}

static int look(monitor *w) {
    char note[TP_NOTE_MAX];
    tp_checkpoint_seen now;
    tp_fault fault = {0};
    tp_answer a = tp_http_get(w->http, "/board/checkpoint");
    if (a.status != 200) {
        tp_say_answer(&a, "checkpoint");
        return check_stall(w, TP_EXIT_SYSTEM);
    }
    size_t len = a.len;
    if (len > TP_NOTE_MAX || tp_checkpoint_check(&now, a.bytes, len, &w->m, &fault) != TP_OK)
        return alarm_of(w, "checkpoint", fault.code ? fault.code : "checkpoint.malformed");
    memcpy(note, a.bytes, len); /* the connection's buffer is used for the tiles */
    int code = compare(w, &now);
    if (code == TP_EXIT_REFUSED) return code;
    bool more = !w->known || now.size > w->old.size;
    if (code == TP_EXIT_OK && more) code = keep(w, &now, note, len);
    return code == TP_EXIT_OK && more ? code : check_stall(w, code);
}

/* ---- start ---- */

/* "SECONDS moving\n" or "SECONDS ended\n"; NULL if it is not that. */
static const char *read_since(monitor *w, const char *p) {
    char *end;
    if (*p < '0' || *p > '9') return NULL;
    w->since = strtoull(p, &end, 10);
    w->ended = !strncmp(end, " ended\n", 7);
    return w->ended ? end + 7 : !strncmp(end, " moving\n", 8) ? end + 8 : NULL;
}

/* Reads the state; a monitor without one believes what it is shown first. */
static int load_state(monitor *w) {
    size_t len;
    tp_fault fault = {0};
    if (access(w->o->state, F_OK) != 0) return TP_EXIT_OK;
    char *text = (char *)tp_load_file(w->o->state, &len, HEAD_MAX + TP_NOTE_MAX);
    if (!text) return TP_EXIT_SYSTEM;
    int code = TP_EXIT_OK;
    const char *note = len > HEX && text[HEX] == '\n' ? read_since(w, text + HEX + 1) : NULL;
    if (!note)
        code = tp_say(TP_EXIT_REFUSED, "%s is no state of a monitor", w->o->state);
    else if (memcmp(text, w->fingerprint, HEX) != 0)
        code = alarm_of(w, "fork", "the manifest is not the one of before");
    else if (tp_checkpoint_check(&w->old, note, len - (size_t)(note - text), &w->m, &fault) !=
             TP_OK)
        code = tp_say_fault(&fault, w->o->state);
    w->known = code == TP_EXIT_OK;
    free(text);
    return code;
}

static int begin(monitor *w) {
    tp_fault fault = {0};
    tp_answer a = tp_http_get(w->http, "/board/manifest.json");
    if (a.status != 200) return tp_say_answer(&a, "manifest.json");
    if (tp_manifest_parse(&w->m, a.bytes, a.len, &fault) != TP_OK)
        return tp_say_fault(&fault, "manifest.json");
    tp_hex(w->fingerprint, w->m.fingerprint, 32);
    if (w->o->fingerprint && strcmp(w->o->fingerprint, w->fingerprint) != 0)
        return alarm_of(w, "fork", "the manifest has another fingerprint");
    return load_state(w);
}

int tp_monitor_run(const tp_monitor_options *o) {
    monitor w = {.o = o, .http = tp_http_open(o->server)};
    if (!w.http) return tp_say(TP_EXIT_SYSTEM, "out of memory");
    int code = begin(&w);
    while (code == TP_EXIT_OK) {
        code = look(&w);
        if (o->once) break;
        if (code == TP_EXIT_SYSTEM) code = TP_EXIT_OK; /* try again */
        if (code == TP_EXIT_OK) sleep((unsigned)o->interval_s);
    }
    tp_manifest_free(&w.m);
    tp_http_close(w.http);
    return code;
}
