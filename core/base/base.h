/* Errors, constant-time helpers, and the cursors through which all wire bytes are read and written.
 *
 * Invariants
 *  1. A reader never moves past its end; the first failure is sticky and later reads give zeros.
 *  2. A writer never writes past its capacity; the first overflow is sticky, and the length that
 *     would have been needed is still counted, so a writer over NULL measures.
 *  3. Integers are big-endian and vectors are length-prefixed as in RFC 8446 section 3; nothing
 *     stands between members (spec: E-2), and a value has one encoding (spec: E-9).
 * spec: chapter 1 (encoding).
 */
#ifndef TAPAT_CORE_BASE_H
#define TAPAT_CORE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TP_MUST_USE __attribute__((warn_unused_result))

/* The closed list of faults. A stranger's error returns one of these; a programmer's aborts. */
typedef enum {
    TP_OK = 0,
    TP_MALFORMED, /* does not parse: not canonical, wrong length, trailing bytes */
    TP_INVALID,   /* parses, but a signature or proof is false */
    TP_REFUSED,   /* true, but a rule of the election forbids it */
    TP_TOO_BIG,   /* over a stated limit; refused before any work */
    TP_SYSTEM,    /* the machine failed: disk, memory, randomness */
} tp_err;

const char *tp_err_name(tp_err err);

/* ---- constant time ---- */

/* Sets len bytes to zero in a way that the compiler keeps. */
void tp_wipe(void *p, size_t len);

/* 1 if the len bytes are equal, else 0; constant time. */
uint32_t tp_equal(const void *a, const void *b, size_t len);

/* Hides a value from the optimiser, so that a mask is not turned back into a branch. */
static inline uint64_t tp_barrier(uint64_t x) {
    __asm__("" : "+r"(x));
    return x;
}

/* All ones if bit is 1, zero if it is 0. */
static inline uint64_t tp_mask(uint64_t bit) {
    return tp_barrier((uint64_t)0 - bit);
}

/* From here on these bytes are public, for the reason that stands beside the call; for the
 * constant-time gate, which marks secrets as undefined. Does nothing else. */
void tp_declassify(const void *p, size_t len);

/* ---- integers ---- */

static inline void tp_put_u32be(uint8_t *p, uint32_t v) {
    p[0] = (uint8_t)(v >> 24), p[1] = (uint8_t)(v >> 16), p[2] = (uint8_t)(v >> 8),
    p[3] = (uint8_t)v;
}
static inline void tp_put_u64be(uint8_t *p, uint64_t v) {
    tp_put_u32be(p, (uint32_t)(v >> 32)), tp_put_u32be(p + 4, (uint32_t)v);
}
static inline uint32_t tp_get_u32be(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline uint64_t tp_get_u64be(const uint8_t *p) {
    return (uint64_t)tp_get_u32be(p) << 32 | tp_get_u32be(p + 4);
}

/* ---- reader ---- */

typedef struct {
    const uint8_t *p;
    size_t left;
    bool failed;
} tp_reader;

tp_reader tp_reader_of(const void *bytes, size_t len);
/* Big-endian, of exactly this width. spec: E-1 */
uint8_t tp_read_u8(tp_reader *r);
uint16_t tp_read_u16(tp_reader *r);
uint32_t tp_read_u32(tp_reader *r);
uint64_t tp_read_u64(tp_reader *r);
/* A pointer to the next len bytes (not copied), or NULL after a failure. spec: E-3, E-6 */
const uint8_t *tp_read_bytes(tp_reader *r, size_t len);
/* Copies len bytes out; zeros after a failure. */
void tp_read_copy(tp_reader *r, void *out, size_t len);
/* opaque x<min..max>: the length prefix has as many bytes as max needs (1 to 4). The vector as a
 * reader of its own; empty and failed if the length is out of range or over what is left.
 * spec: E-4, E-5, E-6 */
tp_reader tp_read_vector(tp_reader *r, size_t min, size_t max);
/* TP_OK if nothing failed and nothing is left, else TP_MALFORMED. spec: E-7 */
TP_MUST_USE tp_err tp_read_end(const tp_reader *r);

/* ---- writer ---- */

typedef struct {
    uint8_t *p; /* NULL measures */
    size_t cap;
    size_t len;
    bool failed;
} tp_writer;

tp_writer tp_writer_of(void *bytes, size_t cap);
void tp_write_u8(tp_writer *w, uint8_t v);
void tp_write_u16(tp_writer *w, uint16_t v);
void tp_write_u32(tp_writer *w, uint32_t v);
void tp_write_u64(tp_writer *w, uint64_t v);
void tp_write_bytes(tp_writer *w, const void *bytes, size_t len);
/* The whole vector with its prefix (as wide as max needs). spec: E-4, E-5 */
void tp_write_vector(tp_writer *w, size_t max, const void *bytes, size_t len);
/* Opens a vector whose length is not known yet; close fills the prefix in. */
size_t tp_write_open(tp_writer *w, size_t max);
void tp_write_close(tp_writer *w, size_t opened, size_t max);
/* TP_OK, or TP_TOO_BIG if the bytes did not fit. spec: E-8 */
TP_MUST_USE tp_err tp_write_end(const tp_writer *w);

#endif
