/* Conformance of a store driver with store/store.h: every function, its refusals, atomicity, and
 * what is left after reopening. */
#include "tests/support/support.h"

#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "store/store.h"

#define OK(call)      assert_int_equal((call), TP_OK)
#define REFUSED(call) assert_int_equal((call), TP_REFUSED)

static const uint8_t no_session[32];

typedef struct {
    char dir[64], path[96];
    tp_store *s;
} scene;

static int set_up(void **state) {
    scene *c = calloc(1, sizeof *c);
    strcpy(c->dir, "/tmp/tapat-store-XXXXXX");
    assert_non_null(mkdtemp(c->dir));
    snprintf(c->path, sizeof c->path, "%s/store.db", c->dir);
    OK(tp_store_open(&c->s, c->path, false));
    *state = c;
    return 0;
}

static int tear_down(void **state) {
    scene *c = *state;
    char path[128];
    tp_store_close(c->s);
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s%s", c->path, (const char *[]){"", "-wal", "-shm"}[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(c->dir), 0);
    free(c);
    return 0;
}

static void reopen(scene *c) {
    tp_store_close(c->s);
    OK(tp_store_open(&c->s, c->path, false));
}

static void bytes_of(uint8_t *out, size_t len, uint64_t seed) {
    seed = seed * 2654435761u + 1;
    test_random_bytes(&seed, out, len);
}

static void test_open(void **state) {
    scene *c = *state;
    tp_store *other;
    char path[128];
    snprintf(path, sizeof path, "%s/none.db", c->dir);
    assert_int_equal(tp_store_open(&other, path, true), TP_SYSTEM);
    assert_null(other);
    FILE *f = fopen(path, "w");
    for (int i = 0; i < 1000; i++)
        fputs("this is not a database", f);
    fclose(f);
    assert_int_equal(tp_store_open(&other, path, false), TP_MALFORMED);
    unlink(path);
    OK(tp_store_open(&other, c->path, true));
    assert_int_equal(tp_store_set(other, "x", "y", 1), TP_SYSTEM); /* a reader cannot write */
    assert_true(strlen(tp_store_error(other)) > 0);
    tp_store_close(other);
}

static void test_meta(void **state) {
    scene *c = *state;
    uint8_t out[8];
    size_t len = sizeof out;
    bool found;
    OK(tp_store_get(c->s, "k", out, &len, &found));
    assert_false(found);
    OK(tp_store_set(c->s, "k", "abc", 3));
    OK(tp_store_set(c->s, "k", "abcd", 4));
    OK(tp_store_set(c->s, "empty", "", 0));
    reopen(c);
    OK(tp_store_get(c->s, "k", out, &len, &found));
    assert_true(found);
    assert_int_equal(len, 4);
    assert_memory_equal(out, "abcd", 4);
    len = 3;
    assert_int_equal(tp_store_get(c->s, "k", out, &len, &found), TP_TOO_BIG);
    len = 8;
    OK(tp_store_get(c->s, "empty", out, &len, &found));
    assert_true(found);
    assert_int_equal(len, 0);
}

static tp_voter voter(unsigned i) {
    tp_voter v = {.unit = (uint16_t)(i % 7)};
    snprintf(v.number, sizeof v.number, "V%06u", i);
    snprintf(v.name, sizeof v.name, "Peña, María %u", i);
    snprintf(v.birth_date, sizeof v.birth_date, "19%02u-02-03", i % 90 + 10);
    snprintf(v.contact, sizeof v.contact, "v%u@example.org", i);
    snprintf(v.contact2, sizeof v.contact2, "+63 %u", i);
    return v;
}

static void test_roll(void **state) {
    scene *c = *state;
    tp_voter v, got;
    bool found;
    uint64_t count;
    OK(tp_store_begin(c->s));
    for (unsigned i = 0; i < 500; i++) {
        v = voter(i);
        OK(tp_store_voter_add(c->s, &v, ""));
    }
    REFUSED(tp_store_voter_add(c->s, &v, ""));
    OK(tp_store_commit(c->s));
    reopen(c);
    OK(tp_store_voter_count(c->s, &count));
    assert_int_equal(count, 500);
    OK(tp_store_voter_find(c->s, "V000123", &got, &found));
    v = voter(123);
    assert_true(found);
    assert_string_equal(got.name, v.name);
    assert_string_equal(got.birth_date, v.birth_date);
    assert_string_equal(got.contact, v.contact);
    assert_string_equal(got.contact2, v.contact2);
    assert_int_equal(got.unit, v.unit);
    int64_t id = got.id;
    OK(tp_store_voter_get(c->s, id, &got, &found));
    assert_true(found);
    assert_string_equal(got.number, "V000123");
    OK(tp_store_voter_find(c->s, "V000500", &got, &found));
    assert_false(found);
    OK(tp_store_voter_get(c->s, 99999, &got, &found));
    assert_false(found);
}

/* Words of the voters: "pena maria K" with "xyz" on every seventh. */
static void add_with_words(scene *c, unsigned count) {
    OK(tp_store_begin(c->s));
    for (unsigned i = 1; i <= count; i++) {
        tp_voter v = voter(i);
        char words[64];
        snprintf(words, sizeof words, "pena maria w%u%s", i, i % 7 ? "" : " xyz");
        OK(tp_store_voter_add(c->s, &v, words));
    }
    OK(tp_store_commit(c->s));
}

static size_t search(scene *c, const char *words, tp_search how, tp_voter *v) {
    size_t count = 99;
    OK(tp_store_voters_search(c->s, words, how, v, 10, &count));
    return count;
}

static void test_search(void **state) {
    scene *c = *state;
    tp_voter v[10];
    size_t count;
    add_with_words(c, 50);
    reopen(c);
    assert_int_equal(search(c, "maria", TP_SEARCH_WORDS, v), 10);
    assert_int_equal(v[0].id, 1);
    assert_int_equal(search(c, "mari", TP_SEARCH_WORDS, v), 0);
    assert_int_equal(search(c, "mari", TP_SEARCH_BEGIN, v), 10);
    assert_int_equal(search(c, "w7 maria", TP_SEARCH_WORDS, v), 1);
    assert_string_equal(v[0].number, "V000007");
    assert_int_equal(search(c, "xy mar w1", TP_SEARCH_BEGIN, v), 1);
    assert_string_equal(v[0].number, "V000014");
    assert_int_equal(search(c, "xyz", TP_SEARCH_WORDS, v), 7);
    assert_int_equal(search(c, "xyz w7 reyes", TP_SEARCH_BEGIN, v), 0);
    assert_int_equal(search(c, "xyz w7 reyes", TP_SEARCH_ALL_BUT_ONE, v), 1);
    assert_int_equal(search(c, "xyz cruz reyes", TP_SEARCH_ALL_BUT_ONE, v), 0);
    assert_int_equal(search(c, "xy w7 reyes", TP_SEARCH_ALL_BUT_ONE, v), 0); /* whole words */
    assert_int_equal(search(c, "or and not near", TP_SEARCH_BEGIN, v), 0); /* words, no operators */
    REFUSED(tp_store_voters_search(c->s, "xyz w7", TP_SEARCH_ALL_BUT_ONE, v, 10, &count));
    REFUSED(tp_store_voters_search(c->s, "", TP_SEARCH_WORDS, v, 10, &count));
    REFUSED(tp_store_voters_search(c->s, "a\"b", TP_SEARCH_WORDS, v, 10, &count));
    REFUSED(tp_store_voters_search(c->s, "1 2 3 4 5 6 7 8 9 a b c d e f g h", TP_SEARCH_BEGIN, v,
                                   10, &count));
    OK(tp_store_voters_numbered(c->s, "V00004", v, 10, &count));
    assert_int_equal(count, 10);
    assert_string_equal(v[9].number, "V000049");
    OK(tp_store_voters_numbered(c->s, "V000004", v, 10, &count));
    assert_int_equal(count, 1);
    OK(tp_store_voters_after(c->s, 45, v, 10, &count));
    assert_int_equal(count, 5);
    assert_int_equal(v[0].id, 46);
}

static void test_roll_changes(void **state) {
    scene *c = *state;
    tp_voter v[10], got;
    size_t count;
    bool found;
    add_with_words(c, 20);
    OK(tp_store_begin(c->s));
    OK(tp_store_voter_find(c->s, "V000007", &got, &found));
    assert_int_equal(got.channel, TP_CHANNEL_ONLINE);
    tp_enrolment waiting = {.id = {7}, .voter = 7, .state = TP_ENROL_WAITING, .credential = {7}},
                 listed[2];
    OK(tp_store_enrolment_put(c->s, &waiting));
    OK(tp_store_enrolment_waiting(c->s, listed, v, 2, &count));
    assert_int_equal(count, 1);
    assert_string_equal(got.disabled, "");
    strcpy(got.name, "Reyes, Ana");
    strcpy(got.disabled, "died");
    got.channel = TP_CHANNEL_MAIL;
    OK(tp_store_voter_update(c->s, &got, "reyes ana"));
    OK(tp_store_voter_remove(c->s, 8));
    got.id = 99;
    REFUSED(tp_store_voter_update(c->s, &got, "reyes"));
    REFUSED(tp_store_voter_remove(c->s, 99));
    OK(tp_store_commit(c->s));
    reopen(c);
    OK(tp_store_voter_get(c->s, 7, &got, &found));
    assert_true(found && got.channel == TP_CHANNEL_MAIL);
    OK(tp_store_enrolment_waiting(c->s, listed, v, 2, &count));
    assert_int_equal(count, 0); /* who votes by mail waits for no registrar */
    assert_string_equal(got.disabled, "died");
    assert_int_equal(search(c, "reyes", TP_SEARCH_WORDS, v), 1);
    assert_int_equal(search(c, "w7", TP_SEARCH_WORDS, v), 0);
    assert_int_equal(search(c, "w8", TP_SEARCH_WORDS, v), 0);
    assert_int_equal(search(c, "w9", TP_SEARCH_WORDS, v), 1);
    OK(tp_store_voter_find(c->s, "V000008", &got, &found));
    assert_false(found);
    /* one who began to enrol stays, and is still found */
    tp_enrolment e = {.voter = 9, .state = TP_ENROL_STARTED};
    OK(tp_store_enrolment_put(c->s, &e));
    OK(tp_store_begin(c->s));
    REFUSED(tp_store_voter_remove(c->s, 9));
    OK(tp_store_commit(c->s));
    assert_int_equal(search(c, "w9", TP_SEARCH_WORDS, v), 1);
}

static void test_roll_undone(void **state) {
    scene *c = *state;
    tp_voter v[10], got;
    bool found;
    tp_store *other;
    add_with_words(c, 20);
    OK(tp_store_begin(c->s)); /* a rollback takes the words with it */
    OK(tp_store_voter_remove(c->s, 10));
    tp_store_rollback(c->s);
    assert_int_equal(search(c, "w10", TP_SEARCH_WORDS, v), 1);
    OK(tp_store_open(&other, c->path, true));
    OK(tp_store_snapshot(other));
    OK(tp_store_voter_get(other, 10, &got, &found));
    OK(tp_store_begin(c->s));
    OK(tp_store_voter_remove(c->s, 10));
    OK(tp_store_commit(c->s));
    OK(tp_store_voter_get(other, 10, &got, &found));
    assert_true(found);
    tp_store_rollback(other);
    OK(tp_store_voter_get(other, 10, &got, &found));
    assert_false(found);
    tp_store_close(other);
}

static void test_codes(void **state) {
    scene *c = *state;
    tp_one_time one = {.voter = 1, .serial = 3, .expires = 500, .live = true, .tries = 2}, got;
    const uint8_t source[2][TP_SOURCE] = {{1}, {2}};
    tp_voter v = voter(1);
    uint64_t full;
    bool found;
    OK(tp_store_voter_add(c->s, &v, ""));
    v = voter(2);
    OK(tp_store_voter_add(c->s, &v, ""));
    for (unsigned i = 1; i <= 3; i++) {
        bytes_of(one.session, 32, i);
        one.voter = i == 3 ? 2 : 1;
        one.expires = 500 + i;
        one.message = (int64_t)(70 + i);
        OK(tp_store_code_put(c->s, &one));
    }
    memset(&got, 0, sizeof got);
    OK(tp_store_code_of(c->s, one.session, &got, &found));
    assert_true(found);
    assert_memory_equal(&got, &one, sizeof one);
    one.live = false, one.tries = 3, one.serial = 4;
    OK(tp_store_code_put(c->s, &one));
    OK(tp_store_code_of(c->s, one.session, &got, &found));
    assert_memory_equal(&got, &one, sizeof one);
    OK(tp_store_source_put(c->s, 1, source[0], 900));
    OK(tp_store_source_put(c->s, 1, source[1], 800));
    OK(tp_store_source_put(c->s, 1, source[1], 1000));
    OK(tp_store_codes_trim(c->s, 1, 502, 900));
    OK(tp_store_source_of(c->s, 1, source[0], &full));
    assert_int_equal(full, 0);
    OK(tp_store_source_of(c->s, 1, source[1], &full));
    assert_int_equal(full, 1000);
    OK(tp_store_source_of(c->s, 2, source[1], &full));
    assert_int_equal(full, 0);
    for (unsigned i = 1; i <= 3; i++) {
        bytes_of(one.session, 32, i);
        OK(tp_store_code_of(c->s, one.session, &got, &found));
        assert_int_equal(found, i > 1); /* the first expired before 502 */
    }
    OK(tp_store_codes_end(c->s, 2));
    OK(tp_store_code_of(c->s, one.session, &got, &found));
    assert_false(found);
    bytes_of(one.session, 32, 2);
    OK(tp_store_code_of(c->s, one.session, &got, &found));
    assert_true(found);
}

static void test_enrolment(void **state) {
    scene *c = *state;
    tp_enrolment e = {.state = TP_ENROL_WAITING, .code_sent = 7, .sends_full = 3, .tries_full = 5},
                 got, list[4];
    tp_voter v, names[4];
    bool found;
    uint64_t counts[5];
    size_t count;
    for (unsigned i = 1; i <= 4; i++) {
        v = voter(i);
        OK(tp_store_voter_add(c->s, &v, ""));
        bytes_of(e.id, 16, i);
        bytes_of(e.credential, 32, 100 + i);
        bytes_of(e.possession, 64, 200 + i);
        memcpy(e.lang, "fil", 4);
        e.voter = i;
        e.updated = 1000 - i;
        e.state = i == 4 ? TP_ENROL_STARTED : TP_ENROL_WAITING;
        OK(tp_store_enrolment_put(c->s, &e));
    }
    memset(&got, 0, sizeof got);
    OK(tp_store_enrolment_find(c->s, e.id, &got, &found));
    assert_true(found);
    assert_memory_equal(&got, &e, sizeof e);
    OK(tp_store_enrolment_by_credential(c->s, e.credential, &got, &found));
    assert_true(found && got.voter == 4);
    memset(e.credential, 0, 32); /* taken back; two may have none */
    OK(tp_store_enrolment_put(c->s, &e));
    OK(tp_store_enrolment_of(c->s, 3, &got, &found));
    assert_true(found && got.voter == 3);
    e = got;
    memset(e.credential, 0, 32);
    OK(tp_store_enrolment_put(c->s, &e));
    OK(tp_store_enrolment_of(c->s, 1, &got, &found));
    e = got;
    e.voter = 2;
    bytes_of(e.id, 16, 2);
    REFUSED(tp_store_enrolment_put(c->s, &e)); /* another's credential */
    OK(tp_store_enrolment_waiting(c->s, list, names, 2, &count));
    assert_int_equal(count, 2);
    assert_int_equal(list[0].voter, 3); /* the oldest first */
    assert_string_equal(names[0].number, "V000003");
    OK(tp_store_enrolment_counts(c->s, counts));
    assert_int_equal(counts[TP_ENROL_STARTED], 1);
    assert_int_equal(counts[TP_ENROL_WAITING], 3);
    assert_int_equal(counts[TP_ENROL_DONE], 0);
    OK(tp_store_enrolment_of(c->s, 77, &got, &found));
    assert_false(found);
}

static void test_applications(void **state) {
    scene *c = *state;
    tp_application a = {.route = 4, .state = TP_APPLY_WAITING}, got, list[3];
    tp_voter v, names[3];
    bool found;
    size_t count;
    for (unsigned i = 1; i <= 3; i++) {
        v = voter(i);
        v.unit = (uint16_t)(i == 3);
        OK(tp_store_voter_add(c->s, &v, ""));
    }
    for (unsigned i = 1; i <= 3; i++) {
        bytes_of(a.id, 16, i);
        bytes_of(a.session, 32, 10 + i);
        bytes_of(a.credential, 32, 20 + i);
        bytes_of(a.possession, 64, 30 + i);
        a.voter = i == 3 ? 3 : 1;
        a.created = a.updated = i;
        a.due = 100 - i;
        OK(tp_store_application_put(c->s, &a));
    }
    memset(&got, 0, sizeof got);
    OK(tp_store_application_find(c->s, a.id, &got, &found));
    assert_true(found);
    assert_memory_equal(&got, &a, sizeof a);
    OK(tp_store_application_by_session(c->s, a.session, &got, &found));
    assert_true(found && got.voter == 3);
    OK(tp_store_application_by_credential(c->s, a.credential, &got, &found));
    assert_true(found && got.voter == 3);
    OK(tp_store_applications_waiting(c->s, -1, list, names, 3, &count));
    assert_int_equal(count, 3);
    assert_int_equal(list[0].due, 97); /* due first */
    assert_string_equal(names[0].number, "V000003");
    OK(tp_store_applications_waiting(c->s, 0, list, names, 3, &count));
    assert_int_equal(count, 2);
    OK(tp_store_applications_of(c->s, 1, list, 3, &count));
    assert_int_equal(count, 2);
    assert_int_equal(list[0].created, 2); /* the newest first */
    tp_application other = a;
    bytes_of(other.id, 16, 9);
    REFUSED(tp_store_application_put(c->s, &other)); /* session and key are another's */
    a.state = TP_APPLY_REJECTED;
    a.reason = 7;
    a.updated = 50;
    OK(tp_store_application_put(c->s, &a));
    OK(tp_store_application_find(c->s, a.id, &got, &found));
    assert_memory_equal(&got, &a, sizeof a);
    OK(tp_store_applications_waiting(c->s, 1, list, names, 3, &count));
    assert_int_equal(count, 0);
    OK(tp_store_application_find(c->s, other.id, &got, &found));
    assert_false(found);
}

static void test_decisions(void **state) {
    scene *c = *state;
    tp_application a = {.id = {9, 9, 9, 9, 9, 9, 1}, .voter = 1, .session = {1}}, got, list[3];
    tp_decision d = {.voter = 1, .registrar = 2, .verdict = TP_DECISION_REFUSED, .reason = 3},
                two[2];
    bool found;
    size_t count;
    tp_voter v = voter(1);
    OK(tp_store_voter_add(c->s, &v, ""));
    for (uint8_t i = 0; i < 3; i++) {
        a.id[7] = a.session[1] = a.credential[0] = i;
        a.created = a.updated = 10 + i;
        a.due = 20;
        a.state = i == 1 ? TP_APPLY_OPEN : TP_APPLY_CLOSED;
        OK(tp_store_application_put(c->s, &a));
    }
    OK(tp_store_application_near(c->s, (const uint8_t[6]){9, 9, 9, 9, 9, 9}, &got, &found));
    assert_true(found);
    OK(tp_store_application_near(c->s, (const uint8_t[6]){9, 9, 9, 9, 9, 8}, &got, &found));
    assert_false(found);
    OK(tp_store_applications_stale(c->s, 19, 19, list, 3, &count));
    assert_int_equal(count, 0);
    OK(tp_store_applications_stale(c->s, 20, 5, list, 3, &count));
    assert_int_equal(count, 1);
    assert_int_equal(list[0].id[7], 1);
    OK(tp_store_applications_trim(c->s, 1, 1));
    OK(tp_store_applications_of(c->s, 1, list, 3, &count));
    assert_int_equal(count, 2); /* the newest, and one that is open */
    OK(tp_store_decision_add(c->s, &d));
    OK(tp_store_decision_add(c->s, &d)); /* kept once */
    d.credential[0] = 1;
    OK(tp_store_decision_add(c->s, &d));
    memset(two, 0, sizeof two);
    OK(tp_store_decisions_after(c->s, 0, two, 2, &count));
    assert_int_equal(count, 2);
    d.id = two[1].id;
    assert_memory_equal(&two[1], &d, sizeof d);
    OK(tp_store_decisions_after(c->s, d.id, two, 2, &count));
    assert_int_equal(count, 0);
}

static void test_passkeys(void **state) {
    scene *c = *state;
    tp_passkey p = {.voter = 1, .id = {1, 2}, .id_len = 2, .key = {9}, .key_len = 64, .type = -7},
               got;
    bool found;
    for (unsigned i = 1; i <= 2; i++) {
        tp_voter v = voter(i);
        OK(tp_store_voter_add(c->s, &v, ""));
    }
    OK(tp_store_passkey_of(c->s, 1, &got, &found));
    assert_false(found);
    OK(tp_store_passkey_put(c->s, &p));
    p.counter = 4000000000u;
    OK(tp_store_passkey_put(c->s, &p));
    OK(tp_store_passkey_of(c->s, 1, &got, &found));
    assert_true(found);
    assert_memory_equal(&got, &p, sizeof p);
    p.voter = 2;
    REFUSED(tp_store_passkey_put(c->s, &p)); /* another's */
    OK(tp_store_passkey_remove(c->s, 1));
    OK(tp_store_passkey_remove(c->s, 1));
    OK(tp_store_passkey_put(c->s, &p));
}

static void put_upload(scene *c, uint8_t kind, uint16_t unit, uint8_t source, const char *bytes) {
    tp_upload u = {
        .application = {5}, .kind = kind, .unit = unit, .source = {source}, .len = strlen(bytes)};
    OK(tp_store_upload_put(c->s, &u, bytes));
}

static void expect_sums(scene *c, uint16_t unit, uint8_t source, const uint64_t want[static 3]) {
    tp_upload_sums sums;
    const uint8_t from[TP_SOURCE] = {source};
    OK(tp_store_upload_sums(c->s, unit, from, 2, &sums));
    assert_int_equal(sums.unit, want[0]);
    assert_int_equal(sums.source, want[1]);
    assert_int_equal(sums.beyond, want[2]);
}

static void test_uploads(void **state) {
    scene *c = *state;
    uint8_t *bytes;
    size_t len;
    bool found;
    tp_voter v = voter(1);
    OK(tp_store_voter_add(c->s, &v, ""));
    tp_application a = {.id = {5}, .voter = 1, .session = {5}, .state = TP_APPLY_OPEN};
    OK(tp_store_application_put(c->s, &a));
    put_upload(c, 1, 0, 1, "one");
    put_upload(c, 2, 0, 1, "two");
    put_upload(c, 1, 0, 1, "again");
    OK(tp_store_upload_get(c->s, a.id, 1, &bytes, &len, &found));
    assert_true(found && len == 5);
    assert_memory_equal(bytes, "again", 5);
    free(bytes);
    uint8_t kinds[3];
    size_t lens[3], count;
    OK(tp_store_upload_list(c->s, a.id, kinds, lens, 3, &count));
    assert_true(count == 2 && kinds[1] == 2 && lens[0] == 5 && lens[1] == 3);
    expect_sums(c, 0, 1, (const uint64_t[]){8, 8, 0});
    OK(tp_store_uploads_delete(c->s, a.id));
    OK(tp_store_upload_get(c->s, a.id, 2, &bytes, &len, &found));
    assert_false(found);
    const tp_upload nobody = {.application = {6}, .kind = 1, .len = 1};
    assert_int_not_equal(tp_store_upload_put(c->s, &nobody, "x"), TP_OK);
    expect_sums(c, 0, 1, (const uint64_t[]){0, 0, 0});
}

/* The sums follow what is put, replaced, deleted and rolled back; what a stranger to the program
 * did to them is seen. spec: H-16 */
static void test_upload_sums(void **state) {
    scene *c = *state;
    bool wrong;
    tp_voter v = voter(1);
    OK(tp_store_voter_add(c->s, &v, ""));
    tp_application a = {.id = {5}, .voter = 1, .session = {5}, .state = TP_APPLY_OPEN};
    OK(tp_store_application_put(c->s, &a));
    put_upload(c, 1, 3, 1, "three");
    put_upload(c, 2, 4, 1, "four");
    put_upload(c, 3, 5, 2, "x");
    expect_sums(c, 3, 1, (const uint64_t[]){5, 9, 2}); /* beyond 2 each: of 4 and 1 */
    expect_sums(c, 9, 9, (const uint64_t[]){0, 0, 5});
    put_upload(c, 1, 3, 2, "of another");
    expect_sums(c, 3, 1, (const uint64_t[]){10, 4, 2});
    expect_sums(c, 3, 2, (const uint64_t[]){10, 11, 2});
    OK(tp_store_begin(c->s));
    put_upload(c, 2, 4, 1, "undone");
    tp_store_rollback(c->s);
    expect_sums(c, 4, 1, (const uint64_t[]){4, 4, 8});
    OK(tp_store_uploads_recount(c->s, &wrong));
    assert_false(wrong);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(c->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE upload_unit SET bytes = 7", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    expect_sums(c, 4, 1, (const uint64_t[]){7, 4, 10});
    OK(tp_store_uploads_recount(c->s, &wrong));
    assert_true(wrong);
    expect_sums(c, 4, 1, (const uint64_t[]){4, 4, 8});
    OK(tp_store_uploads_delete(c->s, a.id));
    expect_sums(c, 3, 1, (const uint64_t[]){0, 0, 0});
    OK(tp_store_uploads_recount(c->s, &wrong));
    assert_false(wrong);
}

static void test_sessions(void **state) {
    scene *c = *state;
    uint8_t hash[32] = {1}, other[32] = {2};
    int64_t id;
    bool found;
    tp_voter v = voter(1);
    OK(tp_store_voter_add(c->s, &v, ""));
    v = voter(2);
    OK(tp_store_voter_add(c->s, &v, ""));
    OK(tp_store_session_add(c->s, hash, 1, 10));
    OK(tp_store_session_add(c->s, hash, 1, 11));
    OK(tp_store_session_find(c->s, hash, &id, &found));
    assert_true(found && id == 1);
    OK(tp_store_session_find(c->s, other, &id, &found));
    assert_false(found);
    OK(tp_store_session_add(c->s, other, 2, 12));
    OK(tp_store_sessions_end(c->s, 1));
    OK(tp_store_sessions_end(c->s, 1));
    OK(tp_store_session_find(c->s, hash, &id, &found));
    assert_false(found);
    OK(tp_store_session_find(c->s, other, &id, &found));
    assert_true(found && id == 2);
}

static void same_message(const tp_message *a, const tp_message *b) {
    assert_int_equal(a->id, b->id);
    assert_string_equal(a->kind, b->kind);
    assert_string_equal(a->lang, b->lang);
    assert_string_equal(a->to, b->to);
    assert_string_equal(a->parameters, b->parameters);
    assert_string_equal(a->error, b->error);
    assert_true(a->voter == b->voter && a->channel == b->channel && a->time == b->time);
    assert_true(a->expires == b->expires && a->state == b->state && a->next == b->next);
    assert_true(a->updated == b->updated && a->attempts == b->attempts);
}

static void add_messages(tp_store *s) {
    for (unsigned i = 1; i <= 3; i++) {
        tp_voter v = voter(i);
        tp_message m = {.voter = i,
                        .kind = "code",
                        .lang = "fil",
                        .to = "a@example.org",
                        .channel = TP_BY_MAIL,
                        .parameters = "{\"serial\":1}",
                        .time = 5,
                        .expires = 605,
                        .state = TP_MESSAGE_QUEUED,
                        .next = 20 - i,
                        .updated = 5};
        OK(tp_store_voter_add(s, &v, ""));
        OK(tp_store_message_add(s, &m));
    }
}

static void test_letters(void **state) {
    scene *c = *state;
    tp_letter l, list[4];
    uint8_t key[4][32] = {{1}, {2}, {3}, {4}};
    uint64_t counts[TP_LETTER_STATES];
    bool found;
    size_t count;
    for (unsigned i = 1; i <= 2; i++) {
        tp_voter v = voter(i);
        OK(tp_store_voter_add(c->s, &v, ""));
        OK(tp_store_letter_add(c->s, i, key[i], 10 + i));
    }
    REFUSED(tp_store_letter_add(c->s, 2, key[1], 20)); /* another's code */
    OK(tp_store_letter_add(c->s, 1, key[3], 30));
    OK(tp_store_letter_find(c->s, key[1], &l, &found));
    assert_true(found && l.voter == 1 && l.state == TP_LETTER_VOID);
    assert_true(l.printed == 11 && l.updated == 30);
    OK(tp_store_letter_of(c->s, 1, &l, &found));
    assert_true(found && l.state == TP_LETTER_PRINTED);
    assert_memory_equal(l.key, key[3], 32);
    OK(tp_store_letter_put(c->s, l.id, TP_LETTER_USED, 40));
    OK(tp_store_letter_find(c->s, key[0], &l, &found));
    assert_false(found);
    OK(tp_store_letter_of(c->s, 3, &l, &found));
    assert_false(found);
    OK(tp_store_letters(c->s, 0, list, 4, &count));
    assert_true(count == 3 && list[0].state == TP_LETTER_USED && list[0].updated == 40);
    OK(tp_store_letters(c->s, list[0].id, list, 4, &count));
    assert_true(count == 2 && list[0].voter == 2);
    OK(tp_store_letter_counts(c->s, counts));
    assert_true(counts[TP_LETTER_VOID] == 1 && counts[TP_LETTER_USED] == 1);
}

/* Whom registrars need not look at does not wait behind those whom they must. */
static void test_evidence_first(void **state) {
    scene *c = *state;
    tp_enrolment list[3];
    tp_voter v[3];
    size_t count;
    for (uint8_t i = 1; i <= 3; i++) {
        tp_voter one = voter(i);
        tp_enrolment e = {
            .id = {i}, .voter = i, .state = TP_ENROL_WAITING, .updated = i, .credential = {i}};
        OK(tp_store_voter_add(c->s, &one, ""));
        OK(tp_store_enrolment_put(c->s, &e));
    }
    OK(tp_store_evidence_put(c->s, (const uint8_t[32]){3}, no_session, 2, "abc", 3));
    OK(tp_store_enrolment_waiting(c->s, list, v, 3, &count));
    assert_true(count == 3 && list[0].voter == 3 && list[1].voter == 1 && list[2].voter == 2);
    OK(tp_store_enrolment_waiting(c->s, list, v, 1, &count));
    assert_true(count == 1 && v[0].id == 3);
}

/* A hundred whose evidence does not hold any more keep nobody from a registrar's eyes. */
static void test_evidence_newest(void **state) {
    scene *c = *state;
    const int64_t expected[] = {1, 2, 7, 6};
    tp_enrolment list[7];
    tp_voter v[7];
    size_t count;
    for (uint8_t i = 1; i <= 7; i++) {
        tp_voter one = voter(i);
        tp_enrolment e = {
            .id = {i}, .voter = i, .state = TP_ENROL_WAITING, .updated = i, .credential = {i}};
        OK(tp_store_voter_add(c->s, &one, ""));
        OK(tp_store_enrolment_put(c->s, &e));
        OK(tp_store_evidence_put(c->s, (const uint8_t[32]){i}, no_session, 2, "abc", 3));
    }
    OK(tp_store_enrolment_waiting(c->s, list, v, 4, &count));
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++)
        assert_true(list[i].voter == expected[i] && v[i].id == expected[i]);
    OK(tp_store_enrolment_waiting(c->s, list, v, 7, &count));
    assert_int_equal(count, 7);
    for (unsigned i = 0, seen = 0; i < count; i++, seen |= 1u << list[i - 1].voter)
        assert_false(seen >> list[i].voter & 1); /* each once */
}

static void test_evidence(void **state) {
    scene *c = *state;
    const uint8_t one[32] = {1}, two[32] = {2};
    uint8_t route, *bytes, session[32];
    size_t len;
    bool found;
    OK(tp_store_evidence_put(c->s, one, no_session, 2, "abc", 3));
    OK(tp_store_evidence_put(c->s, one, two, 16, "defgh", 5));
    OK(tp_store_evidence_by(c->s, one, session, &route, &found));
    assert_true(found && route == 16);
    assert_memory_equal(session, two, 32);
    OK(tp_store_evidence_by(c->s, two, session, &route, &found));
    assert_false(found);
    OK(tp_store_evidence_get(c->s, one, &route, &bytes, &len, &found));
    assert_true(found && route == 16 && len == 5);
    assert_memory_equal(bytes, "defgh", 5);
    free(bytes);
    OK(tp_store_evidence_get(c->s, two, &route, &bytes, &len, &found));
    assert_true(!found && !bytes);
    OK(tp_store_evidence_remove(c->s, one));
    OK(tp_store_evidence_remove(c->s, one));
    OK(tp_store_evidence_get(c->s, one, &route, &bytes, &len, &found));
    assert_false(found);
}

static void test_messages(void **state) {
    scene *c = *state;
    tp_message list[4], got;
    size_t count;
    bool found;
    uint64_t sharers, counts[TP_MESSAGE_CHANNELS][TP_MESSAGE_STATES];
    add_messages(c->s);
    OK(tp_store_messages(c->s, NULL, 0, 0, list, 2, &count));
    assert_int_equal(count, 2);
    assert_true(list[0].voter == 3 && list[1].voter == 2);
    OK(tp_store_messages(c->s, NULL, 0, list[1].id, list, 4, &count));
    assert_true(count == 1 && list[0].voter == 1);
    OK(tp_store_messages(c->s, "b@example.org", 0, 0, list, 4, &count));
    assert_int_equal(count, 0);
    OK(tp_store_messages_due(c->s, TP_BY_SMS, 30, list, 4, &count));
    assert_int_equal(count, 0);
    OK(tp_store_messages_due(c->s, TP_BY_MAIL, 18, list, 4, &count));
    assert_true(count == 2 && list[0].voter == 2 && list[1].voter == 3);
    got = list[1];
    got.state = TP_MESSAGE_SENDING;
    OK(tp_store_message_put(c->s, &got));
    OK(tp_store_messages_due(c->s, TP_BY_MAIL, 18, list, 4, &count));
    assert_int_equal(count, 1);
    OK(tp_store_messages_recover(c->s, 18));
    OK(tp_store_messages_due(c->s, TP_BY_MAIL, 18, list, 4, &count));
    assert_int_equal(count, 2);
    got.state = TP_MESSAGE_SENT;
    got.attempts = 2, got.next = 99, got.updated = 7;
    strcpy(got.error, "450 later");
    OK(tp_store_message_put(c->s, &got));
    OK(tp_store_message_find(c->s, got.id, &list[1], &found));
    assert_true(found);
    same_message(&list[1], &got);
    OK(tp_store_message_newest(c->s, 3, "code", &list[1], &found));
    assert_true(found);
    same_message(&list[1], &got);
    OK(tp_store_message_newest(c->s, 3, "ready", &list[1], &found));
    assert_false(found);
    OK(tp_store_messages(c->s, "a@example.org", TP_MESSAGE_SENT, 0, list, 4, &count));
    assert_int_equal(count, 1);
    OK(tp_store_message_sharers(c->s, "A@example.org", "code", 1, &sharers));
    assert_int_equal(sharers, 2);
    OK(tp_store_message_sharers(c->s, "A@example.org", "ready", 1, &sharers));
    assert_int_equal(sharers, 0);
    OK(tp_store_message_counts(c->s, counts));
    assert_int_equal(counts[TP_BY_MAIL][TP_MESSAGE_QUEUED], 2);
    assert_int_equal(counts[TP_BY_MAIL][TP_MESSAGE_SENT], 1);
    assert_int_equal(counts[TP_BY_SMS][TP_MESSAGE_QUEUED], 0);
}

static tp_store_credential credential(unsigned i) {
    tp_store_credential k = {.unit = 3, .style = 1, .registration_len = 90 + i, .ready = true};
    bytes_of(k.key, 32, i);
    bytes_of(k.registration, k.registration_len, i);
    return k;
}

static void test_credentials(void **state) {
    scene *c = *state;
    tp_store_credential k, got, list[8];
    bool found;
    size_t count;
    for (unsigned i = 0; i < 6; i++) {
        k = credential(i);
        k.ready = i != 5;
        k.on_board = i == 4;
        OK(tp_store_credential_put(c->s, &k));
    }
    memset(&got, 0, sizeof got);
    k = credential(2);
    OK(tp_store_credential_find(c->s, k.key, &got, &found));
    assert_true(found);
    assert_memory_equal(&got, &k, sizeof k);
    OK(tp_store_credentials_new(c->s, list, 8, &count));
    assert_int_equal(count, 4);
    for (size_t i = 1; i < count; i++)
        assert_true(memcmp(list[i - 1].key, list[i].key, 32) < 0);
    OK(tp_store_credentials_new(c->s, list, 3, &count));
    assert_int_equal(count, 3);
    k.cancelled = k.on_board = k.excluded = true;
    OK(tp_store_credential_put(c->s, &k));
    OK(tp_store_credential_find(c->s, k.key, &got, &found));
    assert_true(got.cancelled && got.on_board && got.excluded);
    OK(tp_store_credential_find(c->s, (uint8_t[32]){0}, &got, &found));
    assert_false(found);
}

static tp_store_ballot ballot(const tp_store_credential *k, uint32_t sequence, unsigned i) {
    tp_store_ballot b = {.sequence = sequence, .deadline = 99};
    memcpy(b.credential, k->key, 32);
    bytes_of(b.hash, 32, 1000 + i);
    bytes_of(b.tracker, 16, 2000 + i);
    return b;
}

static void add_ballot(tp_store *s, const tp_store_ballot *b, unsigned i) {
    uint8_t bytes[12000];
    bytes_of(bytes, sizeof bytes, 3000 + i);
    OK(tp_store_ballot_add(s, b, bytes, sizeof bytes));
}

/* The entry that ballot i stands in holds its bytes. */
static void check_entry_of(tp_store *s, const tp_store_ballot *b, unsigned i) {
    tp_store_ballot seen;
    uint8_t entry[20000], bytes[12000];
    bool found;
    size_t len;
    OK(tp_store_ballot_by_hash(s, b->hash, &seen, &found));
    OK(tp_store_entry(s, seen.leaf, entry, sizeof entry, &len));
    bytes_of(bytes, sizeof bytes, 3000 + i);
    assert_int_equal(len, 12001);
    assert_int_equal(entry[0], TP_STORE_BALLOT);
    assert_memory_equal(entry + 1, bytes, sizeof bytes);
}

/* The last of three first ballots once more, and ballots that follow nothing. */
static void refuse_ballots(scene *c, const tp_store_credential *first, tp_store_ballot b) {
    uint8_t bytes[12000];
    REFUSED(tp_store_ballot_add(c->s, &b, bytes, 100));
    b = ballot(first, 3, 9);
    REFUSED(tp_store_ballot_add(c->s, &b, bytes, 100)); /* a gap */
    b = ballot(first, 1, 9);
    REFUSED(tp_store_ballot_add(c->s, &b, bytes, 100)); /* a second first */
    tp_store_credential stranger = credential(50);
    b = ballot(&stranger, 1, 10);
    REFUSED(tp_store_ballot_add(c->s, &b, bytes, 100));
}

static void test_ballots(void **state) {
    scene *c = *state;
    tp_store_credential k[3], got;
    tp_store_ballot b, seen, *list;
    uint8_t entry[20000];
    bool found;
    size_t count, len;
    uint64_t accepted, recorded;
    for (unsigned i = 0; i < 3; i++) {
        k[i] = credential(i);
        OK(tp_store_credential_put(c->s, &k[i]));
        b = ballot(&k[i], 1, i);
        add_ballot(c->s, &b, i);
    }
    refuse_ballots(c, &k[0], b);
    OK(tp_store_counts(c->s, &accepted, &recorded));
    assert_int_equal(accepted, 3);
    assert_int_equal(recorded, 0);
    b = ballot(&k[1], 1, 1);
    OK(tp_store_credential_find(c->s, k[1].key, &got, &found));
    assert_int_equal(got.sequence, 1);
    assert_memory_equal(got.tip, b.hash, 32);
    assert_int_equal(got.recorded, 0);

    OK(tp_store_entry_add(c->s, 0, (const uint8_t *)"\1manifest", 9));
    OK(tp_store_ballots_pending(c->s, &list, &count));
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++) {
        if (i) assert_true(memcmp(list[i - 1].hash, list[i].hash, 32) < 0);
        OK(tp_store_entry_add_ballot(c->s, 1 + i, list[i].id, 7));
    }
    REFUSED(tp_store_entry_add_ballot(c->s, 4, list[0].id, 8)); /* it stands there already */
    REFUSED(tp_store_entry_add_ballot(c->s, 9, list[0].id, 8));
    REFUSED(tp_store_entry_add_ballot(c->s, 4, 12345, 8));
    reopen(c);
    OK(tp_store_ballot_by_hash(c->s, list[1].hash, &seen, &found));
    assert_true(found && seen.recorded && seen.leaf == 2 && seen.batch == 7);
    OK(tp_store_ballot_by_tracker(c->s, list[2].tracker, &seen, &found));
    assert_true(found && seen.leaf == 3 && seen.deadline == 99 && seen.sequence == 1);
    OK(tp_store_ballot_by_hash(c->s, k[0].key, &seen, &found));
    assert_false(found);
    OK(tp_store_credential_find(c->s, k[1].key, &got, &found));
    assert_int_equal(got.recorded, 1);
    for (unsigned i = 0; i < 3; i++) {
        b = ballot(&k[i], 1, i);
        check_entry_of(c->s, &b, i);
    }
    assert_int_equal(tp_store_entry(c->s, 1, entry, 12000, &len), TP_TOO_BIG);
    OK(tp_store_counts(c->s, &accepted, &recorded));
    assert_int_equal(recorded, 3);
    free(list);
    OK(tp_store_ballots_pending(c->s, &list, &count));
    assert_int_equal(count, 0);
    free(list);
}

static void test_entries(void **state) {
    scene *c = *state;
    uint8_t entry[64];
    size_t len, count;
    uint64_t size, *list;
    OK(tp_store_size(c->s, &size));
    assert_int_equal(size, 0);
    REFUSED(tp_store_entry_add(c->s, 1, (const uint8_t *)"\1x", 2));
    OK(tp_store_entry_add(c->s, 0, (const uint8_t *)"\1x", 2));
    REFUSED(tp_store_entry_add(c->s, 0, (const uint8_t *)"\1x", 2));
    REFUSED(tp_store_entry_add(c->s, 1, (const uint8_t *)"", 0));
    REFUSED(tp_store_entry_add(c->s, 1, (const uint8_t *)"\13ballot", 7));
    OK(tp_store_entry_add(c->s, 1, (const uint8_t *)"\11regs", 5));
    OK(tp_store_entry_add(c->s, 2, (const uint8_t *)"\14b", 2));
    OK(tp_store_entries_admin(c->s, &list, &count));
    assert_int_equal(count, 2);
    assert_int_equal(list[0], 0);
    assert_int_equal(list[1], 2);
    free(list);
    OK(tp_store_entry(c->s, 1, entry, sizeof entry, &len));
    assert_int_equal(len, 5);
    assert_memory_equal(entry, "\11regs", 5);
    REFUSED(tp_store_entry(c->s, 3, entry, sizeof entry, &len));
    OK(tp_store_size(c->s, &size));
    assert_int_equal(size, 3);
}

static void test_documents(void **state) {
    scene *c = *state;
    uint8_t hash[32] = {9}, *bytes;
    size_t len;
    bool found;
    OK(tp_store_document_put(c->s, hash, "document", 8));
    OK(tp_store_document_put(c->s, hash, "document", 8));
    OK(tp_store_document_get(c->s, hash, &bytes, &len, &found));
    assert_true(found);
    assert_int_equal(len, 8);
    assert_memory_equal(bytes, "document", 8);
    free(bytes);
    hash[0] = 8;
    OK(tp_store_document_get(c->s, hash, &bytes, &len, &found));
    assert_false(found);
    assert_null(bytes);
}

static void test_atomic(void **state) {
    scene *c = *state;
    tp_store *reader;
    tp_store_credential k = credential(1);
    tp_store_ballot b = ballot(&k, 1, 1), seen;
    bool found;
    uint64_t size;
    OK(tp_store_open(&reader, c->path, true));
    OK(tp_store_begin(c->s));
    OK(tp_store_credential_put(c->s, &k));
    add_ballot(c->s, &b, 1);
    OK(tp_store_entry_add(c->s, 0, (const uint8_t *)"\1x", 2));
    OK(tp_store_ballot_by_hash(reader, b.hash, &seen, &found));
    assert_false(found); /* nobody sees it before the commit */
    tp_store_rollback(c->s);
    assert_int_equal(tp_store_commit(c->s), TP_SYSTEM); /* there is none */
    OK(tp_store_size(c->s, &size));
    assert_int_equal(size, 0);
    OK(tp_store_credential_find(c->s, k.key, &k, &found));
    assert_false(found);
    OK(tp_store_begin(c->s));
    OK(tp_store_credential_put(c->s, &k));
    add_ballot(c->s, &b, 1);
    OK(tp_store_commit(c->s));
    OK(tp_store_ballot_by_hash(reader, b.hash, &seen, &found));
    assert_true(found);
    tp_store_close(reader);
    OK(tp_store_begin(c->s)); /* open when the process goes away: gone too */
    OK(tp_store_set(c->s, "lost", "x", 1));
    reopen(c);
    size_t len = 0;
    OK(tp_store_get(c->s, "lost", &len, &len, &found));
    assert_false(found);
}

/* ---- the funnel ---- */

static void funnel_voter(scene *c, unsigned i, tp_enrol_state state, uint64_t sent,
                         uint64_t updated) {
    tp_enrolment e = {
        .id = {(uint8_t)i}, .voter = i, .state = state, .code_sent = sent, .updated = updated};
    if (state >= TP_ENROL_WAITING) bytes_of(e.credential, 32, i);
    OK(tp_store_enrolment_put(c->s, &e));
}

static void funnel_application(scene *c, unsigned i, unsigned voter, tp_apply_state state,
                               uint16_t reason, uint64_t updated) {
    tp_application a = {.id = {(uint8_t)i},
                        .voter = voter,
                        .session = {(uint8_t)i},
                        .route = 4,
                        .state = state,
                        .reason = reason,
                        .updated = updated,
                        .credential = {(uint8_t)i}};
    OK(tp_store_application_put(c->s, &a));
}

static void funnel_key(scene *c, unsigned i, bool on_board, bool cancelled) {
    tp_store_credential k = credential(i);
    k.unit = 0;
    k.recorded = i == 15 || i == 40; /* has a ballot on the board */
    k.on_board = on_board;
    k.cancelled = cancelled;
    OK(tp_store_credential_put(c->s, &k));
}

static const tp_funnel_row expected[] = {
    {0, TP_FUNNEL_NONE, 0, 5, 0},     {0, TP_FUNNEL_OFF, 1, 1, 0},
    {0, TP_FUNNEL_OFF, 2, 1, 0},      {0, TP_FUNNEL_OFF, 3, 1, 0},
    {0, TP_FUNNEL_OFF, 4, 2, 2},      {0, TP_FUNNEL_CANCELLED, 0, 1, 0},
    {0, TP_FUNNEL_SENT, 0, 1, 0},     {0, TP_FUNNEL_PROVEN, 0, 1, 0},
    {0, TP_FUNNEL_OPEN, 0, 1, 0},     {0, TP_FUNNEL_WAITING, 1, 1, 0},
    {0, TP_FUNNEL_WAITING, 3, 1, 0},  {0, TP_FUNNEL_REJECTED, 1, 1, 0},
    {0, TP_FUNNEL_REJECTED, 2, 1, 0}, {0, TP_FUNNEL_CLOSED, 3, 1, 0},
    {0, TP_FUNNEL_SIGNED, 0, 1, 0},   {0, TP_FUNNEL_BOARD, 0, 1, 1},
    {1, TP_FUNNEL_NONE, 0, 1, 0},
};
enum { ROWS = sizeof expected / sizeof expected[0] };

/* spec: J-14 */
static void test_funnel(void **state) {
    enum { DAY = 86400, NOW = 30 * DAY, VOTERS = 22 };
    scene *c = *state;
    for (unsigned i = 1; i <= VOTERS; i++) {
        tp_voter v = voter(i);
        v.unit = i == 20;
        if (i == 2) strcpy(v.disabled, "a reason");
        if (i == 3 || i == 4) v.channel = (uint8_t)(i == 3 ? TP_CHANNEL_POST : TP_CHANNEL_MAIL);
        OK(tp_store_voter_add(c->s, &v, ""));
    }
    OK(tp_store_voter_mark(c->s, 15, true)); /* and has a key: that counts */
    OK(tp_store_voter_mark(c->s, 21, true));
    OK(tp_store_voter_mark(c->s, 22, true));
    funnel_voter(c, 22, TP_ENROL_PROVEN, 9, NOW); /* voted on paper: that counts */
    funnel_voter(c, 3, TP_ENROL_STARTED, 1, NOW); /* on another channel: that counts */
    funnel_voter(c, 5, TP_ENROL_STARTED, 0, NOW); /* cancelled */
    funnel_voter(c, 6, TP_ENROL_STARTED, 9, NOW);
    funnel_voter(c, 7, TP_ENROL_PROVEN, 9, NOW);
    funnel_application(c, 1, 8, TP_APPLY_OPEN, 0, NOW);
    funnel_voter(c, 9, TP_ENROL_WAITING, 9, NOW - DAY);
    funnel_application(c, 2, 10, TP_APPLY_REJECTED, 5, NOW);
    funnel_application(c, 3, 10, TP_APPLY_WAITING, 0, NOW - 8 * DAY); /* waits: that counts */
    funnel_application(c, 4, 11, TP_APPLY_REJECTED, 6, NOW - 2);
    funnel_application(c, 5, 11, TP_APPLY_REJECTED, 2, NOW - 1); /* the newest */
    funnel_voter(c, 12, TP_ENROL_PROVEN, 9, NOW - 1);
    funnel_application(c, 6, 12, TP_APPLY_REJECTED, 1, NOW); /* the proven key was refused */
    funnel_application(c, 7, 13, TP_APPLY_CLOSED, 3, NOW);
    funnel_voter(c, 14, TP_ENROL_DONE, 9, NOW);
    funnel_key(c, 14, false, false);
    funnel_voter(c, 15, TP_ENROL_DONE, 9, NOW);
    funnel_key(c, 15, true, false);
    funnel_key(c, 40, true, true);  /* the key of 5 */
    funnel_key(c, 41, true, false); /* of nobody */
    tp_funnel_row *rows;
    tp_funnel_keys *keys;
    size_t count;
    OK(tp_store_funnel(c->s, NOW, &rows, &count));
    assert_int_equal(count, ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        assert_int_equal(rows[i].unit, expected[i].unit);
        assert_int_equal(rows[i].step, expected[i].step);
        assert_int_equal(rows[i].detail, expected[i].detail);
        assert_int_equal(rows[i].voters, expected[i].voters);
        assert_int_equal(rows[i].voted, expected[i].voted);
    }
    free(rows);
    OK(tp_store_funnel_keys(c->s, &keys, &count));
    assert_true(count == 1 && keys[0].unit == 0);
    assert_true(keys[0].held == 1 && keys[0].cancelled == 1 && keys[0].unknown == 1);
    assert_int_equal(keys[0].cast, 1);
    free(keys);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_open),
        TEST(test_meta),
        TEST(test_roll),
        TEST(test_search),
        TEST(test_roll_changes),
        TEST(test_roll_undone),
        TEST(test_enrolment),
        TEST(test_codes),
        TEST(test_applications),
        TEST(test_decisions),
        TEST(test_uploads),
        TEST(test_upload_sums),
        TEST(test_passkeys),
        TEST(test_sessions),
        TEST(test_messages),
        TEST(test_letters),
        TEST(test_evidence),
        TEST(test_evidence_first),
        TEST(test_evidence_newest),
        TEST(test_funnel),
        TEST(test_credentials),
        TEST(test_ballots),
        TEST(test_entries),
        TEST(test_documents),
        TEST(test_atomic),
    };
    return cmocka_run_group_tests_name("store/sqlite", tests, NULL, NULL);
}
