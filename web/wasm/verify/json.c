/* Reads JSON (RFC 8259), as strictly as jansson with JSON_REJECT_DUPLICATES: UTF-8 well-formed, no
 * U+0000, no member twice, integers within 64 bits, nothing after the value.
 *
 * Invariants
 *  1. A value is a node; members and elements are linked in order. The nodes of a document lie in
 *     blocks that hang on its root, strings in one buffer as long as the document.
 *  2. The root is an object or an array.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 2048, NODES = 256 };

typedef enum { OBJECT, ARRAY, STRING, INTEGER, REAL, TRUE, FALSE, NONE } kind;

typedef struct block block;

struct json_t {
    kind kind;
    const char *name; /* of a member */
    size_t name_len;
    json_t *next; /* beside it */
    json_t *first, *last;
    size_t count; /* of children */
    const char *text;
    size_t len;
    json_int_t integer;
    block *blocks; /* of a root */
    char *strings; /* of a root */
};

struct block {
    block *next;
    size_t used;
    json_t node[NODES];
};

typedef struct {
    const uint8_t *p, *end;
    block *blocks;
    char *strings, *string_at;
    unsigned depth;
    int line;
    const uint8_t *line_start;
} parser;

static json_t *node_of(parser *s, kind k) {
    if (!s->blocks || s->blocks->used == NODES) {
        block *b = calloc(1, sizeof *b);
        if (!b) return NULL;
        b->next = s->blocks;
        s->blocks = b;
    }
    json_t *v = &s->blocks->node[s->blocks->used++];
    v->kind = k;
    return v;
}

static void skip_space(parser *s) {
    for (; s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r');
         s->p++)
        if (*s->p == '\n') {
            s->line++;
            s->line_start = s->p + 1;
        }
}

static bool take(parser *s, char c) {
    skip_space(s);
    if (s->p == s->end || *s->p != (uint8_t)c) return false;
    s->p++;
    return true;
}

/* ---- strings ---- */

static bool hex4(parser *s, uint32_t *out) {
    *out = 0;
    if (s->end - s->p < 4) return false;
    for (int i = 0; i < 4; i++, s->p++) {
        uint8_t c = *s->p, low = c | 0x20;
        uint32_t d = c >= '0' && c <= '9'       ? c - '0'
                     : low >= 'a' && low <= 'f' ? low - 'a' + 10u
                                                : 16u;
        if (d > 15) return false;
        *out = *out << 4 | d;
    }
    return true;
}

static void put_utf8(parser *s, uint32_t c) {
    if (c < 0x80) {
        *s->string_at++ = (char)c;
        return;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    *s->string_at++ = (char)(lead[more] | c >> 6 * more);
    while (more-- > 0)
        *s->string_at++ = (char)(0x80 | (c >> 6 * more & 0x3f));
}

/* After the backslash. */
static bool escape(parser *s) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (s->p == s->end) return false;
    char c = (char)*s->p++;
    if (c != 'u') {
        const char *at = c ? strchr(from, c) : NULL;
        if (!at) return false;
        *s->string_at++ = to[at - from];
        return true;
    }
    uint32_t high, low;
    if (!hex4(s, &high) || !high) return false;
    if (high >= 0xdc00 && high <= 0xdfff) return false;
    if (high >= 0xd800 && high <= 0xdbff) {
        if (s->end - s->p < 2 || s->p[0] != '\\' || s->p[1] != 'u') return false;
        s->p += 2;
        if (!hex4(s, &low) || low < 0xdc00 || low > 0xdfff) return false;
        high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    }
    put_utf8(s, high);
    return true;
}

/* One character of UTF-8 that is not ASCII. RFC 3629 */
static bool copy_utf8(parser *s) {
    uint8_t lead = *s->p;
    int more = lead >= 0xc2 && lead <= 0xdf   ? 1
               : lead >= 0xe0 && lead <= 0xef ? 2
               : lead >= 0xf0 && lead <= 0xf4 ? 3
                                              : 0;
    if (!more || s->end - s->p <= more) return false;
    uint32_t c = lead & (0x3fu >> more);
    for (int i = 1; i <= more; i++) {
        if ((s->p[i] & 0xc0) != 0x80) return false;
        c = c << 6 | (s->p[i] & 0x3f);
    }
    if ((more == 2 && c < 0x800) || (more == 3 && c < 0x10000)) return false;
    if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) return false;
    memcpy(s->string_at, s->p, (size_t)more + 1);
    s->string_at += more + 1;
    s->p += more + 1;
    return true;
}

static bool string(parser *s, const char **text, size_t *len) {
    if (!take(s, '"')) return false;
    *text = s->string_at;
    while (s->p < s->end && *s->p != '"') {
        if (*s->p < 0x20) return false;
        if (*s->p == '\\') {
            s->p++;
            if (!escape(s)) return false;
        } else if (*s->p < 0x80) {
            *s->string_at++ = (char)*s->p++;
        } else if (!copy_utf8(s)) {
            return false;
        }
    }
    if (s->p == s->end) return false;
    s->p++;
    *len = (size_t)(s->string_at - *text);
    *s->string_at++ = 0;
    return true;
}

/* ---- values ---- */

static bool is_digit(const parser *s) {
    return s->p < s->end && *s->p >= '0' && *s->p <= '9';
}

static bool digits(parser *s) {
    if (!is_digit(s)) return false;
    while (is_digit(s))
        s->p++;
    return true;
}

static json_t *number(parser *s) {
    json_t *v = node_of(s, INTEGER);
    uint64_t sum = 0;
    bool minus = *s->p == '-', over = false;
    if (!v) return NULL;
    s->p += minus;
    if (!is_digit(s)) return NULL;
    if (*s->p == '0') {
        s->p++;
        if (is_digit(s)) return NULL;
    }
    for (; is_digit(s); s->p++) {
        uint32_t d = *s->p - '0';
        over |= sum > (UINT64_MAX - d) / 10;
        sum = sum * 10 + d;
    }
    if (s->p < s->end && *s->p == '.') {
        v->kind = REAL;
        s->p++;
        if (!digits(s)) return NULL;
    }
    if (s->p < s->end && (*s->p | 0x20) == 'e') {
        v->kind = REAL;
        s->p++;
        if (s->p < s->end && (*s->p == '+' || *s->p == '-')) s->p++;
        if (!digits(s)) return NULL;
    }
    if (v->kind == REAL) return v;
    if (over || sum > (uint64_t)INT64_MAX + minus) return NULL;
    v->integer = (json_int_t)(minus ? 0 - sum : sum);
    return v;
}

static json_t *word(parser *s) {
    static const struct {
        const char *text;
        kind kind;
    } words[] = {{"true", TRUE}, {"false", FALSE}, {"null", NONE}};
    for (size_t i = 0; i < 3; i++) {
        size_t len = strlen(words[i].text);
        if ((size_t)(s->end - s->p) < len || memcmp(s->p, words[i].text, len)) continue;
        s->p += len;
        return node_of(s, words[i].kind);
    }
    return NULL;
}

static json_t *value(parser *s);

static bool known(const json_t *object, const char *name, size_t len) {
    for (const json_t *v = object->first; v; v = v->next)
        if (v->name_len == len && !memcmp(v->name, name, len)) return true;
    return false;
}

static bool child(parser *s, json_t *parent) {
    const char *name = NULL;
    size_t name_len = 0;
    if (parent->kind == OBJECT &&
        (!string(s, &name, &name_len) || known(parent, name, name_len) || !take(s, ':')))
        return false;
    json_t *v = value(s);
    if (!v) return false;
    v->name = name;
    v->name_len = name_len;
    if (parent->last)
        parent->last->next = v;
    else
        parent->first = v;
    parent->last = v;
    parent->count++;
    return true;
}

static json_t *children(parser *s, kind k) {
    char close = k == OBJECT ? '}' : ']';
    json_t *v = node_of(s, k);
    if (!v || ++s->depth > DEPTH) return NULL;
    s->p++;
    if (!take(s, close)) {
        do
            if (!child(s, v)) return NULL;
        while (take(s, ','));
        if (!take(s, close)) return NULL;
    }
    s->depth--;
    return v;
}

static json_t *value(parser *s) {
    skip_space(s);
    if (s->p == s->end) return NULL;
    if (*s->p == '{') return children(s, OBJECT);
    if (*s->p == '[') return children(s, ARRAY);
    if (*s->p == '-' || is_digit(s)) return number(s);
    if (*s->p != '"') return word(s);
    json_t *v = node_of(s, STRING);
    return v && string(s, &v->text, &v->len) ? v : NULL;
}

static void drop(block *b, char *strings) {
    for (block *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(strings);
}

json_t *json_loadb(const char *text, size_t len, size_t flags, json_error_t *error) {
    const uint8_t *bytes = (const uint8_t *)text;
    parser s = {.p = bytes, .end = bytes + len, .line = 1, .line_start = bytes};
    (void)flags;
    s.strings = s.string_at = malloc(len + 1); /* a string is shorter than its JSON */
    json_t *root = s.strings ? value(&s) : NULL;
    skip_space(&s);
    if (!root || root->kind > ARRAY || s.p != s.end) {
        *error = (json_error_t){s.line, (int)(s.p - s.line_start)};
        drop(s.blocks, s.strings);
        return NULL;
    }
    root->blocks = s.blocks;
    root->strings = s.strings;
    return root;
}

void json_decref(json_t *root) {
    if (root) drop(root->blocks, root->strings);
}

/* ---- reading it ---- */

static bool is(const json_t *v, kind k) {
    return v && v->kind == k;
}

bool json_is_object(const json_t *v) {
    return is(v, OBJECT);
}
bool json_is_array(const json_t *v) {
    return is(v, ARRAY);
}
bool json_is_string(const json_t *v) {
    return is(v, STRING);
}
bool json_is_integer(const json_t *v) {
    return is(v, INTEGER);
}
bool json_is_boolean(const json_t *v) {
    return is(v, TRUE) || is(v, FALSE);
}
bool json_is_true(const json_t *v) {
    return is(v, TRUE);
}

json_t *json_object_get(const json_t *object, const char *name) {
    size_t len = strlen(name);
    if (!is(object, OBJECT)) return NULL;
    for (json_t *v = object->first; v; v = v->next)
        if (v->name_len == len && !memcmp(v->name, name, len)) return v;
    return NULL;
}

size_t json_object_size(const json_t *object) {
    return is(object, OBJECT) ? object->count : 0;
}

size_t json_array_size(const json_t *array) {
    return is(array, ARRAY) ? array->count : 0;
}

/* In turn from the first, so that a loop over an array of n walks n^2 / 2 links: a thousand units
 * are the most. */
json_t *json_array_get(const json_t *array, size_t i) {
    if (i >= json_array_size(array)) return NULL;
    json_t *v = array->first;
    while (i--)
        v = v->next;
    return v;
}

const char *json_string_value(const json_t *v) {
    return is(v, STRING) ? v->text : NULL;
}

size_t json_string_length(const json_t *v) {
    return is(v, STRING) ? v->len : 0;
}

json_int_t json_integer_value(const json_t *v) {
    return is(v, INTEGER) ? v->integer : 0;
}

bool json_equal(const json_t *a, const json_t *b) {
    return is(a, STRING) && is(b, STRING) && a->len == b->len && !memcmp(a->text, b->text, a->len);
}
