/* A copy of the roll that somebody keeps besides the server: the same CSV that was imported. */
#ifndef TAPAT_CLI_ROLL_COPY_H
#define TAPAT_CLI_ROLL_COPY_H

#include "election/roll.h"

/* Calls each for every row, in the order of the file; false from it ends the reading. Exit code; a
 * row that is none refuses the file. */
int tp_roll_copy_read(const char *path, const tp_manifest *m,
                      bool (*each)(void *ctx, const tp_roll_row *row), void *ctx);

#endif
