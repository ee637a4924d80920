/* A record as one file: plain POSIX ustar, one form for one record. spec: R-20..R-24 */
#ifndef TAPAT_RECORD_ARCHIVE_H
#define TAPAT_RECORD_ARCHIVE_H

#include "election/election.h"

/* Writes the files of the folder dir to a new file at path; path appears whole or not at all.
 * "files.archive": a name or a length that no record has, or something that is no plain file;
 * "record.missing". TP_SYSTEM, also if path exists. */
TP_MUST_USE tp_err tp_archive_write(const char *path, const char *dir, tp_fault *fault);
/* Writes the files of the archive at path into dir, which is there and empty. "files.archive": it
 * is not byte for byte what tp_archive_write writes; then some files may be there. */
TP_MUST_USE tp_err tp_archive_extract(const char *dir, const char *path, tp_fault *fault);

#endif
