/* The recorder: the only writer of the store, and the owner of the board's state.
 *
 *  1. What waits is written in one transaction and answered after its commit. If it fails, nothing
 *     of it is stored and all of it is answered 503.
 *  2. The board in memory is what the store holds: after a failed transaction that had touched it,
 *     it is read again before anything else is appended.
 *  3. A batch is one transaction: registrations ascending by credential, ballots ascending by hash,
 *     the BATCH entry. Nothing new: no batch, until the board would stand still.
 *  4. The rule of casting is checked here again, against the rows that the transaction sees.
 * spec: chapters 5 and 10.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "record/record.h"
#include "server/apply.h"
#include "server/daemon.h"
#include "server/log.h"
#include "server/message.h"

_Static_assert((int)TP_STORE_BALLOT == TP_ENTRY_BALLOT, "the store knows this type");
_Static_assert((int)TP_STORE_REGISTRATIONS == TP_ENTRY_REGISTRATIONS, "the store knows this type");

enum { GROUP = 512, CREDENTIALS = 256, SWEEP_S = 60 };

struct tp_recorder {
    tp_server *s;
    tp_store *store;
    tp_board board;
    bool touched; /* the board moved within this transaction */
    bool lost;    /* the board must be read again */
    tp_err failed;
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t more;
    tp_task *head, **tail;
    bool stop;
    uint64_t next_batch, next_sweep;
};

tp_server *tp_recorder_server(tp_recorder *r) {
    return r->s;
}
tp_store *tp_recorder_store(tp_recorder *r) {
    return r->store;
}
tp_board *tp_recorder_board(tp_recorder *r) {
    return &r->board;
}

void tp_recorder_fail(tp_recorder *r, tp_err err) {
    if (!err || r->failed) return;
    r->failed = err;
    tp_log("store-failed", "error", "%s", tp_store_error(r->store));
}

void tp_recorder_undo(tp_recorder *r) {
    if (!r->failed) r->failed = TP_REFUSED;
}

/* ---- the board's state ---- */

static bool root_of(void *ctx, uint64_t size, uint8_t root[static 32]) {
    tp_recorder *r = ctx;
    if (!tp_publisher_wait(r->s, size)) return false;
    return tp_record_root_at(root, r->s->public_path, size) == TP_OK;
}

static void note_batch(tp_server *s, uint32_t number, uint64_t at) {
    pthread_mutex_lock(&s->lock);
    if (number >= s->batch_times_cap) {
        size_t cap = 2 * (size_t)number + 64;
        uint64_t *times = realloc(s->batch_times, cap * sizeof *times);
        if (!times) abort();
        memset(times + s->batch_times_cap, 0, (cap - s->batch_times_cap) * sizeof *times);
        s->batch_times = times;
        s->batch_times_cap = cap;
    }
    s->batch_times[number] = at;
    pthread_mutex_unlock(&s->lock);
}

static void show(tp_recorder *r) {
    tp_server *s = r->s;
    if (!s->state.ready && r->board.ceremony && tp_ceremony_round(r->board.ceremony) == 3 &&
        tp_server_keys(s, &r->board, r->store))
        tp_log("keys-failed", "", " ");
    pthread_mutex_lock(&s->lock);
    s->state.phase = r->board.phase;
    s->state.batches = r->board.batches;
    s->state.next_batch = r->next_batch;
    pthread_mutex_unlock(&s->lock);
}

/* One administrative entry of the store; ballots and registrations before it are only counted. */
static tp_err reapply(tp_recorder *r, uint64_t index) {
    uint8_t bytes[TP_MAX_ENTRY];
    size_t len;
    tp_entry e;
    tp_fault fault = {.code = ""};
    tp_err err = tp_store_entry(r->store, index, bytes, sizeof bytes, &len);
    if (!err) err = tp_entry_read(&e, bytes, len, &fault);
    if (err) return err;
    r->board.size = index;
    if (e.type == TP_ENTRY_BATCH) r->board.open_ballots = e.u.batch.ballots;
    err = tp_board_apply(&r->board, &e, index ? NULL : &r->s->manifest, true, NULL, NULL, &fault);
    if (err)
        tp_log("board-refused", "entry", "%llu %s", (unsigned long long)index, fault.code);
    else if (e.type == TP_ENTRY_BATCH)
        note_batch(r->s, e.u.batch.number, e.u.batch.time);
    return err;
}

static tp_err load_board(tp_recorder *r) {
    uint64_t *list, size;
    size_t count;
    tp_board_free(&r->board);
    tp_board_init(&r->board);
    tp_err err = tp_store_size(r->store, &size);
    if (!err) err = tp_store_entries_admin(r->store, &list, &count);
    if (err) return err;
    for (size_t i = 0; !err && i < count; i++)
        err = reapply(r, list[i]);
    free(list);
    r->board.size = size;
    r->lost = err != TP_OK;
    return err;
}

/* ---- within a transaction ---- */

tp_err tp_recorder_append(tp_recorder *r, const uint8_t *bytes, size_t len, bool signed_ok,
                          tp_fault *fault) {
    tp_entry e;
    uint64_t index = r->board.size;
    tp_err err = tp_entry_read(&e, bytes, len, fault);
    if (!err)
        err = tp_board_apply(&r->board, &e, index ? NULL : &r->s->manifest, signed_ok, root_of, r,
                             fault);
    if (err) return err;
    r->touched = true;
    err = tp_store_entry_add(r->store, index, bytes, len);
    tp_recorder_fail(r, err);
    return err ? tp_fail(fault, TP_SYSTEM, "server.storage", "store") : TP_OK;
}

static tp_err append_own(tp_recorder *r, const tp_writer *w) {
    tp_fault fault = {.code = ""};
    tp_err err = tp_write_end(w);
    if (!err) err = tp_recorder_append(r, w->p, w->len, true, &fault);
    if (err) tp_log("batch-refused", "code", "%s %s", fault.code, fault.where);
    return err;
}

/* One REGISTRATIONS entry; *count: how many credentials it took. */
static tp_err append_registrations(tp_recorder *r, tp_store_credential *list, size_t *count) {
    uint8_t bytes[TP_MAX_ENTRY];
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    tp_err err = tp_store_credentials_new(r->store, list, CREDENTIALS, count);
    if (err || !*count) return err;
    tp_write_u8(&w, TP_ENTRY_REGISTRATIONS);
    size_t n = 0;
    for (; n < *count && w.len + list[n].registration_len <= TP_MAX_ENTRY; n++)
        tp_write_bytes(&w, list[n].registration, list[n].registration_len);
    *count = n;
    err = append_own(r, &w);
    for (size_t i = 0; !err && i < n; i++) {
        list[i].on_board = true;
        err = tp_store_credential_put(r->store, &list[i]);
    }
    return err;
}

static tp_err append_all_registrations(tp_recorder *r, uint64_t *total) {
    tp_store_credential *list = malloc(CREDENTIALS * sizeof *list);
    size_t count = 1;
    tp_err err = list ? TP_OK : TP_SYSTEM;
    for (*total = 0; !err && count; *total += count)
        err = append_registrations(r, list, &count);
    free(list);
    return err;
}

/* Tells the voter, if the roll knows whose credential it is; says no choice and no tracker. */
static tp_err tell_recorded(tp_recorder *r, const tp_store_ballot *b) {
    tp_enrolment e;
    tp_voter v;
    bool found;
    tp_err err = tp_store_enrolment_by_credential(r->store, b->credential, &e, &found);
    if (err || !found) return err;
    err = tp_store_voter_get(r->store, e.voter, &v, &found);
    if (err || !found) return err;
    return tp_message_notify(r->s, r->store, &v, "recorded",
                             json_pack("{s:o}", "sequence", json_sprintf("%u", b->sequence)));
}

/* Order and count are known from the store, so the board is moved on without reading the bytes. */
static tp_err append_ballots(tp_recorder *r, uint32_t *total) {
    tp_store_ballot *list = NULL;
    size_t count = 0;
    tp_err err = tp_store_ballots_pending(r->store, &list, &count);
    for (size_t i = 0; !err && i < count; i++) {
        if (i && memcmp(list[i - 1].hash, list[i].hash, 32) >= 0) abort();
        err = tp_store_entry_add_ballot(r->store, r->board.size, list[i].id, r->board.batches + 1);
        if (!err) err = tell_recorded(r, &list[i]);
        r->board.size++;
        r->board.open_ballots++;
        memcpy(r->board.last_ballot, list[i].hash, 32);
        r->touched = true;
    }
    *total = (uint32_t)count;
    free(list);
    return err;
}

/* spec: R-15 */
static bool stands_still(const tp_board *b, uint64_t now) {
    uint64_t last = b->batches ? b->last_batch : b->last_act;
    return b->approved && b->phase != TP_PUBLISHED && now >= last &&
           now - last >= tp_board_silence_s(b->manifest);
}

tp_err tp_recorder_close_batch(tp_recorder *r) {
    uint8_t bytes[64];
    uint64_t registrations = 0, now = tp_server_now();
    uint32_t ballots = 0;
    tp_err err = TP_OK;
    tp_board *b = &r->board;
    if (now < b->last_batch) now = b->last_batch; /* the clock was set back */
    bool open = b->phase == TP_OPEN;
    if (open || (b->phase == TP_SETUP && b->approved))
        err = append_all_registrations(r, &registrations);
    if (!err && open) err = append_ballots(r, &ballots);
    if (!err && (registrations || ballots || stands_still(b, now))) {
        tp_entry e = {.type = TP_ENTRY_BATCH};
        e.u.batch.number = b->batches + 1;
        e.u.batch.time = now;
        e.u.batch.ballots = ballots;
        tp_writer w = tp_writer_of(bytes, sizeof bytes);
        err = tp_entry_write(&w, &e);
        if (!err) err = append_own(r, &w);
        if (!err) note_batch(r->s, e.u.batch.number, now);
    }
    tp_recorder_fail(r, err);
    return err;
}

/* ---- transactions ---- */

/* Ends the transaction: durable, or as if it had not been. */
static bool end_transaction(tp_recorder *r) {
    if (!r->failed) tp_recorder_fail(r, tp_store_commit(r->store));
    if (r->failed) tp_store_rollback(r->store);
    if (r->failed && r->touched) r->lost = true;
    return !r->failed;
}

static bool begin_transaction(tp_recorder *r) {
    r->failed = TP_OK;
    r->touched = false;
    tp_recorder_fail(r, tp_store_begin(r->store));
    return !r->failed;
}

static void run_group(tp_recorder *r, tp_task *list) {
    bool durable = begin_transaction(r), alone = list->alone;
    for (tp_task *t = list; durable && t && !r->failed; t = t->next)
        t->work(r, t);
    if (durable) durable = end_transaction(r);
    if (alone && durable) show(r);
    while (list) {
        tp_task *t = list;
        list = t->next;
        t->done(r->s, t, durable);
    }
    if (alone && durable) tp_publisher_wake(r->s);
}

/* Documents and applications whose time is over. A failure is tried again with the next batch. */
static void sweep(tp_recorder *r) {
    uint64_t now = tp_server_now();
    if (now < r->next_sweep || !begin_transaction(r)) return;
    tp_recorder_fail(r, tp_applications_sweep(r->store, now));
    if (end_transaction(r)) r->next_sweep = now + SWEEP_S;
}

static void tick(tp_recorder *r) {
    uint64_t size = r->board.size;
    bool durable = begin_transaction(r);
    if (durable && tp_recorder_close_batch(r) == TP_OK && r->board.size == size) {
        tp_store_rollback(r->store); /* nothing is new: nothing to write */
    } else if (durable && end_transaction(r)) {
        tp_log("batch", "number", "%u size=%llu", r->board.batches,
               (unsigned long long)r->board.size);
        tp_publisher_wake(r->s);
    }
    r->next_batch = tp_server_now() + r->s->manifest.batch_interval_s;
    show(r);
    sweep(r);
}

/* A group: as many as may share a transaction, or one that is alone. */
static tp_task *take_group(tp_recorder *r) {
    tp_task *first = r->head, **end = &first;
    for (size_t n = 0; *end && n < GROUP; n++) {
        if ((*end)->alone && n) break;
        bool alone = (*end)->alone;
        end = &(*end)->next;
        if (alone) break;
    }
    r->head = *end;
    if (!r->head) r->tail = &r->head;
    *end = NULL;
    return first;
}

static bool wait_for_work(tp_recorder *r, tp_task **group) {
    struct timespec until = {.tv_sec = (time_t)r->next_batch};
    pthread_mutex_lock(&r->lock);
    while (!r->head && !r->stop && tp_server_now() < r->next_batch)
        pthread_cond_timedwait(&r->more, &r->lock, &until);
    *group = r->head ? take_group(r) : NULL;
    bool go_on = *group || !r->stop;
    pthread_mutex_unlock(&r->lock);
    return go_on;
}

/* A lost board is read again before the next transaction; until that works all is answered 503. */
static void repair(tp_recorder *r) {
    if (!r->lost) return;
    tp_err err = load_board(r);
    tp_log("board-read-again", "result", "%s", tp_err_name(err));
}

static void refuse_group(tp_recorder *r, tp_task *list) {
    while (list) {
        tp_task *t = list;
        list = t->next;
        t->done(r->s, t, false);
    }
}

static void *run(void *arg) {
    tp_recorder *r = arg;
    tp_task *group;
    while (wait_for_work(r, &group)) {
        repair(r);
        if (group && r->lost)
            refuse_group(r, group);
        else if (group)
            run_group(r, group);
        if (tp_server_now() >= r->next_batch && !r->lost) tick(r);
        if (r->lost) r->next_batch = tp_server_now() + 1;
    }
    return NULL;
}

/* ---- start and stop ---- */

static tp_err first_entry(tp_recorder *r) {
    uint8_t bytes[128];
    tp_fault fault = {.code = ""};
    tp_entry e = {.type = TP_ENTRY_MANIFEST};
    tp_server *s = r->s;
    memcpy(e.u.document.hash, s->manifest.fingerprint, 32);
    e.u.document.len = s->manifest_len;
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    tp_err err = tp_entry_write(&w, &e);
    if (err) return err;
    if (!begin_transaction(r)) return TP_SYSTEM;
    tp_recorder_fail(
        r, tp_store_document_put(r->store, e.u.document.hash, s->manifest_json, s->manifest_len));
    err = r->failed ? TP_SYSTEM : tp_recorder_append(r, bytes, w.len, true, &fault);
    if (err) r->failed = err;
    return end_transaction(r) ? TP_OK : TP_SYSTEM;
}

static tp_err prepare(tp_recorder *r) {
    uint64_t size;
    tp_err err = tp_store_open(&r->store, r->s->db_path, false);
    if (!err) err = load_board(r);
    if (!err) err = tp_store_size(r->store, &size);
    if (!err && !size) err = first_entry(r);
    return err;
}

tp_err tp_recorder_open(tp_server *s) {
    tp_recorder *r = calloc(1, sizeof *r);
    if (!r) return TP_SYSTEM;
    s->recorder = r;
    r->s = s;
    r->tail = &r->head;
    tp_board_init(&r->board);
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->more, NULL);
    tp_err err = prepare(r);
    if (err) return err;
    r->next_batch = tp_server_now() + s->manifest.batch_interval_s;
    show(r);
    return TP_OK;
}

tp_err tp_recorder_start(tp_server *s) {
    tp_recorder *r = s->recorder;
    if (pthread_create(&r->thread, NULL, run, r)) return TP_SYSTEM;
    r->started = true;
    return TP_OK;
}

void tp_recorder_submit(tp_server *s, tp_task *t) {
    tp_recorder *r = s->recorder;
    t->next = NULL;
    pthread_mutex_lock(&r->lock);
    *r->tail = t;
    r->tail = &t->next;
    pthread_cond_signal(&r->more);
    pthread_mutex_unlock(&r->lock);
}

void tp_recorder_stop(tp_server *s) {
    tp_recorder *r = s->recorder;
    if (!r) return;
    pthread_mutex_lock(&r->lock);
    r->stop = true;
    pthread_cond_signal(&r->more);
    pthread_mutex_unlock(&r->lock);
    if (r->started) pthread_join(r->thread, NULL);
    r->started = false;
}

void tp_recorder_free(tp_server *s) {
    tp_recorder *r = s->recorder;
    if (!r) return;
    tp_board_free(&r->board);
    tp_store_close(r->store);
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->more);
    free(r);
    s->recorder = NULL;
}
