/* The roll's rows and names: what a row of its CSV must be, and how names compare.
 * spec: chapter 11.
 */
#ifndef TAPAT_ELECTION_ROLL_H
#define TAPAT_ELECTION_ROLL_H

#include "election/csv.h"
#include "election/manifest.h"

/* The columns. The header may come in any order, have others beside these, and call these by other
 * names. */
typedef enum {
    TP_ROLL_NUMBER,
    TP_ROLL_NAME,
    TP_ROLL_BIRTH_DATE,
    TP_ROLL_CONTACT,
    TP_ROLL_UNIT,
    TP_ROLL_CHANNEL,  /* a file may lack these two */
    TP_ROLL_CONTACT2, /* a second way to the voter, such as a phone beside an e-mail */
    TP_ROLL_COLUMNS,
} tp_roll_column;
extern const char *const tp_roll_columns[TP_ROLL_COLUMNS];

/* The ways to vote, by the numbers that the store keeps: 1 online, 2 post, 3 mail. */
enum { TP_ROLL_CHANNELS = 3 };
extern const char *const tp_roll_channels[TP_ROLL_CHANNELS + 1];
/* 0: no such channel. */
unsigned tp_roll_channel(const char *name);

typedef struct {
    const char *header[TP_ROLL_COLUMNS]; /* what the file calls it; "": the file has none */
    int at[TP_ROLL_COLUMNS];             /* where; -1: nowhere */
    size_t count;                        /* fields of the header */
    uint16_t unit;                       /* of the row before, looked at first */
} tp_roll_map;

typedef struct {
    char number[32];
    char name[128];
    char birth_date[11];              /* YYYY-MM-DD */
    char contact[128], contact2[128]; /* "": none */
    uint16_t unit;
    unsigned channel;               /* 0: not said */
    bool has_contact, has_contact2; /* the file has the column */
} tp_roll_row;

/* Every column by its own name. */
void tp_roll_map_init(tp_roll_map *map);
/* Finds the columns in the header, which is c's record. TP_REFUSED: *column is missing or stands
 * twice. Number, name, birth date and unit must be there; contact too unless its header is "".
 * spec: J-3 */
TP_MUST_USE tp_err tp_roll_map_header(tp_roll_map *map, const tp_csv *c, tp_roll_column *column);
/* Reads c's record; NULL, or why it is refused. m: names the units. spec: J-4 */
const tp_row_fault *tp_roll_row_read(tp_roll_row *row, const tp_csv *c, tp_roll_map *map,
                                     const tp_manifest *m);

/* A day from 1890 to 2100 as YYYY-MM-DD. */
bool tp_roll_is_date(const char *text);

enum { TP_ROLL_WORDS = 192, TP_ROLL_WORDS_MAX = 16 };
/* The words that a name is searched and compared by: lower case, without diacritics, apostrophes
 * and other marks, one space between; at most TP_ROLL_WORDS_MAX. Returns how many. Bytes that are
 * no UTF-8 separate words. spec: J-5 */
size_t tp_roll_words(char out[static TP_ROLL_WORDS], const char *text);
/* The same words in ascending order, each once. */
size_t tp_roll_words_sorted(char out[static TP_ROLL_WORDS], const char *text);

#endif
