/* The transcript and nonces against worked vectors made by a second program. spec: P-4..P-8 */
#include <sodium.h>

#include "core/hash/hash.h"
#include "tests/support/support.h"

static const char *text(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

/* Runs the steps of a vector and checks every challenge in it. */
static void run_steps(tp_transcript *t, const json_t *vector) {
    const json_t *s;
    size_t i;
    tp_transcript_init(t, text(vector, "domain"));
    json_array_foreach(json_object_get(vector, "steps"), i, s) {
        if (text(s, "item")) {
            size_t len;
            uint8_t *data = test_json_hex(s, "data", &len);
            tp_absorb(t, text(s, "item"), data, len);
            free(data);
        } else if (text(s, "u64")) {
            tp_absorb_u64(t, text(s, "u64"), strtoull(text(s, "value"), NULL, 10));
        } else {
            uint8_t *want = test_json_hex(s, "out", NULL), got[64];
            tp_challenge(t, text(s, "challenge"), got);
            assert_memory_equal(got, want, 64);
            free(want);
        }
    }
}

/* The running hash is the hash of exactly the bytes that the vector spells out. */
static void check_bytes(const tp_transcript *t, const json_t *vector) {
    size_t len;
    uint8_t *bytes = test_json_hex(vector, "bytes", &len), got[64], want[64];
    tp_sha512_ctx now = t->h;
    tp_sha512_final(&now, got);
    crypto_hash_sha512(want, bytes, len);
    assert_memory_equal(got, want, 64);
    free(bytes);
}

static void test_vectors(void **state) {
    (void)state;
    json_t *file = test_spec_json("vectors/transcript.json"), *v;
    size_t i;
    assert_string_equal(text(file, "suite"), TP_SUITE);
    json_array_foreach(json_object_get(file, "transcripts"), i, v) {
        tp_transcript t;
        run_steps(&t, v);
        check_bytes(&t, v);
    }
    assert_true(i >= 5);
    json_decref(file);
}

static void test_nonce_vectors(void **state) {
    (void)state;
    json_t *file = test_spec_json("vectors/transcript.json"), *v;
    size_t i, k;
    json_array_foreach(json_object_get(file, "nonces"), i, v) {
        tp_transcript t;
        tp_nonces g;
        run_steps(&t, json_object_get(v, "context"));
        size_t secret_len;
        uint8_t *secret = test_json_hex(v, "secret", &secret_len);
        uint8_t *random = test_json_hex(v, "random", NULL), *key = test_json_hex(v, "key", NULL);
        tp_nonces_init(&g, text(v, "domain"), secret, secret_len, random, &t);
        assert_memory_equal(g.key, key, 64);
        const json_t *outs = json_object_get(v, "out"), *out;
        json_array_foreach(outs, k, out) {
            uint8_t *want = test_hex(out, NULL), got[64];
            tp_nonces_next(&g, got);
            assert_memory_equal(got, want, 64);
            free(want);
        }
        free(secret), free(random), free(key);
    }
    assert_true(i >= 3);
    json_decref(file);
}

/* A copied transcript goes on like the original; a challenge changes all that follow. */
static void test_challenge_is_part_of_the_state(void **state) {
    (void)state;
    uint8_t a[64], b[64], c[64];
    tp_transcript t, u;
    tp_transcript_init(&t, "test");
    u = t;
    tp_challenge(&t, "c", a);
    tp_challenge(&u, "c", b);
    assert_memory_equal(a, b, 64);
    tp_challenge(&t, "c", b);
    assert_memory_not_equal(a, b, 64);
    tp_transcript_init(&u, "test");
    tp_challenge(&u, "d", c);
    assert_memory_not_equal(a, c, 64);
    tp_transcript_init(&u, "tesu");
    tp_challenge(&u, "c", c);
    assert_memory_not_equal(a, c, 64);
}

/* Transcripts side by side are each what they would be alone. */
static void test_lanes(void **state) {
    (void)state;
    uint64_t rng = 1;
    uint8_t data[TP_LANES_MAX][200], got[TP_LANES_MAX][64], want[64];
    tp_transcript t[TP_LANES_MAX], alone[TP_LANES_MAX];
    const void *p[TP_LANES_MAX];
    for (size_t lanes = 1; lanes <= TP_LANES_MAX; lanes++) {
        for (size_t i = 0; i < lanes; i++) {
            tp_transcript_init(&t[i], "test");
            alone[i] = t[i];
            p[i] = data[i];
        }
        for (size_t len = 0; len <= sizeof data[0]; len += 40) {
            test_random_bytes(&rng, data, sizeof data);
            tp_absorb_lanes(t, lanes, "item", p, len);
            tp_challenge_lanes(t, lanes, "c", got);
            for (size_t i = 0; i < lanes; i++) {
                tp_absorb(&alone[i], "item", data[i], len);
                tp_challenge(&alone[i], "c", want);
                assert_memory_equal(got[i], want, 64);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_nonce_vectors),
        cmocka_unit_test(test_challenge_is_part_of_the_state),
        cmocka_unit_test(test_lanes),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
