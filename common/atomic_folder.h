/* atomic_folder.h: an output folder that appears whole or not at all. Must not know what is in it.
 *
 * Its files are written into a temporary folder beside it (unfinished.h says who removes that);
 * committing renames it to its place, where nothing or an empty folder may be. One thread at a
 * time. */
#ifndef MARGIN_COMMON_ATOMIC_FOLDER_H
#define MARGIN_COMMON_ATOMIC_FOLDER_H

#include "unfinished.h"

#include <stdio.h>

typedef struct atomic_folder {
    char *path; /* NULL: nothing is open */
    unfinished made;
} atomic_folder;

/* Each returns 0 or an errno value. After a failed open there is nothing to release; after any
 * other failure the caller still owes an abort (which is harmless at any time).
 *
 * Open begins the folder `path`: ENOTEMPTY if it holds anything, ENOTDIR if it is no folder. */
int atomic_folder_open(atomic_folder *folder, const char *path);
/* Opens the new file `name` in it for writing. */
int atomic_folder_begin(const atomic_folder *folder, const char *name, FILE **out);
/* Brings the data of such a stream to the disk and closes it. */
int atomic_folder_end(FILE *stream);
int atomic_folder_commit(atomic_folder *folder);
void atomic_folder_abort(atomic_folder *folder);

#endif
