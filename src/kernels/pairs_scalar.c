/* pairs_scalar.c: the kernels of pairs.h in plain loops. Results agree with the vector kernels to
 * rounding, not to the bit. */
#include "kernels/pairs.h"

#include <float.h>
#include <math.h>

static void pair_sums(const float *x, const float *w, size_t n, double *sums)
{
    double xx = 0.0, ww = 0.0, xw = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double a = (double)x[i], b = (double)w[i];
        xx += a * a;
        ww += b * b;
        xw += a * b;
    }
    sums[0] = xx;
    sums[1] = ww;
    sums[2] = xw;
}

/* Returns delta of the elements x and w: see margin_delta. */
static double delta_at(const margin_delta *d, double x, double w)
{
    return (w * d->alpha_high - d->sigma * x) + w * d->alpha_low;
}

static void delta_sums(const margin_delta *d, const float *x, const float *w, size_t n,
                       double *sums)
{
    double dd = 0.0, dx = 0.0, dw = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double a = (double)x[i], b = (double)w[i], delta = delta_at(d, a, b);
        dd += delta * delta;
        dx += delta * a;
        dw += delta * b;
    }
    sums[0] = dd;
    sums[1] = dx;
    sums[2] = dw;
}

/* Rounds x to float32, where a sum beyond its range becomes +-FLT_MAX, not an infinity. */
static float nearest(double x)
{
    return (float)fmin(fmax(x, -(double)FLT_MAX), (double)FLT_MAX);
}

static void add_tangent(const margin_delta *d, const float *x, const float *w, const float *base,
                        double along, double factor, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++) {
        const double across = delta_at(d, (double)x[i], (double)w[i]) - along * (double)base[i];
        out[i] = nearest((double)out[i] + factor * across);
    }
}

static void add_combination(const float *x, double by_x, const float *w, double by_w, size_t n,
                            float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = nearest((double)out[i] + (by_x * (double)x[i] + by_w * (double)w[i]));
}

const margin_pairs margin_pairs_scalar = MARGIN_PAIRS_HERE;
