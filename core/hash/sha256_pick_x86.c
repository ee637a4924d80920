/* Chooses the SHA-256 compression function once, at the first call, by CPUID.
 *
 * Two threads may both choose; they store the same pointer.
 */
#include "core/hash/sha256_blocks.h"

#include <cpuid.h>

bool tp_sha256_has_ni(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return false;
    if (!(c & bit_SSSE3) || !(c & bit_SSE4_1)) return false;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
    return (b & bit_SHA) != 0;
}

static tp_sha256_blocks_fn choose;
static tp_sha256_blocks_fn *_Atomic chosen = choose;

static void choose(uint32_t state[static 8], const uint8_t *p, size_t count) {
    chosen = tp_sha256_has_ni() ? tp_sha256_blocks_ni : tp_sha256_blocks_portable;
    chosen(state, p, count);
}

void tp_sha256_blocks(uint32_t state[static 8], const uint8_t *p, size_t count) {
    chosen(state, p, count);
}
