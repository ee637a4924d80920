/* Stage enrol, the voter's side: /api/roll/lookup and /api/enrol/...
 *
 *  -> number or name, birth date     start: a token; send: a one-time code
 *  -> code                           proven: this token may hand in a credential
 *  -> credential, possession         waiting for the registrars
 *
 *  1. The token that start gives is sealed and stored nowhere; it gives no right until the code was
 *     typed with it (H-4). So who knows a number and a birth date can neither take over nor read an
 *     enrolment, and a repeated start takes nothing from anyone.
 *  2. A wrong birth date and an unknown number get the same answer (G10).
 *  3. Every step may come twice or late: it changes nothing then.
 * spec: chapter 10.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "election/desk.h"
#include "election/match.h"
#include "server/answer.h"
#include "server/apply.h"
#include "server/code.h"
#include "server/daemon.h"
#include "server/log.h"
#include "server/message.h"
#include "server/step.h"

enum { BORN = 32 };

/* ---- lookup and start ---- */

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

/* What a name and a birth date meet on the roll, by the default rules. */
typedef struct {
    tp_match_person given;
    size_t accepted, near;
    tp_voter voter, near_voter; /* the last of each */
    unsigned code;              /* why the last one near is so */
} meeting;

static void meet(meeting *m, const tp_voter *v) {
    tp_match_person other;
    size_t which;
    tp_match_person_set(&other, v->name, v->birth_date);
    tp_match_then then = tp_match(&tp_match_default, &m->given, &other, &which);
    if (then == TP_MATCH_ACCEPT) {
        m->accepted++;
        m->voter = *v;
    } else if (then == TP_MATCH_REVIEW) {
        m->near++;
        m->near_voter = *v;
        m->code = tp_match_code(&tp_match_default.rule[which]);
    }
}

static tp_err meet_born(meeting *m, tp_store *store, const char *birth) {
    tp_voter list[BORN];
    size_t count = BORN;
    int64_t after = 0;
    tp_err err = TP_OK;
    while (!err && count == BORN) {
        err = tp_store_voters_born(store, birth, after, list, BORN, &count);
        for (size_t i = 0; !err && i < count; i++) {
            after = list[i].id;
            meet(m, &list[i]);
        }
    }
    return err;
}

/* The one voter whom the default rules accept for this name and birth date; or, if they accept
 * none, the one whom they send to review: *near says why. All who were born that day, or with day
 * and month changed places, are compared, whether one was found or not. spec: J-30, J-32 */
static tp_err find_named(tp_server *s, tp_request *rq, const char *name, const char *birth,
                         tp_voter *v, bool *found, unsigned *near) {
    tp_store *store = tp_server_reader(s, rq);
    char swapped[11];
    meeting m = {0};
    const char *detail;
    tp_match_person_set(&m.given, name, birth);
    tp_match_swapped(swapped, m.given.birth_date);
    tp_err err = meet_born(&m, store, birth);
    if (!err && strcmp(swapped, birth) != 0) err = meet_born(&m, store, swapped);
    *found = !err && m.accepted == 1;
    *near =
        !err && !m.accepted && m.near == 1 && !tp_not_online(&m.near_voter, &detail) ? m.code : 0;
    *v = *near ? m.near_voter : m.voter;
    return err;
}

/* Reads {number, birth_date} or {name, birth_date} and finds that voter; answers itself if the body
 * is bad. */
bool tp_step_find_voter(tp_server *s, tp_request *rq, tp_voter *v, bool *found, unsigned *near) {
    const char *number = NULL, *name = NULL, *birth;
    json_error_t error;
    *near = 0;
    if (!tp_may_ask(s, rq)) return false;
    json_t *body = tp_body_json(rq);
    if (!body) return false;
    bool ok = !json_unpack_ex(body, &error, JSON_STRICT, "{s?s, s?s, s:s}", "number", &number,
                              "name", &name, "birth_date", &birth);
    if (!ok) {
        tp_answer_members(rq, &error);
    } else if (!number == !name) {
        tp_answer_problem(rq, 400, "request.members", NULL, "Either number or name is needed.");
        ok = false;
    } else if (number ? find_born(s, rq, number, birth, v, found)
                      : find_named(s, rq, name, birth, v, found, near)) {
        tp_answer_storage(rq);
        ok = false;
    }
    json_decref(body);
    return ok;
}

/* What the voter's post has, a code only where the roll has a contact to send it to. spec: M-23 */
json_t *tp_routes_json(const tp_server *s, const tp_voter *v) {
    const char *detail;
    uint8_t routes = tp_not_online(v, &detail) ? 0 : s->manifest.units[v->unit].routes;
    bool reachable = tp_message_reaches(s, v->contact) || tp_message_reaches(s, v->contact2);
    return tp_json_routes(reachable ? routes : routes & (uint8_t)~TP_ROUTE_CODE);
}

enum { LOOKUP_LEN = 128 };

void tp_post_lookup(tp_request *rq, void *server) {
    tp_server *s = server;
    tp_voter v;
    unsigned near;
    bool found;
    if (!tp_step_find_voter(s, rq, &v, &found, &near)) return;
    json_t *answer = json_pack("{s:b}", "found", found);
    if (found && s->manifest.enrol.show) {
        json_object_set_new(answer, "unit", json_integer(v.unit));
        json_object_set_new(answer, "routes", tp_routes_json(s, &v));
    }
    tp_answer_json_padded(rq, answer, LOOKUP_LEN);
}

/* ---- start ---- */

void tp_answer_start(tp_server *s, tp_request *rq, const tp_voter *v) {
    char token[TP_TOKEN_TEXT];
    tp_passkey passkey;
    bool guarded;
    if (tp_store_passkey_of(tp_server_reader(s, rq), v->id, &passkey, &guarded)) {
        tp_answer_storage(rq);
        return;
    }
    tp_token_seal(token, s, v->id, 0);
    tp_answer_json(rq, 200,
                   json_pack("{s:s, s:i, s:o, s:o, s:b, s:s?}", "enrolment", token, "unit",
                             (int)v->unit, "routes", tp_routes_json(s, v), "contacts",
                             tp_code_contacts(s, v), "passkey", guarded, "provider",
                             s->manifest.enrol.provider));
}

uint8_t tp_near_routes(const tp_server *s, const tp_voter *v) {
    return s->manifest.units[v->unit].routes & (TP_ROUTE_DESK | TP_ROUTE_DOCUMENTS);
}

/* Nothing of the row is told: who asks is not known to be meant by it. spec: J-32 */
void tp_answer_near(tp_server *s, tp_request *rq, const tp_voter *v, unsigned near) {
    char token[TP_TOKEN_TEXT];
    tp_token_seal(token, s, v->id, near);
    tp_answer_json(rq, 200,
                   json_pack("{s:s, s:n, s:o, s:[], s:b, s:n, s:b}", "enrolment", token, "unit",
                             "routes", tp_json_routes(tp_near_routes(s, v)), "contacts", "passkey",
                             false, "provider", "review", true));
}

/* Stores nothing: the token names the voter's row, and gives no right. */
void tp_post_enrol_start(tp_request *rq, void *server) {
    tp_server *s = server;
    tp_voter v;
    unsigned near;
    bool found;
    const char *fault, *detail;
    if (!tp_step_find_voter(s, rq, &v, &found, &near)) return;
    if (near && !tp_near_routes(s, &v)) near = 0;
    if (!found && !near)
        tp_answer_problem(rq, 404, "enrol.unknown", NULL, "No such number and birth date.");
    else if (!tp_enrolling(s, tp_server_state(s).phase))
        tp_answer_problem(rq, 409, "board.phase", NULL, "Enrolment is not open.");
    else if (near)
        tp_answer_near(s, rq, &v, near);
    else if ((fault = tp_not_online(&v, &detail)))
        tp_answer_problem(rq, 409, fault, NULL, detail);
    else
        tp_answer_start(s, rq, &v);
}

/* ---- credential ---- */

/* The enrolment of a proven session; a refusal or failure is noted otherwise. */
static bool proven_enrolment(tp_recorder *r, tp_step *t, tp_enrolment *e) {
    int64_t voter;
    bool proven, found = false;
    tp_err err = tp_store_session_find(tp_recorder_store(r), t->session, &voter, &proven);
    if (!err && proven) err = tp_store_enrolment_of(tp_recorder_store(r), voter, e, &found);
    tp_recorder_fail(r, err);
    if (!err && !found) tp_step_refuse(t, 403, "enrol.proof", "The code was not typed yet.");
    return !err && found;
}

void tp_step_hand_in(tp_recorder *r, tp_task *task) {
    tp_step *t = (tp_step *)task;
    tp_store *store = tp_recorder_store(r);
    tp_enrolment e;
    tp_voter v;
    bool taken = false, found;
    if (!proven_enrolment(r, t, &e)) return;
    if (e.state >= TP_ENROL_WAITING) {
        if (memcmp(e.credential, t->credential, 32) != 0)
            tp_step_refuse(t, 409, "enrol.credential", "Another key was handed in for this voter.");
        else
            tp_recorder_fail(r, tp_enrolment_name(&t->state, store, &e));
        return;
    }
    if (!tp_enrolling(t->s, tp_recorder_board(r)->phase)) {
        tp_step_refuse(t, 409, "board.phase", "Enrolment is not open.");
        return;
    }
    tp_err err = tp_store_voter_get(store, e.voter, &v, &found);
    if (!err && found && (t->fault = tp_not_online_own(&v, &t->detail))) {
        t->status = 409;
        return;
    }
    if (!err) err = tp_step_key_taken(store, t->credential, &taken);
    if (!err && taken) {
        tp_step_refuse(t, 409, "enrol.credential", "This key is in use.");
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

bool tp_step_take_credential(tp_request *rq, tp_server *s, tp_step *t, const char *credential,
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
    json_t *body = tp_may_step(s, rq) ? tp_body_json(rq) : NULL;
    if (!body) return;
    tp_step *t = tp_step_new(s, rq, tp_step_hand_in, tp_step_done);
    bool ok = !json_unpack_ex(body, &error, JSON_STRICT, "{s:s, s:s, s:s}", "enrolment", &token,
                              "credential", &credential, "possession", &possession);
    if (!ok) tp_answer_members(rq, &error);
    ok = ok && tp_step_take_token(s, rq, t, token) &&
         tp_step_take_credential(rq, s, t, credential, possession);
    json_decref(body);
    if (ok)
        tp_recorder_submit(s, &t->task);
    else
        free(t);
}

/* ---- status ---- */

/* What a registrar said of the key that this enrolment handed in last; 0: nothing. */
static tp_err refused_for(unsigned *reason, tp_store *store, const tp_enrolment *e) {
    tp_application list[TP_APPLICATIONS_KEPT];
    size_t count, i = 0;
    *reason = 0;
    if (e->state != TP_ENROL_PROVEN) return TP_OK;
    tp_err err = tp_store_applications_of(store, e->voter, list, TP_APPLICATIONS_KEPT, &count);
    while (!err && i < count && list[i].route != TP_ROUTE_CODE)
        i++; /* others' applications come between */
    if (err || i == count || list[i].state != TP_APPLY_REJECTED) return err;
    if (list[i].updated >= e->updated) *reason = list[i].reason;
    return TP_OK;
}

static void answer_proven(tp_server *s, tp_request *rq, const tp_enrolment *e, const tp_voter *v,
                          const char *name) {
    unsigned reason;
    if (refused_for(&reason, tp_server_reader(s, rq), e)) {
        tp_answer_storage(rq);
        return;
    }
    json_t *answer =
        json_pack("{s:s, s:i, s:i, s:o}", "state", reason ? "rejected" : name, "unit", (int)v->unit,
                  "style", (int)s->manifest.units[v->unit].style, "credential",
                  e->state >= TP_ENROL_WAITING ? tp_json_hex(e->credential, 32) : json_null());
    if (e->state == TP_ENROL_WAITING)
        json_object_set_new(answer, "due", json_integer((json_int_t)tp_enrolment_due(s, e)));
    if (reason) {
        json_object_set_new(answer, "reason", json_string(tp_refusal_reason(reason)));
        json_object_set_new(answer, "routes", tp_routes_json(s, v));
        json_object_set_new(answer, "provider", json_pack("s?", s->manifest.enrol.provider));
    }
    tp_answer_json(rq, 200, answer);
}

/* Who has not typed the code learns nothing but that it was asked for, what became of it, and of an
 * application that this token handed in. */
static void answer_status(tp_server *s, tp_request *rq, const tp_step *t) {
    tp_store *store = tp_server_reader(s, rq);
    tp_enrolment e;
    tp_voter v;
    int64_t voter;
    bool known = false;
    const char *name = "started";
    bool proven, found = false, answered = false;
    tp_err err = tp_store_session_find(store, t->session, &voter, &proven);
    if (!err && !proven) err = tp_application_status(s, rq, t, &answered);
    if (answered && !err) return;
    if (!err && proven) err = tp_store_enrolment_of(store, voter, &e, &found);
    if (!err) err = tp_store_voter_get(store, t->voter, &v, &known);
    if (!err && found) err = tp_enrolment_name(&name, store, &e);
    json_t *message = NULL, *contacts = NULL;
    if (!err && !found && !t->near) err = tp_code_status(s, store, t, &message, &contacts);
    if (err)
        tp_answer_storage(rq);
    else if (!found || !known)
        tp_answer_json(rq, 200,
                       json_pack("{s:s, s:n, s:n, s:n, s:o, s:o, s:o}", "state", name, "unit",
                                 "style", "credential", "routes",
                                 known ? tp_step_routes(s, t, &v) : json_array(), "message",
                                 message ? message : json_null(), "contacts",
                                 contacts ? contacts : json_array()));
    else
        answer_proven(s, rq, &e, &v, name);
}

void tp_post_enrol_status(tp_request *rq, void *server) {
    tp_server *s = server;
    const char *token;
    tp_step t = {0};
    json_error_t error;
    json_t *body = tp_may_watch(s, rq) ? tp_body_json(rq) : NULL;
    if (!body) return;
    if (json_unpack_ex(body, &error, JSON_STRICT, "{s:s}", "enrolment", &token))
        tp_answer_members(rq, &error);
    else if (tp_step_take_any(s, rq, &t, token))
        answer_status(s, rq, &t);
    json_decref(body);
}
