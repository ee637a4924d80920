/* The checkpoint of a record: a signed note with the log's signature and cosignatures of witnesses
 * that the manifest names. spec.
 */
#include "record/folder.h"
#include "record/record.h"

#include <sodium.h>
#include <string.h>
#include <unistd.h>

#define CHECKPOINT "checkpoint"

static const uint64_t most_entries = UINT64_C(1) << 40; /* of a record */

/* spec: R-8 */
static tp_err parse_head(tp_checkpoint *at, const tp_note *n) {
    tp_err err = tp_checkpoint_parse(at, n->text, n->text_len);
    if (!err && at->size > most_entries) err = TP_MALFORMED;
    return err;
}

tp_err tp_head_read(tp_head *h, int folder, tp_fault *fault) {
    tp_err err = tp_file_read(&h->text, folder, CHECKPOINT, TP_NOTE_MAX);
    if (err == TP_REFUSED) return tp_fail(fault, err, "record.missing", CHECKPOINT);
    if (err == TP_SYSTEM) return tp_fail(fault, err, "system", CHECKPOINT);
    if (!err) err = tp_note_parse(&h->note, h->text.p, h->text.len);
    if (!err) err = parse_head(&h->at, &h->note);
    return err ? tp_fail(fault, err, "checkpoint.malformed", CHECKPOINT) : TP_OK;
}

void tp_head_free(tp_head *h) {
    tp_buffer_free(&h->text);
}

static tp_err log_vkey(tp_vkey *k, const tp_manifest *m, const uint8_t key[static 32]) {
    return tp_vkey_init(k, m->log_origin, strlen(m->log_origin), TP_KEY_ED25519, key);
}

/* The lines after the first: witnesses in the manifest's order. spec: R-13 */
static tp_err check_cosignatures(const tp_note *n, const tp_manifest *m, tp_fault *fault) {
    tp_vkey keys[TP_MAX_WITNESSES];
    tp_err err = TP_OK;
    for (size_t i = 0; !err && i < m->witnesses.count; i++) {
        const tp_signer *s = &m->witnesses.who[i];
        err = tp_vkey_init(&keys[i], s->name, strlen(s->name), TP_KEY_COSIGNATURE, s->key);
    }
    if (!err)
        err = tp_note_verify_further(n, keys, m->witnesses.count, crypto_sign_verify_detached);
    if (err) return tp_fail(fault, err, "checkpoint.cosignature", CHECKPOINT);
    if (n->count - 1 < m->witnesses.quorum)
        return tp_fail(fault, TP_REFUSED, "checkpoint.quorum", CHECKPOINT);
    return TP_OK;
}

static tp_err check_note(const tp_note *n, const tp_checkpoint *at, const tp_manifest *m,
                         tp_fault *fault) {
    tp_vkey key;
    size_t len = strlen(m->log_origin);
    if (at->origin_len != len || memcmp(at->origin, m->log_origin, len))
        return tp_fail(fault, TP_REFUSED, "checkpoint.origin", CHECKPOINT);
    tp_err err = log_vkey(&key, m, m->log_key);
    if (!err && !tp_note_line_is(n, 0, &key)) err = TP_REFUSED;
    if (!err) err = tp_note_verify(n, &key, crypto_sign_verify_detached, NULL);
    if (err == TP_REFUSED) return tp_fail(fault, err, "checkpoint.key", CHECKPOINT);
    if (err) return tp_fail(fault, err, "checkpoint.signature", CHECKPOINT);
    return check_cosignatures(n, m, fault);
}

tp_err tp_head_check(const tp_head *h, const tp_manifest *m, tp_fault *fault) {
    return check_note(&h->note, &h->at, m, fault);
}

tp_err tp_checkpoint_check(tp_checkpoint_seen *out, const void *bytes, size_t len,
                           const tp_manifest *m, tp_fault *fault) {
    tp_note n;
    tp_checkpoint at;
    tp_err err = tp_note_parse(&n, bytes, len);
    if (!err) err = parse_head(&at, &n);
    if (err) return tp_fail(fault, err, "checkpoint.malformed", CHECKPOINT);
    if ((err = check_note(&n, &at, m, fault))) return err;
    out->size = at.size;
    out->root = at.root;
    out->witnesses = n.count - 1;
    return TP_OK;
}

/* Partial tiles that served the last checkpoint and not this one. spec: R-11 */
static void remove_stale(int folder, uint64_t old_size, uint64_t size) {
    for (unsigned level = 0; level <= TP_TILE_MAX_LEVEL; level++) {
        uint64_t last = tp_tile_count(level, old_size) - 1;
        tp_tile tile = {level, last, tp_tile_width(level, last, old_size)};
        if (tile.width % TP_TILE_WIDTH == 0) continue;
        if (tile.width == tp_tile_width(level, last, size)) continue;
        char path[TP_FILE_NAME];
        tp_tile_path(path, &tile);
        tp_file_remove(folder, path);
        tile.level = TP_TILE_ENTRIES;
        tp_tile_path(path, &tile);
        if (!level) tp_file_remove(folder, path);
    }
}

tp_err tp_checkpoint_sign(tp_writer *note, const tp_manifest *m, uint64_t size,
                          const uint8_t root[static 32], const uint8_t secret[static 64]) {
    char text[TP_CHECKPOINT_MAX];
    tp_writer w = tp_writer_of(text, sizeof text);
    tp_checkpoint c = {.origin = m->log_origin, .origin_len = strlen(m->log_origin), .size = size};
    uint8_t signature[64];
    tp_vkey key;
    memcpy(c.root.b, root, 32);
    tp_err err = log_vkey(&key, m, secret + 32);
    tp_checkpoint_format(&w, &c);
    if (!err) err = tp_write_end(&w);
    if (err) return err;
    crypto_sign_detached(signature, NULL, (const uint8_t *)text, w.len, secret);
    tp_note_write_text(note, text, w.len);
    tp_note_write_signature(note, &key, signature, sizeof signature);
    return tp_write_end(note);
}

tp_err tp_checkpoint_put(const char *dir, const void *note, size_t len) {
    tp_fault none;
    tp_head old = {0};
    tp_note n;
    tp_checkpoint at;
    int folder;
    tp_err err = tp_note_parse(&n, note, len);
    if (!err) err = tp_checkpoint_parse(&at, n.text, n.text_len);
    if (!err) err = tp_folder_open(&folder, dir, true);
    if (err) return err;
    bool replaces = tp_head_read(&old, folder, &none) == TP_OK;
    err = tp_file_write(folder, CHECKPOINT, note, len);
    if (!err && replaces) remove_stale(folder, old.at.size, at.size);
    tp_head_free(&old);
    close(folder);
    return err;
}

tp_err tp_checkpoint_write(const char *dir, const tp_manifest *m, uint64_t size,
                           const uint8_t root[static 32], const uint8_t secret[static 64]) {
    char note[TP_CHECKPOINT_MAX + 1 + TP_SIGNATURE_LINE_MAX];
    tp_writer w = tp_writer_of(note, sizeof note);
    tp_err err = tp_checkpoint_sign(&w, m, size, root, secret);
    return err ? err : tp_checkpoint_put(dir, note, w.len);
}
