/* The vectors of spec/vectors: made again they are the same, and what the files hold verifies; with
 * one bit changed it does not. spec: B-1..B-14, D-4..D-9, K-2..K-6.
 */
#include "tests/core/proof/vectors.h"

#include "core/proof/schnorr.h"
#include "core/proof/sum.h"
#include "tests/core/proof/fixture.h"

static void same(const char *file, json_t *made) {
    json_t *stored = test_spec_json(file);
    assert_true(json_equal(stored, made));
    json_decref(stored), json_decref(made);
}

static void test_schnorr(void **state) {
    (void)state;
    same("vectors/schnorr.json", vectors_schnorr());
}
static void test_sum(void **state) {
    (void)state;
    same("vectors/sum.json", vectors_sum());
}
static void test_eqlog(void **state) {
    (void)state;
    same("vectors/eqlog.json", vectors_eqlog());
}
static void test_dkg(void **state) {
    (void)state;
    same("vectors/dkg.json", vectors_dkg());
}

static uint64_t number(const json_t *o, const char *key) {
    return (uint64_t)json_integer_value(json_object_get(o, key));
}

static void copy(uint8_t out[32], const json_t *o, const char *key) {
    size_t len;
    uint8_t *bytes = test_json_hex(o, key, &len);
    assert_int_equal(len, 32);
    memcpy(out, bytes, 32);
    free(bytes);
}

static tp_point *decoded(const json_t *o, const char *key) {
    size_t len;
    uint8_t *bytes = test_json_hex(o, key, &len);
    tp_point *p = test_aligned(len / 32 * sizeof *p);
    assert_int_equal(tp_points_decode_var(p, tp_rows(bytes), len / 32, NULL), TP_OK);
    free(bytes);
    return p;
}

static void check_ballot(const json_t *o) {
    tp_sum_context x = {
        .contest = (uint32_t)number(o, "contest"),
        .shape = {(uint16_t)number(o, "n"), (uint16_t)number(o, "a"), (uint16_t)number(o, "b")},
        .unit = (uint32_t)number(o, "unit"),
        .style = (uint32_t)number(o, "style"),
        .sequence = number(o, "sequence")};
    copy(x.fingerprint, o, "fingerprint"), copy(x.key_digest, o, "key_digest");
    copy(x.credential, o, "credential"), copy(x.previous, o, "previous");
    tp_point *generators = decoded(o, "generators"), *keys = decoded(o, "keys");
    tp_sum_bases bases = {generators, keys};
    size_t len;
    uint8_t *proof = test_json_hex(o, "proof", &len);
    void *scratch = test_aligned(tp_sum_verify_scratch(&x.shape));
    assert_int_equal(tp_sum_verify_var(proof, len, &x, &bases, scratch), TP_OK);
    proof[len - 32] ^= 1;
    assert_int_equal(tp_sum_verify_var(proof, len, &x, &bases, scratch), TP_INVALID);
    free(generators), free(keys), free(proof), free(scratch);
}

static void test_ballots_verify(void **state) {
    (void)state;
    json_t *all = test_spec_json("vectors/sum.json"), *o;
    size_t i;
    json_array_foreach(all, i, o) check_ballot(o);
    assert_true(i >= 7);
    json_decref(all);
}

static void test_signatures_verify(void **state) {
    (void)state;
    json_t *all = test_spec_json("vectors/schnorr.json"), *o;
    size_t i, len;
    json_array_foreach(all, i, o) {
        uint8_t *pk = test_json_hex(o, "public_key", NULL), *m = test_json_hex(o, "message", &len),
                *sig = test_json_hex(o, "signature", NULL);
        const char *use = json_string_value(json_object_get(o, "use"));
        const char *kind = json_string_value(json_object_get(o, "kind"));
        bool signature = strcmp(kind, "signature") == 0;
        assert_int_equal(tp_verify_var(sig, pk, use, m, len), signature ? TP_OK : TP_INVALID);
        assert_int_equal(tp_possession_verify_var(sig, pk, use, m, len),
                         signature ? TP_INVALID : TP_OK);
        free(pk), free(m), free(sig);
    }
    assert_true(i >= 8);
    json_decref(all);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schnorr),        cmocka_unit_test(test_sum),
        cmocka_unit_test(test_eqlog),          cmocka_unit_test(test_dkg),
        cmocka_unit_test(test_ballots_verify), cmocka_unit_test(test_signatures_verify),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
