/* Stage enrol, the route "letter": POST /api/enrol/letter. A code on paper proves as the one in a
 * message does, once.
 *
 *  1. Only a hash of the code is stored. It has 75 bits: who guesses is bounded by how often an
 *     address may ask, not by locking out the voter.
 *  2. A letter of another voter and one that never was get the same answer.
 * spec: chapter 10, Q-9.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "election/letter.h"
#include "server/answer.h"
#include "server/step.h"

static void use(tp_recorder *r, tp_step *t, const tp_letter *l) {
    tp_step_prove(r, t);
    if (t->fault) return;
    tp_err err = tp_store_letter_put(tp_recorder_store(r), l->id, TP_LETTER_USED, tp_server_now());
    tp_recorder_fail(r, err);
}

static void try_letter(tp_recorder *r, tp_step *t) {
    tp_letter l;
    uint8_t hash[32];
    bool found;
    tp_letter_hash(hash, t->s->manifest.fingerprint, (const uint8_t *)t->code);
    tp_err err = tp_store_letter_find(tp_recorder_store(r), hash, &l, &found);
    tp_recorder_fail(r, err);
    if (err) return;
    if (!found || l.voter != t->voter)
        tp_step_refuse(t, 422, "enrol.letter", "No letter to this voter has this code.");
    else if (l.state == TP_LETTER_VOID)
        tp_step_refuse(t, 409, "enrol.letter-void", "A newer letter was printed. Use that one.");
    else if (l.state == TP_LETTER_USED)
        tp_step_refuse(t, 409, "enrol.letter-used", "This letter was used. Ask for a new one.");
    else
        use(r, t, &l);
}

/* The session that was proven already stays so, whatever code comes with it. */
static void work(tp_recorder *r, tp_task *task) {
    tp_step *t = (tp_step *)task;
    tp_store *store = tp_recorder_store(r);
    tp_enrolment e;
    tp_voter v;
    int64_t voter;
    bool proven, found = false, known;
    tp_err err = tp_store_voter_get(store, t->voter, &v, &known);
    if (!err) err = tp_store_session_find(store, t->session, &voter, &proven);
    if (!err && proven) err = tp_store_enrolment_of(store, voter, &e, &found);
    if (!err && found) err = tp_enrolment_name(&t->state, store, &e);
    tp_recorder_fail(r, err);
    if (err || found) return;
    if (!known || !(t->s->manifest.units[v.unit].routes & TP_ROUTE_LETTER))
        tp_step_refuse(t, 409, "enrol.route", "This post has no code letters.");
    else
        try_letter(r, t);
}

/* Reads the code as typed into t->code; answers itself if it is none. */
static bool take_code(tp_request *rq, tp_step *t, const char *text) {
    tp_err err = tp_code_read((uint8_t *)t->code, TP_LETTER_SYMBOLS, text, strlen(text));
    _Static_assert((int)TP_LETTER_CODE <= (int)TP_STEP_CODE, "room for it");
    if (err == TP_INVALID)
        tp_answer_problem(rq, 422, "enrol.letter-typed", "code", "A symbol is mistyped.");
    else if (err)
        tp_answer_problem(rq, 400, "request.value", "code", "A letter's code has 16 symbols.");
    return !err;
}

void tp_post_letter(tp_request *rq, void *server) {
    tp_server *s = server;
    const char *token, *code;
    json_error_t error;
    json_t *body = tp_may_ask(s, rq) ? tp_body_json(rq) : NULL;
    if (!body) return;
    tp_step *t = tp_step_new(s, rq, work, tp_step_done);
    bool ok = !json_unpack_ex(body, &error, JSON_STRICT, "{s:s, s:s}", "enrolment", &token, "code",
                              &code);
    if (!ok) tp_answer_members(rq, &error);
    ok = ok && tp_step_take_token(s, rq, t, token) && take_code(rq, t, code);
    json_decref(body);
    if (ok)
        tp_recorder_submit(s, &t->task);
    else
        free(t);
}
