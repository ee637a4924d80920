/* `tapat witness`: cosigns the checkpoints of logs, for whoever runs it apart from them. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "server/witness.h"

static void ready(void *ctx, unsigned port) {
    printf("%s witnesses at http://127.0.0.1:%u\n", (const char *)ctx, port);
    fflush(stdout);
}

/* "ORIGIN=KEY", the key as hex. */
static void log_of(tp_witness_log *log, char *text) {
    char *equals = strrchr(text, '=');
    if (!equals || equals == text || !tp_unhex(log->key, 32, equals + 1))
        tp_usage("--log takes ORIGIN=KEY, the key as 64 hex digits, not '%s'", text);
    *equals = 0;
    log->origin = text;
}

static int start(const tp_witness_options *o, const char *listen, bool vkey) {
    tp_witness *w;
    char text[TP_VKEY_MAX + 1];
    tp_err err = tp_witness_open(&w, o);
    if (err)
        return tp_say(err == TP_SYSTEM ? TP_EXIT_SYSTEM : TP_EXIT_REFUSED,
                      "cannot witness with the state in %s: %s", o->state, tp_err_name(err));
    tp_witness_vkey(w, text);
    int code = TP_EXIT_OK;
    if (vkey)
        puts(text);
    else
        code = tp_witness_serve(w, listen, ready, text) ? TP_EXIT_SYSTEM : TP_EXIT_OK;
    tp_witness_close(w);
    return code;
}

int tp_cmd_witness(int argc, char **argv) {
    const char *key = NULL, *state = NULL, *host = "127.0.0.1";
    tp_arg_list list = {0};
    uint64_t port = 8026;
    bool vkey = false;
    const tp_arg table[] = {
        {"--key", "FILE", TP_ARG_TEXT, &key, "made by `tapat key new FILE --role witness`"},
        {"--state", "DIR", TP_ARG_TEXT, &state, "what was cosigned; never put an old copy back"},
        {"--log", "ORIGIN=KEY", TP_ARG_LIST, &list, "a log to witness, and its public key"},
        {"--host", "ADDRESS", TP_ARG_TEXT, &host, "where to listen (127.0.0.1)"},
        {"--port", "P", TP_ARG_NUMBER, &port, "and at which port (8026)"},
        {"--vkey", NULL, TP_ARG_FLAG, &vkey, "print the witness's key as a C2SP verifier key"},
        TP_ARG_END};
    tp_args(argc, argv, "witness --key FILE --state DIR --log ORIGIN=KEY [options]",
            "Cosigns checkpoints of a log, each only if it continues the last one (C2SP\n"
            "tlog-witness: POST /add-checkpoint), until it is told to end (SIGTERM).",
            table, NULL, 0);
    if (!key || !state) tp_usage("witness takes --key and --state");
    if (!list.count && !vkey) tp_usage("--log is missing");
    if (port > 65535) tp_usage("--port is at most 65535");
    char *text[TP_ARG_LIST_MAX], listen[128];
    tp_witness_log logs[TP_ARG_LIST_MAX];
    for (size_t i = 0; i < list.count; i++)
        log_of(&logs[i], text[i] = strdup(list.items[i]));
    snprintf(listen, sizeof listen, "%s:%u", host, (unsigned)port);
    tp_key_file k;
    int code = TP_EXIT_REFUSED;
    if (tp_key_load(&k, key, "witness")) {
        tp_witness_options o = {
            .name = k.name, .seed = k.seed, .state = state, .logs = logs, .log_count = list.count};
        code = start(&o, listen, vkey);
    }
    tp_wipe(&k, sizeof k);
    for (size_t i = 0; i < list.count; i++)
        free(text[i]);
    return code;
}
