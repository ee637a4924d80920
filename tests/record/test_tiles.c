/* record/tiles.c: the tiles of a growing log are those of one written at once, proofs from them
 * hold, and what a crash leaves is swept. */
#include "core/merkle/tiles.h"
#include "record/folder.h"
#include "record/record.h"
#include "tests/record/scratch.h"
#include "tests/support/support.h"

#include <unistd.h>

static uint8_t entry_bytes[64];

/* Entry i: i as text, its length varying. */
static bool numbered(void *ctx, uint64_t index, const uint8_t **bytes, size_t *len) {
    (void)ctx;
    int n = snprintf((char *)entry_bytes, sizeof entry_bytes, "entry %llu%.*s",
                     (unsigned long long)index, (int)(index % 7), "-------");
    *bytes = entry_bytes;
    *len = (size_t)n;
    return true;
}

static void root_of(uint8_t root[32], uint64_t size) {
    tp_frontier f;
    tp_hash h;
    tp_frontier_init(&f);
    for (uint64_t i = 0; i < size; i++) {
        const uint8_t *bytes;
        size_t len;
        numbered(NULL, i, &bytes, &len);
        tp_tree_leaf(&h, bytes, len);
        assert_int_equal(tp_frontier_append(&f, &h), TP_OK);
    }
    tp_frontier_root(&f, &h);
    memcpy(root, h.b, 32);
}

/* The same, but what is on disk is not given again. */
static bool only_new(void *ctx, uint64_t index, const uint8_t **bytes, size_t *len) {
    return index >= *(const uint64_t *)ctx && numbered(NULL, index, bytes, len);
}

static void grows_as_if_written_at_once(void **state) {
    (void)state;
    static const uint64_t sizes[] = {1, 2, 255, 256, 257, 511, 512, 700, 66000, 66000};
    char *grown = scratch_folder();
    uint64_t size = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint8_t root[32], want[32];
        assert_int_equal(tp_tiles_write(root, grown, size, sizes[i], only_new, &size), TP_OK);
        size = sizes[i];
        root_of(want, size);
        assert_memory_equal(root, want, 32);
        assert_int_equal(tp_record_root_at(root, grown, size), TP_OK);
        assert_memory_equal(root, want, 32);
    }
    assert_int_equal(tp_tiles_sweep(grown, size), TP_OK);
    char *once = scratch_folder();
    uint8_t root[32];
    assert_int_equal(tp_tiles_write(root, once, 0, size, numbered, NULL), TP_OK);
    scratch_same(once, grown);
    scratch_remove(once);
    scratch_remove(grown);
}

static void proofs_hold(void **state) {
    (void)state;
    char *dir = scratch_folder();
    const uint64_t size = 1300;
    uint8_t root[32];
    assert_int_equal(tp_tiles_write(root, dir, 0, size, numbered, NULL), TP_OK);
    static const uint64_t leaves[] = {0, 1, 255, 256, 511, 512, 1279, 1280, 1299};
    for (size_t i = 0; i < sizeof leaves / sizeof *leaves; i++) {
        tp_hash proof[TP_TREE_MAX_PROOF], leaf, top;
        size_t count, len;
        const uint8_t *bytes;
        numbered(NULL, leaves[i], &bytes, &len);
        tp_tree_leaf(&leaf, bytes, len);
        memcpy(top.b, root, 32);
        assert_int_equal(tp_record_inclusion(proof, &count, dir, leaves[i], size), TP_OK);
        assert_int_equal(tp_tree_check_inclusion(&leaf, leaves[i], size, &top, proof, count),
                         TP_OK);
        proof[0].b[3] ^= 1;
        assert_int_equal(tp_tree_check_inclusion(&leaf, leaves[i], size, &top, proof, count),
                         TP_INVALID);
    }
    tp_hash proof[TP_TREE_MAX_PROOF];
    size_t count;
    assert_int_equal(tp_record_inclusion(proof, &count, dir, size, size), TP_REFUSED);
    scratch_remove(dir);
}

/* spec: R-11 */
static void older_sizes_are_found(void **state) {
    (void)state;
    char *dir = scratch_folder();
    uint8_t root[32], want[32], secret[64];
    tp_manifest m = {.log_origin = "example.org/log"};
    scratch_log_key(m.log_key, secret);
    assert_int_equal(tp_tiles_write(root, dir, 0, 300, numbered, NULL), TP_OK);
    assert_int_equal(tp_checkpoint_write(dir, &m, 300, root, secret), TP_OK);
    assert_int_equal(tp_tiles_write(root, dir, 300, 400, numbered, NULL), TP_OK);
    assert_true(scratch_exists(dir, "tile/entries/001.p/44")); /* the checkpoint names them */
    assert_int_equal(tp_checkpoint_write(dir, &m, 400, root, secret), TP_OK);
    assert_false(scratch_exists(dir, "tile/entries/001.p/44"));
    assert_false(scratch_exists(dir, "tile/0/001.p/44"));
    assert_true(scratch_exists(dir, "tile/0/001.p/144"));
    for (uint64_t size = 1; size <= 400; size += 57) {
        root_of(want, size);
        assert_int_equal(tp_record_root_at(root, dir, size), TP_OK);
        assert_memory_equal(root, want, 32);
    }
    assert_int_not_equal(tp_record_root_at(root, dir, 401), TP_OK);
    scratch_remove(dir);
}

/* Who opened the record before the log grew reads on, from the wider tiles. spec: R-10 */
static void a_reader_goes_on(void **state) {
    (void)state;
    static const uint64_t grown[] = {400, 401, 600};
    char *dir = scratch_folder();
    uint8_t root[32], secret[64];
    tp_manifest m = {.log_origin = "example.org/log"};
    scratch_log_key(m.log_key, secret);
    assert_int_equal(tp_tiles_write(root, dir, 0, 300, numbered, NULL), TP_OK);
    assert_int_equal(tp_checkpoint_write(dir, &m, 300, root, secret), TP_OK);
    for (size_t i = 0, size = 300; i < 3; size = grown[i++]) {
        tp_record *r;
        tp_fault fault;
        assert_int_equal(tp_record_open(&r, dir, &fault), TP_OK);
        assert_int_equal(tp_tiles_write(root, dir, size, grown[i], numbered, NULL), TP_OK);
        assert_int_equal(tp_checkpoint_write(dir, &m, grown[i], root, secret), TP_OK);
        assert_int_equal(tp_record_check_log(r, &fault), TP_OK);
        for (uint64_t at = 0; at <= size; at++) {
            const uint8_t *bytes, *want;
            size_t len, want_len;
            tp_err err = tp_record_entry(r, at, &bytes, &len, &fault);
            assert_int_equal(err, at < size ? TP_OK : TP_REFUSED);
            if (err) break;
            numbered(NULL, at, &want, &want_len);
            assert_int_equal(len, want_len);
            assert_memory_equal(bytes, want, len);
        }
        tp_record_close(r);
    }
    scratch_remove(dir);
}

/* A reader that has a file open keeps the bytes it began with, and the new ones are there at once:
 * a file is put in place, not written in place. spec: R-10 */
static void files_appear_complete(void **state) {
    (void)state;
    enum { LEN = 1 << 20 };
    static uint8_t bytes[LEN], seen[LEN];
    char path[512];
    char *dir = scratch_folder();
    memset(bytes, 'a', LEN);
    assert_int_equal(tp_copy_write(dir, TP_COPY_RESULTS_CSV, bytes, LEN), TP_OK);
    snprintf(path, sizeof path, "%s/results.csv", dir);
    FILE *reader = fopen(path, "rb");
    assert_non_null(reader);
    memset(bytes, 'b', LEN);
    assert_int_equal(tp_copy_write(dir, TP_COPY_RESULTS_CSV, bytes, LEN), TP_OK);
    assert_int_equal(fread(seen, 1, LEN, reader), LEN);
    fclose(reader);
    for (size_t i = 0; i < LEN; i++)
        assert_int_equal(seen[i], 'a');
    size_t len, count;
    uint8_t *now = scratch_read(dir, "results.csv", &len);
    assert_int_equal(len, LEN);
    assert_memory_equal(now, bytes, LEN);
    free(now);
    char **files = scratch_files(dir, &count);
    assert_int_equal(count, 1); /* nothing unfinished beside it */
    free(files[0]);
    free(files);
    scratch_remove(dir);
}

static bool fails_at_400(void *ctx, uint64_t index, const uint8_t **bytes, size_t *len) {
    return index != 400 && numbered(ctx, index, bytes, len);
}

static void crash_leaves_are_swept(void **state) {
    (void)state;
    char *dir = scratch_folder();
    uint8_t root[32];
    assert_int_equal(tp_tiles_write(root, dir, 0, 100, numbered, NULL), TP_OK);
    assert_int_equal(tp_tiles_write(root, dir, 100, 600, fails_at_400, NULL), TP_SYSTEM);
    scratch_write(dir, ".tmp-1-1", "half", 4);
    assert_int_equal(tp_tiles_sweep(dir, 100), TP_OK);
    char *once = scratch_folder();
    assert_int_equal(tp_tiles_write(root, once, 0, 100, numbered, NULL), TP_OK);
    scratch_same(once, dir);
    scratch_remove(once);
    scratch_remove(dir);
}

static void refuses_what_is_not_there(void **state) {
    (void)state;
    char *dir = scratch_folder();
    uint8_t root[32];
    assert_int_equal(tp_tiles_write(root, dir, 0, 300, numbered, NULL), TP_OK);
    assert_int_equal(tp_tiles_write(root, dir, 300, 200, numbered, NULL), TP_REFUSED);
    scratch_remove_file(dir, "tile/1/000.p/1");
    assert_int_equal(tp_tiles_write(root, dir, 300, 600, numbered, NULL), TP_REFUSED);
    scratch_write(dir, "tile/1/000.p/1", "short", 5);
    assert_int_equal(tp_tiles_write(root, dir, 300, 600, numbered, NULL), TP_MALFORMED);
    scratch_remove(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_as_if_written_at_once),
        cmocka_unit_test(proofs_hold),
        cmocka_unit_test(older_sizes_are_found),
        cmocka_unit_test(crash_leaves_are_swept),
        cmocka_unit_test(a_reader_goes_on),
        cmocka_unit_test(files_appear_complete),
        cmocka_unit_test(refuses_what_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
