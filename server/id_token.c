/* The checks of an ID token, in the order of OpenID Connect Core 3.1.3.7. */
#include "server/id_token.h"

#include <cjose/cjose.h>
#include <sodium.h>
#include <string.h>

enum { CLOCKS_S = 120, LIFE_S = 86400 };

/* The key that the header names may make this kind of signature. Anything else ("none", a secret
 * key's MAC) is not looked at. */
static bool fits(const char *algorithm, const char *kind) {
    static const char *const pairs[][2] = {{"RS256", "RSA"}, {"PS256", "RSA"}, {"ES256", "EC"}};
    for (size_t i = 0; algorithm && kind && i < sizeof pairs / sizeof *pairs; i++)
        if (!strcmp(algorithm, pairs[i][0]) && !strcmp(kind, pairs[i][1])) return true;
    return false;
}

static const char *member(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

/* The one key of that name, or without a name the only key that there is. */
static const json_t *find_key(const json_t *jwks, const char *name) {
    const json_t *keys = json_object_get(jwks, "keys"), *found = NULL;
    size_t i, count = 0;
    json_t *key;
    json_array_foreach(keys, i, key) {
        const char *use = member(key, "use"), *kid = member(key, "kid");
        if (use && strcmp(use, "sig") != 0) continue;
        if (name && (!kid || strcmp(kid, name) != 0)) continue;
        found = key;
        count++;
    }
    return count == 1 ? found : NULL;
}

static const char *verify(cjose_jws_t *jws, const json_t *jwks) {
    cjose_err error;
    cjose_header_t *header = cjose_jws_get_protected(jws);
    const char *algorithm = cjose_header_get(header, CJOSE_HDR_ALG, &error);
    const char *name = cjose_header_get(header, CJOSE_HDR_KID, &error);
    if (!fits(algorithm, "RSA") && !fits(algorithm, "EC")) return "algorithm";
    const json_t *named = find_key(jwks, name);
    if (!named) return "key";
    if (!fits(algorithm, member(named, "kty"))) return "algorithm";
    json_t *copy = json_deep_copy(named);
    cjose_jwk_t *key = copy ? cjose_jwk_import_json((cjose_header_t *)copy, &error) : NULL;
    bool good = key && cjose_jws_verify(jws, key, &error);
    cjose_jwk_release(key);
    json_decref(copy);
    return good ? NULL : "signature";
}

/* A string that is ours, or a list that holds it; with several, `azp` says whom it was given to. */
static bool for_us(const json_t *claims, const char *client) {
    const json_t *audience = json_object_get(claims, "aud");
    const char *one = json_string_value(audience), *party = member(claims, "azp");
    if (party && strcmp(party, client) != 0) return false;
    if (one) return !strcmp(one, client);
    size_t i;
    json_t *name;
    bool found = false;
    json_array_foreach(audience, i, name) {
        if (!json_is_string(name)) return false;
        found = found || !strcmp(json_string_value(name), client);
    }
    return found && (json_array_size(audience) == 1 || party);
}

static bool in_time(const json_t *claims, const tp_id_token_rules *rules) {
    uint64_t now = rules->now;
    const json_t *expires = json_object_get(claims, "exp"),
                 *issued = json_object_get(claims, "iat");
    if (!json_is_integer(expires) || !json_is_integer(issued)) return false;
    json_int_t until = json_integer_value(expires), since = json_integer_value(issued);
    if (until < 0 || since < 0 || (uint64_t)since < rules->issued_from) return false;
    if (rules->issued_until && (uint64_t)since > rules->issued_until) return false;
    if (rules->as_issued) return since <= until && (uint64_t)since <= now + CLOCKS_S;
    return now < (uint64_t)until + CLOCKS_S && (uint64_t)since <= now + CLOCKS_S &&
           now <= (uint64_t)since + LIFE_S;
}

static bool is_nonce(const json_t *claims, const char *nonce) {
    const char *theirs = member(claims, "nonce");
    return theirs && strlen(theirs) == strlen(nonce) &&
           sodium_memcmp(theirs, nonce, strlen(nonce)) == 0;
}

static bool read_claim(char out[static TP_CLAIM_MAX], const json_t *claims, const char *name) {
    const json_t *v = json_object_get(claims, name);
    int n = -1;
    if (json_is_string(v) && strlen(json_string_value(v)) == json_string_length(v))
        n = snprintf(out, TP_CLAIM_MAX, "%s", json_string_value(v));
    else if (json_is_integer(v))
        n = snprintf(out, TP_CLAIM_MAX, "%lld", (long long)json_integer_value(v));
    return n > 0 && n < TP_CLAIM_MAX;
}

static const char *check_claims(char claim[static TP_CLAIM_MAX], const json_t *claims,
                                const tp_id_token_rules *rules) {
    const char *issuer = member(claims, "iss");
    if (!issuer || strcmp(issuer, rules->issuer) != 0) return "issuer";
    if (!for_us(claims, rules->client)) return "audience";
    if (!in_time(claims, rules)) return "time";
    if (!is_nonce(claims, rules->nonce)) return "nonce";
    return read_claim(claim, claims, rules->claim) ? NULL : "claim";
}

const char *tp_id_token_refusal(char claim[static TP_CLAIM_MAX], const char *token,
                                const json_t *jwks, const tp_id_token_rules *rules) {
    cjose_err error;
    uint8_t *text = NULL;
    size_t len = strlen(token), text_len = 0;
    if (len > TP_ID_TOKEN_MAX) return "malformed";
    cjose_jws_t *jws = cjose_jws_import(token, len, &error);
    if (!jws) return "malformed";
    const char *refusal = verify(jws, jwks);
    json_t *claims = NULL;
    if (!refusal && cjose_jws_get_plaintext(jws, &text, &text_len, &error))
        claims = json_loadb((const char *)text, text_len, JSON_REJECT_DUPLICATES, NULL);
    if (!refusal)
        refusal = json_is_object(claims) ? check_claims(claim, claims, rules) : "malformed";
    json_decref(claims);
    cjose_jws_release(jws);
    return refusal;
}
