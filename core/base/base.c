/* Cursors over bytes, wiping and comparison. Invariants: base.h. spec: chapter 1. */
#include "core/base/base.h"
#include "core/base/mem.h"

const char *tp_err_name(tp_err err) {
    static const char *const names[] = {"ok",      "malformed", "invalid",
                                        "refused", "too-big",   "system"};
    return (size_t)err < sizeof names / sizeof names[0] ? names[err] : "unknown";
}

void tp_wipe(void *p, size_t len) {
    memset(p, 0, len);
    __asm__ volatile("" : : "r"(p) : "memory");
}

uint32_t tp_equal(const void *a, const void *b, size_t len) {
    const uint8_t *x = a, *y = b;
    uint64_t diff = 0;
    for (size_t i = 0; i < len; i++)
        diff |= (uint64_t)(x[i] ^ y[i]);
    return (uint32_t)((tp_barrier(diff) - 1) >> 63);
}

/* How many bytes the length prefix of a vector has (RFC 8446 section 3.4). */
static size_t prefix_len(size_t max) {
    size_t n = 1;
    while (n < 4 && max >> (8 * n))
        n++;
    return n;
}

tp_reader tp_reader_of(const void *bytes, size_t len) {
    return (tp_reader){.p = bytes, .left = len, .failed = false};
}

const uint8_t *tp_read_bytes(tp_reader *r, size_t len) {
    if (r->failed || len > r->left) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *p = r->p;
    r->p += len;
    r->left -= len;
    return p;
}

void tp_read_copy(tp_reader *r, void *out, size_t len) {
    const uint8_t *p = tp_read_bytes(r, len);
    if (p)
        memcpy(out, p, len);
    else
        memset(out, 0, len);
}

static uint64_t read_uint(tp_reader *r, size_t len) {
    const uint8_t *p = tp_read_bytes(r, len);
    uint64_t v = 0;
    for (size_t i = 0; p && i < len; i++)
        v = v << 8 | p[i];
    return v;
}

uint8_t tp_read_u8(tp_reader *r) {
    return (uint8_t)read_uint(r, 1);
}
uint16_t tp_read_u16(tp_reader *r) {
    return (uint16_t)read_uint(r, 2);
}
uint32_t tp_read_u32(tp_reader *r) {
    return (uint32_t)read_uint(r, 4);
}
uint64_t tp_read_u64(tp_reader *r) {
    return read_uint(r, 8);
}

tp_reader tp_read_vector(tp_reader *r, size_t min, size_t max) {
    size_t len = (size_t)read_uint(r, prefix_len(max));
    if (len < min || len > max) r->failed = true;
    const uint8_t *p = tp_read_bytes(r, len);
    return (tp_reader){.p = p, .left = p ? len : 0, .failed = !p};
}

tp_err tp_read_end(const tp_reader *r) {
    return r->failed || r->left ? TP_MALFORMED : TP_OK;
}

tp_writer tp_writer_of(void *bytes, size_t cap) {
    return (tp_writer){.p = bytes, .cap = cap, .len = 0, .failed = false};
}

void tp_write_bytes(tp_writer *w, const void *bytes, size_t len) {
    if (w->p) {
        if (w->failed || w->len > w->cap || len > w->cap - w->len)
            w->failed = true;
        else if (len)
            memcpy(w->p + w->len, bytes, len);
    }
    w->len += len;
}

static void write_uint(tp_writer *w, uint64_t v, size_t len) {
    uint8_t be[8];
    tp_put_u64be(be, v);
    tp_write_bytes(w, be + 8 - len, len);
}

void tp_write_u8(tp_writer *w, uint8_t v) {
    write_uint(w, v, 1);
}
void tp_write_u16(tp_writer *w, uint16_t v) {
    write_uint(w, v, 2);
}
void tp_write_u32(tp_writer *w, uint32_t v) {
    write_uint(w, v, 4);
}
void tp_write_u64(tp_writer *w, uint64_t v) {
    write_uint(w, v, 8);
}

void tp_write_vector(tp_writer *w, size_t max, const void *bytes, size_t len) {
    if (len > max) w->failed = true;
    write_uint(w, len, prefix_len(max));
    tp_write_bytes(w, bytes, len);
}

size_t tp_write_open(tp_writer *w, size_t max) {
    write_uint(w, 0, prefix_len(max));
    return w->len;
}

void tp_write_close(tp_writer *w, size_t opened, size_t max) {
    size_t len = w->len - opened, n = prefix_len(max);
    if (len > max) w->failed = true;
    if (!w->p || w->failed) return;
    uint8_t be[8];
    tp_put_u64be(be, len);
    memcpy(w->p + opened - n, be + 8 - n, n);
}

tp_err tp_write_end(const tp_writer *w) {
    return w->failed ? TP_TOO_BIG : TP_OK;
}
