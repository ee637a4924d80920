/* Operations on single points, in the representation that all backends share.
 * spec: chapter 2 (primitives).
 */
#include "core/group/edwards.h"

void tp_point_identity(tp_point *out) {
    ge_identity(ge_of(out));
}

void tp_point_base(tp_point *out) {
    static const ge base = {FE_BASE_X, FE_BASE_Y, FE_ONE, FE_BASE_T};
    *ge_of(out) = base;
}

void tp_point_add(tp_point *out, const tp_point *a, const tp_point *b) {
    ge_add(ge_of(out), ge_of_const(a), ge_of_const(b));
}

void tp_point_sub(tp_point *out, const tp_point *a, const tp_point *b) {
    ge_cached q;
    ge_sum s;
    ge_cache(&q, ge_of_const(b));
    ge_sub_cached(&s, ge_of_const(a), &q);
    ge_finish(ge_of(out), &s);
}

void tp_point_neg(tp_point *out, const tp_point *a) {
    const ge *p = ge_of_const(a);
    ge *o = ge_of(out);
    o->y = p->y;
    o->z = p->z;
    fe_neg(&o->x, &p->x);
    fe_neg(&o->t, &p->t);
}

/* RFC 9496 section 4.3.3 */
uint32_t tp_point_equal(const tp_point *a, const tp_point *b) {
    const ge *p = ge_of_const(a), *q = ge_of_const(b);
    fe x1y2, y1x2, y1y2, x1x2;
    fe_mul(&x1y2, &p->x, &q->y);
    fe_mul(&y1x2, &p->y, &q->x);
    fe_mul(&y1y2, &p->y, &q->y);
    fe_mul(&x1x2, &p->x, &q->x);
    return fe_equal(&x1y2, &y1x2) | fe_equal(&y1y2, &x1x2);
}

/* The identity's coset is the four points with X = 0 or Y = 0. */
uint32_t tp_point_is_identity(const tp_point *a) {
    return fe_is_zero(&ge_of_const(a)->x) | fe_is_zero(&ge_of_const(a)->y);
}

void tp_point_select(tp_point *out, const tp_point *a, const tp_point *b, uint32_t bit) {
    const ge *p = ge_of_const(a), *q = ge_of_const(b);
    ge *o = ge_of(out);
    fe_select(&o->x, &p->x, &q->x, bit);
    fe_select(&o->y, &p->y, &q->y, bit);
    fe_select(&o->z, &p->z, &q->z, bit);
    fe_select(&o->t, &p->t, &q->t, bit);
}
