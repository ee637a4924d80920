/* What officers sign, passed from one to the next: for the acts (officer.c) and for the roll
 * (roll_chain.c); and registrars, a cancel (cancel.c). */
#ifndef TAPAT_CLI_ACT_H
#define TAPAT_CLI_ACT_H

#include "cli/cli.h"

typedef struct {
    const char *record, *server, *out, *add, *remember;
    const char *proof;    /* of an approval: the digest of what the officers read */
    tp_arg_list officers; /* or registrars, of a cancel */
} act_args;

typedef struct {
    tp_entry entry;
    uint8_t *document; /* malloc'd or NULL */
    size_t document_len;
    uint8_t *file; /* the bytes that entry points into, when read from a file */
} act_draft;

#define ACT_OPTIONS(a)                                                                             \
    {"--record", "DIR", TP_ARG_TEXT, &(a).record, "the public record"},                            \
        {"--officer", "FILE", TP_ARG_LIST, &(a).officers, "key file of an officer who signs"},     \
        {"--server", "URL", TP_ARG_TEXT, &(a).server, "send the act when enough have signed"},     \
        {"--out", "FILE", TP_ARG_TEXT, &(a).out, "write it to a file for the next officer"},       \
        {"--add", "FILE", TP_ARG_TEXT, &(a).add, "add signatures to such a file"}

/* Ends the program unless the options make sense. */
void tp_act_require(const act_args *a);
/* Takes another officer's draft if there is one and it is of what `own` says, signs it and passes
 * it on or sends it. Exit code. */
int tp_act_finish(act_draft *own, const act_args *a, const tp_manifest *m);
void tp_act_free(act_draft *d);

#endif
