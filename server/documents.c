/* Stage enrol, route documents: what an application hands in. /api/enrol/document,
 * /api/enrol/submit
 *
 *  1. The server has sealed bytes only (L-16) and no key to them.
 *  2. Each kind comes by itself and may come again, as long as the application is open.
 *  3. What one address, one post and all together may hold is bounded. Half of all is shared out
 *     among the posts, each its own: a post's share is open to it whatever is handed in elsewhere.
 *  4. They go with the decision, and at the latest by the sweep (apply.h).
 * spec: chapter 10, H-16.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/group/group.h"
#include "election/desk.h"
#include "server/answer.h"
#include "server/apply.h"

enum { TOKEN = (TP_TOKEN_TEXT - 1) / 2, TAG = 16 };

typedef struct {
    tp_step step; /* first */
    uint8_t *body;
    uint8_t kind;
    const uint8_t *box;
    size_t len;
} handing;

static void free_handing(handing *h) {
    if (h->body) free(h->body);
    free(h);
}

/* This token's application, if documents may still come. */
static bool open_one(tp_recorder *r, tp_step *t, tp_application *a) {
    bool found;
    tp_err err = tp_store_application_by_session(tp_recorder_store(r), t->session, a, &found);
    tp_recorder_fail(r, err);
    if (err) return false;
    if (found && a->route == TP_ROUTE_DOCUMENTS && a->state == TP_APPLY_OPEN) return true;
    tp_step_refuse(t, 409, "enrol.documents", "This application takes no documents now.");
    return false;
}

static uint64_t mib(unsigned n) {
    return (uint64_t)n << 20;
}

/* Half of all, in equal parts for the posts that have this way. */
static uint64_t share_of(const tp_server *s) {
    uint64_t posts = 0;
    for (size_t i = 0; i < s->manifest.unit_count; i++)
        posts += (s->manifest.units[i].routes & TP_ROUTE_DOCUMENTS) != 0;
    return posts ? mib(s->config.documents_all) / 2 / posts : 0;
}

/* What is there already of this kind, which is replaced. */
static tp_err replaced(tp_store *store, const tp_upload *u, uint64_t *len) {
    uint8_t kinds[TP_DOCUMENT_KINDS];
    size_t lens[TP_DOCUMENT_KINDS], count = 0;
    tp_err err =
        tp_store_upload_list(store, u->application, kinds, lens, TP_DOCUMENT_KINDS, &count);
    *len = 0;
    for (size_t i = 0; i < count; i++)
        if (kinds[i] == u->kind) *len = lens[i];
    return err;
}

/* Is there room? Otherwise the refusal is noted. spec: H-16 */
static tp_err has_room(handing *h, tp_store *store, const tp_upload *u, bool *room) {
    const tp_config *c = &h->step.s->config;
    uint64_t share = share_of(h->step.s), old;
    tp_upload_sums sums;
    tp_err err = tp_store_upload_sums(store, u->unit, u->source, share, &sums);
    if (!err) err = replaced(store, u, &old);
    *room = false;
    if (err) return err;
    uint64_t unit = sums.unit + u->len - old, source = sums.source + u->len - old;
    uint64_t beyond = sums.beyond + (unit > share ? unit - share : 0);
    bool theirs =
        sodium_is_zero(u->source, sizeof u->source) || source <= mib(c->documents_address);
    *room = theirs && unit <= mib(c->documents_post) &&
            (unit <= share || beyond <= mib(c->documents_all) / 2);
    if (*room) return TP_OK;
    h->step.routes = h->step.own_routes & (uint8_t)~TP_ROUTE_DOCUMENTS;
    if (!theirs)
        tp_step_refuse(&h->step, 429, "enrol.full-address",
                       "Too many documents from this address wait. Choose another way.");
    else
        tp_step_refuse(&h->step, 503, "enrol.full", "No room for documents. Choose another way.");
    return TP_OK;
}

static void work_document(tp_recorder *r, tp_task *task) {
    handing *h = (handing *)task;
    tp_store *store = tp_recorder_store(r);
    tp_application a;
    tp_voter v;
    bool found, room = false;
    if (!open_one(r, &h->step, &a)) return;
    tp_upload u = {.kind = h->kind, .len = h->len};
    tp_err err = tp_store_voter_get(store, a.voter, &v, &found);
    if (!err && !found) err = TP_SYSTEM;
    tp_recorder_fail(r, err);
    if (err) return;
    memcpy(u.application, a.id, sizeof u.application);
    memcpy(u.source, h->step.source, sizeof u.source);
    u.unit = v.unit;
    h->step.own_routes = h->step.s->manifest.units[v.unit].routes;
    err = has_room(h, store, &u, &room);
    if (!err && room) err = tp_store_upload_put(store, &u, h->box);
    tp_recorder_fail(r, err);
    h->step.state = "open";
}

static void done_document(tp_server *s, tp_task *task, bool durable) {
    handing *h = (handing *)task;
    free(h->body);
    h->body = NULL;
    tp_step_done(s, task, durable);
}

/* A box by its form: what is inside only a registrar can tell. */
static const char *wrong_box(const tp_server *s, const handing *h) {
    tp_point e;
    if (h->kind < 1 || h->kind > TP_DOCUMENT_KINDS) return "No such kind of document.";
    if (h->len <= tp_document_head_len(s->manifest.registrars.count) + TAG) return "Too short.";
    if (tp_points_decode_var(&e, tp_rows(h->box), 1, NULL) || tp_point_is_identity(&e))
        return "Not a sealed document.";
    return NULL;
}

static bool take_body(tp_server *s, tp_request *rq, handing *h) {
    char token[TP_TOKEN_TEXT];
    size_t len;
    h->body = tp_request_take_body(rq, &len);
    if (len < TOKEN + 1) {
        tp_answer_problem(rq, 400, "request.octets", NULL, "Too short.");
        return false;
    }
    tp_hex_write(token, h->body, TOKEN);
    if (!tp_step_take_any(s, rq, &h->step, token)) return false;
    h->kind = h->body[TOKEN];
    h->box = h->body + TOKEN + 1;
    h->len = len - TOKEN - 1;
    const char *wrong = wrong_box(s, h);
    if (wrong) tp_answer_problem(rq, 422, "document.box", NULL, wrong);
    return !wrong;
}

void tp_post_enrol_document(tp_request *rq, void *server) {
    tp_server *s = server;
    handing *h = calloc(1, sizeof *h);
    if (!h) abort();
    h->step = (tp_step){
        .task = {.work = work_document, .done = done_document}, .s = s, .rq = rq, .tries = -1};
    tp_step_source(h->step.source, s, rq);
    if (tp_may_apply(s, rq) && take_body(s, rq, h))
        tp_recorder_submit(s, &h->step.task);
    else
        free_handing(h);
}

/* ---- submit ---- */

static void work_submit(tp_recorder *r, tp_task *task) {
    tp_step *t = (tp_step *)task;
    tp_store *store = tp_recorder_store(r);
    tp_application a;
    uint8_t kinds[TP_DOCUMENT_KINDS];
    size_t lens[TP_DOCUMENT_KINDS], count;
    bool found, full = false;
    uint64_t now = tp_server_now();
    tp_err err = tp_store_application_by_session(store, t->session, &a, &found);
    if (!err && found && a.state == TP_APPLY_WAITING) {
        t->state = "applied"; /* again */
        return;
    }
    tp_recorder_fail(r, err);
    if (err || !open_one(r, t, &a)) return;
    err = tp_store_upload_list(store, a.id, kinds, lens, TP_DOCUMENT_KINDS, &count);
    if (!err && (!count || kinds[0] != TP_DOCUMENT_FRONT)) {
        tp_step_refuse(t, 409, "enrol.incomplete", "The front of the document is missing.");
        return;
    }
    a.state = TP_APPLY_WAITING;
    a.updated = now;
    a.due = now + (uint64_t)TP_DAY_S * t->s->manifest.enrol.review_days;
    if (!err) err = tp_application_room(store, &a, now, &full);
    if (!err && !full) err = tp_store_application_put(store, &a);
    tp_recorder_fail(r, err);
    if (full)
        tp_step_refuse(t, 409, "enrol.applications", "Too many applications wait for this voter.");
    t->state = "applied";
}

void tp_post_enrol_submit(tp_request *rq, void *server) {
    tp_server *s = server;
    const char *token;
    json_error_t error;
    json_t *body = tp_may_step(s, rq) ? tp_body_json(rq) : NULL;
    if (!body) return;
    tp_step *t = tp_step_new(s, rq, work_submit, tp_step_done);
    bool ok = !json_unpack_ex(body, &error, JSON_STRICT, "{s:s}", "enrolment", &token);
    if (!ok) tp_answer_members(rq, &error);
    ok = ok && tp_step_take_any(s, rq, t, token);
    json_decref(body);
    if (ok)
        tp_recorder_submit(s, &t->task);
    else
        free(t);
}
