/* What the daemon's parts share.
 *
 *   http threads   parse strangers' bytes, cheap checks through read-only connections
 *   check threads  signatures and proofs of ballots, in batches
 *   recorder       the only writer: groups what waits into one durable commit, then answers;
 *                  owns the board's state
 *   publisher      writes the record from the store, behind the recorder, never ahead
 */
#ifndef TAPAT_SERVER_DAEMON_H
#define TAPAT_SERVER_DAEMON_H

#include <pthread.h>

#include "election/board.h"
#include "election/styles.h"
#include "record/record.h"
#include "server/config.h"
#include "server/http.h"
#include "server/limit.h"
#include "server/server.h"
#include "store/store.h"

enum { TP_HTTP_THREADS = 8, TP_ASKED_WINDOW_S = 300 };

typedef struct tp_recorder tp_recorder;
typedef struct tp_checker tp_checker;
typedef struct tp_publisher tp_publisher;
typedef struct tp_oidc tp_oidc;
typedef struct tp_sender tp_sender;
typedef struct tp_funnel_live tp_funnel_live;

/* Ready to check ballots: fixed once all trustees have confirmed. */
typedef struct {
    tp_styles styles;
    tp_keys keys; /* y, y_points, digest: own copies */
    uint8_t *octets;
    size_t octets_len; /* the answer of GET /api/keys */
} tp_ready;

/* What everyone may know, as of the last commit; behind the lock. */
typedef struct {
    tp_phase phase;
    uint32_t batches;
    uint64_t next_batch;                         /* Unix seconds */
    uint64_t size;                               /* of the published record */
    char checkpoint[TP_CHECKPOINT_NOTE_MAX + 1]; /* at that size */
    bool published;                              /* the record holds ACT_PUBLISH */
    uint8_t results[32];                         /* then: hash of the results document */
    const tp_ready *ready;                       /* NULL before the keys are confirmed */
} tp_public;

typedef struct {
    tp_serve_options o;
    char db_path[4096], public_path[4096];
    uint8_t log_secret[64];  /* log.key */
    uint8_t session_key[32]; /* session.key: seals tokens, makes one-time codes */
    tp_config config;
    struct tp_texts *texts; /* of messages */
    uint8_t *manifest_json;
    size_t manifest_len;
    tp_manifest manifest;
    uint64_t voters;                   /* on the roll at the start */
    tp_limit *asking;                  /* who asks about voters */
    tp_limit *applying;                /* who hands in applications */
    tp_limit *stepping, *watching;     /* what a token does; asking how far it is */
    struct tp_once *asked;             /* registrars' requests, by their signatures */
    tp_store *reader[TP_HTTP_THREADS]; /* one for each http thread */
    pthread_rwlock_t record; /* readers of tiles; the publisher while it changes the checkpoint */
    pthread_mutex_t lock;
    tp_public state;
    uint64_t *batch_times; /* behind the lock: time of batch i + 1 */
    size_t batch_times_cap;
    tp_recorder *recorder;
    tp_checker *checker;
    tp_publisher *publisher;
    tp_oidc *oidc;     /* NULL: no post has that route */
    tp_sender *sender; /* NULL: nothing can be sent */
    tp_funnel_live *funnel;
    tp_http *http;
} tp_server;

uint64_t tp_server_now(void); /* Unix seconds */
unsigned tp_server_next_batch_s(tp_server *s);
tp_public tp_server_state(tp_server *s);
tp_store *tp_server_reader(tp_server *s, const tp_request *rq);
/* Makes the keys known (once). */
TP_MUST_USE tp_err tp_server_keys(tp_server *s, const tp_board *b, tp_store *store);
void tp_server_keys_free(tp_server *s);
TP_MUST_USE tp_err tp_log_key_load(const char *data, uint8_t secret[static 64]);
/* The server's own secret, in DATA/session.key; made if there is none. */
TP_MUST_USE tp_err tp_session_key_load(const char *data, uint8_t secret[static 32]);

/* ---- recorder ---- */

/* Something to be written. work runs on the recorder within a transaction: it checks what may have
 * changed since and writes; done runs after the commit (durable) or its failure, and frees. */
typedef struct tp_task tp_task;
struct tp_task {
    void (*work)(tp_recorder *r, tp_task *t);
    void (*done)(tp_server *s, tp_task *t, bool durable);
    bool alone; /* changes the board: a transaction of its own */
    tp_task *next;
};

/* The store and the board as they are; then, once there is a publisher to wake, the thread. */
TP_MUST_USE tp_err tp_recorder_open(tp_server *s);
TP_MUST_USE tp_err tp_recorder_start(tp_server *s);
/* Finishes what was submitted. */
void tp_recorder_stop(tp_server *s);
/* Closes the store, last of all connections, so that it ends as one file. */
void tp_recorder_free(tp_server *s);
void tp_recorder_submit(tp_server *s, tp_task *t);

/* For tasks, on the recorder's thread. */
tp_server *tp_recorder_server(tp_recorder *r);
tp_store *tp_recorder_store(tp_recorder *r);
tp_board *tp_recorder_board(tp_recorder *r);
/* Notes a failure of the store: the whole group is rolled back. */
void tp_recorder_fail(tp_recorder *r, tp_err err);
/* For a task that is alone: rolls its transaction back without calling it a failure. */
void tp_recorder_undo(tp_recorder *r);
/* Closes a batch within the transaction, if anything is new or the board would stand still. */
TP_MUST_USE tp_err tp_recorder_close_batch(tp_recorder *r);
/* Applies an entry to the board and stores it. */
TP_MUST_USE tp_err tp_recorder_append(tp_recorder *r, const uint8_t *bytes, size_t len,
                                      bool signed_ok, tp_fault *fault);

/* ---- publisher ---- */

TP_MUST_USE tp_err tp_publisher_start(tp_server *s);
void tp_publisher_stop(tp_server *s);
void tp_publisher_wake(tp_server *s);
/* Waits until the record has this size; false if it does not within some seconds. Where witnesses
 * must cosign it does not wait. */
bool tp_publisher_wait(tp_server *s, uint64_t size);

/* ---- count ---- */

/* results.csv, malloc'd. */
typedef struct {
    char *bytes;
    size_t len;
} tp_csv_text;
/* Where the store keeps the hash of results.csv, which lies with the documents. */
#define TP_RESULTS_CSV_NAME "results.csv"

/* Is the document of a FREEZE or PUBLISH what the record of this size gives? Codes of the replay,
 * "aggregates.hash", "results.hash". */
TP_MUST_USE tp_err tp_count_check(tp_server *s, uint64_t size, tp_act act,
                                  const tp_reader *document, tp_csv_text *csv, tp_fault *fault);

/* ---- roll ---- */

/* For the recorder's tasks. Is this commitment what the store's roll gives? "roll.root". And from
 * then on the roll changes by the board alone. spec: J-22, J-23 */
TP_MUST_USE tp_err tp_roll_check(tp_recorder *r, const tp_entry *e, tp_fault *fault);
TP_MUST_USE tp_err tp_roll_committed(tp_recorder *r);
/* Do the changes fit the roll, and the rows that came with them the changes? "roll.row",
 * "roll.enrolled". And the rows into the store. spec: J-23 */
TP_MUST_USE tp_err tp_roll_check_changes(tp_recorder *r, const tp_entry *e, tp_reader rows,
                                         tp_fault *fault);
TP_MUST_USE tp_err tp_roll_apply_changes(tp_recorder *r, tp_reader rows);

/* ---- checker ---- */

typedef struct tp_cast tp_cast;
struct tp_cast {
    tp_task task; /* first: the recorder's view */
    tp_server *server;
    tp_request *rq;
    uint8_t *bytes;
    size_t len;
    tp_ballot ballot; /* points into bytes */
    tp_store_ballot row;
    bool again;             /* was there already */
    tp_store_ballot newest; /* of the credential, where its chain refuses this one */
    int status;             /* of a refusal; 0: none */
    tp_fault fault;
    tp_cast *next;
};

TP_MUST_USE tp_err tp_checker_start(tp_server *s);
void tp_checker_stop(tp_server *s);
/* False: too many wait, or this credential has just signed a false proof. */
bool tp_checker_submit(tp_server *s, tp_cast *c);
/* Called by the checker for each ballot: on to the recorder, or refused. */
void tp_cast_checked(tp_cast *c, tp_err err, const char *code);

/* Other work of some milliseconds. False: too much waits. */
typedef struct tp_errand tp_errand;
struct tp_errand {
    void (*run)(tp_server *s, tp_errand *e);
    tp_errand *next;
};
bool tp_checker_errand(tp_server *s, tp_errand *e);

/* ---- identity provider ---- */

TP_MUST_USE tp_err tp_oidc_start(tp_server *s);
void tp_oidc_stop(tp_server *s);

/* ---- the funnel ---- */

TP_MUST_USE tp_err tp_funnel_start(tp_server *s);
void tp_funnel_stop(tp_server *s);
/* Everything (whole), for officers, or what may be published. */
void tp_funnel_answer(tp_server *s, tp_request *rq, bool whole);

/* ---- pages ---- */

void tp_pages_serve(tp_request *rq, void *server);

/* ---- proofs ---- */

typedef struct json_t json_t;
/* Adds batch, batch_time, leaf, proof and checkpoint of a ballot below state->size. The caller
 * holds s->record for reading since before it took the state. */
TP_MUST_USE tp_err tp_add_inclusion(tp_server *s, json_t *answer, const tp_public *state,
                                    const tp_store_ballot *b);

/* ---- routes ---- */

extern const tp_route tp_routes[];
void tp_get_election(tp_request *rq, void *server);
void tp_get_manifest(tp_request *rq, void *server);
void tp_get_keys(tp_request *rq, void *server);
void tp_get_tracker(tp_request *rq, void *server);
void tp_get_results(tp_request *rq, void *server);
void tp_get_board(tp_request *rq, void *server);
void tp_get_outbox(tp_request *rq, void *server);
void tp_get_funnel(tp_request *rq, void *server);
void tp_get_messages(tp_request *rq, void *server);
void tp_post_lookup(tp_request *rq, void *server);
void tp_post_enrol_again(tp_request *rq, void *server);
void tp_post_enrol_apply(tp_request *rq, void *server);
void tp_post_enrol_start(tp_request *rq, void *server);
void tp_post_enrol_send(tp_request *rq, void *server);
void tp_post_enrol_code(tp_request *rq, void *server);
void tp_post_enrol_credential(tp_request *rq, void *server);
void tp_post_enrol_status(tp_request *rq, void *server);
void tp_post_oidc(tp_request *rq, void *server);
void tp_post_oidc_finish(tp_request *rq, void *server);
void tp_post_passkey_new(tp_request *rq, void *server);
void tp_post_passkey_add(tp_request *rq, void *server);
void tp_post_passkey_ask(tp_request *rq, void *server);
void tp_post_passkey_prove(tp_request *rq, void *server);
void tp_post_credential(tp_request *rq, void *server);
void tp_post_ballot(tp_request *rq, void *server);
void tp_post_entry(tp_request *rq, void *server);
void tp_post_waiting(tp_request *rq, void *server);
void tp_post_enrol_document(tp_request *rq, void *server);
void tp_post_enrol_submit(tp_request *rq, void *server);
void tp_post_document_read(tp_request *rq, void *server);
void tp_post_refusal(tp_request *rq, void *server);
void tp_post_funnel(tp_request *rq, void *server);
void tp_post_letter(tp_request *rq, void *server);
void tp_post_report(tp_request *rq, void *server);
void tp_post_registrations(tp_request *rq, void *server);

#endif
