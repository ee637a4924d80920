/* Makes the vectors of keys, liveness, batches and the roll from fixed seeds. */
#include "tests/election/vectors.h"

#include "core/base/mem.h"
#include "core/proof/schnorr.h"
#include "election/ceremony_state.h"
#include "election/code.h"
#include "election/desk.h"
#include "election/electorate.h"
#include "election/evidence.h"
#include "election/roll_tree.h"
#include "tests/election/fixture.h"

static void set_hex(json_t *o, const char *key, const void *bytes, size_t len) {
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = bytes;
    char *text = malloc(2 * len + 1);
    assert_non_null(text);
    for (size_t i = 0; i < len; i++)
        text[2 * i] = digits[p[i] >> 4], text[2 * i + 1] = digits[p[i] & 15];
    text[2 * len] = 0;
    json_object_set_new(o, key, json_string(text));
    free(text);
}

static void set_int(json_t *o, const char *key, uint64_t v) {
    json_object_set_new(o, key, json_integer((json_int_t)v));
}

/* ---- keys, L-14, L-18 ---- */

static json_t *seed_vector(uint64_t random) {
    json_t *o = json_object();
    uint8_t seed[32];
    tp_trustee_keys t;
    tp_registrar_keys r;
    test_random_bytes(&random, seed, 32);
    tp_trustee_derive(&t, seed);
    tp_registrar_derive(&r, seed);
    set_hex(o, "seed", seed, 32);
    set_hex(o, "identity_secret", t.identity_secret, 32);
    set_hex(o, "identity_key", t.identity_key, 32);
    set_hex(o, "box_secret", t.box_secret, 32), set_hex(o, "box_key", t.box_key, 32);
    set_hex(o, "document_secret", r.open_secret, 32), set_hex(o, "document_key", r.open_key, 32);
    return o;
}

static json_t *lock_vector(uint64_t random) {
    static const char phrase[] = "correct horse battery staple";
    json_t *o = json_object();
    uint8_t seed[32], salt[TP_LOCK_SALT], box[TP_LOCK_BOX];
    uint64_t *memory = malloc(TP_LOCK_BLOCKS * (size_t)1024);
    assert_non_null(memory);
    test_random_bytes(&random, seed, 32), test_random_bytes(&random, salt, sizeof salt);
    tp_seed_lock(box, seed, phrase, sizeof phrase - 1, salt, memory);
    json_object_set_new(o, "passphrase", json_string(phrase));
    set_hex(o, "seed", seed, 32), set_hex(o, "salt", salt, sizeof salt);
    set_hex(o, "box", box, sizeof box);
    free(memory);
    return o;
}

json_t *vectors_keys(void) {
    json_t *all = json_object(), *seeds = json_array(), *digest = json_object();
    uint64_t random = 31;
    uint8_t in[3][32], out[32];
    json_array_append_new(seeds, seed_vector(11));
    json_array_append_new(seeds, seed_vector(12));
    json_object_set_new(all, "seeds", seeds);
    test_random_bytes(&random, in, sizeof in);
    tp_key_digest(out, in[0], in[1], in[2]);
    set_hex(digest, "fingerprint", in[0], 32), set_hex(digest, "y_hash", in[1], 32);
    set_hex(digest, "v_hash", in[2], 32), set_hex(digest, "key_digest", out, 32);
    json_object_set_new(all, "digest", digest);
    json_object_set_new(all, "locked", lock_vector(21));
    return all;
}

/* ---- liveness: X-17 ---- */

static json_t *liveness_vector(const tp_ceremony *c, const tp_entry *e, size_t contest) {
    json_t *o = json_object();
    uint8_t message[TP_LIVENESS_MESSAGE], weights[8][32], key[32];
    tp_scalar powers[8];
    tp_point sum, term;
    size_t p = tp_sum_points(&c->m->contests[contest].shape);
    const tp_point *v = c->keys.v_points[contest] + (e->signer - 1u) * p;
    assert_true(p && p <= 8);
    tp_liveness_message(message, c, e, contest);
    tp_liveness_weights(powers, message, p);
    tp_point_identity(&sum);
    for (size_t k = 0; k < p; k++) {
        tp_points_mul(&term, &powers[k], &v[k], 1);
        tp_point_add(&sum, &sum, &term);
    }
    tp_points_encode((uint8_t(*)[32])key, &sum, 1);
    tp_scalars_encode(weights, powers, p);
    set_hex(o, "fingerprint", c->m->fingerprint, 32);
    set_hex(o, "key_digest", c->keys.digest, 32);
    set_int(o, "contest", contest), set_int(o, "trustee", e->signer);
    set_int(o, "time", e->u.liveness.time), set_int(o, "board_size", e->u.liveness.board_size);
    set_hex(o, "board_root", e->u.liveness.board_root, 32);
    set_hex(o, "message", message, sizeof message);
    set_hex(o, "delta", weights[0], 32);
    set_hex(o, "v", c->keys.v[contest] + (e->signer - 1u) * p, 32 * p);
    set_hex(o, "public_key", key, 32);
    set_hex(o, "proof", e->u.liveness.proof + 64 * contest, 64);
    return o;
}

json_t *vectors_liveness(void) {
    static fixture f;
    json_t *all = json_array();
    tp_entry e;
    fixture_init(&f, NULL);
    fixture_ceremony(&f);
    for (size_t i = 0; i < f.count && json_array_size(all) < 4; i++) {
        if (f.entries[i].bytes[0] != TP_ENTRY_LIVENESS) continue;
        assert_int_equal(tp_entry_read(&e, f.entries[i].bytes, f.entries[i].len, NULL), TP_OK);
        for (size_t c = 0; c < f.manifest.contest_count; c++)
            json_array_append_new(all, liveness_vector(f.board.ceremony, &e, c));
    }
    fixture_free(&f);
    return all;
}

/* ---- weights of a batch: B-31, B-32 ---- */

enum { SIGNATURES = 6, MESSAGE = 9 };

static json_t *signed_message(uint64_t random, tp_batch *b) {
    json_t *o = json_object();
    tp_secret_key sk;
    uint8_t seed[64], nonce[32], pk[32], sig[64], message[MESSAGE];
    test_random_bytes(&random, seed, 64), test_random_bytes(&random, nonce, 32);
    test_random_bytes(&random, message, MESSAGE);
    assert_int_equal(tp_keypair(&sk, pk, seed), TP_OK);
    tp_sign(sig, &sk, pk, "test", message, MESSAGE, nonce);
    tp_batch_begin(b);
    tp_schnorr_batch_var(b, TP_SIGNATURE, sig, NULL, pk, NULL, "test", message, MESSAGE);
    set_hex(o, "message", message, MESSAGE), set_hex(o, "public_key", pk, 32);
    set_hex(o, "signature", sig, 64);
    return o;
}

json_t *vectors_batch(void) {
    json_t *o = json_object(), *items = json_array(), *weights = json_array();
    tp_batch_limits need = {0}, max = {0};
    tp_batch b;
    tp_schnorr_need(&need);
    need.items = 1;
    tp_batch_limits_add(&max, &need, SIGNATURES);
    void *arena = aligned_alloc(64, (tp_batch_arena(&max) + 63) / 64 * 64);
    assert_non_null(arena);
    tp_batch_init(&b, &max, arena);
    for (uint64_t i = 0; i < SIGNATURES; i++)
        json_array_append_new(items, signed_message(50 + i, &b));
    assert_int_equal(tp_batch_verify_var(&b), TP_OK);
    for (size_t i = 0; i < SIGNATURES; i++) {
        uint8_t w[1][32];
        json_t *one = json_object();
        tp_scalars_encode(w, &b.weight[i], 1);
        set_hex(one, "weight", w, 16);
        json_array_append(weights, json_object_get(one, "weight"));
        json_decref(one);
    }
    json_object_set_new(o, "use", json_string("test"));
    json_object_set_new(o, "signatures", items);
    json_object_set_new(o, "weights", weights);
    free(arena);
    return o;
}

/* ---- the roll: J-20..J-22 ---- */

static json_t *roll_row(const tp_roll_leaf_row *row, const uint8_t secret[static 32],
                        const uint8_t fingerprint[static 32], tp_hash *leaf) {
    json_t *o = json_object();
    uint8_t salt[32];
    tp_roll_salt(salt, secret, fingerprint, row->number);
    tp_roll_leaf(leaf->b, salt, row);
    json_object_set_new(o, "number", json_string(row->number));
    json_object_set_new(o, "name", json_string(row->name));
    json_object_set_new(o, "birth_date", json_string(row->birth_date));
    set_int(o, "unit", row->unit), set_int(o, "channel", row->channel);
    json_object_set_new(o, "disabled", json_boolean(row->disabled));
    set_hex(o, "salt", salt, 32), set_hex(o, "leaf", leaf->b, 32);
    return o;
}

/* What the leaf is the hash of. */
static void set_row_bytes(json_t *o, const tp_roll_leaf_row *row, const tp_hash *leaf) {
    uint8_t bytes[256], *salt = test_json_hex(o, "salt", NULL);
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    tp_hash hash;
    tp_write_bytes(&w, salt, 32);
    tp_write_vector(&w, 31, row->number, strlen(row->number));
    tp_write_vector(&w, 127, row->name, strlen(row->name));
    tp_write_vector(&w, 10, row->birth_date, strlen(row->birth_date));
    tp_write_u16(&w, row->unit), tp_write_u8(&w, row->channel), tp_write_u8(&w, row->disabled);
    tp_tree_leaf(&hash, bytes, w.len);
    assert_memory_equal(hash.b, leaf->b, 32);
    set_hex(o, "bytes", bytes, w.len);
    free(salt);
}

/* As the server gets them with the changes that officers signed. spec: J-23 */
static json_t *new_rows(void) {
    static const tp_roll_new_row rows[] = {{.number = "PH-0004",
                                            .name = "Ana Cruz",
                                            .birth_date = "1985-02-03",
                                            .contact = "ana@example.org",
                                            .unit = 1,
                                            .channel = 1},
                                           {.number = "PH-0002"}};
    json_t *list = json_array();
    for (size_t i = 0; i < 2; i++) {
        json_t *o = json_object();
        const tp_roll_new_row *r = &rows[i];
        uint8_t bytes[512];
        tp_writer w = tp_writer_of(bytes, sizeof bytes);
        tp_roll_new_row_write(&w, r);
        json_object_set_new(o, "number", json_string(r->number));
        json_object_set_new(o, "name", json_string(r->name));
        json_object_set_new(o, "birth_date", json_string(r->birth_date));
        json_object_set_new(o, "contact", json_string(r->contact));
        json_object_set_new(o, "contact2", json_string(r->contact2));
        json_object_set_new(o, "disabled", json_string(r->disabled));
        set_int(o, "unit", r->unit), set_int(o, "channel", r->channel);
        set_hex(o, "bytes", bytes, w.len);
        json_array_append_new(list, o);
    }
    return list;
}

static int by_bytes(const void *a, const void *b) {
    return memcmp(a, b, 32);
}

json_t *vectors_roll(void) {
    static const tp_roll_leaf_row rows[] = {
        {.number = "PH-0001", .name = "Maria Peña", .birth_date = "1990-12-31", .channel = 1},
        {.number = "PH-0002",
         .name = "José Rizal Jr.",
         .birth_date = "1961-06-19",
         .unit = 2,
         .channel = 3},
        {.number = "X", .name = "O", .birth_date = "2009-02-28", .channel = 2, .disabled = true}};
    enum { ROWS = sizeof rows / sizeof rows[0] };
    json_t *o = json_object(), *list = json_array();
    uint64_t random = 71;
    uint8_t secret[32], fingerprint[32];
    tp_hash leaf[ROWS], root;
    tp_frontier tree;
    test_random_bytes(&random, secret, 32), test_random_bytes(&random, fingerprint, 32);
    for (size_t i = 0; i < ROWS; i++) {
        json_array_append_new(list, roll_row(&rows[i], secret, fingerprint, &leaf[i]));
        set_row_bytes(json_array_get(list, i), &rows[i], &leaf[i]);
    }
    tp_frontier_init(&tree);
    qsort(leaf, ROWS, sizeof leaf[0], by_bytes);
    for (size_t i = 0; i < ROWS; i++)
        assert_int_equal(tp_frontier_append(&tree, &leaf[i]), TP_OK);
    tp_frontier_root(&tree, &root);
    set_hex(o, "secret", secret, 32), set_hex(o, "fingerprint", fingerprint, 32);
    json_object_set_new(o, "rows", list);
    set_hex(o, "root", root.b, 32);
    json_object_set_new(o, "new_rows", new_rows());
    return o;
}

/* ---- evidence: L-19..L-21 ---- */

static json_t *letter_vector(uint64_t random) {
    json_t *o = json_object();
    uint8_t fingerprint[32], credential[32], fresh[32], code[TP_LETTER_CODE], secret[32], key[32],
        signature[64];
    char text[TP_CODE_TEXT];
    test_random_bytes(&random, fingerprint, 32), test_random_bytes(&random, credential, 32);
    test_random_bytes(&random, fresh, 32), test_random_bytes(&random, code, sizeof code);
    tp_code_write(text, code, TP_LETTER_SYMBOLS);
    assert_int_equal(tp_code_read(code, TP_LETTER_SYMBOLS, text, strlen(text)), TP_OK);
    assert_int_equal(tp_letter_key(secret, key, fingerprint, code), TP_OK);
    assert_int_equal(tp_letter_sign(signature, fingerprint, credential, secret, fresh), TP_OK);
    set_hex(o, "fingerprint", fingerprint, 32);
    json_object_set_new(o, "code", json_string(text));
    set_hex(o, "octets", code, sizeof code);
    set_hex(o, "l", secret, 32), set_hex(o, "key", key, 32);
    set_hex(o, "credential", credential, 32), set_hex(o, "signature", signature, 64);
    return o;
}

static json_t *login_vector(uint64_t random) {
    json_t *o = json_object();
    uint8_t fingerprint[32], credential[32], blind[TP_LOGIN_BLIND], nonce[TP_LOGIN_NONCE];
    test_random_bytes(&random, fingerprint, 32), test_random_bytes(&random, credential, 32);
    test_random_bytes(&random, blind, sizeof blind);
    tp_login_nonce(nonce, fingerprint, credential, blind);
    set_hex(o, "fingerprint", fingerprint, 32), set_hex(o, "credential", credential, 32);
    set_hex(o, "blind", blind, sizeof blind), set_hex(o, "nonce", nonce, sizeof nonce);
    return o;
}

json_t *vectors_evidence(void) {
    return json_pack("{s:[o, o], s:[o, o]}", "letters", letter_vector(81), letter_vector(82),
                     "logins", login_vector(83), login_vector(84));
}
