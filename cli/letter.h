/* What the files of `tapat letter` share. */
#ifndef TAPAT_CLI_LETTER_H
#define TAPAT_CLI_LETTER_H

#include "cli/cli.h"

int tp_letter_mail(int argc, char **argv);

#endif
