/* The checkers: threads that check signatures and proofs of waiting ballots, in batches of one
 * style, and other work of some milliseconds.
 *
 *  1. A batch is what waits at that moment: nobody waits for a batch to fill.
 *  2. Ballots and errands take turns, and both queues have an end: neither starves the other.
 *  3. When batches come out bad, signatures are checked one by one first for a while, so that a
 *     flood of forged ballots costs its senders' signatures and not searches within batches (I1).
 *  4. Who signs a false proof waits: that credential's ballots are turned away for a while (I1).
 *     Without its signature nobody can bring this on it. spec: H-8
 */
#include <stdlib.h>
#include <string.h>

#include "core/proof/schnorr.h"
#include "server/daemon.h"
#include "server/log.h"

enum {
    BATCH = 128,
    WAITING_MAX = 4096,
    ERRANDS_MAX = 256,
    SUSPECT_FOR = 1024,
    MAX_THREADS = 64,
    PENALTIES = 256,
    PENALTY_S = 5
};

typedef struct {
    uint8_t credential[32];
    uint64_t until; /* Unix seconds */
} penalty;

struct tp_checker {
    tp_server *s;
    pthread_t threads[MAX_THREADS];
    unsigned started;
    pthread_mutex_t lock;
    pthread_cond_t more;
    tp_cast *head, **tail;
    size_t waiting;
    tp_errand *errands, **errands_tail;
    size_t errands_waiting;
    bool errand_last;             /* ballots and errands take turns */
    _Atomic int suspect;          /* ballots still to be checked with care */
    penalty penalties[PENALTIES]; /* the oldest gives way */
    size_t next_penalty;
    bool stop;
};

/* A thread's own. */
typedef struct {
    void *scratch;
    size_t scratch_len;
    tp_cast *cast[BATCH];
    const uint8_t *bytes[BATCH];
    tp_err result[BATCH];
    const char *code[BATCH];
} bench;

/* Up to BATCH ballots of the first one's style, in the order of arrival. */
static size_t take_batch(tp_checker *c, bench *b) {
    size_t n = 0;
    for (tp_cast **at = &c->head; *at && n < BATCH;) {
        tp_cast *one = *at;
        if (n && one->ballot.style != b->cast[0]->ballot.style) {
            at = &one->next;
            continue;
        }
        *at = one->next;
        b->cast[n++] = one;
    }
    c->waiting -= n;
    c->tail = &c->head;
    while (*c->tail)
        c->tail = &(*c->tail)->next;
    return n;
}

static tp_err check_signature(const tp_cast *c) {
    return tp_verify_var(c->ballot.signature, c->ballot.credential, TP_BALLOT_DOMAIN, c->bytes,
                         c->len - TP_SIG_LEN);
}

/* Leaves in the bench the ballots whose signatures are good. */
static size_t sift(tp_checker *c, bench *b, size_t n) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        tp_err err = check_signature(b->cast[i]);
        if (err)
            tp_cast_checked(b->cast[i], err, "ballot.signature");
        else
            b->cast[kept++] = b->cast[i];
    }
    if (kept < n)
        c->suspect = SUSPECT_FOR;
    else
        c->suspect -= (int)n;
    return kept;
}

/* After a false proof under a good signature. */
static void punish(tp_checker *c, const tp_cast *cast) {
    if (check_signature(cast)) return;
    pthread_mutex_lock(&c->lock);
    penalty *p = &c->penalties[c->next_penalty++ % PENALTIES];
    memcpy(p->credential, cast->ballot.credential, 32);
    p->until = tp_server_now() + PENALTY_S;
    pthread_mutex_unlock(&c->lock);
}

/* Behind the lock. */
static bool is_punished(const tp_checker *c, const tp_cast *cast) {
    uint64_t now = tp_server_now();
    for (size_t i = 0; i < PENALTIES; i++)
        if (c->penalties[i].until > now &&
            !memcmp(c->penalties[i].credential, cast->ballot.credential, 32))
            return true;
    return false;
}

static void *scratch_for(bench *b, size_t len) {
    if (len <= b->scratch_len) return b->scratch;
    free(b->scratch);
    b->scratch_len = (len + 63) / 64 * 64;
    b->scratch = aligned_alloc(64, b->scratch_len);
    if (!b->scratch) abort();
    return b->scratch;
}

static void check_batch(tp_checker *c, bench *b, size_t n) {
    if (c->suspect > 0) n = sift(c, b, n);
    if (!n) return;
    const tp_ready *ready = tp_server_state(c->s).ready;
    const tp_ballot_style *style = &ready->styles.list[b->cast[0]->ballot.style];
    for (size_t i = 0; i < n; i++) {
        b->bytes[i] = b->cast[i]->bytes;
        b->result[i] = TP_OK;
        b->code[i] = "";
    }
    void *scratch = scratch_for(b, tp_ballot_verify_scratch(style, n));
    tp_err err = tp_ballots_verify_var(b->result, b->code, style, b->bytes, n, scratch);
    if (err) c->suspect = SUSPECT_FOR;
    for (size_t i = 0; i < n; i++) {
        if (b->result[i]) punish(c, b->cast[i]);
        tp_cast_checked(b->cast[i], b->result[i], b->code[i]);
    }
}

/* NULL: it is the ballots' turn, or nothing waits. */
static tp_errand *take_errand(tp_checker *c) {
    tp_errand *e = c->head && c->errand_last ? NULL : c->errands;
    c->errand_last = e != NULL;
    if (!e) return NULL;
    c->errands = e->next;
    if (!c->errands) c->errands_tail = &c->errands;
    c->errands_waiting--;
    return e;
}

static void *run(void *arg) {
    tp_checker *c = arg;
    bench *b = calloc(1, sizeof *b);
    if (!b) abort();
    for (;;) {
        pthread_mutex_lock(&c->lock);
        while (!c->head && !c->errands && !c->stop)
            pthread_cond_wait(&c->more, &c->lock);
        tp_errand *errand = take_errand(c);
        size_t n = errand ? 0 : take_batch(c, b);
        if (c->head || c->errands) pthread_cond_signal(&c->more);
        bool over = c->stop && !n && !errand;
        pthread_mutex_unlock(&c->lock);
        if (over) break;
        if (errand) errand->run(c->s, errand);
        if (n) check_batch(c, b, n);
    }
    free(b->scratch);
    free(b);
    return NULL;
}

bool tp_checker_submit(tp_server *s, tp_cast *cast) {
    tp_checker *c = s->checker;
    cast->next = NULL;
    pthread_mutex_lock(&c->lock);
    bool room = c->waiting < WAITING_MAX && !is_punished(c, cast);
    if (room) {
        *c->tail = cast;
        c->tail = &cast->next;
        c->waiting++;
        pthread_cond_signal(&c->more);
    }
    pthread_mutex_unlock(&c->lock);
    return room;
}

bool tp_checker_errand(tp_server *s, tp_errand *e) {
    tp_checker *c = s->checker;
    e->next = NULL;
    pthread_mutex_lock(&c->lock);
    bool room = c->errands_waiting < ERRANDS_MAX;
    if (room) {
        *c->errands_tail = e;
        c->errands_tail = &e->next;
        c->errands_waiting++;
        pthread_cond_signal(&c->more);
    }
    pthread_mutex_unlock(&c->lock);
    return room;
}

tp_err tp_checker_start(tp_server *s) {
    tp_checker *c = calloc(1, sizeof *c);
    if (!c) return TP_SYSTEM;
    s->checker = c;
    c->s = s;
    c->tail = &c->head;
    c->errands_tail = &c->errands;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->more, NULL);
    unsigned threads = s->o.check_threads < MAX_THREADS ? s->o.check_threads : MAX_THREADS;
    for (; c->started < threads; c->started++)
        if (pthread_create(&c->threads[c->started], NULL, run, c)) return TP_SYSTEM;
    return TP_OK;
}

void tp_checker_stop(tp_server *s) {
    tp_checker *c = s->checker;
    if (!c) return;
    pthread_mutex_lock(&c->lock);
    c->stop = true;
    pthread_cond_broadcast(&c->more);
    pthread_mutex_unlock(&c->lock);
    for (unsigned i = 0; i < c->started; i++)
        pthread_join(c->threads[i], NULL);
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->more);
    free(c);
    s->checker = NULL;
}
