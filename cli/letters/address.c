/* Postal addresses for letters: address.h. */
#include "cli/letters/address.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "election/csv.h"

enum { SHOWN = 20 };

bool tp_address_lines(char out[static TP_ADDRESS], const char *field) {
    size_t used = 0, lines = 0;
    out[0] = 0;
    while (*field) {
        size_t len = strcspn(field, "|\r\n");
        const char *next = field + len + (field[len] != 0);
        while (len && *field == ' ')
            field++, len--;
        while (len && field[len - 1] == ' ')
            len--;
        for (size_t i = 0; i < len; i++)
            if ((unsigned char)field[i] < 0x20 || field[i] == 0x7f) return false;
        if (len && (len > TP_ADDRESS_LINE || ++lines > TP_ADDRESS_LINES)) return false;
        if (len) {
            if (used) out[used++] = '\n';
            memcpy(out + used, field, len);
            out[used += len] = 0;
        }
        field = next;
    }
    return true;
}
_Static_assert(TP_ADDRESS_LINES *(TP_ADDRESS_LINE + 1) < TP_ADDRESS, "all lines fit");

static size_t read_file(void *ctx, uint8_t *out, size_t cap) {
    return fread(out, 1, cap, ctx);
}

typedef struct {
    const tp_address_file *f;
    tp_csv csv;
    int number, address;
    size_t fields;
    uint64_t wrong;
} reading;

static bool find_columns(reading *r) {
    const char *number = r->f->number ? r->f->number : "number";
    const char *address = r->f->address ? r->f->address : "address";
    bool more;
    r->number = r->address = -1;
    if (tp_csv_next(&r->csv, &more) || !more) return false;
    r->fields = r->csv.count;
    for (size_t i = 0; i < r->csv.count; i++) {
        if (!strcmp(r->csv.field[i], number)) r->number = (int)i;
        if (!strcmp(r->csv.field[i], address)) r->address = (int)i;
    }
    return r->number >= 0 && r->address >= 0;
}

static void take(reading *r, char (*out)[TP_ADDRESS], tp_address_place *place, void *ctx) {
    char lines[TP_ADDRESS];
    const char *fault = NULL;
    if (r->csv.count != r->fields)
        fault = "not as many fields as the header";
    else if (!tp_address_lines(lines, r->csv.field[r->address]))
        fault = "address: more than 6 lines, one over 70 bytes, or a control character";
    if (fault) {
        if (++r->wrong <= SHOWN)
            fprintf(stderr, "line %llu: %s\n", (unsigned long long)r->csv.line, fault);
        return;
    }
    long at = place(ctx, r->csv.field[r->number]);
    if (at >= 0) memcpy(out[at], lines, sizeof lines);
}

static bool read_rows(reading *r, char (*out)[TP_ADDRESS], tp_address_place *place, void *ctx) {
    bool more = true;
    while (more) {
        if (tp_csv_next(&r->csv, &more)) {
            if (++r->wrong <= SHOWN)
                fprintf(stderr, "line %llu: %s\n", (unsigned long long)r->csv.line,
                        r->csv.fault->text);
        } else if (more) {
            take(r, out, place, ctx);
        }
    }
    if (r->wrong)
        (void)tp_say(0, "%s: %llu rows are wrong", r->f->file, (unsigned long long)r->wrong);
    return !r->wrong;
}

bool tp_addresses_read(char (*out)[TP_ADDRESS], const tp_address_file *f, tp_address_place *place,
                       void *ctx) {
    FILE *in = fopen(f->file, "rb");
    reading *r = calloc(1, sizeof *r);
    bool ok = false;
    if (!r) abort();
    r->f = f;
    if (!in) {
        (void)tp_say(0, "cannot read %s: %s", f->file, strerror(errno));
    } else {
        tp_csv_begin(&r->csv, read_file, in, f->separator);
        if (find_columns(r))
            ok = read_rows(r, out, place, ctx);
        else
            (void)tp_say(0, "%s: columns number and address are needed (--column)", f->file);
        if (ferror(in)) ok = false;
        fclose(in);
    }
    free(r);
    return ok;
}
