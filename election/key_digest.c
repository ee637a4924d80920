/* The digest of all election keys, apart from the ceremony so that a page can compute it.
 * Freestanding. spec: chapter 3, requirement X-13.
 */
#include "election/ceremony.h"

static const char domain[] = "tapat-v1 keys";

void tp_key_digest(uint8_t out[static 32], const uint8_t fingerprint[static 32],
                   const uint8_t y_hash[static 32], const uint8_t v_hash[static 32]) {
    tp_sha256_ctx h;
    tp_sha256_init(&h);
    tp_sha256_update(&h, domain, sizeof domain - 1);
    tp_sha256_update(&h, fingerprint, 32);
    tp_sha256_update(&h, y_hash, 32);
    tp_sha256_update(&h, v_hash, 32);
    tp_sha256_final(&h, out);
}
