/* The commitment to the roll and its changes: electorate.h. spec: S-31, S-32.
 *
 * Invariants
 *  1. A leaf that changes named is there or gone; what is gone is changed no more, what is there
 *     does not come a second time. Leaves that no change named are believed to be in the tree: who
 *     has the roll proves it.
 *  2. No count of a unit falls below zero.
 */
#include "election/electorate.h"

#include <stdlib.h>
#include <string.h>

#include "core/hash/hash.h"
#include "core/merkle/tree.h"

struct tp_electorate_slot {
    uint8_t leaf[32];
    uint16_t unit;
    uint8_t standing; /* 0: gone */
    bool used;
};

/* ---- rows ---- */

/* spec: J-20 */
void tp_roll_salt(uint8_t salt[static 32], const uint8_t secret[static 32],
                  const uint8_t fingerprint[static 32], const char *number) {
    static const char domain[] = "tapat-v1 roll salt";
    uint8_t bytes[sizeof domain - 1 + 64 + 255], hash[64];
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    tp_write_bytes(&w, (const uint8_t *)domain, sizeof domain - 1);
    tp_write_bytes(&w, secret, 32);
    tp_write_bytes(&w, fingerprint, 32);
    tp_write_bytes(&w, (const uint8_t *)number, strlen(number));
    tp_sha512(hash, bytes, w.len);
    memcpy(salt, hash, 32);
    tp_wipe(bytes, sizeof bytes);
}

/* spec: J-21 */
void tp_roll_leaf(uint8_t leaf[static 32], const uint8_t salt[static 32],
                  const tp_roll_leaf_row *row) {
    uint8_t bytes[32 + 32 + 128 + 11 + 4];
    tp_hash hash;
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    tp_write_bytes(&w, salt, 32);
    tp_write_vector(&w, 31, (const uint8_t *)row->number, strlen(row->number));
    tp_write_vector(&w, 127, (const uint8_t *)row->name, strlen(row->name));
    tp_write_vector(&w, 10, (const uint8_t *)row->birth_date, strlen(row->birth_date));
    tp_write_u16(&w, row->unit);
    tp_write_u8(&w, row->channel);
    tp_write_u8(&w, row->disabled);
    tp_tree_leaf(&hash, bytes, w.len);
    memcpy(leaf, hash.b, 32);
    tp_wipe(bytes, sizeof bytes);
}

static void read_state(tp_reader *r, tp_roll_state *s) {
    tp_read_copy(r, s->leaf, 32);
    s->unit = tp_read_u16(r);
    s->standing = tp_read_u8(r);
}

static void write_state(tp_writer *w, const tp_roll_state *s) {
    tp_write_bytes(w, s->leaf, 32);
    tp_write_u16(w, s->unit);
    tp_write_u8(w, s->standing);
}

void tp_roll_change_read(tp_roll_change *c, const uint8_t bytes[static TP_ROLL_CHANGE_LEN]) {
    tp_reader r = tp_reader_of(bytes, TP_ROLL_CHANGE_LEN);
    read_state(&r, &c->before);
    read_state(&r, &c->after);
}

void tp_roll_change_write(tp_writer *w, const tp_roll_change *c) {
    write_state(w, &c->before);
    write_state(w, &c->after);
}

/* ---- the commitment ---- */

void tp_electorate_free(tp_electorate *x) {
    if (!x) return;
    free(x->unit);
    free(x->slot);
    free(x);
}

static tp_err check_units(const tp_electorate *x, const tp_manifest *m, tp_fault *fault) {
    uint64_t rows = 0;
    for (size_t i = 0; i < x->unit_count; i++) {
        const tp_unit_electors *u = &x->unit[i];
        if (u->electors > u->rows || u->online > u->electors ||
            u->electors > m->units[i].registered)
            return tp_fail(fault, TP_REFUSED, "roll.units", "unit %s", m->units[i].id);
        rows += u->rows;
    }
    if (rows != x->leaves)
        return tp_fail(fault, TP_REFUSED, "roll.sum", "%llu rows, %u leaves",
                       (unsigned long long)rows, x->leaves);
    return TP_OK;
}

tp_err tp_electorate_new(tp_electorate **out, const tp_manifest *m, const tp_entry *e,
                         tp_fault *fault) {
    if (e->u.roll.unit_count != m->unit_count)
        return tp_fail(fault, TP_REFUSED, "roll.units", "%zu units", e->u.roll.unit_count);
    tp_electorate *x = calloc(1, sizeof *x);
    if (x) x->unit = calloc(m->unit_count, sizeof *x->unit);
    if (!x || !x->unit) {
        tp_electorate_free(x);
        return tp_fail(fault, TP_SYSTEM, "system", "memory");
    }
    memcpy(x->root, e->u.roll.root, 32);
    x->leaves = e->u.roll.leaves;
    x->unit_count = m->unit_count;
    tp_reader r = tp_reader_of(e->u.roll.units, m->unit_count * TP_UNIT_ROLL_LEN);
    for (size_t i = 0; i < m->unit_count; i++) {
        x->unit[i].rows = tp_read_u32(&r);
        x->unit[i].electors = x->unit[i].committed = tp_read_u32(&r);
        x->unit[i].online = tp_read_u32(&r);
    }
    tp_err err = check_units(x, m, fault);
    if (err)
        tp_electorate_free(x);
    else
        *out = x;
    return err;
}

/* ---- changes ---- */

/* Leaves are hashes that a quorum of officers signed: their first bytes spread them. */
static tp_electorate_slot *slot_at(tp_electorate_slot *slot, size_t slots, const uint8_t *leaf) {
    for (size_t i = tp_get_u64be(leaf) & (slots - 1);; i = (i + 1) & (slots - 1))
        if (!slot[i].used || !memcmp(slot[i].leaf, leaf, 32)) return &slot[i];
}

static tp_err reserve(tp_electorate *x, size_t more) {
    size_t slots = x->slots ? x->slots : 64;
    while (2 * (x->used + more) > slots)
        slots *= 2;
    if (slots == x->slots) return TP_OK;
    tp_electorate_slot *slot = calloc(slots, sizeof *slot);
    if (!slot) return TP_SYSTEM;
    for (size_t i = 0; i < x->slots; i++)
        if (x->slot[i].used) *slot_at(slot, slots, x->slot[i].leaf) = x->slot[i];
    free(x->slot);
    x->slot = slot;
    x->slots = slots;
    return TP_OK;
}

static void set_leaf(tp_electorate *x, const tp_roll_state *s, bool there) {
    tp_electorate_slot *slot = slot_at(x->slot, x->slots, s->leaf);
    x->used += !slot->used;
    slot->used = true;
    memcpy(slot->leaf, s->leaf, 32);
    slot->unit = s->unit;
    slot->standing = there ? s->standing : 0;
}

static bool is_elector(const tp_roll_state *s) {
    return s->standing != TP_STANDS_ABSENT && s->standing != TP_STANDS_DISABLED;
}

/* Absent is all zero, and nothing else is. */
static bool is_state(const tp_roll_state *s, size_t units) {
    static const uint8_t zero[32];
    if (s->standing == TP_STANDS_ABSENT) return !s->unit && !memcmp(s->leaf, zero, 32);
    return s->standing <= TP_STANDS_DISABLED && s->unit < units && memcmp(s->leaf, zero, 32);
}

/* Does what is known of the leaf agree? */
static bool is_there(const tp_electorate *x, const tp_roll_state *s) {
    if (s->standing == TP_STANDS_ABSENT || !x->slots) return true;
    const tp_electorate_slot *slot = slot_at(x->slot, x->slots, s->leaf);
    return !slot->used || (slot->standing == s->standing && slot->unit == s->unit);
}

static bool is_new(const tp_electorate *x, const tp_roll_state *s) {
    if (s->standing == TP_STANDS_ABSENT || !x->slots) return true;
    const tp_electorate_slot *slot = slot_at(x->slot, x->slots, s->leaf);
    return !slot->used || !slot->standing;
}

static void take_away(tp_unit_electors *unit, const tp_roll_change *c, bool *ok) {
    const tp_roll_state *s = &c->before;
    tp_unit_electors *u = &unit[s->unit];
    bool online = s->standing == TP_STANDS_ONLINE, elector = is_elector(s);
    if (s->standing == TP_STANDS_ABSENT) return;
    *ok = u->rows > 0 && (!elector || u->electors) && (!online || u->online);
    if (!*ok) return;
    u->rows--;
    u->electors -= elector;
    u->online -= online;
    u->removed += elector && !(is_elector(&c->after) && c->after.unit == s->unit);
    u->changes += c->after.standing == TP_STANDS_ABSENT;
}

static void put_in(tp_unit_electors *unit, const tp_roll_change *c) {
    const tp_roll_state *s = &c->after;
    tp_unit_electors *u = &unit[s->unit];
    bool elector = is_elector(s);
    if (s->standing == TP_STANDS_ABSENT) return;
    u->rows++;
    u->electors += elector;
    u->online += s->standing == TP_STANDS_ONLINE;
    u->added += elector && !(is_elector(&c->before) && c->before.unit == s->unit);
    u->changes++;
}

/* One change by itself, and against those of the same entry: no leaf stands in two. */
static bool check_change(const tp_electorate *x, const tp_entry *e, size_t i,
                         const tp_roll_change *c) {
    const uint8_t *list = e->u.changes.list;
    if (!is_state(&c->before, x->unit_count) || !is_state(&c->after, x->unit_count) ||
        !memcmp(c->before.leaf, c->after.leaf, 32) || !is_there(x, &c->before) ||
        !is_new(x, &c->after))
        return false;
    for (size_t j = 0; j < 2 * i; j++) {
        const uint8_t *leaf = list + j * (TP_ROLL_CHANGE_LEN / 2);
        bool absent = !leaf[TP_ROLL_CHANGE_LEN / 2 - 1];
        if (!absent && (!memcmp(leaf, c->before.leaf, 32) || !memcmp(leaf, c->after.leaf, 32)))
            return false;
    }
    return true;
}

/* The counts after all changes of the entry; NULL: refused, or no memory. */
static tp_unit_electors *counts_after(const tp_electorate *x, const tp_entry *e, tp_fault *fault) {
    size_t size = x->unit_count * sizeof *x->unit;
    tp_unit_electors *unit = malloc(size);
    if (!unit) return (void)tp_fail(fault, TP_SYSTEM, "system", "memory"), NULL;
    memcpy(unit, x->unit, size);
    for (size_t i = 0; i < e->u.changes.count; i++) {
        tp_roll_change c;
        tp_roll_change_read(&c, e->u.changes.list + i * TP_ROLL_CHANGE_LEN);
        bool ok = check_change(x, e, i, &c);
        if (ok) take_away(unit, &c, &ok);
        if (ok) {
            put_in(unit, &c);
            continue;
        }
        (void)tp_fail(fault, TP_REFUSED, "roll.change", "change %zu", i + 1);
        free(unit);
        return NULL;
    }
    return unit;
}

tp_err tp_electorate_change(tp_electorate *x, const tp_entry *e, tp_fault *fault) {
    tp_fault own = {.code = ""};
    tp_unit_electors *unit = counts_after(x, e, fault ? fault : &own);
    if (!unit) return fault ? fault->err : own.err;
    if (reserve(x, 2 * e->u.changes.count)) {
        free(unit);
        return tp_fail(fault, TP_SYSTEM, "system", "memory");
    }
    free(x->unit);
    x->unit = unit;
    for (size_t i = 0; i < e->u.changes.count; i++) {
        tp_roll_change c;
        tp_roll_change_read(&c, e->u.changes.list + i * TP_ROLL_CHANGE_LEN);
        if (c.before.standing) set_leaf(x, &c.before, false);
        if (c.after.standing) set_leaf(x, &c.after, true);
    }
    x->changes += e->u.changes.count;
    return TP_OK;
}
