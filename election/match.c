/* Matching rules: match.h. Pure: the same two persons and rules give the same answer, in either
 * order. spec: J-25, J-26 */
#include "election/match.h"

#include <jansson.h>
#include <sodium.h>
#include <string.h>

const char *const tp_match_names[TP_MATCH_NAMES] = {"exact", "words", "all-but-one", "initials"};
const char *const tp_match_dates[TP_MATCH_DATES] = {"same", "day-month-swapped", "year"};
static const char *const thens[] = {"none", "review", "accept"};

/* ---- rules ---- */

const tp_match_rules tp_match_default = {
    .rule = {{TP_MATCH_WORDS, TP_MATCH_SAME, TP_MATCH_ACCEPT},
             {TP_MATCH_ALL_BUT_ONE, TP_MATCH_SAME, TP_MATCH_REVIEW},
             {TP_MATCH_INITIALS, TP_MATCH_SAME, TP_MATCH_REVIEW},
             {TP_MATCH_WORDS, TP_MATCH_SWAPPED, TP_MATCH_REVIEW}},
    .count = 4,
};

/* The index of a member's text in the list; -1: not there. */
static int one_of(const json_t *object, const char *member, const char *const *list, int count) {
    const char *text = json_string_value(json_object_get(object, member));
    for (int i = 0; text && i < count; i++)
        if (!strcmp(text, list[i])) return i;
    return -1;
}

static tp_err parse_rule(tp_match_rule *r, const json_t *object, size_t i, tp_fault *fault) {
    int name = one_of(object, "name", tp_match_names, TP_MATCH_NAMES);
    int date = one_of(object, "birth_date", tp_match_dates, TP_MATCH_DATES);
    int then = one_of(object, "then", thens, 3);
    if (json_object_size(object) != 3 || name < 0 || date < 0 || then < TP_MATCH_REVIEW)
        return tp_fail(fault, TP_MALFORMED, "match.rules", "rule %zu", i + 1);
    *r = (tp_match_rule){(tp_match_name)name, (tp_match_date)date, (tp_match_then)then};
    return TP_OK;
}

tp_err tp_match_parse(tp_match_rules *rules, const uint8_t *text, size_t len, tp_fault *fault) {
    json_error_t error;
    json_t *root = json_loadb((const char *)text, len, JSON_REJECT_DUPLICATES, &error);
    const json_t *list = json_object_get(root, "rules");
    size_t count = json_array_size(list);
    tp_err err = TP_OK;
    memset(rules, 0, sizeof *rules);
    if (!root)
        err = tp_fail(fault, TP_MALFORMED, "match.rules", "line %d", error.line);
    else if (json_object_size(root) != 1 || !count || count > TP_MATCH_RULES)
        err = tp_fail(fault, TP_MALFORMED, "match.rules", "1 to %d rules", TP_MATCH_RULES);
    for (size_t i = 0; !err && i < count; i++)
        err = parse_rule(&rules->rule[i], json_array_get(list, i), i, fault);
    if (!err)
        rules->count = count;
    else
        memset(rules, 0, sizeof *rules);
    json_decref(root);
    return err;
}

/* ---- persons ---- */

void tp_match_person_set(tp_match_person *p, const char *name, const char *birth_date) {
    memset(p, 0, sizeof *p);
    tp_roll_words(p->words, name);
    tp_roll_words_sorted(p->sorted, name);
    for (size_t i = 0; i < sizeof p->birth_date - 1 && birth_date[i]; i++)
        p->birth_date[i] = birth_date[i];
}

/* ---- dates: YYYY-MM-DD ---- */

void tp_match_swapped(char out[static 11], const char date[static 11]) {
    memcpy(out, date, 11);
    memcpy(out + 5, date + 8, 2);
    memcpy(out + 8, date + 5, 2);
}

static bool dates_meet(tp_match_date rule, const tp_match_person *a, const tp_match_person *b) {
    char swapped[11];
    if (rule == TP_MATCH_YEAR) return !memcmp(a->birth_date, b->birth_date, 4);
    if (rule == TP_MATCH_SAME) return !strcmp(a->birth_date, b->birth_date);
    tp_match_swapped(swapped, a->birth_date);
    return strcmp(swapped, a->birth_date) != 0 && !strcmp(swapped, b->birth_date);
}

/* ---- words ---- */

typedef struct {
    const char *at;
    size_t len;
} word;

/* The words of text, which has one space between. */
static size_t split(word out[static TP_ROLL_WORDS_MAX], const char *text) {
    size_t count = 0;
    while (*text && count < TP_ROLL_WORDS_MAX) {
        size_t len = strcspn(text, " ");
        out[count++] = (word){text, len};
        text += len + (text[len] == ' ');
    }
    return count;
}

static int compare(word a, word b) {
    size_t len = a.len < b.len ? a.len : b.len;
    int order = memcmp(a.at, b.at, len);
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* The bytes of the first letter. */
static size_t first_letter(word w) {
    size_t len = 1;
    while (len < w.len && ((uint8_t)w.at[len] & 0xc0) == 0x80)
        len++;
    return len;
}

static bool is_initial(word w) {
    return first_letter(w) == w.len;
}

/* The words of two names, sorted: how many both have, and the others of each. */
typedef struct {
    size_t common, whole; /* whole: of the common those of more than a letter */
    word a[TP_ROLL_WORDS_MAX], b[TP_ROLL_WORDS_MAX];
    size_t a_count, b_count;
} difference;

static void differ(difference *d, const tp_match_person *x, const tp_match_person *y) {
    word a[TP_ROLL_WORDS_MAX], b[TP_ROLL_WORDS_MAX];
    size_t m = split(a, x->sorted), n = split(b, y->sorted), i = 0, j = 0;
    memset(d, 0, sizeof *d);
    while (i < m || j < n) {
        int order = i == m ? 1 : j == n ? -1 : compare(a[i], b[j]);
        if (order < 0) d->a[d->a_count++] = a[i++];
        if (order > 0) d->b[d->b_count++] = b[j++];
        if (order) continue;
        d->common++;
        d->whole += !is_initial(a[i]);
        i++, j++;
    }
}

/* Words left over pair off in their order: sorted, they stand by first letters, and each word is
 * there once, so no letter has two initials on one side. */
static bool initials_pair(const difference *d) {
    if (d->a_count != d->b_count || !d->whole) return false;
    for (size_t i = 0; i < d->a_count; i++) {
        size_t letter = first_letter(d->a[i]);
        if (first_letter(d->b[i]) != letter || memcmp(d->a[i].at, d->b[i].at, letter) != 0 ||
            is_initial(d->a[i]) == is_initial(d->b[i]))
            return false;
    }
    return true;
}

static bool names_meet(tp_match_name rule, const tp_match_person *a, const tp_match_person *b) {
    difference d;
    if (!*a->words || !*b->words) return false;
    if (rule == TP_MATCH_EXACT) return !strcmp(a->words, b->words);
    if (rule == TP_MATCH_WORDS) return !strcmp(a->sorted, b->sorted);
    differ(&d, a, b);
    if (rule == TP_MATCH_ALL_BUT_ONE) return d.common >= 2 && d.a_count <= 1 && d.b_count <= 1;
    return initials_pair(&d);
}

tp_match_then tp_match(const tp_match_rules *rules, const tp_match_person *a,
                       const tp_match_person *b, size_t *which) {
    for (*which = 0; *which < rules->count; ++*which) {
        const tp_match_rule *r = &rules->rule[*which];
        if (dates_meet(r->birth_date, a, b) && names_meet(r->name, a, b)) return r->then;
    }
    return TP_MATCH_NONE;
}

unsigned tp_match_code(const tp_match_rule *rule) {
    return 1 + (unsigned)rule->name * TP_MATCH_DATES + (unsigned)rule->birth_date;
}

const char *tp_match_word(unsigned code) {
    if (!code || code > (unsigned)TP_MATCH_NAMES * TP_MATCH_DATES) return "";
    unsigned date = (code - 1) % TP_MATCH_DATES;
    return date ? tp_match_dates[date] : tp_match_names[(code - 1) / TP_MATCH_DATES];
}

/* ---- keys ---- */

/* Of bytes that strangers may choose: what they win by two of one key is a comparison more. */
static uint64_t hash(const char *text, size_t len) {
    static const uint8_t key[crypto_shorthash_KEYBYTES] = "tapat-v1 match";
    uint8_t out[crypto_shorthash_BYTES];
    crypto_shorthash(out, (const uint8_t *)text, len, key);
    return tp_get_u64be(out);
}

/* The date as the rule sees it, and after it the words but one (none left out: skip TP_.._MAX). */
static uint64_t key_of(const char *date, size_t date_len, const word *w, size_t count, size_t skip,
                       bool letters) {
    char text[2 * TP_ROLL_WORDS];
    size_t len = date_len;
    memcpy(text, date, date_len);
    for (size_t i = 0; i < count; i++) {
        if (i == skip) continue;
        size_t n = letters ? first_letter(w[i]) : w[i].len;
        text[len++] = ' ';
        memcpy(text + len, w[i].at, n);
        len += n;
    }
    return hash(text, len);
}

size_t tp_match_keys(uint64_t keys[static TP_MATCH_KEYS], const tp_match_rule *rule,
                     const tp_match_person *p) {
    word w[TP_ROLL_WORDS_MAX];
    char date[11], swapped[11];
    bool exact = rule->name == TP_MATCH_EXACT, one_less = rule->name == TP_MATCH_ALL_BUT_ONE;
    size_t used = 0, count = split(w, exact ? p->words : p->sorted);
    size_t date_len = rule->birth_date == TP_MATCH_YEAR ? 4 : 10;
    memcpy(date, p->birth_date, sizeof date);
    tp_match_swapped(swapped, date);
    if (rule->birth_date == TP_MATCH_SWAPPED && strcmp(swapped, date) < 0)
        memcpy(date, swapped, sizeof date);
    bool letters = rule->name == TP_MATCH_INITIALS;
    keys[used++] = key_of(date, date_len, w, count, TP_ROLL_WORDS_MAX, letters);
    for (size_t i = 0; one_less && count > 2 && i < count; i++)
        keys[used++] = key_of(date, date_len, w, count, i, false);
    return used;
}
