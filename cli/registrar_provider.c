/* Keys seen at the identity provider: registrar_provider.h. The file is written whole, under a lock
 * on the key file, so that tools beside each other lose nothing of each other's. spec: L-23 */
#include "cli/registrar_provider.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "cli/cli.h"

enum {
    SLACK_S = 3600 + 300, /* the tool asks once an hour; clocks */
    CLOCKS_S = 300,
    KEYS_MAX = 64, /* of all issuers */
    KEY_TEXT = 4096,
    FILE_MAX = KEYS_MAX * (KEY_TEXT + 128),
};

typedef struct {
    char issuer[65], key[KEY_TEXT];
    uint64_t first, last;
} seen_row;

struct registrar_seen {
    char path[4096], lock[4096], issuer[65];
    uint64_t kept_s;
    seen_row rows[KEYS_MAX];
    size_t count;
};

/* ---- a key as text ---- */

static const char *const members[] = {"crv", "e", "kid", "kty", "n", "use", "x", "y"};

/* The public key and nothing else of it. False: not a key that can sign logins. */
static bool key_text(char out[static KEY_TEXT], const json_t *key) {
    json_t *plain = json_object();
    const char *kind = json_string_value(json_object_get(key, "kty"));
    const char *use = json_string_value(json_object_get(key, "use"));
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        json_t *value = json_object_get(key, members[i]);
        if (json_is_string(value)) json_object_set(plain, members[i], value);
    }
    size_t len = json_dumpb(plain, out, KEY_TEXT - 1, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(plain);
    bool fits = len > 0 && len < KEY_TEXT && (!use || !strcmp(use, "sig"));
    if (fits) out[len] = 0;
    return fits && kind && (!strcmp(kind, "RSA") || !strcmp(kind, "EC"));
}

/* ---- the file ---- */

static bool read_time(uint64_t *t, const char *text, size_t len) {
    *t = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        *t = *t * 10 + (uint64_t)(text[i] - '0');
    }
    return len && len <= 12 && (*text != '0' || len == 1);
}

static bool read_key(char out[static KEY_TEXT], const char *text) {
    json_t *key = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    bool ok = json_is_object(key) && key_text(out, key) && !strcmp(out, text);
    json_decref(key);
    return ok;
}

static bool read_row(seen_row *r, const char *line) {
    uint8_t issuer[32];
    const char *first = strchr(line, ' '), *last = first ? strchr(first + 1, ' ') : NULL;
    const char *key = last ? strchr(last + 1, ' ') : NULL;
    if (!key || first - line != 64) return false;
    snprintf(r->issuer, sizeof r->issuer, "%s", line);
    return tp_unhex(issuer, 32, r->issuer) &&
           read_time(&r->first, first + 1, (size_t)(last - first - 1)) &&
           read_time(&r->last, last + 1, (size_t)(key - last - 1)) && r->first <= r->last &&
           read_key(r->key, key + 1);
}

static bool read_rows(registrar_seen *k, char *text, size_t len) {
    k->count = 0;
    if (memchr(text, 0, len)) return false;
    for (char *line = text, *end; *line; line = end + 1) {
        end = strchr(line, '\n');
        if (!end || k->count == KEYS_MAX) return false;
        *end = 0;
        if (!read_row(&k->rows[k->count++], line)) return false;
    }
    return true;
}

/* No file is none yet. False: the reason was said. */
static bool load(registrar_seen *k) {
    size_t len;
    if (access(k->path, F_OK) != 0) {
        k->count = 0;
        return true;
    }
    uint8_t *text = tp_load_file(k->path, &len, FILE_MAX);
    bool ok = text && read_rows(k, (char *)text, len);
    free(text);
    if (ok) return true;
    k->count = 0;
    (void)tp_say(0, "%s is no record of a provider's keys: delete it", k->path);
    return false;
}

static void save(const registrar_seen *k) {
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    if (!f) abort();
    for (size_t i = 0; i < k->count; i++)
        fprintf(f, "%s %llu %llu %s\n", k->rows[i].issuer, (unsigned long long)k->rows[i].first,
                (unsigned long long)k->rows[i].last, k->rows[i].key);
    if (fclose(f) != 0) abort();
    (void)tp_save_file(k->path, text, len, true);
    free(text);
}

registrar_seen *registrar_seen_open(const char *key_file, const char *issuer, unsigned days) {
    registrar_seen *k = calloc(1, sizeof *k);
    uint8_t hash[32];
    if (!k) abort();
    int n = snprintf(k->path, sizeof k->path, "%s.provider", key_file);
    snprintf(k->lock, sizeof k->lock, "%s", key_file);
    tp_sha256(hash, issuer, strlen(issuer));
    tp_hex(k->issuer, hash, 32);
    k->kept_s = (uint64_t)days * 86400;
    if (n < (int)sizeof k->path && load(k)) return k;
    free(k);
    return NULL;
}

void registrar_seen_close(registrar_seen *k) {
    free(k);
}

/* ---- what is there now ---- */

static bool is_ours(const registrar_seen *k, const seen_row *r) {
    return !strcmp(r->issuer, k->issuer);
}

static bool is_kept(const registrar_seen *k, const seen_row *r, uint64_t now) {
    return !is_ours(k, r) || now <= r->last + k->kept_s;
}

static void drop_old(registrar_seen *k, uint64_t now) {
    size_t kept = 0;
    for (size_t i = 0; i < k->count; i++)
        if (is_kept(k, &k->rows[i], now)) k->rows[kept++] = k->rows[i];
    k->count = kept;
}

/* The place of a key: its own, a new one, or that of the key that is longest gone. */
static seen_row *place_of(registrar_seen *k, const char *key) {
    seen_row *oldest = &k->rows[0];
    for (size_t i = 0; i < k->count; i++) {
        if (is_ours(k, &k->rows[i]) && !strcmp(k->rows[i].key, key)) return &k->rows[i];
        if (k->rows[i].last < oldest->last) oldest = &k->rows[i];
    }
    seen_row *r = k->count < KEYS_MAX ? &k->rows[k->count++] : oldest;
    *r = (seen_row){0};
    return r;
}

static void note(registrar_seen *k, const json_t *key, uint64_t now) {
    char text[KEY_TEXT];
    if (!key_text(text, key)) return;
    seen_row *r = place_of(k, text);
    if (!*r->key) {
        memcpy(r->key, text, sizeof text);
        memcpy(r->issuer, k->issuer, sizeof r->issuer);
        r->first = now;
    }
    if (r->first > now) r->first = now; /* a clock was set back */
    r->last = now;
}

void registrar_seen_take(void *ctx, const json_t *jwks) {
    registrar_seen *k = ctx;
    uint64_t now = tp_unix_time();
    json_t *key;
    size_t i;
    int fd = open(k->lock, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX) == 0 && load(k)) {
        drop_old(k, now);
        json_array_foreach(json_object_get(jwks, "keys"), i, key) note(k, key, now);
        save(k);
    }
    if (fd >= 0) close(fd);
}

/* ---- checking ---- */

static const char *refusal_under(char claim[static TP_CLAIM_MAX], const seen_row *r,
                                 const char *token, const tp_id_token_rules *rules) {
    tp_id_token_rules then = *rules;
    then.issued_from = r->first > SLACK_S ? r->first - SLACK_S : 0;
    then.issued_until = r->last + SLACK_S;
    json_t *set = json_pack("{s:[o]}", "keys", json_loads(r->key, 0, NULL));
    const char *why = set ? tp_id_token_refusal(claim, token, set, &then) : "key";
    json_decref(set);
    return why;
}

const char *registrar_seen_refusal(char claim[static TP_CLAIM_MAX], const registrar_seen *k,
                                   const char *token, const tp_id_token_rules *rules) {
    const char *found = "key";
    for (size_t i = 0; i < k->count; i++) {
        const seen_row *r = &k->rows[i];
        if (!is_ours(k, r) || !is_kept(k, r, rules->now) || r->last > rules->now + CLOCKS_S)
            continue;
        const char *why = refusal_under(claim, r, token, rules);
        if (!why) return NULL;
        if (!strcmp(why, "time")) found = "signed when its key was not seen at the provider";
    }
    return found;
}
