/* planes_scalar.c: the kernels of planes.h in plain loops. Results agree with the vector kernels to
 * rounding, not to the bit. */
#include "kernels/planes.h"

#include <float.h>
#include <math.h>

#include "kernels/term_scalar.h"

static float plane_products(const float *planes, size_t stride, size_t dim, const float *x,
                            size_t n, float *out)
{
    float max = -FLT_MAX;
    for (size_t j = 0; j < n; j++) {
        out[j] = 0.0f;
        for (size_t d = 0; d < dim; d++)
            out[j] += planes[d * stride + j] * x[d];
        max = fmaxf(max, out[j]);
    }
    return max;
}

static float plane_exp(const float *x, size_t n, margin_term_row row, float peak,
                       const float *planes, size_t stride, size_t dim, float *out, float *inner)
{
    double total = 0.0; /* one float32 chain would lose digits */
    for (size_t j = 0; j < n; j++)
        total += (double)term_of(x[j], row, peak, &out[j]);
    for (size_t d = 0; d < dim; d++) {
        double sum = 0.0;
        for (size_t j = 0; j < n; j++)
            sum += (double)(out[j] * planes[d * stride + j]);
        inner[d] = (float)sum;
    }
    return (float)total;
}

static void plane_weights(const float *e, size_t e_stride, size_t rows, const float *x, size_t dim,
                          size_t n, float *out, size_t stride)
{
    for (size_t d = 0; d < dim; d++) {
        for (size_t j = 0; j < n; j++) {
            float *o = out + d * stride + j;
            *o = 0.0f;
            for (size_t r = 0; r < rows; r++)
                *o += e[r * e_stride + j] * x[r * MARGIN_LANES + d];
        }
    }
}

static void plane_total(const float *parts, size_t distance, size_t count, size_t n, int add,
                        float *sum)
{
    for (size_t j = 0; j < n; j++) {
        float total = add ? sum[j] : 0.0f;
        for (size_t k = 0; k < count; k++)
            total += parts[k * distance + j];
        sum[j] = total;
    }
}

static void plane_finish(float *g, const float *planes, size_t stride, size_t dim, size_t n,
                         const float *factor)
{
    for (size_t j = 0; j < n; j++) {
        float along = 0.0f;
        for (size_t d = 0; planes != NULL && d < dim; d++)
            along += g[d * stride + j] * planes[d * stride + j];
        for (size_t d = 0; d < dim; d++) {
            float *o = g + d * stride + j;
            const float across = planes == NULL ? *o : *o - along * planes[d * stride + j];
            *o = fmaxf(fminf(across * factor[j], FLT_MAX), -FLT_MAX);
        }
    }
}

const margin_planes margin_planes_scalar = MARGIN_PLANES_HERE;
