/* Hands one message over: courier.h. Mail is RFC 5322 with MIME: UTF-8 as quoted-printable, the
 * subject in encoded words. Encryption is required, but to this machine itself.
 */
#include "server/courier.h"

#include <curl/curl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/store.h"

enum { CONNECT_MS = 10000, TRANSFER_MS = 30000, KEEP_S = 30, MAIL_MAX = 16384, BODY_MAX = 8192 };

struct tp_courier {
    const tp_config *c;
    const atomic_bool *stop;
    unsigned channel;
    CURL *curl;
    char from_domain[128];
    /* of the present transfer */
    char *data;
    size_t len, sent;
    int reply; /* code of the last refusal, or of HTTP */
    bool own;  /* what it says now is about this message */
    char said[512];
};

/* ---- mail ---- */

typedef struct {
    char *p;
    size_t len, cap;
} text_out;

static void put(text_out *o, const char *text) {
    size_t n = strlen(text);
    if (n > o->cap - o->len - 1) n = o->cap - o->len - 1;
    memcpy(o->p + o->len, text, n);
    o->len += n;
    o->p[o->len] = 0;
}

static bool is_ascii(const char *text) {
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80) return false;
    return true;
}

/* RFC 2047: words of at most 75 characters, cut between characters. */
static void put_words(text_out *o, const char *text) {
    char word[80];
    if (is_ascii(text)) {
        put(o, text);
        return;
    }
    for (bool first = true; *text; first = false) {
        size_t n = strlen(text) > 42 ? 42 : strlen(text);
        while (n > 1 && ((unsigned char)text[n] & 0xc0) == 0x80)
            n--;
        put(o, first ? "=?utf-8?B?" : "\r\n =?utf-8?B?");
        sodium_bin2base64(word, sizeof word, (const uint8_t *)text, n,
                          sodium_base64_VARIANT_ORIGINAL);
        put(o, word);
        put(o, "?=");
        text += n;
    }
}

/* RFC 2045, 6.7 */
static void put_quoted(text_out *o, const char *text) {
    size_t column = 0;
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        char one[4] = {(char)c, 0};
        if (c == '\n') {
            put(o, "\r\n");
            column = 0;
            continue;
        }
        bool last = !text[1] || text[1] == '\n';
        if (c < 0x20 || c > 0x7e || c == '=' || (c == ' ' && last))
            snprintf(one, sizeof one, "=%02X", c);
        if (column + strlen(one) > 75) {
            put(o, "=\r\n");
            column = 0;
        }
        put(o, one);
        column += strlen(one);
    }
    put(o, "\r\n");
}

static void write_mail(tp_courier *k, const char *to, const char *reference, const char *lang,
                       const tp_text *text) {
    text_out o = {.p = k->data, .cap = MAIL_MAX};
    char line[512], date[64];
    time_t now = time(NULL);
    struct tm tm;
    gmtime_r(&now, &tm);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", &tm);
    snprintf(line, sizeof line, "Date: %s\r\nFrom: ", date);
    put(&o, line);
    if (*k->c->mail_name) {
        put(&o, is_ascii(k->c->mail_name) ? "\"" : "");
        put_words(&o, k->c->mail_name);
        put(&o, is_ascii(k->c->mail_name) ? "\" " : " ");
    }
    snprintf(line, sizeof line, "<%s>\r\nTo: <%s>\r\nSubject: ", k->c->mail_from, to);
    put(&o, line);
    put_words(&o, text->subject);
    snprintf(line, sizeof line,
             "\r\nMessage-ID: <tapat.%s@%s>\r\nMIME-Version: 1.0\r\n"
             "Content-Type: text/plain; charset=utf-8\r\nContent-Language: %s\r\n"
             "Content-Transfer-Encoding: quoted-printable\r\nAuto-Submitted: auto-generated\r\n"
             "\r\n",
             reference, k->from_domain, *lang ? lang : "en");
    put(&o, line);
    put_quoted(&o, text->text);
    k->len = o.len;
}

static size_t read_mail(char *out, size_t size, size_t count, void *ctx) {
    tp_courier *k = ctx;
    size_t n = size * count < k->len - k->sent ? size * count : k->len - k->sent;
    memcpy(out, k->data + k->sent, n);
    k->sent += n;
    return n;
}

/* What is said on the line: the last refusal, and whether the message itself is spoken of. */
static int on_line(CURL *curl, curl_infotype type, char *data, size_t len, void *ctx) {
    tp_courier *k = ctx;
    (void)curl;
    if (type == CURLINFO_HEADER_OUT) k->own |= len > 5 && !memcmp(data, "RCPT ", 5);
    if (type != CURLINFO_HEADER_IN || len < 3) return 0;
    int reply = atoi((char[4]){data[0], data[1], data[2], 0});
    if (reply < 400) return 0; /* a refusal stands, whatever is said to the leave-taking */
    k->reply = reply;
    snprintf(k->said, sizeof k->said, "%.*s", (int)len, data);
    return 0;
}

static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
    const tp_courier *k = ctx;
    (void)a, (void)b, (void)c, (void)d;
    return atomic_load(k->stop);
}

static void set_common(tp_courier *k) {
    const tp_config *c = k->c;
    const char *ca = k->channel == TP_BY_MAIL ? c->mail_ca : c->sms_ca;
    k->reply = 0;
    k->own = false;
    k->said[0] = 0;
    curl_easy_reset(k->curl); /* the connection stays */
    curl_easy_setopt(k->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(k->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(k->curl, CURLOPT_TIMEOUT_MS, (long)TRANSFER_MS);
    curl_easy_setopt(k->curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)TRANSFER_MS / 1000);
    curl_easy_setopt(k->curl, CURLOPT_MAXAGE_CONN, (long)KEEP_S);
    curl_easy_setopt(k->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (*ca) curl_easy_setopt(k->curl, CURLOPT_CAINFO, ca);
    curl_easy_setopt(k->curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(k->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(k->curl, CURLOPT_XFERINFODATA, k);
}

/* spec: Q-5 */
static CURLcode send_mail(tp_courier *k, const char *to) {
    const tp_config *c = k->c;
    char url[512], from[160], rcpt[160];
    bool open = tp_config_loopback(c->mail_server) && !*c->mail_ca;
    set_common(k);
    snprintf(url, sizeof url, "%s/%s", c->mail_server, k->from_domain);
    snprintf(from, sizeof from, "<%s>", c->mail_from);
    snprintf(rcpt, sizeof rcpt, "<%s>", to);
    struct curl_slist *list = curl_slist_append(NULL, rcpt);
    curl_easy_setopt(k->curl, CURLOPT_URL, url);
    curl_easy_setopt(k->curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(k->curl, CURLOPT_USE_SSL, (long)(open ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    if (*c->mail_user) {
        curl_easy_setopt(k->curl, CURLOPT_USERNAME, c->mail_user);
        curl_easy_setopt(k->curl, CURLOPT_PASSWORD, c->mail_password);
    }
    curl_easy_setopt(k->curl, CURLOPT_MAIL_FROM, from);
    curl_easy_setopt(k->curl, CURLOPT_MAIL_RCPT, list);
    curl_easy_setopt(k->curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(k->curl, CURLOPT_READFUNCTION, read_mail);
    curl_easy_setopt(k->curl, CURLOPT_READDATA, k);
    curl_easy_setopt(k->curl, CURLOPT_VERBOSE, 1L); /* to on_line alone */
    curl_easy_setopt(k->curl, CURLOPT_DEBUGFUNCTION, on_line);
    curl_easy_setopt(k->curl, CURLOPT_DEBUGDATA, k);
    k->sent = 0;
    CURLcode result = list ? curl_easy_perform(k->curl) : CURLE_OUT_OF_MEMORY;
    curl_slist_free_all(list);
    return result;
}

static bool mail_address(const char *to) {
    const char *at = strchr(to, '@');
    for (const char *c = to; *c; c++)
        if ((unsigned char)*c <= 0x20 || *c == 0x7f || strchr("<>()[]\\,;:\"", *c)) return false;
    return at && at > to && at[1] && !strchr(at + 1, '@');
}

/* ---- SMS ---- */

static void put_escaped(text_out *o, const char *text, bool form) {
    char *copy = NULL;
    if (form) {
        copy = curl_easy_escape(NULL, text, 0);
        put(o, copy ? copy : "");
        curl_free(copy);
        return;
    }
    json_t *string = json_string(text);
    copy = json_dumps(string, JSON_ENCODE_ANY);
    size_t len = copy ? strlen(copy) : 0;
    if (len >= 2) {
        copy[len - 1] = 0; /* without its quotes: the template has them */
        put(o, copy + 1);
    }
    free(copy);
    json_decref(string);
}

static void write_sms(tp_courier *k, const char *to, const char *reference, const tp_text *text) {
    text_out o = {.p = k->data, .cap = BODY_MAX};
    bool form = strcmp(k->c->sms_type, "application/json") != 0;
    const struct {
        const char *name, *value;
    } values[] = {{"{to}", to}, {"{text}", text->brief}, {"{id}", reference}};
    *o.p = 0;
    for (const char *at = k->c->sms_body; *at;) {
        size_t i = 0;
        while (i < 3 && strncmp(at, values[i].name, strlen(values[i].name)) != 0)
            i++;
        if (i < 3) put_escaped(&o, values[i].value, form);
        if (i == 3) put(&o, (char[2]){*at, 0});
        at += i < 3 ? strlen(values[i].name) : 1;
    }
    k->len = o.len;
}

static size_t on_answer(char *data, size_t size, size_t count, void *ctx) {
    tp_courier *k = ctx;
    size_t have = strlen(k->said);
    snprintf(k->said + have, sizeof k->said - have, "%.*s", (int)(size * count), data);
    return size * count;
}

static CURLcode send_sms(tp_courier *k) {
    char type[96];
    long status = 0;
    set_common(k);
    snprintf(type, sizeof type, "Content-Type: %s", k->c->sms_type);
    struct curl_slist *headers = curl_slist_append(NULL, type);
    if (headers) headers = curl_slist_append(headers, "Expect:");
    if (headers && *k->c->sms_header) headers = curl_slist_append(headers, k->c->sms_header);
    curl_easy_setopt(k->curl, CURLOPT_URL, k->c->sms_url);
    curl_easy_setopt(k->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(k->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(k->curl, CURLOPT_POSTFIELDS, k->data);
    curl_easy_setopt(k->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)k->len);
    curl_easy_setopt(k->curl, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(k->curl, CURLOPT_WRITEDATA, k);
    CURLcode result = headers ? curl_easy_perform(k->curl) : CURLE_OUT_OF_MEMORY;
    curl_easy_getinfo(k->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    k->reply = (int)status;
    k->own = status != 401 && status != 403 && status != 408 && status != 429;
    if (result == CURLE_OK && (status < 200 || status > 299)) result = CURLE_HTTP_RETURNED_ERROR;
    return result;
}

static bool phone_number(const char *to) {
    size_t digits = 0;
    for (const char *c = to; *c; c++) {
        digits += *c >= '0' && *c <= '9';
        if (!strchr("+0123456789 ()-./", *c)) return false;
    }
    return digits >= 5;
}

/* ---- both ---- */

static void say(char words[static TP_WORDS_MAX], int reply, const char *text) {
    size_t n = 0;
    if (reply) n = (size_t)snprintf(words, TP_WORDS_MAX, "%d ", reply);
    for (; *text && n + 1 < TP_WORDS_MAX; text++) {
        bool plain = *text > 0x20 && *text < 0x7f;
        if (!plain && (*text == ' ' || *text == '\r' || *text == '\n')) {
            if (n && words[n - 1] != ' ') words[n++] = ' ';
        } else {
            words[n++] = plain ? *text : '?';
        }
    }
    words[n && words[n - 1] == ' ' ? n - 1 : n] = 0;
}

tp_delivery tp_courier_send(tp_courier *k, const char *to, const char *reference, const char *lang,
                            const tp_text *text, char words[static TP_WORDS_MAX]) {
    bool mail = k->channel == TP_BY_MAIL;
    words[0] = 0;
    if (mail ? !mail_address(to) : !phone_number(to)) {
        say(words, 0, mail ? "not a mail address" : "not a phone number");
        return TP_NEVER;
    }
    if (mail)
        write_mail(k, to, reference, lang, text);
    else
        write_sms(k, to, reference, text);
    CURLcode result = mail ? send_mail(k, to) : send_sms(k);
    sodium_memzero(k->data, MAIL_MAX);
    if (result == CURLE_OK) return TP_TAKEN;
    bool refused = k->reply >= 400;
    say(words, mail || !refused ? 0 : k->reply, refused ? k->said : curl_easy_strerror(result));
    int never = mail ? 500 : 400;
    return refused && k->own && k->reply / 100 == never / 100 ? TP_NEVER : TP_LATER;
}

tp_courier *tp_courier_new(const tp_config *c, unsigned channel, const atomic_bool *stop) {
    tp_courier *k = calloc(1, sizeof *k);
    const char *at = strchr(c->mail_from, '@');
    if (!k || !(k->data = calloc(1, MAIL_MAX)) || !(k->curl = curl_easy_init())) abort();
    k->c = c;
    k->channel = channel;
    k->stop = stop;
    snprintf(k->from_domain, sizeof k->from_domain, "%s", at ? at + 1 : "");
    return k;
}

void tp_courier_free(tp_courier *k) {
    if (!k) return;
    curl_easy_cleanup(k->curl);
    free(k->data);
    free(k);
}
