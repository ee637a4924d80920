/* Codes for people: Crockford Base32 with one check symbol. Freestanding.
 *
 * Invariants
 *  1. Writing and reading are constant time in the symbols: a recovery code is secret. Where the
 *     dashes stand and why a text is refused are not.
 *  2. The check symbol is sum x^(i+1)*d_i over GF(2)[x]/(x^5+x^2+1). x has order 31 and there are
 * at most 30 symbols, so the weights differ and are not zero: one wrong symbol or one swap of two
 *     unlike symbols changes the sum. spec: chapter 4a, A-1..A-5.
 */
#include "election/code.h"

#include "core/base/mem.h"

_Static_assert(TP_CODE_SYMBOLS <= 30 && TP_FINGERPRINT_SYMBOLS <= 30, "weights must differ");
_Static_assert(TP_CODE_TEXT >= TP_CODE_SYMBOLS + TP_CODE_SYMBOLS / 5 + 2, "room for the text");

/* 1 if a >= b, for values below 2^31. Without the barrier a compiler sees the comparison through
 * the arithmetic, and branches. */
static uint32_t at_least(uint32_t a, uint32_t b) {
    return 1 ^ ((uint32_t)tp_barrier(a - b) >> 31);
}

/* The letters I, L, O and U are left out of the alphabet. */
static char symbol_of(uint32_t v) {
    return (char)('0' + v + 7 * at_least(v, 10) + at_least(v, 18) + at_least(v, 20) +
                  at_least(v, 22) + at_least(v, 27));
}

/* The value of a character, or 32 if it is none. spec: A-3 */
static uint32_t value_of(uint8_t ch) {
    uint32_t c = ch, v = 32;
    c -= 32 * (at_least(c, 'a') & at_least('z', c));
    for (uint32_t k = 0; k < 32; k++) {
        uint32_t diff = c ^ (uint8_t)symbol_of(k);
        v -= (1 ^ at_least(diff, 1)) * (32 - k);
    }
    v -= 31 * ((1 ^ at_least(c ^ 'I', 1)) | (1 ^ at_least(c ^ 'L', 1)));
    v -= 32 * (1 ^ at_least(c ^ 'O', 1));
    return v;
}

static uint32_t times_x(uint32_t d) {
    return ((d << 1) ^ (0x25 & (uint32_t)tp_mask(d >> 4))) & 31;
}

/* spec: A-2 */
static uint32_t check_symbol(const uint8_t *d, unsigned symbols) {
    uint32_t sum = 0;
    for (unsigned i = symbols; i-- > 0;)
        sum = times_x(sum ^ d[i]);
    return sum;
}

/* Symbol i: five bits, most significant first. */
static uint8_t bits_at(const uint8_t *bytes, unsigned i) {
    unsigned v = 0;
    for (unsigned bit = 5 * i; bit < 5 * i + 5; bit++)
        v = v << 1 | ((unsigned)bytes[bit / 8] >> (7 - bit % 8) & 1u);
    return (uint8_t)v;
}

void tp_code_write(char out[static TP_CODE_TEXT], const uint8_t *bytes, unsigned symbols) {
    uint8_t d[TP_CODE_SYMBOLS + 1];
    size_t len = 0;
    for (unsigned i = 0; i < symbols; i++)
        d[i] = bits_at(bytes, i);
    d[symbols] = (uint8_t)check_symbol(d, symbols);
    for (unsigned i = 0; i <= symbols; i++) {
        if (i && (i % 5 == 0 || i == symbols)) out[len++] = '-';
        out[len++] = symbol_of(d[i]);
    }
    out[len] = 0;
    tp_wipe(d, sizeof d);
}

/* The symbols with the check symbol; false on a foreign character or another number of them. */
static bool read_symbols(uint8_t *d, unsigned symbols, const char *text, size_t len) {
    unsigned count = 0;
    uint32_t foreign = 0;
    for (size_t i = 0; i < len; i++) {
        uint32_t c = (uint8_t)text[i];
        uint32_t gap = 2 - at_least(c ^ '-', 1) - at_least(c ^ ' ', 1);
        tp_declassify(&gap, sizeof gap); /* layout */
        if (gap) continue;
        if (count > symbols) return false;
        uint32_t v = value_of((uint8_t)c);
        foreign |= v >> 5;
        d[count++] = (uint8_t)(v & 31);
    }
    tp_declassify(&foreign, sizeof foreign); /* the answer */
    return count == symbols + 1 && !foreign;
}

tp_err tp_code_read(uint8_t *bytes, unsigned symbols, const char *text, size_t len) {
    uint8_t d[TP_CODE_SYMBOLS + 1] = {0};
    size_t bytes_len = (5 * symbols + 7) / 8;
    tp_err err = TP_OK;
    memset(bytes, 0, bytes_len);
    if (!read_symbols(d, symbols, text, len)) {
        err = TP_MALFORMED;
    } else {
        uint32_t wrong = at_least(check_symbol(d, symbols) ^ d[symbols], 1);
        tp_declassify(&wrong, sizeof wrong); /* the answer; a fitting one says nothing */
        if (wrong) err = TP_INVALID;
    }
    for (unsigned bit = 0; err == TP_OK && bit < 5 * symbols; bit++)
        bytes[bit / 8] |= (uint8_t)(((d[bit / 5] >> (4 - bit % 5)) & 1) << (7 - bit % 8));
    tp_wipe(d, sizeof d);
    return err;
}
