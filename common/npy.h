/* npy.h: NumPy's .npy files, alone or as a member of an .npz file: up to four dimensions of
 * numbers, little-endian. Must not know what an array means. */
#ifndef MARGIN_COMMON_NPY_H
#define MARGIN_COMMON_NPY_H

#include <stddef.h>
#include <stdio.h>

enum { NPY_MAX_DIMENSIONS = 4 };

/* The types of elements: X(name, code in the file, bytes, the type in NumPy's words). */
#define NPY_TYPES(X)                                                                               \
    X(F32, "f4", 4, "float32")                                                                     \
    X(F64, "f8", 8, "float64")                                                                     \
    X(F16, "f2", 2, "float16")                                                                     \
    X(BF16, "V2", 2, "bfloat16") /* NumPy has no name for it: two bytes without a meaning */       \
    X(I8, "i1", 1, "int8")                                                                         \
    X(I16, "i2", 2, "int16")                                                                       \
    X(I32, "i4", 4, "int32")                                                                       \
    X(I64, "i8", 8, "int64")                                                                       \
    X(U8, "u1", 1, "uint8")                                                                        \
    X(U16, "u2", 2, "uint16")                                                                      \
    X(U32, "u4", 4, "uint32")                                                                      \
    X(U64, "u8", 8, "uint64")

typedef enum npy_type {
#define NPY_TYPE_ENUM(name, code, bytes, text) NPY_##name,
    NPY_TYPES(NPY_TYPE_ENUM)
#undef NPY_TYPE_ENUM
        NPY_TYPE_COUNT
} npy_type;

typedef struct npy_array {
    int ndim;
    size_t shape[NPY_MAX_DIMENSIONS];
    npy_type type;
    void *data;
} npy_array;

/* Reads a whole file; versions 1, 2 and 3 of the format. `path` may name a member of an .npz file
 * as FILE.npz:NAME; FILE.npz alone is that file's only member. A matrix in Fortran order is turned
 * to C order. Everything that is not exactly such an array is refused: other dtypes, big-endian
 * data, empty arrays, missing or surplus bytes. 0 ok; else `error` names the path, the fault and,
 * where there is one, the remedy, and *out holds nothing. The caller releases *out with npy_free.
 */
int npy_read(const char *path, npy_array *out, char *error, size_t error_size);

/* Write version 1, whole or not at all. 0 ok; else `error` names the path and the fault. */
int npy_write(const char *path, const npy_array *array, char *error, size_t error_size);
/* The same to an open stream. 0 ok, else an errno value. */
int npy_write_stream(FILE *stream, const npy_array *array);
/* Writes all that comes before the array's data. 0 ok, else an errno value. */
int npy_write_header(FILE *stream, const npy_array *array);

/* Turns a matrix [n, m] into [m, n], which are its elements in Fortran order. 0 ok, else ENOMEM,
 * and the array is as it was. */
int npy_transpose(npy_array *array);

/* An array that stays in its file: `array` has no data, they are read from first to last. */
typedef struct npy_file {
    const char *path;
    npy_array array;
    size_t left; /* bytes that have not been read */
    FILE *stream;
} npy_file;

/* Opens what npy_read would read, and an array without rows; refuses Fortran order. A file of a
 * wrong length is refused here, a wrong member or pipe when its last bytes are read. 0 ok, and the
 * caller owes npy_close; else `error` names the path and the fault. `path` must outlive *out. */
int npy_open(const char *path, npy_file *out, char *error, size_t error_size);
/* Reads the next `bytes` bytes, at most those that are left, into `data`. 0 ok; else `error`
 * says why, and the file is closed. */
int npy_take(npy_file *file, void *data, size_t bytes, char *error, size_t error_size);
/* Safe on a zeroed file and twice. */
void npy_close(npy_file *file);

/* Release the data; safe on a zeroed array and twice. */
void npy_free(npy_array *array);

/* "float32" and the like, "f4" as files call it, and the bytes of one element. */
const char *npy_type_name(npy_type type);
const char *npy_type_code(npy_type type);
size_t npy_type_size(npy_type type);
/* The product of the shape. */
size_t npy_count(const npy_array *array);
/* "[3, 5]", for messages; returns `text`. */
const char *npy_shape_text(const npy_array *array, char *text, size_t text_size);

#endif
