/* Stage enrol, the registrars' side: what waits for them, the documents, and refusals.
 *
 *  1. A request is signed by a registrar, for now, and works once: who reads it on its way can ask
 *     nothing with it.
 *  2. Documents leave the server as they came: sealed.
 *  3. A refusal is a registrar's, with a reason out of a closed list, and is kept as signed. It
 *     ends one application and nothing else: the voter may apply again, in any way.
 * spec: chapter 4, L-12, L-13; chapter 10, H-12..H-14.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "election/desk.h"
#include "election/enrol.h"
#include "election/match.h"
#include "server/answer.h"
#include "server/apply.h"
#include "server/evidence.h"
#include "server/message.h"
#include "server/once.h"

_Static_assert((int)TP_MAX_SIGNERS <= (int)TP_ONCE_USERS, "no registrar uses another's room");

enum { WAITING_MAX = 200, TIME_WINDOW_S = TP_ASKED_WINDOW_S, PREFIX = 6 };

/* ---- who asks ---- */

typedef struct {
    int registrar;
    json_int_t at;
    const char *signature;
    uint8_t bytes[64]; /* of the signature */
} asker;

static void not_signed(tp_request *rq) {
    tp_answer_problem(rq, 403, "registrar.signature", "signature",
                      "Not signed by a registrar, or not now.");
}

/* A registrar of now? Answers itself if not. */
static bool timely(tp_server *s, tp_request *rq, asker *a) {
    uint64_t now = tp_server_now(), at = (uint64_t)a->at;
    if (a->at < 0 || !tp_hex_read(a->bytes, 64, a->signature)) {
        tp_answer_problem(rq, 400, "request.value", a->at < 0 ? "time" : "signature", "");
        return false;
    }
    bool good = a->registrar >= 1 && a->registrar <= s->manifest.registrars.count &&
                at + TIME_WINDOW_S >= now && at <= now + TIME_WINDOW_S;
    if (!good) not_signed(rq);
    return good;
}

/* Signed for this subject, and for the first time? */
static bool asked(tp_server *s, tp_request *rq, asker *a, const char *use, const uint8_t *subject,
                  size_t len) {
    uint8_t hash[32];
    uint64_t now = tp_server_now();
    if (!timely(s, rq, a)) return false;
    if ((uint64_t)a->at < tp_once_since(s->asked)) { /* what was taken then is forgotten */
        not_signed(rq);
        return false;
    }
    const uint8_t *key = s->manifest.registrars.who[a->registrar - 1].key;
    if (tp_registrar_asked(a->bytes, use, s->manifest.fingerprint, (uint64_t)a->at, subject, len,
                           key)) {
        not_signed(rq);
        return false;
    }
    tp_sha256(hash, a->bytes, sizeof a->bytes);
    tp_err err = tp_once_take(s->asked, (unsigned)a->registrar - 1, hash, now,
                              (uint64_t)a->at + TIME_WINDOW_S);
    if (err == TP_REFUSED)
        tp_answer_problem(rq, 403, "registrar.again", "signature", "This request was made before.");
    else if (err)
        tp_answer_problem_more(rq, 503, "server.busy", "Too much waits.", 2, NULL);
    return !err;
}

/* ---- the queue ---- */

static json_t *signers(tp_store *store, const uint8_t credential[static 32], tp_err *err) {
    tp_store_credential k;
    tp_registration r;
    tp_fault fault;
    bool found, more = false;
    json_t *list = json_array();
    *err = tp_store_credential_find(store, credential, &k, &found);
    if (*err || !found) return list;
    tp_reader body = tp_reader_of(k.registration, k.registration_len);
    *err = tp_registrations_next(&r, &body, NULL, &more, &fault);
    for (size_t i = 0; !*err && more && i < r.registrars.count; i++)
        json_array_append_new(list, json_integer(r.registrars.by[i].signer));
    return list;
}

/* What of the voter, besides this key: a key already signed, and how many other applications. */
static tp_err others(tp_store *store, const tp_application *a, bool *enrolled, int *open) {
    tp_application list[TP_APPLICATIONS_KEPT];
    tp_enrolment e;
    size_t count;
    bool found;
    tp_err err = tp_store_enrolment_of(store, a->voter, &e, &found);
    *enrolled = !err && found && e.state == TP_ENROL_DONE;
    *open = 0;
    if (!err) err = tp_store_applications_of(store, a->voter, list, TP_APPLICATIONS_KEPT, &count);
    for (size_t i = 0; !err && i < count; i++)
        *open += list[i].state == TP_APPLY_WAITING && memcmp(list[i].id, a->id, 16) != 0;
    return err;
}

static tp_err add_item(const tp_server *s, tp_store *store, json_t *list, const tp_application *a,
                       const tp_voter *v) {
    bool enrolled;
    int open;
    tp_err err = others(store, a, &enrolled, &open), also = TP_OK, further = TP_OK, last = TP_OK;
    json_t *item = json_pack(
        "{s:o, s:s, s:s, s:s, s:s, s:i, s:i, s:o, s:o, s:I, s:I, s:b, s:i, s:o, s:o, s:s, s:o}",
        "application", tp_json_hex(a->id, 16), "route", a->route ? tp_route_name(a->route) : "",
        "name", v->name, "number", v->number, "birth_date", v->birth_date, "unit", (int)v->unit,
        "style", (int)s->manifest.units[v->unit].style, "credential",
        tp_json_hex(a->credential, 32), "possession", tp_json_hex(a->possession, 64), "created",
        (json_int_t)a->created, "due", (json_int_t)a->due, "enrolled", !err && enrolled, "others",
        err ? 0 : open, "signed", signers(store, a->credential, &also), "documents",
        tp_json_documents(store, a, &further), "matched", tp_match_word(a->matched), "evidence",
        tp_evidence_json(store, a->credential, &last));
    json_array_append_new(list, item);
    return err ? err : also ? also : further ? further : last;
}

/* Somebody who proved by themselves who they are, as an application with no route. */
static tp_application of_enrolment(const tp_server *s, const tp_enrolment *e) {
    tp_application a = {.voter = e->voter,
                        .state = TP_APPLY_WAITING,
                        .created = e->updated,
                        .updated = e->updated,
                        .due = tp_enrolment_due(s, e)};
    memcpy(a.id, e->id, sizeof a.id);
    memcpy(a.credential, e->credential, sizeof a.credential);
    memcpy(a.possession, e->possession, sizeof a.possession);
    return a;
}

static tp_err list_waiting(tp_server *s, tp_store *store, int unit, json_t *list) {
    tp_enrolment *e = malloc(WAITING_MAX * sizeof *e);
    tp_application *a = malloc(WAITING_MAX * sizeof *a);
    tp_voter *v = malloc(WAITING_MAX * sizeof *v);
    size_t count;
    if (!e || !a || !v) abort();
    tp_err err = tp_store_enrolment_waiting(store, e, v, WAITING_MAX, &count);
    for (size_t i = 0; !err && i < count; i++) {
        a[0] = of_enrolment(s, &e[i]);
        if (unit < 0 || v[i].unit == unit) err = add_item(s, store, list, &a[0], &v[i]);
    }
    if (!err) err = tp_store_applications_waiting(store, unit, a, v, WAITING_MAX, &count);
    for (size_t i = 0; !err && i < count; i++)
        err = add_item(s, store, list, &a[i], &v[i]);
    free(e);
    free(a);
    free(v);
    return err;
}

/* The one that waits under this id, or under an id that begins so. */
static tp_err list_one(tp_server *s, tp_store *store, const char *id, json_t *list) {
    uint8_t bytes[16] = {0};
    tp_application a;
    tp_enrolment e;
    tp_voter v;
    bool found = false, enrolment = false;
    tp_err err = TP_OK;
    if (tp_hex_read(bytes, 16, id)) {
        err = tp_store_application_find(store, bytes, &a, &found);
        if (!err && !found) err = tp_store_enrolment_find(store, bytes, &e, &enrolment);
        if (!err && enrolment) a = of_enrolment(s, &e);
        found = found || (enrolment && e.state == TP_ENROL_WAITING);
    } else if (tp_hex_read(bytes, PREFIX, id)) {
        err = tp_store_application_near(store, bytes, &a, &found);
    }
    if (err || !found || a.state != TP_APPLY_WAITING) return err;
    err = tp_store_voter_get(store, a.voter, &v, &found);
    return err || !found ? err : add_item(s, store, list, &a, &v);
}

static void answer_waiting(tp_server *s, tp_request *rq, int unit, const char *id) {
    tp_store *store = tp_server_reader(s, rq);
    json_t *list = json_array();
    tp_err err = id ? list_one(s, store, id, list) : list_waiting(s, store, unit, list);
    if (!err) {
        tp_answer_json(rq, 200, json_pack("{s:o}", "waiting", list));
        return;
    }
    json_decref(list);
    tp_answer_storage(rq);
}

void tp_post_waiting(tp_request *rq, void *server) {
    tp_server *s = server;
    asker a;
    int unit = -1;
    const char *id = NULL;
    json_error_t error;
    json_t *body = tp_body_json(rq);
    if (!body) return;
    if (json_unpack_ex(body, &error, JSON_STRICT, "{s:i, s:I, s:s, s?i, s?s}", "registrar",
                       &a.registrar, "time", &a.at, "signature", &a.signature, "unit", &unit,
                       "application", &id))
        tp_answer_members(rq, &error);
    else if (asked(s, rq, &a, TP_WAITING_DOMAIN, NULL, 0))
        answer_waiting(s, rq, unit, id);
    json_decref(body);
}

/* ---- the funnel ---- */

/* Who may ask what waits may ask how many do. spec: J-31 */
void tp_post_funnel(tp_request *rq, void *server) {
    tp_server *s = server;
    asker a;
    json_error_t error;
    json_t *body = tp_body_json(rq);
    if (!body) return;
    if (json_unpack_ex(body, &error, JSON_STRICT, "{s:i, s:I, s:s}", "registrar", &a.registrar,
                       "time", &a.at, "signature", &a.signature))
        tp_answer_members(rq, &error);
    else if (asked(s, rq, &a, TP_WAITING_DOMAIN, NULL, 0))
        tp_funnel_answer(s, rq, true);
    json_decref(body);
}

/* ---- documents ---- */

static void answer_document(tp_server *s, tp_request *rq, const uint8_t id[static 16],
                            uint8_t kind) {
    uint8_t *bytes;
    size_t len;
    bool found;
    if (tp_store_upload_get(tp_server_reader(s, rq), id, kind, &bytes, &len, &found)) {
        tp_answer_storage(rq);
        return;
    }
    if (found)
        tp_request_answer(rq, &(tp_answer){.status = 200}, bytes, len);
    else
        tp_answer_problem(rq, 404, "document.missing", NULL, "No such document is kept.");
    free(bytes);
}

void tp_post_document_read(tp_request *rq, void *server) {
    tp_server *s = server;
    asker a;
    const char *id;
    int kind;
    uint8_t subject[17];
    json_error_t error;
    json_t *body = tp_body_json(rq);
    if (!body) return;
    if (json_unpack_ex(body, &error, JSON_STRICT, "{s:i, s:I, s:s, s:s, s:i}", "registrar",
                       &a.registrar, "time", &a.at, "signature", &a.signature, "application", &id,
                       "kind", &kind))
        tp_answer_members(rq, &error);
    else if (!tp_hex_read(subject, 16, id) || kind < 1 || kind > TP_DOCUMENT_KINDS)
        tp_answer_problem(rq, 400, "request.value", "application", "Not a document.");
    else {
        subject[16] = (uint8_t)kind;
        if (asked(s, rq, &a, TP_READ_DOMAIN, subject, sizeof subject))
            answer_document(s, rq, subject, (uint8_t)kind);
    }
    json_decref(body);
}

/* ---- refusals ---- */

typedef struct {
    tp_task task; /* first */
    tp_request *rq;
    uint16_t registrar;
    tp_refusal refusal;
    uint8_t signature[64];
    tp_fault fault;
} refusing;

/* Whoever showed evidence that registrars refuse has proven nothing: the sessions end, and a
 * passkey that was put over this key, so that the voter begins anew by any way. The token that
 * showed it is told of the refusal by *a. */
static tp_err end_proof(tp_store *store, tp_enrolment *e, tp_application *a) {
    tp_application had;
    uint8_t session[32], route;
    bool shown, found;
    tp_err err = tp_store_evidence_by(store, e->credential, session, &route, &shown);
    if (err || !shown) return err;
    a->route = route;
    e->state = TP_ENROL_STARTED;
    err = tp_store_application_by_session(store, session, &had, &found);
    if (!err && found && (had.state == TP_APPLY_REJECTED || had.state == TP_APPLY_CLOSED)) {
        randombytes_buf(had.session, sizeof had.session); /* the newest is what is told */
        err = tp_store_application_put(store, &had);
        found = false;
    }
    if (!found) memcpy(a->session, session, sizeof a->session);
    if (!err) err = tp_store_evidence_remove(store, e->credential);
    if (!err) err = tp_store_sessions_end(store, e->voter);
    return err ? err : tp_store_passkey_remove(store, e->voter);
}

/* A proven enrolment's key becomes an application that was refused, so that nobody can sign it any
 * more. Who typed a code is still proven and hands another in. */
static tp_err refuse_enrolment(tp_store *store, tp_enrolment *e, const tp_refusal *f) {
    tp_application a = {.voter = e->voter,
                        .route = TP_ROUTE_CODE,
                        .state = TP_APPLY_REJECTED,
                        .reason = f->reason,
                        .created = e->updated,
                        .updated = f->time};
    randombytes_buf(a.id, sizeof a.id);
    tp_sha256(a.session, e->id, sizeof e->id); /* of no token */
    memcpy(a.session, a.id, sizeof a.id);
    memcpy(a.credential, e->credential, sizeof a.credential);
    memcpy(a.possession, e->possession, sizeof a.possession);
    e->state = TP_ENROL_PROVEN;
    tp_err err = end_proof(store, e, &a);
    memset(e->credential, 0, sizeof e->credential);
    memset(e->possession, 0, sizeof e->possession);
    e->updated = f->time;
    if (!err) err = tp_store_enrolment_put(store, e);
    return err ? err : tp_store_application_put(store, &a);
}

static tp_err note(tp_recorder *r, const refusing *q, int64_t voter) {
    tp_store *store = tp_recorder_store(r);
    tp_voter v;
    bool found;
    tp_decision d = {.voter = voter,
                     .registrar = q->registrar,
                     .verdict = TP_DECISION_REFUSED,
                     .reason = q->refusal.reason,
                     .time = q->refusal.time};
    memcpy(d.application, q->refusal.application, sizeof d.application);
    memcpy(d.credential, q->refusal.credential, sizeof d.credential);
    memcpy(d.signature, q->signature, sizeof d.signature);
    tp_err err = tp_store_decision_add(store, &d);
    if (!err) err = tp_store_voter_get(store, voter, &v, &found);
    if (!err && found) err = tp_message_notify(tp_recorder_server(r), store, &v, "rejected", NULL);
    return err;
}

static void work_refuse(tp_recorder *r, tp_task *task) {
    refusing *q = (refusing *)task;
    tp_store *store = tp_recorder_store(r);
    const tp_refusal *f = &q->refusal;
    tp_application a;
    tp_enrolment e;
    bool found, enrolment = false;
    tp_err err = tp_store_application_find(store, f->application, &a, &found);
    if (!err && !found) err = tp_store_enrolment_find(store, f->application, &e, &enrolment);
    bool mine = found && a.state == TP_APPLY_WAITING;
    bool proven = enrolment && e.state == TP_ENROL_WAITING &&
                  !memcmp(e.credential, f->credential, sizeof e.credential);
    if (!err && !mine && !proven) {
        if (found && a.state == TP_APPLY_REJECTED) return; /* twice is as good as once */
        (void)tp_fail(&q->fault, TP_REFUSED, "application.state", "waits no more");
        return;
    }
    if (!err && mine) err = tp_application_end(store, &a, TP_APPLY_REJECTED, f->reason, f->time);
    if (!err && proven) err = refuse_enrolment(store, &e, f);
    if (!err) err = note(r, q, mine ? a.voter : e.voter);
    tp_recorder_fail(r, err);
}

static void done_refuse(tp_server *s, tp_task *task, bool durable) {
    refusing *q = (refusing *)task;
    (void)s;
    if (q->fault.err)
        tp_answer_fault(q->rq, &q->fault);
    else if (!durable)
        tp_answer_storage(q->rq);
    else
        tp_answer_json(q->rq, 200, json_pack("{s:s}", "state", "rejected"));
    free(q);
}

/* The key that the refusal is about; answers itself if there is no such application. */
static bool refused_key(tp_server *s, tp_request *rq, tp_refusal *f) {
    tp_store *store = tp_server_reader(s, rq);
    tp_application a;
    tp_enrolment e;
    bool found, enrolment = false;
    tp_err err = tp_store_application_find(store, f->application, &a, &found);
    if (!err && found) memcpy(f->credential, a.credential, 32);
    if (!err && !found) err = tp_store_enrolment_find(store, f->application, &e, &enrolment);
    if (!err && enrolment) memcpy(f->credential, e.credential, 32);
    if (err)
        tp_answer_storage(rq);
    else if (!found && !enrolment)
        tp_answer_problem(rq, 404, "application.unknown", "application", "No such application.");
    return !err && (found || enrolment);
}

static void take_refusal(tp_server *s, tp_request *rq, asker *a, tp_refusal *f) {
    if (!timely(s, rq, a) || !refused_key(s, rq, f)) return;
    const uint8_t *key = s->manifest.registrars.who[a->registrar - 1].key;
    f->time = (uint64_t)a->at;
    if (tp_refusal_verify(a->bytes, f, s->manifest.fingerprint, key)) {
        not_signed(rq);
        return;
    }
    refusing *q = calloc(1, sizeof *q);
    if (!q) abort();
    *q = (refusing){.task = {.work = work_refuse, .done = done_refuse, .alone = true},
                    .rq = rq,
                    .registrar = (uint16_t)a->registrar,
                    .refusal = *f};
    memcpy(q->signature, a->bytes, sizeof q->signature);
    tp_recorder_submit(s, &q->task);
}

void tp_post_refusal(tp_request *rq, void *server) {
    asker a;
    const char *id, *reason;
    tp_refusal f = {0};
    json_error_t error;
    json_t *body = tp_body_json(rq);
    if (!body) return;
    if (json_unpack_ex(body, &error, JSON_STRICT, "{s:i, s:I, s:s, s:s, s:s}", "registrar",
                       &a.registrar, "time", &a.at, "signature", &a.signature, "application", &id,
                       "reason", &reason))
        tp_answer_members(rq, &error);
    else if (!tp_hex_read(f.application, 16, id))
        tp_answer_problem(rq, 400, "request.value", "application", "Not 16 bytes of hex.");
    else if (!(f.reason = (uint16_t)tp_refusal_of(reason)))
        tp_answer_problem(rq, 400, "request.value", "reason", "No such reason.");
    else
        take_refusal(server, rq, &a, &f);
    json_decref(body);
}
