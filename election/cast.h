/* Stage cast: the ballot, its tracker and the server's promise. Freestanding: the page runs the
 * same code. spec: chapter 4a (cast).
 *
 *   struct {
 *     opaque fingerprint[32];
 *     opaque credential[32];
 *     uint32 sequence;            1, 2, ... of this credential
 *     opaque previous[32];        hash of the ballot before; zero if sequence is 1
 *     uint16 unit; uint16 style;
 *     opaque contests[];          one sum proof per contest of the style, in order
 * (core/proof/sum.h) opaque signature[64];       Schnorr by credential over everything before it }
 * Ballot;
 *
 * Its length is fixed by the style. Hash: SHA-256("tapat-v1 ballot" || Ballot). Tracker: the first
 * 125 bits of SHA-256("tapat-v1 tracker" || Ballot), as a code (election/code.h).
 */
#ifndef TAPAT_ELECTION_CAST_H
#define TAPAT_ELECTION_CAST_H

#include "core/group/group.h"
#include "core/proof/batch.h"
#include "core/proof/sum.h"
#include "election/code.h"
#include "election/election.h"

#define TP_BALLOT_DOMAIN  "tapat-v1 ballot"
#define TP_TRACKER_DOMAIN "tapat-v1 tracker"
#define TP_PROMISE_DOMAIN "tapat-v1 promise"
enum { TP_BALLOT_HEAD = 32 + 32 + 4 + 32 + 2 + 2 };

/* One contest of a style, as the caster or checker needs it: no JSON, no strings. */
typedef struct {
    uint16_t index; /* of the contest in the manifest */
    tp_sum_shape shape;
    const uint8_t (*y)[32];
    const tp_point *y_points;
} tp_ballot_contest;

/* One ballot style of an election, ready to cast and check with. */
typedef struct {
    uint8_t fingerprint[32], key_digest[32];
    uint16_t style;
    uint16_t contest_count;
    tp_ballot_contest contests[TP_MAX_CONTESTS];
    const tp_point *generators; /* H, G_1 .. G_max: tp_sum_generators of the fingerprint */
} tp_ballot_style;

size_t tp_ballot_size(const tp_ballot_style *s);

typedef struct {
    uint8_t credential[32], previous[32];
    uint32_t sequence;
    uint16_t unit, style;
    const uint8_t *contests; /* the proofs, one after the other */
    const uint8_t *signature;
} tp_ballot;

/* Encrypts, proves and signs. choices: per contest of the style, its n bytes of 0 or 1, one contest
 * after the other; secret. Constant time in choices and s. Refuses choices out of range:
 * TP_REFUSED. random: 32 fresh bytes; scratch: tp_ballot_seal_scratch bytes, 64-byte aligned,
 * wiped. */
size_t tp_ballot_seal_scratch(const tp_ballot_style *s);
TP_MUST_USE tp_err tp_ballot_seal(uint8_t *out, const tp_ballot_style *s, const tp_scalar *secret,
                                  const uint8_t credential[static 32], uint16_t unit,
                                  uint32_t sequence, const uint8_t previous[static 32],
                                  const uint8_t *choices, const uint8_t random[static 32],
                                  void *scratch);

/* Takes a ballot apart and checks all that needs no arithmetic: "ballot.length",
 * "ballot.fingerprint", "ballot.style", "ballot.sequence", "ballot.previous". */
TP_MUST_USE tp_err tp_ballot_read(tp_ballot *b, const tp_ballot_style *s, const uint8_t *bytes,
                                  size_t len, tp_fault *fault);
/* Checks signatures and proofs of n ballots of one style, all in one batch: result[i] is TP_OK or
 * the class of its fault, code[i] "" or "ballot.point", "ballot.scalar", "ballot.signature",
 * "ballot.proof", or what tp_ballot_read says of it. Returns TP_OK if all hold. Each ballot has
 * tp_ballot_size bytes. scratch: tp_ballot_verify_scratch(s, n) bytes, 64-byte aligned. */
size_t tp_ballot_verify_scratch(const tp_ballot_style *s, size_t n);
TP_MUST_USE tp_err tp_ballots_verify_var(tp_err *result, const char **code,
                                         const tp_ballot_style *s, const uint8_t *const *ballots,
                                         size_t n, void *scratch);

/* Decoding hints of a ballot: tp_ballot_points rows of 32 bytes, in the order credential,
 * commitment of the signature, then the points of each contest. They change no verdict (B-15).
 * ballot: tp_ballot_size bytes. TP_MALFORMED: a point does not decode. */
size_t tp_ballot_points(const tp_ballot_style *s);
TP_MUST_USE tp_err tp_ballot_hints_var(uint8_t (*out)[32], const tp_ballot_style *s,
                                       const uint8_t *ballot);
/* Gets the decoded points of every good ballot: of each contest the p + 3 points R, C_1..C_p, A,
 * T1. They stand only until take returns. */
typedef struct {
    void (*take)(void *ctx, const uint8_t *ballot, const tp_point *points);
    void *ctx;
} tp_ballots_sink;
/* tp_ballots_verify_var with what it may use and give: hints[i] of ballot i or NULL, hints and sink
 * may be NULL. The same scratch. */
TP_MUST_USE tp_err tp_ballots_verify_more_var(tp_err *result, const char **code,
                                              const tp_ballot_style *s,
                                              const uint8_t *const *ballots,
                                              const uint8_t *const *hints, size_t n,
                                              const tp_ballots_sink *sink, void *scratch);

/* The newest ballot under a credential, as a device was told. */
typedef struct {
    uint8_t fingerprint[32], credential[32], hash[32];
    uint32_t sequence;
} tp_tip;
/* Is this board entry that ballot, signed by that credential? TP_MALFORMED: not a ballot of this
 * election; TP_REFUSED: of another credential, number or hash; TP_INVALID, TP_MALFORMED: its
 * signature. Whether the entry is on the board is the caller's to check. spec: C-13 */
TP_MUST_USE tp_err tp_tip_check_var(const tp_tip *tip, const uint8_t *entry, size_t len);

void tp_ballot_hash(uint8_t out[static 32], const uint8_t *bytes, size_t len);
void tp_ballot_tracker(char out[static TP_CODE_TEXT], const uint8_t *bytes, size_t len);

/* The server's signed promise to put a ballot on the board by a deadline.
 *   struct { opaque fingerprint[32]; opaque ballot_hash[32]; opaque credential[32];
 *            uint32 sequence; uint64 deadline; } signed with Ed25519 by the log key over
 * "tapat-v1 promise" || struct. */
typedef struct {
    uint8_t ballot_hash[32], credential[32];
    uint32_t sequence;
    uint64_t deadline; /* Unix seconds */
} tp_promise;
enum { TP_PROMISE_SIGNED = 16 + 32 + 32 + 32 + 4 + 8 };
void tp_promise_signed_bytes(uint8_t out[static TP_PROMISE_SIGNED], const tp_promise *p,
                             const uint8_t fingerprint[static 32]);

#endif
