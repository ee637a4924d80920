/* The funnel for who asks over HTTP: counted by a thread of its own, when somebody asks and the
 * last counts are old; so no number of questions costs more than one count after another, and no
 * http thread waits for it. spec: J-14, J-15, J-31
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/answer.h"
#include "server/daemon.h"
#include "server/funnel.h"
#include "server/log.h"

enum { WAITING_MAX = 256 };
static const double FRESH_S = 10, SHARE = 20;

typedef struct {
    tp_request *rq;
    bool whole;
} asker;

struct tp_funnel_live {
    tp_server *s;
    tp_store *store; /* the thread's, as is the next */
    pthread_t thread;
    tp_funnel_shown shown;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t more;
    bool stop;
    char *whole, *open; /* the newest answers; NULL: none yet */
    double until;       /* they are fresh */
    asker waiting[WAITING_MAX];
    size_t count;
};

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void answer(tp_request *rq, const char *text) {
    if (text)
        tp_request_answer(rq, &(tp_answer){.status = 200, .type = "application/json"}, text,
                          strlen(text));
    else
        tp_answer_storage(rq);
}

/* ---- counting ---- */

static char *text_of(json_t *object) {
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    if (!text) abort();
    return text;
}

static tp_err count(tp_funnel_live *l, char **whole, char **open) {
    tp_funnel f = {0};
    const uint64_t floor = l->s->config.funnel_floor;
    tp_err err = tp_funnel_count(&f, l->store, &l->s->manifest, tp_server_now());
    int wrong = err ? -1 : tp_funnel_wrong(&f);
    if (wrong >= 0) {
        tp_log("funnel", "post", "%s does not add up", l->s->manifest.units[wrong].id);
        err = TP_SYSTEM;
    }
    if (!err) *whole = text_of(tp_funnel_json(&f));
    if (!err && floor) *open = text_of(tp_funnel_public_json(&f, floor, &l->shown));
    tp_funnel_free(&f);
    return err;
}

static void renew(tp_funnel_live *l) {
    char *whole = NULL, *open = NULL;
    double begin = now_s();
    if (count(l, &whole, &open)) tp_log("funnel", "error", "%s", tp_store_error(l->store));
    double end = now_s(), rest = SHARE * (end - begin);
    asker waiting[WAITING_MAX];
    pthread_mutex_lock(&l->lock);
    free(l->whole);
    free(l->open);
    l->whole = whole;
    l->open = open;
    l->until = whole ? end + (rest > FRESH_S ? rest : FRESH_S) : end;
    size_t n = l->count;
    memcpy(waiting, l->waiting, n * sizeof *waiting);
    l->count = 0;
    pthread_mutex_unlock(&l->lock);
    for (size_t i = 0; i < n; i++) /* nobody else changes the texts */
        answer(waiting[i].rq, waiting[i].whole ? whole : open);
}

static void *run(void *ctx) {
    tp_funnel_live *l = ctx;
    pthread_mutex_lock(&l->lock);
    while (!l->stop || l->count) {
        if (l->count) {
            pthread_mutex_unlock(&l->lock);
            renew(l);
            pthread_mutex_lock(&l->lock);
        } else {
            pthread_cond_wait(&l->more, &l->lock);
        }
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

/* ---- answers ---- */

void tp_funnel_answer(tp_server *s, tp_request *rq, bool whole) {
    tp_funnel_live *l = s->funnel;
    char *text = NULL;
    bool full = false;
    pthread_mutex_lock(&l->lock);
    if (l->whole && now_s() < l->until) {
        text = strdup(whole ? l->whole : l->open);
        if (!text) abort();
    } else if (!(full = l->count == WAITING_MAX)) {
        l->waiting[l->count++] = (asker){rq, whole};
        pthread_cond_signal(&l->more);
    }
    pthread_mutex_unlock(&l->lock);
    if (text) answer(rq, text);
    if (full) tp_answer_problem_more(rq, 503, "server.busy", "It is being counted.", 2, NULL);
    free(text);
}

void tp_get_funnel(tp_request *rq, void *server) {
    tp_server *s = server;
    if (s->config.funnel_floor)
        tp_funnel_answer(s, rq, false);
    else
        tp_answer_problem(rq, 404, "funnel.private", NULL, "These numbers are not published.");
}

/* ---- begin and end ---- */

tp_err tp_funnel_start(tp_server *s) {
    tp_funnel_live *l = calloc(1, sizeof *l);
    if (!l) return TP_SYSTEM;
    l->s = s;
    l->shown.row = calloc(s->manifest.unit_count + 1u, sizeof *l->shown.row);
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->more, NULL);
    bool open = l->shown.row && tp_store_open(&l->store, s->db_path, true) == TP_OK;
    if (open && !pthread_create(&l->thread, NULL, run, l)) {
        s->funnel = l;
        return TP_OK;
    }
    if (open) tp_store_close(l->store);
    free(l->shown.row);
    free(l);
    return TP_SYSTEM;
}

void tp_funnel_stop(tp_server *s) {
    tp_funnel_live *l = s->funnel;
    if (!l) return;
    pthread_mutex_lock(&l->lock);
    l->stop = true;
    pthread_cond_signal(&l->more);
    pthread_mutex_unlock(&l->lock);
    pthread_join(l->thread, NULL);
    tp_store_close(l->store);
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->more);
    free(l->whole);
    free(l->open);
    free(l->shown.row);
    free(l);
    s->funnel = NULL;
}
