/* Enrolment by an identity provider's word: POST /api/enrol/oidc and /api/enrol/oidc/finish.
 *
 *  1. The credential is made before the voter goes there: the nonce of the login is a hash of it,
 * so that the ID token speaks for this key and no other, to the registrars too. spec: L-21
 *  2. The state that travels over the provider is sealed and names the token that began it. Only
 * the page that holds this token can finish, so a link to the provider that somebody else made
 *     proves nothing for them.
 *  3. The claim that the manifest names must be the voter's number on the roll.
 *  4. The provider is asked by threads of its own: it may be slow, and ballots do not wait for it.
 * spec: H-10.
 */
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "election/evidence.h"
#include "server/answer.h"
#include "server/evidence.h"
#include "server/log.h"
#include "server/provider.h"
#include "server/step.h"

enum { THREADS = 4, WAITING_MAX = 256, STATE_LIFE_S = 1800, CODE_MAX = 2048 };
enum {
    NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    PLAIN = 8 + 32 + 8 + 32 + 32, /* voter, session, expiry, nonce, verifier */
    STATE = NONCE + PLAIN + TAG,
};

/* What the provider and we remember of one login. */
typedef struct {
    int64_t voter;
    uint8_t session[32];
    uint64_t expires;
    uint8_t nonce[TP_LOGIN_NONCE], verifier[32];
} login;

typedef struct job {
    tp_step *step;
    login l;
    uint8_t blind[TP_LOGIN_BLIND];
    char *code; /* NULL: the way there is asked for */
    struct job *next;
} job;

struct tp_oidc {
    tp_server *s;
    tp_provider *provider;
    pthread_mutex_t lock;
    pthread_cond_t more;
    job *head, **tail;
    unsigned waiting, started;
    bool stop;
    char redirect[512];
    pthread_t threads[THREADS];
};

/* ---- the state ---- */

static void seal_state(char out[static 2 * STATE + 1], const tp_server *s, const login *l) {
    uint8_t plain[PLAIN], sealed[STATE];
    unsigned long long len;
    tp_put_u64be(plain, (uint64_t)l->voter);
    memcpy(plain + 8, l->session, 32);
    tp_put_u64be(plain + 40, l->expires);
    memcpy(plain + 48, l->nonce, 32);
    memcpy(plain + 80, l->verifier, 32);
    randombytes_buf(sealed, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + NONCE, &len, plain, PLAIN,
                                               (const uint8_t *)"tapat-v1 oidc", 13, NULL, sealed,
                                               s->session_key);
    tp_hex_write(out, sealed, STATE);
    sodium_memzero(plain, sizeof plain);
}

static bool open_state(login *l, const tp_server *s, const char *text) {
    uint8_t plain[PLAIN], sealed[STATE];
    unsigned long long len;
    if (!tp_hex_read(sealed, STATE, text)) return false;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &len, NULL, sealed + NONCE, STATE - NONCE,
                                                   (const uint8_t *)"tapat-v1 oidc", 13, sealed,
                                                   s->session_key))
        return false;
    l->voter = (int64_t)tp_get_u64be(plain);
    memcpy(l->session, plain + 8, 32);
    l->expires = tp_get_u64be(plain + 40);
    memcpy(l->nonce, plain + 48, 32);
    memcpy(l->verifier, plain + 80, 32);
    sodium_memzero(plain, sizeof plain);
    return true;
}

static void texts_of(const login *l, char nonce[static TP_NONCE_TEXT],
                     char verifier[static TP_VERIFIER_TEXT]) {
    tp_hex_write(nonce, l->nonce, sizeof l->nonce);
    sodium_bin2base64(verifier, TP_VERIFIER_TEXT, l->verifier, sizeof l->verifier,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* ---- what the threads do ---- */

static void free_job(job *j) {
    sodium_memzero(&j->l, sizeof j->l);
    if (j->code) sodium_memzero(j->code, strlen(j->code));
    free(j->code);
    free(j);
}

static void answer_and_free(tp_step *t) {
    tp_step_done(t->s, &t->task, true);
}

static void refuse_provider(tp_step *t) {
    t->retry_s = 10;
    tp_step_refuse(t, 503, "enrol.provider", "The identity provider does not answer.");
}

static void lead_there(tp_oidc *o, job *j) {
    char state[2 * STATE + 1], nonce[TP_NONCE_TEXT], verifier[TP_VERIFIER_TEXT];
    char location[TP_LOCATION_MAX];
    tp_step *t = j->step;
    seal_state(state, o->s, &j->l);
    texts_of(&j->l, nonce, verifier);
    if (tp_provider_location(location, o->provider, state, nonce, verifier)) {
        refuse_provider(t);
        answer_and_free(t);
        return;
    }
    tp_answer_json(t->rq, 200, json_pack("{s:s}", "location", location));
    free(t);
}

/* The number must be that of the voter who is enrolling. Compared once more when it is written. */
static bool is_voters(tp_step *t, tp_store *store, const char *claim) {
    tp_voter v;
    bool found;
    if (tp_store_voter_get(store, t->voter, &v, &found)) return false;
    return found && !strcmp(v.number, claim);
}

static void work_prove(tp_recorder *r, tp_task *task) {
    tp_step *t = (tp_step *)task;
    bool kept;
    if (is_voters(t, tp_recorder_store(r), t->code))
        tp_evidence_take(r, t, TP_ROUTE_OIDC, t->evidence, t->evidence_len, &kept);
    else
        tp_step_refuse(t, 422, "enrol.identity", "The provider knows you by another number.");
}

/* The blind and the token. */
static void keep_token(tp_step *t, const uint8_t blind[static TP_LOGIN_BLIND], const char *token) {
    size_t len = strlen(token);
    t->evidence = malloc(TP_LOGIN_BLIND + len);
    if (!t->evidence) abort();
    memcpy(t->evidence, blind, TP_LOGIN_BLIND);
    memcpy(t->evidence + TP_LOGIN_BLIND, token, len);
    t->evidence_len = TP_LOGIN_BLIND + len;
}

static void come_back(tp_oidc *o, job *j) {
    char nonce[TP_NONCE_TEXT], verifier[TP_VERIFIER_TEXT], claim[TP_CLAIM_MAX];
    const char *why;
    char *token;
    tp_step *t = j->step;
    texts_of(&j->l, nonce, verifier);
    tp_err err = tp_provider_claim(claim, &token, o->provider, j->code, nonce, verifier,
                                   tp_server_now(), &why);
    if (err == TP_SYSTEM) refuse_provider(t);
    if (err == TP_REFUSED) {
        tp_log("oidc-refused", "why", "%s", why);
        tp_step_refuse(t, 422, "enrol.oidc", "What the provider said does not hold. Try again.");
    }
    if (!err && strlen(claim) >= sizeof t->code)
        tp_step_refuse(t, 422, "enrol.identity", "The provider knows you by another number.");
    if (!err) keep_token(t, j->blind, token);
    free(token);
    if (t->fault) {
        answer_and_free(t);
        return;
    }
    memcpy(t->code, claim, strlen(claim) + 1);
    tp_recorder_submit(o->s, &t->task);
}

static void *run(void *arg) {
    tp_oidc *o = arg;
    for (;;) {
        pthread_mutex_lock(&o->lock);
        while (!o->head && !o->stop)
            pthread_cond_wait(&o->more, &o->lock);
        job *j = o->head;
        if (j) {
            o->head = j->next;
            if (!o->head) o->tail = &o->head;
            o->waiting--;
        }
        pthread_mutex_unlock(&o->lock);
        if (!j) return NULL;
        if (j->code)
            come_back(o, j);
        else
            lead_there(o, j);
        free_job(j);
    }
}

static bool submit(tp_oidc *o, job *j) {
    j->next = NULL;
    pthread_mutex_lock(&o->lock);
    bool room = o->waiting < WAITING_MAX && !o->stop;
    if (room) {
        *o->tail = j;
        o->tail = &j->next;
        o->waiting++;
        pthread_cond_signal(&o->more);
    }
    pthread_mutex_unlock(&o->lock);
    return room;
}

tp_err tp_oidc_start(tp_server *s) {
    if (!s->manifest.enrol.issuer) return TP_OK;
    tp_oidc *o = calloc(1, sizeof *o);
    if (!o) return TP_SYSTEM;
    s->oidc = o;
    o->s = s;
    o->tail = &o->head;
    pthread_mutex_init(&o->lock, NULL);
    pthread_cond_init(&o->more, NULL);
    int n = snprintf(o->redirect, sizeof o->redirect, "%s/enrol", s->o.address);
    if (n >= (int)sizeof o->redirect) return TP_REFUSED;
    o->provider = tp_provider_new(&(tp_provider_options){.issuer = s->manifest.enrol.issuer,
                                                         .client = s->manifest.enrol.client,
                                                         .claim = s->manifest.enrol.claim,
                                                         .secret = s->o.oidc_secret,
                                                         .redirect = o->redirect});
    for (; o->started < THREADS; o->started++)
        if (pthread_create(&o->threads[o->started], NULL, run, o)) return TP_SYSTEM;
    return TP_OK;
}

void tp_oidc_stop(tp_server *s) {
    tp_oidc *o = s->oidc;
    if (!o) return;
    pthread_mutex_lock(&o->lock);
    o->stop = true;
    pthread_cond_broadcast(&o->more);
    pthread_mutex_unlock(&o->lock);
    if (o->provider) tp_provider_stop(o->provider);
    for (unsigned i = 0; i < o->started; i++)
        pthread_join(o->threads[i], NULL);
    tp_provider_free(o->provider);
    pthread_mutex_destroy(&o->lock);
    pthread_cond_destroy(&o->more);
    free(o);
    s->oidc = NULL;
}

/* ---- routes ---- */

/* May this token's voter come this way, now? Answers itself if not. */
static bool open_route(tp_server *s, tp_request *rq, int64_t voter) {
    const char *detail = "Enrolment is not open.", *fault = NULL;
    tp_voter v;
    bool found;
    tp_err err = tp_store_voter_get(tp_server_reader(s, rq), voter, &v, &found);
    if (err || !found) {
        tp_answer_storage(rq);
        return false;
    }
    if (!tp_enrolling(s, tp_server_state(s).phase)) fault = "board.phase";
    if (!fault) fault = tp_not_online(&v, &detail);
    if (!fault && !(s->oidc && s->manifest.units[v.unit].routes & TP_ROUTE_OIDC)) {
        fault = "enrol.route";
        detail = "This post has no identity provider.";
    }
    if (fault) tp_answer_problem(rq, 409, fault, NULL, detail);
    return !fault;
}

static void drop(job *j) {
    free(j->step);
    free_job(j);
}

static void give(tp_server *s, job *j) {
    tp_request *rq = j->step->rq;
    if (submit(s->oidc, j)) return;
    tp_answer_problem_more(rq, 503, "server.busy", "Too much waits.", 2, NULL);
    drop(j);
}

static job *new_job(tp_step *t) {
    job *j = calloc(1, sizeof *j);
    if (!j) abort();
    j->step = t;
    return j;
}

/* The credential that is asked for, with its proof, and the nonce of its login; answers itself if
 * something is wrong. */
static bool take_key(tp_server *s, tp_request *rq, job *j, json_t *of) {
    const char *credential = json_string_value(json_object_get(of, "credential"));
    const char *possession = json_string_value(json_object_get(of, "possession"));
    const char *blind = json_string_value(json_object_get(of, "blind"));
    tp_step *t = j->step;
    if (!tp_step_take_credential(rq, s, t, credential, possession)) return false;
    if (!tp_hex_read(j->blind, sizeof j->blind, blind)) {
        tp_answer_problem(rq, 400, "request.value", "blind", "Not 32 bytes of hex.");
        return false;
    }
    tp_login_nonce(j->l.nonce, s->manifest.fingerprint, t->credential, j->blind);
    return true;
}

void tp_post_oidc(tp_request *rq, void *server) {
    tp_server *s = server;
    const char *token, *credential, *possession, *blind;
    json_error_t error;
    json_t *body = tp_may_ask(s, rq) ? tp_body_json(rq) : NULL;
    if (!body) return;
    tp_step *t = tp_step_new(s, rq, NULL, tp_step_done);
    job *j = new_job(t);
    bool ok =
        !json_unpack_ex(body, &error, JSON_STRICT, "{s:s, s:s, s:s, s:s}", "enrolment", &token,
                        "credential", &credential, "possession", &possession, "blind", &blind);
    if (!ok) tp_answer_members(rq, &error);
    ok = ok && tp_step_take_token(s, rq, t, token) && open_route(s, rq, t->voter) &&
         take_key(s, rq, j, body);
    json_decref(body);
    if (!ok) {
        drop(j);
        return;
    }
    j->l.voter = t->voter;
    memcpy(j->l.session, t->session, 32);
    j->l.expires = tp_server_now() + STATE_LIFE_S;
    randombytes_buf(j->l.verifier, sizeof j->l.verifier);
    give(s, j);
}

/* The state must be whole, fresh, and that of this very token and credential. Answers itself if it
 * is not. */
static bool take_state(job *j, tp_server *s, tp_request *rq, const char *text) {
    login l;
    const tp_step *t = j->step;
    bool ours = open_state(&l, s, text) && l.voter == t->voter &&
                sodium_memcmp(l.session, t->session, 32) == 0 &&
                sodium_memcmp(l.nonce, j->l.nonce, sizeof l.nonce) == 0;
    if (ours) j->l = l;
    if (ours && tp_server_now() < l.expires) return true;
    tp_answer_problem(rq, 422, ours ? "enrol.expired" : "enrol.oidc", "state",
                      ours ? "That took too long. Begin again."
                           : "This did not begin here. Begin again on this device.");
    return false;
}

static bool take_code(tp_request *rq, job *j, const char *code) {
    if (!*code || strlen(code) > CODE_MAX) {
        tp_answer_problem(rq, 400, "request.value", "code", "Not what a provider gives.");
        return false;
    }
    j->code = strdup(code);
    if (!j->code) abort();
    return true;
}

void tp_post_oidc_finish(tp_request *rq, void *server) {
    tp_server *s = server;
    const char *token, *code, *state, *credential, *possession, *blind;
    json_error_t error;
    json_t *body = tp_may_ask(s, rq) ? tp_body_json(rq) : NULL;
    if (!body) return;
    tp_step *t = tp_step_new(s, rq, work_prove, tp_step_done);
    job *j = new_job(t);
    bool ok = !json_unpack_ex(body, &error, JSON_STRICT, "{s:s, s:s, s:s, s:s, s:s, s:s}",
                              "enrolment", &token, "code", &code, "state", &state, "credential",
                              &credential, "possession", &possession, "blind", &blind);
    if (!ok) tp_answer_members(rq, &error);
    ok = ok && tp_step_take_token(s, rq, t, token) && open_route(s, rq, t->voter) &&
         take_key(s, rq, j, body) && take_state(j, s, rq, state) && take_code(rq, j, code);
    json_decref(body);
    if (ok)
        give(s, j);
    else
        drop(j);
}
