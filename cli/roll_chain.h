/* The roll on the board, for the commands of `tapat roll`: roll_chain.c. */
#ifndef TAPAT_CLI_ROLL_CHAIN_H
#define TAPAT_CLI_ROLL_CHAIN_H

#include "cli/act.h"
#include "election/roll_tree.h"
#include "store/store.h"

int tp_roll_commit(int argc, char **argv);
int tp_roll_audit(int argc, char **argv);
/* The secret of the roll in the data folder; made if it is not there and is to be. False: the
 * reason was said. */
bool tp_roll_secret(uint8_t secret[static 32], const char *data, bool make);
void tp_roll_row_of(tp_roll_new_row *row, const tp_voter *v);
/* Is the roll committed to, so that it changes by the board alone? */
TP_MUST_USE tp_err tp_roll_is_committed(tp_store *s, bool *committed);
/* Every voter, with progress. Errors: the store's and those of visit. */
typedef tp_err tp_roll_visit(void *ctx, const tp_voter *v);
TP_MUST_USE tp_err tp_roll_each(tp_store *s, tp_roll_visit *visit, void *ctx);

/* Changes on their way to the board; exit codes. */
typedef struct {
    bool begun;
    tp_record *record;
    tp_replay replay;
    uint8_t secret[32];
    uint8_t *changes, *rows;
    size_t count, rows_len;
} tp_roll_draft;
int tp_roll_draft_begin(tp_roll_draft *d, const char *data, const act_args *a);
/* NULL before: added; NULL after: removed. */
int tp_roll_draft_add(tp_roll_draft *d, const tp_voter *before, const tp_voter *after);
int tp_roll_draft_finish(tp_roll_draft *d, const act_args *a);
void tp_roll_draft_end(tp_roll_draft *d);

#endif
