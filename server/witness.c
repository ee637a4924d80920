/* A witness of logs: witness.h. spec: chapter 8, T-15..T-19.
 *
 *   parse -> known origin -> its signature -> the size that was last cosigned -> consistency
 *   -> keep size and root on the disk -> sign
 *
 * Invariants
 *  1. What is signed was on the disk first: size and root of each log in STATE/<SHA-256 of its
 *     origin>, a checkpoint's text. A crash between the two loses a signature, never a promise.
 *  2. No two roots of one size, and no tree that does not begin with the last one, are ever signed.
 *  3. One request at a time: check and change of a log's state cannot interleave with others'.
 */
#include "server/witness.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/hash/hash.h"
#include "server/http.h"
#include "server/log.h"

typedef struct {
    char *origin;
    tp_vkey key;
    char file[65];
    uint64_t size; /* that was last cosigned; 0 if none was */
    tp_hash root;
} watched;

struct tp_witness {
    int folder, lock_fd;
    char *name;
    tp_vkey key;
    uint8_t secret[64];
    watched *logs;
    size_t count;
    pthread_mutex_t lock;
};

/* ---- state ---- */

static tp_err load(tp_witness *w, watched *log) {
    char text[TP_CHECKPOINT_MAX + 1];
    tp_checkpoint c;
    tp_tree_root(&log->root, NULL, 0);
    int fd = openat(w->folder, log->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return errno == ENOENT ? TP_OK : TP_SYSTEM;
    ssize_t len = read(fd, text, sizeof text);
    close(fd);
    if (len < 0) return TP_SYSTEM;
    tp_err err = tp_checkpoint_parse(&c, text, (size_t)len);
    if (err) return err;
    if (c.origin_len != strlen(log->origin) || memcmp(c.origin, log->origin, c.origin_len))
        return TP_MALFORMED;
    log->size = c.size;
    log->root = c.root;
    return TP_OK;
}

static bool write_durably(int folder, const char *name, const void *bytes, size_t len) {
    static const char temporary[] = ".new";
    int fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return false;
    bool ok = write(fd, bytes, len) == (ssize_t)len && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    return ok && renameat(folder, temporary, folder, name) == 0 && fsync(folder) == 0;
}

static bool keep(tp_witness *w, watched *log, const tp_checkpoint *c) {
    char text[TP_CHECKPOINT_MAX];
    tp_writer out = tp_writer_of(text, sizeof text);
    if (log->size == c->size) return true; /* the same root: it is there */
    tp_checkpoint_format(&out, c);
    if (tp_write_end(&out) || !write_durably(w->folder, log->file, text, out.len)) return false;
    log->size = c->size;
    log->root = c->root;
    return true;
}

/* The first pair of roots that show the log's key to have signed two trees: kept for everyone. */
static void keep_evidence(tp_witness *w, const watched *log, const tp_note *n) {
    char name[80];
    snprintf(name, sizeof name, "%s.fork", log->file);
    if (faccessat(w->folder, name, F_OK, 0) == 0) return;
    size_t len = (size_t)(n->lines + n->lines_len - n->text);
    if (!write_durably(w->folder, name, n->text, len)) tp_log("evidence-lost", "", " ");
}

/* ---- a request ---- */

typedef struct {
    uint64_t old_size;
    tp_hash proof[TP_WITNESS_PROOF_MAX];
    size_t count;
    tp_note note;
    tp_checkpoint at;
} submission;

/* Takes a line off the front, without its newline; false if there is none. */
static bool next_line(const char **at, const char *end, const char **line, size_t *len) {
    const char *stop = memchr(*at, '\n', (size_t)(end - *at));
    if (!stop) return false;
    *line = *at;
    *len = (size_t)(stop - *at);
    *at = stop + 1;
    return true;
}

/* "old N", decimal without leading zeros. */
static bool parse_old(uint64_t *size, const char *line, size_t len) {
    if (len < 5 || len > 4 + 19 || memcmp(line, "old ", 4)) return false;
    if (line[4] == '0' && len > 5) return false;
    *size = 0;
    for (size_t i = 4; i < len; i++) {
        if (line[i] < '0' || line[i] > '9') return false;
        *size = *size * 10 + (uint64_t)(line[i] - '0');
    }
    return *size <= TP_TREE_MAX_SIZE;
}

/* spec: T-16 */
static bool parse(submission *s, const char *body, size_t len) {
    const char *at = body, *end = body + len, *line;
    size_t line_len, got;
    s->count = 0;
    if (!next_line(&at, end, &line, &line_len) || !parse_old(&s->old_size, line, line_len))
        return false;
    while (next_line(&at, end, &line, &line_len)) {
        if (!line_len)
            return !tp_note_parse(&s->note, at, (size_t)(end - at)) &&
                   !tp_checkpoint_parse(&s->at, s->note.text, s->note.text_len) &&
                   s->old_size <= s->at.size;
        if (s->count == TP_WITNESS_PROOF_MAX) return false;
        if (tp_base64_decode(s->proof[s->count++].b, 32, &got, line, line_len) || got != 32)
            return false;
    }
    return false;
}

static watched *find(tp_witness *w, const tp_checkpoint *c) {
    for (size_t i = 0; i < w->count; i++)
        if (strlen(w->logs[i].origin) == c->origin_len &&
            !memcmp(w->logs[i].origin, c->origin, c->origin_len))
            return &w->logs[i];
    return NULL;
}

/* 200: nothing speaks against this checkpoint. spec: T-17 */
static int judge(tp_witness *w, const watched *log, const submission *s) {
    if (s->old_size != log->size) return 409;
    if (s->at.size == log->size && memcmp(s->at.root.b, log->root.b, 32)) {
        tp_log("two-roots", "log", "%s size %llu", log->origin, (unsigned long long)log->size);
        keep_evidence(w, log, &s->note);
        return 409;
    }
    if (!log->size || s->at.size == log->size) return s->count ? 422 : 200;
    bool continues = !tp_tree_check_consistency(log->size, s->at.size, &log->root, &s->at.root,
                                                s->proof, s->count);
    if (!continues)
        tp_log("not-consistent", "log", "%s sizes %llu %llu", log->origin,
               (unsigned long long)log->size, (unsigned long long)s->at.size);
    return continues ? 200 : 422;
}

/* spec: T-15 */
static size_t cosign(const tp_witness *w, const tp_note *n,
                     char out[static TP_WITNESS_ANSWER_MAX]) {
    uint8_t message[TP_COSIGNED_MAX], signature[64], both[TP_COSIGNATURE_LEN];
    uint64_t now = (uint64_t)time(NULL);
    tp_writer m = tp_writer_of(message, sizeof message);
    tp_cosignature_message(&m, now, n->text, n->text_len);
    crypto_sign_detached(signature, NULL, message, m.len, w->secret);
    tp_cosignature_join(both, now, signature);
    tp_writer line = tp_writer_of(out, TP_WITNESS_ANSWER_MAX);
    tp_note_write_signature(&line, &w->key, both, sizeof both);
    return tp_write_end(&line) ? 0 : line.len;
}

static int add(tp_witness *w, const submission *s, char answer[static TP_WITNESS_ANSWER_MAX],
               size_t *answer_len) {
    watched *log = find(w, &s->at);
    if (!log) return 404;
    if (tp_note_verify(&s->note, &log->key, crypto_sign_verify_detached, NULL)) return 403;
    int status = judge(w, log, s);
    if (status == 409)
        *answer_len = (size_t)snprintf(answer, TP_WITNESS_ANSWER_MAX, "%llu\n",
                                       (unsigned long long)log->size);
    if (status != 200) return status;
    if (!keep(w, log, &s->at)) return 503;
    *answer_len = cosign(w, &s->note, answer);
    return *answer_len ? 200 : 500;
}

int tp_witness_add(tp_witness *w, const void *body, size_t len,
                   char answer[static TP_WITNESS_ANSWER_MAX], size_t *answer_len) {
    submission s;
    *answer_len = 0;
    if (len > TP_WITNESS_BODY_MAX) return 413;
    if (!parse(&s, body, len)) return 400;
    pthread_mutex_lock(&w->lock);
    int status = add(w, &s, answer, answer_len);
    pthread_mutex_unlock(&w->lock);
    return status;
}

/* ---- start and end ---- */

static tp_err watch(tp_witness *w, const tp_witness_log *given) {
    watched *log = &w->logs[w->count];
    uint8_t hash[32];
    tp_checkpoint c = {.origin = given->origin, .origin_len = strlen(given->origin)};
    if (find(w, &c)) return TP_REFUSED;
    if (!crypto_core_ed25519_is_valid_point(given->key)) return TP_MALFORMED;
    if (!(log->origin = strdup(given->origin))) return TP_SYSTEM;
    w->count++;
    tp_err err =
        tp_vkey_init(&log->key, log->origin, strlen(log->origin), TP_KEY_ED25519, given->key);
    tp_sha256(hash, log->origin, strlen(log->origin));
    sodium_bin2hex(log->file, sizeof log->file, hash, 32);
    return err ? err : load(w, log);
}

static tp_err open_folder(tp_witness *w, const char *state) {
    if (mkdir(state, 0700) && errno != EEXIST) return TP_SYSTEM;
    w->folder = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (w->folder < 0) return TP_SYSTEM;
    w->lock_fd = openat(w->folder, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (w->lock_fd < 0) return TP_SYSTEM;
    return flock(w->lock_fd, LOCK_EX | LOCK_NB) ? TP_REFUSED : TP_OK;
}

static tp_err begin(tp_witness *w, const tp_witness_options *o) {
    uint8_t public_key[32];
    w->folder = w->lock_fd = -1;
    pthread_mutex_init(&w->lock, NULL);
    w->name = strdup(o->name);
    w->logs = calloc(o->log_count ? o->log_count : 1, sizeof *w->logs);
    if (!w->name || !w->logs) return TP_SYSTEM;
    crypto_sign_seed_keypair(public_key, w->secret, o->seed);
    tp_err err = tp_vkey_init(&w->key, w->name, strlen(w->name), TP_KEY_COSIGNATURE, public_key);
    if (!err) err = open_folder(w, o->state);
    for (size_t i = 0; !err && i < o->log_count; i++)
        err = watch(w, &o->logs[i]);
    return err;
}

tp_err tp_witness_open(tp_witness **out, const tp_witness_options *o) {
    if (sodium_init() < 0) return TP_SYSTEM;
    tp_witness *w = calloc(1, sizeof *w);
    if (!w) return TP_SYSTEM;
    tp_err err = begin(w, o);
    if (err)
        tp_witness_close(w);
    else
        *out = w;
    return err;
}

void tp_witness_close(tp_witness *w) {
    if (!w) return;
    if (w->lock_fd >= 0) close(w->lock_fd);
    if (w->folder >= 0) close(w->folder);
    for (size_t i = 0; w->logs && i < w->count; i++)
        free(w->logs[i].origin);
    free(w->logs);
    free(w->name);
    pthread_mutex_destroy(&w->lock);
    sodium_memzero(w->secret, sizeof w->secret);
    free(w);
}

void tp_witness_vkey(const tp_witness *w, char out[static TP_VKEY_MAX + 1]) {
    tp_writer text = tp_writer_of(out, TP_VKEY_MAX);
    tp_vkey_write(&text, &w->key);
    out[text.len] = 0;
}

/* ---- HTTP ---- */

static void handle(tp_request *rq, void *ctx) {
    char answer[TP_WITNESS_ANSWER_MAX];
    size_t len, answer_len;
    const uint8_t *body = tp_request_body(rq, &len);
    int status = tp_witness_add(ctx, body, len, answer, &answer_len);
    tp_answer a = {.status = status,
                   .type = status == 409 ? "text/x.tlog.size" : "text/plain; charset=utf-8"};
    tp_request_answer(rq, &a, answer, answer_len);
}

int tp_witness_serve(tp_witness *w, const char *listen, void (*ready)(void *ctx, unsigned port),
                     void *ctx) {
    static const tp_route routes[] = {
        {TP_POST, "/add-checkpoint", TP_WITNESS_BODY_MAX, handle},
        {TP_GET, NULL, 0, NULL},
    };
    tp_http_options o = {.listen = listen,
                         .threads = 1,
                         .connections = 256,
                         .head_ms = 10000,
                         .body_ms = 20000,
                         .idle_ms = 60000,
                         .routes = routes,
                         .ctx = w};
    tp_http *http;
    sigset_t ends;
    int number = 0;
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    tp_err err = tp_http_start(&http, &o);
    if (err) {
        tp_log("start-failed", "listen", "%s %s", tp_err_name(err), listen);
        return 1;
    }
    if (ready) ready(ctx, tp_http_port(http));
    while (sigwait(&ends, &number) != 0)
        continue;
    tp_http_stop(http, 2000);
    tp_http_free(http);
    return 0;
}
