/* Stage ceremony, a trustee's side: everything that comes from its seed.
 * spec: chapter 3 (ceremony), requirements ..X-8, X-14, X-17.
 *
 * Invariants
 *  1. Polynomials are a function of seed, fingerprint, contest and position, so the deal that was
 *     committed to can be made again from the seed alone.
 *  2. Secrets live in wiped memory only, and none goes out before this side has checked that the
 *     seed is the one whose key the manifest names.
 */
#include "election/ceremony_state.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* SHA-512 of a domain, the seed and what else fixes the value. spec: X-2 */
static void from_seed(uint8_t out[static 64], const char *domain, const uint8_t seed[static 32],
                      const void *context, size_t len) {
    tp_sha512_ctx h;
    tp_sha512_init(&h);
    tp_sha512_update(&h, domain, strlen(domain));
    tp_sha512_update(&h, seed, 32);
    tp_sha512_update(&h, context, len);
    tp_sha512_final(&h, out);
    tp_wipe(&h, sizeof h);
}

void tp_trustee_derive(tp_trustee_keys *out, const uint8_t seed[static 32]) {
    uint8_t wide[64];
    tp_scalar x;
    tp_point p;
    from_seed(wide, "tapat-v1 trustee identity", seed, "", 0);
    tp_scalar_wide(&x, wide);
    tp_points_mul_base(&p, &x, 1);
    tp_scalar_encode(out->identity_secret, &x);
    tp_points_encode((uint8_t(*)[32])out->identity_key, &p, 1);
    from_seed(wide, "tapat-v1 trustee box", seed, "", 0);
    memcpy(out->box_secret, wide, 32);
    crypto_scalarmult_base(out->box_key, out->box_secret);
    tp_wipe(wide, sizeof wide);
    tp_wipe(&x, sizeof x);
}

/* The trustee's keys, if the seed is the one of that position. */
static tp_err own_keys(tp_trustee_keys *out, const tp_ceremony *c, uint16_t trustee,
                       const uint8_t seed[static 32]) {
    if (trustee < 1 || trustee > c->n) return TP_REFUSED;
    tp_trustee_derive(out, seed);
    if (tp_equal(out->identity_key, c->m->trustees.who[trustee - 1].key, 32)) return TP_OK;
    tp_wipe(out, sizeof *out);
    return TP_REFUSED;
}

static tp_err sign_and_write(tp_writer *w, tp_entry *e, const tp_ceremony *c, uint16_t trustee,
                             const tp_trustee_keys *keys, const uint8_t random[static 32]) {
    tp_err err = tp_entry_sign(e, c->m->fingerprint, trustee, keys->identity_secret, random);
    return err == TP_OK ? tp_entry_write(w, e) : err;
}

/* Wiped before it is freed. */
static void discard(void *secret, size_t len) {
    if (!secret) return;
    tp_wipe(secret, len);
    free(secret);
}

/* ---- dealing ---- */

typedef struct {
    tp_scalar *coefficients; /* [P*t], contest by contest */
    size_t coefficients_len; /* bytes */
    uint8_t *messages;
} polynomials;

static void forget(polynomials *f) {
    discard(f->coefficients, f->coefficients_len);
    free(f->messages);
}

/* The polynomials of one contest. spec: X-5 */
static tp_err deal_contest(tp_scalar *coefficients, uint8_t *message, const tp_dkg_params *q,
                           uint16_t dealer, const tp_trustee_keys *keys,
                           const uint8_t seed[static 32]) {
    uint8_t context[36], random[64];
    tp_point *points = calloc(tp_dkg_coefficients(q), sizeof *points);
    if (!points) return TP_SYSTEM;
    memcpy(context, q->fingerprint, 32);
    tp_put_u32be(context + 32, q->contest);
    from_seed(random, "tapat-v1 trustee polynomials", seed, context, sizeof context);
    tp_err err =
        tp_dkg_deal(coefficients, message, points, q, dealer, keys->identity_secret, random);
    tp_wipe(random, sizeof random);
    free(points);
    return err;
}

static tp_err make_polynomials(polynomials *f, const tp_ceremony *c, uint16_t dealer,
                               const tp_trustee_keys *keys, const uint8_t seed[static 32]) {
    f->coefficients_len = c->points * c->t * sizeof *f->coefficients;
    f->coefficients = calloc(1, f->coefficients_len);
    f->messages = calloc(1, c->messages_len);
    if (!f->coefficients || !f->messages) return TP_SYSTEM;
    tp_scalar *coefficients = f->coefficients;
    uint8_t *message = f->messages;
    for (size_t i = 0; i < c->m->contest_count; i++) {
        tp_dkg_params q = tp_ceremony_params(c->m, i);
        tp_err err = deal_contest(coefficients, message, &q, dealer, keys, seed);
        if (err != TP_OK) return err;
        coefficients += tp_dkg_coefficients(&q);
        message += tp_dkg_message_len(&q);
    }
    return TP_OK;
}

tp_err tp_ceremony_commit(tp_writer *w, const tp_ceremony *c, uint16_t trustee,
                          const uint8_t seed[static 32], const uint8_t random[static 32]) {
    tp_entry e = {.type = TP_ENTRY_COMMIT};
    polynomials f = {0};
    tp_trustee_keys keys;
    tp_err err = own_keys(&keys, c, trustee, seed);
    if (err == TP_OK) err = make_polynomials(&f, c, trustee, &keys, seed);
    if (err == TP_OK) {
        tp_ceremony_deal_hash(e.u.commit.deal_hash, c->m, trustee, f.messages);
        memcpy(e.u.commit.box_key, keys.box_key, 32);
        err = sign_and_write(w, &e, c, trustee, &keys, random);
    }
    forget(&f);
    tp_wipe(&keys, sizeof keys);
    return err;
}

/* Shares of all contests for one receiver, 32 bytes each. */
static tp_err shares_for(uint8_t *out, const tp_ceremony *c, const polynomials *f,
                         uint16_t receiver) {
    tp_scalar *shares = calloc(c->points, sizeof *shares);
    const tp_scalar *coefficients = f->coefficients;
    size_t first = 0;
    tp_err err = shares ? TP_OK : TP_SYSTEM;
    for (size_t i = 0; err == TP_OK && i < c->m->contest_count; i++) {
        tp_dkg_params q = tp_ceremony_params(c->m, i);
        err = tp_dkg_share(shares + first, coefficients, &q, receiver);
        coefficients += tp_dkg_coefficients(&q);
        first += q.p;
    }
    if (err == TP_OK) tp_scalars_encode((uint8_t(*)[32])out, shares, c->points);
    discard(shares, c->points * sizeof *shares);
    return err;
}

/* A sealed box as libsodium opens it, with the ephemeral key hedged instead of drawn inside:
 * nonce = BLAKE2b-192(ephemeral key || box key). spec: X-7 */
static tp_err seal(uint8_t *out, const uint8_t *bytes, size_t len, const uint8_t key[static 32],
                   const uint8_t ephemeral_seed[static 32]) {
    uint8_t secret[32], nonce[crypto_box_NONCEBYTES], both[64];
    crypto_box_seed_keypair(out, secret, ephemeral_seed);
    memcpy(both, out, 32);
    memcpy(both + 32, key, 32);
    crypto_generichash(nonce, sizeof nonce, both, sizeof both, NULL, 0);
    int failed = crypto_box_easy(out + 32, bytes, len, nonce, key, secret);
    tp_wipe(secret, sizeof secret);
    return failed ? TP_INVALID : TP_OK;
}

static tp_err seal_shares(uint8_t *box, const tp_ceremony *c, const polynomials *f,
                          uint16_t receiver, const uint8_t seed[static 32],
                          const uint8_t random[static 32]) {
    uint8_t context[32 + 32 + 2 + 32], wide[64], *shares = calloc(c->points, 32);
    tp_writer w = tp_writer_of(context, sizeof context);
    if (!shares) return TP_SYSTEM;
    tp_write_bytes(&w, random, 32);
    tp_write_bytes(&w, c->m->fingerprint, 32);
    tp_write_u16(&w, receiver);
    tp_write_bytes(&w, c->box_key[receiver - 1], 32);
    from_seed(wide, "tapat-v1 trustee seal", seed, context, sizeof context);
    tp_err err = shares_for(shares, c, f, receiver);
    if (err == TP_OK) err = seal(box, shares, 32 * c->points, c->box_key[receiver - 1], wide);
    tp_wipe(wide, sizeof wide);
    discard(shares, 32 * c->points);
    return err;
}

/* The entry's variable part: messages and boxes. */
static tp_err fill_deal(uint8_t *deal, const tp_ceremony *c, uint16_t trustee,
                        const tp_trustee_keys *keys, const uint8_t seed[static 32],
                        const uint8_t random[static 32]) {
    polynomials f = {0};
    tp_err err = make_polynomials(&f, c, trustee, keys, seed);
    if (err == TP_OK) memcpy(deal, f.messages, c->messages_len);
    for (uint16_t l = 1; err == TP_OK && l <= c->n; l++)
        err = seal_shares(deal + c->messages_len + (l - 1u) * c->box_len, c, &f, l, seed, random);
    forget(&f);
    return err;
}

tp_err tp_ceremony_deal(tp_writer *w, const tp_ceremony *c, uint16_t trustee,
                        const uint8_t seed[static 32], const uint8_t random[static 32]) {
    tp_entry e = {.type = TP_ENTRY_DEAL};
    tp_trustee_keys keys;
    size_t len = tp_deal_len(c->m);
    if (tp_ceremony_round(c) != 1) return TP_REFUSED;
    uint8_t *deal = calloc(1, len);
    tp_err err = deal ? own_keys(&keys, c, trustee, seed) : TP_SYSTEM;
    if (err == TP_OK) err = fill_deal(deal, c, trustee, &keys, seed, random);
    e.u.deal.bytes = deal;
    e.u.deal.len = len;
    if (err == TP_OK) err = sign_and_write(w, &e, c, trustee, &keys, random);
    free(deal);
    tp_wipe(&keys, sizeof keys);
    return err;
}

/* ---- receiving ---- */

/* The shares of one dealer: those opened in public, or those in this trustee's box. TP_INVALID:
 * they are not what the dealer committed to. spec */
static tp_err receive(tp_scalar *shares, const tp_ceremony *c, uint16_t dealer, uint16_t trustee,
                      const tp_trustee_keys *keys) {
    size_t len = 32 * c->points, pair = (dealer - 1u) * c->n + trustee - 1u;
    if (c->complaint[dealer - 1][trustee - 1] == TP_COMPLAINT_ANSWERED) {
        memcpy(shares, c->opened + pair * c->points, c->points * sizeof *shares);
        return tp_ceremony_shares_fit(c, shares, dealer, trustee);
    }
    uint8_t *bytes = calloc(1, len);
    if (!bytes) return TP_SYSTEM;
    tp_err err = TP_OK;
    if (crypto_box_seal_open(bytes, c->boxes + pair * c->box_len, c->box_len, keys->box_key,
                             keys->box_secret))
        err = TP_INVALID;
    if (err == TP_OK && tp_scalars_decode(shares, tp_rows(bytes), c->points, NULL))
        err = TP_INVALID;
    if (err == TP_OK) err = tp_ceremony_shares_fit(c, shares, dealer, trustee);
    discard(bytes, len);
    return err;
}

tp_err tp_ceremony_check_shares(const tp_ceremony *c, uint16_t trustee,
                                const uint8_t seed[static 32], bool bad[static TP_MAX_TRUSTEES]) {
    tp_trustee_keys keys;
    memset(bad, 0, TP_MAX_TRUSTEES * sizeof *bad);
    if (!tp_ceremony_keys(c)) return TP_REFUSED;
    tp_err err = own_keys(&keys, c, trustee, seed);
    if (err != TP_OK) return err;
    tp_scalar *shares = calloc(c->points, sizeof *shares);
    if (!shares) err = TP_SYSTEM;
    for (uint16_t d = 1; err == TP_OK && d <= c->n; d++) {
        tp_err one = receive(shares, c, d, trustee, &keys);
        if (one == TP_SYSTEM) err = one;
        bad[d - 1] = one != TP_OK;
    }
    discard(shares, c->points * sizeof *shares);
    tp_wipe(&keys, sizeof keys);
    return err;
}

tp_err tp_ceremony_opening(tp_writer *w, const tp_ceremony *c, uint16_t dealer,
                           const uint8_t seed[static 32], uint16_t complainant,
                           const uint8_t random[static 32]) {
    tp_entry e = {.type = TP_ENTRY_OPENING, .u.opening.complainant = complainant};
    polynomials f = {0};
    tp_trustee_keys keys;
    size_t len = 32 * c->points;
    if (!tp_ceremony_awaits_opening(c, dealer, complainant)) return TP_REFUSED;
    uint8_t *shares = calloc(1, len);
    tp_err err = shares ? own_keys(&keys, c, dealer, seed) : TP_SYSTEM;
    if (err == TP_OK) err = make_polynomials(&f, c, dealer, &keys, seed);
    if (err == TP_OK) err = shares_for(shares, c, &f, complainant);
    e.u.opening.shares = shares;
    e.u.opening.len = len;
    if (err == TP_OK) err = sign_and_write(w, &e, c, dealer, &keys, random);
    forget(&f);
    discard(shares, len);
    tp_wipe(&keys, sizeof keys);
    return err;
}

/* ---- the secret ---- */

/* Whether x*G is this trustee's verification key, in every contest. */
static bool secret_fits(const tp_scalar *x, const tp_ceremony *c, uint16_t trustee) {
    tp_point *points = calloc(c->points, sizeof *points);
    uint32_t good = points != NULL;
    size_t at = 0;
    if (points) tp_points_mul_base(points, x, c->points);
    for (size_t i = 0; points && i < c->m->contest_count; i++) {
        size_t p = tp_sum_points(&c->m->contests[i].shape);
        const tp_point *v = c->keys.v_points[i] + (trustee - 1u) * p;
        for (size_t k = 0; k < p; k++)
            good &= tp_point_equal(&points[at++], &v[k]);
    }
    free(points);
    return good;
}

static tp_err sum_shares(tp_scalar *x, const tp_ceremony *c, uint16_t trustee,
                         const tp_trustee_keys *keys, tp_fault *fault) {
    tp_scalar *shares = calloc(c->points, sizeof *shares);
    tp_err err = shares ? TP_OK : TP_SYSTEM;
    memset(x, 0, c->points * sizeof *x);
    for (uint16_t d = 1; err == TP_OK && d <= c->n; d++) {
        if ((err = receive(shares, c, d, trustee, keys)) != TP_OK)
            tp_fail(fault, err, "ceremony.share", "dealer %u", d);
        for (size_t k = 0; err == TP_OK && k < c->points; k++)
            tp_scalar_add(&x[k], &x[k], &shares[k]);
    }
    if (err == TP_OK && !secret_fits(x, c, trustee))
        err = tp_fail(fault, TP_INVALID, "ceremony.share", "trustee %u", trustee);
    if (err != TP_OK) tp_wipe(x, c->points * sizeof *x);
    discard(shares, c->points * sizeof *shares);
    return err;
}

tp_err tp_ceremony_secret(tp_scalar *x, const tp_ceremony *c, uint16_t trustee,
                          const uint8_t seed[static 32], tp_fault *fault) {
    tp_trustee_keys keys;
    if (!tp_ceremony_keys(c))
        return tp_fail(fault, TP_REFUSED, "ceremony.order", "trustee %u", trustee);
    tp_err err = own_keys(&keys, c, trustee, seed);
    if (err != TP_OK) return tp_fail(fault, err, "entry.signer", "trustee %u", trustee);
    err = sum_shares(x, c, trustee, &keys, fault);
    tp_wipe(&keys, sizeof keys);
    return err;
}

/* ---- liveness ---- */

/* One proof of possession of the weighted sum of a contest's secrets. spec: X-17 */
static tp_err prove_liveness(uint8_t proof[static 64], const tp_ceremony *c, const tp_entry *e,
                             size_t contest, const tp_scalar *x, const uint8_t random[static 32]) {
    uint8_t message[TP_LIVENESS_MESSAGE], key[32];
    size_t p = tp_sum_points(&c->m->contests[contest].shape);
    tp_scalar *powers = calloc(p, sizeof *powers);
    tp_secret_key secret;
    tp_point sum;
    if (!powers) return TP_SYSTEM;
    tp_liveness_message(message, c, e, contest);
    tp_liveness_weights(powers, message, p);
    tp_scalars_dot(&secret.x, powers, x, p);
    tp_points_mul_base(&sum, &secret.x, 1);
    tp_points_encode((uint8_t(*)[32])key, &sum, 1);
    tp_possession_prove(proof, &secret, key, TP_LIVENESS_DOMAIN, message, sizeof message, random);
    tp_wipe(&secret, sizeof secret);
    free(powers);
    return TP_OK;
}

tp_err tp_liveness_make(tp_writer *w, const tp_ceremony *c, uint16_t trustee,
                        const uint8_t seed[static 32], const tp_scalar *x, uint64_t time,
                        uint64_t board_size, const uint8_t board_root[static 32],
                        const uint8_t random[static 32]) {
    tp_entry e = {.type = TP_ENTRY_LIVENESS, .signer = trustee};
    uint8_t proof[64 * TP_MAX_CONTESTS];
    tp_trustee_keys keys;
    size_t first = 0;
    if (!tp_ceremony_keys(c)) return TP_REFUSED;
    tp_err err = own_keys(&keys, c, trustee, seed);
    e.u.liveness.time = time;
    e.u.liveness.board_size = board_size;
    memcpy(e.u.liveness.board_root, board_root, 32);
    e.u.liveness.proof = proof;
    e.u.liveness.len = 64u * c->m->contest_count;
    for (size_t i = 0; err == TP_OK && i < c->m->contest_count; i++) {
        err = prove_liveness(proof + 64 * i, c, &e, i, x + first, random);
        first += tp_sum_points(&c->m->contests[i].shape);
    }
    if (err == TP_OK) err = sign_and_write(w, &e, c, trustee, &keys, random);
    tp_wipe(&keys, sizeof keys);
    return err;
}
