/* Constant-time scalar multiplication: of the base, of one point, of a sum of points.
 *
 * A scalar is 64 signed digits of radix 16, from -8 to 8; a table holds P, 2P .. 8P; a digit takes
 * its entry by reading all eight under masks and negates it under a mask.
 *
 * Invariants
 *  1. No branch and no address depends on a scalar or on a point's value.
 *  2. The base table is written once, before its flag says so, and is read-only after that.
 * spec: chapter 2 (primitives).
 */
#include "core/group/edwards.h"
#include "core/group/internal.h"

#define DIGITS 64
#define TABLE  8

/* s = sum of out[i] 16^i, out[i] in [-8, 7] but the last, which the bound s < 2^253 keeps <= 2 */
static void recode(int8_t out[static DIGITS], const tp_scalar *s) {
    int8_t carry = 0;
    for (int i = 0; i < DIGITS; i++) {
        int8_t digit = (int8_t)((s->limb[i / 16] >> (4 * (i % 16)) & 15) + (uint64_t)carry);
        carry = (int8_t)((digit + 8) >> 4);
        out[i] = (int8_t)(digit - carry * 16);
    }
}

/* All ones if a = b, else zero. */
static inline uint64_t mask_equal(uint32_t a, uint32_t b) {
    return tp_mask(((uint64_t)(a ^ b) - 1) >> 63);
}

static inline uint32_t digit_sign(int8_t digit) {
    return (uint32_t)(uint8_t)digit >> 7;
}

static inline uint32_t digit_size(int8_t digit, uint32_t sign) {
    return ((uint32_t)(int32_t)digit ^ (0 - sign)) + sign;
}

static void lookup_cached(ge_cached *o, const ge_cached table[static TABLE], int8_t digit) {
    static const fe zero = FE_ZERO;
    const uint32_t sign = digit_sign(digit), size = digit_size(digit, sign);
    ge_cached identity, r = {zero, zero, zero, zero};
    ge_cached_identity(&identity);
    for (uint32_t j = 0; j <= TABLE; j++) {
        const ge_cached *entry = j ? &table[j - 1] : &identity;
        const uint64_t m = mask_equal(size, j);
        fe_scan(&r.plus, &entry->plus, m);
        fe_scan(&r.minus, &entry->minus, m);
        fe_scan(&r.z2, &entry->z2, m);
        fe_scan(&r.t2d, &entry->t2d, m);
    }
    fe_select(&o->plus, &r.minus, &r.plus, sign);
    fe_select(&o->minus, &r.plus, &r.minus, sign);
    o->z2 = r.z2;
    fe_negate_if(&o->t2d, &r.t2d, sign);
}

static void lookup_niels(ge_niels *o, const ge_niels table[static TABLE], int8_t digit) {
    static const fe zero = FE_ZERO;
    const uint32_t sign = digit_sign(digit), size = digit_size(digit, sign);
    ge_niels identity, r = {zero, zero, zero};
    ge_niels_identity(&identity);
    for (uint32_t j = 0; j <= TABLE; j++) {
        const ge_niels *entry = j ? &table[j - 1] : &identity;
        const uint64_t m = mask_equal(size, j);
        fe_scan(&r.plus, &entry->plus, m);
        fe_scan(&r.minus, &entry->minus, m);
        fe_scan(&r.t2d, &entry->t2d, m);
    }
    fe_select(&o->plus, &r.minus, &r.plus, sign);
    fe_select(&o->minus, &r.plus, &r.minus, sign);
    fe_negate_if(&o->t2d, &r.t2d, sign);
}

/* P, 2P .. 8P */
static void multiples(ge out[static TABLE], const ge *p) {
    ge_cached q;
    ge_sum s;
    ge_cache(&q, p);
    out[0] = *p;
    for (int j = 1; j < TABLE; j++) {
        ge_add_cached(&s, &out[j - 1], &q);
        ge_finish(&out[j], &s);
    }
}

/* ---- base ---- */

/* base_table[i] = 1..8 times 256^i G */
static ge_niels base_table[DIGITS / 2][TABLE];
static int base_table_state; /* 0 not begun, 1 in the making, 2 ready */

static void build_row(ge_niels out[static TABLE], const ge *p) {
    ge m[TABLE];
    fe z[TABLE], spare[TABLE];
    multiples(m, p);
    for (int j = 0; j < TABLE; j++)
        z[j] = m[j].z;
    tp_fe_invert_batch(z, TABLE, spare);
    for (int j = 0; j < TABLE; j++) {
        ge affine = {.z = FE_ONE};
        fe_mul(&affine.x, &m[j].x, &z[j]);
        fe_mul(&affine.y, &m[j].y, &z[j]);
        fe_mul(&affine.t, &affine.x, &affine.y);
        ge_to_niels(&out[j], &affine);
    }
}

void tp_mul_prepare(void) {
    int expected = 0;
    if (__atomic_load_n(&base_table_state, __ATOMIC_ACQUIRE) == 2) return;
    if (!__atomic_compare_exchange_n(&base_table_state, &expected, 1, false, __ATOMIC_ACQUIRE,
                                     __ATOMIC_ACQUIRE)) {
        while (__atomic_load_n(&base_table_state, __ATOMIC_ACQUIRE) != 2)
            ; /* another thread is at it: some tens of microseconds */
        return;
    }
    tp_point base;
    tp_point_base(&base);
    ge p = *ge_of(&base);
    for (int i = 0; i < DIGITS / 2; i++) {
        build_row(base_table[i], &p);
        ge_double_times(&p, &p, 8);
    }
    __atomic_store_n(&base_table_state, 2, __ATOMIC_RELEASE);
}

/* The odd digits first, times 16, then the even ones: 64 additions, 4 doublings. */
static void mul_base_one(ge *o, const tp_scalar *s) {
    int8_t digits[DIGITS];
    ge_niels q;
    ge_sum sum;
    ge r;
    recode(digits, s);
    ge_identity(&r);
    for (int i = 1; i < DIGITS; i += 2) {
        lookup_niels(&q, base_table[i / 2], digits[i]);
        ge_add_niels(&sum, &r, &q);
        ge_finish(&r, &sum);
    }
    ge_double_times(&r, &r, 4);
    for (int i = 0; i < DIGITS; i += 2) {
        lookup_niels(&q, base_table[i / 2], digits[i]);
        ge_add_niels(&sum, &r, &q);
        ge_finish(&r, &sum);
    }
    *o = r;
    tp_wipe(digits, sizeof digits);
    tp_wipe(&q, sizeof q);
    tp_wipe(&sum, sizeof sum);
    tp_wipe(&r, sizeof r);
}

void tp_mul_base(tp_point *out, const tp_scalar *s, size_t n) {
    tp_mul_prepare();
    for (size_t i = 0; i < n; i++)
        mul_base_one(ge_of(&out[i]), &s[i]);
}

/* ---- sums ---- */

typedef struct {
    ge_cached table[TABLE];
    int8_t digits[DIGITS];
} term;

/* Terms whose doublings are shared at a time: bounds the scratch; the doublings of further blocks
 * are a small part of their additions. */
#define BLOCK 512

static void term_prepare(term *t, const tp_scalar *s, const ge *p) {
    ge m[TABLE];
    multiples(m, p);
    for (int j = 0; j < TABLE; j++)
        ge_cache(&t->table[j], &m[j]);
    recode(t->digits, s);
}

static void sum_terms(ge *o, const term *terms, size_t n) {
    ge_cached q;
    ge_sum sum;
    ge r;
    ge_identity(&r);
    for (int i = DIGITS - 1; i >= 0; i--) {
        if (i != DIGITS - 1) ge_double_times(&r, &r, 4);
        for (size_t k = 0; k < n; k++) {
            lookup_cached(&q, terms[k].table, terms[k].digits[i]);
            ge_add_cached(&sum, &r, &q);
            ge_finish(&r, &sum);
        }
    }
    *o = r;
    tp_wipe(&q, sizeof q);
    tp_wipe(&sum, sizeof sum);
    tp_wipe(&r, sizeof r);
}

void tp_mul_each(tp_point *out, const tp_scalar *s, const tp_point *p, size_t n) {
    term t;
    for (size_t i = 0; i < n; i++) {
        term_prepare(&t, &s[i], ge_of_const(&p[i]));
        sum_terms(ge_of(&out[i]), &t, 1);
    }
    tp_wipe(&t, sizeof t);
}

size_t tp_mul_straus_scratch(size_t n) {
    return (n < BLOCK ? n : BLOCK) * sizeof(term);
}

void tp_mul_straus(tp_point *out, const tp_scalar *s, const tp_point *p, size_t n, void *scratch) {
    term *terms = scratch;
    ge total, part;
    ge_identity(&total);
    for (size_t at = 0; at < n; at += BLOCK) {
        size_t count = n - at < BLOCK ? n - at : BLOCK;
        for (size_t k = 0; k < count; k++)
            term_prepare(&terms[k], &s[at + k], ge_of_const(&p[at + k]));
        sum_terms(&part, terms, count);
        ge_add(&total, &total, &part);
    }
    *ge_of(out) = total;
    tp_wipe(&total, sizeof total);
    tp_wipe(&part, sizeof part);
    tp_wipe(scratch, tp_mul_straus_scratch(n));
}
