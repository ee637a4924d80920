/* From the rows of the roll to what the board says of them; and rows as they are to be, which come
 * to the server with the changes that officers signed. Native only. spec: J-20..J-23
 */
#ifndef TAPAT_ELECTION_ROLL_TREE_H
#define TAPAT_ELECTION_ROLL_TREE_H

#include "core/merkle/tree.h"
#include "election/electorate.h"

/* A row with all that the store keeps of it; number alone: a row to be removed. */
typedef struct {
    char number[32], name[128], birth_date[11], contact[128], contact2[128], disabled[128];
    uint16_t unit;
    uint8_t channel; /* 0: none, the row is to be removed */
} tp_roll_new_row;
/* A row, canonical or refused (TP_MALFORMED); and the inverse. spec: J-23 */
TP_MUST_USE tp_err tp_roll_new_row_read(tp_roll_new_row *row, tp_reader *r);
void tp_roll_new_row_write(tp_writer *w, const tp_roll_new_row *row);

/* How a row stands, with its leaf; a row without a channel is absent. secret: the roll's. */
void tp_roll_state_of(tp_roll_state *s, const uint8_t secret[static 32],
                      const uint8_t fingerprint[static 32], const tp_roll_new_row *row);

typedef struct {
    tp_hash *leaf;
    size_t count, cap;
    uint8_t units[TP_MAX_UNITS * TP_UNIT_ROLL_LEN]; /* as ROLL has them */
    tp_unit_electors unit[TP_MAX_UNITS];
} tp_roll_tree;
/* TP_SYSTEM: no memory; TP_REFUSED: a state that is absent or of no unit. Begins with zeros. */
TP_MUST_USE tp_err tp_roll_tree_add(tp_roll_tree *t, const tp_roll_state *s);
/* Sorts the leaves and fills e's roll, time and signatures left out; its units lead into t. */
void tp_roll_tree_entry(tp_entry *e, tp_roll_tree *t, size_t unit_count);
void tp_roll_tree_free(tp_roll_tree *t);

#endif
