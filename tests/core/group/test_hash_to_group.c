/* expand_message_xmd and hash-to-group: RFC 9380, RFC 9497, and derived vectors. spec: P-11 */
#include "tests/core/group/group_support.h"

static void test_expand(void **state) {
    (void)state;
    json_t *vectors = test_spec_json("vectors/hash_to_group.json"), *entry;
    size_t i;
    json_array_foreach(json_object_get(vectors, "expand"), i, entry) {
        size_t msg_len, dst_len, len;
        uint8_t *msg = test_json_hex(entry, "msg", &msg_len);
        uint8_t *dst = test_json_hex(entry, "dst", &dst_len);
        uint8_t *want = test_json_hex(entry, "bytes", &len), got[256];
        assert_true(len < sizeof got);
        got[len] = 0x5a;
        tp_expand_message_xmd(got, len, msg, msg_len, dst, dst_len);
        assert_memory_equal(got, want, len);
        assert_int_equal(got[len], 0x5a);
        if (msg_len && len > 16) { /* another message, other bytes */
            msg[0] ^= 1;
            tp_expand_message_xmd(got, len, msg, msg_len, dst, dst_len);
            assert_memory_not_equal(got, want, len);
        }
        free(msg), free(dst), free(want);
    }
    assert_true(i > 10);
    json_decref(vectors);
}

static void check_element(const json_t *entry) {
    size_t msg_len, dst_len, len;
    uint8_t *msg = test_json_hex(entry, "msg", &msg_len);
    uint8_t *dst = test_json_hex(entry, "dst", &dst_len);
    uint8_t *want = test_json_hex(entry, "element", &len), got[1][32];
    tp_point p;
    tp_hash_to_group_var(&p, msg, msg_len, dst, dst_len);
    tp_points_encode(got, &p, 1);
    assert_int_equal(len, 32);
    assert_memory_equal(got, want, 32);
    if (json_object_get(entry, "blind")) {
        uint8_t *blind = test_json_hex(entry, "blind", &len);
        uint8_t *blinded = test_json_hex(entry, "blinded", &len);
        tp_scalar s;
        assert_int_equal(tp_scalar_decode(&s, blind), TP_OK);
        tp_points_mul(&p, &s, &p, 1);
        tp_points_encode(got, &p, 1);
        assert_memory_equal(got, blinded, 32);
        free(blind), free(blinded);
    }
    dst[0] ^= 1; /* another domain, another element */
    tp_hash_to_group_var(&p, msg, msg_len, dst, dst_len);
    tp_points_encode(got, &p, 1);
    assert_memory_not_equal(got, want, 32);
    free(msg), free(dst), free(want);
}

static void test_hash_to_group(void **state) {
    (void)state;
    json_t *vectors = test_spec_json("vectors/hash_to_group.json"), *entry;
    FOR_EACH_BACKEND {
        size_t i;
        json_array_foreach(json_object_get(vectors, "hash_to_group"), i, entry)
            check_element(entry);
        assert_true(i > 10);
    }
    json_decref(vectors);
}

/* Challenges and nonces are the wide reduction of the hash's 64 bytes. */
static void test_joined_with_the_transcript(void **state) {
    (void)state;
    tp_transcript a, b;
    tp_scalar got, want, nonce[3];
    uint8_t wide[64], points[2][32] = {{1}, {2}}, random[32] = {3};
    tp_transcript_init(&a, "test");
    tp_transcript_init(&b, "test");
    tp_absorb_points(&a, "points", (const_encodings)points, 2);
    tp_absorb(&b, "points", points, 64);
    tp_challenge_scalar(&got, &a, "c");
    tp_challenge(&b, "c", wide);
    tp_scalar_wide(&want, wide);
    assert_int_equal(tp_scalar_equal(&got, &want), 1);
    tp_challenge_scalar(&got, &a, "c");
    assert_int_equal(tp_scalar_equal(&got, &want), 0);

    tp_nonces g, h;
    tp_nonces_init(&g, "test", "secret", 6, random, &b);
    tp_nonces_init(&h, "test", "secret", 6, random, &b);
    tp_nonces_scalars(nonce, 3, &g);
    for (int i = 0; i < 3; i++) {
        tp_nonces_next(&h, wide);
        tp_scalar_wide(&want, wide);
        assert_int_equal(tp_scalar_equal(&nonce[i], &want), 1);
    }
    assert_int_equal(tp_scalar_equal(&nonce[0], &nonce[1]), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expand),
        cmocka_unit_test(test_hash_to_group),
        cmocka_unit_test(test_joined_with_the_transcript),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
