/* F7: an entry taken away after someone looked. In the folder the tree no longer fits; in a folder
 * written anew and signed again, whoever kept an old checkpoint sees that the new log does not
 * contain the old one.
 */
#include "tests/record/rig.h"
#include "tests/record/scratch.h"
#include "tests/support/support.h"

static const rig_plan plan = {.voters = 16, .floor = 2};

static void begin(rig *g) {
    rig_begin(g, &plan);
    rig_ceremony(g);
    rig_enrol(g);
    rig_open(g);
    for (size_t i = 0; i < 10; i++)
        rig_vote(g, i, (unsigned)i);
    rig_batch(g);
}

static tp_err consistent(rig *g, uint64_t old_size, const tp_hash *old_root) {
    tp_hash proof[TP_TREE_MAX_PROOF], now;
    size_t count;
    char *dir = scratch_folder();
    rig_write(g, dir);
    assert_int_equal(tp_record_root_at(now.b, dir, g->count), TP_OK);
    assert_int_equal(tp_record_consistency(proof, &count, dir, old_size, g->count), TP_OK);
    scratch_remove(dir);
    return tp_tree_check_consistency(old_size, g->count, old_root, &now, proof, count);
}

static void consistency(void **state) {
    (void)state;
    rig g;
    tp_hash old_root;
    begin(&g);
    uint64_t old_size = g.count;
    char *dir = scratch_folder();
    rig_write(&g, dir);
    assert_int_equal(tp_record_root_at(old_root.b, dir, old_size), TP_OK);
    scratch_remove(dir);
    for (size_t i = 10; i < 16; i++)
        rig_vote(&g, i, (unsigned)i);
    rig_batch(&g);
    assert_int_equal(consistent(&g, old_size, &old_root), TP_OK);
    rig_remove(&g, rig_find(&g, 4, 1));
    assert_int_equal(consistent(&g, old_size, &old_root), TP_INVALID);
    rig_free(&g);
}

/* The bundle without the entry, everything else as it was. */
static void bundle_without_it(void **state) {
    (void)state;
    rig g;
    begin(&g);
    char *dir = scratch_folder(), *other = scratch_folder(), name[64], old[64];
    tp_verification v;
    size_t len;
    rig_write(&g, dir);
    snprintf(old, sizeof old, "tile/entries/000.p/%zu", g.count);
    rig_remove(&g, rig_find(&g, 4, 1));
    rig_write(&g, other);
    snprintf(name, sizeof name, "tile/entries/000.p/%zu", g.count);
    uint8_t *bytes = scratch_read(other, name, &len);
    scratch_write(dir, old, bytes, len);
    assert_int_not_equal(tp_verify(&v, dir, NULL, &rig_options), TP_OK);
    assert_string_equal(rig_fail(&v)->fault.code, "log.bundle");
    assert_string_equal(rig_fail(&v)->fault.where, old);
    free(bytes);
    scratch_remove(dir);
    scratch_remove(other);
    rig_free(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(consistency),
                                       cmocka_unit_test(bundle_without_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
