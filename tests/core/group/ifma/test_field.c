/* The vector field against the portable one: values at the bounds of the types, and random ones.
 * Outputs must be tight again. TAPAT_LONG=1 takes a hundred times as many. spec: chapter 2 */
#include "core/group/ifma/lanes.h"
#include "tests/core/group/ifma/reference.h"
#include "tests/support/support.h"

#define TIGHT (((uint64_t)1 << 51) + ((uint64_t)1 << 16))

/* Limbs where carries and the reduction turn over. */
static const uint64_t edge[] = {0,
                                1,
                                18,
                                19,
                                ((uint64_t)1 << 51) - 20,
                                ((uint64_t)1 << 51) - 19,
                                ((uint64_t)1 << 51) - 18,
                                ((uint64_t)1 << 51) - 1,
                                (uint64_t)1 << 51,
                                TIGHT - 1};
#define EDGES (sizeof edge / sizeof edge[0])

static size_t rounds(size_t n) {
    return getenv("TAPAT_LONG") ? 100 * n : n;
}

typedef struct {
    uint64_t limb[8][5];
} lanes;

static void pick(lanes *out, uint64_t *rng, uint64_t below) {
    for (int i = 0; i < 8; i++) {
        bool at_edge = test_random(rng) % 3 == 0;
        for (int k = 0; k < 5; k++) {
            uint64_t r = test_random(rng);
            bool high = r >> 40 & 1;
            out->limb[i][k] = at_edge || r >> 62 == 0 ? edge[r % EDGES] : (r >> 8) % below;
            if (at_edge && high) out->limb[i][k] = below - 1 - r % 3;
        }
    }
}

static tight gather(const lanes *in) {
    tight f;
    for (int k = 0; k < 5; k++) {
        uint64_t w[8];
        for (int i = 0; i < 8; i++)
            w[i] = in->limb[i][k];
        f.v[k] = load(w);
    }
    return f;
}

static void scatter(lanes *out, tight f) {
    for (int k = 0; k < 5; k++) {
        uint64_t w[8];
        store(w, f.v[k]);
        for (int i = 0; i < 8; i++)
            out->limb[i][k] = w[i];
    }
}

static void check(tight got, reference_op op, const lanes *a, const lanes *b) {
    lanes g;
    v8 words[4];
    uint8_t bytes[8][32], want[32], same[32];
    scatter(&g, got);
    fe_to_words(words, got);
    store_words(bytes, words);
    for (int i = 0; i < 8; i++) {
        for (int k = 0; k < 5; k++)
            assert_true(g.limb[i][k] < TIGHT);
        reference(want, op, a->limb[i], b->limb[i]);
        reference(same, REF_VALUE, g.limb[i], g.limb[i]);
        assert_memory_equal(same, want, 32);
        assert_memory_equal(bytes[i], want, 32);
    }
}

static void test_arithmetic(void **state) {
    (void)state;
    uint64_t rng = 51;
    for (size_t n = 0; n < rounds(10000); n++) {
        lanes a, b;
        pick(&a, &rng, TIGHT);
        pick(&b, &rng, TIGHT);
        tight x = gather(&a), y = gather(&b);
        check(x, REF_VALUE, &a, &b);
        check(fe_add(x, y), REF_ADD, &a, &b);
        check(fe_sub(x, y), REF_SUB, &a, &b);
        check(fe_mul(x, y), REF_MUL, &a, &b);
        check(fe_sqr(x), REF_SQR, &a, &b);
        check(fe_neg(fe_neg(x)), REF_VALUE, &a, &b);
    }
}

/* One factor of a product may have limbs up to 2^52 - 1. */
static void test_wide_factor(void **state) {
    (void)state;
    uint64_t rng = 52;
    for (size_t n = 0; n < rounds(2000); n++) {
        lanes a, b;
        pick(&a, &rng, TIGHT);
        pick(&b, &rng, (uint64_t)1 << 52);
        check(fe_mul(gather(&a), gather(&b)), REF_MUL, &a, &b);
    }
    lanes most_a, most_b;
    for (int i = 0; i < 40; i++)
        most_a.limb[i / 5][i % 5] = TIGHT - 1, most_b.limb[i / 5][i % 5] = ((uint64_t)1 << 52) - 1;
    check(fe_mul(gather(&most_a), gather(&most_b)), REF_MUL, &most_a, &most_b);
    check(fe_sqr(gather(&most_a)), REF_SQR, &most_a, &most_a);
}

/* The stated bounds of raws at the largest factors, so that sums of them may be carried once. */
static void test_raw_bounds(void **state) {
    (void)state;
    lanes most, wide;
    for (int i = 0; i < 40; i++)
        most.limb[i / 5][i % 5] = TIGHT - 1, wide.limb[i / 5][i % 5] = ((uint64_t)1 << 52) - 1;
    raw p = mul_raw(gather(&most), gather(&most)), s = sqr_raw(gather(&most));
    raw w = mul_raw(gather(&most), gather(&wide));
    for (int k = 0; k < 5; k++) {
        assert_int_equal(_mm512_cmpge_epu64_mask(p.v[k], word((uint64_t)1 << 59)), 0);
        assert_int_equal(_mm512_cmpge_epu64_mask(s.v[k], word((uint64_t)1 << 59)), 0);
        assert_int_equal(_mm512_cmpge_epu64_mask(w.v[k], word((uint64_t)1 << 60)), 0);
    }
}

static void test_inverse_and_root(void **state) {
    (void)state;
    uint64_t rng = 53;
    for (size_t n = 0; n < rounds(100); n++) {
        lanes a[2], one;
        __mmask8 square[2];
        tight x[2], inverse[2], root[2];
        for (int k = 0; k < 2; k++) {
            pick(&a[k], &rng, TIGHT);
            if (n == 0) memset(a[k].limb[3], 0, sizeof a[k].limb[3]);
            x[k] = gather(&a[k]);
        }
        invert2(inverse, x);
        invsqrt2(root, square, x);
        scatter(&one, fe_small(1));
        for (int k = 0; k < 2; k++) {
            check(inverse[k], REF_INVERT, &a[k], &a[k]);
            tight c = fe_mul(x[k], fe_sqr(root[k]));
            tight want = fe_select(square[k], fe_small(1), spread(&sqrt_m1));
            want = fe_select(fe_is_small(x[k], 0), fe_small(0), want);
            assert_int_equal(fe_is_small(fe_sub(c, want), 0), 0xff);
            for (int i = 0; i < 8; i++)
                assert_int_equal(square[k] >> i & 1, reference_is_square(a[k].limb[i]));
        }
    }
}

/* Memory to lanes and back. */
static void test_lanes(void **state) {
    (void)state;
    uint64_t rng = 54, in[8][20], out[8][20];
    const uint64_t *from[8];
    uint64_t *to[8];
    v8 c[20], w[4];
    test_random_bytes(&rng, in, sizeof in);
    for (int i = 0; i < 8; i++)
        from[i] = in[i], to[i] = out[i];
    load_rows20(c, from);
    for (int k = 0; k < 20; k++) {
        uint64_t lane[8];
        store(lane, c[k]);
        for (int i = 0; i < 8; i++)
            assert_true(lane[i] == in[i][k]);
    }
    store_rows20(to, c);
    assert_memory_equal(in, out, sizeof in);
    for (size_t n = 0; n <= 8; n++) {
        memset(out, 0xa5, sizeof out);
        load_words_tail(w, in, 0, n);
        store_words_tail(out, 0, n, w);
        assert_memory_equal(in, out, 32 * n);
        assert_int_equal(((uint8_t *)out)[32 * n], 0xa5);
        assert_int_equal(lanes_beyond(n, 0), 0xff & (0xff << n));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arithmetic), cmocka_unit_test(test_wide_factor),
        cmocka_unit_test(test_raw_bounds), cmocka_unit_test(test_inverse_and_root),
        cmocka_unit_test(test_lanes),
    };
    if (!tp_ifma_supported()) {
        puts("1..0 # SKIP no AVX-512 IFMA");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
