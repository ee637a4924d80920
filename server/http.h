/* HTTP over libevent: connections, limits, deadlines, and answers from any thread.
 *
 *  1. A head is at most TP_HEAD_MAX bytes and is read by head.c; a route says how long a body may
 *     be and how long it may take; both are checked before a byte of the body is read.
 *  2. Deadlines are total, not idle: a client that sends one byte a second is cut off.
 *  3. At the connection cap, the quietest connection that waits for its client makes room.
 *  4. A request is answered exactly once; its connection outlives it.
 *  5. Every answer carries the security headers.
 */
#ifndef TAPAT_SERVER_HTTP_H
#define TAPAT_SERVER_HTTP_H

#include "server/head.h"

typedef struct tp_http tp_http;
typedef struct tp_request tp_request;

typedef struct {
    tp_http_method method; /* TP_GET answers HEAD too */
    const char *path;      /* ends with '*': all paths that begin so */
    size_t body_max;
    void (*handle)(tp_request *rq, void *ctx); /* answers now, or later from any thread */
} tp_route;

typedef struct {
    const char *listen; /* "127.0.0.1:8080", "[::1]:8080"; port 0: any */
    unsigned threads;
    unsigned connections;      /* cap over all threads */
    unsigned head_ms, idle_ms; /* deadlines: a head from its first byte; a silent connection */
    unsigned body_ms;          /* a body, plus 1 ms for each 16 bytes */
    const char *proxy;         /* a proxy's address besides the loopback's; NULL: none */
    const tp_route *routes;    /* first match; ended by path NULL */
    void *ctx;
} tp_http_options;

/* TP_REFUSED: the address is taken or no address. */
TP_MUST_USE tp_err tp_http_start(tp_http **http, const tp_http_options *o);
unsigned tp_http_port(const tp_http *http);
/* No new connection or request from now on; returns when all open answers are out, or after
 * limit_ms. */
void tp_http_stop(tp_http *http, unsigned limit_ms);
void tp_http_free(tp_http *http);

const char *tp_request_path(const tp_request *rq);
const uint8_t *tp_request_body(const tp_request *rq, size_t *len);
/* The body as the caller's own, to be freed. */
uint8_t *tp_request_take_body(tp_request *rq, size_t *len);
bool tp_request_gzip(const tp_request *rq);
/* Who asks, an IPv4 address mapped into IPv6: the peer, or whom a proxy names in X-Forwarded-For.
 * False: a program of this machine. spec: J-13 */
bool tp_request_address(const tp_request *rq, uint8_t address[static 16]);
unsigned tp_request_thread(const tp_request *rq); /* 0 .. threads - 1 */

/* How long others may keep an answer: not at all, a second, for ever. spec: H-2 */
typedef enum { TP_KEEP_NOT, TP_KEEP_BRIEFLY, TP_KEEP } tp_keep;

typedef struct {
    int status;
    const char *type;    /* content type; NULL: octets */
    const char *headers; /* further lines, each with CRLF; NULL: none */
    tp_keep keep;
    bool gzip; /* the body is compressed */
} tp_answer;

void tp_request_answer(tp_request *rq, const tp_answer *a, const void *body, size_t len);
/* The same; the body is static. */
void tp_request_answer_static(tp_request *rq, const tp_answer *a, const void *body, size_t len);
/* Sends the file and closes fd. */
void tp_request_answer_file(tp_request *rq, const tp_answer *a, int fd, size_t len);
const char *tp_status_phrase(int status);

#endif
