/* main.c: the `margin` command: picks the subcommand. Must not know what a subcommand does. */
#include "command.h"

#include <json_out.h>

#include <stdio.h>
#include <string.h>

static const command commands[] = {
    {&eval_table, command_eval},     {&angles_table, command_angles},
    {&verify_table, command_verify}, {&identify_table, command_identify},
    {&advise_table, command_advise}, {&reshard_table, command_reshard},
    {&info_table, command_info},     {&check_results_table, command_check_results},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

/* Prints the program's help in a form (option_table.h); returns 0 where there is no such form. */
static int print_help(const char *form)
{
    char losses[256], about[512];
    option_row rows[COMMANDS + 4] = {OPTION_GROUP("commands:")}, *row = rows + 1;
    for (int i = 0; i < COMMANDS; i++)
        *row++ = (option_row){.name = commands[i].options->command,
                              .help = commands[i].options->summary};
    *row++ = (option_row){.name = "help", .help = "with a command: its options"};
    *row = (option_row)OPTION_GROUP("options:");
    snprintf(about, sizeof about, "Margin-softmax losses on CPUs: %s.",
             choice_list(&loss_choice, losses, sizeof losses));
    const option_table table = {
        .program = PROGRAM,
        .summary = "margin-softmax losses on CPUs",
        .about = about,
        .rows = rows,
        .closing = "environment:\n"
                   "  MARGIN_ISA       instruction set to use (as --isa)\n"
                   "  OMP_NUM_THREADS  number of threads (as --threads)\n\n"
                   "exit status: 0 success, 1 bad data or a failed run, 2 wrong usage",
        .operand = "COMMAND"};
    return options_help(&table, NULL, form);
}

/* Prints the help if `word` asks for it. */
static int is_help(const char *word)
{
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) return print_help(NULL);
    return strncmp(word, "--help=", 7) == 0 && print_help(word + 7);
}

static const command *find_command(const char *name)
{
    const char *nearest = is_nearer(name, "--help", NULL)      ? "--help"
                          : is_nearer(name, "--version", NULL) ? "--version"
                                                               : NULL;
    for (int i = 0; i < COMMANDS; i++) {
        const char *const known = commands[i].options->command;
        if (strcmp(known, name) == 0) return &commands[i];
        if (is_nearer(name, known, nearest)) nearest = known;
    }
    const char *const what = name[0] == '-' ? "option" : "command";
    if (nearest != NULL) die_usage(PROGRAM, "unknown %s %s: did you mean %s?", what, name, nearest);
    die_usage(PROGRAM, "unknown %s %s (see '%s --help')", what, name, PROGRAM);
}

/* `margin help` and `margin help COMMAND`. */
static void help(int argc, char **argv)
{
    char *words[] = {argv[1], "--help", NULL};
    if (argc > 2)
        die_usage(PROGRAM, "unexpected argument '%s' (see '%s --help')", argv[2], PROGRAM);
    if (argc == 2 && argv[1][0] != '-')
        find_command(argv[1])->run(2, words);
    else
        print_help(NULL);
}

int main(int argc, char **argv)
{
    if (argc < 2) die_usage(PROGRAM, "a command is missing (see '%s --help')", PROGRAM);
    const char *const word = argv[1];
    json_begin();
    int status = 0;
    if (strcmp(word, "help") == 0)
        help(argc - 1, argv + 1);
    else if (strcmp(word, "--version") == 0)
        printf("%s %s\n", PROGRAM, margin_version());
    else if (!is_help(word))
        status = find_command(word)->run(argc - 1, argv + 1);
    finish_stdout(PROGRAM);
    return status;
}
