/* storage.h: how the elements of embeddings and class weights lie in the caller's memory. All
 * arithmetic is in float32; a storage says how one row becomes that. Whoever reads a row asks for
 * it by margin_head_embedding or margin_head_class, so another storage is a table here, and the
 * value of margin_type that names it. */
#ifndef MARGIN_STORAGE_H
#define MARGIN_STORAGE_H

#include "kernels/packing.h"
#include "margin.h"

typedef struct margin_storage {
    size_t bytes; /* of an element */
    /* Writes n elements from `from` to `to` as float32; NULL where they are float32 already, and
     * are read in place. */
    void (*widen)(const void *from, size_t n, float *to);
} margin_storage;

/* Returns the storage of a type, with the kernels of `packing`; `bytes` is 0 where there is no such
 * type. */
margin_storage margin_storage_of(margin_type type, const margin_packing *packing);

/* Writes the nearest numbers of a 16-bit type (of two, the even one), at most the largest finite
 * one, to `to`; of a NaN a NaN. */
void margin_narrow(margin_type type, const float *from, size_t n, uint16_t *to);

/* Returns n elements, from element `at` of an array on, as float32: the array's, or widened to
 * `line`. */
static inline const float *margin_storage_row(const margin_storage *storage, const float *array,
                                              size_t at, size_t n, float *line)
{
    if (storage->widen == NULL) return array + at;
    storage->widen((const char *)(const void *)array + at * storage->bytes, n, line);
    return line;
}

#endif
