/* What the parts of `tapat simulate` share: test voters and how they choose. */
#ifndef TAPAT_CLI_SIMULATE_SIMULATE_H
#define TAPAT_CLI_SIMULATE_SIMULATE_H

#include "cli/cli.h"
#include "election/styles.h"

/* A plain generator for choices, never for keys: splitmix64. */
typedef struct {
    uint64_t state;
} sim_dice;
uint64_t sim_roll(sim_dice *d);
double sim_unit(sim_dice *d); /* [0, 1) */

/* How often each option is chosen: probability per ballot, from real votes. */
typedef struct {
    double *chance[TP_MAX_CONTESTS]; /* per option */
} sim_shares;
/* options: CSV contest,number,name,party,overseas_votes (contest as in the manifest, dashes apart);
 * voters: ballots that these votes came from. False: the reason was said. */
bool sim_shares_read(sim_shares *s, const tp_manifest *m, const char *options, double voters);
void sim_shares_free(sim_shares *s);
/* Choices of one ballot of a style, as tp_ballot_seal takes them; within min and max. */
void sim_choose(uint8_t *choices, const tp_manifest *m, const tp_ballot_style *style,
                const sim_shares *s, sim_dice *d);
size_t sim_choices_len(const tp_ballot_style *style);

/* Votes per contest and option that the record must come to. */
typedef struct {
    uint64_t *votes[TP_MAX_CONTESTS];
    uint64_t ballots; /* counted */
} sim_expectation;
bool sim_expect_init(sim_expectation *e, const tp_manifest *m);
void sim_expect_free(sim_expectation *e);
/* Adds (sign 1) or takes away (sign -1) one ballot's choices. */
void sim_expect_add(sim_expectation *e, const tp_ballot_style *style, const uint8_t *choices,
                    int sign);
/* Writes it as JSON: {"ballots": N, "contests": {"id": [votes]}}. */
bool sim_expect_write(const sim_expectation *e, const tp_manifest *m, const char *path);

/* The verbs. */
int sim_make_roll(const tp_manifest *m, const char *posts, const char *out, uint64_t voters,
                  uint64_t guests, bool names);
/* "TEST VOTER 7", or with varied a name drawn from common ones, the same for a number. */
void sim_name(char *out, size_t cap, uint64_t number, bool varied);
int sim_check(const char *expect, const char *results);
typedef struct {
    const char *server, *roll, *options, *expect;
    double voters_of_options;
    uint64_t seed, revote_percent, abstain_percent, threads;
    bool json;
} sim_vote_options;
int sim_vote(const sim_vote_options *o);
/* Who votes what, by the voter's number from 0, when it is not drawn. */
typedef struct {
    uint16_t (*unit)(const void *ctx, size_t voter);
    void (*choose)(uint8_t *choices, const void *ctx, const tp_ballot_style *style, size_t voter);
    const void *ctx;
} sim_plan;
typedef struct {
    const char *manifest, *keys, *options, *out, *expect;
    double options_ballots;
    uint64_t voters, revote_percent, seed, threads;
    bool open;            /* end after the close; no count */
    const sim_plan *plan; /* NULL: units by the roll, choices by shares (options) */
} sim_record_options;
int sim_record(const sim_record_options *o);
/* Fills the new folder data from a record up to its close. keys: where log.key is. */
int sim_store(const char *record, const char *keys, const char *data);

#endif
