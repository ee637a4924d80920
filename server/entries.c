/* Stages ceremony to publish: POST /api/board/entries takes signed entries of trustees, registrars
 * and officers. An entry authenticates itself; the recorder applies it to the board, and with it
 * what the store keeps of it.
 *
 *  1. Before ACT_CLOSE, ACT_EXCLUDE and CANCEL every accepted ballot is put on the board, so that
 * each promise is kept and no ballot follows its credential's cancellation.
 *  2. A document comes with the entry that names it, and with no other.
 * spec: chapters 5 and 10.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash/hash.h"
#include "server/answer.h"
#include "server/daemon.h"
#include "server/log.h"
#include "server/message.h"

typedef struct {
    tp_task task;     /* first; the recorder's view */
    tp_errand errand; /* the checker's */
    tp_request *rq;
    uint8_t *body;
    tp_reader bytes, document;
    tp_entry entry;
    uint8_t hash[32]; /* of the document, if there is one */
    tp_csv_text csv;  /* of PUBLISH, once it was checked */
    uint64_t index;
    tp_fault fault;
} posted;

/* ---- form ---- */

static bool is_act(const tp_entry *e, tp_act act) {
    return e->type == TP_ENTRY_ACT && e->u.act.act == act;
}

/* The document that the entry names; NULL: none. */
static const uint8_t *named_document(const tp_entry *e) {
    if (e->type == TP_ENTRY_SHARES) return e->u.document.hash;
    if (is_act(e, TP_ACT_FREEZE) || is_act(e, TP_ACT_PUBLISH)) return e->u.act.subject;
    return NULL;
}

static tp_err check_document(posted *p) {
    if (p->entry.type == TP_ENTRY_CHANGES) return TP_OK; /* the rows: see roll.c */
    const uint8_t *named = named_document(&p->entry);
    if (!named)
        return p->document.left
                   ? tp_fail(&p->fault, TP_MALFORMED, "document.unexpected", "document")
                   : TP_OK;
    tp_sha256(p->hash, p->document.p, p->document.left);
    if (memcmp(p->hash, named, 32) != 0)
        return tp_fail(&p->fault, TP_MALFORMED, "document.hash", "document");
    if (p->entry.type == TP_ENTRY_SHARES && p->entry.u.document.len != p->document.left)
        return tp_fail(&p->fault, TP_MALFORMED, "document.length", "document");
    return TP_OK;
}

static tp_err read_posted(posted *p, size_t len) {
    tp_reader r = tp_reader_of(p->body, len);
    p->bytes = tp_read_vector(&r, 1, TP_MAX_ENTRY);
    p->document = tp_read_vector(&r, 0, TP_MAX_DOCUMENT);
    if (tp_read_end(&r)) return tp_fail(&p->fault, TP_MALFORMED, "request.octets", "body");
    tp_err err = tp_entry_read(&p->entry, p->bytes.p, p->bytes.left, &p->fault);
    if (err) return err;
    switch (p->entry.type) {
    case TP_ENTRY_MANIFEST:
    case TP_ENTRY_REGISTRATIONS:
    case TP_ENTRY_BALLOT:
    case TP_ENTRY_BATCH:
        return tp_fail(&p->fault, TP_REFUSED, "entry.type", "the recorder writes these");
    default:
        return TP_OK;
    }
}

/* ---- the recorder ---- */

/* A store failure within a task: the group is rolled back. */
static tp_err stored(tp_recorder *r, posted *p, tp_err err) {
    tp_recorder_fail(r, err);
    return err ? tp_fail(&p->fault, TP_SYSTEM, "server.storage", "store") : TP_OK;
}

/* From the code on: whoever typed one for the cancelled key hands in no other with it. spec: H-4 */
static tp_err reopen_enrolment(tp_recorder *r, posted *p) {
    tp_store *store = tp_recorder_store(r);
    tp_enrolment e;
    tp_voter v;
    bool found;
    tp_err err = tp_store_enrolment_by_credential(store, p->entry.u.cancel.credential, &e, &found);
    if (err || !found) return stored(r, p, err);
    e.state = TP_ENROL_STARTED;
    e.updated = tp_server_now();
    e.code_sent = 0;
    memset(e.credential, 0, sizeof e.credential);
    memset(e.possession, 0, sizeof e.possession);
    err = tp_store_enrolment_put(store, &e);
    if (!err) err = tp_store_codes_end(store, e.voter);
    if (!err) err = tp_store_sessions_end(store, e.voter);
    if (!err) err = tp_store_passkey_remove(store, e.voter);
    if (!err) err = tp_store_voter_get(store, e.voter, &v, &found);
    if (!err && found) err = tp_message_notify(tp_recorder_server(r), store, &v, "cancelled", NULL);
    return stored(r, p, err);
}

/* Once recorded a cancel is public, and anyone can send it again: that must not close a batch. */
static tp_err check_cancel(tp_recorder *r, posted *p, tp_store_credential *k) {
    bool found;
    tp_err err =
        tp_store_credential_find(tp_recorder_store(r), p->entry.u.cancel.credential, k, &found);
    if (err) return stored(r, p, err);
    if (!found || !k->ready)
        return tp_fail(&p->fault, TP_REFUSED, "cancel.credential", "credential");
    if (k->cancelled) return tp_fail(&p->fault, TP_REFUSED, "cancel.repeat", "credential");
    return TP_OK;
}

static tp_err before_cancel(tp_recorder *r, posted *p) {
    tp_store_credential k;
    tp_err err = check_cancel(r, p, &k);
    if (err) return err;
    err = tp_recorder_close_batch(r);
    if (err) return stored(r, p, err);
    if ((err = check_cancel(r, p, &k))) return err;
    if (!k.on_board) return tp_fail(&p->fault, TP_REFUSED, "cancel.credential", "credential");
    return TP_OK;
}

static tp_err after_cancel(tp_recorder *r, posted *p) {
    tp_store *store = tp_recorder_store(r);
    tp_store_credential k;
    bool found;
    tp_err err = tp_store_credential_find(store, p->entry.u.cancel.credential, &k, &found);
    k.cancelled = true;
    if (!err) err = tp_store_credential_put(store, &k);
    return err ? stored(r, p, err) : reopen_enrolment(r, p);
}

/* The credential whose ballot the act names, unless it is excluded: an exclusion too is public and
 * can be sent again. */
static tp_err check_exclusion(tp_recorder *r, posted *p, tp_store_credential *k,
                              tp_store_ballot *b) {
    tp_store *store = tp_recorder_store(r);
    bool found;
    tp_err err = tp_store_ballot_by_hash(store, p->entry.u.act.subject, b, &found);
    if (err) return stored(r, p, err);
    if (!found) return tp_fail(&p->fault, TP_REFUSED, "exclusion.ballot", "ballot");
    if ((err = tp_store_credential_find(store, b->credential, k, &found))) return stored(r, p, err);
    if (!found) return tp_fail(&p->fault, TP_REFUSED, "exclusion.ballot", "ballot");
    if (k->excluded) return tp_fail(&p->fault, TP_REFUSED, "exclusion.repeat", "ballot");
    return TP_OK;
}

/* The ballot is the newest recorded one of its credential. */
static tp_err before_exclusion(tp_recorder *r, posted *p, tp_store_credential *k) {
    tp_store_ballot b;
    tp_err err = check_exclusion(r, p, k, &b);
    if (err) return err;
    if ((err = tp_recorder_close_batch(r))) return stored(r, p, err);
    if ((err = check_exclusion(r, p, k, &b))) return err;
    if (!b.recorded || k->recorded != b.sequence)
        return tp_fail(&p->fault, TP_REFUSED, "exclusion.ballot", "not the newest");
    return TP_OK;
}

/* In their phases, FREEZE and PUBLISH are compared with the record. */
static tp_err check_count(tp_recorder *r, posted *p) {
    const tp_board *b = tp_recorder_board(r);
    bool freeze = is_act(&p->entry, TP_ACT_FREEZE) && b->phase == TP_CLOSED;
    bool publish = is_act(&p->entry, TP_ACT_PUBLISH) && b->phase == TP_FROZEN;
    if (!freeze && !publish) return TP_OK;
    return tp_count_check(tp_recorder_server(r), b->size, p->entry.u.act.act, &p->document, &p->csv,
                          &p->fault);
}

/* What must hold, and be on the board, before the entry. */
static tp_err before(tp_recorder *r, posted *p, tp_store_credential *excluded) {
    if (p->entry.type == TP_ENTRY_CANCEL) return before_cancel(r, p);
    if (is_act(&p->entry, TP_ACT_EXCLUDE)) return before_exclusion(r, p, excluded);
    if (is_act(&p->entry, TP_ACT_CLOSE)) return stored(r, p, tp_recorder_close_batch(r));
    if (p->entry.type == TP_ENTRY_ROLL) return tp_roll_check(r, &p->entry, &p->fault);
    if (p->entry.type == TP_ENTRY_CHANGES)
        return tp_roll_check_changes(r, &p->entry, p->document, &p->fault);
    return check_count(r, p);
}

/* The publisher may write the record anew at any time, from the store alone. */
static tp_err store_csv(tp_store *store, const tp_csv_text *csv) {
    uint8_t hash[32];
    tp_sha256(hash, csv->bytes, csv->len);
    tp_err err = tp_store_document_put(store, hash, (const uint8_t *)csv->bytes, csv->len);
    return err ? err : tp_store_set(store, TP_RESULTS_CSV_NAME, hash, sizeof hash);
}

static tp_err after(tp_recorder *r, posted *p, tp_store_credential *excluded) {
    tp_store *store = tp_recorder_store(r);
    if (p->entry.type == TP_ENTRY_CANCEL) return after_cancel(r, p);
    if (is_act(&p->entry, TP_ACT_EXCLUDE)) {
        excluded->excluded = true;
        return stored(r, p, tp_store_credential_put(store, excluded));
    }
    if (p->entry.type == TP_ENTRY_ROLL) return stored(r, p, tp_roll_committed(r));
    if (p->entry.type == TP_ENTRY_CHANGES)
        return stored(r, p, tp_roll_apply_changes(r, p->document));
    if (!named_document(&p->entry)) return TP_OK;
    tp_err err = tp_store_document_put(store, p->hash, p->document.p, p->document.left);
    if (!err && p->csv.bytes) err = store_csv(store, &p->csv);
    return stored(r, p, err);
}

/* Signatures were checked, and repetition is before anything moves, so that a stranger cannot make
 * a batch close (C12). What `before` put on the board stays if the entry itself is refused then. */
static void work(tp_recorder *r, tp_task *t) {
    posted *p = (posted *)t;
    tp_store_credential excluded;
    if (before(r, p, &excluded)) return;
    p->index = tp_recorder_board(r)->size;
    if (tp_recorder_append(r, p->bytes.p, p->bytes.left, true, &p->fault)) return;
    if (after(r, p, &excluded)) return;
}

static void free_posted(posted *p) {
    free(p->csv.bytes);
    free(p->body);
    free(p);
}

static void done(tp_server *s, tp_task *t, bool durable) {
    posted *p = (posted *)t;
    (void)s;
    if (!durable) {
        tp_answer_storage(p->rq);
    } else if (p->fault.err) {
        tp_log("entry-refused", "code", "%s", p->fault.code);
        tp_answer_fault(p->rq, &p->fault);
    } else {
        tp_log("entry", "index", "%llu type=%d", (unsigned long long)p->index, (int)p->bytes.p[0]);
        tp_answer_json(p->rq, 201, json_pack("{s:I}", "index", (json_int_t)p->index));
    }
    free_posted(p);
}

/* The checker: hash and signatures, so that what nobody signed comes no further. */
static void verify(tp_server *s, tp_errand *e) {
    posted *p = (posted *)((char *)e - offsetof(posted, errand));
    tp_err err = check_document(p);
    if (!err) err = tp_entry_verify(&s->manifest, &p->entry, &p->fault);
    if (err)
        done(s, &p->task, true);
    else
        tp_recorder_submit(s, &p->task);
}

void tp_post_entry(tp_request *rq, void *server) {
    size_t len;
    posted *p = calloc(1, sizeof *p);
    if (!p) abort();
    p->rq = rq;
    p->fault.code = "";
    p->body = tp_request_take_body(rq, &len);
    p->task = (tp_task){.work = work, .done = done, .alone = true};
    p->errand.run = verify;
    if (read_posted(p, len)) {
        tp_answer_fault(rq, &p->fault);
        free_posted(p);
    } else if (!tp_checker_errand(server, &p->errand)) {
        tp_answer_problem_more(rq, 503, "server.busy", "Too much waits.", 2, NULL);
        free_posted(p);
    }
}
