#include "tests/record/scratch.h"
#include "record/folder.h"
#include "tests/support/support.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

static int opened(const char *dir) {
    int folder;
    assert_int_equal(tp_folder_open(&folder, dir, false), TP_OK);
    return folder;
}

char *scratch_folder(void) {
    const char *base = getenv("TMPDIR");
    char path[512];
    if (!base || !*base) base = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm"; /* many fsyncs */
    snprintf(path, sizeof path, "%s/tapat-record-XXXXXX", base);
    assert_non_null(mkdtemp(path));
    return strdup(path);
}

typedef struct {
    char **name;
    size_t count;
} file_list;

static tp_err add_name(void *ctx, const char *name, bool plain) {
    file_list *l = ctx;
    (void)plain;
    l->name = realloc(l->name, (l->count + 1) * sizeof *l->name);
    assert_non_null(l->name);
    l->name[l->count++] = strdup(name);
    return TP_OK;
}

char **scratch_files(const char *dir, size_t *count) {
    file_list l = {0};
    int folder = opened(dir);
    assert_int_equal(tp_folder_walk(folder, add_name, &l), TP_OK);
    close(folder);
    *count = l.count;
    return l.name;
}

/* Deletes the directories above a file that are empty now. */
static void prune(int folder, char *name) {
    for (char *slash; (slash = strrchr(name, '/'));) {
        *slash = 0;
        if (unlinkat(folder, name, AT_REMOVEDIR)) return;
    }
}

void scratch_remove(char *dir) {
    size_t count;
    char **names = scratch_files(dir, &count);
    int folder = opened(dir);
    for (size_t i = 0; i < count; i++) {
        unlinkat(folder, names[i], 0);
        prune(folder, names[i]);
        free(names[i]);
    }
    close(folder);
    free(names);
    rmdir(dir);
    free(dir);
}

bool scratch_exists(const char *dir, const char *name) {
    int folder = opened(dir);
    bool there = tp_file_find(folder, name) == TP_OK;
    close(folder);
    return there;
}

void scratch_write(const char *dir, const char *name, const void *bytes, size_t len) {
    int folder = opened(dir);
    assert_int_equal(tp_file_write(folder, name, bytes, len), TP_OK);
    close(folder);
}

uint8_t *scratch_read(const char *dir, const char *name, size_t *len) {
    int folder = opened(dir);
    tp_buffer b = {0};
    assert_int_equal(tp_file_read(&b, folder, name, (size_t)1 << 30), TP_OK);
    close(folder);
    *len = b.len;
    return b.p;
}

void scratch_remove_file(const char *dir, const char *name) {
    int folder = opened(dir);
    tp_file_remove(folder, name);
    close(folder);
}

void scratch_same(const char *a, const char *b) {
    size_t count_a, count_b;
    char **names_a = scratch_files(a, &count_a), **names_b = scratch_files(b, &count_b);
    assert_int_equal(count_a, count_b);
    for (size_t i = 0; i < count_a; i++) {
        size_t len_a, len_b;
        assert_string_equal(names_a[i], names_b[i]);
        uint8_t *bytes_a = scratch_read(a, names_a[i], &len_a);
        uint8_t *bytes_b = scratch_read(b, names_b[i], &len_b);
        assert_int_equal(len_a, len_b);
        assert_memory_equal(bytes_a, bytes_b, len_a);
        free(bytes_a), free(bytes_b), free(names_a[i]), free(names_b[i]);
    }
    free(names_a);
    free(names_b);
}

void scratch_log_key(uint8_t key[static 32], uint8_t secret[static 64]) {
    uint8_t seed[32];
    memset(seed, 7, sizeof seed);
    crypto_sign_seed_keypair(key, secret, seed);
}
