/* The ceremony, step by step, right and wrong. spec: X-1..X-17; attacks E1..E4 on its messages */
#include "tests/election/fixture.h"

#include "election/ceremony_state.h"

static fixture *f;
static uint8_t entry_bytes[TP_MAX_ENTRY];

static int set_up(void **state) {
    (void)state;
    tp_fault fault;
    f = calloc(1, sizeof *f);
    fixture_init(f, NULL);
    assert_int_equal(fixture_act(f, TP_ACT_APPROVE, f->manifest.fingerprint, 0, &fault), TP_OK);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    fixture_free(f);
    free(f);
    return 0;
}

static void step(tp_entry_type type, uint16_t trustee) {
    tp_fault fault = {.code = ""};
    size_t len;
    assert_int_equal(fixture_step(f, type, trustee, entry_bytes, &len), TP_OK);
    tp_err err = fixture_append_bytes(f, entry_bytes, len, &fault);
    assert_string_equal(fault.code, "");
    assert_int_equal(err, TP_OK);
}

static void all_steps(tp_entry_type type) {
    for (uint16_t i = 1; i <= 3; i++)
        step(type, i);
}

/* The entry is signed, and refused for this reason. */
static void refused(tp_entry *e, uint16_t trustee, tp_err err, const char *code) {
    tp_fault fault = {.code = ""};
    size_t count = f->count;
    fixture_sign_trustee(f, e, trustee);
    assert_int_equal(fixture_append(f, e, &fault), err);
    assert_string_equal(fault.code, code);
    assert_int_equal(f->count, count);
}

static void taken(tp_entry *e, uint16_t trustee) {
    tp_fault fault = {.code = ""};
    fixture_sign_trustee(f, e, trustee);
    tp_err err = fixture_append(f, e, &fault);
    assert_string_equal(fault.code, "");
    assert_int_equal(err, TP_OK);
}

/* The deal of a trustee, to be changed and signed again. */
static void read_deal(tp_entry *e, uint8_t *bytes, uint16_t trustee) {
    tp_fault fault;
    size_t len;
    assert_int_equal(fixture_step(f, TP_ENTRY_DEAL, trustee, bytes, &len), TP_OK);
    assert_int_equal(tp_entry_read(e, bytes, len, &fault), TP_OK);
}

static void test_run(void **state) {
    (void)state;
    const tp_ceremony *c = f->board.ceremony;
    tp_scalar x[FIXTURE_POINTS];
    tp_fault fault;
    uint8_t random[32] = {0};
    static uint8_t deal[TP_MAX_ENTRY];
    tp_writer w = tp_writer_of(deal, sizeof deal);
    assert_int_equal(tp_ceremony_round(c), 0);
    assert_int_equal(tp_ceremony_deal(&w, c, 1, f->seed[0], random), TP_REFUSED);
    assert_int_equal(tp_ceremony_secret(x, c, 1, f->seed[0], &fault), TP_REFUSED);
    all_steps(TP_ENTRY_COMMIT);
    assert_int_equal(tp_ceremony_round(c), 1);
    assert_null(tp_ceremony_keys(c));
    all_steps(TP_ENTRY_DEAL);
    assert_int_equal(tp_ceremony_round(c), 2);
    assert_non_null(tp_ceremony_keys(c));
    all_steps(TP_ENTRY_CONFIRM);
    assert_int_equal(tp_ceremony_round(c), 3);
    assert_true(tp_ceremony_has(c, TP_ENTRY_CONFIRM, 3));
    assert_false(tp_ceremony_has(c, TP_ENTRY_CONFIRM, 4));
    assert_false(tp_ceremony_has(c, TP_ENTRY_CONFIRM, 0));
    for (uint16_t i = 1; i <= 3; i++)
        assert_int_equal(tp_ceremony_secret(x, c, i, f->seed[i - 1], &fault), TP_OK);
    assert_int_equal(tp_ceremony_secret(x, c, 1, f->seed[1], &fault), TP_REFUSED);
    assert_string_equal(fault.code, "entry.signer");
}

/* The digest covers every key: recomputed here from the parts. spec: X-13 */
static void test_digest(void **state) {
    (void)state;
    all_steps(TP_ENTRY_COMMIT);
    all_steps(TP_ENTRY_DEAL);
    const tp_keys *k = tp_ceremony_keys(f->board.ceremony);
    uint8_t all[FIXTURE_POINTS * 3 * 32], y[32], v[32], digest[32];
    memcpy(all, k->y[0], 2 * 32);
    memcpy(all + 64, k->y[1], 3 * 32);
    tp_sha256(y, all, 5 * 32);
    memcpy(all, k->v[0], 3 * 2 * 32);
    memcpy(all + 192, k->v[1], 3 * 3 * 32);
    tp_sha256(v, all, 15 * 32);
    tp_key_digest(digest, f->manifest.fingerprint, y, v);
    assert_memory_equal(digest, k->digest, 32);
    tp_key_digest(digest, f->manifest.fingerprint, v, y);
    assert_memory_not_equal(digest, k->digest, 32);
}

/* The same seed commits to the same deal, whatever the random bytes. spec: X-5 */
static void test_deterministic(void **state) {
    (void)state;
    uint8_t one[TP_MAX_ENTRY], two[TP_MAX_ENTRY];
    size_t len;
    assert_int_equal(fixture_step(f, TP_ENTRY_COMMIT, 1, one, &len), TP_OK);
    assert_int_equal(fixture_step(f, TP_ENTRY_COMMIT, 1, two, &len), TP_OK);
    assert_memory_equal(one, two, len - 64);
    fixture *other = calloc(1, sizeof *other);
    fixture_init(other, "other");
    tp_fault fault;
    assert_int_equal(fixture_act(other, TP_ACT_APPROVE, other->manifest.fingerprint, 0, &fault),
                     TP_OK);
    assert_int_equal(fixture_step(other, TP_ENTRY_COMMIT, 1, two, &len), TP_OK);
    assert_memory_not_equal(one + 3, two + 3, 32);
    assert_memory_equal(one + 35, two + 35, 32); /* the box key is the trustee's own */
    fixture_free(other);
    free(other);
    /* and messages of a deal made twice are equal; boxes are not */
    static uint8_t a[TP_MAX_ENTRY], b[TP_MAX_ENTRY];
    tp_entry x, y;
    all_steps(TP_ENTRY_COMMIT);
    read_deal(&x, a, 2);
    read_deal(&y, b, 2);
    size_t messages = 2 * 64 + 32 * 2 * FIXTURE_POINTS;
    assert_memory_equal(x.u.deal.bytes, y.u.deal.bytes, messages);
    assert_memory_not_equal(x.u.deal.bytes + messages, y.u.deal.bytes + messages, 32);
}

/* spec */
static void test_commit(void **state) {
    (void)state;
    tp_entry e = {.type = TP_ENTRY_COMMIT};
    memcpy(e.u.commit.box_key, (uint8_t[32]){0}, 32);
    refused(&e, 1, TP_INVALID, "ceremony.box-key"); /* small order */
    e.u.commit.box_key[0] = 1;
    refused(&e, 1, TP_INVALID, "ceremony.box-key");
    step(TP_ENTRY_COMMIT, 1);
    e.u.commit.box_key[0] = 9;
    refused(&e, 1, TP_REFUSED, "ceremony.repeat");
    uint8_t random[32] = {0};
    tp_writer w = tp_writer_of(entry_bytes, sizeof entry_bytes);
    tp_err err = tp_ceremony_commit(&w, f->board.ceremony, 2, f->seed[0], random);
    assert_int_equal(err, TP_REFUSED); /* another's seed */
    assert_int_equal(tp_ceremony_commit(&w, f->board.ceremony, 0, f->seed[0], random), TP_REFUSED);
    assert_int_equal(tp_ceremony_commit(&w, f->board.ceremony, 4, f->seed[0], random), TP_REFUSED);
}

/* Nothing comes before its round. spec: X-6 */
static void test_order(void **state) {
    (void)state;
    static uint8_t zeros[4096];
    tp_entry deal = {.type = TP_ENTRY_DEAL,
                     .u.deal = {.bytes = zeros, .len = tp_deal_len(&f->manifest)}};
    tp_entry complaint = {.type = TP_ENTRY_COMPLAINT, .u.complaint.dealer = 2};
    tp_entry opening = {.type = TP_ENTRY_OPENING,
                        .u.opening = {.complainant = 2, .shares = zeros, .len = 160}};
    tp_entry confirm = {.type = TP_ENTRY_CONFIRM};
    tp_entry alive = {.type = TP_ENTRY_LIVENESS,
                      .u.liveness = {.time = 1, .proof = zeros, .len = 128}};
    for (int round = 0; round < 2; round++) {
        if (!round) refused(&deal, 1, TP_REFUSED, "ceremony.order");
        refused(&complaint, 1, TP_REFUSED, "ceremony.order");
        refused(&opening, 1, TP_REFUSED, "ceremony.order");
        refused(&confirm, 1, TP_REFUSED, "ceremony.order");
        refused(&alive, 1, TP_REFUSED, "ceremony.order");
        if (!round) {
            step(TP_ENTRY_COMMIT, 1);
            step(TP_ENTRY_COMMIT, 2);
            refused(&deal, 1, TP_REFUSED, "ceremony.order"); /* the third is missing */
            step(TP_ENTRY_COMMIT, 3);
        }
    }
    all_steps(TP_ENTRY_DEAL);
    refused(&deal, 1, TP_REFUSED, "ceremony.repeat");
    refused(&confirm, 1, TP_INVALID, "ceremony.confirm");
    refused(&opening, 1, TP_REFUSED, "ceremony.order"); /* nobody complained */
    step(TP_ENTRY_CONFIRM, 1);
    refused(&confirm, 1, TP_REFUSED, "ceremony.repeat");
    refused(&complaint, 1, TP_REFUSED, "ceremony.order"); /* it has confirmed */
}

/* E1, E3: another deal than the one committed to, and other lengths. */
static void test_deal(void **state) {
    (void)state;
    static uint8_t bytes[TP_MAX_ENTRY], changed[TP_MAX_ENTRY];
    tp_entry e;
    all_steps(TP_ENTRY_COMMIT);
    read_deal(&e, bytes, 1);
    size_t messages = 2 * 64 + 32 * 2 * FIXTURE_POINTS;
    memcpy(changed, e.u.deal.bytes, e.u.deal.len);
    e.u.deal.bytes = changed;
    for (size_t at = 0; at < messages; at += 31) {
        changed[at] ^= 1;
        refused(&e, 1, TP_INVALID, "ceremony.hash");
        changed[at] ^= 1;
    }
    e.u.deal.len -= 32;
    refused(&e, 1, TP_MALFORMED, "ceremony.commitments");
    e.u.deal.len += 64;
    refused(&e, 1, TP_MALFORMED, "ceremony.commitments");
    e.u.deal.len -= 32;
    taken(&e, 1);
    refused(&e, 2, TP_INVALID, "ceremony.hash"); /* another dealer's */
}

/* Commits to a deal that was changed at `at`, and posts it: E2, B1, B2. */
static void bad_deal(size_t at, const uint8_t *value, size_t len, tp_err err, const char *code) {
    static uint8_t bytes[TP_MAX_ENTRY], changed[TP_MAX_ENTRY];
    fixture *g = f;
    tp_entry e, commit = {.type = TP_ENTRY_COMMIT};
    tp_trustee_keys keys;
    f = calloc(1, sizeof *f);
    fixture_init(f, NULL);
    tp_fault fault;
    assert_int_equal(fixture_act(f, TP_ACT_APPROVE, f->manifest.fingerprint, 0, &fault), TP_OK);
    /* the deal is made on a board where all have committed, which g is */
    fixture *mine = f;
    f = g;
    read_deal(&e, bytes, 1);
    f = mine;
    memcpy(changed, e.u.deal.bytes, e.u.deal.len);
    if (value)
        memcpy(changed + at, value, len);
    else
        changed[at] ^= 1;
    e.u.deal.bytes = changed;
    tp_trustee_derive(&keys, f->seed[0]);
    memcpy(commit.u.commit.box_key, keys.box_key, 32);
    tp_ceremony_deal_hash(commit.u.commit.deal_hash, &f->manifest, 1, changed);
    taken(&commit, 1);
    step(TP_ENTRY_COMMIT, 2);
    step(TP_ENTRY_COMMIT, 3);
    refused(&e, 1, err, code);
    fixture_free(f);
    free(f);
    f = g;
}

static void test_bad_deals(void **state) {
    (void)state;
    static const uint8_t identity[32];
    uint8_t ones[32];
    memset(ones, 0xff, 32);
    all_steps(TP_ENTRY_COMMIT);
    size_t proof = 32 * 2 * 2; /* of the first contest */
    bad_deal(proof + 32, NULL, 0, TP_INVALID, "ceremony.possession");
    bad_deal(proof + 63, ones, 1, TP_MALFORMED, "ceremony.commitments");
    bad_deal(0, identity, 32, TP_MALFORMED, "ceremony.commitments");
    bad_deal(64, ones, 32, TP_MALFORMED, "ceremony.commitments");
    bad_deal(0,
             (const uint8_t *)"\xe2\xf2\xae\x0a\x6a\xbc\x4e\x71\xa8\x84\xa9\x61\xc5\x00\x51\x5f"
                              "\x58\xe3\x0b\x6a\xa5\x82\xdd\x8d\xb6\xa6\x59\x45\xe0\x8d\x2d\x76",
             32, TP_INVALID, "ceremony.possession"); /* G: its logarithm is 1, not the dealer's */
}

/* A box that does not open: complaint, opening, and the shares are good again. spec: X-8..X-10 */
static void bad_box(void) {
    static uint8_t bytes[TP_MAX_ENTRY], changed[TP_MAX_ENTRY];
    tp_entry e;
    bool bad[TP_MAX_TRUSTEES];
    all_steps(TP_ENTRY_COMMIT);
    read_deal(&e, bytes, 1);
    memcpy(changed, e.u.deal.bytes, e.u.deal.len);
    changed[e.u.deal.len - 2 * (160 + 48) + 40] ^= 1; /* to trustee 2 */
    e.u.deal.bytes = changed;
    taken(&e, 1);
    step(TP_ENTRY_DEAL, 2);
    step(TP_ENTRY_DEAL, 3);
    for (uint16_t i = 1; i <= 3; i++) {
        tp_err err = tp_ceremony_check_shares(f->board.ceremony, i, f->seed[i - 1], bad);
        assert_int_equal(err, TP_OK);
        assert_int_equal(bad[0], i == 2);
        assert_false(bad[1] || bad[2]);
    }
    tp_scalar x[FIXTURE_POINTS];
    tp_fault fault;
    tp_err err = tp_ceremony_secret(x, f->board.ceremony, 2, f->seed[1], &fault);
    assert_int_equal(err, TP_INVALID);
    assert_string_equal(fault.code, "ceremony.share");
    assert_string_equal(fault.where, "dealer 1");
}

static void test_complaint(void **state) {
    (void)state;
    const tp_ceremony *c = f->board.ceremony;
    tp_entry complaint = {.type = TP_ENTRY_COMPLAINT, .u.complaint.dealer = 1}, e;
    tp_fault fault;
    tp_scalar x[FIXTURE_POINTS];
    uint8_t random[32] = {1};
    bad_box();
    tp_writer w = tp_writer_of(entry_bytes, sizeof entry_bytes);
    tp_err err = tp_ceremony_opening(&w, c, 1, f->seed[0], 2, random);
    assert_int_equal(err, TP_REFUSED);                    /* nobody complained */
    refused(&complaint, 1, TP_REFUSED, "ceremony.order"); /* of itself */
    complaint.u.complaint.dealer = 0;
    refused(&complaint, 2, TP_REFUSED, "ceremony.order");
    complaint.u.complaint.dealer = 4;
    refused(&complaint, 2, TP_REFUSED, "ceremony.order");
    complaint.u.complaint.dealer = 1;
    taken(&complaint, 2);
    refused(&complaint, 2, TP_REFUSED, "ceremony.repeat");
    assert_true(tp_ceremony_awaits_opening(c, 1, 2));
    assert_false(tp_ceremony_awaits_opening(c, 2, 1));
    e = (tp_entry){.type = TP_ENTRY_CONFIRM};
    memcpy(e.u.confirm.key_digest, tp_ceremony_keys(c)->digest, 32);
    refused(&e, 3, TP_REFUSED, "ceremony.order"); /* a complaint stands */
    assert_int_equal(tp_ceremony_opening(&w, c, 1, f->seed[0], 2, random), TP_OK);
    assert_int_equal(tp_entry_read(&e, entry_bytes, w.len, &fault), TP_OK);
    e.u.opening.len -= 32;
    refused(&e, 1, TP_MALFORMED, "ceremony.share");
    e.u.opening.len += 32;
    refused(&e, 3, TP_REFUSED, "ceremony.order"); /* not of this dealer */
    taken(&e, 1);
    assert_false(tp_ceremony_awaits_opening(c, 1, 2));
    refused(&e, 1, TP_REFUSED, "ceremony.order");
    assert_int_equal(tp_ceremony_secret(x, c, 2, f->seed[1], &fault), TP_OK);
    all_steps(TP_ENTRY_CONFIRM);
    assert_int_equal(tp_ceremony_round(c), 3);
    assert_int_equal(tp_ceremony_culprit(c), 0);
}

/* A false opening is kept as evidence and ends the ceremony by the dealer's name. spec: X-11 */
static void bad_opening(size_t at, uint8_t value) {
    const tp_ceremony *c = f->board.ceremony;
    tp_entry complaint = {.type = TP_ENTRY_COMPLAINT, .u.complaint.dealer = 1}, e;
    tp_fault fault;
    uint8_t random[32] = {1}, shares[160];
    bad_box();
    taken(&complaint, 2);
    tp_writer w = tp_writer_of(entry_bytes, sizeof entry_bytes);
    assert_int_equal(tp_ceremony_opening(&w, c, 1, f->seed[0], 2, random), TP_OK);
    assert_int_equal(tp_entry_read(&e, entry_bytes, w.len, &fault), TP_OK);
    memcpy(shares, e.u.opening.shares, sizeof shares);
    shares[at] ^= value;
    e.u.opening.shares = shares;
    taken(&e, 1);
    assert_int_equal(tp_ceremony_round(c), 4);
    assert_int_equal(tp_ceremony_culprit(c), 1);
    e = (tp_entry){.type = TP_ENTRY_CONFIRM};
    memcpy(e.u.confirm.key_digest, tp_ceremony_keys(c)->digest, 32);
    refused(&e, 3, TP_REFUSED, "ceremony.dealer-out");
}

static void test_false_opening(void **state) {
    (void)state;
    bad_opening(0, 1);
}

static void test_foreign_opening(void **state) {
    (void)state;
    bad_opening(159, 0xf0); /* no canonical scalar */
}

/* spec: X-17 */
static void test_liveness(void **state) {
    (void)state;
    tp_entry e;
    tp_fault fault;
    size_t len;
    uint8_t proof[192];
    all_steps(TP_ENTRY_COMMIT);
    all_steps(TP_ENTRY_DEAL);
    assert_int_equal(fixture_step(f, TP_ENTRY_LIVENESS, 2, entry_bytes, &len), TP_OK);
    assert_int_equal(tp_entry_read(&e, entry_bytes, len, &fault), TP_OK);
    assert_int_equal(tp_liveness_verify(f->board.ceremony, &e, &fault), TP_OK);
    memcpy(proof, e.u.liveness.proof, 128);
    e.u.liveness.proof = proof;
    for (size_t i = 0; i < 128; i++) {
        proof[i] ^= (uint8_t)(1u << i % 8);
        assert_int_not_equal(tp_liveness_verify(f->board.ceremony, &e, &fault), TP_OK);
        assert_string_equal(fault.code, "liveness.proof");
        proof[i] ^= (uint8_t)(1u << i % 8);
    }
    e.u.liveness.len = 64;
    assert_int_equal(tp_liveness_verify(f->board.ceremony, &e, &fault), TP_MALFORMED);
    assert_string_equal(fault.code, "liveness.length");
    e.u.liveness.len = 192;
    assert_int_equal(tp_liveness_verify(f->board.ceremony, &e, &fault), TP_MALFORMED);
    e.u.liveness.len = 128;
    e.u.liveness.time++;
    assert_int_equal(tp_liveness_verify(f->board.ceremony, &e, &fault), TP_INVALID);
    e.u.liveness.time--;
    e.u.liveness.board_root[5] ^= 1;
    assert_int_equal(tp_liveness_verify(f->board.ceremony, &e, &fault), TP_INVALID);
    e.u.liveness.board_root[5] ^= 1;
    e.signer = 1; /* another's proof */
    assert_int_equal(tp_liveness_verify(f->board.ceremony, &e, &fault), TP_INVALID);
}

int main(void) {
#define EACH(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        EACH(test_run),           EACH(test_digest),
        EACH(test_deterministic), EACH(test_commit),
        EACH(test_order),         EACH(test_deal),
        EACH(test_bad_deals),     EACH(test_complaint),
        EACH(test_false_opening), EACH(test_foreign_opening),
        EACH(test_liveness),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
