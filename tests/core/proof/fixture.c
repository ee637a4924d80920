/* One `sum` contest with keys of known secrets. */
#include "tests/core/proof/fixture.h"

void *test_aligned(size_t len) {
    void *p = aligned_alloc(64, (len + 127) / 64 * 64);
    if (!p) abort();
    memset(p, 0, len);
    return p;
}

tp_scalar test_scalar(uint64_t *state) {
    uint8_t wide[64];
    tp_scalar s;
    test_random_bytes(state, wide, sizeof wide);
    tp_scalar_wide(&s, wide);
    return s;
}

static void make_bases(contest *c, uint64_t *state) {
    c->generators = test_aligned((c->m + 1) * sizeof(tp_point));
    c->keys = test_aligned(c->p * sizeof(tp_point));
    c->x = test_aligned(c->p * sizeof(tp_scalar));
    tp_sum_generators_var(c->generators, c->m, c->context.fingerprint);
    for (size_t k = 0; k < c->p; k++) {
        do {
            c->x[k] = test_scalar(state);
        } while (tp_scalar_is_zero(&c->x[k]));
    }
    tp_points_mul_base(c->keys, c->x, c->p);
    c->bases = (tp_sum_bases){.generators = c->generators, .keys = c->keys};
}

contest *contest_new(uint16_t n, uint16_t a, uint16_t b, uint64_t seed) {
    contest *c = test_aligned(sizeof *c);
    uint64_t state = seed + 1;
    c->context = (tp_sum_context){.contest = 3, .shape = {n, a, b}, .unit = 7, .style = 2};
    c->context.sequence = 1;
    test_random_bytes(&state, c->context.fingerprint, 32);
    test_random_bytes(&state, c->context.key_digest, 32);
    test_random_bytes(&state, c->context.credential, 32);
    test_random_bytes(&state, c->context.previous, 32);
    test_random_bytes(&state, c->secret, 32);
    test_random_bytes(&state, c->random, 32);
    assert_int_equal(tp_sum_shape_check(&c->context.shape), TP_OK);
    c->m = tp_sum_bits(&c->context.shape);
    c->p = tp_sum_points(&c->context.shape);
    c->len = tp_sum_len(&c->context.shape);
    make_bases(c, &state);
    c->choices = test_aligned(n);
    c->proof = test_aligned(c->len);
    size_t prove = tp_sum_prove_scratch(&c->context.shape);
    size_t verify = tp_sum_verify_scratch(&c->context.shape);
    c->scratch = test_aligned(prove > verify ? prove : verify);
    return c;
}

void contest_free(contest *c) {
    free(c->generators), free(c->keys), free(c->x), free(c->choices), free(c->proof);
    free(c->scratch), free(c);
}

tp_err contest_prove(contest *c) {
    return tp_sum_prove(c->proof, &c->r, &c->context, &c->bases, c->choices, c->secret, c->random,
                        c->scratch);
}

tp_err contest_vote(contest *c, size_t k) {
    for (size_t j = 0; j < c->context.shape.n; j++)
        c->choices[j] = j < k;
    return contest_prove(c);
}

tp_err contest_check(contest *c) {
    return tp_sum_verify_var(c->proof, c->len, &c->context, &c->bases, c->scratch);
}

static void *open_batch(tp_batch *b, tp_sum_shared *shared, const contest *c, size_t count,
                        bool hinted) {
    tp_batch_limits need, max = {.shared = c->m + 1 + c->p, .hinted = hinted};
    tp_sum_need(&need, &c->context.shape);
    tp_batch_limits_add(&max, &need, count);
    void *arena = test_aligned(tp_batch_arena(&max));
    tp_batch_init(b, &max, arena);
    shared->generators = tp_batch_share(b, c->generators, c->m + 1);
    shared->keys = tp_batch_share(b, c->keys, c->p);
    return arena;
}

tp_err contest_check_batch(contest *c, size_t count, bool hinted) {
    tp_batch b;
    tp_sum_shared shared;
    void *arena = open_batch(&b, &shared, c, count, hinted);
    uint8_t(*hints)[32] = test_aligned(32 * (c->p + 7));
    tp_err known = tp_points_hint_var(hints, tp_rows(c->proof), c->p + 7, NULL);
    for (size_t i = 0; i < count; i++) {
        tp_batch_begin(&b);
        bool with = hinted && known == TP_OK && i % 2 == 0; /* some items come without */
        tp_sum_batch_var(&b, &shared, c->proof, c->len, with ? tp_rows(hints) : NULL, &c->context);
    }
    tp_err verdict = tp_batch_verify_var(&b);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(tp_batch_verdict(&b, i), verdict);
    free(arena), free(hints);
    return verdict;
}

void contest_verdicts(contest *c, tp_err *verdicts, const uint8_t *const *proofs, size_t count) {
    tp_batch b;
    tp_sum_shared shared;
    void *arena = open_batch(&b, &shared, c, count, false);
    for (size_t i = 0; i < count; i++) {
        tp_batch_begin(&b);
        tp_sum_batch_var(&b, &shared, proofs[i], c->len, NULL, &c->context);
    }
    tp_err all = tp_batch_verify_var(&b), first = TP_OK;
    for (size_t i = 0; i < count; i++) {
        verdicts[i] = tp_batch_verdict(&b, i);
        if (first == TP_OK) first = verdicts[i];
        if (verdicts[i] == TP_OK) assert_non_null(tp_batch_item_points(&b, i));
    }
    assert_int_equal(all, first);
    free(arena);
}
