/* The strict reader of request heads: invariants in head.h. */
#include "server/head.h"

#include <string.h>
#include <strings.h>

typedef struct {
    const char *p;
    size_t len;
} span;

typedef struct {
    tp_request_head *h;
    unsigned fields, hosts, expects;
} parse;

static bool span_is(span s, const char *text) {
    return s.len == strlen(text) && strncasecmp(s.p, text, s.len) == 0;
}

/* Takes everything up to the next CRLF off the front; false if there is none. */
static bool next_line(span *rest, span *line) {
    const char *end = memmem(rest->p, rest->len, "\r\n", 2);
    if (!end) return false;
    *line = (span){rest->p, (size_t)(end - rest->p)};
    rest->len -= line->len + 2;
    rest->p = end + 2;
    return true;
}

static bool is_token_char(char c) {
    return c && (((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9') ||
                 strchr("!#$%&'*+-.^_`|~", c));
}

static int read_method(tp_request_head *h, span method) {
    static const char *const names[] = {[TP_GET] = "GET", [TP_HEAD] = "HEAD", [TP_POST] = "POST"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (method.len != strlen(names[i]) || memcmp(method.p, names[i], method.len)) continue;
        h->method = (tp_http_method)i;
        return 0;
    }
    for (size_t i = 0; i < method.len; i++)
        if (!is_token_char(method.p[i])) return 400;
    return method.len ? 405 : 400;
}

static int read_target(tp_request_head *h, span target) {
    if (!target.len || target.p[0] != '/') return 400;
    size_t path = 0;
    for (size_t i = 0; i < target.len; i++) {
        if (target.p[i] <= 0x20 || target.p[i] >= 0x7f || target.p[i] == '#') return 400;
        if (target.p[i] == '?' && !path) path = i;
    }
    if (!path) path = target.len;
    if (path >= TP_PATH_MAX) return 414;
    if (memchr(target.p, '%', path)) return 404; /* no path of ours needs it */
    memcpy(h->path, target.p, path);
    h->path[path] = 0;
    return 0;
}

static int read_request_line(tp_request_head *h, span line) {
    const char *a = memchr(line.p, ' ', line.len);
    if (!a) return 400;
    size_t method = (size_t)(a - line.p), rest = line.len - method - 1;
    const char *b = memchr(a + 1, ' ', rest);
    if (!b) return 400;
    span target = {a + 1, (size_t)(b - a) - 1};
    span version = {b + 1, rest - target.len - 1};
    if (version.len != 8 || memcmp(version.p, "HTTP/", 5)) return 400;
    h->old = !memcmp(version.p, "HTTP/1.0", 8);
    if (!h->old && memcmp(version.p, "HTTP/1.1", 8)) return 505;
    int status = read_method(h, (span){line.p, method});
    return status ? status : read_target(h, target);
}

static int read_length(tp_request_head *h, span value) {
    if (h->has_length || !value.len || value.len > 15) return 400;
    for (size_t i = 0; i < value.len; i++) {
        if (value.p[i] < '0' || value.p[i] > '9') return 400;
        h->length = h->length * 10 + (uint64_t)(value.p[i] - '0');
    }
    h->has_length = true;
    return 0;
}

/* ";q=0" in any of its spellings. */
static bool refuses(span parameters) {
    const char *q = memmem(parameters.p, parameters.len, "q=0", 3);
    if (!q) return false;
    const char *end = parameters.p + parameters.len;
    for (q += 3; q < end; q++)
        if (*q != '.' && *q != '0' && *q != ' ' && *q != '\t') return false;
    return true;
}

/* Is `word` an item of a comma-separated list, without ";q=0"? */
static bool lists(span value, const char *word) {
    while (value.len) {
        const char *comma = memchr(value.p, ',', value.len);
        size_t len = comma ? (size_t)(comma - value.p) : value.len;
        span item = {value.p, len};
        value.p += len + (comma != NULL);
        value.len -= len + (comma != NULL);
        while (item.len && (*item.p == ' ' || *item.p == '\t'))
            item.p++, item.len--;
        const char *semi = memchr(item.p, ';', item.len);
        if (semi && refuses((span){semi, (size_t)(item.p + item.len - semi)})) continue;
        if (semi) item.len = (size_t)(semi - item.p);
        while (item.len && (item.p[item.len - 1] == ' ' || item.p[item.len - 1] == '\t'))
            item.len--;
        if (span_is(item, word)) return true;
    }
    return false;
}

/* The last of a list, of all lists the last: the one that the nearest proxy wrote. */
static void read_forwarded(tp_request_head *h, span value) {
    for (size_t i = value.len; i > 0; i--) {
        if (value.p[i - 1] != ',') continue;
        value = (span){value.p + i, value.len - i};
        break;
    }
    while (value.len && (*value.p == ' ' || *value.p == '\t'))
        value.p++, value.len--;
    h->is_forwarded = true;
    if (value.len >= sizeof h->forwarded) value.len = 0;
    memset(h->forwarded, 0, sizeof h->forwarded);
    memcpy(h->forwarded, value.p, value.len);
}

static int read_known(parse *p, span name, span value) {
    if (span_is(name, "content-length")) return read_length(p->h, value);
    if (span_is(name, "transfer-encoding")) return 501;
    if (span_is(name, "host")) return p->hosts++ || !value.len ? 400 : 0;
    if (span_is(name, "connection") && lists(value, "close")) p->h->close = true;
    if (span_is(name, "accept-encoding") && lists(value, "gzip")) p->h->gzip = true;
    if (span_is(name, "x-forwarded-for")) read_forwarded(p->h, value);
    if (!span_is(name, "expect")) return 0;
    p->h->expect_continue = true;
    return p->expects++ || !span_is(value, "100-continue") ? 417 : 0;
}

static int read_field(parse *p, span line) {
    size_t colon = 0;
    while (colon < line.len && is_token_char(line.p[colon]))
        colon++;
    if (!colon || colon == line.len || line.p[colon] != ':') return 400;
    if (++p->fields > TP_HEAD_FIELDS) return 431;
    span value = {line.p + colon + 1, line.len - colon - 1};
    for (size_t i = 0; i < value.len; i++)
        if (((unsigned char)value.p[i] < 0x20 && value.p[i] != '\t') || value.p[i] == 0x7f)
            return 400;
    while (value.len && (*value.p == ' ' || *value.p == '\t'))
        value.p++, value.len--;
    while (value.len && (value.p[value.len - 1] == ' ' || value.p[value.len - 1] == '\t'))
        value.len--;
    return read_known(p, (span){line.p, colon}, value);
}

int tp_request_head_read(tp_request_head *h, const char *bytes, size_t len) {
    memset(h, 0, sizeof *h);
    span rest = {bytes, len}, line;
    parse p = {.h = h};
    if (!next_line(&rest, &line)) return 400;
    int status = read_request_line(h, line);
    while (!status) {
        if (!next_line(&rest, &line)) return 400;
        if (!line.len) break;
        status = read_field(&p, line);
    }
    if (status) return status;
    if (rest.len || (!h->old && !p.hosts)) return 400;
    if (h->method == TP_POST && !h->has_length) return 411;
    if (h->method != TP_POST && h->length) return 400;
    h->close |= h->old;
    return 0;
}
