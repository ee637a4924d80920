/* Reading JSON (RFC 8259) as election/manifest.c does with jansson: the same texts are accepted.
 * json.c */
#ifndef TAPAT_VERIFY_JANSSON_H
#define TAPAT_VERIFY_JANSSON_H

#include <stdbool.h>
#include <stddef.h>

typedef struct json_t json_t;
typedef long long json_int_t;
typedef struct {
    int line, column;
} json_error_t;

#define JSON_REJECT_DUPLICATES 1

/* NULL: it is none, or no memory. */
json_t *json_loadb(const char *text, size_t len, size_t flags, json_error_t *error);
void json_decref(json_t *root); /* of a root only; frees all of it */

bool json_is_object(const json_t *v);
bool json_is_array(const json_t *v);
bool json_is_string(const json_t *v);
bool json_is_integer(const json_t *v);
bool json_is_boolean(const json_t *v);
bool json_is_true(const json_t *v);

json_t *json_object_get(const json_t *object, const char *name);
size_t json_object_size(const json_t *object);
size_t json_array_size(const json_t *array);
json_t *json_array_get(const json_t *array, size_t i);
const char *json_string_value(const json_t *v);
size_t json_string_length(const json_t *v);
json_int_t json_integer_value(const json_t *v);
bool json_equal(const json_t *a, const json_t *b); /* of strings */

#define json_array_foreach(array, i, v)                                                            \
    for (i = 0; i < json_array_size(array) && (v = json_array_get(array, i)); i++)

#endif
