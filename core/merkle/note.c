/* Signed notes, verifier keys, checkpoints and cosignatures. Parsers check by what the writer would
 * write: numbers and base64 are read leniently nowhere. spec: chapter 8.
 */
#include "core/merkle/note.h"
#include "core/base/mem.h"
#include "core/hash/hash.h"

/* ---- base64 ---- */

static const char DIGITS[64] = {'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M',
                                'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z',
                                'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm',
                                'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z',
                                '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '+', '/'};

void tp_write_base64(tp_writer *w, const void *bytes, size_t len) {
    const uint8_t *p = bytes;
    for (size_t i = 0; i < len; i += 3) {
        size_t n = len - i < 3 ? len - i : 3;
        uint32_t v = (uint32_t)p[i] << 16;
        if (n > 1) v |= (uint32_t)p[i + 1] << 8;
        if (n > 2) v |= p[i + 2];
        char out[4] = {DIGITS[v >> 18], DIGITS[v >> 12 & 63], DIGITS[v >> 6 & 63], DIGITS[v & 63]};
        for (size_t k = n + 1; k < 4; k++)
            out[k] = '=';
        tp_write_bytes(w, out, 4);
    }
}

static int digit_value(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four characters to 3 - padding bytes; false unless canonical. */
static bool decode_group(uint8_t out[3], const char *text, size_t padding) {
    uint32_t v = 0;
    for (size_t i = 0; i < 4; i++) {
        int d = i < 4 - padding ? digit_value(text[i]) : 0;
        if (d < 0) return false;
        v = v << 6 | (uint32_t)d;
    }
    out[0] = (uint8_t)(v >> 16), out[1] = (uint8_t)(v >> 8), out[2] = (uint8_t)v;
    return (v & ((UINT32_C(1) << 8 * padding) - 1)) == 0; /* the bits that no byte has */
}

tp_err tp_base64_decode(uint8_t *out, size_t cap, size_t *out_len, const char *text, size_t len) {
    if (len % 4) return TP_MALFORMED;
    size_t padding = 0;
    while (padding < 2 && padding < len && text[len - 1 - padding] == '=')
        padding++;
    size_t total = len / 4 * 3 - padding;
    if (total > cap) return TP_TOO_BIG;
    for (size_t i = 0, at = 0; i < len; i += 4, at += 3) {
        uint8_t group[3];
        size_t pad = i + 4 == len ? padding : 0;
        if (!decode_group(group, text + i, pad)) return TP_MALFORMED;
        memcpy(out + at, group, 3 - pad);
    }
    *out_len = total;
    return TP_OK;
}

/* ---- text ---- */

/* The code point at p, and its length; 0 if it is not well-formed UTF-8 (RFC 3629). */
static size_t utf8_next(uint32_t *point, const char *text, size_t left) {
    const uint8_t *p = (const uint8_t *)text;
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    if (p[0] < 0x80) {
        *point = p[0];
        return 1;
    }
    size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || left < len) return 0;
    uint32_t v = p[0] & (0xffU >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) return 0;
        v = v << 6 | (p[i] & 0x3f);
    }
    *point = v;
    bool surrogate = v >= 0xd800 && v <= 0xdfff;
    return v < least[len] || v > 0x10ffff || surrogate ? 0 : len;
}

/* Well-formed UTF-8 with no ASCII control character but newline. spec: T-10 */
static bool text_ok(const char *text, size_t len) {
    uint32_t point;
    for (size_t i = 0, n; i < len; i += n) {
        n = utf8_next(&point, text + i, len - i);
        if (!n || (point < 0x20 && point != '\n') || point == 0x7f) return false;
    }
    return true;
}

/* Unicode's White_Space and control characters. spec: T-12 */
static bool is_space(uint32_t point) {
    return point <= 0x20 || (point >= 0x7f && point <= 0xa0) || point == 0x1680 ||
           (point >= 0x2000 && point <= 0x200a) || point == 0x2028 || point == 0x2029 ||
           point == 0x202f || point == 0x205f || point == 0x3000;
}

static bool name_ok(const char *name, size_t len) {
    if (!len || len > TP_NAME_MAX) return false;
    uint32_t point;
    for (size_t i = 0, n; i < len; i += n) {
        n = utf8_next(&point, name + i, len - i);
        if (!n || point == '+' || is_space(point)) return false;
    }
    return true;
}

static const char *find(const char *text, size_t len, char c) {
    for (size_t i = 0; i < len; i++)
        if (text[i] == c) return text + i;
    return NULL;
}

/* The next line without its newline; false if there is none. */
static bool take_line(const char **at, const char *end, const char **line, size_t *len) {
    const char *newline = find(*at, (size_t)(end - *at), '\n');
    if (!newline) return false;
    *line = *at;
    *len = (size_t)(newline - *at);
    *at = newline + 1;
    return true;
}

static void write_text(tp_writer *w, const char *text) {
    size_t n = 0;
    while (text[n])
        n++;
    tp_write_bytes(w, text, n);
}

static void write_decimal(tp_writer *w, uint64_t v) {
    char digits[20];
    size_t n = sizeof digits;
    do
        digits[--n] = (char)('0' + v % 10);
    while (v /= 10);
    tp_write_bytes(w, digits + n, sizeof digits - n);
}

/* ---- keys ---- */

static void key_id(uint8_t id[4], const tp_vkey *k) {
    uint8_t digest[32], type[2] = {'\n', (uint8_t)k->type};
    tp_sha256_ctx c;
    tp_sha256_init(&c);
    tp_sha256_update(&c, k->name, k->name_len);
    tp_sha256_update(&c, type, sizeof type);
    tp_sha256_update(&c, k->key, sizeof k->key);
    tp_sha256_final(&c, digest);
    memcpy(id, digest, 4);
}

tp_err tp_vkey_init(tp_vkey *k, const char *name, size_t name_len, tp_key_type type,
                    const uint8_t key[static 32]) {
    if (!name_ok(name, name_len)) return TP_MALFORMED;
    if (type != TP_KEY_ED25519 && type != TP_KEY_COSIGNATURE) return TP_MALFORMED;
    *k = (tp_vkey){.name = name, .name_len = name_len, .type = type};
    memcpy(k->key, key, sizeof k->key);
    key_id(k->id, k);
    return TP_OK;
}

void tp_vkey_write(tp_writer *w, const tp_vkey *k) {
    static const char hex[] = "0123456789abcdef";
    uint8_t typed[33] = {(uint8_t)k->type};
    memcpy(typed + 1, k->key, sizeof k->key);
    tp_write_bytes(w, k->name, k->name_len);
    write_text(w, "+");
    for (size_t i = 0; i < 4; i++) {
        tp_write_bytes(w, &hex[k->id[i] >> 4], 1);
        tp_write_bytes(w, &hex[k->id[i] & 15], 1);
    }
    write_text(w, "+");
    tp_write_base64(w, typed, sizeof typed);
}

tp_err tp_vkey_parse(tp_vkey *k, const char *text, size_t len) {
    const char *plus = find(text, len, '+');
    size_t name_len = plus ? (size_t)(plus - text) : 0, typed_len;
    uint8_t typed[33];
    if (!plus || len != name_len + 54 || text[name_len + 9] != '+') return TP_MALFORMED;
    if (tp_base64_decode(typed, sizeof typed, &typed_len, text + name_len + 10, 44))
        return TP_MALFORMED;
    tp_vkey parsed;
    tp_err err = tp_vkey_init(&parsed, text, name_len, typed[0], typed + 1);
    if (err) return err;
    char canonical[TP_VKEY_MAX];
    tp_writer w = tp_writer_of(canonical, sizeof canonical);
    tp_vkey_write(&w, &parsed);
    if (tp_write_end(&w) || w.len != len || memcmp(canonical, text, len)) return TP_MALFORMED;
    *k = parsed;
    return TP_OK;
}

/* ---- notes ---- */

#define DASH "\xe2\x80\x94 " /* em dash and space, before each signature */

/* Decodes "DASH name SPACE base64"; a signature too long to keep is still checked. */
static bool parse_line(tp_note_signature *s, const char *line, size_t len) {
    if (len < 4 || memcmp(line, DASH, 4)) return false;
    line += 4, len -= 4;
    const char *space = find(line, len, ' ');
    if (!space || !name_ok(line, (size_t)(space - line))) return false;
    s->name = line;
    s->name_len = (size_t)(space - line);
    const char *text = space + 1;
    size_t text_len = len - s->name_len - 1, total = 0, n;
    for (size_t i = 0; i < text_len; i += 4) {
        uint8_t group[3];
        size_t take = text_len - i < 4 ? text_len - i : 4;
        if (tp_base64_decode(group, 3, &n, text + i, take)) return false;
        if (n < 3 && i + 4 < text_len) return false; /* padding inside */
        for (size_t k = 0; k < n; k++, total++) {
            if (total < 4)
                s->id[total] = group[k];
            else if (total < 4 + sizeof s->signature)
                s->signature[total - 4] = group[k];
        }
    }
    if (total <= 4) return false;
    s->len = total - 4;
    return true;
}

static bool same_key(const char *name, size_t len, const uint8_t id[4],
                     const tp_note_signature *s) {
    return s->name_len == len && memcmp(s->name, name, len) == 0 && memcmp(s->id, id, 4) == 0;
}

/* The text ends at the last empty line: the start of the lines after it, or NULL. */
static const char *after_last_blank(const char *text, size_t len) {
    for (size_t i = len; i >= 2; i--)
        if (text[i - 1] == '\n' && text[i - 2] == '\n') return text + i;
    return NULL;
}

/* True if no two lines have the same name and ID. spec: T-11 */
static bool lines_distinct(const tp_note *n) {
    tp_note_signature a, b;
    for (unsigned i = 1; i < n->count; i++) {
        tp_note_signature_at(n, i, &a);
        for (unsigned k = 0; k < i; k++) {
            tp_note_signature_at(n, k, &b);
            if (same_key(a.name, a.name_len, a.id, &b)) return false;
        }
    }
    return true;
}

tp_err tp_note_parse(tp_note *n, const void *bytes, size_t len) {
    const char *text = bytes, *end = text + len, *line;
    if (len > TP_NOTE_MAX) return TP_TOO_BIG;
    if (!text_ok(text, len)) return TP_MALFORMED;
    const char *lines = after_last_blank(text, len);
    if (!lines || lines == end) return TP_MALFORMED;
    tp_note note = {.text = text, .text_len = (size_t)(lines - text) - 1};
    note.lines = lines;
    note.lines_len = (size_t)(end - lines);
    tp_note_signature s;
    size_t line_len;
    for (const char *at = lines; at != end; note.count++) {
        if (!take_line(&at, end, &line, &line_len)) return TP_MALFORMED;
        if (!parse_line(&s, line, line_len)) return TP_MALFORMED;
        if (note.count == TP_NOTE_MAX_SIGNATURES) return TP_TOO_BIG;
    }
    if (!lines_distinct(&note)) return TP_MALFORMED;
    *n = note;
    return TP_OK;
}

void tp_note_signature_at(const tp_note *n, unsigned i, tp_note_signature *s) {
    const char *at = n->lines, *line = at;
    size_t len = 0;
    for (unsigned k = 0; k <= i; k++)
        if (!take_line(&at, n->lines + n->lines_len, &line, &len)) __builtin_trap();
    if (!parse_line(s, line, len)) __builtin_trap(); /* tp_note_parse has read it */
}

void tp_note_write_text(tp_writer *w, const char *text, size_t len) {
    tp_write_bytes(w, text, len);
    write_text(w, "\n");
}

void tp_note_write_signature(tp_writer *w, const tp_vkey *k, const uint8_t *signature, size_t len) {
    uint8_t both[4 + TP_COSIGNATURE_LEN];
    if (len > TP_COSIGNATURE_LEN) __builtin_trap();
    memcpy(both, k->id, 4);
    memcpy(both + 4, signature, len);
    write_text(w, DASH);
    tp_write_bytes(w, k->name, k->name_len);
    write_text(w, " ");
    tp_write_base64(w, both, 4 + len);
    write_text(w, "\n");
}

static bool find_signature(const tp_note *n, const tp_vkey *k, tp_note_signature *s) {
    for (unsigned i = 0; i < n->count; i++) {
        tp_note_signature_at(n, i, s);
        if (same_key(k->name, k->name_len, k->id, s)) return true;
    }
    return false;
}

static tp_err verify_cosignature(const tp_note *n, const tp_vkey *k, const tp_note_signature *s,
                                 tp_ed25519_verify *verify, uint64_t *time) {
    uint8_t message[TP_COSIGNED_MAX];
    tp_checkpoint c;
    if (s->len != TP_COSIGNATURE_LEN) return TP_MALFORMED;
    if (tp_checkpoint_parse(&c, n->text, n->text_len)) return TP_MALFORMED;
    uint64_t t = tp_get_u64be(s->signature);
    if (t >> 63) return TP_MALFORMED;
    tp_writer w = tp_writer_of(message, sizeof message);
    tp_cosignature_message(&w, t, n->text, n->text_len);
    if (tp_write_end(&w)) return TP_MALFORMED;
    if (verify(s->signature + 8, message, w.len, k->key)) return TP_INVALID;
    if (time) *time = t;
    return TP_OK;
}

tp_err tp_note_verify(const tp_note *n, const tp_vkey *k, tp_ed25519_verify *verify,
                      uint64_t *time) {
    tp_note_signature s;
    if (!find_signature(n, k, &s)) return TP_REFUSED;
    if (k->type == TP_KEY_COSIGNATURE) return verify_cosignature(n, k, &s, verify, time);
    if (s.len != 64) return TP_MALFORMED;
    if (verify(s.signature, (const uint8_t *)n->text, n->text_len, k->key)) return TP_INVALID;
    if (time) *time = 0;
    return TP_OK;
}

bool tp_note_line_is(const tp_note *n, unsigned i, const tp_vkey *k) {
    tp_note_signature s;
    tp_note_signature_at(n, i, &s);
    return same_key(k->name, k->name_len, k->id, &s);
}

tp_err tp_note_verify_further(const tp_note *n, const tp_vkey *keys, size_t count,
                              tp_ed25519_verify *verify) {
    unsigned line = 1;
    for (size_t i = 0; i < count && line < n->count; i++) {
        if (!tp_note_line_is(n, line, &keys[i])) continue;
        tp_err err = tp_note_verify(n, &keys[i], verify, NULL);
        if (err) return err;
        line++;
    }
    return line < n->count ? TP_REFUSED : TP_OK;
}

/* ---- checkpoints ---- */

void tp_checkpoint_format(tp_writer *w, const tp_checkpoint *c) {
    tp_write_bytes(w, c->origin, c->origin_len);
    write_text(w, "\n");
    write_decimal(w, c->size);
    write_text(w, "\n");
    tp_write_base64(w, c->root.b, sizeof c->root.b);
    write_text(w, "\n");
}

/* Digits only, below 2^63; leading zeros are caught by writing it again. */
static bool parse_size(uint64_t *size, const char *text, size_t len) {
    *size = 0;
    if (!len || len > 19) return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        *size = *size * 10 + (uint64_t)(text[i] - '0');
    }
    return *size <= TP_TREE_MAX_SIZE;
}

tp_err tp_checkpoint_parse(tp_checkpoint *c, const char *text, size_t len) {
    const char *at = text, *end = text + len, *line[3];
    size_t line_len[3], root_len = 0;
    tp_checkpoint parsed;
    for (unsigned i = 0; i < 3; i++)
        if (!take_line(&at, end, &line[i], &line_len[i])) return TP_MALFORMED;
    if (at != end || !name_ok(line[0], line_len[0])) return TP_MALFORMED;
    parsed.origin = line[0];
    parsed.origin_len = line_len[0];
    if (!parse_size(&parsed.size, line[1], line_len[1])) return TP_MALFORMED;
    if (tp_base64_decode(parsed.root.b, 32, &root_len, line[2], line_len[2]) || root_len != 32)
        return TP_MALFORMED;
    char canonical[TP_CHECKPOINT_MAX];
    tp_writer w = tp_writer_of(canonical, sizeof canonical);
    tp_checkpoint_format(&w, &parsed);
    if (tp_write_end(&w) || w.len != len || memcmp(canonical, text, len)) return TP_MALFORMED;
    *c = parsed;
    return TP_OK;
}

void tp_cosignature_message(tp_writer *w, uint64_t time, const char *text, size_t len) {
    write_text(w, "cosignature/v1\ntime ");
    write_decimal(w, time);
    write_text(w, "\n");
    tp_write_bytes(w, text, len);
}

void tp_cosignature_join(uint8_t out[static TP_COSIGNATURE_LEN], uint64_t time,
                         const uint8_t signature[static 64]) {
    tp_put_u64be(out, time);
    memcpy(out + 8, signature, 64);
}
