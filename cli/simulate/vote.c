/* `tapat simulate vote`: every test voter enrols, waits for the registrar, casts, and perhaps casts
 * again.
 *
 *   lookup -> start -> code from the outbox -> code -> credential | all: wait | cast | all: wait |
 * cast again
 *
 * Each answer is checked as a voter's page would: keys by the trustees' confirmations, the promise
 * by signature and by the tracker that was computed before sending, the ballot before by its proof
 * of inclusion. An answer that was lost is asked for again with the same bytes. spec: C-12, C-13
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "cli/simulate/simulate.h"
#include "core/merkle/note.h"

enum { NUMBER = 32, CONTACT = 128, WAIT_TRIES = 600, SEND_TRIES = 5 };

typedef struct {
    char number[NUMBER], birth_date[11], contact[CONTACT], enrolment[512];
    uint16_t unit, style;
    tp_scalar secret;
    uint8_t key[32];
    uint8_t *choices; /* of the ballot that counts; NULL: none */
} voter;

typedef struct sim sim;
typedef bool (*voter_step)(sim *s, tp_http *h, voter *v, void *scratch);

struct sim {
    const sim_vote_options *o;
    tp_manifest manifest;
    tp_keys keys;
    tp_styles styles;
    sim_shares shares;
    voter *voters;
    size_t count;
    atomic_size_t next, done, failed, casts;
    voter_step step;
    pthread_mutex_t print;
};

static bool complain(sim *s, const voter *v, const char *what, long status, json_t *answer) {
    const char *code = json_string_value(json_object_get(answer, "code"));
    const char *detail = json_string_value(json_object_get(answer, "detail"));
    pthread_mutex_lock(&s->print);
    tp_say(0, "voter %s, %s: %ld %s %s", v->number, what, status, code ? code : "",
           detail ? detail : "");
    pthread_mutex_unlock(&s->print);
    return false;
}

/* POSTs; true if the status is as wanted. *answer is the caller's to release. */
static bool call(sim *s, tp_http *h, const voter *v, const char *path, json_t *body,
                 json_t **answer) {
    long status;
    *answer = tp_http_json(h, path, body, &status);
    return status == 200 || complain(s, v, path, status, *answer);
}

/* ---- enrol ---- */

/* The newest code sent to the voter: six digits in the message. */
static bool read_code(tp_http *h, const voter *v, char code[static 7]) {
    char path[256];
    snprintf(path, sizeof path, "/api/outbox/%s", v->contact);
    tp_answer a = tp_http_get(h, path);
    json_t *list = json_loadb((const char *)a.bytes, a.len, 0, NULL);
    const char *text = json_string_value(json_object_get(json_array_get(list, 0), "text"));
    bool found = false;
    for (const char *p = text; p && *p && !found; p++) {
        found = strspn(p, "0123456789") == 6;
        if (found) memcpy(code, p, 6), code[6] = 0;
    }
    json_decref(list);
    return found;
}

static void new_credential(voter *v) {
    uint8_t wide[64];
    tp_point p;
    tp_random(wide, sizeof wide);
    tp_scalar_wide(&v->secret, wide);
    tp_points_mul_base(&p, &v->secret, 1);
    tp_points_encode(&v->key, &p, 1);
}

static bool hand_in_credential(sim *s, tp_http *h, voter *v) {
    uint8_t proof[64], random[32];
    char key[65], possession[129];
    json_t *answer;
    new_credential(v);
    tp_random(random, sizeof random);
    tp_credential_prove(proof, &v->secret, v->key, s->manifest.fingerprint, random);
    tp_hex(key, v->key, 32);
    tp_hex(possession, proof, 64);
    bool ok = call(s, h, v, "/api/enrol/credential",
                   json_pack("{s:s, s:s, s:s}", "enrolment", v->enrolment, "credential", key,
                             "possession", possession),
                   &answer);
    json_decref(answer);
    return ok;
}

static bool enrol(sim *s, tp_http *h, voter *v, void *scratch) {
    (void)scratch;
    json_t *answer;
    char code[7];
    bool ok =
        call(s, h, v, "/api/roll/lookup",
             json_pack("{s:s, s:s}", "number", v->number, "birth_date", v->birth_date), &answer);
    bool found = json_is_true(json_object_get(answer, "found"));
    json_decref(answer);
    if (ok && !found) complain(s, v, "is not on the roll", 200, NULL);
    if (!ok || !found) return false;
    ok = call(s, h, v, "/api/enrol/start",
              json_pack("{s:s, s:s}", "number", v->number, "birth_date", v->birth_date), &answer);
    const char *id = json_string_value(json_object_get(answer, "enrolment"));
    if (ok && !(id && strlen(id) < sizeof v->enrolment))
        ok = complain(s, v, "has no enrolment token", 200, answer);
    if (ok) strcpy(v->enrolment, id);
    json_decref(answer);
    ok = ok && call(s, h, v, "/api/enrol/send",
                    json_pack("{s:s, s:i}", "enrolment", v->enrolment, "contact", 1), &answer);
    if (!ok) return false;
    json_decref(answer);
    if (!read_code(h, v, code)) return complain(s, v, "no code in the outbox", 0, NULL);
    ok = call(s, h, v, "/api/enrol/code",
              json_pack("{s:s, s:s}", "enrolment", v->enrolment, "code", code), &answer);
    json_decref(answer);
    return ok && hand_in_credential(s, h, v);
}

/* ---- cast ---- */

typedef struct {
    json_int_t sequence;
    uint8_t previous[32];
    bool registered, recorded; /* recorded: what the next ballot follows is there, or is nothing */
} place;

/* The answer's entry as bytes, malloc'd; NULL if it is none. */
static uint8_t *read_entry(json_t *answer, size_t *len) {
    const char *text = json_string_value(json_object_get(answer, "entry"));
    *len = text ? strlen(text) / 2 : 0;
    uint8_t *entry = *len && *len <= TP_MAX_ENTRY ? malloc(*len) : NULL;
    if (entry && tp_unhex(entry, *len, text)) return entry;
    free(entry);
    return NULL;
}

/* The checkpoint's size and root, if it holds. */
static bool read_checkpoint(const sim *s, tp_checkpoint_seen *at, json_t *answer) {
    const char *text = json_string_value(json_object_get(answer, "checkpoint"));
    tp_fault fault;
    return text && tp_checkpoint_check(at, text, strlen(text), &s->manifest, &fault) == TP_OK;
}

static bool read_proof(tp_hash proof[static TP_TREE_MAX_PROOF], size_t *count, json_t *answer) {
    json_t *list = json_object_get(answer, "proof"), *node;
    size_t i;
    *count = json_array_size(list);
    if (!json_is_array(list) || *count > TP_TREE_MAX_PROOF) return false;
    json_array_foreach(list, i, node) {
        const char *text = json_string_value(node);
        if (!text || !tp_unhex(proof[i].b, 32, text)) return false;
    }
    return true;
}

/* The ballot before is on the board, and it is ours. spec: C-13 */
static bool predecessor_proven(const sim *s, const voter *v, const place *p, json_t *answer) {
    size_t len, count;
    tp_checkpoint_seen at;
    tp_hash leaf, proof[TP_TREE_MAX_PROOF];
    tp_tip tip = {.sequence = (uint32_t)p->sequence};
    json_int_t index = json_integer_value(json_object_get(answer, "leaf"));
    uint8_t *entry = read_entry(answer, &len);
    if (!entry) return false;
    memcpy(tip.fingerprint, s->manifest.fingerprint, 32);
    memcpy(tip.credential, v->key, 32);
    memcpy(tip.hash, p->previous, 32);
    tp_tree_leaf(&leaf, entry, len);
    bool mine = tp_tip_check_var(&tip, entry, len) == TP_OK;
    free(entry);
    return mine && index >= 0 && read_checkpoint(s, &at, answer) &&
           read_proof(proof, &count, answer) &&
           tp_tree_check_inclusion(&leaf, (uint64_t)index, at.size, &at.root, proof, count) ==
               TP_OK;
}

static bool read_place(sim *s, voter *v, place *p, json_t *answer) {
    const char *previous;
    int unit, style;
    if (json_unpack(answer, "{s:i, s:i, s:I, s:s}", "unit", &unit, "style", &style, "sequence",
                    &p->sequence, "previous", &previous) != 0 ||
        !tp_unhex(p->previous, 32, previous) || style < 0 || style >= s->styles.count ||
        p->sequence < 0 || p->sequence >= UINT32_MAX)
        return complain(s, v, "/api/credential", 200, NULL);
    v->unit = (uint16_t)unit;
    v->style = (uint16_t)style;
    p->recorded = !p->sequence || json_object_get(answer, "leaf");
    return !p->sequence || !p->recorded || predecessor_proven(s, v, p, answer) ||
           complain(s, v, "the ballot before is not proven to be on the board", 200, NULL);
}

static bool ask_place(sim *s, tp_http *h, voter *v, place *p) {
    char key[65], hex[129];
    uint8_t random[32], signature[64];
    uint64_t now = tp_unix_time();
    json_t *answer;
    tp_random(random, sizeof random);
    tp_credential_ask(signature, &v->secret, v->key, s->manifest.fingerprint, now, random);
    tp_hex(key, v->key, 32);
    tp_hex(hex, signature, 64);
    memset(p, 0, sizeof *p);
    bool ok = call(
        s, h, v, "/api/credential",
        json_pack("{s:s, s:I, s:s}", "credential", key, "time", (json_int_t)now, "signature", hex),
        &answer);
    p->registered = json_is_true(json_object_get(answer, "registered"));
    if (ok && p->registered) ok = read_place(s, v, p, answer);
    json_decref(answer);
    return ok;
}

/* Asks until the credential is registered and its newest ballot recorded. */
static bool wait_place(sim *s, tp_http *h, voter *v, place *p) {
    for (int i = 0; i < WAIT_TRIES; i++) {
        if (!ask_place(s, h, v, p)) return false;
        if (p->registered && p->recorded) return true;
        usleep(200 * 1000);
    }
    return complain(s, v, "waited too long for the registrar or the board", 0, NULL);
}

/* The promise: our tracker, our ballot, and the log's signature. */
static bool promise_holds(const sim *s, const voter *v, const uint8_t *ballot, size_t len,
                          uint32_t sequence, json_t *answer) {
    const char *tracker, *hash, *signature;
    char mine[TP_CODE_TEXT];
    uint8_t said[32], sig[64], signed_bytes[TP_PROMISE_SIGNED];
    json_int_t deadline;
    tp_promise p = {.sequence = sequence};
    if (json_unpack(answer, "{s:s, s:s, s:s, s:I}", "tracker", &tracker, "ballot_hash", &hash,
                    "signature", &signature, "deadline", &deadline) != 0)
        return false;
    tp_ballot_tracker(mine, ballot, len);
    tp_ballot_hash(p.ballot_hash, ballot, len);
    memcpy(p.credential, v->key, 32);
    p.deadline = (uint64_t)deadline;
    tp_promise_signed_bytes(signed_bytes, &p, s->manifest.fingerprint);
    return !strcmp(mine, tracker) && tp_unhex(said, 32, hash) &&
           tp_equal(said, p.ballot_hash, 32) && tp_unhex(sig, 64, signature) &&
           crypto_sign_verify_detached(sig, signed_bytes, sizeof signed_bytes,
                                       s->manifest.log_key) == 0;
}

static bool send_ballot(sim *s, tp_http *h, voter *v, const uint8_t *ballot, size_t len,
                        uint32_t sequence) {
    tp_answer a = {0};
    for (int i = 0; i < SEND_TRIES && (a.status == 0 || a.status == 503); i++) {
        if (i) sleep((unsigned)i);
        a = tp_http_post(h, "/api/ballots", "application/octet-stream", ballot, len);
    }
    json_t *answer = a.status ? json_loadb((const char *)a.bytes, a.len, 0, NULL) : NULL;
    bool taken = a.status == 200 || a.status == 201;
    bool ok = taken && promise_holds(s, v, ballot, len, sequence, answer);
    if (!ok) complain(s, v, taken ? "a false promise" : "ballot", a.status, answer);
    json_decref(answer);
    return ok;
}

static bool cast(sim *s, tp_http *h, voter *v, void *scratch) {
    place p;
    uint8_t random[32];
    if (!wait_place(s, h, v, &p)) return false;
    const tp_ballot_style *style = &s->styles.list[v->style];
    size_t len = tp_ballot_size(style), choices_len = sim_choices_len(style);
    uint8_t *ballot = malloc(len), *choices = calloc(1, choices_len);
    uint32_t sequence = (uint32_t)p.sequence + 1;
    sim_dice dice = {.state = s->o->seed * 0x9e3779b97f4a7c15u +
                              (uint64_t)(v - s->voters) * 0x100000001b3u + sequence};
    sim_roll(&dice);
    bool ok = ballot && choices;
    if (ok) {
        sim_choose(choices, &s->manifest, style, &s->shares, &dice);
        tp_random(random, sizeof random);
        ok = tp_ballot_seal(ballot, style, &v->secret, v->key, v->unit, sequence, p.previous,
                            choices, random, scratch) == TP_OK &&
             send_ballot(s, h, v, ballot, len, sequence);
    }
    free(ballot);
    if (ok) {
        free(v->choices);
        v->choices = choices;
        atomic_fetch_add(&s->casts, 1);
    } else {
        free(choices);
    }
    return ok;
}

/* Who casts, and who casts twice: by position, so that the same call gives the same election. */
static bool abstains(const sim *s, size_t i) {
    return i * 37 % 100 < s->o->abstain_percent;
}
static bool revotes(const sim *s, size_t i) {
    return !abstains(s, i) && i * 53 % 100 < s->o->revote_percent;
}

static bool cast_first(sim *s, tp_http *h, voter *v, void *scratch) {
    return abstains(s, (size_t)(v - s->voters)) || cast(s, h, v, scratch);
}

static bool cast_again(sim *s, tp_http *h, voter *v, void *scratch) {
    return !revotes(s, (size_t)(v - s->voters)) || cast(s, h, v, scratch);
}

/* ---- all voters, some at a time ---- */

static size_t scratch_len(const sim *s) {
    size_t most = 0;
    for (size_t i = 0; i < s->styles.count; i++) {
        size_t len = tp_ballot_seal_scratch(&s->styles.list[i]);
        if (len > most) most = len;
    }
    return (most + 63) / 64 * 64;
}

static void *worker(void *ctx) {
    sim *s = ctx;
    tp_http *h = tp_http_open(s->o->server);
    void *scratch = aligned_alloc(64, scratch_len(s));
    size_t i;
    while (h && scratch && (i = atomic_fetch_add(&s->next, 1)) < s->count) {
        if (!s->step(s, h, &s->voters[i], scratch)) atomic_fetch_add(&s->failed, 1);
        atomic_fetch_add(&s->done, 1);
    }
    free(scratch);
    tp_http_close(h);
    return NULL;
}

static double seconds_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool run_all(sim *s, const char *phase, voter_step step) {
    double from = seconds_now();
    size_t casts = atomic_load(&s->casts);
    pthread_t threads[64];
    size_t n = s->o->threads < 1 ? 1 : s->o->threads > 64 ? 64 : s->o->threads, started = 0;
    s->step = step;
    atomic_store(&s->next, 0);
    atomic_store(&s->done, 0);
    while (started < n && pthread_create(&threads[started], NULL, worker, s) == 0)
        started++;
    while (started && atomic_load(&s->done) < s->count) {
        tp_progress_print(NULL, phase, atomic_load(&s->done), s->count);
        usleep(50 * 1000);
    }
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    tp_progress_print(NULL, phase, s->count, s->count);
    if (!s->o->json) {
        printf("%s: %zu voters, %zu ballots, %.1f s\n", phase, s->count,
               atomic_load(&s->casts) - casts, seconds_now() - from);
        fflush(stdout);
    }
    return started && atomic_load(&s->failed) == 0;
}

/* ---- set-up ---- */

/* Keys as a page takes them: only with all trustees' confirmations of their digest. */
static bool load_keys(sim *s, tp_http *h) {
    tp_manifest *m = &s->manifest;
    tp_keys *k = &s->keys;
    uint8_t y_hash[32];
    tp_sha256_ctx y;
    tp_fault fault = {0};
    tp_answer a = tp_http_get(h, "/api/keys");
    if (a.status != 200) return tp_say_answer(&a, "keys"), false;
    tp_reader r = tp_reader_of(a.bytes, a.len);
    tp_sha256_init(&y);
    for (size_t c = 0; c < m->contest_count; c++) {
        size_t p = tp_sum_points(&m->contests[c].shape);
        k->y[c] = calloc(p, 32);
        k->y_points[c] = aligned_alloc(64, (p * sizeof(tp_point) + 63) / 64 * 64);
        if (!k->y[c] || !k->y_points[c]) return false;
        tp_read_copy(&r, k->y[c], 32 * p);
        tp_sha256_update(&y, k->y[c], 32 * p);
        if (tp_points_decode_var(k->y_points[c], (const uint8_t(*)[32])k->y[c], p, NULL) != TP_OK)
            return tp_say(0, "the server's keys are no keys"), false;
    }
    tp_sha256_final(&y, y_hash);
    const uint8_t *v_hash = tp_read_bytes(&r, 32);
    uint16_t n = tp_read_u16(&r);
    if (!v_hash || n != m->trustees.count) return tp_say(0, "keys without confirmations"), false;
    tp_key_digest(k->digest, m->fingerprint, y_hash, v_hash);
    for (uint16_t i = 0; i < n; i++) {
        tp_entry e = {.type = TP_ENTRY_CONFIRM, .signer = (uint16_t)(i + 1)};
        tp_read_copy(&r, e.signature, 64);
        memcpy(e.u.confirm.key_digest, k->digest, 32);
        if (tp_entry_verify(m, &e, &fault) != TP_OK)
            return tp_say(0, "trustee %u did not confirm these keys", i + 1u), false;
    }
    return tp_read_end(&r) == TP_OK;
}

static bool load_election(sim *s) {
    tp_http *h = tp_http_open(s->o->server);
    tp_fault fault = {0};
    tp_answer a = tp_http_get(h, "/api/manifest");
    bool ok = a.status == 200;
    if (!ok)
        tp_say_answer(&a, "manifest");
    else if (tp_manifest_parse(&s->manifest, a.bytes, a.len, &fault) != TP_OK)
        ok = (tp_say_fault(&fault, "manifest"), false);
    else if (!s->manifest.test)
        ok = (tp_say(0, "this is a real election; test voters stay away from it"), false);
    ok = ok && load_keys(s, h) && tp_styles_make(&s->styles, &s->manifest, &s->keys) == TP_OK;
    tp_http_close(h);
    return ok;
}

/* Rows S-... of the roll; the file is one that `simulate roll` wrote. */
static bool load_voters(sim *s) {
    size_t len, cap = 0;
    char *text = (char *)tp_load_file(s->o->roll, &len, (size_t)1 << 30), *save = NULL;
    if (!text) return false;
    strtok_r(text, "\n", &save);
    for (char *line; (line = strtok_r(NULL, "\n", &save));) {
        if (line[0] != 'S') continue;
        if (s->count == cap) {
            voter *more = realloc(s->voters, (cap = cap ? 2 * cap : 1024) * sizeof *more);
            if (!more) return free(text), false;
            s->voters = more;
        }
        voter *v = &s->voters[s->count];
        memset(v, 0, sizeof *v);
        if (sscanf(line, "%31[^,],%*[^,],%10[^,],%127[^,],", v->number, v->birth_date,
                   v->contact) == 3)
            s->count++;
    }
    free(text);
    return s->count > 0 || (tp_say(0, "no voters S-... in %s", s->o->roll), false);
}

static void report(const sim *s, double seconds) {
    size_t abstained = 0, again = 0;
    for (size_t i = 0; i < s->count; i++) {
        abstained += abstains(s, i);
        again += revotes(s, i);
    }
    const char *format =
        s->o->json ? "{\"voters\": %zu, \"abstained\": %zu, \"revoted\": %zu, \"casts\": %zu, "
                     "\"failed\": %zu, \"seconds\": %.1f}\n"
                   : "%zu voters enrolled, %zu never voted, %zu voted twice: %zu ballots cast, "
                     "%zu failed, %.1f s\n";
    printf(format, s->count, abstained, again, atomic_load(&s->casts), atomic_load(&s->failed),
           seconds);
}

static bool write_expectation(sim *s) {
    sim_expectation e;
    bool ok = sim_expect_init(&e, &s->manifest);
    for (size_t i = 0; i < s->count && ok; i++)
        if (s->voters[i].choices)
            sim_expect_add(&e, &s->styles.list[s->voters[i].style], s->voters[i].choices, 1);
    ok = ok && sim_expect_write(&e, &s->manifest, s->o->expect);
    sim_expect_free(&e);
    return ok;
}

int sim_vote(const sim_vote_options *o) {
    static sim s;
    s.o = o;
    pthread_mutex_init(&s.print, NULL);
    if (!load_election(&s) || !load_voters(&s) ||
        !sim_shares_read(&s.shares, &s.manifest, o->options, o->voters_of_options))
        return TP_EXIT_REFUSED;
    double from = seconds_now();
    bool ok = run_all(&s, "enrol", enrol) && run_all(&s, "cast", cast_first) &&
              run_all(&s, "cast again", cast_again);
    report(&s, seconds_now() - from);
    if (ok && o->expect) ok = write_expectation(&s);
    for (size_t i = 0; i < s.count; i++)
        free(s.voters[i].choices);
    tp_wipe(s.voters, s.count * sizeof *s.voters);
    free(s.voters);
    sim_shares_free(&s.shares);
    tp_styles_free(&s.styles);
    tp_manifest_free(&s.manifest);
    return ok ? TP_EXIT_OK : TP_EXIT_REFUSED;
}
