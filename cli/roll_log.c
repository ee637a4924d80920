/* `tapat roll log`: what registrars decided, each with the signature that it bears, for officers
 * and auditors. It names no voter and no contact: an application by its id, which the store
 * resolves, and the key that was signed or refused.
 *
 *  1. Every line's signature is checked here, under the manifest's key of that registrar; one that
 *     does not hold is marked, and the command ends with 1.
 *  2. A line holds all that was signed, so that who has the manifest can check it anew: of a
 * refusal application, credential, reason and time (L-13), of a registration credential, unit and
 * style (L-6). spec: J-33
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/roll.h"
#include "election/desk.h"
#include "election/enrol.h"
#include "election/manifest.h"

enum { PAGE = 256, REASONS = TP_REFUSAL_REASONS + 1 };

typedef struct {
    const char *data, *manifest_file, *post;
    bool json, counts;
    tp_manifest m; /* its quorum is 1: signatures are checked one by one */
    tp_store *store;
    json_t *list;
    uint64_t (*of)[REASONS]; /* by unit: signed, and refused by reason */
    uint64_t lines, wrong;
} logging;

static const char *reason_of(const tp_decision *d) {
    return d->verdict == TP_DECISION_REFUSED ? tp_refusal_reason(d->reason) : "";
}

static bool refusal_holds(const logging *l, const tp_decision *d) {
    tp_refusal r = {.reason = d->reason, .time = d->time};
    memcpy(r.application, d->application, sizeof r.application);
    memcpy(r.credential, d->credential, sizeof r.credential);
    return tp_refusal_verify(d->signature, &r, l->m.fingerprint,
                             l->m.registrars.who[d->registrar - 1].key) == TP_OK;
}

static bool registration_holds(const logging *l, const tp_decision *d, uint16_t unit) {
    tp_registration r = {.unit = unit, .style = l->m.units[unit].style};
    tp_fault fault;
    r.registrars.count = 1;
    r.registrars.by[0].signer = d->registrar;
    memcpy(r.credential, d->credential, sizeof r.credential);
    memcpy(r.registrars.by[0].signature, d->signature, sizeof d->signature);
    return tp_registration_verify(&l->m, &r, &fault) == TP_OK;
}

/* spec: L-6, L-13 */
static bool holds(const logging *l, const tp_decision *d, uint16_t unit) {
    if (!d->registrar || d->registrar > l->m.registrars.count) return false;
    return d->verdict == TP_DECISION_REFUSED ? refusal_holds(l, d) : registration_holds(l, d, unit);
}

static void stamp(char out[static 32], uint64_t seconds) {
    struct tm tm;
    time_t t = (time_t)seconds;
    if (!gmtime_r(&t, &tm) || !strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm)) out[0] = 0;
}

static const char *name_of(const logging *l, const tp_decision *d) {
    return d->registrar && d->registrar <= l->m.registrars.count
               ? l->m.registrars.who[d->registrar - 1].name
               : "";
}

static json_t *line_of(const logging *l, const tp_decision *d, uint16_t unit, bool good) {
    char at[32], application[33], credential[65], signature[129];
    bool refused = d->verdict == TP_DECISION_REFUSED;
    stamp(at, d->time);
    tp_hex(application, d->application, 16);
    tp_hex(credential, d->credential, 32);
    tp_hex(signature, d->signature, 64);
    return json_pack("{s:I, s:s, s:I, s:s, s:i, s:i, s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "id",
                     (json_int_t)d->id, "at", at, "time", (json_int_t)d->time, "post",
                     l->m.units[unit].id, "unit", (int)unit, "style", (int)l->m.units[unit].style,
                     "registrar", (int)d->registrar, "name", name_of(l, d), "decision",
                     refused ? "refused" : "signed", "reason", reason_of(d), "application",
                     application, "credential", credential, "signature", signature, "good", good);
}

/* RFC 4180; an apostrophe before what a program could take for a formula. */
static void put_cell(const char *text, const char *end) {
    const char *before = *text && strchr("=+-@\t", *text) ? "'" : "";
    bool quote = strpbrk(text, ",\"\r\n") != NULL;
    if (quote) putchar('"');
    fputs(before, stdout);
    for (const char *c = text; *c; c++) {
        if (*c == '"') putchar('"');
        putchar(*c);
    }
    printf("%s%s", quote ? "\"" : "", end);
}

static void put_line(const json_t *line) {
    const char *key;
    json_t *value;
    size_t left = json_object_size(line);
    json_object_foreach((json_t *)(uintptr_t)line, key, value) {
        const char *end = --left ? "," : "\r\n";
        char number[24];
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
        if (json_is_boolean(value))
            put_cell(json_is_true(value) ? "yes" : "NO", end);
        else
            put_cell(json_is_string(value) ? json_string_value(value) : number, end);
    }
}

static void take(logging *l, const tp_decision *d, uint16_t unit) {
    bool good = holds(l, d, unit);
    if (l->post && strcmp(l->m.units[unit].id, l->post) != 0) return;
    l->lines++;
    l->wrong += !good;
    l->of[unit][d->verdict == TP_DECISION_REFUSED && d->reason < REASONS ? d->reason : 0]++;
    if (l->counts) return;
    json_t *line = line_of(l, d, unit, good);
    if (l->json) {
        json_array_append_new(l->list, line);
        return;
    }
    put_line(line);
    json_decref(line);
}

static int read_all(logging *l) {
    tp_decision *d = malloc(PAGE * sizeof *d);
    tp_voter v;
    bool found;
    int64_t after = 0;
    tp_err err = d ? TP_OK : TP_SYSTEM;
    for (size_t count = PAGE; !err && count == PAGE;) {
        err = tp_store_decisions_after(l->store, after, d, PAGE, &count);
        for (size_t i = 0; !err && i < count; i++) {
            err = tp_store_voter_get(l->store, d[i].voter, &v, &found);
            if (!err && (!found || v.unit >= l->m.unit_count)) err = TP_MALFORMED;
            if (!err) take(l, &d[i], v.unit);
            after = d[i].id;
        }
    }
    free(d);
    if (err == TP_MALFORMED) return tp_say(TP_EXIT_REFUSED, "the store is of another manifest");
    return err ? tp_say(TP_EXIT_SYSTEM, "the store failed: %s", tp_store_error(l->store))
               : TP_EXIT_OK;
}

static void print_counts(const logging *l) {
    printf("%-16s %9s", "post", "signed");
    for (unsigned r = 1; r < REASONS; r++)
        printf(" %10s", tp_refusal_reason(r));
    puts("");
    for (size_t u = 0; u < l->m.unit_count; u++) {
        uint64_t all = 0;
        for (unsigned r = 0; r < REASONS; r++)
            all += l->of[u][r];
        if (!all) continue;
        printf("%-16s %9llu", l->m.units[u].id, (unsigned long long)l->of[u][0]);
        for (unsigned r = 1; r < REASONS; r++)
            printf(" %10llu", (unsigned long long)l->of[u][r]);
        puts("");
    }
}

static int finish(logging *l) {
    char fingerprint[65];
    tp_hex(fingerprint, l->m.fingerprint, 32);
    if (l->json) {
        json_t *out = json_pack("{s:s, s:O}", "fingerprint", fingerprint, "decisions", l->list);
        json_dumpf(out, stdout, JSON_INDENT(1));
        putchar('\n');
        json_decref(out);
    }
    if (l->counts) print_counts(l);
    if (l->wrong)
        return tp_say(TP_EXIT_REFUSED, "%llu of %llu signatures do not hold",
                      (unsigned long long)l->wrong, (unsigned long long)l->lines);
    fprintf(stderr, "%llu decisions, every signature holds\n", (unsigned long long)l->lines);
    return TP_EXIT_OK;
}

static int export(logging *l) {
    bool known = !l->post;
    for (size_t u = 0; u < l->m.unit_count; u++)
        known = known || !strcmp(l->m.units[u].id, l->post);
    if (!known) return tp_say(TP_EXIT_REFUSED, "no post %s in the manifest", l->post);
    l->m.registrars.quorum = 1;
    l->store = tp_roll_open(l->data, true);
    l->of = calloc(l->m.unit_count + 1u, sizeof *l->of);
    l->list = json_array();
    int code = l->store && l->of && l->list ? TP_EXIT_OK : TP_EXIT_SYSTEM;
    if (code == TP_EXIT_OK && !l->json && !l->counts)
        fputs("id,at,time,post,unit,style,registrar,name,decision,reason,application,credential,"
              "signature,good\r\n",
              stdout);
    if (code == TP_EXIT_OK) code = read_all(l);
    if (code == TP_EXIT_OK) code = finish(l);
    json_decref(l->list);
    free(l->of);
    tp_store_close(l->store);
    return code;
}

int tp_roll_log(int argc, char **argv) {
    logging l = {0};
    int code;
    const tp_arg table[] = {
        {"--data", "DIR", TP_ARG_TEXT, &l.data, "the server's data folder"},
        {"--manifest", "FILE", TP_ARG_TEXT, &l.manifest_file, "the manifest"},
        {"--post", "UNIT", TP_ARG_TEXT, &l.post, "of this post alone"},
        {"--counts", NULL, TP_ARG_FLAG, &l.counts, "how many of each post, by reason"},
        {"--json", NULL, TP_ARG_FLAG, &l.json, "as JSON, not as CSV"},
        TP_ARG_END};
    tp_args(
        argc, argv, "roll log --data DIR --manifest FILE [options]",
        "What registrars decided, as CSV: each signature and refusal with its reason, checked.\n"
        "No name, number or contact of a voter is in it.",
        table, NULL, 0);
    if (!l.data || !l.manifest_file) tp_usage("--data and --manifest are needed");
    if (!tp_roll_manifest(&l.m, l.manifest_file, &code)) return code;
    code = export(&l);
    tp_manifest_free(&l.m);
    return code;
}
