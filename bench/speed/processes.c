/* processes.c: see processes.h. Must not know what is measured. */
#include "processes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "json_out.h"
#include "memory.h"
#include "timed.h"
#include "unfinished.h"

extern char **environ;

/* ---- the same run by several processes ----------------------------------------------------- */

/* The command again, with what is this process's own set otherwise: later options win. Its table
 * for people goes nowhere. */
static int run_once(int argc, char **argv, int repetitions, const char *path)
{
    char count[16];
    char **const words = zeroed((size_t)argc + 7, sizeof *words);
    char *const own[] = {"--processes", "0", "--repetitions", count, "--out", (char *)path};
    posix_spawn_file_actions_t files;
    pid_t child;
    int status = -1;
    snprintf(count, sizeof count, "%d", repetitions);
    memcpy(words, argv, (size_t)argc * sizeof *words);
    memcpy(words + argc, own, sizeof own);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (posix_spawn(&child, "/proc/self/exe", &files, NULL, words, environ) == 0) {
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
    }
    posix_spawn_file_actions_destroy(&files);
    free(words);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Rows of one process as those of `process`, whose repetitions begin at `first`, to their cases. */
static void take_rows(const json_t *report, int process, int first, json_t **cases, size_t count)
{
    json_t *row;
    size_t i;
    json_array_foreach(json_object_get(report, "benchmarks"), i, row)
    {
        const size_t family = (size_t)timed_number(row, "family_index");
        if (strcmp(timed_text(row, "run_type"), "iteration") != 0 || family >= count) continue;
        json_put(row, "repetition_index process", "zz",
                 (size_t)first + (size_t)timed_number(row, "repetition_index"), (size_t)process);
        json_array_append(cases[family], row);
    }
}

/* All rows in the order of the cases; takes the lists over. */
static json_t *rows_of(json_t **cases, size_t count)
{
    json_t *const rows = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_extend(rows, cases[i]);
        json_decref(cases[i]);
    }
    free(cases);
    return rows;
}

json_t *speed_processes_run(const speed_options *o, size_t count, int argc, char **argv,
                            char *fault)
{
    json_t **const cases = zeroed(count + 1, sizeof *cases), *context = NULL;
    unfinished folder;
    int first = 0, failed = unfinished_make_folder(o->out, &folder);
    if (failed) speed_fail(fault, "%s: cannot write: %s", o->out, strerror(failed));
    for (size_t i = 0; i < count; i++)
        cases[i] = json_array();
    for (int process = 0; process < o->processes && !failed; process++) {
        const int share = (o->repetitions - first) / (o->processes - process);
        char path[PATH_MAX];
        json_error_t error;
        snprintf(path, sizeof path, "%.*s/speed.json", PATH_MAX - 16, folder.name);
        const int status = run_once(argc, argv, share, path);
        json_t *const report = json_load_file(path, 0, &error);
        failed = report == NULL;
        if (failed)
            speed_fail(fault, "process %d of %d ended with %d and without results", process + 1,
                       o->processes, status);
        take_rows(report, process, first, cases, count);
        if (context == NULL) context = json_incref(json_object_get(report, "context"));
        json_decref(report);
        first += share;
    }
    if (folder.name != NULL) {
        unfinished_remove(folder.name);
        unfinished_forget(folder.name, folder.lock);
    }
    json_t *const report = json_row("context benchmarks", "oo", context, rows_of(cases, count));
    if (!failed) return report;
    json_decref(report);
    return NULL;
}

/* ---- a neighbour --------------------------------------------------------------------------- */

/* Reads and writes a line each of so many bytes, over and over. */
static void sweep(size_t bytes)
{
    volatile char *const memory = malloc(bytes);
    if (memory == NULL) return;
    for (size_t i = 0;; i = i + 64 < bytes ? i + 64 : 0)
        memory[i]++;
}

int speed_neighbour_start(char *fault)
{
    const long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
    const pid_t parent = getpid(), child = fork();
    if (child < 0) return speed_fail(fault, "--neighbour: %s", strerror(errno));
    if (child > 0) return 0;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent) sweep(2 * (size_t)(cache > 0 ? cache : 1 << 25));
    _exit(EXIT_FAILURE);
}
