/* Evidence bound to a credential: evidence.h.
 *
 * Letters as in the spec: l = wide(challenge `l` of (fingerprint, code)), L = l*G; the nonce is the
 * beginning of challenge `nonce` of (fingerprint, credential, blind).
 * spec: chapter 4, L-19..L-22.
 */
#include "election/evidence.h"

#include "core/base/mem.h"
#include "core/group/group.h"
#include "core/hash/hash.h"
#include "core/proof/schnorr.h"

enum { SIGNED = 32 + 32 }; /* fingerprint, credential */

/* spec: L-19 */
tp_err tp_letter_key(uint8_t secret[static 32], uint8_t key[static 32],
                     const uint8_t fingerprint[static 32],
                     const uint8_t code[static TP_LETTER_CODE]) {
    uint8_t wide[64];
    tp_transcript t;
    tp_secret_key pair;
    tp_transcript_init(&t, TP_LETTER_KEY_DOMAIN);
    tp_absorb(&t, "fingerprint", fingerprint, 32);
    tp_absorb(&t, "code", code, TP_LETTER_CODE);
    tp_challenge(&t, "l", wide);
    tp_err err = tp_keypair(&pair, key, wide);
    tp_scalar_encode(secret, &pair.x);
    tp_wipe(&t, sizeof t);
    tp_wipe(wide, sizeof wide);
    tp_wipe(&pair, sizeof pair);
    return err;
}

static void signed_bytes(uint8_t out[static SIGNED], const uint8_t fingerprint[static 32],
                         const uint8_t credential[static 32]) {
    memcpy(out, fingerprint, 32);
    memcpy(out + 32, credential, 32);
}

/* spec: L-20 */
tp_err tp_letter_sign(uint8_t signature[static 64], const uint8_t fingerprint[static 32],
                      const uint8_t credential[static 32], const uint8_t secret[static 32],
                      const uint8_t random[static 32]) {
    uint8_t bytes[SIGNED], key[32];
    tp_secret_key pair;
    tp_err err = tp_keypair_decode(&pair, key, secret);
    signed_bytes(bytes, fingerprint, credential);
    if (!err) tp_sign(signature, &pair, key, TP_LETTER_DOMAIN, bytes, sizeof bytes, random);
    tp_wipe(&pair, sizeof pair);
    return err;
}

tp_err tp_letter_verify(const uint8_t signature[static 64], const uint8_t fingerprint[static 32],
                        const uint8_t credential[static 32], const uint8_t key[static 32]) {
    uint8_t bytes[SIGNED];
    signed_bytes(bytes, fingerprint, credential);
    return tp_verify_var(signature, key, TP_LETTER_DOMAIN, bytes, sizeof bytes);
}

/* spec: L-21 */
void tp_login_nonce(uint8_t nonce[static TP_LOGIN_NONCE], const uint8_t fingerprint[static 32],
                    const uint8_t credential[static 32],
                    const uint8_t blind[static TP_LOGIN_BLIND]) {
    uint8_t wide[64];
    tp_transcript t;
    tp_transcript_init(&t, TP_LOGIN_DOMAIN);
    tp_absorb(&t, "fingerprint", fingerprint, 32);
    tp_absorb(&t, "credential", credential, 32);
    tp_absorb(&t, "blind", blind, TP_LOGIN_BLIND);
    tp_challenge(&t, "nonce", wide);
    memcpy(nonce, wide, TP_LOGIN_NONCE);
}
