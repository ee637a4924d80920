/* F8: an audit that cannot be repeated decides nothing. Reports of two runs are the same byte for
 * byte, whatever the number of threads, and every FAIL names its object.
 */
#include "tests/record/rig.h"
#include "tests/record/scratch.h"
#include "tests/support/support.h"

static const rig_plan plan = {.voters = 40, .floor = 3};

static void print(char *out, size_t cap, const tp_verification *v) {
    size_t at = 0;
    for (size_t i = 0; i < v->count; i++)
        at += (size_t)snprintf(out + at, cap - at, "%s|%d|%s|%s|%s\n", v->checks[i].check,
                               (int)v->checks[i].verdict, v->checks[i].fault.code,
                               v->checks[i].fault.where, v->checks[i].detail);
}

static void assert_same_reports(const char *dir, tp_err want) {
    char first[8192], other[8192];
    for (unsigned run = 0; run < 6; run++) {
        tp_verification v;
        tp_replay_options o = {.threads = 1 + run % 3};
        tp_err err = tp_verify(&v, dir, NULL, &o);
        assert_true((err == TP_OK) == (want == TP_OK));
        print(run ? other : first, sizeof first, &v);
        if (run) assert_string_equal(first, other);
        if (err) assert_string_not_equal(rig_fail(&v)->fault.where, "");
    }
}

static void good_record(void **state) {
    (void)state;
    rig g;
    char *dir = scratch_folder();
    rig_whole(&g, &plan);
    rig_write(&g, dir);
    assert_same_reports(dir, TP_OK);
    scratch_remove(dir);
    rig_free(&g);
}

/* Several faults at once: always the first one is reported. */
static void bad_record(void **state) {
    (void)state;
    rig g;
    char *dir = scratch_folder();
    rig_whole(&g, &plan);
    for (size_t voter = 3; voter < 30; voter += 8) {
        rig_bytes *b = &g.entries[rig_find(&g, voter, 1)];
        b->p[b->len / 2] ^= 1;
    }
    rig_write(&g, dir);
    assert_same_reports(dir, TP_INVALID);
    scratch_remove(dir);
    rig_free(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(good_record), cmocka_unit_test(bad_record)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
