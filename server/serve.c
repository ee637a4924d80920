/* The daemon's start, routes and end.
 *
 *   lock, log key, store, board, record  ->  threads  ->  socket
 *   SIGTERM: no new requests; what is under way is answered; the recorder finishes, and the
 *   publisher what it has begun: the rest is published at the next start
 * spec: chapter 10.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include "record/record.h"
#include "server/daemon.h"
#include "server/log.h"
#include "server/message.h"
#include "server/once.h"
#include "server/sender.h"
#include "server/texts.h"

enum {
    JSON_MAX = 4096,
    DOCUMENT_MAX = 1600000,
    STOP_MS = 4000,
    CONNECTIONS = 8000,
    SPARE_DESCRIPTORS = 64
};
enum { ASKING_BURST = 30, ASKING_GAP_MS = 2000 };      /* J-13 */
enum { APPLYING_BURST = 60, APPLYING_GAP_MS = 10000 }; /* H-11 */
enum { STEPPING_BURST = 300, STEPPING_GAP_MS = 200 };  /* H-18 */
enum { WATCHING_BURST = 2000, WATCHING_GAP_MS = 10 };  /* H-18 */

/* One registration in JSON is below 400 bytes. */
const tp_route tp_routes[] = {
    {TP_GET, "/api/election", 0, tp_get_election},
    {TP_GET, "/api/manifest", 0, tp_get_manifest},
    {TP_GET, "/api/keys", 0, tp_get_keys},
    {TP_GET, "/api/tracker/*", 0, tp_get_tracker},
    {TP_GET, "/api/results", 0, tp_get_results},
    {TP_GET, "/api/funnel", 0, tp_get_funnel},
    {TP_GET, "/api/messages", 0, tp_get_messages},
    {TP_GET, "/api/outbox", 0, tp_get_outbox},
    {TP_GET, "/api/outbox/*", 0, tp_get_outbox},
    {TP_POST, "/api/roll/lookup", JSON_MAX, tp_post_lookup},
    {TP_POST, "/api/enrol/again", JSON_MAX, tp_post_enrol_again},
    {TP_POST, "/api/enrol/document", DOCUMENT_MAX, tp_post_enrol_document},
    {TP_POST, "/api/enrol/submit", JSON_MAX, tp_post_enrol_submit},
    {TP_POST, "/api/enrol/apply", JSON_MAX, tp_post_enrol_apply},
    {TP_POST, "/api/enrol/start", JSON_MAX, tp_post_enrol_start},
    {TP_POST, "/api/enrol/send", JSON_MAX, tp_post_enrol_send},
    {TP_POST, "/api/enrol/code", JSON_MAX, tp_post_enrol_code},
    {TP_POST, "/api/enrol/credential", JSON_MAX, tp_post_enrol_credential},
    {TP_POST, "/api/enrol/status", JSON_MAX, tp_post_enrol_status},
    {TP_POST, "/api/enrol/oidc", JSON_MAX, tp_post_oidc},
    {TP_POST, "/api/enrol/oidc/finish", JSON_MAX, tp_post_oidc_finish},
    {TP_POST, "/api/enrol/letter", JSON_MAX, tp_post_letter},
    {TP_POST, "/api/message/report", JSON_MAX, tp_post_report},
    {TP_POST, "/api/enrol/passkey/new", JSON_MAX, tp_post_passkey_new},
    {TP_POST, "/api/enrol/passkey/add", JSON_MAX, tp_post_passkey_add},
    {TP_POST, "/api/enrol/passkey/ask", JSON_MAX, tp_post_passkey_ask},
    {TP_POST, "/api/enrol/passkey/prove", JSON_MAX, tp_post_passkey_prove},
    {TP_POST, "/api/credential", JSON_MAX, tp_post_credential},
    {TP_POST, "/api/ballots", TP_MAX_ENTRY, tp_post_ballot},
    {TP_POST, "/api/board/entries", 2 + TP_MAX_ENTRY + 4 + TP_MAX_DOCUMENT, tp_post_entry},
    {TP_POST, "/api/registrar/waiting", JSON_MAX, tp_post_waiting},
    {TP_POST, "/api/registrar/funnel", JSON_MAX, tp_post_funnel},
    {TP_POST, "/api/registrar/document", JSON_MAX, tp_post_document_read},
    {TP_POST, "/api/registrar/refusals", JSON_MAX, tp_post_refusal},
    {TP_POST, "/api/registrar/registrations", 400 * 1000 + 100, tp_post_registrations},
    {TP_GET, "/board/*", 0, tp_get_board},
    {TP_GET, "/*", 0, tp_pages_serve},
    {TP_GET, NULL, 0, NULL},
};

/* ---- start ---- */

static int fail(const char *what, tp_err err, const char *detail) {
    tp_log("start-failed", what, "%s %s", tp_err_name(err), detail);
    return 1;
}

static tp_err lock_data(const char *data) {
    char path[4096];
    snprintf(path, sizeof path, "%s/lock", data);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return TP_SYSTEM;
    if (!flock(fd, LOCK_EX | LOCK_NB)) return TP_OK; /* held until the process ends */
    close(fd);
    return TP_REFUSED;
}

static tp_err read_whole(const char *path, uint8_t **bytes, size_t *len) {
    enum { MAX = 16 << 20 };
    FILE *f = fopen(path, "rb");
    *bytes = f ? malloc(MAX) : NULL;
    *len = *bytes ? fread(*bytes, 1, MAX, f) : 0;
    bool ok = f && *bytes && !ferror(f) && *len < MAX;
    if (f) fclose(f);
    return ok ? TP_OK : TP_SYSTEM;
}

/* The manifest of a store that has begun; *found false: a new one. */
static tp_err stored_manifest(tp_server *s, tp_store *store, bool *found) {
    uint8_t bytes[TP_MAX_ENTRY];
    size_t len;
    uint64_t size;
    tp_entry e;
    tp_fault fault;
    *found = false;
    tp_err err = tp_store_size(store, &size);
    if (err || !size) return err;
    err = tp_store_entry(store, 0, bytes, sizeof bytes, &len);
    if (!err) err = tp_entry_read(&e, bytes, len, &fault);
    if (!err && e.type != TP_ENTRY_MANIFEST) err = TP_MALFORMED;
    if (err) return err;
    return tp_store_document_get(store, e.u.document.hash, &s->manifest_json, &s->manifest_len,
                                 found);
}

static tp_err load_manifest(tp_server *s, tp_store *store, tp_fault *fault) {
    bool found;
    uint8_t *given = NULL;
    size_t given_len = 0;
    tp_err err = stored_manifest(s, store, &found);
    if (!err && s->o.manifest) err = read_whole(s->o.manifest, &given, &given_len);
    if (err) {
        free(given);
        return tp_fail(fault, err, "manifest", "cannot be read");
    }
    if (!found) {
        s->manifest_json = given;
        s->manifest_len = given_len;
    } else {
        bool same =
            !given || (given_len == s->manifest_len && !memcmp(given, s->manifest_json, given_len));
        free(given);
        if (!same) return tp_fail(fault, TP_REFUSED, "manifest", "this folder has another one");
    }
    if (!s->manifest_json) return tp_fail(fault, TP_REFUSED, "manifest", "none given");
    return tp_manifest_parse(&s->manifest, s->manifest_json, s->manifest_len, fault);
}

static tp_err check_log_key(const tp_server *s, tp_fault *fault) {
    uint8_t public_key[32];
    crypto_sign_ed25519_sk_to_pk(public_key, s->log_secret);
    if (!memcmp(public_key, s->manifest.log_key, 32)) return TP_OK;
    return tp_fail(fault, TP_REFUSED, "manifest", "names another log key");
}

static tp_err check_witnesses(const tp_server *s, tp_fault *fault) {
    if (s->o.witness_count >= s->manifest.witnesses.quorum) return TP_OK;
    return tp_fail(fault, TP_REFUSED, "witnesses", "%u are needed, %zu given",
                   s->manifest.witnesses.quorum, s->o.witness_count);
}

static tp_err check_provider(const tp_server *s, tp_fault *fault) {
    if (!s->manifest.enrol.issuer || s->o.address) return TP_OK;
    return tp_fail(fault, TP_REFUSED, "oidc", "the address of the pages is not given");
}

/* Where nothing can be sent, nobody may be promised a code. spec: Q-5 */
static tp_err check_messages(const tp_server *s, tp_fault *fault) {
    const tp_manifest *m = &s->manifest;
    for (size_t i = 0; !m->test && !tp_message_sending(s) && i < m->unit_count; i++)
        if (m->units[i].routes & TP_ROUTE_CODE)
            return tp_fail(fault, TP_REFUSED, "config.mail", "post %s sends codes: --config",
                           m->units[i].id);
    return TP_OK;
}

static tp_err recount_uploads(tp_store *store) {
    bool wrong = false;
    tp_err err = tp_store_begin(store);
    if (!err) err = tp_store_uploads_recount(store, &wrong);
    if (!err) err = tp_store_commit(store);
    if (err) tp_store_rollback(store);
    if (wrong) tp_log("uploads-counted-again", "", " ");
    return err;
}

/* A store that has begun and has lost this file may have seen any request of a time up to the
 * window's end. */
static tp_err open_asked(tp_server *s, tp_store *store, tp_fault *fault) {
    char path[4200];
    uint64_t size;
    tp_err err = tp_store_size(store, &size);
    snprintf(path, sizeof path, "%s/asked", s->o.data);
    if (!err)
        err = tp_once_open(&s->asked, path, size ? tp_server_now() + TP_ASKED_WINDOW_S + 1 : 0);
    return err ? tp_fail(fault, err, "asked", "the file cannot be written") : TP_OK;
}

static tp_err open_store(tp_server *s, tp_fault *fault) {
    tp_store *store;
    tp_err err = tp_store_open(&store, s->db_path, false);
    if (err) return tp_fail(fault, err, "store", "cannot be opened");
    err = load_manifest(s, store, fault);
    if (!err) err = check_log_key(s, fault);
    if (!err) err = check_witnesses(s, fault);
    if (!err) err = check_provider(s, fault);
    if (!err) err = check_messages(s, fault);
    if (!err) err = open_asked(s, store, fault);
    if (!err && (err = recount_uploads(store)))
        (void)tp_fail(fault, err, "store", "%s", tp_store_error(store));
    if (!err && (err = tp_store_voter_count(store, &s->voters)))
        (void)tp_fail(fault, err, "store", "%s", tp_store_error(store));
    tp_store_close(store);
    return err;
}

static void defaults(tp_serve_options *o) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned cores = processors > 0 ? (unsigned)processors : 1;
    if (!o->listen) o->listen = "127.0.0.1:8080";
    if (!o->check_threads) o->check_threads = cores;
    if (!o->http_threads) o->http_threads = cores > 1 ? 2 : 1;
    if (o->http_threads > TP_HTTP_THREADS) o->http_threads = TP_HTTP_THREADS;
    if (!o->connections) o->connections = CONNECTIONS;
    if (!o->head_ms) o->head_ms = 10000;
    if (!o->body_ms) o->body_ms = 20000;
    if (!o->idle_ms) o->idle_ms = 30000;
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files)) return;
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur == RLIM_INFINITY) return;
    if (files.rlim_cur < o->connections + SPARE_DESCRIPTORS)
        o->connections = files.rlim_cur > 2 * SPARE_DESCRIPTORS
                             ? (unsigned)files.rlim_cur - SPARE_DESCRIPTORS
                             : SPARE_DESCRIPTORS;
}

static tp_err start_http(tp_server *s) {
    for (unsigned i = 0; i < s->o.http_threads; i++) {
        tp_err err = tp_store_open(&s->reader[i], s->db_path, true);
        if (err) return err;
    }
    tp_http_options o = {.listen = s->o.listen,
                         .threads = s->o.http_threads,
                         .connections = s->o.connections,
                         .head_ms = s->o.head_ms,
                         .body_ms = s->o.body_ms,
                         .idle_ms = s->o.idle_ms,
                         .proxy = s->o.proxy,
                         .routes = tp_routes,
                         .ctx = s};
    return tp_http_start(&s->http, &o);
}

static int start(tp_server *s) {
    tp_fault fault = {.code = "", .where = ""};
    tp_err err = tp_log_key_load(s->o.data, s->log_secret);
    if (err) return fail("log-key", err, "");
    if ((err = tp_session_key_load(s->o.data, s->session_key))) return fail("session-key", err, "");
    if ((err = lock_data(s->o.data))) return fail("lock", err, "is another daemon running?");
    err = tp_config_load(&s->config, s->o.config, &fault);
    if (!err)
        err = tp_texts_load(&s->texts, *s->config.templates ? s->config.templates : NULL, &fault);
    if (!err) err = open_store(s, &fault);
    if (err) {
        tp_log("start-failed", fault.code, "%s", fault.where);
        return 1;
    }
    if ((err = tp_recorder_open(s))) return fail("recorder", err, "");
    if ((err = tp_publisher_start(s))) return fail("publisher", err, "");
    if ((err = tp_recorder_start(s))) return fail("recorder", err, "");
    if ((err = tp_sender_start(s))) return fail("sender", err, "");
    if ((err = tp_checker_start(s))) return fail("checker", err, "");
    if ((err = tp_oidc_start(s))) return fail("oidc", err, "");
    if ((err = tp_funnel_start(s))) return fail("funnel", err, "");
    if ((err = start_http(s))) return fail("listen", err, s->o.listen);
    return 0;
}

static void finish(tp_server *s) {
    if (s->http) tp_http_stop(s->http, STOP_MS);
    tp_oidc_stop(s);
    tp_funnel_stop(s);
    tp_checker_stop(s);
    tp_sender_stop(s);
    tp_recorder_stop(s);
    tp_sender_free(s);
    tp_publisher_stop(s);
    tp_http_free(s->http);
    tp_limit_free(s->asking);
    tp_limit_free(s->applying);
    tp_limit_free(s->stepping);
    tp_limit_free(s->watching);
    tp_once_close(s->asked);
    tp_texts_free(s->texts);
    for (unsigned i = 0; i < TP_HTTP_THREADS; i++)
        tp_store_close(s->reader[i]);
    tp_recorder_free(s);
    tp_server_keys_free(s);
    tp_manifest_free(&s->manifest);
    free(s->manifest_json);
    free(s->batch_times);
    tp_wipe(&s->config, sizeof s->config);
    tp_wipe(s->log_secret, sizeof s->log_secret);
    tp_wipe(s->session_key, sizeof s->session_key);
}

static void wait_for_signal(const sigset_t *set) {
    int signal_number = 0;
    while (sigwait(set, &signal_number) != 0)
        continue;
    tp_log("stop", "signal", "%d", signal_number);
}

int tp_serve(const tp_serve_options *o) {
    sigset_t ends;
    tp_server *s = calloc(1, sizeof *s);
    if (!s) return 1;
    s->o = *o;
    defaults(&s->o);
    s->asking = tp_limit_new(ASKING_BURST, ASKING_GAP_MS);
    s->applying = tp_limit_new(APPLYING_BURST, APPLYING_GAP_MS);
    s->stepping = tp_limit_new(STEPPING_BURST, STEPPING_GAP_MS);
    s->watching = tp_limit_new(WATCHING_BURST, WATCHING_GAP_MS);
    snprintf(s->db_path, sizeof s->db_path, "%s/tapat.db", o->data);
    snprintf(s->public_path, sizeof s->public_path, "%s/public", o->data);
    pthread_mutex_init(&s->lock, NULL);
    pthread_rwlockattr_t attr;
    pthread_rwlockattr_init(&attr);
    pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&s->record, &attr);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file at its limit is a failed write like any other */
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    int status = start(s);
    if (!status) {
        tp_log("ready", "port", "%u", tp_http_port(s->http));
        if (o->ready) o->ready(o->ctx, tp_http_port(s->http));
        wait_for_signal(&ends);
    }
    finish(s);
    pthread_mutex_destroy(&s->lock);
    pthread_rwlock_destroy(&s->record);
    free(s);
    if (!status) tp_log("stopped", "", " ");
    return status;
}
