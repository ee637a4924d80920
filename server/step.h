/* A step of an enrolment, as the routes (enrol.c, ...) share it: who asks, the token, the answer.
 *
 * A token names the voter's row and is sealed; it is stored nowhere and gives no right until an
 * identity was proven with it, which makes a session of its hash (H-4).
 */
#ifndef TAPAT_SERVER_STEP_H
#define TAPAT_SERVER_STEP_H

#include <jansson.h>

#include "server/daemon.h"

enum { TP_TOKEN_TEXT = 2 * (24 + 16 + 16) + 1, TP_STEP_CODE = 40 };

typedef struct {
    tp_task task; /* first */
    tp_server *s;
    tp_request *rq;
    int64_t voter;
    uint8_t session[32]; /* hash of the token */
    uint8_t near;        /* of the token: whose name or birth date only comes near; tp_match_word */
    char code[TP_STEP_CODE]; /* as typed */
    int contact;             /* where the code goes: 1 or 2 */
    bool by_passkey;
    uint8_t source[TP_SOURCE]; /* who asks, by tp_step_source */
    uint8_t credential[32], possession[64];
    char lang[8];       /* of the page; "": not said */
    uint8_t own_routes; /* of the voter's post */
    /* the answer */
    int status;
    const char *fault, *detail;
    unsigned retry_s;
    uint64_t again; /* when it goes on, Unix seconds; 0: not said */
    int tries;      /* left; -1: not said */
    uint8_t routes; /* that are left; 0: not said */
    const char *state;
    char sent_to[128], mark[3];     /* of a code that was sent: where to, tp_message_mark */
    uint8_t route, application[16]; /* apply.c */
    uint8_t letter[32], signed_by_letter[64]; /* letter.c */
    bool hands_in;
    uint8_t *evidence; /* free()d with the step; oidc.c */
    size_t evidence_len;
    uint64_t due;
} tp_step;

/* For the recorder: work within the transaction, done after it, which frees. */
tp_step *tp_step_new(tp_server *s, tp_request *rq, void (*work)(tp_recorder *, tp_task *),
                     void (*done)(tp_server *, tp_task *, bool));
void tp_step_refuse(tp_step *t, int status, const char *code, const char *detail);
/* Answers the refusal or {state}, wipes and frees. */
void tp_step_done(tp_server *s, tp_task *task, bool durable);
/* Fills in voter and session of a token; answers itself if it is none, or one of somebody who only
 * came near a voter: such a token proves nothing ever, and can only apply (J-32). */
bool tp_step_take_token(tp_server *s, tp_request *rq, tp_step *t, const char *text);
/* The same for a step that such a token may do: t->near says so. */
bool tp_step_take_any(tp_server *s, tp_request *rq, tp_step *t, const char *text);
/* The routes open to the holder of this token, as names. */
json_t *tp_step_routes(const tp_server *s, const tp_step *t, const tp_voter *v);
/* Those of them for somebody who only came near. */
uint8_t tp_near_routes(const tp_server *s, const tp_voter *v);
/* Within a transaction: who holds this token has shown to be its voter. Sets state; refuses when
 * enrolment is over, the voter may not vote online, or has a passkey and did not use it (H-17). */
void tp_step_prove(tp_recorder *r, tp_step *t);
/* Within a transaction: the step's credential is handed in for the voter of its proven token. */
void tp_step_hand_in(tp_recorder *r, tp_task *task);
/* Reads {number, birth_date} or {name, birth_date} and finds that voter; answers itself if the body
 * is bad. */
bool tp_step_find_voter(tp_server *s, tp_request *rq, tp_voter *v, bool *found, unsigned *near);
/* A new token for the voter, with the routes and contacts there are. */
void tp_answer_start(tp_server *s, tp_request *rq, const tp_voter *v);
void tp_answer_near(tp_server *s, tp_request *rq, const tp_voter *v, unsigned near);
/* A credential with its proof of possession; answers itself if it is none. */
bool tp_step_take_credential(tp_request *rq, tp_server *s, tp_step *t, const char *credential,
                             const char *possession);
/* Was this credential handed in or registered before, by anyone? */
TP_MUST_USE tp_err tp_step_key_taken(tp_store *store, const uint8_t credential[static 32],
                                     bool *taken);
/* The names of a set of tp_enrol_route. */
json_t *tp_json_routes(uint8_t routes);
/* near: 0, or why a registrar must look (tp_match_code). */
void tp_token_seal(char out[static TP_TOKEN_TEXT], const tp_server *s, int64_t voter,
                   unsigned near);

/* Not too often from one address; answers itself if it is. Ask: about voters; apply: hand in
 * something for a registrar; step: what a token does; watch: how far it is. A post's visitors may
 * share an address. spec: J-13, H-11, H-18 */
bool tp_may_ask(tp_server *s, tp_request *rq);
bool tp_may_apply(tp_server *s, tp_request *rq);
bool tp_may_step(tp_server *s, tp_request *rq);
bool tp_may_watch(tp_server *s, tp_request *rq);
/* May this voter vote online? Else the fault's code, and what to say. Who has proven nothing is not
 * told that the voter has voted on paper: that looks like another channel (G14). spec: J-10, J-11
 */
const char *tp_not_online(const tp_voter *v, const char **detail);
/* The same for the voter, who has proven it. spec: J-29 */
const char *tp_not_online_own(const tp_voter *v, const char **detail);
bool tp_enrolling(tp_server *s, tp_phase phase);
/* The address that asks (of IPv6 the first 64 bits) under a hash with the server's key, so that the
 * store holds no addresses; zero: a program of this machine. */
void tp_step_source(uint8_t out[static TP_SOURCE], const tp_server *s, const tp_request *rq);
/* Its state as the voter is told: "started", "proven", "waiting", "done", "recorded". */
TP_MUST_USE tp_err tp_enrolment_name(const char **name, tp_store *store, const tp_enrolment *e);

#endif
