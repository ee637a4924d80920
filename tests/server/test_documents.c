/* Room for documents: who fills it from one address, or for one post, closes the way neither for
 * all nor for the post. spec: H-16
 */
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "election/desk.h"
#include "election/enrol.h"
#include "store/store.h"
#include "tests/server/harness.h"

enum { VOTERS = 12, PHOTO = 600000 }; /* three posts; 4 MiB for all, 3 for a post, 2 an address */

static daemon_scene d;
static uint8_t open_key[32];
static char config[160];

static int set_up(void **state) {
    (void)state;
    char to[600], hex[65];
    tp_registrar_keys k;
    tp_registrar_derive(&k, (const uint8_t[32]){5});
    memcpy(open_key, k.open_key, 32);
    sodium_bin2hex(hex, 65, open_key, 32);
    snprintf(to, sizeof to,
             "\"enrol\":{\"show\":true,\"shared\":4,\"review_days\":5,"
             "\"routes\":[\"desk\",\"documents\"],\"posts\":{},\"documents\":[\"%s\"]},"
             "\"registrars\":{\"quorum\":1,",
             hex);
    scene_init(&d, "\"registrars\":{\"quorum\":1,", to);
    snprintf(config, sizeof config, "%s/serve.ini", d.dir);
    FILE *f = fopen(config, "w");
    assert_true(f && fputs("[documents]\nall = 4\npost = 3\naddress = 2\n", f) >= 0);
    fclose(f);
    d.options.config = config;
    if (!scene_start(&d)) return -1;
    tp_store *s = scene_store(&d);
    assert_int_equal(tp_store_begin(s), TP_OK);
    for (unsigned i = 0; i < VOTERS; i++) {
        tp_voter v = {.birth_date = "1980-05-06", .name = "Voter", .unit = (uint16_t)(i % 3)};
        snprintf(v.number, sizeof v.number, "V-%u", i);
        assert_int_equal(tp_store_voter_add(s, &v, ""), TP_OK);
    }
    assert_int_equal(tp_store_commit(s), TP_OK);
    tp_store_close(s);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    assert_int_equal(scene_stop(&d, SIGTERM), 0);
    scene_free(&d);
    return 0;
}

/* ---- an application ---- */

typedef struct {
    char token[160], id[40];
} application;

static void take(char *out, size_t cap, reply r, const char *name) {
    if (r.status != 200) fail_msg("%d %s", r.status, r.body);
    json_t *answer = reply_json(&r);
    snprintf(out, cap, "%s", json_string_value(json_object_get(answer, name)));
    json_decref(answer);
    reply_free(&r);
}

static reply post_from(const char *path, const char *from, const char *body) {
    char request[1024];
    snprintf(request, sizeof request,
             "POST %s HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: %s\r\n"
             "Content-Length: %zu\r\n\r\n%s",
             path, from, strlen(body), body);
    int fd = client_connect(&d);
    assert_true(fd >= 0 && client_send(fd, request, strlen(request)));
    reply r = client_read(fd);
    close(fd);
    return r;
}

static application apply(unsigned voter, unsigned person, const char *route, const char *from) {
    application a;
    uint8_t wide[64] = {(uint8_t)person, 1}, key[32], proof[64];
    char credential[65], possession[129], body[600];
    tp_scalar secret;
    tp_point p;
    take(a.token, sizeof a.token,
         http_json(&d, "/api/enrol/start", "{\"number\":\"V-%u\",\"birth_date\":\"1980-05-06\"}",
                   voter),
         "enrolment");
    tp_scalar_wide(&secret, wide);
    tp_points_mul_base(&p, &secret, 1);
    tp_points_encode(&key, &p, 1);
    tp_credential_prove(proof, &secret, key, d.f.manifest.fingerprint, wide);
    sodium_bin2hex(credential, 65, key, 32);
    sodium_bin2hex(possession, 129, proof, 64);
    snprintf(body, sizeof body,
             "{\"enrolment\":\"%s\",\"route\":\"%s\",\"credential\":\"%s\","
             "\"possession\":\"%s\"}",
             a.token, route, credential, possession);
    take(a.id, sizeof a.id, post_from("/api/enrol/apply", from, body), "application");
    return a;
}

/* A photo of so many octets, from an address. */
static reply hand_in(const application *a, const char *from, uint8_t kind, size_t len) {
    static uint8_t body[PHOTO + 400];
    char head[256];
    uint8_t id[16], aes[32], random[32] = {1};
    size_t got, at = strlen(a->token) / 2;
    sodium_hex2bin(body, at, a->token, 2 * at, NULL, &got, NULL);
    sodium_hex2bin(id, 16, a->id, 32, NULL, &got, NULL);
    body[at] = kind;
    tp_document_of of = {d.f.manifest.fingerprint, id, open_key, kind};
    assert_int_equal(tp_document_seal(body + at + 1, aes, &of, tp_rows(open_key), 1, random),
                     TP_OK);
    snprintf(head, sizeof head,
             "POST /api/enrol/document HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: %s\r\n"
             "Content-Length: %zu\r\n\r\n",
             from, at + 1 + len);
    int fd = client_connect(&d);
    assert_true(fd >= 0 && client_send(fd, head, strlen(head)) &&
                client_send(fd, body, at + 1 + len));
    reply r = client_read(fd);
    close(fd);
    return r;
}

/* ---- tests ---- */

static void test_room(void **state) {
    (void)state;
    const char *a = "203.0.113.1", *b = "203.0.113.2", *c = "203.0.113.3";
    application first = apply(0, 1, "documents", a), second = apply(3, 2, "documents", b),
                one = apply(1, 3, "documents", b), two = apply(2, 4, "documents", c);
    for (uint8_t kind = 1; kind <= 3; kind++)
        expect_status(hand_in(&first, a, kind, PHOTO), 200);
    expect_status(hand_in(&first, a, 1, PHOTO), 200); /* again is not more */
    reply r = hand_in(&second, a, 1, PHOTO);
    assert_non_null(strstr(r.body, "\"routes\":[\"desk\"]"));
    expect_problem(r, 429, "enrol.full-address");
    expect_problem(hand_in(&one, a, 1, PHOTO), 429, "enrol.full-address");
    expect_status(hand_in(&second, b, 1, PHOTO), 200); /* another address, the same post */
    r = hand_in(&second, b, 2, PHOTO);                 /* what is for all is used up */
    assert_non_null(strstr(r.body, "\"routes\":[\"desk\"]"));
    expect_problem(r, 503, "enrol.full");
    expect_status(hand_in(&one, b, 1, PHOTO), 200); /* another post has its share */
    expect_problem(hand_in(&one, c, 2, PHOTO), 503, "enrol.full");
    assert_int_equal(scene_stop(&d, SIGKILL), 128 + SIGKILL);
    assert_true(scene_start(&d)); /* and what was counted is durable */
    expect_problem(hand_in(&second, b, 2, PHOTO), 503, "enrol.full");
    expect_problem(hand_in(&two, a, 1, PHOTO), 429, "enrol.full-address");
    expect_status(hand_in(&two, c, 1, PHOTO), 200);
    expect_status(hand_in(&first, a, 1, 1000), 200); /* what is replaced makes room */
    expect_status(hand_in(&second, c, 2, PHOTO), 200);
}

static reply submit(const application *a, const char *from) {
    char body[256];
    snprintf(body, sizeof body, "{\"enrolment\":\"%s\"}", a->token);
    return post_from("/api/enrol/submit", from, body);
}

static void expect_state(const application *a, const char *state) {
    char got[32];
    take(got, sizeof got, http_json(&d, "/api/enrol/status", "{\"enrolment\":\"%s\"}", a->token),
         "state");
    assert_string_equal(got, state);
}

/* From one address two sets wait for a voter, and others' besides. spec: H-11 */
static void test_sets(void **state) {
    (void)state;
    const char *a = "203.0.113.41", *b = "203.0.113.42";
    for (unsigned i = 0; i < 2; i++) {
        application one = apply(6, 20 + i, "documents", a);
        expect_status(hand_in(&one, a, 1, 1000), 200);
        expect_status(submit(&one, a), 200);
        expect_status(submit(&one, a), 200); /* again */
    }
    application more = apply(6, 22, "documents", a), own = apply(6, 23, "documents", b),
                other = apply(9, 24, "documents", a);
    expect_status(hand_in(&more, a, 1, 1000), 200);
    expect_problem(submit(&more, a), 409, "enrol.applications");
    expect_problem(submit(&more, b), 409, "enrol.applications"); /* it came from there */
    expect_status(hand_in(&own, b, 1, 1000), 200);
    expect_status(submit(&own, b), 200);
    expect_status(hand_in(&other, a, 1, 1000), 200);
    expect_status(submit(&other, a), 200); /* another voter, from the same address */
}

/* Who applies again and again from one address pushes out only what came from there. */
static void test_pushed(void **state) {
    (void)state;
    static const char *const routes[] = {"desk", "documents"};
    for (unsigned way = 0; way < 2; way++) {
        const char *waits = way ? "open" : "applied";
        unsigned person = 40 + 20 * way;
        application own = apply(10, person, routes[way], "203.0.113.51");
        application first = apply(10, person + 1, routes[way], "203.0.113.52");
        sleep(1); /* the oldest is told by seconds */
        for (unsigned i = 2; i < 8; i++)
            (void)apply(10, person + i, routes[way], "203.0.113.52");
        expect_state(&own, waits);
        expect_state(&first, "closed");
        for (unsigned i = 8; i < 11; i++) { /* from many it is as before */
            char from[32];
            snprintf(from, sizeof from, "203.0.113.%u", 60 + i);
            (void)apply(10, person + i, routes[way], from);
        }
        expect_state(&own, "closed");
    }
}

/* What goes with the decision makes room too: here with time, the store's own. */
static void test_goes(void **state) {
    (void)state;
    const uint8_t nobody[TP_SOURCE] = {0};
    tp_upload_sums before, after;
    tp_application list[4];
    size_t count;
    tp_store *s = scene_store(&d);
    assert_int_equal(tp_store_upload_sums(s, 0, nobody, 0, &before), TP_OK);
    assert_int_equal(tp_store_applications_of(s, 1, list, 4, &count), TP_OK);
    assert_int_equal(count, 1);
    assert_int_equal(tp_store_uploads_delete(s, list[0].id), TP_OK);
    assert_int_equal(tp_store_upload_sums(s, 0, nobody, 0, &after), TP_OK);
    assert_int_equal(before.unit - after.unit, 2 * PHOTO + 1000);
    assert_int_equal(before.beyond, after.beyond);
    tp_store_close(s);
}

int main(void) {
    if (tp_group_select(NULL)) return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sets), cmocka_unit_test(test_pushed),
                                       cmocka_unit_test(test_room), cmocka_unit_test(test_goes)};
    return cmocka_run_group_tests_name("server/documents", tests, set_up, tear_down);
}
