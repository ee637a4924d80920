/* Stage define: the manifest, the JSON document that fixes an election. Its SHA-256 over the bytes
 * as published is the election fingerprint. JSON Schema: spec/manifest.schema.json.
 * spec: chapter 3 (define).
 */
#ifndef TAPAT_ELECTION_MANIFEST_H
#define TAPAT_ELECTION_MANIFEST_H

#include "core/proof/sum.h"
#include "election/election.h"

typedef struct {
    uint16_t number;          /* as printed on the ballot */
    const char *name, *party; /* party may be "" */
} tp_option;

typedef enum { TP_PLURALITY, TP_TOTALS } tp_method;

typedef struct {
    const char *id, *title; /* title in the manifest's first language */
    tp_sum_shape shape;     /* options n, min a, max b */
    uint16_t seats;         /* 0: none are filled here (totals only) */
    tp_method method;       /* "plurality-at-large" or "totals" */
    tp_option *options;     /* shape.options of them */
} tp_contest;

typedef struct {
    const char *id;
    uint16_t contests[TP_MAX_CONTESTS]; /* indexes, ascending */
    uint16_t contest_count;
} tp_style;

typedef struct {
    const char *id, *name, *country, *group; /* group: the pool that small units merge into */
    uint32_t registered;                     /* on the roll */
    uint16_t style;
    uint8_t routes; /* of enrolment that are open here: a set of tp_enrol_route */
} tp_unit;

/* How a person shows who they are. spec: M-23 */
typedef enum {
    TP_ROUTE_CODE = 1,      /* a one-time code to the contact on the roll */
    TP_ROUTE_LETTER = 2,    /* a code on paper */
    TP_ROUTE_DESK = 4,      /* in person at the post */
    TP_ROUTE_DOCUMENTS = 8, /* photos, looked at by a registrar */
    TP_ROUTE_OIDC = 16,     /* an identity provider's word */
} tp_enrol_route;

typedef struct {
    bool show;                    /* a look-up tells the unit and its routes */
    uint16_t shared;              /* so many voters may share a contact */
    uint16_t review_days;         /* within which registrars decide */
    uint8_t (*document_keys)[32]; /* one for each registrar; NULL: no unit has that route */
    const char *issuer, *client, *provider, *claim; /* NULL: no unit has the route OIDC */
} tp_enrol_rules;

typedef struct {
    const char *name;
    uint8_t key[32]; /* ristretto255 Schnorr verification key; a witness's: Ed25519 */
} tp_signer;

typedef struct {
    uint16_t count, quorum;
    tp_signer who[TP_MAX_SIGNERS];
} tp_college;

typedef struct {
    uint8_t fingerprint[32];
    const char *id, *title, *zone;
    bool test; /* a test election may be closed early, and every page says that it is one */
    uint16_t contest_count, style_count, unit_count;
    tp_contest *contests;
    tp_style *styles;
    tp_unit *units;
    uint32_t floor; /* no aggregate of fewer ballots is ever decrypted */
    uint64_t enrol_time, open_time, close_time; /* Unix seconds */
    tp_college trustees;                        /* quorum is t */
    tp_college registrars; /* quorum m: signatures that a registration carries */
    tp_college officers;   /* quorum: signatures that an act carries */
    const char *log_origin;
    uint8_t log_key[32]; /* Ed25519: checkpoints and promises */
    uint32_t batch_interval_s, promise_deadline_s;
    tp_college witnesses; /* quorum, may be 0: cosignatures that a checkpoint carries */
    tp_enrol_rules enrol;
    void *arena; /* owns every string and array above */
} tp_manifest;

/* Parses strictly: unknown, missing or duplicate members, wrong types, bad keys, duplicate ids or
 * names of options, t = n, inconsistent times are refused, and fault->where is the JSON path.
 * Allocates (the one place in election/ that does); free with tp_manifest_free. */
TP_MUST_USE tp_err tp_manifest_parse(tp_manifest *m, const void *json, size_t len, tp_fault *fault);
void tp_manifest_free(tp_manifest *m);

#endif
