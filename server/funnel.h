/* How far the voters of each post have come: the counts of one state of the store, and what of them
 * is shown to whom.
 *
 *  1. Every voter of the roll is at one step, so the steps of a post add up to its roll.
 *  2. Voters whose key is on the board are as many as the keys there that are held: not cancelled,
 *     and of a voter here. Keys of nobody here are told apart.
 *  3. What is published shows no count of a post from 1 to below the floor.
 * spec: J-14, J-15
 */
#ifndef TAPAT_SERVER_FUNNEL_H
#define TAPAT_SERVER_FUNNEL_H

#include <jansson.h>

#include "election/manifest.h"
#include "store/store.h"

enum { TP_FUNNEL_DETAILS = 16, TP_FUNNEL_PUBLIC = 4 };

typedef struct {
    uint64_t roll, paper; /* paper: who voted so, at whatever step */
    uint64_t step[TP_FUNNEL_STEPS], detail[TP_FUNNEL_STEPS][TP_FUNNEL_DETAILS];
    tp_funnel_keys keys;
} tp_funnel_post;
typedef struct {
    const tp_manifest *manifest;
    uint64_t time;        /* of the counts, Unix seconds */
    tp_funnel_post *post; /* of each unit */
    tp_funnel_post all;
} tp_funnel;

/* In a snapshot of its own. TP_MALFORMED: the store is of another manifest. */
TP_MUST_USE tp_err tp_funnel_count(tp_funnel *f, tp_store *s, const tp_manifest *m, uint64_t now);
void tp_funnel_free(tp_funnel *f);
/* The first post of which 1 or 2 does not hold; -1: all add up. */
int tp_funnel_wrong(const tp_funnel *f);
const char *tp_funnel_step_word(unsigned step);
/* NULL: the step has no details. */
const char *tp_funnel_detail_word(unsigned step, unsigned detail);

/* Who has done what a voter has to do, or half of it, and whose key is not on the board: proven,
 * waiting and signed. Nobody, once the work is done. Attack G7. */
uint64_t tp_funnel_cannot_vote(const tp_funnel_post *p);
/* For officers. NULL: out of memory. */
json_t *tp_funnel_json(const tp_funnel *f);

/* Of a post what may be published: the steps off, none, begun, enrolled. */
typedef struct {
    uint64_t roll, step[TP_FUNNEL_PUBLIC];
} tp_funnel_row_public;
/* What the last answer was made of, to which the next is compared; all zero at first. */
typedef struct {
    tp_funnel_row_public *row; /* of each unit */
} tp_funnel_shown;
/* Rows with a count below the floor are left out or added up. With shown, an answer changes, and
 * rows come and go, only when at least `floor` voters have moved. NULL: out of memory. spec: J-15,
 * J-31 */
json_t *tp_funnel_public_json(const tp_funnel *f, uint64_t floor, tp_funnel_shown *shown);

#endif
