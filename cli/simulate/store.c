/* `tapat simulate store`: the data folder of a daemon that has taken, checked and recorded what a
 * test record holds up to its close. For measuring how a daemon with a full election starts, and
 * the way from the close to the result; the entries are believed.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/simulate/simulate.h"
#include "election/code.h"
#include "store/store.h"

enum { GROUP = 4096 /* entries a transaction */ };

typedef struct {
    tp_record *record;
    tp_store *store;
    uint32_t batches;
    bool closed;
} filler;

static tp_err put_manifest(filler *f, const tp_entry *e) {
    uint8_t *json;
    uint64_t len = e->u.document.len;
    tp_fault fault;
    tp_err err = tp_record_document(f->record, e->u.document.hash, &len, &json, &fault);
    if (err) return err;
    err = tp_store_document_put(f->store, e->u.document.hash, json, (size_t)len);
    free(json);
    return err;
}

static tp_err put_registrations(filler *f, const tp_entry *e) {
    tp_reader body = e->body;
    tp_registration r;
    bool more = false;
    const uint8_t *from = body.p;
    tp_err err = tp_registrations_next(&r, &body, NULL, &more, NULL);
    while (!err && more) {
        tp_store_credential c = {.unit = r.unit, .style = r.style, .ready = true, .on_board = true};
        memcpy(c.key, r.credential, 32);
        c.registration_len = (size_t)(body.p - from);
        if (c.registration_len > sizeof c.registration) return TP_TOO_BIG;
        memcpy(c.registration, from, c.registration_len);
        from = body.p;
        err = tp_store_credential_put(f->store, &c);
        if (!err) err = tp_registrations_next(&r, &body, r.credential, &more, NULL);
    }
    return err;
}

/* A cancel or an exclusion. */
static tp_err mark_credential(filler *f, const uint8_t key[static 32], bool cancelled) {
    tp_store_credential c;
    bool found;
    tp_err err = tp_store_credential_find(f->store, key, &c, &found);
    if (err || !found) return err ? err : TP_REFUSED;
    c.cancelled |= cancelled;
    c.excluded |= !cancelled;
    return tp_store_credential_put(f->store, &c);
}

static tp_err put_act(filler *f, const tp_entry *e) {
    tp_store_ballot b;
    bool found;
    f->closed = e->u.act.act == TP_ACT_CLOSE;
    if (e->u.act.act != TP_ACT_EXCLUDE) return TP_OK;
    tp_err err = tp_store_ballot_by_hash(f->store, e->u.act.subject, &b, &found);
    if (err || !found) return err ? err : TP_REFUSED;
    return mark_credential(f, b.credential, false);
}

static tp_err put_ballot(filler *f, const tp_entry *e, uint64_t index) {
    const uint8_t *bytes = e->u.ballot.bytes;
    size_t len = e->u.ballot.len;
    tp_store_ballot b = {.deadline = tp_unix_time()};
    char tracker[TP_CODE_TEXT];
    bool found;
    tp_reader r = tp_reader_of(bytes, len);
    tp_read_bytes(&r, 32); /* the fingerprint */
    tp_read_copy(&r, b.credential, 32);
    b.sequence = tp_read_u32(&r);
    if (r.failed) return TP_MALFORMED;
    tp_ballot_hash(b.hash, bytes, len);
    tp_ballot_tracker(tracker, bytes, len);
    tp_err err = tp_code_read(b.tracker, TP_CODE_SYMBOLS, tracker, strlen(tracker));
    if (!err) err = tp_store_ballot_add(f->store, &b, bytes, len);
    if (!err) err = tp_store_ballot_by_hash(f->store, b.hash, &b, &found);
    return err ? err : tp_store_entry_add_ballot(f->store, index, b.id, f->batches + 1);
}

static tp_err put_entry(filler *f, uint64_t index) {
    const uint8_t *bytes;
    size_t len;
    tp_entry e;
    tp_fault fault;
    tp_err err = tp_record_entry(f->record, index, &bytes, &len, &fault);
    if (!err) err = tp_entry_read(&e, bytes, len, &fault);
    if (err) return err;
    if (e.type == TP_ENTRY_BALLOT) return put_ballot(f, &e, index);
    if (e.type == TP_ENTRY_MANIFEST) err = put_manifest(f, &e);
    if (e.type == TP_ENTRY_REGISTRATIONS) err = put_registrations(f, &e);
    if (e.type == TP_ENTRY_CANCEL) err = mark_credential(f, e.u.cancel.credential, true);
    if (e.type == TP_ENTRY_ACT) err = put_act(f, &e);
    if (e.type == TP_ENTRY_BATCH) f->batches = e.u.batch.number;
    return err ? err : tp_store_entry_add(f->store, index, bytes, len);
}

static tp_err put_group(filler *f, uint64_t from, uint64_t *to) {
    uint64_t size = tp_record_size(f->record);
    tp_err err = tp_store_begin(f->store);
    for (*to = from; !err && *to < size && *to < from + GROUP && !f->closed; ++*to)
        err = put_entry(f, *to);
    if (!err) return tp_store_commit(f->store);
    tp_store_rollback(f->store);
    return err;
}

static bool copy_log_key(const char *keys, const char *data) {
    char from[1024], to[1024];
    size_t len;
    snprintf(from, sizeof from, "%s/log.key", keys);
    snprintf(to, sizeof to, "%s/log.key", data);
    uint8_t *secret = tp_load_file(from, &len, 64);
    bool ok = secret && tp_save_file(to, secret, len, true);
    if (secret) tp_wipe(secret, len);
    free(secret);
    return ok;
}

int sim_store(const char *record, const char *keys, const char *data) {
    filler f = {0};
    tp_fault fault = {0};
    char path[1024];
    uint64_t at = 0;
    snprintf(path, sizeof path, "%s/tapat.db", data);
    if (mkdir(data, 0700) || !copy_log_key(keys, data))
        return tp_say(TP_EXIT_SYSTEM, "cannot make %s", data);
    if (tp_record_open(&f.record, record, &fault) != TP_OK) return tp_say_fault(&fault, record);
    tp_err err = tp_store_open(&f.store, path, false);
    while (!err && !f.closed && at < tp_record_size(f.record)) {
        err = put_group(&f, at, &at);
        tp_progress_print(NULL, "entries", at, tp_record_size(f.record));
    }
    if (f.store && err) tp_say(0, "%s: %s", path, tp_store_error(f.store));
    tp_store_close(f.store);
    tp_record_close(f.record);
    if (err)
        return tp_say(TP_EXIT_REFUSED, "entry %llu: %s", (unsigned long long)at, tp_err_name(err));
    printf("%llu entries up to the %s\n", (unsigned long long)at, f.closed ? "close" : "end");
    return TP_EXIT_OK;
}
