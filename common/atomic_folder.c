/* atomic_folder.c: see atomic_folder.h. Must not know what is written. */
#include "atomic_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Returns 0 if the folder `path` holds nothing, else an errno value. */
static int check_empty(const char *path)
{
    DIR *const listing = opendir(path);
    if (listing == NULL) return errno;
    const struct dirent *entry;
    do
        entry = readdir(listing);
    while (entry != NULL && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
    closedir(listing);
    return entry == NULL ? 0 : ENOTEMPTY;
}

/* Where an output to `path` really goes, in *out, without a slash at its end, and the mode of what
 * is to be there. Returns 0 or an errno value. */
static int resolve(const char *path, char **out, mode_t *mode)
{
    struct stat info;
    const mode_t mask = umask(0);
    umask(mask);
    *mode = 0777 & ~mask;
    if (lstat(path, &info) != 0) {
        if (errno != ENOENT || path[0] == '\0') return errno;
        if ((*out = strdup(path)) == NULL) return ENOMEM;
        for (size_t length = strlen(path); length > 1 && (*out)[length - 1] == '/';)
            (*out)[--length] = '\0';
        return 0;
    }
    if ((*out = realpath(path, NULL)) == NULL) return errno;
    const int status = check_empty(*out);
    if (status == 0 && stat(*out, &info) == 0) *mode = info.st_mode & 07777;
    if (status != 0) free(*out);
    return status;
}

int atomic_folder_open(atomic_folder *folder, const char *path)
{
    mode_t mode = 0;
    *folder = (atomic_folder){0};
    int status = resolve(path, &folder->path, &mode);
    if (status != 0) {
        folder->path = NULL;
        return status;
    }
    status = unfinished_make_folder(folder->path, &folder->made);
    if (status != 0) {
        free(folder->path);
        folder->path = NULL;
        return status;
    }
    if (fchmod(folder->made.descriptor, mode) != 0) {
        status = errno;
        atomic_folder_abort(folder);
    }
    return status;
}

int atomic_folder_begin(const atomic_folder *folder, const char *name, FILE **out)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    const int descriptor = openat(folder->made.descriptor, name, flags, 0666);
    if (descriptor < 0) return errno;
    *out = fdopen(descriptor, "wb");
    if (*out != NULL) return 0;
    const int status = errno;
    close(descriptor);
    return status;
}

int atomic_folder_end(FILE *stream)
{
    int status = 0;
    errno = 0;
    if (fflush(stream) != 0 || ferror(stream))
        status = errno != 0 ? errno : EIO;
    else if (fsync(fileno(stream)) != 0)
        status = errno;
    if (fclose(stream) != 0 && status == 0) status = errno;
    return status;
}

/* Makes the rename itself last through a power cut; the folder is whole either way, so no error. */
static void sync_parent(const char *path)
{
    char parent[PATH_MAX];
    snprintf(parent, sizeof parent, "%s", path);
    const int descriptor = open(dirname(parent), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return;
    fsync(descriptor);
    close(descriptor);
}

static void forget(atomic_folder *folder)
{
    close(folder->made.descriptor);
    unfinished_forget(folder->made.name, folder->made.lock);
    free(folder->path);
    *folder = (atomic_folder){0};
}

int atomic_folder_commit(atomic_folder *folder)
{
    if (fsync(folder->made.descriptor) != 0) return errno;
    signals_hold();
    const int status = rename(folder->made.name, folder->path) == 0 ? 0 : errno;
    signals_release();
    if (status != 0) return status;
    sync_parent(folder->path);
    forget(folder);
    return 0;
}

void atomic_folder_abort(atomic_folder *folder)
{
    if (folder->path == NULL) return;
    unfinished_remove(folder->made.name);
    forget(folder);
}
