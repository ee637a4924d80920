/* The four functions that a freestanding compiler may call by itself, so that core needs no C
 * library header: WebAssembly has none.
 */
#ifndef TAPAT_CORE_MEM_H
#define TAPAT_CORE_MEM_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int byte, size_t len);
int memcmp(const void *a, const void *b, size_t len);

#endif
