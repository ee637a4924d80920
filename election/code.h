/* Codes that people read, type and compare: Crockford Base32, groups of five, one check symbol.
 * The check symbol is sum of x^(i+1)*d_i in GF(32) = GF(2)[x]/(x^5+x^2+1), so every single wrong
 * symbol and every swap of two unlike neighbours is noticed.
 * Reading accepts lower case, I L for 1, O for 0, and any dashes or spaces; writing is canonical.
 * spec: chapter 4a.
 */
#ifndef TAPAT_ELECTION_CODE_H
#define TAPAT_ELECTION_CODE_H

#include "election/election.h"

enum {
    TP_CODE_SYMBOLS = 25,        /* recovery code and tracker: 125 bits and a check symbol */
    TP_FINGERPRINT_SYMBOLS = 20, /* a credential's fingerprint: 100 bits and a check symbol */
    TP_CODE_TEXT = 40,           /* room for any code with dashes and NUL */
};

/* Writes the first 5*symbols bits of bytes (most significant first) with check symbol, dashes and
 * NUL: "ABCDE-FGHJK-MNPQR-STVWX-YZ234-5". Constant time in bytes. */
void tp_code_write(char out[static TP_CODE_TEXT], const uint8_t *bytes, unsigned symbols);
/* Reads one back into ceil(5*symbols/8) bytes, unused low bits zero. TP_MALFORMED: wrong length or
 * a foreign character; TP_INVALID: the check symbol does not fit. */
TP_MUST_USE tp_err tp_code_read(uint8_t *bytes, unsigned symbols, const char *text, size_t len);

#endif
