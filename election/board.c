/* Stage board: the one state machine that says which entry may follow which. spec: chapter 5,
 * requirements S-1..S-19; the rules of credentials are S-20..S-25.
 *
 * Invariants
 *  1. A refused entry leaves the board as it was: every check comes before the first change.
 *  2. The table `allowed` is the whole of "which kind in which phase"; the functions below it add
 *     only what depends on the entry's content.
 */
#include "election/board.h"

#include <string.h>

const char *tp_phase_name(tp_phase phase) {
    static const char *const names[] = {"setup", "open", "closed", "frozen", "published"};
    return (size_t)phase < sizeof names / sizeof names[0] ? names[phase] : "unknown";
}

void tp_board_init(tp_board *b) {
    memset(b, 0, sizeof *b);
}

void tp_board_free(tp_board *b) {
    tp_ceremony_free(b->ceremony);
    tp_electorate_free(b->electorate);
    memset(b, 0, sizeof *b);
}

/* ---- which kind in which phase ---- */

enum { DAY_S = 86400 };
#define IN(phase) (1u << (phase))
enum {
    ALWAYS = IN(TP_SETUP) | IN(TP_OPEN) | IN(TP_CLOSED) | IN(TP_FROZEN) | IN(TP_PUBLISHED),
    ENROLLING = IN(TP_SETUP) | IN(TP_OPEN),
};

/* spec: S-2 */
static const uint8_t allowed[] = {
    [TP_ENTRY_MANIFEST] = 0, /* index 0 only */
    [TP_ENTRY_ACT] = ALWAYS, /* see allowed_act */
    [TP_ENTRY_COMMIT] = IN(TP_SETUP),
    [TP_ENTRY_DEAL] = IN(TP_SETUP),
    [TP_ENTRY_COMPLAINT] = IN(TP_SETUP),
    [TP_ENTRY_OPENING] = IN(TP_SETUP),
    [TP_ENTRY_CONFIRM] = IN(TP_SETUP),
    [TP_ENTRY_LIVENESS] = ENROLLING,
    [TP_ENTRY_REGISTRATIONS] = ENROLLING,
    [TP_ENTRY_CANCEL] = ENROLLING | IN(TP_CLOSED),
    [TP_ENTRY_BALLOT] = IN(TP_OPEN),
    [TP_ENTRY_BATCH] = ALWAYS,
    [TP_ENTRY_SHARES] = IN(TP_FROZEN),
    [TP_ENTRY_ROLL] = IN(TP_SETUP),
    [TP_ENTRY_CHANGES] = ENROLLING,
};

/* spec: S-3 */
static const uint8_t allowed_act[] = {
    [TP_ACT_APPROVE] = IN(TP_SETUP), [TP_ACT_OPEN] = IN(TP_SETUP),
    [TP_ACT_CLOSE] = IN(TP_OPEN),    [TP_ACT_EXCLUDE] = IN(TP_OPEN) | IN(TP_CLOSED),
    [TP_ACT_FREEZE] = IN(TP_CLOSED), [TP_ACT_PUBLISH] = IN(TP_FROZEN),
};

static tp_err check_phase(const tp_board *b, const tp_entry *e, tp_fault *fault) {
    unsigned phases = allowed[e->type];
    if (e->type == TP_ENTRY_ACT) phases &= allowed_act[e->u.act.act];
    if (!(phases >> b->phase & 1))
        return tp_fail(fault, TP_REFUSED, "board.phase", "%s", tp_phase_name(b->phase));
    bool approval = e->type == TP_ENTRY_ACT && e->u.act.act == TP_ACT_APPROVE;
    if (approval && b->approved) return tp_fail(fault, TP_REFUSED, "board.repeat", "approval");
    if (!approval && !b->approved && e->type != TP_ENTRY_BATCH)
        return tp_fail(fault, TP_REFUSED, "board.order", "not approved");
    return TP_OK;
}

/* ---- entry 0 ---- */

/* spec: S-1 */
static tp_err apply_manifest(tp_board *b, const tp_entry *e, const tp_manifest *m,
                             tp_fault *fault) {
    if (e->type != TP_ENTRY_MANIFEST || !m)
        return tp_fail(fault, TP_REFUSED, "board.order", "the first entry is the manifest");
    if (!tp_equal(e->u.document.hash, m->fingerprint, 32))
        return tp_fail(fault, TP_INVALID, "board.subject", "manifest");
    b->ceremony = tp_ceremony_new(m);
    if (!b->ceremony) return tp_fail(fault, TP_SYSTEM, "", "manifest");
    b->manifest = m;
    return TP_OK;
}

/* ---- acts ---- */

static bool is_zero(const uint8_t bytes[static 32]) {
    static const uint8_t zero[32];
    return tp_equal(bytes, zero, 32);
}

static unsigned count_alive(const tp_board *b) {
    unsigned n = 0;
    for (size_t i = 0; i < b->manifest->trustees.count; i++)
        n += b->liveness[i] != 0;
    return n;
}

static unsigned count_shares(const tp_board *b) {
    unsigned n = 0;
    for (size_t i = 0; i < b->manifest->trustees.count; i++)
        n += b->shares[i].len != 0;
    return n;
}

/* spec: S-6 */
static tp_err check_open(const tp_board *b, const tp_entry *e, tp_fault *fault) {
    const tp_manifest *m = b->manifest;
    if (tp_ceremony_round(b->ceremony) != 3)
        return tp_fail(fault, TP_REFUSED, "board.order", "keys not confirmed by all trustees");
    if (!tp_equal(e->u.act.subject, tp_ceremony_keys(b->ceremony)->digest, 32))
        return tp_fail(fault, TP_INVALID, "board.subject", "key digest");
    if (!b->electorate) /* spec: S-30 */
        return tp_fail(fault, TP_REFUSED, "board.order", "the roll is not committed to");
    if (count_alive(b) < m->trustees.quorum + 1u)
        return tp_fail(fault, TP_REFUSED, "board.quorum", "%u trustees alive", count_alive(b));
    if (!m->test && e->u.act.time < m->open_time)
        return tp_fail(fault, TP_REFUSED, "board.time", "before the opening time");
    return TP_OK;
}

/* spec: S-7 */
static tp_err check_close(const tp_board *b, const tp_entry *e, tp_fault *fault) {
    if (!is_zero(e->u.act.subject)) return tp_fail(fault, TP_INVALID, "board.subject", "close");
    if (!b->manifest->test && e->u.act.time < b->manifest->close_time)
        return tp_fail(fault, TP_REFUSED, "board.time", "before the closing time");
    return TP_OK;
}

static tp_err check_act(const tp_board *b, const tp_entry *e, tp_fault *fault) {
    if (e->u.act.time < b->last_act)
        return tp_fail(fault, TP_REFUSED, "board.time", "before the last act's time");
    switch (e->u.act.act) {
    case TP_ACT_APPROVE:
        if (!tp_equal(e->u.act.subject, b->manifest->fingerprint, 32))
            return tp_fail(fault, TP_INVALID, "board.subject", "fingerprint");
        return TP_OK;
    case TP_ACT_OPEN:
        return check_open(b, e, fault);
    case TP_ACT_CLOSE:
        return check_close(b, e, fault);
    case TP_ACT_PUBLISH: /* spec: S-9 */
        if (count_shares(b) < b->manifest->trustees.quorum)
            return tp_fail(fault, TP_REFUSED, "board.quorum", "shares of %u trustees",
                           count_shares(b));
        return TP_OK;
    default:
        return TP_OK;
    }
}

static void do_act(tp_board *b, const tp_entry *e) {
    b->last_act = e->u.act.time;
    switch (e->u.act.act) {
    case TP_ACT_APPROVE:
        b->approved = true;
        break;
    case TP_ACT_OPEN:
        b->phase = TP_OPEN;
        b->opened_time = e->u.act.time;
        break;
    case TP_ACT_CLOSE:
        b->phase = TP_CLOSED;
        b->closed_time = e->u.act.time;
        b->close_size = b->size + 1;
        break;
    case TP_ACT_FREEZE:
        b->phase = TP_FROZEN;
        memcpy(b->freeze_hash, e->u.act.subject, 32);
        break;
    case TP_ACT_PUBLISH:
        b->phase = TP_PUBLISHED;
        memcpy(b->publish_hash, e->u.act.subject, 32);
        break;
    case TP_ACT_EXCLUDE:
        break;
    }
}

static tp_err apply_act(tp_board *b, const tp_entry *e, tp_fault *fault) {
    tp_err err = check_act(b, e, fault);
    if (err == TP_OK) do_act(b, e);
    return err;
}

/* ---- the roll ---- */

/* The commitment comes once, and before every change. spec: S-30..S-33 */
static tp_err apply_roll(tp_board *b, const tp_entry *e, tp_fault *fault) {
    if (tp_entry_time(e) < b->last_act)
        return tp_fail(fault, TP_REFUSED, "board.time", "before the last act's time");
    bool first = e->type == TP_ENTRY_ROLL;
    if (first && b->electorate) return tp_fail(fault, TP_REFUSED, "board.repeat", "roll");
    if (!first && !b->electorate)
        return tp_fail(fault, TP_REFUSED, "board.order", "the roll is not committed to");
    tp_err err = first ? tp_electorate_new(&b->electorate, b->manifest, e, fault)
                       : tp_electorate_change(b->electorate, e, fault);
    if (err == TP_OK) b->last_act = tp_entry_time(e);
    return err;
}

/* ---- ballots and batches ---- */

/* Ascending by hash within a batch: order says nothing about time (C12). spec: S-10 */
static tp_err apply_ballot(tp_board *b, const tp_entry *e, tp_fault *fault) {
    uint8_t hash[32];
    tp_ballot_hash(hash, e->u.ballot.bytes, e->u.ballot.len);
    if (b->open_ballots && memcmp(hash, b->last_ballot, 32) <= 0)
        return tp_fail(fault, TP_REFUSED, "board.order", "ballots of a batch ascend");
    memcpy(b->last_ballot, hash, 32);
    b->open_ballots++;
    return TP_OK;
}

/* The batches are the board's clock. spec: S-19 */
static void move_clock(tp_board *b, uint64_t time) {
    uint64_t days = time / DAY_S - b->last_batch / DAY_S;
    if (b->batches && days) {
        b->recent = days == 1 ? b->today : b->size;
        b->today = b->size;
    }
    b->last_batch = time;
}

/* spec: S-11 */
static tp_err apply_batch(tp_board *b, const tp_entry *e, tp_fault *fault) {
    if (e->u.batch.number != b->batches + 1 || e->u.batch.ballots != b->open_ballots)
        return tp_fail(fault, TP_REFUSED, "board.batch", "batch %u", e->u.batch.number);
    if (e->u.batch.time < b->last_batch)
        return tp_fail(fault, TP_REFUSED, "board.time", "batch %u", e->u.batch.number);
    move_clock(b, e->u.batch.time);
    b->batches++;
    b->open_ballots = 0;
    return TP_OK;
}

/* ---- enrolment, trustees ---- */

/* spec: S-12 */
static tp_err check_registrations(const tp_board *b, const tp_entry *e, bool signed_ok,
                                  tp_fault *fault) {
    tp_reader body = e->body;
    tp_registration r;
    const uint8_t *previous = NULL;
    for (bool more = true;;) {
        tp_err err = tp_registrations_next(&r, &body, previous, &more, fault);
        if (err != TP_OK || !more) return err;
        if (!signed_ok) err = tp_registration_verify(b->manifest, &r, fault);
        if (err != TP_OK) return err;
        previous = r.credential;
    }
}

/* spec: S-13, S-19 */
static tp_err apply_liveness(tp_board *b, const tp_entry *e, tp_root_of root_of, void *ctx,
                             tp_fault *fault) {
    uint64_t *latest = &b->liveness[e->signer - 1u];
    uint8_t root[32];
    tp_err err = tp_liveness_verify(b->ceremony, e, fault);
    if (err != TP_OK) return err;
    if (e->u.liveness.time <= *latest)
        return tp_fail(fault, TP_REFUSED, "board.repeat", "trustee %u", e->signer);
    if (e->u.liveness.board_size > b->size ||
        (root_of && (!root_of(ctx, e->u.liveness.board_size, root) ||
                     !tp_equal(root, e->u.liveness.board_root, 32))))
        return tp_fail(fault, TP_INVALID, "board.root", "trustee %u", e->signer);
    if (e->u.liveness.board_size < b->recent)
        return tp_fail(fault, TP_REFUSED, "board.stale", "trustee %u", e->signer);
    *latest = e->u.liveness.time;
    return TP_OK;
}

/* spec: S-14 */
static tp_err apply_shares(tp_board *b, const tp_entry *e, tp_fault *fault) {
    tp_document_ref *mine = &b->shares[e->signer - 1u];
    if (mine->len) return tp_fail(fault, TP_REFUSED, "board.repeat", "trustee %u", e->signer);
    if (!e->u.document.len)
        return tp_fail(fault, TP_REFUSED, "board.subject", "trustee %u", e->signer);
    *mine = e->u.document;
    return TP_OK;
}

/* Between two ballots of a batch nothing else stands: the batch is one sorted run. spec: S-10 */
static tp_err check_run(const tp_board *b, const tp_entry *e, tp_fault *fault) {
    if (!b->open_ballots || e->type == TP_ENTRY_BALLOT || e->type == TP_ENTRY_BATCH) return TP_OK;
    return tp_fail(fault, TP_REFUSED, "board.batch", "%u ballots outside a batch", b->open_ballots);
}

static tp_err apply_kind(tp_board *b, const tp_entry *e, bool signed_ok, tp_root_of root_of,
                         void *ctx, tp_fault *fault) {
    bool trustee = e->type == TP_ENTRY_LIVENESS || e->type == TP_ENTRY_SHARES;
    if (trustee && (e->signer < 1 || e->signer > b->manifest->trustees.count))
        return tp_fail(fault, TP_REFUSED, "entry.signer", "trustee %u", e->signer);
    switch (e->type) {
    case TP_ENTRY_ACT:
        return apply_act(b, e, fault);
    case TP_ENTRY_BALLOT:
        return apply_ballot(b, e, fault);
    case TP_ENTRY_BATCH:
        return apply_batch(b, e, fault);
    case TP_ENTRY_REGISTRATIONS:
        return check_registrations(b, e, signed_ok, fault);
    case TP_ENTRY_LIVENESS:
        return apply_liveness(b, e, root_of, ctx, fault);
    case TP_ENTRY_SHARES:
        return apply_shares(b, e, fault);
    case TP_ENTRY_ROLL:
    case TP_ENTRY_CHANGES:
        return apply_roll(b, e, fault);
    case TP_ENTRY_CANCEL:
        return TP_OK;
    default:
        return tp_ceremony_apply(b->ceremony, e, fault);
    }
}

/* spec: S-18 */
tp_err tp_board_may_follow(const tp_board *b, const tp_entry *e, tp_fault *fault) {
    tp_err err = check_phase(b, e, fault);
    return err == TP_OK ? check_run(b, e, fault) : err;
}

tp_err tp_board_apply(tp_board *b, const tp_entry *e, const tp_manifest *manifest, bool signed_ok,
                      tp_root_of root_of, void *ctx, tp_fault *fault) {
    tp_err err;
    if (b->size == 0) {
        err = apply_manifest(b, e, manifest, fault);
    } else {
        err = tp_board_may_follow(b, e, fault);
        if (err == TP_OK && !signed_ok) err = tp_entry_verify(b->manifest, e, fault);
        if (err == TP_OK) err = apply_kind(b, e, signed_ok, root_of, ctx, fault);
    }
    if (err == TP_OK) b->size++;
    return err;
}

/* spec: R-15 */
uint64_t tp_board_silence_s(const tp_manifest *m) {
    uint64_t ten = UINT64_C(10) * m->batch_interval_s;
    return ten > 60 ? ten : 60;
}

/* ---- credentials ---- */

/* spec: S-20..S-24 */
tp_err tp_cast_rule(const tp_credential *c, const tp_ballot *b, tp_fault *fault) {
    if (!c || !tp_equal(c->key, b->credential, 32))
        return tp_fail(fault, TP_REFUSED, "ballot.credential", "credential");
    if (c->cancelled) return tp_fail(fault, TP_REFUSED, "ballot.cancelled", "credential");
    if (c->unit != b->unit) return tp_fail(fault, TP_REFUSED, "ballot.unit", "unit %u", b->unit);
    if (c->style != b->style)
        return tp_fail(fault, TP_REFUSED, "ballot.style", "style %u", b->style);
    if (b->sequence != c->sequence + 1 || b->sequence == 0)
        return tp_fail(fault, TP_REFUSED, "ballot.sequence", "sequence %u", b->sequence);
    if (!tp_equal(b->previous, c->tip, 32))
        return tp_fail(fault, TP_REFUSED, "ballot.previous", "sequence %u", b->sequence);
    return TP_OK;
}

/* spec: S-25 */
bool tp_credential_counts(const tp_credential *c) {
    return c->sequence > 0 && !c->cancelled && !c->excluded;
}
