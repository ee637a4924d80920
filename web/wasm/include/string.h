/* What core uses of the C library where there is none. */
#ifndef TAPAT_WEB_STRING_H
#define TAPAT_WEB_STRING_H

#include "core/base/mem.h"

size_t strlen(const char *s);
int strcmp(const char *a, const char *b);

#endif
