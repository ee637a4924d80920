/* `tapat simulate record`: a whole test election on this machine without a server, as a public
 * record. For measuring how verification and the count grow; the ballots are as real as any other.
 *
 *   manifest, approval, ceremony, roll, opening | registrations | batches of ballots | revotes |
 * close, freeze, shares of t trustees, publication
 *
 * Memory: one batch of ballots, and 100 bytes a voter.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

#include "cli/simulate/simulate.h"
#include "core/merkle/tiles.h"
#include "election/roll_tree.h"
#include "record/pool.h"

enum { BATCH = 4096, PER_ENTRY = 500, INTERVAL_S = 5 };

typedef struct {
    uint8_t *bytes;
    size_t len;
} blob;

typedef struct {
    uint8_t key[32], tip[32];
    uint32_t index; /* of the voter: its secret and choices follow from it */
    uint16_t unit;
} sim_voter;

typedef struct {
    const sim_record_options *o;
    tp_manifest manifest;
    tp_board board;
    tp_styles styles;
    sim_shares shares;
    tp_key_file trustees[TP_MAX_TRUSTEES], officers[TP_MAX_SIGNERS], registrar;
    uint8_t log_secret[64];
    blob *kept; /* entries from index `first_kept` on: the last bundle's, and those not written */
    size_t kept_count, kept_cap;
    uint64_t first_kept, written;
    uint64_t time;
    sim_voter *voters;
    tp_pool *pool;
    void *scratch; /* one part a worker */
    size_t scratch_len;
    uint8_t *ballots;
    size_t ballot_len;   /* of the longest style */
    size_t first, count; /* voters of the batch at work */
    uint32_t sequence;
    sim_expectation expectation;
} maker;

/* ---- entries ---- */

static bool pend(maker *m, const uint8_t *bytes, size_t len) {
    if (m->kept_count == m->kept_cap) {
        m->kept_cap = m->kept_cap ? 2 * m->kept_cap : 64;
        blob *more = realloc(m->kept, m->kept_cap * sizeof *more);
        if (!more) return false;
        m->kept = more;
    }
    uint8_t *copy = malloc(len);
    if (!copy) return false;
    memcpy(copy, bytes, len);
    m->kept[m->kept_count++] = (blob){copy, len};
    return true;
}

/* Through the board's state machine, as a server does. */
static bool append(maker *m, const uint8_t *bytes, size_t len) {
    tp_entry e;
    tp_fault fault = {0};
    bool ok = tp_entry_read(&e, bytes, len, &fault) == TP_OK &&
              tp_board_apply(&m->board, &e, &m->manifest, true, NULL, NULL, &fault) == TP_OK;
    if (!ok) tp_say_fault(&fault, "the simulated board refuses an entry");
    return ok && pend(m, bytes, len);
}

static bool append_entry(maker *m, const tp_entry *e) {
    uint8_t bytes[8192];
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    return tp_entry_write(&w, e) == TP_OK && append(m, bytes, w.len);
}

static bool source(void *ctx, uint64_t index, const uint8_t **bytes, size_t *len) {
    const maker *m = ctx;
    if (index < m->first_kept || index - m->first_kept >= m->kept_count) return false;
    *bytes = m->kept[index - m->first_kept].bytes;
    *len = m->kept[index - m->first_kept].len;
    return true;
}

/* Lets go of the entries of full bundles that are written. */
static void drop_written(maker *m) {
    uint64_t keep_from = m->written / TP_TILE_WIDTH * TP_TILE_WIDTH;
    size_t drop = (size_t)(keep_from - m->first_kept);
    for (size_t i = 0; i < drop; i++)
        free(m->kept[i].bytes);
    m->kept_count -= drop;
    memmove(m->kept, m->kept + drop, m->kept_count * sizeof *m->kept);
    m->first_kept = keep_from;
}

/* Writes what is new to the folder, with a checkpoint. */
static bool flush_entries(maker *m) {
    uint8_t root[32];
    uint64_t size = m->first_kept + m->kept_count;
    if (tp_tiles_write(root, m->o->out, m->written, size, source, m) != TP_OK ||
        tp_checkpoint_write(m->o->out, &m->manifest, size, root, m->log_secret) != TP_OK)
        return tp_say(0, "cannot write to %s", m->o->out), false;
    m->written = size;
    drop_written(m);
    return true;
}

static bool sign_officers(maker *m, tp_entry *e) {
    for (uint16_t i = 0; i < m->manifest.officers.quorum; i++) {
        uint8_t random[32];
        tp_random(random, 32);
        if (tp_entry_sign(e, m->manifest.fingerprint, (uint16_t)(i + 1),
                          m->officers[i].keys.identity_secret, random) != TP_OK)
            return false;
    }
    return true;
}

static bool act(maker *m, tp_act which, const uint8_t subject[static 32]) {
    tp_entry e = {.type = TP_ENTRY_ACT};
    e.u.act.act = which;
    e.u.act.time = m->time;
    memcpy(e.u.act.subject, subject, 32);
    return sign_officers(m, &e) && append_entry(m, &e);
}

static bool close_batch(maker *m, size_t ballots) {
    tp_entry e = {.type = TP_ENTRY_BATCH};
    e.u.batch.number = m->board.batches + 1;
    e.u.batch.time = m->time += INTERVAL_S;
    e.u.batch.ballots = (uint32_t)ballots;
    return append_entry(m, &e) && flush_entries(m);
}

/* ---- set-up ---- */

static bool load_college(tp_key_file *keys, const maker *m, const tp_college *college, size_t need,
                         const char *letter, const char *role) {
    for (size_t i = 0; i < need; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s%zu", m->o->keys, letter, i + 1);
        if (!tp_key_load(&keys[i], path, role)) return false;
        if (tp_key_index(&keys[i], college, role) != (int)i + 1)
            return tp_say(0, "%s is not %s %zu of the manifest", path, role, i + 1), false;
    }
    return true;
}

static bool load(maker *m) {
    size_t len;
    tp_fault fault = {0};
    uint8_t hash[32], key[32];
    char path[1024];
    uint8_t *json = tp_load_file(m->o->manifest, &len, TP_MAX_DOCUMENT);
    if (!json) return false;
    if (tp_manifest_parse(&m->manifest, json, len, &fault) != TP_OK)
        return tp_say_fault(&fault, m->o->manifest), false;
    snprintf(path, sizeof path, "%s/manifest.json", m->o->out);
    bool ok = m->manifest.test && m->manifest.registrars.quorum == 1;
    if (!ok) return tp_say(0, "a test election with a registrars' quorum of 1 is needed"), false;
    ok = mkdir(m->o->out, 0755) == 0;
    if (!ok) return tp_say(0, "cannot make %s: %s", m->o->out, strerror(errno)), false;
    ok = tp_document_write(m->o->out, json, len, hash) == TP_OK &&
         tp_save_file(path, json, len, false);
    free(json);
    ok = ok && load_college(m->trustees, m, &m->manifest.trustees, m->manifest.trustees.count, "t",
                            "trustee");
    ok = ok && load_college(m->officers, m, &m->manifest.officers, m->manifest.officers.quorum, "o",
                            "officer");
    ok = ok && load_college(&m->registrar, m, &m->manifest.registrars, 1, "r", "registrar");
    size_t secret_len;
    snprintf(path, sizeof path, "%s/log.key", m->o->keys);
    uint8_t *secret = ok ? tp_load_file(path, &secret_len, 64) : NULL;
    if (!secret || secret_len != 64) return false;
    memcpy(m->log_secret, secret, 64);
    free(secret);
    crypto_sign_ed25519_sk_to_pk(key, m->log_secret);
    if (!tp_equal(key, m->manifest.log_key, 32))
        return tp_say(0, "log.key is not the log's"), false;
    tp_entry e = {.type = TP_ENTRY_MANIFEST, .u.document.len = len};
    memcpy(e.u.document.hash, hash, 32);
    return append_entry(m, &e);
}

typedef tp_err (*ceremony_writer)(tp_writer *w, const tp_ceremony *c, uint16_t trustee,
                                  const uint8_t seed[static 32], const uint8_t random[static 32]);

static bool ceremony_round(maker *m, ceremony_writer write) {
    uint8_t *bytes = malloc(TP_MAX_ENTRY), random[32];
    bool ok = bytes != NULL;
    for (uint16_t i = 1; ok && i <= m->manifest.trustees.count; i++) {
        tp_writer w = tp_writer_of(bytes, TP_MAX_ENTRY);
        tp_random(random, 32);
        ok = write(&w, m->board.ceremony, i, m->trustees[i - 1].seed, random) == TP_OK &&
             append(m, bytes, w.len);
    }
    free(bytes);
    return ok;
}

static size_t total_points(const tp_manifest *m) {
    size_t sum = 0;
    for (size_t c = 0; c < m->contest_count; c++)
        sum += tp_sum_points(&m->contests[c].shape);
    return sum;
}

static bool confirm(maker *m) {
    bool ok = true;
    for (uint16_t i = 1; ok && i <= m->manifest.trustees.count; i++) {
        uint8_t random[32];
        tp_entry e = {.type = TP_ENTRY_CONFIRM};
        memcpy(e.u.confirm.key_digest, tp_ceremony_keys(m->board.ceremony)->digest, 32);
        tp_random(random, 32);
        ok = tp_entry_sign(&e, m->manifest.fingerprint, i, m->trustees[i - 1].keys.identity_secret,
                           random) == TP_OK &&
             append_entry(m, &e);
    }
    return ok;
}

static bool live(maker *m) {
    uint8_t *bytes = malloc(TP_MAX_ENTRY), random[32];
    tp_scalar *x = calloc(total_points(&m->manifest), sizeof *x);
    tp_fault fault = {0};
    bool ok = bytes && x;
    for (uint16_t i = 1; ok && i <= m->manifest.trustees.count; i++) {
        uint8_t root[32];
        tp_writer w = tp_writer_of(bytes, TP_MAX_ENTRY);
        tp_random(random, 32);
        ok =
            flush_entries(m) && tp_record_root_at(root, m->o->out, m->written) == TP_OK &&
            tp_ceremony_secret(x, m->board.ceremony, i, m->trustees[i - 1].seed, &fault) == TP_OK &&
            tp_liveness_make(&w, m->board.ceremony, i, m->trustees[i - 1].seed, x, m->time,
                             m->written, root, random) == TP_OK &&
            append(m, bytes, w.len);
    }
    free(x);
    free(bytes);
    return ok;
}

/* Voters fill the units in proportion to the roll, so that none gets more than are registered. */
static uint16_t unit_of(const maker *m, size_t voter) {
    const tp_manifest *f = &m->manifest;
    uint64_t total = 0, at;
    if (m->o->plan) return m->o->plan->unit(m->o->plan->ctx, voter);
    for (size_t i = 0; i < f->unit_count; i++)
        total += f->units[i].registered;
    if (m->o->voters > total) return (uint16_t)(voter * f->unit_count / m->o->voters);
    at = (uint64_t)voter * total / m->o->voters;
    uint16_t unit = 0;
    while (at >= f->units[unit].registered)
        at -= f->units[unit++].registered;
    return unit;
}

/* A roll of just these voters, all online. */
static bool commit_roll(maker *m) {
    static uint8_t bytes[TP_MAX_ENTRY];
    static const uint8_t secret[32];
    tp_roll_tree *t = calloc(1, sizeof *t);
    tp_entry e;
    bool ok = t != NULL;
    for (size_t i = 0; ok && i < m->o->voters; i++) {
        tp_roll_new_row row = {.birth_date = "1990-01-01", .channel = 1, .unit = unit_of(m, i)};
        tp_roll_state state;
        snprintf(row.number, sizeof row.number, "S-%07zu", i + 1);
        snprintf(row.name, sizeof row.name, "Simulated %zu", i + 1);
        tp_roll_state_of(&state, secret, m->manifest.fingerprint, &row);
        ok = tp_roll_tree_add(t, &state) == TP_OK;
    }
    if (ok) tp_roll_tree_entry(&e, t, m->manifest.unit_count);
    if (ok) e.u.roll.time = m->time;
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    ok = ok && sign_officers(m, &e) && tp_entry_write(&w, &e) == TP_OK && append(m, bytes, w.len);
    if (t) tp_roll_tree_free(t);
    free(t);
    return ok;
}

static bool set_up(maker *m) {
    if (!load(m) || !act(m, TP_ACT_APPROVE, m->manifest.fingerprint) ||
        !ceremony_round(m, tp_ceremony_commit) || !ceremony_round(m, tp_ceremony_deal) ||
        !confirm(m) || !live(m) || !commit_roll(m))
        return false;
    const tp_keys *keys = tp_ceremony_keys(m->board.ceremony);
    return act(m, TP_ACT_OPEN, keys->digest) && flush_entries(m) &&
           tp_styles_make(&m->styles, &m->manifest, keys) == TP_OK &&
           (m->o->plan ||
            sim_shares_read(&m->shares, &m->manifest, m->o->options, m->o->options_ballots)) &&
           sim_expect_init(&m->expectation, &m->manifest);
}

/* ---- voters ---- */

static void secret_of(tp_scalar *s, const maker *m, uint32_t index) {
    uint8_t wide[64];
    uint64_t id[2] = {m->o->seed, index};
    tp_sha512(wide, id, sizeof id);
    tp_scalar_wide(s, wide);
}

static void make_voters(void *ctx, size_t block, unsigned worker) {
    maker *m = ctx;
    tp_scalar s[64] = {0};
    tp_point p[64];
    uint8_t keys[64][32];
    (void)worker;
    size_t from = block * 64, n = m->o->voters - from < 64 ? m->o->voters - from : 64;
    for (size_t i = 0; i < n; i++)
        secret_of(&s[i], m, (uint32_t)(from + i));
    tp_points_mul_base(p, s, n);
    tp_points_encode(keys, p, n);
    for (size_t i = 0; i < n; i++) {
        sim_voter *v = &m->voters[from + i];
        memcpy(v->key, keys[i], 32);
        v->index = (uint32_t)(from + i);
        v->unit = unit_of(m, from + i);
    }
}

static int by_key(const void *a, const void *b) {
    return memcmp(((const sim_voter *)a)->key, ((const sim_voter *)b)->key, 32);
}

static bool append_registrations(maker *m, size_t from, size_t to) {
    uint8_t *bytes = malloc(TP_MAX_ENTRY), random[32];
    if (!bytes) return false;
    tp_writer w = tp_writer_of(bytes, TP_MAX_ENTRY);
    tp_write_u8(&w, TP_ENTRY_REGISTRATIONS);
    bool ok = true;
    for (size_t i = from; i < to && ok; i++) {
        tp_registration r = {.unit = m->voters[i].unit,
                             .style = m->manifest.units[m->voters[i].unit].style};
        memcpy(r.credential, m->voters[i].key, 32);
        r.registrars.count = 1;
        tp_random(random, 32);
        ok = tp_registration_sign(&r.registrars.by[0], &r, m->manifest.fingerprint, 1,
                                  m->registrar.keys.identity_secret, random) == TP_OK;
        tp_registration_write(&w, &r);
    }
    ok = ok && tp_write_end(&w) == TP_OK && append(m, bytes, w.len);
    free(bytes);
    return ok;
}

static bool enrol_all(maker *m) {
    size_t n = m->o->voters;
    m->voters = calloc(n, sizeof *m->voters);
    if (!m->voters) return tp_say(0, "out of memory"), false;
    tp_pool_for(m->pool, (n + 63) / 64, make_voters, m);
    qsort(m->voters, n, sizeof *m->voters, by_key);
    for (size_t i = 0; i < n; i += PER_ENTRY) {
        if (!append_registrations(m, i, n - i < PER_ENTRY ? n : i + PER_ENTRY)) return false;
        tp_progress_print(NULL, "registrations", i, n);
    }
    tp_progress_print(NULL, "registrations", n, n);
    return close_batch(m, 0);
}

/* ---- ballots ---- */

static const tp_ballot_style *style_of(const maker *m, const sim_voter *v) {
    return &m->styles.list[m->manifest.units[v->unit].style];
}

static void choose(uint8_t *choices, const maker *m, const sim_voter *v, uint32_t sequence) {
    const sim_plan *plan = m->o->plan;
    if (plan) {
        plan->choose(choices, plan->ctx, style_of(m, v), v->index);
        return;
    }
    sim_dice dice = {.state = m->o->seed ^ ((uint64_t)v->index * 0x100000001b3u + sequence)};
    sim_roll(&dice);
    sim_choose(choices, &m->manifest, style_of(m, v), &m->shares, &dice);
}

static void make_ballot(void *ctx, size_t i, unsigned worker) {
    maker *m = ctx;
    sim_voter *v = &m->voters[m->first + i];
    const tp_ballot_style *style = style_of(m, v);
    uint8_t choices[TP_MAX_CONTESTS * TP_MAX_OPTIONS], random[32];
    uint8_t *out = m->ballots + i * (m->ballot_len + 1);
    tp_scalar secret;
    secret_of(&secret, m, v->index);
    choose(choices, m, v, m->sequence);
    tp_random(random, 32);
    out[0] = TP_ENTRY_BALLOT;
    if (tp_ballot_seal(out + 1, style, &secret, v->key, v->unit, m->sequence, v->tip, choices,
                       random, (uint8_t *)m->scratch + worker * m->scratch_len) != TP_OK)
        abort();
    tp_ballot_hash(v->tip, out + 1, tp_ballot_size(style));
}

typedef struct {
    const uint8_t *hash, *bytes;
    size_t len;
} ballot_ref;
static int by_hash(const void *a, const void *b) {
    return memcmp(((const ballot_ref *)a)->hash, ((const ballot_ref *)b)->hash, 32);
}

static bool cast_batch(maker *m, size_t first, size_t count, uint32_t sequence) {
    ballot_ref *order = calloc(count, sizeof *order);
    m->first = first;
    m->count = count;
    m->sequence = sequence;
    tp_pool_for(m->pool, count, make_ballot, m);
    for (size_t i = 0; i < count; i++)
        order[i] = (ballot_ref){m->voters[first + i].tip, m->ballots + i * (m->ballot_len + 1),
                                tp_ballot_size(style_of(m, &m->voters[first + i])) + 1};
    qsort(order, count, sizeof *order, by_hash);
    bool ok = true;
    for (size_t i = 0; i < count && ok; i++)
        ok = append(m, order[i].bytes, order[i].len);
    free(order);
    return ok && close_batch(m, count);
}

/* All voters cast; the first revote_percent of them again. */
static bool cast_all(maker *m) {
    size_t n = m->o->voters, again = n * m->o->revote_percent / 100;
    for (uint32_t q = 1; q <= 2; q++) {
        size_t total = q == 1 ? n : again;
        for (size_t i = 0; i < total; i += BATCH) {
            if (!cast_batch(m, i, total - i < BATCH ? total - i : BATCH, q)) return false;
            tp_progress_print(NULL, q == 1 ? "ballots" : "second ballots",
                              i + BATCH < total ? i + BATCH : total, total);
        }
    }
    for (size_t i = 0; i < n; i++) {
        uint8_t choices[TP_MAX_CONTESTS * TP_MAX_OPTIONS];
        const sim_voter *v = &m->voters[i];
        choose(choices, m, v, i < again ? 2 : 1);
        sim_expect_add(&m->expectation, style_of(m, v), choices, 1);
    }
    return true;
}

/* ---- count ---- */

typedef struct {
    tp_record *record;
    tp_replay replay;
    tp_replay_options options;
} counting;

/* This program made the ballots: it need not check them. */
static bool reopen(counting *c, const maker *m, bool counts) {
    c->options = (tp_replay_options){.threads = (unsigned)m->o->threads,
                                     .trusting = true,
                                     .counting = counts,
                                     .progress = tp_progress_print};
    return tp_load_record(&c->record, &c->replay, m->o->out, &c->options, NULL) == TP_EXIT_OK;
}

static void end(counting *c) {
    tp_replay_free(&c->replay);
    tp_record_close(c->record);
}

static bool shares_of(maker *m, const tp_aggregates *a, const uint8_t hash[static 32],
                      uint16_t trustee) {
    const tp_keys *keys = tp_ceremony_keys(m->board.ceremony);
    tp_scalar *x = calloc(total_points(&m->manifest), sizeof *x);
    uint8_t random[32];
    tp_fault fault = {0};
    tp_writer measure = tp_writer_of(NULL, 0);
    tp_random(random, 32);
    bool ok = x && tp_ceremony_secret(x, m->board.ceremony, trustee, m->trustees[trustee - 1].seed,
                                      &fault) == TP_OK;
    ok = ok && tp_shares_make(&measure, &m->manifest, keys, a, hash, trustee, x, random) == TP_OK;
    uint8_t *bytes = ok ? malloc(measure.len) : NULL;
    tp_writer w = tp_writer_of(bytes, measure.len);
    tp_entry e = {.type = TP_ENTRY_SHARES};
    ok = bytes && tp_shares_make(&w, &m->manifest, keys, a, hash, trustee, x, random) == TP_OK &&
         tp_document_write(m->o->out, bytes, w.len, e.u.document.hash) == TP_OK;
    e.u.document.len = w.len;
    ok = ok && tp_entry_sign(&e, m->manifest.fingerprint, trustee,
                             m->trustees[trustee - 1].keys.identity_secret, random) == TP_OK;
    free(x);
    free(bytes);
    return ok && append_entry(m, &e);
}

static bool freeze_and_decrypt(maker *m) {
    counting c;
    tp_aggregates a;
    uint32_t withheld[TP_MAX_CONTESTS];
    tp_fault fault = {0};
    uint8_t hash[32];
    if (!reopen(&c, m, true)) return false;
    if (tp_replay_aggregate(&a, withheld, &c.replay, c.record, &c.options, &fault) != TP_OK)
        return tp_say_fault(&fault, "aggregates"), false;
    tp_writer measure = tp_writer_of(NULL, 0);
    bool ok = tp_aggregates_write(&measure, &m->manifest, &a) == TP_OK;
    uint8_t *bytes = ok ? malloc(measure.len) : NULL;
    tp_writer w = tp_writer_of(bytes, measure.len);
    ok = bytes && tp_aggregates_write(&w, &m->manifest, &a) == TP_OK &&
         tp_document_write(m->o->out, bytes, w.len, hash) == TP_OK && act(m, TP_ACT_FREEZE, hash);
    for (uint16_t i = 1; ok && i <= m->manifest.trustees.quorum; i++)
        ok = shares_of(m, &a, hash, i);
    free(bytes);
    tp_aggregates_free(&a);
    end(&c);
    return ok && flush_entries(m);
}

static bool publish(maker *m) {
    counting c;
    char *json, *csv, path[1024];
    size_t json_len, csv_len;
    bool bad[TP_MAX_TRUSTEES] = {0};
    uint8_t hash[32];
    tp_fault fault = {0};
    if (!reopen(&c, m, false)) return false;
    if (tp_replay_results(&json, &json_len, &csv, &csv_len, bad, &c.replay, c.record, &c.options,
                          &fault) != TP_OK)
        return tp_say_fault(&fault, "results"), false;
    end(&c);
    bool ok = tp_document_write(m->o->out, json, json_len, hash) == TP_OK &&
              act(m, TP_ACT_PUBLISH, hash) && flush_entries(m);
    snprintf(path, sizeof path, "%s/results.json", m->o->out);
    ok = ok && tp_save_file(path, json, json_len, false);
    snprintf(path, sizeof path, "%s/results.csv", m->o->out);
    ok = ok && tp_save_file(path, csv, csv_len, false);
    free(json);
    free(csv);
    return ok;
}

static bool prepare_work(maker *m) {
    for (uint16_t s = 0; s < m->styles.count; s++) {
        size_t len = tp_ballot_size(&m->styles.list[s]);
        size_t scratch = (tp_ballot_seal_scratch(&m->styles.list[s]) + 63) / 64 * 64;
        if (len > m->ballot_len) m->ballot_len = len;
        if (scratch > m->scratch_len) m->scratch_len = scratch;
    }
    if (tp_pool_start(&m->pool, (unsigned)m->o->threads) != TP_OK) return false;
    m->scratch = aligned_alloc(64, m->scratch_len * tp_pool_threads(m->pool));
    m->ballots = malloc(BATCH * (m->ballot_len + 1));
    return m->scratch && m->ballots;
}

/* So that the last batch is not of a time to come. */
static uint64_t begin_time(const sim_record_options *o) {
    uint64_t batches = 3 + o->voters / BATCH + o->voters * o->revote_percent / 100 / BATCH;
    return tp_unix_time() - INTERVAL_S * batches;
}

int sim_record(const sim_record_options *o) {
    static maker m;
    static const uint8_t zero[32];
    m.o = o;
    m.time = begin_time(o);
    tp_board_init(&m.board);
    bool ok = set_up(&m) && prepare_work(&m) && enrol_all(&m) && cast_all(&m) &&
              act(&m, TP_ACT_CLOSE, zero) && flush_entries(&m);
    if (ok && !o->open) ok = freeze_and_decrypt(&m) && publish(&m);
    if (ok && o->expect) ok = sim_expect_write(&m.expectation, &m.manifest, o->expect);
    if (ok && !o->plan)
        printf("%llu voters, %llu entries\n", (unsigned long long)o->voters,
               (unsigned long long)m.written);
    tp_pool_stop(m.pool);
    free(m.scratch);
    free(m.ballots);
    free(m.voters);
    for (size_t i = 0; i < m.kept_count; i++)
        free(m.kept[i].bytes);
    free(m.kept);
    sim_expect_free(&m.expectation);
    sim_shares_free(&m.shares);
    tp_styles_free(&m.styles);
    tp_board_free(&m.board);
    tp_manifest_free(&m.manifest);
    return ok ? TP_EXIT_OK : TP_EXIT_REFUSED;
}
