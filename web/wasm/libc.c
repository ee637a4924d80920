/* The few functions of a C library that core uses, and the page's tp_fail, which formats nothing:
 * what a page says about a fault comes from its catalogue. Built with -fno-builtin, so that these
 * loops are not turned into calls of themselves.
 */
#include "election/election.h"

#include <string.h>

void *memcpy(void *restrict to, const void *restrict from, size_t len) {
    uint8_t *t = to;
    const uint8_t *f = from;
    while (len--)
        *t++ = *f++;
    return to;
}

void *memmove(void *to, const void *from, size_t len) {
    uint8_t *t = to;
    const uint8_t *f = from;
    if ((uintptr_t)t - (uintptr_t)f >= len) return memcpy(to, from, len);
    while (len--)
        t[len] = f[len];
    return to;
}

void *memset(void *to, int byte, size_t len) {
    uint8_t *t = to;
    while (len--)
        *t++ = (uint8_t)byte;
    return to;
}

int memcmp(const void *a, const void *b, size_t len) {
    const uint8_t *x = a, *y = b;
    for (; len; len--, x++, y++)
        if (*x != *y) return *x < *y ? -1 : 1;
    return 0;
}

size_t strlen(const char *s) {
    size_t len = 0;
    while (s[len])
        len++;
    return len;
}

int strcmp(const char *a, const char *b) {
    for (; *a && *a == *b; a++)
        b++;
    return (uint8_t)*a - (uint8_t)*b;
}

tp_err tp_fail(tp_fault *f, tp_err err, const char *code, const char *where, ...) {
    (void)where;
    if (f) *f = (tp_fault){.err = err, .code = code};
    return err;
}
