/* Shared by ceremony.c (what everyone computes) and ceremony_trustee.c (what a seed adds). */
#ifndef TAPAT_ELECTION_CEREMONY_STATE_H
#define TAPAT_ELECTION_CEREMONY_STATE_H

#include "core/proof/schnorr.h"
#include "core/threshold/dkg.h"
#include "election/ceremony.h"

enum { TP_COMPLAINT_NONE, TP_COMPLAINT_STANDS, TP_COMPLAINT_ANSWERED };

/* Dealers and receivers by position, from 0. P points in all contests together. */
struct tp_ceremony {
    const tp_manifest *m;
    uint16_t n, t;
    size_t points; /* P */
    size_t messages_len, box_len;
    bool committed[TP_MAX_TRUSTEES], dealt[TP_MAX_TRUSTEES], confirmed[TP_MAX_TRUSTEES];
    uint8_t deal_hash[TP_MAX_TRUSTEES][32], box_key[TP_MAX_TRUSTEES][32];
    uint8_t complaint[TP_MAX_TRUSTEES][TP_MAX_TRUSTEES]; /* [dealer][complainant] */
    uint16_t culprit;
    tp_point *commitments; /* [dealer][P*t] */
    uint8_t *boxes;        /* [dealer][receiver][box_len] */
    tp_scalar *opened;     /* [dealer][receiver][P], where a complaint was answered */
    tp_keys keys;
};

tp_dkg_params tp_ceremony_params(const tp_manifest *m, size_t contest);
void tp_ceremony_deal_hash(uint8_t out[static 32], const tp_manifest *m, uint16_t dealer,
                           const uint8_t *messages);
TP_MUST_USE tp_err tp_ceremony_shares_fit(const tp_ceremony *c, const tp_scalar *shares,
                                          uint16_t dealer, uint16_t receiver);

#define TP_LIVENESS_DOMAIN "tapat-v1 liveness"
enum { TP_LIVENESS_MESSAGE = 32 + 32 + 2 + 2 + 8 + 8 + 32 };
void tp_liveness_message(uint8_t out[static TP_LIVENESS_MESSAGE], const tp_ceremony *c,
                         const tp_entry *e, size_t contest);
void tp_liveness_weights(tp_scalar *powers, const uint8_t message[static TP_LIVENESS_MESSAGE],
                         size_t p);

#endif
