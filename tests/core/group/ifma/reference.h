/* The portable field as a reference, compiled with plain flags. A value is five limbs of radix
 * 2^51, each < 2^54, not reduced.
 */
#ifndef TAPAT_TESTS_IFMA_REFERENCE_H
#define TAPAT_TESTS_IFMA_REFERENCE_H

#include "core/group/backend.h"

typedef enum { REF_VALUE, REF_ADD, REF_SUB, REF_MUL, REF_SQR, REF_INVERT, REF_OPS } reference_op;

/* The residue below p of a, a+b, a-b, ab, a^2, 1/a. */
void reference(uint8_t out[32], reference_op op, const uint64_t a[5], const uint64_t b[5]);
/* Whether a is a square (0 is not). */
uint32_t reference_is_square(const uint64_t a[5]);
/* The group element p by another representative: p plus the torsion point number `torsion` (0..3)
 * of order 1, 2, 4, 4, all coordinates times z. */
void reference_representative(tp_point *out, const tp_point *p, unsigned torsion,
                              const uint64_t z[5]);

#endif
