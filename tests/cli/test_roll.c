/* `tapat roll` from outside: import with its report, re-import, search, changes of one voter.
 * spec: J-6..J-11, J-26 */
#include <ftw.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "election/roll.h"
#include "store/store.h"
#include "tests/election/fixture.h"

static const char *tapat;
static char dir[64];
static fixture f;
static const char *unit0, *unit1;

typedef struct {
    int code;
    char text[8192];
} result;

static result tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Runs `tapat roll ...` in the test's folder; text: what it prints on both streams. */
static result tell(const char *format, ...) {
    char arguments[1024], command[2048];
    va_list args;
    result r = {0};
    va_start(args, format);
    vsnprintf(arguments, sizeof arguments, format, args);
    va_end(args);
    snprintf(command, sizeof command, "cd %s && %s roll %s 2>&1", dir, tapat, arguments);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    size_t len = fread(r.text, 1, sizeof r.text - 1, p);
    r.text[len] = 0;
    int status = pclose(p);
    r.code = WIFEXITED(status) ? WEXITSTATUS(status) : 255;
    return r;
}

static void expect(result r, int code, const char *text) {
    if (r.code == code && strstr(r.text, text)) return;
    fail_msg("expected %d '%s', got %d: %s", code, text, r.code, r.text);
}

static void put_file(const char *name, const void *bytes, size_t len) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
}

static char csv_text[4096];
static void add_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void add_line(const char *format, ...) {
    va_list args;
    size_t len = strlen(csv_text);
    va_start(args, format);
    vsnprintf(csv_text + len, sizeof csv_text - len, format, args);
    va_end(args);
}
static void put_csv(void) {
    put_file("roll.csv", csv_text, strlen(csv_text));
    csv_text[0] = 0;
}

static const char import[] = "import roll.csv --manifest m.json --data data";

/* Three voters, the roll of all tests. */
static void put_three(void) {
    add_line("number,name,birth_date,contact,unit\r\n");
    add_line("N1,\"Pe\xc3\xb1"
             "a, Mar\xc3\xad"
             "a Santos\",1990-01-02,m@b.example,%s\r\n",
             unit0);
    add_line("N2,Juan dela Cruz,1980-05-06,,%s\r\n", unit1);
    add_line("N3,\"O'Brien, Anne\",1970-07-08,a@b.example,%s\r\n", unit0);
    put_csv();
}

static int set_up(void **state) {
    (void)state;
    char path[128];
    strcpy(dir, "/tmp/tapat-roll-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/data", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    put_file("m.json", f.json, f.json_len);
    put_three();
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static int tear_down(void **state) {
    (void)state;
    return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static tp_store *open_store(void) {
    char path[128];
    tp_store *s;
    snprintf(path, sizeof path, "%s/data/tapat.db", dir);
    assert_int_equal(tp_store_open(&s, path, false), TP_OK);
    return s;
}

static tp_voter voter(const char *number, bool *found) {
    tp_voter v = {0};
    tp_store *s = open_store();
    assert_int_equal(tp_store_voter_find(s, number, &v, found), TP_OK);
    tp_store_close(s);
    return v;
}

static void enrol(const char *number, tp_enrol_state enrol_state) {
    bool found;
    tp_enrolment e = {.voter = voter(number, &found).id, .state = enrol_state, .credential = {7}};
    assert_true(found);
    e.id[0] = (uint8_t)number[1];
    if (enrol_state < TP_ENROL_WAITING) e.credential[0] = 0;
    tp_store *s = open_store();
    assert_int_equal(tp_store_enrolment_put(s, &e), TP_OK);
    tp_store_close(s);
}

/* J-8 */
static void test_import(void **state) {
    (void)state;
    bool found;
    char path[128];
    expect(tell("import roll.csv --manifest m.json --dry-run"), 0, "added 3, changed 0");
    expect(tell("%s --dry-run", import), 0, "nothing was stored");
    snprintf(path, sizeof path, "%s/data/tapat.db", dir);
    assert_int_equal(access(path, F_OK), -1);
    expect(tell("%s", import), 0, "added 3, changed 0, as before 0");
    tp_voter v = voter("N1", &found);
    assert_true(found && v.channel == TP_CHANNEL_ONLINE);
    assert_string_equal(v.name, "Pe\xc3\xb1"
                                "a, Mar\xc3\xad"
                                "a Santos");
    assert_string_equal(v.contact, "m@b.example");
    expect(tell("%s", import), 0, "added 0, changed 0, as before 3");
    /* a diff: a name and a unit changed, one new, one missing; channel besides */
    add_line("channel,unit,contact,name,birth_date,number,contact2\n");
    add_line(",%s,m@b.example,Maria Reyes,1990-01-02,N1,+63 2 1\n", unit1);
    add_line("mail,%s,,Juan dela Cruz,1980-05-06,N2,\n", unit1);
    add_line("post,%s,,Lim Ong,1981-05-06,N4,\n", unit1);
    put_csv();
    result r = tell("%s --dry-run --json", import);
    assert_int_equal(r.code, 0);
    assert_non_null(strstr(r.text, "\"added\":1,\"changed\":2,\"same\":0,\"missing\":1"));
    assert_non_null(strstr(r.text, "\"name\":1,\"birth_date\":0,\"contact\":0,"
                                   "\"contact2\":1,\"unit\":1,\"channel\":1"));
    assert_non_null(strstr(r.text, "\"stored\":false"));
    expect(tell("%s", import), 0, "not in the file: 1 (kept");
    v = voter("N1", &found);
    assert_string_equal(v.name, "Maria Reyes");
    assert_string_equal(v.contact2, "+63 2 1");
    assert_int_equal(v.unit, 1);
    assert_int_equal(voter("N2", &found).channel, TP_CHANNEL_MAIL);
    assert_int_equal(voter("N4", &found).channel, TP_CHANNEL_POST);
    (void)voter("N3", &found);
    assert_true(found);
    expect(tell("%s --remove-missing", import), 0, "stored");
    (void)voter("N3", &found);
    assert_false(found);
    expect(tell("search brien --data data"), 0, "none");
}

/* J-6, J-7 */
static void test_wrong_rows(void **state) {
    (void)state;
    char path[128];
    expect(tell("%s", import), 0, "stored");
    add_line("number,name,birth_date,contact,unit\n");
    add_line("N5,Good,1990-01-02,,%s\n", unit0);
    add_line("N6,Bad,1990-13-02,,%s\n", unit0);            /* 3 */
    add_line("N7,\"two\nlines\",1990-01-02,,%s\n", unit0); /* 4 */
    add_line("N8,Bad,1990-01-02,,nowhere\n");              /* 6 */
    add_line("\nN9,Bad\xff,1990-01-02,,%s\n", unit0);      /* 8 */
    add_line("N5,Again,1990-01-02,,%s\n", unit0);          /* 9 */
    add_line("N10,GOOD,1990-01-02,,%s\n", unit0);          /* 10: a twin */
    add_line("N11,x\n");                                   /* 11 */
    put_csv();
    result r = tell("%s --errors errors.csv", import);
    expect(r, 1, "8 rows, 6 wrong");
    expect(r, 1, "line 3: birth_date");
    expect(r, 1, "line 4: a control character");
    expect(r, 1, "line 6: unit");
    expect(r, 1, "line 8: not UTF-8");
    expect(r, 1, "line 9: number N5: stands in line 2 already");
    expect(r, 1, "line 11: not as many fields");
    expect(r, 1, "name and birth date of an earlier row: 1");
    expect(r, 1, "nothing was stored");
    expect(tell("search N5 --data data"), 0, "none");
    snprintf(path, sizeof path, "%s/errors.csv", dir);
    size_t len;
    char *errors = (char *)test_file(path, &len);
    assert_non_null(strstr(errors, "10,roll.twin,\"N10\",\"name and birth date as in line 2\""));
    assert_non_null(strstr(errors, "9,roll.twice,\"N5\""));
    free(errors);
    /* of very many the first 20 are shown and all are counted */
    add_line("number,name,birth_date,contact,unit\n");
    for (int i = 0; i < 30; i++)
        add_line("N%d,x,1990-1-1,,%s\n", i, unit0);
    put_csv();
    r = tell("%s", import);
    expect(r, 1, "30 wrong");
    expect(r, 1, "line 21:");
    assert_null(strstr(r.text, "line 22:"));
    expect(tell("import none.csv --manifest m.json --data data"), 3, "cannot read");
    put_file("roll.csv", "", 0);
    expect(tell("%s", import), 1, "is empty");
    put_file("roll.csv", "number,nom\n", 11);
    expect(tell("%s", import), 1, "--column name=NAME");
    expect(tell("%s --column nom=x", import), 2, "--column takes");
}

/* J-9 */
static void test_enrolled(void **state) {
    (void)state;
    bool found;
    expect(tell("%s", import), 0, "stored");
    enrol("N1", TP_ENROL_DONE);
    enrol("N2", TP_ENROL_STARTED);
    add_line("number;Voter's name;birth_date;unit\r");
    add_line("N1;Maria;1990-01-02;%s\r", unit1);
    add_line("N3;Anne;1970-07-08;%s\r", unit0);
    put_csv();
    result r = tell("%s --separator ';' --column \"name=Voter's name\" --column contact= "
                    "--remove-missing",
                    import);
    expect(r, 1, "line 2: number N1: this voter has handed in a voting key");
    expect(r, 1, "number N2: this voter began to enrol");
    assert_int_equal(voter("N1", &found).unit, 0);
    add_line("number;Voter's name;birth_date;unit\r");
    add_line("N1;Maria;1990-01-02;%s\r", unit0);
    add_line("N2;Juan;1980-05-06;%s\r", unit0);
    put_csv();
    expect(tell("%s --separator ';' --column \"name=Voter's name\" --column contact= "
                "--remove-missing",
                import),
           0, "changed 2");
    tp_voter v = voter("N1", &found);
    assert_string_equal(v.name, "Maria");
    assert_string_equal(v.contact, "m@b.example"); /* the file had none: as it was */
    (void)voter("N3", &found);
    assert_false(found);
}

/* J-5 */
static void test_search(void **state) {
    (void)state;
    expect(tell("%s", import), 0, "stored");
    expect(tell("search PENA --data data"), 0, "N1");
    expect(tell("search santos mar pe\xc3\xb1 --data data"), 0, "N1");
    expect(tell("search \"o'brien\" --data data --manifest m.json"), 0, unit0);
    expect(tell("search maria pena reyes --data data"), 0, "all but one:\nN1");
    expect(tell("search maria reyes --data data"), 0, "none");
    expect(tell("search n2 --data data"), 0, "Juan");
    expect(tell("search n2 --data data --json"), 0, "\"number\":\"N2\"");
    expect(tell("time --data data --count 30"), 0, "\"searches\":30,");
    expect(tell("search x"), 2, "--data");
    expect(tell("search x --data nowhere"), 3, "cannot open");
}

/* The search index says the same as a comparison of words, voter by voter. */
static void test_search_all(void **state) {
    (void)state;
    char path[512], text[TP_ROLL_WORDS];
    size_t len = 0, count;
    csv_text[0] = 0;
    add_line("unit,voted\n");
    for (size_t i = 0; i < f.manifest.unit_count; i++)
        add_line("%s,1\n", f.manifest.units[i].id);
    put_file("posts.csv", csv_text, strlen(csv_text));
    snprintf(path, sizeof path,
             "cd %s && %s simulate roll --voters 400 --guests 1 --names --manifest m.json --posts "
             "posts.csv --out roll.csv >/dev/null",
             dir, tapat);
    assert_int_equal(system(path), 0);
    csv_text[0] = 0;
    expect(tell("%s", import), 0, "added 401");
    tp_store *s = open_store();
    tp_voter v[8];
    for (int64_t id = 0; id < 401; id++) {
        assert_int_equal(tp_store_voters_after(s, id, v, 1, &count), TP_OK);
        assert_int_equal(count, 1);
        tp_voter own = v[0];
        len = tp_roll_words_sorted(text, own.name);
        assert_true(len >= 2);
        assert_int_equal(tp_store_voters_search(s, text, TP_SEARCH_WORDS, v, 8, &count), TP_OK);
        bool found = false;
        for (size_t i = 0; i < count; i++)
            found |= v[i].id == own.id;
        assert_true(found);
    }
    tp_store_close(s);
}

/* J-10, J-11 */
static void test_one_voter(void **state) {
    (void)state;
    bool found;
    expect(tell("%s", import), 0, "stored");
    assert_int_equal(tell("disable N1 --reason 'registered twice' --data data").code, 0);
    assert_string_equal(voter("N1", &found).disabled, "registered twice");
    expect(tell("search N1 --data data"), 0, "DISABLED: registered twice");
    expect(tell("%s", import), 0, "as before 3"); /* an import leaves it so */
    assert_string_equal(voter("N1", &found).disabled, "registered twice");
    assert_int_equal(tell("enable N1 --data data").code, 0);
    assert_string_equal(voter("N1", &found).disabled, "");
    assert_int_equal(tell("channel N2 post --data data").code, 0);
    assert_int_equal(voter("N2", &found).channel, TP_CHANNEL_POST);
    expect(tell("channel N2 web --data data"), 2, "a channel");
    expect(tell("disable N2 --data data"), 2, "--reason");
    expect(tell("channel N99 post --data data"), 1, "not on the roll");
    enrol("N1", TP_ENROL_DONE);
    result r = tell("channel N1 mail --data data");
    expect(r, 1, "stays online; cancel the key first");
    expect(r, 1, "the voting key is 0700000000");
    expect(r, 1, "tapat cancel N1 --data data --reason votes-at-the-post");
    expect(r, 1, "then once more: tapat roll channel N1 mail --data data");
    assert_int_equal(voter("N1", &found).channel, TP_CHANNEL_ONLINE);
    r = tell("disable N1 --reason died --data data");
    expect(r, 0, "the voting key is 0700000000");
    expect(r, 0, "tapat cancel N1 --data data --reason WHY");
    expect(r, 0, "until then the key casts nothing");
    expect(tell("nothing"), 2, "roll takes");
}

/* J-26 */
static void test_rehearse(void **state) {
    (void)state;
    static const char rules[] =
        "{\"rules\":[{\"name\":\"words\",\"birth_date\":\"same\",\"then\":\"accept\"},"
        "{\"name\":\"all-but-one\",\"birth_date\":\"same\",\"then\":\"review\"},"
        "{\"name\":\"words\",\"birth_date\":\"day-month-swapped\",\"then\":\"review\"}]}";
    static const char rehearse[] = "rehearse --data data --rules rules.json";
    put_file("rules.json", rules, sizeof rules - 1);
    expect(tell("%s", import), 0, "stored");
    result r = tell("%s --json", rehearse);
    expect(r, 0, "\"voters\":3");
    expect(r, 0, "\"accept\":0,\"review\":0}");
    add_line("number,name,birth_date,contact,unit\n");
    add_line("N4,Juan Cruz dela,1980-05-06,,%s\n", unit0);     /* accepted for N2 */
    add_line("N5,Anne Lim O'Brien,1970-07-08,,%s\n", unit0);   /* near N3 */
    add_line("N6,Maria Santos Pena,1990-02-01,,%s\n", unit0);  /* N1, another day */
    add_line("N7,Maria Santos Reyes,1990-02-01,,%s\n", unit0); /* near N6 */
    add_line("N8,Someone Else,1970-07-08,,%s\n", unit0);
    put_csv();
    expect(tell("%s", import), 0, "added 5");
    r = tell("%s --json", rehearse);
    expect(r, 0, "\"then\":\"accept\",\"rows\":2}");
    expect(r, 0, "\"birth_date\":\"same\",\"then\":\"review\",\"rows\":4}");
    expect(r, 0, "\"day-month-swapped\",\"then\":\"review\",\"rows\":2}");
    expect(r, 0, "\"accept\":2,\"review\":5}");
    expect(tell("%s", rehearse), 0, "accepted for another voter too: 2");
    add_line("number,birth_date,name\n");
    add_line("N3,1970-07-08,Anne OBrien\n");         /* accepted */
    add_line("N1,1970-07-08,someone else\n");        /* accepted for N8 */
    add_line(",1980-05-06,Dela Cruz Juan\n");        /* several */
    add_line(",1990-01-02,Maria Lim Santos Pena\n"); /* review */
    add_line(",1991-01-02,Maria Santos Pena\n");     /* none */
    put_file("claims.csv", csv_text, strlen(csv_text));
    csv_text[0] = 0;
    expect(tell("%s --claims claims.csv --json", rehearse), 0,
           "\"claims\":{\"count\":5,\"accepted\":2,\"review\":1,\"none\":1,\"several\":1,"
           "\"another\":1}");
    expect(tell("%s --claims claims.csv", rehearse), 0, "voter of another number: 1");
    static const char wrong[] = "name,birth_date\nAna Cruz,1990-13-01\nAna,1990-01-01,x\n";
    put_file("claims.csv", wrong, sizeof wrong - 1);
    r = tell("%s --claims claims.csv", rehearse);
    expect(r, 1, "line 2: birth_date");
    expect(r, 1, "line 3: not as many fields");
    put_file("claims.csv", "name\nAna\n", 9);
    expect(tell("%s --claims claims.csv", rehearse), 1, "columns name and birth_date");
    expect(tell("%s --claims none.csv", rehearse), 3, "cannot read");
    put_file("rules.json", rules, sizeof rules - 2);
    expect(tell("%s", rehearse), 1, "match.rules");
    expect(tell("rehearse --data data"), 2, "--rules");
}

int main(int argc, char **argv) {
    assert_true(argc >= 2);
    tapat = argc > 1 ? realpath(argv[1], NULL) : NULL;
    if (!tapat) return 2;
    fixture_init(&f, NULL);
    unit0 = f.manifest.units[0].id;
    unit1 = f.manifest.units[1].id;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_import, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wrong_rows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_enrolled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_search, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_search_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_one_voter, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rehearse, set_up, tear_down),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fixture_free(&f);
    return failed;
}
