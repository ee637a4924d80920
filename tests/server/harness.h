/* A real daemon on a loopback port, in a process of its own, and a small HTTP client. */
#ifndef TAPAT_TESTS_SERVER_HARNESS_H
#define TAPAT_TESTS_SERVER_HARNESS_H

#include <sys/types.h>

#include "server/server.h"
#include "store/store.h"
#include "tests/election/fixture.h"

typedef struct {
    char dir[64], data[96], manifest[96], log[96];
    tp_serve_options options; /* for the next start; listen, data and manifest are filled in */
    pid_t pid;
    unsigned port;
    bool rolled;
    fixture f;
} daemon_scene;

/* A new data folder with the fixture's log key and manifest; `from` and `to` change the manifest
 * (NULL: nothing). */
void scene_init(daemon_scene *d, const char *from, const char *to);
/* Starts the daemon and waits until it serves; true if it does. */
bool scene_start(daemon_scene *d);
/* Sends a signal, waits for the end; the exit status, or 128 + the signal that ended it. */
int scene_stop(daemon_scene *d, int signal_number);
/* Ends the daemon and removes everything. */
void scene_free(daemon_scene *d);

/* ---- client ---- */

typedef struct {
    int status; /* 0: the connection ended without an answer */
    char *head; /* NUL-terminated */
    char *body; /* NUL-terminated */
    size_t len;
} reply;

int client_connect(const daemon_scene *d);
/* Sends octets as they are; false if the other side is gone. */
bool client_send(int fd, const void *bytes, size_t len);
/* The next answer on this connection. */
reply client_read(int fd);
reply http_get(const daemon_scene *d, const char *path);
reply http_post(const daemon_scene *d, const char *path, const void *body, size_t len);
reply http_json(const daemon_scene *d, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void reply_free(reply *r);
/* The body as JSON, to be given back with json_decref; fails the test if it is none. */
json_t *reply_json(const reply *r);
/* Fails the test unless status and problem code are these; frees the reply. */
void expect_problem(reply r, int status, const char *code);
/* Fails the test unless the status is this one; frees the reply. */
void expect_status(reply r, int status);

/* ---- the election ---- */

/* Posts an entry with its document. */
reply post_entry(const daemon_scene *d, const uint8_t *bytes, size_t len, const void *document,
                 size_t document_len);
/* The ceremony's entries out of the fixture; then registrations of voters first..end-1; the
 * commitment to the store's roll (to one voter for each of the fixture's, if it is empty), and the
 * act that opens, with the commitment before it if none was made. */
void run_ceremony(daemon_scene *d);
void run_enrol(daemon_scene *d, size_t first, size_t end);
void run_roll(daemon_scene *d);
void run_open(daemon_scene *d);
/* The store of the daemon, beside it. */
tp_store *scene_store(const daemon_scene *d);
/* The secret of the roll that run_roll makes. */
extern const uint8_t scene_roll_secret[32];
reply post_act(daemon_scene *d, tp_act act, const uint8_t *subject, uint16_t reason,
               const void *document, size_t len);
/* The voter's next ballot, sealed; choices alternate with v. */
size_t seal(daemon_scene *d, uint8_t *out, size_t voter);
/* Moves the voter's credential on to this ballot. */
void moved(daemon_scene *d, size_t voter, const uint8_t *ballot, size_t len);
/* Casts the voter's next ballot: 201, and moves on. */
void cast(daemon_scene *d, size_t voter);
/* Waits until the tracker of this ballot is `state`; false after some seconds. */
bool wait_for(const daemon_scene *d, const uint8_t *ballot, size_t len, const char *state);
/* POST /api/credential, signed by `signer` at `late_s` seconds from now: what voter's answer is. */
reply ask_credential(daemon_scene *d, size_t voter, size_t signer, int late_s);
/* Waits until every accepted ballot of the credential is recorded. */
void wait_recorded(daemon_scene *d, size_t voter);
/* A member of GET /api/election. */
int64_t board_size(const daemon_scene *d);

#endif
