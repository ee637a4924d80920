/* A real election: the clock closes it for ballots, whether or not the act is on the board yet;
 * what was promised before is recorded. spec: H-5 */
#include "tests/server/harness.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "server/daemon.h"

enum { OPEN_S = 12 }; /* from the start; the ceremony takes less */

static const char test_times[] = "\"test\":true,\n"
                                 "\"times\":{\"enrol\":\"2028-03-01T00:00:00Z\","
                                 "\"open\":\"2028-04-10T00:00:00Z\","
                                 "\"close\":\"2028-05-08T11:00:00Z\"}";

static void clock_closes(void **state) {
    (void)state;
    static daemon_scene d;
    static uint8_t first[FIXTURE_BALLOT], late[FIXTURE_BALLOT];
    char times[512];
    time_t close = time(NULL) + OPEN_S;
    struct tm at;
    gmtime_r(&close, &at);
    strftime(times, sizeof times,
             /* letters: a server that is to send codes would need a mail server */
             "\"enrol\":{\"show\":true,\"shared\":4,\"review_days\":5,\"routes\":[\"letter\"],"
             "\"posts\":{}},\"test\":false,\n\"times\":{\"enrol\":\"2026-01-01T00:00:00Z\","
             "\"open\":\"2026-01-02T00:00:00Z\",\"close\":\"%Y-%m-%dT%H:%M:%SZ\"}",
             &at);
    scene_init(&d, test_times, times);
    assert_true(scene_start(&d));
    run_ceremony(&d);
    run_enrol(&d, 0, 2);
    run_open(&d);
    wait_recorded(&d, 0);
    size_t len = seal(&d, first, 0);
    expect_status(http_post(&d, "/api/ballots", first, len), 201);
    assert_true(time(NULL) < close);
    expect_problem(post_act(&d, TP_ACT_CLOSE, NULL, 0, NULL, 0), 409, "board.time");
    while (time(NULL) < close)
        usleep(20000);
    seal(&d, late, 1);
    expect_problem(http_post(&d, "/api/ballots", late, len), 409, "board.phase");
    expect_status(http_post(&d, "/api/ballots", first, len), 200); /* the promise stands */
    expect_status(post_act(&d, TP_ACT_CLOSE, NULL, 0, NULL, 0), 201);
    assert_true(wait_for(&d, first, len, "recorded"));
    assert_int_equal(scene_stop(&d, SIGTERM), 0);
    scene_free(&d);
}

/* Never behind the system's clock, not even in the first milliseconds of a second. */
static void clock_is_exact(void **state) {
    (void)state;
    struct timespec begin, now;
    clock_gettime(CLOCK_REALTIME, &begin);
    do {
        clock_gettime(CLOCK_REALTIME, &now);
        assert_true(tp_server_now() >= (uint64_t)now.tv_sec);
    } while (now.tv_sec == begin.tv_sec || now.tv_nsec < 20000000);
}

int main(void) {
    if (tp_group_select(NULL)) return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(clock_is_exact),
                                       cmocka_unit_test(clock_closes)};
    return cmocka_run_group_tests_name("server/closing", tests, NULL, NULL);
}
