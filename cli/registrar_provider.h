/* The keys that a registrar has seen at the identity provider, so that a login signed while a key
 * was there can be checked after the provider went on to another. A text file beside the key file,
 * FILE.provider, for nobody else to read or write; a line is
 *
 *     ISSUER FIRST LAST KEY
 *
 * ISSUER: SHA-256 of the issuer, hex; FIRST, LAST: when the key was first and last among the
 * provider's, Unix seconds; KEY: the public key (RFC 7517), members in order of their names.
 *
 * A key that is not there now counts for a login that was issued between FIRST and LAST, or an hour
 * and five minutes to either side, and until LAST is longer ago than registrars have to decide.
 * spec: chapter 4, L-23. */
#ifndef TAPAT_CLI_REGISTRAR_PROVIDER_H
#define TAPAT_CLI_REGISTRAR_PROVIDER_H

#include "server/id_token.h"

typedef struct registrar_seen registrar_seen;

/* days: how long registrars have to decide. NULL: the file is none, which was said. */
registrar_seen *registrar_seen_open(const char *key_file, const char *issuer, unsigned days);
void registrar_seen_close(registrar_seen *k);
/* The provider has these keys now (tp_provider_options). ctx: registrar_seen */
void registrar_seen_take(void *ctx, const json_t *jwks);
/* As tp_id_token_refusal, under the keys that count; "key": none of them signed it; else in words:
 * one did, of another time. */
const char *registrar_seen_refusal(char claim[static TP_CLAIM_MAX], const registrar_seen *k,
                                   const char *token, const tp_id_token_rules *rules);

#endif
