/* The four group equations of the ballot proof: one by one, and as terms of a batch (sum.h).
 *   E1  c*A + B = z_a*H + sum_j f_j*G_j
 *   E2  c*R + T_R = z_r*G
 *   E3  c*(sum_k delta^k*C_k) + T_d = z_r*(sum_k delta^k*Y_k) + (sum_k delta^k*sum_j W_kj*f_j)*G
 *   E4  T0 + c*T1 = (sum_j eta^j*f_j*(c - f_j))*G + z_t*H
 * Decoding hints are beside the ballot, not part of it (B-15). spec: B-12..B-15.
 */
#include "core/base/mem.h"
#include "core/proof/sum_parts.h"

static size_t aligned(size_t len) {
    return (len + 63) / 64 * 64;
}

static size_t msm_scratch(size_t p, size_t m) {
    size_t keys = tp_msm_scratch(p, 253), generators = tp_msm_scratch(m, 253);
    return aligned(keys > generators ? keys : generators);
}

size_t tp_sum_verify_scratch(const tp_sum_shape *shape) {
    size_t p = tp_sum_points(shape), m = tp_sum_bits(shape);
    return aligned((m + p) * sizeof(tp_scalar)) + aligned((p + 7) * sizeof(tp_point)) +
           msm_scratch(p, m);
}

/* tp_sum_read_var; a proof that fails there is still named for a bad point first (B-12), as every
 * verifier must name it. */
static tp_err read_var(tp_sum_reading *x, tp_scalar *scalars, const uint8_t *proof, size_t len,
                       const tp_sum_context *context, const tp_sum_challenges *known) {
    enum { BLOCK = 16 };
    tp_point sink[BLOCK];
    size_t m = tp_sum_bits(&context->shape), n = tp_sum_encoded_points(&context->shape);
    tp_err err = tp_sum_read_var(x, scalars, scalars + m, proof, len, context, known);
    for (size_t i = 0; err == TP_INVALID && i < n; i += BLOCK) {
        size_t now = n - i < BLOCK ? n - i : BLOCK;
        if (tp_points_decode_var(sink, tp_rows(proof) + i, now, NULL) != TP_OK) err = TP_MALFORMED;
    }
    return err;
}

/* The products that the four equations need. */
enum { C_A, C_R, C_CIPHER, C_T1, ZR_KEYS, ZT_H, ZA_H, PRODUCTS };
enum { G_ZR, G_PACKED, G_BITS, BASES };

static uint32_t sum_is(const tp_point *a, const tp_point *b, const tp_point *x, const tp_point *y) {
    tp_point left, right;
    tp_point_add(&left, a, b);
    tp_point_add(&right, x, y);
    return tp_point_equal(&left, &right);
}

static tp_err equations(const tp_sum_reading *x, const tp_sum_bases *bases, const tp_point *q,
                        void *msm) {
    tp_sum_places at = tp_sum_place(x->p);
    tp_point prod[PRODUCTS], base[BASES], committed, none;
    prod[C_A] = q[at.a], prod[C_R] = q[at.r], prod[C_T1] = q[at.t_1];
    prod[ZT_H] = prod[ZA_H] = bases->generators[0];
    tp_msm_var(&prod[C_CIPHER], x->powers, q + at.c, x->p, 253, msm);
    tp_msm_var(&prod[ZR_KEYS], x->powers, bases->keys, x->p, 253, msm);
    tp_msm_var(&committed, x->f, bases->generators + 1, x->m, 253, msm);
    const tp_scalar by[PRODUCTS] = {x->c, x->c, x->c, x->c, x->z_r, x->z_t, x->z_a};
    const tp_scalar on_g[BASES] = {x->z_r, x->packed, x->bits};
    tp_points_mul(prod, by, prod, PRODUCTS);
    tp_points_mul_base(base, on_g, BASES);
    tp_point_identity(&none);
    uint32_t e1 = sum_is(&prod[C_A], &q[at.b], &prod[ZA_H], &committed);
    uint32_t e2 = sum_is(&prod[C_R], &q[at.t_r], &base[G_ZR], &none);
    uint32_t e3 = sum_is(&prod[C_CIPHER], &q[at.t_d], &prod[ZR_KEYS], &base[G_PACKED]);
    uint32_t e4 = sum_is(&prod[C_T1], &q[at.t_0], &base[G_BITS], &prod[ZT_H]);
    return e1 & e2 & e3 & e4 ? TP_OK : TP_INVALID;
}

tp_err tp_sum_verify_var(const uint8_t *proof, size_t len, const tp_sum_context *context,
                         const tp_sum_bases *bases, void *scratch) {
    if (tp_sum_shape_check(&context->shape) != TP_OK) return TP_REFUSED;
    size_t p = tp_sum_points(&context->shape), m = tp_sum_bits(&context->shape);
    uint8_t *at = scratch;
    tp_scalar *scalars = (void *)at;
    tp_point *points = (void *)(at + aligned((m + p) * sizeof(tp_scalar)));
    void *msm = (uint8_t *)points + aligned((p + 7) * sizeof(tp_point));
    tp_sum_reading x;
    tp_err err = read_var(&x, scalars, proof, len, context, NULL);
    if (err != TP_OK) return err;
    err = tp_points_decode_var(points, tp_rows(proof), p + 7, NULL);
    return err != TP_OK ? err : equations(&x, bases, points, msm);
}

void tp_sum_need(tp_batch_limits *need, const tp_sum_shape *shape) {
    size_t p = tp_sum_points(shape), m = tp_sum_bits(shape);
    *need = (tp_batch_limits){.items = 1,
                              .equations = 4,
                              .points = p + TP_SUM_OTHER_POINTS,
                              .terms = 11,
                              .scalars = m + p};
}

/* The equations E1..E4 as terms. */
static void add_equations(tp_batch *b, const tp_sum_shared *shared, const uint8_t (*enc)[32],
                          const uint8_t (*hints)[32], const tp_sum_reading *x) {
    size_t p = x->p, m = x->m, e[4];
    tp_sum_places at = tp_sum_place(p);
    size_t q = tp_batch_points(b, enc, hints, p + 2);
    size_t t_1 = tp_batch_points(b, enc + at.t_1, hints ? hints + at.t_1 : NULL, 1);
    for (size_t i = 0; i < 4; i++)
        e[i] = tp_batch_equation(b, enc[at.b + i], hints ? hints[at.b + i] : NULL);
    tp_scalar minus_one, zr, za, zt, packed, bits;
    tp_scalar_neg(&minus_one, &tp_scalar_one);
    tp_scalar_neg(&zr, &x->z_r), tp_scalar_neg(&za, &x->z_a), tp_scalar_neg(&zt, &x->z_t);
    tp_scalar_neg(&packed, &x->packed), tp_scalar_neg(&bits, &x->bits);
    tp_batch_own(b, e[0], q + at.a, NULL, 1, &x->c);
    tp_batch_shared(b, e[0], shared->generators, NULL, 1, &za);
    tp_batch_shared(b, e[0], shared->generators + 1, x->f, m, &minus_one);
    tp_batch_own(b, e[1], q + at.r, NULL, 1, &x->c);
    tp_batch_shared(b, e[1], TP_BATCH_G, NULL, 1, &zr);
    tp_batch_own(b, e[2], q + at.c, x->powers, p, &x->c);
    tp_batch_shared(b, e[2], shared->keys, x->powers, p, &zr);
    tp_batch_shared(b, e[2], TP_BATCH_G, NULL, 1, &packed);
    tp_batch_own(b, e[3], t_1, NULL, 1, &x->c);
    tp_batch_shared(b, e[3], TP_BATCH_G, NULL, 1, &bits);
    tp_batch_shared(b, e[3], shared->generators, NULL, 1, &zt);
}

/* bind: whether the proof's own challenge and responses are to fix it in the weights. */
static void add_proof(tp_batch *b, const tp_sum_shared *shared, const uint8_t *proof, size_t len,
                      const uint8_t (*hints)[32], const tp_sum_context *context,
                      const tp_sum_challenges *known, bool bind) {
    if (tp_sum_shape_check(&context->shape) != TP_OK) {
        tp_batch_fail(b, TP_REFUSED);
        return;
    }
    size_t p = tp_sum_points(&context->shape), m = tp_sum_bits(&context->shape);
    tp_scalar *scalars = tp_batch_scalars(b, m + p);
    if (!scalars) return;
    tp_sum_reading x;
    tp_err err = read_var(&x, scalars, proof, len, context, known);
    if (err != TP_OK) {
        tp_batch_fail(b, err);
        return;
    }
    if (bind) {
        tp_batch_bind(b, x.c_bytes, sizeof x.c_bytes);
        tp_batch_bind(b, proof + 32 * (p + 8), 32 * (m + 3));
    }
    add_equations(b, shared, tp_rows(proof), hints, &x);
}

void tp_sum_batch_var(tp_batch *b, const tp_sum_shared *shared, const uint8_t *proof, size_t len,
                      const uint8_t (*hints)[32], const tp_sum_context *context) {
    add_proof(b, shared, proof, len, hints, context, NULL, true);
}

void tp_sum_batch_bound_var(tp_batch *b, const tp_sum_shared *shared, const uint8_t *proof,
                            size_t len, const uint8_t (*hints)[32], const tp_sum_context *context,
                            const tp_sum_challenges *challenges) {
    add_proof(b, shared, proof, len, hints, context, challenges, false);
}
