/* Every ballot style of an election, ready to cast and check with: manifest and keys joined.
 * Native only; allocates. spec: chapter 4a.
 */
#ifndef TAPAT_ELECTION_STYLES_H
#define TAPAT_ELECTION_STYLES_H

#include "election/cast.h"
#include "election/ceremony.h"

typedef struct {
    tp_ballot_style list[TP_MAX_STYLES];
    uint16_t count;
    tp_point *generators;
} tp_styles;

/* keys: only digest, y and y_points are read, and must outlive the styles. TP_SYSTEM: no memory. */
TP_MUST_USE tp_err tp_styles_make(tp_styles *out, const tp_manifest *m, const tp_keys *keys);
void tp_styles_free(tp_styles *s);

#endif
