/* Steps of an enrolment: tokens, refusals and answers that the routes share. */
#include "server/step.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/answer.h"
#include "server/apply.h"

enum {
    NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    TOKEN = NONCE + 16 + TAG, /* the voter's row, whether that is sure, 7 random bytes; sealed */
};
_Static_assert(TP_TOKEN_TEXT == 2 * TOKEN + 1, "a token in hex");

/* ---- tokens ---- */

void tp_token_seal(char out[static TP_TOKEN_TEXT], const tp_server *s, int64_t voter,
                   unsigned near) {
    uint8_t token[TOKEN], plain[16];
    unsigned long long len;
    tp_put_u64be(plain, (uint64_t)voter);
    plain[8] = (uint8_t)near;
    randombytes_buf(plain + 9, 7);
    randombytes_buf(token, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(token + NONCE, &len, plain, sizeof plain,
                                               s->manifest.fingerprint, 32, NULL, token,
                                               s->session_key);
    tp_hex_write(out, token, sizeof token);
}

static bool open_token(tp_step *t, const tp_server *s, const char *text) {
    uint8_t token[TOKEN], plain[16];
    unsigned long long len;
    if (!tp_hex_read(token, sizeof token, text)) return false;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &len, NULL, token + NONCE,
                                                   sizeof token - NONCE, s->manifest.fingerprint,
                                                   32, token, s->session_key))
        return false;
    t->voter = (int64_t)tp_get_u64be(plain);
    t->near = plain[8];
    crypto_hash_sha256(t->session, token, sizeof token);
    return true;
}

/* ---- answers ---- */

void tp_step_refuse(tp_step *t, int status, const char *code, const char *detail) {
    t->status = status;
    t->fault = code;
    t->detail = detail;
}

json_t *tp_json_routes(uint8_t routes) {
    json_t *list = json_array();
    for (unsigned route = 1; route <= TP_ROUTE_OIDC; route <<= 1)
        if (routes & route) json_array_append_new(list, json_string(tp_route_name(route)));
    return list;
}

static void answer_refusal(tp_step *t) {
    json_t *more = t->tries >= 0 ? json_pack("{s:i}", "tries", t->tries) : NULL;
    if (t->routes || t->again) more = json_pack("{s:o}", "routes", tp_json_routes(t->routes));
    if (t->again) json_object_set_new(more, "again", json_integer((json_int_t)t->again));
    tp_answer_problem_more(t->rq, t->status, t->fault, t->detail, t->retry_s, more);
}

void tp_step_done(tp_server *s, tp_task *task, bool durable) {
    tp_step *t = (tp_step *)task;
    (void)s;
    if (!durable)
        tp_answer_storage(t->rq);
    else if (t->fault)
        answer_refusal(t);
    else
        tp_answer_json(t->rq, 200, json_pack("{s:s}", "state", t->state));
    if (t->evidence) sodium_memzero(t->evidence, t->evidence_len);
    free(t->evidence);
    sodium_memzero(t, sizeof *t);
    free(t);
}

static const char *state_name(const tp_enrolment *e, bool recorded) {
    switch (e->state) {
    case TP_ENROL_PROVEN:
        return "proven";
    case TP_ENROL_WAITING:
        return "waiting";
    case TP_ENROL_DONE:
        return recorded ? "recorded" : "done";
    default:
        return "started";
    }
}

tp_err tp_enrolment_name(const char **name, tp_store *store, const tp_enrolment *e) {
    tp_store_credential k;
    bool found = false;
    tp_err err = e->state == TP_ENROL_DONE
                     ? tp_store_credential_find(store, e->credential, &k, &found)
                     : TP_OK;
    *name = state_name(e, found && k.on_board);
    return err;
}

tp_err tp_step_key_taken(tp_store *store, const uint8_t credential[static 32], bool *taken) {
    tp_enrolment e;
    tp_application a;
    tp_store_credential k;
    tp_err err = tp_store_enrolment_by_credential(store, credential, &e, taken);
    if (!err && !*taken) err = tp_store_credential_find(store, credential, &k, taken);
    if (!err && !*taken) err = tp_store_application_by_credential(store, credential, &a, taken);
    return err;
}

/* ---- who may ask and enrol ---- */

/* Not too often from one address; answers itself if it is. */
static bool may(tp_limit *limit, tp_request *rq) {
    uint8_t address[16];
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (!tp_request_address(rq, address)) return true;
    unsigned wait_s = tp_limit_take(limit, address,
                                    (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
    if (wait_s)
        tp_answer_problem_more(rq, 429, "request.rate",
                               "Too many requests from this address. Please wait.", wait_s, NULL);
    return !wait_s;
}

bool tp_may_ask(tp_server *s, tp_request *rq) { /* spec: J-13 */
    return may(s->asking, rq);
}

bool tp_may_apply(tp_server *s, tp_request *rq) { /* spec: H-11 */
    return may(s->applying, rq);
}

bool tp_may_step(tp_server *s, tp_request *rq) { /* spec: H-18 */
    return may(s->stepping, rq);
}

bool tp_may_watch(tp_server *s, tp_request *rq) { /* spec: H-18 */
    return may(s->watching, rq);
}

void tp_step_source(uint8_t out[static TP_SOURCE], const tp_server *s, const tp_request *rq) {
    static const char domain[] = "tapat-v1 source";
    uint8_t bytes[sizeof domain - 1 + 16], mac[32];
    memset(out, 0, TP_SOURCE);
    if (!tp_request_address(rq, bytes + sizeof domain - 1)) return;
    memcpy(bytes, domain, sizeof domain - 1);
    tp_limit_net(bytes + sizeof domain - 1);
    crypto_auth_hmacsha256(mac, bytes, sizeof bytes, s->session_key);
    memcpy(out, mac, TP_SOURCE);
}

static const char elsewhere[] = "This voter votes at a post or by mail. Ask your post.";

/* spec: J-10, J-11 */
const char *tp_not_online(const tp_voter *v, const char **detail) {
    *detail = "This registration was disabled. Ask your post.";
    if (*v->disabled) return "enrol.disabled";
    *detail = elsewhere;
    return v->voted || v->channel != TP_CHANNEL_ONLINE ? "enrol.channel" : NULL;
}

/* spec: J-29 */
const char *tp_not_online_own(const tp_voter *v, const char **detail) {
    const char *fault = tp_not_online(v, detail);
    if (!fault || *v->disabled || !v->voted) return fault;
    *detail = "This voter has voted at the post.";
    return "enrol.voted";
}

bool tp_enrolling(tp_server *s, tp_phase phase) {
    return phase <= TP_OPEN && (s->manifest.test || tp_server_now() >= s->manifest.enrol_time);
}

tp_step *tp_step_new(tp_server *s, tp_request *rq, void (*work)(tp_recorder *, tp_task *),
                     void (*done)(tp_server *, tp_task *, bool)) {
    tp_step *t = calloc(1, sizeof *t);
    if (!t) abort();
    t->s = s;
    t->rq = rq;
    t->tries = -1;
    t->task = (tp_task){.work = work, .done = done};
    return t;
}

bool tp_step_take_any(tp_server *s, tp_request *rq, tp_step *t, const char *text) {
    if (open_token(t, s, text)) return true;
    tp_answer_problem(rq, 404, "enrol.unknown", "enrolment", "No such enrolment.");
    return false;
}

/* spec: J-32 */
bool tp_step_take_token(tp_server *s, tp_request *rq, tp_step *t, const char *text) {
    if (!tp_step_take_any(s, rq, t, text)) return false;
    if (t->near)
        tp_answer_problem(rq, 409, "enrol.route", "enrolment", "A registrar must decide this one.");
    return !t->near;
}

json_t *tp_step_routes(const tp_server *s, const tp_step *t, const tp_voter *v) {
    return t->near ? tp_json_routes(tp_near_routes(s, v)) : tp_routes_json(s, v);
}

void tp_step_prove(tp_recorder *r, tp_step *t) {
    tp_store *store = tp_recorder_store(r);
    tp_enrolment e;
    tp_voter v;
    tp_passkey guard;
    bool found, known, guarded = false;
    uint64_t now = tp_server_now();
    if (!tp_enrolling(t->s, tp_recorder_board(r)->phase)) {
        tp_step_refuse(t, 409, "board.phase", "Enrolment is not open.");
        return;
    }
    tp_err err = tp_store_voter_get(store, t->voter, &v, &found);
    if (!err && found && (t->fault = tp_not_online_own(&v, &t->detail))) {
        t->status = 409;
        return;
    }
    if (!err) err = tp_store_passkey_of(store, t->voter, &guard, &guarded);
    if (!err && guarded && !t->by_passkey) {
        tp_step_refuse(t, 409, "enrol.passkey", "A passkey guards this enrolment. Use it.");
        return;
    }
    if (!err) err = tp_store_enrolment_of(store, t->voter, &e, &known);
    if (!err && !known) {
        e = (tp_enrolment){.voter = t->voter, .state = TP_ENROL_STARTED};
        randombytes_buf(e.id, sizeof e.id);
    }
    if (!err && e.state == TP_ENROL_STARTED) {
        e.state = TP_ENROL_PROVEN;
        e.updated = now;
        err = tp_store_enrolment_put(store, &e);
    }
    if (!err) err = tp_store_session_add(store, t->session, t->voter, now);
    if (!err) err = tp_enrolment_name(&t->state, store, &e);
    tp_recorder_fail(r, err);
}
