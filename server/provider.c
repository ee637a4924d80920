/* The relying party's side of OpenID Connect Core 1.0 (code flow, PKCE by RFC 7636), and what a
 * registrar needs of it.
 *
 *  1. Discovery is asked once an hour, the keys with it and again when a token names one that is
 * not among them, so that the provider may change its keys at any time.
 *  2. A provider that failed is left alone for a second, then two, up to a minute: what comes in
 * between is answered at once.
 *  3. Every address must be https; http only where the issuer itself is on the loopback. Redirects
 *     are not followed.
 */
#include "server/provider.h"

#include <curl/curl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FRESH_S = 3600, PAUSE_MAX_S = 60, ANSWER_MAX = 256 * 1024, TIMEOUT_S = 10, FORM_MAX = 8192 };

struct tp_provider {
    tp_provider_options o;
    atomic_bool stop;
    pthread_mutex_t lock; /* behind it: all that follows */
    json_t *discovered, *jwks;
    time_t since;                  /* monotonic */
    time_t again, pause;           /* not asked before; how long the last pause was */
    time_t keys_again, keys_pause; /* the same of a key that was not among those fetched */
};

static time_t monotonic(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

tp_provider *tp_provider_new(const tp_provider_options *o) {
    tp_provider *p = calloc(1, sizeof *p);
    if (!p) abort();
    p->o = *o;
    p->jwks = json_incref(o->keys);
    pthread_mutex_init(&p->lock, NULL);
    return p;
}

void tp_provider_stop(tp_provider *p) {
    atomic_store(&p->stop, true);
}

void tp_provider_free(tp_provider *p) {
    if (!p) return;
    json_decref(p->discovered);
    json_decref(p->jwks);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

/* ---- requests ---- */

typedef struct {
    char *bytes;
    size_t len;
} answer;

static size_t collect(char *bytes, size_t size, size_t n, void *ctx) {
    answer *a = ctx;
    size_t len = size * n;
    if (a->len + len > ANSWER_MAX) return 0;
    char *more = realloc(a->bytes, a->len + len);
    if (!more) return 0;
    memcpy(more + a->len, bytes, len);
    a->bytes = more;
    a->len += len;
    return len;
}

static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
    const tp_provider *p = ctx;
    (void)a, (void)b, (void)c, (void)d;
    return atomic_load(&p->stop);
}

static bool on_loopback(const tp_provider *p) {
    return strncmp(p->o.issuer, "http://", 7) == 0;
}

static bool may_ask(const tp_provider *p, const char *url) {
    return url && (!strncmp(url, "https://", 8) ||
                   (on_loopback(p) && !strncmp(url, "http://127.0.0.1:", 17)));
}

/* GET, or POST of a form. The answer as JSON, whatever its status; NULL: none came. */
static json_t *ask(const tp_provider *p, const char *url, const char *form, long *status) {
    answer a = {0};
    CURL *c = !atomic_load(&p->stop) && may_ask(p, url) ? curl_easy_init() : NULL;
    if (!c) return NULL;
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, on_loopback(p) ? "http,https" : "https");
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, p);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, &a);
    if (form) curl_easy_setopt(c, CURLOPT_POSTFIELDS, form);
    if (form && p->o.secret) {
        curl_easy_setopt(c, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(c, CURLOPT_USERNAME, p->o.client);
        curl_easy_setopt(c, CURLOPT_PASSWORD, p->o.secret);
    }
    json_t *object = NULL;
    if (curl_easy_perform(c) == CURLE_OK) {
        curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, status);
        object = json_loadb(a.bytes ? a.bytes : "", a.len, JSON_REJECT_DUPLICATES, NULL);
    }
    curl_easy_cleanup(c);
    if (a.bytes) sodium_memzero(a.bytes, a.len);
    free(a.bytes);
    return object;
}

/* ---- what the provider says of itself ---- */

static const char *text(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

static bool good_discovery(const tp_provider *p, const json_t *d) {
    const char *issuer = text(d, "issuer");
    return issuer && !strcmp(issuer, p->o.issuer) && may_ask(p, text(d, "token_endpoint")) &&
           may_ask(p, text(d, "authorization_endpoint")) && may_ask(p, text(d, "jwks_uri"));
}

static bool fetch_keys(tp_provider *p) {
    long status = 0;
    json_t *keys = ask(p, text(p->discovered, "jwks_uri"), NULL, &status);
    bool good = status == 200 && json_is_array(json_object_get(keys, "keys"));
    if (!good) {
        json_decref(keys);
        return false;
    }
    json_decref(p->jwks);
    p->jwks = keys;
    if (p->o.seen) p->o.seen(p->o.ctx, keys);
    return true;
}

static bool ask_anew(tp_provider *p) {
    char url[512];
    long status = 0;
    size_t len = strlen(p->o.issuer);
    int bare = (int)(len && p->o.issuer[len - 1] == '/' ? len - 1 : len);
    int n = snprintf(url, sizeof url, "%.*s/.well-known/openid-configuration", bare, p->o.issuer);
    json_t *d = n < (int)sizeof url ? ask(p, url, NULL, &status) : NULL;
    if (status != 200 || !good_discovery(p, d)) {
        json_decref(d);
        return false;
    }
    json_decref(p->discovered);
    p->discovered = d;
    return fetch_keys(p);
}

/* After a failure: a second, then twice as long. */
static void put_off(time_t *again, time_t *pause) {
    *pause = *pause ? 2 * *pause : 1;
    if (*pause > PAUSE_MAX_S) *pause = PAUSE_MAX_S;
    *again = monotonic() + *pause;
}

/* Behind the lock. What was known stays in use while the provider does not answer. */
static bool discover(tp_provider *p) {
    if (p->o.keys || (p->jwks && monotonic() - p->since < FRESH_S)) return true;
    if (monotonic() < p->again) return p->jwks != NULL;
    if (ask_anew(p)) {
        p->since = monotonic();
        p->pause = 0;
    } else {
        put_off(&p->again, &p->pause);
    }
    return p->jwks != NULL;
}

void tp_provider_look(tp_provider *p) {
    pthread_mutex_lock(&p->lock);
    (void)discover(p);
    pthread_mutex_unlock(&p->lock);
}

/* ---- the way there ---- */

static void challenge(char out[static TP_VERIFIER_TEXT], const char *verifier) {
    uint8_t hash[32];
    crypto_hash_sha256(hash, (const uint8_t *)verifier, strlen(verifier));
    sodium_bin2base64(out, TP_VERIFIER_TEXT, hash, sizeof hash,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

tp_err tp_provider_location(char out[static TP_LOCATION_MAX], tp_provider *p, const char *state,
                            const char *nonce, const char *verifier) {
    char code[TP_VERIFIER_TEXT];
    challenge(code, verifier);
    pthread_mutex_lock(&p->lock);
    bool known = discover(p);
    char *there = known ? strdup(text(p->discovered, "authorization_endpoint")) : NULL;
    pthread_mutex_unlock(&p->lock);
    char *client = curl_easy_escape(NULL, p->o.client, 0);
    char *redirect = curl_easy_escape(NULL, p->o.redirect, 0);
    int n = TP_LOCATION_MAX;
    if (there && client && redirect)
        n = snprintf(out, TP_LOCATION_MAX,
                     "%s%cresponse_type=code&scope=openid&client_id=%s&redirect_uri=%s&state=%s"
                     "&nonce=%s&code_challenge=%s&code_challenge_method=S256",
                     there, strchr(there, '?') ? '&' : '?', client, redirect, state, nonce, code);
    curl_free(client);
    curl_free(redirect);
    free(there);
    return n < TP_LOCATION_MAX ? TP_OK : TP_SYSTEM;
}

/* ---- and back ---- */

static json_t *exchange(tp_provider *p, const char *endpoint, const char *code,
                        const char *verifier, long *status) {
    char form[FORM_MAX];
    char *client = curl_easy_escape(NULL, p->o.client, 0), *c = curl_easy_escape(NULL, code, 0);
    char *redirect = curl_easy_escape(NULL, p->o.redirect, 0);
    int n = FORM_MAX;
    if (client && c && redirect)
        n = snprintf(form, sizeof form,
                     "grant_type=authorization_code&code=%s&redirect_uri=%s&client_id=%s"
                     "&code_verifier=%s",
                     c, redirect, client, verifier);
    curl_free(client);
    curl_free(c);
    curl_free(redirect);
    json_t *tokens = n < FORM_MAX ? ask(p, endpoint, form, status) : NULL;
    sodium_memzero(form, sizeof form);
    return tokens;
}

/* Under the keys that are known, and if they lack the token's, under those of now: which are not
 * fetched for each token that names a key that there is not. */
static const char *check(char claim[static TP_CLAIM_MAX], tp_provider *p, const char *token,
                         const tp_id_token_rules *rules) {
    pthread_mutex_lock(&p->lock);
    const char *why = tp_id_token_refusal(claim, token, p->jwks, rules);
    bool lacks = why && !strcmp(why, "key") && !p->o.keys;
    if (lacks && monotonic() >= p->keys_again) {
        if (fetch_keys(p)) why = tp_id_token_refusal(claim, token, p->jwks, rules);
        if (why && !strcmp(why, "key"))
            put_off(&p->keys_again, &p->keys_pause);
        else
            p->keys_pause = 0;
    }
    pthread_mutex_unlock(&p->lock);
    return why;
}

tp_id_token_rules tp_provider_rules(const tp_provider *p, const char *nonce, uint64_t now) {
    return (tp_id_token_rules){.issuer = p->o.issuer,
                               .client = p->o.client,
                               .nonce = nonce,
                               .claim = p->o.claim,
                               .now = now};
}

tp_err tp_provider_holds(char claim[static TP_CLAIM_MAX], tp_provider *p, const char *token,
                         const char *nonce, uint64_t now, const char **why) {
    tp_id_token_rules rules = tp_provider_rules(p, nonce, now);
    rules.as_issued = true;
    pthread_mutex_lock(&p->lock);
    bool known = discover(p);
    pthread_mutex_unlock(&p->lock);
    *why = known ? check(claim, p, token, &rules) : NULL;
    return !known ? TP_SYSTEM : *why ? TP_REFUSED : TP_OK;
}

tp_err tp_provider_claim(char claim[static TP_CLAIM_MAX], char **token, tp_provider *p,
                         const char *code, const char *nonce, const char *verifier, uint64_t now,
                         const char **why) {
    long status = 0;
    tp_id_token_rules rules = tp_provider_rules(p, nonce, now);
    *why = NULL;
    *token = NULL;
    pthread_mutex_lock(&p->lock);
    bool known = discover(p);
    char *endpoint = known ? strdup(text(p->discovered, "token_endpoint")) : NULL;
    pthread_mutex_unlock(&p->lock);
    if (!endpoint) return TP_SYSTEM;
    json_t *tokens = exchange(p, endpoint, code, verifier, &status);
    free(endpoint);
    const char *given = text(tokens, "id_token");
    tp_err err = TP_OK;
    if (!tokens || status >= 500)
        err = TP_SYSTEM;
    else if (status != 200 || !given)
        *why = "code";
    else
        *why = check(claim, p, given, &rules);
    if (!err && !*why && !(*token = strdup(given))) err = TP_SYSTEM;
    json_decref(tokens);
    return err ? err : *why ? TP_REFUSED : TP_OK;
}
