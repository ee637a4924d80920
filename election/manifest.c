/* Stage define: reads a manifest. Strict: every object has exactly its members, every number its
 * bounds, every reference its target. At least as strict as spec/manifest.schema.json.
 * spec: chapter 3 (define), requirements M-1..M-23.
 *
 * Invariants
 *  1. A parsed manifest satisfies every limit of election.h, and a ballot, a deal and an opening
 *     of it fit in one entry.
 *  2. All memory hangs on m->arena; a refused manifest leaves nothing behind.
 */
#include "election/manifest.h"

#include "core/group/group.h"
#include "core/merkle/note.h"
#include "election/ceremony.h"
#include "election/cast.h"

#include <jansson.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_ID = 40,
    MAX_LANGUAGES = 8,
    MAX_NUMBER = 9999,        /* of an option */
    MAX_REGISTERED = 1 << 23, /* of one unit */
    MAX_FLOOR = 1000000,
    MAX_VALUES = 1 << 19, /* and other commas */
    MAX_INTERVAL_S = 86400,
    MAX_SHARED = 100,
    MAX_REVIEW_DAYS = 90,
};

/* ---- memory ---- */

typedef struct block {
    struct block *next;
    max_align_t bytes[];
} block;

static void *keep(tp_manifest *m, size_t len) {
    block *b = calloc(1, sizeof *b + (len ? len : 1));
    if (!b) return NULL;
    b->next = m->arena;
    m->arena = b;
    return b->bytes;
}

static const char *keep_text(tp_manifest *m, const char *text) {
    size_t len = strlen(text) + 1;
    char *copy = keep(m, len);
    if (copy) memcpy(copy, text, len);
    return copy;
}

void tp_manifest_free(tp_manifest *m) {
    for (block *b = m->arena, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    memset(m, 0, sizeof *m);
}

/* ---- the walk: a path for messages, and typed members ---- */

typedef struct {
    tp_manifest *m;
    tp_fault *fault;
    json_t *languages;
    char path[80];
    size_t path_len;
} walk;

static size_t enter(walk *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static size_t enter(walk *w, const char *format, ...) {
    size_t at = w->path_len, room = sizeof w->path - at;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(w->path + at, room, format, args);
    va_end(args);
    w->path_len = at + ((size_t)n < room ? (size_t)n : room - 1);
    return at;
}

static void leave(walk *w, size_t at) {
    w->path_len = at;
    w->path[at] = 0;
}

static tp_err refuse(walk *w, tp_err err, const char *code) {
    return tp_fail(w->fault, err, code, "%s", w->path_len ? w->path + (w->path[0] == '.') : "/");
}

static tp_err refuse_at(walk *w, const char *name, tp_err err, const char *code) {
    size_t at = enter(w, ".%s", name);
    tp_err result = refuse(w, err, code);
    leave(w, at);
    return result;
}

static tp_err out_of_memory(walk *w) {
    return refuse(w, TP_SYSTEM, "");
}

/* The object has these members and no other; names ends with NULL. spec: M-2 */
static tp_err exactly(walk *w, json_t *object, const char *const *names) {
    if (!json_is_object(object)) return refuse(w, TP_MALFORMED, "manifest.type");
    size_t count = 0;
    for (; names[count]; count++)
        if (!json_object_get(object, names[count]))
            return refuse_at(w, names[count], TP_MALFORMED, "manifest.members");
    if (json_object_size(object) != count) return refuse(w, TP_MALFORMED, "manifest.members");
    return TP_OK;
}

static tp_err number(uint64_t *out, walk *w, json_t *object, const char *name, uint64_t min,
                     uint64_t max) {
    json_t *v = json_object_get(object, name);
    if (!json_is_integer(v)) return refuse_at(w, name, TP_MALFORMED, "manifest.type");
    json_int_t i = json_integer_value(v);
    if (i < 0 || (uint64_t)i < min || (uint64_t)i > max)
        return refuse_at(w, name, TP_REFUSED, "manifest.value");
    *out = (uint64_t)i;
    return TP_OK;
}

static tp_err number16(uint16_t *out, walk *w, json_t *object, const char *name, uint16_t min,
                       uint16_t max) {
    uint64_t v = 0;
    tp_err err = number(&v, w, object, name, min, max);
    if (err == TP_OK) *out = (uint16_t)v;
    return err;
}

static tp_err number32(uint32_t *out, walk *w, json_t *object, const char *name, uint32_t min,
                       uint32_t max) {
    uint64_t v = 0;
    tp_err err = number(&v, w, object, name, min, max);
    if (err == TP_OK) *out = (uint32_t)v;
    return err;
}

/* Control characters and the marks that turn the direction of writing would let a name pose as
 * another. spec: M-5 */
static bool deceptive(const char *text) {
    for (const uint8_t *p = (const uint8_t *)text; *p; p++) {
        if (*p < 0x20 || *p == 0x7f) return true;
        if (p[0] == 0xc2 && p[1] < 0xa0) return true; /* U+0080..9F */
        if (p[0] == 0xe2 && p[1] == 0x80 && (p[2] & 0x7f) >= 0x28 && (p[2] & 0x7f) <= 0x2e)
            return true; /* U+2028..202E */
        if (p[0] == 0xe2 && p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9) return true;
    }
    return false;
}

static tp_err check_text(walk *w, json_t *v, size_t min) {
    if (!json_is_string(v)) return refuse(w, TP_MALFORMED, "manifest.type");
    size_t len = json_string_length(v);
    const char *text = json_string_value(v);
    if (len < min || len > TP_MAX_TEXT || deceptive(text) ||
        (len && (text[0] == ' ' || text[len - 1] == ' ')))
        return refuse(w, TP_REFUSED, "manifest.value");
    return TP_OK;
}

static tp_err text(const char **out, walk *w, json_t *object, const char *name, size_t min) {
    size_t at = enter(w, ".%s", name);
    json_t *v = json_object_get(object, name);
    tp_err err = check_text(w, v, min);
    if (err != TP_OK) return err;
    leave(w, at);
    *out = keep_text(w->m, json_string_value(v));
    return *out ? TP_OK : out_of_memory(w);
}

/* Letters, digits and . _ - only. spec: M-4 */
static bool is_id(const char *s) {
    size_t len = strlen(s);
    return len >= 1 && len <= MAX_ID &&
           strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == len;
}

static tp_err id(const char **out, walk *w, json_t *object, const char *name) {
    tp_err err = text(out, w, object, name, 1);
    if (err != TP_OK) return err;
    return is_id(*out) ? TP_OK : refuse_at(w, name, TP_REFUSED, "manifest.value");
}

static tp_err array(json_t **out, walk *w, json_t *object, const char *name, size_t min,
                    size_t max) {
    json_t *v = json_object_get(object, name);
    if (!json_is_array(v)) return refuse_at(w, name, TP_MALFORMED, "manifest.type");
    if (json_array_size(v) < min || json_array_size(v) > max)
        return refuse_at(w, name, TP_REFUSED, "manifest.value");
    *out = v;
    return TP_OK;
}

static bool hex32(uint8_t out[static 32], const char *hex) {
    if (strlen(hex) != 64 || strspn(hex, "0123456789abcdef") != 64) return false;
    return sodium_hex2bin(out, 32, hex, 64, NULL, NULL, NULL) == 0;
}

static tp_err key_bytes(uint8_t out[static 32], walk *w, json_t *object) {
    const char *hex = json_string_value(json_object_get(object, "key"));
    if (!hex) return refuse_at(w, "key", TP_MALFORMED, "manifest.type");
    return hex32(out, hex) ? TP_OK : refuse_at(w, "key", TP_MALFORMED, "manifest.key");
}

/* A text in every language of the manifest, and in no other. Gives the first. spec: M-6 */
static tp_err localized(const char **out, walk *w, json_t *object, const char *name) {
    size_t at = enter(w, ".%s", name), i;
    json_t *v = json_object_get(object, name), *language;
    if (!json_is_object(v)) return refuse(w, TP_MALFORMED, "manifest.type");
    if (json_object_size(v) != json_array_size(w->languages))
        return refuse(w, TP_MALFORMED, "manifest.members");
    json_array_foreach(w->languages, i, language) {
        const char *tag = json_string_value(language), *in_language;
        if (!json_object_get(v, tag)) return refuse_at(w, tag, TP_MALFORMED, "manifest.members");
        tp_err err = text(&in_language, w, v, tag, 1);
        if (err != TP_OK) return err;
        if (i == 0) *out = in_language;
    }
    leave(w, at);
    return TP_OK;
}

/* ---- the parts ---- */

static unsigned leap_day(unsigned year) {
    return year % 4 == 0 && (year % 100 || year % 400 == 0) ? 1 : 0;
}

static unsigned days_of(unsigned year, unsigned month) {
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 ? leap_day(year) : 0);
}

/* Two decimal digits. */
static unsigned pair_at(const char *s) {
    return (unsigned)(s[0] - '0') * 10 + (unsigned)(s[1] - '0');
}

/* "2028-04-13T00:00:00Z", a day that exists, 2000..2199. spec: M-7 */
static bool utc_time(uint64_t *out, const char *s) {
    static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
    if (strlen(s) != sizeof shape - 1) return false;
    for (size_t i = 0; shape[i]; i++)
        if (shape[i] == 'd' ? s[i] < '0' || s[i] > '9' : s[i] != shape[i]) return false;
    unsigned year = pair_at(s) * 100 + pair_at(s + 2), month = pair_at(s + 5);
    unsigned day = pair_at(s + 8), hour = pair_at(s + 11), minute = pair_at(s + 14);
    unsigned second = pair_at(s + 17);
    if (year < 2000 || year > 2199 || month < 1 || month > 12) return false;
    if (day < 1 || day > days_of(year, month) || hour > 23 || minute > 59 || second > 59)
        return false;
    uint64_t days = 10957u + day - 1; /* 2000-01-01 */
    for (unsigned y = 2000; y < year; y++)
        days += 365 + leap_day(y);
    for (unsigned i = 1; i < month; i++)
        days += days_of(year, i);
    *out = days * 86400 + hour * 3600 + minute * 60 + second;
    return true;
}

static tp_err parse_time(uint64_t *out, walk *w, json_t *times, const char *name) {
    const char *s = json_string_value(json_object_get(times, name));
    if (!s) return refuse_at(w, name, TP_MALFORMED, "manifest.type");
    return utc_time(out, s) ? TP_OK : refuse_at(w, name, TP_MALFORMED, "manifest.value");
}

static tp_err parse_times(walk *w, json_t *root) {
    static const char *const names[] = {"enrol", "open", "close", NULL};
    json_t *times = json_object_get(root, "times");
    tp_manifest *m = w->m;
    size_t at = enter(w, ".times");
    tp_err err = exactly(w, times, names);
    if (err == TP_OK) err = parse_time(&m->enrol_time, w, times, "enrol");
    if (err == TP_OK) err = parse_time(&m->open_time, w, times, "open");
    if (err == TP_OK) err = parse_time(&m->close_time, w, times, "close");
    if (err != TP_OK) return err;
    if (m->enrol_time > m->open_time || m->open_time >= m->close_time)
        return refuse(w, TP_REFUSED, "manifest.times");
    leave(w, at);
    return TP_OK;
}

static tp_err parse_languages(walk *w, json_t *root) {
    json_t *language;
    size_t i;
    tp_err err = array(&w->languages, w, root, "languages", 1, MAX_LANGUAGES);
    if (err != TP_OK) return err;
    json_array_foreach(w->languages, i, language) {
        size_t at = enter(w, ".languages[%zu]", i);
        const char *tag = json_string_value(language);
        if (!tag) return refuse(w, TP_MALFORMED, "manifest.type");
        size_t len = strlen(tag);
        if (len < 2 || len > 3 || strspn(tag, "abcdefghijklmnopqrstuvwxyz") != len)
            return refuse(w, TP_REFUSED, "manifest.value");
        for (size_t j = 0; j < i; j++)
            if (json_equal(language, json_array_get(w->languages, j)))
                return refuse(w, TP_REFUSED, "manifest.duplicate");
        leave(w, at);
    }
    return TP_OK;
}

/* The value of a member is one of these words. */
static tp_err word(size_t *out, walk *w, json_t *v, const char *name, const char *const *words) {
    const char *s = json_string_value(v);
    if (!s) return refuse_at(w, name, TP_MALFORMED, "manifest.type");
    for (size_t i = 0; words[i]; i++)
        if (!strcmp(s, words[i])) {
            *out = i;
            return TP_OK;
        }
    return refuse_at(w, name, TP_REFUSED, "manifest.value");
}

/* spec: M-10 */
static tp_err parse_option(walk *w, tp_contest *c, size_t i, json_t *option) {
    static const char *const names[] = {"number", "name", "party", NULL};
    tp_option *o = &c->options[i];
    tp_err err = exactly(w, option, names);
    if (err == TP_OK) err = number16(&o->number, w, option, "number", 1, MAX_NUMBER);
    if (err == TP_OK) err = text(&o->name, w, option, "name", 1);
    if (err == TP_OK) err = text(&o->party, w, option, "party", 0);
    for (size_t j = 0; err == TP_OK && j < i; j++)
        if (c->options[j].number == o->number || !strcmp(c->options[j].name, o->name))
            return refuse(w, TP_REFUSED, "manifest.duplicate");
    return err;
}

static tp_err parse_options(walk *w, tp_contest *c, json_t *contest) {
    json_t *options, *option;
    size_t i;
    tp_err err = array(&options, w, contest, "options", 1, TP_MAX_OPTIONS);
    if (err != TP_OK) return err;
    c->shape.n = (uint16_t)json_array_size(options);
    c->options = keep(w->m, c->shape.n * sizeof *c->options);
    if (!c->options) return out_of_memory(w);
    json_array_foreach(options, i, option) {
        size_t at = enter(w, ".options[%zu]", i);
        if ((err = parse_option(w, c, i, option)) != TP_OK) return err;
        leave(w, at);
    }
    return TP_OK;
}

/* spec: M-11 */
static tp_err parse_counting(walk *w, tp_contest *c, json_t *contest) {
    static const char *const methods[] = {"plurality-at-large", "totals", NULL};
    static const char *const tallies[] = {"sum", NULL};
    size_t method = 0, tally;
    uint16_t n = c->shape.n, most = n < TP_MAX_CHOICES ? n : TP_MAX_CHOICES;
    tp_err err = number16(&c->shape.b, w, contest, "max", 1, most);
    if (err == TP_OK) err = number16(&c->shape.a, w, contest, "min", 0, c->shape.b);
    if (err == TP_OK) err = word(&tally, w, json_object_get(contest, "tally"), "tally", tallies);
    if (err == TP_OK) err = word(&method, w, json_object_get(contest, "method"), "method", methods);
    if (err != TP_OK) return err;
    c->method = method ? TP_TOTALS : TP_PLURALITY;
    return number16(&c->seats, w, contest, "seats", c->method == TP_PLURALITY,
                    c->method == TP_PLURALITY ? n : 0);
}

static tp_err parse_contest(walk *w, size_t i, json_t *contest) {
    static const char *const names[] = {"id",    "title",  "options", "min", "max",
                                        "seats", "method", "tally",   NULL};
    tp_contest *c = &w->m->contests[i];
    tp_err err = exactly(w, contest, names);
    if (err == TP_OK) err = id(&c->id, w, contest, "id");
    if (err == TP_OK) err = localized(&c->title, w, contest, "title");
    if (err == TP_OK) err = parse_options(w, c, contest);
    if (err == TP_OK) err = parse_counting(w, c, contest);
    if (err != TP_OK) return err;
    for (size_t j = 0; j < i; j++)
        if (!strcmp(w->m->contests[j].id, c->id))
            return refuse(w, TP_REFUSED, "manifest.duplicate");
    return TP_OK;
}

static int find_contest(const tp_manifest *m, const char *name) {
    for (int i = 0; name && i < m->contest_count; i++)
        if (!strcmp(m->contests[i].id, name)) return i;
    return -1;
}

static int find_style(const tp_manifest *m, const char *name) {
    for (int i = 0; name && i < m->style_count; i++)
        if (!strcmp(m->styles[i].id, name)) return i;
    return -1;
}

/* Contests in the order of the manifest. spec: M-12 */
static tp_err parse_style(walk *w, size_t i, json_t *style) {
    static const char *const names[] = {"id", "contests", NULL};
    tp_style *s = &w->m->styles[i];
    json_t *list = NULL, *name;
    size_t k;
    tp_err err = exactly(w, style, names);
    if (err == TP_OK) err = id(&s->id, w, style, "id");
    if (err == TP_OK) err = array(&list, w, style, "contests", 1, TP_MAX_CONTESTS);
    if (err != TP_OK) return err;
    json_array_foreach(list, k, name) {
        int c = find_contest(w->m, json_string_value(name));
        if (!json_is_string(name)) return refuse_at(w, "contests", TP_MALFORMED, "manifest.type");
        if (k && c == s->contests[k - 1])
            return refuse_at(w, "contests", TP_REFUSED, "manifest.duplicate");
        if (c < 0 || (k && c < s->contests[k - 1]))
            return refuse_at(w, "contests", TP_REFUSED, "manifest.reference");
        s->contests[k] = (uint16_t)c;
    }
    s->contest_count = (uint16_t)json_array_size(list);
    for (size_t j = 0; j < i; j++)
        if (!strcmp(w->m->styles[j].id, s->id)) return refuse(w, TP_REFUSED, "manifest.duplicate");
    return TP_OK;
}

/* spec: M-13 */
static tp_err parse_unit(walk *w, size_t i, json_t *unit) {
    static const char *const names[] = {"id",         "name",  "country", "group",
                                        "registered", "style", NULL};
    tp_unit *u = &w->m->units[i];
    tp_err err = exactly(w, unit, names);
    if (err == TP_OK) err = id(&u->id, w, unit, "id");
    if (err == TP_OK) err = text(&u->name, w, unit, "name", 1);
    if (err == TP_OK) err = text(&u->country, w, unit, "country", 1);
    if (err == TP_OK) err = id(&u->group, w, unit, "group");
    if (err == TP_OK) err = number32(&u->registered, w, unit, "registered", 0, MAX_REGISTERED);
    if (err != TP_OK) return err;
    if (!json_is_string(json_object_get(unit, "style")))
        return refuse_at(w, "style", TP_MALFORMED, "manifest.type");
    int style = find_style(w->m, json_string_value(json_object_get(unit, "style")));
    if (style < 0) return refuse_at(w, "style", TP_REFUSED, "manifest.reference");
    u->style = (uint16_t)style;
    for (size_t j = 0; j < i; j++)
        if (!strcmp(w->m->units[j].id, u->id)) return refuse(w, TP_REFUSED, "manifest.duplicate");
    return TP_OK;
}

typedef tp_err (*part)(walk *w, size_t i, json_t *v);

/* Every element of a list of objects through one function. */
static tp_err parse_list(walk *w, json_t *root, const char *name, part each, void **list,
                         size_t size, uint16_t *count, size_t max) {
    json_t *values, *v;
    size_t i;
    tp_err err = array(&values, w, root, name, 1, max);
    if (err != TP_OK) return err;
    *list = keep(w->m, json_array_size(values) * size);
    if (!*list) return out_of_memory(w);
    *count = (uint16_t)json_array_size(values);
    json_array_foreach(values, i, v) {
        size_t at = enter(w, ".%s[%zu]", name, i);
        if ((err = each(w, i, v)) != TP_OK) return err;
        leave(w, at);
    }
    return TP_OK;
}

/* A key that signs: a group element other than the identity. spec: M-14 */
static bool good_key(const uint8_t key[static 32]) {
    tp_point p;
    return tp_points_decode_var(&p, tp_rows(key), 1, NULL) == TP_OK && !tp_point_is_identity(&p);
}

static tp_err parse_signer(walk *w, tp_college *college, size_t i, json_t *who) {
    static const char *const names[] = {"name", "key", NULL};
    tp_signer *s = &college->who[i];
    tp_err err = exactly(w, who, names);
    if (err == TP_OK) err = text(&s->name, w, who, "name", 1);
    if (err == TP_OK) err = key_bytes(s->key, w, who);
    if (err != TP_OK) return err;
    if (!good_key(s->key)) return refuse_at(w, "key", TP_MALFORMED, "manifest.key");
    for (size_t j = 0; j < i; j++)
        if (!strcmp(college->who[j].name, s->name) || !memcmp(college->who[j].key, s->key, 32))
            return refuse(w, TP_REFUSED, "manifest.duplicate");
    return TP_OK;
}

static tp_err parse_college(walk *w, json_t *root, const char *name, tp_college *college,
                            const char *quorum, size_t min, size_t max) {
    const char *const names[] = {quorum, "who", NULL};
    json_t *object = json_object_get(root, name), *list = NULL, *who;
    size_t at = enter(w, ".%s", name), i;
    tp_err err = exactly(w, object, names);
    if (err == TP_OK) err = array(&list, w, object, "who", min, max);
    if (err != TP_OK) return err;
    college->count = (uint16_t)json_array_size(list);
    json_array_foreach(list, i, who) {
        size_t inner = enter(w, ".who[%zu]", i);
        if ((err = parse_signer(w, college, i, who)) != TP_OK) return err;
        leave(w, inner);
    }
    leave(w, at);
    return TP_OK;
}

/* t of n with n >= 3 and 2 <= t < n: one lost share must not void an election. spec: M-15, E7 */
static tp_err parse_trustees(walk *w, json_t *root) {
    tp_college *c = &w->m->trustees;
    json_t *object = json_object_get(root, "trustees");
    tp_err err = parse_college(w, root, "trustees", c, "threshold", 3, TP_MAX_TRUSTEES);
    if (err != TP_OK) return err;
    size_t at = enter(w, ".trustees");
    err = number16(&c->quorum, w, object, "threshold", 2, TP_MAX_TRUSTEES - 1);
    if (err != TP_OK) return err;
    if (c->quorum >= c->count) return refuse_at(w, "threshold", TP_REFUSED, "manifest.threshold");
    leave(w, at);
    return TP_OK;
}

/* spec: M-15 */
static tp_err parse_quorum_of(walk *w, json_t *root, const char *name, tp_college *c) {
    tp_err err = parse_college(w, root, name, c, "quorum", 1, TP_MAX_SIGNERS);
    if (err != TP_OK) return err;
    size_t at = enter(w, ".%s", name);
    err = number16(&c->quorum, w, json_object_get(root, name), "quorum", 1, c->count);
    if (err == TP_OK) leave(w, at);
    return err;
}

static tp_err parse_log(walk *w, json_t *root) {
    static const char *const names[] = {"origin", "key", NULL};
    json_t *log = json_object_get(root, "log");
    tp_vkey name;
    size_t at = enter(w, ".log");
    tp_err err = exactly(w, log, names);
    if (err == TP_OK) err = text(&w->m->log_origin, w, log, "origin", 1);
    if (err == TP_OK) err = key_bytes(w->m->log_key, w, log);
    if (err != TP_OK) return err;
    if (tp_vkey_init(&name, w->m->log_origin, strlen(w->m->log_origin), TP_KEY_ED25519,
                     w->m->log_key))
        return refuse_at(w, "origin", TP_REFUSED, "manifest.value");
    if (!crypto_core_ed25519_is_valid_point(w->m->log_key))
        return refuse_at(w, "key", TP_MALFORMED, "manifest.key");
    leave(w, at);
    return TP_OK;
}

/* The name of a C2SP key, and a key of Ed25519 that is nobody else's here. spec: M-20 */
static tp_err parse_witness(walk *w, size_t i, json_t *who) {
    static const char *const names[] = {"name", "key", NULL};
    tp_college *c = &w->m->witnesses;
    tp_signer *s = &c->who[i];
    tp_vkey key;
    tp_err err = exactly(w, who, names);
    if (err == TP_OK) err = text(&s->name, w, who, "name", 1);
    if (err == TP_OK) err = key_bytes(s->key, w, who);
    if (err != TP_OK) return err;
    if (!crypto_core_ed25519_is_valid_point(s->key))
        return refuse_at(w, "key", TP_MALFORMED, "manifest.key");
    if (tp_vkey_init(&key, s->name, strlen(s->name), TP_KEY_COSIGNATURE, s->key))
        return refuse_at(w, "name", TP_REFUSED, "manifest.value");
    bool taken = !memcmp(s->key, w->m->log_key, 32);
    for (size_t j = 0; j < i; j++)
        taken |= !strcmp(c->who[j].name, s->name) || !memcmp(c->who[j].key, s->key, 32);
    return taken ? refuse(w, TP_REFUSED, "manifest.duplicate") : TP_OK;
}

static tp_err parse_witnesses(walk *w, json_t *root) {
    static const char *const names[] = {"quorum", "who", NULL};
    json_t *object = json_object_get(root, "witnesses"), *list = NULL, *who;
    tp_college *c = &w->m->witnesses;
    size_t at = enter(w, ".witnesses"), i;
    tp_err err = exactly(w, object, names);
    if (err == TP_OK) err = array(&list, w, object, "who", 0, TP_MAX_WITNESSES);
    if (err == TP_OK)
        err = number16(&c->quorum, w, object, "quorum", 0, (uint16_t)json_array_size(list));
    if (err != TP_OK) return err;
    c->count = (uint16_t)json_array_size(list);
    json_array_foreach(list, i, who) {
        size_t inner = enter(w, ".who[%zu]", i);
        if ((err = parse_witness(w, i, who)) != TP_OK) return err;
        leave(w, inner);
    }
    leave(w, at);
    return TP_OK;
}

static tp_err parse_batch(walk *w, json_t *root) {
    static const char *const names[] = {"interval_s", "deadline_s", NULL};
    json_t *batch = json_object_get(root, "batch");
    tp_manifest *m = w->m;
    size_t at = enter(w, ".batch");
    tp_err err = exactly(w, batch, names);
    if (err == TP_OK)
        err = number32(&m->batch_interval_s, w, batch, "interval_s", 1, MAX_INTERVAL_S);
    if (err == TP_OK)
        err = number32(&m->promise_deadline_s, w, batch, "deadline_s", m->batch_interval_s,
                       7 * MAX_INTERVAL_S);
    if (err == TP_OK) leave(w, at);
    return err;
}

static tp_err parse_merge(walk *w, json_t *root) {
    static const char *const names[] = {"floor", NULL};
    json_t *merge = json_object_get(root, "merge");
    size_t at = enter(w, ".merge");
    tp_err err = exactly(w, merge, names);
    if (err == TP_OK) err = number32(&w->m->floor, w, merge, "floor", 2, MAX_FLOOR);
    if (err == TP_OK) leave(w, at);
    return err;
}

/* What a voter may check with, and which ballot counts. spec: M-16 */
static tp_err parse_policy(walk *w, json_t *root) {
    static const char *const checks[] = {"second-device", "challenge", NULL};
    static const char *const revotes[] = {"last", NULL};
    json_t *list, *v;
    size_t i, which, seen = 0;
    tp_err err = array(&list, w, root, "check", 0, 2);
    if (err != TP_OK) return err;
    json_array_foreach(list, i, v) {
        if ((err = word(&which, w, v, "check", checks)) != TP_OK) return err;
        if (seen >> which & 1) return refuse_at(w, "check", TP_REFUSED, "manifest.duplicate");
        seen |= (size_t)1 << which;
    }
    return word(&which, w, json_object_get(root, "revote"), "revote", revotes);
}

/* ---- enrolment. spec: M-23 ---- */

static tp_err parse_routes(uint8_t *routes, walk *w, json_t *object, const char *name) {
    static const char *const words[] = {"code", "letter", "desk", "documents", "oidc", NULL};
    json_t *list, *v;
    size_t i, which = 0;
    tp_err err = array(&list, w, object, name, 1, 5);
    if (err != TP_OK) return err;
    *routes = 0;
    json_array_foreach(list, i, v) {
        if ((err = word(&which, w, v, name, words)) != TP_OK) return err;
        if (*routes >> which & 1) return refuse_at(w, name, TP_REFUSED, "manifest.duplicate");
        *routes |= (uint8_t)(1u << which);
    }
    return TP_OK;
}

/* The routes of every unit, and instead of these those of some. Gives all that occur. */
static tp_err parse_posts(uint8_t *all, walk *w, json_t *enrol) {
    tp_manifest *m = w->m;
    json_t *posts = json_object_get(enrol, "posts");
    uint8_t routes;
    size_t found = 0;
    tp_err err = parse_routes(&routes, w, enrol, "routes");
    if (err != TP_OK) return err;
    if (!json_is_object(posts)) return refuse_at(w, "posts", TP_MALFORMED, "manifest.type");
    size_t at = enter(w, ".posts");
    *all = 0;
    for (size_t u = 0; u < m->unit_count; u++) {
        m->units[u].routes = routes;
        if (json_object_get(posts, m->units[u].id)) {
            found++;
            err = parse_routes(&m->units[u].routes, w, posts, m->units[u].id);
            if (err != TP_OK) return err;
        }
        *all |= m->units[u].routes;
    }
    if (found != json_object_size(posts)) return refuse(w, TP_REFUSED, "manifest.reference");
    leave(w, at);
    return TP_OK;
}

/* A key for each registrar, to which documents are sealed. */
static tp_err parse_document_keys(walk *w, json_t *enrol) {
    tp_manifest *m = w->m;
    json_t *list, *v;
    size_t i;
    tp_err err = array(&list, w, enrol, "documents", 1, TP_MAX_SIGNERS);
    if (err != TP_OK) return err;
    if (json_array_size(list) != m->registrars.count)
        return refuse_at(w, "documents", TP_REFUSED, "manifest.value");
    m->enrol.document_keys = keep(m, m->registrars.count * sizeof *m->enrol.document_keys);
    if (!m->enrol.document_keys) return out_of_memory(w);
    json_array_foreach(list, i, v) {
        uint8_t *key = m->enrol.document_keys[i];
        const char *hex = json_string_value(v);
        if (!hex) return refuse_at(w, "documents", TP_MALFORMED, "manifest.type");
        if (!hex32(key, hex) || !good_key(key))
            return refuse_at(w, "documents", TP_MALFORMED, "manifest.key");
        for (size_t j = 0; j < i; j++)
            if (!memcmp(key, m->enrol.document_keys[j], 32))
                return refuse_at(w, "documents", TP_REFUSED, "manifest.duplicate");
    }
    return TP_OK;
}

static tp_err parse_provider(walk *w, json_t *enrol) {
    static const char *const names[] = {"issuer", "client", "name", "claim", NULL};
    tp_enrol_rules *r = &w->m->enrol;
    json_t *oidc = json_object_get(enrol, "oidc");
    size_t at = enter(w, ".oidc");
    tp_err err = exactly(w, oidc, names);
    if (err == TP_OK) err = text(&r->issuer, w, oidc, "issuer", 1);
    if (err == TP_OK) err = text(&r->client, w, oidc, "client", 1);
    if (err == TP_OK) err = text(&r->provider, w, oidc, "name", 1);
    if (err == TP_OK) err = text(&r->claim, w, oidc, "claim", 1);
    if (err != TP_OK) return err;
    bool https = strncmp(r->issuer, "https://", 8) == 0;
    if (!https && !(w->m->test && strncmp(r->issuer, "http://127.0.0.1:", 17) == 0))
        return refuse_at(w, "issuer", TP_REFUSED, "manifest.value");
    leave(w, at);
    return TP_OK;
}

/* Absent: a code to the contact on the roll, everywhere. */
static tp_err parse_enrol(walk *w, json_t *enrol) {
    const char *names[] = {"show", "shared", "review_days", "routes", "posts", NULL, NULL, NULL};
    tp_enrol_rules *r = &w->m->enrol;
    uint8_t all = 0;
    size_t at = enter(w, ".enrol"), count = 5;
    if (!json_is_object(enrol)) return refuse(w, TP_MALFORMED, "manifest.type");
    if (json_object_get(enrol, "documents")) names[count++] = "documents";
    if (json_object_get(enrol, "oidc")) names[count++] = "oidc";
    tp_err err = exactly(w, enrol, names);
    if (err != TP_OK) return err;
    if (!json_is_boolean(json_object_get(enrol, "show")))
        return refuse_at(w, "show", TP_MALFORMED, "manifest.type");
    r->show = json_is_true(json_object_get(enrol, "show"));
    if ((err = number16(&r->shared, w, enrol, "shared", 1, MAX_SHARED)) != TP_OK) return err;
    err = number16(&r->review_days, w, enrol, "review_days", 1, MAX_REVIEW_DAYS);
    if (err == TP_OK) err = parse_posts(&all, w, enrol);
    if (err != TP_OK) return err;
    if (!json_object_get(enrol, "documents") != !(all & TP_ROUTE_DOCUMENTS))
        return refuse_at(w, "documents", TP_MALFORMED, "manifest.members");
    if (!json_object_get(enrol, "oidc") != !(all & TP_ROUTE_OIDC))
        return refuse_at(w, "oidc", TP_MALFORMED, "manifest.members");
    if (all & TP_ROUTE_DOCUMENTS) err = parse_document_keys(w, enrol);
    if (err == TP_OK && (all & TP_ROUTE_OIDC)) err = parse_provider(w, enrol);
    if (err == TP_OK) leave(w, at);
    return err;
}

static void default_enrol(tp_manifest *m) {
    m->enrol = (tp_enrol_rules){.show = true, .shared = 4, .review_days = 5};
    for (size_t u = 0; u < m->unit_count; u++)
        m->units[u].routes = TP_ROUTE_CODE;
}

/* ---- what spans several parts ---- */

/* Every contest is in a style, every style in a unit. spec: M-17 */
static tp_err check_used(walk *w) {
    tp_manifest *m = w->m;
    bool contest[TP_MAX_CONTESTS] = {0}, style[TP_MAX_STYLES] = {0};
    for (size_t s = 0; s < m->style_count; s++)
        for (size_t i = 0; i < m->styles[s].contest_count; i++)
            contest[m->styles[s].contests[i]] = true;
    for (size_t u = 0; u < m->unit_count; u++)
        style[m->units[u].style] = true;
    for (size_t c = 0; c < m->contest_count; c++)
        if (!contest[c]) return refuse_at(w, "contests", TP_REFUSED, "manifest.reference");
    for (size_t s = 0; s < m->style_count; s++)
        if (!style[s]) return refuse_at(w, "styles", TP_REFUSED, "manifest.reference");
    return TP_OK;
}

/* Entries of the largest kinds fit, and totals stay in their half of a point. spec: M-18, M-19 */
static tp_err check_sizes(walk *w) {
    tp_manifest *m = w->m;
    uint64_t registered = 0;
    if (tp_deal_len(m) + TP_DEAL_ENTRY_EXTRA > TP_MAX_ENTRY)
        return refuse_at(w, "trustees", TP_TOO_BIG, "manifest.size");
    for (size_t s = 0; s < m->style_count; s++) {
        size_t len = 1 + TP_BALLOT_HEAD + 64;
        for (size_t i = 0; i < m->styles[s].contest_count; i++)
            len += tp_sum_len(&m->contests[m->styles[s].contests[i]].shape);
        if (len > TP_MAX_ENTRY) return refuse_at(w, "styles", TP_TOO_BIG, "manifest.size");
    }
    for (size_t u = 0; u < m->unit_count; u++)
        registered += m->units[u].registered;
    if (registered >= TP_SUM_PACK) return refuse_at(w, "units", TP_TOO_BIG, "manifest.size");
    return TP_OK;
}

static tp_err parse_head(walk *w, json_t *root) {
    static const char *const suites[] = {TP_SUITE, NULL};
    tp_manifest *m = w->m;
    uint64_t version;
    size_t suite;
    tp_err err = number(&version, w, root, "tapat", 1, 1);
    if (err == TP_OK) err = word(&suite, w, json_object_get(root, "suite"), "suite", suites);
    if (err == TP_OK) err = id(&m->id, w, root, "id");
    if (err == TP_OK) err = parse_languages(w, root);
    if (err == TP_OK) err = localized(&m->title, w, root, "title");
    if (err == TP_OK) err = text(&m->zone, w, root, "zone", 1);
    if (err != TP_OK) return err;
    if (!json_is_boolean(json_object_get(root, "test")))
        return refuse_at(w, "test", TP_MALFORMED, "manifest.type");
    m->test = json_is_true(json_object_get(root, "test"));
    return parse_times(w, root);
}

static tp_err parse_ballots(walk *w, json_t *root) {
    tp_manifest *m = w->m;
    tp_err err = parse_list(w, root, "contests", parse_contest, (void **)&m->contests,
                            sizeof *m->contests, &m->contest_count, TP_MAX_CONTESTS);
    if (err == TP_OK)
        err = parse_list(w, root, "styles", parse_style, (void **)&m->styles, sizeof *m->styles,
                         &m->style_count, TP_MAX_STYLES);
    if (err == TP_OK)
        err = parse_list(w, root, "units", parse_unit, (void **)&m->units, sizeof *m->units,
                         &m->unit_count, TP_MAX_UNITS);
    if (err == TP_OK) err = parse_merge(w, root);
    return err;
}

static tp_err parse_root(walk *w, json_t *root) {
    const char *names[] = {"tapat",    "suite",      "id",       "title",  "languages", "zone",
                           "test",     "times",      "contests", "styles", "units",     "merge",
                           "trustees", "registrars", "officers", "log",    "batch",     "check",
                           "revote",   "witnesses",  NULL,       NULL};
    tp_manifest *m = w->m;
    json_t *enrol = json_object_get(root, "enrol");
    if (enrol) names[sizeof names / sizeof *names - 2] = "enrol";
    tp_err err = exactly(w, root, names);
    if (err == TP_OK) err = parse_head(w, root);
    if (err == TP_OK) err = parse_ballots(w, root);
    if (err == TP_OK) err = parse_trustees(w, root);
    if (err == TP_OK) err = parse_quorum_of(w, root, "registrars", &m->registrars);
    if (err == TP_OK) err = parse_quorum_of(w, root, "officers", &m->officers);
    if (err == TP_OK) err = parse_log(w, root);
    if (err == TP_OK) err = parse_witnesses(w, root);
    if (err == TP_OK) err = parse_batch(w, root);
    if (err == TP_OK) err = parse_policy(w, root);
    if (err == TP_OK && enrol)
        err = parse_enrol(w, enrol);
    else
        default_enrol(m);
    if (err == TP_OK) err = check_used(w);
    if (err == TP_OK) err = check_sizes(w);
    return err;
}

/* Bounds the memory that the parser takes. spec: M-1 */
static bool too_many_values(const char *json, size_t len) {
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += json[i] == '{' || json[i] == '[' || json[i] == ',';
    return count > MAX_VALUES;
}

tp_err tp_manifest_parse(tp_manifest *m, const void *json, size_t len, tp_fault *fault) {
    json_error_t where;
    memset(m, 0, sizeof *m);
    if (len > TP_MAX_DOCUMENT || too_many_values(json, len))
        return tp_fail(fault, TP_TOO_BIG, "manifest.size", "/");
    json_t *root = json_loadb(json, len, JSON_REJECT_DUPLICATES, &where);
    if (!root)
        return tp_fail(fault, TP_MALFORMED, "manifest.json", "line %d, column %d", where.line,
                       where.column);
    walk w = {.m = m, .fault = fault};
    tp_err err = parse_root(&w, root);
    json_decref(root);
    if (err != TP_OK) {
        tp_manifest_free(m);
        return err;
    }
    tp_sha256(m->fingerprint, json, len);
    return TP_OK;
}
