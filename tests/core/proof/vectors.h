/* The vectors of spec/vectors/{schnorr,sum,eqlog,dkg}.json, made from fixed seeds. The tool prints
 * them; the test makes them again and compares, and checks what the files say with the verifiers.
 */
#ifndef TAPAT_TESTS_VECTORS_H
#define TAPAT_TESTS_VECTORS_H

#include <jansson.h>

json_t *vectors_schnorr(void);
json_t *vectors_sum(void);
json_t *vectors_eqlog(void);
json_t *vectors_dkg(void);

#endif
