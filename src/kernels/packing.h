/* packing.h: rows of X and W into panels at length 1, and gradients back through that
 * normalisation. */
#ifndef MARGIN_KERNELS_PACKING_H
#define MARGIN_KERNELS_PACKING_H

#include "tuning.h"

/* A unit vector u[i] = vector[i] power (high + low), rounded as pack_row does. */
typedef struct margin_unit {
    const float *vector;
    float power, high, low;
} margin_unit;

/* Tells whether a vector of this norm needs no power of two: its squares are within float32. */
static inline int margin_is_ordinary(double norm)
{
    return norm > 0x1p-40 && norm < 0x1p+50;
}

/* Returns what brings `vector` to length 1, where `norm` is that of vector times `power`; a norm of
 * 0 brings it to 0. */
static inline margin_unit margin_unit_at(const float *vector, double norm, float power)
{
    const double inverse = norm > 0.0 ? 1.0 / norm : 0.0;
    const float high = (float)inverse;
    const margin_unit unit = {vector, power, high, (float)(inverse - (double)high)};
    return unit;
}

typedef struct margin_packing {
    /* Returns the sum of (x[i] power)^2. */
    float (*sum_squares)(const float *x, size_t n, float power);

    /* Writes one row into `panels`: x[i] power (high + low), rounded once after an exact
     * x[i] power. */
    void (*pack_row)(const float *x, size_t n, float power, float high, float low, float *panels,
                     size_t stride);

    /* Writes row after row of w: its norm to `norm`, and the row at length 1 into `panels`, up to
     * the first row that is not ordinary. Returns how many rows were done. */
    size_t (*pack_units)(const float *w, size_t w_stride, size_t n, size_t count, double *norm,
                         float *panels, size_t stride);

    /* Transposes 16 rows in `panels` into `lanes`. */
    void (*pack_lanes)(const float *panels, size_t stride, size_t count, float *lanes);

    /* Multiplies row i of x by factor[i] into `out`; both are panels with the same stride. */
    void (*scale_panels)(const float *x, const float *factor, size_t rows, size_t count,
                         size_t stride, float *out);

    /* Writes out[n] = by_w w[n] + sum over k < count of factor[k] row_k, where row_k is in panels
     * at rows + k * distance. w NULL leaves the first part out. */
    void (*weighted_sum)(const float *w, float by_w, const float *rows, size_t distance,
                         size_t stride, const float *factor, size_t count, size_t n, float *out);

    /* Writes out[i] = (g[i] - (g . u) u[i]) first second, clamped to +-FLT_MAX; out may be g.
     * unit->low is not needed. unit NULL projects nothing out. */
    void (*finish_row)(const float *g, const margin_unit *unit, size_t n, float first, float second,
                       float *out);

    /* Does row after row what finish_row does with the unit of w and the factor `numerator` / norm,
     * up to the first row whose w or whose factor is not ordinary. Returns how many rows were done.
     * out may be g. */
    size_t (*finish_units)(const float *g, size_t g_stride, const float *w, size_t w_stride,
                           const double *norm, double numerator, size_t n, size_t count, float *out,
                           size_t out_stride);

    /* Adds `line` to out, clamped to +-FLT_MAX. */
    void (*add_row)(const float *line, size_t n, float *out);

    /* Write n elements of 16 bits, at any even address, as float32, which holds them exactly; a NaN
     * stays one. */
    void (*widen_bfloat16)(const void *from, size_t n, float *to);
    void (*widen_float16)(const void *from, size_t n, float *to);
} margin_packing;

/* A table of the functions that the file at hand defines under the kernels' names. */
#define MARGIN_PACKING_HERE                                                                        \
    {                                                                                              \
        .sum_squares = sum_squares, .pack_row = pack_row, .pack_units = pack_units,                \
        .pack_lanes = pack_lanes, .scale_panels = scale_panels, .weighted_sum = weighted_sum,      \
        .finish_row = finish_row, .finish_units = finish_units, .add_row = add_row,                \
        .widen_bfloat16 = widen_bfloat16, .widen_float16 = widen_float16,                          \
    }

extern const margin_packing margin_packing_scalar;

#endif
