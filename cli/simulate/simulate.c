/* `tapat simulate`: test voters for rehearsals and demonstrations. They enrol and cast over the
 * server's HTTP interface with the same core as the page; their choices follow real vote shares. */
#include <stdlib.h>
#include <string.h>

#include "cli/simulate/simulate.h"

static int roll_verb(const char *manifest, const char *posts, const char *out, uint64_t voters,
                     uint64_t guests, bool names) {
    size_t len;
    tp_manifest m;
    tp_fault fault = {0};
    if (!manifest || !posts || !out) tp_usage("simulate roll needs --manifest, --posts and --out");
    uint8_t *text = tp_load_file(manifest, &len, TP_MAX_DOCUMENT);
    if (!text) return TP_EXIT_SYSTEM;
    tp_err err = tp_manifest_parse(&m, text, len, &fault);
    free(text);
    if (err != TP_OK) return tp_say_fault(&fault, manifest);
    int code = sim_make_roll(&m, posts, out, voters, guests, names);
    tp_manifest_free(&m);
    return code;
}

static int record_verb(sim_record_options *r, const sim_vote_options *o, double voted) {
    if (!r->manifest || !r->keys || !o->options || !r->out)
        tp_usage("simulate record needs --manifest, --keys, --options and --out");
    r->options = o->options, r->expect = o->expect, r->options_ballots = voted;
    r->seed = o->seed, r->revote_percent = o->revote_percent, r->threads = o->threads;
    return sim_record(r);
}

static int store_verb(const char *record, const char *keys, const char *data) {
    if (!record || !keys || !data) tp_usage("simulate store needs --record, --keys and --data");
    return sim_store(record, keys, data);
}

int tp_cmd_simulate(int argc, char **argv) {
    const char *word, *data = NULL, *manifest = NULL, *posts = NULL, *out = NULL, *results = NULL;
    const char *record = NULL;
    uint64_t voters = 500, guests = 20, voted = 228490;
    bool names = false;
    sim_record_options r = {0};
    sim_vote_options o = {.seed = 1, .revote_percent = 10, .abstain_percent = 5, .threads = 4};
    const tp_arg table[] = {
        {"--voters", "N", TP_ARG_NUMBER, &voters, "roll: how many test voters (500)"},
        {"--guests", "N", TP_ARG_NUMBER, &guests, "roll: voters left for people to try (20)"},
        {"--manifest", "FILE", TP_ARG_TEXT, &manifest, "roll: the manifest"},
        {"--posts", "FILE", TP_ARG_TEXT, &posts,
         "roll: turnout per unit, by which voters are spread"},
        {"--names", NULL, TP_ARG_FLAG, &names, "roll: names as varied as real ones"},
        {"--out", "FILE", TP_ARG_TEXT, &out, "roll: the CSV file to write"},
        {"--keys", "DIR", TP_ARG_TEXT, &r.keys,
         "record: keys t1.., o1.., r1 and log.key; store: log.key"},
        {"--close-only", NULL, TP_ARG_FLAG, &r.open, "record: end after the close, do not count"},
        {"--data", "DIR", TP_ARG_TEXT, &data, "store: the data folder to make"},
        {"--record", "DIR", TP_ARG_TEXT, &record, "store: the record to fill it from"},
        {"--server", "URL", TP_ARG_TEXT, &o.server, "vote: the server"},
        {"--roll", "FILE", TP_ARG_TEXT, &o.roll, "vote: the roll; voters S-... take part"},
        {"--options", "FILE", TP_ARG_TEXT, &o.options,
         "vote: votes per option, the shares to draw by"},
        {"--options-ballots", "N", TP_ARG_NUMBER, &voted,
         "vote: ballots that they came from (228490)"},
        {"--revote", "PERCENT", TP_ARG_NUMBER, &o.revote_percent, "vote: who vote twice (10)"},
        {"--abstain", "PERCENT", TP_ARG_NUMBER, &o.abstain_percent,
         "vote: enrol and never vote (5)"},
        {"--seed", "N", TP_ARG_NUMBER, &o.seed, "vote: of the choices (1)"},
        {"--threads", "N", TP_ARG_NUMBER, &o.threads, "vote: voters at a time (4)"},
        {"--json", NULL, TP_ARG_FLAG, &o.json, "vote: report as JSON"},
        {"--expect", "FILE", TP_ARG_TEXT, &o.expect, "vote: write what was chosen; check: read it"},
        {"--results", "FILE", TP_ARG_TEXT, &results, "check: the published results.json"},
        TP_ARG_END};
    if (tp_args(argc, argv, "simulate roll|vote|check|record|store [options]",
                "roll   write a roll of test voters, spread over the units like the real turnout\n"
                "vote   enrol them and cast their ballots through the server's HTTP interface\n"
                "check  compare published totals with what they chose\n"
                "record make a whole election without a server, as a public record\n"
                "store  make a daemon's data folder out of such a record, up to its close",
                table, &word, 1) != 1)
        tp_usage("simulate takes roll, vote, check, record or store");
    if (!strcmp(word, "roll")) return roll_verb(manifest, posts, out, voters, guests, names);
    if (!strcmp(word, "check")) {
        if (!o.expect || !results) tp_usage("simulate check needs --expect and --results");
        return sim_check(o.expect, results);
    }
    if (!strcmp(word, "record")) {
        r.manifest = manifest, r.out = out, r.voters = voters;
        return record_verb(&r, &o, (double)voted);
    }
    if (!strcmp(word, "store")) return store_verb(record, r.keys, data);
    if (strcmp(word, "vote") != 0)
        tp_usage("simulate takes roll, vote, check, record or store, not '%s'", word);
    if (!o.server || !o.roll || !o.options)
        tp_usage("simulate vote needs --server, --roll, --options");
    o.voters_of_options = (double)voted;
    return sim_vote(&o);
}
