/* main.c: the `margin` command: picks the subcommand. Must not know what a subcommand does. */
#define _POSIX_C_SOURCE 200809L
#include "choice.h"
#include "command.h"

#include <options.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const command commands[] = {
    {"eval", "loss, accuracy, angles and gradients for .npy arrays", command_eval},
    {"angles", "W-EC, W-Inter, Intra and Inter of embeddings and class weights", command_angles},
    {"verify", "TAR at FAR, EER and AUC of embeddings and identities", command_verify},
    {"advise", "scale and margin for a number of classes, and why", command_advise},
    {"info", "version, instruction sets, threads, losses", command_info},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

void print_version(void)
{
    printf("%s %s\n", PROGRAM, margin_version());
}

void finish_stdout(void)
{
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout))
        die(PROGRAM, "standard output: cannot write: %s", strerror(errno != 0 ? errno : EIO));
}

static void print_help(void)
{
    char losses[256];
    printf("usage: %s COMMAND [OPTION...]\n\nMargin-softmax losses on CPUs: %s.\n\ncommands:\n",
           PROGRAM, choice_list(&loss_choice, losses, sizeof losses));
    for (int i = 0; i < COMMANDS; i++)
        printf("  %-9s  %s\n", commands[i].name, commands[i].summary);
    printf("\noptions:\n"
           "  --help     print this and exit; '%s COMMAND --help' for a command's options\n"
           "  --version  print the version and exit\n\n"
           "environment:\n"
           "  MARGIN_ISA       instruction set to use (as --isa)\n"
           "  OMP_NUM_THREADS  number of threads (as --threads)\n\n"
           "exit status: 0 success, 1 bad data or a failed run, 2 wrong usage\n",
           PROGRAM);
}

static const command *find_command(const char *name)
{
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
    die_usage(PROGRAM, "unknown %s %s (see '%s --help')", name[0] == '-' ? "option" : "command",
              name, PROGRAM);
}

int main(int argc, char **argv)
{
    if (argc < 2) die_usage(PROGRAM, "a command is missing (see '%s --help')", PROGRAM);
    int status = 0;
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        print_help();
    else if (strcmp(argv[1], "--version") == 0)
        print_version();
    else
        status = find_command(argv[1])->run(argc - 1, argv + 1);
    finish_stdout();
    return status;
}
