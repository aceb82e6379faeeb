/* bytes.h: choices made by the bytes of a fuzzer's input: each takes what it needs from the front,
 * and zeros when none is left, so that every input is a case. */
#ifndef MARGIN_TESTS_FUZZ_BYTES_H
#define MARGIN_TESTS_FUZZ_BYTES_H

#include <stddef.h>
#include <stdint.h>

typedef struct fuzz_bytes {
    const uint8_t *at;
    size_t left;
} fuzz_bytes;

/* Returns the next byte. */
static inline unsigned bytes_next(fuzz_bytes *b)
{
    if (b->left == 0) return 0;
    b->left--;
    return *b->at++;
}

/* Returns a number below `count`, which is at most 65,536. */
static inline size_t bytes_below(fuzz_bytes *b, size_t count)
{
    const unsigned low = bytes_next(b);
    return (count > 256 ? low | bytes_next(b) << 8 : low) % count;
}

/* Returns a number from 0 to 1, both included. */
static inline double bytes_part(fuzz_bytes *b)
{
    return bytes_next(b) / 255.0;
}

#endif
