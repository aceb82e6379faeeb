/* checkpoint.h: the state of a training in a file, written after an epoch and read when the same
 * run is begun again. Must not know what a run measures.
 *
 * A file of this machine for this machine: native byte order. It holds the run's key, so a state of
 * other settings is never taken, and a checksum, so that a broken one is noticed. */
#ifndef SEPARATION_CHECKPOINT_H
#define SEPARATION_CHECKPOINT_H

#include <stddef.h>

/* A piece of the state: saved as it is, and read back to the same place. */
typedef struct checkpoint_piece {
    void *data;
    size_t bytes;
} checkpoint_piece;

/* The file of this key in `folder`, a new string; NULL if memory does not suffice. */
char *checkpoint_path(const char *folder, const char *key);

/* Whole or not at all; any thread. 0, or -1 with one line in `error`. */
int checkpoint_save(const char *path, const char *key, const checkpoint_piece *pieces, size_t count,
                    char *error, size_t error_size);

/* 1: read. 0: there is none; the pieces are untouched. -1 with one line in `error`: it is of
 * another run, or broken; the pieces may be half read. */
int checkpoint_load(const char *path, const char *key, const checkpoint_piece *pieces, size_t count,
                    char *error, size_t error_size);

#endif
