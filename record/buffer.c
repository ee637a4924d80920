/* What readers of a record share, whatever the files lie in: buffers, and names of documents.
 */
#include "record/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

tp_err tp_buffer_room(tp_buffer *b, size_t cap) {
    if (cap <= b->cap) return TP_OK;
    uint8_t *p = realloc(b->p, cap);
    if (!p) return TP_SYSTEM;
    b->p = p;
    b->cap = cap;
    return TP_OK;
}

void tp_buffer_free(tp_buffer *b) {
    free(b->p);
    *b = (tp_buffer){0};
}

void tp_hex32(char out[static 65], const uint8_t bytes[static 32]) {
    for (int i = 0; i < 32; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

/* spec: Y-3 */
void tp_written_name(char out[static TP_WRITTEN_NAME], const char *name) {
    size_t at = 0;
    for (const char *p = name; *p && at < TP_WRITTEN_NAME - 1; p++) {
        char one[5] = {*p};
        if (*p < 0x21 || *p > 0x7e || *p == '\\') snprintf(one, sizeof one, "\\x%02x", (uint8_t)*p);
        for (size_t i = 0; one[i] && at < TP_WRITTEN_NAME - 1; i++)
            out[at++] = one[i];
    }
    out[at] = 0;
}

void tp_document_name(char out[static TP_FILE_NAME], const uint8_t hash[static 32]) {
    strcpy(out, "document/");
    tp_hex32(out + strlen(out), hash);
}
