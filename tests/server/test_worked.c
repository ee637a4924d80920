/* The vectors of codes and of a witness, which a second program made. spec,
 * T-15..T-18
 */
#include "server/message.h"
#include "server/witness.h"
#include "tests/server/harness.h"

#include <ftw.h>
#include <sodium.h>

static uint64_t number(const json_t *o, const char *key) {
    assert_true(json_is_integer(json_object_get(o, key)));
    return (uint64_t)json_integer_value(json_object_get(o, key));
}
static const char *text_of(const json_t *o, const char *key) {
    const char *text = json_string_value(json_object_get(o, key));
    assert_non_null(text);
    return text;
}
static void copy(uint8_t *out, size_t len, const json_t *o, const char *key) {
    size_t got;
    uint8_t *bytes = test_json_hex(o, key, &got);
    assert_int_equal(got, len);
    memcpy(out, bytes, len);
    free(bytes);
}

static void test_one_time_codes(void **state) {
    (void)state;
    static tp_server s;
    json_t *file = test_spec_json("vectors/codes.json"), *o;
    char code[TP_ONE_TIME_CODE + 1], mark[TP_CODE_MARK + 1];
    size_t i;
    json_array_foreach(json_object_get(file, "one_time"), i, o) {
        tp_one_time one = {.serial = (uint32_t)number(o, "serial"),
                           .expires = number(o, "expires")};
        copy(s.session_key, 32, o, "session_key");
        copy(one.session, 32, o, "token");
        tp_message_code(code, &s, &one);
        assert_string_equal(code, text_of(o, "code"));
        tp_message_mark(mark, &s, &one);
        assert_string_equal(mark, text_of(o, "mark"));
        one.serial++;
        tp_message_code(code, &s, &one);
        assert_string_not_equal(code, text_of(o, "code"));
    }
    assert_int_equal(i, 3);
    json_decref(file);
}

/* ---- the witness ---- */

/* Is this line the witness's, of the checkpoint that the body ends with? Its time. */
static uint64_t cosigned_at(const char *body, const char *line, size_t len, const char *vkey) {
    char both[TP_WITNESS_BODY_MAX + TP_WITNESS_ANSWER_MAX], message[TP_COSIGNED_MAX];
    const char *note = strstr(body, "\n\n");
    assert_non_null(note);
    int n = snprintf(both, sizeof both, "%s%.*s", note + 2, (int)len, line);
    tp_note parsed;
    tp_vkey k;
    uint64_t time;
    assert_int_equal(tp_vkey_parse(&k, vkey, strlen(vkey)), TP_OK);
    assert_int_equal(tp_note_parse(&parsed, both, (size_t)n), TP_OK);
    assert_int_equal(tp_note_verify(&parsed, &k, crypto_sign_verify_detached, &time), TP_OK);
    tp_writer w = tp_writer_of(message, sizeof message);
    tp_cosignature_message(&w, time, parsed.text, parsed.text_len);
    assert_int_equal(tp_write_end(&w), TP_OK);
    return time;
}

static void check_cosignature(const json_t *o, const char *vkey) {
    const char *body = text_of(o, "body"), *line = text_of(o, "answer"),
               *message = text_of(o, "message"), *text = strstr(body, "\n\n") + 2;
    char made[TP_COSIGNED_MAX];
    tp_writer w = tp_writer_of(made, sizeof made);
    assert_true(cosigned_at(body, line, strlen(line), vkey) == number(o, "time"));
    tp_cosignature_message(&w, number(o, "time"), text, (size_t)(strstr(text, "\n\n") + 1 - text));
    assert_true(!tp_write_end(&w) && w.len == strlen(message) && !memcmp(made, message, w.len));
}

static void check_exchange(tp_witness *witness, const json_t *o, const char *vkey) {
    const char *body = text_of(o, "body");
    char answer[TP_WITNESS_ANSWER_MAX];
    size_t len = 0;
    int status = tp_witness_add(witness, body, strlen(body), answer, &len);
    assert_int_equal(status, number(o, "status"));
    if (status == 200) {
        assert_true(cosigned_at(body, answer, len, vkey) > 0);
        check_cosignature(o, vkey);
        return;
    }
    assert_int_equal(len, strlen(text_of(o, "answer")));
    assert_memory_equal(answer, text_of(o, "answer"), len);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static void test_witness(void **state) {
    (void)state;
    json_t *file = test_spec_json("vectors/witness.json"), *o;
    const char *log = text_of(file, "log"), *vkey = text_of(file, "witness");
    char folder[] = "/tmp/tapat-worked-XXXXXX", name[64], origin[64], own[TP_VKEY_MAX + 1];
    uint8_t seed[32];
    tp_vkey k, w;
    tp_witness_log known = {.origin = origin};
    tp_witness *witness;
    size_t i;
    assert_int_equal(tp_vkey_parse(&k, log, strlen(log)), TP_OK);
    assert_int_equal(tp_vkey_parse(&w, vkey, strlen(vkey)), TP_OK);
    snprintf(origin, sizeof origin, "%.*s", (int)k.name_len, k.name);
    snprintf(name, sizeof name, "%.*s", (int)w.name_len, w.name);
    memcpy(known.key, k.key, 32);
    copy(seed, 32, file, "witness_seed");
    assert_non_null(mkdtemp(folder));
    tp_witness_options options = {
        .name = name, .seed = seed, .state = folder, .logs = &known, .log_count = 1};
    assert_int_equal(tp_witness_open(&witness, &options), TP_OK);
    tp_witness_vkey(witness, own);
    assert_string_equal(own, vkey);
    json_array_foreach(json_object_get(file, "exchanges"), i, o) check_exchange(witness, o, vkey);
    assert_int_equal(i, 9);
    tp_witness_close(witness);
    nftw(folder, remove_one, 4, FTW_DEPTH | FTW_PHYS);
    json_decref(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_time_codes),
        cmocka_unit_test(test_witness),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests_name("server/worked", tests, NULL, NULL);
}
