/* The commands' HTTP client: one kept-alive connection, bounded answers. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include "cli/cli.h"

enum {
    MAX_ANSWER = 128 << 20,
    TIMEOUT_S = 120,
    COUNT_S = 900,
    PUBLISH_TRIES = 600,
    PROBLEM_MAX = 1 << 16
};

struct tp_http {
    CURL *curl;
    char base[512];
    uint8_t *bytes;
    size_t len, cap;
    long timeout_s;
};

static size_t collect(char *p, size_t size, size_t n, void *ctx) {
    tp_http *h = ctx;
    size_t len = size * n;
    if (h->len + len > MAX_ANSWER) return 0;
    if (h->len + len + 1 > h->cap) {
        size_t cap = 2 * (h->len + len + 1);
        uint8_t *bigger = realloc(h->bytes, cap);
        if (!bigger) return 0;
        h->bytes = bigger;
        h->cap = cap;
    }
    memcpy(h->bytes + h->len, p, len);
    h->len += len;
    h->bytes[h->len] = 0;
    return len;
}

tp_http *tp_http_open(const char *base) {
    tp_http *h = calloc(1, sizeof *h);
    if (!h) return NULL;
    h->curl = curl_easy_init();
    h->bytes = calloc(1, 1);
    h->cap = 1;
    h->timeout_s = TIMEOUT_S;
    size_t len = strlen(base);
    while (len && base[len - 1] == '/')
        len--;
    snprintf(h->base, sizeof h->base, "%.*s", (int)len, base);
    if (h->curl && h->bytes) return h;
    tp_http_close(h);
    return NULL;
}

void tp_http_close(tp_http *h) {
    if (!h) return;
    curl_easy_cleanup(h->curl);
    free(h->bytes);
    free(h);
}

static tp_answer perform(tp_http *h, const char *path) {
    char url[1024];
    snprintf(url, sizeof url, "%s%s", h->base, path);
    h->len = 0;
    h->bytes[0] = 0;
    curl_easy_setopt(h->curl, CURLOPT_URL, url);
    curl_easy_setopt(h->curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(h->curl, CURLOPT_WRITEDATA, h);
    curl_easy_setopt(h->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h->curl, CURLOPT_TIMEOUT, h->timeout_s);
    tp_answer a = {0};
    if (curl_easy_perform(h->curl) == CURLE_OK)
        curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &a.status);
    a.bytes = h->bytes;
    a.len = h->len;
    return a;
}

tp_answer tp_http_get(tp_http *h, const char *path) {
    curl_easy_reset(h->curl);
    return perform(h, path);
}

tp_answer tp_http_post(tp_http *h, const char *path, const char *type, const void *body,
                       size_t len) {
    char header[128];
    snprintf(header, sizeof header, "Content-Type: %s", type);
    struct curl_slist *headers = curl_slist_append(NULL, header);
    headers = curl_slist_append(headers, "Expect:");
    curl_easy_reset(h->curl);
    curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(h->curl, CURLOPT_POST, 1L);
    curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(h->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
    tp_answer a = perform(h, path);
    curl_slist_free_all(headers);
    return a;
}

json_t *tp_http_json(tp_http *h, const char *path, json_t *body, long *status) {
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    if (!text) return NULL;
    tp_answer a = tp_http_post(h, path, "application/json", text, strlen(text));
    free(text);
    *status = a.status;
    if (!a.status) return NULL;
    return json_loadb((const char *)a.bytes, a.len, JSON_REJECT_DUPLICATES, NULL);
}

int tp_say_answer(const tp_answer *a, const char *what) {
    if (!a->status) return tp_say(TP_EXIT_SYSTEM, "%s: the server does not answer", what);
    size_t len = a->len < PROBLEM_MAX ? a->len : 0;
    json_t *problem = json_loadb((const char *)a->bytes, len, 0, NULL);
    const char *code = json_string_value(json_object_get(problem, "code"));
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    tp_say(0, "%s: refused (%ld): %s %s", what, a->status, code ? code : "", detail ? detail : "");
    json_decref(problem);
    return a->status >= 500 ? TP_EXIT_SYSTEM : TP_EXIT_REFUSED;
}

/* An entry is durable when it is answered and on the public record a moment later: waits for that,
 * so that who reads the record next finds it. */
static int wait_published(tp_http *h, json_int_t index) {
    for (int i = 0; i < PUBLISH_TRIES; i++) {
        tp_answer a = tp_http_get(h, "/api/election");
        json_t *state = a.status == 200 ? json_loadb((const char *)a.bytes, a.len, 0, NULL) : NULL;
        json_int_t size =
            json_integer_value(json_object_get(json_object_get(state, "board"), "size"));
        json_decref(state);
        if (size > index) return TP_EXIT_OK;
        usleep(100 * 1000);
    }
    return tp_say(TP_EXIT_SYSTEM, "the entry was accepted but is not on the record yet");
}

/* Before it takes a freeze the server adds up all ballots of the record itself. */
static int submit_body(tp_http *h, const uint8_t *body, size_t len) {
    h->timeout_s = COUNT_S;
    tp_answer a = tp_http_post(h, "/api/board/entries", "application/octet-stream", body, len);
    if (a.status != 201) return tp_say_answer(&a, "entry");
    json_t *answer = json_loadb((const char *)a.bytes, a.len, 0, NULL);
    json_int_t index = json_integer_value(json_object_get(answer, "index"));
    json_decref(answer);
    return wait_published(h, index);
}

int tp_submit(const char *server, const uint8_t *entry, size_t len, const uint8_t *document,
              size_t document_len) {
    tp_http *h = tp_http_open(server);
    uint8_t *body = malloc(len + document_len + 8);
    tp_writer w = tp_writer_of(body, len + document_len + 8);
    int code = h && body ? TP_EXIT_OK : tp_say(TP_EXIT_SYSTEM, "out of memory");
    if (code == TP_EXIT_OK) {
        tp_write_vector(&w, TP_MAX_ENTRY, entry, len);
        tp_write_vector(&w, TP_MAX_DOCUMENT, document, document_len);
        if (tp_write_end(&w) != TP_OK) code = tp_say(TP_EXIT_REFUSED, "the entry is too long");
    }
    if (code == TP_EXIT_OK) code = submit_body(h, body, w.len);
    free(body);
    tp_http_close(h);
    return code;
}
