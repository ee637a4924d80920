/* `tapat cancel`: registrars void a voting key, for a voter who lost it or votes at the post. The
 * record shows key and reason; a voter who is named by number stays in the server's folder. */
#include <string.h>

#include "cli/act.h"
#include "cli/roll.h"
#include "cli/registrar_book.h"

/* As L-10 numbers them, from 1. */
static const char *const reasons[] = {"lost", "misused", "votes-at-the-post", "registered-wrongly"};

static uint16_t reason_of(const char *word) {
    for (size_t i = 0; word && i < sizeof reasons / sizeof *reasons; i++)
        if (!strcmp(word, reasons[i])) return (uint16_t)(i + 1);
    tp_usage("--reason is lost, misused, votes-at-the-post or registered-wrongly");
}

/* The signed key of the voter with this number. */
static int key_of(uint8_t key[static 32], const char *number, const char *data) {
    tp_voter v;
    tp_enrolment e;
    bool found = false;
    tp_store *s = tp_roll_open(data, true);
    if (!s) return TP_EXIT_SYSTEM;
    tp_err err = tp_store_voter_find(s, number, &v, &found);
    if (!err && found) err = tp_store_enrolment_of(s, v.id, &e, &found);
    if (!err && found) found = e.state == TP_ENROL_DONE;
    int code = err      ? tp_say(TP_EXIT_SYSTEM, "the store failed: %s", tp_store_error(s))
               : !found ? tp_say(TP_EXIT_REFUSED, "%s has no signed key", number)
                        : TP_EXIT_OK;
    if (code == TP_EXIT_OK) memcpy(key, e.credential, 32);
    tp_store_close(s);
    return code;
}

/* In the books of those who signed: the voter may get another key of theirs. spec: L-24 */
static void release(const act_args *a, const tp_manifest *m, const uint8_t key[static 32]) {
    for (size_t i = 0; i < a->officers.count; i++) {
        registrar_book *b = registrar_book_open(a->officers.items[i], m->fingerprint);
        if (!b) continue; /* said; a person can sign the next key nevertheless */
        if (registrar_book_begin(b)) {
            registrar_book_add(b, "-", key);
            (void)registrar_book_sync(b);
        }
        registrar_book_close(b);
    }
}

static int cancel(const act_args *a, const uint8_t key[static 32], uint16_t reason) {
    tp_record *r;
    tp_replay p;
    char hex[65];
    int code = tp_load_record(&r, &p, a->record, &(tp_replay_options){.trusting = true}, NULL);
    if (code != TP_EXIT_OK) return code;
    act_draft d = {.entry = {.type = TP_ENTRY_CANCEL}};
    d.entry.u.cancel.reason = reason;
    d.entry.u.cancel.time = tp_unix_time();
    memcpy(d.entry.u.cancel.credential, key, 32);
    tp_hex(hex, key, 32);
    printf("cancelling the key %s\n", hex);
    code = tp_act_finish(&d, a, &p.manifest);
    if (code == TP_EXIT_OK) release(a, &p.manifest, key);
    tp_act_free(&d);
    tp_replay_free(&p);
    tp_record_close(r);
    return code;
}

int tp_cmd_cancel(int argc, char **argv) {
    act_args a = {0};
    const char *reason = NULL, *data = NULL, *word;
    uint8_t key[32];
    const tp_arg table[] = {
        {"--record", "DIR", TP_ARG_TEXT, &a.record, "the public record"},
        {"--registrar", "FILE", TP_ARG_LIST, &a.officers, "key file of a registrar who signs"},
        {"--reason", "WHY", TP_ARG_TEXT, &reason,
         "lost, misused, votes-at-the-post or registered-wrongly"},
        {"--data", "DIR", TP_ARG_TEXT, &data, "the server's folder, to name the voter by number"},
        {"--server", "URL", TP_ARG_TEXT, &a.server, "send it when enough have signed"},
        {"--out", "FILE", TP_ARG_TEXT, &a.out, "write it to a file for the next registrar"},
        {"--add", "FILE", TP_ARG_TEXT, &a.add, "add signatures to such a file"},
        TP_ARG_END};
    if (tp_args(argc, argv, "cancel KEY|NUMBER --reason WHY [options]",
                "Registrars void a voting key: it casts no more, nothing of it counts, and the\n"
                "voter can enrol anew. The record shows the key and the reason.",
                table, &word, 1) != 1)
        tp_usage("cancel takes a key of 64 hex digits, or with --data a voter's number");
    uint16_t why = reason_of(reason);
    tp_act_require(&a);
    if (!data && !tp_unhex(key, 32, word)) tp_usage("'%s' is no key; --data is missing", word);
    int code = data ? key_of(key, word, data) : TP_EXIT_OK;
    return code == TP_EXIT_OK ? cancel(&a, key, why) : code;
}
