/* The SQLite driver: applications and what they hand in. */
#include <stdlib.h>
#include <string.h>

#include "store/sqlite/sqlite.h"

static void get_application(sqlite3_stmt *st, tp_application *a) {
    sql_get_blob(st, 0, a->id, sizeof a->id);
    a->voter = (int64_t)sql_get_int(st, 1);
    sql_get_blob(st, 2, a->session, sizeof a->session);
    a->route = (uint8_t)sql_get_int(st, 3);
    a->state = (tp_apply_state)sql_get_int(st, 4);
    a->reason = (uint16_t)sql_get_int(st, 5);
    a->created = sql_get_int(st, 6);
    a->updated = sql_get_int(st, 7);
    a->due = sql_get_int(st, 8);
    sql_get_blob(st, 9, a->credential, sizeof a->credential);
    sql_get_blob(st, 10, a->possession, sizeof a->possession);
    a->matched = (uint8_t)sql_get_int(st, 11);
    sql_get_blob(st, 12, a->source, sizeof a->source);
}

tp_err tp_store_application_put(tp_store *s, const tp_application *a) {
    sqlite3_stmt *st = sql_use(s, SQL_APPLICATION_PUT);
    sql_blob(st, 1, a->id, sizeof a->id);
    sql_int(st, 2, (uint64_t)a->voter);
    sql_blob(st, 3, a->session, sizeof a->session);
    sql_int(st, 4, a->route);
    sql_int(st, 5, (uint64_t)a->state);
    sql_int(st, 6, a->reason);
    sql_int(st, 7, a->created);
    sql_int(st, 8, a->updated);
    sql_int(st, 9, a->due);
    sql_blob(st, 10, a->credential, sizeof a->credential);
    sql_blob(st, 11, a->possession, sizeof a->possession);
    sql_int(st, 12, a->matched);
    sql_blob(st, 13, a->source, sizeof a->source);
    return sql_run(s, st);
}

static tp_err one_application(tp_store *s, sqlite3_stmt *st, tp_application *a, bool *found) {
    tp_err err = sql_row(s, st, found);
    if (*found) get_application(st, a);
    sql_done(st);
    return err;
}

tp_err tp_store_application_find(tp_store *s, const uint8_t id[static 16], tp_application *a,
                                 bool *found) {
    sqlite3_stmt *st = sql_use(s, SQL_APPLICATION_FIND);
    sql_blob(st, 1, id, 16);
    return one_application(s, st, a, found);
}

tp_err tp_store_application_by_session(tp_store *s, const uint8_t session[static 32],
                                       tp_application *a, bool *found) {
    sqlite3_stmt *st = sql_use(s, SQL_APPLICATION_BY_SESSION);
    sql_blob(st, 1, session, 32);
    return one_application(s, st, a, found);
}

tp_err tp_store_application_by_credential(tp_store *s, const uint8_t credential[static 32],
                                          tp_application *a, bool *found) {
    sqlite3_stmt *st = sql_use(s, SQL_APPLICATION_BY_CREDENTIAL);
    sql_blob(st, 1, credential, 32);
    return one_application(s, st, a, found);
}

tp_err tp_store_application_near(tp_store *s, const uint8_t begin[static 6], tp_application *a,
                                 bool *found) {
    uint8_t low[16] = {0}, high[16];
    memset(high, 0xff, sizeof high);
    memcpy(low, begin, 6);
    memcpy(high, begin, 6);
    sqlite3_stmt *st = sql_use(s, SQL_APPLICATION_NEAR);
    sql_blob(st, 1, low, sizeof low);
    sql_blob(st, 2, high, sizeof high);
    return one_application(s, st, a, found);
}

tp_err tp_store_applications_of(tp_store *s, int64_t voter, tp_application *a, size_t max,
                                size_t *count) {
    bool row = true;
    tp_err err = TP_OK;
    size_t n = 0;
    sqlite3_stmt *st = sql_use(s, SQL_APPLICATIONS_OF);
    sql_int(st, 1, max);
    sql_int(st, 2, (uint64_t)voter);
    for (; n < max && !(err = sql_row(s, st, &row)) && row; n++)
        get_application(st, &a[n]);
    sql_done(st);
    *count = n;
    return err;
}

tp_err tp_store_applications_waiting(tp_store *s, int unit, tp_application *a, tp_voter *v,
                                     size_t max, size_t *count) {
    bool row = true;
    tp_err err = TP_OK;
    size_t n = 0;
    sqlite3_stmt *st = sql_use(s, SQL_APPLICATIONS_WAITING);
    sql_int(st, 1, max);
    sql_int(st, 2, (uint64_t)(int64_t)unit);
    for (; n < max && !(err = sql_row(s, st, &row)) && row; n++) {
        get_application(st, &a[n]);
        sql_get_voter(st, 13, &v[n]);
    }
    sql_done(st);
    *count = n;
    return err;
}

tp_err tp_store_applications_stale(tp_store *s, uint64_t now, uint64_t waiting_since,
                                   tp_application *a, size_t max, size_t *count) {
    bool row = true;
    tp_err err = TP_OK;
    size_t n = 0;
    sqlite3_stmt *st = sql_use(s, SQL_APPLICATIONS_STALE);
    sql_int(st, 1, max);
    sql_int(st, 2, now);
    sql_int(st, 3, waiting_since);
    for (; n < max && !(err = sql_row(s, st, &row)) && row; n++)
        get_application(st, &a[n]);
    sql_done(st);
    *count = n;
    return err;
}

tp_err tp_store_applications_trim(tp_store *s, int64_t voter, size_t keep) {
    sqlite3_stmt *st = sql_use(s, SQL_APPLICATIONS_TRIM);
    sql_int(st, 1, (uint64_t)voter);
    sql_int(st, 2, keep);
    return sql_run(s, st);
}

tp_err tp_store_decision_add(tp_store *s, const tp_decision *d) {
    sqlite3_stmt *st = sql_use(s, SQL_DECISION_ADD);
    sql_blob(st, 1, d->application, sizeof d->application);
    sql_int(st, 2, (uint64_t)d->voter);
    sql_int(st, 3, d->registrar);
    sql_int(st, 4, (uint64_t)d->verdict);
    sql_int(st, 5, d->reason);
    sql_int(st, 6, d->time);
    sql_blob(st, 7, d->credential, sizeof d->credential);
    sql_blob(st, 8, d->signature, sizeof d->signature);
    return sql_run(s, st);
}

tp_err tp_store_decisions_after(tp_store *s, int64_t after, tp_decision *d, size_t max,
                                size_t *count) {
    bool row = true;
    tp_err err = TP_OK;
    size_t n = 0;
    sqlite3_stmt *st = sql_use(s, SQL_DECISIONS_AFTER);
    sql_int(st, 1, max);
    sql_int(st, 2, (uint64_t)after);
    for (; n < max && !(err = sql_row(s, st, &row)) && row; n++) {
        d[n].id = (int64_t)sql_get_int(st, 0);
        sql_get_blob(st, 1, d[n].application, sizeof d[n].application);
        d[n].voter = (int64_t)sql_get_int(st, 2);
        d[n].registrar = (uint16_t)sql_get_int(st, 3);
        d[n].verdict = (tp_decided)sql_get_int(st, 4);
        d[n].reason = (uint16_t)sql_get_int(st, 5);
        d[n].time = sql_get_int(st, 6);
        sql_get_blob(st, 7, d[n].credential, sizeof d[n].credential);
        sql_get_blob(st, 8, d[n].signature, sizeof d[n].signature);
    }
    sql_done(st);
    *count = n;
    return err;
}

tp_err tp_store_upload_list(tp_store *s, const uint8_t application[static 16], uint8_t *kinds,
                            size_t *lens, size_t max, size_t *count) {
    bool row = true;
    tp_err err = TP_OK;
    size_t n = 0;
    sqlite3_stmt *st = sql_use(s, SQL_UPLOAD_LIST);
    sql_blob(st, 1, application, 16);
    for (; n < max && !(err = sql_row(s, st, &row)) && row; n++) {
        kinds[n] = (uint8_t)sql_get_int(st, 0);
        lens[n] = (size_t)sql_get_int(st, 1);
    }
    sql_done(st);
    *count = n;
    return err;
}

tp_err tp_store_upload_sums(tp_store *s, uint16_t unit, const uint8_t source[static TP_SOURCE],
                            uint64_t share, tp_upload_sums *sums) {
    bool row;
    sqlite3_stmt *st = sql_use(s, SQL_UPLOAD_SUMS);
    sql_int(st, 1, unit);
    sql_blob(st, 2, source, TP_SOURCE);
    sql_int(st, 3, share);
    tp_err err = sql_row(s, st, &row);
    *sums = (tp_upload_sums){0};
    if (row) *sums = (tp_upload_sums){sql_get_int(st, 0), sql_get_int(st, 1), sql_get_int(st, 2)};
    sql_done(st);
    return err;
}

tp_err tp_store_uploads_recount(tp_store *s, bool *wrong) {
    static const enum sql_query again[] = {SQL_UPLOAD_UNITS_FORGET, SQL_UPLOAD_UNITS_COUNT,
                                           SQL_UPLOAD_SOURCES_FORGET, SQL_UPLOAD_SOURCES_COUNT};
    bool row;
    sqlite3_stmt *st = sql_use(s, SQL_UPLOADS_WRONG);
    tp_err err = sql_row(s, st, &row);
    *wrong = row && sql_get_int(st, 0) != 0;
    sql_done(st);
    for (size_t i = 0; !err && *wrong && i < sizeof again / sizeof again[0]; i++)
        err = sql_run(s, sql_use(s, again[i]));
    return err;
}

tp_err tp_store_upload_put(tp_store *s, const tp_upload *u, const void *bytes) {
    sqlite3_stmt *st = sql_use(s, SQL_UPLOAD_REMOVE);
    sql_blob(st, 1, u->application, 16);
    sql_int(st, 2, u->kind);
    tp_err err = sql_run(s, st);
    if (err) return err;
    st = sql_use(s, SQL_UPLOAD_PUT);
    sql_blob(st, 1, u->application, 16);
    sql_int(st, 2, u->kind);
    sql_blob(st, 3, bytes, u->len);
    sql_int(st, 4, u->unit);
    sql_blob(st, 5, u->source, TP_SOURCE);
    return sql_run(s, st);
}

tp_err tp_store_upload_get(tp_store *s, const uint8_t application[static 16], uint8_t kind,
                           uint8_t **bytes, size_t *len, bool *found) {
    *bytes = NULL;
    *len = 0;
    sqlite3_stmt *st = sql_use(s, SQL_UPLOAD_GET);
    sql_blob(st, 1, application, 16);
    sql_int(st, 2, kind);
    tp_err err = sql_row(s, st, found);
    if (*found) {
        *len = (size_t)sqlite3_column_bytes(st, 0);
        *bytes = malloc(*len ? *len : 1);
        if (*bytes)
            sql_get_blob(st, 0, *bytes, *len);
        else
            err = TP_SYSTEM;
    }
    sql_done(st);
    return err;
}

tp_err tp_store_uploads_delete(tp_store *s, const uint8_t application[static 16]) {
    sqlite3_stmt *st = sql_use(s, SQL_UPLOADS_DELETE);
    sql_blob(st, 1, application, 16);
    return sql_run(s, st);
}
