/* What the parts of `tapat rehearse` share: the proof that officers read, and the rehearsal. */
#ifndef TAPAT_CLI_REHEARSE_H
#define TAPAT_CLI_REHEARSE_H

#include "cli/cli.h"

/* The proof: every ballot as its voters see it, with times, posts and parties, as text; a function
 * of the manifest's bytes and of the machine's table of time zones. malloc'd; NULL: the reason was
 * said. Its digest is SHA-256 of the text: what approve asks for. */
char *tp_proof_text(size_t *len, const tp_manifest *m, const json_t *root);
/* Does approving take two officers, or is it a test? */
bool tp_proof_two_sign(const tp_manifest *m);
/* "Thu 2028-04-13 00:00 +0800" in a zone; false if this machine does not know the zone. */
bool tp_proof_time(char *out, size_t cap, const char *zone, uint64_t at);

/* Every option of every post with a ballot is chosen once; and once more at the post that is the
 * k-th of its style if bit k of the option's place is set, so that two options that changed places
 * are told apart. every: all posts, or the first of each style. */
typedef struct {
    const tp_manifest *m;
    uint64_t *first;     /* per post: number of its first voter; unit_count + 1 */
    uint16_t *nth;       /* per post: which of its style it is */
    uint32_t **expected; /* per contest: votes [post * n + option] */
    uint64_t voters;
} rehearsal;
bool tp_rehearsal_plan(rehearsal *r, const tp_manifest *m, bool every);
void tp_rehearsal_free(rehearsal *r);
/* Holds it with keys that are thrown away, over the whole path from ballots to a verified record,
 * and compares. out: a folder that does not exist yet, where the record stays; NULL: none. Exit
 * code. */
int tp_rehearsal_hold(const rehearsal *r, const json_t *root, const char *out);
/* Compares totals that were published with the expectation; says every option that differs. Exit
 * code. */
int tp_rehearsal_compare(const rehearsal *r, const char *results);

#endif
