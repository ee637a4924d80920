/* Stage ceremony: the trustees' messages and the keys that come of them. spec: chapter 3.
 *
 *  -> round 0  COMMIT   hash of the deal, and a box key that shares can be sealed to
 *  -> round 1  DEAL     per contest: Feldman commitments, one proof of possession; per trustee: its
 *                       shares of all contests in one sealed box
 *  -> round 2  COMPLAINT / OPENING  a bad share is opened in public and judged by everyone; a
 * dealer who does not answer ends the ceremony by name
 *  -> CONFIRM  all n trustees sign the key digest that they see on the public board
 *
 * A trustee keeps one 32-byte seed. Identity key, box key and polynomials are derived from it, and
 * its shares are decrypted again from the board, so the seed (file, and printed code) is the
 * backup.
 */
#ifndef TAPAT_ELECTION_CEREMONY_H
#define TAPAT_ELECTION_CEREMONY_H

#include "core/group/group.h"
#include "election/entry.h"

/* A DEAL's body, between signer and signature (lengths follow from the manifest):
 *   per contest   opaque message[32*p*t + 64];    core/threshold/dkg.h, round 1
 *   per trustee   opaque box[32*P + 48];          P = sum of p: its shares, contest by contest, in
 *                                                 a sealed box (libsodium) to its box key
 * deal_hash = SHA-256("tapat-v1 deal" || per contest tp_dkg_commit of its message): the boxes are
 * outside, because the others' box keys are not known in round 0. */
size_t tp_deal_len(const tp_manifest *m);
enum { TP_DEAL_ENTRY_EXTRA = 1 + 2 + 64 };

/* The keys of an election. Points per contest c: y[c][k], and v[c][i*p + k] of trustee i + 1. */
typedef struct {
    uint8_t digest[32];
    uint8_t (*y[TP_MAX_CONTESTS])[32];
    uint8_t (*v[TP_MAX_CONTESTS])[32];
    tp_point *y_points[TP_MAX_CONTESTS];
    tp_point *v_points[TP_MAX_CONTESTS];
} tp_keys;

/* key_digest = SHA-256("tapat-v1 keys" || fingerprint || SHA-256(all y, contest by contest) ||
 * SHA-256(all v, contest by contest, trustee by trustee)), so that a page needs only the y. */
void tp_key_digest(uint8_t out[static 32], const uint8_t fingerprint[static 32],
                   const uint8_t y_hash[static 32], const uint8_t v_hash[static 32]);

/* What a trustee derives from its seed. */
typedef struct {
    uint8_t identity_secret[32], identity_key[32]; /* Schnorr */
    uint8_t box_secret[32], box_key[32];           /* X25519 sealed box */
} tp_trustee_keys;
void tp_trustee_derive(tp_trustee_keys *out, const uint8_t seed[static 32]);

/* Replays the ceremony's entries in board order; owns what it needs (size by tp_ceremony_new). */
typedef struct tp_ceremony tp_ceremony;
tp_ceremony *tp_ceremony_new(const tp_manifest *m);
void tp_ceremony_free(tp_ceremony *c);
/* "ceremony.order", "ceremony.repeat", "ceremony.hash", "ceremony.box-key",
 * "ceremony.commitments", "ceremony.possession", "ceremony.share", "ceremony.dealer-out",
 * "ceremony.confirm". Signatures were checked by tp_entry_verify. A refusal changes nothing. An
 * OPENING that does not fit is applied (it is the evidence) and ends the ceremony. */
TP_MUST_USE tp_err tp_ceremony_apply(tp_ceremony *c, const tp_entry *e, tp_fault *fault);
/* 0 commits awaited, 1 deals, 2 complaints or confirmations, 3 all confirmed, 4 ended by fault. */
int tp_ceremony_round(const tp_ceremony *c);
bool tp_ceremony_has(const tp_ceremony *c, tp_entry_type type, uint16_t trustee);
/* The dealer whose bad opening ended the ceremony; 0 if none. */
uint16_t tp_ceremony_culprit(const tp_ceremony *c);
/* After all deals: NULL before. */
const tp_keys *tp_ceremony_keys(const tp_ceremony *c);
/* Trustee side, trustees 1..n. Each writes one signed entry; random: 32 fresh bytes. TP_REFUSED:
 * not now, or the seed is not this trustee's. */
TP_MUST_USE tp_err tp_ceremony_commit(tp_writer *w, const tp_ceremony *c, uint16_t trustee,
                                      const uint8_t seed[static 32],
                                      const uint8_t random[static 32]);
TP_MUST_USE tp_err tp_ceremony_deal(tp_writer *w, const tp_ceremony *c, uint16_t trustee,
                                    const uint8_t seed[static 32], const uint8_t random[static 32]);
/* Opens and checks the shares dealt to this trustee: bad[d - 1] is set for each dealer d to
 * complain of. */
TP_MUST_USE tp_err tp_ceremony_check_shares(const tp_ceremony *c, uint16_t trustee,
                                            const uint8_t seed[static 32],
                                            bool bad[static TP_MAX_TRUSTEES]);
TP_MUST_USE tp_err tp_ceremony_opening(tp_writer *w, const tp_ceremony *c, uint16_t dealer,
                                       const uint8_t seed[static 32], uint16_t complainant,
                                       const uint8_t random[static 32]);
/* The trustee's secret x[c*..], all contests' points in order (sum of p), summed over all dealers,
 * and checked against v. "ceremony.share" if it does not fit. */
TP_MUST_USE tp_err tp_ceremony_secret(tp_scalar *x, const tp_ceremony *c, uint16_t trustee,
                                      const uint8_t seed[static 32], tp_fault *fault);

/* Whether `complainant` complained of `dealer` and awaits the opening. */
bool tp_ceremony_awaits_opening(const tp_ceremony *c, uint16_t dealer, uint16_t complainant);
/* LIVENESS: proves knowledge of the trustee's whole secret x (as above), one batched proof of 64
 * bytes per contest against v, bound to fingerprint, trustee, time and the board's size and root.
 */
TP_MUST_USE tp_err tp_liveness_make(tp_writer *w, const tp_ceremony *c, uint16_t trustee,
                                    const uint8_t seed[static 32], const tp_scalar *x,
                                    uint64_t time, uint64_t board_size,
                                    const uint8_t board_root[static 32],
                                    const uint8_t random[static 32]);
/* "ceremony.order" before the keys exist; "liveness.length", "liveness.proof" */
TP_MUST_USE tp_err tp_liveness_verify(const tp_ceremony *c, const tp_entry *e, tp_fault *fault);

#endif
