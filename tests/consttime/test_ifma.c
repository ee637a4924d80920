/* The constant-time gate for the eight-lane backend, by MemorySanitizer, since memcheck knows no
 * AVX-512: scalars and points are poisoned, a branch or an address that depends on one ends the
 * program. That poison went through each function is checked at its output, so that a pass is not
 * empty. These are all functions of the backend that take secrets; decoders, hints, the map from
 * uniform bytes and tp_msm_var take public data only (`_var`). With the argument "var" a
 * variable-time sum runs instead, which must be reported. Built and run by tests/consttime/ifma,
 * not by meson.
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

/* The first word is secret (not always its first byte: at -O3 the sanitizer loses the lower ones in
 * a vector shift); then all are made public for the next. */
static void poisoned(const char *what, void *p, size_t len) {
    long at = (long)__msan_test_shadow(p, len);
    bool ok = at >= 0 && at < 8;
    memset(p, 0, len);
    printf("%s %u - ifma %s: no report, and its output is secret\n", ok ? "ok" : "not ok", ++done,
           what);
    fflush(stdout);
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
    tp_points_encode(encodings, points, N);
    poisoned("encode", encodings, sizeof encodings);
    tp_points_add(sums, points, points, N);
    poisoned("add", sums, sizeof sums);
    tp_points_encode_double(encodings, points, N);
    poisoned("encode_double", encodings, sizeof encodings);
    tp_scalars_half(results, scalars, N);
    poisoned("half", results, sizeof results);
    tp_scalars_sum(results, scalars, N);
    poisoned("scalars_sum", results, sizeof results[0]);
    tp_point_mul_sum(&sums[0], scalars, points, N, scratch);
    poisoned("mul_sum", sums, sizeof sums[0]);
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
