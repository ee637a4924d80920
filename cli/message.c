/* `tapat message`: the queue of messages, their templates, and mails that came back. Reads the
 * store beside a running server. No code is shown: the store has none. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "server/texts.h"
#include "store/store.h"

enum { PAGE = 200, MAIL_FILE_MAX = 4 << 20 };

static const char *channel_name(unsigned channel) {
    return channel == TP_BY_MAIL ? "mail" : "sms";
}

static tp_store *open_store(const char *data) {
    char path[4096];
    tp_store *s = NULL;
    if (!data) tp_usage("--data is missing");
    snprintf(path, sizeof path, "%s/tapat.db", data);
    if (tp_store_open(&s, path, true) != TP_OK)
        tp_say(0, "%s holds no store of this version", data);
    return s;
}

/* ---- queue ---- */

static void print_counts(uint64_t counts[TP_MESSAGE_CHANNELS][TP_MESSAGE_STATES]) {
    printf("%-10s %12s %12s\n", "", "mail", "sms");
    for (unsigned i = 1; i < TP_MESSAGE_STATES; i++)
        printf("%-10s %12llu %12llu\n", tp_message_state_name((tp_message_state)i),
               (unsigned long long)counts[TP_BY_MAIL][i], (unsigned long long)counts[TP_BY_SMS][i]);
}

static void dump(json_t *json) {
    json_dumpf(json, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(json);
}

static int queue(int argc, char **argv) {
    const char *data = NULL;
    bool json = false;
    const tp_arg table[] = {{"--data", "DIR", TP_ARG_TEXT, &data, "the server's data folder"},
                            {"--json", NULL, TP_ARG_FLAG, &json, "for programs"},
                            TP_ARG_END};
    tp_args(argc, argv, "message queue --data DIR", "Counts messages by channel and state.", table,
            NULL, 0);
    uint64_t counts[TP_MESSAGE_CHANNELS][TP_MESSAGE_STATES];
    tp_store *s = open_store(data);
    if (!s) return TP_EXIT_SYSTEM;
    tp_err err = tp_store_message_counts(s, counts);
    tp_store_close(s);
    if (err) return tp_say(TP_EXIT_SYSTEM, "the store cannot be read");
    if (!json) {
        print_counts(counts);
        return TP_EXIT_OK;
    }
    json_t *all = json_object();
    for (unsigned channel = TP_BY_MAIL; channel < TP_MESSAGE_CHANNELS; channel++) {
        json_t *one = json_object();
        for (unsigned i = 1; i < TP_MESSAGE_STATES; i++)
            json_object_set_new(one, tp_message_state_name((tp_message_state)i),
                                json_integer((json_int_t)counts[channel][i]));
        json_object_set_new(all, channel_name(channel), one);
    }
    dump(all);
    return TP_EXIT_OK;
}

/* ---- list ---- */

static json_t *describe(tp_store *s, const tp_message *m) {
    tp_voter v;
    bool found;
    if (tp_store_voter_get(s, m->voter, &v, &found) != TP_OK || !found) v.number[0] = 0;
    return json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:s}", "id",
                     (json_int_t)m->id, "number", v.number, "kind", m->kind, "channel",
                     channel_name(m->channel), "to", m->to, "state",
                     tp_message_state_name(m->state), "queued", (json_int_t)m->time, "updated",
                     (json_int_t)m->updated, "next", (json_int_t)m->next, "attempts",
                     (json_int_t)m->attempts, "said", m->error);
}

static void print_list(const json_t *list) {
    size_t i;
    json_t *m;
    json_array_foreach(list, i, m) {
        const char *to = json_string_value(json_object_get(m, "to"));
        printf("%lld  %s  %s  %s  %s  %lld tries  %s\n",
               (long long)json_integer_value(json_object_get(m, "id")),
               json_string_value(json_object_get(m, "number")),
               json_string_value(json_object_get(m, "kind")), to,
               json_string_value(json_object_get(m, "state")),
               (long long)json_integer_value(json_object_get(m, "attempts")),
               json_string_value(json_object_get(m, "said")));
    }
}

static tp_message_state state_of(const char *name) {
    unsigned i = 1;
    if (!name) return 0;
    while (i < TP_MESSAGE_STATES && strcmp(name, tp_message_state_name((tp_message_state)i)) != 0)
        i++;
    if (i == TP_MESSAGE_STATES) tp_usage("no state %s", name);
    return (tp_message_state)i;
}

static int list(int argc, char **argv) {
    const char *data = NULL, *state = NULL, *to = NULL;
    bool json = false;
    uint64_t limit = 100;
    const tp_arg table[] = {{"--data", "DIR", TP_ARG_TEXT, &data, "the server's data folder"},
                            {"--state", "STATE", TP_ARG_TEXT, &state,
                             "queued, sending, sent, delivered, failed, given-up or void"},
                            {"--to", "ADDRESS", TP_ARG_TEXT, &to, "to this address"},
                            {"--limit", "N", TP_ARG_NUMBER, &limit, "at most (100)"},
                            {"--json", NULL, TP_ARG_FLAG, &json, "for programs"},
                            TP_ARG_END};
    tp_args(argc, argv, "message list --data DIR [options]", "Lists messages, the newest first.",
            table, NULL, 0);
    tp_message_state wanted = state_of(state);
    tp_store *s = open_store(data);
    tp_message *m = malloc(PAGE * sizeof *m);
    json_t *all = json_array();
    tp_err err = s && m ? TP_OK : TP_SYSTEM;
    int64_t before = 0;
    for (size_t count = 1; !err && count && json_array_size(all) < limit;) {
        size_t room = (size_t)limit - json_array_size(all);
        err = tp_store_messages(s, to, wanted, before, m, room < PAGE ? room : PAGE, &count);
        for (size_t i = 0; !err && i < count; i++)
            json_array_append_new(all, describe(s, &m[i]));
        if (count) before = m[count - 1].id;
    }
    free(m);
    tp_store_close(s);
    if (err) {
        json_decref(all);
        return tp_say(TP_EXIT_SYSTEM, "the store cannot be read");
    }
    if (json) {
        dump(all);
    } else {
        print_list(all);
        json_decref(all);
    }
    return TP_EXIT_OK;
}

/* ---- preview ---- */

static int preview(int argc, char **argv) {
    const char *kind = NULL, *lang = "en", *folder = NULL;
    const tp_arg table[] = {
        {"--lang", "CODE", TP_ARG_TEXT, &lang, "the language (en)"},
        {"--templates", "DIR", TP_ARG_TEXT, &folder, "with the templates of this folder"},
        TP_ARG_END};
    tp_texts *texts;
    tp_text text;
    tp_fault fault = {.code = "", .where = ""};
    size_t words = tp_args(argc, argv, "message preview KIND [options]",
                           "Shows a message with example values.", table, &kind, 1);
    if (!words) tp_usage("KIND is missing");
    if (tp_texts_load(&texts, folder, &fault) != TP_OK) {
        tp_texts_free(texts);
        return tp_say_fault(&fault, "templates");
    }
    json_t *values = tp_texts_example();
    tp_err err = tp_texts_fill(texts, kind, lang, values, &text);
    json_decref(values);
    tp_texts_free(texts);
    if (err) {
        fputs("kinds:", stderr);
        for (size_t i = 0; tp_texts_kind(i); i++)
            fprintf(stderr, " %s", tp_texts_kind(i));
        fputc('\n', stderr);
        return tp_say(TP_EXIT_USAGE, "no message of kind %s", kind);
    }
    printf("Subject: %s\n\n%s\n\nSMS (%zu bytes): %s\n", text.subject, text.text,
           strlen(text.brief), text.brief);
    return TP_EXIT_OK;
}

/* ---- bounce ---- */

/* What follows `name` on a line of its own, up to the line's end. */
static void header(char *out, size_t cap, const char *mail, const char *name) {
    out[0] = 0;
    for (const char *at = mail; (at = strcasestr(at, name)); at++) {
        if (at != mail && at[-1] != '\n') continue;
        at += strlen(name);
        at += strspn(at, " \t");
        snprintf(out, cap, "%.*s", (int)strcspn(at, "\r\n"), at);
        return;
    }
}

/* The reference in "<tapat.REFERENCE@domain>" of a returned header. */
static bool find_reference(char out[static 64], const char *mail) {
    const char *at = strstr(mail, "<tapat.");
    if (!at) return false;
    at += strlen("<tapat.");
    size_t len = strspn(at, "0123456789abcdef.");
    if (!len || len >= 64 || at[len] != '@') return false;
    memcpy(out, at, len);
    out[len] = 0;
    return true;
}

static int post_report(const char *server, const char *secret, const char *reference,
                       const char *state, const char *detail) {
    tp_http *h = tp_http_open(server);
    char *body = NULL;
    json_t *json = json_pack("{s:s, s:s, s:s, s:s}", "secret", secret, "message", reference,
                             "state", state, "detail", detail);
    if (json) body = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_decref(json);
    if (!body) {
        tp_http_close(h);
        return tp_say(TP_EXIT_REFUSED, "what the mail says is not UTF-8");
    }
    tp_answer a = tp_http_post(h, "/api/message/report", "application/json", body, strlen(body));
    int exit_code = a.status == 200 ? TP_EXIT_OK : tp_say_answer(&a, "the report");
    free(body);
    tp_http_close(h);
    if (!exit_code) printf("message %s: %s\n", reference, state);
    return exit_code;
}

static int bounce(int argc, char **argv) {
    const char *file = NULL, *server = NULL, *secret_file = NULL;
    const tp_arg table[] = {{"--server", "URL", TP_ARG_TEXT, &server, "the server"},
                            {"--secret-file", "FILE", TP_ARG_TEXT, &secret_file,
                             "report-secret-file of the server's settings"},
                            TP_ARG_END};
    size_t len,
        words = tp_args(argc, argv, "message bounce FILE.eml --server URL --secret-file FILE",
                        "Tells the server of a mail that came back, or of a notice of its\n"
                        "delivery (RFC 3464).",
                        table, &file, 1);
    if (!words || !server || !secret_file) tp_usage("FILE, --server and --secret-file are needed");
    char reference[64], action[64], detail[160];
    char *mail = (char *)tp_load_file(file, &len, MAIL_FILE_MAX);
    char *secret = mail ? (char *)tp_load_file(secret_file, &len, 4096) : NULL;
    int exit_code = TP_EXIT_SYSTEM;
    if (secret) {
        secret[strcspn(secret, "\r\n")] = 0;
        header(action, sizeof action, mail, "Action:");
        header(detail, sizeof detail, mail, "Diagnostic-Code:");
        bool delivered = !strcasecmp(action, "delivered");
        if (!find_reference(reference, mail) || (!delivered && strcasecmp(action, "failed") != 0))
            exit_code = tp_say(TP_EXIT_REFUSED, "%s: no report of one of our mails", file);
        else
            exit_code =
                post_report(server, secret, reference, delivered ? "delivered" : "failed", detail);
    }
    free(mail);
    free(secret);
    return exit_code;
}

int tp_cmd_message(int argc, char **argv) {
    if (argc >= 2 && !strcmp(argv[1], "queue")) return queue(argc - 1, argv + 1);
    if (argc >= 2 && !strcmp(argv[1], "list")) return list(argc - 1, argv + 1);
    if (argc >= 2 && !strcmp(argv[1], "preview")) return preview(argc - 1, argv + 1);
    if (argc >= 2 && !strcmp(argv[1], "bounce")) return bounce(argc - 1, argv + 1);
    puts("usage: tapat message queue --data DIR\n"
         "       tapat message list --data DIR [--state STATE] [--to ADDRESS]\n"
         "       tapat message preview KIND [--lang CODE] [--templates DIR]\n"
         "       tapat message bounce FILE.eml --server URL --secret-file FILE\n\n"
         "`tapat message list --help` and so on tell more.");
    return argc >= 2 && !strcmp(argv[1], "--help") ? TP_EXIT_OK : TP_EXIT_USAGE;
}
