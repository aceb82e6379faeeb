/* kernels_scalar.c: the kernel set in plain loops: the book to read, the baseline of the speed
 * figures, and the fallback. Contracts are in kernels.h; results agree with the vector kernels to
 * rounding, not to the bit. */
#include "kernels.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

static float sum_squares(const float *x, size_t n, float power)
{
    double sum = 0.0; /* one float32 chain would lose three digits at n = 1000 */
    for (size_t i = 0; i < n; i++) {
        const double a = (double)(x[i] * power);
        sum += a * a;
    }
    return sum > (double)FLT_MAX ? INFINITY : (float)sum;
}

static void pack_row(const float *x, size_t n, float power, float high, float low, float *columns,
                     size_t stride)
{
    for (size_t i = 0; i < (n + 15) / 16 * 16; i++) {
        const float a = i < n ? x[i] * power : 0.0f;
        columns[i / 16 * stride + i % 16] = a * high + a * low;
    }
}

static void pack_lanes(const float *columns, size_t stride, size_t panels, float *lanes)
{
    for (size_t i = 0; i < panels * 256; i++)
        lanes[i] = columns[i / 256 * stride + i % 16 * 16 + i / 16 % 16];
}

static void panel_products(const float *lanes, const float *weights, size_t stride, size_t dim,
                           size_t classes, float *tile)
{
    for (size_t j = 0; j < classes; j++) {
        float total[MARGIN_LANES] = {0};
        for (size_t start = 0; start < dim; start += MARGIN_DIM_CHUNK) {
            const size_t end = dim - start < MARGIN_DIM_CHUNK ? dim : start + MARGIN_DIM_CHUNK;
            float sum[MARGIN_LANES] = {0};
            for (size_t d = start; d < end; d++) {
                const float w = weights[d / 16 * stride + j * 16 + d % 16];
                for (size_t i = 0; i < MARGIN_LANES; i++)
                    sum[i] += lanes[d * 16 + i] * w;
            }
            for (size_t i = 0; i < MARGIN_LANES; i++)
                total[i] += sum[i];
        }
        memcpy(tile + j * 16, total, sizeof total);
    }
}

static void tile_products(const float *lanes, size_t lane_stride, size_t panels,
                          const float *weights, size_t stride, size_t dim, size_t classes,
                          float *tile, size_t tile_stride, margin_ahead *ahead)
{
    (void)ahead;
    for (size_t p = 0; p < panels; p++) {
        panel_products(lanes + p * lane_stride, weights, stride, dim, classes,
                       tile + p * tile_stride);
    }
}

static void few_products(const float *x, size_t x_stride, size_t rows, const float *weights,
                         size_t stride, size_t panels, size_t classes, float *tile,
                         margin_ahead *ahead)
{
    (void)ahead;
    for (size_t j = 0; j < classes; j++) {
        for (size_t i = 0; i < MARGIN_LANES; i++) {
            double sum = 0.0; /* as in sum_squares */
            for (size_t d = 0; d < panels * 16 && i < rows; d++) {
                sum += (double)x[d / 16 * x_stride + i * 16 + d % 16] *
                       (double)weights[d / 16 * stride + j * 16 + d % 16];
            }
            tile[j * 16 + i] = (float)sum;
        }
    }
}

static void tile_max(const float *tile, size_t classes, float *max)
{
    for (size_t i = 0; i < MARGIN_LANES; i++) {
        max[i] = tile[i];
        for (size_t j = 1; j < classes; j++)
            max[i] = fmaxf(max[i], tile[j * 16 + i]);
    }
}

/* x <= 0; where v_exp in vmath.inc.h is 0, the result is 0. */
static float exp_nonpositive(float x)
{
    if (x < -0x1.5d2c42p+6f) return 0.0f;
    if (isnan(x)) return x; /* no integer below */
    const float n = rintf(x * 0x1.715476p+0f);
    const float r = (x - n * 0x1.62e4p-1f) - n * 0x1.7f7d1cp-20f;
    float q = 0x1.6a23ccp-10f * r + 0x1.123a2p-7f;
    q = q * r + 0x1.5558f2p-5f;
    q = q * r + 0x1.555492p-3f;
    q = q * r + 0x1.fffffcp-2f;
    const float p = (r * r * q + r) + 1.0f;
    const uint32_t bits = (uint32_t)((int32_t)n + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}

static void tile_exp(float *tile, size_t classes, const float *scale, const float *peak, float *sum)
{
    for (size_t i = 0; i < MARGIN_LANES; i++)
        sum[i] = 0.0f;
    for (size_t j = 0; j < classes; j++) {
        for (size_t i = 0; i < MARGIN_LANES; i++) {
            float *e = tile + j * 16 + i;
            *e = exp_nonpositive(scale[i] * (*e - peak[i]));
            sum[i] += *e;
        }
    }
}

static void embedding_products(const float *tile, size_t rows, const float *weights, size_t stride,
                               size_t classes, size_t panels, const float *keep, float *out)
{
    for (size_t p = 0; p < panels; p++) {
        for (size_t i = 0; i < rows; i++) {
            float *o = out + p * 256 + i * 16;
            float sum[16] = {0};
            for (size_t j = 0; j < classes; j++) {
                const float e = tile[j * 16 + i];
                for (size_t d = 0; d < 16; d++)
                    sum[d] += e * weights[p * stride + j * 16 + d];
            }
            for (size_t d = 0; d < 16; d++)
                o[d] = (keep == NULL ? 0.0f : o[d] * keep[i]) + sum[d];
        }
    }
}

static void weight_products(const float *tiles, size_t tile_stride, const float *x, size_t stride,
                            size_t rows, size_t classes, size_t panels, int add, float *out,
                            size_t out_stride, margin_ahead *ahead)
{
    (void)ahead;
    for (size_t j = 0; j < classes; j++) {
        for (size_t p = 0; p < panels; p++) {
            float *o = out + j * out_stride + p * 16;
            for (size_t d = 0; d < 16 && !add; d++)
                o[d] = 0.0f;
            for (size_t start = 0; start < rows; start += MARGIN_ROW_CHUNK) {
                const size_t end =
                    rows - start < MARGIN_ROW_CHUNK ? rows : start + MARGIN_ROW_CHUNK;
                float sum[16] = {0};
                for (size_t i = start; i < end; i++) {
                    const float e = tiles[i / 16 * tile_stride + j * 16 + i % 16];
                    for (size_t d = 0; d < 16; d++)
                        sum[d] += e * x[p * stride + i * 16 + d];
                }
                for (size_t d = 0; d < 16; d++)
                    o[d] += sum[d];
            }
        }
    }
}

static void scale_columns(const float *x, const float *factor, size_t rows, size_t panels,
                          size_t stride, float *out)
{
    for (size_t p = 0; p < panels; p++) {
        for (size_t i = 0; i < rows * 16; i++) {
            out[p * stride + i] = x[p * stride + i] * factor[i / 16];
        }
    }
}

static void combine(const float *w, float by_w, const float *rows, size_t distance, size_t stride,
                    const float *factor, size_t count, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++) {
        float sum = w == NULL ? 0.0f : w[i] * by_w;
        for (size_t k = 0; k < count; k++) {
            sum += rows[k * distance + i / 16 * stride + i % 16] * factor[k];
        }
        out[i] = sum;
    }
}

static void finish_row(const float *g, const margin_unit *unit, size_t n, float first, float second,
                       float *out)
{
    float dot = 0.0f, times = 0.0f;
    for (size_t i = 0; unit != NULL && i < n; i++)
        dot += g[i] * (unit->vector[i] * unit->power);
    if (unit != NULL) times = dot * unit->high * unit->high;
    for (size_t i = 0; i < n; i++) {
        const float along = unit == NULL ? 0.0f : times * (unit->vector[i] * unit->power);
        out[i] = fmaxf(fminf((g[i] - along) * first * second, FLT_MAX), -FLT_MAX);
    }
}

#include "units.inc.h"

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

static float plane_exp(const float *x, size_t n, float scale, float peak, const float *planes,
                       size_t stride, size_t dim, float *out, float *inner)
{
    double total = 0.0; /* as in sum_squares */
    for (size_t j = 0; j < n; j++) {
        out[j] = exp_nonpositive(scale * (x[j] - peak));
        total += (double)out[j];
    }
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

static float row_exp(const float *x, size_t n, float scale, float peak, float *out,
                     const float *ahead, margin_pending *pending)
{
    double sum = 0.0; /* as in sum_squares */
    (void)ahead, (void)pending;
    for (size_t i = 0; i < n; i++) {
        out[i] = exp_nonpositive(scale * (x[i] - peak));
        sum += (double)out[i];
    }
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

static void drain(void)
{
}

extern const margin_kernels margin_kernels_scalar;
const margin_kernels margin_kernels_scalar = MARGIN_KERNELS_HERE;
