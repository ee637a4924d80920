/* The head of an HTTP/1.1 request, read strictly: one grammar, and whatever two readers could
 * understand in two ways is refused. A pure function of bytes. RFC 9112. spec: H-2
 *
 *  1. One space between the parts of the request line; no space before a colon; no folded lines.
 *  2. At most one Content-Length, digits only; no Transfer-Encoding.
 *  3. Exactly one Host in HTTP/1.1.
 */
#ifndef TAPAT_SERVER_HEAD_H
#define TAPAT_SERVER_HEAD_H

#include "core/base/base.h"

enum { TP_HEAD_MAX = 8192, TP_HEAD_FIELDS = 64, TP_PATH_MAX = 256 };

typedef enum { TP_GET, TP_HEAD, TP_POST } tp_http_method;

typedef struct {
    tp_http_method method;
    char path[TP_PATH_MAX]; /* begins with '/', without query; visible ASCII, no '%' */
    bool old;               /* HTTP/1.0 */
    bool close, gzip, expect_continue;
    bool has_length;
    uint64_t length;
    bool is_forwarded;
    char forwarded[48]; /* the last address of X-Forwarded-For; "" if too long */
} tp_request_head;

/* bytes: the head with its empty line. 0, or the HTTP status that refuses it. */
int tp_request_head_read(tp_request_head *h, const char *bytes, size_t len);

#endif
