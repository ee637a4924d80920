/* The one executable: TAPAT_FUZZ names the target; with TAPAT_FUZZ_SEEDS its seeds are written to
 * that folder first; without TAPAT_FUZZ the targets are listed.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* What every run must find, so that a target which finds nothing says something. */
static void run_canary(const uint8_t *bytes, size_t len) {
    MUST(len < 3 || memcmp(bytes, "bad", 3) != 0);
}

static void seeds_canary(fuzz_seed *seed) {
    seed("bed", 3);
}

static const fuzz_target canary = {"canary", run_canary, seeds_canary};
static const fuzz_target *target;
static unsigned seeds_written;

static const fuzz_target *find(const fuzz_target *list, const char *name) {
    for (; list->name; list++) {
        if (!name) puts(list->name);
        if (name && !strcmp(list->name, name)) return list;
    }
    return NULL;
}

static void keep(const void *bytes, size_t len) {
    char path[512];
    snprintf(path, sizeof path, "%s/seed-%u", getenv("TAPAT_FUZZ_SEEDS"), seeds_written++);
    FILE *f = fopen(path, "wb");
    MUST(f && fwrite(bytes, 1, len, f) == len && !fclose(f));
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    const char *name = getenv("TAPAT_FUZZ");
    target = name && !strcmp(name, canary.name) ? &canary : find(fuzz_core, name);
    if (target) goto found;
    target = find(fuzz_election, name);
    if (!name) exit(0);
    MUST(target);
    fuzz_election_setup();
found:
    if (getenv("TAPAT_FUZZ_SEEDS")) target->seeds(keep);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    target->run(bytes, len);
    return 0;
}
