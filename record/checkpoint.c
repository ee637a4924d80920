/* The checkpoint of a record: a signed note with one signature, the log's. spec.
 */
#include "record/folder.h"
#include "record/record.h"

#include <sodium.h>
#include <string.h>
#include <unistd.h>

#define CHECKPOINT "checkpoint"

tp_err tp_head_read(tp_head *h, int folder, tp_fault *fault) {
    tp_err err = tp_file_read(&h->text, folder, CHECKPOINT, TP_NOTE_MAX);
    if (err == TP_REFUSED) return tp_fail(fault, err, "record.missing", CHECKPOINT);
    if (err == TP_SYSTEM) return tp_fail(fault, err, "system", CHECKPOINT);
    if (!err) err = tp_note_parse(&h->note, h->text.p, h->text.len);
    if (!err) err = tp_checkpoint_parse(&h->at, h->note.text, h->note.text_len);
    if (!err && h->note.count != 1) err = TP_MALFORMED;
    return err ? tp_fail(fault, err, "checkpoint.malformed", CHECKPOINT) : TP_OK;
}

void tp_head_free(tp_head *h) {
    tp_buffer_free(&h->text);
}

static tp_err log_vkey(tp_vkey *k, const tp_manifest *m, const uint8_t key[static 32]) {
    return tp_vkey_init(k, m->log_origin, strlen(m->log_origin), TP_KEY_ED25519, key);
}

tp_err tp_head_check(const tp_head *h, const tp_manifest *m, tp_fault *fault) {
    tp_vkey key;
    size_t len = strlen(m->log_origin);
    if (h->at.origin_len != len || memcmp(h->at.origin, m->log_origin, len))
        return tp_fail(fault, TP_REFUSED, "checkpoint.origin", CHECKPOINT);
    tp_err err = log_vkey(&key, m, m->log_key);
    if (!err) err = tp_note_verify(&h->note, &key, crypto_sign_verify_detached, NULL);
    if (err == TP_REFUSED) return tp_fail(fault, err, "checkpoint.key", CHECKPOINT);
    return err ? tp_fail(fault, err, "checkpoint.signature", CHECKPOINT) : TP_OK;
}

/* Partial tiles that served the last checkpoint and not this one. */
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

tp_err tp_checkpoint_write(const char *dir, const tp_manifest *m, uint64_t size,
                           const uint8_t root[static 32], const uint8_t secret[static 64]) {
    char note[TP_CHECKPOINT_MAX + 1 + TP_SIGNATURE_LINE_MAX];
    tp_writer w = tp_writer_of(note, sizeof note);
    tp_checkpoint c = {.origin = m->log_origin, .origin_len = strlen(m->log_origin), .size = size};
    uint8_t signature[64];
    tp_vkey key;
    tp_fault none;
    tp_head old = {0};
    int folder;
    memcpy(c.root.b, root, 32);
    tp_err err = log_vkey(&key, m, secret + 32);
    if (err) return err;
    tp_checkpoint_format(&w, &c);
    size_t len = w.len;
    crypto_sign_detached(signature, NULL, (const uint8_t *)note, len, secret);
    w = tp_writer_of(note + len, sizeof note - len);
    tp_write_bytes(&w, "\n", 1);
    tp_note_write_signature(&w, &key, signature, sizeof signature);
    if ((err = tp_write_end(&w))) return err;
    if ((err = tp_folder_open(&folder, dir, true))) return err;
    bool replaces = tp_head_read(&old, folder, &none) == TP_OK;
    err = tp_file_write(folder, CHECKPOINT, note, len + w.len);
    if (!err && replaces) remove_stale(folder, old.at.size, size);
    tp_head_free(&old);
    close(folder);
    return err;
}
