/* What anyone may read: the election, its keys, a ballot's state by tracker, results, the record.
 * spec: chapters 6 and 10.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/merkle/tiles.h"
#include "record/record.h"
#include "server/answer.h"
#include "server/daemon.h"
#include "server/message.h"
#include "server/texts.h"

static void not_found(tp_request *rq) {
    tp_answer_problem(rq, 404, "request.path", NULL, "There is nothing here.");
}

void tp_get_election(tp_request *rq, void *server) {
    tp_server *s = server;
    tp_public state = tp_server_state(s);
    tp_answer_json(
        rq, 200,
        json_pack("{s:o, s:s, s:b, s:s, s:I, s:{s:I, s:I, s:I}, s:b, s:b, s:b}", "fingerprint",
                  tp_json_hex(s->manifest.fingerprint, 32), "title", s->manifest.title, "test",
                  s->manifest.test, "phase", tp_phase_name(state.phase), "time",
                  (json_int_t)tp_server_now(), "board", "size", (json_int_t)state.size, "batches",
                  (json_int_t)state.batches, "batch_interval_s",
                  (json_int_t)s->manifest.batch_interval_s, "keys", state.ready != NULL, "passkeys",
                  s->o.address != NULL, "funnel", s->config.funnel_floor != 0));
}

void tp_get_manifest(tp_request *rq, void *server) {
    tp_server *s = server;
    tp_request_answer_static(rq, &(tp_answer){.status = 200, .type = "application/json"},
                             s->manifest_json, s->manifest_len);
}

void tp_get_keys(tp_request *rq, void *server) {
    const tp_ready *ready = tp_server_state(server).ready;
    if (!ready)
        tp_answer_problem(rq, 404, "keys.unconfirmed", NULL, "Not all trustees have confirmed.");
    else
        tp_request_answer_static(rq, &(tp_answer){.status = 200}, ready->octets, ready->octets_len);
}

/* ---- the record's files ---- */

static void serve_file(tp_server *s, tp_request *rq, const char *name, const tp_answer *a) {
    char path[4096 + 128];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", s->public_path, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode)) {
        tp_request_answer_file(rq, a, fd, (size_t)st.st_size);
        return;
    }
    if (fd >= 0) close(fd);
    not_found(rq);
}

/* Only names that a record has. What lies under a tile's or a document's name never changes, in
 * part or in full. */
static bool record_name(const char *name, tp_keep *keep, const char **type) {
    tp_tile tile;
    *keep = TP_KEEP_BRIEFLY;
    *type = "application/octet-stream";
    if (tp_tile_parse(&tile, name, strlen(name)) == TP_OK) {
        *keep = TP_KEEP;
        return true;
    }
    if (!strncmp(name, "document/", 9)) {
        *keep = TP_KEEP;
        return strlen(name) == 9 + 64 && strspn(name + 9, "0123456789abcdef") == 64;
    }
    if (!strcmp(name, "checkpoint")) {
        *type = "text/plain; charset=utf-8";
        return true;
    }
    bool csv = !strcmp(name, "results.csv");
    *type = csv ? "text/csv; charset=utf-8" : "application/json";
    return csv || !strcmp(name, "manifest.json") || !strcmp(name, "results.json");
}

void tp_get_board(tp_request *rq, void *server) {
    const char *name = tp_request_path(rq) + strlen("/board/");
    tp_answer a = {.status = 200};
    if (record_name(name, &a.keep, &a.type))
        serve_file(server, rq, name, &a);
    else
        not_found(rq);
}

void tp_get_results(tp_request *rq, void *server) {
    tp_answer a = {.status = 200, .type = "application/json"};
    if (tp_server_state(server).published)
        serve_file(server, rq, "results.json", &a);
    else
        tp_answer_problem(rq, 404, "results.unpublished", NULL, "There are no results yet.");
}

/* ---- tracker ---- */

static const char *ballot_state(const tp_public *state, const tp_store_ballot *b,
                                const tp_store_credential *k) {
    if (!b->recorded || b->leaf >= state->size) return "accepted";
    if (k->cancelled) return "excluded";
    if (b->sequence < k->recorded) return "replaced";
    if (k->excluded) return "excluded";
    return state->published ? "counted" : "recorded";
}

tp_err tp_add_inclusion(tp_server *s, json_t *answer, const tp_public *state,
                        const tp_store_ballot *b) {
    tp_hash proof[TP_TREE_MAX_PROOF];
    size_t count;
    tp_err err = tp_record_inclusion(proof, &count, s->public_path, b->leaf, state->size);
    if (err) return err;
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, tp_json_hex(proof[i].b, 32));
    pthread_mutex_lock(&s->lock);
    uint64_t at = b->batch < s->batch_times_cap ? s->batch_times[b->batch] : 0;
    pthread_mutex_unlock(&s->lock);
    json_object_set_new(answer, "batch", json_integer(b->batch));
    json_object_set_new(answer, "batch_time", json_integer((json_int_t)at));
    json_object_set_new(answer, "leaf", json_integer((json_int_t)b->leaf));
    json_object_set_new(answer, "proof", list);
    json_object_set_new(answer, "checkpoint", json_string(state->checkpoint));
    return TP_OK;
}

static tp_err add_entry_hash(tp_store *store, json_t *answer, const tp_store_ballot *b) {
    uint8_t entry[TP_MAX_ENTRY];
    size_t len;
    tp_hash leaf;
    tp_err err = tp_store_entry(store, b->leaf, entry, sizeof entry, &len);
    if (err) return err;
    tp_tree_leaf(&leaf, entry, len);
    json_object_set_new(answer, "entry_hash", tp_json_hex(leaf.b, 32));
    return TP_OK;
}

static tp_err find_tracker(tp_store *store, const char *code, tp_store_ballot *b,
                           tp_store_credential *k, bool *found) {
    uint8_t tracker[16];
    *found = false;
    if (tp_code_read(tracker, TP_CODE_SYMBOLS, code, strlen(code))) return TP_OK;
    tp_err err = tp_store_ballot_by_tracker(store, tracker, b, found);
    if (!err && *found) err = tp_store_credential_find(store, b->credential, k, found);
    return err;
}

void tp_get_tracker(tp_request *rq, void *server) {
    tp_server *s = server;
    tp_store *store = tp_server_reader(s, rq);
    tp_store_ballot b;
    tp_store_credential k;
    bool found;
    tp_err err = find_tracker(store, tp_request_path(rq) + strlen("/api/tracker/"), &b, &k, &found);
    if (err) {
        tp_answer_storage(rq);
        return;
    }
    if (!found) {
        tp_answer_problem(rq, 404, "tracker.unknown", NULL, "No ballot has this tracker.");
        return;
    }
    pthread_rwlock_rdlock(&s->record); /* the tiles stay as the checkpoint says */
    tp_public state = tp_server_state(s);
    const char *name = ballot_state(&state, &b, &k);
    json_t *answer = json_pack("{s:s, s:I}", "state", name, "sequence", (json_int_t)b.sequence);
    if (b.recorded && b.leaf < state.size) {
        err = tp_add_inclusion(s, answer, &state, &b);
        if (!err) err = add_entry_hash(store, answer, &b);
    }
    pthread_rwlock_unlock(&s->record);
    if (err) {
        json_decref(answer);
        tp_answer_storage(rq);
        return;
    }
    tp_answer_json(rq, 200, answer);
}

/* ---- outbox ---- */

static tp_err add_message(tp_server *s, tp_store *store, json_t *list, const tp_message *m) {
    tp_text text;
    bool live;
    tp_err err = tp_message_text(s, store, m, tp_server_now(), &text, &live);
    if (err) return err;
    json_array_append_new(list,
                          json_pack("{s:s, s:s, s:s, s:I}", "to", m->to, "subject", text.subject,
                                    "text", text.text, "time", (json_int_t)m->time));
    tp_wipe(&text, sizeof text);
    return TP_OK;
}

void tp_get_outbox(tp_request *rq, void *server) {
    enum { MESSAGES = 100 };
    tp_server *s = server;
    size_t count;
    if (!s->manifest.test || tp_message_sending(s)) {
        not_found(rq);
        return;
    }
    tp_store *store = tp_server_reader(s, rq);
    tp_message *m = malloc(MESSAGES * sizeof *m);
    if (!m) abort();
    const char *to = tp_request_path(rq) + strlen("/api/outbox");
    tp_err err = tp_store_messages(store, *to ? to + 1 : NULL, 0, 0, m, MESSAGES, &count);
    json_t *list = json_array();
    for (size_t i = 0; !err && i < count; i++)
        err = add_message(s, store, list, &m[i]);
    free(m);
    if (!err) {
        tp_answer_json(rq, 200, list);
        return;
    }
    json_decref(list);
    tp_answer_storage(rq);
}

/* ---- what messages look like ---- */

static tp_err add_preview(const tp_server *s, json_t *kinds, const char *lang,
                          const json_t *values) {
    tp_text text;
    tp_err err = TP_OK;
    const char *kind;
    for (size_t i = 0; !err && (kind = tp_texts_kind(i)); i++) {
        err = tp_texts_fill(s->texts, kind, lang, values, &text);
        if (!err)
            json_object_set_new(kinds, kind,
                                json_pack("{s:s, s:s, s:s}", "subject", text.subject, "text",
                                          text.text, "brief", text.brief));
    }
    return err;
}

/* The templates that this server sends by, with example values, in the election's languages. */
void tp_get_messages(tp_request *rq, void *server) {
    tp_server *s = server;
    size_t i;
    json_t *lang;
    json_t *manifest = json_loadb((const char *)s->manifest_json, s->manifest_len, 0, NULL);
    json_t *values = tp_texts_example(), *answer = json_object();
    tp_err err = TP_OK;
    json_object_set_new(values, "title", json_string(s->manifest.title));
    json_array_foreach(json_object_get(manifest, "languages"), i, lang) {
        json_t *kinds = json_object();
        if (!err) err = add_preview(s, kinds, json_string_value(lang), values);
        json_object_set_new(answer, json_string_value(lang), kinds);
    }
    json_decref(values);
    json_decref(manifest);
    if (!err) {
        tp_answer_json(rq, 200, answer);
        return;
    }
    json_decref(answer);
    tp_answer_problem(rq, 503, "server.busy", NULL, "A text is too long.");
}
