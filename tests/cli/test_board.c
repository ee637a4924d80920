/* `tapat board prove` and `check` from outside: a record's log, older checkpoints of it, and those
 * of other logs that the same key signed. spec, T-5, T-6
 */
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/record/rig.h"
#include "tests/record/scratch.h"
#include "tests/support/support.h"

static const rig_plan plan = {.voters = 16, .floor = 2};
static const char *tapat;
static char *dir, *old_dir, *other_dir; /* the record now, before, and another one */
static rig g;

typedef struct {
    int code;
    char text[8192];
} result;

static result board(const char *format, ...) __attribute__((format(printf, 1, 2)));
static result board(const char *format, ...) {
    char arguments[1024], command[2048];
    va_list args;
    result r = {0};
    va_start(args, format);
    vsnprintf(arguments, sizeof arguments, format, args);
    va_end(args);
    snprintf(command, sizeof command, "%s board %s 2>&1", tapat, arguments);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    r.text[fread(r.text, 1, sizeof r.text - 1, p)] = 0;
    int status = pclose(p);
    r.code = WIFEXITED(status) ? WEXITSTATUS(status) : 255;
    return r;
}

static void expect(result r, int code, const char *text) {
    if (r.code == code && strstr(r.text, text)) return;
    fail_msg("expected %d '%s', got %d: %s", code, text, r.code, r.text);
}

static void a_good_record(void **state) {
    (void)state;
    char line[64];
    snprintf(line, sizeof line, "ok   checkpoint  %zu entries, 0 witnesses\n", g.count);
    expect(board("check --record %s", dir), 0, line);
    expect(board("check --record %s", dir), 0, "ok   log  every tile and every entry\n");
    expect(board("check %s/checkpoint %s/checkpoint --record %s", old_dir, dir, dir), 0,
           "/checkpoint  ");
    expect(board("check --record %s --json", dir), 0, "\"good\": true");
}

static void another_election(void **state) {
    (void)state;
    char hex[65] = {0};
    memset(hex, '0', 64);
    expect(board("check --record %s --fingerprint %s", dir, hex), 1, "manifest.fingerprint");
}

static void rewind_and_removal(void **state) {
    (void)state;
    expect(board("check %s/checkpoint --record %s", dir, old_dir), 1, "rewind: ");
    expect(board("check %s/checkpoint --record %s", old_dir, other_dir), 1, "removal: ");
    expect(board("check %s/checkpoint --record %s --json", old_dir, other_dir), 1,
           "\"code\": \"removal\"");
}

static void a_fork(void **state) {
    (void)state;
    size_t len;
    char *fork = scratch_folder();
    rig_swap(&g, 2, 3); /* as many entries in another order */
    rig_write(&g, fork);
    rig_swap(&g, 2, 3);
    uint8_t *note = scratch_read(fork, "checkpoint", &len);
    scratch_write(fork, "other", note, len);
    expect(board("check %s/other --record %s", fork, dir), 1, "fork: ");
    free(note);
    scratch_remove(fork);
}

/* One bit of each file of the log. */
static void flipped_files(void **state) {
    (void)state;
    size_t len;
    char name[64];
    static const char *const kinds[] = {"tile/0/000.p/%zu", "tile/entries/000.p/%zu"};
    static const char *const codes[] = {"log.tile: ", "log."};
    for (size_t i = 0; i < 2; i++) {
        snprintf(name, sizeof name, i ? kinds[1] : kinds[0], g.count);
        uint8_t *bytes = scratch_read(dir, name, &len);
        bytes[len / 2] ^= 1;
        scratch_write(dir, name, bytes, len);
        expect(board("check --record %s", dir), 1, codes[i]);
        bytes[len / 2] ^= 1;
        scratch_write(dir, name, bytes, len);
        free(bytes);
    }
    uint8_t *note = scratch_read(dir, "checkpoint", &len);
    note[len - 10] ^= 1;
    scratch_write(old_dir, "bad", note, len);
    free(note);
    expect(board("check %s/bad --record %s", old_dir, dir), 1, "checkpoint.");
    expect(board("check --record %s", dir), 0, "ok   log");
}

static void proofs(void **state) {
    (void)state;
    expect(board("prove inclusion 3 --record %s", dir), 0, "\"proof_of\": \"inclusion\"");
    expect(board("prove consistency 2 --record %s", dir), 0, "\"old_size\": 2");
    expect(board("prove inclusion %zu --record %s", g.count, dir), 1, "no such proof");
}

static void wrong_calls(void **state) {
    (void)state;
    expect(board("check"), 2, "check with --record or --server");
    expect(board("check --record %s --server http://127.0.0.1:1", dir), 2, "check with");
    expect(board("prove --record %s", dir), 2, "board takes");
    expect(board("prove inclusion x --record %s", dir), 2, "LEAF");
    expect(board("check --record %s/none", dir), 3, "none");
    expect(board("check %s/none --record %s", dir, dir), 3, "none");
    expect(board("check --server http://127.0.0.1:1"), 3, "does not answer");
}

static int begin(void **state) {
    (void)state;
    dir = scratch_folder();
    old_dir = scratch_folder();
    other_dir = scratch_folder();
    rig_begin(&g, &plan);
    rig_ceremony(&g);
    rig_enrol(&g);
    rig_open(&g);
    for (size_t i = 0; i < 10; i++)
        rig_vote(&g, i, (unsigned)i);
    rig_batch(&g);
    rig_write(&g, old_dir);
    for (size_t i = 10; i < 16; i++)
        rig_vote(&g, i, (unsigned)i);
    rig_batch(&g);
    rig_swap(&g, 2, 3);
    rig_write(&g, other_dir);
    rig_swap(&g, 2, 3);
    rig_write(&g, dir);
    return 0;
}

static int end(void **state) {
    (void)state;
    rig_free(&g);
    scratch_remove(dir);
    scratch_remove(old_dir);
    scratch_remove(other_dir);
    return 0;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_record),      cmocka_unit_test(another_election),
        cmocka_unit_test(rewind_and_removal), cmocka_unit_test(a_fork),
        cmocka_unit_test(flipped_files),      cmocka_unit_test(proofs),
        cmocka_unit_test(wrong_calls),
    };
    if (argc < 2) return 2;
    tapat = argv[1];
    return cmocka_run_group_tests(tests, begin, end);
}
