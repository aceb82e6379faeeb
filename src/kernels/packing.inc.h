/* packing.inc.h: the kernels of packing.h, written once against the vocabulary of src/simd. They
 * know no product and no term. */
#ifndef MARGIN_KERNELS_PACKING_INC_H
#define MARGIN_KERNELS_PACKING_INC_H

#include <float.h>
#include <math.h>
#include <string.h>

#include "kernels/part.inc.h"

/* Four chains, since one would wait for each multiply-add. */
static float sum_squares(const float *x, size_t n, float power)
{
    const vf p = v_set1(power);
    vf sum0 = v_set1(0.0f), sum1 = sum0, sum2 = sum0, sum3 = sum0;
    for (; n >= 64; n -= 64, x += 64) {
        const vf a = v_mul(v_load(x), p), b = v_mul(v_load(x + 16), p);
        const vf c = v_mul(v_load(x + 32), p), d = v_mul(v_load(x + 48), p);
        sum0 = v_fma(a, a, sum0);
        sum1 = v_fma(b, b, sum1);
        sum2 = v_fma(c, c, sum2);
        sum3 = v_fma(d, d, sum3);
    }
    for (; n > 0; x += 16) {
        const size_t here = n < 16 ? n : 16;
        const vf a = v_mul(load_up_to(x, here), p);
        sum0 = v_fma(a, a, sum0);
        n -= here;
    }
    return v_sum(v_add(v_add(sum0, sum1), v_add(sum2, sum3)));
}

static void pack_row(const float *x, size_t n, float power, float high, float low, float *panels,
                     size_t stride)
{
    const vf p = v_set1(power), h = v_set1(high), l = v_set1(low);
    for (; n > 0; x += 16, panels += stride) {
        const size_t here = n < 16 ? n : 16;
        const vf a = v_mul(here == 16 ? v_load(x) : v_load_part(x, here, 0.0f), p);
        v_store(panels, v_fma(a, h, v_mul(a, l)));
        n -= here;
    }
}

static void pack_lanes(const float *panels, size_t stride, size_t count, float *lanes)
{
    for (; count > 0; count--, panels += stride, lanes += 256) {
        for (size_t row = 0; row < 16; row += 4) {
            for (size_t d = 0; d < 16; d += 4)
                v_transpose_4(panels + row * 16 + d, lanes + d * 16 + row);
        }
    }
}

/* ---- gradients of rows ---- */

static void scale_panels(const float *x, const float *factor, size_t rows, size_t count,
                         size_t stride, float *out)
{
    for (size_t p = 0; p < count; p++) {
        for (size_t i = 0; i < rows; i++) {
            const size_t at = p * stride + i * 16;
            v_store(out + at, v_mul(v_load(x + at), v_set1(factor[i])));
        }
    }
}

static void weighted_sum(const float *w, float by_w, const float *rows, size_t distance,
                         size_t stride, const float *factor, size_t count, size_t n, float *out)
{
    const vf by = v_set1(by_w);
    for (size_t p = 0; p * 16 < n; p++) {
        vf sum = v_set1(0.0f);
        if (w != NULL) sum = v_mul(load_up_to(w + p * 16, n - p * 16), by);
        for (size_t k = 0; k < count; k++) {
            sum = v_fma(v_load(rows + k * distance + p * stride), v_set1(factor[k]), sum);
        }
        store_up_to(out + p * 16, sum, n - p * 16);
    }
}

/* Returns g . (vector power). */
static inline float inner(const float *g, const float *vector, size_t n, float power)
{
    const vf p = v_set1(power);
    vf even = v_set1(0.0f), odd = v_set1(0.0f);
    for (; n >= 32; n -= 32, g += 32, vector += 32) {
        even = v_fma(v_load(g), v_mul(v_load(vector), p), even);
        odd = v_fma(v_load(g + 16), v_mul(v_load(vector + 16), p), odd);
    }
    for (; n > 0; g += 16, vector += 16) {
        const size_t here = n < 16 ? n : 16;
        even = v_fma(load_up_to(g, here), v_mul(load_up_to(vector, here), p), even);
        n -= here;
    }
    return v_sum(v_add(even, odd));
}

/* Writes out = (g - times (vector power)) first second, clamped to +-FLT_MAX. */
static inline void less_multiple(const float *g, const float *vector, size_t n, float power,
                                 float times, float first, float second, float *out)
{
    const vf p = v_set1(power), t = v_set1(times), f = v_set1(first), s = v_set1(second);
    const vf most = v_set1(FLT_MAX), least = v_set1(-FLT_MAX);
    for (; n >= 16; n -= 16, vector += 16, g += 16, out += 16) {
        const vf across = v_fnma(t, v_mul(v_load(vector), p), v_load(g));
        v_store(out, v_max(v_min(v_mul(v_mul(across, f), s), most), least));
    }
    if (n > 0) {
        const vf along = v_mul(v_load_part(vector, n, 0.0f), p);
        const vf across = v_fnma(t, along, v_load_part(g, n, 0.0f));
        v_store_part(out, v_max(v_min(v_mul(v_mul(across, f), s), most), least), n);
    }
}

static void add_row(const float *line, size_t n, float *out)
{
    const vf most = v_set1(FLT_MAX), least = v_set1(-FLT_MAX);
    for (; n >= 16; n -= 16, line += 16, out += 16)
        v_store(out, v_max(v_min(v_add(v_load(out), v_load(line)), most), least));
    if (n > 0) {
        const vf sum = v_add(v_load_part(out, n, 0.0f), v_load_part(line, n, 0.0f));
        v_store_part(out, v_max(v_min(sum, most), least), n);
    }
}

/* ---- rows of 16-bit elements ---- */

/* Writes the 16 elements at `from`. */
typedef void widen_16(const uint16_t *from, float *to);

static inline void widen_16_bfloat16(const uint16_t *from, float *to)
{
    v_store(to, v_load_bfloat16(from));
}

static inline void widen_16_float16(const uint16_t *from, float *to)
{
    v_store(to, v_load_float16(from));
}

/* Writes n elements, the last of them by way of whole vectors. */
static inline void widen(const void *from, size_t n, float *to, widen_16 *by_16)
{
    const uint16_t *half = from;
    for (; n >= 16; n -= 16, half += 16, to += 16)
        by_16(half, to);
    if (n == 0) return;
    uint16_t rest[16] = {0};
    float wide[16];
    memcpy(rest, half, n * sizeof *rest);
    by_16(rest, wide);
    memcpy(to, wide, n * sizeof *wide);
}

static void widen_bfloat16(const void *from, size_t n, float *to)
{
    widen(from, n, to, widen_16_bfloat16);
}

static void widen_float16(const void *from, size_t n, float *to)
{
    widen(from, n, to, widen_16_float16);
}

#include "kernels/units.inc.h"

#endif
