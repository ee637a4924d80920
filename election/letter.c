/* The code of a letter: letter.h. A plain hash will do: 75 random bits are beyond any search. */
#include "election/letter.h"

#include "core/base/mem.h"
#include "core/hash/hash.h"

/* spec: Q-9 */
void tp_letter_hash(uint8_t out[static 32], const uint8_t fingerprint[static 32],
                    const uint8_t code[static TP_LETTER_CODE]) {
    static const char domain[] = "tapat-v1 letter";
    tp_sha256_ctx h;
    tp_sha256_init(&h);
    tp_sha256_update(&h, domain, sizeof domain - 1);
    tp_sha256_update(&h, fingerprint, 32);
    tp_sha256_update(&h, code, TP_LETTER_CODE);
    tp_sha256_final(&h, out);
    tp_wipe(&h, sizeof h);
}
