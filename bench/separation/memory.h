/* memory.h: memory that is there, or the program ends: an experiment cannot do with less. Must not
 * know what it is for. */
#ifndef SEPARATION_MEMORY_H
#define SEPARATION_MEMORY_H

#include <stddef.h>

#define SEPARATION_PROGRAM "bench_separation"

/* Returns `count` elements of `size` bytes, all zero; to be freed. */
void *zeroed(size_t count, size_t size);

/* Ends the program with one line that says why. */
void out_of_memory(void) __attribute__((noreturn));

#endif
