/* simd_values.h: values at which a vocabulary may differ from its specification, and the comparison
 * of vectors. */
#ifndef MARGIN_TESTS_SIMD_VALUES_H
#define MARGIN_TESTS_SIMD_VALUES_H

#include <float.h>
#include <math.h>

#include "check.h"
#include "noise.h"

/* Values at which operations differ if they differ at all. */
static const float special[] = {
    0.0f,    -0.0f,       0x1p-149f,   -0x1p-149f,     0x1.fffffcp-127f, -0x1.fffffcp-127f,
    FLT_MIN, -FLT_MIN,    0x1.8p-126f, 0x1p-63f,       0x1p-24f,         -0x1p-24f,
    0.5f,    1.0f,        -1.0f,       0x1.000002p+0f, 0x1.fffffep-1f,   1.5f,
    3.0f,    -3.1415927f, 0x1p23f,     0x1.8p23f,      0x1p24f,          -0x1p63f,
    0x1p64f, 0x1p127f,    FLT_MAX,     -FLT_MAX,       INFINITY,         -INFINITY,
    NAN};

enum { SPECIALS = sizeof special / sizeof *special, RANDOM_VECTORS = 200000 };

/* Any bits at all, a special value, or a number of everyday size. */
static inline float any_float(noise *n)
{
    const uint64_t bits = noise_bits(n);
    switch (bits >> 62) {
    case 0:
        return float_of_bits((uint32_t)bits);
    case 1:
        return special[bits % SPECIALS];
    default:
        return (float)(4.0 * noise_normal(n));
    }
}

static inline void fill_any(noise *n, float *x)
{
    for (int i = 0; i < 16; i++)
        x[i] = any_float(n);
}

static inline void same_vectors(const char *what, const float *got, const float *want,
                                const float *a, const float *b, const float *c)
{
    for (int i = 0; i < 16; i++) {
        CHECK(same_float(got[i], want[i]), "%s lane %d of (%a, %a, %a): %a instead of %a", what, i,
              (double)a[i], (double)b[i], (double)c[i], (double)got[i], (double)want[i]);
    }
}

#endif
