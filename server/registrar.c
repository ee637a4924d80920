/* Stage enrol, the registrars' side: registrations.
 *
 *  1. A registration authenticates itself: only a registrar's signature over credential, unit and
 *     style makes a credential vote, and the server has no such key (G1).
 *  2. Signatures of several registrars over the same credential are gathered; with the quorum the
 *     credential is ready, and the next batch puts it on the board.
 *  3. All registrations of a request are taken, or none.
 *  4. A registrar is known by its place in the manifest, from 1, as on the board (H-3).
 *  5. A voter has one key at a time: what waits otherwise for the same voter is closed when one is
 *     signed, and while one stands no other is (until it is cancelled).
 * spec: chapters 4 and 10.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/proof/schnorr.h"
#include "election/desk.h"
#include "election/enrol.h"
#include "server/answer.h"
#include "server/apply.h"
#include "server/daemon.h"
#include "server/log.h"
#include "server/message.h"

enum { REGISTRATIONS_MAX = 1000 };

/* ---- registrations ---- */

typedef struct {
    tp_task task;     /* first; the recorder's view */
    tp_errand errand; /* the checker's */
    tp_request *rq;
    size_t asked; /* how many came */
    size_t count; /* of these new to the store, so far as a reader saw */
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

/* Who handed a credential in: a proven enrolment, an application, or nobody that is known here. */
typedef struct {
    bool known, applied;
    tp_enrolment enrolment; /* the voter's, if there is one; else a new one */
    tp_application application;
    tp_voter voter;
} origin;

static tp_err find_origin(tp_store *store, const uint8_t credential[static 32], origin *o) {
    bool found;
    tp_enrolment *e = &o->enrolment;
    tp_err err = tp_store_enrolment_by_credential(store, credential, e, &o->known);
    o->applied = false;
    if (err) return err;
    if (!o->known) {
        err = tp_store_application_by_credential(store, credential, &o->application, &o->applied);
        if (err || !o->applied) return err;
        err = tp_store_enrolment_of(store, o->application.voter, e, &found);
        if (!err && !found) {
            *e = (tp_enrolment){.voter = o->application.voter};
            randombytes_buf(e->id, sizeof e->id);
        }
    }
    o->known = true;
    return err ? err : tp_store_voter_get(store, e->voter, &o->voter, &found);
}

/* May a registrar sign this key for that voter? */
static tp_err may_sign(request *q, const origin *o, const tp_registration *one) {
    const tp_enrolment *e = &o->enrolment;
    bool other = memcmp(e->credential, one->credential, 32) != 0;
    if (*o->voter.disabled || o->voter.voted || o->voter.channel != TP_CHANNEL_ONLINE) /* J-11 */
        return tp_fail(&q->fault, TP_REFUSED, "registration.voter", "does not vote online");
    if (o->voter.unit != one->unit)
        return tp_fail(&q->fault, TP_REFUSED, "registration.unit", "not the voter's");
    if (o->applied && o->application.state != TP_APPLY_WAITING)
        return tp_fail(&q->fault, TP_REFUSED, "registration.voter", "the application is closed");
    if (other && e->state == TP_ENROL_DONE) /* H-13 */
        return tp_fail(&q->fault, TP_REFUSED, "registration.voter", "has another key");
    return TP_OK;
}

static tp_err adopt(tp_store *store, origin *o, uint64_t now) {
    tp_enrolment *e = &o->enrolment;
    tp_application *a = &o->application;
    tp_err err = tp_enrolment_put_aside(store, e, now);
    memcpy(e->credential, a->credential, sizeof e->credential);
    memcpy(e->possession, a->possession, sizeof e->possession);
    if (!err) err = tp_store_passkey_remove(store, e->voter);
    return err ? err : tp_application_end(store, a, TP_APPLY_DONE, 0, now);
}

/* The quorum signed: this key is the voter's. */
static tp_err settle(const tp_server *s, tp_store *store, origin *o) {
    tp_enrolment *e = &o->enrolment;
    uint64_t now = tp_server_now();
    tp_err err = o->applied ? adopt(store, o, now) : TP_OK;
    e->state = TP_ENROL_DONE;
    e->updated = now;
    if (!err) err = tp_store_enrolment_put(store, e);
    if (!err) err = tp_store_evidence_remove(store, e->credential); /* of no use any more */
    if (!err) err = tp_applications_close(store, e->voter, e->credential, now);
    return err ? err : tp_message_notify(s, store, &o->voter, "ready", NULL);
}

static tp_err note_signed(tp_store *store, const origin *o, const tp_registration *one) {
    tp_decision d = {.voter = o->voter.id,
                     .registrar = by_whom(one)->signer,
                     .verdict = TP_DECISION_SIGNED,
                     .time = tp_server_now()};
    memcpy(d.application, o->applied ? o->application.id : o->enrolment.id, sizeof d.application);
    memcpy(d.credential, one->credential, sizeof d.credential);
    memcpy(d.signature, by_whom(one)->signature, sizeof d.signature);
    return tp_store_decision_add(store, &d);
}

/* If the credential was handed in here, the unit must be the voter's. */
static tp_err check_voter(tp_recorder *r, request *q, const tp_registration *one, bool ready) {
    tp_store *store = tp_recorder_store(r);
    origin o;
    tp_err err = find_origin(store, one->credential, &o);
    tp_recorder_fail(r, err);
    if (err || !o.known) return err;
    if ((err = may_sign(q, &o, one))) return err;
    err = note_signed(store, &o, one);
    if (!err && ready && (o.applied || o.enrolment.state == TP_ENROL_WAITING))
        err = settle(tp_recorder_server(r), store, &o);
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
        tp_answer_json(q->rq, 200, json_pack("{s:i}", "accepted", (int)q->asked));
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
    q->count = q->asked = count;
    q->fault.code = "";
    return q;
}

/* Is exactly this signature in the store? Then it was looked at before. */
static bool known(tp_store *store, const tp_registration *one) {
    tp_store_credential k;
    tp_registration r;
    bool found;
    if (tp_store_credential_find(store, one->credential, &k, &found) || !found) return false;
    if (k.unit != one->unit || k.style != one->style || stored_registration(&r, &k)) return false;
    for (size_t i = 0; i < r.registrars.count; i++)
        if (r.registrars.by[i].signer == by_whom(one)->signer)
            return !memcmp(r.registrars.by[i].signature, by_whom(one)->signature, 64);
    return false;
}

static void drop_known(tp_store *store, request *q) {
    size_t kept = 0;
    for (size_t i = 0; i < q->count; i++)
        if (!known(store, &q->list[i])) q->list[kept++] = q->list[i];
    q->count = kept;
}

static void check(tp_server *s, request *q) {
    drop_known(tp_server_reader(s, q->rq), q);
    if (!q->count) {
        done(s, &q->task, true);
        return;
    }
    q->errand.run = verify;
    if (tp_checker_errand(s, &q->errand)) return;
    tp_answer_problem_more(q->rq, 503, "server.busy", "Too much waits.", 2, NULL);
    free(q);
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
        if (q) check(server, q);
    }
    json_decref(body);
}
