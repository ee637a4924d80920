/* Stage cast: POST /api/credential, where a credential stands on the board.
 *
 *  1. Whoever asks need not believe the answer: once the newest ballot is under the checkpoint, its
 *     entry and inclusion proof come with it, and nothing is sealed over it before (C-13).
 *  2. The answer tells of a ballot before its batch does. So only the holder of the credential is
 *     answered: whoever else asks gets what an unknown credential gets (C12).
 * spec: chapter 10, H-6, H-9; L-11.
 */
#include <sodium.h>
#include <stdlib.h>

#include "election/enrol.h"
#include "server/answer.h"
#include "server/daemon.h"

enum { TIME_WINDOW_S = 300 };

typedef struct {
    uint8_t key[32], signature[64];
    uint64_t time;
} ask;

static tp_err add_entry(tp_store *store, json_t *answer, uint64_t leaf) {
    uint8_t entry[TP_MAX_ENTRY];
    char *text = malloc(2 * TP_MAX_ENTRY + 1);
    size_t len;
    if (!text) return TP_SYSTEM;
    tp_err err = tp_store_entry(store, leaf, entry, sizeof entry, &len);
    if (!err) {
        tp_hex_write(text, entry, len);
        json_object_set_new(answer, "entry", json_string(text));
    }
    free(text);
    return err;
}

/* The newest ballot: its tracker; entry and proof, once they are published. */
static tp_err add_newest(tp_server *s, tp_store *store, json_t *answer,
                         const tp_store_credential *k) {
    tp_store_ballot b;
    char tracker[TP_CODE_TEXT];
    bool found;
    tp_err err = tp_store_ballot_by_hash(store, k->tip, &b, &found);
    if (err) return err;
    if (!found) return TP_SYSTEM;
    tp_code_write(tracker, b.tracker, TP_CODE_SYMBOLS);
    json_object_set_new(answer, "tracker", json_string(tracker));
    pthread_rwlock_rdlock(&s->record); /* the tiles stay as the checkpoint says */
    tp_public state = tp_server_state(s);
    if (b.recorded && b.leaf < state.size) {
        err = tp_add_inclusion(s, answer, &state, &b);
        if (!err) err = add_entry(store, answer, b.leaf);
    }
    pthread_rwlock_unlock(&s->record);
    return err;
}

static void answer_credential(tp_request *rq, tp_server *s, const tp_store_credential *k) {
    json_t *answer =
        json_pack("{s:b, s:i, s:i, s:I, s:o, s:I, s:b, s:i}", "registered", k->ready, "unit",
                  (int)k->unit, "style", (int)k->style, "sequence", (json_int_t)k->sequence,
                  "previous", tp_json_hex(k->tip, 32), "recorded", (json_int_t)k->recorded,
                  "cancelled", k->cancelled, "next_batch_s", (int)tp_server_next_batch_s(s));
    if (!k->sequence || add_newest(s, tp_server_reader(s, rq), answer, k) == TP_OK) {
        tp_answer_json(rq, 200, answer);
    } else {
        json_decref(answer);
        tp_answer_storage(rq);
    }
}

/* False: answered as a problem. */
static bool read_ask(tp_request *rq, json_t *body, ask *a) {
    const char *key, *signature;
    json_int_t time;
    json_error_t error;
    if (json_unpack_ex(body, &error, JSON_STRICT, "{s:s, s:I, s:s}", "credential", &key, "time",
                       &time, "signature", &signature)) {
        tp_answer_members(rq, &error);
        return false;
    }
    a->time = (uint64_t)time;
    bool is_key = tp_hex_read(a->key, 32, key);
    if (is_key && time >= 0 && tp_hex_read(a->signature, 64, signature)) return true;
    tp_answer_problem(rq, 400, "request.value",
                      !is_key    ? "credential"
                      : time < 0 ? "time"
                                 : "signature",
                      "Not in its form.");
    return false;
}

static void take_ask(tp_request *rq, tp_server *s, const ask *a) {
    tp_store_credential k = {0};
    bool found;
    uint64_t now = tp_server_now();
    if (a->time > now + TIME_WINDOW_S || a->time + TIME_WINDOW_S < now) {
        tp_answer_problem(rq, 403, "credential.time", "time", "Not the server's time.");
        return;
    }
    bool theirs =
        tp_credential_asked(a->signature, a->key, s->manifest.fingerprint, a->time) == TP_OK;
    if (tp_store_credential_find(tp_server_reader(s, rq), a->key, &k, &found)) {
        tp_answer_storage(rq);
        return;
    }
    if (!theirs || !found || !k.ready) k = (tp_store_credential){0};
    answer_credential(rq, s, &k);
}

void tp_post_credential(tp_request *rq, void *server) {
    ask a;
    json_t *body = tp_body_json(rq);
    if (!body) return;
    if (read_ask(rq, body, &a)) take_ask(rq, server, &a);
    json_decref(body);
}
