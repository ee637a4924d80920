/* The texts of messages: one template a kind and language, out of the program or, over these, out
 * of an operator's folder. A template is a text file KIND.LANGUAGE.txt:
 *
 *   Subject: one line
 *                             an empty line
 *   the mail's text, lines and paragraphs
 *                             an empty line
 *   SMS: one line             the whole of a short message
 *
 * {name} stands for a value; which names a kind has is fixed, and others are refused when the
 * template is read. spec: Q-3
 */
#ifndef TAPAT_SERVER_TEXTS_H
#define TAPAT_SERVER_TEXTS_H

#include <jansson.h>

#include "election/election.h"
#include "store/store.h"

enum { TP_SUBJECT_MAX = 200, TP_TEXT_MAX = 3000, TP_BRIEF_MAX = 640 };

typedef struct tp_texts tp_texts;
typedef struct {
    char subject[TP_SUBJECT_MAX], text[TP_TEXT_MAX], brief[TP_BRIEF_MAX];
} tp_text;

/* folder: NULL, or templates that replace the program's. Codes "messages.folder",
 * "messages.template" (where: file and reason). Free with tp_texts_free, also after a fault. */
TP_MUST_USE tp_err tp_texts_load(tp_texts **texts, const char *folder, tp_fault *fault);
void tp_texts_free(tp_texts *texts);
/* values: an object of strings, borrowed. Without a template in this language the English one is
 * taken. TP_REFUSED: no such kind; TP_TOO_BIG: it gets too long. */
TP_MUST_USE tp_err tp_texts_fill(const tp_texts *texts, const char *kind, const char *lang,
                                 const json_t *values, tp_text *out);
/* The names of the kinds, from 0; NULL: no more. And an example of every value that kinds have, to
 * show a template with: the caller's to release. */
const char *tp_texts_kind(size_t i);
json_t *tp_texts_example(void);

/* Of a message: "queued", "sent", ... */
const char *tp_message_state_name(tp_message_state state);

#endif
