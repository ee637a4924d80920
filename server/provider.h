/* An OpenID Connect provider, as a relying party meets it: discovery, its keys, and the exchange of
 * a code for an ID token. Calls block for seconds at worst: never on the way of a ballot. */
#ifndef TAPAT_SERVER_PROVIDER_H
#define TAPAT_SERVER_PROVIDER_H

#include "server/id_token.h"

enum { TP_VERIFIER_TEXT = 44, TP_NONCE_TEXT = 65, TP_LOCATION_MAX = 2048 };

typedef struct tp_provider tp_provider;

typedef struct {
    const char *issuer, *client, *claim; /* of the manifest */
    const char *secret;                  /* NULL: a public client */
    const char *redirect;                /* our page that the voter comes back to */
    json_t *keys;                        /* the provider's, pinned: nothing is asked; or NULL */
    void (*seen)(void *ctx, const json_t *jwks); /* is told of the keys each time; or NULL */
    void *ctx;
} tp_provider_options;

tp_provider *tp_provider_new(const tp_provider_options *o);
/* From now on nothing is asked, and what is being asked ends within a second: TP_SYSTEM. */
void tp_provider_stop(tp_provider *p);
void tp_provider_free(tp_provider *p);
/* Where to send the voter. TP_SYSTEM: the provider cannot be reached, or is another. */
TP_MUST_USE tp_err tp_provider_location(char out[static TP_LOCATION_MAX], tp_provider *p,
                                        const char *state, const char *nonce, const char *verifier);
/* The claim of the person who came back with this code, and the ID token that says so (free()).
 * TP_SYSTEM: not reached; TP_REFUSED: the code or its token does not hold, and *why says so. */
TP_MUST_USE tp_err tp_provider_claim(char claim[static TP_CLAIM_MAX], char **token, tp_provider *p,
                                     const char *code, const char *nonce, const char *verifier,
                                     uint64_t now, const char **why);
/* Asks for its keys, if that was longer than an hour ago. */
void tp_provider_look(tp_provider *p);
/* What a token of this login has to fulfil. */
tp_id_token_rules tp_provider_rules(const tp_provider *p, const char *nonce, uint64_t now);
/* The same of a token that another got: did it hold when it was issued? For registrars. */
TP_MUST_USE tp_err tp_provider_holds(char claim[static TP_CLAIM_MAX], tp_provider *p,
                                     const char *token, const char *nonce, uint64_t now,
                                     const char **why);

#endif
