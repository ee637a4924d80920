/* POST /api/message/report: what became of a message after it was handed over, as the gateway or
 * the operator's mailbox tells it. Who reports knows the secret of the settings; the message is
 * named by the reference that its copy bore. spec: Q-8
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/answer.h"
#include "server/daemon.h"
#include "server/message.h"
#include "server/sender.h"

typedef struct {
    tp_task task; /* first */
    tp_request *rq;
    int64_t id;
    tp_message_state state;
    char detail[200];
    bool found;
} report;

/* Only what was handed over can be reported, and a delivery stands. */
static void work(tp_recorder *r, tp_task *task) {
    report *p = (report *)task;
    tp_store *store = tp_recorder_store(r);
    tp_message m;
    tp_err err = tp_store_message_find(store, p->id, &m, &p->found);
    if (!err && p->found && (m.state == TP_MESSAGE_SENT || m.state == TP_MESSAGE_SENDING)) {
        m.state = p->state;
        m.updated = tp_server_now();
        snprintf(m.error, sizeof m.error, "%s", p->detail);
        tp_message_hide(m.error, &m, NULL);
        err = tp_store_message_put(store, &m);
    }
    tp_recorder_fail(r, err);
}

static void done(tp_server *s, tp_task *task, bool durable) {
    report *p = (report *)task;
    (void)s;
    if (!durable)
        tp_answer_storage(p->rq);
    else if (!p->found)
        tp_answer_problem(p->rq, 404, "report.message", "message", "No such message.");
    else
        tp_answer_json(p->rq, 200, json_object());
    free(p);
}

/* Compared by hashes, so that the time says nothing of the secret. */
static bool knows_secret(const tp_server *s, const char *secret) {
    uint8_t given[32], right[32];
    crypto_hash_sha256(given, (const uint8_t *)secret, strlen(secret));
    crypto_hash_sha256(right, (const uint8_t *)s->config.reports, strlen(s->config.reports));
    return *s->config.reports && sodium_memcmp(given, right, 32) == 0;
}

static void take(tp_server *s, tp_request *rq, const char *secret, const char *message,
                 const char *state, const char *detail) {
    int64_t id;
    bool delivered = !strcmp(state, "delivered");
    if (!knows_secret(s, secret)) {
        tp_answer_problem(rq, 403, "report.secret", "secret", "Not the secret of the settings.");
        return;
    }
    if (!delivered && strcmp(state, "failed") != 0) {
        tp_answer_problem(rq, 400, "request.value", "state", "delivered or failed.");
        return;
    }
    if (!tp_message_referred(&id, s, message)) {
        tp_answer_problem(rq, 404, "report.message", "message", "No such message.");
        return;
    }
    report *p = calloc(1, sizeof *p);
    if (!p) abort();
    p->task = (tp_task){.work = work, .done = done};
    p->rq = rq;
    p->id = id;
    p->state = delivered ? TP_MESSAGE_DELIVERED : TP_MESSAGE_FAILED;
    snprintf(p->detail, sizeof p->detail, "%s", detail);
    for (char *c = p->detail; *c; c++)
        if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e) *c = '?';
    tp_recorder_submit(s, &p->task);
}

void tp_post_report(tp_request *rq, void *server) {
    const char *secret, *message, *state, *detail;
    json_error_t error;
    json_t *body = tp_body_json(rq);
    if (!body) return;
    if (json_unpack_ex(body, &error, JSON_STRICT, "{s:s, s:s, s:s, s:s}", "secret", &secret,
                       "message", &message, "state", &state, "detail", &detail))
        tp_answer_members(rq, &error);
    else
        take(server, rq, secret, message, state, detail);
    json_decref(body);
}
