/* Sums of ciphertexts by contest and unit, gathered from the decoded points while ballots are
 * checked, so that counting need not decode them again: of all checked ballots, and a list of those
 * that a later ballot replaced. Private to record/.
 */
#ifndef TAPAT_RECORD_SUMS_H
#define TAPAT_RECORD_SUMS_H

#include "election/cast.h"
#include "record/record.h"

typedef struct {
    uint64_t leaf;
    uint16_t unit, style;
} tp_counted_ballot;

typedef struct tp_sums {
    unsigned workers, units;
    size_t count;                  /* points of one worker */
    size_t first[TP_MAX_CONTESTS]; /* of a contest's points, unit by unit: R, C_1..C_p */
    size_t points[TP_MAX_CONTESTS];
    tp_point **sum; /* one array a worker */
    tp_counted_ballot *replaced;
    size_t replaced_count, replaced_cap;
} tp_sums;

/* *sums stays NULL if the points would take more than 256 MiB: then nothing is gathered. */
TP_MUST_USE tp_err tp_sums_make(tp_sums **sums, const tp_manifest *m, unsigned workers);
void tp_sums_free(tp_sums *s);
/* A ballot's ciphertext of one contest: its points. */
void tp_sums_add_contest(tp_sums *s, unsigned worker, const tp_ballot_contest *c, unsigned unit,
                         const tp_point *points);
/* A checked ballot of the style, with its points (tp_ballots_sink). */
void tp_sums_add(tp_sums *s, unsigned worker, const tp_ballot_style *style, unsigned unit,
                 const tp_point *points);
TP_MUST_USE tp_err tp_sums_replaced(tp_sums *s, const tp_counted_ballot *ballot);
/* out[i] += all workers' sums of one contest and unit: points[contest] of them. */
void tp_sums_total(tp_point *out, const tp_sums *s, size_t contest, size_t unit);
/* All of them for a later replay, by contest and unit. TP_SYSTEM: no memory. */
TP_MUST_USE tp_err tp_sums_keep(tp_remembered *out, const tp_sums *s);
/* Begins with these; TP_REFUSED: not as many, or no points. */
TP_MUST_USE tp_err tp_sums_begin(tp_sums *s, const tp_remembered *with);

#endif
