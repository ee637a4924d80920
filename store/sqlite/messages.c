/* The SQLite driver: the queue of messages. */
#include "store/sqlite/sqlite.h"

static void get_message(sqlite3_stmt *st, tp_message *m) {
    memset(m, 0, sizeof *m);
    m->id = (int64_t)sql_get_int(st, 0);
    m->voter = (int64_t)sql_get_int(st, 1);
    sql_get_text(st, 2, m->kind, sizeof m->kind);
    sql_get_text(st, 3, m->lang, sizeof m->lang);
    sql_get_text(st, 4, m->to, sizeof m->to);
    m->channel = (uint8_t)sql_get_int(st, 5);
    sql_get_text(st, 6, m->parameters, sizeof m->parameters);
    m->time = sql_get_int(st, 7);
    m->expires = sql_get_int(st, 8);
    m->state = (tp_message_state)sql_get_int(st, 9);
    m->next = sql_get_int(st, 10);
    m->updated = sql_get_int(st, 11);
    m->attempts = (uint32_t)sql_get_int(st, 12);
    sql_get_text(st, 13, m->error, sizeof m->error);
}

tp_err tp_store_message_add(tp_store *s, tp_message *m) {
    sqlite3_stmt *st = sql_use(s, SQL_MESSAGE_ADD);
    sql_int(st, 1, (uint64_t)m->voter);
    sql_text(st, 2, m->kind);
    sql_text(st, 3, m->lang);
    sql_text(st, 4, m->to);
    sql_int(st, 5, m->channel);
    sql_text(st, 6, m->parameters);
    sql_int(st, 7, m->time);
    sql_int(st, 8, m->expires);
    sql_int(st, 9, (uint64_t)m->state);
    sql_int(st, 10, m->next);
    sql_int(st, 11, m->updated);
    sql_int(st, 12, m->attempts);
    sql_text(st, 13, m->error);
    tp_err err = sql_run(s, st);
    if (!err) m->id = sqlite3_last_insert_rowid(s->db);
    return err;
}

tp_err tp_store_message_put(tp_store *s, const tp_message *m) {
    sqlite3_stmt *st = sql_use(s, SQL_MESSAGE_PUT);
    sql_int(st, 1, (uint64_t)m->id);
    sql_int(st, 2, (uint64_t)m->state);
    sql_int(st, 3, m->next);
    sql_int(st, 4, m->updated);
    sql_int(st, 5, m->attempts);
    sql_text(st, 6, m->error);
    return sql_run(s, st);
}

static tp_err one_message(tp_store *s, sqlite3_stmt *st, tp_message *m, bool *found) {
    tp_err err = sql_row(s, st, found);
    if (*found) get_message(st, m);
    sql_done(st);
    return err;
}

tp_err tp_store_message_find(tp_store *s, int64_t id, tp_message *m, bool *found) {
    sqlite3_stmt *st = sql_use(s, SQL_MESSAGE_FIND);
    sql_int(st, 1, (uint64_t)id);
    return one_message(s, st, m, found);
}

tp_err tp_store_message_newest(tp_store *s, int64_t voter, const char *kind, tp_message *m,
                               bool *found) {
    sqlite3_stmt *st = sql_use(s, SQL_MESSAGE_NEWEST);
    sql_int(st, 1, (uint64_t)voter);
    sql_text(st, 2, kind);
    return one_message(s, st, m, found);
}

static tp_err all_messages(tp_store *s, sqlite3_stmt *st, tp_message *m, size_t max,
                           size_t *count) {
    bool row = true;
    tp_err err = TP_OK;
    size_t n = 0;
    for (; n < max && !(err = sql_row(s, st, &row)) && row; n++)
        get_message(st, &m[n]);
    sql_done(st);
    *count = n;
    return err;
}

tp_err tp_store_messages(tp_store *s, const char *to, tp_message_state state, int64_t before,
                         tp_message *m, size_t max, size_t *count) {
    sqlite3_stmt *st = sql_use(s, to ? SQL_MESSAGES_TO : SQL_MESSAGES);
    sql_int(st, 1, max);
    sql_int(st, 2, before ? (uint64_t)before : INT64_MAX);
    sql_int(st, 3, (uint64_t)state);
    if (to) sql_text(st, 4, to);
    return all_messages(s, st, m, max, count);
}

tp_err tp_store_messages_due(tp_store *s, unsigned channel, uint64_t now, tp_message *m, size_t max,
                             size_t *count) {
    sqlite3_stmt *st = sql_use(s, SQL_MESSAGES_DUE);
    sql_int(st, 1, max);
    sql_int(st, 2, channel);
    sql_int(st, 3, now);
    return all_messages(s, st, m, max, count);
}

tp_err tp_store_messages_recover(tp_store *s, uint64_t now) {
    sqlite3_stmt *st = sql_use(s, SQL_MESSAGES_RECOVER);
    sql_int(st, 1, now);
    return sql_run(s, st);
}

tp_err tp_store_message_sharers(tp_store *s, const char *to, const char *kind, int64_t voter,
                                uint64_t *count) {
    bool row;
    sqlite3_stmt *st = sql_use(s, SQL_MESSAGE_SHARERS);
    sql_text(st, 1, to);
    sql_text(st, 2, kind);
    sql_int(st, 3, (uint64_t)voter);
    tp_err err = sql_row(s, st, &row);
    *count = row ? sql_get_int(st, 0) : 0;
    sql_done(st);
    return err;
}

tp_err tp_store_message_counts(tp_store *s,
                               uint64_t counts[TP_MESSAGE_CHANNELS][TP_MESSAGE_STATES]) {
    bool row = true;
    tp_err err = TP_OK;
    memset(counts, 0, TP_MESSAGE_CHANNELS * sizeof counts[0]);
    sqlite3_stmt *st = sql_use(s, SQL_MESSAGE_COUNTS);
    while (!(err = sql_row(s, st, &row)) && row) {
        uint64_t channel = sql_get_int(st, 0), state = sql_get_int(st, 1);
        if (channel < TP_MESSAGE_CHANNELS && state < TP_MESSAGE_STATES)
            counts[channel][state] = sql_get_int(st, 2);
    }
    sql_done(st);
    return err;
}
