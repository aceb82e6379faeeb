/* npy_write.c: writer of .npy files. Must not know what an array means. */
#include "npy.h"

#include "atomic_file.h"

#include <errno.h>
#include <string.h>

/* Data begins at a multiple of this, as the format asks. */
enum { ALIGNMENT = 64, PREAMBLE = 10, HEADER_ROOM = 256 };

/* Bytes have no order. */
static char order_of(npy_type type)
{
    return npy_type_size(type) == 1 || type == NPY_BF16 ? '|' : '<';
}

/* Preamble and dictionary, padded; returns the length. Four extents of 20 digits fit the room. */
static size_t build_header(const npy_array *array, char header[HEADER_ROOM])
{
    char shape[96] = "";
    size_t used = 0;
    for (int i = 0; i < array->ndim; i++)
        used += (size_t)snprintf(shape + used, sizeof shape - used, "%s%zu", i > 0 ? ", " : "",
                                 array->shape[i]);
    memset(header, ' ', HEADER_ROOM);
    const int written = snprintf(header + PREAMBLE, HEADER_ROOM - PREAMBLE,
                                 "{'descr': '%c%s', 'fortran_order': False, 'shape': (%s%s), }",
                                 order_of(array->type), npy_type_code(array->type), shape,
                                 array->ndim == 1 ? "," : "");
    const size_t text = PREAMBLE + (size_t)written;
    const size_t length = (text + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    const size_t dictionary = length - PREAMBLE;
    header[text] = ' ';
    header[length - 1] = '\n';
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = (char)(dictionary & 0xff);
    header[9] = (char)(dictionary >> 8);
    return length;
}

int npy_write_header(FILE *stream, const npy_array *array)
{
    char header[HEADER_ROOM];
    const size_t length = build_header(array, header);
    errno = 0;
    if (fwrite(header, 1, length, stream) == length) return 0;
    return errno != 0 ? errno : EIO;
}

int npy_write_stream(FILE *stream, const npy_array *array)
{
    const size_t count = npy_count(array);
    const int status = npy_write_header(stream, array);
    if (status != 0) return status;
    errno = 0;
    if (fwrite(array->data, npy_type_size(array->type), count, stream) == count) return 0;
    return errno != 0 ? errno : EIO;
}

int npy_write(const char *path, const npy_array *array, char *error, size_t error_size)
{
    atomic_file file;
    int status = atomic_open(&file, path);
    if (status == 0) {
        status = npy_write_stream(file.stream, array);
        if (status == 0) status = atomic_commit(&file);
        atomic_abort(&file);
    }
    if (status != 0) snprintf(error, error_size, "%s: cannot write: %s", path, strerror(status));
    return status == 0 ? 0 : -1;
}
