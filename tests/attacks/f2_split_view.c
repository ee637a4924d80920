/* F2, F7: one server, two logs signed with one key. A monitor that has seen the first names what
 * the second is: shorter, another of the same size, or one that does not hold what was there. And a
 * board that stands still, or does not answer any more, is told of. spec: R-15
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/server/harness.h"

static daemon_scene d;
static const char *tapat;

static const char *options = "";

/* One look of the monitor; the exit code, and its line in out. */
static int look(char out[static 200]) {
    char command[400];
    snprintf(command, sizeof command,
             "%s board monitor --once --server http://127.0.0.1:%u --state %s/seen %s 2>/dev/null",
             tapat, d.port, d.dir, options);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    out[fread(out, 1, 199, f)] = 0;
    int status = pclose(f);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void expect_alarm(const char *alarm) {
    char out[200];
    assert_int_equal(look(out), 1);
    if (strncmp(out, alarm, strlen(alarm)) != 0) fail_msg("%s, not %s", out, alarm);
}

static void expect_quiet(void) {
    char out[200];
    if (look(out) != 0) fail_msg("%s", out);
}

static void wait_published(int64_t size) {
    struct timespec slice = {0, 20 * 1000 * 1000};
    for (int i = 0; i < 500 && board_size(&d) < size; i++)
        nanosleep(&slice, NULL);
    assert_true(board_size(&d) >= size);
}

/* The first `count` entries of the ceremony. */
static void post_entries(size_t count) {
    for (size_t i = 1; i <= count; i++)
        expect_status(post_entry(&d, d.f.entries[i].bytes, d.f.entries[i].len, NULL, 0), 201);
}

/* `tapat FORMAT`; the exit code, and what it says in out. */
static int tell(char out[static 1000], const char *format, const char *second) {
    char arguments[300], command[500], url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u", d.port);
    snprintf(arguments, sizeof arguments, format, url, d.dir, second);
    snprintf(command, sizeof command, "%s %s 2>&1", tapat, arguments);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    out[fread(out, 1, 999, f)] = 0;
    return WEXITSTATUS(pclose(f));
}

/* A copy, which an observer keeps, against what the server shows now. */
static void expect_board(int code, const char *text) {
    char out[1000];
    if (tell(out, "board check --server %s %s/copy/%s", "checkpoint") != code || !strstr(out, text))
        fail_msg("not %d '%s': %s", code, text, out);
}

static void split_view(void **state) {
    (void)state;
    char command[300], copied[1000];
    scene_init(&d, NULL, NULL);
    d.f.now = (uint64_t)time(NULL);
    fixture_ceremony(&d.f);
    assert_true(scene_start(&d));
    expect_quiet();
    post_entries(4); /* approval, three commitments */
    wait_published(5);
    expect_quiet();
    expect_quiet(); /* nothing new */
    assert_int_equal(tell(copied, "mirror --server %s %s/%s --json", "copy"), 0);
    assert_int_equal(strncmp(copied, "{\"size\":5,\"files\":", 18), 0);
    expect_board(0, "checkpoint  5 entries, now 5");
    assert_int_equal(scene_stop(&d, SIGTERM), 0);
    snprintf(command, sizeof command, "rm -rf %s/public %s/tapat.db*", d.data, d.data);
    assert_int_equal(system(command), 0);
    assert_true(scene_start(&d)); /* the same key, another log */
    expect_alarm("ALARM rewind");
    expect_board(1, "rewind: 5 entries, now 1");
    expect_status(post_act(&d, TP_ACT_APPROVE, d.f.manifest.fingerprint, 0, NULL, 0), 201);
    for (size_t i = 4; i >= 2; i--) /* the commitments in another order */
        expect_status(post_entry(&d, d.f.entries[i].bytes, d.f.entries[i].len, NULL, 0), 201);
    wait_published(5);
    expect_alarm("ALARM fork");
    expect_board(1, "fork: ");
    for (size_t i = 5; i <= 7; i++)
        expect_status(post_entry(&d, d.f.entries[i].bytes, d.f.entries[i].len, NULL, 0), 201);
    wait_published(8);
    expect_alarm("ALARM removal");
    expect_board(1, "removal: 5 entries, now 8");
    expect_alarm("ALARM removal"); /* it does not get used to it */
    options = "--json";
    expect_alarm("{\"alarm\":\"removal\",");
    options = "";
    scene_free(&d);
}

/* The state's second line, put back by some seconds. */
static void seen_before(unsigned seconds) {
    char command[300];
    snprintf(command, sizeof command, "sed -i -E '2s/^[0-9]+/'$(($(date +%%s) - %u))/ %s/seen",
             seconds, d.dir);
    assert_int_equal(system(command), 0);
}

/* A monitor that goes on looking, of a server that is gone. */
static void no_answer(void) {
    char command[400], line[200];
    snprintf(command, sizeof command,
             "rm %s/seen; timeout 30 %s board monitor --interval 1 --stall 3 --server "
             "http://127.0.0.1:%u --state %s/seen 2>/dev/null",
             d.dir, tapat, d.port, d.dir);
    FILE *f = popen(command, "r");
    assert_non_null(fgets(line, sizeof line, f));
    assert_int_equal(strncmp(line, "ok 5 entries", 12), 0);
    scene_stop(&d, SIGKILL);
    assert_non_null(fgets(line, sizeof line, f));
    assert_int_equal(strncmp(line, "ALARM stall: 5 entries for ", 27), 0);
    assert_non_null(strstr(line, "and no answer"));
    assert_int_equal(WEXITSTATUS(pclose(f)), 1);
}

static void standing_still(void **state) {
    (void)state;
    char out[200];
    scene_init(&d, NULL, NULL);
    d.f.now = (uint64_t)time(NULL);
    fixture_ceremony(&d.f);
    assert_true(scene_start(&d));
    expect_quiet();
    seen_before(1000000); /* before the approval nothing has to come */
    expect_quiet();
    post_entries(4);
    wait_published(5);
    options = "--json";
    assert_int_equal(look(out), 0);
    assert_non_null(strstr(out, "\"size\":5"));
    assert_non_null(strstr(out, "\"ended\":false"));
    options = "";
    seen_before(170); /* three times a minute is the limit */
    expect_quiet();
    seen_before(190);
    expect_alarm("ALARM stall: 5 entries for 19");
    expect_alarm("ALARM stall");
    options = "--stall 500";
    expect_quiet();
    scene_stop(&d, SIGKILL);
    assert_int_equal(look(out), 3); /* no answer to one look is no alarm */
    options = "";
    assert_true(scene_start(&d));
    no_answer();
    scene_free(&d);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(split_view),
                                       cmocka_unit_test(standing_still)};
    if (argc != 2) return 2;
    tapat = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
