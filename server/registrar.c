/* Stage enrol, the registrars' side: the queue, and registrations.
 *
 *  1. A registration authenticates itself: only a registrar's signature over credential, unit and
 *     style makes a credential vote, and the server has no such key (G1).
 *  2. Signatures of several registrars over the same credential are gathered; with the quorum the
 *     credential is ready, and the next batch puts it on the board.
 *  3. All registrations of a request are taken, or none.
 *  4. A registrar is known by its place in the manifest, from 1, as on the board (H-3).
 * spec: chapters 4 and 10.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/proof/schnorr.h"
#include "server/answer.h"
#include "server/daemon.h"
#include "server/log.h"
#include "server/message.h"

#define TP_WAITING_DOMAIN "tapat-v1 waiting"

enum { WAITING_MAX = 200, REGISTRATIONS_MAX = 1000, TIME_WINDOW_S = 300 };

/* ---- the queue ---- */

static bool registrar_signed(const tp_server *s, int registrar, uint64_t at,
                             const uint8_t signature[static 64]) {
    uint8_t message[40];
    uint64_t now = tp_server_now();
    if (registrar < 1 || registrar > s->manifest.registrars.count) return false;
    if (at + TIME_WINDOW_S < now || at > now + TIME_WINDOW_S) return false;
    memcpy(message, s->manifest.fingerprint, 32);
    tp_put_u64be(message + 32, at);
    return tp_verify_var(signature, s->manifest.registrars.who[registrar - 1].key,
                         TP_WAITING_DOMAIN, message, sizeof message) == TP_OK;
}

static json_t *waiting_item(const tp_server *s, const tp_enrolment *e, const tp_voter *v) {
    return json_pack("{s:o, s:s, s:s, s:i, s:i, s:o, s:o}", "enrolment", tp_json_hex(e->id, 16),
                     "name", v->name, "number", v->number, "unit", (int)v->unit, "style",
                     (int)s->manifest.units[v->unit].style, "credential",
                     tp_json_hex(e->credential, 32), "possession", tp_json_hex(e->possession, 64));
}

static void answer_waiting(tp_server *s, tp_request *rq) {
    tp_enrolment *e = malloc(WAITING_MAX * sizeof *e);
    tp_voter *v = malloc(WAITING_MAX * sizeof *v);
    size_t count;
    if (!e || !v) abort();
    if (tp_store_enrolment_waiting(tp_server_reader(s, rq), e, v, WAITING_MAX, &count)) {
        tp_answer_storage(rq);
    } else {
        json_t *list = json_array();
        for (size_t i = 0; i < count; i++)
            json_array_append_new(list, waiting_item(s, &e[i], &v[i]));
        tp_answer_json(rq, 200, json_pack("{s:o}", "waiting", list));
    }
    free(e);
    free(v);
}

void tp_post_waiting(tp_request *rq, void *server) {
    tp_server *s = server;
    int registrar;
    json_int_t at;
    const char *text;
    uint8_t signature[64];
    json_error_t error;
    json_t *body = tp_body_json(rq);
    if (!body) return;
    if (json_unpack_ex(body, &error, JSON_STRICT, "{s:i, s:I, s:s}", "registrar", &registrar,
                       "time", &at, "signature", &text))
        tp_answer_members(rq, &error);
    else if (at < 0 || !tp_hex_read(signature, 64, text))
        tp_answer_problem(rq, 400, "request.value", at < 0 ? "time" : "signature", "");
    else if (!registrar_signed(s, registrar, (uint64_t)at, signature))
        tp_answer_problem(rq, 403, "registrar.signature", "signature",
                          "Not signed by a registrar, or not now.");
    else
        answer_waiting(s, rq);
    json_decref(body);
}

/* ---- registrations ---- */

typedef struct {
    tp_task task;     /* first; the recorder's view */
    tp_errand errand; /* the checker's */
    tp_request *rq;
    size_t count;
    tp_fault fault;
    tp_registration list[];
} request;

static request *of_errand(tp_errand *e) {
    return (request *)((char *)e - offsetof(request, errand));
}

static const tp_endorsement *by_whom(const tp_registration *r) {
    return &r->registrars.by[0];
}

/* What the store has of this credential, as a registration; count 0 if nothing. */
static tp_err stored_registration(tp_registration *out, const tp_store_credential *k) {
    tp_reader body = tp_reader_of(k->registration, k->registration_len);
    tp_fault fault;
    bool more;
    tp_err err = tp_registrations_next(out, &body, NULL, &more, &fault);
    return err ? err : more ? TP_OK : TP_MALFORMED;
}

static bool endorse(tp_endorsements *list, const tp_endorsement *add) {
    size_t at = 0;
    while (at < list->count && list->by[at].signer < add->signer)
        at++;
    if (at < list->count && list->by[at].signer == add->signer) return false;
    if (list->count == TP_MAX_SIGNERS) return false;
    memmove(&list->by[at + 1], &list->by[at], (list->count - at) * sizeof *add);
    list->by[at] = *add;
    list->count++;
    return true;
}

static tp_err tell_ready(const tp_server *s, tp_store *store, tp_enrolment *e, const tp_voter *v) {
    e->state = TP_ENROL_DONE;
    e->updated = tp_server_now();
    tp_err err = tp_store_enrolment_put(store, e);
    return err ? err : tp_message_notify(s, store, v, "ready", NULL);
}

/* The enrolment that handed this credential in, if one did: the unit must be the voter's. */
static tp_err check_voter(tp_recorder *r, request *q, const tp_registration *one, bool ready) {
    tp_store *store = tp_recorder_store(r);
    tp_enrolment e;
    tp_voter v;
    bool found;
    tp_err err = tp_store_enrolment_by_credential(store, one->credential, &e, &found);
    if (!err && found) err = tp_store_voter_get(store, e.voter, &v, &found);
    tp_recorder_fail(r, err);
    if (err || !found) return err;
    if (*v.disabled || v.channel != TP_CHANNEL_ONLINE) /* J-11 */
        return tp_fail(&q->fault, TP_REFUSED, "registration.voter", "does not vote online");
    if (v.unit != one->unit)
        return tp_fail(&q->fault, TP_REFUSED, "registration.unit", "not the voter's");
    if (!ready || e.state != TP_ENROL_WAITING) return TP_OK;
    err = tell_ready(tp_recorder_server(r), store, &e, &v);
    tp_recorder_fail(r, err);
    return err;
}

static tp_err take_one(tp_recorder *r, request *q, const tp_registration *one) {
    tp_store *store = tp_recorder_store(r);
    tp_store_credential k = {.unit = one->unit, .style = one->style};
    tp_registration merged = *one;
    bool found;
    tp_err err = tp_store_credential_find(store, one->credential, &k, &found);
    if (!err && found) err = stored_registration(&merged, &k);
    tp_recorder_fail(r, err);
    if (err) return err;
    if (found && (k.unit != one->unit || k.style != one->style))
        return tp_fail(&q->fault, TP_REFUSED, "registration.repeat", "registered otherwise");
    if (k.ready || (found && !endorse(&merged.registrars, by_whom(one)))) return TP_OK;
    tp_writer w = tp_writer_of(k.registration, sizeof k.registration);
    memcpy(k.key, one->credential, 32);
    tp_registration_write(&w, &merged);
    k.registration_len = w.len;
    k.ready = merged.registrars.count >= tp_recorder_server(r)->manifest.registrars.quorum;
    if ((err = check_voter(r, q, one, k.ready))) return err;
    err = tp_write_end(&w);
    if (!err) err = tp_store_credential_put(store, &k);
    tp_recorder_fail(r, err);
    return err;
}

/* Alone in its transaction, so that a refusal can undo what came before it in the request. */
static void work(tp_recorder *r, tp_task *t) {
    request *q = (request *)t;
    tp_phase phase = tp_recorder_board(r)->phase;
    if (phase > TP_OPEN) {
        (void)tp_fail(&q->fault, TP_REFUSED, "board.phase", "%s", tp_phase_name(phase));
        return;
    }
    for (size_t i = 0; i < q->count && !q->fault.err; i++)
        if (take_one(r, q, &q->list[i])) break;
    if (q->fault.err) tp_recorder_undo(r);
}

static void done(tp_server *s, tp_task *t, bool durable) {
    request *q = (request *)t;
    (void)s;
    if (q->fault.err)
        tp_answer_fault(q->rq, &q->fault);
    else if (!durable)
        tp_answer_storage(q->rq);
    else
        tp_answer_json(q->rq, 200, json_pack("{s:i}", "accepted", (int)q->count));
    free(q);
}

/* Each signature by itself: the quorum is gathered in the store. */
static void verify(tp_server *s, tp_errand *e) {
    request *q = of_errand(e);
    tp_manifest m = s->manifest;
    m.registrars.quorum = 1;
    for (size_t i = 0; i < q->count; i++) {
        if (!tp_registration_verify(&m, &q->list[i], &q->fault)) continue;
        tp_answer_problem(q->rq, tp_fault_status(q->fault.err), q->fault.code, NULL,
                          q->fault.where);
        free(q);
        return;
    }
    q->task = (tp_task){.work = work, .done = done, .alone = true};
    tp_recorder_submit(s, &q->task);
}

static bool read_one(tp_registration *out, json_t *item) {
    int unit, style, registrar;
    const char *credential, *signature;
    json_error_t error;
    if (json_unpack_ex(item, &error, JSON_STRICT, "{s:s, s:i, s:i, s:i, s:s}", "credential",
                       &credential, "unit", &unit, "style", &style, "registrar", &registrar,
                       "signature", &signature))
        return false;
    if (unit < 0 || unit > 0xffff || style < 0 || style > 0xffff || registrar < 1 ||
        registrar > 0xffff)
        return false;
    out->unit = (uint16_t)unit;
    out->style = (uint16_t)style;
    out->registrars.count = 1;
    out->registrars.by[0].signer = (uint16_t)registrar;
    return tp_hex_read(out->credential, 32, credential) &&
           tp_hex_read(out->registrars.by[0].signature, 64, signature);
}

static request *read_request(tp_request *rq, json_t *list) {
    size_t count = json_array_size(list);
    request *q = NULL;
    if (count >= 1 && count <= REGISTRATIONS_MAX)
        q = calloc(1, sizeof *q + count * sizeof q->list[0]);
    for (size_t i = 0; q && i < count; i++) {
        if (read_one(&q->list[i], json_array_get(list, i))) continue;
        free(q);
        q = NULL;
    }
    if (!q) {
        tp_answer_problem(rq, 400, "request.value", "registrations",
                          "Not a list of 1 to 1000 registrations.");
        return NULL;
    }
    q->rq = rq;
    q->count = count;
    q->fault.code = "";
    return q;
}

void tp_post_registrations(tp_request *rq, void *server) {
    json_t *list;
    json_error_t error;
    json_t *body = tp_body_json(rq);
    if (!body) return;
    if (json_unpack_ex(body, &error, JSON_STRICT, "{s:o}", "registrations", &list) ||
        !json_is_array(list)) {
        tp_answer_members(rq, &error);
    } else {
        request *q = read_request(rq, list);
        if (q) {
            q->errand.run = verify;
            if (!tp_checker_errand(server, &q->errand)) {
                tp_answer_problem_more(rq, 503, "server.busy", "Too much waits.", 2, NULL);
                free(q);
            }
        }
    }
    json_decref(body);
}
