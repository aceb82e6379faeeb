/* guard.h: arrays at any misalignment between canaries. */
#ifndef MARGIN_TESTS_GUARD_H
#define MARGIN_TESTS_GUARD_H

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD_BYTES = 256, GUARD_FILL = 0xa5 };

typedef struct guard {
    unsigned char *block;
    size_t block_bytes;
    void *data;
    size_t bytes;
    float *at; /* data, for the usual arrays of float32 */
    size_t count;
} guard;

/* `data` lies `offset` bytes past a 64-byte boundary. */
static inline guard guard_bytes(size_t bytes, size_t offset)
{
    guard g = {.bytes = bytes, .count = bytes / sizeof(float)};
    g.block_bytes = (2 * GUARD_BYTES + offset + bytes + 63) / 64 * 64;
    g.block = aligned_alloc(64, g.block_bytes);
    if (g.block == NULL) {
        fprintf(stderr, "%s: out of memory\n", program_invocation_short_name);
        exit(EXIT_FAILURE);
    }
    memset(g.block, GUARD_FILL, g.block_bytes);
    g.data = g.block + GUARD_BYTES + offset;
    g.at = g.data;
    return g;
}

/* Room for `count` float32, `offset` of them past a 64-byte boundary. */
static inline guard guard_make(size_t count, size_t offset)
{
    return guard_bytes(count * sizeof(float), offset * sizeof(float));
}

static inline int guard_same(const unsigned char *from, const unsigned char *end)
{
    for (; from < end; from++) {
        if (*from != GUARD_FILL) return 0;
    }
    return 1;
}

/* 1 when no byte outside the array has changed. */
static inline int guard_intact(const guard *g)
{
    const unsigned char *const first = g->data;
    return guard_same(g->block, first) && guard_same(first + g->bytes, g->block + g->block_bytes);
}

/* 1 when no byte of the array itself has changed since guard_make either. */
static inline int guard_untouched(const guard *g)
{
    return guard_same(g->block, g->block + g->block_bytes);
}

/* Releases the array and returns whether its canaries were intact. */
static inline int guard_free(guard *g)
{
    const int intact = g->block == NULL || guard_intact(g);
    free(g->block);
    memset(g, 0, sizeof *g);
    return intact;
}

#endif
