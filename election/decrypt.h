/* Stage decrypt: aggregates per contest and reporting unit, the trustees' shares, totals.
 * spec: chapter 7.
 *
 * Merge rule (fixed in the manifest by `floor` and each unit's `group`), per contest c, with N_u
 * the counted ballots of unit u that carry c:
 *   1. A unit with N_u >= floor reports alone.
 *   2. The other units of a group with N_u > 0 are pooled. If the pool has fewer than floor
 * ballots, the group's reporting units join it, smallest first (ties: lower index), until it has.
 *   3. Pools still below floor are pooled over all groups; if that is below floor, reporting sets
 * join it, smallest first (ties: lower first unit), until it has.
 *   4. If the whole contest has fewer than floor ballots, nothing is decrypted for it.
 * The sets are disjoint, so no difference of published totals is below the floor.
 */
#ifndef TAPAT_ELECTION_DECRYPT_H
#define TAPAT_ELECTION_DECRYPT_H

#include "core/group/group.h"
#include "election/ceremony.h"

/* One reporting set of one contest. */
typedef struct {
    uint16_t contest;
    uint16_t unit_count;
    uint16_t *units;  /* ascending indexes */
    uint32_t ballots; /* N of the set, >= floor */
} tp_reporting_set;

typedef struct {
    tp_reporting_set *sets; /* by contest, then by first unit */
    size_t count;
    uint32_t withheld[TP_MAX_CONTESTS]; /* ballots of a contest that fell under rule 4 */
} tp_reporting;

/* counted[c * unit_count + u]: ballots. Free with tp_reporting_free. */
TP_MUST_USE tp_err tp_reporting_plan(tp_reporting *r, const tp_manifest *m,
                                     const uint32_t *counted);
void tp_reporting_free(tp_reporting *r);

/* Aggregates document: struct { opaque fingerprint[32]; uint64 board_size; opaque board_root[32];
 *   Set { uint16 contest; uint16 units<..>; uint32 ballots; opaque R[32]; opaque C[p][32] }
 * sets<..>; } board_size, board_root: the board up to and with the CLOSE act and its batch. Shares
 * document: struct { opaque fingerprint[32]; opaque aggregates_hash[32]; uint16 trustee; per
 * contest with sets: per set D[p][32]; then one eqlog proof per contest }. Writers and parsers are
 * inverses; parsers are strict. See decrypt.c. */
typedef struct {
    tp_reporting_set set;
    uint8_t r[32];
    uint8_t (*c)[32]; /* p */
} tp_aggregate;

typedef struct {
    uint64_t board_size;
    uint8_t board_root[32];
    tp_aggregate *list;
    size_t count;
    void *arena;
} tp_aggregates;

TP_MUST_USE tp_err tp_aggregates_write(tp_writer *w, const tp_manifest *m, const tp_aggregates *a);
TP_MUST_USE tp_err tp_aggregates_read(tp_aggregates *a, const tp_manifest *m, const uint8_t *bytes,
                                      size_t len, tp_fault *fault);
void tp_aggregates_free(tp_aggregates *a);

/* May a trustee make shares at `now`, by its own clock? Not before the closing time of a real
 * election, whatever times the acts bear: "board.time". spec: W-12 */
TP_MUST_USE tp_err tp_decrypt_due(const tp_manifest *m, uint64_t now, tp_fault *fault);
/* Trustee: all shares with proofs, as the shares document. x: tp_ceremony_secret. */
TP_MUST_USE tp_err tp_shares_make(tp_writer *w, const tp_manifest *m, const tp_keys *keys,
                                  const tp_aggregates *a, const uint8_t aggregates_hash[static 32],
                                  uint16_t trustee, const tp_scalar *x,
                                  const uint8_t random[static 32]);
/* Everyone: "shares.malformed", "shares.proof". On success *out (count = sum of p over aggregates)
 * has D. */
TP_MUST_USE tp_err tp_shares_check(tp_point *out, const tp_manifest *m, const tp_keys *keys,
                                   const tp_aggregates *a, const uint8_t aggregates_hash[static 32],
                                   uint16_t trustee, const uint8_t *bytes, size_t len,
                                   tp_fault *fault);
/* Combines t trustees' D and finds the totals: totals[set][option]. "totals.range" if a total is
 * not within 0..ballots. */
TP_MUST_USE tp_err tp_totals(uint32_t **totals, const tp_manifest *m, const tp_aggregates *a,
                             const uint16_t *trustees, const tp_point *const *shares,
                             tp_fault *fault);

#endif
