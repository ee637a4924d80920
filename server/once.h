/* What may be used once within a time: a set of hashes of a fixed size, 4 MiB, in a file beside the
 * store, so that what was used stays so when the server is killed. Each of TP_ONCE_USERS users has
 * room for about 2000 of its own. Safe between threads.
 * spec: H-12 */
#ifndef TAPAT_SERVER_ONCE_H
#define TAPAT_SERVER_ONCE_H

#include "core/base/base.h"

enum { TP_ONCE_USERS = 32 };

typedef struct tp_once tp_once;

/* Reads the set, or makes an empty one, which then knows nothing of what was used of times before
 * `since`, Unix seconds. Also one that is damaged is made anew. TP_SYSTEM: the file cannot be read
 * or written. tp_once_close in any case. Aborts without memory. */
TP_MUST_USE tp_err tp_once_open(tp_once **o, const char *path, uint64_t since);
void tp_once_close(tp_once *o);
/* What is of a time before may have been used. */
uint64_t tp_once_since(const tp_once *o);
/* Takes it for the user, from 0, until `until`, Unix seconds as `now`; when this returns TP_OK that
 * is durable. TP_REFUSED: it is taken; TP_SYSTEM: no room, or it cannot be written. */
TP_MUST_USE tp_err tp_once_take(tp_once *o, unsigned user, const uint8_t hash[static 32],
                                uint64_t now, uint64_t until);

#endif
