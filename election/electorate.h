/* The electorate on the board: the commitment to the roll, and every change of it afterwards. No
 * name is on the board: rows are leaf hashes with a salt that only who keeps the roll can make.
 * spec: chapter 5, N-20, N-21, S-30..S-33; chapter 11, J-20..J-24.
 */
#ifndef TAPAT_ELECTION_ELECTORATE_H
#define TAPAT_ELECTION_ELECTORATE_H

#include "election/entry.h"
#include "election/manifest.h"

/* How a row stands: absent, one of the channels 1..3 (election/roll.h), or disabled. */
enum { TP_STANDS_ABSENT = 0, TP_STANDS_ONLINE = 1, TP_STANDS_DISABLED = 4 };

typedef struct {
    uint8_t leaf[32];
    uint16_t unit;
    uint8_t standing;
} tp_roll_state;

/* Absent before: added; absent after: removed. */
typedef struct {
    tp_roll_state before, after;
} tp_roll_change;

void tp_roll_change_read(tp_roll_change *c, const uint8_t bytes[static TP_ROLL_CHANGE_LEN]);
void tp_roll_change_write(tp_writer *w, const tp_roll_change *c);

/* What a leaf commits to; text without its NUL. */
typedef struct {
    const char *number, *name, *birth_date;
    uint16_t unit;
    uint8_t channel; /* 1..3 */
    bool disabled;
} tp_roll_leaf_row;
/* A row's salt, which follows from the roll's secret and the number; and its leaf hash.
 * spec: J-20, J-21 */
void tp_roll_salt(uint8_t salt[static 32], const uint8_t secret[static 32],
                  const uint8_t fingerprint[static 32], const char *number);
void tp_roll_leaf(uint8_t leaf[static 32], const uint8_t salt[static 32],
                  const tp_roll_leaf_row *row);

typedef struct {
    uint64_t rows;             /* now: a commitment may be of as many as 32 bits hold */
    uint32_t electors, online; /* not disabled; of these, who vote online */
    uint32_t committed;        /* electors of the commitment */
    uint32_t added, removed;   /* electors, by changes */
    uint32_t changes;          /* that led to this unit, or took a row of it away */
} tp_unit_electors;

typedef struct tp_electorate_slot tp_electorate_slot;
/* What the commitment and the changes gave. */
typedef struct {
    uint8_t root[32];
    uint32_t leaves; /* of the commitment */
    uint64_t changes;
    size_t unit_count;
    tp_unit_electors *unit;   /* unit_count */
    tp_electorate_slot *slot; /* leaves that changes named: still there, or gone */
    size_t slots, used;
} tp_electorate;

/* "roll.units": not one for each unit, more electors than rows, more online than electors, more
 * electors than the manifest's `registered`; "roll.sum": the rows are not as many as the leaves.
 * spec: S-31 */
TP_MUST_USE tp_err tp_electorate_new(tp_electorate **out, const tp_manifest *m, const tp_entry *e,
                                     tp_fault *fault);
/* "roll.change": a change that cannot be. On error nothing moved. spec: S-32 */
TP_MUST_USE tp_err tp_electorate_change(tp_electorate *x, const tp_entry *e, tp_fault *fault);
void tp_electorate_free(tp_electorate *x);

#endif
