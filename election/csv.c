/* The CSV reader: rules in csv.h.
 *
 *   window:  [ .. read .. | a record, wholly there | ... ]   refilled when less than a record is
 * left
 */
#include "election/csv.h"

#include <string.h>

static const tp_row_fault fault_utf8 = {"csv.utf8", "not UTF-8"};
static const tp_row_fault fault_nul = {"csv.nul", "a NUL byte"};
static const tp_row_fault fault_quote = {"csv.quote", "a quote inside an unquoted field"};
static const tp_row_fault fault_open = {"csv.open", "a quote is not closed, or far too late"};
static const tp_row_fault fault_after = {"csv.after", "text after a quoted field"};
static const tp_row_fault fault_long = {"csv.long", "the line is too long"};
static const tp_row_fault fault_fields = {"csv.fields", "too many fields"};

uint32_t tp_utf8_next(const uint8_t **s, const uint8_t *end) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const uint8_t *p = *s;
    if (p[0] < 0x80) return (*s)++, p[0];
    unsigned len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || (size_t)(end - p) < len) return UINT32_MAX;
    uint32_t cp = p[0] & (0x7fu >> len);
    for (unsigned i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) return UINT32_MAX;
        cp = cp << 6 | (p[i] & 0x3f);
    }
    if (cp < least[len] || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000)) return UINT32_MAX;
    *s += len;
    return cp;
}

static bool is_utf8(const uint8_t *s, const uint8_t *end) {
    while (s < end)
        if (*s < 0x80)
            s++;
        else if (tp_utf8_next(&s, end) == UINT32_MAX)
            return false;
    return true;
}

static bool is_line_end(uint8_t b) {
    return b == '\n' || b == '\r';
}

/* At least a record and one byte more is in the window, or all there is. */
static void refill(tp_csv *c) {
    if (c->ended || c->len - c->at > TP_CSV_RECORD) return;
    memmove(c->window, c->window + c->at, c->len - c->at);
    c->len -= c->at;
    c->at = 0;
    while (!c->ended && c->len < TP_CSV_WINDOW) {
        size_t got = c->source(c->ctx, c->window + c->len, TP_CSV_WINDOW - c->len);
        c->ended = got == 0;
        c->len += got;
    }
}

void tp_csv_begin(tp_csv *c, tp_csv_source *source, void *ctx, char separator) {
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf};
    memset(c, 0, offsetof(tp_csv, window));
    c->source = source;
    c->ctx = ctx;
    c->separator = separator;
    c->next_line = 1;
    refill(c);
    if (c->len >= sizeof mark && !memcmp(c->window, mark, sizeof mark)) c->at = sizeof mark;
}

/* Past one line end at p; CR LF is one. */
static const uint8_t *pass_line_end(const uint8_t *p, const uint8_t *end) {
    bool two = p[0] == '\r' && p + 1 < end && p[1] == '\n';
    return p + 1 + two;
}

/* Out of an opening quote's next byte into *to, up to after the closing quote. NULL: none. */
static const uint8_t *read_quoted(tp_csv *c, const uint8_t *p, const uint8_t *end, char **to) {
    for (; p < end; p++) {
        if (*p == '"') {
            if (p + 1 == end || p[1] != '"') return p + 1;
            p++;
        } else if (is_line_end(*p) && (*p == '\n' || p + 1 == end || p[1] != '\n')) {
            c->next_line++;
        }
        *(*to)++ = (char)*p;
    }
    return NULL;
}

/* One field into *to, with its NUL; what follows it is a separator, a line end or the end. */
static const uint8_t *read_field(tp_csv *c, const uint8_t *p, const uint8_t *end, char **to) {
    if (p < end && *p == '"') {
        p = read_quoted(c, p + 1, end, to);
        if (!p) return c->fault = &fault_open, NULL;
        if (p < end && *p != (uint8_t)c->separator && !is_line_end(*p))
            return c->fault = &fault_after, NULL;
    } else {
        for (; p < end && *p != (uint8_t)c->separator && !is_line_end(*p); p++) {
            if (*p == '"') return c->fault = &fault_quote, NULL;
            *(*to)++ = (char)*p;
        }
    }
    *(*to)++ = 0;
    return p;
}

/* The record at p; its end after the line end, or NULL with c->fault. */
static const uint8_t *read_record(tp_csv *c, const uint8_t *p, const uint8_t *end, bool cut) {
    const uint8_t *first = p;
    char *to = c->text;
    for (c->count = 0;; p++) {
        if (c->count == TP_CSV_FIELDS) return c->fault = &fault_fields, NULL;
        c->field[c->count] = to;
        p = read_field(c, p, end, &to);
        if (!p) return NULL;
        c->count++;
        if (p == end && cut) return c->fault = &fault_long, NULL;
        if (p == end || is_line_end(*p)) break;
    }
    if (memchr(first, 0, (size_t)(p - first))) return c->fault = &fault_nul, NULL;
    if (!is_utf8(first, p)) return c->fault = &fault_utf8, NULL;
    return p < end ? pass_line_end(p, c->window + c->len) : p;
}

/* To the start of the next line, however far. */
static void skip_line(tp_csv *c) {
    for (;;) {
        for (; c->at < c->len && !is_line_end(c->window[c->at]); c->at++)
            continue;
        refill(c); /* keeps window[at], and brings what follows it */
        if (c->at < c->len && is_line_end(c->window[c->at])) break;
        if (c->at == c->len && c->ended) return;
    }
    c->at =
        (size_t)(pass_line_end(c->window + c->at, c->window + c->len) - (const uint8_t *)c->window);
}

static void skip_empty_lines(tp_csv *c) {
    for (refill(c); c->at < c->len && is_line_end(c->window[c->at]); refill(c)) {
        skip_line(c);
        c->next_line++;
    }
}

tp_err tp_csv_next(tp_csv *c, bool *more) {
    skip_empty_lines(c);
    c->line = c->next_line;
    c->count = 0;
    *more = c->at < c->len;
    if (!*more) return TP_OK;
    const uint8_t *first = c->window + c->at;
    size_t left = c->len - c->at;
    bool cut = left > TP_CSV_RECORD;
    const uint8_t *after = read_record(c, first, first + (cut ? TP_CSV_RECORD : left), cut);
    c->next_line++;
    if (after) {
        c->at += (size_t)(after - first);
        return TP_OK;
    }
    skip_line(c);
    c->next_line = c->line + 1;
    c->count = 0;
    return TP_MALFORMED;
}
