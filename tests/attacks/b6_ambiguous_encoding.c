/* B6: two different sequences of items must never be hashed to one challenge, however the borders
 * between labels, data and items are shifted. spec: P-4, P-5
 */
#include "core/hash/hash.h"
#include "tests/support/support.h"

typedef struct {
    char label[8];
    uint8_t data[32];
    size_t len;
    bool challenge;
} item;

static void run(uint8_t out[64], const item *items, size_t count) {
    tp_transcript t;
    tp_transcript_init(&t, "b6");
    for (size_t i = 0; i < count; i++)
        if (items[i].challenge)
            tp_challenge(&t, items[i].label, out);
        else
            tp_absorb(&t, items[i].label, items[i].data, items[i].len);
    tp_challenge(&t, "c", out);
}

static int compare(const void *a, const void *b) {
    return memcmp(a, b, 64);
}

static void assert_all_distinct(uint8_t (*outs)[64], size_t count) {
    qsort(outs, count, 64, compare);
    for (size_t i = 1; i < count; i++)
        assert_memory_not_equal(outs[i - 1], outs[i], 64);
}

/* All sequences of up to three out of twelve items whose parts run into each other. */
static void test_exhaustive_small(void **state) {
    (void)state;
    static const char *const words[] = {"", "a", "aa"};
    static uint8_t outs[1 + 12 + 144 + 1728][64];
    item kinds[12], s[3];
    size_t n = 0, count = 0;
    for (size_t l = 0; l < 3; l++) {
        for (size_t d = 0; d < 3; d++) {
            item *k = &kinds[count++];
            *k = (item){.len = d};
            strcpy(k->label, words[l]);
            memcpy(k->data, words[d], d);
        }
        kinds[count] = (item){.challenge = true};
        strcpy(kinds[count++].label, words[l]);
    }
    for (size_t len = 0, total = 1; len <= 3; len++, total *= 12)
        for (size_t code = 0; code < total; code++) {
            for (size_t i = 0, rest = code; i < len; i++, rest /= 12)
                s[i] = kinds[rest % 12];
            run(outs[n++], s, len);
        }
    assert_true(n == sizeof outs / 64);
    assert_all_distinct(outs, n);
}

/* Moves one byte over a border of a random sequence. The total of all bytes stays the same. */
static size_t shift_border(item *s, size_t count, uint64_t *rng) {
    size_t i = test_random(rng) % (count - 1);
    size_t label = strlen(s[i].label);
    switch (test_random(rng) % 4) {
    case 0: /* the last data byte goes to the next item's data */
        if (!s[i].len || s[i + 1].len == sizeof s->data) return 0;
        memmove(s[i + 1].data + 1, s[i + 1].data, s[i + 1].len++);
        s[i + 1].data[0] = s[i].data[--s[i].len];
        return count;
    case 1: /* the last label byte goes to the data */
        if (!label || s[i].len == sizeof s->data) return 0;
        memmove(s[i].data + 1, s[i].data, s[i].len++);
        s[i].data[0] = (uint8_t)s[i].label[label - 1];
        s[i].label[label - 1] = 0;
        return count;
    case 2: /* the first data byte goes to the label */
        if (!s[i].len || !s[i].data[0] || label + 1 >= sizeof s->label) return 0;
        s[i].label[label] = (char)s[i].data[0], s[i].label[label + 1] = 0;
        memmove(s[i].data, s[i].data + 1, --s[i].len);
        return count;
    default: /* two items become one */
        if (s[i].len + s[i + 1].len > sizeof s->data) return 0;
        memcpy(s[i].data + s[i].len, s[i + 1].data, s[i + 1].len);
        s[i].len += s[i + 1].len;
        memmove(s + i + 1, s + i + 2, (count - i - 2) * sizeof *s);
        return count - 1;
    }
}

static void test_shifted_borders(void **state) {
    (void)state;
    uint64_t rng = 6;
    int tried = 0;
    for (int round = 0; round < 4000; round++) {
        item s[5] = {0}, t[5];
        size_t count = 2 + test_random(&rng) % 4;
        for (size_t i = 0; i < count; i++) {
            memset(s[i].label, 'a' + (int)(test_random(&rng) % 2), test_random(&rng) % 4);
            s[i].len = test_random(&rng) % 12;
            test_random_bytes(&rng, s[i].data, s[i].len);
        }
        memcpy(t, s, sizeof t);
        size_t changed = shift_border(t, count, &rng);
        if (!changed) continue;
        uint8_t a[64], b[64];
        run(a, s, count);
        run(b, t, changed);
        assert_memory_not_equal(a, b, 64);
        tried++;
    }
    assert_true(tried > 1000);
}

/* An item whose data spells the next frame, whole or with a part left out, is not that frame. */
static void test_frame_inside_data(void **state) {
    (void)state;
    static const struct {
        uint8_t bytes[12];
        size_t len;
    } spelled[] = {
        {{0, 1, 'y', 0, 0, 0, 0, 0, 0, 0, 1, 'Y'}, 12}, /* the frame */
        {{0, 1, 'y', 'Y'}, 4},                          /* without the data's length */
        {{0, 'y', 0, 0, 0, 0, 0, 0, 0, 1, 'Y'}, 11},    /* without the label's */
        {{0, 'y', 'Y'}, 3},                             /* without both */
        {{'y', 'Y'}, 2},                                /* without the kind */
        {{1, 1, 'c', 0, 0, 0, 0, 0, 0, 0, 0}, 11},      /* the challenge's frame */
        {{1, 1, 'c'}, 3},
        {{0}, 0},
    };
    enum { COUNT = sizeof spelled / sizeof *spelled };
    uint8_t outs[COUNT + 1][64];
    for (size_t i = 0; i < COUNT; i++) {
        item one = {.label = "x", .len = spelled[i].len};
        memcpy(one.data, spelled[i].bytes, one.len);
        run(outs[i], &one, 1);
    }
    item two[2] = {{.label = "x"}, {.label = "y", .len = 1, .data = "Y"}};
    run(outs[COUNT], two, 2);
    assert_all_distinct(outs, COUNT + 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exhaustive_small),
        cmocka_unit_test(test_shifted_borders),
        cmocka_unit_test(test_frame_inside_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
