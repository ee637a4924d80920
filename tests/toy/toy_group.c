/* Implements group.h over the integers modulo TOY_ORDER. */
#include "tests/toy/toy_group.h"

_Static_assert(TOY_ORDER > 2 && TOY_ORDER < 65536, "a value fits two bytes");

const tp_scalar tp_scalar_zero = {{0, 0, 0, 0}};
const tp_scalar tp_scalar_one = {{1, 0, 0, 0}};

/* Words, least significant first, modulo the order: a short random scalar may be written into
 * limbs without reduction, so every read reduces. */
static uint32_t residue(const uint64_t *words, int n) {
    uint64_t r = 0;
    for (int i = 2 * n - 1; i >= 0; i--)
        r = (r << 32 | (uint32_t)(words[i / 2] >> (32 * (i % 2)))) % TOY_ORDER;
    return (uint32_t)r;
}

static uint32_t bytes_residue(const uint8_t *p, size_t len) {
    uint32_t r = 0;
    for (size_t i = len; i-- > 0;)
        r = (r << 8 | p[i]) % TOY_ORDER;
    return r;
}

static uint32_t scalar_of(const tp_scalar *s) {
    return residue(s->limb, 4);
}

unsigned toy_log(const tp_point *p) {
    return (unsigned)p->limb[0];
}

tp_point toy_point(uint64_t v) {
    return (tp_point){{v % TOY_ORDER}};
}

tp_scalar toy_scalar(uint64_t v) {
    return (tp_scalar){{v % TOY_ORDER}};
}

/* The value of a canonical encoding, or TOY_ORDER. */
static uint32_t decode(const uint8_t in[static 32]) {
    uint32_t high = 0, v = (uint32_t)in[0] | (uint32_t)in[1] << 8;
    for (int i = 2; i < 32; i++)
        high |= in[i];
    return high || v >= TOY_ORDER ? TOY_ORDER : v;
}

static void encode(uint8_t out[static 32], uint32_t v) {
    for (int i = 0; i < 32; i++)
        out[i] = 0;
    out[0] = (uint8_t)v;
    out[1] = (uint8_t)(v >> 8);
}

/* ---- backends ---- */

const char *tp_group_backend(void) {
    return "toy";
}

const char *tp_group_backend_name(size_t i) {
    return i == 0 ? "toy" : NULL;
}

tp_err tp_group_select(const char *name) {
    const char *own = tp_group_backend();
    for (size_t i = 0; name && i < 4; i++)
        if (name[i] != own[i]) return TP_REFUSED;
    return TP_OK;
}

/* ---- scalars: single ---- */

tp_err tp_scalar_decode(tp_scalar *out, const uint8_t in[static 32]) {
    uint32_t v = decode(in);
    *out = toy_scalar(v);
    return v == TOY_ORDER ? TP_MALFORMED : TP_OK;
}

void tp_scalar_encode(uint8_t out[static 32], const tp_scalar *a) {
    encode(out, scalar_of(a));
}

void tp_scalar_wide(tp_scalar *out, const uint8_t in[static 64]) {
    *out = toy_scalar(bytes_residue(in, 64));
}

void tp_scalar_from_u64(tp_scalar *out, uint64_t v) {
    *out = toy_scalar(v);
}

void tp_scalar_add(tp_scalar *out, const tp_scalar *a, const tp_scalar *b) {
    *out = toy_scalar(scalar_of(a) + scalar_of(b));
}

void tp_scalar_sub(tp_scalar *out, const tp_scalar *a, const tp_scalar *b) {
    *out = toy_scalar(scalar_of(a) + TOY_ORDER - scalar_of(b));
}

void tp_scalar_neg(tp_scalar *out, const tp_scalar *a) {
    *out = toy_scalar(TOY_ORDER - scalar_of(a));
}

void tp_scalar_mul(tp_scalar *out, const tp_scalar *a, const tp_scalar *b) {
    *out = toy_scalar((uint64_t)scalar_of(a) * scalar_of(b));
}

void tp_scalar_muladd(tp_scalar *out, const tp_scalar *a, const tp_scalar *b, const tp_scalar *c) {
    *out = toy_scalar((uint64_t)scalar_of(a) * scalar_of(b) + scalar_of(c));
}

void tp_scalar_half(tp_scalar *out, const tp_scalar *a) {
    *out = toy_scalar((uint64_t)scalar_of(a) * ((TOY_ORDER + 1) / 2));
}

/* a^(TOY_ORDER-2): the order is prime */
void tp_scalar_invert(tp_scalar *out, const tp_scalar *a) {
    uint64_t base = scalar_of(a), r = 1;
    for (unsigned i = 0; i < TOY_ORDER - 2; i++)
        r = r * base % TOY_ORDER;
    *out = toy_scalar(r);
}

uint32_t tp_scalar_equal(const tp_scalar *a, const tp_scalar *b) {
    return scalar_of(a) == scalar_of(b);
}

uint32_t tp_scalar_is_zero(const tp_scalar *a) {
    return scalar_of(a) == 0;
}

void tp_scalar_select(tp_scalar *out, const tp_scalar *a, const tp_scalar *b, uint32_t bit) {
    *out = bit ? *a : *b;
}

/* ---- scalars: arrays ---- */

tp_err tp_scalars_decode(tp_scalar *out, const uint8_t (*in)[32], size_t n, size_t *bad) {
    size_t i = 0;
    while (i < n && tp_scalar_decode(&out[i], in[i]) == TP_OK)
        i++;
    if (i == n) return TP_OK;
    if (bad) *bad = i;
    for (size_t j = 0; j < n; j++)
        out[j] = tp_scalar_zero;
    return TP_MALFORMED;
}

void tp_scalars_encode(uint8_t (*out)[32], const tp_scalar *a, size_t n) {
    for (size_t i = 0; i < n; i++)
        tp_scalar_encode(out[i], &a[i]);
}

void tp_scalars_mul(tp_scalar *out, const tp_scalar *a, const tp_scalar *b, size_t n) {
    for (size_t i = 0; i < n; i++)
        tp_scalar_mul(&out[i], &a[i], &b[i]);
}

void tp_scalars_muladd(tp_scalar *out, const tp_scalar *a, const tp_scalar *b, const tp_scalar *c,
                       size_t n) {
    for (size_t i = 0; i < n; i++)
        tp_scalar_muladd(&out[i], &a[i], &b[i], &c[i]);
}

void tp_scalars_scale(tp_scalar *out, const tp_scalar *a, const tp_scalar *k, size_t n) {
    const tp_scalar factor = *k;
    for (size_t i = 0; i < n; i++)
        tp_scalar_mul(&out[i], &a[i], &factor);
}

void tp_scalars_scale_add(tp_scalar *out, const tp_scalar *a, const tp_scalar *k,
                          const tp_scalar *c, size_t n) {
    const tp_scalar factor = *k;
    for (size_t i = 0; i < n; i++)
        tp_scalar_muladd(&out[i], &a[i], &factor, &c[i]);
}

void tp_scalars_half(tp_scalar *out, const tp_scalar *a, size_t n) {
    for (size_t i = 0; i < n; i++)
        tp_scalar_half(&out[i], &a[i]);
}

void tp_scalars_dot(tp_scalar *out, const tp_scalar *a, const tp_scalar *b, size_t n) {
    tp_scalar sum = tp_scalar_zero;
    for (size_t i = 0; i < n; i++)
        tp_scalar_muladd(&sum, &a[i], &b[i], &sum);
    *out = sum;
}

void tp_scalars_sum(tp_scalar *out, const tp_scalar *a, size_t n) {
    tp_scalar sum = tp_scalar_zero;
    for (size_t i = 0; i < n; i++)
        tp_scalar_add(&sum, &sum, &a[i]);
    *out = sum;
}

void tp_scalars_powers(tp_scalar *out, const tp_scalar *x, size_t n) {
    const tp_scalar base = *x;
    tp_scalar power = tp_scalar_one;
    for (size_t i = 0; i < n; i++) {
        tp_scalar_mul(&power, &power, &base);
        out[i] = power;
    }
}

/* ---- points: single ---- */

void tp_point_identity(tp_point *out) {
    *out = toy_point(0);
}

void tp_point_base(tp_point *out) {
    *out = toy_point(1);
}

void tp_point_add(tp_point *out, const tp_point *a, const tp_point *b) {
    *out = toy_point(a->limb[0] + b->limb[0]);
}

void tp_points_add(tp_point *out, const tp_point *a, const tp_point *b, size_t n) {
    for (size_t i = 0; i < n; i++)
        tp_point_add(&out[i], &a[i], &b[i]);
}

void tp_point_sub(tp_point *out, const tp_point *a, const tp_point *b) {
    *out = toy_point(a->limb[0] + TOY_ORDER - b->limb[0]);
}

void tp_point_neg(tp_point *out, const tp_point *a) {
    *out = toy_point(TOY_ORDER - a->limb[0]);
}

uint32_t tp_point_equal(const tp_point *a, const tp_point *b) {
    return a->limb[0] == b->limb[0];
}

uint32_t tp_point_is_identity(const tp_point *a) {
    return a->limb[0] == 0;
}

void tp_point_select(tp_point *out, const tp_point *a, const tp_point *b, uint32_t bit) {
    *out = bit ? *a : *b;
}

/* ---- points: arrays ---- */

tp_err tp_points_decode_var(tp_point *out, const uint8_t (*in)[32], size_t n, size_t *bad) {
    size_t i = 0;
    for (; i < n && decode(in[i]) != TOY_ORDER; i++)
        out[i] = toy_point(decode(in[i]));
    if (i == n) return TP_OK;
    if (bad) *bad = i;
    for (size_t j = 0; j < n; j++)
        out[j] = toy_point(0);
    return TP_MALFORMED;
}

/* Any hint is as good as any other: none is needed. */
tp_err tp_points_decode_hinted_var(tp_point *out, const uint8_t (*in)[32],
                                   const uint8_t (*hints)[32], size_t n, size_t *bad) {
    (void)hints;
    return tp_points_decode_var(out, in, n, bad);
}

tp_err tp_points_hint_var(uint8_t (*hints)[32], const uint8_t (*in)[32], size_t n, size_t *bad) {
    size_t first_bad = 0;
    while (first_bad < n && decode(in[first_bad]) != TOY_ORDER)
        first_bad++;
    for (size_t i = 0; i < n; i++)
        encode(hints[i], 0);
    if (first_bad == n) return TP_OK;
    if (bad) *bad = first_bad;
    return TP_MALFORMED;
}

void tp_points_encode(uint8_t (*out)[32], const tp_point *a, size_t n) {
    for (size_t i = 0; i < n; i++)
        encode(out[i], toy_log(&a[i]));
}

void tp_points_encode_double(uint8_t (*out)[32], const tp_point *a, size_t n) {
    for (size_t i = 0; i < n; i++)
        encode(out[i], 2 * toy_log(&a[i]) % TOY_ORDER);
}

void tp_points_mul_base(tp_point *out, const tp_scalar *s, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = toy_point(scalar_of(&s[i]));
}

void tp_points_mul(tp_point *out, const tp_scalar *s, const tp_point *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = toy_point(scalar_of(&s[i]) * p[i].limb[0]);
}

/* One line of a cache, so that no caller is handed a length of 0. */
size_t tp_mul_sum_scratch(size_t n) {
    (void)n;
    return 64;
}

void tp_point_mul_sum(tp_point *out, const tp_scalar *s, const tp_point *p, size_t n,
                      void *scratch) {
    (void)scratch;
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum = (sum + scalar_of(&s[i]) * p[i].limb[0]) % TOY_ORDER;
    *out = toy_point(sum);
}

size_t tp_msm_scratch(size_t n, unsigned bits) {
    (void)bits;
    return tp_mul_sum_scratch(n);
}

void tp_msm_var(tp_point *out, const tp_scalar *s, const tp_point *p, size_t n, unsigned bits,
                void *scratch) {
    (void)bits;
    tp_point_mul_sum(out, s, p, n, scratch);
}

void tp_points_from_uniform_var(tp_point *out, const uint8_t (*in)[64], size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = toy_point(bytes_residue(in[i], 64));
}
