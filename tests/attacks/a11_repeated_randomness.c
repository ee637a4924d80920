/* A11: with a generator stuck on one value, different statements, secrets, domains and positions
 * must still give different nonces, and good randomness must change them all. spec: P-7, P-8
 */
#include "core/hash/hash.h"
#include "tests/support/support.h"

static int compare(const void *a, const void *b) {
    return memcmp(a, b, 64);
}

static void assert_all_distinct(uint8_t (*outs)[64], size_t count) {
    qsort(outs, count, 64, compare);
    for (size_t i = 1; i < count; i++)
        assert_memory_not_equal(outs[i - 1], outs[i], 64);
}

static const uint8_t stuck[32];

static void nonce(uint8_t out[64], const char *domain, const char *secret, const uint8_t *random,
                  uint64_t statement) {
    tp_transcript t;
    tp_nonces g;
    tp_transcript_init(&t, "a11");
    tp_absorb_u64(&t, "statement", statement);
    tp_nonces_init(&g, domain, secret, strlen(secret), random, &t);
    tp_nonces_next(&g, out);
}

static void test_constant_randomness(void **state) {
    (void)state;
    static uint8_t outs[3000][64];
    size_t n = 0;
    for (uint64_t statement = 0; statement < 1000; statement++) {
        nonce(outs[n++], "d", "secret", stuck, statement);
        nonce(outs[n++], "e", "secret", stuck, statement);
        nonce(outs[n++], "d", "secreu", stuck, statement);
    }
    assert_all_distinct(outs, n);
}

static void test_stream_does_not_repeat(void **state) {
    (void)state;
    static uint8_t outs[1000][64];
    tp_transcript t;
    tp_nonces g;
    tp_transcript_init(&t, "a11");
    tp_nonces_init(&g, "d", "s", 1, stuck, &t);
    for (size_t i = 0; i < 1000; i++)
        tp_nonces_next(&g, outs[i]);
    assert_all_distinct(outs, 1000);
}

static void test_every_random_bit_matters(void **state) {
    (void)state;
    static uint8_t outs[257][64];
    uint8_t random[32] = {0};
    nonce(outs[256], "d", "secret", random, 1);
    for (size_t bit = 0; bit < 256; bit++) {
        random[bit / 8] = (uint8_t)(1 << bit % 8);
        nonce(outs[bit], "d", "secret", random, 1);
        random[bit / 8] = 0;
    }
    assert_all_distinct(outs, 257);
}

/* The context counts as it is when the nonces begin: what was absorbed before, in order. */
static void test_context_is_read_not_changed(void **state) {
    (void)state;
    uint8_t a[64], b[64], c[64];
    tp_transcript t, before;
    tp_nonces g;
    tp_transcript_init(&t, "a11");
    before = t;
    tp_nonces_init(&g, "d", "s", 1, stuck, &t);
    tp_nonces_next(&g, a);
    assert_int_equal(before.h.total, t.h.total);
    tp_nonces_init(&g, "d", "s", 1, stuck, &t);
    tp_nonces_next(&g, b);
    assert_memory_equal(a, b, 64); /* deterministic */
    tp_challenge(&t, "c", c);
    tp_nonces_init(&g, "d", "s", 1, stuck, &t);
    tp_nonces_next(&g, b);
    assert_memory_not_equal(a, b, 64);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constant_randomness),
        cmocka_unit_test(test_stream_does_not_repeat),
        cmocka_unit_test(test_every_random_bit_matters),
        cmocka_unit_test(test_context_is_read_not_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
