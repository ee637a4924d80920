/* The book of a registrar: a text file beside the key file of what was signed for whom, so that
 * nobody gets two keys of this registrar by a server's word. A line is
 *
 *     FINGERPRINT NUMBER CREDENTIAL     signed for this voter
 *     FINGERPRINT - CREDENTIAL          cancelled: the voter may get another
 *
 * spec: chapter 4, L-24. */
#ifndef TAPAT_CLI_REGISTRAR_BOOK_H
#define TAPAT_CLI_REGISTRAR_BOOK_H

#include "core/base/base.h"

typedef struct registrar_book registrar_book;

/* Of the key file's: FILE.signed. NULL: it cannot be read, which was said. */
registrar_book *registrar_book_open(const char *key_file, const uint8_t fingerprint[static 32]);
void registrar_book_close(registrar_book *b);
/* Takes in what was added meanwhile, by this process or another. False: the reason was said. */
bool registrar_book_refresh(registrar_book *b);
/* Was another key than this one signed for the voter? */
bool registrar_book_other(const registrar_book *b, const char *number,
                          const uint8_t credential[static 32]);
/* A number that may stand in a line. */
bool registrar_book_takes(const char *number);
/* Before adding: nobody else adds until sync or end, and what others added is taken in. False: the
 * reason was said. */
bool registrar_book_begin(registrar_book *b);
void registrar_book_end(registrar_book *b);
/* Durable with the next sync. number "-": cancelled. */
void registrar_book_add(registrar_book *b, const char *number, const uint8_t credential[static 32]);
/* And ends. False: not written, which was said; then nothing may be signed. */
bool registrar_book_sync(registrar_book *b);

#endif
