/* `tapat bench`: what one operation costs, beside libsodium doing the same one at a time in the
 * same run.
 *
 * Each figure is the median of RUNS runs: CPU time of the working threads per item, and wall time
 * per item. Work and reference alternate, so that a change of the machine's speed meets both.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "cli/cli.h"
#include "core/proof/eqlog.h"
#include "core/threshold/decrypt.h"
#include "election/cast.h"

enum { RUNS = 5, MAX_THREADS = 64, REFERENCE_ITEMS = 500, BATCH = 2048, BALLOTS = 256 };

typedef struct bench bench;

/* One thing to measure. run works on items from..to-1 with this thread's scratch. */
typedef struct {
    const char *name, *what;
    uint64_t count; /* default */
    bool (*prepare)(bench *b);
    size_t (*scratch)(const bench *b, size_t items);
    void (*run)(bench *b, size_t from, size_t to, void *scratch);
    void (*reference)(bench *b, size_t item); /* NULL: none */
} measure;

struct bench {
    const measure *m;
    size_t count;
    unsigned threads;
    size_t bytes_per_item;
    tp_point *points, *out;
    tp_scalar *scalars;
    uint8_t (*enc)[32], (*hints)[32], (*scalar_enc)[32], (*wide)[64];
    uint8_t sink[32];
    /* ballots */
    tp_ballot_style style;
    tp_scalar secret;
    uint8_t credential[32], *choices, *ballots, *ballot_hints;
    /* one trustee's shares of ciphertexts of width 1 */
    tp_scalar key;
    uint8_t key_enc[32], (*shares)[32];
    uint8_t (*proofs)[TP_EQLOG_LEN]; /* of the slice that begins here */
};

/* ---- set-up ---- */

/* The first item of a thread. */
static size_t slice_start(const bench *b, unsigned thread) {
    return b->count * thread / b->threads;
}

static void *zeroed(size_t n, size_t size) {
    void *p = aligned_alloc(64, (n * size + 63) / 64 * 64 + 64);
    if (!p) exit(tp_say(TP_EXIT_SYSTEM, "not enough memory for --count %zu", n));
    memset(p, 0, n * size);
    return p;
}

/* count random points and scalars in every form. */
static bool prepare_group(bench *b) {
    size_t n = b->count;
    b->points = zeroed(n, sizeof(tp_point));
    b->out = zeroed(n, sizeof(tp_point));
    b->scalars = zeroed(n, sizeof(tp_scalar));
    b->enc = zeroed(n, 32);
    b->hints = zeroed(n, 32);
    b->scalar_enc = zeroed(n, 32);
    b->wide = zeroed(n, 64);
    tp_random(b->wide, n * 64);
    for (size_t i = 0; i < n; i++)
        tp_scalar_wide(&b->scalars[i], b->wide[i]);
    tp_scalars_encode(b->scalar_enc, b->scalars, n);
    tp_points_from_uniform_var(b->points, (const uint8_t(*)[64])b->wide, n);
    tp_points_encode(b->enc, b->points, n);
    b->bytes_per_item = 32;
    return tp_points_hint_var(b->hints, (const uint8_t(*)[32])b->enc, n, NULL) == TP_OK;
}

/* Scalars below 2^128, as the weights of a batch are. */
static bool prepare_short(bench *b) {
    if (!prepare_group(b)) return false;
    for (size_t i = 0; i < b->count; i++) {
        memset(b->wide[i] + 16, 0, 48);
        tp_scalar_wide(&b->scalars[i], b->wide[i]);
    }
    return true;
}

static size_t no_scratch(const bench *b, size_t items) {
    (void)b, (void)items;
    return 64;
}

/* ---- group ---- */

static void run_decode(bench *b, size_t from, size_t to, void *scratch) {
    (void)scratch;
    if (tp_points_decode_var(b->out + from, (const uint8_t(*)[32])b->enc + from, to - from, NULL))
        abort();
}

static void run_decode_hinted(bench *b, size_t from, size_t to, void *scratch) {
    (void)scratch;
    if (tp_points_decode_hinted_var(b->out + from, (const uint8_t(*)[32])b->enc + from,
                                    (const uint8_t(*)[32])b->hints + from, to - from, NULL))
        abort();
}

static void reference_decode(bench *b, size_t i) {
    if (!crypto_core_ristretto255_is_valid_point(b->enc[i])) abort();
}

static void run_fixed_base(bench *b, size_t from, size_t to, void *scratch) {
    (void)scratch;
    tp_points_mul_base(b->out + from, b->scalars + from, to - from);
    tp_points_encode(b->hints + from, b->out + from, to - from);
}

static void reference_fixed_base(bench *b, size_t i) {
    if (crypto_scalarmult_ristretto255_base(b->sink, b->scalar_enc[i])) abort();
}

static void run_var_base(bench *b, size_t from, size_t to, void *scratch) {
    run_decode(b, from, to, scratch);
    tp_points_mul(b->out + from, b->scalars + from, b->out + from, to - from);
    tp_points_encode(b->hints + from, b->out + from, to - from);
}

static void reference_var_base(bench *b, size_t i) {
    if (crypto_scalarmult_ristretto255(b->sink, b->scalar_enc[i], b->enc[i])) abort();
}

static size_t scratch_253(const bench *b, size_t items) {
    (void)b;
    return tp_msm_scratch(items, 253);
}
static size_t scratch_128(const bench *b, size_t items) {
    (void)b;
    return tp_msm_scratch(items, 128);
}
static void run_msm_253(bench *b, size_t from, size_t to, void *scratch) {
    tp_msm_var(&b->out[from], b->scalars + from, b->points + from, to - from, 253, scratch);
}
static void run_msm_128(bench *b, size_t from, size_t to, void *scratch) {
    tp_msm_var(&b->out[from], b->scalars + from, b->points + from, to - from, 128, scratch);
}

static void run_from_hash(bench *b, size_t from, size_t to, void *scratch) {
    (void)scratch;
    tp_points_from_uniform_var(b->out + from, (const uint8_t(*)[64])b->wide + from, to - from);
}
static void reference_from_hash(bench *b, size_t i) {
    if (crypto_core_ristretto255_from_hash(b->sink, b->wide[i])) abort();
}

/* ---- ballots: 12 of 66 and 1 of 155 ---- */

static bool prepare_style(bench *b) {
    static const tp_sum_shape shapes[] = {{.n = 66, .a = 0, .b = 12}, {.n = 155, .a = 0, .b = 1}};
    tp_point key;
    uint8_t wide[64];
    size_t most = 0, options = 0;
    tp_ballot_style *s = &b->style;
    tp_random(s->fingerprint, 32);
    tp_random(s->key_digest, 32);
    s->contest_count = 2;
    for (uint16_t c = 0; c < 2; c++) {
        size_t p = tp_sum_points(&shapes[c]);
        tp_point *points = zeroed(p, sizeof(tp_point));
        uint8_t(*y)[32] = zeroed(p, 32);
        for (size_t k = 0; k < p; k++) {
            tp_random(wide, 64);
            tp_points_from_uniform_var(&points[k], (const uint8_t(*)[64]) & wide, 1);
        }
        tp_points_encode(y, points, p);
        s->contests[c] = (tp_ballot_contest){
            .index = c, .shape = shapes[c], .y = (const uint8_t(*)[32])y, .y_points = points};
        options += shapes[c].n;
        if (tp_sum_bits(&shapes[c]) > most) most = tp_sum_bits(&shapes[c]);
    }
    tp_point *generators = zeroed(most + 1, sizeof(tp_point));
    tp_sum_generators_var(generators, most, s->fingerprint);
    s->generators = generators;
    b->choices = zeroed(options, 1);
    for (size_t i = 0; i < 12; i++)
        b->choices[5 * i] = 1;
    b->choices[66 + 50] = 1;
    tp_random(wide, 64);
    tp_scalar_wide(&b->secret, wide);
    tp_points_mul_base(&key, &b->secret, 1);
    tp_points_encode(&b->credential, &key, 1);
    b->bytes_per_item = tp_ballot_size(s);
    b->ballots = zeroed(BALLOTS, b->bytes_per_item);
    return true;
}

static size_t scratch_seal(const bench *b, size_t items) {
    (void)items;
    return tp_ballot_seal_scratch(&b->style);
}

static void run_seal(bench *b, size_t from, size_t to, void *scratch) {
    static const uint8_t none[32];
    uint8_t random[32];
    for (size_t i = from; i < to; i++) {
        tp_random(random, 32);
        if (tp_ballot_seal(b->ballots + i % BALLOTS * b->bytes_per_item, &b->style, &b->secret,
                           b->credential, 0, 1, none, b->choices, random, scratch) != TP_OK)
            abort();
    }
}

static bool prepare_ballots(bench *b) {
    if (!prepare_style(b)) return false;
    void *scratch = zeroed(scratch_seal(b, 1), 1);
    run_seal(b, 0, BALLOTS, scratch);
    free(scratch);
    return true;
}

/* With a decoding hint for every point. */
static bool prepare_hinted(bench *b) {
    if (!prepare_ballots(b)) return false;
    size_t row = 32 * tp_ballot_points(&b->style);
    b->ballot_hints = zeroed(BALLOTS, row);
    for (size_t i = 0; i < BALLOTS; i++)
        if (tp_ballot_hints_var((uint8_t(*)[32])(b->ballot_hints + i * row), &b->style,
                                b->ballots + i * b->bytes_per_item) != TP_OK)
            return false;
    return true;
}

static size_t scratch_verify(const bench *b, size_t items) {
    return tp_ballot_verify_scratch(&b->style, items < BATCH ? items : BATCH);
}

static void run_verify(bench *b, size_t from, size_t to, void *scratch) {
    const uint8_t **list = malloc(BATCH * sizeof *list), **hints = malloc(BATCH * sizeof *hints);
    tp_err *result = malloc(BATCH * sizeof *result);
    const char **code = malloc(BATCH * sizeof *code);
    if (!list || !hints || !result || !code) abort();
    size_t row = 32 * tp_ballot_points(&b->style);
    for (size_t i = from; i < to; i += BATCH) {
        size_t n = to - i < BATCH ? to - i : BATCH;
        for (size_t j = 0; j < n; j++) {
            list[j] = b->ballots + (i + j) % BALLOTS * b->bytes_per_item;
            if (b->ballot_hints) hints[j] = b->ballot_hints + (i + j) % BALLOTS * row;
        }
        if (tp_ballots_verify_more_var(result, code, &b->style, list,
                                       b->ballot_hints ? hints : NULL, n, NULL, scratch) != TP_OK)
            abort();
    }
    free(list);
    free(hints);
    free(result);
    free(code);
}

/* The sums of ballots that are stored checked: decoding and adding their ciphertexts. */
static size_t scratch_aggregate(const bench *b, size_t items) {
    size_t points = 0;
    (void)items;
    for (size_t c = 0; c < b->style.contest_count; c++)
        points += 1 + tp_sum_points(&b->style.contests[c].shape);
    return 2 * points * sizeof(tp_point);
}

static void run_aggregate(bench *b, size_t from, size_t to, void *scratch) {
    tp_point *sum = scratch, *decoded = sum + scratch_aggregate(b, 1) / 2 / sizeof *sum;
    for (tp_point *p = sum; p < decoded; p++)
        tp_point_identity(p);
    for (size_t i = from; i < to; i++) {
        const uint8_t *proof = b->ballots + i % BALLOTS * b->bytes_per_item + TP_BALLOT_HEAD;
        tp_point *total = sum;
        for (size_t c = 0; c < b->style.contest_count; c++) {
            const tp_sum_shape *shape = &b->style.contests[c].shape;
            size_t points = 1 + tp_sum_points(shape);
            if (tp_points_decode_var(decoded, tp_rows(proof), points, NULL)) abort();
            tp_sum_aggregate_var(total, decoded, shape);
            total += points;
            proof += tp_sum_len(shape);
        }
    }
}

/* ---- decryption: ciphertexts of width 1 ---- */

static size_t scratch_share(const bench *b, size_t items) {
    (void)b;
    return tp_eqlog_scratch(items, 1);
}

static tp_eqlog_statement shares_of(const bench *b, size_t from, size_t to) {
    return (tp_eqlog_statement){.trustee = 1,
                                .r = tp_rows(b->enc[from]),
                                .u = to - from,
                                .v = tp_rows(b->key_enc),
                                .p = 1,
                                .d = tp_rows(b->shares[from])};
}

static void run_share(bench *b, size_t from, size_t to, void *scratch) {
    uint8_t random[32];
    run_decode(b, from, to, NULL);
    tp_scalar half;
    tp_scalar_half(&half, &b->key);
    tp_decrypt_share(b->out + from, &half, 1, b->out + from, to - from);
    tp_points_encode_double(b->shares + from, b->out + from, to - from);
    tp_eqlog_statement s = shares_of(b, from, to);
    tp_random(random, 32);
    if (tp_eqlog_prove(b->proofs[from], &s, &b->key, random, scratch)) abort();
}

static bool prepare_shares(bench *b) {
    tp_point v;
    if (!prepare_group(b)) return false;
    b->shares = zeroed(b->count, 32);
    b->proofs = zeroed(b->count, TP_EQLOG_LEN);
    b->key = b->scalars[0];
    tp_points_mul_base(&v, &b->key, 1);
    tp_points_encode(&b->key_enc, &v, 1);
    return true;
}

static bool prepare_made_shares(bench *b) {
    if (!prepare_shares(b)) return false;
    void *scratch = zeroed(scratch_share(b, b->count), 1);
    for (unsigned i = 0; i < b->threads; i++)
        run_share(b, slice_start(b, i), slice_start(b, i + 1), scratch);
    free(scratch);
    return true;
}

static void run_share_verify(bench *b, size_t from, size_t to, void *scratch) {
    tp_eqlog_statement s = shares_of(b, from, to);
    if (tp_eqlog_verify_var(b->proofs[from], &s, scratch)) abort();
}

static const measure measures[] = {
    {"decode", "checked ristretto255 decoding", 100000, prepare_group, no_scratch, run_decode,
     reference_decode},
    {"decode-hinted", "the same with a stored inverse root", 100000, prepare_group, no_scratch,
     run_decode_hinted, reference_decode},
    {"fixed-base", "constant-time multiple of the base point, encoded", 100000, prepare_group,
     no_scratch, run_fixed_base, reference_fixed_base},
    {"var-base", "constant-time multiple of a decoded point, encoded", 20000, prepare_group,
     no_scratch, run_var_base, reference_var_base},
    {"msm-253", "multi-scalar multiplication, 253-bit scalars", 262144, prepare_group, scratch_253,
     run_msm_253, reference_var_base},
    {"msm-128", "the same with 128-bit scalars", 262144, prepare_short, scratch_128, run_msm_128,
     reference_var_base},
    {"hash-to-group", "64 uniform bytes to a point", 100000, prepare_group, no_scratch,
     run_from_hash, reference_from_hash},
    {"ballot-encrypt", "12 of 66 and 1 of 155: encrypt, prove, sign", 200, prepare_style,
     scratch_seal, run_seal, NULL},
    {"ballot-verify", "the same, checked in batches of 2048, decoding included", 4096,
     prepare_ballots, scratch_verify, run_verify, NULL},
    {"ballot-verify-hinted", "the same with a hint for every point", 4096, prepare_hinted,
     scratch_verify, run_verify, NULL},
    {"aggregate", "adding up a stored ballot's ciphertexts, decoding included", 4096,
     prepare_ballots, scratch_aggregate, run_aggregate, NULL},
    {"decrypt-share", "a trustee's shares and proof, per ciphertext of one point", 100000,
     prepare_shares, scratch_share, run_share, NULL},
    {"share-verify", "checking them, decoding included", 100000, prepare_made_shares, scratch_share,
     run_share_verify, NULL},
    {NULL, NULL, 0, NULL, NULL, NULL, NULL}};

/* ---- timing ---- */

static double seconds(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct {
    bench *b;
    size_t from, to;
    void *scratch;
    double cpu;
} slice;

static void *run_slice(void *ctx) {
    slice *s = ctx;
    double start = seconds(CLOCK_THREAD_CPUTIME_ID);
    s->b->m->run(s->b, s->from, s->to, s->scratch);
    s->cpu = seconds(CLOCK_THREAD_CPUTIME_ID) - start;
    return NULL;
}

/* One run over all items: CPU and wall seconds. */
static void run_once(slice *slices, unsigned n, double *cpu, double *wall) {
    pthread_t threads[MAX_THREADS];
    double start = seconds(CLOCK_MONOTONIC);
    for (unsigned i = 1; i < n; i++)
        if (pthread_create(&threads[i], NULL, run_slice, &slices[i])) abort();
    run_slice(&slices[0]);
    for (unsigned i = 1; i < n; i++)
        pthread_join(threads[i], NULL);
    *wall = seconds(CLOCK_MONOTONIC) - start;
    *cpu = 0;
    for (unsigned i = 0; i < n; i++)
        *cpu += slices[i].cpu;
}

static double run_reference(bench *b) {
    double start = seconds(CLOCK_THREAD_CPUTIME_ID);
    for (size_t i = 0; i < REFERENCE_ITEMS; i++)
        b->m->reference(b, i % b->count);
    return (seconds(CLOCK_THREAD_CPUTIME_ID) - start) / (double)REFERENCE_ITEMS;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v) {
    qsort(v, RUNS, sizeof *v, by_value);
    return v[RUNS / 2];
}

static void measure_all(bench *b, double *cpu_us, double *wall_us, double *ratio) {
    slice slices[MAX_THREADS];
    double cpu[RUNS], wall[RUNS], reference[RUNS] = {0}, unused[2];
    for (unsigned i = 0; i < b->threads; i++) {
        size_t from = slice_start(b, i), to = slice_start(b, i + 1);
        slices[i] = (slice){b, from, to, zeroed(b->m->scratch(b, to - from), 1), 0};
    }
    run_once(slices, b->threads, &unused[0], &unused[1]); /* tables, first touch of memory */
    for (size_t r = 0; r < RUNS; r++) {
        run_once(slices, b->threads, &cpu[r], &wall[r]);
        if (b->m->reference) reference[r] = run_reference(b);
    }
    *cpu_us = 1e6 * median(cpu) / (double)b->count;
    *wall_us = 1e6 * median(wall) / (double)b->count;
    *ratio = b->m->reference ? 1e6 * median(reference) / *cpu_us : 0;
}

static void print_list(void) {
    for (const measure *m = measures; m->name; m++)
        printf("%-20s %s (%llu)\n", m->name, m->what, (unsigned long long)m->count);
}

static void report(const bench *b, double cpu, double wall, double ratio, bool json) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double rss = (double)usage.ru_maxrss / 1024;
    if (!json) {
        printf("%s, engine %s, %u threads, %zu items: %.3f us CPU, %.3f us wall an item",
               b->m->name, tp_group_backend(), b->threads, b->count, cpu, wall);
        if (ratio > 0) printf(", %.1f times libsodium", ratio);
        printf("; %zu bytes an item, %.0f MiB\n", b->bytes_per_item, rss);
        return;
    }
    json_t *o = json_pack("{s:s, s:s, s:i, s:I, s:f, s:f, s:I}", "name", b->m->name, "backend",
                          tp_group_backend(), "threads", (int)b->threads, "count",
                          (json_int_t)b->count, "cpu_us_per_item", cpu, "wall_us_per_item", wall,
                          "bytes_per_item", (json_int_t)b->bytes_per_item);
    if (ratio > 0) json_object_set_new(o, "ratio_to_libsodium", json_real(ratio));
    json_object_set_new(o, "peak_rss_mib", json_real(rss));
    json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(o);
}

int tp_cmd_bench(int argc, char **argv) {
    const char *name, *backend = NULL;
    uint64_t count = 0, threads = 1;
    bool list = false, json = false;
    const tp_arg table[] = {
        {"--count", "N", TP_ARG_NUMBER, &count, "items"},
        {"--threads", "T", TP_ARG_NUMBER, &threads, "threads (1)"},
        {"--backend", "NAME", TP_ARG_TEXT, &backend, "portable or ifma; else the fastest here"},
        {"--list", NULL, TP_ARG_FLAG, &list, "what can be measured, with the usual count"},
        {"--json", NULL, TP_ARG_FLAG, &json, "one JSON object"},
        TP_ARG_END};
    size_t n =
        tp_args(argc, argv, "bench NAME [options]",
                "Measures one operation: the median of five runs, beside libsodium doing the same\n"
                "in turn.",
                table, &name, 1);
    if (list) return print_list(), TP_EXIT_OK;
    if (n != 1) tp_usage("bench takes a name; --list tells them");
    bench b = {.m = measures, .threads = (unsigned)threads};
    while (b.m->name && strcmp(b.m->name, name) != 0)
        b.m++;
    if (!b.m->name) tp_usage("no benchmark '%s'; --list tells them", name);
    if (threads < 1 || threads > MAX_THREADS) tp_usage("--threads is 1 to %d", MAX_THREADS);
    if (backend && tp_group_select(backend) != TP_OK)
        return tp_say(TP_EXIT_REFUSED, "no engine '%s' on this processor", backend);
    b.count = count ? count : b.m->count;
    if (b.count < threads || b.count > 1u << 26) tp_usage("--count is 1 to 2^26");
    if (!b.m->prepare(&b)) return tp_say(TP_EXIT_SYSTEM, "set-up failed");
    double cpu, wall, ratio;
    measure_all(&b, &cpu, &wall, &ratio);
    report(&b, cpu, wall, ratio, json);
    return TP_EXIT_OK;
}
