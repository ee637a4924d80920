/* The pages that the build put into the program. */
#ifndef TAPAT_SERVER_PAGES_H
#define TAPAT_SERVER_PAGES_H

#include <stddef.h>

typedef struct {
    const char *name;                    /* relative to the root: "vote.html", "i18n/en.json" */
    const unsigned char *plain, *packed; /* packed: gzip */
    size_t plain_len, packed_len;
} tp_page;

extern const tp_page tp_page_list[]; /* ended by name NULL */

#endif
