/* Stage cast: makes, reads and checks ballots. Freestanding: the page runs the same code.
 * spec: chapter 4a (cast), requirements C-1..C-13.
 *
 * Invariants
 *  1. A ballot's length depends on its style alone (C9).
 *  2. Sealing is constant time in the choices and the secret, and every random scalar of it is
 *     hedged with the secret and the statement (A11).
 *  3. A ballot is accepted only if every check holds; which one failed is found out afterwards.
 */
#include "election/cast.h"

#include "core/base/mem.h"
#include "core/proof/schnorr.h"
#include "election/entry.h"

enum { CREDENTIAL_AT = 32 };
static const uint8_t no_ballot[32];

static size_t max_size(size_t a, size_t b) {
    return a > b ? a : b;
}

size_t tp_ballot_size(const tp_ballot_style *s) {
    size_t len = TP_BALLOT_HEAD + TP_SIG_LEN;
    for (size_t i = 0; i < s->contest_count; i++)
        len += tp_sum_len(&s->contests[i].shape);
    return len;
}

/* Everything that a contest's proof is bound to. spec: C-4 */
static void proof_context(tp_sum_context *x, const tp_ballot_style *s, size_t i,
                          const tp_ballot *b) {
    memset(x, 0, sizeof *x);
    memcpy(x->fingerprint, s->fingerprint, 32);
    memcpy(x->key_digest, s->key_digest, 32);
    x->contest = s->contests[i].index;
    x->shape = s->contests[i].shape;
    memcpy(x->credential, b->credential, 32);
    x->unit = b->unit;
    x->style = b->style;
    x->sequence = b->sequence;
    memcpy(x->previous, b->previous, 32);
}

static tp_sum_bases bases_of(const tp_ballot_style *s, size_t i) {
    return (tp_sum_bases){.generators = s->generators, .keys = s->contests[i].y_points};
}

/* ---- sealing ---- */

size_t tp_ballot_seal_scratch(const tp_ballot_style *s) {
    size_t most = 0;
    for (size_t i = 0; i < s->contest_count; i++)
        most = max_size(most, tp_sum_prove_scratch(&s->contests[i].shape));
    return most;
}

static void write_head(uint8_t *out, const tp_ballot_style *s, const tp_ballot *b) {
    tp_writer w = tp_writer_of(out, TP_BALLOT_HEAD);
    tp_write_bytes(&w, s->fingerprint, 32);
    tp_write_bytes(&w, b->credential, 32);
    tp_write_u32(&w, b->sequence);
    tp_write_bytes(&w, b->previous, 32);
    tp_write_u16(&w, b->unit);
    tp_write_u16(&w, b->style);
}

static tp_err seal_contests(uint8_t *out, const tp_ballot_style *s, const tp_ballot *b,
                            const uint8_t secret[static 32], const uint8_t *choices,
                            const uint8_t random[static 32], void *scratch) {
    tp_err err = TP_OK;
    for (size_t i = 0; err == TP_OK && i < s->contest_count; i++) {
        const tp_sum_shape *shape = &s->contests[i].shape;
        tp_sum_context context;
        tp_sum_bases bases = bases_of(s, i);
        tp_scalar r;
        proof_context(&context, s, i, b);
        err = tp_sum_prove(out, &r, &context, &bases, choices, secret, random, scratch);
        tp_wipe(&r, sizeof r);
        out += tp_sum_len(shape);
        choices += shape->n;
    }
    return err;
}

tp_err tp_ballot_seal(uint8_t *out, const tp_ballot_style *s, const tp_scalar *secret,
                      const uint8_t credential[static 32], uint16_t unit, uint32_t sequence,
                      const uint8_t previous[static 32], const uint8_t *choices,
                      const uint8_t random[static 32], void *scratch) {
    tp_ballot b = {.sequence = sequence, .unit = unit, .style = s->style};
    tp_secret_key key = {.x = *secret};
    uint8_t secret_bytes[32];
    size_t len = tp_ballot_size(s);
    memcpy(b.credential, credential, 32);
    memcpy(b.previous, previous, 32);
    tp_scalar_encode(secret_bytes, secret);
    write_head(out, s, &b);
    tp_err err = seal_contests(out + TP_BALLOT_HEAD, s, &b, secret_bytes, choices, random, scratch);
    if (err == TP_OK)
        tp_sign(out + len - TP_SIG_LEN, &key, credential, TP_BALLOT_DOMAIN, out, len - TP_SIG_LEN,
                random);
    else
        memset(out, 0, len);
    tp_wipe(&key, sizeof key);
    tp_wipe(secret_bytes, sizeof secret_bytes);
    tp_wipe(scratch, tp_ballot_seal_scratch(s));
    return err;
}

/* ---- reading ---- */

/* spec: C-5, C-6 */
tp_err tp_ballot_read(tp_ballot *b, const tp_ballot_style *s, const uint8_t *bytes, size_t len,
                      tp_fault *fault) {
    tp_reader r = tp_reader_of(bytes, len);
    memset(b, 0, sizeof *b);
    if (len != tp_ballot_size(s)) return tp_fail(fault, TP_MALFORMED, "ballot.length", "ballot");
    if (memcmp(tp_read_bytes(&r, 32), s->fingerprint, 32))
        return tp_fail(fault, TP_REFUSED, "ballot.fingerprint", "ballot");
    tp_read_copy(&r, b->credential, 32);
    b->sequence = tp_read_u32(&r);
    tp_read_copy(&r, b->previous, 32);
    b->unit = tp_read_u16(&r);
    b->style = tp_read_u16(&r);
    b->contests = r.p;
    b->signature = bytes + len - TP_SIG_LEN;
    if (b->style != s->style) return tp_fail(fault, TP_REFUSED, "ballot.style", "ballot");
    if (b->sequence == 0) return tp_fail(fault, TP_REFUSED, "ballot.sequence", "ballot");
    bool first = tp_equal(b->previous, no_ballot, 32);
    if (first != (b->sequence == 1)) return tp_fail(fault, TP_REFUSED, "ballot.previous", "ballot");
    return TP_OK;
}

/* ---- checking ---- */

/* Ballots of one batch. More save a little in the sums and lose it to the caches. */
enum { BATCH_MOST = 512 };

size_t tp_ballot_points(const tp_ballot_style *s) {
    size_t n = 2;
    for (size_t i = 0; i < s->contest_count; i++)
        n += tp_sum_encoded_points(&s->contests[i].shape);
    return n;
}

/* spec: B-15 */
tp_err tp_ballot_hints_var(uint8_t (*out)[32], const tp_ballot_style *s, const uint8_t *ballot) {
    const uint8_t *proof = ballot + TP_BALLOT_HEAD;
    memcpy(out[0], ballot + CREDENTIAL_AT, 32);
    memcpy(out[1], ballot + tp_ballot_size(s) - TP_SIG_LEN, 32);
    uint8_t(*to)[32] = out + 2;
    for (size_t i = 0; i < s->contest_count; i++) {
        size_t n = tp_sum_encoded_points(&s->contests[i].shape);
        memcpy(to, proof, 32 * n);
        to += n;
        proof += tp_sum_len(&s->contests[i].shape);
    }
    return tp_points_hint_var(out, tp_rows(out), tp_ballot_points(s), NULL);
}

static void limits_of(tp_batch_limits *max, const tp_ballot_style *s, size_t n) {
    tp_batch_limits one = {0};
    size_t generators = 0;
    tp_schnorr_need(&one);
    for (size_t i = 0; i < s->contest_count; i++) {
        tp_batch_limits need = {0};
        tp_sum_need(&need, &s->contests[i].shape);
        tp_batch_limits_add(&one, &need, 1);
    }
    memset(max, 0, sizeof *max);
    tp_batch_limits_add(max, &one, n);
    max->items = n;
    max->hinted = true;
    for (size_t i = 0; i < s->contest_count; i++) {
        generators = max_size(generators, 1 + tp_sum_bits(&s->contests[i].shape));
        max->shared += tp_sum_points(&s->contests[i].shape);
    }
    max->shared += generators;
}

/* The proofs' own scratch is used only when the batch's is done with. */
size_t tp_ballot_verify_scratch(const tp_ballot_style *s, size_t n) {
    tp_batch_limits max;
    limits_of(&max, s, n < BATCH_MOST ? n : BATCH_MOST);
    size_t most = tp_batch_arena(&max);
    for (size_t i = 0; i < s->contest_count; i++)
        most = max_size(most, tp_sum_verify_scratch(&s->contests[i].shape));
    return most;
}

static void share_bases(tp_batch *b, tp_sum_shared *shared, const tp_ballot_style *s) {
    size_t generators = 0;
    for (size_t i = 0; i < s->contest_count; i++)
        generators = max_size(generators, 1 + tp_sum_bits(&s->contests[i].shape));
    size_t at = tp_batch_share(b, s->generators, generators);
    for (size_t i = 0; i < s->contest_count; i++) {
        const tp_ballot_contest *c = &s->contests[i];
        shared[i].generators = at;
        shared[i].keys = tp_batch_share(b, c->y_points, tp_sum_points(&c->shape));
    }
}

/* Up to TP_LANES_MAX ballots, the challenges of which are hashed side by side. */
typedef struct {
    size_t count;
    const uint8_t *bytes[TP_LANES_MAX];
    tp_ballot ballot[TP_LANES_MAX];
    uint8_t signed_by[TP_LANES_MAX][64];
    tp_sum_context context[TP_MAX_CONTESTS][TP_LANES_MAX];
    tp_sum_challenges challenges[TP_MAX_CONTESTS][TP_LANES_MAX];
} lanes;

static void hash_signatures(lanes *l, size_t len) {
    const uint8_t *sig[TP_LANES_MAX], *pk[TP_LANES_MAX];
    const void *msg[TP_LANES_MAX];
    for (size_t i = 0; i < l->count; i++) {
        sig[i] = l->ballot[i].signature;
        pk[i] = l->ballot[i].credential;
        msg[i] = l->bytes[i];
    }
    tp_schnorr_challenges_var(l->signed_by, l->count, TP_SIGNATURE, sig, pk, TP_BALLOT_DOMAIN, msg,
                              len - TP_SIG_LEN);
}

static void hash_lanes(lanes *l, const tp_ballot_style *s) {
    const uint8_t *proof[TP_LANES_MAX];
    const tp_sum_context *context[TP_LANES_MAX];
    hash_signatures(l, tp_ballot_size(s));
    for (size_t i = 0; i < l->count; i++)
        proof[i] = l->ballot[i].contests;
    for (size_t k = 0; k < s->contest_count; k++) {
        for (size_t i = 0; i < l->count; i++) {
            context[i] = &l->context[k][i];
            proof_context(&l->context[k][i], s, k, &l->ballot[i]);
        }
        tp_sum_challenges_var(l->challenges[k], l->count, proof, context);
        for (size_t i = 0; i < l->count; i++)
            proof[i] += tp_sum_len(&s->contests[k].shape);
    }
}

/* The signature's challenge is a hash of the whole ballot: it binds the proofs too (B-32). */
static void add_ballot(tp_batch *batch, const tp_sum_shared *shared, const tp_ballot_style *s,
                       const lanes *l, size_t i, const uint8_t (*hints)[32]) {
    const tp_ballot *b = &l->ballot[i];
    const uint8_t *proof = b->contests;
    tp_schnorr_batch_challenged_var(batch, b->signature, hints ? hints[1] : NULL, b->credential,
                                    hints ? hints[0] : NULL, l->signed_by[i]);
    if (hints) hints += 2;
    for (size_t k = 0; k < s->contest_count; k++) {
        const tp_sum_shape *shape = &s->contests[k].shape;
        size_t len = tp_sum_len(shape);
        tp_sum_batch_bound_var(batch, &shared[k], proof, len, hints, &l->context[k][i],
                               &l->challenges[k][i]);
        proof += len;
        if (hints) hints += tp_sum_encoded_points(shape);
    }
}

/* Whether all scalars of a proof are canonical: tells a bad scalar from a bad point. */
static bool scalars_good(const uint8_t *proof, const tp_sum_shape *shape) {
    size_t at = 32 * tp_sum_encoded_points(shape), len = tp_sum_len(shape);
    tp_scalar s;
    for (; at < len; at += 32)
        if (tp_scalar_decode(&s, proof + at) != TP_OK) return false;
    return true;
}

static const char *malformed_code(const uint8_t *proof, const tp_sum_shape *shape) {
    return scalars_good(proof, shape) ? "ballot.point" : "ballot.scalar";
}

/* A refused ballot once more, alone, to name what is wrong with it. spec: C-8 */
static const char *name_fault(const tp_ballot_style *s, const uint8_t *bytes, void *scratch) {
    tp_ballot b;
    if (tp_ballot_read(&b, s, bytes, tp_ballot_size(s), NULL) != TP_OK) return "ballot.proof";
    const uint8_t *proof = b.contests;
    for (size_t i = 0; i < s->contest_count; i++) {
        const tp_sum_shape *shape = &s->contests[i].shape;
        size_t len = tp_sum_len(shape);
        tp_sum_context context;
        tp_sum_bases bases = bases_of(s, i);
        proof_context(&context, s, i, &b);
        tp_err err = tp_sum_verify_var(proof, len, &context, &bases, scratch);
        if (err == TP_MALFORMED) return malformed_code(proof, shape);
        if (err != TP_OK) return "ballot.proof";
        proof += len;
    }
    return "ballot.signature";
}

/* Reads the ballots [from, to) and keeps those that can be checked. */
static void read_lanes(lanes *l, tp_err *result, const char **code, const tp_ballot_style *s,
                       const uint8_t *const *ballots, size_t from, size_t to) {
    l->count = 0;
    for (size_t i = from; i < to; i++) {
        tp_fault fault = {.code = ""};
        size_t at = l->count;
        result[i] = tp_ballot_read(&l->ballot[at], s, ballots[i], tp_ballot_size(s), &fault);
        code[i] = fault.code;
        if (result[i] != TP_OK) continue;
        l->bytes[at] = ballots[i];
        l->count++;
    }
}

static void add_lanes(tp_batch *batch, const tp_sum_shared *shared, const tp_ballot_style *s,
                      const lanes *l, const tp_err *result, const uint8_t *const *hints,
                      size_t from, size_t to) {
    for (size_t i = from, at = 0; i < to; i++) {
        tp_batch_begin(batch);
        tp_batch_fail(batch, result[i]);
        if (result[i] != TP_OK) continue;
        add_ballot(batch, shared, s, l, at++, hints && hints[i] ? tp_rows(hints[i]) : NULL);
    }
}

/* One batch: n <= BATCH_MOST. */
static tp_err verify_batch(tp_err *result, const char **code, const tp_ballot_style *s,
                           const uint8_t *const *ballots, const uint8_t *const *hints, size_t n,
                           const tp_ballots_sink *sink, void *scratch) {
    tp_batch_limits max;
    tp_batch batch;
    tp_sum_shared shared[TP_MAX_CONTESTS];
    lanes l;
    limits_of(&max, s, n);
    max.hinted = hints != NULL;
    tp_batch_init(&batch, &max, scratch);
    share_bases(&batch, shared, s);
    for (size_t i = 0; i < n; i += TP_LANES_MAX) {
        size_t end = n - i < TP_LANES_MAX ? n : i + TP_LANES_MAX;
        read_lanes(&l, result, code, s, ballots, i, end);
        if (l.count) hash_lanes(&l, s);
        add_lanes(&batch, shared, s, &l, result, hints, i, end);
    }
    tp_err worst = tp_batch_verify_var(&batch);
    for (size_t i = 0; i < n; i++) {
        if (worst != TP_OK) result[i] = tp_batch_verdict(&batch, i);
        const tp_point *points = sink ? tp_batch_item_points(&batch, i) : NULL;
        if (points) sink->take(sink->ctx, ballots[i], points + 1); /* after the credential */
    }
    for (size_t i = 0; worst != TP_OK && i < n; i++)
        if (result[i] != TP_OK && !code[i][0]) code[i] = name_fault(s, ballots[i], scratch);
    return worst;
}

tp_err tp_ballots_verify_more_var(tp_err *result, const char **code, const tp_ballot_style *s,
                                  const uint8_t *const *ballots, const uint8_t *const *hints,
                                  size_t n, const tp_ballots_sink *sink, void *scratch) {
    tp_err worst = TP_OK;
    for (size_t i = 0; i < n; i += BATCH_MOST) {
        size_t now = n - i < BATCH_MOST ? n - i : BATCH_MOST;
        tp_err err = verify_batch(result + i, code + i, s, ballots + i, hints ? hints + i : NULL,
                                  now, sink, scratch);
        if (worst == TP_OK) worst = err;
    }
    return worst;
}

tp_err tp_ballots_verify_var(tp_err *result, const char **code, const tp_ballot_style *s,
                             const uint8_t *const *ballots, size_t n, void *scratch) {
    return tp_ballots_verify_more_var(result, code, s, ballots, NULL, n, NULL, scratch);
}

/* ---- names ---- */

static void hash_under(uint8_t out[static 32], const char *domain, size_t domain_len,
                       const uint8_t *bytes, size_t len) {
    tp_sha256_ctx h;
    tp_sha256_init(&h);
    tp_sha256_update(&h, domain, domain_len);
    tp_sha256_update(&h, bytes, len);
    tp_sha256_final(&h, out);
}

void tp_ballot_hash(uint8_t out[static 32], const uint8_t *bytes, size_t len) {
    hash_under(out, TP_BALLOT_DOMAIN, sizeof TP_BALLOT_DOMAIN - 1, bytes, len);
}

void tp_ballot_tracker(char out[static TP_CODE_TEXT], const uint8_t *bytes, size_t len) {
    uint8_t digest[32];
    hash_under(digest, TP_TRACKER_DOMAIN, sizeof TP_TRACKER_DOMAIN - 1, bytes, len);
    tp_code_write(out, digest, TP_CODE_SYMBOLS);
}

/* ---- the ballot before ---- */

tp_err tp_tip_check_var(const tp_tip *tip, const uint8_t *entry, size_t len) {
    uint8_t hash[32];
    if (len <= 1 + TP_BALLOT_HEAD + TP_SIG_LEN || entry[0] != TP_ENTRY_BALLOT) return TP_MALFORMED;
    const uint8_t *ballot = entry + 1, *signature = entry + len - TP_SIG_LEN;
    tp_reader r = tp_reader_of(ballot, TP_BALLOT_HEAD);
    if (!tp_equal(tp_read_bytes(&r, 32), tip->fingerprint, 32)) return TP_MALFORMED;
    bool mine = tp_equal(tp_read_bytes(&r, 32), tip->credential, 32);
    if (tp_read_u32(&r) != tip->sequence) mine = false;
    tp_ballot_hash(hash, ballot, len - 1);
    if (!mine || !tp_equal(hash, tip->hash, 32)) return TP_REFUSED;
    return tp_verify_var(signature, tip->credential, TP_BALLOT_DOMAIN, ballot,
                         len - 1 - TP_SIG_LEN);
}

_Static_assert(sizeof TP_PROMISE_DOMAIN - 1 == 16, "TP_PROMISE_SIGNED counts it");

void tp_promise_signed_bytes(uint8_t out[static TP_PROMISE_SIGNED], const tp_promise *p,
                             const uint8_t fingerprint[static 32]) {
    tp_writer w = tp_writer_of(out, TP_PROMISE_SIGNED);
    tp_write_bytes(&w, TP_PROMISE_DOMAIN, sizeof TP_PROMISE_DOMAIN - 1);
    tp_write_bytes(&w, fingerprint, 32);
    tp_write_bytes(&w, p->ballot_hash, 32);
    tp_write_bytes(&w, p->credential, 32);
    tp_write_u32(&w, p->sequence);
    tp_write_u64(&w, p->deadline);
}
