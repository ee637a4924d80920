/* Memory and sorting for the verifier: memory.c, text.c. Safe to call from every thread. */
#ifndef TAPAT_VERIFY_STDLIB_H
#define TAPAT_VERIFY_STDLIB_H

#include <stddef.h>

void *malloc(size_t len);
void *calloc(size_t count, size_t len);
void *realloc(void *p, size_t len);
void *aligned_alloc(size_t align, size_t len); /* align: at most 64 */
void free(void *p);
void qsort(void *base, size_t count, size_t len, int (*compare)(const void *, const void *));
_Noreturn void abort(void);

#endif
