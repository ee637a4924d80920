/* Templates of messages: what is taken, what is refused, how values go in. spec: Q-3 */
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/texts.h"
#include "tests/support/support.h"

static char dir[64];

static int set_up(void **state) {
    (void)state;
    strcpy(dir, "/tmp/tapat-texts-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static int tear_down(void **state) {
    (void)state;
    return nftw(dir, remove_one, 4, FTW_DEPTH | FTW_PHYS);
}

static void write_template(const char *name, const char *text) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void test_own(void **state) {
    (void)state;
    tp_texts *t;
    tp_text en, fil, other;
    tp_fault fault = {0};
    json_t *values = tp_texts_example();
    assert_int_equal(tp_texts_load(&t, NULL, &fault), TP_OK);
    const char *kind;
    for (size_t i = 0; (kind = tp_texts_kind(i)); i++) {
        assert_int_equal(tp_texts_fill(t, kind, "en", values, &en), TP_OK);
        assert_int_equal(tp_texts_fill(t, kind, "fil", values, &fil), TP_OK);
        assert_int_equal(tp_texts_fill(t, kind, "de", values, &other), TP_OK);
        assert_string_not_equal(en.text, fil.text);
        assert_string_equal(en.text, other.text);
        assert_null(strchr(fil.text, '{'));
        assert_null(strstr(fil.text, "SMS:"));
        assert_null(strchr(fil.brief, '\n'));
        assert_true(strlen(fil.brief) > 20 && strlen(fil.subject) > 5);
    }
    assert_int_equal(tp_texts_fill(t, "code", "fil", values, &fil), TP_OK);
    assert_non_null(strstr(fil.text, "123456"));
    assert_null(strstr(fil.subject, "123456")); /* a code is on no lock screen's list of subjects */
    assert_int_equal(tp_texts_fill(t, "none", "en", values, &en), TP_REFUSED);
    json_decref(values);
    tp_texts_free(t);
}

static void test_over(void **state) {
    (void)state;
    tp_texts *t;
    tp_text text;
    tp_fault fault = {0};
    write_template("code.en.txt", "Subject: S {title}\n\nT {code}\n{title}\n\nSMS: B {code}\n");
    assert_int_equal(tp_texts_load(&t, dir, &fault), TP_OK);
    json_t *values = json_pack("{s:s, s:s}", "title", "A\r\nBcc: x", "code", "012345");
    assert_int_equal(tp_texts_fill(t, "code", "en", values, &text), TP_OK);
    assert_string_equal(text.subject, "S A  Bcc: x"); /* a value adds no line */
    assert_string_equal(text.text, "T 012345\nA  Bcc: x");
    assert_string_equal(text.brief, "B 012345");
    json_object_del(values, "code");
    assert_int_equal(tp_texts_fill(t, "code", "en", values, &text), TP_REFUSED);
    char longer[TP_SUBJECT_MAX + 1];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    json_object_set_new(values, "title", json_string(longer));
    json_object_set_new(values, "code", json_string("1"));
    assert_int_equal(tp_texts_fill(t, "code", "en", values, &text), TP_TOO_BIG);
    json_decref(values);
    tp_texts_free(t);
}

static void expect_refused(const char *name, const char *text, const char *why) {
    char path[128];
    tp_texts *t;
    tp_fault fault = {0};
    write_template(name, text);
    assert_int_equal(tp_texts_load(&t, dir, &fault), TP_REFUSED);
    assert_string_equal(fault.code, "messages.template");
    if (!strstr(fault.where, name) || !strstr(fault.where, why))
        fail_msg("said %s, not %s", fault.where, why);
    tp_texts_free(t);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    unlink(path);
}

static void test_refused(void **state) {
    (void)state;
    tp_texts *t;
    tp_fault fault = {0};
    expect_refused("code.en.txt", "Subject: S\n\n{cod}\n\nSMS: B\n", "a name");
    expect_refused("ready.en.txt", "Subject: S\n\n{code}\n\nSMS: B\n", "a name");
    expect_refused("code.en.txt", "Subject: {code\n\nT\n\nSMS: B\n", "a brace");
    expect_refused("code.en.txt", "Subject: S\n\nT\n\nSMS: {CODE}\n", "a brace");
    expect_refused("code.en.txt", "S\n\nT\n\nSMS: B\n", "no Subject:");
    expect_refused("code.en.txt", "Subject: S\nT\n\nSMS: B\n", "no empty line");
    expect_refused("code.en.txt", "Subject: S\n\nT\n", "no SMS:");
    expect_refused("code.en.txt", "Subject: S\r\n\nT\n\nSMS: B\n", "control");
    expect_refused("codes.en.txt", "Subject: S\n\nT\n\nSMS: B\n", "no such kind");
    expect_refused("readme", "Subject: S\n\nT\n\nSMS: B\n", "not KIND");
    assert_int_equal(tp_texts_load(&t, "/nowhere", &fault), TP_SYSTEM);
    assert_string_equal(fault.code, "messages.folder");
    tp_texts_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
