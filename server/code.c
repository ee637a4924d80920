/* The route "code": code.h.
 *
 *  1. A code lives 10 minutes and 5 tries; one is sent a minute at most, and 5 a day: 25 guesses in
 *     a million a day.
 *  2. Another contact of the same voter gets the same code, while half its life is left: whichever
 *     message comes first is good.
 *  3. A contact gets the codes of so many voters as the manifest allows to share one.
 */
#include "server/code.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/answer.h"
#include "server/message.h"
#include "server/sender.h"

enum { SEND_GAP_S = 60, SENDS = 5, SENDS_PERIOD_S = 86400, SAME_CODE_S = 300, CONTACTS = 2 };

static const char *contact_of(const tp_voter *v, int n) {
    return n == 1 ? v->contact : n == 2 ? v->contact2 : "";
}

/* NULL: a code can be sent to this contact; else the fault's code, and what to say. */
static const char *barred(const tp_server *s, const tp_voter *v, int contact, const char **detail) {
    const char *fault = tp_not_online(v, detail);
    if (fault) return fault;
    *detail = "This post sends no codes.";
    if (!(s->manifest.units[v->unit].routes & TP_ROUTE_CODE)) return "enrol.route";
    *detail = "The roll has no such contact for a code.";
    return tp_message_reaches(s, contact_of(v, contact)) ? NULL : "enrol.contact";
}

static tp_err load(tp_store *store, int64_t voter, uint64_t now, tp_enrolment *e) {
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

typedef enum { SEND_NOTHING, SEND_SAME, SEND_NEW } plan;

/* spec: Q-7 */
static tp_err decide(plan *p, tp_store *store, const tp_enrolment *e, const char *to,
                     uint64_t now) {
    tp_message last;
    bool found;
    tp_err err = tp_store_message_newest(store, e->voter, "code", &last, &found);
    bool other = found && strcasecmp(last.to, to) != 0, live = tp_message_code_live(e, now);
    bool recent = found && now < last.time + SEND_GAP_S && e->code_expires;
    *p = SEND_NEW;
    if (recent && (!other || !live))
        *p = SEND_NOTHING;
    else if (other && live && now + SAME_CODE_S <= e->code_expires)
        *p = SEND_SAME;
    return err;
}

/* False: refused. */
static bool allowed(tp_recorder *r, tp_step *t, const tp_enrolment *e, const char *to,
                    uint64_t now) {
    const tp_manifest *m = &t->s->manifest;
    uint64_t sharers;
    tp_err err = tp_store_message_sharers(tp_recorder_store(r), to, "code", t->voter, &sharers);
    tp_recorder_fail(r, err);
    if (!err && sharers >= m->enrol.shared) { /* spec: Q-6 */
        t->routes = t->own_routes & (uint8_t)~TP_ROUTE_CODE;
        tp_step_refuse(t, 409, "enrol.shared",
                       "As many voters use this contact as may share one. Take another way.");
        return false;
    }
    if (e->sends < SENDS) return !err;
    t->retry_s = (unsigned)(e->sends_since + SENDS_PERIOD_S - now);
    tp_step_refuse(t, 429, "enrol.sends", "Too many codes were sent to this voter today.");
    return false;
}

static tp_err send(tp_step *t, tp_store *store, tp_enrolment *e, const char *to, plan p,
                   uint64_t now) {
    if (p == SEND_NEW) { /* whatever was sent before no longer works */
        e->code_serial++;
        e->code_live = true;
        e->code_expires = now + TP_ONE_TIME_LIFE_S;
        e->code_tries = 0;
    }
    if (p != SEND_NOTHING) {
        e->sends++;
        e->updated = now;
    }
    if (*t->lang) snprintf(e->lang, sizeof e->lang, "%s", t->lang);
    if (p == SEND_NOTHING && !e->code_expires) return TP_OK;
    tp_err err = tp_store_enrolment_put(store, e);
    if (err || p == SEND_NOTHING) return err;
    return tp_message_queue_code(t->s, store, e, to, now);
}

static void send_to(tp_recorder *r, tp_step *t, const tp_voter *v) {
    tp_store *store = tp_recorder_store(r);
    tp_enrolment e;
    plan p;
    uint64_t now = tp_server_now();
    const char *to = contact_of(v, t->contact);
    t->own_routes = t->s->manifest.units[v->unit].routes;
    tp_err err = load(store, t->voter, now, &e);
    if (!err) err = decide(&p, store, &e, to, now);
    tp_recorder_fail(r, err);
    if (err || (p != SEND_NOTHING && !allowed(r, t, &e, to, now))) return;
    tp_recorder_fail(r, send(t, store, &e, to, p, now));
    tp_message_mask(t->sent_to, sizeof t->sent_to, to);
}

static void work_send(tp_recorder *r, tp_task *task) {
    tp_step *t = (tp_step *)task;
    tp_voter v;
    bool found;
    if (!tp_enrolling(t->s, tp_recorder_board(r)->phase)) {
        tp_step_refuse(t, 409, "board.phase", "Enrolment is not open.");
        return;
    }
    tp_err err = tp_store_voter_get(tp_recorder_store(r), t->voter, &v, &found);
    tp_recorder_fail(r, err);
    if (err || !found) return;
    if ((t->fault = barred(t->s, &v, t->contact, &t->detail)))
        t->status = 409;
    else
        send_to(r, t, &v);
}

static void done_send(tp_server *s, tp_task *task, bool durable) {
    tp_step *t = (tp_step *)task;
    if (!durable || t->fault) {
        tp_step_done(s, task, durable);
        return;
    }
    tp_sender_wake(s);
    tp_answer_json(t->rq, 200, json_pack("{s:s}", "sent_to", t->sent_to));
    free(t);
}

/* A language is its code and no more. */
static void take_lang(char out[static 8], const char *lang) {
    size_t len = lang ? strspn(lang, "abcdefghijklmnopqrstuvwxyz-") : 0;
    snprintf(out, 8, "%s", len && len < 8 && !lang[len] ? lang : "");
}

void tp_post_enrol_send(tp_request *rq, void *server) {
    tp_server *s = server;
    const char *token, *lang = NULL;
    json_error_t error;
    json_t *body = tp_may_ask(s, rq) ? tp_body_json(rq) : NULL;
    if (!body) return;
    tp_step *t = tp_step_new(s, rq, work_send, done_send);
    bool ok = !json_unpack_ex(body, &error, JSON_STRICT, "{s:s, s:i, s?s}", "enrolment", &token,
                              "contact", &t->contact, "lang", &lang);
    if (!ok) tp_answer_members(rq, &error);
    take_lang(t->lang, ok ? lang : NULL);
    ok = ok && tp_step_take_token(s, rq, t, token);
    json_decref(body);
    if (ok)
        tp_recorder_submit(s, &t->task);
    else
        free(t);
}

/* ---- what became of it ---- */

static json_t *masked(const char *contact) {
    char text[160];
    tp_message_mask(text, sizeof text, contact);
    return json_string(text);
}

json_t *tp_code_contacts(const tp_server *s, const tp_voter *v) {
    json_t *list = json_array();
    for (int n = 1; n <= CONTACTS; n++)
        if (tp_message_reaches(s, contact_of(v, n)))
            json_array_append_new(
                list, json_pack("{s:i, s:o}", "contact", n, "to", masked(contact_of(v, n))));
    return list;
}

static json_t *describe(const tp_message *m) {
    return json_pack("{s:o, s:s, s:s, s:I, s:I, s:i, s:I, s:I, s:s}", "to", masked(m->to),
                     "channel", m->channel == TP_BY_MAIL ? "mail" : "sms", "state",
                     tp_message_state_name(m->state), "queued", (json_int_t)m->time, "updated",
                     (json_int_t)m->updated, "attempts", (int)m->attempts, "next",
                     (json_int_t)m->next, "expires", (json_int_t)m->expires, "said", m->error);
}

tp_err tp_code_status(const tp_server *s, tp_store *store, int64_t voter, json_t **message,
                      json_t **contacts) {
    tp_message m;
    tp_voter v;
    bool found, known = false;
    tp_err err = tp_store_message_newest(store, voter, "code", &m, &found);
    if (!err) err = tp_store_voter_get(store, voter, &v, &known);
    if (err) return err;
    *message = found ? describe(&m) : json_null();
    *contacts = known ? tp_code_contacts(s, &v) : json_array();
    return TP_OK;
}
