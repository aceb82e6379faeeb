/* atomic_set.c: files that appear together or not at all (see atomic_file.h): every old file is
 * kept under a second name until the last new one is in its place. Must not know what is written.
 */
#include "atomic_file.h"

#include "unfinished.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct atomic_member {
    atomic_file file;
    int removes; /* 1: nothing is to be at the path */
    int missing; /* 1: nothing was at the path */
    char *old;   /* the old file's second name, or NULL */
} atomic_member;

static int append(atomic_set *set, atomic_file *file, int removes)
{
    const size_t bytes = (set->count + 1) * sizeof *set->members;
    atomic_member *const grown = realloc(set->members, bytes);
    if (grown == NULL) return ENOMEM;
    set->members = grown;
    grown[set->count++] = (atomic_member){.file = *file, .removes = removes};
    *file = (atomic_file){.lock = -1};
    return 0;
}

int atomic_set_add(atomic_set *set, atomic_file *file)
{
    const int status = atomic_sync(file);
    return status != 0 ? status : append(set, file, 0);
}

int atomic_set_remove(atomic_set *set, atomic_file *file)
{
    return append(set, file, 1);
}

/* Gives the old file, if there is one, its second name; where the file system knows no second
 * names, it goes without. Returns 0 or an errno value. */
static int keep_old(atomic_member *m)
{
    if (m->file.temporary == NULL) return 0;
    if (asprintf(&m->old, "%s.old", m->file.temporary) < 0) {
        m->old = NULL;
        return ENOMEM;
    }
    int status = unfinished_add(m->old);
    if (status == 0 && link(m->file.path, m->old) != 0) status = errno;
    if (status == 0) return 0;
    unfinished_forget(m->old, -1);
    m->old = NULL;
    m->missing = status == ENOENT;
    const int unknown =
        status == EPERM || status == EOPNOTSUPP || status == ENOSYS || status == EMLINK;
    return m->missing || unknown ? 0 : status;
}

/* Puts the member in its place; returns 0 or an errno value. */
static int place(const atomic_member *m)
{
    if (m->file.temporary == NULL) return 0;
    if (m->removes) return unlink(m->file.path) == 0 || errno == ENOENT ? 0 : errno;
    return rename(m->file.temporary, m->file.path) == 0 ? 0 : errno;
}

/* Brings back what was at the member's place; returns 0 or an errno value. */
static int put_back(const atomic_member *m)
{
    if (m->file.temporary == NULL) return 0;
    if (m->old != NULL) return rename(m->old, m->file.path) == 0 ? 0 : errno;
    if (!m->missing) return EPERM;
    return m->removes || unlink(m->file.path) == 0 ? 0 : errno;
}

static void describe(const atomic_member *m, int status, char *error, size_t error_size)
{
    snprintf(error, error_size, "%s: cannot write: %s", m->file.path, strerror(status));
}

/* Puts all in their places, or none; returns 0 or an errno value. */
static int place_all(const atomic_set *set, char *error, size_t error_size)
{
    size_t placed = 0;
    int status = 0;
    while (placed < set->count && (status = place(&set->members[placed])) == 0)
        placed++;
    if (status == 0) return 0;
    describe(&set->members[placed], status, error, error_size);
    while (placed-- > 0) {
        if (put_back(&set->members[placed]) != 0 && strlen(error) < error_size)
            snprintf(error + strlen(error), error_size - strlen(error), "; %s is already replaced",
                     set->members[placed].file.path);
    }
    return status;
}

/* Make the renames themselves last through a power cut; files are whole either way, so no error. */
static void sync_folders(const atomic_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const char *const path = set->members[i].file.path, *const slash = strrchr(path, '/');
        char folder[PATH_MAX];
        snprintf(folder, sizeof folder, "%.*s", slash != NULL ? (int)(slash - path) + 1 : 1,
                 slash != NULL ? path : ".");
        const int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (descriptor < 0) continue;
        fsync(descriptor);
        close(descriptor);
    }
}

/* Empties the set: files that are not in their places are gone. */
static void abort_all(atomic_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        atomic_member *const m = &set->members[i];
        if (m->old != NULL) {
            unlink(m->old);
            unfinished_forget(m->old, -1);
        }
        atomic_abort(&m->file);
    }
    free(set->members);
    *set = (atomic_set){0};
}

int atomic_set_commit(atomic_set *set, char *error, size_t error_size)
{
    /* One file needs no second name: its rename is done, or it is not. */
    for (size_t i = 0; i < set->count && set->count > 1; i++) {
        const int status = keep_old(&set->members[i]);
        if (status == 0) continue;
        describe(&set->members[i], status, error, error_size);
        abort_all(set);
        return status;
    }
    signals_hold();
    const int status = place_all(set, error, error_size);
    signals_release();
    if (status == 0) sync_folders(set);
    abort_all(set);
    return status;
}
