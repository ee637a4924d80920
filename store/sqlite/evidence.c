/* The SQLite driver: what voters showed for credentials that wait. */
#include <stdlib.h>

#include "store/sqlite/sqlite.h"

tp_err tp_store_evidence_put(tp_store *s, const uint8_t credential[static 32],
                             const uint8_t session[static 32], uint8_t route, const void *bytes,
                             size_t len) {
    sqlite3_stmt *st = sql_use(s, SQL_EVIDENCE_PUT);
    sql_blob(st, 1, credential, 32);
    sql_int(st, 2, route);
    sql_blob(st, 3, bytes, len);
    sql_blob(st, 4, session, 32);
    return sql_run(s, st);
}

tp_err tp_store_evidence_get(tp_store *s, const uint8_t credential[static 32], uint8_t *route,
                             uint8_t **bytes, size_t *len, bool *found) {
    *bytes = NULL;
    *len = 0;
    sqlite3_stmt *st = sql_use(s, SQL_EVIDENCE_GET);
    sql_blob(st, 1, credential, 32);
    tp_err err = sql_row(s, st, found);
    if (*found) {
        *route = (uint8_t)sql_get_int(st, 0);
        *len = (size_t)sqlite3_column_bytes(st, 1);
        *bytes = malloc(*len ? *len : 1);
        if (*bytes)
            sql_get_blob(st, 1, *bytes, *len);
        else
            err = TP_SYSTEM;
    }
    sql_done(st);
    return err;
}

tp_err tp_store_evidence_by(tp_store *s, const uint8_t credential[static 32],
                            uint8_t session[static 32], uint8_t *route, bool *found) {
    sqlite3_stmt *st = sql_use(s, SQL_EVIDENCE_BY);
    sql_blob(st, 1, credential, 32);
    tp_err err = sql_row(s, st, found);
    if (*found) {
        *route = (uint8_t)sql_get_int(st, 0);
        sql_get_blob(st, 1, session, 32);
    }
    sql_done(st);
    return err;
}

tp_err tp_store_evidence_remove(tp_store *s, const uint8_t credential[static 32]) {
    sqlite3_stmt *st = sql_use(s, SQL_EVIDENCE_REMOVE);
    sql_blob(st, 1, credential, 32);
    return sql_run(s, st);
}
