/* `tapat letter mail`: code letters that go by mail or short message, sent from where registrars
 * are to the contacts of their own copy of the roll. As with paper the server learns the keys
 * alone, by the list. A letter is on it, as begun, before it is handed over, and once more when it
 * was taken: who was killed between leaves none that is unknown, and the next run makes another.
 * spec: L-19, L-22, Q-9 */
#include <stdlib.h>
#include <string.h>

#include "cli/letter.h"
#include "cli/letter_list.h"
#include "cli/roll_copy.h"
#include "core/base/mem.h"
#include "election/code.h"
#include "election/evidence.h"
#include "server/courier.h"

typedef struct {
    char number[32], to[128];
} recipient;

typedef struct {
    const char *roll, *list, *manifest_file, *post, *config_file, *voter, *lang;
    uint64_t limit, sent, refused;
    tp_manifest manifest;
    tp_config config;
    tp_texts *texts;
    int unit;
    tp_letter_list had;
    recipient *to;
    size_t count, cap;
    tp_courier *by_mail, *by_sms; /* NULL: not that way */
    atomic_bool stop;
} mailing;

static const char *reached_by(const mailing *b, const char *contact) {
    if (!*contact) return NULL;
    return *(strchr(contact, '@') ? b->config.mail_server : b->config.sms_url) ? contact : NULL;
}

static bool take_row(void *ctx, const tp_roll_row *row) {
    mailing *b = ctx;
    const char *to = reached_by(b, row->contact);
    if (!to) to = reached_by(b, row->contact2);
    bool online = !row->channel || row->channel == 1;
    bool meant =
        b->voter ? !strcmp(row->number, b->voter) : !tp_letter_list_has(&b->had, row->number);
    if (!to || !online || !meant || row->unit != b->unit) return true;
    if (b->count == b->cap) {
        b->cap = b->cap ? 2 * b->cap : 64;
        b->to = realloc(b->to, b->cap * sizeof *b->to);
        if (!b->to) abort();
    }
    recipient *r = &b->to[b->count++];
    memcpy(r->number, row->number, sizeof r->number);
    memcpy(r->to, to, strlen(to) + 1);
    return b->count < b->limit && !b->voter;
}

/* The text with its code, and the code's key. */
static tp_err make_text(const mailing *b, tp_text *text, uint8_t key[static 32]) {
    uint8_t code[TP_LETTER_CODE], secret[32];
    char written[TP_CODE_TEXT];
    tp_random(code, sizeof code);
    tp_code_write(written, code, TP_LETTER_SYMBOLS);
    tp_err err = tp_code_read(code, TP_LETTER_SYMBOLS, written, strlen(written));
    if (!err) err = tp_letter_key(secret, key, b->manifest.fingerprint, code);
    json_t *values = json_pack("{s:s, s:s}", "title", b->manifest.title, "code", written);
    if (!err) err = tp_texts_fill(b->texts, "letter", b->lang, values, text);
    json_decref(values);
    tp_wipe(code, sizeof code);
    tp_wipe(secret, sizeof secret);
    tp_wipe(written, sizeof written);
    return err;
}

/* Hands a letter over that is on the list as begun. False: no use to go on. */
static bool hand_over(mailing *b, const recipient *r, const tp_letter_row *row,
                      const tp_text *text) {
    uint8_t id[16];
    char reference[33], words[TP_WORDS_MAX] = "";
    tp_random(id, sizeof id);
    tp_hex(reference, id, sizeof id);
    tp_courier *by = strchr(r->to, '@') ? b->by_mail : b->by_sms;
    tp_delivery what = tp_courier_send(by, r->to, reference, b->lang, text, words);
    if (what == TP_NEVER) {
        b->refused++;
        (void)tp_say(0, "%s: refused: %.60s", r->number, words);
        return tp_letter_list_restore(&b->had, &b->manifest, r->number);
    }
    if (what == TP_LATER) {
        (void)tp_say(0, "%s: not now: %.60s", r->number, words);
        (void)tp_say(0, "%s: it is not known whether the letter left; run this again", r->number);
        return false;
    }
    b->sent++;
    return tp_letter_list_append(&b->had, &b->manifest, row, 1, false);
}

/* False: no use to go on. */
static bool send_one(mailing *b, const recipient *r) {
    tp_text text;
    tp_letter_row row = {.unit = (uint16_t)b->unit};
    memcpy(row.number, r->number, sizeof row.number);
    tp_err err = make_text(b, &text, row.key);
    if (err) return tp_say(0, "the text cannot be made: %s", tp_err_name(err)), false;
    tp_letter_list_say_begun(&b->had, r->number);
    bool go =
        tp_letter_list_append(&b->had, &b->manifest, &row, 1, true) && hand_over(b, r, &row, &text);
    tp_wipe(&text, sizeof text);
    return go;
}

static int send_all(mailing *b) {
    bool go = true;
    b->by_mail = tp_courier_new(&b->config, TP_BY_MAIL, &b->stop);
    b->by_sms = tp_courier_new(&b->config, TP_BY_SMS, &b->stop);
    for (size_t i = 0; go && i < b->count; i++)
        go = send_one(b, &b->to[i]);
    tp_courier_free(b->by_mail);
    tp_courier_free(b->by_sms);
    printf("%llu letters sent, %llu refused\n", (unsigned long long)b->sent,
           (unsigned long long)b->refused);
    return !go ? TP_EXIT_SYSTEM : b->refused ? TP_EXIT_REFUSED : TP_EXIT_OK;
}

static int load(mailing *b) {
    tp_fault fault = {0};
    size_t len;
    uint8_t *text = tp_load_file(b->manifest_file, &len, TP_MAX_DOCUMENT);
    if (!text) return TP_EXIT_SYSTEM;
    tp_err err = tp_manifest_parse(&b->manifest, text, len, &fault);
    free(text);
    if (err) return tp_say_fault(&fault, b->manifest_file);
    b->unit = -1;
    for (uint16_t u = 0; u < b->manifest.unit_count; u++)
        if (!strcmp(b->manifest.units[u].id, b->post)) b->unit = u;
    if (b->unit < 0 || !(b->manifest.units[b->unit].routes & TP_ROUTE_LETTER))
        return tp_say(TP_EXIT_REFUSED, "%s is no post with code letters", b->post);
    if (tp_config_load(&b->config, b->config_file, &fault))
        return tp_say_fault(&fault, b->config_file);
    const char *folder = *b->config.templates ? b->config.templates : NULL;
    if (tp_texts_load(&b->texts, folder, &fault)) return tp_say_fault(&fault, "templates");
    return tp_letter_list_hold(&b->had, b->list, &b->manifest);
}

int tp_letter_mail(int argc, char **argv) {
    mailing b = {.limit = UINT64_MAX, .lang = "en"};
    const tp_arg table[] = {
        {"--roll", "FILE", TP_ARG_TEXT, &b.roll, "a copy of the roll, CSV"},
        {"--list", "FILE", TP_ARG_TEXT, &b.list, "the list of letters, which grows"},
        {"--manifest", "FILE", TP_ARG_TEXT, &b.manifest_file, "the manifest"},
        {"--post", "UNIT", TP_ARG_TEXT, &b.post, "whose voters"},
        {"--config", "FILE", TP_ARG_TEXT, &b.config_file,
         "how messages go: [mail] and [sms], as for `tapat serve`"},
        {"--lang", "TAG", TP_ARG_TEXT, &b.lang, "of the text (en)"},
        {"--limit", "N", TP_ARG_NUMBER, &b.limit, "at most so many"},
        {"--voter", "NUMBER", TP_ARG_TEXT, &b.voter, "to this voter alone, once more"},
        TP_ARG_END};
    tp_args(
        argc, argv, "letter mail --roll FILE --list FILE --post UNIT --manifest FILE --config FILE",
        "Sends code letters by mail or short message to the voters of a post who hold none.\n"
        "Run it where registrars are. What was not taken is tried in the next run, and so is a\n"
        "letter of which a run that ended early did not learn whether it left.",
        table, NULL, 0);
    if (!b.roll || !b.list || !b.manifest_file || !b.post || !b.config_file)
        tp_usage("--roll, --list, --manifest, --post and --config are needed");
    int code = load(&b);
    if (!code) code = tp_roll_copy_read(b.roll, &b.manifest, take_row, &b);
    if (!code) code = b.count ? send_all(&b) : tp_say(TP_EXIT_REFUSED, "nobody is to get a letter");
    tp_texts_free(b.texts);
    tp_letter_list_free(&b.had);
    tp_manifest_free(&b.manifest);
    tp_wipe(&b.config, sizeof b.config);
    free(b.to);
    return code;
}
