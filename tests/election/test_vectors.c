/* The vectors of keys, liveness, batches and the roll: made again they are the same; what the files
 * hold verifies, and with one bit changed it does not. spec, L-18, B-31, J-21.
 */
#include "core/proof/schnorr.h"
#include "election/desk.h"
#include "tests/election/vectors.h"
#include "tests/support/support.h"

static void same(const char *file, json_t *made) {
    json_t *stored = test_spec_json(file);
    assert_true(json_equal(stored, made));
    json_decref(stored), json_decref(made);
}

static void test_keys(void **state) {
    (void)state;
    same("vectors/keys.json", vectors_keys());
}
static void test_liveness(void **state) {
    (void)state;
    same("vectors/liveness.json", vectors_liveness());
}
static void test_batch(void **state) {
    (void)state;
    same("vectors/batch.json", vectors_batch());
}
static void test_roll(void **state) {
    (void)state;
    same("vectors/roll.json", vectors_roll());
}
static void test_evidence(void **state) {
    (void)state;
    same("vectors/evidence.json", vectors_evidence());
}

static void test_liveness_verifies(void **state) {
    (void)state;
    json_t *all = test_spec_json("vectors/liveness.json"), *o;
    size_t i, len;
    json_array_foreach(all, i, o) {
        uint8_t *key = test_json_hex(o, "public_key", NULL), *m = test_json_hex(o, "message", &len),
                *proof = test_json_hex(o, "proof", NULL);
        const char *use = "tapat-v1 liveness";
        assert_int_equal(tp_possession_verify_var(proof, key, use, m, len), TP_OK);
        m[70] ^= 1;
        assert_int_equal(tp_possession_verify_var(proof, key, use, m, len), TP_INVALID);
        free(key), free(m), free(proof);
    }
    assert_true(i >= 2);
    json_decref(all);
}

static void test_locked_opens(void **state) {
    (void)state;
    json_t *all = test_spec_json("vectors/keys.json"), *o = json_object_get(all, "locked");
    const char *phrase = json_string_value(json_object_get(o, "passphrase"));
    uint8_t *box = test_json_hex(o, "box", NULL), *salt = test_json_hex(o, "salt", NULL),
            *seed = test_json_hex(o, "seed", NULL), out[32];
    uint64_t *memory = malloc(TP_LOCK_BLOCKS * (size_t)1024);
    assert_non_null(memory);
    assert_int_equal(tp_seed_unlock(out, box, phrase, strlen(phrase), salt, memory), TP_OK);
    assert_memory_equal(out, seed, 32);
    box[40] ^= 1;
    assert_int_equal(tp_seed_unlock(out, box, phrase, strlen(phrase), salt, memory), TP_INVALID);
    free(box), free(salt), free(seed), free(memory);
    json_decref(all);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),         cmocka_unit_test(test_liveness),
        cmocka_unit_test(test_batch),        cmocka_unit_test(test_roll),
        cmocka_unit_test(test_evidence),     cmocka_unit_test(test_liveness_verifies),
        cmocka_unit_test(test_locked_opens),
    };
    return cmocka_run_group_tests_name("election/vectors", tests, NULL, NULL);
}
