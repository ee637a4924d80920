/* `tapat registrar --documents`: what an application showed, opened on the registrar's machine; and
 * the words of an outside check beside a row.
 *
 * An outside check is any program of the registrar's own: it reads the opened files and writes
 * DIR/ID.txt. It is never waited for and decides nothing. spec: L-17, L-25, H-16.
 */
#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "cli/registrar.h"

enum { TAG = 16, OPINION_MAX = 200 };

/* AES-256-GCM with a nonce of zeros: the key seals this one box. */
static bool decrypt(uint8_t *out, const uint8_t key[static 32], const uint8_t *head,
                    size_t head_len, const uint8_t *sealed, size_t len) {
    static const uint8_t nonce[12];
    uint8_t tag[TAG];
    int n = 0, more = 0;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    memcpy(tag, sealed + len, TAG);
    bool ok = c && EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
              EVP_DecryptUpdate(c, NULL, &n, head, (int)head_len) == 1 &&
              EVP_DecryptUpdate(c, out, &n, sealed, (int)len) == 1 &&
              EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, tag) == 1 &&
              EVP_DecryptFinal_ex(c, out + n, &more) == 1;
    EVP_CIPHER_CTX_free(c);
    return ok;
}

/* ---- whose documents were opened: FILE.opened, lines `FINGERPRINT APPLICATION CREDENTIAL` ---- */

static FILE *opened_file(const desk *d, const char *mode) {
    char path[4096];
    int n = snprintf(path, sizeof path, "%s.opened", d->key_file);
    return n < (int)sizeof path ? fopen(path, mode) : NULL;
}

static bool note_opened(const desk *d, const char *id, const uint8_t credential[static 32]) {
    char fingerprint[65], key[65];
    FILE *f = opened_file(d, "ae");
    tp_hex(fingerprint, d->manifest.fingerprint, 32);
    tp_hex(key, credential, 32);
    bool ok = f && fprintf(f, "%s %s %s\n", fingerprint, id, key) > 0 && fflush(f) == 0;
    if (f) ok = fclose(f) == 0 && ok;
    return ok || tp_say(0, "%s.opened cannot be written", d->key_file);
}

bool registrar_opened(const desk *d, const char *id, const char *credential) {
    char want[200], line[200], fingerprint[65];
    FILE *f = opened_file(d, "re");
    bool found = false;
    tp_hex(fingerprint, d->manifest.fingerprint, 32);
    int n = snprintf(want, sizeof want, "%s %s %s\n", fingerprint, id, credential);
    while (f && !found && n < (int)sizeof want && fgets(line, sizeof line, f))
        found = strcasecmp(line, want) == 0;
    if (f) fclose(f);
    return found;
}

/* ---- boxes ---- */

/* malloc'd, *len bytes; NULL: it does not open. */
static uint8_t *open_box(const desk *d, const char *id, const uint8_t credential[static 32],
                         unsigned kind, const tp_answer *a, size_t *len) {
    uint8_t application[16], aes[32];
    size_t registrars = d->manifest.registrars.count, head = tp_document_head_len(registrars);
    if (a->len <= head + TAG || !tp_unhex(application, 16, id)) return NULL;
    tp_document_of of = {d->manifest.fingerprint, application, credential, (uint8_t)kind};
    if (tp_document_open(aes, &of, a->bytes, registrars, d->index, d->keys.open_secret) != TP_OK)
        return NULL;
    *len = a->len - head - TAG;
    uint8_t *out = malloc(*len);
    if (out && !decrypt(out, aes, a->bytes, head, a->bytes + head, *len)) {
        free(out);
        out = NULL;
    }
    tp_wipe(aes, sizeof aes);
    return out;
}

static int save_one(const desk *d, const char *id, const uint8_t credential[static 32],
                    unsigned kind, const tp_answer *a, const char *out) {
    char path[4096];
    size_t len;
    uint8_t *bytes = open_box(d, id, credential, kind, a, &len);
    if (!bytes)
        return tp_say(TP_EXIT_REFUSED, "%s: does not open with this key", tp_document_kind(kind));
    snprintf(path, sizeof path, "%s/%s-%s.jpg", out, id, tp_document_kind(kind));
    bool ok = tp_save_file(path, bytes, len, true);
    tp_wipe(bytes, len);
    free(bytes);
    if (ok) puts(path);
    return ok ? TP_EXIT_OK : TP_EXIT_SYSTEM;
}

int registrar_documents(desk *d, const char *id, const char *out) {
    int code = TP_EXIT_OK;
    unsigned found = 0;
    uint8_t credential[32];
    if (!out) tp_usage("--documents needs --out DIR");
    if (strlen(id) != 32) tp_usage("--documents takes the whole id, 32 digits");
    if (!registrar_credential(d, id, credential)) return TP_EXIT_REFUSED;
    if (mkdir(out, 0700) != 0 && errno != EEXIST)
        return tp_say(TP_EXIT_SYSTEM, "%s: %s", out, strerror(errno));
    for (unsigned kind = 1; code == TP_EXIT_OK && kind <= TP_DOCUMENT_KINDS; kind++) {
        tp_answer a = registrar_document(d, id, kind);
        if (a.status == 404) continue;
        found++;
        code = a.status == 200 ? save_one(d, id, credential, kind, &a, out)
                               : tp_say_answer(&a, "document");
    }
    if (code == TP_EXIT_OK && !found) return tp_say(TP_EXIT_REFUSED, "%s has no documents", id);
    return code != TP_EXIT_OK || note_opened(d, id, credential) ? code : TP_EXIT_SYSTEM;
}

void registrar_opinion(const desk *d, const char *id) {
    char path[4096], line[OPINION_MAX] = "";
    if (!d->opinions) return;
    snprintf(path, sizeof path, "%s/%s.txt", d->opinions, id);
    FILE *f = fopen(path, "r");
    bool got = f && fgets(line, sizeof line, f);
    if (f) fclose(f);
    if (!got) return;
    line[strcspn(line, "\n")] = 0;
    for (char *c = line; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = '?';
    printf("    outside check, which decides nothing: %s\n", line);
}
