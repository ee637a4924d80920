/* CSV (RFC 4180) as a stream of records, read strictly and in bounded memory.
 *
 *  1. UTF-8 only; one byte order mark may come first. No NUL.
 *  2. CR LF, LF and CR end a line, also mixed. Empty lines are passed over, and counted.
 *  3. A field is quoted wholly or not at all; a quote within is doubled.
 *  4. A record that breaks a rule costs its first line: reading goes on with the line after it, so
 *     one quote that is not closed does not swallow the file.
 * spec: chapter 11.
 */
#ifndef TAPAT_ELECTION_CSV_H
#define TAPAT_ELECTION_CSV_H

#include "core/base/base.h"

enum {
    TP_CSV_RECORD = 16384, /* bytes of a record at most, quotes and line end included */
    TP_CSV_FIELDS = 64,
    TP_CSV_WINDOW = 4 * TP_CSV_RECORD,
};

/* Why a record is refused: a code for programs, a text for people. */
typedef struct {
    const char *code, *text;
} tp_row_fault;

/* Up to cap further bytes of the file; 0 at its end. */
typedef size_t tp_csv_source(void *ctx, uint8_t *out, size_t cap);

typedef struct {
    tp_csv_source *source;
    void *ctx;
    char separator;
    bool ended;         /* the source is */
    size_t at, len;     /* in the window: the next byte, the end */
    uint64_t next_line; /* of window[at] */
    /* the record read last */
    uint64_t line; /* where it begins, from 1 */
    size_t count;
    const char *field[TP_CSV_FIELDS]; /* NUL-terminated, in text */
    const tp_row_fault *fault;
    uint8_t window[TP_CSV_WINDOW];
    char text[TP_CSV_RECORD + TP_CSV_FIELDS];
} tp_csv;

/* separator: ',' or ';' or tab. */
void tp_csv_begin(tp_csv *c, tp_csv_source *source, void *ctx, char separator);
/* The next record; *more false after the last. TP_MALFORMED: c->fault says why c->line is refused;
 * the call may be repeated for the lines after it. spec: J-1, J-2 */
TP_MUST_USE tp_err tp_csv_next(tp_csv *c, bool *more);

/* The code point at *s, which moves on; 0xffffffff if the bytes are no UTF-8 (overlong forms,
 * surrogates and what is above U+10FFFF included), and then *s stands still. s < end. */
uint32_t tp_utf8_next(const uint8_t **s, const uint8_t *end);

#endif
