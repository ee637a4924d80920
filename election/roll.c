/* Rows of the roll and words of names: roll.h. spec: chapter 11. */
#include "election/roll.h"

#include <stdlib.h>
#include <string.h>

const char *const tp_roll_columns[TP_ROLL_COLUMNS] = {"number", "name",    "birth_date", "contact",
                                                      "unit",   "channel", "contact2"};
const char *const tp_roll_channels[TP_ROLL_CHANNELS + 1] = {"", "online", "post", "mail"};

unsigned tp_roll_channel(const char *name) {
    for (unsigned i = 1; i <= TP_ROLL_CHANNELS; i++)
        if (!strcmp(name, tp_roll_channels[i])) return i;
    return 0;
}

/* ---- columns ---- */

void tp_roll_map_init(tp_roll_map *map) {
    memset(map, 0, sizeof *map);
    for (size_t i = 0; i < TP_ROLL_COLUMNS; i++)
        map->header[i] = tp_roll_columns[i];
}

tp_err tp_roll_map_header(tp_roll_map *map, const tp_csv *c, tp_roll_column *column) {
    map->count = c->count;
    for (tp_roll_column i = 0; i < TP_ROLL_COLUMNS; i++) {
        *column = i;
        map->at[i] = -1;
        bool optional = i == TP_ROLL_CHANNEL || i == TP_ROLL_CONTACT2;
        bool none = (i == TP_ROLL_CONTACT || optional) && !map->header[i][0];
        for (size_t j = 0; j < c->count && !none; j++) {
            if (strcmp(c->field[j], map->header[i]) != 0) continue;
            if (map->at[i] >= 0) return TP_REFUSED;
            map->at[i] = (int)j;
        }
        /* these may be missing, unless one was given another name */
        none = none || (optional && map->header[i] == tp_roll_columns[i]);
        if (map->at[i] < 0 && !none) return TP_REFUSED;
    }
    return TP_OK;
}

/* ---- rows ---- */

#define FAULT(name, code, text) static const tp_row_fault name = {code, text}
FAULT(fault_fields, "roll.fields", "not as many fields as the header");
FAULT(fault_control, "roll.control", "a control character");
FAULT(fault_number, "roll.number", "number: empty, longer than 31, or not of visible ASCII");
FAULT(fault_name, "roll.name", "name: empty, longer than 127 bytes, or without a letter");
FAULT(fault_date, "roll.birth-date", "birth_date: not a date such as 1990-12-31");
FAULT(fault_contact, "roll.contact", "contact: longer than 127 bytes");
FAULT(fault_contact2, "roll.contact", "contact2: longer than 127 bytes");
FAULT(fault_unit, "roll.unit", "unit: not in the manifest");
FAULT(fault_channel, "roll.channel", "channel: not online, post or mail");

static bool digits(const char *s, size_t len, int *value) {
    *value = 0;
    for (size_t i = 0; i < len; i++) {
        if (s[i] < '0' || s[i] > '9') return false;
        *value = 10 * *value + (s[i] - '0');
    }
    return true;
}

static bool is_date(const char *s, size_t len) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int y, m, d;
    if (len != 10 || s[4] != '-' || s[7] != '-' || !digits(s, 4, &y) || !digits(s + 5, 2, &m) ||
        !digits(s + 8, 2, &d) || y < 1890 || y > 2100 || m < 1 || m > 12)
        return false;
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return d >= 1 && d <= days[m - 1] + (leap && m == 2);
}

bool tp_roll_is_date(const char *text) {
    return is_date(text, strlen(text));
}

static bool is_visible_ascii(const char *s) {
    for (; *s; s++)
        if (*s <= ' ' || *s > '~') return false;
    return true;
}

/* C0, DEL, C1, and the marks that turn the direction of writing. */
static bool has_control(const char *s) {
    for (const uint8_t *p = (const uint8_t *)s; *p; p++)
        if (*p < 0x20 || *p == 0x7f || (p[0] == 0xc2 && p[1] < 0xa0) ||
            (p[0] == 0xe2 && p[1] == 0x80 && p[2] >= 0xaa && p[2] <= 0xae) ||
            (p[0] == 0xe2 && p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9))
            return true;
    return false;
}

/* Copies the column's field without the spaces around it. False: no room. *len 0: empty or none. */
static bool take(char *out, size_t cap, size_t *len, const tp_csv *c, int at) {
    const char *s = at < 0 ? "" : c->field[at];
    while (*s == ' ')
        s++;
    *len = strlen(s);
    while (*len && s[*len - 1] == ' ')
        --*len;
    if (*len >= cap) return false;
    memcpy(out, s, *len);
    out[*len] = 0;
    return true;
}

static bool find_unit(uint16_t *unit, const char *id, tp_roll_map *map, const tp_manifest *m) {
    for (size_t i = 0; i <= m->unit_count; i++) {
        size_t u = i ? i - 1 : map->unit;
        if (u >= m->unit_count || strcmp(m->units[u].id, id) != 0) continue;
        *unit = map->unit = (uint16_t)u;
        return true;
    }
    return false;
}

const tp_row_fault *tp_roll_row_read(tp_roll_row *row, const tp_csv *c, tp_roll_map *map,
                                     const tp_manifest *m) {
    char text[128], words[TP_ROLL_WORDS];
    size_t len;
    memset(row, 0, sizeof *row);
    if (c->count != map->count) return &fault_fields;
    for (size_t i = 0; i < TP_ROLL_COLUMNS; i++)
        if (map->at[i] >= 0 && has_control(c->field[map->at[i]])) return &fault_control;
    if (!take(row->number, sizeof row->number, &len, c, map->at[TP_ROLL_NUMBER]) || !len ||
        !is_visible_ascii(row->number))
        return &fault_number;
    if (!take(row->name, sizeof row->name, &len, c, map->at[TP_ROLL_NAME]) ||
        !tp_roll_words(words, row->name))
        return &fault_name;
    if (!take(row->birth_date, sizeof row->birth_date, &len, c, map->at[TP_ROLL_BIRTH_DATE]) ||
        !is_date(row->birth_date, len))
        return &fault_date;
    if (!take(row->contact, sizeof row->contact, &len, c, map->at[TP_ROLL_CONTACT]))
        return &fault_contact;
    row->has_contact = map->at[TP_ROLL_CONTACT] >= 0;
    if (!take(row->contact2, sizeof row->contact2, &len, c, map->at[TP_ROLL_CONTACT2]))
        return &fault_contact2;
    row->has_contact2 = map->at[TP_ROLL_CONTACT2] >= 0;
    if (!take(text, sizeof text, &len, c, map->at[TP_ROLL_UNIT]) ||
        !find_unit(&row->unit, text, map, m))
        return &fault_unit;
    if (map->at[TP_ROLL_CHANNEL] < 0) return NULL;
    if (!take(text, sizeof text, &len, c, map->at[TP_ROLL_CHANNEL])) return &fault_channel;
    row->channel = tp_roll_channel(text);
    return row->channel || !len ? NULL : &fault_channel;
}

/* ---- words ---- */

/* Letters U+00C0..U+024F and U+1E00..U+1EFF without their marks: the base letter of Unicode's
 * decomposition, or the usual reading of a letter that has none. '.': as it is; '2': see `pairs`.
 */
static const char latin[] = "aaaaaa2ceeeeiiiidnooooo ouuuuy22aaaaaa2ceeeeiiiidnooooo ouuuuy2y"
                            "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii22jjkkkllllll."
                            ".llnnnnnnnnnoooooo22rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs"
                            "................................oo.............uu..............."
                            "....222222222aaiioouuuuuuuuuu.aaaa....ggkkoooo..j222gg..nnaa...."
                            "aaaaeeeeiiiioooorrrruuuusstt..hh......aaeeooooooooyy............"
                            "................";
static const char latin_more[] = "aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmm"
                                 "mmmmnnnnnnnnoooooooopppprrrrrrrrssssssssssttttttttuuuuuuuuuuvvvv"
                                 "wwwwwwwwwwxxxxyyzzzzzzhtwy.s..2.aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeee"
                                 "eeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuuuuyyyyyyyy......";
_Static_assert(sizeof latin - 1 == 0x250 - 0xc0, "one for each code point");
_Static_assert(sizeof latin_more - 1 == 0x1f00 - 0x1e00, "one for each code point");

static const struct {
    uint16_t first, last;
    char text[3];
} pairs[] = {
    {0xc6, 0xc6, "ae"},   {0xde, 0xde, "th"},   {0xdf, 0xdf, "ss"},   {0xe6, 0xe6, "ae"},
    {0xfe, 0xfe, "th"},   {0x132, 0x133, "ij"}, {0x152, 0x153, "oe"}, {0x1c4, 0x1c6, "dz"},
    {0x1c7, 0x1c9, "lj"}, {0x1ca, 0x1cc, "nj"}, {0x1f1, 0x1f3, "dz"}, {0x1e9e, 0x1e9e, "ss"},
};

/* What a code point gives: "" nothing, " " the end of a word, NULL itself. */
static const char *folded(uint32_t cp, char letter[static 2]) {
    letter[1] = 0;
    letter[0] = '.';
    if (cp >= 'A' && cp <= 'Z') letter[0] = (char)(cp + 32);
    if ((cp >= 'a' && cp <= 'z') || (cp >= '0' && cp <= '9')) letter[0] = (char)cp;
    if (cp >= 0xc0 && cp < 0x250) letter[0] = latin[cp - 0xc0];
    if (cp >= 0x1e00 && cp < 0x1f00) letter[0] = latin_more[cp - 0x1e00];
    for (size_t i = 0; letter[0] == '2' && cp > 0x7f && i < sizeof pairs / sizeof pairs[0]; i++)
        if (cp >= pairs[i].first && cp <= pairs[i].last) return pairs[i].text;
    if (letter[0] != '.') return letter;
    if (cp == '\'' || cp == '`' || cp == 0xb4 || cp == 0x2018 || cp == 0x2019 ||
        (cp >= 0x2b9 && cp <= 0x2bf) || (cp >= 0x300 && cp < 0x370))
        return "";
    if (cp == 0xaa) return "a";
    if (cp == 0xba) return "o";
    if (cp < 0xc0 || (cp >= 0x2000 && cp < 0x2070) || (cp >= 0x3000 && cp < 0x3004)) return " ";
    return NULL;
}

/* Lower case of the Greek and Cyrillic capitals. */
static uint32_t lower(uint32_t cp) {
    if ((cp >= 0x391 && cp <= 0x3a9) || (cp >= 0x410 && cp <= 0x42f)) return cp + 0x20;
    return cp >= 0x400 && cp <= 0x40f ? cp + 0x50 : cp;
}

static size_t put_code_point(char *out, uint32_t cp) {
    if (cp < 0x800) {
        out[0] = (char)(0xc0 | cp >> 6);
        out[1] = (char)(0x80 | (cp & 0x3f));
        return 2;
    }
    size_t len = cp < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--, cp >>= 6)
        out[i] = (char)(0x80 | (cp & 0x3f));
    out[0] = (char)((len == 3 ? 0xe0 : 0xf0) | cp);
    return len;
}

size_t tp_roll_words(char out[static TP_ROLL_WORDS], const char *text) {
    const uint8_t *p = (const uint8_t *)text, *end = p + strlen(text);
    size_t len = 0, words = 0;
    bool inside = false;
    while (p < end && len < TP_ROLL_WORDS - 8) {
        char letter[4];
        uint32_t cp = tp_utf8_next(&p, end);
        if (cp == UINT32_MAX) p++, cp = ' ';
        const char *as = folded(cp, letter);
        if (as && !*as) continue;
        if (as && *as == ' ') {
            inside = false;
            continue;
        }
        if (!inside && words == TP_ROLL_WORDS_MAX) break;
        if (!inside && words++) out[len++] = ' ';
        inside = true;
        if (!as)
            len += put_code_point(out + len, lower(cp));
        else
            while (*as)
                out[len++] = *as++;
    }
    out[len] = 0;
    return words;
}

static int by_bytes(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t tp_roll_words_sorted(char out[static TP_ROLL_WORDS], const char *text) {
    char words[TP_ROLL_WORDS], *list[TP_ROLL_WORDS_MAX], *save = NULL;
    size_t count = 0, kept = 0, len = 0;
    tp_roll_words(words, text);
    for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save))
        list[count++] = w;
    qsort(list, count, sizeof list[0], by_bytes);
    for (size_t i = 0; i < count; i++) {
        if (i && !strcmp(list[i - 1], list[i])) continue;
        size_t n = strlen(list[i]);
        if (kept++) out[len++] = ' ';
        memcpy(out + len, list[i], n);
        len += n;
    }
    out[len] = 0;
    return kept;
}
