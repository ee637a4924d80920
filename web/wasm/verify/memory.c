/* malloc over the module's memory: free lists by size class, four classes to the octave, under one
 * lock. Blocks are never split or joined: the verifier asks for the same sizes again and again.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "web/wasm/verify/host.h"

enum { ALIGN = 64, PAGE = 65536, CLASSES = 4 * 32 };

/* Stands before each block and keeps it aligned. */
typedef struct block {
    _Alignas(ALIGN) struct block *next; /* of the free ones of its class */
    uint32_t class;
} block;

extern uint8_t __heap_base;
static uint32_t lock;
static uintptr_t top;
static block *free_blocks[CLASSES];

/* Sizes 64, 80, 96, 112, 128, 160, ... */
static uint64_t size_of(uint32_t class) {
    return (uint64_t)(4 + class % 4) << (4 + class / 4);
}

static uint32_t class_of(size_t len) {
    uint32_t class = 0;
    if (len > 128) class = (uint32_t)(31 - __builtin_clz((uint32_t)len) - 6) * 4 - 4;
    while (size_of(class) < len)
        class ++;
    return class;
}

static block *fresh(uint32_t class) {
    if (!top) top = ((uintptr_t)&__heap_base + ALIGN - 1) & ~(uintptr_t)(ALIGN - 1);
    uint64_t len = (sizeof(block) + size_of(class) + ALIGN - 1) & ~(uint64_t)(ALIGN - 1);
    uint64_t end = top + len, have = (uint64_t)__builtin_wasm_memory_size(0) * PAGE;
    if (end > have) {
        uint64_t pages = (end - have + PAGE - 1) / PAGE;
        if (pages > UINT16_MAX || __builtin_wasm_memory_grow(0, (size_t)pages) == SIZE_MAX)
            return NULL;
    }
    block *b = (block *)top;
    b->class = class;
    top = (uintptr_t)end;
    return b;
}

void *malloc(size_t len) {
    if (len > UINT32_MAX / 2) return NULL;
    uint32_t class = class_of(len);
    host_lock(&lock);
    block *b = free_blocks[class];
    if (b)
        free_blocks[class] = b->next;
    else
        b = fresh(class);
    host_unlock(&lock);
    return b ? b + 1 : NULL;
}

void free(void *p) {
    if (!p) return;
    block *b = (block *)p - 1;
    host_lock(&lock);
    b->next = free_blocks[b->class];
    free_blocks[b->class] = b;
    host_unlock(&lock);
}

void *calloc(size_t count, size_t len) {
    uint64_t all = (uint64_t)count * len;
    void *p = all > UINT32_MAX / 2 ? NULL : malloc((size_t)all);
    return p ? memset(p, 0, (size_t)all) : NULL;
}

void *aligned_alloc(size_t align, size_t len) {
    return align <= ALIGN ? malloc(len) : NULL;
}

void *realloc(void *p, size_t len) {
    if (!p) return malloc(len);
    uint64_t have = size_of(((block *)p - 1)->class);
    if (len <= have) return p;
    void *more = malloc(len);
    if (!more) return NULL;
    memcpy(more, p, (size_t)have);
    free(p);
    return more;
}

_Noreturn void abort(void) {
    __builtin_trap();
}
