/* part.inc.h: a vector at the end of an array, where fewer than 16 elements may be left. It knows
 * nothing of what they are. */
#ifndef MARGIN_KERNELS_PART_INC_H
#define MARGIN_KERNELS_PART_INC_H

#include <stddef.h>

/* Loads the n elements at p, of which 16 at most, and zeros behind them. */
static inline vf load_up_to(const float *p, size_t n)
{
    return n >= 16 ? v_load(p) : v_load_part(p, n, 0.0f);
}

/* Stores the first n elements of `a`, 16 at most, to p. */
static inline void store_up_to(float *p, vf a, size_t n)
{
    if (n >= 16) {
        v_store(p, a);
    } else {
        v_store_part(p, a, n);
    }
}

#endif
