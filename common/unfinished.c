/* unfinished.c: see unfinished.h. Must not know what is written. */
#include "unfinished.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- names to remove, and signals -------------------------------------------------------------*/

static char **pending;
static size_t pending_count, pending_room;

/* A signal may come in any thread: whoever takes the phase away from IDLE has the names. */
enum { IDLE, HELD, LEAVING };
static atomic_int phase;
static volatile sig_atomic_t waiting; /* the signal that came while they were held, or 0 */

/* Removes the files in the folder `descriptor`, which holds no folders. A signal's handler may not
 * call readdir. */
static void empty_folder(int descriptor)
{
    _Alignas(struct dirent64) char entries[4096];
    for (int removed = 1; removed > 0 && lseek(descriptor, 0, SEEK_SET) == 0;) {
        removed = 0;
        for (ssize_t got; (got = getdents64(descriptor, entries, sizeof entries)) > 0;)
            for (ssize_t at = 0; at < got;) {
                const struct dirent64 *const entry = (const void *)(entries + at);
                removed += unlinkat(descriptor, entry->d_name, 0) == 0;
                at += entry->d_reclen;
            }
    }
}

static void remove_folder(const char *name)
{
    const int descriptor = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0) return;
    empty_folder(descriptor);
    close(descriptor);
    rmdir(name);
}

void unfinished_remove(const char *name)
{
    if (unlink(name) != 0 && errno == EISDIR) remove_folder(name);
}

static void remove_pending(void)
{
    for (size_t i = 0; i < pending_count; i++)
        unfinished_remove(pending[i]);
}

static void on_signal(int number)
{
    int idle = IDLE;
    if (!atomic_compare_exchange_strong(&phase, &idle, LEAVING)) {
        waiting = number;
        return;
    }
    remove_pending();
    signal(number, SIG_DFL);
    raise(number);
}

void signals_hold(void)
{
    int idle = IDLE;
    while (!atomic_compare_exchange_strong(&phase, &idle, HELD)) {
        pause(); /* another thread is ending the program */
        idle = IDLE;
    }
}

void signals_release(void)
{
    const int number = waiting;
    waiting = 0;
    atomic_store(&phase, IDLE);
    if (number != 0) raise(number);
}

/* Signals that a program or its parent already treats in its own way are left alone. */
static void catch_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct sigaction old;
        if (sigaction(numbers[i], NULL, &old) != 0 || old.sa_handler != SIG_DFL) continue;
        struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
        sigemptyset(&action.sa_mask);
        sigaction(numbers[i], &action, NULL);
    }
    /* A file-size limit then shows up as EFBIG of the write instead of a killed program. */
    signal(SIGXFSZ, SIG_IGN);
}

/* Adds `name` while signals are held; returns 0 or ENOMEM. */
static int add(char *name)
{
    if (pending_count == pending_room) {
        const size_t room = 2 * pending_room + 8;
        char **const grown = realloc(pending, room * sizeof *grown);
        if (grown == NULL) return ENOMEM;
        pending = grown;
        pending_room = room;
    }
    pending[pending_count++] = name;
    return 0;
}

int unfinished_add(char *name)
{
    signals_hold();
    const int status = add(name);
    signals_release();
    return status;
}

void unfinished_forget(char *name, int lock)
{
    signals_hold();
    for (size_t i = 0; i < pending_count; i++) {
        if (pending[i] == name) pending[i--] = pending[--pending_count];
    }
    signals_release();
    if (lock >= 0) close(lock);
    free(name);
}

/* ---- the files --------------------------------------------------------------------------------*/

static const char mark[] = ".unfinished-";
enum { LETTERS = 6 };

/* Where the name of the file begins in `path`, and how much of it goes into a temporary's name. */
static const char *name_in(const char *path, int *length)
{
    const char *const slash = strrchr(path, '/'), *const name = slash != NULL ? slash + 1 : path;
    const size_t most = NAME_MAX - (sizeof mark - 1) - LETTERS - 1, whole = strlen(name);
    *length = (int)(whole < most ? whole : most);
    return name;
}

/* Removes the file or folder `name` of `folder` if no live program has locked it. */
static void remove_if_stale(int folder, const char *name)
{
    const int descriptor = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return;
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0 && unlinkat(folder, name, 0) != 0 &&
        errno == EISDIR) {
        empty_folder(descriptor);
        unlinkat(folder, name, AT_REMOVEDIR);
    }
    close(descriptor);
}

static void remove_stale(const char *path)
{
    int length;
    const char *const name = name_in(path, &length);
    char prefix[NAME_MAX + 1], folder[PATH_MAX];
    snprintf(prefix, sizeof prefix, "%.*s%s", length, name, mark);
    snprintf(folder, sizeof folder, "%.*s", (int)(name - path), path);
    DIR *const listing = opendir(name > path ? folder : ".");
    for (struct dirent *entry; listing != NULL && (entry = readdir(listing)) != NULL;) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
            remove_if_stale(dirfd(listing), entry->d_name);
    }
    if (listing != NULL) closedir(listing);
}

/* Makes a file or a folder with the template `name`; returns a descriptor, or -1 and errno. */
static int make(char *name, int folder)
{
    if (!folder) return mkostemp(name, O_CLOEXEC);
    if (mkdtemp(name) == NULL) return -1;
    const int descriptor = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int fault = errno;
    if (descriptor < 0) rmdir(name);
    errno = fault;
    return descriptor;
}

/* Makes one and locks it; returns 0 or an errno value. */
static int make_locked(char *name, int folder, unfinished *out)
{
    struct stat info = {0};
    char *const letters = name + strlen(name) - LETTERS;
    while (info.st_nlink == 0) { /* until it is locked before another program takes it for stale */
        memset(letters, 'X', LETTERS);
        if ((out->descriptor = make(name, folder)) < 0) return errno;
        out->lock = fcntl(out->descriptor, F_DUPFD_CLOEXEC, 0);
        if (out->lock >= 0) flock(out->lock, LOCK_EX); /* a file system without locks: no matter */
        if (out->lock < 0 || fstat(out->lock, &info) != 0) {
            const int status = errno;
            unfinished_remove(name);
            close(out->descriptor);
            if (out->lock >= 0) close(out->lock);
            return status;
        }
        if (info.st_nlink == 0) {
            close(out->descriptor);
            close(out->lock);
        }
    }
    return 0;
}

/* The same, and it is among those to remove from its first moment on. */
static int make_pending(int folder, unfinished *out)
{
    signals_hold();
    int status = make_locked(out->name, folder, out);
    if (status == 0 && (status = add(out->name)) != 0) {
        unfinished_remove(out->name);
        close(out->descriptor);
        close(out->lock);
    }
    signals_release();
    return status;
}

static int make_beside(const char *path, int folder, unfinished *out)
{
    static int installed = 0;
    int length;
    const char *const name = name_in(path, &length);
    if (!installed) {
        installed = 1;
        atexit(remove_pending);
        catch_signals();
    }
    remove_stale(path);
    char *made;
    out->name = NULL;
    if (asprintf(&made, "%.*s%.*s%sXXXXXX", (int)(name - path), path, length, name, mark) < 0)
        return ENOMEM;
    out->name = made;
    const int status = make_pending(folder, out);
    if (status != 0) {
        free(made);
        out->name = NULL;
    }
    return status;
}

int unfinished_make(const char *path, unfinished *out)
{
    return make_beside(path, 0, out);
}

int unfinished_make_folder(const char *path, unfinished *out)
{
    return make_beside(path, 1, out);
}
