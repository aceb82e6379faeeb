/* golden.h: values of psi and of dpsi/dcos computed once from the papers' formulas with another
 * tool, to four decimals: what both the oracle and the library must give. */
#ifndef MARGIN_TESTS_GOLDEN_H
#define MARGIN_TESTS_GOLDEN_H

#include <stddef.h>

#include "margin.h"

enum { GOLDEN_CURVES = 9, GOLDEN_ANGLES = 9, GOLDEN_SLOPE_CURVES = 6, GOLDEN_SLOPE_ANGLES = 7 };

/* The seven curves of ArcFace's figure of target logits, then psi with m = 4 and m = 2. */
static const margin_config golden_curves[GOLDEN_CURVES] = {
    {.size = sizeof(margin_config), .loss = MARGIN_NORMSOFTMAX, .scale = 64, .m1 = 1},
    {.size = sizeof(margin_config),
     .loss = MARGIN_SPHEREFACE,
     .scale = 64,
     .m1 = 4,
     .lambda = 5,
     .past_pi = MARGIN_PAST_PI_MONOTONE},
    {.size = sizeof(margin_config),
     .loss = MARGIN_SPHEREFACE,
     .scale = 64,
     .m1 = 1.35,
     .past_pi = MARGIN_PAST_PI_MONOTONE},
    {.size = sizeof(margin_config), .loss = MARGIN_ARCFACE, .scale = 64, .m1 = 1, .m2 = 0.5},
    {.size = sizeof(margin_config), .loss = MARGIN_COSFACE, .scale = 64, .m1 = 1, .m3 = 0.35},
    {.size = sizeof(margin_config),
     .loss = MARGIN_COMBINED,
     .scale = 64,
     .m1 = 1,
     .m2 = 0.3,
     .m3 = 0.2},
    {.size = sizeof(margin_config),
     .loss = MARGIN_COMBINED,
     .scale = 64,
     .m1 = 0.9,
     .m2 = 0.4,
     .m3 = 0.15},
    {.size = sizeof(margin_config),
     .loss = MARGIN_SPHEREFACE,
     .scale = 64,
     .m1 = 4,
     .past_pi = MARGIN_PAST_PI_MONOTONE},
    {.size = sizeof(margin_config),
     .loss = MARGIN_SPHEREFACE,
     .scale = 64,
     .m1 = 2,
     .past_pi = MARGIN_PAST_PI_MONOTONE},
};

static const struct {
    double degrees, psi[GOLDEN_CURVES];
} golden_logits[GOLDEN_ANGLES] = {
    {20, {.9397, .8120, .8910, .6607, .5897, .5966, .6056, .1736, .7660}},
    {30, {.8660, .6384, .7604, .5203, .5160, .4796, .4939, -.5000, .5000}},
    {40, {.7660, .4818, .5878, .3641, .4160, .3419, .3663, -.9397, .1736}},
    {50, {.6428, .3589, .3827, .1968, .2928, .1877, .2259, -1.0603, -.1736}},
    {60, {.5000, .1667, .1564, .0236, .1500, .0217, .0763, -1.5000, -.5000}},
    {70, {.3420, -.0773, -.0785, -.1504, -.0080, -.1510, -.0788, -2.1736, -.7660}},
    {80, {.1736, -.3163, -.3090, -.3198, -.1764, -.3251, -.2357, -2.7660, -.9397}},
    {90, {.0000, -.5000, -.5225, -.4794, -.3500, -.4955, -.3905, -3.0000, -1.0000}},
    {100, {-.1736, -.6837, -.7071, -.6245, -.5236, -.6569, -.5394, -3.2340, -1.0603}},
};

/* Which of golden_curves the columns of golden_slopes are. */
static const size_t golden_slope_curve[GOLDEN_SLOPE_CURVES] = {3, 2, 5, 6, 7, 1};

static const struct {
    double degrees, slope[GOLDEN_SLOPE_CURVES];
} golden_slopes[GOLDEN_SLOPE_ANGLES] = {
    {1, {28.344, 1.8224, 17.886, 20.825, 15.988, 3.4980}},
    {10, {3.5965, 1.8149, 2.6313, 2.7402, 14.807, 3.3011}},
    {30, {1.7080, 1.7535, 1.4672, 1.3772, 6.9282, 1.9880}},
    {45, {1.3570, 1.6658, 1.2509, 1.1383, 0, .8333}},
    {60, {1.1544, 1.5397, 1.1260, 1.0123, 4.0000, 1.5000}},
    {90, {.8776, 1.1511, .9553, .8736, 0, .8333}},
    {120, {.6008, .4817, .7847, .7853, 4.0000, 1.5000}},
};

#endif
