/* Cosignatures on a checkpoint: the manifest's witnesses in its order, each at most once, each
 * good, and at least the quorum; everything else is refused and named. spec,
 * Y-5
 */
#include "tests/record/rig.h"
#include "tests/record/scratch.h"
#include "tests/support/support.h"

static const rig_plan plan = {.voters = 4, .floor = 2, .witnesses = 3, .quorum = 2};
static rig g;
static char *dir;
static uint8_t root[32];

static int begin(void **state) {
    (void)state;
    rig_begin(&g, &plan);
    dir = scratch_folder();
    rig_write(&g, dir);
    assert_int_equal(tp_record_root_at(root, dir, g.count), TP_OK);
    return 0;
}

static int end(void **state) {
    (void)state;
    scratch_remove(dir);
    rig_free(&g);
    return 0;
}

/* A checkpoint with the log's line and those of the witnesses in `order`: "13", first and third. */
static size_t note_of(char *out, const char *order) {
    tp_writer w = tp_writer_of(out, TP_CHECKPOINT_NOTE_MAX);
    rig_checkpoint(&g, &w, root);
    for (; *order; order++)
        rig_cosign(&g, &w, (size_t)(*order - '1'));
    assert_int_equal(tp_write_end(&w), TP_OK);
    return w.len;
}

/* The verdict of the whole verification agrees with that of the checkpoint alone. */
static void assert_note(const char *note, size_t len, tp_err err, const char *code) {
    tp_verification v;
    tp_checkpoint_seen seen;
    tp_fault fault = {.code = ""};
    scratch_write(dir, "checkpoint", note, len);
    assert_int_equal(tp_checkpoint_check(&seen, note, len, &g.m, &fault), err);
    assert_int_equal(tp_verify(&v, dir, NULL, &rig_options), err);
    if (!err) return;
    assert_string_equal(fault.code, code);
    assert_string_equal(rig_fail(&v)->fault.code, code);
    assert_string_equal(rig_fail(&v)->check, "log");
    assert_string_equal(rig_fail(&v)->fault.where, "checkpoint");
}

static void assert_order(const char *order, tp_err err, const char *code) {
    char note[TP_CHECKPOINT_NOTE_MAX];
    assert_note(note, note_of(note, order), err, code);
}

static void quorum(void **state) {
    (void)state;
    tp_verification v;
    assert_order("12", TP_OK, "");
    assert_int_equal(tp_verify(&v, dir, NULL, &rig_options), TP_OK);
    assert_non_null(strstr(rig_check(&v, "log")->detail, "2 of 3 witnesses"));
    assert_order("13", TP_OK, "");
    assert_order("23", TP_OK, "");
    assert_order("123", TP_OK, "");
    assert_order("", TP_REFUSED, "checkpoint.quorum");
    assert_order("1", TP_REFUSED, "checkpoint.quorum");
    assert_order("3", TP_REFUSED, "checkpoint.quorum");
}

static void others_are_refused(void **state) {
    (void)state;
    const char *code = "checkpoint.cosignature";
    assert_order("21", TP_REFUSED, code);
    assert_order("132", TP_REFUSED, code);
    assert_order("124", TP_REFUSED, code); /* a key that the manifest does not name */
    assert_order("41", TP_REFUSED, code);
    assert_order("112", TP_MALFORMED, "checkpoint.malformed"); /* T-11 */
}

/* The log's line is the first, and its key under a witness's type or name does not count. */
static void the_log_is_first(void **state) {
    (void)state;
    char note[TP_CHECKPOINT_NOTE_MAX], moved[TP_CHECKPOINT_NOTE_MAX];
    size_t len = note_of(note, "12");
    char *first = memmem(note, len, "\n\n", 2);
    assert_non_null(first);
    first += 2;
    char *second = memchr(first, '\n', len), *third = memchr(second + 1, '\n', len);
    assert_non_null(third);
    size_t head = (size_t)(first - note), a = (size_t)(second + 1 - first),
           b = (size_t)(third - second), rest = len - head - a - b;
    memcpy(moved, note, head);
    memcpy(moved + head, second + 1, b);
    memcpy(moved + head + b, first, a);
    memcpy(moved + head + b + a, third + 1, rest);
    assert_note(moved, len, TP_REFUSED, "checkpoint.key");
    memmove(first, second + 1, len - head - a); /* without the log's */
    assert_note(note, len - a, TP_REFUSED, "checkpoint.key");
}

/* Any bit of a cosignature line is bound; the time in it too. */
static void false_cosignatures(void **state) {
    (void)state;
    char note[TP_CHECKPOINT_NOTE_MAX];
    size_t len = note_of(note, "12");
    char *line = strstr(note, "witness.example/2 ");
    assert_non_null(line);
    line += strlen("witness.example/2 ");
    tp_checkpoint_seen seen;
    tp_fault fault;
    for (size_t i = 0; i < 100; i++) {
        char was = line[i];
        line[i] = was == 'A' ? 'B' : 'A';
        assert_int_not_equal(tp_checkpoint_check(&seen, note, len, &g.m, &fault), TP_OK);
        line[i] = was;
    }
    assert_note(note, len, TP_OK, "");
    line[8] = line[8] == 'A' ? 'B' : 'A'; /* in the time */
    assert_note(note, len, TP_INVALID, "checkpoint.cosignature");
}

/* A cosignature of another checkpoint of the same log. */
static void cosignature_of_another(void **state) {
    (void)state;
    char note[TP_CHECKPOINT_NOTE_MAX], other[TP_CHECKPOINT_NOTE_MAX];
    size_t len = note_of(note, "1");
    tp_writer w = tp_writer_of(other, sizeof other);
    root[0] ^= 1;
    rig_checkpoint(&g, &w, root);
    root[0] ^= 1;
    size_t before = w.len;
    rig_cosign(&g, &w, 1);
    memcpy(note + len, other + before, w.len - before);
    assert_note(note, len + w.len - before, TP_INVALID, "checkpoint.cosignature");
}

static void without_witnesses(void **state) {
    (void)state;
    static const rig_plan alone = {.voters = 4, .floor = 2};
    rig h;
    char note[TP_CHECKPOINT_NOTE_MAX];
    tp_checkpoint_seen seen;
    tp_fault fault;
    rig_begin(&h, &alone);
    tp_writer w = tp_writer_of(note, sizeof note);
    rig_checkpoint(&h, &w, root);
    assert_int_equal(tp_checkpoint_check(&seen, note, w.len, &h.m, &fault), TP_OK);
    assert_int_equal(seen.witnesses, 0);
    rig_cosign(&h, &w, 0);
    assert_int_equal(tp_checkpoint_check(&seen, note, w.len, &h.m, &fault), TP_REFUSED);
    assert_string_equal(fault.code, "checkpoint.cosignature");
    rig_free(&h);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(quorum),
                                       cmocka_unit_test(others_are_refused),
                                       cmocka_unit_test(the_log_is_first),
                                       cmocka_unit_test(false_cosignatures),
                                       cmocka_unit_test(cosignature_of_another),
                                       cmocka_unit_test(without_witnesses)};
    return cmocka_run_group_tests(tests, begin, end);
}
