/* Asks witnesses for cosignatures: cosign.h. spec: T-16..T-19, R-14.
 *
 *   "old N", proof, note  ->  each witness, all at once
 *   200: its lines, checked and kept   409: the size it has; asked again from there   else: later
 *
 * Invariants
 *  1. A line is kept only after it was verified with the key that the manifest gives its witness.
 *  2. What an answer says of sizes costs at most one more request: a witness that lies about them
 *     is a witness that does not answer.
 *  3. A witness that knows a larger tree than the log has is told of: the log's store went back.
 */
#include "server/cosign.h"

#include <curl/curl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "record/record.h"
#include "server/log.h"
#include "server/witness.h"

enum {
    ANSWER_MAX = 16384,
    REQUEST_MS = 5000,
    GRACE_MS = 500, /* for the others, once the quorum is there */
    SLICE_MS = 100,
    BACK_OFF_MIN_MS = 500,
    BACK_OFF_MAX_MS = 30000,
    CORRECTIONS = 2, /* of the size it has, in one checkpoint */
};

typedef struct {
    const char *url;
    CURL *curl;
    struct curl_slist *headers;
    bool busy, done; /* done: it has cosigned this checkpoint */
    unsigned corrections;
    uint64_t known; /* the size that it cosigned last, as far as is known */
    uint64_t due_ms, wait_ms;
    uint8_t *body;
    char answer[ANSWER_MAX + 1];
    size_t answer_len;
} asked;

struct tp_cosigner {
    const tp_manifest *m;
    const char *record;
    CURLM *multi;
    asked *who;
    size_t count;
    /* of the checkpoint under way */
    const uint8_t *note;
    size_t note_len;
    uint64_t size;
    char line[TP_MAX_WITNESSES][TP_SIGNATURE_LINE_MAX];
    size_t line_len[TP_MAX_WITNESSES]; /* 0: not cosigned */
};

static uint64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- what an answer holds ---- */

static bool signature_of(const tp_note *n, const tp_vkey *k, tp_note_signature *s) {
    for (unsigned i = 0; i < n->count; i++) {
        tp_note_signature_at(n, i, s);
        if (s->name_len == k->name_len && !memcmp(s->name, k->name, k->name_len) &&
            !memcmp(s->id, k->id, 4))
            return true;
    }
    return false;
}

/* The lines of the manifest's witnesses; others are not looked at. */
static bool take_lines(tp_cosigner *c, const asked *a) {
    uint8_t both[TP_CHECKPOINT_NOTE_MAX + ANSWER_MAX];
    tp_note n;
    tp_note_signature s;
    bool any = false;
    tp_writer w = tp_writer_of(both, sizeof both);
    tp_write_bytes(&w, c->note, c->note_len);
    tp_write_bytes(&w, a->answer, a->answer_len);
    if (tp_write_end(&w) || tp_note_parse(&n, both, w.len)) return false;
    for (size_t i = 0; i < c->m->witnesses.count; i++) {
        const tp_signer *who = &c->m->witnesses.who[i];
        tp_vkey k;
        if (tp_vkey_init(&k, who->name, strlen(who->name), TP_KEY_COSIGNATURE, who->key) ||
            tp_note_verify(&n, &k, crypto_sign_verify_detached, NULL) || !signature_of(&n, &k, &s))
            continue;
        tp_writer line = tp_writer_of(c->line[i], sizeof c->line[i]);
        tp_note_write_signature(&line, &k, s.signature, s.len);
        if (tp_write_end(&line)) continue;
        c->line_len[i] = line.len;
        any = true;
    }
    return any;
}

/* "N\n". */
static bool read_size(const asked *a, uint64_t *size) {
    char *end;
    if (!a->answer_len || a->answer_len > 20 || a->answer[0] < '0' || a->answer[0] > '9')
        return false;
    *size = strtoull(a->answer, &end, 10);
    return *end == '\n' && end + 1 == a->answer + a->answer_len;
}

static unsigned cosigned(const tp_cosigner *c) {
    unsigned n = 0;
    for (size_t i = 0; i < c->m->witnesses.count; i++)
        n += c->line_len[i] != 0;
    return n;
}

/* ---- a request ---- */

static size_t collect(char *p, size_t size, size_t n, void *ctx) {
    asked *a = ctx;
    if (size * n > ANSWER_MAX - a->answer_len) return 0;
    memcpy(a->answer + a->answer_len, p, size * n);
    a->answer_len += size * n;
    a->answer[a->answer_len] = 0;
    return size * n;
}

/* spec: T-16 */
static bool write_request(const tp_cosigner *c, const asked *a, tp_writer *w) {
    tp_hash proof[TP_TREE_MAX_PROOF];
    size_t count = 0;
    char line[32];
    if (a->known && a->known < c->size &&
        tp_record_consistency(proof, &count, c->record, a->known, c->size))
        return false;
    int n = snprintf(line, sizeof line, "old %llu\n", (unsigned long long)a->known);
    tp_write_bytes(w, line, (size_t)n);
    for (size_t i = 0; i < count; i++) {
        tp_write_base64(w, proof[i].b, 32);
        tp_write_bytes(w, "\n", 1);
    }
    tp_write_bytes(w, "\n", 1);
    tp_write_bytes(w, c->note, c->note_len);
    return tp_write_end(w) == TP_OK;
}

static void put_off(asked *a) {
    a->wait_ms = a->wait_ms ? 2 * a->wait_ms : BACK_OFF_MIN_MS;
    if (a->wait_ms > BACK_OFF_MAX_MS) a->wait_ms = BACK_OFF_MAX_MS;
    a->due_ms = now_ms() + a->wait_ms;
}

static void ask(tp_cosigner *c, asked *a) {
    tp_writer w = tp_writer_of(a->body, TP_WITNESS_BODY_MAX);
    char url[1024];
    int n = snprintf(url, sizeof url, "%s/add-checkpoint", a->url);
    if (n >= (int)sizeof url || !write_request(c, a, &w)) {
        put_off(a);
        return;
    }
    a->answer_len = 0;
    a->answer[0] = 0;
    curl_easy_setopt(a->curl, CURLOPT_URL, url);
    curl_easy_setopt(a->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(a->curl, CURLOPT_HTTPHEADER, a->headers);
    curl_easy_setopt(a->curl, CURLOPT_POST, 1L);
    curl_easy_setopt(a->curl, CURLOPT_POSTFIELDS, a->body);
    curl_easy_setopt(a->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)w.len);
    curl_easy_setopt(a->curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(a->curl, CURLOPT_WRITEDATA, a);
    curl_easy_setopt(a->curl, CURLOPT_PRIVATE, a);
    curl_easy_setopt(a->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(a->curl, CURLOPT_TIMEOUT_MS, (long)REQUEST_MS);
    a->busy = curl_multi_add_handle(c->multi, a->curl) == CURLM_OK;
    if (!a->busy) put_off(a);
}

/* spec: T-17, T-19 */
static void answered(tp_cosigner *c, asked *a, long status) {
    uint64_t size;
    if (status == 200 && take_lines(c, a)) {
        a->done = true;
        a->known = c->size;
        a->wait_ms = 0;
        return;
    }
    if (status == 409 && read_size(a, &size)) {
        if (size > c->size)
            tp_log("witness-ahead", "witness", "%s has %llu, the log %llu", a->url,
                   (unsigned long long)size, (unsigned long long)c->size);
        bool useful = size <= c->size && size != a->known && a->corrections++ < CORRECTIONS;
        if (useful) {
            a->known = size;
            a->due_ms = 0;
            return;
        }
    }
    if (status)
        tp_log("witness-refuses", "witness", "%s %ld", a->url, status);
    else if (!a->wait_ms)
        tp_log("witness-silent", "witness", "%s", a->url);
    put_off(a);
}

static void gather(tp_cosigner *c) {
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(c->multi, &left))) {
        asked *a = NULL;
        long status = 0;
        if (message->msg != CURLMSG_DONE) continue;
        CURLcode result = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&a);
        if (result == CURLE_OK)
            curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
        curl_multi_remove_handle(c->multi, a->curl);
        a->busy = false;
        answered(c, a, status);
    }
}

/* Asks who is due; false if nobody is being asked. */
static bool step(tp_cosigner *c) {
    uint64_t now = now_ms();
    bool busy = false;
    int running;
    for (size_t i = 0; i < c->count; i++) {
        asked *a = &c->who[i];
        if (!a->busy && !a->done && a->due_ms <= now) ask(c, a);
    }
    curl_multi_perform(c->multi, &running);
    gather(c);
    for (size_t i = 0; i < c->count; i++)
        busy |= c->who[i].busy || (!c->who[i].done && c->who[i].due_ms <= now);
    return busy;
}

static void forget_round(tp_cosigner *c) {
    for (size_t i = 0; i < c->count; i++) {
        asked *a = &c->who[i];
        if (a->busy) curl_multi_remove_handle(c->multi, a->curl);
        a->busy = a->done = false;
        a->corrections = 0;
    }
    memset(c->line_len, 0, sizeof c->line_len);
}

tp_err tp_cosigner_run(tp_cosigner *c, tp_writer *note, uint64_t size, bool (*go_on)(void *ctx),
                       void *ctx) {
    uint64_t enough_ms = 0;
    forget_round(c);
    c->note = note->p;
    c->note_len = note->len;
    c->size = size;
    while (true) {
        bool busy = step(c);
        if (!enough_ms && cosigned(c) >= c->m->witnesses.quorum) enough_ms = now_ms() + GRACE_MS;
        if (enough_ms && (!busy || now_ms() >= enough_ms)) break;
        if (!go_on(ctx)) {
            forget_round(c);
            return TP_REFUSED;
        }
        curl_multi_poll(c->multi, NULL, 0, SLICE_MS, NULL);
    }
    for (size_t i = 0; i < c->m->witnesses.count; i++)
        tp_write_bytes(note, c->line[i], c->line_len[i]);
    forget_round(c);
    return tp_write_end(note);
}

/* ---- start and end ---- */

tp_err tp_cosigner_open(tp_cosigner **out, const tp_manifest *m, const char *const *urls,
                        size_t count, const char *record) {
    tp_cosigner *c = calloc(1, sizeof *c);
    if (!c || curl_global_init(CURL_GLOBAL_DEFAULT)) {
        free(c);
        return TP_SYSTEM;
    }
    c->m = m;
    c->record = record;
    c->multi = curl_multi_init();
    c->who = calloc(count ? count : 1, sizeof *c->who);
    bool ok = c->multi && c->who;
    for (size_t i = 0; ok && i < count; i++) {
        asked *a = &c->who[c->count++];
        a->url = urls[i];
        a->curl = curl_easy_init();
        a->headers = curl_slist_append(NULL, "Content-Type: text/plain; charset=utf-8");
        struct curl_slist *more = curl_slist_append(a->headers, "Expect:");
        a->body = malloc(TP_WITNESS_BODY_MAX);
        ok = a->curl && more && a->body;
    }
    if (ok)
        *out = c;
    else
        tp_cosigner_close(c);
    return ok ? TP_OK : TP_SYSTEM;
}

void tp_cosigner_close(tp_cosigner *c) {
    if (!c) return;
    for (size_t i = 0; i < c->count; i++) {
        asked *a = &c->who[i];
        if (a->busy) curl_multi_remove_handle(c->multi, a->curl);
        curl_easy_cleanup(a->curl);
        curl_slist_free_all(a->headers);
        free(a->body);
    }
    if (c->multi) curl_multi_cleanup(c->multi);
    free(c->who);
    free(c);
    curl_global_cleanup();
}
