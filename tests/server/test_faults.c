/* The disk takes no more: casts and entries are answered 503, nothing of them is stored, reads go
 * on, and the service resumes by itself (H-1). A store that was put back to an old state does not
 * start (attack I3); a record that was lost is written again.
 */
#include "tests/server/harness.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static daemon_scene d;

static void limit_files(rlim_t bytes) {
    struct rlimit limit = {bytes, RLIM_INFINITY};
    assert_int_equal(prlimit(d.pid, RLIMIT_FSIZE, &limit, NULL), 0);
}

static void test_full_disk(void **state) {
    (void)state;
    uint8_t ballot[FIXTURE_BALLOT];
    size_t len = seal(&d, ballot, 0);
    limit_files(4096);
    expect_problem(http_post(&d, "/api/ballots", ballot, len), 503, "server.storage");
    expect_problem(http_post(&d, "/api/ballots", ballot, len), 503, "server.storage");
    expect_problem(post_act(&d, TP_ACT_CLOSE, NULL, 0, NULL, 0), 503, "server.storage");
    reply r = http_get(&d, "/api/election");
    assert_non_null(strstr(r.body, "\"open\""));
    reply_free(&r);
    limit_files(RLIM_INFINITY);
    expect_status(http_post(&d, "/api/ballots", ballot, len), 201);
    moved(&d, 0, ballot, len);
    cast(&d, 1);
    wait_recorded(&d, 0);
}

static void copy_file(const char *from, const char *to) {
    size_t len;
    char path[160], *bytes;
    snprintf(path, sizeof path, "%s/%s", d.data, from);
    bytes = test_file(path, &len);
    assert_non_null(bytes);
    snprintf(path, sizeof path, "%s/%s", d.data, to);
    FILE *f = fopen(path, "wb");
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    fclose(f);
    free(bytes);
}

static void test_old_store(void **state) {
    (void)state;
    assert_int_equal(scene_stop(&d, SIGTERM), 0);
    copy_file("tapat.db", "old.db");
    assert_true(scene_start(&d));
    cast(&d, 2);
    wait_recorded(&d, 2);
    int64_t size = board_size(&d);
    for (int i = 0; i < 200 && board_size(&d) == size; i++)
        usleep(10000);
    assert_int_equal(scene_stop(&d, SIGTERM), 0);
    copy_file("tapat.db", "new.db");
    copy_file("old.db", "tapat.db");
    assert_false(scene_start(&d));
    assert_int_equal(scene_stop(&d, 0), 1);
    copy_file("new.db", "tapat.db");
    assert_true(scene_start(&d));
    cast(&d, 3);
}

static void test_lost_record(void **state) {
    (void)state;
    char command[192], moved_to[128];
    wait_recorded(&d, 3);
    assert_int_equal(scene_stop(&d, SIGTERM), 0);
    snprintf(command, sizeof command, "%s/public", d.data);
    snprintf(moved_to, sizeof moved_to, "%s/lost", d.data);
    assert_int_equal(rename(command, moved_to), 0);
    assert_true(scene_start(&d));
    reply r = http_get(&d, "/board/checkpoint");
    assert_int_equal(r.status, 200);
    size_t len;
    snprintf(command, sizeof command, "%s/checkpoint", moved_to);
    char *old = test_file(command, &len);
    if (strtoull(strchr(old, '\n'), NULL, 10) == strtoull(strchr(r.body, '\n'), NULL, 10))
        assert_string_equal(old, r.body);
    free(old);
    reply_free(&r);
}

static int set_up(void **state) {
    (void)state;
    scene_init(&d, "\"interval_s\":2", "\"interval_s\":1");
    if (!scene_start(&d)) return -1;
    run_ceremony(&d);
    run_enrol(&d, 0, FIXTURE_VOTERS);
    run_open(&d);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    assert_int_equal(scene_stop(&d, SIGTERM), 0);
    scene_free(&d);
    return 0;
}

int main(void) {
    if (tp_group_select(NULL)) return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_full_disk),
                                       cmocka_unit_test(test_old_store),
                                       cmocka_unit_test(test_lost_record)};
    return cmocka_run_group_tests_name("server/faults", tests, set_up, tear_down);
}
