/* The constant-time gate for the eight-lane backend, by MemorySanitizer, since memcheck knows no
 * AVX-512: scalars and points are poisoned, a branch or an address that depends on one ends the
 * program. That poison went through each function is checked at its output, so that a pass is not
 * empty. tp_point_mul_sum runs too, but its output comes out clean: for it the gate proves nothing.
 * With the argument "var" a variable-time sum runs instead, which must be reported. Built and run
 * by tests/consttime/ifma, not by meson.
 */
#include "core/group/group.h"

#include <sanitizer/msan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 11 };

static tp_scalar scalars[N], results[N];
static tp_point points[N], sums[N];
static uint8_t encodings[N][32], wide[64];
static unsigned done, failed;

static void poisoned(const char *what, const void *p, size_t len) {
    bool ok = __msan_test_shadow(p, len) == 0;
    printf("%s %u - ifma %s: no report, and its output is secret\n", ok ? "ok" : "not ok", ++done,
           what);
    failed += !ok;
}

static void run_all(void *scratch) {
    tp_scalars_mul(results, scalars, scalars, N);
    poisoned("scalars_mul", results, sizeof results);
    tp_scalars_muladd(results, scalars, scalars, scalars, N);
    poisoned("scalars_muladd", results, sizeof results);
    tp_scalars_scale(results, scalars, scalars, N);
    poisoned("scalars_scale", results, sizeof results);
    tp_scalars_scale_add(results, scalars, scalars, scalars, N);
    poisoned("scalars_scale_add", results, sizeof results);
    tp_scalars_dot(results, scalars, scalars, N);
    poisoned("scalars_dot", results, sizeof results[0]);
    tp_scalars_powers(results, scalars, N);
    poisoned("scalars_powers", results, sizeof results);
    tp_points_mul_base(sums, scalars, N);
    poisoned("mul_base", sums, sizeof sums);
    tp_points_mul(sums, scalars, points, N);
    poisoned("mul", sums, sizeof sums);
    tp_points_encode(encodings, sums, N);
    poisoned("encode", encodings, sizeof encodings);
    tp_point_mul_sum(&sums[0], scalars, points, N, scratch);
}

int main(int argc, char **argv) {
    (void)argv;
    if (tp_group_select("ifma")) return 77;
    const size_t size = tp_mul_sum_scratch(N) + tp_msm_scratch(N, 253);
    void *scratch = aligned_alloc(64, (size + 63) / 64 * 64);
    if (!scratch) return 2;
    for (size_t i = 0; i < N; i++) {
        memset(wide, (int)(3 + 17 * i), sizeof wide);
        tp_scalar_wide(&scalars[i], wide);
    }
    tp_points_mul_base(points, scalars, N);
    __msan_poison(scalars, sizeof scalars);
    __msan_poison(points, sizeof points);
    if (argc > 1)
        tp_msm_var(&sums[0], scalars, points, N, 253, scratch);
    else
        run_all(scratch);
    free(scratch);
    return failed != 0;
}
