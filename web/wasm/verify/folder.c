/* record/folder.h over files that the page reads, from a server or from the person's own disk.
 * There is one folder; nothing is written.
 */
#include "record/folder.h"

#include <string.h>
#include <unistd.h>

#include "web/wasm/verify/host.h"

tp_err tp_folder_open(int *folder, const char *dir, bool create) {
    (void)dir;
    *folder = 0;
    return create ? TP_SYSTEM : TP_OK;
}

int close(int fd) {
    (void)fd;
    return 0;
}

tp_err tp_file_read(tp_buffer *b, int folder, const char *name, size_t max) {
    (void)folder;
    b->len = 0;
    int32_t len = host_open(name, strlen(name));
    if (len == HOST_MISSING) return TP_REFUSED;
    if (len < 0) return TP_SYSTEM;
    if ((size_t)len > max) return TP_TOO_BIG;
    if (tp_buffer_room(b, (size_t)len + 1)) return TP_SYSTEM;
    host_take(b->p);
    b->len = (size_t)len;
    return TP_OK;
}

tp_err tp_file_find(int folder, const char *name) {
    (void)folder;
    return host_open(name, strlen(name)) == HOST_MISSING ? TP_REFUSED : TP_OK;
}

tp_err tp_folder_walk(int folder, tp_visit visit, void *ctx) {
    (void)folder;
    tp_err err = TP_OK;
    int32_t len;
    char name[TP_FILE_NAME + 256];
    for (uint32_t i = 0; !err && (len = host_list(i, name, sizeof name - 1)) >= 0; i++) {
        name[len % HOST_PLAIN] = 0;
        err = visit(ctx, name, len >= HOST_PLAIN && len % HOST_PLAIN < TP_FILE_NAME);
    }
    return err;
}

tp_err tp_file_write(int folder, const char *name, const void *bytes, size_t len) {
    (void)folder, (void)name, (void)bytes, (void)len;
    return TP_SYSTEM;
}

void tp_file_remove(int folder, const char *name) {
    (void)folder, (void)name;
}
