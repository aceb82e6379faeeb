/* npy_array.c: the small functions on arrays. Must not know files. */
#include "npy.h"

#include <stdio.h>
#include <stdlib.h>

void npy_free(npy_array *array)
{
    free(array->data);
    *array = (npy_array){0};
}

const char *npy_type_name(npy_type type)
{
    switch (type) {
    case NPY_F32:
        return "float32";
    case NPY_F64:
        return "float64";
    case NPY_I32:
        return "int32";
    case NPY_I64:
        return "int64";
    }
    return "unknown";
}

size_t npy_type_size(npy_type type)
{
    return type == NPY_F64 || type == NPY_I64 ? 8 : 4;
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
