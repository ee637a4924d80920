#include "tests/record/rig.h"
#include "record/reader.h"
#include "tests/record/scratch.h"
#include "tests/support/support.h"

#include <sodium.h>

const tp_replay_options rig_options = {.threads = 2};

enum { ENTRY_CAP = TP_MAX_ENTRY, START = 2000000000 };

uint64_t rig_random(rig *g) {
    return test_random(&g->random);
}

void rig_random_bytes(rig *g, void *out, size_t len) {
    test_random_bytes(&g->random, out, len);
}

static rig_bytes copy_of(const void *bytes, size_t len) {
    rig_bytes b = {malloc(len + 1), len};
    assert_non_null(b.p);
    memcpy(b.p, bytes, len);
    return b;
}

/* ---- parties and manifest ---- */

static void new_scalar(rig *g, uint8_t secret[32], uint8_t key[32]) {
    uint8_t seed[64];
    tp_secret_key sk;
    rig_random_bytes(g, seed, sizeof seed);
    assert_int_equal(tp_keypair(&sk, key, seed), TP_OK);
    tp_scalar_encode(secret, &sk.x);
}

static json_t *person(const char *name, size_t i, const uint8_t key[32]) {
    char hex[65], full[64];
    tp_hex32(hex, key);
    snprintf(full, sizeof full, "%s %zu", name, i + 1);
    return json_pack("{s:s, s:s}", "name", full, "key", hex);
}

static json_t *college(rig *g, const char *name, const char *quorum_name, int quorum,
                       uint8_t secrets[][32], size_t count) {
    json_t *who = json_array();
    for (size_t i = 0; i < count; i++) {
        uint8_t key[32];
        new_scalar(g, secrets[i], key);
        json_array_append_new(who, person(name, i, key));
    }
    return json_pack("{s:i, s:o}", quorum_name, quorum, "who", who);
}

static json_t *trustees(rig *g) {
    json_t *who = json_array();
    for (size_t i = 0; i < RIG_TRUSTEES; i++) {
        tp_trustee_keys keys;
        rig_random_bytes(g, g->seed[i], 32);
        tp_trustee_derive(&keys, g->seed[i]);
        json_array_append_new(who, person("Trustee", i, keys.identity_key));
    }
    return json_pack("{s:i, s:o}", "threshold", RIG_THRESHOLD, "who", who);
}

static json_t *contest(const char *id, int options, int max, int seats) {
    json_t *list = json_array();
    for (int i = 1; i <= options; i++) {
        char name[32];
        snprintf(name, sizeof name, "Option %d", i);
        json_array_append_new(list, json_pack("{s:i, s:s, s:s}", "number", i, "name", name, "party",
                                              i % 2 ? "A" : ""));
    }
    return json_pack("{s:s, s:{s:s}, s:o, s:i, s:i, s:i, s:s, s:s}", "id", id, "title", "en", id,
                     "options", list, "min", 0, "max", max, "seats", seats, "method",
                     seats ? "plurality-at-large" : "totals", "tally", "sum");
}

static json_t *units(const rig *g) {
    static const char *const ids[RIG_UNITS] = {"north", "south", "east"};
    json_t *list = json_array();
    for (int i = 0; i < RIG_UNITS; i++)
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s, s:i, s:s}", "id", ids[i], "name", ids[i],
                            "country", "Nowhere", "group", i == 2 ? "far" : "near", "registered",
                            (int)(g->plan.registered ? g->plan.registered : g->plan.voters),
                            "style", "all"));
    return list;
}

void rig_witness_key(size_t witness, uint8_t key[32], uint8_t secret[64]) {
    uint8_t seed[32];
    memset(seed, (int)(100 + witness), sizeof seed);
    crypto_sign_seed_keypair(key, secret, seed);
}

static json_t *witnesses(const rig *g) {
    json_t *who = json_array();
    for (size_t i = 0; i < g->plan.witnesses; i++) {
        uint8_t key[32], secret[64];
        char hex[65], name[32];
        rig_witness_key(i, key, secret);
        tp_hex32(hex, key);
        snprintf(name, sizeof name, "witness.example/%zu", i + 1);
        json_array_append_new(who, json_pack("{s:s, s:s}", "name", name, "key", hex));
    }
    return json_pack("{s:i, s:o}", "quorum", (int)g->plan.quorum, "who", who);
}

static void make_manifest(rig *g) {
    char log_key[65];
    uint8_t key[32];
    tp_fault fault = {0};
    scratch_log_key(key, g->log_secret);
    tp_hex32(log_key, key);
    json_t *contests = json_array();
    json_array_append_new(contests, contest("board", 5, 2, 2));
    json_array_append_new(contests, contest("question", 3, 1, 0));
    json_t *root = json_object();
    json_object_set_new(root, "tapat", json_integer(1));
    json_object_set_new(root, "suite", json_string(TP_SUITE));
    json_object_set_new(root, "id", json_string("rig"));
    json_object_set_new(root, "title", json_pack("{s:s}", "en", "A small election"));
    json_object_set_new(root, "languages", json_pack("[s]", "en"));
    json_object_set_new(root, "zone", json_string("UTC"));
    json_object_set_new(root, "test", json_boolean(!g->plan.real));
    json_object_set_new(root, "times",
                        json_pack("{s:s, s:s, s:s}", "enrol", "2033-05-18T00:00:00Z", "open",
                                  "2033-05-19T00:00:00Z", "close", "2033-05-20T00:00:00Z"));
    json_object_set_new(root, "contests", contests);
    json_object_set_new(
        root, "styles",
        json_pack("[{s:s, s:[s,s]}]", "id", "all", "contests", "board", "question"));
    json_object_set_new(root, "units", units(g));
    json_object_set_new(root, "merge", json_pack("{s:i}", "floor", (int)g->plan.floor));
    json_object_set_new(root, "trustees", trustees(g));
    json_object_set_new(root, "registrars",
                        college(g, "Registrar", "quorum", 1, g->registrar, RIG_REGISTRARS));
    json_object_set_new(root, "officers",
                        college(g, "Officer", "quorum", 2, g->officer, RIG_OFFICERS));
    json_object_set_new(root, "log",
                        json_pack("{s:s, s:s}", "origin", "rig.example/board", "key", log_key));
    json_object_set_new(root, "batch",
                        json_pack("{s:i, s:i}", "interval_s", 60, "deadline_s", 600));
    json_object_set_new(root, "check", json_array());
    json_object_set_new(root, "revote", json_string("last"));
    json_object_set_new(root, "witnesses", witnesses(g));
    g->json = json_dumps(root, JSON_INDENT(1));
    json_decref(root);
    tp_err err = tp_manifest_parse(&g->m, g->json, strlen(g->json), &fault);
    if (err) fail_msg("manifest: %s %s", fault.code, fault.where);
}

/* ---- entries and documents ---- */

void rig_push(rig *g, const void *bytes, size_t len) {
    if (g->count == g->cap) {
        g->cap = g->cap ? 2 * g->cap : 64;
        g->entries = realloc(g->entries, g->cap * sizeof *g->entries);
        assert_non_null(g->entries);
    }
    g->entries[g->count++] = copy_of(bytes, len);
}

static bool root_at(void *ctx, uint64_t size, uint8_t root[static 32]) {
    const rig *g = ctx;
    tp_frontier f;
    tp_hash h;
    tp_frontier_init(&f);
    for (uint64_t i = 0; i < size; i++) {
        tp_tree_leaf(&h, g->entries[i].p, g->entries[i].len);
        if (tp_frontier_append(&f, &h)) return false;
    }
    tp_frontier_root(&f, &h);
    memcpy(root, h.b, 32);
    return true;
}

void rig_append(rig *g, const void *bytes, size_t len) {
    tp_fault fault = {0};
    tp_entry e;
    rig_push(g, bytes, len);
    const rig_bytes *last = &g->entries[g->count - 1];
    tp_err err = tp_entry_read(&e, last->p, last->len, &fault);
    if (!err)
        err =
            tp_board_apply(&g->board, &e, g->count == 1 ? &g->m : NULL, false, root_at, g, &fault);
    if (err) fail_msg("entry %zu: %s %s", g->count - 1, fault.code, fault.where);
}

static void append_own(rig *g, rig_bytes b) {
    rig_append(g, b.p, b.len);
    free(b.p);
}

static rig_bytes write_entry(const tp_entry *e) {
    static uint8_t bytes[ENTRY_CAP];
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    assert_int_equal(tp_entry_write(&w, e), TP_OK);
    return copy_of(bytes, w.len);
}

void rig_document(rig *g, const void *bytes, size_t len, uint8_t hash[32]) {
    tp_sha256(hash, bytes, len);
    g->documents = realloc(g->documents, (g->document_count + 1) * sizeof *g->documents);
    assert_non_null(g->documents);
    g->documents[g->document_count++] = copy_of(bytes, len);
}

rig_bytes rig_act(rig *g, tp_act act, const uint8_t subject[32], uint64_t time, uint16_t reason) {
    tp_entry e = {.type = TP_ENTRY_ACT};
    uint8_t random[32];
    e.u.act.act = act;
    e.u.act.time = time;
    e.u.act.reason = reason;
    if (subject) memcpy(e.u.act.subject, subject, 32);
    for (uint16_t i = 1; i <= 2; i++) {
        rig_random_bytes(g, random, 32);
        assert_int_equal(tp_entry_sign(&e, g->m.fingerprint, i, g->officer[i - 1], random), TP_OK);
    }
    return write_entry(&e);
}

/* ---- the honest path ---- */

void rig_begin(rig *g, const rig_plan *plan) {
    memset(g, 0, sizeof *g);
    assert_int_equal(tp_group_select(NULL), TP_OK);
    g->plan = *plan;
    g->random = 0x9e3779b97f4a7c15;
    g->time = START;
    make_manifest(g);
    tp_board_init(&g->board);
    tp_entry e = {.type = TP_ENTRY_MANIFEST};
    rig_document(g, g->json, strlen(g->json), e.u.document.hash);
    e.u.document.len = strlen(g->json);
    append_own(g, write_entry(&e));
    append_own(g, rig_act(g, TP_ACT_APPROVE, g->m.fingerprint, g->time, 0));
}

static void trustee_entry(rig *g, uint16_t trustee, bool deal) {
    static uint8_t bytes[ENTRY_CAP];
    uint8_t random[32];
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    rig_random_bytes(g, random, 32);
    tp_err err = (deal ? tp_ceremony_deal : tp_ceremony_commit)(&w, g->board.ceremony, trustee,
                                                                g->seed[trustee - 1], random);
    assert_int_equal(err, TP_OK);
    rig_append(g, bytes, w.len);
}

static void confirm(rig *g, uint16_t trustee) {
    tp_entry e = {.type = TP_ENTRY_CONFIRM};
    tp_trustee_keys keys;
    uint8_t random[32];
    memcpy(e.u.confirm.key_digest, tp_ceremony_keys(g->board.ceremony)->digest, 32);
    tp_trustee_derive(&keys, g->seed[trustee - 1]);
    rig_random_bytes(g, random, 32);
    assert_int_equal(tp_entry_sign(&e, g->m.fingerprint, trustee, keys.identity_secret, random),
                     TP_OK);
    append_own(g, write_entry(&e));
}

void rig_ceremony(rig *g) {
    for (uint16_t i = 1; i <= RIG_TRUSTEES; i++)
        trustee_entry(g, i, false);
    for (uint16_t i = 1; i <= RIG_TRUSTEES; i++)
        trustee_entry(g, i, true);
    for (uint16_t i = 1; i <= RIG_TRUSTEES; i++)
        confirm(g, i);
    assert_int_equal(tp_ceremony_round(g->board.ceremony), 3);
    assert_int_equal(tp_styles_make(&g->styles, &g->m, tp_ceremony_keys(g->board.ceremony)), TP_OK);
    size_t size = tp_ballot_seal_scratch(&g->styles.list[0]);
    g->scratch = aligned_alloc(64, (size + 63) / 64 * 64);
    assert_non_null(g->scratch);
}

static size_t secret_points(const tp_manifest *m) {
    size_t n = 0;
    for (size_t i = 0; i < m->contest_count; i++)
        n += tp_sum_points(&m->contests[i].shape);
    return n;
}

static tp_scalar *trustee_secret(rig *g, uint16_t trustee) {
    tp_fault fault = {0};
    tp_scalar *x = malloc(secret_points(&g->m) * sizeof *x);
    assert_non_null(x);
    assert_int_equal(
        tp_ceremony_secret(x, g->board.ceremony, trustee, g->seed[trustee - 1], &fault), TP_OK);
    return x;
}

static void prove_alive(rig *g, uint16_t trustee) {
    static uint8_t bytes[ENTRY_CAP];
    uint8_t random[32], root[32];
    tp_scalar *x = trustee_secret(g, trustee);
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    rig_random_bytes(g, random, 32);
    assert_true(root_at(g, g->count, root));
    assert_int_equal(tp_liveness_make(&w, g->board.ceremony, trustee, g->seed[trustee - 1], x,
                                      g->time, g->count, root, random),
                     TP_OK);
    rig_append(g, bytes, w.len);
    free(x);
}

static int by_key(const void *a, const void *b) {
    return memcmp(((const rig_voter *)a)->key, ((const rig_voter *)b)->key, 32);
}

static void registrations(rig *g, size_t from, size_t to) {
    static uint8_t bytes[ENTRY_CAP];
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    tp_write_u8(&w, TP_ENTRY_REGISTRATIONS);
    for (size_t i = from; i < to; i++) {
        tp_registration r = {.unit = g->voters[i].unit, .style = 0};
        uint8_t random[32];
        uint16_t registrar = (uint16_t)(1 + i % RIG_REGISTRARS);
        memcpy(r.credential, g->voters[i].key, 32);
        rig_random_bytes(g, random, 32);
        r.registrars.count = 1;
        assert_int_equal(tp_registration_sign(&r.registrars.by[0], &r, g->m.fingerprint, registrar,
                                              g->registrar[registrar - 1], random),
                         TP_OK);
        tp_registration_write(&w, &r);
    }
    assert_int_equal(tp_write_end(&w), TP_OK);
    rig_append(g, bytes, w.len);
}

/* Registrations fill entries of at most 400. */
void rig_enrol(rig *g) {
    size_t n = g->plan.voters;
    g->voters = calloc(n, sizeof *g->voters);
    for (size_t i = 0; i < n; i++) {
        uint8_t secret[32];
        new_scalar(g, secret, g->voters[i].key);
        assert_int_equal(tp_scalar_decode(&g->voters[i].secret.x, secret), TP_OK);
        g->voters[i].unit = (uint16_t)(rig_random(g) % RIG_UNITS);
    }
    for (size_t at = 0, step; at < n; at += step) {
        step = n - at > 400 ? 400 : n - at > 1 && !at ? (n - at) / 2 : n - at;
        qsort(g->voters + at, step, sizeof *g->voters, by_key);
        registrations(g, at, at + step);
    }
    for (uint16_t i = 1; i <= RIG_TRUSTEES; i++)
        prove_alive(g, i);
}

rig_bytes rig_roll_entry(rig *g, const uint32_t (*units)[3], uint32_t leaves) {
    uint8_t bytes[RIG_UNITS * TP_UNIT_ROLL_LEN], random[32];
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    tp_entry e = {
        .type = TP_ENTRY_ROLL,
        .u.roll = {.time = g->time, .leaves = leaves, .units = bytes, .unit_count = RIG_UNITS}};
    rig_random_bytes(g, e.u.roll.root, 32);
    for (size_t i = 0; i < RIG_UNITS; i++)
        for (size_t k = 0; k < 3; k++)
            tp_write_u32(&w, units[i][k]);
    for (uint16_t i = 1; i <= 2; i++) {
        rig_random_bytes(g, random, 32);
        assert_int_equal(tp_entry_sign(&e, g->m.fingerprint, i, g->officer[i - 1], random), TP_OK);
    }
    return write_entry(&e);
}

void rig_roll(rig *g) {
    uint32_t units[RIG_UNITS][3], leaves = 0;
    for (size_t i = 0; i < RIG_UNITS; i++) {
        uint32_t registered = g->m.units[i].registered;
        units[i][0] = units[i][1] = units[i][2] = registered;
        leaves += registered;
    }
    append_own(g, rig_roll_entry(g, (const uint32_t(*)[3])units, leaves));
}

rig_bytes rig_changes_entry(rig *g, const tp_roll_change *list, size_t count) {
    uint8_t bytes[16 * TP_ROLL_CHANGE_LEN], random[32];
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    for (size_t i = 0; i < count; i++)
        tp_roll_change_write(&w, &list[i]);
    assert_int_equal(tp_write_end(&w), TP_OK);
    tp_entry e = {.type = TP_ENTRY_CHANGES,
                  .u.changes = {.time = g->time, .list = bytes, .count = count}};
    for (uint16_t i = 1; i <= 2; i++) {
        rig_random_bytes(g, random, 32);
        assert_int_equal(tp_entry_sign(&e, g->m.fingerprint, i, g->officer[i - 1], random), TP_OK);
    }
    return write_entry(&e);
}

void rig_open(rig *g) {
    if (!g->board.electorate) rig_roll(g);
    g->time += 86400;
    append_own(g, rig_act(g, TP_ACT_OPEN, tp_ceremony_keys(g->board.ceremony)->digest, g->time, 0));
}

static void choose(uint8_t choices[RIG_CHOICES], unsigned pattern) {
    memset(choices, 0, RIG_CHOICES);
    choices[pattern % 5] = 1;
    choices[pattern / 5 % 5] = 1;
    if (pattern / 25 % 4 < 3) choices[5 + pattern / 25 % 4] = 1;
}

rig_bytes rig_ballot(rig *g, size_t voter, uint32_t sequence, const uint8_t previous[32],
                     unsigned pattern) {
    const tp_ballot_style *style = &g->styles.list[0];
    rig_voter *v = &g->voters[voter];
    uint8_t random[32], choices[RIG_CHOICES];
    rig_bytes b = {malloc(1 + tp_ballot_size(style)), 1 + tp_ballot_size(style)};
    assert_non_null(b.p);
    choose(choices, pattern);
    rig_random_bytes(g, random, 32);
    b.p[0] = TP_ENTRY_BALLOT;
    assert_int_equal(tp_ballot_seal(b.p + 1, style, &v->secret.x, v->key, v->unit, sequence,
                                    previous, choices, random, g->scratch),
                     TP_OK);
    return b;
}

void rig_vote(rig *g, size_t voter, unsigned pattern) {
    rig_voter *v = &g->voters[voter];
    rig_bytes b = rig_ballot(g, voter, v->sequence + 1, v->tip, pattern);
    v->sequence++;
    tp_ballot_hash(v->tip, b.p + 1, b.len - 1);
    choose(v->choices, pattern);
    g->pending = realloc(g->pending, (g->pending_count + 1) * sizeof *g->pending);
    assert_non_null(g->pending);
    g->pending[g->pending_count++] = b;
}

static int by_ballot_hash(const void *a, const void *b) {
    uint8_t x[32], y[32];
    const rig_bytes *p = a, *q = b;
    tp_ballot_hash(x, p->p + 1, p->len - 1);
    tp_ballot_hash(y, q->p + 1, q->len - 1);
    return memcmp(x, y, 32);
}

void rig_sort_pending(rig *g) {
    if (g->pending) qsort(g->pending, g->pending_count, sizeof *g->pending, by_ballot_hash);
}

rig_bytes rig_batch_entry(rig *g, uint32_t number, uint32_t ballots) {
    tp_entry e = {.type = TP_ENTRY_BATCH};
    e.u.batch.number = number;
    e.u.batch.ballots = ballots;
    e.u.batch.time = g->time += 60;
    return write_entry(&e);
}

void rig_batch(rig *g) {
    rig_sort_pending(g);
    for (size_t i = 0; i < g->pending_count; i++)
        append_own(g, g->pending[i]);
    uint32_t count = (uint32_t)g->pending_count;
    g->pending_count = 0;
    append_own(g, rig_batch_entry(g, g->board.batches + 1, count));
}

void rig_cancel(rig *g, size_t voter) {
    tp_entry e = {.type = TP_ENTRY_CANCEL};
    uint8_t random[32];
    e.u.cancel.reason = 1;
    e.u.cancel.time = g->time;
    memcpy(e.u.cancel.credential, g->voters[voter].key, 32);
    rig_random_bytes(g, random, 32);
    assert_int_equal(tp_entry_sign(&e, g->m.fingerprint, 1, g->registrar[0], random), TP_OK);
    append_own(g, write_entry(&e));
    g->voters[voter].cancelled = true;
}

void rig_exclude(rig *g, size_t voter) {
    append_own(
        g, rig_act(g, TP_ACT_EXCLUDE, g->voters[voter].tip, g->time, TP_EXCLUDE_VOTED_IN_PERSON));
    g->voters[voter].excluded = true;
}

void rig_close(rig *g) {
    g->time += 86400;
    append_own(g, rig_act(g, TP_ACT_CLOSE, NULL, g->time, 0));
}

rig_bytes rig_aggregates(rig *g, tp_aggregates *a) {
    tp_record *r;
    tp_replay p;
    tp_fault fault = {0};
    uint32_t withheld[TP_MAX_CONTESTS];
    char *dir = scratch_folder();
    rig_write(g, dir);
    assert_int_equal(tp_record_open(&r, dir, &fault), TP_OK);
    if (tp_replay_run(&p, r, &rig_options, &fault)) fail_msg("%s %s", fault.code, fault.where);
    if (tp_replay_aggregate(a, withheld, &p, r, &rig_options, &fault))
        fail_msg("%s %s", fault.code, fault.where);
    tp_writer w = tp_writer_of(NULL, 0);
    tp_err err = tp_aggregates_write(&w, &g->m, a);
    assert_true(err == TP_OK || err == TP_TOO_BIG);
    rig_bytes b = {malloc(w.len + 1), w.len};
    w = tp_writer_of(b.p, b.len);
    assert_int_equal(tp_aggregates_write(&w, &g->m, a), TP_OK);
    tp_replay_free(&p);
    tp_record_close(r);
    scratch_remove(dir);
    return b;
}

void rig_freeze(rig *g) {
    tp_aggregates a;
    uint8_t hash[32];
    rig_bytes b = rig_aggregates(g, &a);
    rig_document(g, b.p, b.len, hash);
    append_own(g, rig_act(g, TP_ACT_FREEZE, hash, g->time, 0));
    tp_aggregates_free(&a);
    free(b.p);
}

rig_bytes rig_shares(rig *g, uint16_t trustee, const tp_aggregates *a, const uint8_t hash[32],
                     bool garbage) {
    uint8_t random[32];
    tp_trustee_keys keys;
    tp_entry e = {.type = TP_ENTRY_SHARES};
    tp_scalar *x = trustee_secret(g, trustee);
    rig_bytes b = {malloc(1 << 20), 0};
    tp_writer w = tp_writer_of(b.p, 1 << 20);
    rig_random_bytes(g, random, 32);
    assert_int_equal(
        tp_shares_make(&w, &g->m, tp_ceremony_keys(g->board.ceremony), a, hash, trustee, x, random),
        TP_OK);
    if (garbage) b.p[w.len - 1] ^= 1; /* the proof's last scalar */
    rig_document(g, b.p, w.len, e.u.document.hash);
    e.u.document.len = w.len;
    tp_trustee_derive(&keys, g->seed[trustee - 1]);
    assert_int_equal(tp_entry_sign(&e, g->m.fingerprint, trustee, keys.identity_secret, random),
                     TP_OK);
    free(b.p);
    free(x);
    return write_entry(&e);
}

void rig_share(rig *g, uint16_t trustee, bool garbage) {
    tp_aggregates a;
    tp_fault fault = {0};
    const rig_bytes *d = NULL;
    for (size_t i = 0; i < g->document_count; i++) {
        uint8_t hash[32];
        tp_sha256(hash, g->documents[i].p, g->documents[i].len);
        if (!memcmp(hash, g->board.freeze_hash, 32)) d = &g->documents[i];
    }
    assert_non_null(d);
    assert_int_equal(tp_aggregates_read(&a, &g->m, d->p, d->len, &fault), TP_OK);
    append_own(g, rig_shares(g, trustee, &a, g->board.freeze_hash, garbage));
    tp_aggregates_free(&a);
}

void rig_publish(rig *g) {
    tp_record *r;
    tp_replay p;
    tp_fault fault = {0};
    bool bad[TP_MAX_TRUSTEES];
    uint8_t hash[32];
    char *dir = scratch_folder(), *json, *csv;
    rig_write(g, dir);
    assert_int_equal(tp_record_open(&r, dir, &fault), TP_OK);
    assert_int_equal(tp_replay_run(&p, r, &rig_options, &fault), TP_OK);
    if (tp_replay_results(&json, &g->results.len, &csv, &g->csv.len, bad, &p, r, &rig_options,
                          &fault))
        fail_msg("%s %s", fault.code, fault.where);
    g->results.p = (uint8_t *)json;
    g->csv.p = (uint8_t *)csv;
    rig_document(g, json, g->results.len, hash);
    append_own(g, rig_act(g, TP_ACT_PUBLISH, hash, g->time, 0));
    tp_replay_free(&p);
    tp_record_close(r);
    scratch_remove(dir);
}

void rig_whole(rig *g, const rig_plan *plan) {
    rig_begin(g, plan);
    rig_ceremony(g);
    rig_enrol(g);
    rig_open(g);
    size_t n = plan->voters;
    for (size_t i = 0; i < n; i++)
        if (i % 8 != 7) rig_vote(g, i, (unsigned)(rig_random(g) % 100));
    rig_batch(g);
    for (size_t i = 0; i < n; i += 5)
        rig_vote(g, i, (unsigned)(rig_random(g) % 100));
    rig_batch(g);
    rig_cancel(g, 1);
    rig_exclude(g, 2);
    rig_close(g);
    rig_freeze(g);
    rig_share(g, 1, false);
    rig_share(g, 3, false);
    rig_publish(g);
}

void rig_free(rig *g) {
    for (size_t i = 0; i < g->count; i++)
        free(g->entries[i].p);
    for (size_t i = 0; i < g->document_count; i++)
        free(g->documents[i].p);
    for (size_t i = 0; i < g->pending_count; i++)
        free(g->pending[i].p);
    tp_styles_free(&g->styles);
    tp_board_free(&g->board);
    tp_manifest_free(&g->m);
    free(g->entries);
    free(g->documents);
    free(g->pending);
    free(g->scratch);
    free(g->voters);
    free(g->results.p);
    free(g->csv.p);
    free(g->json);
}

/* ---- the folder ---- */

static bool entry_at(void *ctx, uint64_t index, const uint8_t **bytes, size_t *len) {
    const rig *g = ctx;
    *bytes = g->entries[index].p;
    *len = g->entries[index].len;
    return true;
}

void rig_checkpoint(rig *g, tp_writer *note, const uint8_t root[32]) {
    assert_int_equal(tp_checkpoint_sign(note, &g->m, g->count, root, g->log_secret), TP_OK);
}

void rig_cosign(rig *g, tp_writer *note, size_t witness) {
    uint8_t key[32], secret[64], signature[64], both[TP_COSIGNATURE_LEN], text[TP_COSIGNED_MAX];
    char name[32];
    tp_vkey k;
    tp_writer w = tp_writer_of(text, sizeof text);
    const char *end = memmem(note->p, note->len, "\n\n", 2);
    assert_non_null(end);
    tp_cosignature_message(&w, g->time, (const char *)note->p,
                           (size_t)(end + 1 - (const char *)note->p));
    rig_witness_key(witness, key, secret);
    crypto_sign_detached(signature, NULL, text, w.len, secret);
    tp_cosignature_join(both, g->time, signature);
    int n = snprintf(name, sizeof name, "witness.example/%zu", witness + 1);
    assert_int_equal(tp_vkey_init(&k, name, (size_t)n, TP_KEY_COSIGNATURE, key), TP_OK);
    tp_note_write_signature(note, &k, both, sizeof both);
}

void rig_write(rig *g, const char *dir) {
    uint8_t root[32], hash[32], note[TP_CHECKPOINT_NOTE_MAX];
    tp_writer w = tp_writer_of(note, sizeof note);
    for (size_t i = 0; i < g->document_count; i++)
        assert_int_equal(tp_document_write(dir, g->documents[i].p, g->documents[i].len, hash),
                         TP_OK);
    assert_int_equal(tp_copy_write(dir, TP_COPY_MANIFEST, g->json, strlen(g->json)), TP_OK);
    if (g->results.p) {
        assert_int_equal(tp_copy_write(dir, TP_COPY_RESULTS_JSON, g->results.p, g->results.len),
                         TP_OK);
        assert_int_equal(tp_copy_write(dir, TP_COPY_RESULTS_CSV, g->csv.p, g->csv.len), TP_OK);
    }
    assert_int_equal(tp_tiles_write(root, dir, 0, g->count, entry_at, g), TP_OK);
    rig_checkpoint(g, &w, root);
    for (size_t i = 0; i < g->plan.quorum; i++)
        rig_cosign(g, &w, i);
    assert_int_equal(tp_checkpoint_put(dir, note, w.len), TP_OK);
}

tp_err rig_verify(rig *g, tp_verification *v) {
    char *dir = scratch_folder();
    rig_write(g, dir);
    tp_err err = tp_verify(v, dir, g->m.fingerprint, &rig_options);
    scratch_remove(dir);
    return err;
}

const tp_check *rig_fail(const tp_verification *v) {
    for (size_t i = 0; i < v->count; i++)
        if (v->checks[i].verdict == TP_FAIL) return &v->checks[i];
    return NULL;
}

const tp_check *rig_check(const tp_verification *v, const char *name) {
    for (size_t i = 0; i < v->count; i++)
        if (!strcmp(v->checks[i].check, name)) return &v->checks[i];
    return NULL;
}

void rig_assert_good(rig *g) {
    tp_verification v;
    tp_err err = rig_verify(g, &v);
    const tp_check *bad = rig_fail(&v);
    if (bad) fail_msg("%s: %s %s", bad->check, bad->fault.code, bad->fault.where);
    assert_int_equal(err, TP_OK);
    assert_memory_equal(v.fingerprint, g->m.fingerprint, 32);
}

void rig_assert_fail(rig *g, const char *check, const char *code, const char *where) {
    tp_verification v;
    assert_int_not_equal(rig_verify(g, &v), TP_OK);
    const tp_check *bad = rig_fail(&v);
    assert_non_null(bad);
    if (strcmp(bad->check, check) || strcmp(bad->fault.code, code) ||
        !strstr(bad->fault.where, where))
        fail_msg("want %s %s %s, got %s %s %s", check, code, where, bad->check, bad->fault.code,
                 bad->fault.where);
}

/* ---- off the path ---- */

static const uint8_t *ballot_of(const rig *g, size_t index) {
    return g->entries[index].p[0] == TP_ENTRY_BALLOT ? g->entries[index].p + 1 : NULL;
}

size_t rig_find(const rig *g, size_t voter, uint32_t sequence) {
    for (size_t i = 0; i < g->count; i++) {
        const uint8_t *b = ballot_of(g, i);
        if (b && !memcmp(b + 32, g->voters[voter].key, 32) && tp_get_u32be(b + 64) == sequence)
            return i;
    }
    fail_msg("no ballot %u of voter %zu", sequence, voter);
    return 0;
}

void rig_remove(rig *g, size_t index) {
    free(g->entries[index].p);
    g->count--;
    memmove(g->entries + index, g->entries + index + 1, (g->count - index) * sizeof *g->entries);
}

void rig_swap(rig *g, size_t a, size_t b) {
    rig_bytes t = g->entries[a];
    g->entries[a] = g->entries[b];
    g->entries[b] = t;
}

void rig_sum(rig *g, uint16_t contest, uint8_t r[32], uint8_t (*c)[32],
             bool (*keep)(const rig *g, size_t voter)) {
    const tp_sum_shape *shape = &g->m.contests[contest].shape;
    size_t points = 1 + tp_sum_points(shape), skip = TP_BALLOT_HEAD;
    tp_point sum[TP_MAX_OPTIONS], one[TP_MAX_OPTIONS];
    uint8_t encoded[TP_MAX_OPTIONS][32];
    for (size_t i = 0; i < contest; i++)
        skip += tp_sum_len(&g->m.contests[i].shape);
    for (size_t i = 0; i < points; i++)
        tp_point_identity(&sum[i]);
    for (size_t v = 0; v < g->plan.voters; v++) {
        if (!g->voters[v].sequence || !keep(g, v)) continue;
        const uint8_t *b = ballot_of(g, rig_find(g, v, g->voters[v].sequence));
        memcpy(encoded, b + skip, 32 * points);
        assert_int_equal(tp_points_decode_var(one, (const uint8_t(*)[32])encoded, points, NULL),
                         TP_OK);
        tp_sum_aggregate_var(sum, one, shape);
    }
    tp_points_encode(encoded, sum, points);
    memcpy(r, encoded[0], 32);
    memcpy(c, encoded[1], 32 * (points - 1));
}
