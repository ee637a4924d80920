/* `tapat archive`: a record as one file, to be kept, and back. spec: R-20..R-24 */
#include "record/archive.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

static int extract(const char *file, const char *dir) {
    tp_fault fault = {0};
    if (mkdir(dir, 0755) != 0)
        return tp_say(TP_EXIT_SYSTEM, "cannot make %s: %s", dir, strerror(errno));
    if (!tp_archive_extract(dir, file, &fault)) return TP_EXIT_OK;
    rmdir(dir); /* if nothing came, so that it can be tried again */
    return tp_say_fault(&fault, file);
}

static int verified(const char *dir, unsigned threads) {
    tp_verification v;
    tp_replay_options o = {.threads = threads, .progress = tp_progress_print};
    tp_err err = tp_verify(&v, dir, NULL, &o);
    for (size_t i = 0; i < v.count; i++)
        if (v.checks[i].verdict == TP_FAIL) tp_say_fault(&v.checks[i].fault, v.checks[i].check);
    if (!err) return TP_EXIT_OK;
    return tp_say(err == TP_SYSTEM ? TP_EXIT_SYSTEM : TP_EXIT_REFUSED,
                  "%s does not verify; --unverified archives it all the same", dir);
}

int tp_cmd_archive(int argc, char **argv) {
    const char *words[2];
    bool out = false, unverified = false;
    uint64_t threads = 0;
    struct stat st;
    const tp_arg table[] = {
        {"--extract", NULL, TP_ARG_FLAG, &out, "the files of FILE into the new folder DIR"},
        {"--unverified", NULL, TP_ARG_FLAG, &unverified, "do not verify the record before"},
        {"--threads", "N", TP_ARG_NUMBER, &threads, "as many as there are processors"},
        TP_ARG_END};
    if (tp_args(argc, argv, "archive DIR FILE | archive --extract FILE DIR",
                "Writes a public record that verifies as one file, the same bytes for the same "
                "record, which\n`tapat verify FILE` checks and any tar program unpacks.",
                table, words, 2) != 2)
        tp_usage("archive takes a folder and a file");
    if (out) return extract(words[0], words[1]);
    if (!lstat(words[1], &st)) return tp_say(TP_EXIT_SYSTEM, "%s exists", words[1]);
    int code =
        unverified ? TP_EXIT_OK : verified(words[0], threads ? (unsigned)threads : tp_cores());
    tp_fault fault = {0};
    if (code == TP_EXIT_OK && tp_archive_write(words[1], words[0], &fault))
        code = tp_say_fault(&fault, words[0]);
    return code;
}
