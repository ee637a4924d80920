/* A copy of the roll: roll_copy.h. spec: J-1..J-4 */
#include "cli/roll_copy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static size_t read_file(void *ctx, uint8_t *out, size_t cap) {
    return fread(out, 1, cap, ctx);
}

static int wrong(const char *path, const tp_csv *c, const char *text) {
    return tp_say(TP_EXIT_REFUSED, "%s: line %llu: %s", path, (unsigned long long)c->line, text);
}

static int read_rows(tp_csv *c, const char *path, const tp_manifest *m,
                     bool (*each)(void *ctx, const tp_roll_row *row), void *ctx) {
    tp_roll_map map;
    tp_roll_row row;
    tp_roll_column column;
    bool more;
    tp_roll_map_init(&map);
    if (tp_csv_next(c, &more) != TP_OK || !more) return wrong(path, c, "no header");
    if (tp_roll_map_header(&map, c, &column) != TP_OK)
        return wrong(path, c, "a column is missing or stands twice");
    for (;;) {
        if (tp_csv_next(c, &more) != TP_OK) return wrong(path, c, c->fault->text);
        if (!more) return TP_EXIT_OK;
        const tp_row_fault *fault = tp_roll_row_read(&row, c, &map, m);
        if (fault) return wrong(path, c, fault->text);
        if (!each(ctx, &row)) return TP_EXIT_OK;
    }
}

int tp_roll_copy_read(const char *path, const tp_manifest *m,
                      bool (*each)(void *ctx, const tp_roll_row *row), void *ctx) {
    FILE *f = fopen(path, "rb");
    if (!f) return tp_say(TP_EXIT_SYSTEM, "%s: %s", path, strerror(errno));
    tp_csv *c = malloc(sizeof *c);
    if (!c) abort();
    tp_csv_begin(c, read_file, f, ',');
    int code = read_rows(c, path, m, each, ctx);
    if (ferror(f)) code = tp_say(TP_EXIT_SYSTEM, "cannot read %s", path);
    free(c);
    fclose(f);
    return code;
}
