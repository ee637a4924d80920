/* Files, JSON and pseudo-random bytes for tests. */
#include "tests/support/support.h"

char *test_file(const char *path, size_t *len) {
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    size_t used = 0, cap = 1 << 16;
    char *bytes = malloc(cap + 1);
    for (size_t got = 1; bytes && got; used += got) {
        if (used == cap) bytes = realloc(bytes, (cap *= 2) + 1);
        got = bytes ? fread(bytes + used, 1, cap - used, f) : 0;
    }
    fclose(f);
    if (!bytes) abort();
    bytes[used] = 0;
    if (len) *len = used;
    return bytes;
}

char *test_spec_file(const char *name, size_t *len) {
    char path[4096];
    snprintf(path, sizeof path, "%s/spec/%s", TAPAT_ROOT, name);
    char *bytes = test_file(path, len);
    if (!bytes) fail_msg("cannot read spec/%s", name);
    return bytes;
}

char *test_data_file(const char *name, size_t *len) {
    char path[4096];
    const char *data = getenv("TAPAT_DATA");
    if (data)
        snprintf(path, sizeof path, "%s/%s", data, name);
    else
        snprintf(path, sizeof path, "%s/../shared/data/%s", TAPAT_ROOT, name);
    return test_file(path, len);
}

static json_t *parse(char *text, const char *name) {
    json_error_t error;
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    free(text);
    if (!json) fail_msg("%s:%d: %s", name, error.line, error.text);
    return json;
}

json_t *test_spec_json(const char *name) {
    return parse(test_spec_file(name, NULL), name);
}

json_t *test_data_json(const char *name) {
    char *text = test_data_file(name, NULL);
    return text ? parse(text, name) : NULL;
}

static int hex_digit(char c) {
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;
    if (!at) fail_msg("not a hex digit: %d", c);
    return at ? (int)(at - digits) : 0;
}

uint8_t *test_hex(const json_t *string, size_t *len) {
    const char *text = json_string_value(string);
    if (!text || strlen(text) % 2) fail_msg("not a hex string");
    size_t n = text ? strlen(text) / 2 : 0;
    uint8_t *bytes = malloc(n + 1);
    if (!bytes) abort();
    for (size_t i = 0; text && i < n; i++)
        bytes[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
    if (len) *len = n;
    return bytes;
}

uint8_t *test_json_hex(const json_t *object, const char *key, size_t *len) {
    const json_t *member = json_object_get(object, key);
    if (!member) fail_msg("no member %s", key);
    return test_hex(member, len);
}

uint8_t *test_base64(const json_t *string, size_t *len) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *text = json_string_value(string);
    if (!text) fail_msg("not a base64 string");
    size_t n = 0, bits = 0;
    uint32_t v = 0;
    uint8_t *bytes = malloc((text ? strlen(text) : 0) + 1);
    if (!bytes) abort();
    for (; text && *text && *text != '='; text++) {
        const char *at = strchr(digits, *text);
        if (!at) fail_msg("not a base64 digit");
        v = v << 6 | (uint32_t)(at ? at - digits : 0);
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        bytes[n++] = (uint8_t)(v >> bits);
    }
    if (len) *len = n;
    return bytes;
}

uint64_t test_random(uint64_t *state) {
    uint64_t x = *state ? *state : 0x9e3779b97f4a7c15;
    x ^= x >> 12, x ^= x << 25, x ^= x >> 27;
    *state = x;
    return x * 0x2545f4914f6cdd1d;
}

void test_random_bytes(uint64_t *state, void *out, size_t len) {
    uint8_t *p = out;
    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)(test_random(state) >> 56);
}
