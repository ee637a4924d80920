#include "tests/election/fixture.h"

#include "core/proof/schnorr.h"

#include <sodium.h>

static const char manifest_text[] =
    "{\"tapat\":1,\"suite\":\"tapat-v1-ristretto255-sha512\",\"id\":\"%s\",\n"
    "\"title\":{\"en\":\"A small election\",\"fil\":\"Isang munting halalan\"},\n"
    "\"languages\":[\"en\",\"fil\"],\"zone\":\"Asia/Manila\",\"test\":true,\n"
    "\"times\":{\"enrol\":\"2028-03-01T00:00:00Z\",\"open\":\"2028-04-10T00:00:00Z\","
    "\"close\":\"2028-05-08T11:00:00Z\"},\n"
    "\"contests\":[{\"id\":\"chair\",\"title\":{\"en\":\"Chair\",\"fil\":\"Tagapangulo\"},"
    "\"options\":[{\"number\":1,\"name\":\"Abad, Ana\",\"party\":\"A\"},"
    "{\"number\":2,\"name\":\"Bello, Ben\",\"party\":\"B\"},"
    "{\"number\":3,\"name\":\"Cruz, \\\"Caloy\\\"\",\"party\":\"\"}],"
    "\"min\":0,\"max\":1,\"seats\":1,\"method\":\"plurality-at-large\",\"tally\":\"sum\"},\n"
    "{\"id\":\"council\",\"title\":{\"en\":\"Council\",\"fil\":\"Konseho\"},"
    "\"options\":[{\"number\":1,\"name\":\"Diaz\",\"party\":\"\"},"
    "{\"number\":2,\"name\":\"Enriquez\",\"party\":\"\"},"
    "{\"number\":3,\"name\":\"Flores\",\"party\":\"\"},"
    "{\"number\":5,\"name\":\"Garcia\",\"party\":\"\"},"
    "{\"number\":7,\"name\":\"Hilario\",\"party\":\"\"}],"
    "\"min\":1,\"max\":2,\"seats\":2,\"method\":\"plurality-at-large\",\"tally\":\"sum\"}],\n"
    "\"styles\":[{\"id\":\"full\",\"contests\":[\"chair\",\"council\"]},"
    "{\"id\":\"chair-only\",\"contests\":[\"chair\"]}],\n"
    "\"units\":[{\"id\":\"rome\",\"name\":\"Rome PE\",\"country\":\"Italy\",\"group\":\"europe\","
    "\"registered\":100,\"style\":\"full\"},"
    "{\"id\":\"oslo\",\"name\":\"Oslo PE\",\"country\":\"Norway\",\"group\":\"europe\","
    "\"registered\":50,\"style\":\"full\"},"
    "{\"id\":\"abuja\",\"name\":\"Abuja PE\",\"country\":\"Nigeria\",\"group\":\"africa\","
    "\"registered\":20,\"style\":\"chair-only\"}],\n"
    "\"merge\":{\"floor\":3},\n"
    "\"trustees\":{\"threshold\":2,\"who\":[{\"name\":\"T one\",\"key\":\"%s\"},"
    "{\"name\":\"T two\",\"key\":\"%s\"},{\"name\":\"T three\",\"key\":\"%s\"}]},\n"
    "\"registrars\":{\"quorum\":1,\"who\":[{\"name\":\"R one\",\"key\":\"%s\"}]},\n"
    "\"officers\":{\"quorum\":2,\"who\":[{\"name\":\"O one\",\"key\":\"%s\"},"
    "{\"name\":\"O two\",\"key\":\"%s\"}]},\n"
    "\"log\":{\"origin\":\"vote.example/small\",\"key\":\"%s\"},\n"
    "\"batch\":{\"interval_s\":2,\"deadline_s\":60},"
    "\"check\":[\"second-device\",\"challenge\"],\"revote\":\"last\",\n"
    "\"witnesses\":{\"quorum\":0,\"who\":[]}}\n";

static void must(tp_err err, const tp_fault *fault) {
    if (err != TP_OK) fail_msg("%s: %s (%s)", tp_err_name(err), fault->code, fault->where);
}

/* ---- keys and manifest ---- */

static void hex_key(char out[static 65], const uint8_t key[static 32]) {
    sodium_bin2hex(out, 65, key, 32);
}

/* A key pair from a fixed label: its secret scalar, and its public key in hex. */
static void signer(uint8_t secret[static 32], char hex[static 65], const char *label) {
    uint8_t wide[64], key[32];
    tp_secret_key sk;
    tp_sha512(wide, label, strlen(label));
    assert_int_equal(tp_keypair(&sk, key, wide), TP_OK);
    tp_scalar_encode(secret, &sk.x);
    hex_key(hex, key);
}

static void make_manifest(fixture *f, const char *id) {
    char trustee[3][65], officer[2][65], registrar[65], log[65], label[32];
    uint8_t log_seed[32], log_key[32];
    for (int i = 0; i < FIXTURE_TRUSTEES; i++) {
        tp_trustee_keys keys;
        int n = snprintf(label, sizeof label, "fixture trustee %d", i + 1);
        tp_sha256(f->seed[i], label, (size_t)n);
        tp_trustee_derive(&keys, f->seed[i]);
        hex_key(trustee[i], keys.identity_key);
    }
    signer(f->officer[0], officer[0], "fixture officer 1");
    signer(f->officer[1], officer[1], "fixture officer 2");
    signer(f->registrar[0], registrar, "fixture registrar 1");
    tp_sha256(log_seed, "fixture log", 11);
    crypto_sign_seed_keypair(log_key, f->log_secret, log_seed);
    hex_key(log, log_key);
    size_t room = sizeof manifest_text + 7 * 64 + strlen(id);
    f->json = malloc(room);
    f->json_len = (size_t)snprintf(f->json, room, manifest_text, id, trustee[0], trustee[1],
                                   trustee[2], registrar, officer[0], officer[1], log);
}

void fixture_random(fixture *f, uint8_t out[static 32]) {
    uint8_t block[16] = "fixture";
    tp_put_u64be(block + 8, f->drawn++);
    tp_sha256(out, block, sizeof block);
}

static void make_voters(fixture *f) {
    for (size_t v = 0; v < FIXTURE_VOTERS; v++) {
        uint8_t wide[64];
        char label[32];
        tp_point key;
        int n = snprintf(label, sizeof label, "fixture voter %zu", v);
        tp_credential *c = &f->voters[v].credential;
        tp_sha512(wide, label, (size_t)n);
        tp_scalar_wide(&f->voters[v].secret, wide);
        tp_points_mul_base(&key, &f->voters[v].secret, 1);
        tp_points_encode((uint8_t(*)[32])c->key, &key, 1);
        c->unit = (uint16_t)(v % FIXTURE_UNITS);
        c->style = f->manifest.units[c->unit].style;
    }
}

/* Entry 0 and all else that follows from the manifest. */
static void begin(fixture *f) {
    tp_fault fault;
    tp_entry e = {.type = TP_ENTRY_MANIFEST};
    must(tp_manifest_parse(&f->manifest, f->json, f->json_len, &fault), &fault);
    make_voters(f);
    tp_frontier_init(&f->tree);
    tp_frontier_root(&f->tree, &f->roots[0]);
    tp_board_init(&f->board);
    f->now = f->manifest.open_time;
    memcpy(e.u.document.hash, f->manifest.fingerprint, 32);
    e.u.document.len = f->json_len;
    must(fixture_append(f, &e, &fault), &fault);
}

void fixture_init(fixture *f, const char *id) {
    assert_int_not_equal(sodium_init(), -1);
    memset(f, 0, sizeof *f);
    make_manifest(f, id ? id : "fixture");
    begin(f);
}

void fixture_init_with(fixture *f, const char *from, const char *to) {
    fixture_init(f, NULL);
    char *json = fixture_manifest_with(f, from, to);
    fixture_free(f);
    make_manifest(f, "fixture");
    free(f->json);
    f->json = json;
    f->json_len = strlen(json);
    begin(f);
}

void fixture_free(fixture *f) {
    for (size_t i = 0; i < f->count; i++)
        free(f->entries[i].bytes);
    for (size_t i = 0; i < f->pending_count; i++)
        free(f->pending[i].bytes);
    tp_board_free(&f->board);
    tp_manifest_free(&f->manifest);
    tp_styles_free(&f->styles);
    free(f->json);
    memset(f, 0, sizeof *f);
}

char *fixture_manifest_with(const fixture *f, const char *from, const char *to) {
    size_t hits = 0, from_len = strlen(from), to_len = strlen(to);
    for (const char *p = f->json; (p = strstr(p, from)); p += from_len)
        hits++;
    if (!hits) fail_msg("nothing to replace: %s", from);
    char *out = malloc(f->json_len + hits * to_len + 1), *w = out;
    const char *p = f->json;
    for (const char *hit; (hit = strstr(p, from)); p = hit + from_len) {
        memcpy(w, p, (size_t)(hit - p));
        memcpy(w + (hit - p), to, to_len);
        w += (size_t)(hit - p) + to_len;
    }
    strcpy(w, p);
    return out;
}

/* ---- the log ---- */

static bool root_of(void *ctx, uint64_t size, uint8_t root[static 32]) {
    const fixture *f = ctx;
    if (size > f->count) return false;
    memcpy(root, f->roots[size].b, 32);
    return true;
}

tp_err fixture_append_bytes(fixture *f, const uint8_t *bytes, size_t len, tp_fault *fault) {
    tp_entry e;
    tp_hash leaf;
    assert_true(f->count < FIXTURE_ENTRIES);
    tp_err err = tp_entry_read(&e, bytes, len, fault);
    if (err == TP_OK) err = tp_board_apply(&f->board, &e, &f->manifest, false, root_of, f, fault);
    if (err != TP_OK) return err;
    fixture_bytes *kept = &f->entries[f->count++];
    kept->bytes = malloc(len);
    kept->len = len;
    memcpy(kept->bytes, bytes, len);
    tp_tree_leaf(&leaf, bytes, len);
    assert_int_equal(tp_frontier_append(&f->tree, &leaf), TP_OK);
    tp_frontier_root(&f->tree, &f->roots[f->count]);
    return TP_OK;
}

tp_err fixture_append(fixture *f, const tp_entry *e, tp_fault *fault) {
    static uint8_t bytes[TP_MAX_ENTRY];
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    assert_int_equal(tp_entry_write(&w, e), TP_OK);
    return fixture_append_bytes(f, bytes, w.len, fault);
}

void fixture_sign_officers(fixture *f, tp_entry *e) {
    for (uint16_t i = 0; i < FIXTURE_OFFICERS; i++) {
        uint8_t random[32];
        fixture_random(f, random);
        tp_err err =
            tp_entry_sign(e, f->manifest.fingerprint, (uint16_t)(i + 1), f->officer[i], random);
        assert_int_equal(err, TP_OK);
    }
}

void fixture_sign_act(fixture *f, tp_entry *e, tp_act act, const uint8_t *subject,
                      uint16_t reason) {
    *e =
        (tp_entry){.type = TP_ENTRY_ACT, .u.act = {.act = act, .time = f->now++, .reason = reason}};
    if (subject) memcpy(e->u.act.subject, subject, 32);
    fixture_sign_officers(f, e);
}

void fixture_sign_roll(fixture *f, tp_entry *e, uint8_t *units) {
    tp_writer w = tp_writer_of(units, FIXTURE_UNITS * TP_UNIT_ROLL_LEN);
    *e = (tp_entry){.type = TP_ENTRY_ROLL,
                    .u.roll = {.time = f->now++, .units = units, .unit_count = FIXTURE_UNITS}};
    memset(e->u.roll.root, 7, 32);
    for (size_t i = 0; i < FIXTURE_UNITS; i++) {
        uint32_t registered = f->manifest.units[i].registered;
        for (size_t k = 0; k < 3; k++)
            tp_write_u32(&w, registered);
        e->u.roll.leaves += registered;
    }
    fixture_sign_officers(f, e);
}

void fixture_sign_changes(fixture *f, tp_entry *e, const uint8_t *list, size_t count) {
    *e = (tp_entry){.type = TP_ENTRY_CHANGES,
                    .u.changes = {.time = f->now++, .list = list, .count = count}};
    fixture_sign_officers(f, e);
}

tp_err fixture_roll(fixture *f, tp_fault *fault) {
    uint8_t units[FIXTURE_UNITS * TP_UNIT_ROLL_LEN];
    tp_entry e;
    fixture_sign_roll(f, &e, units);
    return fixture_append(f, &e, fault);
}

tp_err fixture_act(fixture *f, tp_act act, const uint8_t *subject, uint16_t reason,
                   tp_fault *fault) {
    tp_entry e;
    fixture_sign_act(f, &e, act, subject, reason);
    return fixture_append(f, &e, fault);
}

/* ---- ceremony ---- */

void fixture_sign_trustee(fixture *f, tp_entry *e, uint16_t trustee) {
    tp_trustee_keys keys;
    uint8_t random[32];
    fixture_random(f, random);
    tp_trustee_derive(&keys, f->seed[trustee - 1]);
    tp_err err = tp_entry_sign(e, f->manifest.fingerprint, trustee, keys.identity_secret, random);
    assert_int_equal(err, TP_OK);
}

static tp_err confirm(fixture *f, tp_writer *w, uint16_t trustee) {
    tp_entry e = {.type = TP_ENTRY_CONFIRM};
    memcpy(e.u.confirm.key_digest, tp_ceremony_keys(f->board.ceremony)->digest, 32);
    fixture_sign_trustee(f, &e, trustee);
    return tp_entry_write(w, &e);
}

static tp_err liveness(fixture *f, tp_writer *w, uint16_t trustee, const uint8_t *random) {
    tp_scalar x[FIXTURE_POINTS];
    tp_fault fault;
    const uint8_t *seed = f->seed[trustee - 1];
    tp_err err = tp_ceremony_secret(x, f->board.ceremony, trustee, seed, &fault);
    if (err != TP_OK) return err;
    return tp_liveness_make(w, f->board.ceremony, trustee, seed, x, f->now++, f->count,
                            f->roots[f->count].b, random);
}

tp_err fixture_step(fixture *f, tp_entry_type type, uint16_t trustee, uint8_t *bytes, size_t *len) {
    tp_writer w = tp_writer_of(bytes, TP_MAX_ENTRY);
    tp_err err = TP_REFUSED;
    uint8_t random[32], *seed = f->seed[trustee - 1];
    fixture_random(f, random);
    if (type == TP_ENTRY_COMMIT)
        err = tp_ceremony_commit(&w, f->board.ceremony, trustee, seed, random);
    else if (type == TP_ENTRY_DEAL)
        err = tp_ceremony_deal(&w, f->board.ceremony, trustee, seed, random);
    else if (type == TP_ENTRY_CONFIRM)
        err = confirm(f, &w, trustee);
    else if (type == TP_ENTRY_LIVENESS)
        err = liveness(f, &w, trustee, random);
    *len = w.len;
    return err;
}

void fixture_ceremony(fixture *f) {
    static const tp_entry_type steps[] = {TP_ENTRY_COMMIT, TP_ENTRY_DEAL, TP_ENTRY_CONFIRM,
                                          TP_ENTRY_LIVENESS};
    static uint8_t bytes[TP_MAX_ENTRY];
    tp_fault fault;
    size_t len;
    must(fixture_act(f, TP_ACT_APPROVE, f->manifest.fingerprint, 0, &fault), &fault);
    for (size_t s = 0; s < 4; s++)
        for (uint16_t i = 1; i <= FIXTURE_TRUSTEES; i++) {
            assert_int_equal(fixture_step(f, steps[s], i, bytes, &len), TP_OK);
            must(fixture_append_bytes(f, bytes, len, &fault), &fault);
        }
    tp_err err = tp_styles_make(&f->styles, &f->manifest, tp_ceremony_keys(f->board.ceremony));
    assert_int_equal(err, TP_OK);
}

/* ---- voters ---- */

void fixture_registration(fixture *f, tp_registration *r, size_t voter) {
    const tp_credential *c = &f->voters[voter].credential;
    uint8_t random[32];
    fixture_random(f, random);
    memset(r, 0, sizeof *r);
    memcpy(r->credential, c->key, 32);
    r->unit = c->unit;
    r->style = c->style;
    r->registrars.count = 1;
    tp_err err = tp_registration_sign(&r->registrars.by[0], r, f->manifest.fingerprint, 1,
                                      f->registrar[0], random);
    assert_int_equal(err, TP_OK);
}

static int by_credential(const void *a, const void *b) {
    return memcmp(((const tp_registration *)a)->credential,
                  ((const tp_registration *)b)->credential, 32);
}

void fixture_enrol(fixture *f, size_t n) {
    static uint8_t bytes[TP_MAX_ENTRY];
    tp_registration *list = calloc(n, sizeof *list);
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    tp_fault fault;
    for (size_t v = 0; v < n; v++)
        fixture_registration(f, &list[v], v);
    qsort(list, n, sizeof *list, by_credential);
    tp_write_u8(&w, TP_ENTRY_REGISTRATIONS);
    for (size_t v = 0; v < n; v++)
        tp_registration_write(&w, &list[v]);
    must(fixture_append_bytes(f, bytes, w.len, &fault), &fault);
    free(list);
}

void fixture_open(fixture *f) {
    tp_fault fault;
    const uint8_t *digest = tp_ceremony_keys(f->board.ceremony)->digest;
    if (!f->board.electorate) must(fixture_roll(f, &fault), &fault);
    must(fixture_act(f, TP_ACT_OPEN, digest, 0, &fault), &fault);
}

size_t fixture_seal(fixture *f, uint8_t *out, size_t voter, const uint8_t *choices) {
    const fixture_voter *v = &f->voters[voter];
    const tp_credential *c = &v->credential;
    const tp_ballot_style *s = &f->styles.list[c->style];
    uint8_t random[32];
    void *scratch = aligned_alloc(64, (tp_ballot_seal_scratch(s) + 127) / 64 * 64);
    fixture_random(f, random);
    tp_err err = tp_ballot_seal(out, s, &v->secret, c->key, c->unit, c->sequence + 1, c->tip,
                                choices, random, scratch);
    assert_int_equal(err, TP_OK);
    free(scratch);
    return tp_ballot_size(s);
}

void fixture_vote(fixture *f, size_t voter, const uint8_t *choices) {
    fixture_voter *v = &f->voters[voter];
    fixture_bytes *kept = &f->pending[f->pending_count++];
    kept->bytes = malloc(FIXTURE_BALLOT);
    kept->len = fixture_seal(f, kept->bytes, voter, choices);
    v->credential.sequence++;
    tp_ballot_hash(v->credential.tip, kept->bytes, kept->len);
    memcpy(v->choices, choices, FIXTURE_CHOICES);
}

static int by_hash(const void *a, const void *b) {
    const fixture_bytes *x = a, *y = b;
    uint8_t hx[32], hy[32];
    tp_ballot_hash(hx, x->bytes, x->len);
    tp_ballot_hash(hy, y->bytes, y->len);
    return memcmp(hx, hy, 32);
}

void fixture_batch(fixture *f) {
    tp_fault fault;
    tp_entry batch = {.type = TP_ENTRY_BATCH,
                      .u.batch = {.number = f->board.batches + 1,
                                  .time = f->now++,
                                  .ballots = (uint32_t)f->pending_count}};
    qsort(f->pending, f->pending_count, sizeof f->pending[0], by_hash);
    for (size_t i = 0; i < f->pending_count; i++) {
        tp_entry e = {.type = TP_ENTRY_BALLOT,
                      .u.ballot = {.bytes = f->pending[i].bytes, .len = f->pending[i].len}};
        must(fixture_append(f, &e, &fault), &fault);
        free(f->pending[i].bytes);
    }
    f->pending_count = 0;
    must(fixture_append(f, &batch, &fault), &fault);
}

void fixture_closed(fixture *f) {
    tp_fault fault;
    fixture_ceremony(f);
    fixture_enrol(f, FIXTURE_VOTERS);
    fixture_open(f);
    for (size_t round = 0; round < 2; round++) {
        for (size_t v = 0; v < FIXTURE_VOTERS; v += 1 + 3 * round) {
            uint8_t choices[FIXTURE_CHOICES] = {0};
            size_t pick = (v * 7 + round * 3) % 11;
            if (pick % 4) choices[pick % 4 - 1] = 1;
            choices[3 + pick % 5] = 1;
            choices[3 + (pick + round * v) % 5] = 1;
            fixture_vote(f, v, choices);
        }
        fixture_batch(f);
    }
    must(fixture_act(f, TP_ACT_CLOSE, NULL, 0, &fault), &fault);
    fixture_batch(f);
}

/* ---- what must come out ---- */

void fixture_counted(const fixture *f, uint32_t *counted) {
    memset(counted, 0, f->manifest.contest_count * FIXTURE_UNITS * sizeof *counted);
    for (size_t v = 0; v < FIXTURE_VOTERS; v++) {
        const tp_credential *c = &f->voters[v].credential;
        const tp_style *style = &f->manifest.styles[c->style];
        for (size_t i = 0; tp_credential_counts(c) && i < style->contest_count; i++)
            counted[style->contests[i] * FIXTURE_UNITS + c->unit]++;
    }
}

static bool in_set(const tp_reporting_set *set, const tp_credential *c) {
    for (size_t i = 0; i < set->unit_count; i++)
        if (set->units[i] == c->unit) return tp_credential_counts(c);
    return false;
}

void fixture_expected(const fixture *f, const tp_reporting_set *set, uint32_t *totals) {
    size_t first = set->contest ? 3 : 0, n = f->manifest.contests[set->contest].shape.n;
    memset(totals, 0, n * sizeof *totals);
    for (size_t v = 0; v < FIXTURE_VOTERS; v++)
        for (size_t k = 0; in_set(set, &f->voters[v].credential) && k < n; k++)
            totals[k] += f->voters[v].choices[first + k];
}

/* The newest ballot of a voter, off the board. */
static const uint8_t *tip_of(const fixture *f, const tp_credential *c) {
    for (size_t i = 0; i < f->count; i++) {
        uint8_t hash[32];
        if (f->entries[i].bytes[0] != TP_ENTRY_BALLOT) continue;
        tp_ballot_hash(hash, f->entries[i].bytes + 1, f->entries[i].len - 1);
        if (!memcmp(hash, c->tip, 32)) return f->entries[i].bytes + 1;
    }
    fail_msg("a ballot is not on the board");
    return NULL;
}

static void add_ballot(const fixture *f, tp_point *sum, const tp_credential *c, uint16_t contest) {
    const tp_ballot_style *s = &f->styles.list[c->style];
    const uint8_t *proof = tip_of(f, c) + TP_BALLOT_HEAD;
    for (size_t i = 0; i < s->contest_count; i++) {
        tp_point points[1 + FIXTURE_POINTS];
        size_t p = tp_sum_points(&s->contests[i].shape);
        if (s->contests[i].index == contest) {
            tp_err err = tp_points_decode_var(points, tp_rows(proof), 1 + p, NULL);
            assert_int_equal(err, TP_OK);
            tp_sum_aggregate_var(sum, points, &s->contests[i].shape);
        }
        proof += tp_sum_len(&s->contests[i].shape);
    }
}

void fixture_aggregate(const fixture *f, tp_aggregates *a) {
    static uint8_t bytes[1 << 16], encoded[16][1 + FIXTURE_POINTS][32];
    uint32_t counted[2 * FIXTURE_UNITS];
    tp_aggregate list[16];
    tp_aggregates draft = {.board_size = f->board.close_size, .list = list};
    tp_reporting plan;
    tp_fault fault;
    fixture_counted(f, counted);
    assert_int_equal(tp_reporting_plan(&plan, &f->manifest, counted), TP_OK);
    memcpy(draft.board_root, f->roots[f->board.close_size].b, 32);
    for (draft.count = 0; draft.count < plan.count; draft.count++) {
        tp_point sum[1 + FIXTURE_POINTS];
        tp_aggregate *one = &list[draft.count];
        *one = (tp_aggregate){.set = plan.sets[draft.count]};
        for (size_t i = 0; i < 1 + FIXTURE_POINTS; i++)
            tp_point_identity(&sum[i]);
        for (size_t v = 0; v < FIXTURE_VOTERS; v++)
            if (in_set(&one->set, &f->voters[v].credential))
                add_ballot(f, sum, &f->voters[v].credential, one->set.contest);
        tp_points_encode(encoded[draft.count], sum, 1 + FIXTURE_POINTS);
        memcpy(one->r, encoded[draft.count][0], 32);
        one->c = encoded[draft.count] + 1;
    }
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    assert_int_equal(tp_aggregates_write(&w, &f->manifest, &draft), TP_OK);
    must(tp_aggregates_read(a, &f->manifest, bytes, w.len, &fault), &fault);
    tp_reporting_free(&plan);
}
