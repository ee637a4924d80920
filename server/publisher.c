/* The publisher: writes the record (public/) from the store, behind the recorder.
 *
 *  1. The order is documents, readable copies, tiles, checkpoint: whatever the checkpoint names is
 *     there. A crash leaves the old checkpoint, and the next start writes the rest.
 *  2. Nothing is published that is not durable in the store. A record that is ahead of its store
 *     (an old copy was put back) ends the start. attack I3
 *  3. A checkpoint takes the place of the last one only when the manifest's quorum of witnesses has
 *     cosigned it; until then the tiles of both are there. Nobody but this thread waits for them.
 * spec: chapter 6.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "record/record.h"
#include "server/cosign.h"
#include "server/daemon.h"
#include "server/log.h"

struct tp_publisher {
    tp_server *s;
    tp_store *store;
    tp_cosigner *cosigner;
    uint64_t size; /* published */
    uint8_t entry[TP_MAX_ENTRY];
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t more, moved;
    bool wanted, stop;
};

static bool source(void *ctx, uint64_t index, const uint8_t **bytes, size_t *len) {
    tp_publisher *p = ctx;
    *bytes = p->entry;
    return tp_store_entry(p->store, index, p->entry, sizeof p->entry, len) == TP_OK;
}

/* ---- documents and copies ---- */

/* The hash of the document that an entry names; false if it names none. */
static bool names_document(const tp_entry *e, uint8_t hash[static 32]) {
    bool act = e->type == TP_ENTRY_ACT &&
               (e->u.act.act == TP_ACT_FREEZE || e->u.act.act == TP_ACT_PUBLISH);
    if (!act && e->type != TP_ENTRY_MANIFEST && e->type != TP_ENTRY_SHARES) return false;
    memcpy(hash, act ? e->u.act.subject : e->u.document.hash, 32);
    return true;
}

static bool have_document(const tp_publisher *p, const uint8_t hash[static 32]) {
    char path[4096 + 80], hex[65];
    for (size_t i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", hash[i]);
    snprintf(path, sizeof path, "%s/document/%s", p->s->public_path, hex);
    return access(path, R_OK) == 0;
}

static tp_err write_document(tp_publisher *p, const uint8_t hash[static 32]) {
    uint8_t *bytes, written[32];
    size_t len;
    bool found;
    if (have_document(p, hash)) return TP_OK;
    tp_err err = tp_store_document_get(p->store, hash, &bytes, &len, &found);
    if (err || !found) return err ? err : TP_SYSTEM;
    err = tp_document_write(p->s->public_path, bytes, len, written);
    free(bytes);
    return err;
}

/* As it was stored with PUBLISH. */
static tp_err stored_csv(tp_publisher *p, uint8_t **csv, size_t *len) {
    uint8_t hash[32];
    size_t hash_len = sizeof hash;
    bool found;
    tp_err err = tp_store_get(p->store, TP_RESULTS_CSV_NAME, hash, &hash_len, &found);
    if (!err && found) err = tp_store_document_get(p->store, hash, csv, len, &found);
    return err ? err : found ? TP_OK : TP_SYSTEM;
}

static tp_err write_results(tp_publisher *p, const uint8_t hash[static 32]) {
    uint8_t *json, *csv;
    size_t len;
    bool found;
    tp_err err = tp_store_document_get(p->store, hash, &json, &len, &found);
    if (err || !found) return err ? err : TP_SYSTEM;
    err = tp_copy_write(p->s->public_path, TP_COPY_RESULTS_JSON, json, len);
    free(json);
    if (!err) err = stored_csv(p, &csv, &len);
    if (err) return err;
    err = tp_copy_write(p->s->public_path, TP_COPY_RESULTS_CSV, csv, len);
    free(csv);
    return err;
}

/* What entry `index` needs beside the log. */
static tp_err beside(tp_publisher *p, uint64_t index, tp_public *next) {
    const uint8_t *bytes;
    size_t len;
    uint8_t hash[32];
    tp_entry e;
    tp_fault fault;
    if (!source(p, index, &bytes, &len)) return TP_SYSTEM;
    tp_err err = tp_entry_read(&e, bytes, len, &fault);
    if (err || !names_document(&e, hash)) return err;
    if ((err = write_document(p, hash))) return err;
    if (e.type != TP_ENTRY_ACT || e.u.act.act != TP_ACT_PUBLISH) return TP_OK;
    next->published = true;
    memcpy(next->results, hash, 32);
    return index < p->size ? TP_OK : write_results(p, hash);
}

static tp_err write_beside(tp_publisher *p, uint64_t from, uint64_t size, tp_public *next) {
    uint64_t *list;
    size_t count;
    tp_err err = tp_store_entries_admin(p->store, &list, &count);
    if (err) return err;
    for (size_t i = 0; !err && i < count; i++)
        if (list[i] >= from && list[i] < size) err = beside(p, list[i], next);
    free(list);
    if (!err && !from)
        err = tp_copy_write(p->s->public_path, TP_COPY_MANIFEST, p->s->manifest_json,
                            p->s->manifest_len);
    return err;
}

/* ---- the record ---- */

static tp_err read_checkpoint(tp_publisher *p, tp_public *next) {
    char path[4096 + 16];
    snprintf(path, sizeof path, "%s/checkpoint", p->s->public_path);
    FILE *f = fopen(path, "rb");
    if (!f) return TP_SYSTEM;
    size_t len = fread(next->checkpoint, 1, sizeof next->checkpoint - 1, f);
    next->checkpoint[len] = 0;
    fclose(f);
    return len ? TP_OK : TP_SYSTEM;
}

static bool goes_on(void *ctx) {
    tp_publisher *p = ctx;
    pthread_mutex_lock(&p->lock);
    bool stop = p->stop;
    pthread_mutex_unlock(&p->lock);
    return !stop;
}

/* What everyone is told from now on. */
static void show(tp_publisher *p, uint64_t size, const tp_public *next) {
    tp_server *s = p->s;
    p->size = size;
    pthread_mutex_lock(&s->lock);
    s->state.size = size;
    s->state.published = next->published;
    memcpy(s->state.results, next->results, 32);
    memcpy(s->state.checkpoint, next->checkpoint, sizeof next->checkpoint);
    pthread_mutex_unlock(&s->lock);
}

/* spec: R-14 */
static tp_err make_checkpoint(tp_publisher *p, tp_writer *note, uint64_t size,
                              const uint8_t root[static 32]) {
    tp_err err = tp_checkpoint_sign(note, &p->s->manifest, size, root, p->s->log_secret);
    return err ? err : tp_cosigner_run(p->cosigner, note, size, goes_on, p);
}

/* from: 0 looks after all documents. */
static tp_err publish(tp_publisher *p, uint64_t from, uint64_t size) {
    uint8_t root[32], note[TP_CHECKPOINT_NOTE_MAX];
    tp_writer w = tp_writer_of(note, sizeof note);
    tp_server *s = p->s;
    tp_public next = tp_server_state(s);
    tp_err err = write_beside(p, from, size, &next);
    if (!err) err = tp_tiles_write(root, s->public_path, p->size, size, source, p);
    if (!err) err = make_checkpoint(p, &w, size, root);
    if (err) return err;
    pthread_rwlock_wrlock(&s->record);
    err = tp_checkpoint_put(s->public_path, note, w.len);
    if (!err) err = read_checkpoint(p, &next);
    if (!err) show(p, size, &next);
    pthread_rwlock_unlock(&s->record);
    pthread_mutex_lock(&p->lock);
    pthread_cond_broadcast(&p->moved);
    pthread_mutex_unlock(&p->lock);
    return err;
}

/* Who has read a checkpoint's file may be ahead of what is shown by a moment: the lock waits for
 * it.
 */
static bool is_shown(tp_server *s, uint64_t size) {
    pthread_rwlock_rdlock(&s->record);
    bool shown = tp_server_state(s).size >= size;
    pthread_rwlock_unlock(&s->record);
    return shown;
}

bool tp_publisher_wait(tp_server *s, uint64_t size) {
    tp_publisher *p = s->publisher;
    struct timespec until = {.tv_sec = (time_t)tp_server_now() + 3};
    int rc = 0;
    if (s->manifest.witnesses.quorum) return is_shown(s, size);
    tp_publisher_wake(s);
    pthread_mutex_lock(&p->lock);
    while (!rc && tp_server_state(s).size < size)
        rc = pthread_cond_timedwait(&p->moved, &p->lock, &until);
    pthread_mutex_unlock(&p->lock);
    return !rc;
}

static bool wait_for_more(tp_publisher *p, bool failed) {
    struct timespec until = {.tv_sec = (time_t)tp_server_now() + 2};
    pthread_mutex_lock(&p->lock);
    int rc = 0;
    while (!p->wanted && !p->stop && !rc)
        rc = failed ? pthread_cond_timedwait(&p->more, &p->lock, &until)
                    : pthread_cond_wait(&p->more, &p->lock);
    p->wanted = false;
    bool go_on = !p->stop;
    pthread_mutex_unlock(&p->lock);
    return go_on;
}

static void *run(void *arg) {
    tp_publisher *p = arg;
    bool failed = false;
    while (wait_for_more(p, failed)) {
        uint64_t size = p->size;
        tp_err err = tp_store_size(p->store, &size);
        if (!err && size > p->size) err = publish(p, p->size, size);
        if (err && !goes_on(p)) break;
        if (err || failed) tp_log("publish", "result", "%s", tp_err_name(err));
        failed = err != TP_OK;
    }
    return NULL;
}

/* ---- start and stop ---- */

/* The checkpoint on the disk is one that readers take. */
static bool checkpoint_holds(tp_publisher *p) {
    tp_public state;
    tp_checkpoint_seen seen;
    tp_fault fault;
    return !read_checkpoint(p, &state) &&
           !tp_checkpoint_check(&seen, state.checkpoint, strlen(state.checkpoint), &p->s->manifest,
                                &fault);
}

/* How far the record on the disk goes; 0 if there is none that can be gone on from. */
static uint64_t record_size(tp_publisher *p) {
    tp_record *r;
    tp_fault fault;
    uint8_t root[32], stored[32];
    if (tp_record_open(&r, p->s->public_path, &fault)) return 0;
    uint64_t size = tp_record_size(r);
    tp_record_root(r, root);
    tp_record_close(r);
    if (!checkpoint_holds(p) || tp_record_root_at(stored, p->s->public_path, size) ||
        memcmp(root, stored, 32)) {
        tp_log("record-rebuilt", "", " ");
        return 0;
    }
    return size;
}

/* Serves the record as it is, until the thread has brought it up to date. */
static tp_err take_up(tp_publisher *p) {
    tp_public next = tp_server_state(p->s);
    tp_err err = write_beside(p, 0, p->size, &next);
    if (!err) err = read_checkpoint(p, &next);
    if (!err) show(p, p->size, &next);
    return err;
}

static tp_err start_behind(tp_publisher *p) {
    uint64_t size;
    tp_err err = tp_store_open(&p->store, p->s->db_path, true);
    if (!err) err = tp_store_size(p->store, &size);
    if (err) return err;
    p->size = record_size(p);
    if (p->size > size) {
        tp_log("store-behind-record", "sizes", "%llu %llu", (unsigned long long)size,
               (unsigned long long)p->size);
        return TP_REFUSED;
    }
    err = tp_tiles_sweep(p->s->public_path, p->size);
    if (!err && p->size) err = take_up(p);
    if (err || size == p->size) return err;
    if (!p->s->manifest.witnesses.quorum) return publish(p, p->size, size);
    p->wanted = true; /* the start does not wait for witnesses */
    return TP_OK;
}

tp_err tp_publisher_start(tp_server *s) {
    tp_publisher *p = calloc(1, sizeof *p);
    if (!p) return TP_SYSTEM;
    s->publisher = p;
    p->s = s;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->more, NULL);
    pthread_cond_init(&p->moved, NULL);
    tp_err err = tp_cosigner_open(&p->cosigner, &s->manifest, s->o.witnesses, s->o.witness_count,
                                  s->public_path);
    if (!err) err = start_behind(p);
    if (err) return err;
    if (pthread_create(&p->thread, NULL, run, p)) return TP_SYSTEM;
    p->started = true;
    return TP_OK;
}

void tp_publisher_wake(tp_server *s) {
    tp_publisher *p = s->publisher;
    if (!p) return;
    pthread_mutex_lock(&p->lock);
    p->wanted = true;
    pthread_cond_signal(&p->more);
    pthread_mutex_unlock(&p->lock);
}

void tp_publisher_stop(tp_server *s) {
    tp_publisher *p = s->publisher;
    if (!p) return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_signal(&p->more);
    pthread_mutex_unlock(&p->lock);
    if (p->started) pthread_join(p->thread, NULL);
    tp_store_close(p->store);
    tp_cosigner_close(p->cosigner);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->more);
    pthread_cond_destroy(&p->moved);
    free(p);
    s->publisher = NULL;
}
