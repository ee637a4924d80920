/* G1: somebody with the server's database and all of the server's keys makes ballots. A credential
 * needs a registrar's signature, a ballot the credential's: neither key is the server's. */
#include "core/proof/schnorr.h"
#include "tests/election/fixture.h"

static fixture *f;

static int set_up(void **state) {
    (void)state;
    f = calloc(1, sizeof *f);
    fixture_init(f, NULL);
    fixture_ceremony(f);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    fixture_free(f);
    free(f);
    return 0;
}

/* The server registers a credential of its own: with any key that it may have. */
static void test_registration(void **state) {
    (void)state;
    tp_registration r;
    tp_fault fault;
    tp_trustee_keys trustee;
    uint8_t random[32] = {1}, log_scalar[32];
    tp_scalar s;
    fixture_registration(f, &r, 0);
    tp_scalar_wide(&s, f->log_secret); /* the log's Ed25519 key, pressed into service */
    tp_scalar_encode(log_scalar, &s);
    tp_trustee_derive(&trustee, f->seed[0]);
    const uint8_t *keys[] = {log_scalar, f->officer[0], trustee.identity_secret};
    for (size_t i = 0; i < 3; i++) {
        uint8_t bytes[512];
        tp_err err = tp_registration_sign(&r.registrars.by[0], &r, f->manifest.fingerprint, 1,
                                          keys[i], random);
        assert_int_equal(err, TP_OK);
        tp_writer w = tp_writer_of(bytes, sizeof bytes);
        tp_write_u8(&w, TP_ENTRY_REGISTRATIONS);
        tp_registration_write(&w, &r);
        assert_int_equal(fixture_append_bytes(f, bytes, w.len, &fault), TP_INVALID);
        assert_string_equal(fault.code, "registration.signature");
    }
    /* an entry of the registrar, a cancel, is no registration */
    tp_entry e = {.type = TP_ENTRY_CANCEL};
    memcpy(e.u.cancel.credential, r.credential, 32);
    assert_int_equal(tp_entry_sign(&e, f->manifest.fingerprint, 1, f->registrar[0], random), TP_OK);
    memcpy(r.registrars.by[0].signature, e.college.by[0].signature, 64);
    assert_int_equal(tp_registration_verify(&f->manifest, &r, &fault), TP_INVALID);
}

static tp_err verify(const uint8_t *bytes, const char **code) {
    const tp_ballot_style *s = &f->styles.list[0];
    tp_err result;
    void *scratch = aligned_alloc(64, (tp_ballot_verify_scratch(s, 1) + 127) / 64 * 64);
    tp_err err = tp_ballots_verify_var(&result, code, s, &bytes, 1, scratch);
    free(scratch);
    return err;
}

/* A ballot for a voter's credential, made with another key. */
static void test_ballot(void **state) {
    (void)state;
    static uint8_t bytes[FIXTURE_BALLOT];
    const tp_ballot_style *s = &f->styles.list[0];
    const tp_credential *victim = &f->voters[0].credential;
    const uint8_t choices[FIXTURE_CHOICES] = {1, 0, 0, 1};
    uint8_t random[32] = {2};
    const char *code;
    void *scratch = aligned_alloc(64, (tp_ballot_seal_scratch(s) + 127) / 64 * 64);
    tp_err err = tp_ballot_seal(bytes, s, &f->voters[3].secret, victim->key, 0, 1, victim->tip,
                                choices, random, scratch);
    assert_int_equal(err, TP_OK);
    free(scratch);
    assert_int_equal(verify(bytes, &code), TP_INVALID);
    assert_string_equal(code, "ballot.signature");
    /* the thief's own ballot, relabelled */
    size_t len = fixture_seal(f, bytes, 3, choices);
    assert_int_equal(verify(bytes, &code), TP_OK);
    memcpy(bytes + 32, victim->key, 32);
    assert_int_equal(verify(bytes, &code), TP_INVALID);
    assert_string_equal(code, "ballot.proof");
    /* and signed anew by the thief */
    tp_secret_key thief = {.x = f->voters[3].secret};
    tp_sign(bytes + len - 64, &thief, f->voters[3].credential.key, TP_BALLOT_DOMAIN, bytes,
            len - 64, random);
    assert_int_equal(verify(bytes, &code), TP_INVALID);
    /* a credential that nobody registered */
    tp_ballot b;
    tp_fault fault;
    assert_int_equal(tp_ballot_read(&b, s, bytes, len, &fault), TP_OK);
    assert_int_equal(tp_cast_rule(NULL, &b, &fault), TP_REFUSED);
    assert_string_equal(fault.code, "ballot.credential");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_registration),
                                       cmocka_unit_test(test_ballot)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
