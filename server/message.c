/* Messages to voters: message.h. */
#include "server/message.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/answer.h"

enum { NOTICE_LIFE_S = 7 * 86400 };

/* ---- codes ---- */

/* spec: Q-1 */
static void mac_of(uint8_t mac[static 32], const tp_server *s, const tp_one_time *c) {
    static const char domain[] = "tapat-v1 one-time code";
    uint8_t key[32], bytes[32 + 4 + 8];
    _Static_assert(sizeof s->session_key == crypto_auth_hmacsha256_KEYBYTES, "a key of HMAC");
    crypto_auth_hmacsha256(key, (const uint8_t *)domain, sizeof domain - 1, s->session_key);
    memcpy(bytes, c->session, 32);
    tp_put_u32be(bytes + 32, c->serial);
    tp_put_u64be(bytes + 36, c->expires);
    crypto_auth_hmacsha256(mac, bytes, sizeof bytes, key);
    sodium_memzero(key, sizeof key);
}

void tp_message_code(char out[static TP_ONE_TIME_CODE + 1], const tp_server *s,
                     const tp_one_time *c) {
    uint8_t mac[32];
    mac_of(mac, s, c);
    snprintf(out, TP_ONE_TIME_CODE + 1, "%06u", (unsigned)(tp_get_u64be(mac) % 1000000));
    sodium_memzero(mac, sizeof mac);
}

/* Of other octets of the MAC than the code. */
void tp_message_mark(char out[static TP_CODE_MARK + 1], const tp_server *s, const tp_one_time *c) {
    static const char symbols[] = "ABCDEFGHJKLMNPQRSTUVWXYZ";
    uint8_t mac[32];
    mac_of(mac, s, c);
    for (size_t i = 0; i < TP_CODE_MARK; i++)
        out[i] = symbols[mac[8 + i] % (sizeof symbols - 1)];
    out[TP_CODE_MARK] = 0;
    sodium_memzero(mac, sizeof mac);
}

bool tp_message_code_live(const tp_one_time *c, uint64_t now) {
    return c->live && now < c->expires;
}

/* ---- contacts ---- */

unsigned tp_message_channel(const char *contact) {
    return strchr(contact, '@') ? TP_BY_MAIL : TP_BY_SMS;
}

bool tp_message_sending(const tp_server *s) {
    return *s->config.mail_server || *s->config.sms_url;
}

bool tp_message_reaches(const tp_server *s, const char *contact) {
    if (!*contact) return false;
    if (!tp_message_sending(s)) return s->manifest.test;
    return tp_message_channel(contact) == TP_BY_MAIL ? *s->config.mail_server : *s->config.sms_url;
}

void tp_message_mask(char *out, size_t cap, const char *contact) {
    const char *at = strchr(contact, '@');
    size_t len = strlen(contact), tail = len > 4 ? 4 : 0;
    if (at && at > contact && (contact[0] & 0x80) == 0)
        snprintf(out, cap, "%c•••%s", contact[0], at);
    else
        snprintf(out, cap, "•••%s", contact + len - tail);
}

/* ---- queue ---- */

/* Takes parameters over. */
static tp_err queue(const tp_server *s, tp_store *store, tp_message *m, json_t *parameters) {
    char *text = json_dumps(parameters, JSON_COMPACT | JSON_SORT_KEYS);
    if (!text) abort();
    bool fits =
        snprintf(m->parameters, sizeof m->parameters, "%s", text) < (int)sizeof m->parameters;
    free(text);
    json_decref(parameters);
    m->channel = (uint8_t)tp_message_channel(m->to);
    m->next = m->updated = m->time;
    /* Where nothing is sent, the page of messages is where they arrive. */
    m->state = tp_message_sending(s) ? TP_MESSAGE_QUEUED : TP_MESSAGE_SENT;
    return fits ? tp_store_message_add(store, m) : TP_TOO_BIG;
}

tp_err tp_message_queue_code(const tp_server *s, tp_store *store, tp_one_time *c, const char *lang,
                             const char *to, uint64_t now) {
    tp_message m = {.voter = c->voter, .kind = "code", .time = now, .expires = c->expires};
    snprintf(m.to, sizeof m.to, "%s", to);
    snprintf(m.lang, sizeof m.lang, "%s", lang);
    tp_err err = queue(s, store, &m,
                       json_pack("{s:I, s:o}", "serial", (json_int_t)c->serial, "session",
                                 tp_json_hex(c->session, sizeof c->session)));
    c->message = m.id;
    return err;
}

tp_err tp_message_notify(const tp_server *s, tp_store *store, const tp_voter *v, const char *kind,
                         json_t *values) {
    const char *const contacts[] = {v->contact, v->contact2};
    tp_message m = {.voter = v->id, .time = tp_server_now()};
    tp_enrolment e;
    bool found;
    tp_err err = tp_store_enrolment_of(store, v->id, &e, &found);
    snprintf(m.kind, sizeof m.kind, "%s", kind);
    snprintf(m.lang, sizeof m.lang, "%s", !err && found ? e.lang : "");
    m.expires = m.time + NOTICE_LIFE_S;
    for (size_t i = 0; !err && i < 2; i++) {
        if (!tp_message_reaches(s, contacts[i])) continue;
        snprintf(m.to, sizeof m.to, "%s", contacts[i]);
        err = queue(s, store, &m, values ? json_incref(values) : json_object());
    }
    json_decref(values);
    return err;
}

/* ---- what others say ---- */

/* Puts stars over every place where the text stands, whatever its capitals. */
static void hide(char *words, const char *text) {
    size_t len = strlen(text);
    for (char *at = words; len && (at = strcasestr(at, text)); at += len)
        memset(at, '*', len);
}

static void hide_numbers(char *words, const char *text) {
    char number[TP_ONE_TIME_CODE + 1];
    while ((text = strpbrk(text, "0123456789"))) {
        size_t len = strspn(text, "0123456789");
        snprintf(number, sizeof number, "%s", text);
        if (len == TP_ONE_TIME_CODE) hide(words, number);
        text += len;
    }
}

void tp_message_hide(char *words, const tp_message *m, const tp_text *text) {
    char part[sizeof m->to];
    hide(words, m->to);
    snprintf(part, sizeof part, "%.*s", (int)strcspn(m->to, "@"), m->to);
    if (strlen(part) > 2) hide(words, part);
    if (!text) return;
    hide_numbers(words, text->brief);
    hide_numbers(words, text->text);
}

/* ---- text ---- */

/* Is this the token's present code? Then it is put in. spec: Q-2 */
static tp_err put_code(const tp_server *s, tp_store *store, const tp_message *m, uint64_t now,
                       json_t *values, bool *live) {
    char code[TP_ONE_TIME_CODE + 1] = "------", mark[TP_CODE_MARK + 1] = "--";
    tp_one_time c;
    uint8_t session[32];
    bool found = false;
    const char *text = json_string_value(json_object_get(values, "session"));
    json_int_t serial = json_integer_value(json_object_get(values, "serial"));
    tp_err err = text && tp_hex_read(session, sizeof session, text)
                     ? tp_store_code_of(store, session, &c, &found)
                     : TP_MALFORMED;
    *live =
        !err && found && c.voter == m->voter && serial == c.serial && tp_message_code_live(&c, now);
    if (*live) {
        tp_message_code(code, s, &c);
        tp_message_mark(mark, s, &c);
    }
    json_object_set_new(values, "code", json_string(code));
    json_object_set_new(values, "mark", json_string(mark));
    json_object_set_new(values, "minutes", json_sprintf("%d", TP_ONE_TIME_LIFE_S / 60));
    sodium_memzero(code, sizeof code);
    return err;
}

tp_err tp_message_text(const tp_server *s, tp_store *store, const tp_message *m, uint64_t now,
                       tp_text *text, bool *live) {
    json_t *values = json_loads(m->parameters, 0, NULL);
    if (!json_is_object(values)) {
        json_decref(values);
        return TP_MALFORMED;
    }
    tp_err err = TP_OK;
    *live = now < m->expires;
    json_object_set_new(values, "title", json_string(s->manifest.title));
    if (!strcmp(m->kind, "code")) err = put_code(s, store, m, now, values, live);
    if (!err) err = tp_texts_fill(s->texts, m->kind, m->lang, values, text);
    json_decref(values);
    return err;
}
