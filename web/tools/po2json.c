/* Compiles a gettext .po catalogue into the JSON that the pages load: id -> text, or id -> [forms]
 * for plurals; "" -> { "plural": the expression of the header's Plural-Forms }. Strict: an empty or
 * fuzzy translation, a repeated id or a bad line ends the build.
 * Usage: po2json IN.po OUT.json
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_LEN = 4096, TEXT_MAX = 16384, FORMS_MAX = 6, IDS_MAX = 2048 };

typedef struct {
    const char *path;
    unsigned line;
    FILE *out;
    bool first;
    char id[TEXT_MAX], plural[TEXT_MAX], form[FORMS_MAX][TEXT_MAX];
    unsigned forms; /* msgstr seen of the current entry */
    char *target;   /* where a continuation line goes */
    bool open, fuzzy;
    char *seen[IDS_MAX];
    unsigned seen_count;
} compiler;

static void die(const compiler *c, const char *why) {
    fprintf(stderr, "%s:%u: %s\n", c->path, c->line, why);
    exit(1);
}

/* Appends the quoted text at p, with its escapes undone. */
static void append_quoted(compiler *c, char *to, const char *p) {
    size_t len = strlen(to);
    if (*p++ != '"') die(c, "expected a quoted text");
    for (; *p && *p != '"'; p++) {
        char ch = *p;
        if (ch == '\\') {
            p++;
            if (*p == 'n')
                ch = '\n';
            else if (*p == 't')
                ch = '\t';
            else if (*p == '"' || *p == '\\')
                ch = *p;
            else
                die(c, "unknown escape");
        }
        if (len + 1 >= TEXT_MAX) die(c, "text too long");
        to[len++] = ch;
    }
    to[len] = 0;
    if (*p != '"') die(c, "text does not end");
}

static void put_json(FILE *out, const char *s) {
    fputc('"', out);
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            fprintf(out, "\\%c", *s);
        else if (*s == '\n')
            fputs("\\n", out);
        else if ((unsigned char)*s < 0x20)
            fprintf(out, "\\u%04x", (unsigned)*s);
        else
            fputc(*s, out);
    }
    fputc('"', out);
}

static void put_header(compiler *c) {
    char *p = strstr(c->form[0], "plural=");
    /* "nplurals=2; plural=(n != 1);": the second of the two */
    char *expr = p ? strstr(p + 1, "plural=") : NULL;
    if (strncmp(c->form[0], "Project", 7) != 0 && !p) die(c, "header without Plural-Forms");
    expr = (expr ? expr : p) + strlen("plural=");
    expr[strcspn(expr, ";\n")] = 0;
    fputs("\"\":{\"plural\":", c->out);
    put_json(c->out, expr);
    fputc('}', c->out);
}

static void check_entry(compiler *c) {
    if (c->fuzzy) die(c, "fuzzy translation");
    if (!c->forms) die(c, "no msgstr");
    for (unsigned i = 0; i < c->forms; i++)
        if (!*c->form[i]) die(c, "empty translation");
    for (unsigned i = 0; i < c->seen_count; i++)
        if (!strcmp(c->seen[i], c->id)) die(c, "repeated msgid");
    if (c->seen_count == IDS_MAX) die(c, "too many entries");
    c->seen[c->seen_count++] = strdup(c->id);
}

static void finish_entry(compiler *c) {
    if (!c->open) return;
    check_entry(c);
    fputs(c->first ? "{\n" : ",\n", c->out);
    c->first = false;
    if (!*c->id) {
        put_header(c);
    } else {
        put_json(c->out, c->id);
        fputs(*c->plural ? ":[" : ":", c->out);
        for (unsigned i = 0; i < c->forms; i++) {
            if (i) fputc(',', c->out);
            put_json(c->out, c->form[i]);
        }
        if (*c->plural) fputc(']', c->out);
    }
    c->open = c->fuzzy = false;
    c->target = NULL;
}

static void begin_entry(compiler *c) {
    finish_entry(c);
    *c->id = *c->plural = 0;
    c->forms = 0;
    c->open = true;
    c->target = c->id;
}

static char *begin_form(compiler *c) {
    if (!c->open || c->forms == FORMS_MAX) die(c, "msgstr out of place");
    c->target = c->form[c->forms++];
    *c->target = 0;
    return c->target;
}

static void line(compiler *c, char *l) {
    l[strcspn(l, "\r\n")] = 0;
    if (!*l) return;
    if (!strncmp(l, "#,", 2) && strstr(l, "fuzzy")) {
        finish_entry(c);
        c->fuzzy = true;
    } else if (*l == '#') {
        return;
    } else if (!strncmp(l, "msgid_plural ", 13)) {
        append_quoted(c, c->target = c->plural, l + 13);
    } else if (!strncmp(l, "msgid ", 6)) {
        begin_entry(c);
        append_quoted(c, c->id, l + 6);
    } else if (!strncmp(l, "msgstr ", 7)) {
        if (c->forms || *c->plural) die(c, "msgstr out of place");
        append_quoted(c, begin_form(c), l + 7);
    } else if (!strncmp(l, "msgstr[", 7) && l[7] && !strncmp(l + 8, "] ", 2)) {
        if ((unsigned)(l[7] - '0') != c->forms) die(c, "plural forms out of order");
        append_quoted(c, begin_form(c), l + 10);
    } else if (*l == '"' && c->target) {
        append_quoted(c, c->target, l);
    } else {
        die(c, "cannot read this line");
    }
}

int main(int argc, char **argv) {
    static compiler c;
    static char buffer[LINE_MAX_LEN];
    if (argc != 3) return fprintf(stderr, "usage: po2json IN.po OUT.json\n"), 2;
    c.path = argv[1];
    c.first = true;
    FILE *in = fopen(argv[1], "r");
    c.out = fopen(argv[2], "w");
    if (!in || !c.out) return perror("po2json"), 1;
    while (fgets(buffer, sizeof buffer, in))
        c.line++, line(&c, buffer);
    finish_entry(&c);
    fputs("\n}\n", c.out);
    for (unsigned i = 0; i < c.seen_count; i++)
        free(c.seen[i]);
    fclose(in);
    return fclose(c.out) ? 1 : 0;
}
