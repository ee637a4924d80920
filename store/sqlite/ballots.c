/* The SQLite driver: credentials and ballots. */
#include "store/sqlite/sqlite.h"

#include <stdlib.h>

/* ---- credentials ---- */

tp_err tp_store_credential_put(tp_store *s, const tp_store_credential *c) {
    sqlite3_stmt *st = sql_use(s, SQL_CREDENTIAL_PUT);
    sql_blob(st, 1, c->key, sizeof c->key);
    sql_int(st, 2, c->unit);
    sql_int(st, 3, c->style);
    sql_int(st, 4, c->ready);
    sql_int(st, 5, c->on_board);
    sql_int(st, 6, c->cancelled);
    sql_int(st, 7, c->excluded);
    sql_int(st, 8, c->sequence);
    sql_blob(st, 9, c->tip, sizeof c->tip);
    sql_int(st, 10, c->recorded);
    sql_blob(st, 11, c->registration, c->registration_len);
    return sql_run(s, st);
}

static void get_credential(sqlite3_stmt *st, tp_store_credential *c) {
    sql_get_blob(st, 0, c->key, sizeof c->key);
    c->unit = (uint16_t)sql_get_int(st, 1);
    c->style = (uint16_t)sql_get_int(st, 2);
    c->ready = sql_get_int(st, 3) != 0;
    c->on_board = sql_get_int(st, 4) != 0;
    c->cancelled = sql_get_int(st, 5) != 0;
    c->excluded = sql_get_int(st, 6) != 0;
    c->sequence = (uint32_t)sql_get_int(st, 7);
    sql_get_blob(st, 8, c->tip, sizeof c->tip);
    c->recorded = (uint32_t)sql_get_int(st, 9);
    size_t len = (size_t)sqlite3_column_bytes(st, 10);
    c->registration_len = len <= sizeof c->registration ? len : 0;
    sql_get_blob(st, 10, c->registration, c->registration_len);
}

tp_err tp_store_credential_find(tp_store *s, const uint8_t key[static 32], tp_store_credential *c,
                                bool *found) {
    sqlite3_stmt *st = sql_use(s, SQL_CREDENTIAL_FIND);
    sql_blob(st, 1, key, 32);
    tp_err err = sql_row(s, st, found);
    if (*found) get_credential(st, c);
    sql_done(st);
    return err;
}

tp_err tp_store_credentials_new(tp_store *s, tp_store_credential *c, size_t max, size_t *count) {
    bool row = true;
    tp_err err = TP_OK;
    size_t n = 0;
    sqlite3_stmt *st = sql_use(s, SQL_CREDENTIALS_NEW);
    sql_int(st, 1, max);
    for (; n < max && !(err = sql_row(s, st, &row)) && row; n++)
        get_credential(st, &c[n]);
    sql_done(st);
    *count = n;
    return err;
}

/* ---- ballots ---- */

/* The credential's sequence must be the one before. */
static tp_err move_tip(tp_store *s, const tp_store_ballot *b) {
    sqlite3_stmt *st = sql_use(s, SQL_CREDENTIAL_TIP);
    sql_blob(st, 1, b->credential, sizeof b->credential);
    sql_int(st, 2, b->sequence);
    sql_blob(st, 3, b->hash, sizeof b->hash);
    tp_err err = sql_run(s, st);
    return err ? err : sqlite3_changes(s->db) == 1 ? TP_OK : TP_REFUSED;
}

static tp_err insert_ballot(tp_store *s, const tp_store_ballot *b, const uint8_t *bytes,
                            size_t len) {
    sqlite3_stmt *st = sql_use(s, SQL_BALLOT_ADD);
    sql_blob(st, 1, b->hash, sizeof b->hash);
    sql_blob(st, 2, b->tracker, sizeof b->tracker);
    sql_blob(st, 3, b->credential, sizeof b->credential);
    sql_int(st, 4, b->sequence);
    sql_int(st, 5, b->deadline);
    tp_err err = sql_run(s, st);
    if (err) return err;
    st = sql_use(s, SQL_BALLOT_BYTES_ADD);
    sql_int(st, 1, (uint64_t)sqlite3_last_insert_rowid(s->db));
    sql_blob(st, 2, bytes, len);
    return sql_run(s, st);
}

tp_err tp_store_ballot_add(tp_store *s, const tp_store_ballot *b, const uint8_t *bytes,
                           size_t len) {
    tp_store_ballot other;
    bool found;
    tp_err err = tp_store_ballot_by_hash(s, b->hash, &other, &found);
    if (!err && found) err = TP_REFUSED;
    if (!err) err = move_tip(s, b);
    return err ? err : insert_ballot(s, b, bytes, len);
}

static void get_ballot(sqlite3_stmt *st, tp_store_ballot *b) {
    b->id = (int64_t)sql_get_int(st, 0);
    sql_get_blob(st, 1, b->hash, sizeof b->hash);
    sql_get_blob(st, 2, b->tracker, sizeof b->tracker);
    sql_get_blob(st, 3, b->credential, sizeof b->credential);
    b->sequence = (uint32_t)sql_get_int(st, 4);
    b->deadline = sql_get_int(st, 5);
    b->recorded = sqlite3_column_type(st, 6) != SQLITE_NULL;
    b->leaf = sql_get_int(st, 6);
    b->batch = (uint32_t)sql_get_int(st, 7);
}

static tp_err one_ballot(tp_store *s, sqlite3_stmt *st, tp_store_ballot *b, bool *found) {
    tp_err err = sql_row(s, st, found);
    if (*found) get_ballot(st, b);
    sql_done(st);
    return err;
}

tp_err tp_store_ballot_by_hash(tp_store *s, const uint8_t hash[static 32], tp_store_ballot *b,
                               bool *found) {
    sqlite3_stmt *st = sql_use(s, SQL_BALLOT_BY_HASH);
    sql_blob(st, 1, hash, 32);
    return one_ballot(s, st, b, found);
}

tp_err tp_store_ballot_by_tracker(tp_store *s, const uint8_t tracker[static 16], tp_store_ballot *b,
                                  bool *found) {
    sqlite3_stmt *st = sql_use(s, SQL_BALLOT_BY_TRACKER);
    sql_blob(st, 1, tracker, 16);
    return one_ballot(s, st, b, found);
}

static bool grow(tp_store_ballot **list, size_t *cap) {
    size_t more = *cap ? 2 * *cap : 256;
    tp_store_ballot *bigger = realloc(*list, more * sizeof **list);
    if (!bigger) return false;
    *list = bigger;
    *cap = more;
    return true;
}

tp_err tp_store_ballots_pending(tp_store *s, tp_store_ballot **list, size_t *count) {
    bool row = true;
    tp_err err = TP_OK;
    size_t n = 0, cap = 0;
    tp_store_ballot *found = NULL;
    sqlite3_stmt *st = sql_use(s, SQL_BALLOTS_PENDING);
    for (; !(err = sql_row(s, st, &row)) && row; n++) {
        if (n == cap && !grow(&found, &cap)) {
            err = TP_SYSTEM;
            break;
        }
        get_ballot(st, &found[n]);
    }
    sql_done(st);
    if (err) {
        free(found);
        return err;
    }
    *list = found;
    *count = n;
    return TP_OK;
}

tp_err tp_store_counts(tp_store *s, uint64_t *accepted, uint64_t *recorded) {
    bool row;
    sqlite3_stmt *st = sql_use(s, SQL_COUNTS);
    tp_err err = sql_row(s, st, &row);
    *accepted = row ? sql_get_int(st, 0) : 0;
    *recorded = row ? *accepted - sql_get_int(st, 1) : 0;
    sql_done(st);
    return err;
}
