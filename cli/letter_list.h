/* The list of letters: which key may sign for which voter. Who makes the letters keeps it and gives
 * it to the registrars; the server has a copy, which it may get from anyone. A text file:
 *
 *     tapat-letters v1 FINGERPRINT
 *     NUMBER UNIT L              a line a letter; the last one of a number counts
 *
 * spec: chapter 4, L-22. */
#ifndef TAPAT_CLI_LETTER_LIST_H
#define TAPAT_CLI_LETTER_LIST_H

#include "election/manifest.h"

typedef struct {
    char number[32];
    uint16_t unit;
    uint8_t key[32];
    size_t line;
} tp_letter_row;

typedef struct {
    tp_letter_row *rows; /* ascending by number, each once */
    size_t count;
} tp_letter_list;

/* Exit code; a line that is none refuses the file. */
int tp_letter_list_read(tp_letter_list *l, const char *path, const tp_manifest *m);
const tp_letter_row *tp_letter_list_find(const tp_letter_list *l, const char *number);
void tp_letter_list_free(tp_letter_list *l);
/* Adds lines at the end, and makes the file if there is none. False: the reason was said. */
bool tp_letter_list_append(const char *path, const tp_manifest *m, const tp_letter_row *rows,
                           size_t count);

#endif
