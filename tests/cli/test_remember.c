/* `tapat verify --remember` from outside: the file that is kept, and files that are none.
 * spec: Y-20 */
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/record/rig.h"
#include "tests/record/scratch.h"
#include "tests/support/support.h"

static const char *tapat;
static char *dir, *record;
static rig g;

typedef struct {
    int code;
    char text[8192];
} result;

static result verify(void) {
    char command[1024];
    result r = {0};
    snprintf(command, sizeof command, "%s verify %s --remember %s/kept 2>&1", tapat, record, dir);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    size_t len = fread(r.text, 1, sizeof r.text - 1, p);
    r.text[len] = 0;
    int status = pclose(p);
    r.code = WIFEXITED(status) ? WEXITSTATUS(status) : 255;
    return r;
}

static void expect(int code, const char *text, bool there) {
    result r = verify();
    if (r.code == code && (strstr(r.text, text) != NULL) == there) return;
    fail_msg("expected %d and '%s', got %d: %s", code, text, r.code, r.text);
}

static void notes_what_it_checked(void **state) {
    (void)state;
    char path[256];
    struct stat st;
    expect(0, "checked earlier", false);
    snprintf(path, sizeof path, "%s/kept", dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 077, 0); /* nobody else's */
    expect(0, "checked earlier", true);
}

/* Torn, changed or foreign: said, and not taken for a file to write to. */
static void takes_no_other_file(void **state) {
    (void)state;
    size_t len, same;
    expect(0, "", true);
    uint8_t *kept = scratch_read(dir, "kept", &len);
    const size_t places[] = {0, 9, 20, 60, len / 2, len - 1};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        kept[places[i]] ^= 1;
        scratch_write(dir, "kept", kept, len);
        expect(1, "not what --remember writes", true);
        kept[places[i]] ^= 1;
        scratch_write(dir, "kept", kept, places[i]);
        expect(1, "not what --remember writes", true);
    }
    uint8_t *after = scratch_read(dir, "kept", &same);
    assert_int_equal(same, len - 1);
    free(after);
    scratch_write(dir, "kept", kept, len);
    expect(0, "checked earlier", true);
    free(kept);
}

/* Nothing is noted of a record that does not hold. */
static void notes_no_bad_record(void **state) {
    (void)state;
    scratch_remove_file(dir, "kept");
    scratch_write(record, "stranger", "x", 1);
    expect(1, "files.unknown", true);
    assert_false(scratch_exists(dir, "kept"));
    scratch_remove_file(record, "stranger");
    expect(0, "checked earlier", false);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notes_what_it_checked),
        cmocka_unit_test(takes_no_other_file),
        cmocka_unit_test(notes_no_bad_record),
    };
    if (argc < 2) return 77;
    tapat = argv[1];
    dir = scratch_folder();
    record = scratch_folder();
    rig_whole(&g, &(rig_plan){.voters = 24, .floor = 3});
    rig_write(&g, record);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove(record);
    scratch_remove(dir);
    rig_free(&g);
    return failed;
}
