/* The SHA-256 compression function behind one name. Internal to core/hash. */
#ifndef TAPAT_CORE_HASH_SHA256_BLOCKS_H
#define TAPAT_CORE_HASH_SHA256_BLOCKS_H

#include "core/base/base.h"

/* Compresses count blocks of 64 bytes into the state. */
typedef void tp_sha256_blocks_fn(uint32_t state[static 8], const uint8_t *p, size_t count);

tp_sha256_blocks_fn tp_sha256_blocks_portable;
/* Needs the SHA, SSSE3 and SSE4.1 instructions. */
tp_sha256_blocks_fn tp_sha256_blocks_ni;

/* The best of them for this machine: sha256_pick_x86.c or sha256_pick_portable.c, chosen at build.
 */
tp_sha256_blocks_fn tp_sha256_blocks;

/* True if tp_sha256_blocks_ni may be called on this machine. */
bool tp_sha256_has_ni(void);

#endif
