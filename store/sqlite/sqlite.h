/* Inside of the SQLite driver: a connection, its statements prepared once, and how values go in
 * and out of them.
 */
#ifndef TAPAT_STORE_SQLITE_H
#define TAPAT_STORE_SQLITE_H

#include <sqlite3.h>
#include <string.h>

#include "sql.h"
#include "store/store.h"

struct tp_store {
    sqlite3 *db;
    sqlite3_stmt *statements[SQL_COUNT];
    char error[256];
};

/* The statement, ready to bind; NULL after a failure. */
sqlite3_stmt *sql_use(tp_store *s, enum sql_query query);
/* Runs a statement that gives no rows and resets it. A NULL statement gives TP_SYSTEM. */
TP_MUST_USE tp_err sql_run(tp_store *s, sqlite3_stmt *st);
/* Steps to the next row; *row false at the end. The caller resets with sql_done. */
TP_MUST_USE tp_err sql_row(tp_store *s, sqlite3_stmt *st, bool *row);
void sql_done(sqlite3_stmt *st);

void sql_int(sqlite3_stmt *st, int at, uint64_t v);
void sql_blob(sqlite3_stmt *st, int at, const void *bytes, size_t len);
void sql_text(sqlite3_stmt *st, int at, const char *text);

uint64_t sql_get_int(sqlite3_stmt *st, int column);
/* Copies exactly len bytes; another length gives zeros. */
void sql_get_blob(sqlite3_stmt *st, int column, void *out, size_t len);
void sql_get_text(sqlite3_stmt *st, int column, char *out, size_t cap);
/* A voter's columns from `at` on, in the order of the queries. */
void sql_get_voter(sqlite3_stmt *st, int at, tp_voter *v);

#endif
