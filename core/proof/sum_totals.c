/* Opening one ciphertext, and totals of many (sum.h).
 *
 * A total is u = x + M*y: a table of x*G, x = 0..limit, and a walk over y. A slot of the table is
 * tag << 24 | x, tag = the upper 40 bits of the first 8 bytes of the encoding of x*G; the slot's
 * place comes from the lower bits of the same word. A hit is confirmed by multiplying, so a false
 * tag costs time only. spec: B-16, K-7, K-8.
 */
#include "core/base/mem.h"
#include "core/proof/sum.h"

enum { BLOCK = 64, VALUE_BITS = 24 };
#define EMPTY UINT64_MAX

typedef struct {
    uint32_t limit, log2_slots;
    uint64_t slot[];
} table;

/* ---- opening ---- */

/* The two bits that point encrypts, as 0..3, or 4. */
static unsigned two_bits(const tp_point *u, const tp_point *pack) {
    tp_point one, candidate;
    tp_point_identity(&candidate);
    tp_point_base(&one);
    for (unsigned v = 0; v < 4; v++) {
        if (tp_point_equal(u, &candidate)) return v;
        tp_point_add(&candidate, &candidate, &one);
        if (v == 1) candidate = *pack;
    }
    return 4;
}

static void pack_point(tp_point *out) {
    tp_scalar pack;
    tp_scalar_from_u64(&pack, TP_SUM_PACK);
    tp_points_mul_base(out, &pack, 1);
}

tp_err tp_sum_open_var(uint8_t *choices, const uint8_t *ciphertext, const tp_scalar *r,
                       const tp_sum_shape *shape, const tp_point *keys) {
    const uint8_t(*enc)[32] = tp_rows(ciphertext);
    tp_point c, mask, pack;
    tp_err err = tp_points_decode_var(&c, enc, 1, NULL);
    tp_points_mul_base(&mask, r, 1);
    if (err == TP_OK && !tp_point_equal(&c, &mask)) err = TP_INVALID;
    pack_point(&pack);
    for (size_t k = 0; err == TP_OK && 2 * k < shape->n; k++) {
        err = tp_points_decode_var(&c, enc + 1 + k, 1, NULL);
        tp_points_mul(&mask, r, &keys[k], 1);
        tp_point_sub(&c, &c, &mask);
        unsigned v = two_bits(&c, &pack);
        bool pair = 2 * k + 1 < shape->n;
        if (err == TP_OK && v > (pair ? 3u : 1u)) err = TP_INVALID;
        choices[2 * k] = v & 1;
        if (pair) choices[2 * k + 1] = (v >> 1) & 1;
    }
    if (err != TP_OK) memset(choices, 0, shape->n);
    return err;
}

/* ---- aggregate ---- */

void tp_sum_aggregate_var(tp_point *total, const tp_point *ciphertext, const tp_sum_shape *shape) {
    tp_points_add(total, total, ciphertext, 1 + tp_sum_points(shape));
}

/* ---- table ---- */

static uint32_t log2_slots(uint32_t limit) {
    uint32_t k = 3;
    while (((uint64_t)1 << k) < 2 * ((uint64_t)limit + 1))
        k++;
    return k;
}

static uint64_t word(const uint8_t enc[static 32]) {
    uint64_t w = 0;
    for (size_t i = 0; i < 8; i++)
        w |= (uint64_t)enc[i] << (8 * i);
    return w;
}

size_t tp_totals_table_size(uint32_t limit) {
    return sizeof(table) + (sizeof(uint64_t) << log2_slots(limit));
}

/* enc[i] = encoding of p + i*step, i < n; p moves on to p + n*step. */
static void walk(uint8_t (*enc)[32], tp_point *p, const tp_point *step, size_t n) {
    tp_point at[BLOCK];
    for (size_t i = 0; i < n; i++) {
        at[i] = *p;
        tp_point_add(p, p, step);
    }
    tp_points_encode(enc, at, n);
}

void tp_totals_table_var(void *out, uint32_t limit) {
    if (limit >= TP_SUM_PACK - 1) __builtin_trap();
    table *t = out;
    *t = (table){.limit = limit, .log2_slots = log2_slots(limit)};
    uint64_t mask = ((uint64_t)1 << t->log2_slots) - 1;
    for (uint64_t i = 0; i <= mask; i++)
        t->slot[i] = EMPTY;
    uint8_t enc[BLOCK][32];
    tp_point p, one;
    tp_point_identity(&p);
    tp_point_base(&one);
    for (uint32_t x = 0; x <= limit; x += BLOCK) {
        size_t n = limit - x + 1 < BLOCK ? limit - x + 1 : BLOCK;
        walk(enc, &p, &one, n);
        for (size_t i = 0; i < n; i++) {
            uint64_t w = word(enc[i]), at = w & mask;
            while (t->slot[at] != EMPTY)
                at = (at + 1) & mask;
            t->slot[at] = w >> VALUE_BITS << VALUE_BITS | (x + i);
        }
    }
}

/* Whether enc encodes x*G with x <= most. */
static bool look_up(uint32_t *x, const table *t, const uint8_t enc[static 32], uint32_t most) {
    uint64_t mask = ((uint64_t)1 << t->log2_slots) - 1, w = word(enc);
    for (uint64_t at = w & mask; t->slot[at] != EMPTY; at = (at + 1) & mask) {
        uint32_t v = (uint32_t)t->slot[at] & (TP_SUM_PACK - 1);
        if ((t->slot[at] ^ w) >> VALUE_BITS || v > most) continue;
        tp_scalar s;
        tp_point p;
        uint8_t seen[32];
        tp_scalar_from_u64(&s, v);
        tp_points_mul_base(&p, &s, 1);
        tp_points_encode(&seen, &p, 1);
        *x = v;
        if (memcmp(seen, enc, 32) == 0) return true;
    }
    return false;
}

/* u = (x + M*y)*G with x <= ballots and y <= most_y. */
static tp_err find(uint32_t *x, uint32_t *y, const tp_point *u, const tp_point *minus_pack,
                   const table *t, uint32_t ballots, uint32_t most_y) {
    uint8_t enc[BLOCK][32];
    tp_point p = *u;
    for (uint32_t done = 0; done <= most_y; done += BLOCK) {
        size_t n = most_y - done + 1 < BLOCK ? most_y - done + 1 : BLOCK;
        walk(enc, &p, minus_pack, n);
        for (size_t i = 0; i < n; i++) {
            *y = done + (uint32_t)i;
            if (look_up(x, t, enc[i], ballots)) return TP_OK;
        }
    }
    return TP_INVALID;
}

tp_err tp_sum_totals_var(uint32_t *totals, const tp_point *c, const tp_point *d,
                         const tp_sum_shape *shape, uint32_t ballots, const void *table_bytes) {
    const table *t = table_bytes;
    if (ballots > t->limit) return TP_REFUSED;
    tp_point minus_pack, u;
    tp_err err = TP_OK;
    pack_point(&minus_pack);
    tp_point_neg(&minus_pack, &minus_pack);
    for (size_t k = 0; err == TP_OK && 2 * k < shape->n; k++) {
        bool pair = 2 * k + 1 < shape->n;
        uint32_t x = 0, y = 0;
        tp_point_sub(&u, &c[k], &d[k]);
        err = find(&x, &y, &u, &minus_pack, t, ballots, pair ? ballots : 0);
        totals[2 * k] = x;
        if (pair) totals[2 * k + 1] = y;
    }
    if (err != TP_OK) memset(totals, 0, shape->n * sizeof *totals);
    return err;
}
