/* F5: which ballot is the last is the voter's word, not the server's. Sequence and previous hash
 * are under the voter's signature, so replays, gaps, forks and re-ordering are refused. */
#include "tests/election/fixture.h"

static fixture *f;

static void rule(const tp_credential *c, const uint8_t *bytes, size_t len, const char *code) {
    tp_ballot b;
    tp_fault fault = {.code = ""};
    tp_err err = tp_ballot_read(&b, &f->styles.list[0], bytes, len, &fault);
    if (err == TP_OK) err = tp_cast_rule(c, &b, &fault);
    assert_int_equal(err, code[0] ? TP_REFUSED : TP_OK);
    assert_string_equal(fault.code, code);
}

static void advance(tp_credential *c, const uint8_t *bytes, size_t len) {
    c->sequence++;
    tp_ballot_hash(c->tip, bytes, len);
}

static void test_chain(void **state) {
    (void)state;
    static uint8_t ballot[3][FIXTURE_BALLOT], fork[FIXTURE_BALLOT];
    const uint8_t a[FIXTURE_CHOICES] = {1, 0, 0, 1}, b[FIXTURE_CHOICES] = {0, 1, 0, 1};
    f = calloc(1, sizeof *f);
    fixture_init(f, NULL);
    fixture_ceremony(f);
    tp_credential *mine = &f->voters[0].credential, server = *mine;
    size_t len = fixture_seal(f, ballot[0], 0, a);
    fixture_seal(f, fork, 0, b); /* number 1, twice */
    advance(mine, ballot[0], len);
    fixture_seal(f, ballot[1], 0, b);
    advance(mine, ballot[1], len);
    fixture_seal(f, ballot[2], 0, a);
    rule(&server, ballot[1], len, "ballot.sequence"); /* re-ordered: a gap */
    rule(&server, ballot[0], len, "");
    advance(&server, ballot[0], len);
    rule(&server, ballot[0], len, "ballot.sequence"); /* replayed */
    rule(&server, fork, len, "ballot.sequence");      /* the other number 1 */
    rule(&server, ballot[2], len, "ballot.sequence"); /* ballot 2 dropped */
    rule(&server, ballot[1], len, "");
    /* had the server recorded the fork, the voter's next ballot would not fit it */
    tp_credential forked = f->voters[0].credential;
    forked.sequence = 0;
    memset(forked.tip, 0, 32);
    advance(&forked, fork, len);
    rule(&forked, ballot[1], len, "ballot.previous");
    /* the number cannot be rewritten: it is signed */
    const tp_ballot_style *s = &f->styles.list[0];
    ballot[2][67] = 2;
    const uint8_t *list[1] = {ballot[2]};
    tp_err result;
    const char *code;
    void *scratch = aligned_alloc(64, (tp_ballot_verify_scratch(s, 1) + 127) / 64 * 64);
    assert_int_equal(tp_ballots_verify_var(&result, &code, s, list, 1, scratch), TP_INVALID);
    free(scratch);
    fixture_free(f);
    free(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_chain)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
