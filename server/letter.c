/* Stage enrol, the route "letter": POST /api/enrol/letter. Who has a letter signs for the
 * credential with the letter's key.
 *
 *  1. The code never comes here: L = l*G is stored, and a signature by l is checked, again by every
 *     registrar. Who holds this server can sign for nobody. spec: L-19, L-20
 *  2. A letter is used when a credential was handed in with it, and then for no other session.
 *  3. A letter of another voter and one that never was get the same answer.
 * spec: chapter 10, Q-9.
 */
#include <stdlib.h>
#include <string.h>

#include "election/evidence.h"
#include "server/answer.h"
#include "server/apply.h"
#include "server/evidence.h"

/* Does a key wait that another letter asked for, that no registrar has signed? And may this one
 * take its place: is its letter the newest, the key new, and no passkey on guard? */
static tp_err outdated(tp_store *store, const tp_step *t, const tp_letter *l, tp_enrolment *e,
                       bool *yes) {
    tp_letter newest;
    tp_passkey guard;
    tp_store_credential k;
    uint8_t route = 0, *bytes = NULL;
    size_t len;
    bool waits, shown = false, is_signed = true, guarded = true, taken = true, found;
    *yes = false;
    tp_err err = tp_store_enrolment_of(store, t->voter, e, &waits);
    if (err || !waits || e->state != TP_ENROL_WAITING) return err;
    err = tp_store_evidence_get(store, e->credential, &route, &bytes, &len, &shown);
    shown = !err && shown && route == TP_ROUTE_LETTER && len == TP_LETTER_EVIDENCE &&
            memcmp(bytes, t->letter, 32) != 0;
    free(bytes);
    if (!err) err = tp_store_letter_of(store, t->voter, &newest, &found);
    if (!err) err = tp_store_credential_find(store, e->credential, &k, &is_signed);
    if (!err) err = tp_store_passkey_of(store, t->voter, &guard, &guarded);
    if (!err) err = tp_step_key_taken(store, t->credential, &taken);
    *yes = !err && shown && found && newest.id == l->id && !is_signed && !guarded && !taken;
    return err;
}

/* Whoever has the newest letter is the voter: registrars with their list would sign no other. The
 * key of an older one, perhaps a thief's, does not keep it out. spec: Q-9 */
static tp_err give_way(tp_recorder *r, const tp_step *t, const tp_letter *l) {
    tp_store *store = tp_recorder_store(r);
    tp_enrolment e;
    bool yes;
    tp_err err = outdated(store, t, l, &e, &yes);
    if (err || !yes || !tp_enrolling(t->s, tp_recorder_board(r)->phase)) return err;
    err = tp_enrolment_put_aside(store, &e, tp_server_now());
    if (!err) err = tp_store_sessions_end(store, t->voter);
    memset(e.credential, 0, sizeof e.credential);
    memset(e.possession, 0, sizeof e.possession);
    e.state = TP_ENROL_PROVEN;
    return err ? err : tp_store_enrolment_put(store, &e);
}

static void use(tp_recorder *r, tp_step *t, const tp_letter *l) {
    uint8_t bytes[TP_LETTER_EVIDENCE];
    bool kept;
    tp_err old = give_way(r, t, l);
    tp_recorder_fail(r, old);
    if (old) return;
    memcpy(bytes, t->letter, 32);
    memcpy(bytes + 32, t->signed_by_letter, 64);
    tp_evidence_take(r, t, TP_ROUTE_LETTER, bytes, sizeof bytes, &kept);
    if (!kept) return;
    tp_err err = tp_store_letter_put(tp_recorder_store(r), l->id, TP_LETTER_USED, tp_server_now());
    tp_recorder_fail(r, err);
}

/* proven: this session has shown before who the voter is; it may use its letter again. */
static void try_letter(tp_recorder *r, tp_step *t, bool proven) {
    tp_letter l;
    bool found;
    tp_err err = tp_store_letter_find(tp_recorder_store(r), t->letter, &l, &found);
    tp_recorder_fail(r, err);
    if (err) return;
    if (!found || l.voter != t->voter)
        tp_step_refuse(t, 422, "enrol.letter", "No letter to this voter has this code.");
    else if (l.state == TP_LETTER_VOID)
        tp_step_refuse(t, 409, "enrol.letter-void", "A newer letter was printed. Use that one.");
    else if (l.state == TP_LETTER_USED && !proven)
        tp_step_refuse(t, 409, "enrol.letter-used", "This letter was used. Ask for a new one.");
    else if (t->hands_in)
        use(r, t, &l);
    else
        t->state = "good";
}

static void work(tp_recorder *r, tp_task *task) {
    tp_step *t = (tp_step *)task;
    tp_store *store = tp_recorder_store(r);
    tp_voter v;
    int64_t voter = 0;
    bool proven, known;
    tp_err err = tp_store_voter_get(store, t->voter, &v, &known);
    if (!err) err = tp_store_session_find(store, t->session, &voter, &proven);
    tp_recorder_fail(r, err);
    if (err) return;
    if (!known || !(t->s->manifest.units[v.unit].routes & TP_ROUTE_LETTER))
        tp_step_refuse(t, 409, "enrol.route", "This post has no code letters.");
    else
        try_letter(r, t, proven && voter == t->voter);
}

/* Answers itself if it is none. */
static bool take_letter(tp_request *rq, tp_step *t, const char *letter) {
    if (tp_hex_read(t->letter, 32, letter)) return true;
    tp_answer_problem(rq, 400, "request.value", "letter", "Not 32 bytes of hex.");
    return false;
}

/* With a credential there are all three. Answers itself if something does not hold. */
static bool take_evidence(tp_server *s, tp_request *rq, tp_step *t, const char *credential,
                          const char *possession, const char *signature) {
    t->hands_in = credential || possession || signature;
    if (!t->hands_in) return true;
    if (!credential || !possession || !signature) {
        tp_answer_problem(rq, 400, "request.members", NULL,
                          "credential, possession and signature go together.");
        return false;
    }
    if (!tp_step_take_credential(rq, s, t, credential, possession)) return false;
    if (!tp_hex_read(t->signed_by_letter, 64, signature)) {
        tp_answer_problem(rq, 400, "request.value", "signature", "Not 64 bytes of hex.");
        return false;
    }
    if (tp_letter_verify(t->signed_by_letter, s->manifest.fingerprint, t->credential, t->letter) ==
        TP_OK)
        return true;
    tp_answer_problem(rq, 422, "enrol.letter-signature", "signature",
                      "Not signed for this key with the letter's code.");
    return false;
}

void tp_post_letter(tp_request *rq, void *server) {
    tp_server *s = server;
    const char *token, *letter, *credential = NULL, *possession = NULL, *signature = NULL;
    json_error_t error;
    json_t *body = tp_may_ask(s, rq) ? tp_body_json(rq) : NULL;
    if (!body) return;
    tp_step *t = tp_step_new(s, rq, work, tp_step_done);
    bool ok = !json_unpack_ex(body, &error, JSON_STRICT, "{s:s, s:s, s?s, s?s, s?s}", "enrolment",
                              &token, "letter", &letter, "credential", &credential, "possession",
                              &possession, "signature", &signature);
    if (!ok) tp_answer_members(rq, &error);
    ok = ok && tp_step_take_token(s, rq, t, token) && take_letter(rq, t, letter) &&
         take_evidence(s, rq, t, credential, possession, signature);
    json_decref(body);
    if (ok)
        tp_recorder_submit(s, &t->task);
    else
        free(t);
}
