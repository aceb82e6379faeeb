/* unfinished.h: temporary files and folders beside outputs, NAME.unfinished-XXXXXX: who removes
 * them, and when signals have to wait. Must not know what is written.
 *
 * They are removed when the program exits or dies from a signal that can be caught. What a killed
 * program leaves is removed by the next one with the same output: a live program holds a lock on
 * its own. One thread at a time. */
#ifndef MARGIN_COMMON_UNFINISHED_H
#define MARGIN_COMMON_UNFINISHED_H

/* A temporary file; `lock` is a second descriptor of it, which keeps the lock. */
typedef struct unfinished {
    char *name;
    int descriptor, lock;
} unfinished;

/* Removes what killed programs have left of the file `path`, and makes a new temporary for it in
 * *out. Returns 0, or an errno value, with no name in *out. */
int unfinished_make(const char *path, unfinished *out);
/* The same with a new folder, for files alone; `path` ends with no slash. */
int unfinished_make_folder(const char *path, unfinished *out);
/* Removes the file `name`, or the folder with the files in it. */
void unfinished_remove(const char *name);
/* Forgets the temporary `name` with its `lock`, as it has been renamed or removed. */
void unfinished_forget(char *name, int lock);
/* Adds `name`, which the caller owns, to those that are removed. Returns 0 or ENOMEM. */
int unfinished_add(char *name);

/* Between the two, a signal that would end the program waits. Not to be nested. */
void signals_hold(void);
void signals_release(void);

#endif
