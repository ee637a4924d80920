/* `tapat registrar`: signs the credentials of voters who showed who they are, with a key that the
 * server never has (attack G1). It refuses what does not fit the manifest or lacks the proof of
 * possession. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "core/proof/schnorr.h"
#include "election/enrol.h"

#define WAITING_DOMAIN "tapat-v1 waiting"

typedef struct {
    tp_http *http;
    tp_manifest manifest;
    tp_key_file key;
    uint16_t index;
} desk;

/* Asks for the queue, signed by the registrar. NULL: the reason was said. */
static json_t *ask_waiting(desk *d) {
    uint8_t signature[64], random[32], message[40];
    char hex[129];
    uint64_t now = tp_unix_time();
    long status;
    tp_random(random, sizeof random);
    memcpy(message, d->manifest.fingerprint, 32);
    tp_put_u64be(message + 32, now);
    tp_secret_key secret;
    uint8_t pub[32];
    if (tp_keypair_decode(&secret, pub, d->key.keys.identity_secret) != TP_OK) return NULL;
    tp_sign(signature, &secret, pub, WAITING_DOMAIN, message, sizeof message, random);
    tp_wipe(&secret, sizeof secret);
    tp_hex(hex, signature, 64);
    json_t *answer = tp_http_json(d->http, "/api/registrar/waiting",
                                  json_pack("{s:i, s:I, s:s}", "registrar", d->index, "time",
                                            (json_int_t)now, "signature", hex),
                                  &status);
    json_t *waiting = json_incref(json_object_get(answer, "waiting"));
    json_decref(answer);
    if (status != 200 || !json_is_array(waiting)) {
        tp_say(0, "the queue was refused (%ld)", status);
        json_decref(waiting);
        return NULL;
    }
    return waiting;
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
    if (tp_registration_sign(&e, &r, d->manifest.fingerprint, d->index, d->key.keys.identity_secret,
                             random) != TP_OK)
        return NULL;
    tp_hex(hex, e.signature, 64);
    return json_pack("{s:s, s:i, s:i, s:i, s:s}", "credential", key, "unit", unit, "style", style,
                     "registrar", d->index, "signature", hex);
}

/* Signs everybody who waits now. *done: how many. */
static int sign_waiting(desk *d, size_t *done) {
    json_t *waiting = ask_waiting(d), *row;
    size_t i;
    long status;
    *done = 0;
    if (!waiting) return TP_EXIT_SYSTEM;
    json_t *list = json_array();
    json_array_foreach(waiting, i, row) {
        json_t *signed_row = sign_row(d, row);
        if (signed_row) json_array_append_new(list, signed_row);
    }
    json_decref(waiting);
    *done = json_array_size(list);
    if (!*done) return json_decref(list), TP_EXIT_OK;
    json_t *answer = tp_http_json(d->http, "/api/registrar/registrations",
                                  json_pack("{s:o}", "registrations", list), &status);
    json_decref(answer);
    if (status == 200) return TP_EXIT_OK;
    return tp_say(TP_EXIT_REFUSED, "the registrations were refused (%ld)", status);
}

static int work(desk *d, bool watch) {
    uint64_t total = 0;
    for (;;) {
        size_t done;
        int code = sign_waiting(d, &done);
        total += done;
        if (done && watch) printf("%llu credentials signed\n", (unsigned long long)total);
        fflush(stdout);
        if (!watch && (code != TP_EXIT_OK || !done)) {
            printf("%llu credentials signed\n", (unsigned long long)total);
            return code;
        }
        if (!done) usleep(300 * 1000);
    }
}

int tp_cmd_registrar(int argc, char **argv) {
    const char *server = NULL, *key = NULL, *fingerprint = NULL;
    bool watch = false;
    const tp_arg table[] = {
        {"--server", "URL", TP_ARG_TEXT, &server, "the election's server"},
        {"--key", "FILE", TP_ARG_TEXT, &key, "the registrar's key (tapat key, role registrar)"},
        {"--fingerprint", "HEX", TP_ARG_TEXT, &fingerprint,
         "of the election, to be sure which it is"},
        {"--watch", NULL, TP_ARG_FLAG, &watch, "go on until stopped"},
        TP_ARG_END};
    tp_args(argc, argv, "registrar --server URL --key FILE [options]",
            "Signs the credentials of all voters who showed who they are.", table, NULL, 0);
    if (!server || !key) tp_usage("--server and --key are needed");
    desk d = {.http = tp_http_open(server)};
    tp_fault fault = {0};
    uint8_t known[32];
    tp_answer a = tp_http_get(d.http, "/api/manifest");
    if (a.status != 200) return tp_say_answer(&a, "manifest");
    if (tp_manifest_parse(&d.manifest, a.bytes, a.len, &fault) != TP_OK)
        return tp_say_fault(&fault, "manifest");
    if (fingerprint &&
        (!tp_unhex(known, 32, fingerprint) || !tp_equal(known, d.manifest.fingerprint, 32)))
        return tp_say(TP_EXIT_REFUSED, "this server runs another election");
    if (!tp_key_load(&d.key, key, "registrar")) return TP_EXIT_REFUSED;
    int index = tp_key_index(&d.key, &d.manifest.registrars, "registrars");
    d.index = (uint16_t)index;
    int code = !index ? TP_EXIT_REFUSED : work(&d, watch);
    tp_wipe(&d.key, sizeof d.key);
    tp_manifest_free(&d.manifest);
    tp_http_close(d.http);
    return code;
}
