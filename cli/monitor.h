/* `tapat board monitor`: looks at a board again and again. */
#ifndef TAPAT_CLI_MONITOR_H
#define TAPAT_CLI_MONITOR_H

#include "cli/cli.h"

typedef struct {
    const char *server, *state, *fingerprint; /* fingerprint: hex, or NULL */
    uint64_t interval_s, stall_s;             /* stall_s 0: as spec R-15 says */
    bool once, json;
} tp_monitor_options;
int tp_monitor_run(const tp_monitor_options *o);

/* Does the tree whose tiles a server has begin with an older one? What the tiles give is proved by
 * the two roots. TP_SYSTEM: they cannot be had; TP_INVALID: it does not. */
TP_MUST_USE tp_err tp_fetch_consistency(tp_http *h, const tp_checkpoint_seen *old,
                                        const tp_checkpoint_seen *now);
/* What is wrong if `now` comes after `old`: NULL, "rewind", "fork" or "removal". consistent: the
 * result of a consistency proof, asked only where now is larger. */
const char *tp_alarm_of(const tp_checkpoint_seen *old, const tp_checkpoint_seen *now,
                        tp_err consistent);

#endif
