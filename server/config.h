/* The operator's settings: `tapat serve --config FILE`. Sections and keys: docs/handbook.md. A key
 * that is not known, or given twice, is refused by its line.
 */
#ifndef TAPAT_SERVER_CONFIG_H
#define TAPAT_SERVER_CONFIG_H

#include "election/election.h"

typedef struct {
    /* [mail]: server "" if messages cannot go by mail */
    char mail_server[256];                   /* smtp://HOST:PORT (STARTTLS) or smtps://HOST:PORT */
    char mail_from[128];                     /* an address */
    char mail_name[128];                     /* before it; may be "" */
    char mail_user[128], mail_password[256]; /* "": no log-in */
    char mail_ca[4096];                      /* certificates to trust; "": the system's */
    unsigned mail_connections;
    /* [sms]: url "" if messages cannot go by SMS */
    char sms_url[512], sms_type[64];
    char sms_body[512];   /* with {to} {text} {id} */
    char sms_header[512]; /* a further line of the request, with its secret; "": none */
    char sms_ca[4096];
    unsigned sms_connections;
    /* [messages] */
    char templates[4096]; /* a folder; "": the program's own */
    char reports[128];    /* the secret of POST /api/message/report; "": no reports */
    unsigned retry_s;     /* wait after the first try that failed */
    /* [documents]: what they may hold, in MiB */
    unsigned documents_all, documents_post, documents_address;
    /* [funnel] */
    unsigned funnel_floor; /* of published counts; 0: they are for officers alone */
} tp_config;

/* Reads the file. path NULL: the defaults, nothing can be sent. Codes "config.file", "config.line"
 * (where: the line and what is wrong), "config.value". */
TP_MUST_USE tp_err tp_config_load(tp_config *c, const char *path, tp_fault *fault);
/* "http://127.0.0.1:9", "smtp://localhost": the host of a URL is this machine. */
bool tp_config_loopback(const char *url);

#endif
