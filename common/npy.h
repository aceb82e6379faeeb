/* npy.h: NumPy's .npy files, as far as the project needs them: up to four dimensions of float32,
 * float64, int32 or int64, little-endian, in C order. Must not know what an array means. */
#ifndef MARGIN_COMMON_NPY_H
#define MARGIN_COMMON_NPY_H

#include <stddef.h>
#include <stdio.h>

enum { NPY_MAX_DIMENSIONS = 4 };

typedef enum npy_type { NPY_F32, NPY_F64, NPY_I32, NPY_I64 } npy_type;

typedef struct npy_array {
    int ndim;
    size_t shape[NPY_MAX_DIMENSIONS];
    npy_type type;
    void *data;
} npy_array;

/* Read a whole file; versions 1, 2 and 3 of the format. Everything that is not exactly such an
 * array is refused: other dtypes, big-endian data, Fortran order, empty arrays, missing or surplus
 * bytes. 0 ok; else `error` names the path and the fault, and *out holds nothing.
 * The caller releases *out with npy_free. */
int npy_read(const char *path, npy_array *out, char *error, size_t error_size);

/* Write version 1, whole or not at all. 0 ok; else `error` names the path and the fault. */
int npy_write(const char *path, const npy_array *array, char *error, size_t error_size);
/* The same to an open stream. 0 ok, else an errno value. */
int npy_write_stream(FILE *stream, const npy_array *array);

/* Release the data; safe on a zeroed array and twice. */
void npy_free(npy_array *array);

/* "float32" and the like, and the bytes of one element. */
const char *npy_type_name(npy_type type);
size_t npy_type_size(npy_type type);
/* The product of the shape. */
size_t npy_count(const npy_array *array);
/* "[3, 5]", for messages; returns `text`. */
const char *npy_shape_text(const npy_array *array, char *text, size_t text_size);

#endif
