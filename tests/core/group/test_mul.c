/* Scalar multiplication and its sums: against libsodium and against known logarithms. spec: P-5 */
#include <signal.h>
#include <sodium.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/core/group/group_support.h"

enum { MOST = 5000 };
static const size_t sizes[] = {0, 1, 2, 3, 7, 8, 9, 31, 100, 1000, MOST};
#define SIZES (sizeof sizes / sizeof sizes[0])

/* log_of[i] and points with those logarithms: by turns affine (decoded) and not. */
static tp_scalar log_of[MOST];
static tp_point point[MOST];

static int make_points(void **state) {
    (void)state;
    static uint8_t bytes[MOST / 2][32];
    uint64_t rng = 77;
    for (size_t i = 0; i < MOST; i++)
        log_of[i] = edge_scalar(i, &rng);
    assert_int_equal(tp_group_select("portable"), TP_OK);
    tp_points_mul_base(point, log_of, MOST);
    tp_points_encode(bytes, point, MOST / 2);
    return (int)tp_points_decode_var(point, (const_encodings)bytes, MOST / 2, NULL);
}

static void test_mul_base_against_libsodium(void **state) {
    (void)state;
    enum { N = 101 };
    uint64_t rng = 1;
    FOR_EACH_BACKEND {
        tp_scalar s[N];
        tp_point p[N];
        uint8_t got[N][32];
        for (size_t i = 0; i < N; i++)
            s[i] = edge_scalar(i, &rng);
        tp_points_mul_base(p, s, N);
        tp_points_encode(got, p, N);
        for (size_t i = 0; i < N; i++) {
            uint8_t k[32], want[32] = {0};
            tp_scalar_encode(k, &s[i]);
            int err = crypto_scalarmult_ristretto255_base(want, k); /* -1 for the identity */
            assert_int_equal(err, i ? 0 : -1);
            assert_memory_equal(got[i], want, 32);
        }
    }
}

static void test_mul_against_libsodium(void **state) {
    (void)state;
    enum { N = 61 };
    uint64_t rng = 2;
    FOR_EACH_BACKEND {
        tp_scalar s[N];
        tp_point p[N], q[N];
        uint8_t in[N][32], got[N][32];
        for (size_t i = 0; i < N; i++)
            s[i] = edge_scalar(i, &rng), p[i] = random_point(&rng);
        tp_point_identity(&p[N - 1]);
        tp_points_encode(in, p, N);
        tp_points_mul(q, s, p, N);
        tp_points_encode(got, q, N);
        for (size_t i = 0; i < N; i++) {
            uint8_t k[32], want[32] = {0};
            tp_scalar_encode(k, &s[i]);
            int err = crypto_scalarmult_ristretto255(want, k, in[i]);
            assert_int_equal(err, i && i != N - 1 ? 0 : -1);
            assert_memory_equal(got[i], want, 32);
        }
        tp_points_mul(p, s, p, N); /* in place */
        for (size_t i = 0; i < N; i++)
            assert_same_point(&p[i], &q[i]);
    }
}

static void test_mul_every_size(void **state) {
    (void)state;
    enum { N = 20 };
    uint64_t rng = 3;
    FOR_EACH_BACKEND {
        for (size_t n = 0; n <= N; n++) {
            tp_scalar s[N];
            tp_point p[N + 1], q[N + 1], base;
            tp_point_base(&base);
            for (size_t i = 0; i < n; i++)
                s[i] = random_scalar(&rng);
            p[n] = q[n] = base; /* not to be touched */
            for (size_t i = 0; i < n; i++)
                q[i] = base;
            tp_points_mul_base(p, s, n);
            tp_points_mul(q, s, q, n);
            for (size_t i = 0; i < n; i++)
                assert_same_point(&p[i], &q[i]);
            assert_memory_equal(&p[n], &base, sizeof base);
            assert_memory_equal(&q[n], &base, sizeof base);
        }
    }
}

/* sum of s[i] * log_of[i], times the base */
static tp_point expected(const tp_scalar *s, size_t n) {
    tp_scalar log;
    tp_point p;
    tp_scalars_dot(&log, s, log_of, n);
    tp_points_mul_base(&p, &log, 1);
    return p;
}

static tp_point msm(const tp_scalar *s, const tp_point *p, size_t n, unsigned bits) {
    void *scratch = scratch_of(tp_msm_scratch(n, bits));
    tp_point out;
    tp_msm_var(&out, s, p, n, bits, scratch);
    free(scratch);
    return out;
}

static tp_point mul_sum(const tp_scalar *s, const tp_point *p, size_t n) {
    void *scratch = scratch_of(tp_mul_sum_scratch(n));
    tp_point out;
    tp_point_mul_sum(&out, s, p, n, scratch);
    free(scratch);
    return out;
}

static void shorten(tp_scalar *s, unsigned bits) {
    for (unsigned i = bits; i < 256; i++)
        s->limb[i / 64] &= ~(UINT64_C(1) << i % 64);
}

static void test_msm_random(void **state) {
    (void)state;
    static const unsigned widths[] = {253, 128, 64, 1};
    static tp_scalar s[MOST];
    uint64_t rng = 4;
    FOR_EACH_BACKEND {
        for (size_t w = 0; w < 4; w++)
            for (size_t k = 0; k < SIZES; k++) {
                size_t n = sizes[k];
                for (size_t i = 0; i < n; i++)
                    s[i] = random_scalar(&rng), shorten(&s[i], widths[w]);
                tp_point got = msm(s, point, n, widths[w]), want = expected(s, n);
                assert_same_point(&got, &want);
            }
    }
}

/* All scalars alike: one bucket for every window gets every point. */
static void test_msm_adversarial(void **state) {
    (void)state;
    static tp_scalar s[MOST];
    uint64_t rng = 5;
    FOR_EACH_BACKEND {
        for (size_t e = 0; e <= EDGE_SCALARS; e++)
            for (size_t k = 0; k < SIZES; k++) {
                size_t n = sizes[k];
                tp_scalar one = edge_scalar(e, &rng), two = one;
                shorten(&two, 128);
                for (size_t i = 0; i < n; i++)
                    s[i] = one;
                tp_point got = msm(s, point, n, 253), want = expected(s, n);
                assert_same_point(&got, &want);
                for (size_t i = 0; i < n; i++)
                    s[i] = two;
                got = msm(s, point, n, 128), want = expected(s, n);
                assert_same_point(&got, &want);
            }
    }
}

/* One point repeated, and its negative: additions of equal and opposite points. */
static void test_msm_repeated_points(void **state) {
    (void)state;
    enum { N = 600 };
    static tp_point p[N];
    static tp_scalar s[N];
    uint64_t rng = 6;
    FOR_EACH_BACKEND {
        tp_scalar k = random_scalar(&rng), sum = tp_scalar_zero;
        tp_point q, want;
        tp_points_mul_base(&q, &k, 1);
        for (size_t i = 0; i < N; i++) {
            s[i] = i % 3 ? random_scalar(&rng) : tp_scalar_one;
            p[i] = q;
            tp_scalar_add(&sum, &sum, &s[i]);
        }
        tp_points_mul(&want, &sum, &q, 1);
        tp_point got = msm(s, p, N, 253), slow = mul_sum(s, p, N);
        assert_same_point(&got, &want);
        assert_same_point(&slow, &want);
        for (size_t i = 0; i < N; i += 2) {
            tp_point_neg(&p[i + 1], &p[i]);
            s[i + 1] = s[i];
        }
        got = msm(s, p, N, 253), slow = mul_sum(s, p, N);
        assert_int_equal(tp_point_is_identity(&got), 1);
        assert_int_equal(tp_point_is_identity(&slow), 1);
        for (size_t i = 0; i < N; i++)
            tp_point_identity(&p[i]);
        got = msm(s, p, N, 253);
        assert_int_equal(tp_point_is_identity(&got), 1);
    }
}

static void test_mul_sum(void **state) {
    (void)state;
    static tp_scalar s[MOST];
    uint64_t rng = 7;
    FOR_EACH_BACKEND {
        for (size_t k = 0; k < SIZES - 1; k++) {
            size_t n = sizes[k];
            for (size_t i = 0; i < n; i++)
                s[i] = edge_scalar(n - 1 - i, &rng);
            tp_point got = mul_sum(s, point, n), want = expected(s, n);
            assert_same_point(&got, &want);
        }
    }
}

/* A changed scalar or point changes the sum. */
static void test_sums_notice_a_change(void **state) {
    (void)state;
    enum { N = 700 };
    static tp_scalar s[N];
    static tp_point p[N];
    uint64_t rng = 8;
    FOR_EACH_BACKEND {
        for (size_t i = 0; i < N; i++)
            s[i] = random_scalar(&rng);
        memcpy(p, point, sizeof p);
        tp_point want = expected(s, N), got;
        for (size_t at = 0; at < N; at += 233) {
            tp_scalar kept = s[at];
            tp_scalar_add(&s[at], &kept, &tp_scalar_one);
            if (at == 0) p[0] = point[20]; /* point[0] is the identity, which no scalar moves */
            got = msm(s, p, N, 253);
            assert_int_equal(tp_point_equal(&got, &want), 0);
            got = mul_sum(s, p, N);
            assert_int_equal(tp_point_equal(&got, &want), 0);
            s[at] = kept;
            p[0] = point[0];
        }
    }
}

static void test_outputs_may_alias(void **state) {
    (void)state;
    uint64_t rng = 9;
    FOR_EACH_BACKEND {
        tp_scalar s[3] = {random_scalar(&rng), random_scalar(&rng), random_scalar(&rng)};
        tp_point p[3] = {random_point(&rng), random_point(&rng), random_point(&rng)}, want;
        void *scratch = scratch_of(tp_mul_sum_scratch(3) + tp_msm_scratch(3, 253));
        tp_point_mul_sum(&want, s, p, 3, scratch);
        tp_msm_var(&p[1], s, p, 3, 253, scratch);
        assert_same_point(&p[1], &want);
        tp_point_add(&p[1], &p[1], &p[1]);
        tp_point_sub(&p[1], &p[1], &want);
        assert_same_point(&p[1], &want);
        free(scratch);
    }
}

/* Who holds scratch for n points may sum fewer. */
static void test_scratch_serves_fewer_points(void **state) {
    (void)state;
    static const unsigned widths[] = {1, 64, 128, 253};
    FOR_EACH_BACKEND {
        size_t sum = 0, widest[4] = {0};
        for (size_t n = 0; n < 700000; n += n < 3000 ? 1 : n / 16 + 1) {
            assert_true(tp_mul_sum_scratch(n) >= sum);
            sum = tp_mul_sum_scratch(n);
            for (size_t w = 0; w < 4; w++) {
                assert_true(tp_msm_scratch(n, widths[w]) >= widest[w]);
                widest[w] = tp_msm_scratch(n, widths[w]);
            }
        }
        assert_true(widest[3] < (size_t)256 << 20); /* and is bounded */
    }
}

/* A scalar wider than promised would give a wrong sum: the program stops instead. */
static void test_msm_stops_at_a_wide_scalar(void **state) {
    (void)state;
    FOR_EACH_BACKEND {
        for (int wide = 0; wide < 2; wide++) {
            fflush(NULL);
            pid_t child = fork();
            assert_true(child >= 0);
            if (child == 0) {
                (void)signal(SIGILL, SIG_DFL), (void)signal(SIGTRAP, SIG_DFL);
                tp_scalar s = {{UINT64_MAX, UINT64_MAX, (uint64_t)wide, 0}};
                tp_point got = msm(&s, &point[20], 1, 128);
                _exit(got.limb[0] == 1);
            }
            int status;
            assert_int_equal(waitpid(child, &status, 0), child);
            assert_int_equal(WIFSIGNALED(status) != 0, wide);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mul_base_against_libsodium),
        cmocka_unit_test(test_mul_against_libsodium),
        cmocka_unit_test(test_mul_every_size),
        cmocka_unit_test(test_msm_random),
        cmocka_unit_test(test_msm_adversarial),
        cmocka_unit_test(test_msm_repeated_points),
        cmocka_unit_test(test_mul_sum),
        cmocka_unit_test(test_sums_notice_a_change),
        cmocka_unit_test(test_outputs_may_alias),
        cmocka_unit_test(test_scratch_serves_fewer_points),
        cmocka_unit_test(test_msm_stops_at_a_wide_scalar),
    };
    if (sodium_init() < 0) return 1;
    return cmocka_run_group_tests(tests, make_points, NULL);
}
