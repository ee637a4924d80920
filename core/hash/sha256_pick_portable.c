/* SHA-256 on machines with no special instructions known to us, WebAssembly among them. */
#include "core/hash/sha256_blocks.h"

bool tp_sha256_has_ni(void) {
    return false;
}

void tp_sha256_blocks(uint32_t state[static 8], const uint8_t *p, size_t count) {
    tp_sha256_blocks_portable(state, p, count);
}
