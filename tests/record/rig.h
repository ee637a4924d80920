/* A whole small election in memory, made with the parties' real keys: the honest path step by step,
 * and the means to leave it (entries and documents are lists that a test may change).
 */
#ifndef TAPAT_TESTS_RECORD_RIG_H
#define TAPAT_TESTS_RECORD_RIG_H

#include "core/proof/schnorr.h"
#include "election/styles.h"
#include "record/record.h"

enum {
    RIG_TRUSTEES = 4,
    RIG_THRESHOLD = 2,
    RIG_OFFICERS = 3,
    RIG_REGISTRARS = 2,
    RIG_UNITS = 3,
    RIG_WITNESSES = 4,
    RIG_CHOICES = 16, /* room for all options of all contests */
};

typedef struct {
    uint8_t *p;
    size_t len;
} rig_bytes;

typedef struct {
    tp_secret_key secret;
    uint8_t key[32];
    uint16_t unit;
    uint32_t sequence;
    uint8_t tip[32];
    uint8_t choices[RIG_CHOICES]; /* of the newest ballot */
    bool cancelled, excluded;
} rig_voter;

typedef struct {
    uint32_t voters;
    uint32_t floor;
    bool real;                  /* no test: times bind */
    uint32_t registered;        /* on each unit's roll; 0: enough */
    uint16_t witnesses, quorum; /* at most RIG_WITNESSES; the first quorum of them cosign */
} rig_plan;

typedef struct {
    rig_plan plan;
    char *json;
    tp_manifest m;
    tp_board board; /* what honest entries gave */
    tp_styles styles;
    rig_bytes *entries;
    size_t count, cap;
    rig_bytes *documents;
    size_t document_count;
    rig_bytes *pending; /* ballots not in a batch yet */
    size_t pending_count;
    uint8_t officer[RIG_OFFICERS][32], registrar[RIG_REGISTRARS][32], seed[RIG_TRUSTEES][32];
    uint8_t log_secret[64];
    rig_voter *voters;
    uint64_t time, random;
    void *scratch;
    rig_bytes results, csv;
} rig;

/* ---- the honest path ---- */
void rig_begin(rig *g, const rig_plan *plan); /* manifest, approval */
void rig_ceremony(rig *g);                    /* commits, deals, confirmations */
void rig_enrol(rig *g);                       /* all voters, two entries; trustees alive */
void rig_roll(rig *g);                        /* commits to as many as are registered, all online */
void rig_open(rig *g);                        /* and commits to the roll, if nobody did */
void rig_vote(rig *g, size_t voter, unsigned pattern); /* choices out of pattern */
void rig_batch(rig *g);
void rig_cancel(rig *g, size_t voter);
void rig_exclude(rig *g, size_t voter);
void rig_close(rig *g);
void rig_freeze(rig *g);
void rig_share(rig *g, uint16_t trustee, bool garbage);
void rig_publish(rig *g);
/* All of it: votes with revotes, a cancel, an exclusion, shares of trustees 1 and 3. */
void rig_whole(rig *g, const rig_plan *plan);
void rig_free(rig *g);

/* ---- off the path ---- */
uint64_t rig_random(rig *g);
void rig_random_bytes(rig *g, void *out, size_t len);
/* Appends without asking the board. */
void rig_push(rig *g, const void *bytes, size_t len);
/* Appends and applies: a refusal fails the test. */
void rig_append(rig *g, const void *bytes, size_t len);
/* An act signed by the officers' quorum, not appended. */
rig_bytes rig_act(rig *g, tp_act act, const uint8_t subject[32], uint64_t time, uint16_t reason);
/* Commitments and changes of the roll signed by the officers' quorum, not appended. units: rows,
 * electors, online of each; at most 16 changes. */
rig_bytes rig_roll_entry(rig *g, const uint32_t (*units)[3], uint32_t leaves);
rig_bytes rig_changes_entry(rig *g, const tp_roll_change *list, size_t count);
void rig_sort_pending(rig *g);
rig_bytes rig_batch_entry(rig *g, uint32_t number, uint32_t ballots);
rig_bytes rig_ballot(rig *g, size_t voter, uint32_t sequence, const uint8_t previous[32],
                     unsigned pattern); /* a BALLOT entry */
void rig_document(rig *g, const void *bytes, size_t len, uint8_t hash[32]);
/* The aggregates of what is on the board now, as a document. */
rig_bytes rig_aggregates(rig *g, tp_aggregates *a);
/* The sum of the newest ballots of the voters for whom keep is true, as contest c's R and C_k. */
void rig_sum(rig *g, uint16_t contest, uint8_t r[32], uint8_t (*c)[32],
             bool (*keep)(const rig *g, size_t voter));
/* Removes entry `index` or swaps two, without asking the board. */
void rig_remove(rig *g, size_t index);
void rig_swap(rig *g, size_t a, size_t b);
/* The index of the entry with the voter's ballot of this sequence. */
size_t rig_find(const rig *g, size_t voter, uint32_t sequence);
/* Shares for any aggregates, as a SHARES entry; the document is added. */
rig_bytes rig_shares(rig *g, uint16_t trustee, const tp_aggregates *a, const uint8_t hash[32],
                     bool garbage);

/* ---- the folder ---- */
void rig_write(rig *g, const char *dir); /* tiles, documents, copies, checkpoint */
/* The checkpoint with the log's line, and a witness's line for the checkpoint that begins the note.
 */
void rig_checkpoint(rig *g, tp_writer *note, const uint8_t root[32]);
void rig_cosign(rig *g, tp_writer *note, size_t witness);
/* A witness's key pair. */
void rig_witness_key(size_t witness, uint8_t key[32], uint8_t secret[64]);
/* Writes to a folder of its own, verifies, removes it. */
tp_err rig_verify(rig *g, tp_verification *v);
/* The FAIL of a report; NULL if there is none. */
const tp_check *rig_fail(const tp_verification *v);
const tp_check *rig_check(const tp_verification *v, const char *name);
/* Fails the test unless the report's one FAIL is this one; where: a part of the fault's place. */
void rig_assert_fail(rig *g, const char *check, const char *code, const char *where);
void rig_assert_good(rig *g);
extern const tp_replay_options rig_options;

#endif
