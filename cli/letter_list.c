/* The list of letters: letter_list.h. spec: L-22 */
#include "cli/letter_list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "cli/cli.h"

enum { LIST_MAX = 1 << 30, HEAD = sizeof "tapat-letters v1 " - 1 + 64 + 1 };

static void head_of(char out[static HEAD + 1], const tp_manifest *m) {
    char hex[65];
    tp_hex(hex, m->fingerprint, 32);
    snprintf(out, HEAD + 1, "tapat-letters v1 %s\n", hex);
}

static bool find_unit(uint16_t *unit, const tp_manifest *m, const char *id, size_t len) {
    for (uint16_t u = 0; u < m->unit_count; u++) {
        if (strlen(m->units[u].id) != len || memcmp(m->units[u].id, id, len) != 0) continue;
        *unit = u;
        return true;
    }
    return false;
}

static const char mark[] = "begun ";

/* The mark stands first: what is cut off is never taken for a letter that is out. */
static bool is_begun(const char *line) {
    size_t spaces = 0;
    for (const char *c = line; *c; c++)
        spaces += *c == ' ';
    return spaces == 3 && !strncmp(line, mark, sizeof mark - 1);
}

/* One line without its end. */
static bool read_row(tp_letter_row *r, const tp_manifest *m, const char *line) {
    r->begun = is_begun(line);
    if (r->begun) line += sizeof mark - 1;
    size_t number = strcspn(line, " ");
    if (!number || number >= sizeof r->number || !line[number]) return false;
    memcpy(r->number, line, number);
    r->number[number] = 0;
    const char *id = line + number + 1;
    size_t len = strcspn(id, " ");
    return id[len] && find_unit(&r->unit, m, id, len) && tp_unhex(r->key, 32, id + len + 1);
}

static int by_number(const void *a, const void *b) {
    const tp_letter_row *x = a, *y = b;
    int order = strcmp(x->number, y->number);
    return order ? order : (x->line > y->line) - (x->line < y->line);
}

static void keep_last(tp_letter_list *l) {
    size_t kept = 0;
    if (l->count) qsort(l->rows, l->count, sizeof *l->rows, by_number);
    for (size_t i = 0; i < l->count; i++)
        if (i + 1 == l->count || strcmp(l->rows[i].number, l->rows[i + 1].number) != 0)
            l->rows[kept++] = l->rows[i];
    l->count = kept;
}

static int read_rows(tp_letter_list *l, const char *path, char *text, const tp_manifest *m) {
    size_t cap = 0, line = 2;
    char *end;
    for (char *at = text; *at; at = end + 1, line++) {
        end = strchr(at, '\n');
        if (end) *end = 0;
        if (l->count == cap) {
            cap = cap ? 2 * cap : 256;
            l->rows = realloc(l->rows, cap * sizeof *l->rows);
            if (!l->rows) abort();
        }
        l->rows[l->count].line = line;
        bool row = read_row(&l->rows[l->count], m, at);
        if (!end && !row) break; /* is being written, or was when its writer was killed */
        l->count += row;
        if (!end) break;
        if (!row) return tp_say(TP_EXIT_REFUSED, "%s: line %zu is no letter", path, line);
    }
    keep_last(l);
    return TP_EXIT_OK;
}

int tp_letter_list_read(tp_letter_list *l, const char *path, const tp_manifest *m) {
    char head[HEAD + 1];
    size_t len;
    *l = (tp_letter_list){0};
    uint8_t *bytes = tp_load_file(path, &len, LIST_MAX);
    if (!bytes) return TP_EXIT_SYSTEM;
    head_of(head, m);
    bool ours = len >= HEAD && !memcmp(bytes, head, HEAD) && !memchr(bytes, 0, len);
    int code = ours ? read_rows(l, path, (char *)bytes + HEAD, m)
                    : tp_say(TP_EXIT_REFUSED, "%s is no list of letters of this election", path);
    free(bytes);
    return code;
}

const tp_letter_row *tp_letter_list_find(const tp_letter_list *l, const char *number) {
    size_t low = 0, high = l->count;
    while (low < high) {
        size_t at = (low + high) / 2;
        int order = strcmp(l->rows[at].number, number);
        if (!order) return &l->rows[at];
        if (order < 0)
            low = at + 1;
        else
            high = at;
    }
    return NULL;
}

bool tp_letter_list_has(const tp_letter_list *l, const char *number) {
    const tp_letter_row *row = tp_letter_list_find(l, number);
    return row && !row->begun;
}

void tp_letter_list_free(tp_letter_list *l) {
    if (l->held) close(l->fd);
    free(l->rows);
    *l = (tp_letter_list){0};
}

/* Who was killed while appending left a part of a line, of a letter that nobody has: it goes, as a
 * line after it would make the whole list unreadable. A line of which the end alone lacks gets it.
 * False: the reason is in errno. */
static bool end_last_line(int fd, const tp_manifest *m) {
    char tail[512] = "";
    tp_letter_row row;
    off_t end = lseek(fd, 0, SEEK_END);
    off_t from = end > (off_t)sizeof tail - 1 ? end - (off_t)sizeof tail + 1 : 0;
    if (end < 0 || pread(fd, tail, (size_t)(end - from), from) != end - from) return false;
    const char *last = strrchr(tail, '\n');
    last = last ? last + 1 : tail;
    if (!*last) return true;
    if (read_row(&row, m, last)) return write(fd, "\n", 1) == 1;
    return ftruncate(fd, from + (last - tail)) == 0;
}

static bool write_all(int fd, const char *text, size_t len) {
    for (ssize_t n; len; text += n, len -= (size_t)n)
        if ((n = write(fd, text, len)) <= 0) return false;
    return fsync(fd) == 0;
}

/* A list that is new, or whose maker was killed within the first line, gets that. */
static int mend(const tp_letter_list *l, const char *path, const tp_manifest *m) {
    char head[HEAD + 1], got[HEAD];
    head_of(head, m);
    ssize_t n = pread(l->fd, got, HEAD, 0);
    if (n >= 0 && memcmp(got, head, (size_t)n) != 0)
        return tp_say(TP_EXIT_REFUSED, "%s is no list of letters of this election", path);
    bool ok = n == HEAD ? end_last_line(l->fd, m)
                        : n >= 0 && ftruncate(l->fd, 0) == 0 && write_all(l->fd, head, HEAD);
    ok = ok && fsync(l->fd) == 0 && tp_sync_folder(path);
    return ok ? TP_EXIT_OK : tp_say(TP_EXIT_SYSTEM, "%s: %s", path, strerror(errno));
}

int tp_letter_list_hold(tp_letter_list *l, const char *path, const tp_manifest *m) {
    int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    *l = (tp_letter_list){.held = fd >= 0, .fd = fd};
    if (fd < 0) return tp_say(TP_EXIT_SYSTEM, "%s: %s", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return tp_say(TP_EXIT_REFUSED, "letters of %s are being made by another run: wait", path);
    int code = mend(l, path, m);
    if (code != TP_EXIT_OK) return code;
    tp_letter_list read;
    code = tp_letter_list_read(&read, path, m);
    l->rows = read.rows;
    l->count = read.count;
    return code;
}

bool tp_letter_list_append(const tp_letter_list *l, const tp_manifest *m, const tp_letter_row *rows,
                           size_t count, bool begun) {
    char hex[65], *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    if (!f) abort();
    for (size_t i = 0; i < count; i++) {
        tp_hex(hex, rows[i].key, 32);
        fprintf(f, "%s%s %s %s\n", begun ? mark : "", rows[i].number, m->units[rows[i].unit].id,
                hex);
    }
    if (fclose(f) != 0) abort();
    bool ok = end_last_line(l->fd, m) && write_all(l->fd, text, len);
    free(text);
    if (!ok) (void)tp_say(0, "the list of letters cannot be written: %s", strerror(errno));
    return ok;
}

bool tp_letter_list_restore(const tp_letter_list *l, const tp_manifest *m, const char *number) {
    const tp_letter_row *row = tp_letter_list_find(l, number);
    return !row || row->begun || tp_letter_list_append(l, m, row, 1, false);
}

bool tp_letter_list_say_begun(const tp_letter_list *l, const char *number) {
    const tp_letter_row *row = tp_letter_list_find(l, number);
    if (!row || !row->begun) return false;
    (void)tp_say(0,
                 "%s: an earlier letter was begun, and it is not known whether it left: the new "
                 "one makes it void",
                 number);
    return true;
}
