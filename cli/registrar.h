/* What the files of `tapat registrar` share. */
#ifndef TAPAT_CLI_REGISTRAR_H
#define TAPAT_CLI_REGISTRAR_H

#include "cli/cli.h"
#include "election/desk.h"
#include "election/enrol.h"

typedef struct {
    tp_http *http;
    tp_manifest manifest;
    tp_registrar_keys keys;
    uint16_t index;       /* of the registrar, from 1 */
    bool yes;             /* sign without asking */
    const char *opinions; /* a folder, or NULL */
} desk;

typedef struct {
    bool list, watch;
    tp_arg_list approve;
    const char *reject, *reason, *documents, *out;
} registrar_verbs;

/* The key that this application asks for; false: it does not wait, which was said. */
bool registrar_credential(desk *d, const char *id, uint8_t credential[static 32]);
/* The sealed document of this kind; status 404: there is none. */
tp_answer registrar_document(desk *d, const char *id, unsigned kind);
/* Opens an application's documents into a folder. Exit code. */
int registrar_documents(desk *d, const char *id, const char *out);
/* Prints what an outside check wrote of this application, if it did. */
void registrar_opinion(const desk *d, const char *id);

#endif
