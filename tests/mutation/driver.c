/* The mutation run of the C verifier: mutants FOLDER SITES JOBS EVERY. FOLDER/list names the
 * records, one folder or archive a line: "NAME\tCHECK CODE\tFINGERPRINT", "good" for CHECK CODE of
 * a good record, and the fingerprint that the verifier is told, or none.
 *
 *   first every record with all checks on, in a child each: its verdict, which sites would refuse
 *   then for each site, the records at which it would refuse, until one gets another verdict
 *
 * A record at which a site never would refuse runs the same without it, so it is not run again.
 * Prints a line a site: "SITE killed NAME", "SITE silent" (no record notices), "SITE quiet" (it
 * never refuses), "SITE unreached".
 */
#include "tests/mutation/sites.h"

#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "record/archive.h"
#include "record/record.h"

enum {
    SITES = 4096,
    RECORDS = 4096,
    VERDICT = 2048,
    EQUATIONS = 1 << 16,
    REACHED = 1,
    REFUSES = 2
};

static int mutant;
static uint8_t *seen; /* of each site, in this child */
static bool left_out[EQUATIONS];

static bool note(int site, bool refuses) {
    seen[site] |= REACHED | (refuses ? REFUSES : 0);
    return refuses && mutant != site;
}

bool tp_site_if(int site, bool condition) {
    return note(site, condition);
}

bool tp_site_and(int site, bool condition) {
    return !note(site, !condition);
}

int tp_site_call(int site, int err) {
    return note(site, err != 0) ? err : 0;
}

bool tp_site_last(int site) {
    return note(site, true);
}

size_t tp_site_equation(int site, size_t e, bool mine) {
    if (mine && !note(site, true)) left_out[e % EQUATIONS] = true;
    return e;
}

void tp_site_keep(size_t e) {
    left_out[e % EQUATIONS] = false;
}

bool tp_site_left_out(size_t e) {
    return left_out[e % EQUATIONS];
}

/* ---- one record ---- */

typedef struct {
    char name[160], verdict[VERDICT];
    uint8_t seen[SITES];
    uint64_t took_us;
} record;

static char list[RECORDS][3][160];
static record *records; /* shared with the children */
static size_t record_count;
static const char *folder;

/* "CHECK CODE OBJECT" of the check that fails, the object without what stands in it; else "good"
 * and what the report says.
 */
static void write_verdict(char out[static VERDICT], const tp_verification *v) {
    size_t at = (size_t)snprintf(out, VERDICT, "good");
    for (size_t i = 0; i < v->count; i++) {
        const tp_check *c = &v->checks[i];
        if (c->verdict != TP_FAIL && at < VERDICT)
            at += (size_t)snprintf(out + at, VERDICT - at, "; %s %d %s", c->check, c->verdict,
                                   c->detail);
        if (c->verdict != TP_FAIL) continue;
        const char *where = c->fault.where;
        size_t len = strlen(where);
        if (!strncmp(where, "entry ", 6))
            len = 6 + strspn(where + 6, "0123456789");
        else if (strncmp(where, "tile", 4) && strncmp(where, "document", 8))
            len = 0;
        snprintf(out, VERDICT, "%s %s %.*s", c->check, c->fault.code, (int)len, where);
        return;
    }
}

/* An archive is unpacked beside the others first. */
static tp_err verify_it(tp_verification *v, const char *at, const uint8_t *known) {
    char dir[4200];
    struct stat st;
    const tp_replay_options o = {.threads = 1};
    if (stat(at, &st) || !S_ISREG(st.st_mode)) return tp_verify(v, at, known, &o);
    snprintf(dir, sizeof dir, "%s.%d", at, (int)getpid());
    if (mkdir(dir, 0700)) exit(3);
    memset(v, 0, sizeof *v);
    v->checks[v->count++] = (tp_check){.check = "files", .verdict = TP_FAIL};
    tp_err err = tp_archive_extract(dir, at, &v->checks[0].fault);
    return err ? err : tp_verify(v, dir, known, &o);
}

/* In a child: a record may break a verifier that lacks a check, and that is noticed too. */
static void verify_in_child(char out[static VERDICT], size_t i, uint64_t limit_us) {
    char dir[4096];
    uint8_t known[32];
    tp_verification v;
    for (size_t k = 0; k < 32 && *list[i][2]; k++)
        sscanf(list[i][2] + 2 * k, "%2hhx", &known[k]);
    snprintf(dir, sizeof dir, "%s/%zu", folder, i);
    alarm((unsigned)(limit_us / 1000000 + 10));
    tp_err err = verify_it(&v, dir, *list[i][2] ? known : NULL);
    write_verdict(out, &v);
    if (!err != !strncmp(out, "good", 4)) strcpy(out, "a verdict without its reason");
    _exit(0);
}

static uint64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where) {
    (void)st, (void)type, (void)where;
    return remove(path);
}

/* What a child unpacked. */
static void remove_unpacked(size_t i, pid_t child) {
    char dir[4200];
    snprintf(dir, sizeof dir, "%s/%zu.%d", folder, i, (int)child);
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The verdict of a record without a site (0: with all). */
static void judge(char *shared, size_t i, int site) {
    uint64_t start = now_us();
    int status;
    *shared = 0;
    pid_t child = fork();
    if (!child) {
        mutant = site;
        if (!site) seen = records[i].seen;
        verify_in_child(shared, i, records[i].took_us);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0) exit(3);
    remove_unpacked(i, child);
    if (!site) records[i].took_us = now_us() - start;
    if (status) snprintf(shared, VERDICT, "broken off");
}

/* ---- all ---- */

static void read_list(void) {
    char name[4096], line[512];
    snprintf(name, sizeof name, "%s/list", folder);
    FILE *f = fopen(name, "r");
    if (!f) exit(3);
    while (record_count < RECORDS && fgets(line, sizeof line, f)) {
        char *field = line;
        for (int k = 0; k < 3; k++) {
            char *end = field + strcspn(field, "\t\n");
            snprintf(list[record_count][k], sizeof list[0][k], "%.*s", (int)(end - field), field);
            if (*end) field = end + 1;
        }
        record_count++;
    }
    fclose(f);
}

static bool with_all_checks(void) {
    bool good = true;
    for (size_t i = 0; i < record_count; i++) {
        judge(records[i].verdict, i, 0);
        if (!strncmp(records[i].verdict, list[i][1], strlen(list[i][1]))) continue;
        fprintf(stderr, "%s: '%s' and not '%s'\n", list[i][0], records[i].verdict, list[i][1]);
        good = false;
    }
    return good;
}

static size_t order[RECORDS];
static int by_time(const void *a, const void *b) {
    uint64_t x = records[*(const size_t *)a].took_us, y = records[*(const size_t *)b].took_us;
    return (x > y) - (x < y);
}

static void try_site(int site, char *shared) {
    unsigned all = 0;
    for (size_t k = 0; k < record_count; k++) {
        size_t i = order[k];
        all |= records[i].seen[site];
        if (!(records[i].seen[site] & REFUSES)) continue;
        judge(shared, i, site);
        if (!strcmp(shared, records[i].verdict)) continue;
        printf("%d killed %s\n", site, list[i][0]);
        return;
    }
    printf("%d %s\n", site, all & REFUSES ? "silent" : all ? "quiet" : "unreached");
}

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    folder = argv[1];
    int sites = atoi(argv[2]), jobs = atoi(argv[3]), every = atoi(argv[4]);
    read_list();
    records = mmap(NULL, record_count * sizeof *records, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    seen = calloc(SITES, 1);
    if (sites >= SITES || records == MAP_FAILED || !seen || !with_all_checks()) return 1;
    for (size_t i = 0; i < record_count; i++)
        order[i] = i;
    qsort(order, record_count, sizeof *order, by_time);
    for (int j = 0; j < jobs; j++) {
        if (fork()) continue;
        setvbuf(stdout, NULL, _IOLBF, 0);
        char *shared =
            mmap(NULL, VERDICT, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        for (int site = every * (1 + j); site <= sites; site += every * jobs)
            try_site(site, shared);
        return 0;
    }
    int status, bad = 0;
    while (wait(&status) > 0)
        bad |= status;
    return bad ? 1 : 0;
}
