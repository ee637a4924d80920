/* What the commands of `tapat roll` share: the store's roll and its revision. */
#ifndef TAPAT_CLI_ROLL_H
#define TAPAT_CLI_ROLL_H

#include "cli/cli.h"
#include "election/roll.h"
#include "store/store.h"

int tp_roll_import(int argc, char **argv);
int tp_roll_export(int argc, char **argv);
int tp_roll_import_register(int argc, char **argv);
int tp_roll_rehearse(int argc, char **argv);
int tp_roll_time(int argc, char **argv);
int tp_roll_search(int argc, char **argv);
int tp_roll_disable(int argc, char **argv);
int tp_roll_enable(int argc, char **argv);
int tp_roll_channel_set(int argc, char **argv);
int tp_roll_funnel(int argc, char **argv);
int tp_roll_log(int argc, char **argv);

/* The manifest's file parsed; false: the reason was said. */
bool tp_roll_manifest(tp_manifest *m, const char *path, int *code);
/* The store of a data folder; NULL: the reason was said. */
tp_store *tp_roll_open(const char *data, bool read_only);
/* What is said where officers must sign. */
extern const char tp_roll_needs_officers[];
/* Counts the changes of the roll: who prepares one outside a transaction checks that no other came
 * between. */
TP_MUST_USE tp_err tp_roll_revision(tp_store *s, uint64_t *revision);
TP_MUST_USE tp_err tp_roll_revise(tp_store *s, uint64_t revision);
/* The enrolment's state, 0 if there is none, and its credential. */
TP_MUST_USE tp_err tp_roll_enrolled(tp_store *s, int64_t voter, int *state,
                                    uint8_t credential[static 32]);

/* ---- search, for the command and the benchmark ---- */

enum { TP_ROLL_FOUND = 50 };
typedef struct {
    tp_voter voter[TP_ROLL_FOUND];
    size_t count;
    bool near; /* no voter has all the words */
} tp_roll_found;
/* By the beginning of a number, then by whole words, then by their beginnings; if nothing is found,
 * by all words but one. */
TP_MUST_USE tp_err tp_roll_find(tp_store *s, const char *text, tp_roll_found *found);

#endif
