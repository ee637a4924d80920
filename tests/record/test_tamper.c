/* Every published file is bound: a changed byte anywhere, a missing, added, longer or shorter file
 * makes tp_verify fail, and the report names the file, or the entry in it.
 */
#include "core/merkle/tiles.h"
#include "tests/record/rig.h"
#include "tests/record/scratch.h"
#include "tests/support/support.h"

enum { EMPTY_BATCHES = 300, SPOTS = 12 };

static rig election;
static char *folder;

/* A finished election whose log has a full bundle, tiles of two levels and partial ones. */
static int begin(void **state) {
    (void)state;
    static const rig_plan plan = {.voters = 20, .floor = 3};
    rig *g = &election;
    rig_whole(g, &plan);
    for (unsigned i = 0; i < EMPTY_BATCHES; i++)
        rig_batch(g);
    folder = scratch_folder();
    rig_write(g, folder);
    rig_assert_good(g);
    return 0;
}

static int end(void **state) {
    (void)state;
    scratch_remove(folder);
    rig_free(&election);
    return 0;
}

/* The report on the changed folder names `file`, or an entry of it. */
static void assert_named(const char *file, const char *how) {
    tp_verification v;
    if (tp_verify(&v, folder, NULL, &rig_options) == TP_OK) fail_msg("%s: %s passes", file, how);
    const tp_check *bad = rig_fail(&v);
    assert_non_null(bad);
    tp_tile tile;
    bool bundle = !tp_tile_parse(&tile, file, strlen(file)) && tile.level == TP_TILE_ENTRIES;
    unsigned long long entry;
    if (!strcmp(bad->fault.where, file) || !strncmp(bad->fault.where, file, strlen(file))) return;
    if (bundle && sscanf(bad->fault.where, "entry %llu", &entry) == 1 &&
        entry / TP_TILE_WIDTH == tile.index)
        return;
    fail_msg("%s: %s is reported as %s %s %s", file, how, bad->check, bad->fault.code,
             bad->fault.where);
}

static void flip(const char *file, const uint8_t *bytes, size_t len, size_t at, uint8_t bit) {
    uint8_t *changed = malloc(len);
    char how[64];
    memcpy(changed, bytes, len);
    changed[at] ^= bit;
    scratch_write(folder, file, changed, len);
    snprintf(how, sizeof how, "byte %zu xor %u", at, bit);
    assert_named(file, how);
    free(changed);
}

static void every_file(void (*change)(const char *file, const uint8_t *bytes, size_t len)) {
    size_t count;
    char **files = scratch_files(folder, &count);
    assert_true(count > 12);
    for (size_t i = 0; i < count; i++) {
        size_t len;
        uint8_t *bytes = scratch_read(folder, files[i], &len);
        change(files[i], bytes, len);
        scratch_write(folder, files[i], bytes, len);
        free(bytes);
        free(files[i]);
    }
    free(files);
    tp_verification v;
    assert_int_equal(tp_verify(&v, folder, NULL, &rig_options), TP_OK);
}

static void flip_some(const char *file, const uint8_t *bytes, size_t len) {
    size_t spots = strcmp(file, "checkpoint") ? SPOTS : len;
    for (size_t i = 0; i < spots; i++) {
        size_t at = i == 0         ? 0
                    : i == 1       ? len - 1
                    : spots == len ? i - 1
                                   : rig_random(&election) % len;
        flip(file, bytes, len, at, (uint8_t)(1 << (i + at) % 8));
    }
}

static void flipped_bytes(void **state) {
    (void)state;
    every_file(flip_some);
}

static void cut_and_extend(const char *file, const uint8_t *bytes, size_t len) {
    uint8_t *longer = malloc(len + 1);
    memcpy(longer, bytes, len);
    longer[len] = 0;
    scratch_write(folder, file, longer, len + 1);
    assert_named(file, "a byte more");
    longer[len] = '\n';
    scratch_write(folder, file, longer, len + 1);
    assert_named(file, "a newline more");
    scratch_write(folder, file, bytes, len - 1);
    assert_named(file, "a byte less");
    scratch_write(folder, file, bytes, 0);
    assert_named(file, "empty");
    free(longer);
}

static void other_lengths(void **state) {
    (void)state;
    every_file(cut_and_extend);
}

static void take_away(const char *file, const uint8_t *bytes, size_t len) {
    (void)bytes;
    (void)len;
    scratch_remove_file(folder, file);
    tp_verification v;
    tp_err err = tp_verify(&v, folder, NULL, &rig_options);
    assert_int_not_equal(err, TP_OK);
    const char *where = rig_fail(&v)->fault.where;
    /* the copy of the manifest is what is left when its document is gone */
    if (!strstr(where, file) && strcmp(where, "manifest.json"))
        fail_msg("%s is missing, and the report names %s", file, where);
}

static void missing_files(void **state) {
    (void)state;
    every_file(take_away);
}

static void added_files(void **state) {
    (void)state;
    static const char *const names[] = {"index.html",
                                        ".tmp-1-1",
                                        "tile/0/001.p/3",
                                        "tile/0/000.p/9",
                                        "tile/entries/009",
                                        "tile/2/000",
                                        "document/readme",
                                        "results.pdf",
                                        "tile/0/x000/000",
                                        "tile/entries/1000",
                                        ("document/0000000000000000000000000000000000000000"
                                         "000000000000000000000000"),
                                        "checkpoint.old"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        scratch_write(folder, names[i], "x", 1);
        assert_named(names[i], "added");
        scratch_remove_file(folder, names[i]);
    }
    /* a document that has its name, but that no entry names */
    uint8_t hash[32];
    tp_verification v;
    size_t count;
    assert_int_equal(tp_document_write(folder, "extra", 5, hash), TP_OK);
    assert_int_not_equal(tp_verify(&v, folder, NULL, &rig_options), TP_OK);
    assert_string_equal(rig_fail(&v)->fault.code, "files.unknown");
    scratch_remove_file(folder, rig_fail(&v)->fault.where);
    char **files = scratch_files(folder, &count);
    for (size_t i = 0; i < count; i++)
        free(files[i]);
    free(files);
    assert_int_equal(tp_verify(&v, folder, NULL, &rig_options), TP_OK);
}

/* Each entry changed by a server that computes the tiles anew and signs again: the report names the
 * entry, by what is wrong with it. Batches are the server's own words and left out. */
static void changed_entries(void **state) {
    (void)state;
    rig *g = &election;
    for (size_t i = 0; i < g->count; i++) {
        rig_bytes *e = &g->entries[i];
        tp_verification v;
        char entry[32];
        if (e->p[0] == TP_ENTRY_BATCH) continue;
        size_t at = rig_random(g) % e->len;
        e->p[at] ^= 1;
        tp_err err = rig_verify(g, &v);
        e->p[at] ^= 1;
        if (!err) fail_msg("entry %zu, byte %zu of %zu: passes", i, at, e->len);
        snprintf(entry, sizeof entry, "entry %zu", i);
        const char *where = rig_fail(&v)->fault.where;
        bool named = !strncmp(where, entry, strlen(entry)) || !strncmp(where, "document/", 9) ||
                     !strcmp(where, "manifest.json");
        if (!named)
            fail_msg("entry %zu, byte %zu, type %d: %s %s", i, at, e->p[0],
                     rig_fail(&v)->fault.code, where);
    }
}

/* Tiles of level 2 take 65536 entries: empty batches are enough. */
static void high_levels(void **state) {
    (void)state;
    static const rig_plan plan = {.voters = 4, .floor = 2};
    static const char *const tiles[] = {"tile/2/000.p/1", "tile/1/000", "tile/0/123",
                                        "tile/entries/200"};
    rig g;
    tp_verification v;
    rig_begin(&g, &plan);
    while (g.count < 65536 + 300)
        rig_batch(&g);
    char *dir = scratch_folder();
    rig_write(&g, dir);
    assert_int_equal(tp_verify(&v, dir, NULL, &rig_options), TP_OK);
    for (size_t i = 0; i < sizeof tiles / sizeof *tiles; i++) {
        size_t len;
        uint8_t *bytes = scratch_read(dir, tiles[i], &len);
        bytes[len / 2] ^= 4;
        scratch_write(dir, tiles[i], bytes, len);
        assert_int_not_equal(tp_verify(&v, dir, NULL, &rig_options), TP_OK);
        const char *where = rig_fail(&v)->fault.where;
        unsigned entry;
        bool named = !strcmp(where, tiles[i]) ||
                     (sscanf(where, "entry %u", &entry) == 1 && entry / TP_TILE_WIDTH == 200);
        if (!named) fail_msg("%s is reported as %s", tiles[i], where);
        bytes[len / 2] ^= 4;
        scratch_write(dir, tiles[i], bytes, len);
        free(bytes);
    }
    scratch_remove(dir);
    rig_free(&g);
}

static void another_election(void **state) {
    (void)state;
    tp_verification v;
    uint8_t other[32] = {1};
    assert_int_equal(tp_verify(&v, folder, election.m.fingerprint, &rig_options), TP_OK);
    assert_int_not_equal(tp_verify(&v, folder, other, &rig_options), TP_OK);
    assert_string_equal(rig_fail(&v)->fault.code, "manifest.fingerprint");
}

static void no_record(void **state) {
    (void)state;
    tp_verification v;
    char *dir = scratch_folder();
    assert_int_not_equal(tp_verify(&v, dir, NULL, &rig_options), TP_OK);
    assert_string_equal(rig_fail(&v)->fault.code, "record.missing");
    scratch_remove(dir);
    assert_int_not_equal(tp_verify(&v, "/nonexistent/folder", NULL, &rig_options), TP_OK);
    assert_string_equal(rig_fail(&v)->fault.code, "record.missing");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flipped_bytes),   cmocka_unit_test(other_lengths),
        cmocka_unit_test(missing_files),   cmocka_unit_test(added_files),
        cmocka_unit_test(changed_entries), cmocka_unit_test(another_election),
        cmocka_unit_test(no_record),       cmocka_unit_test(high_levels),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
