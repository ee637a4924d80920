/* The vectors of spec/vectors/{keys,liveness,batch,roll,deal,signed,evidence}.json, made from
 * fixed seeds. The tool prints them; the test makes them again and compares.
 */
#ifndef TAPAT_TESTS_ELECTION_VECTORS_H
#define TAPAT_TESTS_ELECTION_VECTORS_H

#include <jansson.h>

json_t *vectors_keys(void);
json_t *vectors_liveness(void);
json_t *vectors_batch(void);
json_t *vectors_roll(void);
json_t *vectors_evidence(void);
json_t *vectors_deal(void);
json_t *vectors_signed(void);

#endif
