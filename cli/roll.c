/* `tapat roll`: the roll of voters. Import is in roll_import.c; here are search and the changes of
 * one voter. spec: chapter 11. */
#include "cli/roll.h"

#include "cli/roll_chain.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool tp_roll_manifest(tp_manifest *m, const char *path, int *code) {
    size_t len;
    tp_fault fault = {0};
    uint8_t *text = tp_load_file(path, &len, TP_MAX_DOCUMENT);
    *code = TP_EXIT_SYSTEM;
    if (!text) return false;
    bool ok = tp_manifest_parse(m, text, len, &fault) == TP_OK;
    *code = ok ? TP_EXIT_OK : tp_say_fault(&fault, path);
    free(text);
    return ok;
}

tp_store *tp_roll_open(const char *data, bool read_only) {
    char path[4096];
    struct stat st;
    tp_store *s;
    snprintf(path, sizeof path, "%s/tapat.db", data);
    if (stat(data, &st) != 0 || tp_store_open(&s, path, read_only) != TP_OK) {
        tp_say(0, "cannot open the store %s", path);
        return NULL;
    }
    return s;
}

static const char revision_name[] = "roll-revision";

tp_err tp_roll_revision(tp_store *s, uint64_t *revision) {
    uint8_t bytes[8] = {0};
    size_t len = sizeof bytes;
    bool found;
    tp_err err = tp_store_get(s, revision_name, bytes, &len, &found);
    *revision = tp_get_u64be(bytes);
    return err;
}

tp_err tp_roll_revise(tp_store *s, uint64_t revision) {
    uint8_t bytes[8];
    tp_put_u64be(bytes, revision);
    return tp_store_set(s, revision_name, bytes, sizeof bytes);
}

tp_err tp_roll_enrolled(tp_store *s, int64_t voter, int *state, uint8_t credential[static 32]) {
    tp_enrolment e;
    bool found;
    tp_err err = tp_store_enrolment_of(s, voter, &e, &found);
    *state = !err && found ? (int)e.state : 0;
    memset(credential, 0, 32);
    if (*state >= TP_ENROL_WAITING) memcpy(credential, e.credential, 32);
    return err;
}

/* ---- search ---- */

static bool is_in(const tp_roll_found *f, int64_t id) {
    for (size_t i = 0; i < f->count; i++)
        if (f->voter[i].id == id) return true;
    return false;
}

static void add_new(tp_roll_found *f, const tp_voter *v, size_t count) {
    for (size_t i = 0; i < count && f->count < TP_ROLL_FOUND; i++)
        if (!is_in(f, v[i].id)) f->voter[f->count++] = v[i];
}

static tp_err by_number(tp_store *s, const char *text, tp_voter *v, tp_roll_found *f) {
    char upper[32];
    size_t count, len = strlen(text);
    if (!len || len >= sizeof upper || strchr(text, ' ') || !strpbrk(text, "0123456789"))
        return TP_OK;
    tp_err err = tp_store_voters_numbered(s, text, v, TP_ROLL_FOUND, &count);
    if (!err) add_new(f, v, count);
    for (size_t i = 0; i <= len; i++)
        upper[i] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 32 : text[i]);
    if (!err && strcmp(upper, text) != 0)
        err = tp_store_voters_numbered(s, upper, v, TP_ROLL_FOUND, &count);
    if (!err) add_new(f, v, count);
    return err;
}

tp_err tp_roll_find(tp_store *s, const char *text, tp_roll_found *f) {
    char words[TP_ROLL_WORDS];
    size_t count, given = tp_roll_words(words, text);
    tp_voter *v = malloc(TP_ROLL_FOUND * sizeof *v);
    f->count = 0;
    f->near = false;
    if (!v) return TP_SYSTEM;
    tp_err err = by_number(s, text, v, f);
    for (tp_search how = TP_SEARCH_WORDS; !err && given && how <= TP_SEARCH_BEGIN; how++) {
        if (f->count == TP_ROLL_FOUND) break;
        err = tp_store_voters_search(s, words, how, v, TP_ROLL_FOUND, &count);
        if (!err) add_new(f, v, count);
    }
    if (!err && !f->count && given >= 3) {
        f->near = true;
        err = tp_store_voters_search(s, words, TP_SEARCH_ALL_BUT_ONE, v, TP_ROLL_FOUND, &count);
        if (!err) add_new(f, v, count);
    }
    free(v);
    return err;
}

static const char *unit_name(const tp_manifest *m, uint16_t unit, char text[static 8]) {
    snprintf(text, 8, "%u", unit);
    return m && unit < m->unit_count ? m->units[unit].id : text;
}

static json_t *voter_json(const tp_voter *v, const tp_manifest *m) {
    char text[8];
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "number", v->number, "name",
                     v->name, "birth_date", v->birth_date, "contact", v->contact, "contact2",
                     v->contact2, "unit", unit_name(m, v->unit, text), "channel",
                     tp_roll_channels[v->channel & 3], "disabled", v->disabled);
}

static int print_found(const tp_roll_found *f, const tp_manifest *m, bool json) {
    char text[8];
    if (json) {
        json_t *list = json_array();
        for (size_t i = 0; i < f->count; i++)
            json_array_append_new(list, voter_json(&f->voter[i], m));
        json_t *root = json_pack("{s:b, s:o}", "near", f->near, "voters", list);
        json_dumpf(root, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(root);
        return TP_EXIT_OK;
    }
    if (f->near && f->count) puts("No voter has all these words; these have all but one:");
    for (size_t i = 0; i < f->count; i++) {
        const tp_voter *v = &f->voter[i];
        printf("%-12s  %s  %-8s  %-6s  %s%s%s\n", v->number, v->birth_date,
               unit_name(m, v->unit, text), tp_roll_channels[v->channel & 3], v->name,
               *v->disabled ? "  DISABLED: " : "", v->disabled);
    }
    if (f->count == TP_ROLL_FOUND) printf("the first %d; give more words\n", TP_ROLL_FOUND);
    if (!f->count) puts("none");
    return TP_EXIT_OK;
}

int tp_roll_search(int argc, char **argv) {
    const char *words[TP_SEARCH_WORDS_MAX], *data = NULL, *manifest = NULL;
    bool json = false;
    char text[512] = "";
    const tp_arg table[] = {
        {"--data", "DIR", TP_ARG_TEXT, &data, "the server's data folder"},
        {"--manifest", "FILE", TP_ARG_TEXT, &manifest, "to print the units' names"},
        {"--json", NULL, TP_ARG_FLAG, &json, "report as JSON"},
        TP_ARG_END};
    size_t count = tp_args(argc, argv, "roll search WORDS --data DIR [options]",
                           "Voters by number or by words of the name: in any order, begun or "
                           "whole, with or without\ncapitals and diacritics.",
                           table, words, TP_SEARCH_WORDS_MAX);
    if (!count || !data) tp_usage("words and --data are needed");
    for (size_t i = 0; i < count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? " " : "", words[i]);
    int code = TP_EXIT_OK;
    tp_manifest m;
    if (manifest && !tp_roll_manifest(&m, manifest, &code)) return code;
    tp_store *s = tp_roll_open(data, true);
    tp_roll_found *f = malloc(sizeof *f);
    if (!s || !f)
        code = TP_EXIT_SYSTEM;
    else if (tp_roll_find(s, text, f) != TP_OK)
        code = tp_say(TP_EXIT_SYSTEM, "the store failed: %s", tp_store_error(s));
    else
        code = print_found(f, manifest ? &m : NULL, json);
    free(f);
    tp_store_close(s);
    if (manifest) tp_manifest_free(&m);
    return code;
}

/* ---- one voter ---- */

const char tp_roll_needs_officers[] =
    "the board has a commitment to the roll: officers sign every change (--officer, --record, and "
    "--server or --out)";

typedef struct {
    const char *number, *disabled; /* NULL: as it is */
    unsigned channel;              /* 0: as it is */
    const char *data;
    act_args act;
} change;

/* What officers do next. From the change on the server takes no ballot of the voter's (H-19), but
 * the key stands on the board until registrars cancel it. */
static void say_key(const change *c, const uint8_t credential[static 32]) {
    char hex[65];
    tp_hex(hex, credential, 32);
    tp_say(0, "the voting key is %s: a signed cancellation takes it back", hex);
    tp_say(0,
           "registrars: tapat cancel %s --data %s --reason %s --record DIR --registrar FILE "
           "--server URL",
           c->number, c->data, c->channel ? "votes-at-the-post" : "WHY");
    if (c->channel)
        tp_say(0, "then once more: tapat roll channel %s %s --data %s", c->number,
               tp_roll_channels[c->channel], c->data);
    else
        tp_say(0, "until then the key casts nothing");
}

/* Whoever has a voting key votes online, until it is cancelled. A key that waits for its signature
 * is refused by the server once the voter is disabled or on another channel. */
static void lay_over(tp_voter *v, const change *c) {
    if (c->channel) v->channel = (uint8_t)c->channel;
    if (c->disabled) snprintf(v->disabled, sizeof v->disabled, "%s", c->disabled);
}

static tp_err change_within(tp_store *s, const change *c, bool *keyed,
                            uint8_t credential[static 32]) {
    tp_voter v;
    bool found;
    int state = 0;
    char words[TP_ROLL_WORDS];
    uint64_t revision = 0;
    tp_err err = tp_store_voter_find(s, c->number, &v, &found);
    if (!err && !found) return TP_REFUSED;
    if (!err) err = tp_roll_enrolled(s, v.id, &state, credential);
    if (err) return err;
    *keyed = state == TP_ENROL_DONE;
    if (*keyed && c->channel && c->channel != v.channel) return TP_REFUSED;
    lay_over(&v, c);
    tp_roll_words(words, v.name);
    err = tp_store_voter_update(s, &v, words);
    if (!err) err = tp_roll_revision(s, &revision);
    return err ? err : tp_roll_revise(s, revision + 1);
}

/* Officers sign it, and the server takes it with their signatures. */
static int change_on_board(const change *c) {
    tp_roll_draft d = {0};
    tp_voter v, after;
    bool found;
    int code = tp_roll_draft_begin(&d, c->data, &c->act);
    tp_store *s = code == TP_EXIT_OK ? tp_roll_open(c->data, true) : NULL;
    if (code == TP_EXIT_OK && !s) code = TP_EXIT_SYSTEM;
    if (s && tp_store_voter_find(s, c->number, &v, &found))
        code = tp_say(TP_EXIT_SYSTEM, "the store failed: %s", tp_store_error(s));
    else if (s && !found)
        code = tp_say(TP_EXIT_REFUSED, "%s is not on the roll", c->number);
    if (code == TP_EXIT_OK) {
        after = v;
        lay_over(&after, c);
        code = tp_roll_draft_add(&d, &v, &after);
    }
    if (code == TP_EXIT_OK) code = tp_roll_draft_finish(&d, &c->act);
    tp_store_close(s);
    tp_roll_draft_end(&d);
    return code;
}

static int change_one(const change *c) {
    bool keyed = false, committed = false;
    uint8_t credential[32];
    if (c->act.officers.count) return change_on_board(c);
    tp_store *s = tp_roll_open(c->data, false);
    if (!s) return TP_EXIT_SYSTEM;
    int code = TP_EXIT_OK;
    tp_err err = tp_store_begin(s);
    bool begun = !err;
    if (!err) err = tp_roll_is_committed(s, &committed);
    if (!err && committed) {
        tp_store_rollback(s);
        tp_store_close(s);
        return tp_say(TP_EXIT_REFUSED, "%s", tp_roll_needs_officers);
    }
    if (!err) err = change_within(s, c, &keyed, credential);
    if (!err)
        err = tp_store_commit(s);
    else if (begun)
        tp_store_rollback(s);
    if (err == TP_REFUSED)
        code = tp_say(TP_EXIT_REFUSED,
                      keyed ? "%s has a voting key and stays online; cancel the key first"
                            : "%s is not on the roll",
                      c->number);
    else if (err)
        code = tp_say(TP_EXIT_SYSTEM, "the store failed: %s", tp_store_error(s));
    if (keyed && err != TP_SYSTEM) say_key(c, credential);
    tp_store_close(s);
    return code;
}

int tp_roll_disable(int argc, char **argv) {
    const char *words[1], *reason = NULL;
    change c = {0};
    const tp_arg table[] = {
        {"--data", "DIR", TP_ARG_TEXT, &c.data, "the server's data folder"},
        {"--reason", "TEXT", TP_ARG_TEXT, &reason, "why, for the officers; at most 127 bytes"},
        ACT_OPTIONS(c.act),
        TP_ARG_END};
    if (tp_args(argc, argv, "roll disable NUMBER --reason TEXT --data DIR",
                "The voter stays on the roll and cannot enrol. A voting key that there is already "
                "needs a\nsigned cancellation besides: the key is printed.",
                table, words, 1) != 1 ||
        !c.data || !reason || !*reason)
        tp_usage("a number, --reason and --data are needed");
    if (strlen(reason) >= sizeof((tp_voter *)0)->disabled) tp_usage("--reason is too long");
    c.number = words[0], c.disabled = reason;
    return change_one(&c);
}

int tp_roll_enable(int argc, char **argv) {
    const char *words[1];
    change c = {.disabled = ""};
    const tp_arg table[] = {{"--data", "DIR", TP_ARG_TEXT, &c.data, "the server's data folder"},
                            ACT_OPTIONS(c.act),
                            TP_ARG_END};
    if (tp_args(argc, argv, "roll enable NUMBER --data DIR", "Takes `disable` back.", table, words,
                1) != 1 ||
        !c.data)
        tp_usage("a number and --data are needed");
    c.number = words[0];
    return change_one(&c);
}

int tp_roll_channel_set(int argc, char **argv) {
    const char *words[2];
    change c = {0};
    const tp_arg table[] = {{"--data", "DIR", TP_ARG_TEXT, &c.data, "the server's data folder"},
                            ACT_OPTIONS(c.act),
                            TP_ARG_END};
    if (tp_args(argc, argv, "roll channel NUMBER online|post|mail --data DIR",
                "Changes how one voter votes. Refused while the voter has a voting key.", table,
                words, 2) != 2 ||
        !c.data || !tp_roll_channel(words[1]))
        tp_usage("a number, a channel (online, post or mail) and --data are needed");
    c.number = words[0], c.channel = tp_roll_channel(words[1]);
    return change_one(&c);
}

/* ---- the command ---- */

static const struct {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
} parts[] = {
    {"import", "check a CSV file, compare it with the present roll, import it", tp_roll_import},
    {"commit", "officers: commit to the roll on the board", tp_roll_commit},
    {"audit", "is the roll the one that the board commits to?", tp_roll_audit},
    {"search", "voters by number or words of the name", tp_roll_search},
    {"disable", "a voter cannot enrol, for a reason", tp_roll_disable},
    {"enable", "take that back", tp_roll_enable},
    {"export", "the register of a post, for paper", tp_roll_export},
    {"import-register", "who voted on paper at a post, and whose key is to be cancelled",
     tp_roll_import_register},
    {"rehearse", "what matching rules would do with this roll", tp_roll_rehearse},
    {"funnel", "how far the voters of each post have come", tp_roll_funnel},
    {"log", "what registrars decided, with signatures and reasons", tp_roll_log},
    {"time", "measure searches", tp_roll_time},
    {"channel", "how a voter votes: online, post or mail", tp_roll_channel_set},
};

int tp_cmd_roll(int argc, char **argv) {
    size_t count = sizeof parts / sizeof parts[0];
    for (size_t i = 0; argc > 1 && i < count; i++)
        if (!strcmp(argv[1], parts[i].name)) return parts[i].run(argc - 1, argv + 1);
    if (argc > 1 && !strcmp(argv[1], "--help")) {
        puts("usage: tapat roll PART [options]\n");
        for (size_t i = 0; i < count; i++)
            printf("  %-15s %s\n", parts[i].name, parts[i].summary);
        puts("\n`tapat roll PART --help` tells a part's options.");
        return TP_EXIT_OK;
    }
    tp_usage("roll takes import, export, import-register, commit, audit, search, disable, enable, "
             "channel, rehearse, funnel or time");
}
