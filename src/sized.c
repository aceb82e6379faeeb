/* sized.c: reads callers' structs of any size. */
#include "sized.h"

#include <string.h>

margin_status margin_read_struct(const void *given, size_t least, void *own, size_t size)
{
    size_t bytes;
    memcpy(&bytes, given, sizeof bytes);
    if (bytes < least) return MARGIN_ERROR_SIZE;
    memset(own, 0, size);
    memcpy(own, given, bytes < size ? bytes : size);
    return MARGIN_OK;
}

margin_status margin_read_config(const margin_config *given, margin_config *own)
{
    const margin_status status = margin_read_struct(given, MARGIN_CONFIG_LEAST, own, sizeof *own);
    own->size = sizeof *own;
    return status;
}
