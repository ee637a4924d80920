/* The SQLite driver: the roll and its search.
 *
 *  1. voter_words holds the words of every voter, as they stand in voter.words; each change of the
 *     one changes the other, in the caller's transaction; what may be refused comes first.
 */
#include "store/sqlite/sqlite.h"

#include <stdio.h>

enum { WORDS = 512 };

void sql_get_voter(sqlite3_stmt *st, int at, tp_voter *v) {
    v->id = (int64_t)sql_get_int(st, at);
    sql_get_text(st, at + 1, v->number, sizeof v->number);
    sql_get_text(st, at + 2, v->name, sizeof v->name);
    sql_get_text(st, at + 3, v->birth_date, sizeof v->birth_date);
    sql_get_text(st, at + 4, v->contact, sizeof v->contact);
    v->unit = (uint16_t)sql_get_int(st, at + 5);
    v->channel = (uint8_t)sql_get_int(st, at + 6);
    sql_get_text(st, at + 7, v->disabled, sizeof v->disabled);
    sql_get_text(st, at + 8, v->contact2, sizeof v->contact2);
    v->voted = sql_get_int(st, at + 9) != 0;
}

static void bind_voter(sqlite3_stmt *st, const tp_voter *v, const char *words) {
    sql_text(st, 2, v->name);
    sql_text(st, 3, v->birth_date);
    sql_text(st, 4, v->contact);
    sql_int(st, 5, v->unit);
    sql_int(st, 6, v->channel);
    sql_text(st, 7, v->disabled);
    sql_text(st, 8, words);
    sql_text(st, 9, v->contact2);
}

static tp_err words_add(tp_store *s, int64_t id, const char *words) {
    sqlite3_stmt *st = sql_use(s, SQL_VOTER_WORDS_ADD);
    sql_int(st, 1, (uint64_t)id);
    sql_text(st, 2, words);
    return sql_run(s, st);
}

static tp_err words_remove(tp_store *s, int64_t id, const char *words) {
    sqlite3_stmt *st = sql_use(s, SQL_VOTER_WORDS_REMOVE);
    sql_int(st, 1, (uint64_t)id);
    sql_text(st, 2, words);
    return sql_run(s, st);
}

/* TP_REFUSED: no such voter. */
static tp_err words_of(tp_store *s, int64_t id, char *words, size_t cap) {
    bool found;
    sqlite3_stmt *st = sql_use(s, SQL_VOTER_WORDS);
    sql_int(st, 1, (uint64_t)id);
    tp_err err = sql_row(s, st, &found);
    if (found) sql_get_text(st, 0, words, cap);
    sql_done(st);
    return !err && !found ? TP_REFUSED : err;
}

tp_err tp_store_voter_add(tp_store *s, const tp_voter *v, const char *words) {
    sqlite3_stmt *st = sql_use(s, SQL_VOTER_ADD);
    if (strlen(words) >= WORDS) return TP_REFUSED;
    sql_text(st, 1, v->number);
    bind_voter(st, v, words);
    tp_err err = sql_run(s, st);
    return err ? err : words_add(s, sqlite3_last_insert_rowid(s->db), words);
}

tp_err tp_store_voter_update(tp_store *s, const tp_voter *v, const char *words) {
    char before[WORDS];
    if (strlen(words) >= WORDS) return TP_REFUSED;
    tp_err err = words_of(s, v->id, before, sizeof before);
    if (err) return err;
    sqlite3_stmt *st = sql_use(s, SQL_VOTER_UPDATE);
    sql_int(st, 1, (uint64_t)v->id);
    bind_voter(st, v, words);
    err = sql_run(s, st);
    if (err || !strcmp(before, words)) return err;
    err = words_remove(s, v->id, before);
    return err ? err : words_add(s, v->id, words);
}

tp_err tp_store_voter_remove(tp_store *s, int64_t id) {
    char before[WORDS];
    tp_err err = words_of(s, id, before, sizeof before);
    if (err) return err;
    bool removed;
    sqlite3_stmt *st = sql_use(s, SQL_VOTER_REMOVE);
    sql_int(st, 1, (uint64_t)id);
    err = sql_row(s, st, &removed);
    sql_done(st);
    if (!err && !removed) err = TP_REFUSED;
    return err ? err : words_remove(s, id, before);
}

static tp_err one_voter(tp_store *s, sqlite3_stmt *st, tp_voter *v, bool *found) {
    tp_err err = sql_row(s, st, found);
    if (*found) sql_get_voter(st, 0, v);
    sql_done(st);
    return err;
}

tp_err tp_store_voter_find(tp_store *s, const char *number, tp_voter *v, bool *found) {
    sqlite3_stmt *st = sql_use(s, SQL_VOTER_FIND);
    sql_text(st, 1, number);
    return one_voter(s, st, v, found);
}

tp_err tp_store_voter_get(tp_store *s, int64_t id, tp_voter *v, bool *found) {
    sqlite3_stmt *st = sql_use(s, SQL_VOTER_GET);
    sql_int(st, 1, (uint64_t)id);
    return one_voter(s, st, v, found);
}

tp_err tp_store_voter_mark(tp_store *s, int64_t id, bool voted) {
    bool found;
    sqlite3_stmt *st = sql_use(s, SQL_VOTER_MARK);
    sql_int(st, 1, (uint64_t)id);
    sql_int(st, 2, voted);
    tp_err err = sql_row(s, st, &found);
    sql_done(st);
    return !err && !found ? TP_REFUSED : err;
}

tp_err tp_store_voter_count(tp_store *s, uint64_t *count) {
    bool row;
    sqlite3_stmt *st = sql_use(s, SQL_VOTER_COUNT);
    tp_err err = sql_row(s, st, &row);
    *count = row ? sql_get_int(st, 0) : 0;
    sql_done(st);
    return err;
}

static tp_err some_voters(tp_store *s, sqlite3_stmt *st, tp_voter *v, size_t max, size_t *count) {
    bool row = true;
    tp_err err = TP_OK;
    size_t n = 0;
    sql_int(st, 1, max);
    for (; n < max && !(err = sql_row(s, st, &row)) && row; n++)
        sql_get_voter(st, 0, &v[n]);
    sql_done(st);
    *count = err ? 0 : n;
    return err;
}

tp_err tp_store_voters_born(tp_store *s, const char *birth_date, int64_t after, tp_voter *v,
                            size_t max, size_t *count) {
    sqlite3_stmt *st = sql_use(s, SQL_VOTERS_BORN);
    sql_text(st, 2, birth_date);
    sql_int(st, 3, (uint64_t)after);
    return some_voters(s, st, v, max, count);
}

tp_err tp_store_voters_after(tp_store *s, int64_t after, tp_voter *v, size_t max, size_t *count) {
    sqlite3_stmt *st = sql_use(s, SQL_VOTERS_AFTER);
    sql_int(st, 2, (uint64_t)after);
    return some_voters(s, st, v, max, count);
}

tp_err tp_store_voters_numbered(tp_store *s, const char *begin, tp_voter *v, size_t max,
                                size_t *count) {
    sqlite3_stmt *st = sql_use(s, SQL_VOTERS_NUMBERED);
    sql_text(st, 2, begin);
    return some_voters(s, st, v, max, count);
}

/* ---- search ---- */

enum { EXPRESSION = 8192, WORD = 64 };

typedef struct {
    char word[TP_SEARCH_WORDS_MAX][WORD];
    size_t count;
} query;

static bool split(query *q, const char *words) {
    for (q->count = 0; *words;) {
        size_t len = strcspn(words, " ");
        if (q->count == TP_SEARCH_WORDS_MAX) return false;
        size_t kept = len < WORD ? len : WORD - 1; /* the beginning of a very long word */
        memcpy(q->word[q->count], words, kept);
        q->word[q->count][kept] = 0;
        if (strchr(q->word[q->count], '"')) return false;
        q->count += len > 0;
        words += len + (words[len] == ' ');
    }
    return q->count > 0;
}

/* "a" * AND "b" *, without the word `but`. */
static size_t put_all(char *out, size_t cap, const query *q, bool begin, size_t but) {
    size_t len = 0;
    for (size_t i = 0; i < q->count && len < cap; i++)
        if (i != but)
            len += (size_t)snprintf(out + len, cap - len, "%s\"%s\"%s", len ? " AND " : "",
                                    q->word[i], begin ? " *" : "");
    return len;
}

static bool write_expression(char out[static EXPRESSION], const query *q, tp_search how) {
    size_t len = 0;
    if (how != TP_SEARCH_ALL_BUT_ONE)
        return put_all(out, EXPRESSION, q, how == TP_SEARCH_BEGIN, q->count) < EXPRESSION;
    for (size_t i = 0; i < q->count && len + 8 < EXPRESSION; i++) {
        len += (size_t)snprintf(out + len, EXPRESSION - len, "%s(", i ? " OR " : "");
        len += put_all(out + len, EXPRESSION - len, q, false, i);
        if (len + 2 < EXPRESSION) strcpy(out + len++, ")");
    }
    return len + 8 < EXPRESSION;
}

tp_err tp_store_voters_search(tp_store *s, const char *words, tp_search how, tp_voter *v,
                              size_t max, size_t *count) {
    query q;
    char expression[EXPRESSION];
    *count = 0;
    if (!split(&q, words) || (how == TP_SEARCH_ALL_BUT_ONE && q.count < 3) ||
        !write_expression(expression, &q, how))
        return TP_REFUSED;
    sqlite3_stmt *st = sql_use(s, SQL_VOTERS_SEARCH);
    sql_text(st, 2, expression);
    return some_voters(s, st, v, max, count);
}
