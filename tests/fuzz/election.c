/* Targets of election: codes, the manifest, entries, registrations, ballots, aggregates, shares;
 * all in the election of tests/election/fixture.h.
 */
#include "election/enrol.h"
#include "tests/election/fixture.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static fixture *f;
static tp_aggregates aggregates;
static uint8_t out[1 << 17], aggregates_hash[32];

static bool known(const char *code) {
    for (size_t i = 0; tp_fault_codes[i]; i++)
        if (!strcmp(code, tp_fault_codes[i])) return true;
    return false;
}

/* Refusals name a fault of the closed list. */
static bool refused(tp_err err, const tp_fault *fault) {
    MUST(err == TP_OK || (fault->err == err && known(fault->code)));
    return err != TP_OK;
}

void fuzz_election_setup(void) {
    f = calloc(1, sizeof *f);
    MUST(f);
    fixture_init(f, NULL);
    fixture_closed(f);
    fixture_aggregate(f, &aggregates);
    tp_writer w = tp_writer_of(out, sizeof out);
    MUST(tp_aggregates_write(&w, &f->manifest, &aggregates) == TP_OK);
    tp_sha256(aggregates_hash, out, w.len);
}

/* ---- codes ---- */

static void run_code(const uint8_t *bytes, size_t len) {
    uint8_t value[16], again[16];
    char text[TP_CODE_TEXT];
    if (!len) return;
    unsigned symbols = bytes[0] & 1 ? TP_CODE_SYMBOLS : TP_FINGERPRINT_SYMBOLS;
    if (tp_code_read(value, symbols, (const char *)bytes + 1, len - 1) != TP_OK) return;
    memset(again, 0, sizeof again);
    tp_code_write(text, value, symbols);
    MUST(tp_code_read(again, symbols, text, strlen(text)) == TP_OK);
    MUST(!memcmp(value, again, (5 * symbols + 7) / 8));
}

static void seeds_code(fuzz_seed *keep) {
    const uint8_t value[16] = {1, 2, 3, 250};
    char text[1 + TP_CODE_TEXT] = "1";
    tp_code_write(text + 1, value, TP_CODE_SYMBOLS);
    keep(text, strlen(text));
    text[0] = '0';
    tp_code_write(text + 1, value, TP_FINGERPRINT_SYMBOLS);
    keep(text, strlen(text));
}

/* ---- the manifest ---- */

static void run_manifest(const uint8_t *bytes, size_t len) {
    tp_manifest m;
    tp_fault fault = {.code = ""};
    uint8_t hash[32];
    if (refused(tp_manifest_parse(&m, bytes, len, &fault), &fault)) return;
    tp_sha256(hash, bytes, len);
    MUST(!memcmp(hash, m.fingerprint, 32));
    MUST(m.trustees.quorum >= 2 && m.trustees.quorum < m.trustees.count);
    MUST(m.open_time < m.close_time && m.enrol_time <= m.open_time);
    for (size_t i = 0; i < m.contest_count; i++)
        MUST(tp_sum_shape_check(&m.contests[i].shape) == TP_OK);
    for (size_t i = 0; i < m.unit_count; i++)
        MUST(m.units[i].style < m.style_count);
    for (size_t i = 0; i < m.style_count; i++)
        for (size_t k = 0; k < m.styles[i].contest_count; k++)
            MUST(m.styles[i].contests[k] < m.contest_count);
    tp_manifest_free(&m);
}

static void seeds_manifest(fuzz_seed *keep) {
    keep(f->json, f->json_len);
}

/* ---- entries and registrations ---- */

static void run_registrations(const uint8_t *bytes, size_t len) {
    tp_reader body = tp_reader_of(bytes, len);
    tp_writer w = tp_writer_of(out, sizeof out);
    tp_registration r;
    tp_fault fault = {.code = ""};
    uint8_t previous[32];
    bool more = true, first = true;
    for (;;) {
        if (refused(tp_registrations_next(&r, &body, first ? NULL : previous, &more, &fault),
                    &fault))
            return;
        if (!more) break;
        MUST(first || memcmp(previous, r.credential, 32) < 0);
        tp_registration_write(&w, &r);
        memcpy(previous, r.credential, 32);
        first = false;
    }
    MUST(w.len == len && (!len || !memcmp(out, bytes, len)));
}

static void run_entry(const uint8_t *bytes, size_t len) {
    tp_entry e;
    tp_fault fault = {.code = ""};
    if (refused(tp_entry_read(&e, bytes, len, &fault), &fault)) return;
    if (e.type == TP_ENTRY_REGISTRATIONS) {
        run_registrations(bytes + 1, len - 1);
    } else {
        tp_writer w = tp_writer_of(out, sizeof out);
        MUST(tp_entry_write(&w, &e) == TP_OK && w.len == len && !memcmp(out, bytes, len));
    }
    tp_err err = tp_entry_verify(&f->manifest, &e, &fault);
    refused(err, &fault);
}

static void seeds_entry(fuzz_seed *keep) {
    unsigned kept[16] = {0};
    for (size_t i = 0; i < f->count; i++)
        if (kept[f->entries[i].bytes[0] & 15]++ < 3) keep(f->entries[i].bytes, f->entries[i].len);
}

static void seeds_registrations(fuzz_seed *keep) {
    for (size_t i = 0; i < f->count; i++)
        if (f->entries[i].bytes[0] == TP_ENTRY_REGISTRATIONS)
            keep(f->entries[i].bytes + 1, f->entries[i].len - 1);
}

/* ---- ballots ---- */

static void run_ballot(const uint8_t *bytes, size_t len) {
    static void *scratch;
    static size_t scratch_len;
    for (uint16_t i = 0; i < f->styles.count; i++) {
        const tp_ballot_style *style = &f->styles.list[i];
        tp_ballot b;
        tp_fault fault = {.code = ""};
        if (refused(tp_ballot_read(&b, style, bytes, len, &fault), &fault)) continue;
        size_t need = (tp_ballot_verify_scratch(style, 1) + 63) / 64 * 64;
        if (need > scratch_len) {
            free(scratch);
            scratch = aligned_alloc(64, scratch_len = need);
            MUST(scratch);
        }
        tp_err result;
        const char *code;
        tp_err err = tp_ballots_verify_var(&result, &code, style, &bytes, 1, scratch);
        MUST((err == TP_OK) == (result == TP_OK));
        MUST(result == TP_OK ? !*code : known(code));
    }
}

static void seeds_ballot(fuzz_seed *keep) {
    for (size_t i = 0, kept = 0; i < f->count && kept < 4; i++)
        if (f->entries[i].bytes[0] == TP_ENTRY_BALLOT)
            keep(f->entries[i].bytes + 1, f->entries[i].len - 1), kept++;
}

/* ---- aggregates and shares ---- */

static void run_aggregates(const uint8_t *bytes, size_t len) {
    tp_aggregates a;
    tp_fault fault = {.code = ""};
    if (len > sizeof out) return;
    if (refused(tp_aggregates_read(&a, &f->manifest, bytes, len, &fault), &fault)) return;
    tp_writer w = tp_writer_of(out, sizeof out);
    MUST(tp_aggregates_write(&w, &f->manifest, &a) == TP_OK);
    MUST(w.len == len && !memcmp(out, bytes, len));
    tp_aggregates_free(&a);
}

static void seeds_aggregates(fuzz_seed *keep) {
    tp_writer w = tp_writer_of(out, sizeof out);
    MUST(tp_aggregates_write(&w, &f->manifest, &aggregates) == TP_OK);
    keep(out, w.len);
}

static void run_shares(const uint8_t *bytes, size_t len) {
    static tp_point d[256];
    tp_fault fault = {.code = ""};
    refused(tp_shares_check(d, &f->manifest, tp_ceremony_keys(f->board.ceremony), &aggregates,
                            aggregates_hash, 1, bytes, len, &fault),
            &fault);
}

static void seeds_shares(fuzz_seed *keep) {
    tp_scalar x[FIXTURE_POINTS];
    tp_fault fault;
    uint8_t random[32] = {3};
    tp_writer w = tp_writer_of(out, sizeof out);
    MUST(tp_ceremony_secret(x, f->board.ceremony, 1, f->seed[0], &fault) == TP_OK);
    MUST(tp_shares_make(&w, &f->manifest, tp_ceremony_keys(f->board.ceremony), &aggregates,
                        aggregates_hash, 1, x, random) == TP_OK);
    keep(out, w.len);
}

const fuzz_target fuzz_election[] = {
    {"code", run_code, seeds_code},       {"manifest", run_manifest, seeds_manifest},
    {"entry", run_entry, seeds_entry},    {"registrations", run_registrations, seeds_registrations},
    {"ballot", run_ballot, seeds_ballot}, {"aggregates", run_aggregates, seeds_aggregates},
    {"shares", run_shares, seeds_shares}, {NULL, NULL, NULL},
};
