/* `tapat registrar`: what a voter showed, checked here and not believed.
 *
 *  letter   the key is that of the voter's letter on a list of the registrar's own, and signs for
 *           this credential
 *  oidc     the provider signs, for a login whose nonce is this credential's, that the person has
 *           this number, under a key that it has or that was seen there when this was signed; the
 *           number stands in a copy of the roll of the registrar's own
 *  else     nothing but the server's word
 *
 * Whatever it is, a voter to whom this registrar gave another key gets none without a person's
 * look. spec: chapter 4, L-20..L-24.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/letter_list.h"
#include "cli/registrar.h"
#include "cli/registrar_book.h"
#include "cli/registrar_provider.h"
#include "cli/roll_copy.h"
#include "election/evidence.h"
#include "server/provider.h"

enum { KEYS_MAX = 1 << 20, SAID_MAX = 4096 };

typedef struct {
    char number[32];
    uint16_t unit;
    bool online;
} elector;

struct registrar_proofs {
    const char *letters_file; /* or NULL; read again when it changes */
    struct stat letters_seen;
    tp_letter_list letters;
    bool has_roll;
    elector *roll; /* ascending by number */
    size_t electors, cap;
    tp_provider *provider;
    json_t *keys;
    registrar_seen *seen; /* NULL: they are pinned */
    registrar_book *book;
    uint8_t (*said)[32]; /* credentials whose fault was said */
    size_t said_count;
};

/* ---- the copy of the roll ---- */

static bool take_elector(void *ctx, const tp_roll_row *row) {
    registrar_proofs *p = ctx;
    if (p->electors == p->cap) {
        p->cap = p->cap ? 2 * p->cap : 1024;
        p->roll = realloc(p->roll, p->cap * sizeof *p->roll);
        if (!p->roll) abort();
    }
    elector *e = &p->roll[p->electors++];
    memcpy(e->number, row->number, sizeof e->number);
    e->unit = row->unit;
    e->online = !row->channel || row->channel == 1;
    return true;
}

static int by_number(const void *a, const void *b) {
    return strcmp(((const elector *)a)->number, ((const elector *)b)->number);
}

static int read_roll(registrar_proofs *p, const char *path, const tp_manifest *m) {
    int code = tp_roll_copy_read(path, m, take_elector, p);
    if (code != TP_EXIT_OK) return code;
    if (p->electors) qsort(p->roll, p->electors, sizeof *p->roll, by_number);
    for (size_t i = 1; i < p->electors; i++)
        if (!by_number(&p->roll[i - 1], &p->roll[i]))
            return tp_say(TP_EXIT_REFUSED, "%s: %s stands twice", path, p->roll[i].number);
    p->has_roll = true;
    return TP_EXIT_OK;
}

static const elector *find_elector(const registrar_proofs *p, const char *number) {
    elector of = {0};
    snprintf(of.number, sizeof of.number, "%s", number);
    return p->electors ? bsearch(&of, p->roll, p->electors, sizeof of, by_number) : NULL;
}

/* ---- sources ---- */

/* The list grows while letters are printed. What cannot be read leaves the one before in use. */
static int read_letters(registrar_proofs *p, const tp_manifest *m) {
    struct stat now;
    tp_letter_list l;
    if (stat(p->letters_file, &now) != 0)
        return tp_say(TP_EXIT_SYSTEM, "cannot read %s", p->letters_file);
    if (now.st_size == p->letters_seen.st_size && now.st_ino == p->letters_seen.st_ino &&
        !memcmp(&now.st_mtim, &p->letters_seen.st_mtim, sizeof now.st_mtim))
        return TP_EXIT_OK;
    int code = tp_letter_list_read(&l, p->letters_file, m);
    if (code != TP_EXIT_OK) {
        tp_letter_list_free(&l);
        return code;
    }
    tp_letter_list_free(&p->letters);
    p->letters = l;
    p->letters_seen = now;
    return TP_EXIT_OK;
}

static int open_provider(registrar_proofs *p, const tp_manifest *m, const registrar_sources *from) {
    const char *pinned = from->provider_keys;
    size_t len;
    if (!pinned) {
        p->seen = registrar_seen_open(from->key, m->enrol.issuer, m->enrol.review_days);
        if (!p->seen) return TP_EXIT_REFUSED;
    } else {
        uint8_t *text = tp_load_file(pinned, &len, KEYS_MAX);
        if (!text) return TP_EXIT_SYSTEM;
        p->keys = json_loadb((char *)text, len, JSON_REJECT_DUPLICATES, NULL);
        free(text);
        if (!json_is_array(json_object_get(p->keys, "keys")))
            return tp_say(TP_EXIT_REFUSED, "%s is no set of keys (RFC 7517)", pinned);
    }
    p->provider =
        tp_provider_new(&(tp_provider_options){.issuer = m->enrol.issuer,
                                               .client = m->enrol.client,
                                               .claim = m->enrol.claim,
                                               .keys = p->keys,
                                               .seen = p->seen ? registrar_seen_take : NULL,
                                               .ctx = p->seen});
    return TP_EXIT_OK;
}

int registrar_proofs_open(desk *d, const registrar_sources *s) {
    registrar_proofs *p = calloc(1, sizeof *p);
    int code = TP_EXIT_OK;
    if (!p) abort();
    d->proofs = p;
    p->book = registrar_book_open(s->key, d->manifest.fingerprint);
    if (!p->book) return TP_EXIT_SYSTEM;
    p->letters_file = s->letters;
    if (s->letters) code = read_letters(p, &d->manifest);
    if (!code && s->roll) code = read_roll(p, s->roll, &d->manifest);
    if (!code && d->manifest.enrol.issuer) code = open_provider(p, &d->manifest, s);
    return code;
}

void registrar_proofs_close(desk *d) {
    registrar_proofs *p = d->proofs;
    if (!p) return;
    tp_provider_free(p->provider);
    json_decref(p->keys);
    registrar_seen_close(p->seen);
    registrar_book_close(p->book);
    tp_letter_list_free(&p->letters);
    free(p->roll);
    free(p->said);
    free(p);
    d->proofs = NULL;
}

/* ---- the evidence of a row ---- */

typedef struct {
    const char *number;
    uint8_t credential[32];
    int unit;
    const json_t *evidence;
} claim;

static const char *text_of(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static registrar_verdict look_at_letter(const desk *d, const claim *c, const char **why) {
    const registrar_proofs *p = d->proofs;
    uint8_t key[32], signature[64];
    *why = "a letter, and there is no list of letters here (--letters)";
    if (!p->letters_file) return REGISTRAR_WORD;
    const tp_letter_row *row = tp_letter_list_find(&p->letters, c->number);
    *why = "its letter is not the one on the list";
    if (!row || !tp_unhex(key, 32, text_of(c->evidence, "letter")) ||
        memcmp(key, row->key, 32) != 0)
        return REGISTRAR_FALSE;
    *why = "its letter was made for another post";
    if (row->unit != c->unit) return REGISTRAR_FALSE;
    *why = "the letter's signature does not hold";
    if (!tp_unhex(signature, 64, text_of(c->evidence, "signature")) ||
        tp_letter_verify(signature, d->manifest.fingerprint, c->credential, key) != TP_OK)
        return REGISTRAR_FALSE;
    *why = "";
    return REGISTRAR_HOLDS;
}

/* Perhaps of one that the provider had before. */
static bool of_another_key(const char *fault) {
    return !strcmp(fault, "key") || !strcmp(fault, "signature") || !strcmp(fault, "algorithm");
}

static registrar_verdict look_at_login(const desk *d, const claim *c, const char **why) {
    const registrar_proofs *p = d->proofs;
    uint8_t blind[TP_LOGIN_BLIND], nonce[TP_LOGIN_NONCE];
    char text[TP_NONCE_TEXT], number[TP_CLAIM_MAX];
    const char *fault;
    *why = "this election has no identity provider";
    if (!p->provider) return REGISTRAR_FALSE;
    *why = "the login is not whole";
    if (!tp_unhex(blind, sizeof blind, text_of(c->evidence, "blind"))) return REGISTRAR_FALSE;
    tp_login_nonce(nonce, d->manifest.fingerprint, c->credential, blind);
    tp_hex(text, nonce, sizeof nonce);
    tp_err err = tp_provider_holds(number, p->provider, text_of(c->evidence, "token"), text,
                                   tp_unix_time(), &fault);
    *why = "the identity provider's keys cannot be fetched";
    if (err == TP_SYSTEM) return REGISTRAR_WORD;
    if (err && p->seen && of_another_key(fault)) {
        tp_id_token_rules rules = tp_provider_rules(p->provider, text, tp_unix_time());
        rules.as_issued = true;
        fault = registrar_seen_refusal(number, p->seen, text_of(c->evidence, "token"), &rules);
        if (!fault) err = TP_OK;
    }
    *why = !fault || strcmp(fault, "key") != 0 ? fault : "a key that was not seen at the provider";
    if (err) return REGISTRAR_FALSE;
    *why = "the provider knows this person by another number";
    if (strcmp(number, c->number) != 0) return REGISTRAR_FALSE;
    *why = "a login, and there is no copy of the roll here (--roll)";
    return p->has_roll ? REGISTRAR_HOLDS : REGISTRAR_WORD;
}

static registrar_verdict look_at_evidence(const desk *d, const claim *c, const char **why) {
    const char *route = text_of(c->evidence, "route");
    *why = "nobody but the server says that it was proven";
    if (!json_is_object(c->evidence)) return REGISTRAR_WORD;
    if (!strcmp(route, "letter")) return look_at_letter(d, c, why);
    if (!strcmp(route, "oidc")) return look_at_login(d, c, why);
    *why = "evidence of a kind that is not known";
    return REGISTRAR_FALSE;
}

static bool on_roll(const registrar_proofs *p, const char *number, int unit) {
    const elector *e = p->has_roll ? find_elector(p, number) : NULL;
    return !p->has_roll || (e && e->online && e->unit == unit);
}

static const char not_on_roll[] =
    "not a voter of this post who votes online, in the copy of the roll";
static const char another_key[] = "HAS ANOTHER KEY THAT YOU SIGNED, and you cancelled none";

registrar_verdict registrar_look(const desk *d, const json_t *row, const char **why) {
    const registrar_proofs *p = d->proofs;
    claim c = {.number = text_of(row, "number"),
               .unit = (int)json_integer_value(json_object_get(row, "unit")),
               .evidence = json_object_get(row, "evidence")};
    *why = "the row is not whole";
    if (!registrar_book_takes(c.number) || !tp_unhex(c.credential, 32, text_of(row, "credential")))
        return REGISTRAR_FALSE;
    *why = not_on_roll;
    if (!on_roll(p, c.number, c.unit)) return REGISTRAR_FALSE;
    registrar_verdict v = look_at_evidence(d, &c, why);
    if (v == REGISTRAR_FALSE || !registrar_book_other(p->book, c.number, c.credential)) return v;
    *why = another_key;
    return REGISTRAR_WORD;
}

const char *registrar_against(const desk *d, const json_t *row) {
    const registrar_proofs *p = d->proofs;
    uint8_t credential[32];
    const char *number = text_of(row, "number");
    int unit = (int)json_integer_value(json_object_get(row, "unit"));
    if (!registrar_book_takes(number) || !tp_unhex(credential, 32, text_of(row, "credential")))
        return "the row is not whole";
    if (!on_roll(p, number, unit)) return not_on_roll;
    return registrar_book_other(p->book, number, credential) ? another_key : NULL;
}

bool registrar_may_sign(desk *d, const json_t *row) {
    const char *why;
    registrar_verdict v = registrar_look(d, row, &why);
    int unit = (int)json_integer_value(json_object_get(row, "unit"));
    if (v != REGISTRAR_WORD) return v == REGISTRAR_HOLDS;
    if (!d->yes) return true; /* a person decides */
    bool code = unit >= 0 && unit < d->manifest.unit_count &&
                d->manifest.units[unit].routes & TP_ROUTE_CODE;
    return d->trusting && (code || json_is_object(json_object_get(row, "evidence")));
}

void registrar_say_left(desk *d, const json_t *row) {
    registrar_proofs *p = d->proofs;
    uint8_t credential[32];
    const char *why, *number = text_of(row, "number");
    if (!tp_unhex(credential, 32, text_of(row, "credential"))) memset(credential, 0, 32);
    for (size_t i = 0; i < p->said_count; i++)
        if (!memcmp(p->said[i], credential, 32)) return;
    if (!p->said) p->said = calloc(SAID_MAX, sizeof *p->said);
    if (!p->said) abort();
    memcpy(p->said[p->said_count++ % SAID_MAX], credential, 32);
    if (p->said_count == SAID_MAX) p->said_count = 0;
    registrar_verdict v = registrar_look(d, row, &why);
    (void)tp_say(0, "%s was left: %s%s", registrar_book_takes(number) ? number : "a row", why,
                 v == REGISTRAR_WORD ? " (look yourself: --list, --approve; --trust-server would "
                                       "take the server's word)"
                                     : " (to offer the voter the other ways: --reject ID)");
}

/* Did a process beside this one give somebody of these another key since the rows were looked at?
 * had: what was known then, of each row. */
static bool changed(const registrar_book *book, const json_t *rows, const bool *had) {
    uint8_t credential[32];
    const json_t *row;
    size_t i;
    json_array_foreach(rows, i, row) {
        const char *number = text_of(row, "number");
        if (had[i] || !registrar_book_takes(number) ||
            !tp_unhex(credential, 32, text_of(row, "credential")) ||
            !registrar_book_other(book, number, credential))
            continue;
        (void)tp_say(0, "%s got another key meanwhile: nothing is signed", number);
        return true;
    }
    return false;
}

static void add_rows(registrar_book *book, const json_t *rows) {
    uint8_t credential[32];
    const json_t *row;
    size_t i;
    json_array_foreach(rows, i, row) {
        const char *number = text_of(row, "number");
        if (registrar_book_takes(number) && tp_unhex(credential, 32, text_of(row, "credential")))
            registrar_book_add(book, number, credential);
    }
}

bool registrar_note(desk *d, const json_t *rows) {
    registrar_book *book = d->proofs->book;
    uint8_t credential[32];
    const json_t *row;
    size_t i;
    bool *had = calloc(json_array_size(rows) + 1, sizeof *had);
    if (!had) abort();
    json_array_foreach(rows, i, row) {
        had[i] = tp_unhex(credential, 32, text_of(row, "credential")) &&
                 registrar_book_other(book, text_of(row, "number"), credential);
    }
    bool begun = registrar_book_begin(book), other = begun && changed(book, rows, had);
    free(had);
    if (other) registrar_book_end(book);
    if (!begun || other) return false;
    add_rows(book, rows);
    return registrar_book_sync(book);
}

bool registrar_refresh(desk *d) {
    if (d->proofs->letters_file) (void)read_letters(d->proofs, &d->manifest);
    return registrar_book_refresh(d->proofs->book);
}

void registrar_idle(desk *d) {
    if (d->proofs->seen) tp_provider_look(d->proofs->provider);
}
