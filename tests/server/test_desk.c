/* Applications: handed in without a proof, decided by two registrars, refused, pushed out, ended by
 * time. spec: H-11..H-15, L-12, L-13 */
#include "tests/server/harness.h"

#include <signal.h>
#include <sodium.h>
#include <time.h>
#include <unistd.h>

#include "core/proof/schnorr.h"
#include "election/desk.h"
#include "election/enrol.h"
#include "server/apply.h"
#include "server/once.h"
#include "server/step.h"
#include "store/store.h"

static daemon_scene d;
static tp_registrar_keys registrar[2]; /* 1 and 2 of the manifest */

/* ---- scene ---- */

static tp_store *open_store(bool read_only) {
    char path[128];
    tp_store *s;
    snprintf(path, sizeof path, "%s/tapat.db", d.data);
    assert_int_equal(tp_store_open(&s, path, read_only), TP_OK);
    return s;
}

static void import_roll(void) {
    tp_store *s = open_store(false);
    assert_int_equal(tp_store_begin(s), TP_OK);
    for (unsigned i = 0; i < FIXTURE_VOTERS; i++) {
        tp_voter v = {.birth_date = "1980-05-06", .unit = (uint16_t)(i % FIXTURE_UNITS)};
        snprintf(v.number, sizeof v.number, "V-%04u", i);
        snprintf(v.name, sizeof v.name, "Voter %u", i);
        snprintf(v.contact, sizeof v.contact, "voter%u@example.org", i);
        assert_int_equal(tp_store_voter_add(s, &v, ""), TP_OK);
    }
    assert_int_equal(tp_store_commit(s), TP_OK);
    tp_store_close(s);
}

/* Two registrars, both needed: R two is the first, the fixture's own the second. */
static int set_up(void **state) {
    (void)state;
    static const uint8_t seed[32] = {7};
    char to[1200], sign[65], open[2][65];
    tp_registrar_derive(&registrar[0], seed);
    tp_registrar_derive(&registrar[1], (const uint8_t[32]){8});
    sodium_bin2hex(sign, 65, registrar[0].sign_key, 32);
    for (size_t i = 0; i < 2; i++)
        sodium_bin2hex(open[i], 65, registrar[i].open_key, 32);
    snprintf(to, sizeof to,
             "\"enrol\":{\"show\":true,\"shared\":4,\"review_days\":5,"
             "\"routes\":[\"code\",\"desk\",\"documents\"],\"posts\":{\"abuja\":[\"code\"]},"
             "\"documents\":[\"%s\",\"%s\"]},"
             "\"registrars\":{\"quorum\":2,\"who\":[{\"name\":\"R two\",\"key\":\"%s\"},",
             open[0], open[1], sign);
    scene_init(&d, "\"registrars\":{\"quorum\":1,\"who\":[", to);
    memcpy(registrar[1].sign_secret, d.f.registrar[0], 32);
    if (!scene_start(&d)) return -1;
    import_roll();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    scene_free(&d);
    return 0;
}

/* ---- steps ---- */

static char *text_of(const reply *r, const char *name) {
    json_t *answer = reply_json(r);
    const char *text = json_string_value(json_object_get(answer, name));
    char *copy = strdup(text ? text : "");
    json_decref(answer);
    return copy;
}

static char *take(reply r, const char *name) {
    if (r.status != 200) fail_msg("%d %s", r.status, r.body);
    char *text = text_of(&r, name);
    reply_free(&r);
    return text;
}

static void expect(reply r, const char *name, const char *expected) {
    char *text = take(r, name);
    assert_string_equal(text, expected);
    free(text);
}

static char *start(unsigned voter) {
    return take(http_json(&d, "/api/enrol/start",
                          "{\"number\":\"V-%04u\",\"birth_date\":\"1980-05-06\"}", voter),
                "enrolment");
}

static reply status(const char *token) {
    return http_json(&d, "/api/enrol/status", "{\"enrolment\":\"%s\"}", token);
}

/* A key of a person's own, by number. */
typedef struct {
    tp_scalar secret;
    uint8_t key[32];
    char hex[65], proof[129];
} person;

static person person_of(unsigned number) {
    person p;
    uint8_t wide[64] = {0}, proof[64];
    tp_point point;
    wide[0] = (uint8_t)number;
    wide[1] = (uint8_t)(number >> 8);
    wide[40] = 77;
    tp_scalar_wide(&p.secret, wide);
    tp_points_mul_base(&point, &p.secret, 1);
    tp_points_encode((uint8_t(*)[32])p.key, &point, 1);
    tp_credential_prove(proof, &p.secret, p.key, d.f.manifest.fingerprint, wide);
    sodium_bin2hex(p.hex, sizeof p.hex, p.key, 32);
    sodium_bin2hex(p.proof, sizeof p.proof, proof, 64);
    return p;
}

static reply apply(const char *token, const char *route, const person *p) {
    return http_json(&d, "/api/enrol/apply",
                     "{\"enrolment\":\"%s\",\"route\":\"%s\",\"credential\":\"%s\","
                     "\"possession\":\"%s\"}",
                     token, route, p->hex, p->proof);
}

static unsigned messages(unsigned voter, const char *subject) {
    char path[64];
    unsigned n = 0;
    json_t *m;
    size_t i;
    snprintf(path, sizeof path, "/api/outbox/voter%u@example.org", voter);
    reply r = http_get(&d, path);
    json_t *list = reply_json(&r);
    json_array_foreach(list, i, m) {
        n += strstr(json_string_value(json_object_get(m, "subject")), subject) != NULL;
    }
    json_decref(list);
    reply_free(&r);
    return n;
}

/* ---- registrars ---- */

static void hex_request(char out[static 129], int who, uint64_t at) {
    uint8_t signature[64], random[32];
    fixture_random(&d.f, random);
    assert_int_equal(tp_registrar_ask(signature, TP_WAITING_DOMAIN, d.f.manifest.fingerprint, at,
                                      NULL, 0, registrar[who - 1].sign_secret, random),
                     TP_OK);
    sodium_bin2hex(out, 129, signature, 64);
}

/* The queue as registrar `who` sees it; more: further members, with their comma. */
static json_t *queue(int who, const char *more) {
    char signature[129];
    uint64_t now = (uint64_t)time(NULL);
    hex_request(signature, who, now);
    reply r = http_json(&d, "/api/registrar/waiting",
                        "{\"registrar\":%d,\"time\":%llu,\"signature\":\"%s\"%s}", who,
                        (unsigned long long)now, signature, more);
    if (r.status != 200) fail_msg("%d %s", r.status, r.body);
    json_t *answer = reply_json(&r), *list = json_incref(json_object_get(answer, "waiting"));
    json_decref(answer);
    reply_free(&r);
    return list;
}

static json_t *row_of(json_t *list, const person *p) {
    json_t *row;
    size_t i;
    json_array_foreach(list, i, row) {
        if (!strcmp(json_string_value(json_object_get(row, "credential")), p->hex)) return row;
    }
    return NULL;
}

static reply sign(int who, const person *p, unsigned unit) {
    uint8_t random[32];
    char signature[129];
    tp_registration r = {.unit = (uint16_t)unit, .style = unit == 2};
    tp_endorsement e;
    memcpy(r.credential, p->key, 32);
    fixture_random(&d.f, random);
    assert_int_equal(tp_registration_sign(&e, &r, d.f.manifest.fingerprint, (uint16_t)who,
                                          registrar[who - 1].sign_secret, random),
                     TP_OK);
    sodium_bin2hex(signature, 129, e.signature, 64);
    return http_json(&d, "/api/registrar/registrations",
                     "{\"registrations\":[{\"credential\":\"%s\",\"unit\":%u,\"style\":%d,"
                     "\"registrar\":%d,\"signature\":\"%s\"}]}",
                     p->hex, unit, unit == 2, who, signature);
}

static reply refuse(int who, const char *application, const person *p, const char *reason) {
    uint8_t random[32], signature[64];
    char hex[129];
    tp_refusal f = {.reason = (uint16_t)tp_refusal_of(reason), .time = (uint64_t)time(NULL)};
    size_t len;
    assert_int_equal(sodium_hex2bin(f.application, 16, application, 32, NULL, &len, NULL), 0);
    memcpy(f.credential, p->key, 32);
    fixture_random(&d.f, random);
    assert_int_equal(tp_refusal_sign(signature, &f, d.f.manifest.fingerprint,
                                     registrar[who - 1].sign_secret, random),
                     TP_OK);
    sodium_bin2hex(hex, 129, signature, 64);
    return http_json(&d, "/api/registrar/refusals",
                     "{\"registrar\":%d,\"time\":%llu,\"signature\":\"%s\",\"application\":\"%s\","
                     "\"reason\":\"%s\"}",
                     who, (unsigned long long)f.time, hex, application, reason);
}

static void expect_ok(reply r) {
    if (r.status != 200) fail_msg("%d %s", r.status, r.body);
    reply_free(&r);
}

/* ---- handing in. spec: H-15 ---- */

static void test_apply(void **state) {
    (void)state;
    char *token = start(0), *other = start(0), *far = start(2), *id, *same;
    person p = person_of(1), q = person_of(2), bad = p;
    memcpy(bad.proof, q.proof, sizeof bad.proof);
    expect_problem(apply(token, "letter", &p), 400, "request.value");
    expect_problem(apply(far, "desk", &p), 409, "enrol.route");
    expect_problem(apply("00", "desk", &p), 404, "enrol.unknown");
    expect_problem(apply(token, "desk", &bad), 422, "enrol.possession");
    expect(status(token), "state", "started");
    id = take(apply(token, "desk", &p), "application");
    same = take(apply(token, "desk", &p), "application");
    assert_string_equal(id, same);
    expect(status(token), "state", "applied");
    expect(status(token), "credential", p.hex);
    expect(status(other), "state", "started"); /* who only knows number and date sees nothing */
    expect_problem(apply(token, "desk", &q), 409, "enrol.credential");
    expect_problem(apply(token, "documents", &p), 409, "enrol.credential");
    expect_problem(apply(other, "desk", &p), 409, "enrol.credential");
    assert_int_equal(messages(0, "in your name"), 1);
    expect(apply(other, "desk", &q), "state", "applied");
    assert_int_equal(messages(0, "in your name"), 1); /* one a day */
    free(token), free(other), free(far), free(id), free(same);
}

/* The sixth pushes the oldest out, whose owner comes back; nobody is shut out. spec: H-11 */
static void test_pushed(void **state) {
    (void)state;
    char *token[6];
    person p[6];
    for (unsigned i = 0; i < 6; i++) {
        token[i] = start(3);
        p[i] = person_of(100 + i);
        expect(apply(token[i], "desk", &p[i]), "state", "applied");
        if (!i) sleep(1); /* times are in seconds: this one is the oldest */
    }
    expect(status(token[0]), "state", "closed");
    expect(status(token[0]), "reason", "pushed");
    expect(status(token[5]), "state", "applied");
    expect(apply(token[0], "desk", &p[0]), "state", "applied");
    expect(status(token[0]), "state", "applied");
    for (unsigned i = 0; i < 6; i++)
        free(token[i]);
}

/* What a registrar signed stays, whoever knows number and date. spec: H-11 */
static void test_signed_stays(void **state) {
    (void)state;
    char *mine = start(6), *token[7];
    person p = person_of(120), q[7];
    expect(apply(mine, "desk", &p), "state", "applied");
    expect_ok(sign(1, &p, 0));
    sleep(1);
    for (unsigned i = 0; i < 7; i++) {
        token[i] = start(6);
        q[i] = person_of(121 + i);
        expect(apply(token[i], "desk", &q[i]), "state", "applied");
    }
    expect(status(mine), "state", "applied");
    unsigned pushed = 0;
    for (unsigned i = 0; i < 7; i++) {
        char *now = take(status(token[i]), "state");
        pushed += !strcmp(now, "closed");
        free(now), free(token[i]);
    }
    assert_int_equal(pushed, 2); /* of the others five stay */
    expect_ok(sign(2, &p, 0));
    expect(status(mine), "state", "done");
    free(mine);
}

/* ---- the queue. spec: H-12 ---- */

static void test_queue(void **state) {
    (void)state;
    char signature[129], more[80];
    uint64_t now = (uint64_t)time(NULL);
    person p = person_of(1);
    json_t *list = queue(2, ""), *row = row_of(list, &p);
    assert_int_equal(json_array_size(list), 7);
    assert_non_null(row);
    assert_string_equal(json_string_value(json_object_get(row, "name")), "Voter 0");
    assert_string_equal(json_string_value(json_object_get(row, "birth_date")), "1980-05-06");
    assert_string_equal(json_string_value(json_object_get(row, "route")), "desk");
    assert_int_equal(json_integer_value(json_object_get(row, "others")), 1);
    assert_int_equal(json_array_size(json_object_get(row, "signed")), 0);
    json_int_t due = json_integer_value(json_object_get(row, "due"));
    assert_in_range(due, now + 5 * 86400 - 60, now + 5 * 86400);
    snprintf(more, sizeof more, ",\"application\":\"%s\"",
             json_string_value(json_object_get(row, "application")));
    json_t *one = queue(1, more);
    assert_int_equal(json_array_size(one), 1);
    json_decref(one);
    snprintf(more, sizeof more, ",\"application\":\"%.12s\"",
             json_string_value(json_object_get(row, "application")));
    one = queue(1, more);
    assert_non_null(row_of(one, &p));
    json_decref(one);
    one = queue(1, ",\"unit\":1");
    assert_int_equal(json_array_size(one), 0);
    json_decref(one);
    json_decref(list);
    hex_request(signature, 1, now);
#define ASK "{\"registrar\":%d,\"time\":%llu,\"signature\":\"%s\"}"
    const char *path = "/api/registrar/waiting";
    expect_problem(http_json(&d, path, ASK, 2, (unsigned long long)now, signature), 403,
                   "registrar.signature");
    expect_problem(http_json(&d, path, ASK, 1, (unsigned long long)now + 1, signature), 403,
                   "registrar.signature");
    expect_ok(http_json(&d, path, ASK, 1, (unsigned long long)now, signature));
    expect_problem(http_json(&d, path, ASK, 1, (unsigned long long)now, signature), 403,
                   "registrar.again");
    hex_request(signature, 1, now - 301);
    expect_problem(http_json(&d, path, ASK, 1, (unsigned long long)now - 301, signature), 403,
                   "registrar.signature");
}

/* ---- decisions ---- */

static void test_two_sign(void **state) {
    (void)state;
    char *token = start(0);
    person p = person_of(1), q = person_of(2), late = person_of(3);
    expect_problem(sign(1, &p, 1), 409, "registration.unit");
    expect_ok(sign(1, &p, 0));
    expect_ok(sign(1, &p, 0));
    json_t *list = queue(2, ""), *by = json_object_get(row_of(list, &p), "signed");
    assert_int_equal(json_array_size(by), 1);
    assert_int_equal(json_integer_value(json_array_get(by, 0)), 1);
    json_decref(list);
    expect_ok(sign(2, &p, 0));
    assert_int_equal(messages(0, "enrolled"), 1);
    list = queue(2, "");
    assert_null(row_of(list, &p));
    assert_null(row_of(list, &q)); /* closed with it */
    json_decref(list);
    expect_problem(sign(1, &q, 0), 409, "registration.voter");
    /* one key a voter, whoever applies later */
    expect(apply(token, "desk", &late), "state", "applied");
    list = queue(1, "");
    assert_true(json_is_true(json_object_get(row_of(list, &late), "enrolled")));
    json_decref(list);
    expect_problem(sign(1, &late, 0), 409, "registration.voter");
    expect_ok(sign(1, &p, 0));
    free(token);
}

static void test_refused(void **state) {
    (void)state;
    person p = person_of(11), q = person_of(12);
    char *token = start(1), *next, *again, *id = take(apply(token, "desk", &p), "application");
    expect_ok(sign(2, &p, 1));
    expect_problem(refuse(1, id, &q, "absent"), 403, "registrar.signature");
    expect_problem(refuse(1, id, &p, "whim"), 400, "request.value");
    expect_problem(refuse(1, "00112233445566778899aabbccddeeff", &p, "absent"), 404,
                   "application.unknown");
    expect(refuse(1, id, &p, "mismatch"), "state", "rejected");
    expect(refuse(1, id, &p, "mismatch"), "state", "rejected"); /* harmless */
    expect(status(token), "state", "rejected");
    expect(status(token), "reason", "mismatch");
    reply r = status(token);
    assert_non_null(strstr(r.body, "\"routes\":[\"code\",\"desk\",\"documents\"]"));
    reply_free(&r);
    assert_int_equal(messages(1, "could not confirm"), 1);
    expect_problem(sign(1, &p, 1), 409, "registration.voter"); /* nobody signs it any more */
    /* the next route, with a token out of this one */
    next = take(http_json(&d, "/api/enrol/again", "{\"enrolment\":\"%s\"}", token), "enrolment");
    again = take(apply(next, "desk", &q), "application");
    expect_ok(sign(1, &q, 1));
    expect_ok(sign(2, &q, 1));
    expect(status(next), "state", "done");
    expect_problem(refuse(1, again, &q, "absent"), 409, "application.state");
    free(token), free(next), free(id), free(again);
}

static void expect_decision(const tp_decision *x) {
    const uint8_t *keys[] = {registrar[0].sign_key, d.f.manifest.registrars.who[1].key};
    const uint8_t *key = keys[x->registrar - 1];
    tp_refusal f = {.reason = x->reason, .time = x->time};
    memcpy(f.application, x->application, 16);
    memcpy(f.credential, x->credential, 32);
    tp_err err = tp_refusal_verify(x->signature, &f, d.f.manifest.fingerprint, key);
    assert_int_equal(err, x->verdict == TP_DECISION_REFUSED ? TP_OK : TP_INVALID);
}

/* Who decided what is kept, and everyone can check it. spec: H-14 */
static void test_decisions(void **state) {
    (void)state;
    tp_decision list[16];
    size_t count, refusals = 0;
    tp_store *s = open_store(true);
    assert_int_equal(tp_store_decisions_after(s, 0, list, 16, &count), TP_OK);
    assert_int_equal(count, 6); /* two keys signed twice, one signed once, one refused */
    for (size_t i = 0; i < count; i++) {
        expect_decision(&list[i]);
        refusals += list[i].verdict == TP_DECISION_REFUSED;
    }
    assert_int_equal(refusals, 1);
    tp_store_close(s);
}

/* ---- beside a proven enrolment ---- */

static char *prove(unsigned voter, const person *p) {
    char path[64], code[7] = "";
    char *token = start(voter);
    expect_ok(http_json(&d, "/api/enrol/send", "{\"enrolment\":\"%s\",\"contact\":1}", token));
    snprintf(path, sizeof path, "/api/outbox/voter%u@example.org", voter);
    reply r = http_get(&d, path);
    const char *at = strstr(r.body, "Your code is ");
    assert_non_null(at);
    snprintf(code, sizeof code, "%.6s", at + 13);
    reply_free(&r);
    expect_ok(
        http_json(&d, "/api/enrol/code", "{\"enrolment\":\"%s\",\"code\":\"%s\"}", token, code));
    expect(http_json(&d, "/api/enrol/credential",
                     "{\"enrolment\":\"%s\",\"credential\":\"%s\",\"possession\":\"%s\"}", token,
                     p->hex, p->proof),
           "state", "waiting");
    return token;
}

static void test_beside_proven(void **state) {
    (void)state;
    person p = person_of(21), q = person_of(22);
    char *proven = prove(4, &p), *token = start(4);
    expect(apply(token, "desk", &q), "state", "applied");
    expect_ok(sign(1, &p, 1));
    expect_ok(sign(1, &q, 1));
    expect_ok(sign(2, &q, 1));
    expect(status(token), "state", "done");
    expect(status(proven), "credential", q.hex);
    expect_problem(sign(2, &p, 1), 409, "registration.voter"); /* put aside for good */
    free(proven), free(token);
}

static void test_refuse_proven(void **state) {
    (void)state;
    person p = person_of(31), q = person_of(32);
    char *token = prove(7, &p);
    json_t *list = queue(1, ""), *row = row_of(list, &p);
    assert_string_equal(json_string_value(json_object_get(row, "route")), "");
    expect(refuse(1, json_string_value(json_object_get(row, "application")), &p, "person"), "state",
           "rejected");
    json_decref(list);
    expect_problem(sign(1, &p, 1), 409, "registration.voter");
    expect(status(token), "state", "rejected");
    expect(status(token), "reason", "person");
    person r = person_of(33); /* a stranger's application takes nothing of that away */
    char *stranger = start(7);
    sleep(1);
    expect(apply(stranger, "desk", &r), "state", "applied");
    free(stranger);
    expect(status(token), "reason", "person");
    /* and the next key is taken */
    expect(http_json(&d, "/api/enrol/credential",
                     "{\"enrolment\":\"%s\",\"credential\":\"%s\",\"possession\":\"%s\"}", token,
                     q.hex, q.proof),
           "state", "waiting");
    free(token);
}

/* ---- documents. spec: H-16 ---- */

static size_t sealed(uint8_t *body, const char *token, const char *application, uint8_t kind) {
    uint8_t id[32] = {0}, aes[32], random[32], keys[2][32];
    size_t len, at = (TP_TOKEN_TEXT - 1) / 2;
    sodium_hex2bin(body, at, token, strlen(token), NULL, &len, NULL);
    sodium_hex2bin(id, 16, application, 32, NULL, &len, NULL);
    body[at++] = kind;
    for (size_t i = 0; i < 2; i++)
        memcpy(keys[i], registrar[i].open_key, 32);
    fixture_random(&d.f, random);
    tp_document_of of = {d.f.manifest.fingerprint, id, id, kind}; /* opened nowhere here */
    assert_int_equal(tp_document_seal(body + at, aes, &of, tp_rows(keys), 2, random), TP_OK);
    memset(body + at + 128, 0x5a, 100);
    return at + 128 + 100;
}

static reply read_document(int who, const char *application, int kind) {
    uint8_t subject[17], signature[64], random[32];
    char hex[129];
    size_t len;
    uint64_t now = (uint64_t)time(NULL);
    sodium_hex2bin(subject, 16, application, 32, NULL, &len, NULL);
    subject[16] = (uint8_t)kind;
    fixture_random(&d.f, random);
    assert_int_equal(tp_registrar_ask(signature, TP_READ_DOMAIN, d.f.manifest.fingerprint, now,
                                      subject, 17, registrar[who - 1].sign_secret, random),
                     TP_OK);
    sodium_bin2hex(hex, 129, signature, 64);
    return http_json(&d, "/api/registrar/document",
                     "{\"registrar\":%d,\"time\":%llu,\"signature\":\"%s\",\"application\":\"%s\","
                     "\"kind\":%d}",
                     who, (unsigned long long)now, hex, application, kind);
}

static void test_documents(void **state) {
    (void)state;
    static uint8_t body[2000], big[1600001];
    const char *path = "/api/enrol/document";
    person p = person_of(51);
    char *token = start(9), *other = start(9);
    char *id = take(apply(token, "documents", &p), "application");
    expect(status(token), "state", "open");
    expect_problem(http_json(&d, "/api/enrol/submit", "{\"enrolment\":\"%s\"}", token), 409,
                   "enrol.incomplete");
    size_t len = sealed(body, token, id, TP_DOCUMENT_FRONT), at = (TP_TOKEN_TEXT - 1) / 2;
    expect_problem(http_post(&d, path, body, 20), 400, "request.octets");
    expect_problem(http_post(&d, path, body, at + 1 + 144), 422, "document.box");
    expect_problem(http_post(&d, path, big, sizeof big), 413, "http.413");
    body[at] = 4;
    expect_problem(http_post(&d, path, body, len), 422, "document.box");
    body[at] = 1;
    memset(body + at + 1, 0xff, 32);
    expect_problem(http_post(&d, path, body, len), 422, "document.box");
    len = sealed(body, other, id, TP_DOCUMENT_FRONT);
    expect_problem(http_post(&d, path, body, len), 409, "enrol.documents");
    len = sealed(body, token, id, TP_DOCUMENT_FRONT);
    expect(http_post(&d, path, body, len), "state", "open");
    expect(http_post(&d, path, body, len), "state", "open"); /* again */
    expect_problem(read_document(1, id, 2), 404, "document.missing");
    reply r = read_document(1, id, 1);
    assert_int_equal(r.status, 200);
    assert_int_equal(r.len, len - at - 1);
    assert_memory_equal(r.body, body + at + 1, r.len);
    reply_free(&r);
    expect(http_json(&d, "/api/enrol/submit", "{\"enrolment\":\"%s\"}", token), "state", "applied");
    expect(http_json(&d, "/api/enrol/submit", "{\"enrolment\":\"%s\"}", token), "state", "applied");
    expect_problem(http_post(&d, path, body, len), 409, "enrol.documents");
    json_t *list = queue(1, ""), *row = row_of(list, &p);
    assert_string_equal(json_string_value(json_array_get(json_object_get(row, "documents"), 0)),
                        "front");
    json_decref(list);
    expect(refuse(2, id, &p, "unreadable"), "state", "rejected");
    expect_problem(read_document(1, id, 1), 404, "document.missing"); /* gone with the decision */
    free(token), free(other), free(id);
}

/* Documents that wait are not pushed out by others' documents. spec: H-11 */
static void test_documents_stay(void **state) {
    (void)state;
    static uint8_t body[2000];
    char *token[6];
    for (unsigned i = 0; i < 6; i++) {
        person p = person_of(60 + i);
        token[i] = start(10);
        char *id = take(apply(token[i], "documents", &p), "application");
        size_t len = sealed(body, token[i], id, TP_DOCUMENT_FRONT);
        expect(http_post(&d, "/api/enrol/document", body, len), "state", "open");
        reply r = http_json(&d, "/api/enrol/submit", "{\"enrolment\":\"%s\"}", token[i]);
        if (i < 5)
            expect(r, "state", "applied");
        else
            expect_problem(r, 409, "enrol.applications");
        free(id);
    }
    expect(status(token[0]), "state", "applied");
    sleep(1);
    for (unsigned i = 0; i < TP_APPLICATIONS_KEPT + 6; i++) { /* nor hidden behind many others */
        person p = person_of(200 + i);
        char *other = start(10);
        expect(apply(other, "desk", &p), "state", "applied");
        free(other);
    }
    expect_problem(http_json(&d, "/api/enrol/submit", "{\"enrolment\":\"%s\"}", token[5]), 409,
                   "enrol.applications");
    for (unsigned i = 0; i < 6; i++)
        free(token[i]);
}

/* ---- time ---- */

static void test_sweep(void **state) {
    (void)state;
    assert_int_equal(scene_stop(&d, SIGTERM), 0);
    tp_store *s = open_store(false);
    uint64_t now = (uint64_t)time(NULL);
    tp_application a = {.id = {1}, .voter = 5, .session = {1}, .credential = {1}}, got;
    uint8_t *bytes;
    size_t len;
    bool found;
    a.route = TP_ROUTE_DOCUMENTS;
    a.state = TP_APPLY_WAITING;
    a.created = a.updated = now;
    assert_int_equal(tp_store_application_put(s, &a), TP_OK);
    const tp_upload u = {.application = {1}, .kind = 1, .len = 6};
    assert_int_equal(tp_store_upload_put(s, &u, "sealed"), TP_OK);
    assert_int_equal(tp_applications_sweep(s, now + 29 * TP_DAY_S), TP_OK);
    assert_int_equal(tp_store_upload_get(s, a.id, 1, &bytes, &len, &found), TP_OK);
    assert_true(found);
    free(bytes);
    assert_int_equal(tp_applications_sweep(s, now + 31 * TP_DAY_S), TP_OK);
    assert_int_equal(tp_store_upload_get(s, a.id, 1, &bytes, &len, &found), TP_OK);
    assert_false(found);
    free(bytes);
    assert_int_equal(tp_store_application_find(s, a.id, &got, &found), TP_OK);
    assert_int_equal(got.state, TP_APPLY_CLOSED);
    assert_string_equal(tp_closed_reason(got.reason), "late");
    tp_store_close(s);
}

static tp_once *open_once(const char *path, uint64_t since) {
    tp_once *o;
    assert_int_equal(tp_once_open(&o, path, since), TP_OK);
    return o;
}

static void test_once(void **state) {
    (void)state;
    char path[128];
    uint8_t hash[32] = {1};
    snprintf(path, sizeof path, "%s/once", d.dir);
    tp_once *o = open_once(path, 7);
    assert_int_equal(tp_once_since(o), 7);
    assert_int_equal(tp_once_take(o, 1, hash, 100, 200), TP_OK);
    assert_int_equal(tp_once_take(o, 1, hash, 200, 300), TP_REFUSED);
    tp_once_close(o);
    o = open_once(path, 99); /* it is all in the file */
    assert_int_equal(tp_once_since(o), 7);
    assert_int_equal(tp_once_take(o, 1, hash, 200, 300), TP_REFUSED);
    assert_int_equal(tp_once_take(o, 1, hash, 201, 300), TP_OK);
    for (unsigned i = 0; i < 63; i++) {
        hash[2] = (uint8_t)(i + 1);
        assert_int_equal(tp_once_take(o, 1, hash, 201, 300), TP_OK);
    }
    hash[2] = 99;
    assert_int_equal(tp_once_take(o, 1, hash, 201, 300), TP_SYSTEM); /* nothing is displaced */
    assert_int_equal(tp_once_take(o, 0, hash, 201, 300), TP_OK); /* and nobody else's room taken */
    assert_int_equal(tp_once_take(o, 2, hash, 201, 300), TP_OK);
    tp_once_close(o);
    o = open_once(path, 99);
    assert_int_equal(tp_once_take(o, 1, hash, 201, 300), TP_SYSTEM);
    tp_once_close(o);
    assert_int_equal(truncate(path, 1000), 0); /* damaged: it knows nothing, and says since when */
    o = open_once(path, 99);
    assert_int_equal(tp_once_since(o), 99);
    assert_int_equal(tp_once_take(o, 1, hash, 201, 300), TP_OK);
    tp_once_close(o);
    assert_int_equal(tp_once_open(&o, "/dev/null/x", 0), TP_SYSTEM);
    tp_once_close(o);
}

/* A registrar's request of so many seconds from now. */
static const char *asked_at(int seconds) {
    static char body[400];
    uint8_t signature[64], random[32];
    char hex[129];
    uint64_t at = (uint64_t)((int64_t)time(NULL) + seconds);
    fixture_random(&d.f, random);
    assert_int_equal(tp_registrar_ask(signature, TP_WAITING_DOMAIN, d.f.manifest.fingerprint, at,
                                      NULL, 0, registrar[0].sign_secret, random),
                     TP_OK);
    sodium_bin2hex(hex, sizeof hex, signature, sizeof signature);
    snprintf(body, sizeof body, "{\"registrar\":1,\"time\":%llu,\"signature\":\"%s\"}",
             (unsigned long long)at, hex);
    return body;
}

/* What was asked is not asked again, when the server was killed in between and the registrar's
 * clock goes ahead or behind. spec: H-12 */
static void test_replay(void **state) {
    (void)state;
    static const char path[] = "/api/registrar/waiting";
    char ahead[400], behind[400], asked[128], aside[128];
    snprintf(ahead, sizeof ahead, "%s", asked_at(200));
    snprintf(behind, sizeof behind, "%s", asked_at(-200));
    expect_ok(http_json(&d, path, "%s", ahead));
    assert_int_equal(scene_stop(&d, SIGKILL), 128 + SIGKILL);
    assert_true(scene_start(&d));
    expect_problem(http_json(&d, path, "%s", ahead), 403, "registrar.again");
    expect_ok(http_json(&d, path, "%s", behind)); /* never seen: it is good as before */
    expect_problem(http_json(&d, path, "%s", behind), 403, "registrar.again");
    assert_int_equal(scene_stop(&d, SIGKILL), 128 + SIGKILL);
    snprintf(asked, sizeof asked, "%s/asked", d.data);
    snprintf(aside, sizeof aside, "%s/aside", d.dir);
    assert_int_equal(rename(asked, aside), 0); /* nobody knows what was seen */
    assert_true(scene_start(&d));
    expect_problem(http_json(&d, path, "%s", ahead), 403, "registrar.signature");
    assert_int_equal(scene_stop(&d, SIGTERM), 0);
    assert_int_equal(rename(aside, asked), 0);
    assert_true(scene_start(&d));
    expect_problem(http_json(&d, path, "%s", ahead), 403, "registrar.again");
}

int main(void) {
    if (tp_group_select(NULL)) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_once),          cmocka_unit_test(test_apply),
        cmocka_unit_test(test_pushed),        cmocka_unit_test(test_queue),
        cmocka_unit_test(test_replay),        cmocka_unit_test(test_two_sign),
        cmocka_unit_test(test_refused),       cmocka_unit_test(test_decisions),
        cmocka_unit_test(test_beside_proven), cmocka_unit_test(test_refuse_proven),
        cmocka_unit_test(test_documents),     cmocka_unit_test(test_documents_stay),
        cmocka_unit_test(test_signed_stays),  cmocka_unit_test(test_sweep)};
    return cmocka_run_group_tests_name("server/desk", tests, set_up, tear_down);
}
