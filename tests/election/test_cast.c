/* Ballots: sealing, reading, checking, names. spec: C-1..C-13 */
#include "tests/election/fixture.h"

static fixture *f;

static int set_up(void **state) {
    (void)state;
    f = calloc(1, sizeof *f);
    fixture_init(f, NULL);
    fixture_ceremony(f);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    fixture_free(f);
    free(f);
    return 0;
}

static const uint8_t some_choices[FIXTURE_CHOICES] = {0, 1, 0, 1, 0, 0, 0, 1};

/* One ballot, alone: its error class; *code. */
static tp_err verify(const tp_ballot_style *s, const uint8_t *bytes, const char **code) {
    tp_err result, err;
    void *scratch = aligned_alloc(64, (tp_ballot_verify_scratch(s, 1) + 127) / 64 * 64);
    err = tp_ballots_verify_var(&result, code, s, &bytes, 1, scratch);
    free(scratch);
    assert_int_equal(err, result);
    return err;
}

static void test_right(void **state) {
    (void)state;
    uint8_t bytes[FIXTURE_BALLOT];
    const char *code;
    for (size_t v = 0; v < 3; v++) {
        const tp_credential *c = &f->voters[v].credential;
        const tp_ballot_style *s = &f->styles.list[c->style];
        size_t len = fixture_seal(f, bytes, v, some_choices);
        tp_ballot b;
        tp_fault fault;
        assert_int_equal(tp_ballot_read(&b, s, bytes, len, &fault), TP_OK);
        assert_memory_equal(b.credential, c->key, 32);
        assert_int_equal(b.sequence, 1);
        assert_int_equal(b.unit, v % 3);
        assert_int_equal(b.style, c->style);
        assert_ptr_equal(b.contests, bytes + TP_BALLOT_HEAD);
        assert_ptr_equal(b.signature, bytes + len - 64);
        assert_int_equal(verify(s, bytes, &code), TP_OK);
        assert_string_equal(code, "");
    }
}

/* Every pattern that the contests allow, and none other. C9: one length. */
static void test_choices(void **state) {
    (void)state;
    const tp_ballot_style *s = &f->styles.list[0];
    const fixture_voter *v = &f->voters[0];
    uint8_t bytes[FIXTURE_BALLOT], zero[FIXTURE_BALLOT] = {0}, random[32] = {7};
    size_t len = tp_ballot_size(s);
    void *scratch = aligned_alloc(64, (tp_ballot_seal_scratch(s) + 127) / 64 * 64);
    const char *code;
    for (unsigned pattern = 0; pattern < 256; pattern++) {
        uint8_t choices[FIXTURE_CHOICES];
        for (unsigned i = 0; i < 8; i++)
            choices[i] = pattern >> i & 1;
        int chair = choices[0] + choices[1] + choices[2];
        int council = choices[3] + choices[4] + choices[5] + choices[6] + choices[7];
        bool good = chair <= 1 && council >= 1 && council <= 2;
        tp_err err = tp_ballot_seal(bytes, s, &v->secret, v->credential.key, 0, 1,
                                    v->credential.tip, choices, random, scratch);
        assert_int_equal(err, good ? TP_OK : TP_REFUSED);
        if (good && pattern % 7 == 0) assert_int_equal(verify(s, bytes, &code), TP_OK);
        if (!good) assert_memory_equal(bytes, zero, len);
    }
    uint8_t two[FIXTURE_CHOICES] = {0, 2, 0, 1};
    assert_int_equal(tp_ballot_seal(bytes, s, &v->secret, v->credential.key, 0, 1,
                                    v->credential.tip, two, random, scratch),
                     TP_REFUSED);
    free(scratch);
}

static void refused_at(size_t at, uint8_t value, tp_err err, const char *code) {
    const tp_ballot_style *s = &f->styles.list[0];
    uint8_t bytes[FIXTURE_BALLOT];
    size_t len = fixture_seal(f, bytes, 0, some_choices);
    tp_ballot b;
    tp_fault fault = {.code = ""};
    bytes[at] = value;
    assert_int_equal(tp_ballot_read(&b, s, bytes, len, &fault), err);
    assert_string_equal(fault.code, code);
}

/* spec: C-5, C-6 */
static void test_read(void **state) {
    (void)state;
    const tp_ballot_style *s = &f->styles.list[0];
    uint8_t bytes[FIXTURE_BALLOT];
    size_t len = fixture_seal(f, bytes, 0, some_choices);
    tp_ballot b;
    tp_fault fault;
    for (size_t cut = 0; cut < len; cut += 13)
        assert_int_equal(tp_ballot_read(&b, s, bytes, cut, &fault), TP_MALFORMED);
    assert_int_equal(tp_ballot_read(&b, s, bytes, len + 1, &fault), TP_MALFORMED);
    assert_string_equal(fault.code, "ballot.length");
    refused_at(0, (uint8_t)(f->manifest.fingerprint[0] ^ 1), TP_REFUSED, "ballot.fingerprint");
    refused_at(67, 0, TP_REFUSED, "ballot.sequence"); /* sequence 0 */
    refused_at(67, 2, TP_REFUSED, "ballot.previous"); /* sequence 2, previous zero */
    refused_at(80, 1, TP_REFUSED, "ballot.previous"); /* sequence 1, previous set */
    refused_at(103, 1, TP_REFUSED, "ballot.style");
    refused_at(101, 1, TP_OK, ""); /* the unit is another's rule */
}

/* Every 8th bit position of every byte range is covered by some check. */
static void test_flips(void **state) {
    (void)state;
    const tp_ballot_style *s = &f->styles.list[0];
    uint8_t bytes[FIXTURE_BALLOT];
    size_t len = fixture_seal(f, bytes, 0, some_choices);
    const char *code;
    for (size_t i = 0; i < len; i += i < TP_BALLOT_HEAD ? 1 : 5) {
        bytes[i] ^= (uint8_t)(1u << i % 8);
        assert_int_not_equal(verify(s, bytes, &code), TP_OK);
        assert_memory_equal(code, "ballot.", 7);
        bytes[i] ^= (uint8_t)(1u << i % 8);
    }
    assert_int_equal(verify(s, bytes, &code), TP_OK);
}

/* Each fault under its own name. spec: C-8 */
static void test_names(void **state) {
    (void)state;
    const tp_ballot_style *s = &f->styles.list[0];
    uint8_t bytes[FIXTURE_BALLOT], kept[FIXTURE_BALLOT];
    size_t len = fixture_seal(f, kept, 0, some_choices);
    size_t first = TP_BALLOT_HEAD,
           scalars = first + 32 * tp_sum_encoded_points(&s->contests[0].shape);
    const char *code;
    memcpy(bytes, kept, len);
    memset(bytes + first, 0xff, 32);
    assert_int_equal(verify(s, bytes, &code), TP_MALFORMED);
    assert_string_equal(code, "ballot.point");
    memcpy(bytes, kept, len);
    memset(bytes + first, 0, 32); /* R = identity: a ballot in clear */
    assert_int_equal(verify(s, bytes, &code), TP_MALFORMED);
    assert_string_equal(code, "ballot.point");
    memcpy(bytes, kept, len);
    memset(bytes + scalars + 32, 0xff, 32);
    assert_int_equal(verify(s, bytes, &code), TP_MALFORMED);
    assert_string_equal(code, "ballot.scalar");
    memcpy(bytes, kept, len);
    bytes[scalars + 32] ^= 1;
    assert_int_equal(verify(s, bytes, &code), TP_INVALID);
    assert_string_equal(code, "ballot.proof");
    memcpy(bytes, kept, len);
    bytes[len - 32] ^= 1;
    assert_int_equal(verify(s, bytes, &code), TP_INVALID);
    assert_string_equal(code, "ballot.signature");
    memcpy(bytes, kept, len);
    bytes[103] ^= 1;
    assert_int_equal(verify(s, bytes, &code), TP_REFUSED);
    assert_string_equal(code, "ballot.style");
}

/* A batch names the bad ones and no other. */
static void test_batch(void **state) {
    (void)state;
    enum { N = 9 };
    const tp_ballot_style *s = &f->styles.list[0];
    static uint8_t bytes[N][FIXTURE_BALLOT];
    const uint8_t *list[N];
    tp_err result[N];
    const char *code[N];
    for (size_t i = 0; i < N; i++) {
        fixture_seal(f, bytes[i], i / 2 * 3 + i % 2, some_choices); /* units 0 and 1 */
        list[i] = bytes[i];
    }
    void *scratch = aligned_alloc(64, (tp_ballot_verify_scratch(s, N) + 127) / 64 * 64);
    assert_int_equal(tp_ballots_verify_var(result, code, s, list, N, scratch), TP_OK);
    bytes[2][200] ^= 1;
    bytes[7][tp_ballot_size(s) - 1] ^= 1;
    bytes[8][0] ^= 1;
    assert_int_not_equal(tp_ballots_verify_var(result, code, s, list, N, scratch), TP_OK);
    for (size_t i = 0; i < N; i++) {
        bool bad = i == 2 || i == 7 || i == 8;
        assert_int_equal(result[i] != TP_OK, bad);
        assert_int_equal(code[i][0] != 0, bad);
    }
    assert_string_equal(code[7], "ballot.signature");
    assert_string_equal(code[8], "ballot.fingerprint");
    assert_int_equal(tp_ballots_verify_var(result, code, s, list, 0, scratch), TP_OK);
    free(scratch);
}

/* More ballots than one multiplication takes, with hints of every sort, and a bad one at the end.
 */
static size_t taken;

static void count_points(void *ctx, const uint8_t *ballot, const tp_point *points) {
    uint8_t r[32];
    tp_points_encode(&r, points, 1);
    assert_memory_equal(r, ballot + TP_BALLOT_HEAD, 32);
    assert_ptr_equal(ctx, &taken);
    taken++;
}

static void test_many(void **state) {
    (void)state;
    enum { N = 520 };
    const tp_ballot_style *s = &f->styles.list[0];
    static uint8_t bytes[2][FIXTURE_BALLOT];
    static const uint8_t *list[N], *hints[N];
    static tp_err result[N];
    static const char *code[N];
    size_t points = tp_ballot_points(s);
    uint8_t(*good)[32] = calloc(points, 32), (*wrong)[32] = calloc(points, 32);
    fixture_seal(f, bytes[0], 0, some_choices);
    memcpy(bytes[1], bytes[0], FIXTURE_BALLOT);
    bytes[1][tp_ballot_size(s) - 32] ^= 1;
    assert_int_equal(tp_ballot_hints_var(good, s, bytes[0]), TP_OK);
    for (size_t i = 0; i < N; i++) {
        list[i] = bytes[0];
        hints[i] = i % 3 == 0 ? good[0] : i % 3 == 1 ? wrong[0] : NULL;
    }
    void *scratch = aligned_alloc(64, (tp_ballot_verify_scratch(s, N) + 127) / 64 * 64);
    const tp_ballots_sink sink = {count_points, &taken};
    taken = 0;
    assert_int_equal(tp_ballots_verify_more_var(result, code, s, list, hints, N, &sink, scratch),
                     TP_OK);
    assert_int_equal(taken, N);
    list[N - 1] = bytes[1];
    for (int with = 0; with < 2; with++) {
        taken = 0;
        tp_err err = tp_ballots_verify_more_var(result, code, s, list, with ? hints : NULL, N,
                                                &sink, scratch);
        assert_int_equal(err, TP_INVALID);
        assert_int_equal(taken, N - 1);
        for (size_t i = 0; i < N; i++)
            assert_int_equal(result[i], i == N - 1 ? TP_INVALID : TP_OK);
        assert_string_equal(code[N - 1], "ballot.signature");
    }
    memset(bytes[1] + TP_BALLOT_HEAD, 0xff, 32);
    assert_int_equal(tp_ballot_hints_var(wrong, s, bytes[1]), TP_MALFORMED);
    free(scratch), free(good), free(wrong);
}

/* What the next ballot follows: this credential's, this number, this hash, this signature. C-13 */
static void test_tip(void **state) {
    (void)state;
    uint8_t entry[1 + FIXTURE_BALLOT] = {TP_ENTRY_BALLOT};
    size_t len = 1 + fixture_seal(f, entry + 1, 1, some_choices);
    tp_tip tip = {.sequence = 1}, other;
    memcpy(tip.fingerprint, f->manifest.fingerprint, 32);
    memcpy(tip.credential, f->voters[1].credential.key, 32);
    tp_ballot_hash(tip.hash, entry + 1, len - 1);
    assert_int_equal(tp_tip_check_var(&tip, entry, len), TP_OK);
    assert_int_equal(tp_tip_check_var(&tip, entry, len - 1), TP_REFUSED);
    for (size_t cut = 0; cut <= 1 + TP_BALLOT_HEAD + 64; cut += 13)
        assert_int_equal(tp_tip_check_var(&tip, entry, cut), TP_MALFORMED);
    other = tip, other.sequence = 2;
    assert_int_equal(tp_tip_check_var(&other, entry, len), TP_REFUSED);
    other = tip, other.hash[31] ^= 1;
    assert_int_equal(tp_tip_check_var(&other, entry, len), TP_REFUSED);
    other = tip, memcpy(other.credential, f->voters[2].credential.key, 32);
    assert_int_equal(tp_tip_check_var(&other, entry, len), TP_REFUSED);
    other = tip, other.fingerprint[0] ^= 1;
    assert_int_equal(tp_tip_check_var(&other, entry, len), TP_MALFORMED);
    entry[0] = TP_ENTRY_BATCH;
    assert_int_equal(tp_tip_check_var(&tip, entry, len), TP_MALFORMED);
    entry[0] = TP_ENTRY_BALLOT;
    for (size_t at = 1 + TP_BALLOT_HEAD; at < len; at += 97) { /* made up by someone else */
        entry[at] ^= 1;
        tp_ballot_hash(tip.hash, entry + 1, len - 1);
        assert_int_not_equal(tp_tip_check_var(&tip, entry, len), TP_OK);
        entry[at] ^= 1;
    }
}

static void test_promise(void **state) {
    (void)state;
    tp_promise p = {.sequence = 0x01020304, .deadline = 0x0506};
    uint8_t out[TP_PROMISE_SIGNED], fingerprint[32];
    memset(fingerprint, 0xaa, 32);
    memset(p.ballot_hash, 0xbb, 32);
    memset(p.credential, 0xcc, 32);
    tp_promise_signed_bytes(out, &p, fingerprint);
    assert_memory_equal(out, "tapat-v1 promise", 16);
    assert_memory_equal(out + 16, fingerprint, 32);
    assert_memory_equal(out + 48, p.ballot_hash, 32);
    assert_memory_equal(out + 80, p.credential, 32);
    assert_memory_equal(out + 112, "\1\2\3\4\0\0\0\0\0\0\5\6", 12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right), cmocka_unit_test(test_choices), cmocka_unit_test(test_read),
        cmocka_unit_test(test_flips), cmocka_unit_test(test_names),   cmocka_unit_test(test_batch),
        cmocka_unit_test(test_many),  cmocka_unit_test(test_promise), cmocka_unit_test(test_tip),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
