/* The backend that runs everywhere: one element at a time.
 * spec: chapter 2 (primitives).
 */
#include "core/group/internal.h"

static bool supported(void) {
    return true;
}

static void scalars_mul(tp_scalar *out, const tp_scalar *a, const tp_scalar *b, size_t n) {
    for (size_t i = 0; i < n; i++)
        tp_scalar_mul(&out[i], &a[i], &b[i]);
}

static void scalars_muladd(tp_scalar *out, const tp_scalar *a, const tp_scalar *b,
                           const tp_scalar *c, size_t n) {
    for (size_t i = 0; i < n; i++)
        tp_scalar_muladd(&out[i], &a[i], &b[i], &c[i]);
}

static void scalars_scale(tp_scalar *out, const tp_scalar *a, const tp_scalar *k, size_t n) {
    const tp_scalar factor = *k; /* k may lie in out */
    for (size_t i = 0; i < n; i++)
        tp_scalar_mul(&out[i], &a[i], &factor);
}

static void scalars_scale_add(tp_scalar *out, const tp_scalar *a, const tp_scalar *k,
                              const tp_scalar *c, size_t n) {
    const tp_scalar factor = *k;
    for (size_t i = 0; i < n; i++)
        tp_scalar_muladd(&out[i], &a[i], &factor, &c[i]);
}

static void scalars_dot(tp_scalar *out, const tp_scalar *a, const tp_scalar *b, size_t n) {
    tp_scalar sum = tp_scalar_zero;
    for (size_t i = 0; i < n; i++)
        tp_scalar_muladd(&sum, &a[i], &b[i], &sum);
    *out = sum;
}

static void scalars_powers(tp_scalar *out, const tp_scalar *x, size_t n) {
    const tp_scalar base = *x;
    tp_scalar power = tp_scalar_one;
    for (size_t i = 0; i < n; i++) {
        tp_scalar_mul(&power, &power, &base);
        out[i] = power;
    }
}

static void add(tp_point *out, const tp_point *a, const tp_point *b, size_t n) {
    for (size_t i = 0; i < n; i++)
        tp_point_add(&out[i], &a[i], &b[i]);
}

const tp_backend tp_backend_portable = {
    .name = "portable",
    .supported = supported,
    .prepare = tp_mul_prepare,
    .decode_var = tp_ristretto_decode_var,
    .decode_hinted_var = tp_ristretto_decode_hinted_var,
    .hint_var = tp_ristretto_hint_var,
    .encode = tp_ristretto_encode,
    .encode_double = tp_ristretto_encode_double,
    .from_uniform_var = tp_ristretto_from_uniform_var,
    .add = add,
    .mul_base = tp_mul_base,
    .mul = tp_mul_each,
    .mul_sum_scratch = tp_mul_straus_scratch,
    .mul_sum = tp_mul_straus,
    .msm_scratch = tp_msm_portable_scratch,
    .msm_var = tp_msm_portable_var,
    .scalars_mul = scalars_mul,
    .scalars_muladd = scalars_muladd,
    .scalars_scale = scalars_scale,
    .scalars_scale_add = scalars_scale_add,
    .scalars_dot = scalars_dot,
    .scalars_powers = scalars_powers,
};
