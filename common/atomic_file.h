/* atomic_file.h: output files that appear whole or not at all. Must not know what is written.
 *
 * The stream writes to a temporary file beside the target; committing renames it over the target.
 * Whatever was not committed is removed when the program exits or dies from a signal that can be
 * caught. A target that is neither missing nor a regular file (a terminal, a pipe, /dev/null) is
 * written directly; a symbolic link is followed. One thread at a time. */
#ifndef MARGIN_COMMON_ATOMIC_FILE_H
#define MARGIN_COMMON_ATOMIC_FILE_H

#include <stdio.h>

typedef struct atomic_file {
    FILE *stream;
    char *path;
    char *temporary; /* NULL where the target is written directly */
} atomic_file;

/* Each returns 0 or an errno value. After a failed open there is nothing to release; after a failed
 * sync or commit the caller still owes an abort (which is harmless at any time). */
int atomic_open(atomic_file *file, const char *path);
/* Flush the stream to the disk and close it; a commit then only has to rename. For programs with
 * several outputs: sync them all before the first commit. */
int atomic_sync(atomic_file *file);
int atomic_commit(atomic_file *file);
void atomic_abort(atomic_file *file);

#endif
