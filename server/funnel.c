/* How far voters have come: funnel.h. */
#include "server/funnel.h"

#include <stdlib.h>
#include <string.h>

#include "election/desk.h"

static const char *const steps[TP_FUNNEL_STEPS] = {"none",   "off",    "cancelled", "sent",
                                                   "proven", "open",   "waiting",   "rejected",
                                                   "closed", "signed", "board"};

const char *tp_funnel_step_word(unsigned step) {
    return steps[step];
}

const char *tp_funnel_detail_word(unsigned step, unsigned detail) {
    static const char *const off[] = {"", "disabled", "post", "mail", "voted"};
    static const char *const ages[] = {"day", "days", "week", "more"};
    if (step == TP_FUNNEL_OFF) return detail < 5 ? off[detail] : "";
    if (step == TP_FUNNEL_WAITING) return detail < 4 ? ages[detail] : "";
    if (step == TP_FUNNEL_REJECTED) return tp_refusal_reason(detail);
    if (step == TP_FUNNEL_CLOSED) return tp_closed_reason(detail);
    return NULL;
}

/* ---- counts ---- */

static bool fits(const tp_funnel_row *r, size_t posts) {
    return r->unit < posts && r->step < TP_FUNNEL_STEPS && r->detail < TP_FUNNEL_DETAILS;
}

static void add_row(tp_funnel_post *p, const tp_funnel_row *r) {
    p->roll += r->voters;
    p->paper += r->voted;
    p->step[r->step] += r->voters;
    p->detail[r->step][r->detail] += r->voters;
}

static void add_keys(tp_funnel_post *p, const tp_funnel_keys *k) {
    p->keys.held += k->held;
    p->keys.cancelled += k->cancelled;
    p->keys.unknown += k->unknown;
    p->keys.cast += k->cast;
}

static tp_err count_voters(tp_funnel *f, tp_store *s) {
    tp_funnel_row *rows;
    size_t count;
    tp_err err = tp_store_funnel(s, f->time, &rows, &count);
    for (size_t i = 0; !err && i < count; i++) {
        if (!fits(&rows[i], f->manifest->unit_count)) {
            err = TP_MALFORMED;
            break;
        }
        add_row(&f->post[rows[i].unit], &rows[i]);
        add_row(&f->all, &rows[i]);
    }
    free(rows);
    return err;
}

static tp_err count_keys(tp_funnel *f, tp_store *s) {
    tp_funnel_keys *keys;
    size_t count;
    tp_err err = tp_store_funnel_keys(s, &keys, &count);
    for (size_t i = 0; !err && i < count; i++) {
        if (keys[i].unit >= f->manifest->unit_count) {
            err = TP_MALFORMED;
            break;
        }
        add_keys(&f->post[keys[i].unit], &keys[i]);
        add_keys(&f->all, &keys[i]);
    }
    free(keys);
    return err;
}

tp_err tp_funnel_count(tp_funnel *f, tp_store *s, const tp_manifest *m, uint64_t now) {
    *f = (tp_funnel){.manifest = m, .time = now};
    f->post = calloc(m->unit_count + 1u, sizeof *f->post);
    tp_err err = f->post ? tp_store_snapshot(s) : TP_SYSTEM;
    if (err) return err;
    err = count_voters(f, s);
    if (!err) err = count_keys(f, s);
    tp_store_rollback(s);
    return err;
}

void tp_funnel_free(tp_funnel *f) {
    free(f->post);
    *f = (tp_funnel){0};
}

static bool adds_up(const tp_funnel_post *p) {
    uint64_t sum = 0;
    for (unsigned i = 0; i < TP_FUNNEL_STEPS; i++)
        sum += p->step[i];
    return sum == p->roll && p->step[TP_FUNNEL_BOARD] == p->keys.held;
}

/* spec: J-14 */
int tp_funnel_wrong(const tp_funnel *f) {
    for (size_t i = 0; i < f->manifest->unit_count; i++)
        if (!adds_up(&f->post[i])) return (int)i;
    return -1;
}

uint64_t tp_funnel_cannot_vote(const tp_funnel_post *p) {
    return p->step[TP_FUNNEL_PROVEN] + p->step[TP_FUNNEL_WAITING] + p->step[TP_FUNNEL_SIGNED];
}

/* ---- for officers ---- */

static json_t *json_step(const tp_funnel_post *p, unsigned step) {
    if (!tp_funnel_detail_word(step, 0)) return json_integer((json_int_t)p->step[step]);
    json_t *of = json_object();
    for (unsigned i = 0; i < TP_FUNNEL_DETAILS; i++)
        if (p->detail[step][i])
            json_object_set_new(of, tp_funnel_detail_word(step, i),
                                json_integer((json_int_t)p->detail[step][i]));
    return of;
}

/* electors, online and keys.registered are what the reconciliation calls so (U-5). */
static json_t *json_post(const tp_funnel_post *p, const char *id) {
    const uint64_t *off = p->detail[TP_FUNNEL_OFF];
    const tp_funnel_keys *k = &p->keys;
    json_t *out = json_pack("{s:s?, s:I, s:I, s:I}", "post", id, "roll", (json_int_t)p->roll,
                            "electors", (json_int_t)(p->roll - off[1]), "online",
                            (json_int_t)(p->roll - off[1] - off[2] - off[3]));
    for (unsigned i = 0; i < TP_FUNNEL_STEPS; i++)
        json_object_set_new(out, steps[i], json_step(p, i));
    json_object_set_new(out, "cannot_vote", json_integer((json_int_t)tp_funnel_cannot_vote(p)));
    json_object_set_new(
        out, "voted",
        json_pack("{s:I, s:I}", "online", (json_int_t)k->cast, "paper", (json_int_t)p->paper));
    json_object_set_new(out, "keys",
                        json_pack("{s:I, s:I, s:I}", "held", (json_int_t)k->held, "cancelled",
                                  (json_int_t)k->cancelled, "unknown", (json_int_t)k->unknown));
    return out;
}

json_t *tp_funnel_json(const tp_funnel *f) {
    json_t *of = json_array();
    for (size_t i = 0; i < f->manifest->unit_count; i++)
        if (f->post[i].roll || f->post[i].keys.unknown)
            json_array_append_new(of, json_post(&f->post[i], f->manifest->units[i].id));
    return json_pack("{s:I, s:o, s:o}", "time", (json_int_t)f->time, "all",
                     json_post(&f->all, NULL), "posts", of);
}

/* ---- for everyone ---- */

static tp_funnel_row_public row_of(const tp_funnel_post *p) {
    tp_funnel_row_public r = {.roll = p->roll};
    r.step[0] = p->step[TP_FUNNEL_OFF];
    r.step[1] = p->step[TP_FUNNEL_NONE];
    r.step[3] = p->step[TP_FUNNEL_SIGNED] + p->step[TP_FUNNEL_BOARD];
    r.step[2] = p->roll - r.step[0] - r.step[1] - r.step[3];
    return r;
}

static bool showable(const tp_funnel_row_public *r, uint64_t floor) {
    bool ok = true;
    for (unsigned i = 0; i < TP_FUNNEL_PUBLIC; i++)
        ok = ok && (!r->step[i] || r->step[i] >= floor);
    return ok;
}

/* How many moved at least: what left the counts that fell, or came to those that rose. */
static uint64_t moved(const tp_funnel_row_public *a, const tp_funnel_row_public *b) {
    uint64_t left = 0, came = 0;
    for (unsigned i = 0; i < TP_FUNNEL_PUBLIC; i++) {
        left += a->step[i] > b->step[i] ? a->step[i] - b->step[i] : 0;
        came += b->step[i] > a->step[i] ? b->step[i] - a->step[i] : 0;
    }
    return left > came ? left : came;
}

static void append(json_t *out, const tp_funnel_row_public *r, const char *id) {
    static const char *const words[TP_FUNNEL_PUBLIC] = {"off", "none", "begun", "enrolled"};
    json_t *row = json_pack("{s:s, s:I}", "post", id, "roll", (json_int_t)r->roll);
    for (unsigned i = 0; i < TP_FUNNEL_PUBLIC; i++)
        json_object_set_new(row, words[i], json_integer((json_int_t)r->step[i]));
    json_array_append_new(out, row);
}

static void fold(tp_funnel_row_public *rest, const tp_funnel_row_public *r) {
    rest->roll += r->roll;
    for (unsigned i = 0; i < TP_FUNNEL_PUBLIC; i++)
        rest->step[i] += r->step[i];
}

/* Every post as it is, or as it was if fewer than the floor have moved since, of the post or, while
 * it is not shown by itself, of all such posts together. Whether a post is shown by itself follows
 * from this and not from what is now, so that neither a difference of two answers nor a row that
 * comes or goes is about a few. spec: J-31 */
static void renew(tp_funnel_row_public *row, const tp_funnel *f, uint64_t floor) {
    tp_funnel_row_public was = {0}, is = {0};
    const size_t posts = f->manifest->unit_count;
    for (size_t i = 0; i < posts; i++) {
        tp_funnel_row_public now = row_of(&f->post[i]);
        if (!row[i].roll || showable(&row[i], floor)) continue;
        fold(&was, &row[i]);
        fold(&is, &now);
    }
    bool folded = moved(&was, &is) >= floor;
    for (size_t i = 0; i < posts; i++) {
        tp_funnel_row_public now = row_of(&f->post[i]);
        bool alone = showable(&row[i], floor);
        if (!row[i].roll || (alone ? moved(&row[i], &now) >= floor : folded)) row[i] = now;
    }
}

/* Posts with a count below the floor are shown as one, or not at all if that shows one too. There
 * is no total from which they could be taken apart. spec: J-15 */
json_t *tp_funnel_public_json(const tp_funnel *f, uint64_t floor, tp_funnel_shown *shown) {
    const size_t posts = f->manifest->unit_count;
    tp_funnel_row_public rest = {0};
    size_t folded = 0;
    json_t *out = json_array();
    if (shown) renew(shown->row, f, floor);
    for (size_t i = 0; i < posts; i++) {
        tp_funnel_row_public r = shown ? shown->row[i] : row_of(&f->post[i]);
        if (!r.roll) continue;
        if (showable(&r, floor)) {
            append(out, &r, f->manifest->units[i].id);
        } else {
            fold(&rest, &r);
            folded++;
        }
    }
    if (folded > 1 && showable(&rest, floor)) append(out, &rest, "");
    return json_pack("{s:I, s:I, s:o}", "floor", (json_int_t)floor, "time", (json_int_t)f->time,
                     "posts", out);
}
