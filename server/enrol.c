/* Stage enrol, the voter's side: /api/roll/lookup and /api/enrol/...
 *
 *  -> number, birth date             start: a one-time code goes to the contact on the roll
 *  -> code                           proven: this token may hand in a credential
 *  -> credential, possession         waiting for the registrars
 *
 *  1. The token that start gives is sealed and stored nowhere; it gives no right until the code was
 *     typed with it (H-4). So who knows a number and a birth date can neither take over nor read an
 *     enrolment, and a repeated start takes nothing from anyone.
 *  2. A code lives 10 minutes and 5 tries; one is sent a minute at most, and 5 a day: 25 guesses in
 *     a million a day.
 *  3. A wrong birth date and an unknown number get the same answer (G10).
 *  4. Every step may come twice or late: it changes nothing then.
 * spec: chapter 10.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/answer.h"
#include "server/daemon.h"
#include "server/log.h"

enum {
    CODE_DIGITS = 6,
    CODE_LIFE_S = 600,
    CODE_TRIES = 5,
    SEND_GAP_S = 60,
    SENDS = 5,
    SENDS_PERIOD_S = 86400,
    NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    TOKEN = NONCE + 16 + TAG, /* the voter's row and 8 random bytes, sealed */
};

typedef struct {
    tp_task task; /* first */
    tp_server *s;
    tp_request *rq;
    int64_t voter;
    uint8_t session[32]; /* hash of the token */
    char code[CODE_DIGITS + 1];
    uint8_t credential[32], possession[64];
    /* the answer */
    int status;
    const char *fault, *detail;
    unsigned retry_s;
    int tries; /* left; -1: not said */
    const char *state;
    char sent_to[128];
} step;

/* ---- tokens ---- */

static void seal_token(char out[static 2 * TOKEN + 1], const tp_server *s, int64_t voter) {
    uint8_t token[TOKEN], plain[16];
    unsigned long long len;
    tp_put_u64be(plain, (uint64_t)voter);
    randombytes_buf(plain + 8, 8);
    randombytes_buf(token, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(token + NONCE, &len, plain, sizeof plain,
                                               s->manifest.fingerprint, 32, NULL, token,
                                               s->session_key);
    tp_hex_write(out, token, sizeof token);
}

static bool open_token(int64_t *voter, uint8_t hash[static 32], const tp_server *s,
                       const char *text) {
    uint8_t token[TOKEN], plain[16];
    unsigned long long len;
    if (!tp_hex_read(token, sizeof token, text)) return false;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &len, NULL, token + NONCE,
                                                   sizeof token - NONCE, s->manifest.fingerprint,
                                                   32, token, s->session_key))
        return false;
    *voter = (int64_t)tp_get_u64be(plain);
    crypto_hash_sha256(hash, token, sizeof token);
    return true;
}

static void hash_code(uint8_t out[static 32], const uint8_t id[static 16], const char *code) {
    uint8_t bytes[16 + CODE_DIGITS];
    memcpy(bytes, id, 16);
    memcpy(bytes + 16, code, CODE_DIGITS);
    crypto_hash_sha256(out, bytes, sizeof bytes);
    sodium_memzero(bytes, sizeof bytes);
}

/* ---- answers ---- */

static void refuse(step *t, int status, const char *code, const char *detail) {
    t->status = status;
    t->fault = code;
    t->detail = detail;
}

static void answer_refusal(step *t) {
    json_t *more = t->tries >= 0 ? json_pack("{s:i}", "tries", t->tries) : NULL;
    tp_answer_problem_more(t->rq, t->status, t->fault, t->detail, t->retry_s, more);
}

static void done_state(tp_server *s, tp_task *task, bool durable) {
    step *t = (step *)task;
    (void)s;
    if (!durable)
        tp_answer_storage(t->rq);
    else if (t->fault)
        answer_refusal(t);
    else
        tp_answer_json(t->rq, 200, json_pack("{s:s}", "state", t->state));
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

static tp_err name_state(const char **name, tp_store *store, const tp_enrolment *e) {
    tp_store_credential k;
    bool found = false;
    tp_err err = e->state == TP_ENROL_DONE
                     ? tp_store_credential_find(store, e->credential, &k, &found)
                     : TP_OK;
    *name = state_name(e, found && k.on_board);
    return err;
}

/* "m•••@example.org", "•••4567" */
static void mask_contact(char *out, size_t cap, const char *contact) {
    const char *at = strchr(contact, '@');
    size_t len = strlen(contact), tail = len > 4 ? 4 : 0;
    if (at && at > contact && (contact[0] & 0x80) == 0)
        snprintf(out, cap, "%c•••%s", contact[0], at);
    else
        snprintf(out, cap, "•••%s", contact + len - tail);
}

/* ---- lookup and start ---- */

/* Not too often from one address; answers itself if it is. spec: J-13 */
static bool may_ask(tp_server *s, tp_request *rq) {
    uint8_t address[16];
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (!tp_request_address(rq, address)) return true;
    unsigned wait_s = tp_limit_take(s->asking, address,
                                    (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
    if (wait_s)
        tp_answer_problem_more(rq, 429, "request.rate", "Too many questions. Please wait.", wait_s,
                               NULL);
    return !wait_s;
}

/* One number, one row and one comparison, whether there is such a voter or not. spec: J-12 */
static tp_err find_born(tp_server *s, tp_request *rq, const char *number, const char *birth,
                        tp_voter *v, bool *found) {
    tp_store *store = tp_server_reader(s, rq);
    bool other;
    memset(v, 0, sizeof *v);
    tp_err err = tp_store_voter_find(store, number, v, found);
    if (!err && !*found) {
        int64_t any = 1 + (int64_t)(s->voters ? randombytes_random() % s->voters : 0);
        err = tp_store_voter_get(store, any, v, &other);
    }
    bool born = strlen(birth) == 10 && sodium_memcmp(birth, v->birth_date, 10) == 0;
    *found = !err && *found && born;
    return err;
}

/* Reads {number, birth_date} and finds that voter; answers itself if the body is bad. */
static bool find_voter(tp_server *s, tp_request *rq, tp_voter *v, bool *found) {
    const char *number, *birth;
    json_error_t error;
    if (!may_ask(s, rq)) return false;
    json_t *body = tp_body_json(rq);
    if (!body) return false;
    bool ok = !json_unpack_ex(body, &error, JSON_STRICT, "{s:s, s:s}", "number", &number,
                              "birth_date", &birth);
    if (!ok) {
        tp_answer_members(rq, &error);
    } else if (find_born(s, rq, number, birth, v, found)) {
        tp_answer_storage(rq);
        ok = false;
    }
    json_decref(body);
    return ok;
}

/* May this voter vote online? Else the fault's code, and what to say. spec: J-10, J-11 */
static const char *not_online(const tp_voter *v, const char **detail) {
    *detail = "This registration was disabled. Ask your post.";
    if (*v->disabled) return "enrol.disabled";
    *detail = "This voter votes at a post or by mail. Ask your post.";
    return v->channel == TP_CHANNEL_ONLINE ? NULL : "enrol.channel";
}

static const char *no_route(const tp_voter *v, const char **detail) {
    const char *fault = not_online(v, detail);
    if (fault) return fault;
    *detail = "The roll has no contact for a code.";
    return *v->contact ? NULL : "enrol.contact";
}

enum { LOOKUP_LEN = 64 };

void tp_post_lookup(tp_request *rq, void *server) {
    tp_server *s = server;
    tp_voter v;
    bool found;
    const char *detail;
    if (!find_voter(s, rq, &v, &found)) return;
    json_t *answer = json_pack("{s:b}", "found", found);
    if (found) {
        json_t *routes = no_route(&v, &detail) ? json_array() : json_pack("[s]", "code");
        json_object_set_new(answer, "unit", json_integer(v.unit));
        json_object_set_new(answer, "routes", routes);
    }
    tp_answer_json_padded(rq, answer, LOOKUP_LEN);
}

static bool enrolling(tp_server *s, tp_phase phase) {
    return phase <= TP_OPEN && (s->manifest.test || tp_server_now() >= s->manifest.enrol_time);
}

static tp_err send_code(tp_store *store, tp_enrolment *e, const tp_voter *v, const char *title,
                        uint64_t now) {
    char code[CODE_DIGITS + 1];
    tp_message m = {.time = now};
    snprintf(code, sizeof code, "%06u", randombytes_uniform(1000000));
    hash_code(e->code_hash, e->id, code);
    e->code_expires = now + CODE_LIFE_S;
    e->code_tries = 0;
    e->sends++;
    e->updated = now;
    snprintf(m.to, sizeof m.to, "%s", v->contact);
    snprintf(m.subject, sizeof m.subject, "Your code: %.120s", title);
    snprintf(m.text, sizeof m.text,
             "Your code is %s. It is valid for 10 minutes. Nobody will ask you for it by phone or "
             "message. If you did not ask for a code, you need do nothing.",
             code);
    tp_err err = tp_store_enrolment_put(store, e);
    if (!err) err = tp_store_message_add(store, &m);
    sodium_memzero(&m, sizeof m);
    sodium_memzero(code, sizeof code);
    return err;
}

static tp_err load_enrolment(tp_store *store, int64_t voter, uint64_t now, tp_enrolment *e) {
    bool found;
    tp_err err = tp_store_enrolment_of(store, voter, e, &found);
    if (!err && !found) {
        *e = (tp_enrolment){.voter = voter, .state = TP_ENROL_STARTED};
        randombytes_buf(e->id, sizeof e->id);
    }
    if (now >= e->sends_since + SENDS_PERIOD_S) {
        e->sends = 0;
        e->sends_since = now;
    }
    return err;
}

static void work_start(tp_recorder *r, tp_task *task) {
    step *t = (step *)task;
    tp_store *store = tp_recorder_store(r);
    tp_enrolment e;
    tp_voter v;
    bool found;
    uint64_t now = tp_server_now();
    if (!enrolling(t->s, tp_recorder_board(r)->phase)) {
        refuse(t, 409, "board.phase", "Enrolment is not open.");
        return;
    }
    tp_err err = tp_store_voter_get(store, t->voter, &v, &found);
    if (!err && found && (t->fault = no_route(&v, &t->detail))) {
        t->status = 409;
        return;
    }
    if (!err) err = load_enrolment(store, t->voter, now, &e);
    if (err) {
        tp_recorder_fail(r, err);
        return;
    }
    bool recent = e.code_expires && now < e.code_expires - CODE_LIFE_S + SEND_GAP_S;
    if (!recent && e.sends >= SENDS) {
        t->retry_s = (unsigned)(e.sends_since + SENDS_PERIOD_S - now);
        refuse(t, 429, "enrol.sends", "Too many codes were sent to this contact today.");
        return;
    }
    if (!recent) tp_recorder_fail(r, send_code(store, &e, &v, t->s->manifest.title, now));
    t->state = "started";
    mask_contact(t->sent_to, sizeof t->sent_to, v.contact);
}

static void done_start(tp_server *s, tp_task *task, bool durable) {
    step *t = (step *)task;
    char token[2 * TOKEN + 1];
    if (!durable || t->fault) {
        done_state(s, task, durable);
        return;
    }
    seal_token(token, s, t->voter);
    tp_answer_json(
        t->rq, 200,
        json_pack("{s:s, s:s, s:s}", "enrolment", token, "sent_to", t->sent_to, "state", t->state));
    free(t);
}

static step *new_step(tp_server *s, tp_request *rq, void (*work)(tp_recorder *, tp_task *),
                      void (*done)(tp_server *, tp_task *, bool)) {
    step *t = calloc(1, sizeof *t);
    if (!t) abort();
    t->s = s;
    t->rq = rq;
    t->tries = -1;
    t->task = (tp_task){.work = work, .done = done};
    return t;
}

void tp_post_enrol_start(tp_request *rq, void *server) {
    tp_server *s = server;
    tp_voter v;
    bool found;
    const char *fault, *detail;
    if (!find_voter(s, rq, &v, &found)) return;
    if (!found) {
        tp_answer_problem(rq, 404, "enrol.unknown", NULL, "No such number and birth date.");
        return;
    }
    if ((fault = no_route(&v, &detail))) {
        tp_answer_problem(rq, 409, fault, NULL, detail);
        return;
    }
    step *t = new_step(s, rq, work_start, done_start);
    t->voter = v.id;
    tp_recorder_submit(s, &t->task);
}

/* ---- code ---- */

static void try_code(tp_recorder *r, step *t, tp_enrolment *e, uint64_t now) {
    tp_store *store = tp_recorder_store(r);
    uint8_t hash[32];
    if (!e->code_expires || now >= e->code_expires || sodium_is_zero(e->code_hash, 32)) {
        refuse(t, 422, "enrol.expired", "This code is no longer valid. Ask for a new one.");
        return;
    }
    hash_code(hash, e->id, t->code);
    if (sodium_memcmp(hash, e->code_hash, 32) == 0) {
        memset(e->code_hash, 0, sizeof e->code_hash);
        if (e->state == TP_ENROL_STARTED) e->state = TP_ENROL_PROVEN;
        e->updated = now;
        tp_recorder_fail(r, tp_store_session_add(store, t->session, t->voter, now));
        tp_recorder_fail(r, name_state(&t->state, store, e));
    } else {
        e->code_tries++;
        if (e->code_tries >= CODE_TRIES) memset(e->code_hash, 0, sizeof e->code_hash);
        t->tries = CODE_TRIES - (int)e->code_tries;
        refuse(t, 422, "enrol.code", "That is not the code that was sent.");
    }
    tp_recorder_fail(r, tp_store_enrolment_put(store, e));
}

/* The session that was proven already stays so, whatever code comes with it. */
static void work_code(tp_recorder *r, tp_task *task) {
    step *t = (step *)task;
    tp_store *store = tp_recorder_store(r);
    tp_enrolment e;
    int64_t voter;
    bool found, proven;
    tp_err err = tp_store_enrolment_of(store, t->voter, &e, &found);
    if (!err) err = tp_store_session_find(store, t->session, &voter, &proven);
    if (!err && proven && found) err = name_state(&t->state, store, &e);
    if (err)
        tp_recorder_fail(r, err);
    else if (!found)
        refuse(t, 422, "enrol.expired", "No code was sent.");
    else if (!proven)
        try_code(r, t, &e, tp_server_now());
}

/* Fills in voter and session of a token; answers itself if it is none. */
static bool take_token(tp_server *s, tp_request *rq, step *t, const char *text) {
    if (open_token(&t->voter, t->session, s, text)) return true;
    tp_answer_problem(rq, 404, "enrol.unknown", "enrolment", "No such enrolment.");
    return false;
}

void tp_post_enrol_code(tp_request *rq, void *server) {
    tp_server *s = server;
    const char *token, *code;
    json_error_t error;
    json_t *body = tp_body_json(rq);
    if (!body) return;
    step *t = new_step(s, rq, work_code, done_state);
    bool ok = !json_unpack_ex(body, &error, JSON_STRICT, "{s:s, s:s}", "enrolment", &token, "code",
                              &code);
    if (!ok) tp_answer_members(rq, &error);
    ok = ok && take_token(s, rq, t, token);
    if (ok && (strlen(code) != CODE_DIGITS || strspn(code, "0123456789") != CODE_DIGITS)) {
        tp_answer_problem(rq, 400, "request.value", "code", "A code has six digits.");
        ok = false;
    }
    if (ok) memcpy(t->code, code, CODE_DIGITS + 1);
    json_decref(body);
    if (ok)
        tp_recorder_submit(s, &t->task);
    else
        free(t);
}

/* ---- credential ---- */

/* The enrolment of a proven session; a refusal or failure is noted otherwise. */
static bool proven_enrolment(tp_recorder *r, step *t, tp_enrolment *e) {
    int64_t voter;
    bool proven, found = false;
    tp_err err = tp_store_session_find(tp_recorder_store(r), t->session, &voter, &proven);
    if (!err && proven) err = tp_store_enrolment_of(tp_recorder_store(r), voter, e, &found);
    tp_recorder_fail(r, err);
    if (!err && !found) refuse(t, 403, "enrol.proof", "The code was not typed yet.");
    return !err && found;
}

static void work_credential(tp_recorder *r, tp_task *task) {
    step *t = (step *)task;
    tp_store *store = tp_recorder_store(r);
    tp_enrolment e, other;
    tp_store_credential k;
    tp_voter v;
    bool taken, known, found;
    if (!proven_enrolment(r, t, &e)) return;
    if (e.state >= TP_ENROL_WAITING) {
        if (memcmp(e.credential, t->credential, 32) != 0)
            refuse(t, 409, "enrol.credential", "Another key was handed in for this voter.");
        else
            tp_recorder_fail(r, name_state(&t->state, store, &e));
        return;
    }
    if (!enrolling(t->s, tp_recorder_board(r)->phase)) {
        refuse(t, 409, "board.phase", "Enrolment is not open.");
        return;
    }
    tp_err err = tp_store_voter_get(store, e.voter, &v, &found);
    if (!err && found && (t->fault = not_online(&v, &t->detail))) {
        t->status = 409;
        return;
    }
    if (!err) err = tp_store_enrolment_by_credential(store, t->credential, &other, &taken);
    if (!err) err = tp_store_credential_find(store, t->credential, &k, &known);
    if (!err && (taken || known)) {
        refuse(t, 409, "enrol.credential", "This key is in use.");
        return;
    }
    memcpy(e.credential, t->credential, 32);
    memcpy(e.possession, t->possession, 64);
    e.state = TP_ENROL_WAITING;
    e.updated = tp_server_now();
    if (!err) err = tp_store_enrolment_put(store, &e);
    tp_recorder_fail(r, err);
    t->state = "waiting";
}

static bool take_credential(tp_request *rq, tp_server *s, step *t, const char *credential,
                            const char *possession) {
    if (!tp_hex_read(t->credential, 32, credential)) {
        tp_answer_problem(rq, 400, "request.value", "credential", "Not 32 bytes of hex.");
        return false;
    }
    if (!tp_hex_read(t->possession, 64, possession)) {
        tp_answer_problem(rq, 400, "request.value", "possession", "Not 64 bytes of hex.");
        return false;
    }
    if (tp_credential_verify(t->possession, t->credential, s->manifest.fingerprint) == TP_OK)
        return true;
    tp_answer_problem(rq, 422, "enrol.possession", "possession", "The proof does not hold.");
    return false;
}

void tp_post_enrol_credential(tp_request *rq, void *server) {
    tp_server *s = server;
    const char *token, *credential, *possession;
    json_error_t error;
    json_t *body = tp_body_json(rq);
    if (!body) return;
    step *t = new_step(s, rq, work_credential, done_state);
    bool ok = !json_unpack_ex(body, &error, JSON_STRICT, "{s:s, s:s, s:s}", "enrolment", &token,
                              "credential", &credential, "possession", &possession);
    if (!ok) tp_answer_members(rq, &error);
    ok = ok && take_token(s, rq, t, token) && take_credential(rq, s, t, credential, possession);
    json_decref(body);
    if (ok)
        tp_recorder_submit(s, &t->task);
    else
        free(t);
}

/* ---- status ---- */

/* Who has not typed the code learns nothing but that it was asked for. */
static void answer_status(tp_server *s, tp_request *rq, const step *t) {
    tp_store *store = tp_server_reader(s, rq);
    tp_enrolment e;
    tp_voter v;
    int64_t voter;
    const char *name = "started";
    bool proven, found = false;
    tp_err err = tp_store_session_find(store, t->session, &voter, &proven);
    if (!err && proven) err = tp_store_enrolment_of(store, voter, &e, &found);
    if (!err && found) err = tp_store_voter_get(store, voter, &v, &found);
    if (!err && found) err = name_state(&name, store, &e);
    if (err)
        tp_answer_storage(rq);
    else if (!found)
        tp_answer_json(
            rq, 200,
            json_pack("{s:s, s:n, s:n, s:n}", "state", name, "unit", "style", "credential"));
    else
        tp_answer_json(
            rq, 200,
            json_pack("{s:s, s:i, s:i, s:o}", "state", name, "unit", (int)v.unit, "style",
                      (int)s->manifest.units[v.unit].style, "credential",
                      e.state >= TP_ENROL_WAITING ? tp_json_hex(e.credential, 32) : json_null()));
}

void tp_post_enrol_status(tp_request *rq, void *server) {
    tp_server *s = server;
    const char *token;
    step t = {0};
    json_error_t error;
    json_t *body = tp_body_json(rq);
    if (!body) return;
    if (json_unpack_ex(body, &error, JSON_STRICT, "{s:s}", "enrolment", &token))
        tp_answer_members(rq, &error);
    else if (take_token(s, rq, &t, token))
        answer_status(s, rq, &t);
    json_decref(body);
}
