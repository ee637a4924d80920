/* The cursors are inverses of each other, never leave their bytes, and remember the first failure.
 */
#include "core/base/base.h"
#include "tests/support/support.h"

/* A random sequence of fields, written and then read back with the same choices. */
typedef struct {
    uint8_t bytes[8192];
    tp_writer w;
    uint64_t seed;
} sequence;

static const size_t maxima[] = {1, 10, 255, 256, 300, 65535, 65536, 70000, 1 << 24};

static void write_field(tp_writer *w, uint64_t *rng) {
    static uint8_t data[300];
    test_random_bytes(rng, data, sizeof data);
    uint64_t v = test_random(rng);
    size_t max = maxima[v % 9], len = test_random(rng) % ((max < 300 ? max : 300) + 1);
    switch (test_random(rng) % 7) {
    case 0:
        tp_write_u8(w, (uint8_t)v);
        break;
    case 1:
        tp_write_u16(w, (uint16_t)v);
        break;
    case 2:
        tp_write_u32(w, (uint32_t)v);
        break;
    case 3:
        tp_write_u64(w, v);
        break;
    case 4:
        tp_write_bytes(w, data, len);
        break;
    case 5:
        tp_write_vector(w, max, data, len);
        break;
    case 6: {
        size_t open = tp_write_open(w, max);
        tp_write_bytes(w, data, len);
        tp_write_close(w, open, max);
    }
    }
}

/* Reads what write_field wrote; false if the reader failed or (checked only without failure)
 * differs. */
static bool read_field(tp_reader *r, uint64_t *rng) {
    static uint8_t data[300], copy[300];
    test_random_bytes(rng, data, sizeof data);
    uint64_t v = test_random(rng);
    size_t max = maxima[v % 9], len = test_random(rng) % ((max < 300 ? max : 300) + 1);
    switch (test_random(rng) % 7) {
    case 0:
        return tp_read_u8(r) == (uint8_t)v && !r->failed;
    case 1:
        return tp_read_u16(r) == (uint16_t)v && !r->failed;
    case 2:
        return tp_read_u32(r) == (uint32_t)v && !r->failed;
    case 3:
        return tp_read_u64(r) == v && !r->failed;
    case 4:
        tp_read_copy(r, copy, len);
        return !r->failed && !memcmp(copy, data, len);
    default: {
        tp_reader in = tp_read_vector(r, 0, max);
        return !r->failed && in.left == len && (!len || !memcmp(in.p, data, len));
    }
    }
}

enum { FIELDS = 12 };

static void write_all(sequence *s, size_t cap, bool measure) {
    uint64_t rng = s->seed;
    s->w = tp_writer_of(measure ? NULL : s->bytes, cap);
    for (int i = 0; i < FIELDS; i++)
        write_field(&s->w, &rng);
}

/* spec: E-2, E-9 */
static void test_inverse(void **state) {
    (void)state;
    static sequence s;
    for (s.seed = 1; s.seed < 500; s.seed++) {
        write_all(&s, sizeof s.bytes, false);
        assert_int_equal(tp_write_end(&s.w), TP_OK);
        uint64_t rng = s.seed;
        tp_reader r = tp_reader_of(s.bytes, s.w.len);
        for (int i = 0; i < FIELDS; i++)
            assert_true(read_field(&r, &rng));
        assert_int_equal(tp_read_end(&r), TP_OK);
    }
}

/* spec: E-7 */
static void test_trailing_byte_is_refused(void **state) {
    (void)state;
    uint8_t bytes[3] = {1, 2, 3};
    tp_reader r = tp_reader_of(bytes, 3);
    (void)tp_read_u16(&r);
    assert_int_equal(tp_read_end(&r), TP_MALFORMED);
    (void)tp_read_u8(&r);
    assert_int_equal(tp_read_end(&r), TP_OK);
}

/* Every proper prefix fails, and the failure is sticky. spec: E-6 */
static void test_truncation_at_every_byte(void **state) {
    (void)state;
    static sequence s;
    for (s.seed = 1; s.seed < 12; s.seed++) {
        write_all(&s, sizeof s.bytes, false);
        for (size_t cut = 0; cut < s.w.len; cut++) {
            uint8_t *heap = malloc(cut ? cut : 1); /* exact, so that a sanitizer sees an overread */
            assert_non_null(heap);
            memcpy(heap, s.bytes, cut);
            uint64_t rng = s.seed;
            tp_reader r = tp_reader_of(heap, cut);
            for (int i = 0; i < FIELDS; i++)
                (void)read_field(&r, &rng);
            assert_int_equal(tp_read_end(&r), TP_MALFORMED);
            assert_true(r.failed);
            free(heap);
        }
    }
}

static void test_failed_reader_gives_zeros(void **state) {
    (void)state;
    uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8}, copy[4] = {9, 9, 9, 9};
    tp_reader r = tp_reader_of(bytes, 8);
    assert_null(tp_read_bytes(&r, 9));
    assert_int_equal(tp_read_u8(&r), 0);
    assert_int_equal(tp_read_u16(&r), 0);
    assert_int_equal(tp_read_u32(&r), 0);
    assert_true(tp_read_u64(&r) == 0);
    tp_read_copy(&r, copy, 4);
    assert_memory_equal(copy, "\0\0\0\0", 4);
    tp_reader v = tp_read_vector(&r, 0, 255);
    assert_true(v.failed && v.left == 0);
    assert_int_equal(tp_read_end(&r), TP_MALFORMED);
}

/* Every smaller capacity is an error, no byte past it is touched, and the length is still counted.
 * spec: E-8 */
static void test_overflow(void **state) {
    (void)state;
    static sequence s;
    for (s.seed = 1; s.seed < 12; s.seed++) {
        write_all(&s, sizeof s.bytes, false);
        size_t len = s.w.len;
        for (size_t cap = 0; cap < len; cap++) {
            memset(s.bytes, 0xa5, sizeof s.bytes);
            write_all(&s, cap, false);
            assert_int_equal(tp_write_end(&s.w), TP_TOO_BIG);
            assert_true(s.w.len == len);
            for (size_t i = cap; i < len + 8; i++)
                assert_int_equal(s.bytes[i], 0xa5);
        }
    }
}

static void test_measure(void **state) {
    (void)state;
    static sequence s;
    for (s.seed = 1; s.seed < 200; s.seed++) {
        write_all(&s, sizeof s.bytes, false);
        size_t len = s.w.len;
        write_all(&s, 0, true);
        assert_int_equal(tp_write_end(&s.w), TP_OK);
        assert_true(s.w.len == len);
    }
}

/* The prefix is as wide as the greatest length needs. spec: E-4 */
static void test_prefix_width(void **state) {
    (void)state;
    static const struct {
        size_t max, width;
    } want[] = {{1, 1},     {255, 1},      {256, 2},      {65535, 2},
                {65536, 3}, {16777215, 3}, {16777216, 4}, {UINT32_MAX, 4}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        uint8_t out[8] = {0};
        tp_writer w = tp_writer_of(out, sizeof out);
        tp_write_vector(&w, want[i].max, "x", 1);
        assert_true(w.len == want[i].width + 1);
        assert_int_equal(out[want[i].width - 1], 1);
        assert_int_equal(out[want[i].width], 'x');
        tp_reader r = tp_reader_of(out, w.len);
        assert_true(tp_read_vector(&r, 1, want[i].max).left == 1);
        assert_int_equal(tp_read_end(&r), TP_OK);
    }
}

/* spec: E-5 */
static void test_vector_bounds(void **state) {
    (void)state;
    uint8_t out[64], data[40] = {0};
    for (size_t len = 0; len <= 40; len++) {
        tp_writer w = tp_writer_of(out, sizeof out);
        tp_write_vector(&w, 30, data, len);
        assert_int_equal(tp_write_end(&w), len <= 30 ? TP_OK : TP_TOO_BIG);

        w = tp_writer_of(out, sizeof out);
        size_t open = tp_write_open(&w, 30);
        tp_write_bytes(&w, data, len);
        tp_write_close(&w, open, 30);
        assert_int_equal(tp_write_end(&w), len <= 30 ? TP_OK : TP_TOO_BIG);

        w = tp_writer_of(out, sizeof out);
        tp_write_vector(&w, 255, data, len);
        tp_reader r = tp_reader_of(out, w.len);
        tp_reader v = tp_read_vector(&r, 7, 30);
        bool fits = len >= 7 && len <= 30;
        assert_int_equal(tp_read_end(&r), fits ? TP_OK : TP_MALFORMED);
        assert_int_equal(tp_read_end(&v), TP_MALFORMED); /* failed, or bytes are left */
        assert_true(v.failed == !fits);
    }
}

/* spec: E-1, E-3 */
static void test_integers_are_big_endian(void **state) {
    (void)state;
    uint8_t out[15];
    tp_writer w = tp_writer_of(out, sizeof out);
    tp_write_u8(&w, 0x01);
    tp_write_u16(&w, 0x0203);
    tp_write_u32(&w, 0x04050607);
    tp_write_u64(&w, 0x08090a0b0c0d0e0f);
    assert_int_equal(tp_write_end(&w), TP_OK);
    for (unsigned i = 0; i < 15; i++)
        assert_int_equal(out[i], i + 1);
}

/* The example of spec/01-encoding.md. */
static void test_worked_example(void **state) {
    (void)state;
    static const uint8_t want[9] = {7, 2, 1, 0, 2, 'a', 'b', 1, 2};
    uint8_t out[9];
    tp_writer w = tp_writer_of(out, sizeof out);
    tp_write_u8(&w, 7);
    tp_write_u16(&w, 513);
    tp_write_vector(&w, 300, "ab", 2);
    tp_write_bytes(&w, "\1\2", 2);
    assert_int_equal(tp_write_end(&w), TP_OK);
    assert_int_equal(w.len, sizeof want);
    assert_memory_equal(out, want, sizeof want);
    tp_reader r = tp_reader_of("\x01\x2d", 2); /* 301 is over the bound */
    assert_true(tp_read_vector(&r, 0, 300).failed);
}

static void test_equal_and_wipe(void **state) {
    (void)state;
    uint8_t a[33] = {0}, b[33] = {0};
    assert_int_equal(tp_equal(a, b, 33), 1);
    assert_int_equal(tp_equal(a, b, 0), 1);
    for (unsigned bit = 0; bit < 33 * 8; bit++) {
        b[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(tp_equal(a, b, 33), 0);
        b[bit / 8] = 0;
    }
    memset(a, 0xff, 33);
    tp_wipe(a, 32);
    assert_int_equal(tp_equal(a, b, 32), 1);
    assert_int_equal(a[32], 0xff);
    assert_true(tp_mask(1) == UINT64_MAX && tp_mask(0) == 0);
}

static void test_err_names(void **state) {
    (void)state;
    assert_string_equal(tp_err_name(TP_OK), "ok");
    assert_string_equal(tp_err_name(TP_TOO_BIG), "too-big");
    assert_string_equal(tp_err_name(TP_SYSTEM), "system");
    assert_string_equal(tp_err_name((tp_err)99), "unknown");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inverse),
        cmocka_unit_test(test_trailing_byte_is_refused),
        cmocka_unit_test(test_truncation_at_every_byte),
        cmocka_unit_test(test_failed_reader_gives_zeros),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_measure),
        cmocka_unit_test(test_prefix_width),
        cmocka_unit_test(test_vector_bounds),
        cmocka_unit_test(test_integers_are_big_endian),
        cmocka_unit_test(test_worked_example),
        cmocka_unit_test(test_equal_and_wipe),
        cmocka_unit_test(test_err_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
