/* A dishonest prover of ballots and a second, weakenable verifier. */
#include "tests/attacks/forge.h"

tp_scalar forge_value(int v) {
    tp_scalar s;
    tp_scalar_from_u64(&s, (uint64_t)(v < 0 ? -v : v));
    if (v < 0) tp_scalar_neg(&s, &s);
    return s;
}

static const uint8_t (*points(const contest *c))[32] {
    return tp_rows(c->proof);
}

static const uint8_t (*scalars(const contest *c))[32] {
    return points(c) + c->p + 7;
}

/* ---- the transcript, from the specification ---- */

static void absorb_context(tp_transcript *t, const tp_sum_context *x) {
    tp_transcript_init(t, "sum");
    tp_absorb(t, "fingerprint", x->fingerprint, 32);
    tp_absorb(t, "key-digest", x->key_digest, 32);
    const struct {
        const char *label;
        uint64_t value;
    } numbers[] = {{"contest", x->contest},
                   {"n", x->shape.n},
                   {"a", x->shape.a},
                   {"b", x->shape.b},
                   {"packing", 1 << 24}};
    for (size_t i = 0; i < 5; i++)
        tp_absorb_u64(t, numbers[i].label, numbers[i].value);
    tp_absorb(t, "credential", x->credential, 32);
    tp_absorb_u64(t, "unit", x->unit);
    tp_absorb_u64(t, "style", x->style);
    tp_absorb_u64(t, "sequence", x->sequence);
    tp_absorb(t, "previous", x->previous, 32);
}

challenges forge_challenges(const contest *c, weakness w) {
    challenges out;
    tp_transcript t;
    const uint8_t(*q)[32] = points(c);
    absorb_context(&t, &c->context);
    if (w != NO_CIPHERTEXT) {
        tp_absorb(&t, "R", q[0], 32);
        tp_absorb(&t, "C", q[1], 32 * c->p);
    }
    tp_absorb(&t, "A", q[c->p + 1], 32);
    tp_challenge_scalar(&out.delta, &t, "delta");
    tp_absorb(&t, "B", q[c->p + 2], 32);
    tp_absorb(&t, "T_R", q[c->p + 3], 32);
    tp_absorb(&t, "T_d", q[c->p + 4], 32);
    if (w != NO_SIGMA) tp_absorb(&t, "sigma", scalars(c)[0], 32);
    tp_challenge_scalar(&out.eta, &t, "eta");
    tp_absorb(&t, "T0", q[c->p + 5], 32);
    if (w != NO_T1) tp_absorb(&t, "T1", q[c->p + 6], 32);
    tp_challenge_scalar(&out.c, &t, "c");
    return out;
}

/* ---- small arithmetic ---- */

static void add_mul(tp_point *sum, const tp_scalar *s, const tp_point *p) {
    tp_point term;
    tp_points_mul(&term, s, p, 1);
    tp_point_add(sum, sum, &term);
}

static void add_base(tp_point *sum, const tp_scalar *s) {
    tp_point g;
    tp_point_base(&g);
    add_mul(sum, s, &g);
}

/* x*H + sum v_j*G_j */
static tp_point pedersen(const contest *c, const tp_scalar *x, const tp_scalar *v) {
    tp_point sum;
    tp_points_mul(&sum, x, c->generators, 1);
    for (size_t j = 0; j < c->m; j++)
        add_mul(&sum, &v[j], &c->generators[1 + j]);
    return sum;
}

static tp_scalar option_pair(const contest *c, const tp_scalar *v, size_t k) {
    tp_scalar pack, u = v[2 * k];
    tp_scalar_from_u64(&pack, TP_SUM_PACK);
    if (2 * k + 1 < c->context.shape.n) tp_scalar_muladd(&u, &pack, &v[2 * k + 1], &u);
    return u;
}

/* sum delta^k*u_k(v) */
static tp_scalar packed(const contest *c, const tp_scalar *delta, const tp_scalar *v) {
    tp_scalar sum = tp_scalar_zero, power = *delta;
    for (size_t k = 0; k < c->p; k++) {
        tp_scalar u = option_pair(c, v, k);
        tp_scalar_muladd(&sum, &power, &u, &sum);
        tp_scalar_mul(&power, &power, delta);
    }
    return sum;
}

/* sum eta^j*x_j*y_j */
static tp_scalar eta_sum(const contest *c, const tp_scalar *eta, const tp_scalar *x,
                         const tp_scalar *y) {
    tp_scalar sum = tp_scalar_zero, power = *eta, xy;
    for (size_t j = 0; j < c->m; j++) {
        tp_scalar_mul(&xy, &x[j], &y[j]);
        tp_scalar_muladd(&sum, &power, &xy, &sum);
        tp_scalar_mul(&power, &power, eta);
    }
    return sum;
}

/* sum delta^k*P_k */
static tp_point delta_sum(const contest *c, const tp_scalar *delta, const tp_point *p) {
    tp_point sum;
    tp_scalar power = *delta;
    tp_point_identity(&sum);
    for (size_t k = 0; k < c->p; k++) {
        add_mul(&sum, &power, &p[k]);
        tp_scalar_mul(&power, &power, delta);
    }
    return sum;
}

/* ---- the dishonest prover ---- */

typedef struct {
    tp_scalar r, alpha, beta, rho, tau0, tau1;
    tp_scalar *s, *f, *turned; /* m each: masks, responses, 1 - 2*v */
} masks;

static masks draw(const contest *c, uint64_t seed) {
    masks k;
    uint64_t state = seed;
    tp_scalar *all[] = {&k.r, &k.alpha, &k.beta, &k.rho, &k.tau0, &k.tau1};
    for (size_t i = 0; i < 6; i++)
        *all[i] = test_scalar(&state);
    k.s = test_aligned(3 * c->m * sizeof *k.s);
    k.f = k.s + c->m, k.turned = k.f + c->m;
    for (size_t j = 0; j < c->m; j++)
        k.s[j] = test_scalar(&state);
    return k;
}

static void write_points(contest *c, size_t at, const tp_point *p, size_t n) {
    tp_points_encode((uint8_t(*)[32])c->proof + at, p, n);
}

static void write_scalar(contest *c, size_t at, const tp_scalar *s) {
    tp_scalar_encode(c->proof + 32 * (c->p + 7 + at), s);
}

static void first_move(contest *c, const forgery *f, const masks *k) {
    tp_point r, ciphertext, a = pedersen(c, &k->alpha, f->v);
    tp_points_mul_base(&r, &k->r, 1);
    write_points(c, 0, &r, 1);
    for (size_t i = 0; i < c->p; i++) {
        tp_scalar u = option_pair(c, f->v, i);
        tp_points_mul(&ciphertext, &k->r, &c->keys[i], 1);
        add_base(&ciphertext, &u);
        write_points(c, 1 + i, &ciphertext, 1);
    }
    write_points(c, c->p + 1, &a, 1);
}

static void second_move(contest *c, const forgery *f, const masks *k) {
    challenges ch = forge_challenges(c, f->against);
    tp_point t[3] = {pedersen(c, &k->beta, k->s)}, keys = delta_sum(c, &ch.delta, c->keys);
    tp_scalar sigma, mask = packed(c, &ch.delta, k->s);
    add_base(&t[0], &f->error_b);
    tp_points_mul_base(&t[1], &k->rho, 1);
    add_base(&t[1], &f->error_t);
    tp_points_mul(&t[2], &k->rho, &keys, 1);
    add_base(&t[2], &mask);
    write_points(c, c->p + 2, t, 3);
    tp_scalars_sum(&sigma, k->s, c->m);
    write_scalar(c, 0, &sigma);
}

static void third_move(contest *c, const forgery *f, const masks *k) {
    challenges ch = forge_challenges(c, f->against);
    tp_scalar two = forge_value(-2), t0 = eta_sum(c, &ch.eta, k->s, k->s), t1;
    tp_scalar_neg(&t0, &t0);
    for (size_t j = 0; j < c->m; j++)
        tp_scalar_muladd(&k->turned[j], &two, &f->v[j], &tp_scalar_one);
    t1 = eta_sum(c, &ch.eta, k->s, k->turned);
    tp_point t[2];
    tp_points_mul(&t[0], &k->tau0, c->generators, 1);
    tp_points_mul(&t[1], &k->tau1, c->generators, 1);
    add_base(&t[0], &t0), add_base(&t[1], &t1);
    write_points(c, c->p + 5, t, 2);
}

/* sum eta^j*v_j*(1 - v_j): zero for bits, what the forger must hide otherwise. */
static tp_scalar excess(const contest *c, const forgery *f, const tp_scalar *eta, tp_scalar *room) {
    for (size_t j = 0; j < c->m; j++)
        tp_scalar_sub(&room[j], &tp_scalar_one, &f->v[j]);
    return eta_sum(c, eta, f->v, room);
}

/* What the weakness, or a known logarithm of H, lets the forger mend once c is known. */
static void mend(contest *c, const forgery *f, const masks *k, const challenges *ch,
                 tp_scalar *z_t) {
    tp_scalar e = excess(c, f, &ch->eta, k->turned), x, count;
    if (f->against == NO_T1) { /* c*T1 += c^2*e*G */
        tp_point t1;
        assert_int_equal(tp_points_decode_var(&t1, points(c) + c->p + 6, 1, NULL), TP_OK);
        tp_scalar_mul(&x, &e, &ch->c);
        add_base(&t1, &x);
        write_points(c, c->p + 6, &t1, 1);
    }
    if (f->against == NO_SIGMA) { /* sigma = sum f_j - c*b */
        tp_scalar_from_u64(&count, c->context.shape.b);
        tp_scalar_mul(&count, &count, &ch->c);
        tp_scalars_sum(&x, k->f, c->m);
        tp_scalar_sub(&x, &x, &count);
        write_scalar(c, 0, &x);
    }
    if (f->log_h) { /* z_t*H -= c^2*e*G */
        tp_scalar_invert(&x, f->log_h);
        tp_scalar_mul(&x, &x, &e), tp_scalar_mul(&x, &x, &ch->c), tp_scalar_mul(&x, &x, &ch->c);
        tp_scalar_sub(z_t, z_t, &x);
    }
}

void forge(contest *c, const forgery *f) {
    masks k = draw(c, 77 + c->context.sequence);
    first_move(c, f, &k);
    second_move(c, f, &k);
    third_move(c, f, &k);
    challenges ch = forge_challenges(c, f->against);
    tp_scalar z_r, z_a, z_t;
    tp_scalars_scale_add(k.f, f->v, &ch.c, k.s, c->m);
    tp_scalar_muladd(&z_r, &ch.c, &k.r, &k.rho);
    tp_scalar_muladd(&z_a, &ch.c, &k.alpha, &k.beta);
    tp_scalar_muladd(&z_t, &ch.c, &k.tau1, &k.tau0);
    mend(c, f, &k, &ch, &z_t);
    for (size_t j = 0; j < c->m; j++)
        write_scalar(c, 1 + j, &k.f[j]);
    write_scalar(c, c->m + 1, &z_r);
    write_scalar(c, c->m + 2, &z_a);
    write_scalar(c, c->m + 3, &z_t);
    c->r = k.r;
    free(k.s);
}

/* ---- the second verifier ---- */

typedef struct {
    tp_point *q;
    tp_scalar *s; /* sigma, f, z_r, z_a, z_t */
    challenges ch;
} parsed;

static parsed parse(const contest *c, weakness w) {
    parsed x = {.q = test_aligned((c->p + 7) * sizeof(tp_point)),
                .s = test_aligned((c->m + 4) * sizeof(tp_scalar))};
    assert_int_equal(tp_points_decode_var(x.q, points(c), c->p + 7, NULL), TP_OK);
    assert_int_equal(tp_scalars_decode(x.s, scalars(c), c->m + 4, NULL), TP_OK);
    x.ch = forge_challenges(c, w);
    return x;
}

void forge_residuals(const contest *c, weakness w, tp_point residual[4]) {
    parsed x = parse(c, w);
    const tp_scalar *f = x.s + 1, *z = x.s + 1 + c->m;
    tp_scalar *room = test_aligned(c->m * sizeof *room);
    for (size_t j = 0; j < c->m; j++)
        tp_scalar_sub(&room[j], &x.ch.c, &f[j]);
    tp_scalar bits = eta_sum(c, &x.ch.eta, f, room), pack = packed(c, &x.ch.delta, f);
    tp_point keys = delta_sum(c, &x.ch.delta, c->keys), right[4];
    tp_point left[4] = {x.q[c->p + 2], x.q[c->p + 3], x.q[c->p + 4], x.q[c->p + 5]};
    tp_point times_c[4] = {x.q[c->p + 1], x.q[0], delta_sum(c, &x.ch.delta, x.q + 1),
                           x.q[c->p + 6]};
    right[0] = pedersen(c, &z[1], f);
    tp_points_mul_base(&right[1], &z[0], 1);
    tp_points_mul(&right[2], &z[0], &keys, 1);
    add_base(&right[2], &pack);
    tp_points_mul(&right[3], &z[2], c->generators, 1);
    add_base(&right[3], &bits);
    for (size_t i = 0; i < 4; i++) {
        add_mul(&left[i], &x.ch.c, &times_c[i]);
        tp_point_sub(&residual[i], &left[i], &right[i]);
    }
    free(room), free(x.q), free(x.s);
}

tp_err forge_verify(const contest *c, weakness w) {
    parsed x = parse(c, w);
    tp_scalar total, expect, count;
    tp_point residual[4];
    tp_scalars_sum(&total, x.s + 1, c->m);
    tp_scalar_from_u64(&count, c->context.shape.b);
    tp_scalar_muladd(&expect, &x.ch.c, &count, &x.s[0]);
    uint32_t good = tp_scalar_equal(&total, &expect);
    forge_residuals(c, w, residual);
    for (size_t i = 0; i < 4; i++)
        good &= tp_point_is_identity(&residual[i]);
    free(x.q), free(x.s);
    return good ? TP_OK : TP_INVALID;
}

tp_err forge_check(contest *c) {
    tp_err single = contest_check(c);
    assert_int_equal(contest_check_batch(c, 2, false), single);
    if (single != TP_MALFORMED) assert_int_equal(forge_verify(c, SOUND), single);
    return single;
}
