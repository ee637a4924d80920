/* The operator's settings: config.h. Secrets stand in files of their own, readable by their owner
 * alone; a path that is not absolute is taken from the folder of the settings.
 */
#include "server/config.h"

#include <errno.h>
#include <ini.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LINE_MAX_LEN = 198 }; /* what the reader of the format takes whole */
enum { SIZE_MAX_MIB = 1 << 20 };
enum { FLOOR_MIN = 5 }; /* fewer voters than these are persons, not numbers */

typedef enum { TEXT, NUMBER, SIZE, PATH, SECRET } kind;
static const struct {
    const char *section, *name;
    kind kind;
    size_t at, cap;
} keys[] = {
#define KEY(section, name, kind, member)                                                           \
    {section, name, kind, offsetof(tp_config, member), sizeof((tp_config *)0)->member}
    KEY("mail", "server", TEXT, mail_server),
    KEY("mail", "from", TEXT, mail_from),
    KEY("mail", "name", TEXT, mail_name),
    KEY("mail", "user", TEXT, mail_user),
    KEY("mail", "password-file", SECRET, mail_password),
    KEY("mail", "ca-file", PATH, mail_ca),
    KEY("mail", "connections", NUMBER, mail_connections),
    KEY("sms", "url", TEXT, sms_url),
    KEY("sms", "type", TEXT, sms_type),
    KEY("sms", "body", TEXT, sms_body),
    KEY("sms", "header-file", SECRET, sms_header),
    KEY("sms", "ca-file", PATH, sms_ca),
    KEY("sms", "connections", NUMBER, sms_connections),
    KEY("messages", "templates", PATH, templates),
    KEY("messages", "report-secret-file", SECRET, reports),
    KEY("messages", "retry", NUMBER, retry_s),
    KEY("documents", "all", SIZE, documents_all),
    KEY("documents", "post", SIZE, documents_post),
    KEY("documents", "address", SIZE, documents_address),
    KEY("funnel", "public", NUMBER, funnel_floor),
#undef KEY
};
enum { KEYS = sizeof keys / sizeof keys[0] };

typedef struct {
    tp_config *c;
    FILE *f;
    const char *folder; /* with its '/', or "" */
    unsigned line, wrong_line;
    const char *wrong;
    bool seen[KEYS];
} parsing;

static int refuse(parsing *p, const char *wrong) {
    if (!p->wrong) {
        p->wrong = wrong;
        p->wrong_line = p->line;
    }
    return 0;
}

/* The first line of a file that nobody else may read. */
static const char *read_secret(char *out, size_t cap, const char *path) {
    struct stat st;
    FILE *f = fopen(path, "r");
    if (!f) return "the secret's file cannot be read";
    bool open = fstat(fileno(f), &st) || (st.st_mode & 077), got = fgets(out, (int)cap, f);
    fclose(f);
    out[got ? strcspn(out, "\r\n") : 0] = 0;
    if (open) return "the secret's file can be read by others: chmod 600";
    return *out ? NULL : "the secret's file is empty";
}

static int take(parsing *p, size_t k, const char *value) {
    char path[4096], *end, *out = (char *)p->c + keys[k].at;
    bool own = *value == '/';
    if (p->seen[k]) return refuse(p, "given twice");
    p->seen[k] = true;
    if (!*value) return refuse(p, "no value");
    if (keys[k].kind == NUMBER || keys[k].kind == SIZE) {
        unsigned long n = strtoul(value, &end, 10),
                      max = keys[k].kind == SIZE ? SIZE_MAX_MIB : 3600;
        if (*end || *value < '0' || *value > '9' || n < 1 || n > max)
            return refuse(p, max == 3600 ? "not a number from 1 to 3600"
                                         : "not a number of MiB from 1 to 1048576");
        memcpy(out, &(unsigned){(unsigned)n}, sizeof(unsigned));
        return 1;
    }
    int len =
        snprintf(path, sizeof path, "%s%s", own || keys[k].kind == TEXT ? "" : p->folder, value);
    if (len >= (int)sizeof path) return refuse(p, "too long");
    if (keys[k].kind == SECRET) {
        const char *wrong = read_secret(out, keys[k].cap, path);
        return wrong ? refuse(p, wrong) : 1;
    }
    if ((size_t)len >= keys[k].cap) return refuse(p, "too long");
    memcpy(out, path, (size_t)len + 1);
    return 1;
}

static int on_value(void *ctx, const char *section, const char *name, const char *value) {
    parsing *p = ctx;
    for (size_t k = 0; k < KEYS; k++)
        if (!strcmp(section, keys[k].section) && !strcmp(name, keys[k].name))
            return take(p, k, value);
    return refuse(p, "no such key in this section");
}

static char *next_line(char *out, int cap, void *ctx) {
    parsing *p = ctx;
    if (!fgets(out, cap, p->f)) return NULL;
    p->line++;
    size_t len = strlen(out);
    if (len > LINE_MAX_LEN || (len && out[len - 1] != '\n' && !feof(p->f)))
        refuse(p, "longer than 197 characters");
    if (*out == ' ' || *out == '\t') refuse(p, "begins with a space");
    return out;
}

/* ---- what values must be ---- */

bool tp_config_loopback(const char *url) {
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
    const char *host = strstr(url, "://");
    if (!host) return false;
    host += 3;
    size_t len = strcspn(host, "/?#");
    if (memchr(host, '@', len)) return false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t n = strlen(names[i]);
        if (!strncmp(host, names[i], n) && (n == len || host[n] == ':')) return true;
    }
    return false;
}

static bool begins(const char *text, const char *with) {
    return !strncmp(text, with, strlen(with));
}

static const char *check_mail(const tp_config *c) {
    const char *at = strchr(c->mail_from, '@');
    if (!*c->mail_server) return *c->mail_from || *c->mail_user ? "[mail] has no server" : NULL;
    if (!begins(c->mail_server, "smtp://") && !begins(c->mail_server, "smtps://"))
        return "[mail] server is not smtp:// or smtps://";
    if (!at || at == c->mail_from || !at[1] || strpbrk(c->mail_from, " <>\",;"))
        return "[mail] from is not an address";
    if (strpbrk(c->mail_name, "\"\\\r\n")) return "[mail] name has a quote";
    if (!*c->mail_user != !*c->mail_password) return "[mail] needs both user and password-file";
    return NULL;
}

static const char *check_sms(const tp_config *c) {
    if (!*c->sms_url) return *c->sms_body ? "[sms] has no url" : NULL;
    if (!begins(c->sms_url, "https://") &&
        !(begins(c->sms_url, "http://") && tp_config_loopback(c->sms_url)))
        return "[sms] url is not https://";
    if (!strstr(c->sms_body, "{to}") || !strstr(c->sms_body, "{text}"))
        return "[sms] body lacks {to} or {text}";
    if (strcmp(c->sms_type, "application/json") != 0 &&
        strcmp(c->sms_type, "application/x-www-form-urlencoded") != 0)
        return "[sms] type is not application/json or application/x-www-form-urlencoded";
    return *c->sms_header && !strstr(c->sms_header, ": ") ? "[sms] header-file holds no header"
                                                          : NULL;
}

static tp_err parse(parsing *p, const char *path, tp_fault *fault) {
    p->f = fopen(path, "r");
    if (!p->f) return tp_fail(fault, TP_SYSTEM, "config.file", "%s: %s", path, strerror(errno));
    int line = ini_parse_stream(next_line, p, on_value, p);
    fclose(p->f);
    if (p->wrong)
        return tp_fail(fault, TP_REFUSED, "config.line", "line %u: %s", p->wrong_line, p->wrong);
    if (line) return tp_fail(fault, TP_MALFORMED, "config.line", "line %d: not KEY = VALUE", line);
    return TP_OK;
}

tp_err tp_config_load(tp_config *c, const char *path, tp_fault *fault) {
    char folder[4096] = "";
    *c = (tp_config){.mail_connections = 2,
                     .sms_connections = 2,
                     .retry_s = 10,
                     .sms_type = "application/json",
                     .documents_all = 8192,
                     .documents_post = 1024,
                     .documents_address = 128};
    if (!path) return TP_OK;
    const char *slash = strrchr(path, '/');
    if (slash) snprintf(folder, sizeof folder, "%.*s", (int)(slash + 1 - path), path);
    parsing p = {.c = c, .folder = folder};
    tp_err err = parse(&p, path, fault);
    if (err) return err;
    const char *wrong = check_mail(c);
    if (!wrong) wrong = check_sms(c);
    if (!wrong && (c->mail_connections > 16 || c->sms_connections > 16))
        wrong = "connections are at most 16";
    if (!wrong &&
        (c->documents_address > c->documents_post || c->documents_post > c->documents_all))
        wrong = "[documents] address is at most post, and post at most all";
    if (!wrong && *c->reports && strlen(c->reports) < 16)
        wrong = "[messages] report-secret-file holds fewer than 16 characters";
    if (!wrong && c->funnel_floor && c->funnel_floor < FLOOR_MIN)
        wrong = "[funnel] public is a floor of 5 or more";
    return wrong ? tp_fail(fault, TP_REFUSED, "config.value", "%s", wrong) : TP_OK;
}
