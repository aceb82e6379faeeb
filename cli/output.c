/* output.c: the .npy files that a run writes: all of them or none. Must not know what they hold. */
#include "output.h"

#include "command.h"

#include <options.h>
#include <output_paths.h>

#include <stdlib.h>
#include <string.h>

void outputs_check(const output *outputs, int count, const char *const *inputs, int input_count)
{
    const char *paths[OUTPUTS_MOST];
    for (int i = 0; i < count; i++)
        paths[i] = outputs[i].path;
    output_paths_check(PROGRAM, paths, count, inputs, input_count);
}

void output_open(output *out, size_t rows, size_t columns)
{
    if (out->path == NULL) return;
    out->array =
        (npy_array){.ndim = columns > 0 ? 2 : 1, .shape = {rows, columns}, .type = NPY_F32};
    out->array.data = calloc(npy_count(&out->array), npy_type_size(NPY_F32));
    if (out->array.data == NULL) die(PROGRAM, "%s: out of memory", out->path);
    const int status = atomic_open(&out->file, out->path);
    if (status != 0) die(PROGRAM, "%s: cannot write: %s", out->path, strerror(status));
}

float *output_values(const output *out)
{
    return out->array.data;
}

void outputs_write(output *outputs, int count, atomic_set *set)
{
    for (int i = 0; i < count; i++) {
        output *out = &outputs[i];
        if (out->path == NULL) continue;
        int status = npy_write_stream(out->file.stream, &out->array);
        if (status == 0) status = atomic_set_add(set, &out->file);
        if (status != 0) die(PROGRAM, "%s: cannot write: %s", out->path, strerror(status));
        npy_free(&out->array);
    }
}

void outputs_commit(atomic_set *set)
{
    char error[1024];
    if (atomic_set_commit(set, error, sizeof error) != 0) die(PROGRAM, "%s", error);
}
