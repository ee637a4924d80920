/* record/pool.h over web workers. The page starts them before the verification, each with an
 * instance of the module over the same memory; they serve one pool after the other. Without any,
 * jobs run when they are submitted.
 */
#include "record/pool.h"

#include <stdlib.h>

#include "web/wasm/verify/host.h"
#include "web/wasm/verify/verify.h"

struct tp_pool {
    tp_job *first, *last;
};

static uint32_t lock, event; /* event counts what sleepers may wait for */
static uint32_t helpers, running;
static tp_pool *current;

/* Called with the lock, returns with it. */
static void wait_event(void) {
    uint32_t seen = __atomic_load_n(&event, __ATOMIC_SEQ_CST);
    host_unlock(&lock);
    host_sleep(&event, seen);
    host_lock(&lock);
}

static void announce(void) {
    __atomic_fetch_add(&event, 1, __ATOMIC_SEQ_CST);
    host_wake(&event);
}

void verify_help(uint32_t worker) {
    host_lock(&lock);
    for (;;) {
        while (!current || !current->first)
            wait_event();
        tp_job *job = current->first;
        if (!(current->first = job->next)) current->last = NULL;
        running++;
        host_unlock(&lock);
        job->run(job, worker);
        host_lock(&lock);
        job->done = true;
        running--;
        announce();
    }
}

void verify_helpers(uint32_t count) {
    helpers = count;
}

tp_err tp_pool_start(tp_pool **pool, unsigned threads) {
    (void)threads;
    tp_pool *p = calloc(1, sizeof *p);
    if (!p) return TP_SYSTEM;
    host_lock(&lock);
    current = *pool = p;
    host_unlock(&lock);
    return TP_OK;
}

void tp_pool_stop(tp_pool *p) {
    if (!p) return;
    host_lock(&lock);
    while (p->first || running)
        wait_event();
    current = NULL;
    host_unlock(&lock);
    free(p);
}

unsigned tp_pool_threads(const tp_pool *p) {
    (void)p;
    return helpers ? helpers : 1;
}

void tp_pool_submit(tp_pool *p, tp_job *job) {
    job->next = NULL;
    job->done = false;
    if (!helpers) {
        job->run(job, 0);
        job->done = true;
        return;
    }
    host_lock(&lock);
    if (p->last)
        p->last->next = job;
    else
        p->first = job;
    p->last = job;
    announce();
    host_unlock(&lock);
}

void tp_pool_wait(tp_pool *p, tp_job *job) {
    (void)p;
    host_lock(&lock);
    while (!job->done)
        wait_event();
    host_unlock(&lock);
}
