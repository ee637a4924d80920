/* A list of decryption shares with its proof. */
#include "tests/core/proof/shares.h"

#include "core/threshold/decrypt.h"

share_list *shares_new(size_t u, size_t p, uint64_t seed) {
    share_list *s = test_aligned(sizeof *s);
    uint64_t state = seed + 1;
    s->u = u, s->p = p;
    s->x = test_aligned(p * sizeof(tp_scalar));
    s->r = test_aligned(u * 32), s->v = test_aligned(p * 32), s->d = test_aligned(u * p * 32);
    tp_point *r = test_aligned(u * sizeof *r), *v = test_aligned(p * sizeof *v),
             *d = test_aligned(u * p * sizeof *d);
    for (size_t k = 0; k < p; k++)
        s->x[k] = test_scalar(&state);
    for (size_t i = 0; i < u; i++) {
        tp_scalar e = test_scalar(&state);
        tp_points_mul_base(&r[i], &e, 1);
    }
    tp_points_mul_base(v, s->x, p);
    tp_decrypt_share(d, s->x, p, r, u);
    tp_points_encode(s->r, r, u), tp_points_encode(s->v, v, p), tp_points_encode(s->d, d, u * p);
    free(r), free(v), free(d);
    test_random_bytes(&state, s->random, 32);
    s->statement = (tp_eqlog_statement){.contest = 1,
                                        .trustee = 2,
                                        .r = tp_rows(s->r),
                                        .u = u,
                                        .v = tp_rows(s->v),
                                        .p = p,
                                        .d = tp_rows(s->d)};
    test_random_bytes(&state, s->statement.fingerprint, 32);
    test_random_bytes(&state, s->statement.key_digest, 32);
    s->scratch = test_aligned(tp_eqlog_scratch(u, p));
    return s;
}

void shares_free(share_list *s) {
    free(s->x), free(s->r), free(s->v), free(s->d), free(s->scratch), free(s);
}

tp_err shares_prove(share_list *s) {
    return tp_eqlog_prove(s->proof, &s->statement, s->x, s->random, s->scratch);
}

tp_err shares_check(share_list *s) {
    return tp_eqlog_verify_var(s->proof, &s->statement, s->scratch);
}
