/* What is wrong with a record is said by one check, one code and one place: each fault of the
 * files, of the log and of the count, provoked alone. spec: R-1..R-7, Y-1..Y-6, Y-12..Y-18
 */
#include "core/merkle/tiles.h"
#include "record/reader.h"
#include "tests/record/rig.h"
#include "tests/record/scratch.h"
#include "tests/support/support.h"

#include <unistd.h>

static rig election;
static char *folder;

static int begin(void **state) {
    (void)state;
    static const rig_plan plan = {.voters = 20, .floor = 3};
    rig_whole(&election, &plan);
    while (election.count < 300) /* a full tile, a partial one, one above */
        rig_batch(&election);
    folder = scratch_folder();
    rig_write(&election, folder);
    return 0;
}

static int end(void **state) {
    (void)state;
    scratch_remove(folder);
    rig_free(&election);
    return 0;
}

static void assert_report(const char *dir, const char *check, const char *code, const char *where) {
    tp_verification v;
    assert_int_not_equal(tp_verify(&v, dir, NULL, &rig_options), TP_OK);
    const tp_check *bad = rig_fail(&v);
    assert_non_null(bad);
    if (strcmp(bad->check, check) || strcmp(bad->fault.code, code) ||
        strncmp(bad->fault.where, where, strlen(where)))
        fail_msg("want %s %s %s, got %s %s %s", check, code, where, bad->check, bad->fault.code,
                 bad->fault.where);
}

static void assert_still_good(void) {
    tp_verification v;
    assert_int_equal(tp_verify(&v, folder, NULL, &rig_options), TP_OK);
}

/* One byte of a file changed, or the file gone: this report; then as before. */
enum { GONE = -1 };
static void assert_changed(const char *file, long at, const char *check, const char *code,
                           const char *where) {
    size_t len;
    uint8_t *bytes = scratch_read(folder, file, &len);
    if (at == GONE) {
        scratch_remove_file(folder, file);
    } else {
        assert_true((size_t)at < len);
        bytes[at] ^= 1;
        scratch_write(folder, file, bytes, len);
        bytes[at] ^= 1;
    }
    assert_report(folder, check, code, where);
    scratch_write(folder, file, bytes, len);
    assert_still_good();
    free(bytes);
}

static void document_name(char name[TP_FILE_NAME], const uint8_t hash[32]) {
    tp_document_name(name, hash);
}

/* ---- files: R-1..R-6, Y-4 ---- */

static void missing_files(void **state) {
    (void)state;
    static const char *const due[] = {"manifest.json", "results.json",   "results.csv",
                                      "tile/0/000",    "tile/1/000.p/1", "tile/entries/000"};
    for (size_t i = 0; i < sizeof due / sizeof *due; i++)
        assert_changed(due[i], GONE, "files", "files.missing", due[i]);
}

static void changed_copies(void **state) {
    (void)state;
    assert_changed("manifest.json", 5, "files", "files.copy", "manifest.json");
    assert_changed("results.json", 5, "results", "files.copy", "results.json");
    assert_changed("results.csv", 5, "results", "results.csv", "results.csv");
}

static void documents(void **state) {
    (void)state;
    char name[TP_FILE_NAME];
    const uint8_t *const hashes[] = {election.board.freeze_hash, election.board.publish_hash,
                                     election.board.shares[0].hash};
    for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++) {
        document_name(name, hashes[i]);
        assert_changed(name, GONE, "files", "document.missing", name);
        assert_changed(name, 9, "files", "document.hash", name);
    }
}

/* An entry that states another length than its document has. */
static void document_of_another_length(void **state) {
    (void)state;
    static const rig_plan plan = {.voters = 4, .floor = 2};
    rig g;
    char name[TP_FILE_NAME];
    rig_begin(&g, &plan);
    rig_assert_good(&g);
    document_name(name, g.m.fingerprint);
    g.entries[0].p[g.entries[0].len - 1] ^= 1;
    rig_assert_fail(&g, "files", "document.length", name);
    rig_free(&g);
}

/* Results before they are due. R-6 */
static void early_results(void **state) {
    (void)state;
    static const rig_plan plan = {.voters = 4, .floor = 2};
    rig g;
    rig_begin(&g, &plan);
    char *dir = scratch_folder();
    rig_write(&g, dir);
    scratch_write(dir, "results.csv", "x", 1);
    assert_report(dir, "files", "files.unknown", "results.csv");
    scratch_remove(dir);
    rig_free(&g);
}

/* A link in place of a file, whatever it leads to. R-1 */
static void only_plain_files(void **state) {
    (void)state;
    char at[512], to[512];
    size_t len;
    uint8_t *bytes = scratch_read(folder, "tile/0/000", &len);
    char *other = scratch_folder();
    snprintf(at, sizeof at, "%s/tile/0/000", folder);
    snprintf(to, sizeof to, "%s/000", other);
    scratch_write(other, "000", bytes, len);
    scratch_remove_file(folder, "tile/0/000");
    assert_int_equal(symlink(to, at), 0);
    assert_report(folder, "files", "files.unknown", "tile/0/000");
    scratch_remove_file(folder, "tile/0/000");
    scratch_write(folder, "tile/0/000", bytes, len);
    assert_still_good();
    scratch_remove(other);
    free(bytes);
}

/* ---- log: R-7..R-9, Y-5 ---- */

static void put_checkpoint(const rig *g, const char *dir, uint64_t size, const uint8_t root[32]) {
    char note[TP_CHECKPOINT_NOTE_MAX];
    tp_writer w = tp_writer_of(note, sizeof note);
    assert_int_equal(tp_checkpoint_sign(&w, &g->m, size, root, g->log_secret), TP_OK);
    scratch_write(dir, "checkpoint", note, w.len);
}

static void changed_log(void **state) {
    (void)state;
    assert_changed("tile/0/000", 32 * 7, "log", "log.tile", "tile/0/000");
    assert_changed("tile/0/001.p/44", 3, "log", "log.tile", "tile/0/001.p/44");
    assert_changed("tile/1/000.p/1", 3, "log", "log.tile", "tile/1/000.p/1");
    /* the hash of the manifest, then the length before it */
    assert_changed("tile/entries/000", 10, "log", "log.entry", "entry 0");
    assert_changed("tile/entries/000", 1, "log", "log.bundle", "tile/entries/000");
}

static void another_root(void **state) {
    (void)state;
    uint8_t root[32], other[32];
    assert_int_equal(tp_record_root_at(root, folder, election.count), TP_OK);
    memcpy(other, root, 32);
    other[31] ^= 1;
    put_checkpoint(&election, folder, election.count, other);
    assert_report(folder, "log", "log.root", "checkpoint");
    put_checkpoint(&election, folder, election.count, root);
    assert_still_good();
}

static void another_origin(void **state) {
    (void)state;
    uint8_t root[32];
    const char *origin = election.m.log_origin;

    assert_int_equal(tp_record_root_at(root, folder, election.count), TP_OK);
    election.m.log_origin = "rig.example/other";
    put_checkpoint(&election, folder, election.count, root);
    election.m.log_origin = origin;
    assert_report(folder, "log", "checkpoint.origin", "checkpoint");
    put_checkpoint(&election, folder, election.count, root);
    assert_still_good();
}

/* The log's line over another text. */
static void false_signature(void **state) {
    (void)state;
    size_t len;
    uint8_t *note = scratch_read(folder, "checkpoint", &len);
    const uint8_t *size = memchr(note, '\n', len);
    assert_non_null(size);
    long root = (long)(strlen("\n300\n") + (size_t)(size - note));
    assert_int_equal(note[root - 1], '\n');
    assert_changed("checkpoint", root, "log", "checkpoint.signature", "checkpoint");
    free(note);
}

/* A checkpoint of no entries beside a manifest. */
static void empty_log(void **state) {
    (void)state;
    static const rig_plan plan = {.voters = 4, .floor = 2};
    rig g;
    uint8_t hash[32], root[32];
    rig_begin(&g, &plan);
    char *dir = scratch_folder();
    tp_sha256(root, "", 0);
    assert_int_equal(tp_copy_write(dir, TP_COPY_MANIFEST, g.json, strlen(g.json)), TP_OK);
    assert_int_equal(tp_document_write(dir, g.json, strlen(g.json), hash), TP_OK);
    put_checkpoint(&g, dir, 0, root);
    assert_report(dir, "log", "record.empty", "checkpoint");
    scratch_remove(dir);
    rig_free(&g);
}

static void entries_end(void **state) {
    (void)state;
    tp_record *r;
    tp_fault fault = {0};
    const uint8_t *bytes;
    size_t len;
    assert_int_equal(tp_record_open(&r, folder, &fault), TP_OK);
    assert_int_equal(tp_record_entry(r, election.count - 1, &bytes, &len, &fault), TP_OK);
    assert_int_equal(len, election.entries[election.count - 1].len);
    assert_int_equal(tp_record_entry(r, election.count, &bytes, &len, &fault), TP_REFUSED);
    assert_string_equal(fault.code, "log.index");
    tp_record_close(r);
}

/* ---- the entries: R-12, Y-7..Y-12 ---- */

static void ballots_outside_a_batch(void **state) {
    (void)state;
    static const rig_plan plan = {.voters = 4, .floor = 2};
    rig g;
    rig_begin(&g, &plan);
    rig_ceremony(&g);
    rig_enrol(&g);
    rig_open(&g);
    rig_vote(&g, 0, 1);
    rig_push(&g, g.pending[0].p, g.pending[0].len);
    rig_assert_fail(&g, "batches", "board.batch", "ballots outside a batch");
    rig_free(&g);
}

/* A fault of the board's rules belongs to the check of the entry's type. Y-3 */
static void faults_by_type(void **state) {
    (void)state;
    static const rig_plan plan = {.voters = 4, .floor = 2};
    static const struct {
        uint8_t type;
        const char *check;
    } of[] = {{TP_ENTRY_ACT, "acts"},         {TP_ENTRY_COMMIT, "ceremony"},
              {TP_ENTRY_DEAL, "ceremony"},    {TP_ENTRY_CONFIRM, "keys"},
              {TP_ENTRY_CANCEL, "cancels"},   {TP_ENTRY_REGISTRATIONS, "registrations"},
              {TP_ENTRY_LIVENESS, "ceremony"}};
    rig g;
    rig_begin(&g, &plan);
    rig_ceremony(&g);
    rig_enrol(&g);
    rig_cancel(&g, 0);
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        size_t at = 1;
        while (g.entries[at].p[0] != of[i].type)
            at++;
        size_t len = g.entries[at].len;
        g.entries[at].len = 4; /* cut */
        tp_verification v;
        assert_int_not_equal(rig_verify(&g, &v), TP_OK);
        g.entries[at].len = len;
        assert_string_equal(rig_fail(&v)->check, of[i].check);
    }
    g.entries[1].p[0] = 99;
    rig_assert_fail(&g, "log", "entry.type", "entry 1");
    rig_free(&g);
}

/* Without the approval nothing of the setup may stand on the board. Y-7 */
static void nothing_before_the_approval(void **state) {
    (void)state;
    static const rig_plan plan = {.voters = 4, .floor = 2};
    rig g;
    tp_verification v;
    rig_begin(&g, &plan);
    rig_ceremony(&g);
    rig_assert_good(&g);
    rig_remove(&g, 1);
    rig_assert_fail(&g, "ceremony", "board.order", "entry 1");
    while (g.count > 1)
        rig_remove(&g, g.count - 1);
    assert_int_equal(rig_verify(&g, &v), TP_OK);
    assert_int_equal(rig_check(&v, "approval")->verdict, TP_NOT_YET);
    rig_free(&g);
}

/* ---- the count: Y-13..Y-17 ---- */

static void frozen(rig *g) {
    static const rig_plan plan = {.voters = 12, .floor = 3};
    rig_begin(g, &plan);
    rig_ceremony(g);
    rig_enrol(g);
    rig_open(g);
    for (size_t i = 0; i < 12; i++)
        rig_vote(g, i, (unsigned)i);
    rig_batch(g);
    rig_close(g);
}

/* The officers sign other results than the totals give: results.json is their document. */
static void other_results(void **state) {
    (void)state;
    rig g;
    uint8_t hash[32];
    char name[TP_FILE_NAME];
    frozen(&g);
    rig_freeze(&g);
    rig_share(&g, 2, false);
    rig_share(&g, 4, false);
    rig_publish(&g);
    rig_assert_good(&g);
    rig_remove(&g, g.count - 1);
    free(g.documents[--g.document_count].p);
    char *votes = memmem(g.results.p, g.results.len, "\"votes\": ", 9);
    assert_non_null(votes);
    votes[9] = votes[9] == '9' ? '8' : '9';
    rig_document(&g, g.results.p, g.results.len, hash);
    rig_bytes act = rig_act(&g, TP_ACT_PUBLISH, hash, g.time, 0);
    rig_push(&g, act.p, act.len);
    free(act.p);
    document_name(name, hash);
    rig_assert_fail(&g, "results", "results.hash", name);
    rig_free(&g);
}

/* Fewer than t good shares: a failure only once results are published. Y-14 */
static void too_few_shares(void **state) {
    (void)state;
    rig g;
    tp_verification v;
    uint8_t hash[32];
    frozen(&g);
    rig_freeze(&g);
    rig_share(&g, 1, true);
    rig_share(&g, 2, false);
    assert_int_equal(rig_verify(&g, &v), TP_OK);
    assert_int_equal(rig_check(&v, "shares")->verdict, TP_NOT_YET);
    assert_non_null(strstr(rig_check(&v, "shares")->detail, "bad: 1 (shares.proof)"));
    rig_document(&g, "{}", 2, hash);
    rig_bytes act = rig_act(&g, TP_ACT_PUBLISH, hash, g.time, 0);
    rig_append(&g, act.p, act.len);
    free(act.p);
    g.results = (rig_bytes){(uint8_t *)strdup("{}"), 2};
    g.csv = (rig_bytes){(uint8_t *)strdup(""), 0};
    rig_assert_fail(&g, "shares", "shares.quorum", "1 good shares of 2");
    rig_free(&g);
}

/* ---- the report ---- */

static const char *const order[] = {"files",  "log",     "manifest",      "approval",   "ceremony",
                                    "keys",   "roll",    "registrations", "cancels",    "ballots",
                                    "chains", "batches", "acts",          "aggregates", "shares",
                                    "totals", "results", "reconciliation"};

/* The checks of a report are in the order of chapter 9, each at most once. Y-2 */
static void assert_in_order(const tp_verification *v) {
    size_t at = 0;
    for (size_t i = 0; i < v->count; i++, at++) {
        while (at < sizeof order / sizeof *order && strcmp(order[at], v->checks[i].check))
            at++;
        if (at == sizeof order / sizeof *order) fail_msg("%s", v->checks[i].check);
    }
}

/* A check that a fault cut short is left out: nothing passes that rests on it. Y-2 */
static void no_pass_rests_on_a_failure(void **state) {
    (void)state;
    static const struct {
        const char *file, *failed;
        size_t passed;
    } cases[] = {{"checkpoint", "log", 0},
                 {"tile/0/000", "log", 1}, /* files */
                 {"tile/entries/000", "log", 1},
                 {"results.csv", "results", 17}};
    tp_verification v;
    assert_int_equal(tp_verify(&v, folder, NULL, &rig_options), TP_OK);
    assert_int_equal(v.count, 18);
    assert_in_order(&v);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t len, passed = 0;
        uint8_t *bytes = scratch_read(folder, cases[i].file, &len);
        bytes[len / 2] ^= 1;
        scratch_write(folder, cases[i].file, bytes, len);
        assert_int_not_equal(tp_verify(&v, folder, NULL, &rig_options), TP_OK);
        assert_in_order(&v);
        assert_string_equal(rig_fail(&v)->check, cases[i].failed);
        for (size_t k = 0; k < v.count; k++)
            passed += v.checks[k].verdict == TP_PASS;
        assert_int_equal(passed, cases[i].passed);
        bytes[len / 2] ^= 1;
        scratch_write(folder, cases[i].file, bytes, len);
        free(bytes);
    }
}

static void assert_same_report(const tp_verification *a, const tp_verification *b) {
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        const tp_check *x = &a->checks[i], *y = &b->checks[i];
        assert_string_equal(x->check, y->check);
        assert_int_equal(x->verdict, y->verdict);
        assert_string_equal(x->fault.code, y->fault.code);
        if (x->verdict == TP_FAIL) assert_string_equal(x->fault.where, y->fault.where);
        assert_string_equal(x->detail, y->detail);
    }
}

/* One thread or many, twice, good or with two bad entries: one report. Y-3, Y-18 */
static void one_report(void **state) {
    (void)state;
    tp_verification first, again;
    for (int bad = 0; bad < 2; bad++) {
        if (bad) {
            election.entries[rig_find(&election, 5, 1)].p[200] ^= 1;
            election.entries[election.count - 1].p[4] ^= 1;
        }
        char *dir = scratch_folder();
        rig_write(&election, dir);
        for (unsigned threads = 1; threads <= 5; threads++) {
            tp_replay_options o = {.threads = threads};
            tp_err err = tp_verify(threads == 1 ? &first : &again, dir, NULL, &o);
            assert_int_equal(err != TP_OK, bad);
            if (threads > 1) assert_same_report(&first, &again);
        }
        if (bad) assert_string_equal(rig_fail(&first)->check, "ballots"); /* the first of the two */
        scratch_remove(dir);
    }
    election.entries[rig_find(&election, 5, 1)].p[200] ^= 1;
    election.entries[election.count - 1].p[4] ^= 1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_files),
        cmocka_unit_test(changed_copies),
        cmocka_unit_test(documents),
        cmocka_unit_test(document_of_another_length),
        cmocka_unit_test(early_results),
        cmocka_unit_test(only_plain_files),
        cmocka_unit_test(changed_log),
        cmocka_unit_test(another_root),
        cmocka_unit_test(another_origin),
        cmocka_unit_test(false_signature),
        cmocka_unit_test(empty_log),
        cmocka_unit_test(entries_end),
        cmocka_unit_test(ballots_outside_a_batch),
        cmocka_unit_test(faults_by_type),
        cmocka_unit_test(nothing_before_the_approval),
        cmocka_unit_test(other_results),
        cmocka_unit_test(too_few_shares),
        cmocka_unit_test(no_pass_rests_on_a_failure),
        cmocka_unit_test(one_report),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
