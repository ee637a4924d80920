/* Fuzz targets of every decoder. Property of each: no crash under the sanitizers, and what is
 * accepted is written back byte for byte (B5, A13). One executable, the target named by TAPAT_FUZZ.
 */
#ifndef TAPAT_TESTS_FUZZ_H
#define TAPAT_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Stops the run as a finding. */
#define MUST(x)                                                                                    \
    do {                                                                                           \
        if (!(x)) {                                                                                \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x);                                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

typedef void fuzz_seed(const void *bytes, size_t len);

typedef struct {
    const char *name;
    void (*run)(const uint8_t *bytes, size_t len);
    void (*seeds)(fuzz_seed *keep); /* gives well-formed inputs to start from */
} fuzz_target;

extern const fuzz_target fuzz_core[], fuzz_election[]; /* ended by a NULL name */
/* Before the first run of a target of fuzz_election. */
void fuzz_election_setup(void);

#endif
