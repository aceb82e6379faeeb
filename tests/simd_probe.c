/* simd_probe.c: the probe of one vocabulary; compiled once for each, like src/kernels_simd.c, with
 * MARGIN_SIMD_HEADER, MARGIN_SIMD_NAME and the instruction set's flags. */
#include "simd_probe.h"

#include <string.h>

#include MARGIN_SIMD_HEADER

#include "kernels/exp.inc.h"

static void probe_set1(float x, float *out)
{
    v_store(out, v_set1(x));
}

static void probe_copy(const float *in, float *out)
{
    v_store(out, v_load(in));
}

static void probe_stream(const float *in, float *out)
{
    v_prefetch_read(in);
    v_prefetch_write(out);
    v_stream(out, v_load(in));
    v_drain();
}

static void probe_load_part(const float *in, size_t n, float fill, float *out)
{
    v_store(out, v_load_part(in, n, fill));
}

static void probe_load_bfloat16(const uint16_t *in, float *out)
{
    v_store(out, v_load_bfloat16(in));
}

static void probe_load_float16(const uint16_t *in, float *out)
{
    v_store(out, v_load_float16(in));
}

static void probe_store_part(const float *in, size_t n, float *out)
{
    v_store_part(out, v_load(in), n);
}

#define PROBE_2(name)                                                                              \
    static void probe_##name(const float *a, const float *b, float *out)                           \
    {                                                                                              \
        v_store(out, v_##name(v_load(a), v_load(b)));                                              \
    }
PROBE_2(add)
PROBE_2(sub)
PROBE_2(mul)
PROBE_2(max)
PROBE_2(min)

#define PROBE_3(name)                                                                              \
    static void probe_##name(const float *a, const float *b, const float *c, float *out)           \
    {                                                                                              \
        v_store(out, v_##name(v_load(a), v_load(b), v_load(c)));                                   \
    }
PROBE_3(fma)
PROBE_3(fnma)
PROBE_3(zero_below)

static void probe_exp2_eighths(const uint32_t *entry, const float *z, float *out)
{
    v_store(out, v_exp2_eighths(entry, v_load(z)));
}

static float probe_sum(const float *a)
{
    return v_sum(v_load(a));
}

static float probe_max_across(const float *a)
{
    return v_max_across(v_load(a));
}

/* A vd is its 8 lanes in order. */
static inline vd load_8(const double *p)
{
    vd r;
    memcpy(&r, p, sizeof r);
    return r;
}

static inline void store_8(double *p, vd a)
{
    memcpy(p, &a, sizeof a);
}

static void probe_d_set1(double x, double *out)
{
    store_8(out, vd_set1(x));
}

static void probe_d_widen(const float *in, double *out)
{
    store_8(out, vd_widen(in));
}

static void probe_d_narrow(const double *low, const double *high, float *out)
{
    v_store(out, v_narrow(load_8(low), load_8(high)));
}

static void probe_d_add(const double *a, const double *b, double *out)
{
    store_8(out, vd_add(load_8(a), load_8(b)));
}

static void probe_d_mul(const double *a, const double *b, double *out)
{
    store_8(out, vd_mul(load_8(a), load_8(b)));
}

static void probe_d_fma(const double *a, const double *b, const double *c, double *out)
{
    store_8(out, vd_fma(load_8(a), load_8(b), load_8(c)));
}

static double probe_d_sum(const double *a)
{
    return vd_sum(load_8(a));
}

static void probe_exp(const float *t, size_t n, float scale, float *out)
{
    const exp_scale by = exp_scale_of(v_set1(scale));
    for (size_t i = 0; i < n; i += 16)
        v_store(out + i, v_exp(v_load(t + i), &by));
}

#define PROBE_NAME(name) simd_probe_##name
#define PROBE(name)      PROBE_NAME(name)

extern const simd_probe PROBE(MARGIN_SIMD_NAME);
const simd_probe PROBE(MARGIN_SIMD_NAME) = {
    .set1 = probe_set1,
    .copy = probe_copy,
    .load_part = probe_load_part,
    .load_bfloat16 = probe_load_bfloat16,
    .load_float16 = probe_load_float16,
    .store_part = probe_store_part,
    .add = probe_add,
    .sub = probe_sub,
    .mul = probe_mul,
    .max = probe_max,
    .min = probe_min,
    .exp2_eighths = probe_exp2_eighths,
    .zero_below = probe_zero_below,
    .stream = probe_stream,
    .transpose_4 = v_transpose_4,
    .fma = probe_fma,
    .fnma = probe_fnma,
    .sum = probe_sum,
    .max_across = probe_max_across,
    .d_set1 = probe_d_set1,
    .d_widen = probe_d_widen,
    .d_narrow = probe_d_narrow,
    .d_add = probe_d_add,
    .d_mul = probe_d_mul,
    .d_fma = probe_d_fma,
    .d_sum = probe_d_sum,
    .exp = probe_exp,
};
