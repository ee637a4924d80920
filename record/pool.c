/* A queue under one mutex. Jobs are coarse (milliseconds), so the mutex is not what limits.
 */
#include "record/pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct {
    tp_pool *pool;
    pthread_t thread;
    unsigned number;
} pool_thread;

struct tp_pool {
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    tp_job *first, *last;
    bool stopping;
    unsigned threads;
    pool_thread *workers;
};

static tp_job *take(tp_pool *p) {
    pthread_mutex_lock(&p->lock);
    while (!p->first && !p->stopping)
        pthread_cond_wait(&p->work, &p->lock);
    tp_job *job = p->first;
    if (job && !(p->first = job->next)) p->last = NULL;
    pthread_mutex_unlock(&p->lock);
    return job;
}

static void *work(void *arg) {
    pool_thread *w = arg;
    for (tp_job *job; (job = take(w->pool));) {
        job->run(job, w->number);
        pthread_mutex_lock(&w->pool->lock);
        job->done = true;
        pthread_cond_broadcast(&w->pool->done);
        pthread_mutex_unlock(&w->pool->lock);
    }
    return NULL;
}

static unsigned processors(void) {
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > 256 ? 256 : (unsigned)n;
}

tp_err tp_pool_start(tp_pool **pool, unsigned threads) {
    if (!threads) threads = processors();
    tp_pool *p = calloc(1, sizeof *p);
    if (!p) return TP_SYSTEM;
    p->workers = calloc(threads, sizeof *p->workers);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->done, NULL);
    for (; p->workers && p->threads < threads; p->threads++) {
        pool_thread *w = &p->workers[p->threads];
        *w = (pool_thread){.pool = p, .number = p->threads};
        if (pthread_create(&w->thread, NULL, work, w)) break;
    }
    if (p->threads < threads) {
        tp_pool_stop(p);
        return TP_SYSTEM;
    }
    *pool = p;
    return TP_OK;
}

void tp_pool_stop(tp_pool *p) {
    if (!p) return;
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->threads; i++)
        pthread_join(p->workers[i].thread, NULL);
    pthread_cond_destroy(&p->done);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
    free(p->workers);
    free(p);
}

unsigned tp_pool_threads(const tp_pool *p) {
    return p->threads;
}

void tp_pool_submit(tp_pool *p, tp_job *job) {
    job->next = NULL;
    job->done = false;
    pthread_mutex_lock(&p->lock);
    if (p->last)
        p->last->next = job;
    else
        p->first = job;
    p->last = job;
    pthread_cond_signal(&p->work);
    pthread_mutex_unlock(&p->lock);
}

void tp_pool_wait(tp_pool *p, tp_job *job) {
    pthread_mutex_lock(&p->lock);
    while (!job->done)
        pthread_cond_wait(&p->done, &p->lock);
    pthread_mutex_unlock(&p->lock);
}
