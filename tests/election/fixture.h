/* A small election for tests: 2 contests, 2 styles, 3 units, 3 trustees (t = 2), 2 officers (both
 * sign), 1 registrar. All keys come from known seeds, all randomness from a counter, so a board
 * comes out the same each time. The steps are apart, so that a test can stop or interfere anywhere.
 */
#ifndef TAPAT_TESTS_ELECTION_FIXTURE_H
#define TAPAT_TESTS_ELECTION_FIXTURE_H

#include "core/merkle/tree.h"
#include "election/board.h"
#include "election/decrypt.h"
#include "election/styles.h"
#include "tests/support/support.h"

enum {
    FIXTURE_TRUSTEES = 3,
    FIXTURE_OFFICERS = 2,
    FIXTURE_UNITS = 3,
    FIXTURE_VOTERS = 24, /* voter v is of unit v % 3; units 0 and 1 vote both contests, 2 one */
    FIXTURE_CHOICES = 8, /* 3 options, then 5 */
    FIXTURE_POINTS = 5,  /* 2 and 3 */
    FIXTURE_ENTRIES = 512,
    FIXTURE_BALLOT = 8192, /* room for any ballot */
};

typedef struct {
    tp_scalar secret;
    tp_credential credential;         /* as the board would have it */
    uint8_t choices[FIXTURE_CHOICES]; /* of the newest ballot */
} fixture_voter;

typedef struct {
    uint8_t *bytes;
    size_t len;
} fixture_bytes;

typedef struct {
    char *json;
    size_t json_len;
    tp_manifest manifest;
    uint8_t seed[FIXTURE_TRUSTEES][32];    /* trustees' */
    uint8_t officer[FIXTURE_OFFICERS][32]; /* secret scalars */
    uint8_t registrar[1][32];
    uint8_t log_secret[64]; /* Ed25519, libsodium's form */
    tp_board board;
    fixture_bytes entries[FIXTURE_ENTRIES]; /* the log */
    size_t count;
    tp_frontier tree;
    tp_hash roots[FIXTURE_ENTRIES + 1]; /* roots[size] */
    fixture_voter voters[FIXTURE_VOTERS];
    tp_styles styles;                       /* after fixture_ceremony */
    fixture_bytes pending[FIXTURE_ENTRIES]; /* ballots of the next batch */
    size_t pending_count;
    uint64_t now;
    uint64_t drawn;
} fixture;

/* A manifest, its keys and the board with entry 0. Another id is another election with the same
 * keys. NULL: "fixture". */
void fixture_init(fixture *f, const char *id);
/* The same with every `from` in the manifest replaced by `to`. */
void fixture_init_with(fixture *f, const char *from, const char *to);
void fixture_free(fixture *f);
/* The manifest's text with every `from` replaced by `to`; malloc'd. */
char *fixture_manifest_with(const fixture *f, const char *from, const char *to);
/* The next 32 bytes of the fixture's randomness. */
void fixture_random(fixture *f, uint8_t out[static 32]);

/* Writes, reads, applies and keeps one entry; the verdict of the board. */
tp_err fixture_append(fixture *f, const tp_entry *e, tp_fault *fault);
tp_err fixture_append_bytes(fixture *f, const uint8_t *bytes, size_t len, tp_fault *fault);
/* An act by both officers at f->now, which moves on by a second. subject NULL: zeros. */
void fixture_sign_act(fixture *f, tp_entry *e, tp_act act, const uint8_t *subject, uint16_t reason);
tp_err fixture_act(fixture *f, tp_act act, const uint8_t *subject, uint16_t reason,
                   tp_fault *fault);
/* One step of one trustee (1..3), as bytes to append; COMMIT, DEAL, CONFIRM or LIVENESS. */
tp_err fixture_step(fixture *f, tp_entry_type type, uint16_t trustee, uint8_t *bytes, size_t *len);
/* Any entry signed by a trustee. */
void fixture_sign_trustee(fixture *f, tp_entry *e, uint16_t trustee);

/* Approval, all rounds, confirmations and liveness; fills styles. Fails the test if refused. */
void fixture_ceremony(fixture *f);
/* The commitment to the roll, signed: on every unit's roll as many as the manifest says, all
 * online. units: room for FIXTURE_UNITS of them. */
void fixture_sign_roll(fixture *f, tp_entry *e, uint8_t *units);
/* Any entry of officers, signed by both. */
void fixture_sign_officers(fixture *f, tp_entry *e);
/* Changes signed by both officers. */
void fixture_sign_changes(fixture *f, tp_entry *e, const uint8_t *list, size_t count);
tp_err fixture_roll(fixture *f, tp_fault *fault);
/* The first n voters on the board. */
void fixture_enrol(fixture *f, size_t n);
/* The commitment too, if it is not there. */
void fixture_open(fixture *f);
/* The registration of one voter, signed. */
void fixture_registration(fixture *f, tp_registration *r, size_t voter);
/* Seals voter's next ballot into out; choices: 3 for the first contest, 5 for the second. */
size_t fixture_seal(fixture *f, uint8_t *out, size_t voter, const uint8_t *choices);
/* Seals it, keeps it for the next batch, and moves the voter's credential on. */
void fixture_vote(fixture *f, size_t voter, const uint8_t *choices);
/* Puts the pending ballots on the board, sorted, and the batch. */
void fixture_batch(fixture *f);
/* ceremony, enrol all, open, two rounds of votes (some replaced), close. */
void fixture_closed(fixture *f);
/* Votes that count, per contest and unit: counted[c * FIXTURE_UNITS + u]. */
void fixture_counted(const fixture *f, uint32_t *counted);
/* The aggregates of the counted ballots by the merge rule; free with tp_aggregates_free. */
void fixture_aggregate(const fixture *f, tp_aggregates *a);
/* What the totals of one reporting set must be. */
void fixture_expected(const fixture *f, const tp_reporting_set *set, uint32_t *totals);

#endif
