/* The archive of a record.
 *
 *   for each file, ascending by name: header[512] || bytes || zeros to a multiple of 512
 *   zeros[1024]
 *
 * Invariants
 *  1. A header is a function of name and length, so an archive is a function of the record.
 *  2. The reader makes the header again from the name and length that it read, and takes nothing
 *     else; names ascend strictly; nothing follows the end.
 *  3. No name leaves the folder: segments are not empty and do not begin with a dot.
 * spec: R-20..R-24
 */
#include "record/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record/folder.h"

enum { BLOCK = 512, NAME = 100, SIZE_AT = 124, SUM_AT = 148 };

/* ---- headers ---- */

/* Visible ASCII, shorter than the field; segments as invariant 3 says. spec: R-21 */
static bool good_name(const char *name) {
    size_t len = strlen(name);
    for (size_t i = 0; i < len; i++) {
        bool starts = i == 0 || name[i - 1] == '/';
        if (name[i] < 0x21 || name[i] > 0x7e) return false;
        if (starts && (name[i] == '.' || name[i] == '/')) return false;
    }
    return len && len < NAME && name[len - 1] != '/';
}

/* spec: R-22 */
static void make_header(char h[static BLOCK], const char *name, uint64_t len) {
    unsigned sum = 0;
    memset(h, 0, BLOCK);
    memcpy(h, name, strlen(name));
    strcpy(h + 100, "0000644"); /* mode */
    strcpy(h + 108, "0000000"); /* owner */
    strcpy(h + 116, "0000000"); /* group */
    snprintf(h + SIZE_AT, 12, "%011llo", (unsigned long long)len);
    strcpy(h + 136, "00000000000"); /* time */
    memset(h + SUM_AT, ' ', 8);
    h[156] = '0'; /* a plain file */
    memcpy(h + 257,
           "ustar\0"
           "00",
           8);
    strcpy(h + 329, "0000000"); /* device */
    strcpy(h + 337, "0000000");
    for (size_t i = 0; i < BLOCK; i++)
        sum += (uint8_t)h[i];
    snprintf(h + SUM_AT, 7, "%06o", sum);
}

/* The name and length of a header, if it is the one that these have. */
static bool read_header(char name[static NAME], uint64_t *len, const char h[static BLOCK]) {
    char again[BLOCK];
    *len = 0;
    memcpy(name, h, NAME);
    if (name[NAME - 1] || !good_name(name)) return false;
    for (size_t i = SIZE_AT; i < SIZE_AT + 11; i++) {
        if (h[i] < '0' || h[i] > '7') return false;
        *len = *len << 3 | (uint64_t)(h[i] - '0');
    }
    make_header(again, name, *len);
    return *len <= TP_MAX_DOCUMENT && !memcmp(again, h, BLOCK);
}

static size_t padding(uint64_t len) {
    return (size_t)((BLOCK - len % BLOCK) % BLOCK);
}

/* ---- writing ---- */

typedef struct {
    char **names;
    size_t count, cap;
    tp_fault *fault;
} list;

static tp_err refuse_name(tp_fault *fault, const char *name) {
    char written[TP_WRITTEN_NAME];
    tp_written_name(written, name);
    return tp_fail(fault, TP_REFUSED, "files.archive", "%s", written);
}

static tp_err take_name(void *ctx, const char *name, bool plain) {
    list *l = ctx;
    if (!plain || !good_name(name)) return refuse_name(l->fault, name);
    if (l->count == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 256;
        char **more = realloc(l->names, cap * sizeof *more);
        if (!more) return tp_fail(l->fault, TP_SYSTEM, "system", "memory");
        l->names = more;
        l->cap = cap;
    }
    if (!(l->names[l->count] = strdup(name)))
        return tp_fail(l->fault, TP_SYSTEM, "system", "memory");
    l->count++;
    return TP_OK;
}

static int by_bytes(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static tp_err put_file(FILE *out, int folder, const char *name, tp_buffer *b, tp_fault *fault) {
    char header[BLOCK];
    static const char zeros[BLOCK];
    tp_err err = tp_file_read(b, folder, name, TP_MAX_DOCUMENT);
    if (err == TP_SYSTEM) return tp_fail(fault, err, "system", "%s", name);
    if (err) return tp_fail(fault, err, "files.archive", "%s", name);
    make_header(header, name, b->len);
    fwrite(header, 1, BLOCK, out);
    fwrite(b->p, 1, b->len, out);
    fwrite(zeros, 1, padding(b->len), out);
    return ferror(out) ? tp_fail(fault, TP_SYSTEM, "system", "%s", name) : TP_OK;
}

static tp_err put_all(FILE *out, int folder, tp_fault *fault) {
    list l = {.fault = fault};
    tp_buffer b = {0};
    static const char end[2 * BLOCK];
    tp_fail(fault, TP_SYSTEM, "system", "folder");
    tp_err err = tp_folder_walk(folder, take_name, &l);
    if (l.count) qsort(l.names, l.count, sizeof *l.names, by_bytes);
    for (size_t i = 0; i < l.count; i++) {
        if (!err) err = put_file(out, folder, l.names[i], &b, fault);
        free(l.names[i]);
    }
    if (!err && !l.count) err = tp_fail(fault, TP_REFUSED, "record.missing", "folder");
    if (!err &&
        (fwrite(end, 1, sizeof end, out) != sizeof end || fflush(out) || fsync(fileno(out))))
        err = tp_fail(fault, TP_SYSTEM, "system", "archive");
    free(l.names);
    tp_buffer_free(&b);
    return err;
}

tp_err tp_archive_write(const char *path, const char *dir, tp_fault *fault) {
    int folder;
    char fresh[4096];
    tp_err err = tp_folder_open(&folder, dir, false);
    if (err) return tp_fail(fault, err, err == TP_SYSTEM ? "system" : "record.missing", "folder");
    int fd = -1;
    if (snprintf(fresh, sizeof fresh, "%s.new", path) < (int)sizeof fresh)
        fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "wb");
    if (!out) {
        if (fd >= 0) close(fd);
        close(folder);
        return tp_fail(fault, TP_SYSTEM, "system", "archive");
    }
    err = put_all(out, folder, fault);
    if (fclose(out) && !err) err = tp_fail(fault, TP_SYSTEM, "system", "archive");
    /* a link does not replace what is there already */
    if (!err && link(fresh, path)) err = tp_fail(fault, TP_SYSTEM, "system", "archive");
    unlink(fresh);
    close(folder);
    return err;
}

/* ---- reading ---- */

/* Makes the folders of a name below folder. TP_MALFORMED: one of them is a file. spec: R-21 */
static tp_err make_parents(int folder, const char *name) {
    char part[NAME];
    for (const char *slash = name; (slash = strchr(slash, '/')); slash++) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - name), name);
        if (mkdirat(folder, part, 0755) && errno != EEXIST) return TP_SYSTEM;
        struct stat st;
        if (fstatat(folder, part, &st, AT_SYMLINK_NOFOLLOW)) return TP_SYSTEM;
        if (!S_ISDIR(st.st_mode)) return TP_MALFORMED;
    }
    return TP_OK;
}

/* Copies len bytes and looks at the zeros behind them. */
static tp_err take_file(int folder, const char *name, uint64_t len, FILE *in, tp_fault *fault) {
    char bytes[1 << 14];
    tp_err err = make_parents(folder, name);
    if (err) return tp_fail(fault, err, err == TP_SYSTEM ? "system" : "files.archive", "%s", name);
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "wb");
    if (!out) {
        if (fd >= 0) close(fd);
        return tp_fail(fault, TP_SYSTEM, "system", "%s", name);
    }
    for (uint64_t left = len; !err && left;) {
        size_t part = left < sizeof bytes ? (size_t)left : sizeof bytes;
        if (fread(bytes, 1, part, in) != part)
            err = tp_fail(fault, TP_MALFORMED, "files.archive", "%s", name);
        else if (fwrite(bytes, 1, part, out) != part)
            err = tp_fail(fault, TP_SYSTEM, "system", "%s", name);
        left -= part;
    }
    if (fclose(out) && !err) err = tp_fail(fault, TP_SYSTEM, "system", "%s", name);
    size_t pad = padding(len);
    if (!err && fread(bytes, 1, pad, in) != pad)
        err = tp_fail(fault, TP_MALFORMED, "files.archive", "%s", name);
    for (size_t i = 0; !err && i < pad; i++)
        if (bytes[i]) err = tp_fail(fault, TP_MALFORMED, "files.archive", "%s", name);
    return err;
}

/* After the last file: the second block of zeros, and the end. */
static bool at_end(FILE *in) {
    char block[BLOCK];
    static const char zeros[BLOCK];
    return fread(block, 1, BLOCK, in) == BLOCK && !memcmp(block, zeros, BLOCK) &&
           fgetc(in) == EOF && !ferror(in);
}

static tp_err take_all(int folder, FILE *in, tp_fault *fault) {
    char header[BLOCK], name[NAME], last[NAME] = "";
    static const char zeros[BLOCK];
    uint64_t len;
    for (;;) {
        if (fread(header, 1, BLOCK, in) != BLOCK)
            return tp_fail(fault, TP_MALFORMED, "files.archive", "after %s", last);
        if (!memcmp(header, zeros, BLOCK)) break;
        if (!read_header(name, &len, header) || strcmp(last, name) >= 0)
            return tp_fail(fault, TP_MALFORMED, "files.archive", "after %s", last);
        tp_err err = take_file(folder, name, len, in, fault);
        if (err) return err;
        strcpy(last, name);
    }
    if (!*last || !at_end(in)) return tp_fail(fault, TP_MALFORMED, "files.archive", "end");
    return TP_OK;
}

tp_err tp_archive_extract(const char *dir, const char *path, tp_fault *fault) {
    int folder;
    tp_err err = tp_folder_open(&folder, dir, false);
    if (err) return tp_fail(fault, TP_SYSTEM, "system", "folder");
    FILE *in = fopen(path, "rb");
    err = in ? take_all(folder, in, fault) : tp_fail(fault, TP_SYSTEM, "system", "archive");
    if (in) fclose(in);
    close(folder);
    return err;
}
