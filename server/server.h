/* The daemon: serves the pages and the record, takes entries, enrolments and ballots.
 * spec: chapter 10.
 *
 * Its data folder:  tapat.db  the store; the truth
 *                   log.key   Ed25519 secret key of log and promises, mode 0600
 *                   session.key  what seals tokens and makes one-time codes, mode 0600
 *                   asked     the registrars' requests that were used (once.h)
 *                   lock      held while the daemon runs
 *                   public/   the record, written from the store
 */
#ifndef TAPAT_SERVER_SERVER_H
#define TAPAT_SERVER_SERVER_H

#include "core/base/base.h"

typedef struct {
    const char *data;     /* the data folder; created if missing */
    const char *listen;   /* NULL: 127.0.0.1:8080; port 0: any free one */
    const char *manifest; /* the manifest's file: needed at first start, later must be the same */
    const char *proxy;  /* a proxy that names voters' addresses; NULL: only those on the loopback */
    const char *config; /* settings of messages (config.h); NULL: nothing can be sent */
    const char *web;    /* serve pages from this folder, not from the program; NULL in service */
    const char *const *witnesses; /* URLs under which witnesses take checkpoints */
    size_t witness_count;         /* at least the manifest's quorum */
    const char *oidc_secret;      /* with the identity provider; NULL: a public client */
    const char *address; /* where voters find these pages: https://vote.example; NULL: no passkeys
                            and no identity provider */
    unsigned check_threads, http_threads;    /* 0: as the machine has processors; 1 or 2 */
    unsigned connections;                    /* 0: 8000, or fewer if descriptors are short */
    unsigned head_ms, body_ms, idle_ms;      /* 0: 10 s, 20 s, 30 s */
    void (*ready)(void *ctx, unsigned port); /* called once when it serves; may be NULL */
    void *ctx;
} tp_serve_options;

/* Serves until SIGTERM or SIGINT, then ends cleanly within seconds. Returns the exit status. The
 * caller has chosen the group's backend (tp_group_select). */
int tp_serve(const tp_serve_options *o);

/* The log's public key, which the manifest must name; makes the data folder and the key if there is
 * none. */
TP_MUST_USE tp_err tp_log_key(const char *data, uint8_t public_key[static 32]);

#endif
