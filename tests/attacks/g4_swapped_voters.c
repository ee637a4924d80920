/* G4: whoever runs the server swaps voters after the election began. The roll is committed to on
 * the board before it opens, and the server takes a change of it only as an entry that two officers
 * signed: another roll, another row than the signed one and one officer alone are refused. Who has
 * the roll finds a row that was changed behind the board. spec: S-30, J-20..J-24 */
#include "tests/server/harness.h"

#include <sys/wait.h>
#include <time.h>

#include "election/roll_tree.h"

static daemon_scene d;
static const char *tapat;

static int set_up(void **state) {
    (void)state;
    scene_init(&d, NULL, NULL);
    assert_true(scene_start(&d));
    run_ceremony(&d);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    scene_free(&d);
    return 0;
}

static void state_of(tp_roll_state *s, const tp_roll_new_row *row) {
    tp_roll_state_of(s, scene_roll_secret, d.f.manifest.fingerprint, row);
}

static void voter_row(tp_roll_new_row *row, unsigned i) {
    memset(row, 0, sizeof *row);
    snprintf(row->number, sizeof row->number, "HV%04u", i);
    snprintf(row->name, sizeof row->name, "Voter %u", i);
    strcpy(row->birth_date, "1980-05-06");
    row->unit = (uint16_t)(i % FIXTURE_UNITS);
    row->channel = 1;
}

/* What two officers sign: that `before` becomes `after`; a row without a channel is absent. */
static size_t change_entry(uint8_t *bytes, const tp_roll_new_row *before,
                           const tp_roll_new_row *after, size_t officers) {
    uint8_t list[TP_ROLL_CHANGE_LEN];
    tp_roll_change c;
    tp_entry e;
    state_of(&c.before, before);
    state_of(&c.after, after);
    tp_writer w = tp_writer_of(list, sizeof list);
    tp_roll_change_write(&w, &c);
    d.f.now = (uint64_t)time(NULL);
    fixture_sign_changes(&d.f, &e, list, 1);
    e.college.count = (uint16_t)officers;
    w = tp_writer_of(bytes, TP_MAX_ENTRY);
    assert_int_equal(tp_entry_write(&w, &e), TP_OK);
    return w.len;
}

static reply post_change(const uint8_t *entry, size_t len, const tp_roll_new_row *row) {
    uint8_t rows[1024];
    tp_writer w = tp_writer_of(rows, sizeof rows);
    if (row) tp_roll_new_row_write(&w, row);
    return post_entry(&d, entry, len, rows, w.len);
}

static tp_voter stored(const char *number, bool *found) {
    tp_voter v = {0};
    tp_store *s = scene_store(&d);
    assert_int_equal(tp_store_voter_find(s, number, &v, found), TP_OK);
    tp_store_close(s);
    return v;
}

static int audit(void) {
    char command[512];
    snprintf(command, sizeof command, "%s roll audit --data %s --record %s/public >%s/audit 2>&1",
             tapat, d.data, d.data, d.dir);
    int status = system(command);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Until the record has what the board has. */
static void wait_published(uint64_t size) {
    struct timespec pause = {.tv_nsec = 20000000};
    for (int i = 0; i < 500; i++) {
        if ((uint64_t)board_size(&d) >= size) return;
        nanosleep(&pause, NULL);
    }
    fail_msg("the record has not %llu entries", (unsigned long long)size);
}

static void set_name(const char *number, const char *name) {
    bool found;
    tp_voter v = stored(number, &found);
    tp_store *s = scene_store(&d);
    strcpy(v.name, name);
    assert_int_equal(tp_store_begin(s), TP_OK);
    assert_int_equal(tp_store_voter_update(s, &v, "voter"), TP_OK);
    assert_int_equal(tp_store_commit(s), TP_OK);
    tp_store_close(s);
}

static void test_commitment(void **state) {
    (void)state;
    uint8_t units[FIXTURE_UNITS * TP_UNIT_ROLL_LEN], bytes[4096];
    tp_entry e;
    expect_problem(
        post_act(&d, TP_ACT_OPEN, tp_ceremony_keys(d.f.board.ceremony)->digest, 0, NULL, 0), 409,
        "board.order");
    d.f.now = (uint64_t)time(NULL);
    fixture_sign_roll(&d.f, &e, units); /* a roll that is not the server's */
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    assert_int_equal(tp_entry_write(&w, &e), TP_OK);
    expect_problem(post_entry(&d, bytes, w.len, NULL, 0), 409, "roll.root"); /* nor a secret */
    run_roll(&d);
    expect_problem(post_entry(&d, bytes, w.len, NULL, 0), 409, "board.repeat");
    run_open(&d);
}

static void test_changes(void **state) {
    (void)state;
    static uint8_t bytes[TP_MAX_ENTRY];
    const tp_roll_new_row none = {0};
    tp_roll_new_row is, will, other;
    bool found;
    voter_row(&is, 4);
    will = is;
    strcpy(will.name, "Somebody Else");
    size_t len = change_entry(bytes, &is, &will, 2);
    expect_problem(post_change(bytes, len, &will), 409, "board.order"); /* nothing committed yet */
    run_roll(&d);
    len = change_entry(bytes, &is, &will, 1);
    expect_problem(post_change(bytes, len, &will), 409, "entry.quorum");
    len = change_entry(bytes, &is, &will, 2);
    other = will;
    strcpy(other.name, "A Third");
    expect_problem(post_change(bytes, len, &other), 409, "roll.row"); /* not what was signed */
    expect_problem(post_change(bytes, len, NULL), 409, "roll.row");
    voter_row(&other, 5);
    strcpy(other.name, "Somebody Else");
    expect_problem(post_change(bytes, len, &other), 409, "roll.row"); /* another voter's row */
    strcpy(will.contact, "thief@example.org");
    expect_status(post_change(bytes, len, &will), 201);
    tp_voter v = stored("HV0004", &found);
    assert_string_equal(v.name, "Somebody Else");
    assert_string_equal(v.contact, ""); /* no part of what was signed */
    expect_problem(post_change(bytes, len, &will), 409, "roll.row"); /* once */
    /* added, disabled, removed */
    voter_row(&is, 900);
    strcpy(is.contact, "n@example.org");
    len = change_entry(bytes, &none, &is, 2);
    expect_status(post_change(bytes, len, &is), 201);
    assert_string_equal(stored("HV0900", &found).contact, "n@example.org");
    will = is;
    strcpy(will.disabled, "dead");
    len = change_entry(bytes, &is, &will, 2);
    expect_status(post_change(bytes, len, &will), 201);
    assert_string_equal(stored("HV0900", &found).disabled, "dead");
    memset(&other, 0, sizeof other);
    strcpy(other.number, "HV0900");
    len = change_entry(bytes, &will, &none, 2);
    expect_status(post_change(bytes, len, &other), 201);
    stored("HV0900", &found);
    assert_false(found);
    wait_published(d.f.count + 5); /* the roll and four changes */
    assert_int_equal(audit(), 0);
    set_name("HV0007", "Somebody Else"); /* behind the board */
    assert_int_equal(audit(), 1);
    set_name("HV0007", "Voter 7");
    assert_int_equal(audit(), 0);
}

/* Whoever has a voting key is neither disabled nor moved before it is cancelled. */
static void test_enrolled(void **state) {
    (void)state;
    static uint8_t bytes[TP_MAX_ENTRY];
    tp_roll_new_row is, will;
    bool found;
    run_roll(&d);
    tp_enrolment e = {
        .id = {1}, .voter = stored("HV0002", &found).id, .state = TP_ENROL_DONE, .credential = {5}};
    tp_store *s = scene_store(&d);
    assert_int_equal(tp_store_enrolment_put(s, &e), TP_OK);
    tp_store_close(s);
    voter_row(&is, 2);
    will = is;
    strcpy(will.disabled, "away");
    size_t len = change_entry(bytes, &is, &will, 2);
    expect_problem(post_change(bytes, len, &will), 409, "roll.enrolled");
    will = is;
    will.channel = 2;
    len = change_entry(bytes, &is, &will, 2);
    expect_problem(post_change(bytes, len, &will), 409, "roll.enrolled");
    will = is;
    strcpy(will.name, "Voter Two");
    len = change_entry(bytes, &is, &will, 2);
    expect_status(post_change(bytes, len, &will), 201);
    assert_int_equal(stored("HV0002", &found).channel, 1);
}

int main(int argc, char **argv) {
    tapat = argc > 1 ? argv[1] : "build/tapat";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_commitment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_changes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_enrolled, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
