/* Credentials and registrations. spec: L-1..L-10 */
#include "tests/election/fixture.h"
#include "election/code.h"

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

/* The same code gives another credential in another election. spec: L-2 */
static void test_derive(void **state) {
    (void)state;
    uint64_t *memory = malloc(TP_ARGON2_BLOCKS * (size_t)1024);
    uint8_t code[16] = {1, 2, 3}, other[32] = {9}, a[32], b[32], c[32];
    tp_scalar s, t;
    tp_point p;
    assert_non_null(memory);
    tp_credential_derive(&s, a, code, f->manifest.fingerprint, memory);
    tp_points_mul_base(&p, &s, 1);
    tp_points_encode((uint8_t(*)[32])b, &p, 1);
    assert_memory_equal(a, b, 32);
    tp_credential_derive(&t, b, code, other, memory);
    assert_memory_not_equal(a, b, 32);
    code[15] = 8;
    tp_credential_derive(&t, c, code, f->manifest.fingerprint, memory);
    assert_memory_not_equal(a, c, 32);
    free(memory);
}

static void test_possession(void **state) {
    (void)state;
    const fixture_voter *v = &f->voters[0];
    uint8_t proof[64], random[32] = {3}, other[32] = {1};
    tp_credential_prove(proof, &v->secret, v->credential.key, f->manifest.fingerprint, random);
    assert_int_equal(tp_credential_verify(proof, v->credential.key, f->manifest.fingerprint),
                     TP_OK);
    assert_int_equal(tp_credential_verify(proof, v->credential.key, other), TP_INVALID);
    assert_int_equal(
        tp_credential_verify(proof, f->voters[1].credential.key, f->manifest.fingerprint),
        TP_INVALID);
    for (size_t i = 0; i < 64; i++) {
        proof[i] ^= 1;
        assert_int_not_equal(
            tp_credential_verify(proof, v->credential.key, f->manifest.fingerprint), TP_OK);
        proof[i] ^= 1;
    }
}

static void test_fingerprint(void **state) {
    (void)state;
    char a[40], b[40];
    uint8_t other[32] = {1}, bytes[13];
    tp_credential_fingerprint(a, f->voters[0].credential.key, f->manifest.fingerprint);
    assert_int_equal(tp_code_read(bytes, TP_FINGERPRINT_SYMBOLS, a, strlen(a)), TP_OK);
    tp_credential_fingerprint(b, f->voters[1].credential.key, f->manifest.fingerprint);
    assert_string_not_equal(a, b);
    tp_credential_fingerprint(b, f->voters[0].credential.key, other);
    assert_string_not_equal(a, b);
}

static void refused(const tp_registration *r, tp_err err, const char *code) {
    tp_fault fault;
    assert_int_equal(tp_registration_verify(&f->manifest, r, &fault), err);
    assert_string_equal(fault.code, code);
}

/* spec: L-6, L-7, L-8 */
static void test_registration(void **state) {
    (void)state;
    tp_registration good, r;
    tp_fault fault;
    fixture_registration(f, &good, 0);
    assert_int_equal(tp_registration_verify(&f->manifest, &good, &fault), TP_OK);
    r = good;
    memset(r.credential, 0, 32);
    refused(&r, TP_MALFORMED, "registration.credential");
    memset(r.credential, 0xff, 32);
    refused(&r, TP_MALFORMED, "registration.credential");
    memcpy(r.credential, f->voters[1].credential.key, 32);
    refused(&r, TP_INVALID, "registration.signature");
    r = good;
    r.unit = 1;
    refused(&r, TP_INVALID, "registration.signature");
    r.unit = 2;
    refused(&r, TP_REFUSED, "registration.style");
    r.unit = 3; /* of three units the last is 2. spec: M-21 */
    refused(&r, TP_REFUSED, "registration.unit");
    r = good;
    r.registrars.count = 0;
    refused(&r, TP_REFUSED, "registration.quorum");
    r = good;
    r.registrars.by[0].signer = 2;
    refused(&r, TP_REFUSED, "registration.signer");
    r.registrars.by[0].signer = 0;
    refused(&r, TP_REFUSED, "registration.signer");
    for (size_t i = 0; i < 64; i++) {
        r = good;
        r.registrars.by[0].signature[i] ^= 4;
        refused(&r, TP_INVALID, "registration.signature");
    }
    uint8_t zero[32] = {0}, random[32] = {1};
    assert_int_equal(
        tp_registration_sign(&r.registrars.by[0], &r, f->manifest.fingerprint, 1, zero, random),
        TP_MALFORMED);
}

/* Two of two, and one of them twice. */
static void test_quorum(void **state) {
    (void)state;
    tp_manifest m = f->manifest;
    tp_registration r;
    tp_fault fault;
    uint8_t random[32] = {5};
    m.registrars.count = m.registrars.quorum = 2;
    m.registrars.who[1] = f->manifest.officers.who[0];
    fixture_registration(f, &r, 4);
    assert_int_equal(tp_registration_verify(&m, &r, &fault), TP_REFUSED);
    assert_string_equal(fault.code, "registration.quorum");
    r.registrars.by[1] = r.registrars.by[0];
    r.registrars.count = 2;
    assert_int_equal(tp_registration_verify(&m, &r, &fault), TP_REFUSED);
    assert_string_equal(fault.code, "registration.signer");
    assert_int_equal(
        tp_registration_sign(&r.registrars.by[1], &r, m.fingerprint, 2, f->officer[0], random),
        TP_OK);
    assert_int_equal(tp_registration_verify(&m, &r, &fault), TP_OK);
}

static int by_credential(const void *a, const void *b) {
    return memcmp(((const tp_registration *)a)->credential,
                  ((const tp_registration *)b)->credential, 32);
}

/* Reads all; the first error, or the count in *n. */
static tp_err read_all(tp_registration *out, size_t *n, const uint8_t *bytes, size_t len,
                       tp_fault *fault) {
    tp_reader body = tp_reader_of(bytes, len);
    tp_registration r; /* previous points into it */
    bool more = true;
    for (*n = 0; more && *n < 8; *n += more) {
        tp_err err = tp_registrations_next(&r, &body, *n ? r.credential : NULL, &more, fault);
        if (err != TP_OK) return err;
        if (more) out[*n] = r;
    }
    return TP_OK;
}

/* The list of an entry: inverses, order, every cut. spec: L-9 */
static void test_list(void **state) {
    (void)state;
    uint8_t bytes[1024], again[1024];
    tp_registration list[3], back[8];
    tp_fault fault;
    size_t n;
    for (size_t v = 0; v < 3; v++)
        fixture_registration(f, &list[v], v);
    qsort(list, 3, sizeof *list, by_credential);
    tp_writer w = tp_writer_of(bytes, sizeof bytes), x = tp_writer_of(again, sizeof again);
    for (size_t v = 0; v < 3; v++)
        tp_registration_write(&w, &list[v]);
    size_t one = w.len / 3;
    assert_int_equal(read_all(back, &n, bytes, w.len, &fault), TP_OK);
    assert_int_equal(n, 3);
    for (size_t v = 0; v < 3; v++)
        tp_registration_write(&x, &back[v]);
    assert_int_equal(x.len, w.len);
    assert_memory_equal(bytes, again, w.len);
    for (size_t len = 0; len < w.len; len++) {
        tp_err err = read_all(back, &n, bytes, len, &fault);
        assert_int_equal(err, len % one ? TP_MALFORMED : TP_OK);
        if (len % one == 0) assert_int_equal(n, len / one);
    }
    memcpy(again, bytes + one, one);
    memcpy(again + one, bytes, one);
    assert_int_equal(read_all(back, &n, again, 2 * one, &fault), TP_MALFORMED);
    assert_string_equal(fault.code, "registration.order");
    memcpy(again + one, again, one);
    assert_int_equal(read_all(back, &n, again, 2 * one, &fault), TP_MALFORMED);
    assert_string_equal(fault.code, "registration.order");
    memcpy(again, bytes, one);
    again[37] -= 2; /* the length of the endorsements */
    assert_int_equal(read_all(back, &n, again, one, &fault), TP_MALFORMED);
    assert_string_equal(fault.code, "registration.malformed");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_derive),      cmocka_unit_test(test_possession),
        cmocka_unit_test(test_fingerprint), cmocka_unit_test(test_registration),
        cmocka_unit_test(test_quorum),      cmocka_unit_test(test_list),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
