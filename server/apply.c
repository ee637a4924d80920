/* Stage enrol, routes desk and documents: the voter's side. /api/enrol/apply,
 * /api/enrol/again
 *
 *  -> credential, possession, route  apply: waits for a registrar (desk), or is open (documents)
 *
 * Invariants: apply.h.
 */
#include "server/apply.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "election/desk.h"
#include "server/answer.h"
#include "server/message.h"

/* ---- routes ---- */

static const struct {
    const char *name;
    unsigned route;
} routes[] = {{"code", TP_ROUTE_CODE},
              {"letter", TP_ROUTE_LETTER},
              {"desk", TP_ROUTE_DESK},
              {"documents", TP_ROUTE_DOCUMENTS},
              {"oidc", TP_ROUTE_OIDC}};
enum { ROUTES = sizeof routes / sizeof routes[0] };

const char *tp_route_name(unsigned route) {
    for (size_t i = 0; i < ROUTES; i++)
        if (routes[i].route == route) return routes[i].name;
    return "";
}

unsigned tp_route_of(const char *name) {
    for (size_t i = 0; i < ROUTES; i++)
        if (!strcmp(routes[i].name, name)) return routes[i].route;
    return 0;
}

/* ---- again ---- */

/* Who holds a token gets another for the same voter: for a further route. */
void tp_post_enrol_again(tp_request *rq, void *server) {
    tp_server *s = server;
    tp_step t = {0};
    const char *token;
    json_error_t error;
    tp_voter v;
    bool found;
    json_t *body = tp_may_ask(s, rq) ? tp_body_json(rq) : NULL;
    if (!body) return;
    if (json_unpack_ex(body, &error, JSON_STRICT, "{s:s}", "enrolment", &token))
        tp_answer_members(rq, &error);
    else if (!tp_step_take_any(s, rq, &t, token))
        ;
    else if (tp_store_voter_get(tp_server_reader(s, rq), t.voter, &v, &found))
        tp_answer_storage(rq);
    else if (!found)
        tp_answer_problem(rq, 404, "enrol.unknown", "enrolment", "No such enrolment.");
    else if (t.near)
        tp_answer_near(s, rq, &v, t.near);
    else
        tp_answer_start(s, rq, &v);
    json_decref(body);
}

/* ---- ending ---- */

tp_err tp_application_end(tp_store *store, tp_application *a, tp_apply_state state, uint16_t reason,
                          uint64_t now) {
    a->state = state;
    a->reason = reason;
    a->updated = now;
    tp_err err = tp_store_application_put(store, a);
    return err ? err : tp_store_uploads_delete(store, a->id);
}

static bool is_open(const tp_application *a) {
    return a->state == TP_APPLY_OPEN || a->state == TP_APPLY_WAITING;
}

tp_err tp_applications_close(tp_store *store, int64_t voter, const uint8_t credential[static 32],
                             uint64_t now) {
    tp_application list[TP_APPLICATIONS_KEPT];
    size_t count;
    tp_err err = tp_store_applications_of(store, voter, list, TP_APPLICATIONS_KEPT, &count);
    for (size_t i = 0; !err && i < count; i++)
        if (is_open(&list[i]) && memcmp(list[i].credential, credential, 32) != 0)
            err = tp_application_end(store, &list[i], TP_APPLY_CLOSED, TP_CLOSED_OTHER, now);
    return err;
}

tp_err tp_enrolment_put_aside(tp_store *store, const tp_enrolment *e, uint64_t now) {
    tp_application a = {.voter = e->voter,
                        .route = TP_ROUTE_CODE,
                        .state = TP_APPLY_CLOSED,
                        .reason = TP_CLOSED_OTHER,
                        .created = e->updated,
                        .updated = now};
    if (e->state != TP_ENROL_WAITING) return TP_OK;
    randombytes_buf(a.id, sizeof a.id);
    randombytes_buf(a.session, sizeof a.session); /* of no token */
    memcpy(a.credential, e->credential, sizeof a.credential);
    memcpy(a.possession, e->possession, sizeof a.possession);
    tp_err err = tp_store_evidence_remove(store, a.credential);
    return err ? err : tp_store_application_put(store, &a);
}

tp_err tp_applications_sweep(tp_store *store, uint64_t now) {
    enum { AT_ONCE = 64 };
    tp_application list[AT_ONCE];
    size_t count;
    tp_err err = tp_store_applications_stale(store, now, now - TP_DOCUMENT_DAYS * TP_DAY_S, list,
                                             AT_ONCE, &count);
    for (size_t i = 0; !err && i < count; i++)
        err = tp_application_end(store, &list[i], TP_APPLY_CLOSED, TP_CLOSED_LATE, now);
    return err;
}

/* ---- apply ---- */

/* Did a registrar sign it already? Then it is not displaced: the person was seen. */
static tp_err was_signed(tp_store *store, const tp_application *a, bool *yes) {
    tp_store_credential k;
    return tp_store_credential_find(store, a->credential, &k, yes);
}

static bool of_one_address(const tp_application *a, const tp_application *b) {
    return !sodium_is_zero(a->source, sizeof a->source) &&
           !memcmp(a->source, b->source, sizeof a->source);
}

tp_err tp_application_room(tp_store *store, const tp_application *mine, uint64_t now, bool *full) {
    tp_application list[TP_APPLICATIONS_KEPT], *oldest = NULL, *own = NULL;
    size_t count, same = 0, of_own = 0;
    *full = false;
    tp_err err = tp_store_applications_of(store, mine->voter, list, TP_APPLICATIONS_KEPT, &count);
    for (size_t i = 0; !err && i < count; i++) {
        tp_application *a = &list[i];
        if (a->route != mine->route || a->state != mine->state) continue;
        bool stays = !memcmp(a->id, mine->id, 16);
        if (!stays) err = was_signed(store, a, &stays);
        if (err || stays) continue;
        same++;
        if (!oldest || a->updated < oldest->updated) oldest = a;
        if (!of_one_address(a, mine)) continue;
        of_own++;
        if (!own || a->updated < own->updated) own = a;
    }
    if (of_own >= TP_APPLICATIONS_FROM) oldest = own;
    if (err || (same < TP_APPLICATIONS && of_own < TP_APPLICATIONS_FROM)) return err;
    *full = mine->route == TP_ROUTE_DOCUMENTS && mine->state == TP_APPLY_WAITING;
    if (*full) return TP_OK;
    err = tp_application_end(store, oldest, TP_APPLY_CLOSED, TP_CLOSED_PUSHED, now);
    return err ? err : tp_store_applications_trim(store, mine->voter, TP_CLOSED_KEPT);
}

/* At most one a day: a notice is to be read, and nobody may make a nuisance of it. */
static tp_err tell_applied(const tp_server *s, tp_store *store, const tp_voter *v, uint64_t now) {
    tp_message m;
    bool found;
    tp_err err = tp_store_message_newest(store, v->id, "applied", &m, &found);
    if (err || (found && m.time + TP_DAY_S > now)) return err;
    return tp_message_notify(s, store, v, "applied", NULL);
}

/* Puts it in its first state; what it then waits for. */
static tp_err put(tp_step *t, tp_store *store, tp_application *a, const tp_voter *v, uint64_t now) {
    bool documents = a->route == TP_ROUTE_DOCUMENTS, full;
    a->state = documents ? TP_APPLY_OPEN : TP_APPLY_WAITING;
    memcpy(a->source, t->source, sizeof a->source);
    a->reason = 0;
    a->updated = now;
    a->due = now + (uint64_t)TP_DAY_S *
                       (documents ? (unsigned)TP_OPEN_DAYS : t->s->manifest.enrol.review_days);
    tp_err err = tp_application_room(store, a, now, &full);
    if (!err) err = tp_store_application_put(store, a);
    if (!err) err = tell_applied(t->s, store, v, now);
    return err;
}

/* The token's own application once more: the same, or again after it was closed by others or by
 * time. */
static tp_err apply_again(tp_step *t, tp_store *store, tp_application *a, const tp_voter *v,
                          uint64_t now) {
    if (memcmp(a->credential, t->credential, 32) != 0 || a->route != t->route) {
        tp_step_refuse(t, 409, "enrol.credential", "Another key was handed in with this token.");
        return TP_OK;
    }
    if (a->state != TP_APPLY_CLOSED || a->reason == TP_CLOSED_OTHER) return TP_OK;
    return put(t, store, a, v, now);
}

static tp_err apply_first(tp_step *t, tp_store *store, tp_application *a, const tp_voter *v,
                          uint64_t now) {
    bool taken;
    tp_err err = tp_step_key_taken(store, t->credential, &taken);
    if (!err && taken) tp_step_refuse(t, 409, "enrol.credential", "This key is in use.");
    if (err || taken) return err;
    *a = (tp_application){.voter = v->id, .route = t->route, .created = now, .matched = t->near};
    randombytes_buf(a->id, sizeof a->id);
    memcpy(a->session, t->session, sizeof a->session);
    memcpy(a->credential, t->credential, sizeof a->credential);
    memcpy(a->possession, t->possession, sizeof a->possession);
    return put(t, store, a, v, now);
}

static const char *state_name(const tp_application *a) {
    static const char *const names[] = {[TP_APPLY_OPEN] = "open",
                                        [TP_APPLY_WAITING] = "applied",
                                        [TP_APPLY_DONE] = "done",
                                        [TP_APPLY_REJECTED] = "rejected",
                                        [TP_APPLY_CLOSED] = "closed"};
    return names[a->state];
}

static void work_apply(tp_recorder *r, tp_task *task) {
    tp_step *t = (tp_step *)task;
    tp_store *store = tp_recorder_store(r);
    tp_application a;
    tp_voter v;
    bool found, mine = false;
    uint64_t now = tp_server_now();
    if (!tp_enrolling(t->s, tp_recorder_board(r)->phase)) {
        tp_step_refuse(t, 409, "board.phase", "Enrolment is not open.");
        return;
    }
    tp_err err = tp_store_voter_get(store, t->voter, &v, &found);
    if (!err && !found) err = TP_SYSTEM;
    if (!err && (t->fault = tp_not_online(&v, &t->detail))) {
        t->status = 409;
        return;
    }
    if (!err && !(t->s->manifest.units[v.unit].routes & t->route)) {
        tp_step_refuse(t, 409, "enrol.route", "This post does not offer this way.");
        return;
    }
    if (!err) err = tp_store_application_by_session(store, t->session, &a, &mine);
    if (!err) err = mine ? apply_again(t, store, &a, &v, now) : apply_first(t, store, &a, &v, now);
    tp_recorder_fail(r, err);
    if (err || t->fault) return;
    t->state = state_name(&a);
    t->due = a.due;
    memcpy(t->application, a.id, sizeof t->application);
}

static void done_apply(tp_server *s, tp_task *task, bool durable) {
    tp_step *t = (tp_step *)task;
    if (!durable || t->fault) {
        tp_step_done(s, task, durable);
        return;
    }
    tp_answer_json(t->rq, 200,
                   json_pack("{s:s, s:o, s:I}", "state", t->state, "application",
                             tp_json_hex(t->application, 16), "due", (json_int_t)t->due));
    sodium_memzero(t, sizeof *t);
    free(t);
}

static bool take_route(tp_request *rq, tp_step *t, const char *name) {
    t->route = (uint8_t)tp_route_of(name);
    if (t->route == TP_ROUTE_DESK || t->route == TP_ROUTE_DOCUMENTS) return true;
    tp_answer_problem(rq, 400, "request.value", "route", "Not desk or documents.");
    return false;
}

void tp_post_enrol_apply(tp_request *rq, void *server) {
    tp_server *s = server;
    const char *token, *route, *credential, *possession;
    json_error_t error;
    json_t *body = tp_may_apply(s, rq) ? tp_body_json(rq) : NULL;
    if (!body) return;
    tp_step *t = tp_step_new(s, rq, work_apply, done_apply);
    tp_step_source(t->source, s, rq);
    bool ok =
        !json_unpack_ex(body, &error, JSON_STRICT, "{s:s, s:s, s:s, s:s}", "enrolment", &token,
                        "route", &route, "credential", &credential, "possession", &possession);
    if (!ok) tp_answer_members(rq, &error);
    ok = ok && tp_step_take_any(s, rq, t, token) && take_route(rq, t, route) &&
         tp_step_take_credential(rq, s, t, credential, possession);
    json_decref(body);
    if (ok)
        tp_recorder_submit(s, &t->task);
    else
        free(t);
}

/* ---- status ---- */

uint64_t tp_enrolment_due(const tp_server *s, const tp_enrolment *e) {
    return e->updated + (uint64_t)TP_DAY_S * s->manifest.enrol.review_days;
}

json_t *tp_json_documents(tp_store *store, const tp_application *a, tp_err *err) {
    uint8_t kinds[TP_DOCUMENT_KINDS];
    size_t lens[TP_DOCUMENT_KINDS], count = 0;
    json_t *list = json_array();
    *err = tp_store_upload_list(store, a->id, kinds, lens, TP_DOCUMENT_KINDS, &count);
    for (size_t i = 0; !*err && i < count; i++)
        json_array_append_new(list, json_string(tp_document_kind(kinds[i])));
    return list;
}

/* Done: as far as the enrolment that it became, unless that key was cancelled since. */
static tp_err done_name(const char **name, const char **why, tp_store *store,
                        const tp_application *a) {
    tp_enrolment e;
    bool found;
    tp_err err = tp_store_enrolment_by_credential(store, a->credential, &e, &found);
    if (err) return err;
    if (found) return tp_enrolment_name(name, store, &e);
    *name = "closed";
    *why = "cancelled";
    return TP_OK;
}

tp_err tp_application_status(tp_server *s, tp_request *rq, const tp_step *t, bool *answered) {
    tp_store *store = tp_server_reader(s, rq);
    tp_application a;
    tp_voter v;
    bool found;
    const char *name, *why = "";
    tp_err err = tp_store_application_by_session(store, t->session, &a, answered);
    if (err || !*answered) return err;
    name = state_name(&a);
    if (a.state == TP_APPLY_DONE) err = done_name(&name, &why, store, &a);
    if (!err) err = tp_store_voter_get(store, a.voter, &v, &found);
    if (err) return err;
    if (a.state == TP_APPLY_REJECTED) why = tp_refusal_reason(a.reason);
    if (a.state == TP_APPLY_CLOSED) why = tp_closed_reason(a.reason);
    json_t *documents = tp_json_documents(store, &a, &err);
    bool known = a.state == TP_APPLY_DONE && found;
    json_t *answer =
        json_pack("{s:s, s:o, s:o, s:o, s:s, s:o, s:I, s:s, s:o, s:s?, s:o}", "state", name, "unit",
                  known ? json_integer(v.unit) : json_null(), "style",
                  known ? json_integer(s->manifest.units[v.unit].style) : json_null(), "credential",
                  tp_json_hex(a.credential, 32), "route", tp_route_name(a.route), "application",
                  tp_json_hex(a.id, 16), "due", (json_int_t)a.due, "reason", why, "routes",
                  found ? tp_step_routes(s, t, &v) : json_array(), "provider",
                  s->manifest.enrol.provider, "documents", documents);
    if (err)
        json_decref(answer);
    else
        tp_answer_json(rq, 200, answer);
    return err;
}
