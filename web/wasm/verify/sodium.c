/* libsodium's part in a verification, over core/. The verdicts are the same: sodium.h. */
#include <sodium.h>
#include <string.h>

#include "core/group/ed25519.h"
#include "core/hash/hash.h"
#include "web/wasm/verify/host.h"

int crypto_sign_verify_detached(const unsigned char *signature, const unsigned char *message,
                                unsigned long long message_len, const unsigned char *key) {
    return tp_ed25519_verify_var(signature, key, message, (size_t)message_len) ? -1 : 0;
}

int crypto_core_ed25519_is_valid_point(const unsigned char *point) {
    return tp_ed25519_key_valid_var(point);
}

/* X25519 gives zero for these u and no other: 0, 1, the two of order 8, -1, and 0 and 1 written as
 * p and p + 1. The top bit is not looked at (RFC 7748 section 5). */
int crypto_scalarmult(unsigned char *out, const unsigned char *scalar, const unsigned char *point) {
    static const uint8_t small[7][32] = {
        {0},
        {1},
        {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
         0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
         0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
        {0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1,
         0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c,
         0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
        {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
        {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
        {0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    };
    uint8_t u[32];
    (void)scalar;
    memset(out, 0, 32);
    memcpy(u, point, 32);
    u[31] &= 0x7f;
    for (size_t i = 0; i < 7; i++)
        if (!memcmp(u, small[i], 32)) return -1;
    return 0;
}

int crypto_shorthash(unsigned char *out, const unsigned char *bytes, unsigned long long len,
                     const unsigned char *key) {
    tp_sha256_ctx h;
    uint8_t hash[32];
    tp_sha256_init(&h);
    tp_sha256_update(&h, key, crypto_shorthash_KEYBYTES);
    tp_sha256_update(&h, bytes, (size_t)len);
    tp_sha256_final(&h, hash);
    memcpy(out, hash, crypto_shorthash_BYTES);
    return 0;
}

void crypto_shorthash_keygen(unsigned char key[crypto_shorthash_KEYBYTES]) {
    host_random(key, crypto_shorthash_KEYBYTES);
}

static int digit(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int sodium_hex2bin(unsigned char *out, size_t cap, const char *hex, size_t hex_len,
                   const char *ignore, size_t *out_len, const char **end) {
    (void)ignore, (void)out_len, (void)end;
    if (hex_len != 2 * cap) return -1;
    for (size_t i = 0; i < cap; i++) {
        int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);
        if (high < 0 || low < 0) return -1;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return 0;
}
