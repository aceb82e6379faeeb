/* noise.h: inputs that are the same on every machine: integer arithmetic and exact sums only. */
#ifndef MARGIN_TESTS_NOISE_H
#define MARGIN_TESTS_NOISE_H

#include <stddef.h>
#include <stdint.h>

typedef struct noise {
    uint64_t state;
} noise;

/* splitmix64 (Steele, Lea, Flood, 2014). */
static inline uint64_t noise_bits(noise *n)
{
    uint64_t z = n->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* In [0, 1). */
static inline double noise_uniform(noise *n)
{
    return (double)(noise_bits(n) >> 11) * 0x1p-53;
}

static inline double noise_between(noise *n, double low, double high)
{
    return low + (high - low) * noise_uniform(n);
}

/* In [0, count). */
static inline size_t noise_index(noise *n, size_t count)
{
    return (size_t)(noise_bits(n) % count);
}

/* Nearly normal, mean 0, variance 1: twelve uniforms of 16 bits. */
static inline double noise_normal(noise *n)
{
    uint64_t sum = 0;
    for (int word = 0; word < 3; word++) {
        uint64_t bits = noise_bits(n);
        for (int part = 0; part < 4; part++, bits >>= 16)
            sum += bits & 0xffff;
    }
    return ((double)sum + 6.0) * 0x1p-16 - 6.0;
}

static inline void noise_fill(noise *n, float *x, size_t count, double spread)
{
    for (size_t i = 0; i < count; i++)
        x[i] = (float)(spread * noise_normal(n));
}

#endif
