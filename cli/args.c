/* Options, messages, files, hex and progress of the commands: cli.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "cli/cli.h"

/* ---- messages ---- */

/* C1 controls are two bytes of UTF-8, C2 80 to C2 9F. */
void tp_harmless(char *text) {
    for (char *p = text; *p; p++) {
        uint8_t c = (uint8_t)*p, next = (uint8_t)p[1];
        bool c1 = c == 0xc2 && next >= 0x80 && next <= 0x9f;
        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f || c1) *p = '?';
        if (c1) p[1] = '?';
    }
}

int tp_say(int code, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char text[4096];
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    tp_harmless(text);
    fprintf(stderr, "tapat: %s\n", text);
    return code;
}

void tp_usage(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("tapat: ", stderr);
    vfprintf(stderr, format, args);
    fputs("; --help tells the options\n", stderr);
    va_end(args);
    exit(TP_EXIT_USAGE);
}

int tp_say_fault(const tp_fault *f, const char *what) {
    int code = f->err == TP_SYSTEM ? TP_EXIT_SYSTEM : TP_EXIT_REFUSED;
    const char *reason = f->code && f->code[0] ? f->code : tp_err_name(f->err);
    return tp_say(code, "%s: %s%s%s", what, reason, f->where[0] ? ", " : "", f->where);
}

/* ---- options ---- */

static void print_help(const char *usage, const char *about, const tp_arg *table) {
    printf("usage: tapat %s\n\n%s\n", usage, about);
    if (table->name) puts("");
    for (const tp_arg *a = table; a->name; a++) {
        char left[64];
        snprintf(left, sizeof left, "%s%s%s", a->name, a->value ? " " : "",
                 a->value ? a->value : "");
        printf("  %-26s %s\n", left, a->help);
    }
    exit(TP_EXIT_OK);
}

static uint64_t number_of(const char *name, const char *text) {
    char *end;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (errno || *end || end == text || text[0] == '-')
        tp_usage("%s takes a whole number, not '%s'", name, text);
    return v;
}

static void take(const tp_arg *a, const char *value) {
    if (a->kind == TP_ARG_FLAG) *(bool *)a->dest = true;
    if (a->kind == TP_ARG_TEXT) *(const char **)a->dest = value;
    if (a->kind == TP_ARG_NUMBER) *(uint64_t *)a->dest = number_of(a->name, value);
    if (a->kind != TP_ARG_LIST) return;
    tp_arg_list *list = a->dest;
    if (list->count == TP_ARG_LIST_MAX) tp_usage("%s is given too often", a->name);
    list->items[list->count++] = value;
}

size_t tp_args(int argc, char **argv, const char *usage, const char *about, const tp_arg *table,
               const char **words, size_t max) {
    size_t count = 0;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--help")) print_help(usage, about, table);
        if (argv[i][0] != '-' || !argv[i][1]) {
            if (count == max) tp_usage("'%s' is one word too many", argv[i]);
            words[count++] = argv[i];
            continue;
        }
        const tp_arg *a = table;
        while (a->name && strcmp(a->name, argv[i]) != 0)
            a++;
        if (!a->name) tp_usage("no option '%s'", argv[i]);
        if (a->kind != TP_ARG_FLAG && i + 1 == argc) tp_usage("%s needs %s", a->name, a->value);
        take(a, a->kind == TP_ARG_FLAG ? NULL : argv[++i]);
    }
    return count;
}

/* ---- files ---- */

uint8_t *tp_load_file(const char *path, size_t *len, size_t max) {
    int fd =
        open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a pipe is no file, and not waited for */
    FILE *f = fd < 0 ? NULL : fdopen(fd, "rb");
    struct stat st;
    if (!f || fstat(fileno(f), &st) != 0) {
        tp_say(0, "cannot read %s: %s", path, strerror(errno));
        if (f)
            fclose(f);
        else if (fd >= 0)
            close(fd);
        return NULL;
    }
    size_t size = (size_t)st.st_size;
    uint8_t *bytes = S_ISREG(st.st_mode) && size <= max ? malloc(size + 1) : NULL;
    if (!bytes || fread(bytes, 1, size, f) != size) {
        tp_say(0, "cannot read %s: not a file of at most %zu bytes", path, max);
        free(bytes);
        fclose(f);
        return NULL;
    }
    fclose(f);
    bytes[size] = 0;
    *len = size;
    return bytes;
}

static bool write_all(int fd, const uint8_t *bytes, size_t len) {
    while (len) {
        ssize_t n = write(fd, bytes, len);
        if (n <= 0) return false;
        bytes += n;
        len -= (size_t)n;
    }
    return fsync(fd) == 0;
}

bool tp_sync_folder(const char *path) {
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash) slash[slash == folder] = 0;
    int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) close(fd);
    return ok;
}

bool tp_save_file(const char *path, const void *bytes, size_t len, bool secret) {
    char tmp[4096];
    int n = snprintf(tmp, sizeof tmp, "%s.new", path);
    int fd = -1;
    if (n < (int)sizeof tmp) fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC, secret ? 0600 : 0644);
    bool ok = fd >= 0 && write_all(fd, bytes, len);
    if (ok) ok = fsync(fd) == 0; /* a trustee's record of what it decrypted must outlive a crash */
    if (fd >= 0) ok = close(fd) == 0 && ok;
    ok = ok && rename(tmp, path) == 0 && tp_sync_folder(path);
    if (!ok) tp_say(0, "cannot write %s: %s", path, strerror(errno));
    return ok;
}

void tp_hex(char *out, const uint8_t *bytes, size_t len) {
    sodium_bin2hex(out, 2 * len + 1, bytes, len);
}

bool tp_unhex(uint8_t *out, size_t len, const char *hex) {
    size_t got;
    if (strlen(hex) != 2 * len || strpbrk(hex, "ABCDEF")) return false;
    return sodium_hex2bin(out, len, hex, 2 * len, NULL, &got, NULL) == 0 && got == len;
}

void tp_random(void *out, size_t len) {
    randombytes_buf(out, len);
}

uint64_t tp_unix_time(void) { /* not time(), which lags by some milliseconds */
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec;
}

unsigned tp_cores(void) {
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (unsigned)n : 1;
}

/* ---- progress ---- */

static double seconds_between(const struct timespec *a, const struct timespec *b) {
    return (double)(b->tv_sec - a->tv_sec) + 1e-9 * (double)(b->tv_nsec - a->tv_nsec);
}

void tp_progress_print(void *ctx, const char *what, uint64_t done, uint64_t total) {
    (void)ctx;
    static struct timespec start, last;
    static char task[64];
    if (!isatty(STDERR_FILENO)) return;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (strcmp(task, what) != 0) {
        snprintf(task, sizeof task, "%s", what);
        start = last = now;
    }
    if (done < total && seconds_between(&last, &now) < 0.2) return;
    last = now;
    double spent = seconds_between(&start, &now);
    double rate = spent > 0 ? (double)done / spent : 0;
    double left = rate > 0 ? (double)(total - done) / rate : 0;
    fprintf(stderr, "\r%s %llu/%llu, %.0f/s, %.0f s left\033[K%s", what, (unsigned long long)done,
            (unsigned long long)total, rate, left, done >= total ? "\r\033[K" : "");
}
