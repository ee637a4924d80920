/* How often one address may ask: a token bucket for each, in memory of a fixed size. When there are
 * more addresses than room, the one that was quiet longest is forgotten. Safe between threads.
 * spec: J-13.
 */
#ifndef TAPAT_SERVER_LIMIT_H
#define TAPAT_SERVER_LIMIT_H

#include "core/base/base.h"

typedef struct tp_limit tp_limit;

/* burst requests at once, then one every gap_ms. Aborts without memory. */
tp_limit *tp_limit_new(unsigned burst, unsigned gap_ms);
void tp_limit_free(tp_limit *l);
/* Makes an address that of all who count as one: of IPv6 the first 64 bits stay. */
void tp_limit_net(uint8_t address[static 16]);
/* address: IPv6, or IPv4 mapped into it; of IPv6 the first 64 bits count. now_ms: rises. 0: go on;
 * else the seconds to wait. */
unsigned tp_limit_take(tp_limit *l, const uint8_t address[static 16], uint64_t now_ms);

#endif
