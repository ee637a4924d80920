/* `tapat define`: a manifest out of a template (contests, options, styles, units, merge rule) and
 * the parties' keys and times. The result is parsed as strictly as any manifest before it is kept.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"

/* "NAME=HEX" as {"name","key"}. */
static json_t *signer_of(const char *text, const char *option) {
    const char *equals = strrchr(text, '=');
    if (!equals || equals == text || strlen(equals + 1) != 64)
        tp_usage("%s takes NAME=KEY, the key as 64 hex digits, not '%s'", option, text);
    return json_pack("{s:s%, s:s}", "name", text, (size_t)(equals - text), "key", equals + 1);
}

static json_t *college_of(const tp_arg_list *list, const char *quorum_name, uint64_t quorum,
                          const char *option) {
    json_t *who = json_array();
    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(who, signer_of(list->items[i], option));
    return json_pack("{s:I, s:o}", quorum_name, (json_int_t)quorum, "who", who);
}

/* RFC 3339 as given, or "now", or "now+SECONDS". */
static json_t *time_of(const char *text, const char *option) {
    if (strncmp(text, "now", 3) != 0) return json_string(text);
    char *end, out[32];
    long long plus = text[3] == '+' ? strtoll(text + 4, &end, 10) : 0;
    if (text[3] && (text[3] != '+' || *end || plus < 0))
        tp_usage("%s takes a time such as 2028-05-13T00:00:00Z, now, or now+3600", option);
    time_t at = (time_t)tp_unix_time() + (time_t)plus;
    struct tm utc;
    gmtime_r(&at, &utc);
    strftime(out, sizeof out, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return json_string(out);
}

static int check_and_write(json_t *root, const char *path) {
    char *text = json_dumps(root, JSON_INDENT(1));
    tp_manifest m;
    tp_fault fault = {0};
    if (!text) return tp_say(TP_EXIT_SYSTEM, "out of memory");
    int code = TP_EXIT_OK;
    if (tp_manifest_parse(&m, text, strlen(text), &fault) != TP_OK) {
        code = tp_say_fault(&fault, "the manifest would be refused");
    } else {
        char hex[65];
        tp_hex(hex, m.fingerprint, 32);
        code = tp_save_file(path, text, strlen(text), false) ? TP_EXIT_OK : TP_EXIT_SYSTEM;
        if (code == TP_EXIT_OK) printf("%s\n", hex);
        tp_manifest_free(&m);
    }
    free(text);
    return code;
}

/* The registrars' document keys go into the template's `enrol`, in their order. */
static void put_document_keys(json_t *root, const tp_arg_list *keys) {
    json_t *list = json_array(), *enrol = json_object_get(root, "enrol");
    for (size_t i = 0; i < keys->count; i++)
        json_array_append_new(list, json_string(keys->items[i]));
    if (enrol)
        json_object_set_new(enrol, "documents", list);
    else
        tp_usage("--document-key needs a template with an `enrol` section");
}

/* A template's way `documents` needs keys; without any the way is not offered. */
static void drop_documents(json_t *root) {
    json_t *enrol = json_object_get(root, "enrol"), *list, *posts, *way;
    const char *unit;
    size_t i;
    json_array_foreach(json_object_get(enrol, "routes"), i, way) {
        if (strcmp(json_string_value(way), "documents") != 0) continue;
        json_array_remove(json_object_get(enrol, "routes"), i);
        break;
    }
    posts = json_object_get(enrol, "posts");
    json_object_foreach(posts, unit, list) {
        json_array_foreach(list, i, way) {
            if (strcmp(json_string_value(way), "documents") != 0) continue;
            json_array_remove(list, i);
            break;
        }
    }
}

int tp_cmd_define(int argc, char **argv) {
    const char *out = "manifest.json", *enrol = "now", *open = "now", *close = "now+86400";
    const char *origin = "tapat.example/board", *log_key = NULL, *word;
    tp_arg_list trustees = {0}, registrars = {0}, officers = {0}, witnesses = {0}, documents = {0};
    uint64_t threshold = 0, witness_quorum = 0, registrar_quorum = 1, officer_quorum = 2,
             interval = 300, deadline = 3600, floor = 0;
    bool test = false;
    const tp_arg table[] = {
        {"--out", "FILE", TP_ARG_TEXT, &out, "where the manifest goes (manifest.json)"},
        {"--test", NULL, TP_ARG_FLAG, &test, "a test election; every page will say so"},
        {"--trustee", "NAME=KEY", TP_ARG_LIST, &trustees, "one for each trustee"},
        {"--threshold", "T", TP_ARG_NUMBER, &threshold, "trustees that it takes to decrypt"},
        {"--registrar", "NAME=KEY", TP_ARG_LIST, &registrars, "one for each registrar"},
        {"--registrar-quorum", "M", TP_ARG_NUMBER, &registrar_quorum, "signatures to enrol (1)"},
        {"--document-key", "KEY", TP_ARG_LIST, &documents,
         "of each registrar, in order (tapat key document); without, nobody applies by documents"},
        {"--officer", "NAME=KEY", TP_ARG_LIST, &officers, "one for each officer"},
        {"--officer-quorum", "M", TP_ARG_NUMBER, &officer_quorum, "signatures of an act (2)"},
        {"--log-key", "KEY", TP_ARG_TEXT, &log_key, "the server's (tapat serve --log-key)"},
        {"--origin", "NAME", TP_ARG_TEXT, &origin, "the board's name, without a scheme"},
        {"--witness", "NAME=KEY", TP_ARG_LIST, &witnesses, "one for each witness of the board"},
        {"--witness-quorum", "Q", TP_ARG_NUMBER, &witness_quorum, "that must cosign it (0)"},
        {"--enrol", "TIME", TP_ARG_TEXT, &enrol, "from when voters enrol (now)"},
        {"--open", "TIME", TP_ARG_TEXT, &open, "when the voting opens (now)"},
        {"--close", "TIME", TP_ARG_TEXT, &close, "when it closes (now+86400)"},
        {"--interval", "SECONDS", TP_ARG_NUMBER, &interval, "between batches of ballots (300)"},
        {"--deadline", "SECONDS", TP_ARG_NUMBER, &deadline, "a promise is kept within (3600)"},
        {"--floor", "N", TP_ARG_NUMBER, &floor, "no total of fewer ballots (the template's)"},
        TP_ARG_END};
    if (tp_args(argc, argv, "define TEMPLATE [options]",
                "Makes an election's manifest and prints its fingerprint.", table, &word, 1) != 1)
        tp_usage("define takes a template, such as ballots/ph2025/election.json");
    if (!log_key) tp_usage("--log-key is missing");
    json_error_t where;
    json_t *root = json_load_file(word, JSON_REJECT_DUPLICATES, &where);
    if (!json_is_object(root))
        return tp_say(TP_EXIT_REFUSED, "%s, line %d: %s", word, where.line, where.text);
    json_object_set_new(root, "test", json_boolean(test));
    json_object_set_new(root, "times",
                        json_pack("{s:o, s:o, s:o}", "enrol", time_of(enrol, "--enrol"), "open",
                                  time_of(open, "--open"), "close", time_of(close, "--close")));
    json_object_set_new(root, "trustees",
                        college_of(&trustees, "threshold", threshold, "--trustee"));
    json_object_set_new(root, "registrars",
                        college_of(&registrars, "quorum", registrar_quorum, "--registrar"));
    json_object_set_new(root, "officers",
                        college_of(&officers, "quorum", officer_quorum, "--officer"));
    json_object_set_new(root, "log", json_pack("{s:s, s:s}", "origin", origin, "key", log_key));
    json_object_set_new(root, "witnesses",
                        college_of(&witnesses, "quorum", witness_quorum, "--witness"));
    json_object_set_new(root, "batch",
                        json_pack("{s:I, s:I}", "interval_s", (json_int_t)interval, "deadline_s",
                                  (json_int_t)deadline));
    if (documents.count)
        put_document_keys(root, &documents);
    else if (!json_object_get(json_object_get(root, "enrol"), "documents"))
        drop_documents(root);
    if (floor) json_object_set_new(root, "merge", json_pack("{s:I}", "floor", (json_int_t)floor));
    int code = check_and_write(root, out);
    json_decref(root);
    return code;
}
