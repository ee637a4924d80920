/* Distributed key generation of a vector of secrets (dkg.h).
 *
 * Transcripts: domain "dkg-commitment": params, dealer, message; its challenge, cut to 32 bytes, is
 * the round-0 commitment. Domain "dkg-possession": params, dealer, commitments, T; challenge e;
 * z = w + sum_k e^(k+1)*a_{k,0}. params: fingerprint, contest, n, t, p. spec: D-1..D-12.
 */
#include "core/threshold/dkg.h"

#include "core/base/mem.h"

static const uint8_t identity_bytes[32];

tp_err tp_dkg_params_check(const tp_dkg_params *q) {
    bool trustees = q->n >= 3 && q->n <= TP_DKG_MAX_TRUSTEES;
    bool threshold = q->t >= 2 && q->t < q->n;
    bool secrets = q->p >= 1 && q->p <= TP_DKG_MAX_SECRETS;
    return trustees && threshold && secrets ? TP_OK : TP_REFUSED;
}

size_t tp_dkg_coefficients(const tp_dkg_params *q) {
    return (size_t)q->p * q->t;
}

size_t tp_dkg_message_len(const tp_dkg_params *q) {
    return 32 * tp_dkg_coefficients(q) + 64;
}

static tp_err check_index(const tp_dkg_params *q, uint32_t index) {
    return index >= 1 && index <= q->n ? TP_OK : TP_REFUSED;
}

/* ---- transcripts ---- */

static void begin(tp_transcript *t, const char *domain, const tp_dkg_params *q, uint32_t dealer) {
    tp_transcript_init(t, domain);
    tp_absorb(t, "fingerprint", q->fingerprint, 32);
    tp_absorb_u64(t, "contest", q->contest);
    tp_absorb_u64(t, "n", q->n);
    tp_absorb_u64(t, "t", q->t);
    tp_absorb_u64(t, "p", q->p);
    tp_absorb_u64(t, "dealer", dealer);
}

static void possession_challenge(tp_scalar *e, const tp_dkg_params *q, uint32_t dealer,
                                 const uint8_t (*message)[32]) {
    tp_transcript t;
    size_t count = tp_dkg_coefficients(q);
    begin(&t, "dkg-possession", q, dealer);
    tp_absorb_points(&t, "commitments", message, count);
    tp_absorb_points(&t, "T", message + count, 1);
    tp_challenge_scalar(e, &t, "e");
}

void tp_dkg_commit(uint8_t out[static 32], const tp_dkg_params *q, uint32_t dealer,
                   const uint8_t *message, size_t len) {
    tp_transcript t;
    uint8_t hash[64];
    begin(&t, "dkg-commitment", q, dealer);
    tp_absorb(&t, "message", message, len);
    tp_challenge(&t, "commitment", hash);
    memcpy(out, hash, 32);
}

/* ---- dealing ---- */

/* z = w + sum_k e^(k+1)*a_{k,0}, by Horner from the last secret. */
static void respond(tp_scalar *z, const tp_scalar *w, const tp_scalar *e,
                    const tp_scalar *coefficients, const tp_dkg_params *q) {
    tp_scalar sum = tp_scalar_zero;
    for (size_t k = q->p; k-- > 0;) {
        tp_scalar_add(&sum, &sum, &coefficients[k * q->t]);
        tp_scalar_mul(&sum, &sum, e);
    }
    tp_scalar_add(z, w, &sum);
    tp_wipe(&sum, sizeof sum);
}

tp_err tp_dkg_deal(tp_scalar *coefficients, uint8_t *message, tp_point *points,
                   const tp_dkg_params *q, uint32_t dealer, const uint8_t secret[static 32],
                   const uint8_t random[static 32]) {
    if (tp_dkg_params_check(q) != TP_OK) return TP_REFUSED;
    if (check_index(q, dealer) != TP_OK) return TP_REFUSED;
    size_t count = tp_dkg_coefficients(q);
    uint8_t(*enc)[32] = (uint8_t(*)[32])message;
    tp_transcript t;
    tp_nonces nonces;
    tp_scalar w, e, z;
    tp_point commitment;
    begin(&t, "dkg-deal", q, dealer);
    tp_nonces_init(&nonces, "dkg", secret, 32, random, &t);
    tp_nonces_scalars(coefficients, count, &nonces);
    tp_nonces_scalars(&w, 1, &nonces);
    tp_points_mul_base(points, coefficients, count);
    tp_points_mul_base(&commitment, &w, 1);
    tp_points_encode(enc, points, count);
    tp_points_encode(enc + count, &commitment, 1);
    possession_challenge(&e, q, dealer, tp_rows(enc));
    respond(&z, &w, &e, coefficients, q);
    tp_scalar_encode(enc[count + 1], &z);
    tp_wipe(&nonces, sizeof nonces), tp_wipe(&w, sizeof w);
    return TP_OK;
}

tp_err tp_dkg_share(tp_scalar *shares, const tp_scalar *coefficients, const tp_dkg_params *q,
                    uint32_t receiver) {
    if (check_index(q, receiver) != TP_OK) return TP_REFUSED;
    tp_scalar l;
    tp_scalar_from_u64(&l, receiver);
    for (size_t k = 0; k < q->p; k++) {
        const tp_scalar *a = coefficients + k * q->t;
        tp_scalar *s = &shares[k];
        *s = a[q->t - 1];
        for (size_t j = q->t - 1u; j-- > 0;)
            tp_scalar_muladd(s, s, &l, &a[j]);
    }
    return TP_OK;
}

/* ---- judging ---- */

static size_t aligned(size_t len) {
    return (len + 63) / 64 * 64;
}

size_t tp_dkg_scratch(const tp_dkg_params *q) {
    return aligned(q->p * sizeof(tp_point)) + aligned(q->p * sizeof(tp_scalar)) +
           tp_msm_scratch(q->p, 253);
}

/* spec: D-6. z*G = T + sum_k e^(k+1)*F[k*t]. */
static tp_err check_possession(const tp_point *points, const tp_dkg_params *q, uint32_t dealer,
                               const uint8_t (*message)[32], uint8_t *scratch) {
    size_t count = tp_dkg_coefficients(q);
    tp_point *constants = (void *)scratch, sum, left, commitment;
    tp_scalar *powers = (void *)(scratch + aligned(q->p * sizeof(tp_point))), e, z;
    void *msm = (uint8_t *)powers + aligned(q->p * sizeof(tp_scalar));
    if (tp_points_decode_var(&commitment, message + count, 1, NULL) != TP_OK ||
        tp_scalar_decode(&z, message[count + 1]) != TP_OK)
        return TP_MALFORMED;
    possession_challenge(&e, q, dealer, message);
    for (size_t k = 0; k < q->p; k++)
        constants[k] = points[k * q->t];
    tp_scalars_powers(powers, &e, q->p);
    tp_msm_var(&sum, powers, constants, q->p, 253, msm);
    tp_point_add(&sum, &sum, &commitment);
    tp_points_mul_base(&left, &z, 1);
    return tp_point_equal(&left, &sum) ? TP_OK : TP_INVALID;
}

tp_err tp_dkg_open_var(tp_point *points, const tp_dkg_params *q, uint32_t dealer,
                       const uint8_t *message, size_t len, const uint8_t commitment[static 32],
                       void *scratch) {
    if (tp_dkg_params_check(q) != TP_OK) return TP_REFUSED;
    if (check_index(q, dealer) != TP_OK) return TP_REFUSED;
    if (len != tp_dkg_message_len(q)) return TP_MALFORMED;
    const uint8_t(*enc)[32] = tp_rows(message);
    size_t count = tp_dkg_coefficients(q);
    uint8_t hash[32];
    tp_dkg_commit(hash, q, dealer, message, len);
    if (memcmp(hash, commitment, 32) != 0) return TP_INVALID;
    for (size_t i = 0; i <= count; i++) /* T of the possession proof too */
        if (memcmp(enc[i], identity_bytes, 32) == 0) return TP_MALFORMED;
    if (tp_points_decode_var(points, enc, count, NULL) != TP_OK) return TP_MALFORMED;
    return check_possession(points, q, dealer, enc, scratch);
}

/* ---- evaluation in the exponent ---- */

/* out = l*p, 1 <= l <= 255, public. */
static void small_multiple_var(tp_point *out, uint32_t l, const tp_point *p) {
    tp_point sum;
    tp_point_identity(&sum);
    for (uint32_t bit = 1u << 7; bit; bit >>= 1) {
        tp_point_add(&sum, &sum, &sum);
        if (l & bit) tp_point_add(&sum, &sum, p);
    }
    *out = sum;
}

/* out[k] = sum_j l^j*F[k*t + j] */
static void evaluate_var(tp_point *out, const tp_point *f, const tp_dkg_params *q, uint32_t l) {
    for (size_t k = 0; k < q->p; k++) {
        const tp_point *row = f + k * q->t;
        tp_point sum = row[q->t - 1];
        for (size_t j = q->t - 1u; j-- > 0;) {
            small_multiple_var(&sum, l, &sum);
            tp_point_add(&sum, &sum, &row[j]);
        }
        out[k] = sum;
    }
}

tp_err tp_dkg_share_check(const tp_scalar *shares, const tp_point *commitments,
                          const tp_dkg_params *q, uint32_t receiver, tp_point *scratch) {
    if (check_index(q, receiver) != TP_OK) return TP_REFUSED;
    tp_point *expected = scratch, *found = scratch + q->p;
    uint32_t same = 1;
    evaluate_var(expected, commitments, q, receiver);
    tp_points_mul_base(found, shares, q->p);
    for (size_t k = 0; k < q->p; k++)
        same &= tp_point_equal(&expected[k], &found[k]);
    tp_declassify(&same, sizeof same); /* the answer: a complaint is public */
    return same ? TP_OK : TP_INVALID;
}

void tp_dkg_share_add(tp_scalar *x, const tp_scalar *shares, const tp_dkg_params *q) {
    for (size_t k = 0; k < q->p; k++)
        tp_scalar_add(&x[k], &x[k], &shares[k]);
}

void tp_dkg_commitments_add(tp_point *sum, const tp_point *commitments, const tp_dkg_params *q) {
    for (size_t i = 0; i < tp_dkg_coefficients(q); i++)
        tp_point_add(&sum[i], &sum[i], &commitments[i]);
}

/* TP_INVALID if one of p keys is the identity. */
static tp_err check_keys(const tp_point *keys, const tp_dkg_params *q) {
    tp_err err = TP_OK;
    for (size_t k = 0; k < q->p; k++)
        if (tp_point_is_identity(&keys[k])) err = TP_INVALID;
    return err;
}

tp_err tp_dkg_election_keys_var(tp_point *keys, const tp_point *sum, const tp_dkg_params *q) {
    for (size_t k = 0; k < q->p; k++)
        keys[k] = sum[k * q->t];
    return check_keys(keys, q);
}

tp_err tp_dkg_verification_keys_var(tp_point *keys, const tp_point *sum, const tp_dkg_params *q,
                                    uint32_t trustee) {
    if (check_index(q, trustee) != TP_OK) return TP_REFUSED;
    evaluate_var(keys, sum, q, trustee);
    return check_keys(keys, q);
}
