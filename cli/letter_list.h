/* The list of letters: which key may sign for which voter. Who makes the letters keeps it and gives
 * it to the registrars; the server has a copy, which it may get from anyone. A text file:
 *
 *     tapat-letters v1 FINGERPRINT
 *     begun NUMBER UNIT L        before it leaves: from now on this letter is known
 *     NUMBER UNIT L              it was printed or sent; the last line of a number counts
 *
 * A letter that stayed begun may be out or not: its maker ended early. It counts, and the next run
 * makes a new one. Who makes letters holds the list from what it reads to its last line.
 *
 * spec: chapter 4, L-22. */
#ifndef TAPAT_CLI_LETTER_LIST_H
#define TAPAT_CLI_LETTER_LIST_H

#include "election/manifest.h"

typedef struct {
    char number[32];
    uint16_t unit;
    uint8_t key[32];
    bool begun;
    size_t line;
} tp_letter_row;

typedef struct {
    tp_letter_row *rows; /* ascending by number, each once */
    size_t count;
    bool held;
    int fd; /* if held */
} tp_letter_list;

/* Exit code; a line that is none refuses the file. */
int tp_letter_list_read(tp_letter_list *l, const char *path, const tp_manifest *m);
const tp_letter_row *tp_letter_list_find(const tp_letter_list *l, const char *number);
void tp_letter_list_free(tp_letter_list *l);
/* Has this voter a letter that is known to be out? */
bool tp_letter_list_has(const tp_letter_list *l, const char *number);
/* Reads the list, or makes it, and keeps every other maker of letters away until it is freed. What
 * a writer who was killed left of a line goes. Exit code. */
int tp_letter_list_hold(tp_letter_list *l, const char *path, const tp_manifest *m);
/* Adds lines to a list that is held, durably. False: the reason was said. */
bool tp_letter_list_append(const tp_letter_list *l, const tp_manifest *m, const tp_letter_row *rows,
                           size_t count, bool begun);
/* What went wrong before a letter left takes nothing from a voter: the one from before counts
 * again, if it was out. False as above. */
bool tp_letter_list_restore(const tp_letter_list *l, const tp_manifest *m, const char *number);
/* Says of a letter that is made if an earlier one may be out; true: it may. */
bool tp_letter_list_say_begun(const tp_letter_list *l, const char *number);

#endif
