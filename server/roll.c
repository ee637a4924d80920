/* Stage enrol: the roll on the board. The recorder takes a commitment only if the store's roll
 * gives it, and a change of the roll only with its entry: both in the transaction that stores the
 * entry.
 *
 *  1. What two officers signed are leaf hashes. The rows come beside them, stay in the store, and
 *     must have these leaves.
 *  2. The secret that leaves are salted with is in a file beside the store, not in the store.
 * spec: chapter 11, J-20..J-23.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "election/roll.h"
#include "election/roll_tree.h"
#include "server/daemon.h"

enum { CHUNK = 256 };

static tp_err storage(tp_recorder *r, tp_err err, tp_fault *fault) {
    tp_recorder_fail(r, err);
    return err ? tp_fail(fault, TP_SYSTEM, "server.storage", "store") : TP_OK;
}

/* False: there is none. */
static bool load_secret(const tp_server *s, uint8_t secret[static 32]) {
    char path[4200];
    snprintf(path, sizeof path, "%s/roll.key", s->o.data);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && read(fd, secret, 32) == 32;
    if (fd >= 0) close(fd);
    return ok;
}

static void row_of(tp_roll_new_row *row, const tp_voter *v) {
    memcpy(row->number, v->number, sizeof row->number);
    memcpy(row->name, v->name, sizeof row->name);
    memcpy(row->birth_date, v->birth_date, sizeof row->birth_date);
    memcpy(row->disabled, v->disabled, sizeof row->disabled);
    row->unit = v->unit;
    row->channel = v->channel;
}

/* ---- the commitment ---- */

static tp_err add_all(tp_roll_tree *t, tp_recorder *r, const uint8_t secret[static 32]) {
    tp_voter *v = malloc(CHUNK * sizeof *v);
    size_t count = CHUNK;
    int64_t after = 0;
    tp_err err = v ? TP_OK : TP_SYSTEM;
    while (!err && count == CHUNK) {
        err = tp_store_voters_after(tp_recorder_store(r), after, v, CHUNK, &count);
        for (size_t i = 0; !err && i < count; i++) {
            tp_roll_new_row row = {0};
            tp_roll_state state;
            row_of(&row, &v[i]);
            tp_roll_state_of(&state, secret, tp_recorder_server(r)->manifest.fingerprint, &row);
            err = tp_roll_tree_add(t, &state);
        }
        if (count) after = v[count - 1].id;
    }
    free(v);
    return err;
}

static bool same_roll(const tp_entry *a, const tp_entry *b) {
    return a->u.roll.leaves == b->u.roll.leaves && !memcmp(a->u.roll.root, b->u.roll.root, 32) &&
           a->u.roll.unit_count == b->u.roll.unit_count &&
           !memcmp(a->u.roll.units, b->u.roll.units, a->u.roll.unit_count * TP_UNIT_ROLL_LEN);
}

tp_err tp_roll_check(tp_recorder *r, const tp_entry *e, tp_fault *fault) {
    const tp_server *s = tp_recorder_server(r);
    uint8_t secret[32];
    tp_entry own;
    if (tp_recorder_board(r)->electorate) return TP_OK; /* refused by the board */
    if (!load_secret(s, secret))
        return tp_fail(fault, TP_REFUSED, "roll.root", "the server has no roll.key");
    tp_roll_tree *t = calloc(1, sizeof *t);
    tp_err err = t ? add_all(t, r, secret) : TP_SYSTEM;
    tp_wipe(secret, sizeof secret);
    if (err) {
        err = storage(r, err, fault);
    } else {
        tp_roll_tree_entry(&own, t, s->manifest.unit_count);
        if (!same_roll(&own, e))
            err = tp_fail(fault, TP_REFUSED, "roll.root", "the server's roll has %u voters",
                          own.u.roll.leaves);
    }
    if (t) tp_roll_tree_free(t);
    free(t);
    return err;
}

tp_err tp_roll_committed(tp_recorder *r) {
    return tp_store_set(tp_recorder_store(r), "roll-committed", "1", 1);
}

/* ---- changes ---- */

typedef struct {
    tp_recorder *r;
    uint8_t secret[32];
    tp_roll_new_row row;
    tp_voter voter; /* as it is; id 0: not on the roll */
} changing;

static tp_err find(changing *c) {
    bool found;
    memset(&c->voter, 0, sizeof c->voter);
    tp_err err = tp_store_voter_find(tp_recorder_store(c->r), c->row.number, &c->voter, &found);
    if (!found) memset(&c->voter, 0, sizeof c->voter);
    return err;
}

static bool same_state(const tp_roll_state *a, const tp_roll_state *b) {
    return a->unit == b->unit && a->standing == b->standing && !memcmp(a->leaf, b->leaf, 32);
}

static bool fits(const changing *c, const tp_roll_change *change) {
    const uint8_t *fingerprint = tp_recorder_server(c->r)->manifest.fingerprint;
    tp_roll_new_row now = {0};
    tp_roll_state before, after;
    if (c->voter.id) row_of(&now, &c->voter);
    tp_roll_state_of(&before, c->secret, fingerprint, &now);
    tp_roll_state_of(&after, c->secret, fingerprint, &c->row);
    return same_state(&before, &change->before) && same_state(&after, &change->after);
}

/* May the voter be changed so, with the voting key there is? spec: J-9, J-11, J-23 */
static tp_err may_change(const changing *c, bool *may) {
    tp_enrolment e;
    bool found;
    const tp_voter *v = &c->voter;
    *may = true;
    if (!v->id) return TP_OK;
    *may = !v->voted || c->row.channel; /* J-29 */
    if (!*may) return TP_OK;
    tp_err err = tp_store_enrolment_of(tp_recorder_store(c->r), v->id, &e, &found);
    if (err || !found) return err;
    bool off = c->row.channel != v->channel || (c->row.disabled[0] && !v->disabled[0]);
    if (!c->row.channel)
        *may = false;
    else if (e.state >= TP_ENROL_WAITING && c->row.unit != v->unit)
        *may = false;
    else
        *may = e.state != TP_ENROL_DONE || !off;
    return TP_OK;
}

static tp_err check_one(changing *c, const tp_roll_change *change, size_t at, tp_fault *fault) {
    bool may;
    tp_err err = find(c);
    if (!err) err = may_change(c, &may);
    if (err) return storage(c->r, err, fault);
    if (!fits(c, change)) return tp_fail(fault, TP_REFUSED, "roll.row", "change %zu", at + 1);
    return may ? TP_OK : tp_fail(fault, TP_REFUSED, "roll.enrolled", "change %zu", at + 1);
}

/* No two rows of one entry have one number, since then a leaf would stand twice or be absent
 * before in both: S-32 refuses the first, this the second. */
static bool is_repeated(const uint8_t *rows, size_t len, const char *number, size_t at) {
    tp_reader r = tp_reader_of(rows, len);
    tp_roll_new_row row;
    for (size_t i = 0; i < at; i++)
        if (tp_roll_new_row_read(&row, &r) || !strcmp(row.number, number)) return true;
    return false;
}

tp_err tp_roll_check_changes(tp_recorder *r, const tp_entry *e, tp_reader rows, tp_fault *fault) {
    changing c = {.r = r};
    const tp_reader all = rows;
    tp_err err = TP_OK;
    if (!tp_recorder_board(r)->electorate) return TP_OK; /* refused by the board */
    if (!load_secret(tp_recorder_server(r), c.secret))
        return tp_fail(fault, TP_REFUSED, "roll.row", "the server has no roll.key");
    for (size_t i = 0; !err && i < e->u.changes.count; i++) {
        tp_roll_change change;
        tp_roll_change_read(&change, e->u.changes.list + i * TP_ROLL_CHANGE_LEN);
        if (tp_roll_new_row_read(&c.row, &rows) || is_repeated(all.p, all.left, c.row.number, i))
            err = tp_fail(fault, TP_REFUSED, "roll.row", "row %zu", i + 1);
        else
            err = check_one(&c, &change, i, fault);
    }
    if (!err && tp_read_end(&rows)) err = tp_fail(fault, TP_REFUSED, "roll.row", "more rows");
    tp_wipe(&c, sizeof c);
    return err;
}

/* A contact is no part of what was signed: of a voter on the roll it stays. */
static tp_err apply_one(changing *c) {
    char words[TP_ROLL_WORDS];
    tp_voter *v = &c->voter;
    tp_store *store = tp_recorder_store(c->r);
    const tp_roll_new_row *row = &c->row;
    tp_err err = find(c);
    if (err) return err;
    if (!row->channel) return tp_store_voter_remove(store, v->id);
    tp_roll_words(words, row->name);
    memcpy(v->name, row->name, sizeof v->name);
    memcpy(v->birth_date, row->birth_date, sizeof v->birth_date);
    memcpy(v->disabled, row->disabled, sizeof v->disabled);
    v->unit = row->unit;
    v->channel = row->channel;
    if (v->id) return tp_store_voter_update(store, v, words);
    memcpy(v->number, row->number, sizeof v->number);
    memcpy(v->contact, row->contact, sizeof v->contact);
    memcpy(v->contact2, row->contact2, sizeof v->contact2);
    return tp_store_voter_add(store, v, words);
}

/* So that an import that was prepared before is refused. */
static tp_err count_change(tp_store *store) {
    uint8_t bytes[8] = {0};
    size_t len = sizeof bytes;
    bool found;
    tp_err err = tp_store_get(store, "roll-revision", bytes, &len, &found);
    if (err) return err;
    tp_put_u64be(bytes, tp_get_u64be(bytes) + 1);
    return tp_store_set(store, "roll-revision", bytes, sizeof bytes);
}

tp_err tp_roll_apply_changes(tp_recorder *r, tp_reader rows) {
    changing c = {.r = r};
    tp_err err = TP_OK;
    while (!err && rows.left) {
        err = tp_roll_new_row_read(&c.row, &rows);
        if (!err) err = apply_one(&c);
    }
    tp_wipe(&c, sizeof c);
    return err ? err : count_change(tp_recorder_store(r));
}
