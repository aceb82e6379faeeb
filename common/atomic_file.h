/* atomic_file.h: output files that appear whole or not at all. Must not know what is written.
 *
 * The stream writes to a temporary file beside the target (unfinished.h says who removes it);
 * committing renames it over the target. A target that is neither missing nor a regular file (a
 * terminal, a pipe, /dev/null) is written directly; a symbolic link is followed, also one to a file
 * that is still missing. One thread at a time. */
#ifndef MARGIN_COMMON_ATOMIC_FILE_H
#define MARGIN_COMMON_ATOMIC_FILE_H

#include <stddef.h>
#include <stdio.h>

typedef struct atomic_file {
    FILE *stream;
    char *path;
    char *temporary; /* NULL where the target is written directly */
    int lock;        /* a descriptor of the temporary */
} atomic_file;

/* Each returns 0 or an errno value. After a failed open there is nothing to release; after a failed
 * sync or commit the caller still owes an abort (which is harmless at any time). */
int atomic_open(atomic_file *file, const char *path);
/* Flush the stream to the disk and close it; a commit then only has to rename. */
int atomic_sync(atomic_file *file);
int atomic_commit(atomic_file *file);
void atomic_abort(atomic_file *file);

/* The finished files of one command, which appear together; {0} is an empty set. The same rules. */
typedef struct atomic_set {
    struct atomic_member *members;
    size_t count;
} atomic_set;

/* Syncs `file` and moves it into the set. */
int atomic_set_add(atomic_set *set, atomic_file *file);
/* The same for a file that is to be missing afterwards; what `file` holds does not matter. */
int atomic_set_remove(atomic_set *set, atomic_file *file);
/* Puts all files in their places and empties the set. If one cannot be, those before it get their
 * old content back and `error` names its path and the fault. */
int atomic_set_commit(atomic_set *set, char *error, size_t error_size);

/* Whether two paths, of files that may be missing, are one file. Devices such as /dev/null, which
 * may serve several times, never are. */
int atomic_same_file(const char *a, const char *b);

#endif
