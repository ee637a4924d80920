/* Chooses the compression of eight lanes once, at the first call, by CPUID.
 *
 * Two threads may both choose; they store the same pointer.
 */
#include "core/hash/sha512_blocks.h"

bool tp_sha512_has_avx512(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
}

static tp_sha512_blocks8_fn choose;
static tp_sha512_blocks8_fn *_Atomic chosen = choose;

static void choose(uint64_t *const state[static 8], const uint8_t *const p[static 8],
                   size_t count) {
    chosen = tp_sha512_has_avx512() ? tp_sha512_blocks8_avx512 : tp_sha512_blocks8_portable;
    chosen(state, p, count);
}

void tp_sha512_blocks8(uint64_t *const state[static 8], const uint8_t *const p[static 8],
                       size_t count) {
    chosen(state, p, count);
}
