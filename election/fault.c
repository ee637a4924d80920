/* The closed list of refusals, and the one function that fills a fault in. Native only: it formats.
 * The page has its own tp_fail. spec: chapter 1.
 */
#include "election/election.h"

#include <stdarg.h>
#include <stdio.h>

const char *const tp_fault_codes[] = {
    "manifest.json",
    "manifest.members",
    "manifest.type",
    "manifest.value",
    "manifest.duplicate",
    "manifest.reference",
    "manifest.key",
    "manifest.threshold",
    "manifest.times",
    "manifest.size",
    "entry.malformed",
    "entry.type",
    "entry.length",
    "entry.signer",
    "entry.signature",
    "entry.quorum",
    "ceremony.order",
    "ceremony.repeat",
    "ceremony.hash",
    "ceremony.box-key",
    "ceremony.commitments",
    "ceremony.possession",
    "ceremony.dealer-out",
    "ceremony.confirm",
    "ceremony.share",
    "liveness.length",
    "liveness.proof",
    "registration.malformed",
    "registration.credential",
    "registration.unit",
    "registration.style",
    "registration.signer",
    "registration.quorum",
    "registration.signature",
    "registration.order",
    "ballot.length",
    "ballot.fingerprint",
    "ballot.style",
    "ballot.sequence",
    "ballot.previous",
    "ballot.point",
    "ballot.scalar",
    "ballot.signature",
    "ballot.proof",
    "ballot.credential",
    "ballot.cancelled",
    "ballot.unit",
    "board.phase",
    "board.order",
    "board.time",
    "board.batch",
    "board.repeat",
    "board.subject",
    "board.quorum",
    "board.root",
    "aggregates.malformed",
    "aggregates.rule",
    "shares.malformed",
    "shares.proof",
    "totals.range",
    NULL,
};

tp_err tp_fail(tp_fault *f, tp_err err, const char *code, const char *where, ...) {
    if (!f) return err;
    f->err = err;
    f->code = code;
    va_list args;
    va_start(args, where);
    vsnprintf(f->where, sizeof f->where, where, args);
    va_end(args);
    return err;
}
