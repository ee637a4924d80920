/* The toy group: the integers modulo a small prime, written additively, behind core/group/group.h.
 * Linked in place of core/group (core_toy_dep), it lets a test walk every secret, every nonce and
 * every challenge of a proof. Discrete logarithms are trivial: nothing is hidden, soundness errors
 * are 1/TOY_ORDER, and completeness and extraction can be checked in full.
 *
 * Encodings are the value in the first two bytes, little-endian, and zeros; 0 is the identity, 1
 * the base, values >= TOY_ORDER are malformed. Scalars are modulo TOY_ORDER in place of L.
 */
#ifndef TAPAT_TESTS_TOY_GROUP_H
#define TAPAT_TESTS_TOY_GROUP_H

#include "core/group/group.h"

#ifndef TOY_ORDER
#define TOY_ORDER 101
#endif

/* The discrete logarithm of p to the base. */
unsigned toy_log(const tp_point *p);
/* The point with logarithm v modulo TOY_ORDER. */
tp_point toy_point(uint64_t v);
tp_scalar toy_scalar(uint64_t v);

#endif
