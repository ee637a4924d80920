/* A board on which nothing happens goes on: a batch of nothing when the last one is old, until the
 * results are out. The daemon's clock is ours. spec: R-15
 */
#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "record/record.h"
#include "server/daemon.h"
#include "tests/server/harness.h"

static daemon_scene d;
static volatile uint64_t *ahead; /* shared with the daemon's process */

uint64_t __real_tp_server_now(void);
uint64_t __wrap_tp_server_now(void);
uint64_t __wrap_tp_server_now(void) {
    return __real_tp_server_now() + *ahead;
}

static void wait_ms(long ms) {
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

/* Within some intervals, has the board another size? */
static bool moves(int64_t size) {
    for (int i = 0; i < 30; i++) {
        if (board_size(&d) != size) return true;
        wait_ms(100);
    }
    return false;
}

/* The last entry of the record on the disk, of this size. */
static tp_entry last_entry(int64_t size) {
    char dir[160];
    static uint8_t kept[TP_MAX_ENTRY];
    const uint8_t *bytes;
    size_t len;
    tp_record *r;
    tp_entry e;
    tp_fault fault = {.code = ""};
    snprintf(dir, sizeof dir, "%s/public", d.data);
    assert_int_equal(tp_record_open(&r, dir, &fault), TP_OK);
    assert_int_equal(tp_record_size(r), size);
    assert_int_equal(tp_record_entry(r, (uint64_t)size - 1, &bytes, &len, &fault), TP_OK);
    memcpy(kept, bytes, len);
    tp_record_close(r);
    assert_int_equal(tp_entry_read(&e, kept, len, &fault), TP_OK);
    return e;
}

/* Its next look at the board is an interval away, then by this clock. */
static void restart_at(uint64_t seconds) {
    if (d.pid) assert_int_equal(scene_stop(&d, SIGTERM), 0);
    *ahead = 0;
    assert_true(scene_start(&d));
    *ahead = seconds;
}

static void before_the_approval_it_waits(void **state) {
    (void)state;
    restart_at(1000);
    assert_false(moves(1));
}

static void an_empty_batch_when_it_is_due(void **state) {
    (void)state;
    restart_at(0);
    d.f.now = (uint64_t)time(NULL);
    run_ceremony(&d);
    int64_t size = (int64_t)d.f.count;
    for (int i = 0; i < 50 && board_size(&d) < size; i++)
        wait_ms(100);
    assert_false(moves(size)); /* nothing is new */
    restart_at(61);
    assert_true(moves(size));
    tp_entry e = last_entry(size + 1);
    assert_int_equal(e.type, TP_ENTRY_BATCH);
    assert_int_equal(e.u.batch.ballots, 0);
    assert_true(e.u.batch.time >= d.f.now + 60);
    assert_false(moves(size + 1)); /* one, and again silence */
    restart_at(122);
    assert_true(moves(size + 1));
}

/* The clock was set back: it waits until its last batch is old. */
static void a_clock_set_back(void **state) {
    (void)state;
    int64_t size = board_size(&d);
    restart_at(0);
    assert_false(moves(size));
}

static void the_silence_is_ten_intervals(void **state) {
    (void)state;
    tp_manifest m = {.batch_interval_s = 6};
    assert_int_equal(tp_board_silence_s(&m), 60);
    m.batch_interval_s = 7;
    assert_int_equal(tp_board_silence_s(&m), 70);
    m.batch_interval_s = 1;
    assert_int_equal(tp_board_silence_s(&m), 60);
    m.batch_interval_s = UINT32_MAX;
    assert_true(tp_board_silence_s(&m) == UINT64_C(10) * UINT32_MAX);
}

static int begin(void **state) {
    (void)state;
    ahead = mmap(NULL, sizeof *ahead, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (ahead == MAP_FAILED) return -1;
    scene_init(&d, "\"interval_s\":2,", "\"interval_s\":1,");
    return 0;
}

static int end(void **state) {
    (void)state;
    scene_free(&d);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_the_approval_it_waits),
        cmocka_unit_test(an_empty_batch_when_it_is_due),
        cmocka_unit_test(a_clock_set_back),
        cmocka_unit_test(the_silence_is_ten_intervals),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
