/* pairs.h: sums and updates in double over the elements of a target pair, an embedding x and the
 * class weight w of its label; target.c turns them into angles and tangents. */
#ifndef MARGIN_KERNELS_PAIRS_H
#define MARGIN_KERNELS_PAIRS_H

#include "tuning.h"

/* delta[i] = (w[i] alpha_high - sigma x[i]) + w[i] alpha_low, whose products with float32 are exact
 * but for the last: see target.h. */
typedef struct margin_delta {
    double alpha_high, alpha_low, sigma;
} margin_delta;

typedef struct margin_pairs {
    /* Writes the sums of x x, w w and x w to sums[3]. */
    void (*pair_sums)(const float *x, const float *w, size_t n, double *sums);

    /* Writes the sums of delta delta, delta x and delta w to sums[3]. */
    void (*delta_sums)(const margin_delta *delta, const float *x, const float *w, size_t n,
                       double *sums);

    /* Adds factor (delta - along base) to out, clamped to +-FLT_MAX; base is x or w. */
    void (*add_tangent)(const margin_delta *delta, const float *x, const float *w,
                        const float *base, double along, double factor, size_t n, float *out);

    /* Adds by_x x + by_w w to out, clamped to +-FLT_MAX. */
    void (*add_combination)(const float *x, double by_x, const float *w, double by_w, size_t n,
                            float *out);
} margin_pairs;

/* A table of the functions that the file at hand defines under the kernels' names. */
#define MARGIN_PAIRS_HERE                                                                          \
    {                                                                                              \
        .pair_sums = pair_sums, .delta_sums = delta_sums, .add_tangent = add_tangent,              \
        .add_combination = add_combination,                                                        \
    }

extern const margin_pairs margin_pairs_scalar;

#endif
