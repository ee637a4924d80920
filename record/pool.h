/* Workers for long work: jobs run on the threads of a pool; whoever submitted them waits for them
 * in the order of its choice, so results come in order whatever thread was first.
 */
#ifndef TAPAT_RECORD_POOL_H
#define TAPAT_RECORD_POOL_H

#include "core/base/base.h"

typedef struct tp_pool tp_pool;

/* Embedded as the first member of what a job works on, which lives until tp_pool_wait returned. */
typedef struct tp_job tp_job;
struct tp_job {
    /* worker: 0 .. threads - 1, the thread's own number. */
    void (*run)(tp_job *job, unsigned worker);
    tp_job *next; /* the pool's own */
    bool done;    /* the pool's own */
};

/* threads: 0 means one for each processor. TP_SYSTEM: no memory, no thread. */
TP_MUST_USE tp_err tp_pool_start(tp_pool **pool, unsigned threads);
/* Runs what was submitted to its end, then ends the threads. NULL does nothing. */
void tp_pool_stop(tp_pool *pool);
unsigned tp_pool_threads(const tp_pool *pool);

/* Jobs are begun in the order of submission. Any thread may submit. */
void tp_pool_submit(tp_pool *pool, tp_job *job);
/* Returns once the job ran. Never called by a job. */
void tp_pool_wait(tp_pool *pool, tp_job *job);

/* Calls each(ctx, i, worker) for i in 0..n-1 on all workers and returns when all are done. */
void tp_pool_for(tp_pool *pool, size_t n, void (*each)(void *ctx, size_t i, unsigned worker),
                 void *ctx);

#endif
