/* An opened record: private to record/. A tp_record belongs to one thread; workers share it for
 * tp_bundle_read and tp_bundle_check only, with bundles of their own.
 */
#ifndef TAPAT_RECORD_READER_H
#define TAPAT_RECORD_READER_H

#include "record/folder.h"
#include "record/record.h"

typedef struct {
    uint64_t index; /* UINT64_MAX: none */
    unsigned count;
    tp_buffer bytes;
    tp_reader entry[TP_TILE_WIDTH]; /* into bytes */
} tp_bundle;

struct tp_record {
    int folder;
    tp_head head;
    tp_bundle bundle;                       /* of tp_record_entry */
    tp_hash *hashes[TP_TILE_MAX_LEVEL + 1]; /* all hashes of a level, once the tree was loaded */
    uint8_t faulty_type; /* tp_entry_type of the entry at which the last replay stopped, or 0 */
};

/* "files.missing", "log.bundle": cut, or not exactly the entries that its name says. */
TP_MUST_USE tp_err tp_bundle_read(tp_bundle *b, const tp_record *r, uint64_t index,
                                  tp_fault *fault);
/* The entries are the leaves of the loaded tree: "log.entry", and *bad is the first that is not. */
TP_MUST_USE tp_err tp_bundle_check(const tp_bundle *b, const tp_record *r, uint64_t *bad,
                                   tp_fault *fault);
/* Puts the entry's index before what the fault says of the place, unless that is a file; returns
 * its class. */
tp_err tp_fail_entry(tp_fault *fault, uint64_t index);
void tp_bundle_free(tp_bundle *b);

/* Reads every tile of every level, and checks them from the checkpoint's root down to the leaf
 * hashes: "files.missing", "log.tile", "log.root", "record.empty". Then entries that
 * tp_record_entry gives are checked against it. 32 bytes an entry of memory. */
TP_MUST_USE tp_err tp_record_load_tree(tp_record *r, tp_fault *fault);
/* After tp_record_load_tree failed: reads all entries, and if these give the checkpoint's root,
 * names the tile that is wrong. */
void tp_record_find_fault(tp_record *r, tp_fault *fault);

#endif
