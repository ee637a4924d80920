/* What tests share: cmocka with its headers in order, files of spec/ and of the optional corpora,
 * hex and base64 out of JSON.
 */
#ifndef TAPAT_TESTS_SUPPORT_H
#define TAPAT_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

/* The whole file, NUL-terminated, to be freed; NULL if it cannot be read. len may be NULL. */
char *test_file(const char *path, size_t *len);
/* A file under spec/ of this tree; a missing one fails the test. */
char *test_spec_file(const char *name, size_t *len);
/* A file of the optional corpora ($TAPAT_DATA, else ../shared/data): NULL if there is none. */
char *test_data_file(const char *name, size_t *len);
/* Leaves a test that needs an optional corpus which is not here. (cmocka's skip() is "not ok" in
 * TAP.) */
#define TEST_NEEDS(data)                                                                           \
    do {                                                                                           \
        if (!(data)) {                                                                             \
            print_message("# skipped: no corpus\n");                                               \
            return;                                                                                \
        }                                                                                          \
    } while (0)
/* The same, parsed as JSON. */
json_t *test_spec_json(const char *name);
json_t *test_data_json(const char *name);

/* Member `key` of a JSON object as bytes, to be freed; a missing or bad one fails the test. */
uint8_t *test_json_hex(const json_t *object, const char *key, size_t *len);
/* A JSON string of hex or base64 as bytes, to be freed. */
uint8_t *test_hex(const json_t *string, size_t *len);
uint8_t *test_base64(const json_t *string, size_t *len);

/* A deterministic generator for property tests (xorshift64*): a failing case can be run again. */
uint64_t test_random(uint64_t *state);
void test_random_bytes(uint64_t *state, void *out, size_t len);

#endif
