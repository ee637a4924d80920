/* Stage board: reads, writes, signs and verifies log entries. spec: chapter 5, requirements
 * N-1..N-9.
 *
 * Invariants
 *  1. tp_entry_write is the inverse of tp_entry_read on everything that tp_entry_read accepts.
 *  2. The bytes that are signed begin with the fingerprint and the type, so that no signature of
 *     one election or one kind of entry fits another (A10).
 */
#include "election/entry.h"

#include "core/base/mem.h"
#include "core/proof/schnorr.h"

enum { ENDORSEMENT_LEN = 66, ENDORSEMENTS_MAX = TP_MAX_SIGNERS * ENDORSEMENT_LEN };

static tp_err malformed(tp_fault *fault, const char *code) {
    return tp_fail(fault, TP_MALFORMED, code, "entry");
}

static bool has_signer(tp_entry_type type) {
    switch (type) {
    case TP_ENTRY_COMMIT:
    case TP_ENTRY_DEAL:
    case TP_ENTRY_COMPLAINT:
    case TP_ENTRY_OPENING:
    case TP_ENTRY_CONFIRM:
    case TP_ENTRY_LIVENESS:
    case TP_ENTRY_SHARES:
        return true;
    default:
        return false;
    }
}

bool tp_entry_of_officers(tp_entry_type type) {
    return type == TP_ENTRY_ACT || type == TP_ENTRY_ROLL || type == TP_ENTRY_CHANGES;
}

static bool has_college(tp_entry_type type) {
    return type == TP_ENTRY_CANCEL || tp_entry_of_officers(type);
}

/* ---- reading ---- */

static void read_document(tp_reader *r, tp_document_ref *d) {
    tp_read_copy(r, d->hash, 32);
    d->len = tp_read_u64(r);
    if (d->len > TP_MAX_DOCUMENT) r->failed = true;
}

/* Ascending and without repetition: one encoding only. spec: N-4 */
static void read_college(tp_reader *r, tp_endorsements *list) {
    tp_reader v = tp_read_vector(r, ENDORSEMENT_LEN, ENDORSEMENTS_MAX);
    list->count = 0;
    while (v.left && !v.failed && list->count < TP_MAX_SIGNERS) {
        tp_endorsement *e = &list->by[list->count];
        e->signer = tp_read_u16(&v);
        tp_read_copy(&v, e->signature, 64);
        if (list->count && e->signer <= e[-1].signer) v.failed = true;
        list->count++;
    }
    if (tp_read_end(&v) != TP_OK) r->failed = true;
}

static void read_act(tp_reader *r, tp_entry *e) {
    e->u.act.act = (tp_act)tp_read_u8(r);
    e->u.act.time = tp_read_u64(r);
    tp_read_copy(r, e->u.act.subject, 32);
    e->u.act.reason = tp_read_u16(r);
    bool exclude = e->u.act.act == TP_ACT_EXCLUDE;
    if (e->u.act.act < TP_ACT_APPROVE || e->u.act.act > TP_ACT_PUBLISH) r->failed = true;
    /* a reason belongs to an exclusion and to nothing else. spec: N-5 */
    if (exclude ? e->u.act.reason < TP_EXCLUDE_VOTED_IN_PERSON ||
                      e->u.act.reason > TP_EXCLUDE_COURT_ORDER
                : e->u.act.reason != 0)
        r->failed = true;
}

/* The rest of the body, multiple of `unit` bytes and not empty. */
static const uint8_t *read_rest(tp_reader *r, size_t unit, size_t *len) {
    *len = r->left;
    if (!r->left || r->left % unit) r->failed = true;
    return tp_read_bytes(r, r->left);
}

/* A list of items of `unit` bytes, one at least. */
static const uint8_t *read_items(tp_reader *r, size_t unit, size_t max, size_t *count) {
    tp_reader v = tp_read_vector(r, unit, unit * max);
    if (v.left % unit) r->failed = true;
    *count = v.left / unit;
    return v.p;
}

/* spec: N-20, N-21 */
static void read_roll(tp_reader *r, tp_entry *e) {
    if (e->type == TP_ENTRY_CHANGES) {
        e->u.changes.time = tp_read_u64(r);
        e->u.changes.list =
            read_items(r, TP_ROLL_CHANGE_LEN, TP_ROLL_CHANGES_MAX, &e->u.changes.count);
        return;
    }
    e->u.roll.time = tp_read_u64(r);
    e->u.roll.leaves = tp_read_u32(r);
    tp_read_copy(r, e->u.roll.root, 32);
    e->u.roll.units = read_items(r, TP_UNIT_ROLL_LEN, TP_MAX_UNITS, &e->u.roll.unit_count);
}

/* The body without signer and signatures. */
static void read_body(tp_reader *r, tp_entry *e) {
    switch (e->type) {
    case TP_ENTRY_MANIFEST:
    case TP_ENTRY_SHARES:
        read_document(r, &e->u.document);
        break;
    case TP_ENTRY_ACT:
        read_act(r, e);
        break;
    case TP_ENTRY_COMMIT:
        tp_read_copy(r, e->u.commit.deal_hash, 32);
        tp_read_copy(r, e->u.commit.box_key, 32);
        break;
    case TP_ENTRY_DEAL:
        e->u.deal.bytes = read_rest(r, 1, &e->u.deal.len);
        break;
    case TP_ENTRY_COMPLAINT:
        e->u.complaint.dealer = tp_read_u16(r);
        break;
    case TP_ENTRY_OPENING:
        e->u.opening.complainant = tp_read_u16(r);
        e->u.opening.shares = read_rest(r, 32, &e->u.opening.len);
        break;
    case TP_ENTRY_CONFIRM:
        tp_read_copy(r, e->u.confirm.key_digest, 32);
        break;
    case TP_ENTRY_LIVENESS:
        e->u.liveness.time = tp_read_u64(r);
        e->u.liveness.board_size = tp_read_u64(r);
        tp_read_copy(r, e->u.liveness.board_root, 32);
        e->u.liveness.proof = read_rest(r, 64, &e->u.liveness.len);
        break;
    case TP_ENTRY_CANCEL:
        tp_read_copy(r, e->u.cancel.credential, 32);
        e->u.cancel.reason = tp_read_u16(r);
        e->u.cancel.time = tp_read_u64(r);
        break;
    case TP_ENTRY_BALLOT:
        e->u.ballot.bytes = read_rest(r, 1, &e->u.ballot.len);
        break;
    case TP_ENTRY_BATCH:
        e->u.batch.number = tp_read_u32(r);
        e->u.batch.time = tp_read_u64(r);
        e->u.batch.ballots = tp_read_u32(r);
        break;
    case TP_ENTRY_REGISTRATIONS:
        if (!r->left) r->failed = true;
        tp_read_bytes(r, r->left);
        break;
    case TP_ENTRY_ROLL:
    case TP_ENTRY_CHANGES:
        read_roll(r, e);
        break;
    default:
        r->failed = true;
    }
}

tp_err tp_entry_read(tp_entry *e, const uint8_t *bytes, size_t len, tp_fault *fault) {
    memset(e, 0, sizeof *e);
    /* the length of a ballot is its style's: N-1, C-5 */
    bool too_long = len > TP_MAX_ENTRY && bytes[0] != TP_ENTRY_BALLOT;
    if (len < 1 || too_long) return malformed(fault, "entry.length");
    tp_reader r = tp_reader_of(bytes, len);
    unsigned type = tp_read_u8(&r);
    if (type < TP_ENTRY_MANIFEST || type > TP_ENTRY_CHANGES) return malformed(fault, "entry.type");
    e->type = (tp_entry_type)type;
    e->body = r;
    if (has_signer(e->type)) {
        e->signer = tp_read_u16(&r);
        if (r.left < 64) return malformed(fault, "entry.length");
        r.left -= 64;
        memcpy(e->signature, r.p + r.left, 64);
    }
    read_body(&r, e);
    if (has_college(e->type)) read_college(&r, &e->college);
    if (tp_read_end(&r) == TP_OK) return TP_OK;
    memset(e, 0, sizeof *e);
    return malformed(fault, "entry.malformed");
}

/* ---- writing ---- */

static void write_document(tp_writer *w, const tp_document_ref *d) {
    tp_write_bytes(w, d->hash, 32);
    tp_write_u64(w, d->len);
}

static void write_college(tp_writer *w, const tp_endorsements *list) {
    size_t open = tp_write_open(w, ENDORSEMENTS_MAX);
    for (size_t i = 0; i < list->count; i++) {
        tp_write_u16(w, list->by[i].signer);
        tp_write_bytes(w, list->by[i].signature, 64);
    }
    tp_write_close(w, open, ENDORSEMENTS_MAX);
}

static void write_act(tp_writer *w, const tp_entry *e) {
    tp_write_u8(w, (uint8_t)e->u.act.act);
    tp_write_u64(w, e->u.act.time);
    tp_write_bytes(w, e->u.act.subject, 32);
    tp_write_u16(w, e->u.act.reason);
}

static void write_roll(tp_writer *w, const tp_entry *e) {
    if (e->type == TP_ENTRY_CHANGES) {
        tp_write_u64(w, e->u.changes.time);
        tp_write_vector(w, TP_ROLL_CHANGE_LEN * TP_ROLL_CHANGES_MAX, e->u.changes.list,
                        e->u.changes.count * TP_ROLL_CHANGE_LEN);
        return;
    }
    tp_write_u64(w, e->u.roll.time);
    tp_write_u32(w, e->u.roll.leaves);
    tp_write_bytes(w, e->u.roll.root, 32);
    tp_write_vector(w, TP_UNIT_ROLL_LEN * TP_MAX_UNITS, e->u.roll.units,
                    e->u.roll.unit_count * TP_UNIT_ROLL_LEN);
}

static void write_body(tp_writer *w, const tp_entry *e) {
    switch (e->type) {
    case TP_ENTRY_MANIFEST:
    case TP_ENTRY_SHARES:
        write_document(w, &e->u.document);
        break;
    case TP_ENTRY_ACT:
        write_act(w, e);
        break;
    case TP_ENTRY_COMMIT:
        tp_write_bytes(w, e->u.commit.deal_hash, 32);
        tp_write_bytes(w, e->u.commit.box_key, 32);
        break;
    case TP_ENTRY_DEAL:
        tp_write_bytes(w, e->u.deal.bytes, e->u.deal.len);
        break;
    case TP_ENTRY_COMPLAINT:
        tp_write_u16(w, e->u.complaint.dealer);
        break;
    case TP_ENTRY_OPENING:
        tp_write_u16(w, e->u.opening.complainant);
        tp_write_bytes(w, e->u.opening.shares, e->u.opening.len);
        break;
    case TP_ENTRY_CONFIRM:
        tp_write_bytes(w, e->u.confirm.key_digest, 32);
        break;
    case TP_ENTRY_LIVENESS:
        tp_write_u64(w, e->u.liveness.time);
        tp_write_u64(w, e->u.liveness.board_size);
        tp_write_bytes(w, e->u.liveness.board_root, 32);
        tp_write_bytes(w, e->u.liveness.proof, e->u.liveness.len);
        break;
    case TP_ENTRY_CANCEL:
        tp_write_bytes(w, e->u.cancel.credential, 32);
        tp_write_u16(w, e->u.cancel.reason);
        tp_write_u64(w, e->u.cancel.time);
        break;
    case TP_ENTRY_BALLOT:
        tp_write_bytes(w, e->u.ballot.bytes, e->u.ballot.len);
        break;
    case TP_ENTRY_BATCH:
        tp_write_u32(w, e->u.batch.number);
        tp_write_u64(w, e->u.batch.time);
        tp_write_u32(w, e->u.batch.ballots);
        break;
    case TP_ENTRY_REGISTRATIONS:
        tp_write_bytes(w, e->body.p, e->body.left);
        break;
    case TP_ENTRY_ROLL:
    case TP_ENTRY_CHANGES:
        write_roll(w, e);
        break;
    }
}

/* Type, signer if there is one, body: what is written and what is signed. */
static void write_unsigned(tp_writer *w, const tp_entry *e) {
    tp_write_u8(w, (uint8_t)e->type);
    if (has_signer(e->type)) tp_write_u16(w, e->signer);
    write_body(w, e);
}

tp_err tp_entry_write(tp_writer *w, const tp_entry *e) {
    size_t start = w->len;
    write_unsigned(w, e);
    if (has_signer(e->type)) tp_write_bytes(w, e->signature, 64);
    if (has_college(e->type)) write_college(w, &e->college);
    if (w->len - start > TP_MAX_ENTRY) w->failed = true;
    return tp_write_end(w);
}

/* ---- signatures ---- */

void tp_entry_signed_bytes(tp_writer *w, const uint8_t fingerprint[static 32], const tp_entry *e) {
    tp_write_bytes(w, fingerprint, 32);
    write_unsigned(w, e);
}

/* Puts an endorsement where ascending order wants it; refused if that signer is there already. */
static tp_err insert_endorsement(tp_endorsements *list, const tp_endorsement *add) {
    if (list->count >= TP_MAX_SIGNERS) return TP_TOO_BIG;
    size_t at = list->count;
    for (; at && list->by[at - 1].signer >= add->signer; at--)
        if (list->by[at - 1].signer == add->signer) return TP_REFUSED;
    memmove(&list->by[at + 1], &list->by[at], (list->count - at) * sizeof *add);
    list->by[at] = *add;
    list->count++;
    return TP_OK;
}

tp_err tp_entry_sign(tp_entry *e, const uint8_t fingerprint[static 32], uint16_t signer,
                     const uint8_t secret_key[static 32], const uint8_t random[static 32]) {
    uint8_t bytes[32 + TP_MAX_ENTRY], key[32];
    tp_endorsement by = {.signer = signer};
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    tp_secret_key secret;
    tp_err err = tp_keypair_decode(&secret, key, secret_key);
    if (err != TP_OK) return err;
    if (has_signer(e->type)) e->signer = signer;
    tp_entry_signed_bytes(&w, fingerprint, e);
    err = tp_write_end(&w);
    if (err == TP_OK) tp_sign(by.signature, &secret, key, TP_ENTRY_DOMAIN, bytes, w.len, random);
    tp_wipe(&secret, sizeof secret);
    if (err != TP_OK) return err;
    if (has_college(e->type)) return insert_endorsement(&e->college, &by);
    memcpy(e->signature, by.signature, 64);
    return TP_OK;
}

/* Without time and signatures. */
static bool same_act(const tp_entry *a, const tp_entry *b) {
    if (a->type == TP_ENTRY_ACT)
        return a->u.act.act == b->u.act.act && a->u.act.reason == b->u.act.reason &&
               tp_equal(a->u.act.subject, b->u.act.subject, 32);
    if (a->type == TP_ENTRY_CANCEL)
        return a->u.cancel.reason == b->u.cancel.reason &&
               tp_equal(a->u.cancel.credential, b->u.cancel.credential, 32);
    if (a->type == TP_ENTRY_CHANGES)
        return a->u.changes.count == b->u.changes.count &&
               tp_equal(a->u.changes.list, b->u.changes.list,
                        a->u.changes.count * TP_ROLL_CHANGE_LEN);
    return a->u.roll.leaves == b->u.roll.leaves && tp_equal(a->u.roll.root, b->u.roll.root, 32) &&
           a->u.roll.unit_count == b->u.roll.unit_count &&
           tp_equal(a->u.roll.units, b->u.roll.units, a->u.roll.unit_count * TP_UNIT_ROLL_LEN);
}

uint64_t tp_entry_time(const tp_entry *e) {
    if (e->type == TP_ENTRY_ACT) return e->u.act.time;
    if (e->type == TP_ENTRY_CANCEL) return e->u.cancel.time;
    return e->type == TP_ENTRY_ROLL ? e->u.roll.time : e->u.changes.time;
}

/* spec: N-10 */
tp_err tp_act_agrees(const tp_entry *draft, const tp_entry *own, uint64_t now, tp_fault *fault) {
    enum { CLOCKS_DIFFER_S = 300 };
    uint64_t time = tp_entry_time(draft);
    if (!has_college(draft->type) || draft->type != own->type)
        return tp_fail(fault, TP_MALFORMED, "entry.malformed", "no act");
    if (!same_act(draft, own))
        return tp_fail(fault, TP_REFUSED, "board.subject", "another act than the one to be signed");
    if (time > now && time - now > CLOCKS_DIFFER_S)
        return tp_fail(fault, TP_REFUSED, "board.time", "the act's time is to come");
    return TP_OK;
}

/* spec: S-18 */
static tp_err verify_college(const tp_college *college, const tp_endorsements *list,
                             const uint8_t *bytes, size_t len, tp_fault *fault) {
    for (size_t i = 0; i < list->count; i++)
        if (list->by[i].signer < 1 || list->by[i].signer > college->count)
            return tp_fail(fault, TP_REFUSED, "entry.signer", "signer %u", list->by[i].signer);
    for (size_t i = 0; i < list->count; i++) {
        uint16_t signer = list->by[i].signer;
        if (tp_verify_var(list->by[i].signature, college->who[signer - 1].key, TP_ENTRY_DOMAIN,
                          bytes, len) != TP_OK)
            return tp_fail(fault, TP_INVALID, "entry.signature", "signer %u", signer);
    }
    if (list->count < college->quorum)
        return tp_fail(fault, TP_REFUSED, "entry.quorum", "%u of %u", list->count, college->quorum);
    return TP_OK;
}

tp_err tp_entry_verify(const tp_manifest *m, const tp_entry *e, tp_fault *fault) {
    uint8_t bytes[32 + TP_MAX_ENTRY];
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    if (!has_signer(e->type) && !has_college(e->type)) return TP_OK;
    tp_entry_signed_bytes(&w, m->fingerprint, e);
    if (tp_write_end(&w) != TP_OK) return tp_fail(fault, TP_TOO_BIG, "entry.length", "entry");
    if (has_college(e->type))
        return verify_college(e->type == TP_ENTRY_CANCEL ? &m->registrars : &m->officers,
                              &e->college, bytes, w.len, fault);
    if (e->signer < 1 || e->signer > m->trustees.count)
        return tp_fail(fault, TP_REFUSED, "entry.signer", "trustee %u", e->signer);
    if (tp_verify_var(e->signature, m->trustees.who[e->signer - 1].key, TP_ENTRY_DOMAIN, bytes,
                      w.len) != TP_OK)
        return tp_fail(fault, TP_INVALID, "entry.signature", "trustee %u", e->signer);
    return TP_OK;
}
