/* Stage tally: counting methods, the reconciliation, and the results document. spec: chapter 7. */
#ifndef TAPAT_ELECTION_TALLY_H
#define TAPAT_ELECTION_TALLY_H

#include "election/decrypt.h"

/* Ranks options by votes. plurality-at-large: the `seats` options with most votes win; options with
 * equal votes at the last seat are all marked TIED and none of them wins: the law decides. totals:
 * no winner. */
typedef enum { TP_LOST, TP_WON, TP_TIED } tp_outcome;
void tp_plurality(tp_outcome *out, const uint64_t *votes, size_t options, size_t seats);

/* Every public figure is read from here. Index TP_MAX.. none: arrays of unit_count. */
typedef struct {
    uint32_t registered;     /* electors of the commitment; before it, the manifest's */
    uint32_t added, removed; /* electors, by changes of the roll */
    uint32_t changes;        /* of rows of this unit */
    uint32_t online;         /* electors who vote online, as it is now */
    uint32_t enrolled;       /* credentials registered on the board */
    uint32_t cancelled;      /* of these */
    uint32_t ballots;        /* BALLOT entries */
    uint32_t replaced;       /* followed by a later ballot of the same credential */
    uint32_t voided;         /* tip of a cancelled credential */
    uint32_t excluded;       /* tip excluded by an act */
    uint32_t counted;        /* ballots = replaced + voided + excluded + counted */
} tp_reconciliation;
/* The code of what does not balance: "reconciliation.sum", a ballot that is in none of the four or
 * in two; "reconciliation.roll", more valid credentials than people; NULL if all is well. spec:
 * Y-17
 */
const char *tp_reconciliation_fault(const tp_reconciliation *u);

/* results.json, byte-exact: a function of manifest, reconciliation per unit, reporting sets and
 * totals. malloc'd; *len without NUL. And results.csv: contest,number,name,party,units,votes. */
char *tp_results_json(size_t *len, const tp_manifest *m, const tp_reconciliation *per_unit,
                      const tp_aggregates *a, uint32_t *const *totals, const uint32_t *withheld);
char *tp_results_csv(size_t *len, const tp_manifest *m, const tp_aggregates *a,
                     uint32_t *const *totals);

#endif
