/* record/pool.c: every job runs once, results are waited for in the order of submission. */
#include "record/pool.h"
#include "tests/support/support.h"

#include <stdatomic.h>
#include <unistd.h>

typedef struct {
    tp_job job;
    unsigned number, result, worker;
} square;

static void run_square(tp_job *job, unsigned worker) {
    square *s = (square *)job;
    if (s->number % 5 == 0) usleep(200); /* later ones overtake it */
    s->result = s->number * s->number;
    s->worker = worker;
}

static void results_in_order(void **state) {
    (void)state;
    for (unsigned threads = 1; threads <= 4; threads++) {
        tp_pool *pool;
        square job[300] = {0};
        assert_int_equal(tp_pool_start(&pool, threads), TP_OK);
        assert_int_equal(tp_pool_threads(pool), threads);
        for (unsigned i = 0; i < 300; i++) {
            job[i] = (square){.job.run = run_square, .number = i};
            tp_pool_submit(pool, &job[i].job);
        }
        for (unsigned i = 0; i < 300; i++) {
            tp_pool_wait(pool, &job[i].job);
            assert_int_equal(job[i].result, i * i);
            assert_true(job[i].worker < threads);
        }
        tp_pool_stop(pool);
    }
}

static void count_call(void *ctx, size_t i, unsigned worker) {
    (void)worker;
    atomic_fetch_add(&((atomic_uint *)ctx)[i], 1);
}

static void for_calls_each_once(void **state) {
    (void)state;
    tp_pool *pool;
    atomic_uint calls[1000];
    for (size_t i = 0; i < 1000; i++)
        atomic_init(&calls[i], 0);
    assert_int_equal(tp_pool_start(&pool, 3), TP_OK);
    tp_pool_for(pool, 0, count_call, calls);
    tp_pool_for(pool, 999, count_call, calls);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(atomic_load(&calls[i]), i < 999);
    tp_pool_stop(pool);
}

static void stop_runs_what_was_submitted(void **state) {
    (void)state;
    tp_pool *pool;
    square job[20] = {0};
    assert_int_equal(tp_pool_start(&pool, 2), TP_OK);
    for (unsigned i = 0; i < 20; i++) {
        job[i] = (square){.job.run = run_square, .number = i + 1};
        tp_pool_submit(pool, &job[i].job);
    }
    tp_pool_stop(pool);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(job[i].result, (i + 1) * (i + 1));
    tp_pool_stop(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_in_order),
        cmocka_unit_test(for_calls_each_once),
        cmocka_unit_test(stop_runs_what_was_submitted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
