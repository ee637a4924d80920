/* Prints one file of vectors: make-vectors schnorr|sum|eqlog|dkg > spec/vectors/NAME.json */
#include "tests/core/proof/vectors.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
    const struct {
        const char *name;
        json_t *(*make)(void);
    } files[] = {{"schnorr", vectors_schnorr},
                 {"sum", vectors_sum},
                 {"eqlog", vectors_eqlog},
                 {"dkg", vectors_dkg}};
    for (size_t i = 0; argc == 2 && i < 4; i++) {
        if (strcmp(argv[1], files[i].name)) continue;
        json_t *json = files[i].make();
        int failed = json_dumpf(json, stdout, JSON_INDENT(1));
        puts("");
        json_decref(json);
        return failed ? 1 : 0;
    }
    fprintf(stderr, "usage: make-vectors schnorr|sum|eqlog|dkg\n");
    return 2;
}
