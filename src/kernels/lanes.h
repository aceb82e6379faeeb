/* lanes.h: the logical vector and the summation chains, which every kernel has in common. They
 * decide bits: another value gives other results, on every instruction set alike. */
#ifndef MARGIN_KERNELS_LANES_H
#define MARGIN_KERNELS_LANES_H

#include <stddef.h>

enum {
    MARGIN_LANES = 16,
    /* Elements of one summation chain of a cosine. A chain's rounding error grows with its length;
     * partial sums of 64 keep a cosine near 1 at D = 512 within 1e-7 (a single chain: 4e-7). */
    MARGIN_DIM_CHUNK = 64,
    /* Rows of one summation chain of dW: a row block is a multiple of it, so that the workspace's
     * size cannot change a bit. */
    MARGIN_ROW_CHUNK = 128
};

#endif
