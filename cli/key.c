/* `tapat key`: seeds of officers, registrars, trustees and witnesses, in files sealed by a
 * passphrase.
 *
 *   tapat-key v1 / role R / name N / public HEX / then  seed HEX  or  locked SALT BOX
 *
 * The backup on paper carries the same 32 bytes: the second medium of attack E8.
 */
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <sodium.h>

#include "cli/cli.h"
#include "election/code.h"
#include "election/desk.h"

enum {
    SALT = crypto_pwhash_SALTBYTES,
    NONCE = crypto_secretbox_NONCEBYTES,
    BOX = 32 + crypto_secretbox_MACBYTES,
    BACKUP_LINES = 3
};

/* How many bytes and code symbols each line of a backup carries. */
static const struct {
    unsigned bytes, symbols;
} backup[BACKUP_LINES] = {{15, 24}, {15, 24}, {2, 4}};

static bool known_role(const char *role) {
    static const char *const roles[] = {"officer", "registrar", "trustee", "witness"};
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (!strcmp(roles[i], role)) return true;
    return false;
}

/* Passphrase from TAPAT_PASSPHRASE or the terminal, without echo. */
static bool ask(char *out, size_t cap, const char *prompt) {
    const char *given = getenv("TAPAT_PASSPHRASE");
    if (given) return snprintf(out, cap, "%s", given) < (int)cap;
    struct termios old, quiet;
    if (tcgetattr(STDIN_FILENO, &old) != 0) {
        tp_say(0, "a passphrase is needed: set TAPAT_PASSPHRASE or run this on a terminal");
        return false;
    }
    quiet = old;
    quiet.c_lflag &= (tcflag_t)~ECHO;
    fputs(prompt, stderr);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    bool ok = fgets(out, (int)cap, stdin) != NULL;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
    fputc('\n', stderr);
    if (ok) out[strcspn(out, "\n")] = 0;
    return ok && out[0];
}

static bool passphrase_key(uint8_t key[static 32], const char *phrase, const uint8_t *salt) {
    return crypto_pwhash(key, 32, phrase, strlen(phrase), salt, crypto_pwhash_OPSLIMIT_MODERATE,
                         crypto_pwhash_MEMLIMIT_MODERATE, crypto_pwhash_ALG_ARGON2ID13) == 0;
}

/* "locked SALT BOX". spec: L-18 */
static bool seal(char *out, size_t cap, const uint8_t seed[static 32]) {
    uint8_t salt[TP_LOCK_SALT], box[TP_LOCK_BOX];
    char phrase[256], a[2 * TP_LOCK_SALT + 1], b[2 * TP_LOCK_BOX + 1];
    uint64_t *memory = malloc(TP_LOCK_BLOCKS * (size_t)1024);
    bool ok = memory && ask(phrase, sizeof phrase, "New passphrase: ");
    if (ok) {
        tp_random(salt, sizeof salt);
        tp_seed_lock(box, seed, phrase, strlen(phrase), salt, memory);
        tp_hex(a, salt, TP_LOCK_SALT);
        tp_hex(b, box, TP_LOCK_BOX);
        snprintf(out, cap, "locked %s %s\n", a, b);
    }
    tp_wipe(phrase, sizeof phrase);
    free(memory);
    return ok;
}

static bool unlock(uint8_t seed[static 32], const char *line, const char *path) {
    uint8_t salt[TP_LOCK_SALT], box[TP_LOCK_BOX];
    char phrase[256], prompt[512], a[2 * TP_LOCK_SALT + 2], b[2 * TP_LOCK_BOX + 2];
    snprintf(prompt, sizeof prompt, "Passphrase of %s: ", path);
    if (sscanf(line, "locked %33s %129s", a, b) != 2 || !tp_unhex(salt, sizeof salt, a) ||
        !tp_unhex(box, sizeof box, b)) {
        tp_say(0, "%s is damaged", path);
        return false;
    }
    uint64_t *memory = malloc(TP_LOCK_BLOCKS * (size_t)1024);
    bool ok = memory && ask(phrase, sizeof phrase, prompt);
    if (ok && tp_seed_unlock(seed, box, phrase, strlen(phrase), salt, memory)) {
        ok = false;
        tp_say(0, "%s: wrong passphrase, or the file is damaged", path);
    }
    tp_wipe(phrase, sizeof phrase);
    free(memory);
    return ok;
}

/* The older form. */
static bool unseal(uint8_t seed[static 32], const char *line, const char *path) {
    uint8_t salt[SALT], nonce[NONCE], box[BOX], key[32];
    char phrase[256], prompt[512], a[34], b[50], c[98];
    snprintf(prompt, sizeof prompt, "Passphrase of %s: ", path);
    if (sscanf(line, "sealed %33s %49s %97s", a, b, c) != 3 || !tp_unhex(salt, SALT, a) ||
        !tp_unhex(nonce, NONCE, b) || !tp_unhex(box, BOX, c)) {
        tp_say(0, "%s is damaged", path);
        return false;
    }
    if (!ask(phrase, sizeof phrase, prompt)) return false;
    bool ok = passphrase_key(key, phrase, salt) &&
              crypto_secretbox_open_easy(seed, box, sizeof box, nonce, key) == 0;
    tp_wipe(key, sizeof key);
    tp_wipe(phrase, sizeof phrase);
    if (!ok) tp_say(0, "%s: wrong passphrase, or the file is damaged", path);
    return ok;
}

static void derive(uint8_t public_key[static 32], tp_key_file *k) {
    uint8_t secret[64];
    if (!strcmp(k->role, "witness")) { /* its seed is that of Ed25519 */
        crypto_sign_seed_keypair(public_key, secret, k->seed);
        tp_wipe(secret, sizeof secret);
        return;
    }
    tp_trustee_derive(&k->keys, k->seed);
    memcpy(public_key, k->keys.identity_key, 32);
}

/* Never overwrites. hex: gets the public key. */
static int write_key(tp_key_file *k, const char *path, bool plain, char hex[static 65]) {
    char secret[256], text[1200];
    uint8_t pub[32];
    if (access(path, F_OK) == 0)
        return tp_say(TP_EXIT_REFUSED, "%s exists; keys are never overwritten", path);
    tp_hex(hex, k->seed, 32);
    snprintf(secret, sizeof secret, "seed %s\n", hex);
    if (!plain && !seal(secret, sizeof secret, k->seed)) return TP_EXIT_REFUSED;
    derive(pub, k);
    tp_hex(hex, pub, 32);
    int n = snprintf(text, sizeof text, "tapat-key v1\nrole %s\nname %s\npublic %s\n%s", k->role,
                     k->name, hex, secret);
    bool ok = tp_save_file(path, text, (size_t)n, true);
    tp_wipe(text, sizeof text);
    tp_wipe(secret, sizeof secret);
    return ok ? TP_EXIT_OK : TP_EXIT_SYSTEM;
}

/* Prints the public key. */
static int save(tp_key_file *k, const char *path, bool plain) {
    char hex[65];
    int code = write_key(k, path, plain, hex);
    if (code == TP_EXIT_OK) puts(hex);
    return code;
}

bool tp_key_save_plain(tp_key_file *k, const char *path) {
    char hex[65];
    return write_key(k, path, true, hex) == TP_EXIT_OK;
}

/* Reads text into k; says what is wrong. */
static bool parse(tp_key_file *k, char *text, const char *path, const char *role) {
    char hex[65];
    int used = 0;
    uint8_t said[32], pub[32];
    if (sscanf(text, "tapat-key v1\nrole %15s\nname %400[^\n]\npublic %64s\n%n", k->role, k->name,
               hex, &used) != 3 ||
        !used || !known_role(k->role) || !tp_unhex(said, 32, hex)) {
        tp_say(0, "%s is no key file of this program", path);
        return false;
    }
    if (role && strcmp(k->role, role) != 0) {
        tp_say(0, "%s is the key of a %s; a %s's is needed", path, k->role, role);
        return false;
    }
    char *rest = text + used;
    rest[strcspn(rest, "\n")] = 0;
    bool plain = !strncmp(rest, "seed ", 5), locked = !strncmp(rest, "locked ", 7);
    bool ok = plain    ? tp_unhex(k->seed, 32, rest + 5)
              : locked ? unlock(k->seed, rest, path)
                       : unseal(k->seed, rest, path);
    if (!ok) return false;
    derive(pub, k);
    if (tp_equal(pub, said, 32)) return true;
    tp_say(0, "%s is damaged: its key and seed differ", path);
    return false;
}

bool tp_key_load(tp_key_file *k, const char *path, const char *role) {
    size_t len;
    memset(k, 0, sizeof *k);
    char *text = (char *)tp_load_file(path, &len, 4096);
    if (!text) return false;
    bool ok = parse(k, text, path, role);
    tp_wipe(text, len);
    free(text);
    return ok;
}

int tp_key_index(const tp_key_file *k, const tp_college *college, const char *what) {
    for (int i = 0; i < college->count; i++)
        if (tp_equal(college->who[i].key, k->keys.identity_key, 32)) return i + 1;
    return tp_say(0, "the key of '%s' is not among this election's %s", k->name, what);
}

static int print_backup(const tp_key_file *k) {
    printf("Backup of %s '%s'. Whoever holds this page holds the key.\n\n", k->role, k->name);
    for (size_t line = 0, from = 0; line < BACKUP_LINES; line++) {
        uint8_t bytes[16] = {0};
        char code[TP_CODE_TEXT];
        memcpy(bytes, k->seed + from, backup[line].bytes);
        tp_code_write(code, bytes, backup[line].symbols);
        printf("  %zu  %s\n", line + 1, code);
        from += backup[line].bytes;
        tp_wipe(bytes, sizeof bytes);
    }
    return TP_EXIT_OK;
}

static int restore(tp_key_file *k, const char *path, bool plain) {
    for (size_t line = 0, from = 0; line < BACKUP_LINES; line++) {
        char text[80];
        uint8_t bytes[16];
        if (isatty(STDIN_FILENO)) fprintf(stderr, "Line %zu: ", line + 1);
        if (!fgets(text, sizeof text, stdin))
            return tp_say(TP_EXIT_USAGE, "a backup has %d lines", BACKUP_LINES);
        text[strcspn(text, "\n")] = 0;
        if (tp_code_read(bytes, backup[line].symbols, text, strlen(text)) != TP_OK)
            return tp_say(TP_EXIT_REFUSED, "line %zu of the backup has a wrong character",
                          line + 1);
        memcpy(k->seed + from, bytes, backup[line].bytes);
        from += backup[line].bytes;
    }
    return save(k, path, plain);
}

static int show(const tp_key_file *loaded) {
    tp_key_file k = *loaded;
    uint8_t pub[32];
    char hex[65];
    derive(pub, &k);
    tp_hex(hex, pub, 32);
    tp_wipe(&k, sizeof k);
    return puts(hex) < 0 ? TP_EXIT_SYSTEM : TP_EXIT_OK;
}

/* The key to which documents are sealed, as the manifest names it. spec: L-14 */
static int show_document_key(const tp_key_file *k) {
    tp_registrar_keys keys;
    char hex[65];
    if (strcmp(k->role, "registrar") != 0)
        return tp_say(TP_EXIT_REFUSED, "only a registrar's key opens documents");
    tp_registrar_derive(&keys, k->seed);
    tp_hex(hex, keys.open_key, 32);
    tp_wipe(&keys, sizeof keys);
    return puts(hex) < 0 ? TP_EXIT_SYSTEM : TP_EXIT_OK;
}

static int run(const char *verb, const char *path, tp_key_file *k, bool plain) {
    if (!strcmp(verb, "new")) {
        tp_random(k->seed, 32);
        return save(k, path, plain);
    }
    if (!strcmp(verb, "restore")) return restore(k, path, plain);
    bool print = !strcmp(verb, "print"), document = !strcmp(verb, "document");
    if (!print && !document && strcmp(verb, "show") != 0)
        tp_usage("key takes new, show, document, print or restore, not '%s'", verb);
    if (!tp_key_load(k, path, NULL)) return TP_EXIT_REFUSED;
    if (document) return show_document_key(k);
    return print ? print_backup(k) : show(k);
}

int tp_cmd_key(int argc, char **argv) {
    const char *role = "officer", *name = NULL, *words[2];
    bool plain = false;
    const tp_arg table[] = {
        {"--role", "ROLE", TP_ARG_TEXT, &role, "officer, registrar, trustee or witness"},
        {"--name", "NAME", TP_ARG_TEXT, &name, "whose key it is, as the manifest will name it"},
        {"--no-passphrase", NULL, TP_ARG_FLAG, &plain, "leave the file unsealed (tests)"},
        TP_ARG_END};
    size_t n =
        tp_args(argc, argv, "key new|show|print|restore FILE [options]",
                "new      make a key file and print its public key\n"
                "show     print the public key\n"
                "document print the key to which documents for this registrar are sealed\n"
                "print    print a backup for paper, three lines of symbols\n"
                "restore  make the file again out of a backup, read from standard input\n\n"
                "The passphrase is asked for, or taken from the environment's TAPAT_PASSPHRASE.",
                table, words, 2);
    if (n != 2) tp_usage("key takes new, show, document, print or restore, and a file");
    if (!known_role(role)) tp_usage("--role is officer, registrar, trustee or witness");
    tp_key_file k = {0};
    snprintf(k.role, sizeof k.role, "%s", role);
    snprintf(k.name, sizeof k.name, "%s", name ? name : role);
    int code = run(words[0], words[1], &k, plain);
    tp_wipe(&k, sizeof k);
    return code;
}
