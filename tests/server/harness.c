/* The daemon under test and its client: harness.h. */
#include "tests/server/harness.h"

#include "election/roll_tree.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- daemon ---- */

static void write_file(const char *path, const void *bytes, size_t len, mode_t mode) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    close(fd);
}

void scene_init(daemon_scene *d, const char *from, const char *to) {
    char path[128];
    memset(d, 0, sizeof *d);
    if (from)
        fixture_init_with(&d->f, from, to);
    else
        fixture_init(&d->f, NULL);
    strcpy(d->dir, "/tmp/tapat-server-XXXXXX");
    assert_non_null(mkdtemp(d->dir));
    snprintf(d->data, sizeof d->data, "%s/data", d->dir);
    snprintf(d->manifest, sizeof d->manifest, "%s/manifest.json", d->dir);
    snprintf(d->log, sizeof d->log, "%s/log", d->dir);
    assert_int_equal(mkdir(d->data, 0700), 0);
    snprintf(path, sizeof path, "%s/log.key", d->data);
    write_file(path, d->f.log_secret, 64, 0600);
    write_file(d->manifest, d->f.json, d->f.json_len, 0600);
    d->options.check_threads = 2;
}

static void tell_port(void *ctx, unsigned port) {
    int *fd = ctx;
    if (write(*fd, &port, sizeof port) != sizeof port) _exit(99);
    close(*fd);
}

static void run_child(daemon_scene *d, int fd) {
    tp_serve_options o = d->options;
    int log = open(d->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (log >= 0) dup2(log, STDERR_FILENO);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    o.data = d->data;
    o.listen = "127.0.0.1:0";
    o.manifest = d->manifest;
    o.ready = tell_port;
    o.ctx = &fd;
    fixture_free(&d->f);
    exit(tp_serve(&o));
}

bool scene_start(daemon_scene *d) {
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    fflush(NULL);
    d->pid = fork();
    assert_true(d->pid >= 0);
    if (!d->pid) {
        close(fds[0]);
        run_child(d, fds[1]);
    }
    close(fds[1]);
    bool ready = read(fds[0], &d->port, sizeof d->port) == sizeof d->port;
    close(fds[0]);
    return ready;
}

int scene_stop(daemon_scene *d, int signal_number) {
    int status;
    if (signal_number) kill(d->pid, signal_number);
    assert_int_equal(waitpid(d->pid, &status, 0), d->pid);
    d->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

void scene_free(daemon_scene *d) {
    if (d->pid) scene_stop(d, SIGKILL);
    nftw(d->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    fixture_free(&d->f);
}

/* ---- client ---- */

int client_connect(const daemon_scene *d) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)d->port)};
    struct timeval limit = {20, 0};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (connect(fd, (struct sockaddr *)&at, sizeof at)) {
        close(fd);
        return -1;
    }
    return fd;
}

bool client_send(int fd, const void *bytes, size_t len) {
    const char *p = bytes;
    while (len) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);
        if (n <= 0) return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

static bool read_head(int fd, reply *r) {
    size_t cap = 16384, len = 0;
    r->head = calloc(1, cap);
    while (len + 1 < cap && recv(fd, r->head + len, 1, 0) == 1)
        if (++len >= 4 && !memcmp(r->head + len - 4, "\r\n\r\n", 4)) return true;
    return false;
}

reply client_read(int fd) {
    reply r = {0};
    bool whole = read_head(fd, &r);
    const char *length = whole ? strcasestr(r.head, "\r\nContent-Length: ") : NULL;
    if (length) r.len = strtoul(length + 18, NULL, 10);
    r.body = calloc(1, r.len + 1);
    for (size_t got = 0; length && got < r.len;) {
        ssize_t n = recv(fd, r.body + got, r.len - got, 0);
        if (n <= 0) return r;
        got += (size_t)n;
    }
    if (whole) r.status = atoi(r.head + 9);
    return r;
}

static reply exchange(const daemon_scene *d, const char *head, const void *body, size_t len) {
    reply r = {0};
    int fd = client_connect(d);
    if (fd < 0) return r;
    if (client_send(fd, head, strlen(head)) && client_send(fd, body, len)) r = client_read(fd);
    close(fd);
    return r;
}

reply http_get(const daemon_scene *d, const char *path) {
    char head[512];
    snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
    return exchange(d, head, NULL, 0);
}

reply http_post(const daemon_scene *d, const char *path, const void *body, size_t len) {
    char head[512];
    snprintf(head, sizeof head,
             "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n", path, len);
    return exchange(d, head, body, len);
}

reply http_json(const daemon_scene *d, const char *path, const char *format, ...) {
    char body[8192];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(body, sizeof body, format, args);
    va_end(args);
    return http_post(d, path, body, (size_t)n);
}

void reply_free(reply *r) {
    free(r->head);
    free(r->body);
    memset(r, 0, sizeof *r);
}

json_t *reply_json(const reply *r) {
    json_error_t error;
    json_t *json = json_loadb(r->body ? r->body : "", r->len, JSON_REJECT_DUPLICATES, &error);
    if (!json) fail_msg("not JSON (%d): %s", r->status, r->body ? r->body : "");
    return json;
}

void expect_problem(reply r, int status, const char *code) {
    json_t *problem = reply_json(&r);
    const char *got = json_string_value(json_object_get(problem, "code"));
    if (r.status != status || !got || strcmp(got, code) != 0)
        fail_msg("expected %d %s, got %d %s", status, code, r.status, r.body);
    assert_non_null(strstr(r.head, "application/problem+json"));
    assert_int_equal(json_integer_value(json_object_get(problem, "status")), status);
    json_decref(problem);
    reply_free(&r);
}

void expect_status(reply r, int status) {
    if (r.status != status) fail_msg("expected %d, got %d %s", status, r.status, r.body);
    reply_free(&r);
}

/* ---- election ---- */

reply post_entry(const daemon_scene *d, const uint8_t *bytes, size_t len, const void *document,
                 size_t document_len) {
    size_t cap = len + document_len + 16;
    uint8_t *body = malloc(cap);
    tp_writer w = tp_writer_of(body, cap);
    tp_write_vector(&w, TP_MAX_ENTRY, bytes, len);
    tp_write_vector(&w, TP_MAX_DOCUMENT, document, document_len);
    assert_int_equal(tp_write_end(&w), TP_OK);
    reply r = http_post(d, "/api/board/entries", body, w.len);
    free(body);
    return r;
}

void run_ceremony(daemon_scene *d) {
    d->f.now = (uint64_t)time(NULL);
    fixture_ceremony(&d->f);
    for (size_t i = 1; i < d->f.count; i++)
        expect_status(post_entry(d, d->f.entries[i].bytes, d->f.entries[i].len, NULL, 0), 201);
}

void run_enrol(daemon_scene *d, size_t first, size_t end) {
    json_t *list = json_array();
    for (size_t v = first; v < end; v++) {
        char credential[65], signature[129];
        tp_registration r;
        fixture_registration(&d->f, &r, v);
        sodium_bin2hex(credential, 65, r.credential, 32);
        sodium_bin2hex(signature, 129, r.registrars.by[0].signature, 64);
        json_array_append_new(list, json_pack("{s:s, s:i, s:i, s:i, s:s}", "credential", credential,
                                              "unit", (int)r.unit, "style", (int)r.style,
                                              "registrar", 1, "signature", signature));
    }
    json_t *body = json_pack("{s:o}", "registrations", list);
    char *text = json_dumps(body, 0);
    expect_status(http_post(d, "/api/registrar/registrations", text, strlen(text)), 200);
    free(text);
    json_decref(body);
}

reply post_act(daemon_scene *d, tp_act act, const uint8_t *subject, uint16_t reason,
               const void *document, size_t len) {
    uint8_t bytes[4096];
    tp_entry e;
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    d->f.now = (uint64_t)time(NULL);
    fixture_sign_act(&d->f, &e, act, subject, reason);
    assert_int_equal(tp_entry_write(&w, &e), TP_OK);
    return post_entry(d, bytes, w.len, document, len);
}

const uint8_t scene_roll_secret[32] = "the roll's secret, for the test";

tp_store *scene_store(const daemon_scene *d) {
    char path[128];
    tp_store *s;
    snprintf(path, sizeof path, "%s/tapat.db", d->data);
    assert_int_equal(tp_store_open(&s, path, false), TP_OK);
    return s;
}

static void fill_roll(tp_store *s) {
    assert_int_equal(tp_store_begin(s), TP_OK);
    for (unsigned i = 0; i < FIXTURE_VOTERS; i++) {
        tp_voter v = {.birth_date = "1980-05-06", .unit = (uint16_t)(i % FIXTURE_UNITS)};
        snprintf(v.number, sizeof v.number, "HV%04u", i);
        snprintf(v.name, sizeof v.name, "Voter %u", i);
        assert_int_equal(tp_store_voter_add(s, &v, "voter"), TP_OK);
    }
    assert_int_equal(tp_store_commit(s), TP_OK);
}

/* The store's roll as a tree. */
static void read_roll(tp_roll_tree *t, const daemon_scene *d) {
    static tp_voter list[64];
    size_t count;
    tp_store *s = scene_store(d);
    assert_int_equal(tp_store_voters_after(s, 0, list, 64, &count), TP_OK);
    if (!count) {
        fill_roll(s);
        assert_int_equal(tp_store_voters_after(s, 0, list, 64, &count), TP_OK);
    }
    tp_store_close(s);
    for (size_t i = 0; i < count; i++) {
        tp_roll_new_row row = {.unit = list[i].unit, .channel = list[i].channel};
        tp_roll_state state;
        strcpy(row.number, list[i].number);
        strcpy(row.name, list[i].name);
        strcpy(row.birth_date, list[i].birth_date);
        strcpy(row.disabled, list[i].disabled);
        tp_roll_state_of(&state, scene_roll_secret, d->f.manifest.fingerprint, &row);
        assert_int_equal(tp_roll_tree_add(t, &state), TP_OK);
    }
}

void run_roll(daemon_scene *d) {
    static uint8_t bytes[TP_MAX_ENTRY];
    char path[128];
    tp_roll_tree t = {0};
    tp_entry e;
    tp_writer w = tp_writer_of(bytes, sizeof bytes);
    snprintf(path, sizeof path, "%s/roll.key", d->data);
    write_file(path, scene_roll_secret, 32, 0600);
    read_roll(&t, d);
    tp_roll_tree_entry(&e, &t, FIXTURE_UNITS);
    e.u.roll.time = d->f.now = (uint64_t)time(NULL);
    fixture_sign_officers(&d->f, &e);
    assert_int_equal(tp_entry_write(&w, &e), TP_OK);
    tp_roll_tree_free(&t);
    expect_status(post_entry(d, bytes, w.len, NULL, 0), 201);
    d->rolled = true;
}

void run_open(daemon_scene *d) {
    if (!d->rolled) run_roll(d);
    expect_status(
        post_act(d, TP_ACT_OPEN, tp_ceremony_keys(d->f.board.ceremony)->digest, 0, NULL, 0), 201);
}

size_t seal(daemon_scene *d, uint8_t *out, size_t voter) {
    uint8_t choices[FIXTURE_CHOICES] = {0};
    choices[voter % 3] = 1;
    choices[3 + voter % 5] = 1;
    return fixture_seal(&d->f, out, voter, choices);
}

void moved(daemon_scene *d, size_t voter, const uint8_t *ballot, size_t len) {
    tp_credential *c = &d->f.voters[voter].credential;
    c->sequence++;
    tp_ballot_hash(c->tip, ballot, len);
}

void cast(daemon_scene *d, size_t voter) {
    uint8_t ballot[FIXTURE_BALLOT];
    size_t len = seal(d, ballot, voter);
    expect_status(http_post(d, "/api/ballots", ballot, len), 201);
    moved(d, voter, ballot, len);
}

static bool tracker_is(const daemon_scene *d, const char *tracker, const char *state) {
    char path[128];
    snprintf(path, sizeof path, "/api/tracker/%s", tracker);
    reply r = http_get(d, path);
    json_t *answer = r.status == 200 ? reply_json(&r) : NULL;
    const char *got = json_string_value(json_object_get(answer, "state"));
    bool is = got && !strcmp(got, state);
    json_decref(answer);
    reply_free(&r);
    return is;
}

bool wait_for(const daemon_scene *d, const uint8_t *ballot, size_t len, const char *state) {
    char tracker[TP_CODE_TEXT];
    tp_ballot_tracker(tracker, ballot, len);
    for (int i = 0; i < 400; i++, usleep(25000))
        if (tracker_is(d, tracker, state)) return true;
    return false;
}

reply ask_credential(daemon_scene *d, size_t voter, size_t signer, int late_s) {
    const fixture_voter *by = &d->f.voters[signer];
    char key[65], hex[129];
    uint8_t random[32], signature[64];
    uint64_t now = (uint64_t)(time(NULL) + late_s);
    fixture_random(&d->f, random);
    tp_credential_ask(signature, &by->secret, by->credential.key, d->f.manifest.fingerprint, now,
                      random);
    sodium_bin2hex(key, 65, d->f.voters[voter].credential.key, 32);
    sodium_bin2hex(hex, 129, signature, 64);
    return http_json(d, "/api/credential",
                     "{\"credential\":\"%s\",\"time\":%llu,\"signature\":\"%s\"}", key,
                     (unsigned long long)now, hex);
}

void wait_recorded(daemon_scene *d, size_t voter) {
    for (int i = 0; i < 400; i++, usleep(25000)) {
        reply r = ask_credential(d, voter, voter, 0);
        json_t *answer = reply_json(&r);
        json_int_t sequence = json_integer_value(json_object_get(answer, "sequence")),
                   recorded = json_integer_value(json_object_get(answer, "recorded"));
        json_decref(answer);
        reply_free(&r);
        if (sequence == recorded) return;
    }
    fail_msg("not recorded in time");
}

int64_t board_size(const daemon_scene *d) {
    reply r = http_get(d, "/api/election");
    json_t *answer = reply_json(&r);
    int64_t size = json_integer_value(json_object_get(json_object_get(answer, "board"), "size"));
    json_decref(answer);
    reply_free(&r);
    return size;
}
