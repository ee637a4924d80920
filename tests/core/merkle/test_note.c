/* Notes, keys, checkpoints and cosignatures, signed with libsodium. spec: T-10..T-15 */
#include <sodium.h>

#include "core/merkle/note.h"
#include "core/merkle/tiles.h"
#include "tests/support/support.h"

static uint8_t secret[64];
static tp_vkey log_key, witness_key;

static int setup(void **state) {
    (void)state;
    uint8_t key[32];
    static const uint8_t seed[32] = {1, 2, 3};
    crypto_sign_seed_keypair(key, secret, seed);
    if (tp_vkey_init(&log_key, "example.com/log", 15, TP_KEY_ED25519, key)) return -1;
    return tp_vkey_init(&witness_key, "witness.example/w", 17, TP_KEY_COSIGNATURE, key) ? -1 : 0;
}

static size_t checkpoint_text(char *out, size_t cap, uint64_t size) {
    tp_checkpoint c = {.origin = "example.com/log", .origin_len = 15, .size = size};
    memset(c.root.b, 0xab, 32);
    tp_writer w = tp_writer_of(out, cap);
    tp_checkpoint_format(&w, &c);
    assert_int_equal(tp_write_end(&w), TP_OK);
    return w.len;
}

static void add_log_signature(tp_writer *w, const char *text, size_t len) {
    uint8_t signature[64];
    crypto_sign_detached(signature, NULL, (const uint8_t *)text, len, secret);
    tp_note_write_signature(w, &log_key, signature, 64);
}

static void add_cosignature(tp_writer *w, const char *text, size_t len, uint64_t time) {
    uint8_t message[TP_COSIGNED_MAX], signature[64], joined[TP_COSIGNATURE_LEN];
    tp_writer m = tp_writer_of(message, sizeof message);
    tp_cosignature_message(&m, time, text, len);
    assert_int_equal(tp_write_end(&m), TP_OK);
    crypto_sign_detached(signature, NULL, message, m.len, secret);
    tp_cosignature_join(joined, time, signature);
    tp_note_write_signature(w, &witness_key, joined, sizeof joined);
}

static tp_err verify(const void *bytes, size_t len, const tp_vkey *k, uint64_t *time) {
    tp_note n;
    tp_err err = tp_note_parse(&n, bytes, len);
    return err ? err : tp_note_verify(&n, k, crypto_sign_verify_detached, time);
}

static size_t signed_note(char *out, size_t cap, bool log, bool witness, uint64_t time) {
    char text[TP_CHECKPOINT_MAX];
    size_t len = checkpoint_text(text, sizeof text, 1234);
    tp_writer w = tp_writer_of(out, cap);
    tp_note_write_text(&w, text, len);
    if (log) add_log_signature(&w, text, len);
    if (witness) add_cosignature(&w, text, len, time);
    assert_int_equal(tp_write_end(&w), TP_OK);
    return w.len;
}

static void test_signed_and_cosigned(void **state) {
    (void)state;
    char note[1000];
    uint64_t time = 1;
    size_t len = signed_note(note, sizeof note, true, true, 1679315147);
    assert_int_equal(verify(note, len, &log_key, &time), TP_OK);
    assert_true(time == 0);
    assert_int_equal(verify(note, len, &witness_key, &time), TP_OK);
    assert_true(time == 1679315147);
    tp_vkey other = log_key;
    other.id[0] ^= 1;
    assert_int_equal(verify(note, len, &other, NULL), TP_REFUSED);
    other = log_key;
    other.name = "example.com/lof";
    assert_int_equal(verify(note, len, &other, NULL), TP_REFUSED);
    other = log_key;
    other.key[0] ^= 1;
    assert_int_equal(verify(note, len, &other, NULL), TP_INVALID);
}

/* No change of one byte leaves a note that verifies. */
static void test_any_changed_byte_is_refused(void **state) {
    (void)state;
    char note[1000];
    for (int witness = 0; witness < 2; witness++) {
        const tp_vkey *k = witness ? &witness_key : &log_key;
        size_t len = signed_note(note, sizeof note, !witness, witness, 1679315147);
        assert_int_equal(verify(note, len, k, NULL), TP_OK);
        for (size_t i = 0; i < len; i++)
            for (unsigned x = 1; x < 256; x += x < 8 ? 1 : 13) {
                note[i] = (char)(note[i] ^ (char)x);
                assert_int_not_equal(verify(note, len, k, NULL), TP_OK);
                note[i] = (char)(note[i] ^ (char)x);
            }
        for (size_t cut = 0; cut < len; cut++)
            assert_int_not_equal(verify(note, cut, k, NULL), TP_OK);
        note[len] = '\n';
        assert_int_not_equal(verify(note, len + 1, k, NULL), TP_OK);
        note[len] = 'x';
        assert_int_not_equal(verify(note, len + 1, k, NULL), TP_OK);
    }
}

/* A log's signature is no cosignature, a cosignature of another time is another message. */
static void test_signature_types_are_apart(void **state) {
    (void)state;
    char text[TP_CHECKPOINT_MAX], note[1000];
    uint8_t signature[72] = {0};
    size_t len = checkpoint_text(text, sizeof text, 7);
    crypto_sign_detached(signature + 8, NULL, (const uint8_t *)text, len, secret);
    tp_writer w = tp_writer_of(note, sizeof note);
    tp_note_write_text(&w, text, len);
    tp_note_write_signature(&w, &witness_key, signature, 72);
    assert_int_equal(verify(note, w.len, &witness_key, NULL), TP_INVALID);
    w = tp_writer_of(note, sizeof note);
    tp_note_write_text(&w, text, len);
    tp_note_write_signature(&w, &witness_key, signature + 8, 64);
    assert_int_equal(verify(note, w.len, &witness_key, NULL), TP_MALFORMED);
    w = tp_writer_of(note, sizeof note);
    tp_note_write_text(&w, text, len);
    tp_note_write_signature(&w, &log_key, signature, 72);
    assert_int_equal(verify(note, w.len, &log_key, NULL), TP_MALFORMED);
    signature[0] = 0x80; /* a time of 2^63 */
    w = tp_writer_of(note, sizeof note);
    tp_note_write_text(&w, text, len);
    tp_note_write_signature(&w, &witness_key, signature, 72);
    assert_int_equal(verify(note, w.len, &witness_key, NULL), TP_MALFORMED);
}

static void test_cosignature_needs_a_checkpoint(void **state) {
    (void)state;
    char note[1000];
    tp_writer w = tp_writer_of(note, sizeof note);
    tp_note_write_text(&w, "hello\n", 6);
    add_cosignature(&w, "hello\n", 6, 5);
    assert_int_equal(verify(note, w.len, &witness_key, NULL), TP_MALFORMED);
}

static void test_text_with_empty_lines(void **state) {
    (void)state;
    char note[1000];
    static const char text[] = "one\n\ntwo\n\n";
    tp_note n;
    tp_writer w = tp_writer_of(note, sizeof note);
    tp_note_write_text(&w, text, sizeof text - 1);
    add_log_signature(&w, text, sizeof text - 1);
    assert_int_equal(tp_note_parse(&n, note, w.len), TP_OK);
    assert_int_equal(n.text_len, sizeof text - 1);
    assert_int_equal(verify(note, w.len, &log_key, NULL), TP_OK);
}

#define LINE "\xe2\x80\x94 a AAAAAAA=\n" /* an ID and one byte */

static void test_note_forms(void **state) {
    (void)state;
    static const struct {
        const char *text;
        tp_err want;
    } cases[] = {
        {"t\n\n" LINE, TP_OK},
        {"\xc3\xa9\n\n" LINE, TP_OK},
        {"t\n\n" LINE "\xe2\x80\x94 b AAAAAAA=\n", TP_OK},
        {"t\n\n\xe2\x80\x94 \xc3\xa9 AAAAAAA=\n", TP_OK},
        {"t\n\n" LINE LINE, TP_MALFORMED},                 /* one name and ID twice */
        {"t\n\n", TP_MALFORMED},                           /* no signature */
        {"t\n" LINE, TP_MALFORMED},                        /* no empty line */
        {"\xe2\x80\x94 a AAAAAAA=\n", TP_MALFORMED},       /* no text */
        {"t\n\n\xe2\x80\x94 a AAAAAAA=", TP_MALFORMED},    /* no last newline */
        {"t\n\n\xe2\x80\x94  a AAAAAAA=\n", TP_MALFORMED}, /* two spaces */
        {"t\n\n\xe2\x80\x94 a  AAAAAAA=\n", TP_MALFORMED},
        {"t\n\n\xe2\x80\x94 a AAAAAAA= \n", TP_MALFORMED},
        {"t\n\n\xe2\x80\x94 AAAAAAA=\n", TP_MALFORMED},              /* no name */
        {"t\n\n- a AAAAAAA=\n", TP_MALFORMED},                       /* not an em dash */
        {"t\n\n\xe2\x80\x94 a+b AAAAAAA=\n", TP_MALFORMED},          /* plus sign */
        {"t\n\n\xe2\x80\x94 a\xc2\xa0 AAAAAAA=\n", TP_MALFORMED},    /* no-break space */
        {"t\n\n\xe2\x80\x94 \xe3\x80\x80 AAAAAAA=\n", TP_MALFORMED}, /* ideographic space */
        {"t\n\n\xe2\x80\x94 a AAAAAA==\n", TP_MALFORMED},            /* nothing after the ID */
        {"t\n\n\xe2\x80\x94 a AAAAAAA\n", TP_MALFORMED},             /* no padding */
        {"t\n\n\xe2\x80\x94 a AAAAAAB=\n", TP_MALFORMED},            /* bits that no byte has */
        {"t\n\n\xe2\x80\x94 a AAA=AAAAAAA=\n", TP_MALFORMED},        /* padding inside */
        {"t\r\n\n" LINE, TP_MALFORMED},                              /* control characters */
        {"t\t\n\n" LINE, TP_MALFORMED},
        {"t\x7f\n\n" LINE, TP_MALFORMED},    /* narrower than C2SP: T-10 */
        {"t\xc2\x80\n\n" LINE, TP_OK},       /* in a text, but in no name */
        {"\xc0\xaf\n\n" LINE, TP_MALFORMED}, /* not UTF-8: overlong */
        {"\xe0\x80\xaf\n\n" LINE, TP_MALFORMED},
        {"\xed\xa0\x80\n\n" LINE, TP_MALFORMED},     /* surrogate */
        {"\xf4\x90\x80\x80\n\n" LINE, TP_MALFORMED}, /* over U+10FFFF */
        {"\xf5\x80\x80\x80\n\n" LINE, TP_MALFORMED},
        {"\x80\n\n" LINE, TP_MALFORMED},
        {"\xe2\x80\n\n" LINE, TP_MALFORMED}, /* cut */
    };
    tp_note n;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (tp_note_parse(&n, cases[i].text, strlen(cases[i].text)) != cases[i].want)
            fail_msg("case %zu", i);
    assert_int_equal(tp_note_parse(&n, "t\0\n\n" LINE, 17), TP_MALFORMED);
}

/* Lines of other keys, longer than any that is kept, do not matter. */
static void test_unknown_signatures_are_passed_over(void **state) {
    (void)state;
    static char note[20000];
    static uint8_t big[4000] = {9};
    char text[TP_CHECKPOINT_MAX];
    size_t len = checkpoint_text(text, sizeof text, 3);
    tp_writer w = tp_writer_of(note, sizeof note);
    tp_note_write_text(&w, text, len);
    tp_write_bytes(&w, "\xe2\x80\x94 big ", 8);
    tp_write_base64(&w, big, sizeof big);
    tp_write_bytes(&w, "\n", 1);
    add_log_signature(&w, text, len);
    tp_note n;
    tp_note_signature s;
    assert_int_equal(tp_note_parse(&n, note, w.len), TP_OK);
    assert_int_equal(n.count, 2);
    tp_note_signature_at(&n, 0, &s);
    assert_true(s.len == 3996 && s.name_len == 3 && s.id[0] == 9);
    assert_int_equal(verify(note, w.len, &log_key, NULL), TP_OK);
}

static size_t many_lines(char *out, size_t cap, unsigned count) {
    tp_writer w = tp_writer_of(out, cap);
    tp_note_write_text(&w, "t\n", 2);
    for (unsigned i = 0; i < count; i++) {
        char line[40];
        int len = snprintf(line, sizeof line, "\xe2\x80\x94 k%u AAAAAAA=\n", i);
        tp_write_bytes(&w, line, (size_t)len);
    }
    return w.len;
}

static void test_limits(void **state) {
    (void)state;
    static char note[TP_NOTE_MAX + 1];
    tp_note n;
    assert_int_equal(tp_note_parse(&n, note, many_lines(note, sizeof note, 64)), TP_OK);
    assert_int_equal(n.count, 64);
    assert_int_equal(tp_note_parse(&n, note, many_lines(note, sizeof note, 65)), TP_TOO_BIG);
    memset(note, 'a', sizeof note);
    assert_int_equal(tp_note_parse(&n, note, sizeof note), TP_TOO_BIG);
    assert_int_equal(tp_note_parse(&n, note, 0), TP_MALFORMED);
}

/* ---- keys ---- */

static void test_vkeys(void **state) {
    (void)state;
    char text[TP_VKEY_MAX];
    const tp_vkey *keys[] = {&log_key, &witness_key};
    for (int i = 0; i < 2; i++) {
        tp_vkey back;
        tp_writer w = tp_writer_of(text, sizeof text);
        tp_vkey_write(&w, keys[i]);
        assert_int_equal(tp_vkey_parse(&back, text, w.len), TP_OK);
        assert_int_equal(back.type, keys[i]->type);
        assert_memory_equal(back.key, keys[i]->key, 32);
        assert_memory_equal(back.id, keys[i]->id, 4);
        for (size_t at = 0; at < w.len; at++)
            for (unsigned bit = 0; bit < 8; bit++) {
                text[at] = (char)(text[at] ^ (char)(1 << bit));
                assert_int_equal(tp_vkey_parse(&back, text, w.len), TP_MALFORMED);
                text[at] = (char)(text[at] ^ (char)(1 << bit));
            }
        for (size_t cut = 0; cut < w.len; cut++)
            assert_int_equal(tp_vkey_parse(&back, text, cut), TP_MALFORMED);
    }
    assert_memory_not_equal(log_key.id, witness_key.id, 4);
}

static void test_key_names(void **state) {
    (void)state;
    char longest[TP_NAME_MAX + 2];
    memset(longest, 'n', sizeof longest);
    tp_vkey k;
    assert_int_equal(tp_vkey_init(&k, longest, TP_NAME_MAX, 1, log_key.key), TP_OK);
    assert_int_equal(tp_vkey_init(&k, longest, TP_NAME_MAX + 1, 1, log_key.key), TP_MALFORMED);
    assert_int_equal(tp_vkey_init(&k, "", 0, 1, log_key.key), TP_MALFORMED);
    assert_int_equal(tp_vkey_init(&k, "a b", 3, 1, log_key.key), TP_MALFORMED);
    assert_int_equal(tp_vkey_init(&k, "a+b", 3, 1, log_key.key), TP_MALFORMED);
    assert_int_equal(tp_vkey_init(&k, "a\nb", 3, 1, log_key.key), TP_MALFORMED);
    assert_int_equal(tp_vkey_init(&k, "ab", 2, 2, log_key.key), TP_MALFORMED);
}

/* ---- base64 ---- */

static void test_base64_inverse(void **state) {
    (void)state;
    uint64_t rng = 1;
    for (size_t len = 0; len < 80; len++) {
        uint8_t bytes[80], back[80];
        char text[120], want[120];
        size_t n;
        test_random_bytes(&rng, bytes, len);
        tp_writer w = tp_writer_of(text, sizeof text);
        tp_write_base64(&w, bytes, len);
        sodium_bin2base64(want, sizeof want, bytes, len, sodium_base64_VARIANT_ORIGINAL);
        assert_int_equal(w.len, strlen(want));
        assert_memory_equal(text, want, w.len);
        assert_int_equal(tp_base64_decode(back, sizeof back, &n, text, w.len), TP_OK);
        assert_true(n == len);
        assert_memory_equal(back, bytes, len);
        if (len) assert_int_equal(tp_base64_decode(back, len - 1, &n, text, w.len), TP_TOO_BIG);
    }
}

/* All last groups of two characters, and of three over a sample: read back, or refused. */
static void test_base64_is_canonical(void **state) {
    (void)state;
    size_t accepted = 0;
    for (unsigned a = 0; a < 256; a++)
        for (unsigned b = 0; b < 256; b++)
            for (int padding = 1; padding <= 2; padding++) {
                char text[4] = {(char)a, (char)b, padding == 2 ? '=' : (char)(a ^ b), '='},
                     again[4];
                uint8_t out[3];
                size_t n;
                if (tp_base64_decode(out, 3, &n, text, 4)) continue;
                tp_writer w = tp_writer_of(again, 4);
                tp_write_base64(&w, out, n);
                assert_int_equal(w.len, 4);
                assert_memory_equal(again, text, 4);
                accepted++;
            }
    assert_true(accepted >= 256);
    uint8_t out[3];
    size_t n;
    assert_int_equal(tp_base64_decode(out, 3, &n, "A===", 4), TP_MALFORMED);
    assert_int_equal(tp_base64_decode(out, 3, &n, "====", 4), TP_MALFORMED);
    assert_int_equal(tp_base64_decode(out, 3, &n, "AA=A", 4), TP_MALFORMED);
    assert_int_equal(tp_base64_decode(out, 3, &n, "AAA", 3), TP_MALFORMED);
}

/* ---- checkpoints ---- */

#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="

static void test_checkpoint_forms(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool ok;
    } cases[] = {
        {"a\n0\n" ROOT "\n", true},
        {"example.com/x\n20852163\n" ROOT "\n", true},
        {"a\n9223372036854775807\n" ROOT "\n", true},
        {"a\n9223372036854775808\n" ROOT "\n", false},
        {"a\n99999999999999999999\n" ROOT "\n", false},
        {"a\n00\n" ROOT "\n", false},
        {"a\n01\n" ROOT "\n", false},
        {"a\n-1\n" ROOT "\n", false},
        {"a\n+1\n" ROOT "\n", false},
        {"a\n 1\n" ROOT "\n", false},
        {"a\n\n" ROOT "\n", false},
        {"\n1\n" ROOT "\n", false},
        {"a b\n1\n" ROOT "\n", false},
        {"a\n1\n" ROOT, false},
        {"a\n1\n" ROOT "\n\n", false},
        {"a\n1\n" ROOT "\nextension\n", false},
        {"a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n", false},
        {"a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n", false},
        {"a\n1\n" ROOT "AAAA\n", false},
        {"a\n1\n\n", false},
        {"", false},
    };
    tp_checkpoint c;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool ok = tp_checkpoint_parse(&c, cases[i].text, strlen(cases[i].text)) == TP_OK;
        if (ok != cases[i].ok) fail_msg("case %zu", i);
    }
}

static void test_longest_cosigned(void **state) {
    (void)state;
    char origin[TP_NAME_MAX], text[TP_CHECKPOINT_MAX];
    uint8_t message[TP_COSIGNED_MAX];
    memset(origin, 'o', sizeof origin);
    tp_checkpoint c = {.origin = origin, .origin_len = sizeof origin, .size = TP_TREE_MAX_SIZE};
    tp_writer w = tp_writer_of(text, sizeof text);
    tp_checkpoint_format(&w, &c);
    assert_int_equal(tp_write_end(&w), TP_OK);
    assert_int_equal(w.len, sizeof text);
    tp_writer m = tp_writer_of(message, sizeof message);
    tp_cosignature_message(&m, INT64_MAX, text, w.len);
    assert_int_equal(tp_write_end(&m), TP_OK);
    assert_int_equal(m.len, sizeof message);
}

/* ---- corpora ---- */

static void test_corpus_note(void **state) {
    (void)state;
    size_t len, key_len;
    char *note = test_data_file("vectors/tlog/c2sp-notes/signed-note-example.txt", &len);
    char *key = test_data_file("vectors/tlog/c2sp-notes/signed-note-example.vkey", &key_len);
    TEST_NEEDS(note && key);
    tp_vkey k;
    assert_int_equal(tp_vkey_parse(&k, key, strcspn(key, "\n")), TP_OK);
    assert_int_equal(verify(note, len, &k, NULL), TP_OK);
    note[0] ^= 1;
    assert_int_equal(verify(note, len, &k, NULL), TP_INVALID);
    free(note), free(key);
}

static void test_corpus_cosigned(void **state) {
    (void)state;
    size_t len;
    char *note = test_data_file("vectors/tlog/c2sp-notes/cosigned-checkpoint-example.txt", &len);
    TEST_NEEDS(note);
    tp_note n;
    tp_checkpoint c;
    tp_note_signature s;
    assert_int_equal(tp_note_parse(&n, note, len), TP_OK);
    assert_int_equal(n.count, 2);
    assert_int_equal(tp_checkpoint_parse(&c, n.text, n.text_len), TP_OK);
    assert_true(c.size == 20852163);
    tp_note_signature_at(&n, 1, &s);
    assert_int_equal(s.len, TP_COSIGNATURE_LEN);
    assert_true(tp_get_u64be(s.signature) == 1679315147);
    free(note);
}

static char *log_file(const char *kind, unsigned size, size_t *len) {
    char name[128];
    snprintf(name, sizeof name, "vectors/tlog/tessera-log/%s%u", kind, size);
    return test_data_file(name, len);
}

/* One size of a log made by another implementation: entries, tile, root and signature. */
static void check_log(const tp_vkey *k, unsigned size) {
    tp_hash leaves[TP_TILE_WIDTH], root;
    tp_checkpoint c;
    tp_note n;
    size_t len;
    char *note = log_file("checkpoint.", size, &len);
    assert_non_null(note);
    assert_int_equal(verify(note, len, k, NULL), TP_OK);
    assert_int_equal(tp_note_parse(&n, note, len), TP_OK);
    assert_int_equal(tp_checkpoint_parse(&c, n.text, n.text_len), TP_OK);
    assert_true(c.size == size);
    if (size) {
        char *bundle = log_file("tile/entries/000.p/", size, &len);
        assert_int_equal(tp_bundle_leaves(leaves, size, bundle, len), TP_OK);
        free(bundle);
        char *tile = log_file("tile/0/000.p/", size, &len);
        assert_int_equal(len, 32 * size);
        assert_memory_equal(tile, leaves, len);
        free(tile);
    }
    tp_tree_root(&root, leaves, size);
    assert_memory_equal(&root, &c.root, 32);
    free(note);
}

static void test_corpus_log(void **state) {
    (void)state;
    char *key = test_data_file("vectors/tlog/tessera-log/verifier-key.txt", NULL);
    TEST_NEEDS(key);
    tp_vkey k;
    assert_int_equal(tp_vkey_parse(&k, key, strcspn(key, "\n")), TP_OK);
    for (unsigned size = 0; size <= 15; size++)
        check_log(&k, size);
    free(key);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signed_and_cosigned),
        cmocka_unit_test(test_any_changed_byte_is_refused),
        cmocka_unit_test(test_signature_types_are_apart),
        cmocka_unit_test(test_cosignature_needs_a_checkpoint),
        cmocka_unit_test(test_text_with_empty_lines),
        cmocka_unit_test(test_note_forms),
        cmocka_unit_test(test_unknown_signatures_are_passed_over),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_vkeys),
        cmocka_unit_test(test_key_names),
        cmocka_unit_test(test_base64_inverse),
        cmocka_unit_test(test_base64_is_canonical),
        cmocka_unit_test(test_checkpoint_forms),
        cmocka_unit_test(test_longest_cosigned),
        cmocka_unit_test(test_corpus_note),
        cmocka_unit_test(test_corpus_cosigned),
        cmocka_unit_test(test_corpus_log),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, setup, NULL);
}
