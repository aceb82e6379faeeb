/* fuzz_npy.c: bytes to a .npy file, or to an .npz file where they begin like one. Whatever they
 * say: the file is read or refused with one line, and what was read can be written and read again
 * with the same shape and numbers. Ends the process at the first fault. */
#include <npy.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

static void must(int held, const char *what)
{
    if (held) return;
    fprintf(stderr, "fuzz_npy: %s\n", what);
    abort();
}

/* A file in memory, and its path. */
typedef struct memory_file {
    int descriptor;
    char path[64];
} memory_file;

static memory_file open_memory(void)
{
    memory_file f = {memfd_create("fuzz_npy", 0), ""};
    must(f.descriptor >= 0, "no file in memory");
    snprintf(f.path, sizeof f.path, "/proc/self/fd/%d", f.descriptor);
    return f;
}

static void written_again(const npy_array *array)
{
    const memory_file f = open_memory();
    char error[512] = "";
    npy_array again;
    FILE *stream = fopen(f.path, "wb");
    must(stream != NULL, "a file in memory cannot be opened");
    must(npy_write_stream(stream, array) == 0, "what was read cannot be written");
    must(fclose(stream) == 0, "what was read cannot be closed");
    must(npy_read(f.path, &again, error, sizeof error) == 0, "what was written cannot be read");
    must(again.type == array->type && again.ndim == array->ndim, "another type or shape");
    must(memcmp(again.shape, array->shape, (size_t)array->ndim * sizeof *array->shape) == 0,
         "another shape");
    must(memcmp(again.data, array->data, npy_count(array) * npy_type_size(array->type)) == 0,
         "other numbers");
    npy_free(&again);
    close(f.descriptor);
}

/* Reads the file in pieces; whether it can be opened is the same as whether it can be read, but for
 * arrays without rows and those in Fortran order. */
static void take_pieces(const char *path, int readable)
{
    char error[512] = "", piece[7];
    npy_file file;
    int status = npy_open(path, &file, error, sizeof error);
    while (status == 0 && file.left > 0)
        status = npy_take(&file, piece, file.left < 7 ? file.left : 7, error, sizeof error);
    if (readable)
        must(status == 0 || strstr(error, "Fortran order") != NULL, "read, but not in pieces");
    else
        must(status != 0 || npy_count(&file.array) == 0, "in pieces, but not at once");
    must(status == 0 || strncmp(error, path, strlen(path)) == 0, "the error lacks the path");
    must(status == 0 || file.stream == NULL, "a refused file is open");
    npy_close(&file);
}

static void read_path(const char *path)
{
    char error[512] = "";
    npy_array array;
    if (npy_read(path, &array, error, sizeof error) == 0) {
        written_again(&array);
    } else {
        must(array.data == NULL, "a refused file has left an array");
        must(strncmp(error, path, strlen(path)) == 0, "the error does not begin with the path");
        must(strchr(error, '\n') == NULL, "the error has two lines");
    }
    take_pieces(path, array.data != NULL);
    npy_free(&array);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const memory_file f = open_memory();
    char path[32], member[40];
    must(write(f.descriptor, data, size) == (ssize_t)size, "the file cannot be written");
    if (size > 0 && data[0] == 'P') {
        snprintf(path, sizeof path, "fuzz-%d.npz", (int)getpid());
        snprintf(member, sizeof member, "%s:X", path);
        unlink(path);
        must(symlink(f.path, path) == 0, "no link to the file in memory");
        read_path(path);
        read_path(member);
        unlink(path);
    } else {
        read_path(f.path);
    }
    close(f.descriptor);
    return 0;
}
