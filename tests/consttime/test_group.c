/* The constant-time gate for core/group: every function without _var runs on scalars and points
 * that memcheck holds to be undefined, so a branch or an address that depends on one is reported.
 * With the argument "var" it runs a variable-time sum instead, which must be reported.
 */
#include "core/group/group.h"

#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>

enum { N = 5 };

static tp_scalar scalars[N], results[N];
static tp_point points[N], sums[N];
static uint8_t encodings[N][32];
static uint8_t wide[64];

static void make_secret(void) {
    for (size_t i = 0; i < N; i++) {
        memset(wide, (int)(3 + 40 * i), sizeof wide);
        tp_scalar_wide(&scalars[i], wide);
    }
    tp_points_mul_base(points, scalars, N);
    VALGRIND_MAKE_MEM_UNDEFINED(scalars, sizeof scalars);
    VALGRIND_MAKE_MEM_UNDEFINED(points, sizeof points);
    VALGRIND_MAKE_MEM_UNDEFINED(wide, sizeof wide);
}

static void run_scalars(void) {
    tp_scalar a;
    tp_scalar_wide(&a, wide);
    tp_scalar_invert(&a, &a);
    tp_scalar_sub(&a, &a, &scalars[0]);
    tp_scalar_neg(&a, &a);
    tp_scalar_half(&a, &a);
    const uint32_t bit = tp_scalar_equal(&a, &scalars[0]) | tp_scalar_is_zero(&a);
    tp_scalar_select(&results[0], &a, &scalars[1], bit);
    tp_scalars_mul(results, scalars, scalars, N);
    tp_scalars_muladd(results, results, scalars, scalars, N);
    tp_scalars_scale(results, results, scalars, N);
    tp_scalars_scale_add(results, results, scalars, scalars, N);
    tp_scalars_half(results, results, N);
    tp_scalars_dot(&a, results, scalars, N);
    tp_scalars_powers(results, &a, N);
    tp_scalars_sum(&a, results, N);
    tp_scalars_encode(encodings, results, N);
}

static void run_points(void *scratch) {
    tp_points_mul_base(sums, scalars, N);
    tp_points_mul(sums, scalars, sums, N);
    tp_point_mul_sum(&sums[1], scalars, points, N, scratch);
    tp_point_add(&sums[0], &sums[0], &sums[1]);
    tp_point_sub(&sums[0], &sums[0], &sums[2]);
    tp_point_neg(&sums[0], &sums[0]);
    const uint32_t bit = tp_point_equal(&sums[0], &sums[1]) | tp_point_is_identity(&sums[0]);
    tp_point_select(&sums[3], &sums[0], &sums[1], bit);
    tp_points_encode(encodings, sums, N);
    tp_points_encode_double(encodings, sums, N);
}

int main(int argc, char **argv) {
    const bool var = argc > 1 && strcmp(argv[1], "var") == 0;
    if (tp_group_select(NULL)) return 2;
    const size_t size = tp_mul_sum_scratch(N) + tp_msm_scratch(N, 253);
    void *scratch = aligned_alloc(64, (size + 63) / 64 * 64);
    if (!scratch) return 2;
    make_secret();
    if (var) {
        tp_msm_var(&sums[0], scalars, points, N, 253, scratch);
    } else {
        run_scalars();
        run_points(scratch);
    }
    free(scratch);
    return 0;
}
