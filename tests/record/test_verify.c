/* tp_verify on a whole small election: the honest record verifies at every stage, with the totals
 * that the voters chose; reports do not depend on threads; each rule broken is named.
 */
#include "tests/record/rig.h"
#include "tests/record/scratch.h"
#include "tests/support/support.h"

static const rig_plan small = {.voters = 24, .floor = 3};

static void assert_verdict(rig *g, const char *check, tp_verdict verdict) {
    tp_verification v;
    assert_int_equal(rig_verify(g, &v), TP_OK);
    assert_non_null(rig_check(&v, check));
    assert_int_equal(rig_check(&v, check)->verdict, verdict);
}

static void every_stage_verifies(void **state) {
    (void)state;
    rig g;
    rig_begin(&g, &small);
    rig_assert_good(&g);
    assert_verdict(&g, "ceremony", TP_NOT_YET);
    rig_ceremony(&g);
    assert_verdict(&g, "keys", TP_PASS);
    assert_verdict(&g, "registrations", TP_NOT_YET);
    rig_enrol(&g);
    assert_verdict(&g, "registrations", TP_PASS);
    assert_verdict(&g, "ballots", TP_NOT_YET);
    rig_open(&g);
    rig_batch(&g);
    rig_assert_good(&g);
    for (size_t i = 0; i < 20; i++)
        rig_vote(&g, i, (unsigned)i);
    rig_batch(&g);
    assert_verdict(&g, "ballots", TP_PASS);
    assert_verdict(&g, "aggregates", TP_NOT_YET);
    rig_close(&g);
    rig_batch(&g);
    rig_assert_good(&g);
    rig_freeze(&g);
    assert_verdict(&g, "aggregates", TP_PASS);
    assert_verdict(&g, "shares", TP_NOT_YET);
    rig_share(&g, 4, false);
    assert_verdict(&g, "shares", TP_NOT_YET);
    rig_share(&g, 2, false);
    assert_verdict(&g, "totals", TP_PASS);
    assert_verdict(&g, "results", TP_NOT_YET);
    rig_publish(&g);
    assert_verdict(&g, "results", TP_PASS);
    rig_free(&g);
}

/* ---- totals ---- */

/* Votes of an option over all rows of results.csv. */
static unsigned votes_in(const char *csv, const char *contest, unsigned number) {
    unsigned sum = 0;
    for (const char *line = csv; (line = strchr(line, '\n')) && line[1];) {
        char id[32];
        unsigned n, votes;
        const char *end = strchr(++line, '\n');
        assert_non_null(end);
        const char *last = end;
        while (last[-1] != ',')
            last--;
        assert_int_equal(sscanf(line, "%31[^,],%u", id, &n), 2);
        assert_int_equal(sscanf(last, "%u", &votes), 1);
        if (!strcmp(id, contest) && n == number) sum += votes;
    }
    return sum;
}

static void results_are_what_was_chosen(void **state) {
    (void)state;
    static const rig_plan plan = {.voters = 60, .floor = 4};
    rig g;
    tp_verification v;
    rig_whole(&g, &plan);
    char *csv = strndup((const char *)g.csv.p, g.csv.len);
    unsigned counted = 0;
    for (size_t o = 0; o < 8; o++) {
        unsigned want = 0;
        for (size_t i = 0; i < plan.voters; i++) {
            const rig_voter *w = &g.voters[i];
            if (w->sequence && !w->cancelled && !w->excluded) want += w->choices[o];
        }
        assert_int_equal(
            votes_in(csv, o < 5 ? "board" : "question", (unsigned)(o < 5 ? o : o - 5) + 1), want);
        counted += want;
    }
    assert_true(counted > 60);
    assert_int_equal(rig_verify(&g, &v), TP_OK);
    assert_int_equal(v.count, 18);
    for (size_t i = 0; i < v.count; i++)
        assert_int_equal(v.checks[i].verdict, TP_PASS);
    assert_string_equal(rig_check(&v, "reconciliation")->detail,
                        "65 ballots = 10 replaced + 1 voided + 1 excluded + 53 counted");
    free(csv);
    rig_free(&g);
}

/* An exclusion holds for the voter: what is cast after it does not count either. */
static void exclusion_stays(void **state) {
    (void)state;
    rig g;
    tp_verification v;
    rig_begin(&g, &small);
    rig_ceremony(&g);
    rig_enrol(&g);
    rig_open(&g);
    for (size_t i = 0; i < 20; i++)
        rig_vote(&g, i, 1);
    rig_batch(&g);
    rig_exclude(&g, 4);
    rig_vote(&g, 4, 2);
    rig_batch(&g);
    assert_int_equal(rig_verify(&g, &v), TP_OK);
    assert_string_equal(rig_check(&v, "reconciliation")->detail,
                        "21 ballots = 1 replaced + 0 voided + 1 excluded + 19 counted");
    rig_free(&g);
}

/* ---- broken rules ---- */

static void opened(rig *g) {
    rig_begin(g, &small);
    rig_ceremony(g);
    rig_enrol(g);
    rig_open(g);
    for (size_t i = 0; i < 4; i++)
        rig_vote(g, i, 1);
    rig_batch(g);
}

static void push_last(rig *g, rig_bytes b) {
    rig_push(g, b.p, b.len);
    free(b.p);
}

static void assert_last_fails(rig *g, const char *check, const char *code) {
    char entry[32];
    snprintf(entry, sizeof entry, "entry %zu", g->count - 1);
    rig_assert_fail(g, check, code, entry);
    g->count--;
    free(g->entries[g->count].p);
    rig_assert_good(g);
}

static void registered_twice(void **state) {
    (void)state;
    rig g;
    opened(&g);
    for (size_t i = 0; i < g.count; i++)
        if (g.entries[i].p[0] == TP_ENTRY_REGISTRATIONS) {
            rig_push(&g, g.entries[i].p, g.entries[i].len);
            break;
        }
    assert_last_fails(&g, "registrations", "registration.repeat");
    rig_free(&g);
}

static void forged_registration(void **state) {
    (void)state;
    rig g;
    uint8_t bytes[512], random[32];
    opened(&g);
    tp_registration r = {.registrars.count = 1};
    memcpy(r.credential, g.voters[0].key, 32);
    /* a good credential, signed by an officer instead of a registrar */
    rig_random_bytes(&g, random, 32);
    assert_int_equal(
        tp_registration_sign(&r.registrars.by[0], &r, g.m.fingerprint, 1, g.officer[0], random),
        TP_OK);
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    tp_write_u8(&w, TP_ENTRY_REGISTRATIONS);
    tp_registration_write(&w, &r);
    rig_push(&g, bytes, w.len);
    assert_last_fails(&g, "registrations", "registration.signature");
    rig_free(&g);
}

static rig_bytes cancel_entry(rig *g, const uint8_t credential[32]) {
    static uint8_t bytes[512];
    uint8_t random[32];
    tp_entry e = {.type = TP_ENTRY_CANCEL};
    e.u.cancel.reason = 1;
    e.u.cancel.time = g->time;
    memcpy(e.u.cancel.credential, credential, 32);
    rig_random_bytes(g, random, 32);
    assert_int_equal(tp_entry_sign(&e, g->m.fingerprint, 1, g->registrar[0], random), TP_OK);
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    assert_int_equal(tp_entry_write(&w, &e), TP_OK);
    rig_bytes b = {malloc(w.len), w.len};
    memcpy(b.p, bytes, w.len);
    return b;
}

static void cancels(void **state) {
    (void)state;
    rig g;
    uint8_t unknown[32] = {9};
    opened(&g);
    push_last(&g, cancel_entry(&g, unknown));
    assert_last_fails(&g, "cancels", "cancel.credential");
    rig_cancel(&g, 2);
    push_last(&g, cancel_entry(&g, g.voters[2].key));
    assert_last_fails(&g, "cancels", "cancel.repeat");
    push_last(&g, rig_ballot(&g, 2, 2, g.voters[2].tip, 1));
    assert_last_fails(&g, "ballots", "ballot.cancelled");
    rig_free(&g);
}

static void exclusions(void **state) {
    (void)state;
    rig g;
    uint8_t unknown[32] = {9}, old[32];
    opened(&g);
    push_last(&g, rig_act(&g, TP_ACT_EXCLUDE, unknown, g.time, 1));
    assert_last_fails(&g, "acts", "exclusion.ballot");
    memcpy(old, g.voters[0].tip, 32);
    rig_vote(&g, 0, 3);
    rig_batch(&g);
    push_last(&g, rig_act(&g, TP_ACT_EXCLUDE, old, g.time, 1)); /* it was replaced */
    assert_last_fails(&g, "acts", "exclusion.ballot");
    rig_exclude(&g, 0);
    push_last(&g, rig_act(&g, TP_ACT_EXCLUDE, g.voters[0].tip, g.time, 1));
    assert_last_fails(&g, "acts", "exclusion.repeat");
    rig_free(&g);
}

static void stranger_votes(void **state) {
    (void)state;
    rig g;
    uint8_t seed[64] = {3}, none[32] = {0};
    opened(&g);
    rig_voter known = g.voters[6];
    assert_int_equal(tp_keypair(&g.voters[6].secret, g.voters[6].key, seed), TP_OK);
    push_last(&g, rig_ballot(&g, 6, 1, none, 1));
    g.voters[6] = known;
    assert_last_fails(&g, "ballots", "ballot.credential");
    rig_free(&g);
}

/* More credentials than people on the unit's roll. */
static void over_the_roll(void **state) {
    (void)state;
    static const rig_plan plan = {.voters = 24, .floor = 3, .registered = 2};
    rig g;
    rig_begin(&g, &plan);
    rig_ceremony(&g);
    rig_enrol(&g);
    rig_assert_fail(&g, "reconciliation", "reconciliation.roll", "unit");
    rig_roll(&g);
    rig_assert_fail(&g, "reconciliation", "reconciliation.roll", "unit");
    rig_free(&g);
}

static void bad_ballot_in_the_middle(void **state) {
    (void)state;
    rig g;
    opened(&g);
    for (size_t i = 4; i < 20; i++)
        rig_vote(&g, i, 1);
    rig_batch(&g);
    size_t at = rig_find(&g, 9, 1);
    char entry[32];
    snprintf(entry, sizeof entry, "entry %zu", at);
    g.entries[at].p[g.entries[at].len - 1] ^= 1; /* of the signature's z */
    tp_verification v;
    assert_int_not_equal(rig_verify(&g, &v), TP_OK);
    assert_string_equal(rig_fail(&v)->check, "ballots");
    assert_int_equal(strncmp(rig_fail(&v)->fault.where, entry, strlen(entry)), 0);
    rig_free(&g);
}

/* Without proofs the same board is accepted only as far as it was looked at. */
static void trusting_says_so(void **state) {
    (void)state;
    rig g;
    opened(&g);
    size_t at = rig_find(&g, 1, 1);
    g.entries[at].p[g.entries[at].len - 70] ^= 1; /* of the last proof */
    char *dir = scratch_folder();
    tp_verification v;
    tp_replay_options o = {.threads = 2, .trusting = true};
    rig_write(&g, dir);
    tp_err err = tp_verify(&v, dir, NULL, &o);
    if (err) { /* the order of hashes may have broken */
        assert_string_equal(rig_fail(&v)->check, "batches");
    } else {
        assert_int_equal(rig_check(&v, "ballots")->verdict, TP_NOT_YET);
    }
    assert_int_not_equal(tp_verify(&v, dir, NULL, &rig_options), TP_OK);
    scratch_remove(dir);
    rig_free(&g);
}

/* The sums gathered while ballots are checked, less those that do not count, are the sums of the
 * counted ballots decoded anew (as without proofs). */
static void both_sums_are_equal(void **state) {
    (void)state;
    rig g;
    rig_whole(&g, &(rig_plan){.voters = 24, .floor = 2});
    char *dir = scratch_folder();
    rig_write(&g, dir);
    for (int way = 0; way < 3; way++) {
        tp_verification v;
        tp_replay_options o = {.threads = 3, .trusting = way > 0, .counting = way == 2};
        assert_int_equal(tp_verify(&v, dir, NULL, &o), TP_OK);
        assert_int_equal(rig_check(&v, "aggregates")->verdict, TP_PASS);
        assert_int_equal(rig_check(&v, "results")->verdict, TP_PASS);
        assert_null(strstr(rig_check(&v, "reconciliation")->detail, " 0 "));
    }
    scratch_remove(dir);
    rig_free(&g);
}

/* ---- what was checked earlier ---- */

/* A record with ballots, replayed; what is remembered of it. */
static void checked_once(rig *g, tp_remembered *m, bool write_sums) {
    char *dir = scratch_folder();
    tp_verification v;
    tp_replay_options o = {.threads = 2, .remember = m};
    opened(g);
    for (size_t i = 4; i < 12; i++)
        rig_vote(g, i, 1);
    rig_batch(g);
    rig_write(g, dir);
    assert_int_equal(tp_verify(&v, dir, NULL, &o), TP_OK);
    assert_null(strstr(rig_check(&v, "ballots")->detail, "earlier"));
    assert_int_equal(m->size, g->count);
    assert_true(m->count > 0);
    if (!write_sums) m->count = 0;
    scratch_remove(dir);
}

static tp_err verify_on(rig *g, tp_verification *v, tp_remembered *m) {
    char *dir = scratch_folder();
    tp_replay_options o = {.threads = 2, .remember = m};
    rig_write(g, dir);
    tp_err err = tp_verify(v, dir, NULL, &o);
    scratch_remove(dir);
    return err;
}

/* The record goes on: only what is new is checked, and it counts up to the same sums, with those
 * that were kept and without. spec: Y-20 */
static void goes_on_from_what_was_checked(void **state) {
    (void)state;
    for (int sums = 0; sums < 2; sums++) {
        rig g;
        tp_remembered m = {0};
        tp_verification v;
        checked_once(&g, &m, sums);
        rig_vote(&g, 4, 2); /* again */
        for (size_t i = 12; i < 20; i++)
            rig_vote(&g, i, 2);
        rig_batch(&g);
        rig_close(&g);
        rig_freeze(&g);
        rig_share(&g, 1, false);
        rig_share(&g, 3, false);
        rig_publish(&g);
        char before[64];
        snprintf(before, sizeof before, "those before entry %zu checked earlier", (size_t)m.size);
        assert_int_equal(verify_on(&g, &v, &m), TP_OK);
        assert_non_null(strstr(rig_check(&v, "ballots")->detail, before));
        assert_int_equal(rig_check(&v, "aggregates")->verdict, TP_PASS);
        assert_int_equal(rig_check(&v, "results")->verdict, TP_PASS);
        assert_int_equal(m.size, g.count);
        assert_int_equal(verify_on(&g, &v, &m), TP_OK); /* nothing is new */
        tp_remembered_free(&m);
        rig_free(&g);
    }
}

/* Changes the last byte of a ballot's signature: under rig_write the tree is one of that ballot. */
static void forge(rig *g, size_t voter) {
    size_t at = rig_find(g, voter, 1);
    g->entries[at].p[g->entries[at].len - 1] ^= 1;
}

/* Another log under a remembered size is no log that was checked; nor is a bad ballot that came
 * later passed over. What is left of a failed check is what there was. spec: Y-20 */
static void another_log_is_checked_whole(void **state) {
    (void)state;
    rig g;
    tp_remembered m = {0};
    tp_verification v;
    checked_once(&g, &m, true);
    uint64_t size = m.size;
    forge(&g, 5);
    assert_int_not_equal(verify_on(&g, &v, &m), TP_OK);
    assert_string_equal(rig_fail(&v)->check, "ballots");
    assert_int_equal(m.size, size);
    forge(&g, 5); /* as it was */
    for (size_t i = 12; i < 20; i++)
        rig_vote(&g, i, 2);
    rig_batch(&g);
    forge(&g, 15);
    assert_int_not_equal(verify_on(&g, &v, &m), TP_OK);
    assert_string_equal(rig_fail(&v)->check, "ballots");
    tp_remembered_free(&m);
    rig_free(&g);
}

/* A root that is not this log's, or a size beyond it: everything is checked. */
static void foreign_memory_is_not_used(void **state) {
    (void)state;
    rig g;
    tp_remembered m = {0};
    tp_verification v;
    checked_once(&g, &m, true);
    for (int i = 0; i < 2; i++) {
        if (i)
            m.size++;
        else
            m.root[3] ^= 1;
        assert_int_equal(verify_on(&g, &v, &m), TP_OK);
        assert_null(strstr(rig_check(&v, "ballots")->detail, "earlier"));
    }
    tp_remembered_free(&m);
    rig_free(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_stage_verifies),
        cmocka_unit_test(results_are_what_was_chosen),
        cmocka_unit_test(exclusion_stays),
        cmocka_unit_test(registered_twice),
        cmocka_unit_test(forged_registration),
        cmocka_unit_test(cancels),
        cmocka_unit_test(exclusions),
        cmocka_unit_test(stranger_votes),
        cmocka_unit_test(over_the_roll),
        cmocka_unit_test(bad_ballot_in_the_middle),
        cmocka_unit_test(trusting_says_so),
        cmocka_unit_test(both_sums_are_equal),
        cmocka_unit_test(goes_on_from_what_was_checked),
        cmocka_unit_test(another_log_is_checked_whole),
        cmocka_unit_test(foreign_memory_is_not_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
