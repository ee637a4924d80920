/* `tapat trustee`: looks at the record, says what this trustee has to do next, and does it.
 *
 * Runs offline: the record is a folder (copied by `tapat mirror` or on a stick), the result is a
 * file, or goes to a server. A trustee's part in the election is a function of its seed and the
 * record; the one thing that it remembers beside is what it decrypted, so that it never decrypts
 * two sets (attack C4).
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

typedef struct {
    tp_record *record;
    tp_replay replay;
    tp_key_file key;
    uint16_t index; /* position in the manifest, from 1 */
    const char *key_path, *server, *out;
    bool live;
    size_t written; /* files */
} session;

/* Hands one entry on: to the server, or as the file OUT, OUT.2, ... */
static int hand_on(session *s, const uint8_t *entry, size_t len, const uint8_t *document,
                   size_t document_len) {
    char path[512];
    if (s->server) return tp_submit(s->server, entry, len, document, document_len);
    s->written++;
    if (s->written == 1)
        snprintf(path, sizeof path, "%s", s->out);
    else
        snprintf(path, sizeof path, "%s.%zu", s->out, s->written);
    size_t cap = len + document_len + 8;
    uint8_t *bytes = malloc(cap);
    if (!bytes) return tp_say(TP_EXIT_SYSTEM, "out of memory");
    tp_writer w = tp_writer_of(bytes, cap);
    tp_write_vector(&w, TP_MAX_ENTRY, entry, len);
    tp_write_vector(&w, TP_MAX_DOCUMENT, document, document_len);
    bool ok = tp_write_end(&w) == TP_OK && tp_save_file(path, bytes, w.len, false);
    free(bytes);
    if (ok) printf("  written to %s; send it with `tapat submit`\n", path);
    return ok ? TP_EXIT_OK : TP_EXIT_SYSTEM;
}

/* Signs an entry of this trustee and hands it on. */
static int sign_and_hand_on(session *s, tp_entry *e, const uint8_t *document, size_t len) {
    uint8_t *bytes = malloc(TP_MAX_ENTRY), random[32];
    if (!bytes) return tp_say(TP_EXIT_SYSTEM, "out of memory");
    tp_writer w = tp_writer_of(bytes, TP_MAX_ENTRY);
    tp_random(random, sizeof random);
    int code = TP_EXIT_REFUSED;
    if (tp_entry_sign(e, s->replay.manifest.fingerprint, s->index, s->key.keys.identity_secret,
                      random) == TP_OK &&
        tp_entry_write(&w, e) == TP_OK)
        code = hand_on(s, bytes, w.len, document, len);
    free(bytes);
    return code;
}

typedef tp_err (*ceremony_writer)(tp_writer *w, const tp_ceremony *c, uint16_t trustee,
                                  const uint8_t seed[static 32], const uint8_t random[static 32]);

static int ceremony_message(session *s, ceremony_writer write) {
    uint8_t *bytes = malloc(TP_MAX_ENTRY), random[32];
    if (!bytes) return tp_say(TP_EXIT_SYSTEM, "out of memory");
    tp_writer w = tp_writer_of(bytes, TP_MAX_ENTRY);
    tp_random(random, sizeof random);
    int code = TP_EXIT_REFUSED;
    if (write(&w, s->replay.board.ceremony, s->index, s->key.seed, random) == TP_OK)
        code = hand_on(s, bytes, w.len, NULL, 0);
    free(bytes);
    return code;
}

/* ---- secret shares ---- */

static size_t total_points(const tp_manifest *m) {
    size_t sum = 0;
    for (size_t c = 0; c < m->contest_count; c++)
        sum += tp_sum_points(&m->contests[c].shape);
    return sum;
}

/* malloc'd, to be wiped by free_secret; NULL: the reason was said. */
static tp_scalar *load_secret(session *s) {
    tp_fault fault = {0};
    tp_scalar *x = calloc(total_points(&s->replay.manifest), sizeof *x);
    if (!x) return tp_say(0, "out of memory"), NULL;
    if (tp_ceremony_secret(x, s->replay.board.ceremony, s->index, s->key.seed, &fault) == TP_OK)
        return x;
    tp_say_fault(&fault, "this trustee's shares");
    free(x);
    return NULL;
}

static void free_secret(session *s, tp_scalar *x) {
    if (x) tp_wipe(x, total_points(&s->replay.manifest) * sizeof *x);
    free(x);
}

/* ---- steps ---- */

static int prove_liveness(session *s) {
    uint8_t *bytes = malloc(TP_MAX_ENTRY), random[32], root[32];
    tp_scalar *x = load_secret(s);
    int code = TP_EXIT_REFUSED;
    if (bytes && x) {
        tp_writer w = tp_writer_of(bytes, TP_MAX_ENTRY);
        tp_random(random, sizeof random);
        tp_record_root(s->record, root);
        if (tp_liveness_make(&w, s->replay.board.ceremony, s->index, s->key.seed, x, tp_unix_time(),
                             tp_record_size(s->record), root, random) == TP_OK)
            code = hand_on(s, bytes, w.len, NULL, 0);
    }
    free_secret(s, x);
    free(bytes);
    return code;
}

static int complain(session *s, const bool *bad) {
    int code = TP_EXIT_OK;
    for (uint16_t d = 1; d <= s->replay.manifest.trustees.count && code == TP_EXIT_OK; d++) {
        if (!bad[d - 1]) continue;
        printf("The share from %s is false: complaining in public.\n",
               s->replay.manifest.trustees.who[d - 1].name);
        tp_entry e = {.type = TP_ENTRY_COMPLAINT, .u.complaint.dealer = d};
        code = sign_and_hand_on(s, &e, NULL, 0);
    }
    return code;
}

/* Opens, in public, every share of this dealer that was complained of. */
static int answer_complaints(session *s, bool *any) {
    uint8_t *bytes = malloc(TP_MAX_ENTRY), random[32];
    int code = bytes ? TP_EXIT_OK : tp_say(TP_EXIT_SYSTEM, "out of memory");
    for (uint16_t i = 1; i <= s->replay.manifest.trustees.count && code == TP_EXIT_OK; i++) {
        if (!tp_ceremony_awaits_opening(s->replay.board.ceremony, s->index, i)) continue;
        *any = true;
        printf("%s complains of our share: opening it in public.\n",
               s->replay.manifest.trustees.who[i - 1].name);
        tp_writer w = tp_writer_of(bytes, TP_MAX_ENTRY);
        tp_random(random, sizeof random);
        code = tp_ceremony_opening(&w, s->replay.board.ceremony, s->index, s->key.seed, i,
                                   random) == TP_OK
                   ? hand_on(s, bytes, w.len, NULL, 0)
                   : TP_EXIT_REFUSED;
    }
    free(bytes);
    return code;
}

static int confirm(session *s) {
    const tp_ceremony *c = s->replay.board.ceremony;
    const tp_keys *keys = tp_ceremony_keys(c);
    bool bad[TP_MAX_TRUSTEES] = {0}, any = false, opened = false;
    char hex[65];
    if (tp_ceremony_check_shares(c, s->index, s->key.seed, bad) != TP_OK)
        return tp_say(TP_EXIT_REFUSED, "the shares cannot be read with this seed");
    for (size_t d = 0; d < TP_MAX_TRUSTEES; d++)
        any |= bad[d];
    if (any) return complain(s, bad);
    int code = answer_complaints(s, &opened);
    if (code != TP_EXIT_OK || opened) return code;
    if (!keys) return puts("Waiting for a complaint to be answered."), TP_EXIT_OK;
    if (tp_ceremony_has(c, TP_ENTRY_CONFIRM, s->index)) return puts("Nothing to do."), TP_EXIT_OK;
    tp_hex(hex, keys->digest, 32);
    printf("All shares fit. Confirming the election keys with digest\n  %s\n"
           "Read it out to the other trustees: it must be the same everywhere.\n",
           hex);
    tp_entry e = {.type = TP_ENTRY_CONFIRM};
    memcpy(e.u.confirm.key_digest, keys->digest, 32);
    code = sign_and_hand_on(s, &e, NULL, 0);
    return code == TP_EXIT_OK ? prove_liveness(s) : code;
}

/* KEYFILE.decrypted names the one set that this trustee ever decrypts in an election. */
static int promise_one_set(session *s, const uint8_t hash[static 32]) {
    char path[512], mine[160], fp[65], set[65];
    tp_hex(fp, s->replay.manifest.fingerprint, 32);
    tp_hex(set, hash, 32);
    snprintf(path, sizeof path, "%s.%.16s.decrypted", s->key_path, fp);
    int n = snprintf(mine, sizeof mine, "election %s\naggregates %s\n", fp, set);
    if (access(path, F_OK) != 0)
        return tp_save_file(path, mine, (size_t)n, true) ? TP_EXIT_OK : TP_EXIT_SYSTEM;
    size_t len;
    char *before = (char *)tp_load_file(path, &len, 4096);
    bool same = before && !strcmp(before, mine);
    free(before);
    if (same) return TP_EXIT_OK;
    return tp_say(TP_EXIT_REFUSED,
                  "%s says that another set was decrypted in this election; a second one would "
                  "reveal the ballots by which they differ. Refused.",
                  path);
}

/* The shares document of the recomputed aggregates, malloc'd. */
static uint8_t *make_shares(session *s, const tp_aggregates *a, const uint8_t hash[static 32],
                            const tp_scalar *x, size_t *len) {
    const tp_keys *keys = tp_ceremony_keys(s->replay.board.ceremony);
    uint8_t random[32];
    tp_random(random, sizeof random);
    tp_writer measure = tp_writer_of(NULL, 0);
    if (tp_shares_make(&measure, &s->replay.manifest, keys, a, hash, s->index, x, random) != TP_OK)
        return NULL;
    uint8_t *bytes = malloc(measure.len);
    tp_writer w = tp_writer_of(bytes, measure.len);
    if (!bytes ||
        tp_shares_make(&w, &s->replay.manifest, keys, a, hash, s->index, x, random) != TP_OK) {
        free(bytes);
        return NULL;
    }
    *len = w.len;
    return bytes;
}

static int hand_on_shares(session *s, const tp_aggregates *a, const uint8_t hash[static 32]) {
    size_t len = 0;
    tp_scalar *x = load_secret(s);
    uint8_t *shares = x ? make_shares(s, a, hash, x, &len) : NULL;
    free_secret(s, x);
    if (!shares) return tp_say(TP_EXIT_REFUSED, "no shares could be made");
    tp_entry e = {.type = TP_ENTRY_SHARES, .u.document.len = len};
    tp_sha256(e.u.document.hash, shares, len);
    int code = sign_and_hand_on(s, &e, shares, len);
    free(shares);
    return code;
}

/* Hash of the aggregates as recomputed from the board, which must be what was frozen. */
static int check_frozen(session *s, const tp_aggregates *a, uint8_t hash[static 32]) {
    tp_writer measure = tp_writer_of(NULL, 0);
    if (tp_aggregates_write(&measure, &s->replay.manifest, a) != TP_OK) return TP_EXIT_SYSTEM;
    uint8_t *bytes = malloc(measure.len);
    tp_writer w = tp_writer_of(bytes, measure.len);
    bool ok = bytes && tp_aggregates_write(&w, &s->replay.manifest, a) == TP_OK;
    if (ok) tp_sha256(hash, bytes, w.len);
    free(bytes);
    if (!ok) return tp_say(TP_EXIT_SYSTEM, "out of memory");
    if (tp_equal(hash, s->replay.board.freeze_hash, 32)) return TP_EXIT_OK;
    return tp_say(TP_EXIT_REFUSED,
                  "the frozen sums are not those of the recorded ballots. Refused.");
}

static int decrypt(session *s) {
    tp_aggregates a;
    uint32_t withheld[TP_MAX_CONTESTS];
    uint8_t hash[32];
    tp_fault fault = {0};
    if (tp_decrypt_due(&s->replay.manifest, tp_unix_time(), &fault) != TP_OK)
        return tp_say_fault(&fault, "by this machine's clock the voting goes on");
    tp_replay_options o = {.threads = tp_cores(), .progress = tp_progress_print};
    if (tp_replay_aggregate(&a, withheld, &s->replay, s->record, &o, &fault) != TP_OK)
        return tp_say_fault(&fault, "the record's sums");
    printf("The voting is closed. Decrypting %zu sums, none of fewer than %u ballots.\n", a.count,
           s->replay.manifest.floor);
    int code = check_frozen(s, &a, hash);
    if (code == TP_EXIT_OK) {
        char hex[65];
        tp_hex(hex, hash, 32);
        printf("Hash of the freeze\n  %s\nThe same for every trustee? Compare by voice before the "
               "shares are handed on.\n",
               hex);
    }
    if (code == TP_EXIT_OK) code = promise_one_set(s, hash);
    if (code == TP_EXIT_OK) code = hand_on_shares(s, &a, hash);
    tp_aggregates_free(&a);
    return code;
}

static int wait_for(const char *what) {
    printf("Nothing to do now: %s.\n", what);
    return TP_EXIT_OK;
}

static int step(session *s) {
    const tp_board *b = &s->replay.board;
    const tp_ceremony *c = b->ceremony;
    if (s->live) return prove_liveness(s);
    if (b->phase == TP_FROZEN) {
        if (b->shares[s->index - 1].len) return wait_for("our shares are on the board");
        return decrypt(s);
    }
    if (b->phase != TP_SETUP)
        return wait_for(b->phase == TP_PUBLISHED
                            ? "the results are published"
                            : "the voting goes on, or its sums are not frozen yet");
    if (!b->approved) return wait_for("the officers have not approved the manifest");
    switch (tp_ceremony_round(c)) {
    case 0:
        if (tp_ceremony_has(c, TP_ENTRY_COMMIT, s->index))
            return wait_for("the other trustees' commitments are awaited");
        puts("Round 0: committing to our deal.");
        return ceremony_message(s, tp_ceremony_commit);
    case 1:
        if (tp_ceremony_has(c, TP_ENTRY_DEAL, s->index))
            return wait_for("the other trustees' deals are awaited");
        puts("Round 1: dealing encrypted shares to all trustees.");
        return ceremony_message(s, tp_ceremony_deal);
    case 2:
        return confirm(s);
    case 3:
        return wait_for("the keys are confirmed by all trustees");
    default:
        return tp_say(TP_EXIT_REFUSED, "the ceremony has failed; see the record");
    }
}

int tp_cmd_trustee(int argc, char **argv) {
    session s = {0};
    const char *dir = NULL, *remember = NULL, *word;
    const tp_arg table[] = {{"--record", "DIR", TP_ARG_TEXT, &dir, "the public record"},
                            {"--key", "FILE", TP_ARG_TEXT, &s.key_path,
                             "this trustee's seed (tapat key, role trustee)"},
                            {"--out", "FILE", TP_ARG_TEXT, &s.out, "write the message to a file"},
                            {"--server", "URL", TP_ARG_TEXT, &s.server, "or send it"},
                            TP_REMEMBER_OPTION(&remember),
                            TP_ARG_END};
    if (tp_args(argc, argv, "trustee step|live --record DIR --key FILE (--out FILE | --server URL)",
                "step  checks the whole record, then takes the next step of the key ceremony or of "
                "the\n"
                "      decryption, whichever is due; says so if none is\n"
                "live  proves on the board that this trustee still holds its share; with a file, "
                "hand it in\n"
                "      by the end of the next day (UTC)",
                table, &word, 1) != 1)
        tp_usage("trustee takes step or live");
    s.live = !strcmp(word, "live");
    if (!s.live && strcmp(word, "step") != 0)
        tp_usage("trustee takes step or live, not '%s'", word);
    if (!dir || !s.key_path) tp_usage("--record and --key are needed");
    if (!s.server == !s.out) tp_usage("give either --out or --server");
    int code = tp_load_record(&s.record, &s.replay, dir, &(tp_replay_options){0}, remember);
    if (code != TP_EXIT_OK) return code;
    code = TP_EXIT_REFUSED;
    if (tp_key_load(&s.key, s.key_path, "trustee")) {
        int index = tp_key_index(&s.key, &s.replay.manifest.trustees, "trustees");
        s.index = (uint16_t)index;
        if (index) code = step(&s);
    }
    tp_wipe(&s.key, sizeof s.key);
    tp_replay_free(&s.replay);
    tp_record_close(s.record);
    return code;
}
