/* random.h: repeatable random numbers, splitmix64 (Steele, Lea and Flood, 2014): one word of state,
 * any seed is a good one. Must not know what they are for. */
#ifndef MARGIN_COMMON_RANDOM_H
#define MARGIN_COMMON_RANDOM_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

/* The next word. */
static inline uint64_t random_bits(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* In (0, 1). */
static inline double random_uniform(uint64_t *state)
{
    return ((double)(random_bits(state) >> 11) + 0.5) * 0x1p-53;
}

/* 0 to n - 1. */
static inline size_t random_below(uint64_t *state, size_t n)
{
    return (size_t)(random_bits(state) % n);
}

static inline int random_between(uint64_t *state, int low, int high)
{
    return low + (int)random_below(state, (size_t)(high - low + 1));
}

static inline double random_normal(uint64_t *state)
{
    const double radius = sqrt(-2 * log(random_uniform(state)));

    return radius * cos(6.28318530717958648 * random_uniform(state));
}

#endif
