/* A thin election over HTTP: every route, every refusal, and that a refusal stores nothing.
 * spec: H-1..H-5 */
#include "tests/server/harness.h"

#include <signal.h>
#include <sodium.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/merkle/note.h"
#include "core/proof/schnorr.h"
#include "record/record.h"
#include "server/daemon.h"
#include "store/store.h"

static daemon_scene d;

static int set_up(void **state) {
    (void)state;
    scene_init(&d, "\"interval_s\":2", "\"interval_s\":1");
    return scene_start(&d) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    assert_int_equal(scene_stop(&d, SIGTERM), 0);
    scene_free(&d);
    return 0;
}

static tp_store *reader(void) {
    char path[128];
    tp_store *s;
    snprintf(path, sizeof path, "%s/tapat.db", d.data);
    assert_int_equal(tp_store_open(&s, path, true), TP_OK);
    return s;
}

static uint64_t accepted(void) {
    uint64_t all, recorded;
    tp_store *s = reader();
    assert_int_equal(tp_store_counts(s, &all, &recorded), TP_OK);
    tp_store_close(s);
    return all;
}

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    if (!text) fail_msg("no text %s", key);
    return text;
}

/* ---- setup ---- */

/* spec: H-2 */
static void headers_of(const char *path, int status, const char *caching, const char *type) {
    char line[160];
    reply r = http_get(&d, path);
    assert_int_equal(r.status, status);
    snprintf(line, sizeof line, "\r\nCache-Control: %s\r\n", caching);
    assert_non_null(strstr(r.head, line));
    snprintf(line, sizeof line, "\r\nContent-Type: %s\r\n", type);
    assert_non_null(strstr(r.head, line));
    reply_free(&r);
}

static void test_before(void **state) {
    (void)state;
    reply r = http_get(&d, "/api/election");
    json_t *e = reply_json(&r);
    assert_string_equal(text_of(e, "phase"), "setup");
    assert_true(json_is_false(json_object_get(e, "keys")));
    assert_int_equal(board_size(&d), 1);
    json_decref(e);
    assert_non_null(strstr(r.head, "Content-Security-Policy: default-src 'none';"));
    assert_non_null(strstr(r.head, "X-Content-Type-Options: nosniff\r\n"));
    assert_non_null(strstr(r.head, "Cache-Control: no-store\r\n"));
    reply_free(&r);
    r = http_get(&d, "/api/manifest");
    assert_int_equal(r.len, d.f.json_len);
    assert_memory_equal(r.body, d.f.json, r.len);
    reply_free(&r);
    expect_problem(http_get(&d, "/api/keys"), 404, "keys.unconfirmed");
    expect_problem(http_get(&d, "/api/results"), 404, "results.unpublished");
    expect_problem(http_get(&d, "/api/none"), 404, "request.path");
    expect_problem(http_post(&d, "/api/ballots", "x", 1), 409, "board.phase");
    r = http_get(&d, "/board/manifest.json");
    assert_int_equal(r.status, 200);
    assert_memory_equal(r.body, d.f.json, d.f.json_len);
    reply_free(&r);
    char path[90] = "/board/document/";
    sodium_bin2hex(path + strlen(path), 65, d.f.manifest.fingerprint, 32);
    r = http_get(&d, path);
    assert_int_equal(r.status, 200);
    reply_free(&r);
    headers_of(path, 200, "public, max-age=31536000, immutable", "application/octet-stream");
    headers_of("/board/tile/0/000.p/1", 200, "public, max-age=31536000, immutable",
               "application/octet-stream");
    headers_of("/board/tile/entries/000.p/1", 200, "public, max-age=31536000, immutable",
               "application/octet-stream");
    headers_of("/board/tile/0/000.p/2", 404, "no-store", "application/problem+json");
    headers_of("/board/checkpoint", 200, "public, max-age=1", "text/plain; charset=utf-8");
    headers_of("/board/manifest.json", 200, "public, max-age=1", "application/json");
    headers_of("/board/results.json", 404, "no-store", "application/problem+json");
    expect_problem(http_get(&d, "/board/../log.key"), 404, "request.path");
    expect_problem(http_get(&d, "/board/tile/0/000.p/0"), 404, "request.path");
}

/* ---- ceremony ---- */

static void test_ceremony(void **state) {
    uint8_t bad[TP_MAX_ENTRY];
    (void)state;
    d.f.now = (uint64_t)time(NULL);
    fixture_ceremony(&d.f);
    for (size_t i = 1; i < d.f.count; i++) {
        const fixture_bytes *e = &d.f.entries[i];
        memcpy(bad, e->bytes, e->len);
        bad[e->len - 1] ^= 1; /* the last byte of a signature */
        reply r = post_entry(&d, bad, e->len, NULL, 0);
        assert_in_range(r.status, 400, 422);
        reply_free(&r);
        expect_problem(post_entry(&d, e->bytes, e->len, "x", 1), 400, "document.unexpected");
        assert_int_equal(board_size(&d), i);
        r = post_entry(&d, e->bytes, e->len, NULL, 0);
        json_t *index = reply_json(&r);
        assert_int_equal(r.status, 201);
        assert_int_equal(json_integer_value(json_object_get(index, "index")), i);
        json_decref(index);
        reply_free(&r);
        for (int k = 0; k < 200 && board_size(&d) == (int64_t)i; k++)
            usleep(5000);
    }
    expect_problem(post_entry(&d, (const uint8_t *)"\14", 1, NULL, 0), 400, "entry.malformed");
    expect_problem(post_entry(&d, d.f.entries[0].bytes, d.f.entries[0].len, NULL, 0), 409,
                   "entry.type");
    expect_problem(http_post(&d, "/api/board/entries", "\0\5abc", 5), 400, "request.octets");
    expect_problem(post_act(&d, TP_ACT_CLOSE, NULL, 0, NULL, 0), 409, "board.phase");
}

static void test_keys(void **state) {
    (void)state;
    reply r = http_get(&d, "/api/keys");
    const tp_keys *keys = tp_ceremony_keys(d.f.board.ceremony);
    uint8_t y_hash[32], digest[32];
    tp_entry e = {.type = TP_ENTRY_CONFIRM, .signer = 1};
    tp_fault fault;
    assert_int_equal(r.status, 200);
    assert_int_equal(r.len, 32 * FIXTURE_POINTS + 32 + 2 + 64 * FIXTURE_TRUSTEES);
    assert_memory_equal(r.body, keys->y[0], 64);
    assert_memory_equal(r.body + 64, keys->y[1], 96);
    tp_sha256(y_hash, r.body, 32 * FIXTURE_POINTS);
    tp_key_digest(digest, d.f.manifest.fingerprint, y_hash,
                  (const uint8_t *)r.body + 32 * FIXTURE_POINTS);
    assert_memory_equal(digest, keys->digest, 32);
    memcpy(e.u.confirm.key_digest, digest, 32);
    for (uint16_t i = 0; i < FIXTURE_TRUSTEES; i++) {
        e.signer = (uint16_t)(i + 1);
        memcpy(e.signature, r.body + 32 * FIXTURE_POINTS + 34 + 64 * i, 64);
        assert_int_equal(tp_entry_verify(&d.f.manifest, &e, &fault), TP_OK);
    }
    reply_free(&r);
}

/* ---- enrolment ---- */

static void import_roll(void) {
    char path[128];
    tp_store *s;
    snprintf(path, sizeof path, "%s/tapat.db", d.data);
    assert_int_equal(tp_store_open(&s, path, false), TP_OK);
    assert_int_equal(tp_store_begin(s), TP_OK);
    for (unsigned i = 0; i < FIXTURE_VOTERS; i++) {
        tp_voter v = {.birth_date = "1980-05-06", .unit = (uint16_t)(i % FIXTURE_UNITS)};
        snprintf(v.number, sizeof v.number, "V-%04u", i);
        snprintf(v.name, sizeof v.name, "Voter %u", i);
        if (i != 3) snprintf(v.contact, sizeof v.contact, "voter%u@example.org", i);
        assert_int_equal(tp_store_voter_add(s, &v, ""), TP_OK);
    }
    assert_int_equal(tp_store_commit(s), TP_OK);
    tp_store_close(s);
}

#define VOTER "{\"number\":\"V-%04u\",\"birth_date\":\"1980-05-06\"}"

static void test_lookup(void **state) {
    (void)state;
    import_roll();
    reply r = http_json(&d, "/api/roll/lookup", VOTER, 1);
    assert_int_equal(r.len, 128); /* J-12: filled up */
    assert_memory_equal(r.body, "{\"found\":true,\"unit\":1,\"routes\":[\"code\"]} ", 42);
    reply_free(&r);
    r = http_json(&d, "/api/roll/lookup", VOTER, 3);
    assert_int_equal(r.len, 128);
    assert_memory_equal(r.body, "{\"found\":true,\"unit\":0,\"routes\":[]} ", 36);
    reply_free(&r);
    reply unknown = http_json(&d, "/api/roll/lookup", VOTER, 999);
    reply wrong =
        http_json(&d, "/api/roll/lookup", "{\"number\":\"V-0001\",\"birth_date\":\"1980-05-07\"}");
    assert_string_equal(unknown.head, wrong.head); /* G10 */
    assert_string_equal(unknown.body, wrong.body);
    reply_free(&unknown);
    reply_free(&wrong);
    expect_problem(http_json(&d, "/api/roll/lookup", "{\"number\":\"V-0001\"}"), 400,
                   "request.members");
    expect_problem(
        http_json(&d, "/api/roll/lookup", "{\"number\":\"V\",\"birth_date\":\"\",\"x\":1}"), 400,
        "request.members");
    expect_problem(http_json(&d, "/api/roll/lookup", "{\"number\":1,\"number\":2}"), 400,
                   "request.json");
    expect_problem(http_json(&d, "/api/roll/lookup", "[]"), 400, "request.json");
}

/* The token of a start, to be freed. */
static char *token_of(unsigned voter) {
    reply r = http_json(&d, "/api/enrol/start", VOTER, voter);
    json_t *answer = reply_json(&r);
    assert_int_equal(r.status, 200);
    char *token = strdup(text_of(answer, "enrolment"));
    json_decref(answer);
    reply_free(&r);
    return token;
}

static reply send_to(const char *token, int contact) {
    return http_json(&d, "/api/enrol/send", "{\"enrolment\":\"%s\",\"contact\":%d}", token,
                     contact);
}

/* The same, and a code is sent. */
static char *start(unsigned voter) {
    char *token = token_of(voter);
    reply r = send_to(token, 1);
    json_t *answer = reply_json(&r);
    assert_int_equal(r.status, 200);
    assert_null(strstr(text_of(answer, "sent_to"), "voter"));
    json_decref(answer);
    reply_free(&r);
    return token;
}

/* How many messages went to the voter; code: of the newest that holds one. */
static unsigned messages(unsigned voter, char code[static 7]) {
    char to[64];
    unsigned n = 0;
    snprintf(to, sizeof to, "voter%u@example.org", voter);
    reply r = http_get(&d, "/api/outbox");
    json_t *list = reply_json(&r), *m;
    size_t i;
    code[0] = 0;
    json_array_foreach(list, i, m) {
        if (strcmp(text_of(m, "to"), to) != 0) continue;
        const char *at = strstr(text_of(m, "text"), "Your code is ");
        if (at && !code[0]) snprintf(code, 7, "%.6s", at + 13);
        n++;
    }
    json_decref(list);
    reply_free(&r);
    return n;
}

static reply post_code(const char *token, const char *code) {
    return http_json(&d, "/api/enrol/code", "{\"enrolment\":\"%s\",\"code\":\"%s\"}", token, code);
}

static void expect_state(reply r, const char *expected) {
    json_t *answer = reply_json(&r);
    if (r.status != 200) fail_msg("%d %s", r.status, r.body);
    assert_string_equal(text_of(answer, "state"), expected);
    json_decref(answer);
    reply_free(&r);
}

static reply status(const char *token) {
    return http_json(&d, "/api/enrol/status", "{\"enrolment\":\"%s\"}", token);
}

static reply hand_in(const char *token, size_t voter, const tp_scalar *secret) {
    const uint8_t *key = d.f.voters[voter].credential.key;
    uint8_t random[32], proof[64];
    char credential[65], possession[129];
    fixture_random(&d.f, random);
    tp_credential_prove(proof, secret, key, d.f.manifest.fingerprint, random);
    sodium_bin2hex(credential, 65, key, 32);
    sodium_bin2hex(possession, 129, proof, 64);
    return http_json(&d, "/api/enrol/credential",
                     "{\"enrolment\":\"%s\",\"credential\":\"%s\",\"possession\":\"%s\"}", token,
                     credential, possession);
}

static void wrong_code(char out[static 7], const char *code) {
    snprintf(out, 7, "%s", code);
    out[5] = out[5] == '9' ? '0' : (char)(out[5] + 1);
}

/* The bytes of the store's files and of the log hold the text nowhere. */
static bool kept_anywhere(const char *text) {
    enum { MAX = 64 << 20 };
    const char *const files[] = {"data/tapat.db", "data/tapat.db-wal", "log"};
    bool found = false;
    for (size_t i = 0; i < 3; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", d.dir, files[i]);
        FILE *f = fopen(path, "rb");
        char *bytes = malloc(MAX);
        size_t len = f && bytes ? fread(bytes, 1, MAX, f) : 0;
        assert_true(len < MAX);
        found |= len && memmem(bytes, len, text, strlen(text));
        if (f) fclose(f);
        free(bytes);
    }
    return found;
}

/* spec; attack G9 */
static void test_codes_are_not_kept(void **state) {
    char code[7], again[7];
    (void)state;
    free(start(4));
    assert_int_equal(messages(4, code), 1);
    assert_int_equal(strspn(code, "0123456789"), 6);
    assert_true(kept_anywhere("voter4@example.org")); /* the search finds what is there */
    assert_false(kept_anywhere(code));
    assert_int_equal(scene_stop(&d, SIGTERM), 0); /* the key, not the process, makes the code */
    assert_true(scene_start(&d));
    assert_int_equal(messages(4, again), 1);
    assert_string_equal(code, again);
}

static void test_enrol_refusals(void **state) {
    (void)state;
    char code[7], wrong[7], *token = start(2);
    expect_problem(http_json(&d, "/api/enrol/start", VOTER, 999), 404, "enrol.unknown");
    char *mute = token_of(3); /* has no contact */
    expect_problem(send_to(mute, 1), 409, "enrol.contact");
    free(mute);
    expect_problem(send_to(token, 2), 409, "enrol.contact");
    expect_problem(send_to(token, 3), 409, "enrol.contact");
    assert_int_equal(messages(2, code), 1);
    expect_problem(hand_in(token, 2, &d.f.voters[2].secret), 403, "enrol.proof");
    expect_problem(post_code("00", code), 404, "enrol.unknown");
    expect_problem(post_code(token, "12345"), 400, "request.value");
    wrong_code(wrong, code);
    for (int tries = 4; tries >= 0; tries--) {
        reply r = post_code(token, wrong);
        json_t *problem = reply_json(&r);
        assert_int_equal(json_integer_value(json_object_get(problem, "tries")), tries);
        json_decref(problem);
        expect_problem(r, 422, "enrol.code");
    }
    expect_problem(post_code(token, code), 422, "enrol.expired"); /* used up, though right */
    expect_state(status(token), "started");
    expect_status(send_to(token, 1), 200); /* within the minute: no second message */
    assert_int_equal(messages(2, code), 1);
    free(token);
}

static void expect_status_of(const char *token, size_t voter, const char *expected) {
    char key[65];
    reply r = status(token);
    json_t *answer = reply_json(&r);
    assert_string_equal(text_of(answer, "state"), expected);
    sodium_bin2hex(key, 65, d.f.voters[voter].credential.key, 32);
    assert_string_equal(text_of(answer, "credential"), key);
    json_decref(answer);
    reply_free(&r);
}

static reply waiting(uint64_t at, const uint8_t *secret) {
    uint8_t message[40], signature[64], key[32], random[32];
    char text[129];
    tp_secret_key sk;
    assert_int_equal(tp_keypair_decode(&sk, key, secret), TP_OK);
    memcpy(message, d.f.manifest.fingerprint, 32);
    tp_put_u64be(message + 32, at);
    fixture_random(&d.f, random);
    tp_sign(signature, &sk, key, "tapat-v1 waiting", message, 40, random);
    sodium_bin2hex(text, sizeof text, signature, 64);
    return http_json(&d, "/api/registrar/waiting",
                     "{\"registrar\":1,\"time\":%llu,\"signature\":\"%s\"}", (unsigned long long)at,
                     text);
}

static void test_waiting(size_t voter) {
    uint64_t now = (uint64_t)time(NULL);
    uint8_t key[32], proof[64];
    size_t len;
    expect_problem(waiting(now, d.f.officer[0]), 403, "registrar.signature");
    expect_problem(waiting(now - 400, d.f.registrar[0]), 403, "registrar.signature");
    reply r = waiting(now, d.f.registrar[0]);
    json_t *answer = reply_json(&r), *list = json_object_get(answer, "waiting"),
           *item = json_array_get(list, 0);
    assert_int_equal(json_array_size(list), 1);
    assert_string_equal(text_of(item, "name"), "Voter 5");
    assert_int_equal(json_integer_value(json_object_get(item, "unit")), 2);
    uint8_t *got = test_json_hex(item, "credential", &len);
    memcpy(key, got, 32);
    free(got);
    got = test_json_hex(item, "possession", &len);
    memcpy(proof, got, 64);
    free(got);
    assert_memory_equal(key, d.f.voters[voter].credential.key, 32);
    assert_int_equal(tp_credential_verify(proof, key, d.f.manifest.fingerprint), TP_OK);
    json_decref(answer);
    reply_free(&r);
}

static char *enrolled; /* voter 5's token, for the cancel */
static char typed[7];  /* the code of that */

static void test_enrol(void **state) {
    (void)state;
    const size_t voter = 5;
    char code[7], *token = start(5), *other = token_of(5);
    messages(5, code);
    expect_problem(post_code(other, code), 422, "enrol.expired"); /* it asked for none */
    expect_state(post_code(token, code), "proven");
    expect_state(post_code(token, code), "proven"); /* again: harmless */
    memcpy(typed, code, sizeof typed);
    expect_problem(post_code(other, code), 422, "enrol.expired");
    expect_problem(hand_in(other, voter, &d.f.voters[voter].secret), 403, "enrol.proof");
    expect_problem(hand_in(token, voter, &d.f.voters[6].secret), 422, "enrol.possession");
    expect_state(hand_in(token, voter, &d.f.voters[voter].secret), "waiting");
    expect_state(hand_in(token, voter, &d.f.voters[voter].secret), "waiting");
    expect_problem(hand_in(token, 8, &d.f.voters[8].secret), 409, "enrol.credential");
    expect_status_of(token, voter, "waiting");
    expect_state(status(other), "started"); /* who only knows number and date sees nothing */
    test_waiting(voter);
    run_enrol(&d, voter, voter + 1);
    run_enrol(&d, voter, voter + 1);
    wait_recorded(&d, voter);
    for (int i = 0; i < 200; i++, usleep(25000)) {
        reply r = status(token);
        bool done = strstr(r.body, "\"recorded\"") != NULL;
        reply_free(&r);
        if (done) break;
    }
    expect_status_of(token, voter, "recorded");
    enrolled = token;
    free(other);
}

static void test_registrations(void **state) {
    (void)state;
    tp_store *s = reader();
    tp_registration r;
    tp_store_credential k;
    bool found;
    char credential[65], signature[129];
    fixture_registration(&d.f, &r, 7);
    sodium_bin2hex(credential, 65, r.credential, 32);
    r.registrars.by[0].signature[40] ^= 1;
    sodium_bin2hex(signature, 129, r.registrars.by[0].signature, 64);
#define ONE                                                                                        \
    "{\"registrations\":[{\"credential\":\"%s\",\"unit\":%d,\"style\":%d,\"registrar\":%d,"        \
    "\"signature\":\"%s\"}]}"
    const char *path = "/api/registrar/registrations";
    expect_problem(http_json(&d, path, ONE, credential, r.unit, r.style, 1, signature), 422,
                   "registration.signature");
    r.registrars.by[0].signature[40] ^= 1;
    sodium_bin2hex(signature, 129, r.registrars.by[0].signature, 64);
    expect_problem(http_json(&d, path, ONE, credential, r.unit, r.style, 2, signature), 409,
                   "registration.signer");
    expect_problem(http_json(&d, path, ONE, credential, r.unit, 1 - r.style, 1, signature), 409,
                   "registration.style");
    expect_problem(http_json(&d, path, ONE, credential, 77, r.style, 1, signature), 409,
                   "registration.unit");
    expect_problem(http_json(&d, path, ONE, credential, r.unit, r.style, 0, signature), 400,
                   "request.value"); /* the first registrar is 1, not 0: H-3 */
    expect_problem(http_json(&d, path, "{\"registrations\":[]}"), 400, "request.value");
    assert_int_equal(tp_store_credential_find(s, r.credential, &k, &found), TP_OK);
    assert_false(found);
    tp_store_close(s);
    run_enrol(&d, 0, FIXTURE_VOTERS - 1); /* all but one, voter 5 once more among them */
}

/* ---- casting ---- */

static uint8_t ballot[FIXTURE_BALLOT];
static size_t ballot_len;

static void test_cast_refusals(void **state) {
    (void)state;
    static uint8_t bad[FIXTURE_BALLOT];
    ballot_len = seal(&d, ballot, 0);
    expect_problem(http_post(&d, "/api/ballots", ballot, ballot_len), 409, "board.phase");
    run_open(&d);
    const struct {
        size_t at;
        int status;
        const char *code;
    } cases[] = {{TP_BALLOT_HEAD, 400, "ballot.point"},
                 {64 + 3, 409, "ballot.sequence"},
                 {68, 409, "ballot.previous"},
                 {32 + 32 + 4 + 32 + 1, 409, "ballot.unit"},
                 {ballot_len - 1, 400, "ballot.signature"},
                 {ballot_len - 20, 422, "ballot.signature"},
                 {0, 409, "ballot.fingerprint"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memcpy(bad, ballot, ballot_len);
        bad[cases[i].at] ^= cases[i].at == ballot_len - 1 ? 0x80 : 1;
        reply r = http_post(&d, "/api/ballots", bad, ballot_len);
        expect_problem(r, cases[i].status, cases[i].code);
    }
    expect_problem(http_post(&d, "/api/ballots", ballot, ballot_len - 1), 400, "ballot.length");
    expect_problem(http_post(&d, "/api/ballots", ballot, 50), 400, "ballot.length");
    size_t stranger = FIXTURE_VOTERS - 1;
    size_t len = seal(&d, bad, stranger);
    expect_problem(http_post(&d, "/api/ballots", bad, len), 409, "ballot.credential");
    assert_int_equal(accepted(), 0);
}

static void check_promise(const reply *r) {
    uint8_t hash[32], bytes[TP_PROMISE_SIGNED];
    char tracker[TP_CODE_TEXT];
    size_t len;
    tp_promise p = {0};
    json_t *answer = reply_json(r);
    uint8_t *got = test_json_hex(answer, "ballot_hash", &len), *key, *signature;
    tp_ballot_hash(hash, ballot, ballot_len);
    assert_memory_equal(got, hash, 32);
    memcpy(p.ballot_hash, got, 32);
    key = test_json_hex(answer, "credential", &len);
    memcpy(p.credential, key, 32);
    assert_memory_equal(key, d.f.voters[0].credential.key, 32);
    tp_ballot_tracker(tracker, ballot, ballot_len);
    assert_string_equal(text_of(answer, "tracker"), tracker); /* attack F3 */
    p.sequence = (uint32_t)json_integer_value(json_object_get(answer, "sequence"));
    p.deadline = (uint64_t)json_integer_value(json_object_get(answer, "deadline"));
    assert_in_range(p.deadline, time(NULL) + 50, time(NULL) + 61);
    signature = test_json_hex(answer, "signature", &len);
    tp_promise_signed_bytes(bytes, &p, d.f.manifest.fingerprint);
    assert_int_equal(
        crypto_sign_verify_detached(signature, bytes, sizeof bytes, d.f.manifest.log_key), 0);
    free(got);
    free(key);
    free(signature);
    json_decref(answer);
}

static void test_cast(void **state) {
    (void)state;
    static uint8_t next[FIXTURE_BALLOT];
    reply r = http_post(&d, "/api/ballots", ballot, ballot_len);
    assert_int_equal(r.status, 201);
    check_promise(&r);
    reply again = http_post(&d, "/api/ballots", ballot, ballot_len);
    assert_int_equal(again.status, 200);
    assert_string_equal(again.body, r.body);
    reply_free(&again);
    reply_free(&r);
    size_t len = seal(&d, next, 0); /* another ballot with the same sequence */
    reply second = http_post(&d, "/api/ballots", next, len);
    assert_int_equal(second.status, 409);
    reply_free(&second);
    moved(&d, 0, ballot, ballot_len);
    len = seal(&d, next, 0);
    r = http_post(&d, "/api/ballots", next, len);
    if (r.status == 409) { /* unless a batch closed just now */
        assert_non_null(strstr(r.head, "\r\nRetry-After: "));
        expect_problem(r, 409, "ballot.predecessor");
    } else {
        reply_free(&r);
    }
    assert_true(wait_for(&d, ballot, ballot_len, "recorded") ||
                wait_for(&d, ballot, ballot_len, "replaced"));
    r = http_post(&d, "/api/ballots", next, len);
    assert_in_range(r.status, 200, 201);
    reply_free(&r);
    moved(&d, 0, next, len);
    assert_true(wait_for(&d, next, len, "recorded"));
    assert_true(wait_for(&d, ballot, ballot_len, "replaced"));
    r = http_post(&d, "/api/ballots", ballot, ballot_len); /* for ever the same answer */
    assert_int_equal(r.status, 200);
    reply_free(&r);
    for (size_t v = 1; v < 20; v++)
        cast(&d, v);
    assert_int_equal(accepted(), 21);
}

/* Does the answer prove that its leaf is this entry, under a checkpoint that the log signed? */
static void check_inclusion(json_t *a, const uint8_t *entry, size_t entry_len) {
    tp_hash leaf, root, proof[TP_TREE_MAX_PROOF];
    json_t *list = json_object_get(a, "proof"), *item;
    tp_note note;
    tp_checkpoint at;
    tp_vkey key;
    size_t i, len;
    tp_tree_leaf(&leaf, entry, entry_len);
    json_array_foreach(list, i, item) {
        uint8_t *hash = test_hex(item, &len);
        memcpy(proof[i].b, hash, 32);
        free(hash);
    }
    const char *text = text_of(a, "checkpoint");
    assert_int_equal(tp_note_parse(&note, text, strlen(text)), TP_OK);
    assert_int_equal(tp_vkey_init(&key, d.f.manifest.log_origin, strlen(d.f.manifest.log_origin),
                                  TP_KEY_ED25519, d.f.manifest.log_key),
                     TP_OK);
    assert_int_equal(tp_note_verify(&note, &key, crypto_sign_verify_detached, NULL), TP_OK);
    assert_int_equal(tp_checkpoint_parse(&at, note.text, note.text_len), TP_OK);
    root = at.root;
    uint64_t index = (uint64_t)json_integer_value(json_object_get(a, "leaf"));
    assert_int_equal(
        tp_tree_check_inclusion(&leaf, index, at.size, &root, proof, json_array_size(list)), TP_OK);
    uint64_t now = tp_server_now();
    assert_in_range(json_integer_value(json_object_get(a, "batch_time")), now - 60, now);
}

static void test_tracker(void **state) {
    (void)state;
    char path[128], tracker[TP_CODE_TEXT];
    tp_hash leaf;
    uint8_t entry[1 + FIXTURE_BALLOT] = {TP_ENTRY_BALLOT};
    wait_recorded(&d, 19);
    assert_true(wait_for(&d, ballot, ballot_len, "replaced"));
    tp_ballot_tracker(tracker, ballot, ballot_len);
    snprintf(path, sizeof path, "/api/tracker/%s", tracker);
    reply r = http_get(&d, path);
    json_t *a = reply_json(&r);
    size_t len;
    memcpy(entry + 1, ballot, ballot_len);
    tp_tree_leaf(&leaf, entry, 1 + ballot_len);
    uint8_t *hash = test_json_hex(a, "entry_hash", &len);
    assert_memory_equal(hash, leaf.b, 32);
    free(hash);
    check_inclusion(a, entry, 1 + ballot_len);
    json_decref(a);
    reply_free(&r);
    expect_problem(http_get(&d, "/api/tracker/AAAAA"), 404, "tracker.unknown");
    tracker[0] = tracker[0] == 'A' ? 'B' : 'A';
    snprintf(path, sizeof path, "/api/tracker/%s", tracker);
    expect_problem(http_get(&d, path), 404, "tracker.unknown");
}

/* ---- the predecessor (spec: H-6, H-7, C-13) ---- */

static json_t *credential_of(size_t voter) {
    reply r = ask_credential(&d, voter, voter, 0);
    assert_int_equal(r.status, 200);
    json_t *a = reply_json(&r);
    reply_free(&r);
    return a;
}

static void check_tip(json_t *a, size_t voter) {
    size_t len, hash_len;
    const tp_credential *c = &d.f.voters[voter].credential;
    tp_tip tip = {.sequence = (uint32_t)json_integer_value(json_object_get(a, "sequence"))};
    uint8_t *entry = test_json_hex(a, "entry", &len),
            *hash = test_json_hex(a, "previous", &hash_len);
    assert_int_equal(tip.sequence, c->sequence);
    assert_memory_equal(hash, c->tip, 32);
    memcpy(tip.fingerprint, d.f.manifest.fingerprint, 32);
    memcpy(tip.credential, c->key, 32);
    memcpy(tip.hash, hash, 32);
    assert_int_equal(tp_tip_check_var(&tip, entry, len), TP_OK);
    check_inclusion(a, entry, len);
    free(entry);
    free(hash);
}

static const char *const proof_members[] = {"batch", "batch_time", "leaf",
                                            "proof", "checkpoint", "entry"};

/* No ballot: no proof. One that waits: its tracker alone. One on the board: all that C-13 needs. */
static void test_credential(void **state) {
    (void)state;
    static uint8_t next[FIXTURE_BALLOT];
    const size_t voter = 22;
    char tracker[TP_CODE_TEXT];
    json_t *a = credential_of(voter);
    assert_int_equal(json_object_size(a), 8);
    assert_true(json_is_true(json_object_get(a, "registered")));
    json_decref(a);
    size_t len = seal(&d, next, voter);
    expect_status(http_post(&d, "/api/ballots", next, len), 201);
    moved(&d, voter, next, len);
    tp_ballot_tracker(tracker, next, len);
    for (bool proven = false; !proven; usleep(20000)) {
        a = credential_of(voter);
        proven = json_object_get(a, "leaf") != NULL;
        assert_string_equal(text_of(a, "tracker"), tracker);
        for (size_t i = 0; i < 6; i++)
            assert_int_equal(json_object_get(a, proof_members[i]) != NULL, proven);
        if (proven) assert_int_equal(json_integer_value(json_object_get(a, "recorded")), 1);
        if (proven) check_tip(a, voter);
        json_decref(a);
    }
}

/* Whoever does not hold the credential learns nothing of it: the answer is that of a credential
 * that is unknown, octet for octet, and a ballot that it did not sign hears of no other (C12).
 * spec: H-7, H-9, L-11 */
static void test_not_theirs(void **state) {
    (void)state;
    static uint8_t forged[FIXTURE_BALLOT];
    const size_t voter = 22, unknown = FIXTURE_VOTERS - 1;
    assert_int_equal(d.f.voters[voter].credential.sequence, 1); /* it has cast */
    reply other = ask_credential(&d, voter, 21, 0), none = ask_credential(&d, unknown, unknown, 0);
    assert_int_equal(other.status, 200);
    json_t *a = reply_json(&other), *b = reply_json(&none);
    json_object_del(a, "next_batch_s"); /* may be a second on */
    json_object_del(b, "next_batch_s");
    assert_true(json_is_false(json_object_get(a, "registered")));
    assert_int_equal(json_object_size(a), 7);
    assert_true(json_equal(a, b));
    json_decref(a);
    json_decref(b);
    reply_free(&other);
    reply_free(&none);
    expect_problem(ask_credential(&d, voter, voter, -400), 403, "credential.time");
    expect_problem(ask_credential(&d, voter, voter, 400), 403, "credential.time");
    expect_status(ask_credential(&d, voter, voter, -200), 200);
    expect_problem(http_json(&d, "/api/credential", "{\"credential\":\"%064d\"}", 0), 400,
                   "request.members");
    expect_problem(http_json(&d, "/api/credential",
                             "{\"credential\":\"%064d\",\"time\":%d,\"signature\":\"00\"}", 0, 1),
                   400, "request.value");
    tp_credential *c = &d.f.voters[voter].credential, before = *c;
    c->sequence = 0; /* a number that is taken */
    memset(c->tip, 0, 32);
    size_t len = seal(&d, forged, voter);
    *c = before;
    forged[len - 20] ^= 1;
    expect_problem(http_post(&d, "/api/ballots", forged, len), 422, "ballot.signature");
}

/* A number that is taken: the refusal names the ballot that took it. */
static void test_taken_number(void **state) {
    (void)state;
    static uint8_t first[FIXTURE_BALLOT], second[FIXTURE_BALLOT];
    const size_t voter = 21;
    char tracker[TP_CODE_TEXT];
    size_t len = seal(&d, first, voter);
    assert_int_equal(seal(&d, second, voter), len);
    expect_status(http_post(&d, "/api/ballots", first, len), 201);
    tp_ballot_tracker(tracker, first, len);
    uint64_t all = accepted();
    for (int recorded = 0; recorded < 2; recorded++) {
        reply r = http_post(&d, "/api/ballots", second, len);
        json_t *problem = reply_json(&r);
        assert_string_equal(text_of(problem, "tracker"), tracker);
        assert_int_equal(json_integer_value(json_object_get(problem, "sequence")), 1);
        if (recorded) assert_true(json_is_true(json_object_get(problem, "recorded")));
        json_decref(problem);
        expect_problem(r, 409, "ballot.sequence");
        if (!recorded) assert_true(wait_for(&d, first, len, "recorded"));
    }
    assert_int_equal(accepted(), all);
    moved(&d, voter, first, len);
}

/* ---- cancel, exclude, close ---- */

static reply post_cancel(size_t voter) {
    uint8_t bytes[4096], random[32];
    tp_entry e = {.type = TP_ENTRY_CANCEL, .u.cancel = {.reason = 1}};
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    e.u.cancel.time = (uint64_t)time(NULL);
    memcpy(e.u.cancel.credential, d.f.voters[voter].credential.key, 32);
    fixture_random(&d.f, random);
    assert_int_equal(tp_entry_sign(&e, d.f.manifest.fingerprint, 1, d.f.registrar[0], random),
                     TP_OK);
    assert_int_equal(tp_entry_write(&w, &e), TP_OK);
    return post_entry(&d, bytes, w.len, NULL, 0);
}

static void test_cancel_and_exclude(void **state) {
    (void)state;
    static uint8_t next[FIXTURE_BALLOT];
    char code[7];
    cast(&d, 5); /* accepted, perhaps not recorded yet: the promise is kept first */
    unsigned before = messages(5, code);
    expect_status(post_cancel(5), 201);
    expect_problem(post_cancel(5), 409, "cancel.repeat");
    expect_problem(post_cancel(FIXTURE_VOTERS - 1), 409, "cancel.credential");
    assert_true(messages(5, code) > before);
    /* What was proven for the cancelled key ended with it: another needs a new code. spec: H-4 */
    expect_state(status(enrolled), "started");
    expect_problem(hand_in(enrolled, 8, &d.f.voters[8].secret), 403, "enrol.proof");
    expect_problem(post_code(enrolled, typed), 422, "enrol.expired");
    free(enrolled);
    before = messages(5, code);
    char *again = start(5);
    assert_int_equal(messages(5, code), before + 1);
    expect_state(post_code(again, code), "proven");
    expect_state(status(again), "proven");
    free(again);
    wait_recorded(&d, 5);
    size_t len = seal(&d, next, 5);
    expect_problem(http_post(&d, "/api/ballots", next, len), 409, "ballot.cancelled");
    assert_true(wait_for(&d, ballot, ballot_len, "replaced"));
    const uint8_t *tip = d.f.voters[1].credential.tip;
    expect_problem(
        post_act(&d, TP_ACT_EXCLUDE, d.f.voters[1].credential.key, TP_EXCLUDE_COURT_ORDER, NULL, 0),
        409, "exclusion.ballot");
    expect_status(post_act(&d, TP_ACT_EXCLUDE, tip, TP_EXCLUDE_COURT_ORDER, NULL, 0), 201);
    expect_problem(post_act(&d, TP_ACT_EXCLUDE, tip, TP_EXCLUDE_COURT_ORDER, NULL, 0), 409,
                   "exclusion.repeat");
}

static void test_close(void **state) {
    (void)state;
    static uint8_t late[FIXTURE_BALLOT];
    uint64_t all, recorded;
    cast(&d, 20);
    expect_status(post_act(&d, TP_ACT_CLOSE, NULL, 0, NULL, 0), 201);
    tp_store *s = reader();
    assert_int_equal(tp_store_counts(s, &all, &recorded), TP_OK);
    assert_int_equal(all, recorded); /* every promise is kept */
    tp_store_close(s);
    size_t len = seal(&d, late, 21);
    expect_problem(http_post(&d, "/api/ballots", late, len), 409, "board.phase");
    expect_problem(http_json(&d, "/api/enrol/start", VOTER, 9), 409, "board.phase");
}

/* ---- tally ---- */

typedef struct {
    tp_record *r;
    tp_replay replay;
} replayed;

static const tp_replay_options two_threads = {.threads = 2};

/* Waits until all that is stored is published, and replays the record that is served. */
static void replay(replayed *x) {
    char dir[128];
    tp_fault fault = {.code = ""};
    snprintf(dir, sizeof dir, "%s/public", d.data);
    for (int i = 0; i < 200; i++, usleep(25000)) {
        tp_store *s = reader();
        uint64_t size;
        assert_int_equal(tp_store_size(s, &size), TP_OK);
        tp_store_close(s);
        if (board_size(&d) == (int64_t)size) break;
    }
    assert_int_equal(tp_record_open(&x->r, dir, &fault), TP_OK);
    if (tp_replay_run(&x->replay, x->r, &two_threads, &fault))
        fail_msg("%s: %s", fault.code, fault.where);
}

static void replay_free(replayed *x) {
    tp_replay_free(&x->replay);
    tp_record_close(x->r);
}

/* The record that was served replays, and holds what was cast. */
static void test_record(void **state) {
    (void)state;
    replayed x;
    uint64_t ballots = 0;
    replay(&x);
    assert_int_equal(x.replay.board.phase, TP_CLOSED);
    for (size_t i = 0; i < FIXTURE_UNITS; i++)
        ballots += x.replay.units[i].ballots;
    assert_int_equal(ballots, accepted());
    assert_int_equal(x.replay.units[2].voided, 1);
    assert_int_equal(x.replay.units[1].excluded, 1);
    replay_free(&x);
}

static uint8_t document[1 << 16];

static void post_shares(const tp_aggregates *a, const uint8_t hash[static 32], uint16_t trustee) {
    uint8_t bytes[4096], random[32];
    tp_scalar secret[FIXTURE_POINTS];
    tp_fault fault;
    tp_entry e = {.type = TP_ENTRY_SHARES};
    tp_writer w = tp_writer_of(document, sizeof document), entry = tp_writer_of(bytes, 4096);
    fixture_random(&d.f, random);
    assert_int_equal(
        tp_ceremony_secret(secret, d.f.board.ceremony, trustee, d.f.seed[trustee - 1], &fault),
        TP_OK);
    assert_int_equal(tp_shares_make(&w, &d.f.manifest, tp_ceremony_keys(d.f.board.ceremony), a,
                                    hash, trustee, secret, random),
                     TP_OK);
    tp_sha256(e.u.document.hash, document, w.len);
    e.u.document.len = w.len;
    fixture_sign_trustee(&d.f, &e, trustee);
    assert_int_equal(tp_entry_write(&entry, &e), TP_OK);
    expect_problem(post_entry(&d, bytes, entry.len, document, w.len - 1), 400, "document.hash");
    expect_status(post_entry(&d, bytes, entry.len, document, w.len), 201);
    expect_problem(post_entry(&d, bytes, entry.len, document, w.len), 409, "board.repeat");
}

static void expect_file(const char *path, const char *bytes, size_t len) {
    reply r;
    for (int i = 0; i < 200; i++, usleep(25000)) {
        r = http_get(&d, path);
        if (r.status == 200) break;
        reply_free(&r);
    }
    assert_int_equal(r.status, 200);
    assert_int_equal(r.len, len);
    assert_memory_equal(r.body, bytes, len);
    reply_free(&r);
}

/* Sums of another record, or of this one before something was excluded: refused, since a freeze
 * cannot be taken back. spec: S-17 */
static void refuse_freezes(const uint8_t *good, size_t len) {
    static uint8_t other[sizeof document];
    uint8_t hash[32];
    for (size_t i = 0; i < 3; i++) {
        size_t cut = i == 2 ? len - 1 : len;
        memcpy(other, good, len);
        if (i < 2) other[i ? len - 1 : 39] ^= 1;
        tp_sha256(hash, other, cut);
        expect_problem(post_act(&d, TP_ACT_FREEZE, hash, 0, other, cut), 409, "aggregates.hash");
    }
}

static void test_publish(void **state) {
    (void)state;
    replayed x;
    tp_fault fault = {.code = ""};
    tp_aggregates a;
    uint32_t withheld[TP_MAX_CONTESTS];
    uint8_t hash[32];
    bool bad[TP_MAX_TRUSTEES];
    char *json, *csv;
    size_t json_len, csv_len;
    replay(&x);
    assert_int_equal(tp_replay_aggregate(&a, withheld, &x.replay, x.r, &two_threads, &fault),
                     TP_OK);
    tp_writer w = tp_writer_of(document, sizeof document);
    assert_int_equal(tp_aggregates_write(&w, &d.f.manifest, &a), TP_OK);
    replay_free(&x);
    tp_sha256(hash, document, w.len);
    expect_problem(post_act(&d, TP_ACT_FREEZE, hash, 0, NULL, 0), 400, "document.hash");
    refuse_freezes(document, w.len);
    expect_status(post_act(&d, TP_ACT_FREEZE, hash, 0, document, w.len), 201);
    post_shares(&a, hash, 3);
    expect_problem(post_act(&d, TP_ACT_PUBLISH, hash, 0, document, w.len), 400, "document.hash");
    post_shares(&a, hash, 1);
    tp_aggregates_free(&a);
    replay(&x);
    assert_int_equal(tp_replay_results(&json, &json_len, &csv, &csv_len, bad, &x.replay, x.r,
                                       &two_threads, &fault),
                     TP_OK);
    replay_free(&x);
    json[json_len - 3] ^= 1;
    tp_sha256(hash, json, json_len);
    expect_problem(post_act(&d, TP_ACT_PUBLISH, hash, 0, json, json_len), 409, "results.hash");
    json[json_len - 3] ^= 1;
    tp_sha256(hash, json, json_len);
    expect_status(post_act(&d, TP_ACT_PUBLISH, hash, 0, json, json_len), 201);
    expect_file("/api/results", json, json_len);
    expect_file("/board/results.json", json, json_len);
    expect_file("/board/results.csv", csv, csv_len);
    free(json);
    free(csv);
    assert_true(wait_for(&d, ballot, ballot_len, "replaced"));
}

static void test_verify(void **state) {
    (void)state;
    char dir[128];
    tp_verification v;
    replayed x;
    replay(&x);
    replay_free(&x);
    snprintf(dir, sizeof dir, "%s/public", d.data);
    tp_err err = tp_verify(&v, dir, d.f.manifest.fingerprint, &two_threads);
    for (size_t i = 0; i < v.count; i++)
        if (v.checks[i].verdict != TP_PASS)
            fail_msg("%s: %s %s", v.checks[i].check, v.checks[i].fault.code,
                     v.checks[i].fault.where);
    assert_int_equal(err, TP_OK);
}

static void test_restart(void **state) {
    (void)state;
    int64_t size = board_size(&d);
    reply before = http_get(&d, "/board/checkpoint");
    uint64_t all = accepted();
    assert_int_equal(scene_stop(&d, SIGTERM), 0);
    assert_true(scene_start(&d));
    assert_int_equal(board_size(&d), size);
    assert_int_equal(accepted(), all);
    reply after = http_get(&d, "/board/checkpoint");
    assert_string_equal(before.body, after.body);
    reply_free(&before);
    reply_free(&after);
    reply r = http_get(&d, "/api/election");
    assert_non_null(strstr(r.body, "\"published\""));
    assert_non_null(strstr(r.body, "\"keys\":true"));
    reply_free(&r);
    daemon_scene second = d; /* one daemon for a folder */
    second.pid = 0;
    assert_false(scene_start(&second));
    assert_int_equal(scene_stop(&second, 0), 1);
}

/* The store is the truth: the record of a published election is written anew from it alone. */
static void test_record_is_lost(void **state) {
    (void)state;
    char public[128], aside[140];
    snprintf(public, sizeof public, "%s/public", d.data);
    snprintf(aside, sizeof aside, "%s/aside", d.data);
    assert_int_equal(scene_stop(&d, SIGTERM), 0);
    assert_int_equal(rename(public, aside), 0);
    assert_true(scene_start(&d));
    test_verify(state);
}

/* Nothing that is secret or personal is in the daemon's log (attacks C13, G9). */
static void test_log(void **state) {
    (void)state;
    size_t len;
    char key[65], *log = test_file(d.log, &len);
    assert_non_null(log);
    assert_non_null(strstr(log, "event=ready"));
    for (size_t v = 0; v < FIXTURE_VOTERS; v++) {
        sodium_bin2hex(key, 65, d.f.voters[v].credential.key, 32);
        assert_null(strstr(log, key));
    }
    assert_null(strstr(log, "example.org"));
    assert_null(strstr(log, "V-0"));
    assert_null(strstr(log, "127.0.0.1"));
    free(log);
}

int main(void) {
    if (tp_group_select(NULL)) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_before),
        cmocka_unit_test(test_ceremony),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_codes_are_not_kept),
        cmocka_unit_test(test_enrol_refusals),
        cmocka_unit_test(test_enrol),
        cmocka_unit_test(test_registrations),
        cmocka_unit_test(test_cast_refusals),
        cmocka_unit_test(test_cast),
        cmocka_unit_test(test_tracker),
        cmocka_unit_test(test_credential),
        cmocka_unit_test(test_not_theirs),
        cmocka_unit_test(test_taken_number),
        cmocka_unit_test(test_cancel_and_exclude),
        cmocka_unit_test(test_close),
        cmocka_unit_test(test_record),
        cmocka_unit_test(test_publish),
        cmocka_unit_test(test_verify),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_record_is_lost),
        cmocka_unit_test(test_log),
    };
    return cmocka_run_group_tests_name("server/election", tests, set_up, tear_down);
}
