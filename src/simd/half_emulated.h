/* half_emulated.h: the specification, in plain C, of pairs of bfloat16 for products that round
 * their factors to that. Built for tests only; half_*.h define the same beside a vocabulary.
 * Results of vh_dot agree to rounding, not to the bit: instruction sets add in different ways.
 */
#ifndef MARGIN_SIMD_HALF_H
#define MARGIN_SIMD_HALF_H

#include "simd/half_tiles.h"
#include "simd/simd_emulated.h"

/* 16 pairs of bfloat16: the first of each in the lower half of its 32 bits. */
typedef struct vh {
    uint32_t pair[16];
} vh;

/* Returns one pair in all places. */
static inline vh vh_set1(uint32_t pair)
{
    vh r;
    for (int i = 0; i < 16; i++)
        r.pair[i] = pair;
    return r;
}

/* vh_load reads 16 pairs at p, at any alignment; vh_store writes them. */
static inline vh vh_load(const uint32_t *p)
{
    vh r;
    memcpy(r.pair, p, sizeof r.pair);
    return r;
}

static inline void vh_store(uint32_t *p, vh a)
{
    memcpy(p, a.pair, sizeof a.pair);
}

/* Returns the nearest bfloat16, of two the even one. */
static inline uint32_t half_nearest(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
}

static inline float half_wide(uint32_t half)
{
    const uint32_t bits = half << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Returns neighbours as pairs, rounded to nearest: lanes 0 and 1 of `first`, lanes 2 and 3, and so
 * on, then those of `second`. */
static inline vh vh_in_order(vf first, vf second)
{
    vh r;
    for (int i = 0; i < 8; i++) {
        r.pair[i] = half_nearest(first.lane[2 * i]) | half_nearest(first.lane[2 * i + 1]) << 16;
        r.pair[i + 8] = half_nearest(second.lane[2 * i]) | half_nearest(second.lane[2 * i + 1])
                                                               << 16;
    }
    return r;
}

/* Returns lane i of `low` and lane i of `high` as pair i, rounded to nearest. */
static inline vh vh_side_by_side(vf low, vf high)
{
    vh r;
    for (int i = 0; i < 16; i++)
        r.pair[i] = half_nearest(low.lane[i]) | half_nearest(high.lane[i]) << 16;
    return r;
}

/* Returns sum + a b of both elements of each pair. Subnormal numbers may count as 0. */
static inline vf vh_dot(vf sum, vh a, vh b)
{
    for (int i = 0; i < 16; i++) {
        sum.lane[i] += half_wide(a.pair[i] >> 16) * half_wide(b.pair[i] >> 16);
        sum.lane[i] += half_wide(a.pair[i] & 0xffffu) * half_wide(b.pair[i] & 0xffffu);
    }
    return sum;
}

#endif
