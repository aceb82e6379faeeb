/* atomic_file.c: output files that appear whole or not at all. Must not know what is written. */
#include "atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- temporaries to remove if the program ends early ------------------------------------------*/

enum { PENDING_MAX = 16 };
static char *volatile pending[PENDING_MAX];

static void remove_pending(void)
{
    for (int i = 0; i < PENDING_MAX; i++) {
        const char *name = pending[i];
        if (name != NULL) unlink(name);
    }
}

static void on_signal(int number)
{
    remove_pending();
    signal(number, SIG_DFL);
    raise(number);
}

/* Signals that a program or its parent already treats in its own way are left alone. */
static void catch_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct sigaction old;
        if (sigaction(numbers[i], NULL, &old) != 0 || old.sa_handler != SIG_DFL) continue;
        struct sigaction action = {.sa_handler = on_signal};
        sigemptyset(&action.sa_mask);
        sigaction(numbers[i], &action, NULL);
    }
    /* A file-size limit then shows up as EFBIG of the write instead of a killed program. */
    signal(SIGXFSZ, SIG_IGN);
}

static int pending_replace(char *old, char *new)
{
    static int installed = 0;
    if (!installed) {
        installed = 1;
        atexit(remove_pending);
        catch_signals();
    }
    for (int i = 0; i < PENDING_MAX; i++) {
        if (pending[i] == old) {
            pending[i] = new;
            return 0;
        }
    }
    return EMFILE;
}

/* ---- the file ---------------------------------------------------------------------------------*/

/* The mode that a freshly created file would get, since mkstemp's is 0600. */
static mode_t default_mode(void)
{
    const mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

static int open_directly(atomic_file *file)
{
    file->stream = fopen(file->path, "wb");
    return file->stream == NULL ? errno : 0;
}

static int open_temporary(atomic_file *file, mode_t mode)
{
    static const char suffix[] = ".XXXXXX";
    const size_t length = strlen(file->path) + sizeof suffix;
    file->temporary = malloc(length);
    if (file->temporary == NULL) return ENOMEM;
    snprintf(file->temporary, length, "%s%s", file->path, suffix);
    const int descriptor = mkstemp(file->temporary);
    if (descriptor < 0) {
        const int status = errno;
        free(file->temporary);
        file->temporary = NULL;
        return status;
    }
    int status = pending_replace(NULL, file->temporary);
    if (status == 0 && fchmod(descriptor, mode) != 0) status = errno;
    if (status == 0 && (file->stream = fdopen(descriptor, "wb")) == NULL) status = errno;
    if (status != 0) {
        close(descriptor);
        unlink(file->temporary);
    }
    return status;
}

/* Where the output really goes: the end of a chain of links, or the path itself. */
static char *resolve(const char *path)
{
    struct stat info;
    if (lstat(path, &info) == 0 && S_ISLNK(info.st_mode)) {
        char *target = realpath(path, NULL);
        if (target != NULL) return target;
    }
    return strdup(path);
}

int atomic_open(atomic_file *file, const char *path)
{
    *file = (atomic_file){0};
    if (path[0] == '\0') return ENOENT;
    if ((file->path = resolve(path)) == NULL) return ENOMEM;
    struct stat info;
    int status = 0;
    const int exists = stat(file->path, &info) == 0;
    if (exists && S_ISDIR(info.st_mode))
        status = EISDIR;
    else if (exists && !S_ISREG(info.st_mode))
        status = open_directly(file);
    else if (exists && access(file->path, W_OK) != 0)
        status = errno; /* a write-protected file is meant to stay */
    else if (path[strlen(path) - 1] == '/')
        status = EISDIR;
    else
        status = open_temporary(file, exists ? info.st_mode & 07777 : default_mode());
    if (status != 0) atomic_abort(file);
    return status;
}

int atomic_sync(atomic_file *file)
{
    if (file->stream == NULL) return 0;
    int status = 0;
    if (fflush(file->stream) != 0 || ferror(file->stream))
        status = errno != 0 ? errno : EIO;
    else if (file->temporary != NULL && fsync(fileno(file->stream)) != 0)
        status = errno;
    if (fclose(file->stream) != 0 && status == 0) status = errno;
    file->stream = NULL;
    return status;
}

/* Make the rename itself last through a power cut; the file is whole either way, so no error. */
static void sync_folder(char *path)
{
    const int descriptor = open(dirname(path), O_RDONLY | O_DIRECTORY);
    if (descriptor < 0) return;
    fsync(descriptor);
    close(descriptor);
}

static void release(atomic_file *file)
{
    if (file->temporary != NULL) pending_replace(file->temporary, NULL);
    free(file->temporary);
    free(file->path);
    *file = (atomic_file){0};
}

int atomic_commit(atomic_file *file)
{
    const int status = atomic_sync(file);
    if (status != 0) return status;
    if (file->temporary != NULL) {
        if (rename(file->temporary, file->path) != 0) return errno;
        sync_folder(file->path);
    }
    release(file);
    return 0;
}

void atomic_abort(atomic_file *file)
{
    if (file->stream != NULL) fclose(file->stream);
    if (file->temporary != NULL) unlink(file->temporary);
    release(file);
}
