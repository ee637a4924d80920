/* Letters as a PDF, A4, one a page, the address where a window envelope shows it. */
#ifndef TAPAT_CLI_LETTERS_PDF_H
#define TAPAT_CLI_LETTERS_PDF_H

#include "core/base/base.h"

typedef struct {
    const char *name, *number, *post, *country;
    const char *address; /* lines; "": none, the post stands there */
    const char *code;    /* secret */
    const char *link;    /* with the code in its fragment; secret */
} tp_letter_page;

typedef struct tp_letter_pdf tp_letter_pdf;

/* title: the election's; url: where the voter types the code; langs: of the instructions, ended by
 * NULL, of which those without a text are passed over (if all are, it is English); specimen: marked
 * across the page as one. NULL: the file cannot be written. */
tp_letter_pdf *tp_letter_pdf_begin(const char *path, const char *title, const char *url,
                                   const char *const *langs, bool specimen);
void tp_letter_pdf_add(tp_letter_pdf *p, const tp_letter_page *page);
/* Ends the file; false: it is not whole. */
bool tp_letter_pdf_end(tp_letter_pdf *p);

#endif
