/* Multi-scalar multiplication of public data by buckets.
 *
 * For every window of the scalars the points are sorted by digit; the points of one digit are
 * summed (a bucket), eight buckets at a time; then sum of digit * bucket by running sums, and the
 * windows are put together by doublings.
 *
 * Invariants
 *  1. Work is cut into blocks of MSM_BLOCK points, so the working set is bounded.
 *  2. A bucket is summed in tasks of bounded length, and tasks of like length go side by side, so
 *     that no choice of scalars (all equal, all tiny) leaves lanes idle for long.
 *  3. Signed digits as in multiply.h: windows cover bits + 1 bits, half a window is added at each
 *     but the top one, and |digit| <= 2^(width-1) in all. Full-width scalars s > L/2 are taken as
 *     -(L - s) first, and count as 251 bits: (L-1)/2 < 2^251 + 2^124, and with less than
 *     0.6 * 2^at added the top window, from bit `at` > 125 on, is still <= 2^(width-1).
 * source: Bernstein, Doumen, Lange, Oosterwijk, "Faster batch forgery identification", section 4.
 * spec: chapter 2 (primitives).
 */
#ifndef TAPAT_CORE_GROUP_IFMA_MSM_H
#define TAPAT_CORE_GROUP_IFMA_MSM_H

#include "core/group/ifma/multiply.h"

#define MSM_BLOCK       ((size_t)1 << 17)
#define MSM_SMALL       ((size_t)144) /* up to here mul_sum is faster */
#define MSM_MIN_WIDTH   5             /* at least two buckets to a lane */
#define MSM_MAX_WIDTH   15            /* a digit and its sign in 16 bits */
#define MSM_MAX_WINDOWS 51
#define MSM_SHORTEST    64                        /* the least bound on the points in a task */
#define MSM_LONGEST     2047                      /* points in a task */
#define MSM_AHEAD       4                         /* steps by which rows are prefetched */
#define MSM_SPARE       (MSM_LONGEST + MSM_AHEAD) /* entries of order that are only fetched */
#define MSM_CHUNK       ((size_t)2048)            /* points that share an inversion */
#define FULL_BITS       253                       /* any scalar */
#define CENTRED_BITS    251                       /* any scalar or its negative, nearly */

/* A point as the bucket loop reads it: niels limbs, padded to two cache lines. */
typedef struct {
    uint64_t limb[16];
} row;

/* Sums order[start .. start+len) into a bucket or, beyond the first task of one, a partial. */
typedef struct {
    uint32_t start, len;
    tp_point *sum;
} task;

typedef struct {
    unsigned windows, width[MSM_MAX_WINDOWS], at[MSM_MAX_WINDOWS];
    uint64_t bias[4];
    bool centred; /* s and L - s are told apart by a sign */
} window_plan;

typedef struct {
    row *rows;
    uint16_t *digits;  /* windows x n: 2 |digit| + sign */
    uint32_t *order;   /* n + MSM_SPARE: index | sign << 31, by bucket */
    uint32_t *end;     /* buckets + 1: where a bucket ends in order */
    task *tasks;       /* buckets + partials */
    uint32_t *by_size; /* tasks, longest first */
    tp_point *bucket;  /* buckets: limbs of a cached; [0] is bucket 1 */
    tp_point *partial; /* sums of the later tasks of long buckets */
    tight *products;   /* MSM_CHUNK / 8: for the shared inversions */
    size_t stride;     /* of digits, from window to window */
    size_t longest;    /* task */
} workspace;

/* ---- sizes ---- */

/* Additions for n points in so many windows: a bucket costs about two. */
static uint64_t work_of(uint64_t n, unsigned windows, unsigned bits) {
    unsigned narrow = bits / windows, wider = bits % windows;
    return windows * n + ((uint64_t)(windows + wider) << narrow);
}

/* How many windows are the least work. The same for all lengths with the same highest bit: by the
 * middle of them. */
static unsigned best_windows(size_t len, unsigned bits) {
    size_t n = 1;
    while (2 * n <= len)
        n *= 2;
    if (n < MSM_BLOCK) n += n / 2;
    unsigned least = (bits + MSM_MAX_WIDTH - 1) / MSM_MAX_WIDTH, best = least;
    for (unsigned w = least; w <= bits / MSM_MIN_WIDTH; w++)
        if (work_of(n, w, bits) < work_of(n, best, bits)) best = w;
    return best;
}

/* Windows with widths within one of each other, the wider first. */
static void plan_windows(window_plan *plan, size_t n, unsigned bits) {
    plan->centred = bits >= FULL_BITS;
    unsigned total = plan->centred ? CENTRED_BITS + 1 : bits + 1;
    plan->windows = best_windows(n, total);
    memset(plan->bias, 0, sizeof plan->bias);
    for (unsigned i = 0, at = 0; i < plan->windows; i++) {
        unsigned width = total / plan->windows + (i < total % plan->windows);
        plan->width[i] = width;
        plan->at[i] = at;
        at += width;
        if (i + 1 < plan->windows) plan->bias[(at - 1) / 64] |= 1ULL << ((at - 1) % 64);
    }
}

/* Buckets are cut into tasks of at most this many points, far above the mean of uniform digits. */
static size_t longest_task(size_t n, size_t buckets) {
    size_t len = MSM_SHORTEST + 6 * (n / buckets);
    return len < MSM_LONGEST ? len : MSM_LONGEST;
}

/* The next `size` bytes of the workspace, on a cache line; base NULL measures. */
static void *take(uint8_t *base, size_t *at, size_t size) {
    uint8_t *p = base ? base + *at : NULL;
    *at += (size + 63) & ~(size_t)63;
    return p;
}

/* Lays a workspace for n points out; its size in bytes. */
static size_t lay_out(workspace *ws, void *base, size_t n, const window_plan *plan) {
    size_t at = 0, buckets = (size_t)1 << (plan->width[0] - 1);
    ws->longest = longest_task(n, buckets);
    ws->stride = (n + TP_LANES - 1) & ~(TP_LANES - 1);
    size_t partials = n / MSM_SHORTEST + 1, tasks = buckets + partials;
    ws->rows = take(base, &at, n * sizeof *ws->rows);
    ws->digits = take(base, &at, ws->stride * plan->windows * sizeof *ws->digits);
    ws->order = take(base, &at, (n + MSM_SPARE) * sizeof *ws->order);
    ws->end = take(base, &at, (buckets + 1) * sizeof *ws->end);
    ws->tasks = take(base, &at, tasks * sizeof *ws->tasks);
    ws->by_size = take(base, &at, tasks * sizeof *ws->by_size);
    ws->bucket = take(base, &at, buckets * sizeof *ws->bucket);
    ws->partial = take(base, &at, partials * sizeof *ws->partial);
    ws->products = take(base, &at, MSM_CHUNK / TP_LANES * sizeof *ws->products);
    return at;
}

/* Points per block: n in equal parts of at most MSM_BLOCK. */
static size_t block_size(size_t n) {
    size_t blocks = (n + MSM_BLOCK - 1) / MSM_BLOCK;
    return (n + blocks - 1) / blocks;
}

/* Few bits are not worth their own plan; from 32 on every width is at least 5 (16 buckets). */
static unsigned plan_bits(unsigned bits) {
    return bits < 32 ? 32 : bits;
}

/* Enough for fewer points too: under one width a workspace grows with n, and a width holds from one
 * power of two to the next. */
static size_t ifma_msm_scratch(size_t n, unsigned bits) {
    if (n > MSM_BLOCK) n = MSM_BLOCK;
    size_t most = ifma_mul_sum_scratch(n < MSM_SMALL ? n : MSM_SMALL);
    for (size_t len = 1; n > MSM_SMALL && len; len = len < n ? 2 * len + 1 : 0) {
        window_plan plan;
        workspace ws;
        size_t last = len < n ? len : n;
        plan_windows(&plan, last, plan_bits(bits));
        size_t size = lay_out(&ws, NULL, last, &plan);
        if (size > most) most = size;
    }
    return most;
}

/* ---- rows ---- */

static void store_row8(row *out, size_t at, size_t n, niels q) {
    row beyond;
    v8 c[16];
    memcpy(c, &q, 15 * sizeof(v8));
    c[15] = _mm512_setzero_si512();
    for (size_t h = 0; h < 2; h++) {
        transpose8(c + 8 * h);
        for (size_t i = 0; i < TP_LANES; i++)
            store((at + i < n ? &out[at + i] : &beyond)->limb + 8 * h, c[8 * h + i]);
    }
}

static niels affine_to_niels(tight x, tight y) {
    return (niels){fe_add(y, x), fe_sub(y, x), fe_mul_constant(fe_mul(x, y), &edwards_2d)};
}

/* Whether Z is 1 in all of p[0..n), as it is after decoding. */
static bool all_affine(const tp_point *p, size_t n) {
    uint64_t other = 0;
    for (size_t i = 0; i < n; i++) {
        const uint64_t *z = p[i].limb + 10;
        other |= (z[0] ^ 1) | z[1] | z[2] | z[3] | z[4];
    }
    return !other;
}

/* Rows of points with any Z: one inversion for all (Montgomery's trick). */
static void rows_projective(workspace *ws, row *out, const tp_point *p, size_t n) {
    tight product = fe_small(1), inverse[2];
    extended q;
    for (size_t at = 0; at < n; at += TP_LANES) {
        load_points(&q, p, at, n);
        ws->products[at / TP_LANES] = product;
        product = fe_mul(product, q.z);
    }
    const tight both[2] = {product, product};
    invert2(inverse, both);
    for (size_t at = (n - 1) & ~(TP_LANES - 1);; at -= TP_LANES) {
        load_points(&q, p, at, n);
        tight z_inv = fe_mul(inverse[0], ws->products[at / TP_LANES]);
        inverse[0] = fe_mul(inverse[0], q.z);
        store_row8(out, at, n, affine_to_niels(fe_mul(q.x, z_inv), fe_mul(q.y, z_inv)));
        if (at == 0) break;
    }
}

static void make_rows(workspace *ws, const tp_point *p, size_t n) {
    for (size_t from = 0; from < n; from += MSM_CHUNK) {
        size_t len = n - from < MSM_CHUNK ? n - from : MSM_CHUNK;
        if (!all_affine(p + from, len)) {
            rows_projective(ws, ws->rows + from, p + from, len);
            continue;
        }
        for (size_t at = 0; at < len; at += TP_LANES) {
            extended q;
            load_points(&q, p + from, at, len);
            store_row8(ws->rows + from, at, len, affine_to_niels(q.x, q.y));
        }
    }
}

/* ---- digits, sorted ---- */

/* r = a - b; the lanes that borrow. r may be b. */
TP_INLINE __mmask8 words_sub(v8 r[4], const uint64_t a[4], const v8 b[4]) {
    __mmask8 c = 0;
    for (int i = 0; i < 4; i++) {
        v8 x = word(a[i]), t = sub(x, b[i]);
        __mmask8 under = _mm512_cmplt_epu64_mask(x, b[i]);
        /* t = 0 goes under too when a borrow comes in */
        __mmask8 next = under | (c & _mm512_testn_epi64_mask(t, t));
        r[i] = _mm512_mask_sub_epi64(t, c, t, word(1));
        c = next;
    }
    return c;
}

/* s := L - s in the lanes where s > (L-1)/2; which those are. */
TP_INLINE __mmask8 centre(v8 s[4]) {
    static const uint64_t l[4] = {0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0, 1ULL << 60},
                          half[4] = {0x2c09318d2e7ae9f6, 0x0a6f7cef517bce6b, 0, 1ULL << 59};
    v8 t[4];
    __mmask8 above = words_sub(t, half, s);
    words_sub(t, l, s);
    for (int i = 0; i < 4; i++)
        s[i] = _mm512_mask_blend_epi64(above, s[i], t[i]);
    return above;
}

static void make_digits(workspace *ws, const window_plan *plan, const tp_scalar *s, size_t n) {
    for (size_t at = 0; at < n; at += TP_LANES) {
        v8 words[4];
        load_words_tail(words, s, at, n);
        __mmask8 turned = plan->centred ? centre(words) : 0;
        biased b = bias_add(words, plan->bias);
        for (unsigned w = 0; w < plan->windows; w++) {
            __mmask8 negative;
            uint64_t half = 1ULL << (plan->width[w] - 1);
            v8 bits = window(&b, plan->at[w], plan->width[w]);
            v8 size = magnitude(&negative, w + 1 < plan->windows ? sub(bits, word(half)) : bits);
            /* a scalar that is not < 2^bits would leave the buckets: a caller's error */
            if (_mm512_cmpgt_epu64_mask(size, word(half))) __builtin_trap();
            v8 twice = add(size, size);
            __mmask8 minus = (__mmask8)(negative ^ turned);
            v8 code = _mm512_mask_add_epi64(twice, minus, twice, word(1));
            _mm_storeu_si128((__m128i *)(void *)(ws->digits + w * ws->stride + at),
                             _mm512_cvtepi64_epi16(code));
        }
    }
}

/* Counting sort of the points by |digit|; zeros come last and are not summed. */
static void sort_digits(workspace *ws, const uint16_t *digits, size_t buckets, size_t n) {
    uint32_t *end = ws->end, at = 0;
    memset(end, 0, (buckets + 1) * sizeof *end);
    for (size_t i = 0; i < n; i++)
        end[digits[i] >> 1]++;
    for (size_t b = 1; b <= buckets; b++) {
        uint32_t count = end[b];
        end[b] = at;
        at += count;
    }
    end[0] = at;
    for (size_t i = 0; i < n; i++)
        ws->order[end[digits[i] >> 1]++] = (uint32_t)i | (uint32_t)digits[i] << 31;
    end[0] = 0; /* where bucket 1 starts */
}

/* The limbs of cached_identity. */
static const tp_point cached_identity_row = {
    {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}};

/* Cuts the buckets into tasks; how many. Empty buckets become the identity. */
static size_t cut_tasks(workspace *ws, size_t buckets) {
    size_t tasks = 0, partials = 0;
    for (size_t b = 1; b <= buckets; b++) {
        uint32_t start = ws->end[b - 1], end = ws->end[b];
        if (start == end) ws->bucket[b - 1] = cached_identity_row;
        tp_point *sum = &ws->bucket[b - 1];
        while (start < end) {
            uint32_t len = end - start < ws->longest ? end - start : (uint32_t)ws->longest;
            ws->tasks[tasks++] = (task){start, len, sum};
            start += len;
            if (start < end) sum = &ws->partial[partials++];
        }
    }
    return tasks;
}

/* Counting sort of the tasks, longest first. */
static void sort_tasks(workspace *ws, size_t tasks) {
    uint32_t count[MSM_LONGEST + 1] = {0}, at = 0;
    for (size_t i = 0; i < tasks; i++)
        count[ws->tasks[i].len]++;
    for (size_t len = ws->longest + 1; len--;) {
        uint32_t c = count[len];
        count[len] = at;
        at += c;
    }
    for (size_t i = 0; i < tasks; i++)
        ws->by_size[count[ws->tasks[i].len]++] = (uint32_t)i;
}

/* ---- buckets ---- */

static const row identity_row = {{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}};

TP_INLINE niels load_niels(const row *const r[8], __mmask8 negative) {
    v8 c[16];
    niels q;
    for (int h = 0; h < 2; h++) {
        for (int i = 0; i < 8; i++)
            c[8 * h + i] = load(r[i]->limb + 8 * h);
        transpose8(c + 8 * h);
    }
    memcpy(&q, c, sizeof q);
    return niels_negate_if(negative, q);
}

/* The step-th points of eight tasks, the identity for those that are through. Rows are fetched
 * MSM_AHEAD steps before their time, past a task's end those of the next eight. */
TP_INLINE niels next_points(const workspace *ws, const task *const t[8], const task *const next[8],
                            uint32_t step, bool all) {
    const row *r[8];
    unsigned negative = 0;
    for (unsigned i = 0; i < TP_LANES; i++) {
        uint32_t soon = step + MSM_AHEAD;
        soon += soon < t[i]->len ? t[i]->start : next[i]->start - t[i]->len;
        const row *fetch = &ws->rows[ws->order[soon] & 0x7fffffff];
        _mm_prefetch((const char *)fetch, _MM_HINT_T0);
        _mm_prefetch((const char *)fetch + 64, _MM_HINT_T0);
        r[i] = &identity_row;
        if (!all && step >= t[i]->len) continue;
        uint32_t at = ws->order[t[i]->start + step];
        r[i] = &ws->rows[at & 0x7fffffff];
        negative |= (at >> 31) << i;
    }
    return load_niels(r, (__mmask8)negative);
}

TP_INLINE void store_cached(tp_point *const to[8], cached q) {
    uint64_t *limbs[8];
    extended as_rows;
    _Static_assert(sizeof q == sizeof as_rows, "both are four coordinates");
    for (int i = 0; i < 8; i++)
        limbs[i] = to[i]->limb;
    memcpy(&as_rows, &q, sizeof q);
    store_rows_extended(limbs, &as_rows);
}

TP_INLINE cached load_cached(const tp_point *const from[8]) {
    const uint64_t *limbs[8];
    extended as_rows;
    cached q;
    for (int i = 0; i < 8; i++)
        limbs[i] = from[i]->limb;
    load_rows_extended(&as_rows, limbs);
    memcpy(&q, &as_rows, sizeof q);
    return q;
}

/* Eight tasks side by side, the longest first. */
static void sum_tasks(const workspace *ws, const task *const t[8], const task *const next[8]) {
    tp_point *to[8];
    for (int i = 0; i < 8; i++)
        to[i] = t[i]->sum;
    running r = niels_to_running(next_points(ws, t, next, 0, false));
    uint32_t step = 1;
    for (; step < t[7]->len; step++)
        r = to_running(point_add_niels(r, next_points(ws, t, next, step, true)));
    for (; step < t[0]->len; step++)
        r = to_running(point_add_niels(r, next_points(ws, t, next, step, false)));
    store_cached(to, running_to_cached(r));
}

static void sum_buckets(workspace *ws, size_t tasks) {
    tp_point beyond;
    const task none = {0, 0, &beyond}, *t[2][8];
    for (size_t at = 0; at < tasks + TP_LANES; at += TP_LANES) {
        const task **now = t[at / TP_LANES & 1], **before = t[~(at / TP_LANES) & 1];
        for (size_t i = 0; i < TP_LANES; i++)
            now[i] = at + i < tasks ? &ws->tasks[ws->by_size[at + i]] : &none;
        if (at) sum_tasks(ws, before, now);
    }
}

/* Adds the partial sums of the long buckets to their first tasks'. */
static void merge_partials(workspace *ws, size_t buckets) {
    tp_point beyond, *part = ws->partial;
    for (size_t b = 1; b <= buckets; b++) {
        size_t len = ws->end[b] - ws->end[b - 1];
        if (len <= ws->longest) continue;
        size_t parts = (len - 1) / ws->longest;
        tp_point *first = &ws->bucket[b - 1];
        const tp_point *from[8] = {first};
        for (int i = 1; i < 8; i++)
            from[i] = &cached_identity_row;
        running r = to_running(point_add_cached(running_identity(), load_cached(from)));
        for (size_t at = 0; at < parts; at += TP_LANES) {
            for (size_t i = 0; i < TP_LANES; i++)
                from[i] = at + i < parts ? &part[at + i] : &cached_identity_row;
            r = to_running(point_add_cached(r, load_cached(from)));
        }
        tp_point *to[8] = {first, &beyond, &beyond, &beyond, &beyond, &beyond, &beyond, &beyond};
        store_cached(to, running_to_cached(sum_lanes(&r)));
        part += parts;
    }
}

/* ---- windows ---- */

/* Lane i of m buckets: plain = their sum, weighted = 1, 2, ... m times them. The window's value is
 * the sum over lanes of weighted + i m plain. */
typedef struct {
    running plain, weighted;
} window_sums;

static void reduce_buckets(window_sums *out, const workspace *ws, size_t buckets) {
    size_t m = buckets / TP_LANES;
    running plain = running_identity(), weighted = running_identity();
    for (size_t t = m; t--;) {
        const tp_point *from[8];
        for (size_t i = 0; i < TP_LANES; i++)
            from[i] = &ws->bucket[i * m + t];
        plain = to_running(point_add_cached(plain, load_cached(from)));
        weighted = to_running(point_add_cached(weighted, running_to_cached(plain)));
    }
    *out = (window_sums){plain, weighted};
}

static running double_running(running r, unsigned n) {
    return n ? double_times(running_to_projective(r), n) : r;
}

static running add_running(running a, running b) {
    return to_running(point_add_cached(a, running_to_cached(b)));
}

TP_INLINE running keep_lanes(__mmask8 m, running r) {
    running o = running_identity();
    return (running){fe_select(m, r.ypx, o.ypx), fe_select(m, r.ymx, o.ymx), fe_select(m, r.z, o.z),
                     fe_select(m, r.t, o.t)};
}

/* i r in lane i, i = 0..7 */
static running times_lane(running r) {
    running x = double_running(keep_lanes(0xf0, r), 1);
    x = double_running(add_running(x, keep_lanes(0xcc, r)), 1);
    return add_running(x, keep_lanes(0xaa, r));
}

/* The lanes' shares of the sum of one block. With at_w, width_w and m_w = 2^(width_w - 4):
 * sum of 2^at_w weighted_w + i 2^(at_w + width_w - 4) plain_w, both by Horner's rule; the exponents
 * of the second step by the width of the window above. */
static running msm_block(workspace *ws, const window_plan *plan, const tp_scalar *s,
                         const tp_point *p, size_t n) {
    running weighted = running_identity(), plain = running_identity();
    make_rows(ws, p, n);
    make_digits(ws, plan, s, n);
    memset(ws->order + n, 0, MSM_SPARE * sizeof *ws->order);
    for (unsigned w = plan->windows; w--;) {
        window_sums sums;
        size_t buckets = (size_t)1 << (plan->width[w] - 1);
        sort_digits(ws, ws->digits + w * ws->stride, buckets, n);
        size_t tasks = cut_tasks(ws, buckets);
        sort_tasks(ws, tasks);
        sum_buckets(ws, tasks);
        merge_partials(ws, buckets);
        reduce_buckets(&sums, ws, buckets);
        bool top = w + 1 == plan->windows;
        weighted = add_running(double_running(weighted, top ? 0 : plan->width[w]), sums.weighted);
        plain = add_running(double_running(plain, top ? 0 : plan->width[w + 1]), sums.plain);
    }
    plain = double_running(plain, plan->width[0] - 4);
    return add_running(weighted, times_lane(plain));
}

static void ifma_msm_var(tp_point *out, const tp_scalar *s, const tp_point *p, size_t n,
                         unsigned bits, void *scratch) {
    if (n <= MSM_SMALL) {
        mul_sum(out, s, p, n, bits, scratch);
        return;
    }
    window_plan plan;
    workspace ws;
    size_t block = block_size(n);
    plan_windows(&plan, block, plan_bits(bits));
    lay_out(&ws, scratch, block, &plan);
    running sum = running_identity();
    for (size_t at = 0; at < n; at += block) {
        size_t len = n - at < block ? n - at : block;
        sum = add_running(sum, msm_block(&ws, &plan, s + at, p + at, len));
    }
    sum = sum_lanes(&sum);
    store_one(out, &sum);
}

#endif
