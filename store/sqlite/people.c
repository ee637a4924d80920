/* The SQLite driver: enrolment, passkeys, sessions, one-time codes. */
#include "store/sqlite/sqlite.h"

/* ---- enrolment ---- */

static void get_enrolment(sqlite3_stmt *st, tp_enrolment *e) {
    sql_get_blob(st, 0, e->id, sizeof e->id);
    e->voter = (int64_t)sql_get_int(st, 1);
    e->state = (tp_enrol_state)sql_get_int(st, 2);
    e->code_sent = sql_get_int(st, 3);
    e->sends_full = sql_get_int(st, 4);
    e->tries_full = sql_get_int(st, 5);
    e->updated = sql_get_int(st, 6);
    sql_get_text(st, 7, e->lang, sizeof e->lang);
    sql_get_blob(st, 8, e->credential, sizeof e->credential);
    sql_get_blob(st, 9, e->possession, sizeof e->possession);
}

tp_err tp_store_enrolment_put(tp_store *s, const tp_enrolment *e) {
    static const uint8_t none[32];
    sqlite3_stmt *st = sql_use(s, SQL_ENROLMENT_PUT);
    sql_int(st, 1, (uint64_t)e->voter);
    sql_blob(st, 2, e->id, sizeof e->id);
    sql_int(st, 3, (uint64_t)e->state);
    sql_int(st, 4, e->code_sent);
    sql_int(st, 5, e->sends_full);
    sql_int(st, 6, e->tries_full);
    sql_int(st, 7, e->updated);
    sql_text(st, 8, e->lang);
    if (memcmp(e->credential, none, sizeof none) != 0)
        sql_blob(st, 9, e->credential, sizeof e->credential);
    sql_blob(st, 10, e->possession, sizeof e->possession);
    return sql_run(s, st);
}

static tp_err one_enrolment(tp_store *s, sqlite3_stmt *st, tp_enrolment *e, bool *found) {
    tp_err err = sql_row(s, st, found);
    if (*found) get_enrolment(st, e);
    sql_done(st);
    return err;
}

tp_err tp_store_enrolment_find(tp_store *s, const uint8_t id[static 16], tp_enrolment *e,
                               bool *found) {
    sqlite3_stmt *st = sql_use(s, SQL_ENROLMENT_FIND);
    sql_blob(st, 1, id, 16);
    return one_enrolment(s, st, e, found);
}

tp_err tp_store_enrolment_of(tp_store *s, int64_t voter, tp_enrolment *e, bool *found) {
    sqlite3_stmt *st = sql_use(s, SQL_ENROLMENT_OF);
    sql_int(st, 1, (uint64_t)voter);
    return one_enrolment(s, st, e, found);
}

tp_err tp_store_enrolment_by_credential(tp_store *s, const uint8_t credential[static 32],
                                        tp_enrolment *e, bool *found) {
    sqlite3_stmt *st = sql_use(s, SQL_ENROLMENT_BY_CREDENTIAL);
    sql_blob(st, 1, credential, 32);
    return one_enrolment(s, st, e, found);
}

static tp_err list_waiting(tp_store *s, enum sql_query query, tp_enrolment *e, tp_voter *v,
                           size_t max, size_t *count) {
    bool row = true;
    tp_err err = TP_OK;
    size_t n = 0;
    sqlite3_stmt *st = sql_use(s, query);
    sql_int(st, 1, max);
    for (; n < max && !(err = sql_row(s, st, &row)) && row; n++) {
        get_enrolment(st, &e[n]);
        sql_get_voter(st, 10, &v[n]);
    }
    sql_done(st);
    *count = n;
    return err;
}

tp_err tp_store_enrolment_waiting(tp_store *s, tp_enrolment *e, tp_voter *v, size_t max,
                                  size_t *count) {
    size_t shown, last, rest = 0;
    tp_err err = list_waiting(s, SQL_ENROLMENT_SHOWN, e, v, max, &shown);
    if (!err && shown == max) { /* there are at least so many, so none is listed twice */
        const size_t first = max - max / 2;
        err = list_waiting(s, SQL_ENROLMENT_SHOWN_LAST, e + first, v + first, max / 2, &last);
    }
    if (!err)
        err = list_waiting(s, SQL_ENROLMENT_WAITING, e + shown, v + shown, max - shown, &rest);
    *count = shown + rest;
    return err;
}

tp_err tp_store_enrolment_counts(tp_store *s, uint64_t counts[static 5]) {
    bool row = true;
    tp_err err = TP_OK;
    memset(counts, 0, 5 * sizeof counts[0]);
    sqlite3_stmt *st = sql_use(s, SQL_ENROLMENT_COUNTS);
    while (!(err = sql_row(s, st, &row)) && row) {
        uint64_t state = sql_get_int(st, 0);
        if (state < 5) counts[state] = sql_get_int(st, 1);
    }
    sql_done(st);
    return err;
}

/* ---- passkeys ---- */

tp_err tp_store_passkey_put(tp_store *s, const tp_passkey *p) {
    sqlite3_stmt *st = sql_use(s, SQL_PASSKEY_PUT);
    sql_int(st, 1, (uint64_t)p->voter);
    sql_blob(st, 2, p->id, p->id_len);
    sql_int(st, 3, (uint64_t)(int64_t)p->type);
    sql_blob(st, 4, p->key, p->key_len);
    sql_int(st, 5, p->counter);
    return sql_run(s, st);
}

tp_err tp_store_passkey_of(tp_store *s, int64_t voter, tp_passkey *p, bool *found) {
    sqlite3_stmt *st = sql_use(s, SQL_PASSKEY_OF);
    memset(p, 0, sizeof *p);
    sql_int(st, 1, (uint64_t)voter);
    tp_err err = sql_row(s, st, found);
    if (*found) {
        p->voter = voter;
        p->id_len = (size_t)sqlite3_column_bytes(st, 0);
        p->type = (int)sqlite3_column_int64(st, 1);
        p->key_len = (size_t)sqlite3_column_bytes(st, 2);
        p->counter = (uint32_t)sql_get_int(st, 3);
        if (p->id_len > sizeof p->id || p->key_len > sizeof p->key) {
            err = TP_SYSTEM;
        } else {
            sql_get_blob(st, 0, p->id, p->id_len);
            sql_get_blob(st, 2, p->key, p->key_len);
        }
    }
    sql_done(st);
    return err;
}

tp_err tp_store_passkey_remove(tp_store *s, int64_t voter) {
    sqlite3_stmt *st = sql_use(s, SQL_PASSKEY_REMOVE);
    sql_int(st, 1, (uint64_t)voter);
    return sql_run(s, st);
}

/* ---- sessions ---- */

tp_err tp_store_session_add(tp_store *s, const uint8_t hash[static 32], int64_t voter,
                            uint64_t time) {
    sqlite3_stmt *st = sql_use(s, SQL_SESSION_ADD);
    sql_blob(st, 1, hash, 32);
    sql_int(st, 2, (uint64_t)voter);
    sql_int(st, 3, time);
    return sql_run(s, st);
}

tp_err tp_store_sessions_end(tp_store *s, int64_t voter) {
    sqlite3_stmt *st = sql_use(s, SQL_SESSIONS_END);
    sql_int(st, 1, (uint64_t)voter);
    return sql_run(s, st);
}

tp_err tp_store_session_find(tp_store *s, const uint8_t hash[static 32], int64_t *voter,
                             bool *found) {
    sqlite3_stmt *st = sql_use(s, SQL_SESSION_FIND);
    sql_blob(st, 1, hash, 32);
    tp_err err = sql_row(s, st, found);
    *voter = *found ? (int64_t)sql_get_int(st, 0) : 0;
    sql_done(st);
    return err;
}

/* ---- one-time codes ---- */

tp_err tp_store_code_put(tp_store *s, const tp_one_time *c) {
    sqlite3_stmt *st = sql_use(s, SQL_CODE_PUT);
    sql_blob(st, 1, c->session, sizeof c->session);
    sql_int(st, 2, (uint64_t)c->voter);
    sql_int(st, 3, c->serial);
    sql_int(st, 4, c->expires);
    sql_int(st, 5, c->live);
    sql_int(st, 6, c->tries);
    sql_int(st, 7, (uint64_t)c->message);
    return sql_run(s, st);
}

tp_err tp_store_code_of(tp_store *s, const uint8_t session[static 32], tp_one_time *c,
                        bool *found) {
    sqlite3_stmt *st = sql_use(s, SQL_CODE_OF);
    memset(c, 0, sizeof *c);
    sql_blob(st, 1, session, 32);
    tp_err err = sql_row(s, st, found);
    if (*found) {
        sql_get_blob(st, 0, c->session, sizeof c->session);
        c->voter = (int64_t)sql_get_int(st, 1);
        c->serial = (uint32_t)sql_get_int(st, 2);
        c->expires = sql_get_int(st, 3);
        c->live = sql_get_int(st, 4) != 0;
        c->tries = (uint32_t)sql_get_int(st, 5);
        c->message = (int64_t)sql_get_int(st, 6);
    }
    sql_done(st);
    return err;
}

tp_err tp_store_codes_end(tp_store *s, int64_t voter) {
    sqlite3_stmt *st = sql_use(s, SQL_CODES_END);
    sql_int(st, 1, (uint64_t)voter);
    return sql_run(s, st);
}

tp_err tp_store_source_put(tp_store *s, int64_t voter, const uint8_t source[static TP_SOURCE],
                           uint64_t full) {
    sqlite3_stmt *st = sql_use(s, SQL_SOURCE_PUT);
    sql_int(st, 1, (uint64_t)voter);
    sql_blob(st, 2, source, TP_SOURCE);
    sql_int(st, 3, full);
    return sql_run(s, st);
}

tp_err tp_store_source_of(tp_store *s, int64_t voter, const uint8_t source[static TP_SOURCE],
                          uint64_t *full) {
    bool found;
    sqlite3_stmt *st = sql_use(s, SQL_SOURCE_OF);
    sql_int(st, 1, (uint64_t)voter);
    sql_blob(st, 2, source, TP_SOURCE);
    tp_err err = sql_row(s, st, &found);
    *full = found ? sql_get_int(st, 0) : 0;
    sql_done(st);
    return err;
}

tp_err tp_store_codes_trim(tp_store *s, int64_t voter, uint64_t expired, uint64_t now) {
    sqlite3_stmt *st = sql_use(s, SQL_CODES_TRIM);
    sql_int(st, 1, (uint64_t)voter);
    sql_int(st, 2, expired);
    tp_err err = sql_run(s, st);
    if (err) return err;
    st = sql_use(s, SQL_SOURCES_TRIM);
    sql_int(st, 1, (uint64_t)voter);
    sql_int(st, 2, now);
    return sql_run(s, st);
}
