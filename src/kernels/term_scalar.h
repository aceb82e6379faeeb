/* term_scalar.h: how the scalar kernels turn an inner product into its term. */
#ifndef MARGIN_KERNELS_TERM_SCALAR_H
#define MARGIN_KERNELS_TERM_SCALAR_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "kernels/terms.h"

/* Returns exp(x) for x <= 0, and 0 where v_exp in exp.inc.h returns 0.
 *
 * Largest error: 0.9764 ulp, at x = -0x1.7714d4p+2; bench_stability tries every float.
 * scripts/fit_exp.py fits the coefficients. */
static inline float exp_nonpositive(float x)
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

/* Writes the term of the inner product x under `peak` to *stored, and returns what the row's sum
 * takes of it. Both are the same without a rule: see terms.h. */
static inline float term_of(float x, margin_term_row row, float peak, float *stored)
{
    *stored = exp_nonpositive(row.scale * (margin_ruled(row, x) - peak));
    return *stored;
}

#endif
