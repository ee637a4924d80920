/* Stage ceremony: what the trustees' messages make of the public state. The trustees' own side is
 * ceremony_trustee.c. spec: chapter 3 (ceremony), requirements X-1..X-17.
 *
 * Invariants
 *  1. A refused entry leaves the state as it was.
 *  2. No deal is looked at before all n are committed to (E1); each has exactly t coefficients per
 *     key (E3), and dealers are known by their position alone (E4).
 *  3. Keys exist only when all n deals are in, and are computed from them by everyone.
 */
#include "election/ceremony_state.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static const char deal_domain[] = "tapat-v1 deal";

/* ---- shapes ---- */

tp_dkg_params tp_ceremony_params(const tp_manifest *m, size_t contest) {
    tp_dkg_params q = {.contest = (uint32_t)contest,
                       .n = m->trustees.count,
                       .t = m->trustees.quorum,
                       .p = (uint16_t)tp_sum_points(&m->contests[contest].shape)};
    memcpy(q.fingerprint, m->fingerprint, 32);
    return q;
}

static size_t all_points(const tp_manifest *m) {
    size_t sum = 0;
    for (size_t i = 0; i < m->contest_count; i++)
        sum += tp_sum_points(&m->contests[i].shape);
    return sum;
}

static size_t messages_len(const tp_manifest *m) {
    size_t sum = 0;
    for (size_t i = 0; i < m->contest_count; i++) {
        tp_dkg_params q = tp_ceremony_params(m, i);
        sum += tp_dkg_message_len(&q);
    }
    return sum;
}

static size_t box_len(const tp_manifest *m) {
    return 32 * all_points(m) + crypto_box_SEALBYTES;
}

size_t tp_deal_len(const tp_manifest *m) {
    return messages_len(m) + m->trustees.count * box_len(m);
}

/* ---- life ---- */

static bool allocate_keys(tp_ceremony *c) {
    tp_keys *k = &c->keys;
    for (size_t i = 0; i < c->m->contest_count; i++) {
        size_t p = tp_sum_points(&c->m->contests[i].shape), n = c->n;
        k->y[i] = calloc(p, 32);
        k->v[i] = calloc(n * p, 32);
        k->y_points[i] = calloc(p, sizeof(tp_point));
        k->v_points[i] = calloc(n * p, sizeof(tp_point));
        if (!k->y[i] || !k->v[i] || !k->y_points[i] || !k->v_points[i]) return false;
    }
    return true;
}

tp_ceremony *tp_ceremony_new(const tp_manifest *m) {
    tp_ceremony *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->m = m;
    c->n = m->trustees.count;
    c->t = m->trustees.quorum;
    c->points = all_points(m);
    c->messages_len = messages_len(m);
    c->box_len = box_len(m);
    c->commitments = calloc(c->n * c->points * c->t, sizeof *c->commitments);
    c->boxes = calloc(c->n, c->n * c->box_len);
    c->opened = calloc((size_t)c->n * c->n * c->points, sizeof *c->opened);
    if (c->commitments && c->boxes && c->opened && allocate_keys(c)) return c;
    tp_ceremony_free(c);
    return NULL;
}

void tp_ceremony_free(tp_ceremony *c) {
    if (!c) return;
    for (size_t i = 0; i < TP_MAX_CONTESTS; i++) {
        free(c->keys.y[i]);
        free(c->keys.v[i]);
        free(c->keys.y_points[i]);
        free(c->keys.v_points[i]);
    }
    free(c->commitments);
    free(c->boxes);
    free(c->opened);
    free(c);
}

/* ---- questions ---- */

static bool all(const tp_ceremony *c, const bool *done) {
    for (size_t i = 0; i < c->n; i++)
        if (!done[i]) return false;
    return true;
}

int tp_ceremony_round(const tp_ceremony *c) {
    if (c->culprit) return 4;
    if (!all(c, c->committed)) return 0;
    if (!all(c, c->dealt)) return 1;
    return all(c, c->confirmed) ? 3 : 2;
}

bool tp_ceremony_has(const tp_ceremony *c, tp_entry_type type, uint16_t trustee) {
    if (trustee < 1 || trustee > c->n) return false;
    size_t i = trustee - 1u;
    switch (type) {
    case TP_ENTRY_COMMIT:
        return c->committed[i];
    case TP_ENTRY_DEAL:
        return c->dealt[i];
    case TP_ENTRY_CONFIRM:
        return c->confirmed[i];
    default:
        return false;
    }
}

uint16_t tp_ceremony_culprit(const tp_ceremony *c) {
    return c->culprit;
}

bool tp_ceremony_awaits_opening(const tp_ceremony *c, uint16_t dealer, uint16_t complainant) {
    return dealer >= 1 && dealer <= c->n && complainant >= 1 && complainant <= c->n &&
           c->complaint[dealer - 1][complainant - 1] == TP_COMPLAINT_STANDS;
}

const tp_keys *tp_ceremony_keys(const tp_ceremony *c) {
    return all(c, c->dealt) ? &c->keys : NULL;
}

/* ---- round 0 ---- */

/* A point of small order would make every box to it open to everyone. spec: X-4 */
static bool good_box_key(const uint8_t key[static 32]) {
    static const uint8_t any[32] = {9};
    uint8_t shared[32];
    return crypto_scalarmult(shared, any, key) == 0;
}

static tp_err apply_commit(tp_ceremony *c, const tp_entry *e, tp_fault *fault) {
    size_t i = e->signer - 1u;
    if (c->committed[i])
        return tp_fail(fault, TP_REFUSED, "ceremony.repeat", "trustee %u", e->signer);
    if (!good_box_key(e->u.commit.box_key))
        return tp_fail(fault, TP_INVALID, "ceremony.box-key", "trustee %u", e->signer);
    memcpy(c->deal_hash[i], e->u.commit.deal_hash, 32);
    memcpy(c->box_key[i], e->u.commit.box_key, 32);
    c->committed[i] = true;
    return TP_OK;
}

/* ---- round 1 ---- */

/* spec: X-3 */
void tp_ceremony_deal_hash(uint8_t out[static 32], const tp_manifest *m, uint16_t dealer,
                           const uint8_t *messages) {
    tp_sha256_ctx h;
    uint8_t one[32];
    tp_sha256_init(&h);
    tp_sha256_update(&h, deal_domain, sizeof deal_domain - 1);
    for (size_t i = 0; i < m->contest_count; i++) {
        tp_dkg_params q = tp_ceremony_params(m, i);
        tp_dkg_commit(one, &q, dealer, messages, tp_dkg_message_len(&q));
        tp_sha256_update(&h, one, 32);
        messages += tp_dkg_message_len(&q);
    }
    tp_sha256_final(&h, out);
}

/* Commitments of one dealer start here; a contest's are at t times its first point. */
static tp_point *commitments_of(const tp_ceremony *c, size_t dealer) {
    return c->commitments + dealer * c->points * c->t;
}

static tp_err open_contest(tp_point *out, const tp_dkg_params *q, uint16_t dealer,
                           const uint8_t *message, tp_fault *fault) {
    uint8_t commitment[32];
    void *scratch = aligned_alloc(64, (tp_dkg_scratch(q) + 63) / 64 * 64 + 64);
    if (!scratch) return tp_fail(fault, TP_SYSTEM, "", "trustee %u", dealer);
    tp_dkg_commit(commitment, q, dealer, message, tp_dkg_message_len(q));
    tp_err err =
        tp_dkg_open_var(out, q, dealer, message, tp_dkg_message_len(q), commitment, scratch);
    free(scratch);
    if (err == TP_INVALID)
        return tp_fail(fault, err, "ceremony.possession", "trustee %u, contest %u", dealer,
                       q->contest);
    if (err != TP_OK)
        return tp_fail(fault, err, "ceremony.commitments", "trustee %u, contest %u", dealer,
                       q->contest);
    return TP_OK;
}

static tp_err open_messages(tp_ceremony *c, uint16_t dealer, const uint8_t *messages,
                            tp_fault *fault) {
    tp_point *out = commitments_of(c, dealer - 1u);
    for (size_t i = 0; i < c->m->contest_count; i++) {
        tp_dkg_params q = tp_ceremony_params(c->m, i);
        tp_err err = open_contest(out, &q, dealer, messages, fault);
        if (err != TP_OK) return err;
        out += tp_dkg_coefficients(&q);
        messages += tp_dkg_message_len(&q);
    }
    return TP_OK;
}

/* Keys of one contest, from all dealers' commitments; `first` is its first point. */
static tp_err contest_keys(tp_ceremony *c, size_t contest, size_t first) {
    tp_dkg_params q = tp_ceremony_params(c->m, contest);
    tp_keys *k = &c->keys;
    tp_point *sum = calloc(tp_dkg_coefficients(&q), sizeof *sum);
    if (!sum) return TP_SYSTEM;
    for (size_t i = 0; i < tp_dkg_coefficients(&q); i++)
        tp_point_identity(&sum[i]);
    for (size_t d = 0; d < c->n; d++)
        tp_dkg_commitments_add(sum, commitments_of(c, d) + first * c->t, &q);
    tp_err err = tp_dkg_election_keys_var(k->y_points[contest], sum, &q);
    for (uint32_t l = 1; err == TP_OK && l <= c->n; l++)
        err = tp_dkg_verification_keys_var(k->v_points[contest] + (l - 1) * q.p, sum, &q, l);
    free(sum);
    if (err != TP_OK) return err;
    tp_points_encode(k->y[contest], k->y_points[contest], q.p);
    tp_points_encode(k->v[contest], k->v_points[contest], (size_t)c->n * q.p);
    return TP_OK;
}

/* spec */
static tp_err derive_keys(tp_ceremony *c) {
    tp_sha256_ctx y, v;
    uint8_t y_hash[32], v_hash[32];
    size_t first = 0;
    tp_sha256_init(&y);
    tp_sha256_init(&v);
    for (size_t i = 0; i < c->m->contest_count; i++) {
        size_t p = tp_sum_points(&c->m->contests[i].shape);
        tp_err err = contest_keys(c, i, first);
        if (err != TP_OK) return err;
        tp_sha256_update(&y, c->keys.y[i], 32 * p);
        tp_sha256_update(&v, c->keys.v[i], 32 * p * c->n);
        first += p;
    }
    tp_sha256_final(&y, y_hash);
    tp_sha256_final(&v, v_hash);
    tp_key_digest(c->keys.digest, c->m->fingerprint, y_hash, v_hash);
    return TP_OK;
}

static tp_err apply_deal(tp_ceremony *c, const tp_entry *e, tp_fault *fault) {
    size_t i = e->signer - 1u;
    uint8_t hash[32];
    if (!all(c, c->committed))
        return tp_fail(fault, TP_REFUSED, "ceremony.order", "trustee %u", e->signer);
    if (c->dealt[i]) return tp_fail(fault, TP_REFUSED, "ceremony.repeat", "trustee %u", e->signer);
    if (e->u.deal.len != tp_deal_len(c->m))
        return tp_fail(fault, TP_MALFORMED, "ceremony.commitments", "trustee %u", e->signer);
    tp_ceremony_deal_hash(hash, c->m, e->signer, e->u.deal.bytes);
    if (!tp_equal(hash, c->deal_hash[i], 32))
        return tp_fail(fault, TP_INVALID, "ceremony.hash", "trustee %u", e->signer);
    tp_err err = open_messages(c, e->signer, e->u.deal.bytes, fault);
    if (err != TP_OK) return err;
    memcpy(c->boxes + i * c->n * c->box_len, e->u.deal.bytes + c->messages_len, c->n * c->box_len);
    c->dealt[i] = true;
    if (!all(c, c->dealt) || (err = derive_keys(c)) == TP_OK) return TP_OK;
    c->dealt[i] = false;
    return tp_fail(fault, err, "ceremony.commitments", "trustee %u", e->signer);
}

/* ---- round 2 ---- */

static tp_err apply_complaint(tp_ceremony *c, const tp_entry *e, tp_fault *fault) {
    uint16_t dealer = e->u.complaint.dealer;
    if (tp_ceremony_round(c) != 2 || dealer < 1 || dealer > c->n || dealer == e->signer ||
        c->confirmed[e->signer - 1u])
        return tp_fail(fault, TP_REFUSED, "ceremony.order", "trustee %u", e->signer);
    uint8_t *state = &c->complaint[dealer - 1][e->signer - 1u];
    if (*state != TP_COMPLAINT_NONE)
        return tp_fail(fault, TP_REFUSED, "ceremony.repeat", "trustee %u", e->signer);
    *state = TP_COMPLAINT_STANDS;
    return TP_OK;
}

/* Whether these shares, in clear, fit a dealer's commitments in every contest. spec: X-9 */
tp_err tp_ceremony_shares_fit(const tp_ceremony *c, const tp_scalar *shares, uint16_t dealer,
                              uint16_t receiver) {
    tp_point *scratch = calloc(2 * c->points, sizeof *scratch);
    tp_err err = scratch ? TP_OK : TP_SYSTEM;
    size_t first = 0;
    for (size_t i = 0; err == TP_OK && i < c->m->contest_count; i++) {
        tp_dkg_params q = tp_ceremony_params(c->m, i);
        const tp_point *commitments = commitments_of(c, dealer - 1u) + first * c->t;
        err = tp_dkg_share_check(shares + first, commitments, &q, receiver, scratch);
        first += q.p;
    }
    free(scratch);
    return err;
}

static tp_err apply_opening(tp_ceremony *c, const tp_entry *e, tp_fault *fault) {
    uint16_t complainant = e->u.opening.complainant;
    if (tp_ceremony_round(c) != 2 || !tp_ceremony_awaits_opening(c, e->signer, complainant))
        return tp_fail(fault, TP_REFUSED, "ceremony.order", "trustee %u", e->signer);
    if (e->u.opening.len != 32 * c->points)
        return tp_fail(fault, TP_MALFORMED, "ceremony.share", "trustee %u", e->signer);
    tp_scalar *shares = c->opened + ((e->signer - 1u) * c->n + complainant - 1u) * c->points;
    tp_err err = tp_scalars_decode(shares, tp_rows(e->u.opening.shares), c->points, NULL);
    if (err == TP_OK) err = tp_ceremony_shares_fit(c, shares, e->signer, complainant);
    if (err == TP_SYSTEM) return tp_fail(fault, err, "", "trustee %u", e->signer);
    c->complaint[e->signer - 1u][complainant - 1u] = TP_COMPLAINT_ANSWERED;
    if (err != TP_OK) c->culprit = e->signer;
    return TP_OK;
}

static tp_err apply_confirm(tp_ceremony *c, const tp_entry *e, tp_fault *fault) {
    size_t i = e->signer - 1u;
    if (tp_ceremony_round(c) < 2)
        return tp_fail(fault, TP_REFUSED, "ceremony.order", "trustee %u", e->signer);
    if (c->confirmed[i])
        return tp_fail(fault, TP_REFUSED, "ceremony.repeat", "trustee %u", e->signer);
    for (uint16_t d = 1; d <= c->n; d++)
        for (uint16_t l = 1; l <= c->n; l++)
            if (tp_ceremony_awaits_opening(c, d, l))
                return tp_fail(fault, TP_REFUSED, "ceremony.order",
                               "complaint of trustee %u against %u", l, d);
    if (!tp_equal(e->u.confirm.key_digest, c->keys.digest, 32))
        return tp_fail(fault, TP_INVALID, "ceremony.confirm", "trustee %u", e->signer);
    c->confirmed[i] = true;
    return TP_OK;
}

tp_err tp_ceremony_apply(tp_ceremony *c, const tp_entry *e, tp_fault *fault) {
    if (e->signer < 1 || e->signer > c->n)
        return tp_fail(fault, TP_REFUSED, "entry.signer", "trustee %u", e->signer);
    if (c->culprit)
        return tp_fail(fault, TP_REFUSED, "ceremony.dealer-out", "trustee %u", c->culprit);
    switch (e->type) {
    case TP_ENTRY_COMMIT:
        return apply_commit(c, e, fault);
    case TP_ENTRY_DEAL:
        return apply_deal(c, e, fault);
    case TP_ENTRY_COMPLAINT:
        return apply_complaint(c, e, fault);
    case TP_ENTRY_OPENING:
        return apply_opening(c, e, fault);
    case TP_ENTRY_CONFIRM:
        return apply_confirm(c, e, fault);
    default:
        return tp_fail(fault, TP_REFUSED, "ceremony.order", "entry");
    }
}

/* ---- liveness ---- */

void tp_liveness_message(uint8_t out[static TP_LIVENESS_MESSAGE], const tp_ceremony *c,
                         const tp_entry *e, size_t contest) {
    tp_writer w = tp_writer_of(out, TP_LIVENESS_MESSAGE);
    tp_write_bytes(&w, c->m->fingerprint, 32);
    tp_write_bytes(&w, c->keys.digest, 32);
    tp_write_u16(&w, (uint16_t)contest);
    tp_write_u16(&w, e->signer);
    tp_write_u64(&w, e->u.liveness.time);
    tp_write_u64(&w, e->u.liveness.board_size);
    tp_write_bytes(&w, e->u.liveness.board_root, 32);
}

/* delta^1..delta^p, fresh for every board and time, so that no combination kept from earlier
 * stands in for the shares. The key digest fixes the verification keys. spec: X-17 */
void tp_liveness_weights(tp_scalar *powers, const uint8_t message[static TP_LIVENESS_MESSAGE],
                         size_t p) {
    tp_transcript t;
    tp_scalar delta;
    tp_transcript_init(&t, TP_LIVENESS_DOMAIN);
    tp_absorb(&t, "message", message, TP_LIVENESS_MESSAGE);
    tp_challenge_scalar(&delta, &t, "delta");
    tp_scalars_powers(powers, &delta, p);
}

static tp_err verify_liveness(const tp_ceremony *c, const tp_entry *e, size_t contest) {
    uint8_t message[TP_LIVENESS_MESSAGE], key[32];
    size_t p = tp_sum_points(&c->m->contests[contest].shape);
    const tp_point *v = c->keys.v_points[contest] + (e->signer - 1u) * p;
    tp_scalar *powers = calloc(p, sizeof *powers);
    void *scratch = aligned_alloc(64, (tp_msm_scratch(p, 253) + 63) / 64 * 64 + 64);
    tp_err err = powers && scratch ? TP_OK : TP_SYSTEM;
    if (err == TP_OK) {
        tp_point sum;
        tp_liveness_message(message, c, e, contest);
        tp_liveness_weights(powers, message, p);
        tp_msm_var(&sum, powers, v, p, 253, scratch);
        tp_points_encode((uint8_t(*)[32])key, &sum, 1);
        err = tp_possession_verify_var(e->u.liveness.proof + 64 * contest, key, TP_LIVENESS_DOMAIN,
                                       message, sizeof message);
    }
    free(powers);
    free(scratch);
    return err;
}

tp_err tp_liveness_verify(const tp_ceremony *c, const tp_entry *e, tp_fault *fault) {
    if (!tp_ceremony_keys(c) || e->signer < 1 || e->signer > c->n)
        return tp_fail(fault, TP_REFUSED, "ceremony.order", "trustee %u", e->signer);
    if (e->u.liveness.len != 64u * c->m->contest_count)
        return tp_fail(fault, TP_MALFORMED, "liveness.length", "trustee %u", e->signer);
    for (size_t i = 0; i < c->m->contest_count; i++) {
        tp_err err = verify_liveness(c, e, i);
        if (err != TP_OK)
            return tp_fail(fault, err, "liveness.proof", "trustee %u, contest %zu", e->signer, i);
    }
    return TP_OK;
}
