/* A witness of logs (C2SP tlog-witness): cosigns checkpoints of the logs it was told of, each only
 * if it continues the last one, whoever asks. spec: chapter 8, T-15..T-19.
 */
#ifndef TAPAT_SERVER_WITNESS_H
#define TAPAT_SERVER_WITNESS_H

#include "core/merkle/note.h"

enum {
    TP_WITNESS_PROOF_MAX = 63, /* lines */
    TP_WITNESS_BODY_MAX = 4 + 19 + 1 + 45 * TP_WITNESS_PROOF_MAX + 1 + TP_NOTE_MAX,
    TP_WITNESS_ANSWER_MAX = TP_SIGNATURE_LINE_MAX,
};

typedef struct {
    const char *origin;
    uint8_t key[32]; /* Ed25519, which signs its checkpoints */
} tp_witness_log;

typedef struct {
    const char *name;           /* of the witness's key */
    const uint8_t *seed;        /* 32 bytes, secret */
    const char *state;          /* the folder of what it has cosigned; made if missing */
    const tp_witness_log *logs; /* log_count of them, with distinct origins */
    size_t log_count;
} tp_witness_options;

typedef struct tp_witness tp_witness;

/* Reads what was cosigned before. TP_REFUSED: another process has the folder, or two logs have one
 * origin; TP_MALFORMED: a name or a key is none, or the state cannot be read: rather than begin
 * anew, it does not begin. */
TP_MUST_USE tp_err tp_witness_open(tp_witness **w, const tp_witness_options *o);
void tp_witness_close(tp_witness *w);
/* The public key as a verifier key, with a final NUL. */
void tp_witness_vkey(const tp_witness *w, char out[static TP_VKEY_MAX + 1]);

/* One request's body to an HTTP status, with the answer's body: at 200 the cosignature's line, at
 * 409 the size that was last cosigned. What 200 says is on the disk before this returns. May be
 * called from several threads. spec: T-17, T-18 */
int tp_witness_add(tp_witness *w, const void *body, size_t len,
                   char answer[static TP_WITNESS_ANSWER_MAX], size_t *answer_len);

/* Answers POST /add-checkpoint until SIGTERM or SIGINT; the exit status. */
int tp_witness_serve(tp_witness *w, const char *listen, void (*ready)(void *ctx, unsigned port),
                     void *ctx);

#endif
