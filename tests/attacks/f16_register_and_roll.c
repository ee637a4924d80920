/* F16: the registrars' list is longer than the electorate, or the figures do not fit each other.
 * Credentials that are not cancelled are at most as many as a unit's online voters, which the
 * commitment to the roll states and every signed change moves; units add up to the whole; nothing
 * stands twice. spec: Y-17, Y-21, S-31, S-32 */
#include "tests/record/rig.h"
#include "tests/support/support.h"

static const rig_plan plan = {.voters = 30, .floor = 3};

static void begun(rig *g) {
    rig_begin(g, &plan);
    rig_ceremony(g);
    rig_enrol(g);
}

static void push_roll(rig *g, const uint32_t (*units)[3], uint32_t leaves) {
    rig_bytes b = rig_roll_entry(g, units, leaves);
    rig_push(g, b.p, b.len);
    free(b.p);
}

static void enrolled_in(const rig *g, uint32_t units[RIG_UNITS][3]) {
    memset(units, 0, RIG_UNITS * sizeof units[0]);
    for (size_t i = 0; i < plan.voters; i++)
        for (size_t k = 0; k < 3; k++)
            units[g->voters[i].unit][k]++;
}

static uint32_t sum(uint32_t units[RIG_UNITS][3]) {
    return units[0][0] + units[1][0] + units[2][0];
}

static void test_more_credentials_than_voters(void **state) {
    (void)state;
    rig g;
    uint32_t units[RIG_UNITS][3];
    begun(&g);
    enrolled_in(&g, units);
    push_roll(&g, (const uint32_t(*)[3])units, sum(units));
    rig_assert_good(&g); /* just as many */
    rig_remove(&g, g.count - 1);
    units[1][2]--; /* one of them votes by mail */
    push_roll(&g, (const uint32_t(*)[3])units, sum(units));
    rig_assert_fail(&g, "reconciliation", "reconciliation.roll", "unit south");
    rig_free(&g);
}

/* The same by a change: a voter who has a credential is disabled; and with the cancel it holds. */
static void test_change(void **state) {
    (void)state;
    rig g;
    uint32_t units[RIG_UNITS][3];
    begun(&g);
    enrolled_in(&g, units);
    rig_bytes roll = rig_roll_entry(&g, (const uint32_t(*)[3])units, sum(units));
    rig_append(&g, roll.p, roll.len);
    const tp_roll_change c = {.before = {.leaf = {1}, .unit = g.voters[0].unit, .standing = 1},
                              .after = {.leaf = {2}, .unit = g.voters[0].unit, .standing = 4}};
    rig_bytes change = rig_changes_entry(&g, &c, 1);
    rig_append(&g, change.p, change.len);
    rig_assert_fail(&g, "reconciliation", "reconciliation.roll", "unit");
    rig_cancel(&g, 0);
    rig_assert_good(&g);
    rig_push(&g, change.p, change.len); /* the same once more */
    rig_assert_fail(&g, "roll", "roll.change", "entry");
    free(change.p);
    free(roll.p);
    rig_free(&g);
}

static void test_sums(void **state) {
    (void)state;
    rig g;
    uint32_t units[RIG_UNITS][3];
    begun(&g);
    enrolled_in(&g, units);
    push_roll(&g, (const uint32_t(*)[3])units, sum(units) + 1);
    rig_assert_fail(&g, "roll", "roll.sum", "entry");
    rig_remove(&g, g.count - 1);
    units[0][1]++; /* more electors than rows */
    push_roll(&g, (const uint32_t(*)[3])units, sum(units));
    rig_assert_fail(&g, "roll", "roll.units", "entry");
    rig_remove(&g, g.count - 1);
    units[0][0] = units[0][1] = plan.voters + 1; /* more than the manifest has registered */
    push_roll(&g, (const uint32_t(*)[3])units, sum(units));
    rig_assert_fail(&g, "roll", "roll.units", "entry");
    rig_free(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_more_credentials_than_voters),
        cmocka_unit_test(test_change),
        cmocka_unit_test(test_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
