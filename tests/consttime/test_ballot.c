/* The constant-time gate over a voter's and a signer's own acts: code, credential, ballot, letter,
 * the signatures of registrars and officers. Secrets are undefined to memcheck; what tp_declassify
 * names is defined again. With "branch" or "index" it does what none of these may do, which must be
 * reported.
 */
#include "election/cast.h"
#include "election/enrol.h"
#include "election/evidence.h"
#include "election/entry.h"

#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>

void tp_declassify(const void *p, size_t len) {
    VALGRIND_MAKE_MEM_DEFINED(p, len);
}

/* Argon2id addresses its memory by its data from the second half of the first pass on (RFC 9106
 * section 3.3, accepted there for a code of full entropy), so the gate begins at its tag. */
void tp_argon2id(uint8_t *tag, size_t tag_len, uint64_t *memory, uint32_t blocks, uint32_t passes,
                 const void *password, size_t password_len, const void *salt, size_t salt_len) {
    (void)memory, (void)blocks, (void)passes, (void)password_len, (void)salt, (void)salt_len;
    memset(tag, 11, tag_len);
    tag[0] ^= *(const uint8_t *)password;
    VALGRIND_MAKE_MEM_UNDEFINED(tag, tag_len);
}

enum { N = 3, SLACK = 2, M = N + SLACK, P = 2 };

static uint8_t fingerprint[32], random_bytes[32], choices[2 * N], key[32];
static tp_scalar secret;

static void run_code(void) {
    uint8_t code[16] = {1, 2, 3, 250}, again[16];
    char text[TP_CODE_TEXT];
    VALGRIND_MAKE_MEM_UNDEFINED(code, sizeof code);
    code[15] &= 0xf8; /* 125 bits */
    tp_code_write(text, code, TP_CODE_SYMBOLS);
    if (tp_code_read(again, TP_CODE_SYMBOLS, text, 31)) abort();
    tp_credential_derive(&secret, key, code, fingerprint, NULL);
}

static void run_ballot(void) {
    static tp_point generators[M + 1], keys[P];
    static uint8_t out[8192];
    tp_scalar k[P] = {tp_scalar_one, tp_scalar_one};
    const uint8_t previous[32] = {0};
    tp_sum_generators_var(generators, M, fingerprint);
    tp_points_mul_base(keys, k, P);
    const tp_ballot_contest contest = {.shape = {N, 0, SLACK}, .y_points = keys};
    tp_ballot_style style = {
        .contest_count = 2, .contests = {contest, contest}, .generators = generators};
    style.contests[1].index = 1;
    void *scratch = aligned_alloc(64, (tp_ballot_seal_scratch(&style) + 63) / 64 * 64);
    if (!scratch || tp_ballot_size(&style) > sizeof out) abort();
    if (tp_ballot_seal(out, &style, &secret, key, 1, 1, previous, choices, random_bytes, scratch))
        abort();
    free(scratch);
}

static void run_signers(void) {
    uint8_t proof[64], secret_key[32];
    const tp_registration r = {.unit = 1};
    tp_entry e = {.type = TP_ENTRY_ACT, .u.act = {.act = TP_ACT_CLOSE}};
    tp_endorsement by;
    tp_credential_prove(proof, &secret, key, fingerprint, random_bytes);
    tp_scalar_encode(secret_key, &secret);
    if (tp_registration_sign(&by, &r, fingerprint, 1, secret_key, random_bytes)) abort();
    if (tp_entry_sign(&e, fingerprint, 1, secret_key, random_bytes)) abort();
}

static void run_letter(void) {
    uint8_t code[TP_LETTER_CODE] = {1, 2, 3}, again[TP_LETTER_CODE], secret_key[32], letter[32],
            signature[64];
    char text[TP_CODE_TEXT];
    VALGRIND_MAKE_MEM_UNDEFINED(code, sizeof code);
    code[TP_LETTER_CODE - 1] &= 0xf0; /* 100 bits */
    tp_code_write(text, code, TP_LETTER_SYMBOLS);
    if (tp_code_read(again, TP_LETTER_SYMBOLS, text, 25)) abort();
    if (tp_letter_key(secret_key, letter, fingerprint, again)) abort();
    if (tp_letter_sign(signature, fingerprint, key, secret_key, random_bytes)) abort();
}

static int leak(const char *how) {
    static const int table[2] = {4, 5};
    if (!strcmp(how, "index")) return ((const volatile int *)table)[choices[1]];
    volatile int seen = 4;
    if (choices[1]) seen++;
    return seen;
}

int main(int argc, char **argv) {
    choices[1] = choices[N] = 1;
    memset(random_bytes, 9, sizeof random_bytes);
    VALGRIND_MAKE_MEM_UNDEFINED(choices, sizeof choices);
    VALGRIND_MAKE_MEM_UNDEFINED(random_bytes, sizeof random_bytes);
    if (argc > 1) return leak(argv[1]) == 0;
    run_code();
    run_ballot();
    run_signers();
    run_letter();
    return 0;
}
