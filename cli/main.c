/* `tapat`: one program, one command a task. Each command is a file beside this one. */
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <sodium.h>

#include "cli/cli.h"

typedef struct {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
} command;

static const command commands[] = {
    {"key", "make, show, print or restore a signing key or a trustee's seed", tp_cmd_key},
    {"define", "make a manifest out of a template and the parties' keys", tp_cmd_define},
    {"rehearse", "print a manifest's ballots for officers to read, and rehearse the whole election",
     tp_cmd_rehearse},
    {"roll", "check a roll of voters and import it", tp_cmd_roll},
    {"letter", "print code letters, and the register of them", tp_cmd_letter},
    {"message", "the queue of messages to voters, their templates, mails that came back",
     tp_cmd_message},
    {"serve", "run the election's server", tp_cmd_serve},
    {"approve", "officers: approve the manifest", tp_cmd_approve},
    {"trustee", "trustees: the next step of ceremony or decryption", tp_cmd_trustee},
    {"open", "officers: open the voting", tp_cmd_open},
    {"registrar", "registrars: sign credentials of voters who proved who they are",
     tp_cmd_registrar},
    {"exclude", "officers: exclude a ballot for a stated reason", tp_cmd_exclude},
    {"cancel", "registrars: void a voting key that is lost", tp_cmd_cancel},
    {"close", "officers: close the voting", tp_cmd_close},
    {"tally", "officers: freeze what is to be decrypted, then publish results", tp_cmd_tally},
    {"submit", "send messages that were written to files", tp_cmd_submit},
    {"board", "prove what is on the board, or monitor it", tp_cmd_board},
    {"witness", "cosign the checkpoints of a board, apart from its server", tp_cmd_witness},
    {"mirror", "copy the public record from a server", tp_cmd_mirror},
    {"verify", "check a public record, offline, from its files alone", tp_cmd_verify},
    {"archive", "keep a public record as one file", tp_cmd_archive},
    {"simulate", "cast the ballots of many test voters", tp_cmd_simulate},
    {"bench", "measure", tp_cmd_bench},
    {NULL, NULL, NULL},
};

static int help(void) {
    puts("usage: tapat COMMAND [options]\n");
    for (const command *c = commands; c->name; c++)
        printf("  %-10s %s\n", c->name, c->summary);
    puts("\n`tapat COMMAND --help` tells a command's options. Exit codes: 0 done and true,\n"
         "1 a check failed or a rule refused, 2 the call is wrong, 3 machine or network failed.");
    return TP_EXIT_OK;
}

int main(int argc, char **argv) {
    if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) return help();
    if (!strcmp(argv[1], "--version")) return puts("tapat " TAPAT_VERSION) < 0;
    if (sodium_init() < 0) return tp_say(TP_EXIT_SYSTEM, "the system gives no randomness");
    curl_global_init(CURL_GLOBAL_DEFAULT);
    const char *backend = getenv("TAPAT_BACKEND");
    if (tp_group_select(backend) != TP_OK)
        return tp_say(TP_EXIT_USAGE, "TAPAT_BACKEND=%s: no such engine on this processor", backend);
    for (const command *c = commands; c->name; c++)
        if (!strcmp(argv[1], c->name)) return c->run(argc - 1, argv + 1);
    return tp_say(TP_EXIT_USAGE, "no command '%s'; `tapat --help` lists them", argv[1]);
}
