/* command.h: the subcommands of `margin`. A new one is a file that defines its table of options and
 * command_NAME, a row in main.c's table, and its name in cmake/install.cmake, for its page. */
#ifndef MARGIN_CLI_COMMAND_H
#define MARGIN_CLI_COMMAND_H

#include <option_table.h>

#include <jansson.h>
#include <margin.h>

/* What error messages begin with. */
#define PROGRAM "margin"

typedef struct command {
    const option_table *options; /* and the name, and a line that says what for */
    /* argv[0] is the subcommand's name; returns the exit status. */
    int (*run)(int argc, char **argv);
} command;

extern const option_table advise_table, angles_table, check_results_table, eval_table,
    identify_table, info_table, reshard_table, verify_table;
int command_advise(int argc, char **argv);
int command_angles(int argc, char **argv);
int command_check_results(int argc, char **argv);
int command_eval(int argc, char **argv);
int command_identify(int argc, char **argv);
int command_info(int argc, char **argv);
int command_reshard(int argc, char **argv);
int command_verify(int argc, char **argv);

/* Makes a context for `config`; a failure ends the program with a line that says what helps. */
margin_context *create_context(const margin_config *config);

/* Prints `object` with the library's version, and releases it. */
void print_json(json_t *object);

/* Writes the margins of a configuration that its loss has, "-" for none; returns `text`. */
const char *margin_text(const margin_config *config, char *text, size_t size);

#endif
