/* output.c: the .npy files that a run writes: all of them or none. Must not know what they hold. */
#include "output.h"

#include "command.h"

#include <options.h>

#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int same_inode(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static char *copy_of(const char *text)
{
    char *copy = strdup(text);
    if (copy == NULL) die(PROGRAM, "out of memory");
    return copy;
}

/* Would two files that do not exist yet be one? */
static int same_future_file(const char *a, const char *b)
{
    char *copies[4] = {copy_of(a), copy_of(b), copy_of(a), copy_of(b)};
    struct stat folder_a, folder_b;
    const int same = stat(dirname(copies[0]), &folder_a) == 0 &&
                     stat(dirname(copies[1]), &folder_b) == 0 && same_inode(&folder_a, &folder_b) &&
                     strcmp(basename(copies[2]), basename(copies[3])) == 0;
    for (int i = 0; i < 4; i++)
        free(copies[i]);
    return same;
}

/* Devices such as /dev/null may serve several times. */
static int same_file(const char *a, const char *b)
{
    struct stat info_a, info_b;
    const int exists_a = stat(a, &info_a) == 0, exists_b = stat(b, &info_b) == 0;
    if (exists_a != exists_b) return 0;
    if (exists_a) return same_inode(&info_a, &info_b) && S_ISREG(info_a.st_mode);
    return same_future_file(a, b);
}

void outputs_check(const output *outputs, int count, const char *const *inputs, int input_count)
{
    for (int i = 0; i < count; i++) {
        const char *path = outputs[i].path;
        if (path == NULL) continue;
        for (int j = 0; j < input_count; j++)
            if (inputs[j] != NULL && same_file(path, inputs[j]))
                die_usage(PROGRAM, "%s: is an input and would be overwritten", path);
        for (int j = 0; j < i; j++)
            if (outputs[j].path != NULL && same_file(path, outputs[j].path))
                die_usage(PROGRAM, "%s: is the target of two outputs", path);
    }
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

void outputs_write(output *outputs, int count)
{
    for (int i = 0; i < count; i++) {
        output *out = &outputs[i];
        if (out->path == NULL) continue;
        int status = npy_write_stream(out->file.stream, &out->array);
        if (status == 0) status = atomic_sync(&out->file);
        if (status != 0) die(PROGRAM, "%s: cannot write: %s", out->path, strerror(status));
    }
}

void outputs_commit(output *outputs, int count)
{
    for (int i = 0; i < count; i++) {
        output *out = &outputs[i];
        const int status = out->path != NULL ? atomic_commit(&out->file) : 0;
        if (status != 0) die(PROGRAM, "%s: cannot write: %s", out->path, strerror(status));
        npy_free(&out->array);
    }
}
