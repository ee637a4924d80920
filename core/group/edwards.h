/* Twisted Edwards arithmetic, a = -1, over either radix: complete formulas, so no point is special.
 * Source: Hisil, Wong, Carter, Dawson 2008, sections 3.1 and 3.3 (add-2008-hwcd-3, dbl-2008-hwcd).
 *
 * Invariants
 *  1. A ge overlays a tp_point: backend.h states what a stored one satisfies.
 *  2. Every coordinate of a ge is tight; those of ge_cached and ge_niels are loose or tight.
 * spec: chapter 2 (primitives).
 */
#ifndef TAPAT_CORE_GROUP_EDWARDS_H
#define TAPAT_CORE_GROUP_EDWARDS_H

#include "core/group/backend.h"
#include "core/group/field.h"

typedef struct {
    fe x, y, z, t;
} ge;

_Static_assert(sizeof(ge) == sizeof(tp_point), "a ge overlays a tp_point");

/* (Y+X, Y-X, 2Z, 2dT): what an addition wants of its second operand */
typedef struct {
    fe plus, minus, z2, t2d;
} ge_cached;

/* the same of an affine point: (y+x, y-x, 2dxy) */
typedef struct {
    fe plus, minus, t2d;
} ge_niels;

/* Sums before the last multiplications: the result is (E F : G H : F G : E H). */
typedef struct {
    fe e, f, g, h;
} ge_sum;

static inline ge *ge_of(tp_point *p) {
    return (ge *)(void *)p;
}
static inline const ge *ge_of_const(const tp_point *p) {
    return (const ge *)(const void *)p;
}

static inline void ge_identity(ge *o) {
    static const ge identity = {FE_ZERO, FE_ONE, FE_ONE, FE_ZERO};
    *o = identity;
}

static inline void ge_cached_identity(ge_cached *o) {
    static const ge_cached identity = {
        FE_ONE, FE_ONE, FE_WORDS(UINT64_C(2), UINT64_C(0), UINT64_C(0), UINT64_C(0)), FE_ZERO};
    *o = identity;
}

static inline void ge_niels_identity(ge_niels *o) {
    static const ge_niels identity = {FE_ONE, FE_ONE, FE_ZERO};
    *o = identity;
}

static inline void ge_cache(ge_cached *o, const ge *a) {
    static const fe d2 = FE_2D;
    fe_add(&o->plus, &a->y, &a->x);
    fe_sub(&o->minus, &a->y, &a->x);
    fe_add(&o->z2, &a->z, &a->z);
    fe_mul(&o->t2d, &a->t, &d2);
}

/* a is affine (Z = 1) */
static inline void ge_to_niels(ge_niels *o, const ge *a) {
    static const fe d2 = FE_2D;
    fe_add(&o->plus, &a->y, &a->x);
    fe_sub(&o->minus, &a->y, &a->x);
    fe_mul(&o->t2d, &a->t, &d2);
}

/* all four coordinates */
static inline void ge_finish(ge *o, const ge_sum *s) {
    fe_mul(&o->x, &s->e, &s->f);
    fe_mul(&o->y, &s->g, &s->h);
    fe_mul(&o->z, &s->f, &s->g);
    fe_mul(&o->t, &s->e, &s->h);
}

/* all but T, which a doubling does not read */
static inline void ge_finish_no_t(ge *o, const ge_sum *s) {
    fe_mul(&o->x, &s->e, &s->f);
    fe_mul(&o->y, &s->g, &s->h);
    fe_mul(&o->z, &s->f, &s->g);
}

/* From A = (Y1-X1)(Y2-X2), B = (Y1+X1)(Y2+X2), C = 2d T1 T2 and D = 2 Z1 Z2, tight or (D) loose */
static inline void ge_add_tail(ge_sum *s, const fe *a, const fe *b, const fe *c, const fe *d) {
    fe_sub(&s->e, b, a);
    fe_sub(&s->f, d, c);
    fe_add(&s->g, d, c);
    fe_add(&s->h, b, a);
}

static inline void ge_add_cached(ge_sum *s, const ge *p, const ge_cached *q) {
    fe a, b, c, d;
    fe_sub(&a, &p->y, &p->x);
    fe_mul(&a, &a, &q->minus);
    fe_add(&b, &p->y, &p->x);
    fe_mul(&b, &b, &q->plus);
    fe_mul(&c, &p->t, &q->t2d);
    fe_mul(&d, &p->z, &q->z2);
    ge_add_tail(s, &a, &b, &c, &d);
}

static inline void ge_sub_cached(ge_sum *s, const ge *p, const ge_cached *q) {
    fe a, b, c, d;
    fe_sub(&a, &p->y, &p->x);
    fe_mul(&a, &a, &q->plus);
    fe_add(&b, &p->y, &p->x);
    fe_mul(&b, &b, &q->minus);
    fe_mul(&c, &p->t, &q->t2d);
    fe_mul(&d, &p->z, &q->z2);
    fe_sub(&s->e, &b, &a);
    fe_add(&s->f, &d, &c);
    fe_sub(&s->g, &d, &c);
    fe_add(&s->h, &b, &a);
}

static inline void ge_add_niels(ge_sum *s, const ge *p, const ge_niels *q) {
    fe a, b, c, d;
    fe_sub(&a, &p->y, &p->x);
    fe_mul(&a, &a, &q->minus);
    fe_add(&b, &p->y, &p->x);
    fe_mul(&b, &b, &q->plus);
    fe_mul(&c, &p->t, &q->t2d);
    fe_add(&d, &p->z, &p->z);
    fe_carry(&d, &d);
    ge_add_tail(s, &a, &b, &c, &d);
}

static inline void ge_sub_niels(ge_sum *s, const ge *p, const ge_niels *q) {
    fe a, b, c, d;
    fe_sub(&a, &p->y, &p->x);
    fe_mul(&a, &a, &q->plus);
    fe_add(&b, &p->y, &p->x);
    fe_mul(&b, &b, &q->minus);
    fe_mul(&c, &p->t, &q->t2d);
    fe_add(&d, &p->z, &p->z);
    fe_carry(&d, &d);
    fe_sub(&s->e, &b, &a);
    fe_add(&s->f, &d, &c);
    fe_sub(&s->g, &d, &c);
    fe_add(&s->h, &b, &a);
}

/* E = 2XY, H = Y^2 + X^2, G = Y^2 - X^2, F = 2Z^2 - G: the signs of F and H are the source's
 * turned about, which negates all four coordinates of the result and so changes nothing. */
static inline void ge_double(ge_sum *s, const ge *p) {
    fe xx, yy, zz, z2, t;
    fe_sqr(&xx, &p->x);
    fe_sqr(&yy, &p->y);
    fe_sqr(&zz, &p->z);
    fe_add(&t, &p->x, &p->y);
    fe_sqr(&t, &t);
    fe_add(&s->h, &yy, &xx);
    fe_sub(&s->g, &yy, &xx);
    fe_add(&z2, &zz, &zz);
    fe_sub_loose(&s->f, &z2, &s->g);
    fe_sub_loose(&s->e, &t, &s->h);
}

/* o = 2^n p, n >= 1 */
static inline void ge_double_times(ge *o, const ge *p, int n) {
    ge_sum s;
    ge_double(&s, p);
    for (int i = 1; i < n; i++) {
        ge_finish_no_t(o, &s);
        ge_double(&s, o);
    }
    ge_finish(o, &s);
}

static inline void ge_add(ge *o, const ge *a, const ge *b) {
    ge_cached q;
    ge_sum s;
    ge_cache(&q, b);
    ge_add_cached(&s, a, &q);
    ge_finish(o, &s);
}

#endif
