/* The SQLite driver: counts of voters by step. */
#include <stdlib.h>

#include "store/sqlite/sqlite.h"

/* Room for one more of `size` octets; *err set if there is none. */
static void *more(void *list, size_t count, size_t size, tp_err *err) {
    if (count & (count - 1)) return list; /* grown at each power of two */
    void *bigger = realloc(list, (count ? 2 * count : 1) * size);
    if (!bigger) *err = TP_SYSTEM;
    return bigger ? bigger : list;
}

tp_err tp_store_funnel(tp_store *s, uint64_t now, tp_funnel_row **list, size_t *count) {
    bool row = true;
    tp_err err = TP_OK;
    sqlite3_stmt *st = sql_use(s, SQL_FUNNEL);
    sql_int(st, 1, now);
    *list = NULL;
    *count = 0;
    while (!err && !(err = sql_row(s, st, &row)) && row) {
        *list = more(*list, *count, sizeof **list, &err);
        if (err) break;
        (*list)[(*count)++] = (tp_funnel_row){.unit = (uint16_t)sql_get_int(st, 0),
                                              .step = (uint8_t)sql_get_int(st, 1),
                                              .detail = (uint16_t)sql_get_int(st, 2),
                                              .voters = sql_get_int(st, 3),
                                              .voted = sql_get_int(st, 4)};
    }
    sql_done(st);
    return err;
}

tp_err tp_store_funnel_keys(tp_store *s, tp_funnel_keys **list, size_t *count) {
    bool row = true;
    tp_err err = TP_OK;
    sqlite3_stmt *st = sql_use(s, SQL_FUNNEL_KEYS);
    *list = NULL;
    *count = 0;
    while (!err && !(err = sql_row(s, st, &row)) && row) {
        *list = more(*list, *count, sizeof **list, &err);
        if (err) break;
        (*list)[(*count)++] = (tp_funnel_keys){.unit = (uint16_t)sql_get_int(st, 0),
                                               .held = sql_get_int(st, 1),
                                               .cancelled = sql_get_int(st, 2),
                                               .unknown = sql_get_int(st, 3),
                                               .cast = sql_get_int(st, 4)};
    }
    sql_done(st);
    return err;
}
