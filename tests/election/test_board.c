/* The board's state machine. spec: S-1..S-16, S-20..S-25 */
#include "tests/election/fixture.h"

static fixture *f;

static int set_up(void **state) {
    (void)state;
    f = calloc(1, sizeof *f);
    fixture_init(f, NULL);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    fixture_free(f);
    free(f);
    return 0;
}

static void must(tp_err err, const tp_fault *fault) {
    if (err != TP_OK) fail_msg("%s: %s (%s)", tp_err_name(err), fault->code, fault->where);
}

/* Refused by this code, and the board is as before. */
static void refused(const tp_entry *e, tp_err err, const char *code) {
    tp_fault fault = {.code = ""};
    tp_board before = f->board;
    assert_int_equal(fixture_append(f, e, &fault), err);
    assert_string_equal(fault.code, code);
    assert_memory_equal(&before, &f->board, sizeof before);
}

static void act_refused(tp_act act, const uint8_t *subject, tp_err err, const char *code) {
    tp_entry e;
    fixture_sign_act(f, &e, act, subject, act == TP_ACT_EXCLUDE ? 1 : 0);
    refused(&e, err, code);
}

/* ---- every kind in every phase ---- */

/* The kinds: entry types, then acts. */
static void sample(tp_entry *e, int kind) {
    static uint8_t zeros[4096];
    *e = (tp_entry){.type = (tp_entry_type)kind, .signer = 1};
    if (kind > TP_ENTRY_CHANGES) {
        *e = (tp_entry){.type = TP_ENTRY_ACT, .u.act.time = 1};
        e->u.act.act = (tp_act)(kind - TP_ENTRY_CHANGES);
    }
    if (kind == TP_ENTRY_BALLOT) e->u.ballot.bytes = zeros, e->u.ballot.len = 10;
    if (kind == TP_ENTRY_DEAL) e->u.deal.bytes = zeros, e->u.deal.len = 10;
    if (kind == TP_ENTRY_OPENING) e->u.opening.shares = zeros, e->u.opening.len = 32;
    if (kind == TP_ENTRY_LIVENESS) e->u.liveness.proof = zeros, e->u.liveness.len = 64;
    if (kind == TP_ENTRY_REGISTRATIONS) e->body = tp_reader_of(zeros, 10);
}

/* One column a kind: MANIFEST, ACT (not tried alone), COMMIT, DEAL, COMPLAINT, OPENING, CONFIRM,
 * LIVENESS, REGISTRATIONS, CANCEL, BALLOT, BATCH, SHARES, ROLL, CHANGES; APPROVE OPEN CLOSE EXCLUDE
 * FREEZE PUBLISH. */
static const char *const table[] = {
    [TP_SETUP] = "-.#####"
                 "###-#-##"
                 "##----",
    [TP_OPEN] = "-.-----"
                "#####--#"
                "--##--",
    [TP_CLOSED] = "-.-----"
                  "--#-#---"
                  "---##-",
    [TP_FROZEN] = "-.-----"
                  "----##--"
                  "-----#",
    [TP_PUBLISHED] = "-.-----"
                     "----#---"
                     "------",
};

/* A copy of the board is tried, so nothing moves on; samples hold nothing that the ceremony takes.
 */
static void check_row(void) {
    for (int kind = TP_ENTRY_MANIFEST; kind <= (int)TP_ENTRY_CHANGES + (int)TP_ACT_PUBLISH;
         kind++) {
        char expected = table[f->board.phase][kind - 1];
        tp_board copy = f->board;
        tp_entry e;
        tp_fault fault = {.code = ""};
        if (expected == '.') continue;
        sample(&e, kind);
        tp_err err = tp_board_apply(&copy, &e, &f->manifest, true, NULL, NULL, &fault);
        bool phase = err != TP_OK && !strcmp(fault.code, "board.phase");
        if (phase != (expected == '-'))
            fail_msg("phase %s, kind %d: %s", tp_phase_name(f->board.phase), kind, fault.code);
    }
}

static void test_phases(void **state) {
    (void)state;
    tp_fault fault;
    uint8_t subject[32] = {1};
    tp_entry e = {.type = TP_ENTRY_SHARES, .u.document.len = 5};
    fixture_ceremony(f);
    check_row();
    fixture_enrol(f, 3);
    fixture_open(f);
    check_row();
    must(fixture_act(f, TP_ACT_CLOSE, NULL, 0, &fault), &fault);
    check_row();
    must(fixture_act(f, TP_ACT_EXCLUDE, subject, 1, &fault), &fault);
    must(fixture_act(f, TP_ACT_FREEZE, subject, 0, &fault), &fault);
    check_row();
    for (uint16_t i = 1; i <= 2; i++) {
        fixture_sign_trustee(f, &e, i);
        must(fixture_append(f, &e, &fault), &fault);
    }
    must(fixture_act(f, TP_ACT_PUBLISH, subject, 0, &fault), &fault);
    assert_int_equal(f->board.phase, TP_PUBLISHED);
    check_row();
    fixture_batch(f);
    assert_string_equal(tp_phase_name(f->board.phase), "published");
}

/* ---- setup ---- */

/* spec: S-1 */
static void test_first(void **state) {
    (void)state;
    tp_board b;
    tp_entry e = {.type = TP_ENTRY_BATCH, .u.batch.number = 1};
    tp_fault fault;
    tp_board_init(&b);
    assert_int_equal(tp_board_apply(&b, &e, &f->manifest, false, NULL, NULL, &fault), TP_REFUSED);
    assert_string_equal(fault.code, "board.order");
    e = (tp_entry){.type = TP_ENTRY_MANIFEST};
    assert_int_equal(tp_board_apply(&b, &e, &f->manifest, false, NULL, NULL, &fault), TP_INVALID);
    assert_string_equal(fault.code, "board.subject");
    memcpy(e.u.document.hash, f->manifest.fingerprint, 32);
    assert_int_equal(tp_board_apply(&b, &e, NULL, false, NULL, NULL, &fault), TP_REFUSED);
    assert_int_equal(tp_board_apply(&b, &e, &f->manifest, false, NULL, NULL, &fault), TP_OK);
    assert_int_equal(b.size, 1);
    tp_board_free(&b);
}

/* spec: S-4 */
static void test_approval(void **state) {
    (void)state;
    static uint8_t bytes[TP_MAX_ENTRY];
    tp_fault fault;
    size_t len;
    tp_entry e;
    assert_int_equal(fixture_step(f, TP_ENTRY_COMMIT, 1, bytes, &len), TP_OK);
    assert_int_equal(fixture_append_bytes(f, bytes, len, &fault), TP_REFUSED);
    assert_string_equal(fault.code, "board.order");
    fixture_batch(f); /* batches need no approval */
    act_refused(TP_ACT_APPROVE, NULL, TP_INVALID, "board.subject");
    fixture_sign_act(f, &e, TP_ACT_APPROVE, f->manifest.fingerprint, 0);
    e.college.count = 1;
    refused(&e, TP_REFUSED, "entry.quorum");
    must(fixture_act(f, TP_ACT_APPROVE, f->manifest.fingerprint, 0, &fault), &fault);
    act_refused(TP_ACT_APPROVE, f->manifest.fingerprint, TP_REFUSED, "board.repeat");
    assert_int_equal(fixture_append_bytes(f, bytes, len, &fault), TP_OK);
}

static void step(tp_entry_type type, uint16_t trustee) {
    static uint8_t bytes[TP_MAX_ENTRY];
    tp_fault fault;
    size_t len;
    assert_int_equal(fixture_step(f, type, trustee, bytes, &len), TP_OK);
    must(fixture_append_bytes(f, bytes, len, &fault), &fault);
}

/* All confirmations, t + 1 alive, the digest, and the time. spec: S-6 */
static void test_open(void **state) {
    (void)state;
    tp_fault fault;
    must(fixture_act(f, TP_ACT_APPROVE, f->manifest.fingerprint, 0, &fault), &fault);
    for (uint16_t i = 1; i <= 3; i++)
        step(TP_ENTRY_COMMIT, i);
    for (uint16_t i = 1; i <= 3; i++)
        step(TP_ENTRY_DEAL, i);
    const uint8_t *digest = tp_ceremony_keys(f->board.ceremony)->digest;
    step(TP_ENTRY_CONFIRM, 1);
    step(TP_ENTRY_CONFIRM, 2);
    for (uint16_t i = 1; i <= 2; i++)
        step(TP_ENTRY_LIVENESS, i);
    act_refused(TP_ACT_OPEN, digest, TP_REFUSED, "board.order");
    step(TP_ENTRY_CONFIRM, 3);
    act_refused(TP_ACT_OPEN, digest, TP_REFUSED, "board.order"); /* no roll: S-30 */
    must(fixture_roll(f, &fault), &fault);
    act_refused(TP_ACT_OPEN, digest, TP_REFUSED, "board.quorum");
    step(TP_ENTRY_LIVENESS, 1); /* the same one again is no third */
    act_refused(TP_ACT_OPEN, digest, TP_REFUSED, "board.quorum");
    step(TP_ENTRY_LIVENESS, 3);
    act_refused(TP_ACT_OPEN, NULL, TP_INVALID, "board.subject");
    f->manifest.test = false;
    f->now = f->manifest.open_time - 5;
    f->board.last_act = 0;
    act_refused(TP_ACT_OPEN, digest, TP_REFUSED, "board.time");
    f->now = f->manifest.open_time;
    must(fixture_act(f, TP_ACT_OPEN, digest, 0, &fault), &fault);
    assert_int_equal(f->board.opened_time, f->manifest.open_time);
}

/* spec: S-13 */
static void test_liveness(void **state) {
    (void)state;
    static uint8_t bytes[TP_MAX_ENTRY];
    tp_fault fault;
    size_t len;
    tp_entry e;
    fixture_ceremony(f);
    assert_int_equal(fixture_step(f, TP_ENTRY_LIVENESS, 1, bytes, &len), TP_OK);
    must(fixture_append_bytes(f, bytes, len, &fault), &fault);
    assert_int_equal(fixture_append_bytes(f, bytes, len, &fault), TP_REFUSED);
    assert_string_equal(fault.code, "board.repeat");
    /* a root that this board never had: true of another, not of this */
    tp_hash root = f->roots[f->count];
    f->roots[f->count].b[0] ^= 1;
    assert_int_equal(fixture_step(f, TP_ENTRY_LIVENESS, 1, bytes, &len), TP_OK);
    f->roots[f->count] = root;
    assert_int_equal(fixture_append_bytes(f, bytes, len, &fault), TP_INVALID);
    assert_string_equal(fault.code, "board.root");
    /* a size that it has not reached */
    size_t count = f->count++;
    f->roots[f->count] = root;
    assert_int_equal(fixture_step(f, TP_ENTRY_LIVENESS, 1, bytes, &len), TP_OK);
    f->count = count;
    assert_int_equal(tp_entry_read(&e, bytes, len, &fault), TP_OK);
    assert_int_equal(tp_board_apply(&f->board, &e, NULL, false, NULL, NULL, &fault), TP_INVALID);
    assert_string_equal(fault.code, "board.root");
}

static void batch_at(uint64_t time) {
    tp_fault fault;
    tp_entry e = {.type = TP_ENTRY_BATCH,
                  .u.batch = {.number = f->board.batches + 1, .time = time}};
    must(fixture_append(f, &e, &fault), &fault);
}

/* What was prepared on a day is taken until the end of the next one, and no longer. spec: S-19 */
static void test_stale(void **state) {
    (void)state;
    enum { DAY = 86400 };
    static uint8_t bytes[3][TP_MAX_ENTRY];
    tp_fault fault;
    size_t len[3];
    fixture_ceremony(f);
    uint64_t monday = 12345 * (uint64_t)DAY;
    assert_int_equal(fixture_step(f, TP_ENTRY_LIVENESS, 1, bytes[0], &len[0]), TP_OK);
    batch_at(monday);
    batch_at(monday + DAY - 1);
    batch_at(monday + DAY);
    must(fixture_append_bytes(f, bytes[0], len[0], &fault), &fault);
    assert_int_equal(fixture_step(f, TP_ENTRY_LIVENESS, 1, bytes[0], &len[0]), TP_OK);
    assert_int_equal(fixture_step(f, TP_ENTRY_LIVENESS, 2, bytes[1], &len[1]), TP_OK);
    batch_at(monday + 2 * DAY - 1);
    batch_at(monday + 2 * DAY);
    must(fixture_append_bytes(f, bytes[0], len[0], &fault), &fault);
    batch_at(monday + 3 * DAY);
    assert_int_equal(fixture_append_bytes(f, bytes[1], len[1], &fault), TP_REFUSED);
    assert_string_equal(fault.code, "board.stale");
    assert_int_equal(fixture_step(f, TP_ENTRY_LIVENESS, 3, bytes[2], &len[2]), TP_OK);
    batch_at(monday + 3 * DAY);
    batch_at(monday + 9 * DAY);
    assert_int_equal(fixture_append_bytes(f, bytes[2], len[2], &fault), TP_REFUSED);
    assert_string_equal(fault.code, "board.stale");
    step(TP_ENTRY_LIVENESS, 3);
}

/* spec: S-12 */
static void test_registrations(void **state) {
    (void)state;
    uint8_t bytes[512];
    tp_registration r;
    tp_fault fault;
    fixture_ceremony(f);
    fixture_registration(f, &r, 0);
    r.registrars.by[0].signature[3] ^= 1;
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    tp_write_u8(&w, TP_ENTRY_REGISTRATIONS);
    tp_registration_write(&w, &r);
    assert_int_equal(fixture_append_bytes(f, bytes, w.len, &fault), TP_INVALID);
    assert_string_equal(fault.code, "registration.signature");
    fixture_enrol(f, 5);
}

/* ---- ballots, batches ---- */

static void test_batches(void **state) {
    (void)state;
    static uint8_t one[FIXTURE_BALLOT], two[FIXTURE_BALLOT];
    const uint8_t choices[FIXTURE_CHOICES] = {1, 0, 0, 1};
    uint8_t hash_one[32], hash_two[32];
    tp_fault fault;
    fixture_ceremony(f);
    fixture_enrol(f, 3);
    fixture_open(f);
    tp_entry a = {.type = TP_ENTRY_BALLOT, .u.ballot.bytes = one}, b = a, batch;
    a.u.ballot.len = fixture_seal(f, one, 0, choices);
    b.u.ballot.bytes = two;
    b.u.ballot.len = fixture_seal(f, two, 1, choices);
    tp_ballot_hash(hash_one, one, a.u.ballot.len);
    tp_ballot_hash(hash_two, two, b.u.ballot.len);
    if (memcmp(hash_one, hash_two, 32) > 0) {
        tp_entry t = a;
        a = b, b = t;
    }
    must(fixture_append(f, &b, &fault), &fault);
    refused(&a, TP_REFUSED, "board.order"); /* descending */
    refused(&b, TP_REFUSED, "board.order"); /* twice */
    act_refused(TP_ACT_CLOSE, NULL, TP_REFUSED, "board.batch");
    act_refused(TP_ACT_EXCLUDE, hash_one, TP_REFUSED, "board.batch");
    batch =
        (tp_entry){.type = TP_ENTRY_BATCH, .u.batch = {.number = 1, .time = f->now, .ballots = 1}};
    batch.u.batch.number = 2;
    refused(&batch, TP_REFUSED, "board.batch");
    batch.u.batch.number = 1;
    batch.u.batch.ballots = 2;
    refused(&batch, TP_REFUSED, "board.batch");
    batch.u.batch.ballots = 0;
    refused(&batch, TP_REFUSED, "board.batch");
    batch.u.batch.ballots = 1;
    must(fixture_append(f, &batch, &fault), &fault);
    assert_int_equal(f->board.batches, 1);
    must(fixture_append(f, &a, &fault), &fault); /* order is within a batch */
    batch.u.batch.number = 2;
    batch.u.batch.time--;
    refused(&batch, TP_REFUSED, "board.time");
    batch.u.batch.time++;
    must(fixture_append(f, &batch, &fault), &fault);
}

/* ---- the end ---- */

/* C5 on the board: no freeze before close, no shares before freeze, no close before its time. */
static void test_close(void **state) {
    (void)state;
    tp_fault fault;
    uint8_t subject[32] = {1};
    tp_entry shares = {.type = TP_ENTRY_SHARES, .u.document.len = 5};
    fixture_ceremony(f);
    fixture_enrol(f, 3);
    fixture_open(f);
    act_refused(TP_ACT_FREEZE, subject, TP_REFUSED, "board.phase");
    fixture_sign_trustee(f, &shares, 1);
    refused(&shares, TP_REFUSED, "board.phase");
    act_refused(TP_ACT_CLOSE, subject, TP_INVALID, "board.subject");
    f->manifest.test = false;
    f->now = f->manifest.close_time - 2;
    act_refused(TP_ACT_CLOSE, NULL, TP_REFUSED, "board.time");
    f->now = f->manifest.close_time;
    must(fixture_act(f, TP_ACT_CLOSE, NULL, 0, &fault), &fault);
    assert_int_equal(f->board.close_size, f->count);
    assert_int_equal(f->board.closed_time, f->manifest.close_time);
    f->now -= 10;
    act_refused(TP_ACT_FREEZE, subject, TP_REFUSED, "board.time");
    f->now += 10;
    refused(&shares, TP_REFUSED, "board.phase");
    must(fixture_act(f, TP_ACT_FREEZE, subject, 0, &fault), &fault);
    assert_memory_equal(f->board.freeze_hash, subject, 32);
    subject[0] = 2;
    act_refused(TP_ACT_FREEZE, subject, TP_REFUSED, "board.phase"); /* the first one holds */
    act_refused(TP_ACT_EXCLUDE, subject, TP_REFUSED, "board.phase");
    must(fixture_append(f, &shares, &fault), &fault);
    refused(&shares, TP_REFUSED, "board.repeat");
    act_refused(TP_ACT_PUBLISH, subject, TP_REFUSED, "board.quorum");
    shares.u.document.len = 0;
    fixture_sign_trustee(f, &shares, 2);
    refused(&shares, TP_REFUSED, "board.subject");
    shares.u.document.len = 5;
    fixture_sign_trustee(f, &shares, 2);
    must(fixture_append(f, &shares, &fault), &fault);
    must(fixture_act(f, TP_ACT_PUBLISH, subject, 0, &fault), &fault);
}

/* Applied with signatures taken as checked, a foreign signer still finds no place. */
static void test_signer_range(void **state) {
    (void)state;
    tp_entry e = {.type = TP_ENTRY_LIVENESS};
    tp_fault fault;
    fixture_ceremony(f);
    for (uint16_t signer = 0; signer < 6; signer += 4) {
        e.signer = signer;
        tp_err err = tp_board_apply(&f->board, &e, NULL, true, NULL, NULL, &fault);
        assert_int_equal(err, TP_REFUSED);
        assert_string_equal(fault.code, "entry.signer");
    }
}

/* ---- credentials ---- */

static void rule(const tp_credential *c, const tp_ballot *b, const char *code) {
    tp_fault fault = {.code = ""};
    tp_err err = tp_cast_rule(c, b, &fault);
    assert_int_equal(err, code[0] ? TP_REFUSED : TP_OK);
    assert_string_equal(fault.code, code);
}

/* spec: S-20..S-25 */
static void test_credentials(void **state) {
    (void)state;
    tp_credential c = {.unit = 1, .style = 0}, d;
    tp_ballot b = {.unit = 1, .style = 0, .sequence = 1}, x;
    c.key[0] = b.credential[0] = 7;
    rule(&c, &b, "");
    rule(NULL, &b, "ballot.credential");
    x = b, x.credential[1] = 1;
    rule(&c, &x, "ballot.credential");
    d = c, d.cancelled = true;
    rule(&d, &b, "ballot.cancelled");
    x = b, x.unit = 0;
    rule(&c, &x, "ballot.unit");
    x = b, x.style = 1;
    rule(&c, &x, "ballot.style");
    x = b, x.sequence = 2;
    rule(&c, &x, "ballot.sequence");
    x = b, x.previous[0] = 1;
    rule(&c, &x, "ballot.previous");
    d = c, d.sequence = 1, d.tip[0] = 9;
    rule(&d, &b, "ballot.sequence"); /* number 1 again */
    x = b, x.sequence = 2, x.previous[0] = 9;
    rule(&d, &x, "");
    x.previous[0] = 8;
    rule(&d, &x, "ballot.previous");
    x.previous[0] = 9, x.sequence = 3;
    rule(&d, &x, "ballot.sequence"); /* a gap */
    d.sequence = UINT32_MAX, x.sequence = 0;
    rule(&d, &x, "ballot.sequence"); /* no way round */
    assert_false(tp_credential_counts(&c));
    d = c, d.sequence = 1;
    assert_true(tp_credential_counts(&d));
    d.excluded = true;
    assert_false(tp_credential_counts(&d));
    d.excluded = false, d.cancelled = true;
    assert_false(tp_credential_counts(&d));
}

/* An act with a false signature: refused by this code, the first of those that hold. */
static void false_act_refused(tp_act act, const uint8_t *subject, tp_err err, const char *code) {
    tp_entry e;
    fixture_sign_act(f, &e, act, subject, 0);
    e.college.by[0].signature[40] ^= 1;
    refused(&e, err, code);
}

/* Of several faults the first in the order is named: phase, approval, batch, signatures, rules.
 * spec: S-18 */
static void test_order_of_faults(void **state) {
    (void)state;
    static uint8_t ballot[FIXTURE_BALLOT], bytes[TP_MAX_ENTRY];
    const uint8_t choices[FIXTURE_CHOICES] = {1, 0, 0, 1};
    const uint8_t other[32] = {7};
    tp_fault fault;
    size_t len;
    false_act_refused(TP_ACT_CLOSE, NULL, TP_REFUSED, "board.phase"); /* nor approved */
    assert_int_equal(fixture_step(f, TP_ENTRY_COMMIT, 1, bytes, &len), TP_OK);
    bytes[len - 1] ^= 1; /* not approved, and a false signature */
    assert_int_equal(fixture_append_bytes(f, bytes, len, &fault), TP_REFUSED);
    assert_string_equal(fault.code, "board.order");
    false_act_refused(TP_ACT_APPROVE, other, TP_INVALID, "entry.signature"); /* nor its subject */
    fixture_ceremony(f);
    fixture_enrol(f, 3);
    false_act_refused(TP_ACT_FREEZE, other, TP_REFUSED, "board.phase");
    fixture_open(f);
    tp_entry b = {.type = TP_ENTRY_BALLOT, .u.ballot.bytes = ballot};
    b.u.ballot.len = fixture_seal(f, ballot, 0, choices);
    must(fixture_append(f, &b, &fault), &fault);
    false_act_refused(TP_ACT_CLOSE, other, TP_REFUSED, "board.batch"); /* the ballot has no batch */
    tp_entry batch = {.type = TP_ENTRY_BATCH,
                      .u.batch = {.number = 1, .time = f->now++, .ballots = 1}};
    must(fixture_append(f, &batch, &fault), &fault);
    false_act_refused(TP_ACT_CLOSE, other, TP_INVALID, "entry.signature");
    act_refused(TP_ACT_CLOSE, other, TP_INVALID, "board.subject");
}

int main(void) {
#define EACH(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        EACH(test_phases),        EACH(test_first),       EACH(test_approval),
        EACH(test_open),          EACH(test_liveness),    EACH(test_stale),
        EACH(test_registrations), EACH(test_batches),     EACH(test_close),
        EACH(test_signer_range),  EACH(test_credentials), EACH(test_order_of_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
