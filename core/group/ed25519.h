/* Ed25519 verification (RFC 8032 section 5.1.7), for the page, which has no other library: promises
 * and checkpoints are signed with it. Natively the servers use libsodium.
 * spec: chapter 2 (primitives).
 */
#ifndef TAPAT_CORE_GROUP_ED25519_H
#define TAPAT_CORE_GROUP_ED25519_H

#include "core/base/base.h"

/* All public. TP_MALFORMED: S is not below L, or the key is no canonical point or one of order at
 * most 8, which would sign anything. TP_INVALID: not a signature of msg by key. R is compared as
 * bytes, so a non-canonical R is never accepted, and one of order at most 8 is none: the verdicts
 * are libsodium's. */
TP_MUST_USE tp_err tp_ed25519_verify_var(const uint8_t sig[static 64], const uint8_t key[static 32],
                                         const void *msg, size_t len);
/* Is it what crypto_core_ed25519_is_valid_point of libsodium takes: canonical, of order L. */
bool tp_ed25519_key_valid_var(const uint8_t key[static 32]);

#endif
