/* philox.h: the counter-based random generator Philox4x32-10 and streams of numbers drawn from it.
 * A stream is named by (seed, purpose, index), so a sample's numbers depend on its name alone: not
 * on who draws first, nor on how many threads draw. Must not know what the numbers are used for.
 * Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011. */
#ifndef SEPARATION_PHILOX_H
#define SEPARATION_PHILOX_H

#include <stddef.h>
#include <stdint.h>

/* Ten rounds on a 128-bit counter under a 64-bit key. */
void philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

typedef struct philox_stream {
    uint32_t key[2];
    uint32_t counter[4]; /* block number, index (low, high), purpose */
    uint32_t block[4];
    unsigned taken; /* words of the block already handed out */
    double spare;   /* the second normal of a pair */
    int has_spare;
} philox_stream;

/* A stream of 2^34 words; different names give disjoint streams. */
void philox_start(philox_stream *stream, uint64_t seed, uint32_t purpose, uint64_t index);

uint32_t philox_word(philox_stream *stream);
/* Uniform on the open interval (0, 1), 52 random bits. */
double philox_uniform(philox_stream *stream);
/* Uniform on 0 .. bound - 1 without bias; bound >= 1. */
size_t philox_below(philox_stream *stream, size_t bound);
/* Standard normal (Box and Muller). */
double philox_normal(philox_stream *stream);

#endif
