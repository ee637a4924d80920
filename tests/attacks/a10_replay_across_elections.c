/* A10: every signed object of one election, posted in another with the same keys and people, is
 * refused. */
#include "tests/election/fixture.h"

static fixture *x, *y;
static uint8_t bytes[TP_MAX_ENTRY];

static int set_up(void **state) {
    (void)state;
    x = calloc(1, sizeof *x);
    y = calloc(1, sizeof *y);
    fixture_init(x, "first");
    fixture_init(y, "second");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    fixture_free(x);
    fixture_free(y);
    free(x);
    free(y);
    return 0;
}

static void refused_in_y(const fixture_bytes *entry, tp_err err, const char *code) {
    tp_fault fault = {.code = ""};
    size_t count = y->count;
    assert_int_equal(fixture_append_bytes(y, entry->bytes, entry->len, &fault), err);
    assert_string_equal(fault.code, code);
    assert_int_equal(y->count, count);
}

/* Entry by entry: at each place X's entry is refused, then Y's own is taken. */
static void test_board(void **state) {
    (void)state;
    tp_fault fault;
    size_t tried[TP_ENTRY_CHANGES + 1] = {0};
    fixture_closed(x);
    fixture *own = calloc(1, sizeof *own);
    fixture_init(own, "second");
    fixture_closed(own);
    assert_int_equal(own->count, x->count);
    for (size_t i = 1; i < x->count; i++) {
        int type = x->entries[i].bytes[0];
        tried[type]++;
        if (type == TP_ENTRY_REGISTRATIONS)
            refused_in_y(&x->entries[i], TP_INVALID, "registration.signature");
        else if (type != TP_ENTRY_BALLOT && type != TP_ENTRY_BATCH)
            refused_in_y(&x->entries[i], TP_INVALID, "entry.signature");
        assert_int_equal(
            fixture_append_bytes(y, own->entries[i].bytes, own->entries[i].len, &fault), TP_OK);
    }
    static const tp_entry_type kinds[] = {TP_ENTRY_ACT,      TP_ENTRY_COMMIT,
                                          TP_ENTRY_DEAL,     TP_ENTRY_CONFIRM,
                                          TP_ENTRY_LIVENESS, TP_ENTRY_REGISTRATIONS};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        assert_true(tried[kinds[i]] > 0);
    fixture_free(own);
    free(own);
}

/* A ballot: refused as it is; with the fingerprint exchanged, its signature and proofs fail. */
static void test_ballot(void **state) {
    (void)state;
    const uint8_t choices[FIXTURE_CHOICES] = {1, 0, 0, 0, 1};
    fixture_ceremony(x);
    fixture_ceremony(y);
    const tp_ballot_style *s = &y->styles.list[0];
    size_t len = fixture_seal(x, bytes, 0, choices);
    tp_ballot b;
    tp_fault fault;
    assert_int_equal(tp_ballot_read(&b, s, bytes, len, &fault), TP_REFUSED);
    assert_string_equal(fault.code, "ballot.fingerprint");
    memcpy(bytes, y->manifest.fingerprint, 32);
    const uint8_t *list[1] = {bytes};
    tp_err result;
    const char *code;
    void *scratch = aligned_alloc(64, (tp_ballot_verify_scratch(s, 1) + 127) / 64 * 64);
    assert_int_equal(tp_ballots_verify_var(&result, &code, s, list, 1, scratch), TP_INVALID);
    free(scratch);
}

/* The other signed things of a voter and a registrar. */
static void test_people(void **state) {
    (void)state;
    const fixture_voter *v = &x->voters[0];
    tp_registration r;
    tp_fault fault;
    uint8_t proof[64], random[32] = {1}, in_x[TP_PROMISE_SIGNED], in_y[TP_PROMISE_SIGNED];
    fixture_registration(x, &r, 0);
    assert_int_equal(tp_registration_verify(&x->manifest, &r, &fault), TP_OK);
    assert_int_equal(tp_registration_verify(&y->manifest, &r, &fault), TP_INVALID);
    tp_credential_prove(proof, &v->secret, v->credential.key, x->manifest.fingerprint, random);
    assert_int_equal(tp_credential_verify(proof, v->credential.key, x->manifest.fingerprint),
                     TP_OK);
    assert_int_equal(tp_credential_verify(proof, v->credential.key, y->manifest.fingerprint),
                     TP_INVALID);
    tp_promise p = {.sequence = 1};
    tp_promise_signed_bytes(in_x, &p, x->manifest.fingerprint);
    tp_promise_signed_bytes(in_y, &p, y->manifest.fingerprint);
    assert_memory_not_equal(in_x, in_y, sizeof in_x);
}

/* A cancel, and the shares of a decryption. */
static void test_end(void **state) {
    (void)state;
    static uint8_t document[1 << 16];
    static tp_point d[5 * FIXTURE_POINTS];
    tp_aggregates in_x, in_y;
    tp_entry e = {.type = TP_ENTRY_CANCEL};
    tp_scalar secret[FIXTURE_POINTS];
    tp_fault fault;
    uint8_t random[32] = {1}, hash[32] = {1};
    assert_int_equal(tp_entry_sign(&e, x->manifest.fingerprint, 1, x->registrar[0], random), TP_OK);
    assert_int_equal(tp_entry_verify(&x->manifest, &e, &fault), TP_OK);
    assert_int_equal(tp_entry_verify(&y->manifest, &e, &fault), TP_INVALID);
    fixture_closed(x);
    fixture_closed(y);
    fixture_aggregate(x, &in_x);
    fixture_aggregate(y, &in_y);
    const tp_keys *kx = tp_ceremony_keys(x->board.ceremony);
    const tp_keys *ky = tp_ceremony_keys(y->board.ceremony);
    assert_int_equal(tp_ceremony_secret(secret, x->board.ceremony, 1, x->seed[0], &fault), TP_OK);
    tp_writer w = tp_writer_of(document, sizeof document);
    assert_int_equal(tp_shares_make(&w, &x->manifest, kx, &in_x, hash, 1, secret, random), TP_OK);
    assert_int_equal(tp_shares_check(d, &x->manifest, kx, &in_x, hash, 1, document, w.len, &fault),
                     TP_OK);
    assert_int_equal(tp_shares_check(d, &y->manifest, ky, &in_y, hash, 1, document, w.len, &fault),
                     TP_MALFORMED);
    memcpy(document, y->manifest.fingerprint, 32);
    assert_int_equal(tp_shares_check(d, &y->manifest, ky, &in_y, hash, 1, document, w.len, &fault),
                     TP_INVALID);
    /* the keys of Y do not even take them for X's own aggregates */
    assert_int_equal(tp_shares_check(d, &y->manifest, ky, &in_x, hash, 1, document, w.len, &fault),
                     TP_INVALID);
    w = tp_writer_of(document, sizeof document);
    assert_int_equal(tp_aggregates_write(&w, &x->manifest, &in_x), TP_OK);
    tp_aggregates_free(&in_y);
    assert_int_equal(tp_aggregates_read(&in_y, &y->manifest, document, w.len, &fault),
                     TP_MALFORMED);
    tp_aggregates_free(&in_x);
}

int main(void) {
#define EACH(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {EACH(test_board), EACH(test_ballot), EACH(test_people),
                                       EACH(test_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
