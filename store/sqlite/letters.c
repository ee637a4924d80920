/* The SQLite driver: letters with a code on paper. */
#include "store/sqlite/sqlite.h"

static void get_letter(sqlite3_stmt *st, tp_letter *l) {
    l->id = (int64_t)sql_get_int(st, 0);
    l->voter = (int64_t)sql_get_int(st, 1);
    sql_get_blob(st, 2, l->key, sizeof l->key);
    l->state = (tp_letter_state)sql_get_int(st, 3);
    l->printed = sql_get_int(st, 4);
    l->updated = sql_get_int(st, 5);
}

tp_err tp_store_letter_add(tp_store *s, int64_t voter, const uint8_t key[static 32],
                           uint64_t time) {
    sqlite3_stmt *st = sql_use(s, SQL_LETTER_ADD);
    sql_int(st, 1, (uint64_t)voter);
    sql_blob(st, 2, key, 32);
    sql_int(st, 3, time);
    tp_err err = sql_run(s, st);
    if (err) return err;
    st = sql_use(s, SQL_LETTER_VOID);
    sql_int(st, 1, (uint64_t)voter);
    sql_int(st, 2, time);
    sql_blob(st, 3, key, 32);
    return sql_run(s, st);
}

static tp_err one_letter(tp_store *s, sqlite3_stmt *st, tp_letter *l, bool *found) {
    tp_err err = sql_row(s, st, found);
    if (*found) get_letter(st, l);
    sql_done(st);
    return err;
}

tp_err tp_store_letter_find(tp_store *s, const uint8_t key[static 32], tp_letter *l, bool *found) {
    sqlite3_stmt *st = sql_use(s, SQL_LETTER_FIND);
    sql_blob(st, 1, key, 32);
    return one_letter(s, st, l, found);
}

tp_err tp_store_letter_of(tp_store *s, int64_t voter, tp_letter *l, bool *found) {
    sqlite3_stmt *st = sql_use(s, SQL_LETTER_OF);
    sql_int(st, 1, (uint64_t)voter);
    return one_letter(s, st, l, found);
}

tp_err tp_store_letter_put(tp_store *s, int64_t id, tp_letter_state state, uint64_t time) {
    sqlite3_stmt *st = sql_use(s, SQL_LETTER_PUT);
    sql_int(st, 1, (uint64_t)id);
    sql_int(st, 2, (uint64_t)state);
    sql_int(st, 3, time);
    return sql_run(s, st);
}

tp_err tp_store_letters(tp_store *s, int64_t before, tp_letter *l, size_t max, size_t *count) {
    bool row = true;
    tp_err err = TP_OK;
    size_t n = 0;
    sqlite3_stmt *st = sql_use(s, SQL_LETTERS);
    sql_int(st, 1, max);
    sql_int(st, 2, before ? (uint64_t)before : INT64_MAX);
    for (; n < max && !(err = sql_row(s, st, &row)) && row; n++)
        get_letter(st, &l[n]);
    sql_done(st);
    *count = n;
    return err;
}

tp_err tp_store_letter_counts(tp_store *s, uint64_t counts[TP_LETTER_STATES]) {
    bool row = true;
    tp_err err = TP_OK;
    memset(counts, 0, TP_LETTER_STATES * sizeof counts[0]);
    sqlite3_stmt *st = sql_use(s, SQL_LETTER_COUNTS);
    while (!(err = sql_row(s, st, &row)) && row) {
        uint64_t state = sql_get_int(st, 0);
        if (state < TP_LETTER_STATES) counts[state] = sql_get_int(st, 1);
    }
    sql_done(st);
    return err;
}
