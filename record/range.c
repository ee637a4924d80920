/* Ranges of numbers over the workers of a pool: pool.h. */
#include "record/pool.h"

#include <stdatomic.h>

/* One job a worker; each takes the next number until none is left. */
typedef struct {
    tp_job job;
    struct range *range;
} range_job;

struct range {
    atomic_size_t next;
    size_t n;
    void (*each)(void *ctx, size_t i, unsigned worker);
    void *ctx;
};

static void run_range(tp_job *job, unsigned worker) {
    struct range *r = ((range_job *)job)->range;
    for (size_t i; (i = atomic_fetch_add(&r->next, 1)) < r->n;)
        r->each(r->ctx, i, worker);
}

void tp_pool_for(tp_pool *p, size_t n, void (*each)(void *ctx, size_t i, unsigned worker),
                 void *ctx) {
    enum { AT_MOST = 256 };
    struct range range = {.n = n, .each = each, .ctx = ctx};
    range_job jobs[AT_MOST];
    unsigned count = tp_pool_threads(p) < AT_MOST ? tp_pool_threads(p) : AT_MOST;
    for (unsigned i = 0; i < count; i++) {
        jobs[i] = (range_job){.job.run = run_range, .range = &range};
        tp_pool_submit(p, &jobs[i].job);
    }
    for (unsigned i = 0; i < count; i++)
        tp_pool_wait(p, &jobs[i].job);
}
