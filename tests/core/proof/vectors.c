/* Makes the vectors of proofs from fixed seeds; everything random is an argument. */
#include "tests/core/proof/vectors.h"

#include "core/proof/schnorr.h"
#include "tests/core/proof/shares.h"
#include "tests/core/threshold/ceremony.h"

static void set_hex(json_t *o, const char *key, const void *bytes, size_t len) {
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = bytes;
    char *text = test_aligned(2 * len + 1);
    for (size_t i = 0; i < len; i++)
        text[2 * i] = digits[p[i] >> 4], text[2 * i + 1] = digits[p[i] & 15];
    json_object_set_new(o, key, json_string(text));
    free(text);
}

static void set_int(json_t *o, const char *key, uint64_t v) {
    json_object_set_new(o, key, json_integer((json_int_t)v));
}

static void set_points(json_t *o, const char *key, const tp_point *p, size_t n) {
    uint8_t(*enc)[32] = test_aligned(32 * n);
    tp_points_encode(enc, p, n);
    set_hex(o, key, enc, 32 * n);
    free(enc);
}

static void set_scalars(json_t *o, const char *key, const tp_scalar *s, size_t n) {
    uint8_t(*enc)[32] = test_aligned(32 * n);
    tp_scalars_encode(enc, s, n);
    set_hex(o, key, enc, 32 * n);
    free(enc);
}

static json_t *signature(uint64_t seed, tp_schnorr_kind kind, const char *use, size_t len) {
    json_t *o = json_object();
    tp_secret_key sk;
    uint8_t wide[64], random[32], pk[32], sig[64], message[200];
    test_random_bytes(&seed, wide, 64), test_random_bytes(&seed, random, 32);
    test_random_bytes(&seed, message, sizeof message);
    assert_int_equal(tp_keypair(&sk, pk, wide), TP_OK);
    if (kind == TP_SIGNATURE)
        tp_sign(sig, &sk, pk, use, message, len, random);
    else
        tp_possession_prove(sig, &sk, pk, use, message, len, random);
    json_object_set_new(o, "kind", json_string(kind == TP_SIGNATURE ? "signature" : "possession"));
    json_object_set_new(o, "use", json_string(use));
    set_hex(o, "seed", wide, 64), set_hex(o, "random", random, 32);
    set_hex(o, "message", message, len), set_hex(o, "public_key", pk, 32);
    set_hex(o, "signature", sig, 64);
    return o;
}

json_t *vectors_schnorr(void) {
    json_t *all = json_array();
    const size_t lens[] = {0, 1, 63, 200};
    for (size_t i = 0; i < 4; i++) {
        json_array_append_new(all, signature(i + 1, TP_SIGNATURE, "test", lens[i]));
        json_array_append_new(all, signature(i + 1, TP_POSSESSION, i % 2 ? "" : "test", lens[i]));
    }
    return all;
}

static json_t *ballot(uint16_t n, uint16_t a, uint16_t b, size_t chosen) {
    json_t *o = json_object();
    contest *c = contest_new(n, a, b, n);
    assert_int_equal(contest_vote(c, chosen), TP_OK);
    const tp_sum_context *x = &c->context;
    set_int(o, "n", n), set_int(o, "a", a), set_int(o, "b", b);
    set_hex(o, "fingerprint", x->fingerprint, 32), set_hex(o, "key_digest", x->key_digest, 32);
    set_int(o, "contest", x->contest), set_hex(o, "credential", x->credential, 32);
    set_int(o, "unit", x->unit), set_int(o, "style", x->style);
    set_int(o, "sequence", x->sequence), set_hex(o, "previous", x->previous, 32);
    set_points(o, "generators", c->generators, c->m + 1);
    set_points(o, "keys", c->keys, c->p);
    set_hex(o, "choices", c->choices, n), set_hex(o, "secret", c->secret, 32);
    set_hex(o, "random", c->random, 32), set_scalars(o, "r", &c->r, 1);
    set_hex(o, "proof", c->proof, c->len);
    contest_free(c);
    return o;
}

json_t *vectors_sum(void) {
    json_t *all = json_array();
    const uint16_t shapes[][4] = {{1, 0, 1, 1}, {2, 1, 1, 1}, {3, 0, 2, 0},   {4, 1, 3, 2},
                                  {5, 5, 5, 5}, {7, 0, 7, 4}, {66, 0, 12, 12}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        json_array_append_new(all, ballot(shapes[i][0], shapes[i][1], shapes[i][2], shapes[i][3]));
    return all;
}

static json_t *share_vector(size_t u, size_t p) {
    json_t *o = json_object();
    share_list *s = shares_new(u, p, 10 * u + p);
    assert_int_equal(shares_prove(s), TP_OK);
    set_hex(o, "fingerprint", s->statement.fingerprint, 32);
    set_hex(o, "key_digest", s->statement.key_digest, 32);
    set_int(o, "contest", s->statement.contest), set_int(o, "trustee", s->statement.trustee);
    set_int(o, "u", u), set_int(o, "p", p);
    set_hex(o, "r", s->r, 32 * u), set_hex(o, "v", s->v, 32 * p), set_hex(o, "d", s->d, 32 * u * p);
    set_scalars(o, "x", s->x, p), set_hex(o, "random", s->random, 32);
    set_hex(o, "proof", s->proof, TP_EQLOG_LEN);
    shares_free(s);
    return o;
}

json_t *vectors_eqlog(void) {
    json_t *all = json_array();
    const size_t sizes[][2] = {{1, 1}, {1, 3}, {3, 1}, {4, 5}};
    for (size_t i = 0; i < 4; i++)
        json_array_append_new(all, share_vector(sizes[i][0], sizes[i][1]));
    return all;
}

static json_t *trustee(ceremony *c, uint32_t l) {
    json_t *o = json_object();
    size_t count = tp_dkg_coefficients(&c->q);
    set_scalars(o, "coefficients", c->coefficients[l - 1], count);
    set_hex(o, "message", c->message[l - 1], c->len);
    set_hex(o, "commitment", c->commitment[l - 1], 32);
    set_scalars(o, "secrets", c->x[l - 1], c->q.p);
    assert_int_equal(tp_dkg_verification_keys_var(c->verification, c->sum, &c->q, l), TP_OK);
    set_points(o, "verification_keys", c->verification, c->q.p);
    return o;
}

static json_t *ceremony_vector(uint16_t n, uint16_t t, uint16_t p) {
    json_t *o = json_object(), *trustees = json_array();
    ceremony *c = ceremony_new(n, t, p, n);
    set_hex(o, "fingerprint", c->q.fingerprint, 32);
    set_int(o, "contest", c->q.contest);
    set_int(o, "n", n), set_int(o, "t", t), set_int(o, "p", p);
    for (uint32_t l = 1; l <= n; l++)
        json_array_append_new(trustees, trustee(c, l));
    json_object_set_new(o, "trustees", trustees);
    set_points(o, "election_keys", c->keys, p);
    uint32_t index[MAX_TRUSTEES];
    tp_scalar lambda[MAX_TRUSTEES];
    for (uint32_t i = 0; i < t; i++)
        index[i] = n - i;
    assert_int_equal(tp_lagrange(lambda, index, t, n, t), TP_OK);
    set_scalars(o, "lagrange_of_last", lambda, t);
    ceremony_free(c);
    return o;
}

json_t *vectors_dkg(void) {
    json_t *all = json_array();
    json_array_append_new(all, ceremony_vector(3, 2, 1));
    json_array_append_new(all, ceremony_vector(5, 3, 4));
    return all;
}
