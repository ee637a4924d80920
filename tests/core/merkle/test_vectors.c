/* Trees, tile names and a cosigned checkpoint made by a second program. spec: T-1..T-15 */
#include <sodium.h>

#include "core/merkle/note.h"
#include "core/merkle/tiles.h"
#include "tests/support/support.h"

static json_t *file;
static tp_hash leaves[64];
static size_t leaf_count;

static uint64_t number(const json_t *v, const char *key) {
    assert_true(json_is_integer(json_object_get(v, key)));
    return (uint64_t)json_integer_value(json_object_get(v, key));
}

static int setup(void **state) {
    (void)state;
    const json_t *v;
    file = test_spec_json("vectors/tree.json");
    json_array_foreach(json_object_get(file, "entries"), leaf_count, v) {
        size_t len;
        uint8_t *entry = test_hex(v, &len);
        tp_tree_leaf(&leaves[leaf_count], entry, len);
        free(entry);
    }
    return leaf_count < 64 ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    json_decref(file);
    return 0;
}

static void test_roots(void **state) {
    (void)state;
    const json_t *v;
    size_t i;
    json_array_foreach(json_object_get(file, "roots"), i, v) {
        uint8_t *want = test_hex(v, NULL);
        tp_hash root;
        tp_tree_root(&root, leaves, i);
        assert_memory_equal(root.b, want, 32);
        free(want);
    }
    assert_int_equal(i, leaf_count + 1);
}

static tp_err get(void *ctx, tp_hash *out, unsigned level, uint64_t index) {
    (void)ctx;
    tp_tree_root(out, leaves + (index << level), UINT64_C(1) << level);
    return TP_OK;
}

static void check_proof(const json_t *vector, const tp_hash *proof, size_t count) {
    const json_t *v;
    size_t i;
    json_array_foreach(json_object_get(vector, "proof"), i, v) {
        uint8_t *want = test_hex(v, NULL);
        assert_true(i < count);
        assert_memory_equal(proof[i].b, want, 32);
        free(want);
    }
    assert_int_equal(i, count);
}

static void test_proofs(void **state) {
    (void)state;
    tp_tree_source src = {get, NULL};
    tp_hash proof[TP_TREE_MAX_PROOF];
    const json_t *v;
    size_t i, count;
    json_array_foreach(json_object_get(file, "inclusion"), i, v) {
        assert_int_equal(
            tp_tree_prove_inclusion(proof, &count, &src, number(v, "leaf"), number(v, "size")),
            TP_OK);
        check_proof(v, proof, count);
    }
    assert_true(i > 10);
    json_array_foreach(json_object_get(file, "consistency"), i, v) {
        assert_int_equal(tp_tree_prove_consistency(proof, &count, &src, number(v, "old_size"),
                                                   number(v, "new_size")),
                         TP_OK);
        check_proof(v, proof, count);
    }
    assert_true(i > 10);
}

static void test_paths(void **state) {
    (void)state;
    const json_t *v;
    size_t i;
    json_array_foreach(json_object_get(file, "tiles"), i, v) {
        tp_tile t = {(unsigned)number(v, "level"), number(v, "index"),
                     (unsigned)number(v, "width")};
        char path[TP_TILE_PATH_MAX];
        tp_tile_path(path, &t);
        assert_string_equal(path, json_string_value(json_object_get(v, "path")));
    }
    assert_true(i > 5);
}

static void test_checkpoint(void **state) {
    (void)state;
    const json_t *c = json_object_get(file, "checkpoint"), *vkeys = json_object_get(c, "vkeys");
    const char *text = json_string_value(json_object_get(c, "note"));
    tp_note n;
    tp_checkpoint checkpoint;
    tp_hash root;
    assert_int_equal(tp_note_parse(&n, text, strlen(text)), TP_OK);
    for (size_t i = 0; i < 2; i++) {
        const char *vkey = json_string_value(json_array_get(vkeys, i));
        tp_vkey k;
        uint64_t time = 1;
        assert_int_equal(tp_vkey_parse(&k, vkey, strlen(vkey)), TP_OK);
        assert_int_equal(tp_note_verify(&n, &k, crypto_sign_verify_detached, &time), TP_OK);
        assert_true(time == (i ? number(c, "time") : 0));
    }
    assert_int_equal(tp_checkpoint_parse(&checkpoint, n.text, n.text_len), TP_OK);
    assert_true(checkpoint.size == number(c, "size"));
    tp_tree_root(&root, leaves, checkpoint.size);
    assert_memory_equal(&root, &checkpoint.root, 32);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roots),
        cmocka_unit_test(test_proofs),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_checkpoint),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, setup, teardown);
}
