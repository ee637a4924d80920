/* JSON in and out, and problems (RFC 9457). */
#ifndef TAPAT_SERVER_ANSWER_H
#define TAPAT_SERVER_ANSWER_H

#include <jansson.h>

#include "election/election.h"
#include "server/http.h"

/* Takes the object over. */
void tp_answer_json(tp_request *rq, int status, json_t *object);
/* The same, filled with spaces to len bytes, so that its length tells nothing. */
void tp_answer_json_padded(tp_request *rq, json_t *object, size_t len);
/* code: the fault's code; field: NULL or the member at fault; detail: for people. */
void tp_answer_problem(tp_request *rq, int status, const char *code, const char *field,
                       const char *detail);
/* retry_s: for Retry-After; more: further members, taken over, or NULL. */
void tp_answer_problem_more(tp_request *rq, int status, const char *code, const char *detail,
                            unsigned retry_s, json_t *more);
/* 400 malformed, 422 invalid, 409 refused, 413 too big, 503 system. spec: H-1 */
int tp_fault_status(tp_err err);
void tp_answer_fault(tp_request *rq, const tp_fault *fault);
/* The store failed: 503. */
void tp_answer_storage(tp_request *rq);

/* The body as an object; NULL after a 400 answer. The caller unpacks it with JSON_STRICT. */
json_t *tp_body_json(tp_request *rq);
/* 400 for a body that lacks a member, has a foreign one or one of another type. */
void tp_answer_members(tp_request *rq, const json_error_t *error);
/* Exactly 2*len lower-case hex digits. */
bool tp_hex_read(uint8_t *out, size_t len, const char *text);
void tp_hex_write(char *out, const uint8_t *bytes, size_t len); /* 2*len + 1 */
json_t *tp_json_hex(const uint8_t *bytes, size_t len);

#endif
