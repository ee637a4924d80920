/* Codes for people. spec: A-1..A-5 */
#include "election/code.h"
#include "tests/support/support.h"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void test_inverse(void **state) {
    (void)state;
    uint64_t seed = 1;
    const unsigned sizes[] = {TP_CODE_SYMBOLS, TP_FINGERPRINT_SYMBOLS};
    for (size_t round = 0; round < 2000; round++) {
        unsigned symbols = sizes[round % 2];
        size_t len = (5 * symbols + 7) / 8;
        uint8_t in[16], out[16];
        char text[TP_CODE_TEXT];
        test_random_bytes(&seed, in, sizeof in);
        tp_code_write(text, in, symbols);
        assert_int_equal(strlen(text), symbols + symbols / 5 + 1);
        assert_int_equal(tp_code_read(out, symbols, text, strlen(text)), TP_OK);
        in[len - 1] &= (uint8_t)(0xff << (8 * len - 5 * symbols));
        assert_memory_equal(in, out, len);
    }
}

static void test_form(void **state) {
    (void)state;
    uint8_t zero[16] = {0}, ones[16];
    char text[TP_CODE_TEXT];
    memset(ones, 0xff, sizeof ones);
    tp_code_write(text, zero, TP_CODE_SYMBOLS);
    assert_string_equal(text, "00000-00000-00000-00000-00000-0");
    tp_code_write(text, zero, TP_FINGERPRINT_SYMBOLS);
    assert_string_equal(text, "00000-00000-00000-00000-0");
    tp_code_write(text, ones, TP_CODE_SYMBOLS);
    assert_memory_equal(text, "ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ-", 30);
    /* one symbol 1 at the front: the check symbol is x = 2 */
    zero[0] = 1 << 3;
    tp_code_write(text, zero, TP_CODE_SYMBOLS);
    assert_string_equal(text, "10000-00000-00000-00000-00000-2");
}

/* Lower case, I L O, spaces, dashes anywhere. spec: A-3 */
static void test_lenient(void **state) {
    (void)state;
    uint8_t a[16], b[16], in[16] = {0x08, 0, 1, 2, 3, 0xab, 0xcd, 0xef, 9, 8, 7, 6, 5, 4, 3, 0x88};
    char text[TP_CODE_TEXT], sloppy[3 * TP_CODE_TEXT];
    size_t len = 0;
    tp_code_write(text, in, TP_CODE_SYMBOLS);
    for (const char *p = text; *p; p++) {
        if (*p == '-') continue;
        char c = *p;
        if (c >= 'A' && c <= 'Z') c = (char)(c + 32);
        if (c == '0') c = 'o';
        if (c == '1') c = len % 2 ? 'i' : 'L';
        sloppy[len++] = c;
        sloppy[len] = len % 3 ? ' ' : '-';
        len++;
    }
    assert_int_equal(tp_code_read(a, TP_CODE_SYMBOLS, text, strlen(text)), TP_OK);
    assert_int_equal(tp_code_read(b, TP_CODE_SYMBOLS, sloppy, len), TP_OK);
    assert_memory_equal(a, b, 16);
}

/* Every single wrong symbol and every swap of unlike neighbours. spec: A-2 */
static void test_slips(void **state) {
    (void)state;
    uint64_t seed = 2;
    uint8_t in[16], out[16];
    static const uint8_t zero[16];
    char text[TP_CODE_TEXT], wrong[TP_CODE_TEXT];
    for (int round = 0; round < 20; round++) {
        test_random_bytes(&seed, in, sizeof in);
        tp_code_write(text, in, TP_CODE_SYMBOLS);
        size_t len = strlen(text);
        for (size_t i = 0; i < len; i++) {
            for (size_t k = 0; k < 32 && text[i] != '-'; k++) {
                if (alphabet[k] == text[i]) continue;
                strcpy(wrong, text);
                wrong[i] = alphabet[k];
                assert_int_equal(tp_code_read(out, TP_CODE_SYMBOLS, wrong, len), TP_INVALID);
                assert_memory_equal(out, zero, 16);
            }
            size_t j = i + 1 < len && text[i + 1] == '-' ? i + 2 : i + 1;
            if (j >= len || text[i] == '-' || text[i] == text[j]) continue;
            strcpy(wrong, text);
            wrong[i] = text[j];
            wrong[j] = text[i];
            assert_int_equal(tp_code_read(out, TP_CODE_SYMBOLS, wrong, len), TP_INVALID);
        }
    }
}

static void test_foreign(void **state) {
    (void)state;
    uint8_t out[16];
    char text[TP_CODE_TEXT], wrong[TP_CODE_TEXT + 8];
    tp_code_write(text, (const uint8_t[16]){1, 2, 3}, TP_CODE_SYMBOLS);
    size_t len = strlen(text);
    for (int c = 1; c < 256; c++) {
        bool known = c == '-' || c == ' ' || strchr("iIlLoO", c) || strchr(alphabet, c) ||
                     (c >= 'a' && c <= 'z' && strchr(alphabet, c - 32));
        strcpy(wrong, text);
        wrong[3] = (char)c;
        tp_err err = tp_code_read(out, TP_CODE_SYMBOLS, wrong, len);
        if (!known) assert_int_equal(err, TP_MALFORMED);
    }
    assert_int_equal(tp_code_read(out, TP_CODE_SYMBOLS, text, len - 1), TP_MALFORMED);
    assert_int_equal(tp_code_read(out, TP_CODE_SYMBOLS, text, 0), TP_MALFORMED);
    strcpy(wrong, text);
    strcat(wrong, "0");
    assert_int_equal(tp_code_read(out, TP_CODE_SYMBOLS, wrong, len + 1), TP_MALFORMED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inverse), cmocka_unit_test(test_form),
        cmocka_unit_test(test_lenient), cmocka_unit_test(test_slips),
        cmocka_unit_test(test_foreign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
