/* The published record of spec/vectors/record.json: what is said of it, and that it does not verify
 * with one byte changed, whatever the file; the hash of its archive. spec: R-1..R-7, R-20..R-23,
 * Y-2, Y-18
 */
#include "core/hash/hash.h"
#include "record/archive.h"
#include "record/record.h"
#include "tests/record/scratch.h"
#include "tests/support/support.h"

static const char *const verdicts[] = {
    [TP_PASS] = "ok", [TP_FAIL] = "FAIL", [TP_NOT_YET] = "not yet"};
static json_t *file;
static char *folder;

static const char *text_of(const json_t *o, const char *key) {
    const char *text = json_string_value(json_object_get(o, key));
    assert_non_null(text);
    return text;
}

static void test_report(void **state) {
    (void)state;
    const json_t *report = json_object_get(file, "report"), *o;
    uint8_t *fingerprint = test_json_hex(report, "fingerprint", NULL);
    tp_replay_options options = {.threads = 1};
    tp_verification v;
    size_t i;
    assert_int_equal(tp_verify(&v, folder, fingerprint, &options), TP_OK);
    assert_true(json_is_true(json_object_get(report, "verified")));
    assert_memory_equal(v.fingerprint, fingerprint, 32);
    json_array_foreach(json_object_get(report, "checks"), i, o) {
        assert_true(i < v.count);
        assert_string_equal(v.checks[i].check, text_of(o, "check"));
        assert_string_equal(verdicts[v.checks[i].verdict], text_of(o, "verdict"));
        assert_string_equal(v.checks[i].detail, text_of(o, "detail"));
    }
    assert_int_equal(i, v.count);
    fingerprint[5] ^= 1;
    assert_int_not_equal(tp_verify(&v, folder, fingerprint, &options), TP_OK);
    free(fingerprint);
}

static void test_a_byte_of_each_file(void **state) {
    (void)state;
    json_t *files = json_object_get(file, "files"), *hex;
    const char *name;
    tp_replay_options options = {.threads = 1};
    tp_verification v;
    json_object_foreach(files, name, hex) {
        size_t len;
        uint8_t *bytes = test_hex(hex, &len);
        const size_t at[] = {0, len / 3, len / 2, len - 1};
        for (size_t i = 0; i < 4; i++) {
            bytes[at[i]] ^= 1;
            scratch_write(folder, name, bytes, len);
            if (!tp_verify(&v, folder, NULL, &options)) fail_msg("%s, byte %zu", name, at[i]);
            bytes[at[i]] ^= 1;
        }
        scratch_write(folder, name, bytes, len);
        free(bytes);
    }
    assert_int_equal(tp_verify(&v, folder, NULL, &options), TP_OK);
}

static void test_archive(void **state) {
    (void)state;
    char *at = scratch_folder(), path[300];
    uint8_t *want = test_json_hex(file, "archive", NULL), hash[32];
    size_t len;
    tp_fault fault;
    snprintf(path, sizeof path, "%s/record.tar", at);
    assert_int_equal(tp_archive_write(path, folder, &fault), TP_OK);
    uint8_t *bytes = scratch_read(at, "record.tar", &len);
    tp_sha256(hash, bytes, len);
    assert_memory_equal(hash, want, 32);
    free(bytes), free(want);
    scratch_remove(at);
}

static int setup(void **state) {
    (void)state;
    json_t *hex;
    const char *name;
    file = test_spec_json("vectors/record.json");
    folder = scratch_folder();
    json_object_foreach(json_object_get(file, "files"), name, hex) {
        size_t len;
        uint8_t *bytes = test_hex(hex, &len);
        scratch_write(folder, name, bytes, len);
        free(bytes);
    }
    return 0;
}

static int teardown(void **state) {
    (void)state;
    scratch_remove(folder);
    json_decref(file);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_a_byte_of_each_file),
        cmocka_unit_test(test_archive),
    };
    return cmocka_run_group_tests_name("record/vector", tests, setup, teardown);
}
