/* The texts of messages: texts.h. */
#include "server/texts.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/pages.h"

extern const tp_page tp_text_list[]; /* KIND.LANGUAGE.txt, ended by name NULL */

enum { TEMPLATES_MAX = 128, FILE_MAX = 8192, NAME_LEN = 16 };

typedef struct {
    char kind[NAME_LEN], lang[8];
    char *subject, *text, *brief; /* in bytes */
    char *bytes;
} template;

struct tp_texts {
    size_t count;
    template list[TEMPLATES_MAX];
};

/* What a template of the kind may name; each begins and ends with a space. */
static const char *const kinds[][2] = {
    {"code", " title code mark minutes "},
    {"ready", " title "},
    {"cancelled", " title "},
    {"recorded", " title sequence "},
    {"letter", " title code "},
    {"applied", " title "},
    {"rejected", " title "},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

const char *tp_texts_kind(size_t i) {
    return i < KINDS ? kinds[i][0] : NULL;
}

json_t *tp_texts_example(void) {
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "title", "National election 2028", "code",
                     "123456", "mark", "KT", "minutes", "10", "sequence", "2");
}

const char *tp_message_state_name(tp_message_state state) {
    static const char *const names[TP_MESSAGE_STATES] = {NULL,        "queued", "sending",  "sent",
                                                         "delivered", "failed", "given-up", "void"};
    return names[state];
}

static const char *names_of(const char *kind) {
    for (size_t i = 0; i < KINDS; i++)
        if (!strcmp(kinds[i][0], kind)) return kinds[i][1];
    return NULL;
}

/* ---- reading ---- */

/* The placeholder at `at`, which is a '{'; its length with both braces, or 0 if it is none. */
static size_t placeholder(const char *at, char name[static NAME_LEN]) {
    size_t len = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz");
    if (!len || len >= NAME_LEN || at[len + 1] != '}') return 0;
    memcpy(name, at + 1, len);
    name[len] = 0;
    return len + 2;
}

/* NULL, or what is wrong with the text. */
static const char *wrong_names(const char *text, const char *names) {
    char name[NAME_LEN], spaced[NAME_LEN + 2];
    for (const char *at = text; (at = strchr(at, '{'));) {
        size_t len = placeholder(at, name);
        if (!len) return "a brace that is no {name}";
        snprintf(spaced, sizeof spaced, " %s ", name);
        if (!strstr(names, spaced)) return "a name that this kind of message has not";
        at += len;
    }
    return NULL;
}

/* A word that is a link and carries a value: who clicks would hand it on. Attack G3. */
static bool link_with_value(const char *text) {
    static const char blank[] = " \t\r\n";
    char word[256];
    for (const char *at = text + strspn(text, blank); *at; at += strspn(at, blank)) {
        size_t len = strcspn(at, blank);
        snprintf(word, sizeof word, "%.*s", (int)len, at);
        bool value = memchr(at, '{', len), query = strstr(word, "={") != NULL;
        bool link = query || strstr(word, ":/") || strcasestr(word, "www.");
        if (value && (link || len >= sizeof word)) return true;
        at += len;
    }
    return false;
}

/* What is wrong with a part of a template, or NULL. */
static const char *wrong_part(const char *text, const char *names) {
    return link_with_value(text) ? "a link that carries a value" : wrong_names(text, names);
}

/* Cuts t->bytes in its three parts; NULL, or what is wrong. */
static const char *cut(template *t) {
    static const char subject[] = "Subject: ", brief[] = "\n\nSMS: ";
    char *end = strchr(t->bytes, '\n'), *sms = strstr(t->bytes, brief);
    if (strncmp(t->bytes, subject, sizeof subject - 1) != 0) return "the first line is no Subject:";
    if (!end || end[1] != '\n') return "no empty line after the subject";
    if (!sms || sms <= end) return "no SMS: line after an empty one";
    *end = *sms = 0;
    t->subject = t->bytes + sizeof subject - 1;
    t->text = end + 2;
    t->brief = sms + sizeof brief - 1;
    t->brief[strcspn(t->brief, "\n")] = 0;
    for (const char *c = t->subject; *c; c++)
        if ((unsigned char)*c < 0x20) return "a control character in the subject";
    return NULL;
}

/* KIND.LANGUAGE.txt */
static bool split_name(const char *name, template *t) {
    const char *dot = strchr(name, '.'), *end = dot ? strchr(dot + 1, '.') : NULL;
    if (!end || strcmp(end, ".txt") != 0) return false;
    size_t kind = (size_t)(dot - name), lang = (size_t)(end - dot - 1);
    if (!kind || kind >= sizeof t->kind || !lang || lang >= sizeof t->lang) return false;
    snprintf(t->kind, sizeof t->kind, "%.*s", (int)kind, name);
    snprintf(t->lang, sizeof t->lang, "%.*s", (int)lang, dot + 1);
    return true;
}

static const template *find(const tp_texts *texts, const char *kind, const char *lang) {
    for (size_t i = 0; i < texts->count; i++)
        if (!strcmp(texts->list[i].kind, kind) && !strcmp(texts->list[i].lang, lang))
            return &texts->list[i];
    return NULL;
}

/* Takes the bytes over, NUL-terminated. */
static tp_err add(tp_texts *texts, const char *name, char *bytes, tp_fault *fault) {
    template t = {.bytes = bytes};
    const template *old;
    const char *names = NULL, *wrong = "not KIND.LANGUAGE.txt";
    if (split_name(name, &t) && !(names = names_of(t.kind))) wrong = "no such kind of message";
    if (names) wrong = cut(&t);
    if (!wrong) wrong = wrong_part(t.subject, names);
    if (!wrong) wrong = wrong_part(t.text, names);
    if (!wrong) wrong = wrong_part(t.brief, names);
    old = wrong ? NULL : find(texts, t.kind, t.lang);
    if (!wrong && !old && texts->count == TEMPLATES_MAX) wrong = "one template too many";
    if (wrong) {
        free(bytes);
        return tp_fail(fault, TP_REFUSED, "messages.template", "%s: %s", name, wrong);
    }
    size_t at = old ? (size_t)(old - texts->list) : texts->count++;
    free(texts->list[at].bytes);
    texts->list[at] = t;
    return TP_OK;
}

static tp_err add_file(tp_texts *texts, const char *folder, const char *name, tp_fault *fault) {
    char path[4096], *bytes = malloc(FILE_MAX + 1);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    size_t len = f && bytes ? fread(bytes, 1, FILE_MAX + 1, f) : FILE_MAX + 1;
    if (f) fclose(f);
    if (len > FILE_MAX) {
        free(bytes);
        return tp_fail(fault, TP_REFUSED, "messages.template", "%s: cannot be read, or too long",
                       name);
    }
    bytes[len] = 0;
    return add(texts, name, bytes, fault);
}

static tp_err add_folder(tp_texts *texts, const char *folder, tp_fault *fault) {
    DIR *dir = opendir(folder);
    tp_err err = TP_OK;
    if (!dir)
        return tp_fail(fault, TP_SYSTEM, "messages.folder", "%s: %s", folder, strerror(errno));
    for (struct dirent *e; !err && (e = readdir(dir));)
        if (e->d_name[0] != '.') err = add_file(texts, folder, e->d_name, fault);
    closedir(dir);
    return err;
}

tp_err tp_texts_load(tp_texts **out, const char *folder, tp_fault *fault) {
    tp_texts *texts = *out = calloc(1, sizeof *texts);
    tp_err err = TP_OK;
    if (!texts) return tp_fail(fault, TP_SYSTEM, "messages.folder", "no memory");
    for (const tp_page *p = tp_text_list; !err && p->name; p++) {
        char *bytes = calloc(1, p->plain_len + 1);
        if (!bytes) abort();
        memcpy(bytes, p->plain, p->plain_len);
        err = add(texts, p->name, bytes, fault);
    }
    return !err && folder ? add_folder(texts, folder, fault) : err;
}

void tp_texts_free(tp_texts *texts) {
    for (size_t i = 0; texts && i < texts->count; i++)
        free(texts->list[i].bytes);
    free(texts);
}

/* ---- filling ---- */

/* A value's control characters become spaces, so that none can add a line. */
static bool put_value(char **out, const char *end, const char *value) {
    for (; *value && *out < end; value++)
        *(*out)++ = (unsigned char)*value < 0x20 ? ' ' : *value;
    return !*value;
}

static tp_err fill(char *out, size_t cap, const char *text, const json_t *values) {
    char name[NAME_LEN], *end = out + cap - 1;
    while (*text && out < end) {
        size_t len = *text == '{' ? placeholder(text, name) : 0;
        const char *value = len ? json_string_value(json_object_get(values, name)) : NULL;
        if (len && !(value && put_value(&out, end, value))) return value ? TP_TOO_BIG : TP_REFUSED;
        if (!len) *out++ = *text;
        text += len ? len : 1;
    }
    *out = 0;
    return *text ? TP_TOO_BIG : TP_OK;
}

tp_err tp_texts_fill(const tp_texts *texts, const char *kind, const char *lang,
                     const json_t *values, tp_text *out) {
    const template *t = find(texts, kind, lang);
    if (!t) t = find(texts, kind, "en");
    if (!t) return TP_REFUSED;
    tp_err err = fill(out->subject, sizeof out->subject, t->subject, values);
    if (!err) err = fill(out->text, sizeof out->text, t->text, values);
    if (!err) err = fill(out->brief, sizeof out->brief, t->brief, values);
    return err;
}
