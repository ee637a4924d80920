/* `tapat roll time`: how long searches take, asked as a help desk asks: whole names in another
 * order and without diacritics, a surname and the beginning of a name, a beginning alone, two of
 * the commonest beginnings, a number, and a name with a word that the roll has not. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/roll.h"

enum { KINDS = 6 };

static double clock_ms(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static void question(char *out, size_t cap, const tp_voter *v, const tp_voter *other, int kind) {
    char a[TP_ROLL_WORDS], b[TP_ROLL_WORDS];
    tp_roll_words_sorted(a, v->name);
    tp_roll_words(b, other->name);
    char *word = strchr(b, ' ');
    if (word) *word = 0;
    word = strrchr(a, ' ');
    const char *last = word ? word + 1 : a;
    if (kind == 0) snprintf(out, cap, "%s", a);
    if (kind == 1) snprintf(out, cap, "%s %.3s", last, a);
    if (kind == 2) snprintf(out, cap, "%.5s", last);
    if (kind == 3) snprintf(out, cap, "%.1s %.2s", a, b);
    if (kind == 4) snprintf(out, cap, "%s", v->number);
    if (kind == 5) snprintf(out, cap, "%s %s qqq", a, b);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static tp_err some_voter(tp_store *s, uint64_t most, tp_voter *v) {
    size_t count;
    uint64_t dice;
    tp_random(&dice, sizeof dice);
    tp_err err = tp_store_voters_after(s, (int64_t)(dice % most), v, 1, &count);
    return !err && !count ? TP_REFUSED : err;
}

static tp_err ask_all(tp_store *s, double *wall, double *cpu, size_t count) {
    uint64_t most;
    tp_err err = tp_store_voter_count(s, &most);
    tp_roll_found *found = malloc(sizeof *found);
    if (!err && (!most || !found)) err = TP_REFUSED;
    for (size_t i = 0; i < count && !err; i++) {
        tp_voter v, other;
        char text[512];
        err = some_voter(s, most, &v);
        if (!err) err = some_voter(s, most, &other);
        if (err) break;
        question(text, sizeof text, &v, &other, (int)(i % KINDS));
        wall[i] = clock_ms(CLOCK_MONOTONIC);
        cpu[i] = clock_ms(CLOCK_PROCESS_CPUTIME_ID);
        err = tp_roll_find(s, text, found);
        wall[i] = clock_ms(CLOCK_MONOTONIC) - wall[i];
        cpu[i] = clock_ms(CLOCK_PROCESS_CPUTIME_ID) - cpu[i];
    }
    free(found);
    return err;
}

static void print_times(double *wall, double *cpu, size_t count) {
    size_t p99 = count - 1 - count / 100;
    qsort(wall, count, sizeof *wall, ascending);
    qsort(cpu, count, sizeof *cpu, ascending);
    printf("{\"searches\":%zu,\"median_ms\":%.3f,\"p99_ms\":%.3f,\"most_ms\":%.3f,"
           "\"cpu_median_ms\":%.3f,\"cpu_p99_ms\":%.3f}\n",
           count, wall[count / 2], wall[p99], wall[count - 1], cpu[count / 2], cpu[p99]);
}

int tp_roll_time(int argc, char **argv) {
    const char *data = NULL;
    uint64_t count = 1200;
    const tp_arg table[] = {{"--data", "DIR", TP_ARG_TEXT, &data, "the server's data folder"},
                            {"--count", "N", TP_ARG_NUMBER, &count, "searches (1200)"},
                            TP_ARG_END};
    tp_args(argc, argv, "roll time --data DIR [--count N]",
            "Searches for voters drawn from the roll and prints median and 99th percentile.", table,
            NULL, 0);
    if (!data || count < 1 || count > 1000000) tp_usage("--data, and --count from 1 to 1000000");
    tp_store *s = tp_roll_open(data, true);
    if (!s) return TP_EXIT_SYSTEM;
    double *wall = calloc(count, sizeof *wall), *cpu = calloc(count, sizeof *cpu);
    int code = TP_EXIT_OK;
    if (!wall || !cpu || ask_all(s, wall, cpu, count) != TP_OK)
        code =
            tp_say(TP_EXIT_SYSTEM, "the roll is empty, or the store failed: %s", tp_store_error(s));
    else
        print_times(wall, cpu, count);
    free(wall);
    free(cpu);
    tp_store_close(s);
    return code;
}
