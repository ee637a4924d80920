/* JSON in and out, and problems: answer.h. spec: chapter 10. */
#include "server/answer.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void answer_text(tp_request *rq, const tp_answer *a, json_t *object) {
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    if (!text) abort(); /* out of memory: the state is on the disk */
    json_decref(object);
    tp_request_answer(rq, a, text, strlen(text));
    free(text);
}

void tp_answer_json(tp_request *rq, int status, json_t *object) {
    answer_text(rq, &(tp_answer){.status = status, .type = "application/json"}, object);
}

void tp_answer_json_padded(tp_request *rq, json_t *object, size_t len) {
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    char *padded = malloc(len + 1);
    if (!text || !padded) abort();
    size_t used = strlen(text);
    if (used > len) abort();
    memset(padded, ' ', len);
    memcpy(padded, text, used);
    tp_request_answer(rq, &(tp_answer){.status = 200, .type = "application/json"}, padded, len);
    json_decref(object);
    free(text);
    free(padded);
}

static json_t *problem(int status, const char *code, const char *detail) {
    return json_pack("{s:s, s:s, s:i, s:s, s:s}", "type", "about:blank", "title",
                     tp_status_phrase(status), "status", status, "detail", detail, "code", code);
}

void tp_answer_problem(tp_request *rq, int status, const char *code, const char *field,
                       const char *detail) {
    json_t *p = problem(status, code, detail);
    if (field) json_object_set_new(p, "field", json_string(field));
    answer_text(rq, &(tp_answer){.status = status, .type = "application/problem+json"}, p);
}

void tp_answer_problem_more(tp_request *rq, int status, const char *code, const char *detail,
                            unsigned retry_s, json_t *more) {
    char header[40] = "";
    json_t *p = problem(status, code, detail);
    if (more) json_object_update(p, more);
    json_decref(more);
    if (retry_s) snprintf(header, sizeof header, "Retry-After: %u\r\n", retry_s);
    answer_text(
        rq, &(tp_answer){.status = status, .type = "application/problem+json", .headers = header},
        p);
}

int tp_fault_status(tp_err err) {
    switch (err) {
    case TP_MALFORMED:
        return 400;
    case TP_INVALID:
        return 422;
    case TP_REFUSED:
        return 409;
    case TP_TOO_BIG:
        return 413;
    default:
        return 503;
    }
}

void tp_answer_fault(tp_request *rq, const tp_fault *fault) {
    tp_answer_problem(rq, tp_fault_status(fault->err), fault->code, NULL, fault->where);
}

void tp_answer_storage(tp_request *rq) {
    tp_answer_problem_more(rq, 503, "server.storage", "Nothing was stored. Please try again.", 5,
                           NULL);
}

json_t *tp_body_json(tp_request *rq) {
    size_t len;
    const uint8_t *body = tp_request_body(rq, &len);
    json_error_t error;
    json_t *object = json_loadb((const char *)body, len, JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(object)) return object;
    json_decref(object);
    tp_answer_problem(rq, 400, "request.json", NULL, "The body is not a JSON object.");
    return NULL;
}

void tp_answer_members(tp_request *rq, const json_error_t *error) {
    (void)error; /* it may quote the body */
    tp_answer_problem(rq, 400, "request.members", NULL,
                      "A member is missing, unknown or of the wrong type.");
}

bool tp_hex_read(uint8_t *out, size_t len, const char *text) {
    if (strlen(text) != 2 * len || strspn(text, "0123456789abcdef") != 2 * len) return false;
    size_t got;
    return sodium_hex2bin(out, len, text, 2 * len, NULL, &got, NULL) == 0 && got == len;
}

void tp_hex_write(char *out, const uint8_t *bytes, size_t len) {
    sodium_bin2hex(out, 2 * len + 1, bytes, len);
}

json_t *tp_json_hex(const uint8_t *bytes, size_t len) {
    char text[2 * 128 + 1];
    if (len > 128) abort();
    tp_hex_write(text, bytes, len);
    return json_string(text);
}
