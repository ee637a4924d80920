/* The whole verifier in a page: record/verify.c and all below it, over files that the page reads.
 *
 * Invariants
 *  1. The code is that of `tapat verify`. Only what touches the machine is another: files, memory,
 *     threads, JSON's reader and the few functions of libsodium (sodium.c), here beside this file.
 *  2. One verification in a module's life.
 * spec: chapter 9.
 */
#include <stdlib.h>
#include <string.h>

#include "record/record.h"
#include "web/wasm/verify/host.h"
#include "web/wasm/verify/verify.h"

#define WEB_EXPORT(name) __attribute__((export_name(#name)))

WEB_EXPORT(verify_room) void *verify_room(uint32_t len);
void *verify_room(uint32_t len) {
    return malloc(len);
}

static void report_progress(void *ctx, const char *what, uint64_t done, uint64_t total) {
    (void)ctx;
    host_progress(what, strlen(what), (double)done, (double)total);
}

static void put_text(tp_writer *w, const char *text) {
    tp_write_bytes(w, text, strlen(text) + 1);
}

/* Checks the record with `helpers` workers. known: fingerprint, or NULL. The report: tp_err,
 * fingerprint[32], then of each check verdict (a byte), name, code, where and detail, each ended by
 * a NUL. Returns its length; out has REPORT_MAX bytes. */
enum { REPORT_MAX = 1 << 15 };
WEB_EXPORT(verify_run) uint32_t verify_run(uint8_t *out, const uint8_t *known, uint32_t helpers);
uint32_t verify_run(uint8_t *out, const uint8_t *known, uint32_t helpers) {
    static tp_verification v;
    tp_replay_options o = {.threads = helpers, .progress = report_progress};
    verify_helpers(helpers);
    tp_err err = tp_verify(&v, "", known, &o);
    tp_writer w = tp_writer_of(out, REPORT_MAX);
    tp_write_u8(&w, (uint8_t)err);
    tp_write_bytes(&w, v.fingerprint, 32);
    for (size_t i = 0; i < v.count; i++) {
        const tp_check *c = &v.checks[i];
        tp_write_u8(&w, (uint8_t)c->verdict);
        put_text(&w, c->check);
        put_text(&w, c->verdict == TP_FAIL ? c->fault.code : "");
        put_text(&w, c->verdict == TP_FAIL ? c->fault.where : "");
        put_text(&w, c->detail);
    }
    return tp_write_end(&w) ? 0 : (uint32_t)w.len;
}
