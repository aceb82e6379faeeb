/* command.h: the subcommands of `margin`. A new one is a file that defines command_NAME and a row
 * in main.c's table. */
#ifndef MARGIN_CLI_COMMAND_H
#define MARGIN_CLI_COMMAND_H

#include <margin.h>

/* What error messages begin with. */
#define PROGRAM "margin"

typedef struct command {
    const char *name;
    const char *summary;
    /* argv[0] is the subcommand's name; returns the exit status. */
    int (*run)(int argc, char **argv);
} command;

int command_advise(int argc, char **argv);
int command_angles(int argc, char **argv);
int command_eval(int argc, char **argv);
int command_info(int argc, char **argv);
int command_verify(int argc, char **argv);

/* What `--version` prints, for the program and for each subcommand. */
void print_version(void);
/* Flush stdout and complain, with exit status 1, if what was printed did not get out. */
void finish_stdout(void);

#endif
