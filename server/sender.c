/* Delivers what is queued: sender.h. */
#include "server/sender.h"

#include <curl/curl.h>
#include <errno.h>
#include <semaphore.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "server/answer.h"
#include "server/courier.h"
#include "server/log.h"
#include "server/message.h"

enum { CLAIM = 4, LOOK_MS = 300, WAIT_MAX_S = 3600, WORKERS_MAX = 32 };

typedef struct {
    tp_sender *sender;
    unsigned channel;
    pthread_t thread;
    tp_courier *courier;
} worker;

struct tp_sender {
    tp_server *s;
    atomic_bool stop;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t more;
    tp_store *reader;
    worker workers[WORKERS_MAX];
    unsigned count;
};

/* A task of ours, waited for. */
typedef struct {
    tp_task task; /* first */
    sem_t ended;
    bool durable;
    unsigned channel;
    tp_message list[CLAIM];
    size_t count;
    bool claim;
} job;

static void wake_job(tp_server *s, tp_task *task, bool durable) {
    job *j = (job *)task;
    (void)s;
    j->durable = durable;
    sem_post(&j->ended);
}

static bool run_once(tp_sender *d, job *j) {
    sem_init(&j->ended, 0, 0);
    tp_recorder_submit(d->s, &j->task);
    while (sem_wait(&j->ended) && errno == EINTR)
        continue;
    sem_destroy(&j->ended);
    return j->durable;
}

/* Again until it is durable, unless the server ends. */
static bool run_job(tp_sender *d, job *j) {
    while (!run_once(d, j) && !atomic_load(&d->stop))
        sleep(1);
    return j->durable;
}

/* ---- claim ---- */

static void work_claim(tp_recorder *r, tp_task *task) {
    job *j = (job *)task;
    tp_store *store = tp_recorder_store(r);
    uint64_t now = tp_server_now();
    tp_err err = tp_store_messages_due(store, j->channel, now, j->list, CLAIM, &j->count);
    for (size_t i = 0; !err && i < j->count; i++) {
        j->list[i].state = TP_MESSAGE_SENDING;
        j->list[i].updated = now;
        j->list[i].attempts++;
        err = tp_store_message_put(store, &j->list[i]);
    }
    tp_recorder_fail(r, err);
}

static bool any_due(tp_sender *d, unsigned channel) {
    tp_message m;
    size_t count = 0;
    pthread_mutex_lock(&d->lock);
    tp_err err = tp_store_messages_due(d->reader, channel, tp_server_now(), &m, 1, &count);
    pthread_mutex_unlock(&d->lock);
    return !err && count;
}

/* ---- results ---- */

static void work_result(tp_recorder *r, tp_task *task) {
    job *j = (job *)task;
    tp_recorder_fail(r, tp_store_message_put(tp_recorder_store(r), &j->list[0]));
}

static void store_result(tp_sender *d, const tp_message *m) {
    job j = {.task = {.work = work_result, .done = wake_job}, .count = 1};
    j.list[0] = *m;
    j.list[0].updated = tp_server_now();
    (void)run_job(d, &j); /* else it stays SENDING, and is queued again at the next start */
}

/* Thrice as long each time, a quarter more or less. */
static uint64_t next_wait(const tp_config *c, uint32_t attempts) {
    uint64_t wait = c->retry_s;
    for (uint32_t i = 1; i < attempts && wait < WAIT_MAX_S; i++)
        wait *= 3;
    if (wait > WAIT_MAX_S) wait = WAIT_MAX_S;
    uint64_t ms = wait * 750 + randombytes_uniform((uint32_t)wait * 500 + 1);
    return ms / 1000 ? ms / 1000 : 1;
}

static void judge(tp_sender *d, tp_message *m, tp_delivery what) {
    uint64_t now = tp_server_now(), wait = next_wait(&d->s->config, m->attempts);
    if (what == TP_TAKEN) {
        m->state = TP_MESSAGE_SENT;
    } else if (what == TP_NEVER) {
        m->state = TP_MESSAGE_FAILED;
    } else {
        m->next = now + wait;
        m->state = m->next < m->expires ? TP_MESSAGE_QUEUED : TP_MESSAGE_GIVEN_UP;
    }
    tp_log("message", "state", "%s %s try %u", m->channel == TP_BY_MAIL ? "mail" : "sms",
           tp_message_state_name(m->state), m->attempts);
}

static void deliver(tp_sender *d, worker *w, tp_message *m) {
    tp_text text;
    bool live = false;
    char words[TP_WORDS_MAX], reference[TP_REFERENCE_TEXT];
    pthread_mutex_lock(&d->lock);
    tp_err err = tp_message_text(d->s, d->reader, m, tp_server_now(), &text, &live);
    pthread_mutex_unlock(&d->lock);
    m->error[0] = 0;
    if (err) {
        snprintf(m->error, sizeof m->error, "the text cannot be made: %s", tp_err_name(err));
        judge(d, m, err == TP_SYSTEM ? TP_LATER : TP_NEVER);
    } else if (!live) {
        m->state = TP_MESSAGE_VOID;
    } else {
        tp_message_reference(reference, d->s, m->id);
        tp_delivery what = tp_courier_send(w->courier, m->to, reference, m->lang, &text, words);
        tp_message_hide(words, m, &text);
        snprintf(m->error, sizeof m->error, "%s", words);
        judge(d, m, what);
    }
    sodium_memzero(&text, sizeof text);
    store_result(d, m);
}

/* ---- threads ---- */

static void wait_for_more(tp_sender *d) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += LOOK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&d->lock);
    if (!atomic_load(&d->stop)) pthread_cond_timedwait(&d->more, &d->lock, &until);
    pthread_mutex_unlock(&d->lock);
}

static void *run(void *ctx) {
    worker *w = ctx;
    tp_sender *d = w->sender;
    while (!atomic_load(&d->stop)) {
        job j = {.task = {.work = work_claim, .done = wake_job}, .channel = w->channel};
        if (any_due(d, w->channel)) (void)run_job(d, &j);
        for (size_t i = 0; j.durable && i < j.count; i++)
            if (!atomic_load(&d->stop)) deliver(d, w, &j.list[i]);
        if (!j.count) wait_for_more(d);
    }
    return NULL;
}

static tp_err add_workers(tp_sender *d, unsigned channel, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        worker *w = &d->workers[d->count];
        *w = (worker){.sender = d, .channel = channel};
        w->courier = tp_courier_new(&d->s->config, channel, &d->stop);
        if (pthread_create(&w->thread, NULL, run, w)) {
            tp_courier_free(w->courier);
            return TP_SYSTEM;
        }
        d->count++;
    }
    return TP_OK;
}

static void work_recover(tp_recorder *r, tp_task *task) {
    (void)task;
    tp_recorder_fail(r, tp_store_messages_recover(tp_recorder_store(r), tp_server_now()));
}

tp_err tp_sender_start(tp_server *s) {
    const tp_config *c = &s->config;
    if (!*c->mail_server && !*c->sms_url) return TP_OK;
    if (curl_global_init(CURL_GLOBAL_DEFAULT)) return TP_SYSTEM;
    tp_sender *d = s->sender = calloc(1, sizeof *d);
    if (!d) return TP_SYSTEM;
    d->s = s;
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->more, NULL);
    tp_err err = tp_store_open(&d->reader, s->db_path, true);
    job j = {.task = {.work = work_recover, .done = wake_job}};
    if (!err && !run_once(d, &j)) err = TP_SYSTEM; /* nobody can end the start */
    if (!err && *c->mail_server) err = add_workers(d, TP_BY_MAIL, c->mail_connections);
    if (!err && *c->sms_url) err = add_workers(d, TP_BY_SMS, c->sms_connections);
    return err;
}

void tp_sender_stop(tp_server *s) {
    tp_sender *d = s->sender;
    if (!d) return;
    atomic_store(&d->stop, true);
    tp_sender_wake(s);
    for (unsigned i = 0; i < d->count; i++) {
        pthread_join(d->workers[i].thread, NULL);
        tp_courier_free(d->workers[i].courier);
    }
    d->count = 0;
}

void tp_sender_free(tp_server *s) {
    tp_sender *d = s->sender;
    if (!d) return;
    tp_store_close(d->reader);
    pthread_cond_destroy(&d->more);
    pthread_mutex_destroy(&d->lock);
    free(d);
    s->sender = NULL;
    curl_global_cleanup();
}

void tp_sender_wake(tp_server *s) {
    tp_sender *d = s->sender;
    if (!d) return;
    pthread_mutex_lock(&d->lock);
    pthread_cond_broadcast(&d->more);
    pthread_mutex_unlock(&d->lock);
}

/* ---- references ---- */

void tp_message_reference(char out[static TP_REFERENCE_TEXT], const tp_server *s, int64_t id) {
    static const char domain[] = "tapat-v1 message reference";
    uint8_t bytes[sizeof domain - 1 + 8], mac[32];
    memcpy(bytes, domain, sizeof domain - 1);
    tp_put_u64be(bytes + sizeof domain - 1, (uint64_t)id);
    crypto_auth_hmacsha256(mac, bytes, sizeof bytes, s->session_key);
    int n = snprintf(out, TP_REFERENCE_TEXT, "%lld.", (long long)id);
    tp_hex_write(out + n, mac, 8);
}

bool tp_message_referred(int64_t *id, const tp_server *s, const char *text) {
    char right[TP_REFERENCE_TEXT];
    char *end;
    errno = 0;
    *id = strtoll(text, &end, 10);
    if (errno || *id < 1 || *end != '.') return false;
    tp_message_reference(right, s, *id);
    return strlen(text) == strlen(right) && sodium_memcmp(text, right, strlen(right)) == 0;
}
