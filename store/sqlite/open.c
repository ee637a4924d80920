/* The SQLite driver: connection, transactions, named values.
 *
 *  1. WAL with synchronous=FULL: COMMIT returns after the log is on disk.
 *  2. A failed COMMIT is rolled back before it is reported.
 *  3. Statements are prepared once and reset after each use, so no read transaction stays open.
 */
#define SQL_TEXT
#include "store/sqlite/sqlite.h"

#include <stdio.h>
#include <stdlib.h>

#define VERSION    13
#define TEXT_OF(x) #x
#define TEXT(x)    TEXT_OF(x)

static tp_err note(tp_store *s, int rc) {
    snprintf(s->error, sizeof s->error, "%s (%d)", sqlite3_errmsg(s->db),
             sqlite3_extended_errcode(s->db));
    if (rc == SQLITE_NOTADB) return TP_MALFORMED;
    return (rc & 0xff) == SQLITE_CONSTRAINT ? TP_REFUSED : TP_SYSTEM;
}

sqlite3_stmt *sql_use(tp_store *s, enum sql_query query) {
    sqlite3_stmt **st = &s->statements[query];
    if (*st) return *st;
    int rc = sqlite3_prepare_v3(s->db, sql_queries[query], -1, SQLITE_PREPARE_PERSISTENT, st, NULL);
    if (rc != SQLITE_OK) (void)note(s, rc);
    return *st;
}

void sql_done(sqlite3_stmt *st) {
    if (!st) return;
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
}

tp_err sql_row(tp_store *s, sqlite3_stmt *st, bool *row) {
    *row = false;
    if (!st) return TP_SYSTEM;
    int rc = sqlite3_step(st);
    *row = rc == SQLITE_ROW;
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? TP_OK : note(s, rc);
}

tp_err sql_run(tp_store *s, sqlite3_stmt *st) {
    bool row;
    tp_err err = sql_row(s, st, &row);
    sql_done(st);
    return err;
}

void sql_int(sqlite3_stmt *st, int at, uint64_t v) {
    if (st) sqlite3_bind_int64(st, at, (sqlite3_int64)v);
}

void sql_blob(sqlite3_stmt *st, int at, const void *bytes, size_t len) {
    if (st) sqlite3_bind_blob64(st, at, len ? bytes : "", len, SQLITE_STATIC);
}

void sql_text(sqlite3_stmt *st, int at, const char *text) {
    if (st) sqlite3_bind_text(st, at, text, -1, SQLITE_STATIC);
}

uint64_t sql_get_int(sqlite3_stmt *st, int column) {
    return (uint64_t)sqlite3_column_int64(st, column);
}

void sql_get_blob(sqlite3_stmt *st, int column, void *out, size_t len) {
    const void *bytes = sqlite3_column_blob(st, column);
    if (bytes && (size_t)sqlite3_column_bytes(st, column) == len)
        memcpy(out, bytes, len);
    else
        memset(out, 0, len);
}

void sql_get_text(sqlite3_stmt *st, int column, char *out, size_t cap) {
    const char *text = (const char *)sqlite3_column_text(st, column);
    snprintf(out, cap, "%s", text ? text : "");
}

static tp_err pragma_int(tp_store *s, const char *sql, int *value) {
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);
    if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW)
        *value = sqlite3_column_int(st, 0);
    tp_err err = rc == SQLITE_ROW ? TP_OK : note(s, rc);
    sqlite3_finalize(st);
    return err;
}

static tp_err execute(tp_store *s, const char *sql) {
    int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? TP_OK : note(s, rc);
}

/* user_version 0 and no tables: new. */
static tp_err make_tables(tp_store *s, bool read_only) {
    int version = -1, tables = -1;
    tp_err err = pragma_int(s, "PRAGMA user_version", &version);
    if (!err) err = pragma_int(s, "SELECT count(*) FROM sqlite_schema", &tables);
    if (err) return err;
    if (version == VERSION) return TP_OK;
    if (version != 0 || tables != 0 || read_only) {
        snprintf(s->error, sizeof s->error, "not a store of version %d", VERSION);
        return TP_MALFORMED;
    }
    if ((err = execute(s, "BEGIN IMMEDIATE"))) return err;
    err = execute(s, sql_schema);
    if (!err) err = execute(s, "PRAGMA user_version = " TEXT(VERSION) "; COMMIT");
    if (err) tp_store_rollback(s);
    return err;
}

static tp_err set_up(tp_store *s, bool read_only) {
    sqlite3_extended_result_codes(s->db, 1);
    sqlite3_busy_timeout(s->db, 10000);
    tp_err err = execute(s, "PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY;"
                            "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON");
    if (!err && !read_only)
        err = execute(s, "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL;"
                         "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                         "PRAGMA wal_autocheckpoint = 4096");
    return err ? err : make_tables(s, read_only);
}

tp_err tp_store_open(tp_store **out, const char *where, bool read_only) {
    *out = NULL;
    tp_store *s = calloc(1, sizeof *s);
    if (!s) return TP_SYSTEM;
    int flags = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    int rc = sqlite3_open_v2(where, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    tp_err err = rc == SQLITE_OK ? set_up(s, read_only) : TP_SYSTEM;
    if (err) {
        tp_store_close(s);
        return err;
    }
    *out = s;
    return TP_OK;
}

void tp_store_close(tp_store *s) {
    if (!s) return;
    for (size_t i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(s->statements[i]);
    sqlite3_close(s->db);
    free(s);
}

const char *tp_store_error(const tp_store *s) {
    return s->error;
}

tp_err tp_store_begin(tp_store *s) {
    return sql_run(s, sql_use(s, SQL_BEGIN));
}

tp_err tp_store_snapshot(tp_store *s) {
    return sql_run(s, sql_use(s, SQL_SNAPSHOT));
}

tp_err tp_store_commit(tp_store *s) {
    /* a full disk may have ended the transaction already */
    if (sqlite3_get_autocommit(s->db)) return TP_SYSTEM;
    tp_err err = sql_run(s, sql_use(s, SQL_COMMIT));
    if (!err) return TP_OK;
    tp_store_rollback(s);
    return TP_SYSTEM;
}

void tp_store_rollback(tp_store *s) {
    if (sqlite3_get_autocommit(s->db)) return;
    char error[sizeof s->error];
    memcpy(error, s->error, sizeof error);
    tp_err err = sql_run(s, sql_use(s, SQL_ROLLBACK));
    if (!err) memcpy(s->error, error, sizeof error);
}

tp_err tp_store_set(tp_store *s, const char *name, const void *bytes, size_t len) {
    sqlite3_stmt *st = sql_use(s, SQL_META_SET);
    sql_text(st, 1, name);
    sql_blob(st, 2, bytes, len);
    return sql_run(s, st);
}

tp_err tp_store_get(tp_store *s, const char *name, void *bytes, size_t *len, bool *found) {
    sqlite3_stmt *st = sql_use(s, SQL_META_GET);
    sql_text(st, 1, name);
    tp_err err = sql_row(s, st, found);
    size_t have = *found ? (size_t)sqlite3_column_bytes(st, 0) : 0;
    if (!err && have > *len) err = TP_TOO_BIG;
    if (!err && *found) {
        sql_get_blob(st, 0, bytes, have);
        *len = have;
    }
    sql_done(st);
    return err;
}
