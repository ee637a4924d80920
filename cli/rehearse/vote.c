/* The rehearsal of `tapat rehearse`: every option of every post is chosen by simulated voters,
 * their ballots go the whole way (sealed, recorded, checked by the verifier, added up, decrypted by
 * trustees, counted), and the totals are compared with what was chosen.
 *
 *   draft manifest -> same contests, styles and posts, keys and times of a rehearsal -> record ->
 *   verification -> results.json -> each option of each reporting set against the expectation
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "cli/rehearse/rehearse.h"
#include "cli/simulate/simulate.h"

enum { TRUSTEES = 3, OFFICERS = 1, FLOOR = 2, DIFFERENCES_SHOWN = 20 };

/* ---- the plan ---- */

static size_t groups(size_t options, size_t most) {
    return (options + most - 1) / most;
}

/* Options of a place whose bit k is set. */
static size_t marked(size_t n, unsigned k) {
    size_t count = 0;
    for (size_t o = 0; o < n && k < 16; o++)
        count += o >> k & 1;
    return count;
}

static uint64_t voters_of(const rehearsal *r, size_t unit) {
    const tp_style *s = &r->m->styles[r->m->units[unit].style];
    uint64_t most = 0;
    for (size_t i = 0; i < s->contest_count; i++) {
        const tp_sum_shape *shape = &r->m->contests[s->contests[i]].shape;
        uint64_t n = groups(shape->n, shape->b) + groups(marked(shape->n, r->nth[unit]), shape->b);
        if (n > most) most = n;
    }
    return most < FLOOR ? FLOOR : most;
}

/* Is option o of a contest chosen on ballot j of the k-th post of its style? */
static bool chosen(const tp_sum_shape *shape, uint64_t j, unsigned k, size_t o) {
    size_t whole = groups(shape->n, shape->b);
    if (j < whole) return o / shape->b == j;
    return k < 16 && (o >> k & 1) && marked(o, k) / shape->b == j - whole;
}

static size_t unit_at(const rehearsal *r, size_t voter) {
    size_t unit = 0;
    while (r->first[unit + 1] <= voter)
        unit++;
    return unit;
}

static uint16_t plan_unit(const void *ctx, size_t voter) {
    return (uint16_t)unit_at(ctx, voter);
}

static void plan_choose(uint8_t *choices, const void *ctx, const tp_ballot_style *style,
                        size_t voter) {
    const rehearsal *r = ctx;
    size_t unit = unit_at(r, voter);
    for (size_t i = 0; i < style->contest_count; i++) {
        const tp_sum_shape *shape = &style->contests[i].shape;
        size_t count = 0;
        for (size_t o = 0; o < shape->n; o++)
            count += choices[o] = chosen(shape, voter - r->first[unit], r->nth[unit], o);
        for (size_t o = 0; count < shape->a; o++)
            count += !choices[o], choices[o] = 1;
        choices += shape->n;
    }
}

/* What the plan's ballots of a unit come to. */
static void expect(rehearsal *r, size_t unit) {
    const tp_style *s = &r->m->styles[r->m->units[unit].style];
    static uint8_t choices[TP_MAX_CONTESTS * TP_MAX_OPTIONS];
    tp_ballot_style style = {.contest_count = s->contest_count};
    for (size_t i = 0; i < s->contest_count; i++)
        style.contests[i].shape = r->m->contests[s->contests[i]].shape;
    for (uint64_t v = r->first[unit]; v < r->first[unit + 1]; v++) {
        const uint8_t *bit = choices;
        plan_choose(choices, r, &style, v);
        for (size_t i = 0; i < s->contest_count; i++) {
            size_t n = style.contests[i].shape.n;
            for (size_t o = 0; o < n; o++)
                r->expected[s->contests[i]][unit * n + o] += *bit++;
        }
    }
}

bool tp_rehearsal_plan(rehearsal *r, const tp_manifest *m, bool every) {
    uint16_t seen[TP_MAX_STYLES] = {0};
    memset(r, 0, sizeof *r);
    r->m = m;
    r->first = calloc(m->unit_count + 1u, sizeof *r->first);
    r->nth = calloc(m->unit_count, sizeof *r->nth);
    r->expected = calloc(m->contest_count, sizeof *r->expected);
    bool ok = r->first && r->nth && r->expected;
    for (size_t c = 0; ok && c < m->contest_count; c++)
        ok = (r->expected[c] = calloc(m->unit_count * (size_t)m->contests[c].shape.n,
                                      sizeof **r->expected)) != NULL;
    for (size_t u = 0; ok && u < m->unit_count; u++) {
        r->nth[u] = seen[m->units[u].style]++;
        r->first[u + 1] = r->first[u] + (every || !r->nth[u] ? voters_of(r, u) : 0);
        expect(r, u);
    }
    if (!ok) return tp_say(0, "out of memory"), false;
    r->voters = r->first[m->unit_count];
    return true;
}

void tp_rehearsal_free(rehearsal *r) {
    for (size_t c = 0; r->expected && c < r->m->contest_count; c++)
        free(r->expected[c]);
    free(r->expected);
    free(r->nth);
    free(r->first);
}

/* ---- comparing ---- */

static uint64_t expected_of(const rehearsal *r, size_t contest, size_t option,
                            const json_t *units) {
    uint64_t sum = 0;
    size_t n = r->m->contests[contest].shape.n;
    for (size_t i = 0; i < json_array_size(units); i++)
        for (size_t u = 0; u < r->m->unit_count; u++)
            if (!strcmp(r->m->units[u].id, json_string_value(json_array_get(units, i))))
                sum += r->expected[contest][u * n + option];
    return sum;
}

static unsigned compare_set(const rehearsal *r, size_t contest, const json_t *set) {
    const tp_contest *c = &r->m->contests[contest];
    const json_t *votes = json_object_get(set, "votes"), *units = json_object_get(set, "units");
    unsigned wrong = 0;
    for (size_t o = 0; o < c->shape.n; o++) {
        uint64_t want = expected_of(r, contest, o, units);
        json_int_t got = json_integer_value(json_array_get(votes, o));
        if (want == (uint64_t)got) continue;
        if (++wrong <= DIFFERENCES_SHOWN)
            tp_say(0, "%s, %u %s, at %s: %lld votes were counted, %llu were cast", c->id,
                   c->options[o].number, c->options[o].name,
                   json_string_value(json_array_get(units, 0)), (long long)got,
                   (unsigned long long)want);
    }
    return wrong;
}

/* A result that shows an option under another name or number, or not all posts, is no match. */
static unsigned compare_contest(const rehearsal *r, size_t contest, const json_t *result) {
    const tp_contest *c = &r->m->contests[contest];
    const json_t *options = json_object_get(result, "options"),
                 *sets = json_object_get(result, "sets");
    unsigned wrong = 0;
    uint64_t sum[TP_MAX_OPTIONS] = {0};
    for (size_t i = 0; i < json_array_size(sets); i++)
        wrong += compare_set(r, contest, json_array_get(sets, i));
    for (size_t u = 0; u < r->m->unit_count; u++)
        for (size_t o = 0; o < c->shape.n; o++)
            sum[o] += r->expected[contest][u * c->shape.n + o];
    for (size_t o = 0; o < c->shape.n; o++) {
        const json_t *option = json_array_get(options, o);
        const char *name = json_string_value(json_object_get(option, "name"));
        json_int_t got = json_integer_value(json_object_get(option, "votes"));
        if (name && !strcmp(name, c->options[o].name) && (uint64_t)got == sum[o]) continue;
        if (++wrong <= DIFFERENCES_SHOWN)
            tp_say(0, "%s, %u %s: %lld votes in all, %llu were cast", c->id, c->options[o].number,
                   c->options[o].name, (long long)got, (unsigned long long)sum[o]);
    }
    return wrong;
}

int tp_rehearsal_compare(const rehearsal *r, const char *results) {
    json_error_t where;
    unsigned wrong = 0;
    json_t *root = json_load_file(results, JSON_REJECT_DUPLICATES, &where);
    json_t *contests = json_object_get(root, "contests");
    if (!root) return tp_say(TP_EXIT_SYSTEM, "%s: %s", results, where.text);
    if (json_array_size(contests) != r->m->contest_count)
        wrong = 1 + (unsigned)tp_say(0, "%s: another number of contests", results);
    for (size_t c = 0; !wrong && c < r->m->contest_count; c++)
        wrong += compare_contest(r, c, json_array_get(contests, c));
    json_decref(root);
    return wrong ? TP_EXIT_REFUSED : TP_EXIT_OK;
}

/* ---- holding it ---- */

static bool make_key(const char *folder, const char *file, const char *role, char hex[static 65]) {
    char path[4096];
    tp_key_file k = {0};
    snprintf(path, sizeof path, "%s/%s", folder, file);
    snprintf(k.role, sizeof k.role, "%s", role);
    snprintf(k.name, sizeof k.name, "%s", file);
    tp_random(k.seed, sizeof k.seed);
    bool ok = tp_key_save_plain(&k, path);
    tp_hex(hex, k.keys.identity_key, 32);
    tp_wipe(&k, sizeof k);
    return ok;
}

/* Keys of a college, as the manifest's member. NULL: the reason was said. */
static json_t *make_college(const char *folder, char letter, const char *role, int count,
                            const char *quorum, int needed) {
    json_t *who = json_array();
    for (int i = 1; i <= count; i++) {
        char file[8], hex[65];
        snprintf(file, sizeof file, "%c%d", letter, i);
        if (!make_key(folder, file, role, hex)) return json_decref(who), NULL;
        json_array_append_new(who, json_pack("{s:s, s:s}", "name", file, "key", hex));
    }
    return json_pack("{s:i, s:o}", quorum, needed, "who", who);
}

static bool make_log_key(const char *folder, char hex[static 65]) {
    char path[4096];
    uint8_t key[32], secret[64];
    crypto_sign_keypair(key, secret);
    snprintf(path, sizeof path, "%s/log.key", folder);
    bool ok = tp_save_file(path, secret, sizeof secret, true);
    tp_wipe(secret, sizeof secret);
    tp_hex(hex, key, 32);
    return ok;
}

/* A small post has room for all who are to vote there. */
static void make_room(const rehearsal *r, json_t *units) {
    for (size_t u = 0; u < r->m->unit_count; u++)
        if (r->first[u + 1] - r->first[u] > r->m->units[u].registered)
            json_object_set_new(json_array_get(units, u), "registered",
                                json_integer((json_int_t)(r->first[u + 1] - r->first[u])));
}

/* The draft with the parties and times of a rehearsal: a test, open now, every post by itself. */
static bool write_manifest(const rehearsal *r, const json_t *draft, const char *folder,
                           const char *path) {
    char log_key[65];
    json_t *root = json_deep_copy(draft);
    if (!root || !make_log_key(folder, log_key)) return json_decref(root), false;
    json_object_del(root, "enrol"); /* of the page, not of the count */
    make_room(r, json_object_get(root, "units"));
    json_object_set_new(root, "test", json_true());
    json_object_set_new(root, "times",
                        json_pack("{s:s, s:s, s:s}", "enrol", "2000-01-01T00:00:00Z", "open",
                                  "2000-01-02T00:00:00Z", "close", "2199-12-31T00:00:00Z"));
    json_object_set_new(root, "merge", json_pack("{s:i}", "floor", FLOOR));
    json_object_set_new(root, "trustees",
                        make_college(folder, 't', "trustee", TRUSTEES, "threshold", 2));
    json_object_set_new(root, "officers",
                        make_college(folder, 'o', "officer", OFFICERS, "quorum", OFFICERS));
    json_object_set_new(root, "registrars", make_college(folder, 'r', "registrar", 1, "quorum", 1));
    json_object_set_new(root, "witnesses", json_pack("{s:i, s:[]}", "quorum", 0, "who"));
    json_object_set_new(
        root, "log", json_pack("{s:s, s:s}", "origin", "rehearsal.invalid/board", "key", log_key));
    bool ok = json_dump_file(root, path, JSON_INDENT(1)) == 0;
    json_decref(root);
    if (!ok) tp_say(0, "cannot write %s", path);
    return ok;
}

static int verify(const char *record) {
    tp_verification v;
    tp_replay_options o = {.threads = tp_cores(), .progress = tp_progress_print};
    if (tp_verify(&v, record, NULL, &o) == TP_OK) return TP_EXIT_OK;
    for (size_t i = 0; i < v.count; i++)
        if (v.checks[i].verdict == TP_FAIL)
            return tp_say_fault(&v.checks[i].fault, "the rehearsal's record does not verify");
    return tp_say(TP_EXIT_REFUSED, "the rehearsal's record does not verify");
}

static int hold_in(const rehearsal *r, const json_t *root, const char *folder, const char *record) {
    char manifest[4096], results[4096];
    sim_plan plan = {.unit = plan_unit, .choose = plan_choose, .ctx = r};
    snprintf(manifest, sizeof manifest, "%s/manifest.json", folder);
    snprintf(results, sizeof results, "%s/results.json", record);
    if (!write_manifest(r, root, folder, manifest)) return TP_EXIT_SYSTEM;
    sim_record_options o = {.manifest = manifest,
                            .keys = folder,
                            .out = record,
                            .voters = r->voters,
                            .threads = tp_cores(),
                            .plan = &plan};
    int code = sim_record(&o);
    if (code == TP_EXIT_OK) code = verify(record);
    return code == TP_EXIT_OK ? tp_rehearsal_compare(r, results) : code;
}

/* Removes a folder of ours with all that is in it. */
static void remove_folder(const char *path) {
    DIR *d = opendir(path);
    if (!d) return;
    for (struct dirent *e; (e = readdir(d));) {
        char inner[4096];
        struct stat st;
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
        if (snprintf(inner, sizeof inner, "%s/%s", path, e->d_name) >= (int)sizeof inner) continue;
        if (lstat(inner, &st) == 0 && S_ISDIR(st.st_mode))
            remove_folder(inner);
        else
            unlink(inner);
    }
    closedir(d);
    rmdir(path);
}

int tp_rehearsal_hold(const rehearsal *r, const json_t *root, const char *out) {
    char folder[1024], record[1100];
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.900s/tapat-rehearsal-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(folder)) return tp_say(TP_EXIT_SYSTEM, "cannot make a folder in %s", folder);
    snprintf(record, sizeof record, "%s/record", folder);
    int code = hold_in(r, root, folder, out ? out : record);
    remove_folder(folder);
    return code;
}
