/* C2SP signed notes, verifier keys, checkpoints and cosignatures, as bytes: what is signed, by
 * which key, and where the signature is. The signature itself is made and checked by the caller's
 * Ed25519. Strict: what the writer would not write is refused. All data is public. spec: chapter 8.
 *
 * Strings travel as pointer and length into the caller's bytes, which must outlive what is parsed.
 */
#ifndef TAPAT_CORE_MERKLE_NOTE_H
#define TAPAT_CORE_MERKLE_NOTE_H

#include "core/merkle/tree.h"

enum {
    TP_NOTE_MAX = 1 << 16,       /* bytes of a note */
    TP_NOTE_MAX_SIGNATURES = 64, /* lines */
    TP_NAME_MAX = 255,           /* bytes of a key name or origin */
    TP_VKEY_MAX = TP_NAME_MAX + 1 + 8 + 1 + 44,
    TP_CHECKPOINT_MAX = TP_NAME_MAX + 1 + 19 + 1 + 44 + 1, /* bytes of a checkpoint's text */
    TP_COSIGNED_MAX = 15 + 5 + 19 + 1 + TP_CHECKPOINT_MAX, /* of what a witness signs */
    TP_SIGNATURE_LINE_MAX = 3 + 1 + TP_NAME_MAX + 1 + 104 + 1,
    TP_COSIGNATURE_LEN = 72,
};

/* ---- base64 (RFC 4648 section 4, padded) ---- */

/* 4 * ceil(len / 3) characters. */
void tp_write_base64(tp_writer *w, const void *bytes, size_t len);
/* Writes the bytes to out; TP_MALFORMED unless it is what tp_write_base64 writes; TP_TOO_BIG. */
TP_MUST_USE tp_err tp_base64_decode(uint8_t *out, size_t cap, size_t *out_len, const char *text,
                                    size_t len);

/* ---- keys ---- */

typedef enum { TP_KEY_ED25519 = 1, TP_KEY_COSIGNATURE = 4 } tp_key_type;

typedef struct {
    const char *name;
    size_t name_len;
    tp_key_type type;
    uint8_t id[4];
    uint8_t key[32]; /* Ed25519 public key */
} tp_vkey;

/* Fills in a key and its ID. TP_MALFORMED: a name that is empty, over TP_NAME_MAX, not UTF-8, or
 * holds a control character, a space or a plus sign. spec: T-12 */
TP_MUST_USE tp_err tp_vkey_init(tp_vkey *k, const char *name, size_t name_len, tp_key_type type,
                                const uint8_t key[static 32]);
/* <name>+<8 hex digits of the ID>+<base64 of type and key>. */
void tp_vkey_write(tp_writer *w, const tp_vkey *k);
TP_MUST_USE tp_err tp_vkey_parse(tp_vkey *k, const char *text, size_t len);

/* ---- notes ---- */

typedef struct {
    const char *text; /* what is signed, with its last newline */
    size_t text_len;
    const char *lines; /* the signature lines */
    size_t lines_len;
    unsigned count; /* of signatures, 1..TP_NOTE_MAX_SIGNATURES */
} tp_note;

typedef struct {
    const char *name;
    size_t name_len;
    uint8_t id[4];
    size_t len;                            /* of the signature, without the ID */
    uint8_t signature[TP_COSIGNATURE_LEN]; /* kept if len is at most this */
} tp_note_signature;

/* Splits a note. TP_MALFORMED, TP_TOO_BIG. spec: T-10, T-11 */
TP_MUST_USE tp_err tp_note_parse(tp_note *n, const void *bytes, size_t len);
/* Signature number i < n->count of a parsed note. */
void tp_note_signature_at(const tp_note *n, unsigned i, tp_note_signature *s);
/* The text and the empty line; signature lines follow. */
void tp_note_write_text(tp_writer *w, const char *text, size_t len);
void tp_note_write_signature(tp_writer *w, const tp_vkey *k, const uint8_t *signature, size_t len);

/* libsodium's crypto_sign_verify_detached: 0 if the signature is good. */
typedef int tp_ed25519_verify(const unsigned char *signature, const unsigned char *message,
                              unsigned long long message_len, const unsigned char *key);

/* Does the note carry k's good signature? TP_REFUSED: no line of this name and ID; TP_MALFORMED:
 * the line's length is wrong, or a cosignature stands under what is no checkpoint; TP_INVALID: the
 * signature is false. time: that of a cosignature, Unix seconds, else 0; may be NULL. spec: T-13 */
TP_MUST_USE tp_err tp_note_verify(const tp_note *n, const tp_vkey *k, tp_ed25519_verify *verify,
                                  uint64_t *time);

/* Does line i < n->count have k's name and ID? */
bool tp_note_line_is(const tp_note *n, unsigned i, const tp_vkey *k);
/* Are all lines after the first of these keys, in their order, each at most once and good? Their
 * number is n->count - 1. TP_REFUSED: a line that is not; else as tp_note_verify. spec: R-13 */
TP_MUST_USE tp_err tp_note_verify_further(const tp_note *n, const tp_vkey *keys, size_t count,
                                          tp_ed25519_verify *verify);

/* ---- checkpoints ---- */

typedef struct {
    const char *origin;
    size_t origin_len;
    uint64_t size;
    tp_hash root;
} tp_checkpoint;

/* The text of a checkpoint: origin, size, root; no extension lines. spec: T-14 */
void tp_checkpoint_format(tp_writer *w, const tp_checkpoint *c);
TP_MUST_USE tp_err tp_checkpoint_parse(tp_checkpoint *c, const char *text, size_t len);

/* What a witness signs: "cosignature/v1\ntime <time>\n" and the text. spec: T-15 */
void tp_cosignature_message(tp_writer *w, uint64_t time, const char *text, size_t len);
/* Its signature as a note carries it: uint64 time || signature. */
void tp_cosignature_join(uint8_t out[static TP_COSIGNATURE_LEN], uint64_t time,
                         const uint8_t signature[static 64]);

#endif
