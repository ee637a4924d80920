/* G11, G12: an application's steps, with the server killed after each: the same token goes on where
 * it stood, nothing is twice; and its id tells neither time nor order nor machine.
 */
#include "tests/server/harness.h"

#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "election/desk.h"
#include "election/enrol.h"
#include "store/store.h"

enum { VOTERS = 64 };

static daemon_scene d;
static uint8_t open_key[32];

static int set_up(void **state) {
    (void)state;
    char to[600], hex[65], path[128];
    tp_registrar_keys k;
    tp_store *s;
    tp_registrar_derive(&k, (const uint8_t[32]){5});
    memcpy(open_key, k.open_key, 32);
    sodium_bin2hex(hex, 65, open_key, 32);
    snprintf(to, sizeof to,
             "\"enrol\":{\"show\":true,\"shared\":4,\"review_days\":5,"
             "\"routes\":[\"documents\"],\"posts\":{},\"documents\":[\"%s\"]},"
             "\"registrars\":{\"quorum\":1,",
             hex);
    scene_init(&d, "\"registrars\":{\"quorum\":1,", to);
    if (!scene_start(&d)) return -1;
    snprintf(path, sizeof path, "%s/tapat.db", d.data);
    if (tp_store_open(&s, path, false) || tp_store_begin(s)) return -1;
    for (unsigned i = 0; i < VOTERS; i++) {
        tp_voter v = {.birth_date = "1980-05-06", .name = "Voter"};
        snprintf(v.number, sizeof v.number, "V-%04u", i);
        if (tp_store_voter_add(s, &v, "")) return -1;
    }
    if (tp_store_commit(s)) return -1;
    tp_store_close(s);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    scene_free(&d);
    return 0;
}

static void killed(void) {
    assert_int_equal(scene_stop(&d, SIGKILL), 128 + SIGKILL);
    assert_true(scene_start(&d));
}

/* A member of a good answer, to be freed. */
static char *take(reply r, const char *name) {
    if (r.status != 200) fail_msg("%d %s", r.status, r.body);
    json_t *answer = reply_json(&r);
    char *text = strdup(json_string_value(json_object_get(answer, name)));
    json_decref(answer);
    reply_free(&r);
    return text;
}

static void expect(reply r, const char *state) {
    char *text = take(r, "state");
    assert_string_equal(text, state);
    free(text);
}

static char *start(unsigned voter) {
    return take(http_json(&d, "/api/enrol/start",
                          "{\"number\":\"V-%04u\",\"birth_date\":\"1980-05-06\"}", voter),
                "enrolment");
}

static reply apply(const char *token, unsigned person) {
    uint8_t wide[64] = {(uint8_t)person, 1}, key[32], proof[64];
    char credential[65], possession[129];
    tp_scalar secret;
    tp_point p;
    tp_scalar_wide(&secret, wide);
    tp_points_mul_base(&p, &secret, 1);
    tp_points_encode(&key, &p, 1);
    tp_credential_prove(proof, &secret, key, d.f.manifest.fingerprint, wide);
    sodium_bin2hex(credential, 65, key, 32);
    sodium_bin2hex(possession, 129, proof, 64);
    return http_json(&d, "/api/enrol/apply",
                     "{\"enrolment\":\"%s\",\"route\":\"documents\",\"credential\":\"%s\","
                     "\"possession\":\"%s\"}",
                     token, credential, possession);
}

static reply upload(const char *token, const char *id) {
    static uint8_t body[400];
    uint8_t application[16], aes[32], random[32] = {1};
    size_t len, at = strlen(token) / 2;
    sodium_hex2bin(body, at, token, 2 * at, NULL, &len, NULL);
    sodium_hex2bin(application, 16, id, 32, NULL, &len, NULL);
    body[at] = TP_DOCUMENT_FRONT;
    tp_document_of of = {d.f.manifest.fingerprint, application, open_key, TP_DOCUMENT_FRONT};
    assert_int_equal(tp_document_seal(body + at + 1, aes, &of, tp_rows(open_key), 1, random),
                     TP_OK);
    return http_post(&d, "/api/enrol/document", body, at + 1 + 96 + 100);
}

static reply step(const char *path, const char *token) {
    return http_json(&d, path, "{\"enrolment\":\"%s\"}", token);
}

static void test_killed(void **state) {
    (void)state;
    char *token = start(0);
    killed();
    char *id = take(apply(token, 1), "application");
    killed();
    char *same = take(apply(token, 1), "application");
    assert_string_equal(id, same);
    expect(step("/api/enrol/status", token), "open");
    expect(upload(token, id), "open");
    killed();
    expect(upload(token, id), "open");
    expect(step("/api/enrol/submit", token), "applied");
    killed();
    expect(step("/api/enrol/submit", token), "applied");
    expect(step("/api/enrol/status", token), "applied");
    free(token), free(id), free(same);
}

/* Every bit of 128 takes both values about as often: no clock, counter, version or host in it. */
static void test_ids(void **state) {
    (void)state;
    unsigned ones[128] = {0};
    for (unsigned i = 1; i < VOTERS; i++) {
        uint8_t id[16];
        size_t len;
        char *token = start(i), *text = take(apply(token, 100 + i), "application");
        assert_int_equal(sodium_hex2bin(id, 16, text, strlen(text), NULL, &len, NULL), 0);
        assert_int_equal(len, 16);
        for (unsigned b = 0; b < 128; b++)
            ones[b] += id[b / 8] >> (b % 8) & 1;
        free(token), free(text);
    }
    for (unsigned b = 0; b < 128; b++) /* 63 coins: outside of this less than once in 10^9 */
        assert_in_range(ones[b], 6, 57);
}

int main(void) {
    if (tp_group_select(NULL)) return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_killed), cmocka_unit_test(test_ids)};
    return cmocka_run_group_tests_name("attacks/g12_resumed", tests, set_up, tear_down);
}
