/* What may be used once within a time: a set of hashes in memory of a fixed size. Safe between
 * threads. spec: H-12 */
#ifndef TAPAT_SERVER_ONCE_H
#define TAPAT_SERVER_ONCE_H

#include "core/base/base.h"

typedef struct tp_once tp_once;

/* Aborts without memory. */
tp_once *tp_once_new(void);
void tp_once_free(tp_once *o);
/* Takes it until `until`, Unix seconds as `now`. TP_REFUSED: it is taken; TP_SYSTEM: no room. */
TP_MUST_USE tp_err tp_once_take(tp_once *o, const uint8_t hash[static 32], uint64_t now,
                                uint64_t until);

#endif
