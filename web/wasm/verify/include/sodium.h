/* Those functions of libsodium that verification calls, over core/: sodium.c. The sizes are public
 * parameters of the algorithms. What makes keys and signatures is declared and not there. */
#ifndef TAPAT_VERIFY_SODIUM_H
#define TAPAT_VERIFY_SODIUM_H

#include <stddef.h>

#define crypto_shorthash_BYTES    8U
#define crypto_shorthash_KEYBYTES 16U
#define crypto_box_SEALBYTES      48U

int crypto_sign_verify_detached(const unsigned char *signature, const unsigned char *message,
                                unsigned long long message_len, const unsigned char *key);
int crypto_sign_detached(unsigned char *signature, unsigned long long *signature_len,
                         const unsigned char *message, unsigned long long message_len,
                         const unsigned char *secret);
int crypto_core_ed25519_is_valid_point(const unsigned char *point);
/* Only whether it would fail: -1 if point is of small order. out is zero. */
int crypto_scalarmult(unsigned char *out, const unsigned char *scalar, const unsigned char *point);
/* A keyed hash, not the same as libsodium's: it serves tables and is never seen. */
int crypto_shorthash(unsigned char *out, const unsigned char *bytes, unsigned long long len,
                     const unsigned char *key);
void crypto_shorthash_keygen(unsigned char key[crypto_shorthash_KEYBYTES]);
int sodium_hex2bin(unsigned char *out, size_t cap, const char *hex, size_t hex_len,
                   const char *ignore, size_t *out_len, const char **end);

#endif
