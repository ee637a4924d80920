/* The manifest's parser: what it takes, and one refusal for each rule. spec: M-1..M-19 */
#include "tests/election/fixture.h"

#include <sodium.h>

static fixture *small;

static int set_up(void **state) {
    (void)state;
    small = calloc(1, sizeof *small);
    fixture_init(small, NULL);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    fixture_free(small);
    free(small);
    return 0;
}

static void refused(const char *json, tp_err err, const char *code, const char *where) {
    tp_manifest m;
    tp_fault fault;
    assert_int_equal(tp_manifest_parse(&m, json, strlen(json), &fault), err);
    assert_string_equal(fault.code, code);
    assert_string_equal(fault.where, where);
    assert_null(m.arena);
}

/* With `from` replaced by `to`, it is refused for this reason, there. */
static void change(const char *from, const char *to, tp_err err, const char *code,
                   const char *where) {
    char *json = fixture_manifest_with(small, from, to);
    refused(json, err, code, where);
    free(json);
}

static void taken(const char *from, const char *to) {
    char *json = fixture_manifest_with(small, from, to);
    tp_manifest m;
    tp_fault fault = {.code = ""};
    tp_err err = tp_manifest_parse(&m, json, strlen(json), &fault);
    assert_string_equal(fault.code, "");
    assert_int_equal(err, TP_OK);
    tp_manifest_free(&m);
    free(json);
}

static void test_right(void **state) {
    (void)state;
    const tp_manifest *m = &small->manifest;
    uint8_t hash[32];
    tp_sha256(hash, small->json, small->json_len);
    assert_memory_equal(m->fingerprint, hash, 32);
    assert_string_equal(m->title, "A small election");
    assert_true(m->test);
    assert_int_equal(m->contest_count, 2);
    assert_string_equal(m->contests[1].title, "Council");
    assert_int_equal(m->contests[1].shape.n, 5);
    assert_int_equal(m->contests[1].shape.a, 1);
    assert_int_equal(m->contests[1].shape.b, 2);
    assert_int_equal(m->contests[1].seats, 2);
    assert_int_equal(m->contests[1].options[4].number, 7);
    assert_string_equal(m->contests[0].options[2].name, "Cruz, \"Caloy\"");
    assert_int_equal(m->styles[1].contest_count, 1);
    assert_int_equal(m->units[2].style, 1);
    assert_string_equal(m->units[2].group, "africa");
    assert_int_equal(m->units[0].registered, 100);
    assert_int_equal(m->floor, 3);
    assert_int_equal(m->trustees.quorum, 2);
    assert_int_equal(m->officers.quorum, 2);
    assert_int_equal(m->open_time, 1838937600); /* 2028-04-10T00:00:00Z */
    assert_int_equal(m->close_time, 1841396400);
    assert_string_equal(m->log_origin, "vote.example/small");
    assert_int_equal(m->batch_interval_s, 2);
}

/* B5: duplicate keys, trailing bytes, broken text. spec: M-1 */
static void test_json(void **state) {
    (void)state;
    char *json = fixture_manifest_with(small, "\"who\":[]}}\n", "\"who\":[]}}{}");
    tp_manifest m;
    tp_fault fault;
    assert_int_equal(tp_manifest_parse(&m, json, strlen(json), &fault), TP_MALFORMED);
    assert_string_equal(fault.code, "manifest.json");
    free(json);
    json = fixture_manifest_with(small, "\"merge\":", "\"test\":false,\"merge\":");
    assert_int_equal(tp_manifest_parse(&m, json, strlen(json), &fault), TP_MALFORMED);
    assert_string_equal(fault.code, "manifest.json");
    free(json);
    for (size_t len = 0; len < small->json_len - 1; len += 7)
        assert_int_equal(tp_manifest_parse(&m, small->json, len, &fault), TP_MALFORMED);
    assert_int_equal(tp_manifest_parse(&m, "[]", 2, &fault), TP_MALFORMED);
    assert_int_equal(tp_manifest_parse(&m, "{\"tapat\":1}", 11, &fault), TP_MALFORMED);
    json = fixture_manifest_with(small, "Rome PE", "Rome \xff");
    assert_int_equal(tp_manifest_parse(&m, json, strlen(json), &fault), TP_MALFORMED);
    free(json);
}

/* spec: M-2, M-3 */
static void test_members(void **state) {
    (void)state;
    const char *code = "manifest.members";
    change("\"merge\":", "\"extra\":1,\"merge\":", TP_MALFORMED, code, "/");
    change("\"revote\":\"last\"", "\"x\":1", TP_MALFORMED, code, "revote");
    change(",\"party\":\"A\"", "", TP_MALFORMED, code, "contests[0].options[0].party");
    change(",\"party\":\"A\"", ",\"party\":\"A\",\"x\":0", TP_MALFORMED, code,
           "contests[0].options[0]");
    change("\"number\":2,\"name\":\"B", "\"number\":\"2\",\"name\":\"B", TP_MALFORMED,
           "manifest.type", "contests[0].options[1].number");
    change("\"floor\":3", "\"floor\":3.0", TP_MALFORMED, "manifest.type", "merge.floor");
    change("\"test\":true", "\"test\":1", TP_MALFORMED, "manifest.type", "test");
    change("\"tapat\":1", "\"tapat\":2", TP_REFUSED, "manifest.value", "tapat");
    change("ristretto255-sha512", "p256-sha512", TP_REFUSED, "manifest.value", "suite");
    change("\"units\":[", "\"units\":[7,", TP_MALFORMED, "manifest.type", "units[0]");
}

/* spec: M-4, M-5, M-6 */
static void test_texts(void **state) {
    (void)state;
    const char *value = "manifest.value";
    change("Rome PE", "", TP_REFUSED, value, "units[0].name");
    change("Rome PE", " Rome", TP_REFUSED, value, "units[0].name");
    change("Rome PE", "Rome\\n", TP_REFUSED, value, "units[0].name");
    change("Rome PE", "Rome\\u202e", TP_REFUSED, value, "units[0].name");
    change("Rome PE", "Rome\\u2066", TP_REFUSED, value, "units[0].name");
    change("Rome PE", "Rome\\u0085", TP_REFUSED, value, "units[0].name");
    taken("Rome PE", "R\xc3\xb3me \xe2\x80\x93 \xe3\x83\xad");
    char to[TP_MAX_TEXT + 2];
    memset(to, 'x', sizeof to);
    to[TP_MAX_TEXT] = 0;
    taken("Rome PE", to);
    to[TP_MAX_TEXT] = 'x';
    to[TP_MAX_TEXT + 1] = 0;
    change("Rome PE", to, TP_REFUSED, value, "units[0].name");
    change("\"rome\"", "\"ro me\"", TP_REFUSED, value, "units[0].id");
    change("\"en\":\"Chair\",", "", TP_MALFORMED, "manifest.members", "contests[0].title");
    change("\"en\":\"Chair\"", "\"de\":\"Chair\"", TP_MALFORMED, "manifest.members",
           "contests[0].title.en");
    change("[\"en\",\"fil\"]", "[\"en\",\"en\"]", TP_REFUSED, "manifest.duplicate", "languages[1]");
    change("[\"en\",\"fil\"]", "[\"en\",\"EN\"]", TP_REFUSED, value, "languages[1]");
}

/* spec: M-7 */
static void test_times(void **state) {
    (void)state;
    const char *open = "2028-04-10T00:00:00Z", *value = "manifest.value", *at = "times.open";
    taken(open, "2028-03-31T23:59:59Z");
    taken("2028-03-01T00:00:00Z", "2028-02-29T00:00:00Z");
    change(open, "2028-04-10T00:00:00+00:00", TP_MALFORMED, value, at);
    change(open, "2028-04-31T00:00:00Z", TP_MALFORMED, value, at);
    change(open, "2027-02-29T00:00:00Z", TP_MALFORMED, value, at);
    change(open, "2028-04-10T24:00:00Z", TP_MALFORMED, value, at);
    change(open, "2028-04-10 00:00:00Z", TP_MALFORMED, value, at);
    change(open, "2028-13-10T00:00:00Z", TP_MALFORMED, value, at);
    change(open, "2028-05-08T11:00:00Z", TP_REFUSED, "manifest.times", "times");
    change(open, "2028-02-29T00:00:00Z", TP_REFUSED, "manifest.times", "times");
}

/* spec: M-10, M-11 */
static void test_contests(void **state) {
    (void)state;
    const char *twice = "manifest.duplicate", *value = "manifest.value";
    change("\"number\":2,\"name\":\"B", "\"number\":1,\"name\":\"B", TP_REFUSED, twice,
           "contests[0].options[1]");
    change("Bello, Ben", "Abad, Ana", TP_REFUSED, twice, "contests[0].options[1]");
    change("\"id\":\"council\"", "\"id\":\"chair\"", TP_REFUSED, twice, "contests[1]");
    change("\"number\":7", "\"number\":0", TP_REFUSED, value, "contests[1].options[4].number");
    change("\"number\":7", "\"number\":10000", TP_REFUSED, value, "contests[1].options[4].number");
    change("\"number\":7", "\"number\":-7", TP_REFUSED, value, "contests[1].options[4].number");
    change("\"max\":2", "\"max\":6", TP_REFUSED, value, "contests[1].max");
    change("\"max\":2", "\"max\":0", TP_REFUSED, value, "contests[1].max");
    change("\"min\":1", "\"min\":3", TP_REFUSED, value, "contests[1].min");
    change("\"seats\":2", "\"seats\":6", TP_REFUSED, value, "contests[1].seats");
    change("\"seats\":2", "\"seats\":0", TP_REFUSED, value, "contests[1].seats");
    change("\"plurality-at-large\"", "\"totals\"", TP_REFUSED, value, "contests[0].seats");
    change("\"plurality-at-large\"", "\"lot\"", TP_REFUSED, value, "contests[0].method");
    change("\"tally\":\"sum\"", "\"tally\":\"mix\"", TP_REFUSED, value, "contests[0].tally");
    taken("\"seats\":2,\"method\":\"plurality-at-large\"", "\"seats\":0,\"method\":\"totals\"");
}

/* spec: M-12, M-13, M-17 */
static void test_references(void **state) {
    (void)state;
    const char *code = "manifest.reference";
    change("[\"chair\",\"council\"]", "[\"council\",\"chair\"]", TP_REFUSED, code,
           "styles[0].contests");
    change("[\"chair\",\"council\"]", "[\"chair\",\"chair\"]", TP_REFUSED, "manifest.duplicate",
           "styles[0].contests");
    change("[\"chair\",\"council\"]", "[\"chair\",\"other\"]", TP_REFUSED, code,
           "styles[0].contests");
    change("[\"chair\",\"council\"]", "[\"chair\",2]", TP_MALFORMED, "manifest.type",
           "styles[0].contests");
    change("[\"chair\",\"council\"]", "[\"chair\"]", TP_REFUSED, code, "contests");
    change("\"style\":\"chair-only\"", "\"style\":\"full\"", TP_REFUSED, code, "styles");
    change("\"style\":\"chair-only\"", "\"style\":\"none\"", TP_REFUSED, code, "units[2].style");
    change("\"id\":\"oslo\"", "\"id\":\"rome\"", TP_REFUSED, "manifest.duplicate", "units[1]");
}

/* spec: M-14, M-15, E7 */
static void test_colleges(void **state) {
    (void)state;
    char key[65];
    memcpy(key, strstr(small->json, "T one\",\"key\":\"") + 14, 64);
    key[64] = 0;
    const char *at = "trustees.who[0].key", *code = "manifest.key";
    change(key, "00", TP_MALFORMED, code, at);
    change(key, "0000000000000000000000000000000000000000000000000000000000000000", TP_MALFORMED,
           code, at);
    change(key, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", TP_MALFORMED,
           code, at);
    char upper[65];
    for (size_t i = 0; i < 65; i++)
        upper[i] = (char)(key[i] >= 'a' ? key[i] - 32 : key[i]);
    change(key, upper, TP_MALFORMED, code, at);
    change("T two", "T one", TP_REFUSED, "manifest.duplicate", "trustees.who[1]");
    change("\"threshold\":2", "\"threshold\":3", TP_REFUSED, "manifest.threshold",
           "trustees.threshold");
    change("\"threshold\":2", "\"threshold\":1", TP_REFUSED, "manifest.value",
           "trustees.threshold");
    change("\"threshold\":2", "\"threshold\":4", TP_REFUSED, "manifest.threshold",
           "trustees.threshold");
    change("\"quorum\":2", "\"quorum\":3", TP_REFUSED, "manifest.value", "officers.quorum");
    change("\"quorum\":1", "\"quorum\":0", TP_REFUSED, "manifest.value", "registrars.quorum");
    change("\"origin\":\"vote.example/small\"", "\"origin\":\"vote example\"", TP_REFUSED,
           "manifest.value", "log.origin");
}

static void test_policy(void **state) {
    (void)state;
    change("\"floor\":3", "\"floor\":1", TP_REFUSED, "manifest.value", "merge.floor");
    change("\"interval_s\":2", "\"interval_s\":61", TP_REFUSED, "manifest.value",
           "batch.deadline_s");
    change("\"challenge\"]", "\"second-device\"]", TP_REFUSED, "manifest.duplicate", "check");
    change("\"challenge\"]", "\"none\"]", TP_REFUSED, "manifest.value", "check");
    taken("[\"second-device\",\"challenge\"]", "[]");
    change("\"last\"", "\"first\"", TP_REFUSED, "manifest.value", "revote");
}

/* spec: M-20 */
static void test_witnesses(void **state) {
    (void)state;
    const char *none = "{\"quorum\":0,\"who\":[]}", *code = "manifest.value";
    char list[4000], one[400], two[65], *w = list;
    uint8_t key[32], seed[32] = {9}, secret[64];
    crypto_sign_seed_keypair(key, secret, seed);
    sodium_bin2hex(two, sizeof two, key, 32);
#define WITNESS(name) "{\"name\":\"" name "\",\"key\":\"%s\"}"
    seed[0] = 8;
    crypto_sign_seed_keypair(key, secret, seed);
    char hex[65];
    sodium_bin2hex(hex, sizeof hex, key, 32);
    snprintf(one, sizeof one, "{\"quorum\":1,\"who\":[" WITNESS("w.example/1") "]}", hex);
    taken(none, one);
    snprintf(one, sizeof one, "{\"quorum\":2,\"who\":[" WITNESS("w.example/1") "]}", hex);
    change(none, one, TP_REFUSED, code, "witnesses.quorum");
    change(none, "{\"quorum\":1,\"who\":[]}", TP_REFUSED, code, "witnesses.quorum");
    snprintf(one, sizeof one, "{\"quorum\":0,\"who\":[" WITNESS("w 1") "]}", hex);
    change(none, one, TP_REFUSED, code, "witnesses.who[0].name");
    snprintf(one, sizeof one, "{\"quorum\":0,\"who\":[" WITNESS("w+1") "]}", hex);
    change(none, one, TP_REFUSED, code, "witnesses.who[0].name");
    snprintf(one, sizeof one, "{\"quorum\":0,\"who\":[" WITNESS("a") "," WITNESS("b") "]}", hex,
             hex);
    change(none, one, TP_REFUSED, "manifest.duplicate", "witnesses.who[1]");
    snprintf(one, sizeof one, "{\"quorum\":0,\"who\":[" WITNESS("a") "," WITNESS("a") "]}", hex,
             two);
    change(none, one, TP_REFUSED, "manifest.duplicate", "witnesses.who[1]");
    sodium_bin2hex(hex, sizeof hex, small->manifest.log_key, 32);
    snprintf(one, sizeof one, "{\"quorum\":0,\"who\":[" WITNESS("a") "]}", hex);
    change(none, one, TP_REFUSED, "manifest.duplicate", "witnesses.who[0]");
    memset(hex, '0', 64);
    snprintf(one, sizeof one, "{\"quorum\":0,\"who\":[" WITNESS("a") "]}", hex);
    change(none, one, TP_MALFORMED, "manifest.key", "witnesses.who[0].key");
    w += sprintf(w, "{\"quorum\":3,\"who\":[");
    for (uint8_t i = 0; i < TP_MAX_WITNESSES + 1; i++) {
        seed[0] = (uint8_t)(20 + i);
        crypto_sign_seed_keypair(key, secret, seed);
        sodium_bin2hex(hex, sizeof hex, key, 32);
        if (i == TP_MAX_WITNESSES) {
            strcpy(w, "]}");
            taken(none, list);
        }
        w += sprintf(w, "%s{\"name\":\"w%u\",\"key\":\"%s\"}", i ? "," : "", i, hex);
    }
    strcpy(w, "]}");
    change(none, list, TP_REFUSED, "manifest.value", "witnesses.who");
    change(",\n\"witnesses\":{\"quorum\":0,\"who\":[]}", "", TP_MALFORMED, "manifest.members",
           "witnesses");
    change(none, "{\"quorum\":0,\"who\":[],\"x\":1}", TP_MALFORMED, "manifest.members",
           "witnesses");
#undef WITNESS
}

/* A contest of n options in a string, to be freed. */
static char *many_options(size_t n) {
    char *list = malloc(n * 64 + 64), *w = list;
    w += sprintf(w, "\"options\":[");
    for (size_t i = 0; i < n; i++)
        w += sprintf(w, "{\"number\":%zu,\"name\":\"N%zu\",\"party\":\"\"}%s", i + 1, i,
                     i + 1 < n ? "," : "],\"min\":1");
    return list;
}

/* Replaces the options of the second contest, and more trustees; the deal then has
 * 32*t*P + 64*2 + n*(32*P + 48) bytes and must fit one entry. spec: M-18 */
static void test_sizes(void **state) {
    (void)state;
    const char *begin = strstr(strstr(small->json, "\"council\""), "\"options\"");
    size_t old_len = (size_t)(strstr(begin, "\"min\":1") + 7 - begin);
    char *old = malloc(old_len + 1), *most = many_options(512), *over = many_options(513);
    memcpy(old, begin, old_len);
    old[old_len] = 0;
    taken(old, most); /* P = 2 + 256, n + t = 5 */
    change(old, over, TP_REFUSED, "manifest.value", "contests[1].options");
    assert_int_equal(tp_deal_len(&small->manifest), 32 * 2 * 5 + 2 * 64 + 3 * (32 * 5 + 48));
    /* n + t = 7 takes 57,792 bytes and more with P = 258, n + t = 8 takes 66,048 */
    char more[400], *json = fixture_manifest_with(small, old, most);
    fixture copy = {.json = json, .json_len = strlen(json)};
    const char *third = strstr(small->json, "{\"name\":\"T three\"");
    size_t third_len = (size_t)(strchr(third, '}') + 1 - third);
    char old_third[200];
    memcpy(old_third, third, third_len);
    old_third[third_len] = 0;
    char *log = strstr(small->json, "\"officers\"");
    log = strstr(log, "\"key\":\"") + 7;
    int n =
        snprintf(more, sizeof more, "%s,{\"name\":\"T four\",\"key\":\"%.64s\"}", old_third, log);
    assert_in_range(n, 1, sizeof more - 1);
    char *four = fixture_manifest_with(&copy, old_third, more);
    tp_manifest m;
    tp_fault fault;
    assert_int_equal(tp_manifest_parse(&m, four, strlen(four), &fault), TP_OK);
    tp_manifest_free(&m);
    copy.json = four;
    copy.json_len = strlen(four);
    char *three = fixture_manifest_with(&copy, "\"threshold\":2", "\"threshold\":3");
    assert_int_equal(tp_manifest_parse(&m, three, strlen(three), &fault), TP_OK);
    tp_manifest_free(&m);
    char *log2 = strstr(log, "\"key\":\"") + 7;
    char again[600];
    snprintf(again, sizeof again, "%s,{\"name\":\"T five\",\"key\":\"%.64s\"}", more, log2);
    copy.json = three;
    copy.json_len = strlen(three);
    char *five = fixture_manifest_with(&copy, more, again);
    refused(five, TP_TOO_BIG, "manifest.size", "trustees");
    free(five);
    free(three);
    free(four);
    free(json);
    free(old);
    free(most);
    free(over);
}

#define ENROL(show, shared, routes, posts, more)                                                   \
    "\"show\":" show ",\"shared\":" shared ",\"review_days\":5,\"routes\":" routes                 \
    ",\"posts\":" posts more
#define WITH(enrol) "\"enrol\":{" enrol "},\"merge\":"
#define PROVIDER(issuer)                                                                           \
    ",\"oidc\":{\"issuer\":\"" issuer                                                              \
    "\",\"client\":\"tapat\",\"name\":\"National ID\",\"claim\":\"sub\"}"

static void enrol_refused(const char *with, tp_err err, const char *code, const char *where) {
    change("\"merge\":", with, err, code, where);
}

/* spec: M-23 */
static void test_enrol(void **state) {
    (void)state;
    assert_int_equal(small->manifest.units[0].routes, TP_ROUTE_CODE);
    assert_true(small->manifest.enrol.show);
    char *json = fixture_manifest_with(
        small, "\"merge\":",
        WITH(ENROL("false", "7", "[\"letter\",\"desk\"]", "{\"oslo\":[\"code\",\"oidc\"]}",
                   PROVIDER("https://id.example"))));
    tp_manifest m;
    tp_fault fault = {.code = ""};
    tp_err err = tp_manifest_parse(&m, json, strlen(json), &fault);
    assert_string_equal(fault.code, "");
    assert_int_equal(err, TP_OK);
    for (size_t u = 0; u < m.unit_count; u++)
        assert_int_equal(m.units[u].routes, strcmp(m.units[u].id, "oslo") != 0
                                                ? TP_ROUTE_LETTER | TP_ROUTE_DESK
                                                : TP_ROUTE_CODE | TP_ROUTE_OIDC);
    assert_false(m.enrol.show);
    assert_int_equal(m.enrol.shared, 7);
    assert_string_equal(m.enrol.claim, "sub");
    assert_null(m.enrol.document_keys);
    tp_manifest_free(&m);
    free(json);
    taken("\"merge\":", WITH(ENROL("true", "1", "[\"oidc\"]", "{}",
                                   PROVIDER("http://127.0.0.1:9")))); /* a test election */
    const char *value = "manifest.value", *members = "manifest.members";
    enrol_refused(WITH(""), TP_MALFORMED, members, "enrol.show");
    enrol_refused(WITH(ENROL("1", "4", "[\"code\"]", "{}", "")), TP_MALFORMED, "manifest.type",
                  "enrol.show");
    enrol_refused(WITH(ENROL("true", "0", "[\"code\"]", "{}", "")), TP_REFUSED, value,
                  "enrol.shared");
    enrol_refused(WITH(ENROL("true", "4", "[\"fax\"]", "{}", "")), TP_REFUSED, value,
                  "enrol.routes");
    enrol_refused(WITH(ENROL("true", "4", "[\"code\",\"code\"]", "{}", "")), TP_REFUSED,
                  "manifest.duplicate", "enrol.routes");
    enrol_refused(WITH(ENROL("true", "4", "[\"code\"]", "{\"nowhere\":[\"code\"]}", "")),
                  TP_REFUSED, "manifest.reference", "enrol.posts");
    enrol_refused(WITH(ENROL("true", "4", "[\"documents\"]", "{}", "")), TP_MALFORMED, members,
                  "enrol.documents");
    enrol_refused(WITH(ENROL("true", "4", "[\"code\"]", "{}", PROVIDER("https://id.example"))),
                  TP_MALFORMED, members, "enrol.oidc");
    enrol_refused(WITH(ENROL("true", "4", "[\"oidc\"]", "{}", PROVIDER("http://id.example"))),
                  TP_REFUSED, value, "enrol.oidc.issuer");
}

/* One key for each registrar, each another. spec: M-23 */
static void test_document_keys(void **state) {
    (void)state;
    char with[600], one[80];
    const char *start = WITH(ENROL("true", "4", "[\"documents\"]", "{}", ",\"documents\":[%s]"));
    char keys[3][65];
    for (size_t i = 0; i < 3; i++)
        sodium_bin2hex(keys[i], 65, small->manifest.officers.who[i].key, 32);
    assert_int_equal(small->manifest.registrars.count, 1);
    snprintf(one, sizeof one, "\"%s\"", keys[0]);
    snprintf(with, sizeof with, start, one);
    taken("\"merge\":", with);
    snprintf(with, sizeof with, start, "7");
    enrol_refused(with, TP_MALFORMED, "manifest.type", "enrol.documents");
    memset(one + 1, '0', 64); /* the identity */
    snprintf(with, sizeof with, start, one);
    enrol_refused(with, TP_MALFORMED, "manifest.key", "enrol.documents");
    char two[160];
    snprintf(two, sizeof two, "\"%s\",\"%s\"", keys[0], keys[1]);
    snprintf(with, sizeof with, start, two);
    enrol_refused(with, TP_REFUSED, "manifest.value", "enrol.documents");
}

/* Totals of one option stay below 2^24. spec: M-19 */
static void test_electorate(void **state) {
    (void)state;
    change("\"registered\":100", "\"registered\":8388609", TP_REFUSED, "manifest.value",
           "units[0].registered");
    taken("\"registered\":100", "\"registered\":8388608");
    char *json = fixture_manifest_with(small, "\"registered\":100", "\"registered\":8388608");
    fixture copy = {.json = json, .json_len = strlen(json)};
    char *both = fixture_manifest_with(&copy, "\"registered\":50", "\"registered\":8388608");
    refused(both, TP_TOO_BIG, "manifest.size", "units");
    free(both);
    free(json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right),      cmocka_unit_test(test_json),
        cmocka_unit_test(test_members),    cmocka_unit_test(test_texts),
        cmocka_unit_test(test_times),      cmocka_unit_test(test_contests),
        cmocka_unit_test(test_references), cmocka_unit_test(test_colleges),
        cmocka_unit_test(test_policy),     cmocka_unit_test(test_witnesses),
        cmocka_unit_test(test_sizes),      cmocka_unit_test(test_electorate),
        cmocka_unit_test(test_enrol),      cmocka_unit_test(test_document_keys),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
