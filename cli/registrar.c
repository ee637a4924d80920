/* `tapat registrar`: decides who gets a key to vote, with a key that the server never has (attack
 * G1).
 *
 *  1. It signs for the election that the caller named, by fingerprint or manifest, and no other.
 *  2. What it signs holds: unit and style are the manifest's, the possession is proven.
 *  3. Applications of people who proved nothing by themselves are signed one by one, by their ids:
 *     never by --yes or --watch.
 *  4. Names come from the server; without --yes or --watch they are shown before anything is
 * signed.
 *  5. Without a person's look it signs only what voters showed and it checked itself, not what the
 * server says that they showed; unless --trust-server.
 * spec: chapter 4, L-12, L-13, L-20..L-24.
 */
#include "cli/registrar.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "election/code.h"

/* ---- the queue ---- */

static bool sign_request(const desk *d, char hex[static 129], const char *use, uint64_t time,
                         const uint8_t *subject, size_t len) {
    uint8_t signature[64], random[32];
    tp_random(random, sizeof random);
    if (tp_registrar_ask(signature, use, d->manifest.fingerprint, time, subject, len,
                         d->keys.sign_secret, random) != TP_OK)
        return false;
    tp_hex(hex, signature, 64);
    return true;
}

/* What waits, signed for; id: one application, or NULL. NULL: the reason was said. */
static json_t *ask_waiting(desk *d, const char *id) {
    char hex[129];
    uint64_t now = tp_unix_time();
    long status;
    if (!sign_request(d, hex, TP_WAITING_DOMAIN, now, NULL, 0)) return NULL;
    json_t *body = json_pack("{s:i, s:I, s:s}", "registrar", d->index, "time", (json_int_t)now,
                             "signature", hex);
    if (id) json_object_set_new(body, "application", json_string(id));
    json_t *answer = tp_http_json(d->http, "/api/registrar/waiting", body, &status);
    json_t *waiting = json_incref(json_object_get(answer, "waiting"));
    json_decref(answer);
    if (status == 200 && json_is_array(waiting)) return waiting;
    tp_say(0, "the queue was refused (%ld)", status);
    json_decref(waiting);
    return NULL;
}

tp_answer registrar_document(desk *d, const char *id, unsigned kind) {
    uint8_t subject[17];
    char hex[129];
    uint64_t now = tp_unix_time();
    if (!tp_unhex(subject, 16, id)) return (tp_answer){0};
    subject[16] = (uint8_t)kind;
    if (!sign_request(d, hex, TP_READ_DOMAIN, now, subject, sizeof subject)) return (tp_answer){0};
    json_t *body = json_pack("{s:i, s:I, s:s, s:s, s:i}", "registrar", d->index, "time",
                             (json_int_t)now, "signature", hex, "application", id, "kind", kind);
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    if (!text) return (tp_answer){0};
    tp_answer a =
        tp_http_post(d->http, "/api/registrar/document", "application/json", text, strlen(text));
    free(text);
    return a;
}

/* ---- signing ---- */

static const char *text_of(const json_t *row, const char *name) {
    const char *text = json_string_value(json_object_get(row, name));
    return text ? text : "";
}

/* Who proved by themselves who they are. */
static bool proven(const json_t *row) {
    return !*text_of(row, "route");
}

static bool signed_by(const json_t *row, uint16_t registrar) {
    json_t *by;
    size_t i;
    json_array_foreach(json_object_get(row, "signed"), i, by) {
        if (json_integer_value(by) == registrar) return true;
    }
    return false;
}

/* The signed registration of one row, or NULL with the reason said. */
static json_t *sign_row(const desk *d, json_t *row) {
    const char *key, *possession;
    int unit, style;
    uint8_t proof[64], random[32];
    char hex[129];
    tp_registration r = {0};
    if (json_unpack(row, "{s:s, s:s, s:i, s:i}", "credential", &key, "possession", &possession,
                    "unit", &unit, "style", &style) != 0 ||
        !tp_unhex(r.credential, 32, key) || !tp_unhex(proof, 64, possession) || unit < 0 ||
        unit >= d->manifest.unit_count || style != d->manifest.units[unit].style ||
        tp_credential_verify(proof, r.credential, d->manifest.fingerprint) != TP_OK) {
        tp_say(0, "a row of the queue does not hold and was left");
        return NULL;
    }
    r.unit = (uint16_t)unit;
    r.style = (uint16_t)style;
    tp_endorsement e;
    tp_random(random, sizeof random);
    if (tp_registration_sign(&e, &r, d->manifest.fingerprint, d->index, d->keys.sign_secret,
                             random) != TP_OK)
        return NULL;
    tp_hex(hex, e.signature, 64);
    return json_pack("{s:s, s:i, s:i, s:i, s:s}", "credential", key, "unit", unit, "style", style,
                     "registrar", d->index, "signature", hex);
}

static int post_registrations(desk *d, json_t *list) {
    long status;
    json_t *answer = tp_http_json(d->http, "/api/registrar/registrations",
                                  json_pack("{s:o}", "registrations", list), &status);
    const char *code = json_string_value(json_object_get(answer, "code"));
    if (status != 200)
        tp_say(0, "the registrations were refused (%ld %s)", status, code ? code : "");
    json_decref(answer);
    return status == 200 ? TP_EXIT_OK : status ? TP_EXIT_REFUSED : TP_EXIT_SYSTEM;
}

/* ---- rows for people ---- */

/* Control characters of a name from the server change no terminal. */
static void print_text(const char *text) {
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        putchar(*c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0) ? '?' : *c);
}

static void print_due(const json_t *row) {
    json_int_t due = json_integer_value(json_object_get(row, "due"));
    int64_t left = (int64_t)due - (int64_t)tp_unix_time();
    if (left < 0)
        printf("  OVERDUE since %lld days", (long long)(-left / 86400));
    else
        printf("  due in %lld days", (long long)(left / 86400));
}

static void print_row(const desk *d, json_t *row) {
    uint8_t key[32];
    char fingerprint[40] = "";
    int unit = (int)json_integer_value(json_object_get(row, "unit"));
    if (tp_unhex(key, 32, text_of(row, "credential")))
        tp_credential_fingerprint(fingerprint, key, d->manifest.fingerprint);
    printf("%s  ", text_of(row, "application"));
    print_text(text_of(row, "name"));
    printf("  ");
    print_text(text_of(row, "number"));
    printf("  born %.10s  %s  %s", text_of(row, "birth_date"),
           unit >= 0 && unit < d->manifest.unit_count ? d->manifest.units[unit].name : "?",
           proven(row) ? "proven" : text_of(row, "route"));
    if (*text_of(row, "matched")) {
        printf("  COMES NEAR ONLY, ");
        print_text(text_of(row, "matched"));
    }
    print_due(row);
    const char *why = NULL, *against = proven(row) ? NULL : registrar_against(d, row);
    registrar_verdict found = proven(row) ? registrar_look(d, row, &why) : REGISTRAR_HOLDS;
    printf("  signed %zu of %u%s  %s\n", json_array_size(json_object_get(row, "signed")),
           d->manifest.registrars.quorum,
           json_is_true(json_object_get(row, "enrolled")) ? "  HAS A KEY" : "", fingerprint);
    if (found != REGISTRAR_HOLDS)
        printf("  %s: %s\n", found == REGISTRAR_WORD ? "the server's word" : "DOES NOT HOLD", why);
    if (against) printf("  %s\n", against);
    registrar_opinion(d, text_of(row, "application"));
}

static int by_due(const void *a, const void *b) {
    json_int_t x = json_integer_value(json_object_get(*(json_t *const *)a, "due"));
    json_int_t y = json_integer_value(json_object_get(*(json_t *const *)b, "due"));
    return (x > y) - (x < y);
}

static int list_all(desk *d) {
    json_t *waiting = ask_waiting(d, NULL);
    if (!waiting) return TP_EXIT_SYSTEM;
    size_t n = json_array_size(waiting);
    json_t **rows = malloc((n + 1) * sizeof(json_t *));
    if (!rows) abort();
    for (size_t i = 0; i < n; i++)
        rows[i] = json_array_get(waiting, i);
    qsort(rows, n, sizeof(json_t *), by_due);
    for (size_t i = 0; i < n; i++)
        print_row(d, rows[i]);
    free(rows);
    json_decref(waiting);
    return TP_EXIT_OK;
}

static bool agreed(const desk *d, size_t count) {
    char answer[16];
    if (d->yes) return true;
    printf("Sign %s? Type yes: ", count == 1 ? "this one" : "these");
    fflush(stdout);
    return fgets(answer, sizeof answer, stdin) && !strcmp(answer, "yes\n");
}

/* ---- verbs ---- */

/* Is another key of this voter among those that are chosen? */
static bool chosen_before(const json_t *rows, const json_t *row) {
    json_t *other;
    size_t i;
    json_array_foreach(rows, i, other) {
        if (!strcmp(text_of(other, "number"), text_of(row, "number"))) return true;
    }
    return false;
}

/* Everybody who proved who they are and waits now. *done: how many were signed. */
static int sign_proven(desk *d, size_t *done) {
    json_t *waiting = ask_waiting(d, NULL), *row;
    size_t i;
    *done = 0;
    if (!waiting) return TP_EXIT_SYSTEM;
    if (!registrar_refresh(d)) {
        json_decref(waiting);
        return TP_EXIT_SYSTEM;
    }
    json_t *list = json_array(), *rows = json_array();
    json_array_foreach(waiting, i, row) {
        if (!proven(row) || signed_by(row, d->index)) continue;
        if (json_is_true(json_object_get(row, "enrolled"))) continue;
        if (chosen_before(rows, row)) continue;
        if (!registrar_may_sign(d, row)) {
            registrar_say_left(d, row);
            continue;
        }
        json_t *signed_row = sign_row(d, row);
        if (!signed_row) continue;
        json_array_append_new(list, signed_row);
        json_array_append(rows, row);
        if (!d->yes) print_row(d, row);
    }
    json_decref(waiting);
    size_t count = json_array_size(list);
    int code = !count                    ? TP_EXIT_OK
               : !agreed(d, count)       ? tp_say(TP_EXIT_REFUSED, "nothing was signed")
               : registrar_note(d, rows) ? post_registrations(d, json_incref(list))
                                         : TP_EXIT_SYSTEM;
    json_decref(rows);
    json_decref(list);
    if (code == TP_EXIT_OK) *done = count;
    return code;
}

static int work(desk *d, bool watch) {
    uint64_t total = 0;
    for (;;) {
        size_t done;
        int code = sign_proven(d, &done);
        total += done;
        if (done && watch) printf("%llu credentials signed\n", (unsigned long long)total);
        fflush(stdout);
        if (!watch && (code != TP_EXIT_OK || !done)) {
            printf("%llu credentials signed\n", (unsigned long long)total);
            return code;
        }
        if (done) continue;
        registrar_idle(d);
        usleep(300 * 1000);
    }
}

/* The one row of this id, or NULL with the reason said. */
static json_t *one_row(desk *d, const char *id) {
    json_t *waiting = ask_waiting(d, id);
    json_t *row = json_incref(json_array_get(waiting, 0));
    if (row && strncasecmp(text_of(row, "application"), id, strlen(id)) != 0) {
        json_decref(row); /* the server answers for another */
        row = NULL;
    }
    if (waiting && !row) tp_say(0, "%s does not wait", id);
    json_decref(waiting);
    return row;
}

bool registrar_credential(desk *d, const char *id, uint8_t credential[static 32]) {
    json_t *row = one_row(d, id);
    bool ok = row && tp_unhex(credential, 32, text_of(row, "credential"));
    json_decref(row);
    return ok;
}

/* May a person sign this row? Says why not. Documents speak for the key that they were sealed for,
 * which the server could show to be another when it is signed. spec: L-25 */
static bool approvable(desk *d, const json_t *row) {
    const char *why, *id = text_of(row, "application");
    if (proven(row)) {
        if (registrar_look(d, row, &why) != REGISTRAR_FALSE) return true;
        registrar_say_left(d, row);
        return false;
    }
    if (strcmp(text_of(row, "route"), "documents") != 0 ||
        registrar_opened(d, id, text_of(row, "credential")))
        return true;
    (void)tp_say(0, "no documents were opened here for this key: --documents %.32s --out DIR", id);
    return false;
}

static int approve(desk *d, const char *id) {
    json_t *row = one_row(d, id), *signed_row;
    int code = TP_EXIT_REFUSED;
    if (!row) return code;
    print_row(d, row);
    json_t *rows = json_pack("[O]", row);
    if (!approvable(d, row))
        code = TP_EXIT_REFUSED;
    else if (agreed(d, 1) && (signed_row = sign_row(d, row)))
        code = registrar_note(d, rows) ? post_registrations(d, json_pack("[o]", signed_row))
                                       : TP_EXIT_SYSTEM;
    json_decref(rows);
    json_decref(row);
    if (code == TP_EXIT_OK) puts("signed");
    return code;
}

static int reject(desk *d, const char *id, const char *reason) {
    uint8_t signature[64], random[32];
    char hex[129];
    long status = 0;
    tp_refusal f = {.reason = (uint16_t)tp_refusal_of(reason ? reason : ""),
                    .time = tp_unix_time()};
    if (!f.reason)
        tp_usage("--reason is person, unreadable, incomplete, document, mismatch or absent");
    json_t *row = one_row(d, id);
    if (!row) return TP_EXIT_REFUSED;
    print_row(d, row);
    const char *whole = text_of(row, "application");
    tp_random(random, sizeof random);
    if (tp_unhex(f.application, 16, whole) &&
        tp_unhex(f.credential, 32, text_of(row, "credential")) &&
        tp_refusal_sign(signature, &f, d->manifest.fingerprint, d->keys.sign_secret, random) ==
            TP_OK) {
        tp_hex(hex, signature, 64);
        json_t *answer = tp_http_json(d->http, "/api/registrar/refusals",
                                      json_pack("{s:i, s:I, s:s, s:s, s:s}", "registrar", d->index,
                                                "time", (json_int_t)f.time, "signature", hex,
                                                "application", whole, "reason", reason),
                                      &status);
        json_decref(answer);
    }
    json_decref(row);
    if (status != 200) return tp_say(TP_EXIT_REFUSED, "the refusal was not taken (%ld)", status);
    puts("refused");
    return TP_EXIT_OK;
}

/* ---- start ---- */

/* The election that the caller means, whatever the server says. */
static int load_election(desk *d, const char *fingerprint, const char *manifest) {
    uint8_t known[32];
    tp_fault fault = {0};
    size_t len;
    if (manifest) {
        uint8_t *bytes = tp_load_file(manifest, &len, TP_MAX_DOCUMENT);
        if (!bytes) return TP_EXIT_SYSTEM;
        tp_err err = tp_manifest_parse(&d->manifest, bytes, len, &fault);
        free(bytes);
        return err ? tp_say_fault(&fault, manifest) : TP_EXIT_OK;
    }
    tp_answer a = tp_http_get(d->http, "/api/manifest");
    if (a.status != 200) return tp_say_answer(&a, "manifest");
    if (tp_manifest_parse(&d->manifest, a.bytes, a.len, &fault) != TP_OK)
        return tp_say_fault(&fault, "manifest");
    if (!tp_unhex(known, 32, fingerprint) || !tp_equal(known, d->manifest.fingerprint, 32))
        return tp_say(TP_EXIT_REFUSED, "this server runs another election");
    return TP_EXIT_OK;
}

static int run(desk *d, const registrar_verbs *v) {
    if (v->list) return list_all(d);
    if (v->documents) return registrar_documents(d, v->documents, v->out);
    if (v->reject) return reject(d, v->reject, v->reason);
    for (size_t i = 0; i < v->approve.count; i++) {
        int code = approve(d, v->approve.items[i]);
        if (code != TP_EXIT_OK) return code;
    }
    return v->approve.count ? TP_EXIT_OK : work(d, v->watch);
}

int tp_cmd_registrar(int argc, char **argv) {
    const char *server = NULL, *key = NULL, *fingerprint = NULL, *manifest = NULL;
    registrar_verbs v = {0};
    registrar_sources from = {0};
    desk d = {0};
    const tp_arg table[] = {
        {"--server", "URL", TP_ARG_TEXT, &server, "the election's server"},
        {"--key", "FILE", TP_ARG_TEXT, &key, "the registrar's key (tapat key, role registrar)"},
        {"--fingerprint", "HEX", TP_ARG_TEXT, &fingerprint, "of the election"},
        {"--manifest", "FILE", TP_ARG_TEXT, &manifest, "of the election, in place of it"},
        {"--list", NULL, TP_ARG_FLAG, &v.list, "print who waits, those due first"},
        {"--approve", "ID", TP_ARG_LIST, &v.approve, "sign for this one; may be given again"},
        {"--reject", "ID", TP_ARG_TEXT, &v.reject, "refuse this one"},
        {"--reason", "WORD", TP_ARG_TEXT, &v.reason,
         "person, unreadable, incomplete, document, mismatch or absent"},
        {"--documents", "ID", TP_ARG_TEXT, &v.documents, "open the documents of this one"},
        {"--out", "DIR", TP_ARG_TEXT, &v.out, "where the opened documents go"},
        {"--opinions", "DIR", TP_ARG_TEXT, &d.opinions,
         "an outside check's words: DIR/ID.txt is shown beside the row"},
        {"--letters", "FILE", TP_ARG_TEXT, &from.letters,
         "the list of letters, from who made them"},
        {"--roll", "FILE", TP_ARG_TEXT, &from.roll, "a copy of the roll of one's own, CSV"},
        {"--provider-keys", "FILE", TP_ARG_TEXT, &from.provider_keys,
         "the identity provider's keys (JWKS), in place of asking it"},
        {"--yes", NULL, TP_ARG_FLAG, &d.yes,
         "sign without asking what voters showed and was checked here"},
        {"--watch", NULL, TP_ARG_FLAG, &v.watch, "--yes, and go on until stopped"},
        {"--trust-server", NULL, TP_ARG_FLAG, &d.trusting,
         "with these two, sign also what only the server says was proven: who holds the\n"
         "                        server can then enrol anybody"},
        TP_ARG_END};
    tp_args(argc, argv, "registrar --server URL --key FILE --fingerprint HEX [options]",
            "Signs the credentials of voters who proved who they are; those who applied by\n"
            "documents or in person one by one, by their ids. What was signed is noted in\n"
            "FILE.signed beside the key, the identity provider's keys in FILE.provider.",
            table, NULL, 0);
    if (!server || !key) tp_usage("--server and --key are needed");
    if (!fingerprint && !manifest) tp_usage("--fingerprint or --manifest is needed");
    tp_key_file file;
    d.key_file = key;
    d.yes = d.yes || v.watch;
    d.http = tp_http_open(server);
    int code = load_election(&d, fingerprint, manifest);
    if (code != TP_EXIT_OK) return code;
    if (!tp_key_load(&file, key, "registrar")) return TP_EXIT_REFUSED;
    d.index = (uint16_t)tp_key_index(&file, &d.manifest.registrars, "registrars");
    tp_registrar_derive(&d.keys, file.seed);
    from.key = key;
    code = d.index ? registrar_proofs_open(&d, &from) : TP_EXIT_REFUSED;
    if (code == TP_EXIT_OK) code = run(&d, &v);
    registrar_proofs_close(&d);
    tp_wipe(&d.keys, sizeof d.keys);
    tp_wipe(&file, sizeof file);
    tp_manifest_free(&d.manifest);
    tp_http_close(d.http);
    return code;
}
