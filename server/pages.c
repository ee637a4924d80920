/* Pages: out of the program, or for development out of a folder. "/" is index.html and "/NAME" is
 * NAME.html; other names stand for themselves. spec: chapter 10.
 */
#include "server/pages.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/answer.h"
#include "server/daemon.h"

static const char *type_of(const char *name) {
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".wasm", "application/wasm"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
        {".txt", "text/plain; charset=utf-8"},
        {".woff2", "font/woff2"},
    };
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof types[0]; i++)
        if (!strcmp(dot, types[i][0])) return types[i][1];
    return "application/octet-stream";
}

/* Letters, digits, '-', '_' and single dots within segments; no empty segment. */
static bool good_name(const char *name) {
    char before = '/';
    for (const char *c = name; *c; before = *c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                     (*c >= '0' && *c <= '9') || *c == '-' || *c == '_';
        if (!plain && *c != '.' && *c != '/') return false;
        if (!plain && (before == '/' || before == '.')) return false;
    }
    return before != '/' && before != '.';
}

static bool page_name(char *out, size_t cap, const char *path) {
    const char *name = *++path ? path : "index";
    const char *last = strrchr(name, '/');
    bool has_type = strchr(last ? last : name, '.') != NULL;
    return snprintf(out, cap, "%s%s", name, has_type ? "" : ".html") < (int)cap && good_name(out);
}

static void not_found(tp_request *rq) {
    tp_answer_problem(rq, 404, "request.path", NULL, "There is nothing here.");
}

static void serve_file(const char *folder, tp_request *rq, const char *name) {
    char path[4096];
    struct stat st;
    tp_answer a = {.status = 200, .type = type_of(name)};
    int fd = snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path
                 ? open(path, O_RDONLY | O_CLOEXEC)
                 : -1;
    if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode)) {
        tp_request_answer_file(rq, &a, fd, (size_t)st.st_size);
        return;
    }
    if (fd >= 0) close(fd);
    not_found(rq);
}

void tp_pages_serve(tp_request *rq, void *server) {
    tp_server *s = server;
    char name[TP_PATH_MAX + 8];
    if (!page_name(name, sizeof name, tp_request_path(rq))) {
        not_found(rq);
        return;
    }
    if (s->o.web) {
        serve_file(s->o.web, rq, name);
        return;
    }
    for (const tp_page *p = tp_page_list; p->name; p++) {
        if (strcmp(p->name, name) != 0) continue;
        bool packed = p->packed_len && tp_request_gzip(rq);
        tp_answer a = {.status = 200,
                       .type = type_of(name),
                       .headers = p->packed_len ? "Vary: Accept-Encoding\r\n" : NULL,
                       .gzip = packed};
        tp_request_answer_static(rq, &a, packed ? p->packed : p->plain,
                                 packed ? p->packed_len : p->plain_len);
        return;
    }
    not_found(rq);
}
