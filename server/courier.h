/* Hands one message over: by SMTP, or to an SMS gateway by HTTP. A courier keeps its connection for
 * the next message and serves one thread. spec: Q-5
 */
#ifndef TAPAT_SERVER_COURIER_H
#define TAPAT_SERVER_COURIER_H

#include <stdatomic.h>

#include "server/config.h"
#include "server/texts.h"

typedef enum {
    TP_TAKEN, /* the other side has it */
    TP_LATER, /* not now */
    TP_NEVER, /* it refused this message for good */
} tp_delivery;

enum { TP_WORDS_MAX = 240 };

typedef struct tp_courier tp_courier;
/* channel: TP_BY_MAIL or TP_BY_SMS. A transfer ends soon after *stop becomes true. The settings
 * outlive the courier. Aborts without memory. */
tp_courier *tp_courier_new(const tp_config *c, unsigned channel, const atomic_bool *stop);
void tp_courier_free(tp_courier *k);
/* reference: what a report or a returned mail names the message by. words: what the other side
 * said, or what went wrong, ASCII, without line breaks. */
tp_delivery tp_courier_send(tp_courier *k, const char *to, const char *reference, const char *lang,
                            const tp_text *text, char words[static TP_WORDS_MAX]);

#endif
