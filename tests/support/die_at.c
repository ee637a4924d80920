/* Ends the program that loads it as kill -9 does, just before its Nth call that leaves something in
 * the world: write, fsync, rename, unlink, or a send on a socket. LD_PRELOAD this, DIE_AT=N. Past
 * the last of them the program ends by itself. */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void count(void) {
    static atomic_long calls;
    const char *at = getenv("DIE_AT");
    if (at && atomic_fetch_add(&calls, 1) + 1 == atol(at)) (void)raise(SIGKILL);
}

ssize_t write(int fd, const void *bytes, size_t len) {
    if (fd > 2) count();
    return syscall(SYS_write, fd, bytes, len);
}

ssize_t send(int fd, const void *bytes, size_t len, int flags) {
    count();
    return syscall(SYS_sendto, fd, bytes, len, flags, NULL, 0);
}

int fsync(int fd) {
    count();
    return (int)syscall(SYS_fsync, fd);
}

int rename(const char *from, const char *to) {
    count();
    return (int)syscall(SYS_rename, from, to);
}

int unlink(const char *path) {
    count();
    return (int)syscall(SYS_unlink, path);
}
