/* bench/electorate and bench/count in small: an election made without a server; a server that has
 * the same ballots; the officers' and trustees' tools between its close and its result, which is
 * the same.
 */
#include <sys/wait.h>

#include "tests/record/scratch.h"
#include "tests/support/support.h"

static const char *root;
static char *dir;
static char text[1 << 15];

static int run(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* In the project's folder; text: what it prints on both streams. */
static int run(const char *format, ...) {
    char command[1024], whole[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    snprintf(whole, sizeof whole, "cd '%s' && %s 2>&1", root, command);
    FILE *p = popen(whole, "r");
    assert_non_null(p);
    size_t len = fread(text, 1, sizeof text - 1, p);
    text[len] = 0;
    int status = pclose(p);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static void expect(const char *what) {
    if (!strstr(text, what)) fail_msg("no '%s' in: %s", what, text);
}

static void from_close_to_result(void **state) {
    (void)state;
    if (run("bench/electorate 60 %s", dir)) fail_msg("%s", text);
    expect("66 ballots = 6 replaced");
    expect("published totals are what 60 counted ballots chose");
    if (run("bench/count %s 66", dir)) fail_msg("%s", text);
    expect("published totals are what 60 counted ballots chose");
    expect("byte for byte");
}

/* A server's store is made of a record only, and in a new folder only. */
static void no_store_of_nothing(void **state) {
    (void)state;
    const char *verb = "\"$TAPAT\" simulate store --keys";
    assert_int_not_equal(run("%s %s/keys --record /nowhere --data %s/new", verb, dir, dir), 0);
    expect("record.missing");
    assert_int_not_equal(run("%s %s/keys --record %s/record --data %s", verb, dir, dir, dir), 0);
    expect("cannot make");
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_close_to_result),
        cmocka_unit_test(no_store_of_nothing),
    };
    if (argc < 3) return 77;
    char *tapat = realpath(argv[1], NULL);
    if (!tapat) return 1;
    setenv("TAPAT", tapat, 1);
    free(tapat);
    root = argv[2];
    dir = scratch_folder();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove(dir);
    return failed;
}
