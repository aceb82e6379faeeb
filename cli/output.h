/* output.h: the .npy files that a run writes: all of them or none. Must not know what they hold. */
#ifndef MARGIN_CLI_OUTPUT_H
#define MARGIN_CLI_OUTPUT_H

#include <atomic_file.h>
#include <npy.h>

enum { OUTPUTS_MOST = 16 };

/* One output; `path` is NULL where none is wanted, and then nothing else happens to it. */
typedef struct output {
    const char *path;
    npy_array array;
    atomic_file file;
} output;

/* Refuse, as wrong usage, what output_paths_check refuses. */
void outputs_check(const output *outputs, int count, const char *const *inputs, int input_count);
/* Give a wanted output its float32 array of shape [rows, columns], or [rows] when columns is 0, and
 * open its file. */
void output_open(output *out, size_t rows, size_t columns);
/* The array's elements; NULL where the output is not wanted. */
float *output_values(const output *out);
/* Bring all data to the disk, for `set`, and release the arrays; the targets are still untouched.
 */
void outputs_write(output *outputs, int count, atomic_set *set);
/* Let the files of `set` appear. */
void outputs_commit(atomic_set *set);

#endif
