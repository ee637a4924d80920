/* G10: nobody learns from the server who is on the roll but by number and birth date, and nobody
 * may try many. spec: J-10..J-13, J-29, J-30, H-18 */
#include <sodium.h>
#include <time.h>
#include <unistd.h>

#include "store/store.h"
#include "tests/server/harness.h"

static daemon_scene d;

static void put_voter(tp_store *s, const char *number, uint8_t channel, const char *disabled) {
    tp_voter v = {.birth_date = "1980-05-06", .contact = "v@example.org", .channel = channel};
    snprintf(v.number, sizeof v.number, "%s", number);
    snprintf(v.name, sizeof v.name, "Voter %s", number);
    snprintf(v.disabled, sizeof v.disabled, "%s", disabled);
    assert_int_equal(tp_store_voter_add(s, &v, ""), TP_OK);
}

static int set_up(void **state) {
    (void)state;
    char path[128];
    bool found;
    tp_store *s;
    scene_init(&d, NULL, NULL);
    snprintf(path, sizeof path, "%s/tapat.db", d.data);
    assert_int_equal(tp_store_open(&s, path, false), TP_OK);
    assert_int_equal(tp_store_begin(s), TP_OK);
    put_voter(s, "N1", TP_CHANNEL_ONLINE, "");
    put_voter(s, "N2", TP_CHANNEL_POST, "");
    put_voter(s, "N3", TP_CHANNEL_ONLINE, "died");
    put_voter(s, "N4", TP_CHANNEL_ONLINE, "");
    assert_int_equal(tp_store_voter_mark(s, 4, true), TP_OK);
    put_voter(s, "N5", TP_CHANNEL_ONLINE, "");
    put_voter(s, "N6", TP_CHANNEL_ONLINE, "");
    tp_voter twin;
    assert_int_equal(tp_store_voter_get(s, 6, &twin, &found), TP_OK);
    strcpy(twin.name, "N5, Voter"); /* the same words as N5 */
    assert_int_equal(tp_store_voter_update(s, &twin, ""), TP_OK);
    for (int i = 0; i < 70; i++) { /* more than one reading of those born that day */
        char number[8];
        snprintf(number, sizeof number, "M%d", i);
        put_voter(s, number, TP_CHANNEL_ONLINE, "");
    }
    tp_registration r;
    fixture_registration(&d.f, &r, 0);
    tp_enrolment e = {.id = {1}, .voter = 3, .state = TP_ENROL_WAITING};
    memcpy(e.credential, r.credential, 32);
    assert_int_equal(tp_store_enrolment_put(s, &e), TP_OK);
    assert_int_equal(tp_store_commit(s), TP_OK);
    tp_store_close(s);
    assert_true(scene_start(&d));
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    scene_free(&d);
    return 0;
}

/* Asks by {member: value, birth_date}. */
static reply ask_as(const char *path, const char *member, const char *value, const char *birth) {
    char body[256], request[512];
    int fd = client_connect(&d);
    snprintf(body, sizeof body, "{\"%s\":\"%s\",\"birth_date\":\"%s\"}", member, value, birth);
    snprintf(request, sizeof request,
             "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n%s", path, strlen(body),
             body);
    assert_true(fd >= 0 && client_send(fd, request, strlen(request)));
    reply r = client_read(fd);
    close(fd);
    return r;
}

/* Asks as a proxy would for this address; "": as a program of this machine. */
static reply ask(const char *path, const char *from, const char *number, const char *birth) {
    char body[128], request[512];
    int fd = client_connect(&d);
    snprintf(body, sizeof body, "{\"number\":\"%s\",\"birth_date\":\"%s\"}", number, birth);
    snprintf(request, sizeof request,
             "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n%s%s%s\r\n%s", path,
             strlen(body), *from ? "X-Forwarded-For: " : "", from, *from ? "\r\n" : "", body);
    assert_true(fd >= 0 && client_send(fd, request, strlen(request)));
    reply r = client_read(fd);
    close(fd);
    return r;
}

static void same(reply a, reply b) {
    assert_int_equal(a.status, b.status);
    assert_string_equal(a.head, b.head);
    assert_string_equal(a.body, b.body);
    reply_free(&a);
    reply_free(&b);
}

static void test_same(void **state) {
    (void)state;
    static const char *const paths[] = {"/api/roll/lookup", "/api/enrol/start"};
    for (size_t i = 0; i < 2; i++) {
        same(ask(paths[i], "", "N1", "1980-05-07"), ask(paths[i], "", "N9", "1980-05-06"));
        same(ask(paths[i], "", "N2", "1980-05-07"), ask(paths[i], "", "N9", "1980-05-06"));
        same(ask(paths[i], "", "N3", "1980-05-07"), ask(paths[i], "", "N9", "x"));
    }
    /* who knows both is told, in as many bytes as who does not */
    reply known = ask(paths[0], "", "N1", "1980-05-06"), unknown = ask(paths[0], "", "N9", "");
    assert_string_equal(known.head, unknown.head);
    assert_int_equal(known.len, unknown.len);
    assert_non_null(strstr(known.body, "\"found\":true"));
    assert_non_null(strstr(unknown.body, "\"found\":false"));
    reply_free(&known);
    reply_free(&unknown);
}

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

enum { ASKED = 400 };
static double times[2][ASKED];

/* Taken in turn, the quarter that was quickest: what else runs here touches it least. */
static void compare_times(const char *member, const char *const asked[static 2],
                          const char *birth) {
    for (size_t i = 0; i < ASKED; i++)
        for (size_t known = 0; known < 2; known++) {
            double begin = seconds();
            reply r = ask_as("/api/roll/lookup", member, asked[known], birth);
            times[known][i] = seconds() - begin;
            reply_free(&r);
        }
    qsort(times[0], ASKED, sizeof times[0][0], ascending);
    qsort(times[1], ASKED, sizeof times[1][0], ascending);
    double ratio = times[0][ASKED / 4] / times[1][ASKED / 4];
    print_message("# unknown to known: %.3f\n", ratio);
    assert_true(ratio > 0.75 && ratio < 1.33);
}

static void test_time(void **state) {
    (void)state;
    compare_times("number", (const char *const[]){"N9", "N1"}, "1980-05-07");
    compare_times("name", (const char *const[]){"Voter N9", "Voter N1"}, "1980-05-06");
}

static void test_rate(void **state) {
    (void)state;
    int refused = 0;
    for (int i = 0; i < 40; i++) {
        reply r = ask(i % 2 ? "/api/enrol/start" : "/api/roll/lookup", "203.0.113.7", "N9", "x");
        refused += r.status == 429;
        if (r.status == 429) assert_non_null(strstr(r.head, "\r\nRetry-After: "));
        reply_free(&r);
    }
    assert_in_range(refused, 5, 10); /* some come back while this runs */
    for (int i = 0; i < 31; i++) {
        reply r = ask("/api/roll/lookup", "forged, 203.0.113.8", "N9", "x");
        reply_free(&r);
    }
    /* neither what the client says of itself nor another host of its /64 helps */
    expect_problem(ask("/api/roll/lookup", "198.51.100.1, 203.0.113.8", "N1", "1980-05-06"), 429,
                   "request.rate");
    for (int i = 0; i < 31; i++) {
        reply r = ask("/api/roll/lookup", "2001:db8::1", "N9", "x");
        reply_free(&r);
    }
    expect_problem(ask("/api/roll/lookup", "2001:db8::2", "N1", "1980-05-06"), 429, "request.rate");
    expect_status(ask("/api/roll/lookup", "203.0.113.9", "N1", "1980-05-06"), 200);
}

/* How many times in a row it may ask for the status before it is told to wait. */
static int watched(const char *from) {
    char request[256];
    int n = 0, status = 400, fd = client_connect(&d);
    snprintf(request, sizeof request,
             "POST /api/enrol/status HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
             "X-Forwarded-For: %s\r\n\r\n{}",
             from);
    for (; n < 100000 && status == 400; n++) {
        assert_true(fd >= 0 && client_send(fd, request, strlen(request)));
        reply r = client_read(fd);
        status = r.status;
        reply_free(&r);
    }
    close(fd);
    assert_int_equal(status, 429);
    return n;
}

/* What a token does, and asking how far it is: a post's visitors share an address, but not for
 * ever. spec: H-18 */
static void test_steps(void **state) {
    (void)state;
    static const char *const paths[] = {"/api/enrol/code", "/api/enrol/credential",
                                        "/api/enrol/submit"};
    int refused = 0;
    for (int i = 0; i < 300; i++) /* malformed, and counted */
        expect_status(ask(paths[i % 3], "203.0.113.20", "x", "x"), 400);
    for (int i = 0; i < 60; i++) {
        reply r = ask(paths[i % 3], "203.0.113.20", "x", "x");
        refused += r.status == 429;
        if (r.status == 429) assert_non_null(strstr(r.head, "\r\nRetry-After: "));
        reply_free(&r);
    }
    assert_in_range(refused, 1, 60); /* some come back while this runs */
    expect_status(ask("/api/enrol/status", "203.0.113.20", "x", "x"), 400);
    expect_status(ask(paths[0], "203.0.113.21", "x", "x"), 400);
    assert_true(watched("203.0.113.20") > 1900);
    expect_status(ask(paths[0], "", "x", "x"), 400);
}

static void test_not_online(void **state) {
    (void)state;
    expect_problem(ask("/api/enrol/start", "", "N2", "1980-05-06"), 409, "enrol.channel");
    expect_problem(ask("/api/enrol/start", "", "N3", "1980-05-06"), 409, "enrol.disabled");
    /* who has voted on paper looks like who is on another channel (G14) */
    same(ask("/api/enrol/start", "", "N4", "1980-05-06"),
         ask("/api/enrol/start", "", "N2", "1980-05-06"));
    reply r = ask("/api/roll/lookup", "", "N3", "1980-05-06");
    assert_non_null(strstr(r.body, "\"routes\":[]"));
    assert_null(strstr(r.body, "died"));
    reply_free(&r);
}

/* By name: one who is accepted as by number; none, several and nearly as an unknown number. */
static void test_name(void **state) {
    (void)state;
    static const char *const paths[] = {"/api/roll/lookup", "/api/enrol/start"};
    static const char day[] = "1980-05-06";
    for (size_t i = 0; i < 2; i++) {
        same(ask_as(paths[i], "name", "Nobody Here", day), ask(paths[i], "", "N9", day));
        same(ask_as(paths[i], "name", "Voter N5", day), ask(paths[i], "", "N9", day));
        same(ask_as(paths[i], "name", "Voter N1 Reyes", day), ask(paths[i], "", "N9", day));
        same(ask_as(paths[i], "name", "Voter N1", "1980-06-05"), ask(paths[i], "", "N9", day));
        same(ask_as(paths[i], "name", "", day), ask(paths[i], "", "N9", day));
        expect_problem(ask_as(paths[i], "names", "Voter N1", day), 400, "request.members");
        expect_problem(ask_as(paths[i], "name", "Voter N1\",\"number\":\"N1", day), 400,
                       "request.members");
        expect_problem(ask_as(paths[i], "birth_date", "Voter N1", day), 400, "request.json");
    }
    same(ask_as(paths[0], "name", "n1 VOTER", day), ask(paths[0], "", "N1", day));
    same(ask_as(paths[0], "name", "Voter M69", day), ask(paths[0], "", "M69", day));
    expect_status(ask_as(paths[1], "name", "n1 VOTER", day), 200);
    expect_problem(ask_as(paths[1], "name", "Voter N4", day), 409, "enrol.channel");
}

/* N3 was disabled after a key was handed in: what registrars sign for it is refused. */
static void test_signed_late(void **state) {
    (void)state;
    tp_registration r;
    char credential[65], signature[129];
    fixture_registration(&d.f, &r, 0);
    sodium_bin2hex(credential, 65, r.credential, 32);
    sodium_bin2hex(signature, 129, r.registrars.by[0].signature, 64);
    expect_problem(http_json(&d, "/api/registrar/registrations",
                             "{\"registrations\":[{\"credential\":\"%s\",\"unit\":%d,"
                             "\"style\":%d,\"registrar\":1,\"signature\":\"%s\"}]}",
                             credential, (int)r.unit, (int)r.style, signature),
                   409, "registration.voter");
}

int main(void) {
    if (sodium_init() < 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same),       cmocka_unit_test(test_rate),
        cmocka_unit_test(test_not_online), cmocka_unit_test(test_signed_late),
        cmocka_unit_test(test_name),       cmocka_unit_test(test_steps),
        cmocka_unit_test(test_time),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
