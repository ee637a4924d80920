/* B1: strings that encode no group element (RFC 9496's and our own) in every place of a ballot, a
 * registration, a deal, the aggregates and the shares where a point stands, and as keys of the
 * manifest: refused. */
#include "core/threshold/dkg.h"
#include "election/ceremony_state.h"
#include "tests/election/fixture.h"

enum { BAD = 35 };
static fixture *f;
static uint8_t bad[BAD][32];

static void load(const json_t *vectors, const char *name, size_t *count) {
    json_t *list = json_object_get(vectors, name), *row;
    size_t i;
    json_array_foreach(list, i, row) {
        size_t len;
        uint8_t *bytes = test_json_hex(row, "bytes", &len);
        assert_int_equal(len, 32);
        assert_true(*count < BAD);
        memcpy(bad[(*count)++], bytes, 32);
        free(bytes);
    }
}

static int set_up(void **state) {
    (void)state;
    size_t count = 0;
    json_t *vectors = test_spec_json("vectors/ristretto255.json");
    load(vectors, "malformed", &count);
    load(vectors, "own_malformed", &count);
    assert_int_equal(count, BAD);
    json_decref(vectors);
    f = calloc(1, sizeof *f);
    fixture_init(f, NULL);
    fixture_ceremony(f);
    fixture_enrol(f, 3);
    fixture_open(f);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    fixture_free(f);
    free(f);
    return 0;
}

static tp_err verdict(const tp_ballot_style *style, const uint8_t *ballot, void *scratch) {
    tp_err result;
    const char *code;
    tp_err all = tp_ballots_verify_var(&result, &code, style, &ballot, 1, scratch);
    assert_int_equal(all == TP_OK, result == TP_OK);
    return result;
}

/* Each bad string in the place `at` of the ballot. */
static void refused_at(const tp_ballot_style *style, const uint8_t *ballot, size_t len, size_t at,
                       void *scratch) {
    uint8_t forged[FIXTURE_BALLOT];
    for (size_t i = 0; i < BAD; i++) {
        memcpy(forged, ballot, len);
        memcpy(forged + at, bad[i], 32);
        assert_int_not_equal(verdict(style, forged, scratch), TP_OK);
    }
}

static void test_ballot(void **state) {
    (void)state;
    static const uint8_t choices[FIXTURE_CHOICES] = {1, 0, 0, 1};
    uint8_t ballot[FIXTURE_BALLOT];
    size_t len = fixture_seal(f, ballot, 0, choices);
    const tp_ballot_style *style = &f->styles.list[f->voters[0].credential.style];
    size_t room = (tp_ballot_verify_scratch(style, 1) + 63) / 64 * 64, at = TP_BALLOT_HEAD;
    void *scratch = aligned_alloc(64, room);
    assert_int_equal(verdict(style, ballot, scratch), TP_OK);
    refused_at(style, ballot, len, 32, scratch);       /* the credential */
    refused_at(style, ballot, len, len - 64, scratch); /* the signature's R */
    for (size_t c = 0; c < style->contest_count; c++) {
        const tp_sum_shape *shape = &style->contests[c].shape;
        for (size_t k = 0; k < tp_sum_encoded_points(shape); k++)
            refused_at(style, ballot, len, at + 32 * k, scratch);
        at += tp_sum_len(shape);
    }
    free(scratch);
}

static void test_registration(void **state) {
    (void)state;
    tp_fault fault;
    tp_registration r;
    fixture_registration(f, &r, 0);
    assert_int_equal(tp_registration_verify(&f->manifest, &r, &fault), TP_OK);
    for (size_t i = 0; i < BAD; i++) {
        uint8_t random[32];
        memcpy(r.credential, bad[i], 32);
        fixture_random(f, random);
        assert_int_equal(tp_registration_sign(&r.registrars.by[0], &r, f->manifest.fingerprint, 1,
                                              f->registrar[0], random),
                         TP_OK);
        assert_int_not_equal(tp_registration_verify(&f->manifest, &r, &fault), TP_OK);
        assert_string_equal(fault.code, "registration.credential");
    }
}

static void test_manifest(void **state) {
    (void)state;
    char key[65], hex[65];
    for (size_t j = 0; j < 32; j++)
        snprintf(key + 2 * j, 3, "%02x", f->manifest.trustees.who[0].key[j]);
    for (size_t i = 0; i < BAD; i++) {
        tp_manifest m;
        tp_fault fault;
        for (size_t j = 0; j < 32; j++)
            snprintf(hex + 2 * j, 3, "%02x", bad[i][j]);
        char *json = fixture_manifest_with(f, key, hex);
        assert_int_equal(tp_manifest_parse(&m, json, strlen(json), &fault), TP_MALFORMED);
        assert_string_equal(fault.code, "manifest.key");
        free(json);
    }
}

/* A deal of one contest, and its hash anew, so that nothing but the string is wrong. */
static void test_deal(void **state) {
    (void)state;
    const tp_dkg_params q = tp_ceremony_params(&f->manifest, 1);
    const size_t count = tp_dkg_coefficients(&q), len = tp_dkg_message_len(&q);
    tp_scalar coefficients[FIXTURE_POINTS * 2];
    tp_point points[FIXTURE_POINTS * 2];
    uint8_t good[32 * (FIXTURE_POINTS * 2 + 2)], message[sizeof good], hash[32], random[32];
    void *scratch = aligned_alloc(64, (tp_dkg_scratch(&q) + 127) / 64 * 64);
    fixture_random(f, random);
    assert_true(count <= FIXTURE_POINTS * 2);
    assert_int_equal(tp_dkg_deal(coefficients, good, points, &q, 1, f->seed[0], random), TP_OK);
    tp_dkg_commit(hash, &q, 1, good, len);
    assert_int_equal(tp_dkg_open_var(points, &q, 1, good, len, hash, scratch), TP_OK);
    for (size_t at = 0; at <= count; at++) /* the commitments, and T */
        for (size_t i = 0; i < BAD; i++) {
            memcpy(message, good, len);
            memcpy(message + 32 * at, bad[i], 32);
            tp_dkg_commit(hash, &q, 1, message, len);
            assert_int_equal(tp_dkg_open_var(points, &q, 1, message, len, hash, scratch),
                             TP_MALFORMED);
        }
    free(scratch);
}

enum { DOCUMENT = 1 << 16, MOST_SETS = 2 * FIXTURE_UNITS };

static size_t write_aggregates(uint8_t *out, const tp_manifest *m, const tp_aggregates *a) {
    tp_writer w = tp_writer_of(out, DOCUMENT);
    assert_int_equal(tp_aggregates_write(&w, m, a), TP_OK);
    return w.len;
}

/* R and every C of every set. */
static void bad_aggregates(const tp_manifest *m, tp_aggregates *a) {
    static uint8_t bytes[DOCUMENT];
    tp_aggregates back;
    tp_fault fault;
    for (size_t s = 0; s < a->count; s++) {
        tp_aggregate *one = &a->list[s];
        size_t p = tp_sum_points(&m->contests[one->set.contest].shape);
        for (size_t k = 0; k <= p; k++)
            for (size_t i = 0; i < BAD; i++) {
                uint8_t good[32], *place = k ? one->c[k - 1] : one->r;
                memcpy(good, place, 32);
                memcpy(place, bad[i], 32);
                size_t len = write_aggregates(bytes, m, a);
                memcpy(place, good, 32);
                assert_int_equal(tp_aggregates_read(&back, m, bytes, len, &fault), TP_MALFORMED);
            }
    }
}

/* Every D, T_G and T_R of a trustee's document. */
static void bad_shares(fixture *g, const tp_aggregates *a) {
    static uint8_t bytes[DOCUMENT], hash[32];
    static tp_point d[MOST_SETS * FIXTURE_POINTS];
    const tp_keys *keys = tp_ceremony_keys(g->board.ceremony);
    tp_scalar x[FIXTURE_POINTS];
    tp_fault fault;
    uint8_t random[32], good[32];
    tp_sha256(hash, bytes, write_aggregates(bytes, &g->manifest, a));
    fixture_random(g, random);
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    assert_int_equal(tp_ceremony_secret(x, g->board.ceremony, 1, g->seed[0], &fault), TP_OK);
    assert_int_equal(tp_shares_make(&w, &g->manifest, keys, a, hash, 1, x, random), TP_OK);
    assert_int_equal(tp_shares_check(d, &g->manifest, keys, a, hash, 1, bytes, w.len, &fault),
                     TP_OK);
    for (size_t at = 66; at < w.len; at += 32) /* the responses too: no scalar encodes so */
        for (size_t i = 0; i < BAD; i++) {
            memcpy(good, bytes + at, 32);
            memcpy(bytes + at, bad[i], 32);
            assert_int_not_equal(
                tp_shares_check(d, &g->manifest, keys, a, hash, 1, bytes, w.len, &fault), TP_OK);
            assert_memory_equal(fault.code, "shares.", 7);
            memcpy(bytes + at, good, 32);
        }
}

static void test_count(void **state) {
    (void)state;
    fixture *g = calloc(1, sizeof *g);
    tp_aggregates a;
    fixture_init(g, NULL);
    fixture_closed(g);
    fixture_aggregate(g, &a);
    bad_aggregates(&g->manifest, &a);
    bad_shares(g, &a);
    tp_aggregates_free(&a);
    fixture_free(g);
    free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ballot),   cmocka_unit_test(test_registration),
        cmocka_unit_test(test_manifest), cmocka_unit_test(test_deal),
        cmocka_unit_test(test_count),
    };
    return cmocka_run_group_tests_name("attacks/b1_bad_encodings", tests, set_up, tear_down);
}
