/* Rows, leaves and the commitment: roll_tree.h. spec: J-20..J-23 */
#include "election/roll_tree.h"

#include <stdlib.h>
#include <string.h>

/* ---- rows ---- */

static void read_text(tp_reader *r, char *out, size_t max) {
    tp_reader v = tp_read_vector(r, 0, max);
    if (v.failed || memchr(v.p, 0, v.left)) {
        r->failed = true;
        return;
    }
    memcpy(out, v.p, v.left);
    out[v.left] = 0;
}

/* What is removed has a number and nothing else. */
static bool is_row(const tp_roll_new_row *row) {
    if (!row->number[0] || row->channel > 3) return false;
    if (row->channel) return row->name[0] && strlen(row->birth_date) == 10;
    return !row->unit && !row->name[0] && !row->birth_date[0] && !row->contact[0] &&
           !row->contact2[0] && !row->disabled[0];
}

tp_err tp_roll_new_row_read(tp_roll_new_row *row, tp_reader *r) {
    memset(row, 0, sizeof *row);
    read_text(r, row->number, sizeof row->number - 1);
    read_text(r, row->name, sizeof row->name - 1);
    read_text(r, row->birth_date, sizeof row->birth_date - 1);
    read_text(r, row->contact, sizeof row->contact - 1);
    read_text(r, row->contact2, sizeof row->contact2 - 1);
    read_text(r, row->disabled, sizeof row->disabled - 1);
    row->unit = tp_read_u16(r);
    row->channel = tp_read_u8(r);
    return r->failed || !is_row(row) ? TP_MALFORMED : TP_OK;
}

static void write_text(tp_writer *w, const char *text, size_t max) {
    tp_write_vector(w, max, (const uint8_t *)text, strlen(text));
}

void tp_roll_new_row_write(tp_writer *w, const tp_roll_new_row *row) {
    write_text(w, row->number, sizeof row->number - 1);
    write_text(w, row->name, sizeof row->name - 1);
    write_text(w, row->birth_date, sizeof row->birth_date - 1);
    write_text(w, row->contact, sizeof row->contact - 1);
    write_text(w, row->contact2, sizeof row->contact2 - 1);
    write_text(w, row->disabled, sizeof row->disabled - 1);
    tp_write_u16(w, row->unit);
    tp_write_u8(w, row->channel);
}

void tp_roll_state_of(tp_roll_state *s, const uint8_t secret[static 32],
                      const uint8_t fingerprint[static 32], const tp_roll_new_row *row) {
    uint8_t salt[32];
    memset(s, 0, sizeof *s);
    if (!row->channel) return;
    const tp_roll_leaf_row of = {.number = row->number,
                                 .name = row->name,
                                 .birth_date = row->birth_date,
                                 .unit = row->unit,
                                 .channel = row->channel,
                                 .disabled = row->disabled[0] != 0};
    tp_roll_salt(salt, secret, fingerprint, row->number);
    tp_roll_leaf(s->leaf, salt, &of);
    s->unit = row->unit;
    s->standing = of.disabled ? TP_STANDS_DISABLED : row->channel;
}

/* ---- the tree ---- */

void tp_roll_tree_free(tp_roll_tree *t) {
    free(t->leaf);
    memset(t, 0, sizeof *t);
}

tp_err tp_roll_tree_add(tp_roll_tree *t, const tp_roll_state *s) {
    if (s->standing == TP_STANDS_ABSENT || s->unit >= TP_MAX_UNITS) return TP_REFUSED;
    if (t->count == t->cap) {
        size_t cap = t->cap ? 2 * t->cap : 1024;
        tp_hash *more = realloc(t->leaf, cap * sizeof *more);
        if (!more) return TP_SYSTEM;
        t->leaf = more;
        t->cap = cap;
    }
    memcpy(t->leaf[t->count++].b, s->leaf, 32);
    t->unit[s->unit].rows++;
    t->unit[s->unit].electors += s->standing != TP_STANDS_DISABLED;
    t->unit[s->unit].online += s->standing == TP_STANDS_ONLINE;
    return TP_OK;
}

static int by_bytes(const void *a, const void *b) {
    return memcmp(a, b, 32);
}

/* spec: J-22 */
void tp_roll_tree_entry(tp_entry *e, tp_roll_tree *t, size_t unit_count) {
    tp_hash root;
    tp_writer w = tp_writer_of(t->units, sizeof t->units);
    if (t->count) qsort(t->leaf, t->count, sizeof *t->leaf, by_bytes);
    tp_tree_root(&root, t->leaf, t->count);
    for (size_t i = 0; i < unit_count; i++) {
        tp_write_u32(&w, (uint32_t)t->unit[i].rows);
        tp_write_u32(&w, t->unit[i].electors);
        tp_write_u32(&w, t->unit[i].online);
    }
    *e = (tp_entry){.type = TP_ENTRY_ROLL};
    memcpy(e->u.roll.root, root.b, 32);
    e->u.roll.leaves = (uint32_t)t->count;
    e->u.roll.units = t->units;
    e->u.roll.unit_count = unit_count;
}
