/* What the tests of the group share: every backend in turn, random scalars and points. */
#ifndef TAPAT_TESTS_GROUP_SUPPORT_H
#define TAPAT_TESTS_GROUP_SUPPORT_H

#include "core/group/group.h"
#include "tests/support/support.h"

typedef const uint8_t (*const_encodings)[32];

/* Selects the next backend that this processor runs; NULL past the last, with the fastest in force.
 * An unknown state of *i begins anew: start it at 0. */
static inline const char *next_backend(size_t *i) {
    const char *name;
    while ((name = tp_group_backend_name((*i)++)))
        if (tp_group_select(name) == TP_OK) {
            fprintf(stderr, "# backend %s\n", name);
            return name;
        }
    assert_int_equal(tp_group_select(NULL), TP_OK);
    return NULL;
}
#define FOR_EACH_BACKEND for (size_t backend_ = 0; next_backend(&backend_);)

static inline tp_scalar random_scalar(uint64_t *rng) {
    uint8_t wide[64];
    tp_scalar s;
    test_random_bytes(rng, wide, sizeof wide);
    tp_scalar_wide(&s, wide);
    return s;
}

static inline tp_point random_point(uint64_t *rng) {
    uint8_t wide[1][64];
    tp_point p;
    test_random_bytes(rng, wide, sizeof wide);
    tp_points_from_uniform_var(&p, (const uint8_t(*)[64])wide, 1);
    return p;
}

/* 0, 1, 2, L-1, L-2, (L-1)/2 and scalars with long runs of ones and zeros, then random ones. */
static inline tp_scalar edge_scalar(size_t i, uint64_t *rng) {
    tp_scalar s = tp_scalar_zero, two;
    tp_scalar_from_u64(&two, 2);
    switch (i) {
    case 0:
        return s;
    case 1:
        return tp_scalar_one;
    case 2:
        return two;
    case 3:
        tp_scalar_neg(&s, &tp_scalar_one);
        return s;
    case 4:
        tp_scalar_neg(&s, &two);
        return s;
    case 5:
        tp_scalar_invert(&s, &two);
        return s;
    case 6:
        return (tp_scalar){{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX >> 4}};
    case 7:
        return (tp_scalar){{0, 0, 0, UINT64_C(1) << 60}};
    case 8:
        return (tp_scalar){{UINT64_C(0x8888888888888888), UINT64_C(0x8888888888888888),
                            UINT64_C(0x8888888888888888), UINT64_C(0x0888888888888888)}};
    case 9:
        return (tp_scalar){{UINT64_C(0x7777777777777777), UINT64_C(0x7777777777777777),
                            UINT64_C(0x7777777777777777), UINT64_C(0x0777777777777777)}};
    case 10:
        return (tp_scalar){{UINT64_MAX, 0, UINT64_MAX, 0}};
    case 11:
        return (tp_scalar){{0, UINT64_MAX, 0, UINT64_MAX >> 4}};
    default:
        return random_scalar(rng);
    }
}
#define EDGE_SCALARS 12

static inline void *scratch_of(size_t size) {
    void *p = aligned_alloc(64, (size + 63) / 64 * 64 + 64);
    assert_non_null(p);
    return p;
}

static inline void assert_same_point(const tp_point *a, const tp_point *b) {
    assert_int_equal(tp_point_equal(a, b), 1);
}

#endif
