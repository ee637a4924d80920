/* F2, F7: one server, two logs signed with one key. A monitor that has seen the first names what
 * the second is: shorter, another of the same size, or one that does not hold what was there.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/server/harness.h"

static daemon_scene d;
static const char *tapat;

/* One look of the monitor; the exit code, and its line in out. */
static int look(char out[static 200]) {
    char command[400];
    snprintf(command, sizeof command,
             "%s board monitor --once --server http://127.0.0.1:%u --state %s/seen", tapat, d.port,
             d.dir);
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

static void split_view(void **state) {
    (void)state;
    char command[300];
    scene_init(&d, NULL, NULL);
    d.f.now = (uint64_t)time(NULL);
    fixture_ceremony(&d.f);
    assert_true(scene_start(&d));
    expect_quiet();
    post_entries(4); /* approval, three commitments */
    wait_published(5);
    expect_quiet();
    expect_quiet(); /* nothing new */
    assert_int_equal(scene_stop(&d, SIGTERM), 0);
    snprintf(command, sizeof command, "rm -rf %s/public %s/tapat.db*", d.data, d.data);
    assert_int_equal(system(command), 0);
    assert_true(scene_start(&d)); /* the same key, another log */
    expect_alarm("ALARM rewind");
    expect_status(post_act(&d, TP_ACT_APPROVE, d.f.manifest.fingerprint, 0, NULL, 0), 201);
    for (size_t i = 4; i >= 2; i--) /* the commitments in another order */
        expect_status(post_entry(&d, d.f.entries[i].bytes, d.f.entries[i].len, NULL, 0), 201);
    wait_published(5);
    expect_alarm("ALARM fork");
    for (size_t i = 5; i <= 7; i++)
        expect_status(post_entry(&d, d.f.entries[i].bytes, d.f.entries[i].len, NULL, 0), 201);
    wait_published(8);
    expect_alarm("ALARM removal");
    expect_alarm("ALARM removal"); /* it does not get used to it */
    scene_free(&d);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(split_view)};
    if (argc != 2) return 2;
    tapat = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
