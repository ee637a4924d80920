/* `tapat roll commit`, and changes of the roll once it is committed to on the board: what officers
 * sign holds leaf hashes, and the rows go to the server beside it. spec: J-20..J-24
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/roll.h"
#include "cli/roll_chain.h"

enum { CHUNK = 256, REPORT_EVERY = 8192 };

/* ---- the secret ---- */

bool tp_roll_secret(uint8_t secret[static 32], const char *data, bool make) {
    char path[4200];
    size_t len;
    snprintf(path, sizeof path, "%s/roll.key", data);
    if (access(path, F_OK) != 0 && make) {
        tp_random(secret, 32);
        return tp_save_file(path, secret, 32, true);
    }
    uint8_t *bytes = tp_load_file(path, &len, 64);
    bool ok = bytes && len == 32;
    if (ok) memcpy(secret, bytes, 32);
    if (bytes) tp_wipe(bytes, len);
    free(bytes);
    if (!ok) tp_say(0, "%s is not the roll's secret", path);
    return ok;
}

void tp_roll_row_of(tp_roll_new_row *row, const tp_voter *v) {
    memcpy(row->number, v->number, sizeof row->number);
    memcpy(row->name, v->name, sizeof row->name);
    memcpy(row->birth_date, v->birth_date, sizeof row->birth_date);
    memcpy(row->contact, v->contact, sizeof row->contact);
    memcpy(row->contact2, v->contact2, sizeof row->contact2);
    memcpy(row->disabled, v->disabled, sizeof row->disabled);
    row->unit = v->unit;
    row->channel = v->channel;
}

tp_err tp_roll_is_committed(tp_store *s, bool *committed) {
    uint8_t byte[8];
    size_t len = sizeof byte;
    return tp_store_get(s, "roll-committed", byte, &len, committed);
}

/* ---- the commitment ---- */

tp_err tp_roll_each(tp_store *s, tp_roll_visit *visit, void *ctx) {
    tp_voter *v = malloc(CHUNK * sizeof *v);
    size_t count = CHUNK;
    int64_t after = 0;
    uint64_t done = 0, total = 0;
    tp_err err = v ? tp_store_voter_count(s, &total) : TP_SYSTEM;
    while (!err && count == CHUNK) {
        err = tp_store_voters_after(s, after, v, CHUNK, &count);
        for (size_t i = 0; !err && i < count; i++)
            err = visit(ctx, &v[i]);
        done += count;
        if (done / CHUNK % (REPORT_EVERY / CHUNK) == 0)
            tp_progress_print(NULL, "voters", done, total);
        if (count) after = v[count - 1].id;
    }
    if (total) tp_progress_print(NULL, "voters", total, total);
    free(v);
    return err;
}

typedef struct {
    tp_roll_tree tree;
    uint8_t secret[32];
    const tp_manifest *m;
} committing;

static tp_err add_voter(void *ctx, const tp_voter *v) {
    committing *c = ctx;
    tp_roll_new_row row = {0};
    tp_roll_state state;
    tp_roll_row_of(&row, v);
    tp_roll_state_of(&state, c->secret, c->m->fingerprint, &row);
    return state.unit < c->m->unit_count ? tp_roll_tree_add(&c->tree, &state) : TP_REFUSED;
}

static int draw_up(committing *c, const char *data, bool make) {
    tp_store *s = tp_roll_secret(c->secret, data, make) ? tp_roll_open(data, true) : NULL;
    if (!s) return TP_EXIT_SYSTEM;
    tp_err err = tp_store_snapshot(s);
    if (!err) err = tp_roll_each(s, add_voter, c);
    int code = TP_EXIT_OK;
    if (err == TP_REFUSED)
        code = tp_say(TP_EXIT_REFUSED, "a voter is of no unit of this manifest");
    else if (err)
        code = tp_say(TP_EXIT_SYSTEM, "the store failed: %s", tp_store_error(s));
    tp_store_rollback(s);
    tp_store_close(s);
    return code;
}

static void print_commitment(const tp_entry *e) {
    char hex[65];
    uint64_t electors = 0, online = 0;
    tp_reader r = tp_reader_of(e->u.roll.units, e->u.roll.unit_count * TP_UNIT_ROLL_LEN);
    for (size_t i = 0; i < e->u.roll.unit_count; i++) {
        (void)tp_read_u32(&r);
        electors += tp_read_u32(&r);
        online += tp_read_u32(&r);
    }
    tp_hex(hex, e->u.roll.root, 32);
    printf("roll of %u voters, %llu not disabled, %llu of these online\nroot %s\n",
           e->u.roll.leaves, (unsigned long long)electors, (unsigned long long)online, hex);
}

static int commit(const char *data, const act_args *a) {
    tp_record *r;
    tp_replay p;
    const tp_replay_options o = {.trusting = true};
    int code = tp_load_record(&r, &p, a->record, &o, NULL);
    if (code != TP_EXIT_OK) return code;
    committing *c = calloc(1, sizeof *c);
    if (!c) return tp_say(TP_EXIT_SYSTEM, "out of memory");
    c->m = &p.manifest;
    code = draw_up(c, data, true);
    if (code == TP_EXIT_OK) {
        act_draft d = {0};
        tp_roll_tree_entry(&d.entry, &c->tree, p.manifest.unit_count);
        d.entry.u.roll.time = tp_unix_time();
        print_commitment(&d.entry);
        code = tp_act_finish(&d, a, &p.manifest);
        tp_act_free(&d);
    }
    tp_roll_tree_free(&c->tree);
    tp_wipe(c, sizeof *c);
    free(c);
    tp_replay_free(&p);
    tp_record_close(r);
    return code;
}

int tp_roll_commit(int argc, char **argv) {
    const char *data = NULL;
    act_args a = {0};
    const tp_arg table[] = {{"--data", "DIR", TP_ARG_TEXT, &data, "the server's data folder"},
                            ACT_OPTIONS(a),
                            TP_ARG_END};
    tp_args(argc, argv, "roll commit --data DIR [options]",
            "Officers commit to the roll on the board, once, before the voting opens: a hash of\n"
            "all rows, which tells no name, and how many voters each unit has. From then on every\n"
            "change of the roll is an entry that officers sign.",
            table, NULL, 0);
    if (!data) tp_usage("--data is missing");
    tp_act_require(&a);
    return commit(data, &a);
}

/* ---- audit ---- */

/* Leaves of changes that are to be put back (before) or taken away (after). */
typedef struct {
    uint8_t (*leaf)[32];
    size_t count, cap;
} leaves;

static bool push_leaf(leaves *l, const uint8_t leaf[static 32]) {
    if (l->count == l->cap) {
        l->cap = l->cap ? 2 * l->cap : 64;
        uint8_t(*more)[32] = realloc(l->leaf, l->cap * sizeof *more);
        if (!more) return false;
        l->leaf = more;
    }
    memcpy(l->leaf[l->count++], leaf, 32);
    return true;
}

static int by_leaf(const void *a, const void *b) {
    return memcmp(a, b, 32);
}

/* Each occurrence counts: a row that went and came back stands in both lists. */
static void sort_leaves(leaves *l) {
    if (l->count) qsort(l->leaf, l->count, sizeof *l->leaf, by_leaf);
}

static int gather_changes(tp_record *r, leaves *back, leaves *away) {
    tp_fault fault = {0};
    for (uint64_t i = 0; i < tp_record_size(r); i++) {
        const uint8_t *bytes;
        size_t len;
        tp_entry e;
        if (tp_record_entry(r, i, &bytes, &len, &fault)) return tp_say_fault(&fault, "record");
        if (!len || bytes[0] != TP_ENTRY_CHANGES) continue;
        if (tp_entry_read(&e, bytes, len, &fault)) return tp_say_fault(&fault, "record");
        for (size_t k = 0; k < e.u.changes.count; k++) {
            tp_roll_change c;
            tp_roll_change_read(&c, e.u.changes.list + k * TP_ROLL_CHANGE_LEN);
            if ((c.before.standing && !push_leaf(back, c.before.leaf)) ||
                (c.after.standing && !push_leaf(away, c.after.leaf)))
                return tp_say(TP_EXIT_SYSTEM, "out of memory");
        }
    }
    sort_leaves(back);
    sort_leaves(away);
    return TP_EXIT_OK;
}

/* What is now, and what was put back, less what was taken away: both lists ascend. False: something
 * is to be taken away that is not there. */
static bool take_back(tp_roll_tree *t, const leaves *back, const leaves *away, leaves *out) {
    size_t a = 0, b = 0, i = 0;
    while (i < t->count || b < back->count) {
        bool stored =
            b == back->count || (i < t->count && memcmp(t->leaf[i].b, back->leaf[b], 32) <= 0);
        const uint8_t *leaf = stored ? t->leaf[i++].b : back->leaf[b++];
        if (a < away->count && !memcmp(leaf, away->leaf[a], 32))
            a++;
        else if (!push_leaf(out, leaf))
            return false;
    }
    return a == away->count;
}

static int compare_roots(committing *c, const tp_replay *p, tp_record *r) {
    leaves back = {0}, away = {0}, first = {0};
    tp_entry now;
    tp_hash root;
    int code = gather_changes(r, &back, &away);
    if (code == TP_EXIT_OK) {
        tp_roll_tree_entry(&now, &c->tree, p->manifest.unit_count); /* sorts the leaves */
        bool good = take_back(&c->tree, &back, &away, &first);
        tp_tree_root(&root, (const tp_hash *)first.leaf, first.count);
        good = good && !memcmp(root.b, p->board.electorate->root, 32);
        if (!good)
            code = tp_say(TP_EXIT_REFUSED, "the roll is NOT the one that the board commits to");
        else
            printf("the roll of %zu voters is what the board commits to, %llu changes since\n",
                   c->tree.count, (unsigned long long)p->board.electorate->changes);
    }
    free(back.leaf);
    free(away.leaf);
    free(first.leaf);
    return code;
}

/* spec: J-24 */
int tp_roll_audit(int argc, char **argv) {
    const char *data = NULL, *record = NULL;
    const tp_arg table[] = {{"--data", "DIR", TP_ARG_TEXT, &data, "the server's data folder"},
                            {"--record", "DIR", TP_ARG_TEXT, &record, "the public record"},
                            TP_ARG_END};
    const tp_replay_options o = {.trusting = true};
    tp_record *r;
    tp_replay p;
    tp_args(argc, argv, "roll audit --data DIR --record DIR",
            "Takes the changes on the board back from the roll as it is now: what is left must\n"
            "have the root that officers committed to.",
            table, NULL, 0);
    if (!data || !record) tp_usage("--data and --record are needed");
    int code = tp_load_record(&r, &p, record, &o, NULL);
    if (code != TP_EXIT_OK) return code;
    committing *c = calloc(1, sizeof *c);
    if (!c)
        code = tp_say(TP_EXIT_SYSTEM, "out of memory");
    else if (!p.board.electorate)
        code = tp_say(TP_EXIT_REFUSED, "the board has no commitment to the roll");
    if (code == TP_EXIT_OK) {
        c->m = &p.manifest;
        code = draw_up(c, data, false);
    }
    if (code == TP_EXIT_OK) code = compare_roots(c, &p, r);
    if (c) tp_roll_tree_free(&c->tree);
    if (c) tp_wipe(c, sizeof *c);
    free(c);
    tp_replay_free(&p);
    tp_record_close(r);
    return code;
}

/* ---- changes ---- */

int tp_roll_draft_begin(tp_roll_draft *d, const char *data, const act_args *a) {
    const tp_replay_options o = {.trusting = true};
    memset(d, 0, sizeof *d);
    tp_act_require(a);
    int code = tp_load_record(&d->record, &d->replay, a->record, &o, NULL);
    if (code != TP_EXIT_OK) return code;
    d->begun = true;
    d->changes = malloc(TP_ROLL_CHANGES_MAX * TP_ROLL_CHANGE_LEN);
    d->rows = malloc(TP_ROLL_CHANGES_MAX * sizeof(tp_roll_new_row));
    if (!d->changes || !d->rows) return tp_say(TP_EXIT_SYSTEM, "out of memory");
    return tp_roll_secret(d->secret, data, false) ? TP_EXIT_OK : TP_EXIT_SYSTEM;
}

int tp_roll_draft_add(tp_roll_draft *d, const tp_voter *before, const tp_voter *after) {
    tp_roll_new_row row = {0};
    tp_roll_change c;
    if (d->count == TP_ROLL_CHANGES_MAX)
        return tp_say(TP_EXIT_REFUSED, "more than %d changes; divide them", TP_ROLL_CHANGES_MAX);
    if (before) tp_roll_row_of(&row, before);
    tp_roll_state_of(&c.before, d->secret, d->replay.manifest.fingerprint, &row);
    memset(&row, 0, sizeof row);
    if (after) tp_roll_row_of(&row, after);
    if (after && !row.channel) row.channel = TP_CHANNEL_ONLINE; /* J-4: at first online */
    tp_roll_state_of(&c.after, d->secret, d->replay.manifest.fingerprint, &row);
    if (before && !after) memcpy(row.number, before->number, sizeof row.number);
    tp_writer w = tp_writer_of(d->changes + d->count * TP_ROLL_CHANGE_LEN, TP_ROLL_CHANGE_LEN);
    tp_roll_change_write(&w, &c);
    w = tp_writer_of(d->rows + d->rows_len, sizeof row);
    tp_roll_new_row_write(&w, &row);
    d->rows_len += w.len;
    d->count++;
    return TP_EXIT_OK;
}

int tp_roll_draft_finish(tp_roll_draft *d, const act_args *a) {
    act_draft act = {.entry = {.type = TP_ENTRY_CHANGES}};
    act.entry.u.changes.time = tp_unix_time();
    act.entry.u.changes.list = d->changes;
    act.entry.u.changes.count = d->count;
    act.document = d->rows;
    act.document_len = d->rows_len;
    d->rows = NULL;
    int code = tp_act_finish(&act, a, &d->replay.manifest);
    tp_act_free(&act);
    return code;
}

void tp_roll_draft_end(tp_roll_draft *d) {
    free(d->changes);
    free(d->rows);
    if (d->begun) {
        tp_replay_free(&d->replay);
        tp_record_close(d->record);
    }
    tp_wipe(d, sizeof *d);
}
