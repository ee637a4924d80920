/* Formatting for the verifier: %s %c %d %u %x with width, zeros, precision, and z, l, ll. text.c */
#ifndef TAPAT_VERIFY_STDIO_H
#define TAPAT_VERIFY_STDIO_H

#include <stdarg.h>
#include <stddef.h>

int vsnprintf(char *out, size_t cap, const char *format, va_list args);
int snprintf(char *out, size_t cap, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
