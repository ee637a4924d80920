/* The files of a record folder: names, whole-file reads, atomic writes. Private to record/.
 * spec: chapter 6.
 */
#ifndef TAPAT_RECORD_FOLDER_H
#define TAPAT_RECORD_FOLDER_H

#include "core/merkle/note.h"
#include "core/merkle/tiles.h"
#include "election/manifest.h"

enum {
    TP_FILE_NAME = 128,       /* room for any name within the folder, with NUL */
    TP_WRITTEN_NAME = 90 + 1, /* with NUL */
    TP_MAX_BUNDLE = TP_TILE_WIDTH * (2 + TP_MAX_ENTRY),
    TP_MAX_BUNDLE_FILE = TP_TILE_WIDTH * (2 + UINT16_MAX), /* of a stranger: T-9 */
};

/* A buffer that is used again for file after file; starts as zeros. */
typedef struct {
    uint8_t *p;
    size_t cap, len;
} tp_buffer;
TP_MUST_USE tp_err tp_buffer_room(tp_buffer *b, size_t cap);
void tp_buffer_free(tp_buffer *b);

/* create: makes the directory (its parent must be there). TP_REFUSED: none such. */
TP_MUST_USE tp_err tp_folder_open(int *folder, const char *dir, bool create);
/* The whole plain file. TP_REFUSED: there is none; TP_TOO_BIG: over max; TP_SYSTEM. */
TP_MUST_USE tp_err tp_file_read(tp_buffer *b, int folder, const char *name, size_t max);
/* Appears whole or not at all, and is on the disk when this returns; makes directories. */
TP_MUST_USE tp_err tp_file_write(int folder, const char *name, const void *bytes, size_t len);
/* Is it a plain file, to which no link leads? TP_REFUSED: no; TP_SYSTEM: nobody can say. */
TP_MUST_USE tp_err tp_file_find(int folder, const char *name);
/* Removes the file, and its directory if that is empty now. */
void tp_file_remove(int folder, const char *name);
/* Calls visit for everything in the folder that is no directory, in byte order of the names within
 * each directory; ends at the first error and returns it. plain: a regular file. A path that has no
 * room in TP_FILE_NAME is visited, and not gone into, whatever it leads to. spec: R-1 */
typedef tp_err (*tp_visit)(void *ctx, const char *name, bool plain);
TP_MUST_USE tp_err tp_folder_walk(int folder, tp_visit visit, void *ctx);

void tp_document_name(char out[static TP_FILE_NAME], const uint8_t hash[static 32]);
/* A stranger's name as it is reported. spec: Y-3 */
void tp_written_name(char out[static TP_WRITTEN_NAME], const char *name);
/* Lower-case hex of a 32-byte value, with NUL. */
void tp_hex32(char out[static 65], const uint8_t bytes[static 32]);

/* ---- tiles ---- */

/* Reads a tile's file. A partial tile that is gone, since the log grew after the checkpoint was
 * read, is read from a wider one, which begins with it: *width is that of the file. TP_REFUSED:
 * there is none; TP_TOO_BIG. */
TP_MUST_USE tp_err tp_tile_file(tp_buffer *b, unsigned *width, int folder, const tp_tile *tile,
                                size_t max);
/* Reads a hash tile; ctx: pointer to the folder's descriptor. TP_REFUSED: missing; TP_MALFORMED. */
TP_MUST_USE tp_err tp_tile_load(void *ctx, const tp_tile *tile,
                                tp_hash hashes[static TP_TILE_WIDTH]);

/* ---- checkpoint ---- */

/* The checkpoint as it was read; note and at point into text. */
typedef struct {
    tp_buffer text;
    tp_note note;
    tp_checkpoint at;
} tp_head;

/* "record.missing", "checkpoint.malformed": not a signed checkpoint. spec: R-8 */
TP_MUST_USE tp_err tp_head_read(tp_head *h, int folder, tp_fault *fault);
void tp_head_free(tp_head *h);
/* The codes of tp_checkpoint_check but "checkpoint.malformed". spec */
TP_MUST_USE tp_err tp_head_check(const tp_head *h, const tp_manifest *m, tp_fault *fault);

#endif
