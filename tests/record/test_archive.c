/* One record has one archive; every other file is refused. spec: R-20..R-24 */
#include "record/archive.h"

#include <stdlib.h>
#include <unistd.h>

#include "tests/record/rig.h"
#include "tests/record/scratch.h"
#include "tests/support/support.h"

static rig election;
static char *folder, *elsewhere;
static char path[256];

static int begin(void **state) {
    (void)state;
    static const rig_plan plan = {.voters = 8, .floor = 3};
    rig_whole(&election, &plan);
    folder = scratch_folder();
    elsewhere = scratch_folder();
    snprintf(path, sizeof path, "%s/a.tar", elsewhere);
    rig_write(&election, folder);
    return 0;
}

static int end(void **state) {
    (void)state;
    scratch_remove(folder);
    scratch_remove(elsewhere);
    rig_free(&election);
    return 0;
}

static uint8_t *archive(size_t *len) {
    tp_fault fault;
    unlink(path);
    assert_int_equal(tp_archive_write(path, folder, &fault), TP_OK);
    return scratch_read(elsewhere, "a.tar", len);
}

static tp_err extract(const uint8_t *bytes, size_t len, char **dir, tp_fault *fault) {
    scratch_write(elsewhere, "a.tar", bytes, len);
    *dir = scratch_folder();
    return tp_archive_extract(*dir, path, fault);
}

/* spec: R-20 */
static void there_and_back(void **state) {
    (void)state;
    size_t len, again_len;
    char *dir;
    tp_fault fault;
    uint8_t *bytes = archive(&len), *again = archive(&again_len);
    assert_int_equal(len % 512, 0);
    assert_int_equal(len, again_len);
    assert_memory_equal(bytes, again, len);
    assert_int_equal(extract(bytes, len, &dir, &fault), TP_OK);
    scratch_same(folder, dir);
    tp_verification v;
    assert_int_equal(tp_verify(&v, dir, NULL, &rig_options), TP_OK);
    scratch_remove(dir);
    free(again);
    free(bytes);
}

/* A program that is not ours reads it: names, bytes, and no complaint. spec */
static void another_program_reads_it(void **state) {
    (void)state;
    size_t len;
    char command[1024], *dir = scratch_folder();
    free(archive(&len));
    snprintf(command, sizeof command, "tar -xf %s -C %s 2>%s/said && test ! -s %s/said", path, dir,
             elsewhere, elsewhere);
    assert_int_equal(system(command), 0);
    scratch_same(folder, dir);
    scratch_remove(dir);
}

static void assert_refused(const uint8_t *bytes, size_t len) {
    tp_fault fault;
    char *dir;
    assert_int_not_equal(extract(bytes, len, &dir, &fault), TP_OK);
    assert_string_equal(fault.code, "files.archive");
    scratch_remove(dir);
}

/* Each byte of the first header and of the end, another length, a second file first. spec: R-22..24
 */
static void other_forms(void **state) {
    (void)state;
    size_t len;
    uint8_t *bytes = archive(&len), *longer = calloc(1, len + 512);
    for (size_t i = 0; i < 512; i++) {
        bytes[i] ^= 1;
        assert_refused(bytes, len);
        bytes[i] ^= 1;
    }
    for (size_t i = len - 1024; i < len; i += 73) {
        bytes[i] ^= 1;
        assert_refused(bytes, len);
        bytes[i] ^= 1;
    }
    memcpy(longer, bytes, len);
    assert_refused(longer, len + 1);
    assert_refused(longer, len + 512);
    assert_refused(bytes, len - 512);
    assert_refused(bytes, len - 1);
    assert_refused(bytes, 700);
    assert_refused(longer + len - 1024, 1024);
    assert_refused(bytes, 0);
    free(longer);
    free(bytes);
}

/* The checkpoint's file, `times` over, under this name. */
static void assert_name_refused(const char *name, int times) {
    enum { FILE_LEN = 1024 };
    uint8_t a[4 * FILE_LEN + 1024] = {0};
    for (int i = 0; i < times; i++) {
        char *h = (char *)a + i * FILE_LEN;
        unsigned sum = 0;
        snprintf(h, 100, "%s", name);
        memcpy(h + 100, "0000644\0000000000\0000000000\00000000000001\00000000000000", 48);
        memset(h + 148, ' ', 8);
        memcpy(h + 156, "0", 1);
        memcpy(h + 257, "ustar\00000", 8);
        memcpy(h + 329, "0000000\0000000000", 15);
        for (size_t k = 0; k < 512; k++)
            sum += (uint8_t)h[k];
        snprintf(h + 148, 7, "%06o", sum);
        h[512] = 'x';
    }
    tp_fault fault;
    char *dir;
    size_t len = (size_t)times * FILE_LEN + 1024;
    if (times == 1 && !strcmp(name, "checkpoint")) { /* the maker of these archives is right */
        assert_int_equal(extract(a, len, &dir, &fault), TP_OK);
        scratch_remove(dir);
    } else {
        assert_refused(a, len);
    }
}

/* spec */
static void names(void **state) {
    (void)state;
    assert_name_refused("checkpoint", 1);
    assert_name_refused("checkpoint", 2); /* twice */
    static const char *const bad[] = {"../checkpoint", "/x",  "a/../b",   "a//b", "a/",
                                      "./a",           "a b", "\xc3\xa9", ".a"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_name_refused(bad[i], 1);
}

static void what_is_no_record(void **state) {
    (void)state;
    tp_fault fault;
    char *dir = scratch_folder();
    unlink(path);
    assert_int_not_equal(tp_archive_write(path, "/nonexistent/folder", &fault), TP_OK);
    assert_string_equal(fault.code, "record.missing");
    assert_int_not_equal(tp_archive_write(path, dir, &fault), TP_OK);
    assert_string_equal(fault.code, "record.missing");
    scratch_write(dir, "a b", "x", 1);
    assert_int_not_equal(tp_archive_write(path, dir, &fault), TP_OK);
    assert_string_equal(fault.code, "files.archive");
    assert_false(scratch_exists(elsewhere, "a.tar"));
    assert_false(scratch_exists(elsewhere, "a.tar.new"));
    scratch_write(elsewhere, "a.tar", "x", 1);
    assert_int_equal(tp_archive_write(path, folder, &fault), TP_SYSTEM); /* it exists */
    scratch_remove(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),    cmocka_unit_test(another_program_reads_it),
        cmocka_unit_test(other_forms),       cmocka_unit_test(names),
        cmocka_unit_test(what_is_no_record),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
