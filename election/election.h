/* What every stage shares: limits, the 32-byte names of things, and named refusals.
 *
 * A refusal is an error class (core/base) and one code out of the closed list in election/fault.c;
 * servers, verifiers and tests name faults by that code and nothing else.
 * spec: chapter 1.
 */
#ifndef TAPAT_ELECTION_ELECTION_H
#define TAPAT_ELECTION_ELECTION_H

#include "core/base/base.h"

enum {
    TP_MAX_CONTESTS = 16,
    TP_MAX_OPTIONS = 512, /* of one contest */
    TP_MAX_CHOICES = 64,  /* of one contest */
    TP_MAX_STYLES = 64,
    TP_MAX_UNITS = 1024,
    TP_MAX_TRUSTEES = 15,
    TP_MAX_SIGNERS = 32, /* officers; registrars */
    TP_MAX_WITNESSES = 16,
    TP_MAX_ENTRY = 60000, /* bytes of a board entry; a longer document lies beside the log */
    TP_MAX_DOCUMENT = 64 << 20,
    TP_MAX_TEXT = 400, /* bytes of a name or title */
};

/* Why something was refused: the class, a code such as "ballot.signature", and the object. */
typedef struct {
    tp_err err;
    const char *code; /* static string from the closed list; "" if none */
    char where[96];   /* the object: "entry 412", "contest 1", "line 7: number" */
} tp_fault;

/* Fills *f and returns err, so that a check reads: return tp_fail(f, TP_INVALID, "x.y", "...", i)
 */
tp_err tp_fail(tp_fault *f, tp_err err, const char *code, const char *where, ...)
    __attribute__((format(printf, 4, 5)));

/* The closed list of codes, ended by NULL, for documentation and tests. */
extern const char *const tp_fault_codes[];

#endif
