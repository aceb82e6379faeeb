/* output_paths.c: see output_paths.h. Must not know what is written. */
#include "output_paths.h"

#include "atomic_file.h"
#include "options.h"

#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of devices only a terminal shows that two wrote to it: /dev/null may serve several times. */
static int is_stdout(const char *path)
{
    struct stat there, here;
    return stat(path, &there) == 0 && fstat(STDOUT_FILENO, &here) == 0 &&
           there.st_dev == here.st_dev && there.st_ino == here.st_ino &&
           (!S_ISCHR(here.st_mode) || isatty(STDOUT_FILENO));
}

void output_paths_check(const char *program, const char *const *outputs, int count,
                        const char *const *inputs, int input_count)
{
    for (int i = 0; i < count; i++) {
        const char *const path = outputs[i];
        if (path == NULL) continue;
        if (is_stdout(path))
            die_usage(program, "%s: is standard output, where the report goes", path);
        for (int j = 0; j < input_count; j++)
            if (inputs[j] != NULL && atomic_same_file(path, inputs[j]))
                die_usage(program, "%s: is an input and would be overwritten", path);
        for (int j = 0; j < i; j++)
            if (outputs[j] != NULL && atomic_same_file(path, outputs[j]))
                die_usage(program, "%s: is the target of two outputs", path);
    }
}

void output_paths_try(const char *program, const char *const *outputs, int count)
{
    output_paths_check(program, outputs, count, NULL, 0);
    for (int i = 0; i < count; i++) {
        atomic_file file;
        if (outputs[i] == NULL) continue;
        const int status = atomic_open(&file, outputs[i]);
        if (status != 0) die(program, "%s: cannot write: %s", outputs[i], strerror(status));
        atomic_abort(&file);
    }
}
