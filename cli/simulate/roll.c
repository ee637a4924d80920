/* A roll of test voters, spread over the posts as the real voters were. Their names are as varied
 * as those of a real roll: few that many have, many that few have, some with diacritics, two
 * surnames, as a married person's. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/simulate/simulate.h"

static const char *const given[] = {
    "Maria",       "Jose",        "Juan",        "Ana",      "Luis",     "Carlos",  "Rosa",
    "Pedro",       "Elena",       "Miguel",      "Antonio",  "Teresa",   "Carmen",  "Ramon",
    "Gloria",      "Manuel",      "Lourdes",     "Eduardo",  "Roberto",  "Mary",    "Grace",
    "John",        "Mark",        "Angelo",      "Michelle", "Jennifer", "Rowena",  "Arnel",
    "Ronaldo",     "Edgar",       "Marilou",     "Evelyn",   "Maricel",  "Jocelyn", "Analyn",
    "Rosario",     "Corazon",     "Danilo",      "Rodrigo",  "Imelda",   "Leonora", "Vicente",
    "Ni\xc3\xb1o", "Jos\xc3\xa9", "In\xc3\xa9s", "Angélica", "Aisha",    "Fatima",
};
static const char *const family[] = {
    "Santos",     "Reyes",
    "Cruz",       "Bautista",
    "Ocampo",     "Garcia",
    "Mendoza",    "Torres",
    "Castillo",   "Flores",
    "Ramos",      "Castro",
    "Rivera",     "Aquino",
    "Navarro",    "Mercado",
    "Dela Cruz",  "Gonzales",
    "Lopez",      "Perez",
    "Pascual",    "Soriano",
    "Valdez",     "Manalo",
    "Dizon",      "Lim",
    "Tan",        "Sy",
    "Chua",       "Ong",
    "Peña",       "Mu\xc3\xb1oz",
    "Villanueva", "Pangilinan",
    "Tolentino",  "De los Santos",
    "O'Brien",    "San Jos\xc3\xa9",
    "Abdullah",   "Macapagal",
};
static const char *const parts[] = {"ba", "la",  "ca", "man", "san", "ti", "no", "ga",
                                    "da", "yan", "gu", "ro",  "si",  "pa", "ma", "lin"};

/* The first of n are the most frequent. */
static size_t draw(sim_dice *d, size_t n) {
    size_t i = (size_t)(-log(1 - sim_unit(d)) * (double)n / 4);
    return i < n ? i : n - 1;
}

static void put_family(char *out, size_t cap, sim_dice *d) {
    if (sim_unit(d) < 0.6) {
        snprintf(out, cap, "%s", family[draw(d, sizeof family / sizeof family[0])]);
        return;
    }
    out[0] = 0;
    for (int i = 0; i < 3 + (sim_unit(d) < 0.3); i++)
        strncat(out, parts[sim_roll(d) % 16], cap - strlen(out) - 1);
    out[0] = (char)(out[0] - 32);
}

void sim_name(char *out, size_t cap, uint64_t number, bool varied) {
    char a[40], b[40];
    size_t n = sizeof given / sizeof given[0];
    sim_dice d = {.state = number};
    if (!varied) {
        snprintf(out, cap, "TEST VOTER %llu", (unsigned long long)number);
        return;
    }
    put_family(a, sizeof a, &d);
    put_family(b, sizeof b, &d);
    const char *first = given[draw(&d, n)], *second = given[sim_roll(&d) % n];
    bool married = sim_unit(&d) < 0.2, two = sim_unit(&d) < 0.7;
    if (married)
        snprintf(out, cap, "%s-%s, %s", a, b, first);
    else
        snprintf(out, cap, "%s, %s%s%s %s", a, first, two ? " " : "", two ? second : "", b);
}

/* ---- roll ---- */

/* posts.csv: post,country,region,mode,registered,voted in the manifest's order of units. */
static uint64_t *read_turnout(const tp_manifest *m, const char *path) {
    size_t len, u = 0;
    char *text = (char *)tp_load_file(path, &len, 1 << 20), *save = NULL;
    uint64_t *voted = calloc(m->unit_count, sizeof *voted);
    if (!text || !voted) return free(text), free(voted), NULL;
    strtok_r(text, "\r\n", &save);
    for (char *line; u < m->unit_count && (line = strtok_r(NULL, "\r\n", &save)); u++) {
        const char *last = strrchr(line, ',');
        voted[u] = last ? strtoull(last + 1, NULL, 10) : 0;
    }
    free(text);
    if (u == m->unit_count) return voted;
    tp_say(0, "%s has fewer rows than the manifest has units", path);
    free(voted);
    return NULL;
}

int sim_make_roll(const tp_manifest *m, const char *posts, const char *out, uint64_t voters,
                  uint64_t guests, bool names) {
    char name[128];
    uint64_t *voted = read_turnout(m, posts), total = 0, cumulative = 0, made = 0, largest = 0;
    FILE *f = voted ? fopen(out, "w") : NULL;
    if (!f) return free(voted), tp_say(TP_EXIT_SYSTEM, "cannot write %s", out);
    fputs("number,name,birth_date,contact,unit\n", f);
    for (size_t u = 0; u < m->unit_count; u++) {
        total += voted[u];
        if (voted[u] > voted[largest]) largest = u;
    }
    for (size_t u = 0; u < m->unit_count; u++) {
        cumulative += voted[u];
        for (; made < voters * cumulative / total; made++) {
            sim_name(name, sizeof name, made + 1, names);
            fprintf(f, "S-%07llu,%s%s%s,%04llu-%02llu-%02llu,s%llu@voters.example,%s\n",
                    (unsigned long long)made + 1, names ? "\"" : "", name, names ? "\"" : "",
                    1950 + (unsigned long long)made % 55, 1 + (unsigned long long)made % 12,
                    1 + (unsigned long long)made % 28, (unsigned long long)made + 1,
                    m->units[u].id);
        }
    }
    for (uint64_t g = 1; g <= guests; g++)
        fprintf(f, "G-%02llu,GUEST %llu,1990-01-01,guest%llu@voters.example,%s\n",
                (unsigned long long)g, (unsigned long long)g, (unsigned long long)g,
                m->units[largest].id);
    free(voted);
    if (fclose(f) != 0) return tp_say(TP_EXIT_SYSTEM, "cannot write %s", out);
    printf("%llu voters, %llu guests\n", (unsigned long long)made, (unsigned long long)guests);
    return TP_EXIT_OK;
}
