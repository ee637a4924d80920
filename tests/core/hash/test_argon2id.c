/* Argon2id against libsodium and against known answers. spec: P-3 */
#include <sodium.h>

#include "core/hash/hash.h"
#include "tests/support/support.h"

static uint64_t memory[128 * 1100];
static const size_t memory_blocks = sizeof memory / 1024;

static void test_against_libsodium(void **state) {
    (void)state;
    static const struct {
        uint32_t blocks, passes;
        size_t password_len, tag_len;
    } cases[] = {{8, 1, 0, 16},    {8, 3, 8, 64},    {9, 1, 1, 32},     {11, 2, 100, 17},
                 {64, 1, 26, 32},  {64, 5, 33, 64},  {513, 2, 200, 32}, {516, 1, 26, 33},
                 {600, 2, 26, 64}, {1024, 1, 5, 20}, {1100, 3, 26, 64}};
    uint64_t rng = 1;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t got[64], want[64], salt[16];
        char password[256];
        test_random_bytes(&rng, password, sizeof password);
        test_random_bytes(&rng, salt, sizeof salt);
        size_t len = cases[i].password_len, tag = cases[i].tag_len;
        tp_argon2id(got, tag, memory, cases[i].blocks, cases[i].passes, password, len, salt, 16);
        assert_int_equal(crypto_pwhash(want, tag, password, len, salt, cases[i].passes,
                                       (size_t)cases[i].blocks * 1024,
                                       crypto_pwhash_ALG_ARGON2ID13),
                         0);
        assert_memory_equal(got, want, tag);
    }
}

/* Salts of other lengths than libsodium takes. */
static void test_known_answers(void **state) {
    (void)state;
    json_t *file = test_spec_json("vectors/argon2id.json"), *v;
    size_t i;
    json_array_foreach(json_object_get(file, "vectors"), i, v) {
        size_t password_len, salt_len, tag_len;
        uint8_t *password = test_json_hex(v, "password", &password_len);
        uint8_t *salt = test_json_hex(v, "salt", &salt_len);
        uint8_t *tag = test_json_hex(v, "tag", &tag_len), got[64];
        uint32_t blocks = (uint32_t)json_integer_value(json_object_get(v, "blocks"));
        uint32_t passes = (uint32_t)json_integer_value(json_object_get(v, "passes"));
        assert_true(tag_len <= 64 && blocks <= memory_blocks);
        tp_argon2id(got, tag_len, memory, blocks, passes, password, password_len, salt, salt_len);
        assert_memory_equal(got, tag, tag_len);
        free(password), free(salt), free(tag);
    }
    assert_true(i >= 8);
    json_decref(file);
}

static void tag_of(uint8_t tag[32], uint32_t blocks, uint32_t passes, const char *password,
                   const char *salt) {
    tp_argon2id(tag, 32, memory, blocks, passes, password, strlen(password), salt, strlen(salt));
}

static void test_every_input_matters(void **state) {
    (void)state;
    uint8_t base[32], other[32];
    tag_of(base, 12, 2, "password", "somesalt");
    tag_of(other, 12, 2, "password", "somesalt");
    assert_memory_equal(base, other, 32);
    tag_of(other, 13, 2, "password", "somesalt"); /* the same number of blocks in use */
    assert_memory_not_equal(base, other, 32);
    tag_of(other, 12, 3, "password", "somesalt");
    assert_memory_not_equal(base, other, 32);
    tag_of(other, 12, 2, "passwore", "somesalt");
    assert_memory_not_equal(base, other, 32);
    tag_of(other, 12, 2, "passwords", "omesalt"); /* shifted border */
    assert_memory_not_equal(base, other, 32);
}

static void test_memory_is_wiped_and_bounded(void **state) {
    (void)state;
    uint8_t tag[32];
    memset(memory, 0xa5, sizeof memory);
    tag_of(tag, 16, 2, "password", "somesalt");
    for (size_t i = 0; i < 16 * 128; i++)
        assert_true(memory[i] == 0);
    for (size_t i = 16 * 128; i < 20 * 128; i++)
        assert_true(memory[i] == 0xa5a5a5a5a5a5a5a5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_libsodium),
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_every_input_matters),
        cmocka_unit_test(test_memory_is_wiped_and_bounded),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
