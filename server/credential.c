/* Stage cast: POST /api/credential, where a credential stands on the board.
 *
 *  1. Whoever asks need not believe the answer: once the newest ballot is under the checkpoint, its
 *     entry and inclusion proof come with it, and nothing is sealed over it before (C-13).
 * spec: chapter 10, H-6.
 */
#include <sodium.h>
#include <stdlib.h>

#include "server/answer.h"
#include "server/daemon.h"

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

void tp_post_credential(tp_request *rq, void *server) {
    tp_server *s = server;
    const char *text;
    uint8_t key[32];
    tp_store_credential k = {0};
    bool found;
    json_error_t error;
    json_t *body = tp_body_json(rq);
    if (!body) return;
    if (json_unpack_ex(body, &error, JSON_STRICT, "{s:s}", "credential", &text)) {
        tp_answer_members(rq, &error);
    } else if (!tp_hex_read(key, 32, text)) {
        tp_answer_problem(rq, 400, "request.value", "credential", "Not 32 bytes of hex.");
    } else if (tp_store_credential_find(tp_server_reader(s, rq), key, &k, &found)) {
        tp_answer_storage(rq);
    } else {
        if (!found || !k.ready) k = (tp_store_credential){0};
        answer_credential(rq, s, &k);
    }
    json_decref(body);
}
