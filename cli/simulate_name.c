/* Names of test voters as varied as those of a real roll: few names that many have, many that few
 * have, some with diacritics, two surnames, as a married person's. */
#include <math.h>
#include <string.h>

#include "cli/simulate.h"

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
