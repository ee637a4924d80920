/* Prints one file: make-election-vectors keys|liveness|batch|roll|deal|signed|evidence >
 * spec/vectors/NAME.json */
#include <stdio.h>
#include <string.h>

#include "tests/election/vectors.h"

int main(int argc, char **argv) {
    const struct {
        const char *name;
        json_t *(*make)(void);
    } files[] = {{"keys", vectors_keys},        {"liveness", vectors_liveness},
                 {"batch", vectors_batch},      {"roll", vectors_roll},
                 {"deal", vectors_deal},        {"signed", vectors_signed},
                 {"evidence", vectors_evidence}};
    for (size_t i = 0; argc == 2 && i < sizeof files / sizeof files[0]; i++) {
        if (strcmp(argv[1], files[i].name)) continue;
        json_t *json = files[i].make();
        int failed = json_dumpf(json, stdout, JSON_INDENT(1));
        puts("");
        json_decref(json);
        return failed ? 1 : 0;
    }
    fprintf(stderr, "usage: make-election-vectors keys|liveness|batch|roll|deal|signed|evidence\n");
    return 2;
}
