/* What the verifier uses of the C library's strings. */
#ifndef TAPAT_VERIFY_STRING_H
#define TAPAT_VERIFY_STRING_H

#include "core/base/mem.h"

size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t len);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *part);
char *strpbrk(const char *s, const char *set);
size_t strspn(const char *s, const char *set);
char *strcpy(char *restrict to, const char *restrict from);

#endif
