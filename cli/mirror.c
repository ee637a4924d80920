/* `tapat mirror` copies the public record over HTTP; `tapat submit` sends messages that were
 * written to files. */
#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "core/merkle/tiles.h"

enum { TRIES = 20, WAIT_MS = 250, BUNDLE_MAX = TP_TILE_WIDTH * (2 + UINT16_MAX) };

typedef struct {
    tp_http *http;
    const char *dir;
    bool missing;         /* the last fetch was answered 404 */
    uint64_t size, files; /* of the checkpoint; fetched */
} mirror;

/* Makes the folders that DIR/path lies in. */
static bool make_folders(const char *dir, const char *path) {
    char full[1024];
    snprintf(full, sizeof full, "%s/%s", dir, path);
    for (char *p = full + 1; *p; p++) {
        if (*p != '/') continue;
        *p = 0;
        if (mkdir(full, 0755) != 0 && errno != EEXIST) return false;
        *p = '/';
    }
    return true;
}

/* Fetches one file of min to max bytes; one that is there already is not fetched unless `fresh`. */
static int fetch(mirror *m, const char *path, bool fresh, size_t min, size_t max) {
    char url[1024], full[1024];
    snprintf(url, sizeof url, "/board/%s", path);
    snprintf(full, sizeof full, "%s/%s", m->dir, path);
    m->missing = false;
    if (!fresh && access(full, F_OK) == 0) return TP_EXIT_OK;
    tp_answer a = tp_http_get(m->http, url);
    m->missing = a.status == 404;
    if (m->missing) return TP_EXIT_REFUSED;
    if (a.status != 200) return tp_say_answer(&a, path);
    if (a.len < min || a.len > max)
        return tp_say(TP_EXIT_REFUSED, "%s: %zu bytes, which is no such file", path, a.len);
    if (!make_folders(m->dir, path)) return tp_say(TP_EXIT_SYSTEM, "cannot write to %s", m->dir);
    m->files++;
    return tp_save_file(full, a.bytes, a.len, false) ? TP_EXIT_OK : TP_EXIT_SYSTEM;
}

static int fetch_document(mirror *m, const uint8_t hash[static 32]) {
    char path[80] = "document/";
    tp_hex(path + 9, hash, 32);
    return fetch(m, path, false, 1, TP_MAX_DOCUMENT);
}

/* All tiles and bundles of a tree of `size`. */
static int fetch_tiles(mirror *m, uint64_t size) {
    tp_tile_iter it = tp_tiles_changed(0, size);
    tp_tile tile;
    char path[TP_TILE_PATH_MAX];
    int code = TP_EXIT_OK;
    while (code == TP_EXIT_OK && tp_tiles_next(&it, &tile)) {
        tp_tile_path(path, &tile);
        size_t len = sizeof(tp_hash) * tile.width;
        code = fetch(m, path, false, len, len);
        if (code != TP_EXIT_OK || tile.level != 0) continue;
        tp_progress_print(NULL, "tiles", tile.index * TP_TILE_WIDTH + tile.width, size);
        tile.level = TP_TILE_ENTRIES;
        tp_tile_path(path, &tile);
        code = fetch(m, path, false, 1, BUNDLE_MAX);
    }
    return code;
}

/* The documents that entries name. */
static int fetch_documents(mirror *m) {
    tp_record *r;
    tp_fault fault = {0};
    if (tp_record_open(&r, m->dir, &fault) != TP_OK) return tp_say_fault(&fault, m->dir);
    int code = TP_EXIT_OK;
    for (uint64_t i = 0; i < tp_record_size(r) && code == TP_EXIT_OK; i++) {
        const uint8_t *bytes;
        size_t len;
        tp_entry e;
        if (tp_record_entry(r, i, &bytes, &len, &fault) != TP_OK ||
            tp_entry_read(&e, bytes, len, &fault) != TP_OK) {
            code = tp_say_fault(&fault, m->dir);
            break;
        }
        if (e.type == TP_ENTRY_MANIFEST || e.type == TP_ENTRY_SHARES)
            code = fetch_document(m, e.u.document.hash);
        if (e.type == TP_ENTRY_ACT &&
            (e.u.act.act == TP_ACT_FREEZE || e.u.act.act == TP_ACT_PUBLISH))
            code = fetch_document(m, e.u.act.subject);
    }
    tp_record_close(r);
    return code;
}

/* One try: the checkpoint first, so that all that it covers is there. */
static int copy_once(mirror *m) {
    tp_record *r;
    tp_fault fault = {0};
    static const char *const names[] = {"manifest.json", "results.json", "results.csv"};
    int code = fetch(m, "checkpoint", true, 1, TP_NOTE_MAX);
    if (code != TP_EXIT_OK) return code;
    if (tp_record_open(&r, m->dir, &fault) != TP_OK) return tp_say_fault(&fault, m->dir);
    m->size = tp_record_size(r);
    tp_record_close(r);
    code = fetch_tiles(m, m->size);
    if (code == TP_EXIT_OK) code = fetch_documents(m);
    for (size_t i = 0; i < 3 && code == TP_EXIT_OK; i++) {
        code = fetch(m, names[i], true, 1, TP_MAX_DOCUMENT);
        if (m->missing && i > 0) code = TP_EXIT_OK; /* no results yet */
    }
    return code;
}

/* Removes the partial tiles of an earlier, smaller tree. */
static int remove_partial(const char *path, const struct stat *st, int type, struct FTW *where) {
    (void)st, (void)where;
    if (type == FTW_F && strstr(path, ".p/")) return unlink(path);
    size_t len = strlen(path);
    return type == FTW_DP && len > 2 && !strcmp(path + len - 2, ".p") ? rmdir(path) : 0;
}

int tp_cmd_mirror(int argc, char **argv) {
    const char *server = NULL, *dir;
    bool json = false;
    const tp_arg table[] = {
        {"--server", "URL", TP_ARG_TEXT, &server, "the election's server, or a mirror"},
        {"--json", NULL, TP_ARG_FLAG, &json, "say what was copied as JSON"},
        TP_ARG_END};
    if (tp_args(argc, argv, "mirror --server URL DIR [--json]",
                "Copies the public record into a new folder. Check it with `tapat verify DIR`.",
                table, &dir, 1) != 1 ||
        !server)
        tp_usage("mirror takes --server and a folder");
    if (mkdir(dir, 0755) != 0)
        return tp_say(TP_EXIT_SYSTEM, "cannot make %s: %s", dir, strerror(errno));
    mirror m = {.http = tp_http_open(server), .dir = dir};
    int code = TP_EXIT_SYSTEM;
    for (int i = 0; i < TRIES; i++) { /* the board may have grown: partial tiles are replaced */
        code = copy_once(&m);
        if (code == TP_EXIT_OK || !m.missing) break;
        nanosleep(&(struct timespec){.tv_nsec = WAIT_MS * 1000000L}, NULL);
        nftw(dir, remove_partial, 16, FTW_DEPTH | FTW_PHYS);
    }
    if (m.missing && code != TP_EXIT_OK)
        tp_say(0, "nothing is published yet, or it grew faster than it could be read");
    if (json && code == TP_EXIT_OK)
        printf("{\"size\":%llu,\"files\":%llu}\n", (unsigned long long)m.size,
               (unsigned long long)m.files);
    tp_http_close(m.http);
    return code;
}

static int submit_file(const char *server, const char *path) {
    size_t len;
    uint8_t *bytes = tp_load_file(path, &len, TP_MAX_DOCUMENT + TP_MAX_ENTRY + 8);
    if (!bytes) return TP_EXIT_SYSTEM;
    tp_reader r = tp_reader_of(bytes, len);
    tp_reader entry = tp_read_vector(&r, 1, TP_MAX_ENTRY);
    tp_reader document = tp_read_vector(&r, 0, TP_MAX_DOCUMENT);
    int code = tp_read_end(&r) == TP_OK
                   ? tp_submit(server, entry.p, entry.left, document.p, document.left)
                   : tp_say(TP_EXIT_REFUSED, "%s is no message of this program", path);
    free(bytes);
    return code;
}

int tp_cmd_submit(int argc, char **argv) {
    const char *server = NULL, *paths[64];
    const tp_arg table[] = {{"--server", "URL", TP_ARG_TEXT, &server, "the election's server"},
                            TP_ARG_END};
    size_t n = tp_args(argc, argv, "submit --server URL FILE...",
                       "Sends signed messages that officers or trustees wrote to files.", table,
                       paths, 64);
    if (!n || !server) tp_usage("submit takes --server and at least one file");
    int code = TP_EXIT_OK;
    for (size_t i = 0; i < n && code == TP_EXIT_OK; i++)
        code = submit_file(server, paths[i]);
    return code;
}
