/* half_tiles.h: register tiles of products of bfloat16 for 32 registers. GROUP(n, tiles) serves n
 * vectors, its tiles T(R, V) pass all rows, each as often as it fits, in the order of the list. */
#ifndef MARGIN_SIMD_HALF_TILES_H
#define MARGIN_SIMD_HALF_TILES_H

#define V_HALF_TILES(GROUP, T)                                                                     \
    GROUP(2, T(12, 2) T(4, 2) T(1, 2))                                                             \
    GROUP(1, T(12, 1) T(4, 1) T(1, 1))

#endif
