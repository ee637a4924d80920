/* Delivers what is queued, by threads of its own: a few for each channel.
 *
 *   claim      up to some due messages become SENDING, durably            (recorder)
 *   text       made now; a code that is not live any more: VOID
 *   hand over  courier
 *   result     SENT; FAILED if refused for good; else QUEUED again with a longer wait, or GIVEN_UP
 *              when the message would be too old by then                   (recorder)
 *
 * After a crash what was SENDING is queued again: nothing is lost, and of each of these messages at
 * most one copy more arrives. spec: Q-4
 */
#ifndef TAPAT_SERVER_SENDER_H
#define TAPAT_SERVER_SENDER_H

#include "server/daemon.h"

/* Starts nothing where nothing can be sent. */
TP_MUST_USE tp_err tp_sender_start(tp_server *s);
/* Before the recorder stops, whose last tasks may still wake it; and after that. */
void tp_sender_stop(tp_server *s);
void tp_sender_free(tp_server *s);
/* Something was queued. */
void tp_sender_wake(tp_server *s);

/* What a report names a message by: its number and a proof that it comes from a copy of it. */
enum { TP_REFERENCE_TEXT = 20 + 1 + 16 + 1 };
void tp_message_reference(char out[static TP_REFERENCE_TEXT], const tp_server *s, int64_t id);
/* False: it is none. */
bool tp_message_referred(int64_t *id, const tp_server *s, const char *text);

#endif
