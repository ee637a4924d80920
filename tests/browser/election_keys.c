/* Keys for the pages' double of a server: trustees whose confirmations hold, over election keys
 * that nobody can open. election_keys trustees N                          N public keys, one hex
 * line each election_keys answer N FINGERPRINT P [bad I]      what GET /api/keys answers, as hex,
 * for P points; trustee I signs another digest
 */
#include "core/proof/schnorr.h"
#include "election/cast.h"
#include "election/ceremony.h"
#include "election/enrol.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_hex(const uint8_t *bytes, size_t len) {
    for (size_t i = 0; i < len; i++)
        printf("%02x", bytes[i]);
}

static void trustee(tp_secret_key *sk, uint8_t pk[static 32], unsigned i) {
    uint8_t seed[64] = "a trustee of the double";
    seed[63] = (uint8_t)i;
    if (tp_keypair(sk, pk, seed) != TP_OK) abort();
}

static void put_confirmation(unsigned i, const uint8_t fingerprint[static 32],
                             const uint8_t digest[static 32]) {
    static const uint8_t random[32] = {7};
    uint8_t pk[32], bytes[128], sig[64];
    tp_secret_key sk;
    tp_entry e = {.type = TP_ENTRY_CONFIRM, .signer = (uint16_t)i};
    memcpy(e.u.confirm.key_digest, digest, 32);
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    tp_entry_signed_bytes(&w, fingerprint, &e);
    trustee(&sk, pk, i);
    tp_sign(sig, &sk, pk, TP_ENTRY_DOMAIN, bytes, w.len, random);
    put_hex(sig, 64);
}

static int answer(unsigned n, const char *fingerprint_hex, size_t points, unsigned bad) {
    uint8_t fingerprint[32], digest[32], y_hash[32], v_hash[32] = {1};
    uint8_t(*y)[32] = calloc(points, 32);
    if (!y || sodium_hex2bin(fingerprint, 32, fingerprint_hex, 64, NULL, NULL, NULL)) return 2;
    for (size_t k = 0; k < points; k++) {
        tp_point p;
        tp_hash_to_group_var(&p, &k, sizeof k, "double", 6);
        tp_points_encode(&y[k], &p, 1);
    }
    tp_sha256(y_hash, y, 32 * points);
    tp_key_digest(digest, fingerprint, y_hash, v_hash);
    put_hex(y[0], 32 * points);
    put_hex(v_hash, 32);
    printf("%04x", n);
    for (unsigned i = 1; i <= n; i++) {
        digest[0] ^= i == bad;
        put_confirmation(i, fingerprint, digest);
        digest[0] ^= i == bad;
    }
    free(y);
    return 0;
}

/* ---- vectors ---- */

static void member(const char *name, const uint8_t *bytes, size_t len) {
    printf("  \"%s\": \"", name);
    put_hex(bytes, len);
    printf("\",\n");
}

enum { OPTIONS_A = 5, OPTIONS_B = 4, POINTS_A = 3, POINTS_B = 2, POINTS = POINTS_A + POINTS_B };

typedef struct {
    uint8_t fingerprint[32], digest[32], v_hash[32], code[16], random[32], previous[32];
    uint8_t y[POINTS][32];
    tp_point y_points[POINTS];
    tp_point generators[16];
    tp_ballot_style style;
} scene;

static void make_scene(scene *s) {
    uint8_t y_hash[32];
    memset(s, 0, sizeof *s);
    tp_sha256(s->fingerprint, "fingerprint", 11);
    tp_sha256(s->v_hash, "v", 1);
    tp_sha256(s->random, "random", 6);
    tp_sha256(s->previous, "previous", 8);
    memcpy(s->code, s->random + 8, 16);
    s->code[15] &= 0xf8; /* 125 bits */
    for (size_t k = 0; k < POINTS; k++) {
        uint8_t label = (uint8_t)k;
        tp_hash_to_group_var(&s->y_points[k], &label, 1, "vectors", 7);
    }
    tp_points_encode(s->y, s->y_points, POINTS);
    tp_sha256(y_hash, s->y, sizeof s->y);
    tp_key_digest(s->digest, s->fingerprint, y_hash, s->v_hash);
    tp_sum_generators_var(s->generators, 15, s->fingerprint);
    s->style = (tp_ballot_style){.style = 3, .contest_count = 2, .generators = s->generators};
    memcpy(s->style.fingerprint, s->fingerprint, 32);
    memcpy(s->style.key_digest, s->digest, 32);
    s->style.contests[0] =
        (tp_ballot_contest){0, {OPTIONS_A, 0, 2}, (const uint8_t(*)[32])s->y, s->y_points};
    s->style.contests[1] = (tp_ballot_contest){
        4, {OPTIONS_B, 1, 1}, (const uint8_t(*)[32])s->y + POINTS_A, s->y_points + POINTS_A};
}

static void put_codes(const scene *s, const uint8_t key[static 32], const uint8_t *ballot,
                      size_t len) {
    char text[TP_CODE_TEXT];
    tp_code_write(text, s->code, TP_CODE_SYMBOLS);
    printf("  \"recovery_code\": \"%s\",\n", text);
    tp_credential_fingerprint(text, key, s->fingerprint);
    printf("  \"credential_fingerprint\": \"%s\",\n", text);
    tp_ballot_tracker(text, ballot, len);
    printf("  \"tracker\": \"%s\"\n}\n", text);
}

enum { ASK_TIME = 1735689600 };

static int vectors(void) {
    static scene s;
    static uint8_t ballot[8192], scratch[1 << 18] __attribute__((aligned(64)));
    static const uint8_t choices[OPTIONS_A + OPTIONS_B] = {0, 1, 0, 0, 1, 0, 0, 1, 0};
    uint8_t key[32], possession[64], ask[64], hash[32];
    tp_scalar secret;
    make_scene(&s);
    uint64_t *memory = malloc((size_t)TP_ARGON2_BLOCKS * 1024);
    if (!memory) return 2;
    tp_credential_derive(&secret, key, s.code, s.fingerprint, memory);
    free(memory);
    tp_credential_prove(possession, &secret, key, s.fingerprint, s.random);
    tp_credential_ask(ask, &secret, key, s.fingerprint, ASK_TIME, s.random);
    size_t len = tp_ballot_size(&s.style);
    if (len > sizeof ballot || tp_ballot_seal_scratch(&s.style) > sizeof scratch) return 2;
    if (tp_ballot_seal(ballot, &s.style, &secret, key, 7, 2, s.previous, choices, s.random,
                       scratch) != TP_OK)
        return 2;
    tp_ballot_hash(hash, ballot, len);
    printf("{\n");
    member("fingerprint", s.fingerprint, 32);
    member("v_hash", s.v_hash, 32);
    member("y", s.y[0], sizeof s.y);
    member("key_digest", s.digest, 32);
    member("code", s.code, 16);
    member("random", s.random, 32);
    member("previous", s.previous, 32);
    member("choices", choices, sizeof choices);
    member("credential", key, 32);
    member("possession", possession, 64);
    member("ask", ask, 64);
    member("ballot", ballot, len);
    member("ballot_hash", hash, 32);
    put_codes(&s, key, ballot, len);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 2 && !strcmp(argv[1], "vectors")) return vectors();
    if (argc < 3) return 2;
    unsigned n = (unsigned)atoi(argv[2]);
    if (!strcmp(argv[1], "trustees")) {
        for (unsigned i = 1; i <= n; i++) {
            tp_secret_key sk;
            uint8_t pk[32];
            trustee(&sk, pk, i);
            put_hex(pk, 32);
            putchar('\n');
        }
        return 0;
    }
    if (argc < 5) return 2;
    return answer(n, argv[3], (size_t)atoi(argv[4]), argc > 6 ? (unsigned)atoi(argv[6]) : 0);
}
