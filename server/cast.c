/* Stage cast: POST /api/ballots.
 *
 *  -> the ballot's octets
 *     length, fingerprint, style, credential                           http thread, no arithmetic
 *     signature and proofs                                             checker, in batches
 *     the rule again, insert                                           recorder, durable
 *  <- the promise, signed by the log key
 *
 *  1. The hash of the octets is the idempotency key: the same octets get the same promise.
 *  2. A promise is signed only over what is durable.
 *  3. Sequence q + 1 waits until q is on the board.
 *  4. Another ballot for a number that is taken is refused, and the refusal names the tracker of
 *     the ballot that took it. Nobody hears of it whose ballot the credential did not sign: what is
 *     accepted shows on the board first (C12).
 *  5. Who may not vote online, or has voted on paper, casts nothing with a key that registrars have
 * not cancelled yet (H-19). That too only the holder of the credential hears. spec: chapters 4 and
 * 10.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "server/answer.h"
#include "server/daemon.h"
#include "server/log.h"
#include "server/step.h"

static const char predecessor[] = "ballot.predecessor";

/* ---- answers ---- */

static void free_cast(tp_cast *c) {
    free(c->bytes);
    free(c);
}

static void answer_promise(tp_cast *c) {
    tp_server *s = c->server;
    tp_promise p = {.sequence = c->row.sequence, .deadline = c->row.deadline};
    uint8_t bytes[TP_PROMISE_SIGNED], signature[64];
    char tracker[TP_CODE_TEXT];
    memcpy(p.ballot_hash, c->row.hash, 32);
    memcpy(p.credential, c->row.credential, 32);
    tp_promise_signed_bytes(bytes, &p, s->manifest.fingerprint);
    crypto_sign_detached(signature, NULL, bytes, sizeof bytes, s->log_secret);
    tp_ballot_tracker(tracker, c->bytes, c->len);
    tp_answer_json(c->rq, c->again ? 200 : 201,
                   json_pack("{s:o, s:s, s:o, s:I, s:I, s:o}", "ballot_hash",
                             tp_json_hex(p.ballot_hash, 32), "tracker", tracker, "credential",
                             tp_json_hex(p.credential, 32), "sequence", (json_int_t)p.sequence,
                             "deadline", (json_int_t)p.deadline, "signature",
                             tp_json_hex(signature, 64)));
}

/* Where the number does not follow: what was accepted last under this credential. spec: H-7 */
static json_t *newest(const tp_cast *c) {
    char tracker[TP_CODE_TEXT];
    if (!c->newest.sequence) return NULL;
    tp_code_write(tracker, c->newest.tracker, TP_CODE_SYMBOLS);
    return json_pack("{s:s, s:I, s:b}", "tracker", tracker, "sequence",
                     (json_int_t)c->newest.sequence, "recorded", c->newest.recorded);
}

static bool is_chain_fault(const char *code) {
    return !strcmp(code, predecessor) || !strcmp(code, "ballot.sequence") ||
           !strcmp(code, "ballot.previous");
}

static void answer_chain_fault(tp_cast *c) {
    bool wait = !strcmp(c->fault.code, predecessor);
    tp_answer_problem_more(c->rq, tp_fault_status(c->fault.err), c->fault.code,
                           wait ? "The ballot before is not on the board yet."
                                : "Another ballot was accepted before: look up its tracker.",
                           wait ? tp_server_next_batch_s(c->server) + 1 : 0, newest(c));
}

static void answer_cast(tp_cast *c) {
    if (!c->fault.err)
        answer_promise(c);
    else if (is_chain_fault(c->fault.code))
        answer_chain_fault(c);
    else
        tp_answer_fault(c->rq, &c->fault);
    free_cast(c);
}

/* ---- the rule ---- */

/* The clock closes a real election for ballots before the act does. spec: H-5 */
static tp_err check_phase(tp_server *s, tp_phase phase, tp_fault *fault) {
    if (phase != TP_OPEN)
        return tp_fail(fault, TP_REFUSED, "board.phase", "%s", tp_phase_name(phase));
    if (!s->manifest.test && tp_server_now() >= s->manifest.close_time)
        return tp_fail(fault, TP_REFUSED, "board.phase", "after the closing time");
    return TP_OK;
}

/* Is it there already, or may it follow? *again: it is there. */
static tp_err check_rule(tp_cast *c, tp_store *store) {
    tp_store_credential k;
    tp_store_ballot old;
    bool known;
    tp_err err = tp_store_ballot_by_hash(store, c->row.hash, &old, &c->again);
    if (!err && c->again) c->row = old;
    if (!err && c->again) return TP_OK;
    if (!err) err = tp_store_credential_find(store, c->ballot.credential, &k, &known);
    if (err) return tp_fail(&c->fault, TP_SYSTEM, "server.storage", "store");
    tp_credential rule = {.unit = k.unit, .style = k.style, .cancelled = k.cancelled};
    known = known && k.ready;
    if (known) {
        memcpy(rule.key, k.key, 32);
        memcpy(rule.tip, k.tip, 32);
        rule.sequence = k.sequence;
    }
    err = tp_cast_rule(known ? &rule : NULL, &c->ballot, &c->fault);
    if (!err && k.recorded < k.sequence)
        err = tp_fail(&c->fault, TP_REFUSED, predecessor, "sequence %u", k.sequence);
    if (err && known && k.sequence &&
        tp_store_ballot_by_hash(store, k.tip, &c->newest, &known) != TP_OK)
        return tp_fail(&c->fault, TP_SYSTEM, "server.storage", "store");
    return err;
}

/* Before the ballot is checked: a fault of the chain is left to the recorder, which says it to the
 * voter alone. */
static tp_err check_early(tp_cast *c, tp_store *store) {
    tp_err err = check_rule(c, store);
    if (!err || !is_chain_fault(c->fault.code)) return err;
    c->fault = (tp_fault){.code = ""};
    return TP_OK;
}

/* ---- recorder ---- */

/* The voter whose key it is, if the roll knows whose, as the roll is now. spec: H-19 */
static tp_err check_voter(tp_cast *c, tp_store *store) {
    tp_enrolment e;
    tp_voter v;
    bool found;
    const char *detail;
    tp_err err = tp_store_enrolment_by_credential(store, c->row.credential, &e, &found);
    if (!err && found) err = tp_store_voter_get(store, e.voter, &v, &found);
    if (err) return tp_fail(&c->fault, TP_SYSTEM, "server.storage", "store");
    if (!found || !tp_not_online_own(&v, &detail)) return TP_OK;
    return tp_fail(&c->fault, TP_REFUSED, "ballot.voter", "%s", detail);
}

static void work(tp_recorder *r, tp_task *t) {
    tp_cast *c = (tp_cast *)t;
    tp_store *store = tp_recorder_store(r);
    if (check_rule(c, store) || (!c->again && check_voter(c, store))) {
        if (c->fault.err == TP_SYSTEM) tp_recorder_fail(r, TP_SYSTEM);
        return;
    }
    if (c->again || check_phase(c->server, tp_recorder_board(r)->phase, &c->fault)) return;
    c->row.deadline = tp_server_now() + c->server->manifest.promise_deadline_s;
    tp_recorder_fail(r, tp_store_ballot_add(store, &c->row, c->bytes, c->len));
}

static void done(tp_server *s, tp_task *t, bool durable) {
    tp_cast *c = (tp_cast *)t;
    (void)s;
    if (durable) {
        answer_cast(c);
        return;
    }
    tp_answer_storage(c->rq);
    free_cast(c);
}

void tp_cast_checked(tp_cast *c, tp_err err, const char *code) {
    if (err) {
        c->fault = (tp_fault){.err = err, .code = code, .where = ""};
        answer_cast(c);
        return;
    }
    c->task = (tp_task){.work = work, .done = done};
    tp_recorder_submit(c->server, &c->task);
}

/* ---- the http thread ---- */

/* The style that the octets name, if they are long enough to name one. */
static const tp_ballot_style *style_of(const tp_ready *ready, const uint8_t *bytes, size_t len) {
    if (len < TP_BALLOT_HEAD) return NULL;
    tp_reader r = tp_reader_of(bytes + TP_BALLOT_HEAD - 2, 2);
    uint16_t style = tp_read_u16(&r);
    return style < ready->styles.count ? &ready->styles.list[style] : NULL;
}

static tp_err read_ballot(tp_cast *c) {
    tp_public state = tp_server_state(c->server);
    char tracker[TP_CODE_TEXT];
    if (!state.ready) return check_phase(c->server, TP_SETUP, &c->fault);
    if (c->len < TP_BALLOT_HEAD) return tp_fail(&c->fault, TP_MALFORMED, "ballot.length", "ballot");
    const tp_ballot_style *style = style_of(state.ready, c->bytes, c->len);
    if (!style) return tp_fail(&c->fault, TP_REFUSED, "ballot.style", "ballot");
    tp_err err = tp_ballot_read(&c->ballot, style, c->bytes, c->len, &c->fault);
    if (err) return err;
    c->row.sequence = c->ballot.sequence;
    memcpy(c->row.credential, c->ballot.credential, 32);
    tp_ballot_hash(c->row.hash, c->bytes, c->len);
    tp_ballot_tracker(tracker, c->bytes, c->len);
    if (tp_code_read(c->row.tracker, TP_CODE_SYMBOLS, tracker, strlen(tracker))) abort();
    return TP_OK;
}

void tp_post_ballot(tp_request *rq, void *server) {
    tp_server *s = server;
    tp_cast *c = calloc(1, sizeof *c);
    if (!c) abort();
    c->server = s;
    c->rq = rq;
    c->fault.code = "";
    c->bytes = tp_request_take_body(rq, &c->len);
    tp_err err = read_ballot(c);
    if (!err) err = check_early(c, tp_server_reader(s, rq));
    if (!err && !c->again) err = check_phase(s, tp_server_state(s).phase, &c->fault);
    if (err || c->again) {
        answer_cast(c);
        return;
    }
    if (tp_checker_submit(s, c)) return;
    tp_answer_problem_more(rq, 503, "server.busy", "Too many ballots are waiting.", 2, NULL);
    free_cast(c);
}
