/* Applications: of people whom a registrar must recognise, by documents or in person.
 *
 *  1. An application belongs to the token that handed it in. Who knows number and birth date can
 *     make one and can neither see nor change another's.
 *  2. A voter's open applications are few, and fewer those of one address; a further one closes the
 *     oldest of its kind, or of its address's, whose owner may hand the same key in again. One that
 * waits with documents, or that a registrar signed, is never closed by another.
 *  3. Only the registrars' quorum over its credential makes it the voter's enrolment, and closes
 *     the voter's others.
 *  4. Documents go with the decision, and at the latest after TP_DOCUMENT_DAYS.
 * spec: chapter 10, H-11..H-15.
 */
#ifndef TAPAT_SERVER_APPLY_H
#define TAPAT_SERVER_APPLY_H

#include "server/step.h"

enum {
    TP_APPLICATIONS = 5,       /* open ones of a voter, by route and state */
    TP_APPLICATIONS_FROM = 2,  /* of these from one address */
    TP_APPLICATIONS_KEPT = 64, /* rows of a voter that are looked at */
    TP_CLOSED_KEPT = 32,   /* of these the closed ones: no number of them hides one that waits */
    TP_OPEN_DAYS = 3,      /* until an open one is handed in */
    TP_DOCUMENT_DAYS = 30, /* documents, and an application that nobody decides */
    TP_DAY_S = 86400,
};

typedef struct json_t json_t;
/* The routes open to this voter, by their names in the manifest. */
json_t *tp_routes_json(const tp_server *s, const tp_voter *v);
const char *tp_route_name(unsigned route);
unsigned tp_route_of(const char *name); /* 0: no such route */

/* Moves it to a state in which nothing waits any more: its documents go. */
TP_MUST_USE tp_err tp_application_end(tp_store *store, tp_application *a, tp_apply_state state,
                                      uint16_t reason, uint64_t now);
/* Room for one more in this state: the oldest goes if there are too many, the oldest of the same
 * address if there are too many of it. Documents that wait for
 * a registrar are not displaced: *full. */
TP_MUST_USE tp_err tp_application_room(tp_store *store, const tp_application *mine, uint64_t now,
                                       bool *full);
/* Ends all of the voter's that are open, but the one with this credential. */
TP_MUST_USE tp_err tp_applications_close(tp_store *store, int64_t voter,
                                         const uint8_t credential[static 32], uint64_t now);
/* The kinds that it has handed in, by name. */
json_t *tp_json_documents(tp_store *store, const tp_application *a, tp_err *err);
/* The status of a token that made an application; *answered false: it made none. */
TP_MUST_USE tp_err tp_application_status(tp_server *s, tp_request *rq, const tp_step *t,
                                         bool *answered);
/* Within a transaction: ends what came to its time. */
TP_MUST_USE tp_err tp_applications_sweep(tp_store *store, uint64_t now);

/* Until when a registrar is to have decided on a proven key. */
uint64_t tp_enrolment_due(const tp_server *s, const tp_enrolment *e);
/* A proven key that waits gives way to another of its voter, and cannot be signed any more. The
 * caller writes the enrolment. */
TP_MUST_USE tp_err tp_enrolment_put_aside(tp_store *store, const tp_enrolment *e, uint64_t now);

#endif
