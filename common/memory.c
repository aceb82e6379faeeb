/* memory.c: see memory.h. Must not know what the memory is for. */
#include "memory.h"

#include <errno.h>
#include <stdlib.h>

#include "options.h"

void out_of_memory(void)
{
    die(program_invocation_short_name, "out of memory");
}

void *zeroed(size_t count, size_t size)
{
    /* Of nothing calloc may give NULL, too. */
    void *const memory = calloc(count > 0 ? count : 1, size);
    if (memory == NULL) out_of_memory();
    return memory;
}

void *grown(void *memory, size_t bytes)
{
    void *const larger = realloc(memory, bytes);
    if (larger == NULL) out_of_memory();
    return larger;
}
