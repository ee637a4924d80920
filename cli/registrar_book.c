/* The book of a registrar: registrar_book.h. spec: L-24 */
#include "cli/registrar_book.h"

#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

typedef struct row {
    char number[32];
    uint8_t credential[32];
    bool cancelled;
    struct row *next; /* another key of this number */
} row;

struct registrar_book {
    char path[4096], fingerprint[65];
    FILE *f;
    long at;    /* read so far */
    void *rows; /* tsearch, by number: the first of each */
};

static int by_number(const void *a, const void *b) {
    const row *x = a, *y = b;
    return strcmp(x->number, y->number);
}

bool registrar_book_takes(const char *number) {
    size_t len = strlen(number);
    for (const char *c = number; *c; c++)
        if (*c <= ' ' || *c > '~') return false;
    return len && len < sizeof((row *)NULL)->number && strcmp(number, "-") != 0;
}

registrar_book *registrar_book_open(const char *key_file, const uint8_t fingerprint[static 32]) {
    registrar_book *b = calloc(1, sizeof *b);
    if (!b) abort();
    int n = snprintf(b->path, sizeof b->path, "%s.signed", key_file);
    tp_hex(b->fingerprint, fingerprint, 32);
    b->f = n < (int)sizeof b->path ? fopen(b->path, "a+e") : NULL;
    if (b->f && registrar_book_refresh(b)) return b;
    if (!b->f) (void)tp_say(0, "%s: %s", b->path, strerror(errno));
    registrar_book_close(b);
    return NULL;
}

static void free_rows(void *first) {
    for (row *r = first, *next; r; r = next) {
        next = r->next;
        free(r);
    }
}

void registrar_book_close(registrar_book *b) {
    if (!b) return;
    if (b->f) fclose(b->f);
    tdestroy(b->rows, free_rows);
    free(b);
}

static row *of_key(row *r, const uint8_t credential[static 32]) {
    while (r && memcmp(r->credential, credential, 32) != 0)
        r = r->next;
    return r;
}

typedef struct {
    const uint8_t *credential;
    row *found;
} search;

static void look(const void *node, VISIT visit, void *closure) {
    search *s = closure;
    if (visit != postorder && visit != leaf) return;
    row *r = of_key(*(row *const *)node, s->credential);
    if (r) s->found = r;
}

static void take(registrar_book *b, const char *number, const uint8_t credential[static 32]) {
    if (!strcmp(number, "-")) {
        search s = {.credential = credential};
        twalk_r(b->rows, look, &s);
        if (s.found) s.found->cancelled = true;
        return;
    }
    row *r = calloc(1, sizeof *r);
    if (!r) abort();
    snprintf(r->number, sizeof r->number, "%s", number);
    memcpy(r->credential, credential, 32);
    row **there = tsearch(r, &b->rows, by_number), *had;
    if (!there) abort();
    if (*there == r) return;
    if ((had = of_key(*there, credential))) {
        had->cancelled = false;
        free(r);
    } else {
        r->next = (*there)->next;
        (*there)->next = r;
    }
}

/* Lines of other elections are passed over. */
static bool take_line(registrar_book *b, char *line) {
    uint8_t credential[32];
    char *number = strchr(line, ' '), *key = number ? strchr(number + 1, ' ') : NULL;
    if (!key) return false;
    *number++ = 0;
    *key++ = 0;
    if (strlen(line) != 64 || !tp_unhex(credential, 32, key) ||
        (strcmp(number, "-") != 0 && !registrar_book_takes(number)))
        return false;
    if (!strcmp(line, b->fingerprint)) take(b, number, credential);
    return true;
}

bool registrar_book_refresh(registrar_book *b) {
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    bool ok = fflush(b->f) == 0 && fseek(b->f, b->at, SEEK_SET) == 0;
    while (ok && (len = getline(&line, &cap, b->f)) > 0 && line[len - 1] == '\n') {
        line[len - 1] = 0;
        ok = take_line(b, line);
        b->at += len;
    }
    free(line);
    if (!ok) (void)tp_say(0, "%s is no book of what was signed", b->path);
    return ok;
}

/* Who was killed while writing left a part of a line, of which nothing was signed yet; a line of
 * which the end alone lacks stays. */
static bool end_last_line(registrar_book *b) {
    char *line = NULL;
    size_t cap = 0;
    struct stat st;
    bool ok = fstat(fileno(b->f), &st) == 0;
    if (ok && st.st_size > b->at) {
        ok = fseek(b->f, b->at, SEEK_SET) == 0 && getline(&line, &cap, b->f) > 0;
        if (ok && take_line(b, line))
            ok = fseek(b->f, 0, SEEK_END) == 0 && fputc('\n', b->f) != EOF;
        else
            ok = ok && ftruncate(fileno(b->f), b->at) == 0;
    }
    free(line);
    return ok;
}

bool registrar_book_begin(registrar_book *b) {
    int done;
    do
        done = flock(fileno(b->f), LOCK_EX);
    while (done && errno == EINTR);
    if (!done && registrar_book_refresh(b) && end_last_line(b)) return true;
    (void)tp_say(0, "%s cannot be written: nothing is signed", b->path);
    registrar_book_end(b);
    return false;
}

void registrar_book_end(registrar_book *b) {
    (void)flock(fileno(b->f), LOCK_UN);
}

bool registrar_book_other(const registrar_book *b, const char *number,
                          const uint8_t credential[static 32]) {
    row of = {0};
    snprintf(of.number, sizeof of.number, "%s", number);
    row *const *there = tfind(&of, &b->rows, by_number);
    for (const row *r = there ? *there : NULL; r; r = r->next)
        if (!r->cancelled && memcmp(r->credential, credential, 32) != 0) return true;
    return false;
}

void registrar_book_add(registrar_book *b, const char *number,
                        const uint8_t credential[static 32]) {
    char hex[65];
    tp_hex(hex, credential, 32);
    fseek(b->f, 0, SEEK_END);
    fprintf(b->f, "%s %s %s\n", b->fingerprint, number, hex);
}

bool registrar_book_sync(registrar_book *b) {
    bool ok = fflush(b->f) == 0 && !ferror(b->f) && fsync(fileno(b->f)) == 0;
    if (!ok) (void)tp_say(0, "%s cannot be written: nothing is signed", b->path);
    ok = ok && registrar_book_refresh(b);
    registrar_book_end(b);
    return ok;
}
