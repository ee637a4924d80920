/* Stage board: which entry may follow which. One state machine for the server (may this be
 * appended?), the trustee (what may I decrypt?) and every verifier (was each entry allowed?). It
 * holds all but the voters' credentials, whose rules are the pure functions at the end: a server
 * keeps the credentials in its store, a verifier in memory. spec: chapter 5.
 *
 *   phase     entries allowed                                                  leaves by
 *   SETUP     ACT_APPROVE (once, first), COMMIT DEAL COMPLAINT OPENING CONFIRM,  ACT_OPEN
 *             LIVENESS, REGISTRATIONS, CANCEL, ROLL (once) and CHANGES (after approval), BATCH
 *   OPEN      REGISTRATIONS CANCEL CHANGES BALLOT BATCH LIVENESS ACT_EXCLUDE     ACT_CLOSE
 *   CLOSED    ACT_EXCLUDE CANCEL BATCH(0 ballots)                                ACT_FREEZE
 *   FROZEN    SHARES BATCH(0)                                                  ACT_PUBLISH
 *   PUBLISHED BATCH(0)
 *
 * ACT_OPEN needs ROLL, all n confirmations of its subject, liveness of at least t+1 trustees and,
 * in a real election, time >= open_time. ACT_CLOSE needs that no ballot stands outside a batch and,
 * in a real election, time >= close_time. ACT_PUBLISH needs shares of at least t trustees. A BATCH
 * has the next number, a time not before the last batch's, and the count of the BALLOT entries
 * since the last one, which are strictly ascending by hash. While ballots stand outside a batch
 * nothing but ballots and that batch may follow.
 */
#ifndef TAPAT_ELECTION_BOARD_H
#define TAPAT_ELECTION_BOARD_H

#include "election/cast.h"
#include "election/ceremony.h"
#include "election/electorate.h"
#include "election/enrol.h"
#include "election/entry.h"

typedef enum { TP_SETUP, TP_OPEN, TP_CLOSED, TP_FROZEN, TP_PUBLISHED } tp_phase;
const char *tp_phase_name(tp_phase phase); /* "setup", "open", ... */

typedef struct {
    const tp_manifest *manifest; /* set once the first entry, MANIFEST, was applied */
    tp_ceremony *ceremony;
    tp_electorate *electorate; /* NULL until ROLL */
    tp_phase phase;
    bool approved;
    uint64_t size;           /* entries applied */
    uint32_t batches;        /* closed */
    uint32_t open_ballots;   /* BALLOT entries since the last batch */
    uint8_t last_ballot[32]; /* hash of the last one */
    uint64_t last_act;       /* time of the last act */
    uint64_t last_batch;     /* time of the last batch; officers sign acts while batches go on */
    uint64_t today, recent;  /* entries before the first batch of its day; and of the day before */
    uint64_t liveness[TP_MAX_TRUSTEES]; /* time of the latest, 0 if none */
    uint64_t opened_time, closed_time;
    uint64_t close_size; /* board size just after ACT_CLOSE */
    uint8_t freeze_hash[32], publish_hash[32];
    tp_document_ref shares[TP_MAX_TRUSTEES]; /* len 0: none */
} tp_board;

/* The manifest is parsed by the caller from the document that entry 0 names, and outlives the
 * board. */
void tp_board_init(tp_board *b);
void tp_board_free(tp_board *b);
/* Is e allowed next? Checks its signatures too (tp_entry_verify) unless signed_ok. If so, applies
 * it. On a refusal the board is unchanged: "board.phase", "board.order", "board.time",
 * "board.batch", "board.repeat", "board.subject", "board.quorum", "board.root",
 * "board.stale", and the codes of
 * the stages. manifest: needed for entry 0 only;
 * its fingerprint must be the document's hash. root_of: gives the root of the board at an earlier
 * size, for LIVENESS; NULL skips that comparison. */
typedef bool (*tp_root_of)(void *ctx, uint64_t size, uint8_t root[static 32]);
TP_MUST_USE tp_err tp_board_apply(tp_board *b, const tp_entry *e, const tp_manifest *manifest,
                                  bool signed_ok, tp_root_of root_of, void *ctx, tp_fault *fault);

/* How long the batches of a log that is well may be apart, in seconds: ten intervals, at least a
 * minute. Three times that without a new checkpoint is a stall. spec: R-15 */
uint64_t tp_board_silence_s(const tp_manifest *m);

/* The part of it that goes by kind and phase alone, before any signature: "board.phase",
 * "board.order", "board.repeat" of an approval, "board.batch". Not for entry 0. spec: S-18 */
TP_MUST_USE tp_err tp_board_may_follow(const tp_board *b, const tp_entry *e, tp_fault *fault);

/* ---- credentials ---- */

typedef struct {
    uint8_t key[32];
    uint16_t unit, style;
    bool cancelled;     /* votes no more; nothing of it counts */
    bool excluded;      /* by an act, for good: no ballot of it counts */
    uint32_t sequence;  /* of the tip; 0: has not voted */
    uint8_t tip[32];    /* hash of the last recorded ballot */
    uint64_t tip_index; /* its leaf */
} tp_credential;

/* May this ballot follow? c: NULL if unknown. "ballot.credential", "ballot.cancelled",
 * "ballot.unit", "ballot.style", "ballot.sequence", "ballot.previous". */
TP_MUST_USE tp_err tp_cast_rule(const tp_credential *c, const tp_ballot *b, tp_fault *fault);
/* Whether the tip counts. */
bool tp_credential_counts(const tp_credential *c);

#endif
