/* idx.h: the IDX format of MNIST and its kin: an array of bytes behind a short header, plain or
 * gzipped. Must not know what the bytes mean. */
#ifndef SEPARATION_IDX_H
#define SEPARATION_IDX_H

#include <stddef.h>
#include <stdint.h>

enum { IDX_MOST_DIMENSIONS = 3 };

typedef struct idx_array {
    size_t ndim;
    size_t shape[IDX_MOST_DIMENSIONS];
    size_t size; /* bytes: the product of the shape */
    uint8_t *data;
} idx_array;

/* Read an IDX file of unsigned bytes that has `ndim` dimensions. 0; or -1 with one line in `error`
 * that names the file and the fault, and *out empty. Free with idx_free. */
int idx_read(const char *path, size_t ndim, idx_array *out, char *error, size_t error_size);
void idx_free(idx_array *array);

#endif
