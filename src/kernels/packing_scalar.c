/* packing_scalar.c: the kernels of packing.h in plain loops. Results agree with the vector kernels
 * to rounding, not to the bit. */
#include "kernels/packing.h"

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

static void pack_row(const float *x, size_t n, float power, float high, float low, float *panels,
                     size_t stride)
{
    for (size_t i = 0; i < (n + 15) / 16 * 16; i++) {
        const float a = i < n ? x[i] * power : 0.0f;
        panels[i / 16 * stride + i % 16] = a * high + a * low;
    }
}

static void pack_lanes(const float *panels, size_t stride, size_t count, float *lanes)
{
    for (size_t i = 0; i < count * 256; i++)
        lanes[i] = panels[i / 256 * stride + i % 16 * 16 + i / 16 % 16];
}

static void scale_panels(const float *x, const float *factor, size_t rows, size_t count,
                         size_t stride, float *out)
{
    for (size_t p = 0; p < count; p++) {
        for (size_t i = 0; i < rows * 16; i++) {
            out[p * stride + i] = x[p * stride + i] * factor[i / 16];
        }
    }
}

static void weighted_sum(const float *w, float by_w, const float *rows, size_t distance,
                         size_t stride, const float *factor, size_t count, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++) {
        float sum = w == NULL ? 0.0f : w[i] * by_w;
        for (size_t k = 0; k < count; k++) {
            sum += rows[k * distance + i / 16 * stride + i % 16] * factor[k];
        }
        out[i] = sum;
    }
}

/* Returns g . (vector power). */
static float inner(const float *g, const float *vector, size_t n, float power)
{
    float sum = 0.0f;
    for (size_t i = 0; i < n; i++)
        sum += g[i] * (vector[i] * power);
    return sum;
}

/* Writes out = (g - times (vector power)) first second, clamped to +-FLT_MAX. */
static void less_multiple(const float *g, const float *vector, size_t n, float power, float times,
                          float first, float second, float *out)
{
    for (size_t i = 0; i < n; i++) {
        const float across = g[i] - times * (vector[i] * power);
        out[i] = fmaxf(fminf(across * first * second, FLT_MAX), -FLT_MAX);
    }
}

static void add_row(const float *line, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = fmaxf(fminf(out[i] + line[i], FLT_MAX), -FLT_MAX);
}

static float float_of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void widen_bfloat16(const void *from, size_t n, float *to)
{
    const uint16_t *half = from;
    for (size_t i = 0; i < n; i++)
        to[i] = float_of_bits((uint32_t)half[i] << 16);
}

/* Returns a float16 as float32: its exponent is moved from a bias of 15 to one of 127. */
static float float_of_float16(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000u) << 16, exponent = half >> 10 & 31u;
    const uint32_t rest = (uint32_t)(half & 0x7fffu) << 13;
    if (exponent == 31) return float_of_bits(sign | rest | 0x7f800000u);
    if (exponent > 0) return float_of_bits(sign | (rest + (112u << 23)));
    const float size = (float)(half & 0x3ffu) * 0x1p-24f;
    return sign == 0 ? size : -size;
}

static void widen_float16(const void *from, size_t n, float *to)
{
    const uint16_t *half = from;
    for (size_t i = 0; i < n; i++)
        to[i] = float_of_float16(half[i]);
}

#include "kernels/units.inc.h"

const margin_packing margin_packing_scalar = MARGIN_PACKING_HERE;
