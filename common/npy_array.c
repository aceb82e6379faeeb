/* npy_array.c: the small functions on arrays. Must not know files. */
#include "npy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void npy_free(npy_array *array)
{
    free(array->data);
    *array = (npy_array){0};
}

static const struct {
    const char *name, *code;
    size_t bytes;
} types[] = {
#define NPY_TYPE_ROW(name, code, bytes, text) {text, code, bytes},
    NPY_TYPES(NPY_TYPE_ROW)
#undef NPY_TYPE_ROW
};

const char *npy_type_name(npy_type type)
{
    return types[type].name;
}

const char *npy_type_code(npy_type type)
{
    return types[type].code;
}

size_t npy_type_size(npy_type type)
{
    return types[type].bytes;
}

int npy_transpose(npy_array *array)
{
    const size_t rows = array->shape[0], columns = array->shape[1];
    const size_t size = npy_type_size(array->type);
    const char *from = array->data;
    char *to = malloc(rows * columns * size);
    if (to == NULL) return ENOMEM;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            memcpy(to + (j * rows + i) * size, from + (i * columns + j) * size, size);
    free(array->data);
    array->data = to;
    array->shape[0] = columns;
    array->shape[1] = rows;
    return 0;
}

size_t npy_count(const npy_array *array)
{
    size_t count = 1;
    for (int i = 0; i < array->ndim; i++)
        count *= array->shape[i];
    return count;
}

const char *npy_shape_text(const npy_array *array, char *text, size_t text_size)
{
    size_t used = 0;
    for (int i = 0; i < array->ndim && used < text_size; i++)
        used += (size_t)snprintf(text + used, text_size - used, "%s%zu", i == 0 ? "[" : ", ",
                                 array->shape[i]);
    if (used < text_size) snprintf(text + used, text_size - used, array->ndim == 0 ? "[]" : "]");
    return text;
}
