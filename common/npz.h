/* npz.h: a member of an .npz file, which is a zip file of .npy files, as a stream. Must not know
 * what is in it. */
#ifndef MARGIN_COMMON_NPZ_H
#define MARGIN_COMMON_NPZ_H

#include <stdio.h>

/* Returns 1 if `path` is FILE.npz or FILE.npz:NAME, and no plain file has that name. */
int npz_is_named(const char *path);

/* Opens the member that `path` names for reading; release it with fclose. NULL where that cannot be
 * done, and `fault` says why. */
FILE *npz_open(const char *path, char *fault, size_t fault_size);

#endif
