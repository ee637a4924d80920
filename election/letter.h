/* The code of a letter: 15 symbols, 75 bits, and a check symbol (code.h).
 * spec: Q-9 */
#ifndef TAPAT_ELECTION_LETTER_H
#define TAPAT_ELECTION_LETTER_H

#include "election/code.h"

enum { TP_LETTER_SYMBOLS = 15, TP_LETTER_CODE = 10 };

/* What is stored of a code. code: as tp_code_read gives it; secret. */
void tp_letter_hash(uint8_t out[static 32], const uint8_t fingerprint[static 32],
                    const uint8_t code[static TP_LETTER_CODE]);

#endif
