/* G1: the server's operator has the database and all keys of the server, and makes up a voter. The
 * interface refuses the registration; put into the database directly it comes on the board, and
 * every replay of the record names it.
 */
#include "tests/server/harness.h"

#include <signal.h>
#include <sodium.h>
#include <unistd.h>

#include "record/record.h"
#include "store/store.h"

static daemon_scene d;

/* A registration of voter 1 signed with a key that the operator made, as registrar 1. */
static void forge(tp_registration *r) {
    uint8_t wide[64], scalar[32], random[32];
    tp_scalar own;
    fixture_registration(&d.f, r, 1);
    randombytes_buf(wide, sizeof wide);
    randombytes_buf(random, sizeof random);
    tp_scalar_wide(&own, wide);
    tp_scalar_encode(scalar, &own);
    assert_int_equal(
        tp_registration_sign(&r->registrars.by[0], r, d.f.manifest.fingerprint, 1, scalar, random),
        TP_OK);
}

static void test_interface(void **state) {
    (void)state;
    tp_registration r;
    char credential[65], signature[129];
    forge(&r);
    sodium_bin2hex(credential, 65, r.credential, 32);
    sodium_bin2hex(signature, 129, r.registrars.by[0].signature, 64);
    expect_problem(http_json(&d, "/api/registrar/registrations",
                             "{\"registrations\":[{\"credential\":\"%s\",\"unit\":%d,\"style\":%d,"
                             "\"registrar\":1,\"signature\":\"%s\"}]}",
                             credential, r.unit, r.style, signature),
                   422, "registration.signature");
}

static void put_into_database(void) {
    char path[128];
    tp_store *s;
    tp_registration r;
    tp_store_credential k = {.ready = true};
    tp_writer w = tp_writer_of(k.registration, sizeof k.registration);
    forge(&r);
    tp_registration_write(&w, &r);
    memcpy(k.key, r.credential, 32);
    k.unit = r.unit;
    k.style = r.style;
    k.registration_len = w.len;
    snprintf(path, sizeof path, "%s/tapat.db", d.data);
    assert_int_equal(tp_store_open(&s, path, false), TP_OK);
    assert_int_equal(tp_store_credential_put(s, &k), TP_OK);
    tp_store_close(s);
}

/* An application that the operator made up and marked as decided, with the enrolment it would have
 * become: rows, and no registrar's signature. */
static void put_application(const uint8_t credential[static 32]) {
    char path[128];
    tp_store *s;
    tp_voter v = {.number = "V-9", .birth_date = "1980-05-06"};
    tp_application a = {.id = {9}, .voter = 1, .session = {9}, .state = TP_APPLY_DONE};
    tp_enrolment e = {.id = {9}, .voter = 1, .state = TP_ENROL_DONE};
    tp_decision d1 = {
        .application = {9}, .voter = 1, .registrar = 1, .verdict = TP_DECISION_SIGNED};
    memcpy(a.credential, credential, 32);
    memcpy(e.credential, credential, 32);
    memcpy(d1.credential, credential, 32);
    snprintf(path, sizeof path, "%s/tapat.db", d.data);
    assert_int_equal(tp_store_open(&s, path, false), TP_OK);
    assert_int_equal(tp_store_begin(s), TP_OK);
    assert_int_equal(tp_store_voter_add(s, &v, ""), TP_OK);
    assert_int_equal(tp_store_application_put(s, &a), TP_OK);
    assert_int_equal(tp_store_enrolment_put(s, &e), TP_OK);
    assert_int_equal(tp_store_decision_add(s, &d1), TP_OK);
    assert_int_equal(tp_store_commit(s), TP_OK);
    tp_store_close(s);
}

static void test_application(void **state) {
    (void)state;
    static uint8_t ballot[FIXTURE_BALLOT];
    const size_t voter = 5;
    assert_int_equal(scene_stop(&d, SIGTERM), 0);
    put_application(d.f.voters[voter].credential.key);
    assert_true(scene_start(&d));
    reply r = ask_credential(&d, voter, voter, 0);
    assert_non_null(strstr(r.body, "\"registered\":false"));
    reply_free(&r);
    size_t len = seal(&d, ballot, voter);
    expect_problem(http_post(&d, "/api/ballots", ballot, len), 409, "ballot.credential");
}

static tp_err replay(tp_fault *fault) {
    char dir[128];
    tp_record *r;
    tp_replay x;
    const tp_replay_options o = {.threads = 2};
    snprintf(dir, sizeof dir, "%s/public", d.data);
    *fault = (tp_fault){.code = ""};
    assert_int_equal(tp_record_open(&r, dir, fault), TP_OK);
    tp_err err = tp_replay_run(&x, r, &o, fault);
    if (!err) tp_replay_free(&x);
    tp_record_close(r);
    return err;
}

static void wait_for_growth(int64_t size) {
    for (int i = 0; i < 400 && board_size(&d) == size; i++)
        usleep(25000);
    assert_true(board_size(&d) > size);
}

static void test_database(void **state) {
    (void)state;
    tp_fault fault;
    cast(&d, 0);
    wait_recorded(&d, 0);
    usleep(200000);
    assert_int_equal(replay(&fault), TP_OK);
    assert_int_equal(scene_stop(&d, SIGTERM), 0);
    put_into_database();
    assert_true(scene_start(&d));
    wait_for_growth(board_size(&d));
    cast(&d, 1); /* the made-up voter votes */
    wait_recorded(&d, 1);
    assert_int_equal(replay(&fault), TP_INVALID);
    assert_string_equal(fault.code, "registration.signature");
}

static int set_up(void **state) {
    (void)state;
    scene_init(&d, "\"interval_s\":2", "\"interval_s\":1");
    if (!scene_start(&d)) return -1;
    run_ceremony(&d);
    run_enrol(&d, 0, 1);
    run_open(&d);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    assert_int_equal(scene_stop(&d, SIGTERM), 0);
    scene_free(&d);
    return 0;
}

int main(void) {
    if (tp_group_select(NULL)) return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_interface),
                                       cmocka_unit_test(test_application),
                                       cmocka_unit_test(test_database)};
    return cmocka_run_group_tests_name("attacks/g1_server_speaks_for_voter", tests, set_up,
                                       tear_down);
}
