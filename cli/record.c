/* What several commands do with a public record: open and replay it. */
#include "cli/cli.h"

int tp_load_record(tp_record **r, tp_replay *p, const char *dir, bool trusting, unsigned threads) {
    tp_fault fault = {0};
    if (tp_record_open(r, dir, &fault) != TP_OK) return tp_say_fault(&fault, dir);
    tp_replay_options o = {.threads = threads ? threads : tp_cores(),
                           .trusting = trusting,
                           .progress = tp_progress_print};
    if (tp_replay_run(p, *r, &o, &fault) == TP_OK) return TP_EXIT_OK;
    tp_record_close(*r);
    return tp_say_fault(&fault, dir);
}
