/* Evidence: evidence.h. A letter's is L || signature; a login's is the blind and the ID token. */
#include "server/evidence.h"

#include <stdlib.h>
#include <string.h>

#include "election/evidence.h"
#include "server/answer.h"
#include "server/apply.h"

/* Evidence proves who the voter is for the key that comes with it: where that key is another's,
 * nothing was proven, and no key without evidence can follow. */
static void prove_for_key(tp_recorder *r, tp_step *t) {
    tp_store *store = tp_recorder_store(r);
    tp_enrolment e;
    bool known, taken = false;
    tp_err err = tp_store_enrolment_of(store, t->voter, &e, &known);
    bool has_key = !err && known && e.state >= TP_ENROL_WAITING;
    if (!err && !has_key) err = tp_step_key_taken(store, t->credential, &taken);
    tp_recorder_fail(r, err);
    if (taken) tp_step_refuse(t, 409, "enrol.credential", "This key is in use.");
    if (!err && !taken) tp_step_prove(r, t);
}

void tp_evidence_take(tp_recorder *r, tp_step *t, uint8_t route, const void *bytes, size_t len,
                      bool *kept) {
    int64_t voter = 0;
    bool proven;
    *kept = false;
    tp_err err = tp_store_session_find(tp_recorder_store(r), t->session, &voter, &proven);
    tp_recorder_fail(r, err);
    if (err) return;
    if (!proven || voter != t->voter) prove_for_key(r, t);
    if (t->fault) return;
    tp_step_hand_in(r, &t->task);
    if (t->fault || !t->state || strcmp(t->state, "waiting") != 0) return;
    err = tp_store_evidence_put(tp_recorder_store(r), t->credential, t->session, route, bytes, len);
    tp_recorder_fail(r, err);
    *kept = !err;
}

static json_t *as_json(uint8_t route, const uint8_t *bytes, size_t len) {
    if (route == TP_ROUTE_LETTER && len == TP_LETTER_EVIDENCE)
        return json_pack("{s:s, s:o, s:o}", "route", tp_route_name(route), "letter",
                         tp_json_hex(bytes, 32), "signature", tp_json_hex(bytes + 32, 64));
    if (route == TP_ROUTE_OIDC && len > TP_LOGIN_BLIND)
        return json_pack("{s:s, s:o, s:o}", "route", tp_route_name(route), "blind",
                         tp_json_hex(bytes, TP_LOGIN_BLIND), "token",
                         json_stringn((const char *)bytes + TP_LOGIN_BLIND, len - TP_LOGIN_BLIND));
    return json_null();
}

json_t *tp_evidence_json(tp_store *store, const uint8_t credential[static 32], tp_err *err) {
    uint8_t route, *bytes;
    size_t len;
    bool found;
    *err = tp_store_evidence_get(store, credential, &route, &bytes, &len, &found);
    json_t *j = !*err && found ? as_json(route, bytes, len) : json_null();
    free(bytes);
    return j;
}
