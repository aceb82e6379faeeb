/* draw.c: plots/draw.sh as a child process (see draw.h). Must not know what a figure shows. */
#include "draw.h"

#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "options.h"
#include "separation_options.h"

extern char **environ;

enum { MOST_NAMES = 64 };

static void find_script(char *path, size_t size)
{
    const char *const plots = getenv("MARGIN_PLOTS");
    snprintf(path, size, "%s/draw.sh", plots != NULL ? plots : SEPARATION_PLOTS);
}

static void run_script(char *script, char **arguments)
{
    pid_t child;
    int status = 0;
    const int error = posix_spawn(&child, script, NULL, NULL, arguments, environ);
    if (error != 0) die(SEPARATION_PROGRAM, "%s: %s", script, strerror(error));
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        die(SEPARATION_PROGRAM, "%s failed; the numbers are in %s", script, arguments[1]);
    }
}

void draw_figures(const char *folder, const char *names)
{
    char script[PATH_MAX], *arguments[MOST_NAMES + 3];
    char *const list = strdup(names), *const where = strdup(folder), *rest = list, *name;
    size_t count = 0;
    if (list == NULL || where == NULL) die(SEPARATION_PROGRAM, "out of memory");
    find_script(script, sizeof script);
    arguments[count++] = script;
    arguments[count++] = where;
    while ((name = strsep(&rest, " ")) != NULL && count < MOST_NAMES + 2) {
        if (*name != '\0') arguments[count++] = name;
    }
    arguments[count] = NULL;
    run_script(script, arguments);
    free(list);
    free(where);
}
