/* What the commands of `tapat` share: options, exit codes, files, progress, the HTTP client.
 *
 * Exit codes: 0 done and true; 1 a check failed or a rule refused; 2 the call is wrong; 3 the
 * machine or network failed.
 */
#ifndef TAPAT_CLI_CLI_H
#define TAPAT_CLI_CLI_H

#include <jansson.h>
#include <stdio.h>

#include "election/ceremony.h"
#include "record/record.h"

enum { TP_EXIT_OK = 0, TP_EXIT_REFUSED = 1, TP_EXIT_USAGE = 2, TP_EXIT_SYSTEM = 3 };

/* ---- options ---- */

typedef enum { TP_ARG_FLAG, TP_ARG_TEXT, TP_ARG_NUMBER, TP_ARG_LIST } tp_arg_kind;

enum { TP_ARG_LIST_MAX = 32 };
typedef struct {
    const char *items[TP_ARG_LIST_MAX];
    size_t count;
} tp_arg_list;

/* dest: bool, const char *, uint64_t or tp_arg_list by kind. */
typedef struct {
    const char *name, *value; /* "--server", "URL" (NULL for a flag) */
    tp_arg_kind kind;
    void *dest;
    const char *help;
} tp_arg;
#define TP_ARG_END {NULL, NULL, TP_ARG_FLAG, NULL, NULL}

/* Reads options in any order and up to max other words. On --help prints usage and exits 0; on a
 * bad call says what is wrong and exits 2. Returns the number of other words. */
size_t tp_args(int argc, char **argv, const char *usage, const char *about, const tp_arg *table,
               const char **words, size_t max);
/* Ends the program with TP_EXIT_USAGE and the message. */
_Noreturn void tp_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Control characters in a stranger's words become question marks: nothing moves on a terminal. */
void tp_harmless(char *text);
/* Prints "tapat: ..." to stderr and returns the exit code given: return tp_say(...) */
int tp_say(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same for a fault, with the exit code of its class. */
int tp_say_fault(const tp_fault *f, const char *what);

/* ---- files and hex ---- */

/* malloc'd; a NUL follows the bytes. NULL: the reason was said. */
uint8_t *tp_load_file(const char *path, size_t *len, size_t max);
/* Atomic (temporary file, fsync, rename). False: the reason was said. */
bool tp_save_file(const char *path, const void *bytes, size_t len, bool secret);
/* Makes the names in the folder of this file durable. */
bool tp_sync_folder(const char *path);
void tp_hex(char *out, const uint8_t *bytes, size_t len); /* 2*len+1 */
bool tp_unhex(uint8_t *out, size_t len, const char *hex); /* exactly 2*len lower-case digits */
void tp_random(void *out, size_t len);                    /* of the system; aborts without it */
uint64_t tp_unix_time(void);                              /* Unix seconds */
unsigned tp_cores(void);

/* Items, rate and time left, on a terminal only. */
void tp_progress_print(void *ctx, const char *what, uint64_t done, uint64_t total);

/* ---- key files ---- */

/* A seed and what it is for; the file is sealed with a passphrase unless made without one. */
typedef struct {
    char role[16], name[TP_MAX_TEXT + 1];
    uint8_t seed[32];
    tp_trustee_keys keys; /* derived; officers and registrars use the identity key,
                             witnesses none of them */
} tp_key_file;
/* False: the reason was said. role: NULL takes any. */
bool tp_key_load(tp_key_file *k, const char *path, const char *role);
/* Writes one without a passphrase, of the role, name and seed in k; derives its keys. False: the
 * reason was said. */
bool tp_key_save_plain(tp_key_file *k, const char *path);
/* The position of the key in a college, from 1, or 0 with a message. */
int tp_key_index(const tp_key_file *k, const tp_college *college, const char *what);

/* ---- HTTP ---- */

typedef struct tp_http tp_http;
typedef struct {
    long status;    /* 0: no answer */
    uint8_t *bytes; /* of the body, NUL follows; owned by the connection until its next call */
    size_t len;
} tp_answer;
tp_http *tp_http_open(const char *base);
void tp_http_close(tp_http *h);
tp_answer tp_http_get(tp_http *h, const char *path);
tp_answer tp_http_post(tp_http *h, const char *path, const char *type, const void *body,
                       size_t len);
/* POSTs body (stolen) and parses JSON; NULL if the answer is none. *status as above. */
json_t *tp_http_json(tp_http *h, const char *path, json_t *body, long *status);
/* Says what a refusing answer said; returns the exit code. */
int tp_say_answer(const tp_answer *a, const char *what);
/* Sends a signed entry, with the document that it names if any. Exit code. */
int tp_submit(const char *server, const uint8_t *entry, size_t len, const uint8_t *document,
              size_t document_len);

/* Opens DIR and replays it with progress; threads 0: one for each processor. remember: a file for
 * what was checked (below), or NULL. Exit code. */
int tp_load_record(tp_record **r, tp_replay *p, const char *dir, const tp_replay_options *o,
                   const char *remember);

/* What an earlier replay checked, kept in a file of the user's own: --remember. No file, or NULL:
 * nothing. Exit codes. */
#define TP_REMEMBER_OPTION(dest)                                                                   \
    {"--remember", "FILE", TP_ARG_TEXT, dest,                                                      \
     "a file of one's own: what was checked is noted there and not checked again"}
int tp_load_remembered(tp_remembered *m, const char *path);
int tp_save_remembered(const tp_remembered *m, const char *path);

/* ---- the commands, one file each ---- */

int tp_cmd_key(int argc, char **argv);
int tp_cmd_define(int argc, char **argv);
int tp_cmd_rehearse(int argc, char **argv);
int tp_cmd_approve(int argc, char **argv);
int tp_cmd_open(int argc, char **argv);
int tp_cmd_close(int argc, char **argv);
int tp_cmd_exclude(int argc, char **argv);
int tp_cmd_cancel(int argc, char **argv);
int tp_cmd_roll(int argc, char **argv);
int tp_cmd_trustee(int argc, char **argv);
int tp_cmd_registrar(int argc, char **argv);
int tp_cmd_letter(int argc, char **argv);
int tp_cmd_message(int argc, char **argv);
int tp_cmd_serve(int argc, char **argv);
int tp_cmd_board(int argc, char **argv);
int tp_cmd_witness(int argc, char **argv);
int tp_cmd_mirror(int argc, char **argv);
int tp_cmd_submit(int argc, char **argv);
int tp_cmd_tally(int argc, char **argv);
int tp_cmd_verify(int argc, char **argv);
int tp_cmd_archive(int argc, char **argv);
int tp_cmd_simulate(int argc, char **argv);
int tp_cmd_bench(int argc, char **argv);

#endif
