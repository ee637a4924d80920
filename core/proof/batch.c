/* The batch of group equations (batch.h).
 *
 * For equations e with weights w_e the whole batch is one sum,
 *     sum_e w_e*(T_e + sum_i s_{e,i}*P_i + sum_j t_{e,j}*B_j) = 0,
 * computed as one multiplication of 128-bit width over the T_e and one of full width over the B_j
 * and P_i. Coefficients are kept unweighted as terms factor*s[i]; so any range of items can be
 * summed again when a batch fails. base[] holds G, the shared bases, then the items' points: the
 * first range of items is one run of memory with the bases. spec: B-30..B-34.
 */
#include "core/proof/batch.h"

#include "core/base/mem.h"

struct tp_batch_item {
    size_t equation, point, term, scalar; /* the first of each */
    tp_err verdict;
};

struct tp_batch_term {
    tp_scalar factor;
    const tp_scalar *s; /* NULL: ones */
    size_t equation, first, n;
    bool shared;
};

enum { FULL_BITS = 253, WEIGHT_BITS = 128, WEIGHT_LEN = WEIGHT_BITS / 8 };

void tp_batch_limits_add(tp_batch_limits *sum, const tp_batch_limits *need, size_t count) {
    sum->items += count * need->items;
    sum->equations += count * need->equations;
    sum->points += count * need->points;
    sum->terms += count * need->terms;
    sum->scalars += count * need->scalars;
    sum->shared += count * need->shared;
    sum->hinted |= need->hinted;
}

/* ---- arena ---- */

static void *carve(uint8_t *arena, size_t *used, size_t len) {
    void *p = arena ? arena + *used : NULL;
    *used += (len + 63) / 64 * 64;
    return p;
}

/* Lays the arrays out from `arena`, or measures if it is NULL. */
static size_t lay_out(tp_batch *b, const tp_batch_limits *max, void *arena) {
    size_t used = 0, bases = 1 + max->shared + max->points;
    size_t hints = max->hinted ? 32 : 0;
    b->base = carve(arena, &used, bases * sizeof *b->base);
    b->coefficient = carve(arena, &used, bases * sizeof *b->coefficient);
    b->unit = carve(arena, &used, max->equations * sizeof *b->unit);
    b->weight = carve(arena, &used, max->equations * sizeof *b->weight);
    b->scalar = carve(arena, &used, max->scalars * sizeof *b->scalar);
    b->item = carve(arena, &used, max->items * sizeof *b->item);
    b->term = carve(arena, &used, max->terms * sizeof *b->term);
    b->point_enc = carve(arena, &used, max->points * 32);
    b->unit_enc = carve(arena, &used, max->equations * 32);
    b->point_hint = carve(arena, &used, max->points * hints);
    b->unit_hint = carve(arena, &used, max->equations * hints);
    size_t full = tp_msm_scratch(bases, FULL_BITS);
    size_t half = tp_msm_scratch(max->equations, WEIGHT_BITS);
    b->msm = carve(arena, &used, full > half ? full : half);
    return used;
}

size_t tp_batch_arena(const tp_batch_limits *max) {
    tp_batch measured;
    return lay_out(&measured, max, NULL);
}

void tp_batch_init(tp_batch *b, const tp_batch_limits *max, void *arena) {
    memset(b, 0, sizeof *b);
    lay_out(b, max, arena);
    b->max = *max;
    tp_point_base(&b->base[TP_BATCH_G]);
    tp_batch_reset(b);
}

size_t tp_batch_share(tp_batch *b, const tp_point *bases, size_t n) {
    if (b->used.items || n > b->max.shared - b->used.shared) __builtin_trap();
    size_t first = 1 + b->used.shared;
    memcpy(b->base + first, bases, n * sizeof *bases);
    b->used.shared += n;
    return first;
}

void tp_batch_reset(tp_batch *b) {
    size_t shared = b->used.shared;
    memset(&b->used, 0, sizeof b->used);
    b->used.shared = shared;
    tp_transcript_init(&b->bound, "batch");
}

static bool fits(size_t used, size_t need, size_t max) {
    return need <= max - used;
}

bool tp_batch_room(const tp_batch *b, const tp_batch_limits *need) {
    return fits(b->used.items, need->items, b->max.items) &&
           fits(b->used.equations, need->equations, b->max.equations) &&
           fits(b->used.points, need->points, b->max.points) &&
           fits(b->used.terms, need->terms, b->max.terms) &&
           fits(b->used.scalars, need->scalars, b->max.scalars);
}

/* ---- building ---- */

void tp_batch_begin(tp_batch *b) {
    if (!fits(b->used.items, 1, b->max.items)) __builtin_trap();
    tp_absorb_u64(&b->bound, "item", b->used.items);
    b->item[b->used.items++] = (tp_batch_item){.equation = b->used.equations,
                                               .point = b->used.points,
                                               .term = b->used.terms,
                                               .scalar = b->used.scalars,
                                               .verdict = TP_OK};
}

static tp_batch_item *current(tp_batch *b) {
    if (!b->used.items) __builtin_trap();
    return &b->item[b->used.items - 1];
}

void tp_batch_fail(tp_batch *b, tp_err err) {
    tp_batch_item *it = current(b);
    if (it->verdict != TP_OK || err == TP_OK) return;
    it->verdict = err;
    b->used.equations = it->equation;
    b->used.points = it->point;
    b->used.terms = it->term;
    b->used.scalars = it->scalar;
}

/* Whether the current item still stands and n more fit; too many fail it. */
static bool grows(tp_batch *b, size_t used, size_t n, size_t max) {
    if (current(b)->verdict != TP_OK) return false;
    if (fits(used, n, max)) return true;
    tp_batch_fail(b, TP_TOO_BIG);
    return false;
}

void tp_batch_bind(tp_batch *b, const void *bytes, size_t len) {
    tp_absorb(&b->bound, "bound", bytes, len);
}

/* Copies n hints, or zeros (which no point has, so they are noticed and unused). */
static void keep_hints(uint8_t (*to)[32], const uint8_t (*hints)[32], size_t n) {
    if (hints)
        memcpy(to, hints, n * 32);
    else
        memset(to, 0, n * 32);
}

size_t tp_batch_points(tp_batch *b, const uint8_t (*enc)[32], const uint8_t (*hints)[32],
                       size_t n) {
    if (!grows(b, b->used.points, n, b->max.points)) return 0;
    size_t first = b->used.points;
    memcpy(b->point_enc + first, enc, n * 32);
    if (b->max.hinted) keep_hints(b->point_hint + first, hints, n);
    b->used.points += n;
    return first;
}

tp_scalar *tp_batch_scalars(tp_batch *b, size_t n) {
    if (!grows(b, b->used.scalars, n, b->max.scalars)) return NULL;
    tp_scalar *s = b->scalar + b->used.scalars;
    b->used.scalars += n;
    return s;
}

size_t tp_batch_equation(tp_batch *b, const uint8_t commitment[static 32], const uint8_t *hint) {
    if (!grows(b, b->used.equations, 1, b->max.equations)) return 0;
    size_t e = b->used.equations++;
    memcpy(b->unit_enc[e], commitment, 32);
    if (b->max.hinted) keep_hints(b->unit_hint + e, tp_rows(hint), 1);
    return e;
}

static void add_term(tp_batch *b, const tp_batch_term *term) {
    if (!grows(b, b->used.terms, 1, b->max.terms)) return;
    b->term[b->used.terms++] = *term;
}

void tp_batch_own(tp_batch *b, size_t equation, size_t point, const tp_scalar *s, size_t n,
                  const tp_scalar *factor) {
    add_term(b, &(tp_batch_term){.factor = *factor,
                                 .s = s,
                                 .equation = equation,
                                 .first = point,
                                 .n = n,
                                 .shared = false});
}

void tp_batch_shared(tp_batch *b, size_t equation, size_t base, const tp_scalar *s, size_t n,
                     const tp_scalar *factor) {
    add_term(b, &(tp_batch_term){.factor = *factor,
                                 .s = s,
                                 .equation = equation,
                                 .first = base,
                                 .n = n,
                                 .shared = true});
}

/* ---- the decision ---- */

/* spec: B-31. An independent 128-bit weight per equation, four from each hash. */
static void draw_weights(tp_batch *b) {
    tp_nonces stream = {.counter = 0};
    uint8_t bytes[64], wide[64] = {0};
    tp_challenge(&b->bound, "weights", stream.key);
    for (size_t e = 0; e < b->used.equations; e++) {
        size_t quarter = e % 4;
        if (!quarter) tp_nonces_next(&stream, bytes);
        memcpy(wide, bytes + quarter * WEIGHT_LEN, WEIGHT_LEN);
        tp_scalar_wide(&b->weight[e], wide);
    }
}

static tp_err decode(tp_point *out, const uint8_t (*enc)[32], const uint8_t (*hints)[32], size_t n,
                     bool hinted) {
    return hinted ? tp_points_decode_hinted_var(out, enc, hints, n, NULL)
                  : tp_points_decode_var(out, enc, n, NULL);
}

static tp_point *own_points(const tp_batch *b) {
    return b->base + 1 + b->used.shared;
}

/* One past the last equation resp. point resp. term of an item. */
static tp_batch_item end_of(const tp_batch *b, size_t i) {
    if (i + 1 < b->used.items) return b->item[i + 1];
    return (tp_batch_item){.equation = b->used.equations,
                           .point = b->used.points,
                           .term = b->used.terms,
                           .scalar = b->used.scalars,
                           .verdict = TP_OK};
}

static tp_err decode_range(tp_batch *b, const tp_batch_item *lo, const tp_batch_item *hi) {
    const uint8_t(*points)[32] = tp_rows(b->point_enc) + lo->point;
    const uint8_t(*point_hints)[32] = tp_rows(b->point_hint) + lo->point;
    const uint8_t(*units)[32] = tp_rows(b->unit_enc) + lo->equation;
    const uint8_t(*unit_hints)[32] = tp_rows(b->unit_hint) + lo->equation;
    tp_err e1 = decode(own_points(b) + lo->point, points, point_hints, hi->point - lo->point,
                       b->max.hinted);
    tp_err e2 = decode(b->unit + lo->equation, units, unit_hints, hi->equation - lo->equation,
                       b->max.hinted);
    return e1 != TP_OK ? e1 : e2;
}

/* All points in two calls; only if one is bad, item by item. A bad item's commitments become the
 * identity and its terms are skipped, so it adds nothing to any sum. */
static void decode_items(tp_batch *b) {
    tp_batch_item end = end_of(b, b->used.items - 1);
    if (decode_range(b, &b->item[0], &end) == TP_OK) return;
    for (size_t i = 0; i < b->used.items; i++) {
        tp_batch_item next = end_of(b, i);
        tp_err err = decode_range(b, &b->item[i], &next);
        if (err == TP_OK) continue;
        b->item[i].verdict = err;
        for (size_t e = b->item[i].equation; e < next.equation; e++)
            tp_point_identity(&b->unit[e]);
    }
}

static void apply(tp_batch *b, const tp_batch_term *t) {
    tp_scalar w;
    tp_scalar *c = b->coefficient + t->first + (t->shared ? 0 : 1 + b->used.shared);
    tp_scalar_mul(&w, &b->weight[t->equation], &t->factor);
    if (t->s) {
        tp_scalars_scale_add(c, t->s, &w, c, t->n);
        return;
    }
    for (size_t i = 0; i < t->n; i++)
        tp_scalar_add(&c[i], &c[i], &w);
}

/* out = the weighted sum of all equations of the items lo..hi-1 that stand. */
static void sum_items(tp_batch *b, tp_point *out, size_t lo, size_t hi) {
    tp_batch_item start = b->item[lo], end = end_of(b, hi - 1);
    size_t shared = 1 + b->used.shared, n = end.point - start.point;
    tp_scalar *own = b->coefficient + shared + start.point;
    memset(b->coefficient, 0, shared * sizeof *own);
    memset(own, 0, n * sizeof *own);
    for (size_t i = lo; i < hi; i++) {
        if (b->item[i].verdict != TP_OK) continue;
        size_t last = end_of(b, i).term;
        for (size_t k = b->item[i].term; k < last; k++)
            apply(b, &b->term[k]);
    }
    tp_point part;
    tp_msm_var(out, b->weight + start.equation, b->unit + start.equation,
               end.equation - start.equation, WEIGHT_BITS, b->msm);
    tp_msm_var(&part, b->coefficient, b->base, shared + (start.point ? 0 : n), FULL_BITS, b->msm);
    tp_point_add(out, out, &part);
    if (!start.point) return;
    tp_msm_var(&part, own, own_points(b) + start.point, n, FULL_BITS, b->msm);
    tp_point_add(out, out, &part);
}

/* Names the bad items among lo..hi-1, whose weighted sum is `sum`. Depth: log2 of the items. */
static void judge(tp_batch *b, const tp_point *sum, size_t lo, size_t hi) {
    if (tp_point_is_identity(sum)) return;
    if (hi - lo == 1) {
        b->item[lo].verdict = TP_INVALID;
        return;
    }
    size_t mid = lo + (hi - lo) / 2;
    tp_point left, right;
    sum_items(b, &left, lo, mid);
    tp_point_sub(&right, sum, &left);
    judge(b, &left, lo, mid);
    judge(b, &right, mid, hi);
}

tp_err tp_batch_verify_var(tp_batch *b) {
    if (!b->used.items) return TP_OK;
    tp_point sum;
    draw_weights(b);
    decode_items(b);
    sum_items(b, &sum, 0, b->used.items);
    judge(b, &sum, 0, b->used.items);
    for (size_t i = 0; i < b->used.items; i++)
        if (b->item[i].verdict != TP_OK) return b->item[i].verdict;
    return TP_OK;
}

tp_err tp_batch_verdict(const tp_batch *b, size_t item) {
    return item < b->used.items ? b->item[item].verdict : TP_REFUSED;
}

const tp_point *tp_batch_item_points(const tp_batch *b, size_t item) {
    if (tp_batch_verdict(b, item) != TP_OK) return NULL;
    return own_points(b) + b->item[item].point;
}
