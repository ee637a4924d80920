/* The HTTP adapter: invariants in http.h. Each thread has its own event loop and connections; all
 * accept from one socket.
 *
 *   IDLE -> HEAD -> BODY -> BUSY -> FLUSH -> IDLE ...      or FLUSH -> LINGER -> closed
 */
#include "server/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/log.h"

enum { LINGER_MS = 1000, BIG_BODY = 1 << 20, BIG_BODIES = 8 };

typedef enum { IDLE, HEAD, BODY, BUSY, FLUSH, LINGER } conn_state;

typedef struct thread thread;

struct tp_request {
    thread *t;
    struct bufferevent *bev;
    struct event *timer;
    conn_state state;
    TAILQ_ENTRY(tp_request) link; /* of the thread's waiting or working list */
    tp_request_head head;
    const tp_route *route;
    uint8_t *body;
    size_t body_len;
    uint8_t peer[16];        /* IPv4 mapped */
    bool big;                /* counted in tp_http.big */
    _Atomic bool last;       /* the connection closes after this answer */
    struct evbuffer *answer; /* made by another thread */
    tp_request *next_answer;
};

TAILQ_HEAD(conn_list, tp_request);

struct thread {
    tp_http *http;
    unsigned number;
    pthread_t handle, id; /* id: set by the thread itself */
    struct event_base *base;
    struct evconnlistener *listener;
    struct event *wake;
    int wake_fd;
    struct conn_list waiting; /* for their clients, the longest first */
    struct conn_list working;
    unsigned count;
    pthread_mutex_t lock;
    tp_request *answers;
    bool stop;
};

struct tp_http {
    tp_http_options o;
    int fd;
    unsigned port, started;
    _Atomic unsigned big;
    thread *threads;
    _Atomic unsigned stop_ms; /* 0: it goes on */
    uint8_t proxy[16];        /* zero: none */
};

/* ---- answers ---- */

static const char security[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; "
    "style-src 'self'; img-src 'self' data:; connect-src 'self'; worker-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Embedder-Policy: require-corp\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";

const char *tp_status_phrase(int status) {
    static const struct {
        int status;
        const char *phrase;
    } phrases[] = {
        {200, "OK"},
        {201, "Created"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {411, "Length Required"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++)
        if (phrases[i].status == status) return phrases[i].phrase;
    return "Error";
}

/* spec: H-2 */
static const char *const keeping[] = {
    [TP_KEEP_NOT] = "no-store",
    [TP_KEEP_BRIEFLY] = "public, max-age=1",
    [TP_KEEP] = "public, max-age=31536000, immutable",
};

static bool write_head(struct evbuffer *out, const tp_request *rq, const tp_answer *a, size_t len) {
    return evbuffer_add_printf(out,
                               "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s"
                               "Cache-Control: %s\r\n%s%s%s\r\n",
                               a->status, tp_status_phrase(a->status),
                               a->type ? a->type : "application/octet-stream", len, security,
                               keeping[a->keep], a->gzip ? "Content-Encoding: gzip\r\n" : "",
                               a->headers ? a->headers : "",
                               rq->last ? "Connection: close\r\n" : "") > 0;
}

static void conn_step(tp_request *rq);
static void conn_free(tp_request *rq);

static void set_timer(tp_request *rq, uint64_t ms) {
    struct timeval tv = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};
    event_add(rq->timer, &tv);
}

static void move_to(tp_request *rq, conn_state state) {
    bool waits = rq->state <= BODY, will_wait = state <= BODY;
    TAILQ_REMOVE(waits ? &rq->t->waiting : &rq->t->working, rq, link);
    if (will_wait)
        TAILQ_INSERT_TAIL(&rq->t->waiting, rq, link);
    else
        TAILQ_INSERT_TAIL(&rq->t->working, rq, link);
    rq->state = state;
}

/* On the request's own thread: from BUSY to FLUSH. */
static void deliver(tp_request *rq, struct evbuffer *answer) {
    free(rq->body);
    rq->body = NULL;
    if (rq->big) rq->t->http->big--;
    rq->big = false;
    move_to(rq, FLUSH);
    size_t len = evbuffer_get_length(answer);
    bufferevent_enable(rq->bev, EV_WRITE);
    bufferevent_write_buffer(rq->bev, answer);
    evbuffer_free(answer);
    set_timer(rq, 10000 + len / 16);
}

static void send_answer(tp_request *rq, struct evbuffer *answer) {
    thread *t = rq->t;
    if (pthread_equal(pthread_self(), t->id)) {
        deliver(rq, answer);
        return;
    }
    uint64_t one = 1;
    pthread_mutex_lock(&t->lock);
    rq->answer = answer;
    rq->next_answer = t->answers;
    t->answers = rq;
    pthread_mutex_unlock(&t->lock);
    if (write(t->wake_fd, &one, sizeof one) != sizeof one) abort(); /* a counter never fills */
}

static struct evbuffer *begin_answer(tp_request *rq, const tp_answer *a, size_t len) {
    struct evbuffer *out = evbuffer_new();
    if (!out || !write_head(out, rq, a, len)) abort(); /* out of memory: state is on the disk */
    return out;
}

void tp_request_answer(tp_request *rq, const tp_answer *a, const void *body, size_t len) {
    struct evbuffer *out = begin_answer(rq, a, len);
    if (rq->head.method != TP_HEAD) evbuffer_add(out, body, len);
    send_answer(rq, out);
}

void tp_request_answer_static(tp_request *rq, const tp_answer *a, const void *body, size_t len) {
    struct evbuffer *out = begin_answer(rq, a, len);
    if (rq->head.method != TP_HEAD) evbuffer_add_reference(out, body, len, NULL, NULL);
    send_answer(rq, out);
}

void tp_request_answer_file(tp_request *rq, const tp_answer *a, int fd, size_t len) {
    struct evbuffer *out = begin_answer(rq, a, len);
    if (rq->head.method == TP_HEAD || !len)
        close(fd);
    else if (evbuffer_add_file(out, fd, 0, (ev_off_t)len) < 0)
        abort();
    send_answer(rq, out);
}

/* ---- requests ---- */

const char *tp_request_path(const tp_request *rq) {
    return rq->head.path;
}
const uint8_t *tp_request_body(const tp_request *rq, size_t *len) {
    *len = rq->body_len;
    return rq->body;
}
uint8_t *tp_request_take_body(tp_request *rq, size_t *len) {
    uint8_t *body = rq->body;
    *len = rq->body_len;
    rq->body = NULL;
    return body;
}
bool tp_request_gzip(const tp_request *rq) {
    return rq->head.gzip;
}
/* IPv4 becomes ::ffff:a.b.c.d. */
static bool address_of_text(uint8_t out[static 16], const char *text) {
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct in_addr four;
    if (inet_pton(AF_INET6, text, out) == 1) return true;
    if (inet_pton(AF_INET, text, &four) != 1) return false;
    memcpy(out, mapped, sizeof mapped);
    memcpy(out + 12, &four, 4);
    return true;
}

static void address_of_socket(uint8_t out[static 16], const struct sockaddr *from) {
    char text[INET6_ADDRSTRLEN] = "::";
    const void *at =
        from->sa_family == AF_INET
            ? (const void *)&((const struct sockaddr_in *)(const void *)from)->sin_addr
            : (const void *)&((const struct sockaddr_in6 *)(const void *)from)->sin6_addr;
    if (!inet_ntop(from->sa_family, at, text, sizeof text) || !address_of_text(out, text))
        memset(out, 0, 16);
}

bool tp_request_address(const tp_request *rq, uint8_t address[static 16]) {
    static const uint8_t none[16], six[16] = {[15] = 1},
                                   four[13] = {[10] = 0xff, [11] = 0xff, [12] = 127};
    const uint8_t *proxy = rq->t->http->proxy;
    bool own = !memcmp(rq->peer, six, 16) || !memcmp(rq->peer, four, sizeof four);
    bool trusted = own || (memcmp(proxy, none, 16) != 0 && !memcmp(rq->peer, proxy, 16));
    memcpy(address, rq->peer, 16);
    if (!trusted || !rq->head.is_forwarded) return !own;
    if (!address_of_text(address, rq->head.forwarded)) memcpy(address, rq->peer, 16);
    return true;
}

unsigned tp_request_thread(const tp_request *rq) {
    return rq->t->number;
}

/* Answers with a bare problem and closes: what comes next on this connection cannot be trusted. */
static void refuse(tp_request *rq, int status) {
    char body[200];
    int n = snprintf(body, sizeof body,
                     "{\"type\": \"about:blank\", \"title\": \"%s\", \"status\": %d, "
                     "\"detail\": \"\", \"code\": \"http.%d\"}",
                     tp_status_phrase(status), status, status);
    rq->last = true;
    move_to(rq, BUSY);
    tp_request_answer(rq, &(tp_answer){.status = status, .type = "application/problem+json"}, body,
                      (size_t)n);
}

static bool path_matches(const tp_route *route, const char *path) {
    size_t len = strlen(route->path);
    if (len && route->path[len - 1] == '*') return strncmp(route->path, path, len - 1) == 0;
    return strcmp(route->path, path) == 0;
}

/* 0, or the status that refuses the request. */
static int find_route(tp_request *rq) {
    tp_http_method method = rq->head.method == TP_HEAD ? TP_GET : rq->head.method;
    int status = 404;
    for (const tp_route *r = rq->t->http->o.routes; r->path; r++) {
        if (!path_matches(r, rq->head.path)) continue;
        if (status == 405 && strchr(r->path, '*')) continue; /* it has a route of its own */
        status = 405;
        if (r->method != method) continue;
        rq->route = r;
        return rq->head.length > r->body_max ? 413 : 0;
    }
    return status;
}

static void begin_body(tp_request *rq) {
    tp_http *http = rq->t->http;
    if (rq->head.length > BIG_BODY) {
        rq->big = true;
        if (++http->big > BIG_BODIES) {
            refuse(rq, 503);
            return;
        }
    }
    move_to(rq, BODY);
    set_timer(rq, http->o.body_ms + rq->head.length / 16);
    size_t room = rq->head.length > TP_HEAD_MAX ? (size_t)rq->head.length : TP_HEAD_MAX;
    bufferevent_setwatermark(rq->bev, EV_READ, 0, room);
    if (rq->head.expect_continue && rq->head.length && !rq->head.old)
        bufferevent_write(rq->bev, "HTTP/1.1 100 Continue\r\n\r\n", 25);
}

static void read_head(tp_request *rq, struct evbuffer *in) {
    if (!evbuffer_get_length(in)) return;
    if (rq->state == IDLE) {
        move_to(rq, HEAD);
        set_timer(rq, rq->t->http->o.head_ms);
    }
    struct evbuffer_ptr end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
    if (end.pos < 0 || end.pos + 4 > TP_HEAD_MAX) {
        if (evbuffer_get_length(in) >= TP_HEAD_MAX) refuse(rq, 431);
        return;
    }
    size_t len = (size_t)end.pos + 4;
    const unsigned char *bytes = evbuffer_pullup(in, (ev_ssize_t)len);
    int status = bytes ? tp_request_head_read(&rq->head, (const char *)bytes, len) : 503;
    evbuffer_drain(in, len);
    if (!status) status = find_route(rq);
    if (status) {
        refuse(rq, status);
        return;
    }
    rq->last = rq->head.close || rq->t->stop;
    begin_body(rq);
}

static void read_body(tp_request *rq, struct evbuffer *in) {
    size_t len = (size_t)rq->head.length;
    if (evbuffer_get_length(in) < len) return;
    rq->body = malloc(len + 1);
    if (!rq->body) {
        refuse(rq, 503);
        return;
    }
    evbuffer_remove(in, rq->body, len);
    rq->body[len] = 0;
    rq->body_len = len;
    event_del(rq->timer);
    bufferevent_disable(rq->bev, EV_READ);
    bufferevent_setwatermark(rq->bev, EV_READ, 0, TP_HEAD_MAX);
    move_to(rq, BUSY);
    rq->route->handle(rq, rq->t->http->o.ctx);
}

/* As far as the bytes at hand go. */
static void conn_step(tp_request *rq) {
    struct evbuffer *in = bufferevent_get_input(rq->bev);
    for (conn_state before = FLUSH; before != rq->state;) {
        before = rq->state;
        if (rq->state <= HEAD) read_head(rq, in);
        if (rq->state == BODY) read_body(rq, in);
    }
    if (rq->state == LINGER) evbuffer_drain(in, evbuffer_get_length(in));
}

static void conn_free(tp_request *rq) {
    thread *t = rq->t;
    TAILQ_REMOVE(rq->state <= BODY ? &t->waiting : &t->working, rq, link);
    if (rq->big) t->http->big--;
    t->count--;
    event_free(rq->timer);
    bufferevent_free(rq->bev);
    free(rq->body);
    free(rq);
    if (t->stop && !t->count) event_base_loopbreak(t->base);
}

static void on_read(struct bufferevent *bev, void *arg) {
    (void)bev;
    conn_step(arg);
}

static void on_written(struct bufferevent *bev, void *arg) {
    tp_request *rq = arg;
    if (rq->state != FLUSH || evbuffer_get_length(bufferevent_get_output(bev))) return;
    if (rq->last) { /* let the client read the answer before the connection is reset */
        move_to(rq, LINGER);
        shutdown(bufferevent_getfd(bev), SHUT_WR);
        set_timer(rq, LINGER_MS);
    } else {
        move_to(rq, IDLE);
        set_timer(rq, rq->t->http->o.idle_ms);
    }
    bufferevent_enable(bev, EV_READ);
    conn_step(rq);
}

static void on_event(struct bufferevent *bev, short what, void *arg) {
    tp_request *rq = arg;
    (void)bev, (void)what;
    if (rq->state != BUSY) conn_free(rq); /* BUSY: the answer will find the connection closed */
}

static void on_timer(evutil_socket_t fd, short what, void *arg) {
    tp_request *rq = arg;
    (void)fd, (void)what;
    if (rq->state == HEAD || rq->state == BODY)
        refuse(rq, 408);
    else if (rq->state != BUSY)
        conn_free(rq);
}

/* ---- threads ---- */

static bool make_room(thread *t) {
    if (t->count < t->http->o.connections / t->http->o.threads) return true;
    tp_request *oldest = TAILQ_FIRST(&t->waiting);
    if (!oldest) return false;
    conn_free(oldest);
    return true;
}

static void on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *from, int len,
                      void *arg) {
    thread *t = arg;
    (void)l, (void)len;
    tp_request *rq = make_room(t) ? calloc(1, sizeof *rq) : NULL;
    if (!rq) {
        close(fd);
        return;
    }
    rq->t = t;
    address_of_socket(rq->peer, from);
    rq->bev = bufferevent_socket_new(t->base, fd, BEV_OPT_CLOSE_ON_FREE);
    rq->timer = event_new(t->base, -1, 0, on_timer, rq);
    if (!rq->bev || !rq->timer) abort();
    TAILQ_INSERT_TAIL(&t->waiting, rq, link);
    t->count++;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    bufferevent_setcb(rq->bev, on_read, on_written, on_event, rq);
    bufferevent_setwatermark(rq->bev, EV_READ, 0, TP_HEAD_MAX);
    set_timer(rq, t->http->o.head_ms);
    bufferevent_enable(rq->bev, EV_READ | EV_WRITE);
}

/* Out of descriptors: the connections there are must end first. */
static void on_accept_error(struct evconnlistener *l, void *arg) {
    thread *t = arg;
    (void)l;
    tp_log("accept-failed", "errno", "%d", EVUTIL_SOCKET_ERROR());
    tp_request *oldest = TAILQ_FIRST(&t->waiting);
    if (oldest) conn_free(oldest);
}

static void begin_stop(thread *t) {
    unsigned ms = t->http->stop_ms;
    struct timeval tv = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};
    if (t->listener) evconnlistener_free(t->listener);
    t->listener = NULL;
    t->stop = true;
    for (tp_request *rq; (rq = TAILQ_FIRST(&t->waiting));)
        conn_free(rq);
    for (tp_request *rq = TAILQ_FIRST(&t->working); rq; rq = TAILQ_NEXT(rq, link))
        rq->last = true;
    event_base_loopexit(t->base, &tv);
    if (!t->count) event_base_loopbreak(t->base);
}

static void on_wake(evutil_socket_t fd, short what, void *arg) {
    thread *t = arg;
    uint64_t n;
    (void)what;
    if (read(fd, &n, sizeof n) < 0 && errno != EAGAIN) abort();
    pthread_mutex_lock(&t->lock);
    tp_request *list = t->answers;
    t->answers = NULL;
    pthread_mutex_unlock(&t->lock);
    bool stop = t->http->stop_ms != 0;
    while (list) {
        tp_request *rq = list;
        list = rq->next_answer;
        deliver(rq, rq->answer);
    }
    if (stop && !t->stop) begin_stop(t);
}

static void *run_thread(void *arg) {
    thread *t = arg;
    t->id = pthread_self();
    event_base_dispatch(t->base);
    return NULL;
}

static tp_err start_thread(tp_http *http, unsigned number) {
    thread *t = &http->threads[number];
    t->http = http;
    t->number = number;
    TAILQ_INIT(&t->waiting);
    TAILQ_INIT(&t->working);
    pthread_mutex_init(&t->lock, NULL);
    t->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    t->base = event_base_new();
    if (t->wake_fd < 0 || !t->base) return TP_SYSTEM;
    t->wake = event_new(t->base, t->wake_fd, EV_READ | EV_PERSIST, on_wake, t);
    t->listener = evconnlistener_new(t->base, on_accept, t, LEV_OPT_CLOSE_ON_EXEC, 1024, http->fd);
    if (!t->wake || !t->listener) return TP_SYSTEM;
    evconnlistener_set_error_cb(t->listener, on_accept_error);
    event_add(t->wake, NULL);
    if (pthread_create(&t->handle, NULL, run_thread, t)) return TP_SYSTEM;
    http->started++;
    return TP_OK;
}

/* "127.0.0.1:8080", "[::1]:8080"; any port from 0. */
static bool parse_address(struct sockaddr_storage *at, socklen_t *len, const char *text) {
    char host[64];
    const char *colon = strrchr(text, ':');
    size_t host_len = colon ? (size_t)(colon - text) : 0;
    if (!host_len || host_len >= sizeof host) return false;
    char *end;
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (*end || end == colon + 1 || port > 65535) return false;
    memset(at, 0, sizeof *at);
    struct sockaddr_in *four = (struct sockaddr_in *)at;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)at;
    snprintf(host, sizeof host, "%.*s", (int)host_len, text);
    if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)port);
        *len = sizeof *four;
        return true;
    }
    if (host[0] != '[' || host[host_len - 1] != ']') return false;
    host[host_len - 1] = 0;
    six->sin6_family = AF_INET6;
    six->sin6_port = htons((uint16_t)port);
    *len = sizeof *six;
    return inet_pton(AF_INET6, host + 1, &six->sin6_addr) == 1;
}

static tp_err bind_socket(tp_http *http) {
    struct sockaddr_storage at;
    socklen_t len;
    if (!parse_address(&at, &len, http->o.listen)) return TP_REFUSED;
    http->fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (http->fd < 0) return TP_SYSTEM;
    setsockopt(http->fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(http->fd, (struct sockaddr *)&at, len)) return TP_REFUSED;
    if (listen(http->fd, 1024)) return TP_REFUSED;
    socklen_t got = sizeof at;
    if (getsockname(http->fd, (struct sockaddr *)&at, &got)) return TP_SYSTEM;
    http->port = ntohs(at.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&at)->sin6_port
                                                : ((struct sockaddr_in *)&at)->sin_port);
    return TP_OK;
}

tp_err tp_http_start(tp_http **out, const tp_http_options *o) {
    *out = NULL;
    tp_http *http = calloc(1, sizeof *http);
    if (!http) return TP_SYSTEM;
    http->o = *o;
    http->fd = -1;
    http->threads = calloc(o->threads, sizeof *http->threads);
    tp_err err = http->threads ? bind_socket(http) : TP_SYSTEM;
    if (!err && o->proxy && !address_of_text(http->proxy, o->proxy)) err = TP_REFUSED;
    for (unsigned i = 0; !err && i < o->threads; i++)
        err = start_thread(http, i);
    if (err) {
        tp_http_stop(http, 1);
        tp_http_free(http);
        return err;
    }
    *out = http;
    return TP_OK;
}

unsigned tp_http_port(const tp_http *http) {
    return http->port;
}

void tp_http_stop(tp_http *http, unsigned limit_ms) {
    uint64_t one = 1;
    http->stop_ms = limit_ms ? limit_ms : 1;
    for (unsigned i = 0; i < http->started; i++)
        if (write(http->threads[i].wake_fd, &one, sizeof one) != sizeof one) abort();
    for (unsigned i = 0; i < http->started; i++)
        pthread_join(http->threads[i].handle, NULL);
    http->started = 0;
}

static void free_thread(thread *t) {
    for (tp_request *rq; t->base && (rq = TAILQ_FIRST(&t->waiting));)
        conn_free(rq);
    for (tp_request *rq = t->answers; rq; rq = rq->next_answer)
        evbuffer_free(rq->answer);
    for (tp_request *rq; t->base && (rq = TAILQ_FIRST(&t->working));)
        conn_free(rq);
    if (t->listener) evconnlistener_free(t->listener);
    if (t->wake) event_free(t->wake);
    if (t->base) event_base_free(t->base);
    if (t->http && t->wake_fd >= 0) close(t->wake_fd);
}

void tp_http_free(tp_http *http) {
    if (!http) return;
    for (unsigned i = 0; http->threads && i < http->o.threads; i++)
        free_thread(&http->threads[i]);
    if (http->fd >= 0) close(http->fd);
    free(http->threads);
    free(http);
}
