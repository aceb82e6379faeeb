/* memory.c: see memory.h. Must not know what the memory is for. */
#include "memory.h"

#include <stdlib.h>

#include "options.h"

void out_of_memory(void)
{
    die(SEPARATION_PROGRAM, "out of memory");
}

void *zeroed(size_t count, size_t size)
{
    /* Of nothing calloc may give NULL, too. */
    void *const memory = calloc(count > 0 ? count : 1, size);
    if (memory == NULL) out_of_memory();
    return memory;
}
