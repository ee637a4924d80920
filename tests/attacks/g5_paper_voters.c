/* G5: who voted on paper at a post is counted online too. The post's register comes back, and the
 * tool names every paper voter whose online ballot must go; one that is excluded balances, a key
 * that is left to a voter who moved to paper does not, and who is marked gets no other key.
 * spec: J-27, J-28, J-29, S-15, U-5 */
#include <ftw.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "election/tally.h"
#include "store/store.h"
#include "tests/record/rig.h"
#include "tests/support/support.h"

static const char *tapat;
static const rig_plan plan = {.voters = 12, .floor = 3};
static rig g;
static char dir[64];

/* ---- the tool ---- */

typedef struct {
    int code;
    char text[8192];
} result;

static result tell(const char *words) {
    char command[2048];
    result r = {0};
    snprintf(command, sizeof command,
             "cd %s && %s roll %s --post %s --manifest m.json --data data 2>&1", dir, tapat, words,
             g.m.units[g.voters[0].unit].id);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    r.text[fread(r.text, 1, sizeof r.text - 1, p)] = 0;
    int status = pclose(p);
    r.code = WIFEXITED(status) ? WEXITSTATUS(status) : 255;
    return r;
}

static void expect(result r, int code, const char *text) {
    if (r.code == code && strstr(r.text, text)) return;
    fail_msg("expected %d '%s', got %d: %s", code, text, r.code, r.text);
}

static void put_file(const char *name, const char *text) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void put_register(const char *rows) {
    char text[1024];
    snprintf(text, sizeof text, "number,name,birth_date,voted\r\n%s", rows);
    put_file("register.csv", text);
}

/* ---- the store: V0 with a ballot on the board, V1 with a key and none, V2 waiting, V3 without
 * ---- */

static tp_store *open_store(void) {
    char path[128];
    tp_store *s;
    snprintf(path, sizeof path, "%s/data/tapat.db", dir);
    assert_int_equal(tp_store_open(&s, path, false), TP_OK);
    return s;
}

static void put_key(tp_store *s, size_t i, uint32_t accepted, uint32_t recorded, bool excluded) {
    tp_store_credential k = {.unit = g.voters[i].unit, .ready = true, .on_board = true};
    memcpy(k.key, g.voters[i].key, 32);
    memcpy(k.tip, g.voters[i].tip, 32);
    k.sequence = accepted, k.recorded = recorded, k.excluded = excluded;
    assert_int_equal(tp_store_credential_put(s, &k), TP_OK);
}

static void put_voters(void) {
    static const tp_enrol_state states[] = {TP_ENROL_DONE, TP_ENROL_DONE, TP_ENROL_WAITING, 0, 0};
    tp_store *s = open_store();
    assert_int_equal(tp_store_begin(s), TP_OK);
    for (size_t i = 0; i < 5; i++) {
        tp_voter v = {.unit = g.voters[0].unit, .birth_date = "1980-05-06"};
        snprintf(v.number, sizeof v.number, "V%zu", i);
        snprintf(v.name, sizeof v.name, "%s", i == 1 ? "=1+1, \"Ana\"" : "Cruz, Juan");
        if (i == 4) v.unit = (uint16_t)(v.unit ? 0 : 1);
        assert_int_equal(tp_store_voter_add(s, &v, "cruz juan"), TP_OK);
        tp_enrolment e = {.id = {(uint8_t)i}, .voter = (int64_t)i + 1, .state = states[i]};
        memcpy(e.credential, g.voters[i].key, 32);
        if (states[i]) assert_int_equal(tp_store_enrolment_put(s, &e), TP_OK);
    }
    put_key(s, 0, 1, 1, false);
    put_key(s, 1, 0, 0, false);
    assert_int_equal(tp_store_commit(s), TP_OK);
    tp_store_close(s);
}

static bool is_marked(const char *number) {
    tp_voter v;
    bool found;
    tp_store *s = open_store();
    assert_int_equal(tp_store_voter_find(s, number, &v, &found), TP_OK);
    assert_true(found);
    tp_store_close(s);
    return v.voted;
}

static int set_up(void **state) {
    (void)state;
    char path[128];
    rig_begin(&g, &plan);
    rig_ceremony(&g);
    rig_enrol(&g);
    strcpy(dir, "/tmp/tapat-g5-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/data", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    put_file("m.json", g.json);
    put_voters();
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static int tear_down(void **state) {
    (void)state;
    rig_free(&g);
    return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- the register ---- */

static void test_export(void **state) {
    (void)state;
    char path[128];
    size_t len;
    put_register("V3,Juan Cruz,1980-05-06,yes\r\n");
    expect(tell("import-register register.csv"), 0, "stored");
    expect(tell("export --out out.csv"), 0, "4 voters");
    snprintf(path, sizeof path, "%s/out.csv", dir);
    char *text = (char *)test_file(path, &len);
    assert_string_equal(text, "number,name,birth_date,channel,disabled,key,voted\r\n"
                              "\"V0\",\"Cruz, Juan\",1980-05-06,online,no,yes,\r\n"
                              "\"V1\",\"'=1+1, \"\"Ana\"\"\",1980-05-06,online,no,yes,\r\n"
                              "\"V2\",\"Cruz, Juan\",1980-05-06,online,no,waits,\r\n"
                              "\"V3\",\"Cruz, Juan\",1980-05-06,online,no,no,yes\r\n");
    free(text);
    expect(tell("import-register out.csv"), 0, "4 rows, 0 wrong, 1 voted on paper: 0 marked");
    expect(tell("export"), 2, "--out");
}

static void test_refused(void **state) {
    (void)state;
    put_register("V3,Juan Cruz,1980-05-06,yes\r\n" /* good, and not stored all the same */
                 "V9,Juan Cruz,1980-05-06,yes\r\n"
                 "V4,Juan Cruz,1980-05-06,yes\r\n"
                 "V0,Juan Reyes,1980-05-06,yes\r\n"
                 "V0,Juan Cruz,1980-06-05,yes\r\n"
                 "V2,Juan Cruz,1980-05-06,maybe\r\n"
                 "V3,Juan Cruz,1980-05-06,\r\n"
                 "V1,x\r\n");
    result r = tell("import-register register.csv");
    expect(r, 1, "line 3: no such number");
    expect(r, 1, "line 4: a voter of another post");
    expect(r, 1, "line 5: name");
    expect(r, 1, "line 6: birth_date");
    expect(r, 1, "line 7: voted");
    expect(r, 1, "line 8: this voter stands in an earlier line already");
    expect(r, 1, "line 9: not as many fields");
    expect(r, 1, "nothing was stored");
    assert_false(is_marked("V3"));
    put_register("V3,Juan Cruz,1980-05-06,yes\r\n");
    expect(tell("import-register register.csv --dry-run"), 0, "nothing was stored");
    assert_false(is_marked("V3"));
    expect(tell("import-register register.csv"), 0, "1 marked");
    assert_true(is_marked("V3"));
    put_register("V3,Juan Cruz,1980-05-06,no\r\n");
    expect(tell("import-register register.csv"), 1, "--take-back");
    expect(tell("import-register register.csv --take-back"), 0, "1 taken back");
    assert_false(is_marked("V3"));
    put_file("register.csv", "number,name,birth_date\r\n");
    expect(tell("import-register register.csv"), 1, "are needed");
    expect(tell("import-register none.csv"), 3, "cannot read");
}

/* Who is marked waits for no registrar, and stays on the roll. */
static void test_marked(void **state) {
    (void)state;
    tp_enrolment e[2];
    tp_voter v[2];
    size_t count;
    tp_store *s = open_store();
    assert_int_equal(tp_store_enrolment_waiting(s, e, v, 2, &count), TP_OK);
    assert_int_equal(count, 1);
    tp_store_close(s);
    put_register("V2,Juan Cruz,1980-05-06,yes\r\nV3,Juan Cruz,1980-05-06,yes\r\n");
    expect(tell("import-register register.csv"), 0, "to be done: 0");
    s = open_store();
    assert_int_equal(tp_store_enrolment_waiting(s, e, v, 2, &count), TP_OK);
    assert_int_equal(count, 0);
    assert_int_equal(tp_store_begin(s), TP_OK);
    assert_int_equal(tp_store_voter_remove(s, 4), TP_REFUSED);
    assert_int_equal(tp_store_voter_mark(s, 4, false), TP_OK);
    assert_int_equal(tp_store_voter_remove(s, 4), TP_OK);
    assert_int_equal(tp_store_voter_mark(s, 4, true), TP_REFUSED);
    tp_store_rollback(s);
    tp_store_close(s);
}

/* ---- the count ---- */

static void expect_listed(const char *what, size_t voter) {
    char line[160], hex[65];
    for (size_t i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", g.voters[voter].tip[i]);
    snprintf(line, sizeof line, what, hex);
    expect(tell("import-register register.csv"), 0, line);
}

static void count_votes(void) {
    rig_close(&g);
    rig_freeze(&g);
    rig_share(&g, 1, false);
    rig_share(&g, 3, false);
    rig_publish(&g);
    rig_assert_good(&g);
}

static void test_excluded(void **state) {
    (void)state;
    rig_open(&g);
    for (size_t i = 0; i < plan.voters; i++)
        rig_vote(&g, i, 7);
    rig_batch(&g);
    put_register("V0,Juan Cruz,1980-05-06,yes\r\nV1,Ana 1 1,1980-05-06,yes\r\n");
    tp_store *s = open_store();
    put_key(s, 0, 2, 1, false);
    tp_store_close(s);
    expect(tell("import-register register.csv"), 0, "V0: the ballot is not on the board yet");
    s = open_store();
    put_key(s, 0, 1, 1, false);
    tp_store_close(s);
    expect_listed("V0: tapat exclude %s --reason voted-in-person", 0);
    result r = tell("import-register register.csv");
    expect(r, 0, "V1: no ballot yet; registrars cancel the key");
    expect(r, 0, "--reason votes-at-the-post");
    expect(r, 0, "online keys of paper voters: 2, to be done: 2"); /* so long as it is left */
    expect(tell("import-register register.csv --json"), 0, "\"do\":\"exclude\"");
    rig_exclude(&g, 0);
    s = open_store();
    put_key(s, 0, 1, 1, true);
    tp_store_close(s);
    expect(tell("import-register register.csv"), 0, "to be done: 1");
    count_votes();
    char *json = (char *)g.results.p;
    char *total = strstr(json, "\"reconciliation\"");
    assert_non_null(total);
    assert_non_null(strstr(total, "\"ballots\": 12"));
    assert_non_null(strstr(total, "\"excluded\": 1"));
    assert_non_null(strstr(total, "\"counted\": 11"));
}

/* One ballot that is neither counted nor accounted for, or both: no figures come of it. */
static void test_imbalance(void **state) {
    (void)state;
    tp_reconciliation u = {.online = 12, .enrolled = 12, .ballots = 12, .counted = 11};
    assert_string_equal(tp_reconciliation_fault(&u), "reconciliation.sum");
    u.excluded = 1;
    assert_null(tp_reconciliation_fault(&u));
    u.counted = 12;
    assert_string_equal(tp_reconciliation_fault(&u), "reconciliation.sum");
}

/* Officers move the paper voter to the post: with the key there are more keys than online voters.
 */
static void test_left_in(void **state) {
    (void)state;
    uint32_t units[RIG_UNITS][3] = {{0}};
    for (size_t i = 0; i < plan.voters; i++)
        for (size_t k = 0; k < 3; k++)
            units[g.voters[i].unit][k]++;
    rig_bytes roll = rig_roll_entry(&g, (const uint32_t(*)[3])units, plan.voters);
    rig_append(&g, roll.p, roll.len);
    const tp_roll_change c = {.before = {.leaf = {1}, .unit = g.voters[0].unit, .standing = 1},
                              .after = {.leaf = {2}, .unit = g.voters[0].unit, .standing = 2}};
    rig_bytes change = rig_changes_entry(&g, &c, 1);
    rig_append(&g, change.p, change.len);
    rig_assert_fail(&g, "reconciliation", "reconciliation.roll", "unit");
    rig_cancel(&g, 0);
    rig_assert_good(&g);
    free(change.p);
    free(roll.p);
}

int main(int argc, char **argv) {
    tapat = argc > 1 ? realpath(argv[1], NULL) : NULL;
    if (!tapat) return 2;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_export, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_marked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_excluded, set_up, tear_down),
        cmocka_unit_test(test_imbalance),
        cmocka_unit_test_setup_teardown(test_left_in, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
