/* Messages to voters: what is queued, and how its text is made.
 *
 *  1. The store holds no code and no text. A code is made from its row with a key that lies in a
 *     file beside the store, each time it is needed; so a copy of the store tells none.
 *  2. A code that was used, replaced or expired is in no text.
 * spec: chapter 10, Q-1..Q-3, Q-6.
 */
#ifndef TAPAT_SERVER_MESSAGE_H
#define TAPAT_SERVER_MESSAGE_H

#include "server/daemon.h"
#include "server/texts.h"

enum { TP_ONE_TIME_CODE = 6, TP_CODE_MARK = 2, TP_ONE_TIME_LIFE_S = 600 };

/* The token's present one-time code: six digits and NUL. Secret. spec: Q-1 */
void tp_message_code(char out[static TP_ONE_TIME_CODE + 1], const tp_server *s,
                     const tp_one_time *c);
/* Two symbols that the message and the page which asked both show, so that a voter to whom others
 * had codes sent finds the own one: no secret, and they tell nothing of the code. spec: Q-12 */
void tp_message_mark(char out[static TP_CODE_MARK + 1], const tp_server *s, const tp_one_time *c);
bool tp_message_code_live(const tp_one_time *c, uint64_t now);

/* Does this server send anything? A test election's that does not shows messages on a page. */
bool tp_message_sending(const tp_server *s);
/* TP_BY_MAIL or TP_BY_SMS. */
unsigned tp_message_channel(const char *contact);
/* Can messages be sent to this contact? "" cannot. */
bool tp_message_reaches(const tp_server *s, const char *contact);
/* "m•••@example.org", "•••4567" */
void tp_message_mask(char *out, size_t cap, const char *contact);

/* Within the recorder's transaction: the token's code to this contact of the voter's; notes the
 * message in c. */
TP_MUST_USE tp_err tp_message_queue_code(const tp_server *s, tp_store *store, tp_one_time *c,
                                         const char *lang, const char *to, uint64_t now);
/* Within the recorder's transaction: a notice of this kind to each of the voter's contacts.
 * values: an object of strings, by kind; taken over; NULL: none. */
TP_MUST_USE tp_err tp_message_notify(const tp_server *s, tp_store *store, const tp_voter *v,
                                     const char *kind, json_t *values);

/* The message's text as of now. *live: it may be sent; otherwise the text has no code. */
TP_MUST_USE tp_err tp_message_text(const tp_server *s, tp_store *store, const tp_message *m,
                                   uint64_t now, tp_text *text, bool *live);

/* Puts stars over the address, and the codes of the text unless it is NULL: what a mail server
 * says may hold what it was sent. Attack G9. */
void tp_message_hide(char *words, const tp_message *m, const tp_text *text);

#endif
