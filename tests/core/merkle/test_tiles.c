/* Tile names, widths and contents, and proofs from tiles. spec: T-7, T-8, T-9 */
#include "core/merkle/tiles.h"
#include "tests/support/support.h"

static void check_path(unsigned level, uint64_t index, unsigned width, const char *want) {
    char out[TP_TILE_PATH_MAX];
    tp_tile t = {level, index, width}, back = {0};
    size_t len = tp_tile_path(out, &t);
    assert_int_equal(len, strlen(want));
    assert_string_equal(out, want);
    assert_int_equal(tp_tile_parse(&back, want, len), TP_OK);
    assert_true(back.level == level && back.index == index && back.width == width);
}

static void test_paths(void **state) {
    (void)state;
    check_path(0, 0, 256, "tile/0/000");
    check_path(0, 1234067, 256, "tile/0/x001/x234/067");
    check_path(1, 1, 17, "tile/1/001.p/17");
    check_path(7, 999, 255, "tile/7/999.p/255");
    check_path(0, 1000, 1, "tile/0/x001/000.p/1");
    check_path(TP_TILE_ENTRIES, 1999999, 256, "tile/entries/x001/x999/999");
    check_path(TP_TILE_ENTRIES, 3, 9, "tile/entries/003.p/9");
    check_path(0, TP_TREE_MAX_SIZE >> 8, 255, "tile/0/x036/x028/x797/x018/x963/967.p/255");
}

static void test_other_spellings_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "tile/00/000",
        "tile/8/000",
        "tile/64/000",
        "tile/-1/000",
        "tile//000",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/x001",
        "tile/0/x001/",
        "tile/0/001/000",
        "tile/0/x01/000",
        "tile/0/x0001/000",
        "tile/0/X001/000",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/1/",
        "tile/0/000.p/1 ",
        "tile/0/000/",
        "tile/0/../../000",
        "Tile/0/000",
        "/tile/0/000",
        "tile/entry/000",
        "tile/entries/",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/0/x001/x001/x001/x001/x001/x001/x001/x001/001",
        "checkpoint",
    };
    tp_tile t;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (tp_tile_parse(&t, bad[i], strlen(bad[i])) != TP_MALFORMED) fail_msg("%s", bad[i]);
    assert_int_equal(tp_tile_parse(&t, "tile/0/000\0", 11), TP_MALFORMED);
}

/* What parses is spelled as the writer spells it: any one changed, missing or added byte. */
static void test_paths_are_canonical(void **state) {
    (void)state;
    uint64_t rng = 1;
    for (int round = 0; round < 300; round++) {
        tp_tile t = {(unsigned)(test_random(&rng) % 8),
                     test_random(&rng) >> 8 >> test_random(&rng) % 56,
                     1 + (unsigned)(test_random(&rng) % 256)};
        char path[TP_TILE_PATH_MAX], again[TP_TILE_PATH_MAX];
        size_t len = tp_tile_path(path, &t);
        tp_tile back;
        assert_int_equal(tp_tile_parse(&back, path, len), TP_OK);
        for (size_t i = 0; i < len; i++)
            for (const char *c = "01259x./pe \n"; *c; c++) {
                char changed[TP_TILE_PATH_MAX];
                memcpy(changed, path, len + 1);
                changed[i] = *c;
                if (tp_tile_parse(&back, changed, len)) continue;
                assert_int_equal(tp_tile_path(again, &back), len);
                assert_string_equal(again, changed);
            }
        for (size_t cut = 0; cut < len; cut++)
            if (!tp_tile_parse(&back, path, cut)) {
                assert_int_equal(tp_tile_path(again, &back), cut);
                assert_memory_equal(again, path, cut);
            }
    }
}

/* The example of the tlog-tiles specification. */
static void test_widths(void **state) {
    (void)state;
    assert_int_equal(tp_tile_width(0, 272, 70000), 256);
    assert_int_equal(tp_tile_width(0, 273, 70000), 112);
    assert_int_equal(tp_tile_width(0, 274, 70000), 0);
    assert_int_equal(tp_tile_width(1, 0, 70000), 256);
    assert_int_equal(tp_tile_width(1, 1, 70000), 17);
    assert_int_equal(tp_tile_width(2, 0, 70000), 1);
    assert_int_equal(tp_tile_width(3, 0, 70000), 0);
    assert_int_equal(tp_tile_width(0, 0, 256), 256);
    assert_int_equal(tp_tile_width(0, 1, 256), 0);
    assert_int_equal(tp_tile_width(1, 0, 256), 1);
    assert_int_equal(tp_tile_width(0, 0, 0), 0);
    assert_int_equal(tp_tile_width(TP_TILE_ENTRIES, 273, 70000), 112);
    assert_int_equal(tp_tile_width(8, 0, TP_TREE_MAX_SIZE), 0);
    assert_int_equal(tp_tile_width(7, 0, TP_TREE_MAX_SIZE), 127);
}

/* Against the definition: a tile is due if its width in the new tree is not that in the old one. */
static void check_changed(uint64_t old_size, uint64_t new_size) {
    tp_tile_iter it = tp_tiles_changed(old_size, new_size);
    tp_tile t;
    for (unsigned level = 0; level <= 3; level++)
        for (uint64_t i = 0; i <= (new_size >> 8 * level) / 256; i++) {
            unsigned width = tp_tile_width(level, i, new_size);
            if (width == tp_tile_width(level, i, old_size)) continue;
            assert_true(tp_tiles_next(&it, &t));
            assert_true(t.level == level && t.index == i && t.width == width);
        }
    assert_false(tp_tiles_next(&it, &t));
}

static void test_changed(void **state) {
    (void)state;
    uint64_t rng = 2;
    for (uint64_t a = 0; a <= 600; a += 1 + a / 7)
        for (uint64_t b = a; b <= 1100; b += 1 + b / 9)
            check_changed(a, b);
    for (int round = 0; round < 100; round++) {
        uint64_t b = test_random(&rng) % 300000;
        check_changed(test_random(&rng) % (b + 1), b);
    }
    check_changed(65535, 65536);
    check_changed(65536, 65537);
}

/* ---- a log in memory ---- */

enum { SIZE = 66000 };

static tp_hash level0[SIZE], level1[SIZE / 256], level2[SIZE / 65536];
static tp_hash *const levels[] = {level0, level1, level2};
static unsigned reads;

static tp_err read_tile(void *ctx, const tp_tile *t, tp_hash hashes[static TP_TILE_WIDTH]) {
    const uint64_t *size = ctx;
    reads++;
    assert_int_equal(t->width, tp_tile_width(t->level, t->index, *size));
    memcpy(hashes, levels[t->level] + t->index * 256, t->width * sizeof *hashes);
    return TP_OK;
}

static int setup(void **state) {
    (void)state;
    static tp_hash out[TP_TILE_WIDTH], scratch[TP_TILE_WIDTH];
    static uint64_t size = SIZE;
    for (uint32_t i = 0; i < SIZE; i++)
        tp_tree_leaf(&level0[i], &i, sizeof i);
    for (unsigned level = 1; level <= 2; level++)
        for (uint64_t n = 0; tp_tile_width(level, n, SIZE); n++) {
            tp_tile t = {level, n, tp_tile_width(level, n, SIZE)};
            if (tp_tile_build(out, &t, read_tile, &size, scratch)) return -1;
            memcpy(levels[level] + n * 256, out, t.width * sizeof *out);
        }
    return 0;
}

static void test_upper_levels(void **state) {
    (void)state;
    tp_hash want;
    tp_tree_root(&want, level0 + 256 * 100, 256);
    assert_memory_equal(&level1[100], &want, 32);
    tp_tree_root(&want, level0, 65536);
    assert_memory_equal(&level2[0], &want, 32);
}

static void check_proofs(const tp_tile_source *s, uint64_t size, uint64_t *rng) {
    tp_hash root, old_root, proof[TP_TREE_MAX_PROOF];
    size_t count;
    uint64_t index = test_random(rng) % size, old_size = 1 + test_random(rng) % size;
    tp_tree_root(&root, level0, size);
    tp_tree_root(&old_root, level0, old_size);
    assert_int_equal(tp_tree_prove_inclusion(proof, &count, &s->source, index, size), TP_OK);
    assert_int_equal(tp_tree_check_inclusion(&level0[index], index, size, &root, proof, count),
                     TP_OK);
    assert_int_equal(tp_tree_prove_consistency(proof, &count, &s->source, old_size, size), TP_OK);
    assert_int_equal(tp_tree_check_consistency(old_size, size, &old_root, &root, proof, count),
                     TP_OK);
    assert_int_equal(tp_tree_root_at(&old_root, &s->source, size), TP_OK);
    assert_memory_equal(&old_root, &root, 32);
}

static void test_proofs_from_tiles(void **state) {
    (void)state;
    static const uint64_t sizes[] = {1, 2, 255, 256, 257, 1000, 65535, 65536, 65537, SIZE};
    static tp_tile_source s;
    uint64_t rng = 3;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint64_t size = sizes[i];
        tp_tile_source_init(&s, read_tile, &size, size);
        for (int round = 0; round < 4; round++)
            check_proofs(&s, size, &rng);
    }
}

/* A proof for an earlier size can be made from the tiles of a later one, and not the other way. */
static void test_source_of_another_size(void **state) {
    (void)state;
    static tp_tile_source s;
    uint64_t size = SIZE, rng = 4;
    tp_hash root;
    tp_tile_source_init(&s, read_tile, &size, size);
    check_proofs(&s, 300, &rng);
    size = 300;
    tp_tile_source_init(&s, read_tile, &size, size);
    assert_int_equal(tp_tree_root_at(&root, &s.source, 301), TP_REFUSED);
    assert_int_equal(tp_tree_root_at(&root, &s.source, 300), TP_OK);
}

static void test_last_tile_is_kept(void **state) {
    (void)state;
    static tp_tile_source s;
    uint64_t size = 200;
    tp_hash proof[TP_TREE_MAX_PROOF];
    size_t count;
    tp_tile_source_init(&s, read_tile, &size, size);
    reads = 0;
    assert_int_equal(tp_tree_prove_inclusion(proof, &count, &s.source, 77, size), TP_OK);
    assert_int_equal(reads, 1);
}

/* ---- bundles ---- */

static void test_bundles(void **state) {
    (void)state;
    static uint8_t bytes[TP_TILE_WIDTH * 600], entry[500];
    uint64_t rng = 5;
    for (unsigned width = 1; width <= TP_TILE_WIDTH; width += width / 4 + 1) {
        tp_hash want[TP_TILE_WIDTH], got[TP_TILE_WIDTH];
        tp_writer w = tp_writer_of(bytes, sizeof bytes);
        for (unsigned i = 0; i < width; i++) {
            size_t len = test_random(&rng) % sizeof entry;
            test_random_bytes(&rng, entry, len);
            tp_bundle_add(&w, entry, len);
            tp_tree_leaf(&want[i], entry, len);
        }
        assert_int_equal(tp_write_end(&w), TP_OK);
        assert_int_equal(tp_bundle_leaves(got, width, bytes, w.len), TP_OK);
        assert_memory_equal(got, want, width * sizeof *got);
        assert_int_equal(tp_bundle_leaves(got, width - 1, bytes, w.len), TP_MALFORMED);
        if (width < TP_TILE_WIDTH)
            assert_int_equal(tp_bundle_leaves(got, width + 1, bytes, w.len), TP_MALFORMED);
        assert_int_equal(tp_bundle_leaves(got, width, bytes, w.len - 1), TP_MALFORMED);
        assert_int_equal(tp_bundle_leaves(got, width, bytes, w.len + 1), TP_MALFORMED);
    }
    assert_int_equal(tp_bundle_leaves((tp_hash[TP_TILE_WIDTH]){0}, 257, bytes, 600), TP_MALFORMED);
}

static void test_entry_too_long(void **state) {
    (void)state;
    static uint8_t bytes[70000], entry[TP_ENTRY_MAX + 1];
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    tp_bundle_add(&w, entry, TP_ENTRY_MAX);
    assert_int_equal(tp_write_end(&w), TP_OK);
    w = tp_writer_of(bytes, sizeof bytes);
    tp_bundle_add(&w, entry, TP_ENTRY_MAX + 1);
    assert_int_equal(tp_write_end(&w), TP_TOO_BIG);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_other_spellings_are_refused),
        cmocka_unit_test(test_paths_are_canonical),
        cmocka_unit_test(test_widths),
        cmocka_unit_test(test_changed),
        cmocka_unit_test(test_upper_levels),
        cmocka_unit_test(test_proofs_from_tiles),
        cmocka_unit_test(test_source_of_another_size),
        cmocka_unit_test(test_last_tile_is_kept),
        cmocka_unit_test(test_bundles),
        cmocka_unit_test(test_entry_too_long),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
