/* The route "code": which contact a one-time code goes to, how often, and what became of it.
 * spec: H-4, Q-6, Q-7 */
#ifndef TAPAT_SERVER_CODE_H
#define TAPAT_SERVER_CODE_H

#include "server/step.h"

/* Masked, where something can be sent: [{"contact": 1, "to": "m•••@example.org"}]. */
json_t *tp_code_contacts(const tp_server *s, const tp_voter *v);
/* What became of the message with the newest code that this token asked for; null: it asked for
 * none. */
TP_MUST_USE tp_err tp_code_status(const tp_server *s, tp_store *store, const tp_step *t,
                                  json_t **message, json_t **contacts);

#endif
