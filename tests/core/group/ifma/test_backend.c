/* The IFMA backend against the portable one and libsodium: every operation, edge inputs, lengths
 * that are no multiple of eight. TAPAT_LONG=1 takes a hundred times as many. spec: chapter 2 */
#include <sodium.h>

#include "tests/core/group/ifma/reference.h"
#include "tests/support/support.h"

static const tp_backend *const ifma = &tp_backend_ifma, *const portable = &tp_backend_portable;

enum { BATCH = 250, ODD = 13 };

static size_t batches(void) {
    return getenv("TAPAT_LONG") ? 4000 : 40;
}

/* ISO C before C23 does not add const to an array of arrays by itself. */
#define IN(bytes)   ((const uint8_t(*)[32])(bytes))
#define IN64(bytes) ((const uint8_t(*)[64])(bytes))

/* ---- inputs ---- */

static const tp_scalar order_minus_one = {
    {0x5812631a5cf5d3ec, 0x14def9dea2f79cd6, 0, 0x1000000000000000}};

/* Scalars at which digits, carries and reductions turn over, else random ones. */
static void pick_scalars(tp_scalar *s, size_t n, uint64_t *rng) {
    for (size_t i = 0; i < n; i++) {
        uint8_t wide[64];
        uint64_t r = test_random(rng);
        uint64_t fill = r >> 20 & 1   ? 0x8888888888888888
                        : r >> 21 & 1 ? 0x7777777777777777
                                      : 0x0820820820820820;
        test_random_bytes(rng, wide, 64);
        tp_scalar_wide(&s[i], wide);
        if (r % 4) continue;
        tp_scalar small = {{r >> 32 & 31, 0, 0, 0}};
        switch (r >> 8 & 7) {
        case 0:
            s[i] = small;
            break;
        case 1:
            tp_scalar_sub(&s[i], &order_minus_one, &small);
            break;
        case 2:
            s[i] = (tp_scalar){{0}};
            s[i].limb[r >> 40 & 3] = 1ULL << (r >> 48 & 59);
            break;
        case 3:
            s[i] = (tp_scalar){{fill, fill, fill, fill >> 4}};
            break;
        case 4:
            s[i] = (tp_scalar){{~0ULL, ~0ULL, ~0ULL, ~0ULL >> 4}};
            break;
        case 5:
            /* a carry runs through all words of the digits' bias: 4-bit, 6-bit windows */
            s[i] = (tp_scalar){{~0ULL, 0x7777777777777777, 0x7777777777777777, r >> 8 & 7}};
            break;
        case 6:
            s[i] = (tp_scalar){{~0ULL, 0xdf7df7df7df7df7d, 0x7df7df7df7df7df7, r >> 8 & 7}};
            break;
        default:
            break;
        }
    }
}

/* Group elements by random representatives: any Z, any torsion; one in sixteen the identity. */
static void pick_points(tp_point *p, size_t n, uint64_t *rng) {
    for (size_t i = 0; i < n; i++) {
        uint8_t uniform[1][64];
        uint64_t z[5];
        test_random_bytes(rng, uniform, sizeof uniform);
        portable->from_uniform_var(&p[i], IN64(uniform), 1);
        if (test_random(rng) % 16 == 0) tp_point_identity(&p[i]);
        for (int k = 0; k < 5; k++)
            z[k] = test_random(rng) >> 13;
        reference_representative(&p[i], &p[i], test_random(rng) & 3, z);
    }
}

static void assert_same_points(const tp_point *a, const tp_point *b, size_t n) {
    for (size_t i = 0; i < n; i++) {
        assert_true(tp_point_equal(&a[i], &b[i]));
        for (int k = 0; k < 20; k++)
            assert_true(a[i].limb[k] < (1ULL << 51) + (1ULL << 16));
        /* also on the curve: T agrees, which equality does not look at */
        uint8_t xy[32], zt[32];
        reference(xy, REF_MUL, a[i].limb, a[i].limb + 5);
        reference(zt, REF_MUL, a[i].limb + 10, a[i].limb + 15);
        assert_memory_equal(xy, zt, 32);
    }
}

/* ---- encodings ---- */

static void test_encode(void **state) {
    (void)state;
    uint64_t rng = 1;
    for (size_t b = 0; b < batches(); b++) {
        static tp_point p[BATCH];
        static uint8_t got[BATCH + 1][32], want[BATCH][32];
        size_t n = BATCH - b % ODD;
        pick_points(p, n, &rng);
        memset(got, 0xa5, sizeof got);
        ifma->encode(got, p, n);
        portable->encode(want, p, n);
        assert_memory_equal(got, want, 32 * n);
        assert_int_equal(got[n][0], 0xa5);
        ifma->encode_double(got, p, n);
        portable->encode_double(want, p, n);
        assert_memory_equal(got, want, 32 * n);
        assert_int_equal(got[n][0], 0xa5);
    }
}

/* More doubles than share an inversion. */
static void test_encode_many_doubles(void **state) {
    (void)state;
    enum { N = 1100 };
    static tp_point p[N];
    static uint8_t got[N][32], want[N][32];
    uint64_t rng = 9;
    pick_points(p, N, &rng);
    ifma->encode_double(got, p, N);
    for (size_t i = 0; i < N; i++)
        tp_point_add(&p[i], &p[i], &p[i]);
    portable->encode(want, p, N);
    assert_memory_equal(got, want, sizeof want);
}

/* All representatives of the identity, which meet the zeros of the formulas. */
static void test_encode_identity(void **state) {
    (void)state;
    static const uint64_t z[5] = {12345, 6, 7, 8, 9}, one[5] = {1};
    tp_point p[8];
    uint8_t got[8][32], zero[8][32] = {{0}};
    for (unsigned i = 0; i < 8; i++) {
        tp_point_identity(&p[i]);
        reference_representative(&p[i], &p[i], i & 3, i & 4 ? z : one);
    }
    ifma->encode(got, p, 8);
    assert_memory_equal(got, zero, sizeof zero);
    ifma->encode_double(got, p, 8);
    assert_memory_equal(got, zero, sizeof zero);
}

static void test_decode(void **state) {
    (void)state;
    uint64_t rng = 2;
    for (size_t b = 0; b < batches(); b++) {
        static tp_point p[BATCH], got[BATCH], want[BATCH];
        static uint8_t enc[BATCH][32], hints[BATCH][32], others[BATCH][32];
        size_t n = BATCH - b % ODD;
        pick_points(p, n, &rng);
        portable->encode(enc, p, n);
        assert_int_equal(ifma->decode_var(got, IN(enc), n), n);
        assert_int_equal(portable->decode_var(want, IN(enc), n), n);
        assert_same_points(got, want, n);
        assert_int_equal(ifma->hint_var(hints, IN(enc), n), n);
        assert_int_equal(ifma->decode_hinted_var(got, IN(enc), IN(hints), n), n);
        assert_same_points(got, want, n);
        assert_int_equal(got[0].limb[10], 1);
        assert_int_equal(portable->hint_var(others, IN(enc), n), n);
        assert_int_equal(ifma->decode_hinted_var(got, IN(enc), IN(others), n), n);
        assert_int_equal(portable->decode_hinted_var(got, IN(enc), IN(hints), n), n);
        /* a wrong hint changes nothing */
        for (size_t i = b % 5; i < n; i += 5)
            hints[i][test_random(&rng) % 31] ^= 1 << (test_random(&rng) & 7);
        assert_int_equal(ifma->decode_hinted_var(got, IN(enc), IN(hints), n), n);
        assert_same_points(got, want, n);
    }
}

/* Strings that are not encodings, among good ones: both backends name the same first one. */
static void test_decode_bad(void **state) {
    (void)state;
    uint64_t rng = 3;
    size_t refused = 0;
    for (size_t b = 0; b < 50 * batches(); b++) {
        enum { N = 40 };
        tp_point p[N], got[N];
        uint8_t enc[N][32], hints[N][32];
        size_t n = N - b % 21, bad = test_random(&rng) % n, also = test_random(&rng) % n;
        for (size_t i = 0; i < n; i++)
            tp_point_base(&p[i]);
        portable->encode(enc, p, n);
        assert_int_equal(portable->hint_var(hints, IN(enc), n), n);
        uint8_t *e = enc[bad];
        test_random_bytes(&rng, enc[also], 32);
        switch (b % 6) {
        case 0:
            e[31] |= 0x80;
            break; /* bit 255 */
        case 1:
            e[0] |= 1;
            break; /* negative or another element */
        case 2:
            memset(e, 0xff, 32);
            e[31] = 0x7f;
            e[0] = (uint8_t)(0xec + b % 20);
            break;
        case 3:
            test_random_bytes(&rng, e, 32);
            e[31] &= 0x7f, e[0] &= 0xfe;
            break;
        case 4:
            e[test_random(&rng) % 32] ^= 1 << (test_random(&rng) & 7);
            break;
        default:
            memset(e, 0, 32);
            e[0] = (uint8_t)(b / 6 % 256);
            break;
        }
        size_t want = portable->decode_var(got, IN(enc), n);
        assert_int_equal(ifma->decode_var(got, IN(enc), n), want);
        assert_int_equal(ifma->decode_hinted_var(got, IN(enc), IN(hints), n), want);
        assert_int_equal(ifma->hint_var(hints, IN(enc), n), want);
        refused += want < n;
    }
    assert_true(refused > 20 * batches());
}

static void test_from_uniform(void **state) {
    (void)state;
    uint64_t rng = 4;
    for (size_t b = 0; b < batches(); b++) {
        static uint8_t in[BATCH][64], enc[BATCH][32];
        static tp_point got[BATCH], want[BATCH];
        uint8_t sodium_says[32];
        size_t n = BATCH - b % ODD;
        test_random_bytes(&rng, in, sizeof in);
        memset(in[0], 0, 64);
        memset(in[1], 0xff, 64);
        memset(in[2], 0xff, 32), in[2][0] = 0xed;
        memset(in[3], 0, 32), in[3][0] = 1;
        ifma->from_uniform_var(got, IN64(in), n);
        portable->from_uniform_var(want, IN64(in), n);
        assert_same_points(got, want, n);
        portable->encode(enc, got, n);
        crypto_core_ristretto255_from_hash(sodium_says, in[5]);
        assert_memory_equal(enc[5], sodium_says, 32);
    }
}

/* ---- products ---- */

static void test_mul_base(void **state) {
    (void)state;
    uint64_t rng = 5;
    for (size_t b = 0; b < batches(); b++) {
        static tp_scalar s[BATCH];
        static tp_point got[BATCH], want[BATCH];
        size_t n = BATCH - b % ODD;
        pick_scalars(s, n, &rng);
        ifma->mul_base(got, s, n);
        portable->mul_base(want, s, n);
        assert_same_points(got, want, n);
    }
}

static void test_mul(void **state) {
    (void)state;
    uint64_t rng = 6;
    for (size_t b = 0; b < batches(); b++) {
        static tp_scalar s[BATCH];
        static tp_point p[BATCH], want[BATCH];
        size_t n = BATCH - b % ODD;
        pick_scalars(s, n, &rng);
        pick_points(p, n, &rng);
        portable->mul(want, s, p, n);
        ifma->mul(p, s, p, n); /* in place */
        assert_same_points(p, want, n);
    }
}

/* Sums over points with known logarithms: sum of s_i (k_i G) = (sum of s_i k_i) G. */
typedef struct {
    tp_scalar *s, *k;
    tp_point *p;
    void *scratch;
} sum_case;

enum { SUM_MOST = 20000 };

static void check_sums(const sum_case *c, size_t n, unsigned bits) {
    tp_scalar dot;
    tp_point want, got;
    portable->scalars_dot(&dot, c->s, c->k, n);
    portable->mul_base(&want, &dot, 1);
    size_t size = ifma->msm_scratch(n, bits);
    uint8_t *end = (uint8_t *)c->scratch + size;
    memset(end, 0x5a, 64);
    ifma->msm_var(&got, c->s, c->p, n, bits, c->scratch);
    assert_same_points(&got, &want, 1);
    for (int i = 0; i < 64; i++)
        assert_int_equal(end[i], 0x5a);
    if (n > 600) return;
    ifma->mul_sum(&got, c->s, c->p, n, c->scratch);
    assert_same_points(&got, &want, 1);
}

static void test_sums(void **state) {
    (void)state;
    static const size_t lengths[] = {0,   1,   2,   7,   8,   9,   64,   97,   143,  144,
                                     145, 146, 150, 255, 256, 257, 1000, 4099, 20000};
    static const unsigned widths[] = {253, 252, 128, 64, 1, 17};
    uint64_t rng = 7;
    sum_case c = {calloc(SUM_MOST, sizeof *c.s), calloc(SUM_MOST, sizeof *c.k),
                  calloc(SUM_MOST, sizeof *c.p), NULL};
    size_t size = 0;
    for (unsigned w = 0; w < 6; w++)
        for (unsigned i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            size_t one = ifma->msm_scratch(lengths[i], widths[w]);
            size = one > size ? one : size;
        }
    size_t sum_size = ifma->mul_sum_scratch(SUM_MOST);
    size = ((size > sum_size ? size : sum_size) + 127) & ~(size_t)63;
    c.scratch = aligned_alloc(64, size);
    assert_true(c.s && c.k && c.p && c.scratch);
    pick_scalars(c.k, SUM_MOST, &rng);
    portable->mul_base(c.p, c.k, SUM_MOST);
    for (size_t i = 0; i < SUM_MOST / 2; i += 3) /* some affine stretches, some not */
        tp_point_base(&c.p[i]), c.k[i] = tp_scalar_one;
    for (unsigned w = 0; w < 6; w++)
        for (unsigned i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            pick_scalars(c.s, lengths[i], &rng);
            for (size_t j = 0; j < lengths[i]; j++)
                for (unsigned b = widths[w]; b < 256; b++)
                    c.s[j].limb[b / 64] &= ~(1ULL << (b % 64));
            check_sums(&c, lengths[i], widths[w]);
        }
    /* scalars that fill few buckets */
    for (unsigned kind = 0; kind < 6; kind++) {
        size_t n = 20000 - 1000 * kind;
        for (size_t j = 0; j < n; j++) {
            tp_scalar same = {{0x123456789abcdef0, 0xfedcba9876543210, 0x55aa55aa55aa55aa, 0x5aa}};
            tp_scalar tiny = {{kind == 2 ? 1 : j & 7, 0, 0, 0}};
            c.s[j] = kind == 0 ? same : kind == 1 ? tp_scalar_zero : tiny;
            if (kind == 4) c.s[j] = order_minus_one;
            if (kind == 5 && j & 1) tp_scalar_neg(&c.s[j], &same);
        }
        check_sums(&c, n, 253);
    }
    free(c.s), free(c.k), free(c.p), free(c.scratch);
}

/* ---- scalars ---- */

static void test_scalars(void **state) {
    (void)state;
    uint64_t rng = 8;
    for (size_t b = 0; b < 4 * batches(); b++) {
        static tp_scalar x[BATCH], y[BATCH], z[BATCH], got[BATCH], want[BATCH];
        size_t n = BATCH - b % ODD;
        pick_scalars(x, n, &rng);
        pick_scalars(y, n, &rng);
        pick_scalars(z, n, &rng);
        ifma->scalars_mul(got, x, y, n), portable->scalars_mul(want, x, y, n);
        assert_memory_equal(got, want, n * sizeof *got);
        ifma->scalars_muladd(got, x, y, z, n), portable->scalars_muladd(want, x, y, z, n);
        assert_memory_equal(got, want, n * sizeof *got);
        ifma->scalars_scale(got, x, y, n), portable->scalars_scale(want, x, y, n);
        assert_memory_equal(got, want, n * sizeof *got);
        ifma->scalars_scale_add(got, x, y, z, n), portable->scalars_scale_add(want, x, y, z, n);
        assert_memory_equal(got, want, n * sizeof *got);
        ifma->scalars_powers(got, x, n), portable->scalars_powers(want, x, n);
        assert_memory_equal(got, want, n * sizeof *got);
        ifma->scalars_dot(got, x, y, n), portable->scalars_dot(want, x, y, n);
        assert_memory_equal(got, want, sizeof *got);
        ifma->scalars_scale(x, x, &x[3], n); /* in place, the factor too */
    }
}

/* Sums that pass the blocks of the dot product, of scalars whose limbs are the largest. */
static void test_long_dot(void **state) {
    (void)state;
    enum { N = 20003 };
    static tp_scalar a[N];
    tp_scalar got, want;
    for (size_t i = 0; i < N; i++)
        a[i] = (tp_scalar){{~0ULL, ~0ULL, ~0ULL, ~0ULL >> 4}};
    ifma->scalars_dot(&got, a, a, N);
    tp_scalar_from_u64(&want, N);
    tp_scalar_mul(&want, &want, &a[0]);
    tp_scalar_mul(&want, &want, &a[0]);
    assert_memory_equal(&got, &want, sizeof got);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encode),
        cmocka_unit_test(test_encode_many_doubles),
        cmocka_unit_test(test_encode_identity),
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_decode_bad),
        cmocka_unit_test(test_from_uniform),
        cmocka_unit_test(test_mul_base),
        cmocka_unit_test(test_mul),
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_scalars),
        cmocka_unit_test(test_long_dot),
    };
    if (!ifma->supported()) {
        puts("1..0 # SKIP no AVX-512 IFMA");
        return 0;
    }
    portable->prepare();
    ifma->prepare();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
