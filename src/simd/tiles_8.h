/* tiles_8.h: the register tiles of a vocabulary whose registers hold 8 vectors of 16 lanes (16
 * registers of 8 lanes, 32 of 4). Its header includes this file; a header whose registers hold
 * another number has lists of its own. What the lists mean is in simd_emulated.h. */
#ifndef MARGIN_SIMD_TILES_8_H
#define MARGIN_SIMD_TILES_8_H

#define V_FEW_STEPS 2

/* 6 accumulators, a vector and a broadcast: 8. */
#define V_CLASS_TILES(GROUP, T) GROUP(1, T(6, 1) T(2, 1) T(1, 1))

#define V_CLASS_LINES(GROUP, T) GROUP(1, T(1, 4) T(1, 1))

#define V_LANE_TILES(GROUP, T) GROUP(1, 0, T(0, 6, 1) T(6, 5, 1) T(11, 5, 1))

#define V_FEW_LANES(GROUP, T)                                                                      \
    GROUP(1, T(1, 4) T(1, 1))                                                                      \
    GROUP(2, T(2, 2) T(2, 1))                                                                      \
    GROUP(4, T(4, 1))

#define V_DOT_TILES(GROUP, T)                                                                      \
    GROUP(2, T(2, 2) T(2, 1))                                                                      \
    GROUP(1, T(1, 4) T(1, 1))

#endif
