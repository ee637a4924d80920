/* What a voter showed for the credential that is handed in: kept for the registrars, who check it
 * themselves and need not believe this server (G1). spec: L-20..L-24. */
#ifndef TAPAT_SERVER_EVIDENCE_H
#define TAPAT_SERVER_EVIDENCE_H

#include "server/step.h"

/* Within a transaction: who holds the token of this step has shown to be its voter, and hands in
 * the step's credential with this evidence. Refuses as tp_step_prove and tp_step_hand_in do.
 * kept: the credential waits, and the evidence with it. */
void tp_evidence_take(tp_recorder *r, tp_step *t, uint8_t route, const void *bytes, size_t len,
                      bool *kept);
/* As `evidence` of a row for the registrars; null: none. spec: H-19 */
json_t *tp_evidence_json(tp_store *store, const uint8_t credential[static 32], tp_err *err);

#endif
