/* What the files of `tapat registrar` share. */
#ifndef TAPAT_CLI_REGISTRAR_H
#define TAPAT_CLI_REGISTRAR_H

#include "cli/cli.h"
#include "election/desk.h"
#include "election/enrol.h"

typedef struct registrar_proofs registrar_proofs;

typedef struct {
    tp_http *http;
    tp_manifest manifest;
    tp_registrar_keys keys;
    uint16_t index;       /* of the registrar, from 1 */
    bool yes;             /* sign without asking */
    bool trusting;        /* and on the server's word */
    const char *opinions; /* a folder, or NULL */
    const char *key_file;
    registrar_proofs *proofs;
} desk;

typedef struct {
    bool list, watch;
    tp_arg_list approve;
    const char *reject, *reason, *documents, *out;
} registrar_verbs;

/* ---- what voters showed: registrar_evidence.c ---- */

typedef struct {
    const char *key;                            /* the key file, whose book is beside it */
    const char *letters, *roll, *provider_keys; /* files, or NULL */
} registrar_sources;
/* Exit code. */
int registrar_proofs_open(desk *d, const registrar_sources *s);
void registrar_proofs_close(desk *d);

typedef enum {
    REGISTRAR_HOLDS, /* whatever the server says */
    REGISTRAR_WORD,  /* if the server can be believed */
    REGISTRAR_FALSE, /* no */
} registrar_verdict;
/* Did the voter of this row show who they are? *why: what is wrong or missing. spec: L-23, L-24 */
registrar_verdict registrar_look(const desk *d, const json_t *row, const char **why);
/* What this registrar knows against a row that proves nothing by itself; NULL: nothing. */
const char *registrar_against(const desk *d, const json_t *row);
/* May this row be signed as it was asked for: by a person, with --yes, on the server's word? */
bool registrar_may_sign(desk *d, const json_t *row);
/* Says once why a row was left. */
void registrar_say_left(desk *d, const json_t *row);
/* Puts rows into the book; false: they must not be signed. */
bool registrar_note(desk *d, const json_t *rows);
bool registrar_refresh(desk *d);
/* While nothing waits: sees what keys the identity provider has, once an hour. */
void registrar_idle(desk *d);

/* ---- documents ---- */

/* The key that this application asks for; false: it does not wait, which was said. */
bool registrar_credential(desk *d, const char *id, uint8_t credential[static 32]);
/* The sealed document of this kind; status 404: there is none. */
tp_answer registrar_document(desk *d, const char *id, unsigned kind);
/* Opens an application's documents into a folder, and notes for which key. Exit code. */
int registrar_documents(desk *d, const char *id, const char *out);
/* Were the documents of this application opened here, sealed for this very key? spec: L-25 */
bool registrar_opened(const desk *d, const char *id, const char *credential);
/* Prints what an outside check wrote of this application, if it did. */
void registrar_opinion(const desk *d, const char *id);

#endif
