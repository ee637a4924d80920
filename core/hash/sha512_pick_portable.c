/* Machines without a special SHA-512 of eight lanes: the portable one. */
#include "core/hash/sha512_blocks.h"

void tp_sha512_blocks8(uint64_t *const state[static 8], const uint8_t *const p[static 8],
                       size_t count) {
    tp_sha512_blocks8_portable(state, p, count);
}
