/* storage.h: how the elements of class weights lie in the caller's memory. All arithmetic is in
 * float32; a storage says how one row becomes that. Whoever reads a class weight asks for it by
 * margin_head_class, so another storage is a table here and nothing else. */
#ifndef MARGIN_STORAGE_H
#define MARGIN_STORAGE_H

#include <stddef.h>

typedef struct margin_storage {
    size_t bytes; /* of an element */
    /* Writes n elements from `from` to `to` as float32; NULL where they are float32 already, and
     * are read in place. */
    void (*widen)(const void *from, size_t n, float *to);
} margin_storage;

extern const margin_storage margin_storage_float32;

#endif
