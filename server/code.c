/* The route "code": code.h.
 *
 *  1. A code belongs to the token that asked for it: what another token asks for or types changes
 *     nothing of it. It lives 10 minutes.
 *  2. Codes of a voter, whoever asks: 12 at once and then one every 2 hours, so at most 24 in any
 *     24 hours. An address that asked for this voter before gets one every 6 hours after 4, and
 *     none of the last 4, which are for addresses that did not: who asks from one address leaves
 *     the voter some at another.
 *  3. A code bears 3 wrong tries in any case, so that its owner can always use it, and 2 more while
 *     the voter's allowance of further tries lasts: 9 at once and then one every 160 minutes, 18 in
 *     any 24 hours. In such a day codes of 24 hours and 10 minutes can be tried, 25 at most:
 *     25 * 3 + 18 = 93 wrong tries, a chance below 93 / 10^6 < 10^-4 for who guesses all day.
 *  4. Another contact of the same voter gets the same code, while half its life is left: whichever
 *     message comes first is good.
 *  5. A contact gets the codes of so many voters as the manifest allows to share one.
 * spec
 */
#include "server/code.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/answer.h"
#include "server/message.h"
#include "server/sender.h"

enum { SAME_CONTACT_S = 60, SAME_CODE_S = 300, CONTACTS = 2, KEPT_S = 86400 };
enum { SENDS = 12, SEND_GAP_S = 7200, LAST_SENDS = 4, FROM = 4, FROM_GAP_S = 21600 };
enum { TRIES = 3, MORE_TRIES = 2, POOL = 9, POOL_GAP_S = 9600 };
_Static_assert((SENDS + 86400 / SEND_GAP_S + 1) * TRIES + POOL + 86400 / POOL_GAP_S < 100,
               "wrong tries in a day, of a million codes");

/* ---- allowances: a time at which they are whole again; taking moves it on by the gap ---- */

static uint64_t taken(uint64_t full, uint64_t now, unsigned gap_s) {
    return (full > now ? full : now) + gap_s;
}

/* Seconds until one more may be taken of so many; 0: now. */
static uint64_t wait_for(uint64_t full, uint64_t now, unsigned count, unsigned gap_s) {
    uint64_t next = taken(full, now, gap_s), room = now + (uint64_t)count * gap_s;
    return next > room ? next - room : 0;
}

static bool is_known(const uint8_t source[static TP_SOURCE]) {
    return !sodium_is_zero(source, TP_SOURCE);
}

/* ---- sending ---- */

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

/* The voter's row, and the code of this token; new ones where there are none. */
static tp_err load(tp_store *store, const tp_step *t, uint64_t now, tp_enrolment *e,
                   tp_one_time *c) {
    bool found, asked = false;
    tp_err err = tp_store_enrolment_of(store, t->voter, e, &found);
    if (!err && !found) {
        *e = (tp_enrolment){.voter = t->voter, .state = TP_ENROL_STARTED};
        randombytes_buf(e->id, sizeof e->id);
    }
    if (!err) err = tp_store_codes_trim(store, t->voter, now > KEPT_S ? now - KEPT_S : 0, now);
    if (!err) err = tp_store_code_of(store, t->session, c, &asked);
    if (asked) return err;
    *c = (tp_one_time){.voter = t->voter};
    memcpy(c->session, t->session, sizeof c->session);
    return err;
}

typedef enum { SEND_NOTHING, SEND_SAME, SEND_NEW } plan;

/* spec: Q-7 */
static tp_err decide(plan *p, tp_store *store, const tp_one_time *c, const char *to, uint64_t now) {
    tp_message last;
    bool found;
    tp_err err = tp_store_message_find(store, c->message, &last, &found);
    bool other = found && strcasecmp(last.to, to) != 0, live = tp_message_code_live(c, now);
    bool recent = found && now < last.time + SAME_CONTACT_S;
    *p = SEND_NEW;
    if (recent && (!other || !live))
        *p = SEND_NOTHING;
    else if (other && live && now + SAME_CODE_S <= c->expires)
        *p = SEND_SAME;
    return err;
}

/* Takes one of the voter's allowance and one of the address's, or says when there is one. A program
 * of this machine has no address. */
static tp_err take_send(tp_store *store, const tp_step *t, tp_enrolment *e, uint64_t now,
                        uint64_t *wait_s) {
    uint64_t from = 0, from_wait;
    bool known = is_known(t->source);
    tp_err err = known ? tp_store_source_of(store, t->voter, t->source, &from) : TP_OK;
    from_wait = known ? wait_for(from, now, FROM, FROM_GAP_S) : 0;
    *wait_s = wait_for(e->sends_full, now, from > now ? SENDS - LAST_SENDS : SENDS, SEND_GAP_S);
    if (from_wait > *wait_s) *wait_s = from_wait;
    if (err || *wait_s) return err;
    e->sends_full = taken(e->sends_full, now, SEND_GAP_S);
    return known ? tp_store_source_put(store, t->voter, t->source, taken(from, now, FROM_GAP_S))
                 : TP_OK;
}

/* False: refused. */
static bool allowed(tp_recorder *r, tp_step *t, tp_enrolment *e, const char *to, uint64_t now) {
    tp_store *store = tp_recorder_store(r);
    uint64_t sharers, wait_s = 0;
    tp_err err = tp_store_message_sharers(store, to, "code", t->voter, &sharers);
    if (!err && sharers >= t->s->manifest.enrol.shared) { /* spec: Q-6 */
        t->routes = t->own_routes & (uint8_t)~TP_ROUTE_CODE;
        tp_step_refuse(t, 409, "enrol.shared",
                       "As many voters use this contact as may share one. Take another way.");
        return false;
    }
    if (!err) err = take_send(store, t, e, now, &wait_s);
    tp_recorder_fail(r, err);
    if (!wait_s) return !err;
    t->retry_s = (unsigned)wait_s;
    t->again = now + wait_s;
    t->routes = t->own_routes & (uint8_t)~TP_ROUTE_CODE;
    tp_step_refuse(t, 429, "enrol.sends", "Many codes were sent to this voter. Wait for the next.");
    return false;
}

/* Anybody may ask, so this moves nothing of what the voter has reached: no place in the registrars'
 * queue, and no language once there is one. */
static tp_err send(tp_step *t, tp_store *store, tp_enrolment *e, tp_one_time *c, const char *to,
                   plan p, uint64_t now) {
    if (p == SEND_NEW) { /* what was sent for this token before no longer works */
        c->serial++;
        c->live = true;
        c->expires = now + TP_ONE_TIME_LIFE_S;
        c->tries = 0;
    }
    if (p != SEND_NOTHING) e->code_sent = now;
    if (p != SEND_NOTHING && e->state == TP_ENROL_STARTED) e->updated = now;
    if (!*e->lang) memcpy(e->lang, t->lang, sizeof e->lang);
    tp_err err = tp_store_enrolment_put(store, e);
    if (err || p == SEND_NOTHING) return err;
    err = tp_message_queue_code(t->s, store, c, *t->lang ? t->lang : e->lang, to, now);
    return err ? err : tp_store_code_put(store, c);
}

static void send_to(tp_recorder *r, tp_step *t, const tp_voter *v) {
    tp_store *store = tp_recorder_store(r);
    tp_enrolment e;
    tp_one_time c;
    plan p;
    uint64_t now = tp_server_now();
    const char *to = contact_of(v, t->contact);
    t->own_routes = t->s->manifest.units[v->unit].routes;
    tp_err err = load(store, t, now, &e, &c);
    if (!err) err = decide(&p, store, &c, to, now);
    tp_recorder_fail(r, err);
    if (err || (p != SEND_NOTHING && !allowed(r, t, &e, to, now))) return;
    tp_recorder_fail(r, send(t, store, &e, &c, to, p, now));
    tp_message_mask(t->sent_to, sizeof t->sent_to, to);
    tp_message_mark(t->mark, t->s, &c);
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
    tp_answer_json(t->rq, 200, json_pack("{s:s, s:s}", "sent_to", t->sent_to, "mark", t->mark));
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
    tp_step_source(t->source, s, rq);
    ok = ok && tp_step_take_token(s, rq, t, token);
    json_decref(body);
    if (ok)
        tp_recorder_submit(s, &t->task);
    else
        free(t);
}

/* ---- typing ---- */

static unsigned left(const tp_one_time *c, const tp_enrolment *e, uint64_t now) {
    unsigned more = 0, sure = c->tries < TRIES ? TRIES - c->tries : 0;
    uint64_t full = e->tries_full;
    for (unsigned n = c->tries < TRIES ? TRIES : c->tries; n < TRIES + MORE_TRIES; n++) {
        if (wait_for(full, now, POOL, POOL_GAP_S)) break;
        full = taken(full, now, POOL_GAP_S);
        more++;
    }
    return sure + more;
}

static void refuse_expired(tp_step *t) {
    tp_step_refuse(t, 422, "enrol.expired", "This code is no longer valid. Ask for a new one.");
}

static tp_err typed_wrong(tp_step *t, tp_store *store, tp_one_time *c, tp_enrolment *e,
                          uint64_t now) {
    tp_err err = TP_OK;
    if (c->tries++ >= TRIES) {
        e->tries_full = taken(e->tries_full, now, POOL_GAP_S);
        err = tp_store_enrolment_put(store, e);
    }
    t->tries = (int)left(c, e, now);
    c->live = t->tries > 0;
    tp_step_refuse(t, 422, "enrol.code", "That is not the code that was sent.");
    return err ? err : tp_store_code_put(store, c);
}

/* From now on messages are in the language of the page that asked. */
static tp_err typed_right(tp_store *store, const tp_one_time *c, tp_enrolment *e) {
    tp_message m;
    bool found;
    tp_err err = tp_store_code_put(store, c);
    if (!err) err = tp_store_message_find(store, c->message, &m, &found);
    if (err || !found || !*m.lang) return err;
    memcpy(e->lang, m.lang, sizeof e->lang);
    return tp_store_enrolment_put(store, e);
}

static void try_code(tp_recorder *r, tp_step *t, tp_one_time *c) {
    tp_store *store = tp_recorder_store(r);
    char code[TP_ONE_TIME_CODE + 1];
    tp_enrolment e;
    bool found;
    uint64_t now = tp_server_now();
    tp_err err = tp_store_enrolment_of(store, t->voter, &e, &found);
    tp_recorder_fail(r, err);
    if (err) return;
    if (!found || !tp_message_code_live(c, now) || !left(c, &e, now)) {
        refuse_expired(t);
        return;
    }
    tp_message_code(code, t->s, c);
    bool right = sodium_memcmp(code, t->code, sizeof code) == 0;
    sodium_memzero(code, sizeof code);
    if (!right) {
        tp_recorder_fail(r, typed_wrong(t, store, c, &e, now));
        return;
    }
    c->live = false;
    tp_recorder_fail(r, typed_right(store, c, &e));
    tp_step_prove(r, t);
}

/* The session that was proven already stays so, whatever code comes with it. */
static void work_code(tp_recorder *r, tp_task *task) {
    tp_step *t = (tp_step *)task;
    tp_store *store = tp_recorder_store(r);
    tp_enrolment e;
    tp_one_time c;
    int64_t voter;
    bool found = false, proven, sent = false;
    tp_err err = tp_store_session_find(store, t->session, &voter, &proven);
    if (!err && proven) err = tp_store_enrolment_of(store, voter, &e, &found);
    if (!err && found) err = tp_enrolment_name(&t->state, store, &e);
    if (!err && !found) err = tp_store_code_of(store, t->session, &c, &sent);
    tp_recorder_fail(r, err);
    if (err || found) return;
    if (sent)
        try_code(r, t, &c);
    else
        refuse_expired(t);
}

void tp_post_enrol_code(tp_request *rq, void *server) {
    tp_server *s = server;
    const char *token, *code;
    json_error_t error;
    json_t *body = tp_may_step(s, rq) ? tp_body_json(rq) : NULL;
    if (!body) return;
    tp_step *t = tp_step_new(s, rq, work_code, tp_step_done);
    bool ok = !json_unpack_ex(body, &error, JSON_STRICT, "{s:s, s:s}", "enrolment", &token, "code",
                              &code);
    if (!ok) tp_answer_members(rq, &error);
    ok = ok && tp_step_take_token(s, rq, t, token);
    if (ok &&
        (strlen(code) != TP_ONE_TIME_CODE || strspn(code, "0123456789") != TP_ONE_TIME_CODE)) {
        tp_answer_problem(rq, 400, "request.value", "code", "A code has six digits.");
        ok = false;
    }
    if (ok) memcpy(t->code, code, TP_ONE_TIME_CODE + 1);
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

/* Of what the other side said, the number of its answer (550 5.1.1): the words may tell of the
 * voter what who asked for a code need not know, and officers read them. "-": there is none. */
static void reply_number(char out[static 16], const char *said) {
    static const char digits[] = "0123456789";
    const char *at = said;
    snprintf(out, 16, "%s", *said ? "-" : "");
    while ((at = strpbrk(at, digits)) && strspn(at, digits) != 3)
        at += strspn(at, digits);
    if (!at) return;
    size_t more = at[3] == ' ' ? strspn(at + 4, "0123456789.") : 0;
    bool status = more >= 5 && more <= 9 && at[5] == '.';
    snprintf(out, 16, "%.*s", (int)(status ? 4 + more : 3), at);
}

static json_t *describe(const tp_server *s, const tp_one_time *c, const tp_message *m) {
    char said[16], mark[TP_CODE_MARK + 1];
    tp_message_mark(mark, s, c);
    reply_number(said, m->error);
    return json_pack("{s:o, s:s, s:s, s:s, s:I, s:I, s:i, s:I, s:I, s:s}", "to", masked(m->to),
                     "mark", mark, "channel", m->channel == TP_BY_MAIL ? "mail" : "sms", "state",
                     tp_message_state_name(m->state), "queued", (json_int_t)m->time, "updated",
                     (json_int_t)m->updated, "attempts", (int)m->attempts, "next",
                     (json_int_t)m->next, "expires", (json_int_t)m->expires, "said", said);
}

tp_err tp_code_status(const tp_server *s, tp_store *store, const tp_step *t, json_t **message,
                      json_t **contacts) {
    tp_one_time c;
    tp_message m;
    tp_voter v;
    bool found, known = false;
    tp_err err = tp_store_code_of(store, t->session, &c, &found);
    if (!err && found) err = tp_store_message_find(store, c.message, &m, &found);
    if (!err) err = tp_store_voter_get(store, t->voter, &v, &known);
    if (err) return err;
    *message = found ? describe(s, &c, &m) : json_null();
    *contacts = known ? tp_code_contacts(s, &v) : json_array();
    return TP_OK;
}
