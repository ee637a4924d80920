/* Shapes, generators, transcript and reading of the ballot proof (sum.h).
 *
 * Transcript, domain "sum": fingerprint, key-digest, contest, n, a, b, packing, credential, unit,
 * style, sequence, previous, R, C, A; challenge delta; B, T_R, T_d, sigma; challenge eta; T0, T1;
 * challenge c. spec: B-6..B-14.
 */
#include "core/proof/sum_parts.h"

#include "core/base/mem.h"

_Static_assert(TP_SUM_PACK == 1u << 24, "the transcript and the totals assume M = 2^24");

enum { BLOCK = 160 }; /* scalars handled at once, on the stack */

/* ---- shapes ---- */

tp_err tp_sum_shape_check(const tp_sum_shape *s) {
    bool ordered = s->n >= 1 && s->b >= 1 && s->b <= s->n && s->a <= s->b;
    return ordered && tp_sum_bits(s) <= TP_SUM_MAX_BITS ? TP_OK : TP_REFUSED;
}

size_t tp_sum_bits(const tp_sum_shape *s) {
    return (size_t)s->n + s->b - s->a;
}
size_t tp_sum_points(const tp_sum_shape *s) {
    return ((size_t)s->n + 1) / 2;
}
size_t tp_sum_ciphertext_len(const tp_sum_shape *s) {
    return 32 * (1 + tp_sum_points(s));
}
size_t tp_sum_encoded_points(const tp_sum_shape *s) {
    return tp_sum_points(s) + 7;
}
size_t tp_sum_len(const tp_sum_shape *s) {
    return 32 * (tp_sum_encoded_points(s) + tp_sum_bits(s) + 4);
}

/* ---- generators ---- */

/* spec: B-7. Message: fingerprint || uint32 index; index 0 is H. */
void tp_sum_generators_var(tp_point *out, size_t count, const uint8_t fingerprint[static 32]) {
    static const char dst[] = TP_SUITE "-sum-generators";
    uint8_t msg[36];
    memcpy(msg, fingerprint, 32);
    for (size_t i = 0; i <= count; i++) {
        tp_put_u32be(msg + 32, (uint32_t)i);
        tp_hash_to_group_var(&out[i], msg, sizeof msg, dst, sizeof dst - 1);
    }
}

/* ---- transcript ---- */

/* One number of every lane. */
static void absorb_numbers(tp_transcript *t, size_t lanes, const char *label, const uint64_t *v) {
    uint8_t be[TP_LANES_MAX][8];
    const void *data[TP_LANES_MAX] = {0};
    for (size_t i = 0; i < lanes; i++) {
        tp_put_u64be(be[i], v[i]);
        data[i] = be[i];
    }
    tp_absorb_lanes(t, lanes, label, data, 8);
}

/* 32 * n bytes that stand `at` bytes into every lane's `base`. */
static void absorb_rows(tp_transcript *t, size_t lanes, const char *label,
                        const uint8_t *const *base, size_t at, size_t n) {
    const void *data[TP_LANES_MAX] = {0};
    for (size_t i = 0; i < lanes; i++)
        data[i] = base[i] + at;
    tp_absorb_lanes(t, lanes, label, data, 32 * n);
}

#define NUMBERS(label, field)                                                                      \
    for (size_t i = 0; i < lanes; i++)                                                             \
        v[i] = x[i]->field;                                                                        \
    absorb_numbers(t, lanes, label, v)

#define ROW(label, field) absorb_rows(t, lanes, label, base, offsetof(tp_sum_context, field), 1)

/* spec: B-10. */
void tp_sum_statement(tp_transcript *t, size_t lanes, const tp_sum_context *const *x) {
    const uint8_t *base[TP_LANES_MAX] = {0};
    uint64_t v[TP_LANES_MAX] = {0};
    tp_transcript_init(t, "sum");
    for (size_t i = 0; i < lanes; i++) {
        t[i] = t[0];
        base[i] = (const uint8_t *)x[i];
    }
    ROW("fingerprint", fingerprint);
    ROW("key-digest", key_digest);
    NUMBERS("contest", contest);
    NUMBERS("n", shape.n);
    NUMBERS("a", shape.a);
    NUMBERS("b", shape.b);
    for (size_t i = 0; i < lanes; i++)
        v[i] = TP_SUM_PACK;
    absorb_numbers(t, lanes, "packing", v);
    ROW("credential", credential);
    NUMBERS("unit", unit);
    NUMBERS("style", style);
    NUMBERS("sequence", sequence);
    ROW("previous", previous);
}

#undef NUMBERS
#undef ROW

void tp_sum_delta(uint8_t (*delta)[64], tp_transcript *t, size_t lanes, const uint8_t *const *proof,
                  size_t p) {
    tp_sum_places at = tp_sum_place(p);
    absorb_rows(t, lanes, "R", proof, 32 * at.r, 1);
    absorb_rows(t, lanes, "C", proof, 32 * at.c, p);
    absorb_rows(t, lanes, "A", proof, 32 * at.a, 1);
    tp_challenge_lanes(t, lanes, "delta", delta);
}

void tp_sum_eta(uint8_t (*eta)[64], tp_transcript *t, size_t lanes, const uint8_t *const *proof,
                size_t p) {
    tp_sum_places at = tp_sum_place(p);
    absorb_rows(t, lanes, "B", proof, 32 * at.b, 1);
    absorb_rows(t, lanes, "T_R", proof, 32 * at.t_r, 1);
    absorb_rows(t, lanes, "T_d", proof, 32 * at.t_d, 1);
    absorb_rows(t, lanes, "sigma", proof, 32 * at.sigma, 1);
    tp_challenge_lanes(t, lanes, "eta", eta);
}

void tp_sum_c(uint8_t (*c)[64], tp_transcript *t, size_t lanes, const uint8_t *const *proof,
              size_t p) {
    tp_sum_places at = tp_sum_place(p);
    absorb_rows(t, lanes, "T0", proof, 32 * at.t_0, 1);
    absorb_rows(t, lanes, "T1", proof, 32 * at.t_1, 1);
    tp_challenge_lanes(t, lanes, "c", c);
}

void tp_sum_challenges_var(tp_sum_challenges *out, size_t lanes, const uint8_t *const *proof,
                           const tp_sum_context *const *context) {
    tp_transcript t[TP_LANES_MAX];
    uint8_t delta[TP_LANES_MAX][64], eta[TP_LANES_MAX][64], c[TP_LANES_MAX][64];
    size_t p = tp_sum_points(&context[0]->shape);
    tp_sum_statement(t, lanes, context);
    tp_sum_delta(delta, t, lanes, proof, p);
    tp_sum_eta(eta, t, lanes, proof, p);
    tp_sum_c(c, t, lanes, proof, p);
    for (size_t i = 0; i < lanes; i++) {
        memcpy(out[i].delta, delta[i], 64);
        memcpy(out[i].eta, eta[i], 64);
        memcpy(out[i].c, c[i], 64);
    }
}

/* ---- scalars ---- */

void tp_sum_packed(tp_scalar *out, const tp_scalar *powers, const tp_scalar *x, size_t n) {
    tp_scalar first[BLOCK], second[BLOCK], low, high, pack, sum = tp_scalar_zero;
    size_t p = (n + 1) / 2;
    tp_scalar_from_u64(&pack, TP_SUM_PACK);
    for (size_t k = 0; k < p; k += BLOCK) {
        size_t now = p - k < BLOCK ? p - k : BLOCK;
        for (size_t i = 0; i < now; i++) {
            first[i] = x[2 * (k + i)];
            second[i] = 2 * (k + i) + 1 < n ? x[2 * (k + i) + 1] : tp_scalar_zero;
        }
        tp_scalars_dot(&low, powers + k, first, now);
        tp_scalars_dot(&high, powers + k, second, now);
        tp_scalar_muladd(&low, &high, &pack, &low);
        tp_scalar_add(&sum, &sum, &low);
    }
    *out = sum;
    tp_wipe(first, sizeof first), tp_wipe(second, sizeof second);
    tp_wipe(&low, sizeof low), tp_wipe(&high, sizeof high), tp_wipe(&sum, sizeof sum);
}

/* sum_j eta^j*f_j*(c - f_j) = c*sum eta^j*f_j - sum eta^j*f_j^2, block by block from the last, as
 * eta^(BLOCK*i) times a block's own sum. */
static void bit_sum(tp_scalar *out, const tp_scalar *eta, const tp_scalar *c, const tp_scalar *f,
                    size_t m) {
    tp_scalar powers[BLOCK], squares[BLOCK], linear = tp_scalar_zero, square = tp_scalar_zero, x;
    tp_scalars_powers(powers, eta, BLOCK);
    for (size_t end = m; end;) {
        size_t now = end % BLOCK ? end % BLOCK : BLOCK;
        end -= now;
        tp_scalars_mul(squares, f + end, f + end, now);
        tp_scalars_dot(&x, powers, f + end, now);
        tp_scalar_muladd(&linear, &linear, &powers[BLOCK - 1], &x);
        tp_scalars_dot(&x, powers, squares, now);
        tp_scalar_muladd(&square, &square, &powers[BLOCK - 1], &x);
    }
    tp_scalar_mul(out, c, &linear);
    tp_scalar_sub(out, out, &square);
}

/* ---- reading ---- */

static const uint8_t identity_bytes[32];

/* spec: B-12. */
tp_err tp_sum_read_var(tp_sum_reading *x, tp_scalar *f, tp_scalar *powers, const uint8_t *proof,
                       size_t len, const tp_sum_context *context, const tp_sum_challenges *known) {
    const tp_sum_shape *shape = &context->shape;
    if (tp_sum_shape_check(shape) != TP_OK) return TP_REFUSED;
    if (len != tp_sum_len(shape)) return TP_MALFORMED;
    size_t p = tp_sum_points(shape), m = tp_sum_bits(shape);
    const uint8_t(*points)[32] = tp_rows(proof);
    const uint8_t(*scalars)[32] = points + tp_sum_encoded_points(shape);
    tp_scalar sigma, delta, eta, count, total;
    *x = (tp_sum_reading){.n = shape->n, .m = m, .p = p, .f = f, .powers = powers};
    if (memcmp(points[0], identity_bytes, 32) == 0) return TP_MALFORMED;
    if (tp_scalar_decode(&sigma, scalars[0]) != TP_OK ||
        tp_scalars_decode(f, scalars + 1, m, NULL) != TP_OK ||
        tp_scalar_decode(&x->z_r, scalars[m + 1]) != TP_OK ||
        tp_scalar_decode(&x->z_a, scalars[m + 2]) != TP_OK ||
        tp_scalar_decode(&x->z_t, scalars[m + 3]) != TP_OK)
        return TP_MALFORMED;
    tp_sum_challenges own;
    if (!known) tp_sum_challenges_var(&own, 1, &proof, &context);
    if (!known) known = &own;
    tp_scalar_wide(&delta, known->delta);
    tp_scalar_wide(&eta, known->eta);
    tp_scalar_wide(&x->c, known->c);
    memcpy(x->c_bytes, known->c, 64);
    tp_scalar_from_u64(&count, shape->b);
    tp_scalar_muladd(&sigma, &x->c, &count, &sigma);
    tp_scalars_sum(&total, f, m);
    if (!tp_scalar_equal(&total, &sigma)) return TP_INVALID;
    tp_scalars_powers(powers, &delta, p);
    tp_sum_packed(&x->packed, powers, f, x->n);
    bit_sum(&x->bits, &eta, &x->c, f, m);
    return TP_OK;
}
