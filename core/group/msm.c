/* Multi-scalar multiplication of public data: Straus for few points, Pippenger for many.
 *
 * Pippenger: a scalar is W signed digits of c bits; for each window the points are added into the
 * bucket of their digit's size, and the buckets are summed with their weights by running sums.
 *
 * Invariants
 *  1. bits <= 253 and scalars are < 2^bits: tp_msm_var has seen to it.
 *  2. At most MSM_BLOCK points are in work at a time, so scratch is bounded for any n.
 * spec: chapter 2 (primitives). Source: Bernstein, Doumen, Lange, Oosterwijk 2012, section 4.
 */
#include "core/group/edwards.h"
#include "core/group/internal.h"

#define MSM_BLOCK  ((size_t)1 << 17)
#define MAX_BITS   253
#define MAX_WINDOW 15 /* digits fit an int16_t */

/* How n points are worked: chosen from n and bits alone. */
typedef struct {
    unsigned window;  /* bits of a digit; 0 says Straus */
    unsigned windows; /* digits of a scalar: windows * window > bits, so the top digit's carry
                       * stays inside it */
} plan;

static unsigned windows_for(unsigned bits, unsigned window) {
    return bits / window + 1;
}

/* One plan for all n with the same highest bit, made for the middle of them; so scratch has few
 * lengths to look at (tp_msm_portable_scratch).
 * Costs in tenths of an addition to a bucket. Straus has n tables of 8 and bits/6 additions a
 * point, which are dearer (projective, from a larger table) by 1.3; Pippenger one addition a window
 * and point, 2.2 a bucket, and about 1.5 to make a point affine. Doublings, alike in both, are left
 * out. */
static plan choose(size_t n, unsigned bits) {
    uint64_t middle = 1;
    while (2 * middle <= n)
        middle *= 2;
    middle += middle / 2;
    plan best = {0, 0};
    uint64_t least = middle * (13 * 9 + 13 * bits / 6);
    for (unsigned c = 3; c <= MAX_WINDOW; c++) {
        unsigned w = windows_for(bits, c);
        uint64_t cost = 15 * middle + w * (10 * middle + (UINT64_C(22) << (c - 1)));
        if (cost < least) least = cost, best = (plan){c, w};
    }
    return best;
}

/* `len` bits of s from bit `at` on, len <= 15; bits past 255 are zero. */
static unsigned bits_at(const tp_scalar *s, unsigned at, unsigned len) {
    unsigned word = at / 64, shift = at % 64;
    uint64_t v = word < 4 ? s->limb[word] >> shift : 0;
    if (shift + len > 64 && word + 1 < 4) v |= s->limb[word + 1] << (64 - shift);
    return (unsigned)v & ((1U << len) - 1);
}

/* ---- Straus ---- */

#define ODD_TABLE 8 /* P, 3P .. 15P */
#define NAF_LEN   (MAX_BITS + 1)

typedef struct {
    ge_cached odd[ODD_TABLE];
    int8_t naf[NAF_LEN];
} straus_term;

/* Width-5 non-adjacent form: digits 0 or odd, from -15 to 15. */
static void recode_naf(int8_t naf[static NAF_LEN], const tp_scalar *s) {
    unsigned carry = 0, i = 0;
    while (i < NAF_LEN) {
        if ((bits_at(s, i, 1) ^ carry) == 0) {
            naf[i++] = 0;
            continue;
        }
        int digit = (int)(bits_at(s, i, 5) + carry);
        carry = digit >= 16;
        naf[i++] = (int8_t)(carry ? digit - 32 : digit);
        for (int j = 0; j < 4 && i < NAF_LEN; j++)
            naf[i++] = 0;
    }
}

static void straus_prepare(straus_term *t, const tp_scalar *s, const ge *p) {
    ge_cached twice;
    ge_sum sum;
    ge m = *p, p2;
    ge_double(&sum, p);
    ge_finish(&p2, &sum);
    ge_cache(&twice, &p2);
    for (int j = 0; j < ODD_TABLE; j++) {
        ge_cache(&t->odd[j], &m);
        ge_add_cached(&sum, &m, &twice);
        ge_finish(&m, &sum);
    }
    recode_naf(t->naf, s);
}

static void straus(ge *o, const tp_scalar *s, const tp_point *p, size_t n, unsigned bits,
                   straus_term *terms) {
    for (size_t k = 0; k < n; k++)
        straus_prepare(&terms[k], &s[k], ge_of_const(&p[k]));
    ge_sum sum;
    ge_identity(o);
    for (int i = (int)bits; i >= 0; i--) {
        ge_double(&sum, o);
        ge_finish(o, &sum);
        for (size_t k = 0; k < n; k++) {
            int digit = terms[k].naf[i];
            if (digit == 0) continue;
            if (digit > 0)
                ge_add_cached(&sum, o, &terms[k].odd[digit / 2]);
            else
                ge_sub_cached(&sum, o, &terms[k].odd[-digit / 2]);
            ge_finish(o, &sum);
        }
    }
}

/* ---- Pippenger ---- */

/* The parts of scratch, each 64-byte aligned. */
typedef struct {
    ge *buckets;     /* 2^(c-1) */
    ge_niels *rows;  /* n */
    int16_t *digits; /* windows * n, by windows */
    size_t size;
} layout;

static size_t rounded(size_t bytes) {
    return (bytes + 63) & ~(size_t)63;
}

static layout lay_out(void *scratch, size_t n, plan way) {
    uint8_t *base = scratch;
    size_t buckets = rounded(sizeof(ge) << (way.window - 1)), rows = rounded(n * sizeof(ge_niels)),
           digits = rounded(n * way.windows * sizeof(int16_t));
    layout l = {.size = buckets + rows + digits};
    if (!base) return l;
    l.buckets = (ge *)(void *)base;
    l.rows = (ge_niels *)(void *)(base + buckets);
    l.digits = (int16_t *)(void *)(base + buckets + rows);
    return l;
}

/* s = sum of digit[k] 2^(ck), digits in (-2^(c-1), 2^(c-1)]. The top window holds at most c - 1
 * bits of s, so with a carry it is at most 2^(c-1) and sends none on. */
static void recode(int16_t *digits, const tp_scalar *s, size_t n, plan way) {
    for (size_t i = 0; i < n; i++) {
        int carry = 0;
        for (unsigned k = 0; k < way.windows; k++) {
            int digit = (int)bits_at(&s[i], k * way.window, way.window) + carry;
            carry = digit > 1 << (way.window - 1);
            digits[k * n + i] = (int16_t)(digit - (carry << way.window));
        }
    }
}

/* Affine rows; inverses of Z are shared, a batch at a time. */
static void make_rows(ge_niels *rows, const tp_point *p, size_t n) {
    enum { BATCH = 64 };
    fe z[BATCH], spare[BATCH];
    for (size_t at = 0; at < n; at += BATCH) {
        size_t count = n - at < BATCH ? n - at : BATCH;
        for (size_t i = 0; i < count; i++)
            z[i] = ge_of_const(&p[at + i])->z;
        tp_fe_invert_batch(z, count, spare);
        for (size_t i = 0; i < count; i++) {
            const ge *q = ge_of_const(&p[at + i]);
            ge affine = {.z = FE_ONE};
            fe_mul(&affine.x, &q->x, &z[i]);
            fe_mul(&affine.y, &q->y, &z[i]);
            fe_mul(&affine.t, &q->t, &z[i]);
            ge_to_niels(&rows[at + i], &affine);
        }
    }
}

/* Fetches the bucket of a digit ahead of its time: at random in memory larger than the caches. */
static void fetch_bucket(const ge *buckets, int digit) {
    const char *at = (const char *)&buckets[(digit > 0 ? digit : -digit) - (digit != 0)];
    for (size_t i = 0; i < sizeof(ge); i += 64)
        __builtin_prefetch(at + i, 1);
}

static void fill_buckets(ge *buckets, const ge_niels *rows, const int16_t *digits, size_t n) {
    enum { AHEAD = 6 };
    ge_sum sum;
    for (size_t i = 0; i < n; i++) {
        int digit = digits[i];
        if (i + AHEAD < n) fetch_bucket(buckets, digits[i + AHEAD]);
        if (digit == 0) continue;
        ge *bucket = &buckets[(digit > 0 ? digit : -digit) - 1];
        if (digit > 0)
            ge_add_niels(&sum, bucket, &rows[i]);
        else
            ge_sub_niels(&sum, bucket, &rows[i]);
        ge_finish(bucket, &sum);
    }
}

/* o += sum of (j+1) bucket[j] */
static void add_buckets(ge *o, const ge *buckets, size_t count) {
    ge running, total;
    ge_identity(&running);
    ge_identity(&total);
    for (size_t j = count; j-- > 0;) {
        ge_add(&running, &running, &buckets[j]);
        ge_add(&total, &total, &running);
    }
    ge_add(o, o, &total);
}

static void pippenger(ge *o, const tp_scalar *s, const tp_point *p, size_t n, plan way,
                      void *scratch) {
    const layout l = lay_out(scratch, n, way);
    const size_t count = (size_t)1 << (way.window - 1);
    make_rows(l.rows, p, n);
    recode(l.digits, s, n, way);
    ge_identity(o);
    for (unsigned k = way.windows; k-- > 0;) {
        if (k + 1 != way.windows) ge_double_times(o, o, (int)way.window);
        for (size_t j = 0; j < count; j++)
            ge_identity(&l.buckets[j]);
        fill_buckets(l.buckets, l.rows, l.digits + k * n, n);
        add_buckets(o, l.buckets, count);
    }
}

static size_t scratch_for(size_t n, unsigned bits) {
    plan way = choose(n, bits);
    return way.window ? lay_out(NULL, n, way).size : rounded(n * sizeof(straus_term));
}

/* Enough for fewer points too: under one plan scratch grows with n, and a plan holds from one power
 * of two to the next. */
size_t tp_msm_portable_scratch(size_t n, unsigned bits) {
    if (n > MSM_BLOCK) n = MSM_BLOCK;
    size_t most = scratch_for(n, bits);
    for (size_t last = 1; last < n; last = 2 * last + 1) {
        size_t size = scratch_for(last, bits);
        if (size > most) most = size;
    }
    return most;
}

void tp_msm_portable_var(tp_point *out, const tp_scalar *s, const tp_point *p, size_t n,
                         unsigned bits, void *scratch) {
    ge total, part;
    ge_identity(&total);
    for (size_t at = 0; at < n; at += MSM_BLOCK) {
        size_t count = n - at < MSM_BLOCK ? n - at : MSM_BLOCK;
        plan way = choose(count, bits);
        if (way.window)
            pippenger(&part, s + at, p + at, count, way, scratch);
        else
            straus(&part, s + at, p + at, count, bits, scratch);
        ge_add(&total, &total, &part);
    }
    *ge_of(out) = total;
}
