/* `tapat serve`: the daemon. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "server/server.h"

static void ready(void *ctx, unsigned port) {
    (void)ctx;
    printf("serving at http://127.0.0.1:%u\n", port);
    fflush(stdout);
}

static int print_log_key(const char *data) {
    uint8_t key[32];
    char hex[65];
    if (tp_log_key(data, key) != TP_OK)
        return tp_say(TP_EXIT_SYSTEM, "cannot make or read a log key in %s", data);
    tp_hex(hex, key, 32);
    return puts(hex) < 0 ? TP_EXIT_SYSTEM : TP_EXIT_OK;
}

int tp_cmd_serve(int argc, char **argv) {
    tp_serve_options o = {.ready = ready};
    uint64_t port = 8025, threads = 0;
    const char *host = "127.0.0.1", *secret = NULL;
    bool log_key = false;
    tp_arg_list witnesses = {0};
    const tp_arg table[] = {
        {"--data", "DIR", TP_ARG_TEXT, &o.data, "the data folder; made if it is missing"},
        {"--manifest", "FILE", TP_ARG_TEXT, &o.manifest, "the manifest, at the first start"},
        {"--config", "FILE", TP_ARG_TEXT, &o.config, "settings: mail, SMS, messages"},
        {"--witness", "URL", TP_ARG_LIST, &witnesses, "a witness that cosigns the board"},
        {"--host", "ADDRESS", TP_ARG_TEXT, &host, "where to listen (127.0.0.1)"},
        {"--port", "P", TP_ARG_NUMBER, &port, "and at which port (8025)"},
        {"--proxy", "ADDRESS", TP_ARG_TEXT, &o.proxy,
         "of the proxy that voters come through, if not on this machine"},
        {"--address", "URL", TP_ARG_TEXT, &o.address,
         "under which voters reach these pages, as https://vote.example"},
        {"--oidc-secret", "FILE", TP_ARG_TEXT, &secret, "shared with the identity provider"},
        {"--threads", "N", TP_ARG_NUMBER, &threads, "that check ballots (one a processor)"},
        {"--web", "DIR", TP_ARG_TEXT, &o.web, "pages from this folder (for their development)"},
        {"--log-key", NULL, TP_ARG_FLAG, &log_key, "print the log's public key, for the manifest"},
        TP_ARG_END};
    tp_args(
        argc, argv, "serve --data DIR [options]",
        "Serves the voters' pages and the public record, and takes enrolments and ballots, until\n"
        "it is told to end (SIGTERM). Every answer to a ballot is durable before it is given.",
        table, NULL, 0);
    if (!o.data) tp_usage("--data is missing");
    if (log_key) return print_log_key(o.data);
    if (port > 65535 || threads > 256) tp_usage("--port is at most 65535, --threads at most 256");
    char listen[128];
    snprintf(listen, sizeof listen, "%s:%u", host, (unsigned)port);
    o.listen = listen;
    o.witnesses = witnesses.items;
    o.witness_count = witnesses.count;
    o.check_threads = (unsigned)threads;
    if (!secret) return tp_serve(&o);
    size_t len;
    char *text = (char *)tp_load_file(secret, &len, 1024);
    if (!text) return TP_EXIT_SYSTEM;
    text[strcspn(text, "\n")] = 0;
    o.oidc_secret = text;
    int code = tp_serve(&o);
    tp_wipe(text, len);
    free(text);
    return code;
}
