/* Evidence of who a voter is that the server cannot make, bound to the voter's credential: the
 * signature of a letter's key, and the nonce of a login at the identity provider. Freestanding: the
 * page makes what server and registrars check. spec: chapter 4, L-19..L-22.
 */
#ifndef TAPAT_ELECTION_EVIDENCE_H
#define TAPAT_ELECTION_EVIDENCE_H

#include "election/election.h"

#define TP_LETTER_DOMAIN     "tapat-v1 letter"
#define TP_LETTER_KEY_DOMAIN "tapat-v1 letter key"
#define TP_LOGIN_DOMAIN      "tapat-v1 login"

/* 100 bits and a check symbol (code.h). */
enum { TP_LETTER_SYMBOLS = 20, TP_LETTER_CODE = 13, TP_LETTER_EVIDENCE = 32 + 64 };
enum { TP_LOGIN_BLIND = 32, TP_LOGIN_NONCE = 32 };

/* The key pair of a letter's code, as tp_code_read gives it; secret is a scalar as
 * tp_scalar_encode writes it. Constant time in the code. TP_INVALID: the scalar is zero. */
TP_MUST_USE tp_err tp_letter_key(uint8_t secret[static 32], uint8_t key[static 32],
                                 const uint8_t fingerprint[static 32],
                                 const uint8_t code[static TP_LETTER_CODE]);
/* Who holds the letter asks for this credential. TP_MALFORMED: secret is no scalar. */
TP_MUST_USE tp_err tp_letter_sign(uint8_t signature[static 64],
                                  const uint8_t fingerprint[static 32],
                                  const uint8_t credential[static 32],
                                  const uint8_t secret[static 32], const uint8_t random[static 32]);
/* TP_MALFORMED, TP_INVALID: as tp_verify_var. */
TP_MUST_USE tp_err tp_letter_verify(const uint8_t signature[static 64],
                                    const uint8_t fingerprint[static 32],
                                    const uint8_t credential[static 32],
                                    const uint8_t key[static 32]);

/* What the provider signs without knowing whose credential it is. blind: 32 random bytes of the
 * page, which server and registrars learn and the provider does not. */
void tp_login_nonce(uint8_t nonce[static TP_LOGIN_NONCE], const uint8_t fingerprint[static 32],
                    const uint8_t credential[static 32],
                    const uint8_t blind[static TP_LOGIN_BLIND]);

#endif
