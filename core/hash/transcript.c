/* The Fiat-Shamir transcript and hedged nonces.
 *
 * Every frame is kind || label_len || label || data_len || data (hash.h). A frame is read back in
 * one way only, so different sequences of frames are different strings: what B6 (ambiguous
 * encoding) needs. Transcripts open with the frame "suite", nonce keys with the frame "domain", so
 * the two uses of SHA-512 never meet. spec: P-4, P-5, P-6, P-7, P-8.
 */
#include "core/hash/hash.h"

#include "core/base/mem.h"

enum { ITEM = 0, CHALLENGE = 1 };

/* The length of a C string of at most 255 bytes; longer is a programmer's error. */
static size_t label_len(const char *label) {
    size_t n = 0;
    while (label[n])
        if (++n > 255) __builtin_trap();
    return n;
}

enum { HEAD_MAX = 2 + 255 + 8 };

/* All of a frame but its data; how many bytes. */
static size_t frame_head(uint8_t head[static HEAD_MAX], uint8_t kind, const char *label,
                         size_t len) {
    size_t n = label_len(label);
    head[0] = kind;
    head[1] = (uint8_t)n;
    memcpy(head + 2, label, n);
    tp_put_u64be(head + 2 + n, len);
    return 2 + n + 8;
}

static void frame(tp_sha512_ctx *h, uint8_t kind, const char *label, const void *data, size_t len) {
    uint8_t head[HEAD_MAX];
    tp_sha512_update(h, head, frame_head(head, kind, label, len));
    tp_sha512_update(h, data, len);
}

void tp_absorb(tp_transcript *t, const char *label, const void *data, size_t len) {
    frame(&t->h, ITEM, label, data, len);
}

void tp_absorb_u64(tp_transcript *t, const char *label, uint64_t v) {
    uint8_t be[8];
    tp_put_u64be(be, v);
    frame(&t->h, ITEM, label, be, 8);
}

void tp_transcript_init(tp_transcript *t, const char *domain) {
    tp_sha512_init(&t->h);
    frame(&t->h, ITEM, "suite", TP_SUITE, sizeof TP_SUITE - 1);
    frame(&t->h, ITEM, "domain", domain, label_len(domain));
}

void tp_challenge(tp_transcript *t, const char *label, uint8_t out[static 64]) {
    frame(&t->h, CHALLENGE, label, NULL, 0);
    tp_sha512_ctx now = t->h;
    tp_sha512_final(&now, out);
}

static void frame_lanes(tp_transcript *t, size_t lanes, uint8_t kind, const char *label,
                        const void *const *data, size_t len) {
    uint8_t head[HEAD_MAX];
    const void *heads[TP_LANES_MAX];
    for (size_t i = 0; i < TP_LANES_MAX; i++)
        heads[i] = head;
    size_t head_len = frame_head(head, kind, label, len);
    tp_sha512_update_lanes(&t->h, lanes, heads, head_len);
    tp_sha512_update_lanes(&t->h, lanes, data, len);
}

_Static_assert(sizeof(tp_transcript) == sizeof(tp_sha512_ctx), "lanes of one are lanes of both");

void tp_absorb_lanes(tp_transcript *t, size_t lanes, const char *label, const void *const *data,
                     size_t len) {
    frame_lanes(t, lanes, ITEM, label, data, len);
}

void tp_challenge_lanes(tp_transcript *t, size_t lanes, const char *label, uint8_t (*out)[64]) {
    frame_lanes(t, lanes, CHALLENGE, label, NULL, 0);
    tp_sha512_ctx now[TP_LANES_MAX];
    for (size_t i = 0; i < lanes; i++)
        now[i] = t[i].h;
    tp_sha512_final_lanes(now, lanes, out);
}

void tp_nonces_init(tp_nonces *g, const char *domain, const void *secret, size_t secret_len,
                    const uint8_t random[static 32], const tp_transcript *context) {
    uint8_t seen[64];
    tp_sha512_ctx h = context->h;
    tp_sha512_final(&h, seen);
    tp_sha512_init(&h);
    frame(&h, ITEM, "domain", domain, label_len(domain));
    frame(&h, ITEM, "secret", secret, secret_len);
    frame(&h, ITEM, "random", random, 32);
    frame(&h, ITEM, "context", seen, sizeof seen);
    tp_sha512_final(&h, g->key);
    g->counter = 0;
}

void tp_nonces_next(tp_nonces *g, uint8_t out[static 64]) {
    uint8_t be[8];
    tp_put_u64be(be, g->counter++);
    tp_sha512_ctx h;
    tp_sha512_init(&h);
    tp_sha512_update(&h, g->key, sizeof g->key);
    tp_sha512_update(&h, be, sizeof be);
    tp_sha512_final(&h, out);
}
