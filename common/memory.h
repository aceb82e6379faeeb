/* memory.h: memory that is there, or the program ends: a measurement cannot do with less. Must not
 * know what it is for. */
#ifndef MARGIN_COMMON_MEMORY_H
#define MARGIN_COMMON_MEMORY_H

#include <stddef.h>

/* Returns `count` elements of `size` bytes, all zero; to be freed. */
void *zeroed(size_t count, size_t size);
/* Returns `memory`, or where that is NULL new memory, with `bytes` bytes. */
void *grown(void *memory, size_t bytes);

/* Ends the program with one line that says why. */
void out_of_memory(void) __attribute__((noreturn));

#endif
