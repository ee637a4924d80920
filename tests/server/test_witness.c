/* The witness: each status of T-17, what it keeps over a restart and a damaged state, and attack
 * F2: two trees of one size, or of two sizes that do not continue each other, are never both
 * cosigned. spec: T-15..T-18
 */
#include "server/witness.h"

#include <sodium.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/server/harness.h"

#define ORIGIN "log.example/board"
enum { LEAVES = 300 };

static uint8_t log_key[32], log_secret[64], witness_key[32], seed[32];
static tp_hash leaves[2][LEAVES]; /* two logs, which part at leaf 200 */
static char state_dir[64];

static tp_err subtree(void *ctx, tp_hash *out, unsigned level, uint64_t index) {
    const tp_hash *from = ctx;
    tp_tree_root(out, from + (index << level), UINT64_C(1) << level);
    return TP_OK;
}

static tp_hash root_of(int view, uint64_t size) {
    tp_hash root;
    tp_tree_root(&root, leaves[view], size);
    return root;
}

/* ---- requests ---- */

static void write_proof(tp_writer *w, int view, uint64_t old_size, uint64_t size) {
    tp_hash proof[TP_TREE_MAX_PROOF];
    tp_tree_source source = {subtree, leaves[view]};
    size_t count;
    if (!old_size || old_size >= size) return;
    assert_int_equal(tp_tree_prove_consistency(proof, &count, &source, old_size, size), TP_OK);
    for (size_t i = 0; i < count; i++) {
        tp_write_base64(w, proof[i].b, 32);
        tp_write_bytes(w, "\n", 1);
    }
}

static void write_note(tp_writer *w, const char *origin, uint64_t size, const tp_hash *root,
                       const uint8_t secret[64]) {
    char text[TP_CHECKPOINT_MAX];
    uint8_t signature[64];
    tp_vkey k;
    tp_checkpoint c = {.origin = origin, .origin_len = strlen(origin), .size = size, .root = *root};
    tp_writer t = tp_writer_of(text, sizeof text);
    tp_checkpoint_format(&t, &c);
    crypto_sign_detached(signature, NULL, (const uint8_t *)text, t.len, secret);
    assert_int_equal(tp_vkey_init(&k, origin, strlen(origin), TP_KEY_ED25519, secret + 32), TP_OK);
    tp_note_write_text(w, text, t.len);
    tp_note_write_signature(w, &k, signature, 64);
}

/* A request about one of the two logs. */
static size_t request(char *out, size_t cap, int view, uint64_t old_size, uint64_t size) {
    tp_hash root = root_of(view, size);
    tp_writer w = tp_writer_of(out, cap);
    char line[32];
    tp_write_bytes(&w, line,
                   (size_t)snprintf(line, sizeof line, "old %llu\n", (unsigned long long)old_size));
    write_proof(&w, view, old_size, size);
    tp_write_bytes(&w, "\n", 1);
    write_note(&w, ORIGIN, size, &root, log_secret);
    assert_int_equal(tp_write_end(&w), TP_OK);
    return w.len;
}

static tp_witness *open_witness(tp_err expected) {
    tp_witness *w = NULL;
    tp_witness_log log = {.origin = ORIGIN};
    memcpy(log.key, log_key, 32);
    tp_witness_options o = {.name = "witness.example/1",
                            .seed = seed,
                            .state = state_dir,
                            .logs = &log,
                            .log_count = 1};
    assert_int_equal(tp_witness_open(&w, &o), expected);
    return w;
}

/* The cosignature in a 200 answer is good, of this checkpoint, and of now. */
static void assert_cosigned(const char *body, size_t len, const char *line, size_t line_len) {
    char both[TP_WITNESS_BODY_MAX + TP_WITNESS_ANSWER_MAX];
    const char *note = memmem(body, len, "\n\n", 2);
    assert_non_null(note);
    note += 2;
    size_t note_len = (size_t)(body + len - note);
    memcpy(both, note, note_len);
    memcpy(both + note_len, line, line_len);
    tp_note n;
    tp_vkey k;
    uint64_t at, now = (uint64_t)time(NULL);
    assert_int_equal(tp_note_parse(&n, both, note_len + line_len), TP_OK);
    assert_int_equal(tp_vkey_init(&k, "witness.example/1", 17, TP_KEY_COSIGNATURE, witness_key),
                     TP_OK);
    assert_int_equal(tp_note_verify(&n, &k, crypto_sign_verify_detached, &at), TP_OK);
    assert_true(at <= now && at + 60 > now);
}

static int ask_bytes(tp_witness *w, const char *body, size_t len) {
    char answer[TP_WITNESS_ANSWER_MAX];
    size_t answer_len;
    int status = tp_witness_add(w, body, len, answer, &answer_len);
    if (status == 200) assert_cosigned(body, len, answer, answer_len);
    if (status != 200 && status != 409) assert_int_equal(answer_len, 0);
    return status;
}

static int ask(tp_witness *w, int view, uint64_t old_size, uint64_t size) {
    char body[8192];
    return ask_bytes(w, body, request(body, sizeof body, view, old_size, size));
}

/* A 409 that tells this size. */
static void assert_conflict(tp_witness *w, int view, uint64_t old_size, uint64_t size,
                            uint64_t kept) {
    char body[8192], answer[TP_WITNESS_ANSWER_MAX], expected[32];
    size_t answer_len, len = request(body, sizeof body, view, old_size, size);
    assert_int_equal(tp_witness_add(w, body, len, answer, &answer_len), 409);
    size_t n = (size_t)snprintf(expected, sizeof expected, "%llu\n", (unsigned long long)kept);
    assert_int_equal(answer_len, n);
    assert_memory_equal(answer, expected, n);
}

/* ---- tests ---- */

static void follows_a_log(void **state) {
    (void)state;
    tp_witness *w = open_witness(TP_OK);
    assert_int_equal(ask(w, 0, 0, 1), 200);
    assert_int_equal(ask(w, 0, 1, 7), 200);
    assert_int_equal(ask(w, 0, 7, 7), 200); /* once more: a new time */
    assert_int_equal(ask(w, 0, 7, 256), 200);
    assert_conflict(w, 0, 7, 300, 256);
    assert_conflict(w, 0, 0, 300, 256);
    assert_int_equal(ask(w, 0, 256, 300), 200);
    tp_witness_close(w);
}

/* F2: the log shows two parties two trees. */
static void f2_split_view(void **state) {
    (void)state;
    tp_witness *w = open_witness(TP_OK);
    assert_int_equal(ask(w, 0, 0, 250), 200);
    assert_conflict(w, 1, 250, 250, 250);       /* two roots of one size */
    assert_int_equal(ask(w, 1, 250, 280), 422); /* no continuation of what was cosigned */
    assert_conflict(w, 1, 180, 280, 250);       /* nor from before they parted */
    assert_int_equal(ask(w, 0, 250, 280), 200); /* the first view goes on */
    tp_witness_close(w);
    char command[160];
    snprintf(command, sizeof command, "grep -q '^250$' %s/*.fork", state_dir);
    assert_int_equal(system(command), 0); /* the evidence was kept */
}

static void keeps_its_word_over_restarts(void **state) {
    (void)state;
    tp_witness *w = open_witness(TP_OK);
    assert_int_equal(ask(w, 0, 0, 250), 200);
    assert_null(open_witness(TP_REFUSED)); /* one process at a time */
    tp_witness_close(w);
    w = open_witness(TP_OK);
    assert_conflict(w, 1, 250, 250, 250);
    assert_conflict(w, 0, 0, 260, 250);
    assert_int_equal(ask(w, 0, 250, 260), 200);
    tp_witness_close(w);
}

/* What it kept is damaged: it does not begin anew. */
static void damaged_state(void **state) {
    (void)state;
    char command[160];
    tp_witness_close(open_witness(TP_OK));
    tp_witness *w = open_witness(TP_OK);
    assert_int_equal(ask(w, 0, 0, 9), 200);
    tp_witness_close(w);
    snprintf(command, sizeof command,
             "for f in %s/????*; do case $f in */lock) ;; *) : >\"$f\";; "
             "esac; done",
             state_dir);
    assert_int_equal(system(command), 0);
    assert_null(open_witness(TP_MALFORMED));
}

/* Nothing is signed that could not be kept. */
static void state_that_cannot_be_written(void **state) {
    (void)state;
    char moved[80];
    tp_witness *w = open_witness(TP_OK);
    assert_int_equal(ask(w, 0, 0, 9), 200);
    snprintf(moved, sizeof moved, "%s/.new", state_dir);
    assert_int_equal(mkdir(moved, 0700), 0); /* in the way of the temporary file */
    assert_int_equal(ask(w, 0, 9, 10), 503);
    assert_int_equal(rmdir(moved), 0);
    assert_conflict(w, 0, 10, 11, 9);
    assert_int_equal(ask(w, 0, 9, 10), 200);
    tp_witness_close(w);
}

static void other_signers(void **state) {
    (void)state;
    char body[8192];
    uint8_t other[64], key[32];
    tp_hash root = root_of(0, 5);
    tp_witness *w = open_witness(TP_OK);
    tp_writer out = tp_writer_of(body, sizeof body);
    crypto_sign_keypair(key, other);
    tp_write_bytes(&out, "old 0\n\n", 7);
    write_note(&out, ORIGIN, 5, &root, other);
    assert_int_equal(ask_bytes(w, body, out.len), 403);
    out = tp_writer_of(body, sizeof body);
    tp_write_bytes(&out, "old 0\n\n", 7);
    write_note(&out, "other.example/board", 5, &root, log_secret);
    assert_int_equal(ask_bytes(w, body, out.len), 404);
    size_t len = request(body, sizeof body, 0, 0, 5);
    body[len - 10] = body[len - 10] == 'A' ? 'B' : 'A'; /* in the signature */
    assert_int_equal(ask_bytes(w, body, len), 403);
    tp_witness_close(w);
}

static void wrong_proofs(void **state) {
    (void)state;
    char body[8192];
    tp_witness *w = open_witness(TP_OK);
    assert_int_equal(ask(w, 0, 0, 100), 200);
    size_t len = request(body, sizeof body, 0, 100, 201);
    body[10] = body[10] == 'A' ? 'B' : 'A';
    assert_int_equal(ask_bytes(w, body, len), 422);
    len = request(body, sizeof body, 0, 100, 201);
    memmove(body + 8, body + 8 + 45, len - 8 - 45); /* a node is missing */
    assert_int_equal(ask_bytes(w, body, len - 45), 422);
    len = request(body, sizeof body, 0, 100, 100);
    memmove(body + 8 + 45, body + 8, len - 8);
    memcpy(body + 8, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", 45);
    assert_int_equal(ask_bytes(w, body, len + 45), 422); /* a node too many */
    assert_int_equal(ask(w, 0, 100, 201), 200);
    tp_witness_close(w);
}

/* The body with `from` replaced by `to`, at its first place. */
static void assert_malformed(tp_witness *w, const char *from, const char *to) {
    char body[8192], changed[9000];
    size_t len = request(body, sizeof body, 0, 4, 6), from_len = strlen(from), to_len = strlen(to);
    char *at = memmem(body, len, from, from_len);
    if (!at) fail_msg("nothing to replace: %s", from);
    size_t before = (size_t)(at - body), after = len - before - from_len;
    memcpy(changed, body, before);
    memcpy(changed + before, to, to_len);
    memcpy(changed + before + to_len, at + from_len, after);
    assert_int_equal(ask_bytes(w, changed, before + to_len + after), 400);
}

static void malformed(void **state) {
    (void)state;
    char body[8192];
    tp_witness *w = open_witness(TP_OK);
    assert_int_equal(ask(w, 0, 0, 4), 200);
    static const char *const old[] = {"old 04\n",
                                      "old +4\n",
                                      "old -4\n",
                                      "old  4\n",
                                      "old 4 \n",
                                      "old\n",
                                      "new 4\n",
                                      "old 4\r\n",
                                      "\n",
                                      "old 7\n",
                                      "Old 4\n",
                                      "old 0x4\n",
                                      "old 9223372036854775808\n",
                                      "old 18446744073709551620\n"};
    for (size_t i = 0; i < sizeof old / sizeof *old; i++)
        assert_malformed(w, "old 4\n", old[i]);
    assert_malformed(w, "old 4\n", "old 4\nAAAA\n");
    assert_malformed(w, "old 4\n", "old 4\nnot base64, but of the length that a hash does have.\n");
    assert_malformed(w, "=\n", "\n");
    assert_malformed(w, "\n\n" ORIGIN, "\n" ORIGIN);
    assert_malformed(w, "\n6\n", "\n06\n");
    assert_malformed(w, "\n6\n", "\n6\nmore\n");
    assert_malformed(w, ORIGIN "\n6", ORIGIN "\r\n6");
    size_t len = request(body, sizeof body, 0, 4, 6);
    for (size_t cut = 1; cut < len; cut += 3)
        assert_int_equal(ask_bytes(w, body, len - cut), 400);
    char many[8192] = "old 4\n";
    for (size_t i = 0; i < 64; i++)
        memcpy(many + 6 + 45 * i, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", 45);
    memcpy(many + 6 + 64 * 45, (char *)memmem(body, len, "\n\n", 2) + 1, 400);
    assert_int_equal(ask_bytes(w, many, 6 + 64 * 45 + 150), 400);
    char *big = calloc(1, TP_WITNESS_BODY_MAX + 1);
    assert_int_equal(ask_bytes(w, big, TP_WITNESS_BODY_MAX + 1), 413);
    free(big);
    assert_int_equal(ask(w, 0, 4, 6), 200); /* none of it changed anything */
    tp_witness_close(w);
}

/* ---- over HTTP ---- */

static int port_pipe[2];

/* One request of a corpus file and what litewitness answers it; the rest of the file, or NULL. */
static char *next_request(char *at, char **body, size_t *len, int *status, char **said) {
    static const char fence[] = "\n```\n";
    char *begin = strstr(at, fence), *end = begin ? strstr(begin + 5, fence) : NULL;
    if (!end) return NULL;
    *body = begin + 5;
    *len = (size_t)(end + 1 - *body);
    *status = atoi(strstr(end, "HTTP ") + 5);
    *said = strchr(strstr(end, "body "), '"') + 1;
    return *said;
}

/* What litewitness is asked in its own tests. Where it says 403 of a log that it does not know, the
 * specification of both says 404. */
static void requests_of_litewitness(void **state) {
    (void)state;
    char *file = test_data_file("vectors/tlog/torchwood/litewitness-add-checkpoint.hurl", NULL);
    TEST_NEEDS(file);
    static const char origin[] =
        "sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562";
    tp_witness *w;
    tp_witness_log log = {.origin = origin};
    tp_witness_options o = {"witness.example/1", seed, state_dir, &log, 1};
    size_t key_len, len, count = 0;
    char *body, *said, answer[TP_WITNESS_ANSWER_MAX];
    int status;
    assert_int_equal(
        sodium_hex2bin(log.key, 32,
                       "ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f", 64, NULL,
                       &key_len, NULL),
        0);
    assert_int_equal(tp_witness_open(&w, &o), TP_OK);
    for (char *at = file; (at = next_request(at, &body, &len, &status, &said)); count++) {
        if (!strncmp(said, "unknown log", 11)) status = 404;
        if (!strncmp(said, "invalid signature", 17))
            status = 400; /* base64 with loose bits: T-10 */
        size_t answer_len;
        assert_int_equal(tp_witness_add(w, body, len, answer, &answer_len), status);
        if (status == 200) assert_cosigned(body, len, answer, answer_len);
        if (status != 409) continue;
        assert_int_equal(answer_len, 2); /* "3\n": one digit, as the file has it */
        assert_int_equal(answer[0], said[0]);
    }
    assert_int_equal(count, 9);
    tp_witness_close(w);
    free(file);
}

static void tell_port(void *ctx, unsigned port) {
    (void)ctx;
    if (write(port_pipe[1], &port, sizeof port) != sizeof port) _exit(9);
}

static void over_http(void **state) {
    (void)state;
    char body[8192];
    daemon_scene d = {0};
    assert_int_equal(pipe(port_pipe), 0);
    pid_t pid = fork();
    if (!pid) _exit(tp_witness_serve(open_witness(TP_OK), "127.0.0.1:0", tell_port, NULL));
    assert_int_equal(read(port_pipe[0], &d.port, sizeof d.port), sizeof d.port);
    size_t len = request(body, sizeof body, 0, 0, 20);
    reply r = http_post(&d, "/add-checkpoint", body, len);
    assert_int_equal(r.status, 200);
    assert_cosigned(body, len, r.body, r.len);
    reply_free(&r);
    r = http_post(&d, "/add-checkpoint", body, len);
    assert_int_equal(r.status, 409);
    assert_string_equal(r.body, "20\n");
    assert_non_null(strstr(r.head, "Content-Type: text/x.tlog.size\r\n"));
    reply_free(&r);
    expect_status(http_post(&d, "/add-checkpoint", "old 0\n", 6), 400);
    expect_status(http_post(&d, "/", "old 0\n", 6), 404);
    expect_status(http_get(&d, "/add-checkpoint"), 405);
    kill(pid, SIGTERM);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int begin(void **state) {
    (void)state;
    uint8_t log_seed[32] = {1}, secret[64];
    if (sodium_init() < 0) return -1;
    seed[0] = 2;
    crypto_sign_seed_keypair(log_key, log_secret, log_seed);
    crypto_sign_seed_keypair(witness_key, secret, seed);
    for (int view = 0; view < 2; view++)
        for (size_t i = 0; i < LEAVES; i++) {
            uint8_t entry[3] = {(uint8_t)i, (uint8_t)(i >> 8), view && i >= 200};
            tp_tree_leaf(&leaves[view][i], entry, sizeof entry);
        }
    return 0;
}

static int new_state(void **state) {
    (void)state;
    strcpy(state_dir, "/tmp/tapat-witness-XXXXXX");
    return mkdtemp(state_dir) ? 0 : -1;
}

static int remove_state(void **state) {
    (void)state;
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", state_dir);
    return system(command);
}

#define WITH_STATE(f) cmocka_unit_test_setup_teardown(f, new_state, remove_state)

int main(void) {
    const struct CMUnitTest tests[] = {WITH_STATE(follows_a_log),
                                       WITH_STATE(f2_split_view),
                                       WITH_STATE(keeps_its_word_over_restarts),
                                       WITH_STATE(damaged_state),
                                       WITH_STATE(state_that_cannot_be_written),
                                       WITH_STATE(other_signers),
                                       WITH_STATE(wrong_proofs),
                                       WITH_STATE(malformed),
                                       WITH_STATE(requests_of_litewitness),
                                       WITH_STATE(over_http)};
    return cmocka_run_group_tests(tests, begin, NULL);
}
