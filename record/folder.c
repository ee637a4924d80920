/* Files of a record folder. spec: chapter 6.
 *
 * Invariants
 *  1. A file appears under its name by rename, after its bytes were synced; then its directory is.
 *     spec: R-10
 *  2. Links are never followed; only plain files are read.
 */
#include "record/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

tp_err tp_folder_open(int *folder, const char *dir, bool create) {
    if (create && mkdir(dir, 0755) && errno != EEXIST) return TP_SYSTEM;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT || errno == ENOTDIR ? TP_REFUSED : TP_SYSTEM;
    *folder = fd;
    return TP_OK;
}

static tp_err read_all(tp_buffer *b, int fd, size_t len) {
    if (tp_buffer_room(b, len + 1)) return TP_SYSTEM;
    size_t at = 0;
    for (ssize_t got; at <= len; at += (size_t)got) {
        got = read(fd, b->p + at, len + 1 - at);
        if (got < 0 && errno == EINTR) {
            got = 0;
            continue;
        }
        if (got < 0) return TP_SYSTEM;
        if (!got) break;
    }
    b->len = at;
    return at == len ? TP_OK : TP_SYSTEM; /* it changed under our hands */
}

tp_err tp_file_read(tp_buffer *b, int folder, const char *name, size_t max) {
    b->len = 0;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        bool none = errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENXIO;
        return none ? TP_REFUSED : TP_SYSTEM;
    }
    struct stat st;
    tp_err err = TP_SYSTEM;
    if (fstat(fd, &st)) goto cleanup;
    err = TP_REFUSED;
    if (!S_ISREG(st.st_mode)) goto cleanup;
    err = (uint64_t)st.st_size > max ? TP_TOO_BIG : read_all(b, fd, (size_t)st.st_size);
cleanup:
    close(fd);
    return err;
}

static tp_err sync_directory(int folder, const char *name) {
    int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return TP_SYSTEM;
    int bad = fsync(fd);
    close(fd);
    return bad ? TP_SYSTEM : TP_OK;
}

/* The directory that a name lies in; "." for the folder itself. */
static void parent_of(char out[static TP_FILE_NAME], const char *name) {
    const char *slash = strrchr(name, '/');
    if (slash)
        snprintf(out, TP_FILE_NAME, "%.*s", (int)(slash - name), name);
    else
        strcpy(out, ".");
}

static tp_err make_directory(int folder, const char *name) {
    if (!mkdirat(folder, name, 0755)) {
        char parent[TP_FILE_NAME];
        parent_of(parent, name);
        return sync_directory(folder, parent);
    }
    if (errno == EEXIST) return TP_OK;
    if (errno != ENOENT) return TP_SYSTEM;
    char parent[TP_FILE_NAME];
    parent_of(parent, name);
    if (!strcmp(parent, ".")) return TP_SYSTEM;
    tp_err err = make_directory(folder, parent);
    return err ? err : make_directory(folder, name);
}

static tp_err write_all(int fd, const uint8_t *p, size_t len) {
    while (len) {
        ssize_t put = write(fd, p, len);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return TP_SYSTEM;
        p += put;
        len -= (size_t)put;
    }
    return fsync(fd) ? TP_SYSTEM : TP_OK;
}

tp_err tp_file_write(int folder, const char *name, const void *bytes, size_t len) {
    static atomic_uint serial;
    char parent[TP_FILE_NAME], fresh[64];
    parent_of(parent, name);
    snprintf(fresh, sizeof fresh, ".tmp-%ld-%u", (long)getpid(), atomic_fetch_add(&serial, 1));
    int fd = openat(folder, fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) return TP_SYSTEM;
    tp_err err = write_all(fd, bytes, len);
    if (close(fd)) err = TP_SYSTEM;
    if (!err && strcmp(parent, ".")) err = make_directory(folder, parent);
    if (!err && renameat(folder, fresh, folder, name)) err = TP_SYSTEM;
    if (err) {
        unlinkat(folder, fresh, 0);
        return err;
    }
    return sync_directory(folder, parent);
}

static tp_err find_kind(int folder, const char *name, mode_t kind) {
    struct stat st;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW))
        return errno == ENOENT || errno == ENOTDIR ? TP_REFUSED : TP_SYSTEM;
    return (st.st_mode & S_IFMT) == kind ? TP_OK : TP_REFUSED;
}

tp_err tp_file_find(int folder, const char *name) {
    char part[TP_FILE_NAME];
    for (const char *slash = name; (slash = strchr(slash, '/')); slash++) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - name), name);
        tp_err err = find_kind(folder, part, S_IFDIR);
        if (err) return err;
    }
    return find_kind(folder, name, S_IFREG);
}

void tp_file_remove(int folder, const char *name) {
    char parent[TP_FILE_NAME];
    parent_of(parent, name);
    unlinkat(folder, name, 0);
    if (strcmp(parent, ".")) unlinkat(folder, parent, AT_REMOVEDIR);
}

static int no_dots(const struct dirent *d) {
    return strcmp(d->d_name, ".") && strcmp(d->d_name, "..");
}

static int by_bytes(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* As deep as a path can be: TP_FILE_NAME / 2. */
static tp_err walk(int folder, const char *under, tp_visit visit, void *ctx) {
    struct dirent **list;
    int n = scandirat(folder, *under ? under : ".", &list, no_dots, by_bytes);
    if (n < 0) return TP_SYSTEM;
    tp_err err = TP_OK;
    for (int i = 0; i < n; i++) {
        char name[TP_FILE_NAME + 256];
        struct stat st;
        int len = snprintf(name, sizeof name, "%s%s%s", under, *under ? "/" : "", list[i]->d_name);
        free(list[i]);
        if (err) continue;
        bool known = len < TP_FILE_NAME && !fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW);
        if (known && S_ISDIR(st.st_mode))
            err = walk(folder, name, visit, ctx);
        else
            err = visit(ctx, name, known && S_ISREG(st.st_mode));
    }
    free(list);
    return err;
}

tp_err tp_folder_walk(int folder, tp_visit visit, void *ctx) {
    return walk(folder, "", visit, ctx);
}
