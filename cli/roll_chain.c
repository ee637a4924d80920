/* `tapat roll commit`, and changes of the roll once it is committed to on the board: what officers
 * sign holds leaf hashes, and the rows go to the server beside it. spec: J-20..J-23
 */
#include <errno.h>
#include <fcntl.h>
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

static int draw_up(committing *c, const char *data) {
    tp_store *s = tp_roll_secret(c->secret, data, true) ? tp_roll_open(data, true) : NULL;
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
    code = draw_up(c, data);
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
