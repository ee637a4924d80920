/* Strings, formatting and sorting for the verifier. Built without builtins: see ../libc.c. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- strings ---- */

int strncmp(const char *a, const char *b, size_t len) {
    for (; len && *a && *a == *b; a++, len--)
        b++;
    return len ? (uint8_t)*a - (uint8_t)*b : 0;
}

char *strchr(const char *s, int c) {
    for (; *s != (char)c; s++)
        if (!*s) return NULL;
    return (char *)(uintptr_t)s;
}

char *strrchr(const char *s, int c) {
    const char *last = NULL;
    for (const char *p = s; (p = strchr(p, c)); p++) {
        last = p;
        if (!c) break;
    }
    return (char *)(uintptr_t)last;
}

char *strstr(const char *s, const char *part) {
    size_t len = strlen(part);
    for (; *s || !len; s++)
        if (!strncmp(s, part, len)) return (char *)(uintptr_t)s;
    return NULL;
}

size_t strspn(const char *s, const char *set) {
    size_t len = 0;
    while (s[len] && strchr(set, s[len]))
        len++;
    return len;
}

char *strpbrk(const char *s, const char *set) {
    for (; *s; s++)
        if (strchr(set, *s)) return (char *)(uintptr_t)s;
    return NULL;
}

char *strcpy(char *restrict to, const char *restrict from) {
    return memcpy(to, from, strlen(from) + 1);
}

/* ---- formatting ---- */

typedef struct {
    char *out;
    size_t cap, len;
} sink;

static void put(sink *s, char c) {
    if (s->len + 1 < s->cap) s->out[s->len] = c;
    s->len++;
}

static void put_number(sink *s, uint64_t v, unsigned base, bool minus, int width, char pad) {
    char digits[24];
    int n = 0;
    do
        digits[n++] = "0123456789abcdef"[v % base];
    while (v /= base);
    if (minus) digits[n++] = '-';
    for (int i = n; i < width; i++)
        put(s, pad);
    while (n)
        put(s, digits[--n]);
}

static void put_text(sink *s, const char *text, int most) {
    for (; *text && most; text++, most--)
        put(s, *text);
}

/* A run of decimal digits, or the next argument for '*'; -1 if neither is there. */
static int count_of(const char **f, int star) {
    int v = -1;
    if (**f == '*') {
        ++*f;
        return star;
    }
    for (; **f >= '0' && **f <= '9'; ++*f)
        v = (v < 0 ? 0 : v) * 10 + (**f - '0');
    return v;
}

int vsnprintf(char *out, size_t cap, const char *f, va_list args) {
    sink s = {out, cap, 0};
    for (; *f; f++) {
        if (*f != '%') {
            put(&s, *f);
            continue;
        }
        char pad = *++f == '0' ? '0' : ' ';
        int width = count_of(&f, 0), precision = -1, longs = 0;
        if (*f == '.') {
            f++;
            precision = count_of(&f, *f == '*' ? va_arg(args, int) : 0);
        }
        for (; *f == 'l' || *f == 'z'; f++)
            longs += *f == 'l';
        if (*f == 's') {
            put_text(&s, va_arg(args, const char *), precision);
        } else if (*f == 'c') {
            put(&s, (char)va_arg(args, int));
        } else if (*f == 'd') {
            int64_t v = longs == 2 ? va_arg(args, long long) : va_arg(args, int);
            put_number(&s, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10, v < 0, width, pad);
        } else if (*f == 'u' || *f == 'x') {
            uint64_t v = longs == 2 ? va_arg(args, unsigned long long) : va_arg(args, unsigned);
            put_number(&s, v, *f == 'u' ? 10 : 16, false, width, pad);
        } else if (*f == '%') {
            put(&s, '%');
        } else {
            abort();
        }
    }
    if (cap) out[s.len < cap ? s.len : cap - 1] = 0;
    return (int)s.len;
}

int snprintf(char *out, size_t cap, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int len = vsnprintf(out, cap, format, args);
    va_end(args);
    return len;
}

/* ---- sorting: a heap, in place ---- */

static void swap(uint8_t *a, uint8_t *b, size_t len) {
    for (; len--; a++, b++) {
        uint8_t t = *a;
        *a = *b;
        *b = t;
    }
}

static void sift(uint8_t *base, size_t i, size_t count, size_t len,
                 int (*compare)(const void *, const void *)) {
    for (size_t child; (child = 2 * i + 1) < count; i = child) {
        if (child + 1 < count && compare(base + child * len, base + (child + 1) * len) < 0) child++;
        if (compare(base + i * len, base + child * len) >= 0) return;
        swap(base + i * len, base + child * len, len);
    }
}

void qsort(void *base, size_t count, size_t len, int (*compare)(const void *, const void *)) {
    for (size_t i = count / 2; i-- > 0;)
        sift(base, i, count, len, compare);
    for (size_t end = count; end-- > 1;) {
        swap(base, (uint8_t *)base + end * len, len);
        sift(base, 0, end, len, compare);
    }
}
