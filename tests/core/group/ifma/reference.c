/* See reference.h. */
#include "tests/core/group/ifma/reference.h"

#include "core/group/field.h"

#include <string.h>

static fe tight(const uint64_t a[5]) {
    fe f;
    memcpy(f.v, a, sizeof f.v);
    fe_carry(&f, &f);
    return f;
}

void reference(uint8_t out[32], reference_op op, const uint64_t a[5], const uint64_t b[5]) {
    fe x = tight(a), y = tight(b);
    if (op == REF_ADD) fe_add(&x, &x, &y), fe_carry(&x, &x);
    if (op == REF_SUB) fe_sub(&x, &x, &y), fe_carry(&x, &x);
    if (op == REF_MUL) fe_mul(&x, &x, &y);
    if (op == REF_SQR) fe_sqr(&x, &x);
    if (op == REF_INVERT) tp_fe_invert(&x, &x);
    fe_to_bytes(out, &x);
}

uint32_t reference_is_square(const uint64_t a[5]) {
    static const fe one = FE_ONE;
    fe x = tight(a), r;
    return tp_fe_sqrt_ratio(&r, &one, &x);
}

/* Adding (0, -1) gives (-x, -y); adding (i, 0) gives (iy, ix). */
void reference_representative(tp_point *out, const tp_point *p, unsigned torsion,
                              const uint64_t z[5]) {
    static const fe i = FE_SQRT_M1;
    fe c[4], scale = tight(z);
    memcpy(c, p->limb, sizeof c);
    if (torsion & 1) fe_neg(&c[0], &c[0]), fe_neg(&c[1], &c[1]);
    if (torsion & 2) {
        fe x = c[0];
        fe_mul(&c[0], &c[1], &i);
        fe_mul(&c[1], &x, &i);
        fe_neg(&c[3], &c[3]);
    }
    for (int k = 0; k < 4; k++)
        fe_mul(&c[k], &c[k], &scale);
    memcpy(out->limb, c, sizeof c);
}
