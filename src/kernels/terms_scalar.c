/* terms_scalar.c: the kernels of terms.h in plain loops. Results agree with the vector kernels to
 * rounding, not to the bit. */
#include "kernels/terms.h"

#include <math.h>

#include "kernels/term_scalar.h"

static void tile_max(const float *tile, size_t classes, float *max)
{
    for (size_t i = 0; i < MARGIN_LANES; i++) {
        max[i] = tile[i];
        for (size_t j = 1; j < classes; j++)
            max[i] = fmaxf(max[i], tile[j * 16 + i]);
    }
}

static void tile_exp(float *tile, size_t classes, const margin_term_rows *rows, const float *peak,
                     float *sum)
{
    for (size_t i = 0; i < MARGIN_LANES; i++)
        sum[i] = 0.0f;
    for (size_t j = 0; j < classes; j++) {
        for (size_t i = 0; i < MARGIN_LANES; i++) {
            float *e = tile + j * 16 + i;
            sum[i] += term_of(*e, margin_get_term_row(rows, i), peak[i], e);
        }
    }
}

static void tile_scale(float *tile, size_t classes, const float *factor)
{
    for (size_t i = 0; i < classes * 16; i++)
        tile[i] *= factor[i % 16];
}

static int row_finite(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i])) return 0;
    }
    return 1;
}

static int row_max(const float *x, size_t n, float *max)
{
    for (size_t i = 0; i < n; i++)
        *max = fmaxf(*max, x[i]);
    return row_finite(x, n);
}

static float row_exp(const float *x, size_t n, margin_term_row row, float peak, float *out,
                     const float *ahead, margin_pending *pending)
{
    double sum = 0.0; /* one float32 chain would lose digits */
    (void)ahead, (void)pending;
    for (size_t i = 0; i < n; i++)
        sum += (double)term_of(x[i], row, peak, &out[i]);
    return (float)sum;
}

static void row_store(margin_pending *p)
{
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < p->region[k].left; i++)
            p->region[k].to[i] = p->region[k].from[i] * p->first * p->second;
        p->region[k].left = 0;
    }
}

static void prefetch(const float *x)
{
    (void)x;
}

static void drain(void)
{
}

const margin_terms margin_terms_scalar = MARGIN_TERMS_HERE;
