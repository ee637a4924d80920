/* F5: which ballot of a voter is the last one is not the server's to decide. Ballots carry their
 * number and the hash of the one before; reordering, leaving one out of the middle, or replaying an
 * old one breaks the chain on the board. Taking away the newest after it was published breaks the
 * log's consistency (and the promise for it is evidence).
 */
#include "tests/record/rig.h"
#include "tests/record/scratch.h"
#include "tests/support/support.h"

static const rig_plan plan = {.voters = 8, .floor = 2};

/* Voter 0 votes three times, in batches of their own. */
static void begin(rig *g) {
    rig_begin(g, &plan);
    rig_ceremony(g);
    rig_enrol(g);
    rig_open(g);
}

static void three_votes(rig *g) {
    for (unsigned i = 0; i < 3; i++) {
        rig_vote(g, 0, i);
        rig_batch(g);
    }
}

static void honest_chain(void **state) {
    (void)state;
    rig g;
    begin(&g);
    three_votes(&g);
    rig_assert_good(&g);
    rig_free(&g);
}

static void reordered(void **state) {
    (void)state;
    rig g;
    begin(&g);
    three_votes(&g);
    size_t first = rig_find(&g, 0, 1), second = rig_find(&g, 0, 2);
    char entry[32];
    rig_swap(&g, first, second);
    snprintf(entry, sizeof entry, "entry %zu", first);
    rig_assert_fail(&g, "chains", "ballot.sequence", entry);
    rig_free(&g);
}

/* The second ballot is left out, the third stays. */
static void gap(void **state) {
    (void)state;
    rig g;
    uint8_t none[32] = {0};
    begin(&g);
    rig_bytes one = rig_ballot(&g, 0, 1, none, 1), batch;
    uint8_t hash[32];
    tp_ballot_hash(hash, one.p + 1, one.len - 1);
    rig_append(&g, one.p, one.len);
    batch = rig_batch_entry(&g, 1, 1);
    rig_append(&g, batch.p, batch.len);
    free(batch.p);
    rig_bytes three = rig_ballot(&g, 0, 3, hash, 2);
    rig_append(&g, three.p, three.len);
    batch = rig_batch_entry(&g, 2, 1);
    rig_append(&g, batch.p, batch.len);
    rig_assert_fail(&g, "chains", "ballot.sequence", "entry");
    free(batch.p);
    free(one.p);
    free(three.p);
    rig_free(&g);
}

/* A second ballot with the number 2 that does not follow the recorded first. */
static void other_predecessor(void **state) {
    (void)state;
    rig g;
    uint8_t other[32] = {7};
    begin(&g);
    rig_vote(&g, 0, 1);
    rig_batch(&g);
    rig_bytes two = rig_ballot(&g, 0, 2, other, 2);
    rig_append(&g, two.p, two.len);
    rig_bytes batch = rig_batch_entry(&g, 2, 1);
    rig_append(&g, batch.p, batch.len);
    rig_assert_fail(&g, "chains", "ballot.previous", "entry");
    free(batch.p);
    free(two.p);
    rig_free(&g);
}

static void first_replayed(void **state) {
    (void)state;
    rig g;
    begin(&g);
    three_votes(&g);
    const rig_bytes *one = &g.entries[rig_find(&g, 0, 1)];
    rig_append(&g, one->p, one->len);
    char entry[32];
    snprintf(entry, sizeof entry, "entry %zu", g.count - 1);
    rig_bytes batch = rig_batch_entry(&g, 4, 1);
    rig_append(&g, batch.p, batch.len);
    rig_assert_fail(&g, "chains", "ballot.sequence", entry);
    free(batch.p);
    rig_free(&g);
}

/* The newest ballot and its batch are dropped; the log goes on without them. */
static void tip_dropped(void **state) {
    (void)state;
    rig g;
    uint8_t old_root[32], new_root[32];
    tp_hash proof[TP_TREE_MAX_PROOF], from, to;
    size_t count;
    begin(&g);
    three_votes(&g);
    char *dir = scratch_folder();
    uint64_t old_size = g.count;
    rig_write(&g, dir);
    assert_int_equal(tp_record_root_at(old_root, dir, old_size), TP_OK);
    scratch_remove(dir);
    size_t tip = rig_find(&g, 0, 3);
    rig_remove(&g, tip);
    rig_remove(&g, tip); /* its batch */
    for (uint32_t i = 3; i < 8; i++) {
        rig_bytes empty = rig_batch_entry(&g, i, 0);
        rig_push(&g, empty.p, empty.len);
        free(empty.p);
    }
    rig_assert_good(&g); /* the new record alone shows nothing */
    dir = scratch_folder();
    rig_write(&g, dir);
    assert_int_equal(tp_record_root_at(new_root, dir, g.count), TP_OK);
    assert_int_equal(tp_record_consistency(proof, &count, dir, old_size, g.count), TP_OK);
    memcpy(from.b, old_root, 32);
    memcpy(to.b, new_root, 32);
    assert_int_equal(tp_tree_check_consistency(old_size, g.count, &from, &to, proof, count),
                     TP_INVALID);
    scratch_remove(dir);
    rig_free(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(honest_chain),
                                       cmocka_unit_test(reordered),
                                       cmocka_unit_test(gap),
                                       cmocka_unit_test(other_predecessor),
                                       cmocka_unit_test(first_replayed),
                                       cmocka_unit_test(tip_dropped)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
