/* sha256.c: see sha256.h. */
#include "sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"

extern char **environ;

/* Starts coreutils' program with the descriptors as its input and output. */
static int start(int in, int out, pid_t *child)
{
    char *arguments[] = {(char[]){"sha256sum"}, NULL};
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0) out_of_memory();
    int failed = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    if (failed == 0) failed = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    if (failed == 0) failed = posix_spawnp(child, arguments[0], &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed == ENOMEM) out_of_memory();
    return failed == 0 ? 0 : -1;
}

/* Reads the first digits that the program writes; returns how many came. */
static size_t read_digits(int from, char text[SHA256_TEXT])
{
    size_t have = 0;
    ssize_t got = 1;
    while (have < SHA256_TEXT - 1 && (got = read(from, text + have, SHA256_TEXT - 1 - have)) > 0)
        have += (size_t)got;
    text[have] = '\0';
    return have;
}

int sha256_file(const char *path, char text[SHA256_TEXT])
{
    int ends[2], status = 1;
    pid_t child;
    const int in = open(path, O_RDONLY | O_CLOEXEC);
    if (in < 0) return -1;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        close(in);
        return -1;
    }
    const int started = start(in, ends[1], &child);
    close(in);
    close(ends[1]);
    const size_t have = started == 0 ? read_digits(ends[0], text) : 0;
    close(ends[0]);
    if (started != 0 || waitpid(child, &status, 0) != child || status != 0) return -1;
    return have == strspn(text, "0123456789abcdef") && have == SHA256_TEXT - 1 ? 0 : -1;
}
