/* Throw-away folders for tests of the record. */
#ifndef TAPAT_TESTS_RECORD_SCRATCH_H
#define TAPAT_TESTS_RECORD_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

char *scratch_folder(void); /* a new empty one; scratch_remove deletes and frees */
void scratch_remove(char *dir);
bool scratch_exists(const char *dir, const char *name);
void scratch_write(const char *dir, const char *name, const void *bytes, size_t len);
uint8_t *scratch_read(const char *dir, const char *name, size_t *len); /* to be freed */
void scratch_remove_file(const char *dir, const char *name);
/* Fails the test unless both hold the same files with the same bytes. */
void scratch_same(const char *a, const char *b);
/* All files, in order, to be freed one by one and as a list. */
char **scratch_files(const char *dir, size_t *count);
/* A log key pair out of a fixed seed. */
void scratch_log_key(uint8_t key[static 32], uint8_t secret[static 64]);

#endif
