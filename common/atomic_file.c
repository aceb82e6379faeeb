/* atomic_file.c: one output file (see atomic_file.h). Must not know what is written. */
#include "atomic_file.h"

#include "unfinished.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The mode that a freshly created file would get, since that of temporaries is 0600. */
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
    unfinished made;
    int status = unfinished_make(file->path, &made);
    if (status != 0) return status;
    file->temporary = made.name;
    file->lock = made.lock;
    if (fchmod(made.descriptor, mode) != 0 ||
        (file->stream = fdopen(made.descriptor, "wb")) == NULL) {
        status = errno;
        close(made.descriptor);
    }
    return status;
}

/* Replaces `path`, of a link, by what the link says; returns 0 or an errno value. */
static int follow(char path[PATH_MAX])
{
    char target[PATH_MAX], folder[PATH_MAX];
    const ssize_t length = readlink(path, target, sizeof target - 1);
    if (length < 0) return errno;
    target[length] = '\0';
    strcpy(folder, path);
    const int absolute = target[0] == '/';
    const int needed = snprintf(path, PATH_MAX, "%s%s%s", absolute ? "" : dirname(folder),
                                absolute ? "" : "/", target);
    return needed < PATH_MAX ? 0 : ENAMETOOLONG;
}

/* Where an output to `path` really goes, in *out: the end of a chain of links, which may be
 * missing, or the path itself. Returns 0 or an errno value. */
static int resolve(const char *path, char **out)
{
    char at[PATH_MAX];
    struct stat info;
    if (strlen(path) >= sizeof at) return ENAMETOOLONG;
    strcpy(at, path);
    for (int links = 0; lstat(at, &info) == 0 && S_ISLNK(info.st_mode); links++) {
        if (stat(at, &info) == 0 && !S_ISREG(info.st_mode)) break; /* /dev/stdout to a pipe */
        const int status = links < 40 ? follow(at) : ELOOP;
        if (status != 0) return status;
    }
    return (*out = strdup(at)) != NULL ? 0 : ENOMEM;
}

int atomic_open(atomic_file *file, const char *path)
{
    *file = (atomic_file){.lock = -1};
    if (path[0] == '\0') return ENOENT;
    int status = resolve(path, &file->path);
    if (status != 0) return status;
    struct stat info;
    const int exists = stat(file->path, &info) == 0;
    if (exists && S_ISDIR(info.st_mode))
        status = EISDIR;
    else if (exists && !S_ISREG(info.st_mode))
        status = open_directly(file);
    else if (exists && access(file->path, W_OK) != 0)
        status = errno; /* a write-protected file is meant to stay */
    else if (file->path[strlen(file->path) - 1] == '/')
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
    errno = 0;
    if (fflush(file->stream) != 0 || ferror(file->stream))
        status = errno != 0 ? errno : EIO;
    else if (file->temporary != NULL && fsync(file->lock) != 0)
        status = errno;
    if (fclose(file->stream) != 0 && status == 0) status = errno;
    file->stream = NULL;
    return status;
}

int atomic_commit(atomic_file *file)
{
    atomic_set one = {0};
    char error[2];
    const int status = atomic_set_add(&one, file);
    if (status != 0) return status;
    return atomic_set_commit(&one, error, sizeof error);
}

void atomic_abort(atomic_file *file)
{
    if (file->stream != NULL) fclose(file->stream);
    if (file->temporary != NULL) {
        unlink(file->temporary);
        unfinished_forget(file->temporary, file->lock);
    }
    free(file->path);
    *file = (atomic_file){.lock = -1};
}

/* ---- two paths ------------------------------------------------------------------------------- */

static int same_inode(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The folder of `path` in *info, and the rest as a result; NULL where there is no such folder. */
static const char *split(const char *path, struct stat *info)
{
    char folder[PATH_MAX];
    const char *const slash = strrchr(path, '/'), *const name = slash != NULL ? slash + 1 : path;
    snprintf(folder, sizeof folder, "%.*s", (int)(name - path), path);
    return stat(name > path ? folder : ".", info) == 0 ? name : NULL;
}

static int same_missing_file(const char *a, const char *b)
{
    struct stat folder_a, folder_b;
    const char *const name_a = split(a, &folder_a), *const name_b = split(b, &folder_b);
    return name_a != NULL && name_b != NULL && same_inode(&folder_a, &folder_b) &&
           strcmp(name_a, name_b) == 0;
}

int atomic_same_file(const char *a, const char *b)
{
    struct stat info_a, info_b;
    const int exists_a = stat(a, &info_a) == 0, exists_b = stat(b, &info_b) == 0;
    if (exists_a != exists_b) return 0;
    if (exists_a) return same_inode(&info_a, &info_b) && S_ISREG(info_a.st_mode);
    char *real_a = NULL, *real_b = NULL;
    const int same =
        resolve(a, &real_a) == 0 && resolve(b, &real_b) == 0 && same_missing_file(real_a, real_b);
    free(real_a);
    free(real_b);
    return same;
}
