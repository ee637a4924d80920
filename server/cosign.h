/* The log's side of witnesses: asks them to cosign a checkpoint. One thread. spec: T-19. */
#ifndef TAPAT_SERVER_COSIGN_H
#define TAPAT_SERVER_COSIGN_H

#include "election/manifest.h"

typedef struct tp_cosigner tp_cosigner;

/* urls: prefixes of the witnesses' add-checkpoint, as many as you know; they and the manifest
 * outlive it. record: the folder whose tiles make the consistency proofs. */
TP_MUST_USE tp_err tp_cosigner_open(tp_cosigner **c, const tp_manifest *m, const char *const *urls,
                                    size_t count, const char *record);
void tp_cosigner_close(tp_cosigner *c);

/* Adds witnesses' lines to a note with the log's line, for a tree of `size` whose tiles are in the
 * folder. Asks again, ever more slowly, until the manifest's quorum has cosigned; once it has,
 * waits for the others briefly. TP_REFUSED: go_on gave false before; TP_TOO_BIG: no room. */
TP_MUST_USE tp_err tp_cosigner_run(tp_cosigner *c, tp_writer *note, uint64_t size,
                                   bool (*go_on)(void *ctx), void *ctx);

#endif
