/* Chooses the backend and hands the batch operations to it.
 *
 * Invariant: `backend` changes only in tp_group_select, which runs before threads do.
 * spec: chapter 2 (primitives).
 */
#include "core/group/backend.h"

/* Fastest first; portable is last and always runs. */
static const tp_backend *const backends[] = {
#ifdef TP_GROUP_IFMA
    &tp_backend_ifma,
#endif
    &tp_backend_portable,
};
#define BACKENDS (sizeof backends / sizeof backends[0])

static const tp_backend *backend = &tp_backend_portable;

static bool same_name(const char *a, const char *b) {
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

tp_err tp_group_select(const char *name) {
    for (size_t i = 0; i < BACKENDS; i++) {
        if (name && !same_name(name, backends[i]->name)) continue;
        if (!backends[i]->supported()) continue;
        backends[i]->prepare();
        backend = backends[i];
        return TP_OK;
    }
    return TP_REFUSED;
}

const char *tp_group_backend(void) {
    return backend->name;
}

const char *tp_group_backend_name(size_t i) {
    return i < BACKENDS ? backends[i]->name : NULL;
}

/* ---- scalars ---- */

tp_err tp_scalars_decode(tp_scalar *out, const uint8_t (*in)[32], size_t n, size_t *bad) {
    for (size_t i = 0; i < n; i++) {
        if (tp_scalar_decode(&out[i], in[i]) == TP_OK) continue;
        if (bad) *bad = i;
        for (size_t j = 0; j < n; j++)
            out[j] = tp_scalar_zero;
        return TP_MALFORMED;
    }
    return TP_OK;
}

void tp_scalars_encode(uint8_t (*out)[32], const tp_scalar *a, size_t n) {
    for (size_t i = 0; i < n; i++)
        tp_scalar_encode(out[i], &a[i]);
}

void tp_scalars_mul(tp_scalar *out, const tp_scalar *a, const tp_scalar *b, size_t n) {
    backend->scalars_mul(out, a, b, n);
}

void tp_scalars_muladd(tp_scalar *out, const tp_scalar *a, const tp_scalar *b, const tp_scalar *c,
                       size_t n) {
    backend->scalars_muladd(out, a, b, c, n);
}

void tp_scalars_scale(tp_scalar *out, const tp_scalar *a, const tp_scalar *k, size_t n) {
    backend->scalars_scale(out, a, k, n);
}

void tp_scalars_scale_add(tp_scalar *out, const tp_scalar *a, const tp_scalar *k,
                          const tp_scalar *c, size_t n) {
    backend->scalars_scale_add(out, a, k, c, n);
}

void tp_scalars_dot(tp_scalar *out, const tp_scalar *a, const tp_scalar *b, size_t n) {
    backend->scalars_dot(out, a, b, n);
}

void tp_scalars_half(tp_scalar *out, const tp_scalar *a, size_t n) {
    for (size_t i = 0; i < n; i++)
        tp_scalar_half(&out[i], &a[i]);
}

void tp_scalars_sum(tp_scalar *out, const tp_scalar *a, size_t n) {
    tp_scalar sum = tp_scalar_zero;
    for (size_t i = 0; i < n; i++)
        tp_scalar_add(&sum, &sum, &a[i]);
    *out = sum;
}

void tp_scalars_powers(tp_scalar *out, const tp_scalar *x, size_t n) {
    backend->scalars_powers(out, x, n);
}

/* ---- points ---- */

/* Turns a decoder's first bad index into the public answer. */
static tp_err decoded(tp_point *out, size_t n, size_t first_bad, size_t *bad) {
    if (first_bad == n) return TP_OK;
    if (bad) *bad = first_bad;
    for (size_t i = 0; i < n; i++)
        tp_point_identity(&out[i]);
    return TP_MALFORMED;
}

tp_err tp_points_decode_var(tp_point *out, const uint8_t (*in)[32], size_t n, size_t *bad) {
    return decoded(out, n, backend->decode_var(out, in, n), bad);
}

tp_err tp_points_decode_hinted_var(tp_point *out, const uint8_t (*in)[32],
                                   const uint8_t (*hints)[32], size_t n, size_t *bad) {
    return decoded(out, n, backend->decode_hinted_var(out, in, hints, n), bad);
}

tp_err tp_points_hint_var(uint8_t (*hints)[32], const uint8_t (*in)[32], size_t n, size_t *bad) {
    size_t first_bad = backend->hint_var(hints, in, n);
    if (first_bad == n) return TP_OK;
    if (bad) *bad = first_bad;
    for (size_t i = 0; i < n; i++)
        tp_wipe(hints[i], 32);
    return TP_MALFORMED;
}

void tp_points_add(tp_point *out, const tp_point *a, const tp_point *b, size_t n) {
    backend->add(out, a, b, n);
}

void tp_points_encode(uint8_t (*out)[32], const tp_point *a, size_t n) {
    backend->encode(out, a, n);
}

void tp_points_encode_double(uint8_t (*out)[32], const tp_point *a, size_t n) {
    backend->encode_double(out, a, n);
}

void tp_points_mul_base(tp_point *out, const tp_scalar *s, size_t n) {
    backend->mul_base(out, s, n);
}

void tp_points_mul(tp_point *out, const tp_scalar *s, const tp_point *p, size_t n) {
    backend->mul(out, s, p, n);
}

size_t tp_mul_sum_scratch(size_t n) {
    return backend->mul_sum_scratch(n);
}

void tp_point_mul_sum(tp_point *out, const tp_scalar *s, const tp_point *p, size_t n,
                      void *scratch) {
    backend->mul_sum(out, s, p, n, scratch);
}

/* No scalar is wider. */
#define MAX_BITS 253

size_t tp_msm_scratch(size_t n, unsigned bits) {
    return backend->msm_scratch(n, bits < MAX_BITS ? bits : MAX_BITS);
}

/* The bits of s from bit `bits` on, gathered into one word. */
static uint64_t beyond(const tp_scalar *s, unsigned bits) {
    uint64_t over = 0;
    for (unsigned i = bits / 64; i < 4; i++)
        over |= i > bits / 64 ? s->limb[i] : s->limb[i] >> bits % 64;
    return over;
}

/* A scalar wider than promised would give a wrong sum, so it stops the program. */
void tp_msm_var(tp_point *out, const tp_scalar *s, const tp_point *p, size_t n, unsigned bits,
                void *scratch) {
    if (bits > MAX_BITS) bits = MAX_BITS;
    uint64_t over = 0;
    for (size_t i = 0; i < n; i++)
        over |= beyond(&s[i], bits);
    if (over) __builtin_trap();
    backend->msm_var(out, s, p, n, bits, scratch);
}

void tp_points_from_uniform_var(tp_point *out, const uint8_t (*in)[64], size_t n) {
    backend->from_uniform_var(out, in, n);
}
