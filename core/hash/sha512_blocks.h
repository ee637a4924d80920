/* Eight SHA-512 compressions side by side, behind one name. Internal to core/hash. */
#ifndef TAPAT_CORE_HASH_SHA512_BLOCKS_H
#define TAPAT_CORE_HASH_SHA512_BLOCKS_H

#include "core/base/base.h"

/* The constants of FIPS 180-4 section 4.2.3. */
extern const uint64_t tp_sha512_k[80];

/* Fewer lanes than these are hashed one after the other. */
#define TP_SHA512_WORTH 3

/* Compresses count blocks of 128 bytes at p[i] into state[i], i = 0..7. Two states may be one: it
 * is then left with any of the results. */
typedef void tp_sha512_blocks8_fn(uint64_t *const state[static 8], const uint8_t *const p[static 8],
                                  size_t count);

tp_sha512_blocks8_fn tp_sha512_blocks8_portable;
/* Needs AVX-512 F and BW. */
tp_sha512_blocks8_fn tp_sha512_blocks8_avx512;

/* The best of them for this machine: sha512_pick_x86.c or sha512_pick_portable.c, chosen at build.
 */
tp_sha512_blocks8_fn tp_sha512_blocks8;

/* True if tp_sha512_blocks8_avx512 may be called on this machine. */
bool tp_sha512_has_avx512(void);

#endif
