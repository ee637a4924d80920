/* Schnorr signatures and proofs of possession (schnorr.h).
 *
 * Transcript, domain "signature" or "possession": use, public-key, R, message; challenge c.
 * Sign: w hedged, R = w*G, z = w + c*x. Verify: z*G = R + c*P. spec: B-1..B-5.
 */
#include "core/proof/schnorr.h"

#include "core/base/mem.h"

static const uint8_t identity_bytes[32]; /* the only encoding of the identity */

static bool is_identity(const uint8_t enc[static 32]) {
    return memcmp(enc, identity_bytes, 32) == 0;
}

/* The barrier keeps the compiler from calling strlen, which core does not have. */
static size_t c_len(const char *s) {
    size_t n = 0;
    while (tp_barrier((uint8_t)s[n]))
        n++;
    return n;
}

static tp_err public_key(tp_secret_key *sk, uint8_t pk[static 32], tp_err fault) {
    tp_point p;
    tp_points_mul_base(&p, &sk->x, 1);
    tp_points_encode((uint8_t(*)[32])pk, &p, 1);
    uint32_t zero = tp_scalar_is_zero(&sk->x);
    tp_declassify(&zero, sizeof zero); /* the answer; a key is zero with probability 2^-252 */
    tp_declassify(pk, 32);             /* published */
    return zero ? fault : TP_OK;
}

tp_err tp_keypair(tp_secret_key *sk, uint8_t pk[static 32], const uint8_t seed[static 64]) {
    tp_scalar_wide(&sk->x, seed);
    return public_key(sk, pk, TP_INVALID);
}

tp_err tp_keypair_decode(tp_secret_key *sk, uint8_t pk[static 32],
                         const uint8_t scalar[static 32]) {
    tp_err err = tp_scalar_decode(&sk->x, scalar);
    tp_declassify(&err, sizeof err); /* the answer */
    if (err != TP_OK) {
        sk->x = tp_scalar_zero;
        memset(pk, 0, 32);
        return TP_MALFORMED;
    }
    return public_key(sk, pk, TP_MALFORMED);
}

/* The transcript up to the commitment. spec: B-2. */
static void statement(tp_transcript *t, tp_schnorr_kind kind, const char *use,
                      const uint8_t pk[static 32]) {
    tp_transcript_init(t, kind == TP_SIGNATURE ? "signature" : "possession");
    tp_absorb(t, "use", use, c_len(use));
    tp_absorb(t, "public-key", pk, 32);
}

static void challenge(tp_transcript *t, uint8_t c[static 64], const uint8_t r[static 32],
                      const void *msg, size_t len) {
    tp_absorb(t, "R", r, 32);
    tp_absorb(t, "message", msg, len);
    tp_challenge(t, "c", c);
}

static void prove(uint8_t out[static TP_SIG_LEN], tp_schnorr_kind kind, const tp_secret_key *sk,
                  const uint8_t pk[static 32], const char *use, const void *msg, size_t len,
                  const uint8_t random[static 32]) {
    tp_transcript t, with_message;
    tp_nonces nonces;
    tp_scalar w, c, z;
    tp_point r;
    uint8_t x[32], wide[64];
    statement(&t, kind, use, pk);
    with_message = t;
    tp_absorb(&with_message, "message", msg, len);
    tp_scalar_encode(x, &sk->x);
    tp_nonces_init(&nonces, "schnorr", x, 32, random, &with_message);
    tp_nonces_scalars(&w, 1, &nonces);
    tp_points_mul_base(&r, &w, 1);
    tp_points_encode((uint8_t(*)[32])out, &r, 1);
    challenge(&t, wide, out, msg, len);
    tp_scalar_wide(&c, wide);
    tp_scalar_muladd(&z, &c, &sk->x, &w);
    tp_scalar_encode(out + 32, &z);
    tp_wipe(x, sizeof x), tp_wipe(&nonces, sizeof nonces), tp_wipe(&w, sizeof w);
    tp_wipe(&r, sizeof r);
}

static tp_err verify_var(const uint8_t sig[static TP_SIG_LEN], tp_schnorr_kind kind,
                         const uint8_t pk[static 32], const char *use, const void *msg,
                         size_t len) {
    tp_transcript t;
    tp_scalar c, z;
    tp_point p, r, left;
    uint8_t wide[64];
    if (is_identity(pk) || is_identity(sig)) return TP_MALFORMED;
    if (tp_scalar_decode(&z, sig + 32) != TP_OK) return TP_MALFORMED;
    if (tp_points_decode_var(&p, tp_rows(pk), 1, NULL) != TP_OK) return TP_MALFORMED;
    if (tp_points_decode_var(&r, tp_rows(sig), 1, NULL) != TP_OK) return TP_MALFORMED;
    statement(&t, kind, use, pk);
    challenge(&t, wide, sig, msg, len);
    tp_scalar_wide(&c, wide);
    tp_points_mul(&p, &c, &p, 1);
    tp_point_add(&r, &r, &p);
    tp_points_mul_base(&left, &z, 1);
    return tp_point_equal(&left, &r) ? TP_OK : TP_INVALID;
}

void tp_sign(uint8_t sig[static TP_SIG_LEN], const tp_secret_key *sk, const uint8_t pk[static 32],
             const char *use, const void *msg, size_t len, const uint8_t random[static 32]) {
    prove(sig, TP_SIGNATURE, sk, pk, use, msg, len, random);
}

tp_err tp_verify_var(const uint8_t sig[static TP_SIG_LEN], const uint8_t pk[static 32],
                     const char *use, const void *msg, size_t len) {
    return verify_var(sig, TP_SIGNATURE, pk, use, msg, len);
}

void tp_possession_prove(uint8_t proof[static TP_SIG_LEN], const tp_secret_key *sk,
                         const uint8_t pk[static 32], const char *use, const void *msg, size_t len,
                         const uint8_t random[static 32]) {
    prove(proof, TP_POSSESSION, sk, pk, use, msg, len, random);
}

tp_err tp_possession_verify_var(const uint8_t proof[static TP_SIG_LEN], const uint8_t pk[static 32],
                                const char *use, const void *msg, size_t len) {
    return verify_var(proof, TP_POSSESSION, pk, use, msg, len);
}

void tp_schnorr_need(tp_batch_limits *need) {
    *need = (tp_batch_limits){.items = 1, .equations = 1, .points = 1, .terms = 2, .scalars = 0};
}

void tp_schnorr_challenges_var(uint8_t (*c)[64], size_t lanes, tp_schnorr_kind kind,
                               const uint8_t *const *sig, const uint8_t *const *pk, const char *use,
                               const void *const *msg, size_t len) {
    tp_transcript t[TP_LANES_MAX];
    const void *r[TP_LANES_MAX] = {0};
    for (size_t i = 0; i < lanes; i++) {
        statement(&t[i], kind, use, pk[i]);
        r[i] = sig[i];
    }
    tp_absorb_lanes(t, lanes, "R", r, 32);
    tp_absorb_lanes(t, lanes, "message", msg, len);
    tp_challenge_lanes(t, lanes, "c", c);
}

/* spec: B-5. R + c*P - z*G = 0, under the batch's weight. */
void tp_schnorr_batch_challenged_var(tp_batch *b, const uint8_t sig[static TP_SIG_LEN],
                                     const uint8_t *sig_hint, const uint8_t pk[static 32],
                                     const uint8_t *pk_hint, const uint8_t c[static 64]) {
    tp_scalar factor, z;
    if (is_identity(pk) || is_identity(sig) || tp_scalar_decode(&z, sig + 32) != TP_OK) {
        tp_batch_fail(b, TP_MALFORMED);
        return;
    }
    tp_scalar_wide(&factor, c);
    tp_scalar_neg(&z, &z);
    tp_batch_bind(b, c, 64);
    tp_batch_bind(b, sig + 32, 32);
    size_t p = tp_batch_points(b, tp_rows(pk), tp_rows(pk_hint), 1);
    size_t e = tp_batch_equation(b, sig, sig_hint);
    tp_batch_own(b, e, p, NULL, 1, &factor);
    tp_batch_shared(b, e, TP_BATCH_G, NULL, 1, &z);
}

void tp_schnorr_batch_var(tp_batch *b, tp_schnorr_kind kind, const uint8_t sig[static TP_SIG_LEN],
                          const uint8_t *sig_hint, const uint8_t pk[static 32],
                          const uint8_t *pk_hint, const char *use, const void *msg, size_t len) {
    uint8_t c[64];
    tp_schnorr_challenges_var(&c, 1, kind, &sig, &pk, use, &msg, len);
    tp_schnorr_batch_challenged_var(b, sig, sig_hint, pk, pk_hint, c);
}
