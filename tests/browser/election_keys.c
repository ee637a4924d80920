/* Keys for the pages' double of a server: trustees whose confirmations hold, over election keys
 * that nobody can open. election_keys trustees N                          N public keys, one hex
 * line each election_keys answer N FINGERPRINT P [bad I]      what GET /api/keys answers, as hex,
 * for P points; trustee I signs another digest
 */
#include "core/proof/schnorr.h"
#include "election/ceremony.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_hex(const uint8_t *bytes, size_t len) {
    for (size_t i = 0; i < len; i++)
        printf("%02x", bytes[i]);
}

static void trustee(tp_secret_key *sk, uint8_t pk[static 32], unsigned i) {
    uint8_t seed[64] = "a trustee of the double";
    seed[63] = (uint8_t)i;
    if (tp_keypair(sk, pk, seed) != TP_OK) abort();
}

static void put_confirmation(unsigned i, const uint8_t fingerprint[static 32],
                             const uint8_t digest[static 32]) {
    static const uint8_t random[32] = {7};
    uint8_t pk[32], bytes[128], sig[64];
    tp_secret_key sk;
    tp_entry e = {.type = TP_ENTRY_CONFIRM, .signer = (uint16_t)i};
    memcpy(e.u.confirm.key_digest, digest, 32);
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    tp_entry_signed_bytes(&w, fingerprint, &e);
    trustee(&sk, pk, i);
    tp_sign(sig, &sk, pk, TP_ENTRY_DOMAIN, bytes, w.len, random);
    put_hex(sig, 64);
}

static int answer(unsigned n, const char *fingerprint_hex, size_t points, unsigned bad) {
    uint8_t fingerprint[32], digest[32], y_hash[32], v_hash[32] = {1};
    uint8_t(*y)[32] = calloc(points, 32);
    if (!y || sodium_hex2bin(fingerprint, 32, fingerprint_hex, 64, NULL, NULL, NULL)) return 2;
    for (size_t k = 0; k < points; k++) {
        tp_point p;
        tp_hash_to_group_var(&p, &k, sizeof k, "double", 6);
        tp_points_encode(&y[k], &p, 1);
    }
    tp_sha256(y_hash, y, 32 * points);
    tp_key_digest(digest, fingerprint, y_hash, v_hash);
    put_hex(y[0], 32 * points);
    put_hex(v_hash, 32);
    printf("%04x", n);
    for (unsigned i = 1; i <= n; i++) {
        digest[0] ^= i == bad;
        put_confirmation(i, fingerprint, digest);
        digest[0] ^= i == bad;
    }
    free(y);
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    unsigned n = (unsigned)atoi(argv[2]);
    if (!strcmp(argv[1], "trustees")) {
        for (unsigned i = 1; i <= n; i++) {
            tp_secret_key sk;
            uint8_t pk[32];
            trustee(&sk, pk, i);
            put_hex(pk, 32);
            putchar('\n');
        }
        return 0;
    }
    if (argc < 5) return 2;
    return answer(n, argv[3], (size_t)atoi(argv[4]), argc > 6 ? (unsigned)atoi(argv[6]) : 0);
}
