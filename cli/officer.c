/* Officers' acts: approve, open, close, exclude, and tally's freeze and publish.
 *
 * An act is one board entry with the signatures of a quorum. Officers who sit at different machines
 * pass a file on: the first writes it with --out, the others add their signatures with --add, the
 * last one sends it with --server. A file is what POST /api/board/entries takes: the entry and the
 * document that it names.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/act.h"
#include "cli/rehearse/rehearse.h"

static int sign_all(act_draft *d, const act_args *a, const tp_manifest *m) {
    bool cancel = d->entry.type == TP_ENTRY_CANCEL;
    const char *role = cancel ? "registrar" : "officer";
    const tp_college *college = cancel ? &m->registrars : &m->officers;
    if (!a->officers.count) tp_usage("--%s is missing", role);
    for (size_t i = 0; i < a->officers.count; i++) {
        tp_key_file k;
        uint8_t random[32];
        if (!tp_key_load(&k, a->officers.items[i], role)) return TP_EXIT_REFUSED;
        int index = tp_key_index(&k, college, cancel ? "registrars" : "officers");
        tp_random(random, sizeof random);
        tp_err err = TP_REFUSED;
        if (index)
            err = tp_entry_sign(&d->entry, m->fingerprint, (uint16_t)index, k.keys.identity_secret,
                                random);
        tp_wipe(&k, sizeof k);
        if (err != TP_OK) return tp_say(TP_EXIT_REFUSED, "%s cannot sign", a->officers.items[i]);
    }
    return TP_EXIT_OK;
}

static int read_draft(act_draft *d, const char *path) {
    size_t len;
    tp_fault fault = {0};
    d->file = tp_load_file(path, &len, TP_MAX_DOCUMENT + TP_MAX_ENTRY);
    if (!d->file) return TP_EXIT_SYSTEM;
    tp_reader r = tp_reader_of(d->file, len);
    tp_reader entry = tp_read_vector(&r, 1, TP_MAX_ENTRY);
    tp_reader document = tp_read_vector(&r, 0, TP_MAX_DOCUMENT);
    if (tp_read_end(&r) != TP_OK) return tp_say(TP_EXIT_REFUSED, "%s is no act", path);
    if (tp_entry_read(&d->entry, entry.p, entry.left, &fault) != TP_OK)
        return tp_say_fault(&fault, path);
    if (document.left && !(d->document = malloc(document.left)))
        return tp_say(TP_EXIT_SYSTEM, "out of memory");
    if (document.left) memcpy(d->document, document.p, document.left);
    d->document_len = document.left;
    return TP_EXIT_OK;
}

/* Another officer's draft, if it is of the act that this one draws up from the record. */
static int take_draft(act_draft *theirs, const act_draft *own, const char *path) {
    tp_fault fault = {0};
    int code = read_draft(theirs, path);
    if (code != TP_EXIT_OK) return code;
    if (tp_act_agrees(&theirs->entry, &own->entry, tp_unix_time(), &fault) != TP_OK)
        return tp_say_fault(&fault, path);
    if (theirs->document_len == own->document_len &&
        (!own->document_len || !memcmp(theirs->document, own->document, own->document_len)))
        return TP_EXIT_OK;
    return tp_say(TP_EXIT_REFUSED, "%s comes with another document", path);
}

static int write_draft(const act_draft *d, const uint8_t *entry, size_t len, const char *path) {
    size_t cap = len + d->document_len + 8;
    uint8_t *bytes = malloc(cap);
    if (!bytes) return tp_say(TP_EXIT_SYSTEM, "out of memory");
    tp_writer w = tp_writer_of(bytes, cap);
    tp_write_vector(&w, TP_MAX_ENTRY, entry, len);
    tp_write_vector(&w, TP_MAX_DOCUMENT, d->document, d->document_len);
    bool ok = tp_write_end(&w) == TP_OK &&
              tp_save_file(path, bytes, w.len, d->entry.type == TP_ENTRY_CHANGES);
    free(bytes);
    return ok ? TP_EXIT_OK : TP_EXIT_SYSTEM;
}

/* Signs the draft and passes it on. */
static int finish(act_draft *d, const act_args *a, const tp_manifest *m) {
    static uint8_t bytes[TP_MAX_ENTRY];
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    int code = sign_all(d, a, m);
    if (code != TP_EXIT_OK) return code;
    if (tp_entry_write(&w, &d->entry) != TP_OK)
        return tp_say(TP_EXIT_REFUSED, "too many signatures");
    if (a->out) return write_draft(d, bytes, w.len, a->out);
    return tp_submit(a->server, bytes, w.len, d->document, d->document_len);
}

void tp_act_free(act_draft *d) {
    free(d->document);
    free(d->file);
}

int tp_act_finish(act_draft *own, const act_args *a, const tp_manifest *m) {
    act_draft theirs = {0};
    int code = a->add ? take_draft(&theirs, own, a->add) : TP_EXIT_OK;
    if (code == TP_EXIT_OK) code = finish(a->add ? &theirs : own, a, m);
    tp_act_free(&theirs);
    return code;
}

void tp_act_require(const act_args *a) {
    if (!a->record) tp_usage("--record is missing");
    if (!a->server == !a->out) tp_usage("give --server to send the act, or --out to pass it on");
}

/* A new draft of an act at this time. */
static act_draft new_draft(tp_act act, const uint8_t subject[static 32], uint16_t reason) {
    act_draft d = {.entry = {.type = TP_ENTRY_ACT}};
    d.entry.u.act.act = act;
    d.entry.u.act.time = tp_unix_time();
    d.entry.u.act.reason = reason;
    memcpy(d.entry.u.act.subject, subject, 32);
    return d;
}

/* Is this the digest of the proof of the record's manifest? Attack G13. */
static int check_proof(const char *digest, tp_record *r, const tp_replay *p) {
    uint8_t *json, hash[32], said[32];
    uint64_t len = 0;
    size_t proof_len;
    tp_fault fault = {0};
    if (!tp_unhex(said, 32, digest))
        return tp_say(TP_EXIT_USAGE, "--proof takes the 64 hex digits that rehearse gives");
    if (!tp_proof_two_sign(&p->manifest)) return TP_EXIT_REFUSED;
    if (tp_record_document(r, p->manifest.fingerprint, &len, &json, &fault) != TP_OK)
        return tp_say_fault(&fault, "the record's manifest");
    json_t *root = json_loadb((const char *)json, (size_t)len, JSON_REJECT_DUPLICATES, NULL);
    char *proof = tp_proof_text(&proof_len, &p->manifest, root);
    if (proof) tp_sha256(hash, proof, proof_len);
    int code = !proof ? TP_EXIT_SYSTEM : TP_EXIT_OK;
    if (proof && !tp_equal(said, hash, 32))
        code = tp_say(TP_EXIT_REFUSED, "the proof that you read is not of this record's manifest");
    free(proof);
    json_decref(root);
    free(json);
    return code;
}

/* What one act is about, from the replayed record; fills subject and perhaps the document. */
typedef int (*act_subject)(act_draft *d, tp_record *r, tp_replay *p);

static int act_on_record(const act_args *a, tp_act act, uint16_t reason, const uint8_t *subject,
                         act_subject find) {
    tp_record *r;
    tp_replay p;
    static const uint8_t zero[32];
    tp_act_require(a);
    tp_replay_options o = {.trusting = act != TP_ACT_FREEZE && act != TP_ACT_PUBLISH};
    int code = tp_load_record(&r, &p, a->record, &o, a->remember);
    if (code != TP_EXIT_OK) return code;
    act_draft d = new_draft(act, subject ? subject : zero, reason);
    if (a->proof) code = check_proof(a->proof, r, &p);
    if (code == TP_EXIT_OK && find) code = find(&d, r, &p);
    if (code == TP_EXIT_OK) code = tp_act_finish(&d, a, &p.manifest);
    tp_act_free(&d);
    tp_replay_free(&p);
    tp_record_close(r);
    return code;
}

static int find_fingerprint(act_draft *d, tp_record *r, tp_replay *p) {
    (void)r;
    memcpy(d->entry.u.act.subject, p->manifest.fingerprint, 32);
    return TP_EXIT_OK;
}

static int find_keys(act_draft *d, tp_record *r, tp_replay *p) {
    (void)r;
    const tp_keys *keys = tp_ceremony_keys(p->board.ceremony);
    if (!keys) return tp_say(TP_EXIT_REFUSED, "the trustees' ceremony is not complete yet");
    memcpy(d->entry.u.act.subject, keys->digest, 32);
    return TP_EXIT_OK;
}

static int find_aggregates(act_draft *d, tp_record *r, tp_replay *p) {
    tp_aggregates a;
    uint32_t withheld[TP_MAX_CONTESTS];
    tp_fault fault = {0};
    tp_replay_options o = {.threads = tp_cores(), .progress = tp_progress_print};
    if (tp_replay_aggregate(&a, withheld, p, r, &o, &fault) != TP_OK)
        return tp_say_fault(&fault, "aggregates");
    tp_writer measure = tp_writer_of(NULL, 0);
    tp_err err = tp_aggregates_write(&measure, &p->manifest, &a);
    d->document = err == TP_OK ? malloc(measure.len) : NULL;
    tp_writer w = tp_writer_of(d->document, measure.len);
    if (d->document) err = tp_aggregates_write(&w, &p->manifest, &a);
    tp_aggregates_free(&a);
    if (!d->document || err != TP_OK) return tp_say(TP_EXIT_SYSTEM, "out of memory");
    d->document_len = w.len;
    tp_sha256(d->entry.u.act.subject, d->document, d->document_len);
    return TP_EXIT_OK;
}

static int find_results(act_draft *d, tp_record *r, tp_replay *p) {
    bool bad[TP_MAX_TRUSTEES] = {0};
    char *csv;
    size_t csv_len;
    tp_fault fault = {0};
    tp_replay_options o = {.threads = tp_cores(), .progress = tp_progress_print};
    if (tp_replay_results((char **)&d->document, &d->document_len, &csv, &csv_len, bad, p, r, &o,
                          &fault) != TP_OK)
        return tp_say_fault(&fault, "results");
    free(csv);
    for (size_t i = 0; i < p->manifest.trustees.count; i++)
        if (bad[i])
            tp_say(0, "the shares of %s are false and were left out",
                   p->manifest.trustees.who[i].name);
    tp_sha256(d->entry.u.act.subject, d->document, d->document_len);
    return TP_EXIT_OK;
}

static int plain_act(int argc, char **argv, const char *usage, const char *about, tp_act act,
                     act_subject find) {
    act_args a = {0};
    const tp_arg table[] = {ACT_OPTIONS(a), TP_ARG_END};
    tp_args(argc, argv, usage, about, table, NULL, 0);
    return act_on_record(&a, act, 0, NULL, find);
}

int tp_cmd_approve(int argc, char **argv) {
    act_args a = {0};
    const tp_arg table[] = {
        ACT_OPTIONS(a),
        {"--proof", "DIGEST", TP_ARG_TEXT, &a.proof, "of the ballots as read (tapat rehearse)"},
        TP_ARG_END};
    tp_args(argc, argv, "approve --proof DIGEST [options]",
            "Officers approve the manifest that the record begins with, each after reading what\n"
            "`tapat rehearse` prints of it.",
            table, NULL, 0);
    if (!a.proof) tp_usage("approve needs --proof: read what `tapat rehearse` prints, then sign");
    return act_on_record(&a, TP_ACT_APPROVE, 0, NULL, find_fingerprint);
}

int tp_cmd_open(int argc, char **argv) {
    return plain_act(argc, argv, "open [options]",
                     "Officers open the voting under the keys that all trustees confirmed.",
                     TP_ACT_OPEN, find_keys);
}

int tp_cmd_close(int argc, char **argv) {
    return plain_act(argc, argv, "close [options]",
                     "Officers close the voting; a real election not before its closing time.",
                     TP_ACT_CLOSE, NULL);
}

int tp_cmd_exclude(int argc, char **argv) {
    act_args a = {0};
    const char *reason = NULL, *word;
    const tp_arg table[] = {
        ACT_OPTIONS(a),
        {"--reason", "WHY", TP_ARG_TEXT, &reason, "voted-in-person or court-order"},
        TP_ARG_END};
    uint8_t hash[32];
    if (tp_args(argc, argv, "exclude BALLOT-HASH --reason WHY [options]",
                "Officers exclude one recorded ballot; the record shows it and the reason.", table,
                &word, 1) != 1 ||
        !tp_unhex(hash, 32, word))
        tp_usage("exclude takes the hash of a ballot, 64 hex digits");
    bool in_person = reason && !strcmp(reason, "voted-in-person");
    if (!in_person && (!reason || strcmp(reason, "court-order") != 0))
        tp_usage("--reason is voted-in-person or court-order");
    return act_on_record(&a, TP_ACT_EXCLUDE,
                         in_person ? TP_EXCLUDE_VOTED_IN_PERSON : TP_EXCLUDE_COURT_ORDER, hash,
                         NULL);
}

int tp_cmd_tally(int argc, char **argv) {
    act_args a = {0};
    const char *word;
    const tp_arg table[] = {ACT_OPTIONS(a), TP_REMEMBER_OPTION(&a.remember), TP_ARG_END};
    if (tp_args(argc, argv, "tally freeze|publish [options]",
                "freeze   add up the encrypted ballots of the closed record, so that trustees can\n"
                "         decrypt these sums and nothing else, ever\n"
                "publish  combine the trustees' shares, count, and publish the results",
                table, &word, 1) != 1)
        tp_usage("tally takes freeze or publish");
    if (!strcmp(word, "freeze")) return act_on_record(&a, TP_ACT_FREEZE, 0, NULL, find_aggregates);
    if (strcmp(word, "publish") != 0) tp_usage("tally takes freeze or publish, not '%s'", word);
    return act_on_record(&a, TP_ACT_PUBLISH, 0, NULL, find_results);
}
