/* One Chaum-Pedersen proof for a list of decryption shares (eqlog.h).
 *
 * Transcript, domain "shares": fingerprint, key-digest, contest, trustee, R, V, D; challenge
 * weights, whose 64 bytes key the stream of delta_2..delta_p, mu_1..mu_U, 16 bytes each; T_G, T_R;
 * challenge c. spec: K-2..K-5.
 */
#include "core/proof/eqlog.h"

#include "core/base/mem.h"

enum { BLOCK = 1 << 15, WEIGHT_BITS = 128, FULL_BITS = 253 };

/* ---- weights ---- */

typedef struct {
    tp_nonces stream;
    uint8_t bytes[64];
    size_t used;
} weights;

static void next_weight(tp_scalar *out, weights *w) {
    uint8_t wide[64] = {0};
    if (w->used == sizeof w->bytes) {
        tp_nonces_next(&w->stream, w->bytes);
        w->used = 0;
    }
    memcpy(wide, w->bytes + w->used, WEIGHT_BITS / 8);
    w->used += WEIGHT_BITS / 8;
    tp_scalar_wide(out, wide);
}

/* ---- scratch ---- */

typedef struct {
    size_t block; /* ciphertexts handled at once */
    tp_scalar *delta, *mu, *both;
    tp_point *points;
    void *msm;
} workspace;

static size_t carve(size_t *used, size_t len) {
    size_t at = *used;
    *used += (len + 63) / 64 * 64;
    return at;
}

static size_t lay_out(workspace *w, size_t u, size_t p, uint8_t *scratch) {
    size_t block = BLOCK / p ? BLOCK / p : 1, used = 0;
    if (block > u) block = u;
    size_t points = block * p; /* >= p, so V fits too */
    size_t delta = carve(&used, p * sizeof(tp_scalar)),
           mu = carve(&used, block * sizeof(tp_scalar));
    size_t both = carve(&used, points * sizeof(tp_scalar));
    size_t decoded = carve(&used, points * sizeof(tp_point));
    size_t full = tp_msm_scratch(points, FULL_BITS), half = tp_msm_scratch(points, WEIGHT_BITS);
    size_t msm = carve(&used, full > half ? full : half);
    if (!scratch) return used;
    w->block = block;
    w->delta = (void *)(scratch + delta), w->mu = (void *)(scratch + mu);
    w->both = (void *)(scratch + both), w->points = (void *)(scratch + decoded);
    w->msm = scratch + msm;
    return used;
}

size_t tp_eqlog_scratch(size_t u, size_t p) {
    return u && p ? lay_out(NULL, u, p, NULL) : 0;
}

/* ---- the statement ---- */

/* spec: K-2. */
static void begin(tp_transcript *t, weights *w, workspace *ws, const tp_eqlog_statement *s) {
    tp_transcript_init(t, "shares");
    tp_absorb(t, "fingerprint", s->fingerprint, 32);
    tp_absorb(t, "key-digest", s->key_digest, 32);
    tp_absorb_u64(t, "contest", s->contest);
    tp_absorb_u64(t, "trustee", s->trustee);
    tp_absorb_points(t, "R", s->r, s->u);
    tp_absorb_points(t, "V", s->v, s->p);
    tp_absorb_points(t, "D", s->d, s->u * s->p);
    *w = (weights){.used = sizeof w->bytes};
    tp_challenge(t, "weights", w->stream.key);
    ws->delta[0] = tp_scalar_one;
    for (size_t k = 1; k < s->p; k++)
        next_weight(&ws->delta[k], w);
}

static void end(tp_scalar *c, tp_transcript *t, const uint8_t proof[static TP_EQLOG_LEN]) {
    tp_absorb(t, "T_G", proof, 32);
    tp_absorb(t, "T_R", proof + 32, 32);
    tp_challenge_scalar(c, t, "c");
}

/* r += sum mu_u*R_u and, unless d is NULL, d += sum mu_u*delta_k*D_{u,k}, for n ciphertexts. */
static tp_err add_block(tp_point *r, tp_point *d, weights *w, workspace *ws,
                        const tp_eqlog_statement *s, size_t first, size_t n) {
    tp_point part;
    if (tp_points_decode_var(ws->points, s->r + first, n, NULL) != TP_OK) return TP_MALFORMED;
    for (size_t i = 0; i < n; i++)
        next_weight(&ws->mu[i], w);
    tp_msm_var(&part, ws->mu, ws->points, n, WEIGHT_BITS, ws->msm);
    tp_point_add(r, r, &part);
    if (!d) return TP_OK;
    if (tp_points_decode_var(ws->points, s->d + first * s->p, n * s->p, NULL) != TP_OK)
        return TP_MALFORMED;
    if (s->p == 1) { /* delta_1 = 1 */
        tp_msm_var(&part, ws->mu, ws->points, n, WEIGHT_BITS, ws->msm);
    } else {
        for (size_t i = 0; i < n; i++)
            tp_scalars_scale(ws->both + i * s->p, ws->delta, &ws->mu[i], s->p);
        tp_msm_var(&part, ws->both, ws->points, n * s->p, FULL_BITS, ws->msm);
    }
    tp_point_add(d, d, &part);
    return TP_OK;
}

static tp_err combine(tp_point *r, tp_point *d, weights *w, workspace *ws,
                      const tp_eqlog_statement *s) {
    tp_err err = TP_OK;
    tp_point_identity(r);
    if (d) tp_point_identity(d);
    for (size_t i = 0; err == TP_OK && i < s->u; i += ws->block) {
        size_t n = s->u - i < ws->block ? s->u - i : ws->block;
        err = add_block(r, d, w, ws, s, i, n);
    }
    return err;
}

/* Whether x_k*G = V_k for all k; constant time in x but for the answer. */
static bool owns(const tp_eqlog_statement *s, const tp_scalar *x) {
    uint32_t same = 1;
    for (size_t k = 0; k < s->p; k++) {
        tp_point v;
        uint8_t enc[32];
        tp_points_mul_base(&v, &x[k], 1);
        tp_points_encode(&enc, &v, 1);
        same &= tp_equal(enc, s->v[k], 32);
    }
    tp_declassify(&same, sizeof same); /* the answer */
    return same == 1;
}

tp_err tp_eqlog_prove(uint8_t proof[static TP_EQLOG_LEN], const tp_eqlog_statement *s,
                      const tp_scalar *x, const uint8_t random[static 32], void *scratch) {
    memset(proof, 0, TP_EQLOG_LEN);
    if (!s->u || !s->p) return TP_MALFORMED;
    if (!owns(s, x)) return TP_INVALID;
    tp_transcript t;
    weights w;
    workspace ws;
    tp_point commitment[2];
    lay_out(&ws, s->u, s->p, scratch);
    begin(&t, &w, &ws, s);
    tp_err err = combine(&commitment[1], NULL, &w, &ws, s);
    if (err != TP_OK) return err;
    tp_scalar secret, nonce, c, z;
    tp_nonces nonces;
    uint8_t bytes[32];
    tp_scalars_dot(&secret, x, ws.delta, s->p);
    tp_scalar_encode(bytes, &secret);
    tp_nonces_init(&nonces, "shares", bytes, 32, random, &t);
    tp_nonces_scalars(&nonce, 1, &nonces);
    tp_points_mul_base(&commitment[0], &nonce, 1);
    tp_points_mul(&commitment[1], &nonce, &commitment[1], 1);
    tp_points_encode((uint8_t(*)[32])proof, commitment, 2);
    end(&c, &t, proof);
    tp_scalar_muladd(&z, &c, &secret, &nonce);
    tp_scalar_encode(proof + 64, &z);
    tp_wipe(&secret, sizeof secret), tp_wipe(&nonce, sizeof nonce), tp_wipe(bytes, sizeof bytes);
    tp_wipe(&nonces, sizeof nonces);
    return TP_OK;
}

static bool has_identity(const uint8_t (*enc)[32], size_t n) {
    static const uint8_t identity[32];
    bool found = false;
    for (size_t i = 0; i < n; i++)
        found |= memcmp(enc[i], identity, 32) == 0;
    return found;
}

/* left = base*z, right = t + c*y: equal? */
static bool holds(const tp_point *left, const tp_point *t, const tp_scalar *c, const tp_point *y) {
    tp_point right;
    tp_points_mul(&right, c, y, 1);
    tp_point_add(&right, &right, t);
    return tp_point_equal(left, &right) == 1;
}

tp_err tp_eqlog_verify_var(const uint8_t proof[static TP_EQLOG_LEN], const tp_eqlog_statement *s,
                           void *scratch) {
    if (!s->u || !s->p || has_identity(s->v, s->p)) return TP_MALFORMED;
    tp_transcript t;
    weights w;
    workspace ws;
    tp_point commitment[2], v, r, d;
    tp_scalar c, z;
    lay_out(&ws, s->u, s->p, scratch);
    if (tp_points_decode_var(commitment, tp_rows(proof), 2, NULL) != TP_OK ||
        tp_scalar_decode(&z, proof + 64) != TP_OK ||
        tp_points_decode_var(ws.points, s->v, s->p, NULL) != TP_OK)
        return TP_MALFORMED;
    begin(&t, &w, &ws, s);
    tp_msm_var(&v, ws.delta, ws.points, s->p, WEIGHT_BITS, ws.msm);
    tp_err err = combine(&r, &d, &w, &ws, s);
    if (err != TP_OK) return err;
    end(&c, &t, proof);
    tp_point z_g;
    tp_points_mul_base(&z_g, &z, 1);
    tp_points_mul(&r, &z, &r, 1);
    bool base = holds(&z_g, &commitment[0], &c, &v), shares = holds(&r, &commitment[1], &c, &d);
    return base && shares ? TP_OK : TP_INVALID;
}
