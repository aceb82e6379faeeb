/* check_results.c: `margin check-results`: starts the checker, which is written in Python and lies
 * beside the program, in an installed tree as in a build. Must not know what it checks. */
#include "command.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CHECKER "share/margin/scripts/check_results"

typedef struct check_options {
    const char *run;
} check_options;

static void take_run(void *target, const char *word)
{
    check_options *const o = target;
    if (o->run != NULL) die_usage(PROGRAM, "check-results: one RUN at a time, not '%s' too", word);
    o->run = word;
}

static const option_row rows[] = {OPTION_END};

const option_table check_results_table = {
    PROGRAM,
    "check-results",
    "whether a run of the benchmarks is fit to be shown",
    "Checks the files of a run against results/schema.json, that they are of one build\n"
    "on one machine, the spread of the times, and whether a number cannot be: a time\n"
    "faster than the machine's peak, a median beside its interval, a broken promise.\n"
    "RUN is a folder, a pack (RUN.tar.xz), or a machine's entry (NAME.json).\n\n"
    "Prints a line for each finding: 'unfit: ...', or 'note: ...' for what a reader\n"
    "should know. It needs python3 with the package jsonschema.",
    .rows = rows,
    .closing = "exit status: 0 the run is fit to be shown, 1 it is not, or cannot be read,\n"
               "2 wrong usage",
    .operand = "RUN",
    .take_operand = take_run};

/* Writes the checker's path: from PREFIX/bin/margin it is PREFIX/CHECKER. */
static void find_checker(char *path, size_t size)
{
    char program[PATH_MAX];
    const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length < 0) die(PROGRAM, "check-results: /proc/self/exe: %s", strerror(errno));
    program[length] = '\0';
    for (int up = 0; up < 2; up++)
        if (strrchr(program, '/') != NULL) *strrchr(program, '/') = '\0';
    if ((size_t)snprintf(path, size, "%s/%s", program, CHECKER) >= size)
        die(PROGRAM, "check-results: the path of the program is too long");
    if (access(path, R_OK) != 0)
        die(PROGRAM, "check-results: %s: %s: build or install margin again, with its checker", path,
            strerror(errno));
}

int command_check_results(int argc, char **argv)
{
    check_options options = {NULL};
    options_read(&check_results_table, argc, argv, &options);
    if (options.run == NULL)
        die_usage(PROGRAM, "check-results: a RUN is missing (see 'margin check-results --help')");
    char checker[PATH_MAX];
    find_checker(checker, sizeof checker);
    execlp("python3", "python3", "-B", checker, options.run, (char *)NULL);
    die(PROGRAM, "check-results: python3: %s: install the packages python3 and python3-jsonschema",
        strerror(errno));
}
