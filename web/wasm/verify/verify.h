/* Between the exports and the pool. */
#ifndef TAPAT_VERIFY_VERIFY_H
#define TAPAT_VERIFY_VERIFY_H

#include <stdint.h>

/* Serves as worker number `worker`, 0 .. count - 1, and never returns; on a stack of its own, which
 * the page set. */
__attribute__((export_name("verify_help"))) void verify_help(uint32_t worker);
/* How many serve; before the first pool is started. */
void verify_helpers(uint32_t count);

#endif
