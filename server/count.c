/* Stage tally, the server's side: FREEZE and PUBLISH happen once and cannot be taken back, so an
 * act whose document is not what everyone computes from the record is not taken: it would leave an
 * election that nobody can decrypt, or results that do not verify. Officers draw these acts up from
 * a copy of the record, and a cancel or an exclusion may have come since.
 *
 * The ballots were checked when they came, so of the record only what a count needs is read: for
 * FREEZE the ciphertexts are added up in one pass, for PUBLISH the sums are those that were frozen.
 *
 * Runs on the recorder's thread: no ballots come any more, and no entry may come in between.
 * spec: S-17.
 */
#include <stdlib.h>
#include <string.h>

#include "record/record.h"
#include "server/daemon.h"

static const tp_replay_options to_count = {.threads = 0, .trusting = true, .counting = true},
                               known_sums = {.threads = 0, .trusting = true};

static tp_err check_aggregates(const tp_replay *p, tp_record *r, const tp_reader *document,
                               tp_fault *fault) {
    tp_aggregates a;
    uint32_t withheld[TP_MAX_CONTESTS];
    tp_err err = tp_replay_aggregate(&a, withheld, p, r, &to_count, fault);
    if (err) return err;
    uint8_t *own = malloc(document->left + 1);
    tp_writer w = tp_writer_of(own, document->left);
    if (!own)
        err = tp_fail(fault, TP_SYSTEM, "server.storage", "memory");
    else if (tp_aggregates_write(&w, &p->manifest, &a) || w.len != document->left ||
             memcmp(own, document->p, w.len))
        err = tp_fail(fault, TP_REFUSED, "aggregates.hash", "not the sums of the record as it is");
    free(own);
    tp_aggregates_free(&a);
    return err;
}

static tp_err check_results(tp_csv_text *out, const tp_replay *p, tp_record *r,
                            const tp_reader *document, tp_fault *fault) {
    bool bad[TP_MAX_TRUSTEES];
    char *json, *csv;
    size_t json_len, csv_len;
    tp_err err = tp_replay_results(&json, &json_len, &csv, &csv_len, bad, p, r, &known_sums, fault);
    if (err) return err;
    if (json_len != document->left || memcmp(json, document->p, json_len))
        err = tp_fail(fault, TP_REFUSED, "results.hash", "not the results of the record as it is");
    free(json);
    if (err)
        free(csv);
    else
        *out = (tp_csv_text){csv, csv_len};
    return err;
}

tp_err tp_count_check(tp_server *s, uint64_t size, tp_act act, const tp_reader *document,
                      tp_csv_text *csv, tp_fault *fault) {
    tp_record *r;
    tp_replay p;
    if (!tp_publisher_wait(s, size))
        return tp_fail(fault, TP_SYSTEM, "server.storage", "the record is not written yet");
    tp_err err = tp_record_open(&r, s->public_path, fault);
    if (err) return err;
    err = tp_replay_run(&p, r, act == TP_ACT_FREEZE ? &to_count : &known_sums, fault);
    if (!err) {
        err = act == TP_ACT_FREEZE ? check_aggregates(&p, r, document, fault)
                                   : check_results(csv, &p, r, document, fault);
        tp_replay_free(&p);
    }
    tp_record_close(r);
    return err;
}
