/* What the page does for the verifier: files, progress, randomness. Each thread has functions of
 * its own, over the same files.
 */
#ifndef TAPAT_VERIFY_HOST_H
#define TAPAT_VERIFY_HOST_H

#include <stddef.h>
#include <stdint.h>

#define HOST(name) __attribute__((import_module("host"), import_name(#name)))

enum { HOST_MISSING = -1, HOST_FAILED = -2 };

/* Opens a plain file for host_take: its length, HOST_MISSING or HOST_FAILED. */
HOST(open) int32_t host_open(const char *name, size_t len);
/* The bytes of the file that was opened last. */
HOST(take) void host_take(uint8_t *to);
/* Name number i in the order of the walk, cut to cap: its length, plus HOST_PLAIN if it is a plain
 * file; HOST_MISSING after the last. */
enum { HOST_PLAIN = 1 << 16 };
HOST(list) int32_t host_list(uint32_t i, char *out, size_t cap);
HOST(progress) void host_progress(const char *what, size_t len, double done, double total);
HOST(random) void host_random(uint8_t *out, size_t len);

/* A lock that sleeps (lock.c): 0 is free. */
void host_lock(uint32_t *lock);
void host_unlock(uint32_t *lock);
/* Sleeps while *word is `seen`; wakes all that sleep on it. */
void host_sleep(uint32_t *word, uint32_t seen);
void host_wake(uint32_t *word);

#endif
