/* The proof of `tapat rehearse`: the ballots as their voters will see them, in words, before
 * officers approve. Written for reading beside the official list: contests and options in the order
 * of the page, every name whole, times in the election's zone.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/rehearse/rehearse.h"

/* ---- times ---- */

static bool zone_known(const char *zone) {
    char path[TP_MAX_TEXT + 32];
    const char *folder = getenv("TZDIR");
    if (!strcmp(zone, "UTC")) return true;
    if (!*zone || *zone == '/' || strstr(zone, "..")) return false;
    snprintf(path, sizeof path, "%s/%s", folder ? folder : "/usr/share/zoneinfo", zone);
    return access(path, R_OK) == 0;
}

bool tp_proof_time(char *out, size_t cap, const char *zone, uint64_t at) {
    time_t t = (time_t)at;
    struct tm local;
    if (!zone_known(zone) || setenv("TZ", zone, 1) != 0) return false;
    tzset();
    return localtime_r(&t, &local) && strftime(out, cap, "%a %Y-%m-%d %H:%M:%S %z", &local) > 0;
}

static bool write_time(FILE *f, const tp_manifest *m, const char *what, uint64_t at) {
    char here[64], utc[64];
    if (!tp_proof_time(here, sizeof here, m->zone, at)) return false;
    if (!tp_proof_time(utc, sizeof utc, "UTC", at)) return false;
    fprintf(f, "  %-15s %s   (%s)\n", what, here, utc);
    return true;
}

static bool write_times(FILE *f, const tp_manifest *m) {
    uint64_t last = m->close_time - m->open_time;
    fprintf(f, "\nTimes in %s, and in UTC\n", m->zone);
    if (!write_time(f, m, "enrolment from", m->enrol_time) ||
        !write_time(f, m, "voting opens", m->open_time) ||
        !write_time(f, m, "voting closes", m->close_time))
        return false;
    fprintf(f, "  the voting lasts %" PRIu64 " days %" PRIu64 " hours %" PRIu64 " minutes\n",
            last / 86400, last / 3600 % 24, last / 60 % 60);
    return true;
}

/* ---- texts ---- */

/* A text in every language that it has. */
static void write_words(FILE *f, const char *indent, json_t *text) {
    const char *lang;
    json_t *words;
    if (json_is_string(text)) fprintf(f, "%s%s\n", indent, json_string_value(text));
    json_object_foreach(text, lang, words)
        fprintf(f, "%s%-4s %s\n", indent, lang, json_string_value(words));
}

static void write_contest(FILE *f, const tp_contest *c, const json_t *contest, unsigned place) {
    fprintf(f, "\n  Contest %u: %s\n", place, c->id);
    write_words(f, "    ", json_object_get(contest, "title"));
    fprintf(f, "    choose %zu to %zu of %zu", (size_t)c->shape.a, (size_t)c->shape.b,
            (size_t)c->shape.n);
    if (c->seats) fprintf(f, "; %u are elected", c->seats);
    fputs("\n", f);
    for (size_t i = 0; i < c->shape.n; i++) {
        const tp_option *o = &c->options[i];
        fprintf(f, "    %5u  %s", o->number, o->name);
        if (o->party[0]) fprintf(f, "  (%s)", o->party);
        fputs("\n", f);
    }
}

static void write_routes(FILE *f, unsigned routes) {
    static const char *const names[] = {"code", "letter", "desk", "documents", "oidc"};
    const char *before = "; enrolment by ";
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!(routes >> i & 1)) continue;
        fprintf(f, "%s%s", before, names[i]);
        before = ", ";
    }
}

static void write_units(FILE *f, const tp_manifest *m, uint16_t style) {
    unsigned count = 0;
    for (size_t u = 0; u < m->unit_count; u++)
        count += m->units[u].style == style;
    fprintf(f, "\n  Posts with this ballot: %u\n", count);
    for (size_t u = 0; u < m->unit_count; u++) {
        const tp_unit *unit = &m->units[u];
        if (unit->style != style) continue;
        fprintf(f, "    %s: %s, %s; %" PRIu32 " on the roll", unit->id, unit->name, unit->country,
                unit->registered);
        write_routes(f, unit->routes);
        fputs("\n", f);
    }
}

static void write_style(FILE *f, const tp_manifest *m, const json_t *root, uint16_t style) {
    const json_t *contests = json_object_get(root, "contests");
    const tp_style *s = &m->styles[style];
    fprintf(f, "\nBallot %s\n", s->id);
    for (unsigned i = 0; i < s->contest_count; i++)
        write_contest(f, &m->contests[s->contests[i]], json_array_get(contests, s->contests[i]),
                      i + 1);
    write_units(f, m, style);
}

static void write_college(FILE *f, const tp_college *c, const char *what) {
    fprintf(f, "\n%s: %u of %u\n", what, c->quorum, c->count);
    for (size_t i = 0; i < c->count; i++) {
        char hex[65];
        tp_hex(hex, c->who[i].key, 32);
        fprintf(f, "  %s  %s\n", hex, c->who[i].name);
    }
}

static bool write_proof(FILE *f, const tp_manifest *m, const json_t *root) {
    char hex[65];
    tp_hex(hex, m->fingerprint, 32);
    fprintf(f, "%s\n\nElection %s\n  fingerprint %s\n",
            m->test ? "A TEST: no vote of it counts" : "A REAL ELECTION", m->id, hex);
    write_words(f, "  ", json_object_get(root, "title"));
    if (!write_times(f, m)) return false;
    fprintf(f, "\nNo total of fewer than %" PRIu32 " ballots is published.\n", m->floor);
    for (uint16_t s = 0; s < m->style_count; s++)
        write_style(f, m, root, s);
    write_college(f, &m->officers, "Officers, who sign");
    write_college(f, &m->registrars, "Registrars, who sign");
    write_college(f, &m->trustees, "Trustees, to decrypt");
    write_college(f, &m->witnesses, "Witnesses of the board");
    return true;
}

bool tp_proof_two_sign(const tp_manifest *m) {
    if (m->test || m->officers.quorum >= 2) return true;
    return tp_say(0, "a real election takes the signatures of two officers, not of one"), false;
}

char *tp_proof_text(size_t *len, const tp_manifest *m, const json_t *root) {
    char *text = NULL;
    FILE *f = open_memstream(&text, len);
    if (!f) return tp_say(0, "out of memory"), NULL;
    bool ok = write_proof(f, m, root);
    if (!ok) tp_say(0, "this machine has no table of the time zone %s (tzdata)", m->zone);
    if (fclose(f) != 0 || !ok) {
        free(text);
        return NULL;
    }
    return text;
}
