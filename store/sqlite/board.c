/* The SQLite driver: board entries and documents. A ballot's entry is its row's id; the bytes are
 * joined in when they are read. */
#include "store/sqlite/sqlite.h"

#include <stdlib.h>

static tp_err add(tp_store *s, uint64_t index, uint8_t type, const int64_t *ballot,
                  const uint8_t *bytes, size_t len) {
    uint64_t size;
    tp_err err = tp_store_size(s, &size);
    if (err) return err;
    if (index != size) return TP_REFUSED;
    sqlite3_stmt *st = sql_use(s, SQL_ENTRY_ADD);
    sql_int(st, 1, index);
    sql_int(st, 2, type);
    if (ballot)
        sql_int(st, 3, (uint64_t)*ballot);
    else
        sql_blob(st, 4, bytes, len);
    return sql_run(s, st);
}

tp_err tp_store_entry_add(tp_store *s, uint64_t index, const uint8_t *bytes, size_t len) {
    if (!len || bytes[0] == TP_STORE_BALLOT) return TP_REFUSED;
    return add(s, index, bytes[0], NULL, bytes, len);
}

static tp_err mark_recorded(tp_store *s, int64_t ballot, uint64_t leaf, uint32_t batch) {
    sqlite3_stmt *st = sql_use(s, SQL_BALLOT_RECORD);
    sql_int(st, 1, (uint64_t)ballot);
    sql_int(st, 2, leaf);
    sql_int(st, 3, batch);
    tp_err err = sql_run(s, st);
    return err ? err : sqlite3_changes(s->db) == 1 ? TP_OK : TP_REFUSED;
}

static tp_err move_recorded(tp_store *s, int64_t ballot) {
    uint8_t credential[32];
    bool row;
    sqlite3_stmt *st = sql_use(s, SQL_BALLOT_BY_ID);
    sql_int(st, 1, (uint64_t)ballot);
    tp_err err = sql_row(s, st, &row);
    if (err || !row) {
        sql_done(st);
        return err ? err : TP_REFUSED;
    }
    sql_get_blob(st, 3, credential, sizeof credential);
    uint64_t sequence = sql_get_int(st, 4);
    sql_done(st);
    st = sql_use(s, SQL_CREDENTIAL_RECORDED);
    sql_blob(st, 1, credential, sizeof credential);
    sql_int(st, 2, sequence);
    return sql_run(s, st);
}

tp_err tp_store_entry_add_ballot(tp_store *s, uint64_t index, int64_t ballot, uint32_t batch) {
    uint64_t size;
    tp_err err = tp_store_size(s, &size);
    if (!err && index != size) err = TP_REFUSED;
    if (!err) err = mark_recorded(s, ballot, index, batch);
    if (!err) err = add(s, index, TP_STORE_BALLOT, &ballot, NULL, 0);
    return err ? err : move_recorded(s, ballot);
}

tp_err tp_store_entry(tp_store *s, uint64_t index, uint8_t *bytes, size_t cap, size_t *len) {
    bool row;
    sqlite3_stmt *st = sql_use(s, SQL_ENTRY);
    sql_int(st, 1, index);
    tp_err err = sql_row(s, st, &row);
    if (!err && !row) err = TP_REFUSED;
    if (!err) {
        size_t head = sql_get_int(st, 0) == TP_STORE_BALLOT, body;
        const void *from = sqlite3_column_blob(st, 1);
        body = (size_t)sqlite3_column_bytes(st, 1);
        if (!from) err = TP_SYSTEM;
        if (!err && head + body > cap) err = TP_TOO_BIG;
        if (!err) {
            if (head) bytes[0] = TP_STORE_BALLOT;
            memcpy(bytes + head, from, body);
            *len = head + body;
        }
    }
    sql_done(st);
    return err;
}

tp_err tp_store_entries_admin(tp_store *s, uint64_t **list, size_t *count) {
    bool row = true;
    tp_err err = TP_OK;
    size_t n = 0, cap = 0;
    uint64_t *found = NULL;
    sqlite3_stmt *st = sql_use(s, SQL_ENTRIES_ADMIN);
    for (; !(err = sql_row(s, st, &row)) && row; n++) {
        if (n == cap) {
            cap = cap ? 2 * cap : 256;
            uint64_t *bigger = realloc(found, cap * sizeof *found);
            if (!bigger) {
                err = TP_SYSTEM;
                break;
            }
            found = bigger;
        }
        found[n] = sql_get_int(st, 0);
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

tp_err tp_store_size(tp_store *s, uint64_t *size) {
    bool row;
    sqlite3_stmt *st = sql_use(s, SQL_SIZE);
    tp_err err = sql_row(s, st, &row);
    *size = row ? sql_get_int(st, 0) : 0;
    sql_done(st);
    return err;
}

tp_err tp_store_document_put(tp_store *s, const uint8_t hash[static 32], const void *bytes,
                             size_t len) {
    sqlite3_stmt *st = sql_use(s, SQL_DOCUMENT_PUT);
    sql_blob(st, 1, hash, 32);
    sql_blob(st, 2, bytes, len);
    return sql_run(s, st);
}

tp_err tp_store_document_get(tp_store *s, const uint8_t hash[static 32], uint8_t **bytes,
                             size_t *len, bool *found) {
    *bytes = NULL;
    *len = 0;
    sqlite3_stmt *st = sql_use(s, SQL_DOCUMENT_GET);
    sql_blob(st, 1, hash, 32);
    tp_err err = sql_row(s, st, found);
    if (!err && *found) {
        size_t n = (size_t)sqlite3_column_bytes(st, 0);
        *bytes = malloc(n + 1);
        if (*bytes) {
            sql_get_blob(st, 0, *bytes, n);
            (*bytes)[n] = 0;
            *len = n;
        } else {
            err = TP_SYSTEM;
        }
    }
    sql_done(st);
    return err;
}
