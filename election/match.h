/* Is a person who gives a name and a birth date one of the roll? Rules as data, and their engine.
 * spec: J-25, J-26
 */
#ifndef TAPAT_ELECTION_MATCH_H
#define TAPAT_ELECTION_MATCH_H

#include "election/roll.h"

typedef enum { TP_MATCH_NONE, TP_MATCH_REVIEW, TP_MATCH_ACCEPT } tp_match_then;
typedef enum {
    TP_MATCH_EXACT,       /* the same words in the same order */
    TP_MATCH_WORDS,       /* the same words */
    TP_MATCH_ALL_BUT_ONE, /* two or more in common; each name at most one word besides */
    TP_MATCH_INITIALS,    /* word for word, some given by their first letter; one whole in common */
    TP_MATCH_NAMES,
} tp_match_name;
typedef enum {
    TP_MATCH_SAME,
    TP_MATCH_SWAPPED, /* day and month changed places */
    TP_MATCH_YEAR,    /* the same year */
    TP_MATCH_DATES,
} tp_match_date;
extern const char *const tp_match_names[TP_MATCH_NAMES];
extern const char *const tp_match_dates[TP_MATCH_DATES];

typedef struct {
    tp_match_name name;
    tp_match_date birth_date;
    tp_match_then then;
} tp_match_rule;
enum { TP_MATCH_RULES = 16, TP_MATCH_FILE = 16384 };
typedef struct {
    tp_match_rule rule[TP_MATCH_RULES]; /* the first that holds decides */
    size_t count;
} tp_match_rules;

/* What the server looks voters up by: ballots/ph2025/match.json says the same. It accepts for the
 * same birth date alone. spec: J-30 */
extern const tp_match_rules tp_match_default;

/* {"rules": [{"name": .., "birth_date": .., "then": "accept" or "review"}, ..]}, 1 to 16 of them,
 * no member besides. TP_MALFORMED: match.rules. spec: J-25 */
TP_MUST_USE tp_err tp_match_parse(tp_match_rules *rules, const uint8_t *text, size_t len,
                                  tp_fault *fault);

/* A person as rules see one. */
typedef struct {
    char words[TP_ROLL_WORDS], sorted[TP_ROLL_WORDS];
    char birth_date[11];
} tp_match_person;
/* birth_date: YYYY-MM-DD. */
void tp_match_person_set(tp_match_person *p, const char *name, const char *birth_date);

/* What the first rule that holds for the two says; *which is its index. TP_MATCH_NONE: none holds.
 * It does not matter which of the two is a and which b. */
tp_match_then tp_match(const tp_match_rules *rules, const tp_match_person *a,
                       const tp_match_person *b, size_t *which);

/* Why a row went to review, as a number above 0 that does not depend on the order of rules, and its
 * word: that of the birth date if it differs, else that of the name. spec: J-32 */
unsigned tp_match_code(const tp_match_rule *rule);
const char *tp_match_word(unsigned code); /* "": of no rule */
/* The birth date with day and month changed places. */
void tp_match_swapped(char out[static 11], const char date[static 11]);

/* Keys of a person under a rule: two persons for whom the rule holds have a key in common, so that
 * an index by keys finds whom to compare. Returns how many. */
enum { TP_MATCH_KEYS = TP_ROLL_WORDS_MAX + 1 };
size_t tp_match_keys(uint64_t keys[static TP_MATCH_KEYS], const tp_match_rule *rule,
                     const tp_match_person *p);

#endif
