/* Steps from the frozen board to the results, for verify and tp_replay_results. Private to record/.
 */
#ifndef TAPAT_RECORD_RESULTS_H
#define TAPAT_RECORD_RESULTS_H

#include "record/reader.h"

/* Is what the freeze act names the hash of these aggregates? "aggregates.hash". spec: Y-13 */
TP_MUST_USE tp_err tp_frozen_check(const tp_replay *p, const tp_aggregates *a, tp_fault *fault);

/* The aggregates as they were frozen, for who knows that they are those of the board. */
TP_MUST_USE tp_err tp_replay_frozen(tp_aggregates *a, uint32_t withheld[static TP_MAX_CONTESTS],
                                    const tp_replay *p, tp_record *r, tp_fault *fault);

/* The shares on the board, each judged. */
typedef struct {
    tp_point *points[TP_MAX_TRUSTEES]; /* of good ones */
    bool bad[TP_MAX_TRUSTEES];
    tp_fault fault[TP_MAX_TRUSTEES]; /* of bad ones */
    unsigned posted, good;
} tp_shares;
/* Errors are missing documents and the machine's; a false share marks its trustee. spec: Y-14 */
TP_MUST_USE tp_err tp_shares_gather(tp_shares *s, const tp_replay *p, const tp_aggregates *a,
                                    tp_record *r, tp_fault *fault);
void tp_shares_free(tp_shares *s);

typedef struct {
    char *json, *csv;
    size_t json_len, csv_len;
} tp_results;
/* "shares.quorum": fewer than t are good; "totals.range". spec: Y-15 */
TP_MUST_USE tp_err tp_results_make(tp_results *out, const tp_shares *s, const tp_replay *p,
                                   const tp_aggregates *a, const uint32_t *withheld,
                                   tp_fault *fault);
void tp_results_free(tp_results *x);

#endif
