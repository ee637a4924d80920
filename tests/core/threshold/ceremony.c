/* A whole key generation in memory. */
#include "tests/core/threshold/ceremony.h"

static void deal(ceremony *c, uint32_t dealer, uint64_t *state) {
    size_t i = dealer - 1, count = tp_dkg_coefficients(&c->q);
    uint8_t secret[32], random[32];
    test_random_bytes(state, secret, 32), test_random_bytes(state, random, 32);
    c->coefficients[i] = test_aligned(count * sizeof(tp_scalar));
    c->points[i] = test_aligned(count * sizeof(tp_point));
    c->message[i] = test_aligned(c->len);
    c->x[i] = test_aligned(c->q.p * sizeof(tp_scalar));
    assert_int_equal(
        tp_dkg_deal(c->coefficients[i], c->message[i], c->points[i], &c->q, dealer, secret, random),
        TP_OK);
    ceremony_commit(c, dealer, c->message[i], c->len);
}

static void send_shares(ceremony *c, uint32_t dealer) {
    tp_scalar *shares = test_aligned(c->q.p * sizeof *shares);
    tp_point *work = test_aligned(2 * c->q.p * sizeof *work);
    for (uint32_t l = 1; l <= c->q.n; l++) {
        assert_int_equal(tp_dkg_share(shares, c->coefficients[dealer - 1], &c->q, l), TP_OK);
        assert_int_equal(tp_dkg_share_check(shares, c->points[dealer - 1], &c->q, l, work), TP_OK);
        tp_dkg_share_add(c->x[l - 1], shares, &c->q);
    }
    free(shares), free(work);
}

ceremony *ceremony_new(uint16_t n, uint16_t t, uint16_t p, uint64_t seed) {
    ceremony *c = test_aligned(sizeof *c);
    uint64_t state = seed + 1;
    c->q = (tp_dkg_params){.contest = 1, .n = n, .t = t, .p = p};
    test_random_bytes(&state, c->q.fingerprint, 32);
    assert_int_equal(tp_dkg_params_check(&c->q), TP_OK);
    c->len = tp_dkg_message_len(&c->q);
    c->scratch = test_aligned(tp_dkg_scratch(&c->q));
    size_t count = tp_dkg_coefficients(&c->q);
    c->sum = test_aligned(count * sizeof(tp_point));
    c->keys = test_aligned(p * sizeof(tp_point));
    c->verification = test_aligned(p * sizeof(tp_point));
    for (size_t i = 0; i < count; i++)
        tp_point_identity(&c->sum[i]);
    for (uint32_t i = 1; i <= n; i++)
        deal(c, i, &state);
    for (uint32_t i = 1; i <= n; i++) {
        assert_int_equal(ceremony_open(c, i, c->message[i - 1], c->len), TP_OK);
        send_shares(c, i);
        tp_dkg_commitments_add(c->sum, c->points[i - 1], &c->q);
    }
    assert_int_equal(tp_dkg_election_keys_var(c->keys, c->sum, &c->q), TP_OK);
    return c;
}

void ceremony_free(ceremony *c) {
    for (size_t i = 0; i < c->q.n; i++)
        free(c->coefficients[i]), free(c->message[i]), free(c->points[i]), free(c->x[i]);
    free(c->sum), free(c->keys), free(c->verification), free(c->scratch), free(c);
}

tp_err ceremony_open(ceremony *c, uint32_t dealer, const uint8_t *message, size_t len) {
    return tp_dkg_open_var(c->points[dealer - 1], &c->q, dealer, message, len,
                           c->commitment[dealer - 1], c->scratch);
}

void ceremony_commit(ceremony *c, uint32_t dealer, const uint8_t *message, size_t len) {
    tp_dkg_commit(c->commitment[dealer - 1], &c->q, dealer, message, len);
}
