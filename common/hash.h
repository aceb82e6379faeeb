/* hash.h: Fowler, Noll and Vo's hash of bytes, FNV-1a, of 64 bits: equal bytes have equal ones.
 * Must not know what the bytes are. */
#ifndef MARGIN_COMMON_HASH_H
#define MARGIN_COMMON_HASH_H

#include <stddef.h>
#include <stdint.h>

/* The hash of no bytes. */
static const uint64_t hash_start = UINT64_C(0xcbf29ce484222325);

/* Returns the hash of what `hash` is of, and these bytes behind it. */
static inline uint64_t hash_on(uint64_t hash, const void *data, size_t bytes)
{
    const unsigned char *const from = data;
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ from[i]) * UINT64_C(0x100000001b3);
    return hash;
}

#endif
