/* The constant-time gate for core/proof and core/threshold: choices, keys, coefficients, shares and
 * random bytes are undefined to memcheck, and what tp_declassify names is defined again. With the
 * argument "leak" it opens a ballot with a secret r in variable time, which must be reported.
 */
#include "core/proof/eqlog.h"
#include "core/proof/schnorr.h"
#include "core/proof/sum.h"
#include "core/threshold/decrypt.h"
#include "core/threshold/dkg.h"

#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>

void tp_declassify(const void *p, size_t len) {
    VALGRIND_MAKE_MEM_DEFINED(p, len);
}

enum { N = 3, M = 5, P = 2 };

static uint8_t secret[32], random_bytes[32], choices[N];

static void hide_inputs(void) {
    memset(secret, 7, sizeof secret), memset(random_bytes, 9, sizeof random_bytes);
    choices[1] = 1;
    VALGRIND_MAKE_MEM_UNDEFINED(secret, sizeof secret);
    VALGRIND_MAKE_MEM_UNDEFINED(random_bytes, sizeof random_bytes);
    VALGRIND_MAKE_MEM_UNDEFINED(choices, sizeof choices);
}

static void run_ballot(bool leak) {
    const tp_sum_context context = {.shape = {N, 0, 2}};
    static tp_point generators[M + 1], keys[P];
    static uint8_t proof[2000], seen[N];
    tp_scalar r, k[P] = {tp_scalar_one, tp_scalar_one};
    tp_sum_generators_var(generators, M, context.fingerprint);
    tp_points_mul_base(keys, k, P);
    tp_sum_bases bases = {generators, keys};
    void *scratch = aligned_alloc(64, (tp_sum_prove_scratch(&context.shape) + 63) / 64 * 64);
    if (!scratch || tp_sum_len(&context.shape) > sizeof proof) abort();
    if (tp_sum_prove(proof, &r, &context, &bases, choices, secret, random_bytes, scratch)) abort();
    if (leak && tp_sum_open_var(seen, proof, &r, &context.shape, keys)) abort();
    free(scratch);
}

static void run_signatures(void) {
    tp_secret_key sk;
    uint8_t seed[64], pk[32], sig[TP_SIG_LEN];
    memset(seed, 5, sizeof seed);
    VALGRIND_MAKE_MEM_UNDEFINED(seed, sizeof seed);
    if (tp_keypair(&sk, pk, seed)) abort();
    tp_sign(sig, &sk, pk, "gate", "m", 1, random_bytes);
    tp_possession_prove(sig, &sk, pk, "gate", "m", 1, random_bytes);
}

static void run_key_generation(void) {
    const tp_dkg_params q = {.n = 3, .t = 2, .p = P};
    tp_scalar coefficients[2 * P], shares[P], x[P] = {{{0}}, {{0}}};
    tp_point points[2 * P], work[2 * P];
    uint8_t message[64 * P + 64];
    if (tp_dkg_deal(coefficients, message, points, &q, 1, secret, random_bytes)) abort();
    VALGRIND_MAKE_MEM_DEFINED(points, sizeof points); /* published as commitments */
    if (tp_dkg_share(shares, coefficients, &q, 2)) abort();
    if (tp_dkg_share_check(shares, points, &q, 2, work)) abort();
    tp_dkg_share_add(x, shares, &q);
}

static void run_shares(void) {
    static uint8_t r[2][32], v[P][32], d[2 * P][32], proof[TP_EQLOG_LEN];
    tp_scalar x[P] = {tp_scalar_one, tp_scalar_one};
    tp_point points[2], keys[P], shares[2 * P];
    tp_points_mul_base(points, x, 2), tp_points_encode(r, points, 2);
    tp_points_mul_base(keys, x, P), tp_points_encode(v, keys, P);
    VALGRIND_MAKE_MEM_UNDEFINED(x, sizeof x);
    tp_decrypt_share(shares, x, P, points, 2);
    tp_points_encode(d, shares, 2 * P);
    tp_declassify(d, sizeof d); /* published */
    const tp_eqlog_statement s = {
        .r = tp_rows(r), .u = 2, .v = tp_rows(v), .p = P, .d = tp_rows(d)};
    void *scratch = aligned_alloc(64, (tp_eqlog_scratch(2, P) + 63) / 64 * 64);
    if (!scratch || tp_eqlog_prove(proof, &s, x, random_bytes, scratch)) abort();
    free(scratch);
}

int main(int argc, char **argv) {
    hide_inputs();
    run_ballot(argc == 2 && strcmp(argv[1], "leak") == 0);
    run_signatures();
    run_key_generation();
    run_shares();
    return 0;
}
