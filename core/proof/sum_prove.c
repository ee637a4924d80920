/* Encrypts choices and proves them (sum.h); constant time in choices, secret and randomness.
 *
 * Nonces, in order: r, alpha, beta, s_1..s_m, rho, tau0, tau1, from the credential key, fresh bytes
 * and a transcript of the context and the choices (B-11); so two ballots never share a nonce.
 * Public values that appear here on the way: the encoded points, and so the challenges.
 * spec: B-8..B-11.
 */
#include "core/base/mem.h"
#include "core/proof/sum_parts.h"

typedef struct {
    size_t n, m, p;
    tp_scalar *masks;  /* beta, s_1..s_m: in the order of H, G_1..G_m */
    tp_scalar *v;      /* m bits */
    tp_scalar *f;      /* m, and scratch */
    tp_scalar *powers; /* m: of delta (p), then of eta (m) */
    tp_point *points;  /* p + 7, in the order of the bytes */
    void *msm;         /* of tp_msm_var and tp_point_mul_sum */
    tp_scalar r, alpha, rho, tau[2];
    tp_scalar delta, eta, c;
} prover;

static size_t aligned(size_t len) {
    return (len + 63) / 64 * 64;
}

static size_t lay_out(prover *x, const tp_sum_shape *shape, uint8_t *scratch) {
    size_t m = tp_sum_bits(shape), p = tp_sum_points(shape), used = 0;
    size_t len[] = {(m + 1) * sizeof(tp_scalar), m * sizeof(tp_scalar), m * sizeof(tp_scalar),
                    m * sizeof(tp_scalar), (p + 7) * sizeof(tp_point)};
    void *at[5];
    for (size_t i = 0; i < 5; i++) {
        at[i] = scratch ? scratch + used : NULL;
        used += aligned(len[i]);
    }
    x->n = shape->n, x->m = m, x->p = p;
    x->masks = at[0], x->v = at[1], x->f = at[2], x->powers = at[3], x->points = at[4];
    x->msm = scratch ? scratch + used : NULL;
    size_t keys = tp_msm_scratch(p, 253), sum = tp_mul_sum_scratch(m + 1);
    return used + aligned(keys > sum ? keys : sum);
}

size_t tp_sum_prove_scratch(const tp_sum_shape *shape) {
    prover measured;
    return lay_out(&measured, shape, NULL);
}

/* 1 if x < y, for x, y < 2^63. */
static uint64_t less(uint64_t x, uint64_t y) {
    return tp_barrier(x - y) >> 63;
}

/* The m bits, options and slack; 1 if the choices are out of range. spec: B-8. */
static uint64_t take_choices(prover *x, const tp_sum_shape *shape, const uint8_t *choices) {
    uint64_t count = 0, bad = 0;
    for (size_t j = 0; j < x->n; j++) {
        uint64_t v = tp_barrier(choices[j]);
        bad |= v >> 1;
        count += v;
        tp_scalar_from_u64(&x->v[j], v);
    }
    for (size_t i = 0; x->n + i < x->m; i++)
        tp_scalar_from_u64(&x->v[x->n + i], less(i + count, shape->b));
    bad = less(0, bad);
    return bad | less(count, shape->a) | less(shape->b, count);
}

static void draw_nonces(prover *x, const tp_transcript *statement, const uint8_t *choices,
                        const uint8_t secret[static 32], const uint8_t random[static 32]) {
    tp_nonces g;
    tp_transcript t = *statement;
    tp_absorb(&t, "choices", choices, x->n);
    tp_nonces_init(&g, "sum", secret, 32, random, &t);
    tp_nonces_scalars(&x->r, 1, &g);
    tp_nonces_scalars(&x->alpha, 1, &g);
    tp_nonces_scalars(x->masks, x->m + 1, &g);
    tp_nonces_scalars(&x->rho, 1, &g);
    tp_nonces_scalars(x->tau, 2, &g);
    tp_wipe(&g, sizeof g), tp_wipe(&t, sizeof t);
}

/* The bit that v[j] holds. */
static uint32_t bit(const prover *x, size_t j) {
    return (uint32_t)x->v[j].limb[0];
}

/* Halves of R and C_1..C_p, as publish_doubles wants them, and T_R. spec: B-9. */
static void encrypt(prover *x, const tp_sum_bases *bases) {
    enum { HALF_R, HALF_ONE, HALF_PACK, RHO, BASES };
    tp_sum_places at = tp_sum_place(x->p);
    tp_point none, base[BASES], part;
    tp_scalar s[BASES] = {[HALF_R] = x->r, [HALF_ONE] = tp_scalar_one};
    tp_scalar_from_u64(&s[HALF_PACK], TP_SUM_PACK);
    tp_scalars_half(s, s, RHO);
    s[RHO] = x->rho;
    tp_points_mul_base(base, s, BASES);
    x->points[at.r] = base[HALF_R];
    x->points[at.t_r] = base[RHO];
    tp_point_identity(&none);
    for (size_t k = 0; k < x->p; k++)
        x->powers[k] = s[HALF_R];
    tp_point *c = x->points + at.c;
    tp_points_mul(c, x->powers, bases->keys, x->p);
    for (size_t k = 0; k < x->p; k++) {
        tp_point_select(&part, &base[HALF_ONE], &none, bit(x, 2 * k));
        tp_point_add(&c[k], &c[k], &part);
        if (2 * k + 1 >= x->n) continue;
        tp_point_select(&part, &base[HALF_PACK], &none, bit(x, 2 * k + 1));
        tp_point_add(&c[k], &c[k], &part);
    }
    tp_wipe(s, sizeof s), tp_wipe(&part, sizeof part), tp_wipe(base, sizeof base);
}

/* A = alpha*H + sum v_j*G_j */
static void commit_bits(prover *x, const tp_sum_bases *bases) {
    tp_point none, part, *a = &x->points[tp_sum_place(x->p).a];
    tp_point_identity(&none);
    tp_points_mul(a, &x->alpha, bases->generators, 1);
    for (size_t j = 0; j < x->m; j++) {
        tp_point_select(&part, &bases->generators[1 + j], &none, bit(x, j));
        tp_point_add(a, a, &part);
    }
    tp_wipe(&part, sizeof part);
}

/* B = beta*H + sum s_j*G_j; T_d = rho*(sum delta^k*Y_k) + (sum delta^k*sum W_kj*s_j)*G */
static void commit_masks(prover *x, const tp_sum_bases *bases) {
    tp_sum_places at = tp_sum_place(x->p);
    tp_scalar packed;
    tp_point part, *t_d = &x->points[at.t_d];
    tp_point_mul_sum(&x->points[at.b], x->masks, bases->generators, x->m + 1, x->msm);
    tp_scalars_powers(x->powers, &x->delta, x->p);
    tp_msm_var(t_d, x->powers, bases->keys, x->p, 253, x->msm);
    tp_points_mul(t_d, &x->rho, t_d, 1);
    tp_sum_packed(&packed, x->powers, x->masks + 1, x->n);
    tp_points_mul_base(&part, &packed, 1);
    tp_point_add(t_d, t_d, &part);
    tp_wipe(&packed, sizeof packed), tp_wipe(&part, sizeof part);
}

/* t0 = -sum eta^j*s_j^2, t1 = sum eta^j*s_j*(1 - 2*v_j); T0, T1 */
static void commit_bit_proof(prover *x, const tp_sum_bases *bases) {
    const tp_scalar *s = x->masks + 1;
    tp_point h[2] = {bases->generators[0], bases->generators[0]}, g[2];
    tp_scalar t[2], minus_two;
    tp_scalars_powers(x->powers, &x->eta, x->m);
    tp_scalars_mul(x->powers, x->powers, s, x->m); /* eta^j*s_j */
    tp_scalars_dot(&t[0], x->powers, s, x->m);
    tp_scalar_neg(&t[0], &t[0]);
    tp_scalar_from_u64(&minus_two, 2);
    tp_scalar_neg(&minus_two, &minus_two);
    for (size_t j = 0; j < x->m; j++)
        tp_scalar_muladd(&x->f[j], &x->v[j], &minus_two, &tp_scalar_one);
    tp_scalars_dot(&t[1], x->powers, x->f, x->m);
    tp_points_mul_base(g, t, 2);
    tp_points_mul(h, x->tau, h, 2);
    tp_point_add(&x->points[tp_sum_place(x->p).t_0], &g[0], &h[0]);
    tp_point_add(&x->points[tp_sum_place(x->p).t_1], &g[1], &h[1]);
    tp_wipe(t, sizeof t), tp_wipe(g, sizeof g), tp_wipe(h, sizeof h);
}

/* f_j = s_j + c*v_j; z_r = rho + c*r; z_a = beta + c*alpha; z_t = tau0 + c*tau1 */
static void respond(prover *x, uint8_t (*scalars)[32]) {
    tp_scalar z[3];
    tp_scalars_scale_add(x->f, x->v, &x->c, x->masks + 1, x->m);
    tp_scalar_muladd(&z[0], &x->c, &x->r, &x->rho);
    tp_scalar_muladd(&z[1], &x->c, &x->alpha, &x->masks[0]);
    tp_scalar_muladd(&z[2], &x->c, &x->tau[1], &x->tau[0]);
    tp_scalars_encode(scalars + 1, x->f, x->m);
    tp_scalars_encode(scalars + 1 + x->m, z, 3);
}

/* Encodes n points of the proof; they are sent, and the challenges come from them. */
static void publish(uint8_t (*enc)[32], const prover *x, size_t first, size_t n) {
    tp_points_encode(enc + first, x->points + first, n);
    tp_declassify(enc + first, 32 * n);
}

/* The same for points that are held as their halves. */
static void publish_doubles(uint8_t (*enc)[32], const prover *x, size_t first, size_t n) {
    tp_points_encode_double(enc + first, x->points + first, n);
    tp_declassify(enc + first, 32 * n);
}

tp_err tp_sum_prove(uint8_t *out, tp_scalar *r, const tp_sum_context *context,
                    const tp_sum_bases *bases, const uint8_t *choices,
                    const uint8_t secret[static 32], const uint8_t random[static 32],
                    void *scratch) {
    prover x;
    *r = tp_scalar_zero;
    if (tp_sum_shape_check(&context->shape) != TP_OK) return TP_REFUSED;
    memset(out, 0, tp_sum_len(&context->shape));
    size_t scratch_len = lay_out(&x, &context->shape, scratch);
    uint64_t out_of_range = take_choices(&x, &context->shape, choices);
    tp_declassify(&out_of_range, sizeof out_of_range); /* the answer, and only whether */
    tp_err err = out_of_range ? TP_REFUSED : TP_OK;
    if (err != TP_OK) goto cleanup;

    tp_sum_places at = tp_sum_place(x.p);
    uint8_t(*enc)[32] = (uint8_t(*)[32])out, (*scalars)[32] = enc + at.sigma, challenge[64];
    const uint8_t *proof = out;
    tp_transcript t;
    tp_scalar sigma;
    tp_sum_statement(&t, 1, &context);
    draw_nonces(&x, &t, choices, secret, random);
    encrypt(&x, bases);
    commit_bits(&x, bases);
    publish_doubles(enc, &x, at.r, 1 + x.p);
    publish(enc, &x, at.a, 1);
    tp_sum_delta(&challenge, &t, 1, &proof, x.p);
    tp_scalar_wide(&x.delta, challenge);
    commit_masks(&x, bases);
    publish(enc, &x, at.b, 3);
    tp_scalars_sum(&sigma, x.masks + 1, x.m);
    tp_scalar_encode(scalars[0], &sigma);
    tp_declassify(scalars[0], 32); /* sent */
    tp_sum_eta(&challenge, &t, 1, &proof, x.p);
    tp_scalar_wide(&x.eta, challenge);
    commit_bit_proof(&x, bases);
    publish(enc, &x, at.t_0, 2);
    tp_sum_c(&challenge, &t, 1, &proof, x.p);
    tp_scalar_wide(&x.c, challenge);
    respond(&x, scalars);
    *r = x.r;
cleanup:
    tp_wipe(scratch, scratch_len);
    tp_wipe(&x, sizeof x);
    return err;
}
