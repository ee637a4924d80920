/* Who knows a voter's number and birth date can neither end the code that the voter holds nor guess
 * one, and takes from one address not all of the voter's codes. The daemon's clock is ours.
 * spec: H-4, Q-7, Q-10, Q-11
 */
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "server/daemon.h"
#include "store/store.h"
#include "tests/server/harness.h"

static daemon_scene d;
static volatile uint64_t *ahead; /* shared with the daemon's process */

uint64_t __real_tp_server_now(void);
uint64_t __wrap_tp_server_now(void);
uint64_t __wrap_tp_server_now(void) {
    return __real_tp_server_now() + *ahead;
}

static int set_up(void **state) {
    (void)state;
    ahead = mmap(NULL, sizeof *ahead, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (ahead == MAP_FAILED) return -1;
    scene_init(&d, "\"registrars\":{\"quorum\":1,",
               "\"enrol\":{\"show\":true,\"shared\":4,\"review_days\":5,"
               "\"routes\":[\"code\",\"letter\"],\"posts\":{}},\"registrars\":{\"quorum\":1,");
    if (!scene_start(&d)) return -1;
    tp_store *s = scene_store(&d);
    assert_int_equal(tp_store_begin(s), TP_OK);
    for (unsigned i = 0; i < 8; i++) {
        tp_voter v = {.birth_date = "1980-05-06", .name = "Voter"};
        snprintf(v.number, sizeof v.number, "V-%u", i);
        snprintf(v.contact, sizeof v.contact, "v%u@example.org", i);
        snprintf(v.contact2, sizeof v.contact2, "w%u@example.org", i);
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

/* ---- requests ---- */

/* From an address, as a proxy names it; "": a program of this machine. */
static reply post(const char *path, const char *from, const char *body) {
    char request[1024];
    int fd = client_connect(&d);
    snprintf(request, sizeof request,
             "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n%s%s%s\r\n%s", path,
             strlen(body), *from ? "X-Forwarded-For: " : "", from, *from ? "\r\n" : "", body);
    assert_true(fd >= 0 && client_send(fd, request, strlen(request)));
    reply r = client_read(fd);
    close(fd);
    return r;
}

static char *token_of(unsigned voter) {
    reply r = http_json(&d, "/api/enrol/start",
                        "{\"number\":\"V-%u\",\"birth_date\":\"1980-05-06\"}", voter);
    json_t *answer = reply_json(&r);
    const char *text = json_string_value(json_object_get(answer, "enrolment"));
    if (!text) fail_msg("%d %s", r.status, r.body);
    char *token = strdup(text);
    json_decref(answer);
    reply_free(&r);
    return token;
}

static reply ask(const char *token, const char *from, int contact) {
    char body[256];
    snprintf(body, sizeof body, "{\"enrolment\":\"%s\",\"contact\":%d}", token, contact);
    return post("/api/enrol/send", from, body);
}

static reply type(const char *token, const char *code) {
    return http_json(&d, "/api/enrol/code", "{\"enrolment\":\"%s\",\"code\":\"%s\"}", token, code);
}

static reply status_of(const char *token) {
    return http_json(&d, "/api/enrol/status", "{\"enrolment\":\"%s\"}", token);
}

/* A new token that asks from there: the answer's status. */
static int asks(unsigned voter, const char *from) {
    char *token = token_of(voter);
    reply r = ask(token, from, 1);
    int status = r.status;
    reply_free(&r);
    free(token);
    return status;
}

/* The code in the newest message to the contact ("v": first, "w": second). */
static void newest(char code[static 7], const char *contact, unsigned voter) {
    char path[64];
    snprintf(path, sizeof path, "/api/outbox/%s%u@example.org", contact, voter);
    reply r = http_get(&d, path);
    const char *at = strstr(r.body, "Your code is ");
    assert_non_null(at);
    snprintf(code, 7, "%.6s", at + 13);
    reply_free(&r);
}

static void other_than(char out[static 7], const char *code) {
    snprintf(out, 7, "%s", code);
    out[5] = out[5] == '9' ? '0' : (char)(out[5] + 1);
}

/* Types a wrong code; the tries that are left, or -1 if none was. */
static int wrong(const char *token, const char *code) {
    char not_it[7];
    other_than(not_it, code);
    reply r = type(token, not_it);
    json_t *problem = reply_json(&r);
    const char *why = json_string_value(json_object_get(problem, "code"));
    int left = -1;
    if (!strcmp(why, "enrol.code"))
        left = (int)json_integer_value(json_object_get(problem, "tries"));
    else
        assert_string_equal(why, "enrol.expired");
    json_decref(problem);
    reply_free(&r);
    return left;
}

static void proves(const char *token, const char *code) {
    reply r = type(token, code);
    if (!strstr(r.body, "\"proven\"")) fail_msg("%d %s", r.status, r.body);
    reply_free(&r);
}

/* The mark of a code that was sent now, which the message shows. spec: Q-12 */
static void marked(char mark[static 3], reply sent, unsigned voter) {
    char path[64], text[32];
    json_t *answer = reply_json(&sent);
    assert_int_equal(sent.status, 200);
    snprintf(mark, 3, "%s", json_string_value(json_object_get(answer, "mark")));
    assert_int_equal(strspn(mark, "ABCDEFGHJKLMNPQRSTUVWXYZ"), 2);
    json_decref(answer);
    reply_free(&sent);
    snprintf(path, sizeof path, "/api/outbox/v%u@example.org", voter);
    snprintf(text, sizeof text, "shows the mark %s:", mark);
    reply r = http_get(&d, path);
    assert_non_null(strstr(r.body, text));
    reply_free(&r);
}

/* ---- the voter's code is the voter's ---- */

static void test_own(void **state) {
    (void)state;
    char own[7], strange[7], mark[2][3], *voter = token_of(0), *stranger = token_of(0);
    marked(mark[0], ask(voter, "192.0.2.1", 1), 0);
    newest(own, "v", 0);
    marked(mark[1], ask(stranger, "203.0.113.1", 1), 0);
    newest(strange, "v", 0);
    reply mine = status_of(voter);
    assert_non_null(strstr(mine.body, mark[0]));
    reply_free(&mine);
    assert_string_not_equal(own, strange);
    expect_problem(type(stranger, own), 422, "enrol.code"); /* the other's is none of its own */
    while (wrong(stranger, strange) > 0)
        continue;
    expect_problem(type(stranger, strange), 422, "enrol.expired"); /* used up, though right */
    proves(voter, own);
    reply r = status_of(stranger);
    assert_non_null(strstr(r.body, "\"started\""));
    reply_free(&r);
    expect_problem(type(voter + 2, own), 404, "enrol.unknown");
    free(voter), free(stranger);
}

/* The other contact gets the token's own code, the same one another. spec: Q-7 */
static void test_contacts(void **state) {
    (void)state;
    char first[7], second[7], third[7], *token = token_of(1);
    expect_status(ask(token, "", 1), 200);
    expect_status(ask(token, "", 2), 200);
    newest(first, "v", 1);
    newest(second, "w", 1);
    assert_string_equal(first, second);
    *ahead += 61;
    expect_status(ask(token, "", 2), 200);
    newest(third, "w", 1);
    assert_string_not_equal(third, second);
    expect_problem(type(token, first), 422, "enrol.code");
    *ahead += 601;
    expect_problem(type(token, third), 422, "enrol.expired");
    free(token);
}

static reply ask_in(const char *token, const char *lang) {
    return http_json(&d, "/api/enrol/send", "{\"enrolment\":\"%s\",\"contact\":1,\"lang\":\"%s\"}",
                     token, lang);
}

static tp_enrolment row_of(unsigned voter) {
    tp_enrolment e;
    bool found;
    tp_store *s = scene_store(&d);
    assert_int_equal(tp_store_enrolment_of(s, voter + 1, &e, &found), TP_OK);
    assert_true(found);
    tp_store_close(s);
    return e;
}

/* A stranger's asking moves neither the place in the registrars' queue nor the language of the
 * voter's messages; the voter's proof does the latter. */
static void test_place(void **state) {
    (void)state;
    char code[7], *token = token_of(7);
    tp_enrolment e = {.id = {7}, .voter = 8, .state = TP_ENROL_WAITING, .updated = 5, .lang = "en"};
    memset(e.credential, 7, sizeof e.credential);
    tp_store *s = scene_store(&d);
    assert_int_equal(tp_store_enrolment_put(s, &e), TP_OK);
    tp_store_close(s);
    expect_status(ask_in(token, "fil"), 200);
    e = row_of(7);
    assert_int_equal(e.updated, 5);
    assert_string_equal(e.lang, "en");
    assert_true(e.code_sent > 5);
    reply r = http_get(&d, "/api/outbox/v7@example.org");
    const char *at = strstr(r.body, "Ang iyong code ay ");
    assert_non_null(at);
    snprintf(code, sizeof code, "%.6s", at + 18);
    reply_free(&r);
    r = type(token, code);
    assert_non_null(strstr(r.body, "\"waiting\""));
    reply_free(&r);
    e = row_of(7);
    assert_int_equal(e.updated, 5);
    assert_string_equal(e.lang, "fil");
    free(token);
}

/* Who proves it is told what a stranger is not. spec: J-29 */
static void test_voted(void **state) {
    (void)state;
    char code[7], *token = token_of(3);
    expect_status(ask(token, "", 1), 200);
    newest(code, "v", 3);
    tp_store *s = scene_store(&d);
    assert_int_equal(tp_store_voter_mark(s, 4, true), TP_OK);
    expect_problem(ask(token, "", 2), 409, "enrol.channel");
    expect_problem(type(token, code), 409, "enrol.voted");
    assert_int_equal(tp_store_voter_mark(s, 4, false), TP_OK);
    tp_store_close(s);
    expect_problem(type(token, code), 422, "enrol.expired");
    free(token);
}

/* ---- how many are sent. spec: Q-10 ---- */

static void test_sends(void **state) {
    (void)state;
    char code[7], text[32], *token = token_of(2), *more = token_of(2);
    for (int i = 0; i < 4; i++)
        assert_int_equal(asks(2, "203.0.113.7"), 200);
    reply r = ask(more, "203.0.113.7", 1);
    json_t *problem = reply_json(&r);
    json_int_t again = json_integer_value(json_object_get(problem, "again"));
    assert_in_range(again, __wrap_tp_server_now() + 21590, __wrap_tp_server_now() + 21600);
    assert_string_equal(json_string_value(json_array_get(json_object_get(problem, "routes"), 0)),
                        "letter");
    snprintf(text, sizeof text, "\r\nRetry-After: 21");
    assert_non_null(strstr(r.head, text));
    json_decref(problem);
    expect_problem(r, 429, "enrol.sends");
    for (int i = 0; i < 4; i++) /* of IPv6 a /64 is one address */
        assert_int_equal(asks(2, i % 2 ? "2001:db8::1" : "2001:db8::ffff"), 200);
    assert_int_equal(asks(2, "2001:db8::2"), 429);
    /* the last four are for who did not ask before */
    expect_status(ask(token, "192.0.2.1", 1), 200);
    newest(code, "v", 2);
    assert_int_equal(asks(2, "192.0.2.1"), 429);
    for (int i = 2; i <= 4; i++) {
        snprintf(text, sizeof text, "192.0.2.%d", i);
        assert_int_equal(asks(2, text), 200);
    }
    assert_int_equal(asks(2, "192.0.2.9"), 429);
    assert_int_equal(asks(2, ""), 429);
    assert_int_equal(asks(3, "203.0.113.7"), 200); /* the address asks for another voter */
    proves(token, code);                           /* and who holds a code uses it */
    *ahead += 7200;
    assert_int_equal(asks(2, "203.0.113.7"), 429);
    assert_int_equal(asks(2, "192.0.2.9"), 200);
    assert_int_equal(asks(2, "192.0.2.10"), 429);
    *ahead += 7 * 86400;
    for (int i = 0; i < 4; i++)
        assert_int_equal(asks(2, "203.0.113.7"), 200);
    free(token), free(more);
}

/* ---- guessing. spec: Q-11 ---- */

/* Three tries whatever others guessed, and two more while there are any. */
static void test_tries(void **state) {
    (void)state;
    char code[7], *token[6];
    for (int i = 0; i < 6; i++) {
        token[i] = token_of(4);
        expect_status(ask(token[i], "", 1), 200);
        newest(code, "v", 4);
        for (int tries = i < 4 ? 4 : i == 4 ? 3 : 2; tries >= 0; tries--)
            if (i < 5 || tries) assert_int_equal(wrong(token[i], code), tries);
    }
    proves(token[5], code); /* the third try, right */
    for (int i = 0; i < 6; i++)
        free(token[i]);
}

/* Guesses for a day, from as many addresses as there are. */
static void test_guessing(void **state) {
    (void)state;
    unsigned guesses = 0, sent = 0;
    for (unsigned i = 0; i < 24 * 6; i++, *ahead += 600) {
        char from[32], code[7], *token = token_of(5);
        snprintf(from, sizeof from, "198.51.100.%u", i % 250);
        reply r = ask(token, from, 1);
        bool asked = r.status == 200;
        reply_free(&r);
        if (asked) newest(code, "v", 5);
        sent += asked;
        while (asked && wrong(token, code) >= 0)
            guesses++;
        free(token);
        i -= asked; /* at once, as often as it goes */
        *ahead -= asked ? 600 : 0;
    }
    print_message("# %u codes, %u guesses in a day\n", sent, guesses);
    assert_in_range(sent, 20, 25);
    assert_in_range(guesses, 60, 93);
}

/* ---- what a stranger's token is told. G10 ---- */

static void same_as(const char *token, const reply *before) {
    reply r = status_of(token);
    assert_string_equal(r.head, before->head);
    assert_string_equal(r.body, before->body);
    reply_free(&r);
}

/* Whatever the voter does, and whoever the voter is: the same bytes. */
static void test_status(void **state) {
    (void)state;
    char code[7], *voter = token_of(6), *stranger = token_of(6), *other = token_of(7);
    reply before = status_of(stranger);
    assert_non_null(strstr(before.body, "\"message\":null"));
    expect_status(ask(voter, "", 1), 200);
    same_as(stranger, &before);
    newest(code, "v", 6);
    assert_int_equal(wrong(voter, code), 4);
    proves(voter, code);
    same_as(stranger, &before);
    reply r = status_of(other);
    assert_int_equal(r.len, before.len);
    assert_string_equal(r.head, before.head);
    reply_free(&r);
    r = status_of(voter); /* who proved it is told */
    assert_null(strstr(r.body, "\"started\""));
    reply_free(&r);
    reply_free(&before);
    free(voter), free(stranger), free(other);
}

int main(void) {
    if (tp_group_select(NULL)) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_place),    cmocka_unit_test(test_voted), cmocka_unit_test(test_own),
        cmocka_unit_test(test_contacts), cmocka_unit_test(test_sends), cmocka_unit_test(test_tries),
        cmocka_unit_test(test_guessing), cmocka_unit_test(test_status)};
    return cmocka_run_group_tests_name("server/codes", tests, set_up, tear_down);
}
