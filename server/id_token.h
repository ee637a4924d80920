/* An identity provider's ID token (OpenID Connect Core 1.0, 3.1.3.7): is it for us, for this login,
 * and whose is it? Signatures by libcjose; RS256, PS256 and ES256 with the keys of the provider. */
#ifndef TAPAT_SERVER_ID_TOKEN_H
#define TAPAT_SERVER_ID_TOKEN_H

#include <jansson.h>

#include "core/base/base.h"

enum { TP_ID_TOKEN_MAX = 16384, TP_CLAIM_MAX = 64 };

typedef struct {
    const char *issuer, *client, *nonce;
    const char *claim;                  /* the one asked for: a string or a whole number */
    uint64_t now;                       /* Unix seconds; clocks may differ by two minutes */
    bool as_issued;                     /* did it hold when it was made? `now` may be later */
    uint64_t issued_from, issued_until; /* when it must have been; 0: not asked */
} tp_id_token_rules;

/* NULL and the claim, if the token holds. Else what is wrong: "malformed", "algorithm", "key" (none
 * of jwks: fetch them anew), "signature", "issuer", "audience", "time", "nonce", "claim". */
const char *tp_id_token_refusal(char claim[static TP_CLAIM_MAX], const char *token,
                                const json_t *jwks, const tp_id_token_rules *rules);

#endif
