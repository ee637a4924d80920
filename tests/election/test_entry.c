/* Entries: inverses, lengths, flipped bits, signatures. spec: N-1..N-9 */
#include "tests/election/fixture.h"

static fixture *f;

static int set_up(void **state) {
    (void)state;
    f = calloc(1, sizeof *f);
    fixture_init(f, NULL);
    fixture_ceremony(f);
    fixture_enrol(f, 3);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    fixture_free(f);
    free(f);
    return 0;
}

/* One entry of every kind; those not on the fixture's board are made here. */
static size_t sample(uint8_t *out, tp_entry_type type) {
    static uint8_t shares[FIXTURE_POINTS * 32];
    tp_writer w = tp_writer_of(out, TP_MAX_ENTRY);
    tp_entry e = {.type = type};
    uint8_t random[32];
    for (size_t i = 0; i < f->count; i++)
        if (f->entries[i].bytes[0] == type) {
            memcpy(out, f->entries[i].bytes, f->entries[i].len);
            return f->entries[i].len;
        }
    fixture_random(f, random);
    if (type == TP_ENTRY_COMPLAINT) e.u.complaint.dealer = 2;
    if (type == TP_ENTRY_OPENING) {
        e.u.opening.complainant = 3;
        e.u.opening.shares = shares;
        e.u.opening.len = sizeof shares;
    }
    if (type == TP_ENTRY_SHARES) e.u.document.len = 1000;
    if (type == TP_ENTRY_BALLOT) {
        e.u.ballot.bytes = shares;
        e.u.ballot.len = sizeof shares;
    }
    if (type == TP_ENTRY_BATCH) e.u.batch.number = 7;
    static uint8_t units[FIXTURE_UNITS * TP_UNIT_ROLL_LEN];
    if (type == TP_ENTRY_ROLL) {
        fixture_sign_roll(f, &e, units);
    } else if (type == TP_ENTRY_CHANGES) {
        static const uint8_t list[3 * TP_ROLL_CHANGE_LEN] = {1, 2, 3};
        fixture_sign_changes(f, &e, list, 3);
    } else if (type == TP_ENTRY_CANCEL) {
        e.u.cancel.time = 9;
        tp_err err = tp_entry_sign(&e, f->manifest.fingerprint, 1, f->registrar[0], random);
        assert_int_equal(err, TP_OK);
    } else if (type == TP_ENTRY_COMPLAINT || type == TP_ENTRY_OPENING || type == TP_ENTRY_SHARES) {
        fixture_sign_trustee(f, &e, 1);
    }
    assert_int_equal(tp_entry_write(&w, &e), TP_OK);
    return w.len;
}

static void test_inverse(void **state) {
    (void)state;
    static uint8_t bytes[TP_MAX_ENTRY + 1], again[TP_MAX_ENTRY];
    for (int type = TP_ENTRY_MANIFEST; type <= TP_ENTRY_CHANGES; type++) {
        tp_entry e;
        tp_fault fault;
        size_t len = sample(bytes, (tp_entry_type)type);
        tp_writer w = tp_writer_of(again, sizeof again);
        assert_int_equal(tp_entry_read(&e, bytes, len, &fault), TP_OK);
        assert_int_equal(e.type, type);
        assert_int_equal(tp_entry_write(&w, &e), TP_OK);
        assert_int_equal(w.len, len);
        assert_memory_equal(again, bytes, len);
        assert_int_equal(tp_entry_verify(&f->manifest, &e, &fault), TP_OK);
    }
}

/* What parses after a change is written back unchanged; no length but the right one parses where
 * the length is fixed. */
static void test_canonical(void **state) {
    (void)state;
    static uint8_t bytes[TP_MAX_ENTRY + 1], again[TP_MAX_ENTRY];
    uint64_t seed = 5;
    for (int type = TP_ENTRY_MANIFEST; type <= TP_ENTRY_CHANGES; type++) {
        size_t len = sample(bytes, (tp_entry_type)type);
        for (int round = 0; round < 300; round++) {
            tp_entry e;
            tp_fault fault;
            size_t at = test_random(&seed) % len, cut = round % 3 ? len : test_random(&seed) % len;
            uint8_t bit = (uint8_t)(1u << test_random(&seed) % 8);
            bytes[at] ^= bit;
            if (tp_entry_read(&e, bytes, cut, &fault) == TP_OK) {
                tp_writer w = tp_writer_of(again, sizeof again);
                assert_int_equal(tp_entry_write(&w, &e), TP_OK);
                assert_int_equal(w.len, cut);
                assert_memory_equal(again, bytes, cut);
            }
            bytes[at] ^= bit;
        }
    }
}

static void test_lengths(void **state) {
    (void)state;
    static const tp_entry_type fixed[] = {
        TP_ENTRY_MANIFEST, TP_ENTRY_ACT,   TP_ENTRY_COMMIT, TP_ENTRY_COMPLAINT, TP_ENTRY_CONFIRM,
        TP_ENTRY_CANCEL,   TP_ENTRY_BATCH, TP_ENTRY_SHARES, TP_ENTRY_ROLL,      TP_ENTRY_CHANGES};
    static uint8_t bytes[TP_MAX_ENTRY + 1];
    tp_entry e;
    tp_fault fault;
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        size_t len = sample(bytes, fixed[i]);
        bytes[len] = 0;
        for (size_t cut = 0; cut < len; cut++)
            assert_int_equal(tp_entry_read(&e, bytes, cut, &fault), TP_MALFORMED);
        assert_int_equal(tp_entry_read(&e, bytes, len + 1, &fault), TP_MALFORMED);
    }
    memset(bytes, 0, sizeof bytes);
    assert_int_equal(tp_entry_read(&e, bytes, 10, &fault), TP_MALFORMED);
    assert_string_equal(fault.code, "entry.type");
    bytes[0] = TP_ENTRY_CHANGES + 1;
    assert_int_equal(tp_entry_read(&e, bytes, 10, &fault), TP_MALFORMED);
    assert_string_equal(fault.code, "entry.type");
    bytes[0] = TP_ENTRY_BALLOT;
    assert_int_equal(tp_entry_read(&e, bytes, TP_MAX_ENTRY, &fault), TP_OK);
    /* a ballot's length is its style's: C-5 */
    assert_int_equal(tp_entry_read(&e, bytes, TP_MAX_ENTRY + 1, &fault), TP_OK);
    bytes[0] = TP_ENTRY_REGISTRATIONS;
    assert_int_equal(tp_entry_read(&e, bytes, TP_MAX_ENTRY, &fault), TP_OK);
    assert_int_equal(tp_entry_read(&e, bytes, TP_MAX_ENTRY + 1, &fault), TP_MALFORMED);
    assert_string_equal(fault.code, "entry.length");
}

/* Every bit of a signed entry matters. */
static void test_flips(void **state) {
    (void)state;
    static const tp_entry_type kinds[] = {TP_ENTRY_COMPLAINT, TP_ENTRY_ACT, TP_ENTRY_CANCEL,
                                          TP_ENTRY_ROLL, TP_ENTRY_CHANGES};
    static uint8_t bytes[TP_MAX_ENTRY];
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        size_t len = sample(bytes, kinds[k]);
        for (size_t i = 0; i < len; i++) {
            tp_entry e;
            tp_fault fault;
            bytes[i] ^= (uint8_t)(1u << i % 8);
            tp_err err = tp_entry_read(&e, bytes, len, &fault);
            if (err == TP_OK && e.type == kinds[k]) err = tp_entry_verify(&f->manifest, &e, &fault);
            if (err == TP_OK && e.type != kinds[k]) err = TP_MALFORMED;
            assert_int_not_equal(err, TP_OK);
            bytes[i] ^= (uint8_t)(1u << i % 8);
        }
    }
}

static void test_college(void **state) {
    (void)state;
    tp_entry e, one;
    tp_fault fault;
    uint8_t random[32] = {1};
    fixture_sign_act(f, &e, TP_ACT_CLOSE, NULL, 0);
    assert_int_equal(tp_entry_verify(&f->manifest, &e, &fault), TP_OK);
    assert_int_equal(tp_entry_sign(&e, f->manifest.fingerprint, 2, f->officer[1], random),
                     TP_REFUSED);
    one = e;
    one.college.count = 1;
    assert_int_equal(tp_entry_verify(&f->manifest, &one, &fault), TP_REFUSED);
    assert_string_equal(fault.code, "entry.quorum");
    one = e;
    one.college.by[1].signer = 3;
    assert_int_equal(tp_entry_verify(&f->manifest, &one, &fault), TP_REFUSED);
    assert_string_equal(fault.code, "entry.signer");
    one = e;
    memcpy(one.college.by[1].signature, e.college.by[0].signature, 64);
    assert_int_equal(tp_entry_verify(&f->manifest, &one, &fault), TP_INVALID);
    assert_string_equal(fault.code, "entry.signature");
    /* one signature twice is no quorum: not canonical */
    static uint8_t bytes[TP_MAX_ENTRY];
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    one = e;
    one.college.by[1] = one.college.by[0];
    assert_int_equal(tp_entry_write(&w, &one), TP_OK);
    assert_int_equal(tp_entry_read(&one, bytes, w.len, &fault), TP_MALFORMED);
    /* endorsements are put in order however they come */
    one = e;
    one.college.count = 0;
    assert_int_equal(tp_entry_sign(&one, f->manifest.fingerprint, 2, f->officer[1], random), TP_OK);
    assert_int_equal(tp_entry_sign(&one, f->manifest.fingerprint, 1, f->officer[0], random), TP_OK);
    assert_int_equal(one.college.by[0].signer, 1);
    assert_int_equal(tp_entry_verify(&f->manifest, &one, &fault), TP_OK);
    uint8_t zero[32] = {0};
    assert_int_equal(tp_entry_sign(&one, f->manifest.fingerprint, 1, zero, random), TP_MALFORMED);
}

/* A trustee's entry by another trustee, by none, or by an officer. E10 */
static void test_signer(void **state) {
    (void)state;
    tp_entry e = {.type = TP_ENTRY_COMPLAINT, .u.complaint.dealer = 2};
    tp_fault fault;
    uint8_t random[32] = {1};
    fixture_sign_trustee(f, &e, 1);
    assert_int_equal(tp_entry_verify(&f->manifest, &e, &fault), TP_OK);
    e.signer = 3;
    assert_int_equal(tp_entry_verify(&f->manifest, &e, &fault), TP_INVALID);
    assert_string_equal(fault.code, "entry.signature");
    e.signer = 0; /* the first is 1. spec: M-21 */
    assert_int_equal(tp_entry_verify(&f->manifest, &e, &fault), TP_REFUSED);
    assert_string_equal(fault.code, "entry.signer");
    e.signer = 4;
    assert_int_equal(tp_entry_verify(&f->manifest, &e, &fault), TP_REFUSED);
    assert_int_equal(tp_entry_sign(&e, f->manifest.fingerprint, 1, f->officer[0], random), TP_OK);
    assert_int_equal(tp_entry_verify(&f->manifest, &e, &fault), TP_INVALID);
}

/* Acts are a closed list, and only an exclusion has a reason. spec: N-5 */
static void test_acts(void **state) {
    (void)state;
    static uint8_t bytes[TP_MAX_ENTRY];
    tp_entry e, back;
    tp_fault fault;
    for (unsigned act = 0; act < 9; act++)
        for (uint16_t reason = 0; reason < 4; reason++) {
            fixture_sign_act(f, &e, TP_ACT_CLOSE, NULL, 0);
            e.u.act.act = (tp_act)act;
            e.u.act.reason = reason;
            tp_writer w = tp_writer_of(bytes, sizeof bytes);
            assert_int_equal(tp_entry_write(&w, &e), TP_OK);
            bool good = act >= TP_ACT_APPROVE && act <= TP_ACT_PUBLISH &&
                        (act == TP_ACT_EXCLUDE ? reason == 1 || reason == 2 : reason == 0);
            tp_err err = tp_entry_read(&back, bytes, w.len, &fault);
            assert_int_equal(err, good ? TP_OK : TP_MALFORMED);
        }
}

/* A second officer signs the act that it would draw up itself, and nothing else. spec: N-10 */
static void test_agreement(void **state) {
    (void)state;
    tp_entry own = {.type = TP_ENTRY_ACT}, draft;
    tp_fault fault;
    own.u.act.act = TP_ACT_EXCLUDE, own.u.act.reason = TP_EXCLUDE_COURT_ORDER;
    own.u.act.subject[31] = 7, own.u.act.time = 1000;
    for (int i = 0; i < 7; i++) {
        draft = own;
        draft.u.act.time = i == 1 ? 1300 : i == 2 ? 1301 : i == 3 ? UINT64_MAX : 10;
        if (i == 4) draft.u.act.act = TP_ACT_CLOSE;
        if (i == 5) draft.u.act.subject[31] = 8;
        if (i == 6) draft.u.act.reason = TP_EXCLUDE_VOTED_IN_PERSON;
        assert_int_equal(tp_act_agrees(&draft, &own, 1000, &fault), i < 2 ? TP_OK : TP_REFUSED);
        if (i >= 2) assert_string_equal(fault.code, i < 4 ? "board.time" : "board.subject");
    }
    draft.type = TP_ENTRY_CANCEL;
    assert_int_equal(tp_act_agrees(&draft, &own, 1000, &fault), TP_MALFORMED);
    own.type = draft.type = TP_ENTRY_BATCH;
    assert_int_equal(tp_act_agrees(&draft, &own, 1000, &fault), TP_MALFORMED);
    own.type = draft.type = TP_ENTRY_CANCEL;
    memset(&own.u, 0, sizeof own.u);
    own.u.cancel.time = 1000, own.u.cancel.reason = 1;
    for (int i = 0; i < 4; i++) {
        draft = own;
        draft.u.cancel.time = i == 1 ? 1301 : 10;
        if (i == 2) draft.u.cancel.credential[0] = 1;
        if (i == 3) draft.u.cancel.reason = 2;
        assert_int_equal(tp_act_agrees(&draft, &own, 1000, &fault), i ? TP_REFUSED : TP_OK);
    }
}

/* So it is with the roll's commitment and with its changes. spec: N-10 */
static void test_agreement_on_the_roll(void **state) {
    (void)state;
    static uint8_t rows[2][2 * TP_ROLL_CHANGE_LEN], units[2][2 * TP_UNIT_ROLL_LEN];
    tp_entry own = {.type = TP_ENTRY_CHANGES}, draft;
    tp_fault fault;
    own.u.changes.time = 1000, own.u.changes.count = 2, own.u.changes.list = rows[0];
    for (int i = 0; i < 4; i++) {
        draft = own;
        draft.u.changes.list = rows[1];
        rows[1][sizeof rows[1] - 1] = i == 3;
        if (i == 1) draft.u.changes.time = 1301;
        if (i == 2) draft.u.changes.count = 1;
        assert_int_equal(tp_act_agrees(&draft, &own, 1000, &fault), i ? TP_REFUSED : TP_OK);
    }
    own = (tp_entry){.type = TP_ENTRY_ROLL};
    own.u.roll.time = 1000, own.u.roll.leaves = 9, own.u.roll.unit_count = 2;
    own.u.roll.units = units[0];
    for (int i = 0; i < 6; i++) {
        draft = own;
        draft.u.roll.units = units[1];
        units[1][sizeof units[1] - 1] = i == 5;
        if (i == 1) draft.u.roll.time = 1301;
        if (i == 2) draft.u.roll.leaves = 8;
        if (i == 3) draft.u.roll.root[31] = 1;
        if (i == 4) draft.u.roll.unit_count = 1;
        assert_int_equal(tp_act_agrees(&draft, &own, 1000, &fault), i ? TP_REFUSED : TP_OK);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inverse),
        cmocka_unit_test(test_canonical),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_flips),
        cmocka_unit_test(test_college),
        cmocka_unit_test(test_signer),
        cmocka_unit_test(test_acts),
        cmocka_unit_test(test_agreement),
        cmocka_unit_test(test_agreement_on_the_roll),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
