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

void draw_figures(const char *folder, const char *names)
{
    const char *const plots = getenv("MARGIN_PLOTS");
    char script[PATH_MAX];
    snprintf(script, sizeof script, "%s/draw.sh", plots != NULL ? plots : SEPARATION_PLOTS);
    /* The shell divides the names; posix_spawn changes no argument. */
    char *const arguments[] = {"sh",          "-c", "exec \"$0\" \"$1\" $2", script, (char *)folder,
                               (char *)names, NULL};
    pid_t child;
    int status = 0;
    const int error = posix_spawn(&child, "/bin/sh", NULL, NULL, arguments, environ);
    if (error != 0) die(SEPARATION_PROGRAM, "%s: %s", script, strerror(error));
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        die(SEPARATION_PROGRAM, "%s failed; the numbers are in %s", script, folder);
}
